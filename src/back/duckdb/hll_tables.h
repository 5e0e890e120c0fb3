/* back/duckdb/hll_tables.h -- what tools/gen_hll.py makes: raw estimates of HyperLogLog++ and their biases, for precisions 4 to 18. */
#ifndef WEIR_BACK_DUCKDB_HLL_TABLES_H
#define WEIR_BACK_DUCKDB_HLL_TABLES_H

typedef struct HllTable {
    int count;
    const double *estimates, *biases; /* ascending estimates; the bias of each */
} HllTable;
enum { HLL_TABLES_FROM = 4, HLL_TABLES_TO = 18 };
extern const HllTable hll_tables[HLL_TABLES_TO - HLL_TABLES_FROM + 1];

#endif
