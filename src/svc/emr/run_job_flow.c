/* svc/emr/run_job_flow.c -- RunJobFlow: checks the request as the service does, and inserts the cluster, STARTING. */
#include "base/clock.h"
#include "base/str.h"
#include "step/queue.h"
#include "svc/alarming.h"
#include "svc/emr/internal.h"
#include "svc/emr/metrics.h"

static Status releases_check(const Val *in, Error *err)
{
    const char *ami = val_str(in, "AmiVersion"), *label = val_str(in, "ReleaseLabel");
    ReleaseVersion version = { 0 };
    if (ami && label)
        return emr_invalid(err, "Only one AMI version and release label may be specified. Provided AMI: %s, release label: %s.", ami, label);
    if (label && !release_known(label, &version))
        return emr_invalid(err, "The supplied release label is invalid: %s.", label);
    if (!val_str(in, "CustomAmiId"))
        return ST_OK;
    if (ami)
        return emr_invalid(err, "Custom AMI is not supported in this version of EMR");
    if (label && (version.major < 5 || (version.major == 5 && version.minor < 7)))
        return emr_invalid(err, "Custom AMI is not allowed");
    return ST_OK;
}

static Status groups_check(const Val *groups, Error *err)
{
    int masters = 0, cores = 0;
    for (size_t i = 0; i < val_len(groups); i++) {
        const Val *group = val_at(groups, i);
        const char *role = val_str(group, "InstanceRole");
        int64_t count = val_int(group, "InstanceCount", 0);
        TRY(group_check(group, err));
        masters += str_eq(role, "MASTER");
        cores += str_eq(role, "CORE");
        if (str_eq(role, "MASTER") && count != 1 && count != 3)
            return emr_invalid(err, "Master instance group must have exactly 3 instances for HA clusters.");
        if (count < 1 && !str_eq(role, "TASK"))
            return emr_invalid(err, "Instance count of the %s instance group must be at least 1.", role);
    }
    if (masters != 1)
        return emr_invalid(err, "There must be exactly one master instance group.");
    if (cores > 1)
        return emr_invalid(err, "There can be only one core instance group.");
    return ST_OK;
}

static Status fleets_check(const Val *fleets, Error *err)
{
    int masters = 0;
    for (size_t i = 0; i < val_len(fleets); i++)
        masters += str_eq(val_str(val_at(fleets, i), "InstanceFleetType"), "MASTER");
    return masters == 1 ? ST_OK : emr_invalid(err, "There must be exactly one master instance fleet.");
}

static Val *simple_group(Arena *a, const char *role, const char *type, int64_t count)
{
    Val *group = val_map(a);
    val_set_str(a, group, "InstanceRole", role);
    val_set_str(a, group, "InstanceType", type);
    val_set_int(a, group, "InstanceCount", count);
    val_set_str(a, group, "Market", "ON_DEMAND");
    val_set_str(a, group, "Name", str_eq(role, "MASTER") ? "master" : "slave");
    return group;
}

/* The three ways to name instances as one list of groups, or of fleets. */
static Status instances_of(Arena *a, const Val *instances, const Val **ret_list, bool *ret_fleets, Error *err)
{
    const Val *groups = val_get(instances, "InstanceGroups"), *fleets = val_get(instances, "InstanceFleets");
    const char *master = val_str(instances, "MasterInstanceType"), *slave = val_str(instances, "SlaveInstanceType");
    int64_t count = val_int(instances, "InstanceCount", 0);
    bool simple = master || slave || count;
    if ((val_len(groups) > 0) + (val_len(fleets) > 0) + simple != 1)
        return emr_invalid(err, "Please configure instances using one and only one of the following: instance groups; instance fleets; "
                                "instance count, master and slave instance type.");
    *ret_fleets = val_len(fleets) > 0;
    *ret_list = *ret_fleets ? fleets : groups;
    if (!simple)
        return *ret_fleets ? fleets_check(fleets, err) : groups_check(groups, err);
    count = count ? count : 1;
    if (!master)
        return emr_invalid(err, "Invalid InstanceProfile: a master instance type is required.");
    if (count > 1 && !slave)
        return emr_invalid(err, "A slave instance type is required for more than one instance.");
    Val *list = val_list(a);
    val_push(a, list, simple_group(a, "MASTER", master, 1));
    if (count > 1)
        val_push(a, list, simple_group(a, "CORE", slave, count - 1));
    *ret_list = list;
    return groups_check(list, err);
}

static bool has_three_masters(const Val *list)
{
    for (size_t i = 0; i < val_len(list); i++)
        if (str_eq(val_str(val_at(list, i), "InstanceRole"), "MASTER") && val_int(val_at(list, i), "InstanceCount", 1) == 3)
            return true;
    return false;
}

static Status bootstrap_insert(Call *call, Db *db, const char *cluster, const Val *actions, Error *err)
{
    Arena *a = call->arena;
    for (size_t i = 0; i < val_len(actions); i++) {
        const Val *script = val_get(val_at(actions, i), "ScriptBootstrapAction"), *args = val_get(script, "Args");
        TRY(db_exec(db, err, "INSERT INTO emr_bootstrap(id, cluster, number, name, path, args, state) VALUES(?,?,?,?,?,?,'PENDING')", "ssisss",
                    emr_id(a, "ba-", 13), cluster, (int64_t)i + 1, val_str(val_at(actions, i), "Name"), val_str(script, "Path"),
                    args ? val_to_json(a, args) : "[]"));
    }
    return ST_OK;
}

static Status request_check(const Val *in, Error *err)
{
    TRY(releases_check(in, err));
    TRY(steps_check(val_get(in, "Steps"), err));
    TRY(tags_check(val_get(in, "Tags"), err));
    const char *log_uri = val_str(in, "LogUri");
    if (log_uri && *log_uri && !str_starts(log_uri, "s3://") && !str_starts(log_uri, "s3n://") && !str_starts(log_uri, "s3a://"))
        return emr_invalid(err, "The log URI must be a valid Amazon S3 URI: %s.", log_uri);
    int64_t concurrency = val_int(in, "StepConcurrencyLevel", 1);
    if (concurrency < 1 || concurrency > CONCURRENCY_MAX)
        return emr_invalid(err, "The step concurrency level must be between 1 and %d.", CONCURRENCY_MAX);
    if (val_len(val_get(in, "BootstrapActions")) > BOOTSTRAP_MAX)
        return emr_invalid(err, "A maximum of %d bootstrap actions are allowed.", BOOTSTRAP_MAX);
    return ST_OK;
}

static Status cluster_insert(Call *call, Db *db, const char *id, bool fleets, bool keep_alive, bool protect, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *idle = val_get(in, "AutoTerminationPolicy"), *scaling = val_get(in, "ManagedScalingPolicy");
    TRY(db_exec(db, err,
                "INSERT INTO emr_cluster(id, name, state, reason_message, created_ms, log_uri, release_label, keep_alive, protected, visible,"
                " step_concurrency, job_flow_role, service_role, step_role, idle_timeout_s, managed_scaling, memory_bytes, vcpus, collection, request)"
                " VALUES(?,?,'STARTING','Provisioning Amazon EC2 capacity',?,?,?,?,?,?,?,?,?,?,NULLIF(?,0),?,0,0,?,?)",
                "ssissiiiisssisss", id, val_str(in, "Name"), clock_ms(), val_str(in, "LogUri"), val_str(in, "ReleaseLabel"), (int64_t)keep_alive,
                (int64_t)protect, (int64_t)val_bool(in, "VisibleToAllUsers", true), val_int(in, "StepConcurrencyLevel", 1),
                val_str(in, "JobFlowRole"), val_str(in, "ServiceRole"), val_str(in, "StepExecutionRoleArn"), val_int(idle, "IdleTimeout", idle ? 3600 : 0),
                scaling ? val_to_json(a, scaling) : NULL, fleets ? "INSTANCE_FLEET" : "INSTANCE_GROUP", val_to_json(a, in)));
    return ST_OK;
}

/* The sandbox that this host gives, for all to see: tags of AWS's own namespace are not a user's to compare or to change. */
static Status system_tag(Call *call, Db *db, const char *cluster, Error *err)
{
    if (!call->server->queue)
        return ST_OK;
    return db_exec(db, err, "INSERT INTO emr_tag(cluster, key, value) VALUES(?,?,?)", "sss", cluster, "aws:weir:sandbox",
                   step_queue_level(call->server->queue));
}

Status emr_run_job_flow(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *instances = val_get(in, "Instances"), *list = NULL;
    bool fleets = false;
    TRY(request_check(in, err));
    TRY(instances_of(a, instances, &list, &fleets, err));
    bool three = has_three_masters(list);
    bool keep_alive = three || val_bool(instances, "KeepJobFlowAliveWhenNoSteps", false);
    bool protect = three || val_bool(instances, "TerminationProtected", false);
    char *id = emr_id(a, "j-", 13), *part;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(cluster_insert(call, db, id, fleets, keep_alive, protect, err));
    for (size_t i = 0; i < val_len(list); i++)
        TRY(group_insert(call, db, id, val_at(list, i), fleets, "PROVISIONING", &part, err));
    TRY(cluster_capacity_update(db, id, err));
    TRY(tags_insert(db, id, val_get(in, "Tags"), err));
    TRY(system_tag(call, db, id, err));
    TRY(bootstrap_insert(call, db, id, val_get(in, "BootstrapActions"), err));
    TRY(steps_insert(call, db, id, val_get(in, "Steps"), NULL, val_list(a), err));
    TRY(emr_alarms_put(call, db, id, err));
    TRY(db_commit(db, err));
    if (call->server->alarming)
        call->server->alarming->changed(call->server);
    emr_wake(call);
    val_set_str(a, call->output, "JobFlowId", id);
    val_set_str(a, call->output, "ClusterArn", emr_arn(call, id));
    return ST_OK;
}
