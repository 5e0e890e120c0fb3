/* api/authenticate.c -- see authenticate.h. */
#include "api/authenticate.h"

#include "base/clock.h"
#include "base/str.h"
#include "svc/credentials.h"

typedef enum Failure { F_MISSING, F_MALFORMED, F_UNKNOWN_KEY, F_BAD_TOKEN, F_EXPIRED_TOKEN, F_SKEWED, F_EXPIRED_URL, F_MISMATCH } Failure;

static const struct {
    const char *s3, *query, *json, *ec2, *message;
    int s3_http;
} failures[] = {
    [F_MISSING] = { "AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure",
                    "Request is missing Authentication Token", 403 },
    [F_MALFORMED] = { "AuthorizationHeaderMalformed", "IncompleteSignature", "IncompleteSignatureException", "AuthFailure", NULL, 400 },
    [F_UNKNOWN_KEY] = { "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
                        "The security token included in the request is invalid.", 403 },
    [F_BAD_TOKEN] = { "InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
                      "The security token included in the request is invalid.", 400 },
    [F_EXPIRED_TOKEN] = { "ExpiredToken", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
                          "The security token included in the request is expired", 400 },
    [F_SKEWED] = { "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired",
                   "The difference between the request time and the current time is too large.", 403 },
    [F_EXPIRED_URL] = { "AccessDenied", "RequestExpired", "RequestExpired", "RequestExpired", "Request has expired", 403 },
    [F_MISMATCH] = { "SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure",
                     "The request signature we calculated does not match the signature you provided. Check your key and signing "
                     "method.",
                     403 },
};

static Status refuse(const Exchange *x, Failure f, const char *message, Error *err)
{
    int http = 403;
    const char *code = failures[f].query;
    if (x->target.protocol == PROTOCOL_REST_XML) {
        code = failures[f].s3;
        http = failures[f].s3_http;
    } else if (x->target.protocol == PROTOCOL_JSON || x->target.protocol == PROTOCOL_CBOR) {
        code = failures[f].json;
        http = 400;
    } else if (x->target.protocol == PROTOCOL_EC2) {
        code = failures[f].ec2;
        http = f == F_EXPIRED_TOKEN || f == F_SKEWED ? 400 : 401;
    }
    if (f == F_UNKNOWN_KEY && x->target.protocol == PROTOCOL_REST_XML)
        message = "The AWS Access Key Id you provided does not exist in our records.";
    FAIL_CODE(err, ST_DENIED, code, "%s", message ? message : failures[f].message);
    if (err)
        err->http = http;
    return ST_DENIED;
}

Status authenticate_claim(Exchange *x, HttpRequest *r, Error *err)
{
    Error why = ERROR_INIT;
    if (sigv2_claim(r, &x->claim_v2)) {
        x->older = true;
        x->claim = (SigV4Claim){ .present = true, .presigned = true, .access_key = x->claim_v2.access_key,
                                 .token = x->claim_v2.token, .scope.service = "s3" };
        return ST_OK;
    }
    if (sigv4_claim(r, &x->claim, &why) == ST_OK || x->server->auth_off)
        return ST_OK;
    if (!http_header(r, "X-Amz-Target") && !http_header(r, "smithy-protocol") && !str_eq(r->raw_path, "/"))
        x->target.protocol = PROTOCOL_REST_XML;
    Status status = refuse(x, F_MALFORMED, why.message, err);
    if (err && str_eq(why.code, "AuthorizationQueryParametersError"))
        FAIL_CODE(err, status, why.code, "%s", why.message);
    return status;
}

static Status check_time(Exchange *x, const Credential *credential, Error *err)
{
    int64_t now = clock_ms();
    if (credential->expires_ms && credential->expires_ms < now)
        return refuse(x, F_EXPIRED_TOKEN, NULL, err);
    if (x->older)
        return x->claim_v2.expires_ms < now ? refuse(x, F_EXPIRED_URL, NULL, err) : ST_OK;
    if (x->claim.presigned && now > x->claim.time_ms + x->claim.expires_s * 1000)
        return refuse(x, F_EXPIRED_URL, NULL, err);
    if (x->claim.time_ms > now + AUTH_SKEW_MS || (!x->claim.presigned && x->claim.time_ms < now - AUTH_SKEW_MS))
        return refuse(x, F_SKEWED, NULL, err);
    return ST_OK;
}

static Status authenticate_off(Exchange *x, HttpRequest *r, Error *err)
{
    Credential credential;
    if (x->claim.access_key &&
        credentials_find(x->server->credentials, r->arena, x->claim.access_key, &credential, NULL) == ST_OK) {
        x->principal = credential.principal;
    } else {
        TRY(credentials_root(r->arena, x->server->home, x->server->account, &credential, err));
        x->principal = credential.principal;
    }
    x->verified = true;
    return ST_OK;
}

Status authenticate_key(Exchange *x, HttpRequest *r, Error *err)
{
    if (x->server->auth_off)
        return authenticate_off(x, r, err);
    if (!x->claim.present)
        return refuse(x, F_MISSING, x->target.protocol == PROTOCOL_REST_XML ? "Access Denied" : NULL, err);
    Credential credential;
    Status status = credentials_find(x->server->credentials, r->arena, x->claim.access_key, &credential, err);
    if (status == ST_NOT_FOUND)
        return refuse(x, F_UNKNOWN_KEY, NULL, err);
    if (status != ST_OK)
        return status;
    bool token_fits = credential.token ? x->claim.token && secret_equal(credential.token, x->claim.token) : !x->claim.token;
    if (!token_fits)
        return refuse(x, F_BAD_TOKEN, NULL, err);
    TRY(check_time(x, &credential, err));
    x->secret_key = credential.secret_key;
    x->principal = credential.principal;
    return ST_OK;
}

/* A bucket itself is signed as "/bucket" or, by those who think of virtual hosts, as "/bucket/". */
static bool verify_older(const Exchange *x, const HttpRequest *r)
{
    if (!x->resource)
        return false;
    const char *slashed = arena_printf(r->arena, "%s/", x->resource);
    const char *claimed = x->claim_v2.signature;
    return secret_equal(sigv2_signature(r->arena, r, x->resource, &x->claim_v2, x->secret_key), claimed) ||
           (!strchr(x->resource + 1, '/') &&
            secret_equal(sigv2_signature(r->arena, r, slashed, &x->claim_v2, x->secret_key), claimed));
}

Status authenticate_signature(Exchange *x, HttpRequest *r, const char *body, size_t body_len, Error *err)
{
    if (x->verified)
        return ST_OK;
    bool s3 = str_eq(x->claim.scope.service, "s3");
    const char *wanted = x->target.service ? model_text(x->target.service->signing_name) : x->claim.scope.service;
    if (!str_eq(wanted, x->claim.scope.service))
        return refuse(x, F_MISMATCH, arena_printf(r->arena, "Credential should be scoped to correct service: '%s'.", wanted), err);
    if (x->older) {
        x->verified = verify_older(x, r);
        return x->verified ? ST_OK : refuse(x, F_MISMATCH, NULL, err);
    }
    const char *hash = x->claim.payload_hash;
    char computed[SHA256_HEX_BYTES];
    if (!hash && x->claim.presigned && s3) {
        hash = SIGV4_UNSIGNED;
    } else if (!s3) { /* what is signed is what came, whatever the header says */
        sha256_hex(body, body_len, computed);
        if (hash && !str_eq(hash, computed) && !str_eq(hash, SIGV4_UNSIGNED))
            return refuse(x, F_MISMATCH, NULL, err);
        hash = hash ? hash : computed;
    }
    if (!hash)
        return refuse(x, F_MALFORMED, "Missing required header for this request: x-amz-content-sha256", err);
    if (!sigv4_verify(r, &x->claim, hash, s3, x->secret_key))
        return refuse(x, F_MISMATCH, NULL, err);
    x->verified = true;
    return ST_OK;
}
