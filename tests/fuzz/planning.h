/* tests/fuzz/planning.h -- a session of fixed tables, views, functions and variables for fuzzers: whatever statement comes is bound,
 * its query emitted, and planned by the engine (prepare.h), with nothing run. A result that no input may give (an internal error, a failure without a message, a
 * bound query without a schema) ends the process. */
#ifndef WEIR_TESTS_FUZZ_PLANNING_H
#define WEIR_TESTS_FUZZ_PLANNING_H
#include "back/duckdb/emit.h"
#include "front/connect/connect.h"
#include "front/sql/sql.h"
#include "ir/bind.h"
#include "prepare.h"

/* Bits of `settings`; 0 is Spark's default session. */
enum {
    PLANNING_LEGACY = 1, PLANNING_CASE_SENSITIVE = 2, PLANNING_NTZ = 4, PLANNING_ZONE = 8, PLANNING_QUOTED_NAMES = 16,
    PLANNING_LEGACY_PARSER = 32, PLANNING_RESERVED = 64
};

typedef struct Planning {
    Arena *a;
    unsigned settings;
    Prepare prepare;
    size_t asked; /* how often the binder asked for rows and relations: bounded */
} Planning;

SqlOptions planning_sql_options(Planning *p);
ConnectOptions planning_connect_options(Planning *p);
/* The unbound statement through binder and emitter. */
void planning_run(Planning *p, Node *unbound);

/* The catalog's names and columns, for those who write statements. */
typedef struct PlanningTable {
    const char *name, *columns; /* DDL */
    const char *partitions;     /* DDL, NULL: none */
} PlanningTable;
extern const PlanningTable planning_tables[]; /* ends with name NULL */
extern const char *const planning_views[];    /* name, text, …, NULL */

#endif
