/* svc/redshift/modify.c -- what changes a cluster: ModifyCluster, ResizeCluster, reboot, pause, resume, roles, logging, copies. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/redshift/internal.h"
#include "warehouse/pool.h"

enum { TOKEN_MIN_S = 900, TOKEN_MAX_S = 3600, TOKEN_LENGTH = 32, COPY_DAYS = 7, COPY_DAYS_MAX = 35, IDENTIFIER_MAX = 63 };

/* A change of one cluster: found, changed by `change`, written, answered. */
typedef Status (*Change)(Call *call, Db *db, Resource *cluster, Error *err);

static Status change_cluster(Call *call, Change change, Resource *ret_cluster, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(redshift_cluster(call, db, val_str(call->input, "ClusterIdentifier"), ret_cluster, err));
    TRY(change(call, db, ret_cluster, err));
    TRY(resource_update(db, call->arena, call->region, RESOURCE_CLUSTER, ret_cluster, err));
    TRY(db_commit(db, err));
    val_set_time(call->arena, ret_cluster->body, "ClusterCreateTime", ret_cluster->created_ms);
    return ST_OK;
}

static Status change_and_answer(Call *call, Change change, Error *err)
{
    Resource cluster;
    TRY(change_cluster(call, change, &cluster, err));
    redshift_answer(call, "Cluster", cluster.body);
    return ST_OK;
}

static Status in_state(Call *call, const Resource *cluster, const char *state, Error *err)
{
    const char *is = val_str(cluster->body, "ClusterStatus");
    return str_eq(is, state) ? ST_OK
                             : FAIL_CODE(err, ST_CONFLICT, "InvalidClusterState", "Cluster %s is %s: %s needs it to be %s.", cluster->id, is,
                                         call->operation, state);
}

/* --- ModifyCluster --- */

static Status new_name(Call *call, Db *db, Resource *cluster, Error *err)
{
    const char *id = NULL;
    TRY(redshift_identifier(call->arena, "NewClusterIdentifier", val_str(call->input, "NewClusterIdentifier"), IDENTIFIER_MAX, &id, err));
    if (str_eq(id, cluster->id))
        return ST_OK;
    Status status = resource_rename(db, call->region, RESOURCE_CLUSTER, cluster->id, id, err);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "ClusterAlreadyExists", "Cluster already exists");
    TRY(status);
    cluster->id = id;
    val_set_str(call->arena, cluster->body, "ClusterIdentifier", id);
    val_set(call->arena, cluster->body, "Endpoint", redshift_endpoint(call, id, val_int(val_get(cluster->body, "Endpoint"), "Port", 0)));
    return ST_OK;
}

static Status modify(Call *call, Db *db, Resource *cluster, Error *err)
{
    static const char *const copied[] = { "NodeType", "AutomatedSnapshotRetentionPeriod", "ManualSnapshotRetentionPeriod", "Encrypted",
                                          "PreferredMaintenanceWindow", "ClusterVersion", "AllowVersionUpgrade", "PubliclyAccessible",
                                          "EnhancedVpcRouting", "MaintenanceTrackName", "KmsKeyId", "AvailabilityZone" };
    static const char *const refused[] = { "HsmClientCertificateIdentifier", "HsmConfigurationIdentifier", "ManageMasterPassword" };
    Arena *a = call->arena;
    int64_t nodes = 1;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (val_get(call->input, refused[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "UnsupportedOptionFault", "%s is not supported.", refused[i]);
    }
    TRY(redshift_nodes(call->input, val_int(cluster->body, "NumberOfNodes", 1), &nodes, err));
    val_set_int(a, cluster->body, "NumberOfNodes", nodes);
    REDSHIFT_COPY(a, cluster->body, call->input, copied);
    TRY(redshift_cluster_groups(call, db, cluster->body, err));
    int64_t port = val_int(call->input, "Port", 0);
    if (port)
        val_set(a, cluster->body, "Endpoint", redshift_endpoint(call, cluster->id, port));
    return val_str(call->input, "NewClusterIdentifier") ? new_name(call, db, cluster, err) : ST_OK;
}

Status redshift_modify_cluster(Call *call, Error *err)
{
    return change_and_answer(call, modify, err);
}

Status redshift_resize_cluster(Call *call, Error *err)
{
    return change_and_answer(call, modify, err);
}

/* --- states --- */

static Status pause_change(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    TRY(in_state(call, cluster, "available", err));
    val_set_str(call->arena, cluster->body, "ClusterStatus", "paused");
    return ST_OK;
}

Status redshift_pause_cluster(Call *call, Error *err)
{
    Resource cluster;
    TRY(change_cluster(call, pause_change, &cluster, err));
    warehouses_stop(call->server->warehouses, val_str(cluster.body, "_warehouse"));
    redshift_answer(call, "Cluster", cluster.body);
    return ST_OK;
}

static Status resume_change(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    TRY(in_state(call, cluster, "paused", err));
    val_set_str(call->arena, cluster->body, "ClusterStatus", "available");
    return ST_OK;
}

Status redshift_resume_cluster(Call *call, Error *err)
{
    return change_and_answer(call, resume_change, err);
}

Status redshift_reboot_cluster(Call *call, Error *err)
{
    Resource cluster;
    {
        db_auto *db = NULL;
        TRY(store_borrow(call->server->store, &db, err));
        TRY(redshift_cluster_in(call, db, val_str(call->input, "ClusterIdentifier"), "available", &cluster, err));
    }
    warehouses_stop(call->server->warehouses, val_str(cluster.body, "_warehouse"));
    val_set_time(call->arena, cluster.body, "ClusterCreateTime", cluster.created_ms);
    val_set_str(call->arena, cluster.body, "ClusterStatus", "rebooting");
    redshift_answer(call, "Cluster", cluster.body);
    return ST_OK;
}

/* --- roles --- */

static bool listed(const Val *arns, const char *arn)
{
    for (size_t i = 0; i < val_len(arns); i++) {
        if (str_eq(val_at(arns, i)->s, arn))
            return true;
    }
    return false;
}

static Status roles_change(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    Arena *a = call->arena;
    const Val *add = val_get(call->input, "AddIamRoles"), *drop = val_get(call->input, "RemoveIamRoles");
    const Val *now = val_get(cluster->body, "IamRoles");
    Val *arns = val_list(a);
    for (size_t i = 0; i < val_len(now); i++) {
        const char *arn = val_str(val_at(now, i), "IamRoleArn");
        if (!listed(drop, arn) && !listed(add, arn))
            val_push(a, arns, val_strv(a, arn));
    }
    for (size_t i = 0; i < val_len(add); i++) {
        if (!str_starts(val_at(add, i)->s, "arn:aws"))
            return redshift_invalid(err, "The IAM role %s is not valid.", val_at(add, i)->s);
        val_push(a, arns, (Val *)val_at(add, i));
    }
    const char *standard = val_str(call->input, "DefaultIamRoleArn");
    if (standard && !listed(arns, standard))
        return redshift_invalid(err, "The default IAM role %s is not associated with the cluster.", standard);
    val_set_str(a, cluster->body, "DefaultIamRoleArn", standard);
    val_set(a, cluster->body, "IamRoles", redshift_roles(a, arns));
    return ST_OK;
}

Status redshift_modify_cluster_iam_roles(Call *call, Error *err)
{
    return change_and_answer(call, roles_change, err);
}

/* --- logging: kept and shown --- */

static void logging_answer(Call *call, const Val *cluster)
{
    static const char *const names[] = { "LoggingEnabled", "BucketName", "S3KeyPrefix", "LogDestinationType", "LogExports" };
    val_set_bool(call->arena, call->output, "LoggingEnabled", false);
    REDSHIFT_COPY(call->arena, call->output, val_get(cluster, "_logging"), names);
}

static Status logging_on(Call *call, Db *db, Resource *cluster, Error *err)
{
    static const char *const names[] = { "BucketName", "S3KeyPrefix", "LogDestinationType", "LogExports" };
    (void)db;
    const char *type = val_str(call->input, "LogDestinationType");
    if (!str_eq(type, "cloudwatch") && !val_str(call->input, "BucketName"))
        return redshift_combination(err, "BucketName is required when the log destination type is s3.");
    Val *logging = val_map(call->arena);
    REDSHIFT_COPY(call->arena, logging, call->input, names);
    val_set_bool(call->arena, logging, "LoggingEnabled", true);
    val_set(call->arena, cluster->body, "_logging", logging);
    return ST_OK;
}

Status redshift_enable_logging(Call *call, Error *err)
{
    Resource cluster;
    TRY(change_cluster(call, logging_on, &cluster, err));
    logging_answer(call, cluster.body);
    return ST_OK;
}

static Status logging_off(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db, (void)err;
    cluster->body = redshift_without(call->arena, cluster->body, "_logging");
    return ST_OK;
}

Status redshift_disable_logging(Call *call, Error *err)
{
    Resource cluster;
    TRY(change_cluster(call, logging_off, &cluster, err));
    logging_answer(call, cluster.body);
    return ST_OK;
}

Status redshift_describe_logging_status(Call *call, Error *err)
{
    Resource cluster;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(redshift_cluster(call, db, val_str(call->input, "ClusterIdentifier"), &cluster, err));
    logging_answer(call, cluster.body);
    return ST_OK;
}

/* --- copies to another region: the setting --- */

static Status copy_on(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    Arena *a = call->arena;
    const char *region = val_str(call->input, "DestinationRegion"), *grant = val_str(call->input, "SnapshotCopyGrantName");
    int64_t days = val_int(call->input, "RetentionPeriod", COPY_DAYS);
    if (val_bool(cluster->body, "Encrypted", false) && !grant)
        return redshift_invalid(err, "SnapshotCopyGrantName is required for Snapshot Copy on KMS encrypted clusters.");
    if (str_eq(region, call->region))
        return FAIL_CODE(err, ST_INVALID, "UnknownSnapshotCopyRegionFault", "Invalid region %s", region);
    if (days < 1 || days > COPY_DAYS_MAX)
        return FAIL_CODE(err, ST_INVALID, "InvalidRetentionPeriodFault", "The retention period must be between 1 and %d days.", COPY_DAYS_MAX);
    if (val_get(cluster->body, "ClusterSnapshotCopyStatus"))
        return FAIL_CODE(err, ST_CONFLICT, "SnapshotCopyAlreadyEnabledFault", "Snapshot Copy is already enabled on Cluster %s.", cluster->id);
    Val *copy = val_map(a);
    val_set_str(a, copy, "DestinationRegion", region);
    val_set_int(a, copy, "RetentionPeriod", days);
    val_set_int(a, copy, "ManualSnapshotRetentionPeriod", val_int(call->input, "ManualSnapshotRetentionPeriod", -1));
    val_set_str(a, copy, "SnapshotCopyGrantName", grant);
    val_set(a, cluster->body, "ClusterSnapshotCopyStatus", copy);
    return ST_OK;
}

Status redshift_enable_snapshot_copy(Call *call, Error *err)
{
    return change_and_answer(call, copy_on, err);
}

static Status copy_off(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    if (!val_get(cluster->body, "ClusterSnapshotCopyStatus"))
        return FAIL_CODE(err, ST_CONFLICT, "SnapshotCopyAlreadyDisabledFault", "Snapshot Copy is already disabled on Cluster %s.", cluster->id);
    cluster->body = redshift_without(call->arena, cluster->body, "ClusterSnapshotCopyStatus");
    return ST_OK;
}

Status redshift_disable_snapshot_copy(Call *call, Error *err)
{
    return change_and_answer(call, copy_off, err);
}

static Status copy_days(Call *call, Db *db, Resource *cluster, Error *err)
{
    (void)db;
    Val *copy = (Val *)val_get(cluster->body, "ClusterSnapshotCopyStatus");
    int64_t days = val_int(call->input, "RetentionPeriod", 0);
    bool manual = val_bool(call->input, "Manual", false);
    if (!copy)
        return FAIL_CODE(err, ST_CONFLICT, "SnapshotCopyDisabledFault", "Snapshot Copy is not enabled on Cluster %s.", cluster->id);
    if ((days < 1 || days > COPY_DAYS_MAX) && !manual)
        return FAIL_CODE(err, ST_INVALID, "InvalidRetentionPeriodFault", "The retention period must be between 1 and %d days.", COPY_DAYS_MAX);
    val_set_int(call->arena, copy, manual ? "ManualSnapshotRetentionPeriod" : "RetentionPeriod", days);
    return ST_OK;
}

Status redshift_modify_snapshot_copy_retention_period(Call *call, Error *err)
{
    return change_and_answer(call, copy_days, err);
}

/* --- credentials --- */

Status redshift_get_cluster_credentials(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *user = val_str(call->input, "DbUser"), *id = val_str(call->input, "ClusterIdentifier");
    int64_t seconds = val_int(call->input, "DurationSeconds", TOKEN_MIN_S);
    Resource cluster;
    if (!id)
        return redshift_combination(err, "ClusterIdentifier is required: custom domain names are not supported.");
    if (seconds < TOKEN_MIN_S || seconds > TOKEN_MAX_S)
        return redshift_invalid(err, "Token duration must be between %d and %d seconds", TOKEN_MIN_S, TOKEN_MAX_S);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(redshift_cluster(call, db, id, &cluster, err));
    bool create = val_bool(call->input, "AutoCreate", false);
    val_set_str(a, call->output, "DbUser", arena_printf(a, "%s:%s", create ? "IAMA" : "IAM", user));
    val_set_str(a, call->output, "DbPassword",
                random_text(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", TOKEN_LENGTH));
    val_set_time(a, call->output, "Expiration", clock_ms() + seconds * 1000);
    return ST_OK;
}
