/* ir/number_format.c -- the formats of to_number and to_char, checked while binding. Source: ToNumberParser.checkInputDataTypes.
 *
 *   [MI|S] [$] [0|9|G|,]* [.|D] [0|9]* [$] [PR|MI|S] */
#include "ir/binder.h"

#include <ctype.h>

/* One letter a token: 0 a group of digits, . point, $ dollar, S sign, M minus, < and > brackets, ? anything else. */
typedef struct Tokens {
    char at[64];
    int n, digits, scale;
    bool separators_bad, separators_late;
    char odd;
} Tokens;

static void token_add(Tokens *t, char c)
{
    if (t->n < (int)sizeof t->at)
        t->at[t->n++] = c;
}

static const char *read_group(Tokens *t, const char *at, bool point)
{
    const char *start = at;
    for (; *at && strchr("09,Gg", *at); at++) {
        bool separator = !isdigit((unsigned char)*at);
        t->digits += !separator;
        t->scale += point && !separator;
        t->separators_late = t->separators_late || (separator && point);
        t->separators_bad = t->separators_bad || (separator && (at == start || !isdigit((unsigned char)at[-1]) || !isdigit((unsigned char)at[1])));
    }
    token_add(t, '0');
    return at;
}

static void read_tokens(Tokens *t, const char *at)
{
    bool point = false;
    while (*at) {
        char c = (char)toupper((unsigned char)*at), next = (char)toupper((unsigned char)at[1]);
        if (strchr("09,G", c)) {
            at = read_group(t, at, point);
            continue;
        }
        if (c == 'M' && next == 'I') {
            token_add(t, 'M');
            at++;
        } else if (c == 'P' && next == 'R') {
            memmove(t->at + 1, t->at, (size_t)t->n < sizeof t->at ? (size_t)t->n : sizeof t->at - 1);
            t->at[0] = '<';
            t->n += t->n < (int)sizeof t->at;
            token_add(t, '>');
            at++;
        } else {
            bool known = strchr("S$", c) != NULL, dot = c == '.' || c == 'D';
            point = point || dot;
            t->odd = known || dot || t->odd ? t->odd : *at;
            token_add(t, dot ? '.' : known ? c : '?');
        }
        at++;
    }
}

static int count(const Tokens *t, char c)
{
    int n = 0;
    for (int i = 0; i < t->n; i++)
        n += t->at[i] == c;
    return n;
}

static int first(const Tokens *t, char c)
{
    for (int i = 0; i < t->n; i++)
        if (t->at[i] == c)
            return i;
    return -1;
}

/* The first token that is out of its place, -1: none. */
static int misplaced(const Tokens *t)
{
    static const char *const places[] = { "<", "MS", "$", "0", ".", "0", "$", "MS>" };
    int at = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        at += at < t->n && strchr(places[i], t->at[at]);
    return at < t->n ? at : -1;
}

static const char *token_name(Binder *b, const Tokens *t, char c)
{
    switch (c) {
    case '0': return "digit sequence";
    case '.': return ". or D";
    case '$': return "$";
    case 'S': return "S";
    case 'M': return "MI";
    case '<': case '>': return "PR";
    default: return arena_printf(b->a, "character '%c''", t->odd);
    }
}

/* The subclass of INVALID_FORMAT, NULL: a good one. */
static const char *fault(const Tokens *t, const char **ret_name, Binder *b)
{
    int dollar = first(t, '$'), digit = first(t, '0'), point = first(t, '.');
    if (!t->n)
        return "EMPTY";
    if (digit < 0)
        return "WRONG_NUM_DIGIT";
    if (digit < dollar)
        return "CUR_MUST_BEFORE_DIGIT";
    if (point >= 0 && point < dollar)
        return "CUR_MUST_BEFORE_DEC";
    if (t->separators_bad && !t->separators_late)
        return "CONT_THOUSANDS_SEPS";
    if (t->separators_late)
        return "THOUSANDS_SEPS_MUST_BEFORE_DEC";
    for (const char *c = ".SM$>"; *c; c++) {
        if (count(t, *c) > 1) {
            *ret_name = token_name(b, t, *c);
            return "WRONG_NUM_TOKEN";
        }
    }
    if (misplaced(t) < 0)
        return NULL;
    *ret_name = token_name(b, t, t->at[misplaced(t)]);
    return "UNEXPECTED_TOKEN";
}

static const char *words(const char *subclass)
{
    static const char *const texts[][2] = {
        { "CONT_THOUSANDS_SEPS", "Thousands separators (, or G) must have digits in between them in the number format." },
        { "CUR_MUST_BEFORE_DEC", "Currency characters must appear before any decimal point in the number format." },
        { "CUR_MUST_BEFORE_DIGIT", "Currency characters must appear before digits in the number format." },
        { "EMPTY", "The number format string cannot be empty." },
        { "THOUSANDS_SEPS_MUST_BEFORE_DEC", "Thousands separators (, or G) may not appear after the decimal point in the number format." },
        { "WRONG_NUM_DIGIT", "The format string requires at least one number digit." },
        { "WRONG_NUM_TOKEN", "At most one <token> is allowed in the number format." },
        { "UNEXPECTED_TOKEN", "Found the unexpected <token> in the format string; the structure of the format string must match: `[MI|S]` `[$]` "
                              "`[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`." },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(texts[i][0], subclass))
            return texts[i][1];
    return "";
}

Status number_format(Binder *b, const char *format, const Node *at, const Type **ret_type, Error *err)
{
    Tokens t = { 0 };
    const char *name = NULL;
    read_tokens(&t, format);
    const char *subclass = fault(&t, &name, b);
    if (subclass)
        return spark_error(err, at, arena_printf(b->a, "INVALID_FORMAT.%s", subclass), "42601",
                           arena_printf(b->a, "The format is invalid: <format>. %s", words(subclass)), "format",
                           arena_printf(b->a, "'%s'", format), name ? "token" : NULL, name, NULL);
    *ret_type = type_decimal_bounded(b->a, t.digits, t.scale);
    return ST_OK;
}
