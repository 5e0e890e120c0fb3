/* lake/lake_objects.c -- listing and removing by URI over the object store. Commits are in lake_commit.c. */
#include "lake/lake_objects.h"

#include "base/str.h"
#include "lake/glob.h"

#include <stdlib.h>

enum { LIST_PAGE = 1000 };

static const char *scheme_end(const char *uri)
{
    static const char *const schemes[] = { "s3://", "s3a://", "s3n://", "hdfs://" };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (str_istarts(uri, schemes[i]))
            return uri + strlen(schemes[i]);
    }
    return NULL;
}

bool lake_uri_is_s3(const char *uri)
{
    return scheme_end(uri) != NULL;
}

Status lake_uri_parse(Arena *a, const char *uri, const char **ret_scheme, const char **ret_bucket, const char **ret_path, Error *err)
{
    const char *start = scheme_end(uri);
    if (str_istarts(uri, "hdfs://")) { /* one file system, whatever name node is named */
        const char *slash = strchr(start, '/');
        *ret_scheme = "hdfs";
        *ret_bucket = LAKE_HDFS_BUCKET;
        *ret_path = slash ? arena_str(a, slash + strspn(slash, "/")) : "";
        return ST_OK;
    }
    if (!start || !*start || *start == '/')
        return FAIL(err, ST_INVALID, "'%s' is not s3://bucket/path", uri);
    const char *slash = strchrnul(start, '/');
    *ret_scheme = arena_strn(a, uri, (size_t)(start - uri) - 3);
    *ret_bucket = arena_strn(a, start, (size_t)(slash - start));
    *ret_path = *slash ? arena_str(a, slash + 1) : "";
    return ST_OK;
}

char *lake_uri_of(Arena *a, const char *scheme, const char *bucket, const char *key)
{
    return str_eq(scheme, "hdfs") ? arena_printf(a, "hdfs:///%s", key) : arena_printf(a, "%s://%s/%s", scheme, bucket, key);
}

Status lake_objects_ensure(Objects *objects, const char *scheme, Error *err)
{
    arena_auto *a = arena_new();
    Bucket bucket;
    if (!str_eq(scheme, "hdfs") || bucket_get(objects, a, LAKE_HDFS_BUCKET, &bucket, NULL) == ST_OK)
        return ST_OK;
    Status status = bucket_create(objects, LAKE_HDFS_BUCKET, "hdfs", "us-east-1", err);
    return status == ST_CONFLICT ? ST_OK : status; /* another process was faster */
}

/* hdfs: is there and empty before anything was written to it. */
static bool not_made_yet(const char *scheme, const Error *error)
{
    return str_eq(scheme, "hdfs") && str_eq(error->code, "NoSuchBucket");
}

Status lake_fail_path(Error *err, const char *uri)
{
    FAIL_CODE(err, ST_NOT_FOUND, "PATH_NOT_FOUND", "Path does not exist: %s.", uri);
    error_param(err, "path", uri);
    if (err)
        memcpy(err->sqlstate, "42K03", 6);
    return ST_NOT_FOUND;
}

Status lake_fail_exists(Error *err, const char *uri)
{
    FAIL_CODE(err, ST_CONFLICT, "PATH_ALREADY_EXISTS",
              "Path %s already exists. Set mode as \"overwrite\" to overwrite the existing path.", uri);
    error_param(err, "outputPath", uri);
    if (err)
        memcpy(err->sqlstate, "42K04", 6);
    return ST_CONFLICT;
}

/* --- listing --- */

typedef struct Search {
    Objects *objects;
    Arena *a;
    const char *scheme, *bucket;
    size_t max;
    LakeFileList files;
} Search;

/* Keys that stand for a folder: made by consoles ("a/") and by old Hadoop ("a_$folder$"). */
static bool is_folder_marker(const char *key)
{
    return str_ends(key, "/") || str_ends(key, "_$folder$");
}

static void search_add(Search *s, const Object *object)
{
    LakeFile file = { .uri = lake_uri_of(s->a, s->scheme, s->bucket, object->key),
                      .path = object_path(s->objects, s->a, object->file), .etag = object->etag,
                      .size_bytes = object->size_bytes, .modified_ms = object->modified_ms };
    vec_push(s->a, &s->files, file);
}

/* All objects below `folder` that `pattern` (NULL: every one) admits. Markers are passed over. */
static Status search_folder(Search *s, const char *folder, const char *pattern, Error *err)
{
    ObjectListing listing = { .prefix = folder, .max = LIST_PAGE };
    for (;;) {
        ObjectPage page;
        Error error = ERROR_INIT;
        Status status = object_list(s->objects, s->a, s->bucket, &listing, &page, &error);
        if (status != ST_OK && not_made_yet(s->scheme, &error))
            return ST_OK;
        if (status != ST_OK && err)
            *err = error;
        TRY(status);
        for (size_t i = 0; i < page.objects.len && s->files.len < s->max; i++) {
            const char *key = page.objects.at[i].key, *rest = key + strlen(folder);
            if (is_folder_marker(key) || (pattern && !glob_match(pattern, key, &rest)))
                continue;
            const char *name = *rest ? rest : strrchr(key, '/') ? strrchr(key, '/') + 1 : key;
            if (!glob_hidden(name))
                search_add(s, &page.objects.at[i]);
        }
        if (!page.truncated || s->files.len >= s->max)
            return ST_OK;
        listing.after = page.next;
    }
}

static const char *with_slash(Arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    return n ? arena_printf(a, "%.*s/", (int)n, path) : "";
}

static Status search_named(Search *s, const char *path, Error *err)
{
    Object object;
    Error error = ERROR_INIT;
    if (*path && !str_ends(path, "/")) {
        Status status = object_get(s->objects, s->a, s->bucket, path, NULL, &object, &error);
        if (status == ST_OK) {
            search_add(s, &object);
            return ST_OK;
        }
        if (!str_eq(error.code, "NoSuchKey") && !not_made_yet(s->scheme, &error)) {
            *err = error;
            return status;
        }
    }
    return search_folder(s, with_slash(s->a, path), NULL, err);
}

static int by_uri(const void *x, const void *y)
{
    return strcmp(((const LakeFile *)x)->uri, ((const LakeFile *)y)->uri);
}

/* Several alternatives may match one object. */
static void sort_unique(LakeFileList *files)
{
    size_t kept = 0;
    if (files->len)
        qsort(files->at, files->len, sizeof *files->at, by_uri);
    for (size_t i = 0; i < files->len; i++) {
        if (!kept || strcmp(files->at[kept - 1].uri, files->at[i].uri) != 0)
            files->at[kept++] = files->at[i];
    }
    files->len = kept;
}

Status lake_objects_list(Objects *objects, Arena *a, const char *uri, size_t max, LakeFileList *ret_files, Error *err)
{
    Search s = { .objects = objects, .a = a, .max = max };
    const char *path = NULL;
    TRY(lake_uri_parse(a, uri, &s.scheme, &s.bucket, &path, err));
    if (!glob_has_wildcards(path)) {
        TRY(search_named(&s, glob_unescape(a, path), err));
    } else {
        StrList patterns;
        TRY(glob_expand(a, path, &patterns, err));
        for (size_t i = 0; i < patterns.len; i++) {
            if (glob_has_wildcards(patterns.at[i]))
                TRY(search_folder(&s, glob_fixed_folder(a, patterns.at[i]), patterns.at[i], err));
            else
                TRY(search_named(&s, glob_unescape(a, patterns.at[i]), err));
        }
        sort_unique(&s.files);
    }
    *ret_files = s.files;
    return ST_OK;
}

Status lake_objects_exists(Objects *objects, const char *uri, bool *ret_exists, Error *err)
{
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *path = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &path, err));
    Object object;
    if (*path && object_get(objects, a, bucket, path, NULL, &object, NULL) == ST_OK) {
        *ret_exists = true;
        return ST_OK;
    }
    ObjectPage page = { 0 };
    Error error = ERROR_INIT;
    Status status = object_list(objects, a, bucket, &(ObjectListing){ .prefix = with_slash(a, path), .max = 1 }, &page, &error);
    if (status != ST_OK && !not_made_yet(scheme, &error)) {
        if (err)
            *err = error;
        return status;
    }
    *ret_exists = page.objects.len > 0;
    return ST_OK;
}

/* --- removing and putting --- */

Status lake_objects_remove(Objects *objects, const char *uri, Error *err)
{
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *path = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &path, err));
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    if (*path && !str_ends(path, "/"))
        TRY(object_remove(db, a, bucket, path, err));
    TRY(object_remove_below(db, a, bucket, with_slash(a, path), err));
    return db_commit(db, err);
}

Status lake_objects_put(Objects *objects, const char *uri, const void *bytes, size_t length, const char *run, Error *err)
{
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *path = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &path, err));
    spool_auto *spool = NULL;
    TRY(lake_objects_ensure(objects, scheme, err));
    TRY(spool_new(objects, DIGEST_BIT(DIGEST_MD5) | DIGEST_BIT(DIGEST_CRC64NVME), INT64_MAX, &spool, err));
    TRY(spool_write(spool, bytes, length, err));
    TRY(spool_finish(spool, err));
    Object object = { .bucket = bucket, .key = path, .etag = spool_hex(spool, a, DIGEST_MD5), .checksum_algorithm = "CRC64NVME",
                      .checksum = digest_text(a, DIGEST_CRC64NVME, spool_digest(spool, DIGEST_CRC64NVME)),
                      .checksum_type = "FULL_OBJECT", .run = run, .row_count = -1 }, made;
    return object_put(objects, a, spool, &object, NULL, &made, err);
}
