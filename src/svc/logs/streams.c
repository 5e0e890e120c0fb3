/* svc/logs/streams.c -- log streams. */
#include "base/str.h"
#include "svc/logs/internal.h"

#include <stdlib.h>

Status logs_create_log_stream(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    Status status = stream_create(call->server->logs->events, group.id, val_str(call->input, "logStreamName"), err);
    return status == ST_CONFLICT ? logs_exists(err, "The specified log stream already exists") : status;
}

Status logs_delete_log_stream(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    Status status = stream_delete(call->server->logs->events, group.id, val_str(call->input, "logStreamName"), err);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified log stream does not exist.");
    TRY(status);
    return logs_sweep(call->server, err);
}

static Val *stream_value(Call *call, const LogGroup *group, const LogStream *s)
{
    Arena *a = call->arena;
    Val *v = val_map(a);
    val_set_str(a, v, "logStreamName", s->name);
    val_set_int(a, v, "creationTime", s->created_ms);
    if (s->first_ms >= 0) {
        val_set_int(a, v, "firstEventTimestamp", s->first_ms);
        val_set_int(a, v, "lastEventTimestamp", s->last_ms);
    }
    if (s->ingested_ms >= 0)
        val_set_int(a, v, "lastIngestionTime", s->ingested_ms);
    val_set_str(a, v, "arn", arena_printf(a, "%s:log-stream:%s", logs_group_arn(a, call->server, group->region, group->name), s->name));
    val_set_int(a, v, "storedBytes", 0); /* "always zero" since 2019 */
    return v;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const LogStream *)a)->name, ((const LogStream *)b)->name);
}

static int by_time(const void *a, const void *b)
{
    const LogStream *x = a, *y = b;
    return x->last_ms != y->last_ms ? (x->last_ms > y->last_ms) - (x->last_ms < y->last_ms) : by_name(a, b);
}

/* GROUP@STREAM: the page before ended with that stream. Nothing comes after a stream that is not there. */
static size_t page_start(const LogGroup *group, const LogStreams *all, const char *token)
{
    size_t n = strlen(group->name), i = 0;
    if (!token)
        return 0;
    if (!str_starts(token, group->name) || token[n] != '@')
        return all->len;
    while (i < all->len && !str_eq(all->at[i].name, token + n + 1))
        i++;
    return i == all->len ? i : i + 1;
}

Status logs_describe_log_streams(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "logStreamNamePrefix");
    bool time_order = str_eq(val_str(call->input, "orderBy"), "LastEventTime"), down = val_bool(call->input, "descending", false);
    size_t limit = logs_limit(call, "limit", LOGS_PAGE);
    LogGroup group;
    LogStreams all = { 0 };
    TRY(logs_group_of(call, &group, err));
    if (time_order && prefix)
        return logs_invalid(err, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    TRY(stream_list(call->server->logs->events, a, group.id, prefix ? prefix : "", &all, err));
    if (all.len)
        qsort(all.at, all.len, sizeof *all.at, time_order ? by_time : by_name);
    for (size_t i = 0; down && i < all.len / 2; i++) {
        LogStream other = all.at[i];
        all.at[i] = all.at[all.len - 1 - i];
        all.at[all.len - 1 - i] = other;
    }
    Val *page = val_list(a);
    size_t from = page_start(&group, &all, val_str(call->input, "nextToken")), to = all.len - from > limit ? from + limit : all.len;
    for (size_t i = from; i < to; i++)
        val_push(a, page, stream_value(call, &group, &all.at[i]));
    if (to < all.len)
        val_set_str(a, call->output, "nextToken", arena_printf(a, "%s@%s", group.name, all.at[to - 1].name));
    val_set(a, call->output, "logStreams", page);
    return ST_OK;
}
