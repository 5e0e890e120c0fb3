/* series/private.h -- what the files of this folder share.
 *
 * Locks, always taken in this order:
 *   commit   one at a time writes the log and applies points to the head, or swaps logs (flush)
 *   queue    guards who waits for the next commit
 *   view     a read-write lock: metrics, heads, and which blocks are visible. A query holds it for reading from its look at the head to
 *            its last block, so that a flush, which takes bins out of the head as it commits them, is seen whole or not at all
 *   pool     guards idle connections */
#ifndef WEIR_SERIES_PRIVATE_H
#define WEIR_SERIES_PRIVATE_H
#include "base/map.h"
#include "series/series.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum { METRICS_MAX = 1000000, READERS_MAX = 8 };

typedef struct Track {
    uint32_t id;
    struct Metric *metric;
    const char *unit;
    struct Track *next;        /* of its metric */
    bool pending, logged, stored; /* its definition is in the frame being made, in the log, in the database */
    bool dirty;                /* in series->dirty */
    Bins head[RESOLUTIONS];    /* since the last flush began */
    Bins frozen[RESOLUTIONS];  /* being moved into blocks */
} Track;

typedef VEC(Track *) Tracks;

typedef struct Metric {
    uint32_t id;
    const char *identity;      /* see key_identity */
    SeriesKey key;
    Track *tracks;
    bool pending, logged, stored;
    int64_t last_ms;
    uint64_t stamp;
} Metric;

typedef struct Waiter {
    const SeriesPoint *points;
    const char **identities;   /* of their keys */
    size_t n;
    bool done;
    Status status;
    Error error;
    struct Waiter *next;
} Waiter;

struct Series {
    char *folder;
    pthread_mutex_t commit, queue, pool;
    pthread_rwlock_t view;
    pthread_cond_t committed;  /* with queue */
    bool committing;           /* queue: someone is at it */
    Waiter *first, *last;      /* queue */

    int log_fd;                /* commit */
    int64_t log_number, log_first, log_bytes; /* commit; first: the oldest that is needed */
    Str buffer;                /* commit: the frame being made */

    Arena *arena;              /* view: of metrics and tracks */
    Map identities;            /* view: identity -> Metric */
    VEC(Metric *) metrics;     /* view: by id, from 1 */
    Tracks tracks;             /* view: by id, from 1 */
    Tracks dirty;              /* view: those with bins in the head */
    Arena *dirty_arena;        /* view: its memory */
    uint64_t stamps;           /* view */
    _Atomic int64_t points;

    sqlite3 *writer;           /* flush */
    int warm_fd;               /* the thread: series.db read ahead; open as long as SQLite has it, since closing any
                                * descriptor of a file gives up the process's locks on it (fcntl(2)) */
    int64_t warmed;            /* the thread: bytes */
    pthread_mutex_t flush;     /* before commit: one flush, sweep or reset at a time */
    sqlite3 *idle[READERS_MAX];
    size_t idle_len;           /* pool */

    pthread_t thread;
    bool running;
    pthread_mutex_t sleep;     /* guards stop, wanted */
    pthread_cond_t wake;
    bool stop, wanted;
};

/* registry.c: callers hold `view` for writing where something is made. */
char *key_identity(Arena *a, const SeriesKey *key); /* equal for equal metrics */
Metric *metric_find(Series *s, const char *identity);
Status metric_make(Series *s, const char *identity, const SeriesKey *key, Metric **ret_metric, Error *err);
Track *track_find(const Metric *m, const char *unit);
Track *track_make(Series *s, Metric *m, const char *unit);
Metric *metric_restore(Series *s, uint32_t id, const SeriesKey *key, int64_t last_ms);
Track *track_restore(Series *s, uint32_t id, uint32_t metric, const char *unit);
void registry_init(Series *s);
void registry_done(Series *s);
void track_add(Series *s, Track *track, const SeriesPoint *point); /* into the head */

/* log.c */
Status log_open_next(Series *s, Error *err);        /* commit */
Status log_replay(Series *s, Error *err);           /* at open, alone */
void log_unlink(Series *s, int64_t before);
void log_put_metric(Str *out, const Metric *m);
void log_put_track(Str *out, const Track *t);
void log_put_point(Str *out, const Track *t, const SeriesPoint *p);
Status log_append(Series *s, Error *err);           /* commit: the buffer as one frame, fsynced; empties it */

/* blocks.c */
Status blocks_open(Series *s, Error *err);
void blocks_close(Series *s);
/* Reads the next part of the file into the page cache, up to a quarter of the host's memory in all, so that the first queries after a
 * start find what later ones find. False: all of it is read. */
bool blocks_warm(Series *s);
Status blocks_exec(sqlite3 *db, const char *sql, Error *err);
/* Adds the blocks of [from, to) to bins. view held. */
Status blocks_read(Series *s, const Track *t, int resolution, int64_t from_s, int64_t to_s, Bins *bins, Error *err);
/* Writes all frozen bins within the writer's open transaction. */
Status blocks_write_frozen(Series *s, Track *const *tracks, size_t n, Error *err);
Status blocks_set_log(Series *s, int64_t first, Error *err);
/* Of the tracks with ids below `tracks`: blocks whose last bin is older than its resolution is kept. */
Status blocks_delete_old(Series *s, uint32_t tracks, int64_t now_s, Error *err);

#endif
