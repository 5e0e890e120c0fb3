/* driver/catalog.c -- see catalog.h: Spark's errors and names over the documents of the data catalog. */
#include "driver/catalog.h"

#include "driver/catalog_document.h"
#include "driver/command_error.h"
#include "ir/error.h"

#include <stdlib.h>

struct Catalog {
    Metastore *metastore;
    char *warehouse;
};

Status catalog_open(Metastore *metastore, const char *warehouse_uri, Catalog **ret_catalog, Error *err)
{
    (void)err;
    Catalog *c = calloc(1, sizeof *c);
    char *warehouse = strdup(warehouse_uri);
    if (!c || !warehouse)
        abort();
    size_t n = strlen(warehouse);
    while (n > 1 && warehouse[n - 1] == '/')
        warehouse[--n] = '\0';
    *c = (Catalog){ metastore, warehouse };
    *ret_catalog = c;
    return ST_OK;
}

void catalog_close(Catalog *c)
{
    if (!c)
        return;
    metastore_close(c->metastore);
    free(c->warehouse);
    free(c);
}

const char *catalog_warehouse(const Catalog *c)
{
    return c->warehouse;
}

/* ---- errors: the data catalog's by Spark's names */

static Status schema_not_found(const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return command_fail(err, "SCHEMA_NOT_FOUND", "schemaName", arena_printf(a, "`" CATALOG_NAME "`.%s", sql_id(a, name)), NULL);
}

static Status table_not_found(const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    StrList parts = { 0 };
    vec_push(a, &parts, database);
    vec_push(a, &parts, name);
    return catalog_not_found(a, &parts, err);
}

static Status table_exists(const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return command_fail(err, "TABLE_OR_VIEW_ALREADY_EXISTS", "relationName",
                        arena_printf(a, "%s.%s", sql_id(a, database), sql_id(a, name)), NULL);
}

/* A table that is missing, or its database. */
static Status missing(Catalog *c, Status status, const char *database, const char *name, const Error *why, Error *err)
{
    arena_auto *a = arena_new();
    MetaDatabase d;
    Error ignored = ERROR_INIT;
    if (status == ST_OK)
        return ST_OK;
    if (status == ST_CONFLICT && str_eq(why->code, "AlreadyExistsException"))
        return table_exists(database, name, err);
    if (status != ST_NOT_FOUND) {
        if (err)
            *err = *why;
        return status;
    }
    return metastore_database(c->metastore, a, database, &d, &ignored) == ST_OK ? table_not_found(database, name, err)
                                                                              : schema_not_found(database, err);
}

/* ---- databases */

Status catalog_database(Catalog *c, Arena *a, const char *name, CatalogDatabase *ret_database, Error *err)
{
    MetaDatabase m;
    Error why = ERROR_INIT;
    Status status = metastore_database(c->metastore, a, name, &m, &why);
    if (status == ST_NOT_FOUND)
        return schema_not_found(name, err);
    if (status != ST_OK && err)
        *err = why;
    TRY(status);
    *ret_database = document_database(a, &m, c->warehouse);
    return ST_OK;
}

Status catalog_databases(Catalog *c, Arena *a, StrList *ret_names, Error *err)
{
    MetaDatabaseList list;
    StrList names = { 0 };
    TRY(metastore_databases(c->metastore, a, &list, err));
    for (size_t i = 0; i < list.len; i++)
        vec_push(a, &names, list.at[i].name);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_database(Catalog *c, const CatalogDatabase *database, bool if_not_exists, Error *err)
{
    arena_auto *a = arena_new();
    CatalogDatabase d = *database;
    Error why = ERROR_INIT;
    if (!d.location)
        d.location = arena_printf(a, "%s/%s.db", c->warehouse, lower_text(a, d.name));
    Status status = metastore_create_database(c->metastore, document_of_database(a, &d), &why);
    if (status == ST_CONFLICT)
        return if_not_exists ? ST_OK
                             : command_fail(err, "SCHEMA_ALREADY_EXISTS", "schemaName",
                                            arena_printf(a, "`" CATALOG_NAME "`.%s", sql_id(a, d.name)), NULL);
    if (status != ST_OK && err)
        *err = why;
    return status;
}

Status catalog_alter_database(Catalog *c, const CatalogDatabase *database, Error *err)
{
    arena_auto *a = arena_new();
    return metastore_update_database(c->metastore, database->name, document_of_database(a, database), err);
}

Status catalog_drop_database(Catalog *c, const char *name, bool if_exists, bool cascade, Error *err)
{
    arena_auto *a = arena_new();
    StrList tables = { 0 }, functions = { 0 };
    Error why = ERROR_INIT;
    Status status = catalog_tables(c, a, name, &tables, &why);
    if (status == ST_NOT_FOUND && if_exists)
        return ST_OK;
    if (status == ST_OK)
        status = catalog_functions(c, a, name, &functions, &why);
    if (status != ST_OK && err)
        *err = why;
    TRY(status);
    if ((tables.len || functions.len) && !cascade)
        return command_fail(err, "SCHEMA_NOT_EMPTY", "schemaName", sql_id(a, name), NULL);
    return metastore_drop_database(c->metastore, name, err);
}

/* A renamed table keeps its place: the next one of its old name gets another. */
Status catalog_table_location(Catalog *c, Arena *a, const char *database, const char *name, const char **ret_uri, Error *err)
{
    CatalogDatabase d;
    MetaTableList tables;
    TRY(catalog_database(c, a, database, &d, err));
    TRY(metastore_tables(c->metastore, a, database, &tables, err));
    const char *uri = arena_printf(a, "%s/%s", d.location, lower_text(a, name));
    for (size_t i = 0, n = 1; i < tables.len; i++) {
        const char *taken = val_str(val_get(tables.at[i].input, "StorageDescriptor"), "Location");
        if (!str_eq(taken, uri) || str_ieq(tables.at[i].name, name))
            continue;
        uri = arena_printf(a, "%s/%s-%zu", d.location, lower_text(a, name), ++n);
        i = (size_t)-1;
    }
    *ret_uri = uri;
    return ST_OK;
}

/* ---- tables */

Status catalog_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, Error *err)
{
    MetaTable m;
    Error why = ERROR_INIT;
    Status status = metastore_table(c->metastore, a, database, name, &m, &why);
    if (status != ST_OK)
        return missing(c, status, database, name, &why, err);
    return document_table(a, &m, ret_table, err);
}

Status catalog_listed_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, bool *ret_found, Error *err)
{
    MetaTable m;
    Error why = ERROR_INIT;
    Status status = metastore_table(c->metastore, a, database, name, &m, &why);
    *ret_found = status == ST_OK;
    if (status == ST_OK)
        return document_table(a, &m, ret_table, err);
    return status == ST_NOT_FOUND ? ST_OK : missing(c, status, database, name, &why, err);
}

Status catalog_tables(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err)
{
    MetaTableList list;
    StrList names = { 0 };
    Error why = ERROR_INIT;
    Status status = metastore_tables(c->metastore, a, database, &list, &why);
    if (status == ST_NOT_FOUND)
        return schema_not_found(database, err);
    if (status != ST_OK && err)
        *err = why;
    TRY(status);
    for (size_t i = 0; i < list.len; i++)
        if (!str_starts(list.at[i].name, CATALOG_STAGED))
            vec_push(a, &names, list.at[i].name);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_table(Catalog *c, const CatalogTable *table, bool replace, Error *err)
{
    arena_auto *a = arena_new();
    Error why = ERROR_INIT;
    Val *document = document_of_table(a, table);
    Status status = metastore_create_table(c->metastore, table->database, document, &why);
    if (status == ST_CONFLICT && replace)
        return metastore_update_table(c->metastore, table->database, table->name, document, true, -1, err);
    return missing(c, status, table->database, table->name, &why, err);
}

Status catalog_alter_table(Catalog *c, const CatalogTable *table, Error *err)
{
    arena_auto *a = arena_new();
    Error why = ERROR_INIT;
    Status status = metastore_update_table(c->metastore, table->database, table->name, document_of_table(a, table), false, -1, &why);
    return missing(c, status, table->database, table->name, &why, err);
}

Status catalog_drop_table(Catalog *c, const char *database, const char *name, Error *err)
{
    Error why = ERROR_INIT;
    return missing(c, metastore_drop_table(c->metastore, database, name, &why), database, name, &why, err);
}

Status catalog_rename_table(Catalog *c, const char *database, const char *name, const char *new_name, Error *err)
{
    arena_auto *a = arena_new();
    MetaTable m;
    Error why = ERROR_INIT;
    Status status = metastore_table(c->metastore, a, database, name, &m, &why);
    if (status != ST_OK)
        return missing(c, status, database, name, &why, err);
    Val *renamed = val_map(a);
    for (size_t i = 0; i < m.input->len; i++)
        val_set(a, renamed, m.input->names[i], m.input->items[i]);
    val_set_str(a, renamed, "Name", lower_text(a, new_name));
    status = metastore_update_table(c->metastore, database, name, renamed, false, -1, &why);
    return status == ST_CONFLICT ? table_exists(database, new_name, err) : missing(c, status, database, name, &why, err);
}

/* ---- partitions */

Status catalog_partitions(Catalog *c, Arena *a, const CatalogTable *table, CatalogPartitionList *ret_partitions, Error *err)
{
    MetaPartitionList list;
    CatalogPartitionList partitions = { 0 };
    TRY(metastore_partitions(c->metastore, a, table->database, table->name, &list, err));
    for (size_t i = 0; i < list.len; i++)
        vec_push(a, &partitions, document_partition(a, &list.at[i]));
    *ret_partitions = partitions;
    return ST_OK;
}

Status catalog_add_partitions(Catalog *c, const CatalogTable *table, const CatalogPartitionList *partitions, bool if_not_exists,
                              Error *err)
{
    arena_auto *a = arena_new();
    Val *list = val_list(a);
    for (size_t i = 0; i < partitions->len; i++)
        val_push(a, list, document_of_partition(a, table, &partitions->at[i]));
    return partitions->len ? metastore_add_partitions(c->metastore, table->database, table->name, list, if_not_exists, err) : ST_OK;
}

Status catalog_alter_partition(Catalog *c, const CatalogTable *table, const CatalogPartition *partition, Error *err)
{
    arena_auto *a = arena_new();
    StrList values = document_values(a, &partition->values);
    return metastore_update_partition(c->metastore, table->database, table->name, &values, document_of_partition(a, table, partition),
                                      err);
}

Status catalog_drop_partition(Catalog *c, const CatalogTable *table, const StrList *values, Error *err)
{
    arena_auto *a = arena_new();
    StrList kept = document_values(a, values);
    return metastore_drop_partition(c->metastore, table->database, table->name, &kept, err);
}

/* ---- functions */

static Status function_missing(Status status, const char *database, const char *name, const Error *why, Error *err)
{
    arena_auto *a = arena_new();
    if (status == ST_NOT_FOUND)
        return command_fail(err, "ROUTINE_NOT_FOUND", "routineName", arena_printf(a, "%s.%s", sql_id(a, database), sql_id(a, name)), NULL);
    if (status != ST_OK && err)
        *err = *why;
    return status;
}

Status catalog_function(Catalog *c, Arena *a, const char *database, const char *name, CatalogFunction *ret_function, Error *err)
{
    MetaFunction m;
    Error why = ERROR_INIT;
    Status status = metastore_function(c->metastore, a, database, name, &m, &why);
    if (status != ST_OK)
        return function_missing(status, database, name, &why, err);
    *ret_function = document_function(a, &m);
    return ST_OK;
}

Status catalog_functions(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err)
{
    MetaFunctionList list;
    StrList names = { 0 };
    TRY(metastore_functions(c->metastore, a, database, &list, err));
    for (size_t i = 0; i < list.len; i++)
        vec_push(a, &names, list.at[i].name);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_function(Catalog *c, const CatalogFunction *function, bool replace, Error *err)
{
    arena_auto *a = arena_new();
    Error why = ERROR_INIT;
    Val *document = document_of_function(a, function);
    Status status = metastore_create_function(c->metastore, function->database, document, &why);
    if (status == ST_CONFLICT && replace)
        return metastore_update_function(c->metastore, function->database, function->name, document, err);
    if (status == ST_CONFLICT)
        return command_fail(err, "ROUTINE_ALREADY_EXISTS", "routineName",
                            arena_printf(a, "%s.%s", sql_id(a, function->database), sql_id(a, function->name)), "newRoutineType",
                            "routine", "existingRoutineType", "routine", NULL);
    return status == ST_NOT_FOUND ? schema_not_found(function->database, err)
                                  : function_missing(status, function->database, function->name, &why, err);
}

Status catalog_drop_function(Catalog *c, const char *database, const char *name, Error *err)
{
    Error why = ERROR_INIT;
    return function_missing(metastore_drop_function(c->metastore, database, name, &why), database, name, &why, err);
}
