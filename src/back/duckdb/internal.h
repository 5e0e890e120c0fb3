/* back/duckdb/internal.h -- what the files of this folder share. Nothing outside includes it. */
#ifndef WEIR_BACK_DUCKDB_INTERNAL_H
#define WEIR_BACK_DUCKDB_INTERNAL_H
#include "back/duckdb/engine.h"
#include "back/duckdb/footers.h"

#include <duckdb.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct Attached Attached; /* udf.c: a function, or a stream of rows, of the driver's */

/* What a query waits for on another machine: an interrupt of its session (the connection's number) calls `cancel`, from the
 * thread of whoever interrupts. Whoever adds one keeps it in its place, and takes it off before what it names ends. */
typedef struct Remote {
    struct Remote *next;
    idx_t session;
    atomic_bool cancelled;
    void (*cancel)(void *arg);
    void *arg;
} Remote;

enum { ENGINE_IDLE = 16 };
struct Engine {
    duckdb_database db;
    Footers *footers;
    pthread_mutex_t remote_lock;
    Remote *remotes;        /* guarded by remote_lock */
    pthread_mutex_t lock;   /* guards what follows */
    Attached *attached;     /* a list */
    pthread_cond_t scan_closed; /* of one of them */
    duckdb_connection idle[ENGINE_IDLE]; /* of sessions that have ended, for the next ones */
    size_t nidle;
    int64_t last_attached;  /* numbers given so far */
    struct Signature { struct Signature *next; char *text; int64_t number; } *signatures; /* of registered functions */
};

struct EngineSession {
    Engine *engine;
    duckdb_connection connection;
};

void engine_remote_add(Engine *e, Remote *r);
void engine_remote_remove(Engine *e, Remote *r);
idx_t engine_session_number(const EngineSession *s);

/* The engine's type for one of Spark's; the caller destroys it. */
duckdb_logical_type engine_type(const Type *t);
/* What a row of a struct without fields holds in the engine, which has no such type: a hidden field, NULL where the struct is (`null`). */
void engine_fill_empty(duckdb_vector vector, idx_t row, bool null);

/* `message` as DuckDB, or one of our kernels, said it: sets err to Spark's class and words, and returns its status. */
Status engine_error(Error *err, duckdb_error_type type, const char *message);
/* A parameter of this name is all of the message: an error that has passed through the engine once. */
#define ENGINE_WHOLE_MESSAGE "weir.message"
#define ENGINE_NO_CLASS "weir.none" /* instead of a class */
/* The message by which a kernel tells engine_error() of a Spark error: class, then key, value … up to a NULL. */
char *engine_error_encode(Arena *a, const char *code, const char *const *params);
/* UNSUPPORTED_FEATURE: a struct that the engine has no type for. */
Status engine_twin_fields(Error *err);
/* Sets err to the error of a class with its parameters (key, value, …, NULL) in Spark's words. */
Status engine_fail(Error *err, Status status, const char *code, ...) __attribute__((sentinel));

/* Arrow: the schema of a Spark type, and rows of a chunk appended to an array that was initialised from it. */
Status arrow_schema(const Type *type, const char *time_zone, struct ArrowSchema *ret_schema, Error *err);
Status arrow_append_chunk(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, Error *err);
Status arrow_append_rows(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, idx_t from, idx_t count, Error *err);
/* All rows of the columns from `first_column` on. */
Status arrow_append_columns(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, idx_t first_column, idx_t count,
                            Error *err);
/* Arrow to the engine: rows [from, from + count) of a struct array view into a chunk of the engine's types for `schema`. */
struct ArrowArrayView;
Status arrow_fill_chunk(duckdb_data_chunk chunk, const Type *schema, const struct ArrowArrayView *view, int64_t from,
                        int64_t count, Error *err);

Status arrow_fill_vector(duckdb_vector vector, const Type *t, const struct ArrowArrayView *view, int64_t from, int64_t count,
                         Error *err);

/* One statement on a connection; ret_rows may be NULL. */
/* The statement that a query is; also after an error it is to be destroyed. */
Status engine_prepare(EngineSession *s, const char *sql, duckdb_prepared_statement *ret_statement, Error *err);
Status engine_run(duckdb_connection connection, const char *sql, int64_t *ret_rows, Error *err);

/* Registers all kernels (kernel_*.c), aggregates (aggregate_*.c) and table functions with a database. */
Status kernels_register(duckdb_connection connection, Error *err);
Status aggregates_register(duckdb_connection connection, Error *err);
Status scan_functions_register(duckdb_connection connection, Error *err);
Status jdbc_function_register(Engine *e, duckdb_connection connection, Error *err);
Status stream_function_register(Engine *e, duckdb_connection connection, Error *err);

#endif
