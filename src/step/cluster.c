/* step/cluster.c -- a cluster's states: STARTING → BOOTSTRAPPING → RUNNING ⇄ WAITING → TERMINATING → TERMINATED(_WITH_ERRORS).
 * Source: "Understanding the cluster lifecycle" and ClusterStateChangeReason in Amazon EMR's documentation. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "step/queue_private.h"

#include <signal.h>

typedef struct ClusterRow {
    const char *id, *state, *reason_code;
    bool keep_alive;
    int64_t concurrency, idle_since_ms, idle_timeout_s; /* -1: none */
} ClusterRow;

static Status row_of(Db *db, Arena *a, const char *id, ClusterRow *ret_row, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT id, state, reason_code, keep_alive, step_concurrency, coalesce(idle_since_ms,-1), coalesce(idle_timeout_s,-1)"
                 " FROM emr_cluster WHERE id=?", "s", id));
    if (!row_next(row))
        return FAIL(err, ST_NOT_FOUND, "cluster %s is gone", id);
    *ret_row = (ClusterRow){ .id = row_str_in(row, a, 0),
                             .state = row_str_in(row, a, 1),
                             .reason_code = row_str_in(row, a, 2),
                             .keep_alive = row_int(row, 3) != 0,
                             .concurrency = row_int(row, 4),
                             .idle_since_ms = row_int(row, 5),
                             .idle_timeout_s = row_int(row, 6) };
    return row_status(row, err);
}

Status cluster_terminate(Db *db, const char *cluster, const char *code, const char *message, Error *err)
{
    return db_exec(db, err,
                   "UPDATE emr_cluster SET state='TERMINATING', reason_code=?, reason_message=?, idle_since_ms=NULL"
                   " WHERE id=? AND ended_ms IS NULL AND state<>'TERMINATING'", "sss", code, message, cluster);
}

Status cluster_step_failed(Db *db, const char *cluster, const char *action, Error *err)
{
    int64_t concurrency = 1, protected = 0;
    TRY(db_get_int(db, &concurrency, err, "SELECT step_concurrency FROM emr_cluster WHERE id=?", "s", cluster));
    TRY(db_get_int(db, &protected, err, "SELECT protected FROM emr_cluster WHERE id=?", "s", cluster));
    if (concurrency > 1 || str_eq(action, "CONTINUE"))
        return ST_OK; /* with several steps at once only CONTINUE has a meaning (StepConfig) */
    TRY(db_exec(db, err,
                "UPDATE emr_step SET state='CANCELLED', reason_message='Job terminated', ended_ms=? WHERE cluster=? AND state='PENDING'",
                "is", clock_ms(), cluster));
    if (str_eq(action, "CANCEL_AND_WAIT") || protected)
        return ST_OK;
    return cluster_terminate(db, cluster, "STEP_FAILURE", "Shut down as step failed", err);
}

/* STARTING: there is nothing to boot; the instances are there. */
static Status begin(Db *db, const ClusterRow *c, Error *err)
{
    int64_t actions = 0;
    TRY(db_get_int(db, &actions, err, "SELECT count(*) FROM emr_bootstrap WHERE cluster=?", "s", c->id));
    const char *state = "BOOTSTRAPPING";
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE emr_group SET state=? WHERE cluster=?", "ss", state, c->id));
    TRY(db_exec(db, err, "UPDATE emr_instance SET state=? WHERE cluster=?", "ss", state, c->id));
    TRY(db_exec(db, err, "UPDATE emr_cluster SET state=?, reason_code=NULL, reason_message='Running bootstrap actions' WHERE id=? AND state='STARTING'",
                "ss", state, c->id));
    return db_commit(db, err);
}

static Status make_ready(Db *db, const ClusterRow *c, Error *err)
{
    int64_t now = clock_ms();
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE emr_group SET state='RUNNING', ready_ms=? WHERE cluster=? AND state='BOOTSTRAPPING'", "is", now, c->id));
    TRY(db_exec(db, err, "UPDATE emr_instance SET state='RUNNING', ready_ms=? WHERE cluster=? AND state='BOOTSTRAPPING'", "is", now, c->id));
    TRY(db_exec(db, err,
                "UPDATE emr_cluster SET state='RUNNING', reason_code=NULL, reason_message='Running step', ready_ms=? WHERE id=? AND "
                "state='BOOTSTRAPPING'", "is", now, c->id));
    return db_commit(db, err);
}

/* Starts the row's supervisor; a start that fails ends it as FAILED. */
static Status start_one(StepQueue *q, Db *db, ActiveKind kind, const char *id, const char *cluster, Error *err)
{
    Active *active = active_find(q, id);
    if (active)
        return ST_OK;
    active = active_add(q, kind, id, cluster);
    if (!active)
        return FAIL(err, ST_LIMIT, "too many steps run at once");
    Error why = ERROR_INIT;
    if (launch(q, db, active, &why) != ST_OK) {
        log_error("start of %s: %s", id, why.message);
        active->retry_ms = clock_monotonic_ms() + 500; /* settled as never started: tried again, then FAILED */
    }
    return ST_OK;
}

/* BOOTSTRAPPING: one action after the other; ready after the last. */
static Status bootstrap(StepQueue *q, Db *db, Arena *a, const ClusterRow *c, bool *ret_ready, Error *err)
{
    char *id = NULL, *state = NULL;
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT id, state FROM emr_bootstrap WHERE cluster=? AND state<>'COMPLETED' ORDER BY number LIMIT 1",
                     "s", c->id));
        if (row_next(row)) {
            id = row_str_in(row, a, 0);
            state = row_str_in(row, a, 1);
        }
        TRY(row_status(row, err));
    }
    *ret_ready = id == NULL;
    if (!id)
        return make_ready(db, c, err);
    if (!str_eq(state, "PENDING"))
        return ST_OK;
    TRY(db_exec(db, err, "UPDATE emr_bootstrap SET state='RUNNING' WHERE id=?", "s", id));
    return start_one(q, db, ACTIVE_BOOTSTRAP, id, c->id, err);
}

/* The next pending step becomes RUNNING, in the order they were added. */
static Status start_steps(StepQueue *q, Db *db, Arena *a, const ClusterRow *c, int64_t *ret_running, Error *err)
{
    int64_t running = 0;
    TRY(db_get_int(db, &running, err, "SELECT count(*) FROM emr_step WHERE cluster=? AND state IN ('RUNNING','CANCEL_PENDING')", "s", c->id));
    while (running < c->concurrency) {
        char *id = NULL;
        Status status = db_get_str(db, a, &id, err, "SELECT id FROM emr_step WHERE cluster=? AND state='PENDING' ORDER BY seq LIMIT 1", "s", c->id);
        if (status == ST_NOT_FOUND)
            break;
        TRY(status);
        TRY(db_exec(db, err, "UPDATE emr_step SET state='RUNNING', started_ms=? WHERE id=? AND state='PENDING'", "is", clock_ms(), id));
        if (!db_changes(db))
            continue; /* cancelled in between */
        running++;
        TRY(db_exec(db, err,
                    "UPDATE emr_cluster SET state='RUNNING', reason_code=NULL, reason_message='Running step', idle_since_ms=NULL"
                    " WHERE id=? AND state IN ('RUNNING','WAITING')", "s", c->id));
        TRY(start_one(q, db, ACTIVE_STEP, id, c->id, err));
    }
    *ret_running = running;
    return ST_OK;
}

/* Tells the supervisor of one active; once. */
static void cancel_active(Active *active, const char *how)
{
    if (active->cancel_sent || active->supervisor.pidfd < 0)
        return;
    arena_auto *a = arena_new();
    Error error = ERROR_INIT;
    if (file_write_durable(path_join(a, active->folder, "cancel"), how, strlen(how), 0600, &error) != ST_OK)
        log_error("cancel %s: %s", active->id, error.message);
    process_signal(&active->supervisor, SIGTERM);
    active->cancel_sent = true;
}

static Status cancel_steps(StepQueue *q, Db *db, const ClusterRow *c, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT id, cancel FROM emr_step WHERE cluster=? AND cancel IS NOT NULL AND ended_ms IS NULL", "s", c->id));
    while (row_next(row)) {
        Active *active = active_find(q, row_str(row, 0));
        if (active)
            cancel_active(active, row_str(row, 1));
    }
    return row_status(row, err);
}

/* The end for want of work, unless a step was added this very moment. */
static Status terminate_idle(Db *db, const char *cluster, const char *message, Error *err)
{
    return db_exec(db, err,
                   "UPDATE emr_cluster SET state='TERMINATING', reason_code='ALL_STEPS_COMPLETED', reason_message=?, idle_since_ms=NULL"
                   " WHERE id=? AND state IN ('RUNNING','WAITING') AND NOT EXISTS(SELECT 1 FROM emr_step WHERE cluster=emr_cluster.id AND"
                   " ended_ms IS NULL)", "ss", message, cluster);
}

/* Nothing runs and nothing waits: WAITING, or the end. Returns how long until the idle time-out. */
static Status rest(Db *db, Arena *a, const ClusterRow *c, int64_t *ret_wait_ms, Error *err)
{
    if (!c->keep_alive)
        return terminate_idle(db, c->id, "Steps completed", err);
    int64_t now = clock_ms();
    if (!str_eq(c->state, "WAITING")) {
        char *last = NULL;
        Status status = db_get_str(db, a, &last, err,
                                   "SELECT state FROM emr_step WHERE cluster=? AND started_ms IS NOT NULL ORDER BY ended_ms DESC, seq DESC LIMIT 1", "s", c->id);
        if (status != ST_OK && status != ST_NOT_FOUND)
            return status;
        const char *message = status == ST_NOT_FOUND        ? "Cluster ready to run steps."
                              : str_eq(last, "COMPLETED")   ? "Cluster ready after last step completed."
                              : str_eq(last, "CANCELLED")   ? "Cluster ready after last step cancelled."
                                                            : "Cluster ready after last step failed.";
        return db_exec(db, err,
                       "UPDATE emr_cluster SET state='WAITING', reason_code=NULL, reason_message=?, idle_since_ms=? WHERE id=? AND state='RUNNING'",
                       "sis", message, now, c->id);
    }
    if (c->idle_timeout_s < 0 || c->idle_since_ms < 0)
        return ST_OK;
    int64_t left = c->idle_since_ms + c->idle_timeout_s * 1000 - now;
    if (left <= 0)
        return terminate_idle(db, c->id, "Auto-terminated after the cluster was idle", err);
    *ret_wait_ms = left;
    return ST_OK;
}

/* TERMINATING: every step is ended, then the cluster is. */
static Status terminate(StepQueue *q, Db *db, const ClusterRow *c, bool *ret_done, Error *err)
{
    *ret_done = false;
    int64_t now = clock_ms();
    TRY(db_exec(db, err, "UPDATE emr_step SET state='CANCELLED', reason_message='Job terminated', ended_ms=? WHERE cluster=? AND state='PENDING'",
                "is", now, c->id));
    for (size_t i = 0; i < q->actives_len; i++)
        if (str_eq(q->actives[i]->cluster, c->id))
            cancel_active(q->actives[i], "SEND_INTERRUPT");
    if (active_count(q, c->id))
        return ST_OK;
    bool errors = c->reason_code && !str_eq(c->reason_code, "USER_REQUEST") && !str_eq(c->reason_code, "ALL_STEPS_COMPLETED");
    TRY(db_begin(db, err));
    static const char *const parts[] = {
        "UPDATE emr_bootstrap SET state='CANCELLED' WHERE state='PENDING' AND ?1 > 0 AND cluster=?2",
        "UPDATE emr_instance SET state='TERMINATED', reason_code='CLUSTER_TERMINATED', reason_message='Instance was terminated.', ended_ms=?1"
        " WHERE ended_ms IS NULL AND cluster=?2",
        "UPDATE emr_group SET state='TERMINATED', reason_code='CLUSTER_TERMINATED', reason_message='Job flow terminated', ended_ms=?1"
        " WHERE ended_ms IS NULL AND cluster=?2" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        TRY(db_exec(db, err, parts[i], "is", now, c->id));
    TRY(db_exec(db, err, "UPDATE emr_cluster SET state=?, ended_ms=? WHERE id=?", "sis", errors ? "TERMINATED_WITH_ERRORS" : "TERMINATED", now,
                c->id));
    *ret_done = true;
    return db_commit(db, err);
}

/* One move. *ret_again: the state changed, look once more. */
static Status move(StepQueue *q, Db *db, const ClusterRow *c, int64_t *ret_wait_ms, bool *ret_again, Error *err)
{
    arena_auto *a = arena_new();
    *ret_again = false;
    if (str_eq(c->state, "STARTING")) {
        *ret_again = true;
        return begin(db, c, err);
    }
    if (str_eq(c->state, "BOOTSTRAPPING"))
        return bootstrap(q, db, a, c, ret_again, err);
    if (str_eq(c->state, "TERMINATING")) {
        bool done;
        return terminate(q, db, c, &done, err);
    }
    int64_t running = 0;
    TRY(start_steps(q, db, a, c, &running, err));
    TRY(cancel_steps(q, db, c, err));
    if (running)
        return ST_OK;
    *ret_again = !c->keep_alive;
    return rest(db, a, c, ret_wait_ms, err);
}

Status cluster_advance(StepQueue *q, Db *db, const char *cluster, int64_t *ret_wait_ms, Error *err)
{
    *ret_wait_ms = -1;
    for (bool again = true; again;) {
        arena_auto *a = arena_new();
        ClusterRow row = { 0 };
        TRY(row_of(db, a, cluster, &row, err));
        Status status = move(q, db, &row, ret_wait_ms, &again, err);
        if (status != ST_OK) {
            db_rollback(db);
            return status;
        }
    }
    return ST_OK;
}
