/* driver/command_write.c -- DataFrameWriter and INSERT: a query's rows become files below a path or in a table. Files are
 * written into a staging folder and committed by one call, so that an output is visible whole or not at all.
 * Source: DataFrameWriter, InsertIntoHadoopFsRelationCommand, CreateDataSourceTableAsSelectCommand. */
#include "driver/command.h"

#include "back/duckdb/sink.h"
#include "back/duckdb/source.h"
#include "driver/catalog.h"
#include "driver/uuid.h"
#include "ir/enums.h"

typedef struct Output {
    const Node *plan; /* bound */
    const char *format, *uri;
    StrList partition_by;
    const KeyValueList *options;
    LakeCommit how;
} Output;

static const char *option(const KeyValueList *options, const char *key)
{
    for (size_t i = options->len; i-- > 0;)
        if (str_ieq(options->at[i].key, key))
            return options->at[i].value;
    return NULL;
}

static Status stage_and_commit(Run *r, const Output *o, LakeStage *stage, Error *err)
{
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    char uuid[UUID_TEXT_BYTES];
    uuid_new(uuid);
    EmitOptions options = run_emit_options(r);
    SinkRequest request = { .plan = o->plan, .format = o->format, .folder = stage->folder, .uuid = uuid,
                            .partition_by = o->partition_by, .options = o->options };
    SinkFiles files = { 0 };
    TRY(sink_write(r->arena, engine, &options, &request, &files, err));
    if (r->execution && execution_is_interrupted(r->execution))
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    LakeOutputList outputs = { 0 };
    for (size_t i = 0; i < files.len; i++)
        vec_push(r->arena, &outputs, (LakeOutput){ .name = files.at[i].name, .rows = files.at[i].rows });
    const char *marker = run_conf(r, "mapreduce.fileoutputcommitter.marksuccessfuljobs");
    return lake_commit(driver_lake(r->driver), stage, o->how, &outputs, !str_ieq(marker, "false"), err);
}

static Status write_output(Run *r, const Output *o, Error *err)
{
    LakeStage *stage;
    TRY(lake_stage(driver_lake(r->driver), r->arena, o->uri, &stage, err));
    Status status = stage_and_commit(r, o, stage, err);
    if (status != ST_OK)
        lake_abort(driver_lake(r->driver), stage);
    return status;
}

static Status path_exists_error(const char *uri, Error *err)
{
    FAIL_CODE(err, ST_CONFLICT, "PATH_ALREADY_EXISTS",
              "Path %s already exists. Set mode as \"overwrite\" to overwrite the existing path.", uri);
    memcpy(err->sqlstate, "42K04", 6);
    error_param(err, "outputPath", uri);
    return ST_CONFLICT;
}

/* Does an overwrite replace only the partitions that it writes? */
static bool overwrites_partitions(Run *r, const KeyValueList *options, const StrList *partition_by)
{
    const char *mode = option(options, "partitionOverwriteMode");
    if (!mode)
        mode = run_conf(r, "spark.sql.sources.partitionOverwriteMode");
    return partition_by->len && str_ieq(mode, "dynamic");
}

static Status known_format(const char *format, Error *err)
{
    if (source_format(format))
        return ST_OK;
    FAIL_CODE(err, ST_NOT_FOUND, "DATA_SOURCE_NOT_FOUND",
              "Failed to find the data source: %s. Make sure the provider name is correct and the package is properly registered and "
              "compatible with your Spark version.", format);
    memcpy(err->sqlstate, "42K02", 6);
    error_param(err, "provider", format);
    return ST_NOT_FOUND;
}

Status command_write_files(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    Node *bound;
    TRY(run_bind_node(r, command, &bound, err));
    const WriteFiles *w = node_as(WriteFiles, bound);
    const char *format = w->format ? w->format : run_conf(r, "spark.sql.sources.default");
    *ret_rows = command_nothing(r);
    if (str_ieq(format, "noop")) { /* runs the query, keeps nothing */
        Rows *none;
        return run_collect(r, w->input, 0, &none, err);
    }
    TRY(known_format(format, err));
    if (w->bucket_by.len || w->sort_by.len) {
        FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1312", "'save' does not support bucketBy right now.");
        return ST_INVALID;
    }
    const char *uri = w->path ? w->path : option(&w->options, "path");
    if (!uri)
        return FAIL(err, ST_INVALID, "Expected exactly one path to be specified, but got: ");
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), uri, &exists, err));
    if (exists && w->mode == SAVE_ERROR)
        return path_exists_error(uri, err);
    if (exists && w->mode == SAVE_IGNORE)
        return ST_OK;
    Output o = { .plan = w->input, .format = source_format(format), .uri = uri, .partition_by = w->partition_by,
                 .options = &w->options, .how = LAKE_APPEND };
    if (w->mode == SAVE_OVERWRITE)
        o.how = overwrites_partitions(r, &w->options, &w->partition_by) ? LAKE_OVERWRITE_PARTITIONS : LAKE_OVERWRITE;
    else if (w->mode == SAVE_ERROR)
        o.how = LAKE_CREATE; /* also when another writer was faster */
    return write_output(r, &o, err);
}

/* ---- tables */

static Status table_exists_error(Run *r, const StrList *name, Error *err)
{
    const char *quoted = catalog_quoted(r->arena, name);
    FAIL_CODE(err, ST_CONFLICT, "TABLE_OR_VIEW_ALREADY_EXISTS",
              "Cannot create table or view %s because it already exists.\nChoose a different name, drop or replace the existing "
              "object, or add the IF NOT EXISTS clause to tolerate pre-existing objects.", quoted);
    memcpy(err->sqlstate, "42P07", 6);
    error_param(err, "relationName", quoted);
    return ST_CONFLICT;
}

/* The table's schema as it is created from a query: everything nullable, partition columns last. */
static const Type *table_schema(Run *r, const Type *rows, const StrList *partition_by)
{
    Field *fields = ARENA_ARRAY(r->arena, Field, rows->nfields + 1);
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < rows->nfields; i++) {
            bool partition = false;
            for (size_t k = 0; k < partition_by->len; k++)
                partition |= str_ieq(partition_by->at[k], rows->fields[i].name);
            if (partition != (pass == 1))
                continue;
            fields[n] = rows->fields[i];
            fields[n++].nullable = true;
        }
    return type_struct(r->arena, fields, n);
}

static Status create_as(Run *r, const WriteTable *w, const char *database, const char *name, bool replace, Error *err)
{
    const char *format = w->format ? w->format : run_conf(r, "spark.sql.sources.default");
    TRY(known_format(format, err));
    StrList partition_by = w->partition_by;
    for (size_t i = 0; i < w->transforms.len; i++) {
        const Node *t = w->transforms.at[i];
        if (!node_is(Attribute, t) || node_as(Attribute, t)->name.len != 1)
            return command_unsupported("a partition transform that is not a column", err);
        vec_push(r->arena, &partition_by, node_as(Attribute, t)->name.at[0]);
    }
    CatalogTable t = { .database = database, .name = name, .format = source_format(format), .partition_by = partition_by,
                       .options = w->options, .properties = w->properties, .owner = r->session->user };
    t.location = option(&w->options, "path");
    t.kind = t.location ? CATALOG_EXTERNAL : CATALOG_MANAGED;
    if (!t.location)
        TRY(catalog_table_location(driver_catalog(r->driver), r->arena, database, name, &t.location, err));
    t.schema = table_schema(r, bind_schema_type(r->arena, w->input), &partition_by);
    Output o = { .plan = w->input, .format = t.format, .uri = t.location, .partition_by = partition_by, .options = &w->options,
                 .how = replace || t.kind == CATALOG_MANAGED ? LAKE_OVERWRITE : LAKE_APPEND };
    TRY(write_output(r, &o, err));
    return catalog_create_table(driver_catalog(r->driver), &t, replace, err);
}

/* INSERT's query with the table's names and types, by position or by name. Bound again: Project(Cast …). */
static Status fit_to_table(Run *r, const WriteTable *w, const CatalogTable *t, Node **ret_plan, Error *err)
{
    const Type *have = bind_schema_type(r->arena, w->input);
    size_t n = t->schema->nfields;
    if (have->nfields != n) {
        FAIL_CODE(err, ST_INVALID, have->nfields < n ? "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                                                     : "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                  "Cannot write to `spark_catalog`.`%s`.`%s`, the reason is %s data columns: the table has %zu, the data %zu.",
                  t->database, t->name, have->nfields < n ? "not enough" : "too many", n, have->nfields);
        memcpy(err->sqlstate, "21S01", 6);
        return ST_INVALID;
    }
    NodeList exprs = { 0 };
    Column *columns = ARENA_ARRAY(r->arena, Column, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Field *want = &t->schema->fields[i];
        const Column *c = NULL;
        for (size_t k = 0, at = 0; k < w->input->schema->len && !c; k++) {
            const Column *x = &w->input->schema->at[k];
            if (!x->hidden && (w->by_name ? str_ieq(x->name, want->name) : at == i))
                c = x;
            at += !x->hidden;
        }
        if (!c) {
            FAIL_CODE(err, ST_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA",
                      "Cannot write incompatible data for the table `%s`: Cannot find data for the output column `%s`.", t->name,
                      want->name);
            memcpy(err->sqlstate, "KD000", 6);
            return ST_INVALID;
        }
        Node *x = node_new(r->arena, ColumnRef, .id = c->id, .name = c->name);
        x->type = c->type;
        x->nullable = c->nullable;
        if (!type_same(c->type, want->type)) {
            x = node_new(r->arena, Cast, .child = x, .to = want->type, .mode = CAST_ANSI);
            x->type = want->type;
            x->nullable = true;
        }
        StrList names = { 0 };
        vec_push(r->arena, &names, want->name);
        uint32_t id = 0x40000000u + (uint32_t)i;
        Node *alias = node_new(r->arena, Alias, .child = x, .names = names, .id = id);
        alias->type = x->type;
        alias->nullable = x->nullable;
        vec_push(r->arena, &exprs, alias);
        columns[i] = (Column){ .id = id, .name = want->name, .type = x->type, .nullable = x->nullable };
    }
    Schema *schema = ARENA_NEW(r->arena, Schema);
    *schema = (Schema){ columns, n };
    *ret_plan = node_new(r->arena, Project, .input = w->input, .exprs = exprs);
    (*ret_plan)->schema = schema;
    return ST_OK;
}

static Status insert_into(Run *r, const WriteTable *w, const CatalogTable *t, bool overwrite, Error *err)
{
    if (t->kind == CATALOG_VIEW)
        return command_unsupported("INSERT into a view", err);
    if (w->partition_values.len)
        return command_unsupported("INSERT with a PARTITION clause", err);
    if (w->overwrite_condition)
        return command_unsupported("overwrite with a condition", err);
    Node *plan;
    TRY(fit_to_table(r, w, t, &plan, err));
    Output o = { .plan = plan, .format = t->format, .uri = t->location, .partition_by = t->partition_by, .options = &t->options,
                 .how = LAKE_APPEND };
    if (overwrite)
        o.how = w->action == TABLE_OVERWRITE_PARTITIONS || overwrites_partitions(r, &w->options, &t->partition_by)
                    ? LAKE_OVERWRITE_PARTITIONS : LAKE_OVERWRITE;
    return write_output(r, &o, err);
}

Status command_write_table(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    Node *bound;
    TRY(run_bind_node(r, command, &bound, err));
    const WriteTable *w = node_as(WriteTable, bound);
    const char *database, *name;
    TRY(environment_table_name(r, &w->table, &database, &name, err));
    CatalogTable t;
    Error missing = ERROR_INIT;
    bool exists = catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, &missing) == ST_OK;
    *ret_rows = command_nothing(r);
    switch (w->action) {
    case TABLE_SAVE:
        if (exists && w->mode == SAVE_ERROR)
            return table_exists_error(r, &w->table, err);
        if (exists && w->mode == SAVE_IGNORE)
            return ST_OK;
        return exists && w->mode == SAVE_APPEND ? insert_into(r, w, &t, false, err)
                                                : create_as(r, w, database, name, exists, err);
    case TABLE_CREATE:
        if (exists)
            return w->if_not_exists ? ST_OK : table_exists_error(r, &w->table, err);
        return create_as(r, w, database, name, false, err);
    case TABLE_REPLACE:
        return exists ? create_as(r, w, database, name, true, err) : catalog_not_found(r->arena, &w->table, err);
    case TABLE_CREATE_OR_REPLACE:
        return create_as(r, w, database, name, exists, err);
    default:
        if (!exists)
            return catalog_not_found(r->arena, &w->table, err);
        return insert_into(r, w, &t, w->action != TABLE_INSERT || w->mode == SAVE_OVERWRITE, err);
    }
}
