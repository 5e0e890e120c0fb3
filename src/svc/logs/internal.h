/* svc/logs/internal.h -- what the handlers of CloudWatch Logs share. */
#ifndef WEIR_SVC_LOGS_INTERNAL_H
#define WEIR_SVC_LOGS_INTERNAL_H
#include "base/vec.h"
#include "svc/logging.h"
#include "svc/logs/events.h"
#include "svc/logs/logs.h"
#include "svc/logs/operations.h"

#include <pthread.h>

enum {
    LOGS_PAGE = 50,                        /* Describe operations */
    LOGS_EVENTS_PAGE = 10000,
    LOGS_PAGE_BYTES = 1024 * 1024,
    LOGS_BATCH_BYTES = 1024 * 1024,
    LOGS_EVENT_EXTRA_BYTES = 26,
    LOGS_TAGS_MAX = 50,
    LOGS_THREADS = 2
};
#define LOGS_DAY_MS (24LL * 3600 * 1000)

/* One minute of a metric filter that has a default value. */
typedef struct FilterMinute {
    struct FilterMinute *next;
    int64_t group, minute;
    char *name;                            /* of the filter */
    bool matched;
} FilterMinute;

struct Logs {
    Server *server;
    Store *events;
    pthread_mutex_t lock;                  /* guards all below */
    pthread_cond_t changed;                /* there is work, a task ended, or stop */
    bool stop, sweep;
    uint64_t wakes;
    FilterMinute *minutes;
    pthread_t threads[LOGS_THREADS], sweeper;
    size_t running;
    bool sweeping;
};

typedef struct LogGroup {
    int64_t id, created_ms, retention_days; /* 0: for ever */
    const char *region, *name, *kms_key, *class;
    bool protected;
    Val *tags;
} LogGroup;
typedef VEC(LogGroup) LogGroups;

/* --- errors (common.c) --- */
#define logs_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameterException", __VA_ARGS__)
#define logs_not_found(err, ...) FAIL_CODE((err), ST_NOT_FOUND, "ResourceNotFoundException", __VA_ARGS__)
#define logs_exists(err, ...) FAIL_CODE((err), ST_CONFLICT, "ResourceAlreadyExistsException", __VA_ARGS__)
/* An option that is not done: InvalidParameterException that names it. */
Status logs_refused(Error *err, const char *operation, const char *what);
/* Member `name` of the input, when it is there, has only signs of `allowed` beside letters and digits (allowed[0]=='^': all but those
 * that follow); `pattern` is how AWS says it. */
Status logs_check_text(const Val *input, const char *name, const char *allowed, const char *pattern, Error *err);
/* The names of groups, streams and filters of an input. */
Status logs_check_names(const Val *input, Error *err);

/* --- groups (common.c) --- */
Status logs_group(Db *db, Arena *a, const char *region, const char *name, LogGroup *ret_group, Error *err); /* ResourceNotFoundException */
/* Of the input's logGroupName, or logGroupIdentifier (a name or an ARN). */
Status logs_group_of(const Call *call, LogGroup *ret_group, Error *err);
/* The name in a name or an ARN: arn:…:log-group:NAME, with or without :*. NULL when it is another ARN. */
const char *logs_group_name(Arena *a, const char *identifier);
char *logs_group_arn(Arena *a, const Server *server, const char *region, const char *name);
/* What is older than this is not there any more; 0 for ever. */
int64_t logs_oldest_ms(const LogGroup *group, int64_t now_ms);
LogGroup logs_group_row(Row *row, Arena *a);
#define LOG_GROUP_COLUMNS "id, region, name, created_ms, coalesce(retention_days, 0), kms_key, class, protected, tags"

/* --- pages (common.c) --- */
size_t logs_limit(const Call *call, const char *name, size_t missing);

/* --- events that come in (put.c) --- */
/* Durable, and seen by metric filters and subscriptions. `hops`: how many subscriptions they came through. */
Status logs_take(Server *server, const LogGroup *group, const char *stream, const LogLine *lines, size_t n, int hops, Error *err);

Status logs_put_file(Server *server, const char *region, const char *group, const char *stream, const char *path, Error *err);
/* A message of the bus (svc/logging.h); self is the Server. */
Status logs_from_bus(void *self, const BusMessage *message, Error *err);

/* --- metric filters, subscriptions --- */
Status logs_filters_see(Server *server, const LogGroup *group, const LogLine *lines, size_t n, Error *err);
/* Default values of minutes that are over. */
Status logs_filters_settle(Server *server, int64_t now_ms, Error *err);
Status logs_subscriptions_see(Server *server, const LogGroup *group, const char *stream, const LogLine *lines, size_t n, int hops, Error *err);

#endif
