/* series_fill HOME METRICS POINTS: a store of METRICS metrics (namespace Bench, name load, dimension Host) with POINTS points each, one a
 * minute up to now, for bench/cloudwatch.py. */
#include "base/clock.h"
#include "base/str.h"
#include "series/series.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 5000 };

static Status fill(Series *s, int64_t metrics, int64_t points, Error *err)
{
    int64_t now_s = clock_ms() / 1000, start_s = now_s - now_s % 60 - points * 60;
    arena_auto *a = arena_new();
    SeriesPoint *batch = ARENA_ARRAY(a, SeriesPoint, BATCH);
    double *values = ARENA_ARRAY(a, double, BATCH);
    SeriesDimension *hosts = ARENA_ARRAY(a, SeriesDimension, (size_t)metrics);
    size_t n = 0;
    for (int64_t m = 0; m < metrics; m++)
        hosts[m] = (SeriesDimension){ "Host", arena_printf(a, "host-%lld", (long long)m) };
    for (int64_t m = 0; m < metrics; m++)
        for (int64_t i = 0; i < points; i++) {
            SeriesKey key = { "us-east-1", "Bench", "load", &hosts[m], 1 };
            values[n] = (double)((m * 7919 + i * 104729) % 1000) / 10;
            batch[n] = series_value(&key, "Percent", (start_s + i * 60) * 1000, &values[n]);
            if (++n == BATCH || (m + 1 == metrics && i + 1 == points)) {
                TRY(series_put(s, batch, n, err));
                n = 0;
            }
        }
    return series_flush(s, err);
}

int main(int argc, char **argv)
{
    int64_t metrics, points;
    Error err = ERROR_INIT;
    series_auto *s = NULL;
    if (argc != 4 || !str_to_i64(argv[2], &metrics) || !str_to_i64(argv[3], &points)) {
        fprintf(stderr, "usage: series_fill HOME METRICS POINTS\n");
        return 2;
    }
    if (series_open(argv[1], &s, &err) == ST_OK && fill(s, metrics, points, &err) == ST_OK)
        return 0;
    fprintf(stderr, "series_fill: %s\n", err.message);
    return 1;
}
