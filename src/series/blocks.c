/* series/blocks.c -- bins at rest: HOME/series/series.db. A block's rowid is its track, resolution and number since 1970, so that
 * the blocks of one track and resolution are neighbours in the order of time. */
#include "base/file.h"
#include "base/str.h"
#include "series/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_BITS = 24, RESOLUTION_BITS = 2, BLOCK_MAX = 64 * 1024 * 1024, WARM_BYTES = 4 * 1024 * 1024 };

static int64_t block_id(uint32_t track, int resolution, int64_t time_s)
{
    return ((int64_t)track << (NUMBER_BITS + RESOLUTION_BITS)) | ((int64_t)resolution << NUMBER_BITS) |
           (time_s / resolutions[resolution].block_s);
}

static int64_t block_start(int64_t id, int resolution)
{
    return (id & ((1 << NUMBER_BITS) - 1)) * resolutions[resolution].block_s;
}

static Status fail(sqlite3 *db, Error *err)
{
    return FAIL(err, ST_IO, "the time series store: %s", sqlite3_errmsg(db));
}

Status blocks_exec(sqlite3 *db, const char *sql, Error *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ST_OK : fail(db, err);
}

static Status prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt, Error *err)
{
    return sqlite3_prepare_v2(db, sql, -1, ret_stmt, NULL) == SQLITE_OK ? ST_OK : fail(db, err);
}

static void stmt_donep(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
}
#define stmt_auto __attribute__((cleanup(stmt_donep))) sqlite3_stmt

/* --- connections --- */

static Status connect(Series *s, sqlite3 **ret_db, Error *err)
{
    arena_auto *a = arena_new();
    sqlite3 *db = NULL;
    const char *path = arena_printf(a, "%s/series.db", s->folder);
    Status status = ST_OK;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        status = FAIL(err, ST_IO, "open '%s': %s", path, sqlite3_errmsg(db));
    if (status == ST_OK) {
        sqlite3_busy_timeout(db, 10000);
        status = blocks_exec(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-4096;"
                                 "PRAGMA journal_size_limit=16777216; PRAGMA mmap_size=1073741824", err);
    }
    if (status != ST_OK) {
        sqlite3_close(db);
        return status;
    }
    *ret_db = db;
    return ST_OK;
}

static Status reader_take(Series *s, sqlite3 **ret_db, Error *err)
{
    pthread_mutex_lock(&s->pool);
    *ret_db = s->idle_len ? s->idle[--s->idle_len] : NULL;
    pthread_mutex_unlock(&s->pool);
    return *ret_db ? ST_OK : connect(s, ret_db, err);
}

static void reader_give(Series *s, sqlite3 *db)
{
    pthread_mutex_lock(&s->pool);
    bool keep = s->idle_len < READERS_MAX;
    if (keep)
        s->idle[s->idle_len++] = db;
    pthread_mutex_unlock(&s->pool);
    if (!keep)
        sqlite3_close(db);
}

/* --- opening --- */

static const char *const schema =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS metric(id INTEGER PRIMARY KEY, region TEXT NOT NULL, space TEXT NOT NULL, name TEXT NOT NULL,"
    " last_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS dimension(metric INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(metric, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS track(id INTEGER PRIMARY KEY, metric INTEGER NOT NULL, unit TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS block(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
    "INSERT OR IGNORE INTO meta VALUES('log', 0);";

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

static Status load_dimensions(Series *s, Arena *a, int64_t metric, SeriesKey *key, Error *err)
{
    stmt_auto *stmt = NULL;
    VEC(SeriesDimension) dimensions = { 0 };
    TRY(prepare(s->writer, "SELECT name, value FROM dimension WHERE metric=? ORDER BY number", &stmt, err));
    sqlite3_bind_int64(stmt, 1, metric);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        vec_push(a, &dimensions, (SeriesDimension){ arena_str(a, text_of(stmt, 0)), arena_str(a, text_of(stmt, 1)) });
    key->dimensions = dimensions.at;
    key->dimensions_len = dimensions.len;
    return rc == SQLITE_DONE ? ST_OK : fail(s->writer, err);
}

static Status load_metrics(Series *s, Error *err)
{
    stmt_auto *stmt = NULL;
    TRY(prepare(s->writer, "SELECT id, region, space, name, last_ms FROM metric ORDER BY id", &stmt, err));
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        arena_auto *a = arena_new();
        SeriesKey key = { .region = text_of(stmt, 1), .space = text_of(stmt, 2), .name = text_of(stmt, 3) };
        TRY(load_dimensions(s, a, sqlite3_column_int64(stmt, 0), &key, err));
        Metric *m = metric_restore(s, (uint32_t)sqlite3_column_int64(stmt, 0), &key, sqlite3_column_int64(stmt, 4));
        m->logged = m->stored = true;
    }
    return rc == SQLITE_DONE ? ST_OK : fail(s->writer, err);
}

static Status load_tracks(Series *s, Error *err)
{
    stmt_auto *stmt = NULL;
    TRY(prepare(s->writer, "SELECT id, metric, unit FROM track ORDER BY id", &stmt, err));
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        Track *t = track_restore(s, (uint32_t)sqlite3_column_int64(stmt, 0), (uint32_t)sqlite3_column_int64(stmt, 1), text_of(stmt, 2));
        if (t)
            t->logged = t->stored = true;
    }
    return rc == SQLITE_DONE ? ST_OK : fail(s->writer, err);
}

Status blocks_open(Series *s, Error *err)
{
    TRY(connect(s, &s->writer, err));
    TRY(blocks_exec(s->writer, schema, err));
    stmt_auto *stmt = NULL;
    TRY(prepare(s->writer, "SELECT value FROM meta WHERE name='log'", &stmt, err));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        s->log_first = sqlite3_column_int64(stmt, 0);
    TRY(load_metrics(s, err));
    return load_tracks(s, err);
}

void blocks_close(Series *s)
{
    while (s->idle_len)
        sqlite3_close(s->idle[--s->idle_len]);
    sqlite3_close(s->writer);
    s->writer = NULL;
    fd_closep(&s->warm_fd);
}

bool blocks_warm(Series *s)
{
    struct stat file;
    if (s->warm_fd < 0) {
        arena_auto *a = arena_new();
        s->warm_fd = open(arena_printf(a, "%s/series.db", s->folder), O_RDONLY | O_CLOEXEC);
    }
    int64_t bound = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4;
    if (s->warm_fd < 0 || fstat(s->warm_fd, &file) < 0 || s->warmed >= file.st_size || s->warmed >= bound)
        return false;
    if (posix_fadvise(s->warm_fd, s->warmed, WARM_BYTES, POSIX_FADV_WILLNEED) != 0)
        return false;
    s->warmed += WARM_BYTES;
    return true;
}

/* --- reading --- */

static Status decode(sqlite3_stmt *stmt, int resolution, Bins *bins, Error *err)
{
    int64_t id = sqlite3_column_int64(stmt, 0);
    const void *bytes = sqlite3_column_blob(stmt, 1);
    return block_decode(bytes, (size_t)sqlite3_column_bytes(stmt, 1), block_start(id, resolution), resolutions[resolution].seconds, bins, err);
}

static Status read_range(sqlite3 *db, const Track *t, int resolution, int64_t from_s, int64_t to_s, Bins *bins, Error *err)
{
    stmt_auto *stmt = NULL;
    TRY(prepare(db, "SELECT id, data FROM block WHERE id BETWEEN ? AND ? ORDER BY id", &stmt, err));
    sqlite3_bind_int64(stmt, 1, block_id(t->id, resolution, from_s));
    sqlite3_bind_int64(stmt, 2, block_id(t->id, resolution, to_s - 1));
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        TRY(decode(stmt, resolution, bins, err));
    return rc == SQLITE_DONE ? ST_OK : fail(db, err);
}

Status blocks_read(Series *s, const Track *t, int resolution, int64_t from_s, int64_t to_s, Bins *bins, Error *err)
{
    sqlite3 *db = NULL;
    if (!t->stored)
        return ST_OK; /* all of it is in the head */
    TRY(reader_take(s, &db, err));
    Status status = read_range(db, t, resolution, from_s, to_s, bins, err);
    reader_give(s, db);
    return status;
}

/* --- writing --- */

static Status step_once(Series *s, sqlite3_stmt *stmt, Error *err)
{
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? ST_OK : fail(s->writer, err);
}

typedef struct Writer {
    Series *series;
    sqlite3_stmt *metric, *dimension, *track, *last, *get, *put;
} Writer;

static void writer_done(Writer *w)
{
    sqlite3_stmt *all[] = { w->metric, w->dimension, w->track, w->last, w->get, w->put };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
}

static Status writer_init(Writer *w, Series *s, Error *err)
{
    w->series = s;
    TRY(prepare(s->writer, "INSERT OR IGNORE INTO metric(id, region, space, name, last_ms) VALUES(?,?,?,?,0)", &w->metric, err));
    TRY(prepare(s->writer, "INSERT OR IGNORE INTO dimension VALUES(?,?,?,?)", &w->dimension, err));
    TRY(prepare(s->writer, "INSERT OR IGNORE INTO track VALUES(?,?,?)", &w->track, err));
    TRY(prepare(s->writer, "UPDATE metric SET last_ms=max(last_ms, ?) WHERE id=?", &w->last, err));
    TRY(prepare(s->writer, "SELECT id, data FROM block WHERE id=?", &w->get, err));
    return prepare(s->writer, "INSERT OR REPLACE INTO block(id, data) VALUES(?,?)", &w->put, err);
}

static Status write_metric(Writer *w, const Metric *m, Error *err)
{
    sqlite3_bind_int64(w->metric, 1, m->id);
    sqlite3_bind_text(w->metric, 2, m->key.region, -1, SQLITE_STATIC);
    sqlite3_bind_text(w->metric, 3, m->key.space, -1, SQLITE_STATIC);
    sqlite3_bind_text(w->metric, 4, m->key.name, -1, SQLITE_STATIC);
    TRY(step_once(w->series, w->metric, err));
    for (size_t i = 0; i < m->key.dimensions_len; i++) {
        sqlite3_bind_int64(w->dimension, 1, m->id);
        sqlite3_bind_int64(w->dimension, 2, (int64_t)i);
        sqlite3_bind_text(w->dimension, 3, m->key.dimensions[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_text(w->dimension, 4, m->key.dimensions[i].value, -1, SQLITE_STATIC);
        TRY(step_once(w->series, w->dimension, err));
    }
    return ST_OK;
}

/* frozen[first..) as far as it falls into one block, together with what that block has. */
static Status write_block(Writer *w, const Track *t, int resolution, size_t first, size_t *ret_next, Error *err)
{
    const Bins *frozen = &t->frozen[resolution];
    int64_t id = block_id(t->id, resolution, frozen->at[first].time_s);
    Bins bins = { 0 };
    sqlite3_bind_int64(w->get, 1, id);
    Status status = sqlite3_step(w->get) == SQLITE_ROW ? decode(w->get, resolution, &bins, err) : ST_OK;
    sqlite3_reset(w->get);
    size_t i = first;
    for (; i < frozen->len && block_id(t->id, resolution, frozen->at[i].time_s) == id; i++)
        bin_merge(bins_at(&bins, frozen->at[i].time_s), &frozen->at[i]);
    str_auto data = STR_INIT(BLOCK_MAX);
    if (status == ST_OK) {
        block_encode(bins.at, bins.len, block_start(id, resolution), resolutions[resolution].seconds, &data);
        sqlite3_bind_int64(w->put, 1, id);
        sqlite3_bind_blob64(w->put, 2, data.data, data.len, SQLITE_STATIC);
        status = step_once(w->series, w->put, err);
    }
    bins_done(&bins);
    *ret_next = i;
    return status;
}

static Status write_track(Writer *w, Track *t, Error *err)
{
    if (!t->metric->stored)
        TRY(write_metric(w, t->metric, err));
    if (!t->stored) {
        sqlite3_bind_int64(w->track, 1, t->id);
        sqlite3_bind_int64(w->track, 2, t->metric->id);
        sqlite3_bind_text(w->track, 3, t->unit, -1, SQLITE_STATIC);
        TRY(step_once(w->series, w->track, err));
    }
    sqlite3_bind_int64(w->last, 1, t->metric->last_ms);
    sqlite3_bind_int64(w->last, 2, t->metric->id);
    TRY(step_once(w->series, w->last, err));
    for (int r = 0; r < RESOLUTIONS; r++)
        for (size_t i = 0; i < t->frozen[r].len;)
            TRY(write_block(w, t, r, i, &i, err));
    return ST_OK;
}

Status blocks_write_frozen(Series *s, Track *const *tracks, size_t n, Error *err)
{
    Writer w = { 0 };
    Status status = writer_init(&w, s, err);
    for (size_t i = 0; status == ST_OK && i < n; i++)
        status = write_track(&w, tracks[i], err);
    writer_done(&w);
    return status;
}

Status blocks_set_log(Series *s, int64_t first, Error *err)
{
    stmt_auto *stmt = NULL;
    TRY(prepare(s->writer, "UPDATE meta SET value=? WHERE name='log'", &stmt, err));
    sqlite3_bind_int64(stmt, 1, first);
    return step_once(s, stmt, err);
}

Status blocks_delete_old(Series *s, uint32_t tracks, int64_t now_s, Error *err)
{
    stmt_auto *stmt = NULL;
    TRY(prepare(s->writer, "DELETE FROM block WHERE id>=? AND id<?", &stmt, err));
    for (uint32_t track = 1; track < tracks; track++)
        for (int r = 0; r < RESOLUTIONS; r++) {
            sqlite3_bind_int64(stmt, 1, block_id(track, r, 0));
            sqlite3_bind_int64(stmt, 2, block_id(track, r, now_s - resolutions[r].keep_s));
            TRY(step_once(s, stmt, err));
        }
    return ST_OK;
}
