/* svc/events/deliver.c -- an event to the targets that want it: queues at once, all else over the bus, in one transaction.
 *
 * Each delivery is a message of the bus with the rule as its source: what was done at once, or can not be done, as one that is settled. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/events/internal.h"
#include "svc/events/pattern.h"
#include "svc/events/template.h"
#include "svc/logging.h"
#include "svc/queues.h"

enum { RETRIES_MAX = 185, AGE_MAX_S = 24 * 3600 }; /* where a RetryPolicy says nothing */
static const int64_t TAKEN_MS = 2LL * 24 * 3600 * 1000; /* the bus repeats for a day */

typedef struct Delivery {
    Server *server;
    Db *db;
    Arena *a;
    const EventRule *rule;
    const Val *target;
    const char *arn;      /* the target's */
    const char *payload;
    const Doc *event;
    bool forwarded;
} Delivery;

/* ---------------------------------------------------------------- failures */
static Val *attribute(Arena *a, const char *text)
{
    Val *v = val_map(a);
    val_set_str(a, v, "DataType", "String");
    val_set_str(a, v, "StringValue", text);
    return v;
}

/* To the target's dead-letter queue. One that is gone loses it, as AWS does. Source: "Using dead-letter queues to process undelivered events". */
static Status bury(Db *db, Arena *a, const char *queue, const char *rule, const char *target, const char *body, const char *code, const char *why, Error *err)
{
    Val *attributes = val_map(a), *there;
    QueueSent sent;
    TRY(queue_attributes(db, a, queue, &there, err));
    if (!there)
        return ST_OK;
    val_set(a, attributes, "RULE_ARN", attribute(a, rule));
    val_set(a, attributes, "TARGET_ARN", attribute(a, target));
    val_set(a, attributes, "ERROR_CODE", attribute(a, code));
    val_set(a, attributes, "ERROR_MESSAGE", attribute(a, why));
    QueueMessage m = { .body = body, .attributes = attributes, .delay_s = -1 };
    return queue_send(db, a, queue, &m, &sent, err);
}

static const char *dead_letters(const Delivery *d)
{
    return val_str(val_get(d->target, "DeadLetterConfig"), "Arn");
}

static BusMessage message_of(const Delivery *d, const char *payload)
{
    const Val *retry = val_get(d->target, "RetryPolicy");
    return (BusMessage){ .region = d->rule->region, .target = d->arn, .source = d->rule->arn, .payload = payload, .limited = retry != NULL,
                         .retries_max = val_int(retry, "MaximumRetryAttempts", RETRIES_MAX),
                         .age_max_ms = val_int(retry, "MaximumEventAgeInSeconds", AGE_MAX_S) * 1000 };
}

static Status failed(const Delivery *d, const char *code, const char *why, Error *err)
{
    const char *body = d->payload ? d->payload : doc_json(d->a, d->event), *queue = dead_letters(d);
    BusMessage m = message_of(d, body);
    TRY(bus_record(d->db, &m, why, err));
    return queue ? bury(d->db, d->a, queue, d->rule->arn, d->arn, body, code, why, err) : ST_OK;
}

Status events_settled(void *server, Db *db, const BusMessage *m, const char *why, Error *err)
{
    arena_auto *a = arena_new();
    row_auto *row = NULL;
    char *queue = NULL, *body = NULL;
    (void)server;
    TRY(db_query(db, &row, err, "SELECT queue, body FROM event_dead_letter WHERE message=?", "i", m->id));
    if (row_next(row)) {
        queue = row_str_in(row, a, 0);
        body = row_str_in(row, a, 1);
    }
    TRY(row_status(row, err));
    if (!queue)
        return ST_OK;
    TRY(db_exec(db, err, "DELETE FROM event_dead_letter WHERE message=?", "i", m->id));
    return why ? bury(db, a, queue, m->source, m->target, body, "SDK_CLIENT_ERROR", why, err) : ST_OK;
}

/* ---------------------------------------------------------------- kinds of targets */
static Status over_bus_by(const Delivery *d, const char *service, const char *payload, Error *err)
{
    BusMessage m = message_of(d, payload);
    const char *queue = dead_letters(d);
    m.service = service;
    TRY(bus_put(d->db, &m, err));
    if (!queue)
        return ST_OK;
    return db_exec(d->db, err, "INSERT INTO event_dead_letter(message, queue, body) VALUES(?,?,?)", "iss", db_last_id(d->db), queue, d->payload);
}

static Status over_bus(const Delivery *d, const char *payload, Error *err)
{
    return over_bus_by(d, NULL, payload, err);
}

static Status to_queue(const Delivery *d, Error *err)
{
    Error why = ERROR_INIT;
    QueueSent sent;
    QueueMessage m = { .body = d->payload, .delay_s = -1 };
    if (queue_is_fifo(d->arn))
        m.group_id = val_str(val_get(d->target, "SqsParameters"), "MessageGroupId");
    Status status = queue_send(d->db, d->a, d->arn, &m, &sent, &why);
    if (status == ST_NOT_FOUND || status == ST_INVALID)
        return failed(d, status == ST_NOT_FOUND ? "NO_RESOURCE" : "INVALID_PARAMETER", why.message, err);
    if (status != ST_OK)
        return FAIL(err, status, "%s", why.message);
    BusMessage done = message_of(d, d->payload);
    return bus_record(d->db, &done, NULL, err);
}

/* Each rule has a log stream of its own. */
static Status to_log_group(const Delivery *d, Error *err)
{
    if (!strstr(d->arn, ":log-group:"))
        return failed(d, "INVALID_PARAMETER", "the ARN names no log group", err);
    BusMessage m = logging_message(d->a, d->arn, d->rule->region, d->rule->arn, d->rule->name, d->payload, events_time_ms(d->event));
    return over_bus(d, m.payload, err);
}

/* "Events received from one event bus are not sent to a third": one hop only. Source: "Sending events between event buses in the same account". */
static Status to_event_bus(const Delivery *d, Error *err)
{
    if (d->forwarded)
        return failed(d, "INVALID_PARAMETER", "the event came from another event bus already: it is sent on once only", err);
    return over_bus(d, doc_json(d->a, d->event), err);
}

static Status to_api_destination(const Delivery *d, Error *err)
{
    Val *payload = val_map(d->a);
    val_set_str(d->a, payload, "body", d->payload);
    val_set(d->a, payload, "http", (Val *)(uintptr_t)val_get(d->target, "HttpParameters"));
    return over_bus_by(d, EVENTS_CALLER, val_to_json(d->a, payload), err);
}

static Status to_archive(const Delivery *d, Error *err)
{
    const char *name = d->rule->name + strlen("Events-Archive-");
    char *archive = bus_arn(d->a, d->server, "events", d->rule->region, d->rule->region, arena_printf(d->a, "archive/%s", name));
    return events_archive_event(d->db, archive, d->event, err);
}

static Status deliver(Delivery *d, const TemplateContext *context, Error *err)
{
    Error why = ERROR_INIT;
    char *payload;
    const char *service = bus_arn_service(d->a, d->arn);
    if (d->rule->managed_by)
        return to_archive(d, err);
    if (template_payload(d->a, d->target, context, &payload, &why) != ST_OK)
        return failed(d, "INVALID_JSON", why.message, err);
    d->payload = payload;
    if (str_eq(service, "sqs"))
        return to_queue(d, err);
    if (str_eq(service, "sns"))
        return over_bus(d, d->payload, err);
    if (str_eq(service, "logs"))
        return to_log_group(d, err);
    if (str_eq(service, "events") && strstr(d->arn, ":event-bus/"))
        return to_event_bus(d, err);
    if (str_eq(service, "events") && strstr(d->arn, ":api-destination/"))
        return to_api_destination(d, err);
    return failed(d, "SDK_CLIENT_ERROR", arena_printf(d->a, "weir delivers events to SNS, SQS, CloudWatch Logs, event buses and API destinations, not to %s", service ? service : d->arn),
                  err);
}

/* ---------------------------------------------------------------- fan-out */
typedef struct TargetRow {
    char *arn;
    Val *target;
} TargetRow;

Status events_deliver(Server *server, Db *db, Arena *a, const EventRule *rule, const Doc *event, bool forwarded, Error *err)
{
    VEC(TargetRow) targets = { 0 };
    TemplateContext context = { rule->arn, rule->name, time_iso8601_s(a, clock_ms()), event };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT arn, target FROM event_target WHERE rule=? ORDER BY seq", "s", rule->arn));
        while (row_next(row))
            vec_push(a, &targets, (TargetRow){ row_str_in(row, a, 0), events_json(a, row_str(row, 1)) });
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < targets.len; i++) {
        Delivery d = { .server = server, .db = db, .a = a, .rule = rule, .target = targets.at[i].target, .arn = targets.at[i].arn, .event = event,
                       .forwarded = forwarded };
        TRY(deliver(&d, &context, err));
    }
    return ST_OK;
}

static bool is_listed(const Val *list, const char *text)
{
    for (size_t i = 0; i < val_len(list); i++) {
        if (str_eq(val_at(list, i)->s, text))
            return true;
    }
    return !val_len(list);
}

Status events_fan_out(Server *server, Db *db, Arena *a, const Incoming *in, Error *err)
{
    VEC(EventRule) rules = { 0 };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err,
                     "SELECT arn, name, pattern, managed_by FROM event_rule WHERE region=? AND bus=? AND pattern IS NOT NULL AND state<>'DISABLED' ORDER BY seq",
                     "ss", in->region, in->bus));
        while (row_next(row))
            vec_push(a, &rules, (EventRule){ .arn = row_str_in(row, a, 0), .region = in->region, .bus = in->bus, .name = row_str_in(row, a, 1),
                                             .pattern = row_str_in(row, a, 2), .managed_by = row_str_in(row, a, 3) });
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < rules.len; i++) {
        const Pattern *pattern;
        if (!is_listed(in->only_rules, rules.at[i].arn))
            continue;
        TRY(pattern_compile(a, rules.at[i].pattern, &pattern, err));
        if (pattern_matches(pattern, in->event))
            TRY(events_deliver(server, db, a, &rules.at[i], in->event, in->forwarded, err));
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- from the bus */
static Status take_over(Server *server, Db *db, Arena *a, const BusMessage *m, Error *err)
{
    Doc *event;
    int64_t there;
    const char *name = events_bus_name(m->target);
    TRY(doc_parse(a, m->payload, strlen(m->payload), &event, err));
    const char *region = arena_str(a, m->target), *colon = region;
    for (int i = 0; i < 3 && colon; i++)
        region = colon = strchr(colon, ':') ? strchr(colon, ':') + 1 : NULL;
    if (!region || !strchr(region, ':'))
        return FAIL(err, ST_INVALID, "%s names no event bus", m->target);
    region = arena_strn(a, region, strcspn(region, ":"));
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM event_bus WHERE arn=?", "s", m->target));
    if (!there && !str_eq(m->target, bus_arn(a, server, "events", region, region, "event-bus/default")))
        return FAIL(err, ST_NOT_FOUND, "Event bus %s does not exist.", m->target);
    Incoming in = { .region = region, .bus = name, .event = event, .forwarded = strstr(m->source, ":events:") != NULL };
    return events_fan_out(server, db, a, &in, err);
}

Status events_from_bus(void *self, const BusMessage *m, Error *err)
{
    Server *server = self;
    arena_auto *a = arena_new();
    int64_t before, now = clock_ms();
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM event_taken WHERE until_ms<=?", "i", now));
    TRY(db_get_int(db, &before, err, "SELECT count(*) FROM event_taken WHERE message=?", "i", m->id));
    if (before)
        return ST_OK;
    TRY(take_over(server, db, a, m, err));
    TRY(db_exec(db, err, "INSERT INTO event_taken(message, until_ms) VALUES(?,?)", "ii", m->id, now + TAKEN_MS));
    TRY(db_commit(db, err));
    bus_wake(server->bus);
    return ST_OK;
}
