/* store/store.h -- the control plane's state: SQLite in WAL mode, synchronous=FULL: what is committed survives SIGKILL and
 * power loss. A Store is a pool of connections and is thread-safe; a Db is one borrowed connection and is not.
 *
 *   db_auto *db = NULL;  TRY(store_borrow(store, &db, err));
 *   TRY(db_exec(db, err, "INSERT INTO bucket(name, created_ms) VALUES(?,?)", "si", name, now));
 *   row_auto *row = NULL;  TRY(db_query(db, &row, err, "SELECT name FROM bucket WHERE owner=?", "s", owner));
 *   while (row_next(row)) … row_str(row, 0) …     TRY(row_status(row, err));
 *
 * Argument letters: s text (NULL is SQL NULL) · i int64_t · d double · b blob (pointer, size_t) · n NULL (no argument). */
#ifndef WEIR_STORE_STORE_H
#define WEIR_STORE_STORE_H
#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct Store Store;
typedef struct Db Db;
typedef struct Row Row;

/* Opens HOME/control.db (made when absent) and applies the migrations of store/schema/NNN_name.sql in order, each once, in
 * one transaction each. ST_CONFLICT when the file is from a newer weir. */
Status store_open(const char *home, Store **ret_store, Error *err);
/* A database of its own at `path`, for what is too much for control.db (log events). `schema` is run at each opening: CREATE TABLE
 * IF NOT EXISTS. Pages that deletions free go back to the file system by PRAGMA incremental_vacuum. */
Status store_open_file(const char *path, const char *schema, Store **ret_store, Error *err);
void store_close(Store *store);
void store_closep(Store **store);
#define store_auto __attribute__((cleanup(store_closep))) Store

Status store_borrow(Store *store, Db **ret_db, Error *err);
void db_return(Db *db); /* rolls an open transaction back */
void db_returnp(Db **db);
#define db_auto __attribute__((cleanup(db_returnp))) Db

/* BEGIN IMMEDIATE waits for other writers up to 30 s. Transactions do not nest. */
Status db_begin(Db *db, Error *err);
Status db_commit(Db *db, Error *err);
void db_rollback(Db *db);

/* ST_CONFLICT on a violated UNIQUE or CHECK constraint. */
Status db_exec(Db *db, Error *err, const char *sql, const char *types, ...);
int64_t db_changes(Db *db); /* rows that the last db_exec touched */
int64_t db_last_id(Db *db);
Status db_query(Db *db, Row **ret_row, Error *err, const char *sql, const char *types, ...);
/* One value; ST_NOT_FOUND when there is no row. */
Status db_get_int(Db *db, int64_t *ret_value, Error *err, const char *sql, const char *types, ...);
Status db_get_str(Db *db, Arena *a, char **ret_text, Error *err, const char *sql, const char *types, ...);

bool row_next(Row *row); /* false at the end or on failure: ask row_status */
Status row_status(Row *row, Error *err);
const char *row_str(Row *row, int column); /* valid until the next row_next; NULL for SQL NULL */
char *row_str_in(Row *row, Arena *a, int column);
int64_t row_int(Row *row, int column);
double row_double(Row *row, int column);
const void *row_blob(Row *row, int column, size_t *ret_length);
bool row_null(Row *row, int column);
void row_done(Row *row);
void row_donep(Row **row);
#define row_auto __attribute__((cleanup(row_donep))) Row

#endif
