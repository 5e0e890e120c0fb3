/* svc/emr/metrics.c -- see metrics.h. */
#include "svc/emr/metrics.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/vec.h"
#include "lake/lake.h"
#include "series/series.h"
#include "step/queue.h"
#include "svc/alarming.h"
#include "svc/emr/internal.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 60 * 1000, SETTLE_MS = 200, ALARMS_KEPT_MS = 3600 * 1000, ENDED_MAX = 256, ID_MAX = 64 };

typedef struct EmrMonitor {
    Server *server;
    pthread_t thread;
    pthread_mutex_t lock;      /* guards the next four */
    pthread_cond_t changed;
    bool stop, wanted;
    char ended[ENDED_MAX][ID_MAX];
    size_t ended_len;
    double busy, total;        /* of /proc/stat, at the last sample */
    double cpu_percent;        /* since then; under lock */
    Map *counted;              /* "cluster metric" -> double *: a counter at the last sample */
    Arena *arena;
} EmrMonitor;

typedef struct Sample {
    const char *space, *name, *unit;
    const char *keys[2], *values[2]; /* dimensions; NULL: none */
    double value;
    bool counter;
} Sample;
typedef VEC(Sample) Samples;

typedef struct MetricRow {
    const char *name, *unit, *sql;
    bool counter;
} MetricRow;
#define METRIC(name, unit, sql) { name, unit, sql, false },
#define COUNTER(name, unit, sql) { name, unit, sql, true },
static const MetricRow metric_rows[] = {
#include "svc/emr/metrics.def"
};
#undef METRIC
#undef COUNTER
enum { METRIC_ROWS = sizeof metric_rows / sizeof *metric_rows };

/* --- the host --- */

static double disk_percent(const char *home)
{
    struct statvfs st;
    if (statvfs(home, &st) != 0 || st.f_blocks == 0)
        return 0;
    double used = (double)(st.f_blocks - st.f_bfree), usable = used + (double)st.f_bavail; /* as df has it */
    return usable > 0 ? 100 * used / usable : 0;
}

static double memory_percent(Arena *a)
{
    char *text = NULL;
    size_t length;
    if (file_read(a, "/proc/meminfo", 65536, &text, &length, NULL) != ST_OK)
        return 0;
    const char *total = strstr(text, "MemTotal:"), *available = strstr(text, "MemAvailable:");
    double all = total ? strtod(total + strlen("MemTotal:"), NULL) : 0, left = available ? strtod(available + strlen("MemAvailable:"), NULL) : 0;
    return all > 0 ? 100 * (1 - left / all) : 0;
}

/* Since the sample before. */
static double cpu_percent(EmrMonitor *m, Arena *a)
{
    char *text = NULL;
    size_t length;
    double sum = 0, idle = 0;
    if (file_read(a, "/proc/stat", 1 << 20, &text, &length, NULL) != ST_OK || !str_starts(text, "cpu "))
        return 0;
    char *at = text + 4;
    for (int i = 0; i < 8; i++) { /* user nice system idle iowait irq softirq steal */
        double ticks = strtod(at, &at);
        sum += ticks;
        idle += i == 3 || i == 4 ? ticks : 0;
    }
    double total = sum - m->total, busy = sum - idle - m->busy;
    m->total = sum;
    m->busy = sum - idle;
    return total > 0 ? 100 * busy / total : 0;
}

static const char *host_name(Arena *a)
{
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    return arena_str(a, host);
}

static void host_samples(Server *server, Arena *a, double cpu, Samples *out)
{
    const char *host = host_name(a);
    const struct {
        const char *name;
        double value;
    } all[] = { { "cpu_usage_active", cpu }, { "mem_used_percent", memory_percent(a) }, { "disk_used_percent", disk_percent(server->home) } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        vec_push(a, out, (Sample){ "CWAgent", all[i].name, "Percent", { "host" }, { host }, all[i].value });
}

/* --- clusters and steps --- */

static Status cluster_samples(Db *db, Arena *a, const char *cluster, double disk, Samples *out, Error *err)
{
    for (size_t i = 0; i < METRIC_ROWS; i++) {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, metric_rows[i].sql, "sd", cluster, disk));
        if (row_next(row))
            vec_push(a, out, (Sample){ "AWS/ElasticMapReduce", metric_rows[i].name, metric_rows[i].unit, { "JobFlowId" }, { cluster },
                                     row_double(row, 0), metric_rows[i].counter });
        TRY(row_status(row, err));
    }
    return ST_OK;
}

static Status clusters(Db *db, Arena *a, StrList *out, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT id FROM emr_cluster WHERE ended_ms IS NULL ORDER BY seq", ""));
    while (row_next(row))
        vec_push(a, out, row_str_in(row, a, 0));
    return row_status(row, err);
}

static Status step_samples(Db *db, Arena *a, const char *step, Samples *out, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT s.cluster, (s.ended_ms - s.started_ms) / 1000.0, (SELECT coalesce(sum(row_count), 0) FROM s3_object WHERE run=s.id AND row_count>=0),"
                 " (SELECT coalesce(sum(size_bytes), 0) FROM s3_object WHERE run=s.id) FROM emr_step s WHERE s.id=? AND s.started_ms IS NOT NULL AND"
                 " s.ended_ms IS NOT NULL", "s", step));
    static const char *const names[] = { "Time", "RowsWritten", "BytesWritten" }, *const units[] = { "Seconds", "Count", "Bytes" };
    if (row_next(row)) {
        const char *cluster = row_str_in(row, a, 0);
        for (int i = 0; i < 3; i++)
            vec_push(a, out, (Sample){ "weir/Steps", names[i], units[i], { "JobFlowId", "StepId" }, { cluster, arena_str(a, step) }, row_double(row, i + 1) });
    }
    return row_status(row, err);
}

/* A sum so far becomes what came since the sample before. */
static void make_difference(EmrMonitor *m, Arena *a, Sample *s)
{
    if (!s->counter)
        return;
    const char *key = arena_printf(a, "%s %s", s->values[0], s->name);
    double *before = map_get(m->counted, key), now = s->value;
    if (!before) {
        before = ARENA_NEW(m->arena, double);
        *before = now; /* the first sample since the start: what came before it was told of then */
        map_set(m->arena, m->counted, key, before);
    }
    s->value = now > *before ? now - *before : 0;
    *before = now;
}

static Status put(EmrMonitor *m, Arena *a, Samples *samples, Error *err)
{
    SeriesPoint *points = ARENA_ARRAY(a, SeriesPoint, samples->len ? samples->len : 1);
    int64_t now = clock_ms();
    for (size_t i = 0; i < samples->len; i++) {
        Sample *s = &samples->at[i];
        SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, 2);
        SeriesKey key = { m->server->region, s->space, s->name, dimensions, 0 };
        for (int d = 0; d < 2 && s->keys[d]; d++)
            dimensions[key.dimensions_len++] = (SeriesDimension){ s->keys[d], s->values[d] };
        make_difference(m, a, s);
        points[i] = series_value(&key, s->unit, now, &s->value);
        points[i].high_resolution = true;
    }
    return series_put(m->server->series, points, samples->len, err);
}

/* --- the ledger --- */

/* Billed from its start; a price that changes does not change what was. */
static Status ledger_fill(Db *db, Arena *a, Error *err)
{
    typedef struct Line {
        const char *id, *type;
    } Line;
    VEC(Line) fresh = { 0 };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT ec2_id, instance_type FROM emr_instance i WHERE NOT EXISTS(SELECT 1 FROM cost_ledger WHERE instance=i.ec2_id)", ""));
        while (row_next(row))
            vec_push(a, &fresh, (Line){ row_str_in(row, a, 0), row_str_in(row, a, 1) });
        TRY(row_status(row, err));
    }
    TRY(db_begin(db, err));
    for (size_t i = 0; i < fresh.len; i++) {
        InstanceType type = { 0 };
        instance_type_find(fresh.at[i].type, &type);
        TRY(db_exec(db, err,
                    "INSERT OR IGNORE INTO cost_ledger(instance, cluster, instance_type, market, started_ms, ended_ms, price_micros)"
                    " SELECT ec2_id, cluster, instance_type, market, created_ms, ended_ms, ? FROM emr_instance WHERE ec2_id=?", "is",
                    type.price_micros + type.price_micros / EMR_PRICE_DIVISOR, fresh.at[i].id));
    }
    TRY(db_exec(db, err,
                "UPDATE cost_ledger SET ended_ms=(SELECT ended_ms FROM emr_instance WHERE ec2_id=instance) WHERE ended_ms IS NULL AND"
                " EXISTS(SELECT 1 FROM emr_instance WHERE ec2_id=instance AND ended_ms IS NOT NULL)", ""));
    return db_commit(db, err);
}

static Status alarms_sweep(EmrMonitor *m, Db *db, Arena *a, Error *err)
{
    StrList ended = { 0 };
    if (!m->server->alarming)
        return ST_OK;
    {
        row_auto *row = NULL; /* those that ended an hour ago, give or take a few rounds */
        int64_t until = clock_ms() - ALARMS_KEPT_MS;
        TRY(db_query(db, &row, err, "SELECT id FROM emr_cluster WHERE ended_ms<? AND ended_ms>?", "ii", until, until - 24LL * 3600 * 1000));
        while (row_next(row))
            vec_push(a, &ended, arena_printf(a, "weir-%s-", row_str(row, 0)));
        TRY(row_status(row, err));
    }
    if (!ended.len)
        return ST_OK;
    TRY(db_begin(db, err));
    for (size_t i = 0; i < ended.len; i++)
        TRY(m->server->alarming->remove(m->server, db, a, m->server->region, ended.at[i], err));
    TRY(db_commit(db, err));
    m->server->alarming->changed(m->server);
    return ST_OK;
}

/* --- rounds --- */

static Status take_sample(EmrMonitor *m, const StrList *steps, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    Samples samples = { 0 };
    StrList live = { 0 };
    double disk = disk_percent(m->server->home), cpu = cpu_percent(m, a);
    pthread_mutex_lock(&m->lock);
    m->cpu_percent = cpu;
    pthread_mutex_unlock(&m->lock);
    TRY(store_borrow(m->server->store, &db, err));
    host_samples(m->server, a, cpu, &samples);
    TRY(clusters(db, a, &live, err));
    for (size_t i = 0; i < live.len; i++)
        TRY(cluster_samples(db, a, live.at[i], disk, &samples, err));
    for (size_t i = 0; i < steps->len; i++)
        TRY(step_samples(db, a, steps->at[i], &samples, err));
    TRY(put(m, a, &samples, err));
    TRY(ledger_fill(db, a, err));
    return alarms_sweep(m, db, a, err);
}

/* False: to end. */
static bool wait_for_change(EmrMonitor *m, Arena *a, int64_t wait_ms, StrList *ret_steps)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    pthread_mutex_lock(&m->lock);
    while (!m->stop && !m->wanted)
        if (pthread_cond_timedwait(&m->changed, &m->lock, &until))
            break;
    bool go_on = !m->stop, hurried = m->wanted;
    pthread_mutex_unlock(&m->lock);
    if (go_on && hurried)
        usleep(SETTLE_MS * 1000); /* the row that follows the news, and the changes that come with it */
    pthread_mutex_lock(&m->lock);
    m->wanted = false;
    for (size_t i = 0; i < m->ended_len; i++)
        vec_push(a, ret_steps, arena_str(a, m->ended[i]));
    m->ended_len = 0;
    pthread_mutex_unlock(&m->lock);
    return go_on;
}

/* Nobody waits for this thread's errors: it logs them. */
static void *monitor_main(void *arg)
{
    EmrMonitor *m = arg;
    int64_t wait_ms = 0;
    for (;;) {
        arena_auto *a = arena_new();
        StrList steps = { 0 };
        Error err = ERROR_INIT;
        if (!wait_for_change(m, a, wait_ms, &steps))
            return NULL;
        if (take_sample(m, &steps, &err) != ST_OK)
            log_error("EMR's metrics: %s", err.message);
        wait_ms = EVERY_MS;
    }
}

void emr_monitor_wake(Server *server, const char *step)
{
    EmrMonitor *m = server->emr_monitor;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->wanted = true;
    if (step && m->ended_len < ENDED_MAX)
        snprintf(m->ended[m->ended_len++], ID_MAX, "%s", step);
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
}

Status emr_monitor_start(Server *server, Error *err)
{
    EmrMonitor *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->server = server;
    m->arena = arena_new();
    m->counted = ARENA_NEW(m->arena, Map);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&m->thread, NULL, monitor_main, m);
    if (failed) {
        arena_free(m->arena);
        free(m);
        return FAIL(err, ST_IO, "start EMR's metrics: %s", strerror(failed));
    }
    server->emr_monitor = m;
    return ST_OK;
}

void emr_monitor_stop(Server *server)
{
    EmrMonitor *m = server->emr_monitor;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    server->emr_monitor = NULL;
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
    arena_free(m->arena);
    free(m);
}

/* --- Prometheus --- */

/* YARNMemoryAvailablePercentage -> yarn_memory_available_percentage */
static const char *snake(Arena *a, const char *name)
{
    str_auto out = STR_INIT(256);
    for (const char *c = name; *c; c++) {
        bool begins = c > name && isupper((unsigned char)*c) && (islower((unsigned char)c[-1]) || isdigit((unsigned char)c[-1]) || islower((unsigned char)c[1]));
        if (begins && c[-1] != '_')
            str_addc(&out, '_');
        str_addc(&out, (char)tolower((unsigned char)*c));
    }
    return str_arena(&out, a);
}

Status emr_prometheus(Server *server, Str *out, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    Samples all = { 0 };
    StrList live = { 0 };
    double disk = disk_percent(server->home), cpu = 0;
    if (server->emr_monitor) {
        pthread_mutex_lock(&server->emr_monitor->lock);
        cpu = server->emr_monitor->cpu_percent;
        pthread_mutex_unlock(&server->emr_monitor->lock);
    }
    TRY(store_borrow(server->store, &db, err));
    host_samples(server, a, cpu, &all);
    for (size_t i = 0; i < all.len; i++)
        str_addf(out, "# TYPE weir_host_%s gauge\nweir_host_%s %g\n", all.at[i].name, all.at[i].name, all.at[i].value);
    TRY(clusters(db, a, &live, err));
    all.len = 0;
    for (size_t i = 0; i < live.len; i++)
        TRY(cluster_samples(db, a, live.at[i], disk, &all, err));
    for (size_t row = 0; live.len && row < METRIC_ROWS; row++) { /* one family after the other, as the format wants it */
        const char *name = snake(a, metric_rows[row].name);
        str_addf(out, "# TYPE weir_emr_%s gauge\n", name);
        for (size_t i = 0; i < all.len; i++)
            if (str_eq(all.at[i].name, metric_rows[row].name))
                str_addf(out, "weir_emr_%s{cluster=\"%s\"} %.17g\n", name, all.at[i].values[0], all.at[i].value);
    }
    return ST_OK;
}
