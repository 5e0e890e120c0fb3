/* back/duckdb/kernel_cast.c -- casts that the engine does otherwise. Source: Spark's Cast, UTF8String, Decimal. */
#include "back/duckdb/convert.h"

#include <math.h>
#include <stdio.h>

static void fail_text(K *k, View v, const char *type)
{
    char target[64];
    str_auto quoted = STR_INIT(4096);
    str_addc(&quoted, '\'');
    str_addn(&quoted, v.data, v.len < 2000 ? v.len : 2000);
    str_addc(&quoted, '\'');
    snprintf(target, sizeof target, "\"%s\"", type);
    k_fail(k, "CAST_INVALID_INPUT", "expression", str_text(&quoted), "sourceType", "\"STRING\"", "targetType", target, NULL);
}

static void text_failed(K *k, View v, int mode, const char *type)
{
    if (mode == MODE_ERROR)
        fail_text(k, v, type);
    else
        k_null(k);
}

#define TEXT_TO_INTEGER(name, set, type, min, max, sql)                                    \
    static void name(K *k)                                                                 \
    {                                                                                      \
        int64_t value;                                                                     \
        int mode = k_i32(k, 1);                                                            \
        if (convert_integer(k_str(k, 0), min, max, mode == MODE_NULL, &value))             \
            set(k, (type)value);                                                           \
        else                                                                               \
            text_failed(k, k_str(k, 0), mode, sql);                                        \
    }
TEXT_TO_INTEGER(text_tinyint, k_set_i8, int8_t, INT8_MIN, INT8_MAX, "TINYINT")
TEXT_TO_INTEGER(text_smallint, k_set_i16, int16_t, INT16_MIN, INT16_MAX, "SMALLINT")
TEXT_TO_INTEGER(text_int, k_set_i32, int32_t, INT32_MIN, INT32_MAX, "INT")
TEXT_TO_INTEGER(text_bigint, k_set_i64, int64_t, INT64_MIN, INT64_MAX, "BIGINT")
#undef TEXT_TO_INTEGER

static void text_double(K *k)
{
    double value;
    if (convert_double(k_str(k, 0), &value))
        k_set_f64(k, value);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 1), "DOUBLE");
}

static void text_float(K *k)
{
    float value;
    if (convert_float(k_str(k, 0), &value))
        k_set_f32(k, value);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 1), "FLOAT");
}

static void text_boolean(K *k)
{
    bool value;
    if (convert_boolean(k_str(k, 0), &value))
        k_set_bool(k, value);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 1), "BOOLEAN");
}

static void text_date(K *k)
{
    int32_t days;
    if (convert_date(k_str(k, 0), &days))
        k_set_i32(k, days);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 1), "DATE");
}

static void *make_zone(K *k, View name)
{
    (void)k;
    return (void *)(uintptr_t)zone_find(name);
}

static const Zone *zone_arg(K *k, size_t arg)
{
    View name = k_str(k, arg);
    const Zone *z = k_cached(k, 0, name, make_zone, NULL);
    if (!z)
        k_fail(k, "INVALID_TIMEZONE", "timeZone", k_text(k, name), NULL);
    return z;
}

static void text_timestamp(K *k)
{
    int64_t us;
    const Zone *z = zone_arg(k, 1);
    if (!z)
        return;
    if (convert_timestamp(k_str(k, 0), z, &us))
        k_set_i64(k, us);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 2), "TIMESTAMP");
}

static void text_timestamp_ntz(K *k)
{
    int64_t us;
    if (convert_timestamp(k_str(k, 0), NULL, &us))
        k_set_i64(k, us);
    else
        text_failed(k, k_str(k, 0), k_i32(k, 1), "TIMESTAMP_NTZ");
}

/* ---------------------------------------------------------------- float to integer: mode 2 saturates, as Java's d2i */
static bool float_range(K *k, double x, double low, double high, int mode, const char *type)
{
    double t = trunc(x);
    if (mode == 2 || (t >= low && t < high))
        return true;
    if (mode == MODE_ERROR) {
        char value[NUMBER_TEXT_BYTES], target[32];
        size_t n = java_text_double(x, value);
        memcpy(value + n, "D", 2);
        snprintf(target, sizeof target, "\"%s\"", type);
        k_fail(k, "CAST_OVERFLOW", "value", value, "sourceType", "\"DOUBLE\"", "targetType", target, NULL);
    } else {
        k_null(k);
    }
    return false;
}

static int64_t saturate(double x, int64_t min, int64_t max)
{
    if (isnan(x))
        return 0;
    if (x <= (double)min)
        return min;
    return x >= (double)max ? max : (int64_t)x;
}

static void float_bigint(K *k)
{
    double x = k_f64(k, 0);
    if (x == 9223372036854775808.0 || float_range(k, x, -9223372036854775808.0, 9223372036854775808.0, k_i32(k, 1), "BIGINT")) /* Java compares with 2^63 */
        k_set_i64(k, saturate(x, INT64_MIN, INT64_MAX));
}

/* Seconds as microseconds; NaN and infinity are no time. */
static void float_micros(K *k)
{
    double x = k_f64(k, 0);
    int mode = k_i32(k, 1);
    if (isfinite(x)) {
        x *= 1000000;
        if (float_range(k, x, -9223372036854775808.0, 9223372036854775808.0, mode, "TIMESTAMP"))
            k_set_i64(k, saturate(x, INT64_MIN, INT64_MAX));
    } else if (mode == MODE_ERROR) {
        k_fail(k, "CAST_INVALID_INPUT", "expression", isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity", "sourceType", "\"DOUBLE\"", "targetType",
               "\"TIMESTAMP\"", NULL);
    } else {
        k_null(k);
    }
}

static void float_int(K *k)
{
    double x = k_f64(k, 0);
    if (float_range(k, x, -2147483648.0, 2147483648.0, k_i32(k, 1), "INT"))
        k_set_i32(k, (int32_t)saturate(x, INT32_MIN, INT32_MAX));
}

/* Java narrows a double to a byte or short by way of int. */
static void float_smallint(K *k)
{
    double x = k_f64(k, 0);
    if (float_range(k, x, -32768.0, 32768.0, k_i32(k, 1), "SMALLINT"))
        k_set_i16(k, (int16_t)saturate(x, INT32_MIN, INT32_MAX));
}

static void float_tinyint(K *k)
{
    double x = k_f64(k, 0);
    if (float_range(k, x, -128.0, 128.0, k_i32(k, 1), "TINYINT"))
        k_set_i8(k, (int8_t)saturate(x, INT32_MIN, INT32_MAX));
}

/* ---------------------------------------------------------------- integers that wrap */
static void wrap_tinyint(K *k) { k_set_i8(k, (int8_t)k_i128(k, 0)); }
static void wrap_smallint(K *k) { k_set_i16(k, (int16_t)k_i128(k, 0)); }
static void wrap_int(K *k) { k_set_i32(k, (int32_t)k_i128(k, 0)); }
static void wrap_bigint(K *k) { k_set_i64(k, (int64_t)k_i128(k, 0)); }

/* ---------------------------------------------------------------- to text */
static void number_text_f64(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    k_set_str(k, text, java_text_double(k_f64(k, 0), text));
}

static void number_text_f32(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    k_set_str(k, text, java_text_float(k_f32(k, 0), text));
}

/* Without an exponent, for format_number. */
static void plain_text(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    k_set_str(k, text, (size_t)snprintf(text, sizeof text, "%.17g", k_f64(k, 0)));
    if (strchr(text, 'e'))
        k_set_str(k, text, (size_t)snprintf(text, sizeof text, "%.20f", k_f64(k, 0)));
}

/* Bytes that java.lang.String makes one U+FFFD of: a beginning of a character as far as it goes, or one byte. */
static size_t malformed_length(const unsigned char *b, size_t n)
{
    bool three = b[0] >= 0xE0 && b[0] <= 0xEF, four = b[0] >= 0xF0 && b[0] <= 0xF4;
    unsigned low = b[0] == 0xE0 ? 0xA0 : b[0] == 0xF0 ? 0x90 : 0x80, high = b[0] == 0xF4 ? 0x8F : 0xBF;
    size_t length = 1;
    if ((!three && !four) || n < 2 || b[1] < low || b[1] > high)
        return b[0] >= 0xC2 && b[0] < 0xE0 && n < 2 ? n : 1;
    for (length = 2; length < (three ? 3U : 4U) && length < n && (b[length] & 0xC0) == 0x80;)
        length++; /* three whole bytes: a surrogate */
    return length;
}

static void binary_text(K *k)
{
    View v = k_str(k, 0);
    if (utf8_valid(v.data, v.len)) {
        k_set_view(k, v);
        return;
    }
    str_auto out = STR_INIT(v.len * 3 + 16);
    for (size_t i = 0; i < v.len;) {
        size_t n = 1;
        while (n < 4 && i + n <= v.len && !utf8_valid(v.data + i, n))
            n++;
        bool good = i + n <= v.len && utf8_valid(v.data + i, n);
        str_addn(&out, good ? v.data + i : "\xEF\xBF\xBD", good ? n : 3);
        i += good ? n : malformed_length((const unsigned char *)v.data + i, v.len - i);
    }
    k_set_out(k, &out);
}

static void utf8_text(K *k)
{
    View v = k_str(k, 0);
    if (utf8_valid(v.data, v.len))
        k_set_view(k, v);
    else
        k_fail(k, "UNSUPPORTED_FEATURE.WEIR", "what", "a STRING of bytes that are not UTF-8, where more than its bytes counts", NULL);
}

static void date_text(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    k_set_str(k, text, print_date(k_i32(k, 0), text));
}

static void timestamp_text(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    const Zone *z = zone_arg(k, 1);
    if (z)
        k_set_str(k, text, print_local_time(zone_local(z, k_i64(k, 0)), text));
}

static void number_binary(K *k)
{
    unsigned char bytes[8];
    uint64_t x = (uint64_t)k_i64(k, 0);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(x >> (56 - 8 * i));
    k_set_str(k, (const char *)bytes, 8);
}
static void int_binary(K *k)
{
    unsigned char bytes[4];
    uint32_t x = (uint32_t)k_i32(k, 0);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(x >> (24 - 8 * i));
    k_set_str(k, (const char *)bytes, 4);
}

/* What is too large becomes infinite, where the engine would refuse. */
static void double_float(K *k)
{
    double x = k_f64(k, 0);
    k_set_f32(k, fabs(x) >= 0x1.ffffffp127 ? copysignf(INFINITY, x < 0 ? -1.0F : 1.0F) : (float)x);
}

/* The last microsecond there is means infinity to the engine, whose own functions refuse to make it. */
static void timestamp_of_micros(K *k)
{
    k_set_i64(k, k_i64(k, 0));
}

/* TimeUnit.SECONDS.toMicros: what is too long is the longest. */
static void timestamp_of_seconds(K *k)
{
    int64_t seconds = k_i64(k, 0), us;
    if (__builtin_mul_overflow(seconds, 1000000, &us))
        us = seconds < 0 ? INT64_MIN : INT64_MAX;
    k_set_i64(k, us);
}

const Kernel kernels_cast[] = {
    { "spark_double_float", "d:f", double_float, 0 },
    { "spark_text_tinyint", "Si:t", text_tinyint, 0 },
    { "spark_text_smallint", "Si:s", text_smallint, 0 },
    { "spark_text_int", "Si:i", text_int, 0 },
    { "spark_text_bigint", "Si:l", text_bigint, 0 },
    { "spark_text_double", "Si:d", text_double, 0 },
    { "spark_text_float", "Si:f", text_float, 0 },
    { "spark_text_boolean", "Si:b", text_boolean, 0 },
    { "spark_text_date", "Si:D", text_date, 0 },
    { "spark_text_timestamp", "SSi:T", text_timestamp, 0 },
    { "spark_text_timestamp_ntz", "Si:T", text_timestamp_ntz, 0 },
    { "spark_float_tinyint", "di:t", float_tinyint, 0 },
    { "spark_float_smallint", "di:s", float_smallint, 0 },
    { "spark_float_int", "di:i", float_int, 0 },
    { "spark_float_bigint", "di:l", float_bigint, 0 },
    { "spark_float_micros", "di:l", float_micros, 0 },
    { "spark_timestamp", "l:T", timestamp_of_micros, 0 },
    { "spark_seconds_timestamp", "l:T", timestamp_of_seconds, 0 },
    { "spark_wrap_tinyint", "h:t", wrap_tinyint, 0 },
    { "spark_wrap_smallint", "h:s", wrap_smallint, 0 },
    { "spark_wrap_int", "h:i", wrap_int, 0 },
    { "spark_wrap_bigint", "h:l", wrap_bigint, 0 },
    { "spark_number_text", "d:S", number_text_f64, 0 },
    { "spark_number_text", "f:S", number_text_f32, 0 },
    { "spark_plain_text", "d:S", plain_text, 0 },
    { "spark_binary_text", "B:S", binary_text, 0 },
    { "spark_utf8_text", "B:S", utf8_text, 0 },
    { "spark_date_text", "D:S", date_text, 0 },
    { "spark_timestamp_text", "TS:S", timestamp_text, 0 },
    { "spark_number_binary", "l:B", number_binary, 0 },
    { "spark_number_binary", "i:B", int_binary, 0 },
    { NULL, NULL, NULL, 0 },
};
