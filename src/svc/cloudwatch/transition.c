/* svc/cloudwatch/transition.c -- an alarm's change of state: one transaction with its history, its actions and its event. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/bus.h"
#include "svc/cloudwatch/alarm.h"

enum { SUBJECT_MAX = 100 };

static const char *kind_of(const Alarm *alarm)
{
    return alarm->composite ? "CompositeAlarm" : "MetricAlarm";
}

Status alarm_history_add(Db *db, const Alarm *alarm, const char *type, const char *summary, const Val *data, Arena *a, Error *err)
{
    return db_exec(db, err, "INSERT INTO cw_alarm_history(region, alarm, kind, time_ms, type, summary, data) VALUES(?,?,?,?,?,?,?)", "sssisss",
                   alarm->region, alarm->name, kind_of(alarm), clock_ms(), type, summary, val_to_json(a, data));
}

static Val *state_value(Arena *a, const char *state, const char *reason, const char *reason_data)
{
    Val *v = val_map(a);
    val_set_str(a, v, "stateValue", state);
    val_set_str(a, v, "stateReason", reason);
    val_set(a, v, "stateReasonData", cw_json(a, reason_data));
    return v;
}

static const char *region_title(const char *region)
{
    static const char *const titles[][2] = {
        { "us-east-1", "US East (N. Virginia)" }, { "us-east-2", "US East (Ohio)" }, { "us-west-1", "US West (N. California)" },
        { "us-west-2", "US West (Oregon)" }, { "eu-west-1", "EU (Ireland)" }, { "eu-west-2", "EU (London)" }, { "eu-west-3", "EU (Paris)" },
        { "eu-central-1", "EU (Frankfurt)" }, { "eu-north-1", "EU (Stockholm)" }, { "ap-south-1", "Asia Pacific (Mumbai)" },
        { "ap-southeast-1", "Asia Pacific (Singapore)" }, { "ap-southeast-2", "Asia Pacific (Sydney)" },
        { "ap-northeast-1", "Asia Pacific (Tokyo)" }, { "ap-northeast-2", "Asia Pacific (Seoul)" }, { "sa-east-1", "South America (Sao Paulo)" },
        { "ca-central-1", "Canada (Central)" } };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (str_eq(titles[i][0], region))
            return titles[i][1];
    return region;
}

static void set_or_null(Arena *a, Val *map, const char *name, const char *text)
{
    val_append(a, map, name, val_strv(a, text));
}

static void copy(Arena *a, Val *to, const Val *config, const char *name)
{
    val_set(a, to, name, (Val *)val_get(config, name));
}

/* The Trigger of a notification. */
static Val *trigger_value(Arena *a, const Val *config)
{
    static const char *const copied[] = { "MetricName", "Namespace", "Unit", "Period", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator",
                                          "Threshold", "EvaluateLowSampleCountPercentile", "Metrics" };
    Val *trigger = val_map(a), *dimensions = val_list(a);
    const Val *list = val_get(config, "Dimensions");
    const char *statistic = val_str(config, "Statistic"), *extended = val_str(config, "ExtendedStatistic"), *treat = val_str(config, "TreatMissingData");
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        copy(a, trigger, config, copied[i]);
    for (size_t i = 0; i < val_len(list); i++) {
        Val *one = val_map(a);
        val_set_str(a, one, "value", val_str(val_at(list, i), "Value"));
        val_set_str(a, one, "name", val_str(val_at(list, i), "Name"));
        val_push(a, dimensions, one);
    }
    if (statistic) {
        char *upper = arena_str(a, str_eq(statistic, "SampleCount") ? "SAMPLE_COUNT" : statistic);
        for (char *c = upper; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        val_set_str(a, trigger, "StatisticType", "Statistic");
        val_set_str(a, trigger, "Statistic", upper);
    } else if (extended) {
        val_set_str(a, trigger, "StatisticType", "ExtendedStatistic");
        val_set_str(a, trigger, "ExtendedStatistic", extended);
    }
    if (val_str(config, "MetricName"))
        val_set(a, trigger, "Dimensions", dimensions);
    val_set_str(a, trigger, "TreatMissingData", treat ? treat : "missing");
    return trigger;
}

typedef struct Change {
    Server *server;
    Db *db;
    Arena *arena;
    const Alarm *alarm;
    const char *state, *reason, *reason_data, *arn;
    int64_t now_ms;
} Change;

/* The message that SNS delivers. Source: "Using Amazon SNS with CloudWatch", alarm notifications. */
static const char *notification(const Change *c)
{
    static const char *const lists[] = { "OKActions", "AlarmActions", "InsufficientDataActions" };
    Arena *a = c->arena;
    Val *v = val_map(a);
    set_or_null(a, v, "AlarmName", c->alarm->name);
    set_or_null(a, v, "AlarmDescription", val_str(c->alarm->config, "AlarmDescription"));
    val_set_str(a, v, "AWSAccountId", c->server->account);
    val_set_str(a, v, "AlarmConfigurationUpdatedTimestamp", time_iso8601(a, c->alarm->config_ms));
    val_set_str(a, v, "NewStateValue", c->state);
    val_set_str(a, v, "NewStateReason", c->reason);
    val_set_str(a, v, "StateChangeTime", time_iso8601(a, c->now_ms));
    val_set_str(a, v, "Region", region_title(c->alarm->region));
    val_set_str(a, v, "AlarmArn", c->arn);
    val_set_str(a, v, "OldStateValue", c->alarm->state);
    for (size_t i = 0; i < 3; i++) {
        const Val *list = val_get(c->alarm->config, lists[i]);
        val_set(a, v, lists[i], list ? (Val *)list : val_list(a));
    }
    if (c->alarm->composite)
        copy(a, v, c->alarm->config, "AlarmRule");
    else
        val_set(a, v, "Trigger", trigger_value(a, c->alarm->config));
    return val_to_json(a, v);
}

static Status action_failed(const Change *c, const char *action, const char *why, Error *err)
{
    Arena *a = c->arena;
    Val *data = val_map(a);
    val_set_str(a, data, "actionState", "Failed");
    val_set_str(a, data, "notificationResource", action);
    val_set_str(a, data, "error", why);
    return alarm_history_add(c->db, c->alarm, "Action", arena_printf(a, "Failed to execute action %s. %s", action, why), data, a, err);
}

static Status run_action(const Change *c, const char *action, Error *err)
{
    Arena *a = c->arena;
    const char *service = bus_arn_service(a, action);
    if (!service)
        return action_failed(c, action, "It is no ARN.", err);
    if (!str_eq(service, "sns"))
        return action_failed(c, action, arena_printf(a, "weir runs no actions of %s.", service), err);
    const char *subject = arena_printf(a, "%s: \"%s\" in %s", c->state, c->alarm->name, region_title(c->alarm->region));
    BusMessage message = { .region = c->alarm->region, .target = action, .source = c->arn, .payload = notification(c),
                           .subject = arena_strn(a, subject, strnlen(subject, SUBJECT_MAX)) };
    return bus_put(c->db, &message, err);
}

static Status run_actions(const Change *c, Error *err)
{
    const Val *actions = val_get(c->alarm->config, str_eq(c->state, "OK") ? "OKActions" : str_eq(c->state, "ALARM") ? "AlarmActions"
                                                                                                                   : "InsufficientDataActions");
    for (size_t i = 0; c->alarm->actions_enabled && i < val_len(actions); i++)
        TRY(run_action(c, val_at(actions, i)->s, err));
    return ST_OK;
}

static Val *event_state(Arena *a, const char *value, const char *reason, const char *reason_data, int64_t ms)
{
    Val *v = val_map(a);
    val_set_str(a, v, "value", value);
    val_set_str(a, v, "reason", reason);
    val_set_str(a, v, "reasonData", reason_data);
    val_set_str(a, v, "timestamp", time_iso8601(a, ms));
    return v;
}

/* Source: "Alarm events and EventBridge": CloudWatch Alarm State Change. */
static Status put_event(const Change *c, Error *err)
{
    Arena *a = c->arena;
    Val *detail = val_map(a), *configuration = val_map(a);
    val_set_str(a, detail, "alarmName", c->alarm->name);
    val_set(a, detail, "state", event_state(a, c->state, c->reason, c->reason_data, c->now_ms));
    val_set(a, detail, "previousState", event_state(a, c->alarm->state, c->alarm->reason, c->alarm->reason_data, c->alarm->state_ms));
    val_set_str(a, configuration, "description", val_str(c->alarm->config, "AlarmDescription"));
    if (c->alarm->composite)
        val_set_str(a, configuration, "alarmRule", val_str(c->alarm->config, "AlarmRule"));
    else
        val_set(a, configuration, "metrics", (Val *)val_get(c->alarm->config, "Metrics"));
    val_set(a, detail, "configuration", configuration);
    BusMessage message = bus_event(a, c->server, c->alarm->region, "aws.cloudwatch", "CloudWatch Alarm State Change", c->arn, detail);
    return bus_put(c->db, &message, err);
}

static Status put_history(const Change *c, Error *err)
{
    Arena *a = c->arena;
    Val *data = val_map(a);
    val_set_str(a, data, "version", "1.0");
    val_set(a, data, "oldState", state_value(a, c->alarm->state, c->alarm->reason, c->alarm->reason_data));
    val_set(a, data, "newState", state_value(a, c->state, c->reason, c->reason_data));
    return alarm_history_add(c->db, c->alarm, "StateUpdate", arena_printf(a, "Alarm updated from %s to %s", c->alarm->state, c->state), data, a, err);
}

Status alarm_transition(Server *server, Db *db, Arena *a, const Alarm *alarm, const char *state, const char *reason, const char *reason_data,
                        bool *ret_done, Error *err)
{
    bool changed = !str_eq(alarm->state, state);
    Change c = { server, db, a, alarm, state, reason, reason_data, cw_alarm_arn(a, server, alarm->region, alarm->name), clock_ms() };
    TRY(db_exec(db, err,
                "UPDATE cw_alarm SET state=?, reason=?, reason_data=?, state_ms=?, transition_ms=? WHERE seq=? AND config_ms=? AND state=?", "sssiiiis", state,
                reason, reason_data, c.now_ms, changed ? c.now_ms : alarm->transition_ms, alarm->seq, alarm->config_ms, alarm->state));
    *ret_done = db_changes(db) > 0;
    if (!*ret_done || !changed)
        return ST_OK;
    TRY(put_history(&c, err));
    TRY(run_actions(&c, err));
    return put_event(&c, err);
}

/* --- how it went --- */

Status alarm_action_settled(void *self, Db *db, const BusMessage *m, const char *why, Error *err)
{
    arena_auto *a = arena_new();
    (void)self;
    const char *service = bus_arn_service(a, m->target), *name = strstr(m->source, ":alarm:");
    if (!name || str_eq(service, "events"))
        return ST_OK;
    Alarm alarm;
    Status status = alarm_load(db, a, m->region, name + strlen(":alarm:"), &alarm, err);
    if (status == ST_NOT_FOUND) /* deleted meanwhile */
        return ST_OK;
    TRY(status);
    Val *data = val_map(a);
    val_set_str(a, data, "actionState", why ? "Failed" : "Succeeded");
    val_set_str(a, data, "notificationResource", m->target);
    val_set_str(a, data, "publishedMessage", m->payload);
    val_set_str(a, data, "error", why);
    const char *summary = why ? arena_printf(a, "Failed to execute action %s. %s", m->target, why) : arena_printf(a, "Successfully executed action %s", m->target);
    return alarm_history_add(db, &alarm, "Action", summary, data, a, err);
}
