/* svc/cloudwatch/alarm.c -- PutMetricAlarm, PutCompositeAlarm and what else changes alarms. */
#include "svc/cloudwatch/alarm.h"

#include "base/clock.h"
#include "base/str.h"
#include "svc/bus.h"

/* --- rows --- */

Alarm alarm_row(Arena *a, Row *row)
{
    return (Alarm){ .seq = row_int(row, 0),
                    .region = row_str_in(row, a, 1),
                    .name = row_str_in(row, a, 2),
                    .composite = str_eq(row_str(row, 3), "CompositeAlarm"),
                    .config = cw_json(a, row_str(row, 4)),
                    .actions_enabled = row_int(row, 5) != 0,
                    .state = row_str_in(row, a, 6),
                    .reason = row_str_in(row, a, 7),
                    .reason_data = row_str_in(row, a, 8),
                    .config_ms = row_int(row, 9),
                    .state_ms = row_int(row, 10),
                    .transition_ms = row_int(row, 11) };
}

Status alarm_load(Db *db, Arena *a, const char *region, const char *name, Alarm *ret_alarm, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " ALARM_COLUMNS " FROM cw_alarm WHERE region=? AND name=?", "ss", region, name));
    if (row_next(row)) {
        *ret_alarm = alarm_row(a, row);
        return ST_OK;
    }
    TRY(row_status(row, err));
    FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFound", "Alarm %s does not exist", name);
    if (err)
        err->http = 404;
    return ST_NOT_FOUND;
}

/* --- what an alarm may be --- */

static Status refuse_members(const Val *in, Error *err)
{
    static const char *const refused[] = { "ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval",
                                           "ActionConfiguration", "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (val_get(in, refused[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "weir does not implement an alarm's %s", refused[i]);
    return ST_OK;
}

static Status check_option(const Val *in, const char *name, const char *const *options, const char *shown, Error *err)
{
    const char *value = val_str(in, name);
    for (size_t i = 0; options[i]; i++)
        if (!value || str_eq(value, options[i]))
            return ST_OK;
    return cw_validation(err, "Option %s is not supported. Supported options for parameter %s are %s.", value, name, shown);
}

static Status check_simple(Arena *a, const Val *in, Error *err)
{
    Stat stat;
    const SeriesDimension *dimensions;
    size_t n;
    const char *extended = val_str(in, "ExtendedStatistic");
    int64_t period = val_int(in, "Period", 0);
    if (!val_str(in, "Namespace"))
        return cw_missing(err, "The parameter Namespace is required.");
    if (!val_str(in, "Statistic") == !extended)
        return cw_combination(err, extended ? "The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both."
                                            : "Must specify either Statistic or ExtendedStatistic");
    if (extended && (!stat_parse(extended, &stat) || !stat_extended(&stat)))
        return cw_invalid_value(err, "The value %s for parameter ExtendedStatistic is not supported.", extended);
    if (!period)
        return cw_missing(err, "The parameter Period is required.");
    if (period != 10 && period != 20 && period != 30 && (period < 60 || period % 60))
        return cw_validation(err, "The value %lld for parameter Period is invalid: it is 10, 20, 30 or a multiple of 60.", (long long)period);
    return cw_dimensions(a, val_get(in, "Dimensions"), "Dimensions", &dimensions, &n, err);
}

static Status check_math(Call *call, const Val *in, Error *err)
{
    QuerySet set = { .arena = call->arena, .server = call->server, .region = call->region, .queries = val_get(in, "Metrics") };
    size_t returning = 0;
    static const char *const exclusive[] = { "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit" };
    for (size_t i = 0; i < sizeof exclusive / sizeof *exclusive; i++)
        if (val_get(in, exclusive[i]))
            return cw_combination(err, "The parameters Metrics and %s are mutually exclusive and you have specified both.", exclusive[i]);
    TRY(queries_check(&set, true, err));
    for (size_t i = 0; i < val_len(set.queries); i++)
        returning += query_returns(val_at(set.queries, i));
    return returning == 1 ? ST_OK : cw_validation(err, "Exactly one element of the metrics list should return data.");
}

static int64_t period_of(const Val *in)
{
    QuerySet set = { .queries = val_get(in, "Metrics") };
    return val_len(set.queries) ? queries_default_period(&set) : val_int(in, "Period", 60);
}

static Status check_window(const Val *in, Error *err)
{
    static const char *const treat[] = { "breaching", "notBreaching", "ignore", "missing", NULL }, *const low[] = { "evaluate", "ignore", NULL };
    const char *comparison = val_str(in, "ComparisonOperator");
    int64_t periods = val_int(in, "EvaluationPeriods", 0), to_alarm = val_int(in, "DatapointsToAlarm", periods), period = period_of(in);
    if (!periods)
        return cw_missing(err, "The parameter EvaluationPeriods is required.");
    if (to_alarm > periods)
        return cw_validation(err, "DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
    if (periods * period > (period >= 3600 ? 7 * 86400 : 86400))
        return cw_validation(err, "Metrics cannot be checked across more than %s (EvaluationPeriods * Period must be <= %d).",
                             period >= 3600 ? "seven days" : "a day", period >= 3600 ? 7 * 86400 : 86400);
    if (!comparison)
        return cw_missing(err, "The parameter ComparisonOperator is required.");
    if (strstr(comparison, "LowerThreshold") || strstr(comparison, "UpperThreshold"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "weir does not implement anomaly detection (ComparisonOperator %s)", comparison);
    if (!val_get(in, "Threshold"))
        return cw_missing(err, "The parameter Threshold is required.");
    TRY(check_option(in, "TreatMissingData", treat, "breaching, notBreaching, ignore and missing", err));
    return check_option(in, "EvaluateLowSampleCountPercentile", low, "evaluate and ignore", err);
}

/* --- putting --- */

static Val *without(Arena *a, const Val *in, const char *x, const char *y)
{
    Val *made = val_map(a);
    for (size_t i = 0; i < val_len(in); i++)
        if (!str_eq(in->names[i], x) && !str_eq(in->names[i], y))
            val_append(a, made, in->names[i], in->items[i]);
    return made;
}

static Status put_tags(Db *db, const char *arn, const Val *tags, Error *err)
{
    for (size_t i = 0; i < val_len(tags); i++)
        TRY(db_exec(db, err, "INSERT OR REPLACE INTO cw_tag(arn, key, value) VALUES(?,?,?)", "sss", arn, val_str(val_at(tags, i), "Key"),
                    val_str(val_at(tags, i), "Value")));
    return ST_OK;
}

Status alarm_put(Server *server, Db *db, Arena *a, const char *region, bool composite, const Val *in, Error *err)
{
    const char *name = val_str(in, "AlarmName");
    Alarm before, alarm = { .region = region, .name = name, .composite = composite };
    Error none = ERROR_INIT;
    Status status = alarm_load(db, a, region, name, &before, &none);
    bool there = status == ST_OK;
    int64_t now = clock_ms();
    if (!there && status != ST_NOT_FOUND) {
        if (err)
            *err = none;
        return status;
    }
    if (there && before.composite != composite)
        return cw_validation(err, "An alarm of another type with the name %s exists.", name);
    Val *config = without(a, in, "Tags", "ActionsEnabled"), *data = val_map(a);
    TRY(db_exec(db, err,
                "INSERT INTO cw_alarm(region, name, kind, config, space, metric, actions_enabled, state, reason, config_ms, state_ms, transition_ms)"
                " VALUES(?1,?2,?3,?4,?5,?6,?7,'INSUFFICIENT_DATA','Unchecked: Initial alarm creation',?8,?8,?8)"
                " ON CONFLICT(region, name) DO UPDATE SET config=?4, space=?5, metric=?6, actions_enabled=?7, config_ms=max(?8, config_ms+1)",
                "ssssssii", region, name, composite ? "CompositeAlarm" : "MetricAlarm", val_to_json(a, config), val_str(in, "Namespace"),
                val_str(in, "MetricName"), (int64_t)val_bool(in, "ActionsEnabled", true), now));
    if (!there) /* the tags of an alarm that exists are changed by TagResource only */
        TRY(put_tags(db, cw_alarm_arn(a, server, region, name), val_get(in, "Tags"), err));
    val_set_str(a, data, "version", "1.0");
    val_set_str(a, data, "type", there ? "Update" : "Create");
    val_set(a, data, there ? "updatedAlarm" : "createdAlarm", config);
    return alarm_history_add(db, &alarm, "ConfigurationUpdate", arena_printf(a, "Alarm \"%s\" %s", name, there ? "updated" : "created"), data, a, err);
}

static Status put_and_tell(Call *call, bool composite, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(alarm_put(call->server, db, call->arena, call->region, composite, call->input, err));
    TRY(db_commit(db, err));
    evaluator_changed(call->server);
    return ST_OK;
}

Status cw_put_metric_alarm(Call *call, Error *err)
{
    const Val *in = call->input;
    TRY(refuse_members(in, err));
    if (val_len(val_get(in, "Metrics")) && val_str(in, "MetricName"))
        return cw_combination(err, "The parameters MetricName and Metrics are mutually exclusive and you have specified both.");
    if (val_len(val_get(in, "Metrics")))
        TRY(check_math(call, in, err));
    else if (val_str(in, "MetricName"))
        TRY(check_simple(call->arena, in, err));
    else
        return cw_missing(err, "The parameter MetricName is required.");
    TRY(check_window(in, err));
    return put_and_tell(call, false, err);
}

/* Does `from`, directly or through others, depend on `name`? */
static Status depends_on(Call *call, Db *db, const char *from, const char *name, int depth, bool *ret_yes, Error *err)
{
    Alarm alarm;
    RuleNode *node;
    StrList children = { 0 };
    *ret_yes = str_eq(from, name);
    Status status = *ret_yes ? ST_NOT_FOUND : alarm_load(db, call->arena, call->region, from, &alarm, NULL);
    if (status == ST_NOT_FOUND || (status == ST_OK && !alarm.composite))
        return ST_OK;
    TRY(status);
    if (depth > 20)
        return cw_validation(err, "AlarmRule depends on too many levels of composite alarms.");
    TRY(rule_parse(call->arena, val_str(alarm.config, "AlarmRule"), &node, &children, err));
    for (size_t i = 0; !*ret_yes && i < children.len; i++)
        TRY(depends_on(call, db, children.at[i], name, depth + 1, ret_yes, err));
    return ST_OK;
}

Status cw_put_composite_alarm(Call *call, Error *err)
{
    const Val *in = call->input;
    RuleNode *node;
    StrList names = { 0 };
    TRY(refuse_members(in, err));
    TRY(rule_parse(call->arena, val_str(in, "AlarmRule"), &node, &names, err));
    {
        db_auto *db = NULL;
        TRY(store_borrow(call->server->store, &db, err));
        for (size_t i = 0; i < names.len; i++) {
            Alarm child;
            bool circular = false;
            if (alarm_load(db, call->arena, call->region, names.at[i], &child, NULL) != ST_OK)
                return cw_validation(err, "AlarmRule refers to an alarm that does not exist: %s", names.at[i]);
            TRY(depends_on(call, db, names.at[i], val_str(in, "AlarmName"), 0, &circular, err));
            if (circular)
                return cw_validation(err, "AlarmRule must not create a cycle: %s depends on %s", names.at[i], val_str(in, "AlarmName"));
        }
    }
    return put_and_tell(call, true, err);
}

/* --- the rest --- */

static Status delete_one(Call *call, Db *db, const char *name, Error *err)
{
    Alarm alarm;
    Arena *a = call->arena;
    Status status = alarm_load(db, a, call->region, name, &alarm, NULL);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    TRY(status);
    Val *data = val_map(a);
    val_set_str(a, data, "version", "1.0");
    val_set_str(a, data, "type", "Delete");
    val_set(a, data, "deletedAlarm", (Val *)alarm.config);
    TRY(db_exec(db, err, "DELETE FROM cw_alarm WHERE seq=?", "i", alarm.seq));
    TRY(db_exec(db, err, "DELETE FROM cw_tag WHERE arn=?", "s", cw_alarm_arn(a, call->server, call->region, name)));
    return alarm_history_add(db, &alarm, "ConfigurationUpdate", arena_printf(a, "Alarm \"%s\" deleted", name), data, a, err);
}

Status cw_delete_alarms(Call *call, Error *err)
{
    const Val *names = val_get(call->input, "AlarmNames");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(names); i++)
        TRY(delete_one(call, db, val_at(names, i)->s, err));
    TRY(db_commit(db, err));
    evaluator_changed(call->server);
    return ST_OK;
}

Status cw_set_alarm_state(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *data = val_str(in, "StateReasonData");
    Alarm alarm;
    bool done = false;
    if (data && !cw_json(a, data))
        return FAIL_CODE(err, ST_INVALID, "InvalidFormat", "StateReasonData is not valid JSON");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(alarm_load(db, a, call->region, val_str(in, "AlarmName"), &alarm, err));
    TRY(alarm_transition(call->server, db, a, &alarm, val_str(in, "StateValue"), val_str(in, "StateReason"), data, &done, err));
    TRY(db_commit(db, err));
    evaluator_changed(call->server);
    bus_wake(call->server->bus);
    return ST_OK;
}

static Status set_enabled(Call *call, int64_t enabled, Error *err)
{
    const Val *names = val_get(call->input, "AlarmNames");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(names); i++)
        TRY(db_exec(db, err, "UPDATE cw_alarm SET actions_enabled=?, config_ms=max(?, config_ms+1) WHERE region=? AND name=?", "iiss", enabled, clock_ms(),
                    call->region, val_at(names, i)->s));
    TRY(db_commit(db, err));
    evaluator_changed(call->server);
    return ST_OK;
}

Status cw_enable_alarm_actions(Call *call, Error *err)
{
    return set_enabled(call, 1, err);
}

Status cw_disable_alarm_actions(Call *call, Error *err)
{
    return set_enabled(call, 0, err);
}
