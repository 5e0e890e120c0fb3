/* svc/bus.c -- see bus.h. One thread for each consumer, one for changes; all state is in schema/050_bus.sql and 067_changes.sql. */
#include "svc/bus.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "os/crypto.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    PARTIES_MAX = 16,
    BATCH = 64,
    LOOK_MS = 60 * 1000,
    CHANGES_MS = 250,
    FIRST_RETRY_MS = 1000,
    LAST_RETRY_MS = 5 * 60 * 1000,
    KEEP_MS = 24 * 3600 * 1000,
    LIST_MAX = 1000
};
static const int64_t GIVE_UP_MS = 24LL * 3600 * 1000, UNCLAIMED_MS = 7LL * 24 * 3600 * 1000;

typedef struct Consumer {
    Bus *bus;
    const char *service;
    BusDeliver deliver;
    void *self;
    pthread_t thread;
    bool running;
} Consumer;

typedef struct Sender {
    const char *service;
    BusSettled settled;
    void *self;
} Sender;

typedef struct Teller {
    const char *source;
    BusTell tell;
    void *self;
} Teller;

struct Bus {
    Store *store;
    pthread_mutex_t lock;  /* guards wakes, stop */
    pthread_cond_t changed;
    uint64_t wakes;
    bool stop;
    Consumer consumers[PARTIES_MAX];
    size_t consumers_len;
    Sender senders[PARTIES_MAX];
    size_t senders_len;
    Teller tellers[PARTIES_MAX];
    size_t tellers_len;
    pthread_t changes;     /* the thread that tells */
    bool telling;
};

/* --- ARNs --- */

static const char *partition_of(const char *region)
{
    return str_starts(region, "cn-") ? "aws-cn" : str_starts(region, "us-gov-") ? "aws-us-gov" : "aws";
}

char *bus_arn(Arena *a, const Server *server, const char *service, const char *partition_region, const char *region, const char *resource)
{
    return arena_printf(a, "arn:%s:%s:%s:%s:%s", partition_of(partition_region), service, region, server->account, resource);
}

char *bus_arn_service(Arena *a, const char *arn)
{
    const char *partition = str_starts(arn, "arn:") ? strchr(arn + 4, ':') : NULL, *end = partition ? strchr(partition + 1, ':') : NULL;
    return end && end > partition + 1 ? arena_strn(a, partition + 1, (size_t)(end - partition - 1)) : NULL;
}

/* --- sending --- */

Status bus_put(Db *db, const BusMessage *m, Error *err)
{
    arena_auto *a = arena_new();
    char *service = bus_arn_service(a, m->target);
    if (!service)
        return FAIL(err, ST_INVALID, "'%s' is no ARN", m->target);
    int64_t now = clock_ms();
    return db_exec(db, err,
                   "INSERT INTO bus_message(service, region, target, source, subject, payload, state, created_ms, next_ms, retries_max, age_max_ms)"
                   " VALUES(?,?,?,?,?,?,'PENDING',?,?,nullif(?,-1),nullif(?,-1))", "ssssssiiii", m->service ? m->service : service, m->region, m->target, m->source,
                   m->subject, m->payload, now, now, m->limited ? m->retries_max : -1, m->limited ? m->age_max_ms : -1);
}

Status bus_record(Db *db, const BusMessage *m, const char *why, Error *err)
{
    arena_auto *a = arena_new();
    int64_t now = clock_ms();
    const char *service = bus_arn_service(a, m->target);
    return db_exec(db, err,
                   "INSERT INTO bus_message(service, region, target, source, subject, payload, state, attempts, last_error, created_ms, next_ms, settled_ms)"
                   " VALUES(?,?,?,?,?,?,?,1,?,?,?,?)", "ssssssssiii", service ? service : "", m->region, m->target, m->source, m->subject, m->payload,
                   why ? "FAILED" : "DELIVERED", why, now, now, now);
}

void bus_wake(Bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    bus->wakes++;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
}

static Val *event_document(Arena *a, const Server *server, const BusEvent *e)
{
    Val *event = val_map(a);
    val_set_str(a, event, "version", "0");
    val_set_str(a, event, "id", random_uuid(a));
    val_set_str(a, event, "detail-type", e->detail_type);
    val_set_str(a, event, "source", e->source);
    val_set_str(a, event, "account", server->account);
    val_set_str(a, event, "time", time_iso8601_s(a, e->at_ms));
    val_set_str(a, event, "region", e->region);
    val_set(a, event, "resources", e->resources ? (Val *)(uintptr_t)e->resources : val_list(a));
    val_set(a, event, "detail", (Val *)(uintptr_t)e->detail);
    return event;
}

static BusMessage event_message(Arena *a, const Server *server, const BusEvent *e)
{
    return (BusMessage){ .region = e->region,
                         .target = bus_arn(a, server, "events", e->region, e->region, "event-bus/default"),
                         .source = e->about,
                         .payload = val_to_json(a, event_document(a, server, e)) };
}

Status bus_put_event(Db *db, Arena *a, const Server *server, const BusEvent *event, Error *err)
{
    BusMessage message = event_message(a, server, event);
    return bus_put(db, &message, err);
}

BusMessage bus_event(Arena *a, const Server *server, const char *region, const char *event_source, const char *detail_type,
                     const char *resource, const Val *detail)
{
    Val *resources = val_list(a);
    val_push(a, resources, val_strv(a, resource));
    BusEvent event = { region, event_source, detail_type, resource, resources, detail, clock_ms() };
    return event_message(a, server, &event);
}

/* --- delivering --- */

typedef VEC(BusMessage) Messages;

static Status due_messages(Db *db, Arena *a, const char *service, int64_t now, Messages *ret_messages, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT id, region, target, source, subject, payload, created_ms, attempts, retries_max, age_max_ms FROM bus_message WHERE service=? AND state='PENDING'"
                 " AND next_ms<=? ORDER BY next_ms, id LIMIT ?", "sii", service, now, (int64_t)BATCH));
    while (row_next(row))
        vec_push(a, ret_messages, (BusMessage){ .id = row_int(row, 0),
                                                .region = row_str_in(row, a, 1),
                                                .target = row_str_in(row, a, 2),
                                                .source = row_str_in(row, a, 3),
                                                .subject = row_str_in(row, a, 4),
                                                .payload = row_str_in(row, a, 5),
                                                .created_ms = row_int(row, 6),
                                                .attempts = row_int(row, 7),
                                                .limited = !row_null(row, 8),
                                                .retries_max = row_int(row, 8),
                                                .age_max_ms = row_int(row, 9) });
    return row_status(row, err);
}

static Status tell_sender(Bus *bus, Db *db, Arena *a, const BusMessage *m, const char *why, Error *err)
{
    const char *service = bus_arn_service(a, m->source);
    for (size_t i = 0; i < bus->senders_len; i++)
        if (str_eq(bus->senders[i].service, service))
            return bus->senders[i].settled(bus->senders[i].self, db, m, why, err);
    return ST_OK;
}

/* why: NULL when it was delivered. */
static Status settle(Bus *bus, Db *db, Arena *a, const BusMessage *m, const char *why, Error *err)
{
    TRY(db_begin(db, err));
    Status status = db_exec(db, err, "UPDATE bus_message SET state=?, attempts=attempts+1, last_error=coalesce(?, last_error), settled_ms=? WHERE id=? AND state='PENDING'",
                            "ssii", why ? "FAILED" : "DELIVERED", why, clock_ms(), m->id);
    if (status == ST_OK && db_changes(db))
        status = tell_sender(bus, db, a, m, why, err);
    if (status == ST_OK)
        return db_commit(db, err);
    db_rollback(db);
    return status;
}

static Status postpone(Db *db, const BusMessage *m, const char *why, Error *err)
{
    int64_t wait_ms = m->attempts < 9 ? (int64_t)FIRST_RETRY_MS << m->attempts : LAST_RETRY_MS;
    if (wait_ms > LAST_RETRY_MS)
        wait_ms = LAST_RETRY_MS;
    return db_exec(db, err, "UPDATE bus_message SET attempts=attempts+1, last_error=?, next_ms=? WHERE id=? AND state='PENDING'", "sii", why,
                   clock_ms() + wait_ms, m->id);
}

static Status deliver_one(Consumer *c, Db *db, Arena *a, const BusMessage *m, Error *err)
{
    Error why = ERROR_INIT;
    Status status = c->deliver(c->self, m, &why);
    if (status == ST_OK)
        return settle(c->bus, db, a, m, NULL, err);
    bool passing = status == ST_IO || status == ST_INTERNAL || status == ST_CANCELLED;
    if (passing && (!m->limited || m->attempts < m->retries_max) && clock_ms() - m->created_ms < (m->limited ? m->age_max_ms : GIVE_UP_MS))
        return postpone(db, m, why.message, err);
    return settle(c->bus, db, a, m, why.message, err);
}

static Status deliver_due(Consumer *c, int64_t *ret_wait_ms, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    Messages messages = { 0 };
    int64_t next_ms = 0, now = clock_ms();
    TRY(store_borrow(c->bus->store, &db, err));
    TRY(due_messages(db, a, c->service, now, &messages, err));
    for (size_t i = 0; i < messages.len; i++)
        TRY(deliver_one(c, db, a, &messages.at[i], err));
    Status status = db_get_int(db, &next_ms, err, "SELECT next_ms FROM bus_message WHERE service=? AND state='PENDING' ORDER BY next_ms LIMIT 1", "s",
                               c->service);
    if (status != ST_OK && status != ST_NOT_FOUND)
        return status;
    now = clock_ms();
    *ret_wait_ms = status == ST_NOT_FOUND ? LOOK_MS : next_ms <= now ? 0 : next_ms - now;
    return ST_OK;
}

static bool wait_for_work(Bus *bus, uint64_t *seen, int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (wait_ms > LOOK_MS)
        wait_ms = LOOK_MS;
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&bus->lock);
    while (!bus->stop && bus->wakes == *seen)
        if (pthread_cond_timedwait(&bus->changed, &bus->lock, &until))
            break;
    *seen = bus->wakes;
    bool go_on = !bus->stop;
    pthread_mutex_unlock(&bus->lock);
    return go_on;
}

static void *consumer_main(void *arg)
{
    Consumer *c = arg;
    uint64_t seen = 0;
    int64_t wait_ms = 0;
    while (wait_for_work(c->bus, &seen, wait_ms)) {
        Error err = ERROR_INIT;
        if (deliver_due(c, &wait_ms, &err) != ST_OK) {
            log_error("bus, %s: %s", c->service, err.message);
            wait_ms = FIRST_RETRY_MS;
        }
    }
    return NULL;
}

/* --- changes --- */

typedef struct Change {
    int64_t id;
    BusChange change;
} Change;
typedef VEC(Change) Changes;

static Status next_changes(Db *db, Arena *a, Changes *ret, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT id, source, subject, state, facts, at_ms FROM change ORDER BY id LIMIT ?", "i", (int64_t)BATCH));
    while (row_next(row)) {
        Val *facts = NULL;
        const char *text = row_str(row, 4);
        val_from_json(a, text, strlen(text), &facts);
        vec_push(a, ret, (Change){ row_int(row, 0), { row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), facts, row_int(row, 5) } });
    }
    return row_status(row, err);
}

static Status tell_one(Bus *bus, Db *db, Arena *a, const Change *c, Error *err)
{
    const Teller *teller = NULL;
    Error why = ERROR_INIT;
    for (size_t i = 0; i < bus->tellers_len; i++)
        if (str_eq(bus->tellers[i].source, c->change.source))
            teller = &bus->tellers[i];
    TRY(db_begin(db, err));
    Status status = teller ? teller->tell(teller->self, db, a, &c->change, &why) : ST_OK;
    if (status == ST_IO || status == ST_INTERNAL) {
        db_rollback(db);
        return FAIL(err, status, "%s", why.message);
    }
    if (status != ST_OK) {
        log_error("bus: %s %s is %s: %s", c->change.source, c->change.subject, c->change.state, why.message);
        db_rollback(db);
        return db_exec(db, err, "DELETE FROM change WHERE id=?", "i", c->id);
    }
    status = db_exec(db, err, "DELETE FROM change WHERE id=?", "i", c->id);
    if (status == ST_OK)
        return db_commit(db, err);
    db_rollback(db);
    return status;
}

static Status tell_all(Bus *bus, size_t *ret_told, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    Changes changes = { 0 };
    *ret_told = 0;
    TRY(store_borrow(bus->store, &db, err));
    TRY(next_changes(db, a, &changes, err));
    for (; *ret_told < changes.len; ++*ret_told)
        TRY(tell_one(bus, db, a, &changes.at[*ret_told], err));
    return ST_OK;
}

/* Whoever changes a state may be below this folder and can not wake us: four looks a second at a table that is empty. */
static void *changes_main(void *arg)
{
    Bus *bus = arg;
    uint64_t seen = 0;
    int64_t wait_ms = 0;
    while (wait_for_work(bus, &seen, wait_ms)) {
        Error err = ERROR_INIT;
        size_t told = 0;
        Status status = tell_all(bus, &told, &err);
        if (status != ST_OK)
            log_error("bus, changes: %s", err.message);
        wait_ms = status != ST_OK ? FIRST_RETRY_MS : told == BATCH ? 0 : CHANGES_MS;
        if (told)
            bus_wake(bus);
    }
    return NULL;
}

/* --- life --- */

Status bus_open(Store *store, Bus **ret_bus, Error *err)
{
    (void)err;
    Bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        abort();
    bus->store = store;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&bus->lock, NULL);
    pthread_cond_init(&bus->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret_bus = bus;
    return ST_OK;
}

void bus_consume(Bus *bus, const char *service, BusDeliver deliver, void *self)
{
    if (bus->consumers_len == PARTIES_MAX)
        abort(); /* a constant of this program */
    bus->consumers[bus->consumers_len++] = (Consumer){ .bus = bus, .service = service, .deliver = deliver, .self = self };
}

void bus_on_settled(Bus *bus, const char *service, BusSettled settled, void *self)
{
    if (bus->senders_len == PARTIES_MAX)
        abort();
    bus->senders[bus->senders_len++] = (Sender){ service, settled, self };
}

void bus_on_change(Bus *bus, const char *source, BusTell tell, void *self)
{
    if (bus->tellers_len == PARTIES_MAX)
        abort();
    bus->tellers[bus->tellers_len++] = (Teller){ source, tell, self };
}

Status bus_start(Bus *bus, Error *err)
{
    int refused = pthread_create(&bus->changes, NULL, changes_main, bus);
    if (refused)
        return FAIL(err, ST_IO, "start the bus: %s", strerror(refused));
    bus->telling = true;
    for (size_t i = 0; i < bus->consumers_len; i++) {
        Consumer *c = &bus->consumers[i];
        int failed = pthread_create(&c->thread, NULL, consumer_main, c);
        if (failed)
            return FAIL(err, ST_IO, "start the bus: %s", strerror(failed));
        c->running = true;
    }
    return ST_OK;
}

void bus_stop(Bus *bus)
{
    if (!bus)
        return;
    pthread_mutex_lock(&bus->lock);
    bus->stop = true;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
    if (bus->telling)
        pthread_join(bus->changes, NULL);
    bus->telling = false;
    for (size_t i = 0; i < bus->consumers_len; i++) {
        if (bus->consumers[i].running)
            pthread_join(bus->consumers[i].thread, NULL);
        bus->consumers[i].running = false;
    }
}

void bus_close(Bus *bus)
{
    if (!bus)
        return;
    bus_stop(bus);
    pthread_mutex_destroy(&bus->lock);
    pthread_cond_destroy(&bus->changed);
    free(bus);
}

Status bus_sweep(Bus *bus, Error *err)
{
    db_auto *db = NULL;
    int64_t now = clock_ms();
    TRY(store_borrow(bus->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM bus_message WHERE settled_ms<?", "i", now - KEEP_MS));
    return db_exec(db, err, "UPDATE bus_message SET state='FAILED', settled_ms=?, last_error=coalesce(last_error, 'no service took it for a week')"
                            " WHERE state='PENDING' AND created_ms<?", "ii", now, now - UNCLAIMED_MS);
}

/* --- GET /_weir/bus --- */

static Val *message_value(Arena *a, Row *row)
{
    static const char *const texts[] = { "target", "source", "region", "subject", "payload", "state", "last_error" };
    Val *v = val_map(a);
    val_set_int(a, v, "id", row_int(row, 0));
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        val_set_str(a, v, texts[i], row_str(row, i + 1));
    val_set_int(a, v, "attempts", row_int(row, 8));
    val_set_int(a, v, "created_ms", row_int(row, 9));
    val_set_int(a, v, "next_ms", row_int(row, 10));
    return v;
}

Status bus_list(Call *call, Error *err)
{
    Arena *a = call->arena;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT id, target, source, region, subject, payload, state, last_error, attempts, created_ms, next_ms FROM bus_message"
                 " WHERE target=coalesce(?1, target) AND source=coalesce(?2, source) ORDER BY id DESC LIMIT ?3", "ssi",
                 http_query(call->request, "target"), http_query(call->request, "source"), (int64_t)LIST_MAX));
    Val *list = val_list(a), *answer = val_map(a);
    while (row_next(row))
        val_push(a, list, message_value(a, row));
    TRY(row_status(row, err));
    val_set(a, answer, "messages", list);
    call->response->body = val_to_json(a, answer);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}
