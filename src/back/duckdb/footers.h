/* back/duckdb/footers.h -- what an engine has read from the footers of Parquet files, bounded. Thread-safe. */
#ifndef WEIR_BACK_DUCKDB_FOOTERS_H
#define WEIR_BACK_DUCKDB_FOOTERS_H

typedef struct Footers Footers;
Footers *footers_new(void);
void footers_free(Footers *f); /* NULL is fine */

#endif
