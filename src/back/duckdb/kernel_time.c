/* back/duckdb/kernel_time.c -- TIME(p): nanoseconds of a day in a BIGINT. Source: timeExpressions.scala, SparkDateTimeUtils. */
#include "back/duckdb/convert.h"
#include "back/duckdb/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#define NANOS_PER_SECOND INT64_C(1000000000)
#define NANOS_PER_DAY (86400 * NANOS_PER_SECOND)

/* ---------------------------------------------------------------- text */
static bool digits(const char **at, const char *end, int most, int64_t limit, int64_t *ret)
{
    int n = 0;
    for (*ret = 0; *at < end && n < most && isdigit((unsigned char)**at); n++)
        *ret = *ret * 10 + (*(*at)++ - '0');
    return n > 0 && *ret <= limit && !(*at < end && isdigit((unsigned char)**at));
}

/* [T]h[h]:m[m][:s[s][.f…]] with AM or PM behind: then the hour is 1 to 12. */
bool convert_time(View v, int64_t *ret_ns)
{
    View t = trim_all(v);
    const char *at = t.data, *end = t.data + t.len;
    int64_t hour, minute, second = 0, fraction = 0, scale = 100000000;
    bool am = t.len > 2 && !strncasecmp(end - 2, "AM", 2), pm = t.len > 2 && !strncasecmp(end - 2, "PM", 2);
    if (am || pm) {
        for (end -= 2; end > at && end[-1] == ' '; end--)
            ;
    }
    at += at < end && *at == 'T';
    if (!digits(&at, end, 2, 23, &hour) || at >= end || *at++ != ':' || !digits(&at, end, 2, 59, &minute))
        return false;
    if (at < end && (*at++ != ':' || !digits(&at, end, 2, 59, &second)))
        return false;
    if (at < end && *at++ != '.')
        return false;
    for (; at < end && isdigit((unsigned char)*at) && scale > 100; at++, scale /= 10)
        fraction += (*at - '0') * scale;
    while (at < end && isdigit((unsigned char)*at))
        at++;
    if (at != end || ((am || pm) && (hour < 1 || hour > 12)))
        return false;
    if (am || pm)
        hour = hour % 12 + (pm ? 12 : 0);
    *ret_ns = (hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + fraction;
    return true;
}

/* Digits behind the second past the precision are cut off. */
static int64_t cut(int64_t ns, int32_t precision)
{
    int64_t unit = NANOS_PER_SECOND;
    for (int32_t i = 0; i < precision && i < 9; i++)
        unit /= 10;
    return ns - ns % unit;
}

static void text_time(K *k)
{
    int64_t ns;
    str_auto quoted = STR_INIT(4096);
    View v = k_str(k, 0);
    if (convert_time(v, &ns)) {
        k_set_i64(k, ns); /* all digits stay: only a cast between times cuts */
    } else if (k_i32(k, 2) == MODE_ERROR) {
        char type[24];
        snprintf(type, sizeof type, "\"TIME(%d)\"", k_i32(k, 1));
        str_addf(&quoted, "'%.*s'", (int)(v.len < 2000 ? v.len : 2000), v.data);
        k_fail(k, "CAST_INVALID_INPUT", "expression", str_text(&quoted), "sourceType", "\"STRING\"", "targetType", type, NULL);
    } else {
        k_null(k);
    }
}

static void time_text(K *k)
{
    char text[32];
    int64_t ns = k_i64(k, 0), s = ns / NANOS_PER_SECOND;
    int n = snprintf(text, sizeof text, "%02d:%02d:%02d.%09lld", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60), (long long)(ns % NANOS_PER_SECOND));
    while (text[n - 1] == '0')
        n--;
    n -= text[n - 1] == '.';
    k_set_str(k, text, (size_t)(n < 8 ? 8 : n));
}

static void cut_time(K *k)
{
    k_set_i64(k, cut(k_i64(k, 0), k_i32(k, 1)));
}

/* ---------------------------------------------------------------- to_time(text, pattern) */
static void *make_pattern(K *k, View text)
{
    PatternFault fault;
    (void)k;
    return pattern_new(text, PATTERN_PARSE_NTZ, &fault);
}

/* Mode 1: an error. Without a pattern (NULL) the text is read as a cast reads it. */
static void parse_time(K *k)
{
    int64_t us = 0, ns = 0;
    if (k_is_null(k, 0)) {
        k_null(k);
        return;
    }
    View v = k_str(k, 0);
    bool good, plain = k_is_null(k, 1);
    if (plain) {
        good = convert_time(v, &ns);
    } else {
        const Pattern *p = k_cached(k, 0, k_str(k, 1), make_pattern, pattern_free);
        good = p && pattern_parse(p, v, NULL, &us) == PATTERN_PARSED;
        ns = floor_mod(us, MICROS_PER_DAY) * 1000;
    }
    if (good) {
        k_set_i64(k, ns);
    } else if (k_i32(k, 2) == MODE_ERROR) {
        str_auto input = STR_INIT(4096);
        str_auto format = STR_INIT(4096);
        str_addf(&input, "'%.*s'", (int)(v.len < 2000 ? v.len : 2000), v.data);
        str_addf(&format, "'%s'", plain ? "HH:mm:ss.SSSSSS" : k_text(k, k_str(k, 1)));
        k_fail(k, "CANNOT_PARSE_TIME", "input", str_text(&input), "format", str_text(&format), NULL);
    } else {
        k_null(k);
    }
}

/* ---------------------------------------------------------------- fields */
static void out_of_bounds(K *k, const char *field, int64_t value, const char *range)
{
    char message[128];
    snprintf(message, sizeof message, "Invalid value for %s (valid values %s): %lld", field, range, (long long)value);
    k_fail(k, "DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", "rangeMessage", message, NULL);
}

/* make_time(hour, minute, microseconds) */
static void make_time(K *k)
{
    int64_t hour = k_i32(k, 0), minute = k_i32(k, 1), us = k_i64(k, 2), second = floor_div(us, MICROS_PER_SECOND);
    if (second < 0 || second > 59)
        out_of_bounds(k, "SecondOfMinute", second, "0 - 59");
    else if (hour < 0 || hour > 23)
        out_of_bounds(k, "HourOfDay", hour, "0 - 23");
    else if (minute < 0 || minute > 59)
        out_of_bounds(k, "MinuteOfHour", minute, "0 - 59");
    else
        k_set_i64(k, (hour * 3600 + minute * 60) * NANOS_PER_SECOND + us * 1000);
}

/* The nanoseconds of a unit's name, 0: none. */
static int64_t unit_of(K *k, View name, const char *function)
{
    static const struct {
        const char *name;
        int64_t nanos;
    } units[] = { { "HOUR", 3600 * NANOS_PER_SECOND }, { "MINUTE", 60 * NANOS_PER_SECOND }, { "SECOND", NANOS_PER_SECOND },
                  { "MILLISECOND", 1000000 }, { "MICROSECOND", 1000 } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) == name.len && !strncasecmp(units[i].name, name.data, name.len))
            return units[i].nanos;
    }
    str_auto quoted = STR_INIT(ERROR_PARAMS_BYTES);
    str_addf(&quoted, "'%s'", k_text(k, name));
    k_fail(k, "INVALID_PARAMETER_VALUE.TIME_UNIT", "functionName", function, "parameter", "`unit`", "invalidValue", str_text(&quoted), NULL);
    return 0;
}

static void time_trunc(K *k)
{
    int64_t unit = unit_of(k, k_str(k, 0), "`time_trunc`");
    if (unit)
        k_set_i64(k, k_i64(k, 1) - k_i64(k, 1) % unit);
}

static void time_diff(K *k)
{
    int64_t unit = unit_of(k, k_str(k, 0), "`time_diff`");
    if (unit)
        k_set_i64(k, (k_i64(k, 2) - k_i64(k, 1)) / unit);
}

/* time + microseconds: within the day. */
static void time_add(K *k)
{
    int64_t ns;
    if (__builtin_mul_overflow(k_i64(k, 1), 1000, &ns) || __builtin_add_overflow(ns, k_i64(k, 0), &ns) || ns < 0 || ns >= NANOS_PER_DAY)
        k_fail(k, "DATETIME_OVERFLOW", "operation", "add INTERVAL to TIME", NULL);
    else
        k_set_i64(k, cut(ns, k_i32(k, 2)));
}

const Kernel kernels_time[] = {
    { "spark_text_time", "Sii:l", text_time, 0 },
    { "spark_time_text", "l:S", time_text, 0 },
    { "spark_cut_time", "li:l", cut_time, 0 },
    { "spark_parse_time", "SSi:l", parse_time, KERNEL_NULLS },
    { "spark_make_time", "iil:l", make_time, 0 },
    { "spark_time_trunc", "Sl:l", time_trunc, 0 },
    { "spark_time_diff", "Sll:l", time_diff, 0 },
    { "spark_time_add", "lli:l", time_add, 0 },
    { NULL, NULL, NULL, 0 },
};
