/* back/duckdb/pattern.c -- formats and parses by a compiled list of letters and literals. */
#include "back/duckdb/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Piece {
    char letter; /* 0: literal text, '[' and ']': bounds of an optional part */
    int count;
    char *text;
    size_t length;
} Piece;
struct Pattern {
    Piece *at;
    size_t len;
};

static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
                                      "July",    "August",   "September", "October", "November", "December" };
static const char *const days[] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };

/* ---------------------------------------------------------------- compiling */
static Piece *push(Pattern *p, char letter, int count)
{
    Piece *grown = realloc(p->at, (p->len + 1) * sizeof *grown);
    if (!grown)
        abort();
    p->at = grown;
    p->at[p->len] = (Piece){ .letter = letter, .count = count };
    return &p->at[p->len++];
}

static void push_text(Pattern *p, const char *text, size_t length)
{
    Piece *piece = push(p, 0, 0);
    piece->text = malloc(length + 1); /* not strndup: the text need not end in NUL */
    if (!piece->text)
        abort();
    memcpy(piece->text, text, length);
    piece->text[length] = 0;
    piece->length = length;
}

/* Without an era, y is u, as Spark rewrites it: year 0 is no year 1. */
static void proleptic_years(Pattern *p)
{
    bool era = false;
    for (size_t i = 0; i < p->len; i++)
        era = era || p->at[i].letter == 'G';
    for (size_t i = 0; i < p->len && !era; i++)
        p->at[i].letter = p->at[i].letter == 'y' ? 'u' : p->at[i].letter;
}

Pattern *pattern_new(View v, char *ret_bad)
{
    Pattern *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    bool quoted = false;
    for (size_t i = 0; i < v.len; i++) {
        quoted = quoted != (v.data[i] == '\'');
        if (quoted || !v.data[i] || !strchr(WEEK_LETTERS, v.data[i]))
            continue;
        *ret_bad = v.data[i];
        pattern_free(p);
        return NULL;
    }
    for (size_t i = 0; i < v.len;) {
        char c = v.data[i];
        if (c == '\'') {
            size_t end = i + 1;
            if (end < v.len && v.data[end] == '\'') {
                push_text(p, "'", 1);
                i += 2;
                continue;
            }
            str_auto text = STR_INIT(v.len + 16);
            for (; end < v.len && (v.data[end] != '\'' || (end + 1 < v.len && v.data[end + 1] == '\'')); end++) {
                end += v.data[end] == '\'';
                str_addc(&text, v.data[end]);
            }
            push_text(p, str_text(&text), text.len);
            i = end + 1;
        } else if (c == '[' || c == ']') {
            push(p, c, 1);
            i++;
        } else if (isalpha((unsigned char)c)) {
            size_t end = i;
            while (end < v.len && v.data[end] == c)
                end++;
            if (!strchr("yuMLdDEaGhHKkmsSVzOXxZQqF", c)) {
                *ret_bad = c;
                pattern_free(p);
                return NULL;
            }
            push(p, c, (int)(end - i));
            i = end;
        } else if (strchr("{}#", c)) { /* reserved */
            *ret_bad = c;
            pattern_free(p);
            return NULL;
        } else {
            push_text(p, &c, 1);
            i++;
        }
    }
    proleptic_years(p);
    return p;
}

void pattern_free(void *pattern)
{
    Pattern *p = pattern;
    for (size_t i = 0; i < p->len; i++)
        free(p->at[i].text);
    free(p->at);
    free(p);
}

/* ---------------------------------------------------------------- formatting */
static int weekday(int64_t local_us)
{
    return (int)floor_mod(floor_div(local_us, MICROS_PER_DAY) + 3, 7); /* 0: Monday */
}

static void put_name(const char *name, int count, Str *out)
{
    if (count >= 5)
        str_addn(out, name, 1);
    else if (count == 4)
        str_add(out, name);
    else
        str_addn(out, name, 3);
}

static void put_offset(char letter, int count, int32_t offset, Str *out)
{
    int a = abs(offset), h = a / 3600, m = a / 60 % 60, s = a % 60;
    char sign = offset < 0 ? '-' : '+';
    if (letter == 'X' && !offset) {
        str_addc(out, 'Z');
    } else if (letter == 'O') {
        str_add(out, "GMT");
        if (offset && count == 1) {
            str_addf(out, "%c%d", sign, h);
            if (m)
                str_addf(out, ":%02d", m);
        } else if (offset) {
            str_addf(out, "%c%02d:%02d", sign, h, m);
            if (s)
                str_addf(out, ":%02d", s);
        }
    } else if (letter == 'Z' && count == 4) {
        put_offset('O', 4, offset, out);
    } else if (letter == 'Z' && count == 5) {
        put_offset('X', 3, offset, out);
    } else if (letter == 'Z') {
        str_addf(out, "%c%02d%02d", sign, h, m);
    } else if (count == 1) {
        str_addf(out, "%c%02d", sign, h);
        if (m)
            str_addf(out, "%02d", m);
    } else {
        str_addf(out, count % 2 ? "%c%02d:%02d" : "%c%02d%02d", sign, h, m);
        if (count > 3 && s)
            str_addf(out, count % 2 ? ":%02d" : "%02d", s);
    }
}

static void put_year(int64_t year, int count, char letter, Str *out)
{
    long long y = letter == 'y' && year <= 0 ? 1 - year : year;
    if (count == 2)
        str_addf(out, "%02lld", (long long)floor_mod(y, 100));
    else if (y < 0)
        str_addf(out, "-%0*lld", count, -y);
    else
        str_addf(out, "%s%0*lld", count >= 4 && y > 9999 ? "+" : "", count, y);
}

static void put_number(int64_t n, int count, Str *out)
{
    str_addf(out, "%0*lld", count, (long long)n);
}

static void put_piece(const Piece *q, const Civil *c, int64_t utc_us, int64_t local_us, const Zone *zone, Str *out)
{
    char name[128];
    int day_of_year = (int)(floor_div(local_us, MICROS_PER_DAY) - days_from_civil(c->year, 1, 1)) + 1;
    int32_t offset = zone_offset_s(zone, floor_div(utc_us, MICROS_PER_SECOND));
    switch (q->letter) {
    case 0: str_addn(out, q->text, q->length); break;
    case 'G': str_add(out, q->count == 4 ? (c->year > 0 ? "Anno Domini" : "Before Christ") : c->year > 0 ? "AD" : "BC"); break;
    case 'y': case 'u': put_year(c->year, q->count, q->letter, out); break;
    case 'M': case 'L':
        if (q->count > 2)
            put_name(months[c->month - 1], q->count, out);
        else
            put_number(c->month, q->count, out);
        break;
    case 'd': put_number(c->day, q->count, out); break;
    case 'D': put_number(day_of_year, q->count, out); break;
    case 'E': put_name(days[weekday(local_us)], q->count, out); break;
    case 'F': put_number((c->day - 1) / 7 + 1, q->count, out); break;
    case 'Q': case 'q':
        if (q->count == 3)
            str_addf(out, "Q%d", (c->month - 1) / 3 + 1);
        else if (q->count == 4)
            str_addf(out, "%d%s quarter", (c->month - 1) / 3 + 1, &"st\0nd\0rd\0th"[(c->month - 1) / 3 * 3]);
        else
            put_number((c->month - 1) / 3 + 1, q->count, out);
        break;
    case 'a': str_add(out, c->hour < 12 ? "AM" : "PM"); break;
    case 'h': put_number(c->hour % 12 ? c->hour % 12 : 12, q->count, out); break;
    case 'H': put_number(c->hour, q->count, out); break;
    case 'K': put_number(c->hour % 12, q->count, out); break;
    case 'k': put_number(c->hour ? c->hour : 24, q->count, out); break;
    case 'm': put_number(c->minute, q->count, out); break;
    case 's': put_number(c->second, q->count, out); break;
    case 'S': {
        char digits[16];
        snprintf(digits, sizeof digits, "%06d000", c->micros);
        str_addn(out, digits, q->count < 9 ? (size_t)q->count : 9);
        break;
    }
    case 'V': str_add(out, zone_name(zone)); break;
    case 'z':
        zone_display(zone, utc_us, q->count >= 4, name, sizeof name);
        str_add(out, name);
        break;
    case 'X': case 'x': case 'Z': case 'O': put_offset(q->letter, q->count, offset, out); break;
    default: break; /* brackets */
    }
}

void pattern_format(const Pattern *p, int64_t utc_us, const Zone *zone, Str *out)
{
    int64_t local_us = zone_local_us(zone, utc_us);
    Civil c = civil_from_us(local_us);
    for (size_t i = 0; i < p->len; i++)
        put_piece(&p->at[i], &c, utc_us, local_us, zone, out);
}

/* ---------------------------------------------------------------- parsing */
typedef struct Parsed {
    int64_t year;
    int month, day, hour, minute, second, micros, day_of_year;
    bool has_month, has_day, has_day_of_year, has_fraction; /* given in the text: what comes twice must agree */
    bool pm, has_ampm, twelve, has_year, before_christ;
    const Zone *zone;
} Parsed;

static bool take_number(View v, size_t *at, int min, int max, int64_t *ret)
{
    int n = 0;
    for (*ret = 0; n < max && *at < v.len && isdigit((unsigned char)v.data[*at]); n++)
        *ret = *ret * 10 + (v.data[(*at)++] - '0');
    return n >= min;
}

static bool take_name(View v, size_t *at, const char *const *names, int count, size_t length, int *ret)
{
    for (int i = 0; i < count; i++) {
        size_t n = length ? length : strlen(names[i]);
        if (v.len - *at >= n && !strncasecmp(v.data + *at, names[i], n)) {
            *at += n;
            *ret = i + 1;
            return true;
        }
    }
    return false;
}

/* Digits of the letters right behind this one belong to them: "yyyyMMdd". */
static int widest(const Pattern *p, size_t i, int count)
{
    bool next = i + 1 < p->len && p->at[i + 1].letter && strchr("yuMLdDhHKkmsSQq", p->at[i + 1].letter) && p->at[i + 1].count <= 2;
    return next || count > 1 ? count : 19;
}

static bool take_piece(const Pattern *p, size_t i, View v, size_t *at, Parsed *r)
{
    const Piece *q = &p->at[i];
    int64_t n = 0;
    int name = 0;
    bool text = strchr("MLE", q->letter) && q->letter && q->count > (q->letter == 'E' ? 0 : 2);
    if (!q->letter) {
        if (v.len - *at < q->length || memcmp(v.data + *at, q->text, q->length) != 0)
            return false;
        *at += q->length;
        return true;
    }
    if (text) {
        bool day = q->letter == 'E';
        if (!take_name(v, at, day ? days : months, day ? 7 : 12, q->count == 3 || (day && q->count < 4) ? 3 : 0, &name))
            return false;
        r->month = day ? r->month : name;
        r->has_month = r->has_month || !day;
        return true;
    }
    if (strchr("VzOXxZ", q->letter))
        return zone_take(v, at, &r->zone);
    if (q->letter == 'a') {
        static const char *const halves[] = { "AM", "PM" };
        r->has_ampm = take_name(v, at, halves, 2, 2, &name);
        r->pm = name == 2;
        return r->has_ampm;
    }
    if (q->letter == 'G') {
        static const char *const eras[] = { "BC", "AD" };
        bool good = take_name(v, at, eras, 2, 2, &name);
        r->before_christ = name == 1;
        return good;
    }
    if (q->letter == 'S') {
        size_t from = *at;
        if (!take_number(v, at, 1, q->count < 9 ? q->count : 9, &n)) /* appendFraction(NANO_OF_SECOND, 1, count) */
            return false;
        for (size_t digits = *at - from; digits != 6; digits += digits < 6 ? 1 : (size_t)-1)
            n = digits < 6 ? n * 10 : n / 10;
        if (r->has_fraction && r->micros != n)
            return false;
        r->has_fraction = true;
        r->micros = (int)n;
        return true;
    }
    bool negative = strchr("yu", q->letter) && q->count != 2 && *at < v.len && (v.data[*at] == '-' || (v.data[*at] == '+' && q->count >= 4));
    bool minus = negative && v.data[*at] == '-';
    *at += negative;
    bool year = q->letter == 'y' || q->letter == 'u';
    int most = year && q->count == 4 && widest(p, i, 1) == 19 ? 19 : widest(p, i, q->count);
    if (!take_number(v, at, q->count > 1 ? q->count : 1, most > 10 ? 10 : most, &n))
        return false;
    if (year && q->count == 4 && n > 9999 && !negative)
        return false;
    switch (q->letter) {
    case 'y': case 'u':
        r->year = minus ? -n : q->count == 2 ? 2000 + n : n;
        r->has_year = true;
        break;
    case 'M': case 'L':
        r->month = (int)n;
        r->has_month = true;
        break;
    case 'd':
        r->day = (int)n;
        r->has_day = true;
        break;
    case 'D':
        r->day_of_year = (int)n;
        r->has_day_of_year = true;
        break;
    case 'H': r->hour = (int)n; break;
    case 'k': r->hour = n == 24 ? 0 : (int)n; break;
    case 'h': case 'K':
        r->hour = (int)n % 12;
        r->twelve = true;
        break;
    case 'm': r->minute = (int)n; break;
    case 's': r->second = (int)n; break;
    case 'Q': case 'q': r->month = (int)(n - 1) * 3 + 1; break;
    default: return false;
    }
    return true;
}

static bool parse_range(const Pattern *p, size_t from, size_t to, View v, size_t *at, Parsed *r)
{
    for (size_t i = from; i < to; i++) {
        if (p->at[i].letter == '[') {
            size_t end = i + 1;
            for (int depth = 1; end < to && depth; end++)
                depth += p->at[end].letter == '[' ? 1 : p->at[end].letter == ']' ? -1 : 0;
            Parsed saved = *r;
            size_t back = *at;
            if (!parse_range(p, i + 1, end - 1, v, at, r)) {
                *r = saved;
                *at = back;
            }
            i = end - 1;
        } else if (p->at[i].letter != ']' && !take_piece(p, i, v, at, r)) {
            return false;
        }
    }
    return true;
}

bool pattern_parse(const Pattern *p, View v, const Zone *zone, int64_t *ret_us)
{
    Parsed r = { .year = 1970, .month = 1, .day = 1 };
    size_t at = 0;
    if (!parse_range(p, 0, p->len, v, &at, &r) || at != v.len)
        return false;
    if (r.twelve && r.pm)
        r.hour += 12;
    if (r.before_christ)
        r.year = 1 - r.year;
    if (r.has_day_of_year) {
        if (r.day_of_year < 1 || r.day_of_year > 365 + is_leap(r.year))
            return false;
        Civil c = civil_from_days(days_from_civil(r.year, 1, 1) + r.day_of_year - 1);
        if ((r.has_month && r.month != c.month) || (r.has_day && r.day != c.day))
            return false;
        r.month = c.month;
        r.day = c.day;
    }
    if (!civil_valid_date(r.year, r.month, r.day) || r.hour > 23 || r.minute > 59 || r.second > 59)
        return false;
    int64_t local = days_from_civil(r.year, r.month, r.day) * MICROS_PER_DAY +
                    ((int64_t)(r.hour * 60 + r.minute) * 60 + r.second) * MICROS_PER_SECOND + r.micros;
    *ret_us = zone ? zone_utc_us(r.zone ? r.zone : zone, local) : local;
    return true;
}
