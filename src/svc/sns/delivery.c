/* svc/sns/delivery.c -- messages on their way over the network: a few threads that take what is due, try, and record each attempt.
 *
 * A delivery that is being tried is leased, so that no two threads try it; what a server leased that died, the next one tries at once.
 * Source: "Amazon SNS message delivery retries": by default 3 retries, 20 s apart; a subscription's DeliveryPolicy says otherwise. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "os/client.h"
#include "os/mail.h"
#include "os/signing.h"
#include "svc/bus.h"
#include "svc/queues.h"
#include "svc/sns/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 4, LOOK_MS = 5000, LEASE_MS = 60 * 1000, TIMEOUT_MS = 15 * 1000, RETRIES = 3, RETRY_S = 20, KEEP_MS = 24 * 3600 * 1000, LISTED = 1000 };
static const char FROM[] = "no-reply@sns.weir.local";

struct SnsDelivery {
    Server *server;
    pthread_mutex_t lock;  /* guards wakes, stop */
    pthread_cond_t changed;
    uint64_t wakes;
    bool stop;
    pthread_t threads[THREADS];
    int running;
    pthread_mutex_t key_lock; /* guards key */
    SigningKey *key;          /* NULL until it is first asked for */
};

Status sns_signing_key(Server *server, const SigningKey **ret_key, Error *err)
{
    struct SnsDelivery *s = server->sns;
    arena_auto *a = arena_new();
    pthread_mutex_lock(&s->key_lock);
    Status status = s->key ? ST_OK : signing_key_open(arena_printf(a, "%s/keys/sns.pem", server->home), "sns.amazonaws.com", &s->key, err);
    if (status == ST_OK)
        *ret_key = s->key;
    pthread_mutex_unlock(&s->key_lock);
    return status;
}

Status sns_delivery_add(Db *db, const Delivery *d, Error *err)
{
    return db_exec(db, err,
                   "INSERT INTO sns_delivery(message_id, subscription, topic, kind, protocol, endpoint, raw, subject, body, state, next_ms, created_ms) "
                   "VALUES(?,?,?,?,?,?,?,?,?,'PENDING',?,?)", "ssssssissii", d->message_id, d->subscription, d->topic, d->kind, d->protocol, d->endpoint,
                   (int64_t)d->raw, d->subject, d->body, clock_ms(), clock_ms());
}

void sns_delivery_wake(Server *server)
{
    struct SnsDelivery *s = server->sns;
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->wakes++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* ---------------------------------------------------------------- one attempt */
typedef struct Due {
    int64_t id, attempts;
    Delivery delivery;
} Due;

static Status over_http(Arena *a, const Delivery *d, int *ret_status, Error *err)
{
    ClientRequest request = { .method = "POST", .url = d->endpoint, .body = d->body, .body_len = strlen(d->body), .connect_timeout_ms = TIMEOUT_MS,
                              .timeout_ms = TIMEOUT_MS };
    const char *headers[][2] = {
        { "Content-Type", "text/plain; charset=UTF-8" }, { "User-Agent", "Amazon Simple Notification Service Agent" },
        { "x-amz-sns-message-type", d->kind }, { "x-amz-sns-message-id", d->message_id }, { "x-amz-sns-topic-arn", d->topic },
        { "x-amz-sns-subscription-arn", d->subscription }, { "x-amz-sns-rawdelivery", d->raw ? "true" : NULL },
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool unconfirmed = str_eq(d->kind, "SubscriptionConfirmation") && str_eq(headers[i][0], "x-amz-sns-subscription-arn");
        if (headers[i][1] && !unconfirmed)
            vec_push(a, &request.headers, (HttpPair){ arena_str(a, headers[i][0]), arena_str(a, headers[i][1]) });
    }
    ClientAnswer answer = { 0 };
    TRY(client_send(a, &request, &answer, NULL, err));
    *ret_status = answer.status;
    if (answer.status >= 200 && answer.status < 300)
        return ST_OK;
    bool permanent = answer.status >= 400 && answer.status < 500 && answer.status != 429;
    return FAIL(err, permanent ? ST_INVALID : ST_IO, "the endpoint answered %d", answer.status);
}

static Status over_mail(Server *server, Arena *a, const Delivery *d, Error *err)
{
    Mail mail = { .server = server->smtp, .from = FROM, .to = d->endpoint, .subject = d->subject ? d->subject : "AWS Notification Message", .body = d->body };
    if (!server->smtp)
        return FAIL(err, ST_INVALID, "no mail server: weir serve --smtp smtp://HOST:PORT names one");
    return mail_send(a, &mail, err);
}

/* ST_IO: try again. Anything else but ST_OK: it never will work. */
static Status attempt(Server *server, Arena *a, const Delivery *d, int *ret_status, Error *err)
{
    if (str_starts(d->protocol, "http"))
        return over_http(a, d, ret_status, err);
    if (str_starts(d->protocol, "email"))
        return over_mail(server, a, d, err);
    if (str_eq(d->protocol, "sqs"))
        return FAIL(err, ST_INVALID, "the queue %s does not exist", d->endpoint);
    return FAIL(err, ST_INVALID, "%s: there is no %s behind it", d->protocol, str_eq(d->protocol, "sms") ? "carrier" : "push service");
}

/* ---------------------------------------------------------------- when again */

/* From the subscription's DeliveryPolicy.healthyRetryPolicy, linear between its delays. -1: no more. */
static int64_t next_delay_ms(Db *db, Arena *a, const Delivery *d, int64_t attempts)
{
    char *text = NULL;
    Val *attributes = NULL, *policy = NULL;
    if (db_get_str(db, a, &text, NULL, "SELECT attributes FROM sns_subscription WHERE arn=?", "s", d->subscription) == ST_OK &&
        val_from_json(a, text, strlen(text), &attributes) && val_str(attributes, "DeliveryPolicy"))
        val_from_json(a, val_str(attributes, "DeliveryPolicy"), strlen(val_str(attributes, "DeliveryPolicy")), &policy);
    const Val *healthy = val_get(policy, "healthyRetryPolicy");
    int64_t retries = val_int(healthy, "numRetries", RETRIES), least = val_int(healthy, "minDelayTarget", RETRY_S);
    int64_t most = val_int(healthy, "maxDelayTarget", least > RETRY_S ? least : RETRY_S);
    if (attempts > retries)
        return -1;
    int64_t steps = retries > 1 ? retries - 1 : 1, at = attempts - 1;
    return (least + (most > least ? (most - least) * at / steps : 0)) * 1000;
}

static Val *text_attribute(Arena *a, const char *text)
{
    Val *v = val_map(a);
    val_set_str(a, v, "DataType", "String");
    val_set_str(a, v, "StringValue", text);
    return v;
}

/* What failed for good, into the subscription's dead-letter queue. One that is gone loses it, as AWS does. Source: "Amazon SNS dead-letter queues". */
static Status bury(Db *db, Arena *a, const Delivery *d, int http, const char *why, Error *err)
{
    char *text = NULL;
    Val *policy = NULL, *there = NULL, *shown = val_map(a);
    QueueSent sent;
    Status status = db_get_str(db, a, &text, err, "SELECT coalesce(json_extract(attributes, '$.RedrivePolicy'), '') FROM sns_subscription WHERE arn=?", "s", d->subscription);
    if (status == ST_NOT_FOUND || (status == ST_OK && !*text))
        return ST_OK;
    TRY(status);
    const char *queue = val_from_json(a, text, strlen(text), &policy) ? val_str(policy, "deadLetterTargetArn") : NULL;
    if (!queue)
        return ST_OK;
    TRY(queue_attributes(db, a, queue, &there, err));
    if (!there)
        return ST_OK;
    val_set(a, shown, "RequestID", text_attribute(a, d->message_id));
    val_set(a, shown, "ErrorCode", text_attribute(a, http ? arena_printf(a, "%d", http) : "CLIENT_ERROR"));
    val_set(a, shown, "ErrorMessage", text_attribute(a, why));
    QueueMessage m = { .body = d->body, .attributes = shown, .delay_s = -1 };
    return queue_send(db, a, queue, &m, &sent, err);
}

static Status settle(Db *db, Arena *a, const Due *due, Status status, int http, const Error *why, Error *err)
{
    int64_t now = clock_ms(), delay = status == ST_IO ? next_delay_ms(db, a, &due->delivery, due->attempts + 1) : -1;
    const char *state = status == ST_OK ? "DELIVERED" : delay < 0 ? "FAILED" : "PENDING";
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "INSERT INTO sns_attempt(delivery, at_ms, status, error) VALUES(?,?,nullif(?,0),?)", "iiis", due->id, now, (int64_t)http,
                status == ST_OK ? NULL : why->message));
    TRY(db_exec(db, err, "UPDATE sns_delivery SET state=?, next_ms=?, leased=0 WHERE id=?", "sii", state, delay < 0 ? now : now + delay, due->id));
    if (str_eq(state, "FAILED"))
        TRY(bury(db, a, &due->delivery, http, why->message, err));
    return db_commit(db, err);
}

/* ---------------------------------------------------------------- the threads */
static Status take(Db *db, Arena *a, Due *ret_due, bool *ret_taken, Error *err)
{
    row_auto *row = NULL;
    int64_t now = clock_ms();
    *ret_taken = false;
    TRY(db_begin(db, err));
    TRY(db_query(db, &row, err,
                 "SELECT id, message_id, subscription, topic, kind, protocol, endpoint, raw, subject, body, (SELECT count(*) FROM sns_attempt "
                 "WHERE delivery=id) FROM sns_delivery WHERE state='PENDING' AND next_ms<=? ORDER BY next_ms, id LIMIT 1", "i", now));
    if (row_next(row)) {
        *ret_taken = true;
        *ret_due = (Due){ .id = row_int(row, 0), .attempts = row_int(row, 10),
                          .delivery = { .message_id = row_str_in(row, a, 1), .subscription = row_str_in(row, a, 2), .topic = row_str_in(row, a, 3),
                                        .kind = row_str_in(row, a, 4), .protocol = row_str_in(row, a, 5), .endpoint = row_str_in(row, a, 6),
                                        .raw = row_int(row, 7) != 0, .subject = row_str_in(row, a, 8), .body = row_str_in(row, a, 9) } };
    }
    TRY(row_status(row, err));
    row_done(row);
    row = NULL;
    if (*ret_taken)
        TRY(db_exec(db, err, "UPDATE sns_delivery SET next_ms=?, leased=1 WHERE id=?", "ii", now + LEASE_MS, ret_due->id));
    return db_commit(db, err);
}

static Status deliver_one(Server *server, bool *ret_taken, Error *err)
{
    arena_auto *a = arena_new();
    Due due = { 0 };
    Error why = ERROR_INIT;
    int http = 0;
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(take(db, a, &due, ret_taken, err));
    }
    if (!*ret_taken)
        return ST_OK;
    Status status = attempt(server, a, &due.delivery, &http, &why);
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return settle(db, a, &due, status, http, &why, err);
}

/* Milliseconds until the next delivery is due, LOOK_MS at most. */
static int64_t until_next(Server *server)
{
    db_auto *db = NULL;
    int64_t next = 0, now = clock_ms();
    if (store_borrow(server->store, &db, NULL) != ST_OK ||
        db_get_int(db, &next, NULL, "SELECT coalesce(min(next_ms), 0) FROM sns_delivery WHERE state='PENDING'", "") != ST_OK || !next)
        return LOOK_MS;
    return next <= now ? 1 : next - now < LOOK_MS ? next - now : LOOK_MS;
}

static void *run(void *arg)
{
    struct SnsDelivery *s = arg;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        uint64_t seen = s->wakes;
        bool stop = s->stop;
        pthread_mutex_unlock(&s->lock);
        if (stop)
            return NULL;
        bool taken = false;
        Error err = ERROR_INIT;
        if (deliver_one(s->server, &taken, &err) != ST_OK)
            log_warn("deliver a notification: %s", err.message);
        if (taken)
            continue;
        int64_t wait_ms = until_next(s->server);
        struct timespec until = clock_after(CLOCK_REALTIME, wait_ms);
        pthread_mutex_lock(&s->lock);
        while (!s->stop && s->wakes == seen && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&s->lock);
    }
}

/* ---------------------------------------------------------------- from the bus */
/* What weir itself sets up publishes to a topic of its own, which is made when it is first needed. */
static Status own_topic(Db *db, const BusMessage *m, Error *err)
{
    if (!str_ends(m->target, ":" BUS_DEFAULT_TOPIC))
        return ST_OK;
    return db_exec(db, err, "INSERT OR IGNORE INTO sns_topic(arn, region, attributes, tags) VALUES(?,?,'{}','[]')", "ss", m->target, m->region);
}

static Status from_bus(void *self, const BusMessage *m, Error *err)
{
    Server *server = self;
    arena_auto *a = arena_new();
    Publication p = { .topic = m->target, .message = m->payload, .subject = m->subject };
    const char *id, *once = arena_printf(a, "bus %lld", (long long)m->id);
    int64_t sequence, before;
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(own_topic(db, m, err));
    TRY(db_get_int(db, &before, err, "SELECT count(*) FROM sns_seen WHERE topic=? AND id=?", "ss", m->target, once));
    if (before)
        return ST_OK;
    TRY(sns_publish_to_topic(server, db, a, &p, &id, &sequence, err));
    TRY(db_exec(db, err, "INSERT INTO sns_seen(topic, id, message_id, until_ms) VALUES(?,?,?,?)", "sssi", m->target, once, id, clock_ms() + KEEP_MS));
    TRY(db_commit(db, err));
    sns_delivery_wake(server);
    return ST_OK;
}

/* Mail to one address, of no topic: arn:aws:ses:REGION:ACCOUNT:identity/ADDRESS. */
static Status mail_from_bus(void *self, const BusMessage *m, Error *err)
{
    Server *server = self;
    const char *slash = strchr(m->target, '/');
    arena_auto *a = arena_new();
    Delivery d = { .message_id = arena_printf(a, "bus-%lld", (long long)m->id), .subscription = "", .topic = "", .kind = "Notification",
                   .protocol = "email", .endpoint = slash ? slash + 1 : "", .subject = m->subject, .body = m->payload };
    int64_t before;
    db_auto *db = NULL;
    if (!slash || !strchr(slash, '@'))
        return FAIL(err, ST_INVALID, "%s names no address", m->target);
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &before, err, "SELECT count(*) FROM sns_delivery WHERE message_id=?", "s", d.message_id));
    if (!before)
        TRY(sns_delivery_add(db, &d, err));
    TRY(db_commit(db, err));
    sns_delivery_wake(server);
    return ST_OK;
}

/* ---------------------------------------------------------------- start, stop, sweep */
static Status release_leases(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_exec(db, err, "UPDATE sns_delivery SET next_ms=?, leased=0 WHERE leased", "i", clock_ms());
}

Status sns_start(Server *server, Error *err)
{
    struct SnsDelivery *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->server = server;
    server->sns = s;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->key_lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    TRY(release_leases(server, err));
    bus_consume(server->bus, "sns", from_bus, server);
    bus_consume(server->bus, "ses", mail_from_bus, server);
    for (; s->running < THREADS; s->running++) {
        if (pthread_create(&s->threads[s->running], NULL, run, s) != 0)
            return FAIL(err, ST_INTERNAL, "no thread to deliver notifications");
    }
    return ST_OK;
}

void sns_stop(Server *server)
{
    struct SnsDelivery *s = server->sns;
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    while (s->running > 0)
        pthread_join(s->threads[--s->running], NULL);
    server->sns = NULL;
    signing_key_free(s->key);
    pthread_mutex_destroy(&s->key_lock);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}

Status sns_sweep(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM sns_attempt WHERE delivery IN (SELECT id FROM sns_delivery WHERE state<>'PENDING' AND next_ms<?)", "i", clock_ms() - KEEP_MS));
    return db_exec(db, err, "DELETE FROM sns_delivery WHERE state<>'PENDING' AND next_ms<?", "i", clock_ms() - KEEP_MS);
}

/* ---------------------------------------------------------------- what became of them */
static Status attempts_of(Db *db, Arena *a, int64_t id, Val **ret_attempts, Error *err)
{
    row_auto *row = NULL;
    *ret_attempts = val_list(a);
    TRY(db_query(db, &row, err, "SELECT at_ms, status, error FROM sns_attempt WHERE delivery=? ORDER BY at_ms", "i", id));
    while (row_next(row)) {
        Val *one = val_map(a);
        val_set_int(a, one, "at_ms", row_int(row, 0));
        if (!row_null(row, 1))
            val_set_int(a, one, "status", row_int(row, 1));
        val_set_str(a, one, "error", row_str(row, 2));
        val_push(a, *ret_attempts, one);
    }
    return row_status(row, err);
}

Status sns_deliveries_route(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *topic = http_query(call->request, "topic");
    Val *all = val_list(a), *body = val_map(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT id, message_id, subscription, topic, kind, protocol, endpoint, state, created_ms FROM sns_delivery "
                                "WHERE topic=coalesce(?, topic) ORDER BY id DESC LIMIT ?", "si", topic, (int64_t)LISTED));
    while (row_next(row)) {
        static const char *const names[] = { NULL, "message_id", "subscription", "topic", "kind", "protocol", "endpoint", "state" };
        Val *one = val_map(a), *attempts;
        for (int i = 1; i < 8; i++)
            val_set_str(a, one, names[i], row_str_in(row, a, i));
        val_set_int(a, one, "created_ms", row_int(row, 8));
        TRY(attempts_of(db, a, row_int(row, 0), &attempts, err));
        val_set(a, one, "attempts", attempts);
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    val_set(a, body, "deliveries", all);
    call->response->body = val_to_json(a, body);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}
