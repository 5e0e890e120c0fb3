/* svc/events/events.h -- Amazon EventBridge: events, the rules that want them, the targets that get them.
 *
 * An event comes from PutEvents or, over the bus (svc/bus.h), from a service of weir's own. In one transaction its rules are found and
 * each of their targets served: a queue has its message then; topics, log groups and other event buses have a message of the
 * bus, whose source is the rule; what can not be served is such a message that FAILED. GET /_weir/bus?source=RULE-ARN shows them.
 * One thread fires schedules and replays archives. */
#ifndef WEIR_SVC_EVENTS_EVENTS_H
#define WEIR_SVC_EVENTS_EVENTS_H
#include "svc/svc.h"

struct EventClock; /* the thread */

/* Registers with the bus, starts the thread. Between bus_open and bus_start. */
Status eventbridge_start(Server *server, Error *err);
void eventbridge_stop(Server *server);
/* Drops archived events whose retention is over. */
Status eventbridge_sweep(Server *server, Error *err);

#endif
