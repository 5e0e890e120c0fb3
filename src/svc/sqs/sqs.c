/* svc/sqs/sqs.c -- queues: making, finding, setting, tagging. Messages are in messages.c. */
#include "svc/sqs/internal.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>

enum { NAME_MAX_LENGTH = 80, PAGE_MAX = 1000, RECEIVES_MAX = 1000 };

char *sqs_url(Call *call, const char *name)
{
    return arena_printf(call->arena, "%s/%s/%s", call->server->endpoint, call->server->account, name);
}

char *sqs_arn(Call *call, const char *name)
{
    return arena_printf(call->arena, "arn:aws:sqs:%s:%s:%s", call->region, call->server->account, name);
}

Status sqs_no_queue(Error *err)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "QueueDoesNotExist", "The specified queue does not exist.");
}

Status sqs_invalid(Error *err, const char *code, const char *text)
{
    return FAIL_CODE(err, ST_INVALID, code, "%s", text);
}

/* The queue that QueueUrl names: its last part is the name, its host is not looked at. */
Status sqs_find(Call *call, Db *db, char **ret_arn, Val **ret_attributes, Error *err)
{
    const char *url = val_str(call->input, "QueueUrl"), *slash = url ? strrchr(url, '/') : NULL;
    *ret_arn = sqs_arn(call, slash ? slash + 1 : url ? url : "");
    TRY(queue_attributes(db, call->arena, *ret_arn, ret_attributes, err));
    return *ret_attributes ? ST_OK : sqs_no_queue(err);
}

/* ---------------------------------------------------------------- attributes */
/* Those that can be set, with the range of numbers; min > max: any text. */
static const struct {
    const char *name;
    int64_t min, max;
} settable[] = {
    { "DelaySeconds", 0, 900 }, { "MaximumMessageSize", 1024, 1048576 }, { "MessageRetentionPeriod", 60, 1209600 },
    { "ReceiveMessageWaitTimeSeconds", 0, 20 }, { "VisibilityTimeout", 0, 43200 }, { "KmsDataKeyReusePeriodSeconds", 60, 86400 },
    { "Policy", 1, 0 }, { "RedrivePolicy", 1, 0 }, { "RedriveAllowPolicy", 1, 0 }, { "KmsMasterKeyId", 1, 0 }, { "SqsManagedSseEnabled", 1, 0 },
    { "FifoQueue", 1, 0 }, { "ContentBasedDeduplication", 1, 0 }, { "DeduplicationScope", 1, 0 }, { "FifoThroughputLimit", 1, 0 },
};
enum { SETTABLE = sizeof settable / sizeof *settable };

static Status check_attributes(const Val *attributes, bool fifo, Error *err)
{
    for (size_t i = 0; i < val_len(attributes); i++) {
        const char *name = attributes->names[i], *text = attributes->items[i]->s;
        size_t k = 0;
        int64_t n;
        while (k < SETTABLE && !str_eq(settable[k].name, name))
            k++;
        bool only_fifo = k < SETTABLE && k >= 11;
        if (k == SETTABLE || (only_fifo && !fifo))
            return FAIL_CODE(err, ST_INVALID, "InvalidAttributeName", "Unknown Attribute %s.", name);
        if (settable[k].min <= settable[k].max && *text && (!str_to_i64(text, &n) || n < settable[k].min || n > settable[k].max))
            return FAIL_CODE(err, ST_INVALID, "InvalidAttributeValue", "Invalid value for the parameter %s.", name);
    }
    return ST_OK;
}

Status sqs_redrive(Arena *a, const Val *attributes, Redrive *ret, Error *err)
{
    Val *policy = NULL;
    const char *text = val_str(attributes, "RedrivePolicy");
    *ret = (Redrive){ 0 };
    if (!text || !*text)
        return ST_OK;
    if (!val_from_json(a, text, strlen(text), &policy) || policy->kind != VAL_MAP)
        return sqs_invalid(err, "InvalidParameterValue", "Value for parameter RedrivePolicy is invalid. Reason: It is no JSON object.");
    const char *count = val_str(policy, "maxReceiveCount");
    ret->most = val_int(policy, "maxReceiveCount", 0);
    if (count && !str_to_i64(count, &ret->most))
        ret->most = 0;
    ret->queue = val_str(policy, "deadLetterTargetArn");
    if (!ret->queue || ret->most < 1 || ret->most > RECEIVES_MAX)
        return sqs_invalid(err, "InvalidParameterValue", "Value for parameter RedrivePolicy is invalid. Reason: It has a deadLetterTargetArn and a maxReceiveCount from 1 to 1000.");
    return ST_OK;
}

/* The dead-letter queue is there, and of the queue's own type. */
static Status check_redrive(Call *call, Db *db, const char *arn, const Val *attributes, Error *err)
{
    Redrive redrive;
    Val *there = NULL;
    TRY(sqs_redrive(call->arena, attributes, &redrive, err));
    if (!redrive.queue)
        return ST_OK;
    TRY(queue_attributes(db, call->arena, redrive.queue, &there, err));
    if (!there || queue_is_fifo(redrive.queue) != queue_is_fifo(arn))
        return sqs_invalid(err, "InvalidParameterValue", there ? "Value for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source."
                                                               : "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.");
    return ST_OK;
}

static Status check_name(const char *name, const Val *attributes, Error *err)
{
    size_t length = strlen(name);
    bool fifo = str_ends(name, ".fifo"), asked = str_eq(val_str(attributes, "FifoQueue"), "true");
    bool good = length >= 1 && length <= NAME_MAX_LENGTH;
    for (size_t i = 0; i < length - (fifo ? 5 : 0); i++)
        good = good && (isalnum((unsigned char)name[i]) || name[i] == '-' || name[i] == '_');
    if (!good || fifo != asked)
        return sqs_invalid(err, "InvalidParameterValue", fifo != asked && good
                               ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
                                 ".fifo suffix and be 1 to 80 in length"
                               : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    return ST_OK;
}

Status sqs_create_queue(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "QueueName");
    const Val *asked = val_get(call->input, "Attributes"), *tags = val_get(call->input, "tags");
    char *arn = sqs_arn(call, name);
    Val *there = NULL;
    TRY(check_name(name, asked, err));
    TRY(check_attributes(asked, queue_is_fifo(name), err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(queue_attributes(db, a, arn, &there, err));
    for (size_t i = 0; there && i < val_len(asked); i++) {
        if (!str_eq(val_str(there, asked->names[i]), asked->items[i]->s))
            return FAIL_CODE(err, ST_INVALID, "QueueNameExists",
                             "A queue already exists with the same name and a different value for attribute %s", asked->names[i]);
    }
    TRY(check_redrive(call, db, arn, asked, err));
    if (!there)
        TRY(db_exec(db, err, "INSERT INTO queue(arn, region, name, attributes, tags, created_ms, changed_ms) VALUES(?,?,?,?,?,?,?)", "sssssii",
                    arn, call->region, name, val_to_json(a, asked ? asked : val_map(a)), val_to_json(a, tags ? tags : val_map(a)), clock_ms(),
                    clock_ms()));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "QueueUrl", sqs_url(call, name));
    return ST_OK;
}

Status sqs_delete_queue(Call *call, Error *err)
{
    char *arn;
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    return db_exec(db, err, "DELETE FROM queue WHERE arn=?", "s", arn);
}

Status sqs_get_queue_url(Call *call, Error *err)
{
    const char *name = val_str(call->input, "QueueName");
    Val *attributes;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(queue_attributes(db, call->arena, sqs_arn(call, name), &attributes, err));
    if (!attributes)
        return sqs_no_queue(err);
    val_set_str(call->arena, call->output, "QueueUrl", sqs_url(call, name));
    return ST_OK;
}

Status sqs_list_queues(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "QueueNamePrefix"), *token = val_str(call->input, "NextToken");
    int64_t max = val_int(call->input, "MaxResults", PAGE_MAX), after = 0, n = 0;
    if (max < 1 || max > PAGE_MAX || (token && !str_to_i64(token, &after)))
        return sqs_invalid(err, "InvalidParameterValue", "MaxResults must be from 1 to 1000, NextToken one that was given.");
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT seq, name FROM queue WHERE region=? AND seq>? AND substr(name, 1, length(?))=? ORDER BY seq", "siss",
                 call->region, after, prefix ? prefix : "", prefix ? prefix : ""));
    Val *urls = val_list(a);
    while (row_next(row)) {
        if (n++ == max) {
            val_set_str(a, call->output, "NextToken", arena_printf(a, "%lld", (long long)after));
            break;
        }
        after = row_int(row, 0);
        val_push(a, urls, val_strv(a, sqs_url(call, row_str(row, 1))));
    }
    TRY(row_status(row, err));
    if (val_len(urls))
        val_set(a, call->output, "QueueUrls", urls);
    return ST_OK;
}

Status sqs_list_dead_letter_source_queues(Call *call, Error *err)
{
    Arena *a = call->arena;
    char *arn;
    Val *attributes, *urls = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    TRY(db_query(db, &row, err, "SELECT name FROM queue WHERE region=? AND json_extract(nullif(json_extract(attributes, '$.RedrivePolicy'), ''), "
                                "'$.deadLetterTargetArn')=? ORDER BY seq", "ss", call->region, arn));
    while (row_next(row))
        val_push(a, urls, val_strv(a, sqs_url(call, row_str(row, 0))));
    TRY(row_status(row, err));
    val_set(a, call->output, "queueUrls", urls);
    return ST_OK;
}

/* ---------------------------------------------------------------- what a queue shows */
static void defaults(Arena *a, Val *shown, bool fifo)
{
    static const char *const values[][2] = { { "VisibilityTimeout", "30" }, { "MaximumMessageSize", "1048576" }, { "MessageRetentionPeriod", "345600" },
                                             { "DelaySeconds", "0" }, { "ReceiveMessageWaitTimeSeconds", "0" }, { "SqsManagedSseEnabled", "false" } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        val_set_str(a, shown, values[i][0], values[i][1]);
    if (fifo) {
        val_set_str(a, shown, "FifoQueue", "true");
        val_set_str(a, shown, "ContentBasedDeduplication", "false");
        val_set_str(a, shown, "DeduplicationScope", "queue");
        val_set_str(a, shown, "FifoThroughputLimit", "perQueue");
    }
}

static Status counts(Db *db, Arena *a, const char *arn, Val *shown, Error *err)
{
    row_auto *row = NULL;
    int64_t now = clock_ms();
    TRY(db_query(db, &row, err,
                 "SELECT count(*) FILTER (WHERE visible_ms<=?1), count(*) FILTER (WHERE visible_ms>?1 AND received>0), "
                 "count(*) FILTER (WHERE visible_ms>?1 AND received=0) FROM queue_message WHERE queue=?2 AND expires_ms>?1", "is", now, arn));
    if (row_next(row)) {
        static const char *const names[] = { "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                                             "ApproximateNumberOfMessagesDelayed" };
        for (int i = 0; i < 3; i++)
            val_set_str(a, shown, names[i], arena_printf(a, "%lld", (long long)row_int(row, i)));
    }
    return row_status(row, err);
}

Status sqs_get_queue_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    char *arn;
    Val *set, *all = val_map(a), *shown = val_map(a);
    const Val *wanted = val_get(call->input, "AttributeNames");
    int64_t created, changed;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sqs_find(call, db, &arn, &set, err));
    defaults(a, all, queue_is_fifo(arn));
    for (size_t i = 0; i < val_len(set); i++) {
        if (!str_eq(set->names[i], "RedrivePolicy") || set->items[i]->len) /* an empty one takes it away */
            val_set(a, all, set->names[i], set->items[i]);
    }
    TRY(counts(db, a, arn, all, err));
    TRY(db_get_int(db, &created, err, "SELECT created_ms/1000 FROM queue WHERE arn=?", "s", arn));
    TRY(db_get_int(db, &changed, err, "SELECT changed_ms/1000 FROM queue WHERE arn=?", "s", arn));
    val_set_str(a, all, "CreatedTimestamp", arena_printf(a, "%lld", (long long)created));
    val_set_str(a, all, "LastModifiedTimestamp", arena_printf(a, "%lld", (long long)changed));
    val_set_str(a, all, "QueueArn", arn);
    for (size_t i = 0; i < val_len(wanted); i++) {
        const char *name = val_at(wanted, i)->s;
        for (size_t j = 0; j < val_len(all); j++) {
            if (str_eq(name, "All") || str_eq(name, all->names[j]))
                val_set(a, shown, all->names[j], all->items[j]);
        }
    }
    if (val_len(shown))
        val_set(a, call->output, "Attributes", shown);
    return ST_OK;
}

Status sqs_set_queue_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    char *arn;
    Val *set;
    const Val *asked = val_get(call->input, "Attributes");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sqs_find(call, db, &arn, &set, err));
    TRY(check_attributes(asked, queue_is_fifo(arn), err));
    TRY(check_redrive(call, db, arn, asked, err));
    for (size_t i = 0; i < val_len(asked); i++)
        val_set(a, set, asked->names[i], asked->items[i]);
    TRY(db_exec(db, err, "UPDATE queue SET attributes=?, changed_ms=? WHERE arn=?", "sis", val_to_json(a, set), clock_ms(), arn));
    return db_commit(db, err);
}

/* ---------------------------------------------------------------- tags */
static Status change_tags(Call *call, const Val *add, const Val *drop, Error *err)
{
    Arena *a = call->arena;
    char *arn, *text;
    Val *attributes, *old = NULL, *tags = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sqs_find(call, db, &arn, &attributes, err));
    TRY(db_get_str(db, a, &text, err, "SELECT tags FROM queue WHERE arn=?", "s", arn));
    if (!val_from_json(a, text, strlen(text), &old))
        return FAIL(err, ST_INTERNAL, "the tags of %s are no JSON", arn);
    for (size_t i = 0; i < val_len(old); i++) {
        bool dropped = false;
        for (size_t j = 0; j < val_len(drop); j++)
            dropped = dropped || str_eq(val_at(drop, j)->s, old->names[i]);
        if (!dropped)
            val_set(a, tags, old->names[i], old->items[i]);
    }
    for (size_t i = 0; i < val_len(add); i++)
        val_set(a, tags, add->names[i], add->items[i]);
    TRY(db_exec(db, err, "UPDATE queue SET tags=? WHERE arn=?", "ss", val_to_json(a, tags), arn));
    TRY(db_commit(db, err));
    if (!add && !drop && val_len(tags))
        val_set(a, call->output, "Tags", tags);
    return ST_OK;
}

Status sqs_tag_queue(Call *call, Error *err)
{
    return change_tags(call, val_get(call->input, "Tags"), NULL, err);
}

Status sqs_untag_queue(Call *call, Error *err)
{
    return change_tags(call, NULL, val_get(call->input, "TagKeys"), err);
}

Status sqs_list_queue_tags(Call *call, Error *err)
{
    return change_tags(call, NULL, NULL, err);
}
