/* svc/redshift/snapshots.c -- snapshots: copies of a warehouse's file. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/redshift/internal.h"
#include "warehouse/pool.h"

#include <time.h>

enum { SNAPSHOT_NAME_MAX = 255, FILE_ID = 20, MIB = 1024 * 1024 };

static Status no_snapshot(Error *err, const char *id)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "ClusterSnapshotNotFound", "Snapshot %s not found.", id);
}

static Status exists(Error *err, const char *id)
{
    return FAIL_CODE(err, ST_CONFLICT, "ClusterSnapshotAlreadyExists", "Cannot create the snapshot because a snapshot with the identifier %s already exists",
                     id);
}

/* rs:CLUSTER-2026-01-31-12-00-00 */
char *redshift_automated_name(Arena *a, const char *cluster, int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%d-%H-%M-%S", &tm);
    return arena_printf(a, "rs:%s-%s", cluster, text);
}

static Status insert(Call *call, Db *db, const Resource *snapshot, Error *err)
{
    Status status = resource_insert(db, call->arena, call->region, RESOURCE_SNAPSHOT, snapshot, err);
    return status == ST_CONFLICT ? exists(err, snapshot->id) : status;
}

static Val *snapshot_body(Call *call, const Resource *cluster, const char *id, const char *type, int64_t bytes)
{
    static const char *const copied[] = { "ClusterIdentifier", "AvailabilityZone", "MasterUsername", "ClusterVersion", "NodeType",
                                          "NumberOfNodes", "DBName", "Encrypted", "KmsKeyId", "EnhancedVpcRouting", "MaintenanceTrackName" };
    Arena *a = call->arena;
    Val *body = val_map(a);
    REDSHIFT_COPY(a, body, cluster->body, copied);
    val_set_str(a, body, "SnapshotIdentifier", id);
    val_set_str(a, body, "SnapshotType", type);
    val_set_str(a, body, "Status", "available");
    val_set_int(a, body, "Port", val_int(val_get(cluster->body, "Endpoint"), "Port", 0));
    val_set_str(a, body, "OwnerAccount", call->server->account);
    val_set_int(a, body, "TotalBackupSizeInMegaBytes", (bytes + MIB - 1) / MIB);
    val_set_int(a, body, "ManualSnapshotRetentionPeriod", val_int(call->input, "ManualSnapshotRetentionPeriod", -1));
    val_set_str(a, body, "SnapshotArn", arena_printf(a, "arn:aws:redshift:%s:%s:snapshot:%s/%s", call->region, call->server->account, cluster->id, id));
    val_set_int(a, body, "_cluster_created_ms", cluster->created_ms);
    val_set(a, body, "_cluster", cluster->body);
    return body;
}

Status redshift_snapshot_make(Call *call, Db *db, const Resource *cluster, const char *id, const char *type, const Val *tags,
                              Resource *ret_snapshot, Error *err)
{
    Arena *a = call->arena;
    Resource there;
    TRY(resource_find(db, a, call->region, RESOURCE_SNAPSHOT, id, &there, err));
    if (there.body)
        return exists(err, id);
    const char *file = random_text(a, "abcdefghijklmnopqrstuvwxyz0123456789", FILE_ID);
    int64_t bytes = 0;
    TRY(warehouses_snapshot(call->server->warehouses, val_str(cluster->body, "_warehouse"), file, &bytes, err));
    Resource snapshot = { .id = id, .body = snapshot_body(call, cluster, id, type, bytes), .created_ms = clock_ms() };
    val_set_str(a, snapshot.body, "_warehouse", file);
    val_set(a, snapshot.body, "Tags", tags ? (Val *)tags : val_list(a));
    TRY(insert(call, db, &snapshot, err));
    *ret_snapshot = snapshot;
    return ST_OK;
}

Status redshift_snapshots_drop(Call *call, Db *db, const char *cluster, const char *type, Error *err)
{
    ResourceList list;
    TRY(resource_list(db, call->arena, call->region, RESOURCE_SNAPSHOT, &list, err));
    for (size_t i = 0; i < list.len; i++) {
        const Val *body = list.at[i].body;
        if (!str_eq(val_str(body, "ClusterIdentifier"), cluster) || !str_eq(val_str(body, "SnapshotType"), type))
            continue;
        TRY(resource_delete(db, call->region, RESOURCE_SNAPSHOT, list.at[i].id, NULL, err));
        TRY(warehouses_remove_snapshot(call->server->warehouses, val_str(body, "_warehouse"), err));
    }
    return ST_OK;
}

static void show_times(Arena *a, const Resource *snapshot)
{
    val_set_time(a, snapshot->body, "SnapshotCreateTime", snapshot->created_ms);
    val_set_time(a, snapshot->body, "ClusterCreateTime", val_int(snapshot->body, "_cluster_created_ms", 0));
}

static void answer(Call *call, const Resource *snapshot)
{
    show_times(call->arena, snapshot);
    redshift_answer(call, "Snapshot", snapshot->body);
}

Status redshift_create_cluster_snapshot(Call *call, Error *err)
{
    const char *id = NULL;
    Val *tags = NULL;
    Resource cluster, snapshot;
    TRY(redshift_identifier(call->arena, "SnapshotIdentifier", val_str(call->input, "SnapshotIdentifier"), SNAPSHOT_NAME_MAX, &id, err));
    TRY(redshift_tags(call, &tags, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(redshift_cluster_in(call, db, val_str(call->input, "ClusterIdentifier"), "available", &cluster, err));
    TRY(redshift_snapshot_make(call, db, &cluster, id, "manual", tags, &snapshot, err));
    TRY(db_commit(db, err));
    answer(call, &snapshot);
    return ST_OK;
}

static bool as_asked(Call *call, const Resource *snapshot)
{
    const char *cluster = val_str(call->input, "ClusterIdentifier"), *id = val_str(call->input, "SnapshotIdentifier");
    const char *arn = val_str(call->input, "SnapshotArn"), *type = val_str(call->input, "SnapshotType");
    return (!cluster || str_ieq(cluster, val_str(snapshot->body, "ClusterIdentifier"))) && (!id || str_ieq(id, snapshot->id)) &&
           (!arn || str_eq(arn, val_str(snapshot->body, "SnapshotArn"))) && (!type || str_eq(type, val_str(snapshot->body, "SnapshotType"))) &&
           snapshot->created_ms >= val_time(call->input, "StartTime", INT64_MIN) &&
           snapshot->created_ms <= val_time(call->input, "EndTime", INT64_MAX);
}

Status redshift_describe_cluster_snapshots(Call *call, Error *err)
{
    Val *all = val_list(call->arena);
    const char *id = val_str(call->input, "SnapshotIdentifier");
    if (val_get(call->input, "SortingEntities") || val_get(call->input, "ClusterExists"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "UnsupportedOptionFault", "SortingEntities and ClusterExists are not supported.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    ResourceList list;
    TRY(resource_list(db, call->arena, call->region, RESOURCE_SNAPSHOT, &list, err));
    for (size_t i = 0; i < list.len; i++) {
        if (!as_asked(call, &list.at[i]))
            continue;
        show_times(call->arena, &list.at[i]);
        val_push(call->arena, all, list.at[i].body);
    }
    if (id && val_len(all) == 0)
        return no_snapshot(err, id);
    return redshift_page(call, all, "Snapshots", err);
}

static Status find_manual(Call *call, Db *db, const char *id, Resource *ret_snapshot, Error *err)
{
    TRY(resource_find(db, call->arena, call->region, RESOURCE_SNAPSHOT, id, ret_snapshot, err));
    if (!ret_snapshot->body)
        return no_snapshot(err, id);
    if (str_eq(val_str(ret_snapshot->body, "SnapshotType"), "manual"))
        return ST_OK;
    return FAIL_CODE(err, ST_CONFLICT, "InvalidClusterSnapshotState",
                     "Cannot delete the snapshot %s because only manual snapshots may be deleted", id);
}

Status redshift_delete_cluster_snapshot(Call *call, Error *err)
{
    Resource snapshot;
    {
        db_auto *db = NULL;
        TRY(store_borrow(call->server->store, &db, err));
        TRY(db_begin(db, err));
        TRY(find_manual(call, db, val_str(call->input, "SnapshotIdentifier"), &snapshot, err));
        TRY(resource_delete(db, call->region, RESOURCE_SNAPSHOT, snapshot.id, NULL, err));
        TRY(db_commit(db, err));
    }
    TRY(warehouses_remove_snapshot(call->server->warehouses, val_str(snapshot.body, "_warehouse"), err));
    val_set_str(call->arena, snapshot.body, "Status", "deleted");
    answer(call, &snapshot);
    return ST_OK;
}

Status redshift_modify_cluster_snapshot(Call *call, Error *err)
{
    Resource snapshot;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find_manual(call, db, val_str(call->input, "SnapshotIdentifier"), &snapshot, err));
    val_set_int(call->arena, snapshot.body, "ManualSnapshotRetentionPeriod", val_int(call->input, "ManualSnapshotRetentionPeriod", -1));
    TRY(resource_update(db, call->arena, call->region, RESOURCE_SNAPSHOT, &snapshot, err));
    TRY(db_commit(db, err));
    answer(call, &snapshot);
    return ST_OK;
}
