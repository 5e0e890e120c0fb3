/* ir/bind_transpose.c -- df.transpose(): the rows are collected, since their values name the columns of the result.
 * Source: ResolveTranspose. */
#include "ir/binder.h"

enum { MOST_ROWS = 500 }; /* spark.sql.transposeMaxValues */

static Status bad_index(const Node *at, const char *reason, Error *err)
{
    return spark_error(err, at, "TRANSPOSE_INVALID_INDEX_COLUMN", "42804", "Invalid index column for TRANSPOSE because: <reason>",
                       "reason", reason, NULL);
}

/* The index as text, then the other columns as one type. */
static Status columns_of(Binder *b, Node *input, Node *index, const Node *at, NodeList *ret, const Type **ret_type, Error *err)
{
    const Type *type = NULL;
    Node *key = NULL;
    if (!type_is_atomic(index->type))
        return bad_index(at, arena_printf(b->a, "Index column must be of atomic type, but found: %s",
                                          type_catalog_text(b->a, index->type)), err);
    TRY(make_cast(b, index, &type_string, CAST_SESSION, at, &key, err));
    vec_push(b->a, ret, new_alias(b, key, "key"));
    for (size_t i = 0; i < input->schema->len; i++) {
        const Column *c = &input->schema->at[i];
        if (c->id == node_as(ColumnRef, index)->id)
            continue;
        const Type *wider = type ? coerce_wider_no_string(b->a, b->ansi, type, c->type) : c->type;
        if (!wider)
            return spark_error(err, at, "TRANSPOSE_NO_LEAST_COMMON_TYPE", "42K09",
                               "Transpose requires non-index columns to share a least common type, but <dt1> and <dt2> do not.", "dt1",
                               type_sql_text(b->a, type), "dt2", type_sql_text(b->a, c->type), NULL);
        type = wider;
    }
    for (size_t i = 0; i < input->schema->len; i++) {
        const Column *c = &input->schema->at[i];
        if (c->id != node_as(ColumnRef, index)->id)
            vec_push(b->a, ret, new_alias(b, coerce_to(b->a, b->ansi, column_ref(b, c), type), c->name));
    }
    *ret_type = type ? type : &type_string;
    return ST_OK;
}

/* The rows whose index is not null, in its order. */
static Status collect(Binder *b, Node *input, const NodeList *columns, const Node *at, NodeList *ret_rows, Error *err)
{
    Node *project = make_project(b, input, columns), *known = NULL;
    NodeList orders = { 0 };
    Node *key = column_ref(b, &project->schema->at[0]);
    TRY(make_call1(b, "isnotnull", key, at, &known, err));
    Node *filter = with_schema(node_new(b->a, Filter, .input = project, .predicate = known), project->schema);
    vec_push(b->a, &orders, typed(node_new(b->a, SortOrder, .child = key, .nulls = NULLS_FIRST), key->type, key->nullable, NULL));
    Node *sort = with_schema(node_new(b->a, Sort, .input = filter, .orders = orders, .global = true), project->schema);
    TRY(b->env->rows(b->env->self, b->a, sort, MOST_ROWS + 1, ret_rows, err));
    if (ret_rows->len > MOST_ROWS)
        return spark_error(err, at, "TRANSPOSE_EXCEED_ROW_LIMIT", "54006",
                           "Number of rows exceeds the allowed limit of <maxValues> for TRANSPOSE. If this was intended, set <config> "
                           "to at least the current row count.",
                           "maxValues", "500", "config", "\"spark.sql.transposeMaxValues\"", NULL);
    return ST_OK;
}

static const char *key_text(Binder *b, const Node *row)
{
    const Value *v = node_as(Literal, node_as(Row, row)->items.at[0])->value;
    return arena_strn(b->a, v->text, v->text_len);
}

Status bind_transpose(Binder *b, const Transpose *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *index = NULL, *made = NULL;
    NodeList columns = { 0 }, rows = { 0 }, lines = { 0 };
    StrList names = { 0 };
    const Type *type = NULL;
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    Scope s = scope_over(b, input->schema, outer, from);
    if (!input->schema->len)
        return bad_index(&n->node, "the input has no columns", err);
    if (n->index)
        TRY(bind_expr(b, &s, n->index, &index, err));
    else
        index = column_ref(b, &input->schema->at[0]);
    if (!node_is(ColumnRef, index))
        return bad_index(&n->node, "Index column must be an atomic attribute", err);
    TRY(columns_of(b, input, index, &n->node, &columns, &type, err));
    TRY(collect(b, input, &columns, &n->node, &rows, err));
    vec_push(b->a, &names, "key");
    for (size_t i = 0; i < rows.len; i++)
        vec_push(b->a, &names, key_text(b, rows.at[i]));
    for (size_t i = 1; i < columns.len || i == 1; i++) {
        NodeList items = { 0 };
        vec_push(b->a, &items, make_literal_string(b, i < columns.len ? node_as(Alias, columns.at[i])->names.at[0] : ""));
        for (size_t k = 0; k < rows.len; k++)
            vec_push(b->a, &items, i < columns.len ? node_as(Row, rows.at[k])->items.at[i] : make_literal_null(b, type));
        vec_push(b->a, &lines, node_new(b->a, Row, .items = items));
    }
    TRY(bind_relation(b, node_new(b->a, UnresolvedInlineTable, .rows = lines, .names = names), outer, &made, err));
    if (columns.len == 1) /* nothing but the index: no rows */
        made = with_schema(node_new(b->a, Filter, .input = made, .predicate = make_literal_bool(b, false)), made->schema);
    for (size_t i = 1; i < made->schema->len; i++)
        ((Column *)(uintptr_t)made->schema->at)[i].nullable = true;
    *ret = made;
    return ST_OK;
}
