/* svc/cloudwatch/evaluate.c -- the thread that evaluates alarms, once a second.
 *
 * What it knows of an alarm is made once after a change of the table (`generation`). An alarm is computed again only when its metrics
 * have new points or its window has moved, which is once a minute for most. All changes of state of a round are one transaction;
 * a state that someone else changed meanwhile is not overwritten (alarm_transition), the next round sees it. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "svc/bus.h"
#include "svc/cloudwatch/alarm.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef struct Evaluator Evaluator;
enum { ROUND_MS = 1000, COMPOSITE_PASSES = 20 };
static const int64_t HISTORY_MS = 30LL * 86400 * 1000;

typedef struct Watch {
    Alarm alarm;
    bool broken;               /* its configuration can not be evaluated: logged once */
    /* metric alarms */
    SeriesKey *keys;           /* of all metrics that it reads */
    size_t keys_len;
    const char *unit, *statistic;
    int64_t period_s, step_s, periods, to_alarm;
    double threshold;
    TreatMissing treat;
    bool ignore_few;           /* EvaluateLowSampleCountPercentile: ignore */
    uint64_t stamp;            /* when it was computed last */
    int64_t end_s;
    /* composite alarms */
    RuleNode *rule;
} Watch;

struct Evaluator {
    Server *server;
    pthread_t thread;
    pthread_mutex_t lock;      /* guards stop */
    pthread_cond_t changed;
    bool stop;
    _Atomic uint64_t generation;
    uint64_t loaded;           /* the generation of `watches` */
    Arena *arena;              /* of the watches */
    VEC(Watch) watches;        /* by seq */
    int64_t swept_ms;
};

/* --- the table --- */

static Status watch_keys(Evaluator *e, Watch *w, Error *err)
{
    const Val *config = w->alarm.config, *metrics = val_get(config, "Metrics");
    w->keys = ARENA_ARRAY(e->arena, SeriesKey, val_len(metrics) + 1);
    if (!val_len(metrics)) {
        w->keys_len = 1;
        w->keys[0] = (SeriesKey){ .region = w->alarm.region, .space = val_str(config, "Namespace"), .name = val_str(config, "MetricName") };
        return cw_dimensions(e->arena, val_get(config, "Dimensions"), "Dimensions", &w->keys[0].dimensions, &w->keys[0].dimensions_len, err);
    }
    for (size_t i = 0; i < val_len(metrics); i++)
        if (val_get(val_at(metrics, i), "MetricStat"))
            TRY(metric_stat_key(e->arena, w->alarm.region, val_get(val_at(metrics, i), "MetricStat"), &w->keys[w->keys_len++], err));
    return ST_OK;
}

static Status watch_metric(Evaluator *e, Watch *w, Error *err)
{
    const Val *config = w->alarm.config;
    const char *treat = val_str(config, "TreatMissingData");
    QuerySet set = { .queries = val_get(config, "Metrics") };
    w->unit = val_str(config, "Unit");
    w->statistic = val_str(config, "Statistic") ? val_str(config, "Statistic") : val_str(config, "ExtendedStatistic");
    w->period_s = val_len(set.queries) ? queries_default_period(&set) : val_int(config, "Period", 60);
    w->step_s = w->period_s < 60 ? w->period_s : w->period_s < 3600 ? 60 : 300;
    w->periods = val_int(config, "EvaluationPeriods", 1);
    w->to_alarm = val_int(config, "DatapointsToAlarm", w->periods);
    w->threshold = val_double(config, "Threshold", 0);
    w->treat = str_eq(treat, "ignore") ? TREAT_IGNORE : str_eq(treat, "breaching") ? TREAT_BREACHING : str_eq(treat, "notBreaching") ? TREAT_NOT_BREACHING
                                                                                                                                  : TREAT_MISSING;
    w->ignore_few = str_eq(val_str(config, "EvaluateLowSampleCountPercentile"), "ignore");
    return watch_keys(e, w, err);
}

static void watch_add(Evaluator *e, Row *row)
{
    Watch w = { .alarm = alarm_row(e->arena, row) };
    StrList names = { 0 };
    Error err = ERROR_INIT;
    Status status = w.alarm.composite ? rule_parse(e->arena, val_str(w.alarm.config, "AlarmRule"), &w.rule, &names, &err) : watch_metric(e, &w, &err);
    w.broken = status != ST_OK;
    if (w.broken)
        log_error("alarm %s: %s", w.alarm.name, err.message);
    vec_push(e->arena, &e->watches, w);
}

static Status load(Evaluator *e, Db *db, Error *err)
{
    uint64_t generation = atomic_load(&e->generation);
    if (generation == e->loaded)
        return ST_OK;
    Arena *before_arena = e->arena;
    const Watch *before = e->watches.at, *before_end = before ? before + e->watches.len : before;
    e->arena = arena_new();
    memset(&e->watches, 0, sizeof e->watches);
    Status status;
    {
        row_auto *row = NULL;
        status = db_query(db, &row, err, "SELECT " ALARM_COLUMNS " FROM cw_alarm ORDER BY seq", "");
        while (status == ST_OK && row_next(row))
            watch_add(e, row);
        status = status == ST_OK ? row_status(row, err) : status;
    }
    for (size_t i = 0; i < e->watches.len; i++) { /* what was computed already, is */
        Watch *w = &e->watches.at[i];
        while (before < before_end && before->alarm.seq < w->alarm.seq)
            before++;
        if (before < before_end && before->alarm.seq == w->alarm.seq && before->alarm.config_ms == w->alarm.config_ms) {
            w->stamp = before->stamp;
            w->end_s = before->end_s;
        }
    }
    arena_free(before_arena);
    e->loaded = status == ST_OK ? generation : 0;
    return status;
}

/* --- one alarm's points --- */

static bool breaches(const Watch *w, double value)
{
    const char *comparison = val_str(w->alarm.config, "ComparisonOperator");
    if (str_eq(comparison, "GreaterThanThreshold"))
        return value > w->threshold;
    if (str_eq(comparison, "GreaterThanOrEqualToThreshold"))
        return value >= w->threshold;
    return str_eq(comparison, "LessThanThreshold") ? value < w->threshold : value <= w->threshold;
}

static Status read_metric(Evaluator *e, const Watch *w, WindowPoint *points, size_t n, Error *err)
{
    Bins bins = { 0 };
    Stat stat = { 0 };
    if (!w->statistic || !stat_parse(w->statistic, &stat))
        return FAIL(err, ST_INVALID, "it has no statistic");
    SeriesQuery query = { w->keys[0], w->unit, w->end_s - (int64_t)n * w->period_s, w->end_s, w->period_s, !stat_extended(&stat) };
    TRY(series_query(e->server->series, &query, &bins, err));
    for (size_t i = 0; i < bins.len; i++) {
        WindowPoint *p = &points[(bins.at[i].time_s - query.start_s) / w->period_s];
        p->present = stat_value(&stat, &bins.at[i], &p->value);
        p->count = bins.at[i].count;
    }
    bins_done(&bins);
    return ST_OK;
}

static Status read_math(Evaluator *e, Arena *a, const Watch *w, WindowPoint *points, size_t n, Error *err)
{
    QuerySet set = { .arena = a, .server = e->server, .region = w->alarm.region, .queries = val_get(w->alarm.config, "Metrics"),
                     .start_s = w->end_s - (int64_t)n * w->period_s, .end_s = w->end_s };
    TRY(queries_check(&set, true, err));
    for (size_t i = 0; i < val_len(set.queries); i++) {
        MathValue v = { 0 };
        if (!query_returns(val_at(set.queries, i)))
            continue;
        TRY(query_value(&set, i, &v, err));
        if (v.kind != MATH_LINES || v.lines.len != 1)
            return FAIL(err, ST_INVALID, "its expression gives no single time series");
        const Line *line = v.lines.at[0];
        for (size_t j = 0; j < line->samples.len; j++) {
            int64_t at = (line->samples.at[j].time_s - set.start_s) / w->period_s;
            if (at >= 0 && at < (int64_t)n)
                points[at] = (WindowPoint){ .present = true, .value = line->samples.at[j].value, .count = 1 };
        }
    }
    return ST_OK;
}

/* Too few samples for a percentile to mean something. Source: "Percentile-based CloudWatch alarms and low data samples". */
static bool too_few(const Watch *w, const WindowPoint *points, size_t n)
{
    Stat stat = { 0 };
    if (!w->ignore_few || !w->statistic || !stat_parse(w->statistic, &stat) || stat.kind != STAT_PERCENTILE)
        return false;
    double tail = stat.lower >= 50 ? 1 - stat.lower / 100 : stat.lower / 100;
    for (size_t i = 0; i < n; i++)
        if (points[i].present && tail > 0 && points[i].count < 10 / tail)
            return true;
    return false;
}

/* --- reasons --- */

static const char *comparison_text(const char *comparison)
{
    static const char *const texts[][2] = { { "GreaterThanThreshold", "greater than" }, { "GreaterThanOrEqualToThreshold", "greater than or equal to" },
                                            { "LessThanThreshold", "less than" }, { "LessThanOrEqualToThreshold", "less than or equal to" } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (str_eq(texts[i][0], comparison))
            return texts[i][1];
    return comparison;
}

static const char *number_text(Arena *a, double d)
{
    return d == floor(d) && fabs(d) < 1e15 ? arena_printf(a, "%.1f", d) : arena_printf(a, "%.17g", d);
}

static const char *short_time(Arena *a, int64_t time_s)
{
    struct tm tm;
    time_t t = (time_t)time_s;
    gmtime_r(&t, &tm);
    return arena_printf(a, "(%02d/%02d/%02d %02d:%02d:00)", tm.tm_mday, tm.tm_mon + 1, tm.tm_year % 100, tm.tm_hour, tm.tm_min);
}

static const char *reason_text(Arena *a, const Watch *w, const WindowPoint *points, size_t n, const char *state)
{
    static const char *const treats[] = { "Missing", "Ignore", "Breaching", "NonBreaching" };
    bool alarm = str_eq(state, "ALARM");
    size_t shown = 0, missing = n;
    str_auto list = STR_INIT(2048);
    for (size_t i = n; i-- > 0;) {
        missing -= points[i].present;
        if (points[i].present && shown < (size_t)w->periods && points[i].breaching == alarm)
            str_addf(&list, "%s%s %s", shown++ ? ", " : "", number_text(a, points[i].value), short_time(a, points[i].time_s));
    }
    size_t unknown = missing < (size_t)w->periods ? missing : (size_t)w->periods;
    if (missing == n && str_eq(state, "INSUFFICIENT_DATA"))
        return arena_printf(a, "Insufficient Data: %zu datapoint%s unknown.", unknown, unknown == 1 ? " was" : "s were");
    if (missing == n)
        return arena_printf(a, "Threshold Crossed: no datapoints were received for %zu period%s and %zu missing datapoint%s treated as [%s].", unknown,
                            unknown == 1 ? "" : "s", unknown, unknown == 1 ? " was" : "s were", treats[w->treat]);
    if (!shown)
        return arena_printf(a, "Threshold Crossed: %zu missing datapoints were treated as [%s].", unknown, treats[w->treat]);
    return arena_printf(a, "Threshold Crossed: %zu out of the last %lld datapoints [%s] %s %s%s the threshold (%s) (minimum %lld datapoint%s for %s transition).",
                        shown, (long long)w->periods, str_text(&list), shown == 1 ? "was" : "were", alarm ? "" : "not ",
                        comparison_text(val_str(w->alarm.config, "ComparisonOperator")), number_text(a, w->threshold),
                        (long long)(alarm ? w->to_alarm : w->periods - w->to_alarm + 1), w->to_alarm == 1 ? "" : "s", alarm ? "OK -> ALARM" : "ALARM -> OK");
}

static const char *reason_data(Arena *a, const Watch *w, const WindowPoint *points, size_t n)
{
    Val *v = val_map(a), *recent = val_list(a), *evaluated = val_list(a);
    val_set_str(a, v, "version", "1.0");
    val_set_str(a, v, "queryDate", time_iso8601(a, clock_ms()));
    for (size_t i = 0; i < n; i++) {
        if (!points[i].present)
            continue;
        Val *one = val_map(a);
        if (!val_len(recent))
            val_set_str(a, v, "startDate", time_iso8601(a, points[i].time_s * 1000));
        val_set_str(a, one, "timestamp", time_iso8601(a, points[i].time_s * 1000));
        val_set(a, one, "sampleCount", val_doublev(a, points[i].count));
        val_set(a, one, "value", val_doublev(a, points[i].value));
        val_push(a, recent, val_doublev(a, points[i].value));
        val_push(a, evaluated, one);
    }
    val_set_str(a, v, "unit", w->unit);
    val_set_str(a, v, "statistic", w->statistic);
    val_set_int(a, v, "period", w->period_s);
    val_set(a, v, "recentDatapoints", recent);
    val_set(a, v, "threshold", val_doublev(a, w->threshold));
    val_set(a, v, "evaluatedDatapoints", evaluated);
    return val_to_json(a, v);
}

/* --- rounds --- */

typedef struct Round {
    Evaluator *e;
    Db *db;
    Arena *arena;
    int64_t now_s;
    bool begun, changed;
} Round;

/* The change within the round's transaction. A composite alarm sees it in the same round. */
static Status change(Round *r, Watch *w, const char *state, const char *reason, const char *data, Error *err)
{
    bool done = false;
    if (!r->begun)
        TRY(db_begin(r->db, err));
    r->begun = true;
    TRY(alarm_transition(r->e->server, r->db, r->arena, &w->alarm, state, reason, data, &done, err));
    if (!done) {
        atomic_fetch_add(&r->e->generation, 1);
        return ST_OK;
    }
    w->alarm.state = state;
    w->alarm.reason = arena_str(r->e->arena, reason);
    w->alarm.reason_data = arena_str(r->e->arena, data);
    w->alarm.state_ms = w->alarm.transition_ms = clock_ms();
    r->changed = true;
    return ST_OK;
}

static bool due(Round *r, Watch *w)
{
    uint64_t stamp = 0;
    int64_t end_s = r->now_s - r->now_s % w->step_s;
    for (size_t i = 0; i < w->keys_len; i++) {
        uint64_t one = series_stamp(r->e->server->series, &w->keys[i]);
        stamp = one > stamp ? one : stamp;
    }
    if (w->end_s == end_s && w->stamp == stamp)
        return false;
    w->end_s = end_s;
    w->stamp = stamp;
    return true;
}

static Status evaluate_metric(Round *r, Watch *w, Error *err)
{
    arena_auto *a = arena_new();
    size_t n = (size_t)w->periods + WINDOW_EXTRA;
    WindowPoint *points = ARENA_ARRAY(a, WindowPoint, n);
    TRY(val_len(val_get(w->alarm.config, "Metrics")) ? read_math(r->e, a, w, points, n, err) : read_metric(r->e, w, points, n, err));
    for (size_t i = 0; i < n; i++) {
        points[i].time_s = w->end_s - (int64_t)(n - i) * w->period_s;
        points[i].breaching = points[i].present && breaches(w, points[i].value);
    }
    const char *state = too_few(w, points, n) ? NULL : window_state(points, n, (size_t)w->periods, (size_t)w->to_alarm, w->treat);
    if (!state || str_eq(state, w->alarm.state))
        return ST_OK;
    return change(r, w, state, reason_text(a, w, points, n, state), reason_data(a, w, points, n), err);
}

typedef struct Lookup {
    Evaluator *e;
    const char *region;
} Lookup;

static const char *state_of(void *self, const char *name)
{
    const Lookup *lookup = self;
    for (size_t i = 0; i < lookup->e->watches.len; i++) {
        const Alarm *alarm = &lookup->e->watches.at[i].alarm;
        if (str_eq(alarm->name, name) && str_eq(alarm->region, lookup->region))
            return alarm->state;
    }
    return NULL;
}

static Status evaluate_composite(Round *r, Watch *w, Error *err)
{
    Lookup lookup = { r->e, w->alarm.region };
    const char *state = rule_holds(w->rule, state_of, &lookup) ? "ALARM" : "OK";
    if (str_eq(state, w->alarm.state))
        return ST_OK;
    const char *arn = cw_alarm_arn(r->arena, r->e->server, w->alarm.region, w->alarm.name);
    return change(r, w, state, arena_printf(r->arena, "%s transitioned to %s: its rule %s", arn, state, str_eq(state, "ALARM") ? "holds" : "does not hold"),
                  NULL, err);
}

static void complain(Watch *w, const Error *err)
{
    if (!w->broken)
        log_error("alarm %s: %s", w->alarm.name, err->message);
}

static Status evaluate_all(Round *r, Error *err)
{
    Evaluator *e = r->e;
    for (size_t i = 0; i < e->watches.len; i++) {
        Watch *w = &e->watches.at[i];
        if (w->broken || w->alarm.composite || !due(r, w))
            continue;
        Status status = evaluate_metric(r, w, err);
        if (status == ST_IO || status == ST_INTERNAL)
            return status;
        if (status != ST_OK) {
            complain(w, err);
            w->broken = true;
        }
    }
    bool again = true;
    for (int pass = 0; again && pass < COMPOSITE_PASSES; pass++) {
        again = false;
        for (size_t i = 0; i < e->watches.len; i++) {
            Watch *w = &e->watches.at[i];
            const char *before = w->alarm.state;
            if (w->broken || !w->alarm.composite)
                continue;
            TRY(evaluate_composite(r, w, err));
            again = again || w->alarm.state != before;
        }
    }
    return ST_OK;
}

static Status round_once(Evaluator *e, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    TRY(store_borrow(e->server->store, &db, err));
    TRY(load(e, db, err));
    Round r = { .e = e, .db = db, .arena = a, .now_s = clock_ms() / 1000 };
    Status status = evaluate_all(&r, err);
    if (status == ST_OK && r.begun)
        status = db_commit(db, err);
    if (status != ST_OK) {
        db_rollback(db);
        atomic_fetch_add(&e->generation, 1); /* the states in memory may be ahead of the table: read it again */
        for (size_t i = 0; i < e->watches.len; i++)
            e->watches.at[i].end_s = 0;
        return status;
    }
    if (r.changed)
        bus_wake(e->server->bus);
    if (clock_ms() - e->swept_ms < 3600 * 1000)
        return ST_OK;
    e->swept_ms = clock_ms();
    return db_exec(db, err, "DELETE FROM cw_alarm_history WHERE time_ms<?", "i", clock_ms() - HISTORY_MS);
}

/* --- the thread --- */

static bool wait_a_round(Evaluator *e)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_MS / 1000;
    pthread_mutex_lock(&e->lock);
    while (!e->stop && pthread_cond_timedwait(&e->changed, &e->lock, &until) == 0)
        continue;
    bool go_on = !e->stop;
    pthread_mutex_unlock(&e->lock);
    return go_on;
}

/* Nobody waits for this thread's errors: it logs them. */
static void *evaluator_main(void *arg)
{
    Evaluator *e = arg;
    while (wait_a_round(e)) {
        Error err = ERROR_INIT;
        if (round_once(e, &err) != ST_OK)
            log_error("evaluate alarms: %s", err.message);
    }
    return NULL;
}

void evaluator_changed(Server *server)
{
    if (server->evaluator)
        atomic_fetch_add(&server->evaluator->generation, 1);
}

Status evaluator_start(Server *server, Error *err)
{
    Evaluator *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    e->server = server;
    e->arena = arena_new();
    atomic_store(&e->generation, 1);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&e->thread, NULL, evaluator_main, e);
    if (failed) {
        arena_free(e->arena);
        free(e);
        return FAIL(err, ST_IO, "start the evaluation of alarms: %s", strerror(failed));
    }
    pthread_setname_np(e->thread, "alarms"); /* bench/cloudwatch.py measures it by this name */
    server->evaluator = e;
    return ST_OK;
}

void evaluator_stop(Server *server)
{
    Evaluator *e = server->evaluator;
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->stop = true;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    server->evaluator = NULL;
    arena_free(e->arena);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    free(e);
}
