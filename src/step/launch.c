/* step/launch.c -- a step's or bootstrap action's folder, its spec, and the supervisor that runs it. */
#include "base/file.h"
#include "base/str.h"
#include "step/environment.h"
#include "step/queue_private.h"
#include "step/shim.h"
#include "step/spec.h"

#include <jansson.h>

enum { CANCEL_GRACE_MS = 10000 };
static const int64_t MEMORY_MIN = 512LL << 20;

char *run_folder(StepQueue *q, Arena *a, const char *cluster, const char *id)
{
    return arena_printf(a, "%s/run/%s/%s", q->options.home, cluster, id);
}

/* What of the cluster one of its steps may have: an equal part for each that may run at once, within what the host has. */
static void share_of(StepQueue *q, int64_t memory_bytes, int64_t vcpus, int64_t concurrency, StepSpec *spec)
{
    int64_t most = q->host_memory_bytes / 10 * 8;
    int64_t memory = (memory_bytes < most ? memory_bytes : most) / concurrency;
    int64_t cores = vcpus / concurrency;
    spec->memory_bytes = memory > MEMORY_MIN ? memory : MEMORY_MIN;
    spec->driver_cores = cores < 1 ? 1 : cores > q->host_cores ? q->host_cores : cores;
    spec->driver_memory_bytes = spec->memory_bytes / 4 * 3;
    spec->cpu_milli = spec->driver_cores < q->host_cores ? spec->driver_cores * 1000 : 0;
}

static Status env_fill(StepQueue *q, Arena *a, const Active *active, const char *role, StepSpec *spec, Error *err)
{
    StepEnvironment e = { .place = &q->place, .id = active->id, .folder = active->folder,
                          .home_folder = run_folder(q, a, active->cluster, "home"), .endpoint = q->options.endpoint,
                          .region = q->options.region };
    TRY(q->options.hooks.credentials(q->options.hooks.self, a, role, active->id, &e.credentials, err));
    step_environment(a, &e, spec);
    step_environment_set(a, spec, "EMR_CLUSTER_ID", active->cluster);
    if (active->kind == ACTIVE_STEP)
        step_environment_set(a, spec, "EMR_STEP_ID", active->id);
    return ST_OK;
}

static void json_list(Arena *a, const char *text, StrList *ret_list)
{
    json_t *array = json_loads(text ? text : "[]", 0, NULL);
    for (size_t i = 0; i < json_array_size(array); i++)
        vec_push(a, ret_list, arena_str(a, json_string_value(json_array_get(array, i))));
    json_decref(array);
}

static Status step_row(StepQueue *q, Db *db, Arena *a, const Active *active, StepSpec *spec, const char **ret_role, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT s.name, s.jar, s.main_class, s.args, coalesce(s.role, c.step_role, c.job_flow_role), c.memory_bytes, c.vcpus,"
                 " c.step_concurrency FROM emr_step s JOIN emr_cluster c ON c.id = s.cluster WHERE s.id=?", "s", active->id));
    if (!row_next(row))
        return FAIL(err, ST_NOT_FOUND, "step %s is gone", active->id);
    StrList args = { 0 };
    json_list(a, row_str(row, 3), &args);
    spec->name = row_str_in(row, a, 0);
    spec->jar = row_str_in(row, a, 1);
    shim_argv(a, spec->jar, row_str_in(row, a, 2), &args, &spec->argv);
    *ret_role = row_str_in(row, a, 4);
    share_of(q, row_int(row, 5), row_int(row, 6), row_int(row, 7), spec);
    return row_status(row, err);
}

static Status bootstrap_row(StepQueue *q, Db *db, Arena *a, const Active *active, StepSpec *spec, const char **ret_role, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT b.name, b.path, b.args, c.job_flow_role, c.memory_bytes, c.vcpus FROM emr_bootstrap b"
                 " JOIN emr_cluster c ON c.id = b.cluster WHERE b.id=?", "s", active->id));
    if (!row_next(row))
        return FAIL(err, ST_NOT_FOUND, "bootstrap action %s is gone", active->id);
    spec->name = row_str_in(row, a, 0);
    vec_push(a, &spec->argv, "script-runner");
    vec_push(a, &spec->argv, row_str_in(row, a, 1));
    json_list(a, row_str(row, 2), &spec->argv);
    *ret_role = row_str_in(row, a, 3);
    share_of(q, row_int(row, 4), row_int(row, 5), 1, spec);
    return row_status(row, err);
}

Status supervisor_spawn(StepQueue *q, Active *active, Error *err)
{
    const char *argv[] = { q->place.program, "step-supervisor", active->folder, NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.cwd = "/";
    options.new_session = true;
    TRY(process_spawn(&options, &active->supervisor, err));
    active->child = true;
    return ST_OK;
}

Status launch(StepQueue *q, Db *db, Active *active, Error *err)
{
    arena_auto *a = arena_new();
    StepSpec spec = { .id = active->id,
                      .kind = active->kind == ACTIVE_STEP ? "step" : "bootstrap",
                      .cluster = active->cluster,
                      .parts = q->parts,
                      .cancel_grace_ms = CANCEL_GRACE_MS };
    const char *role = NULL;
    TRY(active->kind == ACTIVE_STEP ? step_row(q, db, a, active, &spec, &role, err)
                                    : bootstrap_row(q, db, a, active, &spec, &role, err));
    TRY(env_fill(q, a, active, role, &spec, err));
    map_set(a, &spec.env, "WEIR_STEP_MEMORY", arena_printf(a, "%lld", (long long)spec.memory_bytes));
    TRY(dir_make(path_join(a, active->folder, "work/tmp"), 0700, err));
    TRY(dir_make(run_folder(q, a, active->cluster, "home"), 0700, err));
    TRY(step_spec_write(active->folder, &spec, err));
    TRY(db_exec(db, err, active->kind == ACTIVE_STEP ? "UPDATE emr_step SET attempts=attempts+1 WHERE id=?"
                                                     : "UPDATE emr_bootstrap SET attempts=attempts+1 WHERE id=?", "s", active->id));
    return supervisor_spawn(q, active, err);
}
