/* svc/cloudwatch/put_metric_data.c -- PutMetricData: checks each datum as the service does and puts all of them, or none. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/internal.h"

#include <math.h>

static const int64_t FUTURE_MS = 2LL * 3600 * 1000, PAST_MS = 14LL * 86400 * 1000;
static const double VALUE_MAX = 0x1p360;

typedef struct Datum {
    const Val *v;
    size_t number; /* from 1 */
    Arena *arena;
} Datum;

/* Made only for what is wrong. */
static const char *path(const Datum *d)
{
    return arena_printf(d->arena, "MetricData.member.%zu", d->number);
}

static Status check_number(const Datum *d, const char *name, double value, Error *err)
{
    if (isnan(value))
        return cw_invalid_value(err, "The value NaN for parameter %s.%s is invalid.", path(d), name);
    if (isinf(value))
        return cw_invalid_value(err, "The value %sInfinity for parameter %s.%s is invalid.", value < 0 ? "-" : "", path(d), name);
    if (fabs(value) > VALUE_MAX)
        return cw_invalid_value(err, "The value %g for parameter %s.%s is invalid: it must be between -2^360 and 2^360.", value, path(d), name);
    return ST_OK;
}

static Status exclusive(const Datum *d, const char *x, const char *y, const char *code, Error *err)
{
    return FAIL_CODE(err, ST_INVALID, code, "The parameters %s.%s and %s.%s are mutually exclusive and you have specified both.", path(d), x,
                     path(d), y);
}

static Status set_of(const Datum *d, const Val *set, SeriesPoint *p, Error *err)
{
    p->sum = val_double(set, "Sum", 0);
    p->min = val_double(set, "Minimum", 0);
    p->max = val_double(set, "Maximum", 0);
    p->count = val_double(set, "SampleCount", 0);
    TRY(check_number(d, "StatisticValues.Sum", p->sum, err));
    TRY(check_number(d, "StatisticValues.Minimum", p->min, err));
    TRY(check_number(d, "StatisticValues.Maximum", p->max, err));
    TRY(check_number(d, "StatisticValues.SampleCount", p->count, err));
    if (p->min > p->max)
        return cw_invalid_value(err, "The parameter %s.StatisticValues.Maximum must be greater than %s.StatisticValues.Minimum.", path(d), path(d));
    if (p->count <= 0)
        return cw_invalid_value(err, "The value %g for parameter %s.StatisticValues.SampleCount is invalid.", p->count, path(d));
    return ST_OK;
}

static Status values_of(const Datum *d, const Val *values, const Val *counts, SeriesPoint *p, Error *err)
{
    size_t n = val_len(values);
    if (n > PUT_VALUES_MAX)
        return cw_invalid_value(err, "The collection %s.Values must not have a size greater than %d.", path(d), PUT_VALUES_MAX);
    if (counts && val_len(counts) != n)
        return cw_invalid_value(err, "The parameters %s.Values and %s.Counts must be of the same size.", path(d), path(d));
    double *all = ARENA_ARRAY(d->arena, double, n), *times = counts ? ARENA_ARRAY(d->arena, double, n) : NULL;
    for (size_t i = 0; i < n; i++) {
        all[i] = val_at(values, i)->d;
        if (!(fabs(all[i]) <= VALUE_MAX))
            return check_number(d, arena_printf(d->arena, "Values.member.%zu", i + 1), all[i], err);
        if (!times)
            continue;
        times[i] = val_at(counts, i)->d;
        if (!(fabs(times[i]) <= VALUE_MAX))
            return check_number(d, arena_printf(d->arena, "Counts.member.%zu", i + 1), times[i], err);
        if (times[i] <= 0)
            return cw_invalid_value(err, "The value %g for parameter %s.Counts.member.%zu is invalid.", times[i], path(d), i + 1);
    }
    p->values = all;
    p->counts = times;
    p->values_len = n;
    return ST_OK;
}

static Status numbers_of(const Datum *d, SeriesPoint *p, Error *err)
{
    const Val *value = val_get(d->v, "Value"), *values = val_get(d->v, "Values"), *set = val_get(d->v, "StatisticValues"),
              *counts = val_get(d->v, "Counts");
    if (value && val_len(values))
        return exclusive(d, "Value", "Values", "InvalidParameterValue", err);
    if (value && set)
        return exclusive(d, "Value", "StatisticValues", "InvalidParameterCombination", err);
    if (val_len(values) && set)
        return exclusive(d, "Values", "StatisticValues", "InvalidParameterCombination", err);
    if (val_len(counts) && !val_len(values))
        return cw_combination(err, "The parameter %s.Counts needs the parameter %s.Values.", path(d), path(d));
    if (set)
        return set_of(d, set, p, err);
    if (val_len(values))
        return values_of(d, values, val_len(counts) ? counts : NULL, p, err);
    if (!value)
        return cw_combination(err, "At least one of the parameters %s.Value, %s.Values and %s.StatisticValues must be specified.", path(d), path(d),
                              path(d));
    TRY(check_number(d, "Value", value->d, err));
    p->values = &value->d;
    p->values_len = 1;
    return ST_OK;
}

static Status point_of(const Call *call, const Datum *d, const char *space, int64_t now, SeriesPoint *p, Error *err)
{
    const char *unit = val_str(d->v, "Unit");
    int64_t resolution = val_int(d->v, "StorageResolution", 60);
    *p = (SeriesPoint){ .key = { .region = call->region, .space = space, .name = val_str(d->v, "MetricName") },
                        .unit = unit ? unit : "None",
                        .time_ms = val_time(d->v, "Timestamp", now),
                        .high_resolution = resolution == 1 };
    if (resolution != 1 && resolution != 60)
        return cw_invalid_value(err, "The value %lld for parameter %s.StorageResolution is invalid: it is 1 or 60.", (long long)resolution, path(d));
    if (p->time_ms > now + FUTURE_MS)
        return cw_invalid_value(err, "The value %s for parameter %s.Timestamp is invalid: it is more than two hours in the future.",
                                time_iso8601(d->arena, p->time_ms), path(d));
    if (p->time_ms < now - PAST_MS)
        return cw_invalid_value(err, "The value %s for parameter %s.Timestamp is invalid: it is more than two weeks in the past.",
                                time_iso8601(d->arena, p->time_ms), path(d));
    const Val *dimensions = val_get(d->v, "Dimensions");
    if (cw_dimensions(d->arena, dimensions, "", &p->key.dimensions, &p->key.dimensions_len, NULL) != ST_OK)
        return cw_dimensions(d->arena, dimensions, arena_printf(d->arena, "%s.Dimensions", path(d)), &p->key.dimensions, &p->key.dimensions_len, err);
    return numbers_of(d, p, err);
}

Status cw_put_metric_data(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *data = val_get(call->input, "MetricData");
    const char *space = val_str(call->input, "Namespace");
    size_t n = val_len(data);
    int64_t now = clock_ms();
    if (val_len(val_get(call->input, "EntityMetricData")))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterValue", "weir does not implement PutMetricData's EntityMetricData");
    if (str_starts(space, "AWS/") || space[0] == ':')
        return cw_invalid_value(err, "The value %s for parameter Namespace is invalid.", space);
    if (!n)
        return cw_missing(err, "The parameter MetricData is required.");
    if (n > PUT_DATUMS_MAX)
        return cw_validation(err, "The collection MetricData must not have a size greater than %d.", PUT_DATUMS_MAX);
    SeriesPoint *points = ARENA_ARRAY(a, SeriesPoint, n);
    for (size_t i = 0; i < n; i++) {
        Datum d = { val_at(data, i), i + 1, a };
        TRY(point_of(call, &d, space, now, &points[i], err));
    }
    return series_put(call->server->series, points, n, err);
}
