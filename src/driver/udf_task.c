/* driver/udf_task.c -- a stage as python/weir_worker/task.py reads it. */
#include "driver/udf_internal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

enum { TABLE_FUNCTIONS = 300 }; /* PythonEvalType: from here on */

/* What Spark gives its workers (ArrowPythonRunner.getPythonRunnerConfMap), and what ours reads. */
static const char *const settings[] = {
    "spark.sql.session.timeZone",
    "spark.sql.execution.arrow.maxRecordsPerBatch",
    "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName",
    "spark.sql.execution.pandas.convertToArrowArraySafely",
    "spark.sql.execution.pythonUDF.pandas.intToDecimalCoercionEnabled",
    "spark.sql.execution.pythonUDF.arrow.concurrency.level",
    "spark.sql.execution.pyspark.binaryAsBytes",
    "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled",
    "spark.sql.execution.pyspark.udf.hideTraceback.enabled",
    "spark.sql.legacy.execution.pythonUDF.pandas.conversion.enabled",
    "spark.sql.legacy.execution.pythonUDTF.pandas.conversion.enabled",
};

json_t *udf_conf(Run *r)
{
    json_t *conf = json_object();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const char *value = run_conf(r, settings[i]);
        if (value)
            json_object_set_new(conf, settings[i], json_string(value));
    }
    return conf;
}

static json_t *conf_of(Run *r, const PythonStage *stage)
{
    json_t *conf = udf_conf(r);
    if (stage->window_bounds)
        json_object_set_new(conf, "window_bound_types", json_string(stage->window_bounds));
    return conf;
}

json_t *udf_path(Arena *a, Run *r)
{
    json_t *path = json_array();
    const char *files = conf_get_explicit(driver_conf(r->driver), "spark.submit.pyFiles"); /* where spark-submit laid them out */
    while (files && *files) {
        size_t n = strcspn(files, ",");
        json_array_append_new(path, json_stringn(files, n));
        files += n + (files[n] == ',');
    }
    const char *root = r->session->artifact_dir;
    if (!root || !path_exists(root))
        return path;
    char *folder = path_join(a, root, "pyfiles");
    json_array_append_new(path, json_string(folder));
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (str_ends(e->d_name, ".zip") || str_ends(e->d_name, ".egg") || str_ends(e->d_name, ".jar"))
            json_array_append_new(path, json_string(path_join(a, folder, e->d_name)));
    if (d)
        closedir(d);
    return path;
}

static json_t *function_of(const PythonFunction *f, bool plain)
{
    json_t *function = json_pack("{s:s}", "name", f->udf->name ? f->udf->name : ""), *list = json_array();
    for (size_t i = 0; i < f->noffsets; i++) {
        if (plain) {
            json_array_append_new(list, json_integer(f->offsets[i]));
            continue;
        }
        size_t first = f->noffsets - f->udf->args.len; /* a window's bounds come before its arguments */
        const char *name = i >= first && i - first < f->udf->arg_names.len ? f->udf->arg_names.at[i - first] : NULL;
        json_t *pair = json_array();
        json_array_append_new(pair, json_integer(f->offsets[i]));
        json_array_append_new(pair, name && *name ? json_string(name) : json_null());
        json_array_append_new(list, pair);
    }
    json_object_set_new(function, plain ? "offsets" : "args", list);
    return function;
}

static json_t *type_of(const Type *t)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(t, &text);
    return json_string(str_text(&text));
}

/* A STRUCT of the types of the functions' arguments, by the columns that they are in. */
static json_t *arguments_of(Arena *a, const PythonStage *s)
{
    Field *fields = ARENA_ARRAY(a, Field, (size_t)s->nargs + 1);
    for (int64_t i = 0; i < s->nargs; i++)
        fields[i] = s->input->fields[s->first_arg + i];
    return type_of(type_struct(a, fields, (size_t)s->nargs));
}

/* spark.sql.pyspark.udf.profiler: "perf" or "memory"; each function gets a number, by which spark.profile shows it. */
static void add_profiler(UdfRun *u, const PythonStage *s, json_t *task)
{
    const char *profiler = run_conf(u->run, "spark.sql.pyspark.udf.profiler");
    if (!profiler || !*profiler || s->functions[0].udf->eval_type >= TABLE_FUNCTIONS)
        return;
    json_t *ids = json_array();
    u->profiling = true;
    session_lock(u->run->session);
    for (size_t i = 0; i < s->nfunctions; i++)
        json_array_append_new(ids, json_integer((json_int_t)++u->run->session->profiled));
    session_unlock(u->run->session);
    json_object_set_new(task, "profiler", json_string(profiler));
    json_object_set_new(task, "result_ids", ids);
}

static json_t *task_json(Arena *a, UdfRun *u, const PythonStage *s)
{
    const PythonUdf *udf = s->functions[0].udf;
    bool plain = str_eq(s->kind, "map") || str_eq(s->kind, "group") || str_eq(s->kind, "cogroup") || str_eq(s->kind, "iter");
    json_t *functions = json_array();
    for (size_t i = 0; i < s->nfunctions; i++)
        json_array_append_new(functions, function_of(&s->functions[i], plain && udf->eval_type != 204 && udf->eval_type != 251));
    json_t *task = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b}", "kind", s->kind, "eval_type",
                             (json_int_t)udf->eval_type, "conf", conf_of(u->run, s), "path", udf_path(a, u->run), "functions",
                             functions, "output", type_of(s->output), "arguments", arguments_of(a, s), "keys", (json_int_t)s->keys,
                             "left", (json_int_t)s->left, "right", (json_int_t)s->right, "passed", (json_int_t)s->passed, "nargs",
                             (json_int_t)s->nargs, "arrow", udf->eval_type == 209 || udf->eval_type == 215);
    add_profiler(u, s, task);
    if (udf->returns)
        json_object_set_new(task, "returns", type_of(udf->returns));
    if (udf->python_version)
        json_object_set_new(task, "python_version", json_string(udf->python_version));
    json_t *partition_columns = json_array(), *tables = json_array();
    for (size_t i = 0; i < s->npartition_columns; i++)
        json_array_append_new(partition_columns, json_integer(s->partition_columns[i]));
    for (size_t i = 0; i < s->ntable_args; i++)
        json_array_append_new(tables, json_integer(s->table_args[i]));
    json_object_set_new(task, "partition_columns", partition_columns);
    json_object_set_new(task, "table_arguments", tables);
    return task;
}

static Status decode(Arena *a, const char *base64, View *ret_bytes, Error *err)
{
    void *bytes = NULL;
    size_t n = 0;
    if (!base64 || !base64_decode(a, base64, &bytes, &n))
        return FAIL(err, ST_INVALID, "a Python function without its command");
    *ret_bytes = (View){ bytes, n };
    return ST_OK;
}

Status udf_task_make(UdfRun *u, const PythonStage *s, UdfTask *ret_task, Error *err)
{
    Arena *a = u->arena;
    UdfTask task = { .ncommands = 0 };
    View *commands = ARENA_ARRAY(a, View, s->nfunctions + 1);
    for (size_t i = 0; i < s->nfunctions; i++)
        TRY(decode(a, s->functions[i].udf->command, &commands[task.ncommands++], err));
    if (s->analyzed)
        TRY(decode(a, s->analyzed, &commands[task.ncommands++], err));
    task.commands = commands;
    json_t *json = task_json(a, u, s);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!text)
        return FAIL(err, ST_INVALID, "a Python function's name or type is no UTF-8");
    task.rest = arena_str(a, text + 1);
    free(text);
    struct ArrowSchema schema = { 0 };
    TRY(engine_arrow_schema(s->input, &schema, err));
    ArrowBufferInit(&task.schema);
    Status status = arrow_encode(&schema, NULL, &task.schema, err);
    schema.release(&schema);
    if (status != ST_OK) {
        ArrowBufferReset(&task.schema);
        return status;
    }
    *ret_task = task;
    return ST_OK;
}

void udf_task_done(UdfTask *task)
{
    ArrowBufferReset(&task->schema);
}

void udf_task_queue(const UdfTask *task, UdfWorker *worker, int64_t partition)
{
    arena_auto *a = arena_new();
    char *text = arena_printf(a, "{\"partition\":%lld,%s", (long long)partition, task->rest);
    udf_worker_queue(worker, 'T', text, strlen(text));
    for (size_t i = 0; i < task->ncommands; i++)
        udf_worker_queue(worker, 'C', task->commands[i].data, task->commands[i].len);
    udf_worker_queue(worker, 'S', task->schema.data, (size_t)task->schema.size_bytes);
}
