/* step/finish.c -- from a supervisor's end to the row's end state: what happened, the logs, the details of a failure. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "os/sandbox.h"
#include "step/logs.h"
#include "step/queue_private.h"
#include "step/spec.h"

#include <sys/stat.h>
#include <unistd.h>

enum { UPLOAD_TRIES = 5, LEFTOVER_LIMIT_MS = 10000 };

/* --- logs --- */

/* Where the logs of this one go: "<LogUri>/<cluster>/steps/<step>", NULL when the cluster keeps none. */
static Status log_folder(Db *db, Arena *a, const Active *active, char **ret_uri, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT c.log_uri, (SELECT i.ec2_id FROM emr_instance i JOIN emr_group g ON g.id = i.grp WHERE i.cluster = c.id AND "
                 "g.role='MASTER' ORDER BY i.seq LIMIT 1), (SELECT number FROM emr_bootstrap WHERE id=?) FROM emr_cluster c WHERE c.id=?",
                 "ss", active->id, active->cluster));
    *ret_uri = NULL;
    const char *base = row_next(row) ? row_str(row, 0) : NULL;
    if (!base || !*base)
        return row_status(row, err);
    const char *slash = str_ends(base, "/") ? "" : "/";
    if (active->kind == ACTIVE_STEP)
        *ret_uri = arena_printf(a, "%s%s%s/steps/%s", base, slash, active->cluster, active->id);
    else
        *ret_uri = arena_printf(a, "%s%s%s/node/%s/bootstrap-actions/%lld", base, slash, active->cluster, row_str(row, 1),
                                (long long)row_int(row, 2));
    return ST_OK;
}

static const char *const log_names[] = { "controller", "syslog", "stderr", "stdout" };
enum { LOG_NAMES = sizeof log_names / sizeof *log_names };

static int64_t logs_bytes(Arena *a, const Active *active)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < LOG_NAMES; i++) {
        struct stat st;
        if (stat(path_join(a, active->folder, log_names[i]), &st) == 0)
            bytes += st.st_size;
    }
    return bytes;
}

static Status logs_upload(StepQueue *q, Arena *a, const Active *active, const char *folder_uri, Error *err)
{
    for (size_t i = 0; i < LOG_NAMES; i++) {
        char *packed = arena_printf(a, "%s/%s.gz", active->folder, log_names[i]);
        TRY(logs_gzip(path_join(a, active->folder, log_names[i]), packed, err));
        Status status = q->options.hooks.put_file(q->options.hooks.self, arena_printf(a, "%s/%s.gz", folder_uri, log_names[i]), packed,
                                                  active->id, err);
        unlink(packed);
        TRY(status);
    }
    return ST_OK;
}

void logs_refresh(StepQueue *q, Db *db, Active *active)
{
    arena_auto *a = arena_new();
    char *uri = NULL;
    Error error = ERROR_INIT;
    int64_t bytes = logs_bytes(a, active);
    if (bytes == active->logs_bytes)
        return;
    if (log_folder(db, a, active, &uri, &error) != ST_OK || (uri && logs_upload(q, a, active, uri, &error) != ST_OK))
        log_warn("logs of %s: %s", active->id, error.message);
    active->logs_bytes = bytes;
}

/* The logs at the end. A LogUri that can not be written to must not keep a step from ending; a passing trouble may delay it. */
static Status logs_final(StepQueue *q, Db *db, Arena *a, Active *active, char **ret_uri, Error *err)
{
    Error why = ERROR_INIT;
    *ret_uri = NULL;
    if (active->kind == ACTIVE_STEP && q->options.hooks.output)
        q->options.hooks.output(q->options.hooks.self, active->cluster, active->id, active->folder);
    TRY(log_folder(db, a, active, ret_uri, err));
    Status status = *ret_uri ? logs_upload(q, a, active, *ret_uri, &why) : ST_OK;
    if (status == ST_OK)
        return ST_OK;
    log_warn("logs of %s to %s: %s", active->id, *ret_uri, why.message);
    if (status != ST_NOT_FOUND && status != ST_DENIED && status != ST_INVALID && ++active->upload_failures < UPLOAD_TRIES)
        return FAIL(err, ST_IO, "its logs are not uploaded yet: %s", why.message);
    *ret_uri = NULL;
    return ST_OK;
}

/* --- the end state --- */

static char *failure_message(Arena *a, const Active *active, const StepExit *end, const char *crash)
{
    if (crash)
        return arena_str(a, crash);
    if (end->oom_kills)
        return arena_printf(a, "The step's memory limit ended %lld of its processes", (long long)end->oom_kills);
    char *line = logs_failure_of_file(a, path_join(a, active->folder, "stderr"));
    return line ? line : arena_printf(a, "Command exiting with ret '%d'", end->code);
}

static Status step_conclude(Db *db, Arena *a, const Active *active, const StepExit *end, const char *crash, const char *logs, Error *err)
{
    bool failed = crash || (end->code != 0 && !end->cancelled);
    const char *state = failed ? "FAILED" : end->cancelled ? "CANCELLED" : "COMPLETED";
    char *message = failed ? failure_message(a, active, end, crash) : NULL;
    char *log_file = failed && logs ? arena_printf(a, "%s/stderr.gz", logs) : NULL;
    TRY(db_begin(db, err));
    TRY(db_exec(db, err,
                "UPDATE emr_step SET state=?, ended_ms=?, exit_code=?, failure_reason=?, failure_message=?, failure_log=?,"
                " reason_message=? WHERE id=? AND ended_ms IS NULL", "siisssss",
                state, clock_ms(), (int64_t)end->code, failed ? "Unknown Error." : NULL, message, log_file,
                end->cancelled && !failed ? "Job terminated" : NULL, active->id));
    char *action = NULL;
    if (failed && db_get_str(db, a, &action, err, "SELECT action_on_failure FROM emr_step WHERE id=?", "s", active->id) == ST_OK)
        TRY(cluster_step_failed(db, active->cluster, action, err));
    TRY(db_commit(db, err));
    log_info("step %s of %s: %s%s%s", active->id, active->cluster, state, message ? ": " : "", message ? message : "");
    return ST_OK;
}

static Status bootstrap_conclude(Db *db, Arena *a, const Active *active, const StepExit *end, const char *crash, Error *err)
{
    bool failed = crash || end->code != 0;
    const char *state = end->cancelled ? "CANCELLED" : failed ? "FAILED" : "COMPLETED";
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE emr_bootstrap SET state=? WHERE id=?", "ss", state, active->id));
    if (failed && !end->cancelled) {
        char *instance = NULL;
        int64_t number = 0;
        TRY(db_get_str(db, a, &instance, err,
                       "SELECT i.ec2_id FROM emr_instance i JOIN emr_group g ON g.id=i.grp WHERE i.cluster=? ORDER BY g.role<>'MASTER', i.seq LIMIT 1",
                       "s", active->cluster));
        TRY(db_get_int(db, &number, err, "SELECT number FROM emr_bootstrap WHERE id=?", "s", active->id));
        TRY(cluster_terminate(db, active->cluster, "BOOTSTRAP_FAILURE",
                              crash ? crash : arena_printf(a, "On the master instance (%s), bootstrap action %lld returned a non-zero return code",
                                                           instance, (long long)number), err));
    }
    return db_commit(db, err);
}

static Status conclude(StepQueue *q, Db *db, Active *active, const StepExit *end, const char *crash, Error *err)
{
    arena_auto *a = arena_new();
    char *logs = NULL;
    TRY(logs_final(q, db, a, active, &logs, err));
    Status status = active->kind == ACTIVE_STEP ? step_conclude(db, a, active, end, crash, logs, err)
                                                : bootstrap_conclude(db, a, active, end, crash, err);
    if (status != ST_OK)
        db_rollback(db);
    else
        q->options.hooks.ended(q->options.hooks.self, active->id);
    return status;
}

/* --- what happened --- */

static Status cancel_asked(Db *db, const Active *active, bool *ret_asked, int64_t *ret_attempts, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 active->kind == ACTIVE_STEP
                     ? "SELECT s.cancel IS NOT NULL OR c.state='TERMINATING', s.attempts FROM emr_step s JOIN emr_cluster c ON c.id=s.cluster WHERE s.id=?"
                     : "SELECT c.state='TERMINATING', b.attempts FROM emr_bootstrap b JOIN emr_cluster c ON c.id=b.cluster WHERE b.id=?",
                 "s", active->id));
    *ret_asked = true; /* no row any more: nobody wants it */
    *ret_attempts = START_ATTEMPTS;
    if (row_next(row)) {
        *ret_asked = row_int(row, 0) != 0;
        *ret_attempts = row_int(row, 1);
    }
    return row_status(row, err);
}

/* Never started: start it, or let it be when that is not wanted any more. */
static Status not_started(StepQueue *q, Db *db, Active *active, bool *ret_again, Error *err)
{
    bool cancelled = false;
    int64_t attempts = 0;
    TRY(cancel_asked(db, active, &cancelled, &attempts, err));
    if (cancelled) {
        StepExit none = { .cancelled = true };
        return conclude(q, db, active, &none, NULL, err);
    }
    if (attempts >= START_ATTEMPTS)
        return finish_unstarted(q, db, active, "The step's supervisor could not be started; see the server's log", err);
    *ret_again = true;
    return ST_OK;
}

/* Started, but its supervisor was killed: what it left behind goes now. */
static Status supervisor_lost(StepQueue *q, Db *db, Active *active, Error *err)
{
    arena_auto *a = arena_new();
    size_t left = process_kill_all(0, arena_printf(a, "WEIR_STEP_ID=%s", active->id), 0, LEFTOVER_LIMIT_MS);
    SandboxGroup group;
    if (sandbox_group_make(a, arena_printf(a, "weir-%s", active->id), q->parts, 0, 0, &group, NULL) == ST_OK)
        sandbox_group_remove(&group);
    if (left)
        log_error("step %s: %zu processes would not die", active->id, left);
    StepExit none = { .code = 1 };
    return conclude(q, db, active, &none, STEP_SUPERVISOR_LOST, err);
}

Status finish(StepQueue *q, Db *db, Active *active, bool *ret_again, Error *err)
{
    arena_auto *a = arena_new();
    StepExit end;
    if (step_exit_read(a, active->folder, &end, NULL) == ST_OK)
        return conclude(q, db, active, &end, NULL, err);
    fd_auto lock = -1;
    if (path_exists(active->folder))
        TRY(step_lock(active->folder, &lock, err)); /* ST_CONFLICT: a supervisor lives */
    if (step_exit_read(a, active->folder, &end, NULL) == ST_OK) /* written while we asked */
        return conclude(q, db, active, &end, NULL, err);
    pid_t pid;
    uint64_t start_time;
    if (step_started_read(active->folder, &pid, &start_time, NULL) == ST_NOT_FOUND)
        return not_started(q, db, active, ret_again, err);
    return supervisor_lost(q, db, active, err);
}

Status finish_unstarted(StepQueue *q, Db *db, Active *active, const char *why, Error *err)
{
    arena_auto *a = arena_new();
    char *reason = arena_str(a, why);
    StepExit none = { .code = 1 };
    return conclude(q, db, active, &none, reason, err);
}
