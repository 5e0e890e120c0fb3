/* svc/logs/put.c -- events that come in: PutLogEvents, and what weir itself writes. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "svc/logs/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { HOURS_IN_FUTURE = 2, DAYS_IN_PAST = 14, LINES_BATCH = 10000, FILE_BATCH_BYTES = 4 * 1024 * 1024, DISK_KEEP_BYTES = 256 * 1024 * 1024 };

/* A group without retention grows for ever: what is left of the disk is for all else in the home. */
static Status check_disk(const Server *server, Error *err)
{
    struct statvfs fs;
    if (statvfs(server->home, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= DISK_KEEP_BYTES)
        return ST_OK;
    Status status = FAIL_CODE(err, ST_LIMIT, "ServiceUnavailableException", "The disk of the home has less than %d MB left", DISK_KEEP_BYTES >> 20);
    if (err)
        err->http = 503;
    return status;
}

Status logs_take(Server *server, const LogGroup *group, const char *stream_name, const LogLine *lines, size_t n, int hops, Error *err)
{
    arena_auto *a = arena_new();
    LogStream stream;
    Store *events = server->logs->events;
    TRY(check_disk(server, err));
    Status status = stream_find(events, a, group->id, stream_name, &stream, err);
    if (status == ST_OK)
        status = events_append(events, stream.id, lines, n, clock_ms(), err);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified log stream does not exist.");
    TRY(status);
    TRY(logs_filters_see(server, group, lines, n, err));
    return logs_subscriptions_see(server, group, stream_name, lines, n, hops, err);
}

/* --- PutLogEvents --- */

static Status check_batch(const Val *events, Error *err)
{
    size_t bytes = 0, n = val_len(events);
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        const Val *event = val_at(events, i);
        int64_t time_ms = val_int(event, "timestamp", 0);
        bytes += val_get(event, "message")->len + LOGS_EVENT_EXTRA_BYTES;
        if (time_ms < before)
            return logs_invalid(err, "Log events in a single PutLogEvents request must be in chronological order.");
        before = time_ms;
    }
    if (bytes > LOGS_BATCH_BYTES)
        return logs_invalid(err, "Upload too large: %zu bytes exceeds limit of %d", bytes, LOGS_BATCH_BYTES);
    return ST_OK;
}

/* The events [*from, *to) are neither too old nor too new; what is not is told as AWS does: ends exclusive, starts inclusive. */
static Val *reject(Call *call, const LogGroup *group, const Val *events, int64_t now, size_t *ret_from, size_t *ret_to)
{
    Arena *a = call->arena;
    Val *info = val_map(a);
    int64_t expired = logs_oldest_ms(group, now), old = now - DAYS_IN_PAST * LOGS_DAY_MS, new = now + HOURS_IN_FUTURE * 3600000LL;
    size_t n = val_len(events), too_old = 0, gone = 0, to = n;
    while (too_old < n && val_int(val_at(events, too_old), "timestamp", 0) < old)
        too_old++;
    while (gone < n && val_int(val_at(events, gone), "timestamp", 0) < expired)
        gone++;
    while (to > 0 && val_int(val_at(events, to - 1), "timestamp", 0) > new)
        to--;
    if (to < n)
        val_set_int(a, info, "tooNewLogEventStartIndex", (int64_t)to);
    if (too_old)
        val_set_int(a, info, "tooOldLogEventEndIndex", (int64_t)too_old);
    if (gone > too_old)
        val_set_int(a, info, "expiredLogEventEndIndex", (int64_t)gone);
    *ret_from = too_old > gone ? too_old : gone;
    *ret_to = to;
    return val_len(info) ? info : NULL;
}

Status logs_put_log_events(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *events = val_get(call->input, "logEvents");
    LogGroup group;
    LogStream stream;
    size_t from, to;
    TRY(logs_group_of(call, &group, err));
    Status status = stream_find(call->server->logs->events, a, group.id, val_str(call->input, "logStreamName"), &stream, err);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified log stream does not exist.");
    TRY(status);
    TRY(check_batch(events, err));
    Val *rejected = reject(call, &group, events, clock_ms(), &from, &to);
    size_t n = from < to ? to - from : 0;
    LogLine *lines = ARENA_ARRAY(a, LogLine, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const Val *event = val_at(events, from + i), *message = val_get(event, "message");
        lines[i] = (LogLine){ val_int(event, "timestamp", 0), message->s, message->len };
    }
    if (n && lines[n - 1].time_ms - lines[0].time_ms > LOGS_DAY_MS)
        return logs_invalid(err, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    if (n)
        TRY(logs_take(call->server, &group, stream.name, lines, n, 0, err));
    val_set_str(a, call->output, "nextSequenceToken", arena_printf(a, "%056lld", (long long)clock_us()));
    val_set(a, call->output, "rejectedLogEventsInfo", rejected);
    return ST_OK;
}

/* --- what weir itself writes --- */

static Status ensure_stream(Server *server, Arena *a, const char *region, const char *name, bool make_group, const char *stream, LogGroup *ret_group,
                            Error *err)
{
    db_auto *db = NULL;
    LogStream there;
    TRY(store_borrow(server->store, &db, err));
    if (make_group)
        TRY(db_exec(db, err, "INSERT OR IGNORE INTO log_group(region, name, created_ms, class, protected, tags) VALUES(?,?,?,'STANDARD',0,'{}')", "ssi",
                    region, name, clock_ms()));
    TRY(logs_group(db, a, region, name, ret_group, err));
    if (stream_find(server->logs->events, a, ret_group->id, stream, &there, NULL) == ST_OK)
        return ST_OK;
    Status status = stream_create(server->logs->events, ret_group->id, stream, err);
    return status == ST_CONFLICT ? ST_OK : status;
}

/* --- files --- */

typedef struct FileLines {
    Server *server;
    const LogGroup *group;
    const char *stream;
    Arena *arena;
    VEC(LogLine) lines;
    size_t bytes;
} FileLines;

static Status lines_flush(FileLines *f, Error *err)
{
    Status status = f->lines.len ? logs_take(f->server, f->group, f->stream, f->lines.at, f->lines.len, 0, err) : ST_OK;
    arena_free(f->arena);
    f->arena = arena_new();
    memset(&f->lines, 0, sizeof f->lines);
    f->bytes = 0;
    return status;
}

static Status lines_add(FileLines *f, const char *text, size_t length, int64_t now, Error *err)
{
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    if (length > LOGS_BATCH_BYTES - LOGS_EVENT_EXTRA_BYTES)
        length = LOGS_BATCH_BYTES - LOGS_EVENT_EXTRA_BYTES;
    if (!length)
        return ST_OK;
    char *line = arena_strn(f->arena, text, length);
    bool clean = utf8_valid(line, length);
    for (size_t i = 0; i < length; i++) {
        if (!line[i] || (!clean && (unsigned char)line[i] >= 0x80))
            line[i] = '?';
    }
    vec_push(f->arena, &f->lines, (LogLine){ now, line, length });
    f->bytes += length;
    return f->lines.len == LINES_BATCH || f->bytes >= FILE_BATCH_BYTES ? lines_flush(f, err) : ST_OK;
}

static Status file_lines(FileLines *f, FILE *file, Error *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int64_t now = clock_ms();
    Status status = ST_OK;
    while (status == ST_OK && (n = getline(&line, &cap, file)) >= 0)
        status = lines_add(f, line, (size_t)n, now, err);
    free(line);
    return status == ST_OK ? lines_flush(f, err) : status;
}

Status logs_put_file(Server *server, const char *region, const char *name, const char *stream, const char *path, Error *err)
{
    arena_auto *a = arena_new();
    LogGroup group;
    struct stat st;
    if (stat(path, &st) != 0 || !st.st_size)
        return ST_OK;
    file_auto *file = fopen(path, "rbe");
    if (!file)
        return ST_OK;
    TRY(ensure_stream(server, a, region, name, true, stream, &group, err));
    TRY(stream_delete(server->logs->events, group.id, stream, err));
    TRY(stream_create(server->logs->events, group.id, stream, err));
    FileLines f = { .server = server, .group = &group, .stream = stream, .arena = arena_new() };
    Status status = file_lines(&f, file, err);
    arena_free(f.arena);
    return status;
}

/* --- the bus --- */

/* See svc/logging.h. */
Status logs_from_bus(void *self, const BusMessage *m, Error *err)
{
    Server *server = self;
    arena_auto *a = arena_new();
    Val *payload;
    LogGroup group;
    const char *name = logs_group_name(a, m->target);
    if (!name || !val_from_json(a, m->payload, strlen(m->payload), &payload) || !val_str(payload, "message") || !val_str(payload, "stream"))
        return FAIL(err, ST_INVALID, "'%s' is no log group, or the message says no stream", m->target);
    TRY(ensure_stream(server, a, m->region, name, false, val_str(payload, "stream"), &group, err));
    const Val *message = val_get(payload, "message");
    LogLine line = { val_int(payload, "time", m->created_ms), message->s, message->len };
    return logs_take(server, &group, val_str(payload, "stream"), &line, 1, 0, err);
}
