/* os/sigv4.c -- canonical request, string to sign, key, signature. */
#include "os/sigv4.h"

#include "base/clock.h"
#include "base/limits.h"

#include <ctype.h>
#include <stdlib.h>

/* --- canonical form --- */

static int by_name_value(const void *x, const void *y)
{
    const HttpPair *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->value, b->value);
}

static const char *reencode(Arena *a, const char *text, size_t length, bool plus_is_space, bool keep_slash)
{
    char *plain;
    size_t n;
    str_auto out = STR_INIT(LIMIT_HTTP_HEADERS * 4);
    if (uri_decode(a, text, length, plus_is_space, &plain, &n))
        uri_encode(&out, plain, n, keep_slash);
    else
        uri_encode(&out, text, length, keep_slash);
    return str_arena(&out, a);
}

static void add_query(Arena *a, Str *out, const char *query)
{
    HttpPairs pairs = { 0 };
    for (const char *at = query; *at;) {
        size_t length = strcspn(at, "&"), name = strcspn(at, "=&");
        if (length > 0) {
            const char *value = name < length ? reencode(a, at + name + 1, length - name - 1, true, false) : "";
            HttpPair pair = { reencode(a, at, name, true, false), value };
            if (!str_eq(pair.name, "X-Amz-Signature"))
                vec_push(a, &pairs, pair);
        }
        at += length + (at[length] == '&');
    }
    if (pairs.len > 1)
        qsort(pairs.at, pairs.len, sizeof pairs.at[0], by_name_value);
    for (size_t i = 0; i < pairs.len; i++)
        str_addf(out, "%s%s=%s", i ? "&" : "", pairs.at[i].name, pairs.at[i].value);
}

/* Trimmed, inner runs of spaces as one. */
static void add_value(Str *out, const char *value)
{
    value += strspn(value, " \t");
    for (bool space = false; *value; value++) {
        if (*value == ' ' || *value == '\t') {
            space = true;
            continue;
        }
        if (space)
            str_addc(out, ' ');
        space = false;
        str_addc(out, *value);
    }
}

static bool name_is(const char *name, const char *lower, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (tolower((unsigned char)name[i]) != lower[i])
            return false;
    return name[length] == 0;
}

static void add_headers(Str *out, const HttpPairs *headers, const char *signed_headers)
{
    for (const char *at = signed_headers; *at;) {
        size_t length = strcspn(at, ";");
        bool first = true;
        str_addn(out, at, length);
        str_addc(out, ':');
        for (size_t i = 0; i < headers->len; i++)
            if (name_is(headers->at[i].name, at, length)) {
                if (!first)
                    str_addc(out, ',');
                add_value(out, headers->at[i].value);
                first = false;
            }
        str_addc(out, '\n');
        at += length + (at[length] == ';');
    }
}

char *sigv4_canonical_request(Arena *a, const SigV4Message *m)
{
    str_auto out = STR_INIT(LIMIT_HTTP_HEADERS * 8);
    const char *path = m->path[0] ? m->path : "/";
    str_addf(&out, "%s\n", m->method);
    if (m->s3)
        str_add(&out, reencode(a, path, strlen(path), false, true));
    else
        uri_encode(&out, path, strlen(path), true);
    str_addc(&out, '\n');
    add_query(a, &out, m->query);
    str_addc(&out, '\n');
    add_headers(&out, m->headers, m->signed_headers);
    str_addf(&out, "\n%s\n%s", m->signed_headers, m->payload_hash);
    return str_arena(&out, a);
}

/* --- key and signature --- */

static void hmac_text(const void *key, size_t key_len, const char *text, uint8_t out[static SHA256_BYTES])
{
    hmac_sha256(key, key_len, text, strlen(text), out);
}

void sigv4_key(const char *secret, const SigV4Scope *scope, uint8_t ret_key[static SHA256_BYTES])
{
    arena_auto *a = arena_new();
    uint8_t step[SHA256_BYTES], next[SHA256_BYTES];
    const char *start = arena_printf(a, "AWS4%s", secret);
    hmac_text(start, strlen(start), scope->date, step);
    hmac_text(step, sizeof step, scope->region, next);
    hmac_text(next, sizeof next, scope->service, step);
    hmac_text(step, sizeof step, "aws4_request", ret_key);
}

static char *sign_text(Arena *a, const uint8_t key[static SHA256_BYTES], const char *text)
{
    uint8_t digest[SHA256_BYTES];
    hmac_text(key, SHA256_BYTES, text, digest);
    char *hex = arena_alloc(a, SHA256_HEX_BYTES);
    hex_encode(digest, sizeof digest, hex);
    return hex;
}

char *sigv4_signature(Arena *a, const SigV4Message *message, const char *amz_date, const SigV4Scope *scope,
                      const uint8_t key[static SHA256_BYTES])
{
    char hash[SHA256_HEX_BYTES];
    const char *canonical = sigv4_canonical_request(a, message);
    sha256_hex(canonical, strlen(canonical), hash);
    return sign_text(a, key, arena_printf(a, SIGV4_ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", amz_date, scope->date,
                                          scope->region, scope->service, hash));
}

char *sigv4_chunk_signature(Arena *a, const char *amz_date, const SigV4Scope *scope, const uint8_t key[static SHA256_BYTES],
                            const char *previous, const uint8_t hash[static SHA256_BYTES], bool trailer)
{
    char hex[SHA256_HEX_BYTES], empty[SHA256_HEX_BYTES];
    hex_encode(hash, SHA256_BYTES, hex);
    sha256_hex("", 0, empty);
    return sign_text(a, key, arena_printf(a, SIGV4_ALGORITHM "-%s\n%s\n%s/%s/%s/aws4_request\n%s\n%s%s%s",
                                          trailer ? "TRAILER" : "PAYLOAD", amz_date, scope->date, scope->region,
                                          scope->service, previous, trailer ? "" : empty, trailer ? "" : "\n", hex));
}

/* --- what a request claims --- */

/* KEY/20130524/us-east-1/s3/aws4_request; an access key may hold no '/'. */
static bool parse_credential(Arena *a, const char *text, SigV4Claim *claim)
{
    const char *part[5];
    char *copy = arena_str(a, text);
    for (size_t i = 0; i < 5; i++) {
        part[i] = copy;
        copy += strcspn(copy, "/");
        if ((*copy == '/') != (i < 4))
            return false;
        if (*copy)
            *copy++ = 0;
    }
    claim->access_key = part[0];
    claim->scope = (SigV4Scope){ part[1], part[2], part[3] };
    return part[0][0] && str_eq(part[4], "aws4_request");
}

static char *authorization_part(Arena *a, const char *header, const char *name)
{
    const char *at = strstr(header, name);
    return at ? arena_strn(a, at + strlen(name), strcspn(at + strlen(name), ", ")) : NULL;
}

static Status claim_header(const HttpRequest *r, const char *header, SigV4Claim *claim, Error *err)
{
    Arena *a = r->arena;
    const char *credential = authorization_part(a, header, "Credential=");
    claim->signed_headers = authorization_part(a, header, "SignedHeaders=");
    claim->signature = authorization_part(a, header, "Signature=");
    claim->token = http_header(r, "X-Amz-Security-Token");
    claim->payload_hash = http_header(r, "x-amz-content-sha256");
    claim->amz_date = http_header(r, "X-Amz-Date");
    const char *date = http_header(r, "Date");
    if (!claim->amz_date && date && time_parse_http(date, &claim->time_ms))
        claim->amz_date = time_basic(a, claim->time_ms);
    if (!str_starts(header, SIGV4_ALGORITHM " "))
        return FAIL_CODE(err, ST_INVALID, "IncompleteSignature",
                         "Unsupported authorization type: only " SIGV4_ALGORITHM " is accepted");
    if (!credential || !claim->signed_headers || !claim->signature || !claim->amz_date)
        return FAIL_CODE(err, ST_INVALID, "IncompleteSignature",
                         "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters and the "
                         "request an 'X-Amz-Date' or a 'Date' header");
    if (!parse_credential(a, credential, claim))
        return FAIL_CODE(err, ST_INVALID, "IncompleteSignature",
                         "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'",
                         credential);
    return ST_OK;
}

static Status claim_query(const HttpRequest *r, SigV4Claim *claim, Error *err)
{
    const char *algorithm = http_query(r, "X-Amz-Algorithm"), *credential = http_query(r, "X-Amz-Credential");
    const char *expires = http_query(r, "X-Amz-Expires");
    claim->presigned = true;
    claim->signed_headers = http_query(r, "X-Amz-SignedHeaders");
    claim->signature = http_query(r, "X-Amz-Signature");
    claim->amz_date = http_query(r, "X-Amz-Date");
    claim->token = http_query(r, "X-Amz-Security-Token");
    claim->payload_hash = http_query(r, "X-Amz-Content-Sha256");
    if (!algorithm || !credential || !claim->signed_headers || !claim->signature || !claim->amz_date || !expires ||
        !str_eq(algorithm, SIGV4_ALGORITHM) || !parse_credential(r->arena, credential, claim) ||
        !str_to_i64(expires, &claim->expires_s) || claim->expires_s < 1 || claim->expires_s > 7 * 24 * 3600)
        return FAIL_CODE(err, ST_INVALID, "AuthorizationQueryParametersError",
                         "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                         "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires (1 to 604800) parameters");
    return ST_OK;
}

Status sigv4_claim(const HttpRequest *r, SigV4Claim *ret_claim, Error *err)
{
    SigV4Claim claim = { 0 };
    const char *header = http_header(r, "Authorization");
    if (!header && !http_query(r, "X-Amz-Signature") && !http_query(r, "X-Amz-Algorithm")) {
        *ret_claim = claim;
        return ST_OK;
    }
    claim.present = true;
    TRY(header ? claim_header(r, header, &claim, err) : claim_query(r, &claim, err));
    if (!time_parse_basic(claim.amz_date, &claim.time_ms) || !str_starts(claim.amz_date, claim.scope.date))
        return FAIL_CODE(err, ST_INVALID, "IncompleteSignature", "Date in Credential scope does not match the request's date '%s'",
                         claim.amz_date);
    *ret_claim = claim;
    return ST_OK;
}

/* Host must be signed, or the request could be replayed elsewhere. */
static bool signs_host(const char *signed_headers)
{
    const char *at = strstr(signed_headers, "host");
    return at && (at == signed_headers || at[-1] == ';') && (at[4] == 0 || at[4] == ';');
}

bool sigv4_verify(const HttpRequest *r, const SigV4Claim *claim, const char *payload_hash, bool s3, const char *secret)
{
    uint8_t key[SHA256_BYTES];
    SigV4Message message = { r->method, r->raw_path, r->raw_query, &r->headers, claim->signed_headers, payload_hash, s3 };
    if (!signs_host(claim->signed_headers))
        return false;
    sigv4_key(secret, &claim->scope, key);
    return secret_equal(sigv4_signature(r->arena, &message, claim->amz_date, &claim->scope, key), claim->signature);
}

/* --- signing --- */

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const char *all_headers(Arena *a, const HttpPairs *headers)
{
    StrList names = { 0 };
    str_auto out = STR_INIT(LIMIT_HTTP_HEADERS);
    for (size_t i = 0; i < headers->len; i++) {
        char *name = arena_str(a, headers->at[i].name);
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        vec_push(a, &names, name);
    }
    qsort(names.at, names.len, sizeof names.at[0], by_name);
    for (size_t i = 0; i < names.len; i++)
        if (i == 0 || !str_eq(names.at[i], names.at[i - 1]))
            str_addf(&out, "%s%s", i ? ";" : "", names.at[i]);
    return str_arena(&out, a);
}

void sigv4_sign(Arena *a, const SigV4Identity *who, int64_t now_ms, const char *method, const char *path, const char *query,
                const char *payload_hash, HttpPairs *headers)
{
    uint8_t key[SHA256_BYTES];
    const char *amz_date = time_basic(a, now_ms);
    SigV4Scope scope = { arena_strn(a, amz_date, 8), who->region, who->service };
    bool s3 = str_eq(who->service, "s3");
    vec_push(a, headers, (HttpPair){ "x-amz-date", amz_date });
    if (s3)
        vec_push(a, headers, (HttpPair){ "x-amz-content-sha256", payload_hash });
    if (who->session_token)
        vec_push(a, headers, (HttpPair){ "x-amz-security-token", who->session_token });
    SigV4Message message = { method, path, query, headers, all_headers(a, headers), payload_hash, s3 };
    sigv4_key(who->secret_key, &scope, key);
    const char *signature = sigv4_signature(a, &message, amz_date, &scope, key);
    vec_push(a, headers, (HttpPair){ "Authorization",
                                     arena_printf(a, SIGV4_ALGORITHM " Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, "
                                                                     "Signature=%s",
                                                  who->access_key, scope.date, scope.region, scope.service,
                                                  message.signed_headers, signature) });
}

