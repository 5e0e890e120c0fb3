/* svc/sns/publish.c -- a message to all who want it: into queues at once, to the network as deliveries, in one transaction. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/bus.h"
#include "svc/queues.h"
#include "svc/sns/internal.h"

#include <time.h>

enum { SUBJECT_MAX = 100, BATCH_MAX = 10, DEDUP_MS = 5 * 60 * 1000, SMS_MAX = 1600 };

/* ---------------------------------------------------------------- what an endpoint gets */
static char *timestamp(Arena *a, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return arena_printf(a, "%s.%03dZ", text, (int)(ms % 1000));
}

char *sns_confirm_url(Server *server, Arena *a, const char *topic, const char *token)
{
    return arena_printf(a, "%s/_weir/sns/confirm?TopicArn=%s&Token=%s", server->endpoint, topic, token);
}

static void add_attributes(Arena *a, Val *document, const Val *attributes)
{
    Val *shown = val_map(a);
    for (size_t i = 0; i < val_len(attributes); i++) {
        const Val *binary = val_get(attributes->items[i], "BinaryValue");
        Val *one = val_map(a);
        val_set_str(a, one, "Type", val_str(attributes->items[i], "DataType"));
        val_set_str(a, one, "Value", binary ? base64_encode(a, binary->s, binary->len) : val_str(attributes->items[i], "StringValue"));
        val_set(a, shown, attributes->names[i], one);
    }
    if (val_len(shown))
        val_set(a, document, "MessageAttributes", shown);
}

Status sns_envelope(Server *server, Arena *a, const char *kind, const char *message_id, const Publication *p, const char *body,
                    const char *subscription, const char *token, const char **ret_json, Error *err)
{
    Val *d = val_map(a);
    val_set_str(a, d, "Type", kind);
    val_set_str(a, d, "MessageId", message_id);
    val_set_str(a, d, "Token", token);
    val_set_str(a, d, "TopicArn", p->topic);
    val_set_str(a, d, "Subject", p->subject);
    val_set_str(a, d, "Message", body);
    val_set_str(a, d, "Timestamp", timestamp(a, clock_ms()));
    if (token)
        val_set_str(a, d, "SubscribeURL", sns_confirm_url(server, a, p->topic, token));
    TRY(sns_sign(server, a, d, p->signature_version, err));
    if (!token)
        val_set_str(a, d, "UnsubscribeURL", arena_printf(a, "%s/_weir/sns/unsubscribe?SubscriptionArn=%s", server->endpoint, subscription));
    add_attributes(a, d, p->attributes);
    *ret_json = val_to_json(a, d);
    return ST_OK;
}

/* ---------------------------------------------------------------- checks */
static Status check_attributes(const Val *attributes, Error *err)
{
    for (size_t i = 0; i < val_len(attributes); i++) {
        const Val *v = attributes->items[i], *binary = val_get(v, "BinaryValue");
        const char *type = val_str(v, "DataType"), *text = val_str(v, "StringValue"), *name = attributes->names[i];
        double number;
        if (!type || !*type)
            return FAIL_CODE(err, ST_INVALID, "ParameterValueInvalid", "The message attribute '%s' must contain non-empty message attribute type.", name);
        if (!str_starts(type, "String") && !str_starts(type, "Number") && !str_starts(type, "Binary"))
            return FAIL_CODE(err, ST_INVALID, "ParameterValueInvalid",
                             "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name);
        if (str_starts(type, "Binary") ? !binary || !binary->len : !text || !*text)
            return FAIL_CODE(err, ST_INVALID, "ParameterValueInvalid",
                             "The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, type);
        if (str_starts(type, "Number") && !str_to_f64(text, &number))
            return FAIL_CODE(err, ST_INVALID, "ParameterValueInvalid",
                             "Could not cast message attribute '%s' value to number.", name);
    }
    return ST_OK;
}

/* MessageStructure=json: a text for each protocol, and a default. */
static Status check_structure(Arena *a, const Publication *p, Val **ret_texts, Error *err)
{
    *ret_texts = NULL;
    if (!p->structure)
        return ST_OK;
    if (!str_eq(p->structure, "json"))
        return sns_invalid(err, "Invalid parameter: MessageStructure");
    if (!val_from_json(a, p->message, strlen(p->message), ret_texts) || (*ret_texts)->kind != VAL_MAP)
        return sns_invalid(err, "Invalid parameter: Message Structure - JSON message body failed to parse");
    return val_str(*ret_texts, "default") ? ST_OK : sns_invalid(err, "Invalid parameter: Message Structure - No default entry in JSON message body");
}

static Status check_text(const Publication *p, Error *err)
{
    if (!p->message || !*p->message)
        return sns_invalid(err, "Invalid parameter: Empty message");
    if (strlen(p->message) > SNS_MESSAGE_MAX)
        return sns_invalid(err, "Invalid parameter: Message too long");
    if (p->subject && strlen(p->subject) > SUBJECT_MAX)
        return sns_invalid(err, "Subject must be less than 100 characters");
    return check_attributes(p->attributes, err);
}

static Status check_fifo(Arena *a, const Publication *p, const Val *topic, const char **ret_dedup, Error *err)
{
    *ret_dedup = NULL;
    if (!sns_is_fifo(p->topic))
        return p->dedup_id ? sns_invalid(err, "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
                           : ST_OK;
    if (!p->group_id)
        return sns_invalid(err, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics Reason: The request must contain the parameter MessageGroupId.");
    if (p->dedup_id) {
        *ret_dedup = p->dedup_id;
    } else if (str_eq(val_str(topic, "ContentBasedDeduplication"), "true")) {
        char *hex = arena_alloc(a, SHA256_HEX_BYTES);
        sha256_hex(p->message, strlen(p->message), hex);
        *ret_dedup = hex;
    } else {
        return sns_invalid(err, "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- fan-out */
typedef struct Target {
    char *arn, *protocol, *endpoint;
    Val *attributes;
} Target;
typedef VEC(Target) Targets;

static Status targets_of(Db *db, Arena *a, const char *topic, Targets *ret, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT arn, protocol, endpoint, attributes FROM sns_subscription WHERE topic=? AND confirmed ORDER BY seq", "s", topic));
    while (row_next(row)) {
        Target t = { row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), NULL };
        TRY(sns_document(a, row_str(row, 3), &t.attributes, err));
        vec_push(a, ret, t);
    }
    return row_status(row, err);
}

static const char *text_for(const Val *texts, const Publication *p, const char *protocol)
{
    const char *own = texts ? val_str(texts, protocol) : NULL;
    return !texts ? p->message : own ? own : val_str(texts, "default");
}

/* A queue that is gone keeps no one else from the message. */
static Status to_queue(Server *server, Db *db, Arena *a, const Publication *p, const Target *t, const char *id, const char *dedup, const char *text, bool raw, Error *err)
{
    const char *body = text;
    if (!raw)
        TRY(sns_envelope(server, a, "Notification", id, p, text, t->arn, NULL, &body, err));
    QueueMessage m = { .body = body, .delay_s = -1, .attributes = raw ? p->attributes : NULL, .group_id = p->group_id, .dedup_id = queue_is_fifo(t->endpoint) ? dedup : NULL };
    QueueSent sent;
    Val *there;
    TRY(queue_attributes(db, a, t->endpoint, &there, err));
    if (there)
        return queue_send(db, a, t->endpoint, &m, &sent, err);
    Delivery d = { .message_id = id, .subscription = t->arn, .topic = p->topic, .kind = "Notification", .protocol = t->protocol, .endpoint = t->endpoint,
                   .subject = p->subject, .body = m.body, .raw = raw };
    return sns_delivery_add(db, &d, err);
}

static Status to_target(Server *server, Db *db, Arena *a, const Publication *p, const Val *texts, const Target *t, const char *id, const char *dedup, Error *err)
{
    const char *policy_text = val_str(t->attributes, "FilterPolicy"), *text = text_for(texts, p, t->protocol);
    bool raw = str_eq(val_str(t->attributes, "RawMessageDelivery"), "true");
    Val *policy = NULL;
    if (policy_text && val_from_json(a, policy_text, strlen(policy_text), &policy) &&
        !sns_filter_passes(a, policy, val_str(t->attributes, "FilterPolicyScope"), p->attributes, text))
        return ST_OK;
    if (str_eq(t->protocol, "sqs"))
        return to_queue(server, db, a, p, t, id, dedup, text, raw, err);
    const char *body = text;
    if (!raw && !str_eq(t->protocol, "email") && !str_eq(t->protocol, "sms"))
        TRY(sns_envelope(server, a, "Notification", id, p, text, t->arn, NULL, &body, err));
    Delivery d = { .message_id = id, .subscription = t->arn, .topic = p->topic, .kind = "Notification", .protocol = t->protocol, .endpoint = t->endpoint,
                   .subject = p->subject, .raw = raw, .body = body };
    return sns_delivery_add(db, &d, err);
}

/* Already taken within five minutes? Then its message id. */
static Status seen(Db *db, Arena *a, const char *topic, const char *id, const char *message_id, char **ret_before, Error *err)
{
    int64_t now = clock_ms();
    *ret_before = NULL;
    TRY(db_exec(db, err, "DELETE FROM sns_seen WHERE until_ms<=?", "i", now));
    Status status = db_get_str(db, a, ret_before, NULL, "SELECT message_id FROM sns_seen WHERE topic=? AND id=?", "ss", topic, id);
    if (status == ST_OK)
        return ST_OK;
    *ret_before = NULL;
    return db_exec(db, err, "INSERT INTO sns_seen(topic, id, message_id, until_ms) VALUES(?,?,?,?)", "sssi", topic, id, message_id, now + DEDUP_MS);
}

Status sns_publish_to_topic(Server *server, Db *db, Arena *a, const Publication *asked, const char **ret_message_id, int64_t *ret_sequence, Error *err)
{
    Val *topic, *texts;
    const char *dedup;
    Targets targets = { 0 };
    TRY(sns_topic(db, a, asked->topic, &topic, err));
    Publication signed_as = *asked, *p = &signed_as;
    signed_as.signature_version = val_str(topic, "SignatureVersion");
    TRY(check_text(p, err));
    TRY(check_structure(a, p, &texts, err));
    TRY(check_fifo(a, p, topic, &dedup, err));
    *ret_message_id = random_uuid(a);
    if (dedup) {
        char *before;
        TRY(seen(db, a, p->topic, dedup, *ret_message_id, &before, err));
        *ret_message_id = before ? before : *ret_message_id;
        if (before)
            return db_get_int(db, ret_sequence, err, "SELECT published FROM sns_topic WHERE arn=?", "s", p->topic);
    }
    TRY(db_exec(db, err, "UPDATE sns_topic SET published=published+1 WHERE arn=?", "s", p->topic));
    TRY(db_get_int(db, ret_sequence, err, "SELECT published FROM sns_topic WHERE arn=?", "s", p->topic));
    TRY(targets_of(db, a, p->topic, &targets, err));
    for (size_t i = 0; i < targets.len; i++)
        TRY(to_target(server, db, a, p, texts, &targets.at[i], *ret_message_id, dedup, err));
    return ST_OK;
}

/* ---------------------------------------------------------------- operations */
static Publication publication_of(const char *topic, const Val *entry)
{
    return (Publication){ .topic = topic, .message = val_str(entry, "Message"), .subject = val_str(entry, "Subject"),
                          .structure = val_str(entry, "MessageStructure"), .attributes = val_get(entry, "MessageAttributes"),
                          .group_id = val_str(entry, "MessageGroupId"), .dedup_id = val_str(entry, "MessageDeduplicationId") };
}

/* To one telephone or one device: there is no carrier, which the delivery records. */
static Status publish_direct(Call *call, Db *db, const char *protocol, const char *endpoint, const char **ret_id, Error *err)
{
    Arena *a = call->arena;
    Publication p = publication_of("", call->input);
    Val *texts;
    TRY(check_text(&p, err));
    TRY(check_structure(a, &p, &texts, err));
    if (str_eq(protocol, "sms") && strlen(p.message) > SMS_MAX)
        return sns_invalid(err, "SMS message must be less than 1600 bytes");
    *ret_id = random_uuid(a);
    Delivery d = { .message_id = *ret_id, .subscription = "", .topic = "", .kind = "Notification", .protocol = protocol, .endpoint = endpoint,
                   .subject = p.subject, .body = text_for(texts, &p, protocol) };
    return sns_delivery_add(db, &d, err);
}

Status sns_publish(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *topic = val_str(call->input, "TopicArn"), *target = val_str(call->input, "TargetArn"), *phone = val_str(call->input, "PhoneNumber"), *id;
    int64_t sequence = 0;
    db_auto *db = NULL;
    topic = topic ? topic : target;
    if (phone && !sns_phone_good(phone))
        return sns_invalid(err, "Phone number does not meet the E164 format");
    if (!topic && !phone)
        return sns_invalid(err, "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    if (phone) {
        TRY(publish_direct(call, db, "sms", phone, &id, err));
    } else if (strstr(topic, ":endpoint/")) {
        TRY(sns_endpoint_usable(db, a, topic, err));
        TRY(publish_direct(call, db, "application", topic, &id, err));
    } else {
        Publication p = publication_of(topic, call->input);
        TRY(sns_publish_to_topic(call->server, db, a, &p, &id, &sequence, err));
    }
    TRY(db_commit(db, err));
    sns_delivery_wake(call->server);
    val_set_str(a, call->output, "MessageId", id);
    if (topic && sns_is_fifo(topic))
        val_set_str(a, call->output, "SequenceNumber", arena_printf(a, "1%019lld", (long long)sequence));
    return ST_OK;
}

static Status check_batch(const char *topic, const Val *entries, Error *err)
{
    if (!val_len(entries))
        return FAIL_CODE(err, ST_INVALID, "EmptyBatchRequest", "The batch request doesn't contain any entries.");
    if (val_len(entries) > BATCH_MAX)
        return FAIL_CODE(err, ST_INVALID, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
    for (size_t i = 0; i < val_len(entries); i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(val_str(val_at(entries, i), "Id"), val_str(val_at(entries, j), "Id")))
                return FAIL_CODE(err, ST_INVALID, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
        }
        if (sns_is_fifo(topic) && !val_str(val_at(entries, i), "MessageGroupId"))
            return sns_invalid(err, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics");
    }
    return ST_OK;
}

Status sns_publish_batch(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *topic = val_str(call->input, "TopicArn");
    const Val *entries = val_get(call->input, "PublishBatchRequestEntries");
    Val *attributes, *good = val_list(a), *bad = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sns_topic(db, a, topic, &attributes, err));
    TRY(check_batch(topic, entries, err));
    for (size_t i = 0; i < val_len(entries); i++) {
        Publication p = publication_of(topic, val_at(entries, i));
        Val *result = val_map(a);
        const char *id;
        int64_t sequence;
        Error own = ERROR_INIT;
        val_set_str(a, result, "Id", val_str(val_at(entries, i), "Id"));
        Status status = sns_publish_to_topic(call->server, db, a, &p, &id, &sequence, &own);
        if (status == ST_OK) {
            val_set_str(a, result, "MessageId", id);
            if (sns_is_fifo(topic))
                val_set_str(a, result, "SequenceNumber", arena_printf(a, "1%019lld", (long long)sequence));
        } else if (status == ST_INVALID) {
            val_set_str(a, result, "Code", own.code);
            val_set_str(a, result, "Message", own.message);
            val_set_bool(a, result, "SenderFault", true);
        } else {
            return FAIL(err, status, "%s", own.message);
        }
        val_push(a, status == ST_OK ? good : bad, result);
    }
    TRY(db_commit(db, err));
    sns_delivery_wake(call->server);
    val_set(a, call->output, "Successful", good);
    val_set(a, call->output, "Failed", bad);
    return ST_OK;
}
