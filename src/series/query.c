/* series/query.c -- reading: the coarsest resolution that fits, blocks and head together; lists of metrics. */
#include "base/clock.h"
#include "base/str.h"
#include "series/private.h"

static int fitting_resolution(const SeriesQuery *q)
{
    for (int r = RESOLUTIONS - 1; r > 0; r--)
        if (q->period_s % resolutions[r].seconds == 0 && q->start_s % resolutions[r].seconds == 0)
            return r;
    return 0;
}

/* Bins of the resolution into bins of the period. */
static void regroup(const SeriesQuery *q, const Bins *from, Bins *to)
{
    for (size_t i = 0; i < from->len; i++) {
        int64_t time_s = from->at[i].time_s;
        if (time_s < q->start_s || time_s >= q->end_s)
            continue;
        Bin *bin = bins_at(to, q->start_s + (time_s - q->start_s) / q->period_s * q->period_s);
        if (q->sets_only)
            bin_merge_set(bin, &from->at[i]);
        else
            bin_merge(bin, &from->at[i]);
    }
}

static Status read_track(Series *s, const SeriesQuery *q, const Track *t, int resolution, Bins *ret_bins, Error *err)
{
    Bins bins = { 0 };
    Status status = blocks_read(s, t, resolution, q->start_s, q->end_s, &bins, err);
    if (status == ST_OK) {
        regroup(q, &bins, ret_bins);
        regroup(q, &t->frozen[resolution], ret_bins);
        regroup(q, &t->head[resolution], ret_bins);
    }
    bins_done(&bins);
    return status;
}

Status series_query(Series *s, const SeriesQuery *query, Bins *ret_bins, Error *err)
{
    arena_auto *a = arena_new();
    SeriesQuery q = *query;
    int resolution = fitting_resolution(&q);
    int64_t oldest_s = clock_ms() / 1000 - resolutions[resolution].keep_s;
    const char *identity = key_identity(a, &q.key);
    Status status = ST_OK;
    Bins bins = { 0 };
    if (q.start_s < oldest_s) /* what is due to be deleted is gone already; bins stay where they are */
        q.start_s += (oldest_s - q.start_s + q.period_s - 1) / q.period_s * q.period_s;
    if (q.start_s >= q.end_s)
        return ST_OK;
    pthread_rwlock_rdlock(&s->view);
    const Metric *m = metric_find(s, identity);
    for (const Track *t = m ? m->tracks : NULL; t && status == ST_OK; t = t->next)
        if (!q.unit || str_eq(q.unit, t->unit))
            status = read_track(s, &q, t, resolution, &bins, err);
    pthread_rwlock_unlock(&s->view);
    if (status == ST_OK)
        *ret_bins = bins;
    else
        bins_done(&bins);
    return status;
}

void series_units(Series *s, Arena *a, const SeriesKey *key, StrList *ret_units)
{
    const char *identity = key_identity(a, key);
    pthread_rwlock_rdlock(&s->view);
    const Metric *m = metric_find(s, identity);
    for (const Track *t = m ? m->tracks : NULL; t; t = t->next)
        vec_push(a, ret_units, arena_str(a, t->unit));
    pthread_rwlock_unlock(&s->view);
}

uint64_t series_stamp(Series *s, const SeriesKey *key)
{
    arena_auto *a = arena_new();
    const char *identity = key_identity(a, key);
    pthread_rwlock_rdlock(&s->view);
    const Metric *m = metric_find(s, identity);
    uint64_t stamp = m ? m->stamp : 0;
    pthread_rwlock_unlock(&s->view);
    return stamp;
}

static bool has_dimension(const SeriesKey *key, const SeriesDimension *wanted)
{
    for (size_t i = 0; i < key->dimensions_len; i++)
        if (str_eq(key->dimensions[i].name, wanted->name) && (!wanted->value || str_eq(key->dimensions[i].value, wanted->value)))
            return true;
    return false;
}

static bool fits(const Metric *m, const SeriesFilter *f)
{
    if ((f->region && !str_eq(f->region, m->key.region)) || (f->space && !str_eq(f->space, m->key.space)) ||
        (f->name && !str_eq(f->name, m->key.name)) || m->last_ms < f->active_since_ms || !m->logged)
        return false;
    for (size_t i = 0; i < f->dimensions_len; i++)
        if (!has_dimension(&m->key, &f->dimensions[i]))
            return false;
    return true;
}

static SeriesKey copied(Arena *a, const SeriesKey *key)
{
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, key->dimensions_len ? key->dimensions_len : 1);
    for (size_t i = 0; i < key->dimensions_len; i++)
        dimensions[i] = (SeriesDimension){ arena_str(a, key->dimensions[i].name), arena_str(a, key->dimensions[i].value) };
    return (SeriesKey){ arena_str(a, key->region), arena_str(a, key->space), arena_str(a, key->name), dimensions, key->dimensions_len };
}

void series_list(Series *s, Arena *a, const SeriesFilter *filter, SeriesMetrics *ret_metrics)
{
    pthread_rwlock_rdlock(&s->view);
    for (size_t id = filter->after < 0 ? 1 : (size_t)filter->after + 1; id < s->metrics.len && ret_metrics->len < filter->limit; id++) {
        const Metric *m = s->metrics.at[id];
        if (m && fits(m, filter))
            vec_push(a, ret_metrics, (SeriesMetric){ m->id, copied(a, &m->key), m->last_ms });
    }
    pthread_rwlock_unlock(&s->view);
}
