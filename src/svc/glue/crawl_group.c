/* svc/glue/crawl_group.c -- folders to tables, as Glue groups them: when all folders of a folder hold one table each and those are
 * alike, they are partitions of one table; otherwise each is a table of its own. A level of folders "key=value" gives the key its
 * name, any other is partition_0, partition_1 … by its depth. Source: "How does a crawler determine when to create partitions?". */
#include "base/str.h"
#include "svc/glue/crawl_private.h"

#include <stdlib.h>

enum { DEPTH_MAX = 100 };

typedef struct Group {
    Crawl *crawl;
    const LakeFileList *files; /* in order of uri */
    int64_t sample;            /* files read of each folder; 0: all */
    int depth;
} Group;

static const char *folder_name(Arena *a, const char *location)
{
    size_t n = strlen(location);
    while (n && location[n - 1] == '/')
        n--;
    size_t start = n;
    while (start && location[start - 1] != '/')
        start--;
    return arena_strn(a, location + start, n - start);
}

/* The length of "folder/" in what follows the prefix; 0: a file of this very folder. */
static size_t folder_length(const char *rest)
{
    const char *slash = strchr(rest, '/');
    return slash ? (size_t)(slash - rest) + 1 : 0;
}

/* Files of one folder: one table when they are alike, else one for each kind. */
static void group_files(Group *g, const char *location, size_t from, size_t to, CrawlTableList *tables)
{
    Arena *a = g->crawl->arena;
    CrawlTableList own = { 0 };
    int64_t read = 0;
    for (size_t i = from; i < to; i++) {
        const LakeFile *file = &g->files->at[i];
        if (folder_length(file->uri + strlen(location)) || file->size_bytes == 0)
            continue;
        CrawlSchema schema;
        if (g->sample > 0 && read >= g->sample && own.len) {
            own.at[0].schema.files++;
            own.at[0].schema.bytes += file->size_bytes;
            continue;
        }
        crawl_infer(g->crawl, file, &schema);
        read++;
        size_t t = 0;
        while (t < own.len && !crawl_similar(&own.at[t].schema, &schema))
            t++;
        if (t == own.len)
            vec_push(a, &own, (CrawlTable){ .location = file->uri, .name = folder_name(a, file->uri) });
        crawl_merge(a, &own.at[t].schema, &schema);
    }
    if (own.len == 1) {
        own.at[0].location = location;
        own.at[0].name = folder_name(a, location);
    }
    for (size_t i = 0; i < own.len; i++)
        vec_push(a, tables, own.at[i]);
}

static void group_folder(Group *g, const char *location, size_t from, size_t to, CrawlTableList *tables);

static void group_folders(Group *g, const char *location, size_t from, size_t to, CrawlTableList *tables, StrList *names)
{
    Arena *a = g->crawl->arena;
    for (size_t i = from; i < to;) {
        const char *rest = g->files->at[i].uri + strlen(location);
        size_t n = folder_length(rest), end = i + 1;
        if (!n) {
            i++;
            continue;
        }
        while (end < to && !strncmp(g->files->at[end].uri + strlen(location), rest, n))
            end++;
        size_t before = tables->len;
        group_folder(g, arena_printf(a, "%s%.*s", location, (int)n, rest), i, end, tables);
        for (size_t t = before; t < tables->len; t++)
            vec_push(a, names, arena_strn(a, rest, n - 1));
        i = end;
    }
}

/* May these be partitions of one table? Folders "key=value" of one key are, unless their formats differ. */
static bool one_table(const CrawlTableList *tables, const StrList *names, const char **ret_key)
{
    const char *equals = strchr(names->at[0], '=');
    size_t key = equals ? (size_t)(equals - names->at[0]) : 0;
    bool keyed = key > 0;
    if (!keyed && tables->len == 1)
        return false; /* a folder around a table */
    for (size_t i = 0; i < tables->len; i++) {
        const CrawlTable *t = &tables->at[i];
        if (i && str_eq(names->at[i], names->at[i - 1]))
            return false; /* a folder with several tables */
        keyed = keyed && !strncmp(names->at[i], names->at[0], key + 1);
        if (t->keys.len != tables->at[0].keys.len || t->schema.format != tables->at[0].schema.format || t->schema.format == CRAWL_UNKNOWN)
            return false;
        for (size_t k = 0; k < t->keys.len; k++)
            if (!str_eq(t->keys.at[k], tables->at[0].keys.at[k]) && !str_starts(t->keys.at[k], "partition_"))
                return false;
    }
    for (size_t i = 1; i < tables->len && !keyed; i++)
        if (!crawl_similar(&tables->at[0].schema, &tables->at[i].schema))
            return false;
    *ret_key = keyed ? names->at[0] : NULL;
    return true;
}

/* "a%20b" of a folder's value as Hive writes it. */
static const char *value_of(Arena *a, const char *folder, bool keyed)
{
    const char *text = keyed ? strchr(folder, '=') + 1 : folder;
    char *plain = NULL;
    size_t length = 0;
    return keyed && uri_decode(a, text, strlen(text), false, &plain, &length) && strlen(plain) == length ? plain : text;
}

static CrawlTable join(Group *g, const char *location, const CrawlTableList *tables, const StrList *names, const char *key)
{
    Arena *a = g->crawl->arena;
    CrawlTable all = { .location = location, .name = folder_name(a, location) };
    vec_push(a, &all.keys, key ? glue_lower(a, arena_strn(a, key, strcspn(key, "="))) : "partition_0");
    for (size_t i = 0; i < tables->at[0].keys.len; i++)
        vec_push(a, &all.keys, tables->at[0].keys.at[i]);
    for (size_t i = 0; i < all.keys.len; i++)
        if (str_starts(all.keys.at[i], "partition_"))
            all.keys.at[i] = arena_printf(a, "partition_%zu", i);
    for (size_t i = 0; i < tables->len; i++) {
        const CrawlTable *t = &tables->at[i];
        CrawlPartition whole = { .location = t->location, .schema = t->schema };
        const CrawlPartition *parts = t->keys.len ? t->partitions.at : &whole;
        for (size_t p = 0; p < (t->keys.len ? t->partitions.len : 1); p++) {
            CrawlPartition one = { .location = parts[p].location, .schema = parts[p].schema };
            vec_push(a, &one.values, value_of(a, names->at[i], key != NULL));
            for (size_t v = 0; v < parts[p].values.len; v++)
                vec_push(a, &one.values, parts[p].values.at[v]);
            vec_push(a, &all.partitions, one);
        }
        crawl_merge(a, &all.schema, &t->schema);
    }
    return all;
}

static void group_folder(Group *g, const char *location, size_t from, size_t to, CrawlTableList *tables)
{
    Arena *a = g->crawl->arena;
    CrawlTableList own = { 0 }, below = { 0 };
    StrList names = { 0 };
    const char *key = NULL;
    if (++g->depth > DEPTH_MAX) {
        crawl_log(g->crawl, "WARN", "%s: nested deeper than %d folders, not read", location, DEPTH_MAX);
        g->depth--;
        return;
    }
    group_files(g, location, from, to, &own);
    group_folders(g, location, from, to, &below, &names);
    for (size_t i = 0; i < own.len; i++)
        vec_push(a, tables, own.at[i]);
    if (below.len && !own.len && one_table(&below, &names, &key)) {
        vec_push(a, tables, join(g, location, &below, &names, key));
    } else {
        for (size_t i = 0; i < below.len; i++)
            vec_push(a, tables, below.at[i]);
    }
    g->depth--;
}

void crawl_group(Crawl *c, const char *root, const LakeFileList *files, int64_t sample, CrawlTableList *ret_tables)
{
    Group g = { .crawl = c, .files = files, .sample = sample };
    *ret_tables = (CrawlTableList){ 0 };
    if (files->len == 1 && str_eq(files->at[0].uri, root)) { /* an object by its own name */
        CrawlTable one = { .location = root, .name = folder_name(c->arena, root) };
        crawl_infer(c, &files->at[0], &one.schema);
        vec_push(c->arena, ret_tables, one);
        return;
    }
    group_folder(&g, root, 0, files->len, ret_tables);
}
