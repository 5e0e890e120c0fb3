/* back/duckdb/kernel_date.c -- dates, timestamps, zones, patterns, intervals. Source: Spark's datetimeExpressions,
 * DateTimeUtils, IntervalUtils. */
#include "back/duckdb/convert.h"
#include "back/duckdb/pattern.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Slots of the thread's cache: 0 and 1 zones, 2 a pattern (each kernel has slots of its own). */
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

static void *make_pattern(K *k, View text, PatternUse use)
{
    PatternFault fault;
    Pattern *p = pattern_new(text, use, &fault);
    if (!p)
        k_fail(k, fault.class, PATTERN_FAULT_PARAMS(&fault, k_text(k, text)));
    return p;
}

static void *make_format(K *k, View text)
{
    return make_pattern(k, text, PATTERN_FORMAT);
}

static void *make_parse(K *k, View text)
{
    return make_pattern(k, text, PATTERN_PARSE);
}

static void *make_parse_ntz(K *k, View text)
{
    return make_pattern(k, text, PATTERN_PARSE_NTZ);
}

/* DateTimeUtils.instantToMicros: Math.multiplyExact, in every mode. */
static void set_utc(K *k, const Zone *z, LocalTime at)
{
    int64_t us;
    if (zone_utc(z, at, &us))
        k_set_i64(k, us);
    else
        k_throw(k, "long overflow");
}

static void local(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        set_utc(k, zone_find(VIEW("UTC")), zone_local(z, k_i64(k, 0)));
}

static void local_hour(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        k_set_i32(k, (int32_t)(zone_local(z, k_i64(k, 0)).us / 3600000000));
}

static void local_minute(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        k_set_i32(k, (int32_t)(zone_local(z, k_i64(k, 0)).us / 60000000 % 60));
}

static void local_second(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        k_set_i32(k, (int32_t)(zone_local(z, k_i64(k, 0)).us / MICROS_PER_SECOND % 60));
}

static void local_date(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        k_set_i32(k, (int32_t)zone_local(z, k_i64(k, 0)).day);
}

static void utc(K *k)
{
    const Zone *z = zone_arg(k, 1);
    if (z)
        set_utc(k, z, (LocalTime){ floor_div(k_i64(k, 0), MICROS_PER_DAY), floor_mod(k_i64(k, 0), MICROS_PER_DAY) });
}

/* epoch_us() of the engine has no answer for the last microsecond and its opposite, which are its infinities. */
static void micros(K *k)
{
    k_set_i64(k, k_i64(k, 0));
}

static void seconds(K *k)
{
    k_set_i64(k, floor_div(k_i64(k, 0), MICROS_PER_SECOND));
}

/* ---------------------------------------------------------------- patterns */
static void date_format(K *k)
{
    const Pattern *p = k_cached(k, 2, k_str(k, 1), make_format, pattern_free);
    const Zone *z = p ? zone_arg(k, 2) : NULL;
    if (!z)
        return;
    str_auto out = STR_INIT(4096);
    pattern_format(p, k_i64(k, 0), z, &out);
    k_set_out(k, &out);
}

static bool parse(K *k, bool zoned, void *(*make)(K *k, View text), int64_t *ret_us)
{
    const Pattern *p = k_cached(k, 2, k_str(k, 1), make, pattern_free);
    const Zone *z = p ? zone_arg(k, 2) : NULL;
    if (!z)
        return false;
    PatternResult result = pattern_parse(p, k_str(k, 0), zoned ? z : NULL, ret_us);
    if (result == PATTERN_PARSED)
        return true;
    if (result == PATTERN_TOO_FAR) { /* Math.multiplyExact: in every mode */
        k_throw(k, "long overflow");
        return false;
    }
    if (k_i32(k, 3) == MODE_ERROR) {
        str_auto message = STR_INIT(4096);
        pattern_explain(p, k_str(k, 0), &message);
        k_fail(k, "CANNOT_PARSE_TIMESTAMP", "message", str_text(&message), "func", "`try_to_timestamp`", NULL);
    } else {
        k_null(k);
    }
    return false;
}

static void parse_date(K *k)
{
    int64_t us;
    if (parse(k, false, make_parse, &us))
        k_set_i32(k, (int32_t)floor_div(us, MICROS_PER_DAY));
}

static void parse_timestamp(K *k)
{
    int64_t us;
    if (parse(k, true, make_parse, &us))
        k_set_i64(k, us);
}

static void parse_timestamp_ntz(K *k)
{
    int64_t us;
    if (parse(k, false, make_parse_ntz, &us))
        k_set_i64(k, us);
}

/* ---------------------------------------------------------------- dates */
/* Math.toIntExact of a day. */
static void set_day(K *k, int64_t day)
{
    if (day == (int32_t)day)
        k_set_i32(k, (int32_t)day);
    else
        k_fail(k, "ARITHMETIC_OVERFLOW", "message", "integer overflow", "alternative", "", "config", "\"spark.sql.ansi.enabled\"", NULL);
}

/* In ANSI mode only whole days may be added to a date. */
static void date_add_interval(K *k)
{
    duckdb_interval i = k_interval(k, 1);
    if (i.micros)
        k_fail(k, "INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION", NULL);
    else
        set_day(k, days_add_months(k_i32(k, 0), i.months) + i.days);
}

/* java.time.Period.between the second date and the first. */
static void dates_apart(K *k)
{
    Civil end = civil_from_us((int64_t)k_i32(k, 0) * MICROS_PER_DAY), start = civil_from_us((int64_t)k_i32(k, 1) * MICROS_PER_DAY);
    int64_t months = (end.year - start.year) * 12 + end.month - start.month, days = end.day - start.day;
    if (months > 0 && days < 0) {
        months--;
        days = k_i32(k, 0) - days_add_months(k_i32(k, 1), months);
    } else if (months < 0 && days > 0) {
        months++;
        days -= days_in_month(end.year, end.month);
    }
    k_set_interval(k, (duckdb_interval){ .months = (int32_t)months, .days = (int32_t)days });
}

static void add_months(K *k)
{
    set_day(k, days_add_months(k_i32(k, 0), k_i32(k, 1)));
}

static void months_between(K *k)
{
    const Zone *z = zone_arg(k, 3);
    if (!z)
        return;
    LocalTime a = zone_local(z, k_i64(k, 0)), b = zone_local(z, k_i64(k, 1));
    Civil x = civil_from_local(a), y = civil_from_local(b);
    double months = (double)((x.year - y.year) * 12 + x.month - y.month);
    bool last = x.day == days_in_month(x.year, x.month) && y.day == days_in_month(y.year, y.month);
    if (x.day == y.day || last) {
        k_set_f64(k, months);
        return;
    }
    /* since midnight by the clock's run, not by its reading */
    int64_t day_a, day_b;
    if (!zone_utc(z, (LocalTime){ a.day, 0 }, &day_a) || !zone_utc(z, (LocalTime){ b.day, 0 }, &day_b)) {
        k_throw(k, "long overflow");
        return;
    }
    double seconds_apart = (double)((k_i64(k, 0) - day_a) / MICROS_PER_SECOND - (k_i64(k, 1) - day_b) / MICROS_PER_SECOND);
    double result = months + ((double)(x.day - y.day) * (double)SECONDS_PER_DAY + seconds_apart) / (31.0 * (double)SECONDS_PER_DAY);
    k_set_f64(k, k_bool(k, 2) ? round(result * 1e8) / 1e8 : result);
}

static int day_named(View v)
{
    static const char *const names[] = { "MO", "MON", "MONDAY", "TU", "TUE", "TUESDAY", "WE", "WED", "WEDNESDAY", "TH", "THU", "THURSDAY",
                                         "FR", "FRI", "FRIDAY", "SA", "SAT", "SATURDAY", "SU", "SUN", "SUNDAY" };
    v = trim_all(v);
    for (int i = 0; i < 21; i++) {
        if (strlen(names[i]) == v.len && !strncasecmp(names[i], v.data, v.len))
            return i / 3;
    }
    return -1;
}

static void next_day(K *k)
{
    int want = day_named(k_str(k, 1));
    int64_t days = k_i32(k, 0);
    if (want >= 0)
        k_set_i32(k, (int32_t)(days + 1 + floor_mod(want - (days + 1 + 3), 7)));
    else if (k_i32(k, 2) == MODE_ERROR)
        k_fail(k, "ILLEGAL_DAY_OF_WEEK", "string", k_text(k, k_str(k, 1)), NULL);
    else
        k_null(k);
}

typedef enum Unit { U_NONE, U_MICRO, U_MILLI, U_SECOND, U_MINUTE, U_HOUR, U_DAY, U_WEEK, U_MONTH, U_QUARTER, U_YEAR } Unit;

static Unit unit_of(View v)
{
    static const struct {
        const char *name;
        Unit unit;
    } units[] = { { "MICROSECOND", U_MICRO }, { "MILLISECOND", U_MILLI }, { "SECOND", U_SECOND }, { "MINUTE", U_MINUTE },
                  { "HOUR", U_HOUR }, { "DAY", U_DAY }, { "DD", U_DAY }, { "DAYOFYEAR", U_DAY }, { "WEEK", U_WEEK }, { "MONTH", U_MONTH },
                  { "MON", U_MONTH }, { "MM", U_MONTH }, { "QUARTER", U_QUARTER }, { "YEAR", U_YEAR }, { "YYYY", U_YEAR }, { "YY", U_YEAR } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) == v.len && !strncasecmp(units[i].name, v.data, v.len))
            return units[i].unit;
    }
    return U_NONE;
}

static int64_t truncate_days(int64_t days, Unit unit)
{
    Civil c = civil_from_days(days);
    switch (unit) {
    case U_WEEK: return days - floor_mod(days + 3, 7);
    case U_MONTH: return days_from_civil(c.year, c.month, 1);
    case U_QUARTER: return days_from_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
    case U_YEAR: return days_from_civil(c.year, 1, 1);
    default: return days;
    }
}

static void trunc_date(K *k)
{
    Unit unit = unit_of(k_str(k, 1));
    if (unit < U_WEEK)
        k_null(k);
    else
        k_set_i32(k, (int32_t)truncate_days(k_i32(k, 0), unit));
}

static void date_trunc(K *k)
{
    static const int64_t sizes[] = { 1, 1, 1000, 1000000, 60000000, 3600000000 };
    Unit unit = unit_of(k_str(k, 0));
    const Zone *z = zone_arg(k, 2);
    if (!z)
        return;
    if (unit == U_NONE) {
        k_null(k);
        return;
    }
    int64_t us = k_i64(k, 1);
    LocalTime at = zone_local(z, us);
    if (unit > U_HOUR)
        set_utc(k, z, (LocalTime){ truncate_days(at.day, unit), 0 });
    else if (__builtin_sub_overflow(us, unit == U_HOUR ? at.us % sizes[unit] : floor_mod(us, sizes[unit]), &us))
        k_throw(k, "long overflow");
    else
        k_set_i64(k, us);
}

enum { MAX_YEAR = 999999999, MAX_TIMESTAMP_YEAR = 290000 }; /* of java.time, and of 64 bits of microseconds */

static void make_date(K *k)
{
    int32_t y = k_i32(k, 0), m = k_i32(k, 1), d = k_i32(k, 2);
    char message[96];
    int64_t days = civil_valid_date(y, m, d) ? days_from_civil(y, m, d) : INT64_MAX;
    if (abs(y) <= MAX_YEAR && days >= INT32_MIN && days <= INT32_MAX) {
        k_set_i32(k, (int32_t)days);
        return;
    }
    if (k_i32(k, 3) != MODE_ERROR) {
        k_null(k);
        return;
    }
    if (m < 1 || m > 12)
        snprintf(message, sizeof message, "Invalid value for MonthOfYear (valid values 1 - 12): %d", m);
    else if (d < 1 || d > 31)
        snprintf(message, sizeof message, "Invalid value for DayOfMonth (valid values 1 - 28/31): %d", d);
    else
        snprintf(message, sizeof message, "Invalid date '%s %d'", m == 2 && d == 29 ? "February" : "month", d);
    k_fail(k, "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION", "rangeMessage", message, "ansiConfig", "\"spark.sql.ansi.enabled\"", NULL);
}

/* y, m, d, h, min, microseconds of the minute, zone, mode */
static const char *second_text(K *k, int64_t us)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld.%06lld", (long long)(us / MICROS_PER_SECOND), (long long)(us % MICROS_PER_SECOND));
    return k_text(k, (View){ text, (size_t)n });
}

static void make_timestamp(K *k)
{
    int32_t h = k_i32(k, 3), min = k_i32(k, 4), mode = k_i32(k, 7);
    int64_t us = k_i64(k, 5);
    const Zone *z = zone_arg(k, 6);
    if (!z)
        return;
    bool good = llabs(k_i32(k, 0)) <= MAX_TIMESTAMP_YEAR && civil_valid_date(k_i32(k, 0), k_i32(k, 1), k_i32(k, 2)) && h >= 0 && h < 24 && min >= 0 && min < 60 && us >= 0 && us <= 60000000;
    if (good)
        k_set_i64(k, zone_utc_us(z, days_from_civil(k_i32(k, 0), k_i32(k, 1), k_i32(k, 2)) * MICROS_PER_DAY + ((int64_t)h * 60 + min) * 60000000 + us));
    else if (mode == MODE_ERROR && us > 60000000 && us < 61000000)
        k_fail(k, "INVALID_FRACTION_OF_SECOND", "secAndMicros", second_text(k, us), NULL);
    else if (mode == MODE_ERROR)
        k_fail(k, "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION", "rangeMessage", "Invalid value for a field of the timestamp", "ansiConfig",
               "\"spark.sql.ansi.enabled\"", NULL);
    else
        k_null(k);
}

/* ---------------------------------------------------------------- parts of dates, timestamps and intervals, in microseconds for SECOND */
static int64_t iso_week(int64_t days, int64_t *ret_year)
{
    int64_t thursday = days - floor_mod(days + 3, 7) + 3;
    *ret_year = civil_from_days(thursday).year;
    return (thursday - days_from_civil(*ret_year, 1, 1)) / 7 + 1;
}

static bool part_of_timestamp(const char *field, LocalTime at, int64_t *ret)
{
    Civil c = civil_from_local(at);
    int64_t days = at.day, week_year, week = iso_week(days, &week_year);
    const struct {
        const char *names;
        int64_t value;
    } parts[] = { { " YEAR Y YEARS YR YRS ", c.year }, { " YEAROFWEEK ", week_year }, { " QUARTER QTR ", (c.month - 1) / 3 + 1 },
                  { " MONTH MON MONS MONTHS ", c.month }, { " WEEK W WEEKS ", week }, { " DAY D DAYS ", c.day },
                  { " DAYOFWEEK DOW ", floor_mod(days + 4, 7) + 1 }, { " DAYOFWEEK_ISO DOW_ISO ", floor_mod(days + 3, 7) + 1 },
                  { " DOY ", days - days_from_civil(c.year, 1, 1) + 1 }, { " HOUR H HOURS HR HRS ", c.hour },
                  { " MINUTE M MIN MINS MINUTES ", c.minute }, { " SECOND S SEC SECONDS SECS ", (int64_t)c.second * 1000000 + c.micros } };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strstr(parts[i].names, field)) {
            *ret = parts[i].value;
            return true;
        }
    }
    return false;
}

static char *field_name(K *k)
{
    View v = trim_all(k_str(k, 0));
    char *name = k_text(k, (View){ "                                ", v.len + 2 < 32 ? v.len + 2 : 32 });
    for (size_t i = 0; i < v.len && i < 29; i++)
        name[i + 1] = (char)toupper((unsigned char)v.data[i]);
    return name;
}

static void unknown_field(K *k)
{
    k_fail(k, "INVALID_EXTRACT_FIELD", "field", k_text(k, k_str(k, 0)), NULL);
}

static void extract_timestamp(K *k)
{
    int64_t value;
    const Zone *z = zone_arg(k, 2);
    if (!z)
        return;
    if (part_of_timestamp(field_name(k), zone_local(z, k_i64(k, 1)), &value))
        k_set_i64(k, value);
    else
        unknown_field(k);
}

static void extract_ansi(K *k)
{
    const char *field = field_name(k);
    int64_t x = k_i64(k, 1);
    if (k_str(k, 3).data[0] == 'y')
        k_set_i64(k, strstr(" YEAR Y YEARS YR YRS ", field) ? x / 12 : x % 12);
    else if (strstr(" DAY D DAYS ", field))
        k_set_i64(k, x / MICROS_PER_DAY);
    else if (strstr(" HOUR H HOURS HR HRS ", field))
        k_set_i64(k, x % MICROS_PER_DAY / 3600000000);
    else if (strstr(" MINUTE M MIN MINS MINUTES ", field))
        k_set_i64(k, x % 3600000000 / 60000000);
    else if (strstr(" SECOND S SEC SECONDS SECS ", field))
        k_set_i64(k, x % 60000000);
    else
        unknown_field(k);
}

static void extract_interval(K *k)
{
    const char *field = field_name(k);
    duckdb_interval x = k_interval(k, 1);
    if (strstr(" YEAR Y YEARS YR YRS ", field))
        k_set_i64(k, x.months / 12);
    else if (strstr(" MONTH MON MONS MONTHS ", field))
        k_set_i64(k, x.months % 12);
    else if (strstr(" DAY D DAYS ", field))
        k_set_i64(k, x.days);
    else if (strstr(" HOUR H HOURS HR HRS ", field))
        k_set_i64(k, x.micros / 3600000000);
    else if (strstr(" MINUTE M MIN MINS MINUTES ", field))
        k_set_i64(k, x.micros % 3600000000 / 60000000);
    else if (strstr(" SECOND S SEC SECONDS SECS ", field))
        k_set_i64(k, x.micros % 60000000);
    else
        unknown_field(k);
}

/* ---------------------------------------------------------------- timestamps and intervals */
static void add_to(K *k, const Zone *z, int64_t us, int64_t months, int64_t days, int64_t micros)
{
    bool past = false;
    if (months || days) {
        LocalTime at = zone_local(z, us);
        at.day = days_add_months(at.day, months) + days;
        past = !zone_utc(z, at, &us);
    }
    if (past || __builtin_add_overflow(us, micros, &us))
        k_fail(k, "ARITHMETIC_OVERFLOW", "message", "long overflow", "alternative", "", "config", "\"spark.sql.ansi.enabled\"", NULL);
    else
        k_set_i64(k, us);
}

/* Whole days of the microseconds are days of the calendar (DateTimeUtils.timestampAddDayTime). */
static void timestamp_add(K *k)
{
    const Zone *z = zone_arg(k, 4);
    int64_t us = k_i64(k, 3);
    if (z)
        add_to(k, z, k_i64(k, 0), k_i32(k, 1), k_i32(k, 2) + us / MICROS_PER_DAY, us % MICROS_PER_DAY);
}

static void timestamp_add_interval(K *k)
{
    const Zone *z = zone_arg(k, 2);
    duckdb_interval i = k_interval(k, 1);
    if (z)
        add_to(k, z, k_i64(k, 0), i.months, i.days, i.micros);
}

static void timestampadd(K *k)
{
    static const int64_t sizes[] = { 0, 1, 1000, 1000000, 60000000, 3600000000 };
    Unit unit = unit_of(k_str(k, 0));
    const Zone *z = zone_arg(k, 3);
    int64_t n = k_i64(k, 1), us = k_i64(k, 2), size, product;
    if (!z)
        return;
    if (unit == U_NONE) {
        unknown_field(k);
        return;
    }
    size = unit <= U_HOUR ? sizes[unit] : unit == U_WEEK ? 7 : unit == U_YEAR ? 12 : unit == U_QUARTER ? 3 : 1;
    if (__builtin_mul_overflow(n, size, &product) || (unit > U_HOUR && product != (int32_t)product))
        k_fail(k, "DATETIME_OVERFLOW", "operation", "add to a timestamp", NULL);
    else
        add_to(k, z, us, unit > U_WEEK ? product : 0, unit > U_HOUR && unit <= U_WEEK ? product : 0, unit <= U_HOUR ? product : 0);
}

static int64_t whole_months(LocalTime from, LocalTime to)
{
    Civil a = civil_from_local(from), b = civil_from_local(to);
    int64_t months = (b.year - a.year) * 12 + b.month - a.month;
    int64_t rest_a = (int64_t)a.day * MICROS_PER_DAY + from.us;
    int64_t rest_b = (int64_t)b.day * MICROS_PER_DAY + to.us;
    if (months > 0 && rest_b < rest_a)
        months--;
    else if (months < 0 && rest_b > rest_a)
        months++;
    return months;
}

static void timestampdiff(K *k)
{
    static const int64_t sizes[] = { 1, 1, 1000, 1000000, 60000000, 3600000000, MICROS_PER_DAY, 7 * MICROS_PER_DAY };
    Unit unit = unit_of(k_str(k, 0));
    const Zone *z = zone_arg(k, 3);
    if (!z)
        return;
    if (unit == U_NONE) {
        unknown_field(k);
        return;
    }
    LocalTime from = zone_local(z, k_i64(k, 1)), to = zone_local(z, k_i64(k, 2));
    if (unit > U_WEEK)
        k_set_i64(k, whole_months(from, to) / (unit == U_YEAR ? 12 : unit == U_QUARTER ? 3 : 1));
    else
        k_set_i64(k, (int64_t)(((i128)(to.day - from.day) * MICROS_PER_DAY + to.us - from.us) / sizes[unit]));
}

static void make_interval(K *k)
{
    k_set_interval(k, (duckdb_interval){ .months = k_i32(k, 0), .days = k_i32(k, 1), .micros = k_i64(k, 2) });
}

/* Math.multiplyExact of seconds or milliseconds. */
static void exact_micros(K *k)
{
    int64_t us;
    if (__builtin_mul_overflow(k_i64(k, 0), k_i64(k, 1), &us))
        k_throw(k, "long overflow");
    else
        k_set_i64(k, us);
}

/* SecondsToTimestamp of a decimal, given as text: BigDecimal.multiply(1000000).longValueExact(). */
static void exact_decimal_micros(K *k)
{
    View v = k_str(k, 0);
    bool negative = v.len && v.data[0] == '-', overflow = false;
    int64_t us = 0;
    int fraction = -1; /* digits behind the point */
    for (size_t i = negative; i < v.len; i++) {
        if (v.data[i] == '.') {
            fraction = 0;
            continue;
        }
        int digit = v.data[i] - '0';
        if (fraction >= 6 && digit) {
            k_throw(k, "Rounding necessary");
            return;
        }
        fraction += fraction >= 0;
        if (fraction <= 6)
            overflow = overflow || __builtin_mul_overflow(us, 10, &us) || __builtin_sub_overflow(us, digit, &us);
    }
    for (int i = fraction < 0 ? 0 : fraction; i < 6; i++)
        overflow = overflow || __builtin_mul_overflow(us, 10, &us);
    if (overflow || (!negative && us == INT64_MIN))
        k_throw(k, "Overflow");
    else
        k_set_i64(k, negative ? us : -us);
}

/* Days wrap around, as Java's integers do; the engine's own sum stops at the dates that it can print. */
static void date_add(K *k)
{
    k_set_i32(k, (int32_t)((uint32_t)k_i32(k, 0) + (uint32_t)k_i32(k, 1)));
}

static void date_sub(K *k)
{
    k_set_i32(k, (int32_t)((uint32_t)k_i32(k, 0) - (uint32_t)k_i32(k, 1)));
}

static void same_days(K *k)
{
    k_set_i32(k, k_i32(k, 0));
}

/* Java's double to int or long: the nearest there is, 0 for NaN. */
static int32_t to_int(double x)
{
    return isnan(x) ? 0 : x >= INT32_MAX ? INT32_MAX : x <= INT32_MIN ? INT32_MIN : (int32_t)x;
}

static int64_t to_long(double x)
{
    return isnan(x) ? 0 : x >= 9223372036854775807.0 ? INT64_MAX : x <= -9223372036854775808.0 ? INT64_MIN : (int64_t)x;
}

/* IntervalUtils.fromDoubles: fractions of months are dropped, of days go to the time. */
static void set_interval(K *k, double months, double days, double micros, bool exact)
{
    duckdb_interval i = { .months = to_int(months), .days = to_int(days) };
    if (exact && (fabs(trunc(months)) > INT32_MAX || fabs(trunc(days)) > INT32_MAX)) {
        k_fail(k, "ARITHMETIC_OVERFLOW", "message", "integer overflow", "alternative", "", "config", "\"spark.sql.ansi.enabled\"", NULL);
        return;
    }
    i.micros = to_long(floor(micros + (days - i.days) * (double)MICROS_PER_DAY + 0.5));
    k_set_interval(k, i);
}

static void interval_times(K *k)
{
    duckdb_interval i = k_interval(k, 0);
    double by = k_f64(k, 1);
    set_interval(k, i.months * by, i.days * by, (double)i.micros * by, k_i32(k, 2) != 0);
}

static void interval_by(K *k)
{
    duckdb_interval i = k_interval(k, 0);
    double by = k_f64(k, 1);
    if (by == 0 && k_i32(k, 2))
        k_fail(k, "INTERVAL_DIVIDED_BY_ZERO", NULL);
    else if (by == 0)
        k_null(k);
    else
        set_interval(k, i.months / by, i.days / by, (double)i.micros / by, k_i32(k, 2) != 0);
}

/* DoubleMath.roundToLong, HALF_UP. */
static void set_rounded(K *k, double x)
{
    x = round(x);
    if (x >= -9223372036854775808.0 && x < 9223372036854775808.0)
        k_set_i64(k, (int64_t)x);
    else
        k_throw(k, "Overflow");
}

static void scale_interval(K *k)
{
    set_rounded(k, (double)k_i64(k, 0) * k_f64(k, 1));
}

static void divide_interval(K *k)
{
    if (k_f64(k, 1) == 0)
        k_fail(k, "INTERVAL_DIVIDED_BY_ZERO", NULL);
    else
        set_rounded(k, (double)k_i64(k, 0) / k_f64(k, 1));
}

/* ---------------------------------------------------------------- intervals as text */
static void add_seconds(Str *out, int64_t us)
{
    int64_t a = us < 0 ? -us : us;
    str_addf(out, "%s%lld", us < 0 ? "-" : "", (long long)(a / MICROS_PER_SECOND));
    if (a % MICROS_PER_SECOND) {
        char digits[8];
        int n = snprintf(digits, sizeof digits, "%06d", (int)(a % MICROS_PER_SECOND));
        while (n && digits[n - 1] == '0')
            digits[--n] = 0;
        str_addf(out, ".%s", digits);
    }
}

static void interval_text(K *k)
{
    duckdb_interval i = k_interval(k, 0);
    str_auto out = STR_INIT(512);
    const struct {
        int64_t n;
        const char *word;
    } parts[] = { { i.months / 12, "years" }, { i.months % 12, "months" }, { i.days, "days" }, { i.micros / 3600000000, "hours" },
                  { i.micros % 3600000000 / 60000000, "minutes" } };
    for (size_t p = 0; p < 5; p++) {
        if (parts[p].n)
            str_addf(&out, "%s%lld %s", out.len ? " " : "", (long long)parts[p].n, parts[p].word);
    }
    if (i.micros % 60000000) {
        str_add(&out, out.len ? " " : "");
        add_seconds(&out, i.micros % 60000000);
        str_add(&out, " seconds");
    }
    if (!out.len)
        str_add(&out, "0 seconds");
    k_set_out(k, &out);
}

static void year_month_text(K *k)
{
    int64_t m = k_i32(k, 0), a = m < 0 ? -m : m;
    int start = k_i32(k, 1), end = k_i32(k, 2);
    str_auto out = STR_INIT(128);
    str_addf(&out, "INTERVAL '%s", m < 0 ? "-" : "");
    if (start == end)
        str_addf(&out, "%lld' %s", (long long)(start ? a : a / 12), start ? "MONTH" : "YEAR");
    else
        str_addf(&out, "%lld-%lld' YEAR TO MONTH", (long long)(a / 12), (long long)(a % 12));
    k_set_out(k, &out);
}

static void day_time_text(K *k)
{
    static const char *const words[] = { "DAY", "HOUR", "MINUTE", "SECOND" };
    static const int64_t sizes[] = { MICROS_PER_DAY, 3600000000, 60000000 };
    int64_t us = k_i64(k, 0);
    int start = k_i32(k, 1), end = k_i32(k, 2);
    uint64_t rest = us < 0 ? -(uint64_t)us : (uint64_t)us;
    str_auto out = STR_INIT(128);
    str_addf(&out, "INTERVAL '%s", us < 0 ? "-" : "");
    for (int f = start; f <= end; f++) {
        str_add(&out, f == start ? "" : f == INT32_C(1) ? " " : ":");
        if (f < 3) {
            str_addf(&out, f == 0 ? "%llu" : "%02llu", (unsigned long long)(rest / (uint64_t)sizes[f]));
            rest %= (uint64_t)sizes[f];
        } else {
            str_add(&out, (start == 3 ? rest : rest % 60000000) < 10000000 ? "0" : "");
            add_seconds(&out, (int64_t)rest);
        }
    }
    str_addf(&out, "' %s%s%s", words[start], start == end ? "" : " TO ", start == end ? "" : words[end]);
    k_set_out(k, &out);
}

const Kernel kernels_date[] = {
    { "spark_local", "TS:T", local, 0 },
    { "spark_local_date", "TS:D", local_date, 0 },
    { "spark_hour", "TS:i", local_hour, 0 },
    { "spark_minute", "TS:i", local_minute, 0 },
    { "spark_second", "TS:i", local_second, 0 },
    { "spark_utc", "TS:T", utc, 0 },
    { "spark_us", "T:l", micros, 0 },
    { "spark_seconds", "T:l", seconds, 0 },
    { "spark_date_format", "TSS:S", date_format, 0 },
    { "spark_parse_date", "SSSi:D", parse_date, 0 },
    { "spark_parse_timestamp", "SSSi:T", parse_timestamp, 0 },
    { "spark_parse_timestamp_ntz", "SSSi:T", parse_timestamp_ntz, 0 },
    { "spark_add_months", "Di:D", add_months, 0 },
    { "spark_date_add_interval", "DI:D", date_add_interval, 0 },
    { "spark_dates_apart", "DD:I", dates_apart, 0 },
    { "spark_months_between", "TTbS:d", months_between, 0 },
    { "spark_next_day", "DSi:D", next_day, 0 },
    { "spark_trunc_date", "DS:D", trunc_date, 0 },
    { "spark_date_trunc", "STS:T", date_trunc, 0 },
    { "spark_make_date", "iiii:D", make_date, 0 },
    { "spark_make_timestamp", "iiiiilSi:T", make_timestamp, 0 },
    { "spark_extract", "STSS:l", extract_timestamp, 0 },
    { "spark_extract", "SlSS:l", extract_ansi, 0 },
    { "spark_extract", "SISS:l", extract_interval, 0 },
    { "spark_timestamp_add", "TiilS:T", timestamp_add, 0 },
    { "spark_timestamp_add_interval", "TIS:T", timestamp_add_interval, 0 },
    { "spark_timestampadd", "SlTS:T", timestampadd, 0 },
    { "spark_timestampdiff", "STTS:l", timestampdiff, 0 },
    { "spark_interval", "iil:I", make_interval, 0 },
    { "spark_date_add", "Di:D", date_add, 0 },
    { "spark_date_sub", "Di:D", date_sub, 0 },
    { "spark_date_of", "i:D", same_days, 0 },
    { "spark_days_of", "D:i", same_days, 0 },
    { "spark_interval_times", "Idi:I", interval_times, 0 },
    { "spark_interval_by", "Idi:I", interval_by, 0 },
    { "spark_scale_interval", "ldi:l", scale_interval, 0 },
    { "spark_exact_micros", "ll:l", exact_micros, 0 },
    { "spark_exact_decimal_micros", "S:l", exact_decimal_micros, 0 },
    { "spark_divide_interval", "ldi:l", divide_interval, 0 },
    { "spark_interval_text", "I:S", interval_text, 0 },
    { "spark_year_month_text", "iii:S", year_month_text, 0 },
    { "spark_day_time_text", "lii:S", day_time_text, 0 },
    { NULL, NULL, NULL, 0 },
};
