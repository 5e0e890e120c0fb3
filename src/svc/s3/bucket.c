/* svc/s3/bucket.c -- buckets: list, create, delete, where they are, versioning. */
#include "svc/s3/s3.h"

#include "base/str.h"

Status s3_list_buckets(Call *call, Error *err)
{
    Arena *a = call->arena;
    BucketList buckets;
    TRY(bucket_list(call->server->objects, a, &buckets, err));
    const char *prefix = val_str(call->input, "Prefix"), *after = val_str(call->input, "ContinuationToken");
    const char *region = val_str(call->input, "BucketRegion");
    int64_t max = val_int(call->input, "MaxBuckets", 10000);
    if (max < 1 || max > 10000)
        return s3_invalid_argument(err, "max-buckets", NULL, "max-buckets must be between 1 and 10000");
    Val *list = val_list(a);
    const char *last = NULL;
    for (size_t i = 0; i < buckets.len; i++) {
        const Bucket *b = &buckets.at[i];
        if ((prefix && !str_starts(b->name, prefix)) || (after && strcmp(b->name, after) <= 0) ||
            (region && !str_eq(region, b->region)))
            continue;
        if ((int64_t)val_len(list) == max) {
            val_set_str(a, call->output, "ContinuationToken", last);
            break;
        }
        Val *item = val_map(a);
        val_set_str(a, item, "Name", b->name);
        val_set_time(a, item, "CreationDate", b->created_ms);
        val_set_str(a, item, "BucketRegion", b->region);
        val_push(a, list, item);
        last = b->name;
    }
    val_set(a, call->output, "Owner", s3_owner(call));
    val_set(a, call->output, "Buckets", list);
    val_set_str(a, call->output, "Prefix", prefix);
    return ST_OK;
}

Status s3_create_bucket(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    if (val_bool(call->input, "ObjectLockEnabledForBucket", false))
        return s3_unsupported(err, "ObjectLockEnabledForBucket");
    const Val *configuration = val_get(call->input, "CreateBucketConfiguration");
    if (val_get(configuration, "Location") || val_get(configuration, "Bucket"))
        return s3_unsupported(err, "directory buckets");
    const char *constraint = val_str(configuration, "LocationConstraint");
    if (str_eq(constraint, "us-east-1"))
        return object_fail(err, ST_INVALID, 400, "InvalidLocationConstraint", "The specified location-constraint is not valid");
    const char *region = str_eq(constraint, "EU") ? "eu-west-1" : constraint ? constraint : call->server->region;
    Error error = ERROR_INIT;
    Status status = bucket_create(call->server->objects, s3_bucket(call), call->server->account, region, &error);
    /* "If you re-create an existing bucket that you already own in us-east-1, Amazon S3 returns 200 OK". */
    if (status != ST_OK && !(str_eq(error.code, "BucketAlreadyOwnedByYou") && str_eq(region, "us-east-1"))) {
        *err = error;
        return status;
    }
    const Val *tags = val_get(configuration, "Tags");
    if (val_len(tags)) {
        char *json;
        TRY(s3_tags_of_set(call, tags, 50, &json, err));
        TRY(bucket_config_set(call->server->objects, s3_bucket(call), "tagging", json, err));
    }
    val_set_str(call->arena, call->output, "Location", arena_printf(call->arena, "/%s", s3_bucket(call)));
    return ST_OK;
}

Status s3_delete_bucket(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    return bucket_delete(call->server->objects, s3_bucket(call), err);
}

Status s3_head_bucket(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Bucket bucket;
    TRY(bucket_get(call->server->objects, call->arena, s3_bucket(call), &bucket, err));
    val_set_str(call->arena, call->output, "BucketRegion", bucket.region);
    val_set_bool(call->arena, call->output, "AccessPointAlias", false);
    return ST_OK;
}

Status s3_get_bucket_location(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Bucket bucket;
    TRY(bucket_get(call->server->objects, call->arena, s3_bucket(call), &bucket, err));
    if (!str_eq(bucket.region, "us-east-1"))
        val_set_str(call->arena, call->output, "LocationConstraint", bucket.region);
    return ST_OK;
}

Status s3_get_bucket_versioning(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Bucket bucket;
    TRY(bucket_get(call->server->objects, call->arena, s3_bucket(call), &bucket, err));
    val_set_str(call->arena, call->output, "Status", bucket.versioning);
    return ST_OK;
}

Status s3_put_bucket_versioning(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    const Val *configuration = val_get(call->input, "VersioningConfiguration");
    if (str_eq(val_str(configuration, "MFADelete"), "Enabled"))
        return s3_unsupported(err, "MFADelete");
    const char *status = val_str(configuration, "Status");
    if (!status)
        return object_fail(err, ST_INVALID, 400, "IllegalVersioningConfigurationException",
                           "The Versioning element must be specified");
    if (!s3_one_of(status, " Enabled Suspended "))
        return s3_malformed(err);
    return bucket_set_versioning(call->server->objects, s3_bucket(call), status, err);
}
