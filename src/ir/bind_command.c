/* ir/bind_command.c -- writes, DDL and session statements: their queries are bound, the driver runs them. */
#include "ir/binder.h"

static const Schema *empty_schema(Binder *b)
{
    return ARENA_NEW(b->a, Schema);
}

static Status check_columns(Binder *b, const Schema *schema, const StrList *names, const Node *at, Error *err)
{
    for (size_t i = 0; i < names->len; i++) {
        const Column *c = NULL;
        TRY(resolve_output_column(b, schema, names->at[i], at, &c, err));
    }
    return ST_OK;
}

static Status unique_names(Binder *b, const Schema *schema, const Node *at, Error *err)
{
    for (size_t i = 0; i < schema->len; i++)
        for (size_t k = 0; k < i; k++)
            if (name_equal(b, schema->at[i].name, schema->at[k].name))
                return spark_error(err, at, "COLUMN_ALREADY_EXISTS", "42711",
                                   "The column <columnName> already exists. Choose another name or rename the existing column.",
                                   "columnName", sql_id(b->a, schema->at[i].name), NULL);
    return ST_OK;
}

static Status bind_write_files(Binder *b, const WriteFiles *n, Node **ret, Error *err)
{
    WriteFiles *copy = (WriteFiles *)(void *)node_copy(b->a, &n->node);
    TRY(bind_root(b, n->input, &copy->input, err));
    TRY(unique_names(b, copy->input->schema, &n->node, err));
    TRY(check_columns(b, copy->input->schema, &n->partition_by, &n->node, err));
    TRY(check_columns(b, copy->input->schema, &n->sort_by, &n->node, err));
    TRY(check_columns(b, copy->input->schema, &n->bucket_by, &n->node, err));
    if (n->partition_by.len && n->partition_by.len == copy->input->schema->len)
        return spark_error(err, &n->node, "ALL_PARTITION_COLUMNS_NOT_ALLOWED", "KD005",
                           "Cannot use all columns for partition columns.", NULL);
    *ret = with_schema(&copy->node, empty_schema(b));
    return ST_OK;
}

/* Into a table that exists: the driver has fitted the query to it (driver/command_insert.c). */
static Status bind_write_table(Binder *b, const WriteTable *n, Node **ret, Error *err)
{
    WriteTable *copy = (WriteTable *)(void *)node_copy(b->a, &n->node);
    bool into = n->action == TABLE_INSERT || n->action == TABLE_OVERWRITE || n->action == TABLE_OVERWRITE_PARTITIONS;
    TRY(bind_root(b, n->input, &copy->input, err));
    if (!into) {
        TRY(unique_names(b, copy->input->schema, &n->node, err));
        TRY(check_columns(b, copy->input->schema, &n->partition_by, &n->node, err));
    }
    *ret = with_schema(&copy->node, empty_schema(b));
    return ST_OK;
}

/* The view keeps its unbound query; node.schema is what it returns now. */
static Status bind_create_view(Binder *b, const CreateView *n, Node **ret, Error *err)
{
    Node *copy = node_copy(b->a, &n->node), *bound = NULL;
    if (!n->input)
        return FAIL(err, ST_INTERNAL, "a view without a query");
    TRY(bind_root(b, n->input, &bound, err));
    if (n->columns.len && n->columns.len != bound->schema->len)
        return spark_error(err, &n->node, "CREATE_VIEW_COLUMN_ARITY_MISMATCH", "21S01",
                           "Cannot create view <viewName>, the reason is a mismatch: the view has <viewColumns> columns, its query "
                           "<dataColumns>.",
                           "viewName", sql_ids(b->a, &n->name), "viewColumns", arena_printf(b->a, "%zu", n->columns.len),
                           "dataColumns", arena_printf(b->a, "%zu", bound->schema->len), NULL);
    if (!n->columns.len)
        TRY(unique_names(b, bound->schema, &n->node, err));
    *ret = with_schema(copy, bound->schema);
    return ST_OK;
}

static Status bind_query_inside(Binder *b, Node *n, Node *input, size_t offset, Node **ret, Error *err)
{
    Node *copy = node_copy(b->a, n);
    Node **slot = (Node **)(void *)((char *)copy + offset);
    if (input)
        TRY(bind_root(b, input, slot, err));
    *ret = with_schema(copy, empty_schema(b));
    return ST_OK;
}

/* Row-level changes of a table. */
static Status bind_delete(Binder *b, const Delete *n, Node **ret, Error *err)
{
    Delete *copy = (Delete *)(void *)node_copy(b->a, &n->node);
    TRY(bind_relation(b, n->table, NULL, &copy->table, err));
    Scope s = { .schema = copy->table->schema };
    if (n->predicate)
        TRY(bind_expr(b, &s, n->predicate, &copy->predicate, err));
    *ret = with_schema(&copy->node, empty_schema(b));
    return ST_OK;
}

static Status bind_update(Binder *b, const Update *n, Node **ret, Error *err)
{
    Update *copy = (Update *)(void *)node_copy(b->a, &n->node);
    TRY(bind_relation(b, n->table, NULL, &copy->table, err));
    Scope s = { .schema = copy->table->schema };
    copy->assignments = (NodeList){ 0 };
    for (size_t i = 0; i < n->assignments.len; i++) {
        const Assignment *given = node_as(Assignment, n->assignments.at[i]);
        Node *target = NULL, *value = NULL;
        TRY(bind_expr(b, &s, given->target, &target, err));
        TRY(bind_expr(b, &s, given->value, &value, err));
        value = coerce_to(b->a, true, value, target->type);
        vec_push(b->a, &copy->assignments, node_new(b->a, Assignment, .target = target, .value = value));
    }
    if (n->predicate)
        TRY(bind_expr(b, &s, n->predicate, &copy->predicate, err));
    *ret = with_schema(&copy->node, empty_schema(b));
    return ST_OK;
}

/* Statements without a query: nothing to bind. */
static bool is_plain(NodeKind kind)
{
    static const NodeKind kinds[] = { NODE_CreateTable, NODE_DropObject,  NODE_CreateNamespace, NODE_Truncate,
                                      NODE_Show,        NODE_SetConf,     NODE_DeclareVariable, NODE_Use,
                                      NODE_Repair,      NODE_Analyze,     NODE_Script,          NODE_CreateFunction, NODE_ManageResource };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i] == kind)
            return true;
    return false;
}

Status bind_command(Binder *b, Node *n, Node **ret, bool *ret_done, Error *err)
{
    *ret_done = true;
    switch (n->kind) {
    case NODE_WriteFiles:
        return bind_write_files(b, node_as(WriteFiles, n), ret, err);
    case NODE_WriteTable:
        return bind_write_table(b, node_as(WriteTable, n), ret, err);
    case NODE_CreateView:
        return bind_create_view(b, node_as(CreateView, n), ret, err);
    case NODE_Explain:
        return bind_query_inside(b, n, node_as(Explain, n)->input, offsetof(Explain, input), ret, err);
    case NODE_Cache:
        return bind_query_inside(b, n, node_as(Cache, n)->input, offsetof(Cache, input), ret, err);
    case NODE_AlterObject:
        return bind_query_inside(b, n, node_as(AlterObject, n)->input, offsetof(AlterObject, input), ret, err);
    case NODE_DescribeObject:
        return bind_query_inside(b, n, node_as(DescribeObject, n)->query, offsetof(DescribeObject, query), ret, err);
    case NODE_SetVariable:
        return bind_query_inside(b, n, node_as(SetVariable, n)->query, offsetof(SetVariable, query), ret, err);
    case NODE_Delete:
        return bind_delete(b, node_as(Delete, n), ret, err);
    case NODE_Update:
        return bind_update(b, node_as(Update, n), ret, err);
    case NODE_UnsupportedStatement:
        return spark_unsupported(err, n, node_as(UnsupportedStatement, n)->what);
    default:
        break;
    }
    if (is_plain(n->kind)) {
        *ret = with_schema(node_copy(b->a, n), empty_schema(b));
        return ST_OK;
    }
    *ret_done = false;
    return ST_OK;
}
