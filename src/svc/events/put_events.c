/* svc/events/put_events.c -- PutEvents and TestEventPattern. All entries of a request are one transaction. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/events/internal.h"
#include "svc/events/pattern.h"

enum { ENTRIES_BYTES_MAX = 1024 * 1024, TIME_BYTES = 14 };

/* Source: "Calculating PutEvents event entry size". */
static size_t entry_size(const Val *entry)
{
    static const char *const counted[] = { "Source", "DetailType", "Detail" };
    const Val *resources = val_get(entry, "Resources");
    size_t size = val_get(entry, "Time") ? TIME_BYTES : 0;
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        size += val_str(entry, counted[i]) ? strlen(val_str(entry, counted[i])) : 0;
    for (size_t i = 0; i < val_len(resources); i++)
        size += val_at(resources, i)->len;
    return size;
}

static Status argument(Error *err, const char *name)
{
    return FAIL_CODE(err, ST_INVALID, "InvalidArgument", "Parameter %s is not valid. Reason: %s is a required argument.", name, name);
}

/* The entry's error, by AWS's code; else its detail. */
static Status check_entry(Arena *a, const Val *entry, Doc **ret_detail, Error *err)
{
    static const char *const required[] = { "Source", "DetailType", "Detail" };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        const char *text = val_str(entry, required[i]);
        if (!text || !*text)
            return argument(err, required[i]);
    }
    const char *detail = val_str(entry, "Detail");
    if (str_starts(val_str(entry, "Source"), "aws."))
        return FAIL_CODE(err, ST_DENIED, "NotAuthorizedForSourceException", "Not authorized for the source.");
    if (doc_parse(a, detail, strlen(detail), ret_detail, NULL) != ST_OK || (*ret_detail)->kind != DOC_OBJECT)
        return FAIL_CODE(err, ST_INVALID, "MalformedDetail", "Detail is malformed.");
    return ST_OK;
}

static Doc *event_of(Call *call, const Val *entry, Doc *detail, const char *id)
{
    Arena *a = call->arena;
    const Val *resources = val_get(entry, "Resources");
    Doc *event = doc_object(a), *list = doc_list(a);
    for (size_t i = 0; i < val_len(resources); i++)
        doc_push(a, list, doc_string(a, val_at(resources, i)->s));
    doc_set(a, event, "version", doc_string(a, "0"));
    doc_set(a, event, "id", doc_string(a, id));
    doc_set(a, event, "detail-type", doc_string(a, val_str(entry, "DetailType")));
    doc_set(a, event, "source", doc_string(a, val_str(entry, "Source")));
    doc_set(a, event, "account", doc_string(a, call->server->account));
    doc_set(a, event, "time", doc_string(a, time_iso8601_s(a, val_time(entry, "Time", clock_ms()))));
    doc_set(a, event, "region", doc_string(a, call->region));
    doc_set(a, event, "resources", list);
    doc_set(a, event, "detail", detail);
    return event;
}

/* An event for a bus that is not there is taken and lost, as AWS does. */
static Status put_entry(Call *call, Db *db, const Val *entry, Val *answer, bool *ret_failed, Error *err)
{
    Arena *a = call->arena;
    Error why = ERROR_INIT;
    Doc *detail;
    EventBus bus;
    *ret_failed = check_entry(a, entry, &detail, &why) != ST_OK;
    if (*ret_failed) {
        val_set_str(a, answer, "ErrorCode", why.code);
        val_set_str(a, answer, "ErrorMessage", why.message);
        return ST_OK;
    }
    const char *id = random_uuid(a);
    val_set_str(a, answer, "EventId", id);
    Status status = events_bus(call, db, val_str(entry, "EventBusName"), &bus, err);
    if (status != ST_OK)
        return status == ST_NOT_FOUND ? ST_OK : status;
    Incoming in = { .region = bus.region, .bus = bus.name, .event = event_of(call, entry, detail, id) };
    return events_fan_out(call->server, db, a, &in, err);
}

Status events_put_events(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *entries = val_get(call->input, "Entries");
    Val *answers = val_list(a);
    int64_t failures = 0;
    size_t size = 0;
    db_auto *db = NULL;
    if (val_get(call->input, "EndpointId"))
        return events_invalid(err, "EndpointId: global endpoints are not there.");
    for (size_t i = 0; i < val_len(entries); i++)
        size += entry_size(val_at(entries, i));
    if (size > ENTRIES_BYTES_MAX)
        return events_invalid(err, "Total size of the entries in the request is over the limit.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(entries); i++) {
        Val *answer = val_map(a);
        bool failed;
        TRY(put_entry(call, db, val_at(entries, i), answer, &failed, err));
        val_push(a, answers, answer);
        failures += failed;
    }
    TRY(db_commit(db, err));
    bus_wake(call->server->bus);
    val_set_int(a, call->output, "FailedEntryCount", failures);
    val_set(a, call->output, "Entries", answers);
    return ST_OK;
}

Status events_test_event_pattern(Call *call, Error *err)
{
    static const char *const required[] = { "id", "account", "source", "time", "region", "resources", "detail-type" };
    Arena *a = call->arena;
    const char *text = val_str(call->input, "Event");
    const Pattern *pattern;
    Doc *event;
    TRY(pattern_compile(a, val_str(call->input, "EventPattern"), &pattern, err));
    if (doc_parse(a, text, strlen(text), &event, NULL) != ST_OK || event->kind != DOC_OBJECT)
        return events_invalid(err, "Parameter Event is not valid. Reason: It is no JSON object.");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!doc_get(event, required[i]))
            return events_invalid(err, "Parameter Event is not valid. Reason: %s is a required argument.", required[i]);
    }
    val_set_bool(a, call->output, "Result", pattern_matches(pattern, event));
    return ST_OK;
}
