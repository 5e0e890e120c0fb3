/* lake/object.c -- the rows of objects: put, get, delete, versions. */
#include "lake/objects.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "lake/object_row.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void object_of_row(Row *row, Arena *a, const char *bucket, Object *ret_object)
{
    *ret_object = (Object){
        .bucket = bucket, .key = row_str_in(row, a, 0), .seq = row_int(row, 1), .version_id = row_str_in(row, a, 2),
        .latest = row_int(row, 3) != 0, .delete_marker = row_int(row, 4) != 0, .file = row_str_in(row, a, 5),
        .size_bytes = row_int(row, 6), .etag = row_str_in(row, a, 7), .modified_ms = row_int(row, 8),
        .storage_class = row_str_in(row, a, 9), .headers = row_str_in(row, a, 10), .metadata = row_str_in(row, a, 11),
        .tags = row_str_in(row, a, 12), .checksum_algorithm = row_str_in(row, a, 13), .checksum = row_str_in(row, a, 14),
        .checksum_type = row_str_in(row, a, 15), .parts = row_str_in(row, a, 16), .run = row_str_in(row, a, 17),
        .row_count = row_null(row, 18) ? -1 : row_int(row, 18),
    };
}

static Status fail_key(Error *err, const char *code, const char *message, const char *key)
{
    object_fail(err, ST_NOT_FOUND, 404, code, "%s", message);
    error_param(err, "Key", key);
    return ST_NOT_FOUND;
}

static Status fail_condition(Error *err, const char *which)
{
    object_fail(err, ST_CONFLICT, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    error_param(err, "Condition", which);
    return ST_CONFLICT;
}

Status object_key_check(const char *key, Error *err)
{
    size_t n = strlen(key);
    if (n > LIMIT_OBJECT_KEY) {
        object_fail(err, ST_INVALID, 400, "KeyTooLongError", "Your key is too long");
        error_param(err, "MaxSizeAllowed", "1024");
        return ST_INVALID;
    }
    if (!n || !utf8_valid(key, n))
        return object_fail(err, ST_INVALID, 400, "InvalidURI", "Couldn't parse the specified URI: a key is 1 to 1024 bytes of UTF-8");
    return ST_OK;
}

/* --- one key inside a transaction --- */

/* What a write must know of a key. */
typedef struct KeyState {
    bool enabled;        /* the bucket keeps versions */
    int64_t top_seq;     /* 0: no row */
    bool present;        /* the latest is there and no marker */
    char *etag;          /* of the latest */
    bool has_null;       /* there is a version 'null' … */
    char *null_file;     /* … with this file */
} KeyState;

static Status key_state(Db *db, Arena *a, const char *bucket, const char *key, KeyState *ret_state, Error *err)
{
    KeyState state = { 0 };
    row_auto *versioning = NULL;
    TRY(db_query(db, &versioning, err, "SELECT versioning FROM s3_bucket WHERE name=?", "s", bucket));
    if (!row_next(versioning)) {
        TRY(row_status(versioning, err));
        return object_fail_bucket(err, bucket);
    }
    state.enabled = str_eq(row_str(versioning, 0), "Enabled");
    row_auto *latest = NULL;
    TRY(db_query(db, &latest, err,
                 "SELECT seq, delete_marker, etag FROM s3_object WHERE bucket=? AND key=? ORDER BY seq DESC LIMIT 1", "ss",
                 bucket, key));
    if (row_next(latest)) {
        state.top_seq = row_int(latest, 0);
        state.present = row_int(latest, 1) == 0;
        state.etag = row_str_in(latest, a, 2);
    }
    TRY(row_status(latest, err));
    row_auto *null_row = NULL;
    TRY(db_query(db, &null_row, err, "SELECT file FROM s3_object WHERE bucket=? AND key=? AND version_id='null'", "ss", bucket,
                 key));
    if (row_next(null_row)) {
        state.has_null = true;
        state.null_file = row_str_in(null_row, a, 0);
    }
    TRY(row_status(null_row, err));
    *ret_state = state;
    return ST_OK;
}

static Status condition_check(const KeyState *state, const WriteCondition *condition, const char *key, Error *err)
{
    if (condition && condition->if_absent && state->present)
        return fail_condition(err, "If-None-Match");
    if (!condition || !condition->if_match)
        return ST_OK;
    if (!state->present)
        return fail_key(err, "NoSuchKey", "The specified key does not exist.", key);
    return str_eq(condition->if_match, "*") || str_eq(condition->if_match, state->etag) ? ST_OK : fail_condition(err, "If-Match");
}

Status object_file_drop(Db *db, const char *file, Error *err)
{
    if (!file)
        return ST_OK;
    return db_exec(db, err,
                   "INSERT OR IGNORE INTO s3_garbage(file, since_ms) SELECT ?1, ?2 WHERE"
                   " NOT EXISTS(SELECT 1 FROM s3_object WHERE file=?1) AND NOT EXISTS(SELECT 1 FROM s3_part WHERE file=?1)",
                   "si", file, clock_ms());
}

static Status version_remove(Db *db, const char *bucket, const char *key, const char *version_id, const char *file, Error *err)
{
    TRY(db_exec(db, err, "DELETE FROM s3_object WHERE bucket=? AND key=? AND version_id=?", "sss", bucket, key, version_id));
    return object_file_drop(db, file, err);
}

/* A new row on top of a key: the version before is the latest no more; a bucket without versions loses its 'null' one. */
static Status version_add(Db *db, const KeyState *state, const Object *o, Error *err)
{
    if (!state->enabled && state->has_null)
        TRY(version_remove(db, o->bucket, o->key, "null", state->null_file, err));
    TRY(db_exec(db, err, "UPDATE s3_object SET latest=0 WHERE bucket=? AND key=? AND latest=1", "ss", o->bucket, o->key));
    TRY(db_exec(db, err,
                "INSERT INTO s3_object(" OBJECT_COLUMNS ", bucket) VALUES(?,?,?,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,nullif(?,-1),?)",
                "sisisisisssssssssis", o->key, state->top_seq + 1, o->version_id,
                (int64_t)o->delete_marker, o->file, o->size_bytes, o->etag ? o->etag : "", o->modified_ms, o->storage_class,
                o->headers, o->metadata, o->tags, o->checksum_algorithm, o->checksum, o->checksum_type, o->parts, o->run,
                o->row_count, o->bucket));
    return ST_OK;
}

Status object_insert(Objects *objects, Db *db, Arena *a, const Object *object, const WriteCondition *condition,
                     Object *ret_object, Error *err)
{
    (void)objects;
    KeyState state;
    TRY(object_key_check(object->key, err));
    TRY(key_state(db, a, object->bucket, object->key, &state, err));
    TRY(condition_check(&state, condition, object->key, err));
    Object row = *object;
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    row.version_id = state.enabled ? arena_str(a, id) : "null";
    row.modified_ms = clock_ms();
    row.latest = true;
    row.seq = state.top_seq + 1;
    TRY(version_add(db, &state, &row, err));
    if (ret_object)
        *ret_object = row;
    return ST_OK;
}

Status object_put(Objects *objects, Arena *a, Spool *spool, const Object *object, const WriteCondition *condition,
                  Object *ret_object, Error *err)
{
    TRY(object_key_check(object->key, err));
    TRY(spool_place(spool, err));
    Object row = *object, made;
    row.file = spool_file(spool);
    row.size_bytes = spool_size(spool);
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    TRY(object_insert(objects, db, a, &row, condition, &made, err));
    TRY(db_commit(db, err));
    made.file = arena_str(a, made.file);
    *ret_object = made;
    return ST_OK;
}

/* --- reading --- */

static Status bucket_check(Db *db, const char *bucket, Error *err)
{
    int64_t there;
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM s3_bucket WHERE name=?", "s", bucket));
    return there ? ST_OK : object_fail_bucket(err, bucket);
}

Status object_get(Objects *objects, Arena *a, const char *bucket, const char *key, const char *version_id, Object *ret_object,
                  Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    row_auto *row = NULL;
    if (version_id)
        TRY(db_query(db, &row, err, "SELECT " OBJECT_COLUMNS " FROM s3_object WHERE bucket=? AND key=? AND version_id=?", "sss",
                     bucket, key, version_id));
    else
        TRY(db_query(db, &row, err,
                     "SELECT " OBJECT_COLUMNS " FROM s3_object INDEXED BY s3_object_latest WHERE bucket=? AND key=? AND latest=1",
                     "ss", bucket, key));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        TRY(bucket_check(db, bucket, err));
        if (!version_id)
            return fail_key(err, "NoSuchKey", "The specified key does not exist.", key);
        fail_key(err, "NoSuchVersion", "The specified version does not exist.", key);
        error_param(err, "VersionId", version_id);
        return ST_NOT_FOUND;
    }
    Object object;
    object_of_row(row, a, arena_str(a, bucket), &object);
    if (object.delete_marker && !version_id) {
        fail_key(err, "NoSuchKey", "The specified key does not exist.", key);
        error_param(err, "DeleteMarker", "true");
        error_param(err, "VersionId", object.version_id);
        return ST_NOT_FOUND;
    }
    *ret_object = object;
    return ST_OK;
}

Status object_open(Objects *objects, const Object *object, int *ret_fd, Error *err)
{
    arena_auto *a = arena_new();
    int fd = open(object_path(objects, a, object->file), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "open the file of s3://%s/%s: %s", object->bucket, object->key,
                    strerror(errno));
    *ret_fd = fd;
    return ST_OK;
}

Status object_set_tags(Objects *objects, const char *bucket, const char *key, const char *version_id, const char *tags,
                       Error *err)
{
    arena_auto *a = arena_new();
    Object object;
    TRY(object_get(objects, a, bucket, key, version_id, &object, err));
    if (object.delete_marker)
        return object_fail(err, ST_INVALID, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    return db_exec(db, err, "UPDATE s3_object SET tags=? WHERE bucket=? AND key=? AND version_id=?", "ssss", tags, bucket, key,
                   object.version_id);
}

/* --- deleting --- */

static Status delete_latest(Db *db, Arena *a, const char *bucket, const char *versioning, const ObjectDelete *key,
                            ObjectDeleted *ret_deleted, Error *err)
{
    KeyState state;
    TRY(key_state(db, a, bucket, key->key, &state, err));
    if (key->if_match) {
        if (!state.present)
            return fail_key(err, "NoSuchKey", "The specified key does not exist.", key->key);
        TRY(condition_check(&state, &(WriteCondition){ .if_match = key->if_match }, key->key, err));
    }
    if (!versioning)
        return state.has_null ? version_remove(db, bucket, key->key, "null", state.null_file, err) : ST_OK;
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    Object marker = { .bucket = bucket, .key = key->key, .version_id = state.enabled ? arena_str(a, id) : "null",
                      .delete_marker = true, .modified_ms = clock_ms(), .row_count = -1 };
    TRY(version_add(db, &state, &marker, err));
    ret_deleted->delete_marker = true;
    ret_deleted->version_id = marker.version_id;
    return ST_OK;
}

static Status delete_version(Db *db, Arena *a, const char *bucket, const ObjectDelete *key, ObjectDeleted *ret_deleted, Error *err)
{
    ret_deleted->version_id = key->version_id;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT file, delete_marker, etag FROM s3_object WHERE bucket=? AND key=? AND version_id=?",
                 "sss", bucket, key->key, key->version_id));
    if (!row_next(row))
        return row_status(row, err);
    const char *file = row_str_in(row, a, 0);
    if (key->if_match && !str_eq(key->if_match, "*") && !str_eq(key->if_match, row_str(row, 2)))
        return fail_condition(err, "If-Match");
    ret_deleted->delete_marker = row_int(row, 1) != 0;
    TRY(version_remove(db, bucket, key->key, key->version_id, file, err));
    return db_exec(db, err,
                   "UPDATE s3_object SET latest=1 WHERE bucket=?1 AND key=?2 AND latest=0 AND"
                   " seq=(SELECT max(seq) FROM s3_object WHERE bucket=?1 AND key=?2)", "ss", bucket, key->key);
}

Status object_remove(Db *db, Arena *a, const char *bucket, const char *key, Error *err)
{
    char *versioning;
    Status status = db_get_str(db, a, &versioning, err, "SELECT versioning FROM s3_bucket WHERE name=?", "s", bucket);
    if (status == ST_NOT_FOUND)
        return object_fail_bucket(err, bucket);
    TRY(status);
    ObjectDeleted ignored = { 0 };
    int64_t there;
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM s3_object WHERE bucket=? AND key=? AND latest=1 AND delete_marker=0",
                   "ss", bucket, key));
    return there ? delete_latest(db, a, bucket, versioning, &(ObjectDelete){ .key = key }, &ignored, err) : ST_OK;
}

Status object_remove_below(Db *db, Arena *a, const char *bucket, const char *prefix, Error *err)
{
    StrList keys = { 0 };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err,
                     "SELECT key FROM s3_object INDEXED BY s3_object_latest WHERE latest=1 AND delete_marker=0 AND bucket=?"
                     " AND key>=? AND key<?", "sss", bucket, prefix, object_prefix_end(a, prefix)));
        while (row_next(row))
            vec_push(a, &keys, row_str_in(row, a, 0));
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < keys.len; i++)
        TRY(object_remove(db, a, bucket, keys.at[i], err));
    return ST_OK;
}

Status object_delete(Objects *objects, Arena *a, const char *bucket, const ObjectDelete *keys, size_t count,
                     ObjectDeleted *ret_deleted, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    TRY(bucket_check(db, bucket, err));
    char *versioning;
    TRY(db_get_str(db, a, &versioning, err, "SELECT versioning FROM s3_bucket WHERE name=?", "s", bucket));
    for (size_t i = 0; i < count; i++) {
        Error error = ERROR_INIT;
        ret_deleted[i] = (ObjectDeleted){ 0 };
        Status status = keys[i].version_id ? delete_version(db, a, bucket, &keys[i], &ret_deleted[i], &error)
                                           : delete_latest(db, a, bucket, versioning, &keys[i], &ret_deleted[i], &error);
        if (status != ST_OK && !error.code[0]) { /* the store failed: nothing of all is done */
            *err = error;
            return status;
        }
        ret_deleted[i].status = status;
        ret_deleted[i].http = error.http;
        ret_deleted[i].error_code = arena_str(a, error.code);
        ret_deleted[i].error_message = arena_str(a, error.message);
    }
    return db_commit(db, err);
}
