/* series/series.h -- the time-series store: what CloudWatch keeps of metrics.
 *
 * A metric is a region, a namespace, a name and a set of dimensions (whose order does not matter); a track is one metric in one unit.
 * Points go into bins of 1 second (high resolution only), 1 minute, 5 minutes and 1 hour at once, which are kept for 3 hours, 15 days,
 * 63 days and 455 days, so a query of any length reads few bins, and points may come in any order.
 *
 *   series_put ─► HOME/series/log.N (one fsync for all that wait) ─► head (bins in memory) ─► HOME/series/series.db (blocks of bins)
 *
 * What series_put acknowledged survives SIGKILL and power loss: the head is made again from the logs that no block has yet.
 * A thread moves the head into blocks every minute, or when the log is large, and deletes what is too old once an hour.
 * Thread-safe. */
#ifndef WEIR_SERIES_SERIES_H
#define WEIR_SERIES_SERIES_H
#include "base/vec.h"
#include "series/stat.h"

typedef struct Series Series;

typedef struct SeriesDimension {
    const char *name, *value; /* value NULL, in filters: any */
} SeriesDimension;

typedef struct SeriesKey {
    const char *region, *space, *name; /* space: the namespace */
    const SeriesDimension *dimensions;
    size_t dimensions_len;
} SeriesKey;

typedef struct SeriesPoint {
    SeriesKey key;
    const char *unit;             /* "None" when there is none */
    int64_t time_ms;
    bool high_resolution;         /* kept by the second */
    const double *values, *counts; /* counts NULL: each value came once */
    size_t values_len;            /* 0: the statistics set below */
    double sum, min, max, count;
} SeriesPoint;

Status series_open(const char *home, Series **ret_series, Error *err);
void series_close(Series *series); /* NULL is fine; moves the head into blocks first */
void series_closep(Series **series);
#define series_auto __attribute__((cleanup(series_closep))) Series

/* On disk when it returns ST_OK; on failure none of them counts. ST_LIMIT with LimitExceededException at 1,000,000 metrics. */
Status series_put(Series *series, const SeriesPoint *points, size_t n, Error *err);
/* One value of now, or of time_ms, for callers inside weir. unit: as CloudWatch names it. */
SeriesPoint series_value(const SeriesKey *key, const char *unit, int64_t time_ms, const double *value);

typedef struct SeriesQuery {
    SeriesKey key;
    const char *unit;          /* NULL: whatever the unit, all together */
    int64_t start_s, end_s;    /* [start, end), bins begin at start + n * period */
    int64_t period_s;
    bool sets_only;            /* statistics sets are enough: the bins come without distributions (stat_extended says who needs them) */
} SeriesQuery;

/* Non-empty bins, ascending; the coarsest resolution that fits start and period is read. Free with bins_done. */
Status series_query(Series *series, const SeriesQuery *query, Bins *ret_bins, Error *err);
/* The units in which this metric has points, in order of first use. */
void series_units(Series *series, Arena *a, const SeriesKey *key, StrList *ret_units);
/* Grows with each point that comes for this metric; 0: there is no such metric. */
uint64_t series_stamp(Series *series, const SeriesKey *key);

typedef struct SeriesFilter {
    const char *region, *space, *name;  /* NULL: any */
    const SeriesDimension *dimensions;  /* the metric has all of these, and may have more */
    size_t dimensions_len;
    int64_t active_since_ms;            /* points came for that time or later */
    int64_t after;                      /* metrics with a larger id, for paging */
    size_t limit;
} SeriesFilter;
typedef struct SeriesMetric {
    int64_t id;
    SeriesKey key;                      /* dimensions as they were first given */
    int64_t last_ms;
} SeriesMetric;
typedef VEC(SeriesMetric) SeriesMetrics;
/* In order of first use; at most `limit`. Copied into the arena. */
void series_list(Series *series, Arena *a, const SeriesFilter *filter, SeriesMetrics *ret_metrics);

/* Moves the head into blocks now. */
Status series_flush(Series *series, Error *err);
/* Deletes what is older than its resolution is kept, and metrics without points for 455 days. */
Status series_sweep(Series *series, int64_t now_ms, Error *err);
/* Forgets everything: for a test server's reset. */
Status series_reset(Series *series, Error *err);

typedef struct SeriesUsage {
    int64_t metrics, points, disk_bytes, log_bytes; /* points: taken since the start */
} SeriesUsage;
void series_usage(Series *series, SeriesUsage *ret_usage);

#endif
