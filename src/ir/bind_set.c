/* ir/bind_set.c -- UNION, INTERSECT, EXCEPT: by position or by name, columns widened to a common type. */
#include "ir/binder.h"

static const char *operator_name(int64_t op)
{
    return op == SETOP_UNION ? "UNION" : op == SETOP_INTERSECT ? "INTERSECT" : "EXCEPT";
}

static Status check_width(Binder *b, const SetOp *n, const Node *left, const Node *right, Error *err)
{
    if (left->schema->len == right->schema->len)
        return ST_OK;
    return spark_error(err, &n->node, "NUM_COLUMNS_MISMATCH", "42826",
                       "<operator> can only be performed on inputs with the same number of columns, but the first input has "
                       "<firstNumColumns> columns and the <invalidOrdinalNum> input has <invalidNumColumns> columns.",
                       "operator", operator_name(n->op), "firstNumColumns", arena_printf(b->a, "%zu", left->schema->len),
                       "invalidOrdinalNum", "second", "invalidNumColumns", arena_printf(b->a, "%zu", right->schema->len), NULL);
}

static Status incompatible(Binder *b, const SetOp *n, size_t i, const Type *l, const Type *r, Error *err)
{
    static const char *const ordinals[] = { "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth" };
    return spark_error(err, &n->node, "INCOMPATIBLE_COLUMN_TYPE", "42825",
                       "<operator> can only be performed on tables with compatible column types. The <columnOrdinalNumber> column "
                       "of the <tableOrdinalNumber> table is <dataType1> type which is not compatible with <dataType2> at the same "
                       "column of the first table.<hint>.",
                       "operator", operator_name(n->op), "columnOrdinalNumber",
                       i < 9 ? ordinals[i] : arena_printf(b->a, "%zuth", i + 1), "tableOrdinalNumber", "second", "dataType1",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, r)), "dataType2",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, l)), "hint", "", NULL);
}

/* `side` with its columns cast to `types`; the relation itself when they are so already. */
static Node *cast_columns(Binder *b, Node *side, const Type *const *types)
{
    NodeList exprs = { 0 };
    bool changed = false;
    for (size_t i = 0; i < side->schema->len; i++) {
        Node *ref = column_ref(b, &side->schema->at[i]), *e = coerce_to(b->a, b->ansi, ref, types[i]);
        changed = changed || e != ref;
        vec_push(b->a, &exprs, e == ref ? ref : new_alias(b, e, side->schema->at[i].name));
    }
    return changed ? make_project(b, side, &exprs) : side;
}

/* ---------------------------------------------------------------- by name */

static const Column *named_column(const Binder *b, const Schema *s, const char *name)
{
    for (size_t i = 0; i < s->len; i++)
        if (name_equal(b, s->at[i].name, name))
            return &s->at[i];
    return NULL;
}

static Status arrange(Binder *b, const SetOp *n, Node *side, const Schema *like, Node **ret, Error *err)
{
    NodeList exprs = { 0 };
    for (size_t i = 0; i < like->len; i++) {
        const Column *c = named_column(b, side->schema, like->at[i].name);
        StrList name = { 0 };
        vec_push(b->a, &name, like->at[i].name);
        if (!c && !n->allow_missing)
            return spark_error(err, &n->node, "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES", "42703",
                               "Cannot resolve column name \"<colName>\" among (<fieldNames>).", "colName", like->at[i].name,
                               "fieldNames", sql_ids(b->a, &name), NULL);
        vec_push(b->a, &exprs, c ? column_ref(b, c) : new_alias(b, make_literal_null(b, like->at[i].type), like->at[i].name));
    }
    *ret = make_project(b, side, &exprs);
    return ST_OK;
}

static Status by_name(Binder *b, const SetOp *n, Node **left, Node **right, Error *err)
{
    const Schema *l = (*left)->schema, *r = (*right)->schema;
    VEC(Column) all = { 0 };
    for (size_t i = 0; i < l->len; i++)
        vec_push(b->a, &all, l->at[i]);
    for (size_t i = 0; i < r->len; i++)
        if (n->allow_missing && !named_column(b, l, r->at[i].name))
            vec_push(b->a, &all, r->at[i]);
    if (!n->allow_missing)
        TRY(check_width(b, n, *left, *right, err));
    Schema like = { all.at, all.len };
    if (all.len > l->len)
        TRY(arrange(b, n, *left, &like, left, err));
    return arrange(b, n, *right, &like, right, err);
}

/* ---------------------------------------------------------------- the node */

Status refuse_variants(Binder *b, const Schema *schema, const Node *at, Error *err)
{
    for (size_t i = 0; i < schema->len; i++)
        if (!schema->at[i].hidden && type_has_variant(schema->at[i].type))
            return spark_error(err, at, "UNSUPPORTED_FEATURE.SET_OPERATION_ON_VARIANT_TYPE", "0A000",
                               "The feature is not supported: Cannot have VARIANT type columns in DataFrame which calls set operations "
                               "(INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
                               "colName", sql_id(b->a, schema->at[i].name), "dataType",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, schema->at[i].type)), NULL);
    return ST_OK;
}

/* Structs under other names of their fields are one column by position (DataType.equalsStructurally). */
static const Type *column_type(Binder *b, const Type *left, const Type *right)
{
    const Type *common = coerce_wider(b->a, b->ansi, left, right);
    return common || !type_same_shape(left, right) ? common : left;
}

static Status widen(Binder *b, const SetOp *n, Node **left, Node **right, Error *err)
{
    size_t len = (*left)->schema->len;
    if (n->op != SETOP_UNION || !n->all)
        TRY(refuse_variants(b, (*left)->schema, &n->node, err));
    const Type **types = ARENA_ARRAY(b->a, const Type *, len + 1);
    for (size_t i = 0; i < len; i++) {
        const Type *l = (*left)->schema->at[i].type, *r = (*right)->schema->at[i].type;
        types[i] = column_type(b, l, r);
        if (!types[i])
            return incompatible(b, n, i, l, r, err);
        if (types[i]->kind == TYPE_MAP && !(n->op == SETOP_UNION && n->all))
            return spark_error(err, &n->node, "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "0A000",
                               "The feature is not supported: Cannot have MAP type columns in DataFrame which calls set operations "
                               "(INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.",
                               "colName", sql_id(b->a, (*left)->schema->at[i].name), "dataType",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, types[i])), NULL);
    }
    *left = cast_columns(b, *left, types);
    *right = cast_columns(b, *right, types);
    return ST_OK;
}

static const Schema *output(Binder *b, int64_t op, const Schema *left, const Schema *right)
{
    Schema *s = ARENA_NEW(b->a, Schema);
    Column *columns = ARENA_ARRAY(b->a, Column, left->len + 1);
    for (size_t i = 0; i < left->len; i++) {
        bool l = left->at[i].nullable, r = right->at[i].nullable;
        columns[i] = left->at[i];
        columns[i].id = ++b->next_id;
        columns[i].nullable = op == SETOP_UNION ? l || r : op == SETOP_INTERSECT ? l && r : l;
        columns[i].type = column_type(b, left->at[i].type, right->at[i].type);
    }
    s->at = columns;
    s->len = left->len;
    return s;
}

Status bind_setop(Binder *b, const SetOp *n, const Scope *outer, Node **ret, Error *err)
{
    Node *left = NULL, *right = NULL;
    TRY(bind_relation(b, n->left, outer, &left, err));
    TRY(bind_relation(b, n->right, outer, &right, err));
    bool rows_stay = b->input_file && n->op == SETOP_UNION && n->all;
    if (rows_stay)
        input_file_shown(b, &left, &right);
    left = strip_hidden(b, left);
    right = strip_hidden(b, right);
    if (n->by_name)
        TRY(by_name(b, n, &left, &right, err));
    TRY(check_width(b, n, left, right, err));
    TRY(widen(b, n, &left, &right, err));
    Node *made = node_new(b->a, SetOp, .left = left, .right = right, .op = n->op, .all = n->all);
    *ret = with_schema(made, output(b, n->op, left->schema, right->schema));
    for (size_t i = 0; rows_stay && i < made->schema->len; i++)
        ((Column *)(uintptr_t)made->schema->at)[i].hidden = str_eq(made->schema->at[i].name, INPUT_FILE_COLUMN);
    return ST_OK;
}
