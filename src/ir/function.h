/* ir/function.h -- functions.def as a table, and how a call is matched to a row.
 *
 * A row: FUNCTION(name, "signature", "result", KIND, NULLS, "engine", FLAGS)
 *  name       as in Spark's FunctionRegistry, lower case; operators by their symbol: "+", "=", "and". One name may have
 *             several rows: the first whose signature accepts the arguments (after coercion) wins.
 *  signature  comma-separated "name:type"; types as in type_catalog ("int", "array<T>", "map<K,V>", "struct"), classes
 *             (numeric, integral, fractional, ansi_interval, datetime, atomic, orderable, any), one-letter variables
 *             (T, U, K, V: all uses are coerced to one common type), alternatives "string|binary", trailing "?" optional,
 *             "= literal" an optional one's default, "..." variadic, "T->U" / "(T,U)->R" a lambda.
 *  result     a type text over the same variables, "@rule" for a named C rule (decimal arithmetic, avg, sum …),
 *             "#n" the type of argument n (from 1).
 *  KIND       SCALAR, AGGREGATE, WINDOW (only windows), GENERATOR.
 *  NULLS      IF_ANY (null when an argument is), NEVER, ALWAYS (may be null even for non-null arguments), RULE (a C rule).
 *  engine     DuckDB text: $1 … $9 arguments, $* all, $T the result type in DuckDB's words. NULL: a C emitter of the same
 *             name in back/duckdb. Anything whose meaning differs from DuckDB's is a kernel "spark_…", never a hope.
 *  FLAGS      NONDETERMINISTIC, ANSI ("engine" may hold "ansi text|legacy text"), …
 *
 * To add a function: one row in functions.def, a kernel in back/duckdb/kernel_*.c when DuckDB has not the meaning, one
 * golden file in tests/golden/functions. */
#ifndef WEIR_IR_FUNCTION_H
#define WEIR_IR_FUNCTION_H
#include "ir/node.h"

typedef enum FunctionKind { FN_SCALAR, FN_AGGREGATE, FN_WINDOW, FN_GENERATOR } FunctionKind;
typedef enum FunctionNulls { NULLS_IF_ANY, NULLS_NEVER, NULLS_ALWAYS, NULLS_RULE } FunctionNulls;
enum { FN_NONDETERMINISTIC = 1, FN_ANSI = 2, FN_OPERATOR = 4 };

typedef struct FunctionRow {
    const char *name, *signature, *result;
    FunctionKind kind;
    FunctionNulls nulls;
    const char *engine;
    unsigned flags;
} FunctionRow;

/* Rows of one name in order, up to the first row with another name; NULL when there is none. Case-insensitive. */
const FunctionRow *function_find(const char *name, size_t *ret_count);
size_t function_count(void);
const FunctionRow *function_at(size_t index);

#endif
