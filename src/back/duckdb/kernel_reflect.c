/* back/duckdb/kernel_reflect.c -- the methods of ir/reflect.def, each as the JDK's writes its result. */
#include "back/duckdb/kernel.h"
#include "base/java_text.h"
#include "os/crypto.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

enum { FIRST = 2, TEXT_BYTES = 80 }; /* arguments in front of the method's own: which one, and whether a failure is NULL */

typedef struct Method {
    const char *parameters;
    bool (*run)(K *k, const char *parameters, Str *out); /* false: Java throws */
} Method;

/* ---------------------------------------------------------------- arguments */
static int64_t whole(const K *k, const char *parameters, size_t i)
{
    return parameters[i] == 'i' ? k_i32(k, FIRST + i) : k_i64(k, FIRST + i);
}

static double real(const K *k, size_t i)
{
    return k_f64(k, FIRST + i);
}

static bool add_whole(Str *out, int64_t x)
{
    str_addf(out, "%lld", (long long)x);
    return true;
}

static bool add_double(Str *out, double x)
{
    char text[JAVA_TEXT_BYTES];
    str_addn(out, text, java_text_double(x, text));
    return true;
}

static bool add_float(Str *out, float x)
{
    char text[JAVA_TEXT_BYTES];
    str_addn(out, text, java_text_float(x, text));
    return true;
}

static bool add_boolean(Str *out, bool x)
{
    str_add(out, x ? "true" : "false");
    return true;
}

/* ---------------------------------------------------------------- texts of values */
static bool value_text(K *k, const char *parameters, Str *out)
{
    duckdb_logical_type type = duckdb_vector_get_column_type(k->args[FIRST].vector);
    duckdb_type id = duckdb_get_type_id(type);
    (void)parameters;
    duckdb_destroy_logical_type(&type);
    if (k_is_null(k, FIRST)) {
        str_add(out, "null");
        return true;
    }
    switch (id) {
    case DUCKDB_TYPE_BOOLEAN: return add_boolean(out, k_bool(k, FIRST));
    case DUCKDB_TYPE_TINYINT: return add_whole(out, k_i8(k, FIRST));
    case DUCKDB_TYPE_SMALLINT: return add_whole(out, k_i16(k, FIRST));
    case DUCKDB_TYPE_INTEGER: return add_whole(out, k_i32(k, FIRST));
    case DUCKDB_TYPE_BIGINT: return add_whole(out, k_i64(k, FIRST));
    case DUCKDB_TYPE_FLOAT: return add_float(out, k_f32(k, FIRST));
    case DUCKDB_TYPE_DOUBLE: return add_double(out, k_f64(k, FIRST));
    default: str_addn(out, k_str(k, FIRST).data, k_str(k, FIRST).len); return true;
    }
}

/* ---------------------------------------------------------------- UUID */
static bool add_uuid(Str *out, uint64_t high, uint64_t low)
{
    str_addf(out, "%08llx-%04llx-%04llx-%04llx-%012llx", (unsigned long long)(high >> 32), (unsigned long long)(high >> 16 & 0xFFFF), (unsigned long long)(high & 0xFFFF),
             (unsigned long long)(low >> 48), (unsigned long long)(low & 0xFFFFFFFFFFFF));
    return true;
}

static bool uuid_random(K *k, const char *parameters, Str *out)
{
    (void)parameters;
    str_add(out, random_uuid(k_arena(k)));
    return true;
}

/* Five numbers, as short as they like to be; longer ones lose what is in front. */
static bool uuid_parse(K *k, const char *parameters, Str *out)
{
    View v = k_str(k, FIRST);
    uint64_t parts[5] = { 0 };
    size_t n = 0, digits = 0;
    (void)parameters;
    if (v.len > 36)
        return false;
    for (size_t i = 0; i < v.len; i++) {
        int c = (unsigned char)v.data[i];
        if (c == '-') {
            if (!digits || ++n > 4)
                return false;
            digits = 0;
            continue;
        }
        if (!isxdigit(c) || parts[n] >> 59)
            return false;
        digits++;
        parts[n] = parts[n] << 4 | (uint64_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    if (n != 4 || !digits)
        return false;
    return add_uuid(out, (parts[0] & 0xFFFFFFFF) << 32 | (parts[1] & 0xFFFF) << 16 | (parts[2] & 0xFFFF), (parts[3] & 0xFFFF) << 48 | (parts[4] & 0xFFFFFFFFFFFF));
}

/* ---------------------------------------------------------------- URLs: forms of UTF-8 only */
static bool is_utf8(const K *k, const char *parameters)
{
    if (!parameters[1])
        return true;
    View name = k_str(k, FIRST + 1);
    return (name.len == 5 && !strncasecmp(name.data, "UTF-8", 5)) || (name.len == 4 && !strncasecmp(name.data, "UTF8", 4));
}

static bool url_encode(K *k, const char *parameters, Str *out)
{
    View v = k_str(k, FIRST);
    if (!is_utf8(k, parameters))
        return false;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c < 128 && (isalnum(c) || strchr(".-*_", c)) && c)
            str_addc(out, (char)c);
        else if (c == ' ')
            str_addc(out, '+');
        else
            str_addf(out, "%%%02X", c);
    }
    return true;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

static bool url_decode(K *k, const char *parameters, Str *out)
{
    View v = k_str(k, FIRST);
    if (!is_utf8(k, parameters))
        return false;
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] != '%') {
            str_addc(out, v.data[i] == '+' ? ' ' : v.data[i]);
            continue;
        }
        if (v.len - i < 3 || hex_value(v.data[i + 1]) < 0 || hex_value(v.data[i + 2]) < 0)
            return false;
        str_addc(out, (char)(hex_value(v.data[i + 1]) * 16 + hex_value(v.data[i + 2])));
        i += 2;
    }
    return true;
}

/* ---------------------------------------------------------------- booleans */
static bool boolean_parse(K *k, const char *parameters, Str *out)
{
    (void)parameters;
    return add_boolean(out, !k_is_null(k, FIRST) && k_str(k, FIRST).len == 4 && !strncasecmp(k_str(k, FIRST).data, "true", 4));
}

#define BOOLEAN(name, operator)                                                             \
    static bool boolean_##name(K *k, const char *parameters, Str *out)                      \
    {                                                                                       \
        (void)parameters;                                                                   \
        return add_boolean(out, k_bool(k, FIRST) operator k_bool(k, FIRST + 1));            \
    }
BOOLEAN(and, &)
BOOLEAN(or, |)
BOOLEAN(xor, ^)

/* ---------------------------------------------------------------- whole numbers */
static bool parsed(K *k, const char *parameters, i128 least, i128 most, Str *out)
{
    View v = k_str(k, FIRST);
    int radix = parameters[1] ? k_i32(k, FIRST + 1) : 10;
    size_t i = 0;
    bool negative = v.len && v.data[0] == '-';
    i128 x = 0;
    i += v.len && (v.data[0] == '-' || v.data[0] == '+');
    if (radix < 2 || radix > 36 || i == v.len)
        return false;
    for (; i < v.len; i++) {
        int c = (unsigned char)v.data[i], digit = isdigit(c) ? c - '0' : c < 128 && isalpha(c) ? (c | 32) - 'a' + 10 : 99;
        x = x * radix + digit;
        if (digit >= radix || x > most + 1)
            return false;
    }
    x = negative ? -x : x;
    return x >= least && x <= most && add_whole(out, (int64_t)x);
}

static bool int_parse(K *k, const char *parameters, Str *out)
{
    return parsed(k, parameters, INT32_MIN, INT32_MAX, out);
}

static bool long_parse(K *k, const char *parameters, Str *out)
{
    return parsed(k, parameters, INT64_MIN, INT64_MAX, out);
}

static bool add_radix(Str *out, uint64_t x, unsigned radix)
{
    char digits[65];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[x % radix];
    while (x /= radix);
    str_addn(out, digits + at, sizeof digits - at);
    return true;
}

/* toString(x, radix): a radix that is none is ten. */
static bool int_radix(K *k, const char *parameters, Str *out)
{
    int64_t x = whole(k, parameters, 0);
    int radix = k_i32(k, FIRST + 1);
    if (x < 0)
        str_addc(out, '-');
    return add_radix(out, x < 0 ? 0 - (uint64_t)x : (uint64_t)x, radix < 2 || radix > 36 ? 10 : (unsigned)radix);
}

#define UNSIGNED(name, radix)                                                                      \
    static bool int_##name(K *k, const char *parameters, Str *out)                                 \
    {                                                                                              \
        (void)parameters;                                                                          \
        return add_radix(out, (uint32_t)k_i32(k, FIRST), radix);                                   \
    }                                                                                              \
    static bool long_##name(K *k, const char *parameters, Str *out)                                \
    {                                                                                              \
        (void)parameters;                                                                          \
        return add_radix(out, (uint64_t)k_i64(k, FIRST), radix);                                   \
    }
UNSIGNED(hex, 16)
UNSIGNED(octal, 8)
UNSIGNED(binary, 2)

#define WHOLE(name, expression)                                                                    \
    static bool name(K *k, const char *parameters, Str *out)                                       \
    {                                                                                              \
        int64_t x = whole(k, parameters, 0), y = parameters[1] ? whole(k, parameters, 1) : 0;      \
        (void)y;                                                                                   \
        return add_whole(out, expression);                                                         \
    }
WHOLE(whole_max, x > y ? x : y)
WHOLE(whole_min, x < y ? x : y)
WHOLE(whole_sign, (x > 0) - (x < 0))
WHOLE(int_sum, (int32_t)(uint32_t)((uint64_t)x + (uint64_t)y))
WHOLE(long_sum, (int64_t)((uint64_t)x + (uint64_t)y))
WHOLE(int_abs, (int32_t)(uint32_t)(x < 0 ? 0 - (uint64_t)x : (uint64_t)x))
WHOLE(long_abs, (int64_t)(x < 0 ? 0 - (uint64_t)x : (uint64_t)x))
WHOLE(int_bits, __builtin_popcount((uint32_t)x))
WHOLE(long_bits, __builtin_popcountll((uint64_t)x))
WHOLE(int_leading, (uint32_t)x ? __builtin_clz((uint32_t)x) : 32)
WHOLE(long_leading, x ? __builtin_clzll((uint64_t)x) : 64)
WHOLE(int_trailing, (uint32_t)x ? __builtin_ctz((uint32_t)x) : 32)
WHOLE(long_trailing, x ? __builtin_ctzll((uint64_t)x) : 64)

/* ---------------------------------------------------------------- fractions */
/* Java's: NaN wins, -0.0 is less than 0.0. */
static double greater(double x, double y)
{
    return isnan(x) || isnan(y) ? (double)NAN : x == y ? (signbit(x) ? y : x) : x > y ? x : y;
}

static double lesser(double x, double y)
{
    return isnan(x) || isnan(y) ? (double)NAN : x == y ? (signbit(x) ? x : y) : x < y ? x : y;
}

#define DOUBLE(name, expression)                                                                   \
    static bool double_##name(K *k, const char *parameters, Str *out)                              \
    {                                                                                              \
        double x = real(k, 0), y = parameters[1] ? real(k, 1) : 0;                                 \
        (void)y;                                                                                   \
        return add_double(out, expression);                                                        \
    }
DOUBLE(max, greater(x, y))
DOUBLE(min, lesser(x, y))
DOUBLE(abs, fabs(x))
DOUBLE(sqrt, sqrt(x))
DOUBLE(cbrt, cbrt(x))
DOUBLE(ceil, ceil(x))
DOUBLE(floor, floor(x))
DOUBLE(rint, nearbyint(x))
DOUBLE(pow, isnan(y) || (fabs(x) == 1 && isinf(y)) ? (double)NAN : pow(x, y))
DOUBLE(hypot, hypot(x, y))
DOUBLE(sign, isnan(x) || x == 0 ? x : x > 0 ? 1.0 : -1.0)
DOUBLE(degrees, x * 57.29577951308232)
DOUBLE(radians, x * 0.017453292519943295)

#define FLOAT(name, expression)                                                                    \
    static bool float_##name(K *k, const char *parameters, Str *out)                               \
    {                                                                                              \
        double x = (double)k_f32(k, FIRST), y = parameters[1] ? (double)k_f32(k, FIRST + 1) : 0;   \
        (void)y;                                                                                   \
        return add_float(out, (float)(expression));                                                \
    }
FLOAT(max, greater(x, y))
FLOAT(min, lesser(x, y))
FLOAT(abs, fabs(x))
FLOAT(sign, isnan(x) || x == 0 ? x : x > 0 ? 1.0 : -1.0)

/* ---------------------------------------------------------------- calls */
#define CLASS(name, others)
#define METHOD(class, name, parameters, function) { parameters, function },
static const Method methods[] = {
#include "ir/reflect.def"
};
#undef CLASS
#undef METHOD

static void reflect(K *k)
{
    const Method *m = &methods[k_i32(k, 0)];
    str_auto out = STR_INIT((size_t)1 << 31);
    bool good = true, nulls = m->run == value_text || m->run == boolean_parse;
    for (size_t i = FIRST; i < k->nargs; i++)
        good = good && (nulls || !k_is_null(k, i));
    good = good && m->run(k, m->parameters, &out);
    if (good)
        k_set_out(k, &out);
    else if (k_bool(k, 1))
        k_null(k);
    else
        k_throw(k, "java.lang.reflect.InvocationTargetException");
}

const Kernel kernels_reflect[] = {
    { "spark_reflect", "ib*:S", reflect, KERNEL_VOLATILE | KERNEL_VARARGS | KERNEL_NULLS },
    { NULL, NULL, NULL, 0 },
};
