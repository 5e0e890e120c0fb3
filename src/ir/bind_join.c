/* ir/bind_join.c -- joins: ON, USING, NATURAL, LATERAL, SEMI and ANTI; whose columns become nullable; AS OF. */
#include "ir/binder.h"

#include <stdlib.h>

static const Schema *joined(Binder *b, const Schema *left, const Schema *right, int64_t kind)
{
    Schema *s = ARENA_NEW(b->a, Schema);
    bool only_left = kind == JOIN_SEMI || kind == JOIN_ANTI;
    size_t n = left->len + (only_left ? 0 : right->len);
    Column *columns = ARENA_ARRAY(b->a, Column, n + 1);
    for (size_t i = 0; i < n; i++) {
        bool from_left = i < left->len;
        columns[i] = from_left ? left->at[i] : right->at[i - left->len];
        if (kind == JOIN_FULL || kind == (from_left ? JOIN_RIGHT : JOIN_LEFT))
            columns[i].nullable = true;
    }
    s->at = columns;
    s->len = n;
    return s;
}

static Status bind_condition(Binder *b, const Scope *s, Node *condition, Node **ret, Error *err)
{
    Node *e = NULL;
    TRY(bind_expr(b, s, condition, &e, err));
    if (e->type->kind != TYPE_BOOLEAN && e->type->kind != TYPE_NULL)
        return spark_error(err, condition, "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", "42K0E",
                           "The join condition <joinCondition> has the invalid type <conditionType>, expected \"BOOLEAN\".",
                           "joinCondition", arena_printf(b->a, "\"%s\"", pretty(b, e)), "conditionType",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, e->type)), NULL);
    *ret = coerce_to(b->a, b->ansi, e, &type_boolean);
    return ST_OK;
}

/* ---------------------------------------------------------------- USING and NATURAL */

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The first column of that name, however many there are (NaturalAndUsingJoinResolution). */
static Status using_column(Binder *b, const Schema *schema, const char *name, const char *side, const Node *at, const Column **ret,
                           Error *err)
{
    VEC(const char *) names = { 0 };
    for (size_t i = 0; i < schema->len; i++) {
        if (schema->at[i].hidden)
            continue;
        if (name_equal(b, schema->at[i].name, name)) {
            *ret = &schema->at[i];
            return ST_OK;
        }
        vec_push(b->a, &names, schema->at[i].name);
    }
    if (names.len)
        qsort(names.at, names.len, sizeof *names.at, by_name);
    str_auto columns = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < names.len; i++)
        str_addf(&columns, "%s%s", i ? ", " : "", sql_id(b->a, names.at[i]));
    return spark_error(err, at, "UNRESOLVED_USING_COLUMN_FOR_JOIN", "42703",
                       "USING column <colName> cannot be resolved on the <side> side of the join. The <side>-side columns: "
                       "[<suggestion>].",
                       "colName", sql_id(b->a, name), "side", side, "suggestion", str_text(&columns), NULL);
}

static StrList common_names(Binder *b, const Schema *left, const Schema *right)
{
    StrList names = { 0 };
    for (size_t i = 0; i < left->len; i++)
        for (size_t k = 0; k < right->len; k++)
            if (!left->at[i].hidden && !right->at[k].hidden && name_equal(b, left->at[i].name, right->at[k].name)) {
                vec_push(b->a, &names, left->at[i].name);
                break;
            }
    return names;
}

static bool has_id(const Column *const *keys, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i]->id == id)
            return true;
    return false;
}

typedef struct UsingOutput {
    NodeList exprs;
    VEC(bool) hidden;
} UsingOutput;

static void add_output(Binder *b, UsingOutput *out, Node *e, bool hidden)
{
    vec_push(b->a, &out->exprs, e);
    vec_push(b->a, &out->hidden, hidden);
}

/* The keys once, then the rest of both sides; the sides' own keys stay reachable by their qualifiers. */
static Status using_output(Binder *b, Node *join, const Column *const *left, const Column *const *right, size_t n, Node **ret,
                           Error *err)
{
    const Join *j = node_as(Join, join);
    const Schema *all = join->schema;
    UsingOutput out = { 0 };
    for (size_t i = 0; i < n; i++) {
        const Column *l = schema_find(all, left[i]->id), *r = schema_find(all, right[i]->id);
        if (j->join == JOIN_FULL) {
            Node *both = NULL;
            TRY(make_call2(b, "coalesce", column_ref(b, l), column_ref(b, r), join, &both, err));
            add_output(b, &out, new_alias(b, both, l->name), false);
        } else {
            add_output(b, &out, column_ref(b, j->join == JOIN_RIGHT ? r : l), false);
        }
    }
    for (size_t i = 0; i < all->len; i++)
        if (!all->at[i].hidden && !has_id(left, n, all->at[i].id) && !has_id(right, n, all->at[i].id))
            add_output(b, &out, column_ref(b, &all->at[i]), false);
    for (size_t i = 0; i < all->len; i++) {
        bool key = has_id(left, n, all->at[i].id) || has_id(right, n, all->at[i].id);
        bool shown = j->join != JOIN_FULL && has_id(j->join == JOIN_RIGHT ? right : left, n, all->at[i].id);
        bool file = is_file_column(&all->at[i]) && !str_eq(all->at[i].name, INPUT_FILE_COLUMN);
        if ((key && !shown) || (all->at[i].hidden && !file)) /* a USING join hides its keys, not its files' _metadata */
            add_output(b, &out, column_ref(b, &all->at[i]), true);
    }
    Node *project = make_project(b, join, &out.exprs);
    for (size_t i = 0; i < out.hidden.len; i++)
        ((Column *)(uintptr_t)project->schema->at)[i].hidden = out.hidden.at[i];
    *ret = project;
    return ST_OK;
}

static Status bind_using(Binder *b, const Join *n, Node *left, Node *right, const StrList *names, Node **ret, Error *err)
{
    const Column **l = ARENA_ARRAY(b->a, const Column *, names->len + 1), **r = ARENA_ARRAY(b->a, const Column *, names->len + 1);
    Node *condition = NULL;
    for (size_t i = 0; i < names->len; i++) {
        Node *equal = NULL;
        TRY(using_column(b, left->schema, names->at[i], "left", &n->node, &l[i], err));
        TRY(using_column(b, right->schema, names->at[i], "right", &n->node, &r[i], err));
        TRY(make_call2(b, "=", column_ref(b, l[i]), column_ref(b, r[i]), &n->node, &equal, err));
        if (condition)
            TRY(make_call2(b, "and", condition, equal, &n->node, &condition, err));
        else
            condition = equal;
    }
    Node *join = node_new(b->a, Join, .left = left, .right = right, .join = n->join, .condition = condition);
    with_schema(join, joined(b, left->schema, right->schema, n->join));
    if (n->join == JOIN_SEMI || n->join == JOIN_ANTI) {
        *ret = join;
        return ST_OK;
    }
    return using_output(b, join, l, r, names->len, ret, err);
}

/* ---------------------------------------------------------------- chance */

/* LogicalPlan.maxRows <= 1, as far as it is seen at once. */
static bool one_row(const Node *n)
{
    while (node_is(Project, n) || node_is(Filter, n))
        n = node_is(Project, n) ? node_as(Project, n)->input : node_as(Filter, n)->input;
    if (node_is(Limit, n) && node_is(Literal, node_as(Limit, n)->count))
        return node_as(Literal, node_as(Limit, n)->count)->value->i <= 1;
    return node_is(OneRow, n) || (node_is(Aggregate, n) && !node_as(Aggregate, n)->groups.len) ||
           (node_is(Values, n) && node_as(Values, n)->rows.len <= 1);
}

/* LATERAL f(…) of a Python table function becomes a Generate over the left rows, whatever it computes. */
static bool is_table_function(const Node *n)
{
    if (node_is(PythonTableFunction, n)) /* takes nothing from the left */
        return true;
    while (node_is(Project, n)) {
        for (size_t i = 0; i < node_as(Project, n)->exprs.len; i++)
            if (!is_deterministic(node_as(Project, n)->exprs.at[i]))
                return false;
        n = node_as(Project, n)->input;
    }
    return node_is(Generate, n) && node_is(OneRow, node_as(Generate, n)->input);
}

static Node *outer_by_one(Arena *a, Node *n, void *arg)
{
    bool *subquery = arg;
    *subquery = *subquery || node_is(Subquery, n);
    if (node_is(ColumnRef, n) && node_as(ColumnRef, n)->depth > 0) {
        ColumnRef *c = (ColumnRef *)(void *)node_copy(a, n);
        c->depth--;
        return &c->node;
    }
    return n;
}

/* Renames and leaves out columns: what is NULL stays so. */
static bool only_columns(const Node *project)
{
    const NodeList *exprs = &node_as(Project, project)->exprs;
    for (size_t i = 0; i < exprs->len; i++) {
        const Node *e = exprs->at[i];
        if (!node_is(ColumnRef, e) && !(node_is(Alias, e) && node_is(ColumnRef, node_as(Alias, e)->child)))
            return false;
    }
    return true;
}

/* LATERAL f(…) of a generator, projected: a Generate over the left rows, in their order, projected. NULL: it is something else. */
static Node *lateral_generate(Binder *b, Node *left, Node *right, const Join *n, const Schema *output)
{
    bool outer = n->join == JOIN_LEFT, subquery = false, renamed = true;
    NodeList projects = { 0 };
    Node *at = right;
    for (; node_is(Project, at); at = node_as(Project, at)->input) {
        renamed = renamed && only_columns(at);
        vec_push(b->a, &projects, at);
    }
    if (!at || !n->lateral || n->condition || !node_is(Generate, at) || !node_is(OneRow, node_as(Generate, at)->input) ||
        (n->join != JOIN_INNER && n->join != JOIN_CROSS && !outer) || (outer && !renamed))
        return NULL;
    const Schema *made = at->schema;
    Generate *generate = (Generate *)(void *)node_copy(b->a, at);
    generate->input = left;
    generate->outer = generate->outer || outer;
    generate->generator = node_rewrite(b->a, generate->generator, outer_by_one, &subquery);
    Node *all = with_schema(&generate->node, joined(b, left->schema, made, n->join));
    for (size_t i = projects.len; i-- > 0;) {
        NodeList exprs = { 0 };
        for (size_t k = 0; k < left->schema->len; k++)
            vec_push(b->a, &exprs, column_ref(b, &left->schema->at[k]));
        for (size_t k = 0; k < node_as(Project, projects.at[i])->exprs.len; k++)
            vec_push(b->a, &exprs, node_rewrite(b->a, node_as(Project, projects.at[i])->exprs.at[k], outer_by_one, &subquery));
        all = with_schema(node_new(b->a, Project, .input = all, .exprs = exprs), joined(b, left->schema, projects.at[i]->schema, JOIN_INNER));
    }
    return subquery ? NULL : with_schema(projects.len ? all : node_copy(b->a, all), output);
}

static Status lateral_random(Binder *b, const char *class, const char *text, const Node *at, Error *err)
{
    return spark_error(err, at, arena_printf(b->a, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.%s", class), "0A000",
                       arena_printf(b->a, "Unsupported subquery expression: %s: <treeNode>.", text), "treeNode", "LateralJoin", NULL);
}

static const char *join_sql(int64_t kind)
{
    switch (kind) {
    case JOIN_LEFT: return "LEFT OUTER";
    case JOIN_RIGHT: return "RIGHT OUTER";
    case JOIN_FULL: return "FULL OUTER";
    case JOIN_SEMI: return "LEFT SEMI";
    case JOIN_ANTI: return "LEFT ANTI";
    default: return "INNER";
    }
}

/* CheckAnalysis: only relations of one input may compute what differs from run to run. */
static Status check_random(Binder *b, const Join *n, const Node *condition, Error *err)
{
    if (is_deterministic(condition))
        return ST_OK;
    if (n->lateral)
        return lateral_random(b, "LATERAL_JOIN_CONDITION_NON_DETERMINISTIC", "Lateral join condition cannot be non-deterministic", &n->node,
                              err);
    return spark_error(err, &n->node, "INVALID_NON_DETERMINISTIC_EXPRESSIONS", "42K0E",
                       "The operator expects a deterministic expression, but the actual expression is <sqlExprs>.", "sqlExprs",
                       arena_printf(b->a, "\"%s\"", pretty(b, condition)), NULL);
}

/* ---------------------------------------------------------------- the node */

Status bind_join(Binder *b, const Join *n, const Scope *outer, Node **ret, Error *err)
{
    Node *left = NULL, *right = NULL, *condition = NULL;
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->left, outer, &left, err));
    if (n->lateral && n->join != JOIN_INNER && n->join != JOIN_CROSS && n->join != JOIN_LEFT)
        return spark_error(err, &n->node, "INVALID_LATERAL_JOIN_TYPE", "42613",
                           "The <joinType> JOIN with LATERAL correlation is not allowed because an OUTER subquery cannot correlate to its join partner. Remove the "
                           "LATERAL correlation or use an INNER JOIN, or LEFT OUTER JOIN instead.", "joinType", join_sql(n->join), NULL);
    Scope lateral = scope_over(b, left->schema, outer, from);
    TRY(bind_relation(b, n->right, n->lateral ? &lateral : outer, &right, err));
    if (n->using_columns.len || n->natural) {
        StrList names = n->natural ? common_names(b, left->schema, right->schema) : n->using_columns;
        if (names.len)
            return bind_using(b, n, left, right, &names, ret, err);
    }
    if (n->lateral && !is_deterministic(right) && !is_table_function(right) && !one_row(left))
        return lateral_random(b, "NON_DETERMINISTIC_LATERAL_SUBQUERIES",
                              "Non-deterministic lateral subqueries are not supported when joining with outer relations that produce more "
                              "than one row", &n->node, err);
    Scope s = scope_over(b, joined(b, left->schema, right->schema, JOIN_INNER), outer, from);
    const Schema *output = joined(b, left->schema, right->schema, n->join);
    Node *generated = lateral_generate(b, left, right, n, output);
    if (generated) {
        *ret = generated;
        return ST_OK;
    }
    if (n->condition) {
        TRY(bind_condition(b, &s, n->condition, &condition, err));
        TRY(check_hosted(b, "Join", true, condition, err));
        TRY(check_random(b, n, condition, err));
        TRY(hoist_subqueries(b, n->lateral ? JOIN_INNER : n->join, &left, &right, &condition, err));
    }
    Node *join = node_new(b->a, Join, .left = left, .right = right, .join = n->join, .condition = condition, .lateral = n->lateral);
    *ret = with_schema(join, output);
    return ST_OK;
}

/* ---------------------------------------------------------------- checks of the whole plan */

typedef struct Joins {
    Binder *b;
    bool products; /* spark.sql.crossJoin.enabled */
    const Node *above; /* the predicate of the Filter right above */
    Status status;
    Error *err;
} Joins;

typedef struct Sides {
    const Schema *left, *right;
    bool in_left, in_right;
    bool spanned; /* by one Python function */
} Sides;

static bool note_side(const Node *n, void *arg)
{
    Sides *s = arg;
    if (node_is(ColumnRef, n)) {
        s->in_left = s->in_left || schema_find(s->left, node_as(ColumnRef, n)->id);
        s->in_right = s->in_right || schema_find(s->right, node_as(ColumnRef, n)->id);
    }
    return true;
}

static bool note_spanning(const Node *n, void *arg)
{
    Sides *all = arg, s = { .left = all->left, .right = all->right };
    if (node_is(PythonUdf, n)) {
        node_walk(n, note_side, &s);
        all->spanned = all->spanned || (s.in_left && s.in_right);
    }
    return true;
}

static Sides sides_of(const Join *j, const Node *e)
{
    Sides s = { .left = j->left->schema, .right = j->right->schema };
    node_walk(e, note_side, &s);
    node_walk(e, note_spanning, &s);
    return s;
}

/* Does a conjunct compare both sides, or can none be true? */
static bool relates(const Join *j, const Node *e)
{
    if (!e)
        return false;
    if (node_is(Call, e) && str_eq(node_as(Call, e)->function->name, "and"))
        return relates(j, node_as(Call, e)->args.at[0]) || relates(j, node_as(Call, e)->args.at[1]);
    Sides s = sides_of(j, e);
    return s.in_left && s.in_right && !s.spanned;
}

static bool never(const Node *e)
{
    return node_is(Literal, e) && (node_as(Literal, e)->value->is_null || (node_as(Literal, e)->of->kind == TYPE_BOOLEAN && !node_as(Literal, e)->value->i));
}

static Status check_join(const Joins *all, const Join *j, Error *err)
{
    bool inner = j->join == JOIN_INNER || j->join == JOIN_CROSS;
    Sides s = j->condition ? sides_of(j, j->condition) : (Sides){ 0 };
    if (!inner && s.spanned)
        return spark_error(err, &j->node, "UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE", "0A000",
                           "The feature is not supported: Python UDF in the ON clause of a <joinType> JOIN. In case of an INNER JOIN "
                           "consider rewriting to a CROSS JOIN with a WHERE clause.",
                           "joinType", join_sql(j->join), NULL);
    bool counted = j->join == JOIN_INNER || j->join == JOIN_LEFT || j->join == JOIN_RIGHT || j->join == JOIN_FULL;
    if (all->products || !counted || j->lateral || never(j->condition) || relates(j, j->condition) ||
        (j->join == JOIN_INNER && relates(j, all->above)))
        return ST_OK;
    return spark_error(err, &j->node, "_LEGACY_ERROR_TEMP_1211", "",
                       "Detected implicit cartesian product for <joinType> join between logical plans\n<leftPlan>\nand\n<rightPlan>\n"
                       "Join condition is missing or trivial.\nEither: use the CROSS JOIN syntax to allow cartesian products between "
                       "these\nrelations, or: enable implicit cartesian products by setting the configuration\nvariable "
                       "spark.sql.crossJoin.enabled=true.",
                       "joinType", join_sql(j->join), "leftPlan", node_name(j->left), "rightPlan", node_name(j->right), NULL);
}

static bool check_one(Node *n, void *arg)
{
    Joins *all = arg;
    if (!n || all->status != ST_OK)
        return false;
    if (node_is(Join, n))
        all->status = check_join(all, node_as(Join, n), all->err);
    const Node *above = all->above;
    all->above = node_is(Filter, n) ? node_as(Filter, n)->predicate : NULL;
    node_children(n, check_one, all);
    all->above = above;
    return all->status == ST_OK;
}

Status check_joins(Binder *b, const Node *bound, Error *err)
{
    const char *products = b->env->conf ? b->env->conf(b->env->self, "spark.sql.crossJoin.enabled") : NULL;
    Joins all = { .b = b, .products = !str_ieq(products, "false"), .status = ST_OK, .err = err };
    if (all.products && !b->python)
        return ST_OK;
    check_one((Node *)(uintptr_t)bound, &all);
    return all.status;
}
