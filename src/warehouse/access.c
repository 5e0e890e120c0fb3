/* warehouse/access.c -- what COPY and UNLOAD may reach: roles and keys to a lake; options that are known. */
#include "lake/lake.h"
#include "warehouse/process.h"

const DialectOption *copy_option(const DialectCopy *copy, const char *name)
{
    for (size_t i = 0; i < copy->options.len; i++) {
        if (str_eq(copy->options.at[i].name, name))
            return &copy->options.at[i];
    }
    return NULL;
}

Status copy_check_options(const DialectCopy *copy, const char *const *known, size_t count, const char *what, Error *err)
{
    for (size_t i = 0; i < copy->options.len; i++) {
        bool found = false;
        for (size_t j = 0; j < count; j++)
            found |= str_eq(known[j], copy->options.at[i].name);
        if (!found)
            return FAIL(err, ST_UNSUPPORTED, "%s with %s is not supported", what, copy->options.at[i].name);
    }
    return ST_OK;
}

static const char *part_of(Arena *a, const char *credentials, const char *name)
{
    const char *at = strstr(credentials, name);
    if (!at || (at != credentials && at[-1] != ';'))
        return NULL;
    at += strlen(name);
    return arena_strn(a, at, strcspn(at, ";"));
}

static bool role_form(const char *arn)
{
    return str_starts(arn, "arn:aws") && strstr(arn, ":iam::") && strstr(arn, ":role/");
}

static Status role_keys(Execution *x, const char *role, LakeCredentials *keys, Error *err)
{
    const Val *cluster = val_get(x->request, "cluster"), *lake = val_get(x->request, "lake");
    if (strchr(role, ','))
        return FAIL(err, ST_UNSUPPORTED, "chained IAM roles are not supported");
    if (str_eq(role, "default")) {
        role = val_str(cluster, "default_role");
        if (!role)
            return FAIL(err, ST_INVALID, "The default IAM role is not set for the cluster");
    }
    if (!role_form(role))
        return FAIL(err, ST_INVALID, "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
                                     "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'");
    const Val *key = val_get(val_get(lake, "keys"), role);
    if (!key)
        return FAIL(err, ST_DENIED, "The requested role %s is not associated to cluster", role);
    keys->access_key = val_str(key, "access_key");
    keys->secret_key = val_str(key, "secret_key");
    keys->session_token = val_str(key, "token");
    return ST_OK;
}

static Status keys_of(Execution *x, const DialectCopy *copy, LakeCredentials *keys, Error *err)
{
    const DialectOption *role = copy_option(copy, "IAM_ROLE"), *credentials = copy_option(copy, "CREDENTIALS");
    const DialectOption *id = copy_option(copy, "ACCESS_KEY_ID"), *secret = copy_option(copy, "SECRET_ACCESS_KEY"), *token = copy_option(copy, "SESSION_TOKEN");
    if (role)
        return role_keys(x, role->value ? role->value : "", keys, err);
    const char *named = credentials ? part_of(x->arena, credentials->value, "aws_iam_role=") : NULL;
    if (named)
        return role_keys(x, named, keys, err);
    keys->access_key = credentials ? part_of(x->arena, credentials->value, "aws_access_key_id=") : id ? id->value : NULL;
    keys->secret_key = credentials ? part_of(x->arena, credentials->value, "aws_secret_access_key=") : secret ? secret->value : NULL;
    keys->session_token = credentials ? part_of(x->arena, credentials->value, "token=") : token ? token->value : NULL;
    if (keys->access_key && keys->secret_key)
        return ST_OK;
    return FAIL(err, ST_INVALID, "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
                                 "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'");
}

Status copy_lake(Execution *x, const DialectCopy *copy, Lake **ret_lake, Error *err)
{
    const Val *lake = val_get(x->request, "lake");
    LakeCredentials keys = { .endpoint = val_str(lake, "endpoint"), .region = val_str(lake, "region") };
    LakeOptions options = { .host_files = false, .run = x->id };
    TRY(keys_of(x, copy, &keys, err));
    if (!str_starts(copy->uri, "s3://"))
        return FAIL(err, ST_UNSUPPORTED, "COPY and UNLOAD know s3:// locations only, not '%s'", copy->uri);
    return lake_open_server(&keys, &options, ret_lake, err);
}
