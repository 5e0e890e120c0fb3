/* driver/command_show.c -- SHOW and DESCRIBE. Source: ShowTablesExec, ShowNamespacesExec, DescribeTableExec,
 * DescribeQueryCommand, ShowFunctionsCommand. */
#include "driver/command.h"

#include "driver/catalog.h"
#include "ir/function.h"

static const Field table_fields[] = { { "namespace", &type_string, false, NULL },
                                      { "tableName", &type_string, false, NULL },
                                      { "isTemporary", &type_boolean, false, NULL } };
static const Field view_fields[] = { { "namespace", &type_string, false, NULL },
                                     { "viewName", &type_string, false, NULL },
                                     { "isTemporary", &type_boolean, false, NULL } };

static const char *database_of(Run *r, const StrList *name)
{
    if (name->len)
        return name->at[name->len - 1];
    session_lock(r->session);
    const char *current = arena_str(r->arena, r->session->database);
    session_unlock(r->session);
    return current;
}

static void add_table(Rows *rows, const char *database, const char *name, bool temporary)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(database);
    row[1] = rows_text(name);
    row[2] = rows_long(temporary);
}

static Status show_tables(Run *r, const Show *s, bool views, Rows **ret_rows, Error *err)
{
    const char *database = database_of(r, &s->name);
    Rows *rows = rows_new(r->arena, type_struct(r->arena, views ? view_fields : table_fields, 3));
    StrList names;
    TRY(catalog_tables(driver_catalog(r->driver), r->arena, database, &names, err));
    for (size_t i = 0; i < names.len; i++) {
        CatalogTable t;
        TRY(catalog_table(driver_catalog(r->driver), r->arena, database, names.at[i], &t, err));
        if (catalog_like(names.at[i], s->pattern) && (!views || t.kind == CATALOG_VIEW))
            add_table(rows, database, names.at[i], false);
    }
    session_lock(r->session);
    for (size_t i = 0; i < r->session->views.len; i++)
        if (catalog_like(r->session->views.at[i].name, s->pattern))
            add_table(rows, "", arena_str(r->arena, r->session->views.at[i].name), true);
    session_unlock(r->session);
    *ret_rows = rows;
    return ST_OK;
}

static Status show_databases(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "namespace", NULL };
    StrList names;
    TRY(catalog_databases(driver_catalog(r->driver), r->arena, &names, err));
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < names.len; i++)
        if (catalog_like(names.at[i], s->pattern))
            *rows_add(*ret_rows) = rows_text(names.at[i]);
    return ST_OK;
}

/* The bound plan of a table or view by name. */
static Status bound_relation(Run *r, const StrList *name, Node **ret_bound, Error *err)
{
    return run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = *name), ret_bound, err);
}

static Status show_columns(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "col_name", NULL };
    Node *bound;
    TRY(bound_relation(r, &s->name, &bound, err));
    const Type *schema = bind_schema_type(r->arena, bound);
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < schema->nfields; i++)
        *rows_add(*ret_rows) = rows_text(schema->fields[i].name);
    return ST_OK;
}

static Status show_properties(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "key", "value", NULL };
    const char *database, *name;
    CatalogTable t;
    TRY(environment_table_name(r, &s->name, &database, &name, err));
    TRY(catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, err));
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < t.properties.len; i++) {
        Value *row = rows_add(*ret_rows);
        row[0] = rows_text(t.properties.at[i].key);
        row[1] = rows_text(t.properties.at[i].value);
    }
    return ST_OK;
}

static Rows *show_functions(Run *r, const Show *s)
{
    static const char *const columns[] = { "function", NULL };
    Rows *rows = command_table(r, columns);
    const char *before = "";
    for (size_t i = 0; i < function_count(); i++) {
        const char *name = function_at(i)->name;
        if (!str_eq(name, before) && catalog_like(name, s->pattern))
            *rows_add(rows) = rows_text(name);
        before = name;
    }
    return rows;
}

static Rows *current_namespace(Run *r)
{
    static const char *const columns[] = { "catalog", "namespace", NULL };
    Rows *rows = command_table(r, columns);
    StrList none = { 0 };
    Value *row = rows_add(rows);
    row[0] = rows_text("spark_catalog");
    row[1] = rows_text(database_of(r, &none));
    return rows;
}

Status command_show(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const catalogs[] = { "catalog", NULL };
    const Show *s = node_as(Show, command);
    if (str_ieq(s->what, "TABLES") || str_ieq(s->what, "VIEWS"))
        return show_tables(r, s, str_ieq(s->what, "VIEWS"), ret_rows, err);
    if (str_ieq(s->what, "DATABASES") || str_ieq(s->what, "SCHEMAS") || str_ieq(s->what, "NAMESPACES"))
        return show_databases(r, s, ret_rows, err);
    if (str_ieq(s->what, "COLUMNS"))
        return show_columns(r, s, ret_rows, err);
    if (str_ieq(s->what, "TBLPROPERTIES"))
        return show_properties(r, s, ret_rows, err);
    if (str_ieq(s->what, "FUNCTIONS")) {
        *ret_rows = show_functions(r, s);
        return ST_OK;
    }
    if (str_ieq(s->what, "CURRENT NAMESPACE")) {
        *ret_rows = current_namespace(r);
        return ST_OK;
    }
    if (str_ieq(s->what, "CATALOGS")) {
        *ret_rows = command_table(r, catalogs);
        *rows_add(*ret_rows) = rows_text("spark_catalog");
        return ST_OK;
    }
    return command_unsupported(arena_printf(r->arena, "SHOW %s", s->what), err);
}

static const char *const describe_columns[] = { "col_name", "data_type", "comment", NULL };

static void add_column(Rows *rows, const char *name, const char *type, const char *comment)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(name);
    row[1] = rows_text(type);
    row[2] = rows_text(comment);
}

static void add_columns(Run *r, Rows *rows, const Type *schema)
{
    for (size_t i = 0; i < schema->nfields; i++)
        add_column(rows, schema->fields[i].name, type_catalog_text(r->arena, schema->fields[i].type), NULL);
}

static void add_partitions(Run *r, Rows *rows, const CatalogTable *t, const Type *schema)
{
    if (!t->partition_by.len)
        return;
    add_column(rows, "# Partition Information", "", "");
    add_column(rows, "# col_name", "data_type", "comment");
    for (size_t k = 0; k < t->partition_by.len; k++)
        for (size_t i = 0; i < schema->nfields; i++)
            if (str_ieq(schema->fields[i].name, t->partition_by.at[k]))
                add_column(rows, schema->fields[i].name, type_catalog_text(r->arena, schema->fields[i].type), NULL);
}

Status command_describe(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const database_columns[] = { "info_name", "info_value", NULL };
    const DescribeObject *d = node_as(DescribeObject, command);
    if (d->column.len || d->partition_values.len || d->as_json)
        return command_unsupported("DESCRIBE of one column or partition, or AS JSON", err);
    Node *bound;
    if (d->query) {
        TRY(run_bind_node(r, d->query, &bound, err));
        *ret_rows = command_table(r, describe_columns);
        add_columns(r, *ret_rows, bind_schema_type(r->arena, bound));
        return ST_OK;
    }
    if (str_ieq(d->what, "TABLE")) {
        TRY(bound_relation(r, &d->name, &bound, err));
        const Type *schema = bind_schema_type(r->arena, bound);
        *ret_rows = command_table(r, describe_columns);
        add_columns(r, *ret_rows, schema);
        const char *database, *name;
        CatalogTable t;
        Error missing = ERROR_INIT; /* a temporary view */
        if (environment_table_name(r, &d->name, &database, &name, &missing) == ST_OK &&
            catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, &missing) == ST_OK)
            add_partitions(r, *ret_rows, &t, schema);
        return ST_OK;
    }
    if (str_ieq(d->what, "DATABASE") || str_ieq(d->what, "SCHEMA") || str_ieq(d->what, "NAMESPACE")) {
        CatalogDatabase database;
        TRY(catalog_database(driver_catalog(r->driver), r->arena, database_of(r, &d->name), &database, err));
        *ret_rows = command_table(r, database_columns);
        const char *const info[][2] = { { "Catalog Name", "spark_catalog" }, { "Namespace Name", database.name },
                                        { "Comment", database.comment ? database.comment : "" }, { "Location", database.location } };
        for (size_t i = 0; i < sizeof info / sizeof *info; i++) {
            Value *row = rows_add(*ret_rows);
            row[0] = rows_text(info[i][0]);
            row[1] = rows_text(info[i][1]);
        }
        return ST_OK;
    }
    return command_unsupported(arena_printf(r->arena, "DESCRIBE %s", d->what), err);
}
