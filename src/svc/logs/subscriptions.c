/* svc/logs/subscriptions.c -- subscription filters. AWS's destinations (Kinesis, Firehose, Lambda) are not here and are refused; what can be a
 * destination is another log group of this account, in any region: matching events are copied into a stream of the same name. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/logs/internal.h"
#include "svc/logs/filter_pattern.h"

enum { SUBSCRIPTIONS_MAX = 2, HOPS_MAX = 4 };

/* The region in an ARN. */
static char *arn_region(Arena *a, const char *arn)
{
    const char *at = arn;
    for (int colons = 0; colons < 3; colons++) {
        at = strchr(at, ':');
        if (!at)
            return NULL;
        at++;
    }
    return arena_strn(a, at, strcspn(at, ":"));
}

static Status destination_group(Server *server, Arena *a, const char *arn, LogGroup *ret_group, Error *err)
{
    const char *name = str_eq(bus_arn_service(a, arn), "logs") ? logs_group_name(a, arn) : NULL, *region = arn_region(a, arn);
    if (!name || !region)
        return logs_invalid(err, "PutSubscriptionFilter operation cannot work with destinationArn for vendor %s", arn);
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return logs_group(db, a, region, name, ret_group, err);
}

static Status check_destination(Call *call, const LogGroup *group, const char *arn, Error *err)
{
    const char *service = bus_arn_service(call->arena, arn);
    LogGroup target = { 0 };
    if (str_eq(service, "lambda"))
        return logs_invalid(err, "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.");
    if (str_eq(service, "kinesis"))
        return logs_invalid(err, "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state.");
    if (str_eq(service, "firehose"))
        return logs_invalid(err, "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state.");
    Status status = destination_group(call->server, call->arena, arn, &target, err);
    if (status == ST_OK && target.id == group->id)
        return logs_invalid(err, "A log group cannot be its own destination.");
    return status == ST_NOT_FOUND ? logs_invalid(err, "The destination '%s' does not exist.", arn) : status;
}

Status logs_put_subscription_filter(Call *call, Error *err)
{
    const Val *in = call->input;
    const char *name = val_str(in, "filterName"), *arn = val_str(in, "destinationArn"), *distribution = val_str(in, "distribution");
    static const char *const undone[] = { "fieldSelectionCriteria", "emitSystemFields" };
    LogGroup group;
    FilterPattern *pattern;
    int64_t others;
    TRY(logs_group_of(call, &group, err));
    for (size_t i = 0; i < sizeof undone / sizeof *undone; i++) {
        if (val_get(in, undone[i]))
            return logs_refused(err, "PutSubscriptionFilter", undone[i]);
    }
    if (val_bool(in, "applyOnTransformedLogs", false))
        return logs_refused(err, "PutSubscriptionFilter", "applyOnTransformedLogs");
    TRY(filter_pattern_parse(call->arena, val_str(in, "filterPattern"), &pattern, err));
    TRY(check_destination(call, &group, arn, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &others, err, "SELECT count(*) FROM log_subscription WHERE log_group=? AND name<>?", "is", group.id, name));
    if (others >= SUBSCRIPTIONS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Resource limit exceeded.");
    TRY(db_exec(db, err, "INSERT INTO log_subscription(log_group, name, pattern, destination, role, distribution, created_ms) VALUES(?,?,?,?,?,?,?)"
                         " ON CONFLICT(log_group, name) DO UPDATE SET pattern=excluded.pattern, destination=excluded.destination, role=excluded.role,"
                         " distribution=excluded.distribution", "isssssi",
                group.id, name, val_str(in, "filterPattern"), arn, val_str(in, "roleArn"), distribution ? distribution : "ByLogStream", clock_ms()));
    return db_commit(db, err);
}

Status logs_delete_subscription_filter(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM log_subscription WHERE log_group=? AND name=?", "is", group.id, val_str(call->input, "filterName")));
    return db_changes(db) ? ST_OK : logs_not_found(err, "The specified subscription filter does not exist.");
}

Status logs_describe_subscription_filters(Call *call, Error *err)
{
    static const char *const names[] = { "filterName", "filterPattern", "destinationArn", "roleArn", "distribution" };
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "filterNamePrefix");
    LogGroup group;
    Val *all = val_list(a);
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT name, pattern, destination, role, distribution, created_ms FROM log_subscription WHERE log_group=? ORDER BY name", "i",
                 group.id)); /* two at most: one page */
    while (row_next(row)) {
        if (prefix && !str_starts(row_str(row, 0), prefix))
            continue;
        Val *v = val_map(a);
        for (int i = 0; i < 5; i++)
            val_set_str(a, v, names[i], row_str_in(row, a, i));
        val_set_str(a, v, "logGroupName", group.name);
        val_set_int(a, v, "creationTime", row_int(row, 5));
        val_set_bool(a, v, "applyOnTransformedLogs", false);
        val_push(a, all, v);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "subscriptionFilters", all);
    return ST_OK;
}

/* --- events on their way --- */

typedef struct Subscription {
    const char *pattern, *destination;
} Subscription;

static Status copy_matching(Server *server, Arena *a, const Subscription *s, const char *stream, const LogLine *lines, size_t n, int hops, Error *err)
{
    FilterPattern *pattern;
    LogGroup target = { 0 };
    VEC(LogLine) matching = { 0 };
    TRY(filter_pattern_parse(a, s->pattern, &pattern, err));
    for (size_t i = 0; i < n; i++) {
        FilterMatch m;
        if (filter_pattern_matches(pattern, a, lines[i].message, lines[i].message_len, &m))
            vec_push(a, &matching, lines[i]);
    }
    if (!matching.len || destination_group(server, a, s->destination, &target, NULL) != ST_OK)
        return ST_OK; /* a destination that has gone gets nothing, as with AWS */
    Status status = stream_create(server->logs->events, target.id, stream, err);
    if (status != ST_OK && status != ST_CONFLICT)
        return status;
    status = logs_take(server, &target, stream, matching.at, matching.len, hops + 1, err);
    return status == ST_NOT_FOUND ? ST_OK : status;
}

Status logs_subscriptions_see(Server *server, const LogGroup *group, const char *stream, const LogLine *lines, size_t n, int hops, Error *err)
{
    arena_auto *a = arena_new();
    VEC(Subscription) all = { 0 };
    if (hops >= HOPS_MAX) /* a circle */
        return ST_OK;
    {
        db_auto *db = NULL;
        row_auto *row = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(db_query(db, &row, err, "SELECT pattern, destination FROM log_subscription WHERE log_group=? ORDER BY name", "i", group->id));
        while (row_next(row))
            vec_push(a, &all, (Subscription){ row_str_in(row, a, 0), row_str_in(row, a, 1) });
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < all.len; i++)
        TRY(copy_matching(server, a, &all.at[i], stream, lines, n, hops, err));
    return ST_OK;
}
