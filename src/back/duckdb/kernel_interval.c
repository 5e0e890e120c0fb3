/* back/duckdb/kernel_interval.c -- texts to intervals, and intervals times and by whole numbers.
 * Source: IntervalUtils.{stringToInterval, castStringToYMInterval, castStringToDTInterval}, MultiplyDTInterval, DivideDTInterval. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <strings.h>

enum { FIELD_YEAR = 0, FIELD_MONTH = 1, FIELD_DAY = 0, FIELD_HOUR = 1, FIELD_MINUTE = 2, FIELD_SECOND = 3 };

typedef struct Reader {
    const char *at, *end;
} Reader;

static bool blank(const Reader *r)
{
    return r->at < r->end && (unsigned char)*r->at <= ' ';
}

static void skip_blanks(Reader *r)
{
    while (blank(r))
        r->at++;
}

static bool digit(const Reader *r)
{
    return r->at < r->end && isdigit((unsigned char)*r->at);
}

/* The word, in any case, at the reader; moves behind it. */
static bool word(Reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || strncasecmp(r->at, text, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool sign(Reader *r)
{
    bool negative = r->at < r->end && *r->at == '-';
    r->at += r->at < r->end && (*r->at == '-' || *r->at == '+');
    return negative;
}

/* At most `most` digits; false when there is none or the value passes `limit`. */
static bool number(Reader *r, int most, int64_t limit, int64_t *ret)
{
    int64_t value = 0;
    int n = 0;
    for (; digit(r) && n < most; n++, r->at++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value))
            return false;
    }
    *ret = value;
    return n > 0 && !digit(r) && value <= limit;
}

/* ".5" as microseconds, at most nine digits of which six count. */
static bool fraction(Reader *r, int64_t *ret)
{
    int n = 0;
    *ret = 0;
    if (r->at >= r->end || *r->at != '.')
        return true;
    for (r->at++; digit(r); n++, r->at++)
        *ret = n < 6 ? *ret * 10 + (*r->at - '0') : *ret;
    for (int i = n; i < 6; i++)
        *ret *= 10;
    return n <= 9;
}

/* ---------------------------------------------------------------- CALENDAR INTERVAL */
static bool unit_of(Reader *r, int64_t value, int64_t micros, bool point, int64_t total[3])
{
    static const struct {
        const char *name;
        int part; /* months, days, microseconds */
        int64_t size;
    } units[] = { { "year", 0, 12 }, { "month", 0, 1 }, { "week", 1, 7 }, { "day", 1, 1 }, { "hour", 2, 3600000000 }, { "minute", 2, 60000000 },
                  { "second", 2, 1000000 }, { "millisecond", 2, 1000 }, { "microsecond", 2, 1 } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        Reader at = *r;
        int64_t product;
        if (!word(&at, units[i].name))
            continue;
        at.at += at.at < at.end && (*at.at | 32) == 's';
        if (at.at < at.end && !blank(&at))
            continue;
        *r = at;
        if (point && units[i].size != 1000000)
            return false;
        return !__builtin_mul_overflow(value, units[i].size, &product) && !__builtin_add_overflow(total[units[i].part], product, &total[units[i].part]) &&
               !__builtin_add_overflow(total[2], micros, &total[2]);
    }
    return false;
}

bool convert_interval(View v, duckdb_interval *ret)
{
    Reader r = { v.data, v.data + v.len };
    int64_t total[3] = { 0 };
    skip_blanks(&r);
    if (word(&r, "interval") && !blank(&r))
        return false;
    skip_blanks(&r);
    if (r.at >= r.end)
        return false;
    while (r.at < r.end) {
        int64_t value = 0, micros = 0;
        bool negative = sign(&r);
        skip_blanks(&r);
        bool point = r.at < r.end && *r.at == '.';
        if (!point && !number(&r, 19, INT64_MAX, &value))
            return false;
        const char *before = r.at;
        if (!fraction(&r, &micros) || (point && r.at == before + 1) || !blank(&r))
            return false;
        point = r.at > before;
        skip_blanks(&r);
        if (!unit_of(&r, negative ? -value : value, negative ? -micros : micros, point, total))
            return false;
        skip_blanks(&r);
    }
    *ret = (duckdb_interval){ .months = (int32_t)total[0], .days = (int32_t)total[1], .micros = total[2] };
    return total[0] == ret->months && total[1] == ret->days;
}

/* ---------------------------------------------------------------- ANSI intervals */
static const char *const ym_names[] = { "YEAR", "MONTH" }, *const dt_names[] = { "DAY", "HOUR", "MINUTE", "SECOND" };

/* INTERVAL '…' FIELD [TO FIELD]: the text between the quotes, or false. None of the words: the whole text. */
static bool literal_of(View *v, const char *const *names, int from, int to, bool *negative)
{
    Reader r = { v->data, v->data + v->len };
    *negative = false;
    skip_blanks(&r);
    while (r.end > r.at && (unsigned char)r.end[-1] <= ' ')
        r.end--;
    *v = (View){ r.at, (size_t)(r.end - r.at) };
    if (!word(&r, "interval"))
        return true;
    skip_blanks(&r);
    *negative = sign(&r);
    const char *open = r.at, *close = open < r.end ? memchr(open + 1, '\'', (size_t)(r.end - open) - 1) : NULL;
    if (open >= r.end || *open != '\'' || !close)
        return false;
    *v = (View){ open + 1, (size_t)(close - open) - 1 };
    r.at = close + 1;
    skip_blanks(&r);
    if (!word(&r, names[from]))
        return false;
    skip_blanks(&r);
    if (from != to) {
        if (!word(&r, "to"))
            return false;
        skip_blanks(&r);
        if (!word(&r, names[to]))
            return false;
    }
    return r.at == r.end;
}

bool convert_year_month(View v, int from, int to, int32_t *ret)
{
    bool outer;
    int64_t years = 0, months = 0, total;
    if (!literal_of(&v, ym_names, from, to, &outer))
        return false;
    Reader r = { v.data, v.data + v.len };
    bool negative = sign(&r) != outer;
    if (!number(&r, 9, INT32_MAX, from == FIELD_YEAR ? &years : &months))
        return false;
    if (from != to && (r.at >= r.end || *r.at++ != '-' || !number(&r, 2, 11, &months)))
        return false;
    total = (negative ? -1 : 1) * (years * 12 + months);
    *ret = (int32_t)total;
    return r.at == r.end && total == *ret;
}

bool convert_day_time(View v, int from, int to, int64_t *ret)
{
    static const int64_t sizes[] = { MICROS_PER_DAY, 3600000000, 60000000, 1000000 }, limits[] = { 0, 23, 59, 59 };
    bool outer;
    i128 total = 0;
    if (!literal_of(&v, dt_names, from, to, &outer))
        return false;
    Reader r = { v.data, v.data + v.len };
    bool negative = sign(&r) != outer;
    for (int field = from; field <= to; field++) {
        int64_t value, micros = 0;
        if (field > from && (r.at >= r.end || *r.at++ != (field == FIELD_HOUR ? ' ' : ':')))
            return false;
        if (!number(&r, field > from ? 2 : field == FIELD_SECOND ? 13 : field == FIELD_MINUTE ? 12 : field == FIELD_HOUR ? 10 : 9,
                    field > from ? limits[field] : INT64_MAX, &value))
            return false;
        if (field == FIELD_SECOND && !fraction(&r, &micros))
            return false;
        total += (i128)value * sizes[field] + micros;
    }
    total = negative ? -total : total;
    *ret = (int64_t)total;
    return r.at == r.end && total == *ret;
}

/* ---------------------------------------------------------------- kernels */
/* IntervalUtils.supportedFormat and the type's name; fields from..to of year-month or day-time. */
static void bad(K *k, bool months, const char *code)
{
    static const char *const names[][4] = { { "day", "hour", "minute", "second" }, { "year", "month" } };
    static const char *const letters[][4] = { { "d", "h", "m", "s.n" }, { "y", "m" } };
    if (k_i32(k, 3) != MODE_ERROR) {
        k_null(k);
        return;
    }
    int from = k_i32(k, 1), to = k_i32(k, 2);
    str_auto pattern = STR_INIT(64), type = STR_INIT(64), formats = STR_INIT(512);
    for (int i = from; i <= to; i++)
        str_addf(&pattern, "%s%s", i == from ? "" : months ? "-" : i == 1 ? " " : ":", letters[months][i]);
    str_addf(&type, from == to ? "interval %s%.0s" : "interval %s to %s", names[months][from], names[months][to]);
    str_addf(&formats, "`[+|-]%s`, `INTERVAL [+|-]'[+|-]%s'", str_text(&pattern), str_text(&pattern));
    for (const char *c = str_text(&type) + strlen("interval"); *c; c++)
        str_addc(&formats, *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
    str_addc(&formats, '`');
    k_fail(k, code, "input", k_text(k, k_str(k, 0)), "intervalStr", months ? "year-month" : "day-time", "supportedFormat", str_text(&formats),
           "typeName", str_text(&type), "interval", months ? "year-month" : "day-time", NULL);
}

/* Digits and a hyphen, but a month past 11. */
static bool month_too_large(View v)
{
    size_t digits = 0, hyphens = 0;
    for (size_t i = 0; i < v.len; i++) {
        digits += isdigit((unsigned char)v.data[i]) != 0;
        hyphens += i > 0 && v.data[i] == '-';
    }
    return hyphens == 1 && digits > 1 && digits + hyphens >= v.len - 1;
}

static void text_interval(K *k)
{
    duckdb_interval value;
    if (convert_interval(k_str(k, 0), &value))
        k_set_interval(k, value);
    else
        k_null(k);
}

static void text_year_month(K *k)
{
    int32_t value;
    if (convert_year_month(k_str(k, 0), k_i32(k, 1), k_i32(k, 2), &value))
        k_set_i32(k, value);
    else
        bad(k, true, month_too_large(k_str(k, 0)) ? "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING" : "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING");
}

static void text_day_time(K *k)
{
    int64_t value;
    if (convert_day_time(k_str(k, 0), k_i32(k, 1), k_i32(k, 2), &value))
        k_set_i64(k, value);
    else
        bad(k, false, "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE");
}

/* `interval` times or by a whole number, rounded half up. */
static void interval_times_whole(K *k)
{
    int64_t product;
    if (__builtin_mul_overflow(k_i64(k, 0), k_i64(k, 1), &product))
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", NULL);
    else
        k_set_i64(k, product);
}

static void interval_by_whole(K *k)
{
    int64_t n = k_i64(k, 0), by = k_i64(k, 1);
    if (by == 0) {
        k_fail(k, "INTERVAL_DIVIDED_BY_ZERO", NULL);
        return;
    }
    i128 q = (i128)n / by, rest = (i128)n % by, size = by < 0 ? -(i128)by : by;
    rest = rest < 0 ? -rest : rest;
    if (rest * 2 >= size && rest)
        q += (n < 0) != (by < 0) ? -1 : 1;
    if (q != (int64_t)q)
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", "functionName", "`try_divide`", NULL);
    else
        k_set_i64(k, (int64_t)q);
}

/* A product of months: an ArithmeticException of Java's own when it is none. */
static void months_fit(K *k)
{
    if (k_i64(k, 0) == (int32_t)k_i64(k, 0))
        k_set_i32(k, (int32_t)k_i64(k, 0));
    else
        k_throw(k, "integer overflow");
}

static void months_divided(K *k)
{
    if (k_i64(k, 0) == (int32_t)k_i64(k, 0))
        k_set_i32(k, (int32_t)k_i64(k, 0));
    else
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", "functionName", "`try_divide`", NULL);
}

static void negate_months(K *k)
{
    if (k_i32(k, 0) == INT32_MIN)
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", NULL);
    else
        k_set_i32(k, -k_i32(k, 0));
}

static void negate_micros(K *k)
{
    if (k_i64(k, 0) == INT64_MIN)
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", NULL);
    else
        k_set_i64(k, -k_i64(k, 0));
}

/* A decimal's digits without its point, and how many stood behind it. False: more than 18 of them, or more than 64 bits. */
static bool unscaled(View v, int64_t *ret_digits, int64_t *ret_unit)
{
    bool negative = v.len && v.data[0] == '-', behind = false, overflow = false;
    *ret_digits = 0;
    *ret_unit = 1;
    for (size_t i = negative; i < v.len; i++) {
        if (v.data[i] == '.') {
            behind = true;
            continue;
        }
        overflow = overflow || __builtin_mul_overflow(*ret_digits, 10, ret_digits) ||
                   __builtin_add_overflow(*ret_digits, v.data[i] - '0', ret_digits);
        overflow = overflow || (behind && __builtin_mul_overflow(*ret_unit, 10, ret_unit));
    }
    *ret_digits = negative ? -*ret_digits : *ret_digits;
    return !overflow;
}

/* x * y / z to the nearest, halves away from zero (RoundingMode.HALF_UP). */
static void set_ratio(K *k, int64_t x, int64_t y, int64_t z)
{
    i128 product = (i128)x * y, quotient = product / z, rest = product % z;
    i128 twice = rest < 0 ? -2 * rest : 2 * rest, size = z < 0 ? -(i128)z : z;
    if (twice >= size)
        quotient += (product < 0) == (z < 0) ? 1 : -1;
    if (quotient < INT64_MIN || quotient > INT64_MAX)
        k_throw(k, "Overflow");
    else
        k_set_i64(k, (int64_t)quotient);
}

/* With more digits than that: as doubles do it. */
static void set_nearest(K *k, double x)
{
    x = round(x);
    if (x >= -9223372036854775808.0 && x < 9223372036854775808.0)
        k_set_i64(k, (int64_t)x);
    else
        k_throw(k, "Overflow");
}

static void interval_times_decimal(K *k)
{
    int64_t digits, unit;
    if (unscaled(k_str(k, 1), &digits, &unit))
        set_ratio(k, k_i64(k, 0), digits, unit);
    else
        set_nearest(k, (double)k_i64(k, 0) * strtod(k_text(k, k_str(k, 1)), NULL));
}

static void interval_by_decimal(K *k)
{
    int64_t digits, unit;
    if (!unscaled(k_str(k, 1), &digits, &unit))
        set_nearest(k, (double)k_i64(k, 0) / strtod(k_text(k, k_str(k, 1)), NULL));
    else if (!digits)
        k_fail(k, "INTERVAL_DIVIDED_BY_ZERO", NULL);
    else
        set_ratio(k, k_i64(k, 0), unit, digits);
}

/* ANSI intervals have the ranges of INT and BIGINT, and overflow in any mode. */
#define EXACTLY(name, type, get, set, builtin, instead)                                                     \
    static void name(K *k)                                                                                  \
    {                                                                                                       \
        type sum;                                                                                           \
        if (builtin(get(k, 0), get(k, 1), &sum))                                                            \
            k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", "functionName", "`" instead "`", NULL); \
        else                                                                                                \
            set(k, sum);                                                                                    \
    }
EXACTLY(add_months_exactly, int32_t, k_i32, k_set_i32, __builtin_add_overflow, "try_add")
EXACTLY(subtract_months_exactly, int32_t, k_i32, k_set_i32, __builtin_sub_overflow, "try_subtract")
EXACTLY(add_micros_exactly, int64_t, k_i64, k_set_i64, __builtin_add_overflow, "try_add")
EXACTLY(subtract_micros_exactly, int64_t, k_i64, k_set_i64, __builtin_sub_overflow, "try_subtract")
#undef EXACTLY

/* Sums of ANSI intervals, which the engine computes in 128 bits. */
static void sum_within(K *k, i128 least, i128 most)
{
    i128 sum = k_i128(k, 0);
    if (sum < least || sum > most)
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", "functionName", "`try_add`", NULL);
    else
        k_set_i64(k, (int64_t)sum);
}

static void sum_months(K *k)
{
    sum_within(k, INT32_MIN, INT32_MAX);
}

static void sum_micros(K *k)
{
    sum_within(k, INT64_MIN, INT64_MAX);
}

static void make_year_month(K *k)
{
    int32_t years = k_i32(k, 0), months;
    if (__builtin_mul_overflow(years, 12, &months) || __builtin_add_overflow(months, k_i32(k, 1), &months))
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", NULL);
    else
        k_set_i32(k, months);
}

static void make_day_time(K *k)
{
    i128 us = (((i128)k_i32(k, 0) * 24 + k_i32(k, 1)) * 60 + k_i32(k, 2)) * 60000000 + k_i64(k, 3);
    if (us != (int64_t)us)
        k_fail(k, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", NULL);
    else
        k_set_i64(k, (int64_t)us);
}

/* A number of units as an interval: value, unit, type from, type to, mode. */
static void number_interval(K *k)
{
    char value[24];
    int64_t product;
    if (!__builtin_mul_overflow(k_i64(k, 0), k_i64(k, 1), &product)) {
        k_set_i64(k, product);
        return;
    }
    snprintf(value, sizeof value, "%lld", (long long)k_i64(k, 0));
    if (k_i32(k, 4) == MODE_ERROR)
        k_fail(k, "CAST_OVERFLOW", "value", value, "sourceType", k_text(k, k_str(k, 2)), "targetType", k_text(k, k_str(k, 3)), NULL);
    else
        k_null(k);
}

const Kernel kernels_interval[] = {
    { "spark_make_year_month", "ii:i", make_year_month, 0 },
    { "spark_make_day_time", "iiil:l", make_day_time, 0 },
    { "spark_number_interval", "llSSi:l", number_interval, 0 },
    { "spark_sum_months", "h:l", sum_months, 0 },
    { "spark_sum_micros", "h:l", sum_micros, 0 },
    { "spark_add_months_exactly", "ii:i", add_months_exactly, 0 },
    { "spark_subtract_months_exactly", "ii:i", subtract_months_exactly, 0 },
    { "spark_add_micros_exactly", "ll:l", add_micros_exactly, 0 },
    { "spark_subtract_micros_exactly", "ll:l", subtract_micros_exactly, 0 },
    { "spark_text_interval", "S:I", text_interval, 0 },
    { "spark_text_year_month", "Siii:i", text_year_month, 0 },
    { "spark_text_day_time", "Siii:l", text_day_time, 0 },
    { "spark_interval_times_whole", "lli:l", interval_times_whole, 0 },
    { "spark_interval_times_decimal", "lS:l", interval_times_decimal, 0 },
    { "spark_interval_by_decimal", "lS:l", interval_by_decimal, 0 },
    { "spark_months_fit", "l:i", months_fit, 0 },
    { "spark_months_divided", "l:i", months_divided, 0 },
    { "spark_negate_months", "i:i", negate_months, 0 },
    { "spark_negate_micros", "l:l", negate_micros, 0 },
    { "spark_interval_by_whole", "lli:l", interval_by_whole, 0 },
    { NULL, NULL, NULL, 0 },
};
