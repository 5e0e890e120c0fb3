/* svc/glue/settings.c -- resource policies, the catalog's encryption settings, security configurations. Records: weir's own
 * authorization and encryption do not read them. */
#include "base/str.h"
#include "os/crypto.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

/* --- resource policies --- */

static const RecordKind policy = { "policy", "Policy", NULL, "Policy not found" };

static const char *policy_arn(Call *call)
{
    const char *arn = val_str(call->input, "ResourceArn");
    return arn ? arn : glue_arn(call, "catalog");
}

static Status policy_now(Call *call, Record *ret_record, bool *ret_exists, Error *err)
{
    Error why = ERROR_INIT;
    Status status = record_load(call, &policy, policy_arn(call), ret_record, &why);
    *ret_exists = status == ST_OK;
    if (status != ST_OK && status != ST_NOT_FOUND && err)
        *err = why;
    return status == ST_NOT_FOUND ? ST_OK : status;
}

static Status check_hash(Call *call, const Record *now, bool exists, Error *err)
{
    const char *wanted = val_str(call->input, "PolicyHashCondition");
    if (wanted && (!exists || !str_eq(wanted, val_str(now->body, "PolicyHash"))))
        return FAIL_CODE(err, ST_CONFLICT, "ConcurrentModificationException", "Policy hash condition not met");
    return ST_OK;
}

Status glue_put_resource_policy(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record now = { 0 };
    bool exists = false;
    const char *text = val_str(call->input, "PolicyInJson"), *condition = val_str(call->input, "PolicyExistsCondition");
    Val *parsed = glue_json(a, text), *body = val_map(a);
    if (!parsed || parsed->kind != VAL_MAP)
        return glue_invalid(err, "The policy is not valid JSON.");
    TRY(policy_now(call, &now, &exists, err));
    if ((exists && str_eq(condition, "NOT_EXIST")) || (!exists && str_eq(condition, "MUST_EXIST")))
        return FAIL_CODE(err, ST_CONFLICT, "ResourceNumberLimitExceededException", "Policy %s", exists ? "already exists" : "does not exist");
    TRY(check_hash(call, &now, exists, err));
    char hash[SHA256_HEX_BYTES];
    sha256_hex(text, strlen(text), hash);
    val_set_str(a, body, "PolicyInJson", text);
    val_set_str(a, body, "PolicyHash", hash);
    TRY(exists ? record_save(call, &policy, policy_arn(call), body, err) : record_add(call, &policy, policy_arn(call), body, err));
    val_set_str(a, call->output, "PolicyHash", hash);
    return ST_OK;
}

static void policy_out(Call *call, const Record *r, Val *out)
{
    val_set_str(call->arena, out, "PolicyInJson", val_str(r->body, "PolicyInJson"));
    val_set_str(call->arena, out, "PolicyHash", val_str(r->body, "PolicyHash"));
    val_set_time(call->arena, out, "CreateTime", r->created_ms);
    val_set_time(call->arena, out, "UpdateTime", r->updated_ms);
}

Status glue_get_resource_policy(Call *call, Error *err)
{
    Record now;
    bool exists = false;
    TRY(policy_now(call, &now, &exists, err));
    if (exists)
        policy_out(call, &now, call->output);
    return ST_OK;
}

Status glue_get_resource_policies(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &policy, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++) {
        Val *out = val_map(call->arena);
        policy_out(call, &records.at[i], out);
        val_push(call->arena, list, out);
    }
    val_set(call->arena, call->output, "GetResourcePoliciesResponseList", list);
    return ST_OK;
}

Status glue_delete_resource_policy(Call *call, Error *err)
{
    Record now;
    bool exists = false;
    TRY(policy_now(call, &now, &exists, err));
    if (exists)
        TRY(check_hash(call, &now, exists, err));
    return record_drop(call, &policy, policy_arn(call), err);
}

/* --- the catalog's encryption settings --- */

static const RecordKind encryption = { "catalog-encryption", "Data catalog encryption settings", NULL, NULL };

static Status check_catalog(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    return glue_catalog(call, &m, err);
}

Status glue_put_data_catalog_encryption_settings(Call *call, Error *err)
{
    const Val *settings = val_get(call->input, "DataCatalogEncryptionSettings");
    TRY(check_catalog(call, err));
    Error why = ERROR_INIT;
    Status status = record_save(call, &encryption, "catalog", settings, &why);
    if (status == ST_NOT_FOUND)
        return record_add(call, &encryption, "catalog", settings, err);
    if (status != ST_OK && err)
        *err = why;
    return status;
}

Status glue_get_data_catalog_encryption_settings(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record r;
    Error why = ERROR_INIT;
    TRY(check_catalog(call, err));
    Status status = record_load(call, &encryption, "catalog", &r, &why);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = why;
        return status;
    }
    Val *settings = status == ST_OK ? r.body : val_map(a);
    if (status == ST_NOT_FOUND) {
        Val *at_rest = val_map(a), *passwords = val_map(a);
        val_set_str(a, at_rest, "CatalogEncryptionMode", "DISABLED");
        val_set_bool(a, passwords, "ReturnConnectionPasswordEncrypted", false);
        val_set(a, settings, "EncryptionAtRest", at_rest);
        val_set(a, settings, "ConnectionPasswordEncryption", passwords);
    }
    val_set(a, call->output, "DataCatalogEncryptionSettings", settings);
    return ST_OK;
}

/* --- security configurations --- */

static const RecordKind security = { "security-configuration", "SecurityConfiguration", NULL, "SecurityConfiguration %s not found" };

static Val *security_out(Call *call, const Record *r)
{
    Val *out = glue_copy(call->arena, r->body);
    val_set_time(call->arena, out, "CreatedTimeStamp", r->created_ms);
    return out;
}

Status glue_create_security_configuration(Call *call, Error *err)
{
    const char *name = val_str(call->input, "Name");
    Record r;
    TRY(record_add(call, &security, name, call->input, err));
    TRY(record_load(call, &security, name, &r, err));
    val_set_str(call->arena, call->output, "Name", name);
    val_set_time(call->arena, call->output, "CreatedTimestamp", r.created_ms);
    return ST_OK;
}

Status glue_get_security_configuration(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &security, val_str(call->input, "Name"), &r, err));
    val_set(call->arena, call->output, "SecurityConfiguration", security_out(call, &r));
    return ST_OK;
}

Status glue_get_security_configurations(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &security, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, security_out(call, &records.at[i]));
    val_set(call->arena, call->output, "SecurityConfigurations", list);
    return ST_OK;
}

Status glue_delete_security_configuration(Call *call, Error *err)
{
    return record_drop(call, &security, val_str(call->input, "Name"), err);
}
