/* ir/bind_aggregate.c -- GROUP BY: ordinals, aliases, ALL, grouping sets; what may stand in the output list; windows over
 * groups; and expressions above an Aggregate (HAVING, ORDER BY) pushed into it. */
#include "ir/binder.h"

/* ---------------------------------------------------------------- the grouping expressions */

static bool is_split(const Binder *b, const Node *n)
{
    for (size_t i = 0; i < b->splits.len; i++)
        if (b->splits.at[i] == n)
            return true;
    return false;
}

typedef struct AggregateSearch {
    Binder *b;
    NodeList found;
} AggregateSearch;

static bool note_refused(const Node *n, void *arg)
{
    AggregateSearch *s = arg;
    if (is_aggregate(n) || node_is(Window, n))
        vec_push(s->b->a, &s->found, (Node *)(uintptr_t)n);
    return !node_is(Subquery, n) && !is_aggregate(n);
}

static Status unsupported_all(Binder *b, const NodeList *exprs, const Node *at, Error *err)
{
    str_auto list = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < exprs->len; i++)
        str_addf(&list, "%s\"%s\"", i ? ", " : "", pretty(b, exprs->at[i]));
    return spark_error(err, at, "UNSUPPORTED_EXPR_FOR_OPERATOR", "42K0E",
                       "A query operator contains one or more unsupported expressions.\nConsider to rewrite it to avoid window functions, "
                       "aggregate functions, and generator functions in the WHERE clause.\nInvalid expressions: [<invalidExprSqls>]",
                       "invalidExprSqls", str_text(&list), NULL);
}

Status unsupported_for_operator(Binder *b, const Node *e, const Node *at, Error *err)
{
    NodeList one = { 0 };
    vec_push(b->a, &one, (Node *)(uintptr_t)e);
    return unsupported_all(b, &one, at, err);
}

Status refuse_in_orders(Binder *b, const NodeList *orders, const Node *at, Error *err)
{
    AggregateSearch search = { b, { 0 } };
    for (size_t i = 0; i < orders->len; i++)
        node_walk(orders->at[i], note_refused, &search);
    return search.found.len ? unsupported_all(b, &search.found, at, err) : ST_OK;
}

bool over_windows(const Binder *b, const Node *plan)
{
    for (; node_is(Project, plan) && is_split(b, plan); plan = node_as(Project, plan)->input) {
        if (node_is(Generate, node_as(Project, plan)->input))
            return true;
        for (size_t i = 0; i < node_as(Project, plan)->exprs.len; i++)
            if (contains_window(node_as(Project, plan)->exprs.at[i]))
                return true;
    }
    return false;
}

static Status position(Binder *b, const Node *n, const NodeList *outputs, const NodeList *unbound, Node **ret, Error *err)
{
    int64_t i = node_as(Literal, n)->value->i;
    for (size_t k = 0; k < unbound->len; k++)
        if (node_is(Star, unbound->at[k]))
            return spark_error(err, n, "STAR_GROUP_BY_POS", "0A000",
                               "Star (*) is not allowed in a select list when GROUP BY an ordinal position is used.", NULL);
    if (i < 1 || (size_t)i > outputs->len)
        return spark_error(err, n, "GROUP_BY_POS_OUT_OF_RANGE", "42805",
                           "GROUP BY position <index> is not in select list (valid range is [1, <size>]).", "index",
                           arena_printf(b->a, "%lld", (long long)i), "size", arena_printf(b->a, "%zu", outputs->len), NULL);
    Node *e = outputs->at[i - 1];
    e = node_is(Alias, e) ? node_as(Alias, e)->child : e;
    if (contains_window(e))
        return unsupported_for_operator(b, e, n, err);
    if (contains_kind(e, FN_AGGREGATE))
        return spark_error(err, n, "GROUP_BY_POS_AGGREGATE", "42903",
                           "GROUP BY <index> refers to an expression <aggExpr> that contains an aggregate function. Aggregate "
                           "functions are not allowed in GROUP BY.",
                           "index", arena_printf(b->a, "%lld", (long long)i), "aggExpr", pretty(b, e), NULL);
    *ret = e;
    return ST_OK;
}

/* An output alias of that name, when the input has no such column (spark.sql.groupByAliases). */
static Node *by_alias(Binder *b, const Node *n, const NodeList *outputs)
{
    if (!node_is(Attribute, n) || node_as(Attribute, n)->name.len != 1 || !conf_allows(b, "spark.sql.groupByAliases"))
        return NULL;
    for (size_t i = 0; i < outputs->len; i++) {
        const Node *o = outputs->at[i];
        if (node_is(Alias, o) && name_equal(b, node_as(Alias, o)->names.at[0], node_as(Attribute, n)->name.at[0]))
            return node_as(Alias, o)->child;
    }
    return NULL;
}

Status group_by_aggregate(Binder *b, const Node *at, const Node *e, Error *err)
{
    return spark_error(err, at, "GROUP_BY_AGGREGATE", "42903", "Aggregate functions are not allowed in GROUP BY, but found <sqlExpr>.", "sqlExpr",
                       pretty(b, e), NULL);
}

static Status bind_group(Binder *b, const Scope *s, Node *n, const NodeList *outputs, const NodeList *unbound, Node **ret, Error *err)
{
    Node *alias = NULL, *e = NULL;
    bool number = node_is(Literal, n) && node_as(Literal, n)->of->kind == TYPE_INT && !node_as(Literal, n)->value->is_null;
    if (number && conf_allows(b, "spark.sql.groupByOrdinal"))
        return position(b, n, outputs, unbound, ret, err);
    alias = by_alias(b, n, outputs);
    if (alias) {
        Node *column = NULL;
        if (schema_resolve(b, s->schema, &node_as(Attribute, n)->name, n, &column, NULL) == ST_OK && !column)
            e = alias;
    }
    if (!e)
        TRY(bind_expr(b, s, n, &e, err));
    if (contains_kind(e, FN_AGGREGATE))
        return group_by_aggregate(b, e == alias ? e : n, e, err);
    *ret = e;
    return ST_OK;
}

/* a + b is b + a (Canonicalize). */
static bool same_value(const Node *x, const Node *y)
{
    static const char *const commutative[] = { "+", "*", "and", "or", "&", "|", "^", "=", "<=>" };
    if (node_equal(x, y))
        return true;
    if (node_is(Cast, x) && node_is(Cast, y) && type_same(x->type, y->type))
        return same_value(node_as(Cast, x)->child, node_as(Cast, y)->child);
    if (!node_is(Call, x) || !node_is(Call, y) || node_as(Call, x)->function != node_as(Call, y)->function)
        return false;
    const NodeList *left = &node_as(Call, x)->args, *right = &node_as(Call, y)->args;
    bool swaps = false;
    for (size_t i = 0; i < sizeof commutative / sizeof *commutative; i++)
        swaps = swaps || !strcmp(commutative[i], node_as(Call, x)->function->name);
    if (!swaps || left->len != 2 || right->len != 2)
        return false;
    return (same_value(left->at[0], right->at[0]) && same_value(left->at[1], right->at[1])) ||
           (same_value(left->at[0], right->at[1]) && same_value(left->at[1], right->at[0]));
}

/* The one of the list that is e; NULL: none. */
static Node *listed(const NodeList *list, const Node *e)
{
    for (size_t i = 0; i < list->len; i++)
        if (same_value(list->at[i], e))
            return list->at[i];
    return NULL;
}

/* GROUP BY ALL: every output without an aggregate function; of the others, what stands outside them must be nothing. */
static Status group_all(Binder *b, const NodeList *outputs, NodeList *groups)
{
    for (size_t i = 0; i < outputs->len; i++) {
        Node *e = outputs->at[i];
        e = node_is(Alias, e) ? node_as(Alias, e)->child : e;
        if (!contains_kind(e, FN_AGGREGATE) && !is_foldable(e) && !listed(groups, e))
            vec_push(b->a, groups, e);
    }
    return ST_OK;
}

static Status bind_sets(Binder *b, const Scope *s, const Aggregate *n, const NodeList *outputs, NodeList *groups, NodeList *sets,
                        Error *err)
{
    for (size_t i = 0; i < n->sets.len; i++) {
        NodeList items = { 0 };
        const GroupingSet *set = node_as(GroupingSet, n->sets.at[i]);
        for (size_t k = 0; k < set->items.len; k++) {
            Node *e = NULL;
            TRY(bind_group(b, s, set->items.at[k], outputs, &n->exprs, &e, err));
            if (!listed(groups, e))
                vec_push(b->a, groups, e);
            vec_push(b->a, &items, listed(groups, e));
        }
        vec_push(b->a, sets, node_new(b->a, GroupingSet, .items = items));
    }
    return ST_OK;
}

static Status check_orderable(Binder *b, const NodeList *groups, Error *err)
{
    for (size_t i = 0; i < groups->len; i++)
        if (type_has_variant(groups->at[i]->type) || type_is_spatial(groups->at[i]->type))
            return spark_error(err, groups->at[i], "GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE", "42822",
                               "The expression <sqlExpr> cannot be used as a grouping expression because its data type <dataType> is not an "
                               "orderable data type.",
                               "sqlExpr", arena_printf(b->a, "\"%s\"", pretty(b, groups->at[i])), "dataType",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, groups->at[i]->type)), NULL);
    return ST_OK;
}

static Node *grouping_set(Binder *b, const NodeList *groups, uint64_t chosen)
{
    NodeList items = { 0 };
    for (size_t i = 0; i < groups->len; i++)
        if ((chosen >> i & 1) && !listed(&items, groups->at[i]))
            vec_push(b->a, &items, groups->at[i]);
    return node_new(b->a, GroupingSet, .items = items);
}

/* BaseGroupingSets: CUBE (a, a) is GROUPING SETS ((a), (a), (a), ()): one column, as many sets as the list has. */
static int64_t without_twins(Binder *b, NodeList *groups, NodeList *sets, int64_t grouping)
{
    enum { MOST = 12 };
    NodeList distinct = { 0 };
    for (size_t i = 0; i < groups->len; i++)
        if (!listed(&distinct, groups->at[i]))
            vec_push(b->a, &distinct, groups->at[i]);
    if (distinct.len == groups->len || groups->len > MOST || (grouping != GROUPING_CUBE && grouping != GROUPING_ROLLUP))
        return grouping;
    uint64_t all = (UINT64_C(1) << groups->len) - 1;
    for (uint64_t chosen = all + 1; chosen-- > 0;)
        if (grouping == GROUPING_CUBE || !(chosen & (chosen + 1)))
            vec_push(b->a, sets, grouping_set(b, groups, chosen));
    *groups = distinct;
    return GROUPING_SETS;
}

Status bind_aggregate(Binder *b, const Aggregate *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    NodeList outputs = { 0 }, groups = { 0 }, sets = { 0 };
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &input, err));
    Scope s = scope_over(b, input->schema, outer, from);
    s.generators = true;
    TRY(bind_outputs(b, &s, &n->exprs, &outputs, err));
    for (size_t i = 0; i < n->groups.len; i++) {
        Node *e = NULL;
        TRY(bind_group(b, &s, n->groups.at[i], &outputs, &n->exprs, &e, err));
        if (!listed(&groups, e) || n->grouping != GROUPING_PLAIN)
            vec_push(b->a, &groups, e);
    }
    if (n->grouping == GROUPING_ALL) {
        StrList name = { 0 };
        Node *column = NULL;
        vec_push(b->a, &name, "all");
        TRY(schema_resolve(b, input->schema, &name, &n->node, &column, err));
        if (column) /* a column of that name goes before the keyword */
            vec_push(b->a, &groups, column);
        else
            TRY(group_all(b, &outputs, &groups));
    }
    TRY(bind_sets(b, &s, n, &outputs, &groups, &sets, err));
    TRY(check_orderable(b, &groups, err));
    int64_t grouping = without_twins(b, &groups, &sets, n->grouping);
    if (n->grouping != GROUPING_ALL)
        return finish_aggregate(b, input, &groups, &outputs, &sets, grouping, &n->node, ret, err);
    Error why = ERROR_INIT;
    Status status = finish_aggregate(b, input, &groups, &outputs, &sets, GROUPING_PLAIN, &n->node, ret, &why);
    if (status != ST_OK && (str_eq(why.code, "MISSING_GROUP_BY") || str_eq(why.code, "MISSING_AGGREGATION")))
        return spark_error(err, &n->node, "UNRESOLVED_ALL_IN_GROUP_BY", "42803",
                           "Cannot infer grouping columns for GROUP BY ALL based on the select clause. Please explicitly specify the grouping "
                           "columns.",
                           NULL);
    if (status != ST_OK && err)
        *err = why;
    return status;
}

/* ---------------------------------------------------------------- what may stand in the output */

typedef struct Check {
    Binder *b;
    const NodeList *groups;
    bool sets; /* grouping sets: grouping() is allowed */
    const Node *at;
    Status status;
    Error *err;
} Check;

static Status not_grouped(Check *c, const Node *column)
{
    if (!c->groups->len)
        return spark_error(c->err, c->at, "MISSING_GROUP_BY", "42803",
                           "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using "
                           "OVER clauses.",
                           NULL);
    const char *name = pretty(c->b, column);
    return spark_error(c->err, NULL, "MISSING_AGGREGATION", "42803",
                       "The non-aggregating expression <expression> is based on columns which are not participating in the GROUP "
                       "BY clause.\nAdd the columns or the expression to the GROUP BY, aggregate the expression, or use "
                       "<expressionAnyValue> if you do not care which of the values within a group is returned.",
                       "expression", arena_printf(c->b->a, "\"%s\"", name), "expressionAnyValue",
                       arena_printf(c->b->a, "\"any_value(%s)\"", name), NULL);
}

static bool is_grouping(const Node *n)
{
    return node_is(Call, n) && str_starts(node_as(Call, n)->function->name, "grouping");
}

static Status check_grouping(Check *c, const Call *call)
{
    bool id = !strcmp(call->function->name, "grouping_id");
    if (!c->sets)
        return spark_error(c->err, NULL, "UNSUPPORTED_GROUPING_EXPRESSION", "42K0E",
                           "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.", NULL);
    for (size_t i = 0; i < call->args.len; i++)
        if (!listed(c->groups, call->args.at[i]))
            return spark_error(c->err, &call->node, id ? "GROUPING_ID_COLUMN_MISMATCH" : "GROUPING_COLUMN_MISMATCH", "42803",
                               "Column of grouping (<grouping>) can't be found in grouping columns <groupingColumns>.", "grouping",
                               pretty(c->b, call->args.at[i]), "groupingColumns", "", NULL);
    return ST_OK;
}

static bool check_grouping_call(const Node *n, void *arg)
{
    Check *c = arg;
    if (c->status == ST_OK && is_grouping(n))
        c->status = check_grouping(c, node_as(Call, n));
    return c->status == ST_OK;
}

static bool check_node(const Node *n, void *arg);

static Status check_subquery(Check *c, const Subquery *n)
{
    if (n->subquery == SUBQUERY_SCALAR && c->groups->len && is_correlated(&n->node))
        return spark_error(c->err, &n->node, "SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION", "0A000",
                           "The correlated scalar subquery '<sqlExpr>' is neither present in GROUP BY, nor in an aggregate "
                           "function.\nAdd it to GROUP BY using ordinal position or wrap it in `first()` (or `first_value`) if you "
                           "don't care which value you get.",
                           "sqlExpr", arena_printf(c->b->a, "\"%s\"", pretty(c->b, &n->node)), NULL);
    for (size_t i = 0; i < n->operands.len && c->status == ST_OK; i++)
        node_walk(n->operands.at[i], check_node, c);
    return c->status;
}

static bool check_node(const Node *n, void *arg)
{
    Check *c = arg;
    if (c->status != ST_OK || listed(c->groups, n))
        return false;
    if (is_grouping(n)) {
        c->status = check_grouping(c, node_as(Call, n));
        return false;
    }
    if (node_is(Window, n)) { /* its function runs over the groups: only its arguments must be grouped */
        const Window *w = node_as(Window, n);
        const NodeList *lists[] = { node_is(Call, w->function) ? &node_as(Call, w->function)->args
                                    : node_is(PythonUdf, w->function) ? &node_as(PythonUdf, w->function)->args : NULL,
                                    &w->partitions, &w->orders };
        for (size_t i = 0; i < 3; i++)
            for (size_t k = 0; lists[i] && k < lists[i]->len; k++)
                node_walk(lists[i]->at[k], check_node, c);
        return false;
    }
    if (is_aggregate(n))
        return false;
    if (node_is(Subquery, n)) {
        c->status = check_subquery(c, node_as(Subquery, n));
        return false;
    }
    if (node_is(ColumnRef, n) && !node_as(ColumnRef, n)->depth) {
        c->status = not_grouped(c, n);
        return false;
    }
    return true;
}

/* ---------------------------------------------------------------- windows over groups */

/* Replaces grouping expressions and aggregate calls by columns of the Aggregate below. */
typedef struct Split {
    Binder *b;
    const NodeList *groups;
    NodeList *below; /* the Aggregate's output list, grown */
    const Schema *output; /* columns that are already there and stay as they are; NULL: none */
    size_t given;         /* of `below`: what an expression equals as a whole is that column (buildAggExprList) */
    bool missing;         /* a column that is neither grouped nor aggregated was met */
    const Node *missing_column;
} Split;

static Node *below_column(Split *s, Node *e, const char *name)
{
    for (size_t i = 0; i < s->below->len; i++) {
        Node *have = s->below->at[i];
        if (node_is(Alias, have) && node_equal(node_as(Alias, have)->child, e))
            return typed(node_new(s->b->a, ColumnRef, .id = node_as(Alias, have)->id, .name = node_as(Alias, have)->names.at[0]),
                         e->type, e->nullable, e);
        if (node_is(ColumnRef, e) && node_equal(have, e))
            return e;
    }
    if (node_is(ColumnRef, e)) {
        vec_push(s->b->a, s->below, e);
        return e;
    }
    Node *alias = new_alias(s->b, e, name);
    vec_push(s->b->a, s->below, alias);
    return typed(node_new(s->b->a, ColumnRef, .id = node_as(Alias, alias)->id, .name = name), e->type, e->nullable, e);
}

static Node *split_node(Arena *a, Node *n, void *arg);

/* An expression of this query inside a subquery: grouped, aggregated, a single column, or looked into. */
static Node *split_outer(Arena *a, Node *n, void *arg)
{
    const Split *s = arg;
    bool aggregate = is_aggregate(n);
    return aggregate || node_is(ColumnRef, n) || listed(s->groups, n) ? split_node(a, n, arg) : NULL;
}

static Node *split_subquery(Arena *a, Node *n, Split *s)
{
    Subquery *copy = (Subquery *)(void *)rewrite_outer(a, n, split_outer, s);
    NodeList operands = { 0 };
    for (size_t i = 0; i < copy->operands.len; i++)
        vec_push(a, &operands, split_node(a, copy->operands.at[i], s));
    copy->operands = operands;
    return &copy->node;
}

static Node *split_node(Arena *a, Node *n, void *arg)
{
    Split *s = arg;
    if (node_is(ColumnRef, n) && (node_as(ColumnRef, n)->depth || (s->output && schema_find(s->output, node_as(ColumnRef, n)->id))))
        return n;
    for (size_t i = 0; i < s->given && !node_is(Literal, n); i++) {
        const Node *have = s->below->at[i];
        if (node_is(Alias, have) && same_value(node_as(Alias, have)->child, n))
            return below_column(s, node_as(Alias, have)->child, NULL);
    }
    for (size_t i = 0; i < s->groups->len && !node_is(Literal, n); i++)
        if (same_value(s->groups->at[i], n))
            return below_column(s, s->groups->at[i], pretty(s->b, n));
    if (node_is(Subquery, n))
        return split_subquery(a, n, s);
    if (node_is(Window, n)) {
        Window *w = (Window *)(void *)node_copy(a, n);
        w->function = node_map_children(a, w->function, split_node, s);
        Node *rest = node_copy(a, &w->node);
        ((Window *)(void *)rest)->function = NULL;
        rest = node_map_children(a, rest, split_node, s);
        Window *made = (Window *)(void *)node_copy(a, rest);
        made->function = w->function;
        return &made->node;
    }
    if (is_aggregate(n))
        return below_column(s, n, pretty(s->b, n));
    if (node_is(ColumnRef, n)) {
        s->missing = true;
        s->missing_column = s->missing_column ? s->missing_column : n;
        return n;
    }
    return node_map_children(a, n, split_node, s);
}

static bool note_correlated(const Node *n, void *arg)
{
    bool *found = arg;
    if (node_is(Subquery, n))
        *found = *found || is_correlated(n) || node_as(Subquery, n)->operands.len;
    return !*found && !node_is(Subquery, n) && !is_aggregate(n);
}

/* What must stand in a Project over the Aggregate. */
static bool any_window_or_generator(const NodeList *exprs)
{
    bool correlated = false;
    for (size_t i = 0; i < exprs->len; i++) {
        if (contains_window(exprs->at[i]) || contains_kind(exprs->at[i], FN_GENERATOR))
            return true;
        node_walk(exprs->at[i], note_correlated, &correlated);
    }
    return correlated;
}

/* ---------------------------------------------------------------- the node */

static Node *make_aggregate(Binder *b, Node *input, const NodeList *groups, const NodeList *exprs, const NodeList *sets,
                            int64_t grouping)
{
    Node *n = node_new(b->a, Aggregate, .input = input, .grouping = grouping, .groups = *groups, .sets = *sets, .exprs = *exprs);
    return with_schema(n, schema_of_exprs(b, exprs, input->schema));
}

/* Under grouping sets a grouping expression is null where its set lacks it. */
typedef struct NullGroups {
    Binder *b;
    const NodeList *groups;
} NullGroups;

static Node *group_nullable(Arena *a, Node *n, void *arg)
{
    const NullGroups *g = arg;
    if (is_aggregate(n))
        return n;
    if (listed(g->groups, n)) {
        Node *copy = node_copy(a, n);
        copy->nullable = true;
        return copy;
    }
    Node *made = node_map_children(a, n, group_nullable, arg);
    if (made == n)
        return n;
    if (node_is(Alias, made))
        made->nullable = node_as(Alias, made)->child->nullable;
    else if (node_is(Call, made))
        made->nullable = made->nullable || result_nullable(g->b, node_as(Call, made)->function, &node_as(Call, made)->args);
    else
        made->nullable = true;
    return made;
}

/* Each group in the outputs as its GROUP BY wrote it: back ends compare by node_equal. */
static Node *as_group(Arena *a, Node *n, void *arg)
{
    const NodeList *groups = arg;
    if (node_is(Literal, n) || node_is(ColumnRef, n) || (node_is(Call, n) && node_as(Call, n)->function->kind == FN_AGGREGATE))
        return n;
    for (size_t i = 0; i < groups->len; i++)
        if (same_value(groups->at[i], n))
            return groups->at[i];
    return node_is(Subquery, n) ? n : node_map_children(a, n, as_group, arg);
}

Status finish_aggregate(Binder *b, Node *input, NodeList *groups, NodeList *exprs, const NodeList *sets, int64_t grouping,
                        const Node *at, Node **ret, Error *err)
{
    Check check = { b, groups, grouping != GROUPING_PLAIN, at, ST_OK, err };
    for (size_t i = 0; i < exprs->len && groups->len; i++)
        exprs->at[i] = as_group(b->a, exprs->at[i], groups);
    for (size_t i = 0; i < exprs->len && check.status == ST_OK; i++)
        node_walk(exprs->at[i], check_node, &check);
    TRY(check.status);
    if (grouping != GROUPING_PLAIN)
        for (size_t i = 0; i < exprs->len; i++)
            exprs->at[i] = group_nullable(b->a, exprs->at[i], &(NullGroups){ b, groups });
    if (!any_window_or_generator(exprs)) {
        *ret = make_aggregate(b, input, groups, exprs, sets, grouping);
        return ST_OK;
    }
    NodeList below = { 0 }, above = { 0 };
    Split split = { b, groups, &below, NULL, 0, false, NULL };
    for (size_t i = 0; i < exprs->len; i++)
        vec_push(b->a, &above, split_node(b->a, exprs->at[i], &split));
    Node *aggregate = make_aggregate(b, input, groups, &below, sets, grouping);
    TRY(extract_generator(b, &aggregate, &above, err));
    *ret = make_project(b, aggregate, &above);
    vec_push(b->a, &b->splits, *ret);
    return ST_OK;
}

/* ---------------------------------------------------------------- from above */

static const Node *inner(const Binder *b, const Node *n)
{
    if (node_is(Filter, n))
        return node_as(Filter, n)->input;
    return node_is(Project, n) && is_split(b, n) ? node_as(Project, n)->input : NULL;
}

const Aggregate *aggregate_below(const Binder *b, const Node *plan)
{
    for (; plan && !node_is(Aggregate, plan); plan = inner(b, plan))
        if (is_barrier(b, plan))
            return NULL;
    if (plan && is_barrier(b, plan))
        return NULL;
    return plan ? node_as(Aggregate, plan) : NULL;
}

/* The chain down to the Aggregate made anew with `exprs` as its output; what was added passes through each level. */
static Node *rebuild(Binder *b, const Node *plan, const NodeList *exprs)
{
    if (node_is(Aggregate, plan)) {
        const Aggregate *g = node_as(Aggregate, plan);
        return make_aggregate(b, g->input, &g->groups, exprs, &g->sets, g->grouping);
    }
    Node *input = rebuild(b, inner(b, plan), exprs);
    if (node_is(Filter, plan)) {
        Node *copy = node_copy(b->a, plan);
        ((Filter *)(void *)copy)->input = input;
        return with_schema(copy, input->schema);
    }
    NodeList outputs = { 0 };
    const Project *p = node_as(Project, plan);
    for (size_t i = 0; i < p->exprs.len; i++)
        vec_push(b->a, &outputs, p->exprs.at[i]);
    for (size_t i = 0; i < input->schema->len; i++)
        if (!schema_find(p->node.schema, input->schema->at[i].id))
            vec_push(b->a, &outputs, column_ref(b, &input->schema->at[i]));
    Node *made = make_project(b, input, &outputs);
    vec_push(b->a, &b->splits, made);
    return made;
}

typedef struct Written {
    const Node *column;
    const Attribute *found;
} Written;

static bool note_written(const Node *n, void *arg)
{
    Written *w = arg;
    if (node_is(Attribute, n) && n->start == w->column->start && n->stop == w->column->stop && !w->found)
        w->found = node_as(Attribute, n);
    return !w->found;
}

/* The name is known below, but not to what stands over the groups. */
static Status not_over_groups(Binder *b, const Schema *schema, const Node *column, const NodeList *written, Error *err)
{
    Written search = { column, NULL };
    StrList name = { 0 };
    for (size_t i = 0; i < written->len; i++)
        node_walk(written->at[i], note_written, &search);
    vec_push(b->a, &name, node_as(ColumnRef, column)->name);
    return unresolved_column(b, schema, search.found ? &search.found->name : &name, column, err);
}

Status push_into_aggregate(Binder *b, Node **plan, NodeList *exprs, const NodeList *written, Error *err)
{
    const Aggregate *g = aggregate_below(b, *plan);
    NodeList outputs = { 0 };
    for (size_t i = 0; i < g->exprs.len; i++)
        vec_push(b->a, &outputs, g->exprs.at[i]);
    Split split = { b, &g->groups, &outputs, (*plan)->schema, g->exprs.len, false, NULL };
    for (size_t i = 0; i < exprs->len; i++)
        exprs->at[i] = split_node(b->a, exprs->at[i], &split);
    Check grouping = { b, &g->groups, g->grouping != GROUPING_PLAIN, NULL, ST_OK, err };
    for (size_t i = 0; i < exprs->len && grouping.status == ST_OK; i++)
        node_walk(exprs->at[i], check_grouping_call, &grouping);
    for (size_t i = 0; i < outputs.len && grouping.status == ST_OK; i++)
        node_walk(outputs.at[i], check_grouping_call, &grouping);
    TRY(grouping.status);
    if (split.missing)
        return not_over_groups(b, (*plan)->schema, split.missing_column, written, err);
    if (outputs.len > g->exprs.len || !node_is(Aggregate, *plan))
        *plan = rebuild(b, *plan, &outputs);
    return ST_OK;
}
