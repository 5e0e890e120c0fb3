/* svc/emr/clusters.c -- DescribeCluster, ListClusters and the old DescribeJobFlows. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/emr/internal.h"

#define CLUSTER_COLUMNS                                                                                                                   \
    "c.seq, c.id, c.name, c.state, c.reason_code, c.reason_message, c.created_ms, c.ready_ms, c.ended_ms, c.log_uri, c.release_label,"    \
    " c.keep_alive, c.protected, c.visible, c.step_concurrency, c.job_flow_role, c.service_role, c.collection, c.request"
enum { C_SEQ, C_ID, C_NAME, C_STATE, C_CODE, C_MESSAGE, C_CREATED, C_READY, C_ENDED, C_LOG, C_LABEL, C_ALIVE, C_PROTECTED, C_VISIBLE,
       C_CONCURRENCY, C_JOB_ROLE, C_SERVICE_ROLE, C_COLLECTION, C_REQUEST };

static Val *cluster_status(Arena *a, Row *row)
{
    Val *status = val_map(a);
    val_set_str(a, status, "State", row_str(row, C_STATE));
    val_set(a, status, "StateChangeReason", emr_reason(a, row_str(row, C_CODE), row_str(row, C_MESSAGE)));
    val_set(a, status, "Timeline", emr_timeline(a, row, C_CREATED, "ReadyDateTime", C_READY, C_ENDED));
    return status;
}

/* Members that are shown as they were asked for. */
static void copy_members(Arena *a, Val *to, const Val *from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        val_set(a, to, names[i], (Val *)val_get(from, names[i]));
}
#define COPY(a, to, from, names) copy_members((a), (to), (from), (names), sizeof(names) / sizeof(names)[0])

static Val *ec2_attributes(Arena *a, const Val *request)
{
    static const char *const names[] = { "Ec2KeyName", "Ec2SubnetId", "EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup",
                                         "ServiceAccessSecurityGroup", "AdditionalMasterSecurityGroups", "AdditionalSlaveSecurityGroups" };
    const Val *instances = val_get(request, "Instances"), *subnets = val_get(instances, "Ec2SubnetIds"), *placement = val_get(instances, "Placement");
    Val *attributes = val_map(a);
    COPY(a, attributes, instances, names);
    if (!val_get(attributes, "Ec2SubnetId") && val_len(subnets))
        val_set_str(a, attributes, "Ec2SubnetId", val_at(subnets, 0)->s);
    val_set(a, attributes, "RequestedEc2SubnetIds", subnets ? (Val *)subnets : val_list(a));
    val_set_str(a, attributes, "Ec2AvailabilityZone", val_str(placement, "AvailabilityZone"));
    const Val *zones = val_get(placement, "AvailabilityZones");
    val_set(a, attributes, "RequestedEc2AvailabilityZones", zones ? (Val *)zones : val_list(a));
    val_set_str(a, attributes, "IamInstanceProfile", val_str(request, "JobFlowRole"));
    return attributes;
}

static Status tags_of(Db *db, Arena *a, const char *cluster, Val *ret_tags, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT key, value FROM emr_tag WHERE cluster=? ORDER BY key", "s", cluster));
    while (row_next(row)) {
        Val *tag = val_map(a);
        val_set_str(a, tag, "Key", row_str(row, 0));
        val_set_str(a, tag, "Value", row_str(row, 1));
        val_push(a, ret_tags, tag);
    }
    return row_status(row, err);
}

static Val *cluster_value(Call *call, Row *row)
{
    static const char *const copied[] = { "LogEncryptionKmsKeyId", "SecurityConfiguration", "AutoScalingRole", "ScaleDownBehavior", "CustomAmiId",
                                          "EbsRootVolumeSize", "EbsRootVolumeIops", "EbsRootVolumeThroughput", "RepoUpgradeOnBoot",
                                          "KerberosAttributes", "OSReleaseLabel", "ExtendedSupport", "MonitoringConfiguration" };
    Arena *a = call->arena;
    Val *cluster = val_map(a), *request = emr_json(a, row_str(row, C_REQUEST));
    val_set_str(a, cluster, "Id", row_str(row, C_ID));
    val_set_str(a, cluster, "Name", row_str(row, C_NAME));
    val_set(a, cluster, "Status", cluster_status(a, row));
    val_set(a, cluster, "Ec2InstanceAttributes", ec2_attributes(a, request));
    val_set_str(a, cluster, "InstanceCollectionType", row_str(row, C_COLLECTION));
    val_set_str(a, cluster, "LogUri", row_str(row, C_LOG));
    val_set_str(a, cluster, "ReleaseLabel", row_str(row, C_LABEL));
    val_set_str(a, cluster, "RequestedAmiVersion", val_str(request, "AmiVersion"));
    val_set_str(a, cluster, "RunningAmiVersion", val_str(request, "AmiVersion"));
    val_set_bool(a, cluster, "AutoTerminate", !row_int(row, C_ALIVE));
    val_set_bool(a, cluster, "TerminationProtected", row_int(row, C_PROTECTED) != 0);
    val_set_bool(a, cluster, "VisibleToAllUsers", row_int(row, C_VISIBLE) != 0);
    val_set_str(a, cluster, "ServiceRole", row_str(row, C_SERVICE_ROLE));
    if (!row_null(row, C_READY))
        val_set_str(a, cluster, "MasterPublicDnsName", "localhost"); /* where the Spark UI and all ports of a step are */
    const Val *applications = val_get(request, "Applications"), *configurations = val_get(request, "Configurations");
    val_set(a, cluster, "Applications", applications ? (Val *)applications : val_list(a));
    val_set(a, cluster, "Configurations", configurations ? (Val *)configurations : val_list(a));
    val_set_str(a, cluster, "ClusterArn", emr_arn(call, row_str(row, C_ID)));
    val_set_int(a, cluster, "StepConcurrencyLevel", row_int(row, C_CONCURRENCY));
    const Val *placements = val_get(request, "PlacementGroupConfigs");
    val_set(a, cluster, "PlacementGroups", placements ? (Val *)placements : val_list(a));
    COPY(a, cluster, request, copied);
    if (!val_get(cluster, "ScaleDownBehavior"))
        val_set_str(a, cluster, "ScaleDownBehavior", "TERMINATE_AT_TASK_COMPLETION");
    return cluster;
}

Status emr_describe_cluster(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const char *id = val_str(call->input, "ClusterId");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, id, err));
    Val *tags = val_list(a), *cluster;
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT " CLUSTER_COLUMNS " FROM emr_cluster c WHERE c.id=?", "s", id));
        if (!row_next(row))
            return row_status(row, err) == ST_OK ? emr_no_cluster(err, id) : ST_IO;
        cluster = cluster_value(call, row);
    }
    TRY(tags_of(db, a, id, tags, err));
    val_set(a, cluster, "Tags", tags);
    val_set_int(a, cluster, "NormalizedInstanceHours", normalized_hours(db, id));
    val_set(a, call->output, "Cluster", cluster);
    return ST_OK;
}

static Val *cluster_summary(Call *call, Row *row)
{
    Arena *a = call->arena;
    Val *cluster = val_map(a);
    val_set_str(a, cluster, "Id", row_str(row, C_ID));
    val_set_str(a, cluster, "Name", row_str(row, C_NAME));
    val_set(a, cluster, "Status", cluster_status(a, row));
    val_set_str(a, cluster, "ClusterArn", emr_arn(call, row_str(row, C_ID)));
    return cluster;
}

Status emr_list_clusters(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const Val *in = call->input;
    int64_t before;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_marker_seq(a, val_str(in, "Marker"), INT64_MAX, &before, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " CLUSTER_COLUMNS " FROM emr_cluster c WHERE c.seq<? AND c.created_ms>=? AND c.created_ms<=? ORDER BY c.seq DESC",
                 "iii", before, val_time(in, "CreatedAfter", 0), val_time(in, "CreatedBefore", INT64_MAX)));
    Val *clusters = val_list(a);
    int64_t last = 0;
    while (row_next(row)) {
        if (!emr_listed(val_get(in, "ClusterStates"), row_str(row, C_STATE)))
            continue;
        if (val_len(clusters) == PAGE_CLUSTERS) {
            val_set_str(a, call->output, "Marker", emr_marker(a, last));
            break;
        }
        last = row_int(row, C_SEQ);
        val_push(a, clusters, cluster_summary(call, row));
    }
    TRY(row_status(row, err));
    for (size_t i = 0; i < val_len(clusters); i++) {
        Val *cluster = clusters->items[i];
        val_set_int(a, cluster, "NormalizedInstanceHours", normalized_hours(db, val_str(cluster, "Id")));
    }
    val_set(a, call->output, "Clusters", clusters);
    return ST_OK;
}

/* --- DescribeJobFlows: deprecated, still called by old tools --- */

static const char *job_flow_state(const char *state)
{
    return str_eq(state, "TERMINATING") ? "SHUTTING_DOWN" : str_eq(state, "TERMINATED_WITH_ERRORS") ? "FAILED" : state;
}

static Val *job_flow_status(Arena *a, Row *row)
{
    Val *status = val_map(a);
    val_set_str(a, status, "State", job_flow_state(row_str(row, C_STATE)));
    emr_set_ms(a, status, "CreationDateTime", row, C_CREATED);
    emr_set_ms(a, status, "StartDateTime", row, C_CREATED);
    emr_set_ms(a, status, "ReadyDateTime", row, C_READY);
    emr_set_ms(a, status, "EndDateTime", row, C_ENDED);
    val_set_str(a, status, "LastStateChangeReason", row_str(row, C_MESSAGE));
    return status;
}

static Val *job_flow_value(Arena *a, Row *row)
{
    static const char *const copied[] = { "LogEncryptionKmsKeyId", "AmiVersion", "AutoScalingRole", "ScaleDownBehavior" };
    static const char *const instance_names[] = { "Ec2KeyName", "Ec2SubnetId", "Placement", "HadoopVersion" };
    Val *flow = val_map(a), *request = emr_json(a, row_str(row, C_REQUEST)), *instances = val_map(a);
    val_set_str(a, flow, "JobFlowId", row_str(row, C_ID));
    val_set_str(a, flow, "Name", row_str(row, C_NAME));
    val_set_str(a, flow, "LogUri", row_str(row, C_LOG));
    val_set(a, flow, "ExecutionStatusDetail", job_flow_status(a, row));
    val_set_bool(a, flow, "VisibleToAllUsers", row_int(row, C_VISIBLE) != 0);
    val_set_str(a, flow, "JobFlowRole", row_str(row, C_JOB_ROLE));
    val_set_str(a, flow, "ServiceRole", row_str(row, C_SERVICE_ROLE));
    COPY(a, flow, request, copied);
    const Val *products = val_get(request, "SupportedProducts");
    val_set(a, flow, "SupportedProducts", products ? (Val *)products : val_list(a));
    COPY(a, instances, val_get(request, "Instances"), instance_names);
    val_set_bool(a, instances, "KeepJobFlowAliveWhenNoSteps", row_int(row, C_ALIVE) != 0);
    val_set_bool(a, instances, "TerminationProtected", row_int(row, C_PROTECTED) != 0);
    val_set_str(a, instances, "MasterPublicDnsName", "localhost");
    val_set(a, flow, "Instances", instances);
    return flow;
}

/* What comes from other tables: groups, steps, bootstrap actions. */
static Status job_flow_fill(Call *call, Db *db, Val *flow, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(flow, "JobFlowId");
    Val *instances = (Val *)val_get(flow, "Instances");
    Val *groups = groups_of(call, db, id, true, err), *steps = steps_of_job_flow(call, db, id, err), *actions = bootstrap_of_job_flow(call, db, id, err);
    if (!groups || !steps || !actions)
        return ST_IO;
    const char *master = NULL, *slave = NULL;
    int64_t count = 0;
    for (size_t i = 0; i < val_len(groups); i++) {
        const Val *group = val_at(groups, i);
        count += val_int(group, "InstanceRequestCount", 0);
        if (str_eq(val_str(group, "InstanceRole"), "MASTER"))
            master = val_str(group, "InstanceType");
        else if (!slave)
            slave = val_str(group, "InstanceType");
    }
    val_set_str(a, instances, "MasterInstanceType", master);
    val_set_str(a, instances, "SlaveInstanceType", slave ? slave : master);
    val_set_int(a, instances, "InstanceCount", count);
    val_set(a, instances, "InstanceGroups", groups);
    val_set_int(a, instances, "NormalizedInstanceHours", normalized_hours(db, id));
    val_set(a, flow, "Steps", steps);
    val_set(a, flow, "BootstrapActions", actions);
    return ST_OK;
}

enum { JOB_FLOWS_MAX = 512 };

Status emr_describe_job_flows(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const Val *in = call->input;
    TRY(store_borrow(call->server->store, &db, err));
    Val *flows = val_list(a);
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT " CLUSTER_COLUMNS " FROM emr_cluster c WHERE c.created_ms>=? AND c.created_ms<=? ORDER BY c.seq DESC", "ii",
                     val_time(in, "CreatedAfter", 0), val_time(in, "CreatedBefore", INT64_MAX)));
        while (row_next(row) && val_len(flows) < JOB_FLOWS_MAX)
            if (emr_listed(val_get(in, "JobFlowIds"), row_str(row, C_ID)) && emr_listed(val_get(in, "JobFlowStates"), job_flow_state(row_str(row, C_STATE))))
                val_push(a, flows, job_flow_value(a, row));
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < val_len(flows); i++)
        TRY(job_flow_fill(call, db, flows->items[i], err));
    val_set(a, call->output, "JobFlows", flows);
    return ST_OK;
}
