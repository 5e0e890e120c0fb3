/* svc/emr/steps.c -- AddJobFlowSteps, DescribeStep, ListSteps, CancelSteps, and the bootstrap actions. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/emr/internal.h"

/* --- adding --- */

/* Characters, not bytes: what a person counts. */
static size_t characters(const char *text)
{
    size_t n = 0;
    for (; text && *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

Status steps_check(const Val *steps, Error *err)
{
    if (val_len(steps) > STEPS_ACTIVE_MAX)
        return emr_invalid(err, "Maximum number of steps per request exceeded: %d.", STEPS_ACTIVE_MAX);
    for (size_t i = 0; i < val_len(steps); i++) {
        const Val *jar = val_get(val_at(steps, i), "HadoopJarStep"), *args = val_get(jar, "Args");
        size_t length = characters(val_str(jar, "Jar")) + characters(val_str(jar, "MainClass"));
        for (size_t k = 0; k < val_len(args); k++)
            length += characters(val_at(args, k)->s);
        if (length > STEP_TEXT_MAX)
            return emr_invalid(err, "Size of an individual step's jar, main class and arguments exceeds the maximum of %d characters.", STEP_TEXT_MAX);
        if (!*val_str(jar, "Jar"))
            return emr_invalid(err, "A step's jar must not be empty.");
    }
    return ST_OK;
}

/* The KeyValue list of a request as the map that DescribeStep shows. */
static Val *properties_map(Arena *a, const Val *list)
{
    Val *map = val_map(a);
    for (size_t i = 0; i < val_len(list); i++)
        if (val_str(val_at(list, i), "Key"))
            val_set_str(a, map, val_str(val_at(list, i), "Key"), val_str(val_at(list, i), "Value") ? val_str(val_at(list, i), "Value") : "");
    return map;
}

Status steps_insert(Call *call, Db *db, const char *cluster, const Val *steps, const char *role, Val *ret_ids, Error *err)
{
    Arena *a = call->arena;
    int64_t active = 0, concurrency = 1;
    TRY(db_get_int(db, &active, err, "SELECT count(*) FROM emr_step WHERE cluster=? AND ended_ms IS NULL", "s", cluster));
    TRY(db_get_int(db, &concurrency, err, "SELECT step_concurrency FROM emr_cluster WHERE id=?", "s", cluster));
    if (active + (int64_t)val_len(steps) > STEPS_ACTIVE_MAX)
        return emr_invalid(err, "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.");
    for (size_t i = 0; i < val_len(steps); i++) {
        const Val *step = val_at(steps, i), *jar = val_get(step, "HadoopJarStep"), *args = val_get(jar, "Args");
        const char *action = val_str(step, "ActionOnFailure");
        if (action && concurrency > 1 && !str_eq(action, "CONTINUE"))
            return emr_invalid(err, "ActionOnFailure %s is not valid when the step concurrency level is greater than 1. Use CONTINUE.", action);
        action = action ? action : concurrency > 1 ? "CONTINUE" : "TERMINATE_CLUSTER";
        char *id = emr_id(a, "s-", 13);
        TRY(db_exec(db, err,
                    "INSERT INTO emr_step(id, cluster, name, action_on_failure, jar, main_class, args, properties, role, state, created_ms)"
                    " VALUES(?,?,?,?,?,?,?,?,?,'PENDING',?)", "sssssssssi",
                    id, cluster, val_str(step, "Name"), action, val_str(jar, "Jar"), val_str(jar, "MainClass"),
                    args ? val_to_json(a, args) : "[]", val_to_json(a, properties_map(a, val_get(jar, "Properties"))), role, clock_ms()));
        val_push(a, ret_ids, val_strv(a, id));
    }
    return ST_OK;
}

Status emr_add_job_flow_steps(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "JobFlowId");
    const Val *steps = val_get(call->input, "Steps");
    char *state;
    Val *ids = val_list(call->arena);
    TRY(steps_check(steps, err));
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_modifiable(db, call->arena, cluster, &state, err));
    TRY(steps_insert(call, db, cluster, steps, val_str(call->input, "ExecutionRoleArn"), ids, err));
    TRY(db_commit(db, err));
    emr_wake(call);
    val_set(call->arena, call->output, "StepIds", ids);
    return ST_OK;
}

/* --- showing --- */

#define STEP_COLUMNS                                                                                                                   \
    "s.seq, s.id, s.name, s.action_on_failure, s.jar, s.main_class, s.args, s.properties, s.role, s.state, s.reason_message,"         \
    " s.created_ms, s.started_ms, s.ended_ms, s.failure_reason, s.failure_message, s.failure_log"

static Val *step_status(Arena *a, Row *row)
{
    Val *status = val_map(a);
    val_set_str(a, status, "State", row_str(row, 9));
    val_set(a, status, "StateChangeReason", emr_reason(a, row_str(row, 10) ? "NONE" : NULL, row_str(row, 10)));
    if (row_str(row, 14)) {
        Val *details = val_map(a);
        val_set_str(a, details, "Reason", row_str(row, 14));
        val_set_str(a, details, "Message", row_str(row, 15));
        val_set_str(a, details, "LogFile", row_str(row, 16));
        val_set(a, status, "FailureDetails", details);
    }
    val_set(a, status, "Timeline", emr_timeline(a, row, 11, "StartDateTime", 12, 13));
    return status;
}

static Val *step_value(Arena *a, Row *row, bool whole)
{
    Val *step = val_map(a), *config = val_map(a), *args = emr_json(a, row_str(row, 6)), *properties = emr_json(a, row_str(row, 7));
    val_set_str(a, step, "Id", row_str(row, 1));
    val_set_str(a, step, "Name", row_str(row, 2));
    val_set_str(a, config, "Jar", row_str(row, 4));
    val_set(a, config, "Properties", properties ? properties : val_map(a));
    val_set_str(a, config, "MainClass", row_str(row, 5));
    val_set(a, config, "Args", args ? args : val_list(a));
    val_set(a, step, "Config", config);
    val_set_str(a, step, "ActionOnFailure", row_str(row, 3));
    val_set(a, step, "Status", step_status(a, row));
    if (whole)
        val_set_str(a, step, "ExecutionRoleArn", row_str(row, 8));
    return step;
}

Status emr_describe_step(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId"), *id = val_str(call->input, "StepId");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " STEP_COLUMNS " FROM emr_step s WHERE s.cluster=? AND s.id=?", "ss", cluster, id));
    if (row_next(row)) {
        val_set(call->arena, call->output, "Step", step_value(call->arena, row, true));
        return ST_OK;
    }
    TRY(row_status(row, err));
    return emr_bad_request(err, "NoSuchStep", "Step id '%s' is not valid.", id);
}

enum { STEP_IDS_MAX = 10 };

Status emr_list_steps(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const Val *in = call->input, *ids = val_get(in, "StepIds");
    const char *cluster = val_str(in, "ClusterId");
    int64_t before;
    if (val_len(ids) > STEP_IDS_MAX)
        return emr_bad_request(err, "ValidationError", "A maximum of %d step ids may be specified.", STEP_IDS_MAX);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(emr_marker_seq(a, val_str(in, "Marker"), INT64_MAX, &before, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " STEP_COLUMNS " FROM emr_step s WHERE s.cluster=? AND s.seq<? ORDER BY s.seq DESC", "si", cluster, before));
    Val *steps = val_list(a);
    int64_t last = 0;
    while (row_next(row)) {
        if (!emr_listed(val_get(in, "StepStates"), row_str(row, 9)) || !emr_listed(ids, row_str(row, 1)))
            continue;
        if (val_len(steps) == PAGE_STEPS) {
            val_set_str(a, call->output, "Marker", emr_marker(a, last));
            break;
        }
        last = row_int(row, 0);
        val_push(a, steps, step_value(a, row, false));
    }
    val_set(a, call->output, "Steps", steps);
    return row_status(row, err);
}

/* StepDetail of DescribeJobFlows: oldest first, properties as a list again. */
static Val *step_detail(Arena *a, Row *row)
{
    Val *detail = val_map(a), *config = val_map(a), *jar = val_map(a), *status = val_map(a), *list = val_list(a);
    const Val *properties = emr_json(a, row_str(row, 7));
    for (size_t i = 0; i < val_len(properties); i++) {
        Val *pair = val_map(a);
        val_set_str(a, pair, "Key", properties->names[i]);
        val_set_str(a, pair, "Value", properties->items[i]->s);
        val_push(a, list, pair);
    }
    val_set(a, jar, "Properties", list);
    val_set_str(a, jar, "Jar", row_str(row, 4));
    val_set_str(a, jar, "MainClass", row_str(row, 5));
    val_set(a, jar, "Args", emr_json(a, row_str(row, 6)));
    val_set_str(a, config, "Name", row_str(row, 2));
    val_set_str(a, config, "ActionOnFailure", row_str(row, 3));
    val_set(a, config, "HadoopJarStep", jar);
    val_set_str(a, status, "State", str_eq(row_str(row, 9), "CANCEL_PENDING") ? "RUNNING" : row_str(row, 9));
    emr_set_ms(a, status, "CreationDateTime", row, 11);
    emr_set_ms(a, status, "StartDateTime", row, 12);
    emr_set_ms(a, status, "EndDateTime", row, 13);
    val_set_str(a, status, "LastStateChangeReason", row_str(row, 10));
    val_set(a, detail, "StepConfig", config);
    val_set(a, detail, "ExecutionStatusDetail", status);
    return detail;
}

Val *steps_of_job_flow(Call *call, Db *db, const char *cluster, Error *err)
{
    row_auto *row = NULL;
    if (db_query(db, &row, err, "SELECT " STEP_COLUMNS " FROM emr_step s WHERE s.cluster=? ORDER BY s.seq", "s", cluster) != ST_OK)
        return NULL;
    Val *steps = val_list(call->arena);
    while (row_next(row))
        val_push(call->arena, steps, step_detail(call->arena, row));
    return row_status(row, err) == ST_OK ? steps : NULL;
}

/* --- cancelling --- */

static Status cancel_one(Call *call, Db *db, const char *cluster, const char *id, const char *how, Val *ret_list, Error *err)
{
    Arena *a = call->arena;
    char *state = NULL;
    Status status = db_get_str(db, a, &state, err, "SELECT state FROM emr_step WHERE cluster=? AND id=?", "ss", cluster, id);
    if (status != ST_OK && status != ST_NOT_FOUND)
        return status;
    Val *info = val_map(a);
    val_set_str(a, info, "StepId", id);
    bool pending = str_eq(state, "PENDING"), running = str_eq(state, "RUNNING") || str_eq(state, "CANCEL_PENDING");
    if (pending)
        TRY(db_exec(db, err, "UPDATE emr_step SET state='CANCELLED', reason_message='Job terminated', ended_ms=? WHERE id=?", "is", clock_ms(), id));
    if (running)
        TRY(db_exec(db, err, "UPDATE emr_step SET state='CANCEL_PENDING', cancel=? WHERE id=?", "ss", how, id));
    val_set_str(a, info, "Status", pending || running ? "SUBMITTED" : "FAILED");
    if (!pending && !running)
        val_set_str(a, info, "Reason", state ? arena_printf(a, "Cannot cancel step %s because it is in the %s state.", id, state)
                                             : arena_printf(a, "Step id '%s' is not valid.", id));
    val_push(a, ret_list, info);
    return ST_OK;
}

Status emr_cancel_steps(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId"), *how = val_str(call->input, "StepCancellationOption");
    const Val *ids = val_get(call->input, "StepIds");
    if (val_len(ids) > STEPS_ACTIVE_MAX)
        return emr_bad_request(err, "ValidationError", "A maximum of %d steps may be cancelled at once.", STEPS_ACTIVE_MAX);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_check(db, cluster, err));
    Val *list = val_list(call->arena);
    for (size_t i = 0; i < val_len(ids); i++)
        TRY(cancel_one(call, db, cluster, val_at(ids, i)->s, how ? how : "SEND_INTERRUPT", list, err));
    TRY(db_commit(db, err));
    emr_wake(call);
    val_set(call->arena, call->output, "CancelStepsInfoList", list);
    return ST_OK;
}

/* --- bootstrap actions --- */

Status emr_list_bootstrap_actions(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const char *cluster = val_str(call->input, "ClusterId");
    int64_t after;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(emr_marker_seq(a, val_str(call->input, "Marker"), 0, &after, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, path, args FROM emr_bootstrap WHERE cluster=? AND number>? ORDER BY number", "si", cluster, after));
    Val *actions = val_list(a);
    while (row_next(row)) {
        Val *action = val_map(a), *args = emr_json(a, row_str(row, 2));
        val_set_str(a, action, "Name", row_str(row, 0));
        val_set_str(a, action, "ScriptPath", row_str(row, 1));
        val_set(a, action, "Args", args ? args : val_list(a));
        val_push(a, actions, action);
    }
    val_set(a, call->output, "BootstrapActions", actions);
    return row_status(row, err);
}

Val *bootstrap_of_job_flow(Call *call, Db *db, const char *cluster, Error *err)
{
    Arena *a = call->arena;
    row_auto *row = NULL;
    if (db_query(db, &row, err, "SELECT name, path, args FROM emr_bootstrap WHERE cluster=? ORDER BY number", "s", cluster) != ST_OK)
        return NULL;
    Val *actions = val_list(a);
    while (row_next(row)) {
        Val *detail = val_map(a), *config = val_map(a), *script = val_map(a), *args = emr_json(a, row_str(row, 2));
        val_set_str(a, script, "Path", row_str(row, 1));
        val_set(a, script, "Args", args ? args : val_list(a));
        val_set_str(a, config, "Name", row_str(row, 0));
        val_set(a, config, "ScriptBootstrapAction", script);
        val_set(a, detail, "BootstrapActionConfig", config);
        val_push(a, actions, detail);
    }
    return row_status(row, err) == ST_OK ? actions : NULL;
}
