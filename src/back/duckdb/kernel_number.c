/* back/duckdb/kernel_number.c -- arithmetic and mathematics as Java and Spark define them. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSI_CONF "\"spark.sql.ansi.enabled\""

static bool zero_divisor(K *k, bool zero, int mode, const char *code)
{
    if (!zero)
        return false;
    if (mode == MODE_ERROR)
        k_fail(k, code, "config", ANSI_CONF, NULL);
    else
        k_null(k);
    return true;
}

static void divide(K *k)
{
    if (!zero_divisor(k, k_f64(k, 1) == 0, k_i32(k, 2), "DIVIDE_BY_ZERO"))
        k_set_f64(k, k_f64(k, 0) / k_f64(k, 1));
}

static void overflowed(K *k, const char *what)
{
    k_fail(k, "ARITHMETIC_OVERFLOW", "message", what, "alternative", "", "config", ANSI_CONF, NULL);
}

static void div_integer(K *k)
{
    int64_t a = k_i64(k, 0), b = k_i64(k, 1);
    if (zero_divisor(k, b == 0, k_i32(k, 2), "DIVIDE_BY_ZERO"))
        return;
    if (a == INT64_MIN && b == -1 && k_i32(k, 2) == MODE_ERROR)
        overflowed(k, "Overflow in integral divide");
    else
        k_set_i64(k, b == -1 ? (int64_t)-(uint64_t)a : a / b);
}

static void mod_integer(K *k)
{
    int64_t a = k_i64(k, 0), b = k_i64(k, 1);
    if (!zero_divisor(k, b == 0, k_i32(k, 2), "REMAINDER_BY_ZERO"))
        k_set_i64(k, b == -1 ? 0 : a % b);
}

static void pmod_integer(K *k)
{
    int64_t a = k_i64(k, 0), b = k_i64(k, 1);
    if (zero_divisor(k, b == 0, k_i32(k, 2), "REMAINDER_BY_ZERO"))
        return;
    int64_t r = b == -1 ? 0 : a % b;
    k_set_i64(k, r < 0 ? (int64_t)((uint64_t)r + (uint64_t)b) % b : r); /* Long: the sum wraps */
}

static void pmod_int(K *k)
{
    int64_t a = k_i64(k, 0), b = k_i64(k, 1);
    if (zero_divisor(k, b == 0, k_i32(k, 2), "REMAINDER_BY_ZERO"))
        return;
    int64_t r = a % b;
    k_set_i64(k, r < 0 ? (int32_t)(uint32_t)(r + b) % b : r); /* Int: the sum wraps */
}

static void mod_float(K *k)
{
    if (!zero_divisor(k, k_f64(k, 1) == 0, k_i32(k, 2), "REMAINDER_BY_ZERO"))
        k_set_f64(k, fmod(k_f64(k, 0), k_f64(k, 1)));
}

static void pmod_float(K *k)
{
    double a = k_f64(k, 0), b = k_f64(k, 1);
    if (zero_divisor(k, b == 0, k_i32(k, 2), "REMAINDER_BY_ZERO"))
        return;
    double r = fmod(a, b);
    k_set_f64(k, r < 0 ? fmod(r + b, b) : r);
}

static void floor_div_integer(K *k)
{
    k_set_i64(k, floor_div(k_i64(k, 0), k_i64(k, 1)));
}

/* ---------------------------------------------------------------- rounding */
static i128 rounded(const K *k)
{
    i128 x = k_i64(k, 0);
    int digits = k_i32(k, 1);
    bool even = k_i32(k, 2);
    if (digits < 0) {
        i128 unit = digits < -19 ? 0 : power_of_ten(-digits);
        if (!unit)
            return 0;
        i128 q = x / unit, r = x % unit, twice = r < 0 ? -2 * r : 2 * r;
        if (twice > unit || (twice == unit && (!even || q % 2)))
            q += x < 0 ? -1 : 1;
        x = q * unit;
    }
    return x;
}

static void round_wide(K *k)
{
    k_set_i128(k, rounded(k));
}

static void round_integer(K *k)
{
    i128 x = rounded(k), most = ((i128)1 << (8 * k_i32(k, 3) - 1)) - 1; /* bytes of the type */
    if (x > most || x < -most - 1)
        overflowed(k, "Overflow");
    else
        k_set_i64(k, (int64_t)x);
}

/* BigDecimal(Double.toString(x)).setScale(digits, HALF_UP or HALF_EVEN): rounds the digits that one sees. */
static double round_shown(double x, const char *text, int digits, bool even)
{
    char shown[40], out[NUMBER_TEXT_BYTES * 2];
    int n = 0;
    const char *e = strchr(text, 'E'), *at = text;
    int exponent = e ? (int)strtol(e + 1, NULL, 10) : 0, point = 0;
    bool negative = *at == '-', seen_point = false;
    for (at += negative; at < (e ? e : text + strlen(text)) && n < 38; at++) {
        if (*at == '.') {
            seen_point = true;
            continue;
        }
        shown[n++] = *at;
        point += !seen_point;
    }
    point += exponent; /* shown[0..n) with the decimal point before shown[point] */
    int64_t keep = (int64_t)point + digits;
    if (keep >= n)
        return x + 0.0; /* a BigDecimal has no negative zero */
    if (keep < 0)
        return 0.0;
    bool up = shown[keep] > '5' || (shown[keep] == '5' && !even);
    if (shown[keep] == '5' && even) {
        for (int64_t i = keep + 1; i < n && !up; i++)
            up = shown[i] != '0';
        up = up || (keep > 0 && (shown[keep - 1] - '0') % 2);
    }
    i128 value = 0;
    for (int i = 0; i < keep; i++)
        value = value * 10 + (shown[i] - '0');
    value += up;
    size_t length = print_i128(negative ? -value : value, out);
    snprintf(out + length, sizeof out - length, "e%d", -digits);
    return strtod(out, NULL) + 0.0;
}

static void round_float(K *k)
{
    double x = k_f64(k, 0);
    char text[NUMBER_TEXT_BYTES];
    if (!isfinite(x)) {
        k_set_f64(k, x);
        return;
    }
    java_text_double(x, text);
    k_set_f64(k, round_shown(x, text, k_i32(k, 1), k_i32(k, 2)));
}

static void round_float32(K *k)
{
    float x = k_f32(k, 0);
    char text[NUMBER_TEXT_BYTES];
    if (!isfinite(x)) {
        k_set_f32(k, x);
        return;
    }
    java_text_double((double)x, text); /* Round.nullSafeEval: BigDecimal(f.toDouble) */
    k_set_f32(k, (float)round_shown((double)x, text, k_i32(k, 1), k_i32(k, 2)));
}

/* ---------------------------------------------------------------- functions of one or two doubles */
#define MATH1(name, expr)            \
    static void math_##name(K *k)    \
    {                                \
        double x = k_f64(k, 0);      \
        k_set_f64(k, (expr));        \
    }
#define MATH2(name, expr)                               \
    static void math_##name(K *k)                       \
    {                                                   \
        double x = k_f64(k, 0), y = k_f64(k, 1);        \
        k_set_f64(k, (expr));                           \
    }
/* Spark's logarithms are NULL where there is none. */
#define LOG1(name, low, expr)        \
    static void math_##name(K *k)    \
    {                                \
        double x = k_f64(k, 0);      \
        if (x <= (low))              \
            k_null(k);               \
        else                         \
            k_set_f64(k, (expr));    \
    }
MATH1(sqrt, sqrt(x))
MATH1(exp, exp(x))
MATH1(expm1, expm1(x))
MATH1(sin, sin(x))
MATH1(cos, cos(x))
MATH1(tan, tan(x))
MATH1(cot, 1 / tan(x))
MATH1(sec, 1 / cos(x))
MATH1(csc, 1 / sin(x))
MATH1(asin, asin(x))
MATH1(acos, acos(x))
MATH1(atan, atan(x))
MATH1(sinh, sinh(x))
MATH1(cosh, cosh(x))
MATH1(tanh, tanh(x))
/* As Spark computes them: java.lang.Math has none. */
MATH1(asinh, x == -INFINITY ? x : log(x + sqrt(x * x + 1.0)))
MATH1(acosh, log(x + sqrt(x * x - 1.0)))
MATH1(atanh, 0.5 * (log1p(x) - log1p(-x)))
MATH1(degrees, x * 57.29577951308232)
MATH1(radians, x * 0.017453292519943295)
MATH1(rint, rint(x))
MATH2(atan2, atan2(x + 0.0, y + 0.0))
MATH2(hypot, hypot(x, y))
LOG1(ln, 0, log(x))
LOG1(log10, 0, log10(x))
LOG1(log2, 0, log2(x))
LOG1(log1p, -1, log1p(x))

/* Java's pow differs from C's: 1 to the power of NaN is NaN there. */
static void math_pow(K *k)
{
    double x = k_f64(k, 0), y = k_f64(k, 1);
    if (isnan(y) || (fabs(x) == 1 && isinf(y)))
        k_set_f64(k, NAN);
    else
        k_set_f64(k, pow(x, y));
}

static void math_log(K *k)
{
    double base = k_f64(k, 0), x = k_f64(k, 1);
    if (base <= 0 || x <= 0)
        k_null(k);
    else
        k_set_f64(k, log(x) / log(base));
}

static void factorial(K *k)
{
    int32_t n = k_i32(k, 0);
    int64_t product = 1;
    if (n < 0 || n > 20) {
        k_null(k);
        return;
    }
    for (int32_t i = 2; i <= n; i++)
        product *= i;
    k_set_i64(k, product);
}

/* ---------------------------------------------------------------- bits and bases */
static void shift_left32(K *k) { k_set_i32(k, (int32_t)((uint32_t)k_i32(k, 0) << (k_i32(k, 1) & 31))); }
static void shift_left64(K *k) { k_set_i64(k, (int64_t)((uint64_t)k_i64(k, 0) << (k_i32(k, 1) & 63))); }
static void shift_right32(K *k) { k_set_i32(k, k_i32(k, 0) >> (k_i32(k, 1) & 31)); }
static void shift_right64(K *k) { k_set_i64(k, k_i64(k, 0) >> (k_i32(k, 1) & 63)); }
static void shift_right_unsigned32(K *k) { k_set_i32(k, (int32_t)((uint32_t)k_i32(k, 0) >> (k_i32(k, 1) & 31))); }
static void shift_right_unsigned64(K *k) { k_set_i64(k, (int64_t)((uint64_t)k_i64(k, 0) >> (k_i32(k, 1) & 63))); }

static void bit_get(K *k)
{
    int32_t at = k_i32(k, 1), bits = k_i32(k, 2);
    if (at < 0 || at >= bits) {
        char upper[16], got[16];
        snprintf(upper, sizeof upper, "%d", bits);
        snprintf(got, sizeof got, "%d", at);
        k_fail(k, "INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE", "parameter", "`pos`", "functionName", "`bit_get`", "upper", upper,
               "invalidValue", got, NULL);
        return;
    }
    k_set_i8(k, (int8_t)(k_i64(k, 0) >> at & 1));
}

static void hex_integer(K *k)
{
    char text[24];
    k_set_str(k, text, (size_t)snprintf(text, sizeof text, "%" PRIX64, (uint64_t)k_i64(k, 0)));
}

static void bin_integer(K *k)
{
    char text[65];
    uint64_t x = (uint64_t)k_i64(k, 0);
    size_t at = 64;
    do
        text[--at] = (char)('0' + (x & 1));
    while (x >>= 1);
    k_set_str(k, text + at, 64 - at);
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static void unhex(K *k)
{
    View v = k_str(k, 0);
    str_auto out = STR_INIT(v.len + 16);
    int high = 0;
    for (size_t i = 0; i < v.len; i++) {
        int digit = hex_digit(v.data[i]);
        if (digit < 0) {
            k_null(k);
            return;
        }
        if ((v.len - i) % 2 == 0) {
            high = digit;
        } else {
            str_addc(&out, (char)(high << 4 | digit));
            high = 0;
        }
    }
    k_set_out(k, &out);
}

/* NumberConverter: digits of `from` that stand at the start; a result for negative `to` is signed. */
static void conv(K *k)
{
    View v = trim_all(k_str(k, 0));
    int from = k_i32(k, 1), to = k_i32(k, 2);
    if (from < 2 || from > 36 || to == INT32_MIN || abs(to) < 2 || abs(to) > 36 || !v.len) {
        k_null(k);
        return;
    }
    bool negative = v.data[0] == '-', overflow = false;
    uint64_t value = 0;
    for (size_t i = negative; i < v.len; i++) {
        int c = tolower((unsigned char)v.data[i]), digit = isdigit(c) ? c - '0' : isalpha(c) ? c - 'a' + 10 : 99;
        if (digit >= from)
            break;
        overflow = overflow || value > (UINT64_MAX - (unsigned)digit) / (unsigned)from;
        value = value * (unsigned)from + (unsigned)digit;
    }
    if (overflow && k_i32(k, 3) == MODE_ERROR) {
        overflowed(k, "Overflow in function conv()");
        return;
    }
    value = overflow ? UINT64_MAX : value;
    if (negative && !overflow)
        value = to < 0 ? value : (uint64_t)-(int64_t)value;
    char text[72];
    size_t at = sizeof text;
    bool minus = to < 0 && (negative || (int64_t)value < 0);
    if (to < 0 && !negative && (int64_t)value < 0)
        value = (uint64_t)-(int64_t)value;
    unsigned base = (unsigned)abs(to);
    do
        text[--at] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % base];
    while (value /= base);
    if (minus)
        text[--at] = '-';
    k_set_str(k, text + at, sizeof text - at);
}

static void width_bucket(K *k)
{
    double x = k_f64(k, 0), low = k_f64(k, 1), high = k_f64(k, 2);
    int64_t n = k_i64(k, 3);
    if (n <= 0 || n == INT64_MAX || isnan(x) || low == high || !isfinite(low) || !isfinite(high)) {
        k_null(k);
        return;
    }
    double lower = fmin(low, high), upper = fmax(low, high);
    if (low < high)
        k_set_i64(k, x < lower ? 0 : x >= upper ? n + 1 : (int64_t)((double)n * (x - lower) / (upper - lower)) + 1);
    else
        k_set_i64(k, x > upper ? 0 : x <= lower ? n + 1 : (int64_t)((double)n * (upper - x) / (upper - lower)) + 1);
}

/* An aggregate's quotient: infinity stands for one by zero. */
static void defined(K *k)
{
    if (!zero_divisor(k, isinf(k_f64(k, 0)) != 0, k_i32(k, 1), "DIVIDE_BY_ZERO"))
        k_set_f64(k, k_f64(k, 0));
}

/* Math.signum: NaN and zeros stay. */
static void signum(K *k)
{
    double x = k_f64(k, 0);
    k_set_f64(k, isnan(x) || x == 0 ? x : x > 0 ? 1 : -1);
}

const Kernel kernels_number[] = {
    { "spark_signum", "d:d", signum, 0 },
    { "spark_defined", "di:d", defined, 0 },
    { "spark_divide", "ddi:d", divide, 0 },
    { "spark_div", "lli:l", div_integer, 0 },
    { "spark_mod", "lli:l", mod_integer, 0 },
    { "spark_pmod", "lli:l", pmod_integer, 0 },
    { "spark_pmod_int", "lli:l", pmod_int, 0 },
    { "spark_fmod", "ddi:d", mod_float, 0 },
    { "spark_pfmod", "ddi:d", pmod_float, 0 },
    { "spark_floor_div", "ll:l", floor_div_integer, 0 },
    { "spark_round_integer", "liii:l", round_integer, 0 },
    { "spark_round_wide", "lii:h", round_wide, 0 },
    { "spark_round_float", "dii:d", round_float, 0 },
    { "spark_round_float", "fii:f", round_float32, 0 },
    { "spark_sqrt", "d:d", math_sqrt, 0 },     { "spark_exp", "d:d", math_exp, 0 },       { "spark_expm1", "d:d", math_expm1, 0 },
    { "spark_sin", "d:d", math_sin, 0 },       { "spark_cos", "d:d", math_cos, 0 },       { "spark_tan", "d:d", math_tan, 0 },
    { "spark_cot", "d:d", math_cot, 0 },       { "spark_sec", "d:d", math_sec, 0 },       { "spark_csc", "d:d", math_csc, 0 },
    { "spark_asin", "d:d", math_asin, 0 },     { "spark_acos", "d:d", math_acos, 0 },     { "spark_atan", "d:d", math_atan, 0 },
    { "spark_sinh", "d:d", math_sinh, 0 },     { "spark_cosh", "d:d", math_cosh, 0 },     { "spark_tanh", "d:d", math_tanh, 0 },
    { "spark_asinh", "d:d", math_asinh, 0 },   { "spark_acosh", "d:d", math_acosh, 0 },   { "spark_atanh", "d:d", math_atanh, 0 },
    { "spark_degrees", "d:d", math_degrees, 0 }, { "spark_radians", "d:d", math_radians, 0 }, { "spark_rint", "d:d", math_rint, 0 },
    { "spark_atan2", "dd:d", math_atan2, 0 },  { "spark_hypot", "dd:d", math_hypot, 0 },  { "spark_pow", "dd:d", math_pow, 0 },
    { "spark_ln", "d:d", math_ln, 0 },         { "spark_log", "dd:d", math_log, 0 },      { "spark_log10", "d:d", math_log10, 0 },
    { "spark_log2", "d:d", math_log2, 0 },     { "spark_log1p", "d:d", math_log1p, 0 },
    { "spark_factorial", "i:l", factorial, 0 },
    { "spark_shiftleft", "ii:i", shift_left32, 0 },
    { "spark_shiftleft", "li:l", shift_left64, 0 },
    { "spark_shiftright", "ii:i", shift_right32, 0 },
    { "spark_shiftright", "li:l", shift_right64, 0 },
    { "spark_shiftrightunsigned", "ii:i", shift_right_unsigned32, 0 },
    { "spark_shiftrightunsigned", "li:l", shift_right_unsigned64, 0 },
    { "spark_bit_get", "lii:t", bit_get, 0 },
    { "spark_hex", "l:S", hex_integer, 0 },
    { "spark_bin", "l:S", bin_integer, 0 },
    { "spark_unhex", "S:B", unhex, 0 },
    { "spark_conv", "Siii:S", conv, 0 },
    { "spark_width_bucket", "dddl:l", width_bucket, 0 },
    { NULL, NULL, NULL, 0 },
};
