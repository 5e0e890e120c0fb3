/* back/duckdb/emit_call.h -- the functions that need more than a text: emit_functions.def's CODE rows. */
#ifndef WEIR_BACK_DUCKDB_EMIT_CALL_H
#define WEIR_BACK_DUCKDB_EMIT_CALL_H
#include "back/duckdb/emit_internal.h"

/* `args`: the emitted arguments, call->args.len of them. */
typedef Status (*CallEmitter)(Emit *e, const Call *call, const char *const *args, Str *out);

#define TEXT(names, when, text)
#define CODE(names, when, emitter) Status emitter(Emit *e, const Call *call, const char *const *args, Str *out);
#include "back/duckdb/emit_functions.def"
#undef TEXT
#undef CODE

/* FILTER and OVER of the aggregate `call`, with one more condition (NULL: none). */
Status emit_aggregate_tail(Emit *e, const Call *call, const char *condition, Str *out);
/* One of emit_functions.def's texts. */
Status emit_template(Emit *e, const Call *call, const char *const *args, const char *text, Str *out);
const char *emit_zone(Emit *e);
/* The options of a function, map('key', 'value', …) of constants, which are argument `at`; none when there are fewer. */
Status emit_options(Emit *e, const Call *c, size_t at, KeyValueList *ret);
/* The hash of `x` by a kernel, spark_hash or spark_xxhash64, that goes on from `seed`. */
Status emit_hash_chain(Emit *e, const char *kernel, const char *x, const Type *t, const char *seed, Str *out);
/* Arguments that Spark would not compute in some rows, kept from failing there (emit_lazy.c). */
Status emit_lazy_arguments(Emit *e, const Call *call, const char **args);
/* How many of its arguments, from the first on, may be computed before the call, each in its turn: those behind a NULL are guarded then. */
size_t emit_always_computed(const Call *call);
/* AND, OR and coalesce whose further sides may fail; *ret_done stays false for others. */
Status emit_lazy_logic(Emit *e, const Call *call, const char *const *args, bool *ret_done, Str *out);
#endif
