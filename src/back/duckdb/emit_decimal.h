/* back/duckdb/emit_decimal.h -- what is known of a decimal before it is computed, and what the engine's own arithmetic may do with it.
 *
 * The engine computes with 64 bits where both operands have at most 18 digits, and fails when the result has more; an operand of
 * 19 digits or more makes it take 128 bits. Spark's result types are wider than their values nearly always: what the files'
 * statistics, constants and types say of the operands proves that nothing can overflow, and then no row is checked. */
#ifndef WEIR_BACK_DUCKDB_EMIT_DECIMAL_H
#define WEIR_BACK_DUCKDB_EMIT_DECIMAL_H
#include "back/duckdb/emit_call.h"
#include "back/duckdb/kernel.h"

enum { NARROW_DIGITS = 18 }; /* what the engine keeps in 64 bits */

/* The unscaled value of a decimal expression lies in [least, greatest]; `digits`: of the engine's type for the emitted text. */
typedef struct DecimalShape {
    i128 least, greatest;
    int digits;
} DecimalShape;

/* Of an expression of decimal type that is emitted with Emit.any_width, or without. */
DecimalShape decimal_shape(Emit *e, const Node *n, bool any_width);
/* Does the value have at most so many digits? */
bool decimal_fits(DecimalShape s, int digits);
/* Whether an argument may be emitted with any_width. */
bool decimal_any_width(const Node *n);

#endif
