/* svc/emr/settings.c -- what changes a cluster that is there: its end, its protections, tags, policies. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/emr/internal.h"

/* --- TerminateJobFlows --- */

Status emr_terminate_job_flows(Call *call, Error *err)
{
    db_auto *db = NULL;
    const Val *ids = val_get(call->input, "JobFlowIds");
    bool protected_one = false;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(ids); i++) {
        int64_t protect = 0;
        Status status = db_get_int(db, &protect, err, "SELECT protected AND ended_ms IS NULL FROM emr_cluster WHERE id=?", "s", val_at(ids, i)->s);
        if (status == ST_NOT_FOUND)
            return emr_invalid(err, "Specified job flow ID does not exist.");
        TRY(status);
        protected_one |= protect != 0;
        if (!protect)
            TRY(db_exec(db, err,
                        "UPDATE emr_cluster SET state='TERMINATING', reason_code='USER_REQUEST', reason_message='Terminated by user request',"
                        " idle_since_ms=NULL WHERE id=? AND ended_ms IS NULL AND state<>'TERMINATING'", "s", val_at(ids, i)->s));
    }
    TRY(db_commit(db, err)); /* the others go, as TerminateJobFlows documents it */
    emr_wake(call);
    return protected_one ? emr_invalid(err, "Could not shut down one or more job flows since they are termination protected.") : ST_OK;
}

/* --- flags of several clusters --- */

static Status set_flag(Call *call, const char *sql, bool value, Error *err)
{
    db_auto *db = NULL;
    const Val *ids = val_get(call->input, "JobFlowIds");
    char *state;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(ids); i++) {
        TRY(emr_cluster_modifiable(db, call->arena, val_at(ids, i)->s, &state, err));
        TRY(db_exec(db, err, sql, "is", (int64_t)value, val_at(ids, i)->s));
    }
    TRY(db_commit(db, err));
    emr_wake(call);
    return ST_OK;
}

Status emr_set_termination_protection(Call *call, Error *err)
{
    return set_flag(call, "UPDATE emr_cluster SET protected=? WHERE id=?", val_bool(call->input, "TerminationProtected", false), err);
}

Status emr_set_visible_to_all_users(Call *call, Error *err)
{
    return set_flag(call, "UPDATE emr_cluster SET visible=? WHERE id=?", val_bool(call->input, "VisibleToAllUsers", false), err);
}

Status emr_set_keep_job_flow_alive(Call *call, Error *err)
{
    return set_flag(call, "UPDATE emr_cluster SET keep_alive=? WHERE id=?", val_bool(call->input, "KeepJobFlowAliveWhenNoSteps", false), err);
}

Status emr_modify_cluster(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId");
    int64_t level = val_int(call->input, "StepConcurrencyLevel", 0);
    bool given = val_get(call->input, "StepConcurrencyLevel") != NULL;
    char *state;
    if (given && (level < 1 || level > CONCURRENCY_MAX))
        return emr_bad_request(err, "ValidationError", "The step concurrency level must be between 1 and %d.", CONCURRENCY_MAX);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(emr_cluster_modifiable(db, call->arena, cluster, &state, err));
    if (given)
        TRY(db_exec(db, err, "UPDATE emr_cluster SET step_concurrency=? WHERE id=?", "is", level, cluster));
    TRY(db_get_int(db, &level, err, "SELECT step_concurrency FROM emr_cluster WHERE id=?", "s", cluster));
    TRY(db_commit(db, err));
    emr_wake(call);
    val_set_int(call->arena, call->output, "StepConcurrencyLevel", level);
    return ST_OK;
}

/* --- tags --- */

enum { TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };

Status tags_check(const Val *tags, Error *err)
{
    for (size_t i = 0; i < val_len(tags); i++) {
        const char *key = val_str(val_at(tags, i), "Key"), *value = val_str(val_at(tags, i), "Value");
        if (!key || !*key || strlen(key) > TAG_KEY_MAX)
            return emr_bad_request(err, "ValidationError", "A tag's key must have 1 to %d characters.", TAG_KEY_MAX);
        if (value && strlen(value) > TAG_VALUE_MAX)
            return emr_bad_request(err, "ValidationError", "The value of tag '%s' must have at most %d characters.", key, TAG_VALUE_MAX);
        if (str_istarts(key, "aws:"))
            return emr_bad_request(err, "ValidationError", "Tag keys must not start with 'aws:': %s", key);
    }
    return ST_OK;
}

Status tags_insert(Db *db, const char *cluster, const Val *tags, Error *err)
{
    for (size_t i = 0; i < val_len(tags); i++) {
        const char *value = val_str(val_at(tags, i), "Value");
        TRY(db_exec(db, err, "INSERT INTO emr_tag(cluster, key, value) VALUES(?,?,?) ON CONFLICT(cluster, key) DO UPDATE SET value=excluded.value",
                    "sss", cluster, val_str(val_at(tags, i), "Key"), value ? value : ""));
    }
    int64_t count = 0;
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM emr_tag WHERE cluster=? AND key NOT LIKE 'aws:%'", "s", cluster));
    return count > TAGS_MAX ? emr_bad_request(err, "ValidationError", "A resource may have at most %d tags.", TAGS_MAX) : ST_OK;
}

Status emr_add_tags(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ResourceId");
    TRY(tags_check(val_get(call->input, "Tags"), err));
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(tags_insert(db, cluster, val_get(call->input, "Tags"), err));
    return db_commit(db, err);
}

Status emr_remove_tags(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ResourceId");
    const Val *keys = val_get(call->input, "TagKeys");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_check(db, cluster, err));
    for (size_t i = 0; i < val_len(keys); i++)
        TRY(db_exec(db, err, "DELETE FROM emr_tag WHERE cluster=? AND key=? AND key NOT LIKE 'aws:%'", "ss", cluster, val_at(keys, i)->s));
    return db_commit(db, err);
}

/* --- the auto-termination policy: the scheduler acts on it --- */

enum { IDLE_MIN_S = 60, IDLE_MAX_S = 604800, IDLE_DEFAULT_S = 3600 };

Status emr_put_auto_termination_policy(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId");
    int64_t seconds = val_int(val_get(call->input, "AutoTerminationPolicy"), "IdleTimeout", IDLE_DEFAULT_S);
    char *state;
    if (seconds < IDLE_MIN_S || seconds > IDLE_MAX_S)
        return emr_invalid(err, "The IdleTimeout must be between %d and %d seconds.", IDLE_MIN_S, IDLE_MAX_S);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(emr_cluster_modifiable(db, call->arena, cluster, &state, err));
    TRY(db_exec(db, err, "UPDATE emr_cluster SET idle_timeout_s=? WHERE id=?", "is", seconds, cluster));
    TRY(db_commit(db, err));
    emr_wake(call);
    return ST_OK;
}

Status emr_get_auto_termination_policy(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId");
    int64_t seconds = 0;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(db_get_int(db, &seconds, err, "SELECT coalesce(idle_timeout_s,0) FROM emr_cluster WHERE id=?", "s", cluster));
    if (seconds) {
        Val *policy = val_map(call->arena);
        val_set_int(call->arena, policy, "IdleTimeout", seconds);
        val_set(call->arena, call->output, "AutoTerminationPolicy", policy);
    }
    return ST_OK;
}

Status emr_remove_auto_termination_policy(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    return db_exec(db, err, "UPDATE emr_cluster SET idle_timeout_s=NULL WHERE id=?", "s", cluster);
}

/* --- security configurations: stored documents --- */

static Status no_configuration(const char *name, Error *err)
{
    return emr_bad_request(err, "ResourceNotFound", "Security configuration with name '%s' does not exist.", name);
}

Status emr_create_security_configuration(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const char *name = val_str(call->input, "Name"), *text = val_str(call->input, "SecurityConfiguration");
    int64_t now = clock_ms();
    if (!emr_json(a, text))
        return emr_bad_request(err, "ValidationError", "The security configuration is not valid JSON.");
    TRY(store_borrow(call->server->store, &db, err));
    Status status = db_exec(db, err, "INSERT INTO emr_security_configuration(name, configuration, created_ms) VALUES(?,?,?)", "ssi", name, text, now);
    if (status == ST_CONFLICT)
        return emr_bad_request(err, "ValidationError", "Security configuration with name '%s' already exists.", name);
    TRY(status);
    val_set_str(a, call->output, "Name", name);
    val_set_time(a, call->output, "CreationDateTime", now);
    return ST_OK;
}

Status emr_describe_security_configuration(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *name = val_str(call->input, "Name");
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT configuration, created_ms FROM emr_security_configuration WHERE name=?", "s", name));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return no_configuration(name, err);
    }
    val_set_str(call->arena, call->output, "Name", name);
    val_set_str(call->arena, call->output, "SecurityConfiguration", row_str(row, 0));
    val_set_time(call->arena, call->output, "CreationDateTime", row_int(row, 1));
    return ST_OK;
}

Status emr_delete_security_configuration(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *name = val_str(call->input, "Name");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM emr_security_configuration WHERE name=?", "s", name));
    return db_changes(db) ? ST_OK : no_configuration(name, err);
}

Status emr_list_security_configurations(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, created_ms FROM emr_security_configuration ORDER BY name", ""));
    Val *list = val_list(a);
    while (row_next(row)) {
        Val *item = val_map(a);
        val_set_str(a, item, "Name", row_str(row, 0));
        val_set_time(a, item, "CreationDateTime", row_int(row, 1));
        val_push(a, list, item);
    }
    val_set(a, call->output, "SecurityConfigurations", list);
    return row_status(row, err);
}

/* --- the account's block on public access: kept for those who read it; no cluster here has a public address --- */

#define PUBLIC_ACCESS "block_public_access"

Status emr_put_block_public_access_configuration(Call *call, Error *err)
{
    db_auto *db = NULL;
    const Val *configuration = val_get(call->input, "BlockPublicAccessConfiguration"), *ranges = val_get(configuration, "PermittedPublicSecurityGroupRuleRanges");
    for (size_t i = 0; i < val_len(ranges); i++) {
        int64_t low = val_int(val_at(ranges, i), "MinRange", -1), high = val_int(val_at(ranges, i), "MaxRange", low);
        if (low < 0 || high < low || high > 65535)
            return emr_bad_request(err, "ValidationError", "The port range %lld-%lld is not valid.", (long long)low, (long long)high);
    }
    TRY(store_borrow(call->server->store, &db, err));
    return db_exec(db, err,
                   "INSERT INTO emr_setting(name, value, changed_ms, changed_by) VALUES(?,?,?,?) ON CONFLICT(name) DO UPDATE SET"
                   " value=excluded.value, changed_ms=excluded.changed_ms, changed_by=excluded.changed_by", "ssis", PUBLIC_ACCESS,
                   val_to_json(call->arena, configuration), clock_ms(), call->principal->arn);
}

Status emr_get_block_public_access_configuration(Call *call, Error *err)
{
    static const char initial[] = "{\"BlockPublicSecurityGroupRules\":true,\"PermittedPublicSecurityGroupRuleRanges\":[{\"MinRange\":22,\"MaxRange\":22}]}";
    Arena *a = call->arena;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT value, changed_ms, changed_by FROM emr_setting WHERE name=?", "s", PUBLIC_ACCESS));
    bool there = row_next(row);
    TRY(there ? ST_OK : row_status(row, err));
    Val *metadata = val_map(a);
    val_set_time(a, metadata, "CreationDateTime", there ? row_int(row, 1) : 0);
    val_set_str(a, metadata, "CreatedByArn", there ? row_str(row, 2) : arena_printf(a, "arn:aws:iam::%s:root", call->server->account));
    val_set(a, call->output, "BlockPublicAccessConfiguration", emr_json(a, there ? row_str(row, 0) : initial));
    val_set(a, call->output, "BlockPublicAccessConfigurationMetadata", metadata);
    return ST_OK;
}
