/* front/sql/datetime.c -- reading dates, times, time zones and decimals as Spark does. */
#include "front/sql/datetime.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool civil_is_valid(int64_t y, int64_t m, int64_t d)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m >= 1 && m <= 12 && d >= 1 && d <= lengths[m - 1] + (m == 2 && leap);
}

/* min…max digits at *io; moves past them. */
static bool digits(const char **io, int min, int max, int64_t *ret)
{
    int64_t value = 0;
    int n = 0;
    for (; isdigit((unsigned char)**io); (*io)++, n++) {
        if (n == max)
            return false;
        value = value * 10 + (**io - '0');
    }
    *ret = value;
    return n >= min;
}

/* The text without blanks at its ends, in `buffer`. */
static const char *trimmed(const char *text, char *buffer, size_t size)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    size_t n = strlen(text);
    while (n && (unsigned char)text[n - 1] <= ' ')
        n--;
    if (n >= size)
        return NULL;
    memcpy(buffer, text, n);
    buffer[n] = '\0';
    return buffer;
}

/* [+-]y…[-m[-d]] */
static bool date_part(const char **io, int64_t *ret_days)
{
    int parts = 1;
    const char *c = *io;
    int sign = *c == '-' ? -1 : 1;
    c += *c == '-' || *c == '+';
    int64_t y, m = 1, d = 1;
    if (!digits(&c, 4, 7, &y))
        return false;
    if (*c == '-') {
        c++;
        parts++;
        if (!digits(&c, 1, 2, &m))
            return false;
        if (*c == '-') {
            parts++;
            c++;
            if (!digits(&c, 1, 2, &d))
                return false;
        }
    }
    if (parts < 3 && *c) /* nothing may follow a date that is not whole */
        return false;
    if (!civil_is_valid(sign * y, m, d))
        return false;
    *ret_days = days_from_civil(sign * y, (int)m, (int)d);
    *io = c;
    return true;
}

bool date_parse(const char *text, int64_t *ret_days)
{
    char buffer[128];
    const char *c = trimmed(text, buffer, sizeof buffer);
    int64_t days;
    if (c && str_ieq(c, "epoch")) {
        *ret_days = 0;
        return true;
    }
    if (!c || !date_part(&c, &days) || (*c && *c != ' ' && *c != 'T'))
        return false;
    *ret_days = days;
    return true;
}

/* h:m[:s[.f]], f to `scale` digits of a second; ret in 1/10^scale seconds */
static bool clock_part(const char **io, int scale, int64_t *ret)
{
    const char *c = *io;
    int64_t h, m, s = 0, fraction = 0;
    if (!digits(&c, 1, 2, &h) || *c++ != ':' || !digits(&c, 1, 2, &m))
        return false;
    if (*c == ':') {
        c++;
        if (!digits(&c, 1, 2, &s))
            return false;
        if (*c == '.') {
            c++;
            int n = 0;
            for (; isdigit((unsigned char)*c); c++, n++)
                fraction = n < scale ? fraction * 10 + (*c - '0') : fraction;
            for (; n < scale; n++)
                fraction *= 10;
        }
    }
    if (h > 23 || m > 59 || s > 59)
        return false;
    int64_t unit = 1;
    for (int i = 0; i < scale; i++)
        unit *= 10;
    *ret = ((h * 60 + m) * 60 + s) * unit + fraction;
    *io = c;
    return true;
}

bool time_parse(const char *text, int64_t *ret_nanos)
{
    char buffer[64];
    const char *c = trimmed(text, buffer, sizeof buffer);
    int64_t nanos;
    if (!c || !clock_part(&c, 6, &nanos))
        return false;
    nanos *= 1000;
    const int64_t hour = 3600LL * 1000000000;
    while (*c == ' ')
        c++;
    if (str_ieq(c, "AM") || str_ieq(c, "PM")) {
        int64_t h = nanos / hour;
        if (h < 1 || h > 12)
            return false;
        nanos = nanos % hour + (h % 12 + (str_ieq(c, "PM") ? 12 : 0)) * hour;
    } else if (*c) {
        return false;
    }
    *ret_nanos = nanos;
    return true;
}

/* +8, +08:00, -0530, +08:30:15 */
static bool offset_zone(const char *c, int64_t *ret_seconds)
{
    int sign = *c == '-' ? -1 : 1;
    if (*c != '+' && *c != '-')
        return false;
    c++;
    size_t n = strlen(c);
    int64_t h = 0, m = 0, s = 0;
    if (strchr(c, ':') || n <= 2) {
        if (!digits(&c, 1, 2, &h) || (*c && (*c++ != ':' || !digits(&c, 1, 2, &m))) ||
            (*c && (*c++ != ':' || !digits(&c, 1, 2, &s))))
            return false;
    } else if (n == 4 || n == 6) {
        int64_t all;
        if (!digits(&c, (int)n, (int)n, &all))
            return false;
        s = n == 6 ? all % 100 : 0;
        all = n == 6 ? all / 100 : all;
        h = all / 100;
        m = all % 100;
    } else {
        return false;
    }
    if (*c || h > 18 || m > 59 || s > 59)
        return false;
    *ret_seconds = sign * ((h * 60 + m) * 60 + s);
    return true;
}

/* A region of the time zone database: local microseconds to UTC. A time in a gap moves forward by it, one that occurs
 * twice is the earlier, as java.time has it. */
static bool region_to_utc(const char *zone, int64_t local_micros, int64_t *ret_micros)
{
    UChar id[64];
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = 0;
    u_strFromUTF8(id, 64, &length, zone, -1, &status);
    if (U_FAILURE(status))
        return false;
    UChar canonical[64];
    UBool system = 0;
    ucal_getCanonicalTimeZoneID(id, length, canonical, 64, &system, &status);
    if (U_FAILURE(status) || !system)
        return false;
    UCalendar *calendar = ucal_open(id, length, "en_US", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return false;
    int64_t micros = local_micros % 1000000, seconds = local_micros / 1000000;
    if (micros < 0) {
        micros += 1000000;
        seconds--;
    }
    double offset = 0;
    double local_ms = (double)seconds * 1000.0;
    UDate guess = local_ms;
    /* The offset in force one day earlier is that before any gap or overlap; the one after it is tried when it fits. */
    ucal_setMillis(calendar, local_ms - 86400000.0, &status);
    double before = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) + ucal_get(calendar, UCAL_DST_OFFSET, &status);
    ucal_setMillis(calendar, local_ms - before, &status);
    double at_before = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) + ucal_get(calendar, UCAL_DST_OFFSET, &status);
    if (at_before == before) {
        offset = before;
    } else {
        ucal_setMillis(calendar, local_ms - at_before, &status);
        double after = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) + ucal_get(calendar, UCAL_DST_OFFSET, &status);
        offset = after == at_before ? at_before : before;
    }
    guess = local_ms - offset;
    ucal_close(calendar);
    if (U_FAILURE(status))
        return false;
    *ret_micros = (int64_t)guess * 1000 + micros;
    return true;
}

static bool local_to_utc(const char *zone, int64_t local, int64_t *ret_micros)
{
    int64_t seconds;
    while (*zone == ' ')
        zone++;
    if (str_ieq(zone, "Z") || str_ieq(zone, "UTC") || str_ieq(zone, "GMT") || str_ieq(zone, "UT") || str_ieq(zone, "Etc/UTC")) {
        *ret_micros = local;
        return true;
    }
    const char *offset = zone;
    if (str_istarts(zone, "UTC") || str_istarts(zone, "GMT"))
        offset += 3;
    else if (str_istarts(zone, "UT"))
        offset += 2;
    if (offset_zone(offset, &seconds)) {
        *ret_micros = local - seconds * 1000000;
        return true;
    }
    return region_to_utc(zone, local, ret_micros);
}

/* date[( |T)clock[zone]]; *ret_zone points into `buffer`, "" when there is none */
static bool timestamp_parts(const char *text, char *buffer, size_t size, int64_t *ret_local, const char **ret_zone)
{
    const char *c = trimmed(text, buffer, size);
    int64_t days, micros = 0;
    if (!c || !date_part(&c, &days))
        return false;
    if (*c == ' ' || *c == 'T') {
        c++;
        if (*c && !clock_part(&c, 6, &micros))
            return false;
    } else if (*c) {
        return false;
    }
    if (llabs(days) > 106751991LL)
        return false;
    while (*c == ' ')
        c++;
    *ret_local = days * 86400000000LL + micros;
    *ret_zone = c;
    return true;
}

bool timestamp_parse(const char *text, const char *zone, int64_t *ret_micros)
{
    char buffer[160];
    int64_t local;
    const char *own;
    if (str_ieq(text, "epoch")) {
        *ret_micros = 0;
        return true;
    }
    if (!timestamp_parts(text, buffer, sizeof buffer, &local, &own))
        return false;
    return local_to_utc(*own ? own : zone ? zone : "UTC", local, ret_micros);
}

bool timestamp_parse_ntz(const char *text, int64_t *ret_micros)
{
    char buffer[160];
    int64_t local, ignored;
    const char *own;
    if (str_ieq(text, "epoch")) {
        *ret_micros = 0;
        return true;
    }
    if (!timestamp_parts(text, buffer, sizeof buffer, &local, &own) || (*own && !local_to_utc(own, local, &ignored)))
        return false;
    *ret_micros = local;
    return true;
}

bool zone_is_known(const char *zone)
{
    int64_t ignored;
    return local_to_utc(zone, 0, &ignored);
}

bool timestamp_is_clock(const char *text)
{
    char buffer[160];
    int64_t ignored;
    const char *c = trimmed(text, buffer, sizeof buffer);
    if (!c)
        return false;
    c += *c == 'T';
    if (!clock_part(&c, 6, &ignored))
        return false;
    while (*c == ' ')
        c++;
    return !*c || zone_is_known(c);
}

bool timestamp_has_zone(const char *text, bool *ret_has)
{
    char buffer[160];
    int64_t local;
    const char *own;
    if (!timestamp_parts(text, buffer, sizeof buffer, &local, &own))
        return false;
    *ret_has = *own != '\0';
    return true;
}

bool decimal_parse(Arena *a, const char *text, Value *ret_value, const Type **ret_type)
{
    bool negative = *text == '-';
    const char *c = text + (*text == '-' || *text == '+');
    str_auto all = STR_INIT(1024); /* the unscaled digits */
    int64_t scale = 0, exponent = 0;
    bool dot = false;
    for (; isdigit((unsigned char)*c) || *c == '.'; c++) {
        if (*c == '.') {
            dot = true;
            continue;
        }
        scale += dot;
        if (all.len || *c != '0')
            str_addc(&all, *c);
    }
    if (*c == 'e' || *c == 'E') {
        if (!str_to_i64(c + 1 + (c[1] == '+'), &exponent) || llabs(exponent) > 400)
            return false;
    }
    scale -= exponent;
    for (; scale < 0 && all.len; scale++)
        str_addc(&all, '0');
    scale = scale < 0 ? 0 : scale;
    int64_t precision = (int64_t)(all.len ? all.len : 1);
    precision = precision < scale ? scale : precision;
    if (all.overflow || precision > DECIMAL_MAX_PRECISION)
        return false;
    int pad = (int)(precision - (int64_t)all.len);
    char padded[DECIMAL_MAX_PRECISION + 2];
    memset(padded, '0', (size_t)pad);
    memcpy(padded + pad, str_text(&all), all.len);
    size_t whole = (size_t)(precision - scale);
    const char *point = scale ? "." : "";
    *ret_value = (Value){ .text = arena_printf(a, "%s%.*s%s%s%.*s", negative && all.len ? "-" : "", (int)whole, padded,
                              whole ? "" : "0", point, (int)scale, padded + whole) };
    ret_value->text_len = strlen(ret_value->text);
    *ret_type = type_decimal(a, (int)precision, (int)scale);
    return true;
}
