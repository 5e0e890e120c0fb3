/* driver/command.c -- the table of statements, and the Command messages of Spark Connect. */
#include "driver/command.h"

#include "driver/keep.h"
#include "driver/python_source.h"
#include "driver/script.h"
#include "driver/variable.h"

typedef struct Statement {
    NodeKind kind;
    Status (*run)(Run *r, Node *command, Rows **ret_rows, Error *err);
} Statement;

static const Statement statements[] = {
    { NODE_WriteFiles, command_write_files },
    { NODE_WriteTable, command_write_table },
    { NODE_CreateView, command_create_view },
    { NODE_Cache, command_cache },
    { NODE_CreateTable, command_create_table },
    { NODE_DropObject, command_drop },
    { NODE_CreateNamespace, command_create_namespace },
    { NODE_Truncate, command_truncate },
    { NODE_AlterObject, command_alter },
    { NODE_Show, command_show },
    { NODE_DescribeObject, command_describe },
    { NODE_SetConf, command_set },
    { NODE_Use, command_use },
    { NODE_Explain, command_explain },
    { NODE_Repair, command_repair },
    { NODE_Analyze, command_analyze },
    { NODE_CreateFunction, command_create_function },
    { NODE_DeclareVariable, variable_declare },
    { NODE_SetVariable, variable_set },
    { NODE_ManageResource, command_resource },
};

/* WITH before an INSERT stands over it. */
bool command_is(const Node *plan)
{
    if (plan && plan->kind == NODE_With)
        return command_is(node_as(With, plan)->input);
    return plan && plan->kind >= NODE_WriteFiles && plan->kind <= NODE_UnsupportedStatement;
}

Status command_unsupported(const char *what, Error *err)
{
    FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE", "The feature is not supported: %s.", what);
    if (err)
        memcpy(err->sqlstate, "0A000", 6);
    return ST_UNSUPPORTED;
}

static Node *with_over(Run *r, const With *with, Node *query)
{
    With *copy = (With *)(void *)node_copy(r->arena, &with->node);
    copy->input = query;
    return &copy->node;
}

/* WITH … INSERT: the CTEs belong to the query. */
static Status run_with(Run *r, const With *with, Rows **ret_rows, Error *err)
{
    Node *inner = node_copy(r->arena, with->input);
    if (node_is(WriteTable, inner)) {
        ((WriteTable *)(void *)inner)->input = with_over(r, with, node_as(WriteTable, inner)->input);
    } else if (node_is(WriteFiles, inner)) {
        ((WriteFiles *)(void *)inner)->input = with_over(r, with, node_as(WriteFiles, inner)->input);
    } else if (node_is(Script, inner)) {
        Script *script = (Script *)(void *)inner;
        NodeList each = { 0 };
        for (size_t i = 0; i < script->statements.len; i++)
            vec_push(r->arena, &each, with_over(r, with, script->statements.at[i]));
        script->statements = each;
    }
    return command_run(r, inner, ret_rows, err);
}

/* FROM t INSERT … INSERT …: one after the other. */
static Status run_inserts(Run *r, const Script *script, Rows **ret_rows, Error *err)
{
    for (size_t i = 0; i < script->statements.len; i++) {
        const Node *n = script->statements.at[i];
        const Node *inner = node_is(With, n) ? node_as(With, n)->input : n;
        if (!node_is(WriteTable, inner))
            return command_unsupported("a list of statements that are no INSERTs", err);
    }
    *ret_rows = command_nothing(r);
    for (size_t i = 0; i < script->statements.len; i++)
        TRY(command_run(r, script->statements.at[i], ret_rows, err));
    return ST_OK;
}

/* UPDATE, DELETE and MERGE: Spark's own file tables do not take them. */
static Status refuse_change(Run *r, const Node *target, const char *operation, Error *err)
{
    CatalogTable t;
    while (node_is(SubqueryAlias, target))
        target = node_as(SubqueryAlias, target)->input;
    if (!node_is(UnresolvedRelation, target))
        return command_unsupported(operation, err);
    TRY(command_target_table(r, &node_as(UnresolvedRelation, target)->name, operation, &t, err));
    return command_table_unsupported(r, &t, operation, err);
}

Status command_run(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    if (node_is(With, command))
        return run_with(r, node_as(With, command), ret_rows, err);
    if (node_is(Script, command))
        return run_inserts(r, node_as(Script, command), ret_rows, err);
    if (node_is(Delete, command))
        return refuse_change(r, node_as(Delete, command)->table, "DELETE", err);
    if (node_is(Update, command))
        return refuse_change(r, node_as(Update, command)->table, "UPDATE TABLE", err);
    if (node_is(Merge, command))
        return refuse_change(r, node_as(Merge, command)->target, "MERGE INTO TABLE", err);
    if (node_is(SetConf, command))
        TRY(variable_refuse_set(r, node_as(SetConf, command), err));
    if (node_is(DropObject, command) && str_eq(node_as(DropObject, command)->what, "VARIABLE"))
        return variable_drop(r, command, ret_rows, err);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (statements[i].kind == command->kind)
            return statements[i].run(r, command, ret_rows, err);
    if (node_is(UnsupportedStatement, command))
        return command_unsupported(node_as(UnsupportedStatement, command)->what, err);
    return command_unsupported(arena_printf(r->arena, "the statement %s", node_name(command)), err);
}

Rows *command_nothing(Run *r)
{
    return rows_new(r->arena, type_struct(r->arena, NULL, 0));
}

Rows *command_table(Run *r, const char *const *columns)
{
    size_t n = 0;
    while (columns[n])
        n++;
    Field *fields = ARENA_ARRAY(r->arena, Field, n + 1);
    for (size_t i = 0; i < n; i++)
        fields[i] = (Field){ .name = columns[i], .type = &type_string, .nullable = true };
    return rows_new(r->arena, type_struct(r->arena, fields, n));
}

/* ---- messages */

static Status respond_relation(Run *r, Spark__Connect__Relation *relation, Error *err)
{
    Spark__Connect__ExecutePlanResponse__SqlCommandResult result = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT;
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    result.relation = relation;
    r->ending = true;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT;
    response.sql_command_result = &result;
    return run_respond(r, &response, err);
}

Status command_respond_local(Run *r, const Type *schema, const struct ArrowBuffer *stream, Error *err)
{
    str_auto json = STR_INIT(1 << 24);
    type_json(schema, &json);
    Spark__Connect__LocalRelation local = SPARK__CONNECT__LOCAL_RELATION__INIT;
    local.has_data = true;
    local.data = (ProtobufCBinaryData){ (size_t)stream->size_bytes, stream->data };
    local.schema = (char *)(uintptr_t)str_text(&json);
    Spark__Connect__Relation relation = SPARK__CONNECT__RELATION__INIT;
    relation.rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_LOCAL_RELATION;
    relation.local_relation = &local;
    return respond_relation(r, &relation, err);
}

static Status respond_rows(Run *r, const Rows *rows, Error *err)
{
    struct ArrowBuffer stream;
    ArrowBufferInit(&stream);
    Status status = arrow_encode_rows(rows, &stream, err);
    if (status == ST_OK)
        status = command_respond_local(r, rows->schema, &stream, err);
    ArrowBufferReset(&stream);
    return status;
}

/* The relation of a SqlCommand in its oldest form, which had the text in the command. */
static Spark__Connect__Relation *sql_relation(Run *r, const Spark__Connect__SqlCommand *command)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    Spark__Connect__SQL *sql = ARENA_NEW(r->arena, Spark__Connect__SQL);
    spark__connect__sql__init(sql);
    sql->query = command->sql;
    sql->named_arguments = (Spark__Connect__SQL__NamedArgumentsEntry **)(void *)command->named_arguments;
    sql->n_named_arguments = command->n_named_arguments;
    sql->pos_arguments = command->pos_arguments;
    sql->n_pos_arguments = command->n_pos_arguments;
#pragma GCC diagnostic pop
    Spark__Connect__Relation *relation = ARENA_NEW(r->arena, Spark__Connect__Relation);
    spark__connect__relation__init(relation);
    relation->rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_SQL;
    relation->sql = sql;
    return relation;
}

/* A command runs now; a query is only checked, and runs when the client asks for its rows. */
static Status sql_command(Run *r, const Spark__Connect__SqlCommand *command, Error *err)
{
    Spark__Connect__Relation *input = command->input ? command->input : sql_relation(r, command);
    Node *plan, *bound;
    TRY(connect_relation(r->arena, &r->connect, input, &plan, err));
    if (node_is(CompoundBody, plan))
        return script_respond_relation(r, plan, err);
    if (command_is(plan)) {
        Rows *rows;
        TRY(command_run(r, plan, &rows, err));
        return respond_rows(r, rows, err);
    }
    TRY(run_bind_node(r, plan, &bound, err));
    return respond_relation(r, input, err);
}

static Status register_function(Run *r, const Spark__Connect__CommonInlineUserDefinedFunction *f, Error *err)
{
    Node *udf;
    if (f->function_case == SPARK__CONNECT__COMMON_INLINE_USER_DEFINED_FUNCTION__FUNCTION_JAVA_UDF)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1329", "className", f->java_udf->class_name ? f->java_udf->class_name : "", NULL);
    TRY(connect_udf(r->arena, &r->connect, f, &udf, err));
    KeptPlan *plan = keep_plan(udf);
    session_lock(r->session);
    entries_set(&r->session->functions, node_as(PythonUdf, udf)->name, plan);
    session_unlock(r->session);
    return ST_OK;
}

static Status register_table_function(Run *r, const Spark__Connect__CommonInlineUserDefinedTableFunction *f, Error *err)
{
    Node *udf;
    TRY(connect_udtf(r->arena, &r->connect, f, &udf, err));
    KeptPlan *plan = keep_plan(udf);
    session_lock(r->session);
    entries_set(&r->session->functions, node_as(PythonUdf, udf)->name, plan);
    session_unlock(r->session);
    return ST_OK;
}

static Status get_resources(Run *r, Error *err)
{
    Spark__Connect__GetResourcesCommandResult result = SPARK__CONNECT__GET_RESOURCES_COMMAND_RESULT__INIT;
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_GET_RESOURCES_COMMAND_RESULT;
    response.get_resources_command_result = &result;
    return run_respond(r, &response, err);
}

Status command_message(Run *r, const Spark__Connect__Command *command, Error *err)
{
    switch (command->command_type_case) {
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND:
        return sql_command(r, command->sql_command, err);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_REGISTER_FUNCTION:
        return register_function(r, command->register_function, err);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_REGISTER_TABLE_FUNCTION:
        return register_table_function(r, command->register_table_function, err);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_REGISTER_DATA_SOURCE:
        return python_source_register(r, command->register_data_source, err);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_CHECKPOINT_COMMAND:
        return checkpoint_command(r, command->checkpoint_command, err);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_REMOVE_CACHED_REMOTE_RELATION_COMMAND:
        return checkpoint_remove(r, command->remove_cached_remote_relation_command);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_GET_RESOURCES_COMMAND:
        return get_resources(r, err);
    default: {
        Spark__Connect__Plan plan = SPARK__CONNECT__PLAN__INIT;
        plan.op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_COMMAND;
        plan.command = (Spark__Connect__Command *)(uintptr_t)command;
        Node *node;
        Rows *rows;
        TRY(connect_plan(r->arena, &r->connect, &plan, &node, err));
        return command_run(r, node, &rows, err);
    }
    }
}
