/* os/signing.h -- an RSA key of 2,048 bits with a certificate signed by itself, for signatures that others verify (SNS's messages).
 * On OpenSSL. A key is read-only once it is open: thread-safe. */
#ifndef WEIR_OS_SIGNING_H
#define WEIR_OS_SIGNING_H
#include "base/arena.h"
#include "base/status.h"

typedef struct SigningKey SigningKey;

/* Key and certificate are one PEM file, made when it is not there: whole and on disk, or not at all. `common_name` is the certificate's. */
Status signing_key_open(const char *path, const char *common_name, SigningKey **ret_key, Error *err);
void signing_key_free(SigningKey *key); /* NULL is fine */
/* The certificate alone, as PEM. Lives as long as the key. */
const char *signing_key_certificate(const SigningKey *key);
/* RSASSA-PKCS1-v1_5 over SHA-1 or SHA-256, as base64. Source: RFC 8017. */
typedef enum SigningDigest { SIGNING_SHA1, SIGNING_SHA256 } SigningDigest;
Status signing_key_sign(const SigningKey *key, SigningDigest digest, Arena *a, const char *text, char **ret_base64, Error *err);

#endif
