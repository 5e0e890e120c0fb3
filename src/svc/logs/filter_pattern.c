/* svc/logs/filter_pattern.c -- see pattern.h. */
#include "svc/logs/filter_pattern.h"

#include "base/vec.h"
#include "svc/logs/condition.h"

#include <ctype.h>
#include <stdio.h>

enum { NESTING_MAX = 100, PATH_MAX_STEPS = 32, INDEX_MAX = 100000000 };

typedef enum PatternKind { PATTERN_TERMS, PATTERN_FIELDS, PATTERN_JSON } PatternKind;
typedef enum TermKind { TERM_ALL, TERM_ANY, TERM_NONE } TermKind;

typedef struct Term {
    TermKind kind;
    Regex *regex;
    const char *text;
    size_t length;
} Term;

/* $.a.b[0]: names, and indexes into arrays. */
typedef struct Step {
    const char *name; /* NULL: index */
    size_t index;
} Step;
typedef struct Selector {
    const char *text;
    Step steps[PATH_MAX_STEPS];
    size_t len;
} Selector;

typedef enum ExprKind { EXPR_AND, EXPR_OR, EXPR_TEST } ExprKind;
typedef struct Expr {
    ExprKind kind;
    struct Expr *left, *right;
    Selector *selector;  /* of JSON; NULL: the field at hand */
    Condition condition;
} Expr;

typedef struct Column {
    const char *name;    /* NULL: unnamed */
    bool rest;           /* ... */
    Expr *expr;          /* NULL: any */
} Column;

struct FilterPattern {
    PatternKind kind;
    VEC(Term) terms;
    bool only_any;       /* nothing but ?terms */
    VEC(Column) columns;
    size_t rest;         /* the column that is ..., or SIZE_MAX */
    Expr *expr;
    VEC(Selector *) selectors; /* of the expression, in order */
};

/* --- terms --- */

static Status parse_term(Scanner *s, Term *t, Error *err)
{
    if (*s->at == '"')
        return scan_quoted(s, &t->text, &t->length, err);
    if (*s->at == '%')
        return scan_regex(s, &t->regex, err);
    const char *from = s->at;
    while (*s->at && !isspace((unsigned char)*s->at))
        s->at++;
    t->length = (size_t)(s->at - from);
    t->text = arena_strn(s->arena, from, t->length);
    for (size_t i = 0; i < t->length; i++) {
        unsigned char c = (unsigned char)t->text[i];
        if (!isalnum(c) && c != '_' && c < 0x80)
            return FAIL_CODE(err, ST_INVALID, "InvalidParameterException", "Invalid character(s) in term '%s'", t->text);
    }
    return t->length ? ST_OK : scan_fail(s, err, "a term is missing");
}

/* "You can't combine the question mark with other filter patterns": then the terms that have it are ignored. */
static Status parse_terms(Scanner *s, FilterPattern *p, Error *err)
{
    p->only_any = true;
    for (scan_space(s); *s->at; scan_space(s)) {
        Term t = { .kind = TERM_ALL };
        if (*s->at == '?' || *s->at == '-') {
            t.kind = *s->at++ == '?' ? TERM_ANY : TERM_NONE;
            scan_space(s);
        }
        TRY(parse_term(s, &t, err));
        vec_push(s->arena, &p->terms, t);
        p->only_any = p->only_any && t.kind == TERM_ANY;
    }
    return ST_OK;
}

static bool term_found(const Term *t, const char *message, size_t length)
{
    return t->regex ? regex_matches(t->regex, message, length) : !t->length || memmem(message, length, t->text, t->length) != NULL;
}

static bool terms_match(const FilterPattern *p, const char *message, size_t length)
{
    for (size_t i = 0; i < p->terms.len; i++) {
        const Term *t = &p->terms.at[i];
        if (t->kind == TERM_ANY && !p->only_any)
            continue;
        bool found = term_found(t, message, length);
        if (p->only_any && found)
            return true;
        if (!p->only_any && found != (t->kind == TERM_ALL))
            return false;
    }
    return !p->only_any || !p->terms.len;
}

/* --- expressions --- */

typedef Status (*ParseTest)(Scanner *s, FilterPattern *p, void *context, Expr **ret_expr, Error *err);

static Status parse_or(Scanner *s, FilterPattern *p, ParseTest test, void *context, Expr **ret_expr, Error *err);

static Status parse_primary(Scanner *s, FilterPattern *p, ParseTest test, void *context, Expr **ret_expr, Error *err)
{
    if (!scan_take(s, "("))
        return test(s, p, context, ret_expr, err);
    if (++s->depth > NESTING_MAX)
        return scan_fail(s, err, "more than %d parentheses in each other", NESTING_MAX);
    TRY(parse_or(s, p, test, context, ret_expr, err));
    s->depth--;
    return scan_take(s, ")") ? ST_OK : scan_fail(s, err, ") is expected");
}

static Expr *joined(Scanner *s, ExprKind kind, Expr *left, Expr *right)
{
    Expr *e = ARENA_NEW(s->arena, Expr);
    *e = (Expr){ .kind = kind, .left = left, .right = right };
    return e;
}

static Status parse_and(Scanner *s, FilterPattern *p, ParseTest test, void *context, Expr **ret_expr, Error *err)
{
    Expr *left = NULL, *right = NULL;
    TRY(parse_primary(s, p, test, context, &left, err));
    while (scan_take(s, "&&")) {
        TRY(parse_primary(s, p, test, context, &right, err));
        left = joined(s, EXPR_AND, left, right);
    }
    *ret_expr = left;
    return ST_OK;
}

static Status parse_or(Scanner *s, FilterPattern *p, ParseTest test, void *context, Expr **ret_expr, Error *err)
{
    Expr *left = NULL, *right = NULL;
    TRY(parse_and(s, p, test, context, &left, err));
    while (scan_take(s, "||")) {
        TRY(parse_and(s, p, test, context, &right, err));
        left = joined(s, EXPR_OR, left, right);
    }
    *ret_expr = left;
    return ST_OK;
}

/* --- JSON --- */

static bool name_sign(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '@' || c == '$' || (unsigned char)c >= 0x80;
}

static Status parse_index(Scanner *s, Step *ret_step, Error *err)
{
    s->at++;
    *ret_step = (Step){ 0 };
    if (*s->at == '"') {
        size_t length;
        TRY(scan_quoted(s, &ret_step->name, &length, err));
    } else if (isdigit((unsigned char)*s->at)) {
        while (isdigit((unsigned char)*s->at)) {
            ret_step->index = ret_step->index * 10 + (size_t)(*s->at++ - '0');
            if (ret_step->index > INDEX_MAX)
                return scan_fail(s, err, "the index is too large");
        }
    } else {
        return scan_fail(s, err, "an index is expected after [");
    }
    if (*s->at++ != ']') {
        s->at--;
        return scan_fail(s, err, "] is expected");
    }
    return ST_OK;
}

static Status parse_selector(Scanner *s, Selector **ret_selector, Error *err)
{
    Selector *selector = ARENA_NEW(s->arena, Selector);
    scan_space(s);
    const char *from = s->at;
    if (*s->at++ != '$') {
        s->at--;
        return scan_fail(s, err, "a selector such as $.name is expected");
    }
    while (*s->at == '.' || *s->at == '[') {
        Step step = { 0 };
        if (selector->len == PATH_MAX_STEPS)
            return scan_fail(s, err, "a selector has at most %d parts", PATH_MAX_STEPS);
        if (*s->at == '.' && s->at[1] != '[') {
            const char *name = ++s->at;
            while (name_sign(*s->at))
                s->at++;
            if (s->at == name)
                return scan_fail(s, err, "a name is expected after .");
            step.name = arena_strn(s->arena, name, (size_t)(s->at - name));
        } else {
            s->at += *s->at == '.';
            TRY(parse_index(s, &step, err));
        }
        selector->steps[selector->len++] = step;
    }
    if (!selector->len)
        return scan_fail(s, err, "a selector such as $.name is expected");
    selector->text = arena_strn(s->arena, from, (size_t)(s->at - from));
    *ret_selector = selector;
    return ST_OK;
}

static const Val *selected(const Selector *selector, const Val *v)
{
    for (size_t i = 0; v && i < selector->len; i++) {
        const Step *step = &selector->steps[i];
        if (step->name)
            v = v->kind == VAL_MAP ? val_get(v, step->name) : NULL;
        else
            v = v->kind == VAL_LIST && step->index < v->len ? v->items[step->index] : NULL;
    }
    return v;
}

static Status parse_json_test(Scanner *s, FilterPattern *p, void *context, Expr **ret_expr, Error *err)
{
    (void)context;
    Expr *e = joined(s, EXPR_TEST, NULL, NULL);
    bool missing = false;
    const char *before = s->at;
    if (scan_take(s, "NOT") && scan_take(s, "EXISTS")) /* also in front */
        missing = true;
    else
        s->at = before;
    TRY(parse_selector(s, &e->selector, err));
    if (missing)
        e->condition.comparison = CMP_MISSING;
    else
        TRY(scan_condition(s, "(){}", true, &e->condition, err));
    vec_push(s->arena, &p->selectors, e->selector);
    *ret_expr = e;
    return ST_OK;
}

static Status parse_json(Scanner *s, FilterPattern *p, Error *err)
{
    s->at++;
    TRY(parse_or(s, p, parse_json_test, NULL, &p->expr, err));
    return scan_take(s, "}") ? ST_OK : scan_fail(s, err, "} is expected");
}

static bool json_holds(const Expr *e, const Val *v)
{
    if (e->kind == EXPR_TEST)
        return condition_json(&e->condition, selected(e->selector, v));
    bool left = json_holds(e->left, v);
    return e->kind == EXPR_AND ? left && json_holds(e->right, v) : left || json_holds(e->right, v);
}

/* --- fields --- */

/* status = 4* || status = 5*: each test names the column. */
static Status parse_field_test(Scanner *s, FilterPattern *p, void *context, Expr **ret_expr, Error *err)
{
    (void)p;
    const char *name = context;
    Expr *e = joined(s, EXPR_TEST, NULL, NULL);
    if (!scan_take(s, name))
        return scan_fail(s, err, "'%s' is expected: a condition is about its own field", name);
    TRY(scan_condition(s, ",()[]", false, &e->condition, err));
    *ret_expr = e;
    return ST_OK;
}

static Status parse_column(Scanner *s, FilterPattern *p, Error *err)
{
    Column c = { 0 };
    scan_space(s);
    if (scan_take(s, "...")) {
        if (p->rest != SIZE_MAX)
            return scan_fail(s, err, "a pattern has one ... at most");
        p->rest = p->columns.len;
        c.rest = true;
    } else if (*s->at != ',' && *s->at != ']') {
        const char *at = s->at, *name;
        while (*at == '(' || isspace((unsigned char)*at))
            at++;
        for (name = at; name_sign(*at);)
            at++;
        if (at == name)
            return scan_fail(s, err, "the name of a field is expected");
        c.name = arena_strn(s->arena, name, (size_t)(at - name));
        while (isspace((unsigned char)*at))
            at++;
        if (*at == ',' || *at == ']')
            s->at = at;
        else
            TRY(parse_or(s, p, parse_field_test, (void *)c.name, &c.expr, err));
    }
    vec_push(s->arena, &p->columns, c);
    return ST_OK;
}

static Status parse_fields(Scanner *s, FilterPattern *p, Error *err)
{
    s->at++;
    p->rest = SIZE_MAX;
    if (scan_take(s, "]")) { /* [] is any message */
        p->rest = 0;
        vec_push(s->arena, &p->columns, (Column){ .rest = true });
        return ST_OK;
    }
    do
        TRY(parse_column(s, p, err));
    while (scan_take(s, ","));
    return scan_take(s, "]") ? ST_OK : scan_fail(s, err, ", or ] is expected");
}

/* The next field of a message: a word, or what "" or [] hold together. */
static bool next_field(const char **at, const char *end, View *ret_field)
{
    const char *from = *at;
    while (from < end && isspace((unsigned char)*from))
        from++;
    if (from == end)
        return false;
    char closing = *from == '"' ? '"' : *from == '[' ? ']' : 0;
    const char *close = closing ? memchr(from + 1, closing, (size_t)(end - from - 1)) : NULL;
    if (close && (close + 1 == end || isspace((unsigned char)close[1]))) {
        *ret_field = (View){ from + 1, (size_t)(close - from - 1) };
        *at = close + 1;
        return true;
    }
    const char *to = from;
    while (to < end && !isspace((unsigned char)*to))
        to++;
    *ret_field = (View){ from, (size_t)(to - from) };
    *at = to;
    return true;
}

static bool field_holds(const Expr *e, View field)
{
    if (e->kind == EXPR_TEST)
        return condition_text(&e->condition, field.data, field.len);
    bool left = field_holds(e->left, field);
    return e->kind == EXPR_AND ? left && field_holds(e->right, field) : left || field_holds(e->right, field);
}

static bool fields_match(const FilterPattern *p, Arena *a, const char *message, size_t length, View **ret_fields)
{
    VEC(View) all = { 0 };
    View field;
    size_t n = p->columns.len, named = n - (p->rest != SIZE_MAX);
    for (const char *at = message; next_field(&at, message + length, &field);)
        vec_push(a, &all, field);
    if (p->rest == SIZE_MAX ? all.len != n : all.len < named)
        return false;
    View *fields = ARENA_ARRAY(a, View, n);
    for (size_t i = 0; i < n; i++) {
        if (i == p->rest)
            continue;
        fields[i] = all.at[i < p->rest ? i : all.len - (n - i)];
        if (p->columns.at[i].expr && !field_holds(p->columns.at[i].expr, fields[i]))
            return false;
    }
    *ret_fields = fields;
    return true;
}

/* --- all of them --- */

Status filter_pattern_parse(Arena *a, const char *text, FilterPattern **ret_pattern, Error *err)
{
    Scanner s = { .arena = a, .text = text, .at = text };
    FilterPattern *p = ARENA_NEW(a, FilterPattern);
    if (strlen(text) > PATTERN_TEXT_MAX)
        return scan_fail(&s, err, "it is longer than %d bytes", PATTERN_TEXT_MAX);
    scan_space(&s);
    p->kind = *s.at == '{' ? PATTERN_JSON : *s.at == '[' ? PATTERN_FIELDS : PATTERN_TERMS;
    TRY(p->kind == PATTERN_JSON ? parse_json(&s, p, err) : p->kind == PATTERN_FIELDS ? parse_fields(&s, p, err) : parse_terms(&s, p, err));
    scan_space(&s);
    if (*s.at)
        return scan_fail(&s, err, "nothing is expected after its end");
    *ret_pattern = p;
    return ST_OK;
}

static Status selector_of(Arena *a, const char *text, Selector **ret_selector)
{
    Scanner s = { .arena = a, .text = text, .at = text };
    Error err;
    TRY(parse_selector(&s, ret_selector, &err));
    return *s.at ? ST_INVALID : ST_OK;
}

static size_t column_of(const FilterPattern *p, const char *selector)
{
    for (size_t i = 0; selector[0] == '$' && i < p->columns.len; i++) {
        if (p->columns.at[i].name && str_eq(p->columns.at[i].name, selector + 1))
            return i;
    }
    return SIZE_MAX;
}

bool filter_pattern_knows(const FilterPattern *p, const char *selector)
{
    arena_auto *a = arena_new();
    Selector *ignored;
    if (p->kind == PATTERN_JSON)
        return selector_of(a, selector, &ignored) == ST_OK;
    return p->kind == PATTERN_FIELDS && column_of(p, selector) != SIZE_MAX;
}

bool filter_pattern_matches(const FilterPattern *p, Arena *a, const char *message, size_t length, FilterMatch *ret_match)
{
    FilterMatch m = { .pattern = p };
    if (p->kind == PATTERN_TERMS) {
        if (!terms_match(p, message, length))
            return false;
    } else if (p->kind == PATTERN_FIELDS) {
        if (!fields_match(p, a, message, length, &m.fields))
            return false;
    } else {
        Val *json = NULL;
        const char *at = message, *end = message + length;
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end || (*at != '{' && *at != '[') || !val_from_json(a, at, (size_t)(end - at), &json) || !json_holds(p->expr, json))
            return false;
        m.json = json;
    }
    *ret_match = m;
    return true;
}

static const char *text_of(Arena *a, const Val *v)
{
    if (!v || v->kind == VAL_NULL)
        return NULL;
    return v->kind == VAL_STR ? v->s : val_to_json(a, v);
}

const char *filter_pattern_value(const FilterMatch *match, Arena *a, const char *selector)
{
    Selector *s = NULL;
    if (match->pattern->kind == PATTERN_JSON)
        return selector_of(a, selector, &s) == ST_OK ? text_of(a, selected(s, match->json)) : NULL;
    size_t column = match->pattern->kind == PATTERN_FIELDS ? column_of(match->pattern, selector) : SIZE_MAX;
    return column == SIZE_MAX ? NULL : arena_strn(a, match->fields[column].data, match->fields[column].len);
}

Val *filter_pattern_extract(const FilterMatch *match, Arena *a)
{
    const FilterPattern *p = match->pattern;
    Val *values = val_map(a);
    for (size_t i = 0; i < p->selectors.len; i++)
        val_set_str(a, values, p->selectors.at[i]->text, text_of(a, selected(p->selectors.at[i], match->json)));
    for (size_t i = 0; i < p->columns.len; i++) {
        if (p->columns.at[i].name)
            val_set_str(a, values, arena_printf(a, "$%s", p->columns.at[i].name), arena_strn(a, match->fields[i].data, match->fields[i].len));
    }
    return values;
}
