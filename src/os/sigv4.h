/* os/sigv4.h -- AWS Signature Version 4: signing and verifying share one canonicalizer.
 *
 * Source: "Create a signed AWS API request", "Authenticating Requests: Using Query Parameters", "Signature Calculations for the
 * Authorization Header: Transferring Payload in Multiple Chunks" (AWS documentation). S3 encodes its path once, every other
 * service twice: `s3` says which. All text in the given arena. */
#ifndef WEIR_OS_SIGV4_H
#define WEIR_OS_SIGV4_H
#include "os/crypto.h"
#include "os/http.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

typedef struct SigV4Scope {
    const char *date;    /* 20130524 */
    const char *region, *service;
} SigV4Scope;

/* What is signed. */
typedef struct SigV4Message {
    const char *method;
    const char *path;           /* as sent: percent-encoded */
    const char *query;          /* as sent; X-Amz-Signature in it is left out */
    const HttpPairs *headers;
    const char *signed_headers; /* "host;x-amz-date": lower case, sorted */
    const char *payload_hash;   /* hex of SHA-256, UNSIGNED-PAYLOAD, STREAMING-… */
    bool s3;
} SigV4Message;

char *sigv4_canonical_request(Arena *a, const SigV4Message *message);
void sigv4_key(const char *secret, const SigV4Scope *scope, uint8_t ret_key[static SHA256_BYTES]);
/* Hex of the signature; `amz_date` is 20130524T000000Z. */
char *sigv4_signature(Arena *a, const SigV4Message *message, const char *amz_date, const SigV4Scope *scope,
                      const uint8_t key[static SHA256_BYTES]);
/* A chunk of a STREAMING-…-PAYLOAD body, or (trailer) its trailing headers: `previous` is the signature before it. */
char *sigv4_chunk_signature(Arena *a, const char *amz_date, const SigV4Scope *scope, const uint8_t key[static SHA256_BYTES],
                            const char *previous, const uint8_t hash[static SHA256_BYTES], bool trailer);

/* What a request claims, from its Authorization header or its query. */
typedef struct SigV4Claim {
    bool present;               /* false: the request carries no signature at all */
    bool presigned;
    const char *access_key, *amz_date, *signed_headers, *signature, *token, *payload_hash; /* token: NULL when none */
    SigV4Scope scope;
    int64_t time_ms;            /* of amz_date */
    int64_t expires_s;          /* presigned */
} SigV4Claim;
/* ST_INVALID with IncompleteSignature when a signature is there but not whole. payload_hash is NULL when not sent. */
Status sigv4_claim(const HttpRequest *request, SigV4Claim *ret_claim, Error *err);
/* Is the claim's signature what `secret` makes of this request? */
bool sigv4_verify(const HttpRequest *request, const SigV4Claim *claim, const char *payload_hash, bool s3, const char *secret);

typedef struct SigV4Identity {
    const char *access_key, *secret_key, *session_token; /* token may be NULL */
    const char *region, *service;
} SigV4Identity;
/* Adds x-amz-date, x-amz-content-sha256 (for s3), x-amz-security-token and Authorization to `headers`, which must hold Host
 * already and be complete. */
void sigv4_sign(Arena *a, const SigV4Identity *identity, int64_t now_ms, const char *method, const char *path,
                const char *query, const char *payload_hash, HttpPairs *headers);

#endif
