/* svc/s3/describe.c -- an object's headers, metadata, storage class and tags: from a request, to a response. */
#include "svc/s3/s3.h"

#include "base/limits.h"
#include "base/str.h"

static const char *const content_headers[] = {
    "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires",
    "WebsiteRedirectLocation",
};
enum { CONTENT_HEADERS = sizeof content_headers / sizeof *content_headers, TAGS_PER_OBJECT = 10 };

/* Classes whose objects can be read at once: they are a label here. The archive classes need a restore first. */
static const char *const storage_classes[] = {
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR",
};

static Status describe_storage_class(const Call *call, Object *ret_object, Error *err)
{
    const char *class = val_str(call->input, "StorageClass");
    if (!class)
        return ST_OK;
    if (str_eq(class, "GLACIER") || str_eq(class, "DEEP_ARCHIVE"))
        return s3_unsupported(err, "StorageClass GLACIER and DEEP_ARCHIVE");
    for (size_t i = 0; i < sizeof storage_classes / sizeof *storage_classes; i++) {
        if (str_eq(class, storage_classes[i])) {
            ret_object->storage_class = i ? storage_classes[i] : NULL;
            return ST_OK;
        }
    }
    return object_fail(err, ST_INVALID, 400, "InvalidStorageClass", "The storage class you specified is not valid");
}

/* aws-chunked describes the transfer, not the object. */
static const char *without_aws_chunked(Arena *a, const char *encoding)
{
    static const char chunked[] = "aws-chunked";
    if (!encoding || !str_istarts(encoding, chunked))
        return encoding;
    encoding += sizeof chunked - 1;
    encoding += strspn(encoding, ", ");
    return *encoding ? arena_str(a, encoding) : NULL;
}

Status s3_describe_headers(const Call *call, Object *ret_object, Error *err)
{
    Arena *a = call->arena;
    Val *headers = val_map(a);
    for (int i = 0; i < CONTENT_HEADERS; i++) {
        const char *value = val_str(call->input, content_headers[i]);
        if (str_eq(content_headers[i], "ContentEncoding"))
            value = without_aws_chunked(a, value);
        val_set_str(a, headers, content_headers[i], value);
    }
    ret_object->headers = val_len(headers) ? val_to_json(a, headers) : NULL;
    const Val *metadata = val_get(call->input, "Metadata");
    size_t bytes = 0;
    for (size_t i = 0; i < val_len(metadata); i++)
        bytes += strlen(metadata->names[i]) + metadata->items[i]->len;
    if (bytes > LIMIT_OBJECT_METADATA) {
        object_fail(err, ST_LIMIT, 400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
        error_param(err, "Size", arena_printf(a, "%zu", bytes));
        error_param(err, "MaxSizeAllowed", "2048");
        return ST_LIMIT;
    }
    ret_object->metadata = val_len(metadata) ? val_to_json(a, metadata) : NULL;
    return ST_OK;
}

/* "a=1&b=2", percent-encoded. */
static Status tags_of_header(const Call *call, const char *header, Val **ret_set, Error *err)
{
    Arena *a = call->arena;
    Val *set = val_list(a);
    for (const char *p = header; *p;) {
        size_t length = strcspn(p, "&"), key_len = strcspn(p, "=&");
        char *key, *value = arena_str(a, "");
        size_t ignored;
        bool ok = uri_decode(a, p, key_len, true, &key, &ignored);
        if (ok && key_len < length)
            ok = uri_decode(a, p + key_len + 1, length - key_len - 1, true, &value, &ignored);
        if (!ok)
            return s3_invalid_argument(err, "x-amz-tagging", header,
                                       "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.");
        Val *tag = val_map(a);
        val_set_str(a, tag, "Key", key);
        val_set_str(a, tag, "Value", value);
        val_push(a, set, tag);
        p += length;
        p += *p == '&';
    }
    *ret_set = set;
    return ST_OK;
}

static Status fail_tag(Error *err, const char *key, const char *message)
{
    object_fail(err, ST_INVALID, 400, "InvalidTag", "%s", message);
    if (key)
        error_param(err, "TagKey", key);
    return ST_INVALID;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

Status s3_tags_of_set(const Call *call, const Val *tag_set, size_t max, char **ret_json, Error *err)
{
    Arena *a = call->arena;
    Val *tags = val_map(a);
    for (size_t i = 0; i < val_len(tag_set); i++) {
        const char *key = val_str(val_at(tag_set, i), "Key"), *value = val_str(val_at(tag_set, i), "Value");
        value = value ? value : "";
        if (!key || !*key || characters(key) > 128)
            return fail_tag(err, key, "The TagKey you have provided is invalid");
        if (characters(value) > 256)
            return fail_tag(err, key, "The TagValue you have provided is invalid");
        if (str_istarts(key, "aws:"))
            return fail_tag(err, key, "System tags cannot be added/updated by requester");
        if (val_get(tags, key))
            return fail_tag(err, key, "Cannot provide multiple Tags with the same key");
        val_set_str(a, tags, key, value);
    }
    if (val_len(tags) > max)
        return object_fail(err, ST_INVALID, 400, "BadRequest", "Object tags cannot be greater than %zu", max);
    *ret_json = val_len(tags) ? val_to_json(a, tags) : NULL;
    return ST_OK;
}

Val *s3_tags_show(Arena *a, const char *json)
{
    Val *set = val_list(a), *tags = NULL;
    if (!json || !val_from_json(a, json, strlen(json), &tags))
        return set;
    for (size_t i = 0; i < val_len(tags); i++) {
        Val *tag = val_map(a);
        val_set_str(a, tag, "Key", tags->names[i]);
        val_set_str(a, tag, "Value", tags->items[i]->s);
        val_push(a, set, tag);
    }
    return set;
}

Status s3_describe_tags(const Call *call, Object *ret_object, Error *err)
{
    const char *header = val_str(call->input, "Tagging");
    if (!header)
        return ST_OK;
    Val *set = NULL;
    char *json;
    TRY(tags_of_header(call, header, &set, err));
    TRY(s3_tags_of_set(call, set, TAGS_PER_OBJECT, &json, err));
    ret_object->tags = json;
    return ST_OK;
}

Status s3_describe(const Call *call, Object *ret_object, Error *err)
{
    TRY(describe_storage_class(call, ret_object, err));
    TRY(s3_describe_tags(call, ret_object, err));
    TRY(s3_describe_headers(call, ret_object, err));
    ret_object->run = call->principal ? call->principal->run : NULL;
    ret_object->row_count = -1;
    return ST_OK;
}

void s3_show(const Call *call, const Object *object)
{
    Arena *a = call->arena;
    Val *headers = NULL, *metadata = NULL, *tags = NULL;
    if (object->headers && val_from_json(a, object->headers, strlen(object->headers), &headers)) {
        for (size_t i = 0; i < val_len(headers); i++)
            val_set(a, call->output, headers->names[i], headers->items[i]);
    }
    if (!val_str(call->output, "ContentType"))
        val_set_str(a, call->output, "ContentType", "binary/octet-stream");
    if (object->metadata && val_from_json(a, object->metadata, strlen(object->metadata), &metadata))
        val_set(a, call->output, "Metadata", metadata);
    if (object->tags && val_from_json(a, object->tags, strlen(object->tags), &tags))
        val_set_int(a, call->output, "TagCount", (int64_t)val_len(tags));
    val_set_str(a, call->output, "StorageClass", object->storage_class);
    val_set_str(a, call->output, "ETag", s3_quoted(a, object->etag));
    val_set_time(a, call->output, "LastModified", object->modified_ms);
    val_set_str(a, call->output, "AcceptRanges", "bytes");
}

Status s3_show_version(const Call *call, const Object *object, Error *err)
{
    Bucket bucket;
    TRY(bucket_get(call->server->objects, call->arena, object->bucket, &bucket, err));
    if (bucket.versioning)
        val_set_str(call->arena, call->output, "VersionId", object->version_id);
    return ST_OK;
}
