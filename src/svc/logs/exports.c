/* svc/logs/exports.c -- export tasks: a group's events of a span of time as gzip objects of a bucket, BUCKET/PREFIX/TASK/STREAM/000000.gz,
 * one line "2024-01-01T00:00:00.000Z message" for each event. A task that a crash interrupted begins anew and writes the same keys. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "lake/objects.h"
#include "os/crypto.h"
#include "svc/logs/internal.h"
#include "svc/logs/work.h"

#include <zlib.h>

enum { PAGE = 2000, OBJECT_PLAIN_BYTES = 64 * 1024 * 1024, GZIP_BITS = 15 + 16, OUT_BYTES = 64 * 1024, SHORT_TASK_MS = 1000 };

typedef struct Export {
    Server *server;
    const char *id, *region, *group, *stream_prefix, *bucket, *prefix;
    int64_t from_ms, to_ms;
} Export;

/* --- objects --- */

static Status put_object(const Export *x, Arena *a, Spool *spool, const char *key, const char *type, Error *err)
{
    char etag[33];
    Object made;
    TRY(spool_finish(spool, err));
    hex_encode(spool_digest(spool, DIGEST_MD5), 16, etag);
    Object object = { .bucket = x->bucket,
                      .key = key,
                      .etag = etag,
                      .headers = arena_printf(a, "{\"Content-Type\":\"%s\"}", type),
                      .checksum_algorithm = "CRC64NVME",
                      .checksum = base64_encode(a, spool_digest(spool, DIGEST_CRC64NVME), 8),
                      .checksum_type = "FULL_OBJECT",
                      .row_count = -1 };
    return object_put(x->server->objects, a, spool, &object, &(WriteCondition){ 0 }, &made, err);
}

static Status new_spool(const Export *x, Spool **ret_spool, Error *err)
{
    return spool_new(x->server->objects, DIGEST_BIT(DIGEST_MD5) | DIGEST_BIT(DIGEST_CRC64NVME), LIMIT_OBJECT_PUT, ret_spool, err);
}

/* What CloudWatch Logs leaves in the bucket to see that it may write there. */
static Status put_test_object(const Export *x, Arena *a, Error *err)
{
    static const char text[] = "Permission Check Successful";
    spool_auto *spool = NULL;
    TRY(new_spool(x, &spool, err));
    TRY(spool_write(spool, text, strlen(text), err));
    return put_object(x, a, spool, "aws-logs-write-test", "text/plain", err);
}

/* --- one stream --- */

typedef struct Gzip {
    z_stream z;
    Spool *spool;
    int64_t plain_bytes;
} Gzip;

static void gzip_done(Gzip *g)
{
    deflateEnd(&g->z);
    spool_done(g->spool);
}

static Status gzip_begin(const Export *x, Gzip *g, Error *err)
{
    *g = (Gzip){ 0 };
    TRY(new_spool(x, &g->spool, err));
    if (deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return ST_OK;
    spool_done(g->spool);
    return FAIL(err, ST_INTERNAL, "zlib does not start");
}

static Status gzip_add(Gzip *g, const char *bytes, size_t length, int flush, Error *err)
{
    unsigned char out[OUT_BYTES];
    g->z.next_in = (Bytef *)bytes;
    g->z.avail_in = (uInt)length;
    g->plain_bytes += (int64_t)length;
    do {
        g->z.next_out = out;
        g->z.avail_out = sizeof out;
        if (deflate(&g->z, flush) == Z_STREAM_ERROR)
            return FAIL(err, ST_INTERNAL, "zlib: %s", g->z.msg ? g->z.msg : "broken");
        TRY(spool_write(g->spool, out, sizeof out - g->z.avail_out, err));
    } while (g->z.avail_out == 0);
    return ST_OK;
}

static Status add_events(Gzip *g, Arena *a, const LogEvents *page, Error *err)
{
    for (size_t i = 0; i < page->len; i++) {
        const LogEvent *e = &page->at[i];
        const char *time = time_iso8601(a, e->time_ms);
        TRY(gzip_add(g, time, strlen(time), Z_NO_FLUSH, err));
        TRY(gzip_add(g, " ", 1, Z_NO_FLUSH, err));
        TRY(gzip_add(g, e->message, e->message_len, Z_NO_FLUSH, err));
        TRY(gzip_add(g, "\n", 1, Z_NO_FLUSH, err));
    }
    return ST_OK;
}

/* Fills one object from *range on; *ret_more: the stream goes on. */
static Status fill_object(const Export *x, Gzip *g, EventRange *range, bool *ret_more, Error *err)
{
    *ret_more = true;
    while (*ret_more && g->plain_bytes < OBJECT_PLAIN_BYTES) {
        arena_auto *a = arena_new();
        LogEvents page = { 0 };
        TRY(events_read(x->server->logs->events, a, range, &page, ret_more, err));
        TRY(add_events(g, a, &page, err));
        if (page.len) {
            range->from = (EventPlace){ page.at[page.len - 1].time_ms, page.at[page.len - 1].id };
            range->has_from = true;
        }
    }
    return gzip_add(g, "", 0, Z_FINISH, err);
}

static Status export_stream(const Export *x, const LogStream *stream, Error *err)
{
    EventRange range = { .stream = stream->id, .start_ms = x->from_ms, .end_ms = x->to_ms + 1, .limit = PAGE, .max_bytes = 4 * LOGS_PAGE_BYTES };
    bool more = true;
    for (int part = 0; more && !logs_cancelled(x->server, "log_export", x->id); part++) {
        arena_auto *a = arena_new();
        Gzip g;
        char *name = arena_str(a, stream->name);
        for (char *at = name; *at; at++)
            *at = *at == '/' ? '-' : *at;
        TRY(gzip_begin(x, &g, err));
        Status status = fill_object(x, &g, &range, &more, err);
        if (status == ST_OK && g.plain_bytes > 0)
            status = put_object(x, a, g.spool, arena_printf(a, "%s/%s/%s/%06d.gz", x->prefix, x->id, name, part), "application/x-gzip", err);
        gzip_done(&g);
        TRY(status);
    }
    return ST_OK;
}

/* --- a task --- */

static Status export_group(const Export *x, Arena *a, Error *err)
{
    LogGroup group;
    LogStreams streams = { 0 };
    {
        db_auto *db = NULL;
        TRY(store_borrow(x->server->store, &db, err));
        TRY(logs_group(db, a, x->region, x->group, &group, err));
    }
    TRY(stream_list(x->server->logs->events, a, group.id, x->stream_prefix ? x->stream_prefix : "", &streams, err));
    for (size_t i = 0; i < streams.len; i++) {
        const LogStream *s = &streams.at[i];
        if (s->first_ms >= 0 && s->first_ms <= x->to_ms && s->last_ms >= x->from_ms)
            TRY(export_stream(x, s, err));
    }
    return ST_OK;
}

Status logs_export_run(Server *server, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    Export x = { .server = server, .id = id };
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT region, log_group, stream_prefix, bucket, prefix, from_ms, to_ms FROM log_export WHERE id=?", "s", id));
        if (!row_next(row))
            return row_status(row, err);
        x.region = row_str_in(row, a, 0);
        x.group = row_str_in(row, a, 1);
        x.stream_prefix = row_str_in(row, a, 2);
        x.bucket = row_str_in(row, a, 3);
        x.prefix = row_str_in(row, a, 4);
        x.from_ms = row_int(row, 5);
        x.to_ms = row_int(row, 6);
    }
    Error failed = ERROR_INIT;
    Status status = export_group(&x, a, &failed);
    if (logs_stopping(server))
        return ST_OK; /* begins anew at the next start */
    return db_exec(db, err, "UPDATE log_export SET state=CASE WHEN state='PENDING_CANCEL' THEN 'CANCELLED' ELSE ?2 END,"
                            " message=CASE WHEN state='PENDING_CANCEL' THEN 'Cancelled by user' ELSE ?3 END, completed_ms=?4 WHERE id=?1", "sssi", id,
                   status == ST_OK ? "COMPLETED" : "FAILED", status == ST_OK ? "Completed successfully" : failed.message, clock_ms());
}

/* --- the operations --- */

static Status check_bucket(Call *call, const char *name, Error *err)
{
    Bucket bucket;
    Error missing = ERROR_INIT;
    Status status = bucket_get(call->server->objects, call->arena, name, &bucket, &missing);
    if (status == ST_NOT_FOUND)
        return logs_invalid(err, "The given bucket does not exist. Please make sure the bucket is valid.");
    if (status != ST_OK && err)
        *err = missing;
    return status;
}

Status logs_create_export_task(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *prefix = val_str(in, "destinationPrefix"), *id = random_uuid(a);
    Export x = { .server = call->server, .id = id, .bucket = val_str(in, "destination") };
    LogGroup group;
    int64_t active;
    TRY(logs_group_of(call, &group, err));
    if (val_int(in, "from", 0) > val_int(in, "to", 0))
        return logs_invalid(err, "Specified time range is not valid: 'from' must not be later than 'to'.");
    TRY(check_bucket(call, x.bucket, err));
    TRY(put_test_object(&x, a, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &active, err, "SELECT count(*) FROM log_export WHERE region=? AND state IN ('PENDING','RUNNING','PENDING_CANCEL')", "s", call->region));
    if (active) /* "one active (running or pending) export task at a time" */
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "Resource limit exceeded.");
    TRY(db_exec(db, err, "INSERT INTO log_export(id, region, log_group, name, stream_prefix, from_ms, to_ms, bucket, prefix, state, created_ms)"
                         " VALUES(?,?,?,?,?,?,?,?,?,'PENDING',?)", "sssssiissi", id, call->region, group.name, val_str(in, "taskName"),
                val_str(in, "logStreamNamePrefix"), val_int(in, "from", 0), val_int(in, "to", 0), x.bucket, prefix && *prefix ? prefix : "exportedlogs", clock_ms()));
    TRY(db_commit(db, err));
    logs_wake(call->server);
    logs_wait_for(call->server, "log_export", id, SHORT_TASK_MS);
    val_set_str(a, call->output, "taskId", id);
    return ST_OK;
}

static Val *task_value(Arena *a, Row *row)
{
    static const char *const names[] = { "taskId", "taskName", "logGroupName", "destination", "destinationPrefix" };
    const char *state = row_str_in(row, a, 7), *message = row_str_in(row, a, 8);
    Val *v = val_map(a), *status = val_map(a), *info = val_map(a);
    for (int i = 0; i < 5; i++)
        val_set_str(a, v, names[i], row_str_in(row, a, i));
    val_set_int(a, v, "from", row_int(row, 5));
    val_set_int(a, v, "to", row_int(row, 6));
    val_set_str(a, status, "code", state);
    val_set_str(a, status, "message", message);
    val_set(a, v, "status", status);
    val_set_int(a, info, "creationTime", row_int(row, 9));
    if (!row_null(row, 10))
        val_set_int(a, info, "completionTime", row_int(row, 10));
    val_set(a, v, "executionInfo", info);
    return v;
}

Status logs_describe_export_tasks(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "taskId"), *token = val_str(call->input, "nextToken");
    size_t limit = logs_limit(call, "limit", LOGS_PAGE);
    int64_t from = 0;
    if (token && !str_to_i64(token, &from))
        return logs_invalid(err, "The specified nextToken is invalid.");
    Val *page = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT id, name, log_group, bucket, prefix, from_ms, to_ms, state, message, created_ms, completed_ms, rowid FROM log_export"
                                " WHERE region=? AND id=coalesce(?, id) AND state=coalesce(?, state) AND rowid>? ORDER BY rowid", "sssi", call->region, id,
                 val_str(call->input, "statusCode"), from));
    while (row_next(row)) {
        if (val_len(page) == limit) {
            val_set_str(a, call->output, "nextToken", arena_printf(a, "%lld", (long long)from));
            break;
        }
        from = row_int(row, 11);
        val_push(a, page, task_value(a, row));
    }
    TRY(row_status(row, err));
    if (id && !val_len(page))
        return logs_not_found(err, "The specified export task does not exist.");
    val_set(a, call->output, "exportTasks", page);
    return ST_OK;
}

Status logs_cancel_export_task(Call *call, Error *err)
{
    const char *id = val_str(call->input, "taskId");
    int64_t there;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM log_export WHERE region=? AND id=?", "ss", call->region, id));
    if (!there)
        return logs_not_found(err, "The specified export task does not exist.");
    TRY(db_exec(db, err, "UPDATE log_export SET state=CASE state WHEN 'PENDING' THEN 'CANCELLED' ELSE 'PENDING_CANCEL' END, message='Cancelled by user'"
                         " WHERE id=? AND state IN ('PENDING','RUNNING','PENDING_CANCEL')", "s", id));
    if (!db_changes(db))
        return FAIL_CODE(err, ST_CONFLICT, "InvalidOperationException", "The specified export task has already finished");
    return db_commit(db, err);
}
