/* lake/bucket.c -- buckets and their stored settings. */
#include "lake/objects.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>

/* "Bucket naming rules", general purpose buckets. */
bool bucket_name_valid(const char *name)
{
    size_t n = strlen(name);
    if (n < 3 || n > 63)
        return false;
    int dots = 0, others = 0;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool edge = i == 0 || i == n - 1;
        if (!islower((unsigned char)c) && !isdigit((unsigned char)c) && (edge || (c != '-' && c != '.')))
            return false;
        if (c == '.' && name[i + 1] == '.')
            return false;
        dots += c == '.';
        others += c != '.' && !isdigit((unsigned char)c);
    }
    bool address = dots == 3 && !others; /* 192.168.5.4 */
    return !address && !str_starts(name, "xn--") && !str_starts(name, "sthree-") && !str_starts(name, "amzn-s3-demo-") &&
           !str_ends(name, "-s3alias") && !str_ends(name, "--ol-s3") && !str_ends(name, ".mrap") && !str_ends(name, "--x-s3") &&
           !str_ends(name, "--table-s3");
}

static void bucket_of_row(Row *row, Arena *a, Bucket *ret_bucket)
{
    *ret_bucket = (Bucket){ row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_int(row, 3),
                            row_str_in(row, a, 4) };
}
#define BUCKET_COLUMNS "name, owner, region, created_ms, versioning"

Status bucket_create(Objects *objects, const char *name, const char *owner, const char *region, Error *err)
{
    if (!bucket_name_valid(name)) {
        object_fail(err, ST_INVALID, 400, "InvalidBucketName", "The specified bucket is not valid.");
        error_param(err, "BucketName", name);
        return ST_INVALID;
    }
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    Status status = db_exec(db, err, "INSERT INTO s3_bucket(name, owner, region, created_ms) VALUES(?,?,?,?)", "sssi", name,
                            owner, region, clock_ms());
    if (status == ST_CONFLICT) {
        object_fail(err, ST_CONFLICT, 409, "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.");
        error_param(err, "BucketName", name);
    }
    return status;
}

Status bucket_get(Objects *objects, Arena *a, const char *name, Bucket *ret_bucket, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " BUCKET_COLUMNS " FROM s3_bucket WHERE name=?", "s", name));
    if (row_next(row)) {
        bucket_of_row(row, a, ret_bucket);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return object_fail_bucket(err, name);
}

/* Uploads under way do not keep a bucket: they go with it, and their files onto the garbage list. */
Status bucket_delete(Objects *objects, const char *name, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    int64_t busy;
    TRY(db_get_int(db, &busy, err, "SELECT EXISTS(SELECT 1 FROM s3_object WHERE bucket=?)", "s", name));
    if (busy) {
        object_fail(err, ST_CONFLICT, 409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
        error_param(err, "BucketName", name);
        return ST_CONFLICT;
    }
    TRY(db_exec(db, err,
                "INSERT OR IGNORE INTO s3_garbage(file, since_ms) SELECT file, ? FROM s3_part"
                " WHERE upload IN (SELECT id FROM s3_upload WHERE bucket=?)", "is", clock_ms(), name));
    TRY(db_exec(db, err, "DELETE FROM s3_upload WHERE bucket=?", "s", name));
    TRY(db_exec(db, err, "DELETE FROM s3_bucket WHERE name=?", "s", name));
    if (!db_changes(db))
        return object_fail_bucket(err, name);
    return db_commit(db, err);
}

Status bucket_list(Objects *objects, Arena *a, BucketList *ret_buckets, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " BUCKET_COLUMNS " FROM s3_bucket ORDER BY name", ""));
    BucketList buckets = { 0 };
    while (row_next(row)) {
        Bucket bucket;
        bucket_of_row(row, a, &bucket);
        vec_push(a, &buckets, bucket);
    }
    TRY(row_status(row, err));
    *ret_buckets = buckets;
    return ST_OK;
}

Status bucket_set_versioning(Objects *objects, const char *name, const char *status, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_exec(db, err, "UPDATE s3_bucket SET versioning=? WHERE name=?", "ss", status, name));
    return db_changes(db) ? ST_OK : object_fail_bucket(err, name);
}

Status bucket_config_set(Objects *objects, const char *bucket, const char *kind, const char *body, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    int64_t there;
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM s3_bucket WHERE name=?", "s", bucket));
    if (!there)
        return object_fail_bucket(err, bucket);
    if (body)
        TRY(db_exec(db, err, "INSERT OR REPLACE INTO s3_bucket_config(bucket, kind, body) VALUES(?,?,?)", "sss", bucket, kind,
                    body));
    else
        TRY(db_exec(db, err, "DELETE FROM s3_bucket_config WHERE bucket=? AND kind=?", "ss", bucket, kind));
    return db_commit(db, err);
}

Status bucket_config_get(Objects *objects, Arena *a, const char *bucket, const char *kind, char **ret_body, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT c.body FROM s3_bucket b LEFT JOIN s3_bucket_config c ON c.bucket=b.name AND c.kind=? WHERE b.name=?",
                 "ss", kind, bucket));
    if (row_next(row)) {
        *ret_body = row_str_in(row, a, 0);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return object_fail_bucket(err, bucket);
}
