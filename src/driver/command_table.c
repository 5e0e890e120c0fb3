/* driver/command_table.c -- CREATE TABLE, also LIKE and without columns. Source: CreateDataSourceTableCommand,
 * CreateTableLikeCommand, DataSourceAnalysis. */
#include "driver/command.h"

#include "back/duckdb/source.h"
#include "driver/jdbc_table.h"
#include "ir/error.h"
#include "ir/field.h"
#include "ir/source.h"

#include <jansson.h>

Status command_check_provider(Run *r, const char *format, const char **ret_format, Error *err)
{
    const char *name = format ? format : run_conf(r, "spark.sql.sources.default");
    const char *known = source_format(name);
    if (!known)
        return command_fail(err, "DATA_SOURCE_NOT_FOUND", "provider", name, NULL);
    *ret_format = known;
    return ST_OK;
}

Status command_partition_names(Run *r, const StrList *names, const NodeList *transforms, StrList *ret_names, Error *err)
{
    StrList all = { 0 };
    for (size_t i = 0; i < names->len; i++)
        vec_push(r->arena, &all, names->at[i]);
    for (size_t i = 0; i < transforms->len; i++) {
        const Node *x = transforms->at[i];
        if (!node_is(Attribute, x) || node_as(Attribute, x)->name.len != 1)
            return command_unsupported("a partition transform that is not a column", err);
        vec_push(r->arena, &all, node_as(Attribute, x)->name.at[0]);
    }
    *ret_names = all;
    return ST_OK;
}

static Status duplicate_columns(Run *r, const NodeList *columns, Error *err)
{
    bool exact = command_flag(r, "spark.sql.caseSensitive");
    for (size_t i = 0; i < columns->len; i++)
        for (size_t k = 0; k < i; k++) {
            const char *x = node_as(ColumnDefinition, columns->at[i])->name, *y = node_as(ColumnDefinition, columns->at[k])->name;
            if (exact ? str_eq(x, y) : str_ieq(x, y))
                return command_fail(err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(r->arena, lower_text(r->arena, x)), NULL);
        }
    return ST_OK;
}

static Status not_defined(Run *r, const char *kind, const char *name, const CatalogTable *t, const Type *schema, Error *err)
{
    str_auto columns = STR_INIT(1 << 16);
    for (size_t i = 0; i < schema->nfields; i++)
        str_addf(&columns, "%s%s", i ? ", " : "", sql_id(r->arena, schema->fields[i].name));
    return command_fail(err, "COLUMN_NOT_DEFINED_IN_TABLE", "colType", kind, "colName", sql_id(r->arena, name), "tableName",
                        catalog_table_id(r->arena, t), "tableCols", str_text(&columns), NULL);
}

static Status one_field(Run *r, const CatalogTable *t, const ColumnDefinition *d, Field *ret_field, Error *err)
{
    Field f = { .name = d->name, .type = d->of, .nullable = !d->not_null };
    f.metadata = d->comment ? field_set(r->arena, NULL, FIELD_COMMENT, d->comment) : NULL;
    if (d->generated_as && d->default_value)
        return command_fail(err, "GENERATED_COLUMN_WITH_DEFAULT_VALUE", "colName", sql_id(r->arena, d->name), "defaultValue",
                            command_text(r, d->default_value), "genExpr", command_text(r, d->generated_as), NULL);
    if (d->generated_as)
        return command_table_unsupported(r, t, "generated columns", err);
    if (d->default_value)
        TRY(command_default(r, "CREATE TABLE", d->default_value, &f, err));
    *ret_field = f;
    return ST_OK;
}

/* Columns as written, those of PARTITIONED BY last and in its order. */
static Status ordered(Run *r, const Field *fields, size_t n, CatalogTable *t, Error *err)
{
    Field *all = ARENA_ARRAY(r->arena, Field, n + 1);
    const Type *given = type_struct(r->arena, fields, n);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (!names_have(&t->partition_by, fields[i].name))
            all[at++] = fields[i];
    for (size_t k = 0; k < t->partition_by.len; k++) {
        size_t i = 0;
        while (i < n && !str_ieq(fields[i].name, t->partition_by.at[k]))
            i++;
        if (i == n)
            return not_defined(r, "partition", t->partition_by.at[k], t, given, err);
        for (size_t j = 0; j < k; j++)
            if (str_ieq(t->partition_by.at[j], t->partition_by.at[k]))
                return command_fail(err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(r->arena, fields[i].name), NULL);
        t->partition_by.at[k] = fields[i].name;
        all[at++] = fields[i];
    }
    if (n && t->partition_by.len == n)
        return command_fail(err, "ALL_PARTITION_COLUMNS_NOT_ALLOWED", NULL);
    for (size_t k = 0; k < t->bucket_by.len + t->sort_by.len; k++) {
        const char *name = k < t->bucket_by.len ? t->bucket_by.at[k] : t->sort_by.at[k - t->bucket_by.len];
        size_t i = 0;
        while (i < n && !str_ieq(fields[i].name, name))
            i++;
        if (i == n)
            return not_defined(r, k < t->bucket_by.len ? "bucket" : "sort", name, t, given, err);
    }
    t->schema = type_struct(r->arena, all, n);
    return ST_OK;
}

/* The columns of the files that are there already. */
static Status inferred(Run *r, CatalogTable *t, Error *err)
{
    if (t->partition_by.len)
        return command_fail(err, "SPECIFY_PARTITION_IS_NOT_ALLOWED", NULL);
    Node *bound;
    StrList paths = { 0 };
    bool exists = jdbc_table_is(t->format);
    if (!exists)
        TRY(lake_exists(driver_lake(r->driver), t->location, &exists, err));
    if (!exists && t->kind == CATALOG_MANAGED)
        return command_fail(err, "UNABLE_TO_INFER_SCHEMA", "format", str_eq(t->format, "parquet") ? "Parquet" : t->format, NULL);
    vec_push(r->arena, &paths, t->location);
    TRY(run_bind_node(r, node_new(r->arena, Read, .format = t->format, .paths = paths, .options = t->options), &bound, err));
    t->schema = bind_schema_type(r->arena, bound);
    const Type *partitions = node_is(Scan, bound) ? node_as(Scan, bound)->source->partition_schema : NULL;
    for (size_t i = 0; partitions && i < partitions->nfields; i++)
        vec_push(r->arena, &t->partition_by, partitions->fields[i].name);
    return ST_OK;
}

static Status columns(Run *r, const CreateTable *c, CatalogTable *t, Error *err)
{
    if (!c->columns.len)
        return inferred(r, t, err);
    TRY(duplicate_columns(r, &c->columns, err));
    Field *fields = ARENA_ARRAY(r->arena, Field, c->columns.len);
    for (size_t i = 0; i < c->columns.len; i++)
        TRY(one_field(r, t, node_as(ColumnDefinition, c->columns.at[i]), &fields[i], err));
    return ordered(r, fields, c->columns.len, t, err);
}

/* LIKE: columns, partitions and buckets of another table; of a view its columns. */
static Status like(Run *r, const CreateTable *c, CatalogTable *t, Error *err)
{
    Target from;
    TRY(command_target_any(r, &c->like, &from, err));
    if (from.kind == TARGET_TABLE) {
        t->schema = from.table.schema;
        t->partition_by = from.table.partition_by;
        t->bucket_by = from.table.bucket_by;
        t->sort_by = from.table.sort_by;
        t->buckets = from.table.buckets;
        if (!c->format) {
            t->format = from.table.format;
            t->options = from.table.options;
        }
        return ST_OK;
    }
    Node *bound;
    TRY(command_bound(r, &c->like, &bound, err));
    t->schema = bind_schema_type(r->arena, bound);
    return ST_OK;
}

static Status free_location(Run *r, const CatalogTable *t, Error *err)
{
    bool exists = false;
    if (t->kind != CATALOG_MANAGED)
        return ST_OK;
    TRY(lake_exists(driver_lake(r->driver), t->location, &exists, err));
    if (!exists)
        return ST_OK;
    return command_fail(err, "LOCATION_ALREADY_EXISTS", "location", t->location, "identifier", catalog_table_id(r->arena, t), NULL);
}

static Status place(Run *r, const CreateTable *c, CatalogTable *t, Error *err)
{
    const char *base, *given = c->location ? c->location : pairs_iget(&c->options, "path");
    KeyValueList options = { 0 };
    for (size_t i = 0; i < c->options.len; i++)
        if (!str_ieq(c->options.at[i].key, "path"))
            vec_push(r->arena, &options, c->options.at[i]);
    TRY(catalog_table_location(driver_catalog(r->driver), r->arena, t->database, t->name, &base, err));
    t->options = options;
    t->kind = given ? CATALOG_EXTERNAL : CATALOG_MANAGED;
    const char *slash = strrchr(base, '/');
    t->location = given ? command_location(r, given, arena_strn(r->arena, base, (size_t)(slash - base))) : base;
    return ST_OK;
}

Status command_clustering(Run *r, const char *json, StrList *ret_columns, Error *err)
{
    json_t *list = json ? json_loads(json, 0, NULL) : NULL, *parts, *part;
    size_t i, k;
    if (json && !json_is_array(list)) {
        json_decref(list);
        return FAIL(err, ST_INVALID, "the property " CLUSTERING " is no list of columns");
    }
    json_array_foreach(list, i, parts) {
        str_auto name = STR_INIT(1 << 16);
        json_array_foreach(parts, k, part)
            str_addf(&name, "%s%s", k ? "." : "", json_is_string(part) ? json_string_value(part) : "");
        vec_push(r->arena, ret_columns, str_arena(&name, r->arena));
    }
    json_decref(list);
    return ST_OK;
}

Status command_check_clustering(Run *r, const Type *schema, const char *json, Error *err)
{
    StrList columns = { 0 };
    TRY(command_clustering(r, json, &columns, err));
    for (size_t i = 0; i < columns.len; i++) {
        bool found = strchr(columns.at[i], '.') != NULL; /* a field of a struct */
        for (size_t k = 0; k < schema->nfields && !found; k++)
            found = str_ieq(schema->fields[k].name, columns.at[i]);
        if (!found)
            return command_fail(err, "_LEGACY_ERROR_TEMP_3060", "i", columns.at[i], "schema", schema_tree(r->arena, schema, 0), NULL);
    }
    return ST_OK;
}

Status command_create_table(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateTable *c = node_as(CreateTable, command);
    CatalogTable t = { .bucket_by = c->bucket_by, .sort_by = c->sort_by, .buckets = c->buckets, .properties = c->properties,
                       .comment = c->comment, .owner = r->session->user };
    *ret_rows = command_nothing(r);
    if (c->row_format)
        return command_unsupported("ROW FORMAT", err);
    TRY(command_new_name(r, &c->name, &t.database, &t.name, err));
    CatalogDatabase database;
    TRY(catalog_database(driver_catalog(r->driver), r->arena, t.database, &database, err));
    CatalogTable old;
    Error missing = ERROR_INIT;
    bool exists = catalog_table(driver_catalog(r->driver), r->arena, t.database, t.name, &old, &missing) == ST_OK;
    if (exists && c->if_not_exists)
        return ST_OK;
    t.database = lower_text(r->arena, t.database);
    t.name = lower_text(r->arena, t.name);
    if (c->operation)
        return command_table_unsupported(r, &t, c->operation, err);
    if (c->replace)
        return command_table_unsupported(r, &t, "REPLACE TABLE", err);
    TRY(command_check_provider(r, c->format, &t.format, err));
    TRY(command_partition_names(r, &c->partition_by, &c->transforms, &t.partition_by, err));
    TRY(place(r, c, &t, err));
    TRY(c->like.len ? like(r, c, &t, err) : columns(r, c, &t, err));
    TRY(command_check_clustering(r, t.schema, pairs_get(&t.properties, CLUSTERING), err));
    if (!exists)
        TRY(free_location(r, &t, err));
    return catalog_create_table(driver_catalog(r->driver), &t, false, err);
}
