/* front/connect/relation.c -- Relation messages to ir relations. Source: relations.proto, SparkConnectPlanner. */
#include "front/connect/internal.h"
#include "front/connect/local.h"

typedef Spark__Connect__Relation Message;
#define CASE(name) SPARK__CONNECT__RELATION__REL_TYPE_##name

/* The input of most relations. */
#define INPUT(of)          \
    Node *input;           \
    TRY(relation_node(c, (of)->input, &input))

/* Spark's map fields are lists of entries with key and value. */
#define OPTIONS(list, n, of)                  \
    KeyValueList list = { 0 };                \
    for (size_t i_ = 0; i_ < (n); i_++)       \
    vec_push(c->a, &list, (KeyValue){ (of)[i_]->key, (of)[i_]->value })

static Status read_of(Connect *c, const Spark__Connect__Read *r, Node **ret)
{
    if (r->has_is_streaming && r->is_streaming)
        return unsupported(c, "Read with is_streaming");
    if (r->read_type_case == SPARK__CONNECT__READ__READ_TYPE_NAMED_TABLE) {
        const Spark__Connect__Read__NamedTable *t = r->named_table;
        StrList name;
        TRY(connect_name(c->a, t->unparsed_identifier, &name, c->err));
        OPTIONS(options, t->n_options, t->options);
        *ret = node_new(c->a, UnresolvedRelation, .name = name, .options = options);
        return ST_OK;
    }
    if (r->read_type_case != SPARK__CONNECT__READ__READ_TYPE_DATA_SOURCE)
        return invalid(c, "A read is of neither a table nor a data source.");
    const Spark__Connect__Read__DataSource *d = r->data_source;
    OPTIONS(options, d->n_options, d->options);
    NodeList predicates = { 0 };
    for (size_t i = 0; i < d->n_predicates; i++) {
        Value v = { .text = arena_str(c->a, d->predicates[i]), .text_len = strlen(d->predicates[i]) };
        vec_push(c->a, &predicates, node_new(c->a, Literal, .value = arena_copy(c->a, &v, sizeof v), .of = &type_string));
    }
    if (d->n_predicates && !str_ieq(d->format, "jdbc"))
        return invalid(c, "Predicates are not supported for %s data sources.", d->format);
    *ret = node_new(c->a, Read, .format = d->format, .paths = text_list(c, d->paths, d->n_paths),
                    .schema_text = d->schema && *d->schema ? d->schema : NULL, .options = options, .predicates = predicates);
    return ST_OK;
}

static Status join_kind(Connect *c, int type, int64_t *ret)
{
    static const struct {
        int type;
        JoinKind kind;
    } kinds[] = { { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_INNER, JOIN_INNER },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_FULL_OUTER, JOIN_FULL },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_OUTER, JOIN_LEFT },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_RIGHT_OUTER, JOIN_RIGHT },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_ANTI, JOIN_ANTI },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_SEMI, JOIN_SEMI },
                  { SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_CROSS, JOIN_CROSS } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type) {
            *ret = kinds[i].kind;
            return ST_OK;
        }
    return invalid(c, "Join type %d is not known.", type);
}

static Status join_of(Connect *c, const Spark__Connect__Join *j, Node **ret)
{
    if (j->join_data_type)
        return unsupported(c, "Join with join_data_type (joinWith)");
    Node *left, *right, *condition = NULL;
    int64_t kind = JOIN_INNER;
    TRY(relation_node(c, j->left, &left));
    TRY(relation_node(c, j->right, &right));
    TRY(join_kind(c, (int)j->join_type, &kind));
    if (j->join_condition && j->n_using_columns)
        return invalid(c, "A join has both a condition and using columns.");
    if (j->join_condition)
        TRY(expression_node(c, j->join_condition, &condition));
    *ret = node_new(c->a, Join, .left = left, .right = right, .join = kind, .condition = condition,
                    .using_columns = text_list(c, j->using_columns, j->n_using_columns));
    return ST_OK;
}

static Status lateral_of(Connect *c, const Spark__Connect__LateralJoin *j, Node **ret)
{
    Node *left, *right, *condition = NULL;
    int64_t kind = JOIN_INNER;
    TRY(relation_node(c, j->left, &left));
    TRY(relation_node(c, j->right, &right));
    TRY(join_kind(c, (int)j->join_type, &kind));
    if (j->join_condition)
        TRY(expression_node(c, j->join_condition, &condition));
    *ret = node_new(c->a, Join, .left = left, .right = right, .join = kind, .condition = condition, .lateral = true);
    return ST_OK;
}

static Status as_of_join_of(Connect *c, const Spark__Connect__AsOfJoin *j, Node **ret)
{
    Node *left, *right, *left_as_of, *right_as_of, *condition = NULL, *tolerance = NULL;
    TRY(relation_node(c, j->left, &left));
    TRY(relation_node(c, j->right, &right));
    TRY(expression_node(c, j->left_as_of, &left_as_of));
    TRY(expression_node(c, j->right_as_of, &right_as_of));
    if (j->join_expr)
        TRY(expression_node(c, j->join_expr, &condition));
    if (j->tolerance)
        TRY(expression_node(c, j->tolerance, &tolerance));
    bool left_join = str_istarts(j->join_type, "left");
    if (!left_join && !str_ieq(j->join_type, "inner"))
        return invalid(c, "As-of join type '%s' is not known.", j->join_type);
    *ret = node_new(c->a, AsOfJoin, .left = left, .right = right, .join = left_join ? JOIN_LEFT : JOIN_INNER,
                    .left_as_of = left_as_of, .right_as_of = right_as_of, .condition = condition,
                    .using_columns = text_list(c, j->using_columns, j->n_using_columns), .tolerance = tolerance,
                    .allow_exact_matches = j->allow_exact_matches, .direction = j->direction);
    return ST_OK;
}

static Status set_operation_of(Connect *c, const Spark__Connect__SetOperation *s, Node **ret)
{
    Node *left, *right;
    TRY(relation_node(c, s->left_input, &left));
    TRY(relation_node(c, s->right_input, &right));
    int op = SETOP_UNION;
    if (s->set_op_type == SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_INTERSECT)
        op = SETOP_INTERSECT;
    else if (s->set_op_type == SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_EXCEPT)
        op = SETOP_EXCEPT;
    else if (s->set_op_type != SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_UNION)
        return invalid(c, "Set operation %d is not known.", (int)s->set_op_type);
    *ret = node_new(c->a, SetOp, .left = left, .right = right, .op = op, .all = s->is_all, .by_name = s->by_name,
                    .allow_missing = s->allow_missing_columns);
    return ST_OK;
}

static Status sort_of(Connect *c, const Spark__Connect__Sort *s, Node **ret)
{
    INPUT(s);
    NodeList orders = { 0 };
    for (size_t i = 0; i < s->n_order; i++) {
        Node *order;
        TRY(sort_order_node(c, s->order[i], &order));
        vec_push(c->a, &orders, order);
    }
    *ret = node_new(c->a, Sort, .input = input, .orders = orders, .global = !s->has_is_global || s->is_global);
    return ST_OK;
}

/* The grouping expressions without their names, and the output that names them. */
static void group_outputs(Connect *c, const NodeList *named, NodeList *ret_groups, NodeList *ret_outputs)
{
    NodeList groups = { 0 }, outputs = { 0 };
    for (size_t i = 0; i < named->len; i++) {
        Node *n = named->at[i];
        vec_push(c->a, &groups, node_is(Alias, n) ? node_as(Alias, n)->child : n);
        vec_push(c->a, &outputs, n);
    }
    *ret_groups = groups;
    *ret_outputs = outputs;
}

static Status pivot_of(Connect *c, const Spark__Connect__Aggregate *g, Node *input, const NodeList *groups,
                       const NodeList *aggregates, Node **ret)
{
    Node *column;
    NodeList values;
    if (!g->pivot)
        return invalid(c, "A pivot has no column.");
    TRY(expression_node(c, g->pivot->col, &column));
    TRY(literal_list(c, g->pivot->values, g->pivot->n_values, &values));
    *ret = node_new(c->a, Pivot, .input = input, .groups = *groups, .column = column, .values = values, .aggregates = *aggregates);
    return ST_OK;
}

static Status aggregate_of(Connect *c, const Spark__Connect__Aggregate *g, Node **ret)
{
    INPUT(g);
    NodeList named, aggregates, groups, exprs, sets = { 0 };
    TRY(expression_list(c, g->grouping_expressions, g->n_grouping_expressions, &named));
    TRY(expression_list(c, g->aggregate_expressions, g->n_aggregate_expressions, &aggregates));
    group_outputs(c, &named, &groups, &exprs);
    int grouping = GROUPING_PLAIN;
    switch (g->group_type) {
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPBY:
        break;
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_ROLLUP:
        grouping = GROUPING_ROLLUP;
        break;
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_CUBE:
        grouping = GROUPING_CUBE;
        break;
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_PIVOT:
        return pivot_of(c, g, input, &named, &aggregates, ret);
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPING_SETS:
        if (!g->n_grouping_sets)
            return invalid(c, "GROUPING SETS without a set.");
        grouping = GROUPING_SETS;
        break;
    default:
        return invalid(c, "Group type %d is not known.", (int)g->group_type);
    }
    for (size_t i = 0; grouping == GROUPING_SETS && i < g->n_grouping_sets; i++) { /* another group type has none, as in Spark */
        NodeList items;
        TRY(expression_list(c, g->grouping_sets[i]->grouping_set, g->grouping_sets[i]->n_grouping_set, &items));
        vec_push(c->a, &sets, node_new(c->a, GroupingSet, .items = items));
    }
    for (size_t i = 0; i < aggregates.len; i++)
        vec_push(c->a, &exprs, aggregates.at[i]);
    *ret = node_new(c->a, Aggregate, .input = input, .grouping = grouping, .groups = groups, .sets = sets, .exprs = exprs);
    return ST_OK;
}

static Status sql_of(Connect *c, const Spark__Connect__SQL *s, Node **ret)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* clients before 4.0 send literals */
    VEC(ConnectArgument) arguments = { 0 };
    for (size_t i = 0; i < s->n_args; i++) {
        ConnectArgument arg = { .name = s->args[i]->key };
        TRY(literal_node(c, s->args[i]->value, &arg.value));
        vec_push(c->a, &arguments, arg);
    }
    for (size_t i = 0; i < s->n_pos_args; i++) {
        ConnectArgument arg = { 0 };
        TRY(literal_node(c, s->pos_args[i], &arg.value));
        vec_push(c->a, &arguments, arg);
    }
#pragma GCC diagnostic pop
    for (size_t i = 0; i < s->n_named_arguments; i++) {
        ConnectArgument arg = { .name = s->named_arguments[i]->key };
        TRY(expression_node(c, s->named_arguments[i]->value, &arg.value));
        vec_push(c->a, &arguments, arg);
    }
    for (size_t i = 0; i < s->n_pos_arguments; i++) {
        ConnectArgument arg = { 0 };
        TRY(expression_node(c, s->pos_arguments[i], &arg.value));
        vec_push(c->a, &arguments, arg);
    }
    return c->options->parse_statement(c->options->self, c->a, s->query ? s->query : "", arguments.at, arguments.len, ret, c->err);
}

/* References that are named relations are CTEs of the root (sql("… {df}", df=df)); the others are for subqueries. */
static Status with_relations_of(Connect *c, const Spark__Connect__WithRelations *w, Node **ret)
{
    References here = { .at = w->references, .len = w->n_references, .outer = c->references };
    c->references = &here;
    Status status = ST_OK;
    NodeList ctes = { 0 };
    for (size_t i = 0; i < w->n_references && status == ST_OK; i++) {
        Node *cte;
        if (w->references[i]->rel_type_case != CASE(SUBQUERY_ALIAS))
            continue;
        status = relation_node(c, w->references[i], &cte);
        if (status == ST_OK)
            vec_push(c->a, &ctes, cte);
    }
    Node *root = NULL;
    if (status == ST_OK)
        status = relation_node(c, w->root, &root);
    c->references = here.outer;
    if (status == ST_OK)
        *ret = ctes.len ? node_new(c->a, With, .ctes = ctes, .input = root) : root;
    return status;
}

static Status project_of(Connect *c, const Spark__Connect__Project *p, Node **ret)
{
    Node *input;
    NodeList exprs;
    if (p->input)
        TRY(relation_node(c, p->input, &input));
    else
        input = node_new(c->a, OneRow, .unused = false);
    TRY(expression_list(c, p->expressions, p->n_expressions, &exprs));
    *ret = node_new(c->a, Project, .input = input, .exprs = exprs);
    return ST_OK;
}

static Status filter_of(Connect *c, const Spark__Connect__Filter *f, Node **ret)
{
    INPUT(f);
    Node *predicate;
    TRY(expression_node(c, f->condition, &predicate));
    *ret = node_new(c->a, Filter, .input = input, .predicate = predicate);
    return ST_OK;
}

static Status renamed_of(Connect *c, const Spark__Connect__WithColumnsRenamed *w, Node **ret)
{
    INPUT(w);
    StrList from = { 0 }, to = { 0 };
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* clients before 4.0 send a map */
    for (size_t i = 0; i < w->n_rename_columns_map; i++) {
        vec_push(c->a, &from, w->rename_columns_map[i]->key);
        vec_push(c->a, &to, w->rename_columns_map[i]->value);
    }
#pragma GCC diagnostic pop
    for (size_t i = 0; i < w->n_renames; i++) {
        vec_push(c->a, &from, w->renames[i]->col_name);
        vec_push(c->a, &to, w->renames[i]->new_col_name);
    }
    *ret = node_new(c->a, WithColumnsRenamed, .input = input, .from = from, .to = to);
    return ST_OK;
}

static Status with_columns_of(Connect *c, const Spark__Connect__WithColumns *w, Node **ret)
{
    INPUT(w);
    NodeList columns = { 0 };
    for (size_t i = 0; i < w->n_aliases; i++) {
        Node *column;
        TRY(alias_node(c, w->aliases[i], &column));
        vec_push(c->a, &columns, column);
    }
    *ret = node_new(c->a, WithColumns, .input = input, .columns = columns);
    return ST_OK;
}

static Status sample_of(Connect *c, const Spark__Connect__Sample *s, Node **ret)
{
    INPUT(s);
    *ret = node_new(c->a, Sample, .input = input, .lower = double_literal(c, s->lower_bound),
                    .upper = double_literal(c, s->upper_bound), .with_replacement = s->with_replacement, .seed = s->seed,
                    .has_seed = s->has_seed);
    return ST_OK;
}

static Status unpivot_of(Connect *c, const Spark__Connect__Unpivot *u, Node **ret)
{
    INPUT(u);
    NodeList ids, values = { 0 };
    TRY(expression_list(c, u->ids, u->n_ids, &ids));
    if (u->values)
        TRY(expression_list(c, u->values->values, u->values->n_values, &values));
    StrList names = { 0 };
    vec_push(c->a, &names, u->value_column_name);
    *ret = node_new(c->a, Unpivot, .input = input, .ids = ids, .values = values, .variable_name = u->variable_column_name,
                    .value_names = names, .include_nulls = true, .ids_given = true, .values_given = u->values != NULL);
    return ST_OK;
}

static Status deduplicate_of(Connect *c, const Spark__Connect__Deduplicate *d, Node **ret)
{
    if (d->within_watermark)
        return unsupported(c, "Deduplicate with within_watermark");
    INPUT(d);
    *ret = node_new(c->a, Deduplicate, .input = input, .columns = text_list(c, d->column_names, d->n_column_names),
                    .all_columns = d->all_columns_as_keys);
    return ST_OK;
}

static Status drop_of(Connect *c, const Spark__Connect__Drop *d, Node **ret)
{
    INPUT(d);
    NodeList columns;
    TRY(expression_list(c, d->columns, d->n_columns, &columns));
    *ret = node_new(c->a, DropColumns, .input = input, .columns = columns, .names = text_list(c, d->column_names, d->n_column_names));
    return ST_OK;
}

static Status hint_of(Connect *c, const Spark__Connect__Hint *h, Node **ret)
{
    INPUT(h);
    NodeList params;
    TRY(expression_list(c, h->parameters, h->n_parameters, &params));
    *ret = node_new(c->a, Hint, .input = input, .name = h->name, .params = params);
    return ST_OK;
}

static Status repartition_of(Connect *c, const Spark__Connect__Repartition *r, Node **ret)
{
    INPUT(r);
    *ret = node_new(c->a, Repartition, .input = input, .count = int_literal(c, r->num_partitions), .shuffle = r->shuffle);
    return ST_OK;
}

static Status repartition_by_of(Connect *c, const Spark__Connect__RepartitionByExpression *r, Node **ret)
{
    INPUT(r);
    NodeList exprs;
    bool direct = r->n_partition_exprs == 1 && r->partition_exprs[0]->expr_type_case ==
                                                   SPARK__CONNECT__EXPRESSION__EXPR_TYPE_DIRECT_SHUFFLE_PARTITION_ID;
    if (direct) {
        Node *number;
        exprs = (NodeList){ 0 };
        TRY(expression_node(c, r->partition_exprs[0]->direct_shuffle_partition_id->child, &number));
        vec_push(c->a, &exprs, number);
    } else {
        TRY(expression_list(c, r->partition_exprs, r->n_partition_exprs, &exprs));
    }
    *ret = node_new(c->a, Repartition, .direct = direct, .input = input, .count = r->has_num_partitions ? int_literal(c, r->num_partitions) : NULL,
                    .exprs = exprs, .shuffle = true);
    return ST_OK;
}

static Status metrics_of(Connect *c, const Spark__Connect__CollectMetrics *m, Node **ret)
{
    INPUT(m);
    NodeList metrics;
    TRY(expression_list(c, m->metrics, m->n_metrics, &metrics));
    *ret = node_new(c->a, CollectMetrics, .input = input, .name = m->name, .metrics = metrics);
    return ST_OK;
}

static Status parse_of(Connect *c, const Spark__Connect__Parse *p, Node **ret)
{
    INPUT(p);
    const Type *to = NULL;
    if (p->schema)
        TRY(type_of(c, p->schema, &to));
    bool csv = p->format == SPARK__CONNECT__PARSE__PARSE_FORMAT__PARSE_FORMAT_CSV;
    if (!csv && p->format != SPARK__CONNECT__PARSE__PARSE_FORMAT__PARSE_FORMAT_JSON)
        return invalid(c, "Parse format %d is not known.", (int)p->format);
    OPTIONS(options, p->n_options, p->options);
    *ret = node_new(c->a, Parse, .input = input, .format = csv ? "csv" : "json", .to = to, .options = options);
    return ST_OK;
}

static Status to_schema_of(Connect *c, const Spark__Connect__ToSchema *s, Node **ret)
{
    INPUT(s);
    const Type *to;
    TRY(type_of(c, s->schema, &to));
    *ret = node_new(c->a, ToSchema, .input = input, .to = to);
    return ST_OK;
}

static Status transpose_of(Connect *c, const Spark__Connect__Transpose *t, Node **ret)
{
    INPUT(t);
    Node *index = NULL;
    if (t->n_index_columns)
        TRY(expression_node(c, t->index_columns[0], &index));
    *ret = node_new(c->a, Transpose, .input = input, .index = index);
    return ST_OK;
}

static Status table_function_of(Connect *c, const Spark__Connect__UnresolvedTableValuedFunction *f, Node **ret)
{
    StrList name;
    NodeList args;
    TRY(connect_name(c->a, f->function_name, &name, c->err));
    TRY(expression_list(c, f->arguments, f->n_arguments, &args));
    if (name.len == 1 && str_ieq(name.at[0], "sql_keywords") && !args.len && c->options->parse_statement) /* the parser knows its words */
        return c->options->parse_statement(c->options->self, c->a, "SELECT * FROM sql_keywords()", NULL, 0, ret, c->err);
    *ret = node_new(c->a, UnresolvedTableFunction, .name = name, .args = args);
    return ST_OK;
}

static Status python_table_of(Connect *c, const Spark__Connect__CommonInlineUserDefinedTableFunction *f, Node **ret)
{
    Node *function;
    StrList name = { 0 };
    NodeList args;
    TRY(udtf_node(c, f, &function));
    TRY(expression_list(c, f->arguments, f->n_arguments, &args));
    vec_push(c->a, &name, f->function_name);
    *ret = node_new(c->a, UnresolvedTableFunction, .name = name, .args = args, .function = function);
    return ST_OK;
}

static Status map_partitions_of(Connect *c, const Spark__Connect__MapPartitions *m, Node **ret)
{
    INPUT(m);
    Node *function;
    TRY(udf_node(c, m->func, &function));
    *ret = node_new(c->a, MapPartitions, .input = input, .function = function, .barrier = m->is_barrier);
    return ST_OK;
}

static Status group_map_of(Connect *c, const Spark__Connect__GroupMap *g, Node **ret)
{
    if (g->transform_with_state_info || g->state_schema || (g->has_is_map_groups_with_state && g->is_map_groups_with_state))
        return unsupported(c, "GroupMap with state");
    INPUT(g);
    NodeList groups;
    Node *function;
    TRY(expression_list(c, g->grouping_expressions, g->n_grouping_expressions, &groups));
    TRY(udf_node(c, g->func, &function));
    *ret = node_new(c->a, GroupMap, .input = input, .groups = groups, .function = function);
    return ST_OK;
}

static Status co_group_map_of(Connect *c, const Spark__Connect__CoGroupMap *g, Node **ret)
{
    Node *left, *right, *function;
    NodeList left_groups, right_groups;
    TRY(relation_node(c, g->input, &left));
    TRY(relation_node(c, g->other, &right));
    TRY(expression_list(c, g->input_grouping_expressions, g->n_input_grouping_expressions, &left_groups));
    TRY(expression_list(c, g->other_grouping_expressions, g->n_other_grouping_expressions, &right_groups));
    TRY(udf_node(c, g->func, &function));
    *ret = node_new(c->a, CoGroupMap, .left = left, .left_groups = left_groups, .right = right, .right_groups = right_groups,
                    .function = function);
    return ST_OK;
}

static Status fill_of(Connect *c, const Spark__Connect__NAFill *f, Node **ret)
{
    INPUT(f);
    NodeList values;
    if (f->n_values == 0)
        return invalid(c, "values must contains at least 1 item!");
    if (f->n_values > 1 && f->n_values != f->n_cols)
        return invalid(c, "When values contains more than 1 items, values and cols should have the same length!");
    TRY(literal_list(c, f->values, f->n_values, &values));
    *ret = node_new(c->a, NaFill, .input = input, .columns = text_list(c, f->cols, f->n_cols), .values = values);
    return ST_OK;
}

static Status replace_of(Connect *c, const Spark__Connect__NAReplace *r, Node **ret)
{
    INPUT(r);
    NodeList from = { 0 }, to = { 0 };
    for (size_t i = 0; i < r->n_replacements; i++) {
        Node *old, *new;
        TRY(literal_node(c, r->replacements[i]->old_value, &old));
        TRY(literal_node(c, r->replacements[i]->new_value, &new));
        vec_push(c->a, &from, old);
        vec_push(c->a, &to, new);
    }
    *ret = node_new(c->a, NaReplace, .input = input, .columns = text_list(c, r->cols, r->n_cols), .from = from, .to = to);
    return ST_OK;
}

static Status quantile_of(Connect *c, const Spark__Connect__StatApproxQuantile *q, Node **ret)
{
    INPUT(q);
    NodeList probabilities = { 0 };
    for (size_t i = 0; i < q->n_probabilities; i++)
        vec_push(c->a, &probabilities, double_literal(c, q->probabilities[i]));
    *ret = node_new(c->a, StatApproxQuantile, .input = input, .columns = text_list(c, q->cols, q->n_cols),
                    .probabilities = probabilities, .relative_error = double_literal(c, q->relative_error));
    return ST_OK;
}

static Status sample_by_of(Connect *c, const Spark__Connect__StatSampleBy *s, Node **ret)
{
    INPUT(s);
    Node *column;
    NodeList strata = { 0 }, fractions = { 0 };
    TRY(expression_node(c, s->col, &column));
    for (size_t i = 0; i < s->n_fractions; i++) {
        Node *stratum;
        TRY(literal_node(c, s->fractions[i]->stratum, &stratum));
        vec_push(c->a, &strata, stratum);
        vec_push(c->a, &fractions, double_literal(c, s->fractions[i]->fraction));
    }
    *ret = node_new(c->a, StatSampleBy, .input = input, .column = column, .strata = strata, .fractions = fractions, .seed = s->seed);
    return ST_OK;
}

/* df.na and df.stat; CASE's default when it is none of them. */
static Status statistics_of(Connect *c, const Message *r, Node **ret)
{
    switch (r->rel_type_case) {
    case CASE(FILL_NA):
        return fill_of(c, r->fill_na, ret);
    case CASE(DROP_NA): {
        INPUT(r->drop_na);
        *ret = node_new(c->a, NaDrop, .input = input, .columns = text_list(c, r->drop_na->cols, r->drop_na->n_cols),
                        .min_non_nulls = r->drop_na->has_min_non_nulls ? r->drop_na->min_non_nulls : -1);
        return ST_OK;
    }
    case CASE(REPLACE):
        return replace_of(c, r->replace, ret);
    case CASE(SUMMARY): {
        INPUT(r->summary);
        *ret = node_new(c->a, StatSummary, .input = input,
                        .statistics = text_list(c, r->summary->statistics, r->summary->n_statistics));
        return ST_OK;
    }
    case CASE(DESCRIBE): {
        INPUT(r->describe);
        *ret = node_new(c->a, StatDescribe, .input = input, .columns = text_list(c, r->describe->cols, r->describe->n_cols));
        return ST_OK;
    }
    case CASE(CROSSTAB): {
        INPUT(r->crosstab);
        *ret = node_new(c->a, StatCrosstab, .input = input, .column1 = r->crosstab->col1, .column2 = r->crosstab->col2);
        return ST_OK;
    }
    case CASE(COV): {
        INPUT(r->cov);
        *ret = node_new(c->a, StatCov, .input = input, .column1 = r->cov->col1, .column2 = r->cov->col2);
        return ST_OK;
    }
    case CASE(CORR): {
        INPUT(r->corr);
        *ret = node_new(c->a, StatCorr, .input = input, .column1 = r->corr->col1, .column2 = r->corr->col2,
                        .method = r->corr->method ? r->corr->method : "pearson");
        return ST_OK;
    }
    case CASE(APPROX_QUANTILE):
        return quantile_of(c, r->approx_quantile, ret);
    case CASE(FREQ_ITEMS): {
        INPUT(r->freq_items);
        *ret = node_new(c->a, StatFreqItems, .input = input, .columns = text_list(c, r->freq_items->cols, r->freq_items->n_cols),
                        .support = double_literal(c, r->freq_items->has_support ? r->freq_items->support : 0.01));
        return ST_OK;
    }
    case CASE(SAMPLE_BY):
        return sample_by_of(c, r->sample_by, ret);
    default:
        return invalid(c, "A relation has no kind that this version knows.");
    }
}

/* What weir does not do, by name. */
static Status refused(Connect *c, const Message *r, Node **ret)
{
    switch (r->rel_type_case) {
    case CASE(WITH_WATERMARK):
        return unsupported(c, "WithWatermark");
    case CASE(APPLY_IN_PANDAS_WITH_STATE):
        return unsupported(c, "ApplyInPandasWithState");
    case CASE(COMMON_INLINE_USER_DEFINED_DATA_SOURCE):
        return unsupported(c, "CommonInlineUserDefinedDataSource");
    case CASE(ML_RELATION):
        return unsupported(c, "MlRelation");
    case CASE(EXTENSION):
        return unsupported(c, "Relation.extension");
    case CASE(SHOW_STRING):
        return unsupported(c, "ShowString inside of another relation");
    case CASE(HTML_STRING):
        return unsupported(c, "HtmlString inside of another relation");
    case CASE(CATALOG):
        return unsupported(c, "Catalog inside of another relation");
    default:
        return statistics_of(c, r, ret);
    }
}

static Status small_relation_of(Connect *c, const Message *r, Node **ret)
{
    switch (r->rel_type_case) {
    case CASE(LIMIT): {
        INPUT(r->limit);
        *ret = node_new(c->a, Limit, .input = input, .count = int_literal(c, r->limit->limit));
        return ST_OK;
    }
    case CASE(OFFSET): {
        INPUT(r->offset);
        *ret = node_new(c->a, Offset, .input = input, .count = int_literal(c, r->offset->offset));
        return ST_OK;
    }
    case CASE(TAIL): {
        INPUT(r->tail);
        *ret = node_new(c->a, Tail, .input = input, .count = int_literal(c, r->tail->limit));
        return ST_OK;
    }
    case CASE(COMMON_INLINE_USER_DEFINED_TABLE_FUNCTION):
        return python_table_of(c, r->common_inline_user_defined_table_function, ret);
    case CASE(RANGE):
        if (r->range->step == 0)
            return invalid(c, "The step of a range may not be 0.");
        *ret = node_new(c->a, Range, .from = r->range->start, .to = r->range->end, .step = r->range->step,
                        .partitions = r->range->num_partitions);
        return ST_OK;
    case CASE(SUBQUERY_ALIAS): {
        INPUT(r->subquery_alias);
        *ret = node_new(c->a, SubqueryAlias, .input = input, .name = r->subquery_alias->alias);
        return ST_OK;
    }
    case CASE(TO_DF): {
        INPUT(r->to_df);
        *ret = node_new(c->a, ToDF, .input = input, .names = text_list(c, r->to_df->column_names, r->to_df->n_column_names));
        return ST_OK;
    }
    case CASE(LOCAL_RELATION):
        return local_relation(c, r->local_relation, ret);
    case CASE(CACHED_LOCAL_RELATION):
        return cached_local_relation(c, r->cached_local_relation, ret);
    case CASE(CHUNKED_CACHED_LOCAL_RELATION):
        return chunked_local_relation(c, r->chunked_cached_local_relation, ret);
    case CASE(CACHED_REMOTE_RELATION):
        *ret = node_new(c->a, CachedRelation, .key = r->cached_remote_relation->relation_id);
        return ST_OK;
    default:
        return refused(c, r, ret);
    }
}

static Status dispatch(Connect *c, const Message *r, Node **ret)
{
    switch (r->rel_type_case) {
    case CASE(READ):
        return read_of(c, r->read, ret);
    case CASE(PROJECT):
        return project_of(c, r->project, ret);
    case CASE(FILTER):
        return filter_of(c, r->filter, ret);
    case CASE(JOIN):
        return join_of(c, r->join, ret);
    case CASE(LATERAL_JOIN):
        return lateral_of(c, r->lateral_join, ret);
    case CASE(AS_OF_JOIN):
        return as_of_join_of(c, r->as_of_join, ret);
    case CASE(SET_OP):
        return set_operation_of(c, r->set_op, ret);
    case CASE(SORT):
        return sort_of(c, r->sort, ret);
    case CASE(AGGREGATE):
        return aggregate_of(c, r->aggregate, ret);
    case CASE(SQL):
        return sql_of(c, r->sql, ret);
    case CASE(WITH_RELATIONS):
        return with_relations_of(c, r->with_relations, ret);
    case CASE(SAMPLE):
        return sample_of(c, r->sample, ret);
    case CASE(DEDUPLICATE):
        return deduplicate_of(c, r->deduplicate, ret);
    case CASE(WITH_COLUMNS_RENAMED):
        return renamed_of(c, r->with_columns_renamed, ret);
    case CASE(WITH_COLUMNS):
        return with_columns_of(c, r->with_columns, ret);
    case CASE(DROP):
        return drop_of(c, r->drop, ret);
    case CASE(HINT):
        return hint_of(c, r->hint, ret);
    case CASE(UNPIVOT):
        return unpivot_of(c, r->unpivot, ret);
    case CASE(TO_SCHEMA):
        return to_schema_of(c, r->to_schema, ret);
    case CASE(REPARTITION):
        return repartition_of(c, r->repartition, ret);
    case CASE(REPARTITION_BY_EXPRESSION):
        return repartition_by_of(c, r->repartition_by_expression, ret);
    case CASE(COLLECT_METRICS):
        return metrics_of(c, r->collect_metrics, ret);
    case CASE(PARSE):
        return parse_of(c, r->parse, ret);
    case CASE(TRANSPOSE):
        return transpose_of(c, r->transpose, ret);
    case CASE(UNRESOLVED_TABLE_VALUED_FUNCTION):
        return table_function_of(c, r->unresolved_table_valued_function, ret);
    case CASE(MAP_PARTITIONS):
        return map_partitions_of(c, r->map_partitions, ret);
    case CASE(GROUP_MAP):
        return group_map_of(c, r->group_map, ret);
    case CASE(CO_GROUP_MAP):
        return co_group_map_of(c, r->co_group_map, ret);
    default:
        return small_relation_of(c, r, ret);
    }
}

Status relation_node(Connect *c, const Message *r, Node **ret)
{
    if (!r)
        return invalid(c, "A relation is missing.");
    TRY(enter(c));
    Status status = dispatch(c, r, ret);
    c->depth--;
    if (status == ST_OK && r->common && r->common->has_plan_id)
        (*ret)->plan_id = plan_reference(r->common->plan_id);
    return status;
}
