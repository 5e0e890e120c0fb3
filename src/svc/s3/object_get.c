/* svc/s3/object_get.c -- GetObject, HeadObject, GetObjectAttributes. */
#include "svc/s3/s3.h"

#include "base/str.h"

/* Which bytes are wanted. */
typedef struct Slice {
    int64_t offset, length;
    bool partial;
    int64_t parts; /* of the object, 0: not asked by part */
} Slice;

/* "bytes=a-b", "bytes=a-", "bytes=-n". False: not one range in bytes, which is to be ignored (RFC 9110, 14.2). */
static bool range_parse(const char *text, int64_t *ret_first, int64_t *ret_last)
{
    static const char unit[] = "bytes=";
    if (!str_istarts(text, unit) || strchr(text, ','))
        return false;
    text += sizeof unit - 1;
    const char *dash = strchr(text, '-');
    if (!dash)
        return false;
    char first[24] = { 0 };
    size_t n = (size_t)(dash - text);
    if (n >= sizeof first)
        return false;
    memcpy(first, text, n);
    *ret_first = *ret_last = -1;
    if (n && (!str_to_i64(first, ret_first) || *ret_first < 0))
        return false;
    if (dash[1] && (!str_to_i64(dash + 1, ret_last) || *ret_last < 0))
        return false;
    return (n || dash[1]) && (!n || !dash[1] || *ret_first <= *ret_last);
}

static Status fail_range(const Call *call, const Object *object, const char *range, Error *err)
{
    object_fail(err, ST_INVALID, 416, "InvalidRange", "The requested range is not satisfiable");
    error_param(err, "RangeRequested", range);
    error_param(err, "ActualObjectSize", arena_printf(call->arena, "%lld", (long long)object->size_bytes));
    return ST_INVALID;
}

static Status slice_of_range(const Call *call, const Object *object, const char *range, Slice *ret_slice, Error *err)
{
    int64_t first, last, size = object->size_bytes;
    if (!range_parse(range, &first, &last))
        return ST_OK;
    if (first < 0) { /* the last `last` bytes */
        if (last == 0 || size == 0)
            return fail_range(call, object, range, err);
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    if (first >= size)
        return fail_range(call, object, range, err);
    if (last < 0 || last >= size)
        last = size - 1;
    *ret_slice = (Slice){ .offset = first, .length = last - first + 1, .partial = true };
    return ST_OK;
}

static Status slice_of_part(const Call *call, const Object *object, int64_t number, Slice *ret_slice, Error *err)
{
    Val *parts = NULL;
    if (object->parts && !val_from_json(call->arena, object->parts, strlen(object->parts), &parts))
        return FAIL(err, ST_INTERNAL, "parts of s3://%s/%s", object->bucket, object->key);
    int64_t count = parts ? (int64_t)val_len(parts) : 1, offset = 0;
    if (number < 1 || number > 10000)
        return s3_invalid_argument(err, "partNumber", NULL, "Part number must be an integer between 1 and 10000, inclusive");
    if (number > count) {
        object_fail(err, ST_INVALID, 416, "InvalidPartNumber", "The requested partnumber is not satisfiable");
        error_param(err, "PartNumberRequested", arena_printf(call->arena, "%lld", (long long)number));
        error_param(err, "ActualPartCount", arena_printf(call->arena, "%lld", (long long)count));
        return ST_INVALID;
    }
    for (int64_t i = 0; i < number - 1; i++)
        offset += val_at(val_at(parts, (size_t)i), 1)->i;
    int64_t length = parts ? val_at(val_at(parts, (size_t)(number - 1)), 1)->i : object->size_bytes;
    *ret_slice = (Slice){ .offset = offset, .length = length, .partial = true, .parts = parts ? count : 0 };
    return ST_OK;
}

static Status slice_of_request(const Call *call, const Object *object, Slice *ret_slice, Error *err)
{
    const char *range = val_str(call->input, "Range");
    bool by_part = val_get(call->input, "PartNumber") != NULL;
    *ret_slice = (Slice){ .offset = 0, .length = object->size_bytes };
    if (range && by_part)
        return object_fail(err, ST_INVALID, 400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
    if (by_part)
        return slice_of_part(call, object, val_int(call->input, "PartNumber", 0), ret_slice, err);
    return range ? slice_of_range(call, object, range, ret_slice, err) : ST_OK;
}

/* response-content-type=… and the like replace what the object says. */
static void show_overrides(const Call *call)
{
    static const char *const names[] = { "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType",
                                         "Expires" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Val *value = val_get(call->input, arena_printf(call->arena, "Response%s", names[i]));
        if (!value)
            continue;
        Val *copy = ARENA_NEW(call->arena, Val);
        *copy = *value;
        val_set(call->arena, call->output, names[i], copy);
    }
}

static Status fail_marker(const Call *call, const Object *object, Error *err)
{
    http_add_header(call->request, call->response, "x-amz-delete-marker", "true");
    http_add_header(call->request, call->response, "x-amz-version-id", object->version_id);
    object_fail(err, ST_INVALID, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    error_param(err, "Method", call->request->method);
    error_param(err, "ResourceType", "DeleteMarker");
    return ST_INVALID;
}

/* The object asked for, with its conditions checked. *ret_send false: 304, all is said. */
static Status find(Call *call, Object *ret_object, bool *ret_send, Error *err)
{
    TRY(s3_check(call, err));
    Object object;
    Status status = object_get(call->server->objects, call->arena, s3_bucket(call), s3_key(call),
                               val_str(call->input, "VersionId"), &object, err);
    if (status != ST_OK && error_param_get(err, "DeleteMarker")) {
        http_add_header(call->request, call->response, "x-amz-delete-marker", "true");
        http_add_header(call->request, call->response, "x-amz-version-id",
                        arena_str(call->arena, error_param_get(err, "VersionId")));
    }
    TRY(status);
    if (object.delete_marker)
        return fail_marker(call, &object, err);
    ReadCondition condition = {
        val_str(call->input, "IfMatch"), val_str(call->input, "IfNoneMatch"), val_time(call->input, "IfModifiedSince", -1),
        val_time(call->input, "IfUnmodifiedSince", -1),
    };
    ReadAnswer answer = s3_read_condition(&condition, &object);
    if (answer == READ_FAILED)
        return s3_precondition_failed(err, condition.if_match ? "If-Match" : "If-Unmodified-Since");
    if (answer == READ_NOT_MODIFIED) {
        call->response->status = 304;
        val_set_str(call->arena, call->output, "ETag", s3_quoted(call->arena, object.etag));
        val_set_time(call->arena, call->output, "LastModified", object.modified_ms);
    }
    *ret_object = object;
    *ret_send = answer == READ_GO;
    return ST_OK;
}

static Status show(Call *call, const Object *object, const Slice *slice, Error *err)
{
    Arena *a = call->arena;
    s3_show(call, object);
    show_overrides(call);
    TRY(s3_show_version(call, object, err));
    bool whole = slice->length == object->size_bytes;
    if (whole && str_eq(val_str(call->input, "ChecksumMode"), "ENABLED"))
        s3_checksum_show(call, call->output, object);
    if (slice->parts)
        val_set_int(a, call->output, "PartsCount", slice->parts);
    if (slice->partial) {
        call->response->status = 206;
        val_set_str(a, call->output, "ContentRange",
                    slice->length ? arena_printf(a, "bytes %lld-%lld/%lld", (long long)slice->offset,
                                                 (long long)(slice->offset + slice->length - 1), (long long)object->size_bytes)
                                  : NULL);
    }
    call->response->file_offset = slice->offset;
    call->response->file_len = slice->length;
    return ST_OK;
}

/* A file may go between its row's read and the open only when the grace is over: then the row has gone too. */
Status s3_get_object(Call *call, Error *err)
{
    Object object;
    Slice slice;
    bool send;
    TRY(find(call, &object, &send, err));
    if (!send)
        return ST_OK;
    TRY(slice_of_request(call, &object, &slice, err));
    TRY(show(call, &object, &slice, err));
    return object_open(call->server->objects, &object, &call->response->file_fd, err);
}

Status s3_head_object(Call *call, Error *err)
{
    Object object;
    Slice slice;
    bool send;
    TRY(find(call, &object, &send, err));
    if (!send)
        return ST_OK;
    TRY(slice_of_request(call, &object, &slice, err));
    call->response->head_only = true;
    return show(call, &object, &slice, err);
}

/* --- GetObjectAttributes --- */

static bool wants(const Call *call, const char *attribute)
{
    const Val *list = val_get(call->input, "ObjectAttributes");
    for (size_t i = 0; i < val_len(list); i++) {
        if (str_eq(val_at(list, i)->s, attribute))
            return true;
    }
    return false;
}

static Status attributes_check(const Call *call, Error *err)
{
    const Val *list = val_get(call->input, "ObjectAttributes");
    for (size_t i = 0; i < val_len(list); i++) {
        const char *name = val_at(list, i)->s;
        if (!name || !s3_one_of(name, " ETag Checksum ObjectParts StorageClass ObjectSize "))
            return s3_invalid_argument(err, "x-amz-object-attributes", name, "Invalid attribute name specified.");
    }
    return ST_OK;
}

static Status attributes_parts(Call *call, const Object *object, Error *err)
{
    Arena *a = call->arena;
    Val *parts = NULL;
    if (!object->parts)
        return ST_OK;
    if (!val_from_json(a, object->parts, strlen(object->parts), &parts))
        return FAIL(err, ST_INTERNAL, "parts of s3://%s/%s", object->bucket, object->key);
    int64_t after = val_int(call->input, "PartNumberMarker", 0), max = s3_limit(call, "MaxParts");
    const char *marker = val_str(call->input, "PartNumberMarker"); /* a text in the model */
    if (marker && !str_to_i64(marker, &after))
        return s3_invalid_argument(err, "part-number-marker", marker, "Provided part-number-marker is not an integer");
    Val *out = val_map(a), *list = val_list(a);
    bool truncated = false, checksums = false;
    int64_t next = after;
    for (size_t i = 0; i < val_len(parts); i++) {
        const Val *part = val_at(parts, i);
        int64_t number = val_at(part, 0)->i;
        if (number <= after)
            continue;
        truncated = (int64_t)val_len(list) >= max;
        if (truncated)
            break;
        Val *item = val_map(a);
        val_set_int(a, item, "PartNumber", number);
        val_set_int(a, item, "Size", val_at(part, 1)->i);
        const char *checksum = val_at(part, 2) ? val_at(part, 2)->s : NULL;
        if (checksum && object->checksum_algorithm)
            val_set_str(a, item, s3_checksum_member(a, object->checksum_algorithm), checksum);
        checksums = checksums || checksum;
        val_push(a, list, item);
        next = number;
    }
    val_set_int(a, out, "TotalPartsCount", (int64_t)val_len(parts));
    if (checksums) { /* S3 lists the parts only when they have checksums */
        val_set_str(a, out, "PartNumberMarker", arena_printf(a, "%lld", (long long)after));
        val_set_str(a, out, "NextPartNumberMarker", arena_printf(a, "%lld", (long long)next));
        val_set_int(a, out, "MaxParts", max);
        val_set_bool(a, out, "IsTruncated", truncated);
        val_set(a, out, "Parts", list);
    }
    val_set(a, call->output, "ObjectParts", out);
    return ST_OK;
}

Status s3_get_object_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    Object object;
    bool send;
    TRY(attributes_check(call, err));
    TRY(find(call, &object, &send, err));
    val_set_time(a, call->output, "LastModified", object.modified_ms);
    TRY(s3_show_version(call, &object, err));
    if (wants(call, "ETag"))
        val_set_str(a, call->output, "ETag", object.etag);
    if (wants(call, "StorageClass"))
        val_set_str(a, call->output, "StorageClass", object.storage_class ? object.storage_class : "STANDARD");
    if (wants(call, "ObjectSize"))
        val_set_int(a, call->output, "ObjectSize", object.size_bytes);
    if (wants(call, "Checksum") && object.checksum) {
        Val *checksum = val_map(a);
        s3_checksum_show(call, checksum, &object);
        val_set(a, call->output, "Checksum", checksum);
    }
    return wants(call, "ObjectParts") ? attributes_parts(call, &object, err) : ST_OK;
}
