/* warehouse/kernel_time.c -- Redshift's dates and times in the engine: TO_CHAR, TO_DATE, TO_TIMESTAMP by format, dates as people
 * write them, months. Source: "Datetime format strings", "ADD_MONTHS", "MONTHS_BETWEEN", "NEXT_DAY". */
#include "warehouse/kernels.h"

#include <ctype.h>
#include <stdio.h>

static const int64_t DAY_US = INT64_C(86400000000);
static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

typedef struct Civil {
    int64_t year, day_number; /* days since 1970 */
    int month, day, hour, minute, second, micro;
} Civil;

static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int64_t y, int m)
{
    static const int n[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return n[m - 1] + (m == 2 && leap(y));
}

static Civil civil_of(int64_t us)
{
    int64_t day = us >= 0 ? us / DAY_US : -((-us + DAY_US - 1) / DAY_US), rest = us - day * DAY_US;
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    Civil c = { .day_number = day, .day = (int)(doy - (153 * mp + 2) / 5 + 1), .month = (int)(mp < 10 ? mp + 3 : mp - 9) };
    c.year = yoe + era * 400 + (c.month <= 2);
    c.hour = (int)(rest / 3600000000);
    c.minute = (int)(rest / 60000000 % 60);
    c.second = (int)(rest / 1000000 % 60);
    c.micro = (int)(rest % 1000000);
    return c;
}

static int weekday(int64_t day) /* 0: Sunday */
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

static int day_of_year(const Civil *c)
{
    return (int)(c->day_number - days_of(c->year, 1, 1)) + 1;
}

static void iso_week(const Civil *c, int64_t *ret_year, int *ret_week)
{
    int iso_day = (weekday(c->day_number) + 6) % 7;
    Civil thursday = civil_of((c->day_number - iso_day + 3) * DAY_US);
    *ret_year = thursday.year;
    *ret_week = (day_of_year(&thursday) - 1) / 7 + 1;
}

/* --- TO_CHAR --- */

typedef void (*Put)(Str *out, const Civil *c, bool fill);

static void put_name(Str *out, const char *name, size_t length, const char *how, size_t pad)
{
    bool upper = isupper((unsigned char)how[0]) && isupper((unsigned char)how[1]), lower = islower((unsigned char)how[0]);
    size_t n = strlen(name);
    for (size_t i = 0; i < n && i < length; i++)
        str_addc(out, (char)(upper ? toupper((unsigned char)name[i]) : lower ? tolower((unsigned char)name[i]) : name[i]));
    for (size_t i = n; i < pad; i++)
        str_addc(out, ' ');
}

static void put_number(Str *out, int64_t value, int width, bool fill)
{
    str_addf(out, "%0*lld", fill ? width : 1, (long long)value);
}

/* One pattern at `f`: writes it and returns its length, 0 when there is none. */
static size_t put_pattern(Str *out, const char *f, const Civil *c, bool fill)
{
    int64_t iso_year = 0;
    int week = 0, hour12 = c->hour % 12 ? c->hour % 12 : 12;
    iso_week(c, &iso_year, &week);
    if (!strncasecmp(f, "MONTH", 5))
        return put_name(out, months[c->month - 1], 9, f, fill ? 9 : 0), 5;
    if (!strncasecmp(f, "MON", 3))
        return put_name(out, months[c->month - 1], 3, f, 0), 3;
    if (!strncasecmp(f, "DAY", 3))
        return put_name(out, days[weekday(c->day_number)], 9, f, fill ? 9 : 0), 3;
    if (!strncasecmp(f, "A.M.", 4) || !strncasecmp(f, "P.M.", 4))
        return str_add(out, isupper((unsigned char)*f) ? (c->hour < 12 ? "A.M." : "P.M.") : (c->hour < 12 ? "a.m." : "p.m.")), 4;
    if (!strncasecmp(f, "AM", 2) || !strncasecmp(f, "PM", 2))
        return str_add(out, isupper((unsigned char)*f) ? (c->hour < 12 ? "AM" : "PM") : (c->hour < 12 ? "am" : "pm")), 2;
    if (!strncasecmp(f, "TZ", 2))
        return str_add(out, "UTC"), 2;
    const struct {
        const char *name;
        int64_t value;
        int width;
    } numbers[] = { { "HH24", c->hour, 2 }, { "HH12", hour12, 2 }, { "HH", hour12, 2 }, { "MI", c->minute, 2 }, { "SSSS", c->hour * 3600 + c->minute * 60 + c->second, 1 },
                    { "SS", c->second, 2 }, { "MS", c->micro / 1000, 3 }, { "US", c->micro, 6 }, { "IYYY", iso_year, 4 }, { "YYYY", c->year, 4 },
                    { "YYY", c->year % 1000, 3 }, { "YY", c->year % 100, 2 }, { "IY", iso_year % 100, 2 }, { "IW", week, 2 }, { "WW", (day_of_year(c) - 1) / 7 + 1, 2 },
                    { "MM", c->month, 2 }, { "DDD", day_of_year(c), 3 }, { "DD", c->day, 2 }, { "CC", (c->year + 99) / 100, 2 },
                    { "D", weekday(c->day_number) + 1, 1 }, { "Y", c->year % 10, 1 }, { "W", (c->day - 1) / 7 + 1, 1 }, { "Q", (c->month - 1) / 3 + 1, 1 },
                    { "J", c->day_number + 2440588, 1 } };
    if (!strncasecmp(f, "DY", 2))
        return put_name(out, days[weekday(c->day_number)], 3, f, 0), 2;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t n = strlen(numbers[i].name);
        if (!strncasecmp(f, numbers[i].name, n))
            return put_number(out, numbers[i].value, numbers[i].width, fill), n;
    }
    return 0;
}

static void to_char_time(K *k)
{
    Civil c = civil_of(k_i64(k, 0));
    const char *f = k_text(k, k_str(k, 1));
    bool fill = true;
    str_auto out = STR_INIT(65536);
    while (*f) {
        if (!strncasecmp(f, "FM", 2)) {
            fill = false;
            f += 2;
            continue;
        }
        if (*f == '"') {
            for (f++; *f && *f != '"'; f++)
                str_addc(&out, *f);
            f += *f == '"';
            continue;
        }
        size_t n = put_pattern(&out, f, &c, fill);
        if (n) {
            f += n;
            if (!strncasecmp(f, "TH", 2)) { /* ordinal: not done, said by name */
                rs_fail(k, "TO_CHAR with the suffix TH is not supported");
                return;
            }
        } else {
            str_addc(&out, *f++);
        }
    }
    k_set_str(k, str_text(&out), out.len);
}

/* --- TO_DATE, TO_TIMESTAMP --- */

static bool digits(const char **s, int most, int64_t *ret_value)
{
    int n = 0;
    int64_t value = 0;
    for (; n < most && isdigit((unsigned char)**s); n++, (*s)++)
        value = value * 10 + (**s - '0');
    *ret_value = value;
    return n > 0;
}

static bool month_name(const char **s, int64_t *ret_month, bool whole)
{
    for (int i = 0; i < 12; i++) {
        size_t n = strlen(months[i]);
        if (whole && !strncasecmp(*s, months[i], n)) {
            *s += n;
            *ret_month = i + 1;
            return true;
        }
        if (!strncasecmp(*s, months[i], 3)) {
            *s += !strncasecmp(*s, months[i], n) ? n : 3;
            *ret_month = i + 1;
            return true;
        }
    }
    return false;
}

typedef struct Parsed {
    int64_t year, month, day, hour, minute, second, micro, doy;
    bool pm, am;
} Parsed;

/* One pattern of the format; its length, 0: a character, -1: the text does not fit. */
static int read_pattern(const char *f, const char **s, Parsed *d)
{
    int64_t year = 0;
    const struct {
        const char *name;
        int most;
        int64_t *to;
    } numbers[] = { { "HH24", 2, &d->hour }, { "HH12", 2, &d->hour }, { "HH", 2, &d->hour }, { "MI", 2, &d->minute }, { "SS", 2, &d->second },
                    { "YYYY", 4, &d->year }, { "MM", 2, &d->month }, { "DDD", 3, &d->doy }, { "DD", 2, &d->day } };
    if (!strncasecmp(f, "MONTH", 5))
        return month_name(s, &d->month, true) ? 5 : -1;
    if (!strncasecmp(f, "MON", 3))
        return month_name(s, &d->month, false) ? 3 : -1;
    if (!strncasecmp(f, "AM", 2) || !strncasecmp(f, "PM", 2)) {
        d->pm = !strncasecmp(*s, "PM", 2);
        d->am = !strncasecmp(*s, "AM", 2);
        *s += d->pm || d->am ? 2 : 0;
        return d->pm || d->am ? 2 : -1;
    }
    if (!strncasecmp(f, "MS", 2) || !strncasecmp(f, "US", 2)) {
        const char *start = *s;
        if (!digits(s, 6, &d->micro))
            return -1;
        for (int64_t n = *s - start; n < 6; n++)
            d->micro *= 10;
        return 2;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t n = strlen(numbers[i].name);
        if (!strncasecmp(f, numbers[i].name, n))
            return digits(s, numbers[i].most, numbers[i].to) ? (int)n : -1;
    }
    if (!strncasecmp(f, "YY", 2)) {
        if (!digits(s, 2, &year))
            return -1;
        d->year = year < 70 ? 2000 + year : 1900 + year;
        return 2;
    }
    return isalpha((unsigned char)*f) ? -2 : 0;
}

static bool to_micros(const Parsed *p, int64_t *ret_us)
{
    Parsed d = *p;
    if (d.pm && d.hour < 12)
        d.hour += 12;
    if (d.am && d.hour == 12)
        d.hour = 0;
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > month_days(d.year, (int)d.month) || d.hour > 23 || d.minute > 59 || d.second > 59)
        return false;
    int64_t day = days_of(d.year, (int)d.month, (int)d.day);
    if (d.doy)
        day = days_of(d.year, 1, 1) + d.doy - 1;
    *ret_us = day * DAY_US + ((d.hour * 60 + d.minute) * 60 + d.second) * INT64_C(1000000) + d.micro;
    return true;
}

bool rs_parse_time(const char *text, const char *format, int64_t *ret_us, const char **ret_why)
{
    Parsed d = { .year = 1, .month = 1, .day = 1 };
    const char *s = text, *f = format;
    *ret_why = "the text does not match the format";
    while (*f) {
        while (isspace((unsigned char)*s) && !isspace((unsigned char)*f))
            s++;
        int n = read_pattern(f, &s, &d);
        if (n == -2)
            *ret_why = "the format has a pattern that is not supported";
        if (n < 0)
            return false;
        if (n == 0) {
            s += *s && !isalnum((unsigned char)*s);
            n = 1;
        }
        f += n;
    }
    *ret_why = "date/time field value out of range";
    return to_micros(&d, ret_us);
}

static void to_timestamp(K *k)
{
    int64_t us = 0;
    const char *why = NULL, *text = k_text(k, k_str(k, 0)), *format = k_text(k, k_str(k, 1));
    if (rs_parse_time(text, format, &us, &why))
        k_set_i64(k, us);
    else
        rs_fail(k, "%s: \"%s\" by \"%s\"", why, text, format);
}

static void to_date(K *k)
{
    int64_t us = 0;
    const char *why = NULL, *text = k_text(k, k_str(k, 0)), *format = k_text(k, k_str(k, 1));
    if (rs_parse_time(text, format, &us, &why))
        k_set_i32(k, (int32_t)civil_of(us).day_number);
    else
        rs_fail(k, "%s: \"%s\" by \"%s\"", why, text, format);
}

/* What a date literal may look like: ISO, YYYYMMDD, MM/DD/YYYY, and with months by name. "Date, time and timestamp literals". */
bool rs_parse_any(const char *text, int64_t *ret_us)
{
    static const char *const formats[] = { "YYYY-MM-DD HH24:MI:SS.US", "YYYY-MM-DD HH24:MI:SS", "YYYY-MM-DDTHH24:MI:SS.US", "YYYY-MM-DDTHH24:MI:SS", "YYYY-MM-DD HH24:MI", "YYYY-MM-DD", "YYYYMMDD HH24:MI:SS.US", "YYYYMMDD HH24:MI:SS", "YYYYMMDD HH24MISS", "YYYYMMDD",
                                           "MM/DD/YYYY HH24:MI:SS.US", "MM/DD/YYYY HH24:MI:SS", "MM/DD/YYYY HH24:MI", "MM/DD/YYYY", "MM-DD-YYYY", "MM.DD.YYYY", "MON-DD-YYYY",
                                           "DD-MON-YYYY", "YYYY-MON-DD", "DD-MON-YY", "MONTH DD, YYYY" };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        Parsed d = { .year = 1, .month = 1, .day = 1 };
        const char *s = text, *f = formats[i];
        bool good = true;
        while (good && *f) {
            int n = *f == 'T' && f[1] == 'H' ? -2 : read_pattern(f, &s, &d);
            if (n == 0 || (n == -2 && *f == 'T')) {
                good = *s == *f;
                s++;
                f++;
            } else {
                good = n > 0;
                f += n > 0 ? n : 0;
            }
        }
        if (good && !*s && to_micros(&d, ret_us))
            return true;
    }
    return false;
}

static void date_text(K *k)
{
    int64_t us = 0;
    const char *text = k_text(k, k_str(k, 0));
    if (rs_parse_any(text, &us))
        k_set_i32(k, (int32_t)civil_of(us).day_number);
    else
        rs_fail(k, "invalid input syntax for type date: \"%s\"", text);
}

static void timestamp_text(K *k)
{
    int64_t us = 0;
    const char *text = k_text(k, k_str(k, 0));
    if (rs_parse_any(text, &us))
        k_set_i64(k, us);
    else
        rs_fail(k, "invalid input syntax for type timestamp: \"%s\"", text);
}

static void date_date(K *k)
{
    k_set_i32(k, k_i32(k, 0));
}

static void date_time(K *k)
{
    k_set_i32(k, (int32_t)civil_of(k_i64(k, 0)).day_number);
}

/* --- months --- */

static void add_months(K *k)
{
    Civil c = civil_of(k_i64(k, 0));
    int64_t month = c.year * 12 + c.month - 1 + k_i64(k, 1), year = month >= 0 ? month / 12 : -((-month + 11) / 12);
    int m = (int)(month - year * 12) + 1, last = month_days(year, m);
    bool end = c.day == month_days(c.year, c.month);
    int64_t day = days_of(year, m, end || c.day > last ? last : c.day);
    k_set_i64(k, day * DAY_US + (k_i64(k, 0) - c.day_number * DAY_US));
}

/* Whole months when the days are the same or both are the month's last; else a part of a month of 31 days. */
static void months_between(K *k)
{
    Civil a = civil_of(k_i64(k, 0)), b = civil_of(k_i64(k, 1));
    double whole = (double)((a.year - b.year) * 12 + a.month - b.month);
    bool ends = a.day == month_days(a.year, a.month) && b.day == month_days(b.year, b.month);
    double rest = a.day == b.day || ends ? 0 : (double)(a.day - b.day) / 31.0;
    k_set_f64(k, whole + rest);
}

static void next_day(K *k)
{
    Civil c = civil_of(k_i64(k, 0));
    View name = k_str(k, 1);
    for (int i = 0; i < 7; i++) {
        if (name.len < 2 || strncasecmp(days[i], name.data, name.len > 2 ? 3 : 2) != 0)
            continue;
        int ahead = (i - weekday(c.day_number) + 7) % 7;
        k_set_i32(k, (int32_t)(c.day_number + (ahead ? ahead : 7)));
        return;
    }
    rs_fail(k, "%.*s is not the name of a day", VIEW_ARGS(name));
}

const Kernel kernels_rs_time[] = {
    { "rs_to_char_time", "TS:S", to_char_time, 0 }, { "rs_to_timestamp", "SS:T", to_timestamp, 0 }, { "rs_to_date", "SS:D", to_date, 0 },
    { "rs_timestamp", "S:T", timestamp_text, 0 },
    { "rs_date", "S:D", date_text, 0 }, { "rs_date", "D:D", date_date, 0 }, { "rs_date", "T:D", date_time, 0 }, { "rs_add_months", "Tl:T", add_months, 0 }, { "rs_months_between", "TT:d", months_between, 0 },
    { "rs_next_day", "TS:D", next_day, 0 }, { NULL, NULL, NULL, 0 },
};
