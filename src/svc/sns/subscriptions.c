/* svc/sns/subscriptions.c -- who gets a topic's messages. An http, https or e-mail endpoint must confirm first: it gets a message with
 * a link (GET /_weir/sns/confirm) and a token (ConfirmSubscription). */
#include "base/str.h"
#include "os/crypto.h"
#include "svc/queues.h"
#include "svc/bus.h"
#include "svc/sns/internal.h"

#include <ctype.h>

enum { TOKEN_LENGTH = 64 };

/* ---------------------------------------------------------------- endpoints */
static bool email_good(const char *text)
{
    const char *at = strchr(text, '@');
    return at && at != text && strchr(at, '.') && !strpbrk(text, " \t\r\n<>,;\"");
}

static Status check_queue(const char *topic, const char *arn, Error *err)
{
    if (!str_starts(arn, "arn:aws:sqs:"))
        return sns_invalid(err, "Invalid parameter: SQS endpoint ARN");
    if (queue_is_fifo(arn) && !sns_is_fifo(topic))
        return sns_invalid(err, "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
    return ST_OK;
}

static Status check_endpoint(Call *call, Db *db, const char *topic, const char *protocol, const char *endpoint, Error *err)
{
    if (str_eq(protocol, "http") || str_eq(protocol, "https"))
        return str_starts(endpoint, arena_printf(call->arena, "%s://", protocol))
                   ? ST_OK : sns_invalid(err, "Invalid parameter: Endpoint must match the specified protocol");
    if (str_eq(protocol, "email") || str_eq(protocol, "email-json"))
        return email_good(endpoint) ? ST_OK : sns_invalid(err, "Invalid parameter: Email address");
    if (str_eq(protocol, "sqs"))
        return check_queue(topic, endpoint, err);
    if (str_eq(protocol, "sms"))
        return sns_phone_good(endpoint) ? ST_OK : sns_invalid(err, "Invalid SMS endpoint: %s", endpoint);
    if (str_eq(protocol, "application")) {
        Status status = sns_endpoint_usable(db, call->arena, endpoint, NULL);
        return status == ST_NOT_FOUND ? sns_invalid(err, "Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint %s", endpoint) : ST_OK;
    }
    if (str_eq(protocol, "lambda") || str_eq(protocol, "firehose"))
        return sns_invalid(err, "Invalid parameter: Protocol Reason: %s is not there: nothing would take the message", protocol);
    return sns_invalid(err, "Invalid parameter: Does not support this protocol string: %s", protocol);
}

static bool must_confirm(const char *protocol)
{
    return str_starts(protocol, "http") || str_starts(protocol, "email");
}

/* ---------------------------------------------------------------- attributes */
static const char *const settable[] = { "RawMessageDelivery", "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy",
                                        "SubscriptionRoleArn", "ReplayPolicy" };

static bool names_queue(Arena *a, const char *policy_text)
{
    Val *policy;
    const char *queue = val_from_json(a, policy_text, strlen(policy_text), &policy) ? val_str(policy, "deadLetterTargetArn") : NULL;
    return queue && str_eq(bus_arn_service(a, queue), "sqs");
}

static Status set_attribute(Arena *a, Val *attributes, const char *name, const char *value, Error *err)
{
    size_t i = 0;
    while (i < sizeof settable / sizeof *settable && !str_eq(settable[i], name))
        i++;
    if (i == sizeof settable / sizeof *settable)
        return sns_invalid(err, "Invalid parameter: AttributeName");
    if (str_eq(name, "ReplayPolicy"))
        return sns_invalid(err, "Invalid parameter: %s Reason: it is not there", name);
    if (str_eq(name, "RedrivePolicy") && *value && !names_queue(a, value))
        return sns_invalid(err, "Invalid parameter: RedrivePolicy Reason: deadLetterTargetArn must be the ARN of an SQS queue");
    if (str_eq(name, "FilterPolicyScope") && !str_eq(value, "MessageBody") && !str_eq(value, "MessageAttributes"))
        return sns_invalid(err, "Invalid parameter: FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value);
    val_set_str(a, attributes, name, value);
    return ST_OK;
}

/* An empty filter policy takes it away. */
static Status settle_filter(Arena *a, Val **attributes, Error *err)
{
    const char *policy = val_str(*attributes, "FilterPolicy"), *scope = val_str(*attributes, "FilterPolicyScope");
    Val *kept = val_map(a);
    if (policy && *policy) {
        TRY(sns_filter_check(a, policy, scope, err));
        if (!scope)
            val_set_str(a, *attributes, "FilterPolicyScope", "MessageAttributes");
        return ST_OK;
    }
    for (size_t i = 0; i < val_len(*attributes); i++) {
        const char *name = (*attributes)->names[i];
        if (!str_eq(name, "FilterPolicy") && !(policy && str_eq(name, "FilterPolicyScope")))
            val_set(a, kept, name, (*attributes)->items[i]);
    }
    *attributes = kept;
    return ST_OK;
}

/* ---------------------------------------------------------------- rows */
typedef struct Subscription {
    char *arn, *topic, *protocol, *endpoint, *token;
    Val *attributes;
    bool confirmed, authenticated;
} Subscription;

static const char SUBSCRIPTION_COLUMNS[] = "arn, topic, protocol, endpoint, token, attributes, confirmed, authenticated";

static Status of_row(Arena *a, Row *row, Subscription *ret, Error *err)
{
    *ret = (Subscription){ .arn = row_str_in(row, a, 0), .topic = row_str_in(row, a, 1), .protocol = row_str_in(row, a, 2),
                           .endpoint = row_str_in(row, a, 3), .token = row_str_in(row, a, 4), .confirmed = row_int(row, 6) != 0,
                           .authenticated = row_int(row, 7) != 0 };
    return sns_document(a, row_str(row, 5), &ret->attributes, err);
}

/* By ARN, or by another column. ret->arn NULL: none. */
static Status find_by(Db *db, Arena *a, const char *where, const char *x, const char *y, const char *z, Subscription *ret, Error *err)
{
    row_auto *row = NULL;
    *ret = (Subscription){ 0 };
    TRY(db_query(db, &row, err, arena_printf(a, "SELECT %s FROM sns_subscription WHERE %s", SUBSCRIPTION_COLUMNS, where), "sss", x, y, z));
    if (row_next(row))
        TRY(of_row(a, row, ret, err));
    return row_status(row, err);
}

static Status find(Db *db, Arena *a, const char *arn, Subscription *ret, Error *err)
{
    TRY(find_by(db, a, "arn=?1 OR arn=?2 OR arn=?3", arn, arn, arn, ret, err));
    return ret->arn ? ST_OK : sns_not_found(err, "Subscription does not exist");
}

static Status ask_to_confirm(Call *call, Db *db, const Subscription *s, Error *err)
{
    Arena *a = call->arena;
    char *id = random_uuid(a);
    Publication p = { .topic = s->topic };
    Val *topic;
    Delivery d = { .message_id = id, .subscription = s->arn, .topic = s->topic, .kind = "SubscriptionConfirmation", .protocol = s->protocol,
                   .endpoint = s->endpoint, .subject = "Subscription Confirmation" };
    p.message = arena_printf(a, "You have chosen to subscribe to the topic %s.\nTo confirm the subscription, visit the SubscribeURL included in this message.", s->topic);
    TRY(sns_topic(db, a, s->topic, &topic, err));
    p.signature_version = val_str(topic, "SignatureVersion");
    TRY(sns_envelope(call->server, a, d.kind, id, &p, p.message, s->arn, s->token, &d.body, err));
    return sns_delivery_add(db, &d, err);
}

/* ---------------------------------------------------------------- operations */
static Status subscribe(Call *call, Db *db, const char *topic, const char *protocol, const char *endpoint, Val *attributes, Subscription *ret, Error *err)
{
    Arena *a = call->arena;
    Val *there;
    TRY(sns_topic(db, a, topic, &there, err));
    TRY(check_endpoint(call, db, topic, protocol, endpoint, err));
    TRY(settle_filter(a, &attributes, err));
    TRY(find_by(db, a, "topic=? AND protocol=? AND endpoint=?", topic, protocol, endpoint, ret, err));
    if (ret->arn) {
        if (val_len(attributes) && !str_eq(val_to_json(a, attributes), val_to_json(a, ret->attributes)))
            return sns_invalid(err, "Invalid parameter: Attributes Reason: Subscription already exists with different attributes");
        return ret->confirmed ? ST_OK : ask_to_confirm(call, db, ret, err);
    }
    *ret = (Subscription){ .arn = arena_printf(a, "%s:%s", topic, random_uuid(a)), .topic = arena_str(a, topic), .protocol = arena_str(a, protocol),
                           .endpoint = arena_str(a, endpoint), .token = random_text(a, "0123456789abcdef", TOKEN_LENGTH),
                           .attributes = attributes, .confirmed = !must_confirm(protocol) };
    TRY(db_exec(db, err, "INSERT INTO sns_subscription(arn, topic, region, protocol, endpoint, attributes, token, confirmed, authenticated) "
                         "VALUES(?,?,?,?,?,?,?,?,?)", "sssssssii", ret->arn, topic, call->region, protocol, endpoint, val_to_json(a, attributes),
                ret->token, (int64_t)ret->confirmed, (int64_t)ret->confirmed));
    return ret->confirmed ? ST_OK : ask_to_confirm(call, db, ret, err);
}

Status sns_subscribe(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *topic = val_str(call->input, "TopicArn"), *protocol = val_str(call->input, "Protocol"), *endpoint = val_str(call->input, "Endpoint");
    const Val *asked = val_get(call->input, "Attributes");
    Val *attributes = val_map(a);
    Subscription s;
    for (size_t i = 0; i < val_len(asked); i++)
        TRY(set_attribute(a, attributes, asked->names[i], asked->items[i]->s, err));
    if (!endpoint || !*endpoint)
        return sns_invalid(err, "Invalid parameter: Endpoint");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(subscribe(call, db, topic, protocol, endpoint, attributes, &s, err));
    TRY(db_commit(db, err));
    sns_delivery_wake(call->server);
    bool shown = s.confirmed || val_bool(call->input, "ReturnSubscriptionArn", false);
    val_set_str(a, call->output, "SubscriptionArn", shown ? s.arn : "pending confirmation");
    return ST_OK;
}

static Status confirm(Db *db, Arena *a, const char *topic, const char *token, bool authenticated, Subscription *ret, Error *err)
{
    TRY(find_by(db, a, "topic=? AND token=? AND ?3=?3", topic, token, token, ret, err));
    if (!ret->arn)
        return sns_invalid(err, "Invalid parameter: Token");
    TRY(db_exec(db, err, "UPDATE sns_subscription SET confirmed=1, authenticated=max(authenticated, ?) WHERE arn=?", "is", (int64_t)authenticated, ret->arn));
    return db_commit(db, err);
}

Status sns_confirm_subscription(Call *call, Error *err)
{
    Val *attributes;
    Subscription s;
    const char *topic = val_str(call->input, "TopicArn");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sns_topic(db, call->arena, topic, &attributes, err));
    TRY(confirm(db, call->arena, topic, val_str(call->input, "Token"), true, &s, err));
    val_set_str(call->arena, call->output, "SubscriptionArn", s.arn);
    return ST_OK;
}

Status sns_confirm_route(Call *call, Error *err)
{
    const char *topic = http_query(call->request, "TopicArn"), *token = http_query(call->request, "Token");
    Subscription s;
    db_auto *db = NULL;
    if (!topic || !token)
        return sns_invalid(err, "Invalid parameter: the link has no TopicArn and Token");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(confirm(db, call->arena, topic, token, false, &s, err));
    call->response->body = arena_printf(call->arena, "{\"SubscriptionArn\":\"%s\"}\n", s.arn);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}

static Status unsubscribe(Call *call, const char *arn, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE sns_topic SET deleted_subscriptions=deleted_subscriptions+1 WHERE arn=(SELECT topic FROM sns_subscription WHERE arn=?)",
                "s", arn));
    TRY(db_exec(db, err, "DELETE FROM sns_subscription WHERE arn=?", "s", arn));
    return db_commit(db, err);
}

Status sns_unsubscribe(Call *call, Error *err)
{
    return unsubscribe(call, val_str(call->input, "SubscriptionArn"), err);
}

Status sns_unsubscribe_route(Call *call, Error *err)
{
    const char *arn = http_query(call->request, "SubscriptionArn");
    return arn ? unsubscribe(call, arn, err) : sns_invalid(err, "Invalid parameter: the link has no SubscriptionArn");
}

static Status list(Call *call, const char *topic, Error *err)
{
    Arena *a = call->arena;
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    if (topic) {
        Val *attributes;
        TRY(sns_topic(db, a, topic, &attributes, err));
    }
    TRY(db_query(db, &row, err, arena_printf(a, "SELECT %s FROM sns_subscription WHERE region=? AND topic=coalesce(?, topic) ORDER BY seq", SUBSCRIPTION_COLUMNS),
                 "ss", call->region, topic));
    while (row_next(row)) {
        Subscription s;
        Val *shown = val_map(a);
        TRY(of_row(a, row, &s, err));
        val_set_str(a, shown, "TopicArn", s.topic);
        val_set_str(a, shown, "Protocol", s.protocol);
        val_set_str(a, shown, "SubscriptionArn", s.confirmed ? s.arn : "PendingConfirmation");
        val_set_str(a, shown, "Owner", call->server->account);
        val_set_str(a, shown, "Endpoint", s.endpoint);
        val_push(a, all, shown);
    }
    TRY(row_status(row, err));
    return sns_page(call, all, "Subscriptions", err);
}

Status sns_list_subscriptions(Call *call, Error *err)
{
    return list(call, NULL, err);
}

Status sns_list_subscriptions_by_topic(Call *call, Error *err)
{
    return list(call, val_str(call->input, "TopicArn"), err);
}

Status sns_get_subscription_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    Subscription s;
    Val *shown = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(find(db, a, val_str(call->input, "SubscriptionArn"), &s, err));
    const char *values[][2] = { { "SubscriptionArn", s.arn }, { "TopicArn", s.topic }, { "Protocol", s.protocol }, { "Endpoint", s.endpoint },
                                { "Owner", call->server->account }, { "PendingConfirmation", s.confirmed ? "false" : "true" },
                                { "ConfirmationWasAuthenticated", s.authenticated ? "true" : "false" }, { "RawMessageDelivery", "false" },
                                { "SubscriptionPrincipal", call->principal->arn } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        val_set_str(a, shown, values[i][0], values[i][1]);
    if (str_starts(s.protocol, "http"))
        val_set_str(a, shown, "EffectiveDeliveryPolicy", SNS_DELIVERY_POLICY);
    for (size_t i = 0; i < val_len(s.attributes); i++)
        val_set(a, shown, s.attributes->names[i], s.attributes->items[i]);
    val_set(a, call->output, "Attributes", shown);
    return ST_OK;
}

Status sns_set_subscription_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *value = val_str(call->input, "AttributeValue");
    Subscription s;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(db, a, val_str(call->input, "SubscriptionArn"), &s, err));
    TRY(set_attribute(a, s.attributes, val_str(call->input, "AttributeName"), value ? value : "", err));
    TRY(settle_filter(a, &s.attributes, err));
    TRY(db_exec(db, err, "UPDATE sns_subscription SET attributes=? WHERE arn=?", "ss", val_to_json(a, s.attributes), s.arn));
    return db_commit(db, err);
}
