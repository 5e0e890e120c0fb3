/* svc/logs/condition.c -- see condition.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "svc/logs/condition.h"

#include <ctype.h>
#include <math.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { REGEXES_MAX = 2, MATCH_STEPS_MAX = 100000, MATCH_DEPTH_MAX = 1000 };

/* --- reading --- */

Status scan_fail(const Scanner *s, Error *err, const char *format, ...)
{
    char why[512];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return FAIL_CODE(err, ST_INVALID, "InvalidParameterException", "Invalid filter pattern at character %zu: %s", (size_t)(s->at - s->text), why);
}

void scan_space(Scanner *s)
{
    while (isspace((unsigned char)*s->at))
        s->at++;
}

bool scan_take(Scanner *s, const char *word)
{
    size_t n = strlen(word);
    scan_space(s);
    if (strncmp(s->at, word, n) != 0 || (isalpha((unsigned char)word[0]) && (isalnum((unsigned char)s->at[n]) || s->at[n] == '_')))
        return false;
    s->at += n;
    return true;
}

Status scan_quoted(Scanner *s, const char **ret_text, size_t *ret_length, Error *err)
{
    char *out = arena_alloc(s->arena, strlen(s->at) + 1);
    size_t n = 0;
    const char *at = s->at + 1;
    for (; *at && *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        out[n++] = *at;
    }
    if (!*at)
        return scan_fail(s, err, "a quotation mark is not closed");
    s->at = at + 1;
    *ret_text = out;
    *ret_length = n;
    return ST_OK;
}

/* --- regular expressions --- */

struct Regex {
    pcre2_code *code;
};

static void regex_free(void *code)
{
    pcre2_code_free(code);
}

/* Anchors, [], {}, |, ., quantifiers, classes: no groups, no look-around, no back references. */
static Status regex_check(Scanner *s, const char *text, size_t length, Error *err)
{
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\') {
            i++;
            if (i == length || (isalnum((unsigned char)text[i]) && !strchr("dDsSwWx", text[i])))
                return scan_fail(s, err, "regular expressions have no escape \\%c here", i < length ? text[i] : ' ');
        } else if (inside || text[i] == '[') {
            inside = text[i] != ']' || (i && text[i - 1] == '[');
        } else if (text[i] == '(' || text[i] == ')') {
            return scan_fail(s, err, "regular expressions have no groups: write \\%c for the sign itself", text[i]);
        }
    }
    return ST_OK;
}

bool regex_compile(Arena *a, const char *text, size_t length, Regex **ret_regex, char *why, size_t why_bytes)
{
    int number;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, length, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL, &number, &at, NULL);
    if (!code) {
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, why_bytes);
        return false;
    }
    arena_defer(a, regex_free, code);
    *ret_regex = ARENA_NEW(a, Regex);
    (*ret_regex)->code = code;
    return true;
}

Status regex_make(Scanner *s, const char *text, size_t length, Regex **ret_regex, Error *err)
{
    char why[256];
    TRY(regex_check(s, text, length, err));
    if (++s->regexes > REGEXES_MAX)
        return scan_fail(s, err, "a pattern has at most %d regular expressions", REGEXES_MAX);
    return regex_compile(s->arena, text, length, ret_regex, why, sizeof why) ? ST_OK : scan_fail(s, err, "invalid regular expression: %s", why);
}

bool regex_matches(const Regex *r, const char *text, size_t length)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (!limits || !data)
        abort();
    pcre2_set_match_limit(limits, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(limits, MATCH_DEPTH_MAX);
    int rc = pcre2_match(r->code, (PCRE2_SPTR)text, length, 0, 0, data, limits);
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return rc >= 0;
}

Status scan_regex(Scanner *s, Regex **ret_regex, Error *err)
{
    const char *from = s->at + 1, *to = from;
    while (*to && *to != '%')
        to += *to == '\\' && to[1] ? 2 : 1;
    if (!*to)
        return scan_fail(s, err, "a regular expression is not closed by %%");
    TRY(regex_make(s, from, (size_t)(to - from), ret_regex, err));
    s->at = to + 1;
    return ST_OK;
}

/* --- conditions --- */

static bool scan_operator(Scanner *s, Comparison *ret_comparison)
{
    static const struct {
        const char *sign;
        Comparison comparison;
    } signs[] = { { "!=", CMP_NE }, { "<=", CMP_LE }, { ">=", CMP_GE }, { "=", CMP_EQ }, { "<", CMP_LT }, { ">", CMP_GT } };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (scan_take(s, signs[i].sign)) {
            *ret_comparison = signs[i].comparison;
            return true;
        }
    }
    return false;
}

/* IS NULL, IS TRUE, IS FALSE, NOT EXISTS. */
static bool scan_state(Scanner *s, Comparison *ret_comparison)
{
    const char *before = s->at;
    if (scan_take(s, "NOT") && scan_take(s, "EXISTS")) {
        *ret_comparison = CMP_MISSING;
        return true;
    }
    s->at = before;
    if (scan_take(s, "IS")) {
        *ret_comparison = scan_take(s, "NULL") ? CMP_NULL : scan_take(s, "TRUE") ? CMP_TRUE : scan_take(s, "FALSE") ? CMP_FALSE : CMP_EQ;
        if (*ret_comparison != CMP_EQ)
            return true;
    }
    s->at = before;
    return false;
}

static bool number_of(const char *text, size_t length, double *ret_number)
{
    char copy[64], *end;
    if (!length || length >= sizeof copy || !(isdigit((unsigned char)text[0]) || strchr("+-.", text[0])))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    if (strpbrk(copy, "xXnNiIpP")) /* strtod's hexadecimal, nan, inf */
        return false;
    *ret_number = strtod(copy, &end);
    return !*end && isfinite(*ret_number);
}

static Status scan_value(Scanner *s, const char *ends, Condition *c, Error *err)
{
    scan_space(s);
    if (*s->at == '"')
        return scan_quoted(s, &c->text, &c->length, err);
    if (*s->at == '%')
        return scan_regex(s, &c->regex, err);
    const char *from = s->at;
    while (*s->at && !isspace((unsigned char)*s->at) && !strchr(ends, *s->at) && strncmp(s->at, "&&", 2) != 0 && strncmp(s->at, "||", 2) != 0)
        s->at++;
    c->length = (size_t)(s->at - from);
    c->text = arena_strn(s->arena, from, c->length);
    if (!c->length)
        return scan_fail(s, err, "a value is missing");
    c->is_number = number_of(c->text, c->length, &c->number);
    return ST_OK;
}

Status scan_condition(Scanner *s, const char *ends, bool json, Condition *ret_condition, Error *err)
{
    Condition c = { 0 };
    if (json && scan_state(s, &c.comparison)) {
        *ret_condition = c;
        return ST_OK;
    }
    if (!scan_operator(s, &c.comparison))
        return scan_fail(s, err, json ? "=, !=, <, <=, >, >=, IS or NOT EXISTS is expected" : "=, !=, <, <=, > or >= is expected");
    TRY(scan_value(s, ends, &c, err));
    if (c.comparison != CMP_EQ && c.comparison != CMP_NE && !c.is_number)
        return scan_fail(s, err, "<, <=, > and >= compare numbers");
    *ret_condition = c;
    return ST_OK;
}

bool wildcard_matches(const char *pattern, size_t pattern_len, const char *text, size_t length)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < length) {
        if (p < pattern_len && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern_len && pattern[p] == text[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern_len && pattern[p] == '*')
        p++;
    return p == pattern_len;
}

static bool compare(Comparison comparison, double x, double y)
{
    switch (comparison) {
    case CMP_EQ: return x == y;
    case CMP_NE: return x != y;
    case CMP_LT: return x < y;
    case CMP_LE: return x <= y;
    case CMP_GT: return x > y;
    case CMP_GE: return x >= y;
    default: return false;
    }
}

bool condition_text(const Condition *c, const char *text, size_t length)
{
    double number;
    if (c->is_number && number_of(text, length, &number))
        return compare(c->comparison, number, c->number);
    if (c->comparison != CMP_EQ && c->comparison != CMP_NE)
        return false;
    bool same = c->regex ? regex_matches(c->regex, text, length) : wildcard_matches(c->text, c->length, text, length);
    return same == (c->comparison == CMP_EQ);
}

static bool condition_plain(const Condition *c, const char *text)
{
    return condition_text(c, text, strlen(text));
}

bool condition_json(const Condition *c, const Val *v)
{
    char digits[40];
    if (c->comparison == CMP_MISSING)
        return !v;
    if (!v)
        return false;
    if (c->comparison == CMP_NULL)
        return v->kind == VAL_NULL;
    if (c->comparison == CMP_TRUE || c->comparison == CMP_FALSE)
        return v->kind == VAL_BOOL && v->b == (c->comparison == CMP_TRUE);
    switch (v->kind) {
    case VAL_STR: return condition_text(c, v->s, v->len);
    case VAL_BOOL: return condition_plain(c, v->b ? "true" : "false");
    case VAL_INT:
    case VAL_DOUBLE:
        if (c->is_number)
            return compare(c->comparison, v->kind == VAL_INT ? (double)v->i : v->d, c->number);
        if (v->kind == VAL_INT)
            snprintf(digits, sizeof digits, "%lld", (long long)v->i);
        else
            snprintf(digits, sizeof digits, "%.17g", v->d);
        return condition_plain(c, digits);
    default: return false; /* null, an object and an array equal nothing */
    }
}
