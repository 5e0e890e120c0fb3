/* back/duckdb/zone.c -- zone rules read once from ICU into tables; calendar arithmetic after Howard Hinnant's algorithms. */
#include "back/duckdb/zone.h"

#include "base/clock.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucal.h>

typedef struct Transition {
    int64_t utc_s;
    int32_t offset_s; /* from here on */
} Transition;

struct Zone {
    char *name;
    int32_t first_offset_s;
    Transition *transitions;
    size_t len;
    Zone *next;
};

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static Zone *zones; /* guarded by zones_lock; nodes are immutable and never freed */

/* The last 400 years, a cycle of the calendar, are after all that is not a rule for good. */
enum { LAST_YEAR = 2440, FIRST_YEAR = 1800, MAX_TRANSITIONS = 4096 };
__extension__ typedef __int128 i128;
#define SECONDS_PER_400_YEARS (INT64_C(146097) * SECONDS_PER_DAY)

/* ---------------------------------------------------------------- calendar */
int64_t days_from_civil(int64_t y, int month, int day)
{
    y -= month <= 2;
    int64_t era = floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

Civil civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_div(days, 146097), doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (Civil){ .year = yoe + era * 400 + (month <= 2), .month = month, .day = (int)(doy - (153 * mp + 2) / 5 + 1) };
}

Civil civil_from_us(int64_t us)
{
    return civil_from_local((LocalTime){ floor_div(us, MICROS_PER_DAY), floor_mod(us, MICROS_PER_DAY) });
}

Civil civil_from_local(LocalTime at)
{
    Civil c = civil_from_days(at.day);
    int64_t seconds = at.us / MICROS_PER_SECOND;
    c.micros = (int)(at.us % MICROS_PER_SECOND);
    c.hour = (int)(seconds / 3600);
    c.minute = (int)(seconds / 60 % 60);
    c.second = (int)(seconds % 60);
    return c;
}

bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int64_t year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool civil_valid_date(int64_t year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

int64_t days_add_months(int64_t days, int64_t months)
{
    Civil c = civil_from_days(days);
    int64_t total = c.year * 12 + c.month - 1 + months, year = floor_div(total, 12);
    int month = (int)floor_mod(total, 12) + 1, last = days_in_month(year, month);
    return days_from_civil(year, month, c.day < last ? c.day : last);
}

/* ---------------------------------------------------------------- finding a zone */
static bool digits(const char **at, const char *end, int max, int *value)
{
    int n = 0;
    for (*value = 0; *at < end && n < max && **at >= '0' && **at <= '9'; n++)
        *value = *value * 10 + (*(*at)++ - '0');
    return n > 0;
}

/* +h, +hh, +hh:mm, +hhmm, +hh:mm:ss */
static bool parse_offset(View text, int32_t *ret_s)
{
    const char *at = text.data, *end = at + text.len;
    if (at == end || (*at != '+' && *at != '-'))
        return false;
    int sign = *at++ == '-' ? -1 : 1, h, m = 0, s = 0;
    if (!digits(&at, end, 2, &h))
        return false;
    if (at < end && *at == ':')
        at++;
    if (at < end && !digits(&at, end, 2, &m))
        return false;
    if (at < end && *at == ':')
        at++;
    if (at < end && !digits(&at, end, 2, &s))
        return false;
    if (at != end || m > 59 || s > 59 || h * 3600 + m * 60 + s > 18 * 3600)
        return false;
    *ret_s = sign * (h * 3600 + m * 60 + s);
    return true;
}

static Zone *fixed_zone(View name)
{
    static const char *const prefixes[] = { "UTC", "GMT", "UT", "" };
    int32_t offset = 0;
    bool found = name.len == 1 && (name.data[0] == 'Z' || name.data[0] == 'z');
    for (size_t i = 0; !found && i < 4; i++) {
        size_t n = strlen(prefixes[i]);
        if (name.len < n || strncasecmp(name.data, prefixes[i], n) != 0)
            continue;
        found = (n && name.len == n) || parse_offset((View){ name.data + n, name.len - n }, &offset);
    }
    if (!found)
        return NULL;
    Zone *z = calloc(1, sizeof *z);
    if (!z)
        abort();
    z->first_offset_s = offset;
    return z;
}

static int32_t icu_offset_s(UCalendar *cal, UErrorCode *code)
{
    return (ucal_get(cal, UCAL_ZONE_OFFSET, code) + ucal_get(cal, UCAL_DST_OFFSET, code)) / 1000;
}

static void read_transitions(Zone *z, UCalendar *cal)
{
    UErrorCode code = U_ZERO_ERROR;
    double last_ms = (double)days_from_civil(LAST_YEAR, 1, 1) * (double)SECONDS_PER_DAY * 1000.0, at_ms;
    ucal_setMillis(cal, (double)days_from_civil(FIRST_YEAR, 1, 1) * (double)SECONDS_PER_DAY * 1000.0, &code);
    int32_t offset = z->first_offset_s = icu_offset_s(cal, &code);
    z->transitions = calloc(MAX_TRANSITIONS, sizeof *z->transitions);
    if (!z->transitions)
        abort();
    while (z->len < MAX_TRANSITIONS && U_SUCCESS(code)) {
        if (!ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &at_ms, &code) || at_ms > last_ms)
            break;
        ucal_setMillis(cal, at_ms, &code);
        int32_t next = icu_offset_s(cal, &code);
        if (next != offset)
            z->transitions[z->len++] = (Transition){ .utc_s = (int64_t)(at_ms / 1000), .offset_s = next };
        offset = next;
    }
}

static UCalendar *icu_calendar(View name)
{
    UChar id[64], known[64];
    UBool system = false;
    UErrorCode code = U_ZERO_ERROR;
    if (name.len == 0 || name.len >= 63)
        return NULL;
    for (size_t i = 0; i <= name.len; i++)
        id[i] = i < name.len ? (UChar)(unsigned char)name.data[i] : 0;
    ucal_getCanonicalTimeZoneID(id, (int32_t)name.len, known, 64, &system, &code);
    if (U_FAILURE(code) || !system)
        return NULL;
    UCalendar *cal = ucal_open(id, (int32_t)name.len, "en_US", UCAL_GREGORIAN, &code);
    return U_SUCCESS(code) ? cal : NULL;
}

static Zone *region_zone(View name)
{
    UCalendar *cal = icu_calendar(name);
    if (!cal)
        return NULL;
    Zone *z = calloc(1, sizeof *z);
    if (!z)
        abort();
    read_transitions(z, cal);
    ucal_close(cal);
    return z;
}

const Zone *zone_find(View name)
{
    pthread_mutex_lock(&zones_lock);
    Zone *z = zones;
    while (z && (strlen(z->name) != name.len || memcmp(z->name, name.data, name.len) != 0))
        z = z->next;
    if (!z) {
        z = fixed_zone(name);
        if (!z)
            z = region_zone(name);
        if (z) {
            z->name = malloc(name.len + 1);
            if (!z->name)
                abort();
            memcpy(z->name, name.data, name.len);
            z->name[name.len] = 0;
            z->next = zones;
            zones = z;
        }
    }
    pthread_mutex_unlock(&zones_lock);
    return z;
}

bool zone_take(View v, size_t *at, const Zone **ret_zone)
{
    size_t end = *at;
    while (end < v.len && (isalnum((unsigned char)v.data[end]) || (v.data[end] && strchr("+-:/_", v.data[end]))))
        end++;
    for (; end > *at; end--) {
        const Zone *z = zone_find((View){ v.data + *at, end - *at });
        if (z) {
            *ret_zone = z;
            *at = end;
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- using one */
int32_t zone_offset_s(const Zone *z, int64_t utc_s)
{
    if (!z->len || utc_s < z->transitions[0].utc_s)
        return z->first_offset_s;
    int64_t last = days_from_civil(LAST_YEAR, 1, 1) * SECONDS_PER_DAY;
    if (utc_s >= last && z->transitions[z->len - 1].utc_s > last - 2 * 366 * SECONDS_PER_DAY)
        utc_s -= ((utc_s - last) / SECONDS_PER_400_YEARS + 1) * SECONDS_PER_400_YEARS;
    if (utc_s < z->transitions[0].utc_s)
        return z->first_offset_s;
    size_t low = 0, high = z->len;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (z->transitions[middle].utc_s <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return z->transitions[low].offset_s;
}

bool zone_is_utc(const Zone *z)
{
    return !z->len && !z->first_offset_s;
}

LocalTime zone_local(const Zone *z, int64_t utc_us)
{
    int64_t us = floor_mod(utc_us, MICROS_PER_DAY) + (int64_t)zone_offset_s(z, floor_div(utc_us, MICROS_PER_SECOND)) * MICROS_PER_SECOND;
    return (LocalTime){ floor_div(utc_us, MICROS_PER_DAY) + floor_div(us, MICROS_PER_DAY), floor_mod(us, MICROS_PER_DAY) };
}

int64_t zone_local_us(const Zone *z, int64_t utc_us)
{
    return utc_us + (int64_t)zone_offset_s(z, floor_div(utc_us, MICROS_PER_SECOND)) * MICROS_PER_SECOND;
}

int64_t zone_today(const Zone *z)
{
    return floor_div(zone_local_us(z, clock_us()), MICROS_PER_DAY);
}

/* The offset that holds at a local time. */
static int32_t local_offset_s(const Zone *z, int64_t local_s)
{
    int32_t before = zone_offset_s(z, local_s - SECONDS_PER_DAY), after = zone_offset_s(z, local_s + SECONDS_PER_DAY);
    /* Both offsets give candidates; the earlier offset wins where it holds (overlap), and in a gap too. */
    bool before_holds = zone_offset_s(z, local_s - before) == before;
    bool after_holds = zone_offset_s(z, local_s - after) == after;
    return before_holds || !after_holds ? before : after;
}

bool zone_utc(const Zone *z, LocalTime at, int64_t *ret_utc_us)
{
    int32_t offset = local_offset_s(z, at.day * SECONDS_PER_DAY + at.us / MICROS_PER_SECOND);
    i128 us = (i128)at.day * MICROS_PER_DAY + at.us - (int64_t)offset * MICROS_PER_SECOND;
    if (us != (int64_t)us)
        return false;
    *ret_utc_us = (int64_t)us;
    return true;
}

int64_t zone_utc_us(const Zone *z, int64_t local_us)
{
    return local_us - (int64_t)local_offset_s(z, floor_div(local_us, MICROS_PER_SECOND)) * MICROS_PER_SECOND;
}

const char *zone_name(const Zone *z)
{
    return z->name;
}

void zone_display(const Zone *z, int64_t utc_us, bool full, char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "%s", z->name);
    if (!z->len && zone_is_utc(z)) {
        snprintf(out, out_bytes, "%s", full ? "Coordinated Universal Time" : "UTC");
        return;
    }
    UCalendar *cal = icu_calendar(VIEW(z->name));
    if (!cal)
        return;
    UErrorCode code = U_ZERO_ERROR;
    UChar text[128];
    ucal_setMillis(cal, (double)utc_us / 1000.0, &code);
    bool summer = ucal_get(cal, UCAL_DST_OFFSET, &code) != 0;
    UCalendarDisplayNameType type = full ? (summer ? UCAL_DST : UCAL_STANDARD) : (summer ? UCAL_SHORT_DST : UCAL_SHORT_STANDARD);
    int32_t n = ucal_getTimeZoneDisplayName(cal, type, "en_US", text, 128, &code);
    for (int32_t i = 0; U_SUCCESS(code) && i <= n && (size_t)i < out_bytes; i++)
        out[i] = i < n ? (char)text[i] : 0;
    ucal_close(cal);
}
