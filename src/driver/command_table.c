/* driver/command_table.c -- CREATE TABLE, DROP, CREATE SCHEMA, TRUNCATE, ALTER … RENAME and properties.
 * Source: org.apache.spark.sql.execution.command.{tables,ddl}. */
#include "driver/command.h"

#include "back/duckdb/source.h"
#include "driver/catalog.h"

static const char *option(const KeyValueList *options, const char *key)
{
    for (size_t i = options->len; i-- > 0;)
        if (str_ieq(options->at[i].key, key))
            return options->at[i].value;
    return NULL;
}

static bool names_have(const StrList *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (str_ieq(names->at[i], name))
            return true;
    return false;
}

/* Columns as written, those of PARTITIONED BY last. */
static Status columns_type(Run *r, const CreateTable *c, const StrList *partition_by, const Type **ret, Error *err)
{
    Field *fields = ARENA_ARRAY(r->arena, Field, c->columns.len + 1);
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->columns.len; i++) {
            const ColumnDefinition *d = node_as(ColumnDefinition, c->columns.at[i]);
            if (d->default_value || d->generated_as)
                return command_unsupported("a column's DEFAULT or GENERATED ALWAYS AS", err);
            if (names_have(partition_by, d->name) == (pass == 1))
                fields[n++] = (Field){ .name = d->name, .type = d->of, .nullable = !d->not_null };
        }
    *ret = n ? type_struct(r->arena, fields, n) : NULL;
    return ST_OK;
}

Status command_create_table(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateTable *c = node_as(CreateTable, command);
    *ret_rows = command_nothing(r);
    if (c->like.len || c->bucket_by.len || c->row_format)
        return command_unsupported(c->like.len ? "CREATE TABLE LIKE" : c->row_format ? "ROW FORMAT" : "CLUSTERED BY", err);
    const char *database, *name;
    TRY(environment_table_name(r, &c->name, &database, &name, err));
    CatalogTable t;
    Error missing = ERROR_INIT;
    bool exists = catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, &missing) == ST_OK;
    if (exists && c->if_not_exists)
        return ST_OK;
    StrList partition_by = c->partition_by;
    for (size_t i = 0; i < c->transforms.len; i++) {
        const Node *x = c->transforms.at[i];
        if (!node_is(Attribute, x) || node_as(Attribute, x)->name.len != 1)
            return command_unsupported("a partition transform that is not a column", err);
        vec_push(r->arena, &partition_by, node_as(Attribute, x)->name.at[0]);
    }
    const char *format = c->format ? c->format : run_conf(r, "spark.sql.sources.default");
    if (!source_format(format))
        return command_unsupported(arena_printf(r->arena, "tables of the data source '%s'", format), err);
    t = (CatalogTable){ .database = database, .name = name, .format = source_format(format), .partition_by = partition_by,
                        .options = c->options, .properties = c->properties, .comment = c->comment, .owner = r->session->user };
    t.location = c->location ? c->location : option(&c->options, "path");
    t.kind = t.location ? CATALOG_EXTERNAL : CATALOG_MANAGED;
    if (!t.location)
        TRY(catalog_table_location(driver_catalog(r->driver), r->arena, database, name, &t.location, err));
    TRY(columns_type(r, c, &partition_by, &t.schema, err));
    return catalog_create_table(driver_catalog(r->driver), &t, c->replace, err);
}

static Status drop_table(Run *r, const DropObject *d, Error *err)
{
    bool view = str_ieq(d->what, "VIEW");
    const char *last = d->name.at[d->name.len - 1];
    if (d->name.len == 1) {
        session_lock(r->session);
        bool dropped = entries_remove(&r->session->views, last);
        session_unlock(r->session);
        if (dropped)
            return ST_OK;
    }
    if (d->name.len == 2 && str_ieq(d->name.at[0], run_conf(r, "spark.sql.globalTempDatabase"))) {
        bool dropped = driver_drop_global_view(r->driver, last);
        return dropped || d->if_exists ? ST_OK : catalog_not_found(r->arena, &d->name, err);
    }
    const char *database, *name;
    CatalogTable t;
    Error missing = ERROR_INIT;
    TRY(environment_table_name(r, &d->name, &database, &name, err));
    if (catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, &missing) != ST_OK)
        return d->if_exists ? ST_OK : catalog_not_found(r->arena, &d->name, err);
    if ((t.kind == CATALOG_VIEW) != view)
        return FAIL_CODE(err, ST_INVALID, view ? "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE" : "WRONG_COMMAND_FOR_OBJECT_TYPE",
                         "%s is a %s: use DROP %s.", catalog_quoted(r->arena, &d->name), view ? "table" : "view",
                         view ? "TABLE" : "VIEW");
    TRY(catalog_drop_table(driver_catalog(r->driver), database, name, err));
    if (t.kind != CATALOG_MANAGED)
        return ST_OK;
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), t.location, &exists, err));
    return exists ? lake_remove(driver_lake(r->driver), t.location, err) : ST_OK;
}

static Status drop_database(Run *r, const DropObject *d, Error *err)
{
    const char *name = d->name.at[d->name.len - 1];
    StrList tables = { 0 };
    Error missing = ERROR_INIT;
    if (d->cascade && catalog_tables(driver_catalog(r->driver), r->arena, name, &tables, &missing) == ST_OK)
        for (size_t i = 0; i < tables.len; i++) {
            StrList full = { 0 };
            vec_push(r->arena, &full, name);
            vec_push(r->arena, &full, tables.at[i]);
            CatalogTable t;
            TRY(catalog_table(driver_catalog(r->driver), r->arena, name, tables.at[i], &t, err));
            DropObject one = { .what = t.kind == CATALOG_VIEW ? "VIEW" : "TABLE", .name = full, .if_exists = true };
            TRY(drop_table(r, &one, err));
        }
    return catalog_drop_database(driver_catalog(r->driver), name, d->if_exists, d->cascade, err);
}

static Status drop_function(Run *r, const DropObject *d, Error *err)
{
    const char *name = d->name.at[d->name.len - 1];
    session_lock(r->session);
    bool dropped = entries_remove(&r->session->functions, name);
    session_unlock(r->session);
    if (dropped || d->if_exists)
        return ST_OK;
    FAIL_CODE(err, ST_NOT_FOUND, "ROUTINE_NOT_FOUND",
              "The routine `%s` cannot be found. Verify the spelling and correctness of the schema and catalog.", name);
    memcpy(err->sqlstate, "42883", 6);
    return ST_NOT_FOUND;
}

Status command_drop(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DropObject *d = node_as(DropObject, command);
    *ret_rows = command_nothing(r);
    if (str_ieq(d->what, "TABLE") || str_ieq(d->what, "VIEW"))
        return drop_table(r, d, err);
    if (str_ieq(d->what, "FUNCTION"))
        return drop_function(r, d, err);
    if (str_ieq(d->what, "DATABASE") || str_ieq(d->what, "SCHEMA") || str_ieq(d->what, "NAMESPACE"))
        return drop_database(r, d, err);
    return command_unsupported(arena_printf(r->arena, "DROP %s", d->what), err);
}

Status command_create_namespace(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateNamespace *c = node_as(CreateNamespace, command);
    *ret_rows = command_nothing(r);
    CatalogDatabase d = { .name = c->name.at[c->name.len - 1], .comment = c->comment, .location = c->location,
                          .properties = c->properties };
    return catalog_create_database(driver_catalog(r->driver), &d, c->if_not_exists, err);
}

Status command_truncate(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Truncate *t = node_as(Truncate, command);
    *ret_rows = command_nothing(r);
    if (t->partition_values.len)
        return command_unsupported("TRUNCATE TABLE … PARTITION", err);
    const char *database, *name;
    CatalogTable table;
    TRY(environment_table_name(r, &t->table, &database, &name, err));
    TRY(catalog_table(driver_catalog(r->driver), r->arena, database, name, &table, err));
    if (table.kind != CATALOG_MANAGED)
        return command_unsupported("TRUNCATE of a table that is not managed", err);
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), table.location, &exists, err));
    return exists ? lake_remove(driver_lake(r->driver), table.location, err) : ST_OK;
}

Status command_alter(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const AlterObject *x = node_as(AlterObject, command);
    *ret_rows = command_nothing(r);
    const char *database, *name;
    CatalogTable table;
    TRY(environment_table_name(r, &x->name, &database, &name, err));
    if (str_ieq(x->what, "TABLE") && str_ieq(x->action, "RENAME TO") && x->arguments.len) {
        TRY(catalog_table(driver_catalog(r->driver), r->arena, database, name, &table, err));
        return catalog_rename_table(driver_catalog(r->driver), database, name, x->arguments.at[x->arguments.len - 1], err);
    }
    if (str_ieq(x->what, "TABLE") && str_ieq(x->action, "SET TBLPROPERTIES")) {
        TRY(catalog_table(driver_catalog(r->driver), r->arena, database, name, &table, err));
        for (size_t i = 0; i < x->properties.len; i++)
            vec_push(r->arena, &table.properties, x->properties.at[i]);
        return catalog_create_table(driver_catalog(r->driver), &table, true, err);
    }
    return command_unsupported(arena_printf(r->arena, "ALTER %s %s", x->what, x->action), err);
}
