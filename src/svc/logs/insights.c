/* svc/logs/insights.c -- the parser of Insights queries: recursive descent over the text itself. */
#include "svc/logs/insights_tree.h"

#include <ctype.h>
#include <stdio.h>

enum { DEPTH_MAX = 100, NAME_BYTES_MAX = 512 };

static Status malformed(const Scanner *s, Error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static Status malformed(const Scanner *s, Error *err, const char *format, ...)
{
    char why[512];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    FAIL_CODE(err, ST_INVALID, "MalformedQueryException", "Malformed query at character %zu: %s", (size_t)(s->at - s->text), why);
    return ST_INVALID;
}

/* --- words --- */

/* Spaces, and comments from # to the end of the line. */
static void skip(Scanner *s)
{
    for (;;) {
        scan_space(s);
        if (*s->at != '#')
            return;
        s->at += strcspn(s->at, "\n");
    }
}

static bool name_sign(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '@' || (unsigned char)c >= 0x80;
}

/* A keyword, in any case. */
static bool keyword(Scanner *s, const char *word)
{
    size_t n = strlen(word);
    skip(s);
    if (strncasecmp(s->at, word, n) != 0 || name_sign(s->at[n]))
        return false;
    s->at += n;
    return true;
}

static bool sign(Scanner *s, const char *text)
{
    size_t n = strlen(text);
    skip(s);
    if (strncmp(s->at, text, n) != 0)
        return false;
    s->at += n;
    return true;
}

static Status name(Scanner *s, const char **ret_name, Error *err)
{
    skip(s);
    bool quoted = *s->at == '`';
    const char *from = s->at + quoted, *to = from;
    while (quoted ? *to && *to != '`' : name_sign(*to))
        to++;
    if (to == from || (quoted && !*to) || (!quoted && isdigit((unsigned char)*from)))
        return malformed(s, err, "a field is expected");
    if (to - from > NAME_BYTES_MAX)
        return malformed(s, err, "a field's name is too long");
    *ret_name = arena_strn(s->arena, from, (size_t)(to - from));
    s->at = to + quoted;
    return ST_OK;
}

/* 'x' or "x" with backslashes. */
static Status text(Scanner *s, const char **ret_text, Error *err)
{
    char quote = *s->at, *out = arena_alloc(s->arena, strlen(s->at) + 1);
    size_t n = 0;
    const char *at = s->at + 1;
    for (; *at && *at != quote; at++) {
        if (*at == '\\' && (at[1] == quote || at[1] == '\\'))
            at++;
        out[n++] = *at;
    }
    if (!*at)
        return malformed(s, err, "a text is not closed");
    s->at = at + 1;
    *ret_text = out;
    return ST_OK;
}

static Status regex(Scanner *s, Regex **ret_regex, Error *err)
{
    const char *from = s->at + 1, *to = from;
    char why[256];
    while (*to && *to != '/')
        to += *to == '\\' && to[1] ? 2 : 1;
    if (!*to)
        return malformed(s, err, "a regular expression is not closed by /");
    if (!regex_compile(s->arena, from, (size_t)(to - from), ret_regex, why, sizeof why))
        return malformed(s, err, "invalid regular expression: %s", why);
    s->at = to + 1;
    return ST_OK;
}

static Status operand(Scanner *s, QueryOperand *ret_operand, Error *err)
{
    QueryOperand o = { 0 };
    skip(s);
    if (*s->at == '"' || *s->at == '\'') {
        TRY(text(s, &o.text, err));
    } else if (isdigit((unsigned char)*s->at) || ((*s->at == '-' || *s->at == '+') && isdigit((unsigned char)s->at[1]))) {
        const char *from = s->at++;
        while (isalnum((unsigned char)*s->at) || *s->at == '.' || ((*s->at == '-' || *s->at == '+') && (s->at[-1] == 'e' || s->at[-1] == 'E')))
            s->at++;
        double number;
        o.text = arena_strn(s->arena, from, (size_t)(s->at - from));
        if (!str_to_f64(o.text, &number))
            return malformed(s, err, "'%s' is no number", o.text);
    } else {
        o.is_field = true;
        TRY(name(s, &o.text, err));
        if (sign(s, "("))
            return malformed(s, err, "weir does not implement the function %s here", o.text);
    }
    *ret_operand = o;
    return ST_OK;
}

/* --- filter --- */

static Status parse_or(Scanner *s, QueryExpr **ret_expr, Error *err);

static QueryExpr *node(Scanner *s, QueryExprKind kind, QueryExpr *left, QueryExpr *right)
{
    QueryExpr *e = ARENA_NEW(s->arena, QueryExpr);
    e->kind = kind;
    e->left = left;
    e->right = right;
    return e;
}

static Status parse_list(Scanner *s, QueryExpr *e, Error *err)
{
    QueryOperand o;
    if (!sign(s, "["))
        return malformed(s, err, "[ is expected after in");
    do {
        TRY(operand(s, &o, err));
        vec_push(s->arena, &e->list, o);
    } while (sign(s, ","));
    return sign(s, "]") ? ST_OK : malformed(s, err, "] is expected");
}

static Status parse_like(Scanner *s, QueryExpr *e, Error *err)
{
    skip(s);
    if (*s->at == '/')
        return regex(s, &e->regex, err);
    return operand(s, &e->b, err);
}

static Status parse_compare(Scanner *s, QueryExpr **ret_expr, Error *err)
{
    static const struct {
        const char *text;
        Comparison comparison;
    } signs[] = { { "!=", CMP_NE }, { "<=", CMP_LE }, { ">=", CMP_GE }, { "=", CMP_EQ }, { "<", CMP_LT }, { ">", CMP_GT } };
    QueryExpr *e = node(s, Q_COMPARE, NULL, NULL);
    TRY(operand(s, &e->a, err));
    bool negated = keyword(s, "not");
    *ret_expr = negated ? node(s, Q_NOT, e, NULL) : e;
    if (keyword(s, "in")) {
        e->kind = Q_IN;
        return parse_list(s, e, err);
    }
    if (keyword(s, "like") || (!negated && sign(s, "=~"))) {
        e->kind = Q_LIKE;
        return parse_like(s, e, err);
    }
    for (size_t i = 0; !negated && i < sizeof signs / sizeof *signs; i++) {
        if (sign(s, signs[i].text)) {
            e->comparison = signs[i].comparison;
            return operand(s, &e->b, err);
        }
    }
    return malformed(s, err, "a comparison, like or in is expected");
}

static Status parse_primary(Scanner *s, QueryExpr **ret_expr, Error *err)
{
    if (++s->depth > DEPTH_MAX)
        return malformed(s, err, "more than %d conditions in each other", DEPTH_MAX);
    if (keyword(s, "not")) {
        QueryExpr *inner;
        TRY(parse_primary(s, &inner, err));
        *ret_expr = node(s, Q_NOT, inner, NULL);
    } else if (sign(s, "(")) {
        TRY(parse_or(s, ret_expr, err));
        if (!sign(s, ")"))
            return malformed(s, err, ") is expected");
    } else if (keyword(s, "ispresent")) {
        QueryExpr *e = node(s, Q_PRESENT, NULL, NULL);
        if (!sign(s, "("))
            return malformed(s, err, "( is expected");
        TRY(name(s, &e->a.text, err));
        e->a.is_field = true;
        if (!sign(s, ")"))
            return malformed(s, err, ") is expected");
        *ret_expr = e;
    } else {
        TRY(parse_compare(s, ret_expr, err));
    }
    s->depth--;
    return ST_OK;
}

static Status parse_and(Scanner *s, QueryExpr **ret_expr, Error *err)
{
    QueryExpr *left = NULL, *right = NULL;
    TRY(parse_primary(s, &left, err));
    while (keyword(s, "and")) {
        TRY(parse_primary(s, &right, err));
        left = node(s, Q_AND, left, right);
    }
    *ret_expr = left;
    return ST_OK;
}

static Status parse_or(Scanner *s, QueryExpr **ret_expr, Error *err)
{
    QueryExpr *left = NULL, *right = NULL;
    TRY(parse_and(s, &left, err));
    while (keyword(s, "or")) {
        TRY(parse_and(s, &right, err));
        left = node(s, Q_OR, left, right);
    }
    *ret_expr = left;
    return ST_OK;
}

/* --- commands --- */

static Status parse_fields(Scanner *s, QueryCommand *c, Error *err)
{
    do {
        QueryField f = { .field = "" };
        TRY(name(s, &f.field, err));
        if (sign(s, "("))
            return malformed(s, err, "weir does not implement the function %s in fields", f.field);
        f.name = f.field;
        if (keyword(s, "as"))
            TRY(name(s, &f.name, err));
        vec_push(s->arena, &c->fields, f);
    } while (sign(s, ","));
    return ST_OK;
}

/* parse @message "user=*, took * ms" as user, took */
static Status parse_parse(Scanner *s, QueryCommand *c, Error *err)
{
    const char *glob = "", *at, *star;
    c->from = "@message";
    skip(s);
    if (*s->at != '"' && *s->at != '\'' && *s->at != '/')
        TRY(name(s, &c->from, err));
    skip(s);
    if (*s->at == '/')
        return malformed(s, err, "weir does not implement parse with a regular expression");
    if (*s->at != '"' && *s->at != '\'')
        return malformed(s, err, "a pattern in quotes is expected");
    TRY(text(s, &glob, err));
    for (at = glob; (star = strchr(at, '*')); at = star + 1)
        vec_push(s->arena, &c->pieces, arena_strn(s->arena, at, (size_t)(star - at)));
    vec_push(s->arena, &c->pieces, at);
    if (!keyword(s, "as"))
        return malformed(s, err, "as is expected");
    do {
        QueryField f = { 0 };
        TRY(name(s, &f.name, err));
        vec_push(s->arena, &c->fields, f);
    } while (sign(s, ","));
    return c->fields.len + 1 == c->pieces.len ? ST_OK : malformed(s, err, "there are %zu * and %zu names", c->pieces.len - 1, c->fields.len);
}

static Status parse_stat(Scanner *s, Insights *q, Error *err)
{
    static const char *const names[] = { "count", "count_distinct", "sum", "avg", "min", "max" };
    QueryStat stat = { 0 };
    const char *from, *function = "";
    skip(s);
    from = s->at;
    TRY(name(s, &function, err));
    size_t i = 0;
    while (i < 6 && strcasecmp(names[i], function) != 0)
        i++;
    if (i == 6)
        return malformed(s, err, "weir does not implement the statistic %s", function);
    stat.aggregate = (QueryAggregate)i;
    if (!sign(s, "("))
        return malformed(s, err, "( is expected after %s", function);
    if (!(stat.aggregate == Q_COUNT && (sign(s, "*") || (skip(s), *s->at == ')'))))
        TRY(name(s, &stat.field, err));
    if (!sign(s, ")"))
        return malformed(s, err, ") is expected");
    stat.name = arena_strn(s->arena, from, (size_t)(s->at - from));
    if (keyword(s, "as"))
        TRY(name(s, &stat.name, err));
    vec_push(s->arena, &q->stats, stat);
    return ST_OK;
}

static Status parse_bin(Scanner *s, QueryBy *by, Error *err)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 } };
    int64_t count = 0;
    skip(s);
    while (isdigit((unsigned char)*s->at) && count < 100000)
        count = count * 10 + (*s->at++ - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units && !by->bin_ms; i++) {
        if (keyword(s, units[i].unit))
            by->bin_ms = (count ? count : 1) * units[i].ms;
    }
    if (!by->bin_ms)
        return malformed(s, err, "a period such as 5m is expected: ms, s, m, h, d, w");
    return sign(s, ")") ? ST_OK : malformed(s, err, ") is expected");
}

static Status parse_by(Scanner *s, Insights *q, Error *err)
{
    do {
        QueryBy by = { .field = "" };
        skip(s);
        const char *from = s->at;
        TRY(name(s, &by.field, err));
        if (sign(s, "(")) {
            if (strcasecmp(by.field, "bin") != 0)
                return malformed(s, err, "weir does not implement the function %s after by", by.field);
            by.field = NULL;
            TRY(parse_bin(s, &by, err));
        }
        by.name = by.field ? by.field : arena_strn(s->arena, from, (size_t)(s->at - from));
        if (keyword(s, "as"))
            TRY(name(s, &by.name, err));
        vec_push(s->arena, &q->by, by);
    } while (sign(s, ","));
    return ST_OK;
}

static Status parse_stats(Scanner *s, Insights *q, Error *err)
{
    q->has_stats = true;
    do
        TRY(parse_stat(s, q, err));
    while (sign(s, ","));
    return keyword(s, "by") ? parse_by(s, q, err) : ST_OK;
}

static Status parse_sort(Scanner *s, Insights *q, Error *err)
{
    q->sort.len = 0; /* the last one counts */
    do {
        QuerySort sort = { .down = true };
        skip(s);
        const char *from = s->at;
        TRY(name(s, &sort.field, err));
        if (sign(s, "(")) { /* sort count(*): by its name as it is shown */
            while (*s->at && *s->at != ')')
                s->at++;
            if (!sign(s, ")"))
                return malformed(s, err, ") is expected");
            sort.field = arena_strn(s->arena, from, (size_t)(s->at - from));
        }
        if (keyword(s, "asc"))
            sort.down = false;
        else
            keyword(s, "desc");
        vec_push(s->arena, &q->sort, sort);
    } while (sign(s, ","));
    return ST_OK;
}

static Status parse_limit(Scanner *s, Insights *q, Error *err)
{
    skip(s);
    size_t n = 0;
    while (isdigit((unsigned char)*s->at) && n <= INSIGHTS_LIMIT)
        n = n * 10 + (size_t)(*s->at++ - '0');
    if (!n || n > INSIGHTS_LIMIT)
        return malformed(s, err, "limit is from 1 to %d", INSIGHTS_LIMIT);
    q->limit = n;
    return ST_OK;
}

static Status parse_command(Scanner *s, Insights *q, Error *err)
{
    QueryCommand c = { 0 };
    if (keyword(s, "sort"))
        return parse_sort(s, q, err);
    if (keyword(s, "limit"))
        return parse_limit(s, q, err);
    if (keyword(s, "stats"))
        return q->has_stats ? malformed(s, err, "weir does not implement a second stats") : parse_stats(s, q, err);
    const char *from = s->at;
    if (keyword(s, "fields") || keyword(s, "display")) {
        c.kind = tolower((unsigned char)*from) == 'f' ? Q_FIELDS : Q_DISPLAY;
        TRY(parse_fields(s, &c, err));
    } else if (keyword(s, "filter")) {
        c.kind = Q_FILTER;
        TRY(parse_or(s, &c.filter, err));
    } else if (keyword(s, "parse")) {
        c.kind = Q_PARSE;
        TRY(parse_parse(s, &c, err));
    } else {
        size_t n = strcspn(s->at, " \t\r\n|");
        return malformed(s, err, "weir does not implement the command '%.*s'", (int)(n < 100 ? n : 100), s->at);
    }
    if (q->has_stats)
        return malformed(s, err, "weir implements only sort and limit after stats");
    vec_push(s->arena, &q->commands, c);
    return ST_OK;
}

Status insights_parse(Arena *a, const char *source, Insights **ret_query, Error *err)
{
    Scanner s = { .arena = a, .text = source, .at = source };
    Insights *q = ARENA_NEW(a, Insights);
    if (strlen(source) > INSIGHTS_TEXT_MAX)
        return malformed(&s, err, "it is longer than %d bytes", INSIGHTS_TEXT_MAX);
    do
        TRY(parse_command(&s, q, err));
    while (sign(&s, "|"));
    skip(&s);
    if (*s.at)
        return malformed(&s, err, "| is expected");
    *ret_query = q;
    return ST_OK;
}
