/* svc/events/buses.c -- event buses, who may put events on them, and the tags of buses and rules. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/events/internal.h"

static const char *const SETTINGS[] = { "Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig" };
enum { SETTINGS_COUNT = sizeof SETTINGS / sizeof *SETTINGS, POLICY_MAX = 10240 };

const char *events_bus_name(const char *name_or_arn)
{
    const char *found = name_or_arn ? strstr(name_or_arn, ":event-bus/") : NULL;
    return !name_or_arn ? "default" : found ? found + strlen(":event-bus/") : name_or_arn;
}

static Status insert_bus(const Call *call, Db *db, const char *name, const Val *settings, const Val *tags, Error *err)
{
    Arena *a = call->arena;
    return db_exec(db, err, "INSERT OR IGNORE INTO event_bus(arn, region, name, settings, tags, created_ms, changed_ms) VALUES(?,?,?,?,?,?,?)", "sssssii",
                   events_arn(call, "event-bus", name), call->region, name, val_to_json(a, settings), val_to_json(a, tags ? tags : val_list(a)), clock_ms(),
                   clock_ms());
}

Status events_bus(const Call *call, Db *db, const char *name_or_arn, EventBus *ret_bus, Error *err)
{
    Arena *a = call->arena;
    const char *name = events_bus_name(name_or_arn), *arn = str_starts(name_or_arn ? name_or_arn : "", "arn:") ? name_or_arn : events_arn(call, "event-bus", name);
    char *region = arena_str(a, call->region);
    Status status = db_get_str(db, a, &region, err, "SELECT region FROM event_bus WHERE arn=?", "s", arn);
    if (status == ST_NOT_FOUND && str_eq(arn, events_arn(call, "event-bus", "default")))
        status = insert_bus(call, db, "default", val_map(a), NULL, err);
    else if (status == ST_NOT_FOUND)
        return events_missing(err, "Event bus %s does not exist.", name);
    *ret_bus = (EventBus){ name, arn, region };
    return status;
}

/* ---------------------------------------------------------------- making and changing */
static Val *settings_of(Arena *a, const Val *input)
{
    Val *settings = val_map(a);
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        val_set(a, settings, SETTINGS[i], (Val *)(uintptr_t)val_get(input, SETTINGS[i]));
    return settings;
}

static void show_settings(Arena *a, Val *output, const Val *settings)
{
    for (size_t i = 0; i < val_len(settings); i++)
        val_set(a, output, settings->names[i], settings->items[i]);
}

Status events_create_event_bus(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "Name"), *source = val_str(call->input, "EventSourceName");
    Val *settings = settings_of(a, call->input);
    db_auto *db = NULL;
    if (source)
        return events_missing(err, "Event source %s does not exist.", source);
    if (strchr(name, '/'))
        return events_invalid(err, "Event bus name must not contain '/'.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(insert_bus(call, db, name, settings, val_get(call->input, "Tags"), err));
    if (!db_changes(db) || str_eq(name, "default"))
        return events_conflict(err, "Event bus %s already exists.", name);
    val_set_str(a, call->output, "EventBusArn", events_arn(call, "event-bus", name));
    show_settings(a, call->output, settings);
    return ST_OK;
}

static Status load_bus(Db *db, Arena *a, const char *arn, Val *shown, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, settings, policy, created_ms, changed_ms FROM event_bus WHERE arn=?", "s", arn));
    if (row_next(row)) {
        val_set_str(a, shown, "Name", row_str(row, 0));
        val_set_str(a, shown, "Arn", arn);
        show_settings(a, shown, events_json(a, row_str(row, 1)));
        val_set_str(a, shown, "Policy", row_str(row, 2));
        val_set_time(a, shown, "CreationTime", row_int(row, 3));
        val_set_time(a, shown, "LastModifiedTime", row_int(row, 4));
    }
    return row_status(row, err);
}

Status events_describe_event_bus(Call *call, Error *err)
{
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(events_bus(call, db, val_str(call->input, "Name"), &bus, err));
    return load_bus(db, call->arena, bus.arn, call->output, err);
}

Status events_update_event_bus(Call *call, Error *err)
{
    Arena *a = call->arena;
    char *text;
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(call->input, "Name"), &bus, err));
    TRY(db_get_str(db, a, &text, err, "SELECT settings FROM event_bus WHERE arn=?", "s", bus.arn));
    Val *settings = events_json(a, text);
    show_settings(a, settings, settings_of(a, call->input));
    TRY(db_exec(db, err, "UPDATE event_bus SET settings=?, changed_ms=? WHERE arn=?", "sis", val_to_json(a, settings), clock_ms(), bus.arn));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "Name", bus.name);
    val_set_str(a, call->output, "Arn", bus.arn);
    show_settings(a, call->output, settings);
    return ST_OK;
}

Status events_delete_event_bus(Call *call, Error *err)
{
    const char *name = events_bus_name(val_str(call->input, "Name"));
    db_auto *db = NULL;
    if (str_eq(name, "default"))
        return events_invalid(err, "Cannot delete event bus default.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM event_rule WHERE region=? AND bus=?", "ss", call->region, name));
    TRY(db_exec(db, err, "DELETE FROM event_bus WHERE region=? AND name=?", "ss", call->region, name));
    return db_commit(db, err);
}

/* What ListEventBuses shows of one: DescribeEventBus's members, less those that are kept for it. */
static Status list_one(Db *db, Arena *a, const char *arn, Val *all, Error *err)
{
    static const char *const shown[] = { "Name", "Arn", "Description", "Policy", "CreationTime", "LastModifiedTime" };
    Val *whole = val_map(a), *one = val_map(a);
    TRY(load_bus(db, a, arn, whole, err));
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        val_set(a, one, shown[i], (Val *)(uintptr_t)val_get(whole, shown[i]));
    val_push(a, all, one);
    return ST_OK;
}

Status events_list_event_buses(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "NamePrefix");
    EventBus bus;
    StrList arns = { 0 };
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(events_bus(call, db, NULL, &bus, err));
    TRY(db_query(db, &row, err, "SELECT arn FROM event_bus WHERE region=? AND substr(name, 1, length(?2))=?2 ORDER BY name", "ss", call->region,
                 prefix ? prefix : ""));
    while (row_next(row))
        vec_push(a, &arns, row_str_in(row, a, 0));
    TRY(row_status(row, err));
    for (size_t i = 0; i < arns.len; i++)
        TRY(list_one(db, a, arns.at[i], all, err));
    return events_page(call, all, "EventBuses", err);
}

/* ---------------------------------------------------------------- permissions */
static Val *statement_of(Call *call, const EventBus *bus, Error *err, Status *ret_status)
{
    Arena *a = call->arena;
    const char *action = val_str(call->input, "Action"), *principal = val_str(call->input, "Principal"), *id = val_str(call->input, "StatementId");
    const Val *condition = val_get(call->input, "Condition");
    Val *s = val_map(a), *who = val_map(a);
    *ret_status = ST_OK;
    if (!action || !principal || !id)
        *ret_status = events_invalid(err, "Parameter(s) Action, Principal and StatementId, or Policy, must be specified.");
    else if (!str_eq(action, "events:PutEvents"))
        *ret_status = events_invalid(err, "Provided value in parameter 'action' is not supported.");
    if (*ret_status != ST_OK)
        return NULL;
    val_set_str(a, who, "AWS", arena_printf(a, "arn:aws:iam::%s:root", principal));
    val_set_str(a, s, "Sid", id);
    val_set_str(a, s, "Effect", "Allow");
    val_set(a, s, "Principal", str_eq(principal, "*") ? val_strv(a, "*") : who);
    val_set_str(a, s, "Action", action);
    val_set_str(a, s, "Resource", bus->arn);
    if (condition) {
        Val *key = val_map(a), *type = val_map(a);
        val_set_str(a, key, val_str(condition, "Key"), val_str(condition, "Value"));
        val_set(a, type, val_str(condition, "Type"), key);
        val_set(a, s, "Condition", type);
    }
    return s;
}

/* All statements but the one of this id. */
static Val *statements_without(Arena *a, const Val *policy, const char *id)
{
    const Val *old = val_get(policy, "Statement");
    Val *kept = val_list(a);
    for (size_t i = 0; i < val_len(old); i++) {
        if (!str_eq(val_str(val_at(old, i), "Sid"), id))
            val_push(a, kept, (Val *)(uintptr_t)val_at(old, i));
    }
    return kept;
}

static Status policy_of(Db *db, Arena *a, const EventBus *bus, Val **ret_policy, Error *err)
{
    char *text;
    TRY(db_get_str(db, a, &text, err, "SELECT coalesce(policy, '') FROM event_bus WHERE arn=?", "s", bus->arn));
    *ret_policy = *text ? events_json(a, text) : NULL;
    return ST_OK;
}

static Status set_policy(Db *db, Arena *a, const EventBus *bus, Val *statements, Error *err)
{
    Val *policy = val_map(a);
    val_set_str(a, policy, "Version", "2012-10-17");
    val_set(a, policy, "Statement", statements);
    const char *text = statements && val_len(statements) ? val_to_json(a, policy) : NULL;
    if (text && strlen(text) > POLICY_MAX)
        return FAIL_CODE(err, ST_LIMIT, "PolicyLengthExceededException", "The policy is longer than %d characters.", POLICY_MAX);
    return db_exec(db, err, "UPDATE event_bus SET policy=?, changed_ms=? WHERE arn=?", "sis", text, clock_ms(), bus->arn);
}

static Status put_whole_policy(Db *db, Arena *a, const EventBus *bus, const char *text, Error *err)
{
    Val *policy = events_json(a, text);
    if (!policy || policy->kind != VAL_MAP || !val_get(policy, "Statement"))
        return events_invalid(err, "This policy contains invalid Json");
    if (strlen(text) > POLICY_MAX)
        return FAIL_CODE(err, ST_LIMIT, "PolicyLengthExceededException", "The policy is longer than %d characters.", POLICY_MAX);
    return db_exec(db, err, "UPDATE event_bus SET policy=?, changed_ms=? WHERE arn=?", "sis", text, clock_ms(), bus->arn);
}

Status events_put_permission(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *whole = val_str(call->input, "Policy");
    EventBus bus;
    Val *policy;
    Status status;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    if (whole) {
        TRY(put_whole_policy(db, a, &bus, whole, err));
        return db_commit(db, err);
    }
    Val *statement = statement_of(call, &bus, err, &status);
    TRY(status);
    TRY(policy_of(db, a, &bus, &policy, err));
    Val *statements = statements_without(a, policy, val_str(statement, "Sid"));
    val_push(a, statements, statement);
    TRY(set_policy(db, a, &bus, statements, err));
    return db_commit(db, err);
}

Status events_remove_permission(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "StatementId");
    bool all = val_bool(call->input, "RemoveAllPermissions", false);
    EventBus bus;
    Val *policy;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    TRY(policy_of(db, a, &bus, &policy, err));
    if (!all && !policy)
        return events_missing(err, "EventBus does not have a policy.");
    if (!all && !id)
        return events_invalid(err, "Parameter StatementId is required.");
    Val *left = all ? NULL : statements_without(a, policy, id);
    if (!all && val_len(left) == val_len(val_get(policy, "Statement")))
        return events_missing(err, "Statement with the provided id does not exist.");
    TRY(set_policy(db, a, &bus, left, err));
    return db_commit(db, err);
}

/* ---------------------------------------------------------------- tags */
/* The table that the ARN's resource is in. */
static Status tagged(Call *call, Db *db, const char *arn, const char **ret_table, Error *err)
{
    const char *name, *bus;
    EventRule rule;
    EventBus found;
    if (strstr(arn, ":event-bus/")) {
        *ret_table = "event_bus";
        return events_bus(call, db, arn, &found, err);
    }
    if (!strstr(arn, ":rule/"))
        return events_invalid(err, "Parameter ResourceARN is not valid: %s is neither a rule nor an event bus.", arn);
    *ret_table = "event_rule";
    events_rule_names(arn, &name, call->arena, &bus);
    return events_rule(db, call->arena, arn, name, bus, &rule, err);
}

static Val *merged(Arena *a, const Val *old, const Val *add, const Val *drop)
{
    Val *tags = val_list(a);
    for (size_t i = 0; i < val_len(old); i++) {
        const char *key = val_str(val_at(old, i), "Key");
        bool gone = false;
        for (size_t k = 0; k < val_len(add); k++)
            gone = gone || str_eq(val_str(val_at(add, k), "Key"), key);
        for (size_t k = 0; k < val_len(drop); k++)
            gone = gone || str_eq(val_at(drop, k)->s, key);
        if (!gone)
            val_push(a, tags, old->items[i]);
    }
    for (size_t i = 0; i < val_len(add); i++)
        val_push(a, tags, add->items[i]);
    return tags;
}

static Status change_tags(Call *call, const Val *add, const Val *drop, Val **ret_tags, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "ResourceARN"), *table = NULL;
    char *text;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tagged(call, db, arn, &table, err));
    TRY(db_get_str(db, a, &text, err, arena_printf(a, "SELECT tags FROM %s WHERE arn=?", table), "s", arn));
    *ret_tags = merged(a, events_json(a, text), add, drop);
    if (add || drop)
        TRY(db_exec(db, err, arena_printf(a, "UPDATE %s SET tags=? WHERE arn=?", table), "ss", val_to_json(a, *ret_tags), arn));
    return db_commit(db, err);
}

Status events_tag_resource(Call *call, Error *err)
{
    Val *tags;
    return change_tags(call, val_get(call->input, "Tags"), NULL, &tags, err);
}

Status events_untag_resource(Call *call, Error *err)
{
    Val *tags;
    return change_tags(call, NULL, val_get(call->input, "TagKeys"), &tags, err);
}

Status events_list_tags_for_resource(Call *call, Error *err)
{
    Val *tags;
    TRY(change_tags(call, NULL, NULL, &tags, err));
    val_set(call->arena, call->output, "Tags", tags);
    return ST_OK;
}
