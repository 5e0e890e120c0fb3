/* warehouse/kernels.h -- functions of Redshift's meaning inside the engine, as back/duckdb/kernel.h's tables. */
#ifndef WEIR_WAREHOUSE_KERNELS_H
#define WEIR_WAREHOUSE_KERNELS_H
#include "back/duckdb/kernel.h"

extern const Kernel kernels_rs_time[], kernels_rs_text[];

/* Ends the query with a message in Redshift's words. */
void rs_fail(K *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text by a Redshift format to microseconds since 1970; *ret_why says what is wrong. */
bool rs_parse_time(const char *text, const char *format, int64_t *ret_us, const char **ret_why);
/* A date or timestamp in any of the forms that a literal may have. */
bool rs_parse_any(const char *text, int64_t *ret_us);

#endif
