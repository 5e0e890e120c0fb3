/* svc/logs/work.c -- the service's life, and its thread that deletes what is too old and settles default values. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "svc/logs/internal.h"

#include <stdlib.h>
#include <time.h>

enum { SETTLE_EVERY_MS = 1000 };

static const Logging logging = { .append = logs_append };

static struct timespec after_ms(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

void logs_wake(Server *server)
{
    struct Logs *logs = server->logs;
    pthread_mutex_lock(&logs->lock);
    logs->wakes++;
    pthread_cond_broadcast(&logs->changed);
    pthread_mutex_unlock(&logs->lock);
}

/* --- sweeping --- */

static bool stopping(void *arg)
{
    struct Logs *logs = arg;
    pthread_mutex_lock(&logs->lock);
    bool stop = logs->stop;
    pthread_mutex_unlock(&logs->lock);
    return stop;
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
    return events_sweep(logs->events, &keeps, newest, stopping, logs, err);
}

static void *sweeper_main(void *arg)
{
    struct Logs *logs = arg;
    bool stop = false;
    while (!stop) {
        struct timespec until = after_ms(SETTLE_EVERY_MS);
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
