/* lake/digest.c -- MD5 and SHA through OpenSSL, CRC32 through zlib, CRC32C and CRC64NVME eight bytes at a time. */
#include "lake/digest.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

/* Reflected polynomials. */
static const uint64_t poly_crc32 = 0xEDB88320U, poly_crc32c = 0x82F63B78U, poly_crc64nvme = 0x9A6C9329AC4BC9B5ULL;

typedef uint64_t CrcTable[8][256];
typedef struct CrcTables {
    CrcTable crc32c, crc64nvme;
} CrcTables;

struct Digester {
    unsigned kinds;
    EVP_MD_CTX *hash[DIGEST_SHA256 + 1];
    uint64_t crc[DIGEST_KINDS];
    unsigned char out[DIGEST_KINDS][DIGEST_BYTES_MAX];
};

static void table_fill(CrcTable table, uint64_t poly)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ poly : crc >> 1;
        table[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; i++) {
        for (int k = 1; k < 8; k++)
            table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xff];
    }
}

static CrcTables tables; /* written once, before any read, by tables_fill */
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void tables_fill(void)
{
    table_fill(tables.crc32c, poly_crc32c);
    table_fill(tables.crc64nvme, poly_crc64nvme);
}

static uint64_t crc_add(CrcTable table, uint64_t crc, const unsigned char *p, size_t length)
{
    for (; length >= 8; p += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc ^= word;
        crc = table[7][crc & 0xff] ^ table[6][(crc >> 8) & 0xff] ^ table[5][(crc >> 16) & 0xff] ^
              table[4][(crc >> 24) & 0xff] ^ table[3][(crc >> 32) & 0xff] ^ table[2][(crc >> 40) & 0xff] ^
              table[1][(crc >> 48) & 0xff] ^ table[0][crc >> 56];
    }
    for (; length; p++, length--)
        crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    return crc;
}

size_t digest_size(DigestKind kind)
{
    static const size_t sizes[DIGEST_KINDS] = { 16, 20, 32, 4, 4, 8 };
    return sizes[kind];
}

const char *digest_name(DigestKind kind)
{
    static const char *const names[DIGEST_KINDS] = { "MD5", "SHA1", "SHA256", "CRC32", "CRC32C", "CRC64NVME" };
    return names[kind];
}

bool digest_of_name(const char *name, DigestKind *ret_kind)
{
    for (DigestKind kind = DIGEST_SHA1; name && kind < DIGEST_KINDS; kind++) {
        if (str_ieq(name, digest_name(kind))) {
            *ret_kind = kind;
            return true;
        }
    }
    return false;
}

bool digest_is_crc(DigestKind kind)
{
    return kind >= DIGEST_CRC32;
}

Digester *digester_new(unsigned kinds)
{
    pthread_once(&tables_once, tables_fill);
    const EVP_MD *const types[] = { EVP_md5(), EVP_sha1(), EVP_sha256() };
    Digester *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    d->kinds = kinds;
    for (DigestKind kind = 0; kind <= DIGEST_SHA256; kind++) {
        if (!(kinds & DIGEST_BIT(kind)))
            continue;
        d->hash[kind] = EVP_MD_CTX_new();
        if (!d->hash[kind] || !EVP_DigestInit_ex(d->hash[kind], types[kind], NULL))
            abort();
    }
    d->crc[DIGEST_CRC32C] = UINT32_MAX;
    d->crc[DIGEST_CRC64NVME] = UINT64_MAX;
    return d;
}

void digester_free(Digester *d)
{
    if (!d)
        return;
    for (DigestKind kind = 0; kind <= DIGEST_SHA256; kind++)
        EVP_MD_CTX_free(d->hash[kind]);
    free(d);
}

void digester_freep(Digester **d)
{
    digester_free(*d);
}

void digester_add(Digester *d, const void *bytes, size_t length)
{
    if (!length)
        return;
    for (DigestKind kind = 0; kind <= DIGEST_SHA256; kind++) {
        if (d->hash[kind])
            EVP_DigestUpdate(d->hash[kind], bytes, length);
    }
    if (d->kinds & DIGEST_BIT(DIGEST_CRC32))
        d->crc[DIGEST_CRC32] = crc32_z(d->crc[DIGEST_CRC32], bytes, length);
    if (d->kinds & DIGEST_BIT(DIGEST_CRC32C))
        d->crc[DIGEST_CRC32C] = crc_add(tables.crc32c, d->crc[DIGEST_CRC32C], bytes, length);
    if (d->kinds & DIGEST_BIT(DIGEST_CRC64NVME))
        d->crc[DIGEST_CRC64NVME] = crc_add(tables.crc64nvme, d->crc[DIGEST_CRC64NVME], bytes, length);
}

static void big_endian(uint64_t value, size_t size, unsigned char *out)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        out[i] = (unsigned char)(value & 0xff);
}

static uint64_t from_big_endian(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

void digester_end(Digester *d)
{
    for (DigestKind kind = 0; kind <= DIGEST_SHA256; kind++) {
        if (d->hash[kind])
            EVP_DigestFinal_ex(d->hash[kind], d->out[kind], NULL);
    }
    big_endian(d->crc[DIGEST_CRC32], 4, d->out[DIGEST_CRC32]);
    big_endian(d->crc[DIGEST_CRC32C] ^ UINT32_MAX, 4, d->out[DIGEST_CRC32C]);
    big_endian(d->crc[DIGEST_CRC64NVME] ^ UINT64_MAX, 8, d->out[DIGEST_CRC64NVME]);
}

const unsigned char *digester_get(const Digester *d, DigestKind kind)
{
    return d->kinds & DIGEST_BIT(kind) ? d->out[kind] : NULL;
}

char *digest_text(Arena *a, DigestKind kind, const unsigned char *bytes)
{
    return base64_encode(a, bytes, digest_size(kind));
}

bool digest_from_hex(DigestKind kind, const char *hex, unsigned char *ret_bytes)
{
    if (strlen(hex) != 2 * digest_size(kind))
        return false;
    for (size_t i = 0; i < digest_size(kind); i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], 0 };
        if (strspn(pair, "0123456789abcdefABCDEF") != 2)
            return false;
        ret_bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

void digest_of(DigestKind kind, const void *bytes, size_t length, unsigned char *ret_bytes)
{
    digester_auto *d = digester_new(DIGEST_BIT(kind));
    digester_add(d, bytes, length);
    digester_end(d);
    memcpy(ret_bytes, digester_get(d, kind), digest_size(kind));
}

/* a * b modulo the polynomial, both reflected (the highest bit is x^0). After zlib's crc32_combine. */
static uint64_t poly_multiply(uint64_t a, uint64_t b, uint64_t poly, int width)
{
    uint64_t top = 1ULL << (width - 1), product = 0;
    for (uint64_t m = top; m; m >>= 1) {
        if (a & m)
            product ^= b;
        b = b & 1 ? (b >> 1) ^ poly : b >> 1;
    }
    return product;
}

void digest_crc_combine(DigestKind kind, const unsigned char *first, const unsigned char *second, int64_t second_bytes,
                        unsigned char *ret_bytes)
{
    size_t size = digest_size(kind);
    int width = (int)size * 8;
    uint64_t poly = kind == DIGEST_CRC32 ? poly_crc32 : kind == DIGEST_CRC32C ? poly_crc32c : poly_crc64nvme;
    uint64_t shift = 1ULL << (width - 1);                         /* x^0 */
    uint64_t square = poly_multiply(1ULL << (width - 2), shift, poly, width); /* x^1 */
    for (int i = 0; i < 3; i++)
        square = poly_multiply(square, square, poly, width); /* x^8: one byte */
    for (uint64_t n = (uint64_t)second_bytes; n; n >>= 1) {
        if (n & 1)
            shift = poly_multiply(shift, square, poly, width);
        square = poly_multiply(square, square, poly, width);
    }
    uint64_t crc = poly_multiply(from_big_endian(first, size), shift, poly, width) ^ from_big_endian(second, size);
    big_endian(crc, size, ret_bytes);
}
