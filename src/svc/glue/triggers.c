/* svc/glue/triggers.c -- triggers: on demand, on a schedule, and conditional: those fire when the newest runs of the jobs and crawlers
 * that they name have ended as they say, after the trigger was activated or last fired. glue.c's thread asks. */
#include "svc/glue/triggers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "svc/glue/crawlers.h"
#include "svc/schedule.h"
#include "svc/glue/jobs.h"
#include "svc/glue/operations.h"

static const RecordKind trigger = { "trigger", "Trigger", "trigger/%s", NULL };

/* --- checks --- */

static Status check_condition(const Val *condition, Error *err)
{
    const char *job = val_str(condition, "JobName"), *crawler = val_str(condition, "CrawlerName");
    if (!val_str(condition, "LogicalOperator"))
        return glue_invalid(err, "Logical operator cannot be null or empty");
    if (!job && !crawler)
        return glue_invalid(err, "JobName or CrawlerName in condition cannot be null or empty");
    if (job && !val_str(condition, "State"))
        return glue_invalid(err, "State cannot be null or empty, choose from one of the following job state: [SUCCEEDED, STOPPED, FAILED, TIMEOUT]");
    if (!job && !val_str(condition, "CrawlState"))
        return glue_invalid(err, "State cannot be null or empty, choose from one of the following crawler state: [SUCCEEDED, FAILED, CANCELLED]");
    return ST_OK;
}

static Status check_trigger(const Val *t, const char *type, Error *err)
{
    const Val *actions = val_get(t, "Actions"), *conditions = val_get(val_get(t, "Predicate"), "Conditions");
    for (size_t i = 0; i < val_len(actions); i++)
        if (val_str(val_at(actions, i), "JobName") && val_str(val_at(actions, i), "CrawlerName"))
            return glue_invalid(err, "Both JobName and CrawlerName cannot be set together in an action");
    if (str_eq(type, "CONDITIONAL") && !val_len(conditions))
        return glue_invalid(err, "Predicate cannot be null or empty");
    for (size_t i = 0; i < val_len(conditions); i++)
        TRY(check_condition(val_at(conditions, i), err));
    if (str_eq(type, "SCHEDULED") && !val_str(t, "Schedule"))
        return glue_invalid(err, "Schedule cannot be null or empty");
    return val_str(t, "Schedule") ? glue_check_schedule(val_str(t, "Schedule"), err) : ST_OK;
}

/* A condition of a job keeps nothing of a crawler. */
static void keep_predicate(Arena *a, Val *body)
{
    const Val *predicate = val_get(body, "Predicate"), *conditions = val_get(predicate, "Conditions");
    if (!conditions)
        return;
    Val *kept = glue_copy(a, predicate), *list = val_list(a);
    for (size_t i = 0; i < val_len(conditions); i++) {
        const Val *c = val_at(conditions, i);
        Val *one = val_map(a);
        for (size_t j = 0; j < c->len; j++)
            if (!val_str(c, "JobName") || !str_starts(c->names[j], "Crawl"))
                val_append(a, one, c->names[j], c->items[j]);
        val_push(a, list, one);
    }
    val_set(a, kept, "Conditions", list);
    val_set(a, body, "Predicate", kept);
}

/* --- operations --- */

Status glue_create_trigger(Call *call, Error *err)
{
    const char *type = val_str(call->input, "Type"), *name = val_str(call->input, "Name");
    bool started = val_bool(call->input, "StartOnCreation", false);
    Val *body = glue_copy(call->arena, call->input);
    TRY(check_trigger(call->input, type, err));
    if (started && str_eq(type, "ON_DEMAND"))
        return glue_invalid(err, "StartOnCreation is not supported for ON_DEMAND triggers.");
    keep_predicate(call->arena, body);
    val_set_str(call->arena, body, "State", started ? "ACTIVATED" : "CREATED");
    TRY(record_add(call, &trigger, name, body, err));
    val_set_str(call->arena, call->output, "Name", name);
    return ST_OK;
}

Status glue_get_trigger(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &trigger, val_str(call->input, "Name"), &r, err));
    val_set(call->arena, call->output, "Trigger", r.body);
    return ST_OK;
}

static bool depends(Call *call, const Record *r)
{
    const char *job = val_str(call->input, "DependentJobName");
    const Val *actions = val_get(r->body, "Actions");
    bool found = !job;
    for (size_t i = 0; i < val_len(actions) && !found; i++)
        found = str_eq(val_str(val_at(actions, i), "JobName"), job);
    return found;
}

static Val *bodies(Arena *a, const RecordList *records)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < records->len; i++)
        val_push(a, list, records->at[i].body);
    return list;
}

Status glue_get_triggers(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &trigger, depends, &records, err));
    val_set(call->arena, call->output, "Triggers", bodies(call->arena, &records));
    return ST_OK;
}

Status glue_list_triggers(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &trigger, depends, &records, err));
    val_set(call->arena, call->output, "TriggerNames", record_names(call->arena, &records));
    return ST_OK;
}

Status glue_batch_get_triggers(Call *call, Error *err)
{
    RecordList records;
    Val *missing = NULL;
    TRY(record_batch(call, &trigger, val_get(call->input, "TriggerNames"), &records, &missing, err));
    val_set(call->arena, call->output, "Triggers", bodies(call->arena, &records));
    val_set(call->arena, call->output, "TriggersNotFound", missing);
    return ST_OK;
}

Status glue_update_trigger(Call *call, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "Name");
    const Val *update = val_get(call->input, "TriggerUpdate");
    TRY(record_load(call, &trigger, name, &r, err));
    for (size_t i = 0; i < val_len(update); i++)
        if (!str_eq(update->names[i], "Name"))
            val_set(call->arena, r.body, update->names[i], update->items[i]);
    TRY(check_trigger(r.body, val_str(r.body, "Type"), err));
    keep_predicate(call->arena, r.body);
    TRY(record_save(call, &trigger, name, r.body, err));
    val_set(call->arena, call->output, "Trigger", r.body);
    return ST_OK;
}

Status glue_delete_trigger(Call *call, Error *err)
{
    Error why = ERROR_INIT;
    Status status = record_drop(call, &trigger, val_str(call->input, "Name"), &why);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = why;
        return status;
    }
    val_set_str(call->arena, call->output, "Name", val_str(call->input, "Name"));
    return ST_OK;
}

/* --- firing --- */

void trigger_fire(Call *call, const Val *t, TriggerCount *count)
{
    const Val *actions = val_get(t, "Actions");
    for (size_t i = 0; i < val_len(actions); i++) {
        const Val *action = val_at(actions, i);
        const char *crawler = val_str(action, "CrawlerName");
        Error why = ERROR_INIT;
        Val *input = glue_copy(call->arena, action);
        val_set_str(call->arena, input, "Name", crawler);
        Call one = *call;
        one.input = input;
        one.output = val_map(call->arena);
        Status status = crawler ? glue_start_crawler(&one, &why) : glue_start_job_run(&one, &why);
        if (status == ST_OK)
            count->started++;
        else
            count->failed++, count->why = why;
    }
}

Status triggers_of_workflow(Call *call, const char *workflow, TriggerCount *count, Error *err)
{
    RecordList records;
    TRY(record_all(call->server->store, call->arena, trigger.kind, &records, err));
    for (size_t i = 0; i < records.len; i++)
        if (str_eq(val_str(records.at[i].body, "WorkflowName"), workflow) && str_eq(val_str(records.at[i].body, "Type"), "ON_DEMAND"))
            trigger_fire(call, records.at[i].body, count);
    return ST_OK;
}

static Status set_state(Call *call, const char *state, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "Name");
    TRY(record_load(call, &trigger, name, &r, err));
    val_set_str(call->arena, call->output, "Name", name);
    if (!str_eq(val_str(r.body, "Type"), "ON_DEMAND")) {
        val_set_str(call->arena, r.body, "State", state);
        val_set_int(call->arena, r.body, "SinceMs", clock_ms());
        return record_save(call, &trigger, name, r.body, err);
    }
    if (!str_eq(state, "ACTIVATED"))
        return ST_OK; /* nothing of it goes on */
    TriggerCount count = { 0 };
    trigger_fire(call, r.body, &count);
    if (count.failed && err)
        *err = count.why;
    return count.failed ? count.why.status : ST_OK;
}

Status glue_start_trigger(Call *call, Error *err)
{
    return set_state(call, "ACTIVATED", err);
}

Status glue_stop_trigger(Call *call, Error *err)
{
    return set_state(call, "DEACTIVATED", err);
}

/* --- conditions --- */

static const char *crawl_state(const char *state)
{
    return str_eq(state, "COMPLETED") ? "SUCCEEDED" : str_eq(state, "STOPPED") ? "CANCELLED" : state;
}

/* *ret_ended: when the run that fulfils it ended; 0: none does. */
static Status condition_holds(Call *call, const Val *condition, int64_t since, int64_t *ret_ended, Error *err)
{
    RunList runs;
    const char *job = val_str(condition, "JobName"), *owner = job ? job : val_str(condition, "CrawlerName");
    const char *wanted = val_str(condition, job ? "State" : "CrawlState");
    *ret_ended = 0;
    TRY(run_list(call->server->store, call->arena, job ? job_run_kind : crawl_kind, owner, &runs, err));
    for (size_t i = 0; i < runs.len; i++) {
        if (!runs.at[i].ended_ms)
            continue;
        const char *state = job ? runs.at[i].state : crawl_state(runs.at[i].state);
        if (runs.at[i].ended_ms > since && str_eq(state, wanted))
            *ret_ended = runs.at[i].ended_ms;
        break; /* only the newest that has ended counts */
    }
    return ST_OK;
}

/* *ret_ended: when the predicate came true, 0: it has not. */
static Status predicate_holds(Call *call, const Val *predicate, int64_t since, int64_t *ret_ended, Error *err)
{
    const Val *conditions = val_get(predicate, "Conditions");
    bool any = str_eq(val_str(predicate, "Logical"), "ANY"), all = val_len(conditions) > 0;
    int64_t newest = 0;
    for (size_t i = 0; i < val_len(conditions); i++) {
        int64_t ended = 0;
        TRY(condition_holds(call, val_at(conditions, i), since, &ended, err));
        all = all && ended;
        newest = ended > newest ? ended : newest;
    }
    *ret_ended = any || all ? newest : 0;
    return ST_OK;
}

Status triggers_conditional(Call *call, Error *err)
{
    RecordList records;
    TRY(record_all(call->server->store, call->arena, trigger.kind, &records, err));
    for (size_t i = 0; i < records.len; i++) {
        const Record *r = &records.at[i];
        TriggerCount count = { 0 };
        int64_t ended = 0;
        if (!str_eq(val_str(r->body, "Type"), "CONDITIONAL") || !str_eq(val_str(r->body, "State"), "ACTIVATED"))
            continue;
        TRY(predicate_holds(call, val_get(r->body, "Predicate"), val_int(r->body, "SinceMs", r->created_ms), &ended, err));
        if (!ended)
            continue;
        val_set_int(call->arena, r->body, "SinceMs", ended);
        TRY(record_save(call, &trigger, r->name, r->body, err));
        trigger_fire(call, r->body, &count);
        if (count.failed)
            log_warn("trigger %s: %s", r->name, count.why.message);
    }
    return ST_OK;
}
