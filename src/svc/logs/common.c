/* svc/logs/common.c -- errors, names, groups: what all handlers of CloudWatch Logs need. */
#include "base/str.h"
#include "svc/logs/internal.h"

#include <ctype.h>
#include <stdio.h>

/* --- errors --- */

Status logs_refused(Error *err, const char *operation, const char *what)
{
    return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir does not implement %s's %s", operation, what);
}

/* --- names --- */

Status logs_check_text(const Val *input, const char *name, const char *allowed, const char *pattern, Error *err)
{
    const char *text = val_str(input, name);
    bool but = allowed[0] == '^';
    for (const char *at = text; at && *at; at++) {
        bool good = but ? !strchr(allowed + 1, *at) : isalnum((unsigned char)*at) || strchr(allowed, *at);
        if (!good)
            return logs_invalid(err, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular "
                                     "expression pattern: %s", text, name, pattern);
    }
    return ST_OK;
}

Status logs_check_names(const Val *input, Error *err)
{
    static const char *const groups[] = { "logGroupName", "logGroupNamePrefix" },
                      *const others[] = { "logStreamName", "logStreamNamePrefix", "filterName", "filterNamePrefix" };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        TRY(logs_check_text(input, groups[i], ".-_/#", "[\\.\\-_/#A-Za-z0-9]+", err));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        TRY(logs_check_text(input, others[i], "^:*", "[^:*]*", err));
    if (val_str(input, "logGroupIdentifier") && strpbrk(val_str(input, "logGroupIdentifier"), "*?!\"'$%&()<>;[]{}|\\^`~ "))
        return logs_invalid(err, "1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular "
                                 "expression pattern: [\\w#+=/:,.@-]*");
    return ST_OK;
}

/* --- groups --- */

LogGroup logs_group_row(Row *row, Arena *a)
{
    const char *tags = row_str(row, 8);
    LogGroup g = { .id = row_int(row, 0),
                   .region = row_str_in(row, a, 1),
                   .name = row_str_in(row, a, 2),
                   .created_ms = row_int(row, 3),
                   .retention_days = row_int(row, 4),
                   .kms_key = row_str_in(row, a, 5),
                   .class = row_str_in(row, a, 6),
                   .protected = row_int(row, 7) != 0 };
    if (!tags || !val_from_json(a, tags, strlen(tags), &g.tags))
        g.tags = val_map(a);
    return g;
}

Status logs_group(Db *db, Arena *a, const char *region, const char *name, LogGroup *ret_group, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " LOG_GROUP_COLUMNS " FROM log_group WHERE region=? AND name=?", "ss", region, name));
    if (row_next(row)) {
        *ret_group = logs_group_row(row, a);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return logs_not_found(err, "The specified log group does not exist.");
}

const char *logs_group_name(Arena *a, const char *identifier)
{
    if (!str_starts(identifier, "arn:"))
        return identifier;
    const char *at = identifier;
    for (int colons = 0; colons < 5; colons++) {
        at = strchr(at, ':');
        if (!at)
            return NULL;
        at++;
    }
    if (!str_starts(at, "log-group:"))
        return NULL;
    at += strlen("log-group:");
    const char *end = strchr(at, ':');
    return end ? arena_strn(a, at, (size_t)(end - at)) : at;
}

char *logs_group_arn(Arena *a, const Server *server, const char *region, const char *name)
{
    return bus_arn(a, server, "logs", region, region, arena_printf(a, "log-group:%s", name));
}

Status logs_group_of(const Call *call, LogGroup *ret_group, Error *err)
{
    const char *name = val_str(call->input, "logGroupName"), *identifier = val_str(call->input, "logGroupIdentifier");
    TRY(logs_check_names(call->input, err));
    if (name && identifier)
        return logs_invalid(err, "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
    if (!name && !identifier)
        return logs_invalid(err, "Either logGroupName or logGroupIdentifier must be specified.");
    if (!name)
        name = logs_group_name(call->arena, identifier);
    if (!name)
        return logs_invalid(err, "'%s' is no log group's name or ARN.", identifier);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return logs_group(db, call->arena, call->region, name, ret_group, err);
}

int64_t logs_oldest_ms(const LogGroup *group, int64_t now_ms)
{
    return group->retention_days ? now_ms - group->retention_days * LOGS_DAY_MS : 0;
}

size_t logs_limit(const Call *call, const char *name, size_t missing)
{
    return (size_t)val_int(call->input, name, (int64_t)missing);
}
