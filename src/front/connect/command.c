/* front/connect/command.c -- Command messages that have a plan to ir commands. Source: commands.proto, SparkConnectPlanner. */
#include "front/connect/internal.h"

typedef Spark__Connect__Command Message;
#define CASE(name) SPARK__CONNECT__COMMAND__COMMAND_TYPE_##name
#define OPTIONS(list, n, of)                  \
    KeyValueList list = { 0 };                \
    for (size_t i_ = 0; i_ < (n); i_++)       \
    vec_push(c->a, &list, (KeyValue){ (of)[i_]->key, (of)[i_]->value })

static Status save_mode(Connect *c, int mode, int64_t *ret)
{
    switch (mode) {
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_UNSPECIFIED:
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_ERROR_IF_EXISTS:
        *ret = SAVE_ERROR;
        return ST_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_APPEND:
        *ret = SAVE_APPEND;
        return ST_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_OVERWRITE:
        *ret = SAVE_OVERWRITE;
        return ST_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_IGNORE:
        *ret = SAVE_IGNORE;
        return ST_OK;
    default:
        return invalid(c, "Save mode %d is not known.", mode);
    }
}

static Status write_of(Connect *c, const Spark__Connect__WriteOperation *w, Node **ret)
{
    Node *input;
    int64_t mode = SAVE_ERROR;
    TRY(relation_node(c, w->input, &input));
    TRY(save_mode(c, (int)w->mode, &mode));
    if (w->n_clustering_columns)
        return unsupported(c, "WriteOperation with clustering_columns");
    OPTIONS(options, w->n_options, w->options);
    StrList partition_by = text_list(c, w->partitioning_columns, w->n_partitioning_columns);
    StrList sort_by = text_list(c, w->sort_column_names, w->n_sort_column_names), bucket_by = { 0 };
    int64_t buckets = 0;
    if (w->bucket_by) {
        bucket_by = text_list(c, w->bucket_by->bucket_column_names, w->bucket_by->n_bucket_column_names);
        buckets = w->bucket_by->num_buckets;
    }
    const char *format = w->source && *w->source ? w->source : NULL;
    if (w->save_type_case != SPARK__CONNECT__WRITE_OPERATION__SAVE_TYPE_TABLE) {
        *ret = node_new(c->a, WriteFiles, .input = input, .format = format,
                        .path = w->save_type_case == SPARK__CONNECT__WRITE_OPERATION__SAVE_TYPE_PATH ? w->path : NULL, .mode = mode,
                        .partition_by = partition_by, .sort_by = sort_by, .bucket_by = bucket_by, .buckets = buckets,
                        .options = options);
        return ST_OK;
    }
    StrList table;
    TRY(connect_name(c->a, w->table->table_name, &table, c->err));
    bool insert = w->table->save_method == SPARK__CONNECT__WRITE_OPERATION__SAVE_TABLE__TABLE_SAVE_METHOD__TABLE_SAVE_METHOD_INSERT_INTO;
    *ret = node_new(c->a, WriteTable, .input = input, .table = table, .format = format, .mode = mode,
                    .action = insert ? TABLE_INSERT : TABLE_SAVE, .partition_by = partition_by, .sort_by = sort_by,
                    .bucket_by = bucket_by, .buckets = buckets, .options = options);
    return ST_OK;
}

static Status write_v2_of(Connect *c, const Spark__Connect__WriteOperationV2 *w, Node **ret)
{
    static const struct {
        int mode;
        TableWriteKind action;
    } modes[] = { { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_CREATE, TABLE_CREATE },
                  { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_OVERWRITE, TABLE_OVERWRITE },
                  { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_OVERWRITE_PARTITIONS, TABLE_OVERWRITE_PARTITIONS },
                  { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_APPEND, TABLE_INSERT },
                  { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_REPLACE, TABLE_REPLACE },
                  { SPARK__CONNECT__WRITE_OPERATION_V2__MODE__MODE_CREATE_OR_REPLACE, TABLE_CREATE_OR_REPLACE } };
    size_t m = 0;
    while (m < sizeof modes / sizeof *modes && modes[m].mode != (int)w->mode)
        m++;
    if (m == sizeof modes / sizeof *modes)
        return invalid(c, "Write mode %d is not known.", (int)w->mode);
    Node *input, *condition = NULL;
    StrList table;
    NodeList transforms;
    TRY(relation_node(c, w->input, &input));
    TRY(connect_name(c->a, w->table_name, &table, c->err));
    TRY(expression_list(c, w->partitioning_columns, w->n_partitioning_columns, &transforms));
    if (w->overwrite_condition)
        TRY(expression_node(c, w->overwrite_condition, &condition));
    OPTIONS(options, w->n_options, w->options);
    OPTIONS(properties, w->n_table_properties, w->table_properties);
    *ret = node_new(c->a, WriteTable, .input = input, .table = table, .format = w->provider, .mode = SAVE_APPEND,
                    .action = modes[m].action, .options = options, .properties = properties, .overwrite_condition = condition,
                    .by_name = true, .transforms = transforms);
    return ST_OK;
}

static Status view_of(Connect *c, const Spark__Connect__CreateDataFrameViewCommand *v, Node **ret)
{
    Node *input;
    StrList name;
    TRY(relation_node(c, v->input, &input));
    TRY(connect_name(c->a, v->name, &name, c->err));
    *ret = node_new(c->a, CreateView, .name = name, .input = input, .replace = v->replace, .temporary = true,
                    .global = v->is_global);
    return ST_OK;
}

/* The statement of a SqlCommand; its arguments may stand in the command itself (clients before 4.0). */
static Status sql_of(Connect *c, const Spark__Connect__SqlCommand *s, Node **ret)
{
    if (s->input)
        return relation_node(c, s->input, ret);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    VEC(ConnectArgument) arguments = { 0 };
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
    const char *text = s->sql ? s->sql : "";
#pragma GCC diagnostic pop
    return c->options->parse_statement(c->options->self, c->a, text, arguments.at, arguments.len, ret, c->err);
}

static Status merge_clauses(Connect *c, const char *when, Spark__Connect__Expression *const *list, size_t n, NodeList *clauses)
{
    static const char *const actions[] = { NULL, "DELETE", "INSERT", "INSERT *", "UPDATE", "UPDATE *" };
    for (size_t i = 0; i < n; i++) {
        if (list[i]->expr_type_case != SPARK__CONNECT__EXPRESSION__EXPR_TYPE_MERGE_ACTION)
            return invalid(c, "A merge's action is none.");
        const Spark__Connect__MergeAction *m = list[i]->merge_action;
        size_t type = (size_t)m->action_type;
        if (type == 0 || type >= sizeof actions / sizeof *actions)
            return invalid(c, "Merge action %d is not known.", (int)m->action_type);
        Node *condition = NULL;
        NodeList assignments = { 0 };
        if (m->condition)
            TRY(expression_node(c, m->condition, &condition));
        for (size_t k = 0; k < m->n_assignments; k++) {
            Node *target, *value;
            TRY(expression_node(c, m->assignments[k]->key, &target));
            TRY(expression_node(c, m->assignments[k]->value, &value));
            vec_push(c->a, &assignments, node_new(c->a, Assignment, .target = target, .value = value));
        }
        vec_push(c->a, clauses, node_new(c->a, MergeClause, .when = when, .condition = condition, .action = actions[type],
                                         .assignments = assignments));
    }
    return ST_OK;
}

static Status merge_of(Connect *c, const Spark__Connect__MergeIntoTableCommand *m, Node **ret)
{
    Node *source, *condition;
    StrList name;
    NodeList clauses = { 0 };
    TRY(connect_name(c->a, m->target_table_name, &name, c->err));
    TRY(relation_node(c, m->source_table_plan, &source));
    TRY(expression_node(c, m->merge_condition, &condition));
    TRY(merge_clauses(c, "MATCHED", m->match_actions, m->n_match_actions, &clauses));
    TRY(merge_clauses(c, "NOT MATCHED", m->not_matched_actions, m->n_not_matched_actions, &clauses));
    TRY(merge_clauses(c, "NOT MATCHED BY SOURCE", m->not_matched_by_source_actions, m->n_not_matched_by_source_actions, &clauses));
    *ret = node_new(c->a, Merge, .target = node_new(c->a, UnresolvedRelation, .name = name), .source = source,
                    .condition = condition, .clauses = clauses, .schema_evolution = m->with_schema_evolution);
    return ST_OK;
}

static Status refused(Connect *c, const Message *m)
{
    static const struct {
        int kind;
        const char *name;
    } names[] = { { CASE(REGISTER_FUNCTION), "RegisterFunction in a plan" },
                  { CASE(WRITE_STREAM_OPERATION_START), "WriteStreamOperationStart" },
                  { CASE(STREAMING_QUERY_COMMAND), "StreamingQueryCommand" },
                  { CASE(GET_RESOURCES_COMMAND), "GetResourcesCommand in a plan" },
                  { CASE(STREAMING_QUERY_MANAGER_COMMAND), "StreamingQueryManagerCommand" },
                  { CASE(REGISTER_TABLE_FUNCTION), "RegisterTableFunction" },
                  { CASE(STREAMING_QUERY_LISTENER_BUS_COMMAND), "StreamingQueryListenerBusCommand" },
                  { CASE(REGISTER_DATA_SOURCE), "RegisterDataSource in a plan" },
                  { CASE(CREATE_RESOURCE_PROFILE_COMMAND), "CreateResourceProfileCommand" },
                  { CASE(CHECKPOINT_COMMAND), "CheckpointCommand" },
                  { CASE(REMOVE_CACHED_REMOTE_RELATION_COMMAND), "RemoveCachedRemoteRelationCommand" },
                  { CASE(ML_COMMAND), "MlCommand" },
                  { CASE(EXECUTE_EXTERNAL_COMMAND), "ExecuteExternalCommand" },
                  { CASE(PIPELINE_COMMAND), "PipelineCommand" },
                  { CASE(EXTENSION), "Command.extension" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].kind == (int)m->command_type_case)
            return unsupported(c, names[i].name);
    return invalid(c, "A command has no kind that this version knows.");
}

Status command_node(Connect *c, const Message *m, Node **ret)
{
    switch (m->command_type_case) {
    case CASE(WRITE_OPERATION):
        return write_of(c, m->write_operation, ret);
    case CASE(WRITE_OPERATION_V2):
        return write_v2_of(c, m->write_operation_v2, ret);
    case CASE(CREATE_DATAFRAME_VIEW):
        return view_of(c, m->create_dataframe_view, ret);
    case CASE(SQL_COMMAND):
        return sql_of(c, m->sql_command, ret);
    case CASE(MERGE_INTO_TABLE_COMMAND):
        return merge_of(c, m->merge_into_table_command, ret);
    default:
        return refused(c, m);
    }
}
