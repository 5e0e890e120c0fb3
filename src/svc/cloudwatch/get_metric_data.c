/* svc/cloudwatch/get_metric_data.c -- GetMetricData: labels, order, pages. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/internal.h"

#include <math.h>

enum { LABEL_MAX = 8192 };

/* --- labels: ${PROP('Dim.X')}, ${MAX} … --- */

static const char *property(Arena *a, const char *name, const Line *line)
{
    const SeriesKey *key = line->metric ? &line->metric->key : NULL;
    if (str_eq(name, "Period"))
        return arena_printf(a, "%lld", (long long)line->period_s);
    if (str_eq(name, "Stat"))
        return line->stat;
    if (key && str_eq(name, "MetricName"))
        return key->name;
    if (key && str_eq(name, "Namespace"))
        return key->space;
    if (key && str_eq(name, "Region"))
        return key->region;
    for (size_t i = 0; key && str_starts(name, "Dim.") && i < key->dimensions_len; i++)
        if (str_eq(key->dimensions[i].name, name + 4))
            return key->dimensions[i].value;
    return NULL;
}

static const char *statistic(Arena *a, const char *name, const Line *line)
{
    double sum = 0, min = INFINITY, max = -INFINITY;
    size_t n = line->samples.len;
    for (size_t i = 0; i < n; i++) {
        sum += line->samples.at[i].value;
        min = fmin(min, line->samples.at[i].value);
        max = fmax(max, line->samples.at[i].value);
    }
    double value = str_eq(name, "AVG") ? sum / (double)n : str_eq(name, "SUM") ? sum : str_eq(name, "MIN") ? min : str_eq(name, "MAX") ? max : NAN;
    if (n && str_eq(name, "FIRST"))
        value = line->samples.at[0].value;
    if (n && str_eq(name, "LAST"))
        value = line->samples.at[n - 1].value;
    if (str_eq(name, "DATAPOINT_COUNT"))
        return arena_printf(a, "%zu", n);
    return n && !isnan(value) ? arena_printf(a, "%g", value) : NULL;
}

const char *label_text(Arena *a, const char *label, const Line *line)
{
    str_auto out = STR_INIT(LABEL_MAX);
    while (*label) {
        const char *end = str_starts(label, "${") ? strchr(label, '}') : NULL;
        if (!end) {
            str_addc(&out, *label++);
            continue;
        }
        char *name = arena_strn(a, label + 2, (size_t)(end - label - 2));
        size_t n = strlen(name);
        const char *text;
        if (str_starts(name, "PROP('") && str_ends(name, "')") && n > 8)
            text = property(a, arena_strn(a, name + 6, n - 8), line);
        else
            text = str_eq(name, "LABEL") ? line->label : statistic(a, name, line);
        str_add(&out, text ? text : "--");
        label = end + 1;
    }
    return str_arena(&out, a);
}

/* --- results --- */

static Val *result_of(Arena *a, const Val *query, const Line *line, bool one)
{
    const char *id = val_str(query, "Id"), *label = val_str(query, "Label");
    const char *own = val_get(query, "MetricStat") || !one || (line->label && select_is(val_str(query, "Expression"))) ? line->label : id;
    Val *result = val_map(a);
    val_set_str(a, result, "Id", id);
    val_set_str(a, result, "Label", label && label[0] ? label_text(a, label, line) : own ? own : id);
    return result;
}

static void fill_result(Arena *a, Val *result, const Line *line, bool descending, size_t from, size_t to)
{
    Val *times = val_list(a), *values = val_list(a);
    for (size_t i = from; i < to; i++) {
        const Sample *sample = &line->samples.at[descending ? line->samples.len - 1 - i : i];
        val_push(a, times, val_timev(a, sample->time_s * 1000));
        val_push(a, values, val_doublev(a, sample->value));
    }
    val_set(a, result, "Timestamps", times);
    val_set(a, result, "Values", values);
    val_set_str(a, result, "StatusCode", to < line->samples.len ? "PartialData" : "Complete");
}

typedef struct Page {
    Call *call;
    Val *results;
    int64_t skip, left;  /* points: of pages before, and that still fit */
    int64_t passed;      /* points up to here */
    bool descending, more;
} Page;

static void add_line(Page *p, const Val *query, const Line *line, bool one)
{
    Arena *a = p->call->arena;
    int64_t n = (int64_t)line->samples.len, from = p->skip > n ? n : p->skip;
    p->skip -= from;
    if ((from == n && n > 0) || (p->left == 0 && n > 0)) { /* on another page */
        p->more = p->more || (p->left == 0 && from < n);
        return;
    }
    int64_t take = n - from < p->left ? n - from : p->left;
    Val *result = result_of(a, query, line, one);
    fill_result(a, result, line, p->descending, (size_t)from, (size_t)(from + take));
    val_push(a, p->results, result);
    p->left -= take;
    p->passed += take;
    p->more = p->more || from + take < n;
}

static Status add_query(Page *p, QuerySet *set, size_t i, Error *err)
{
    const Val *query = val_at(set->queries, i);
    MathValue v = { 0 };
    if (!query_returns(query))
        return ST_OK;
    TRY(query_value(set, i, &v, err));
    if (v.kind != MATH_LINES)
        return cw_validation(err, "Error in expression '%s': the result of a query that returns data must be a time series, use TIME_SERIES()",
                             val_str(query, "Id"));
    for (size_t j = 0; j < v.lines.len; j++)
        add_line(p, query, v.lines.at[j], !v.array);
    return ST_OK;
}

static Status read_times(QuerySet *set, const Val *in, Error *err)
{
    int64_t now_s = clock_ms() / 1000, step = 60, period = queries_default_period(set);
    set->start_s = val_time(in, "StartTime", 0) / 1000;
    set->end_s = val_time(in, "EndTime", 0) / 1000;
    if (set->start_s == set->end_s)
        return cw_validation(err, "The parameter StartTime must not equal parameter EndTime.");
    if (set->start_s > set->end_s)
        return cw_validation(err, "The parameter EndTime must be greater than StartTime.");
    if (period < 60)
        step = period;
    else if (set->start_s < now_s - 63 * 86400)
        step = 3600;
    else if (set->start_s < now_s - 15 * 86400)
        step = 300;
    set->start_s -= set->start_s % step;
    return ST_OK;
}

Status cw_get_metric_data(Call *call, Error *err)
{
    const Val *in = call->input;
    QuerySet set = { .arena = call->arena, .server = call->server, .region = call->region, .queries = val_get(in, "MetricDataQueries") };
    Page page = { .call = call, .results = val_list(call->arena), .left = val_int(in, "MaxDatapoints", DATAPOINTS_MAX),
                  .descending = !str_eq(val_str(in, "ScanBy"), "TimestampAscending") };
    if (val_len(set.queries) > QUERIES_MAX)
        return cw_validation(err, "The collection MetricDataQueries must not have a size greater than %d.", QUERIES_MAX);
    if (!val_len(set.queries))
        return cw_missing(err, "The parameter MetricDataQueries is required.");
    if (page.left < 1 || page.left > DATAPOINTS_MAX)
        return cw_validation(err, "The value %lld for parameter MaxDatapoints is invalid: it is between 1 and %d.", (long long)page.left, DATAPOINTS_MAX);
    TRY(queries_check(&set, false, err));
    TRY(read_times(&set, in, err));
    TRY(cw_token_read(call->arena, "data", val_str(in, "NextToken"), "The parameter NextToken is invalid.", &page.skip, err));
    int64_t before = page.skip;
    for (size_t i = 0; i < val_len(set.queries); i++)
        TRY(add_query(&page, &set, i, err));
    val_set(call->arena, call->output, "MetricDataResults", page.results);
    val_set(call->arena, call->output, "Messages", val_list(call->arena));
    if (page.more)
        val_set_str(call->arena, call->output, "NextToken", cw_token(call->arena, "data", before + page.passed));
    return ST_OK;
}
