/* svc/logs/records.c -- records by name; resource policies, destinations and query definitions, which are kept without effect. */
#include "svc/logs/records.h"

#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/logs/internal.h"

enum { POLICIES_MAX = 10, DEFINITIONS_MAX = 1000 };

/* --- records --- */

static Status record_row(Row *row, Arena *a, LogRecord *ret_record, Error *err)
{
    const char *body = row_str(row, 3), *tags = row_str(row, 4);
    LogRecord r = { .seq = row_int(row, 0), .name = row_str_in(row, a, 1), .arn = row_str_in(row, a, 2) };
    if (!val_from_json(a, body, strlen(body), &r.body) || !val_from_json(a, tags, strlen(tags), &r.tags))
        return FAIL(err, ST_INTERNAL, "the record %s is no JSON", r.arn);
    *ret_record = r;
    return ST_OK;
}
#define RECORD_COLUMNS "seq, name, arn, body, tags"

Status log_record_find(Db *db, Arena *a, const char *region, const char *kind, const char *name, LogRecord *ret_record, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " RECORD_COLUMNS " FROM log_record WHERE region=? AND kind=? AND name=?", "sss", region, kind, name));
    if (row_next(row))
        return record_row(row, a, ret_record, err);
    TRY(row_status(row, err));
    return FAIL(err, ST_NOT_FOUND, "no %s '%s'", kind, name);
}

Status log_record_put(Db *db, Arena *a, const char *region, const char *kind, const char *name, const char *arn, const Val *body, const Val *tags, Error *err)
{
    return db_exec(db, err, "INSERT INTO log_record(region, kind, name, arn, body, tags) VALUES(?1,?2,?3,?4,?5,coalesce(?6,'{}'))"
                            " ON CONFLICT(region, kind, name) DO UPDATE SET body=excluded.body, tags=coalesce(?6, tags)", "ssssss",
                   region, kind, name, arn, val_to_json(a, body), tags ? val_to_json(a, tags) : NULL);
}

Status log_record_delete(Db *db, const char *region, const char *kind, const char *name, Error *err)
{
    TRY(db_exec(db, err, "DELETE FROM log_record WHERE region=? AND kind=? AND name=?", "sss", region, kind, name));
    return db_changes(db) ? ST_OK : FAIL(err, ST_NOT_FOUND, "no %s '%s'", kind, name);
}

Status log_record_list(Db *db, Arena *a, const char *region, const char *kind, const char *prefix, LogRecords *ret_records, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " RECORD_COLUMNS " FROM log_record WHERE region=? AND kind=? ORDER BY name", "ss", region, kind));
    while (row_next(row)) {
        LogRecord r;
        if (prefix && !str_starts(row_str(row, 1), prefix))
            continue;
        TRY(record_row(row, a, &r, err));
        vec_push(a, ret_records, r);
    }
    return row_status(row, err);
}

Status log_record_page(Call *call, const LogRecords *records, const char *member, const char *limit, Error *err)
{
    Arena *a = call->arena;
    const char *token = val_str(call->input, "nextToken"), *last = NULL;
    size_t max = logs_limit(call, limit, LOGS_PAGE);
    Val *page = val_list(a);
    (void)err;
    for (size_t i = 0; i < records->len; i++) {
        const LogRecord *r = &records->at[i];
        if (token && strcmp(r->name, token) <= 0)
            continue;
        if (val_len(page) == max) {
            val_set_str(a, call->output, "nextToken", last);
            break;
        }
        if (val_len(r->tags))
            val_set(a, r->body, "tags", r->tags);
        val_push(a, page, r->body);
        last = r->name;
    }
    val_set(a, call->output, member, page);
    return ST_OK;
}

static Status describe(Call *call, const char *kind, const char *prefix, const char *member, const char *limit, Error *err)
{
    LogRecords all = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(log_record_list(db, call->arena, call->region, kind, prefix ? val_str(call->input, prefix) : NULL, &all, err));
    return log_record_page(call, &all, member, limit, err);
}

static char *arn_of(Call *call, const char *kind, const char *name)
{
    return bus_arn(call->arena, call->server, "logs", call->region, call->region, arena_printf(call->arena, "%s:%s", kind, name));
}

/* --- resource policies --- */

static Status refuse_resource(const Call *call, Error *err)
{
    static const char *const undone[] = { "resourceArn", "expectedRevisionId" };
    for (size_t i = 0; i < sizeof undone / sizeof *undone; i++) {
        if (val_get(call->input, undone[i]))
            return logs_refused(err, call->operation, undone[i]);
    }
    return str_eq(val_str(call->input, "policyScope"), "RESOURCE") ? logs_refused(err, call->operation, "policyScope RESOURCE") : ST_OK;
}

Status logs_put_resource_policy(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "policyName"), *document = val_str(call->input, "policyDocument");
    int64_t others;
    Val *body = val_map(a), *json;
    TRY(refuse_resource(call, err));
    if (!name || !document)
        return logs_invalid(err, "policyName and policyDocument are required.");
    if (!val_from_json(a, document, strlen(document), &json))
        return logs_invalid(err, "The policy document is no JSON.");
    val_set_str(a, body, "policyName", name);
    val_set_str(a, body, "policyDocument", document);
    val_set_int(a, body, "lastUpdatedTime", clock_ms());
    val_set_str(a, body, "policyScope", "ACCOUNT");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &others, err, "SELECT count(*) FROM log_record WHERE region=? AND kind='policy' AND name<>?", "ss", call->region, name));
    if (others >= POLICIES_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Resource limit exceeded.");
    TRY(log_record_put(db, a, call->region, "policy", name, arn_of(call, "policy", name), body, NULL, err));
    TRY(db_commit(db, err));
    val_set(a, call->output, "resourcePolicy", body);
    return ST_OK;
}

Status logs_delete_resource_policy(Call *call, Error *err)
{
    const char *name = val_str(call->input, "policyName");
    TRY(refuse_resource(call, err));
    if (!name)
        return logs_invalid(err, "policyName is required.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = log_record_delete(db, call->region, "policy", name, err);
    return status == ST_NOT_FOUND ? logs_not_found(err, "Policy with name [%s] does not exist", name) : status;
}

Status logs_describe_resource_policies(Call *call, Error *err)
{
    TRY(refuse_resource(call, err));
    return describe(call, "policy", NULL, "resourcePolicies", "limit", err);
}

/* --- destinations --- */

Status logs_put_destination(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "destinationName");
    Val *body = val_map(a);
    LogRecord old = { 0 };
    TRY(logs_check_text(call->input, "destinationName", "^:*", "[^:*]*", err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = log_record_find(db, a, call->region, "destination", name, &old, NULL);
    if (status != ST_OK && status != ST_NOT_FOUND)
        return FAIL(err, status, "read the destination '%s'", name);
    val_set_str(a, body, "destinationName", name);
    val_set_str(a, body, "targetArn", val_str(call->input, "targetArn"));
    val_set_str(a, body, "roleArn", val_str(call->input, "roleArn"));
    val_set_str(a, body, "accessPolicy", val_str(old.body, "accessPolicy"));
    val_set_str(a, body, "arn", arn_of(call, "destination", name));
    val_set_int(a, body, "creationTime", val_int(old.body, "creationTime", clock_ms()));
    TRY(log_record_put(db, a, call->region, "destination", name, arn_of(call, "destination", name), body, val_get(call->input, "tags"), err));
    TRY(db_commit(db, err));
    val_set(a, call->output, "destination", body);
    return ST_OK;
}

Status logs_put_destination_policy(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "destinationName"), *policy = val_str(call->input, "accessPolicy");
    LogRecord r;
    Val *json;
    if (!val_from_json(a, policy, strlen(policy), &json))
        return logs_invalid(err, "The access policy is no JSON.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = log_record_find(db, a, call->region, "destination", name, &r, err);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified destination does not exist.");
    TRY(status);
    val_set_str(a, r.body, "accessPolicy", policy);
    TRY(log_record_put(db, a, call->region, "destination", name, r.arn, r.body, NULL, err));
    return db_commit(db, err);
}

Status logs_delete_destination(Call *call, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = log_record_delete(db, call->region, "destination", val_str(call->input, "destinationName"), err);
    return status == ST_NOT_FOUND ? logs_not_found(err, "The specified destination does not exist.") : status;
}

Status logs_describe_destinations(Call *call, Error *err)
{
    return describe(call, "destination", "DestinationNamePrefix", "destinations", "limit", err);
}

/* --- query definitions --- */

static Status definition_named(Db *db, Arena *a, const char *region, const char *id, LogRecord *ret_record, Error *err)
{
    Status status = log_record_find(db, a, region, "query-definition", id, ret_record, err);
    return status == ST_NOT_FOUND ? logs_not_found(err, "The specified query definition does not exist.") : status;
}

Status logs_put_query_definition(Call *call, Error *err)
{
    static const char *const kept[] = { "name", "queryString", "logGroupNames", "queryLanguage", "parameters" };
    Arena *a = call->arena;
    const char *id = val_str(call->input, "queryDefinitionId");
    int64_t count;
    LogRecord old;
    Val *body = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    if (id)
        TRY(definition_named(db, a, call->region, id, &old, err));
    else
        id = random_uuid(a);
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM log_record WHERE region=? AND kind='query-definition' AND name<>?", "ss", call->region, id));
    if (count >= DEFINITIONS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Resource limit exceeded.");
    val_set_str(a, body, "queryDefinitionId", id);
    val_set_int(a, body, "lastModified", clock_ms());
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        val_set(a, body, kept[i], (Val *)val_get(call->input, kept[i]));
    TRY(log_record_put(db, a, call->region, "query-definition", id, arn_of(call, "query-definition", id), body, NULL, err));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "queryDefinitionId", id);
    return ST_OK;
}

Status logs_describe_query_definitions(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "queryDefinitionNamePrefix"), *language = val_str(call->input, "queryLanguage");
    LogRecords all = { 0 }, found = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(log_record_list(db, a, call->region, "query-definition", NULL, &all, err));
    for (size_t i = 0; i < all.len; i++) {
        const char *own = val_str(all.at[i].body, "queryLanguage");
        if ((!prefix || str_starts(val_str(all.at[i].body, "name"), prefix)) && (!language || str_eq(language, own ? own : "CWLI")))
            vec_push(a, &found, all.at[i]);
    }
    return log_record_page(call, &found, "queryDefinitions", "maxResults", err);
}

Status logs_delete_query_definition(Call *call, Error *err)
{
    const char *id = val_str(call->input, "queryDefinitionId");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = log_record_delete(db, call->region, "query-definition", id, err);
    if (status == ST_NOT_FOUND)
        return logs_not_found(err, "The specified query definition does not exist.");
    TRY(status);
    val_set_bool(call->arena, call->output, "success", true);
    return ST_OK;
}
