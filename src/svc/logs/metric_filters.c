/* svc/logs/metric_filters.c -- metric filters: what they are, and the points that they make of events. */
#include "base/clock.h"
#include "base/str.h"
#include "series/series.h"
#include "svc/logs/internal.h"
#include "svc/logs/filter_pattern.h"

#include <math.h>
#include <stdlib.h>

enum { FILTERS_MAX = 100, DIMENSIONS_MAX = 3, MINUTE_MS = 60000, SETTLE_MS = 2000 };
static const double VALUE_MAX = 2.348542582773833e108; /* 2^360, PutMetricData's */

typedef struct MetricFilter {
    const char *name, *group_name, *pattern_text;
    const Val *transformation;
    int64_t group, created_ms;
} MetricFilter;
typedef VEC(MetricFilter) MetricFilters;

/* --- rows --- */

static Status filters_of_row(Row *row, Arena *a, MetricFilter *ret_filter, Error *err)
{
    const char *text = row_str(row, 4);
    Val *transformation;
    if (!val_from_json(a, text, strlen(text), &transformation))
        return FAIL(err, ST_INTERNAL, "a metric filter's transformation is no JSON");
    *ret_filter = (MetricFilter){ row_str_in(row, a, 2), row_str_in(row, a, 1), row_str_in(row, a, 3), transformation, row_int(row, 0), row_int(row, 5) };
    return ST_OK;
}

/* group 0: all groups of the region. */
static Status list(Db *db, Arena *a, const char *region, int64_t group, MetricFilters *ret_filters, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT g.id, g.name, f.name, f.pattern, f.transformation, f.created_ms FROM log_metric_filter f JOIN log_group g"
                                " ON g.id=f.log_group WHERE g.region=?1 AND (?2=0 OR g.id=?2) ORDER BY f.name, g.name", "si", region, group));
    while (row_next(row)) {
        MetricFilter f;
        TRY(filters_of_row(row, a, &f, err));
        vec_push(a, ret_filters, f);
    }
    return row_status(row, err);
}

/* --- putting --- */

static bool is_number(const char *text, double *ret_number)
{
    return str_to_f64(text, ret_number) && fabs(*ret_number) <= VALUE_MAX;
}

static Status check_selector(const FilterPattern *p, const char *what, const char *selector, Error *err)
{
    return filter_pattern_knows(p, selector) ? ST_OK : logs_invalid(err, "Invalid metric transformation: %s '%s' is no field of the filter pattern.", what, selector);
}

static Status check_transformation(const Val *t, const FilterPattern *p, Error *err)
{
    const Val *dimensions = val_get(t, "dimensions");
    const char *value = val_str(t, "metricValue");
    double number;
    if (!is_number(value, &number) && value[0] != '$')
        return logs_invalid(err, "Invalid metric transformation: metricValue '%s' is neither a number nor a field such as $.size.", value);
    if (value[0] == '$')
        TRY(check_selector(p, "metricValue", value, err));
    if (val_len(dimensions) > DIMENSIONS_MAX)
        return logs_invalid(err, "Invalid metric transformation: there can be no more than %d dimensions.", DIMENSIONS_MAX);
    if (val_len(dimensions) && val_get(t, "defaultValue"))
        return logs_invalid(err, "Invalid metric transformation: dimensions and default value are mutually exclusive properties.");
    for (size_t i = 0; i < val_len(dimensions); i++)
        TRY(check_selector(p, "the dimension", dimensions->items[i]->s, err));
    return ST_OK;
}

Status logs_put_metric_filter(Call *call, Error *err)
{
    static const char *const undone[] = { "fieldSelectionCriteria", "emitSystemFieldDimensions" };
    Arena *a = call->arena;
    const Val *in = call->input, *t = val_at(val_get(in, "metricTransformations"), 0);
    const char *name = val_str(in, "filterName");
    LogGroup group;
    FilterPattern *pattern;
    int64_t others;
    TRY(logs_group_of(call, &group, err));
    for (size_t i = 0; i < sizeof undone / sizeof *undone; i++) {
        if (val_get(in, undone[i]))
            return logs_refused(err, "PutMetricFilter", undone[i]);
    }
    if (val_bool(in, "applyOnTransformedLogs", false))
        return logs_refused(err, "PutMetricFilter", "applyOnTransformedLogs");
    TRY(filter_pattern_parse(a, val_str(in, "filterPattern"), &pattern, err));
    TRY(check_transformation(t, pattern, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &others, err, "SELECT count(*) FROM log_metric_filter WHERE log_group=? AND name<>?", "is", group.id, name));
    if (others >= FILTERS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Resource limit exceeded.");
    TRY(db_exec(db, err, "INSERT INTO log_metric_filter(log_group, name, pattern, transformation, created_ms) VALUES(?,?,?,?,?)"
                         " ON CONFLICT(log_group, name) DO UPDATE SET pattern=excluded.pattern, transformation=excluded.transformation", "isssi",
                group.id, name, val_str(in, "filterPattern"), val_to_json(a, t), clock_ms()));
    return db_commit(db, err);
}

Status logs_delete_metric_filter(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM log_metric_filter WHERE log_group=? AND name=?", "is", group.id, val_str(call->input, "filterName")));
    return db_changes(db) ? ST_OK : logs_not_found(err, "The specified metric filter does not exist.");
}

/* --- describing --- */

static Val *filter_value(Arena *a, const MetricFilter *f)
{
    Val *v = val_map(a), *transformations = val_list(a);
    val_push(a, transformations, (Val *)f->transformation);
    val_set_str(a, v, "filterName", f->name);
    val_set_str(a, v, "filterPattern", f->pattern_text);
    val_set(a, v, "metricTransformations", transformations);
    val_set_int(a, v, "creationTime", f->created_ms);
    val_set_str(a, v, "logGroupName", f->group_name);
    val_set_bool(a, v, "applyOnTransformedLogs", false);
    return v;
}

static bool wanted(const Val *in, const MetricFilter *f)
{
    const char *prefix = val_str(in, "filterNamePrefix"), *metric = val_str(in, "metricName"), *space = val_str(in, "metricNamespace");
    return (!prefix || str_starts(f->name, prefix)) && (!metric || str_eq(metric, val_str(f->transformation, "metricName"))) &&
           (!space || str_eq(space, val_str(f->transformation, "metricNamespace")));
}

Status logs_describe_metric_filters(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *token = val_str(in, "nextToken"), *last = NULL;
    size_t limit = logs_limit(call, "limit", LOGS_PAGE);
    LogGroup group = { 0 };
    MetricFilters all = { 0 };
    Val *page = val_list(a);
    TRY(logs_check_names(in, err));
    if (!val_get(in, "metricName") != !val_get(in, "metricNamespace"))
        return logs_invalid(err, "metricName and metricNamespace must be given together.");
    if (val_str(in, "logGroupName"))
        TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(list(db, a, call->region, group.id, &all, err));
    for (size_t i = 0; i < all.len; i++) {
        const MetricFilter *f = &all.at[i];
        char *key = arena_printf(a, "%s@%s", f->name, f->group_name); /* a group's name has no @: the order of keys is the list's */
        if (!wanted(in, f) || (token && strcmp(key, token) <= 0))
            continue;
        if (val_len(page) == limit) {
            val_set_str(a, call->output, "nextToken", last);
            break;
        }
        val_push(a, page, filter_value(a, f));
        last = key;
    }
    val_set(a, call->output, "metricFilters", page);
    return ST_OK;
}

Status logs_test_metric_filter(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *messages = val_get(call->input, "logEventMessages");
    Val *matches = val_list(a);
    FilterPattern *pattern;
    TRY(filter_pattern_parse(a, val_str(call->input, "filterPattern"), &pattern, err));
    for (size_t i = 0; i < val_len(messages); i++) {
        const Val *message = val_at(messages, i);
        FilterMatch m;
        if (!filter_pattern_matches(pattern, a, message->s, message->len, &m))
            continue;
        Val *match = val_map(a);
        val_set_int(a, match, "eventNumber", (int64_t)i + 1);
        val_set(a, match, "eventMessage", (Val *)message);
        val_set(a, match, "extractedValues", filter_pattern_extract(&m, a));
        val_push(a, matches, match);
    }
    val_set(a, call->output, "matches", matches);
    return ST_OK;
}

/* --- events to points --- */

typedef VEC(SeriesPoint) Points;

static SeriesPoint point_of(const MetricFilter *f, const char *region, int64_t time_ms, const double *value)
{
    const char *unit = val_str(f->transformation, "unit");
    SeriesKey key = { .region = region, .space = val_str(f->transformation, "metricNamespace"), .name = val_str(f->transformation, "metricName") };
    return series_value(&key, unit ? unit : "None", time_ms, value);
}

/* No point when a dimension or the value is not in this event. */
static void event_point(Arena *a, const MetricFilter *f, const char *region, const LogLine *line, const FilterMatch *m, Points *points)
{
    const Val *names = val_get(f->transformation, "dimensions");
    const char *text = val_str(f->transformation, "metricValue");
    double *value = ARENA_NEW(a, double);
    if (text[0] == '$')
        text = filter_pattern_value(m, a, text);
    if (!text || !is_number(text, value))
        return;
    SeriesPoint p = point_of(f, region, line->time_ms, value);
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, val_len(names) ? val_len(names) : 1);
    for (size_t i = 0; i < val_len(names); i++) {
        const char *found = filter_pattern_value(m, a, names->items[i]->s);
        if (!found || !found[0])
            return;
        dimensions[i] = (SeriesDimension){ names->names[i], found };
    }
    p.key.dimensions = dimensions;
    p.key.dimensions_len = val_len(names);
    vec_push(a, points, p);
}

/* Events came in this minute: when it is over and none matched, the default value is due. */
static void minute_seen(struct Logs *logs, const MetricFilter *f, bool matched)
{
    int64_t minute = clock_ms() / MINUTE_MS;
    pthread_mutex_lock(&logs->lock);
    FilterMinute *m = logs->minutes;
    while (m && !(m->group == f->group && m->minute == minute && str_eq(m->name, f->name)))
        m = m->next;
    if (!m) {
        m = calloc(1, sizeof *m);
        char *name = strdup(f->name);
        if (!m || !name)
            abort();
        *m = (FilterMinute){ .next = logs->minutes, .group = f->group, .minute = minute, .name = name };
        logs->minutes = m;
    }
    m->matched = m->matched || matched;
    pthread_mutex_unlock(&logs->lock);
}

static Status put_points(Server *server, const Points *points, Error *err)
{
    Error failed = ERROR_INIT;
    Status status = series_put(server->series, points->at, points->len, &failed);
    if (status == ST_LIMIT) /* too many metrics: CloudWatch then disables the filter; the events are there in any case */
        return ST_OK;
    if (status != ST_OK && err)
        *err = failed;
    return status;
}

Status logs_filters_see(Server *server, const LogGroup *group, const LogLine *lines, size_t n, Error *err)
{
    arena_auto *a = arena_new();
    MetricFilters filters = { 0 };
    Points points = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(list(db, a, group->region, group->id, &filters, err));
    for (size_t i = 0; i < filters.len; i++) {
        const MetricFilter *f = &filters.at[i];
        FilterPattern *pattern;
        bool matched = false;
        TRY(filter_pattern_parse(a, f->pattern_text, &pattern, err));
        for (size_t j = 0; j < n; j++) {
            FilterMatch m;
            if (!filter_pattern_matches(pattern, a, lines[j].message, lines[j].message_len, &m))
                continue;
            matched = true;
            event_point(a, f, group->region, &lines[j], &m, &points);
        }
        if (val_get(f->transformation, "defaultValue"))
            minute_seen(server->logs, f, matched);
    }
    return put_points(server, &points, err);
}

/* Takes what is over out of the list. */
static FilterMinute *take_over(struct Logs *logs, int64_t now_ms)
{
    FilterMinute *taken = NULL;
    pthread_mutex_lock(&logs->lock);
    for (FilterMinute **at = &logs->minutes; *at;) {
        FilterMinute *m = *at;
        if ((m->minute + 1) * MINUTE_MS + SETTLE_MS > now_ms) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        m->next = taken;
        taken = m;
    }
    pthread_mutex_unlock(&logs->lock);
    return taken;
}

static Status default_point(Server *server, Arena *a, const FilterMinute *m, Points *points, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT g.id, g.name, f.name, f.pattern, f.transformation, f.created_ms, g.region FROM log_metric_filter f JOIN log_group g"
                                " ON g.id=f.log_group WHERE g.id=? AND f.name=?", "is", m->group, m->name));
    if (!row_next(row))
        return row_status(row, err);
    MetricFilter f = { 0 };
    TRY(filters_of_row(row, a, &f, err));
    double *value = ARENA_NEW(a, double);
    const Val *missing = val_get(f.transformation, "defaultValue");
    if (missing) {
        *value = missing->kind == VAL_INT ? (double)missing->i : missing->d;
        vec_push(a, points, point_of(&f, row_str_in(row, a, 6), m->minute * MINUTE_MS, value));
    }
    return ST_OK;
}

Status logs_filters_settle(Server *server, int64_t now_ms, Error *err)
{
    arena_auto *a = arena_new();
    Points points = { 0 };
    Status status = ST_OK;
    for (FilterMinute *m = take_over(server->logs, now_ms), *next; m; m = next) {
        next = m->next;
        if (!m->matched && status == ST_OK)
            status = default_point(server, a, m, &points, err);
        free(m->name);
        free(m);
    }
    return status == ST_OK ? put_points(server, &points, err) : status;
}
