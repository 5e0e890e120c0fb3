/* svc/queues.c -- see queues.h. */
#include "svc/queues.h"

#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"

#include <stdlib.h>

enum { DEDUP_MS = 5 * 60 * 1000, RETENTION_S = 4 * 24 * 3600 };

bool queue_is_fifo(const char *arn)
{
    return str_ends(arn, ".fifo");
}

Status queue_attributes(Db *db, Arena *a, const char *arn, Val **ret_attributes, Error *err)
{
    char *text = NULL;
    Status status = db_get_str(db, a, &text, err, "SELECT attributes FROM queue WHERE arn=?", "s", arn);
    *ret_attributes = NULL;
    if (status == ST_NOT_FOUND)
        return ST_OK;
    TRY(status);
    return val_from_json(a, text, strlen(text), ret_attributes) ? ST_OK : FAIL(err, ST_INTERNAL, "the queue %s has no JSON", arn);
}

static int64_t number_of(const Val *attributes, const char *name, int64_t missing)
{
    const char *text = val_str(attributes, name);
    int64_t n;
    return text && str_to_i64(text, &n) ? n : missing;
}

/* What tells duplicates in a FIFO queue. */
static Status dedup_id(Arena *a, const char *arn, const Val *attributes, const QueueMessage *m, const char **ret_id, Error *err)
{
    *ret_id = NULL;
    if (!queue_is_fifo(arn))
        return ST_OK;
    if (!m->group_id)
        return FAIL_CODE(err, ST_INVALID, "MissingParameter", "The request must contain the parameter MessageGroupId.");
    if (m->dedup_id) {
        *ret_id = m->dedup_id;
    } else if (str_eq(val_str(attributes, "ContentBasedDeduplication"), "true")) {
        char *hex = arena_alloc(a, SHA256_HEX_BYTES);
        sha256_hex(m->body, strlen(m->body), hex);
        *ret_id = hex;
    } else {
        return FAIL_CODE(err, ST_INVALID, "InvalidParameterValue",
                         "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    }
    return ST_OK;
}

static Status seen_before(Db *db, Arena *a, const char *arn, const char *id, int64_t now, QueueSent *sent, bool *ret_seen, Error *err)
{
    row_auto *row = NULL;
    TRY(db_exec(db, err, "DELETE FROM queue_seen WHERE queue=? AND until_ms<=?", "si", arn, now));
    TRY(db_query(db, &row, err, "SELECT message_id, seq FROM queue_seen WHERE queue=? AND dedup_id=?", "ss", arn, id));
    *ret_seen = row_next(row);
    if (*ret_seen)
        *sent = (QueueSent){ row_str_in(row, a, 0), row_int(row, 1) };
    return row_status(row, err);
}

Status queue_send(Db *db, Arena *a, const char *arn, const QueueMessage *m, QueueSent *ret_sent, Error *err)
{
    Val *attributes = NULL;
    const char *id = NULL;
    bool seen = false;
    int64_t now = clock_ms();
    TRY(queue_attributes(db, a, arn, &attributes, err));
    if (!attributes)
        return FAIL_CODE(err, ST_NOT_FOUND, "QueueDoesNotExist", "The specified queue does not exist.");
    TRY(dedup_id(a, arn, attributes, m, &id, err));
    if (id)
        TRY(seen_before(db, a, arn, id, now, ret_sent, &seen, err));
    if (seen)
        return ST_OK;
    ret_sent->message_id = m->message_id ? arena_str(a, m->message_id) : random_uuid(a);
    int64_t delay = m->delay_s >= 0 ? m->delay_s : number_of(attributes, "DelaySeconds", 0);
    int64_t keep = number_of(attributes, "MessageRetentionPeriod", RETENTION_S);
    TRY(db_exec(db, err,
                "INSERT INTO queue_message(queue, message_id, body, attributes, group_id, dedup_id, sent_ms, visible_ms, expires_ms) "
                "VALUES(?,?,?,?,?,?,?,?,?)",
                "ssssssiii", arn, ret_sent->message_id, m->body, val_to_json(a, m->attributes ? m->attributes : val_map(a)), m->group_id, id,
                now, now + delay * 1000, now + keep * 1000));
    ret_sent->sequence = db_last_id(db);
    if (id)
        TRY(db_exec(db, err, "INSERT INTO queue_seen(queue, dedup_id, message_id, seq, until_ms) VALUES(?,?,?,?,?)", "sssii", arn, id,
                    ret_sent->message_id, ret_sent->sequence, now + DEDUP_MS));
    return ST_OK;
}
