/* driver/command_column.c -- columns of tables: DEFAULT values, ALTER TABLE … ADD, REPLACE, CHANGE COLUMN.
 *
 * Spark's file tables take new columns, comments and defaults; they refuse to drop, rename, move or retype columns, and so
 * does weir. Source: ResolveDefaultColumns, AlterTableAddColumnsCommand, AlterTableChangeColumnCommand. */
#include "driver/command.h"

#include "ir/collation_default.h"

#include "ir/coerce.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/field.h"

enum { TEXT_MAX_BYTES = 1 << 20 };

typedef struct Found {
    bool subquery, name;
} Found;

static bool note(const Node *n, void *arg)
{
    Found *found = arg;
    found->subquery |= node_is(Subquery, n);
    found->name |= node_is(Attribute, n);
    return true;
}

static Status bad_default(const char *class, const char *statement, const char *column, const char *text, Arena *a, Error *err)
{
    return command_fail(err, class, "statement", statement, "colName", sql_id(a, column), "defaultValue", text, NULL);
}

static Node *over_one_row(Run *r, Node *x)
{
    StrList names = { 0 };
    NodeList exprs = { 0 };
    vec_push(r->arena, &names, "value");
    vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = x, .names = names));
    return node_new(r->arena, Project, .input = node_new(r->arena, OneRow, .unused = false), .exprs = exprs);
}

static const Type *plain_type(const Type *t)
{
    return t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR ? &type_string : t;
}

/* A literal may be narrower or wider than its column when its value fits. */
static bool fits(const Type *from, const Type *to)
{
    bool same = type_same(from, to) || from->kind == TYPE_NULL;
    return same || (type_is_numeric(from) && type_is_numeric(to)) || to->kind == TYPE_STRING ||
           (type_is_datetime(from) && type_is_datetime(to)) || (!type_is_atomic(from) && from->kind == to->kind);
}

Status command_default(Run *r, const char *statement, const Node *value, Field *field, Error *err)
{
    const char *text = command_text(r, value);
    Found found = { 0 };
    Node *x = (Node *)(uintptr_t)value, *bound;
    Error why = ERROR_INIT;
    node_walk(value, note, &found);
    if (found.subquery)
        return bad_default("INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION", statement, field->name, text, r->arena, err);
    if (run_bind_node(r, over_one_row(r, x), &bound, &why) != ST_OK)
        return bad_default(found.name ? "INVALID_DEFAULT_VALUE.NOT_CONSTANT" : "INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION",
                           statement, field->name, text, r->arena, err);
    const Type *from = bind_schema_type(r->arena, bound)->fields[0].type, *to = plain_type(field->type);
    Rows *rows = NULL;
    x = node_new(r->arena, Cast, .child = x, .to = to, .mode = CAST_ANSI);
    if (!fits(from, to) || run_bind_node(r, over_one_row(r, x), &bound, &why) != ST_OK || run_collect(r, bound, 1, &rows, &why) != ST_OK)
        return command_fail(err, "INVALID_DEFAULT_VALUE.DATA_TYPE", "statement", statement, "colName", sql_id(r->arena, field->name),
                            "defaultValue", text, "expectedType", arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, to)),
                            "actualType", arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, from)), NULL);
    str_auto constant = STR_INIT(TEXT_MAX_BYTES);
    value_sql(&rows->at.at[0][0], to, &constant);
    field->metadata = field_set(r->arena, field->metadata, FIELD_DEFAULT, text);
    field->metadata = field_set(r->arena, field->metadata, FIELD_EXISTS_DEFAULT, str_text(&constant));
    return ST_OK;
}

/* ---- ALTER TABLE */

static size_t place(const CatalogTable *t, const char *name)
{
    size_t i = 0;
    while (i < t->schema->nfields && !str_ieq(t->schema->fields[i].name, name))
        i++;
    return i;
}

static Status no_column(Run *r, const CatalogTable *t, const char *name, Error *err)
{
    str_auto proposal = STR_INIT(1 << 16);
    for (size_t i = 0; i < t->schema->nfields && i < 5; i++)
        str_addf(&proposal, "%s%s", i ? ", " : "", sql_id(r->arena, t->schema->fields[i].name));
    return command_fail(err, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "objectName", sql_id(r->arena, name), "proposal", str_text(&proposal),
                        NULL);
}

/* New columns go before the partition columns. */
static Status add_columns(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    size_t n = t->schema->nfields, keys = t->partition_by.len, added = x->columns.len;
    const char *collation = pairs_get(&t->properties, TABLE_COLLATION);
    Field *fields = ARENA_ARRAY(r->arena, Field, n + added);
    for (size_t i = 0; i < n; i++)
        fields[i < n - keys ? i : i + added] = t->schema->fields[i];
    for (size_t i = 0; i < added; i++) {
        const ColumnDefinition *d = node_as(ColumnDefinition, x->columns.at[i]);
        if (strchr(d->name, '.'))
            return command_fail(err, "_LEGACY_ERROR_TEMP_1060", "command", "ADD COLUMN with v1 tables", "column", d->name, NULL);
        if (d->position)
            return command_table_unsupported(r, t, "ALTER COLUMN ... FIRST | AFTER", err);
        if (d->not_null)
            return command_fail(err, "_LEGACY_ERROR_TEMP_1052", NULL);
        bool taken = place(t, d->name) < n;
        for (size_t k = 0; k < i; k++)
            taken |= str_ieq(node_as(ColumnDefinition, x->columns.at[k])->name, d->name);
        if (taken)
            return command_fail(err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(r->arena, lower_text(r->arena, d->name)), NULL);
        Field *f = &fields[n - keys + i];
        *f = (Field){ .name = d->name, .type = collation ? collation_default_type(r->arena, d->of, collation) : d->of, .nullable = true };
        f->metadata = d->comment ? field_set(r->arena, NULL, FIELD_COMMENT, d->comment) : NULL;
        if (d->default_value)
            TRY(command_default(r, "ALTER TABLE ADD COLUMNS", d->default_value, f, err));
    }
    t->schema = type_struct(r->arena, fields, n + added);
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

static Status retype(Run *r, const CatalogTable *t, const Field *old, const ColumnDefinition *d, Error *err)
{
    if (type_same(old->type, d->of))
        return ST_OK;
    bool texts = old->type->kind >= TYPE_STRING && old->type->kind <= TYPE_VARCHAR && d->of->kind >= TYPE_STRING &&
                 d->of->kind <= TYPE_VARCHAR;
    bool wider = texts && (d->of->kind == TYPE_STRING ||
                           (d->of->kind == TYPE_VARCHAR && old->type->kind != TYPE_STRING && d->of->precision >= old->type->precision));
    if (wider) /* CharVarcharUtils: a limit may be lifted */
        return ST_OK;
    return command_fail(err, "NOT_SUPPORTED_CHANGE_COLUMN", "table", catalog_table_id(r->arena, t), "originName",
                        sql_id(r->arena, old->name), "originType", arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, old->type)),
                        "newName", sql_id(r->arena, old->name), "newType",
                        arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, d->of)), NULL);
}

/* One column's change: TYPE, COMMENT, SET DEFAULT … or Hive's CHANGE with all of them. */
static Status change(Run *r, const CatalogTable *t, const AlterObject *one, Field *fields, Error *err)
{
    const ColumnDefinition *d = node_as(ColumnDefinition, one->columns.at[0]);
    if (one->name.len > 1)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1060", "command", "ALTER COLUMN with qualified column", "column",
                            catalog_quoted(r->arena, &one->name), NULL);
    const char *name = one->name.at[0];
    if (d->position)
        return command_table_unsupported(r, t, "ALTER COLUMN ... FIRST | AFTER", err);
    if (str_eq(one->action, "SET NOT NULL") || str_eq(one->action, "DROP NOT NULL") || d->not_null)
        return command_table_unsupported(r, t, "ALTER COLUMN ... SET NOT NULL", err);
    size_t i = place(t, name);
    if (i == t->schema->nfields)
        return no_column(r, t, name, err);
    if (names_have(&t->partition_by, name) && d->of)
        return command_fail(err, "CANNOT_ALTER_PARTITION_COLUMN", "tableName", catalog_table_id(r->arena, t), "columnName",
                            sql_id(r->arena, name), NULL);
    if (d->of) {
        TRY(retype(r, t, &fields[i], d, err));
        fields[i].type = d->of;
    }
    if (d->comment)
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_COMMENT, d->comment);
    if (str_eq(one->action, "DROP DEFAULT"))
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_DEFAULT, NULL);
    if (!d->default_value)
        return ST_OK;
    /* Rows that are there keep what they had: only what INSERT puts in changes. */
    const char *exists = field_get(r->arena, fields[i].metadata, FIELD_EXISTS_DEFAULT);
    TRY(command_default(r, "ALTER TABLE ALTER COLUMN", d->default_value, &fields[i], err));
    fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_EXISTS_DEFAULT, exists);
    return ST_OK;
}

static Status change_columns(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    if (x->columns.len > 1)
        return command_table_unsupported(r, t, "ALTER COLUMN in bulk", err);
    Field *fields = arena_copy(r->arena, t->schema->fields, t->schema->nfields * sizeof *fields);
    for (size_t i = 0; i < x->columns.len; i++)
        TRY(change(r, t, node_as(AlterObject, x->columns.at[i]), fields, err));
    t->schema = type_struct(r->arena, fields, t->schema->nfields);
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

Status command_alter_columns(Run *r, const AlterObject *x, Error *err)
{
    static const char *const operations[][3] = {
        { "ADD COLUMNS", "ALTER TABLE ... ADD COLUMNS", NULL },
        { "ALTER COLUMN", "ALTER TABLE ... CHANGE COLUMN", NULL },
        { "REPLACE COLUMNS", "ALTER TABLE ... REPLACE COLUMNS", "REPLACE COLUMNS" },
        { "DROP COLUMNS", "ALTER TABLE ... DROP COLUMNS", "DROP COLUMN" },
        { "RENAME COLUMN", "ALTER TABLE ... RENAME COLUMN", "RENAME COLUMN" },
    };
    CatalogTable t;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (!str_eq(operations[i][0], x->action))
            continue;
        TRY(command_target_table(r, &x->name, operations[i][1], &t, err));
        if (operations[i][2])
            return command_table_unsupported(r, &t, operations[i][2], err);
        return i == 0 ? add_columns(r, x, &t, err) : change_columns(r, x, &t, err);
    }
    return command_unsupported(arena_printf(r->arena, "ALTER TABLE %s", x->action), err);
}
