/* back/duckdb/engine.h -- the embedded engine of one Spark application: DuckDB through its C API.
 *
 * One Engine per application, one EngineSession (a connection) per query that runs at a time; an EngineResult streams Arrow
 * batches whose types are exactly Spark's. Threads: Engine is safe to share; a session and its result belong to one thread,
 * but engine_interrupt() and engine_progress() may be called from any.
 *
 * A failure while a query runs has Spark's error class in Error.code, its SQLSTATE, its parameters and its words
 * ("[CLASS] … SQLSTATE: …", as ir/error.h has them). ST_CANCELLED after engine_interrupt(). ST_INTERNAL with an empty code: a bug.
 *
 * Source: duckdb.h of 1.5.5; org.apache.spark.sql.execution.arrow.ArrowUtils for the types. */
#ifndef WEIR_BACK_DUCKDB_ENGINE_H
#define WEIR_BACK_DUCKDB_ENGINE_H
#include "base/status.h"
#include "base/vec.h"
#include "ir/node.h"

#include <stddef.h>
#include <stdint.h>

struct ArrowSchema;
struct ArrowArray;

typedef struct Engine Engine;
typedef struct EngineSession EngineSession;
typedef struct EngineResult EngineResult;

typedef struct EngineOptions {
    int64_t memory_bytes;    /* the most the engine keeps in memory before it spills; 0: 80 % of the machine */
    int threads;             /* 0: one a core */
    const char *spill_dir;   /* where it spills; made when needed. NULL: no spilling */
    StrList allowed_dirs;    /* host folders it may read and write when confined (the lake, staging) */
    StrList extensions;      /* paths of .duckdb_extension files to load */
    bool confined;           /* after opening: no file outside allowed_dirs, no ATTACH, no LOAD, no change of settings */
} EngineOptions;

Status engine_open(const EngineOptions *options, Engine **ret_engine, Error *err);
void engine_close(Engine *e); /* all sessions must be closed; NULL is fine */
void engine_closep(Engine **e);
#define engine_auto __attribute__((cleanup(engine_closep))) Engine

Status engine_session(Engine *e, EngineSession **ret_session, Error *err);
void engine_session_close(EngineSession *s); /* NULL is fine */
void engine_session_closep(EngineSession **s);
#define engine_session_auto __attribute__((cleanup(engine_session_closep))) EngineSession

typedef enum EngineKey {
    ENGINE_KEY_NONE,
    ENGINE_KEY_GROUP,    /* rows of one key stay together: a batch ends where the key changes, once it has batch_rows */
    ENGINE_KEY_PARTITION /* a batch ends where the key changes, and at batch_rows */
} EngineKey;

/* How a result is to look. `schema`: a STRUCT, the plan's output (bind_schema_type); its names, types and nullability are
 * the batches'. `time_zone`: of TIMESTAMP columns in the Arrow schema; NULL: UTC. Borrowed for the call. */
typedef struct EngineOutput {
    const Type *schema;
    const char *time_zone;
    int64_t batch_rows; /* rows of a full batch; 0: 10,000 (spark.sql.execution.arrow.maxRecordsPerBatch) */
    int64_t batch_bytes; /* a batch of so many bytes is full too; 0: whatever its size */
    EngineKey key;      /* what the first column, a BLOB, is to the batches */
    /* Was the query interrupted? The engine forgets an interruption that comes before it begins: it is asked then. NULL: never. */
    bool (*is_interrupted)(void *arg);
    void *arg;
} EngineOutput;

/* Starts `sql` (from emit_plan). Rows are computed as they are fetched. The result must be freed before the next query. */
Status engine_query(EngineSession *s, const char *sql, const EngineOutput *output, EngineResult **ret_result, Error *err);
/* A statement without a result: CREATE, DROP, SET, COPY. ret_rows: rows changed; may be NULL. */
Status engine_execute(EngineSession *s, const char *sql, int64_t *ret_rows, Error *err);
/* The Arrow schema of the batches: the caller owns it and calls release. */
Status engine_result_schema(const EngineResult *r, struct ArrowSchema *ret_schema, Error *err);
/* The next batch; sets *ret_done (and no batch) at the end. The caller owns the batch and calls release. */
Status engine_result_next(EngineResult *r, struct ArrowArray *ret_batch, bool *ret_done, Error *err);
int64_t engine_result_rows(const EngineResult *r); /* so far */
/* After a batch: is it known, without computing rows, that none follows? Small results know it at once. */
bool engine_result_ended(const EngineResult *r);
/* After a batch: does the next row have another key, or is there none? May compute rows. */
Status engine_result_boundary(EngineResult *r, bool *ret_boundary, bool *ret_end, Error *err);
void engine_result_free(EngineResult *r);          /* before the end is fine; NULL too */
void engine_result_freep(EngineResult **r);
#define engine_result_auto __attribute__((cleanup(engine_result_freep))) EngineResult

/* Makes the running query of `s` fail with ST_CANCELLED soon. Any thread. */
void engine_interrupt(EngineSession *s);
typedef struct EngineProgress {
    double percent; /* 0 … 100, negative: unknown */
    uint64_t rows_done, rows_total;
} EngineProgress;
EngineProgress engine_progress(EngineSession *s); /* any thread */

/* Rows that came as an Arrow IPC stream become the table `name` (for ScanSource.relation), columns c0, c1 … in order, of
 * the engine's types for `schema` (a STRUCT; the stream's columns are matched by position). engine_drop() removes it. */
Status engine_register_ipc(EngineSession *s, const char *name, const Type *schema, const void *ipc, size_t ipc_bytes,
                           Error *err);
/* The result of a query becomes the table `name`, columns c0, c1 … in order: df.cache(), checkpoints. */
Status engine_register_query(EngineSession *s, const char *name, const char *sql, const Type *schema, Error *err);
Status engine_drop(EngineSession *s, const char *name, Error *err);
/* The Arrow IPC stream's schema as a Spark STRUCT (BindEnv.local). */
Status engine_ipc_schema(Arena *a, const void *ipc, size_t ipc_bytes, const Type **ret_schema, Error *err);

/* The Arrow schema of such batches: TIMESTAMP in UTC. The caller owns it. */
Status engine_arrow_schema(const Type *schema, struct ArrowSchema *ret_schema, Error *err);
/* An Arrow IPC stream with one batch, whose columns must be exactly of `schema`'s types (TIMESTAMP in UTC). The caller owns
 * the batch. ST_INVALID names the column that is not. */
Status engine_ipc_batch(const Type *schema, const void *ipc, size_t ipc_bytes, struct ArrowArray *ret_batch, Error *err);

/* Functions and relations that the driver computes elsewhere (Python workers) while a query runs. Attached for the queries
 * that name them; detach when those have ended, which waits for what the engine's threads still hold of them. Types are borrowed until then.
 *
 * A function gets a batch of arguments (TIMESTAMP in UTC) and gives a batch of one column with as many rows; it is called
 * from the engine's threads, several at a time. ret_call: "name(7", to be followed by ", " and each argument, and ")". */
typedef Status (*EngineUdf)(void *self, const struct ArrowSchema *schema, const struct ArrowArray *args, struct ArrowArray *ret_batch,
                            Error *err);
Status engine_attach_udf(EngineSession *s, Arena *a, const Type *const *arg_types, size_t nargs, const Type *returns, EngineUdf run,
                         void *self, int64_t *ret_id, const char **ret_call, Error *err);
/* A relation with columns c0, c1 … of `schema` (a STRUCT). Each scan opens a run of its own and reads it on one thread at a
 * time, in order. ret_from: a text for FROM. */
typedef struct EngineStream {
    const Type *schema;
    Status (*open)(void *self, void **ret_run, Error *err);
    Status (*next)(void *run, struct ArrowArray *ret_batch, bool *ret_done, Error *err);
    void (*close)(void *run);
    void *self;
} EngineStream;
void engine_attach_stream(EngineSession *s, Arena *a, const EngineStream *stream, int64_t *ret_id, const char **ret_from);
void engine_detach(EngineSession *s, int64_t id);

/* The function that reads texts of a format ("json", "csv") as values of `to`, by the options of a reader: from_json, from_csv. Made
 * once for each such set; *ret_name (in the arena) is its name. */
#define ENGINE_AVRO_SCHEMA "weir.avro.schema" /* the option that holds the schema of from_avro and to_avro */
Status engine_register_parser(EngineSession *s, Arena *a, const char *format, const Type *to, const KeyValueList *options,
                              const char *time_zone, const char **ret_name, Error *err);

#endif
