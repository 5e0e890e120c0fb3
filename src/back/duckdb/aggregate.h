/* back/duckdb/aggregate.h -- aggregate functions of Spark's meaning inside the engine, in C.
 *
 * A row of a table: a name, a signature as kernels have ("dd:d"), a state of fixed size (zeroed at the start), and functions
 * that add one row, merge two states, and write the result. `update` gets rows whose arguments are not all there only with
 * AGGREGATE_NULLS. A state that owns heap memory has `done`. The engine merges states in any order and from many threads, one
 * state at a time in one.
 *
 * To add an aggregate: its functions and a row in an aggregate_*.c; emit_functions.def names it; a golden test. */
#ifndef WEIR_BACK_DUCKDB_AGGREGATE_H
#define WEIR_BACK_DUCKDB_AGGREGATE_H
#include "back/duckdb/kernel.h"

enum { AGGREGATE_NULLS = 1 };

typedef struct AggregateRow {
    const char *name, *signature;
    size_t state_bytes;
    void (*update)(const K *k, void *state);
    void (*merge)(void *state, const void *other);
    void (*result)(K *k, const void *state); /* k_set_… or k_null at k->row */
    void (*done)(void *state);
    unsigned flags;
} AggregateRow;

/* Does the engine's text call one of our aggregates? */
bool aggregate_called(const char *sql);

extern const AggregateRow aggregates_moments[], aggregates_values[], aggregates_approx[], aggregates_sketch[], aggregates_theta[],
    aggregates_hll[], aggregates_kll[], aggregates_top_k[], aggregates_decimal[], aggregates_running[];

#endif
