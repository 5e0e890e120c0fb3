/* lake/lake_commit.c -- stages of the object store: a folder to write in, one transaction that publishes it.
 *
 * Files are placed (linked into objects/, on disk) before the transaction; a process that dies in between leaves their names
 * in its folder of tmp/, where the sweep finds them. */
#include "lake/lake_objects.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Up to here an output's ETag is its MD5, as for one PUT; above it is opaque and ends in -1, as for an upload in parts. */
enum { ETAG_MD5_MAX_BYTES = 8 * 1024 * 1024 };

static const char *const commit_names[] = { "append", "overwrite", "overwrite_partitions", "create" };

const char *lake_commit_name(LakeCommit how)
{
    return commit_names[how];
}

bool lake_commit_of_name(const char *name, LakeCommit *ret_how)
{
    for (LakeCommit how = LAKE_APPEND; how <= LAKE_CREATE; how++) {
        if (str_eq(name, commit_names[how])) {
            *ret_how = how;
            return true;
        }
    }
    return false;
}

Status lake_output_check(const char *name, Error *err)
{
    for (const char *p = name;;) {
        const char *end = strchrnul(p, '/');
        size_t n = (size_t)(end - p);
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return FAIL(err, ST_INVALID, "'%s' is not a path below an output", name);
        if (!*end)
            return ST_OK;
        p = end + 1;
    }
}

static char *stage_folder(Objects *objects, Arena *a, const char *id)
{
    return arena_printf(a, "%s/lake/stage/%s", objects_home(objects), id);
}

Status lake_objects_stage(Objects *objects, Arena *a, const char *target_uri, const char *owner, const char *run,
                          const char **ret_id, const char **ret_folder, Error *err)
{
    const char *scheme = NULL, *bucket_name = NULL, *path = NULL;
    TRY(lake_uri_parse(a, target_uri, &scheme, &bucket_name, &path, err));
    Bucket bucket;
    TRY(lake_objects_ensure(objects, scheme, err));
    TRY(bucket_get(objects, a, bucket_name, &bucket, err));
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    const char *folder = stage_folder(objects, a, id);
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_exec(db, err, "INSERT INTO lake_stage(id, target, owner, run, created_ms) VALUES(?,?,?,?,?)", "ssssi", id, target_uri,
                owner, run, clock_ms()));
    TRY(dir_make(folder, 0700, err));
    *ret_id = arena_str(a, id);
    *ret_folder = folder;
    return ST_OK;
}

/* --- commit --- */

typedef struct Placed {
    const char *file, *key, *etag;
    int64_t size_bytes, rows;
} Placed;

typedef struct Publication {
    Objects *objects;
    Arena *a;
    const char *id, *folder, *target, *run, *bucket, *prefix; /* prefix: "" or "a/b/" */
    VEC(Placed) placed;
} Publication;

/* Forgets the placings: their files stay if rows have them by now. */
static void publication_done(Publication *p)
{
    for (size_t i = 0; i < p->placed.len; i++)
        objects_settle(p->objects, p->placed.at[i].file);
}

/* ST_OK with committed: true when there is nothing to do any more. */
static Status publication_find(Publication *p, bool *ret_committed, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(p->objects), &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT target, run, committed_ms FROM lake_stage WHERE id=?", "s", p->id));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return object_fail(err, ST_NOT_FOUND, 404, "NoSuchStage", "there is no staged write '%s': it was aborted or swept", p->id);
    }
    p->target = row_str_in(row, p->a, 0);
    p->run = row_str_in(row, p->a, 1);
    *ret_committed = !row_null(row, 2);
    const char *scheme = NULL, *path = NULL;
    TRY(lake_uri_parse(p->a, p->target, &scheme, &p->bucket, &path, err));
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    p->prefix = n ? arena_printf(p->a, "%.*s/", (int)n, path) : "";
    return ST_OK;
}

static Status output_etag(Publication *p, Placed *placed, Error *err)
{
    unsigned char md5[DIGEST_BYTES_MAX];
    char hex[2 * DIGEST_BYTES_MAX + 1];
    bool small = placed->size_bytes <= ETAG_MD5_MAX_BYTES;
    if (small) {
        digester_auto *digester = digester_new(DIGEST_BIT(DIGEST_MD5));
        TRY(object_file_digest(p->objects, placed->file, 0, placed->size_bytes, digester, err));
        digester_end(digester);
        memcpy(md5, digester_get(digester, DIGEST_MD5), sizeof md5);
    } else {
        digest_of(DIGEST_MD5, placed->file, strlen(placed->file), md5);
    }
    hex_encode(md5, digest_size(DIGEST_MD5), hex);
    placed->etag = arena_printf(p->a, "%s%s", hex, small ? "" : "-1");
    return ST_OK;
}

/* Only what is truly below the stage: no link may lead out of it. */
static Status output_place(Publication *p, const char *name, int64_t rows, Error *err)
{
    TRY(lake_output_check(name, err));
    const char *path = path_join(p->a, p->folder, name);
    char *real = realpath(path, NULL);
    bool inside = real && strcmp(real, path) == 0;
    free(real);
    struct stat st;
    if (!inside || stat(path, &st) < 0)
        return FAIL(err, ST_NOT_FOUND, "the output '%s' is not in the stage of %s", name, p->target);
    Placed placed = { .key = arena_printf(p->a, "%s%s", p->prefix, name), .size_bytes = st.st_size, .rows = rows };
    TRY(object_key_check(placed.key, err));
    TRY(objects_place(p->objects, p->a, path, &placed.file, err));
    vec_push(p->a, &p->placed, placed);
    return output_etag(p, &p->placed.at[p->placed.len - 1], err);
}

static Status outputs_place(Publication *p, const LakeOutputList *outputs, bool success_marker, Error *err)
{
    for (size_t i = 0; i < outputs->len; i++)
        TRY(output_place(p, outputs->at[i].name, outputs->at[i].rows, err));
    if (!success_marker)
        return ST_OK;
    TRY(file_write_durable(path_join(p->a, p->folder, "_SUCCESS"), "", 0, 0600, err));
    return output_place(p, "_SUCCESS", -1, err);
}

static Status remove_partitions(Publication *p, Db *db, Error *err)
{
    Map folders = { 0 };
    for (size_t i = 0; i < p->placed.len; i++) {
        const char *key = p->placed.at[i].key, *slash = strrchr(key, '/');
        if (str_ends(key, "/_SUCCESS") || str_eq(key, "_SUCCESS"))
            continue;
        map_set(p->a, &folders, slash ? arena_strn(p->a, key, (size_t)(slash - key) + 1) : "", p);
    }
    for (size_t i = 0; i < folders.len; i++)
        TRY(object_remove_below(db, p->a, p->bucket, folders.at[i].key, err));
    return ST_OK;
}

/* What is to go before the new rows come. */
static Status make_room(Publication *p, Db *db, LakeCommit how, Error *err)
{
    size_t n = strlen(p->prefix);
    const char *itself = n ? arena_strn(p->a, p->prefix, n - 1) : NULL; /* the target as an object, not a folder */
    if (how == LAKE_OVERWRITE) {
        if (itself)
            TRY(object_remove(db, p->a, p->bucket, itself, err));
        return object_remove_below(db, p->a, p->bucket, p->prefix, err);
    }
    if (how == LAKE_OVERWRITE_PARTITIONS)
        return remove_partitions(p, db, err);
    if (how == LAKE_CREATE) {
        bool exists;
        TRY(lake_objects_exists(p->objects, p->target, &exists, err));
        return exists ? lake_fail_exists(err, p->target) : ST_OK;
    }
    return ST_OK;
}

static Status publish(Publication *p, LakeCommit how, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(p->objects), &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE lake_stage SET committed_ms=? WHERE id=? AND committed_ms IS NULL", "is", clock_ms(), p->id));
    if (!db_changes(db)) /* the same commit, sent twice, overtook */
        return ST_OK;
    TRY(make_room(p, db, how, err));
    for (size_t i = 0; i < p->placed.len; i++) {
        const Placed *placed = &p->placed.at[i];
        Object object = { .bucket = p->bucket, .key = placed->key, .file = placed->file, .size_bytes = placed->size_bytes,
                          .etag = placed->etag, .run = p->run, .row_count = placed->rows };
        TRY(object_insert(p->objects, db, p->a, &object, NULL, NULL, err));
    }
    return db_commit(db, err);
}

Status lake_objects_commit(Objects *objects, const char *id, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                           Error *err)
{
    arena_auto *a = arena_new();
    bool committed = false;
    Publication p = { .objects = objects, .a = a, .id = id };
    TRY(publication_find(&p, &committed, err));
    p.folder = stage_folder(objects, a, id);
    if (committed)
        return ST_OK;
    Status status = outputs_place(&p, outputs, success_marker, err);
    if (status == ST_OK)
        status = publish(&p, how, err);
    if (status == ST_OK)
        (void)tree_remove(p.folder, NULL); /* what stays is swept */
    publication_done(&p);
    return status;
}

Status lake_objects_abort(Objects *objects, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    if (strlen(id) != OBJECTS_ID_BYTES - 1 || strspn(id, "0123456789abcdef") != OBJECTS_ID_BYTES - 1)
        return FAIL(err, ST_INVALID, "'%s' is no stage", id);
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_exec(db, err, "DELETE FROM lake_stage WHERE id=? AND committed_ms IS NULL", "s", id));
    return tree_remove(stage_folder(objects, a, id), err);
}
