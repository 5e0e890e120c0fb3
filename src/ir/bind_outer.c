/* ir/bind_outer.c -- what subqueries take from the queries around them: outer references over groups, aggregate functions of the
 * outer query (HAVING EXISTS (… WHERE x < min(outer.y))), what Spark allows there, and subqueries in the conditions of outer joins.
 * Spark's UpdateOuterReferences, CheckAnalysis.checkCorrelationsInSubquery and RewritePredicateSubquery. */
#include "ir/binder.h"

/* ---------------------------------------------------------------- walks that know how deep they are */

/* Calls fn(n, level) parents first; level: how many queries lie between n and where the walk began. */
typedef struct LevelWalk {
    bool (*fn)(const Node *n, int64_t level, void *arg);
    void *arg;
    int64_t level;
} LevelWalk;

static bool level_step(Node *n, void *arg);

static void level_below(Node *n, LevelWalk *walk)
{
    walk->level++;
    level_step(n, walk);
    walk->level--;
}

static bool level_step(Node *n, void *arg)
{
    LevelWalk *walk = arg;
    if (!walk->fn(n, walk->level, walk->arg))
        return true;
    if (node_is(Subquery, n)) {
        for (size_t i = 0; i < node_as(Subquery, n)->operands.len; i++)
            level_step(node_as(Subquery, n)->operands.at[i], walk);
        level_below(node_as(Subquery, n)->plan, walk);
    } else if (node_is(Join, n) && node_as(Join, n)->lateral) {
        level_step(node_as(Join, n)->left, walk);
        level_below(node_as(Join, n)->right, walk);
        if (node_as(Join, n)->condition)
            level_step(node_as(Join, n)->condition, walk);
    } else {
        node_children(n, level_step, walk);
    }
    return true;
}

typedef struct Depths {
    bool local, outer; /* a column of this query, of one around it, is used */
    bool only;         /* and every outer one is exactly `depth` up */
    int64_t depth;
} Depths;

static bool note_depth(const Node *n, int64_t level, void *arg)
{
    Depths *d = arg;
    if (!node_is(ColumnRef, n))
        return true;
    int64_t depth = node_as(ColumnRef, n)->depth - level;
    if (depth > 0) {
        d->only = d->only && (!d->outer || d->depth == depth);
        d->outer = true;
        d->depth = depth;
    } else if (depth == 0) {
        d->local = true;
    }
    return true;
}

static Depths depths_of(const Node *n)
{
    Depths d = { .only = true };
    LevelWalk walk = { note_depth, &d, 0 };
    level_step((Node *)(uintptr_t)n, &walk);
    return d;
}

bool is_outer_aggregate(const Node *n)
{
    if (!node_is(Call, n) || node_as(Call, n)->function->kind != FN_AGGREGATE)
        return false;
    Depths d = depths_of(n);
    return d.outer && !d.local;
}

bool takes_outer(const Node *n)
{
    return depths_of(n).outer;
}

bool is_correlated(const Node *subquery)
{
    return depths_of(subquery).outer || depths_of(node_as(Subquery, subquery)->plan).outer;
}

/* ---------------------------------------------------------------- rewriting what is `level` up */

typedef struct OuterRewrite {
    Node *(*fn)(Arena *a, Node *n, void *arg); /* gets an expression of the outer query, as it reads there; NULL: look inside */
    void *arg;
    int64_t level;
} OuterRewrite;

typedef struct Shift {
    int64_t by, level;
} Shift;

static Node *shift_column(Arena *a, Node *n, void *arg)
{
    const Shift *shift = arg;
    if (!node_is(ColumnRef, n))
        return node_map_children(a, n, shift_column, arg);
    Node *copy = node_copy(a, n);
    ((ColumnRef *)(void *)copy)->depth += shift->by;
    return copy;
}

static Node *outer_step(Arena *a, Node *n, void *arg)
{
    OuterRewrite *rewrite = arg;
    bool candidate = n->type && rewrite->level && !node_is(Subquery, n) && !node_is(Alias, n) && !node_is(SortOrder, n);
    Depths d = candidate ? depths_of(n) : (Depths){ 0 };
    if (candidate && d.outer && d.only && !d.local && d.depth == rewrite->level) {
        Node *there = shift_column(a, n, &(Shift){ -rewrite->level, 0 });
        Node *made = rewrite->fn(a, there, rewrite->arg);
        if (made)
            return shift_column(a, made, &(Shift){ rewrite->level, 0 });
    }
    if (node_is(Subquery, n)) {
        Subquery *copy = (Subquery *)(void *)node_copy(a, n);
        NodeList operands = { 0 };
        for (size_t i = 0; i < copy->operands.len; i++)
            vec_push(a, &operands, outer_step(a, copy->operands.at[i], rewrite));
        copy->operands = operands;
        rewrite->level++;
        copy->plan = outer_step(a, copy->plan, rewrite);
        rewrite->level--;
        return &copy->node;
    }
    if (node_is(Join, n) && node_as(Join, n)->lateral) {
        Join *copy = (Join *)(void *)node_copy(a, n);
        copy->left = outer_step(a, copy->left, rewrite);
        rewrite->level++;
        copy->right = outer_step(a, copy->right, rewrite);
        rewrite->level--;
        copy->condition = copy->condition ? outer_step(a, copy->condition, rewrite) : NULL;
        return &copy->node;
    }
    return node_map_children(a, n, outer_step, rewrite);
}

Node *rewrite_outer(Arena *a, Node *subquery, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg)
{
    OuterRewrite rewrite = { fn, arg, 0 };
    Subquery *copy = (Subquery *)(void *)node_copy(a, subquery);
    rewrite.level = 1;
    copy->plan = outer_step(a, copy->plan, &rewrite);
    return &copy->node;
}

/* ---------------------------------------------------------------- what Spark refuses */

static Status refuse(Binder *b, const Node *at, const char *class, const char *text, const char *name, const Node *e, Error *err)
{
    return spark_error(err, at, arena_printf(b->a, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.%s", class), "0A000",
                       arena_printf(b->a, "Unsupported subquery expression: %s", text), name,
                       arena_printf(b->a, "\"%s\"", pretty(b, e)), NULL);
}

typedef struct OuterCheck {
    Binder *b;
    const Node *at;
    bool over_groups; /* the query around is an aggregation being filtered: its aggregate functions may stand inside */
    Status status;
    Error *err;
} OuterCheck;

static Status check_aggregate_call(OuterCheck *c, const Node *n, int64_t level)
{
    Depths d = depths_of(n);
    if (d.outer && d.local)
        return refuse(c->b, n, "AGGREGATE_FUNCTION_MIXED_OUTER_LOCAL_REFERENCES",
                      "Found an aggregate function in a correlated predicate that has both outer and local references, which is not "
                      "supported: <function>.",
                      "function", n, c->err);
    if (d.outer && (!c->over_groups || d.depth != level + 1))
        return refuse(c->b, c->at, "CORRELATED_REFERENCE",
                      "Expressions referencing the outer query are not supported outside of WHERE/HAVING clauses: <sqlExprs>.",
                      "sqlExprs", n, c->err);
    return ST_OK;
}

static bool check_inside(const Node *n, int64_t level, void *arg)
{
    OuterCheck *c = arg;
    if (c->status != ST_OK)
        return false;
    if (node_is(Call, n) && node_as(Call, n)->function->kind == FN_AGGREGATE)
        c->status = check_aggregate_call(c, n, level);
    if (node_is(Aggregate, n))
        for (size_t i = 0; i < node_as(Aggregate, n)->groups.len && c->status == ST_OK; i++)
            if (depths_of(node_as(Aggregate, n)->groups.at[i]).outer)
                c->status = refuse(c->b, c->at, "CORRELATED_REFERENCE",
                                   "Expressions referencing the outer query are not supported outside of WHERE/HAVING clauses: "
                                   "<sqlExprs>.",
                                   "sqlExprs", node_as(Aggregate, n)->groups.at[i], c->err);
    return c->status == ST_OK;
}

Status check_correlation(Binder *b, const Scope *s, const Node *at, Node *plan, Error *err)
{
    OuterCheck check = { b, at, s && s->below, ST_OK, err };
    LevelWalk walk = { check_inside, &check, 0 };
    level_step(plan, &walk);
    return check.status;
}

typedef struct Hosted {
    Binder *b;
    const char *relation;
    bool predicates;
    Status status;
    Error *err;
} Hosted;

static bool check_host(const Node *n, void *arg)
{
    Hosted *h = arg;
    if (!node_is(Subquery, n) || h->status != ST_OK)
        return h->status == ST_OK;
    bool scalar = node_as(Subquery, n)->subquery == SUBQUERY_SCALAR;
    if (scalar && is_correlated(n))
        h->status = spark_error(h->err, n, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY", "0A000",
                                "Unsupported subquery expression: Correlated scalar subqueries can only be used in filters, aggregations, "
                                "projections, and UPDATE/MERGE/DELETE commands: <treeNode>.",
                                "treeNode", h->relation, NULL);
    else if (!scalar && !h->predicates)
        h->status = spark_error(h->err, n, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_IN_EXISTS_SUBQUERY", "0A000",
                                "Unsupported subquery expression: IN/EXISTS predicate subqueries can only be used in filters, joins, "
                                "aggregations, window functions, projections, and UPDATE/MERGE/DELETE commands: <treeNode>.",
                                "treeNode", h->relation, NULL);
    return false;
}

Status check_hosted(Binder *b, const char *relation, bool predicates, const Node *expr, Error *err)
{
    Hosted h = { b, relation, predicates, ST_OK, err };
    node_walk(expr, check_host, &h);
    return h.status;
}

/* ---------------------------------------------------------------- subqueries in the conditions of outer joins */

typedef struct Sides {
    const Schema *left, *right;
    bool uses_left, uses_right;
} Sides;

static bool note_side(const Node *n, int64_t level, void *arg)
{
    Sides *sides = arg;
    if (node_is(ColumnRef, n) && node_as(ColumnRef, n)->depth == level) {
        sides->uses_left = sides->uses_left || schema_find(sides->left, node_as(ColumnRef, n)->id);
        sides->uses_right = sides->uses_right || schema_find(sides->right, node_as(ColumnRef, n)->id);
    }
    return true;
}

typedef struct Hoist {
    Binder *b;
    Node **left, **right;
    bool all; /* also those that use no or one side of an inner join */
    Status status;
    Error *err;
} Hoist;

static void add_column(Binder *b, Node **side, Node *alias)
{
    NodeList exprs = { 0 };
    for (size_t i = 0; i < (*side)->schema->len; i++)
        vec_push(b->a, &exprs, column_ref(b, &(*side)->schema->at[i]));
    vec_push(b->a, &exprs, alias);
    *side = make_project(b, *side, &exprs);
}

static Node *hoist_step(Arena *a, Node *n, void *arg)
{
    Hoist *h = arg;
    if (!node_is(Subquery, n))
        return node_map_children(a, n, hoist_step, h);
    Sides sides = { (*h->left)->schema, (*h->right)->schema, false, false };
    LevelWalk walk = { note_side, &sides, 0 };
    level_step(n, &walk);
    Sides inner = { (*h->left)->schema, (*h->right)->schema, false, false };
    LevelWalk inside = { note_side, &inner, 1 };
    level_step(node_as(Subquery, n)->plan, &inside);
    if (inner.uses_left && inner.uses_right && h->status == ST_OK)
        h->status = refuse(h->b, n, "UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION",
                           "Correlated subqueries in the join predicate cannot reference both join inputs: <subqueryExpression>.",
                           "subqueryExpression", n, h->err);
    if (!h->all || (sides.uses_left && sides.uses_right))
        return n;
    Node *own = node_copy(a, n);
    ((Subquery *)(void *)own)->of_join = true;
    Node *alias = new_alias(h->b, own, "subquery");
    add_column(h->b, sides.uses_right ? h->right : h->left, alias);
    return typed(node_new(a, ColumnRef, .id = node_as(Alias, alias)->id, .name = "subquery"), n->type, n->nullable, n);
}

Status hoist_subqueries(Binder *b, int64_t kind, Node **left, Node **right, Node **condition, Error *err)
{
    Hoist hoist = { b, left, right, kind != JOIN_INNER && kind != JOIN_CROSS, ST_OK, err };
    *condition = hoist_step(b->a, *condition, &hoist);
    return hoist.status;
}
