/* svc/logs/queries.c -- Insights queries: started, carried out by a thread, kept with their results for a week. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/logs/insights.h"
#include "svc/logs/internal.h"
#include "svc/logs/work.h"

#include <stdio.h>

enum { GROUPS_MAX = 50, ACTIVE_MAX = 30, SHORT_QUERY_MS = 1000, LOOK_EVERY = 5000, RESULT_BYTES_MAX = 32 * 1024 * 1024 };
static const int64_t TIMEOUT_MS = 60LL * 60 * 1000; /* "queries time out after 60 minutes of runtime" */

/* --- carrying out --- */

typedef struct Query {
    Server *server;
    const char *id, *region;
    Val *groups;
    int64_t start_ms, end_ms, limit;
    Insights *parsed;
    int64_t scanned, scanned_bytes, deadline_ms;
    bool timed_out;
} Query;

static Status query_group(Query *q, const char *name, InsightsRun *run, Error *err)
{
    arena_auto *a = arena_new();
    LogGroup group;
    LogStreams streams = { 0 };
    {
        db_auto *db = NULL;
        TRY(store_borrow(q->server->store, &db, err));
        TRY(logs_group(db, a, q->region, name, &group, err));
    }
    int64_t oldest = logs_oldest_ms(&group, clock_ms());
    event_scan_auto *scan = NULL;
    Store *events = q->server->logs->events;
    TRY(stream_list(events, a, group.id, "", &streams, err));
    TRY(event_scan_open(events, a, &streams, q->start_ms > oldest ? q->start_ms : oldest, q->end_ms + 1, NULL, &scan, err));
    InsightsEvent e = { .log = arena_printf(a, "%s:%s", q->server->account, name) };
    const LogStream *stream;
    Error failed = ERROR_INIT;
    while (event_scan_next(scan, &e.event, &stream, &failed)) {
        char ptr[80];
        snprintf(ptr, sizeof ptr, "%lld-%lld", (long long)group.id, (long long)e.event.id);
        e.stream = stream->name;
        e.ptr = ptr;
        q->scanned_bytes += (int64_t)e.event.message_len;
        if (++q->scanned % LOOK_EVERY == 0) {
            q->timed_out = clock_monotonic_ms() > q->deadline_ms;
            if (q->timed_out || logs_cancelled(q->server, "log_query", q->id))
                return ST_OK;
        }
        TRY(insights_run_add(run, &e, err));
    }
    if (failed.status != ST_OK && err)
        *err = failed;
    return failed.status;
}

static Status query_load(Query *q, Arena *a, Db *db, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT region, log_groups, query, start_ms, end_ms, row_limit FROM log_query WHERE id=?", "s", q->id));
    if (!row_next(row))
        return row_status(row, err) == ST_OK ? FAIL(err, ST_NOT_FOUND, "the query is gone") : ST_IO;
    const char *groups = row_str(row, 1);
    q->region = row_str_in(row, a, 0);
    q->start_ms = row_int(row, 3);
    q->end_ms = row_int(row, 4);
    q->limit = row_int(row, 5);
    if (!val_from_json(a, groups, strlen(groups), &q->groups))
        return FAIL(err, ST_INTERNAL, "a query's groups are no JSON");
    return insights_parse(a, row_str_in(row, a, 2), &q->parsed, err);
}

static Val *statistics_of(Arena *a, const Query *q, int64_t matched)
{
    Val *v = val_map(a);
    val_set(a, v, "recordsMatched", val_doublev(a, (double)matched));
    val_set(a, v, "recordsScanned", val_doublev(a, (double)q->scanned));
    val_set(a, v, "bytesScanned", val_doublev(a, (double)q->scanned_bytes));
    val_set(a, v, "logGroupsScanned", val_doublev(a, (double)val_len(q->groups)));
    return v;
}

Status logs_query_run(Server *server, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    int64_t begun = clock_monotonic_ms();
    Query q = { .server = server, .id = id, .deadline_ms = begun + TIMEOUT_MS };
    Error failed = ERROR_INIT;
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    Status status = query_load(&q, a, db, &failed);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    insights_run_auto *run = status == ST_OK ? insights_run_new(q.parsed, (size_t)q.limit) : NULL;
    for (size_t i = 0; status == ST_OK && i < val_len(q.groups) && !q.timed_out; i++)
        status = query_group(&q, val_at(q.groups, i)->s, run, &failed);
    if (logs_stopping(server))
        return ST_OK; /* begins anew at the next start */
    const char *results = run ? val_to_json(a, insights_run_rows(run, a)) : "[]";
    if (strlen(results) > RESULT_BYTES_MAX)
        status = FAIL(&failed, ST_LIMIT, "the results are larger than %d bytes", RESULT_BYTES_MAX);
    return db_exec(db, err, "UPDATE log_query SET state=?2, took_ms=?3, results=?4, statistics=?5 WHERE id=?1 AND state='Running'", "ssiss", id,
                   status != ST_OK ? "Failed" : q.timed_out ? "Timeout" : "Complete", clock_monotonic_ms() - begun, status == ST_OK ? results : "[]",
                   val_to_json(a, statistics_of(a, &q, run ? insights_run_matched(run) : 0)));
}

/* --- the operations --- */

static Status add_group(Call *call, Db *db, Val *groups, const char *identifier, Error *err)
{
    const char *name = logs_group_name(call->arena, identifier);
    LogGroup group;
    if (!name)
        return logs_invalid(err, "'%s' is no log group.", identifier);
    TRY(logs_group(db, call->arena, call->region, name, &group, err));
    val_push(call->arena, groups, val_strv(call->arena, name));
    return ST_OK;
}

static Status query_groups(Call *call, Db *db, Val *groups, Error *err)
{
    static const char *const lists[] = { "logGroupNames", "logGroupIdentifiers" };
    const char *one = val_str(call->input, "logGroupName");
    int given = one != NULL;
    if (one)
        TRY(add_group(call, db, groups, one, err));
    for (size_t i = 0; i < 2; i++) {
        const Val *list = val_get(call->input, lists[i]);
        given += list != NULL;
        if (val_len(list) > GROUPS_MAX)
            return logs_invalid(err, "A query goes over %d log groups at most.", GROUPS_MAX);
        for (size_t j = 0; j < val_len(list); j++)
            TRY(add_group(call, db, groups, val_at(list, j)->s, err));
    }
    return given == 1 ? ST_OK : logs_invalid(err, "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.");
}

Status logs_start_query(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *language = val_str(in, "queryLanguage"), *id = random_uuid(a), *text = val_str(in, "queryString");
    int64_t active;
    Insights *parsed;
    Val *groups = val_list(a);
    if (language && !str_eq(language, "CWLI"))
        return logs_refused(err, "StartQuery", arena_printf(a, "queryLanguage %s", language));
    if (val_int(in, "startTime", 0) > val_int(in, "endTime", 0))
        return logs_invalid(err, "End time must not be before start time.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(query_groups(call, db, groups, err));
    TRY(insights_parse(a, text, &parsed, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &active, err, "SELECT count(*) FROM log_query WHERE state IN ('Scheduled','Running')", ""));
    if (active >= ACTIVE_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Account maximum query concurrency limit of [%d] reached.", ACTIVE_MAX);
    TRY(db_exec(db, err, "INSERT INTO log_query(id, region, log_groups, query, start_ms, end_ms, row_limit, state, created_ms) VALUES(?,?,?,?,?,?,?,'Scheduled',?)",
                "ssssiiii", id, call->region, val_to_json(a, groups), text, val_int(in, "startTime", 0) * 1000, val_int(in, "endTime", 0) * 1000 + 999,
                val_int(in, "limit", INSIGHTS_LIMIT), clock_ms()));
    TRY(db_commit(db, err));
    logs_wake(call->server);
    logs_wait_for(call->server, "log_query", id, SHORT_QUERY_MS);
    val_set_str(a, call->output, "queryId", id);
    return ST_OK;
}

static Status unknown_query(Error *err, const char *id)
{
    return logs_not_found(err, "The specified query does not exist: %s", id);
}

Status logs_get_query_results(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "queryId"), *token = val_str(call->input, "nextToken");
    int64_t from = 0, max = val_int(call->input, "maxItems", 0);
    Val *all = val_list(a), *page = val_list(a), *statistics = NULL;
    if (token && (!str_to_i64(token, &from) || from < 0))
        return logs_invalid(err, "The specified nextToken is invalid.");
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT state, coalesce(results, '[]'), coalesce(statistics, '{}') FROM log_query WHERE id=? AND region=?", "ss", id, call->region));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return unknown_query(err, id);
    }
    const char *results = row_str_in(row, a, 1), *figures = row_str_in(row, a, 2);
    if (!val_from_json(a, results, strlen(results), &all) || !val_from_json(a, figures, strlen(figures), &statistics))
        return FAIL(err, ST_INTERNAL, "a query's results are no JSON");
    for (size_t i = (size_t)from; i < val_len(all) && (!max || val_len(page) < (size_t)max); i++)
        val_push(a, page, (Val *)val_at(all, i));
    if ((size_t)from + val_len(page) < val_len(all))
        val_set_str(a, call->output, "nextToken", arena_printf(a, "%zu", (size_t)from + val_len(page)));
    val_set_str(a, call->output, "queryLanguage", "CWLI");
    val_set(a, call->output, "results", page);
    val_set(a, call->output, "statistics", statistics);
    val_set_str(a, call->output, "status", row_str_in(row, a, 0));
    return ST_OK;
}

Status logs_describe_queries(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *group = val_str(call->input, "logGroupName"), *language = val_str(call->input, "queryLanguage"), *token = val_str(call->input, "nextToken");
    size_t limit = logs_limit(call, "maxResults", 1000);
    int64_t before = INT64_MAX;
    Val *page = val_list(a);
    if (token && !str_to_i64(token, &before))
        return logs_invalid(err, "The specified nextToken is invalid.");
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT id, query, state, created_ms, log_groups, took_ms, rowid FROM log_query WHERE region=? AND state=coalesce(?, state)"
                                " AND rowid<? ORDER BY rowid DESC", "ssi", call->region, val_str(call->input, "status"), before));
    while ((!language || str_eq(language, "CWLI")) && row_next(row)) {
        Val *groups, *v = val_map(a);
        const char *list = row_str_in(row, a, 4);
        if (!val_from_json(a, list, strlen(list), &groups) || (group && !strstr(list, val_to_json(a, val_strv(a, group)))))
            continue;
        if (val_len(page) == limit) {
            val_set_str(a, call->output, "nextToken", arena_printf(a, "%lld", (long long)before));
            break;
        }
        before = row_int(row, 6);
        val_set_str(a, v, "queryLanguage", "CWLI");
        val_set_str(a, v, "queryId", row_str_in(row, a, 0));
        val_set_str(a, v, "queryString", row_str_in(row, a, 1));
        val_set_str(a, v, "status", row_str_in(row, a, 2));
        val_set_int(a, v, "createTime", row_int(row, 3));
        val_set_str(a, v, "logGroupName", val_len(groups) ? val_at(groups, 0)->s : NULL);
        if (!row_null(row, 5))
            val_set_int(a, v, "queryDuration", row_int(row, 5));
        val_push(a, page, v);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "queries", page);
    return ST_OK;
}

Status logs_stop_query(Call *call, Error *err)
{
    const char *id = val_str(call->input, "queryId");
    int64_t there;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM log_query WHERE id=? AND region=?", "ss", id, call->region));
    if (!there)
        return unknown_query(err, id);
    TRY(db_exec(db, err, "UPDATE log_query SET state='Cancelled' WHERE id=? AND state IN ('Scheduled','Running')", "s", id));
    if (!db_changes(db))
        return logs_invalid(err, "The query has ended already.");
    TRY(db_commit(db, err));
    val_set_bool(call->arena, call->output, "success", true);
    return ST_OK;
}

/* --- one record --- */

/* GROUP-EVENT, as @ptr says. */
Status logs_get_log_record(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *ptr = val_str(call->input, "logRecordPointer"), *dash = strchr(ptr, '-');
    int64_t group_id, id;
    EventPlace place;
    LogEvents found = { 0 };
    bool more;
    Store *events = call->server->logs->events;
    if (!dash || !str_to_i64(arena_strn(a, ptr, (size_t)(dash - ptr)), &group_id) || !str_to_i64(dash + 1, &id) || id <= 0)
        return logs_invalid(err, "Invalid logRecordPointer: %s", ptr);
    db_auto *db = NULL;
    char *name = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = db_get_str(db, a, &name, err, "SELECT name FROM log_group WHERE id=? AND region=?", "is", group_id, call->region);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified log group does not exist.");
    TRY(status);
    LogStreams streams = { 0 };
    const char *stream = NULL;
    TRY(stream_list(events, a, group_id, "", &streams, err));
    for (size_t i = 0; i < streams.len; i++)
        stream = streams.at[i].id == event_stream(id) ? streams.at[i].name : stream;
    TRY(events_place(events, id, &place, err));
    EventRange range = { .stream = event_stream(id), .start_ms = place.time_ms, .end_ms = place.time_ms + 1, .from = { place.time_ms, id - 1 }, .has_from = true,
                         .limit = 1, .max_bytes = LOGS_PAGE_BYTES };
    TRY(events_read(events, a, &range, &found, &more, err));
    if (!stream || !found.len || found.at[0].id != id)
        return logs_not_found(err, "The specified log record does not exist.");
    Val *record = val_map(a);
    val_set_str(a, record, "@message", found.at[0].message);
    val_set_str(a, record, "@timestamp", arena_printf(a, "%lld", (long long)found.at[0].time_ms));
    val_set_str(a, record, "@ingestionTime", arena_printf(a, "%lld", (long long)found.at[0].ingested_ms));
    val_set_str(a, record, "@logStream", stream);
    val_set_str(a, record, "@log", arena_printf(a, "%s:%s", call->server->account, name));
    val_set_str(a, record, "@ptr", ptr);
    val_set(a, call->output, "logRecord", record);
    return ST_OK;
}
