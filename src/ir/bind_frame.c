/* ir/bind_frame.c -- the DataFrame conveniences, lowered to plain projections and filters: withColumn, drop, toDF, to,
 * na.fill, na.drop, na.replace, dropDuplicates. */
#include "ir/binder.h"

static Status bind_input(Binder *b, Node *unbound, const Scope *outer, Node **ret, Scope *ret_scope, Error *err)
{
    size_t from = b->plans.len;
    TRY(bind_relation(b, unbound, outer, ret, err));
    *ret_scope = scope_over(b, (*ret)->schema, outer, from);
    return ST_OK;
}

/* ---------------------------------------------------------------- withColumns, withColumnsRenamed, drop, toDF */

static bool has_name(Binder *b, const NodeList *columns, const char *name)
{
    for (size_t i = 0; i < columns->len; i++)
        if (name_equal(b, node_as(Alias, columns->at[i])->names.at[0], name))
            return true;
    return false;
}

static Status bind_with_columns(Binder *b, const WithColumns *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    Scope s;
    NodeList exprs = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    for (size_t i = 0; i < n->columns.len; i++)
        for (size_t k = 0; k < i; k++)
            if (name_equal(b, node_as(Alias, n->columns.at[i])->names.at[0], node_as(Alias, n->columns.at[k])->names.at[0]))
                return spark_error(err, &n->node, "COLUMN_ALREADY_EXISTS", "42711",
                                   "The column <columnName> already exists. Choose another name or rename the existing column.",
                                   "columnName", sql_id(b->a, node_as(Alias, n->columns.at[i])->names.at[0]), NULL);
    for (size_t i = 0; i < input->schema->len; i++) {
        const Column *c = &input->schema->at[i];
        if (c->hidden)
            continue;
        if (!has_name(b, &n->columns, c->name)) {
            vec_push(b->a, &exprs, column_ref(b, c));
            continue;
        }
        for (size_t k = 0; k < n->columns.len; k++)
            if (name_equal(b, node_as(Alias, n->columns.at[k])->names.at[0], c->name))
                vec_push(b->a, &exprs, n->columns.at[k]);
    }
    for (size_t k = 0; k < n->columns.len; k++) {
        bool replaced = false;
        for (size_t i = 0; i < input->schema->len; i++)
            replaced = replaced || (!input->schema->at[i].hidden &&
                                    name_equal(b, node_as(Alias, n->columns.at[k])->names.at[0], input->schema->at[i].name));
        if (!replaced && n->must_exist) {
            StrList name = { 0 };
            vec_push(b->a, &name, node_as(Alias, n->columns.at[k])->names.at[0]);
            return unresolved_column(b, input->schema, &name, n->columns.at[k], err);
        }
        if (!replaced)
            vec_push(b->a, &exprs, n->columns.at[k]);
    }
    NodeList bound = { 0 };
    s.generators = true;
    for (size_t i = 0; i < exprs.len; i++) { /* no lateral aliases: each sees the input only */
        NodeList one = { 0 }, made = { 0 };
        vec_push(b->a, &one, exprs.at[i]);
        TRY(bind_outputs(b, &s, &one, &made, err));
        vec_push(b->a, &bound, made.at[0]);
    }
    return project_over(b, input, &s, &bound, &n->node, ret, err);
}

static Status bind_renamed(Binder *b, const WithColumnsRenamed *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    Scope s;
    NodeList exprs = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    for (size_t i = 0; i < input->schema->len; i++) {
        const Column *c = &input->schema->at[i];
        const char *name = c->name;
        for (size_t k = 0; k < n->from.len && k < n->to.len; k++)
            if (name_equal(b, name, n->from.at[k]))
                name = n->to.at[k];
        if (!c->hidden)
            vec_push(b->a, &exprs, name == c->name ? column_ref(b, c) : new_alias(b, column_ref(b, c), name));
    }
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

static Status bind_drop(Binder *b, const DropColumns *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    Scope s;
    NodeList kept = { 0 };
    VEC(int64_t) dropped = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    for (size_t i = 0; i < n->columns.len; i++) {
        Node *e = NULL;
        Error why = ERROR_INIT;
        Status status = bind_expr(b, &s, n->columns.at[i], &e, &why);
        bool missing = str_starts(why.code, "UNRESOLVED_COLUMN") || str_starts(why.code, "CANNOT_RESOLVE_DATAFRAME");
        if (status != ST_OK && !missing) {
            if (err)
                *err = why;
            return status;
        }
        if (status == ST_OK && node_is(ColumnRef, e))
            vec_push(b->a, &dropped, node_as(ColumnRef, e)->id);
    }
    for (size_t i = 0; i < input->schema->len; i++) {
        const Column *c = &input->schema->at[i];
        bool drop = c->hidden;
        for (size_t k = 0; k < dropped.len; k++)
            drop = drop || dropped.at[k] == c->id;
        for (size_t k = 0; k < n->names.len; k++)
            drop = drop || name_equal(b, n->names.at[k], c->name);
        if (!drop)
            vec_push(b->a, &kept, column_ref(b, c));
    }
    *ret = make_project(b, input, &kept);
    return ST_OK;
}

static Status bind_to_df(Binder *b, const ToDF *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    NodeList exprs = { 0 };
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    if (n->names.len != input->schema->len)
        return spark_error(err, &n->node, "ASSIGNMENT_ARITY_MISMATCH", "42802",
                           "The number of columns or variables assigned or aliased: <numTarget> does not match the number of "
                           "source expressions: <numExpr>.",
                           "numTarget", arena_printf(b->a, "%zu", n->names.len), "numExpr",
                           arena_printf(b->a, "%zu", input->schema->len), NULL);
    for (size_t i = 0; i < n->names.len; i++)
        vec_push(b->a, &exprs, new_alias(b, column_ref(b, &input->schema->at[i]), n->names.at[i]));
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

/* Dataset.to(schema): columns by name, cast as a store would, missing nullable ones null. */
static Status bind_to_schema(Binder *b, const ToSchema *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    NodeList exprs = { 0 };
    TRY(bind_relation(b, n->input, outer, &input, err));
    for (size_t i = 0; i < n->to->nfields; i++) {
        const Field *f = &n->to->fields[i];
        const Column *c = NULL;
        for (size_t k = 0; k < input->schema->len && !c; k++)
            c = !input->schema->at[k].hidden && name_equal(b, input->schema->at[k].name, f->name) ? &input->schema->at[k] : NULL;
        if (!c && !f->nullable) {
            StrList name = { 0 };
            vec_push(b->a, &name, f->name);
            return unresolved_column(b, input->schema, &name, &n->node, err);
        }
        if (c && c->nullable && !f->nullable)
            return spark_error(err, &n->node, "NULLABLE_COLUMN_OR_FIELD", "42000",
                               "Column or field <name> is nullable while it's required to be non-nullable.", "name",
                               sql_id(b->a, f->name), NULL);
        if (c && !cast_ansi_store(c->type, f->type))
            return spark_error(err, &n->node, "INVALID_COLUMN_OR_FIELD_DATA_TYPE", "42000",
                               "Column or field <name> is of type <type> while it's required to be <expectedType>.", "name",
                               sql_id(b->a, f->name), "type", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, c->type)),
                               "expectedType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, f->type)), NULL);
        Node *e = c ? coerce_to(b->a, b->ansi, column_ref(b, c), f->type) : make_literal_null(b, f->type);
        Node *alias = new_alias(b, e, f->name);
        alias->nullable = f->nullable;
        ((Alias *)(void *)alias)->metadata = f->metadata;
        vec_push(b->a, &exprs, alias);
    }
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

/* ---------------------------------------------------------------- nulls */

static bool is_float(const Type *t)
{
    return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE;
}

/* The column with NaN as null. */
static Status nan_as_null(Binder *b, Node *column, Node **ret, Error *err)
{
    Node *nan = NULL;
    NodeList branches = { 0 };
    if (!is_float(column->type)) {
        *ret = column;
        return ST_OK;
    }
    TRY(make_call1(b, "isnan", column, NULL, &nan, err));
    vec_push(b->a, &branches, nan);
    vec_push(b->a, &branches, make_literal_null(b, column->type));
    vec_push(b->a, &branches, column);
    return make_call(b, "if", &branches, NULL, ret, err);
}

/* na.fill and na.replace touch numbers with numbers, strings with strings, booleans with booleans. */
static bool same_family(const Type *column, const Type *value)
{
    if (type_is_numeric(value))
        return type_is_numeric(column);
    return column->kind == value->kind;
}

static Status check_names(Binder *b, const Schema *schema, const StrList *names, const Node *at, Error *err)
{
    for (size_t i = 0; i < names->len; i++) {
        const Column *c = NULL;
        TRY(resolve_output_column(b, schema, names->at[i], at, &c, err));
    }
    return ST_OK;
}

/* Index of the column in `names`, names->len when absent; 0 when all columns are meant. */
static size_t name_index(const Binder *b, const StrList *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (name_equal(b, names->at[i], name))
            return i;
    return names->len;
}

static Status fill(Binder *b, const NaFill *n, const NodeList *values, const Column *c, Node **ret, Error *err)
{
    size_t at = name_index(b, &n->columns, c->name);
    Node *column = column_ref(b, c), *present = NULL, *filled = NULL;
    *ret = column;
    if (n->columns.len && at == n->columns.len)
        return ST_OK;
    Node *value = values->at[values->len > 1 ? at : 0];
    if (!same_family(c->type, value->type))
        return ST_OK;
    TRY(nan_as_null(b, column, &present, err));
    Node *cast = value;
    if (!type_same(value->type, c->type))
        TRY(make_cast(b, value, c->type, CAST_SESSION, NULL, &cast, err));
    TRY(make_call2(b, "coalesce", present, cast, NULL, &filled, err));
    *ret = new_alias(b, filled, c->name);
    return ST_OK;
}

static Status bind_na_fill(Binder *b, const NaFill *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    Scope s, none = { 0 };
    NodeList values = { 0 }, exprs = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    TRY(bind_exprs(b, &none, &n->values, &values, err));
    TRY(check_names(b, input->schema, &n->columns, &n->node, err));
    for (size_t i = 0; i < input->schema->len; i++) {
        Node *e = NULL;
        if (input->schema->at[i].hidden)
            continue;
        TRY(fill(b, n, &values, &input->schema->at[i], &e, err));
        vec_push(b->a, &exprs, e);
    }
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

/* AtLeastNNonNulls: how many of the columns are neither null nor NaN. */
static Status enough_values(Binder *b, const NodeList *columns, int64_t least, Node **ret, Error *err)
{
    Node *sum = NULL, *all = NULL;
    for (size_t i = 0; i < columns->len; i++) {
        Node *value = NULL, *present = NULL, *one = NULL;
        NodeList branches = { 0 };
        TRY(nan_as_null(b, columns->at[i], &value, err));
        TRY(make_call1(b, "isnotnull", value, NULL, &present, err));
        if (all)
            TRY(make_call2(b, "and", all, present, NULL, &all, err));
        else
            all = present;
        vec_push(b->a, &branches, present);
        vec_push(b->a, &branches, make_literal_int(b, 1, &type_int));
        vec_push(b->a, &branches, make_literal_int(b, 0, &type_int));
        TRY(make_call(b, "if", &branches, NULL, &one, err));
        if (sum)
            TRY(make_call2(b, "+", sum, one, NULL, &sum, err));
        else
            sum = one;
    }
    if (!sum || least < 0 || least == (int64_t)columns->len) {
        *ret = all ? all : make_literal_bool(b, true);
        return ST_OK;
    }
    return make_call2(b, ">=", sum, make_literal_int(b, least, &type_int), NULL, ret, err);
}

static Status bind_na_drop(Binder *b, const NaDrop *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *predicate = NULL;
    Scope s;
    NodeList columns = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    TRY(check_names(b, input->schema, &n->columns, &n->node, err));
    for (size_t i = 0; i < input->schema->len; i++)
        if (!input->schema->at[i].hidden &&
            (!n->columns.len || name_index(b, &n->columns, input->schema->at[i].name) < n->columns.len))
            vec_push(b->a, &columns, column_ref(b, &input->schema->at[i]));
    TRY(enough_values(b, &columns, n->min_non_nulls, &predicate, err));
    *ret = with_schema(node_new(b->a, Filter, .input = input, .predicate = predicate), input->schema);
    return ST_OK;
}

static Status replace(Binder *b, const NaReplace *n, const NodeList *from, const NodeList *to, const Column *c, Node **ret, Error *err)
{
    Node *column = column_ref(b, c);
    NodeList whens = { 0 }, thens = { 0 };
    *ret = column;
    if (n->columns.len && name_index(b, &n->columns, c->name) == n->columns.len)
        return ST_OK;
    for (size_t i = 0; i < from->len; i++) {
        Node *test = NULL, *key = NULL, *value = NULL;
        if (!same_family(c->type, from->at[i]->type))
            return ST_OK;
        TRY(make_cast(b, from->at[i], c->type, CAST_SESSION, NULL, &key, err));
        TRY(make_cast(b, to->at[i], c->type, CAST_SESSION, NULL, &value, err));
        TRY(make_call2(b, "=", column, key, NULL, &test, err));
        vec_push(b->a, &whens, test);
        vec_push(b->a, &thens, value);
    }
    Node *made = node_new(b->a, Case, .whens = whens, .thens = thens, .otherwise = column), *typed_case = NULL;
    TRY(make_case(b, made, &typed_case, err));
    *ret = new_alias(b, typed_case, c->name);
    return ST_OK;
}

static Status bind_na_replace(Binder *b, const NaReplace *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    Scope s, none = { 0 };
    NodeList from = { 0 }, to = { 0 }, exprs = { 0 };
    TRY(bind_input(b, n->input, outer, &input, &s, err));
    TRY(bind_exprs(b, &none, &n->from, &from, err));
    TRY(bind_exprs(b, &none, &n->to, &to, err));
    TRY(check_names(b, input->schema, &n->columns, &n->node, err));
    for (size_t i = 0; i < input->schema->len; i++) {
        Node *e = NULL;
        if (input->schema->at[i].hidden)
            continue;
        TRY(replace(b, n, &from, &to, &input->schema->at[i], &e, err));
        vec_push(b->a, &exprs, e);
    }
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

/* ---------------------------------------------------------------- dropDuplicates */

static Status bind_deduplicate(Binder *b, const Deduplicate *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    NodeList keys = { 0 };
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    for (size_t i = 0; !n->all_columns && i < n->columns.len; i++) {
        size_t before = keys.len;
        for (size_t k = 0; k < input->schema->len; k++)
            if (name_equal(b, input->schema->at[k].name, n->columns.at[i]))
                vec_push(b->a, &keys, column_ref(b, &input->schema->at[k]));
        if (keys.len > before)
            continue;
        str_auto names = STR_INIT(ERROR_PARAMS_BYTES);
        for (size_t k = 0; k < input->schema->len; k++)
            str_addf(&names, "%s%s", k ? ", " : "", input->schema->at[k].name);
        return spark_error(err, &n->node, "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES", "42703",
                           "Cannot resolve column name \"<colName>\" among (<fieldNames>).", "colName", n->columns.at[i],
                           "fieldNames", str_text(&names), NULL);
    }
    for (size_t k = 0; n->all_columns && k < input->schema->len; k++)
        vec_push(b->a, &keys, column_ref(b, &input->schema->at[k]));
    if (n->all_columns)
        TRY(refuse_variants(b, input->schema, &n->node, err));
    *ret = with_schema(node_new(b->a, Deduplicate, .input = input, .all_columns = n->all_columns, .keys = keys), input->schema);
    return ST_OK;
}

Status bind_frame_relation(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err)
{
    *ret_done = true;
    switch (n->kind) {
    case NODE_WithColumns:
        TRY(bind_time_window(b, n, &n, err));
        return bind_with_columns(b, node_as(WithColumns, n), outer, ret, err);
    case NODE_WithColumnsRenamed:
        return bind_renamed(b, node_as(WithColumnsRenamed, n), outer, ret, err);
    case NODE_DropColumns:
        return bind_drop(b, node_as(DropColumns, n), outer, ret, err);
    case NODE_ToDF:
        return bind_to_df(b, node_as(ToDF, n), outer, ret, err);
    case NODE_ToSchema:
        return bind_to_schema(b, node_as(ToSchema, n), outer, ret, err);
    case NODE_NaFill:
        return bind_na_fill(b, node_as(NaFill, n), outer, ret, err);
    case NODE_NaDrop:
        return bind_na_drop(b, node_as(NaDrop, n), outer, ret, err);
    case NODE_NaReplace:
        return bind_na_replace(b, node_as(NaReplace, n), outer, ret, err);
    case NODE_Deduplicate:
        return bind_deduplicate(b, node_as(Deduplicate, n), outer, ret, err);
    default:
        *ret_done = false;
        return ST_OK;
    }
}
