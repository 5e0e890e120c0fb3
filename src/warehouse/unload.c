/* warehouse/unload.c -- UNLOAD: a query's rows to files of a stage that one commit publishes. The rows are kept in a temporary
 * table first, so that every partition sees the same ones. */
#include "base/file.h"
#include "lake/lake.h"
#include "warehouse/process.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

enum { PARTITIONS_MAX = 10000, MIB = 1024 * 1024 };
static const int64_t FILE_BYTES = (int64_t)6200 * MIB; /* MAXFILESIZE's default: 6.2 GB */

typedef struct Unload {
    Execution *x;
    const DialectCopy *words;
    Lake *lake;
    LakeStage *stage;
    LakeOutputList outputs;
    bool parquet, csv, json, gzip, header, escape, quotes, parallel;
    char delimiter, quote;
    const char *null_as, *base, *extension; /* base: the file names' beginning, below the stage */
    int64_t file_bytes;
    StrList names, shown;                   /* columns: all, and those that are written */
    /* the text file being written */
    FILE *file;
    gzFile zip;
    int64_t written, rows;
    int part;
    const char *folder;
} Unload;

/* --- options --- */

static Status size_option(const DialectOption *o, int64_t *ret_bytes, Error *err)
{
    char *end;
    const double mib = MIB, number = strtod(o->value, &end);
    double bytes = number * (str_eq(end, "GB") ? 1024 * mib : str_eq(end, "KB") ? 1024 : mib);
    if (bytes < 5 * mib || bytes > 6.2 * 1024 * mib)
        return FAIL(err, ST_INVALID, "MAXFILESIZE must be between 5 MB and 6.2 GB");
    *ret_bytes = (int64_t)bytes;
    return ST_OK;
}

static Status read_options(Unload *u, Error *err)
{
    static const char *const known[] = { "IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION", "CSV", "PARQUET", "DELIMITER",
                                         "HEADER", "ADDQUOTES", "ESCAPE", "NULL", "GZIP", "ALLOWOVERWRITE", "CLEANPATH", "PARALLEL", "MAXFILESIZE", "MANIFEST", "EXTENSION" };
    const DialectCopy *w = u->words;
    const DialectOption *delimiter = copy_option(w, "DELIMITER"), *size = copy_option(w, "MAXFILESIZE"), *parallel = copy_option(w, "PARALLEL");
    TRY(copy_check_options(w, known, sizeof known / sizeof *known, "UNLOAD", err));
    u->parquet = copy_option(w, "PARQUET");
    u->csv = copy_option(w, "CSV");
    u->gzip = copy_option(w, "GZIP");
    u->header = copy_option(w, "HEADER");
    u->escape = copy_option(w, "ESCAPE");
    u->quotes = copy_option(w, "ADDQUOTES");
    u->null_as = copy_option(w, "NULL") ? copy_option(w, "NULL")->value : NULL;
    u->delimiter = delimiter ? delimiter->value[0] : u->csv ? ',' : '|';
    u->quote = '"';
    u->parallel = !parallel || !str_eq(parallel->value, "off");
    u->file_bytes = FILE_BYTES;
    u->extension = copy_option(w, "EXTENSION") ? copy_option(w, "EXTENSION")->value : NULL;
    if (delimiter && strlen(delimiter->value) != 1)
        return FAIL(err, ST_INVALID, "DELIMITER must be a single character");
    if (u->parquet && (u->gzip || u->csv || u->header || u->escape || u->quotes || delimiter || u->null_as))
        return FAIL(err, ST_INVALID, "PARQUET is not compatible with DELIMITER, ADDQUOTES, ESCAPE, NULL, HEADER, GZIP and CSV");
    if (u->csv && (u->escape || u->quotes))
        return FAIL(err, ST_INVALID, "CSV is not compatible with ESCAPE and ADDQUOTES");
    if (u->parquet && size)
        return FAIL(err, ST_UNSUPPORTED, "UNLOAD of PARQUET with MAXFILESIZE is not supported");
    if (copy_option(w, "CLEANPATH") && copy_option(w, "ALLOWOVERWRITE"))
        return FAIL(err, ST_INVALID, "CLEANPATH and ALLOWOVERWRITE can't be specified together");
    return size ? size_option(size, &u->file_bytes, err) : ST_OK;
}

/* --- text files --- */

static Status close_text(Unload *u, Error *err)
{
    bool good = true;
    if (u->zip)
        good = gzclose(u->zip) == Z_OK;
    else if (u->file)
        good = fclose(u->file) == 0;
    u->zip = NULL;
    u->file = NULL;
    return good ? ST_OK : FAIL(err, ST_IO, "write a file of UNLOAD");
}

/* s3://b/PREFIX0000_part_00, or PREFIX000 with PARALLEL OFF */
static const char *next_name(Unload *u)
{
    const char *suffix = u->extension ? arena_printf(u->x->arena, ".%s", u->extension) : u->parquet ? ".parquet" : u->gzip ? ".gz" : "";
    int part = u->part++;
    return u->parallel ? arena_printf(u->x->arena, "%s%s0000_part_%02d%s", u->folder, u->base, part, suffix)
                       : arena_printf(u->x->arena, "%s%s%03d%s", u->folder, u->base, part, suffix);
}

static Status new_path(Unload *u, const char **ret_path, Error *err)
{
    const char *name = next_name(u), *path = path_join(u->x->arena, u->stage->folder, name), *slash = strrchr(path, '/');
    TRY(dir_make(arena_strn(u->x->arena, path, (size_t)(slash - path)), 0700, err));
    vec_push(u->x->arena, &u->outputs, (LakeOutput){ .name = name, .rows = 0 });
    *ret_path = path;
    return ST_OK;
}

static Status put_bytes(Unload *u, const Str *line, Error *err)
{
    bool good = u->zip ? gzwrite(u->zip, line->data, (unsigned)line->len) == (int)line->len : fwrite(line->data, 1, line->len, u->file) == line->len;
    u->written += (int64_t)line->len;
    return good && !line->overflow ? ST_OK : FAIL(err, ST_IO, "write a file of UNLOAD: %s", strerror(errno));
}

static void put_field(const Unload *u, Str *line, const char *text, size_t length)
{
    if (!text) {
        str_add(line, u->null_as ? u->null_as : u->csv ? "" : "");
        return;
    }
    bool special = false;
    for (size_t i = 0; i < length && u->csv && !special; i++)
        special = text[i] == u->delimiter || text[i] == u->quote || text[i] == '\n' || text[i] == '\r';
    if (!special && !u->quotes && !u->escape) {
        str_addn(line, text, length);
        return;
    }
    if (special || u->quotes)
        str_addc(line, u->quote);
    for (size_t i = 0; i < length; i++) {
        if (special && text[i] == u->quote)
            str_addc(line, u->quote);
        else if (u->escape && (text[i] == u->delimiter || text[i] == '\\' || text[i] == '\n' || text[i] == '\r' || text[i] == '"' || text[i] == '\''))
            str_addc(line, '\\');
        else if (u->quotes && !u->escape && text[i] == u->quote)
            str_addc(line, u->quote);
        str_addc(line, text[i]);
    }
    if (special || u->quotes)
        str_addc(line, u->quote);
}

static Status open_text(Unload *u, Error *err)
{
    const char *path = NULL;
    TRY(new_path(u, &path, err));
    if (u->gzip)
        u->zip = gzopen(path, "wbe");
    else
        u->file = fopen(path, "wbe");
    if (!u->zip && !u->file)
        return FAIL(err, ST_IO, "make '%s': %s", path, strerror(errno));
    u->written = 0;
    if (!u->header)
        return ST_OK;
    str_auto line = STR_INIT(1 << 24);
    for (size_t i = 0; i < u->shown.len; i++) {
        if (i)
            str_addc(&line, u->delimiter);
        put_field(u, &line, u->shown.at[i], strlen(u->shown.at[i]));
    }
    str_addc(&line, '\n');
    return put_bytes(u, &line, err);
}

static Status text_row(void *self, const char *const *cells, const size_t *lengths, size_t count, Error *err)
{
    Unload *u = self;
    str_auto line = STR_INIT(1 << 26);
    if ((u->zip || u->file) && u->written >= u->file_bytes)
        TRY(close_text(u, err));
    if (!u->zip && !u->file)
        TRY(open_text(u, err));
    for (size_t i = 0; i < count; i++) {
        if (i)
            str_addc(&line, u->delimiter);
        put_field(u, &line, cells[i], lengths[i]);
    }
    str_addc(&line, '\n');
    u->rows++;
    u->outputs.at[u->outputs.len - 1].rows++;
    return put_bytes(u, &line, err);
}

/* --- one partition, or all --- */

static Status write_parquet(Unload *u, const char *select, Error *err)
{
    const char *path = NULL;
    int64_t rows = 0;
    str_auto sql = STR_INIT(1 << 27);
    TRY(new_path(u, &path, err));
    str_addf(&sql, "COPY (%s) TO ", select);
    dialect_quote_text(&sql, path);
    str_add(&sql, " (FORMAT parquet, COMPRESSION snappy)");
    TRY(warehouse_exec(u->x->connection, str_text(&sql), &rows, err));
    u->rows += rows;
    u->outputs.at[u->outputs.len - 1].rows = rows;
    return ST_OK;
}

static Status write_rows(Unload *u, const char *where, Error *err)
{
    str_auto select = STR_INIT(1 << 26);
    str_add(&select, "SELECT ");
    for (size_t i = 0; i < u->shown.len; i++) {
        str_add(&select, i ? ", " : "");
        dialect_quote_name(&select, u->shown.at[i]);
    }
    str_addf(&select, " FROM temp.main.weir_unload%s", where);
    u->part = 0;
    if (u->parquet)
        return write_parquet(u, str_text(&select), err);
    Status status = result_texts(u->x, str_text(&select), text_row, u, err);
    Status closed = close_text(u, status == ST_OK ? err : NULL);
    return status == ST_OK ? closed : status;
}

typedef struct Partitions {
    Unload *u;
    StrList folders, wheres;
} Partitions;

static Status partition_row(void *self, const char *const *cells, const size_t *lengths, size_t count, Error *err)
{
    Partitions *p = self;
    Arena *a = p->u->x->arena;
    str_auto folder = STR_INIT(1 << 16);
    str_auto where = STR_INIT(1 << 16);
    if (p->folders.len == PARTITIONS_MAX)
        return FAIL(err, ST_LIMIT, "UNLOAD to more than %d partitions", PARTITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *value = cells[i] ? arena_strn(a, cells[i], lengths[i]) : NULL;
        str_addf(&folder, "%s=", p->u->words->columns.at[i]);
        if (value)
            uri_encode(&folder, value, lengths[i], false);
        else
            str_add(&folder, "__HIVE_DEFAULT_PARTITION__");
        str_addc(&folder, '/');
        str_add(&where, i ? " AND CAST(" : " WHERE CAST(");
        dialect_quote_name(&where, p->u->words->columns.at[i]);
        str_add(&where, " AS VARCHAR) IS NOT DISTINCT FROM ");
        if (value)
            dialect_quote_text(&where, value);
        else
            str_add(&where, "NULL");
    }
    vec_push(a, &p->folders, str_arena(&folder, a));
    vec_push(a, &p->wheres, str_arena(&where, a));
    return ST_OK;
}

static bool among(const StrList *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++) {
        if (str_eq(list->at[i], name))
            return true;
    }
    return false;
}

static Status write_partitions(Unload *u, Error *err)
{
    Partitions p = { .u = u };
    str_auto sql = STR_INIT(1 << 20);
    for (size_t i = 0; i < u->words->columns.len; i++) {
        if (!among(&u->names, u->words->columns.at[i]))
            return FAIL(err, ST_INVALID, "column \"%s\" of PARTITION BY is not in the query", u->words->columns.at[i]);
        str_add(&sql, i ? ", " : "SELECT DISTINCT ");
        dialect_quote_name(&sql, u->words->columns.at[i]);
    }
    str_add(&sql, " FROM temp.main.weir_unload ORDER BY ALL");
    TRY(result_texts(u->x, str_text(&sql), partition_row, &p, err));
    if (!u->shown.len)
        return FAIL(err, ST_INVALID, "PARTITION BY leaves no column to write");
    for (size_t i = 0; i < p.folders.len; i++) {
        u->folder = p.folders.at[i];
        TRY(write_rows(u, p.wheres.at[i], err));
    }
    return ST_OK;
}

/* --- the whole --- */

static Status put_manifest(Unload *u, const char *parent, Error *err)
{
    Arena *a = u->x->arena;
    Val *manifest = val_map(a), *entries = val_list(a);
    for (size_t i = 0; i < u->outputs.len; i++) {
        struct stat st;
        Val *entry = val_map(a), *meta = val_map(a);
        if (stat(path_join(a, u->stage->folder, u->outputs.at[i].name), &st) < 0)
            return FAIL(err, ST_IO, "the output '%s' is not there", u->outputs.at[i].name);
        val_set_str(a, entry, "url", arena_printf(a, "%s%s", parent, u->outputs.at[i].name));
        val_set_int(a, meta, "content_length", st.st_size);
        val_set_int(a, meta, "record_count", u->outputs.at[i].rows);
        val_set(a, entry, "meta", meta);
        val_push(a, entries, entry);
    }
    val_set(a, manifest, "entries", entries);
    const char *text = val_to_json(a, manifest), *name = arena_printf(a, "%smanifest", u->base);
    TRY(file_write_durable(path_join(a, u->stage->folder, name), text, strlen(text), 0600, err));
    vec_push(a, &u->outputs, (LakeOutput){ .name = name, .rows = -1 });
    return ST_OK;
}

static Status check_target(Unload *u, bool overwrite, Error *err)
{
    LakeFileList files;
    Error why = ERROR_INIT;
    str_auto pattern = STR_INIT(8192);
    for (const char *s = u->words->uri; *s; s++) {
        if (strchr("*?[]{}\\", *s))
            str_addc(&pattern, '\\');
        str_addc(&pattern, *s);
    }
    if (!str_ends(u->words->uri, "/"))
        str_addc(&pattern, '*');
    Status status = lake_list(u->lake, u->x->arena, str_text(&pattern), &files, &why);
    if (status == ST_NOT_FOUND && str_eq(why.code, "NoSuchBucket"))
        return FAIL(err, ST_NOT_FOUND, "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket");
    if (status == ST_NOT_FOUND)
        return ST_OK;
    if (status != ST_OK)
        return FAIL(err, status, "S3ServiceException:%s,Error %s", why.message, why.code);
    if (files.len && !overwrite)
        return FAIL(err, ST_CONFLICT, "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target "
                                      "files in S3, or using the ALLOWOVERWRITE option.");
    return ST_OK;
}

static Status write_all(Unload *u, Error *err)
{
    Translation t;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(execution_translate(u->x, u->words->query, &t, err));
    if (t.kind != STATEMENT_QUERY)
        return FAIL(err, ST_INVALID, "UNLOAD needs a SELECT");
    str_addf(&sql, "CREATE OR REPLACE TEMP TABLE weir_unload AS %s", t.sql.at[0]);
    TRY(warehouse_exec(u->x->connection, str_text(&sql), NULL, err));
    TRY(result_names(u->x, "SELECT * FROM temp.main.weir_unload", &u->names, err));
    for (size_t i = 0; i < u->names.len; i++) {
        if (!among(&u->words->columns, u->names.at[i]) || u->words->partition_include)
            vec_push(u->x->arena, &u->shown, u->names.at[i]);
    }
    u->folder = "";
    return u->words->columns.len ? write_partitions(u, err) : write_rows(u, "", err);
}

static Status stage_and_commit(Unload *u, const char *parent, Error *err)
{
    bool clean = copy_option(u->words, "CLEANPATH");
    TRY(lake_stage(u->lake, u->x->arena, parent, &u->stage, err));
    Status status = write_all(u, err);
    warehouse_exec(u->x->connection, "DROP TABLE IF EXISTS temp.main.weir_unload", NULL, NULL);
    if (status == ST_OK && copy_option(u->words, "MANIFEST"))
        status = put_manifest(u, parent, err);
    if (status == ST_OK && execution_cancelled(u->x))
        status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    if (status == ST_OK)
        status = lake_commit(u->lake, u->stage, !clean ? LAKE_APPEND : u->words->columns.len ? LAKE_OVERWRITE_PARTITIONS : LAKE_OVERWRITE, &u->outputs, false, err);
    if (status != ST_OK)
        lake_abort(u->lake, u->stage);
    return status;
}

Status unload_run(Execution *x, const DialectCopy *words, Error *err)
{
    Unload u = { .x = x, .words = words, .folder = "" };
    lake_auto *lake = NULL;
    TRY(read_options(&u, err));
    TRY(copy_lake(x, words, &lake, err));
    u.lake = lake;
    const char *slash = strrchr(words->uri, '/');
    bool clean = copy_option(words, "CLEANPATH");
    if (slash - words->uri < 6)
        return FAIL(err, ST_INVALID, "'%s' names no prefix in a bucket", words->uri);
    if (clean && slash[1])
        return FAIL(err, ST_UNSUPPORTED, "CLEANPATH of a prefix that does not end with '/' is not supported");
    if (words->columns.len && slash[1])
        return FAIL(err, ST_UNSUPPORTED, "PARTITION BY to a prefix that does not end with '/' is not supported");
    const char *parent = arena_strn(x->arena, words->uri, (size_t)(slash - words->uri) + 1);
    u.base = slash + 1;
    TRY(check_target(&u, clean || copy_option(words, "ALLOWOVERWRITE"), err));
    TRY(stage_and_commit(&u, parent, err));
    x->rows = u.rows;
    return ST_OK;
}
