/* svc/events/internal.h -- what EventBridge's handlers share. Source: Amazon EventBridge API Reference. */
#ifndef WEIR_SVC_EVENTS_INTERNAL_H
#define WEIR_SVC_EVENTS_INTERNAL_H
#include "svc/bus.h"
#include "svc/events/document.h"
#include "svc/events/events.h"
#include "svc/events/operations.h"

enum { EVENTS_PAGE = 100 };

/* --- common.c --- */
#define events_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "ValidationException", __VA_ARGS__)
#define events_missing(err, ...) FAIL_CODE((err), ST_NOT_FOUND, "ResourceNotFoundException", __VA_ARGS__)
#define events_conflict(err, ...) FAIL_CODE((err), ST_CONFLICT, "ResourceAlreadyExistsException", __VA_ARGS__)
char *events_arn(const Call *call, const char *kind, const char *name); /* arn:…:events:REGION:ACCOUNT:kind/name */
Val *events_json(Arena *a, const char *text); /* of a column; NULL for NULL */
/* The page that Limit and NextToken ask for, as output[name]. */
Status events_page(Call *call, const Val *all, const char *name, Error *err);
bool events_is_arn(const char *text);

/* --- buses.c --- */
typedef struct EventBus {
    const char *name, *arn, *region;
} EventBus;
/* `name_or_arn` NULL: the default bus, which is made when it is first asked for. "Event bus x does not exist." */
Status events_bus(const Call *call, Db *db, const char *name_or_arn, EventBus *ret_bus, Error *err);
const char *events_bus_name(const char *name_or_arn); /* the part behind the last "event-bus/", or all */

/* --- rules.c --- */
typedef struct EventRule {
    const char *arn, *region, *bus, *name, *pattern, *schedule, *state, *description, *role, *managed_by, *tags;
} EventRule;
/* "Rule x does not exist on EventBus y." */
Status events_rule(Db *db, Arena *a, const char *arn, const char *name, const char *bus, EventRule *ret_rule, Error *err);
char *events_rule_arn(const Call *call, const EventBus *bus, const char *name);
void events_rule_names(const char *arn, const char **ret_name, Arena *a, const char **ret_bus);

/* --- deliver.c --- */
typedef struct Incoming {
    const char *region, *bus;  /* the bus's name */
    const Doc *event;
    bool forwarded;            /* it comes from another bus: it goes no further */
    const Val *only_rules;     /* a replay's FilterArns, NULL: all */
} Incoming;
/* Inside a transaction: to all targets of all rules that it fits. Wake the bus after the commit. */
Status events_fan_out(Server *server, Db *db, Arena *a, const Incoming *in, Error *err);
/* To the targets of one rule. */
Status events_deliver(Server *server, Db *db, Arena *a, const EventRule *rule, const Doc *event, bool forwarded, Error *err);
Status events_from_bus(void *server, const BusMessage *message, Error *err);
Status events_settled(void *server, Db *db, const BusMessage *message, const char *why, Error *err);

/* --- call.c --- */
/* What delivers to API destinations on the bus. Payload: {"body": text, "http": the target's HttpParameters}. */
#define EVENTS_CALLER "api-destination"
Status events_call_destination(void *server, const BusMessage *message, Error *err);

/* --- archives.c --- */
Status events_archive_event(Db *db, const char *archive, const Doc *event, Error *err);
int64_t events_time_ms(const Doc *event); /* now when it has none */

/* --- replays.c --- */
/* The next events of a replay, in one transaction. */
Status events_replay_some(Server *server, const char *arn, bool *ret_more, Error *err);

/* --- clock.c --- */
void events_wake(Server *server);

#endif
