/* svc/logs/groups.c -- log groups: their names, retention, keys and tags. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/logs/internal.h"

/* --- making and deleting --- */

Status logs_create_log_group(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *tags = val_get(in, "tags");
    const char *name = val_str(in, "logGroupName"), *class = val_str(in, "logGroupClass");
    TRY(logs_check_names(in, err));
    if (str_starts(name, "aws/"))
        return logs_invalid(err, "Log groups starting with AWS/ are reserved for AWS.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = db_exec(db, err, "INSERT INTO log_group(region, name, created_ms, kms_key, class, protected, tags) VALUES(?,?,?,?,?,?,?)", "ssissis",
                            call->region, name, clock_ms(), val_str(in, "kmsKeyId"), class ? class : "STANDARD",
                            (int64_t)val_bool(in, "deletionProtectionEnabled", false), tags ? val_to_json(a, tags) : "{}");
    return status == ST_CONFLICT ? logs_exists(err, "The specified log group already exists") : status;
}

/* Its streams and events are nobody's from now on: the sweep deletes them. */
Status logs_delete_log_group(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    if (group.protected)
        return FAIL_CODE(err, ST_INVALID, "ValidationException", "Log group %s is protected against deletion.", group.name);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM log_group WHERE id=?", "i", group.id));
    return logs_sweep(call->server, err);
}

Status logs_put_log_group_deletion_protection(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return db_exec(db, err, "UPDATE log_group SET protected=? WHERE id=?", "ii", (int64_t)val_bool(call->input, "deletionProtectionEnabled", false), group.id);
}

/* --- describing --- */

static Status describe(Call *call, Db *db, const LogGroup *g, Val **ret_value, Error *err)
{
    Arena *a = call->arena;
    int64_t bytes, filters;
    char *arn = logs_group_arn(a, call->server, g->region, g->name);
    TRY(stream_bytes(call->server->logs->events, g->id, &bytes, err));
    TRY(db_get_int(db, &filters, err, "SELECT count(*) FROM log_metric_filter WHERE log_group=?", "i", g->id));
    Val *v = val_map(a);
    val_set_str(a, v, "logGroupName", g->name);
    val_set_int(a, v, "creationTime", g->created_ms);
    if (g->retention_days)
        val_set_int(a, v, "retentionInDays", g->retention_days);
    val_set_int(a, v, "metricFilterCount", filters);
    val_set_str(a, v, "arn", arena_printf(a, "%s:*", arn));
    val_set_int(a, v, "storedBytes", bytes);
    val_set_str(a, v, "kmsKeyId", g->kms_key);
    val_set_str(a, v, "logGroupClass", g->class);
    val_set_str(a, v, "logGroupArn", arn);
    val_set_bool(a, v, "deletionProtectionEnabled", g->protected);
    *ret_value = v;
    return ST_OK;
}

/* All of the region by name, from after the token on. */
static Status groups_after(const Call *call, LogGroups *ret_groups, Error *err)
{
    const char *token = val_str(call->input, "nextToken"), *class = val_str(call->input, "logGroupClass");
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT " LOG_GROUP_COLUMNS " FROM log_group WHERE region=? AND name>? AND class=coalesce(?, class) ORDER BY name", "sss",
                 call->region, token ? token : "", class));
    while (row_next(row))
        vec_push(call->arena, ret_groups, logs_group_row(row, call->arena));
    return row_status(row, err);
}

static bool identified(const Call *call, const char *name)
{
    const Val *list = val_get(call->input, "logGroupIdentifiers");
    bool found = !list;
    for (size_t i = 0; !found && i < val_len(list); i++)
        found = str_eq(logs_group_name(call->arena, val_at(list, i)->s), name);
    return found;
}

Status logs_describe_log_groups(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "logGroupNamePrefix"), *pattern = val_str(call->input, "logGroupNamePattern"), *last = NULL;
    size_t limit = logs_limit(call, "limit", LOGS_PAGE);
    LogGroups all = { 0 };
    Val *page = val_list(a);
    TRY(logs_check_names(call->input, err));
    if (prefix && pattern)
        return logs_invalid(err, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    TRY(groups_after(call, &all, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    for (size_t i = 0; i < all.len; i++) {
        const LogGroup *g = &all.at[i];
        if ((prefix && !str_starts(g->name, prefix)) || (pattern && !strstr(g->name, pattern)) || !identified(call, g->name))
            continue;
        if (val_len(page) == limit) {
            val_set_str(a, call->output, "nextToken", last);
            break;
        }
        Val *v;
        TRY(describe(call, db, g, &v, err));
        val_push(a, page, v);
        last = g->name;
    }
    val_set(a, call->output, "logGroups", page);
    return ST_OK;
}

Status logs_list_log_groups(Call *call, Error *err)
{
    static const char *const undone[] = { "dataSources", "fieldIndexNames", "logGroupTags", "logGroupNamePattern" };
    Arena *a = call->arena;
    size_t limit = logs_limit(call, "limit", LOGS_PAGE);
    LogGroups all = { 0 };
    Val *page = val_list(a);
    for (size_t i = 0; i < sizeof undone / sizeof *undone; i++) {
        if (val_get(call->input, undone[i]))
            return logs_refused(err, "ListLogGroups", undone[i]);
    }
    TRY(groups_after(call, &all, err));
    for (size_t i = 0; i < all.len && i < limit; i++) {
        Val *v = val_map(a);
        val_set_str(a, v, "logGroupName", all.at[i].name);
        val_set_str(a, v, "logGroupArn", logs_group_arn(a, call->server, call->region, all.at[i].name));
        val_set_str(a, v, "logGroupClass", all.at[i].class);
        val_push(a, page, v);
    }
    if (all.len > limit)
        val_set_str(a, call->output, "nextToken", all.at[limit - 1].name);
    val_set(a, call->output, "logGroups", page);
    return ST_OK;
}

/* --- retention, keys --- */

Status logs_put_retention_policy(Call *call, Error *err)
{
    static const int16_t days[] = { 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 };
    int64_t asked = val_int(call->input, "retentionInDays", 0);
    LogGroup group;
    size_t i = 0, n = sizeof days / sizeof *days;
    while (i < n && days[i] != asked)
        i++;
    if (i == n)
        return logs_invalid(err, "1 validation error detected: Value '%lld' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value "
                                 "set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
                            (long long)asked);
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "UPDATE log_group SET retention_days=? WHERE id=?", "ii", asked, group.id));
    return logs_sweep(call->server, err);
}

Status logs_delete_retention_policy(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    return db_exec(db, err, "UPDATE log_group SET retention_days=NULL WHERE id=?", "i", group.id);
}

static Status set_key(Call *call, const char *key, Error *err)
{
    LogGroup group;
    const char *name = val_str(call->input, "logGroupName"), *resource = val_str(call->input, "resourceIdentifier");
    if (!name == !resource)
        return logs_invalid(err, "Either logGroupName or resourceIdentifier must be specified.");
    if (resource && !strstr(resource, ":log-group:"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir encrypts no query results: %s", resource);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(logs_group(db, call->arena, call->region, name ? name : logs_group_name(call->arena, resource), &group, err));
    return db_exec(db, err, "UPDATE log_group SET kms_key=? WHERE id=?", "si", key, group.id);
}

Status logs_associate_kms_key(Call *call, Error *err)
{
    return set_key(call, val_str(call->input, "kmsKeyId"), err);
}

Status logs_disassociate_kms_key(Call *call, Error *err)
{
    return set_key(call, NULL, err);
}

/* --- tags --- */

/* Of a log group or of a record that is kept by name. */
typedef struct Tagged {
    const char *table;
    int64_t id;
    Val *tags;
} Tagged;

static Status tagged(const Call *call, Db *db, const char *arn, Tagged *ret_tagged, Error *err)
{
    Arena *a = call->arena;
    const char *name = logs_group_name(a, arn);
    LogGroup group;
    if (!str_starts(arn, "arn:"))
        return logs_invalid(err, "'%s' is no ARN.", arn);
    if (name) {
        TRY(logs_group(db, a, call->region, name, &group, err));
        *ret_tagged = (Tagged){ "log_group", group.id, group.tags };
        return ST_OK;
    }
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT seq, tags FROM log_record WHERE region=? AND arn=?", "ss", call->region, arn));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return logs_not_found(err, "The specified resource does not exist.");
    }
    const char *tags = row_str(row, 1);
    *ret_tagged = (Tagged){ "log_record", row_int(row, 0), NULL };
    return val_from_json(a, tags, strlen(tags), &ret_tagged->tags) ? ST_OK : FAIL(err, ST_INTERNAL, "tags of %s are no JSON", arn);
}

/* `drop` is a list of names; NULL for none. */
static Status change_tags(Call *call, Db *db, const Tagged *t, const Val *add, const Val *drop, Error *err)
{
    Arena *a = call->arena;
    Val *tags = val_map(a);
    for (size_t i = 0; i < val_len(t->tags); i++) {
        bool dropped = false;
        for (size_t j = 0; j < val_len(drop); j++)
            dropped = dropped || str_eq(val_at(drop, j)->s, t->tags->names[i]);
        if (!dropped)
            val_set(a, tags, t->tags->names[i], t->tags->items[i]);
    }
    for (size_t i = 0; add && i < val_len(add); i++)
        val_set(a, tags, add->names[i], add->items[i]);
    if (val_len(tags) > LOGS_TAGS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "TooManyTagsException", "A resource can have no more than %d tags.", LOGS_TAGS_MAX);
    bool group = str_eq(t->table, "log_group");
    return db_exec(db, err, group ? "UPDATE log_group SET tags=? WHERE id=?" : "UPDATE log_record SET tags=? WHERE seq=?", "si", val_to_json(a, tags), t->id);
}

static Status change_resource_tags(Call *call, const Val *add, const Val *drop, Error *err)
{
    Tagged t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tagged(call, db, val_str(call->input, "resourceArn"), &t, err));
    TRY(change_tags(call, db, &t, add, drop, err));
    return db_commit(db, err);
}

Status logs_tag_resource(Call *call, Error *err)
{
    return change_resource_tags(call, val_get(call->input, "tags"), NULL, err);
}

Status logs_untag_resource(Call *call, Error *err)
{
    return change_resource_tags(call, NULL, val_get(call->input, "tagKeys"), err);
}

Status logs_list_tags_for_resource(Call *call, Error *err)
{
    Tagged t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(tagged(call, db, val_str(call->input, "resourceArn"), &t, err));
    val_set(call->arena, call->output, "tags", t.tags);
    return ST_OK;
}

static Status change_group_tags(Call *call, const Val *add, const Val *drop, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(logs_group(db, call->arena, call->region, group.name, &group, err));
    TRY(change_tags(call, db, &(Tagged){ "log_group", group.id, group.tags }, add, drop, err));
    return db_commit(db, err);
}

Status logs_tag_log_group(Call *call, Error *err)
{
    return change_group_tags(call, val_get(call->input, "tags"), NULL, err);
}

Status logs_untag_log_group(Call *call, Error *err)
{
    return change_group_tags(call, NULL, val_get(call->input, "tags"), err);
}

Status logs_list_tags_log_group(Call *call, Error *err)
{
    LogGroup group;
    TRY(logs_group_of(call, &group, err));
    val_set(call->arena, call->output, "tags", group.tags);
    return ST_OK;
}
