/* back/duckdb/convert.c -- see convert.h; after UTF8String, Cast, SparkDateTimeUtils and Double.toString. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- reading */
static bool is_blank(char c)
{
    return (unsigned char)c <= 32 || c == 127;
}

View trim_all(View v)
{
    while (v.len && is_blank(v.data[0])) {
        v.data++;
        v.len--;
    }
    while (v.len && is_blank(v.data[v.len - 1]))
        v.len--;
    return v;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool convert_integer(View v, int64_t min, int64_t max, bool fraction, int64_t *ret_value)
{
    v = trim_all(v);
    size_t i = 0;
    bool negative = v.len && v.data[0] == '-';
    if (v.len && (v.data[0] == '-' || v.data[0] == '+'))
        i = 1;
    size_t first = i;
    i128 value = 0;
    for (; i < v.len && is_digit(v.data[i]); i++) {
        value = value * 10 + (v.data[i] - '0');
        if (value > (i128)INT64_MAX + 1)
            return false;
    }
    if (i == v.len && i == first)
        return false;
    if (i < v.len) {
        if (!fraction || v.data[i] != '.')
            return false;
        for (i++; i < v.len; i++) {
            if (!is_digit(v.data[i]))
                return false;
        }
    }
    value = negative ? -value : value;
    if (value < min || value > max)
        return false;
    *ret_value = (int64_t)value;
    return true;
}

static bool word_is(View v, const char *word)
{
    return v.len == strlen(word) && !strncasecmp(v.data, word, v.len);
}

/* Java's floating-point literal without hexadecimal, or a word; gives the length without a type suffix. */
static bool number_shape(View v, size_t *ret_length)
{
    size_t i = v.len && (v.data[0] == '-' || v.data[0] == '+'), seen = 0;
    for (; i < v.len && is_digit(v.data[i]); i++)
        seen++;
    if (i < v.len && v.data[i] == '.') {
        for (i++; i < v.len && is_digit(v.data[i]); i++)
            seen++;
    }
    if (!seen)
        return false;
    if (i < v.len && (v.data[i] == 'e' || v.data[i] == 'E')) {
        i++;
        if (i < v.len && (v.data[i] == '-' || v.data[i] == '+'))
            i++;
        size_t exponent = i;
        while (i < v.len && is_digit(v.data[i]))
            i++;
        if (i == exponent)
            return false;
    }
    *ret_length = i;
    return i == v.len || (i + 1 == v.len && strchr("dDfF", v.data[i]));
}

static bool number_word(View v, double *ret_value)
{
    bool negative = v.len && v.data[0] == '-', sign = negative || (v.len && v.data[0] == '+');
    View rest = { v.data + sign, v.len - sign };
    if (word_is(rest, "inf") || word_is(rest, "infinity"))
        *ret_value = negative ? -HUGE_VAL : HUGE_VAL;
    else if ((!sign && word_is(rest, "nan")) || (rest.len == 3 && !memcmp(rest.data, "NaN", 3)))
        *ret_value = NAN;
    else
        return false;
    return true;
}

/* strtod wants an end: most numbers fit a small buffer. */
static bool number_text(View v, char *small, size_t small_bytes, char **ret_text)
{
    size_t length;
    if (!number_shape(v, &length))
        return false;
    char *text = length < small_bytes ? small : malloc(length + 1);
    if (!text)
        abort();
    memcpy(text, v.data, length);
    text[length] = 0;
    *ret_text = text;
    return true;
}

bool convert_double(View v, double *ret_value)
{
    char small[64], *text;
    v = trim_all(v);
    if (!number_text(v, small, sizeof small, &text))
        return number_word(v, ret_value);
    *ret_value = strtod(text, NULL);
    if (text != small)
        free(text);
    return true;
}

bool convert_float(View v, float *ret_value)
{
    char small[64], *text;
    double word;
    v = trim_all(v);
    if (!number_text(v, small, sizeof small, &text)) {
        if (!number_word(v, &word))
            return false;
        *ret_value = (float)word;
        return true;
    }
    *ret_value = strtof(text, NULL);
    if (text != small)
        free(text);
    return true;
}

bool convert_boolean(View v, bool *ret_value)
{
    static const char *const yes[] = { "true", "t", "yes", "y", "1" }, *const no[] = { "false", "f", "no", "n", "0" };
    v = trim_all(v);
    for (size_t i = 0; i < 5; i++) {
        if (word_is(v, yes[i]) || word_is(v, no[i])) {
            *ret_value = word_is(v, yes[i]);
            return true;
        }
    }
    return false;
}

i128 power_of_ten(int exponent)
{
    /* 10^19 is the last one below 2^64. */
    static const uint64_t small[] = {
        1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
        1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
        1000000000000000000u, 10000000000000000000u
    };
    return exponent < 20 ? (i128)small[exponent] : (i128)small[exponent - 19] * small[19];
}

/* Digits of the text, the point `point` digits from the right; `exponent` moves it. */
bool convert_decimal(View v, int precision, int scale, i128 *ret_value, bool *ret_overflow)
{
    enum { EXPONENT_MAX = 1 << 30 }; /* beyond it stands nothing that a text has digits for */
    size_t length;
    v = trim_all(v);
    *ret_overflow = false;
    if (!number_shape(v, &length) || length != v.len)
        return false;
    bool negative = v.data[0] == '-';
    const char *e = memchr(v.data, 'e', v.len) ? memchr(v.data, 'e', v.len) : memchr(v.data, 'E', v.len);
    size_t mantissa = e ? (size_t)(e - v.data) : v.len;
    long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    exponent = exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent < -EXPONENT_MAX ? -EXPONENT_MAX : exponent;
    const char *point = memchr(v.data, '.', mantissa);
    long after = point ? (long)(v.data + mantissa - point - 1) : 0;
    long keep = (long)mantissa - (point != NULL) - (v.data[0] == '-' || v.data[0] == '+') - after + exponent + scale;
    i128 value = 0, limit = power_of_ten(38);
    long seen = 0;
    for (size_t i = 0; i < mantissa; i++) {
        if (!is_digit(v.data[i]))
            continue;
        if (seen == keep && v.data[i] >= '5')
            value++;
        if (++seen > keep)
            continue;
        *ret_overflow = value >= limit / 10;
        if (*ret_overflow)
            return false;
        value = value * 10 + (v.data[i] - '0');
    }
    for (; seen < keep && value; seen++) {
        *ret_overflow = value >= limit / 10;
        if (*ret_overflow)
            return false;
        value *= 10;
    }
    *ret_overflow = value >= power_of_ten(precision);
    *ret_value = negative ? -value : value;
    return !*ret_overflow;
}

/* ---------------------------------------------------------------- dates and times */
/* Digits at *i: `max` at most; returns how many. */
static int read_digits(View v, size_t *i, int max, int64_t *ret_value)
{
    int n = 0;
    for (*ret_value = 0; *i < v.len && n < max && is_digit(v.data[*i]); n++)
        *ret_value = *ret_value * 10 + (v.data[(*i)++] - '0');
    return n;
}

/* [+-]y{4,7}[-m[m][-d[d]]]: stops behind it. */
static bool read_date(View v, size_t *i, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t sign = 1;
    *month = *day = 1;
    if (*i < v.len && (v.data[*i] == '-' || v.data[*i] == '+'))
        sign = v.data[(*i)++] == '-' ? -1 : 1;
    int n = read_digits(v, i, 7, year);
    if (n < 4)
        return false;
    *year *= sign;
    if (*i == v.len || v.data[*i] != '-')
        return true;
    (*i)++;
    n = read_digits(v, i, 2, month);
    if (n < 1)
        return false;
    if (*i == v.len || v.data[*i] != '-')
        return true;
    (*i)++;
    return read_digits(v, i, 2, day) >= 1;
}

bool convert_date(View v, int32_t *ret_days)
{
    int64_t year, month, day;
    size_t i = 0;
    v = trim_all(v);
    if (!read_date(v, &i, &year, &month, &day))
        return false;
    if (i < v.len && v.data[i] != ' ' && v.data[i] != 'T')
        return false;
    if (i < v.len && v.data[i - 1] == '-')
        return false;
    if (!civil_valid_date(year, (int)month, (int)day))
        return false;
    int64_t days = days_from_civil(year, (int)month, (int)day);
    if (days < INT32_MIN || days > INT32_MAX)
        return false;
    *ret_days = (int32_t)days;
    return true;
}

/* SparkDateTimeUtils.parseTimestampString: year, month, day, hour, minute, second, fraction; then the rest is a zone. */
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, SEGMENTS };
typedef struct Moment {
    int64_t at[SEGMENTS];
    bool only_time;
    View zone;
} Moment;

static bool segment_fits(int segment, int digits_seen)
{
    if (segment == FRACTION)
        return true;
    return segment == YEAR ? digits_seen >= 4 && digits_seen <= 6 : digits_seen > 0 && digits_seen <= 2;
}

/* Which segment follows `segment` when `c` stands behind it; -1: none, SEGMENTS: c begins the zone. */
static int next_segment(int segment, char c, bool signed_year, Moment *m)
{
    switch (segment) {
    case YEAR:
        m->only_time = c == ':' && !signed_year;
        return c == '-' ? MONTH : m->only_time ? MINUTE : -1;
    case MONTH: return c == '-' ? DAY : -1;
    case DAY: return c == ' ' || c == 'T' ? HOUR : -1;
    case HOUR: case MINUTE: return c == ':' ? segment + 1 : -1;
    case SECOND: return c == '.' ? FRACTION : SEGMENTS;
    default: return SEGMENTS;
    }
}

static bool parse_moment(View v, Moment *m)
{
    bool negative = v.len && v.data[0] == '-', sign = negative || (v.len && v.data[0] == '+');
    size_t i = sign;
    int segment = YEAR, seen = 0, fraction = 0;
    *m = (Moment){ .at = { 0, 1, 1, 0, 0, 0, 0 } };
    if (i < v.len && v.data[i] == 'T' && !sign) {
        m->only_time = true;
        segment = HOUR;
        i++;
    }
    int64_t value = 0;
    for (; i < v.len && segment < SEGMENTS; i++) {
        if (is_digit(v.data[i])) {
            fraction += segment == FRACTION;
            if (segment != FRACTION || seen < 6)
                value = seen < 18 ? value * 10 + (v.data[i] - '0') : value;
            seen++;
            continue;
        }
        int next = next_segment(segment, v.data[i], sign, m);
        int filled = segment == YEAR && next == MINUTE ? HOUR : segment;
        if (next < 0 || !segment_fits(filled, seen))
            return false;
        m->at[filled] = value;
        if (next == SEGMENTS)
            m->zone = trim_all((View){ v.data + i, v.len - i });
        segment = next;
        value = seen = 0;
    }
    if (segment < SEGMENTS) {
        if (!segment_fits(segment, seen))
            return false;
        m->at[segment] = value;
    }
    for (; fraction < 6; fraction++)
        m->at[FRACTION] *= 10;
    m->at[YEAR] = negative ? -m->at[YEAR] : m->at[YEAR];
    return true;
}

bool convert_timestamp(View v, const Zone *zone, int64_t *ret_us)
{
    Moment m;
    v = trim_all(v);
    if (!v.len || !parse_moment(v, &m) || (m.only_time && !zone))
        return false;
    const Zone *own = m.zone.len ? zone_find(m.zone) : NULL;
    if (m.zone.len && !own)
        return false;
    if (m.at[HOUR] > 23 || m.at[MINUTE] > 59 || m.at[SECOND] > 59)
        return false;
    if (!m.only_time && !civil_valid_date(m.at[YEAR], (int)m.at[MONTH], (int)m.at[DAY]))
        return false;
    int64_t days = m.only_time ? zone_today(own ? own : zone) : days_from_civil(m.at[YEAR], (int)m.at[MONTH], (int)m.at[DAY]);
    int64_t us = ((m.at[HOUR] * 60 + m.at[MINUTE]) * 60 + m.at[SECOND]) * MICROS_PER_SECOND + m.at[FRACTION];
    i128 local = (i128)days * MICROS_PER_DAY + us;
    if (local > INT64_MAX || local < INT64_MIN)
        return false;
    *ret_us = zone ? zone_utc_us(own ? own : zone, (int64_t)local) : (int64_t)local;
    return true;
}

/* ---------------------------------------------------------------- printing */
size_t print_i128(i128 x, char *out)
{
    char digits[48];
    size_t n = 0, length = 0;
    u128 u = x < 0 ? -(u128)x : (u128)x;
    do {
        digits[n++] = (char)('0' + (int)(u % 10));
        u /= 10;
    } while (u);
    if (x < 0)
        out[length++] = '-';
    while (n)
        out[length++] = digits[--n];
    out[length] = 0;
    return length;
}

size_t print_decimal(i128 unscaled, int scale, char *out)
{
    char digits[48];
    size_t n = print_i128(unscaled < 0 ? -unscaled : unscaled, digits), length = 0, zeros = 0;
    if (unscaled < 0)
        out[length++] = '-';
    if ((size_t)scale >= n)
        zeros = (size_t)scale + 1 - n;
    for (size_t i = 0; i < n + zeros; i++) {
        if (scale && i == n + zeros - (size_t)scale)
            out[length++] = '.';
        out[length++] = i < zeros ? '0' : digits[i - zeros];
    }
    out[length] = 0;
    return length;
}

/* With an exponent once there are more than six zeros before the first digit. */
size_t print_decimal_java(i128 unscaled, int scale, char *out)
{
    char digits[48];
    int n = (int)print_decimal(unscaled < 0 ? -unscaled : unscaled, 0, digits), exponent = n - 1 - scale;
    if (exponent >= -6)
        return print_decimal(unscaled, scale, out);
    return (size_t)snprintf(out, NUMBER_TEXT_BYTES, "%s%c%s%.*sE%d", unscaled < 0 ? "-" : "", digits[0], n > 1 ? "." : "", n - 1, digits + 1, exponent);
}

size_t print_date(int64_t days, char *out)
{
    Civil c = civil_from_days(days);
    const char *sign = c.year < 0 ? "-" : c.year > 9999 ? "+" : "";
    return (size_t)snprintf(out, NUMBER_TEXT_BYTES, "%s%04lld-%02d-%02d", sign, (long long)llabs(c.year), c.month, c.day);
}

size_t print_timestamp(int64_t local_us, char *out)
{
    return print_local_time((LocalTime){ floor_div(local_us, MICROS_PER_DAY), floor_mod(local_us, MICROS_PER_DAY) }, out);
}

size_t print_local_time(LocalTime at, char *out)
{
    Civil c = civil_from_local(at);
    size_t n = print_date(at.day, out);
    n += (size_t)snprintf(out + n, 64, " %02d:%02d:%02d", c.hour, c.minute, c.second);
    if (c.micros) {
        n += (size_t)snprintf(out + n, 32, ".%06d", c.micros);
        while (out[n - 1] == '0')
            out[--n] = 0;
    }
    return n;
}
