/* svc/cloudwatch/list_metrics.c -- ListMetrics and GetMetricStatistics. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/internal.h"

static const int64_t LISTED_MS = 14LL * 86400 * 1000, RECENT_MS = 3LL * 3600 * 1000;

static Status filters_of(Arena *a, const Val *list, SeriesFilter *f, Error *err)
{
    size_t n = val_len(list);
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        dimensions[i] = (SeriesDimension){ val_str(val_at(list, i), "Name"), val_str(val_at(list, i), "Value") };
        if (!dimensions[i].name)
            return cw_missing(err, "The parameter Dimensions.member.%zu.Name is required.", i + 1);
    }
    f->dimensions = dimensions;
    f->dimensions_len = n;
    return ST_OK;
}

static Val *metric_value(Arena *a, const SeriesKey *key)
{
    Val *metric = val_map(a);
    val_set_str(a, metric, "Namespace", key->space);
    val_set_str(a, metric, "MetricName", key->name);
    val_set(a, metric, "Dimensions", cw_dimensions_value(a, key->dimensions, key->dimensions_len));
    return metric;
}

Status cw_list_metrics(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    bool recent = val_str(in, "RecentlyActive") != NULL;
    SeriesFilter filter = { .region = call->region, .space = val_str(in, "Namespace"), .name = val_str(in, "MetricName"),
                            .active_since_ms = clock_ms() - (recent ? RECENT_MS : LISTED_MS), .limit = LIST_PAGE + 1 };
    TRY(filters_of(a, val_get(in, "Dimensions"), &filter, err));
    TRY(cw_token_read(a, "metrics", val_str(in, "NextToken"), "Request parameter NextToken is invalid", &filter.after, err));
    SeriesMetrics found = { 0 };
    series_list(call->server->series, a, &filter, &found);
    Val *metrics = val_list(a);
    for (size_t i = 0; i < found.len && i < LIST_PAGE; i++)
        val_push(a, metrics, metric_value(a, &found.at[i].key));
    val_set(a, call->output, "Metrics", metrics);
    if (found.len > LIST_PAGE)
        val_set_str(a, call->output, "NextToken", cw_token(a, "metrics", found.at[LIST_PAGE - 1].id));
    return ST_OK;
}

/* --- GetMetricStatistics --- */

typedef struct Request {
    Call *call;
    const Val *statistics, *extended;
    SeriesQuery query;
} Request;

static Status read_times(Request *r, Error *err)
{
    const Val *in = r->call->input;
    int64_t now_s = clock_ms() / 1000, step = 60;
    r->query.start_s = val_time(in, "StartTime", 0) / 1000;
    r->query.end_s = val_time(in, "EndTime", 0) / 1000;
    r->query.period_s = val_int(in, "Period", 60);
    if (r->query.start_s >= r->query.end_s)
        return cw_invalid_value(err, "The parameter StartTime must be less than the parameter EndTime.");
    int64_t period = r->query.period_s;
    if (period % 60 && period != 1 && period != 5 && period != 10 && period != 20 && period != 30)
        return cw_invalid_value(err, "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
    if ((r->query.end_s - r->query.start_s) / period > STATISTICS_MAX)
        return cw_combination(err, "You have requested up to %lld datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by "
                                   "increasing Period, or decreasing the time range.",
                              (long long)((r->query.end_s - r->query.start_s) / period), STATISTICS_MAX);
    if (period < 60)
        step = period;
    else if (r->query.start_s < now_s - 63 * 86400)
        step = 3600;
    else if (r->query.start_s < now_s - 15 * 86400)
        step = 300;
    r->query.start_s -= r->query.start_s % step;
    return ST_OK;
}

static Status check_statistics(const Request *r, Error *err)
{
    Stat stat;
    if (!val_len(r->statistics) && !val_len(r->extended))
        return cw_combination(err, "Must specify either Statistics or ExtendedStatistics");
    for (size_t i = 0; i < val_len(r->extended); i++)
        if (!stat_parse(val_at(r->extended, i)->s, &stat) || !stat_extended(&stat))
            return cw_invalid_value(err, "The value %s for parameter ExtendedStatistics.member.%zu is invalid.", val_at(r->extended, i)->s, i + 1);
    return ST_OK;
}

static Val *datapoint(const Request *r, const Bin *bin, const char *unit)
{
    Arena *a = r->call->arena;
    Val *point = val_map(a), *extended = val_map(a);
    Stat stat;
    double value;
    val_set_time(a, point, "Timestamp", bin->time_s * 1000);
    for (size_t i = 0; i < val_len(r->statistics); i++)
        if (stat_parse(val_at(r->statistics, i)->s, &stat) && stat_value(&stat, bin, &value))
            val_set(a, point, val_at(r->statistics, i)->s, val_doublev(a, value));
    for (size_t i = 0; i < val_len(r->extended); i++)
        if (stat_parse(val_at(r->extended, i)->s, &stat) && stat_value(&stat, bin, &value))
            val_set(a, extended, val_at(r->extended, i)->s, val_doublev(a, value));
    if (!val_len(extended) && !val_len(r->statistics))
        return NULL; /* nothing that can be told of it */
    if (val_len(extended))
        val_set(a, point, "ExtendedStatistics", extended);
    val_set_str(a, point, "Unit", unit);
    return point;
}

static Status add_unit(Request *r, const char *unit, Val *datapoints, Error *err)
{
    Bins bins = { 0 };
    r->query.unit = unit;
    TRY(series_query(r->call->server->series, &r->query, &bins, err));
    for (size_t i = 0; i < bins.len; i++) {
        Val *point = datapoint(r, &bins.at[i], unit);
        if (point)
            val_push(r->call->arena, datapoints, point);
    }
    bins_done(&bins);
    return ST_OK;
}

Status cw_get_metric_statistics(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    Request r = { .call = call, .statistics = val_get(in, "Statistics"), .extended = val_get(in, "ExtendedStatistics") };
    SeriesKey *key = &r.query.key;
    StrList units = { 0 };
    *key = (SeriesKey){ .region = call->region, .space = val_str(in, "Namespace"), .name = val_str(in, "MetricName") };
    TRY(check_statistics(&r, err));
    TRY(read_times(&r, err));
    r.query.sets_only = !val_len(r.extended);
    TRY(cw_dimensions(a, val_get(in, "Dimensions"), "Dimensions", &key->dimensions, &key->dimensions_len, err));
    if (val_str(in, "Unit"))
        vec_push(a, &units, val_str(in, "Unit"));
    else
        series_units(call->server->series, a, key, &units);
    Val *datapoints = val_list(a);
    for (size_t i = 0; i < units.len; i++)
        TRY(add_unit(&r, units.at[i], datapoints, err));
    val_set_str(a, call->output, "Label", key->name);
    val_set(a, call->output, "Datapoints", datapoints);
    return ST_OK;
}
