/* series/series.c -- taking points in, and the store's life. Who waits for a commit while one is under way goes into the next one, all
 * together: one fsync for many requests. */
#include "series/series.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "series/private.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum {
    FLUSH_EVERY_S = 60,
    FLUSH_LOG_BYTES = 32 * 1024 * 1024, /* of log: the head is then some times as large */
    SWEEP_EVERY_S = 3600,
    FRAME_MAX = 1 << 30,
    FRAME_HEAD_BYTES = 8
};

/* --- taking points in --- */

static Status encode_point(Series *s, const char *identity, const SeriesPoint *p, Track **ret_track, Error *err)
{
    Metric *m = metric_find(s, identity);
    if (!m)
        TRY(metric_make(s, identity, &p->key, &m, err));
    Track *t = track_find(m, p->unit);
    if (!t)
        t = track_make(s, m, p->unit);
    if (!m->logged && !m->pending)
        log_put_metric(&s->buffer, m);
    if (!t->logged && !t->pending)
        log_put_track(&s->buffer, t);
    m->pending = t->pending = true;
    log_put_point(&s->buffer, t, p);
    *ret_track = t;
    return ST_OK;
}

static Status encode_all(Series *s, Waiter *w, Track **tracks)
{
    for (size_t i = 0; i < w->n; i++)
        TRY(encode_point(s, w->identities[i], &w->points[i], &tracks[i], &w->error));
    return ST_OK;
}

/* commit held. Everything of one waiter is taken or nothing. */
static void commit_batch(Series *s, Waiter *first)
{
    arena_auto *a = arena_new();
    str_clear(&s->buffer);
    str_addn(&s->buffer, "\0\0\0\0\0\0\0\0", FRAME_HEAD_BYTES);
    VEC(Track **) all = { 0 };
    pthread_rwlock_wrlock(&s->view);
    for (Waiter *w = first; w; w = w->next) {
        Track **tracks = ARENA_ARRAY(a, Track *, w->n ? w->n : 1);
        size_t before = s->buffer.len;
        w->error = ERROR_INIT;
        w->status = encode_all(s, w, tracks);
        for (size_t i = 0; w->status != ST_OK && i < w->n && tracks[i]; i++)
            tracks[i]->pending = tracks[i]->metric->pending = false; /* defined again by who needs them */
        if (w->status != ST_OK)
            s->buffer.len = before;
        vec_push(a, &all, tracks);
    }
    pthread_rwlock_unlock(&s->view);
    Error error = ERROR_INIT;
    Status status = s->buffer.len > FRAME_HEAD_BYTES ? log_append(s, &error) : ST_OK;
    pthread_rwlock_wrlock(&s->view);
    size_t i = 0;
    for (Waiter *w = first; w; w = w->next, i++) {
        for (size_t at = 0; at < w->n; at++) {
            Track *t = all.at[i][at];
            if (!t)
                continue;
            t->pending = t->metric->pending = false;
            if (w->status != ST_OK || status != ST_OK)
                continue;
            t->logged = t->metric->logged = true;
            track_add(s, t, &w->points[at]);
        }
        if (w->status == ST_OK && status != ST_OK) {
            w->status = status;
            w->error = error;
        }
    }
    pthread_rwlock_unlock(&s->view);
}

static void wake_flusher(Series *s)
{
    pthread_mutex_lock(&s->sleep);
    s->wanted = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->sleep);
}

/* queue held: becomes who commits for all that wait. */
static void lead(Series *s)
{
    s->committing = true;
    Waiter *batch = s->first;
    s->first = s->last = NULL;
    pthread_mutex_unlock(&s->queue);
    pthread_mutex_lock(&s->commit);
    commit_batch(s, batch);
    bool large = s->log_bytes > FLUSH_LOG_BYTES;
    pthread_mutex_unlock(&s->commit);
    if (large)
        wake_flusher(s);
    pthread_mutex_lock(&s->queue);
    for (Waiter *w = batch, *next; w; w = next) {
        next = w->next; /* once done, it may be gone */
        w->done = true;
    }
    s->committing = false;
    pthread_cond_broadcast(&s->committed);
}

Status series_put(Series *s, const SeriesPoint *points, size_t n, Error *err)
{
    if (!n)
        return ST_OK;
    arena_auto *a = arena_new();
    Waiter w = { .points = points, .n = n, .identities = ARENA_ARRAY(a, const char *, n) };
    for (size_t i = 0; i < n; i++)
        w.identities[i] = key_identity(a, &points[i].key);
    pthread_mutex_lock(&s->queue);
    if (s->last)
        s->last->next = &w;
    else
        s->first = &w;
    s->last = &w;
    while (!w.done) {
        if (s->committing)
            pthread_cond_wait(&s->committed, &s->queue);
        else
            lead(s);
    }
    pthread_mutex_unlock(&s->queue);
    if (w.status != ST_OK && err)
        *err = w.error;
    if (w.status == ST_OK)
        atomic_fetch_add(&s->points, (int64_t)n);
    return w.status;
}

SeriesPoint series_value(const SeriesKey *key, const char *unit, int64_t time_ms, const double *value)
{
    return (SeriesPoint){ .key = *key, .unit = unit, .time_ms = time_ms, .values = value, .values_len = 1 };
}

/* --- moving the head into blocks --- */

/* commit and view held for the swap only. */
static Status freeze(Series *s, Arena *a, Tracks *ret_tracks, Error *err)
{
    pthread_mutex_lock(&s->commit);
    Status status = log_open_next(s, err);
    if (status == ST_OK) {
        pthread_rwlock_wrlock(&s->view);
        for (size_t i = 0; i < s->dirty.len; i++) {
            Track *t = s->dirty.at[i];
            memcpy(t->frozen, t->head, sizeof t->head);
            memset(t->head, 0, sizeof t->head);
            t->dirty = false;
            vec_push(a, ret_tracks, t);
        }
        arena_free(s->dirty_arena);
        s->dirty_arena = arena_new();
        memset(&s->dirty, 0, sizeof s->dirty);
        pthread_rwlock_unlock(&s->view);
    }
    pthread_mutex_unlock(&s->commit);
    return status;
}

/* It did not work: back into the head. The old log stays and is replayed after a crash. */
static void thaw(Series *s, const Tracks *tracks)
{
    pthread_rwlock_wrlock(&s->view);
    for (size_t i = 0; i < tracks->len; i++) {
        Track *t = tracks->at[i];
        for (int r = 0; r < RESOLUTIONS; r++) {
            bins_merge(&t->head[r], &t->frozen[r]);
            bins_done(&t->frozen[r]);
        }
        if (!t->dirty)
            vec_push(s->dirty_arena, &s->dirty, t);
        t->dirty = true;
    }
    pthread_rwlock_unlock(&s->view);
}

static Status write_frozen(Series *s, const Tracks *tracks, int64_t log_first, Error *err)
{
    TRY(blocks_exec(s->writer, "BEGIN IMMEDIATE", err));
    Status status = blocks_write_frozen(s, tracks->at, tracks->len, err);
    if (status == ST_OK)
        status = blocks_set_log(s, log_first, err);
    if (status == ST_OK) {
        pthread_rwlock_wrlock(&s->view); /* out of the head and into sight at once */
        status = blocks_exec(s->writer, "COMMIT", err);
        for (size_t i = 0; status == ST_OK && i < tracks->len; i++) {
            Track *t = tracks->at[i];
            t->stored = t->metric->stored = true;
            for (int r = 0; r < RESOLUTIONS; r++)
                bins_done(&t->frozen[r]);
        }
        pthread_rwlock_unlock(&s->view);
    }
    if (status != ST_OK)
        blocks_exec(s->writer, "ROLLBACK", NULL);
    return status;
}

static Status flush_locked(Series *s, Error *err)
{
    arena_auto *a = arena_new();
    Tracks tracks = { 0 };
    pthread_mutex_lock(&s->commit);
    pthread_rwlock_rdlock(&s->view);
    bool clean = s->dirty.len == 0;
    pthread_rwlock_unlock(&s->view);
    pthread_mutex_unlock(&s->commit);
    if (clean)
        return ST_OK;
    TRY(freeze(s, a, &tracks, err));
    int64_t log_first = s->log_number; /* only flushes change it, and there is one at a time */
    Status status = write_frozen(s, &tracks, log_first, err);
    if (status != ST_OK) {
        thaw(s, &tracks);
        return status;
    }
    s->log_first = log_first;
    log_unlink(s, log_first);
    return ST_OK;
}

Status series_flush(Series *s, Error *err)
{
    pthread_mutex_lock(&s->flush);
    Status status = flush_locked(s, err);
    pthread_mutex_unlock(&s->flush);
    return status;
}

Status series_sweep(Series *s, int64_t now_ms, Error *err)
{
    pthread_mutex_lock(&s->flush);
    pthread_rwlock_rdlock(&s->view);
    uint32_t tracks = (uint32_t)s->tracks.len;
    pthread_rwlock_unlock(&s->view);
    Status status = blocks_exec(s->writer, "BEGIN IMMEDIATE", err);
    if (status == ST_OK) {
        status = blocks_delete_old(s, tracks, now_ms / 1000, err);
        Status end = blocks_exec(s->writer, status == ST_OK ? "COMMIT" : "ROLLBACK", status == ST_OK ? err : NULL);
        status = status == ST_OK ? end : status;
    }
    pthread_mutex_unlock(&s->flush);
    return status;
}

Status series_reset(Series *s, Error *err)
{
    pthread_mutex_lock(&s->flush);
    pthread_mutex_lock(&s->commit);
    pthread_rwlock_wrlock(&s->view);
    Status status = ST_OK;
    if (s->metrics.len > 1) {
        status = log_open_next(s, err);
        if (status == ST_OK)
            status = blocks_exec(s->writer, "BEGIN IMMEDIATE; DELETE FROM block; DELETE FROM track; DELETE FROM dimension; DELETE FROM metric", err);
        if (status == ST_OK)
            status = blocks_set_log(s, s->log_number, err);
        if (status == ST_OK)
            status = blocks_exec(s->writer, "COMMIT", err);
        if (status == ST_OK) {
            s->log_first = s->log_number;
            registry_done(s);
            registry_init(s);
            log_unlink(s, s->log_first);
        } else {
            blocks_exec(s->writer, "ROLLBACK", NULL);
        }
    }
    pthread_rwlock_unlock(&s->view);
    pthread_mutex_unlock(&s->commit);
    pthread_mutex_unlock(&s->flush);
    return status;
}

/* --- the thread --- */

/* False: to end. *ret_wanted: asked for, not only time. */
static bool sleep_until(Series *s, int64_t *next_ms)
{
    pthread_mutex_lock(&s->sleep);
    while (!s->stop && !s->wanted && clock_monotonic_ms() < *next_ms) {
        struct timespec until = { .tv_sec = *next_ms / 1000 + 1 };
        pthread_cond_timedwait(&s->wake, &s->sleep, &until);
    }
    s->wanted = false;
    bool go_on = !s->stop;
    pthread_mutex_unlock(&s->sleep);
    *next_ms = clock_monotonic_ms() + FLUSH_EVERY_S * 1000;
    return go_on;
}

static bool stopping(Series *s)
{
    pthread_mutex_lock(&s->sleep);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->sleep);
    return stop;
}

/* Nobody waits for this thread's errors: it logs them. What failed is tried again a minute later. */
static void *series_main(void *arg)
{
    Series *s = arg;
    while (!stopping(s) && blocks_warm(s))
        ;
    int64_t next_ms = clock_monotonic_ms() + FLUSH_EVERY_S * 1000, sweep_ms = clock_monotonic_ms();
    while (sleep_until(s, &next_ms)) {
        Error err = ERROR_INIT;
        if (series_flush(s, &err) != ST_OK)
            log_error("%s", err.message);
        if (clock_monotonic_ms() < sweep_ms)
            continue;
        sweep_ms = clock_monotonic_ms() + SWEEP_EVERY_S * 1000;
        if (series_sweep(s, clock_ms(), &err) != ST_OK)
            log_error("%s", err.message);
    }
    return NULL;
}

/* --- life --- */

static void init_locks(Series *s)
{
    pthread_mutex_t *const mutexes[] = { &s->commit, &s->queue, &s->pool, &s->flush, &s->sleep };
    for (size_t i = 0; i < sizeof mutexes / sizeof *mutexes; i++)
        pthread_mutex_init(mutexes[i], NULL);
    pthread_rwlockattr_t prefer;
    pthread_rwlockattr_init(&prefer);
    pthread_rwlockattr_setkind_np(&prefer, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&s->view, &prefer);
    pthread_rwlockattr_destroy(&prefer);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->committed, NULL);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static Status start(Series *s, Error *err)
{
    TRY(dir_make(s->folder, 0700, err));
    TRY(blocks_open(s, err));
    TRY(log_replay(s, err));
    TRY(log_open_next(s, err));
    int failed = pthread_create(&s->thread, NULL, series_main, s);
    if (failed)
        return FAIL(err, ST_IO, "start the time series store: %s", strerror(failed));
    s->running = true;
    return ST_OK;
}

Status series_open(const char *home, Series **ret_series, Error *err)
{
    Series *s = calloc(1, sizeof *s);
    arena_auto *a = arena_new();
    if (!s || !(s->folder = strdup(path_join(a, home, "series"))))
        abort();
    s->log_fd = s->warm_fd = -1;
    s->buffer = STR_INIT(FRAME_MAX);
    init_locks(s);
    registry_init(s);
    Status status = start(s, err);
    if (status != ST_OK) {
        series_close(s);
        return status;
    }
    *ret_series = s;
    return ST_OK;
}

void series_close(Series *s)
{
    if (!s)
        return;
    if (s->running) {
        pthread_mutex_lock(&s->sleep);
        s->stop = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->sleep);
        pthread_join(s->thread, NULL);
        series_flush(s, NULL); /* what could not be moved is in the logs */
    }
    blocks_close(s);
    fd_closep(&s->log_fd);
    str_done(&s->buffer);
    registry_done(s);
    free(s->folder);
    free(s);
}

void series_closep(Series **s)
{
    series_close(*s);
}

static int64_t file_bytes(Series *s, const char *name)
{
    arena_auto *a = arena_new();
    struct stat st;
    return stat(path_join(a, s->folder, name), &st) == 0 ? st.st_size : 0;
}

void series_usage(Series *s, SeriesUsage *ret_usage)
{
    pthread_mutex_lock(&s->commit);
    pthread_rwlock_rdlock(&s->view);
    *ret_usage = (SeriesUsage){ .metrics = (int64_t)s->metrics.len - 1, .points = atomic_load(&s->points), .log_bytes = s->log_bytes };
    pthread_rwlock_unlock(&s->view);
    pthread_mutex_unlock(&s->commit);
    ret_usage->disk_bytes = file_bytes(s, "series.db") + file_bytes(s, "series.db-wal") + ret_usage->log_bytes;
}
