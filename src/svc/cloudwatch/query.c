/* svc/cloudwatch/query.c -- a set of MetricDataQueries: checked, then each computed once, an expression after those that it names. */
#include "base/str.h"
#include "svc/cloudwatch/internal.h"
#include "svc/cloudwatch/math.h"

#include <ctype.h>

enum { DEPTH_MAX = 100 };

typedef struct QueryState {
    MathNode *node;      /* an expression that is metric math */
    bool done, busy;
    MathValue value;
} QueryState;

bool query_returns(const Val *query)
{
    return val_bool(query, "ReturnData", true);
}

size_t query_find(const QuerySet *set, const char *id, size_t length)
{
    for (size_t i = 0; i < val_len(set->queries); i++) {
        const char *other = val_str(val_at(set->queries, i), "Id");
        if (other && strlen(other) == length && strncmp(other, id, length) == 0)
            return i;
    }
    return SIZE_MAX;
}

int64_t queries_default_period(const QuerySet *set)
{
    int64_t period = 0;
    for (size_t i = 0; i < val_len(set->queries); i++) {
        const Val *query = val_at(set->queries, i);
        int64_t one = val_int(query, "Period", val_int(val_get(query, "MetricStat"), "Period", 0));
        if (one > 0 && (period == 0 || one < period))
            period = one;
    }
    return period > 0 ? period : 300;
}

static bool id_good(const char *id)
{
    if (!islower((unsigned char)id[0]))
        return false;
    for (const char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
    return true;
}

static bool period_good(int64_t period)
{
    return period == 1 || period == 5 || period == 10 || period == 20 || period == 30 || (period > 0 && period % 60 == 0);
}

static Status check_metric_stat(const Val *stat, const char *where, Error *err)
{
    Stat parsed;
    const Val *metric = val_get(stat, "Metric");
    int64_t period = val_int(stat, "Period", 0);
    if (!val_str(metric, "Namespace"))
        return cw_missing(err, "The parameter %s.MetricStat.Metric.Namespace is required.", where);
    if (!val_str(metric, "MetricName"))
        return cw_missing(err, "The parameter %s.MetricStat.Metric.MetricName is required.", where);
    if (!period_good(period))
        return cw_validation(err, "The value %lld for parameter %s.MetricStat.Period is invalid: it is 1, 5, 10, 20, 30 or a multiple of 60.",
                             (long long)period, where);
    if (!stat_parse(val_str(stat, "Stat"), &parsed))
        return cw_validation(err, "The value %s for parameter %s.MetricStat.Stat is not supported.", val_str(stat, "Stat"), where);
    return ST_OK;
}

static Status check_query(QuerySet *set, size_t i, bool alarm, Error *err)
{
    const Val *query = val_at(set->queries, i);
    const char *id = val_str(query, "Id"), *expression = val_str(query, "Expression"), *account = val_str(query, "AccountId");
    const char *where = arena_printf(set->arena, "%s.member.%zu", alarm ? "Metrics" : "MetricDataQueries", i + 1);
    if (!id || !id_good(id))
        return cw_validation(err, "The value %s for parameter %s.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", id ? id : "", where);
    if (query_find(set, id, strlen(id)) != i)
        return cw_validation(err, "The values for parameter id in %s are not unique.", alarm ? "Metrics" : "MetricDataQueries");
    if (account && !str_eq(account, set->server->account))
        return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "weir does not implement metrics of other accounts (%s.AccountId)", where);
    if (val_get(query, "MetricStat") && expression)
        return cw_validation(err, "The parameters %s.MetricStat and %s.Expression are mutually exclusive and you have specified both.", where, where);
    if (val_get(query, "MetricStat"))
        return check_metric_stat(val_get(query, "MetricStat"), where, err);
    if (!expression)
        return cw_validation(err, "The parameter %s.MetricStat is required.\n", where);
    if (select_is(expression)) {
        int64_t period = val_int(query, "Period", 0);
        if (alarm)
            return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "weir does not implement alarms on Metrics Insights queries");
        return period_good(period) ? ST_OK : cw_validation(err, "The parameter %s.Period is required for a Metrics Insights query.", where);
    }
    return math_parse(set->arena, expression, &set->states[i].node, err);
}

Status queries_check(QuerySet *set, bool alarm, Error *err)
{
    size_t n = val_len(set->queries);
    set->states = ARENA_ARRAY(set->arena, QueryState, n ? n : 1);
    for (size_t i = 0; i < n; i++)
        TRY(check_query(set, i, alarm, err));
    for (size_t i = 0; i < n; i++)
        if (set->states[i].node)
            TRY(math_check_node(set, set->states[i].node, val_str(val_at(set->queries, i), "Expression"), alarm, err));
    return ST_OK;
}

Status metric_stat_key(Arena *a, const char *region, const Val *metric_stat, SeriesKey *ret_key, Error *err)
{
    const Val *metric = val_get(metric_stat, "Metric");
    *ret_key = (SeriesKey){ .region = region, .space = val_str(metric, "Namespace"), .name = val_str(metric, "MetricName") };
    return cw_dimensions(a, val_get(metric, "Dimensions"), "MetricStat.Metric.Dimensions", &ret_key->dimensions, &ret_key->dimensions_len, err);
}

Status metric_line(QuerySet *set, const SeriesKey *key, const char *stat, const char *unit, int64_t period_s, Line **ret_line, Error *err)
{
    Bins bins = { 0 };
    Stat parsed = { 0 };
    Line *line = ARENA_NEW(set->arena, Line);
    stat_parse(stat, &parsed);
    SeriesQuery query = { *key, unit, set->start_s, set->end_s, period_s, !stat_extended(&parsed) };
    TRY(series_query(set->server->series, &query, &bins, err));
    double value;
    for (size_t i = 0; i < bins.len; i++)
        if (stat_value(&parsed, &bins.at[i], &value))
            vec_push(set->arena, &line->samples, (Sample){ bins.at[i].time_s, value });
    bins_done(&bins);
    line->period_s = period_s;
    line->stat = stat;
    *ret_line = line;
    return ST_OK;
}

static Status metric_value(QuerySet *set, const Val *query, MathValue *ret_value, Error *err)
{
    const Val *stat = val_get(query, "MetricStat");
    SeriesMetric *metric = ARENA_NEW(set->arena, SeriesMetric);
    Line *line;
    TRY(metric_stat_key(set->arena, set->region, stat, &metric->key, err));
    TRY(metric_line(set, &metric->key, val_str(stat, "Stat"), val_str(stat, "Unit"), val_int(stat, "Period", 60), &line, err));
    line->metric = metric;
    line->label = arena_printf(set->arena, "%s %s", metric->key.name, line->stat);
    *ret_value = (MathValue){ .kind = MATH_LINES };
    vec_push(set->arena, &ret_value->lines, line);
    return ST_OK;
}

static Status compute(QuerySet *set, size_t i, MathValue *ret_value, Error *err)
{
    const Val *query = val_at(set->queries, i);
    const char *expression = val_str(query, "Expression");
    if (!expression)
        return metric_value(set, query, ret_value, err);
    if (select_is(expression))
        return select_eval(set, expression, val_int(query, "Period", 60), ret_value, err);
    return math_eval(set, set->states[i].node, ret_value, err);
}

Status query_value(QuerySet *set, size_t index, MathValue *ret_value, Error *err)
{
    QueryState *state = &set->states[index];
    const char *id = val_str(val_at(set->queries, index), "Id");
    if (state->busy)
        return cw_validation(err, "Error in expression: the expression %s refers to itself", id);
    if (++set->depth > DEPTH_MAX)
        return cw_validation(err, "Error in expression: more than %d expressions build upon each other", DEPTH_MAX);
    if (!state->done) {
        state->busy = true;
        TRY(compute(set, index, &state->value, err));
        state->busy = false;
        state->done = true;
    }
    set->depth--;
    *ret_value = state->value;
    return ST_OK;
}
