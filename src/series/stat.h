/* series/stat.h -- the statistics that CloudWatch names: SampleCount, Sum, Average, Minimum, Maximum, and the extended ones:
 * p99.9 · tm90, TM(10%:90%), TM(1:20) · wm…, tc…, ts… likewise · PR(:300), PR(10:200) · IQM.
 * Source: "Statistics definitions" in the CloudWatch user guide. */
#ifndef WEIR_SERIES_STAT_H
#define WEIR_SERIES_STAT_H
#include "series/bin.h"

typedef enum StatKind {
    STAT_SAMPLE_COUNT, STAT_SUM, STAT_AVERAGE, STAT_MINIMUM, STAT_MAXIMUM, STAT_PERCENTILE, STAT_TRIMMED_MEAN, STAT_WINSORIZED_MEAN,
    STAT_TRIMMED_COUNT, STAT_TRIMMED_SUM, STAT_PERCENTILE_RANK
} StatKind;

typedef struct Stat {
    StatKind kind;
    bool percent;         /* the bounds are percentiles, not values */
    double lower, upper;  /* percentile: lower; the others: -inf and inf where open */
} Stat;

/* False when it names no statistic. Names are written as CloudWatch does, extended ones in either case. */
bool stat_parse(const char *text, Stat *ret_stat);
bool stat_extended(const Stat *stat);
/* False when the bin is empty or has no distribution to tell it from. */
bool stat_value(const Stat *stat, const Bin *bin, double *ret_value);

#endif
