/* ir/bind_sort.c -- ORDER BY, WHERE and HAVING: ordinals, columns that the select list dropped, expressions over groups. */
#include "ir/binder.h"

/* ---------------------------------------------------------------- columns that were dropped below */

bool is_barrier(const Binder *b, const Node *n)
{
    for (size_t i = 0; i < b->barriers.len; i++)
        if (b->barriers.at[i] == n)
            return true;
    return false;
}

typedef struct FirstColumn {
    const ColumnRef *found;
} FirstColumn;

static bool note_column(const Node *n, void *arg)
{
    FirstColumn *first = arg;
    if (node_is(ColumnRef, n) && !first->found)
        first->found = node_as(ColumnRef, n);
    return !first->found;
}

/* `plan` with the column that `e` stands on added to its output. */
static Node *project_with(Binder *b, const Project *p, Node *input, const Node *e)
{
    NodeList exprs = { 0 };
    FirstColumn first = { NULL };
    node_walk(e, note_column, &first);
    for (size_t i = 0; i < p->exprs.len; i++)
        vec_push(b->a, &exprs, p->exprs.at[i]);
    vec_push(b->a, &exprs, column_ref(b, schema_find(input->schema, first.found->id)));
    return make_project(b, input, &exprs);
}

/* In `*input`'s output, or below it, even where its own names fail: they may be ambiguous, or have no such field. */
static Status resolve_below(Binder *b, Node **input, const StrList *name, const Node *at, Node **ret, Error *err)
{
    Error why = ERROR_INIT, ignored = ERROR_INIT;
    Node *found = NULL;
    Status status = schema_resolve(b, (*input)->schema, name, at, &found, &why);
    if (status != ST_OK || !found) {
        found = NULL;
        if (fetch_missing(b, input, name, at, &found, &ignored) != ST_OK)
            found = NULL;
    }
    *ret = found;
    if (found || status == ST_OK)
        return ST_OK;
    if (err)
        *err = why;
    return status;
}

static Status through_project(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err)
{
    const Project *p = node_as(Project, *plan);
    Node *input = p->input, *found = NULL;
    TRY(resolve_below(b, &input, name, at, &found, err));
    if (!found)
        return ST_OK;
    FirstColumn first = { NULL };
    node_walk(found, note_column, &first);
    if (!schema_find((*plan)->schema, first.found->id))
        *plan = project_with(b, p, input, found);
    *ret = found;
    return ST_OK;
}

/* A grouping column that the output list left out. */
static Status through_aggregate(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err)
{
    const Aggregate *g = node_as(Aggregate, *plan);
    Node *found = NULL;
    FirstColumn column = { NULL };
    TRY(schema_resolve(b, g->input->schema, name, at, &found, err));
    if (found)
        node_walk(found, note_column, &column);
    for (size_t i = 0; column.found && i < g->groups.len; i++)
        if (node_equal(g->groups.at[i], &column.found->node)) {
            Aggregate *copy = (Aggregate *)(void *)node_copy(b->a, &g->node);
            copy->exprs = (NodeList){ 0 };
            for (size_t k = 0; k < g->exprs.len; k++)
                vec_push(b->a, &copy->exprs, g->exprs.at[k]);
            vec_push(b->a, &copy->exprs, (Node *)(uintptr_t)column.found);
            *plan = with_schema(&copy->node, schema_of_exprs(b, &copy->exprs, g->input->schema));
            *ret = found;
            return ST_OK;
        }
    return ST_OK;
}

static Status through_unary(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err)
{
    Filter *copy = (Filter *)(void *)node_copy(b->a, *plan); /* all of these have their input first */
    Node *input = copy->input;
    TRY(fetch_missing(b, &input, name, at, ret, err));
    if (!*ret)
        return ST_OK;
    copy->input = input;
    *plan = with_schema(&copy->node, input->schema);
    return ST_OK;
}

static Status through_generate(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err)
{
    Generate *copy = (Generate *)(void *)node_copy(b->a, *plan);
    const Schema *was = (*plan)->schema;
    size_t own = copy->input->schema->len, n = 0;
    TRY(fetch_missing(b, &copy->input, name, at, ret, err));
    if (!*ret)
        return ST_OK;
    Schema *all = ARENA_NEW(b->a, Schema);
    Column *columns = ARENA_ARRAY(b->a, Column, copy->input->schema->len + was->len - own + 1);
    for (size_t i = 0; i < copy->input->schema->len; i++)
        columns[n++] = copy->input->schema->at[i];
    for (size_t i = own; i < was->len; i++)
        columns[n++] = was->at[i];
    all->at = columns;
    all->len = n;
    *plan = with_schema(&copy->node, all);
    return ST_OK;
}

Status fetch_missing(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err)
{
    if (is_barrier(b, *plan))
        return ST_OK;
    switch ((*plan)->kind) {
    case NODE_Project:
        return through_project(b, plan, name, at, ret, err);
    case NODE_Aggregate:
        return through_aggregate(b, plan, name, at, ret, err);
    case NODE_Generate:
        return through_generate(b, plan, name, at, ret, err);
    case NODE_Filter:
    case NODE_Sort:
    case NODE_Limit:
    case NODE_Offset:
    case NODE_Repartition:
    case NODE_Sample:
        return through_unary(b, plan, name, at, ret, err);
    default:
        return ST_OK;
    }
}

/* ---------------------------------------------------------------- expressions above a relation */

static Scope scope_above(Binder *b, Node **plan, const Scope *outer, size_t from, bool over_groups)
{
    Scope s = scope_over(b, (*plan)->schema, outer, from);
    const Aggregate *g = over_groups ? aggregate_below(b, *plan) : NULL;
    if (g) {
        s.below = g->input->schema;
        s.below_exprs = &g->exprs;
    } else {
        s.missing_from = plan;
    }
    return s;
}

static Status order_position(Binder *b, const Node *n, const Schema *schema, Node **ret, Error *err)
{
    int64_t i = node_as(Literal, n)->value->i;
    if (i < 1 || (size_t)i > schema->len)
        return spark_error(err, n, "ORDER_BY_POS_OUT_OF_RANGE", "42805",
                           "ORDER BY position <index> is not in select list (valid range is [1, <size>]).", "index",
                           arena_printf(b->a, "%lld", (long long)i), "size", arena_printf(b->a, "%zu", schema->len), NULL);
    *ret = column_ref(b, &schema->at[i - 1]);
    return ST_OK;
}

static bool is_position(const Node *n)
{
    return node_is(Literal, n) && node_as(Literal, n)->of->kind == TYPE_INT && !node_as(Literal, n)->value->is_null;
}

/* ORDER BY ALL: every column in order. */
static bool is_all(Binder *b, const Schema *schema, const NodeList *orders)
{
    Node *found = NULL;
    if (orders->len != 1 || !node_is(SortOrder, orders->at[0]) || !node_is(Attribute, node_as(SortOrder, orders->at[0])->child))
        return false;
    const StrList *name = &node_as(Attribute, node_as(SortOrder, orders->at[0])->child)->name;
    if (name->len != 1 || !str_ieq(name->at[0], "all"))
        return false;
    return schema_resolve(b, schema, name, NULL, &found, NULL) == ST_OK && !found;
}

/* Where an expression's names fail over the output's columns, they are those of the input (ResolveReferencesInSort). */
static Status bind_order(Binder *b, const Scope *s, Node *order, Node **ret, Error *err)
{
    Error why = ERROR_INIT, ignored = ERROR_INIT;
    Scope below = *s;
    Status status = bind_expr(b, s, order, ret, &why);
    below.prefer_below = true;
    bool mismatch = status != ST_OK && str_starts(why.code, "DATATYPE_MISMATCH"); /* all names have been found */
    if (status == ST_OK || (!mismatch && bind_expr(b, &below, order, ret, &ignored) == ST_OK))
        return ST_OK;
    if (err)
        *err = why;
    return status;
}

static Status bind_one_order(Binder *b, const Scope *s, Node *given, Node *child, Node **ret, Error *err)
{
    SortOrder *order = node_is(SortOrder, given) ? (SortOrder *)(void *)node_copy(b->a, given)
                                                 : (SortOrder *)(void *)node_new(b->a, SortOrder, .child = given);
    if (child)
        order->child = child;
    return bind_order(b, s, &order->node, ret, err);
}

static const Node *order_child(const Node *given)
{
    return node_is(SortOrder, given) ? node_as(SortOrder, given)->child : given;
}

/* Positions count the output's columns; those that names brought up from below too, where spark.sql.prioritizeOrdinalResolutionInSort.enabled
 * is off. */
static Status bind_orders(Binder *b, const Scope *s, const NodeList *orders, NodeList *ret, Error *err)
{
    bool ordinals = conf_allows(b, "spark.sql.orderByOrdinal"), first = conf_allows(b, "spark.sql.prioritizeOrdinalResolutionInSort.enabled");
    if (is_all(b, s->schema, orders)) {
        for (size_t i = 0; i < s->schema->len; i++) {
            Node *bound = NULL;
            TRY(bind_one_order(b, s, orders->at[0], column_ref(b, &s->schema->at[i]), &bound, err));
            vec_push(b->a, ret, bound);
        }
        return ST_OK;
    }
    Node **bound = ARENA_ARRAY(b->a, Node *, orders->len + 1);
    for (size_t i = 0; i < orders->len; i++)
        if (!is_position(order_child(orders->at[i])))
            TRY(bind_one_order(b, s, orders->at[i], NULL, &bound[i], err));
    const Schema *counted = !first && s->missing_from ? (*s->missing_from)->schema : s->schema;
    for (size_t i = 0; i < orders->len; i++) {
        Node *child = NULL;
        if (!bound[i] && !ordinals) /* a constant orders nothing */
            continue;
        if (!bound[i]) {
            TRY(order_position(b, order_child(orders->at[i]), counted, &child, err));
            TRY(bind_one_order(b, s, orders->at[i], child, &bound[i], err));
        }
        vec_push(b->a, ret, bound[i]);
    }
    return ST_OK;
}

Status bind_sort(Binder *b, const Sort *n, const Scope *outer, Node **ret, Error *err)
{
    Node *plan = NULL;
    NodeList orders = { 0 };
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &plan, err));
    const Schema *wanted = plan->schema;
    Scope s = scope_above(b, &plan, outer, from, !over_windows(b, plan));
    s.no_routines = "Sort";
    TRY(bind_orders(b, &s, &n->orders, &orders, err));
    if (!orders.len) {
        *ret = plan;
        return ST_OK;
    }
    if (s.below)
        TRY(push_into_aggregate(b, &plan, &orders, &n->orders, err));
    TRY(refuse_in_orders(b, &orders, &n->node, err));
    for (size_t i = 0; i < orders.len; i++) /* what is grouped is a column by now */
        TRY(check_hosted(b, "Sort", false, orders.at[i], err));
    Node *sort = with_schema(node_new(b->a, Sort, .input = plan, .orders = orders, .global = n->global), plan->schema);
    *ret = restore_columns(b, sort, wanted);
    if (n->global)
        *ret = strip_input_file(b, *ret);
    return ST_OK;
}

/* ---------------------------------------------------------------- conditions */

static bool note_invalid(const Node *n, void *arg)
{
    const Node **found = arg;
    bool bad = node_is(Window, n) || (node_is(Call, n) && node_as(Call, n)->function->kind != FN_SCALAR && !is_outer_aggregate(n));
    if (bad && !*found)
        *found = n;
    return !*found && !node_is(Subquery, n);
}

static Status check_condition(Binder *b, const Node *predicate, bool having, const Node *at, Error *err)
{
    const Node *invalid = NULL;
    node_walk(predicate, note_invalid, &invalid);
    if (invalid && node_is(Window, invalid))
        return spark_error(err, NULL, "_LEGACY_ERROR_TEMP_1034", "", "It is not allowed to use window functions inside <clauseName> clause.",
                           "clauseName", having ? "HAVING" : "WHERE", NULL);
    if (invalid)
        return spark_error(err, at, "INVALID_WHERE_CONDITION", "42903",
                           "The WHERE condition <condition> contains invalid expressions: <expressionList>.\nRewrite the query to "
                           "avoid window functions, aggregate functions, and generator functions in the WHERE clause.",
                           "condition", arena_printf(b->a, "\"%s\"", pretty(b, predicate)), "expressionList", pretty(b, invalid),
                           NULL);
    if (predicate->type->kind != TYPE_BOOLEAN && predicate->type->kind != TYPE_NULL)
        return spark_error(err, at, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: Filter expression \"<filter>\" of type "
                           "\"<type>\" is not a boolean.",
                           "sqlExpr", pretty(b, predicate), "filter", pretty(b, predicate), "type",
                           type_sql_text(b->a, predicate->type), NULL);
    return ST_OK;
}

/* HAVING over a select without groups is a filter over one group. */
static Status over_groups(Binder *b, Node **plan, const Scope *s, Node *unbound, Node **ret, Error *err)
{
    NodeList list = { 0 }, written = { 0 };
    Node *predicate = NULL;
    TRY(bind_expr(b, s, unbound, &predicate, err));
    vec_push(b->a, &list, predicate);
    vec_push(b->a, &written, unbound);
    TRY(push_into_aggregate(b, plan, &list, &written, err));
    *ret = list.at[0];
    return ST_OK;
}

/* What a column of the Project over the groups stands for; of a window, nothing: HAVING comes before it. */
static Node *defined_below(Arena *a, Node *n, void *arg)
{
    (void)a;
    const Project *p = arg;
    for (size_t i = 0; node_is(ColumnRef, n) && !node_as(ColumnRef, n)->depth && i < p->exprs.len; i++) {
        Node *e = p->exprs.at[i];
        if (node_is(Alias, e) && node_as(Alias, e)->id == node_as(ColumnRef, n)->id && !contains_window(e))
            return node_as(Alias, e)->child;
    }
    return n;
}

static bool note_window_column(const Node *n, void *arg)
{
    const ColumnRef **found = ((void **)arg)[0];
    const Project *p = ((void **)arg)[1];
    for (size_t i = 0; node_is(ColumnRef, n) && !*found && i < p->exprs.len; i++) {
        const Node *e = p->exprs.at[i];
        if (node_is(Alias, e) && node_as(Alias, e)->id == node_as(ColumnRef, n)->id)
            *found = node_as(ColumnRef, n);
    }
    return !*found;
}

/* HAVING of a select with windows over groups: the groups are filtered, then the windows see what is left (ExtractWindowExpressions). */
static Status filter_groups(Binder *b, Node *plan, Node *predicate, Node **ret, Error *err)
{
    const Project *p = node_as(Project, plan);
    const ColumnRef *window = NULL;
    void *search[] = { &window, (void *)(uintptr_t)p };
    Node *below = node_rewrite(b->a, predicate, defined_below, (void *)(uintptr_t)p);
    node_walk(below, note_window_column, search);
    if (window) {
        StrList name = { 0 };
        vec_push(b->a, &name, window->name);
        return unresolved_column(b, p->input->schema, &name, &window->node, err);
    }
    Node *filter = with_schema(node_new(b->a, Filter, .input = p->input, .predicate = below), p->input->schema);
    Project *copy = (Project *)(void *)node_copy(b->a, plan);
    copy->input = filter;
    vec_push(b->a, &b->splits, &copy->node);
    *ret = &copy->node;
    return ST_OK;
}

Status bind_filter(Binder *b, Node *input, Node *unbound, bool having, const Node *at, const Scope *outer, Node **ret, Error *err)
{
    Node *plan = NULL, *predicate = NULL;
    size_t from = b->plans.len;
    TRY(bind_relation(b, input, outer, &plan, err));
    const Schema *wanted = plan->schema;
    bool groups = aggregate_below(b, plan) != NULL;
    Scope s = scope_above(b, &plan, outer, from, having && groups);
    s.below_groups = having && groups ? &aggregate_below(b, plan)->groups : NULL;
    if (having && groups) {
        TRY(over_groups(b, &plan, &s, unbound, &predicate, err));
    } else {
        Error first = ERROR_INIT;
        Status status = bind_expr(b, &s, unbound, &predicate, &first);
        if (groups && (status != ST_OK || contains_kind(predicate, FN_AGGREGATE))) { /* df.groupBy().agg().filter(sum(x) > 1) */
            Scope above = scope_above(b, &plan, outer, from, true);
            status = over_groups(b, &plan, &above, unbound, &predicate, &first);
        }
        if (status != ST_OK) {
            if (err)
                *err = first;
            return status;
        }
    }
    if (having && predicate->type->kind != TYPE_BOOLEAN) /* HAVING casts what is no predicate (AstBuilder.withHavingClause) */
        TRY(make_cast(b, predicate, &type_boolean, CAST_SESSION, unbound, &predicate, err));
    TRY(check_condition(b, predicate, having, at, err));
    predicate = coerce_to(b->a, b->ansi, predicate, &type_boolean);
    Node *filter = NULL;
    if (having && groups && over_windows(b, plan))
        TRY(filter_groups(b, plan, predicate, &filter, err));
    else
        filter = with_schema(node_new(b->a, Filter, .input = plan, .predicate = predicate), plan->schema);
    *ret = restore_columns(b, filter, wanted); /* where that is a Project, ORDER BY above finds no groups to aggregate (Spark) */
    return ST_OK;
}
