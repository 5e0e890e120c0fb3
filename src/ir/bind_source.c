/* ir/bind_source.c -- where rows come from: tables, views, CTEs, files, local rows, ranges, inline tables. */
#include "ir/binder.h"

#include "ir/field.h"
#include "ir/source.h"

/* ---------------------------------------------------------------- files and tables */

static const Schema *scan_schema(Binder *b, const struct ScanSource *source, const StrList *qualifier)
{
    VEC(Field) fields = { 0 };
    const Type *parts[] = { source->data_schema, source->partition_schema };
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; parts[p] && i < parts[p]->nfields; i++) {
            Field f = parts[p]->fields[i];
            if (f.type->kind == TYPE_CHAR || f.type->kind == TYPE_VARCHAR)
                f = field_without_char(b->a, type_struct(b->a, &f, 1))->fields[0];
            vec_push(b->a, &fields, f);
        }
    return schema_from_type(b, type_struct(b->a, fields.at, fields.len), qualifier);
}

static Status bind_scan(Binder *b, Node *scan, const StrList *qualifier, Node **ret, Error *err)
{
    Node *copy = node_copy(b->a, scan);
    with_schema(copy, scan_schema(b, node_as(Scan, scan)->source, qualifier));
    file_columns_add(b, copy, qualifier);
    return char_read_padding(b, copy, ret, err);
}

static Status bind_read(Binder *b, const Read *n, const StrList *qualifier, Node **ret, Error *err)
{
    Read *copy = (Read *)(void *)node_copy(b->a, &n->node);
    Node *scan = NULL;
    for (size_t i = 0; i < b->reads.len; i++)
        if (b->reads.at[i].read == n)
            return bind_scan(b, b->reads.at[i].scan, qualifier, ret, err);
    if (n->schema_text && !n->user_schema) {
        if (*n->schema_text == '{')
            TRY(type_from_json(b->a, n->schema_text, &copy->user_schema, err));
        else
            TRY(b->env->parse_type(b->env->self, b->a, n->schema_text, &copy->user_schema, err));
    }
    TRY(b->env->read(b->env->self, b->a, copy, &scan, err));
    if (node_is(PythonScan, scan)) {
        *ret = with_schema(scan, schema_from_type(b, node_as(PythonScan, scan)->of, qualifier));
        return ST_OK;
    }
    vec_push(b->a, &b->reads, (ReadScan){ n, scan });
    return bind_scan(b, scan, qualifier, ret, err);
}

Status bind_parse(Binder *b, const Parse *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *scan = NULL;
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    if (input->schema->len != 1 || input->schema->at[0].type->kind != TYPE_STRING)
        return spark_unsupported(err, &n->node, "a Parse of other than one string column");
    if (!b->env->parse)
        return spark_unsupported(err, &n->node, "Parse");
    TRY(b->env->parse(b->env->self, b->a, n, input, &scan, err));
    return bind_scan(b, scan, NULL, ret, err);
}

static Status not_found(Binder *b, const UnresolvedRelation *n, Error *err)
{
    return spark_error(err, &n->node, "TABLE_OR_VIEW_NOT_FOUND", "42P01",
                       "The table or view <relationName> cannot be found. Verify the spelling and correctness of the schema and "
                       "catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify "
                       "the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or "
                       "DROP TABLE IF EXISTS.",
                       "relationName", sql_ids(b->a, &n->name), NULL);
}

static bool is_format(const char *name)
{
    static const char *const formats[] = { "parquet", "csv", "json", "orc", "text", "avro", "delta", "iceberg", "binaryfile", "xml" };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (str_ieq(formats[i], name))
            return true;
    return false;
}

/* A view's text sees neither the CTEs nor the columns around its use. */
static Status bind_view(Binder *b, const UnresolvedRelation *n, const StrList *qualifier, Node *plan, Node **ret, Error *err)
{
    enum { VIEW_DEPTH_MAX = 100 }; /* spark.sql.view.maxNestedViewDepth */
    const Cte *visible = b->ctes;
    Node *bound = NULL;
    if (b->inlined == VIEW_DEPTH_MAX)
        return spark_error(err, &n->node, "VIEW_EXCEED_MAX_NESTED_DEPTH", "54K00",
                           "The depth of view <viewName> exceeds the maximum view resolution depth (<maxNestedDepth>).\nAnalysis is "
                           "aborted to avoid errors. If you want to work around this, please try to increase the value of "
                           "\"spark.sql.view.maxNestedViewDepth\".",
                           "viewName", sql_ids(b->a, &n->name), "maxNestedDepth", "100", NULL);
    b->ctes = NULL;
    b->inlined++;
    file_columns_noted(b, plan);
    TRY(bind_relation(b, plan, NULL, &bound, err));
    bound = strip_hidden_but(b, bound, false, true);
    b->inlined--;
    b->ctes = visible;
    *ret = qualify(b, bound, qualifier);
    return ST_OK;
}

static Status bind_unresolved(Binder *b, const UnresolvedRelation *n, const Scope *outer, Node **ret, Error *err)
{
    for (const Cte *c = n->name.len == 1 ? b->ctes : NULL; c; c = c->next)
        if (name_equal(b, c->name, n->name.at[0]))
            return bind_cte(b, c, outer, &n->name, ret, err);
    if (n->version || n->timestamp)
        return spark_unsupported(err, &n->node, "time travel in this relation");
    Node *plan = NULL;
    Error why = ERROR_INIT;
    Status status = b->env->relation(b->env->self, b->a, &n->name, &n->options, &plan, &why);
    if (status == ST_NOT_FOUND && n->name.len == 2 && is_format(n->name.at[0])) {
        StrList paths = { 0 };
        vec_push(b->a, &paths, n->name.at[1]);
        Node *read = node_new(b->a, Read, .format = n->name.at[0], .paths = paths, .options = n->options);
        return bind_read(b, node_as(Read, read), NULL, ret, err);
    }
    if (status == ST_NOT_FOUND)
        return not_found(b, n, err);
    if (status != ST_OK) {
        if (err)
            *err = why;
        return status;
    }
    StrList full = { 0 };
    const StrList *qualifier = b->env->full_name && b->env->full_name(b->env->self, b->a, &n->name, &full) ? &full : &n->name;
    if (node_is(Scan, plan))
        return bind_scan(b, plan, qualifier, ret, err);
    if (node_is(Read, plan)) {
        TRY(bind_read(b, node_as(Read, plan), &n->name, ret, err));
        if (n->name.len == 1) /* a temporary view of files */
            *ret = strip_hidden_but(b, *ret, false, true);
        return ST_OK;
    }
    return bind_view(b, n, qualifier, plan, ret, err);
}

/* ---------------------------------------------------------------- rows in the plan */

/* The stream's columns cast by position to the schema that the client declared. */
static Status as_declared(Binder *b, Node *local, const Type *declared, Node **ret, Error *err)
{
    NodeList exprs = { 0 };
    bool changed = false;
    const Schema *have = local->schema;
    if (declared->kind != TYPE_STRUCT || declared->nfields != have->len)
        return FAIL_CODE(err, ST_INVALID, "INTERNAL_ERROR", "a local relation of %zu columns has a schema of %zu", have->len,
                         declared->nfields);
    for (size_t i = 0; i < have->len; i++) {
        const Field *f = &declared->fields[i];
        Node *e = column_ref(b, &have->at[i]);
        if (!type_same(have->at[i].type, f->type))
            TRY(make_cast(b, e, f->type, CAST_SESSION, local, &e, err));
        else if (str_eq(f->name, have->at[i].name) && f->nullable == have->at[i].nullable && !f->metadata) {
            vec_push(b->a, &exprs, e);
            continue;
        }
        changed = true;
        Node *alias = new_alias(b, e, f->name);
        alias->nullable = f->nullable;
        ((Alias *)(void *)alias)->metadata = f->metadata;
        vec_push(b->a, &exprs, alias);
    }
    *ret = changed ? make_project(b, local, &exprs) : local;
    return ST_OK;
}

static Status bind_local(Binder *b, const LocalRelation *n, Node **ret, Error *err)
{
    const Type *type = NULL, *declared = n->declared;
    Node *copy = node_copy(b->a, &n->node);
    if (n->schema_text && !declared) {
        if (*n->schema_text == '{')
            TRY(type_from_json(b->a, n->schema_text, &declared, err));
        else
            TRY(b->env->parse_type(b->env->self, b->a, n->schema_text, &declared, err));
    }
    if (n->arrow)
        TRY(b->env->local(b->env->self, b->a, n, &type, err));
    else
        type = declared ? declared : type_struct(b->a, NULL, 0);
    with_schema(copy, schema_from_type(b, type, NULL));
    if (declared && n->arrow)
        return as_declared(b, copy, declared, ret, err);
    *ret = copy;
    return ST_OK;
}

static Status bind_range(Binder *b, const Node *n, Node **ret)
{
    const Field id = { "id", &type_long, false, NULL };
    *ret = with_schema(node_copy(b->a, n), schema_from_type(b, type_struct(b->a, &id, 1), NULL));
    return ST_OK;
}

/* ---------------------------------------------------------------- VALUES */

static Status row_width(Binder *b, size_t expected, size_t actual, size_t row, const Node *at, Error *err)
{
    return spark_error(err, at, "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "42000",
                       "Invalid inline table. Inline table expected <expectedNumCols> columns but found <actualNumCols> columns in "
                       "row <rowIndex>.",
                       "expectedNumCols", arena_printf(b->a, "%zu", expected), "actualNumCols", arena_printf(b->a, "%zu", actual),
                       "rowIndex", arena_printf(b->a, "%zu", row), NULL);
}

static bool note_current(const Node *n, void *arg)
{
    static const char *const names[] = { "current_date", "current_timestamp", "now", "localtimestamp", "current_time", "current_user",
                                         "current_catalog", "current_database", "current_schema" };
    bool *found = arg;
    for (size_t i = 0; node_is(Call, n) && i < sizeof names / sizeof *names; i++)
        *found = *found || str_eq(node_as(Call, n)->function->name, names[i]);
    return !*found;
}

static bool note_column(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(ColumnRef, n);
    return !*found && !node_is(Subquery, n);
}

/* A constant, or the time and the like: no subquery, no rand(). */
static Status check_evaluable(Binder *b, const Node *written, const NodeList *items, Error *err)
{
    for (size_t i = 0; i < items->len; i++) {
        const Node *from = node_is(Row, written) ? node_as(Row, written)->items.at[i] : written;
        bool exempt = false;
        node_walk(items->at[i], note_current, &exempt);
        node_walk(items->at[i], note_column, &exempt);
        if (!exempt && !is_foldable(items->at[i]))
            return spark_error(err, from, "INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE", "42000",
                               "Invalid inline table. Cannot evaluate the expression <expr> in inline table definition.", "expr",
                               arena_printf(b->a, "\"%s\"", pretty(b, items->at[i])), NULL);
    }
    return ST_OK;
}

static bool note_outer(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || (node_is(ColumnRef, n) && node_as(ColumnRef, n)->depth);
    return !*found && !node_is(Subquery, n);
}

static bool has_outer_column(const Node *n)
{
    bool found = false;
    node_walk(n, note_outer, &found);
    return found;
}

static Status bind_rows(Binder *b, const UnresolvedInlineTable *n, const Scope *outer, NodeList *rows, size_t *ret_width, Error *err)
{
    Scope s = { .outer = outer };
    for (size_t i = 0; i < n->rows.len; i++) {
        NodeList items = { 0 };
        const Node *row = n->rows.at[i];
        if (node_is(Row, row)) {
            TRY(bind_exprs(b, &s, &node_as(Row, row)->items, &items, err));
        } else {
            Node *e = NULL;
            TRY(bind_expr(b, &s, n->rows.at[i], &e, err));
            vec_push(b->a, &items, e);
        }
        TRY(check_evaluable(b, row, &items, err));
        if (i == 0)
            *ret_width = n->names.len ? n->names.len : items.len;
        if (items.len != *ret_width)
            return row_width(b, *ret_width, items.len, i, row, err);
        for (size_t k = 0; k < items.len; k++)
            if (!is_deterministic(items.at[k]) || has_outer_column(items.at[k]))
                return spark_error(err, items.at[k], "INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE", "42000",
                                   "Invalid inline table. Cannot evaluate the expression <expr> in inline table definition.", "expr",
                                   arena_printf(b->a, "\"%s\"", pretty(b, items.at[k])), NULL);
        vec_push(b->a, rows, node_new(b->a, Row, .items = items));
    }
    return ST_OK;
}

Status bind_inline_table(Binder *b, const UnresolvedInlineTable *n, const Scope *outer, Node **ret, Error *err)
{
    NodeList rows = { 0 };
    size_t width = 0;
    TRY(bind_rows(b, n, outer, &rows, &width, err));
    Field *fields = ARENA_ARRAY(b->a, Field, width + 1);
    for (size_t c = 0; c < width; c++) {
        const Type *common = &type_null;
        bool nullable = false;
        const char *name = n->names.len ? n->names.at[c] : arena_printf(b->a, "col%zu", c + 1);
        for (size_t i = 0; i < rows.len && common; i++) {
            const Node *e = node_as(Row, rows.at[i])->items.at[c];
            common = coerce_wider(b->a, b->ansi, common, e->type);
            nullable = nullable || e->nullable;
        }
        if (!common)
            return spark_error(err, &n->node, "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE", "42000",
                               "Invalid inline table. Found incompatible types in the column <colName> for inline table.",
                               "colName", sql_id(b->a, name), NULL);
        for (size_t i = 0; i < rows.len; i++) {
            Node **item = &((Row *)(void *)rows.at[i])->items.at[c];
            *item = coerce_to(b->a, b->ansi, *item, common);
        }
        fields[c] = (Field){ name, common, nullable, NULL };
    }
    Node *values = node_new(b->a, Values, .rows = rows);
    *ret = with_schema(values, schema_from_type(b, type_struct(b->a, fields, width), NULL));
    return ST_OK;
}

/* ---------------------------------------------------------------- dispatch */

Status bind_source(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err)
{
    *ret_done = true;
    switch (n->kind) {
    case NODE_UnresolvedRelation:
        return bind_unresolved(b, node_as(UnresolvedRelation, n), outer, ret, err);
    case NODE_Read:
        return bind_read(b, node_as(Read, n), NULL, ret, err);
    case NODE_Scan:
        return bind_scan(b, n, NULL, ret, err);
    case NODE_LocalRelation:
        return bind_local(b, node_as(LocalRelation, n), ret, err);
    case NODE_Range:
        return bind_range(b, n, ret);
    case NODE_OneRow:
        *ret = with_schema(node_copy(b->a, n), ARENA_NEW(b->a, Schema));
        return ST_OK;
    case NODE_CachedRelation: {
        StrList key = { 0 };
        vec_push(b->a, &key, node_as(CachedRelation, n)->key);
        Node *u = node_new(b->a, UnresolvedRelation, .name = key);
        return bind_unresolved(b, node_as(UnresolvedRelation, u), NULL, ret, err);
    }
    default:
        *ret_done = false;
        return ST_OK;
    }
}
