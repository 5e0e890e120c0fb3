/* svc/logs/events.h -- log streams and their events: HOME/logs.db, a SQLite database of its own, so that a flood of events delays
 * nobody else's transactions.
 *
 * What events_append acknowledged survives SIGKILL and power loss. An event's id is its stream's id and its number in the
 * stream (from 0, in order of arrival), so ids are unique in a home and grow with time of arrival; the order of reading is
 * (time, id). Deleting a stream or a group only takes the name away: events_sweep deletes the events, a few thousand in a transaction,
 * and gives the pages back to the file system. Thread-safe. */
#ifndef WEIR_SVC_LOGS_EVENTS_H
#define WEIR_SVC_LOGS_EVENTS_H
#include "base/vec.h"
#include "store/store.h"

typedef struct LogStream {
    int64_t id;
    const char *name;
    int64_t created_ms;
    int64_t first_ms, last_ms, ingested_ms; /* -1: no event yet */
} LogStream;
typedef VEC(LogStream) LogStreams;

typedef struct LogLine {
    int64_t time_ms;
    const char *message;
    size_t message_len;
} LogLine;

typedef struct LogEvent {
    int64_t id, time_ms, ingested_ms;
    const char *message;
    size_t message_len;
} LogEvent;
typedef VEC(LogEvent) LogEvents;

enum { EVENT_NUMBER_BITS = 36 };
static inline int64_t event_number(int64_t id) { return id & ((1LL << EVENT_NUMBER_BITS) - 1); }
static inline int64_t event_stream(int64_t id) { return id >> EVENT_NUMBER_BITS; }
static inline int64_t event_id(int64_t stream, int64_t number) { return stream << EVENT_NUMBER_BITS | number; }

Status events_open(const char *home, Store **ret_events, Error *err);

/* ST_CONFLICT when it is there already. */
Status stream_create(Store *events, int64_t group, const char *name, Error *err);
/* ST_NOT_FOUND. */
Status stream_find(Store *events, Arena *a, int64_t group, const char *name, LogStream *ret_stream, Error *err);
Status stream_delete(Store *events, int64_t group, const char *name, Error *err); /* ST_NOT_FOUND */
/* All streams of a group whose names begin with `prefix` ("": all), by name. */
Status stream_list(Store *events, Arena *a, int64_t group, const char *prefix, LogStreams *ret_streams, Error *err);
/* Bytes of a group's events: their messages and 26 bytes each. */
Status stream_bytes(Store *events, int64_t group, int64_t *ret_bytes, Error *err);

/* All or none; durable when it returns. ST_NOT_FOUND when the stream was deleted meanwhile. */
Status events_append(Store *events, int64_t stream, const LogLine *lines, size_t n, int64_t now_ms, Error *err);

/* Where reading goes on: after (before, when going back) this event in the order of (time, id). */
typedef struct EventPlace {
    int64_t time_ms, id;
} EventPlace;
enum { EVENT_PLACE_START_MS = -1 };
/* The place of an event by its id. One that is gone was among the oldest: before all. */
Status events_place(Store *events, int64_t id, EventPlace *ret_place, Error *err);

typedef struct EventRange {
    int64_t stream;
    int64_t start_ms, end_ms;   /* [start, end) */
    EventPlace from;            /* exclusive */
    bool has_from, backward;
    size_t limit, max_bytes;    /* of messages and 26 each; at least one event comes */
} EventRange;
/* In the order of (time, id), also when going back. *ret_more: the limits cut it off. */
Status events_read(Store *events, Arena *a, const EventRange *range, LogEvents *ret_events, bool *ret_more, Error *err);

/* Many streams as one, in the order of (time, id), through a few cursors; no limit. */
typedef struct EventScan EventScan;
/* `streams` must live as long as the scan. from: exclusive, NULL: from the start. */
Status event_scan_open(Store *events, Arena *a, const LogStreams *streams, int64_t start_ms, int64_t end_ms, const EventPlace *from,
                       EventScan **ret_scan, Error *err);
/* False at the end or on failure: ask *err's status. The event's message lives until the next call. */
bool event_scan_next(EventScan *scan, LogEvent *ret_event, const LogStream **ret_stream, Error *err);
void event_scan_close(EventScan *scan);
void event_scan_closep(EventScan **scan);
#define event_scan_auto __attribute__((cleanup(event_scan_closep))) EventScan

/* A group as the sweep sees it: what is older goes. */
typedef struct LogKeep {
    int64_t group, oldest_ms; /* INT64_MIN: for ever */
} LogKeep;
typedef VEC(LogKeep) LogKeeps;
/* Deletes streams of groups that are not in `keeps`, and events that are too old. `stop` (may be NULL) ends it early. */
Status events_sweep(Store *events, const LogKeeps *keeps, int64_t groups_until, bool (*stop)(void *), void *arg, Error *err);
Status events_reset(Store *events, Error *err);

#endif
