/* back/duckdb/kernel_decimal.c -- decimal arithmetic with Spark's precision, rounding half up, up to 256 bits in between.
 * spark_decimal_<s>(a, b, op, precision, mode) gives DECIMAL(38, s); NULL, or an error when mode is 1, past the precision.
 * Source: org.apache.spark.sql.types.Decimal, arithmetic expressions' decimalMethod. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"

#include <math.h>
#include <stdio.h>

enum { OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_REMAINDER, OP_INTEGER_DIVIDE, OP_PMOD, OP_ROUND, OP_BROUND, OP_CEIL, OP_FLOOR, OP_SUM,
       OP_NEGATE, OP_ABS };

/* ---------------------------------------------------------------- 256 bits, unsigned */
typedef struct U256 {
    u128 high, low;
} U256;

static U256 multiply(u128 a, u128 b)
{
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    u128 p00 = (u128)a0 * b0, p01 = (u128)a0 * b1, p10 = (u128)a1 * b0, p11 = (u128)a1 * b1;
    u128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return (U256){ .high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), .low = (middle << 64) | (uint64_t)p00 };
}

/* Quotient and remainder by a divisor below 2^127. */
static U256 divide(U256 n, u128 d, u128 *ret_remainder)
{
    if (d == 1) {
        *ret_remainder = 0;
        return n;
    }
    U256 q = { .high = n.high / d };
    u128 r = n.high % d;
    if (!r) {
        q.low = n.low / d;
        *ret_remainder = n.low % d;
        return q;
    }
    for (int i = 127; i >= 0; i--) {
        r = r << 1 | (n.low >> i & 1);
        if (r >= d) {
            r -= d;
            q.low |= (u128)1 << i;
        }
    }
    *ret_remainder = r;
    return q;
}

static u128 magnitude(i128 x)
{
    return x < 0 ? -(u128)x : (u128)x;
}

/* ---------------------------------------------------------------- arguments of any width */
typedef struct Decimal {
    i128 value;
    int scale;
} Decimal;

static void find_type(KernelArg *arg)
{
    duckdb_logical_type type = duckdb_vector_get_column_type(arg->vector);
    arg->number = duckdb_get_type_id(type);
    if (arg->number == DUCKDB_TYPE_DECIMAL) {
        arg->scale = duckdb_decimal_scale(type);
        arg->number = duckdb_decimal_internal_type(type);
    }
    duckdb_destroy_logical_type(&type);
    arg->typed = true;
}

static inline bool read_argument(K *k, size_t arg, Decimal *ret)
{
    if (!k->args[arg].typed)
        find_type(&k->args[arg]);
    ret->scale = k->args[arg].scale;
    switch (k->args[arg].number) {
    case DUCKDB_TYPE_TINYINT: ret->value = k_i8(k, arg); return true;
    case DUCKDB_TYPE_SMALLINT: ret->value = k_i16(k, arg); return true;
    case DUCKDB_TYPE_INTEGER: ret->value = k_i32(k, arg); return true;
    case DUCKDB_TYPE_BIGINT: ret->value = k_i64(k, arg); return true;
    case DUCKDB_TYPE_HUGEINT: ret->value = k_i128(k, arg); return true;
    default: k_fail(k, "INTERNAL_ERROR", "message", "a decimal kernel got another type", NULL); return false;
    }
}

static void out_of_range(K *k, Decimal x, int precision, int scale, int mode)
{
    char value[64], p[16], s[16];
    if (mode != MODE_ERROR) {
        k_null(k);
        return;
    }
    print_decimal(x.value, x.scale, value);
    snprintf(p, sizeof p, "%d", precision);
    snprintf(s, sizeof s, "%d", scale);
    k_fail(k, "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "value", value, "precision", p, "scale", s, "config",
           "\"spark.sql.ansi.enabled\"", NULL);
}

/* `wide` (its sign apart) divided by `divisor`, rounded half up, as the result of the precision. */
static void finish(K *k, U256 wide, u128 divisor, bool negative, Decimal shown, int precision, int scale, int mode)
{
    u128 remainder;
    U256 q = divide(wide, divisor, &remainder);
    if (remainder >= divisor - remainder && remainder)
        q.low++;
    if (q.high || q.low >= (u128)power_of_ten(precision))
        out_of_range(k, shown, precision, scale, mode);
    else
        k_set_i128(k, negative ? -(i128)q.low : (i128)q.low);
}

/* x at `from` digits behind the point, as one at `to`. */
static void rescale(K *k, Decimal x, int precision, int scale, int mode)
{
    if (scale >= x.scale)
        finish(k, multiply(magnitude(x.value), (u128)power_of_ten(scale - x.scale)), 1, x.value < 0, x, precision, scale, mode);
    else
        finish(k, (U256){ .low = magnitude(x.value) }, (u128)power_of_ten(x.scale - scale), x.value < 0, x, precision, scale, mode);
}

static void add(K *k, Decimal a, Decimal b, int precision, int scale, int mode)
{
    int wide = a.scale > b.scale ? a.scale : b.scale;
    U256 x = multiply(magnitude(a.value), (u128)power_of_ten(wide - a.scale));
    U256 y = multiply(magnitude(b.value), (u128)power_of_ten(wide - b.scale));
    bool xn = a.value < 0, yn = b.value < 0, less = x.high != y.high ? x.high < y.high : x.low < y.low;
    U256 sum;
    if (xn == yn) {
        sum = (U256){ .low = x.low + y.low };
        sum.high = x.high + y.high + (sum.low < x.low);
    } else {
        U256 big = less ? y : x, small = less ? x : y;
        sum = (U256){ .low = big.low - small.low, .high = big.high - small.high - (big.low < small.low) };
    }
    bool negative = xn == yn ? xn : less ? yn : xn;
    finish(k, sum, wide > scale ? (u128)power_of_ten(wide - scale) : 1, negative, a, precision, scale, mode);
}

static bool by_zero(K *k, int op, int mode)
{
    if (mode != MODE_ERROR)
        k_null(k);
    else
        k_fail(k, op == OP_REMAINDER || op == OP_PMOD ? "REMAINDER_BY_ZERO" : "DIVIDE_BY_ZERO", "config", "\"spark.sql.ansi.enabled\"", NULL);
    return true;
}

/* a / b with `scale` digits behind the point: a * 10^(scale + b.scale - a.scale) / b. */
static void quotient(K *k, Decimal a, Decimal b, int op, int precision, int scale, int mode)
{
    int shift = scale + b.scale - a.scale;
    u128 divisor = magnitude(b.value);
    U256 n = { .low = magnitude(a.value) };
    if (shift < 0) {
        U256 wide = multiply(divisor, (u128)power_of_ten(-shift));
        if (wide.high || wide.low >> 127) {
            k_set_i128(k, 0);
            return;
        }
        divisor = wide.low;
    }
    for (int left = shift > 38 ? shift - 38 : 0; left > 0; left -= 19) { /* past 10^38 in two steps: never for legal types */
        n = multiply(n.low, (u128)power_of_ten(left > 19 ? 19 : left));
    }
    if (shift > 0)
        n = multiply(n.low, (u128)power_of_ten(shift > 38 ? 38 : shift));
    bool negative = (a.value < 0) != (b.value < 0);
    if (op == OP_INTEGER_DIVIDE) {
        u128 rest;
        n = divide(n, divisor, &rest);
        divisor = 1;
    }
    finish(k, n, divisor, negative, a, precision, scale, mode);
}

static void remainder_of(K *k, Decimal a, Decimal b, int op, int precision, int scale, int mode)
{
    int wide = a.scale > b.scale ? a.scale : b.scale;
    U256 x = multiply(magnitude(a.value), (u128)power_of_ten(wide - a.scale)), y = multiply(magnitude(b.value), (u128)power_of_ten(wide - b.scale));
    u128 rest = x.low;
    if (!y.high && !(y.low >> 127))
        divide(x, y.low, &rest);
    i128 value = a.value < 0 ? -(i128)rest : (i128)rest;
    if (op == OP_PMOD && value < 0 && !y.high)
        value = b.value < 0 ? value : value + (i128)y.low;
    rescale(k, (Decimal){ value, wide }, precision, scale, mode);
}

/* To `digits` behind the point (may be negative), then to the result's scale. */
static void round_to(K *k, Decimal a, int digits, int op, int precision, int scale, int mode)
{
    if (digits >= a.scale) {
        rescale(k, a, precision, scale, mode);
        return;
    }
    if (digits < -38)
        digits = -38;
    int drop = a.scale - digits;
    bool beyond = drop > 38; /* a half of the unit is more than any value */
    if (beyond)
        drop = 38;
    i128 unit = power_of_ten(drop), q = a.value / unit, r = a.value % unit;
    i128 twice = r < 0 ? -r * 2 : r * 2;
    int up = 0;
    if (op == OP_ROUND || op == OP_BROUND)
        up = !beyond && (twice > unit || (twice == unit && (op == OP_ROUND || q % 2 != 0)));
    else if (op == OP_CEIL)
        up = r > 0;
    else
        up = r < 0;
    q += (op == OP_CEIL || (op != OP_FLOOR && a.value >= 0)) ? up : -up;
    if (digits < 0) {
        U256 wide = multiply(magnitude(q), (u128)power_of_ten(-digits));
        finish(k, multiply(wide.low, (u128)power_of_ten(scale)), 1, q < 0, a, precision, scale, mode);
    } else {
        rescale(k, (Decimal){ q, digits }, precision, scale, mode);
    }
}

/* Another sign by the context of 34 digits, half to even. */
static void change_sign(K *k, Decimal a, int precision, int scale)
{
    u128 m = magnitude(a.value), unit = 1;
    while (m / unit >= (u128)power_of_ten(34))
        unit *= 10;
    u128 q = m / unit, rest = m % unit;
    if (unit > 1 && (rest > unit - rest || (rest == unit - rest && q % 2)))
        q++;
    m = q * unit;
    char value[32], p[16], s[16];
    snprintf(p, sizeof p, "%d", precision);
    snprintf(s, sizeof s, "%d", scale);
    snprintf(value, sizeof value, "%s1E+%d", a.value < 0 ? "" : "-", precision - scale);
    if (m >= (u128)power_of_ten(precision))
        k_fail(k, "NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION", "roundedValue", value, "originalValue", value, "precision", p, "scale", s, NULL);
    else
        k_set_i128(k, a.value < 0 ? (i128)m : -(i128)m);
}

static bool fits_64(i128 x)
{
    return x == (int64_t)x;
}

/* The usual case, in 128 bits: operands of 64 and no digit to drop. False: not that case, nothing was done. */
static bool decimal_small(K *k, Decimal a, Decimal b, int op, int precision, int scale)
{
    i128 result;
    if (!fits_64(a.value) || !fits_64(b.value))
        return false;
    if (op == OP_MULTIPLY && a.scale + b.scale == scale) {
        result = a.value * b.value;
    } else if ((op == OP_ADD || op == OP_SUBTRACT) && a.scale <= scale && b.scale <= scale && scale <= 18) {
        i128 x = a.value * power_of_ten(scale - a.scale), y = b.value * power_of_ten(scale - b.scale);
        result = op == OP_ADD ? x + y : x - y;
    } else if (op == OP_DIVIDE && b.value && scale + b.scale >= a.scale && scale + b.scale - a.scale <= 18) {
        i128 n = a.value * power_of_ten(scale + b.scale - a.scale), rest = n % b.value;
        result = n / b.value;
        if (magnitude(rest) >= magnitude(b.value) - magnitude(rest))
            result += (a.value < 0) == (b.value < 0) ? 1 : -1;
    } else {
        return false;
    }
    if (magnitude(result) >= (u128)power_of_ten(precision))
        return false;
    k_set_i128(k, result);
    return true;
}

static void decimal_run(K *k, int scale)
{
    Decimal a, b;
    int op = k_i32(k, 2), precision = k_i32(k, 3), mode = k_i32(k, 4);
    if (!read_argument(k, 0, &a) || !read_argument(k, 1, &b))
        return;
    if (decimal_small(k, a, b, op, precision, scale))
        return;
    if (op >= OP_DIVIDE && op <= OP_PMOD && b.value == 0 && by_zero(k, op, mode))
        return;
    switch (op) {
    case OP_SUBTRACT: b.value = -b.value; add(k, a, b, precision, scale, mode); break;
    case OP_ADD: add(k, a, b, precision, scale, mode); break;
    case OP_MULTIPLY: {
        int drop = a.scale + b.scale - scale;
        finish(k, multiply(magnitude(a.value), magnitude(b.value)), drop > 0 ? (u128)power_of_ten(drop) : 1,
               (a.value < 0) != (b.value < 0), a, precision, scale, mode);
        break;
    }
    case OP_DIVIDE: case OP_INTEGER_DIVIDE: quotient(k, a, b, op, precision, scale, mode); break;
    case OP_REMAINDER: case OP_PMOD: remainder_of(k, a, b, op, precision, scale, mode); break;
    case OP_SUM:
        if (magnitude(a.value) < (u128)power_of_ten(precision))
            k_set_i128(k, a.value);
        else if (mode == MODE_ERROR)
            k_fail(k, "ARITHMETIC_OVERFLOW", "message", "Overflow in sum of decimals.", "alternative", " Use 'try_sum' to tolerate overflow and return NULL instead.",
                   "config", "\"spark.sql.ansi.enabled\"", NULL);
        else
            k_null(k);
        break;
    case OP_NEGATE: change_sign(k, a, precision, scale); break;
    case OP_ABS:
        if (a.value < 0)
            change_sign(k, a, precision, scale);
        else
            k_set_i128(k, a.value);
        break;
    default: round_to(k, a, (int)b.value, op, precision, scale, mode);
    }
}

static void text_run(K *k, View v, int scale, const char *source)
{
    i128 value;
    bool overflow;
    int precision = k_i32(k, 1), mode = k_i32(k, 2);
    if (convert_decimal(v, precision, scale, &value, &overflow)) {
        k_set_i128(k, value);
    } else if (mode != MODE_ERROR) {
        k_null(k);
    } else if (overflow) {
        char p[16], s[16];
        snprintf(p, sizeof p, "%d", precision);
        snprintf(s, sizeof s, "%d", scale);
        k_fail(k, "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "value", k_text(k, trim_all(v)), "precision", p, "scale", s, "config",
               "\"spark.sql.ansi.enabled\"", NULL);
    } else {
        char type[32];
        str_auto quoted = STR_INIT(4096);
        str_addf(&quoted, "'%.*s'", (int)(v.len < 2000 ? v.len : 2000), v.data);
        snprintf(type, sizeof type, "\"DECIMAL(%d,%d)\"", precision, scale);
        k_fail(k, "CAST_INVALID_INPUT", "expression", str_text(&quoted), "sourceType", source, "targetType", type, NULL);
    }
}

static void float_run(K *k, int scale)
{
    char text[NUMBER_TEXT_BYTES];
    size_t n = java_text_double(k_f64(k, 0), text);
    if (!isfinite(k_f64(k, 0)))
        k_null(k);
    else
        text_run(k, (View){ text, n }, scale, "\"DOUBLE\"");
}

static void decimal_text(K *k)
{
    char text[64];
    Decimal x;
    if (read_argument(k, 0, &x))
        k_set_str(k, text, print_decimal(x.value, x.scale, text));
}

static void decimal_java_text(K *k)
{
    char text[NUMBER_TEXT_BYTES];
    Decimal x;
    if (read_argument(k, 0, &x))
        k_set_str(k, text, print_decimal_java(x.value, x.scale, text));
}

/* (d.toBigDecimal * MICROS_PER_SECOND).longValue: a product of 34 digits, half even, cut to whole microseconds, of which 64 bits stay. */
static void decimal_timestamp(K *k)
{
    enum { PRODUCT_DIGITS = 34 };
    Decimal x;
    char digits[64];
    if (!read_argument(k, 0, &x))
        return;
    int past = (int)print_decimal(x.value < 0 ? -x.value : x.value, 0, digits) - PRODUCT_DIGITS;
    u128 value = magnitude(x.value), unit = past > 0 ? (u128)power_of_ten(past) : 1, rest = value % unit;
    value = value / unit * unit + (rest * 2 > unit || (rest * 2 == unit && value / unit % 2) ? unit : 0);
    value = x.scale >= 6 ? value / (u128)power_of_ten(x.scale - 6) : value * (u128)power_of_ten(6 - x.scale);
    k_set_i64(k, (int64_t)(uint64_t)(x.value < 0 ? -value : value));
}

#define FUNCTIONS(s)                                                               \
    static void decimal_##s(K *k) { decimal_run(k, s); }                           \
    static void text_##s(K *k) { text_run(k, k_str(k, 0), s, "\"STRING\""); }      \
    static void float_##s(K *k) { float_run(k, s); }
EACH_SCALE(FUNCTIONS)
#define ROWS(s)                                                       \
    { "spark_decimal_" #s, "**iii:" #s, decimal_##s, 0 },             \
    { "spark_text_decimal_" #s, "Sii:" #s, text_##s, 0 },             \
    { "spark_float_decimal_" #s, "dii:" #s, float_##s, 0 },

const Kernel kernels_decimal[] = { EACH_SCALE(ROWS) { "spark_decimal_text", "*:S", decimal_text, 0 },
                                   { "spark_decimal_java_text", "*:S", decimal_java_text, 0 },
                                   { "spark_decimal_timestamp", "*:T", decimal_timestamp, 0 }, { NULL, NULL, NULL, 0 } };
