/* ir/function.h -- functions.def as a table, and how a call is matched to a row.
 *
 * A row: FUNCTION(name, "signature", "result", KIND, NULLS, "engine", FLAGS)
 *  name       as in Spark's FunctionRegistry, lower case; operators by their symbol: "+", "=", "and". One name may have
 *             several rows: the first that accepts the arguments as they are wins, else the first that accepts them after
 *             implicit casts (function_match.c).
 *  signature  comma-separated "name:type"; types as in type_catalog ("int", "decimal(16,6)", "array<T>", "map<K,V>",
 *             "struct" any struct, "decimal" any decimal), classes (numeric, integral, fractional, ansi_interval,
 *             year_month_interval, day_time_interval, datetime, atomic, orderable, any), one-letter variables (T, U, K, V …:
 *             all uses are coerced to one common type; F is a float or double, O has an order), alternatives "string|binary", trailing "?"
 *             optional, " = literal" an optional one's default (the binder adds the literal), "..." zero or more,
 *             "(T,U)->R" a lambda, "T!" is cast to what the other arguments make T. Behind the type (and "?"): "const" must be foldable ("constarg": the
 *             same, and Spark's builder says so with NON_FOLDABLE_ARGUMENT), "options" a map() of constant texts, "nonnull" and not null, "one" a text
 *             of one character, "in 1..10" a number of this range: parameter.c checks them, tests/exam/expressions.py
 *             makes arguments by them.
 *  result     a type text over the same variables, "@rule" for a named C rule (result_rules.c), "#n" the type of argument n
 *             (from 1). Nulls inside: "array<T>" may hold nulls when an argument of that variable may, "array<T!>" never,
 *             "array<T?>" always.
 *  KIND       SCALAR, AGGREGATE, WINDOW (only windows), GENERATOR.
 *  NULLS      IF_ANY (null when an argument is), NEVER, ALWAYS (may be null even for non-null arguments), RULE (a C rule).
 *  engine     DuckDB text: $1 … $9 arguments, $* all, $T the result type in DuckDB's words. NULL: a C emitter of the same
 *             name in back/duckdb. Anything whose meaning differs from DuckDB's is a kernel "spark_…", never a hope.
 *  FLAGS      FN_NONDETERMINISTIC; FN_ANSI: "engine" may hold "ansi text|legacy text"; FN_OPERATOR: the arguments were
 *             coerced by coerce_operator.c, the row only has to accept them as they are; FN_TIGHTEST: variables take the
 *             tightest common type (findTightestCommonType), no strings to others; FN_IMPLICIT: one that
 *             ImplicitCastInputTypes casts to (no interval of other units); FN_UNPROMOTED: the wider type without texts; FN_UNCAST: an argument is not cast, but NULL
 *             (ExpectsInputTypes without ImplicitCastInputTypes; rows with a lambda neither, nor NULL); FN_INTERNAL: no SQL text can call it; 0.
 *
 * To add a function: one row in functions.def, a kernel in back/duckdb/kernel_*.c when DuckDB has not the meaning, one
 * golden file in tests/golden/functions. */
#ifndef WEIR_IR_FUNCTION_H
#define WEIR_IR_FUNCTION_H
#include "ir/node.h"

typedef enum FunctionKind { FN_SCALAR, FN_AGGREGATE, FN_WINDOW, FN_GENERATOR } FunctionKind;
typedef enum FunctionNulls { NULLS_IF_ANY, NULLS_NEVER, NULLS_ALWAYS, NULLS_RULE } FunctionNulls;
enum {
    FN_NONDETERMINISTIC = 1, FN_ANSI = 2, FN_OPERATOR = 4, FN_TIGHTEST = 8, FN_UNCAST = 16, FN_UNPROMOTED = 32,
    FN_COLLATION_ANY = 64, FN_COLLATION_ACCENTS = 64 | 128, FN_COLLATION_LCASE = 64 | 256, FN_ONE_COLLATION = 512, FN_DETERMINATE = 1024,
    FN_COLLATED_RESULT = 2048, FN_INTERNAL = 4096, FN_IMPLICIT = 8192
};

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
