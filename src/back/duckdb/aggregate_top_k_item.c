/* back/duckdb/aggregate_top_k_item.c -- see top_k.h. */
#include "back/duckdb/top_k.h"

#include "back/duckdb/kernel.h"
#include "base/java_text.h"

#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- Java's hashes */
static int32_t long_hash(int64_t x)
{
    return (int32_t)(uint32_t)((uint64_t)x ^ (uint64_t)x >> 32);
}

static int32_t double_hash(double x)
{
    uint64_t bits = UINT64_C(0x7ff8000000000000);
    if (!isnan(x))
        memcpy(&bits, &x, sizeof bits);
    return long_hash((int64_t)bits);
}

/* String.hashCode: over UTF-16. */
static int32_t text_hash(const char *text, size_t n)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + n;
    uint32_t h = 0;
    while (at < end) {
        uint32_t c = *at++;
        int more = c < 0xC0 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        c &= more ? 0x3Fu >> more : 0xFFu;
        for (; more && at < end; more--)
            c = c << 6 | (*at++ & 0x3Fu);
        if (c < 0x10000) {
            h = 31 * h + c;
        } else {
            h = 31 * h + (0xD800 + ((c - 0x10000) >> 10));
            h = 31 * h + (0xDC00 + (c & 0x3FF));
        }
    }
    return (int32_t)h;
}

/* BigInt's: a long's own, or BigInteger.hashCode. */
static int32_t big_hash(i128 x)
{
    if (x >= INT32_MIN && x <= INT32_MAX)
        return (int32_t)x;
    if (x >= INT64_MIN && x <= INT64_MAX)
        return long_hash((int64_t)x);
    u128 magnitude = x < 0 ? -(u128)x : (u128)x;
    uint32_t h = 0;
    for (int i = 3; i >= 0; i--)
        h = 31 * h + (uint32_t)(magnitude >> (32 * i)); /* words in front that are 0 add nothing */
    return (int32_t)(x < 0 ? 0u - h : h);
}

/* Double.##: as a whole number or a float where it is one. */
static int32_t number_hash(double x)
{
    float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (double)f == x ? (int32_t)bits : double_hash(x);
}

static uint32_t last_mixed(uint32_t h, uint32_t x)
{
    x *= 0xcc9e2d51u;
    x = x << 15 | x >> 17;
    return h ^ x * 0x1b873593u;
}

/* scala.math.BigDecimal.hashCode: whole numbers as such; what a double's text says exactly as that double; others by their digits and scale. */
static int32_t decimal_hash(i128 x, int scale)
{
    char text[64], shortest[64];
    while (scale > 0 && x % 10 == 0) {
        x /= 10;
        scale--;
    }
    if (scale <= 0)
        return big_hash(x);
    text[print_decimal(x, scale, text)] = '\0';
    double d = strtod(text, NULL);
    char *mark = NULL;
    shortest[java_text_double(d, shortest)] = '\0';
    double mantissa_power = 0;
    mark = strchr(shortest, 'E');
    if (mark)
        mantissa_power = strtod(mark + 1, NULL);
    /* Equal when the digits of both and their scales are. */
    i128 digits = 0;
    int after = 0;
    bool point = false;
    for (const char *at = shortest; *at && at != mark; at++) {
        point = point || *at == '.';
        if (*at >= '0' && *at <= '9') {
            digits = digits * 10 + (*at - '0');
            after += point;
        }
    }
    int shown = after - (int)mantissa_power;
    while (shown > 0 && digits % 10 == 0) {
        digits /= 10;
        shown--;
    }
    if (digits == (x < 0 ? -x : x) && shown == scale)
        return number_hash(d);
    return (int32_t)last_mixed((uint32_t)big_hash(x), (uint32_t)scale);
}

/* ---------------------------------------------------------------- items */
static const char number_kinds[] = "tsifm";
static const unsigned char number_marks[] = { 2, 3, 9, 6, 9 }, number_bytes[] = { 1, 2, 4, 4, 4 };

i128 top_k_big_value(const unsigned char *at, size_t n)
{
    i128 x = n && at[0] & 0x80 ? -1 : 0;
    for (size_t i = 0; i < n; i++)
        x = (i128)((u128)x << 8 | at[i]);
    return x;
}

/* The bytes of an item, which begin at `at`; 0: there is none. */
size_t top_k_item_length(int kind, const unsigned char *at, size_t room_bytes)
{
    const char *number = kind ? strchr(number_kinds, kind) : NULL;
    uint32_t n = 0;
    if (number)
        return room_bytes > number_bytes[number - number_kinds] && at[0] == number_marks[number - number_kinds] ? 1u + number_bytes[number - number_kinds] : 0;
    if (kind == 'l' || kind == 'n' || kind == 'd')
        return room_bytes >= 8 ? 8 : 0;
    if (room_bytes < 4)
        return 0;
    memcpy(&n, at, 4);
    return n <= room_bytes - 4 && (kind == 'S' || (n >= 1 && n <= 16)) ? 4 + (size_t)n : 0;
}

int32_t top_k_item_hash(int kind, int scale, const unsigned char *at, size_t n)
{
    int8_t tiny = 0;
    int16_t small = 0;
    int32_t word = 0;
    int64_t wide = 0;
    double d = 0;
    switch (kind) {
    case 'b': return at[0] ? 1231 : 1237;
    case 't': memcpy(&tiny, at + 1, 1); return tiny;
    case 's': memcpy(&small, at + 1, 2); return small;
    case 'i': case 'f': memcpy(&word, at + 1, 4); return word;
    case 'm': memcpy(&word, at + 1, 4); return decimal_hash(word, scale);
    case 'l': memcpy(&wide, at, 8); return long_hash(wide);
    case 'n': memcpy(&wide, at, 8); return decimal_hash(wide, scale);
    case 'd': memcpy(&d, at, 8); return double_hash(d);
    case 'w': return decimal_hash(top_k_big_value(at + 4, n - 4), scale);
    default: return text_hash((const char *)at + 4, n - 4);
    }
}

static void give_item(K *k, int kind, int scale, const void *bytes, size_t n)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    int32_t hash = top_k_item_hash(kind, scale, bytes, n);
    str_addn(&out, &hash, sizeof hash);
    str_addn(&out, bytes, n);
    k_set_out(k, &out);
}

/* A number of kind $2. */
static void item_long(K *k)
{
    int kind = k_i32(k, 1);
    int64_t x = k_i64(k, 0);
    const char *number = strchr(number_kinds, kind);
    unsigned char bytes[9] = { number ? number_marks[number - number_kinds] : 0 };
    memcpy(bytes + 1, &x, 8); /* little-endian: the low bytes are first */
    if (number)
        give_item(k, kind, 0, bytes, 1u + number_bytes[number - number_kinds]);
    else
        give_item(k, kind, 0, &x, 8);
}

static void item_bool(K *k)
{
    unsigned char x = k_bool(k, 0);
    give_item(k, 'b', 0, &x, 1);
}

static void item_float(K *k)
{
    float x = k_f32(k, 0);
    uint32_t bits = 0x7fc00000;
    unsigned char bytes[5] = { 6 };
    if (!isnan(x))
        memcpy(&bits, &x, 4);
    memcpy(bytes + 1, &bits, 4);
    give_item(k, 'f', 0, bytes, sizeof bytes);
}

static void item_double(K *k)
{
    double x = k_f64(k, 0);
    uint64_t nan = UINT64_C(0x7ff8000000000000);
    give_item(k, 'd', 0, isnan(x) ? (const void *)&nan : &x, 8);
}

static void item_text(K *k)
{
    View v = k_str(k, 0);
    uint32_t n = (uint32_t)v.len;
    char *bytes = k_alloc(k, v.len + 4);
    if (!bytes)
        return;
    memcpy(bytes, &n, 4);
    memcpy(bytes + 4, v.data, v.len);
    give_item(k, 'S', 0, bytes, v.len + 4);
    free(bytes);
}

/* A decimal's digits as text, its kind and its scale. */
static void item_decimal(K *k)
{
    View v = k_str(k, 0);
    int kind = k_i32(k, 1), scale = k_i32(k, 2);
    i128 x = 0;
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] >= '0' && v.data[i] <= '9')
            x = x * 10 + (v.data[i] - '0');
    x = v.len && v.data[0] == '-' ? -x : x;
    unsigned char bytes[20] = { 9 };
    int32_t word = (int32_t)x;
    int64_t wide = (int64_t)x;
    uint32_t n = 16;
    if (kind == 'm') {
        memcpy(bytes + 1, &word, 4);
        give_item(k, kind, scale, bytes, 5);
    } else if (kind == 'n') {
        give_item(k, kind, scale, &wide, 8);
    } else {
        while (n > 1 && (x >> (8 * n - 9)) == (x < 0 ? -1 : 0))
            n--;
        memcpy(bytes, &n, 4);
        for (uint32_t i = 0; i < n; i++)
            bytes[4 + i] = (unsigned char)(x >> (8 * (n - 1 - i)));
        give_item(k, kind, scale, bytes, 4 + n);
    }
}

const Kernel kernels_top_k_item[] = {
    { "spark_top_k_item", "li:B", item_long, 0 },
    { "spark_top_k_item", "b:B", item_bool, 0 },
    { "spark_top_k_item", "f:B", item_float, 0 },
    { "spark_top_k_item", "d:B", item_double, 0 },
    { "spark_top_k_item", "S:B", item_text, 0 },
    { "spark_top_k_decimal", "Sii:B", item_decimal, 0 },
    { NULL, NULL, NULL, 0 },
};
