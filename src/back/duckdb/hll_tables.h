/* back/duckdb/hll_tables.h -- what tools/gen_hll.py makes: raw estimates of HyperLogLog++ and their biases, for precisions 4 to 18; the
 * points between which Apache DataSketches' HyperLogLog interpolates, for 2^4 to 2^21 registers. */
#ifndef WEIR_BACK_DUCKDB_HLL_TABLES_H
#define WEIR_BACK_DUCKDB_HLL_TABLES_H

typedef struct HllTable {
    int count;
    const double *estimates, *biases; /* ascending estimates; the bias of each */
} HllTable;
enum { HLL_TABLES_FROM = 4, HLL_TABLES_TO = 18 };
extern const HllTable hll_tables[HLL_TABLES_TO - HLL_TABLES_FROM + 1];

enum { HLL_SKETCH_POINTS = 257, HLL_COUPON_POINTS = 40 };
extern const double hll_sketch_x[18][HLL_SKETCH_POINTS], hll_sketch_strides[18]; /* raw estimates; the true counts are multiples of the stride */
extern const double hll_coupon_x[HLL_COUPON_POINTS], hll_coupon_y[HLL_COUPON_POINTS]; /* coupons and true counts */

#endif
