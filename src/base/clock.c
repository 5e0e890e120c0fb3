/* base/clock.c -- clocks and time texts. UTC everywhere, independent of the locale and TZ. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_us(void) { return now_us(CLOCK_REALTIME); }
int64_t clock_ms(void) { return clock_us() / 1000; }
int64_t clock_monotonic_ms(void) { return now_us(CLOCK_MONOTONIC) / 1000; }

static struct tm split(int64_t ms)
{
    time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    return t;
}

struct timespec clock_after(clockid_t clock, int64_t ms)
{
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

char *time_iso8601(Arena *a, int64_t ms)
{
    struct tm t = split(ms);
    int fraction = (int)(((ms % 1000) + 1000) % 1000);
    return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec, fraction);
}

char *time_iso8601_s(Arena *a, int64_t ms)
{
    struct tm t = split(ms);
    return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                        t.tm_sec);
}

char *time_basic(Arena *a, int64_t ms)
{
    struct tm t = split(ms);
    return arena_printf(a, "%04d%02d%02dT%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
                        t.tm_sec);
}

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

char *time_http(Arena *a, int64_t ms)
{
    struct tm t = split(ms);
    return arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[t.tm_wday], t.tm_mday, month_names[t.tm_mon],
                        t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Checks the ranges and joins the parts; months from 1. */
static bool join(int year, int month, int day, int hour, int minute, int second, int64_t *ret_ms)
{
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || hour < 0 || minute < 0 ||
        second < 0)
        return false;
    struct tm t = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute,
                    .tm_sec = second };
    *ret_ms = (int64_t)timegm(&t) * 1000;
    return true;
}

bool time_parse_iso8601(const char *text, int64_t *ret_ms)
{
    int y, mo, d, h, mi, s, used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6 || !used)
        return false;
    int64_t ms;
    if (!join(y, mo, d, h, mi, s, &ms))
        return false;
    const char *p = text + used;
    if (*p == '.') {
        int scale = 100;
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    int oh = 0, om = 0;
    if ((*p == '+' || *p == '-') && sscanf(p + 1, "%2d:%2d", &oh, &om) == 2 && strlen(p) == 6)
        ms -= (*p == '+' ? 1 : -1) * (oh * 60 + om) * 60000LL;
    else if (strcmp(p, "Z") && *p)
        return false;
    *ret_ms = ms;
    return true;
}

bool time_parse_basic(const char *text, int64_t *ret_ms)
{
    int y, mo, d, h, mi, s, used = 0;
    if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ%n", &y, &mo, &d, &h, &mi, &s, &used) != 6 || used != 16 || text[16])
        return false;
    return join(y, mo, d, h, mi, s, ret_ms);
}

bool time_parse_http(const char *text, int64_t *ret_ms)
{
    char month[4] = "";
    int y, d, h, mi, s;
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &d, month, &y, &h, &mi, &s) != 6)
        return false;
    for (int i = 0; i < 12; i++)
        if (!strcmp(month, month_names[i]))
            return join(y, i + 1, d, h, mi, s, ret_ms);
    return false;
}
