/* svc/sns/topics.c -- topics: attributes, permissions, tags. */
#include "base/str.h"
#include "svc/sns/internal.h"

#include <ctype.h>
#include <stdio.h>

enum { TOPIC_NAME_MAX = 256, TAGS_MAX = 50 };

const char SNS_DELIVERY_POLICY[] =
    "{\"defaultHealthyRetryPolicy\": {\"numNoDelayRetries\": 0, \"numMinDelayRetries\": 0, \"minDelayTarget\": 20, "
    "\"maxDelayTarget\": 20, \"numMaxDelayRetries\": 0, \"numRetries\": 3, \"backoffFunction\": \"linear\"}, "
    "\"sicklyRetryPolicy\": null, \"throttlePolicy\": null, \"guaranteed\": false}";

Status sns_not_found(Error *err, const char *what)
{
    FAIL_CODE(err, ST_NOT_FOUND, "NotFound", "%s", what);
    if (err)
        err->http = 404;
    return ST_NOT_FOUND;
}

Status sns_document(Arena *a, const char *text, Val **ret_value, Error *err)
{
    return text && val_from_json(a, text, strlen(text), ret_value) ? ST_OK : FAIL(err, ST_INTERNAL, "a document of SNS is no JSON");
}

Status sns_page(Call *call, const Val *all, const char *name, Error *err)
{
    Arena *a = call->arena;
    const char *token = val_str(call->input, "NextToken");
    int64_t from = 0;
    if (token && (!str_to_i64(token, &from) || from < 0))
        return sns_invalid(err, "Invalid parameter: nextToken");
    Val *page = val_list(a);
    for (size_t i = (size_t)from; i < val_len(all) && val_len(page) < SNS_PAGE; i++)
        val_push(a, page, (Val *)val_at(all, i));
    if ((size_t)from + val_len(page) < val_len(all))
        val_set_str(a, call->output, "NextToken", arena_printf(a, "%zu", (size_t)from + val_len(page)));
    val_set(a, call->output, name, page);
    return ST_OK;
}

bool sns_is_fifo(const char *arn)
{
    return str_ends(arn, ".fifo");
}

Status sns_topic(Db *db, Arena *a, const char *arn, Val **ret_attributes, Error *err)
{
    char *text = NULL;
    Status status = db_get_str(db, a, &text, err, "SELECT attributes FROM sns_topic WHERE arn=?", "s", arn);
    if (status == ST_NOT_FOUND)
        return sns_not_found(err, "Topic does not exist");
    TRY(status);
    return sns_document(a, text, ret_attributes, err);
}

/* ---------------------------------------------------------------- attributes */
static const char *const settable[] = {
    "DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId", "TracingConfig", "SignatureVersion", "FifoTopic", "ContentBasedDeduplication",
    "ArchivePolicy", "FifoThroughputScope",
    "HTTPSuccessFeedbackRoleArn", "HTTPSuccessFeedbackSampleRate", "HTTPFailureFeedbackRoleArn", "SQSSuccessFeedbackRoleArn",
    "SQSSuccessFeedbackSampleRate", "SQSFailureFeedbackRoleArn", "LambdaSuccessFeedbackRoleArn", "LambdaSuccessFeedbackSampleRate",
    "LambdaFailureFeedbackRoleArn", "FirehoseSuccessFeedbackRoleArn", "FirehoseSuccessFeedbackSampleRate", "FirehoseFailureFeedbackRoleArn",
    "ApplicationSuccessFeedbackRoleArn", "ApplicationSuccessFeedbackSampleRate", "ApplicationFailureFeedbackRoleArn",
};

static Status check_attribute(Arena *a, const char *name, const char *value, Error *err)
{
    Val *json;
    size_t i = 0;
    while (i < sizeof settable / sizeof *settable && !str_eq(settable[i], name))
        i++;
    if (i == sizeof settable / sizeof *settable)
        return sns_invalid(err, "Invalid parameter: AttributeName");
    if (str_eq(name, "SignatureVersion") && !str_eq(value, "1") && !str_eq(value, "2"))
        return sns_invalid(err, "Invalid parameter: SignatureVersion Reason: it is 1 or 2");
    if (str_ends(name, "Policy") && *value && (!val_from_json(a, value, strlen(value), &json) || json->kind != VAL_MAP))
        return sns_invalid(err, "Invalid parameter: %s Reason: it is no JSON object", name);
    return ST_OK;
}

/* The policy of a new topic: its owner's account may do everything. */
static Val *default_policy(Call *call, const char *arn)
{
    static const char *const actions[] = { "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
                                           "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish", "SNS:Receive" };
    Arena *a = call->arena;
    Val *policy = val_map(a), *statements = val_list(a), *s = val_map(a), *who = val_map(a), *list = val_list(a), *condition = val_map(a),
        *owner = val_map(a);
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        val_push(a, list, val_strv(a, actions[i]));
    val_set_str(a, who, "AWS", "*");
    val_set_str(a, owner, "AWS:SourceOwner", call->server->account);
    val_set(a, condition, "StringEquals", owner);
    val_set_str(a, s, "Effect", "Allow");
    val_set_str(a, s, "Sid", "__default_statement_ID");
    val_set(a, s, "Principal", who);
    val_set(a, s, "Action", list);
    val_set_str(a, s, "Resource", arn);
    val_set(a, s, "Condition", condition);
    val_push(a, statements, s);
    val_set_str(a, policy, "Version", "2008-10-17");
    val_set_str(a, policy, "Id", "__default_policy_ID");
    val_set(a, policy, "Statement", statements);
    return policy;
}

static Status policy_of(Call *call, const char *arn, const Val *attributes, Val **ret_policy, Error *err)
{
    const char *text = val_str(attributes, "Policy");
    *ret_policy = default_policy(call, arn);
    return text ? sns_document(call->arena, text, ret_policy, err) : ST_OK;
}

/* ---------------------------------------------------------------- making */
static Status check_name(const char *name, bool fifo, Error *err)
{
    size_t length = strlen(name), tail = str_ends(name, ".fifo") ? 5 : 0;
    bool good = length >= 1 && length <= TOPIC_NAME_MAX && length > tail;
    for (size_t i = 0; i < length - tail; i++)
        good = good && (isalnum((unsigned char)name[i]) || name[i] == '-' || name[i] == '_');
    if (fifo && (!good || !tail))
        return sns_invalid(err, "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, "
                                "numbers, underscores, and hyphens, and must be between 1 and 256 characters long.");
    if (!fifo && (!good || tail))
        return sns_invalid(err, "Topic names must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, "
                                "and must be between 1 and 256 characters long.");
    return ST_OK;
}

Status sns_create_topic(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "Name");
    const Val *asked = val_get(call->input, "Attributes"), *tags = val_get(call->input, "Tags");
    bool fifo = str_eq(val_str(asked, "FifoTopic"), "true");
    char *arn = arena_printf(a, "arn:aws:sns:%s:%s:%s", call->region, call->server->account, name);
    Val *there = NULL, *attributes = val_map(a);
    TRY(check_name(name, fifo, err));
    for (size_t i = 0; i < val_len(asked); i++) {
        TRY(check_attribute(a, asked->names[i], asked->items[i]->s, err));
        if (!str_eq(asked->names[i], "FifoTopic") || fifo)
            val_set(a, attributes, asked->names[i], asked->items[i]);
    }
    if (val_len(tags) > TAGS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = sns_topic(db, a, arn, &there, NULL);
    if (status == ST_NOT_FOUND)
        status = db_exec(db, err, "INSERT INTO sns_topic(arn, region, attributes, tags) VALUES(?,?,?,?)", "ssss", arn, call->region,
                         val_to_json(a, attributes), val_to_json(a, tags ? tags : val_list(a)));
    TRY(status);
    for (size_t i = 0; there && i < val_len(attributes); i++) {
        if (!str_eq(val_str(there, attributes->names[i]), attributes->items[i]->s))
            return sns_invalid(err, "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
    }
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "TopicArn", arn);
    return ST_OK;
}

/* "This action is idempotent, so deleting a topic that does not exist does not result in an error." */
Status sns_delete_topic(Call *call, Error *err)
{
    const char *arn = val_str(call->input, "TopicArn");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM sns_subscription WHERE topic=?", "s", arn));
    TRY(db_exec(db, err, "DELETE FROM sns_topic WHERE arn=?", "s", arn));
    return db_commit(db, err);
}

Status sns_list_topics(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT arn FROM sns_topic WHERE region=? ORDER BY seq", "s", call->region));
    while (row_next(row)) {
        Val *topic = val_map(a);
        val_set_str(a, topic, "TopicArn", row_str(row, 0));
        val_push(a, all, topic);
    }
    TRY(row_status(row, err));
    return sns_page(call, all, "Topics", err);
}

static Status counts(Db *db, Arena *a, const char *arn, Val *shown, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT count(*) FILTER (WHERE NOT confirmed), count(*) FILTER (WHERE confirmed), "
                                "(SELECT deleted_subscriptions FROM sns_topic WHERE arn=?1) FROM sns_subscription WHERE topic=?1", "s", arn));
    if (row_next(row)) {
        static const char *const names[] = { "SubscriptionsPending", "SubscriptionsConfirmed", "SubscriptionsDeleted" };
        for (int i = 0; i < 3; i++)
            val_set_str(a, shown, names[i], arena_printf(a, "%lld", (long long)row_int(row, i)));
    }
    return row_status(row, err);
}

Status sns_get_topic_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "TopicArn");
    Val *set, *shown = val_map(a), *policy;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(sns_topic(db, a, arn, &set, err));
    TRY(policy_of(call, arn, set, &policy, err));
    val_set_str(a, shown, "TopicArn", arn);
    val_set_str(a, shown, "Owner", call->server->account);
    val_set_str(a, shown, "DisplayName", "");
    val_set_str(a, shown, "DeliveryPolicy", "");
    val_set_str(a, shown, "EffectiveDeliveryPolicy", SNS_DELIVERY_POLICY);
    if (sns_is_fifo(arn))
        val_set_str(a, shown, "ContentBasedDeduplication", "false");
    TRY(counts(db, a, arn, shown, err));
    for (size_t i = 0; i < val_len(set); i++)
        val_set(a, shown, set->names[i], set->items[i]);
    val_set_str(a, shown, "Policy", val_str(set, "Policy") ? val_str(set, "Policy") : val_to_json(a, policy));
    val_set(a, call->output, "Attributes", shown);
    return ST_OK;
}

static Status save(Db *db, Arena *a, const char *arn, const Val *attributes, Error *err)
{
    TRY(db_exec(db, err, "UPDATE sns_topic SET attributes=? WHERE arn=?", "ss", val_to_json(a, attributes), arn));
    return db_commit(db, err);
}

Status sns_set_topic_attributes(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "TopicArn"), *name = val_str(call->input, "AttributeName"), *value = val_str(call->input, "AttributeValue");
    Val *attributes;
    TRY(check_attribute(a, name, value ? value : "", err));
    if (str_eq(name, "FifoTopic"))
        return sns_invalid(err, "Invalid parameter: AttributeName");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sns_topic(db, a, arn, &attributes, err));
    val_set_str(a, attributes, name, value ? value : "");
    return save(db, a, arn, attributes, err);
}

/* ---------------------------------------------------------------- permissions */
static bool action_known(const char *name)
{
    static const char words[] = " GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe "
                                "ListSubscriptionsByTopic Publish Receive ";
    size_t n = strlen(name);
    for (const char *at = words; (at = strstr(at, name)); at += n) {
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    }
    return false;
}

static Val *one_or_list(const Val *list)
{
    return val_len(list) == 1 ? (Val *)val_at(list, 0) : (Val *)list;
}

Status sns_add_permission(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "TopicArn"), *label = val_str(call->input, "Label");
    const Val *names = val_get(call->input, "ActionName"), *accounts = val_get(call->input, "AWSAccountId");
    Val *attributes, *policy, *actions = val_list(a), *principals = val_list(a), *s = val_map(a), *who = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sns_topic(db, a, arn, &attributes, err));
    TRY(policy_of(call, arn, attributes, &policy, err));
    Val *statements = (Val *)val_get(policy, "Statement");
    for (size_t i = 0; i < val_len(statements); i++) {
        if (str_eq(val_str(val_at(statements, i), "Sid"), label))
            return sns_invalid(err, "Statement already exists");
    }
    for (size_t i = 0; i < val_len(names); i++) {
        if (!action_known(val_at(names, i)->s))
            return sns_invalid(err, "Policy statement action out of service scope!");
        val_push(a, actions, val_strv(a, arena_printf(a, "SNS:%s", val_at(names, i)->s)));
    }
    for (size_t i = 0; i < val_len(accounts); i++)
        val_push(a, principals, val_strv(a, arena_printf(a, "arn:aws:iam::%s:root", val_at(accounts, i)->s)));
    val_set(a, who, "AWS", one_or_list(principals));
    val_set_str(a, s, "Sid", label);
    val_set_str(a, s, "Effect", "Allow");
    val_set(a, s, "Principal", who);
    val_set(a, s, "Action", one_or_list(actions));
    val_set_str(a, s, "Resource", arn);
    if (!statements)
        val_set(a, policy, "Statement", statements = val_list(a));
    val_push(a, statements, s);
    val_set_str(a, attributes, "Policy", val_to_json(a, policy));
    return save(db, a, arn, attributes, err);
}

Status sns_remove_permission(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "TopicArn"), *label = val_str(call->input, "Label");
    Val *attributes, *policy, *kept = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(sns_topic(db, a, arn, &attributes, err));
    TRY(policy_of(call, arn, attributes, &policy, err));
    const Val *statements = val_get(policy, "Statement");
    for (size_t i = 0; i < val_len(statements); i++) {
        if (!str_eq(val_str(val_at(statements, i), "Sid"), label))
            val_push(a, kept, (Val *)val_at(statements, i));
    }
    val_set(a, policy, "Statement", kept);
    val_set_str(a, attributes, "Policy", val_to_json(a, policy));
    return save(db, a, arn, attributes, err);
}

/* ---------------------------------------------------------------- tags */
static Status tags_of(Db *db, Arena *a, const char *arn, Val **ret_tags, Error *err)
{
    char *text = NULL;
    Status status = db_get_str(db, a, &text, err, "SELECT tags FROM sns_topic WHERE arn=?", "s", arn);
    if (status == ST_NOT_FOUND) {
        FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFound", "Resource does not exist");
        return ST_NOT_FOUND;
    }
    TRY(status);
    return sns_document(a, text, ret_tags, err);
}

/* Those of `old` that neither list names, then `add`. */
static Val *merged(Arena *a, const Val *old, const Val *add, const Val *drop)
{
    Val *tags = val_list(a);
    for (size_t i = 0; i < val_len(old); i++) {
        const char *key = val_str(val_at(old, i), "Key");
        Val *tag = (Val *)val_at(old, i);
        for (size_t j = 0; j < val_len(drop); j++)
            tag = str_eq(val_at(drop, j)->s, key) ? NULL : tag;
        for (size_t j = 0; tag && j < val_len(add); j++)
            tag = str_eq(val_str(val_at(add, j), "Key"), key) ? (Val *)val_at(add, j) : tag;
        if (tag)
            val_push(a, tags, tag);
    }
    for (size_t j = 0; j < val_len(add); j++) {
        bool there = false;
        for (size_t i = 0; i < val_len(tags); i++)
            there = there || str_eq(val_str(val_at(tags, i), "Key"), val_str(val_at(add, j), "Key"));
        if (!there)
            val_push(a, tags, (Val *)val_at(add, j));
    }
    return tags;
}

static Status change_tags(Call *call, const Val *add, const Val *drop, Error *err)
{
    Arena *a = call->arena;
    const char *arn = val_str(call->input, "ResourceArn");
    Val *old;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tags_of(db, a, arn, &old, err));
    Val *tags = merged(a, old, add, drop);
    if (val_len(tags) > TAGS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
    TRY(db_exec(db, err, "UPDATE sns_topic SET tags=? WHERE arn=?", "ss", val_to_json(a, tags), arn));
    return db_commit(db, err);
}

Status sns_tag_resource(Call *call, Error *err)
{
    return change_tags(call, val_get(call->input, "Tags"), NULL, err);
}

Status sns_untag_resource(Call *call, Error *err)
{
    return change_tags(call, NULL, val_get(call->input, "TagKeys"), err);
}

Status sns_list_tags_for_resource(Call *call, Error *err)
{
    Val *tags;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(tags_of(db, call->arena, val_str(call->input, "ResourceArn"), &tags, err));
    val_set(call->arena, call->output, "Tags", tags);
    return ST_OK;
}
