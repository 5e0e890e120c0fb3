/* svc/s3/bucket_config.c -- a bucket's settings.
 *
 * Kept are those that weir honours by being what it is: tags; ownership (one account owns everything); the public access
 * block (no request without a signature is ever served); notifications to EventBridge. A setting that would promise what nobody does (a policy, a
 * lifecycle, encryption, replication, …) has no Put here, so that it is refused by name; its Get answers as on a bucket
 * that never had one. */
#include "svc/s3/s3.h"

#include "base/str.h"

static Status fail_absent(const Call *call, const char *code, const char *message, Error *err)
{
    Bucket bucket;
    TRY(bucket_get(call->server->objects, call->arena, s3_bucket(call), &bucket, err));
    object_fail(err, ST_NOT_FOUND, 404, code, "%s", message);
    error_param(err, "BucketName", s3_bucket(call));
    return ST_NOT_FOUND;
}

/* A Get of what cannot be set: the documented error. */
#define ABSENT(name, code, message)                 \
    Status name(Call *call, Error *err)             \
    {                                               \
        TRY(s3_check(call, err));                   \
        return fail_absent(call, code, message, err); \
    }
ABSENT(s3_get_bucket_policy, "NoSuchBucketPolicy", "The bucket policy does not exist")
ABSENT(s3_get_bucket_policy_status, "NoSuchBucketPolicy", "The bucket policy does not exist")
ABSENT(s3_get_bucket_cors, "NoSuchCORSConfiguration", "The CORS configuration does not exist")
ABSENT(s3_get_bucket_website, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
ABSENT(s3_get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
ABSENT(s3_get_bucket_replication, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
ABSENT(s3_get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError",
       "The server side encryption configuration was not found")
ABSENT(s3_get_object_lock_configuration, "ObjectLockConfigurationNotFoundError",
       "Object Lock configuration does not exist for this bucket")

/* A Get whose answer is empty on a bucket without the setting. */
static Status empty_answer(Call *call, Error *err)
{
    Bucket bucket;
    TRY(s3_check(call, err));
    return bucket_get(call->server->objects, call->arena, s3_bucket(call), &bucket, err);
}

Status s3_get_bucket_logging(Call *call, Error *err)
{
    return empty_answer(call, err);
}

/* Notifications go to EventBridge or nowhere. */
Status s3_put_bucket_notification_configuration(Call *call, Error *err)
{
    static const char *const refused[] = { "TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations" };
    const Val *asked = val_get(call->input, "NotificationConfiguration");
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (val_len(val_get(asked, refused[i])))
            return s3_unsupported(err, refused[i]);
    }
    return bucket_config_set(call->server->objects, s3_bucket(call), "notification", val_get(asked, "EventBridgeConfiguration") ? "{}" : NULL, err);
}

Status s3_get_bucket_notification_configuration(Call *call, Error *err)
{
    char *json;
    TRY(empty_answer(call, err));
    TRY(bucket_config_get(call->server->objects, call->arena, s3_bucket(call), "notification", &json, err));
    if (json)
        val_set(call->arena, call->output, "EventBridgeConfiguration", val_map(call->arena));
    return ST_OK;
}

Status s3_get_bucket_accelerate_configuration(Call *call, Error *err)
{
    return empty_answer(call, err);
}

Status s3_get_bucket_request_payment(Call *call, Error *err)
{
    TRY(empty_answer(call, err));
    val_set_str(call->arena, call->output, "Payer", "BucketOwner");
    return ST_OK;
}

static Val *owner_grants(const Call *call)
{
    Arena *a = call->arena;
    Val *grants = val_list(a), *grant = val_map(a), *grantee = s3_owner(call);
    val_set_str(a, grantee, "Type", "CanonicalUser");
    val_set(a, grant, "Grantee", grantee);
    val_set_str(a, grant, "Permission", "FULL_CONTROL");
    val_push(a, grants, grant);
    return grants;
}

Status s3_get_bucket_acl(Call *call, Error *err)
{
    TRY(empty_answer(call, err));
    val_set(call->arena, call->output, "Owner", s3_owner(call));
    val_set(call->arena, call->output, "Grants", owner_grants(call));
    return ST_OK;
}

Status s3_get_object_acl(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Object object;
    TRY(object_get(call->server->objects, call->arena, s3_bucket(call), s3_key(call), val_str(call->input, "VersionId"), &object,
                   err));
    val_set(call->arena, call->output, "Owner", s3_owner(call));
    val_set(call->arena, call->output, "Grants", owner_grants(call));
    return ST_OK;
}

/* --- tags --- */

Status s3_put_bucket_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    char *json;
    TRY(s3_tags_of_set(call, val_get(val_get(call->input, "Tagging"), "TagSet"), 50, &json, err));
    return bucket_config_set(call->server->objects, s3_bucket(call), "tagging", json, err);
}

Status s3_get_bucket_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    char *json;
    TRY(bucket_config_get(call->server->objects, call->arena, s3_bucket(call), "tagging", &json, err));
    if (!json)
        return fail_absent(call, "NoSuchTagSet", "The TagSet does not exist", err);
    val_set(call->arena, call->output, "TagSet", s3_tags_show(call->arena, json));
    return ST_OK;
}

Status s3_delete_bucket_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    return bucket_config_set(call->server->objects, s3_bucket(call), "tagging", NULL, err);
}

/* --- ownership and public access: kept as the JSON of their input --- */

static Status config_put(Call *call, const char *kind, const char *member, Error *err)
{
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    const char *json = val_to_json(call->arena, val_get(call->input, member));
    return bucket_config_set(call->server->objects, s3_bucket(call), kind, json, err);
}

static Status config_get(Call *call, const char *kind, const char *member, bool *ret_there, Error *err)
{
    TRY(s3_check(call, err));
    char *json;
    Val *body = NULL;
    TRY(bucket_config_get(call->server->objects, call->arena, s3_bucket(call), kind, &json, err));
    *ret_there = json != NULL;
    if (json && val_from_json(call->arena, json, strlen(json), &body))
        val_set(call->arena, call->output, member, body);
    return ST_OK;
}

Status s3_put_bucket_ownership_controls(Call *call, Error *err)
{
    const Val *rules = val_get(val_get(call->input, "OwnershipControls"), "Rules");
    const char *ownership = val_str(val_at(rules, 0), "ObjectOwnership");
    if (val_len(rules) != 1 || !ownership || !s3_one_of(ownership, " BucketOwnerEnforced BucketOwnerPreferred ObjectWriter "))
        return s3_malformed(err);
    return config_put(call, "ownership", "OwnershipControls", err);
}

Status s3_get_bucket_ownership_controls(Call *call, Error *err)
{
    bool there;
    TRY(config_get(call, "ownership", "OwnershipControls", &there, err));
    return there ? ST_OK
                 : fail_absent(call, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found", err);
}

Status s3_delete_bucket_ownership_controls(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    return bucket_config_set(call->server->objects, s3_bucket(call), "ownership", NULL, err);
}

Status s3_put_public_access_block(Call *call, Error *err)
{
    return config_put(call, "public-access-block", "PublicAccessBlockConfiguration", err);
}

Status s3_get_public_access_block(Call *call, Error *err)
{
    bool there;
    TRY(config_get(call, "public-access-block", "PublicAccessBlockConfiguration", &there, err));
    return there ? ST_OK
                 : fail_absent(call, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found",
                               err);
}

Status s3_delete_public_access_block(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    return bucket_config_set(call->server->objects, s3_bucket(call), "public-access-block", NULL, err);
}
