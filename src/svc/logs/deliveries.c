/* svc/logs/deliveries.c -- vended logs: delivery sources, delivery destinations and the deliveries between them. No service that sends vended
 * logs (CloudFront, Bedrock, …) is here: they are kept, checked and described, and nothing flows through them. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/logs/internal.h"
#include "svc/logs/records.h"

#define SOURCE "delivery-source"
#define DESTINATION "delivery-destination"
#define DELIVERY "delivery"

static Status validation(Error *err, const char *text)
{
    return FAIL_CODE(err, ST_INVALID, "ValidationException", "%s", text);
}

static Status conflict(Error *err, const char *text)
{
    return FAIL_CODE(err, ST_CONFLICT, "ConflictException", "%s", text);
}

static char *arn_of(Call *call, const char *kind, const char *name)
{
    return bus_arn(call->arena, call->server, "logs", call->region, call->region, arena_printf(call->arena, "%s:%s", kind, name));
}

static Status find(Call *call, Db *db, const char *kind, const char *name, LogRecord *ret_record, Error *err)
{
    Status status = log_record_find(db, call->arena, call->region, kind, name, ret_record, err);
    if (status == ST_OK && val_len(ret_record->tags))
        val_set(call->arena, ret_record->body, "tags", ret_record->tags);
    return status == ST_NOT_FOUND ? logs_not_found(err, "The requested %s was not found: %s", kind, name) : status;
}

static Status get(Call *call, const char *kind, const char *name_member, const char *member, Error *err)
{
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(find(call, db, kind, val_str(call->input, name_member), &r, err));
    val_set(call->arena, call->output, member, r.body);
    return ST_OK;
}

static Status describe(Call *call, const char *kind, const char *member, Error *err)
{
    LogRecords all = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(log_record_list(db, call->arena, call->region, kind, NULL, &all, err));
    return log_record_page(call, &all, member, "limit", err);
}

static Status put(Call *call, Db *db, const char *kind, const char *name, Val *body, const char *member, Error *err)
{
    const Val *tags = val_get(call->input, "tags");
    TRY(log_record_put(db, call->arena, call->region, kind, name, arn_of(call, kind, name), body, tags, err));
    TRY(db_commit(db, err));
    if (tags)
        val_set(call->arena, body, "tags", (Val *)tags);
    val_set(call->arena, call->output, member, body);
    return ST_OK;
}

/* In use by a delivery whose `member` is `value`. */
static Status check_unused(Call *call, Db *db, const char *member, const char *value, Error *err)
{
    LogRecords all = { 0 };
    TRY(log_record_list(db, call->arena, call->region, DELIVERY, NULL, &all, err));
    for (size_t i = 0; i < all.len; i++) {
        if (str_eq(val_str(all.at[i].body, member), value))
            return conflict(err, "It is used by a delivery: delete that first.");
    }
    return ST_OK;
}

/* --- sources --- */

/* What each service can send. Source: PutDeliverySource, "logType". */
static const struct {
    const char *service, *log_types;
} senders[] = {
    { "bedrock", " APPLICATION_LOGS EVENT_LOGS " },
    { "cloudfront", " ACCESS_LOGS CONNECTION_LOGS " },
    { "codewhisperer", " EVENT_LOGS " },
    { "entityresolution", " WORKFLOW_LOGS " },
    { "mediapackagev2", " EGRESS_ACCESS_LOGS INGRESS_ACCESS_LOGS " },
    { "mediatailor", " AD_DECISION_SERVER_LOGS MANIFEST_SERVICE_LOGS TRANSCODE_LOGS " },
    { "network-firewall", " FLOW_LOGS ALERT_LOGS TLS_LOGS " },
    { "elasticloadbalancing", " NLB_ACCESS_LOGS " },
    { "ses", " APPLICATION_LOGS TRAFFIC_POLICY_DEBUG_LOGS " },
    { "sso", " ERROR_LOGS " },
    { "workmail", " ACCESS_CONTROL_LOGS AUTHENTICATION_LOGS WORKMAIL_AVAILABILITY_PROVIDER_LOGS WORKMAIL_MAILBOX_ACCESS_LOGS "
                  "WORKMAIL_PERSONAL_ACCESS_TOKEN_LOGS " },
};

static Status check_sender(Call *call, const char *service, const char *type, Error *err)
{
    size_t i = 0, n = sizeof senders / sizeof *senders;
    while (i < n && !str_eq(senders[i].service, service))
        i++;
    if (i == n)
        return logs_not_found(err, "Cannot access provided service for creating delivery source: %s", service ? service : "none");
    if (!strstr(senders[i].log_types, arena_printf(call->arena, " %s ", type)))
        return validation(err, "This service is not allowed for this LogSource.");
    return ST_OK;
}

Status logs_put_delivery_source(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "name"), *resource = val_str(call->input, "resourceArn"), *type = val_str(call->input, "logType");
    const char *service = bus_arn_service(a, resource);
    LogRecord old;
    Val *body = val_map(a), *resources = val_list(a);
    if (val_get(call->input, "deliverySourceConfiguration"))
        return logs_refused(err, "PutDeliverySource", "deliverySourceConfiguration");
    TRY(check_sender(call, service, type, err));
    val_push(a, resources, val_strv(a, resource));
    val_set_str(a, body, "name", name);
    val_set_str(a, body, "arn", arn_of(call, SOURCE, name));
    val_set(a, body, "resourceArns", resources);
    val_set_str(a, body, "service", service);
    val_set_str(a, body, "logType", type);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    if (log_record_find(db, a, call->region, SOURCE, name, &old, NULL) == ST_OK && !str_eq(val_at(val_get(old.body, "resourceArns"), 0)->s, resource))
        return conflict(err, "Update to existing Delivery Source with a new ResourceId is not allowed.");
    return put(call, db, SOURCE, name, body, "deliverySource", err);
}

Status logs_get_delivery_source(Call *call, Error *err)
{
    return get(call, SOURCE, "name", "deliverySource", err);
}

Status logs_describe_delivery_sources(Call *call, Error *err)
{
    return describe(call, SOURCE, "deliverySources", err);
}

Status logs_delete_delivery_source(Call *call, Error *err)
{
    const char *name = val_str(call->input, "name");
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, SOURCE, name, &r, err));
    TRY(check_unused(call, db, "deliverySourceName", name, err));
    TRY(log_record_delete(db, call->region, SOURCE, name, err));
    return db_commit(db, err);
}

/* --- destinations --- */

static const char *destination_type(Arena *a, const char *arn)
{
    const char *service = bus_arn_service(a, arn);
    return str_eq(service, "s3") ? "S3" : str_eq(service, "logs") ? "CWL" : str_eq(service, "firehose") ? "FH" : NULL;
}

Status logs_put_delivery_destination(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *configuration = val_get(in, "deliveryDestinationConfiguration");
    const char *name = val_str(in, "name"), *format = val_str(in, "outputFormat"), *type = val_str(in, "deliveryDestinationType");
    const char *resource = val_str(configuration, "destinationResourceArn"), *own = resource ? destination_type(a, resource) : NULL;
    LogRecord old = { 0 };
    Val *body = val_map(a);
    if (!resource && !str_eq(type, "XRAY"))
        return validation(err, "deliveryDestinationConfiguration is required.");
    if (resource && !own)
        return validation(err, "The destination is no S3 bucket, log group or Firehose stream.");
    if (resource && type && !str_eq(type, own))
        return validation(err, "deliveryDestinationType does not fit the destination's ARN.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = log_record_find(db, a, call->region, DESTINATION, name, &old, NULL);
    if (status == ST_OK && format && !str_eq(format, val_str(old.body, "outputFormat")))
        return validation(err, "Update to existing Delivery Destination with new Output Format is not allowed.");
    val_set_str(a, body, "name", name);
    val_set_str(a, body, "arn", arn_of(call, DESTINATION, name));
    val_set_str(a, body, "deliveryDestinationType", own ? own : type);
    val_set_str(a, body, "outputFormat", format ? format : val_str(old.body, "outputFormat"));
    val_set(a, body, "deliveryDestinationConfiguration", (Val *)configuration);
    val_set_str(a, body, "policy", val_str(old.body, "policy"));
    return put(call, db, DESTINATION, name, body, "deliveryDestination", err);
}

Status logs_get_delivery_destination(Call *call, Error *err)
{
    return get(call, DESTINATION, "name", "deliveryDestination", err);
}

Status logs_describe_delivery_destinations(Call *call, Error *err)
{
    return describe(call, DESTINATION, "deliveryDestinations", err);
}

Status logs_delete_delivery_destination(Call *call, Error *err)
{
    const char *name = val_str(call->input, "name");
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, DESTINATION, name, &r, err));
    TRY(check_unused(call, db, "deliveryDestinationArn", r.arn, err));
    TRY(log_record_delete(db, call->region, DESTINATION, name, err));
    return db_commit(db, err);
}

/* policy NULL: none. */
static Status set_policy(Call *call, const char *policy, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "deliveryDestinationName");
    LogRecord r;
    Val *body = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, DESTINATION, name, &r, err));
    for (size_t i = 0; i < val_len(r.body); i++) {
        if (!str_eq(r.body->names[i], "policy") && !str_eq(r.body->names[i], "tags"))
            val_set(a, body, r.body->names[i], r.body->items[i]);
    }
    val_set_str(a, body, "policy", policy);
    TRY(log_record_put(db, a, call->region, DESTINATION, name, r.arn, body, NULL, err));
    return db_commit(db, err);
}

static void show_policy(Call *call, const char *policy)
{
    Val *shown = val_map(call->arena);
    val_set_str(call->arena, shown, "deliveryDestinationPolicy", policy);
    val_set(call->arena, call->output, "policy", shown);
}

Status logs_put_delivery_destination_policy(Call *call, Error *err)
{
    const char *policy = val_str(call->input, "deliveryDestinationPolicy");
    Val *json;
    if (!val_from_json(call->arena, policy, strlen(policy), &json))
        return validation(err, "The policy is no JSON.");
    TRY(set_policy(call, policy, err));
    show_policy(call, policy);
    return ST_OK;
}

Status logs_delete_delivery_destination_policy(Call *call, Error *err)
{
    return set_policy(call, NULL, err);
}

Status logs_get_delivery_destination_policy(Call *call, Error *err)
{
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(find(call, db, DESTINATION, val_str(call->input, "deliveryDestinationName"), &r, err));
    show_policy(call, val_str(r.body, "policy"));
    return ST_OK;
}

/* --- deliveries --- */

static void set_format(Arena *a, Val *body, const Val *in)
{
    static const char *const members[] = { "recordFields", "fieldDelimiter", "s3DeliveryConfiguration" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        val_set(a, body, members[i], (Val *)val_get(in, members[i]));
}

static const char *name_of_arn(Call *call, const char *arn)
{
    char *prefix = arn_of(call, DESTINATION, "");
    return str_starts(arn, prefix) ? arn + strlen(prefix) : "";
}

Status logs_create_delivery(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *source = val_str(call->input, "deliverySourceName"), *arn = val_str(call->input, "deliveryDestinationArn");
    const char *id = random_text(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16);
    LogRecord from, to;
    LogRecords all = { 0 };
    Val *body = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, SOURCE, source, &from, err));
    TRY(find(call, db, DESTINATION, name_of_arn(call, arn), &to, err));
    TRY(log_record_list(db, a, call->region, DELIVERY, NULL, &all, err));
    for (size_t i = 0; i < all.len; i++) {
        if (str_eq(val_str(all.at[i].body, "deliverySourceName"), source) && str_eq(val_str(all.at[i].body, "deliveryDestinationArn"), arn))
            return conflict(err, "Delivery already exists.");
    }
    val_set_str(a, body, "id", id);
    val_set_str(a, body, "arn", arn_of(call, DELIVERY, id));
    val_set_str(a, body, "deliverySourceName", source);
    val_set_str(a, body, "deliveryDestinationArn", arn);
    val_set_str(a, body, "deliveryDestinationType", val_str(to.body, "deliveryDestinationType"));
    set_format(a, body, call->input);
    return put(call, db, DELIVERY, id, body, "delivery", err);
}

Status logs_update_delivery_configuration(Call *call, Error *err)
{
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, DELIVERY, val_str(call->input, "id"), &r, err));
    set_format(call->arena, r.body, call->input);
    TRY(log_record_put(db, call->arena, call->region, DELIVERY, r.name, r.arn, r.body, NULL, err));
    return db_commit(db, err);
}

Status logs_get_delivery(Call *call, Error *err)
{
    return get(call, DELIVERY, "id", "delivery", err);
}

Status logs_describe_deliveries(Call *call, Error *err)
{
    if (val_get(call->input, "deliverySourceNames"))
        return logs_refused(err, "DescribeDeliveries", "deliverySourceNames");
    return describe(call, DELIVERY, "deliveries", err);
}

Status logs_delete_delivery(Call *call, Error *err)
{
    LogRecord r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find(call, db, DELIVERY, val_str(call->input, "id"), &r, err));
    TRY(log_record_delete(db, call->region, DELIVERY, r.name, err));
    return db_commit(db, err);
}
