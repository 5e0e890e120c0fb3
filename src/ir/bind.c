/* ir/bind.c -- the binder's entry, the dispatch over relations, and helpers on schemas. */
#include "ir/binder.h"
#include "ir/check.h"

#include "base/limits.h"

#include <inttypes.h>

/* ---------------------------------------------------------------- schemas */

Node *with_schema(Node *n, const Schema *schema)
{
    n->schema = schema;
    return n;
}

static const Schema *schema_new(Binder *b, const Column *columns, size_t n)
{
    Schema *s = ARENA_NEW(b->a, Schema);
    s->at = n ? arena_copy(b->a, columns, n * sizeof *columns) : NULL;
    s->len = n;
    return s;
}

const Schema *schema_from_type(Binder *b, const Type *type, const StrList *qualifier)
{
    Column *columns = ARENA_ARRAY(b->a, Column, type->nfields + 1);
    for (size_t i = 0; i < type->nfields; i++) {
        const Field *f = &type->fields[i];
        columns[i] = (Column){ ++b->next_id, f->name, f->type, f->nullable, false, { 0 }, f->metadata };
        if (qualifier)
            columns[i].qualifier = *qualifier;
    }
    return schema_new(b, columns, type->nfields);
}

const Schema *schema_of_exprs(Binder *b, const NodeList *exprs, const Schema *input)
{
    Column *columns = ARENA_ARRAY(b->a, Column, exprs->len + 1);
    for (size_t i = 0; i < exprs->len; i++) {
        const Node *e = exprs->at[i];
        if (node_is(ColumnRef, e)) {
            const Column *from = schema_find(input, node_as(ColumnRef, e)->id);
            columns[i] = from ? *from : (Column){ .id = (uint32_t)node_as(ColumnRef, e)->id, .name = node_as(ColumnRef, e)->name };
            columns[i].type = e->type;
            columns[i].nullable = e->nullable;
            columns[i].hidden = false;
            continue;
        }
        const Alias *alias = node_as(Alias, e);
        const char *metadata = alias->metadata;
        if (!metadata && node_is(ColumnRef, alias->child)) {
            const Column *from = schema_find(input, node_as(ColumnRef, alias->child)->id);
            metadata = from ? from->metadata : NULL;
        }
        columns[i] = (Column){ (uint32_t)alias->id, alias->names.at[0], e->type, e->nullable, false, { 0 }, metadata };
    }
    return schema_new(b, columns, exprs->len);
}

Node *make_project(Binder *b, Node *input, const NodeList *exprs)
{
    return with_schema(node_new(b->a, Project, .input = input, .exprs = *exprs), schema_of_exprs(b, exprs, input->schema));
}

static bool same_columns(const Schema *x, const Schema *y)
{
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (x->at[i].id != y->at[i].id)
            return false;
    return true;
}

Node *restore_columns(Binder *b, Node *n, const Schema *wanted)
{
    NodeList exprs = { 0 };
    if (same_columns(n->schema, wanted))
        return n;
    for (size_t i = 0; i < wanted->len; i++)
        vec_push(b->a, &exprs, column_ref(b, &wanted->at[i]));
    Node *project = make_project(b, n, &exprs);
    for (size_t i = 0; i < wanted->len; i++)
        ((Column *)(uintptr_t)project->schema->at)[i].hidden = wanted->at[i].hidden;
    return project;
}

Node *strip_hidden(Binder *b, Node *n)
{
    NodeList exprs = { 0 };
    for (size_t i = 0; i < n->schema->len; i++)
        if (!n->schema->at[i].hidden)
            vec_push(b->a, &exprs, column_ref(b, &n->schema->at[i]));
    return exprs.len == n->schema->len ? n : make_project(b, n, &exprs);
}

Column *copy_columns(Binder *b, const Schema *schema)
{
    Column *columns = ARENA_ARRAY(b->a, Column, schema->len + 1);
    if (schema->len)
        memcpy(columns, schema->at, schema->len * sizeof *columns);
    return columns;
}

Node *qualify(Binder *b, Node *n, const StrList *qualifier)
{
    Node *copy = node_copy(b->a, strip_hidden_but(b, n, node_is(Scan, n), true));
    Column *columns = copy_columns(b, copy->schema);
    for (size_t i = 0; i < copy->schema->len; i++)
        columns[i].qualifier = *qualifier;
    vec_push(b->a, &b->barriers, copy);
    return with_schema(copy, schema_new(b, columns, copy->schema->len));
}

Scope scope_over(const Binder *b, const Schema *schema, const Scope *outer, size_t plans_from)
{
    return (Scope){ .schema = schema, .outer = outer, .plans_from = plans_from, .plans_to = b->plans.len, .windows = b->windows };
}

/* ---------------------------------------------------------------- relations that pass their input on */

static Status over_input(Binder *b, Node *n, Node *input_unbound, Node **input, const Scope *outer, Node **ret, Error *err)
{
    TRY(bind_relation(b, input_unbound, outer, input, err));
    *ret = with_schema(n, (*input)->schema);
    return ST_OK;
}

static Status bad_limit(const char *class, const char *text, const Node *at, const char *name, const char *expr, const char *value,
                        Error *err)
{
    return spark_error(err, at, class, "42K0E", text, "expr", expr, "name", name, "v", value, "dataType", value, NULL);
}

static Status bind_count(Binder *b, const char *name, Node *count, Node **ret, Error *err)
{
    Scope none = { .no_routines = "GlobalLimit" };
    Node *e = NULL;
    TRY(bind_expr(b, &none, count, &e, err));
    const char *text = arena_printf(b->a, "\"%s\"", pretty(b, e));
    if (!is_foldable(e))
        return bad_limit("INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE",
                         "The limit like expression <expr> is invalid. The <name> expression must evaluate to a constant value.",
                         count, name, text, "", err);
    if (e->type->kind != TYPE_INT && e->type->kind != TYPE_BYTE && e->type->kind != TYPE_SHORT)
        return bad_limit("INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
                         "The limit like expression <expr> is invalid. The <name> expression must be integer type, but got "
                         "<dataType>.",
                         count, name, text, arena_printf(b->a, "\"%s\"", type_sql_text(b->a, e->type)), err);
    const Node *value = e;
    while (node_is(Cast, value))
        value = node_as(Cast, value)->child;
    if (node_is(Literal, value) && node_as(Literal, value)->value->is_null)
        return bad_limit("INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL",
                         "The limit like expression <expr> is invalid. The evaluated <name> expression must not be null.", count, name, text,
                         "", err);
    const Node *inner = node_is(Call, e) && !strcmp(node_as(Call, e)->function->name, "negative") ? node_as(Call, e)->args.at[0] : e;
    if (node_is(Literal, inner) && (inner != e ? node_as(Literal, inner)->value->i > 0 : node_as(Literal, inner)->value->i < 0))
        return bad_limit("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
                         "The limit like expression <expr> is invalid. The <name> expression must be equal to or greater than 0, "
                         "but got <v>.",
                         count, name, text, arena_printf(b->a, "%s%" PRId64, inner != e ? "-" : "", node_as(Literal, inner)->value->i),
                         err);
    *ret = e;
    return ST_OK;
}

static Status bind_limit_like(Binder *b, Node *n, const Scope *outer, Node **ret, Error *err)
{
    static const char *const names[] = { "limit", "offset", "tail" };
    Limit *copy = (Limit *)(void *)node_copy(b->a, n); /* Limit, Offset and Tail have the same fields */
    TRY(bind_relation(b, copy->input, outer, &copy->input, err));
    TRY(bind_count(b, names[n->kind == NODE_Limit ? 0 : n->kind == NODE_Offset ? 1 : 2], copy->count, &copy->count, err));
    *ret = strip_input_file(b, with_schema(&copy->node, copy->input->schema));
    return ST_OK;
}

static Status bind_distinct(Binder *b, const Distinct *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    TRY(refuse_variants(b, input->schema, &n->node, err));
    *ret = with_schema(node_new(b->a, Distinct, .input = input), input->schema);
    return ST_OK;
}

/* Sample's own requirement, in its words. */
static Status check_fraction(Binder *b, const Sample *n, Error *err)
{
    const Node *lower = n->lower, *upper = n->upper;
    if (!node_is(Literal, lower) || !node_is(Literal, upper) || upper->type->kind != TYPE_DOUBLE || lower->type->kind != TYPE_DOUBLE)
        return ST_OK;
    double fraction = node_as(Literal, upper)->value->f - node_as(Literal, lower)->value->f;
    if (n->with_replacement ? fraction >= -1e-6 : fraction >= -1e-6 && fraction <= 1 + 1e-6)
        return ST_OK;
    bool whole = fraction > -1e7 && fraction < 1e7 && fraction == (double)(int64_t)fraction;
    const char *text = whole ? arena_printf(b->a, "%.1f", fraction) : arena_printf(b->a, "%.15g", fraction);
    if (n->with_replacement)
        return FAIL(err, ST_INVALID, "requirement failed: Sampling fraction (%s) must be nonnegative with replacement", text);
    return FAIL(err, ST_INVALID, "requirement failed: Sampling fraction (%s) must be on interval [0, 1] without replacement", text);
}

static Status bind_sample(Binder *b, const Sample *n, const Scope *outer, Node **ret, Error *err)
{
    Sample *copy = (Sample *)(void *)node_copy(b->a, &n->node);
    Scope none = { 0 };
    Node *made = NULL;
    TRY(over_input(b, &copy->node, n->input, &copy->input, outer, &made, err));
    if (n->lower)
        TRY(bind_expr(b, &none, n->lower, &copy->lower, err));
    if (n->upper)
        TRY(bind_expr(b, &none, n->upper, &copy->upper, err));
    TRY(check_fraction(b, copy, err));
    *ret = made;
    return ST_OK;
}

static Status bind_repartition(Binder *b, const Repartition *n, const Scope *outer, Node **ret, Error *err)
{
    Repartition *copy = (Repartition *)(void *)node_copy(b->a, &n->node);
    Node *made = NULL;
    size_t from = b->plans.len;
    TRY(over_input(b, &copy->node, n->input, &copy->input, outer, &made, err));
    Scope s = scope_over(b, made->schema, outer, from);
    copy->exprs = (NodeList){ 0 };
    TRY(bind_exprs(b, &s, &n->exprs, &copy->exprs, err));
    if (n->count)
        TRY(bind_expr(b, &s, n->count, &copy->count, err));
    *ret = n->shuffle || n->exprs.len ? strip_input_file(b, made) : made;
    return ST_OK;
}

static Status bind_metrics(Binder *b, const CollectMetrics *n, const Scope *outer, Node **ret, Error *err)
{
    CollectMetrics *copy = (CollectMetrics *)(void *)node_copy(b->a, &n->node);
    Node *made = NULL;
    size_t from = b->plans.len;
    TRY(over_input(b, &copy->node, n->input, &copy->input, outer, &made, err));
    Scope s = scope_over(b, made->schema, outer, from);
    NodeList outputs = { 0 }, groups = { 0 }, sets = { 0 };
    copy->metrics = outputs;
    TRY(bind_outputs(b, &s, &n->metrics, &outputs, err));
    TRY(finish_aggregate(b, copy->input, &groups, &outputs, &sets, GROUPING_PLAIN, &n->node, &copy->observed, err));
    *ret = made;
    return ST_OK;
}

static Status bind_hint(Binder *b, const Hint *n, const Scope *outer, Node **ret, Error *err)
{
    return bind_relation(b, n->input, outer, ret, err); /* hints steer Spark's planner only */
}

/* t AS a(x, y) */
static Status bind_subquery_alias(Binder *b, const SubqueryAlias *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    StrList qualifier = { 0 };
    NodeList exprs = { 0 };
    TRY(bind_relation(b, n->input, outer, &input, err));
    if (n->open) {
        *ret = node_copy(b->a, input);
        vec_push(b->a, &b->barriers, *ret);
        return ST_OK;
    }
    input = strip_hidden_but(b, input, node_is(Scan, input) && !n->columns.len, !n->columns.len);
    if (n->columns.len && n->columns.len != input->schema->len && node_is(UnresolvedTableFunction, n->input))
        return spark_error(err, &n->node, "NUM_TABLE_VALUE_ALIASES_MISMATCH", "42826",
                           "Number of given aliases does not match number of output columns.\nFunction name: <funcName>; number of aliases: "
                           "<aliasesNum>; number of output columns: <outColsNum>.",
                           "funcName", sql_ids(b->a, &node_as(UnresolvedTableFunction, n->input)->name), "aliasesNum",
                           arena_printf(b->a, "%zu", n->columns.len), "outColsNum", arena_printf(b->a, "%zu", input->schema->len), NULL);
    if (n->columns.len && n->columns.len != input->schema->len)
        return spark_error(err, &n->node, "ASSIGNMENT_ARITY_MISMATCH", "42802",
                           "The number of columns or variables assigned or aliased: <numTarget> does not match the number of "
                           "source expressions: <numExpr>.",
                           "numTarget", arena_printf(b->a, "%zu", n->columns.len), "numExpr",
                           arena_printf(b->a, "%zu", input->schema->len), NULL);
    for (size_t i = 0; i < n->columns.len; i++)
        vec_push(b->a, &exprs, new_alias(b, column_ref(b, &input->schema->at[i]), n->columns.at[i]));
    if (exprs.len)
        input = make_project(b, input, &exprs);
    if (n->name)
        vec_push(b->a, &qualifier, n->name);
    *ret = qualify(b, input, &qualifier);
    return ST_OK;
}

/* ---------------------------------------------------------------- functions over partitions */

static Status udf_output(Binder *b, const Scope *s, Node *function, Node **ret_udf, const Schema **ret, Error *err)
{
    TRY(bind_expr(b, s, function, ret_udf, err));
    const Type *t = (*ret_udf)->type;
    if (t->kind != TYPE_STRUCT)
        return spark_error(err, function, "DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE", "42K09",
                           "The <functionName> requires return <expectedType> type, but the actual is <actualType> type.",
                           "functionName", "function", "expectedType", "\"STRUCT\"", "actualType", type_sql_text(b->a, t), NULL);
    *ret = schema_from_type(b, t, NULL);
    return ST_OK;
}

static Status bind_map_partitions(Binder *b, const MapPartitions *n, const Scope *outer, Node **ret, Error *err)
{
    MapPartitions *copy = (MapPartitions *)(void *)node_copy(b->a, &n->node);
    size_t from = b->plans.len;
    const Schema *schema = NULL;
    TRY(bind_relation(b, n->input, outer, &copy->input, err));
    copy->input = strip_hidden(b, copy->input);
    Scope s = scope_over(b, copy->input->schema, outer, from);
    TRY(udf_output(b, &s, n->function, &copy->function, &schema, err));
    *ret = with_schema(&copy->node, schema);
    return ST_OK;
}

static Status bind_group_map(Binder *b, const GroupMap *n, const Scope *outer, Node **ret, Error *err)
{
    GroupMap *copy = (GroupMap *)(void *)node_copy(b->a, &n->node);
    size_t from = b->plans.len;
    const Schema *schema = NULL;
    TRY(bind_relation(b, n->input, outer, &copy->input, err));
    copy->input = strip_hidden(b, copy->input);
    Scope s = scope_over(b, copy->input->schema, outer, from);
    copy->groups = (NodeList){ 0 };
    TRY(bind_exprs(b, &s, &n->groups, &copy->groups, err));
    TRY(udf_output(b, &s, n->function, &copy->function, &schema, err));
    *ret = with_schema(&copy->node, schema);
    return ST_OK;
}

static Status bind_cogroup_map(Binder *b, const CoGroupMap *n, const Scope *outer, Node **ret, Error *err)
{
    CoGroupMap *copy = (CoGroupMap *)(void *)node_copy(b->a, &n->node);
    const Schema *schema = NULL;
    Scope none = { 0 };
    size_t from = b->plans.len;
    copy->left_groups = copy->right_groups = (NodeList){ 0 };
    TRY(bind_relation(b, n->left, outer, &copy->left, err));
    Scope left = scope_over(b, copy->left->schema, outer, from);
    TRY(bind_exprs(b, &left, &n->left_groups, &copy->left_groups, err));
    from = b->plans.len;
    TRY(bind_relation(b, n->right, outer, &copy->right, err));
    Scope right = scope_over(b, copy->right->schema, outer, from);
    TRY(bind_exprs(b, &right, &n->right_groups, &copy->right_groups, err));
    TRY(udf_output(b, &none, n->function, &copy->function, &schema, err));
    *ret = with_schema(&copy->node, schema);
    return ST_OK;
}

/* ---------------------------------------------------------------- settings */

static bool conf_is(const BindEnv *env, const char *key, bool otherwise)
{
    const char *value = env->conf ? env->conf(env->self, key) : NULL;
    return value ? str_ieq(value, "true") : otherwise;
}

bool conf_requires(const Binder *b, const char *key)
{
    return b->env->conf && str_ieq(b->env->conf(b->env->self, key), "true");
}

bool conf_allows(const Binder *b, const char *key)
{
    return conf_is(b->env, key, true);
}

static void read_settings(Binder *b)
{
    const BindEnv *env = b->env;
    const char *timestamps = env->conf ? env->conf(env->self, "spark.sql.timestampType") : NULL;
    b->ansi = conf_is(env, "spark.sql.ansi.enabled", true);
    b->case_sensitive = conf_is(env, "spark.sql.caseSensitive", false);
    b->decimal_loss = conf_is(env, "spark.sql.decimalOperations.allowPrecisionLoss", true);
    b->timestamp_ntz = timestamps && str_ieq(timestamps, "TIMESTAMP_NTZ");
}

const KeyValueList *enter_conf(Binder *b, const KeyValueList *conf)
{
    const KeyValueList *before = b->env->conf_scope ? b->env->conf_scope(b->env->self, conf) : NULL;
    read_settings(b);
    return before;
}

/* Would a back end write something else under these settings than it does under the present ones? */
static bool matters_later(Binder *b, const KeyValueList *conf)
{
    static const char *const keys[] = { "spark.sql.session.timeZone", "spark.sql.legacy.timeParserPolicy", "spark.sql.mapKeyDedupPolicy",
                                        "spark.sql.legacy.allowNullComparisonResultInArraySort", "spark.sql.legacy.javaCharsets",
                                        "spark.sql.legacy.codingErrorAction" };
    const BindEnv *env = b->env;
    for (size_t i = 0; env->conf_scope && env->conf && i < sizeof keys / sizeof *keys; i++) {
        const char *here = env->conf(env->self, keys[i]);
        const KeyValueList *before = env->conf_scope(env->self, conf);
        const char *there = env->conf(env->self, keys[i]);
        env->conf_scope(env->self, before);
        if (!str_ieq(here ? here : "", there ? there : ""))
            return true;
    }
    return false;
}

static Status bind_conf_scope(Binder *b, const ConfScope *n, const Scope *outer, Node **ret, Error *err)
{
    Node *bound = NULL;
    const KeyValueList *before = enter_conf(b, &n->conf);
    Status status = bind_relation(b, n->input, outer, &bound, err);
    enter_conf(b, before);
    if (status == ST_OK)
        *ret = matters_later(b, &n->conf) ? with_schema(node_new(b->a, ConfScope, .input = bound, .conf = n->conf), bound->schema) : bound;
    return status;
}

/* ---------------------------------------------------------------- dispatch */

static Status dispatch(Binder *b, Node *n, const Scope *outer, Node **ret, Error *err)
{
    bool done = false;
    switch (n->kind) {
    case NODE_Project:
        TRY(bind_time_window(b, n, &n, err));
        return bind_project(b, node_as(Project, n), outer, ret, err);
    case NODE_Filter:
        return bind_filter(b, node_as(Filter, n)->input, node_as(Filter, n)->predicate, false, n, outer, ret, err);
    case NODE_UnresolvedHaving:
        return bind_filter(b, node_as(UnresolvedHaving, n)->input, node_as(UnresolvedHaving, n)->predicate, true, n, outer, ret, err);
    case NODE_Join:
        return bind_join(b, node_as(Join, n), outer, ret, err);
    case NODE_Aggregate:
        TRY(bind_time_window(b, n, &n, err));
        return bind_aggregate(b, node_as(Aggregate, n), outer, ret, err);
    case NODE_Sort:
        return bind_sort(b, node_as(Sort, n), outer, ret, err);
    case NODE_Limit:
    case NODE_Offset:
    case NODE_Tail:
        return bind_limit_like(b, n, outer, ret, err);
    case NODE_SetOp:
        return bind_setop(b, node_as(SetOp, n), outer, ret, err);
    case NODE_Distinct:
        return bind_distinct(b, node_as(Distinct, n), outer, ret, err);
    case NODE_Sample:
        return bind_sample(b, node_as(Sample, n), outer, ret, err);
    case NODE_SubqueryAlias:
        return bind_subquery_alias(b, node_as(SubqueryAlias, n), outer, ret, err);
    case NODE_Repartition:
        return bind_repartition(b, node_as(Repartition, n), outer, ret, err);
    case NODE_Hint:
        return bind_hint(b, node_as(Hint, n), outer, ret, err);
    case NODE_Transpose:
        return bind_transpose(b, node_as(Transpose, n), outer, ret, err);
    case NODE_Parse:
        return bind_parse(b, node_as(Parse, n), outer, ret, err);
    case NODE_CollectMetrics:
        return bind_metrics(b, node_as(CollectMetrics, n), outer, ret, err);
    case NODE_MapPartitions:
        return bind_map_partitions(b, node_as(MapPartitions, n), outer, ret, err);
    case NODE_GroupMap:
        return bind_group_map(b, node_as(GroupMap, n), outer, ret, err);
    case NODE_CoGroupMap:
        return bind_cogroup_map(b, node_as(CoGroupMap, n), outer, ret, err);
    case NODE_ViewColumns:
        return bind_view_columns(b, node_as(ViewColumns, n), outer, ret, err);
    case NODE_ConfScope:
        return bind_conf_scope(b, node_as(ConfScope, n), outer, ret, err);
    case NODE_ScriptTransform:
        return bind_script(b, node_as(ScriptTransform, n), outer, ret, err);
    case NODE_LateralView:
        return bind_lateral_view(b, node_as(LateralView, n), outer, ret, err);
    case NODE_UnresolvedTableFunction:
        return bind_table_function(b, node_as(UnresolvedTableFunction, n), outer, ret, err);
    case NODE_UnresolvedInlineTable:
        return bind_inline_table(b, node_as(UnresolvedInlineTable, n), outer, ret, err);
    case NODE_With:
        return bind_with(b, node_as(With, n), outer, ret, err);
    case NODE_Pivot:
        return bind_pivot(b, node_as(Pivot, n), outer, ret, err);
    case NODE_Unpivot:
        return bind_unpivot(b, node_as(Unpivot, n), outer, ret, err);
    case NODE_NamedWindows: {
        const NodeList *visible = b->windows;
        b->windows = &node_as(NamedWindows, n)->definitions;
        TRY(bind_relation(b, node_as(NamedWindows, n)->input, outer, ret, err));
        b->windows = visible;
        return ST_OK;
    }
    default:
        break;
    }
    TRY(bind_source(b, n, outer, ret, &done, err));
    if (!done)
        TRY(bind_frame_relation(b, n, outer, ret, &done, err));
    if (!done)
        TRY(bind_stat_relation(b, n, outer, ret, &done, err));
    if (!done)
        TRY(bind_command(b, n, ret, &done, err));
    return done ? ST_OK : spark_unsupported(err, n, arena_printf(b->a, "the relation %s", node_name(n)));
}

/* Views and CTEs stand in each other, and may double each other. */
enum { BOUND_NESTING_MAX = 4 * LIMIT_QUERY_NESTING, BOUND_RELATIONS_MAX = 100000 };

Status bind_relation(Binder *b, Node *n, const Scope *outer, Node **ret, Error *err)
{
    Node *bound = NULL;
    if (b->depth >= BOUND_NESTING_MAX || ++b->relations > BOUND_RELATIONS_MAX)
        return spark_too_complex(err, n);
    b->depth++;
    Status status = dispatch(b, n, outer, &bound, err);
    b->depth--;
    if (status != ST_OK)
        return status;
    if (n->plan_id) {
        vec_push(b->a, &b->plans, (PlanEntry){ n->plan_id, bound->schema, b->depth });
        if (!bound->plan_id)
            bound->plan_id = n->plan_id;
    }
    *ret = bound;
    return ST_OK;
}

Status bind_root(Binder *b, Node *n, Node **ret, Error *err)
{
    Node *bound = NULL;
    NodeList outside = b->cte_definitions;
    b->cte_definitions = (NodeList){ 0 };
    TRY(bind_relation(b, n, NULL, &bound, err));
    bound = strip_hidden(b, bound);
    if (b->cte_definitions.len)
        bound = with_schema(node_new(b->a, BoundWith, .ctes = b->cte_definitions, .input = bound), bound->schema);
    b->cte_definitions = outside;
    *ret = bound;
    return ST_OK;
}

/* ---------------------------------------------------------------- the entry */

Status bind_plan(Arena *a, const BindEnv *env, Node *plan, Node **ret_bound, Error *err)
{
    if (node_depth(plan) > LIMIT_QUERY_NESTING)
        return spark_too_complex(err, NULL);
    Binder b = { .a = a, .env = env };
    bool command = false;
    Node *bound = NULL;
    read_settings(&b);
    file_columns_noted(&b, plan);
    TRY(bind_command(&b, plan, &bound, &command, err));
    if (!command)
        TRY(bind_root(&b, plan, &bound, err));
    TRY(check_joins(&b, bound, err));
    *ret_bound = bound;
    return ST_OK;
}

const Type *bind_schema_type(Arena *a, const Node *bound)
{
    const Schema *s = bound->schema;
    Field *fields = ARENA_ARRAY(a, Field, (s ? s->len : 0) + 1);
    size_t n = 0;
    for (size_t i = 0; s && i < s->len; i++)
        if (!s->at[i].hidden)
            fields[n++] = (Field){ s->at[i].name, s->at[i].type, s->at[i].nullable, s->at[i].metadata };
    return type_struct(a, fields, n);
}
