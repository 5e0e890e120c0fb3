/* back/duckdb/pattern_legacy.c -- see pattern_legacy.h. Source: java.text.SimpleDateFormat (compile, subFormat, subParse). */
#include "back/duckdb/pattern_legacy.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Piece {
    char letter; /* 0: the literal character `count` */
    int count;
} Piece;
struct LegacyPattern {
    Piece *at;
    size_t len;
};

static const char letters[] = "GyMLDdEuFaHkKhmsSzZXwWY", numeric[] = "yDduFHkKhmsSwWY";
static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
                                      "July",    "August",   "September", "October", "November", "December" };
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
enum { GREGORIAN_DAYS = -141427, SHORT_NAME = 3, CENTURY_BACK = 80 }; /* 1582-10-15 */

/* ---------------------------------------------------------------- compiling */
static void push(LegacyPattern *p, char letter, int count)
{
    Piece *grown = realloc(p->at, (p->len + 1) * sizeof *grown);
    if (!grown)
        abort();
    p->at = grown;
    p->at[p->len++] = (Piece){ letter, count };
}

LegacyPattern *legacy_pattern_new(View v, char *ret_bad)
{
    LegacyPattern *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    bool quoted = false;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (c == '\'' && i + 1 < v.len && v.data[i + 1] == '\'') {
            push(p, 0, '\'');
            i++;
        } else if (c == '\'') {
            quoted = !quoted;
        } else if (quoted || !isalpha((unsigned char)c)) {
            push(p, 0, (unsigned char)c);
        } else {
            int count = 1;
            for (; i + 1 < v.len && v.data[i + 1] == c; i++)
                count++;
            if (!strchr(letters, c) || (c == 'X' && count > 3)) {
                *ret_bad = c;
                legacy_pattern_free(p);
                return NULL;
            }
            push(p, c, count);
        }
    }
    if (quoted) {
        *ret_bad = '\'';
        legacy_pattern_free(p);
        return NULL;
    }
    return p;
}

void legacy_pattern_free(void *pattern)
{
    LegacyPattern *p = pattern;
    free(p->at);
    free(p);
}

char legacy_pattern_unparsable(const LegacyPattern *p)
{
    for (size_t i = 0; i < p->len; i++)
        if (p->at[i].letter && strchr("wWYFu", p->at[i].letter))
            return p->at[i].letter;
    return 0;
}

/* ---------------------------------------------------------------- the calendar */
typedef struct Day {
    int weekday;          /* 0: Sunday */
    int of_year, of_week; /* from 1; the week of its month */
    int week, week_year;
} Day;

static bool leap(int64_t year, bool julian)
{
    return julian ? floor_mod(year, 4) == 0 : is_leap(year);
}

/* The day as its label's own calendar has it: Spark keeps the label when it changes calendars. */
static Day day_of(const Civil *c)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t days_since = days_from_civil(c->year, c->month, c->day);
    bool julian = days_since < GREGORIAN_DAYS;
    Day d = { .of_year = before[c->month - 1] + c->day + (c->month > 2 && leap(c->year, julian)) };
    if (julian) {
        int64_t y = c->year - 1;
        days_since = y * 365 + floor_div(y, 4) + d.of_year - 1 - 719164; /* 0001-01-01 of Julius' is two days before Gregory's */
    }
    d.weekday = (int)floor_mod(days_since + 4, 7);
    int first = (int)floor_mod(d.weekday - (d.of_year - 1), 7); /* weekday of January 1st; weeks begin on Sunday, one day makes a week */
    int length = 365 + leap(c->year, julian), next = (int)floor_mod(first + length, 7);
    d.week = (d.of_year - 1 + first) / 7 + 1;
    d.week_year = (int)c->year;
    if (length - d.of_year < next) {
        d.week = 1;
        d.week_year++;
    }
    int month_first = (int)floor_mod(d.weekday - (c->day - 1), 7);
    d.of_week = (c->day - 1 + month_first) / 7 + 1;
    return d;
}

/* ---------------------------------------------------------------- formatting */
static void put_offset(const Piece *q, int32_t offset, Str *out)
{
    int a = abs(offset), h = a / 3600, m = a / 60 % 60;
    if (q->letter == 'X' && !offset)
        str_addc(out, 'Z');
    else if (q->letter == 'X' && q->count == 1)
        str_addf(out, "%c%02d", offset < 0 ? '-' : '+', h);
    else
        str_addf(out, q->letter == 'X' && q->count == 3 ? "%c%02d:%02d" : "%c%02d%02d", offset < 0 ? '-' : '+', h, m);
}

static void put_name(const char *name, int count, Str *out)
{
    str_addn(out, name, count >= 4 ? strlen(name) : SHORT_NAME);
}

static long long number_of(char letter, const Civil *c, const Day *d)
{
    switch (letter) {
    case 'Y': return d->week_year;
    case 'M': case 'L': return c->month;
    case 'D': return d->of_year;
    case 'd': return c->day;
    case 'w': return d->week;
    case 'W': return d->of_week;
    case 'F': return (c->day - 1) / 7 + 1;
    case 'u': return d->weekday ? d->weekday : 7;
    case 'H': return c->hour;
    case 'k': return c->hour ? c->hour : 24;
    case 'K': return c->hour % 12;
    case 'h': return c->hour % 12 ? c->hour % 12 : 12;
    case 'm': return c->minute;
    case 's': return c->second;
    case 'S': return c->micros / 1000;
    default: return c->year > 0 ? c->year : 1 - c->year;
    }
}

static void put_piece(const Piece *q, const Civil *c, const Day *d, int64_t utc_us, const Zone *zone, Str *out)
{
    char name[128];
    switch (q->letter) {
    case 0: str_addc(out, (char)q->count); return;
    case 'G': str_add(out, c->year > 0 ? "AD" : "BC"); return;
    case 'a': str_add(out, c->hour < 12 ? "AM" : "PM"); return;
    case 'E': put_name(days[d->weekday], q->count, out); return;
    case 'z':
        zone_display(zone, utc_us, q->count >= 4, name, sizeof name);
        str_add(out, name);
        return;
    case 'Z': case 'X': put_offset(q, zone_offset_s(zone, floor_div(utc_us, MICROS_PER_SECOND)), out); return;
    default: break;
    }
    long long n = number_of(q->letter, c, d);
    if ((q->letter == 'M' || q->letter == 'L') && q->count > 2)
        put_name(months[c->month - 1], q->count, out);
    else if ((q->letter == 'y' || q->letter == 'Y') && q->count == 2)
        str_addf(out, "%02lld", n % 100);
    else
        str_addf(out, "%0*lld", q->count, n);
}

void legacy_pattern_format(const LegacyPattern *p, int64_t utc_us, const Zone *zone, Str *out)
{
    Civil c = civil_from_local(zone_local(zone, utc_us));
    Day d = day_of(&c);
    for (size_t i = 0; i < p->len; i++)
        put_piece(&p->at[i], &c, &d, utc_us, zone, out);
}

/* ---------------------------------------------------------------- parsing */
typedef struct Parsed {
    int64_t year;
    int month, day, day_of_year, weekday, hour, hour12, half, minute, second, millis; /* -1: not given */
    bool before_christ;
    const Zone *zone;
} Parsed;

static bool take_number(View v, size_t *at, size_t most, int64_t *ret)
{
    size_t from = *at, end = most < v.len - *at ? *at + most : v.len;
    bool negative = *at < end && v.data[*at] == '-';
    *at += negative;
    size_t digits = *at;
    for (*ret = 0; *at < end && isdigit((unsigned char)v.data[*at]) && *ret < INT32_MAX; (*at)++)
        *ret = *ret * 10 + (v.data[*at] - '0');
    if (*at == digits)
        *at = from;
    *ret = negative ? -*ret : *ret;
    return *at != from;
}

static bool take_name(View v, size_t *at, const char *const *names, int n, int *ret)
{
    for (int full = 1; full >= 0; full--)
        for (int i = 0; i < n; i++) {
            size_t length = full ? strlen(names[i]) : SHORT_NAME;
            if (v.len - *at >= length && !strncasecmp(v.data + *at, names[i], length)) {
                *at += length;
                *ret = i;
                return true;
            }
        }
    return false;
}

/* Two digits of a year: within 80 years before and 20 after now. */
static int64_t century_year(int64_t two, int64_t now_year)
{
    int64_t from = now_year - CENTURY_BACK, year = from - floor_mod(from, 100) + two;
    return year < from ? year + 100 : year;
}

static bool set_number(const Piece *q, int64_t n, Parsed *r)
{
    int value = n > 1000000 || n < -1000000 ? -2 : (int)n;
    switch (q->letter) {
    case 'y': r->year = n; return true;
    case 'M': case 'L': r->month = value; return true;
    case 'D': r->day_of_year = value; return true;
    case 'd': r->day = value; return true;
    case 'H': r->hour = value; return true;
    case 'k': r->hour = value == 24 ? 0 : value; return true;
    case 'K': r->hour12 = value; return true;
    case 'h': r->hour12 = value == 12 ? 0 : value; return true;
    case 'm': r->minute = value; return true;
    case 's': r->second = value; return true;
    case 'S': r->millis = value; return true;
    default: return false;
    }
}

static int64_t this_year(void)
{
    return civil_from_us(clock_us()).year;
}

static bool take_piece(const LegacyPattern *p, size_t i, View v, size_t *at, Parsed *r)
{
    static const char *const halves[] = { "AM ", "PM " }, *const eras[] = { "BC ", "AD " };
    const Piece *q = &p->at[i];
    int name = 0;
    int64_t n = 0;
    if (!q->letter) {
        bool same = *at < v.len && (unsigned char)v.data[*at] == q->count;
        *at += same;
        return same;
    }
    while (*at < v.len && (v.data[*at] == ' ' || v.data[*at] == '\t'))
        (*at)++;
    if (q->letter == 'a' || q->letter == 'G') {
        if (v.len - *at < 2)
            return false;
        bool second = !strncasecmp(v.data + *at, q->letter == 'a' ? halves[1] : eras[1], 2);
        if (!second && strncasecmp(v.data + *at, q->letter == 'a' ? halves[0] : eras[0], 2) != 0)
            return false;
        *at += 2;
        if (q->letter == 'a')
            r->half = second;
        else
            r->before_christ = !second;
        return true;
    }
    if (q->letter == 'E')
        return take_name(v, at, days, 7, &r->weekday);
    if (strchr("zZX", q->letter))
        return zone_take(v, at, &r->zone);
    if (strchr("ML", q->letter) && q->count > 2) {
        bool good = take_name(v, at, months, 12, &name);
        r->month = name + 1;
        return good;
    }
    const Piece *next = i + 1 < p->len ? &p->at[i + 1] : NULL;
    bool abuts = next && next->letter && (strchr(numeric, next->letter) || (strchr("ML", next->letter) && next->count <= 2));
    size_t from = *at;
    if (abuts && v.len - *at < (size_t)q->count)
        return false;
    if (!take_number(v, at, abuts ? (size_t)q->count : v.len, &n))
        return false;
    if (q->letter == 'y' && q->count <= 2 && *at - from == 2 && n >= 0)
        n = century_year(n, this_year());
    return set_number(q, n, r);
}

static bool within(int value, int least, int most)
{
    return value >= least && value <= most;
}

/* Calendar.setLenient(false): each field in its range, and what is given twice the same. */
static bool date_of(Parsed *r, Civil *c)
{
    *c = (Civil){ .year = r->before_christ ? 1 - r->year : r->year, .month = r->month, .day = r->day };
    if (r->before_christ && r->year < 1)
        return false;
    if (r->day_of_year != -1) {
        if (!within(r->day_of_year, 1, 365 + is_leap(c->year)))
            return false;
        Civil found = civil_from_days(days_from_civil(c->year, 1, 1) + r->day_of_year - 1);
        if ((r->month != -1 && r->month != found.month) || (r->day != -1 && r->day != found.day))
            return false;
        *c = found;
        return true;
    }
    c->month = c->month == -1 ? 1 : c->month;
    c->day = c->day == -1 ? 1 : c->day;
    if (!within(c->month, 1, 12) || !civil_valid_date(c->year, c->month, c->day))
        return false;
    return r->weekday == -1 || day_of(c).weekday == r->weekday;
}

static bool time_of(Parsed *r, Civil *c)
{
    int hour = r->hour;
    if (r->hour12 != -1 && !within(r->hour12, 0, 11))
        return false;
    if (hour == -1)
        hour = r->hour12 == -1 ? (r->half == 1 ? 12 : 0) : r->hour12 + (r->half == 1 ? 12 : 0);
    else if ((r->half != -1 && r->half != hour / 12) || (r->hour12 != -1 && r->hour12 != hour % 12))
        return false;
    c->hour = hour;
    c->minute = r->minute == -1 ? 0 : r->minute;
    c->second = r->second == -1 ? 0 : r->second;
    c->micros = r->millis == -1 ? 0 : r->millis;
    return within(c->hour, 0, 23) && within(c->minute, 0, 59) && within(c->second, 0, 59) && within(c->micros, 0, 999);
}

bool legacy_pattern_parse(const LegacyPattern *p, View v, const Zone *zone, int64_t *ret_us)
{
    Parsed r = { .year = 1970, .month = -1, .day = -1, .day_of_year = -1, .weekday = -1, .hour = -1, .hour12 = -1, .half = -1, .minute = -1,
                 .second = -1, .millis = -1 };
    Civil c;
    size_t at = 0;
    for (size_t i = 0; i < p->len; i++)
        if (!take_piece(p, i, v, &at, &r))
            return false;
    if (!date_of(&r, &c) || !time_of(&r, &c))
        return false;
    int64_t local = days_from_civil(c.year, c.month, c.day) * MICROS_PER_DAY + ((int64_t)(c.hour * 60 + c.minute) * 60 + c.second) * MICROS_PER_SECOND +
                    (int64_t)c.micros * 1000;
    *ret_us = zone_utc_us(r.zone ? r.zone : zone, local);
    return true;
}
