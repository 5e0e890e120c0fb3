/* front/sql/interval.c -- INTERVAL literals in all their forms, joined to one token with its value.
 *   INTERVAL '1 day 2 hours' · INTERVAL 3 DAYS · INTERVAL '1' YEAR -2 MONTHS · INTERVAL '1-2' YEAR TO MONTH
 * Source: AstBuilder.visitInterval and visitTypeConstructor, IntervalUtils.{stringToInterval, fromYearMonthString,
 * fromDayTimeString}. */
#include "front/sql/context.h"
#include "front/sql/grammar.h"
#include "ir/error.h"

#include <ctype.h>
#include <stdio.h>

enum { F_YEAR, F_MONTH, F_DAY, F_HOUR, F_MINUTE, F_SECOND, F_NONE };
#define SECOND_US 1000000LL

typedef struct Unit {
    const char *name, *upper; /* without a plural's s */
    int word, words;
    int field;        /* F_…: weeks are days, milliseconds seconds */
    int64_t months, days, micros;
} Unit;

static const Unit units[] = {
    { "year", "YEAR", TK_YEAR, TK_YEARS, F_YEAR, 12, 0, 0 },
    { "month", "MONTH", TK_MONTH, TK_MONTHS, F_MONTH, 1, 0, 0 },
    { "week", "WEEK", TK_WEEK, TK_WEEKS, F_DAY, 0, 7, 0 },
    { "day", "DAY", TK_DAY, TK_DAYS, F_DAY, 0, 1, 0 },
    { "hour", "HOUR", TK_HOUR, TK_HOURS, F_HOUR, 0, 0, 3600 * SECOND_US },
    { "minute", "MINUTE", TK_MINUTE, TK_MINUTES, F_MINUTE, 0, 0, 60 * SECOND_US },
    { "second", "SECOND", TK_SECOND, TK_SECONDS, F_SECOND, 0, 0, SECOND_US },
    { "millisecond", "MILLISECOND", TK_MILLISECOND, TK_MILLISECONDS, F_SECOND, 0, 0, 1000 },
    { "microsecond", "MICROSECOND", TK_MICROSECOND, TK_MICROSECONDS, F_SECOND, 0, 0, 1 },
    { "nanosecond", "NANOSECOND", TK_NANOSECOND, TK_NANOSECONDS, F_NONE, 0, 0, 0 },
};
enum { NUNITS = sizeof units / sizeof units[0] };

typedef struct Interval {
    int64_t months, days, micros;
    unsigned fields; /* bit 1 << F_… of each unit that was named */
} Interval;

typedef struct Reader { /* where errors point, and the text they quote */
    Arena *a;
    const SqlOptions *opt;
    Error *err;
    int start, stop;
    const char *text;    /* the query */
    const Token *tokens; /* of it, from INTERVAL */
} Reader;

/* `text` and the pairs behind it as for spark_error. */
static Status fail(const Reader *r, const char *class, const char *sqlstate, const char *text, ...) __attribute__((sentinel));
static Status fail(const Reader *r, const char *class, const char *sqlstate, const char *text, ...)
{
    const Node at = { .start = r->start, .stop = r->stop };
    va_list args;
    va_start(args, text);
    Status status = spark_error_list(r->err, &at, class, sqlstate, text, args);
    va_end(args);
    return status;
}

#define ERROR_PARSING \
    "Error parsing '<input>' to interval. Please ensure that the value provided is in a valid format for defining an interval. " \
    "You can reference the documentation for the correct format. "

/* INVALID_INTERVAL_FORMAT's `what`; detail may have one parameter <name>. */
static Status bad_format(const Reader *r, const char *input, const char *what, const char *detail, const char *name, const char *value)
{
    Reader none = *r; /* Spark's have no context */
    none.start = none.stop = -1;
    return fail(&none, arena_printf(r->a, "INVALID_INTERVAL_FORMAT.%s", what), "22006", arena_printf(r->a, "%s%s", ERROR_PARSING, detail),
                "input", input, name, value, NULL);
}

static const Unit *unit_by_word(int word)
{
    for (size_t i = 0; word && i < NUNITS; i++)
        if (units[i].word == word || units[i].words == word)
            return &units[i];
    return NULL;
}

static const Unit *unit_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < NUNITS; i++) {
        size_t n = strlen(units[i].name);
        bool plural = length == n + 1 && (name[n] | 32) == 's';
        if ((length == n || plural) && units[i].field != F_NONE) {
            size_t same = 0;
            while (same < n && (name[same] | 32) == units[i].name[same])
                same++;
            if (same == n)
                return &units[i];
        }
    }
    return NULL;
}

static bool add_scaled(int64_t *total, int64_t value, int64_t scale)
{
    int64_t product;
    return !__builtin_mul_overflow(value, scale, &product) && !__builtin_add_overflow(*total, product, total);
}

static const char *skip_blank(const char *c)
{
    while (*c && isspace((unsigned char)*c))
        c++;
    return c;
}

/* One "[+-]digits[.digits] unit" of stringToInterval; *io moves past it. */
static Status read_pair(const Reader *r, const char *input, const char **io, Interval *out)
{
    const char *c = *io;
    bool negative = *c == '-';
    c = skip_blank(c + (*c == '-' || *c == '+'));
    int64_t whole = 0, fraction = 0;
    bool point = false;
    int fraction_digits = 0;
    const char *number = c;
    for (; isdigit((unsigned char)*c); c++)
        if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_sub_overflow(whole, *c - '0', &whole)) /* negative: reaches MIN */
            return bad_format(r, input, "ARITHMETIC_EXCEPTION", "Uncaught arithmetic exception while parsing '<input>'.", NULL, NULL);
    if (*c == '.') {
        point = true;
        for (c++; isdigit((unsigned char)*c); c++)
            if (fraction_digits++ < 6)
                fraction = fraction * 10 + (*c - '0');
        for (int i = fraction_digits; i < 6; i++)
            fraction *= 10;
    }
    if (c == number || (point && c == number + 1))
        return bad_format(r, input, "INVALID_VALUE", "Invalid value <value>.", "value", arena_printf(r->a, "'%s'", *c ? c : input));
    if (fraction_digits > 9)
        return bad_format(r, input, "INVALID_PRECISION", "Interval can only support nanosecond precision, <value> is out of range.", "value", arena_printf(r->a, "'%.*s'", (int)(c - number), number));
    c = skip_blank(c);
    size_t length = 0;
    while (isalpha((unsigned char)c[length]))
        length++;
    if (length == 0)
        return *c ? bad_format(r, input, "INVALID_VALUE", "Invalid value <value>.", "value", arena_printf(r->a, "'%s'", c))
                  : bad_format(r, input, "MISSING_UNIT", "Expect a unit name after <word> but hit EOL.", "word", arena_printf(r->a, "'%s'", number));
    const Unit *unit = unit_by_name(c, length);
    if (!unit)
        return bad_format(r, input, "INVALID_UNIT", "Invalid unit <unit>.", "unit", arena_printf(r->a, "%.*s", (int)length, c));
    if (point && unit->micros != SECOND_US)
        return bad_format(r, input, "INVALID_FRACTION", "<unit> cannot have fractional part.", "unit", arena_printf(r->a, "'%.*s'", (int)length, c));
    int64_t sign = negative ? 1 : -1; /* `whole` is negative */
    if (!add_scaled(&out->months, whole, sign * unit->months) || !add_scaled(&out->days, whole, sign * unit->days) ||
        !add_scaled(&out->micros, whole, sign * unit->micros) || !add_scaled(&out->micros, fraction, -sign) ||
        out->months != (int32_t)out->months || out->days != (int32_t)out->days)
        return bad_format(r, input, "ARITHMETIC_EXCEPTION", "Uncaught arithmetic exception while parsing '<input>'.", NULL, NULL);
    out->fields |= 1u << unit->field;
    *io = c + length;
    return ST_OK;
}

/* IntervalUtils.stringToInterval */
static Status read_text(const Reader *r, const char *text, Interval *out)
{
    const char *c = skip_blank(text);
    if (!*c)
        return bad_format(r, text, "INPUT_IS_EMPTY", "Interval string cannot be empty.", NULL, NULL);
    if (str_istarts(c, "interval")) {
        if (!isspace((unsigned char)c[8]))
            return bad_format(r, text, "INVALID_PREFIX", "Invalid interval prefix <prefix>.", "prefix", arena_printf(r->a, "'%s'", c));
        c = skip_blank(c + 8);
    }
    while (*c) {
        TRY(read_pair(r, text, &c, out));
        c = skip_blank(c);
    }
    return out->fields ? ST_OK : bad_format(r, text, "INVALID_VALUE", "Invalid value <value>.", "value", arena_printf(r->a, "'%s'", text));
}

static Node *literal(const Reader *r, Value value, const Type *type)
{
    return node_at(node_new(r->a, Literal, .value = arena_copy(r->a, &value, sizeof value), .of = type), r->start, r->stop);
}

static int lowest(unsigned fields) { return __builtin_ctz(fields); }
static int highest(unsigned fields) { return 31 - __builtin_clz(fields); }

static Status make_literal(const Reader *r, const Interval *v, size_t used, Node **ret_literal)
{
    const unsigned year_month = 1u << F_YEAR | 1u << F_MONTH;
    unsigned long_fields = v->fields & year_month, short_fields = v->fields & ~year_month;
    if (r->opt->legacy_interval) {
        *ret_literal = literal(r, (Value){ .i = v->micros, .months = (int32_t)v->months, .days = (int32_t)v->days }, &type_calendar_interval);
        return ST_OK;
    }
    size_t end = r->tokens[used - 1].at + r->tokens[used - 1].len;
    if (long_fields && short_fields)
        return fail(r, "_LEGACY_ERROR_TEMP_0029", "", "Cannot mix year-month and day-time fields: <literal>.", "literal", arena_strn(r->a, r->text + r->tokens[0].at, end - r->tokens[0].at), NULL);
    if (long_fields) {
        *ret_literal = literal(r, (Value){ .i = v->months }, type_year_month(r->a, lowest(long_fields), highest(long_fields)));
        return ST_OK;
    }
    int64_t micros = v->micros;
    if (!add_scaled(&micros, v->days, 86400 * SECOND_US))
        return fail(r, "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", "22015",
            "Integer overflow while operating with intervals. Try devising appropriate values for the interval parameters.", NULL);
    *ret_literal = literal(r, (Value){ .i = micros }, type_day_time(r->a, lowest(short_fields) - F_DAY, highest(short_fields) - F_DAY));
    return ST_OK;
}

/* ---------------------------------------------------------------- unit TO unit */
/* At most `max` digits and no more than `limit` (0: none); the first field may have any. */
static bool read_field(const char **io, int max, int64_t limit, int64_t *ret)
{
    int64_t value = 0;
    int n = 0;
    for (; isdigit((unsigned char)**io); (*io)++, n++)
        if (n == max || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, **io - '0', &value))
            return false;
    *ret = value;
    return n > 0 && (!limit || value <= limit);
}

static bool read_fraction(const char **io, int64_t *micros)
{
    if (**io != '.')
        return true;
    int n = 0;
    int64_t value = 0;
    for ((*io)++; isdigit((unsigned char)**io) && n < 9; (*io)++, n++)
        value = n < 6 ? value * 10 + (**io - '0') : value;
    for (int i = n; i < 6; i++)
        value *= 10;
    *micros += value;
    return n > 0;
}

/* 'y-m', 'd h:m:s.f' and their parts, from field `from` to field `to` */
static bool read_range(const char *c, int from, int to, Interval *out)
{
    static const int64_t limits[] = { [F_MONTH] = 11, [F_HOUR] = 23, [F_MINUTE] = 59, [F_SECOND] = 59 };
    static const char separators[] = { [F_MONTH] = '-', [F_HOUR] = ' ', [F_MINUTE] = ':', [F_SECOND] = ':' };
    c = skip_blank(c);
    int64_t sign = *c == '-' ? -1 : 1;
    c += *c == '-' || *c == '+';
    for (int field = from; field <= to; field++) {
        int64_t value;
        if (field > from && *c++ != separators[field])
            return false;
        if (!read_field(&c, field == from ? 18 : 2, field == from ? 0 : limits[field], &value))
            return false;
        const Unit *unit = &units[field == F_YEAR ? 0 : field == F_MONTH ? 1 : field + 1];
        if (!add_scaled(&out->months, value, sign * unit->months) || !add_scaled(&out->days, value, sign * unit->days) ||
            !add_scaled(&out->micros, value, sign * unit->micros))
            return false;
        if (field == F_SECOND) {
            int64_t micros = 0;
            if (!read_fraction(&c, &micros) || !add_scaled(&out->micros, micros, sign))
                return false;
        }
        out->fields |= 1u << field;
    }
    return *skip_blank(c) == '\0' && out->months == (int32_t)out->months && out->days == (int32_t)out->days;
}

/* IntervalUtils.throwIllegalIntervalFormatException */
static Status unmatched(const Reader *r, const char *text, const Unit *from, const Unit *to)
{
    static const char *const letters[] = { [F_DAY] = "d", [F_HOUR] = "h", [F_MINUTE] = "m", [F_SECOND] = "s.n" };
    bool months = from->field == F_YEAR;
    const char *pattern = months ? "y-m" : letters[from->field];
    for (int f = from->field + 1; !months && f <= (int)to->field; f++)
        pattern = arena_printf(r->a, "%s%s%s", pattern, f == F_HOUR ? " " : ":", letters[f]);
    const char *format = arena_printf(r->a, "`[+|-]%s`, `INTERVAL [+|-]'[+|-]%s' %s TO %s`", pattern, pattern, from->upper, to->upper);
    const char *class = months ? "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING" : "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE";
    return fail(r, class, "22006",
                arena_printf(r->a, "%s%s%s", ERROR_PARSING, "Interval string does not match <intervalStr> format of <supportedFormat> when cast to <typeName>: <input>.",
                             months ? "" : " Set \"spark.sql.legacy.fromDayTimeString.enabled\" to \"true\" to restore the behavior before Spark 3.0."),
                "input", text, "intervalStr", months ? "year-month" : "day-time", "supportedFormat", format, "typeName",
                arena_printf(r->a, "interval %s to %s", from->name, to->name), NULL);
}

/* The first field of a range may be large, up to what the whole interval holds (IntervalUtils.toLongWithRange). */
static Status check_first(const Reader *r, const char *text, const Unit *from)
{
    static const int64_t most[] = { [F_YEAR] = 178956970, [F_DAY] = 106751991, [F_HOUR] = 2562047788, [F_MINUTE] = 153722867280 };
    const char *c = skip_blank(text);
    int64_t value;
    c += *c == '-' || *c == '+';
    if (from->field > F_MINUTE || !most[from->field] || !read_field(&c, 18, 0, &value) || value <= most[from->field])
        return ST_OK;
    return fail(r, "_LEGACY_ERROR_TEMP_0063", "", "<msg>.", "msg",
                arena_printf(r->a, "requirement failed: %s %lld outside range [0, %lld]", from->name, (long long)value,
                             (long long)most[from->field]), NULL);
}

static Status unit_to_unit(const Reader *r, const char *text, const Unit *from, const Unit *to, Node **ret_literal)
{
    bool months = from->field == F_YEAR && to->field == F_MONTH;
    bool times = from->field >= F_DAY && to->field > from->field && to->field <= F_SECOND;
    if (!months && !times)
        return fail(r, "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION", "22006",
                    ERROR_PARSING "Cannot support (interval '<input>' <from> to <to>) expression.", "input", text, "from", from->name, "to",
                    to->name, NULL);
    Interval v = { 0 };
    if (!read_range(text, from->field, to->field, &v)) {
        if (!months)
            TRY(check_first(r, text, from));
        else if (v.months != (int32_t)v.months) /* a sum that no year-month interval holds */
            return fail(r, "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING", "22006", ERROR_PARSING "Error parsing interval <interval> string.",
                        "input", text, "interval", "year-month", NULL);
        return unmatched(r, text, from, to);
    }
    if (!months)
        TRY(check_first(r, text, from));
    return make_literal(r, &v, 1, ret_literal);
}

/* ---------------------------------------------------------------- tokens */
/* [+-] (number | string) at tokens[i]; sets the text with its sign, and the index after it. 0: none is there. */
static size_t read_value(Arena *a, const Token *tokens, size_t i, bool quoted_only, const char **ret_text, bool *ret_quoted)
{
    bool negative = tokens[i].kind == TK_MINUS;
    if (negative || tokens[i].kind == TK_PLUS)
        i++;
    const Token *t = &tokens[i];
    bool quoted = t->kind == TK_STRING_LITERAL, number = t->kind == TK_INTEGER_VALUE || t->kind == TK_DECIMAL_VALUE;
    if (!quoted && (!number || quoted_only))
        return 0;
    const char *text = t->text;
    if (negative)
        text = quoted && *text == '-' ? arena_str(a, text + 1) : arena_printf(a, "-%s", text);
    *ret_text = text;
    *ret_quoted = quoted;
    return i + 1;
}

static bool has_letter(const char *text)
{
    for (; *text; text++)
        if (isalpha((unsigned char)*text))
            return true;
    return false;
}

#define ONE_RANGE "Can only have a single from-to unit in the interval literal syntax."

static bool another_value(Arena *a, const Token *tokens, size_t i)
{
    const char *value;
    bool quoted;
    size_t next = read_value(a, tokens, i, false, &value, &quoted);
    return next && unit_by_word(tokens[next].word) && !tokens[next].quoted;
}

/* Where the units that follow a first range end. */
static int end_of_values(Arena *a, const Token *tokens, size_t i)
{
    int stop = tokens[i - 1].stop;
    const char *value;
    bool quoted;
    for (size_t next; (next = read_value(a, tokens, i, false, &value, &quoted)) && unit_by_word(tokens[next].word) && !tokens[next].quoted; i = next + 1) {
        stop = tokens[next].stop;
        if (tokens[next + 1].kind == TK_TO && unit_by_word(tokens[next + 2].word)) {
            stop = tokens[next + 2].stop;
            next += 2;
        }
    }
    return stop;
}

/* (value unit)+ from tokens[1] */
static Status multi_units(const Reader *base, const Token *tokens, size_t *ret_used, Node **ret_literal)
{
    Reader r = *base;
    str_auto text = STR_INIT(LIMIT_CONF_TEXT);
    unsigned fields = 0;
    size_t i = 1, next;
    const char *value;
    bool quoted;
    while ((next = read_value(r.a, tokens, i, false, &value, &quoted)) && unit_by_word(tokens[next].word) && !tokens[next].quoted) {
        const Unit *unit = unit_by_word(tokens[next].word);
        r.stop = tokens[next].stop;
        if (quoted && has_letter(value)) {
            r.start = tokens[1].start;
            return fail(&r, "_LEGACY_ERROR_TEMP_0026", "", "Can only use numbers in the interval value part for "
                        "multiple unit value pairs interval form, but got invalid value: <value>.", "value", value, NULL);
        }
        str_addf(&text, " %s %s", value, tokens[next].text);
        fields |= unit->field == F_NONE ? 0 : 1u << unit->field;
        i = next + 1;
        if (i > 4 && tokens[i].kind == TK_TO && unit_by_word(tokens[i + 1].word)) {
            r.stop = tokens[i + 1].stop;
            return fail(&r, "_LEGACY_ERROR_TEMP_0024", "", ONE_RANGE, NULL);
        }
    }
    Interval v = { 0 };
    TRY(read_text(&r, str_text(&text), &v));
    v.fields = fields;
    *ret_used = i;
    return make_literal(&r, &v, i, ret_literal);
}

Status interval_literal(Arena *a, const SqlOptions *opt, const char *text, const Token *tokens, size_t *ret_used, Node **ret_literal, Error *err)
{
    const char *value;
    bool quoted;
    *ret_used = 0;
    size_t next = read_value(a, tokens, 1, false, &value, &quoted);
    if (!next)
        return ST_OK;
    Reader r = { a, opt, err, tokens[0].start, tokens[next - 1].stop, text, tokens };
    const Unit *unit = unit_by_word(tokens[next].word);
    if (!unit || tokens[next].quoted) { /* INTERVAL '…' */
        if (tokens[1].kind != TK_STRING_LITERAL)
            return ST_OK;
        Interval v = { 0 };
        if (read_text(&r, value, &v) != ST_OK)
            return fail(&r, "INVALID_TYPED_LITERAL", "42604", "The value of the typed literal <valueType> is invalid: <value>.", "valueType",
                        "\"INTERVAL\"", "value", arena_printf(a, "'%s'", value), NULL);
        *ret_used = next;
        return make_literal(&r, &v, next, ret_literal);
    }
    const Unit *to = tokens[next + 1].kind == TK_TO ? unit_by_word(tokens[next + 2].word) : NULL;
    if (to) {
        r.stop = tokens[next + 2].stop;
        *ret_used = next + 3;
        if (another_value(a, tokens, next + 3)) {
            r.stop = end_of_values(a, tokens, next + 3);
            return fail(&r, "_LEGACY_ERROR_TEMP_0024", "", ONE_RANGE, NULL);
        }
        r.start = tokens[1].start;
        if (!quoted)
            return fail(&r, "_LEGACY_ERROR_TEMP_0027", "", "The value of from-to unit must be a string.", NULL);
        return unit_to_unit(&r, value, unit, to, ret_literal);
    }
    return multi_units(&r, tokens, ret_used, ret_literal);
}
