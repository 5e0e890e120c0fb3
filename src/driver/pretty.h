/* driver/pretty.h -- a bound relation with every column as the text that show() (ToPrettyString) and spark-sql (HiveResult) print. */
#ifndef WEIR_DRIVER_PRETTY_H
#define WEIR_DRIVER_PRETTY_H
#include "driver/run.h"
#include "ir/enums.h"

/* A relation over `bound` whose columns are texts (binary columns stay: pretty_cell prints them), at most max_rows of them
 * (-1: all). how: CAST_SHOWN or CAST_HIVE. */
Node *pretty_plan(Arena *a, Node *bound, int64_t max_rows, CastMode how);
/* The text of a cell of such a relation: null as `null_text`, binary as [61 62]. */
const char *pretty_cell(Arena *a, const Type *type, const Value *v, const char *null_text);

#endif
