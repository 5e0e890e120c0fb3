/* driver/command_drop.c -- DROP and TRUNCATE. Source: DropTableCommand, TruncateTableCommand.
 *
 * The catalog's row goes first, then the files: a drop that is killed between leaves files that no table names. */
#include "driver/command.h"
#include "driver/jdbc_table.h"

#include "ir/error.h"

static Status remove_files(Run *r, const char *uri, Error *err)
{
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), uri, &exists, err));
    return exists ? lake_remove(driver_lake(r->driver), uri, err) : ST_OK;
}

static Status remove_table(Run *r, const CatalogTable *t, Error *err)
{
    CatalogPartitionList partitions = { 0 };
    if (t->kind == CATALOG_MANAGED && t->partition_by.len)
        TRY(catalog_partitions(driver_catalog(r->driver), r->arena, t, &partitions, err));
    TRY(catalog_drop_table(driver_catalog(r->driver), t->database, t->name, err));
    if (t->kind != CATALOG_MANAGED)
        return ST_OK;
    for (size_t i = 0; i < partitions.len; i++) /* also those with a LOCATION of their own */
        if (!str_starts(partitions.at[i].location, t->location))
            TRY(remove_files(r, partitions.at[i].location, err));
    return remove_files(r, t->location, err);
}

static Status drop_temporary(Run *r, const Target *t)
{
    if (t->kind == TARGET_GLOBAL_VIEW) {
        driver_drop_global_view(r->driver, t->name);
        return ST_OK;
    }
    session_lock(r->session);
    entries_remove(&r->session->views, t->name);
    session_unlock(r->session);
    return ST_OK;
}

static Status drop_table(Run *r, const DropObject *d, Error *err)
{
    bool view = str_ieq(d->what, "VIEW");
    Target t;
    const char *database, *name;
    TRY(command_new_name(r, &d->name, &database, &name, err));
    TRY(command_target(r, &d->name, &t, err));
    if (t.kind == TARGET_NONE)
        return d->if_exists ? ST_OK : catalog_not_found(r->arena, &d->name, err);
    if (t.kind == TARGET_TEMP_VIEW || t.kind == TARGET_GLOBAL_VIEW)
        return drop_temporary(r, &t);
    if (view && t.kind == TARGET_TABLE)
        return command_fail(err, "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", "tableName", catalog_table_id(r->arena, &t.table), "operation",
                            "DROP VIEW", NULL);
    if (!view && t.kind == TARGET_VIEW)
        return command_fail(err, "WRONG_COMMAND_FOR_OBJECT_TYPE", "operation", "DROP TABLE", "requiredType", "EXTERNAL or MANAGED",
                            "objectName", arena_printf(r->arena, CATALOG_NAME ".%s.%s", t.database, t.name), "foundType", "VIEW",
                            "alternative", "DROP VIEW", NULL);
    return remove_table(r, &t.table, err);
}

static Status drop_database(Run *r, const DropObject *d, Error *err)
{
    const char *name;
    CatalogDatabase database;
    Error missing = ERROR_INIT;
    TRY(command_namespace(r, &d->name, &name, err));
    if (catalog_database(driver_catalog(r->driver), r->arena, name, &database, &missing) != ST_OK)
        return d->if_exists ? ST_OK : catalog_database(driver_catalog(r->driver), r->arena, name, &database, err);
    if (str_ieq(name, "default"))
        return command_fail(err, "UNSUPPORTED_FEATURE.DROP_DATABASE", "database", "`spark_catalog`.`default`", NULL);
    StrList tables = { 0 };
    if (d->cascade)
        TRY(catalog_tables(driver_catalog(r->driver), r->arena, name, &tables, err));
    for (size_t i = 0; i < tables.len; i++) {
        CatalogTable t;
        bool found;
        TRY(catalog_listed_table(driver_catalog(r->driver), r->arena, name, tables.at[i], &t, &found, err));
        if (found)
            TRY(remove_table(r, &t, err));
    }
    TRY(catalog_drop_database(driver_catalog(r->driver), name, d->if_exists, d->cascade, err));
    return remove_files(r, database.location, err);
}

Status command_drop(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DropObject *d = node_as(DropObject, command);
    *ret_rows = command_nothing(r);
    if (str_ieq(d->what, "TABLE") || str_ieq(d->what, "VIEW"))
        return drop_table(r, d, err);
    if (str_ieq(d->what, "FUNCTION"))
        return command_drop_function(r, d, err);
    if (str_ieq(d->what, "DATABASE") || str_ieq(d->what, "SCHEMA") || str_ieq(d->what, "NAMESPACE"))
        return drop_database(r, d, err);
    return command_unsupported(arena_printf(r->arena, "DROP %s", d->what), err);
}

/* TRUNCATE keeps partitions registered, as Spark does, and empties them. */
Status command_truncate(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Truncate *x = node_as(Truncate, command);
    CatalogTable t;
    CatalogPartitionList partitions;
    PartitionSpec spec = { 0 };
    *ret_rows = command_nothing(r);
    TRY(command_target_table(r, &x->table, "TRUNCATE TABLE", &t, err));
    if (jdbc_table_is(t.format))
        return command_table_unsupported(r, &t, "TRUNCATE TABLE", err);
    if (t.kind == CATALOG_EXTERNAL)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1266", "tableIdentWithDB", catalog_table_id(r->arena, &t), NULL);
    if (x->partition_values.len && !t.partition_by.len)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1267", "tableIdentWithDB", catalog_table_id(r->arena, &t), NULL);
    if (!t.partition_by.len)
        return remove_files(r, t.location, err);
    if (x->partition_values.len)
        TRY(command_partition_spec(r, &t, &x->partition_values, false, &spec, err));
    TRY(command_partitions(r, &t, x->partition_values.len ? &spec : NULL, &partitions, err));
    if (x->partition_values.len && !partitions.len && spec.ngiven == t.partition_by.len)
        return command_partitions_missing(r, &t, spec.values, err);
    for (size_t i = 0; i < partitions.len; i++)
        TRY(remove_files(r, partitions.at[i].location, err));
    return ST_OK;
}
