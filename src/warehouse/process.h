/* warehouse/process.h -- the warehouse's process: one DuckDB file, a Unix socket, one thread a connection, one request each:
 *   {op:"run", statements:[{id, sql}], parameters:[{name,value}], mode, session, keep, database, user, cluster:{roles, default_role},
 *    lake:{endpoint, region, keys:{ROLE:{access_key, secret_key, token}}}}
 *       answers {event:"started", id}, {event:"ended", id, status, error, rows, bytes, has_result, query, tag, duration_ns} for
 *       each, then {event:"done"}
 *   {op:"cancel", id}  {op:"query", sql, …}: {columns, rows}  {op:"snapshot", path}: {bytes}  {op:"close", session}
 * Statements of a session run one after the other on its connection. A result is in results/ID before "ended" says so: a line
 * of columns and one line a row, JSON. It ends when its stdin does. */
#ifndef WEIR_WAREHOUSE_PROCESS_H
#define WEIR_WAREHOUSE_PROCESS_H
#include "warehouse/dialect.h"
#include "wire/val.h"

#include <duckdb.h>
#include <pthread.h>
#include <stdatomic.h>

enum { PROBE_SLOTS = 64, RUNNING_MAX = 256, SESSIONS_MAX = 500 };

typedef struct Session {
    char id[64];             /* "": free */
    duckdb_connection connection;
    bool in_transaction, failed; /* failed: statements are refused until ROLLBACK */
    pthread_mutex_t lock;    /* one statement at a time */
} Session;

struct Execution;

typedef struct Running {
    char id[64];
    duckdb_connection connection;
    atomic_bool cancelled;
} Running;

typedef struct Warehouse {
    const char *folder;
    duckdb_database db;
    pthread_rwlock_t statements; /* held for reading by each statement, for writing by a snapshot */
    pthread_mutex_t lock;        /* guards what follows */
    Session *sessions[SESSIONS_MAX];
    Running running[RUNNING_MAX];
    struct Execution *slots[PROBE_SLOTS]; /* who prepares and wants to know types */
    int64_t next_query;
} Warehouse;

/* The life of one statement. */
typedef struct Execution {
    Warehouse *warehouse;
    Arena *arena;
    duckdb_connection connection;
    const Val *request;
    const char *id, *sql;
    Running *running;
    int64_t query;           /* stl_query's number */
    bool in_transaction;     /* an explicit one is open: ours or the user's */
    StrList (*types);        /* probes: [node].at[operand] */
    size_t types_len, slot;
    /* results */
    const char *tag;
    bool has_result;
    int64_t rows, bytes;
    int transaction_change;  /* 1: BEGIN ran, -1: COMMIT or ROLLBACK ran */
} Execution;

/* --- engine.c --- */
Status warehouse_open(const char *folder, Warehouse *w, Error *err);
/* `database`: the name that its system views show. */
Status warehouse_connection(Warehouse *w, const char *database, duckdb_connection *ret_connection, Error *err);
/* Runs engine SQL that has no result of interest; the error in Redshift's words. */
Status warehouse_exec(duckdb_connection c, const char *sql, int64_t *ret_rows, Error *err);
/* One text of one row, NULL when there is none. */
Status warehouse_value(duckdb_connection c, Arena *a, const char *sql, char **ret_text, Error *err);
Status warehouse_error(Error *err, const char *message);
/* The columns of a table, as DialectEnv wants them. */
Status warehouse_columns(duckdb_connection c, Arena *a, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err);

/* --- run.c --- */
/* Translates and runs one statement on x->connection. */
Status execution_run(Execution *x, Error *err);
Status execution_translate(Execution *x, const char *sql, Translation *ret_translation, Error *err);
bool execution_cancelled(const Execution *x);

/* --- result.c --- */
/* Runs a query and writes results/ID. */
Status result_write(Execution *x, const char *sql, Error *err);
/* Runs a query into {columns:[…], rows:[[…]]}. */
Status result_inline(Execution *x, const char *sql, Val *ret_answer, Error *err);
/* Every value as text, a call a row (cells[i] NULL: NULL). */
typedef Status (*ResultRow)(void *self, const char *const *cells, const size_t *lengths, size_t count, Error *err);
Status result_texts(Execution *x, const char *sql, ResultRow row, void *self, Error *err);
Status result_names(Execution *x, const char *sql, StrList *ret_names, Error *err);

/* --- copy.c, unload.c --- */
Status copy_run(Execution *x, const DialectCopy *copy, Error *err);
Status unload_run(Execution *x, const DialectCopy *copy, Error *err);
/* --- access.c: options and the lake behind them --- */
struct Lake;
const DialectOption *copy_option(const DialectCopy *copy, const char *name);
Status copy_lake(Execution *x, const DialectCopy *copy, struct Lake **ret_lake, Error *err);
/* Fails by name on the first option that is not in `known`. */
Status copy_check_options(const DialectCopy *copy, const char *const *known, size_t count, const char *what, Error *err);

int warehouse_main(int argc, char **argv);

#endif
