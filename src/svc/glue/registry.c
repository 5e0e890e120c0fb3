/* svc/glue/registry.c -- the schema registry: registries and schemas. Versions are in registry_versions.c. */
#include "svc/glue/registry.h"

#include "base/clock.h"
#include "base/str.h"
#include "svc/glue/operations.h"

#include <ctype.h>

static const RecordKind registry = { "registry", "Registry", "registry/%s",
                                     "Registry is not found. RegistryName: %s, RegistryArn: null" };
const RecordKind schema_kind = { "schema", "Schema", "schema/%s", "Schema is not found. SchemaName: %s" };

enum { REGISTRIES_MAX = 10, SCHEMAS_MAX = 1000 };
static const char default_registry[] = "default-registry";

Status registry_check_text(const char *text, const char *extra, const char *parameter, Error *err)
{
    for (const char *c = text; c && *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(extra, *c))
            return glue_invalid(err, "The parameter value contains one or more characters that are not valid. Parameter Name: %s", parameter);
    return ST_OK;
}

/* The name after the resource's type in an ARN of this account. */
static Status name_of_arn(Call *call, const char *arn, const char *type, const char *parameter, const char **ret_name, Error *err)
{
    const char *start = arn ? strstr(arn, type) : NULL;
    if (!start || !str_starts(arn, "arn:aws:glue:"))
        return glue_invalid(err, "The parameter value contains one or more characters that are not valid. Parameter Name: %s", parameter);
    *ret_name = arena_str(call->arena, start + strlen(type));
    return ST_OK;
}

static Status registry_name(Call *call, const Val *id, const char **ret_name, Error *err)
{
    const char *name = val_str(id, "RegistryName"), *arn = val_str(id, "RegistryArn");
    if (name && arn)
        return glue_invalid(err, "One of registryName or registryArn has to be provided, both cannot be provided.");
    if (arn)
        return name_of_arn(call, arn, ":registry/", "registryArn", ret_name, err);
    *ret_name = name ? name : default_registry;
    return ST_OK;
}

static Status count_of(Call *call, const char *kind, int64_t *ret_count, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return db_get_int(db, ret_count, err, "SELECT count(*) FROM glue_record WHERE kind=?", "s", kind);
}

static Status add_registry(Call *call, const char *name, const Val *body, Error *err)
{
    int64_t count = 0;
    TRY(count_of(call, registry.kind, &count, err));
    if (count >= REGISTRIES_MAX)
        return FAIL_CODE(err, ST_INVALID, "ResourceNumberLimitExceededException",
                         "More registries cannot be created. The maximum limit has been reached.");
    Status status = record_add(call, &registry, name, body, err);
    return status == ST_CONFLICT ? FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "Registry already exists. RegistryName: %s", name)
                                 : status;
}

static Val *registry_out(Call *call, const Record *r)
{
    Val *out = val_map(call->arena);
    val_set_str(call->arena, out, "RegistryName", r->name);
    val_set_str(call->arena, out, "RegistryArn", glue_arn(call, "registry/%s", r->name));
    val_set_str(call->arena, out, "Description", val_str(r->body, "Description"));
    val_set_str(call->arena, out, "Status", "AVAILABLE");
    val_set_str(call->arena, out, "CreatedTime", time_iso8601(call->arena, r->created_ms));
    val_set_str(call->arena, out, "UpdatedTime", time_iso8601(call->arena, r->updated_ms));
    return out;
}

Status glue_create_registry(Call *call, Error *err)
{
    const char *name = val_str(call->input, "RegistryName");
    Record r = { .name = name, .body = glue_copy(call->arena, call->input) };
    TRY(registry_check_text(name, "-_$#.", "registryName", err));
    TRY(add_registry(call, name, call->input, err));
    glue_answer(call, registry_out(call, &r));
    val_set(call->arena, call->output, "Tags", glue_val(val_get(call->input, "Tags")));
    return ST_OK;
}

static Status load_registry(Call *call, Record *ret_record, Error *err)
{
    const char *name = NULL;
    TRY(registry_name(call, val_get(call->input, "RegistryId"), &name, err));
    return record_load(call, &registry, name, ret_record, err);
}

Status glue_get_registry(Call *call, Error *err)
{
    Record r;
    TRY(load_registry(call, &r, err));
    glue_answer(call, registry_out(call, &r));
    return ST_OK;
}

Status glue_list_registries(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &registry, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, registry_out(call, &records.at[i]));
    val_set(call->arena, call->output, "Registries", list);
    return ST_OK;
}

Status glue_update_registry(Call *call, Error *err)
{
    Record r;
    TRY(load_registry(call, &r, err));
    val_set_str(call->arena, r.body, "Description", val_str(call->input, "Description"));
    TRY(record_save(call, &registry, r.name, r.body, err));
    glue_answer(call, registry_out(call, &r));
    return ST_OK;
}

static Status drop_schema(Call *call, const char *name, Error *err)
{
    TRY(run_drop(call->server->store, schema_version_kind, name, err));
    return record_drop(call, &schema_kind, name, err);
}

Status glue_delete_registry(Call *call, Error *err)
{
    Record r;
    RecordList schemas;
    TRY(load_registry(call, &r, err));
    TRY(record_all(call->server->store, call->arena, schema_kind.kind, &schemas, err));
    for (size_t i = 0; i < schemas.len; i++)
        if (str_eq(val_str(schemas.at[i].body, "RegistryName"), r.name))
            TRY(drop_schema(call, schemas.at[i].name, err));
    TRY(record_drop(call, &registry, r.name, err));
    glue_answer(call, registry_out(call, &r));
    val_set_str(call->arena, call->output, "Status", "DELETING");
    return ST_OK;
}

/* --- schemas: their record's name is "registry/schema", as in the ARN --- */

Status registry_schema_load(Call *call, const Val *id, Record *ret_record, Error *err)
{
    const char *arn = val_str(id, "SchemaArn"), *name = val_str(id, "SchemaName"), *in = val_str(id, "RegistryName"), *full = NULL;
    if (arn && (name || in))
        return glue_invalid(err, "One of (registryName and schemaName) or schemaArn has to be provided, both cannot be provided.");
    if (!arn && !name)
        return glue_invalid(err, "At least one of (registryName and schemaName) or schemaArn has to be provided.");
    if (arn)
        TRY(name_of_arn(call, arn, ":schema/", "schemaArn", &full, err));
    else
        full = arena_printf(call->arena, "%s/%s", in ? in : default_registry, name);
    Error why = ERROR_INIT;
    Status status = record_load(call, &schema_kind, full, ret_record, &why);
    if (status == ST_NOT_FOUND)
        return glue_missing(err, "Schema is not found. RegistryName: %s, SchemaName: %s, SchemaArn: %s", in ? in : "null",
                            name ? name : "null", arn ? arn : "null");
    if (status != ST_OK && err)
        *err = why;
    return status;
}

static Val *schema_out(Call *call, const Record *r)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, r->body);
    int64_t latest = val_int(r->body, "LatestSchemaVersion", 1);
    val_set_str(a, out, "RegistryArn", glue_arn(call, "registry/%s", val_str(r->body, "RegistryName")));
    val_set_str(a, out, "SchemaArn", glue_arn(call, "schema/%s", r->name));
    val_set_int(a, out, "NextSchemaVersion", latest + 1);
    val_set_str(a, out, "SchemaStatus", "AVAILABLE");
    val_set_str(a, out, "CreatedTime", time_iso8601(a, r->created_ms));
    val_set_str(a, out, "UpdatedTime", time_iso8601(a, r->updated_ms));
    return out;
}

/* A schema names its registry; the default one is made when it is first used. */
static Status need_registry(Call *call, const char **ret_name, Error *err)
{
    Record r;
    Error why = ERROR_INIT;
    TRY(registry_name(call, val_get(call->input, "RegistryId"), ret_name, err));
    Status status = record_load(call, &registry, *ret_name, &r, &why);
    if (status == ST_NOT_FOUND && str_eq(*ret_name, default_registry)) {
        Call made = *call;
        made.input = val_map(call->arena);
        return add_registry(&made, *ret_name, made.input, err);
    }
    if (status != ST_OK && err)
        *err = why;
    return status;
}

Status glue_create_schema(Call *call, Error *err)
{
    Arena *a = call->arena;
    int64_t count = 0;
    const char *in = NULL, *version = NULL, *name = val_str(call->input, "SchemaName"), *definition = val_str(call->input, "SchemaDefinition");
    const char *compatibility = val_str(call->input, "Compatibility");
    TRY(registry_check_text(name, "-_$#.", "schemaName", err));
    TRY(need_registry(call, &in, err));
    if (!definition)
        return glue_invalid(err, "weir needs a SchemaDefinition to create a schema.");
    TRY(registry_check_definition(call, val_str(call->input, "DataFormat"), definition, err));
    TRY(count_of(call, schema_kind.kind, &count, err));
    if (count >= SCHEMAS_MAX)
        return FAIL_CODE(err, ST_INVALID, "ResourceNumberLimitExceededException",
                         "More schemas cannot be created. The maximum limit has been reached.");
    Record r = { arena_printf(a, "%s/%s", in, name), val_map(a), clock_ms(), clock_ms() };
    val_set_str(a, r.body, "RegistryName", in);
    val_set_str(a, r.body, "SchemaName", name);
    val_set_str(a, r.body, "Description", val_str(call->input, "Description"));
    val_set_str(a, r.body, "DataFormat", val_str(call->input, "DataFormat"));
    val_set_str(a, r.body, "Compatibility", compatibility ? compatibility : "BACKWARD");
    val_set_int(a, r.body, "SchemaCheckpoint", 1);
    val_set_int(a, r.body, "LatestSchemaVersion", 1);
    TRY(record_add(call, &schema_kind, r.name, r.body, err));
    TRY(registry_version_add(call, &r, 1, definition, &version, err));
    glue_answer(call, schema_out(call, &r));
    val_set_str(a, call->output, "SchemaVersionId", version);
    val_set_str(a, call->output, "SchemaVersionStatus", "AVAILABLE");
    val_set(a, call->output, "Tags", glue_val(val_get(call->input, "Tags")));
    return ST_OK;
}

Status glue_get_schema(Call *call, Error *err)
{
    Record r;
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &r, err));
    glue_answer(call, schema_out(call, &r));
    return ST_OK;
}

static bool in_registry(Call *call, const Record *r)
{
    const char *name = NULL;
    const Val *id = val_get(call->input, "RegistryId");
    return !id || (registry_name(call, id, &name, NULL) == ST_OK && str_eq(name, val_str(r->body, "RegistryName")));
}

Status glue_list_schemas(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &schema_kind, in_registry, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, schema_out(call, &records.at[i]));
    val_set(call->arena, call->output, "Schemas", list);
    return ST_OK;
}

Status glue_update_schema(Call *call, Error *err)
{
    Record r;
    const Val *number = val_get(call->input, "SchemaVersionNumber");
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &r, err));
    if (val_str(call->input, "Description"))
        val_set_str(call->arena, r.body, "Description", val_str(call->input, "Description"));
    if (val_str(call->input, "Compatibility"))
        val_set_str(call->arena, r.body, "Compatibility", val_str(call->input, "Compatibility"));
    if (number)
        val_set_int(call->arena, r.body, "SchemaCheckpoint",
                    val_bool(number, "LatestVersion", false) ? val_int(r.body, "LatestSchemaVersion", 1)
                                                             : val_int(number, "VersionNumber", 1));
    TRY(record_save(call, &schema_kind, r.name, r.body, err));
    glue_answer(call, schema_out(call, &r));
    return ST_OK;
}

Status glue_delete_schema(Call *call, Error *err)
{
    Record r;
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &r, err));
    TRY(drop_schema(call, r.name, err));
    glue_answer(call, schema_out(call, &r));
    val_set_str(call->arena, call->output, "Status", "DELETING");
    return ST_OK;
}
