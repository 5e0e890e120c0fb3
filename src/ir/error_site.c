/* ir/error_site.c -- see error_site.h. */
#include "ir/error_site.h"

#include "ir/enums.h"
#include "ir/function.h"
#include "ir/type.h"

typedef struct Site {
    const char *class;
    const char *functions; /* " name name ": those that raise it; NULL: every function whose meaning ANSI mode changes */
    const char *unplaced;  /* of them those whose errors have no context in Spark */
    bool casts, subqueries;
} Site;

/* The classes that have a context in Spark. */
static const Site sites[] = {
    { "DIVIDE_BY_ZERO", " / div ", "", false, false },
    { "REMAINDER_BY_ZERO", " % mod pmod ", "", false, false },
    { "INTERVAL_DIVIDED_BY_ZERO", " / divide_interval ", "", false, false },
    { "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", " + - * / abs negative sum avg mean multiply_interval divide_interval make_dt_interval make_ym_interval ",
      " + - * / abs negative sum avg mean multiply_interval divide_interval ", false, false },
    { "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", " + - * / abs negative sum avg mean multiply_interval divide_interval ",
      " + - abs negative sum avg mean ", false, false },
    { "ARITHMETIC_OVERFLOW", NULL, "", false, false },
    { "BINARY_ARITHMETIC_OVERFLOW", " + - * ", "", false, false },
    { "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", NULL, "", true, false },
    { "CAST_INVALID_INPUT", "", "", true, false },
    { "INVALID_ARRAY_INDEX", " elt get_array_item ", "", false, false },
    { "INVALID_ARRAY_INDEX_IN_ELEMENT_AT", " element_at ", "", false, false },
    { "INVALID_INDEX_OF_ZERO", " element_at array_insert ", "", false, false },
    { "SCALAR_SUBQUERY_TOO_MANY_ROWS", "", "", false, true },
};

typedef struct Search {
    Arena *a;
    const Error *err;
    const Site *site;
    int outer_start, outer_stop; /* of the expression around: an implicit cast is said to be there */
    int start, stop;
    bool found, several;
} Search;

static bool listed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at++)
        if (at > names && at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

/* A divisor that is written down and is not zero raises nothing. */
static bool divides_by_constant(const Call *call)
{
    const Node *divisor = call->args.len == 2 ? call->args.at[1] : NULL;
    while (node_is(Cast, divisor))
        divisor = node_as(Cast, divisor)->child;
    if (!node_is(Literal, divisor))
        return false;
    const Value *v = node_as(Literal, divisor)->value;
    TypeKind kind = node_as(Literal, divisor)->of->kind;
    return v->is_null || (kind == TYPE_FLOAT || kind == TYPE_DOUBLE ? v->f != 0 : kind == TYPE_DECIMAL ? strpbrk(v->text, "123456789") != NULL : v->i != 0);
}

/* Does what the error says of its operation fit the call's? */
static bool told(const Error *err, const char *name, const Type *type)
{
    static const char *const tries[][2] = { { "try_add", "+" }, { "try_subtract", "-" }, { "try_multiply", "*" } };
    static const struct { const char *word; TypeKind kind; } types[] = { { "integer ", TYPE_INT }, { "long ", TYPE_LONG } };
    const char *said = error_param_get(err, "alternative"), *message = error_param_get(err, "message"), *symbol = error_param_get(err, "symbol");
    for (size_t i = 0; said && i < 3; i++)
        if (strstr(said, tries[i][0]))
            return !strcmp(name, tries[i][1]);
    for (size_t i = 0; message && i < 2; i++)
        if (str_starts(message, types[i].word))
            return type->kind == types[i].kind;
    return !symbol || !strcmp(symbol, name);
}

static bool call_raises(const Search *s, const Node *n)
{
    const Call *call = node_as(Call, n);
    const char *name = call->function->name;
    bool divides = str_ends(s->site->class, "BY_ZERO");
    if (s->site->functions ? !listed(s->site->functions, name) : !(call->function->flags & FN_ANSI) || listed(" / % mod pmod elt element_at get_array_item ", name))
        return false;
    return !(divides && divides_by_constant(call)) && told(s->err, name, n->type);
}

static bool cast_raises(const Search *s, const Node *n)
{
    const Cast *cast = node_as(Cast, n);
    const char *target = error_param_get(s->err, "targetType"), *expression = error_param_get(s->err, "expression");
    if (cast->mode == CAST_TRY)
        return false;
    if (!str_eq(s->site->class, "CAST_INVALID_INPUT"))
        return cast->to->kind == TYPE_DECIMAL;
    if (target && !str_eq(target, arena_printf(s->a, "\"%s\"", type_sql_text(s->a, cast->to))))
        return false;
    const Value *v = node_is(Literal, cast->child) && node_as(Literal, cast->child)->of->kind == TYPE_STRING ? node_as(Literal, cast->child)->value : NULL;
    bool text = v && !v->is_null && expression && *expression == '\'';
    return !text || (strlen(expression) == v->text_len + 2 && !memcmp(expression + 1, v->text, v->text_len));
}

static bool raises(const Search *s, const Node *n)
{
    switch (n->kind) {
    case NODE_Call:
        return call_raises(s, n);
    case NODE_Cast:
        return s->site->casts && cast_raises(s, n);
    case NODE_Subquery:
        return s->site->subqueries && node_as(Subquery, n)->subquery == SUBQUERY_SCALAR;
    default:
        return false;
    }
}

static bool visit(Node *n, void *arg)
{
    Search *s = arg;
    int outer_start = s->outer_start, outer_stop = s->outer_stop;
    const Node *cast = node_is(Cast, n) && node_as(Cast, n)->implicit ? node_as(Cast, n)->child : NULL; /* by coercion: placed as its operand */
    bool around = cast && cast->start == n->start && cast->stop == n->stop && outer_start >= 0;
    int start = around ? outer_start : n->start, stop = around ? outer_stop : n->stop;
    if (raises(s, n)) {
        bool unplaced = node_is(Call, n) && listed(s->site->unplaced, node_as(Call, n)->function->name);
        if (unplaced)
            start = stop = -1;
        s->several = s->several || (s->found && (s->start != start || s->stop != stop));
        s->found = true;
        s->start = start;
        s->stop = stop;
    }
    s->outer_start = start;
    s->outer_stop = stop;
    node_children(n, visit, s);
    s->outer_start = outer_start;
    s->outer_stop = outer_stop;
    return true;
}

void error_site(Arena *a, const Node *bound, Error *err)
{
    if (!err || err->status != ST_RUNTIME || err->start >= 0)
        return;
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        if (!str_eq(err->code, sites[i].class))
            continue;
        Search s = { .a = a, .err = err, .site = &sites[i], .outer_start = -1, .outer_stop = -1 };
        visit((Node *)(uintptr_t)bound, &s);
        if (s.found && !s.several) {
            err->start = s.start;
            err->stop = s.stop;
        }
    }
}
