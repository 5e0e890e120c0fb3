/* svc/logs/get.c -- events that go out: GetLogEvents, FilterLogEvents, GetLogRecord. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/logs/internal.h"
#include "svc/logs/filter_pattern.h"

#include <ctype.h>
#include <stdio.h>

enum { TOKEN_DIGITS = 56, SCANNED_MAX = 200000, SCAN_MS = 2000 };

/* --- GetLogEvents --- */

/* f/N and b/N: after and before the stream's event number N. All nines: no event was there yet. */
static const int64_t NUMBER_NONE = (1LL << EVENT_NUMBER_BITS) - 1;

static char *position_token(Arena *a, char direction, int64_t number)
{
    return arena_printf(a, "%c/%0*lld", direction, TOKEN_DIGITS, (long long)number);
}

static Status position_read(const char *token, bool *ret_backward, int64_t *ret_number, Error *err)
{
    bool good = (token[0] == 'f' || token[0] == 'b') && token[1] == '/' && strlen(token) == TOKEN_DIGITS + 2;
    for (const char *at = token + 2; good && *at; at++)
        good = isdigit((unsigned char)*at);
    int64_t number = 0;
    if (!good || !str_to_i64(token + 2, &number) || number > NUMBER_NONE)
        return logs_invalid(err, "The specified nextToken is invalid.");
    *ret_backward = token[0] == 'b';
    *ret_number = number;
    return ST_OK;
}

static Val *event_value(Arena *a, const LogEvent *e)
{
    Val *v = val_map(a), *message = val_strv(a, "");
    message->s = e->message;
    message->len = e->message_len;
    val_set_int(a, v, "timestamp", e->time_ms);
    val_set(a, v, "message", message);
    val_set_int(a, v, "ingestionTime", e->ingested_ms);
    return v;
}

static Status stream_of_call(Call *call, const LogGroup *group, LogStream *ret_stream, Error *err)
{
    Status status = stream_find(call->server->logs->events, call->arena, group->id, val_str(call->input, "logStreamName"), ret_stream, err);
    return status == ST_NOT_FOUND ? logs_not_found(err, "The specified log stream does not exist.") : status;
}

Status logs_get_log_events(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *token = val_str(in, "nextToken");
    Store *events = call->server->logs->events;
    LogGroup group;
    LogStream stream;
    TRY(logs_group_of(call, &group, err));
    TRY(stream_of_call(call, &group, &stream, err));
    int64_t oldest = logs_oldest_ms(&group, clock_ms()), start = val_int(in, "startTime", 0), number = NUMBER_NONE;
    EventRange range = { .stream = stream.id, .start_ms = start > oldest ? start : oldest, .end_ms = val_int(in, "endTime", INT64_MAX),
                         .limit = logs_limit(call, "limit", LOGS_EVENTS_PAGE), .max_bytes = LOGS_PAGE_BYTES,
                         .backward = !val_bool(in, "startFromHead", false), .has_from = token != NULL };
    if (token) {
        TRY(position_read(token, &range.backward, &number, err));
        TRY(events_place(events, event_id(stream.id, number), &range.from, err));
    }
    LogEvents page = { 0 };
    bool more;
    TRY(events_read(events, a, &range, &page, &more, err));
    Val *list = val_list(a);
    for (size_t i = 0; i < page.len; i++)
        val_push(a, list, event_value(a, &page.at[i]));
    val_set(a, call->output, "events", list);
    val_set_str(a, call->output, "nextForwardToken", position_token(a, 'f', page.len ? event_number(page.at[page.len - 1].id) : number));
    val_set_str(a, call->output, "nextBackwardToken", position_token(a, 'b', page.len ? event_number(page.at[0].id) : number));
    return ST_OK;
}

/* --- FilterLogEvents --- */

/* An event's id as AWS shows it: 56 digits, in the order of (time, id). */
static char *shown_id(Arena *a, const LogEvent *e)
{
    return arena_printf(a, "%017lld%039lld", (long long)e->time_ms, (long long)e->id);
}

static bool shown_id_read(const char *text, EventPlace *ret_place)
{
    char time_digits[18] = { 0 };
    if (strlen(text) != TOKEN_DIGITS)
        return false;
    memcpy(time_digits, text, 17);
    return str_to_i64(time_digits, &ret_place->time_ms) && str_to_i64(text + 17, &ret_place->id) && ret_place->time_ms >= 0 && ret_place->id >= 0;
}

typedef struct Filter {
    Call *call;
    LogGroup group;
    LogStreams streams;
    FilterPattern *pattern;
    int64_t start_ms, end_ms;
    EventPlace from;
    bool has_from;
    size_t limit;
    Val *found;
    size_t bytes;
    char *last;          /* where the next page begins: after this event; NULL: nothing was looked at */
} Filter;

static Status filter_streams(Filter *f, Error *err)
{
    Call *call = f->call;
    const Val *names = val_get(call->input, "logStreamNames");
    const char *prefix = val_str(call->input, "logStreamNamePrefix");
    if (names && prefix)
        return logs_invalid(err, "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
    if (!names)
        return stream_list(call->server->logs->events, call->arena, f->group.id, prefix ? prefix : "", &f->streams, err);
    for (size_t i = 0; i < val_len(names); i++) {
        LogStream stream;
        Status status = stream_find(call->server->logs->events, call->arena, f->group.id, val_at(names, i)->s, &stream, err);
        if (status == ST_NOT_FOUND)
            return logs_not_found(err, "The specified log stream does not exist.");
        TRY(status);
        bool twice = false;
        for (size_t j = 0; j < f->streams.len; j++)
            twice = twice || f->streams.at[j].id == stream.id;
        if (!twice)
            vec_push(call->arena, &f->streams, stream);
    }
    return ST_OK;
}

/* GROUP@STREAM@EVENT: after that event. Nothing comes after one that is none of this group's: *ret_nothing. */
static void filter_token(Filter *f, bool *ret_nothing)
{
    const char *token = val_str(f->call->input, "nextToken"), *at = token ? strrchr(token, '@') : NULL;
    size_t n = strlen(f->group.name);
    *ret_nothing = false;
    if (!token)
        return;
    f->has_from = at && str_starts(token, f->group.name) && token[n] == '@' && shown_id_read(at + 1, &f->from);
    *ret_nothing = !f->has_from;
}

static void add_found(Filter *f, const LogEvent *e, const LogStream *stream)
{
    Arena *a = f->call->arena;
    LogEvent copy = *e;
    copy.message = arena_strn(a, e->message, e->message_len);
    Val *v = event_value(a, &copy);
    val_set_str(a, v, "logStreamName", stream->name);
    val_set_str(a, v, "eventId", shown_id(a, e));
    val_push(a, f->found, v);
    f->bytes += e->message_len + LOGS_EVENT_EXTRA_BYTES;
}

/* Until the page is full and one more is found, or enough was looked at. *ret_more: there is or may be more. */
static Status filter_scan(Filter *f, bool *ret_more, Error *err)
{
    Arena *a = f->call->arena;
    event_scan_auto *scan = NULL;
    LogEvent e;
    const LogStream *stream;
    Error failed = ERROR_INIT;
    int64_t deadline = clock_monotonic_ms() + SCAN_MS;
    char last[TOKEN_DIGITS + 1];
    const char *last_stream = NULL;
    *ret_more = false;
    TRY(event_scan_open(f->call->server->logs->events, a, &f->streams, f->start_ms, f->end_ms, f->has_from ? &f->from : NULL, &scan, err));
    for (size_t scanned = 0; !*ret_more && event_scan_next(scan, &e, &stream, &failed); scanned++) {
        arena_auto *scratch = arena_new();
        FilterMatch match;
        bool full = val_len(f->found) == f->limit || f->bytes >= LOGS_PAGE_BYTES;
        if (scanned >= SCANNED_MAX || (scanned % 1000 == 999 && clock_monotonic_ms() > deadline)) {
            *ret_more = true;
        } else if (filter_pattern_matches(f->pattern, scratch, e.message, e.message_len, &match)) {
            *ret_more = full;
            if (!full)
                add_found(f, &e, stream);
        }
        if (!*ret_more && !full) {
            snprintf(last, sizeof last, "%s", shown_id(scratch, &e));
            last_stream = stream->name;
        }
    }
    if (last_stream)
        f->last = arena_printf(a, "%s@%s@%s", f->group.name, last_stream, last);
    if (failed.status != ST_OK && err)
        *err = failed;
    return failed.status;
}

Status logs_filter_log_events(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *pattern = val_str(in, "filterPattern");
    Filter f = { .call = call, .limit = logs_limit(call, "limit", LOGS_EVENTS_PAGE), .found = val_list(a) };
    bool nothing, more = false;
    TRY(logs_group_of(call, &f.group, err));
    TRY(filter_pattern_parse(a, pattern ? pattern : "", &f.pattern, err));
    TRY(filter_streams(&f, err));
    int64_t oldest = logs_oldest_ms(&f.group, clock_ms()), start = val_int(in, "startTime", 0), end = val_int(in, "endTime", INT64_MAX);
    f.start_ms = start > oldest ? start : oldest;
    f.end_ms = end < INT64_MAX ? end + 1 : end; /* "Events with a timestamp later than this time are not returned" */
    filter_token(&f, &nothing);
    if (!nothing)
        TRY(filter_scan(&f, &more, err));
    val_set(a, call->output, "events", f.found);
    val_set(a, call->output, "searchedLogStreams", val_list(a)); /* "no longer returned" since 2022: always empty */
    if (more)
        val_set_str(a, call->output, "nextToken", f.last);
    return ST_OK;
}
