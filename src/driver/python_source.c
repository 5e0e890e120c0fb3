/* driver/python_source.c -- see python_source.h. */
#include "driver/python_source.h"

#include "base/limits.h"
#include "driver/keep.h"
#include "driver/udf_ask.h"
#include "ir/enums.h"
#include "ir/error.h"

enum { MAP_ARROW_ITER = 207, BATCH_ROWS = 10000 }; /* PythonEvalType; spark.sql.execution.arrow.maxRecordsPerBatch */

Status python_source_register(Run *r, const Spark__Connect__CommonInlineUserDefinedDataSource *m, Error *err)
{
    const Spark__Connect__PythonDataSource *p = m ? m->python_data_source : NULL;
    if (!p || !m->name || !*m->name)
        return FAIL_CODE(err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. A data source is missing.");
    KeptPlan *kept = keep_plan(node_new(r->arena, PythonUdf, .name = m->name, .python_version = p->python_ver,
                                        .command = base64_encode(r->arena, p->command.data, p->command.len)));
    session_lock(r->session);
    entries_set(&r->session->data_sources, m->name, kept);
    session_unlock(r->session);
    return ST_OK;
}

const PythonUdf *python_source_find(Run *r, Arena *a, const char *format)
{
    session_lock(r->session);
    KeptPlan *kept = r->session->data_sources.len ? entries_find(&r->session->data_sources, format) : NULL;
    const Node *found = kept ? kept_plan_use(kept, a) : NULL;
    session_unlock(r->session);
    return found ? node_as(PythonUdf, found) : NULL;
}

/* ---------------------------------------------------------------- what is asked */
static Status failed(Arena *a, const json_t *answer, const char *action, const char *type, Error *err)
{
    const char *text = udf_refused(a, answer);
    return !text ? ST_OK
                 : spark_error(err, NULL, "PYTHON_DATA_SOURCE_ERROR", "38000", "Failed to <action> Python data source <type>: <msg>",
                               "action", action, "type", type, "msg", text, NULL);
}

static json_t *options_json(const KeyValueList *options)
{
    json_t *object = json_object();
    for (size_t i = 0; i < options->len; i++)
        if (options->at[i].value)
            json_object_set_new(object, options->at[i].key, json_string(options->at[i].value));
    return object;
}

static json_t *schema_json(const Type *schema)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(schema, &text);
    return json_string(str_text(&text));
}

static const char *answer_text(Arena *a, const json_t *answer, const char *key)
{
    return arena_str(a, json_string_value(json_object_get(answer, key)));
}

/* load("a"), load(["a", "b"]): the option path, or paths as JSON (DataSourceV2Utils.getOptionsWithPaths). */
static KeyValueList with_paths(Arena *a, const KeyValueList *options, const StrList *paths)
{
    KeyValueList all = { 0 };
    for (size_t i = 0; i < options->len; i++)
        vec_push(a, &all, options->at[i]);
    if (paths->len == 1) {
        vec_push(a, &all, (KeyValue){ "path", paths->at[0] });
    } else if (paths->len) {
        json_t *list = json_array();
        for (size_t i = 0; i < paths->len; i++)
            json_array_append_new(list, json_string(paths->at[i]));
        char *text = json_dumps(list, JSON_COMPACT);
        vec_push(a, &all, (KeyValue){ "paths", arena_str(a, text ? text : "[]") });
        free(text);
        json_decref(list);
    }
    return all;
}

/* ---------------------------------------------------------------- reading */
static Status source_schema(Run *r, Arena *a, const json_t *answer, const Type **ret, Error *err)
{
    const char *text = answer_text(a, answer, "schema");
    if (!json_is_true(json_object_get(answer, "is_ddl")))
        return type_from_json(a, text, ret, err);
    TRY(environment_schema(r, text, ret, err));
    if ((*ret)->kind != TYPE_STRUCT)
        return command_fail(err, "INVALID_SCHEMA.NON_STRUCT_TYPE", "inputSchema", arena_printf(a, "\"%s\"", text), "dataType",
                            type_sql_text(a, *ret), NULL);
    return ST_OK;
}

Status python_source_read(Run *r, Arena *a, const PythonUdf *source, const Read *read, Node **ret_scan, Error *err)
{
    KeyValueList options = with_paths(a, &read->options, &read->paths);
    const Type *schema = read->user_schema;
    json_t *answer = NULL;
    if (!schema && read->schema_text)
        TRY(environment_schema(r, read->schema_text, &schema, err));
    TRY(udf_ask(r, json_pack("{s:s, s:s, s:o, s:o}", "question", "create", "provider", source->name, "schema",
                             schema ? schema_json(schema) : json_null(), "options", options_json(&options)),
                source->command, source->python_version, NULL, &answer, err));
    Status status = failed(a, answer, "create", "instance", err);
    if (status == ST_OK)
        status = source_schema(r, a, answer, &schema, err);
    if (status == ST_OK)
        *ret_scan = node_new(a, PythonScan, .name = source->name, .source = answer_text(a, answer, "source"),
                             .python_version = source->python_version, .of = schema);
    json_decref(answer);
    return status;
}

static bool flag(Run *r, const char *key)
{
    return str_ieq(run_conf(r, key), "true");
}

Status python_source_plan(void *run, Arena *a, const PythonScan *scan, PythonUdf **ret_function, StrList *ret_partitions, Error *err)
{
    Run *r = run;
    json_t *answer = NULL, *each;
    size_t i;
    int64_t rows = 0;
    const char *batch_rows = run_conf(r, "spark.sql.execution.arrow.maxRecordsPerBatch");
    if (!batch_rows || !str_to_i64(batch_rows, &rows) || rows <= 0)
        rows = BATCH_ROWS;
    TRY(udf_ask(r, json_pack("{s:s, s:o, s:I, s:b, s:b}", "question", "plan_read", "schema", schema_json(scan->of), "batch_rows",
                             (json_int_t)rows, "pushdown", flag(r, "spark.sql.python.filterPushdown.enabled"), "binary_as_bytes",
                             flag(r, "spark.sql.execution.pyspark.binaryAsBytes")),
                scan->source, scan->python_version, NULL, &answer, err));
    Status status = failed(a, answer, "initialize", "reader", err);
    if (status == ST_OK) {
        *ret_function = (PythonUdf *)(void *)node_new(a, PythonUdf, .name = scan->name, .eval_type = MAP_ARROW_ITER, .returns = scan->of,
                                                      .command = answer_text(a, answer, "command"), .python_version = scan->python_version);
        json_array_foreach(json_object_get(answer, "partitions"), i, each)
            vec_push(a, ret_partitions, arena_str(a, json_string_value(each)));
    }
    json_decref(answer);
    return status;
}

/* ---------------------------------------------------------------- writing */
static Status finish(Run *r, const PythonUdf *source, const char *writer, const UdfBatches *messages, int64_t n, bool abort, Error *err)
{
    json_t *answer = NULL;
    TRY(udf_ask(r, json_pack("{s:s, s:I, s:b}", "question", "commit", "messages", (json_int_t)n, "abort", abort), writer,
                source->python_version, messages, &answer, err));
    Status status = failed(r->arena, answer, abort ? "abort" : "commit", "write", err);
    json_decref(answer);
    return status;
}

/* Writes by `command`, then commits; what failed before is aborted. */
static Status write_rows(Run *r, const PythonUdf *source, const Node *input, const char *command, const char *writer, Error *err)
{
    Field *message = ARENA_NEW(r->arena, Field);
    *message = (Field){ .name = "message", .type = &type_binary, .nullable = true };
    PythonUdf *f = (PythonUdf *)(void *)node_new(r->arena, PythonUdf, .name = source->name, .eval_type = MAP_ARROW_ITER, .command = command,
                                                 .returns = type_struct(r->arena, message, 1), .python_version = source->python_version);
    Node *plan, *bound;
    UdfBatches messages = { 0 };
    int64_t n = 0;
    plan = node_new(r->arena, MapPartitions, .input = (Node *)(uintptr_t)input, .function = &f->node);
    Status status = run_bind_node(r, plan, &bound, err);
    if (status == ST_OK)
        status = udf_batches_of_plan(r, bound, &messages, &n, err);
    if (status == ST_OK) {
        status = finish(r, source, writer, &messages, n, false, err);
    } else {
        Error ignored = ERROR_INIT; /* the first failure is the one to tell */
        (void)finish(r, source, writer, NULL, 0, true, &ignored);
    }
    udf_batches_done(&messages);
    return status;
}

Status python_source_write(Run *r, const PythonUdf *source, const WriteFiles *w, Error *err)
{
    Arena *a = r->arena;
    StrList paths = { 0 };
    json_t *answer = NULL;
    if (w->mode != SAVE_APPEND && w->mode != SAVE_OVERWRITE)
        return command_fail(err, "UNSUPPORTED_DATA_SOURCE_SAVE_MODE", "source", source->name, "createMode",
                            w->mode == SAVE_IGNORE ? "\"Ignore\"" : "\"ErrorIfExists\"", NULL);
    if (w->partition_by.len || w->bucket_by.len || w->sort_by.len)
        return command_unsupported("partitionBy, bucketBy and sortBy of a Python data source", err);
    Node *input;
    TRY(run_bind_node(r, w->input, &input, err));
    if (w->path)
        vec_push(a, &paths, w->path);
    KeyValueList options = with_paths(a, &w->options, &paths);
    TRY(udf_ask(r, json_pack("{s:s, s:s, s:o, s:o, s:b, s:b}", "question", "plan_write", "provider", source->name, "schema",
                             schema_json(bind_schema_type(a, input)), "options", options_json(&options), "overwrite",
                             w->mode == SAVE_OVERWRITE, "binary_as_bytes", flag(r, "spark.sql.execution.pyspark.binaryAsBytes")),
                source->command, source->python_version, NULL, &answer, err));
    Status status = failed(a, answer, "plan", "write", err);
    if (status == ST_OK)
        status = write_rows(r, source, w->input, answer_text(a, answer, "command"), answer_text(a, answer, "writer"), err);
    json_decref(answer);
    return status;
}
