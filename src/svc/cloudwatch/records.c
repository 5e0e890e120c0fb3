/* svc/cloudwatch/records.c -- dashboards, Contributor Insights rules, tags; the service's start and end. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/alarming.h"
#include "svc/bus.h"
#include "svc/cloudwatch/alarm.h"

/* --- life --- */

static Status default_put(Server *server, Db *db, Arena *a, const char *region, const Val *alarm, Error *err)
{
    return alarm_put(server, db, a, region, false, alarm, err);
}

static Status default_remove(Server *server, Db *db, Arena *a, const char *region, const char *prefix, Error *err)
{
    (void)server;
    return db_exec(db, err, "DELETE FROM cw_alarm WHERE region=? AND name>=? AND name<?", "sss", region, prefix, arena_printf(a, "%s\x7f", prefix));
}

static const Alarming alarming = { default_put, default_remove, evaluator_changed };

Status cloudwatch_start(Server *server, Error *err)
{
    server->alarming = &alarming;
    bus_on_settled(server->bus, "cloudwatch", alarm_action_settled, server);
    return evaluator_start(server, err);
}

void cloudwatch_stop(Server *server)
{
    evaluator_stop(server);
}

/* The tables are emptied after this, and the thread reads them anew. */
Status cloudwatch_reset(Server *server, Error *err)
{
    TRY(series_reset(server->series, err));
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM cw_alarm", ""));
    evaluator_changed(server);
    return ST_OK;
}

/* --- dashboards --- */

static Status no_dashboard(Error *err, const char *name)
{
    FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFound", "Dashboard %s does not exist", name);
    if (err)
        err->http = 404;
    return ST_NOT_FOUND;
}

static char *dashboard_arn(Call *call, const char *name)
{
    return bus_arn(call->arena, call->server, "cloudwatch", call->region, "", arena_printf(call->arena, "dashboard/%s", name));
}

Status cw_put_dashboard(Call *call, Error *err)
{
    const char *name = val_str(call->input, "DashboardName"), *body = val_str(call->input, "DashboardBody");
    const Val *parsed = cw_json(call->arena, body);
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] || strlen(name) > 255)
        return FAIL_CODE(err, ST_INVALID, "InvalidParameterInput", "The value %s for field DashboardName contains invalid characters.", name);
    if (!parsed || parsed->kind != VAL_MAP)
        return FAIL_CODE(err, ST_INVALID, "InvalidParameterInput", "The field DashboardBody must be a valid JSON object");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "INSERT OR REPLACE INTO cw_dashboard(name, body, modified_ms) VALUES(?,?,?)", "ssi", name, body, clock_ms()));
    val_set(call->arena, call->output, "DashboardValidationMessages", val_list(call->arena));
    return ST_OK;
}

Status cw_get_dashboard(Call *call, Error *err)
{
    const char *name = val_str(call->input, "DashboardName");
    char *body;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = db_get_str(db, call->arena, &body, err, "SELECT body FROM cw_dashboard WHERE name=?", "s", name);
    if (status == ST_NOT_FOUND)
        return no_dashboard(err, name);
    TRY(status);
    val_set_str(call->arena, call->output, "DashboardArn", dashboard_arn(call, name));
    val_set_str(call->arena, call->output, "DashboardBody", body);
    val_set_str(call->arena, call->output, "DashboardName", name);
    return ST_OK;
}

Status cw_list_dashboards(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "DashboardNamePrefix");
    Val *entries = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, modified_ms, length(CAST(body AS BLOB)) FROM cw_dashboard ORDER BY name", ""));
    while (row_next(row)) {
        const char *name = row_str(row, 0);
        if (prefix && !str_starts(name, prefix))
            continue;
        Val *entry = val_map(a);
        val_set_str(a, entry, "DashboardName", name);
        val_set_str(a, entry, "DashboardArn", dashboard_arn(call, name));
        val_set_time(a, entry, "LastModified", row_int(row, 1));
        val_set_int(a, entry, "Size", row_int(row, 2));
        val_push(a, entries, entry);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "DashboardEntries", entries);
    return ST_OK;
}

Status cw_delete_dashboards(Call *call, Error *err)
{
    const Val *names = val_get(call->input, "DashboardNames");
    db_auto *db = NULL;
    if (!val_len(names))
        return cw_invalid_value(err, "The parameter DashboardNames must not be empty.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err)); /* all or, when one is not there, none */
    for (size_t i = 0; i < val_len(names); i++) {
        TRY(db_exec(db, err, "DELETE FROM cw_dashboard WHERE name=?", "s", val_at(names, i)->s));
        if (!db_changes(db))
            return no_dashboard(err, val_at(names, i)->s);
    }
    return db_commit(db, err);
}

/* --- Contributor Insights rules: kept; no report is made of them --- */

static char *rule_arn(Call *call, const char *name)
{
    return bus_arn(call->arena, call->server, "cloudwatch", call->region, call->region, arena_printf(call->arena, "insight-rule/%s", name));
}

Status cw_put_insight_rule(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *tags = val_get(in, "Tags");
    const char *definition = val_str(in, "RuleDefinition"), *state = val_str(in, "RuleState"), *name = val_str(in, "RuleName");
    const Val *parsed = cw_json(a, definition), *schema = val_get(parsed, "Schema");
    if (!parsed || parsed->kind != VAL_MAP || !schema)
        return cw_invalid_value(err, "RuleDefinition must be a JSON object with a Schema.");
    if (state && !str_eq(state, "ENABLED") && !str_eq(state, "DISABLED"))
        return cw_invalid_value(err, "The value %s for parameter RuleState is invalid: it is ENABLED or DISABLED.", state);
    const char *text = schema->kind == VAL_STR ? arena_printf(a, "{\"Name\" : \"%s\", \"Version\" : 1}", schema->s) : val_to_json(a, schema);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "INSERT OR REPLACE INTO cw_insight_rule(region, name, state, definition, schema, transformed) VALUES(?,?,?,?,?,?)", "sssssi", call->region,
                name, state ? state : "ENABLED", definition, text, (int64_t)val_bool(in, "ApplyOnTransformedLogs", false)));
    for (size_t i = 0; i < val_len(tags); i++)
        TRY(db_exec(db, err, "INSERT OR REPLACE INTO cw_tag(arn, key, value) VALUES(?,?,?)", "sss", rule_arn(call, name), val_str(val_at(tags, i), "Key"),
                    val_str(val_at(tags, i), "Value")));
    return db_commit(db, err);
}

Status cw_describe_insight_rules(Call *call, Error *err)
{
    Arena *a = call->arena;
    int64_t skip, seen = 0, limit = val_int(call->input, "MaxResults", 500);
    TRY(cw_token_read(a, "rules", val_str(call->input, "NextToken"), "The parameter NextToken is invalid.", &skip, err));
    Val *rules = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, state, schema, definition, transformed FROM cw_insight_rule WHERE region=? ORDER BY name", "s", call->region));
    while (row_next(row)) {
        if (seen++ < skip)
            continue;
        if (seen > skip + limit) {
            val_set_str(a, call->output, "NextToken", cw_token(a, "rules", skip + limit));
            break;
        }
        Val *rule = val_map(a);
        val_set_str(a, rule, "Name", row_str(row, 0));
        val_set_str(a, rule, "State", row_str(row, 1));
        val_set_str(a, rule, "Schema", row_str(row, 2));
        val_set_str(a, rule, "Definition", row_str(row, 3));
        val_set_bool(a, rule, "ManagedRule", false);
        val_set_bool(a, rule, "ApplyOnTransformedLogs", row_int(row, 4) != 0);
        val_push(a, rules, rule);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "InsightRules", rules);
    return ST_OK;
}

/* `sql` has the state (or NULL), the region and the name; those that are not there are Failures. */
static Status each_rule(Call *call, const char *sql, const char *state, Error *err)
{
    Arena *a = call->arena;
    const Val *names = val_get(call->input, "RuleNames");
    Val *failures = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(names); i++) {
        const char *name = val_at(names, i)->s;
        TRY(db_exec(db, err, sql, "sss", state, call->region, name));
        if (db_changes(db)) {
            if (!state)
                TRY(db_exec(db, err, "DELETE FROM cw_tag WHERE arn=?", "s", rule_arn(call, name)));
            continue;
        }
        Val *failure = val_map(a);
        val_set_str(a, failure, "FailureResource", name);
        val_set_str(a, failure, "ExceptionType", "ResourceNotFoundException");
        val_set_str(a, failure, "FailureCode", "404");
        val_set_str(a, failure, "FailureDescription", "The rule does not exist");
        val_push(a, failures, failure);
    }
    TRY(db_commit(db, err));
    val_set(a, call->output, "Failures", failures);
    return ST_OK;
}

Status cw_delete_insight_rules(Call *call, Error *err)
{
    return each_rule(call, "DELETE FROM cw_insight_rule WHERE ?1 IS NULL AND region=?2 AND name=?3", NULL, err);
}

Status cw_enable_insight_rules(Call *call, Error *err)
{
    return each_rule(call, "UPDATE cw_insight_rule SET state=?1 WHERE region=?2 AND name=?3", "ENABLED", err);
}

Status cw_disable_insight_rules(Call *call, Error *err)
{
    return each_rule(call, "UPDATE cw_insight_rule SET state=?1 WHERE region=?2 AND name=?3", "DISABLED", err);
}

/* --- tags: of alarms and rules --- */

static Status tagged_check(Call *call, Db *db, const char *arn, Error *err)
{
    int64_t there = 0;
    const char *alarm = strstr(arn, ":alarm:"), *rule = strstr(arn, ":insight-rule/");
    if (alarm)
        TRY(db_get_int(db, &there, err, "SELECT count(*) FROM cw_alarm WHERE region=? AND name=?", "ss", call->region, alarm + strlen(":alarm:")));
    else if (rule)
        TRY(db_get_int(db, &there, err, "SELECT count(*) FROM cw_insight_rule WHERE region=? AND name=?", "ss", call->region, rule + strlen(":insight-rule/")));
    if (there)
        return ST_OK;
    FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundException", "Unknown");
    if (err)
        err->http = 404;
    return ST_NOT_FOUND;
}

Status cw_tag_resource(Call *call, Error *err)
{
    const Val *tags = val_get(call->input, "Tags");
    const char *arn = val_str(call->input, "ResourceARN");
    int64_t count = 0;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tagged_check(call, db, arn, err));
    for (size_t i = 0; i < val_len(tags); i++)
        TRY(db_exec(db, err, "INSERT OR REPLACE INTO cw_tag(arn, key, value) VALUES(?,?,?)", "sss", arn, val_str(val_at(tags, i), "Key"),
                    val_str(val_at(tags, i), "Value")));
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM cw_tag WHERE arn=?", "s", arn));
    if (count > TAGS_LIMIT)
        return cw_invalid_value(err, "A resource has at most %d tags.", TAGS_LIMIT);
    return db_commit(db, err);
}

Status cw_untag_resource(Call *call, Error *err)
{
    const Val *keys = val_get(call->input, "TagKeys");
    const char *arn = val_str(call->input, "ResourceARN");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tagged_check(call, db, arn, err));
    for (size_t i = 0; i < val_len(keys); i++)
        TRY(db_exec(db, err, "DELETE FROM cw_tag WHERE arn=? AND key=?", "ss", arn, val_at(keys, i)->s));
    return db_commit(db, err);
}

Status cw_list_tags_for_resource(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *tags = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT key, value FROM cw_tag WHERE arn=? ORDER BY key", "s", val_str(call->input, "ResourceARN")));
    while (row_next(row)) {
        Val *tag = val_map(a);
        val_set_str(a, tag, "Key", row_str(row, 0));
        val_set_str(a, tag, "Value", row_str(row, 1));
        val_push(a, tags, tag);
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "Tags", tags);
    return ST_OK;
}
