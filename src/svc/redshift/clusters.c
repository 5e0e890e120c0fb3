/* svc/redshift/clusters.c -- CreateCluster, DescribeClusters, DeleteCluster, RestoreFromClusterSnapshot, and what a cluster looks like. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/redshift/internal.h"
#include "warehouse/pool.h"

#include <ctype.h>

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 64, IDENTIFIER_MAX = 63, PORT = 5439, NODES_MAX = 128, WAREHOUSE_ID = 20 };

Status redshift_no_cluster(Error *err, const char *id)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "ClusterNotFound", "Cluster %s not found.", id);
}

Status redshift_cluster(Call *call, Db *db, const char *id, Resource *ret_cluster, Error *err)
{
    TRY(resource_find(db, call->arena, call->region, RESOURCE_CLUSTER, id, ret_cluster, err));
    return ret_cluster->body ? ST_OK : redshift_no_cluster(err, id);
}

Status redshift_cluster_in(Call *call, Db *db, const char *id, const char *state, Resource *ret_cluster, Error *err)
{
    TRY(redshift_cluster(call, db, id, ret_cluster, err));
    const char *is = val_str(ret_cluster->body, "ClusterStatus");
    if (str_eq(is, state))
        return ST_OK;
    return FAIL_CODE(err, ST_CONFLICT, "InvalidClusterState", "There is an operation running on the Cluster, or its state '%s' does not allow it. "
                     "Please try to %s it at a later time.", is, call->operation);
}

Status redshift_nodes(const Val *input, int64_t missing, int64_t *ret_nodes, Error *err)
{
    const char *type = val_str(input, "ClusterType");
    int64_t nodes = val_int(input, "NumberOfNodes", str_eq(type, "single-node") ? 1 : missing);
    if (type && !str_eq(type, "single-node") && !str_eq(type, "multi-node"))
        return redshift_invalid(err, "Invalid cluster type. Cluster type can be one of multi-node or single-node");
    if (str_eq(type, "multi-node") && nodes < 2)
        return redshift_combination(err, "Number of nodes for cluster type multi-node must be greater than or equal to 2");
    if (str_eq(type, "single-node") && nodes != 1)
        return redshift_combination(err, "Number of nodes for cluster type single-node must be 1");
    if (nodes < 1 || nodes > NODES_MAX)
        return redshift_invalid(err, "The number of nodes must be between 1 and %d", NODES_MAX);
    *ret_nodes = nodes;
    return ST_OK;
}

Val *redshift_endpoint(Call *call, const char *id, int64_t port)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(call->server->account, strlen(call->server->account), hex);
    Val *endpoint = val_map(call->arena);
    val_set_str(call->arena, endpoint, "Address", arena_printf(call->arena, "%s.c%.11s.%s.redshift.amazonaws.com", id, hex, call->region));
    val_set_int(call->arena, endpoint, "Port", port);
    return endpoint;
}

Val *redshift_roles(Arena *a, const Val *arns)
{
    Val *roles = val_list(a);
    for (size_t i = 0; i < val_len(arns); i++) {
        Val *role = val_map(a);
        val_set_str(a, role, "IamRoleArn", val_at(arns, i)->s);
        val_set_str(a, role, "ApplyStatus", "in-sync");
        val_push(a, roles, role);
    }
    return roles;
}

static Status security_groups(Call *call, Db *db, const Val *names, Val **ret_list, Error *err)
{
    Arena *a = call->arena;
    Val *list = val_list(a);
    for (size_t i = 0; i < val_len(names); i++) {
        const char *name = val_at(names, i)->s;
        TRY(redshift_group_check(call, db, RESOURCE_SECURITY_GROUP, name, err));
        Val *group = val_map(a);
        val_set_str(a, group, "ClusterSecurityGroupName", name);
        val_set_str(a, group, "Status", "active");
        val_push(a, list, group);
    }
    *ret_list = list;
    return ST_OK;
}

static Status vpc_groups(Call *call, const Val *ids, Val **ret_list, Error *err)
{
    Val *list = val_list(call->arena);
    for (size_t i = 0; i < val_len(ids); i++) {
        const char *id = val_at(ids, i)->s;
        if (!str_starts(id, "sg-"))
            return redshift_invalid(err, "Invalid security group: %s", id);
        Val *group = val_map(call->arena);
        val_set_str(call->arena, group, "VpcSecurityGroupId", id);
        val_set_str(call->arena, group, "Status", "active");
        val_push(call->arena, list, group);
    }
    *ret_list = list;
    return ST_OK;
}

Status redshift_cluster_groups(Call *call, Db *db, Val *cluster, Error *err)
{
    Arena *a = call->arena;
    const Val *names = val_get(call->input, "ClusterSecurityGroups"), *ids = val_get(call->input, "VpcSecurityGroupIds");
    const char *parameters = val_str(call->input, "ClusterParameterGroupName"), *subnets = val_str(call->input, "ClusterSubnetGroupName");
    Val *list = NULL;
    if (names) {
        TRY(security_groups(call, db, names, &list, err));
        val_set(a, cluster, "ClusterSecurityGroups", list);
    }
    if (ids) {
        TRY(vpc_groups(call, ids, &list, err));
        val_set(a, cluster, "VpcSecurityGroups", list);
    }
    if (parameters) {
        if (!str_starts(parameters, "default."))
            TRY(redshift_group_check(call, db, RESOURCE_PARAMETER_GROUP, parameters, err));
        Val *group = val_map(a), *groups = val_list(a);
        val_set_str(a, group, "ParameterGroupName", parameters);
        val_set_str(a, group, "ParameterApplyStatus", "in-sync");
        val_push(a, groups, group);
        val_set(a, cluster, "ClusterParameterGroups", groups);
    }
    if (subnets) {
        TRY(redshift_group_check(call, db, RESOURCE_SUBNET_GROUP, subnets, err));
        val_set_str(a, cluster, "ClusterSubnetGroupName", subnets);
    }
    return ST_OK;
}

static Status check_password(const Val *input, Error *err)
{
    const char *password = val_str(input, "MasterUserPassword");
    if (val_bool(input, "ManageMasterPassword", false))
        return FAIL_CODE(err, ST_UNSUPPORTED, "UnsupportedOptionFault", "ManageMasterPassword is not supported: there is no Secrets Manager.");
    if (!password)
        return redshift_combination(err, "MasterUserPassword is required unless ManageMasterPassword is specified.");
    size_t length = strlen(password);
    if (length < PASSWORD_MIN || length > PASSWORD_MAX)
        return redshift_invalid(err, "The parameter MasterUserPassword is not a valid password because it must be between %d and %d characters.",
                                PASSWORD_MIN, PASSWORD_MAX);
    if (strpbrk(password, "/@\"' \\"))
        return redshift_invalid(err, "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', "
                                     "'\"', ' ', '\\', ''' may be used.");
    return ST_OK;
}

static Status check_port(const Val *input, Error *err)
{
    int64_t port = val_int(input, "Port", PORT);
    if (port < 1115 || port > 65535)
        return redshift_invalid(err, "Invalid port %lld: it must be between 1115 and 65535.", (long long)port);
    int64_t days = val_int(input, "AutomatedSnapshotRetentionPeriod", 1);
    if (days < 0 || days > 35)
        return redshift_invalid(err, "Invalid backup retention period. Must be between 0 and 35.");
    return ST_OK;
}

/* The members of a new cluster that do not come from other resources. */
static Val *new_body(Call *call, const char *id, int64_t nodes, const Val *from)
{
    static const char *const copied[] = { "NodeType", "MasterUsername", "AvailabilityZone", "PreferredMaintenanceWindow", "ClusterVersion",
                                          "AutomatedSnapshotRetentionPeriod", "ManualSnapshotRetentionPeriod", "AllowVersionUpgrade",
                                          "PubliclyAccessible", "Encrypted", "KmsKeyId", "EnhancedVpcRouting", "MaintenanceTrackName", "DBName",
                                          "DefaultIamRoleArn" };
    Arena *a = call->arena;
    Val *body = val_map(a);
    val_set_str(a, body, "ClusterIdentifier", id);
    val_set_str(a, body, "ClusterAvailabilityStatus", "Available");
    val_set_str(a, body, "DBName", "dev");
    val_set_int(a, body, "AutomatedSnapshotRetentionPeriod", 1);
    val_set_int(a, body, "ManualSnapshotRetentionPeriod", -1);
    val_set_str(a, body, "AvailabilityZone", arena_printf(a, "%sa", call->region));
    val_set_str(a, body, "PreferredMaintenanceWindow", "Mon:03:00-Mon:03:30");
    val_set_str(a, body, "ClusterVersion", "1.0");
    val_set_bool(a, body, "AllowVersionUpgrade", true);
    val_set_bool(a, body, "PubliclyAccessible", false);
    val_set_bool(a, body, "Encrypted", false);
    val_set_bool(a, body, "EnhancedVpcRouting", false);
    val_set_str(a, body, "MaintenanceTrackName", "current");
    REDSHIFT_COPY(a, body, from, copied);
    REDSHIFT_COPY(a, body, call->input, copied);
    if (val_str(body, "KmsKeyId"))
        val_set_bool(a, body, "Encrypted", true);
    val_set_int(a, body, "NumberOfNodes", nodes);
    val_set(a, body, "Endpoint", redshift_endpoint(call, id, val_int(call->input, "Port", val_int(val_get(from, "Endpoint"), "Port", PORT))));
    val_set(a, body, "VpcSecurityGroups", val_list(a));
    Val *groups = val_list(a);
    if (!val_get(call->input, "VpcSecurityGroupIds") && !val_get(call->input, "ClusterSubnetGroupName")) {
        Val *group = val_map(a);
        val_set_str(a, group, "ClusterSecurityGroupName", "Default");
        val_set_str(a, group, "Status", "active");
        val_push(a, groups, group);
    }
    val_set(a, body, "ClusterSecurityGroups", groups);
    Val *parameters = val_map(a), *list = val_list(a);
    val_set_str(a, parameters, "ParameterGroupName", "default.redshift-1.0");
    val_set_str(a, parameters, "ParameterApplyStatus", "in-sync");
    val_push(a, list, parameters);
    val_set(a, body, "ClusterParameterGroups", list);
    val_set(a, body, "IamRoles", redshift_roles(a, val_get(call->input, "IamRoles")));
    val_set_int(a, body, "TotalStorageCapacityInMegaBytes", 0);
    val_set_str(a, body, "_warehouse", random_text(a, "abcdefghijklmnopqrstuvwxyz0123456789", WAREHOUSE_ID));
    return body;
}

/* Inserts the cluster, with the automated snapshot that AWS takes of a new one. */
static Status cluster_insert(Call *call, Db *db, Resource *cluster, Error *err)
{
    Arena *a = call->arena;
    val_set_str(a, cluster->body, "ClusterStatus", "available");
    val_set_time(a, cluster->body, "ClusterCreateTime", cluster->created_ms);
    Status status = resource_insert(db, a, call->region, RESOURCE_CLUSTER, cluster, err);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "ClusterAlreadyExists", "Cluster already exists");
    TRY(status);
    Resource snapshot;
    if (val_int(cluster->body, "AutomatedSnapshotRetentionPeriod", 1) > 0)
        TRY(redshift_snapshot_make(call, db, cluster, redshift_automated_name(a, cluster->id, cluster->created_ms), "automated", val_list(a),
                                   &snapshot, err));
    return ST_OK;
}

/* The answer shows it as it is being made: AWS's clients wait for "available" from here. */
static void answer_creating(Call *call, const Val *body)
{
    redshift_answer(call, "Cluster", body);
    val_set_str(call->arena, (Val *)val_get(call->output, "Cluster"), "ClusterStatus", "creating");
    val_set_str(call->arena, (Val *)val_get(call->output, "Cluster"), "ClusterAvailabilityStatus", "Modifying");
}

static Status check_absent(Call *call, Db *db, const char *id, Error *err)
{
    Resource there;
    TRY(resource_find(db, call->arena, call->region, RESOURCE_CLUSTER, id, &there, err));
    return there.body ? FAIL_CODE(err, ST_CONFLICT, "ClusterAlreadyExists", "Cluster already exists") : ST_OK;
}

Status redshift_create_cluster(Call *call, Error *err)
{
    static const char *const refused[] = { "HsmClientCertificateIdentifier", "HsmConfigurationIdentifier", "SnapshotScheduleIdentifier",
                                           "LoadSampleData", "RedshiftIdcApplicationArn", "CatalogName" };
    Arena *a = call->arena;
    const char *id = NULL;
    int64_t nodes = 1;
    Val *tags = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (val_get(call->input, refused[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "UnsupportedOptionFault", "%s is not supported.", refused[i]);
    }
    TRY(redshift_identifier(a, "ClusterIdentifier", val_str(call->input, "ClusterIdentifier"), IDENTIFIER_MAX, &id, err));
    TRY(redshift_nodes(call->input, 1, &nodes, err));
    TRY(check_password(call->input, err));
    TRY(check_port(call->input, err));
    TRY(redshift_tags(call, &tags, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(check_absent(call, db, id, err));
    Resource cluster = { .id = id, .body = new_body(call, id, nodes, NULL), .created_ms = clock_ms() };
    val_set(a, cluster.body, "Tags", tags);
    TRY(redshift_cluster_groups(call, db, cluster.body, err));
    TRY(cluster_insert(call, db, &cluster, err));
    TRY(db_commit(db, err));
    answer_creating(call, cluster.body);
    return ST_OK;
}

Status redshift_describe_clusters(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "ClusterIdentifier");
    Val *all = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    ResourceList clusters;
    TRY(resource_list(db, a, call->region, RESOURCE_CLUSTER, &clusters, err));
    for (size_t i = 0; i < clusters.len; i++) {
        if (id && !str_ieq(id, clusters.at[i].id))
            continue;
        val_set_time(a, clusters.at[i].body, "ClusterCreateTime", clusters.at[i].created_ms);
        val_push(a, all, clusters.at[i].body);
    }
    if (id && val_len(all) == 0)
        return redshift_no_cluster(err, id);
    return redshift_page(call, all, "Clusters", err);
}

static Status final_snapshot(Call *call, Db *db, const Resource *cluster, Error *err)
{
    const char *name = val_str(call->input, "FinalClusterSnapshotIdentifier");
    bool skip = val_bool(call->input, "SkipFinalClusterSnapshot", false);
    if (name && !*name) /* as clients send it that have none */
        name = NULL;
    if (skip && name)
        return redshift_combination(err, "FinalClusterSnapshotIdentifier cannot be specified when SkipFinalClusterSnapshot is true.");
    if (skip)
        return ST_OK;
    if (!name)
        return redshift_combination(err, "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.");
    const char *id = NULL;
    Resource snapshot;
    TRY(redshift_identifier(call->arena, "FinalClusterSnapshotIdentifier", name, 255, &id, err));
    return redshift_snapshot_make(call, db, cluster, id, "manual", val_get(cluster->body, "Tags"), &snapshot, err);
}

Status redshift_delete_cluster(Call *call, Error *err)
{
    Resource cluster;
    {
        db_auto *db = NULL;
        TRY(store_borrow(call->server->store, &db, err));
        TRY(db_begin(db, err));
        TRY(redshift_cluster(call, db, val_str(call->input, "ClusterIdentifier"), &cluster, err));
        TRY(final_snapshot(call, db, &cluster, err));
        TRY(redshift_snapshots_drop(call, db, cluster.id, "automated", err));
        TRY(resource_delete(db, call->region, RESOURCE_CLUSTER, cluster.id, NULL, err));
        TRY(db_commit(db, err));
    }
    TRY(warehouses_remove(call->server->warehouses, val_str(cluster.body, "_warehouse"), err));
    val_set_time(call->arena, cluster.body, "ClusterCreateTime", cluster.created_ms);
    val_set_str(call->arena, cluster.body, "ClusterStatus", "deleting");
    redshift_answer(call, "Cluster", cluster.body);
    return ST_OK;
}

Status redshift_restore_from_cluster_snapshot(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = NULL, *name = val_str(call->input, "SnapshotIdentifier");
    Resource snapshot;
    TRY(redshift_identifier(a, "ClusterIdentifier", val_str(call->input, "ClusterIdentifier"), IDENTIFIER_MAX, &id, err));
    TRY(check_port(call->input, err));
    if (!name)
        return redshift_combination(err, "SnapshotIdentifier is required: a snapshot's ARN is not supported.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(check_absent(call, db, id, err));
    TRY(resource_find(db, a, call->region, RESOURCE_SNAPSHOT, name, &snapshot, err));
    if (!snapshot.body)
        return FAIL_CODE(err, ST_NOT_FOUND, "ClusterSnapshotNotFound", "Snapshot %s not found.", name);
    Val *from = (Val *)val_get(snapshot.body, "_cluster");
    int64_t nodes = val_int(call->input, "NumberOfNodes", val_int(from, "NumberOfNodes", 1));
    Resource cluster = { .id = id, .body = new_body(call, id, nodes, from), .created_ms = clock_ms() };
    if (!val_get(call->input, "IamRoles"))
        val_set(a, cluster.body, "IamRoles", (Val *)val_get(from, "IamRoles"));
    val_set(a, cluster.body, "Tags", (Val *)val_get(snapshot.body, "Tags"));
    Val *restored = val_map(a);
    val_set_str(a, restored, "Status", "completed");
    val_set(a, cluster.body, "RestoreStatus", restored);
    TRY(redshift_cluster_groups(call, db, cluster.body, err));
    /* The file first: a cluster that is seen has its data. A folder without a cluster is no more than space. */
    TRY(warehouses_restore(call->server->warehouses, val_str(snapshot.body, "_warehouse"), val_str(cluster.body, "_warehouse"), err));
    TRY(cluster_insert(call, db, &cluster, err));
    TRY(db_commit(db, err));
    answer_creating(call, cluster.body);
    return ST_OK;
}
