/* svc/glue/jobs.c -- jobs and job runs as the API shows them. A run is a row of kind "job-run"; glue.c's thread starts its process
 * and records its end, see job_run.c. */
#include "svc/glue/jobs.h"

#include "base/clock.h"
#include "base/str.h"
#include "svc/glue/glue.h"
#include "svc/glue/operations.h"

#include <stdlib.h>
#include <sys/random.h>

const RecordKind job_kind = { "job", "Job", "job/%s", NULL };
const char job_run_kind[] = "job-run";
enum { TIMEOUT_DEFAULT_MIN = 2880, PAGE_RUNS = 200 };

static Val *job_out(Call *call, const Record *r)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, r->body);
    if (!val_get(out, "ExecutionProperty")) {
        Val *property = val_map(a);
        val_set_int(a, property, "MaxConcurrentRuns", 1);
        val_set(a, out, "ExecutionProperty", property);
    }
    val_set_str(a, out, "Name", r->name);
    val_set_time(a, out, "CreatedOn", r->created_ms);
    val_set_time(a, out, "LastModifiedOn", r->updated_ms);
    return out;
}

Status glue_create_job(Call *call, Error *err)
{
    const char *name = val_str(call->input, "Name");
    TRY(record_add(call, &job_kind, name, call->input, err));
    val_set_str(call->arena, call->output, "Name", name);
    return ST_OK;
}

Status glue_get_job(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &job_kind, val_str(call->input, "JobName"), &r, err));
    val_set(call->arena, call->output, "Job", job_out(call, &r));
    return ST_OK;
}

static Val *jobs_out(Call *call, const RecordList *records)
{
    Val *list = val_list(call->arena);
    for (size_t i = 0; i < records->len; i++)
        val_push(call->arena, list, job_out(call, &records->at[i]));
    return list;
}

Status glue_get_jobs(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &job_kind, NULL, &records, err));
    val_set(call->arena, call->output, "Jobs", jobs_out(call, &records));
    return ST_OK;
}

Status glue_list_jobs(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &job_kind, NULL, &records, err));
    val_set(call->arena, call->output, "JobNames", record_names(call->arena, &records));
    return ST_OK;
}

Status glue_batch_get_jobs(Call *call, Error *err)
{
    RecordList records;
    Val *missing = NULL;
    TRY(record_batch(call, &job_kind, val_get(call->input, "JobNames"), &records, &missing, err));
    val_set(call->arena, call->output, "Jobs", jobs_out(call, &records));
    val_set(call->arena, call->output, "JobsNotFound", missing);
    return ST_OK;
}

/* The new definition replaces the old one whole, as the API says. */
Status glue_update_job(Call *call, Error *err)
{
    const char *name = val_str(call->input, "JobName");
    TRY(record_save(call, &job_kind, name, val_get(call->input, "JobUpdate"), err));
    val_set_str(call->arena, call->output, "JobName", name);
    return ST_OK;
}

/* A job that is not there is deleted already. */
Status glue_delete_job(Call *call, Error *err)
{
    const char *name = val_str(call->input, "JobName");
    Error why = ERROR_INIT;
    Status status = record_drop(call, &job_kind, name, &why);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = why;
        return status;
    }
    val_set_str(call->arena, call->output, "JobName", name);
    return ST_OK;
}

/* --- runs --- */

static char *run_id(Arena *a)
{
    unsigned char bytes[32];
    char hex[65];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        abort(); /* only before the kernel's pool is ready */
    hex_encode(bytes, sizeof bytes, hex);
    return arena_printf(a, "jr_%s", hex);
}

static void merge(Arena *a, Val *into, const Val *from)
{
    for (size_t i = 0; i < val_len(from); i++)
        val_set(a, into, from->names[i], from->items[i]);
}

static Val *run_body(Call *call, const Record *job)
{
    Arena *a = call->arena;
    Val *body = val_map(a), *arguments = val_map(a);
    static const char *const inherited[] = { "AllocatedCapacity", "Timeout", "MaxCapacity", "WorkerType", "NumberOfWorkers",
                                             "SecurityConfiguration", "NotificationProperty", "GlueVersion", "ExecutionClass",
                                             "JobMode", "JobRunQueuingEnabled", "MaintenanceWindow" };
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        const Val *own = val_get(call->input, inherited[i]);
        val_set(a, body, inherited[i], glue_val(own ? own : val_get(job->body, inherited[i])));
    }
    if (!val_get(body, "Timeout"))
        val_set_int(a, body, "Timeout", TIMEOUT_DEFAULT_MIN);
    merge(a, arguments, val_get(job->body, "DefaultArguments"));
    merge(a, arguments, val_get(call->input, "Arguments"));
    merge(a, arguments, val_get(job->body, "NonOverridableArguments"));
    if (val_len(arguments))
        val_set(a, body, "Arguments", arguments);
    val_set_int(a, body, "Attempt", 0);
    val_set_str(a, body, "PreviousRunId", val_str(call->input, "JobRunId"));
    val_set_str(a, body, "LogGroupName", "/aws-glue/jobs");
    /* What it runs is the job's definition of this moment. */
    val_set(a, body, "Command", glue_val(val_get(job->body, "Command")));
    val_set_str(a, body, "Role", val_str(job->body, "Role"));
    val_set_str(a, body, "LogUri", val_str(job->body, "LogUri"));
    val_set_int(a, body, "MaxRetries", val_int(job->body, "MaxRetries", 0));
    return body;
}

Status glue_start_job_run(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record job;
    int64_t open = 0;
    const char *name = val_str(call->input, "JobName");
    TRY(record_load(call, &job_kind, name, &job, err));
    if (val_get(call->input, "AllocatedCapacity") && val_get(call->input, "MaxCapacity"))
        return glue_invalid(err, "Please set only Allocated Capacity or Max Capacity");
    int64_t most = val_int(val_get(job.body, "ExecutionProperty"), "MaxConcurrentRuns", 1);
    Val *body = run_body(call, &job);
    char *id = run_id(a);
    const char *refusal = job_run_refusal(a, body);
    val_set_str(a, body, "ErrorMessage", refusal);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &open, err, "SELECT count(*) FROM glue_run WHERE kind=? AND owner=? AND ended_ms IS NULL", "ss", job_run_kind, name));
    if (open >= (most > 0 ? most : 1))
        return FAIL_CODE(err, ST_CONFLICT, "ConcurrentRunsExceededException", "Job with name %s already running", name);
    TRY(db_exec(db, err, "INSERT INTO glue_run(kind, owner, id, state, body, started_ms, ended_ms) VALUES(?,?,?,?,?,?,nullif(?, 0))", "sssssii",
                job_run_kind, name, id, refusal ? "FAILED" : "STARTING", val_to_json(a, body), clock_ms(), refusal ? clock_ms() : (int64_t)0));
    TRY(db_commit(db, err));
    glue_wake(call->server);
    val_set_str(a, call->output, "JobRunId", id);
    return ST_OK;
}

static Val *run_out(Call *call, const Run *r)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, r->body);
    int64_t until = r->ended_ms ? r->ended_ms : clock_ms();
    val_set_str(a, out, "Id", r->id);
    val_set_str(a, out, "JobName", r->owner);
    val_set_str(a, out, "JobRunState", r->state);
    val_set_time(a, out, "StartedOn", r->started_ms);
    val_set_time(a, out, "LastModifiedOn", until);
    if (r->ended_ms)
        val_set_time(a, out, "CompletedOn", r->ended_ms);
    val_set_int(a, out, "ExecutionTime", (until - r->started_ms) / 1000);
    val_set(a, out, "PredecessorRuns", val_list(a));
    return out;
}

Status glue_get_job_run(Call *call, Error *err)
{
    Record job;
    Run run;
    const char *name = val_str(call->input, "JobName"), *id = val_str(call->input, "RunId");
    TRY(record_load(call, &job_kind, name, &job, err));
    if (run_load(call->server->store, call->arena, job_run_kind, name, id, &run, err) == ST_NOT_FOUND)
        return glue_missing(err, "Job Run %s not found.", id);
    val_set(call->arena, call->output, "JobRun", run_out(call, &run));
    return ST_OK;
}

Status glue_get_job_runs(Call *call, Error *err)
{
    Record job;
    RunList runs;
    Pager p;
    Val *list = val_list(call->arena);
    const char *name = val_str(call->input, "JobName");
    TRY(record_load(call, &job_kind, name, &job, err));
    TRY(pager_begin(call, PAGE_RUNS, &p, err));
    TRY(run_list(call->server->store, call->arena, job_run_kind, name, &runs, err));
    for (size_t i = 0; i < runs.len; i++)
        if (pager_take(&p, arena_printf(call->arena, "%019lld", (long long)(INT64_MAX - runs.at[i].seq))))
            val_push(call->arena, list, run_out(call, &runs.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "JobRuns", list);
    return ST_OK;
}

static Status stop_run(Call *call, const char *name, const char *id, Error *err)
{
    Run run;
    if (run_load(call->server->store, call->arena, job_run_kind, name, id, &run, err) == ST_NOT_FOUND)
        return FAIL_CODE(err, ST_NOT_FOUND, "JobRunNotFoundException", "Job Run %s not found.", id);
    if (run.ended_ms)
        return FAIL_CODE(err, ST_CONFLICT, "JobRunNotInTerminableStateException", "Job run %s is %s.", id, run.state);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return db_exec(db, err, "UPDATE glue_run SET state='STOPPING' WHERE id=? AND ended_ms IS NULL", "s", id);
}

Status glue_batch_stop_job_run(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record job;
    const char *name = val_str(call->input, "JobName");
    const Val *ids = val_get(call->input, "JobRunIds");
    Val *done = val_list(a), *errors = val_list(a);
    TRY(record_load(call, &job_kind, name, &job, err));
    for (size_t i = 0; i < val_len(ids); i++) {
        Error why = ERROR_INIT;
        Val *entry = val_map(a);
        val_set_str(a, entry, "JobName", name);
        val_set_str(a, entry, "JobRunId", val_at(ids, i)->s);
        if (stop_run(call, name, val_at(ids, i)->s, &why) == ST_OK)
            val_push(a, done, entry);
        else
            glue_batch_error(a, errors, entry, "ErrorDetail", &why);
    }
    glue_wake(call->server);
    val_set(a, call->output, "SuccessfulSubmissions", done);
    val_set(a, call->output, "Errors", errors);
    return ST_OK;
}
