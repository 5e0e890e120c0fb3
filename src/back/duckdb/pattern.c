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

Pattern *pattern_new(View v, PatternUse use, PatternFault *ret_fault)
{
    if (!pattern_check(v, use, ret_fault))
        return NULL;
    Pattern *p = calloc(1, sizeof *p);
    if (!p)
        abort();
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
            push(p, c, (int)(end - i));
            i = end;
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
static int weekday(int64_t day)
{
    return (int)floor_mod(day + 3, 7); /* 0: Monday */
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
            if (m || s)
                str_addf(out, ":%02d", m);
            if (s)
                str_addf(out, ":%02d", s);
        } else if (offset) {
            str_addf(out, "%c%02d:%02d", sign, h, m);
            if (s)
                str_addf(out, ":%02d", s);
        }
    } else if (letter == 'Z' && count == 4) {
        put_offset('O', 4, offset, out);
    } else if (letter == 'Z' && count == 5) {
        put_offset('X', 5, offset, out);
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

enum { MODIFIED_JULIAN_1970 = 40587 };

static void put_piece(const Piece *q, const Civil *c, int64_t utc_us, int64_t day, const Zone *zone, Str *out)
{
    char name[128];
    int day_of_year = (int)(day - days_from_civil(c->year, 1, 1)) + 1;
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
    case 'g': put_number(day + MODIFIED_JULIAN_1970, q->count, out); break;
    case 'E': put_name(days[weekday(day)], q->count, out); break;
    case 'F': put_number((c->day - 1) % 7 + 1, q->count, out); break; /* ALIGNED_DAY_OF_WEEK_IN_MONTH */
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
    LocalTime local = zone_local(zone, utc_us);
    Civil c = civil_from_local(local);
    for (size_t i = 0; i < p->len; i++)
        put_piece(&p->at[i], &c, utc_us, local.day, zone, out);
}

/* ---------------------------------------------------------------- parsing */
typedef enum ParsedField {
    FIELD_YEAR, FIELD_MONTH, FIELD_DAY, FIELD_DAY_OF_YEAR, FIELD_HOUR, FIELD_CLOCK_HOUR, FIELD_HALF_HOUR, FIELD_CLOCK_HALF_HOUR, FIELD_HALF,
    FIELD_MINUTE, FIELD_SECOND, FIELD_MICROS, FIELD_ERA, FIELDS, NO_FIELD
} ParsedField;

typedef struct Parsed {
    bool has[FIELDS];
    int64_t value[FIELDS];
    const Zone *zone;
    bool any_value; /* pattern_explain: ranges come later */
    size_t failed;  /* where the piece began that did not match */
} Parsed;

static const struct {
    const char *name; /* java.time.temporal.ChronoField's */
    int64_t least, most;
} fields[FIELDS] = {
    [FIELD_YEAR] = { "YearOfEra", -999999999, 999999999 },
    [FIELD_MONTH] = { "MonthOfYear", 1, 12 },
    [FIELD_DAY] = { "DayOfMonth", 1, 31 },
    [FIELD_DAY_OF_YEAR] = { "DayOfYear", 1, 366 },
    [FIELD_HOUR] = { "HourOfDay", 0, 23 },
    [FIELD_CLOCK_HOUR] = { "ClockHourOfDay", 1, 24 },
    [FIELD_HALF_HOUR] = { "HourOfAmPm", 0, 11 },
    [FIELD_CLOCK_HALF_HOUR] = { "ClockHourOfAmPm", 1, 12 },
    [FIELD_HALF] = { "AmPmOfDay", 0, 1 },
    [FIELD_MINUTE] = { "MinuteOfHour", 0, 59 },
    [FIELD_SECOND] = { "SecondOfMinute", 0, 59 },
    [FIELD_MICROS] = { "NanoOfSecond", 0, 999999 },
    [FIELD_ERA] = { "Era", 0, 1 },
};

static bool in_range(ParsedField field, int64_t value)
{
    return value >= fields[field].least && value <= fields[field].most;
}

/* What comes twice must agree, and be in its range. */
static bool set_field(Parsed *r, ParsedField field, int64_t value)
{
    if (field >= FIELDS || (!r->any_value && !in_range(field, value)) || (r->has[field] && r->value[field] != value))
        return false;
    r->has[field] = true;
    r->value[field] = value;
    return true;
}

static int64_t field_or(const Parsed *r, ParsedField field, int64_t otherwise)
{
    return r->has[field] ? r->value[field] : otherwise;
}

static ParsedField field_of(char letter)
{
    switch (letter) {
    case 'y': case 'u': return FIELD_YEAR;
    case 'M': case 'L': return FIELD_MONTH;
    case 'd': return FIELD_DAY;
    case 'D': return FIELD_DAY_OF_YEAR;
    case 'H': return FIELD_HOUR;
    case 'k': return FIELD_CLOCK_HOUR;
    case 'K': return FIELD_HALF_HOUR;
    case 'h': return FIELD_CLOCK_HALF_HOUR;
    case 'm': return FIELD_MINUTE;
    case 's': return FIELD_SECOND;
    default: return NO_FIELD;
    }
}

static bool is_number(const Piece *q)
{
    return q->letter && field_of(q->letter) != NO_FIELD && (field_of(q->letter) != FIELD_MONTH || q->count < 3);
}

/* DateTimeFormatterBuilder.parseField: how many digits a letter may have. */
static bool is_fixed(const Piece *q)
{
    return is_number(q) && (q->count == 2 ? q->letter != 'D' : q->letter == 'D' && q->count == 3);
}

static size_t most_digits(const Piece *q)
{
    enum { LONGEST = 19 };
    return is_fixed(q) ? (size_t)q->count : q->letter == 'D' && q->count > 1 ? 3 : LONGEST;
}

/* Digits that the letters of a fixed width right behind this one need: "yMMdd". */
static size_t reserved_digits(const Pattern *p, size_t i)
{
    size_t reserved = 0;
    if (i && is_fixed(&p->at[i]) && is_number(&p->at[i - 1]))
        return 0; /* is one of those itself */
    for (size_t k = i + 1; k < p->len && is_fixed(&p->at[k]); k++)
        reserved += (size_t)p->at[k].count;
    return reserved;
}

static size_t digits_at(View v, size_t at, size_t most)
{
    size_t n = 0;
    while (n < most && at + n < v.len && isdigit((unsigned char)v.data[at + n]))
        n++;
    return n;
}

/* NumberPrinterParser.parse, strict. */
static bool take_number(const Pattern *p, size_t i, View v, size_t *at, int64_t *ret)
{
    const Piece *q = &p->at[i];
    bool year = field_of(q->letter) == FIELD_YEAR, fixed = is_fixed(q) || (q->letter == 'D' && q->count > 1);
    bool padded = year && q->count >= 4, negative = false, plus = false;
    size_t least = (size_t)q->count, most = most_digits(q), reserved = reserved_digits(p, i);
    if (*at < v.len && (v.data[*at] == '-' || v.data[*at] == '+')) {
        negative = v.data[*at] == '-';
        plus = !negative;
        if (fixed || (plus && !padded))
            return false;
        (*at)++;
    }
    size_t n = digits_at(v, *at, most + reserved);
    if (reserved)
        n = n > least + reserved ? n - reserved : n < least ? n : least;
    if (n < least || n > 18 || (plus && n <= least) || (padded && !plus && !negative && n > least))
        return false;
    *ret = 0;
    for (size_t k = 0; k < n; k++)
        *ret = *ret * 10 + (v.data[(*at)++] - '0');
    if (year && q->count == 2)
        *ret += 2000;
    *ret = negative ? -*ret : *ret;
    return true;
}

static bool take_name(View v, size_t *at, const char *const *names, int count, size_t length, int *ret)
{
    for (int i = 0; i < count; i++) {
        size_t n = length ? length : strlen(names[i]);
        if (v.len - *at >= n && !strncasecmp(v.data + *at, names[i], n)) {
            *at += n;
            *ret = i;
            return true;
        }
    }
    return false;
}

/* appendFraction(NANO_OF_SECOND, 1, count): digits after the sixth are lost. */
static bool take_fraction(const Piece *q, View v, size_t *at, Parsed *r)
{
    int64_t micros = 0;
    size_t n = digits_at(v, *at, (size_t)q->count);
    for (size_t k = 0; k < 6; k++)
        micros = micros * 10 + (k < n ? v.data[*at + k] - '0' : 0);
    *at += n;
    return n && set_field(r, FIELD_MICROS, micros);
}

static bool take_piece(const Pattern *p, size_t i, View v, size_t *at, Parsed *r)
{
    static const char *const halves[] = { "AM", "PM" }, *const eras[] = { "BC", "AD" }, *const long_eras[] = { "Before Christ", "Anno Domini" };
    const Piece *q = &p->at[i];
    int64_t n = 0;
    int name = 0;
    if (!q->letter) { /* parseCaseInsensitive */
        bool same = v.len - *at >= q->length && !strncasecmp(v.data + *at, q->text, q->length);
        *at += same ? q->length : 0;
        return same;
    }
    switch (q->letter) {
    case 'M': case 'L':
        if (q->count < 3)
            break;
        return take_name(v, at, months, 12, q->count == 3 ? 3 : 0, &name) && set_field(r, FIELD_MONTH, name + 1);
    case 'V': case 'z': case 'O': case 'X': case 'x': case 'Z': return zone_take(v, at, &r->zone);
    case 'a': return take_name(v, at, halves, 2, 2, &name) && set_field(r, FIELD_HALF, name);
    case 'G': return take_name(v, at, q->count == 4 ? long_eras : eras, 2, 0, &name) && set_field(r, FIELD_ERA, name);
    case 'S': return take_fraction(q, v, at, r);
    default: break;
    }
    return take_number(p, i, v, at, &n) && set_field(r, field_of(q->letter), n);
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
        } else if (p->at[i].letter != ']') {
            size_t start = *at;
            if (!take_piece(p, i, v, at, r)) {
                r->failed = start;
                return false;
            }
        }
    }
    return true;
}

/* DateTimeFormatterHelper.toLocalDate. */
static bool date_of(const Parsed *r, Civil *c)
{
    c->year = field_or(r, FIELD_YEAR, 1970);
    if (r->has[FIELD_ERA] && r->has[FIELD_YEAR] && c->year < 1)
        return false;
    if (!field_or(r, FIELD_ERA, 1))
        c->year = 1 - c->year;
    if (r->has[FIELD_DAY_OF_YEAR]) {
        if (r->value[FIELD_DAY_OF_YEAR] > 365 + is_leap(c->year))
            return false;
        Civil found = civil_from_days(days_from_civil(c->year, 1, 1) + r->value[FIELD_DAY_OF_YEAR] - 1);
        c->month = found.month;
        c->day = found.day;
        return field_or(r, FIELD_MONTH, c->month) == c->month && field_or(r, FIELD_DAY, c->day) == c->day;
    }
    c->month = (int)field_or(r, FIELD_MONTH, 1);
    c->day = (int)field_or(r, FIELD_DAY, 1);
    return civil_valid_date(c->year, c->month, c->day);
}

/* toLocalTime: hours may come in four ways, which must agree. */
static bool hour_of(const Parsed *r, int64_t *ret)
{
    int64_t of_half = r->has[FIELD_CLOCK_HALF_HOUR] ? r->value[FIELD_CLOCK_HALF_HOUR] % 12 : field_or(r, FIELD_HALF_HOUR, 0);
    bool has_half = r->has[FIELD_CLOCK_HALF_HOUR] || r->has[FIELD_HALF_HOUR], has_hour = r->has[FIELD_HOUR] || r->has[FIELD_CLOCK_HOUR];
    int64_t hour = r->has[FIELD_CLOCK_HOUR] ? r->value[FIELD_CLOCK_HOUR] % 24 : field_or(r, FIELD_HOUR, 0);
    if (r->has[FIELD_HALF_HOUR] && of_half != r->value[FIELD_HALF_HOUR])
        return false;
    if (has_hour && ((r->has[FIELD_HOUR] && hour != r->value[FIELD_HOUR]) || (has_half && hour % 12 != of_half) ||
                     (r->has[FIELD_HALF] && hour / 12 != r->value[FIELD_HALF])))
        return false;
    *ret = has_hour ? hour : of_half + 12 * field_or(r, FIELD_HALF, 0);
    return true;
}

PatternResult pattern_parse(const Pattern *p, View v, const Zone *zone, int64_t *ret_us)
{
    Parsed r = { 0 };
    Civil c = { 0 };
    int64_t hour = 0, local = 0;
    size_t at = 0;
    if (!parse_range(p, 0, p->len, v, &at, &r) || at != v.len || !date_of(&r, &c) || !hour_of(&r, &hour))
        return PATTERN_NO_MATCH;
    int64_t of_day = ((hour * 60 + field_or(&r, FIELD_MINUTE, 0)) * 60 + field_or(&r, FIELD_SECOND, 0)) * MICROS_PER_SECOND +
                     field_or(&r, FIELD_MICROS, 0);
    if (__builtin_mul_overflow(days_from_civil(c.year, c.month, c.day), MICROS_PER_DAY, &local) ||
        __builtin_add_overflow(local, of_day, &local))
        return PATTERN_TOO_FAR;
    *ret_us = zone ? zone_utc_us(r.zone ? r.zone : zone, local) : local;
    return PATTERN_PARSED;
}

/* ---------------------------------------------------------------- why not */
/* LocalDate.of, LocalDate.ofYearDay; Parsed.crossCheck, or Spark's own check when there is no year. False: the date is one. */
static bool explain_date(const Parsed *r, Str *out)
{
    static const char *const names[] = { "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER",
                                         "DECEMBER" };
    bool whole = r->has[FIELD_YEAR];
    long long year = field_or(r, FIELD_YEAR, 1970);
    int month = (int)field_or(r, FIELD_MONTH, 1), day = (int)field_or(r, FIELD_DAY, 1), ordinal = (int)field_or(r, FIELD_DAY_OF_YEAR, 0);
    const char *before = whole ? ": " : "";
    if (!whole)
        str_clear(out); /* not the parser says it */
    bool dated = !ordinal || (whole && r->has[FIELD_MONTH] && r->has[FIELD_DAY]);
    if (dated && !civil_valid_date(year, month, day)) {
        if (day == 29)
            str_addf(out, "%sInvalid date 'February 29' as '%lld' is not a leap year", before, year);
        else
            str_addf(out, "%sInvalid date '%s %d'", before, names[month - 1], day);
        return true;
    }
    if (ordinal > 365 + is_leap(year)) {
        str_addf(out, "%sInvalid date 'DayOfYear 366' as '%lld' is not a leap year", before, year);
        return true;
    }
    if (!ordinal)
        return false;
    Civil found = civil_from_days(days_from_civil(year, 1, 1) + ordinal - 1);
    bool months_differ = r->has[FIELD_MONTH] && month != found.month, days_differ = r->has[FIELD_DAY] && day != found.day;
    if (!months_differ && !days_differ)
        return false;
    const char *field = fields[months_differ ? FIELD_MONTH : FIELD_DAY].name;
    int given = months_differ ? month : day, derived = months_differ ? found.month : found.day;
    str_addf(out, "%sConflict found: Field %s %d differs from %s %d derived from %04lld-%02d-%02d%s", before, field, whole ? derived : given, field,
             whole ? given : derived, year, found.month, found.day, whole ? "" : ".");
    return true;
}

void pattern_explain(const Pattern *p, View v, Str *out)
{
    enum { SHOWN_BYTES = 2000 };
    Parsed r = { .any_value = true };
    size_t at = 0;
    str_addf(out, "Text '%.*s' could not be parsed", (int)(v.len < SHOWN_BYTES ? v.len : SHOWN_BYTES), v.data);
    if (!parse_range(p, 0, p->len, v, &at, &r)) {
        str_addf(out, " at index %zu", r.failed);
        return;
    }
    if (at != v.len) {
        str_addf(out, ", unparsed text found at index %zu", at);
        return;
    }
    for (ParsedField f = 0; f < FIELDS; f++) {
        if (r.has[f] && !in_range(f, r.value[f])) {
            str_addf(out, ": Invalid value for %s (valid values %lld - %lld): %lld", fields[f].name, (long long)fields[f].least, (long long)fields[f].most,
                     (long long)r.value[f]);
            return;
        }
    }
    if (!explain_date(&r, out))
        str_addf(out, "%sConflict found: the fields of the hour differ", out->len ? ": " : "");
}
