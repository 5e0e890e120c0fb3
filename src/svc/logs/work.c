/* svc/logs/work.c -- the service's life; its thread that deletes what is too old and settles default values; threads that carry out export
 * tasks and queries. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "svc/logs/internal.h"
#include "svc/logs/work.h"

#include <stdlib.h>
#include <time.h>

enum { SETTLE_EVERY_MS = 1000, LOOK_EVERY_MS = 60000, WAIT_STEP_MS = 1000, QUERY_KEEP_DAYS = 7, EXPORT_KEEP_DAYS = 30 };

static const Logging logging = { .put_file = logs_put_file };

void logs_wake(Server *server)
{
    struct Logs *logs = server->logs;
    pthread_mutex_lock(&logs->lock);
    logs->wakes++;
    pthread_cond_broadcast(&logs->changed);
    pthread_mutex_unlock(&logs->lock);
}

bool logs_stopping(Server *server)
{
    struct Logs *logs = server->logs;
    pthread_mutex_lock(&logs->lock);
    bool stop = logs->stop;
    pthread_mutex_unlock(&logs->lock);
    return stop;
}

/* --- work --- */

static Status state_of(Server *server, Arena *a, const char *table, const char *id, char **ret_state, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_get_str(db, a, ret_state, err, arena_printf(a, "SELECT state FROM %s WHERE id=?", table), "s", id);
}

bool logs_cancelled(Server *server, const char *table, const char *id)
{
    arena_auto *a = arena_new();
    char *state;
    return logs_stopping(server) || state_of(server, a, table, id, &state, NULL) != ST_OK || str_eq(state, "PENDING_CANCEL") || str_eq(state, "Cancelled");
}

static bool ended(Server *server, const char *table, const char *id)
{
    arena_auto *a = arena_new();
    char *state;
    if (state_of(server, a, table, id, &state, NULL) != ST_OK)
        return true;
    return !str_eq(state, "PENDING") && !str_eq(state, "RUNNING") && !str_eq(state, "PENDING_CANCEL") && !str_eq(state, "Scheduled") && !str_eq(state, "Running");
}

void logs_wait_for(Server *server, const char *table, const char *id, int64_t at_most_ms)
{
    struct Logs *logs = server->logs;
    int64_t deadline = clock_monotonic_ms() + at_most_ms, left;
    pthread_mutex_lock(&logs->lock);
    uint64_t seen = logs->wakes;
    pthread_mutex_unlock(&logs->lock);
    while (!ended(server, table, id) && (left = deadline - clock_monotonic_ms()) > 0) {
        struct timespec until = clock_after(CLOCK_REALTIME, left < WAIT_STEP_MS ? left : WAIT_STEP_MS);
        pthread_mutex_lock(&logs->lock);
        if (!logs->stop && logs->wakes == seen)
            pthread_cond_timedwait(&logs->changed, &logs->lock, &until);
        bool stop = logs->stop;
        seen = logs->wakes;
        pthread_mutex_unlock(&logs->lock);
        if (stop)
            return;
    }
}

/* The oldest that waits, now running; *ret_id NULL: none. */
static Status take(Server *server, Arena *a, const char *table, const char *waiting, const char *running, char **ret_id, Error *err)
{
    db_auto *db = NULL;
    *ret_id = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = db_get_str(db, a, ret_id, err, arena_printf(a, "SELECT id FROM %s WHERE state=? ORDER BY created_ms, rowid LIMIT 1", table), "s", waiting);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    TRY(status);
    TRY(db_exec(db, err, arena_printf(a, "UPDATE %s SET state=? WHERE id=?", table), "ss", running, *ret_id));
    return db_commit(db, err);
}

/* *ret_done: there was something. */
static Status work_once(Server *server, bool *ret_done, Error *err)
{
    arena_auto *a = arena_new();
    char *id;
    *ret_done = false;
    TRY(take(server, a, "log_query", "Scheduled", "Running", &id, err));
    if (id) {
        *ret_done = true;
        return logs_query_run(server, id, err);
    }
    TRY(take(server, a, "log_export", "PENDING", "RUNNING", &id, err));
    if (!id)
        return ST_OK;
    *ret_done = true;
    return logs_export_run(server, id, err);
}

static void *worker_main(void *arg)
{
    struct Logs *logs = arg;
    while (!logs_stopping(logs->server)) {
        Error err = ERROR_INIT;
        bool done;
        pthread_mutex_lock(&logs->lock);
        uint64_t seen = logs->wakes;
        pthread_mutex_unlock(&logs->lock);
        if (work_once(logs->server, &done, &err) != ST_OK)
            log_error("the work of CloudWatch Logs: %s", err.message);
        if (done && err.status == ST_OK) {
            logs_wake(logs->server); /* whoever waits for it */
            continue;
        }
        struct timespec until = clock_after(CLOCK_REALTIME, LOOK_EVERY_MS);
        pthread_mutex_lock(&logs->lock);
        while (!logs->stop && logs->wakes == seen && pthread_cond_timedwait(&logs->changed, &logs->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&logs->lock);
    }
    return NULL;
}

/* What a crash interrupted begins anew; what was cancelled meanwhile is. */
static Status recover(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_exec(db, err, "UPDATE log_export SET state='PENDING' WHERE state='RUNNING'", ""));
    TRY(db_exec(db, err, "UPDATE log_export SET state='CANCELLED' WHERE state='PENDING_CANCEL'", ""));
    return db_exec(db, err, "UPDATE log_query SET state='Scheduled' WHERE state='Running'", "");
}

/* --- sweeping --- */

static bool stopping(void *arg)
{
    return logs_stopping(((struct Logs *)arg)->server);
}

static Status sweep(struct Logs *logs, Error *err)
{
    arena_auto *a = arena_new();
    LogKeeps keeps = { 0 };
    int64_t now = clock_ms(), newest = 0;
    {
        db_auto *db = NULL;
        row_auto *row = NULL;
        TRY(store_borrow(logs->server->store, &db, err));
        TRY(db_get_int(db, &newest, err, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name='log_group'", ""));
        TRY(db_query(db, &row, err, "SELECT id, retention_days FROM log_group", ""));
        while (row_next(row))
            vec_push(a, &keeps, (LogKeep){ row_int(row, 0), row_null(row, 1) ? INT64_MIN : now - row_int(row, 1) * LOGS_DAY_MS });
        TRY(row_status(row, err));
    }
    {
        db_auto *db = NULL;
        TRY(store_borrow(logs->server->store, &db, err));
        TRY(db_exec(db, err, "DELETE FROM log_query WHERE created_ms<? AND state NOT IN ('Scheduled','Running')", "i", now - QUERY_KEEP_DAYS * LOGS_DAY_MS));
        TRY(db_exec(db, err, "DELETE FROM log_export WHERE completed_ms<?", "i", now - EXPORT_KEEP_DAYS * LOGS_DAY_MS));
    }
    return events_sweep(logs->events, &keeps, newest, stopping, logs, err);
}

static void *sweeper_main(void *arg)
{
    struct Logs *logs = arg;
    bool stop = false;
    while (!stop) {
        struct timespec until = clock_after(CLOCK_REALTIME, SETTLE_EVERY_MS);
        pthread_mutex_lock(&logs->lock);
        if (!logs->stop && !logs->sweep)
            pthread_cond_timedwait(&logs->changed, &logs->lock, &until);
        bool wanted = logs->sweep;
        stop = logs->stop;
        logs->sweep = false;
        pthread_mutex_unlock(&logs->lock);
        Error err = ERROR_INIT; /* nobody waits for it; what failed is tried again a minute later */
        if (wanted && !stop && sweep(logs, &err) != ST_OK)
            log_warn("sweep log events: %s", err.message);
        err = ERROR_INIT;
        if (logs_filters_settle(logs->server, stop ? INT64_MAX / 2 : clock_ms(), &err) != ST_OK)
            log_warn("default values of metric filters: %s", err.message);
    }
    return NULL;
}

Status logs_sweep(Server *server, Error *err)
{
    (void)err;
    pthread_mutex_lock(&server->logs->lock);
    server->logs->sweep = true;
    pthread_cond_broadcast(&server->logs->changed);
    pthread_mutex_unlock(&server->logs->lock);
    return ST_OK;
}

/* --- start, stop, reset --- */

Status logs_start(Server *server, Error *err)
{
    struct Logs *logs = calloc(1, sizeof *logs);
    if (!logs)
        abort();
    logs->server = server;
    pthread_mutex_init(&logs->lock, NULL);
    pthread_cond_init(&logs->changed, NULL);
    server->logs = logs;
    TRY(events_open(server->home, &logs->events, err));
    server->logging = &logging;
    bus_consume(server->bus, "logs", logs_from_bus, server);
    if (pthread_create(&logs->sweeper, NULL, sweeper_main, logs) != 0)
        return FAIL(err, ST_INTERNAL, "no thread for log events");
    logs->sweeping = true;
    TRY(recover(server, err));
    for (; logs->running < LOGS_THREADS; logs->running++) {
        if (pthread_create(&logs->threads[logs->running], NULL, worker_main, logs) != 0)
            return FAIL(err, ST_INTERNAL, "no thread for exports and queries of logs");
    }
    return logs_sweep(server, err);
}

void logs_stop(Server *server)
{
    struct Logs *logs = server->logs;
    if (!logs)
        return;
    pthread_mutex_lock(&logs->lock);
    logs->stop = true;
    pthread_cond_broadcast(&logs->changed);
    pthread_mutex_unlock(&logs->lock);
    while (logs->running > 0)
        pthread_join(logs->threads[--logs->running], NULL);
    if (logs->sweeping)
        pthread_join(logs->sweeper, NULL);
    server->logs = NULL;
    server->logging = NULL;
    store_close(logs->events);
    pthread_mutex_destroy(&logs->lock);
    pthread_cond_destroy(&logs->changed);
    free(logs);
}

Status logs_reset(Server *server, Error *err)
{
    return events_reset(server->logs->events, err);
}
