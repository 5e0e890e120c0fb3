/* ir/bind_python_table.c -- Python table functions: f(x, TABLE (t) PARTITION BY a ORDER BY b). Without a table a function is a scalar
 * one that gives an array of rows, and `inline` of that; over a table it is a relation of its own. Source:
 * UnresolvedPolymorphicPythonUDTF, FunctionTableSubqueryArgumentExpression. */
#include "ir/binder.h"

/* A call while it is bound. */
typedef struct TableCall {
    const Node *at;
    PythonUdf *udf;
    const Subquery *table;  /* the TABLE argument; NULL: none */
    size_t position;        /* its number */
    Node *input;            /* its plan */
    Scope over;             /* of its columns */
    NodeList partition_by, orders;
    bool single_partition;
} TableCall;

static const Subquery *table_argument(const Node *arg)
{
    const Node *value = node_is(NamedArgument, arg) ? node_as(NamedArgument, arg)->value : arg;
    return node_is(Subquery, value) && node_as(Subquery, value)->subquery == SUBQUERY_TABLE ? node_as(Subquery, value) : NULL;
}

static Status find_table(Binder *b, TableCall *c, Error *err)
{
    size_t tables = 0;
    for (size_t i = 0; i < c->udf->args.len; i++) {
        const Subquery *table = table_argument(c->udf->args.at[i]);
        if (!table)
            continue;
        tables++;
        c->table = table;
        c->position = i;
    }
    if (tables > 1)
        return spark_error(err, c->at, "TABLE_VALUED_FUNCTION_TOO_MANY_TABLE_ARGUMENTS", "54023",
                           "There are too many table arguments for table-valued function.\nIt allows one table argument, but got: "
                           "<num>.\nIf you want to allow it, please set \"spark.sql.allowMultipleTableArguments.enabled\" to \"true\"",
                           "num", arena_printf(b->a, "%zu", tables), NULL);
    if (c->table) {
        c->partition_by = c->table->partition_by;
        c->orders = c->table->orders;
        c->single_partition = c->table->single_partition;
    }
    return ST_OK;
}

/* The struct of these output expressions, and behind them of the groups that tell partitions from each other. */
static Status row_struct(Binder *b, TableCall *c, const NodeList *columns, const NodeList *groups, Node **ret, Error *err)
{
    NodeList fields = { 0 };
    for (size_t i = 0; i < columns->len; i++) {
        Node *e = columns->at[i];
        bool named = node_is(Alias, e);
        vec_push(b->a, &fields, make_literal_string(b, named ? node_as(Alias, e)->names.at[0] : output_name(b, e)));
        vec_push(b->a, &fields, named ? node_as(Alias, e)->child : e);
    }
    for (size_t i = 0; i < groups->len; i++) {
        vec_push(b->a, &fields, make_literal_string(b, arena_printf(b->a, "partition_by_%zu", i)));
        vec_push(b->a, &fields, groups->at[i]);
    }
    return make_call(b, "named_struct", &fields, c->at, ret, err);
}

static NodeList all_columns(Binder *b, const Schema *schema)
{
    NodeList list = { 0 };
    for (size_t i = 0; i < schema->len; i++)
        vec_push(b->a, &list, column_ref(b, &schema->at[i]));
    return list;
}

/* The call's arguments, the table's as a struct of its row. */
static Status bind_arguments(Binder *b, TableCall *c, const Scope *s, Error *err)
{
    static const Type unknown = { .kind = TYPE_STRUCT };
    const Type *returns = c->udf->returns;
    if (c->table) {
        size_t from = b->plans.len;
        Node *row = NULL;
        NodeList none = { 0 }, args = { 0 };
        TRY(bind_relation(b, c->table->plan, s->outer, &c->input, err));
        c->input = strip_hidden(b, c->input);
        c->over = scope_over(b, c->input->schema, s->outer, from);
        NodeList columns = all_columns(b, c->input->schema);
        TRY(row_struct(b, c, &columns, &none, &row, err));
        for (size_t i = 0; i < c->udf->args.len; i++) {
            Node *arg = c->udf->args.at[i];
            if (i == c->position)
                arg = node_is(NamedArgument, arg) ? node_new(b->a, NamedArgument, .key = node_as(NamedArgument, arg)->key, .value = row) : row;
            vec_push(b->a, &args, arg);
        }
        c->udf->args = args;
    }
    Node *bound = NULL;
    c->udf->returns = returns ? returns : &unknown;
    TRY(bind_expr(b, s, &c->udf->node, &bound, err));
    c->udf = (PythonUdf *)(void *)bound;
    c->udf->returns = returns;
    return ST_OK;
}

/* ---------------------------------------------------------------- analyze */
static Status incompatible(const TableCall *c, Error *err)
{
    return spark_error(err, c->at, "TABLE_VALUED_FUNCTION_REQUIRED_METADATA_INCOMPATIBLE_WITH_CALL", "22023",
                       "Failed to evaluate the table function <functionName> because its table metadata <requestedMetadata>, but the "
                       "function call <invalidFunctionCallProperty>.",
                       "functionName", c->udf->name, "requestedMetadata", "specified its own required partitioning",
                       "invalidFunctionCallProperty", "specified the WITH SINGLE PARTITION or PARTITION BY clause; please remove these "
                       "clauses and retry the query again.", NULL);
}

static Status invalid_metadata(const TableCall *c, const char *reason, Error *err)
{
    return spark_error(err, c->at, "TABLE_VALUED_FUNCTION_REQUIRED_METADATA_INVALID", "22023",
                       "Failed to evaluate the table function <functionName> because its table metadata was invalid; <reason>.",
                       "functionName", c->udf->name, "reason", reason, NULL);
}

static Status analyze(Binder *b, TableCall *c, TableAnalysis *ret, Error *err)
{
    PythonUdf *f = c->udf;
    const Node **constants = ARENA_ARRAY(b->a, const Node *, f->args.len + 1);
    if (!b->env->analyze)
        return spark_unsupported(err, c->at, "a Python table function whose columns its analyze method tells");
    for (size_t i = 0; i < f->args.len; i++)
        if (!(c->table && i == c->position) && is_foldable(f->args.at[i]))
            TRY(constant_value(b, f->args.at[i], &constants[i], err));
    TRY(b->env->analyze(b->env->self, b->a, f, constants, c->table ? (int64_t)c->position : -1, ret, err));
    bool wants = ret->single_partition || ret->partition_by.len;
    if (ret->single_partition && ret->partition_by.len)
        return invalid_metadata(c, "the 'with_single_partition' field cannot be assigned to true if the 'partition_by' list is non-empty", err);
    if (ret->orders.len && !wants)
        return invalid_metadata(c, "the 'order_by' field cannot be non-empty unless the 'with_single_partition' field is set to true or "
                                "the 'partition_by' list is non-empty", err);
    if (wants && (c->single_partition || c->partition_by.len))
        return incompatible(c, err);
    f->returns = ret->columns;
    f->analyzed = ret->pickle;
    if (wants) {
        c->partition_by = ret->partition_by;
        c->orders = ret->orders;
        c->single_partition = ret->single_partition;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- the relation */
static Status without_table(Binder *b, TableCall *c, const Scope *s, Node **ret, Error *err)
{
    PythonUdf *udf = (PythonUdf *)(void *)node_copy(b->a, &c->udf->node);
    StrList inline_name = { 0 }, none = { 0 };
    NodeList args = { 0 };
    Node *generator = NULL, *one = NULL;
    udf->node.type = udf->returns = type_array(b->a, udf->returns, false);
    vec_push(b->a, &inline_name, "inline");
    vec_push(b->a, &args, &udf->node);
    Node *call = node_new(b->a, Function, .name = inline_name, .args = args);
    TRY(bind_expr(b, s, node_at(call, c->at->start, c->at->stop), &generator, err));
    TRY(bind_relation(b, node_new(b->a, OneRow, .unused = false), NULL, &one, err));
    return make_generate(b, one, generator, false, &none, NULL, c->at, ret, err);
}

static Status over_table(Binder *b, TableCall *c, const NodeList *select, Node **ret, Error *err)
{
    NodeList groups = { 0 }, orders = { 0 }, columns = { 0 };
    TRY(bind_exprs(b, &c->over, &c->partition_by, &groups, err));
    TRY(bind_exprs(b, &c->over, &c->orders, &orders, err));
    for (size_t i = 0; i < select->len; i++) {
        const Alias *alias = node_is(Alias, select->at[i]) ? node_as(Alias, select->at[i]) : NULL;
        Node *e = NULL;
        TRY(bind_expr(b, &c->over, alias ? alias->child : select->at[i], &e, err));
        vec_push(b->a, &columns, alias ? new_alias(b, e, alias->names.at[0]) : e);
    }
    if (!select->len)
        columns = all_columns(b, c->input->schema);
    TRY(row_struct(b, c, &columns, &groups, &c->udf->args.at[c->position], err));
    c->udf->node.type = c->udf->returns;
    Node *made = node_new(b->a, PythonTableFunction, .input = c->input, .function = &c->udf->node, .groups = groups, .orders = orders,
                          .single_partition = c->single_partition, .table = (int64_t)c->position, .columns = (int64_t)columns.len);
    with_schema(made, schema_from_type(b, c->udf->returns, NULL));
    if (is_correlated(node_new(b->a, Subquery, .subquery = SUBQUERY_EXISTS, .plan = made)))
        return spark_unsupported(err, c->at, "a table argument, or arguments beside one, that take columns from an enclosing query");
    *ret = made;
    return ST_OK;
}

Status bind_python_table(Binder *b, const PythonUdf *f, const UnresolvedTableFunction *n, const Scope *s, Node **ret, Error *err)
{
    TableCall c = { .at = &n->node, .udf = (PythonUdf *)(void *)node_copy(b->a, &f->node) };
    TableAnalysis analysis = { 0 };
    c.udf->args = n->args;
    if (!c.udf->returns && c.udf->returns_text)
        TRY(b->env->parse_type(b->env->self, b->a, c.udf->returns_text, &c.udf->returns, err));
    TRY(find_table(b, &c, err));
    TRY(bind_arguments(b, &c, s, err));
    if (!c.udf->returns)
        TRY(analyze(b, &c, &analysis, err));
    if (!c.udf->returns || c.udf->returns->kind != TYPE_STRUCT)
        return spark_unsupported(err, &n->node, "a Python table function that gives no rows");
    return c.table ? over_table(b, &c, &analysis.select, ret, err) : without_table(b, &c, s, ret, err);
}
