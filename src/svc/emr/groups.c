/* svc/emr/groups.c -- instance groups, instance fleets and instances: reservations of this host. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/emr/internal.h"

enum { INSTANCES_MAX = 2000 };

/* --- making --- */

static Status fleet_shape(const Val *config, const char **ret_type, int64_t *ret_count, const char **ret_market, Error *err)
{
    const Val *types = val_get(config, "InstanceTypeConfigs");
    int64_t on_demand = val_int(config, "TargetOnDemandCapacity", 0), spot = val_int(config, "TargetSpotCapacity", 0);
    if (!val_len(types))
        return emr_invalid(err, "The instance fleet: %s needs at least one instance type configuration.", val_str(config, "InstanceFleetType"));
    if (on_demand + spot <= 0)
        return emr_invalid(err, "The instance fleet: %s must have a target capacity greater than 0.", val_str(config, "InstanceFleetType"));
    int64_t weight = val_int(val_at(types, 0), "WeightedCapacity", 1);
    *ret_type = val_str(val_at(types, 0), "InstanceType");
    *ret_count = (on_demand + spot + weight - 1) / (weight > 0 ? weight : 1);
    *ret_market = on_demand > 0 ? "ON_DEMAND" : "SPOT";
    return ST_OK;
}

Status group_check(const Val *config, Error *err)
{
    const char *type = val_str(config, "InstanceType");
    InstanceType found;
    if (!instance_type_find(type, &found))
        return emr_invalid(err, "Instance type '%s' is not supported.", type);
    int64_t count = val_int(config, "InstanceCount", 0);
    if (count < 0 || count > INSTANCES_MAX)
        return emr_invalid(err, "Instance group %s must have an instance count between 1 and %d.", val_str(config, "InstanceRole"), INSTANCES_MAX);
    if (val_str(config, "BidPrice") && !str_eq(val_str(config, "Market"), "SPOT"))
        return emr_invalid(err, "Bid price cannot be specified for an on-demand instance group.");
    return ST_OK;
}

static Status instances_insert(Call *call, Db *db, const char *cluster, const char *group, const char *type, const char *market, int64_t count,
                               const char *state, Error *err)
{
    int64_t now = clock_ms();
    for (int64_t i = 0; i < count; i++)
        TRY(db_exec(db, err,
                    "INSERT INTO emr_instance(id, ec2_id, grp, cluster, instance_type, market, state, created_ms) VALUES(?,?,?,?,?,?,?,?)",
                    "sssssssi", emr_id(call->arena, "ci-", 13), emr_instance_id(call->arena), group, cluster, type, market, state, now));
    return str_eq(state, "RUNNING") ? db_exec(db, err, "UPDATE emr_instance SET ready_ms=created_ms WHERE grp=? AND ready_ms IS NULL", "s", group)
                                    : ST_OK;
}

Status group_insert(Call *call, Db *db, const char *cluster, const Val *config, bool fleet, const char *state, char **ret_id, Error *err)
{
    Arena *a = call->arena;
    const char *type = val_str(config, "InstanceType"), *market = val_str(config, "Market");
    int64_t count = val_int(config, "InstanceCount", 0);
    if (fleet)
        TRY(fleet_shape(config, &type, &count, &market, err));
    InstanceType found;
    if (!instance_type_find(type, &found))
        return emr_invalid(err, "Instance type '%s' is not supported.", type);
    market = market ? market : val_str(config, "BidPrice") ? "SPOT" : "ON_DEMAND";
    char *id = emr_id(a, fleet ? "if-" : "ig-", 13);
    const Val *policy = val_get(config, "AutoScalingPolicy");
    bool running = str_eq(state, "RUNNING");
    int64_t now = clock_ms();
    TRY(db_exec(db, err,
                "INSERT INTO emr_group(id, cluster, role, name, market, bid_price, instance_type, requested, state, created_ms, autoscaling,"
                " request) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", "sssssssisiss",
                id, cluster, val_str(config, fleet ? "InstanceFleetType" : "InstanceRole"), val_str(config, "Name"), market,
                val_str(config, "BidPrice"), type, count, state, now, policy ? val_to_json(a, policy) : NULL, val_to_json(a, config)));
    if (running)
        TRY(db_exec(db, err, "UPDATE emr_group SET ready_ms=created_ms WHERE id=?", "s", id));
    TRY(instances_insert(call, db, cluster, id, type, market, count, state, err));
    *ret_id = id;
    return ST_OK;
}

Status cluster_capacity_update(Db *db, const char *cluster, Error *err)
{
    int64_t vcpus[2] = { 0 }, memory[2] = { 0 }; /* of the master; of the others */
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err,
                     "SELECT g.role<>'MASTER', i.instance_type, count(*) FROM emr_instance i JOIN emr_group g ON g.id=i.grp"
                     " WHERE i.cluster=? AND i.ended_ms IS NULL GROUP BY 1, 2", "s", cluster));
        while (row_next(row)) {
            InstanceType type;
            if (!instance_type_find(row_str(row, 1), &type))
                continue;
            vcpus[row_int(row, 0)] += type.vcpus * row_int(row, 2);
            memory[row_int(row, 0)] += type.memory_bytes * row_int(row, 2);
        }
        TRY(row_status(row, err));
    }
    int others = vcpus[1] > 0;
    return db_exec(db, err, "UPDATE emr_cluster SET vcpus=?, memory_bytes=? WHERE id=?", "iis", vcpus[others], memory[others], cluster);
}

int64_t normalized_hours(Db *db, const char *cluster)
{
    row_auto *row = NULL;
    if (db_query(db, &row, NULL, "SELECT instance_type, (coalesce(ended_ms, ?) - created_ms) / 3600000 FROM emr_instance WHERE cluster=?", "is",
                 clock_ms(), cluster) != ST_OK)
        return 0;
    int64_t hours = 0;
    while (row_next(row)) {
        InstanceType type;
        if (instance_type_find(row_str(row, 0), &type))
            hours += type.units * row_int(row, 1);
    }
    return hours;
}

/* --- showing --- */

/* One EbsBlockDevice for each volume that the configuration asks for. */
static Val *ebs_devices(Arena *a, const Val *ebs)
{
    Val *devices = val_list(a);
    const Val *configs = val_get(ebs, "EbsBlockDeviceConfigs");
    for (size_t i = 0; i < val_len(configs); i++)
        for (int64_t k = 0; k < val_int(val_at(configs, i), "VolumesPerInstance", 1); k++) {
            Val *device = val_map(a);
            val_set(a, device, "VolumeSpecification", (Val *)val_get(val_at(configs, i), "VolumeSpecification"));
            val_set_str(a, device, "Device", arena_printf(a, "/dev/sd%c", (char)('b' + val_len(devices) % 25)));
            val_push(a, devices, device);
        }
    return devices;
}

static Val *autoscaling_of(Arena *a, const char *json)
{
    Val *policy = emr_json(a, json);
    if (!policy)
        return NULL;
    Val *status = val_map(a);
    val_set_str(a, status, "State", "PENDING"); /* kept, not acted on: never ATTACHED */
    val_set(a, status, "StateChangeReason", emr_reason(a, NULL, "weir does not scale instance groups by policy yet"));
    val_set(a, policy, "Status", status);
    return policy;
}

#define GROUP_COLUMNS                                                                                                                     \
    "g.id, g.role, g.name, g.market, g.bid_price, g.instance_type, g.requested,"                                                          \
    " (SELECT count(*) FROM emr_instance i WHERE i.grp=g.id AND i.state='RUNNING'), g.state, g.reason_code, g.reason_message, g.created_ms," \
    " g.ready_ms, g.ended_ms, g.autoscaling, g.request"

static Val *group_status(Arena *a, Row *row)
{
    Val *status = val_map(a);
    val_set_str(a, status, "State", row_str(row, 8));
    val_set(a, status, "StateChangeReason", emr_reason(a, row_str(row, 9), row_str(row, 10)));
    val_set(a, status, "Timeline", emr_timeline(a, row, 11, "ReadyDateTime", 12, 13));
    return status;
}

static Val *group_value(Arena *a, Row *row)
{
    Val *group = val_map(a), *request = emr_json(a, row_str(row, 15));
    val_set_str(a, group, "Id", row_str(row, 0));
    val_set_str(a, group, "Name", row_str(row, 2));
    val_set_str(a, group, "Market", row_str(row, 3));
    val_set_str(a, group, "InstanceGroupType", row_str(row, 1));
    val_set_str(a, group, "BidPrice", row_str(row, 4));
    val_set_str(a, group, "InstanceType", row_str(row, 5));
    val_set_int(a, group, "RequestedInstanceCount", row_int(row, 6));
    val_set_int(a, group, "RunningInstanceCount", row_int(row, 7));
    val_set(a, group, "Status", group_status(a, row));
    const Val *configurations = val_get(request, "Configurations"), *ebs = val_get(request, "EbsConfiguration");
    val_set(a, group, "Configurations", configurations ? (Val *)configurations : val_list(a));
    val_set(a, group, "EbsBlockDevices", ebs_devices(a, ebs));
    if (val_get(ebs, "EbsOptimized"))
        val_set_bool(a, group, "EbsOptimized", val_bool(ebs, "EbsOptimized", false));
    val_set(a, group, "ShrinkPolicy", val_map(a));
    val_set(a, group, "AutoScalingPolicy", autoscaling_of(a, row_str(row, 14)));
    val_set_str(a, group, "CustomAmiId", val_str(request, "CustomAmiId"));
    return group;
}

/* InstanceGroupDetail of DescribeJobFlows. */
static Val *group_detail(Arena *a, Row *row)
{
    Val *group = val_map(a);
    val_set_str(a, group, "InstanceGroupId", row_str(row, 0));
    val_set_str(a, group, "Name", row_str(row, 2) ? row_str(row, 2) : row_str(row, 1));
    val_set_str(a, group, "Market", row_str(row, 3));
    val_set_str(a, group, "InstanceRole", row_str(row, 1));
    val_set_str(a, group, "BidPrice", row_str(row, 4));
    val_set_str(a, group, "InstanceType", row_str(row, 5));
    val_set_int(a, group, "InstanceRequestCount", row_int(row, 6));
    val_set_int(a, group, "InstanceRunningCount", row_int(row, 7));
    val_set_str(a, group, "State", row_str(row, 8));
    val_set_str(a, group, "LastStateChangeReason", row_str(row, 10));
    emr_set_ms(a, group, "CreationDateTime", row, 11);
    emr_set_ms(a, group, "StartDateTime", row, 11);
    emr_set_ms(a, group, "ReadyDateTime", row, 12);
    emr_set_ms(a, group, "EndDateTime", row, 13);
    return group;
}

Val *groups_of(Call *call, Db *db, const char *cluster, bool job_flow, Error *err)
{
    row_auto *row = NULL;
    if (db_query(db, &row, err, "SELECT " GROUP_COLUMNS " FROM emr_group g WHERE g.cluster=? ORDER BY g.seq", "s", cluster) != ST_OK)
        return NULL;
    Val *groups = val_list(call->arena);
    while (row_next(row))
        val_push(call->arena, groups, job_flow ? group_detail(call->arena, row) : group_value(call->arena, row));
    return row_status(row, err) == ST_OK ? groups : NULL;
}

static Status collection_check(Call *call, Db *db, const char *cluster, const char *wanted, Error *err)
{
    char *collection;
    TRY(emr_cluster_check(db, cluster, err));
    TRY(db_get_str(db, call->arena, &collection, err, "SELECT collection FROM emr_cluster WHERE id=?", "s", cluster));
    if (str_eq(collection, wanted))
        return ST_OK;
    return emr_bad_request(err, "ValidationError", "Instance %s and instance %s are mutually exclusive. The EMR cluster specified in the request uses instance %s.",
                           str_eq(collection, "INSTANCE_FLEET") ? "fleets" : "groups", str_eq(collection, "INSTANCE_FLEET") ? "groups" : "fleets",
                           str_eq(collection, "INSTANCE_FLEET") ? "fleets" : "groups");
}

Status emr_list_instance_groups(Call *call, Error *err)
{
    db_auto *db = NULL;
    const char *cluster = val_str(call->input, "ClusterId");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(collection_check(call, db, cluster, "INSTANCE_GROUP", err));
    Val *groups = groups_of(call, db, cluster, false, err);
    if (!groups)
        return err ? err->status : ST_IO;
    val_set(call->arena, call->output, "InstanceGroups", groups);
    return ST_OK;
}

static Val *fleet_value(Arena *a, Row *row)
{
    Val *fleet = val_map(a), *request = emr_json(a, row_str(row, 15));
    int64_t on_demand = val_int(request, "TargetOnDemandCapacity", 0), spot = val_int(request, "TargetSpotCapacity", 0);
    bool running = str_eq(row_str(row, 8), "RUNNING");
    val_set_str(a, fleet, "Id", row_str(row, 0));
    val_set_str(a, fleet, "Name", row_str(row, 2));
    val_set(a, fleet, "Status", group_status(a, row));
    val_set_str(a, fleet, "InstanceFleetType", row_str(row, 1));
    val_set_int(a, fleet, "TargetOnDemandCapacity", on_demand);
    val_set_int(a, fleet, "TargetSpotCapacity", spot);
    val_set_int(a, fleet, "ProvisionedOnDemandCapacity", running ? on_demand : 0);
    val_set_int(a, fleet, "ProvisionedSpotCapacity", running ? spot : 0);
    Val *specifications = val_list(a);
    const Val *types = val_get(request, "InstanceTypeConfigs");
    for (size_t i = 0; i < val_len(types); i++) {
        const Val *type = val_at(types, i);
        Val *specification = val_map(a);
        val_set_str(a, specification, "InstanceType", val_str(type, "InstanceType"));
        val_set_int(a, specification, "WeightedCapacity", val_int(type, "WeightedCapacity", 1));
        val_set_str(a, specification, "BidPrice", val_str(type, "BidPrice"));
        val_set(a, specification, "Configurations", (Val *)val_get(type, "Configurations"));
        val_set(a, specification, "EbsBlockDevices", ebs_devices(a, val_get(type, "EbsConfiguration")));
        val_push(a, specifications, specification);
    }
    val_set(a, fleet, "InstanceTypeSpecifications", specifications);
    val_set(a, fleet, "LaunchSpecifications", (Val *)val_get(request, "LaunchSpecifications"));
    return fleet;
}

Status emr_list_instance_fleets(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const char *cluster = val_str(call->input, "ClusterId");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(collection_check(call, db, cluster, "INSTANCE_FLEET", err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " GROUP_COLUMNS " FROM emr_group g WHERE g.cluster=? ORDER BY g.seq", "s", cluster));
    Val *fleets = val_list(a);
    while (row_next(row))
        val_push(a, fleets, fleet_value(a, row));
    val_set(a, call->output, "InstanceFleets", fleets);
    return row_status(row, err);
}

static Val *instance_value(Arena *a, Row *row)
{
    Val *instance = val_map(a), *status = val_map(a);
    bool fleet = str_starts(row_str(row, 3), "if-");
    val_set_str(a, instance, "Id", row_str(row, 1));
    val_set_str(a, instance, "Ec2InstanceId", row_str(row, 2));
    static const char *const names[][2] = { { "PublicDnsName", "localhost" }, { "PublicIpAddress", "127.0.0.1" },
                                            { "PrivateDnsName", "localhost" }, { "PrivateIpAddress", "127.0.0.1" } };
    for (size_t i = 0; i < 4; i++) /* every instance is a part of this host */
        val_set_str(a, instance, names[i][0], names[i][1]);
    val_set_str(a, status, "State", row_str(row, 6));
    val_set(a, status, "StateChangeReason", emr_reason(a, row_str(row, 7), row_str(row, 8)));
    val_set(a, status, "Timeline", emr_timeline(a, row, 9, "ReadyDateTime", 10, 11));
    val_set(a, instance, "Status", status);
    val_set_str(a, instance, fleet ? "InstanceFleetId" : "InstanceGroupId", row_str(row, 3));
    val_set_str(a, instance, "Market", row_str(row, 5));
    val_set_str(a, instance, "InstanceType", row_str(row, 4));
    val_set(a, instance, "EbsVolumes", val_list(a));
    return instance;
}

Status emr_list_instances(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *cluster = val_str(in, "ClusterId"), *group = val_str(in, "InstanceGroupId"), *fleet = val_str(in, "InstanceFleetId");
    const char *fleet_type = val_str(in, "InstanceFleetType");
    int64_t after;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(emr_cluster_check(db, cluster, err));
    TRY(emr_marker_seq(a, val_str(in, "Marker"), 0, &after, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT i.seq, i.id, i.ec2_id, i.grp, i.instance_type, i.market, i.state, i.reason_code, i.reason_message, i.created_ms,"
                 " i.ready_ms, i.ended_ms, g.role FROM emr_instance i JOIN emr_group g ON g.id=i.grp WHERE i.cluster=? AND i.seq>? ORDER BY i.seq",
                 "si", cluster, after));
    Val *instances = val_list(a);
    int64_t last = 0;
    while (row_next(row)) {
        bool wanted = emr_listed(val_get(in, "InstanceGroupTypes"), row_str(row, 12)) && emr_listed(val_get(in, "InstanceStates"), row_str(row, 6)) &&
                      (!group || str_eq(group, row_str(row, 3))) && (!fleet || str_eq(fleet, row_str(row, 3))) &&
                      (!fleet_type || str_eq(fleet_type, row_str(row, 12)));
        if (!wanted)
            continue;
        if (val_len(instances) == PAGE_INSTANCES) {
            val_set_str(a, call->output, "Marker", emr_marker(a, last));
            break;
        }
        last = row_int(row, 0);
        val_push(a, instances, instance_value(a, row));
    }
    val_set(a, call->output, "Instances", instances);
    return row_status(row, err);
}

/* --- changing --- */

Status emr_add_instance_groups(Call *call, Error *err)
{
    db_auto *db = NULL;
    Arena *a = call->arena;
    const char *cluster = val_str(call->input, "JobFlowId");
    const Val *configs = val_get(call->input, "InstanceGroups");
    char *state;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(emr_cluster_modifiable(db, a, cluster, &state, err));
    TRY(collection_check(call, db, cluster, "INSTANCE_GROUP", err));
    Val *ids = val_list(a);
    bool up = str_eq(state, "RUNNING") || str_eq(state, "WAITING");
    for (size_t i = 0; i < val_len(configs); i++) {
        const Val *config = val_at(configs, i);
        if (!str_eq(val_str(config, "InstanceRole"), "TASK"))
            return emr_invalid(err, "Only instance groups of type TASK can be added to a running job flow.");
        TRY(group_check(config, err));
        char *id;
        TRY(group_insert(call, db, cluster, config, false, up ? "RUNNING" : state, &id, err));
        val_push(a, ids, val_strv(a, id));
    }
    TRY(cluster_capacity_update(db, cluster, err));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "JobFlowId", cluster);
    val_set(a, call->output, "InstanceGroupIds", ids);
    val_set_str(a, call->output, "ClusterArn", emr_arn(call, cluster));
    return ST_OK;
}

static Status group_resize(Call *call, Db *db, const Val *change, Error *err)
{
    Arena *a = call->arena;
    const char *group = val_str(change, "InstanceGroupId"), *of = val_str(call->input, "ClusterId");
    char *cluster = NULL, *role = NULL, *type = NULL, *market = NULL, *state;
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT cluster, role, instance_type, market FROM emr_group WHERE id=?", "s", group));
        if (row_next(row)) {
            cluster = row_str_in(row, a, 0);
            role = row_str_in(row, a, 1);
            type = row_str_in(row, a, 2);
            market = row_str_in(row, a, 3);
        }
        TRY(row_status(row, err));
    }
    if (!cluster || (of && !str_eq(of, cluster)))
        return emr_bad_request(err, "ValidationError", "Instance group id '%s' is not valid.", group);
    TRY(emr_cluster_modifiable(db, a, cluster, &state, err));
    if (!val_get(change, "InstanceCount"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationException", "weir changes an instance group's InstanceCount only; reconfiguration is not done yet.");
    int64_t count = val_int(change, "InstanceCount", 0), now = clock_ms(), running = 0;
    if (str_eq(role, "MASTER"))
        return emr_invalid(err, "Instance count of the master instance group cannot be changed.");
    if (count < (str_eq(role, "CORE") ? 1 : 0) || count > INSTANCES_MAX)
        return emr_invalid(err, "Invalid instance count %lld for instance group %s.", (long long)count, group);
    TRY(db_get_int(db, &running, err, "SELECT count(*) FROM emr_instance WHERE grp=? AND ended_ms IS NULL", "s", group));
    if (count > running)
        TRY(instances_insert(call, db, cluster, group, type, market, count - running,
                             str_eq(state, "STARTING") || str_eq(state, "BOOTSTRAPPING") ? state : "RUNNING", err));
    if (count < running)
        TRY(db_exec(db, err,
                    "UPDATE emr_instance SET state='TERMINATED', ended_ms=?, reason_code='USER_REQUEST', reason_message='Instance was resized away.'"
                    " WHERE seq IN (SELECT seq FROM emr_instance WHERE grp=? AND ended_ms IS NULL ORDER BY seq DESC LIMIT ?)", "isi", now, group,
                    running - count));
    TRY(db_exec(db, err, "UPDATE emr_group SET requested=? WHERE id=?", "is", count, group));
    return cluster_capacity_update(db, cluster, err);
}

Status emr_modify_instance_groups(Call *call, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    const Val *changes = val_get(call->input, "InstanceGroups");
    for (size_t i = 0; i < val_len(changes); i++)
        TRY(group_resize(call, db, val_at(changes, i), err));
    return db_commit(db, err);
}
