/* svc/events/rules.c -- rules: what they want, when they fire, who gets it. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/events/internal.h"
#include "svc/events/pattern.h"
#include "svc/events/template.h"
#include "svc/schedule.h"

static const char RULE_COLUMNS[] = "arn, region, bus, name, pattern, schedule, state, description, role, managed_by, tags";

/* ---------------------------------------------------------------- finding */
char *events_rule_arn(const Call *call, const EventBus *bus, const char *name)
{
    const char *path = str_eq(bus->name, "default") ? name : arena_printf(call->arena, "%s/%s", bus->name, name);
    return events_arn(call, "rule", path);
}

void events_rule_names(const char *arn, const char **ret_name, Arena *a, const char **ret_bus)
{
    const char *path = strstr(arn, ":rule/") + strlen(":rule/"), *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    *ret_bus = slash ? arena_strn(a, path, (size_t)(slash - path)) : "default";
}

static EventRule rule_of(Row *row, Arena *a)
{
    return (EventRule){ .arn = row_str_in(row, a, 0), .region = row_str_in(row, a, 1), .bus = row_str_in(row, a, 2), .name = row_str_in(row, a, 3),
                        .pattern = row_str_in(row, a, 4), .schedule = row_str_in(row, a, 5), .state = row_str_in(row, a, 6),
                        .description = row_str_in(row, a, 7), .role = row_str_in(row, a, 8), .managed_by = row_str_in(row, a, 9), .tags = row_str_in(row, a, 10) };
}

static Status find_rule(Db *db, Arena *a, const char *arn, EventRule *ret_rule, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, arena_printf(a, "SELECT %s FROM event_rule WHERE arn=?", RULE_COLUMNS), "s", arn));
    bool there = row_next(row);
    if (there)
        *ret_rule = rule_of(row, a);
    TRY(row_status(row, err));
    return there ? ST_OK : FAIL(err, ST_NOT_FOUND, "no such rule");
}

Status events_rule(Db *db, Arena *a, const char *arn, const char *name, const char *bus, EventRule *ret_rule, Error *err)
{
    Status status = find_rule(db, a, arn, ret_rule, err);
    return status == ST_NOT_FOUND ? events_missing(err, "Rule %s does not exist on EventBus %s.", name, bus) : status;
}

/* The rule that Name (or Rule) and EventBusName of the request name. */
static Status asked_rule(Call *call, Db *db, const char *member, EventRule *ret_rule, Error *err)
{
    EventBus bus;
    const char *name = val_str(call->input, member);
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    return events_rule(db, call->arena, events_rule_arn(call, &bus, name), name, bus.name, ret_rule, err);
}

static Status not_managed(Call *call, const EventRule *rule, Error *err)
{
    if (!rule->managed_by || val_bool(call->input, "Force", false))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "ManagedRuleException", "Rule %s is managed by %s and can not be changed by itself.", rule->name, rule->managed_by);
}

/* ---------------------------------------------------------------- rules */
static bool is_enabled(const char *state)
{
    return !str_eq(state, "DISABLED");
}

/* As a column: 0 is NULL. */
static int64_t next_due(const char *schedule, const char *state)
{
    int64_t next = schedule && is_enabled(state) ? schedule_next_ms(schedule, clock_ms()) : 0;
    return next > 0 ? next : 0;
}

static const char *given(const Val *input, const char *name)
{
    const char *text = val_str(input, name);
    return text && *text ? text : NULL;
}

static Status check_rule(Call *call, const EventBus *bus, const char *pattern, const char *schedule, Error *err)
{
    const Pattern *compiled;
    if (!pattern && !schedule)
        return events_invalid(err, "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (schedule && !str_eq(bus->name, "default"))
        return events_invalid(err, "ScheduleExpression is supported only on the default event bus.");
    if (schedule && schedule_check(schedule, NULL) != ST_OK)
        return events_invalid(err, "Parameter ScheduleExpression is not valid.");
    return pattern ? pattern_compile(call->arena, pattern, &compiled, err) : ST_OK;
}

Status events_put_rule(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *tags = val_get(in, "Tags");
    const char *name = val_str(in, "Name"), *pattern = given(in, "EventPattern"), *schedule = given(in, "ScheduleExpression"), *state = val_str(in, "State");
    EventBus bus;
    EventRule old;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(in, "EventBusName"), &bus, err));
    TRY(check_rule(call, &bus, pattern, schedule, err));
    char *arn = events_rule_arn(call, &bus, name);
    state = state ? state : "ENABLED";
    Status status = find_rule(db, a, arn, &old, err);
    if (status == ST_OK)
        TRY(not_managed(call, &old, err));
    else if (status != ST_NOT_FOUND)
        return status;
    bool same = status == ST_OK && str_eq(old.schedule, schedule) && is_enabled(old.state) == is_enabled(state); /* then it keeps its beat */
    TRY(db_exec(db, err,
                "INSERT INTO event_rule(arn, region, bus, name, pattern, schedule, state, description, role, tags, next_ms) VALUES(?,?,?,?,?,?,?,?,?,?,nullif(?,0)) "
                "ON CONFLICT(arn) DO UPDATE SET pattern=excluded.pattern, schedule=excluded.schedule, state=excluded.state, description=excluded.description, "
                "role=excluded.role, next_ms=iif(?12, next_ms, excluded.next_ms)",
                "ssssssssssii", arn, call->region, bus.name, name, pattern, schedule, state, given(in, "Description"), given(in, "RoleArn"),
                val_to_json(a, tags ? tags : val_list(a)), next_due(schedule, state), (int64_t)same));
    TRY(db_commit(db, err));
    events_wake(call->server);
    val_set_str(a, call->output, "RuleArn", arn);
    return ST_OK;
}

static void show_rule(Arena *a, Val *shown, const EventRule *r)
{
    val_set_str(a, shown, "Name", r->name);
    val_set_str(a, shown, "Arn", r->arn);
    val_set_str(a, shown, "EventPattern", r->pattern);
    val_set_str(a, shown, "ScheduleExpression", r->schedule);
    val_set_str(a, shown, "State", r->state);
    val_set_str(a, shown, "Description", r->description);
    val_set_str(a, shown, "RoleArn", r->role);
    val_set_str(a, shown, "ManagedBy", r->managed_by);
    val_set_str(a, shown, "EventBusName", r->bus);
}

/* Here AWS's text does not name the bus. */
static Status rule_alone(Call *call, Db *db, EventRule *ret_rule, Error *err)
{
    Status status = asked_rule(call, db, "Name", ret_rule, err);
    if (status == ST_NOT_FOUND && err && str_starts(err->message, "Rule "))
        return events_missing(err, "Rule %s does not exist.", val_str(call->input, "Name"));
    return status;
}

Status events_describe_rule(Call *call, Error *err)
{
    EventRule rule;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(rule_alone(call, db, &rule, err));
    show_rule(call->arena, call->output, &rule);
    val_set_str(call->arena, call->output, "CreatedBy", call->server->account);
    return ST_OK;
}

Status events_list_rules(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "NamePrefix");
    EventBus bus;
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    TRY(db_query(db, &row, err,
                 arena_printf(a, "SELECT %s FROM event_rule WHERE region=? AND bus=? AND substr(name, 1, length(?3))=?3 ORDER BY name", RULE_COLUMNS), "sss",
                 call->region, bus.name, prefix ? prefix : ""));
    while (row_next(row)) {
        EventRule rule = rule_of(row, a);
        Val *one = val_map(a);
        show_rule(a, one, &rule);
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    return events_page(call, all, "Rules", err);
}

static Status set_state(Call *call, const char *state, Error *err)
{
    EventRule rule;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(rule_alone(call, db, &rule, err));
    TRY(not_managed(call, &rule, err));
    if (is_enabled(rule.state) != is_enabled(state))
        TRY(db_exec(db, err, "UPDATE event_rule SET state=?, next_ms=nullif(?,0) WHERE arn=?", "sis", state, next_due(rule.schedule, state), rule.arn));
    TRY(db_commit(db, err));
    events_wake(call->server);
    return ST_OK;
}

Status events_enable_rule(Call *call, Error *err)
{
    return set_state(call, "ENABLED", err);
}

Status events_disable_rule(Call *call, Error *err)
{
    return set_state(call, "DISABLED", err);
}

/* A rule that is not there is deleted already. */
Status events_delete_rule(Call *call, Error *err)
{
    EventRule rule;
    EventBus bus;
    int64_t targets;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    Status status = find_rule(db, call->arena, events_rule_arn(call, &bus, val_str(call->input, "Name")), &rule, err);
    if (status != ST_OK)
        return status == ST_NOT_FOUND ? ST_OK : status;
    TRY(not_managed(call, &rule, err));
    TRY(db_get_int(db, &targets, err, "SELECT count(*) FROM event_target WHERE rule=?", "s", rule.arn));
    if (targets)
        return events_invalid(err, "Rule can't be deleted since it has targets.");
    TRY(db_exec(db, err, "DELETE FROM event_rule WHERE arn=?", "s", rule.arn));
    return db_commit(db, err);
}

/* ---------------------------------------------------------------- targets */
static Status check_target(const Val *target, Error *err)
{
    const char *arn = val_str(target, "Arn"), *id = val_str(target, "Id"), *queue = val_str(val_get(target, "DeadLetterConfig"), "Arn");
    if (!events_is_arn(arn))
        return events_invalid(err, "Parameter %s is not valid. Reason: Provided Arn is not in correct format.", arn);
    bool fifo = strstr(arn, ":sqs:") && str_ends(arn, ".fifo");
    if (fifo && !val_get(target, "SqsParameters"))
        return events_invalid(err, "Parameter(s) SqsParameters must be specified for target: %s.", id);
    if (queue && (!events_is_arn(queue) || !strstr(queue, ":sqs:") || str_ends(queue, ".fifo")))
        return events_invalid(err, "Parameter DeadLetterConfig of target %s is not valid. Reason: It names a standard SQS queue.", id);
    return template_check(target, err);
}

static Status put_target(Call *call, Db *db, const EventRule *rule, const Val *target, Error *err)
{
    return db_exec(db, err, "INSERT INTO event_target(rule, id, arn, target) VALUES(?,?,?,?) ON CONFLICT(rule, id) DO UPDATE SET arn=excluded.arn, target=excluded.target",
                   "ssss", rule->arn, val_str(target, "Id"), val_str(target, "Arn"), val_to_json(call->arena, target));
}

static void no_failures(Call *call)
{
    val_set_int(call->arena, call->output, "FailedEntryCount", 0);
    val_set(call->arena, call->output, "FailedEntries", val_list(call->arena));
}

Status events_put_targets(Call *call, Error *err)
{
    const Val *targets = val_get(call->input, "Targets");
    EventRule rule;
    db_auto *db = NULL;
    for (size_t i = 0; i < val_len(targets); i++)
        TRY(check_target(val_at(targets, i), err));
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(asked_rule(call, db, "Rule", &rule, err));
    TRY(not_managed(call, &rule, err));
    for (size_t i = 0; i < val_len(targets); i++)
        TRY(put_target(call, db, &rule, val_at(targets, i), err));
    TRY(db_commit(db, err));
    no_failures(call);
    return ST_OK;
}

Status events_remove_targets(Call *call, Error *err)
{
    const Val *ids = val_get(call->input, "Ids");
    EventRule rule;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(asked_rule(call, db, "Rule", &rule, err));
    TRY(not_managed(call, &rule, err));
    for (size_t i = 0; i < val_len(ids); i++)
        TRY(db_exec(db, err, "DELETE FROM event_target WHERE rule=? AND id=?", "ss", rule.arn, val_at(ids, i)->s));
    TRY(db_commit(db, err));
    no_failures(call);
    return ST_OK;
}

Status events_list_targets_by_rule(Call *call, Error *err)
{
    Arena *a = call->arena;
    EventRule rule;
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(asked_rule(call, db, "Rule", &rule, err));
    TRY(db_query(db, &row, err, "SELECT target FROM event_target WHERE rule=? ORDER BY seq", "s", rule.arn));
    while (row_next(row))
        val_push(a, all, events_json(a, row_str(row, 0)));
    TRY(row_status(row, err));
    return events_page(call, all, "Targets", err);
}

Status events_list_rule_names_by_target(Call *call, Error *err)
{
    Arena *a = call->arena;
    EventBus bus;
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(events_bus(call, db, val_str(call->input, "EventBusName"), &bus, err));
    TRY(db_query(db, &row, err, "SELECT DISTINCT r.name FROM event_target t JOIN event_rule r ON r.arn=t.rule WHERE t.arn=? AND r.region=? AND r.bus=? ORDER BY r.name",
                 "sss", val_str(call->input, "TargetArn"), call->region, bus.name));
    while (row_next(row))
        val_push(a, all, val_strv(a, row_str(row, 0)));
    TRY(row_status(row, err));
    return events_page(call, all, "RuleNames", err);
}
