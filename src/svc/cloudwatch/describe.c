/* svc/cloudwatch/describe.c -- DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/alarm.h"

/* --- an alarm as it is shown --- */

static Val *query_value_of(Arena *a, const Val *query)
{
    Val *made = val_map(a);
    for (size_t i = 0; i < val_len(query); i++)
        val_append(a, made, query->names[i], query->items[i]);
    if (!val_get(made, "ReturnData"))
        val_set_bool(a, made, "ReturnData", true);
    return made;
}

static Val *alarm_value(Call *call, const Alarm *alarm)
{
    static const char *const lists[] = { "OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions", "Metrics" };
    Arena *a = call->arena;
    Val *v = val_map(a), *metrics = val_list(a);
    for (size_t i = 0; i < val_len(alarm->config); i++)
        val_append(a, v, alarm->config->names[i], alarm->config->items[i]);
    for (size_t i = 0; i < (alarm->composite ? 3U : 5U); i++)
        if (!val_get(v, lists[i]))
            val_set(a, v, lists[i], val_list(a));
    for (size_t i = 0; i < val_len(val_get(alarm->config, "Metrics")); i++)
        val_push(a, metrics, query_value_of(a, val_at(val_get(alarm->config, "Metrics"), i)));
    if (!alarm->composite) {
        val_set(a, v, "Metrics", metrics);
        val_set(a, v, "Threshold", val_doublev(a, val_double(alarm->config, "Threshold", 0)));
    }
    val_set_str(a, v, "AlarmArn", cw_alarm_arn(a, call->server, alarm->region, alarm->name));
    val_set_bool(a, v, "ActionsEnabled", alarm->actions_enabled);
    val_set_str(a, v, "StateValue", alarm->state);
    val_set_str(a, v, "StateReason", alarm->reason);
    val_set_str(a, v, "StateReasonData", alarm->reason_data);
    val_set_time(a, v, "StateUpdatedTimestamp", alarm->state_ms);
    val_set_time(a, v, "StateTransitionedTimestamp", alarm->transition_ms);
    val_set_time(a, v, "AlarmConfigurationUpdatedTimestamp", alarm->config_ms);
    return v;
}

static bool listed(const Val *list, const char *text)
{
    for (size_t i = 0; i < val_len(list); i++)
        if (str_eq(val_at(list, i)->s, text))
            return true;
    return false;
}

static bool has_action(const Val *config, const char *prefix)
{
    static const char *const lists[] = { "OKActions", "AlarmActions", "InsufficientDataActions" };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t j = 0; j < val_len(val_get(config, lists[i])); j++)
            if (str_starts(val_at(val_get(config, lists[i]), j)->s, prefix))
                return true;
    return false;
}

static bool alarm_wanted(const Val *in, const Alarm *alarm)
{
    const Val *names = val_get(in, "AlarmNames"), *types = val_get(in, "AlarmTypes");
    const char *prefix = val_str(in, "AlarmNamePrefix"), *state = val_str(in, "StateValue"), *action = val_str(in, "ActionPrefix");
    bool type = val_len(types) ? listed(types, alarm->composite ? "CompositeAlarm" : "MetricAlarm") : !alarm->composite;
    return type && (!val_len(names) || listed(names, alarm->name)) && (!prefix || str_starts(alarm->name, prefix)) &&
           (!state || str_eq(state, alarm->state)) && (!action || has_action(alarm->config, action));
}

Status cw_describe_alarms(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    int64_t skip, seen = 0, limit = val_int(in, "MaxRecords", ALARM_PAGE);
    static const char *const refused[] = { "ChildrenOfAlarmName", "ParentsOfAlarmName" };
    for (size_t i = 0; i < 2; i++)
        if (val_get(in, refused[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "weir does not implement DescribeAlarms' %s", refused[i]);
    if (val_len(val_get(in, "AlarmNames")) && val_str(in, "AlarmNamePrefix"))
        return cw_combination(err, "AlarmNamePrefix and AlarmNames are mutually exclusive");
    TRY(cw_token_read(a, "alarms", val_str(in, "NextToken"), "The parameter NextToken is invalid.", &skip, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " ALARM_COLUMNS " FROM cw_alarm WHERE region=? ORDER BY name", "s", call->region));
    Val *metric = val_list(a), *composite = val_list(a);
    while (row_next(row)) {
        Alarm alarm = alarm_row(a, row);
        if (!alarm_wanted(in, &alarm) || seen++ < skip)
            continue;
        if (seen > skip + limit) {
            val_set_str(a, call->output, "NextToken", cw_token(a, "alarms", skip + limit));
            break;
        }
        val_push(a, alarm.composite ? composite : metric, alarm_value(call, &alarm));
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "MetricAlarms", metric);
    val_set(a, call->output, "CompositeAlarms", composite);
    return ST_OK;
}

/* --- for one metric --- */

static bool same_dimensions(Arena *a, const Val *x, const Val *y)
{
    if (val_len(x) != val_len(y))
        return false;
    for (size_t i = 0; i < val_len(x); i++) {
        bool found = false;
        for (size_t j = 0; j < val_len(y); j++)
            found = found || (str_eq(val_str(val_at(x, i), "Name"), val_str(val_at(y, j), "Name")) &&
                              str_eq(val_str(val_at(x, i), "Value"), val_str(val_at(y, j), "Value")));
        if (!found)
            return false;
    }
    (void)a;
    return true;
}

Status cw_describe_alarms_for_metric(Call *call, Error *err)
{
    static const char *const texts[] = { "Statistic", "ExtendedStatistic", "Unit" };
    Arena *a = call->arena;
    const Val *in = call->input;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " ALARM_COLUMNS " FROM cw_alarm WHERE region=? AND space=? AND metric=? ORDER BY name", "sss", call->region,
                 val_str(in, "Namespace"), val_str(in, "MetricName")));
    Val *alarms = val_list(a);
    while (row_next(row)) {
        Alarm alarm = alarm_row(a, row);
        bool fits = same_dimensions(a, val_get(in, "Dimensions"), val_get(alarm.config, "Dimensions")) &&
                    (!val_get(in, "Period") || val_int(in, "Period", 0) == val_int(alarm.config, "Period", 0));
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            fits = fits && (!val_str(in, texts[i]) || str_eq(val_str(in, texts[i]), val_str(alarm.config, texts[i])));
        if (fits)
            val_push(a, alarms, alarm_value(call, &alarm));
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "MetricAlarms", alarms);
    return ST_OK;
}

/* --- history --- */

static Val *history_value(Arena *a, Row *row)
{
    Val *v = val_map(a);
    val_set_str(a, v, "AlarmName", row_str(row, 1));
    val_set_str(a, v, "AlarmType", row_str(row, 2));
    val_set_time(a, v, "Timestamp", row_int(row, 3));
    val_set_str(a, v, "HistoryItemType", row_str(row, 4));
    val_set_str(a, v, "HistorySummary", row_str(row, 5));
    val_set_str(a, v, "HistoryData", row_str(row, 6));
    return v;
}

Status cw_describe_alarm_history(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *types = val_get(in, "AlarmTypes");
    int64_t skip, seen = 0, limit = val_int(in, "MaxRecords", ALARM_RECORDS_MAX);
    bool ascending = str_eq(val_str(in, "ScanBy"), "TimestampAscending");
    TRY(cw_token_read(a, "history", val_str(in, "NextToken"), "The parameter NextToken is invalid.", &skip, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 ascending ? "SELECT seq, alarm, kind, time_ms, type, summary, data FROM cw_alarm_history WHERE region=?1 AND alarm=coalesce(?2, alarm) AND"
                             " type=coalesce(?3, type) AND time_ms>=?4 AND time_ms<=?5 ORDER BY seq"
                           : "SELECT seq, alarm, kind, time_ms, type, summary, data FROM cw_alarm_history WHERE region=?1 AND alarm=coalesce(?2, alarm) AND"
                             " type=coalesce(?3, type) AND time_ms>=?4 AND time_ms<=?5 ORDER BY seq DESC",
                 "sssii", call->region, val_str(in, "AlarmName"), val_str(in, "HistoryItemType"), val_time(in, "StartDate", 0),
                 val_time(in, "EndDate", INT64_MAX)));
    Val *items = val_list(a);
    while (row_next(row)) {
        if ((val_len(types) ? !listed(types, row_str(row, 2)) : !val_str(in, "AlarmName") && !str_eq(row_str(row, 2), "MetricAlarm")) || seen++ < skip)
            continue;
        if (seen > skip + limit) {
            val_set_str(a, call->output, "NextToken", cw_token(a, "history", skip + limit));
            break;
        }
        val_push(a, items, history_value(a, row));
    }
    TRY(row_status(row, err));
    val_set(a, call->output, "AlarmHistoryItems", items);
    return ST_OK;
}
