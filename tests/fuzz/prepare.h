/* tests/fuzz/prepare.h -- asks the engine whether it takes a text that was emitted: parsed, bound and planned, nothing is run. What the
 * engine cannot read, finds no function for or calls an internal error of its own ends the process; an error of a user's (a constant
 * that overflows, a file that is not there) does not. */
#ifndef WEIR_TESTS_FUZZ_PREPARE_H
#define WEIR_TESTS_FUZZ_PREPARE_H
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"

/* What one statement needs of the engine beside its functions: tables of no rows, functions and relations of Python workers. */
typedef struct Prepare {
    Arena *a;
    EngineSession *engine; /* of the process, opened anew from time to time: what is registered in it stays */
    bool is_new;           /* it has no tables yet */
    VEC(int64_t) attached;
    StrList tables;
    const char *time_zone;
} Prepare;

Prepare prepare_begin(Arena *a, const char *time_zone);
void prepare_text(Prepare *p, const char *sql);
void prepare_end(Prepare *p);
/* A table of no rows, which stays: columns c0, c1 … of the engine's types for the schema (a STRUCT). */
Status prepare_table(Prepare *p, const char *name, const Type *schema, Error *err);

/* EmitOptions' callbacks, with a Prepare as `self`. */
Status prepare_relation(Prepare *p, Arena *a, const Node *n, const char **ret_table, Error *err);
Status prepare_udf(Prepare *p, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err);
Status prepare_python(Prepare *p, Arena *a, const PythonStage *stage, const char **ret_from, Error *err);
Status prepare_parser(Prepare *p, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function, Error *err);

#endif
