/* svc/s3/common.c -- refusals, ETags, conditions, listings' small parts. */
#include "svc/s3/s3.h"

#include "base/str.h"

Status s3_unsupported(Error *err, const char *what)
{
    object_fail(err, ST_UNSUPPORTED, 400, "NotImplemented",
                "A header or parameter you provided implies functionality that is not implemented: %s", what);
    error_param(err, "Header", what);
    return ST_UNSUPPORTED;
}

Status s3_malformed(Error *err)
{
    return object_fail(err, ST_INVALID, 400, "MalformedXML",
                       "The XML you provided was not well-formed or did not validate against our published schema");
}

Status s3_invalid_argument(Error *err, const char *name, const char *value, const char *message)
{
    object_fail(err, ST_INVALID, 400, "InvalidArgument", "%s", message);
    error_param(err, "ArgumentName", name);
    error_param(err, "ArgumentValue", value ? value : "");
    return ST_INVALID;
}

/* Members that promise something weir does not keep. */
static const char *const refused[] = {
    "ServerSideEncryption", "SSECustomerAlgorithm", "SSECustomerKey", "SSEKMSKeyId", "SSEKMSEncryptionContext",
    "CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "ObjectLockMode", "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus", "ObjectLockEventHold", "WriteOffsetBytes", "MFA", "ChecksumSHA512", "ChecksumMD5",
    "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128", "BypassGovernanceRetention",
};
static const char *const grants[] = { "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP" };

/* Members whose values are few. `message` is S3's. */
static const struct Choice {
    const char *member, *values, *message;
} choices[] = {
    { "EncodingType", " url ", "Invalid Encoding Method specified in Request" },
    { "MetadataDirective", " COPY REPLACE ", "Unknown metadata directive." },
    { "TaggingDirective", " COPY REPLACE ", "Unknown tagging directive." },
    { "ChecksumMode", " ENABLED ", "Invalid checksum mode." },
    { "ChecksumType", " COMPOSITE FULL_OBJECT ", "Checksum type is invalid." },
    { "ChecksumAlgorithm", " CRC32 CRC32C CRC64NVME SHA1 SHA256 ", "Checksum algorithm provided is unsupported." },
};

bool s3_one_of(const char *value, const char *values)
{
    const char *at = strstr(values, value);
    return *value && !strchr(value, ' ') && at && at[-1] == ' ' && at[strlen(value)] == ' ';
}

static Status choices_check(const Call *call, Error *err)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *value = val_str(call->input, choices[i].member);
        if (value && !s3_one_of(value, choices[i].values))
            return s3_invalid_argument(err, choices[i].member, value, choices[i].message);
    }
    return ST_OK;
}

static Status acl_refused(Error *err)
{
    return object_fail(err, ST_INVALID, 400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
}

Status s3_check(const Call *call, Error *err)
{
    const char *owner = val_str(call->input, "ExpectedBucketOwner"), *source = val_str(call->input, "ExpectedSourceBucketOwner");
    if ((owner && !str_eq(owner, call->server->account)) || (source && !str_eq(source, call->server->account)))
        return object_fail(err, ST_DENIED, 403, "AccessDenied", "Access Denied");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const Val *value = val_get(call->input, refused[i]);
        if (value && !(value->kind == VAL_BOOL && !value->b))
            return s3_unsupported(err, refused[i]);
    }
    TRY(choices_check(call, err));
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++) {
        if (val_get(call->input, grants[i]))
            return acl_refused(err);
    }
    const char *acl = val_str(call->input, "ACL");
    if (acl && !str_eq(acl, "private") && !str_eq(acl, "bucket-owner-full-control"))
        return acl_refused(err);
    return ST_OK;
}

/* --- ETags and conditions --- */

char *s3_quoted(Arena *a, const char *etag)
{
    return arena_printf(a, "\"%s\"", etag);
}

char *s3_unquoted(Arena *a, const char *etag)
{
    if (!etag)
        return NULL;
    if (str_starts(etag, "W/"))
        etag += 2;
    size_t n = strlen(etag);
    return n >= 2 && etag[0] == '"' && etag[n - 1] == '"' ? arena_strn(a, etag + 1, n - 2) : arena_str(a, etag);
}

bool s3_etag_matches(const char *header, const char *etag)
{
    size_t n = strlen(etag);
    for (const char *p = header; *p;) {
        while (*p == ' ' || *p == ',' || *p == '\t')
            p++;
        if (*p == '*')
            return true;
        if (p[0] == 'W' && p[1] == '/')
            p += 2;
        bool quoted = *p == '"';
        p += quoted;
        size_t length = quoted ? strcspn(p, "\"") : strcspn(p, ", \t");
        if (length == n && memcmp(p, etag, n) == 0)
            return true;
        p += length;
        p += *p == '"';
    }
    return false;
}

ReadAnswer s3_read_condition(const ReadCondition *c, const Object *object)
{
    int64_t modified_s = object->modified_ms / 1000; /* HTTP dates have whole seconds */
    if (c->if_match) {
        if (!s3_etag_matches(c->if_match, object->etag))
            return READ_FAILED;
    } else if (c->if_unmodified_since >= 0 && modified_s > c->if_unmodified_since / 1000) {
        return READ_FAILED;
    }
    if (c->if_none_match)
        return s3_etag_matches(c->if_none_match, object->etag) ? READ_NOT_MODIFIED : READ_GO;
    if (c->if_modified_since >= 0 && modified_s <= c->if_modified_since / 1000)
        return READ_NOT_MODIFIED;
    return READ_GO;
}

Status s3_precondition_failed(Error *err, const char *condition)
{
    object_fail(err, ST_CONFLICT, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    error_param(err, "Condition", condition);
    return ST_CONFLICT;
}

Status s3_write_condition(const Call *call, WriteCondition *ret_condition, Error *err)
{
    const char *if_match = val_str(call->input, "IfMatch"), *if_none_match = val_str(call->input, "IfNoneMatch");
    if (if_none_match && !str_eq(if_none_match, "*"))
        return s3_unsupported(err, "If-None-Match of a write with another value than *");
    if (if_match && if_none_match)
        return s3_unsupported(err, "If-Match together with If-None-Match");
    *ret_condition = (WriteCondition){ .if_absent = if_none_match != NULL, .if_match = s3_unquoted(call->arena, if_match) };
    return ST_OK;
}

/* --- listings --- */

const char *s3_listed(const Call *call, const char *text)
{
    if (!text || !str_eq(val_str(call->input, "EncodingType"), "url"))
        return text;
    str_auto out = STR_INIT(SIZE_MAX);
    uri_encode(&out, text, strlen(text), true);
    return str_arena(&out, call->arena);
}

int64_t s3_limit(const Call *call, const char *member)
{
    int64_t limit = val_int(call->input, member, 1000);
    return limit < 0 ? -1 : limit > 1000 ? 1000 : limit;
}

Val *s3_owner(const Call *call)
{
    Val *owner = val_map(call->arena);
    val_set_str(call->arena, owner, "ID", call->server->account);
    val_set_str(call->arena, owner, "DisplayName", call->server->account);
    return owner;
}
