/* store/store.c -- SQLite connections in a pool, each with its prepared statements; migrations; typed binding.
 *
 * SQLite lets one connection write at a time and makes the others poll. Writers of this process therefore queue on
 * `writer` first, so that only writers of other processes (a driver on the same home) are ever met by polling. */
#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "store/schema_files.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUSY_TIMEOUT_MS = 30000,
    STATEMENT_BUCKETS = 128,
    STATEMENTS_MAX = 400, /* prepared statements kept in one connection; more are finalized after use */
    IDLE_MAX = 32         /* idle connections kept */
};

struct Row {
    Db *db;
    sqlite3_stmt *stmt;
    char *sql;      /* key in the cache, NULL: not cached */
    Row *next;      /* in its bucket */
    bool busy;      /* handed out */
    int rc;         /* of the last step */
};

struct Db {
    Store *store;
    Db *next_idle;
    sqlite3 *handle;
    bool in_transaction;
    int statements;
    Row *buckets[STATEMENT_BUCKETS];
};

struct Store {
    char *path;
    bool shrinks;           /* freed pages go back to the file system when asked to */
    pthread_mutex_t pool;   /* guards idle, idle_count */
    pthread_mutex_t writer; /* held from BEGIN to COMMIT */
    Db *idle;
    int idle_count;
};

static Status db_fail(Db *db, int rc, const char *doing, Error *err)
{
    const char *why = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);
    if ((rc & 0xff) == SQLITE_CONSTRAINT)
        return FAIL(err, ST_CONFLICT, "%s: %s", doing, why);
    if ((rc & 0xff) == SQLITE_MISUSE || (rc & 0xff) == SQLITE_ERROR)
        return FAIL(err, ST_INTERNAL, "%s: %s", doing, why);
    return FAIL(err, ST_IO, "%s: %s", doing, why);
}

/* --- connections --- */

static void db_close(Db *db)
{
    for (int i = 0; i < STATEMENT_BUCKETS; i++) {
        for (Row *row = db->buckets[i], *next; row; row = next) {
            next = row->next;
            sqlite3_finalize(row->stmt);
            free(row->sql);
            free(row);
        }
    }
    sqlite3_close(db->handle);
    free(db);
}

static Status db_open(Store *store, Db **ret_db, Error *err)
{
    Db *db = calloc(1, sizeof *db);
    if (!db)
        abort();
    db->store = store;
    int rc = sqlite3_open_v2(store->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
        sqlite3_extended_result_codes(db->handle, 1);
        if (store->shrinks) /* before the first page is written */
            sqlite3_exec(db->handle, "PRAGMA auto_vacuum=INCREMENTAL", NULL, NULL, NULL);
        rc = sqlite3_exec(db->handle,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                          "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY",
                          NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        Status status = FAIL(err, ST_IO, "open '%s': %s", store->path, sqlite3_errmsg(db->handle));
        db_close(db);
        return status;
    }
    *ret_db = db;
    return ST_OK;
}

Status store_borrow(Store *store, Db **ret_db, Error *err)
{
    pthread_mutex_lock(&store->pool);
    Db *db = store->idle;
    if (db) {
        store->idle = db->next_idle;
        store->idle_count--;
    }
    pthread_mutex_unlock(&store->pool);
    if (!db)
        return db_open(store, ret_db, err);
    *ret_db = db;
    return ST_OK;
}

void db_return(Db *db)
{
    if (!db)
        return;
    db_rollback(db);
    Store *store = db->store;
    pthread_mutex_lock(&store->pool);
    bool keep = store->idle_count < IDLE_MAX;
    if (keep) {
        db->next_idle = store->idle;
        store->idle = db;
        store->idle_count++;
    }
    pthread_mutex_unlock(&store->pool);
    if (!keep)
        db_close(db);
}

void db_returnp(Db **db)
{
    db_return(*db);
}

/* --- transactions --- */

static Status exec_plain(Db *db, const char *sql, Error *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ST_OK : db_fail(db, rc, sql, err);
}

Status db_begin(Db *db, Error *err)
{
    if (db->in_transaction)
        return FAIL(err, ST_INTERNAL, "transactions do not nest");
    pthread_mutex_lock(&db->store->writer);
    Status status = exec_plain(db, "BEGIN IMMEDIATE", err);
    if (status != ST_OK) {
        pthread_mutex_unlock(&db->store->writer);
        return status;
    }
    db->in_transaction = true;
    return ST_OK;
}

Status db_commit(Db *db, Error *err)
{
    if (!db->in_transaction)
        return FAIL(err, ST_INTERNAL, "commit without a transaction");
    Status status = exec_plain(db, "COMMIT", err);
    if (status != ST_OK) {
        db_rollback(db);
        return status;
    }
    db->in_transaction = false;
    pthread_mutex_unlock(&db->store->writer);
    return ST_OK;
}

void db_rollback(Db *db)
{
    if (!db->in_transaction)
        return;
    /* Fails only when SQLite has rolled back by itself already (disk full, I/O error). */
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->in_transaction = false;
    pthread_mutex_unlock(&db->store->writer);
}

/* --- statements --- */

static unsigned bucket_of(const char *sql)
{
    unsigned hash = 2166136261U;
    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * 16777619U;
    return hash % STATEMENT_BUCKETS;
}

static Status statement_get(Db *db, const char *sql, Row **ret_row, Error *err)
{
    unsigned bucket = bucket_of(sql);
    Row *row = db->buckets[bucket];
    bool known = false;
    for (; row; row = row->next) {
        known = known || strcmp(row->sql, sql) == 0;
        if (!row->busy && strcmp(row->sql, sql) == 0)
            break;
    }
    if (!row) {
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK || !stmt)
            return db_fail(db, rc == SQLITE_OK ? SQLITE_MISUSE : rc, sql, err);
        row = calloc(1, sizeof *row);
        if (!row)
            abort();
        row->db = db;
        row->stmt = stmt;
        if (!known && db->statements < STATEMENTS_MAX) {
            row->sql = strdup(sql);
            if (!row->sql)
                abort();
            row->next = db->buckets[bucket];
            db->buckets[bucket] = row;
            db->statements++;
        }
    }
    row->busy = true;
    row->rc = SQLITE_OK;
    *ret_row = row;
    return ST_OK;
}

static Status bind_all(Row *row, const char *types, va_list args, Error *err)
{
    int wanted = sqlite3_bind_parameter_count(row->stmt);
    if (!types)
        types = "";
    if ((int)strlen(types) != wanted)
        return FAIL(err, ST_INTERNAL, "%s: %d arguments for %d parameters", sqlite3_sql(row->stmt), (int)strlen(types), wanted);
    for (int i = 1; *types; types++, i++) {
        int rc = SQLITE_MISUSE;
        if (*types == 's') {
            rc = sqlite3_bind_text(row->stmt, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        } else if (*types == 'i') {
            rc = sqlite3_bind_int64(row->stmt, i, va_arg(args, int64_t));
        } else if (*types == 'd') {
            rc = sqlite3_bind_double(row->stmt, i, va_arg(args, double));
        } else if (*types == 'n') {
            rc = sqlite3_bind_null(row->stmt, i);
        } else if (*types == 'b') {
            const void *bytes = va_arg(args, const void *);
            rc = sqlite3_bind_blob64(row->stmt, i, bytes, va_arg(args, size_t), SQLITE_TRANSIENT);
        }
        if (rc != SQLITE_OK)
            return db_fail(row->db, rc, sqlite3_sql(row->stmt), err);
    }
    return ST_OK;
}

static Status statement_start(Db *db, Row **ret_row, Error *err, const char *sql, const char *types, va_list args)
{
    row_auto *row = NULL;
    TRY(statement_get(db, sql, &row, err));
    TRY(bind_all(row, types, args, err));
    *ret_row = row;
    row = NULL;
    return ST_OK;
}

Status db_exec(Db *db, Error *err, const char *sql, const char *types, ...)
{
    row_auto *row = NULL;
    va_list args;
    va_start(args, types);
    Status status = statement_start(db, &row, err, sql, types, args);
    va_end(args);
    TRY(status);
    bool alone = !db->in_transaction && !sqlite3_stmt_readonly(row->stmt);
    if (alone)
        pthread_mutex_lock(&db->store->writer);
    int rc;
    do
        rc = sqlite3_step(row->stmt);
    while (rc == SQLITE_ROW);
    status = rc == SQLITE_DONE ? ST_OK : db_fail(db, rc, sql, err);
    sqlite3_reset(row->stmt); /* ends an implicit transaction before the next writer starts */
    if (alone)
        pthread_mutex_unlock(&db->store->writer);
    return status;
}

int64_t db_changes(Db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_last_id(Db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

Status db_query(Db *db, Row **ret_row, Error *err, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    Status status = statement_start(db, ret_row, err, sql, types, args);
    va_end(args);
    return status;
}

Status db_get_int(Db *db, int64_t *ret_value, Error *err, const char *sql, const char *types, ...)
{
    row_auto *row = NULL;
    va_list args;
    va_start(args, types);
    Status status = statement_start(db, &row, err, sql, types, args);
    va_end(args);
    TRY(status);
    if (row_next(row)) {
        *ret_value = row_int(row, 0);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return FAIL(err, ST_NOT_FOUND, "no row: %s", sql);
}

Status db_get_str(Db *db, Arena *a, char **ret_text, Error *err, const char *sql, const char *types, ...)
{
    row_auto *row = NULL;
    va_list args;
    va_start(args, types);
    Status status = statement_start(db, &row, err, sql, types, args);
    va_end(args);
    TRY(status);
    if (row_next(row)) {
        *ret_text = row_str_in(row, a, 0);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return FAIL(err, ST_NOT_FOUND, "no row: %s", sql);
}

/* --- rows --- */

bool row_next(Row *row)
{
    if (row->rc != SQLITE_OK && row->rc != SQLITE_ROW)
        return false;
    row->rc = sqlite3_step(row->stmt);
    return row->rc == SQLITE_ROW;
}

Status row_status(Row *row, Error *err)
{
    if (row->rc == SQLITE_OK || row->rc == SQLITE_ROW || row->rc == SQLITE_DONE)
        return ST_OK;
    return db_fail(row->db, row->rc, sqlite3_sql(row->stmt), err);
}

const char *row_str(Row *row, int column)
{
    return (const char *)sqlite3_column_text(row->stmt, column);
}

char *row_str_in(Row *row, Arena *a, int column)
{
    const char *text = row_str(row, column);
    return text ? arena_strn(a, text, (size_t)sqlite3_column_bytes(row->stmt, column)) : NULL;
}

int64_t row_int(Row *row, int column)
{
    return sqlite3_column_int64(row->stmt, column);
}

double row_double(Row *row, int column)
{
    return sqlite3_column_double(row->stmt, column);
}

const void *row_blob(Row *row, int column, size_t *ret_length)
{
    const void *bytes = sqlite3_column_blob(row->stmt, column);
    *ret_length = (size_t)sqlite3_column_bytes(row->stmt, column);
    return bytes;
}

bool row_null(Row *row, int column)
{
    return sqlite3_column_type(row->stmt, column) == SQLITE_NULL;
}

void row_done(Row *row)
{
    if (!row)
        return;
    if (!row->sql) {
        sqlite3_finalize(row->stmt);
        free(row);
        return;
    }
    sqlite3_reset(row->stmt);
    sqlite3_clear_bindings(row->stmt);
    row->busy = false;
}

void row_donep(Row **row)
{
    row_done(*row);
}

/* --- opening --- */

static Status migration_number(const char *file_name, int64_t *ret_number, Error *err)
{
    char digits[4] = { 0 };
    memcpy(digits, file_name, strnlen(file_name, 3));
    if (!str_to_i64(digits, ret_number))
        return FAIL(err, ST_INTERNAL, "schema file '%s' does not begin with three digits", file_name);
    return ST_OK;
}

static bool migration_known(int64_t number)
{
    for (size_t i = 0; i < schema_files_count; i++) {
        int64_t known;
        if (migration_number(schema_files[i].name, &known, NULL) == ST_OK && known == number)
            return true;
    }
    return false;
}

static Status migration_apply(Db *db, const char *name, const char *sql, Error *err)
{
    int64_t number, applied;
    TRY(migration_number(name, &number, err));
    TRY(db_begin(db, err));
    Status status = db_get_int(db, &applied, err, "SELECT count(*) FROM schema_migration WHERE number=?", "i", number);
    if (status == ST_OK && !applied)
        status = exec_plain(db, sql, err);
    if (status == ST_OK && !applied)
        status = db_exec(db, err, "INSERT INTO schema_migration(number, name, applied_ms) VALUES(?,?,?)", "isi", number,
                         name, clock_ms());
    if (status != ST_OK) {
        db_rollback(db);
        return status;
    }
    return db_commit(db, err);
}

static Status migrate(Store *store, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    TRY(db_exec(db, err,
                "CREATE TABLE IF NOT EXISTS schema_migration(number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                " applied_ms INTEGER NOT NULL)", ""));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT number, name FROM schema_migration", ""));
    while (row_next(row)) {
        if (!migration_known(row_int(row, 0)))
            return FAIL(err, ST_CONFLICT, "'%s' was written by a newer weir (it has the schema '%s'): use that one",
                        store->path, row_str(row, 1));
    }
    TRY(row_status(row, err));
    for (size_t i = 0; i < schema_files_count; i++)
        TRY(migration_apply(db, schema_files[i].name, schema_files[i].data, err));
    return ST_OK;
}

static Store *store_new(const char *path)
{
    Store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path)))
        abort();
    pthread_mutex_init(&store->pool, NULL);
    pthread_mutex_init(&store->writer, NULL);
    return store;
}

static Status make_tables(Store *store, const char *schema, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    TRY(db_begin(db, err));
    TRY(exec_plain(db, schema, err));
    return db_commit(db, err);
}

Status store_open_file(const char *path, const char *schema, Store **ret_store, Error *err)
{
    Store *store = store_new(path);
    store->shrinks = true;
    Status status = make_tables(store, schema, err);
    if (status != ST_OK) {
        store_close(store);
        return status;
    }
    *ret_store = store;
    return ST_OK;
}

Status store_open(const char *home, Store **ret_store, Error *err)
{
    TRY(dir_make(home, 0700, err));
    arena_auto *a = arena_new();
    Store *store = store_new(path_join(a, home, "control.db"));
    Status status = migrate(store, err);
    if (status != ST_OK) {
        store_close(store);
        return status;
    }
    *ret_store = store;
    return ST_OK;
}

void store_close(Store *store)
{
    if (!store)
        return;
    for (Db *db = store->idle, *next; db; db = next) {
        next = db->next_idle;
        db_close(db);
    }
    pthread_mutex_destroy(&store->pool);
    pthread_mutex_destroy(&store->writer);
    free(store->path);
    free(store);
}

void store_closep(Store **store)
{
    store_close(*store);
}
