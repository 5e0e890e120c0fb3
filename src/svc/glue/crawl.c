/* svc/glue/crawl.c -- see crawl.h: a crawl's targets one after the other, its log, its end. */
#include "svc/glue/crawl.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "svc/glue/crawl_private.h"

#include <stdio.h>
#include <sys/stat.h>

enum { MATCH_STEPS = 100000, SUMMARY_BYTES = 255 };

void crawl_log(Crawl *c, const char *level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(c->log, "[%s] %s : ", time_iso8601(c->arena, clock_ms()), level);
    vfprintf(c->log, format, args);
    fputc('\n', c->log);
    fflush(c->log);
    va_end(args);
}

/* --- exclusions: globs over the path below the target; '*' stays within a folder, "**" does not --- */

static bool one_of(const char **pattern, char c)
{
    const char *p = *pattern + 1;
    bool negated = *p == '!' || *p == '^', found = false;
    p += negated;
    for (; *p && *p != ']'; p++) {
        if (p[1] == '-' && p[2] && p[2] != ']') {
            found = found || (c >= p[0] && c <= p[2]);
            p += 2;
        } else {
            found = found || c == *p;
        }
    }
    *pattern = *p ? p + 1 : p;
    return found != negated;
}

static bool excluded_by(const char *pattern, const char *text, int *steps)
{
    for (; *pattern; ) {
        if (--*steps < 0)
            return false;
        if (*pattern == '*') {
            bool deep = pattern[1] == '*';
            const char *rest = pattern + 1 + deep;
            for (const char *t = text;; t++) {
                if (excluded_by(rest, t, steps))
                    return true;
                if (!*t || (!deep && *t == '/'))
                    return false;
            }
        }
        if (*pattern == '{') {
            const char *end = strchr(pattern, '}');
            arena_auto *a = arena_new();
            for (const char *at = pattern; end && at < end;) {
                size_t n = strcspn(at + 1, ",}");
                if (excluded_by(arena_printf(a, "%.*s%s", (int)n, at + 1, end + 1), text, steps))
                    return true;
                at += n + 1;
            }
            return false;
        }
        if (!*text)
            return false;
        if (*pattern == '[') {
            if (!one_of(&pattern, *text++))
                return false;
            continue;
        }
        if (*pattern == '\\' && pattern[1])
            pattern++;
        else if (*pattern == '?' && *text != '/') {
            pattern++, text++;
            continue;
        }
        if (*pattern++ != *text++)
            return false;
    }
    return !*text;
}

static bool excluded(const Val *exclusions, const char *path)
{
    for (size_t i = 0; i < val_len(exclusions); i++) {
        int steps = MATCH_STEPS;
        if (excluded_by(val_at(exclusions, i)->s, path, &steps))
            return true;
    }
    return false;
}

/* --- targets --- */

/* "bucket/folder" is what Glue takes too. */
static const char *as_uri(Arena *a, const char *path)
{
    return strstr(path, "://") ? path : arena_printf(a, "s3://%s", path);
}

static Status list_target(Crawl *c, const char *path, const Val *exclusions, const char **ret_root, LakeFileList *ret_files, Error *err)
{
    Arena *a = c->arena;
    LakeFileList all, files = { 0 };
    const char *uri = as_uri(a, path), *root = str_ends(uri, "/") ? uri : arena_printf(a, "%s/", uri);
    if (!lake_uri_is_s3(uri))
        return FAIL(err, ST_INVALID, "the target %s is not in S3", path);
    Error why = ERROR_INIT;
    Status status = lake_list(c->lake, a, uri, &all, &why);
    if (status == ST_NOT_FOUND && str_eq(why.code, "PATH_NOT_FOUND")) {
        all = (LakeFileList){ 0 };
        crawl_log(c, "WARN", "%s holds no files", uri);
    } else if (status != ST_OK) {
        *err = why;
        return status;
    }
    bool object = all.len == 1 && str_eq(all.at[0].uri, uri);
    for (size_t i = 0; i < all.len; i++)
        if (object || !excluded(exclusions, all.at[i].uri + strlen(root)))
            vec_push(a, &files, all.at[i]);
    *ret_root = object ? uri : root;
    *ret_files = files;
    return ST_OK;
}

static Status crawl_s3(Crawl *c, const Val *target, StrList *roots, StrList *found, Error *err)
{
    const char *root = NULL, *name = NULL;
    LakeFileList files;
    CrawlTableList tables;
    TRY(list_target(c, val_str(target, "Path"), val_get(target, "Exclusions"), &root, &files, err));
    crawl_log(c, "INFO", "Crawling %s: %zu files", root, files.len);
    crawl_group(c, root, &files, val_int(target, "SampleSize", 0), &tables);
    for (size_t i = 0; i < tables.len; i++) {
        TRY(crawl_apply(c, &tables.at[i], NULL, NULL, &name, err));
        vec_push(c->arena, found, name);
    }
    vec_push(c->arena, roots, root);
    return ST_OK;
}

/* An existing table is renewed from its own location. */
static Status crawl_catalog_table(Crawl *c, const char *database, const char *table, Error *err)
{
    metastore_auto *m = NULL;
    MetaTable t;
    LakeFileList files;
    CrawlTableList tables;
    const char *root = NULL, *name = NULL;
    TRY(metastore_open_store(c->store, &m, err));
    TRY(metastore_table(m, c->arena, database, table, &t, err));
    const char *location = val_str(val_get(t.input, "StorageDescriptor"), "Location");
    if (!location)
        return FAIL(err, ST_INVALID, "table %s.%s has no location", database, table);
    TRY(list_target(c, location, NULL, &root, &files, err));
    crawl_group(c, root, &files, 0, &tables);
    if (tables.len != 1) {
        crawl_log(c, "ERROR", "%s holds %zu tables, not the one that %s.%s is: left as it is", root, tables.len, database, table);
        return ST_OK;
    }
    return crawl_apply(c, &tables.at[0], t.database, t.name, &name, err);
}

static Status crawl_targets(Crawl *c, Error *err)
{
    const Val *targets = val_get(c->crawler, "Targets"), *s3 = val_get(targets, "S3Targets"), *catalog = val_get(targets, "CatalogTargets");
    StrList roots = { 0 }, found = { 0 };
    metastore_auto *m = NULL;
    MetaDatabase database;
    TRY(metastore_open_store(c->store, &m, err));
    if (val_len(s3) && !c->database)
        return FAIL(err, ST_INVALID, "The crawler has no DatabaseName for its S3 targets");
    if (val_len(s3) && metastore_database(m, c->arena, c->database, &database, NULL) != ST_OK)
        return FAIL(err, ST_NOT_FOUND, "Database %s not found", c->database);
    for (size_t i = 0; i < val_len(s3); i++)
        TRY(crawl_s3(c, val_at(s3, i), &roots, &found, err));
    for (size_t i = 0; i < val_len(catalog); i++) {
        const Val *tables = val_get(val_at(catalog, i), "Tables");
        for (size_t j = 0; j < val_len(tables); j++)
            TRY(crawl_catalog_table(c, val_str(val_at(catalog, i), "DatabaseName"), val_at(tables, j)->s, err));
    }
    return roots.len ? crawl_gone(c, &roots, &found, err) : ST_OK;
}

/* --- the process --- */

static Status load(Crawl *c, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(c->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT r.name, r.body FROM glue_run u JOIN glue_record r ON r.kind='crawler' AND r.name=u.owner WHERE u.id=?",
                 "s", c->id));
    if (!row_next(row))
        return FAIL(err, ST_NOT_FOUND, "there is no crawl %s", c->id);
    c->name = row_str_in(row, c->arena, 0);
    c->crawler = glue_json(c->arena, row_str(row, 1));
    c->database = val_str(c->crawler, "DatabaseName");
    return ST_OK;
}

static Status record_end(Crawl *c, Status status, const Error *why, Error *err)
{
    Arena *a = c->arena;
    Val *body = val_map(a);
    val_set_int(a, body, "TablesCreated", c->created);
    val_set_int(a, body, "TablesUpdated", c->updated);
    val_set_int(a, body, "TablesDeleted", c->deleted);
    val_set_str(a, body, "Summary", arena_printf(a, "{\"TABLE\":{\"ADD\":%lld,\"UPDATE\":%lld,\"DELETE\":%lld},\"PARTITION\":{\"ADD\":%lld}}",
                                                 (long long)c->created, (long long)c->updated, (long long)c->deleted, (long long)c->partitions_added));
    if (status != ST_OK)
        val_set_str(a, body, "ErrorMessage", why->message);
    db_auto *db = NULL;
    TRY(store_borrow(c->store, &db, err));
    return db_exec(db, err, "UPDATE glue_run SET state=?, body=?, ended_ms=? WHERE id=? AND ended_ms IS NULL AND state<>'STOPPING'", "ssis",
                   status == ST_OK ? "COMPLETED" : "FAILED", val_to_json(a, body), clock_ms(), c->id);
}

static Status open_log(Crawl *c, Error *err)
{
    char *folder = arena_printf(c->arena, "%s/logs/aws-glue/crawlers", c->home);
    TRY(dir_make(folder, 0700, err));
    c->log = fopen(path_join(c->arena, folder, c->id), "ae");
    return c->log ? ST_OK : FAIL(err, ST_IO, "the log of crawl %s can not be written", c->id);
}

static Status crawl(Crawl *c, Error *err)
{
    store_auto *store = NULL;
    lake_auto *lake = NULL;
    Error why = ERROR_INIT;
    TRY(store_open(c->home, &store, err));
    c->store = store;
    TRY(load(c, err));
    TRY(open_log(c, err));
    TRY(lake_open_home(c->home, &(LakeOptions){ .run = c->id }, &lake, err));
    c->lake = lake;
    crawl_log(c, "BENCHMARK", "Running Start Crawl for Crawler %s", c->name);
    Status status = crawl_targets(c, &why);
    if (status != ST_OK)
        crawl_log(c, "ERROR", "%s", why.message);
    crawl_log(c, "BENCHMARK", "Crawler has finished running: %lld tables created, %lld updated, %lld deleted, %lld partitions added",
              (long long)c->created, (long long)c->updated, (long long)c->deleted, (long long)c->partitions_added);
    engine_close(c->engine);
    return record_end(c, status, &why, err);
}

int glue_crawl_main(int argc, char **argv)
{
    if (argc != 5 || !str_eq(argv[1], "--home") || !str_eq(argv[3], "--crawl")) {
        fputs("usage: weir glue-crawl --home DIR --crawl ID\n", stderr);
        return 2;
    }
    arena_auto *a = arena_new();
    Crawl c = { .arena = a, .home = argv[2], .id = argv[4] };
    Error err = ERROR_INIT;
    umask(077);
    Status status = crawl(&c, &err);
    file_closep(&c.log);
    if (status != ST_OK)
        fprintf(stderr, "weir glue-crawl: %s\n", err.message);
    return status == ST_OK ? 0 : 1;
}
