/* svc/s3/checksum.c -- Content-MD5 and x-amz-checksum-*: verified on the way in, shown on the way out. */
#include "svc/s3/s3.h"

#include "base/str.h"

char *s3_checksum_member(Arena *a, const char *algorithm)
{
    return arena_printf(a, "Checksum%s", algorithm);
}

/* Trailers come after the input was decoded: api adds them to the request's headers. */
static const char *checksum_text(const Call *call, const Val *input, DigestKind kind)
{
    const char *text = val_str(input, s3_checksum_member(call->arena, digest_name(kind)));
    if (text || input != call->input || !call->request)
        return text;
    return http_header(call->request, arena_printf(call->arena, "x-amz-checksum-%s", digest_name(kind)));
}

Status s3_checksum_given(const Call *call, const Val *input, DigestKind *ret_kind, const char **ret_text, Error *err)
{
    *ret_text = NULL;
    for (DigestKind kind = DIGEST_SHA1; kind < DIGEST_KINDS; kind++) {
        const char *text = checksum_text(call, input, kind);
        if (!text)
            continue;
        if (*ret_text)
            return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                               "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
        void *bytes;
        size_t length;
        const char *dash = strchr(text, '-'); /* of parts */
        const char *whole = dash ? arena_strn(call->arena, text, (size_t)(dash - text)) : text;
        if (!base64_decode(call->arena, whole, &bytes, &length) || length != digest_size(kind))
            return object_fail(err, ST_INVALID, 400, "InvalidRequest", "Value for x-amz-checksum-%s header is invalid.",
                               digest_name(kind));
        *ret_kind = kind;
        *ret_text = text;
    }
    return ST_OK;
}

static Status md5_check(const Call *call, const unsigned char *md5, Error *err)
{
    const char *given = val_str(call->input, "ContentMD5");
    if (!given && call->request)
        given = http_header(call->request, "Content-MD5");
    if (!given)
        return ST_OK;
    void *bytes;
    size_t length;
    if (!base64_decode(call->arena, given, &bytes, &length) || length != digest_size(DIGEST_MD5)) {
        object_fail(err, ST_INVALID, 400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
        error_param(err, "Content-MD5", given);
        return ST_INVALID;
    }
    if (memcmp(bytes, md5, length) == 0)
        return ST_OK;
    object_fail(err, ST_INVALID, 400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
    error_param(err, "ExpectedDigest", given);
    error_param(err, "CalculatedDigest", digest_text(call->arena, DIGEST_MD5, md5));
    return ST_INVALID;
}

static Status fail_checksum(Error *err, DigestKind kind)
{
    return object_fail(err, ST_INVALID, 400, "BadDigest", "The %s you specified did not match the calculated checksum.",
                       digest_name(kind));
}

Status s3_checksum_body(const Call *call, Spool *spool, const DigestKind *preferred, Object *object, Error *err)
{
    Arena *a = call->arena;
    TRY(spool_finish(spool, err));
    unsigned char md5[DIGEST_BYTES_MAX], bytes[DIGEST_BYTES_MAX];
    TRY(spool_digest_again(spool, DIGEST_MD5, md5, err));
    TRY(md5_check(call, md5, err));
    DigestKind kind = preferred ? *preferred : DIGEST_CRC64NVME, given_kind = kind;
    const char *given;
    TRY(s3_checksum_given(call, call->input, &given_kind, &given, err));
    if (given && preferred && given_kind != *preferred)
        return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                           "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
                           digest_name(*preferred), digest_name(given_kind));
    if (given)
        kind = given_kind;
    TRY(spool_digest_again(spool, kind, bytes, err));
    char *text = digest_text(a, kind, bytes);
    if (given && !str_eq(given, text))
        return fail_checksum(err, kind);
    char *hex = arena_alloc(a, 2 * DIGEST_BYTES_MAX + 1);
    hex_encode(md5, digest_size(DIGEST_MD5), hex);
    object->etag = hex;
    object->checksum_algorithm = digest_name(kind);
    object->checksum = text;
    object->checksum_type = "FULL_OBJECT";
    return ST_OK;
}

void s3_checksum_show(const Call *call, Val *output, const Object *object)
{
    if (!object->checksum)
        return;
    val_set_str(call->arena, output, s3_checksum_member(call->arena, object->checksum_algorithm), object->checksum);
    val_set_str(call->arena, output, "ChecksumType", object->checksum_type);
}

Status s3_body_check(const Call *call, Error *err)
{
    unsigned char bytes[DIGEST_BYTES_MAX];
    if (!call->request)
        return ST_OK;
    digest_of(DIGEST_MD5, call->request->body, call->request->body_len, bytes);
    TRY(md5_check(call, bytes, err));
    DigestKind kind;
    const char *given;
    TRY(s3_checksum_given(call, call->input, &kind, &given, err));
    if (!given)
        return ST_OK;
    digest_of(kind, call->request->body, call->request->body_len, bytes);
    return str_eq(given, digest_text(call->arena, kind, bytes)) ? ST_OK : fail_checksum(err, kind);
}
