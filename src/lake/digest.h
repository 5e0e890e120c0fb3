/* lake/digest.h -- several digests over one pass of bytes: MD5 for ETags, and S3's checksum algorithms.
 *
 * CRCs are kept as big-endian bytes, as S3 encodes them in base64. Not thread-safe. Source: "Checking object integrity in
 * Amazon S3"; CRC32 is ISO-HDLC, CRC32C is iSCSI's, CRC64NVME is NVM Express's. */
#ifndef WEIR_LAKE_DIGEST_H
#define WEIR_LAKE_DIGEST_H
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum DigestKind {
    DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_CRC32, DIGEST_CRC32C, DIGEST_CRC64NVME, DIGEST_KINDS
} DigestKind;
#define DIGEST_BIT(kind) (1U << (kind))
enum { DIGEST_BYTES_MAX = 32 };

typedef struct Digester Digester;
Digester *digester_new(unsigned kinds); /* DIGEST_BIT()s */
void digester_free(Digester *d);
void digester_freep(Digester **d);
#define digester_auto __attribute__((cleanup(digester_freep))) Digester
void digester_add(Digester *d, const void *bytes, size_t length);
void digester_end(Digester *d); /* once, after the last byte */
/* After digester_end: the digest's bytes; NULL when this kind was not asked for. */
const unsigned char *digester_get(const Digester *d, DigestKind kind);

size_t digest_size(DigestKind kind);
const char *digest_name(DigestKind kind);                        /* "CRC32", as ChecksumAlgorithm has it */
bool digest_of_name(const char *name, DigestKind *ret_kind);     /* any case: "crc32c" */
bool digest_is_crc(DigestKind kind);
char *digest_text(Arena *a, DigestKind kind, const unsigned char *bytes);
/* The bytes of a digest of this kind from its hex text. */
bool digest_from_hex(DigestKind kind, const char *hex, unsigned char *ret_bytes);
void digest_of(DigestKind kind, const void *bytes, size_t length, unsigned char *ret_bytes);
/* The CRC of two pieces one after the other, from the CRC of each and the second's length. CRC kinds only. */
void digest_crc_combine(DigestKind kind, const unsigned char *first, const unsigned char *second, int64_t second_bytes,
                        unsigned char *ret_bytes);

#endif
