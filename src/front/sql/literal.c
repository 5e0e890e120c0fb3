/* front/sql/literal.c -- constants as written: numbers, strings with their escapes, typed literals, parameters.
 * Source: AstBuilder.visit*Literal, SparkParserUtils.unescapeSQLString, Literal.apply. */
#include "front/sql/datetime.h"
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- strings */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
        return (c | 32) - 'a' + 10;
    return -1;
}

/* `digits` hex digits at c; -1 when they are not there. */
static long hex_number(const char *c, const char *end, int digits)
{
    long value = 0;
    for (int i = 0; i < digits; i++) {
        int d = c + i < end ? hex_digit(c[i]) : -1;
        if (d < 0)
            return -1;
        value = value * 16 + d;
    }
    return value;
}

static const char *unescape_unicode(Str *out, const char *c, const char *end)
{
    long value = *c == 'u' ? hex_number(c + 1, end, 4) : hex_number(c + 1, end, 8);
    int digits = *c == 'u' ? 4 : 8;
    bool high = *c == 'u' && value >= 0xD800 && value < 0xDC00;
    if (high && c + 6 < end && c[5] == '\\' && c[6] == 'u') { /* a surrogate pair */
        long low = hex_number(c + 7, end, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            str_add_code_point(out, (uint32_t)(0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)));
            return c + 11;
        }
    }
    if (value < 0 || value > 0x10FFFF) {
        str_addc(out, *c);
        return c + 1;
    }
    str_add_code_point(out, value >= 0xD800 && value < 0xE000 ? 0xFFFD : (uint32_t)value);
    return c + 1 + digits;
}

/* One escape, c after the backslash; returns where to go on. */
static const char *unescape_one(Str *out, const char *c, const char *end)
{
    bool octal = end - c >= 3 && c[0] >= '0' && c[0] <= '1' && c[1] >= '0' && c[1] <= '7' && c[2] >= '0' && c[2] <= '7';
    if (octal) {
        str_add_code_point(out, (uint32_t)((c[0] - '0') * 64 + (c[1] - '0') * 8 + (c[2] - '0')));
        return c + 3;
    }
    switch (*c) {
    case 'u': case 'U': return unescape_unicode(out, c, end);
    case '0': str_addc(out, '\0'); break;
    case 'b': str_addc(out, '\b'); break;
    case 'n': str_addc(out, '\n'); break;
    case 'r': str_addc(out, '\r'); break;
    case 't': str_addc(out, '\t'); break;
    case 'Z': str_addc(out, '\x1a'); break;
    case '%': str_add(out, "\\%"); break; /* LIKE's escapes stay */
    case '_': str_add(out, "\\_"); break;
    default: str_addc(out, *c); break;
    }
    return c + 1;
}

const char *string_unescape(Arena *a, const char *text, size_t length, bool escaped_literals, bool doubled, size_t *ret_length)
{
    if (text[0] == 'r' || text[0] == 'R') {
        *ret_length = length - 3;
        return arena_strn(a, text + 2, length - 3);
    }
    char quote = text[0];
    const char *c = text + 1, *end = text + length - 1;
    str_auto out = STR_INIT(length * 4 + 16);
    while (c < end) {
        if (*c == '\\' && !escaped_literals && c + 1 < end) {
            c = unescape_one(&out, c + 1, end);
        } else if (*c == quote && c + 1 < end && c[1] == quote && !escaped_literals) {
            if (doubled)
                str_addc(&out, quote);
            c += 2;
        } else {
            str_addc(&out, *c++);
        }
    }
    *ret_length = out.len;
    return arena_strn(a, str_text(&out), out.len);
}

/* ---------------------------------------------------------------- simple ones */
static Node *literal(SqlParser *p, Value value, const Type *type, int start, int stop)
{
    return node_at(node_new(p->a, Literal, .value = arena_copy(p->a, &value, sizeof value), .of = type), start, stop);
}

Node *literal_string(SqlParser *p, const char *text, size_t length, int start, int stop)
{
    return literal(p, (Value){ .text = text, .text_len = length }, &type_string, start, stop);
}

const Token *string_joined(SqlParser *p, const Token *left, const Token *right)
{
    Token *both = arena_copy(p->a, left, sizeof *left);
    char *text = arena_alloc(p->a, left->text_len + right->text_len + 1);
    memcpy(text, left->text, left->text_len);
    memcpy(text + left->text_len, right->text, right->text_len);
    both->text = text;
    both->text_len += right->text_len;
    both->stop = right->stop;
    return both;
}

Node *literal_null(SqlParser *p, const Token *t) { return literal(p, (Value){ .is_null = true }, &type_null, t->start, t->stop); }

Node *literal_boolean(SqlParser *p, const Token *t, bool value)
{
    return literal(p, (Value){ .i = value }, &type_boolean, t->start, t->stop);
}

Node *literal_int(Arena *a, int64_t value, const Type *type)
{
    Value v = { .i = value };
    return node_new(a, Literal, .value = arena_copy(a, &v, sizeof v), .of = type);
}

const char *literal_text(const Node *n)
{
    if (!node_is(Literal, n) || node_as(Literal, n)->of->kind != TYPE_STRING || node_as(Literal, n)->value->is_null)
        return NULL;
    return node_as(Literal, n)->value->text;
}

int64_t integer_value(SqlParser *p, const Token *t)
{
    int64_t value = 0;
    if (!str_to_i64(t->text, &value) || value > INT32_MAX)
        parser_syntax_error(p, t, "");
    return value;
}

Node *parameter(SqlParser *p, const Token *marker, const char *name)
{
    int position = name ? 0 : p->positional++, seen = 0;
    for (size_t i = 0; i < p->opt->nparameters; i++) {
        const SqlParameter *given = &p->opt->parameters[i];
        if (name ? str_ieq(given->name, name) : !given->name && seen++ == position)
            return node_at(node_copy_deep(p->a, given->value), marker->start, end_of_rule(p));
    }
    return at(p, node_new(p->a, Parameter, .name = name, .position = position), marker->start);
}

/* ---------------------------------------------------------------- numbers */
static Node *out_of_range(SqlParser *p, const Token *t, const char *digits, const char *type, const char *low, const char *high)
{
    parser_fail(p, t->start, t->stop, "INVALID_NUMERIC_LITERAL_RANGE", "22003",
        "Numeric literal %s is outside the valid range for %s with minimum value of %s and maximum value of %s. Please "
        "adjust the value accordingly.", digits, type, low, high);
    parser_param(p, "rawStrippedQualifier", digits);
    parser_param(p, "typeName", type);
    parser_param(p, "minValue", low);
    parser_param(p, "maxValue", high);
    return literal_null(p, t);
}

static Node *decimal(SqlParser *p, const Token *t, const char *text)
{
    Value v = { 0 };
    const Type *type = NULL;
    if (decimal_parse(p->a, text, &v, &type))
        return literal(p, v, type, t->start, t->stop);
    size_t digits = 0;
    for (const char *c = text; *c; c++)
        digits += *c >= '0' && *c <= '9';
    parser_fail(p, -1, -1, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
        "Decimal precision %zu exceeds max precision %d.", digits, DECIMAL_MAX_PRECISION);
    parser_param(p, "precision", arena_printf(p->a, "%zu", digits));
    parser_param(p, "maxPrecision", arena_printf(p->a, "%d", DECIMAL_MAX_PRECISION));
    return literal_null(p, t);
}

static Node *floating(SqlParser *p, const Token *t, const char *digits, bool single)
{
    errno = 0;
    double value = single ? (double)strtof(digits, NULL) : strtod(digits, NULL);
    if (isinf(value))
        return single ? out_of_range(p, t, digits, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38")
                      : out_of_range(p, t, digits, "double", "-1.7976931348623157E+308", "1.7976931348623157E+308");
    return literal(p, (Value){ .f = value }, single ? &type_float : &type_double, t->start, t->stop);
}

static Node *integral(SqlParser *p, const Token *t, const char *digits)
{
    int64_t value = 0;
    bool fits = str_to_i64(digits, &value);
    switch (t->kind) {
    case TK_BIGINT_LITERAL:
        if (!fits)
            return out_of_range(p, t, digits, "bigint", "-9223372036854775808", "9223372036854775807");
        return literal(p, (Value){ .i = value }, &type_long, t->start, t->stop);
    case TK_SMALLINT_LITERAL:
        if (!fits || value < INT16_MIN || value > INT16_MAX)
            return out_of_range(p, t, digits, "smallint", "-32768", "32767");
        return literal(p, (Value){ .i = value }, &type_short, t->start, t->stop);
    case TK_TINYINT_LITERAL:
        if (!fits || value < INT8_MIN || value > INT8_MAX)
            return out_of_range(p, t, digits, "tinyint", "-128", "127");
        return literal(p, (Value){ .i = value }, &type_byte, t->start, t->stop);
    default:
        if (!fits)
            return decimal(p, t, digits);
        return literal(p, (Value){ .i = value }, value < INT32_MIN || value > INT32_MAX ? &type_long : &type_int, t->start, t->stop);
    }
}

static Node *number(SqlParser *p, const Token *t, bool negative)
{
    static const struct { int kind; size_t suffix; } suffixes[] = { { TK_BIGINT_LITERAL, 1 }, { TK_SMALLINT_LITERAL, 1 },
        { TK_TINYINT_LITERAL, 1 }, { TK_FLOAT_LITERAL, 1 }, { TK_DOUBLE_LITERAL, 1 }, { TK_BIGDECIMAL_LITERAL, 2 } };
    size_t length = t->text_len;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        length -= suffixes[i].kind == t->kind ? suffixes[i].suffix : 0;
    const char *digits = arena_printf(p->a, "%s%.*s", negative ? "-" : "", (int)length, t->text);
    switch (t->kind) {
    case TK_DECIMAL_VALUE: case TK_BIGDECIMAL_LITERAL: return decimal(p, t, digits);
    case TK_EXPONENT_VALUE:
        return p->opt->legacy_exponent_as_decimal ? decimal(p, t, digits) : floating(p, t, digits, false);
    case TK_DOUBLE_LITERAL: return floating(p, t, digits, false);
    case TK_FLOAT_LITERAL: return floating(p, t, digits, true);
    default: return integral(p, t, digits);
    }
}

static bool is_number_token(int kind)
{
    return kind == TK_INTEGER_VALUE || kind == TK_DECIMAL_VALUE || kind == TK_EXPONENT_VALUE || kind == TK_BIGINT_LITERAL ||
           kind == TK_SMALLINT_LITERAL || kind == TK_TINYINT_LITERAL || kind == TK_DOUBLE_LITERAL || kind == TK_FLOAT_LITERAL ||
           kind == TK_BIGDECIMAL_LITERAL;
}

/* A number right after '-' belongs to it: negate() reads it again with its sign, so here it may be one out of range. */
Node *literal_number(SqlParser *p, const Token *t)
{
    if (t > p->tokens.at && t[-1].kind == TK_MINUS) {
        SqlParser probe = *p;
        Error ignored = ERROR_INIT;
        probe.err = &ignored;
        Node *n = number(&probe, t, false);
        if (probe.status == ST_OK)
            return n;
        p->bad_number = t;
        return literal(p, (Value){ .i = 0 }, &type_int, t->start, t->stop);
    }
    return number(p, t, false);
}

/* -1, -1::string, -a[0]: in Spark the sign is part of a number's literal and binds tighter than what follows it. */
Node *negate(SqlParser *p, const Token *minus, Node *x)
{
    const Token *first = minus + 1;
    if (is_number_token(first->kind)) {
        Node **place = &x;
        while (node_is(Cast, *place) || node_is(Extract, *place))
            place = node_is(Cast, *place) ? &((Cast *)*place)->child : &((Extract *)*place)->child;
        if (node_is(Literal, *place) && (*place)->start == first->start) {
            p->bad_number = NULL;
            *place = node_at(number(p, first, true), minus->start, first->stop);
            return at(p, x, minus->start);
        }
    }
    return function1(p, "negative", x, minus->start);
}

/* ---------------------------------------------------------------- typed literals */
static Node *invalid_typed(SqlParser *p, const Token *word, const Token *value, const char *type)
{
    parser_fail(p, word->start, value->stop, "INVALID_TYPED_LITERAL", "42604",
        "The value of the typed literal \"%s\" is invalid: '%s'.", type, value->text);
    parser_param(p, "valueType", arena_printf(p->a, "\"%s\"", type));
    parser_param(p, "value", arena_printf(p->a, "'%s'", value->text));
    return literal_null(p, value);
}

static Node *binary(SqlParser *p, const Token *word, const Token *value)
{
    size_t odd = value->text_len % 2, n = value->text_len / 2 + odd;
    char *bytes = arena_alloc(p->a, n + 1);
    for (size_t i = 0; i < value->text_len; i++) {
        int d = hex_digit(value->text[i]);
        if (d < 0)
            return invalid_typed(p, word, value, "X");
        size_t place = i + odd;
        bytes[place / 2] = (char)(bytes[place / 2] | (place % 2 ? d : d << 4));
    }
    return literal(p, (Value){ .text = bytes, .text_len = n }, &type_binary, word->start, value->stop);
}

static Node *timestamp(SqlParser *p, const Token *word, const Token *value)
{
    bool ntz = word->word == TK_TIMESTAMP_NTZ, has_zone = false;
    if (word->word == TK_TIMESTAMP && p->opt->timestamp_ntz)
        ntz = !(timestamp_has_zone(value->text, &has_zone) && has_zone);
    int64_t micros;
    bool fine = ntz ? timestamp_parse_ntz(value->text, &micros) : timestamp_parse(value->text, p->opt->time_zone, &micros);
    if (!fine)
        return invalid_typed(p, word, value, word->word == TK_TIMESTAMP ? "TIMESTAMP" : ntz ? "TIMESTAMP_NTZ" : "TIMESTAMP_LTZ");
    return literal(p, (Value){ .i = micros }, ntz ? &type_timestamp_ntz : &type_timestamp, word->start, value->stop);
}

/* 'today UTC': the zone must be one, and says nothing (SparkDateTimeUtils.extractSpecialValue). */
static const Token *without_zone(SqlParser *p, const Token *value)
{
    static const char *const words[] = { "epoch", "today", "tomorrow", "yesterday" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i]);
        const char *zone = value->text + n;
        if (!str_istarts(value->text, words[i]) || (*zone != ' ' && *zone != '\t' && *zone != '+' && *zone != '-'))
            continue;
        while (*zone == ' ' || *zone == '\t')
            zone++;
        if (!*zone || !zone_is_known(zone))
            continue;
        Token *copy = arena_copy(p->a, value, sizeof *value);
        copy->text = words[i];
        copy->text_len = n;
        return copy;
    }
    return value;
}

/* A time of today, in the zone that it names. */
static Node *today_at(SqlParser *p, const Token *word, const Token *value)
{
    const char *clock = value->text;
    while (*clock == ' ' || *clock == 'T')
        clock++;
    Node *day = cast(p, function_of(p, "current_date", list_new(p), word->start), &type_string, CAST_SESSION, word->start);
    Node *time = literal_string(p, arena_printf(p->a, " %s", clock), strlen(clock) + 1, word->start, value->stop);
    return cast(p, function_of(p, "concat", list_add(p, list_one(p, day), time), word->start), &type_timestamp, CAST_SESSION, word->start);
}

/* 'now', 'today' and their like: what the clock says when the query runs. NULL when `text` is none of them. */
static Node *special_moment(SqlParser *p, const Token *word, const Token *value)
{
    static const struct { const char *text; int days; } dates[] = { { "now", 0 }, { "today", 0 }, { "tomorrow", 1 }, { "yesterday", -1 } };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        if (!str_ieq(value->text, dates[i].text))
            continue;
        bool date = word->word == TK_DATE;
        if (i == 0 && !date)
            return function_of(p, word->word == TK_TIMESTAMP_NTZ ? "localtimestamp" : "now", list_new(p), word->start);
        Node *day = function_of(p, "current_date", list_new(p), word->start);
        if (dates[i].days)
            day = function_of(p, "date_add", list_add(p, list_one(p, day), literal_int(p->a, dates[i].days, &type_int)), word->start);
        return date ? day : cast(p, day, word->word == TK_TIMESTAMP_NTZ ? &type_timestamp_ntz : &type_timestamp, CAST_SESSION, word->start);
    }
    return NULL;
}

Node *literal_typed(SqlParser *p, const Token *word, const Token *value)
{
    int64_t number = 0;
    switch (word->quoted ? 0 : word->word) {
    case TK_DATE: case TK_TIMESTAMP: case TK_TIMESTAMP_LTZ: case TK_TIMESTAMP_NTZ: {
        value = without_zone(p, value);
        Node *special = special_moment(p, word, value);
        if (special)
            return special;
        bool ntz = word->word == TK_TIMESTAMP_NTZ || (word->word == TK_TIMESTAMP && p->opt->timestamp_ntz);
        if (word->word != TK_DATE && !ntz && timestamp_is_clock(value->text))
            return today_at(p, word, value);
        if (word->word != TK_DATE)
            return timestamp(p, word, value);
        if (!date_parse(value->text, &number))
            return invalid_typed(p, word, value, "DATE");
        return literal(p, (Value){ .i = number }, &type_date, word->start, value->stop);
    }
    case TK_TIME:
        if (!time_parse(value->text, &number))
            return invalid_typed(p, word, value, "TIME");
        return literal(p, (Value){ .i = number }, &type_time, word->start, value->stop);
    case TK_BINARY_HEX:
        return binary(p, word, value);
    default:
        parser_fail(p, word->start, value->stop, "UNSUPPORTED_TYPED_LITERAL", "0A000",
            "Literals of the type \"%s\" are not supported. Supported types are \"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", "
            "\"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\".", word->text);
        return literal_null(p, value);
    }
}
