/* os/crypto.h -- what signatures and ids are made of: SHA-256, HMAC, randomness, on OpenSSL. Thread-safe.
 * The digests and checksums of objects are in lake/digest.h. */
#ifndef WEIR_OS_CRYPTO_H
#define WEIR_OS_CRYPTO_H
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHA1_BYTES = 20, SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

/* SHA-256 in pieces. Heap: sha256_finish() frees. */
typedef struct Sha256 Sha256;
Sha256 *sha256_new(void);
void sha256_add(Sha256 *s, const void *bytes, size_t length);
void sha256_finish(Sha256 *s, uint8_t out[static 32]);
void sha256_free(Sha256 *s); /* NULL is fine */

void sha256(const void *bytes, size_t length, uint8_t out[static SHA256_BYTES]);
void sha256_hex(const void *bytes, size_t length, char out[static SHA256_HEX_BYTES]);
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t length, uint8_t out[static SHA256_BYTES]);
void hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t length, uint8_t out[static SHA1_BYTES]);

/* Bytes from the operating system's generator; aborts when it fails. */
void random_bytes(void *out, size_t length);
/* `length` characters of `alphabet`, without bias: ids and keys. */
char *random_text(Arena *a, const char *alphabet, size_t length);
char *random_uuid(Arena *a); /* version 4, lower case */
/* Equality in constant time. */
bool secret_equal(const char *a, const char *b);

#endif
