/* svc/sts/sts.c -- who am I, and temporary credentials. */
#include "svc/sts/sts.h"

#include "base/str.h"
#include "svc/credentials.h"

enum { ROLE_DURATION_S = 3600, SESSION_DURATION_S = 12 * 3600, ROOT_SESSION_DURATION_S = 3600, CHAINED_DURATION_S = 3600 };

static Val *credentials_value(Arena *a, const Credential *c)
{
    Val *v = val_map(a);
    val_set_str(a, v, "AccessKeyId", c->principal.access_key);
    val_set_str(a, v, "SecretAccessKey", c->secret_key);
    val_set_str(a, v, "SessionToken", c->token);
    val_set_time(a, v, "Expiration", c->expires_ms);
    return v;
}

Status sts_get_caller_identity(Call *call, Error *err)
{
    (void)err;
    val_set_str(call->arena, call->output, "UserId", call->principal->user_id);
    val_set_str(call->arena, call->output, "Account", call->server->account);
    val_set_str(call->arena, call->output, "Arn", call->principal->arn);
    return ST_OK;
}

static Status not_authorized(Call *call, const char *role, Error *err)
{
    FAIL_CODE(err, ST_DENIED, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
              call->principal->arn, role);
    if (err)
        err->http = 403;
    return ST_DENIED;
}

Status sts_assume_role(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *role = val_str(call->input, "RoleArn"), *session = val_str(call->input, "RoleSessionName");
    const char *account, *name;
    if (!role_arn_parse(a, role, &account, &name))
        return FAIL_CODE(err, ST_INVALID, "ValidationError", "%s is invalid", role);
    if (session[strspn(session, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")])
        return FAIL_CODE(err, ST_INVALID, "ValidationError",
                         "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must "
                         "satisfy regular expression pattern: [\\w+=,.@-]*",
                         session);
    if (!str_eq(account, call->server->account))
        return not_authorized(call, role, err);
    int64_t duration = val_int(call->input, "DurationSeconds", ROLE_DURATION_S);
    if (call->principal->role_arn && duration > CHAINED_DURATION_S)
        return FAIL_CODE(err, ST_INVALID, "ValidationError",
                         "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
    CredentialsRequest request = { .role_arn = role, .session_name = session, .run = call->principal->run, .duration_s = duration };
    Credential made;
    TRY(credentials_issue(call->server->credentials, a, &request, &made, err));
    Val *user = val_map(a);
    val_set_str(a, user, "AssumedRoleId", made.principal.user_id);
    val_set_str(a, user, "Arn", made.principal.arn);
    val_set(a, call->output, "Credentials", credentials_value(a, &made));
    val_set(a, call->output, "AssumedRoleUser", user);
    val_set_str(a, call->output, "SourceIdentity", val_str(call->input, "SourceIdentity"));
    return ST_OK;
}

Status sts_get_session_token(Call *call, Error *err)
{
    const Principal *as = call->principal;
    if (as->role_arn)
        return FAIL_CODE(err, ST_DENIED, "AccessDenied", "Cannot call GetSessionToken with session credentials");
    bool root = str_ends(as->arn, ":root");
    int64_t duration = val_int(call->input, "DurationSeconds", root ? ROOT_SESSION_DURATION_S : SESSION_DURATION_S);
    if (root && duration > ROOT_SESSION_DURATION_S)
        duration = ROOT_SESSION_DURATION_S; /* as AWS does for the account's owner */
    CredentialsRequest request = { .as = as, .run = as->run, .duration_s = duration };
    Credential made;
    TRY(credentials_issue(call->server->credentials, call->arena, &request, &made, err));
    val_set(call->arena, call->output, "Credentials", credentials_value(call->arena, &made));
    return ST_OK;
}

Status sts_get_access_key_info(Call *call, Error *err)
{
    Credential found;
    if (credentials_find(call->server->credentials, call->arena, val_str(call->input, "AccessKeyId"), &found, NULL) != ST_OK)
        return FAIL_CODE(err, ST_INVALID, "ValidationError", "Access key %s is not of this account",
                         val_str(call->input, "AccessKeyId"));
    val_set_str(call->arena, call->output, "Account", call->server->account);
    return ST_OK;
}
