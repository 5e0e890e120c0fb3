/* svc/sqs/messages.c -- sending, receiving, hiding and deleting messages.
 *
 * A FIFO queue gives no message of a group while an earlier one of it is hidden. A wait asks the store again every 50 ms: a
 * message may come from any thread of this server. */
#include "base/clock.h"
#include "base/str.h"
#include "lake/digest.h"
#include "os/crypto.h"
#include "svc/sqs/internal.h"

#include <time.h>

enum { BATCH_MAX = 10, MESSAGE_MAX = 1048576, WAIT_STEP_MS = 50, WAIT_MAX_S = 20, VISIBILITY_MAX_S = 43200, VISIBILITY_S = 30 };

/* ---------------------------------------------------------------- digests, which clients check */
static char *md5_hex(Arena *a, const void *bytes, size_t length)
{
    unsigned char digest[DIGEST_BYTES_MAX];
    char *hex = arena_alloc(a, 33);
    digest_of(DIGEST_MD5, bytes, length, digest);
    hex_encode(digest, 16, hex);
    return hex;
}

static void add_sized(Str *s, const char *bytes, size_t length)
{
    unsigned char size[4] = { (unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length };
    str_addn(s, size, 4);
    str_addn(s, bytes, length);
}

/* "Calculating the MD5 message digest for message attributes": by name; name, type, 1 or 2, value, each with its length. */
static char *md5_attributes(Arena *a, const Val *attributes)
{
    size_t n = val_len(attributes), *order = ARENA_ARRAY(a, size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(attributes->names[order[at - 1]], attributes->names[i]) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    str_auto s = STR_INIT(2 * MESSAGE_MAX);
    for (size_t i = 0; i < n; i++) {
        const Val *v = attributes->items[order[i]], *binary = val_get(v, "BinaryValue");
        const char *name = attributes->names[order[i]], *type = val_str(v, "DataType"), *text = val_str(v, "StringValue");
        add_sized(&s, name, strlen(name));
        add_sized(&s, type ? type : "", type ? strlen(type) : 0);
        str_addc(&s, text ? 1 : 2);
        if (text)
            add_sized(&s, text, strlen(text));
        else
            add_sized(&s, binary ? binary->s : "", binary ? binary->len : 0);
    }
    return n ? md5_hex(a, str_text(&s), s.len) : NULL;
}

/* ---------------------------------------------------------------- sending */
static Status send_one(Call *call, Db *db, const char *arn, const Val *entry, Val *result, Error *err)
{
    Arena *a = call->arena;
    const char *body = val_str(entry, "MessageBody");
    const Val *attributes = val_get(entry, "MessageAttributes");
    QueueMessage m = { .body = body, .attributes = attributes, .group_id = val_str(entry, "MessageGroupId"),
                       .dedup_id = val_str(entry, "MessageDeduplicationId"), .delay_s = val_int(entry, "DelaySeconds", -1) };
    QueueSent sent;
    if (!body || !*body)
        return sqs_invalid(err, "MissingParameter", "The request must contain the parameter MessageBody.");
    if (strlen(body) > MESSAGE_MAX)
        return sqs_invalid(err, "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.");
    if (m.delay_s > 900 || (m.delay_s >= 0 && queue_is_fifo(arn) && m.delay_s))
        return sqs_invalid(err, "InvalidParameterValue", "Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and "
                                                         "<= 900, and a FIFO queue has none for each message.");
    TRY(queue_send(db, a, arn, &m, &sent, err));
    val_set_str(a, result, "MessageId", sent.message_id);
    val_set_str(a, result, "MD5OfMessageBody", md5_hex(a, body, strlen(body)));
    val_set_str(a, result, "MD5OfMessageAttributes", md5_attributes(a, attributes));
    if (queue_is_fifo(arn))
        val_set_str(a, result, "SequenceNumber", arena_printf(a, "%020lld", (long long)sent.sequence));
    return ST_OK;
}

Status sqs_send_message(Call *call, Error *err)
{
    char *arn;
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    TRY(send_one(call, db, arn, call->input, call->output, err));
    return db_commit(db, err);
}

static Status check_batch(const Val *entries, Error *err)
{
    if (!val_len(entries))
        return sqs_invalid(err, "EmptyBatchRequest", "There should be at least one entry in the request.");
    if (val_len(entries) > BATCH_MAX)
        return sqs_invalid(err, "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.");
    for (size_t i = 0; i < val_len(entries); i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(val_str(val_at(entries, i), "Id"), val_str(val_at(entries, j), "Id")))
                return FAIL_CODE(err, ST_INVALID, "BatchEntryIdsNotDistinct", "Id %s repeated.", val_str(val_at(entries, i), "Id"));
        }
    }
    return ST_OK;
}

typedef Status (*BatchOne)(Call *call, Db *db, const char *arn, const Val *entry, Val *result, Error *err);

/* Each entry by itself: what fails is told apart, the rest is done. */
static Status batch(Call *call, BatchOne one, Error *err)
{
    Arena *a = call->arena;
    const Val *entries = val_get(call->input, "Entries");
    Val *attributes, *good = val_list(a), *bad = val_list(a);
    char *arn;
    db_auto *db = NULL;
    TRY(check_batch(entries, err));
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    for (size_t i = 0; i < val_len(entries); i++) {
        const Val *entry = val_at(entries, i);
        Val *result = val_map(a);
        Error own = ERROR_INIT;
        val_set_str(a, result, "Id", val_str(entry, "Id"));
        Status status = one(call, db, arn, entry, result, &own);
        if (status == ST_INVALID || status == ST_NOT_FOUND) {
            val_set_str(a, result, "Code", own.code);
            val_set_str(a, result, "Message", own.message);
            val_set_bool(a, result, "SenderFault", true);
        } else {
            TRY(status);
        }
        val_push(a, status == ST_OK ? good : bad, result);
    }
    TRY(db_commit(db, err));
    val_set(a, call->output, "Successful", good);
    val_set(a, call->output, "Failed", bad);
    return ST_OK;
}

Status sqs_send_message_batch(Call *call, Error *err)
{
    return batch(call, send_one, err);
}

/* ---------------------------------------------------------------- receiving */
static bool listed(const Val *names, const char *name)
{
    for (size_t i = 0; i < val_len(names); i++) {
        const char *wanted = val_at(names, i)->s;
        size_t n = strlen(wanted);
        if (str_eq(wanted, "All") || str_eq(wanted, ".*") || str_eq(wanted, name) ||
            (n >= 2 && str_ends(wanted, ".*") && !strncmp(wanted, name, n - 1)))
            return true;
    }
    return false;
}

static void system_attributes(Call *call, Row *row, Val *message)
{
    Arena *a = call->arena;
    const char *values[][2] = {
        { "SenderId", call->server->account },
        { "SentTimestamp", arena_printf(a, "%lld", (long long)row_int(row, 6)) },
        { "ApproximateReceiveCount", arena_printf(a, "%lld", (long long)row_int(row, 8) + 1) },
        { "ApproximateFirstReceiveTimestamp", arena_printf(a, "%lld", (long long)(row_null(row, 7) ? clock_ms() : row_int(row, 7))) },
        { "MessageGroupId", row_str_in(row, a, 4) },
        { "MessageDeduplicationId", row_str_in(row, a, 5) },
        { "SequenceNumber", row_null(row, 5) ? NULL : arena_printf(a, "%020lld", (long long)row_int(row, 0)) },
    };
    Val *shown = val_map(a);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (listed(val_get(call->input, "MessageSystemAttributeNames"), values[i][0]) || listed(val_get(call->input, "AttributeNames"), values[i][0]))
            val_set_str(a, shown, values[i][0], values[i][1]);
    }
    if (val_len(shown))
        val_set(a, message, "Attributes", shown);
}

static Val *message_of(Call *call, Row *row, const char *receipt)
{
    Arena *a = call->arena;
    Val *message = val_map(a), *attributes = NULL, *shown = val_map(a);
    char *body = row_str_in(row, a, 2), *json = row_str_in(row, a, 3);
    val_set_str(a, message, "MessageId", row_str_in(row, a, 1));
    val_set_str(a, message, "ReceiptHandle", receipt);
    val_set_str(a, message, "MD5OfBody", md5_hex(a, body, strlen(body)));
    val_set_str(a, message, "Body", body);
    system_attributes(call, row, message);
    if (val_from_json(a, json, strlen(json), &attributes)) {
        for (size_t i = 0; i < val_len(attributes); i++) {
            const char *binary = val_str(attributes->items[i], "BinaryValue");
            void *bytes;
            size_t length;
            if (binary && base64_decode(a, binary, &bytes, &length)) /* JSON holds bytes as base64 */
                val_set(a, attributes->items[i], "BinaryValue", val_blobv(a, bytes, length));
            if (listed(val_get(call->input, "MessageAttributeNames"), attributes->names[i]))
                val_set(a, shown, attributes->names[i], attributes->items[i]);
        }
    }
    if (val_len(shown)) {
        val_set(a, message, "MessageAttributes", shown);
        val_set_str(a, message, "MD5OfMessageAttributes", md5_attributes(a, shown));
    }
    return message;
}

/* What was received often enough and not deleted goes to the dead-letter queue, as it is. One that is gone leaves it where it is.
 * Source: "Using dead-letter queues in Amazon SQS". */
static Status move_dead(Call *call, Db *db, const char *arn, int64_t now, Error *err)
{
    Val *attributes, *there = NULL;
    Redrive redrive;
    TRY(queue_attributes(db, call->arena, arn, &attributes, err));
    TRY(sqs_redrive(call->arena, attributes, &redrive, err));
    if (!redrive.queue)
        return ST_OK;
    TRY(queue_attributes(db, call->arena, redrive.queue, &there, err));
    if (!there)
        return ST_OK;
    return db_exec(db, err, "UPDATE queue_message SET queue=?, receipt=NULL WHERE queue=? AND visible_ms<=? AND received>=?", "ssii", redrive.queue, arn, now,
                   redrive.most);
}

/* Takes what can be had now and hides it. */
static Status receive_now(Call *call, const char *arn, int64_t max, int64_t hide_ms, Val *messages, Error *err)
{
    Arena *a = call->arena;
    int64_t now = clock_ms(), seqs[BATCH_MAX];
    const char *receipts[BATCH_MAX];
    size_t n = 0;
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM queue_message WHERE queue=? AND expires_ms<=?", "si", arn, now));
    TRY(move_dead(call, db, arn, now, err));
    TRY(db_query(db, &row, err,
                 "SELECT seq, message_id, body, attributes, group_id, dedup_id, sent_ms, first_received_ms, received FROM queue_message m "
                 "WHERE queue=?1 AND visible_ms<=?2 AND (dedup_id IS NULL OR NOT EXISTS (SELECT 1 FROM queue_message e WHERE e.queue=m.queue "
                 "AND e.group_id=m.group_id AND e.seq<m.seq AND e.visible_ms>?2)) ORDER BY seq LIMIT ?3", "sii", arn, now, max));
    while (n < BATCH_MAX && row_next(row)) {
        seqs[n] = row_int(row, 0);
        receipts[n] = random_uuid(a);
        val_push(a, messages, message_of(call, row, receipts[n]));
        n++;
    }
    TRY(row_status(row, err));
    row_done(row);
    row = NULL;
    for (size_t i = 0; i < n; i++)
        TRY(db_exec(db, err,
                    "UPDATE queue_message SET received=received+1, first_received_ms=coalesce(first_received_ms, ?), visible_ms=?, receipt=? "
                    "WHERE seq=?", "iisi", now, now + hide_ms, receipts[i], seqs[i]));
    return db_commit(db, err);
}

static int64_t seconds_of(const Val *attributes, const char *name, int64_t missing)
{
    int64_t n;
    const char *text = val_str(attributes, name);
    return text && str_to_i64(text, &n) ? n : missing;
}

static Status receive_settings(Call *call, char **ret_arn, int64_t *ret_wait_s, int64_t *ret_hide_s, Error *err)
{
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, ret_arn, &attributes, err));
    *ret_wait_s = val_int(call->input, "WaitTimeSeconds", seconds_of(attributes, "ReceiveMessageWaitTimeSeconds", 0));
    *ret_hide_s = val_int(call->input, "VisibilityTimeout", seconds_of(attributes, "VisibilityTimeout", VISIBILITY_S));
    if (*ret_wait_s < 0 || *ret_wait_s > WAIT_MAX_S || *ret_hide_s < 0 || *ret_hide_s > VISIBILITY_MAX_S)
        return sqs_invalid(err, "InvalidParameterValue", "WaitTimeSeconds must be from 0 to 20, VisibilityTimeout from 0 to 43200.");
    return ST_OK;
}

Status sqs_receive_message(Call *call, Error *err)
{
    char *arn;
    int64_t wait_s, hide_s, max = val_int(call->input, "MaxNumberOfMessages", 1);
    Val *messages = val_list(call->arena);
    if (max < 1 || max > BATCH_MAX)
        return FAIL_CODE(err, ST_INVALID, "InvalidParameterValue", "Value %lld for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", (long long)max);
    TRY(receive_settings(call, &arn, &wait_s, &hide_s, err));
    int64_t until = clock_ms() + wait_s * 1000;
    for (;;) {
        TRY(receive_now(call, arn, max, hide_s * 1000, messages, err));
        if (val_len(messages) || clock_ms() >= until)
            break;
        nanosleep(&(struct timespec){ .tv_nsec = WAIT_STEP_MS * 1000000L }, NULL);
    }
    if (val_len(messages))
        val_set(call->arena, call->output, "Messages", messages);
    return ST_OK;
}

/* ---------------------------------------------------------------- after receiving */
static Status delete_one(Call *call, Db *db, const char *arn, const Val *entry, Val *result, Error *err)
{
    (void)call;
    (void)result;
    return db_exec(db, err, "DELETE FROM queue_message WHERE queue=? AND receipt=?", "ss", arn, val_str(entry, "ReceiptHandle"));
}

static Status hide_one(Call *call, Db *db, const char *arn, const Val *entry, Val *result, Error *err)
{
    int64_t seconds = val_int(entry, "VisibilityTimeout", 0), now = clock_ms();
    (void)call;
    (void)result;
    if (seconds < 0 || seconds > VISIBILITY_MAX_S)
        return FAIL_CODE(err, ST_INVALID, "InvalidParameterValue", "Value %lld for parameter VisibilityTimeout is invalid. Reason: must be between 0 and 43200.", (long long)seconds);
    TRY(db_exec(db, err, "UPDATE queue_message SET visible_ms=? WHERE queue=? AND receipt=? AND visible_ms>?", "issi", now + seconds * 1000, arn,
                val_str(entry, "ReceiptHandle"), now));
    return db_changes(db) ? ST_OK : sqs_invalid(err, "MessageNotInflight", "The message referred to isn't in flight.");
}

static Status single(Call *call, BatchOne one, Error *err)
{
    char *arn;
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    return one(call, db, arn, call->input, call->output, err);
}

Status sqs_delete_message(Call *call, Error *err)
{
    return single(call, delete_one, err);
}

Status sqs_delete_message_batch(Call *call, Error *err)
{
    return batch(call, delete_one, err);
}

Status sqs_change_message_visibility(Call *call, Error *err)
{
    return single(call, hide_one, err);
}

Status sqs_change_message_visibility_batch(Call *call, Error *err)
{
    return batch(call, hide_one, err);
}

Status sqs_purge_queue(Call *call, Error *err)
{
    char *arn;
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    return db_exec(db, err, "DELETE FROM queue_message WHERE queue=?", "s", arn);
}
