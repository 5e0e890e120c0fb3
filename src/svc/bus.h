/* svc/bus.h -- from services that have something to say to services that deliver it: an outbox in the store.
 *
 * A sender puts a message inside the transaction that gives the reason for it (an alarm's new state), so that both are there
 * or neither is. The message names its target by ARN; the ARN's service says who delivers:
 *
 *   arn:aws:sns:REGION:ACCOUNT:TOPIC                   svc/sns: `payload` is the message, `subject` its subject
 *   arn:aws:events:REGION:ACCOUNT:event-bus/NAME       svc/events: `payload` is the whole event document (bus_event makes it)
 *   arn:aws:ses:REGION:ACCOUNT:identity/ADDRESS        e-mail to that address: who sends mail (budgets' EMAIL subscribers)
 *
 *   sender:     TRY(db_begin(db, err)); …; TRY(bus_put(db, &message, err)); TRY(db_commit(db, err)); bus_wake(server->bus);
 *   deliverer:  bus_consume(server->bus, "sns", deliver, server);     between bus_open and bus_start (app/serve.c)
 *
 * Delivery is at least once: a consumer is called until it says ST_OK or that it never will work, also after a restart, and so
 * may see one message twice. A consumer has a thread of its own and should only take the message over (into rows of its own,
 * one for each subscription) rather than wait for a peer. A message whose service has no consumer waits: nothing is lost
 * when a service is added later. Settled messages are kept for a day, for GET /_weir/bus and for who wants to know.
 *
 * Nobody includes another service: this file is all that senders and deliverers share. Thread-safe. */
#ifndef WEIR_SVC_BUS_H
#define WEIR_SVC_BUS_H
#include "store/store.h"
#include "svc/svc.h"
#include "wire/val.h"

typedef struct Bus Bus;

/* The topic of what weir itself sets up: the alarms of a fresh cluster, the budget of a fresh account. */
#define BUS_DEFAULT_TOPIC "weir-alarms"

typedef struct BusMessage {
    int64_t id;            /* given by bus_put; the same on each attempt: a consumer may tell duplicates by it */
    const char *region;
    const char *target;    /* ARN */
    const char *source;    /* ARN of the alarm, budget or cluster that it is about */
    const char *subject;   /* NULL: none */
    const char *payload;
    int64_t created_ms;
    int64_t attempts;      /* before this one */
    const char *service;   /* who delivers; NULL: the target's. Of bus_put */
    bool limited;          /* tried again only as long as the next two say; else for a day */
    int64_t retries_max, age_max_ms;
} BusMessage;

/* ST_OK: taken over. ST_IO, ST_INTERNAL, ST_CANCELLED: to be tried again, after 1 s, 2 s, … 5 min, for a day. All else (no such
 * topic: ST_NOT_FOUND): it will never work; the message is FAILED with err's text. */
typedef Status (*BusDeliver)(void *self, const BusMessage *message, Error *err);
/* A message from this sender is settled: `why` is NULL when it was delivered. Inside the transaction that records it. */
typedef Status (*BusSettled)(void *self, Db *db, const BusMessage *message, const char *why, Error *err);

/* A state has changed: a row of 067_changes.sql, which a trigger wrote in the transaction that changed it. */
typedef struct BusChange {
    const char *source;    /* "emr-step" */
    const char *subject;   /* the id of what has changed */
    const char *state;     /* its new state */
    const Val *facts;
    int64_t at_ms;
} BusChange;

/* Inside the transaction that drops the change: puts the events that tell it, or none. ST_IO, ST_INTERNAL: to be tried again. All else is
 * logged, and the change dropped. */
typedef Status (*BusTell)(void *self, Db *db, Arena *a, const BusChange *change, Error *err);

Status bus_open(Store *store, Bus **ret_bus, Error *err);
/* `service`: the third part of targets' ARNs, a literal. Before bus_start. */
void bus_consume(Bus *bus, const char *service, BusDeliver deliver, void *self);
/* `service`: the third part of sources' ARNs, a literal. Before bus_start. */
void bus_on_settled(Bus *bus, const char *service, BusSettled settled, void *self);
/* `source`: a change's, a literal. Before bus_start. Changes come in their order; those of no teller are dropped. */
void bus_on_change(Bus *bus, const char *source, BusTell tell, void *self);
Status bus_start(Bus *bus, Error *err);
void bus_stop(Bus *bus);  /* ends the threads; nothing is delivered any more */
void bus_close(Bus *bus); /* NULL is fine */

/* Inside a transaction. id, created_ms and attempts are not read. ST_INVALID when the target is no ARN. */
Status bus_put(Db *db, const BusMessage *message, Error *err);
/* The same for a message that its sender has settled by itself: for the record only. `why` NULL: it was delivered. */
Status bus_record(Db *db, const BusMessage *message, const char *why, Error *err);
/* Messages were committed: look now. */
void bus_wake(Bus *bus);
/* Deletes what was settled a day ago, fails what nobody has taken for a week. */
Status bus_sweep(Bus *bus, Error *err);

/* What an AWS service tells EventBridge. */
typedef struct BusEvent {
    const char *region, *source, *detail_type;  /* "aws.emr", "EMR Step Status Change" */
    const char *about;     /* ARN of what it is about: the message's source */
    const Val *resources;  /* NULL: none */
    const Val *detail;
    int64_t at_ms;
} BusEvent;
/* Onto the region's default event bus. Inside a transaction. Source: "EventBridge event structure". */
Status bus_put_event(Db *db, Arena *a, const Server *server, const BusEvent *event, Error *err);

/* An EventBridge event on the region's default bus, as a message (payload, target and source filled). `detail` is its detail,
 * `resource` the ARN it is about. Source: "EventBridge event structure". */
BusMessage bus_event(Arena *a, const Server *server, const char *region, const char *event_source, const char *detail_type,
                     const char *resource, const Val *detail);
/* arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with the partition that the region is in. region "" for global ones. */
char *bus_arn(Arena *a, const Server *server, const char *service, const char *partition_region, const char *region, const char *resource);
/* The third part of an ARN; NULL when it is none. */
char *bus_arn_service(Arena *a, const char *arn);

/* GET /_weir/bus?target=…&source=…: the newest 1,000 messages with their states and attempts, as JSON. */
Status bus_list(Call *call, Error *err);

#endif
