/* svc/logs/events.c -- streams and events at rest. The table of events is in the order of arrival, stream by stream; an index has them in
 * the order of time (SQLite adds the rowid, so that equal times stay in the order of arrival). */
#include "svc/logs/events.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <stdlib.h>

enum { SWEEP_ROWS = 5000, EVENT_EXTRA_BYTES = 26, READ_AHEAD = 500, CURSOR_BYTES = 256 * 1024 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS stream(id INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER NOT NULL, name TEXT," /* NULL: deleted */
    " created_ms INTEGER NOT NULL, first_ms INTEGER, last_ms INTEGER, ingested_ms INTEGER, events INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, UNIQUE(log_group, name)) STRICT;"
    "CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, time_ms INTEGER NOT NULL, ingested_ms INTEGER NOT NULL,"
    " message BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS event_time ON event(stream, time_ms);";

Status events_open(const char *home, Store **ret_events, Error *err)
{
    arena_auto *a = arena_new();
    return store_open_file(path_join(a, home, "logs.db"), schema, ret_events, err);
}

/* --- streams --- */

Status stream_create(Store *events, int64_t group, const char *name, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(events, &db, err));
    return db_exec(db, err, "INSERT INTO stream(log_group, name, created_ms) VALUES(?,?,?)", "isi", group, name, clock_ms());
}

static LogStream stream_of(Row *row, Arena *a)
{
    return (LogStream){ .id = row_int(row, 0),
                        .name = row_str_in(row, a, 1),
                        .created_ms = row_int(row, 2),
                        .first_ms = row_null(row, 3) ? -1 : row_int(row, 3),
                        .last_ms = row_null(row, 4) ? -1 : row_int(row, 4),
                        .ingested_ms = row_null(row, 5) ? -1 : row_int(row, 5) };
}
#define STREAM_COLUMNS "id, name, created_ms, first_ms, last_ms, ingested_ms"

Status stream_find(Store *events, Arena *a, int64_t group, const char *name, LogStream *ret_stream, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(events, &db, err));
    TRY(db_query(db, &row, err, "SELECT " STREAM_COLUMNS " FROM stream WHERE log_group=? AND name=?", "is", group, name));
    if (row_next(row)) {
        *ret_stream = stream_of(row, a);
        return ST_OK;
    }
    TRY(row_status(row, err));
    return FAIL(err, ST_NOT_FOUND, "no stream '%s'", name);
}

Status stream_delete(Store *events, int64_t group, const char *name, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(events, &db, err));
    TRY(db_exec(db, err, "UPDATE stream SET name=NULL WHERE log_group=? AND name=?", "is", group, name));
    return db_changes(db) ? ST_OK : FAIL(err, ST_NOT_FOUND, "no stream '%s'", name);
}

Status stream_list(Store *events, Arena *a, int64_t group, const char *prefix, LogStreams *ret_streams, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(events, &db, err));
    TRY(db_query(db, &row, err, "SELECT " STREAM_COLUMNS " FROM stream WHERE log_group=?1 AND name>=?2 AND substr(name,1,length(?2))=?2 ORDER BY name",
                 "is", group, prefix));
    while (row_next(row))
        vec_push(a, ret_streams, stream_of(row, a));
    return row_status(row, err);
}

Status stream_bytes(Store *events, int64_t group, int64_t *ret_bytes, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(events, &db, err));
    return db_get_int(db, ret_bytes, err, "SELECT coalesce(sum(bytes), 0) FROM stream WHERE log_group=? AND name IS NOT NULL", "i", group);
}

/* --- appending --- */

Status events_append(Store *events, int64_t stream, const LogLine *lines, size_t n, int64_t now_ms, Error *err)
{
    db_auto *db = NULL;
    int64_t number, bytes = 0, first = INT64_MAX, last = 0;
    if (!n)
        return ST_OK;
    TRY(store_borrow(events, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &number, err, "SELECT events FROM stream WHERE id=? AND name IS NOT NULL", "i", stream));
    for (size_t i = 0; i < n; i++) {
        const LogLine *line = &lines[i];
        TRY(db_exec(db, err, "INSERT INTO event(id, stream, time_ms, ingested_ms, message) VALUES(?,?,?,?,?)", "iiiib",
                    event_id(stream, number + (int64_t)i), stream, line->time_ms, now_ms, line->message, line->message_len));
        bytes += (int64_t)line->message_len + EVENT_EXTRA_BYTES;
        first = line->time_ms < first ? line->time_ms : first;
        last = line->time_ms > last ? line->time_ms : last;
    }
    TRY(db_exec(db, err, "UPDATE stream SET events=events+?1, bytes=bytes+?2, first_ms=min(coalesce(first_ms, ?3), ?3),"
                         " last_ms=max(coalesce(last_ms, ?4), ?4), ingested_ms=?5 WHERE id=?6", "iiiiii",
                (int64_t)n, bytes, first, last, now_ms, stream));
    return db_commit(db, err);
}

/* --- reading one stream --- */

static LogEvent event_of(Row *row, Arena *a)
{
    size_t length;
    const void *message = row_blob(row, 3, &length);
    return (LogEvent){ .id = row_int(row, 0),
                       .time_ms = row_int(row, 1),
                       .ingested_ms = row_int(row, 2),
                       .message = arena_strn(a, message ? message : "", length),
                       .message_len = length };
}

Status events_place(Store *events, int64_t id, EventPlace *ret_place, Error *err)
{
    db_auto *db = NULL;
    int64_t time_ms = EVENT_PLACE_START_MS;
    TRY(store_borrow(events, &db, err));
    Status status = db_get_int(db, &time_ms, err, "SELECT time_ms FROM event WHERE id=?", "i", id);
    if (status != ST_OK && status != ST_NOT_FOUND)
        return status;
    *ret_place = (EventPlace){ time_ms, id };
    return ST_OK;
}

/* One sweep over the index. Events at the time of range->from come by their ids first (`same_time`): thousands may have the same time, and
 * only an equality lets SQLite begin in the middle of them. */
static Status range_query(Db *db, const EventRange *r, bool same_time, Row **ret_row, Error *err)
{
    static const char *const same[] = {
        "SELECT id, time_ms, ingested_ms, message FROM event WHERE stream=? AND time_ms=? AND id>? ORDER BY id",
        "SELECT id, time_ms, ingested_ms, message FROM event WHERE stream=? AND time_ms=? AND id<? ORDER BY id DESC"
    }, *const others[] = {
        "SELECT id, time_ms, ingested_ms, message FROM event WHERE stream=? AND time_ms>=? AND time_ms<? ORDER BY time_ms, id",
        "SELECT id, time_ms, ingested_ms, message FROM event WHERE stream=? AND time_ms>=? AND time_ms<? ORDER BY time_ms DESC, id DESC"
    };
    int64_t start = r->start_ms, end = r->end_ms;
    if (same_time)
        return db_query(db, ret_row, err, same[r->backward], "iii", r->stream, r->from.time_ms, r->from.id);
    if (r->has_from && !r->backward && start <= r->from.time_ms)
        start = r->from.time_ms + 1;
    if (r->has_from && r->backward && end > r->from.time_ms)
        end = r->from.time_ms;
    return db_query(db, ret_row, err, others[r->backward], "iii", r->stream, start, end);
}

static void reverse(LogEvents *events)
{
    for (size_t i = 0, j = events->len; i + 1 < j; i++) {
        LogEvent other = events->at[--j];
        events->at[j] = events->at[i];
        events->at[i] = other;
    }
}

typedef struct Page {
    LogEvents found;
    size_t bytes;
    bool more;
} Page;

static Status fill_page(Db *db, Arena *a, const EventRange *range, bool same_time, Page *page, Error *err)
{
    row_auto *row = NULL;
    TRY(range_query(db, range, same_time, &row, err));
    while (!page->more && row_next(row)) {
        size_t length;
        row_blob(row, 3, &length);
        page->bytes += length + EVENT_EXTRA_BYTES;
        page->more = page->found.len == range->limit || (page->found.len && page->bytes > range->max_bytes);
        if (!page->more)
            vec_push(a, &page->found, event_of(row, a));
    }
    return row_status(row, err);
}

Status events_read(Store *events, Arena *a, const EventRange *range, LogEvents *ret_events, bool *ret_more, Error *err)
{
    db_auto *db = NULL;
    Page page = { 0 };
    TRY(store_borrow(events, &db, err));
    if (range->has_from && range->from.time_ms >= range->start_ms && range->from.time_ms < range->end_ms)
        TRY(fill_page(db, a, range, true, &page, err));
    if (!page.more)
        TRY(fill_page(db, a, range, false, &page, err));
    if (range->backward)
        reverse(&page.found);
    *ret_events = page.found;
    *ret_more = page.more;
    return ST_OK;
}

/* --- reading many streams --- */

/* One stream of a scan: a page of its events, read when the one before is used up. */
typedef struct Cursor {
    const LogStream *stream;
    Arena *arena;       /* of the page; NULL: none yet */
    LogEvents page;
    size_t at;
    bool more;
    EventPlace next;    /* where its next event is, or may be at the earliest */
} Cursor;

struct EventScan {
    Store *events;
    int64_t start_ms, end_ms;
    Cursor *heap;       /* the earliest on top */
    size_t len;
    bool taken;         /* the top's event was given out: step it first */
};

static bool earlier(const Cursor *x, const Cursor *y)
{
    return x->next.time_ms < y->next.time_ms || (x->next.time_ms == y->next.time_ms && x->next.id < y->next.id);
}

static void sift(EventScan *s, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->len; child++)
            least = earlier(&s->heap[child], &s->heap[least]) ? child : least;
        if (least == at)
            return;
        Cursor other = s->heap[at];
        s->heap[at] = s->heap[least];
        s->heap[least] = other;
        at = least;
    }
}

Status event_scan_open(Store *events, Arena *a, const LogStreams *streams, int64_t start_ms, int64_t end_ms, const EventPlace *from,
                       EventScan **ret_scan, Error *err)
{
    (void)err;
    EventScan *s = ARENA_NEW(a, EventScan);
    *s = (EventScan){ .events = events, .start_ms = start_ms, .end_ms = end_ms, .heap = ARENA_ARRAY(a, Cursor, streams->len ? streams->len : 1) };
    for (size_t i = 0; i < streams->len; i++) {
        const LogStream *stream = &streams->at[i];
        if (stream->first_ms < 0 || stream->first_ms >= end_ms || stream->last_ms < start_ms || (from && stream->last_ms < from->time_ms))
            continue;
        EventPlace next = { stream->first_ms < start_ms ? start_ms : stream->first_ms, event_id(stream->id, 0) };
        if (from && (next.time_ms < from->time_ms || (next.time_ms == from->time_ms && next.id <= from->id)))
            next = (EventPlace){ from->time_ms, from->id + 1 };
        s->heap[s->len++] = (Cursor){ .stream = stream, .next = next, .more = true };
    }
    for (size_t i = s->len / 2; i-- > 0;)
        sift(s, i);
    *ret_scan = s;
    return ST_OK;
}

static Status page_next(EventScan *s, Cursor *c, Error *err)
{
    EventRange range = { .stream = c->stream->id, .start_ms = s->start_ms, .end_ms = s->end_ms, .has_from = true, .limit = READ_AHEAD, .max_bytes = CURSOR_BYTES,
                         .from = { c->next.time_ms, c->next.id - 1 } };
    arena_free(c->arena);
    c->arena = arena_new();
    c->page = (LogEvents){ 0 };
    c->at = 0;
    return events_read(s->events, c->arena, &range, &c->page, &c->more, err);
}

/* The top of the heap has its next event at hand, or is gone. */
static Status step(EventScan *s, Error *err)
{
    Cursor *c = &s->heap[0];
    if (c->at >= c->page.len && c->more)
        TRY(page_next(s, c, err));
    if (c->at < c->page.len) {
        c->next = (EventPlace){ c->page.at[c->at].time_ms, c->page.at[c->at].id };
    } else {
        arena_free(c->arena);
        *c = s->heap[--s->len];
    }
    if (s->len)
        sift(s, 0);
    return ST_OK;
}

bool event_scan_next(EventScan *s, LogEvent *ret_event, const LogStream **ret_stream, Error *err)
{
    if (s->taken) {
        Cursor *c = &s->heap[0];
        c->at++;
        c->next.id++;
        s->taken = false;
        if (step(s, err) != ST_OK)
            return false;
    }
    while (s->len) {
        Cursor *c = &s->heap[0];
        if (c->at < c->page.len) {
            *ret_event = c->page.at[c->at];
            *ret_stream = c->stream;
            s->taken = true;
            return true;
        }
        if (step(s, err) != ST_OK)
            return false;
    }
    return false;
}

void event_scan_close(EventScan *s)
{
    for (size_t i = 0; s && i < s->len; i++)
        arena_free(s->heap[i].arena);
    if (s)
        s->len = 0;
}

void event_scan_closep(EventScan **s)
{
    event_scan_close(*s);
}

/* --- sweeping --- */

typedef struct Sweep {
    Store *events;
    bool (*stop)(void *);
    void *arg;
} Sweep;

static bool stopped(const Sweep *s)
{
    return s->stop && s->stop(s->arg);
}

/* Up to SWEEP_ROWS of a stream's events that are older; *ret_gone: how many. */
static Status delete_some(Sweep *s, int64_t stream, int64_t oldest_ms, int64_t *ret_gone, Error *err)
{
    db_auto *db = NULL;
    int64_t bytes;
    TRY(store_borrow(s->events, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &bytes, err, "SELECT coalesce(sum(length(message)+?4), 0) FROM (SELECT message FROM event WHERE stream=?1 AND time_ms<?2"
                                    " ORDER BY time_ms, id LIMIT ?3)", "iiii", stream, oldest_ms, (int64_t)SWEEP_ROWS, (int64_t)EVENT_EXTRA_BYTES));
    TRY(db_exec(db, err, "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE stream=?1 AND time_ms<?2 ORDER BY time_ms, id LIMIT ?3)", "iii",
                stream, oldest_ms, (int64_t)SWEEP_ROWS));
    *ret_gone = db_changes(db);
    TRY(db_exec(db, err, "UPDATE stream SET bytes=bytes-?2, first_ms=(SELECT min(time_ms) FROM event WHERE stream=?1),"
                         " last_ms=(SELECT max(time_ms) FROM event WHERE stream=?1) WHERE id=?1", "ii", stream, bytes));
    return db_commit(db, err);
}

static Status delete_all(Sweep *s, int64_t stream, int64_t oldest_ms, Error *err)
{
    int64_t gone = SWEEP_ROWS;
    while (gone == SWEEP_ROWS && !stopped(s))
        TRY(delete_some(s, stream, oldest_ms, &gone, err));
    return ST_OK;
}

typedef VEC(int64_t) Ids;

static Status ids_of(Sweep *s, Arena *a, Ids *ret_ids, Error *err, const char *sql, int64_t x, int64_t y)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(s->events, &db, err));
    TRY(db_query(db, &row, err, sql, "ii", x, y));
    while (row_next(row))
        vec_push(a, ret_ids, row_int(row, 0));
    return row_status(row, err);
}

static Status sweep_group(Sweep *s, const LogKeep *keep, Error *err)
{
    arena_auto *a = arena_new();
    Ids ids = { 0 };
    TRY(ids_of(s, a, &ids, err, "SELECT id FROM stream WHERE log_group=? AND first_ms<?", keep->group, keep->oldest_ms));
    for (size_t i = 0; i < ids.len && !stopped(s); i++)
        TRY(delete_all(s, ids.at[i], keep->oldest_ms, err));
    return ST_OK;
}

/* Streams of groups that are gone become streams that are gone; those lose their events, then their rows. */
static Status sweep_deleted(Sweep *s, const LogKeeps *keeps, int64_t groups_until, Error *err)
{
    arena_auto *a = arena_new();
    Ids groups = { 0 }, dead = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(s->events, &db, err));
    TRY(ids_of(s, a, &groups, err, "SELECT DISTINCT log_group FROM stream WHERE log_group<=? AND name IS NOT NULL AND ?", groups_until, 1));
    for (size_t i = 0; i < groups.len; i++) {
        bool there = false;
        for (size_t j = 0; !there && j < keeps->len; j++)
            there = keeps->at[j].group == groups.at[i];
        if (!there)
            TRY(db_exec(db, err, "UPDATE stream SET name=NULL WHERE log_group=?", "i", groups.at[i]));
    }
    TRY(ids_of(s, a, &dead, err, "SELECT id FROM stream WHERE name IS NULL AND ? AND ?", 1, 1));
    for (size_t i = 0; i < dead.len && !stopped(s); i++) {
        TRY(delete_all(s, dead.at[i], INT64_MAX, err));
        TRY(db_exec(db, err, "DELETE FROM stream WHERE id=?1 AND NOT EXISTS (SELECT 1 FROM event WHERE stream=?1)", "i", dead.at[i]));
    }
    return ST_OK;
}

Status events_sweep(Store *events, const LogKeeps *keeps, int64_t groups_until, bool (*stop)(void *), void *arg, Error *err)
{
    Sweep s = { events, stop, arg };
    TRY(sweep_deleted(&s, keeps, groups_until, err));
    for (size_t i = 0; i < keeps->len && !stopped(&s); i++) {
        if (keeps->at[i].oldest_ms != INT64_MIN)
            TRY(sweep_group(&s, &keeps->at[i], err));
    }
    db_auto *db = NULL;
    int64_t pages, before = INT64_MAX;
    TRY(store_borrow(events, &db, err));
    TRY(db_get_int(db, &pages, err, "PRAGMA freelist_count", ""));
    while (pages > 0 && pages < before && !stopped(&s)) {
        before = pages;
        TRY(db_exec(db, err, "PRAGMA incremental_vacuum(2000)", ""));
        TRY(db_get_int(db, &pages, err, "PRAGMA freelist_count", ""));
    }
    return ST_OK;
}

Status events_reset(Store *events, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(events, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM event", ""));
    TRY(db_exec(db, err, "DELETE FROM stream", ""));
    return db_commit(db, err);
}
