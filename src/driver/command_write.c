/* driver/command_write.c -- see command_write.h; and DataFrameWriter.save. Source: DataFrameWriter,
 * InsertIntoHadoopFsRelationCommand. */
#include "driver/command.h"

#include "back/duckdb/sink.h"
#include "back/duckdb/source.h"
#include "driver/command_write.h"
#include "driver/jdbc_table.h"
#include "driver/python_source.h"
#include "driver/uuid.h"
#include "ir/enums.h"

static Status stage_and_commit(Run *r, const WriteOutput *o, LakeStage *stage, SinkFiles *ret_files, Error *err)
{
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    char uuid[UUID_TEXT_BYTES];
    uuid_new(uuid);
    const Node *plan;
    TRY(run_prepare(r, o->plan, &plan, err));
    EmitOptions options = run_emit_options(r);
    SinkRequest request = { .plan = plan, .format = o->format, .folder = stage->folder, .uuid = uuid,
                            .partition_by = o->partition_by, .options = o->options, .to_path = o->to_path };
    SinkFiles files = { 0 };
    TRY(sink_write(r->arena, engine, &options, &request, &files, err));
    if (o->before_commit)
        TRY(o->before_commit(o->arg, &files, err));
    if (r->execution && execution_is_interrupted(r->execution))
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    LakeOutputList outputs = { 0 };
    for (size_t i = 0; i < files.len; i++)
        vec_push(r->arena, &outputs, (LakeOutput){ .name = files.at[i].name, .rows = files.at[i].rows });
    const char *marker = run_conf(r, "mapreduce.fileoutputcommitter.marksuccessfuljobs");
    TRY(lake_commit(driver_lake(r->driver), stage, o->how, &outputs, !str_ieq(marker, "false"), err));
    if (ret_files)
        *ret_files = files;
    return ST_OK;
}

Status command_write_output(Run *r, const WriteOutput *o, SinkFiles *ret_files, Error *err)
{
    LakeStage *stage;
    TRY(lake_stage(driver_lake(r->driver), r->arena, o->uri, &stage, err));
    Status status = stage_and_commit(r, o, stage, ret_files, err);
    if (status != ST_OK)
        lake_abort(driver_lake(r->driver), stage);
    return status;
}

/* Does an overwrite replace only the partitions that it writes? */
bool command_overwrites_partitions(Run *r, const KeyValueList *options, const StrList *partition_by)
{
    const char *mode = pairs_iget(options, "partitionOverwriteMode");
    if (!mode)
        mode = run_conf(r, "spark.sql.sources.partitionOverwriteMode");
    return partition_by->len && str_ieq(mode, "dynamic");
}

Status command_write_files(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    Node *bound;
    *ret_rows = command_nothing(r);
    const char *given = node_as(WriteFiles, command)->format;
    const PythonUdf *python = given && !source_format(given) ? python_source_find(r, r->arena, given) : NULL;
    if (python)
        return python_source_write(r, python, node_as(WriteFiles, command), err);
    TRY(run_bind_node(r, command, &bound, err));
    const WriteFiles *w = node_as(WriteFiles, bound);
    const char *format = w->format ? w->format : run_conf(r, "spark.sql.sources.default");
    if (str_ieq(format, "noop")) { /* runs the query, keeps nothing */
        Rows *none;
        return run_collect(r, w->input, 0, &none, err);
    }
    TRY(command_check_provider(r, format, &format, err));
    if (w->bucket_by.len || w->sort_by.len)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1312", "operation", "save", NULL);
    if (jdbc_table_is(format) && w->partition_by.len)
        return command_unsupported("partitionBy with JDBC", err);
    if (jdbc_table_is(format))
        return jdbc_table_write(r, w->input, &w->options, (int)w->mode, err);
    const char *uri = w->path ? w->path : pairs_iget(&w->options, "path");
    if (!uri)
        return FAIL(err, ST_INVALID, "Expected exactly one path to be specified, but got: ");
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), uri, &exists, err));
    if (exists && w->mode == SAVE_ERROR)
        return command_fail(err, "PATH_ALREADY_EXISTS", "outputPath", uri, NULL);
    if (exists && w->mode == SAVE_IGNORE)
        return ST_OK;
    WriteOutput o = { .plan = w->input, .format = format, .uri = uri, .partition_by = w->partition_by,
                 .options = &w->options, .how = LAKE_APPEND, .to_path = true };
    if (w->mode == SAVE_OVERWRITE)
        o.how = command_overwrites_partitions(r, &w->options, &w->partition_by) ? LAKE_OVERWRITE_PARTITIONS : LAKE_OVERWRITE;
    else if (w->mode == SAVE_ERROR)
        o.how = LAKE_CREATE; /* also when another writer was faster */
    return command_write_output(r, &o, NULL, err);
}
