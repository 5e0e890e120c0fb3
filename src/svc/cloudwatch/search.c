/* svc/cloudwatch/search.c -- SEARCH('{Namespace,Dim1,Dim2} tokens', 'Stat', Period).
 *
 *   search := [ {Namespace[, Dim…]} ] or      or := and (OR and)*      and := not (AND? not)*      not := NOT not | atom
 *   atom := (or) | [name=] word | [name=] "exact"        name: MetricName, Namespace, a dimension's name
 *
 * The braces ask for metrics with exactly these dimensions. A word matches when a token of a name or value begins with it as a
 * whole token, case aside; a quoted one when the whole is equal. Source: "CloudWatch search expression syntax". */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/internal.h"

#include <ctype.h>
#include <strings.h>

enum { NESTING_MAX = 100, FOUND_MAX = 100000 };
static const int64_t LISTED_MS = 14LL * 86400 * 1000;

typedef struct Search {
    Arena *arena;
    const char *text, *at;
    const SeriesMetric *metric;
    int depth;
    Error *err;
} Search;

static Status search_or(Search *s, bool *ret_match);

static Status wrong(Search *s)
{
    return cw_validation(s->err, "Error in SEARCH expression '%.200s' at position %zu", s->text, (size_t)(s->at - s->text) + 1);
}

static void blanks(Search *s)
{
    while (isspace((unsigned char)*s->at))
        s->at++;
}

static bool eat_word(Search *s, const char *word)
{
    blanks(s);
    size_t n = strlen(word);
    if (strncmp(s->at, word, n) != 0 || (s->at[n] && !isspace((unsigned char)s->at[n]) && s->at[n] != '(' && s->at[n] != ')'))
        return false;
    s->at += n;
    return true;
}

/* A word up to a blank, bracket or '='; or what is in quotes. */
static Status read_term(Search *s, const char **ret_text, bool *ret_exact)
{
    blanks(s);
    *ret_exact = *s->at == '"' || *s->at == '\'';
    char quote = *s->at;
    const char *start = *ret_exact ? ++s->at : s->at;
    while (*s->at && (*ret_exact ? *s->at != quote : !isspace((unsigned char)*s->at) && !strchr("()=,{}\"'", *s->at)))
        s->at++;
    *ret_text = arena_strn(s->arena, start, (size_t)(s->at - start));
    if (*ret_exact && *s->at++ != quote) {
        s->at--;
        return wrong(s);
    }
    return **ret_text || *ret_exact ? ST_OK : wrong(s);
}

/* Tokens are runs of letters and digits; camelCase begins new ones. */
static bool has_token(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *c = text; *c; c++) {
        bool begins = c == text || !isalnum((unsigned char)c[-1]) || (isupper((unsigned char)*c) && islower((unsigned char)c[-1]));
        char after = strlen(c) >= n ? c[n] : 'a';
        bool ends = !after || !isalnum((unsigned char)after) || isupper((unsigned char)after);
        if (begins && ends && strncasecmp(c, word, n) == 0)
            return true;
    }
    return false;
}

static bool fits(const char *text, const char *term, bool exact)
{
    return exact ? str_eq(text, term) : has_token(text, term);
}

static bool matches(const SeriesKey *key, const char *name, const char *term, bool exact)
{
    bool any = !name;
    if ((any || str_ieq(name, "MetricName")) && fits(key->name, term, exact))
        return true;
    if ((any || str_ieq(name, "Namespace")) && fits(key->space, term, exact))
        return true;
    for (size_t i = 0; i < key->dimensions_len; i++) {
        const SeriesDimension *d = &key->dimensions[i];
        if ((any || str_eq(d->name, name)) && fits(d->value, term, exact))
            return true;
        if (any && fits(d->name, term, exact))
            return true;
    }
    return false;
}

static Status search_atom(Search *s, bool *ret_match)
{
    const char *term, *name = NULL;
    bool exact;
    blanks(s);
    if (*s->at == '(') {
        s->at++;
        TRY(search_or(s, ret_match));
        blanks(s);
        return *s->at++ == ')' ? ST_OK : wrong(s);
    }
    TRY(read_term(s, &term, &exact));
    blanks(s);
    if (*s->at == '=') {
        s->at++;
        name = term;
        blanks(s);
        if (*s->at == '(') { /* name=("a" OR "b") */
            bool any = false;
            s->at++;
            do {
                TRY(read_term(s, &term, &exact));
                any = any || matches(&s->metric->key, name, term, exact);
            } while (eat_word(s, "OR"));
            *ret_match = any;
            blanks(s);
            return *s->at++ == ')' ? ST_OK : wrong(s);
        }
        TRY(read_term(s, &term, &exact));
    }
    *ret_match = matches(&s->metric->key, name, term, exact);
    return ST_OK;
}

static Status search_not(Search *s, bool *ret_match)
{
    if (!eat_word(s, "NOT"))
        return search_atom(s, ret_match);
    if (++s->depth > NESTING_MAX)
        return wrong(s);
    TRY(search_not(s, ret_match));
    s->depth--;
    *ret_match = !*ret_match;
    return ST_OK;
}

static Status search_and(Search *s, bool *ret_match)
{
    bool next;
    TRY(search_not(s, ret_match));
    for (;;) {
        const char *before = s->at;
        bool named = eat_word(s, "AND");
        blanks(s);
        if (!named && (!*s->at || *s->at == ')'))
            return ST_OK;
        if (!named && eat_word(s, "OR")) {
            s->at = before;
            return ST_OK;
        }
        TRY(search_not(s, &next));
        *ret_match = *ret_match && next;
    }
}

static Status search_or(Search *s, bool *ret_match)
{
    bool next;
    if (++s->depth > NESTING_MAX)
        return wrong(s);
    TRY(search_and(s, ret_match));
    while (eat_word(s, "OR")) {
        TRY(search_and(s, &next));
        *ret_match = *ret_match || next;
    }
    s->depth--;
    return ST_OK;
}

/* {Namespace, Dim, …}: exactly these dimensions. */
static Status read_schema(Search *s, StrList *ret_schema)
{
    const char *term;
    bool exact;
    blanks(s);
    if (*s->at != '{')
        return ST_OK;
    do {
        s->at++;
        TRY(read_term(s, &term, &exact));
        vec_push(s->arena, ret_schema, term);
        blanks(s);
    } while (*s->at == ',');
    return *s->at++ == '}' ? ST_OK : wrong(s);
}

static bool schema_fits(const SeriesKey *key, const StrList *schema)
{
    if (!schema->len)
        return true;
    if (!str_eq(key->space, schema->at[0]) || key->dimensions_len != schema->len - 1)
        return false;
    for (size_t i = 0; i < key->dimensions_len; i++) {
        bool found = false;
        for (size_t j = 1; j < schema->len; j++)
            found = found || str_eq(schema->at[j], key->dimensions[i].name);
        if (!found)
            return false;
    }
    return true;
}

static const char *search_label(Arena *a, const SeriesMetric *metric)
{
    str_auto label = STR_INIT(8192);
    for (size_t i = 0; i < metric->key.dimensions_len; i++)
        str_addf(&label, "%s ", metric->key.dimensions[i].value);
    str_add(&label, metric->key.name);
    return str_arena(&label, a);
}

static Status search_one(Search *s, const StrList *schema, const char *start, bool *ret_match)
{
    s->at = start;
    s->depth = 0;
    blanks(s);
    *ret_match = schema->len > 0;
    if (*s->at)
        TRY(search_or(s, ret_match));
    blanks(s);
    if (*s->at)
        return wrong(s);
    *ret_match = *ret_match && schema_fits(&s->metric->key, schema);
    return ST_OK;
}

Status search_eval(QuerySet *set, const char *expression, const char *stat, int64_t period_s, MathValue *ret_value, Error *err)
{
    Search s = { .arena = set->arena, .text = expression, .at = expression, .err = err };
    StrList schema = { 0 };
    SeriesMetrics all = { 0 };
    Stat parsed;
    MathValue made = { .kind = MATH_LINES, .array = true };
    if (!stat_parse(stat, &parsed))
        return cw_validation(err, "Error in SEARCH expression: %.100s is no statistic", stat);
    if (period_s < 1 || (period_s % 60 && period_s > 30))
        return cw_validation(err, "Error in SEARCH expression: the period %lld is not valid", (long long)period_s);
    TRY(read_schema(&s, &schema));
    const char *start = s.at;
    SeriesFilter filter = { .region = set->region, .space = schema.len ? schema.at[0] : NULL, .active_since_ms = clock_ms() - LISTED_MS, .limit = FOUND_MAX };
    series_list(set->server->series, set->arena, &filter, &all);
    SeriesMetric none = { .key = { "", "", "", NULL, 0 } };
    bool match;
    s.metric = &none;
    TRY(search_one(&s, &schema, start, &match)); /* its syntax, also when there is nothing to look through */
    for (size_t i = 0; i < all.len && made.lines.len < SEARCH_MAX; i++) {
        s.metric = &all.at[i];
        TRY(search_one(&s, &schema, start, &match));
        if (!match)
            continue;
        Line *line;
        TRY(metric_line(set, &all.at[i].key, stat, NULL, period_s, &line, err));
        line->metric = &all.at[i];
        line->label = search_label(set->arena, &all.at[i]);
        vec_push(set->arena, &made.lines, line);
    }
    *ret_value = made;
    return ST_OK;
}
