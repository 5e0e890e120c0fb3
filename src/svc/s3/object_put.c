/* svc/s3/object_put.c -- PutObject and CopyObject. */
#include "svc/s3/s3.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

Status s3_put_object(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    WriteCondition condition;
    Object object = { .bucket = s3_bucket(call), .key = s3_key(call) }, made;
    TRY(s3_write_condition(call, &condition, err));
    TRY(s3_describe(call, &object, err));
    DigestKind preferred;
    bool named = digest_of_name(val_str(call->input, "ChecksumAlgorithm"), &preferred);
    if (!call->body)
        return FAIL(err, ST_INTERNAL, "PutObject without a body");
    TRY(s3_checksum_body(call, call->body, named ? &preferred : NULL, &object, err));
    TRY(object_put(call->server->objects, call->arena, call->body, &object, &condition, &made, err));
    val_set_str(call->arena, call->output, "ETag", s3_quoted(call->arena, made.etag));
    s3_checksum_show(call, call->output, &made);
    if (!str_eq(made.version_id, "null"))
        val_set_str(call->arena, call->output, "VersionId", made.version_id);
    return ST_OK;
}

/* --- copies --- */

/* "bucket/key?versionId=…", percent-encoded, with or without a slash in front. */
static Status source_parse(const Call *call, const char **ret_bucket, const char **ret_key, const char **ret_version, Error *err)
{
    Arena *a = call->arena;
    const char *source = val_str(call->input, "CopySource");
    const char *version = strstr(source, "?versionId=");
    size_t length = version ? (size_t)(version - source) : strlen(source), decoded_len;
    char *decoded, *decoded_version = NULL;
    bool ok = uri_decode(a, source, length, false, &decoded, &decoded_len);
    if (ok && version) {
        version += strlen("?versionId=");
        ok = uri_decode(a, version, strlen(version), false, &decoded_version, &length) && *decoded_version;
    }
    if (ok && str_starts(decoded, "arn:"))
        return s3_unsupported(err, "a copy source that is an access point");
    decoded += ok && *decoded == '/';
    const char *slash = ok ? strchr(decoded, '/') : NULL;
    if (!slash || slash == decoded || !slash[1])
        return s3_invalid_argument(err, "x-amz-copy-source", source,
                                   "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    *ret_bucket = arena_strn(a, decoded, (size_t)(slash - decoded));
    *ret_key = slash + 1;
    *ret_version = decoded_version;
    return ST_OK;
}

Status s3_copy_source(const Call *call, Object *ret_source, Error *err)
{
    const char *bucket = NULL, *key = NULL, *version = NULL;
    TRY(source_parse(call, &bucket, &key, &version, err));
    Object source;
    TRY(object_get(call->server->objects, call->arena, bucket, key, version, &source, err));
    if (source.delete_marker)
        return object_fail(err, ST_INVALID, 400, "InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.");
    ReadCondition condition = {
        val_str(call->input, "CopySourceIfMatch"), val_str(call->input, "CopySourceIfNoneMatch"),
        val_time(call->input, "CopySourceIfModifiedSince", -1), val_time(call->input, "CopySourceIfUnmodifiedSince", -1),
    };
    if (s3_read_condition(&condition, &source) != READ_GO)
        return s3_precondition_failed(err, "x-amz-copy-source-If-*");
    if (source.size_bytes > LIMIT_OBJECT_PUT)
        return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                           "The specified copy source is larger than the maximum allowable size for a copy source: %lld",
                           LIMIT_OBJECT_PUT);
    *ret_source = source;
    return ST_OK;
}

/* The copy of a multipart object is one piece: its ETag is the MD5 of its bytes, its checksum one over all of them. */
static Status copy_digests(const Call *call, const Object *source, Object *copy, Error *err)
{
    Arena *a = call->arena;
    DigestKind kind = DIGEST_CRC64NVME;
    const char *wanted = val_str(call->input, "ChecksumAlgorithm");
    (void)digest_of_name(wanted ? wanted : source->checksum_algorithm, &kind);
    bool pieces = strchr(source->etag, '-') != NULL || str_eq(source->checksum_type, "COMPOSITE");
    copy->etag = source->etag;
    copy->checksum_algorithm = source->checksum_algorithm;
    copy->checksum = source->checksum;
    copy->checksum_type = source->checksum_type;
    if (!pieces && source->checksum && str_eq(source->checksum_algorithm, digest_name(kind)))
        return ST_OK;
    digester_auto *digester = digester_new(DIGEST_BIT(DIGEST_MD5) | DIGEST_BIT(kind));
    TRY(object_file_digest(call->server->objects, source->file, 0, source->size_bytes, digester, err));
    digester_end(digester);
    char *hex = arena_alloc(a, 2 * DIGEST_BYTES_MAX + 1);
    hex_encode(digester_get(digester, DIGEST_MD5), digest_size(DIGEST_MD5), hex);
    copy->etag = hex;
    copy->checksum_algorithm = digest_name(kind);
    copy->checksum = digest_text(a, kind, digester_get(digester, kind));
    copy->checksum_type = "FULL_OBJECT";
    return ST_OK;
}

static Status copy_describe(const Call *call, const Object *source, Object *copy, Error *err)
{
    bool replace = str_eq(val_str(call->input, "MetadataDirective"), "REPLACE");
    bool replace_tags = str_eq(val_str(call->input, "TaggingDirective"), "REPLACE");
    bool itself = str_eq(copy->bucket, source->bucket) && str_eq(copy->key, source->key) && source->latest;
    if (itself && !replace && !val_str(call->input, "StorageClass") && !val_str(call->input, "WebsiteRedirectLocation"))
        return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                           "This copy request is illegal because it is trying to copy an object to itself without changing the "
                           "object's metadata, storage class, website redirect location or encryption attributes.");
    TRY(s3_describe(call, copy, err));
    if (!replace) {
        copy->headers = source->headers;
        copy->metadata = source->metadata;
    }
    if (!replace_tags)
        copy->tags = source->tags;
    copy->row_count = source->row_count;
    return copy_digests(call, source, copy, err);
}

/* A copy shares the source's file: bytes never change. In the transaction the source must still be there. */
static Status copy_insert(const Call *call, const Object *source, const Object *copy, const WriteCondition *condition,
                          Object *ret_made, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    int64_t there;
    TRY(db_get_int(db, &there, err, "SELECT EXISTS(SELECT 1 FROM s3_object WHERE file=?)", "s", source->file));
    if (!there)
        return object_fail(err, ST_NOT_FOUND, 404, "NoSuchKey", "The specified key does not exist.");
    Object made;
    TRY(object_insert(call->server->objects, db, call->arena, copy, condition, &made, err));
    TRY(db_commit(db, err));
    *ret_made = made;
    return ST_OK;
}

Status s3_copy_object(Call *call, Error *err)
{
    Arena *a = call->arena;
    TRY(s3_check(call, err));
    Object source, made;
    WriteCondition condition;
    TRY(s3_write_condition(call, &condition, err));
    TRY(s3_copy_source(call, &source, err));
    Object copy = { .bucket = s3_bucket(call), .key = s3_key(call), .file = source.file, .size_bytes = source.size_bytes };
    TRY(copy_describe(call, &source, &copy, err));
    TRY(copy_insert(call, &source, &copy, &condition, &made, err));
    Val *result = val_map(a);
    val_set_str(a, result, "ETag", s3_quoted(a, made.etag));
    val_set_time(a, result, "LastModified", made.modified_ms);
    s3_checksum_show(call, result, &made);
    val_set(a, call->output, "CopyObjectResult", result);
    if (!str_eq(source.version_id, "null"))
        val_set_str(a, call->output, "CopySourceVersionId", source.version_id);
    if (!str_eq(made.version_id, "null"))
        val_set_str(a, call->output, "VersionId", made.version_id);
    return ST_OK;
}
