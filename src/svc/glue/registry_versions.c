/* svc/glue/registry_versions.c -- versions of schemas and their metadata. New versions are not checked against Compatibility, except
 * that DISABLED allows none. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/glue/operations.h"
#include "svc/glue/registry.h"

const char schema_version_kind[] = "schema-version";
enum { METADATA_MAX = 10 };

Status registry_check_definition(Call *call, const char *format, const char *definition, Error *err)
{
    const Val *parsed = str_eq(format, "PROTOBUF") ? NULL : glue_json(call->arena, definition);
    if (!str_eq(format, "PROTOBUF") && !parsed)
        return glue_invalid(err, "Schema definition of %s data format is invalid: it is no JSON.", format);
    if (str_eq(format, "AVRO") && parsed->kind == VAL_MAP && !val_get(parsed, "type"))
        return glue_invalid(err, "Schema definition of AVRO data format is invalid: No type.");
    return ST_OK;
}

Status registry_version_add(Call *call, const Record *schema, int64_t number, const char *definition, const char **ret_id, Error *err)
{
    Val *body = val_map(call->arena);
    *ret_id = glue_uuid(call->arena);
    val_set_int(call->arena, body, "VersionNumber", number);
    val_set_str(call->arena, body, "SchemaDefinition", definition);
    val_set_str(call->arena, body, "DataFormat", val_str(schema->body, "DataFormat"));
    return run_add(call->server->store, schema_version_kind, schema->name, *ret_id, "AVAILABLE", body, err);
}

static Status no_version(Error *err)
{
    return glue_missing(err, "Schema version is not found.");
}

static Status version_by_id(Call *call, const char *id, Run *ret_run, Error *err)
{
    char *owner = NULL;
    TRY(registry_check_text(id, "-", "SchemaVersionId", err));
    for (const char *c = id; *c; c++)
        if (!strchr("0123456789abcdefABCDEF-", *c))
            return glue_invalid(err, "The parameter value contains one or more characters that are not valid. Parameter Name: SchemaVersionId");
    {
        db_auto *db = NULL;
        TRY(store_borrow(call->server->store, &db, err));
        Status status = db_get_str(db, call->arena, &owner, err, "SELECT owner FROM glue_run WHERE kind=? AND id=?", "ss",
                                   schema_version_kind, id);
        if (status == ST_NOT_FOUND)
            return no_version(err);
        TRY(status);
    }
    return run_load(call->server->store, call->arena, schema_version_kind, owner, id, ret_run, err);
}

static Status version_by_number(Call *call, const Record *schema, const Val *number, Run *ret_run, Error *err)
{
    RunList runs;
    bool latest = val_bool(number, "LatestVersion", false);
    int64_t wanted = val_int(number, "VersionNumber", 0);
    if (!number || (!latest && !wanted))
        return glue_invalid(err, "One of version number (or) latest version is required.");
    if (latest && wanted)
        return glue_invalid(err, "Only one of VersionNumber or LatestVersion is required.");
    TRY(run_list(call->server->store, call->arena, schema_version_kind, schema->name, &runs, err));
    for (size_t i = 0; i < runs.len; i++) {
        if (!latest && val_int(runs.at[i].body, "VersionNumber", 0) != wanted)
            continue;
        *ret_run = runs.at[i];
        return ST_OK;
    }
    return no_version(err);
}

/* The version that a request names, by its id or by schema and number. */
static Status version_of(Call *call, Run *ret_run, Error *err)
{
    const char *id = val_str(call->input, "SchemaVersionId");
    const Val *schema_id = val_get(call->input, "SchemaId"), *number = val_get(call->input, "SchemaVersionNumber");
    Record schema;
    if (id && (schema_id || number))
        return glue_invalid(err, "No other input parameters can be specified when fetching by SchemaVersionId.");
    if (id)
        return version_by_id(call, id, ret_run, err);
    TRY(registry_schema_load(call, schema_id, &schema, err));
    return version_by_number(call, &schema, number, ret_run, err);
}

static Val *version_out(Call *call, const Run *run)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, run->body);
    val_set_str(a, out, "SchemaVersionId", run->id);
    val_set_str(a, out, "SchemaArn", glue_arn(call, "schema/%s", run->owner));
    val_set_str(a, out, "Status", run->state);
    val_set_str(a, out, "CreatedTime", time_iso8601(a, run->started_ms));
    return out;
}

/* NULL when none of them has this definition. */
static const Run *same_definition(const RunList *runs, const char *definition)
{
    for (size_t i = 0; i < runs->len; i++)
        if (str_eq(val_str(runs->at[i].body, "SchemaDefinition"), definition))
            return &runs->at[i];
    return NULL;
}

Status glue_register_schema_version(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record schema;
    RunList runs;
    const char *id = NULL, *definition = val_str(call->input, "SchemaDefinition");
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &schema, err));
    if (str_eq(val_str(schema.body, "Compatibility"), "DISABLED"))
        return glue_invalid(err, "Compatibility DISABLED does not allow versioning. SchemaId: SchemaId(schemaArn=null, schemaName=%s, registryName=%s)",
                            val_str(schema.body, "SchemaName"), val_str(schema.body, "RegistryName"));
    TRY(registry_check_definition(call, val_str(schema.body, "DataFormat"), definition, err));
    TRY(run_list(call->server->store, a, schema_version_kind, schema.name, &runs, err));
    const Run *same = same_definition(&runs, definition);
    int64_t number = same ? val_int(same->body, "VersionNumber", 0) : val_int(schema.body, "LatestSchemaVersion", 0) + 1;
    if (!same) {
        TRY(registry_version_add(call, &schema, number, definition, &id, err));
        val_set_int(a, schema.body, "LatestSchemaVersion", number);
        TRY(record_save(call, &schema_kind, schema.name, schema.body, err));
    }
    val_set_str(a, call->output, "SchemaVersionId", same ? same->id : id);
    val_set_int(a, call->output, "VersionNumber", number);
    val_set_str(a, call->output, "Status", "AVAILABLE");
    return ST_OK;
}

Status glue_get_schema_version(Call *call, Error *err)
{
    Run run;
    TRY(version_of(call, &run, err));
    glue_answer(call, version_out(call, &run));
    return ST_OK;
}

Status glue_get_schema_by_definition(Call *call, Error *err)
{
    Record schema;
    RunList runs;
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &schema, err));
    TRY(run_list(call->server->store, call->arena, schema_version_kind, schema.name, &runs, err));
    const Run *same = same_definition(&runs, val_str(call->input, "SchemaDefinition"));
    if (!same)
        return glue_missing(err, "Schema is not found. RegistryName: %s, SchemaName: %s, SchemaArn: null",
                            val_str(schema.body, "RegistryName"), val_str(schema.body, "SchemaName"));
    glue_answer(call, version_out(call, same));
    return ST_OK;
}

Status glue_list_schema_versions(Call *call, Error *err)
{
    Record schema;
    RunList runs;
    Pager p;
    Val *list = val_list(call->arena);
    TRY(pager_begin(call, 100, &p, err));
    TRY(registry_schema_load(call, val_get(call->input, "SchemaId"), &schema, err));
    TRY(run_list(call->server->store, call->arena, schema_version_kind, schema.name, &runs, err));
    for (size_t i = runs.len; i-- > 0;)
        if (pager_take(&p, arena_printf(call->arena, "%019lld", (long long)runs.at[i].seq)))
            val_push(call->arena, list, version_out(call, &runs.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "Schemas", list);
    return ST_OK;
}

Status glue_check_schema_version_validity(Call *call, Error *err)
{
    (void)err;
    Error why = ERROR_INIT;
    bool valid = registry_check_definition(call, val_str(call->input, "DataFormat"), val_str(call->input, "SchemaDefinition"), &why) == ST_OK;
    val_set_bool(call->arena, call->output, "Valid", valid);
    if (!valid)
        val_set_str(call->arena, call->output, "Error", why.message);
    return ST_OK;
}

/* --- metadata: a list of {MetadataKey, MetadataValue, CreatedTime} in the version's document --- */

static bool is_pair(const Val *item, const Val *pair)
{
    return str_eq(val_str(item, "MetadataKey"), val_str(pair, "MetadataKey")) &&
           str_eq(val_str(item, "MetadataValue"), val_str(pair, "MetadataValue"));
}

static void metadata_out(Call *call, const Run *run, const Val *pair)
{
    Arena *a = call->arena;
    const char *slash = strchr(run->owner, '/');
    const Val *number = val_get(call->input, "SchemaVersionNumber");
    val_set_str(a, call->output, "SchemaArn", glue_arn(call, "schema/%s", run->owner));
    val_set_str(a, call->output, "RegistryName", arena_strn(a, run->owner, (size_t)(slash - run->owner)));
    val_set_str(a, call->output, "SchemaName", slash + 1);
    val_set_bool(a, call->output, "LatestVersion", val_bool(number, "LatestVersion", false));
    val_set_int(a, call->output, "VersionNumber", val_int(number, "VersionNumber", 0));
    val_set_str(a, call->output, "SchemaVersionId", run->id);
    val_set_str(a, call->output, "MetadataKey", val_str(pair, "MetadataKey"));
    val_set_str(a, call->output, "MetadataValue", val_str(pair, "MetadataValue"));
}

Status glue_put_schema_version_metadata(Call *call, Error *err)
{
    Arena *a = call->arena;
    Run run;
    const Val *pair = val_get(call->input, "MetadataKeyValue");
    TRY(registry_check_text(val_str(pair, "MetadataKey"), "+-=._@ ", "key", err));
    TRY(registry_check_text(val_str(pair, "MetadataValue"), "+-=._@ ", "value", err));
    TRY(version_of(call, &run, err));
    const Val *old = val_get(run.body, "Metadata");
    Val *list = val_list(a), *one = glue_copy(a, pair);
    for (size_t i = 0; i < val_len(old); i++) {
        if (is_pair(val_at(old, i), pair))
            return FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException",
                             "Resource already exist for schema version id: %s, metadata key: %s, metadata value: %s", run.id,
                             val_str(pair, "MetadataKey"), val_str(pair, "MetadataValue"));
        val_push(a, list, glue_val(val_at(old, i)));
    }
    if (val_len(old) >= METADATA_MAX)
        return FAIL_CODE(err, ST_INVALID, "ResourceNumberLimitExceededException",
                         "Your resource limits for Schema Version Metadata have been exceeded.");
    val_set_str(a, one, "CreatedTime", time_iso8601(a, clock_ms()));
    val_push(a, list, one);
    val_set(a, run.body, "Metadata", list);
    TRY(run_save(call->server->store, run.id, run.state, run.body, 0, err));
    metadata_out(call, &run, pair);
    return ST_OK;
}

Status glue_remove_schema_version_metadata(Call *call, Error *err)
{
    Run run;
    const Val *pair = val_get(call->input, "MetadataKeyValue");
    TRY(version_of(call, &run, err));
    const Val *old = val_get(run.body, "Metadata");
    Val *list = val_list(call->arena);
    for (size_t i = 0; i < val_len(old); i++)
        if (!is_pair(val_at(old, i), pair))
            val_push(call->arena, list, glue_val(val_at(old, i)));
    if (val_len(list) == val_len(old))
        return glue_missing(err, "Metadata is not found.");
    val_set(call->arena, run.body, "Metadata", list);
    TRY(run_save(call->server->store, run.id, run.state, run.body, 0, err));
    metadata_out(call, &run, pair);
    return ST_OK;
}

Status glue_query_schema_version_metadata(Call *call, Error *err)
{
    Arena *a = call->arena;
    Run run;
    Val *map = val_map(a);
    TRY(version_of(call, &run, err));
    const Val *all = val_get(run.body, "Metadata"), *wanted = val_get(call->input, "MetadataList");
    for (size_t i = 0; i < val_len(all); i++) {
        bool listed = !val_len(wanted);
        for (size_t j = 0; j < val_len(wanted) && !listed; j++)
            listed = is_pair(val_at(all, i), val_at(wanted, j));
        if (listed && !val_get(map, val_str(val_at(all, i), "MetadataKey")))
            val_set(a, map, val_str(val_at(all, i), "MetadataKey"), glue_val(val_at(all, i)));
    }
    val_set(a, call->output, "MetadataInfoMap", map);
    val_set_str(a, call->output, "SchemaVersionId", run.id);
    return ST_OK;
}
