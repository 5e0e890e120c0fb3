/* svc/events/clock.c -- the thread that fires schedules and replays archives; start, stop, sweep.
 *
 * A schedule that was due while the server was down fires once when it is up again. */
#include "base/clock.h"
#include "base/log.h"
#include "os/crypto.h"
#include "svc/events/internal.h"
#include "svc/schedule.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_MS = 60 * 1000, RETRY_MS = 1000, DAY_MS = 24 * 3600 * 1000 };

struct EventClock {
    Server *server;
    pthread_mutex_t lock;  /* guards wakes, stop */
    pthread_cond_t changed;
    uint64_t wakes;
    bool stop;
    pthread_t thread;
};

/* ---------------------------------------------------------------- schedules */
static Doc *scheduled_event(Server *server, Arena *a, const EventRule *rule, int64_t ms)
{
    Doc *event = doc_object(a), *resources = doc_list(a);
    doc_push(a, resources, doc_string(a, rule->arn));
    doc_set(a, event, "version", doc_string(a, "0"));
    doc_set(a, event, "id", doc_string(a, random_uuid(a)));
    doc_set(a, event, "detail-type", doc_string(a, "Scheduled Event"));
    doc_set(a, event, "source", doc_string(a, "aws.events"));
    doc_set(a, event, "account", doc_string(a, server->account));
    doc_set(a, event, "time", doc_string(a, time_iso8601_s(a, ms)));
    doc_set(a, event, "region", doc_string(a, rule->region));
    doc_set(a, event, "resources", resources);
    doc_set(a, event, "detail", doc_object(a));
    return event;
}

static Status due_rule(Db *db, Arena *a, int64_t now, EventRule *ret_rule, int64_t *ret_due_ms, bool *ret_found, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT arn, region, bus, name, schedule, next_ms FROM event_rule WHERE next_ms<=? ORDER BY next_ms LIMIT 1", "i", now));
    *ret_found = row_next(row);
    if (*ret_found) {
        *ret_rule = (EventRule){ .arn = row_str_in(row, a, 0), .region = row_str_in(row, a, 1), .bus = row_str_in(row, a, 2), .name = row_str_in(row, a, 3),
                                 .schedule = row_str_in(row, a, 4) };
        *ret_due_ms = row_int(row, 5);
    }
    return row_status(row, err);
}

/* A rate keeps its beat; what was missed is left out. */
static int64_t next_after(const char *schedule, int64_t due_ms, int64_t now)
{
    int64_t next = schedule_next_ms(schedule, due_ms);
    if (next < 0 || next > now)
        return next;
    int64_t step = next - due_ms;
    return schedule_is_cron(schedule) ? schedule_next_ms(schedule, now) : due_ms + ((now - due_ms) / step + 1) * step;
}

static Status fire_one(Server *server, bool *ret_fired, Error *err)
{
    arena_auto *a = arena_new();
    EventRule rule;
    int64_t due_ms, now = clock_ms();
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(due_rule(db, a, now, &rule, &due_ms, ret_fired, err));
    if (!*ret_fired)
        return ST_OK;
    int64_t next = next_after(rule.schedule, due_ms, now);
    TRY(db_exec(db, err, "UPDATE event_rule SET next_ms=nullif(?,-1) WHERE arn=?", "is", next, rule.arn));
    TRY(events_deliver(server, db, a, &rule, scheduled_event(server, a, &rule, due_ms), false, err));
    TRY(db_commit(db, err));
    bus_wake(server->bus);
    return ST_OK;
}

/* ---------------------------------------------------------------- replays */
static Status replay_one(Server *server, bool *ret_more, Error *err)
{
    arena_auto *a = arena_new();
    char *arn = NULL;
    *ret_more = false;
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        Status status = db_get_str(db, a, &arn, err, "SELECT arn FROM event_replay WHERE state='RUNNING' ORDER BY started_ms LIMIT 1", "");
        if (status != ST_OK)
            return status == ST_NOT_FOUND ? ST_OK : status;
    }
    bool more;
    *ret_more = true;
    return events_replay_some(server, arn, &more, err);
}

/* ---------------------------------------------------------------- the thread */
static Status work(Server *server, int64_t *ret_wait_ms, Error *err)
{
    int64_t next, now = clock_ms();
    bool fired = false, replayed = false;
    TRY(fire_one(server, &fired, err));
    TRY(replay_one(server, &replayed, err));
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_get_int(db, &next, err, "SELECT coalesce(min(next_ms), 0) FROM event_rule WHERE next_ms IS NOT NULL", ""));
    int64_t wait = next && next - now < LOOK_MS ? next - now : LOOK_MS;
    *ret_wait_ms = fired || replayed || wait < 0 ? 0 : wait;
    return ST_OK;
}

static bool wait_for_work(struct EventClock *c, uint64_t *seen, int64_t wait_ms)
{
    struct timespec until = clock_after(CLOCK_MONOTONIC, wait_ms);
    pthread_mutex_lock(&c->lock);
    while (!c->stop && c->wakes == *seen && pthread_cond_timedwait(&c->changed, &c->lock, &until) == 0)
        continue;
    *seen = c->wakes;
    bool go_on = !c->stop;
    pthread_mutex_unlock(&c->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct EventClock *c = arg;
    uint64_t seen = 0;
    int64_t wait_ms = 0;
    while (wait_for_work(c, &seen, wait_ms)) {
        Error err = ERROR_INIT;
        if (work(c->server, &wait_ms, &err) != ST_OK) {
            log_error("events: %s", err.message);
            wait_ms = RETRY_MS;
        }
    }
    return NULL;
}

void events_wake(Server *server)
{
    struct EventClock *c = server->events;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->wakes++;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

Status eventbridge_start(Server *server, Error *err)
{
    struct EventClock *c = calloc(1, sizeof *c);
    pthread_condattr_t attributes;
    if (!c)
        abort();
    c->server = server;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    bus_consume(server->bus, "events", events_from_bus, server);
    bus_consume(server->bus, EVENTS_CALLER, events_call_destination, server);
    bus_on_settled(server->bus, "events", events_settled, server);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        free(c);
        return FAIL(err, ST_INTERNAL, "no thread for EventBridge's schedules");
    }
    server->events = c;
    return ST_OK;
}

void eventbridge_stop(Server *server)
{
    struct EventClock *c = server->events;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    server->events = NULL;
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    free(c);
}

Status eventbridge_sweep(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_exec(db, err, "DELETE FROM event_archived WHERE id IN (SELECT e.id FROM event_archive a JOIN event_archived e ON e.archive=a.arn "
                            "WHERE a.retention_days>0 AND e.archived_ms<?-a.retention_days*?)", "ii", clock_ms(), (int64_t)DAY_MS);
}
