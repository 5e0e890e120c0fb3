/* svc/glue/workflows.c -- workflows and their runs. A run starts the workflow's on-demand triggers and is COMPLETED when what they
 * started is handed on; its properties are kept. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"
#include "svc/glue/triggers.h"

static const RecordKind workflow = { "workflow", "Workflow", "workflow/%s", "Entity not found" };
static const char run_kind[] = "workflow-run";

static Val *run_out(Call *call, const Run *r)
{
    Arena *a = call->arena;
    Val *out = val_map(a), *statistics = glue_copy(a, val_get(r->body, "Statistics"));
    val_set_str(a, out, "Name", r->owner);
    val_set_str(a, out, "WorkflowRunId", r->id);
    val_set(a, out, "WorkflowRunProperties", glue_val(val_get(r->body, "Properties")));
    val_set_time(a, out, "StartedOn", r->started_ms);
    if (r->ended_ms)
        val_set_time(a, out, "CompletedOn", r->ended_ms);
    val_set_str(a, out, "Status", r->state);
    val_set_str(a, out, "ErrorMessage", val_str(r->body, "ErrorMessage"));
    val_set(a, out, "Statistics", statistics);
    return out;
}

static Status workflow_out(Call *call, const Record *r, Val **ret_out, Error *err)
{
    Arena *a = call->arena;
    RunList runs;
    Val *out = glue_copy(a, r->body);
    TRY(run_list(call->server->store, a, run_kind, r->name, &runs, err));
    val_set_str(a, out, "Name", r->name);
    val_set_time(a, out, "CreatedOn", r->created_ms);
    val_set_time(a, out, "LastModifiedOn", r->updated_ms);
    if (runs.len)
        val_set(a, out, "LastRun", run_out(call, &runs.at[0]));
    *ret_out = out;
    return ST_OK;
}

Status glue_create_workflow(Call *call, Error *err)
{
    TRY(record_add(call, &workflow, val_str(call->input, "Name"), call->input, err));
    val_set_str(call->arena, call->output, "Name", val_str(call->input, "Name"));
    return ST_OK;
}

Status glue_get_workflow(Call *call, Error *err)
{
    Record r;
    Val *out = NULL;
    TRY(record_load(call, &workflow, val_str(call->input, "Name"), &r, err));
    TRY(workflow_out(call, &r, &out, err));
    val_set(call->arena, call->output, "Workflow", out);
    return ST_OK;
}

Status glue_list_workflows(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &workflow, NULL, &records, err));
    val_set(call->arena, call->output, "Workflows", record_names(call->arena, &records));
    return ST_OK;
}

Status glue_batch_get_workflows(Call *call, Error *err)
{
    RecordList records;
    Val *missing = NULL, *list = val_list(call->arena);
    TRY(record_batch(call, &workflow, val_get(call->input, "Names"), &records, &missing, err));
    for (size_t i = 0; i < records.len; i++) {
        Val *out = NULL;
        TRY(workflow_out(call, &records.at[i], &out, err));
        val_push(call->arena, list, out);
    }
    val_set(call->arena, call->output, "Workflows", list);
    val_set(call->arena, call->output, "MissingWorkflows", missing);
    return ST_OK;
}

Status glue_update_workflow(Call *call, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "Name");
    TRY(record_load(call, &workflow, name, &r, err));
    static const char *const members[] = { "Description", "DefaultRunProperties", "MaxConcurrentRuns" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (val_get(call->input, members[i]))
            val_set(call->arena, r.body, members[i], glue_val(val_get(call->input, members[i])));
    TRY(record_save(call, &workflow, name, r.body, err));
    val_set_str(call->arena, call->output, "Name", name);
    return ST_OK;
}

/* A workflow that is not there is deleted already. */
Status glue_delete_workflow(Call *call, Error *err)
{
    const char *name = val_str(call->input, "Name");
    Error why = ERROR_INIT;
    Status status = record_drop(call, &workflow, name, &why);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = why;
        return status;
    }
    TRY(run_drop(call->server->store, run_kind, name, err));
    val_set_str(call->arena, call->output, "Name", name);
    return ST_OK;
}

/* --- runs --- */

static Status load_run(Call *call, Run *ret_run, Error *err)
{
    Record r;
    TRY(record_load(call, &workflow, val_str(call->input, "Name"), &r, err));
    return run_load(call->server->store, call->arena, run_kind, r.name, val_str(call->input, "RunId"), ret_run, err);
}

static Val *merged(Arena *a, const Val *under, const Val *over)
{
    Val *all = glue_copy(a, under);
    for (size_t i = 0; i < val_len(over); i++)
        val_set(a, all, over->names[i], over->items[i]);
    return all;
}

static Val *statistics(Arena *a, const TriggerCount *count)
{
    Val *v = val_map(a);
    val_set_int(a, v, "TotalActions", count->started + count->failed);
    val_set_int(a, v, "SucceededActions", count->started);
    val_set_int(a, v, "FailedActions", count->failed);
    val_set_int(a, v, "RunningActions", 0);
    val_set_int(a, v, "StoppedActions", 0);
    val_set_int(a, v, "TimeoutActions", 0);
    return v;
}

Status glue_start_workflow_run(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record r;
    const char *id = arena_printf(a, "wr_%s", glue_uuid(a));
    Val *body = val_map(a);
    TriggerCount count = { 0 };
    TRY(record_load(call, &workflow, val_str(call->input, "Name"), &r, err));
    val_set(a, body, "Properties", merged(a, val_get(r.body, "DefaultRunProperties"), val_get(call->input, "RunProperties")));
    TRY(run_add(call->server->store, run_kind, r.name, id, "RUNNING", body, err));
    TRY(triggers_of_workflow(call, r.name, &count, err));
    val_set(a, body, "Statistics", statistics(a, &count));
    val_set_str(a, body, "ErrorMessage", count.failed ? count.why.message : NULL);
    TRY(run_save(call->server->store, id, "COMPLETED", body, clock_ms(), err));
    val_set_str(a, call->output, "RunId", id);
    return ST_OK;
}

Status glue_get_workflow_run(Call *call, Error *err)
{
    Run run;
    TRY(load_run(call, &run, err));
    val_set(call->arena, call->output, "Run", run_out(call, &run));
    return ST_OK;
}

Status glue_get_workflow_runs(Call *call, Error *err)
{
    Record r;
    RunList runs;
    Pager p;
    Val *list = val_list(call->arena);
    TRY(record_load(call, &workflow, val_str(call->input, "Name"), &r, err));
    TRY(pager_begin(call, 1000, &p, err));
    TRY(run_list(call->server->store, call->arena, run_kind, r.name, &runs, err));
    for (size_t i = 0; i < runs.len; i++)
        if (pager_take(&p, arena_printf(call->arena, "%019lld", (long long)(INT64_MAX - runs.at[i].seq))))
            val_push(call->arena, list, run_out(call, &runs.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "Runs", list);
    return ST_OK;
}

Status glue_stop_workflow_run(Call *call, Error *err)
{
    Run run;
    TRY(load_run(call, &run, err));
    if (run.ended_ms)
        return ST_OK; /* it has handed on all that it starts */
    return run_save(call->server->store, run.id, "STOPPED", run.body, clock_ms(), err);
}

Status glue_get_workflow_run_properties(Call *call, Error *err)
{
    Run run;
    TRY(load_run(call, &run, err));
    val_set(call->arena, call->output, "RunProperties", glue_val(val_get(run.body, "Properties")));
    return ST_OK;
}

Status glue_put_workflow_run_properties(Call *call, Error *err)
{
    Run run;
    TRY(load_run(call, &run, err));
    val_set(call->arena, run.body, "Properties", merged(call->arena, val_get(run.body, "Properties"), val_get(call->input, "RunProperties")));
    return run_save(call->server->store, run.id, run.state, run.body, run.ended_ms, err);
}
