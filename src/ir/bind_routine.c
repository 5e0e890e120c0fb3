/* ir/bind_routine.c -- calls of SQL functions (CREATE FUNCTION … RETURN …), inlined where they are called.
 *
 * A scalar function whose body is a plain expression becomes a Lambda over its parameters. A body with subqueries becomes a
 * scalar subquery over one row of the arguments, a table function the same row joined LATERAL with its query. The body sees
 * its parameters only, also qualified by the function's name. Source: ResolveSQLFunctions, SQLFunctionExpression. */
#include "ir/binder.h"

static const char *function_name(const CreateFunction *f)
{
    return f->name.at[f->name.len - 1];
}

static Status wrong_number(Binder *b, const CreateFunction *f, const NodeList *args, const Node *at, Error *err)
{
    return spark_error(err, at, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                       "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, refer to "
                       "'<docroot>/sql-ref-functions.html' for a fix.",
                       "functionName", sql_ids(b->a, &f->name), "expectedNum", arena_printf(b->a, "%zu", f->params.len), "actualNum",
                       arena_printf(b->a, "%zu", args->len), NULL);
}

/* The arguments by parameter: positions, then names, then defaults; each cast to its parameter's type. */
static Status arguments(Binder *b, const CreateFunction *f, const NodeList *args, const Node *at, NodeList *ret, Error *err)
{
    NodeList out = { 0 };
    if (args->len > f->params.len)
        return wrong_number(b, f, args, at, err);
    for (size_t i = 0; i < f->params.len; i++) {
        const ColumnDefinition *p = node_as(ColumnDefinition, f->params.at[i]);
        Node *x = i < args->len && !node_is(NamedArgument, args->at[i]) ? args->at[i] : NULL;
        for (size_t k = 0; k < args->len && !x; k++)
            if (node_is(NamedArgument, args->at[k]) && str_ieq(node_as(NamedArgument, args->at[k])->key, p->name))
                x = node_as(NamedArgument, args->at[k])->value;
        if (!x)
            x = p->default_value;
        if (!x)
            return wrong_number(b, f, args, at, err);
        if (p->of)
            x = node_at(node_new(b->a, Cast, .child = x, .to = p->of, .mode = CAST_ANSI, .implicit = true), at->start, at->stop);
        vec_push(b->a, &out, x);
    }
    *ret = out;
    return ST_OK;
}

/* One row with the arguments under the parameters' names, known by the function's name. */
static Node *argument_row(Binder *b, const CreateFunction *f, const NodeList *args)
{
    NodeList exprs = { 0 };
    for (size_t i = 0; i < args->len; i++) {
        StrList name = { 0 };
        vec_push(b->a, &name, node_as(ColumnDefinition, f->params.at[i])->name);
        vec_push(b->a, &exprs, node_new(b->a, Alias, .child = args->at[i], .names = name));
    }
    Node *row = node_new(b->a, OneRow, .unused = false);
    if (args->len)
        row = node_new(b->a, Project, .input = row, .exprs = exprs);
    return node_new(b->a, SubqueryAlias, .input = row, .name = function_name(f));
}

static bool note_subquery(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Subquery, n);
    return !*found;
}

/* Positions in the function's own text mean nothing in the caller's. */
static Node *without_position(Arena *a, Node *n, void *unused)
{
    (void)unused;
    Node *copy = node_copy(a, n);
    copy->start = copy->stop = -1;
    return copy;
}

/* f.x of the function f as x: a Lambda's variables have no qualifier. */
static Node *without_qualifier(Arena *a, Node *n, void *arg)
{
    const CreateFunction *f = arg;
    if (!node_is(Attribute, n) || node_as(Attribute, n)->name.len != 2 || !str_ieq(node_as(Attribute, n)->name.at[0], function_name(f)))
        return n;
    StrList last = { 0 };
    Node *copy = node_copy(a, n);
    vec_push(a, &last, node_as(Attribute, n)->name.at[1]);
    ((Attribute *)(void *)copy)->name = last;
    return copy;
}

static Node *returned(Binder *b, const CreateFunction *f, Node *x)
{
    return f->returns ? node_new(b->a, Cast, .child = x, .to = f->returns, .mode = CAST_ANSI, .implicit = true) : x;
}

/* The catalog refuses cycles; this ends one that came in past it. */
static Status not_too_deep(const Binder *b, const CreateFunction *f, const Node *at, Error *err)
{
    enum { ROUTINE_DEPTH_MAX = 100 };
    return b->inlined < ROUTINE_DEPTH_MAX ? ST_OK
                                          : spark_error(err, at, "CYCLIC_FUNCTION_REFERENCE", "42887",
                                                        "Cyclic function reference detected: <path>.", "path", function_name(f), NULL);
}

Status routine_lambda(Binder *b, const CreateFunction *f, const NodeList *args, const Node *at, Node **ret_lambda,
                      Node **ret_subquery, NodeList *ret_args, Error *err)
{
    NodeList given;
    bool subquery = false;
    *ret_lambda = *ret_subquery = NULL;
    if (f->query || !f->body)
        return spark_error(err, at, "NOT_A_SCALAR_FUNCTION", "42887",
                           "<functionName> appears as a scalar expression here, but the function was defined as a table function. "
                           "Please update the query to move the function call into the FROM clause, or redefine <functionName> as a "
                           "scalar function instead.",
                           "functionName", sql_ids(b->a, &f->name), NULL);
    TRY(not_too_deep(b, f, at, err));
    TRY(arguments(b, f, args, at, &given, err));
    Node *body = node_rewrite(b->a, f->body, without_position, NULL);
    node_walk(body, note_subquery, &subquery);
    if (subquery) {
        StrList name = { 0 };
        NodeList exprs = { 0 };
        vec_push(b->a, &name, function_name(f));
        vec_push(b->a, &exprs, node_new(b->a, Alias, .child = returned(b, f, body), .names = name));
        Node *plan = node_new(b->a, Project, .input = argument_row(b, f, &given), .exprs = exprs);
        *ret_subquery = node_at(node_new(b->a, Subquery, .subquery = SUBQUERY_SCALAR, .plan = plan), at->start, at->stop);
        return ST_OK;
    }
    NodeList params = { 0 };
    body = node_rewrite(b->a, body, without_qualifier, (void *)(uintptr_t)f);
    for (size_t i = 0; i < f->params.len; i++)
        vec_push(b->a, &params, node_new(b->a, LambdaVariable, .name = node_as(ColumnDefinition, f->params.at[i])->name));
    *ret_lambda = node_new(b->a, Lambda, .body = returned(b, f, body), .params = params);
    *ret_args = given;
    return ST_OK;
}

Status bind_routine_table(Binder *b, const CreateFunction *f, const UnresolvedTableFunction *n, const Scope *outer, Node **ret,
                          Error *err)
{
    NodeList given, exprs = { 0 };
    StrList names = { 0 };
    if (!f->query)
        return spark_error(err, &n->node, "NOT_A_TABLE_FUNCTION", "42887",
                           "<functionName> appears as a table function here, but the function was defined as a scalar function. "
                           "Please update the query to move the function call outside the FROM clause, or redefine <functionName> as "
                           "a table function instead.",
                           "functionName", sql_ids(b->a, &f->name), NULL);
    TRY(not_too_deep(b, f, &n->node, err));
    TRY(arguments(b, f, &n->args, &n->node, &given, err));
    const Type *columns = f->returns && f->returns->kind == TYPE_STRUCT ? f->returns : NULL;
    Node *query = node_rewrite(b->a, f->query, without_position, NULL);
    if (columns) {
        for (size_t i = 0; i < columns->nfields; i++) {
            StrList from = { 0 }, to = { 0 };
            vec_push(b->a, &names, arena_printf(b->a, "_%zu", i));
            vec_push(b->a, &from, "_r");
            vec_push(b->a, &from, names.at[i]);
            vec_push(b->a, &to, columns->fields[i].name);
            Node *x = node_new(b->a, Cast, .child = node_new(b->a, Attribute, .name = from), .to = columns->fields[i].type,
                               .mode = CAST_ANSI, .implicit = true);
            vec_push(b->a, &exprs, node_new(b->a, Alias, .child = x, .names = to));
        }
        query = node_new(b->a, ToDF, .input = query, .names = names);
    } else {
        StrList target = { 0 };
        vec_push(b->a, &target, "_r");
        vec_push(b->a, &exprs, node_new(b->a, Star, .target = target));
    }
    query = node_new(b->a, SubqueryAlias, .input = query, .name = "_r");
    if (f->params.len)
        query = node_new(b->a, Join, .left = argument_row(b, f, &given), .right = query, .join = JOIN_INNER, .lateral = true);
    Node *project = node_new(b->a, Project, .input = query, .exprs = exprs), *bound = NULL;
    const Cte *visible = b->ctes;
    b->ctes = NULL;
    b->inlined++;
    TRY(bind_relation(b, node_new(b->a, SubqueryAlias, .input = project, .name = function_name(f)), outer, &bound, err));
    b->inlined--;
    b->ctes = visible;
    *ret = bound;
    return ST_OK;
}
