/* ir/bind_function.c -- function calls: special forms, lambdas, the session's own functions, and the table's. */
#include "ir/binder.h"
#include "ir/signature.h"

#include "base/limits.h"

/* ---------------------------------------------------------------- calls over bound arguments */

static Status unresolved_routine(Binder *b, const StrList *name, const Node *at, Error *err)
{
    return spark_error(err, at, "UNRESOLVED_ROUTINE", "42883", "Cannot resolve routine <routineName> on search path <searchPath>.",
                       "routineName", sql_ids(b->a, name), "searchPath",
                       "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]", NULL);
}

Status make_call(Binder *b, const char *name, const NodeList *given, const Node *at, Node **ret, Error *err)
{
    NodeList args = { 0 };
    size_t n = 0;
    const FunctionRow *rows = function_find(name, &n), *row = NULL;
    const Type *type = NULL;
    for (size_t i = 0; i < given->len; i++)
        vec_push(b->a, &args, given->at[i]);
    if (is_operator(name) && args.len == 2)
        return make_operator(b, name, &args, at, ret, err);
    if (!rows)
        return FAIL(err, ST_INTERNAL, "function '%s' is not in functions.def", name);
    TRY(function_match(b, name, rows, n, &args, at, &row, &type, err));
    *ret = typed(node_new(b->a, Call, .function = row, .args = args, .ansi = b->ansi), type, result_nullable(b, row, &args), at);
    return ST_OK;
}

Status make_call1(Binder *b, const char *name, Node *x, const Node *at, Node **ret, Error *err)
{
    NodeList args = { 0 };
    vec_push(b->a, &args, x);
    return make_call(b, name, &args, at, ret, err);
}

Status make_call2(Binder *b, const char *name, Node *x, Node *y, const Node *at, Node **ret, Error *err)
{
    NodeList args = { 0 };
    vec_push(b->a, &args, x);
    vec_push(b->a, &args, y);
    return make_call(b, name, &args, at, ret, err);
}

/* ---------------------------------------------------------------- special forms */

/* A field's name, or the text by which a map is asked; other parts of a value have none. */
static const char *extracted_name(const Extract *e, const Node *bound, const char *none)
{
    const Literal *by = node_is(Literal, e->key) ? node_as(Literal, e->key) : NULL;
    if (node_is(GetField, bound))
        return node_as(GetField, bound)->field;
    return by && by->of->kind == TYPE_STRING && !by->value->is_null ? by->value->text : none;
}

/* struct(a, x AS b, 1): a named_struct whose names come from the arguments. */
static Status bind_struct(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    NodeList outputs = { 0 }, args = { 0 };
    Scope scope = *s;
    for (size_t i = 0; i < f->args.len; i++) {
        size_t before = outputs.len;
        Node *arg = f->args.at[i];
        bool named = node_is(Attribute, arg) || node_is(Alias, arg) || node_is(Star, arg) || node_is(Extract, arg);
        if (named) {
            NodeList one = { 0 };
            vec_push(b->a, &one, arg);
            scope.aliases = NULL;
            NodeList bound = { 0 };
            TRY(bind_outputs(b, &scope, &one, &bound, err));
            for (size_t k = 0; k < bound.len; k++)
                vec_push(b->a, &outputs, bound.at[k]);
        } else {
            Node *e = NULL;
            TRY(bind_expr(b, s, arg, &e, err));
            const char *name = node_is(ColumnRef, e)        ? node_as(ColumnRef, e)->name
                               : node_is(LambdaVariable, e) ? node_as(LambdaVariable, e)->name
                                                            : arena_printf(b->a, "col%zu", i + 1);
            vec_push(b->a, &outputs, new_alias(b, e, name));
        }
        for (size_t k = before; k < outputs.len; k++) {
            const Node *o = outputs.at[k];
            const char *name = node_is(Alias, o) ? node_as(Alias, o)->names.at[0] : node_as(ColumnRef, o)->name;
            if (node_is(Extract, arg) && node_is(Alias, o))
                name = extracted_name(node_as(Extract, arg), node_as(Alias, o)->child, arena_printf(b->a, "col%zu", i + 1));
            vec_push(b->a, &args, make_literal_string(b, name));
            vec_push(b->a, &args, node_is(Alias, o) ? node_as(Alias, o)->child : outputs.at[k]);
        }
    }
    Node *call = NULL;
    TRY(make_call(b, "named_struct", &args, &f->node, &call, err));
    ((Call *)(void *)call)->display = "struct";
    *ret = call;
    return ST_OK;
}

static Status bind_in(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    NodeList items = { 0 };
    for (size_t i = 1; i < f->args.len; i++)
        vec_push(b->a, &items, f->args.at[i]);
    Node *in = node_new(b->a, InList, .child = f->args.at[0], .items = items);
    return bind_expr(b, s, node_at(in, f->node.start, f->node.stop), ret, err);
}

/* when(c1, v1, c2, v2, …, otherwise): Spark Connect's CaseWhen. */
static Status bind_when(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    NodeList whens = { 0 }, thens = { 0 };
    for (size_t i = 0; i + 1 < f->args.len; i += 2) {
        vec_push(b->a, &whens, f->args.at[i]);
        vec_push(b->a, &thens, f->args.at[i + 1]);
    }
    Node *otherwise = f->args.len % 2 ? f->args.at[f->args.len - 1] : NULL;
    Node *made = node_new(b->a, Case, .whens = whens, .thens = thens, .otherwise = otherwise);
    return bind_expr(b, s, node_at(made, f->node.start, f->node.stop), ret, err);
}

/* decode(x, s1, r1, …, default): null-safe comparisons in turn. */
static Status bind_decode(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    NodeList args = { 0 }, whens = { 0 }, thens = { 0 };
    TRY(bind_exprs(b, s, &f->args, &args, err));
    for (size_t i = 1; i + 1 < args.len; i += 2) {
        Node *test = NULL;
        TRY(make_call2(b, "<=>", args.at[0], args.at[i], &f->node, &test, err));
        vec_push(b->a, &whens, test);
        vec_push(b->a, &thens, args.at[i + 1]);
    }
    Node *otherwise = args.len % 2 ? NULL : args.at[args.len - 1];
    Node *made = node_new(b->a, Case, .whens = whens, .thens = thens, .otherwise = otherwise);
    return make_case(b, node_at(made, f->node.start, f->node.stop), ret, err);
}

/* date(x), int(x), …: casts by the type's name. */
static const Type *cast_function(Binder *b, const char *name)
{
    static const char *const names[] = { "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "date", "timestamp",
                                         "binary", "string", "time" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(names[i], name))
            return type_from_signature(b->a, names[i]);
    return str_ieq(name, "decimal") ? type_decimal(b->a, 10, 0) : NULL;
}

/* zeroifnull(x) is coalesce(x, 0), nullifzero(x) is nullif(x, 0): their types are too. */
static Status bind_with_zero(Binder *b, const Scope *s, const char *as, const Function *f, Node **ret, Error *err)
{
    StrList name = { 0 };
    NodeList args = { 0 };
    vec_push(b->a, &name, as);
    vec_push(b->a, &args, f->args.at[0]);
    vec_push(b->a, &args, make_literal_int(b, 0, &type_int));
    Node *made = node_new(b->a, Function, .name = name, .args = args);
    TRY(bind_expr(b, s, node_at(made, f->node.start, f->node.stop), ret, err));
    if (node_is(Call, *ret))
        ((Call *)(void *)*ret)->display = f->name.at[f->name.len - 1];
    return ST_OK;
}

/* Sets *ret when `name` is a special form. */
static Status special_form(Binder *b, const Scope *s, const char *name, const Function *f, Node **ret, Error *err)
{
    const Type *to = f->args.len == 1 ? cast_function(b, name) : NULL;
    if (to) {
        Node *child = NULL;
        TRY(bind_expr(b, s, f->args.at[0], &child, err));
        TRY(make_cast(b, child, to, CAST_SESSION, &f->node, ret, err));
        ((Cast *)(void *)*ret)->implicit = true; /* prints as its child: only CAST itself shows */
        return ST_OK;
    }
    if (str_ieq(name, "struct"))
        return bind_struct(b, s, f, ret, err);
    if (str_ieq(name, "in") && f->args.len > 1)
        return bind_in(b, s, f, ret, err);
    if (str_ieq(name, "when") && f->args.len > 1)
        return bind_when(b, s, f, ret, err);
    if (str_ieq(name, "decode") && f->args.len > 2)
        return bind_decode(b, s, f, ret, err);
    if (str_ieq(name, "zeroifnull") && f->args.len == 1)
        return bind_with_zero(b, s, "coalesce", f, ret, err);
    if (str_ieq(name, "nullifzero") && f->args.len == 1)
        return bind_with_zero(b, s, "nullif", f, ret, err);
    return bind_input_file(b, s, name, f, ret, err);
}

/* ---------------------------------------------------------------- lambdas */

static Status bind_lambda(Binder *b, const Scope *s, const Lambda *n, const Type *const *types, const bool *nullables, Node **ret,
                          Error *err)
{
    NodeList variables = { 0 };
    for (size_t i = 0; i < n->params.len; i++) {
        const char *name = node_as(LambdaVariable, n->params.at[i])->name;
        Node *v = node_new(b->a, LambdaVariable, .name = name, .id = ++b->next_id);
        vec_push(b->a, &variables, typed(v, types[i], nullables[i], n->params.at[i]));
    }
    LambdaScope lambdas = { &variables, s->lambdas };
    Scope scope = *s;
    scope.lambdas = &lambdas;
    Node *body = NULL;
    TRY(bind_expr(b, &scope, n->body, &body, err));
    *ret = typed(node_new(b->a, Lambda, .body = body, .params = variables), body->type, body->nullable, &n->node);
    return ST_OK;
}

static bool takes_lambdas(const FunctionRow *rows, size_t nrows)
{
    for (size_t i = 0; i < nrows; i++)
        if (strstr(rows[i].signature, "->"))
            return true;
    return false;
}

static bool note_subquery(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || n->kind == NODE_Subquery;
    return !*found;
}

/* No subquery anywhere in the call of a higher-order function. */
static Status check_subqueries(const FunctionRow *rows, size_t nrows, const NodeList *args, const Node *at, Error *err)
{
    bool found = false, lambda = false;
    for (size_t i = 0; i < args->len; i++)
        lambda = lambda || node_is(Lambda, args->at[i]);
    lambda = lambda || (nrows && str_eq(rows[0].name, "array_sort")); /* it has one of its own */
    for (size_t i = 0; lambda && takes_lambdas(rows, nrows) && i < args->len; i++)
        node_walk(args->at[i], note_subquery, &found);
    if (!found)
        return ST_OK;
    return spark_error(err, at, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION", "0A000",
                       "Unsupported subquery expression: Subquery expressions are not supported within higher-order functions. Please remove all subquery "
                       "expressions from higher-order functions and then try the query again.",
                       NULL);
}

/* Lambdas after the other arguments, whose types give their parameters'. */
static Status bind_lambda_args(Binder *b, const Scope *s, const char *name, const FunctionRow *rows, size_t nrows,
                               const Function *f, NodeList *args, Error *err)
{
    for (size_t i = 0; i < f->args.len; i++) {
        if (!node_is(Lambda, f->args.at[i]))
            continue;
        const Lambda *l = node_as(Lambda, f->args.at[i]);
        const Type **types = NULL;
        bool *nullables = NULL;
        if (takes_count(rows, nrows, f->args.len) && !takes_lambdas(rows, nrows))
            return spark_error(err, &l->node, "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", "42K0D",
                               "Invalid lambda function call. A lambda function should only be used in a higher order function. However, its class "
                               "is <class>, which is not a higher order function.",
                               "class", name, NULL);
        if (!takes_count(rows, nrows, f->args.len))
            return wrong_count(b, name, rows, nrows, f->args.len, &f->node, err);
        if (!lambda_parameter_types(b, rows, nrows, i, f->args.len, l->params.len, args, &types, &nullables))
            return spark_error(err, &l->node, "INVALID_LAMBDA_FUNCTION_CALL.PARAMETER_DOES_NOT_ACCEPT_LAMBDA_FUNCTION", "42K0D",
                               "Invalid lambda function call. You passed a lambda function to a parameter of <function> that does "
                               "not accept it. Please check if lambda function argument is in the correct position.",
                               "function", name, NULL);
        TRY(bind_lambda(b, s, l, types, nullables, &args->at[i], err));
    }
    return ST_OK;
}

/* transform(a, 0): an expression where a lambda belongs is one whose parameters it does not use. */
static const Function *with_lambdas(Binder *b, const FunctionRow *rows, size_t nrows, const Function *f)
{
    Function *copy = NULL;
    for (size_t i = 0; i < f->args.len; i++) {
        size_t n = node_is(Lambda, f->args.at[i]) ? 0 : lambda_parameter_count(rows, nrows, i, f->args.len);
        NodeList params = { 0 };
        for (size_t k = 0; k < n; k++)
            vec_push(b->a, &params, node_new(b->a, LambdaVariable, .name = arena_printf(b->a, "\x01%zu", k)));
        if (!n)
            continue;
        if (!copy) {
            copy = (Function *)(void *)node_copy(b->a, &f->node);
            copy->args = (NodeList){ 0 };
            for (size_t k = 0; k < f->args.len; k++)
                vec_push(b->a, &copy->args, f->args.at[k]);
        }
        copy->args.at[i] = node_at(node_new(b->a, Lambda, .body = f->args.at[i], .params = params), f->node.start, f->node.stop);
    }
    return copy ? copy : f;
}

/* ---------------------------------------------------------------- arguments */

/* explode(collection => x): the name of a generator's only parameter. */
static bool is_only_parameter(const char *function, const char *key)
{
    static const char *const names[][2] = { { "explode", "collection" }, { "explode_outer", "collection" }, { "inline", "input" },
                                            { "inline_outer", "input" }, { "posexplode", "collection" }, { "posexplode_outer", "collection" },
                                            { "variant_explode", "input" }, { "variant_explode_outer", "input" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(names[i][0], function) && str_ieq(names[i][1], key))
            return true;
    return false;
}

#define COUNT_OF_TABLE "spark.sql.legacy.allowStarWithSingleTableIdentifierInCount"

static bool is_relation_name(const Binder *b, const Scope *s, const char *name)
{
    for (size_t i = 0; s->schema && i < s->schema->len; i++) {
        const StrList *q = &s->schema->at[i].qualifier;
        if (q->len && name_equal(b, q->at[q->len - 1], name))
            return true;
    }
    return false;
}

/* count(*) counts rows: count(1). */
static Status bind_args(Binder *b, const Scope *s, const char *name, const Function *f, NodeList *args, Error *err)
{
    for (size_t i = 0; i < f->args.len; i++) {
        Node *arg = f->args.at[i], *e = NULL;
        if (node_is(NamedArgument, arg) && f->args.len == 1 && is_only_parameter(name, node_as(NamedArgument, arg)->key))
            arg = node_as(NamedArgument, arg)->value;
        if (node_is(NamedArgument, arg))
            return spark_unsupported(err, arg, arena_printf(b->a, "named arguments of the function %s", name));
        if (node_is(Star, arg) && str_ieq(name, "count") && !node_as(Star, arg)->target.len && f->args.len == 1 && !f->distinct) {
            vec_push(b->a, args, make_literal_int(b, 1, &type_int));
        } else if (node_is(Star, arg) && str_ieq(name, "count") && node_as(Star, arg)->target.len == 1 && f->args.len == 1 &&
                   is_relation_name(b, s, node_as(Star, arg)->target.at[0]) && !conf_requires(b, COUNT_OF_TABLE)) {
            return spark_error(err, arg, "_LEGACY_ERROR_TEMP_1021", "",
                               "count(<targetString>.*) is not allowed. Please use count(*) or expand the columns manually, e.g. count(col1, "
                               "col2).",
                               "targetString", node_as(Star, arg)->target.at[0], NULL);
        } else if (node_is(Star, arg)) {
            TRY(bind_star(b, s, arg, args, err));
        } else if (node_is(AttributeRegex, arg)) {
            TRY(expand_pattern(b, s, node_as(AttributeRegex, arg), args, err));
        } else if (node_is(Lambda, arg)) {
            vec_push(b->a, args, NULL);
        } else {
            TRY(bind_expr(b, s, arg, &e, err));
            vec_push(b->a, args, e);
        }
    }
    return ST_OK;
}

/* first(x, true): the flag is no argument. Only for the functions that have one; it is a literal. */
static Status take_ignore_nulls(Binder *b, const char *name, NodeList *args, const Node *at, bool *ret, Error *err)
{
    static const char *const names[] = { "first", "first_value", "last", "last_value", "any_value", "nth_value", "lag", "lead" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t own = i == 5 ? 2 : i > 5 ? 3 : 1;
        if (!str_ieq(names[i], name) || args->len != own + 1)
            continue;
        const Node *flag = args->at[own];
        if (i > 5 && (!node_is(Literal, flag) || flag->type->kind != TYPE_BOOLEAN))
            return ST_OK;
        if (!node_is(Literal, flag) || flag->type->kind != TYPE_BOOLEAN || node_as(Literal, flag)->value->is_null)
            return i < 5 ? spark_error(err, at, "_LEGACY_ERROR_TEMP_1210", "", "The second argument in <funcName> should be a boolean literal.",
                                       "funcName", names[i], NULL)
                         : spark_error(err, at, "INVALID_PARAMETER_VALUE.BOOLEAN", "22023",
                                       "The value of parameter(s) <parameter> in <functionName> is invalid: expects a boolean literal, but got "
                                       "<invalidValue>.",
                                       "parameter", "`ignoreNulls`", "functionName", sql_id(b->a, name), "invalidValue",
                                       arena_printf(b->a, "\"%s\"", pretty(b, flag)), NULL);
        args->len--;
        *ret = node_as(Literal, flag)->value->i != 0;
        return ST_OK;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- checks */

Status nested_aggregate(const Node *at, Error *err)
{
    return spark_error(err, at, "NESTED_AGGREGATE_FUNCTION", "42607",
                       "It is not allowed to use an aggregate function in the argument of another aggregate function. Please use the inner "
                       "aggregate function in a sub-query.", NULL);
}

static Status check_aggregate(Binder *b, const Scope *s, const Function *f, const char *name, const FunctionRow *row,
                              const NodeList *args, Error *err)
{
    bool aggregate = row->kind == FN_AGGREGATE;
    if ((f->distinct || f->filter) && !aggregate)
        return spark_error(err, &f->node, "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000",
                           "Invalid SQL syntax: The function <prettyName> does not support <syntax>.", "prettyName",
                           sql_id(b->a, name), "syntax", f->distinct ? "DISTINCT" : "FILTER clause", NULL);
    if (row->kind == FN_GENERATOR && !s->generators)
        return nested_generator(b, &f->node, err);
    if (row->kind == FN_WINDOW && !s->in_window)
        TRY(check_parameters(b, name, signature_of(row), args, &f->node, err));
    if (row->kind == FN_WINDOW && !s->in_window)
        return spark_error(err, &f->node, "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "42601",
                           "Window function <funcName> requires an OVER clause.", "funcName",
                           arena_printf(b->a, "\"%s()\"", row->name), NULL);
    for (size_t i = 0; aggregate && i < args->len; i++)
        if (!is_deterministic(args->at[i]))
            return spark_error(err, &f->node, "AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION", "42845",
                               "Non-deterministic expression <sqlExpr> should not appear in the arguments of an aggregate function.",
                               "sqlExpr", arena_printf(b->a, "\"%s(%s)\"", row->name, pretty(b, args->at[i])), NULL);
    if (aggregate && !s->in_window)
        for (size_t i = 0; i < args->len; i++)
            if (contains_kind(args->at[i], FN_AGGREGATE))
                return nested_aggregate(&f->node, err);
    return ST_OK;
}

/* ---------------------------------------------------------------- the session's functions */

typedef struct Substitution {
    const NodeList *variables, *args;
} Substitution;

static Node *substitute(Arena *a, Node *n, void *arg)
{
    const Substitution *sub = arg;
    (void)a;
    for (size_t i = 0; node_is(LambdaVariable, n) && i < sub->variables->len; i++)
        if (node_as(LambdaVariable, n)->id == node_as(LambdaVariable, sub->variables->at[i])->id)
            return sub->args->at[i];
    return n;
}

/* name(arguments): what a column is called that calls a SQL function. to_parameters: the arguments are cast to their parameters' types. */
static const char *routine_call(Binder *b, const StrList *name, const NodeList *args, bool to_parameters)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i < name->len; i++)
        str_addf(&text, "%s%s", i ? "." : "", name->at[i]);
    str_add(&text, "(");
    for (size_t i = 0; i < args->len; i++) {
        const Node *x = args->at[i];
        str_addf(&text, "%s%s", i ? ", " : "", pretty(b, to_parameters && node_is(Cast, x) ? node_as(Cast, x)->child : x));
    }
    str_add(&text, ")");
    return str_arena(&text, b->a);
}

/* `routine`: the function's own name, NULL: it is none that shows as it was called. */
static Status call_sql_function(Binder *b, const Scope *s, const Lambda *l, const Function *f, const StrList *routine, Node **ret, Error *err)
{
    NodeList args = { 0 };
    TRY(bind_args(b, s, f->name.at[f->name.len - 1], f, &args, err));
    if (args.len != l->params.len)
        return spark_error(err, &f->node, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                           "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, "
                           "refer to '<docroot>/sql-ref-functions.html' for a fix.",
                           "functionName", sql_ids(b->a, &f->name), "expectedNum", arena_printf(b->a, "%zu", l->params.len),
                           "actualNum", arena_printf(b->a, "%zu", args.len), NULL);
    const Type **types = ARENA_ARRAY(b->a, const Type *, args.len + 1);
    bool *nullables = ARENA_ARRAY(b->a, bool, args.len + 1);
    for (size_t i = 0; i < args.len; i++) {
        const Type *declared = l->params.at[i]->type;
        if (declared)
            args.at[i] = coerce_to(b->a, b->ansi, args.at[i], declared);
        types[i] = args.at[i]->type;
        nullables[i] = args.at[i]->nullable;
    }
    Node *bound = NULL;
    Scope empty = { 0 };
    const char *shown = routine ? routine_call(b, routine, &args, true) : NULL;
    TRY(bind_lambda(b, &empty, l, types, nullables, &bound, err));
    const Lambda *made = node_as(Lambda, bound);
    *ret = node_rewrite(b->a, made->body, substitute, &(Substitution){ &made->params, &args });
    if (shown)
        vec_push(b->a, &b->displayed, ((Displayed){ *ret, shown }));
    return ST_OK;
}

/* A function whose body has a subquery binds its arguments inside: for its name they are bound once more, when they are plain. */
static Status show_subquery_call(Binder *b, const Scope *s, const StrList *routine, const NodeList *unbound, const Node *bound, Error *err)
{
    NodeList args = { 0 };
    for (size_t i = 0; i < unbound->len; i++)
        if (!node_is(Literal, unbound->at[i]) && !node_is(Attribute, unbound->at[i]))
            return ST_OK;
    TRY(bind_exprs(b, s, unbound, &args, err));
    const char *shown = routine_call(b, routine, &args, false); /* which reads `displayed` itself */
    vec_push(b->a, &b->displayed, ((Displayed){ bound, shown }));
    return ST_OK;
}

static Status session_function(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    Node *found = NULL;
    Error ignored = ERROR_INIT;
    Status status = b->env->function ? b->env->function(b->env->self, b->a, &f->name, &found, &ignored) : ST_NOT_FOUND;
    if (status == ST_NOT_FOUND)
        return unresolved_routine(b, &f->name, &f->node, err);
    if (status != ST_OK) {
        if (err)
            *err = ignored;
        return status;
    }
    if (node_is(PythonUdf, found)) {
        PythonUdf *udf = (PythonUdf *)(void *)node_copy(b->a, found);
        udf->args = f->args;
        return bind_expr(b, s, &udf->node, ret, err);
    }
    if (node_is(Lambda, found))
        return call_sql_function(b, s, node_as(Lambda, found), f, NULL, ret, err);
    if (node_is(CreateFunction, found) && s->no_routines)
        return spark_error(err, &f->node, "UNSUPPORTED_SQL_UDF_USAGE", "0A000",
                           "Using SQL function <functionName> in <nodeName> is not supported.", "functionName", sql_ids(b->a, &f->name),
                           "nodeName", s->no_routines, NULL);
    if (node_is(CreateFunction, found)) {
        Node *lambda, *subquery;
        Function call = *f;
        TRY(routine_lambda(b, node_as(CreateFunction, found), &f->args, &f->node, &lambda, &subquery, &call.args, err));
        b->inlined++;
        const StrList *routine = &node_as(CreateFunction, found)->name;
        TRY(subquery ? bind_expr(b, s, subquery, ret, err) : call_sql_function(b, s, node_as(Lambda, lambda), &call, routine, ret, err));
        b->inlined--;
        return subquery ? show_subquery_call(b, s, routine, &f->args, *ret, err) : ST_OK;
    }
    return spark_unsupported(err, &f->node, arena_printf(b->a, "the session function %s", f->name.at[f->name.len - 1]));
}

/* ---------------------------------------------------------------- the table's functions */

/* FILTER (WHERE …): the first check that fails, in Spark's order. */
static Status bind_aggregate_filter(Binder *b, const Scope *s, Node *filter, Node **ret, Error *err)
{
    Node *e = NULL;
    Error why = ERROR_INIT;
    Status bound = bind_expr(b, s, filter, &e, &why);
    if (bound != ST_OK && str_eq(why.code, "SEED_EXPRESSION_IS_UNFOLDABLE")) /* looked at later: rand(x) is random anyway */
        return spark_error(err, filter, "INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC", "42903",
                           "The FILTER expression <filterExpr> in an aggregate function is invalid. Expected a deterministic FILTER expression.", "filterExpr",
                           "\"rand\"", NULL);
    if (bound != ST_OK && err)
        *err = why;
    TRY(bound);
    *ret = e;
    const struct {
        bool bad;
        const char *class, *text, *param;
    } checks[] = { { !is_deterministic(e), "INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC", "Expected a deterministic FILTER expression.", "filterExpr" },
                   { e->type->kind != TYPE_BOOLEAN, "INVALID_AGGREGATE_FILTER.NOT_BOOLEAN", "Expected a FILTER expression of the BOOLEAN type.", "filterExpr" },
                   { contains_kind(e, FN_AGGREGATE), "INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE",
                     "Expected a FILTER expression without an aggregation, but found <aggExpr>.", "aggExpr" },
                   { contains_window(e), "INVALID_AGGREGATE_FILTER.CONTAINS_WINDOW_FUNCTION",
                     "Expected a FILTER expression without a window function, but found <windowExpr>.", "windowExpr" } };
    const char *text = arena_printf(b->a, "\"%s\"", pretty(b, e));
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].bad)
            return spark_error(err, filter, checks[i].class, "42903",
                               arena_printf(b->a, "The FILTER expression <filterExpr> in an aggregate function is invalid. %s", checks[i].text),
                               "filterExpr", text, checks[i].param, text, NULL);
    return ST_OK;
}

static Status bad_within_group(Binder *b, const char *name, const char *class, const char *text, const Function *f, bool filled, Error *err)
{
    return spark_error(err, &f->node, arena_printf(b->a, "INVALID_WITHIN_GROUP_EXPRESSION.%s", class), "42K0K",
                       arena_printf(b->a, "Invalid function <funcName> with WITHIN GROUP. %s", text), "funcName", sql_id(b->a, name), "expectedNum",
                       filled ? "0" : "1", "actualNum", arena_printf(b->a, "%zu", f->within_group.len), NULL);
}

/* FunctionResolution: which functions take WITHIN GROUP, and which must have it. Those count their arguments without the order's. */
static Status check_within_group(Binder *b, const char *name, const Function *f, Error *err)
{
    bool mode = str_ieq(name, "mode"), percentile = str_ieq(name, "percentile_cont") || str_ieq(name, "percentile_disc");
    bool filled = mode && f->args.len; /* by its argument */
    if (f->within_group.len && !mode && !percentile && !str_ieq(name, "listagg") && !str_ieq(name, "string_agg"))
        return spark_error(err, &f->node, "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000",
                           "Invalid SQL syntax: The function <prettyName> does not support <syntax>.", "prettyName", sql_id(b->a, name), "syntax",
                           "WITHIN GROUP (ORDER BY ...)", NULL);
    if ((!percentile && !mode) || f->args.len > (mode ? 2 : 1) || (percentile && !f->args.len))
        return ST_OK;
    if (f->distinct)
        return bad_within_group(b, name, "DISTINCT_UNSUPPORTED", "The function does not support DISTINCT with WITHIN GROUP.", f, filled, err);
    if (!filled && !f->within_group.len)
        return bad_within_group(b, name, "WITHIN_GROUP_MISSING", "WITHIN GROUP is required for the function.", f, filled, err);
    if (f->within_group.len > !filled)
        return bad_within_group(b, name, "WRONG_NUM_ORDERINGS", "The function requires <expectedNum> orderings in WITHIN GROUP but got <actualNum>.", f,
                                filled, err);
    return ST_OK;
}

/* listagg(DISTINCT x) WITHIN GROUP (ORDER BY y): the values that are left have no y but their own. */
static Status check_distinct_order(Binder *b, const Function *f, const NodeList *args, const NodeList *order, Error *err)
{
    if (!f->distinct || !order->len || !args->len || !node_is(SortOrder, order->at[0]))
        return ST_OK;
    const Node *by = node_as(SortOrder, order->at[0])->child;
    if (order->len == 1 && node_equal(by, args->at[0]))
        return ST_OK;
    return spark_error(err, &f->node, "INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT", "42K0K",
                       "Invalid function <funcName> with WITHIN GROUP. The function is invoked with DISTINCT and WITHIN GROUP but expressions <funcArg> and "
                       "<orderingExpr> do not match. The WITHIN GROUP ordering expression must be picked from the function inputs.",
                       "funcName", sql_id(b->a, f->name.at[f->name.len - 1]), "funcArg", arena_printf(b->a, "\"%s\"", pretty(b, args->at[0])), "orderingExpr",
                       arena_printf(b->a, "\"%s\"", pretty(b, by)), NULL);
}

static Status finish_call(Binder *b, const Scope *s, const char *name, const Function *f, const FunctionRow *row,
                          const Type *type, NodeList *args, bool ignore_nulls, Node **ret, Error *err)
{
    Node *filter = NULL;
    NodeList order = { 0 };
    Scope inner = *s;
    inner.in_window = false;
    TRY(check_aggregate(b, s, f, name, row, args, err));
    for (size_t i = 0; f->distinct && i < args->len; i++)
        if (type_has_variant(args->at[i]->type)) /* one value has several encodings */
            return spark_unsupported(err, &f->node, "DISTINCT of a VARIANT in an aggregate");
        else if (type_is_spatial(args->at[i]->type)) /* Spark has no order of them either */
            return spark_unsupported(err, &f->node, "DISTINCT of a GEOMETRY or GEOGRAPHY in an aggregate");
    if (f->filter)
        TRY(bind_aggregate_filter(b, &inner, f->filter, &filter, err));
    TRY(bind_exprs(b, &inner, &f->within_group, &order, err));
    TRY(check_distinct_order(b, f, args, &order, err));
    *ret = typed(node_new(b->a, Call, .function = row, .args = *args, .distinct = f->distinct, .filter = filter,
                          .ignore_nulls = f->ignore_nulls || ignore_nulls, .order = order, .ansi = b->ansi),
                 type, result_nullable(b, row, args), &f->node);
    return ST_OK;
}

/* percentile_cont(p) WITHIN GROUP (ORDER BY x): the table's rows take x first. */
static Status ordered_set_args(Binder *b, const Scope *s, const char *name, const Function *f, NodeList *args, Error *err)
{
    bool percentile = str_ieq(name, "percentile_cont") || str_ieq(name, "percentile_disc");
    bool mode = str_ieq(name, "mode") && !args->len;
    if (!f->within_group.len || (!percentile && !mode))
        return ST_OK;
    const SortOrder *order = node_as(SortOrder, f->within_group.at[0]);
    NodeList all = { 0 };
    Node *x = NULL;
    TRY(bind_expr(b, s, order->child, &x, err));
    vec_push(b->a, &all, x);
    for (size_t i = 0; i < args->len; i++)
        vec_push(b->a, &all, args->at[i]);
    *args = all;
    return ST_OK;
}

/* Stack.checkInputDataTypes: one type a column, NULL aside; nothing is widened. */
static Status check_stack(Binder *b, const NodeList *args, const Node *at, Error *err)
{
    const Literal *n = args->len > 1 && node_is(Literal, args->at[0]) ? node_as(Literal, args->at[0]) : NULL;
    if (!n || n->value->is_null || n->value->i < 1)
        return ST_OK;
    size_t rows = (size_t)n->value->i, columns = (args->len - 1 + rows - 1) / rows;
    for (size_t c = 0; c < columns; c++) {
        const Node *first = NULL;
        size_t first_at = 0;
        for (size_t i = 1 + c; i < args->len; i += columns) {
            const Node *e = args->at[i];
            if (e->type->kind == TYPE_NULL)
                continue;
            if (first && !type_equal(first->type, e->type))
                return spark_error(err, at, "DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES", "42K09",
                                   "Cannot resolve <sqlExpr> due to data type mismatch: The data type of the column (<columnIndex>) do not have the same type: "
                                   "<leftType> (<leftParamIndex>) <> <rightType> (<rightParamIndex>).",
                                   "sqlExpr", call_text(b, "stack", args), "columnIndex", arena_printf(b->a, "%zu", c), "leftType",
                                   arena_printf(b->a, "\"%s\"", type_sql_text(b->a, first->type)), "leftParamIndex", arena_printf(b->a, "%zu", first_at),
                                   "rightType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, e->type)), "rightParamIndex", arena_printf(b->a, "%zu", i), NULL);
            first_at = first ? first_at : i;
            first = first ? first : e;
        }
    }
    return ST_OK;
}

/* NULLIF(x, y) is x as it is, whatever type x = y is decided in. */
static Status bind_null_if(Binder *b, Node *const *given, const Node *at, Node **ret, Error *err)
{
    NodeList args = { 0 };
    Node *equal = NULL;
    TRY(make_call2(b, "=", given[0], given[1], at, &equal, err));
    vec_push(b->a, &args, equal);
    vec_push(b->a, &args, make_literal_null(b, given[0]->type));
    vec_push(b->a, &args, given[0]);
    return make_call(b, "if", &args, at, ret, err);
}

static Status table_function(Binder *b, const Scope *s, const char *name, const FunctionRow *rows, size_t nrows,
                             const Function *f, Node **ret, Error *err)
{
    NodeList args = { 0 };
    Scope inner = *s;
    const FunctionRow *row = NULL;
    const Type *type = NULL;
    inner.in_window = inner.generators = false;
    if (has_named_argument(&f->args))
        TRY(named_arguments(b, name, f, &f, err));
    f = with_lambdas(b, rows, nrows, f);
    inner.inside_aggregate = s->inside_aggregate || (rows->kind == FN_AGGREGATE && !s->in_window);
    TRY(bind_args(b, &inner, name, f, &args, err));
    if (str_ieq(name, "count") && !args.len && conf_requires(b, "spark.sql.legacy.allowParameterlessCount"))
        vec_push(b->a, &args, make_literal_null(b, &type_int)); /* nothing is counted */
    if (str_ieq(name, "count") && !args.len)
        return spark_error(err, &f->node, "WRONG_NUM_ARGS.WITH_SUGGESTION", "42605",
                           "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. If you have to call this "
                           "function with <legacyNum> parameters, set the legacy configuration <legacyConfKey> to <legacyConfValue>.",
                           "functionName", "`count`", "expectedNum", "> 0", "actualNum", "0", "legacyNum", "0", "legacyConfKey",
                           "\"spark.sql.legacy.allowParameterlessCount\"", "legacyConfValue", "\"true\"", NULL);
    if (str_eq(name, "||") && args.len == 2 && (args.at[0]->type->kind == TYPE_ARRAY || args.at[1]->type->kind == TYPE_ARRAY))
        return make_call(b, "concat", &args, &f->node, ret, err);
    if (str_ieq(name, "rank") || str_ieq(name, "dense_rank") || str_ieq(name, "percent_rank"))
        args.len = 0; /* Spark takes ordering expressions here and heeds the window's only */
    TRY(bind_lambda_args(b, &inner, name, rows, nrows, f, &args, err));
    TRY(check_subqueries(rows, nrows, &args, &f->node, err));
    TRY(check_within_group(b, name, f, err));
    TRY(ordered_set_args(b, &inner, name, f, &args, err));
    bool ignore_nulls = false;
    TRY(take_ignore_nulls(b, name, &args, &f->node, &ignore_nulls, err));
    if (is_operator(name) && args.len == 2) {
        TRY(char_comparison(b, s, rows->name, &args, err));
        return make_operator(b, rows->name, &args, &f->node, ret, err);
    }
    const Type *first = args.len ? args.at[0]->type : NULL;
    Node *given[] = { args.len ? args.at[0] : NULL, args.len > 1 ? args.at[1] : NULL };
    if ((str_eq(rows->name, "not") || str_eq(rows->name, "!")) && args.len == 1 && node_is(Subquery, args.at[0]) &&
        node_as(Subquery, args.at[0])->subquery == SUBQUERY_IN && !node_as(Subquery, args.at[0])->negated) {
        *ret = node_copy(b->a, args.at[0]); /* NOT (x IN (query)) is x NOT IN (query), which matters where x is NULL */
        ((Subquery *)(void *)*ret)->negated = true;
        return ST_OK;
    }
    if (str_eq(rows->name, "stack"))
        TRY(check_stack(b, &args, &f->node, err));
    if (str_eq(rows->name, "equal_null") && args.len == 2) { /* it becomes <=>, and is coerced as that */
        Node *equal = NULL;
        TRY(make_operator(b, "<=>", &args, &f->node, &equal, err));
    }
    Node *filter = NULL;
    if (f->filter && rows->kind == FN_AGGREGATE) /* its own errors come first */
        TRY(bind_aggregate_filter(b, &inner, f->filter, &filter, err));
    TRY(function_match(b, rows->name, rows, nrows, &args, &f->node, &row, &type, err));
    if (str_eq(rows->name, "nullif") && first->kind == TYPE_DECIMAL && !type_same(first, type))
        return bind_null_if(b, given, &f->node, ret, err);
    TRY(finish_call(b, s, name, f, row, type, &args, ignore_nulls, ret, err));
    if (!f->is_operator && node_is(Call, *ret) && (str_ieq(f->name.at[f->name.len - 1], "negative") || str_ieq(f->name.at[f->name.len - 1], "positive")))
        ((Call *)(void *)*ret)->display = rows->name;
    if (str_ieq(name, "nullif") && !type_same(first, (*ret)->type)) /* NullIf has its first argument's type */
        *ret = coerce_to(b->a, b->ansi, *ret, first);
    return ST_OK;
}

/* Functions that give spark.sql.timestampType: where that is TIMESTAMP_NTZ, those of its name do, without a zone. */
static const Function *of_timestamp_type(Binder *b, const char **io_name, const Function *f)
{
    static const char *const names[][2] = { { "to_timestamp", "to_timestamp_ntz" },
                                            { "make_timestamp", "make_timestamp_ntz" },
                                            { "try_make_timestamp", "try_make_timestamp_ntz" } };
    enum { FIELDS_AND_ZONE = 7 };
    for (size_t i = 0; b->timestamp_ntz && i < sizeof names / sizeof *names; i++) {
        if (!str_ieq(names[i][0], *io_name) || (i && f->args.len < FIELDS_AND_ZONE - 1)) /* of a date and a time: TIMESTAMP always */
            continue;
        *io_name = names[i][1];
        if (f->args.len != FIELDS_AND_ZONE)
            return f;
        Function *copy = (Function *)(void *)node_copy(b->a, &f->node);
        copy->args.len--;
        return copy;
    }
    return f;
}

static bool builtin_name(const StrList *name)
{
    if (name->len == 1)
        return true;
    return name->len <= 3 && (str_ieq(name->at[name->len - 2], "builtin") || str_ieq(name->at[name->len - 2], "session"));
}

Status bind_function(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err)
{
    const char *name = f->name.at[f->name.len - 1];
    Node *special = NULL;
    size_t n = 0;
    if (!builtin_name(&f->name))
        return session_function(b, s, f, ret, err);
    if (str_eq(name, "-") && f->args.len == 1)
        name = "negative";
    if (str_eq(name, "+") && f->args.len == 1)
        name = "positive";
    if (f->name.len == 1 && !f->is_operator && b->env->is_temporary_function &&
        b->env->is_temporary_function(b->env->self, name)) /* a session's function hides the built-in one */
        return session_function(b, s, f, ret, err);
    TRY(special_form(b, s, name, f, &special, err));
    if (special) {
        *ret = special;
        return ST_OK;
    }
    const char *called = name;
    const Function *of_type = of_timestamp_type(b, &name, f);
    const FunctionRow *rows = function_find(name, &n);
    if (!rows || ((rows->flags & FN_INTERNAL) && !f->is_internal))
        return session_function(b, s, f, ret, err);
    TRY(table_function(b, s, name, rows, n, of_type, ret, err));
    if (called != name && node_is(Call, *ret))
        ((Call *)(void *)*ret)->display = called;
    return ST_OK;
}
