/* svc/schedule.c -- see schedule.h. Each field of a cron expression becomes a set of numbers; what depends on the month is beside it. */
#include "svc/schedule.h"

#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { FIELDS = 6, FIELD_MAX = 230, YEAR_FIRST = 1970, YEAR_LAST = 2199, RATE_MAX = 1000000, DAY_S = 86400 };
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR };

typedef struct Cron {
    bool on[FIELDS][FIELD_MAX];
    bool any[FIELDS];          /* written as ? */
    bool last_day, last_workday;
    bool near[31];             /* nW */
    bool last_weekday[7];      /* nL */
    bool nth_weekday[7][5];    /* n#k */
} Cron;

static const struct {
    int first, last;
    const char *names; /* three letters each, from `first` */
} bounds[FIELDS] = { { 0, 59, "" }, { 0, 23, "" }, { 1, 31, "" }, { 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC" },
                     { 1, 7, "SUNMONTUEWEDTHUFRISAT" }, { YEAR_FIRST, YEAR_LAST, "" } };

/* ---------------------------------------------------------------- reading */
static bool read_number(const char **at, int field, int *ret)
{
    const char *names = bounds[field].names;
    if (isdigit((unsigned char)**at)) {
        char *end = NULL;
        long n = strtol(*at, &end, 10);
        *at = end;
        *ret = (int)n;
        return n >= bounds[field].first && n <= bounds[field].last;
    }
    for (int i = 0; names[(size_t)i * 3]; i++) {
        if (strncasecmp(*at, names + (size_t)i * 3, 3) == 0) {
            *at += 3;
            *ret = bounds[field].first + i;
            return true;
        }
    }
    return false;
}

/* L, LW, nW, nL, n#k. True when `at` was one of them, and has moved behind it. */
static bool read_special(const char **at, int field, Cron *c)
{
    const char *p = *at;
    int n = 0;
    if (field != DAY && field != WEEKDAY)
        return false;
    if (*p == 'L') {
        bool workday = field == DAY && p[1] == 'W';
        *at += workday ? 2 : 1;
        if (field == WEEKDAY)
            c->on[WEEKDAY][6] = true; /* Saturday ends the week */
        else if (workday)
            c->last_workday = true;
        else
            c->last_day = true;
        return true;
    }
    if (!read_number(&p, field, &n))
        return false;
    if (field == DAY && *p == 'W')
        c->near[n - 1] = true;
    else if (field == WEEKDAY && *p == 'L')
        c->last_weekday[n - 1] = true;
    else if (field == WEEKDAY && *p == '#' && p[1] >= '1' && p[1] <= '5')
        c->nth_weekday[n - 1][*++p - '1'] = true;
    else
        return false;
    *at = p + 1;
    return true;
}

/* One item of a list: "*", "?", "3", "1-5", "0/15", "MON-FRI". */
static bool read_item(const char **at, int field, Cron *c)
{
    int from = bounds[field].first, to = bounds[field].last, step = 1;
    if (**at == '?' && (field == DAY || field == WEEKDAY))
        c->any[field] = true;
    else if (read_special(at, field, c))
        return true;
    if (**at == '*' || c->any[field]) {
        ++*at;
    } else {
        if (!read_number(at, field, &from))
            return false;
        to = from;
        if (**at == '-') {
            ++*at;
            if (!read_number(at, field, &to) || to < from)
                return false;
        } else if (**at == '/') {
            to = bounds[field].last;
        }
    }
    if (**at == '/') {
        char *end = NULL;
        ++*at;
        long n = isdigit((unsigned char)**at) ? strtol(*at, &end, 10) : 0;
        if (n < 1 || n > FIELD_MAX)
            return false;
        *at = end;
        step = (int)n;
    }
    for (int i = from; i <= to; i += step)
        c->on[field][i - bounds[field].first] = true;
    return true;
}

static bool read_cron(const char *text, Cron *c)
{
    if (!text || !str_starts(text, "cron("))
        return false;
    const char *at = text + 5;
    for (int i = 0; i < FIELDS; i++) {
        at += strspn(at, " ");
        do {
            at += *at == ',';
            if (c->any[i] || !read_item(&at, i, c))
                return false;
        } while (*at == ',');
        if (*at != ' ' && *at != (i == FIELDS - 1 ? ')' : ' '))
            return false;
    }
    at += strspn(at, " ");
    return str_eq(at, ")") && c->any[DAY] != c->any[WEEKDAY];
}

/* Milliseconds between two times, 0 when it is no rate(). */
static int64_t read_rate(const char *text)
{
    static const struct {
        const char *one, *many;
        int64_t ms;
    } units[] = { { "minute", "minutes", 60000 }, { "hour", "hours", 3600000 }, { "day", "days", 86400000 } };
    if (!text || !str_starts(text, "rate(") || !isdigit((unsigned char)text[5]))
        return 0;
    char *end = NULL;
    long n = strtol(text + 5, &end, 10);
    if (n < 1 || n > RATE_MAX || *end != ' ')
        return 0;
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const char *unit = n == 1 ? units[i].one : units[i].many;
        if (str_starts(end, unit) && str_eq(end + strlen(unit), ")"))
            return n * units[i].ms;
    }
    return 0;
}

Status schedule_check(const char *text, Error *err)
{
    Cron c = { 0 };
    if (read_rate(text) || read_cron(text, &c))
        return ST_OK;
    return FAIL(err, ST_INVALID, "'%s' is neither rate(value unit) nor cron(minutes hours day-of-month month day-of-week year), one of whose days is ?",
                text ? text : "");
}

bool schedule_is_cron(const char *text)
{
    return text && str_starts(text, "cron(");
}

/* ---------------------------------------------------------------- days */
static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && leap);
}

/* The day of the month, from 1, of the weekday (Monday to Friday) nearest to `day` and in its month. `weekday`: of `day`, 0 is Sunday. */
static int nearest_workday(int day, int weekday, int days)
{
    if (weekday == 6)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 0)
        return day < days ? day + 1 : day - 2;
    return day;
}

static bool day_fits(const Cron *c, const struct tm *tm)
{
    int day = tm->tm_mday, weekday = tm->tm_wday, days = days_of(tm->tm_year + 1900, tm->tm_mon), year = tm->tm_year + 1900 - YEAR_FIRST;
    if (year < 0 || year >= FIELD_MAX || !c->on[YEAR][year] || !c->on[MONTH][tm->tm_mon])
        return false;
    if (!c->any[WEEKDAY])
        return c->on[WEEKDAY][weekday] || (c->last_weekday[weekday] && day + 7 > days) || c->nth_weekday[weekday][(day - 1) / 7];
    if (c->on[DAY][day - 1] || (c->last_day && day == days))
        return true;
    int last = (weekday + days - day) % 7; /* the weekday of the month's last day */
    if (c->last_workday && day == nearest_workday(days, last, days))
        return true;
    for (int n = 1; n <= days; n++) {
        int of_n = ((weekday + n - day) % 7 + 7) % 7;
        if (c->near[n - 1] && day == nearest_workday(n, of_n, days))
            return true;
    }
    return false;
}

bool schedule_is_due(const char *text, int64_t ms)
{
    Cron c = { 0 };
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    return read_cron(text, &c) && gmtime_r(&seconds, &tm) && c.on[MINUTE][tm.tm_min] && c.on[HOUR][tm.tm_hour] && day_fits(&c, &tm);
}

/* The first minute of the day that is on, from `minute` (of the day) on; -1: none. */
static int first_minute(const Cron *c, int minute)
{
    for (int m = minute; m < 24 * 60; m++) {
        if (c->on[HOUR][m / 60] && c->on[MINUTE][m % 60])
            return m;
    }
    return -1;
}

int64_t schedule_next_ms(const char *text, int64_t after_ms)
{
    Cron c = { 0 };
    int64_t rate_ms = read_rate(text);
    if (rate_ms)
        return after_ms + rate_ms;
    if (!read_cron(text, &c) || after_ms < 0)
        return -1;
    int64_t minute = after_ms / 60000 + 1, day = minute / (24 * 60);
    int of_day = (int)(minute % (24 * 60));
    for (;; day++, of_day = 0) {
        time_t seconds = (time_t)(day * DAY_S);
        struct tm tm;
        if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 > YEAR_LAST)
            return -1;
        int found = day_fits(&c, &tm) ? first_minute(&c, of_day) : -1;
        if (found >= 0)
            return (day * 24 * 60 + found) * 60000;
    }
}
