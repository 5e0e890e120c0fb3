/* os/sigv2.h -- S3's older query authentication (AWSAccessKeyId, Expires, Signature): boto3 and the aws CLI still presign with it
 * in us-east-1. Only presigned URLs are accepted in this form. Source: "Signing and authenticating REST requests (AWS
 * signature version 2)", Amazon S3. */
#ifndef WEIR_OS_SIGV2_H
#define WEIR_OS_SIGV2_H
#include "os/http.h"

typedef struct SigV2Claim {
    const char *access_key, *signature, *expires, *token; /* token: NULL when none */
    int64_t expires_ms;
} SigV2Claim;
/* False when the query carries no such signature. */
bool sigv2_claim(const HttpRequest *request, SigV2Claim *ret_claim);
/* `resource`: the path as sent, with the bucket in front: "/bucket/key". */
char *sigv2_signature(Arena *a, const HttpRequest *request, const char *resource, const SigV2Claim *claim, const char *secret);

#endif
