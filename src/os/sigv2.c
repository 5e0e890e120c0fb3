/* os/sigv2.c -- see sigv2.h. */
#include "os/sigv2.h"

#include "base/limits.h"
#include "os/crypto.h"

#include <ctype.h>
#include <stdlib.h>

/* Query parameters that belong to the resource. */
static const char *const sub_resources[] = {
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging",
    "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
    "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging", "torrent",
    "uploadId", "uploads", "versionId", "versioning", "versions", "website",
};

bool sigv2_claim(const HttpRequest *r, SigV2Claim *ret_claim)
{
    SigV2Claim claim = { http_query(r, "AWSAccessKeyId"), http_query(r, "Signature"), http_query(r, "Expires"),
                         http_query(r, "x-amz-security-token"), 0 };
    int64_t seconds;
    if (!claim.access_key || !claim.signature || !claim.expires || !str_to_i64(claim.expires, &seconds) || seconds < 0 ||
        seconds > INT32_MAX * 100LL)
        return false;
    claim.expires_ms = seconds * 1000;
    *ret_claim = claim;
    return true;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const HttpPair *)x)->name, ((const HttpPair *)y)->name);
}

static void add_amz(Arena *a, HttpPairs *into, const HttpPairs *from)
{
    for (size_t i = 0; i < from->len; i++) {
        if (!str_istarts(from->at[i].name, "x-amz-"))
            continue;
        char *name = arena_str(a, from->at[i].name);
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        vec_push(a, into, (HttpPair){ name, from->at[i].value });
    }
}

/* The presigner moved x-amz-* headers into the query: both places count. */
static void amz_headers(Arena *a, const HttpRequest *r, Str *out)
{
    HttpPairs pairs = { 0 };
    add_amz(a, &pairs, &r->headers);
    add_amz(a, &pairs, &r->query);
    if (pairs.len > 1)
        qsort(pairs.at, pairs.len, sizeof pairs.at[0], by_name);
    for (size_t i = 0; i < pairs.len; i++) {
        bool same = i > 0 && str_eq(pairs.at[i].name, pairs.at[i - 1].name);
        if (same)
            str_addf(out, ",%s", pairs.at[i].value);
        else
            str_addf(out, "%s%s:%s", i ? "\n" : "", pairs.at[i].name, pairs.at[i].value);
    }
    if (pairs.len)
        str_addc(out, '\n');
}

static void sub_resource(const HttpRequest *r, Str *out)
{
    bool first = true;
    for (size_t i = 0; i < sizeof sub_resources / sizeof sub_resources[0]; i++) {
        const char *value = http_query(r, sub_resources[i]);
        if (!value)
            continue;
        str_addf(out, "%c%s%s%s", first ? '?' : '&', sub_resources[i], value[0] ? "=" : "", value);
        first = false;
    }
}

static const char *either(const HttpRequest *r, const char *name)
{
    const char *header = http_header(r, name), *query = http_query(r, name);
    return header ? header : query ? query : "";
}

char *sigv2_signature(Arena *a, const HttpRequest *r, const char *resource, const SigV2Claim *claim, const char *secret)
{
    str_auto text = STR_INIT(LIMIT_HTTP_HEADERS * 4);
    uint8_t digest[SHA1_BYTES];
    str_addf(&text, "%s\n%s\n%s\n%s\n", r->method, either(r, "content-md5"), either(r, "content-type"), claim->expires);
    amz_headers(a, r, &text);
    str_add(&text, resource);
    sub_resource(r, &text);
    hmac_sha1(secret, strlen(secret), str_text(&text), text.len, digest);
    return base64_encode(a, digest, sizeof digest);
}
