/* svc/logging.h -- how what is not svc/logs writes into a log group, without including svc/logs.
 *
 * Over the bus, inside the transaction that gives the reason (EventBridge targets); the message is delivered at least once:
 *
 *   BusMessage m = logging_message(a, group_arn, region, source, stream, text, time_ms);  TRY(bus_put(db, &m, err));
 *
 * Target: arn:aws:logs:REGION:ACCOUNT:log-group:GROUP, as EventBridge's targets have it, with or without ":*". The group must exist,
 * or the message FAILS with ResourceNotFoundException; the stream is made when it is not there. Payload: {"stream", "message",
 * "time"}, time in ms since 1970.
 *
 * Directly, for the output of steps and job runs: server->logging->put_file. It is durable when it returns. */
#ifndef WEIR_SVC_LOGGING_H
#define WEIR_SVC_LOGGING_H
#include "svc/bus.h"

typedef struct Logging {
    /* The lines of a text file, all at the time of now, as the whole stream: what it had goes, so that who crashed may do it again. Makes
     * the group and the stream. Empty lines are left out, bytes that are no UTF-8 become '?'. A file that is not there, or is empty, makes
     * nothing. Metric filters and subscriptions see the lines as they see PutLogEvents'. */
    Status (*put_file)(Server *server, const char *region, const char *group, const char *stream, const char *path, Error *err);
} Logging;

static inline BusMessage logging_message(Arena *a, const char *group_arn, const char *region, const char *source, const char *stream,
                                         const char *text, int64_t time_ms)
{
    Val *payload = val_map(a);
    val_set_str(a, payload, "stream", stream);
    val_set_str(a, payload, "message", text);
    val_set_int(a, payload, "time", time_ms);
    return (BusMessage){ .region = region, .target = group_arn, .source = source, .payload = val_to_json(a, payload) };
}

#endif
