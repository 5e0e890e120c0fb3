/* svc/s3/multipart.c -- uploads in parts: create, parts, abort, listings. */
#include "svc/s3/multipart.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

Status upload_missing(const Call *call, Error *err)
{
    object_fail(err, ST_NOT_FOUND, 404, "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");
    error_param(err, "UploadId", val_str(call->input, "UploadId"));
    return ST_NOT_FOUND;
}

Status upload_get(const Call *call, Db *db, bool done_too, Upload *ret_upload, Error *err)
{
    Arena *a = call->arena;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT id, bucket, key, state, result, started_ms, storage_class, headers, metadata, tags, checksum_algorithm,"
                 " checksum_type FROM s3_upload WHERE id=? AND bucket=? AND key=?", "sss", val_str(call->input, "UploadId"),
                 s3_bucket(call), s3_key(call)));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        Bucket bucket;
        TRY(bucket_get(call->server->objects, a, s3_bucket(call), &bucket, err));
        return upload_missing(call, err);
    }
    Upload upload = {
        row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), row_str_in(row, a, 4),
        row_int(row, 5), row_str_in(row, a, 6), row_str_in(row, a, 7), row_str_in(row, a, 8), row_str_in(row, a, 9),
        row_str_in(row, a, 10), row_str_in(row, a, 11),
    };
    if (!done_too && !str_eq(upload.state, "open"))
        return upload_missing(call, err);
    *ret_upload = upload;
    return ST_OK;
}

Status upload_drop_parts(Db *db, Arena *a, const char *upload, Error *err)
{
    StrList files = { 0 };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT file FROM s3_part WHERE upload=?", "s", upload));
        while (row_next(row))
            vec_push(a, &files, row_str_in(row, a, 0));
        TRY(row_status(row, err));
    }
    TRY(db_exec(db, err, "DELETE FROM s3_part WHERE upload=?", "s", upload));
    for (size_t i = 0; i < files.len; i++)
        TRY(object_file_drop(db, files.at[i], err));
    return ST_OK;
}

/* SHA digests exist of parts only; CRC64NVME of the whole only; the other CRCs of both, of parts unless said. */
static Status checksum_choice(const Call *call, const char **ret_algorithm, const char **ret_type, Error *err)
{
    DigestKind kind;
    const char *algorithm = val_str(call->input, "ChecksumAlgorithm"), *type = val_str(call->input, "ChecksumType");
    *ret_algorithm = *ret_type = NULL;
    if (!algorithm)
        return type ? object_fail(err, ST_INVALID, 400, "InvalidRequest",
                                  "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
                    : ST_OK;
    if (!digest_of_name(algorithm, &kind))
        return s3_unsupported(err, arena_printf(call->arena, "checksum algorithm %s", algorithm));
    if (!type)
        type = kind == DIGEST_CRC64NVME ? "FULL_OBJECT" : "COMPOSITE";
    bool whole = str_eq(type, "FULL_OBJECT");
    if ((whole && !digest_is_crc(kind)) || (!whole && kind == DIGEST_CRC64NVME))
        return object_fail(err, ST_INVALID, 400, "InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.",
                           type, digest_name(kind));
    *ret_algorithm = digest_name(kind);
    *ret_type = type;
    return ST_OK;
}

Status s3_create_multipart_upload(Call *call, Error *err)
{
    Arena *a = call->arena;
    TRY(s3_check(call, err));
    Object object = { .bucket = s3_bucket(call), .key = s3_key(call) };
    const char *algorithm, *type;
    TRY(s3_describe(call, &object, err));
    TRY(checksum_choice(call, &algorithm, &type, err));
    TRY(object_key_check(object.key, err));
    Bucket bucket;
    TRY(bucket_get(call->server->objects, a, object.bucket, &bucket, err));
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err,
                "INSERT INTO s3_upload(id, bucket, key, started_ms, owner, state, storage_class, headers, metadata, tags,"
                " checksum_algorithm, checksum_type) VALUES(?,?,?,?,?,'open',?,?,?,?,?,?)", "sssisssssss", id, object.bucket,
                object.key, clock_ms(), call->server->account, object.storage_class, object.headers, object.metadata,
                object.tags, algorithm, type));
    val_set_str(a, call->output, "Bucket", object.bucket);
    val_set_str(a, call->output, "Key", object.key);
    val_set_str(a, call->output, "UploadId", id);
    val_set_str(a, call->output, "ChecksumAlgorithm", algorithm);
    val_set_str(a, call->output, "ChecksumType", type);
    return ST_OK;
}

/* --- parts --- */

static Status part_number(const Call *call, int64_t *ret_number, Error *err)
{
    int64_t number = val_int(call->input, "PartNumber", 0);
    if (number < 1 || number > PART_NUMBER_MAX)
        return s3_invalid_argument(err, "partNumber", arena_printf(call->arena, "%lld", (long long)number),
                                   "Part number must be an integer between 1 and 10000, inclusive");
    *ret_number = number;
    return ST_OK;
}

/* The part's row, in place of one of the same number; only while the upload is open. */
static Status part_put(const Call *call, int64_t number, Spool *spool, const Object *part, Error *err)
{
    Arena *a = call->arena;
    TRY(spool_place(spool, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Upload upload;
    TRY(upload_get(call, db, false, &upload, err));
    char *before = NULL;
    Status status = db_get_str(db, a, &before, err, "SELECT file FROM s3_part WHERE upload=? AND number=?", "si", upload.id, number);
    if (status != ST_OK && status != ST_NOT_FOUND)
        return status;
    TRY(db_exec(db, err,
                "INSERT OR REPLACE INTO s3_part(upload, number, file, size_bytes, etag, modified_ms, checksum) VALUES(?,?,?,?,?,?,?)",
                "sisisis", upload.id, number, spool_file(spool), spool_size(spool), part->etag, part->modified_ms, part->checksum));
    TRY(object_file_drop(db, before, err));
    return db_commit(db, err);
}

/* What a part is digested by: the upload's algorithm when it has one. */
static Status part_upload(const Call *call, Upload *ret_upload, DigestKind *ret_kind, bool *ret_named, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(upload_get(call, db, false, ret_upload, err));
    *ret_named = digest_of_name(ret_upload->checksum_algorithm, ret_kind);
    return ST_OK;
}

Status s3_upload_part(Call *call, Error *err)
{
    int64_t number;
    Upload upload;
    DigestKind kind;
    bool named;
    TRY(s3_check(call, err));
    TRY(part_number(call, &number, err));
    TRY(part_upload(call, &upload, &kind, &named, err));
    if (!call->body)
        return FAIL(err, ST_INTERNAL, "UploadPart without a body");
    Object part = { .modified_ms = clock_ms() };
    TRY(s3_checksum_body(call, call->body, named ? &kind : NULL, &part, err));
    Object row = part;
    if (!named && !str_eq(part.checksum_algorithm, "CRC64NVME"))
        row.checksum = NULL; /* verified, but of no use to the whole, whose checksum is to be CRC64NVME */
    TRY(part_put(call, number, call->body, &row, err));
    val_set_str(call->arena, call->output, "ETag", s3_quoted(call->arena, part.etag));
    val_set_str(call->arena, call->output, s3_checksum_member(call->arena, part.checksum_algorithm), part.checksum);
    return ST_OK;
}

/* CopySourceRange is strict: both ends, inside the source. */
static Status copy_range(const Call *call, const Object *source, int64_t *ret_offset, int64_t *ret_length, Error *err)
{
    const char *range = val_str(call->input, "CopySourceRange");
    *ret_offset = 0;
    *ret_length = source->size_bytes;
    if (!range)
        return ST_OK;
    static const char unit[] = "bytes=";
    const char *dash = str_starts(range, unit) ? strchr(range + sizeof unit - 1, '-') : NULL;
    int64_t first = -1, last = -1;
    if (dash) {
        const char *from = range + sizeof unit - 1;
        if (!str_to_i64(arena_strn(call->arena, from, (size_t)(dash - from)), &first) || !str_to_i64(dash + 1, &last))
            first = -1;
    }
    if (first < 0 || last < first)
        return s3_invalid_argument(err, "x-amz-copy-source-range", range,
                                   "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
                                   "the zero-based offsets of the first and last bytes to copy");
    if (last >= source->size_bytes)
        return s3_invalid_argument(err, "x-amz-copy-source-range", range,
                                   arena_printf(call->arena, "Range specified is not valid for source object of size: %lld",
                                                (long long)source->size_bytes));
    *ret_offset = first;
    *ret_length = last - first + 1;
    return ST_OK;
}

Status s3_upload_part_copy(Call *call, Error *err)
{
    Arena *a = call->arena;
    int64_t number, offset, length;
    Upload upload;
    DigestKind kind;
    bool named;
    Object source;
    TRY(s3_check(call, err));
    TRY(part_number(call, &number, err));
    TRY(part_upload(call, &upload, &kind, &named, err));
    TRY(s3_copy_source(call, &source, err));
    TRY(copy_range(call, &source, &offset, &length, err));
    spool_auto *spool = NULL;
    TRY(spool_new(call->server->objects, 0, LIMIT_OBJECT_PUT, &spool, err));
    TRY(spool_append_file(spool, source.file, offset, length, err));
    Object part = { .modified_ms = clock_ms() };
    TRY(s3_checksum_body(call, spool, named ? &kind : NULL, &part, err));
    TRY(part_put(call, number, spool, &part, err));
    Val *result = val_map(a);
    val_set_str(a, result, "ETag", s3_quoted(a, part.etag));
    val_set_time(a, result, "LastModified", part.modified_ms);
    if (named)
        val_set_str(a, result, s3_checksum_member(a, part.checksum_algorithm), part.checksum);
    val_set(a, call->output, "CopyPartResult", result);
    if (!str_eq(source.version_id, "null"))
        val_set_str(a, call->output, "CopySourceVersionId", source.version_id);
    return ST_OK;
}

Status s3_abort_multipart_upload(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Upload upload;
    TRY(upload_get(call, db, false, &upload, err));
    TRY(upload_drop_parts(db, call->arena, upload.id, err));
    TRY(db_exec(db, err, "DELETE FROM s3_upload WHERE id=?", "s", upload.id));
    return db_commit(db, err);
}

/* --- listings --- */

static Status show_parts(Call *call, Db *db, const Upload *upload, int64_t after, int64_t max, Error *err)
{
    Arena *a = call->arena;
    Val *parts = val_list(a);
    bool truncated = false;
    int64_t next = 0;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT number, size_bytes, etag, modified_ms, checksum FROM s3_part WHERE upload=? AND number>? ORDER BY number",
                 "si", upload->id, after));
    while (row_next(row)) {
        truncated = (int64_t)val_len(parts) >= max;
        if (truncated)
            break;
        Val *part = val_map(a);
        next = row_int(row, 0);
        val_set_int(a, part, "PartNumber", next);
        val_set_int(a, part, "Size", row_int(row, 1));
        val_set_str(a, part, "ETag", s3_quoted(a, row_str(row, 2)));
        val_set_time(a, part, "LastModified", row_int(row, 3));
        if (upload->checksum_algorithm)
            val_set_str(a, part, s3_checksum_member(a, upload->checksum_algorithm), row_str(row, 4));
        val_push(a, parts, part);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "Parts", parts);
    val_set_bool(a, call->output, "IsTruncated", truncated);
    val_set_int(a, call->output, "NextPartNumberMarker", next);
    return ST_OK;
}

/* A marker that is a text in the model of one operation and a number in another. */
static int64_t marker_number(const Call *call, const char *member)
{
    int64_t number = val_int(call->input, member, 0);
    const char *text = val_str(call->input, member);
    if (text && !str_to_i64(text, &number))
        return -1;
    return number;
}

Status s3_list_parts(Call *call, Error *err)
{
    Arena *a = call->arena;
    TRY(s3_check(call, err));
    int64_t after = marker_number(call, "PartNumberMarker"), max = s3_limit(call, "MaxParts");
    if (after < 0)
        return s3_invalid_argument(err, "part-number-marker", NULL, "Provided part-number-marker is not an integer or within integer range");
    if (max < 0)
        return s3_invalid_argument(err, "max-parts", NULL, "Argument max-parts must be an integer between 0 and 2147483647");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Upload upload;
    TRY(upload_get(call, db, false, &upload, err));
    TRY(show_parts(call, db, &upload, after, max, err));
    val_set_str(a, call->output, "Bucket", upload.bucket);
    val_set_str(a, call->output, "Key", upload.key);
    val_set_str(a, call->output, "UploadId", upload.id);
    val_set_int(a, call->output, "PartNumberMarker", after);
    val_set_int(a, call->output, "MaxParts", max);
    val_set(a, call->output, "Owner", s3_owner(call));
    val_set(a, call->output, "Initiator", s3_owner(call));
    val_set_str(a, call->output, "StorageClass", upload.storage_class ? upload.storage_class : "STANDARD");
    val_set_str(a, call->output, "ChecksumAlgorithm", upload.checksum_algorithm);
    val_set_str(a, call->output, "ChecksumType", upload.checksum_type);
    return ST_OK;
}

typedef struct UploadListing {
    const char *prefix, *delimiter, *key_marker, *id_marker;
    int64_t max;
    Val *uploads, *prefixes;
    const char *last_key, *last_id;
    bool truncated;
} UploadListing;

static Val *listed_upload(const Call *call, Row *row)
{
    Arena *a = call->arena;
    Val *item = val_map(a);
    val_set_str(a, item, "Key", s3_listed(call, row_str(row, 0)));
    val_set_str(a, item, "UploadId", row_str(row, 1));
    val_set_time(a, item, "Initiated", row_int(row, 2));
    val_set_str(a, item, "StorageClass", row_str(row, 3) ? row_str(row, 3) : "STANDARD");
    val_set_str(a, item, "ChecksumAlgorithm", row_str(row, 4));
    val_set_str(a, item, "ChecksumType", row_str(row, 5));
    val_set(a, item, "Owner", s3_owner(call));
    val_set(a, item, "Initiator", s3_owner(call));
    return item;
}

/* Uploads under way are few: all rows of the bucket are looked at. */
static Status scan_uploads(const Call *call, Db *db, UploadListing *l, Error *err)
{
    Arena *a = call->arena;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT key, id, started_ms, storage_class, checksum_algorithm, checksum_type FROM s3_upload"
                 " WHERE bucket=? AND state='open' ORDER BY key, started_ms, id", "s", s3_bucket(call)));
    bool behind = !(l->id_marker && *l->id_marker); /* of the marker's own key: once its id was seen */
    while (row_next(row)) {
        const char *key = row_str(row, 0), *id = row_str(row, 1);
        int order = l->key_marker ? strcmp(key, l->key_marker) : 1;
        bool after = order > 0 || (order == 0 && l->id_marker && *l->id_marker && behind);
        behind = behind || (order == 0 && str_eq(id, l->id_marker));
        if (!after || !str_starts(key, l->prefix))
            continue;
        const char *at = l->delimiter ? strstr(key + strlen(l->prefix), l->delimiter) : NULL;
        const char *rolled = at ? arena_strn(a, key, (size_t)(at - key) + strlen(l->delimiter)) : NULL;
        if (rolled && (str_eq(rolled, l->last_key) || (l->key_marker && str_starts(l->key_marker, rolled))))
            continue;
        l->truncated = (int64_t)(val_len(l->uploads) + val_len(l->prefixes)) >= l->max;
        if (l->truncated)
            break;
        if (rolled) {
            Val *item = val_map(a);
            val_set_str(a, item, "Prefix", s3_listed(call, rolled));
            val_push(a, l->prefixes, item);
        } else {
            val_push(a, l->uploads, listed_upload(call, row));
        }
        l->last_key = rolled ? rolled : arena_str(a, key);
        l->last_id = rolled ? "" : arena_str(a, id);
    }
    return row_status(row, err);
}

Status s3_list_multipart_uploads(Call *call, Error *err)
{
    Arena *a = call->arena;
    TRY(s3_check(call, err));
    Bucket bucket;
    TRY(bucket_get(call->server->objects, a, s3_bucket(call), &bucket, err));
    const char *prefix = val_str(call->input, "Prefix"), *delimiter = val_str(call->input, "Delimiter");
    UploadListing l = { .prefix = prefix ? prefix : "", .delimiter = delimiter && *delimiter ? delimiter : NULL,
                        .key_marker = val_str(call->input, "KeyMarker"), .id_marker = val_str(call->input, "UploadIdMarker"),
                        .max = s3_limit(call, "MaxUploads"), .uploads = val_list(a), .prefixes = val_list(a) };
    if (l.key_marker && !*l.key_marker)
        l.key_marker = NULL;
    if (l.max < 0)
        return s3_invalid_argument(err, "max-uploads", NULL, "Argument max-uploads must be an integer between 0 and 2147483647");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(scan_uploads(call, db, &l, err));
    val_set_str(a, call->output, "Bucket", s3_bucket(call));
    val_set_str(a, call->output, "KeyMarker", s3_listed(call, l.key_marker ? l.key_marker : ""));
    val_set_str(a, call->output, "UploadIdMarker", l.key_marker && l.id_marker ? l.id_marker : "");
    val_set_str(a, call->output, "Prefix", s3_listed(call, l.prefix));
    val_set_str(a, call->output, "Delimiter", s3_listed(call, l.delimiter));
    val_set_str(a, call->output, "EncodingType", val_str(call->input, "EncodingType"));
    val_set_int(a, call->output, "MaxUploads", l.max);
    val_set_bool(a, call->output, "IsTruncated", l.truncated);
    if (l.truncated) {
        val_set_str(a, call->output, "NextKeyMarker", s3_listed(call, l.last_key));
        val_set_str(a, call->output, "NextUploadIdMarker", l.last_id);
    }
    val_set(a, call->output, "Uploads", l.uploads);
    val_set(a, call->output, "CommonPrefixes", l.prefixes);
    return ST_OK;
}
