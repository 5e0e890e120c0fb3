/* back/duckdb/kernel_hash.c -- Murmur3 (hash), xxHash64, MD5, SHA, CRC-32, bit for bit as Spark. Source: Spark's hash.scala,
 * Murmur3_x86_32, XXH64. A NULL leaves the seed as it is. */
#include "back/duckdb/convert.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- Murmur3 x86 32 */
static uint32_t mix_k(uint32_t x)
{
    x *= 0xcc9e2d51u;
    return (x << 15 | x >> 17) * 0x1b873593u;
}

static uint32_t mix_h(uint32_t h, uint32_t x)
{
    h ^= mix_k(x);
    return (h << 13 | h >> 19) * 5 + 0xe6546b64u;
}

static uint32_t finish_h(uint32_t h, uint32_t length)
{
    h ^= length;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static int32_t murmur_int(int32_t x, int32_t seed)
{
    return (int32_t)finish_h(mix_h((uint32_t)seed, (uint32_t)x), 4);
}

static int32_t murmur_long(int64_t x, int32_t seed)
{
    return (int32_t)finish_h(mix_h(mix_h((uint32_t)seed, (uint32_t)x), (uint32_t)((uint64_t)x >> 32)), 8);
}

/* Spark's own way with the last bytes: each is mixed as an int of its own, with its sign. */
static int32_t murmur_bytes(View v, int32_t seed)
{
    uint32_t h = (uint32_t)seed, word;
    size_t i = 0;
    for (; i + 4 <= v.len; i += 4) {
        memcpy(&word, v.data + i, 4);
        h = mix_h(h, word);
    }
    for (; i < v.len; i++)
        h = mix_h(h, (uint32_t)(int32_t)(signed char)v.data[i]);
    return (int32_t)finish_h(h, (uint32_t)v.len);
}

int32_t kernel_murmur3(View bytes, int32_t seed)
{
    return murmur_bytes(bytes, seed);
}

/* ---------------------------------------------------------------- Murmur3 x64 128 */
static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static uint64_t finish_128(uint64_t h)
{
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

void kernel_murmur3_128(View bytes, uint64_t ret[2])
{
    const uint64_t c1 = UINT64_C(0x87c37b91114253d5), c2 = UINT64_C(0x4cf5ad432745937f), seed = 9001;
    uint64_t h1 = seed, h2 = seed, k[2];
    size_t i = 0;
    for (; i + 16 <= bytes.len; i += 16) {
        memcpy(k, bytes.data + i, 16);
        h1 ^= rotate(k[0] * c1, 31) * c2;
        h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotate(k[1] * c2, 33) * c1;
        h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    if (i < bytes.len) {
        memset(k, 0, sizeof k);
        memcpy(k, bytes.data + i, bytes.len - i);
        h1 ^= rotate(k[0] * c1, 31) * c2;
        h2 ^= bytes.len - i > 8 ? rotate(k[1] * c2, 33) * c1 : 0;
    }
    h1 ^= bytes.len;
    h2 ^= bytes.len;
    h1 += h2;
    h2 += h1;
    ret[0] = finish_128(h1) + finish_128(h2);
    ret[1] = finish_128(h2) + ret[0];
}

/* ---------------------------------------------------------------- xxHash64 */
#define P1 0x9E3779B185EBCA87ull
#define P2 0xC2B2AE3D27D4EB4Full
#define P3 0x165667B19E3779F9ull
#define P4 0x85EBCA77C2B2AE63ull
#define P5 0x27D4EB2F165667C5ull

static uint64_t avalanche(uint64_t h)
{
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

static int64_t xx_int(int32_t x, int64_t seed)
{
    uint64_t h = (uint64_t)seed + P5 + 4;
    h ^= (uint64_t)(uint32_t)x * P1;
    return (int64_t)avalanche(rotate(h, 23) * P2 + P3);
}

static int64_t xx_long(int64_t x, int64_t seed)
{
    uint64_t h = (uint64_t)seed + P5 + 8;
    h ^= rotate((uint64_t)x * P2, 31) * P1;
    return (int64_t)avalanche(rotate(h, 27) * P1 + P4);
}

static uint64_t word64(const char *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
    return w;
}

static int64_t xx_bytes(View v, int64_t seed)
{
    uint64_t h;
    size_t i = 0;
    if (v.len >= 32) {
        uint64_t lane[4] = { (uint64_t)seed + P1 + P2, (uint64_t)seed + P2, (uint64_t)seed, (uint64_t)seed - P1 };
        for (; i + 32 <= v.len; i += 32) {
            for (size_t j = 0; j < 4; j++)
                lane[j] = rotate(lane[j] + word64(v.data + i + 8 * j) * P2, 31) * P1;
        }
        h = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
        for (size_t j = 0; j < 4; j++)
            h = (h ^ rotate(lane[j] * P2, 31) * P1) * P1 + P4;
    } else {
        h = (uint64_t)seed + P5;
    }
    h += v.len;
    for (; i + 8 <= v.len; i += 8)
        h = rotate(h ^ rotate(word64(v.data + i) * P2, 31) * P1, 27) * P1 + P4;
    if (i + 4 <= v.len) {
        uint32_t w;
        memcpy(&w, v.data + i, 4);
        h = rotate(h ^ (uint64_t)w * P1, 23) * P2 + P3;
        i += 4;
    }
    for (; i < v.len; i++)
        h = rotate(h ^ (uint64_t)(unsigned char)v.data[i] * P5, 11) * P1;
    return (int64_t)avalanche(h);
}

/* ---------------------------------------------------------------- both, for each type */
static int64_t double_bits(double x)
{
    int64_t bits;
    if (x == 0)
        x = 0; /* -0.0 hashes as 0.0 */
    if (x != x)
        return INT64_C(0x7ff8000000000000);
    memcpy(&bits, &x, 8);
    return bits;
}

static int32_t float_bits(float x)
{
    int32_t bits;
    if (x == 0)
        x = 0;
    if (x != x)
        return 0x7fc00000;
    memcpy(&bits, &x, 4);
    return bits;
}

/* BigInteger.toByteArray of the unscaled value: the fewest big-endian bytes of two's complement. */
static View big_bytes(i128 x, char *out)
{
    int n = 16;
    while (n > 1 && (x >> (8 * n - 9)) == (x < 0 ? -1 : 0))
        n--;
    for (int i = 0; i < n; i++)
        out[i] = (char)(x >> (8 * (n - 1 - i)));
    return (View){ out, (size_t)n };
}

#define HASH(name, expr_int, expr_long)                       \
    static void hash_##name(K *k)                             \
    {                                                         \
        int32_t seed = k_i32(k, 1);                           \
        k_set_i32(k, k_is_null(k, 0) ? seed : (expr_int));    \
    }                                                         \
    static void xx_##name(K *k)                               \
    {                                                         \
        int64_t seed = k_i64(k, 1);                           \
        k_set_i64(k, k_is_null(k, 0) ? seed : (expr_long));   \
    }
HASH(bool, murmur_int(k_bool(k, 0), seed), xx_int(k_bool(k, 0), seed))
HASH(i8, murmur_int(k_i8(k, 0), seed), xx_int(k_i8(k, 0), seed))
HASH(i16, murmur_int(k_i16(k, 0), seed), xx_int(k_i16(k, 0), seed))
HASH(i32, murmur_int(k_i32(k, 0), seed), xx_int(k_i32(k, 0), seed))
HASH(i64, murmur_long(k_i64(k, 0), seed), xx_long(k_i64(k, 0), seed))
HASH(f32, murmur_int(float_bits(k_f32(k, 0)), seed), xx_int(float_bits(k_f32(k, 0)), seed))
HASH(f64, murmur_long(double_bits(k_f64(k, 0)), seed), xx_long(double_bits(k_f64(k, 0)), seed))
HASH(str, murmur_bytes(k_str(k, 0), seed), xx_bytes(k_str(k, 0), seed))

static int32_t murmur_interval(duckdb_interval x, int32_t seed)
{
    return murmur_int(x.months, murmur_int(x.days, murmur_long(x.micros, seed)));
}

static int64_t xx_interval_parts(duckdb_interval x, int64_t seed)
{
    return xx_int(x.months, xx_int(x.days, xx_long(x.micros, seed)));
}
HASH(interval, murmur_interval(k_interval(k, 0), seed), xx_interval_parts(k_interval(k, 0), seed))

static i128 unscaled(K *k, size_t arg)
{
    duckdb_logical_type type = duckdb_vector_get_column_type(k->args[arg].vector);
    duckdb_type id = duckdb_get_type_id(type) == DUCKDB_TYPE_DECIMAL ? duckdb_decimal_internal_type(type) : DUCKDB_TYPE_INVALID;
    duckdb_destroy_logical_type(&type);
    switch (id) {
    case DUCKDB_TYPE_SMALLINT: return k_i16(k, arg);
    case DUCKDB_TYPE_INTEGER: return k_i32(k, arg);
    case DUCKDB_TYPE_BIGINT: return k_i64(k, arg);
    default: return k_i128(k, arg);
    }
}

static void hash_decimal(K *k)
{
    char bytes[16];
    if (k_is_null(k, 0))
        k_set_i32(k, k_i32(k, 2));
    else if (k_i32(k, 1) <= 18)
        k_set_i32(k, murmur_long((int64_t)unscaled(k, 0), k_i32(k, 2)));
    else
        k_set_i32(k, murmur_bytes(big_bytes(unscaled(k, 0), bytes), k_i32(k, 2)));
}

static void xx_decimal(K *k)
{
    char bytes[16];
    if (k_is_null(k, 0))
        k_set_i64(k, k_i64(k, 2));
    else if (k_i32(k, 1) <= 18)
        k_set_i64(k, xx_long((int64_t)unscaled(k, 0), k_i64(k, 2)));
    else
        k_set_i64(k, xx_bytes(big_bytes(unscaled(k, 0), bytes), k_i64(k, 2)));
}

/* ---------------------------------------------------------------- digests */
static void digest(K *k, const EVP_MD *algorithm)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1];
    unsigned n = 0;
    View v = k_str(k, 0);
    if (!EVP_Digest(v.data, v.len, bytes, &n, algorithm, NULL)) {
        k_null(k);
        return;
    }
    hex_encode(bytes, n, text);
    k_set_str(k, text, 2 * n);
}

static void md5(K *k)
{
    digest(k, EVP_md5());
}

static void sha(K *k)
{
    switch (k_i32(k, 1)) {
    case -1: digest(k, EVP_sha1()); break; /* sha(); as a number of bits it is none */
    case 224: digest(k, EVP_sha224()); break;
    case 0: case 256: digest(k, EVP_sha256()); break;
    case 384: digest(k, EVP_sha384()); break;
    case 512: digest(k, EVP_sha512()); break;
    default: k_null(k);
    }
}

static void crc32_text(K *k)
{
    View v = k_str(k, 0);
    uint32_t crc = ~0u;
    for (size_t i = 0; i < v.len; i++) {
        crc ^= (unsigned char)v.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    k_set_i64(k, (int64_t)(uint32_t)~crc);
}

#define BOTH(letter, name)                                               \
    { "spark_hash", letter "i:i", hash_##name, KERNEL_NULLS },
#define BOTH_XX(letter, name)                                            \
    { "spark_xxhash64", letter "l:l", xx_##name, KERNEL_NULLS },
#define EACH(X) X("b", bool) X("t", i8) X("s", i16) X("i", i32) X("l", i64) X("f", f32) X("d", f64) X("S", str) X("B", str) X("D", i32) X("T", i64) X("I", interval)

const Kernel kernels_hash[] = {
    EACH(BOTH)
    EACH(BOTH_XX)
    { "spark_hash_decimal", "*ii:i", hash_decimal, KERNEL_NULLS },
    { "spark_xxhash64_decimal", "*il:l", xx_decimal, KERNEL_NULLS },
    { "spark_md5", "B:S", md5, 0 },
    { "spark_sha2", "Bi:S", sha, 0 },
    { "spark_crc32", "B:l", crc32_text, 0 },
    { NULL, NULL, NULL, 0 },
};
