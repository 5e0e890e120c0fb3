/* series/dist.h -- how often which value came: what percentiles and trimmed means are computed from.
 *
 * Exact up to DIST_EXACT different values. Above that values are rounded to a grid in which neighbours differ by 1 %, and by twice as
 * much each time that there are more than DIST_PAIRS of them: the error of a percentile is at most half of that (0.5 % while
 * the largest value is 12 times the smallest, 2 % at 23,000 times). Values are never negative: CloudWatch has no percentiles for
 * metrics with negative values. Heap memory; not thread-safe. */
#ifndef WEIR_SERIES_DIST_H
#define WEIR_SERIES_DIST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIST_EXACT = 32, DIST_PAIRS = 256, DIST_LEVELS = 15 };

typedef struct DistPair {
    double value, count;
} DistPair;

typedef struct Dist {
    uint16_t len, cap;
    uint8_t level; /* 0: exact; n: on the grid of ratio 1.01^(2^(n-1)) */
    DistPair at[]; /* by value, ascending */
} Dist;

/* *dist may be NULL: an empty one. */
void dist_add(Dist **dist, double value, double count);
void dist_merge(Dist **dist, const Dist *other);
Dist *dist_copy(const Dist *dist);
void dist_free(Dist *dist); /* NULL is fine */
/* A value's number on the grid of a level >= 1, and back. Zero has DIST_ZERO. */
enum { DIST_ZERO = INT32_MIN / 2 };
int32_t dist_cell(int level, double value);
double dist_cell_value(int level, int32_t cell);

#endif
