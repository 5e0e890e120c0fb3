/* driver/command_insert.c -- INSERT: a query's columns fitted to a table's, defaults filled in, values cast as Spark's store
 * assignment does. The result is an unbound plan with exactly the table's columns.
 * Source: TableOutputResolver, ResolveDefaultColumns, PreprocessTableInsertion, CharVarcharUtils. */
#include "driver/command_insert.h"

#include "ir/coerce.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/field.h"

typedef struct Fit {
    Run *r;
    const CatalogTable *t;
    const WriteTable *w;
    const PartitionSpec *spec;
    const Node **statics; /* per table column: the PARTITION clause's value, NULL: none */
    StrList given;        /* the columns that the query gives, in its order; empty: by position */
    Error *err;
} Fit;

static const char *key_of(const Node *assignment)
{
    const Attribute *name = node_as(Attribute, node_as(Assignment, assignment)->target);
    return name->name.at[name->name.len - 1];
}

static const Type *plain(const Type *t)
{
    return t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR ? &type_string : t;
}

static Node *attribute(Run *r, const char *name)
{
    StrList names = { 0 };
    vec_push(r->arena, &names, name);
    return node_new(r->arena, Attribute, .name = names);
}

static Node *function(Run *r, const char *name, Node *x, Node *y)
{
    StrList names = { 0 };
    NodeList args = { 0 };
    vec_push(r->arena, &names, name);
    vec_push(r->arena, &args, x);
    if (y)
        vec_push(r->arena, &args, y);
    return node_new(r->arena, Function, .name = names, .args = args, .is_internal = true);
}

static Node *null_of(Run *r, const Type *type)
{
    Value *v = ARENA_NEW(r->arena, Value);
    v->is_null = true;
    return node_new(r->arena, Literal, .value = v, .of = type);
}

/* The text of DEFAULT, parsed; NULL where there is none. */
static Status default_of(Run *r, const Field *f, Node **ret, Error *err)
{
    const char *text = field_get(r->arena, f->metadata, FIELD_DEFAULT);
    if (!text) {
        *ret = null_of(r, &type_null);
        return ST_OK;
    }
    return r->env.parse_expression(r->env.self, r->arena, text, ret, err);
}

/* ---- DEFAULT among the values */

static size_t column_of(const Fit *fit, size_t position)
{
    const Type *schema = fit->t->schema;
    if (position < fit->given.len) {
        for (size_t i = 0; i < schema->nfields; i++)
            if (str_ieq(schema->fields[i].name, fit->given.at[position]))
                return i;
        return schema->nfields;
    }
    for (size_t i = 0; i < schema->nfields; i++)
        if (!fit->statics[i] && position-- == 0)
            return i;
    return schema->nfields;
}

static Status replace_defaults(const Fit *fit, NodeList *list)
{
    NodeList out = { 0 };
    for (size_t i = 0; i < list->len; i++) {
        Node *x = list->at[i], *inner = node_is(Alias, x) ? node_as(Alias, x)->child : x;
        bool is_default = node_is(Default, inner) ||
                          (node_is(Attribute, inner) && node_as(Attribute, inner)->name.len == 1 &&
                           str_ieq(node_as(Attribute, inner)->name.at[0], "default") && inner->stop - inner->start == 6);
        size_t column = is_default ? column_of(fit, i) : 0;
        if (is_default && column < fit->t->schema->nfields)
            TRY(default_of(fit->r, &fit->t->schema->fields[column], &x, fit->err));
        vec_push(fit->r->arena, &out, x);
    }
    *list = out;
    return ST_OK;
}

/* VALUES and select lists at the top of the query, also below UNION, WITH and LIMIT. */
static Status with_defaults(const Fit *fit, Node *n, Node **ret)
{
    Arena *a = fit->r->arena;
    if (node_is(UnresolvedInlineTable, n)) {
        UnresolvedInlineTable *copy = (UnresolvedInlineTable *)(void *)node_copy(a, n);
        copy->rows = (NodeList){ 0 };
        for (size_t i = 0; i < node_as(UnresolvedInlineTable, n)->rows.len; i++) {
            Node *row = node_as(UnresolvedInlineTable, n)->rows.at[i];
            NodeList items = { 0 };
            if (node_is(Row, row))
                items = node_as(Row, row)->items;
            else
                vec_push(a, &items, row);
            TRY(replace_defaults(fit, &items));
            vec_push(a, &copy->rows, node_at(node_new(a, Row, .items = items), row->start, row->stop));
        }
        *ret = &copy->node;
        return ST_OK;
    }
    if (node_is(Project, n)) {
        Project *copy = (Project *)(void *)node_copy(a, n);
        TRY(replace_defaults(fit, &copy->exprs));
        *ret = &copy->node;
        return ST_OK;
    }
    Node *copy = node_copy(a, n);
    if (node_is(SubqueryAlias, n))
        TRY(with_defaults(fit, node_as(SubqueryAlias, n)->input, &((SubqueryAlias *)(void *)copy)->input));
    else if (node_is(With, n))
        TRY(with_defaults(fit, node_as(With, n)->input, &((With *)(void *)copy)->input));
    else if (node_is(Limit, n))
        TRY(with_defaults(fit, node_as(Limit, n)->input, &((Limit *)(void *)copy)->input));
    else if (node_is(SetOp, n)) {
        TRY(with_defaults(fit, node_as(SetOp, n)->left, &((SetOp *)(void *)copy)->left));
        TRY(with_defaults(fit, node_as(SetOp, n)->right, &((SetOp *)(void *)copy)->right));
    }
    *ret = copy;
    return ST_OK;
}

/* ---- which value goes where */

static const char *columns_text(Run *r, const Type *schema)
{
    str_auto out = STR_INIT(1 << 16);
    for (size_t i = 0; i < schema->nfields; i++)
        str_addf(&out, "%s%s", i ? ", " : "", sql_id(r->arena, schema->fields[i].name));
    return str_arena(&out, r->arena);
}

static Status arity(const Fit *fit, const Type *have, size_t wanted)
{
    Run *r = fit->r;
    bool many = have->nfields > wanted;
    const char *id = catalog_table_id(r->arena, fit->t), *table = columns_text(r, fit->t->schema), *data = columns_text(r, have);
    str_auto statics = STR_INIT(1 << 16);
    for (size_t i = 0; i < fit->t->schema->nfields; i++)
        if (fit->statics[i])
            str_addf(&statics, "%s%s", statics.len ? ", " : "", sql_id(r->arena, fit->t->schema->fields[i].name));
    if (statics.len)
        return command_fail(fit->err, "INSERT_PARTITION_COLUMN_ARITY_MISMATCH", "tableName", id, "reason",
                            many ? "too many data columns" : "not enough data columns", "tableColumns", table, "staticPartCols",
                            str_text(&statics), "dataColumns", data, NULL);
    return command_fail(fit->err, many ? "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS"
                                       : "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS",
                        "tableName", id, "tableColumns", table, "dataColumns", data, NULL);
}

/* The columns named in INSERT INTO t (…): there, once each, not in PARTITION too. */
static Status check_given(Fit *fit)
{
    const WriteTable *w = fit->w;
    const Type *schema = fit->t->schema;
    Arena *a = fit->r->arena;
    for (size_t i = 0; i < w->columns.len; i++) {
        const char *name = w->columns.at[i];
        size_t k = 0;
        while (k < schema->nfields && !str_ieq(schema->fields[k].name, name))
            k++;
        if (k == schema->nfields)
            return command_fail(fit->err, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "objectName", sql_id(a, name), "proposal",
                                columns_text(fit->r, schema), NULL);
        if (fit->statics[k])
            return command_fail(fit->err, "STATIC_PARTITION_COLUMN_IN_INSERT_COLUMN_LIST", "staticName", name, NULL);
        for (size_t j = 0; j < i; j++)
            if (str_ieq(w->columns.at[j], name))
                return command_fail(fit->err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(a, lower_text(a, name)), NULL);
        vec_push(a, &fit->given, schema->fields[k].name);
    }
    return ST_OK;
}

/* BY NAME: each column of the query is one of the table's. */
static Status names_of_query(Fit *fit, const Type *have)
{
    const Type *schema = fit->t->schema;
    Arena *a = fit->r->arena;
    str_auto extra = STR_INIT(1 << 16);
    for (size_t i = 0; i < have->nfields; i++) {
        const char *name = have->fields[i].name;
        size_t k = 0;
        while (k < schema->nfields && !str_ieq(schema->fields[k].name, name))
            k++;
        for (size_t j = 0; j < i; j++)
            if (str_ieq(have->fields[j].name, name))
                return command_fail(fit->err, "INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME", "tableName",
                                    catalog_table_id(a, fit->t), "colName", sql_id(a, name), NULL);
        if (k == schema->nfields || fit->statics[k])
            str_addf(&extra, "%s%s", extra.len ? ", " : "", sql_id(a, name));
        vec_push(a, &fit->given, name);
    }
    if (!extra.len)
        return ST_OK;
    return command_fail(fit->err, "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", "tableName", catalog_table_id(a, fit->t),
                        "extraColumns", str_text(&extra), NULL);
}

/* ---- one value */

/* CHAR pads to its length, VARCHAR cuts only blanks; longer texts fail. */
static Node *limited(Run *r, const Type *type, Node *x)
{
    Value *n = ARENA_NEW(r->arena, Value);
    n->i = type->precision;
    Node *limit = node_new(r->arena, Literal, .value = n, .of = &type_int);
    return function(r, type->kind == TYPE_CHAR ? "char_type_write_side_check" : "varchar_type_write_side_check", x, limit);
}

static Status stored(const Fit *fit, const Field *f, const Type *from, const char *from_name, Node *x, Node **ret)
{
    Run *r = fit->r;
    const Type *to = plain(f->type);
    const char *policy = run_conf(r, "spark.sql.storeAssignmentPolicy");
    bool legacy = str_ieq(policy, "LEGACY");
    if (from && !legacy && !cast_ansi_store(plain(from), to))
        return command_fail(fit->err, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST", "tableName", catalog_table_id(r->arena, fit->t),
                            "colName", sql_id(r->arena, from_name), "srcType",
                            arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, from)), "targetType",
                            arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, to)), NULL);
    if (!from || !type_same(from, to))
        x = node_new(r->arena, Cast, .child = x, .to = to, .mode = legacy ? CAST_LEGACY : CAST_ANSI, .implicit = true);
    if (f->type->kind == TYPE_CHAR || f->type->kind == TYPE_VARCHAR)
        x = limited(r, f->type, x);
    StrList names = { 0 };
    vec_push(r->arena, &names, f->name);
    *ret = node_new(r->arena, Alias, .child = x, .names = names);
    return ST_OK;
}

/* The place of a column among the query's; have->nfields when the query does not give it. */
static size_t place_of(const Fit *fit, const Type *have, size_t column)
{
    size_t at = 0;
    if (fit->given.len) {
        while (at < have->nfields && !str_ieq(fit->given.at[at], fit->t->schema->fields[column].name))
            at++;
        return at;
    }
    for (size_t i = 0; i < column; i++)
        at += !fit->statics[i];
    return at;
}

static Status one_column(const Fit *fit, const Type *have, size_t i, Node **ret)
{
    Run *r = fit->r;
    const Field *f = &fit->t->schema->fields[i];
    if (fit->statics[i])
        return stored(fit, f, NULL, f->name, (Node *)(uintptr_t)fit->statics[i], ret);
    size_t at = place_of(fit, have, i);
    if (at < have->nfields)
        return stored(fit, f, have->fields[at].type, have->fields[at].name, attribute(r, arena_printf(r->arena, "_%zu", at)), ret);
    Node *value;
    if (!field_get(r->arena, f->metadata, FIELD_DEFAULT) &&
        !command_flag(r, "spark.sql.defaultColumn.useNullsForMissingDefaultValues"))
        return command_fail(fit->err, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA", "tableName", catalog_table_id(r->arena, fit->t),
                            "colName", sql_id(r->arena, f->name), NULL);
    TRY(default_of(r, f, &value, fit->err));
    return stored(fit, f, NULL, f->name, value, ret);
}

static Status note_statics(Fit *fit)
{
    const WriteTable *w = fit->w;
    fit->statics = ARENA_ARRAY(fit->r->arena, const Node *, fit->t->schema->nfields + 1);
    for (size_t i = 0; i < w->partition_values.len; i++) {
        const char *key = key_of(w->partition_values.at[i]);
        const Node *value = node_as(Assignment, w->partition_values.at[i])->value;
        if (!names_have(&fit->t->partition_by, key))
            return command_fail(fit->err, "NON_PARTITION_COLUMN", "columnName", sql_id(fit->r->arena, key), NULL);
        if (value && (node_is(Default, value) || (node_is(Attribute, value) && value->stop - value->start == 6 &&
                                                  str_ieq(node_as(Attribute, value)->name.at[0], "default"))))
            return command_fail(fit->err, "REF_DEFAULT_VALUE_IS_NOT_ALLOWED_IN_PARTITION", NULL);
        for (size_t k = 0; k < fit->t->schema->nfields; k++)
            if (str_ieq(fit->t->schema->fields[k].name, key))
                fit->statics[k] = value;
    }
    return ST_OK;
}

Status command_fit(Run *r, const WriteTable *w, const CatalogTable *t, Node **ret_plan, Error *err)
{
    Fit fit = { .r = r, .t = t, .w = w, .err = err };
    Node *input, *bound;
    TRY(note_statics(&fit));
    TRY(check_given(&fit));
    TRY(with_defaults(&fit, w->input, &input));
    TRY(run_bind_node(r, input, &bound, err));
    const Type *have = bind_schema_type(r->arena, bound);
    size_t wanted = fit.given.len;
    for (size_t i = 0; !fit.given.len && i < t->schema->nfields; i++)
        wanted += !fit.statics[i];
    if (w->by_name)
        TRY(names_of_query(&fit, have));
    else if (have->nfields != wanted)
        return arity(&fit, have, wanted);
    StrList names = { 0 };
    NodeList exprs = { 0 };
    for (size_t i = 0; i < have->nfields; i++)
        vec_push(r->arena, &names, arena_printf(r->arena, "_%zu", i));
    for (size_t i = 0; i < t->schema->nfields; i++) {
        Node *x;
        TRY(one_column(&fit, have, i, &x));
        vec_push(r->arena, &exprs, x);
    }
    input = node_new(r->arena, ToDF, .input = input, .names = names);
    *ret_plan = node_new(r->arena, Project, .input = input, .exprs = exprs);
    return ST_OK;
}
