/* svc/redshift/groups.c -- subnet, security and parameter groups, and grants for copies. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/redshift/internal.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { GROUP_NAME_MAX = 255 };

/* What the kinds of groups have in common. */
typedef struct GroupKind {
    const char *kind, *name, *answer, *list, *not_found, *not_found_text, *exists;
} GroupKind;

static const GroupKind group_kinds[] = {
    { RESOURCE_SUBNET_GROUP, "ClusterSubnetGroupName", "ClusterSubnetGroup", "ClusterSubnetGroups", "ClusterSubnetGroupNotFoundFault",
      "Subnet group %s not found.", "ClusterSubnetGroupAlreadyExists" },
    { RESOURCE_SECURITY_GROUP, "ClusterSecurityGroupName", "ClusterSecurityGroup", "ClusterSecurityGroups", "ClusterSecurityGroupNotFound",
      "Security group %s not found.", "ClusterSecurityGroupAlreadyExists" },
    { RESOURCE_PARAMETER_GROUP, "ParameterGroupName", "ClusterParameterGroup", "ParameterGroups", "ClusterParameterGroupNotFound",
      "ClusterParameterGroup not found: %s", "ClusterParameterGroupAlreadyExists" },
    { RESOURCE_COPY_GRANT, "SnapshotCopyGrantName", "SnapshotCopyGrant", "SnapshotCopyGrants", "SnapshotCopyGrantNotFoundFault",
      "Snapshot copy grant not found: %s", "SnapshotCopyGrantAlreadyExistsFault" },
};
enum { KIND_SUBNET, KIND_SECURITY, KIND_PARAMETER, KIND_GRANT };

static Status not_found(const GroupKind *kind, const char *id, Error *err)
{
    const char *at = strstr(kind->not_found_text, "%s");
    return FAIL_CODE(err, ST_NOT_FOUND, kind->not_found, "%.*s%s%s", (int)(at - kind->not_found_text), kind->not_found_text, id, at + 2);
}

static Status group_find(Call *call, Db *db, const GroupKind *kind, const char *id, Resource *ret_group, Error *err)
{
    TRY(resource_find(db, call->arena, call->region, kind->kind, id, ret_group, err));
    return ret_group->body ? ST_OK : not_found(kind, id, err);
}

Status redshift_group_check(Call *call, Db *db, const char *kind, const char *id, Error *err)
{
    Resource group;
    for (size_t i = 0; i < sizeof group_kinds / sizeof *group_kinds; i++) {
        if (str_eq(group_kinds[i].kind, kind) && !(i == KIND_SECURITY && str_ieq(id, "default")))
            return group_find(call, db, &group_kinds[i], id, &group, err);
    }
    return ST_OK;
}

static Status group_create(Call *call, const GroupKind *kind, Val *body, Error *err)
{
    Arena *a = call->arena;
    const char *id = NULL;
    Val *tags = NULL;
    TRY(redshift_identifier(a, kind->name, val_str(call->input, kind->name), GROUP_NAME_MAX, &id, err));
    TRY(redshift_tags(call, &tags, err));
    val_set_str(a, body, kind->name, id);
    val_set_str(a, body, "Description", val_str(call->input, "Description"));
    val_set(a, body, "Tags", tags);
    Resource group = { .id = id, .body = body, .created_ms = clock_ms() };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    Status status = resource_insert(db, a, call->region, kind->kind, &group, err);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, kind->exists, "%s %s already exists.", kind->answer, id);
    TRY(status);
    redshift_answer(call, kind->answer, body);
    return ST_OK;
}

/* `first`: one that every account has, or NULL. */
static Status group_describe(Call *call, const GroupKind *kind, Val *first, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, kind->name);
    Val *all = val_list(a);
    if (first && (!id || str_ieq(id, val_str(first, kind->name))))
        val_push(a, all, first);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    ResourceList list;
    TRY(resource_list(db, a, call->region, kind->kind, &list, err));
    for (size_t i = 0; i < list.len; i++) {
        if (!id || str_ieq(id, list.at[i].id))
            val_push(a, all, list.at[i].body);
    }
    if (id && val_len(all) == 0)
        return not_found(kind, id, err);
    return redshift_page(call, all, kind->list, err);
}

/* Is the group's name among those of a cluster? */
static Status check_unused(Call *call, Db *db, const GroupKind *kind, const char *id, Error *err)
{
    ResourceList clusters;
    TRY(resource_list(db, call->arena, call->region, RESOURCE_CLUSTER, &clusters, err));
    for (size_t i = 0; i < clusters.len; i++) {
        const Val *body = clusters.at[i].body, *groups = val_get(body, kind->kind[0] == 'p' ? "ClusterParameterGroups" : "ClusterSecurityGroups");
        bool used = kind == &group_kinds[KIND_SUBNET] && str_eq(val_str(body, "ClusterSubnetGroupName"), id);
        for (size_t j = 0; j < val_len(groups); j++)
            used = used || str_eq(val_str(val_at(groups, j), kind->name), id);
        if (!used)
            continue;
        const char *code = kind == &group_kinds[KIND_SUBNET]     ? "InvalidClusterSubnetGroupStateFault"
                           : kind == &group_kinds[KIND_SECURITY] ? "InvalidClusterSecurityGroupState"
                                                                 : "InvalidClusterParameterGroupState";
        return FAIL_CODE(err, ST_CONFLICT, code, "%s %s is used by the cluster %s.", kind->answer, id, clusters.at[i].id);
    }
    return ST_OK;
}

static Status group_delete(Call *call, const GroupKind *kind, Error *err)
{
    const char *id = val_str(call->input, kind->name);
    bool deleted = false;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(check_unused(call, db, kind, id, err));
    TRY(resource_delete(db, call->region, kind->kind, id, &deleted, err));
    if (!deleted)
        return not_found(kind, id, err);
    return db_commit(db, err);
}

/* --- subnet groups --- */

static bool subnet_id_good(const char *id)
{
    size_t digits = strlen(id) > 7 ? strspn(id + 7, "0123456789abcdef") : 0;
    return str_starts(id, "subnet-") && !id[7 + digits] && (digits == 8 || digits == 17);
}

static Status subnets_of(Call *call, Val **ret_subnets, Error *err)
{
    Arena *a = call->arena;
    const Val *ids = val_get(call->input, "SubnetIds");
    Val *subnets = val_list(a);
    for (size_t i = 0; i < val_len(ids); i++) {
        const char *id = val_at(ids, i)->s;
        if (!subnet_id_good(id))
            return FAIL_CODE(err, ST_INVALID, "InvalidSubnet", "Subnet ['%s'] not found.", id);
        Val *subnet = val_map(a), *zone = val_map(a);
        val_set_str(a, zone, "Name", arena_printf(a, "%sa", call->region));
        val_set_str(a, subnet, "SubnetIdentifier", id);
        val_set(a, subnet, "SubnetAvailabilityZone", zone);
        val_set_str(a, subnet, "SubnetStatus", "Active");
        val_push(a, subnets, subnet);
    }
    if (val_len(subnets) == 0)
        return FAIL_CODE(err, ST_INVALID, "InvalidSubnet", "Subnet [] not found.");
    *ret_subnets = subnets;
    return ST_OK;
}

Status redshift_create_cluster_subnet_group(Call *call, Error *err)
{
    Val *subnets = NULL, *body = val_map(call->arena);
    TRY(subnets_of(call, &subnets, err));
    val_set(call->arena, body, "Subnets", subnets);
    val_set_str(call->arena, body, "SubnetGroupStatus", "Complete");
    return group_create(call, &group_kinds[KIND_SUBNET], body, err);
}

Status redshift_describe_cluster_subnet_groups(Call *call, Error *err)
{
    return group_describe(call, &group_kinds[KIND_SUBNET], NULL, err);
}

Status redshift_modify_cluster_subnet_group(Call *call, Error *err)
{
    Resource group;
    Val *subnets = NULL;
    TRY(subnets_of(call, &subnets, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(group_find(call, db, &group_kinds[KIND_SUBNET], val_str(call->input, "ClusterSubnetGroupName"), &group, err));
    val_set(call->arena, group.body, "Subnets", subnets);
    val_set_str(call->arena, group.body, "Description", val_str(call->input, "Description"));
    TRY(resource_update(db, call->arena, call->region, RESOURCE_SUBNET_GROUP, &group, err));
    TRY(db_commit(db, err));
    redshift_answer(call, "ClusterSubnetGroup", group.body);
    return ST_OK;
}

Status redshift_delete_cluster_subnet_group(Call *call, Error *err)
{
    return group_delete(call, &group_kinds[KIND_SUBNET], err);
}

/* --- security groups --- */

static Val *security_group(Arena *a)
{
    Val *body = val_map(a);
    val_set(a, body, "EC2SecurityGroups", val_list(a));
    val_set(a, body, "IPRanges", val_list(a));
    return body;
}

Status redshift_create_cluster_security_group(Call *call, Error *err)
{
    return group_create(call, &group_kinds[KIND_SECURITY], security_group(call->arena), err);
}

Status redshift_describe_cluster_security_groups(Call *call, Error *err)
{
    Val *first = security_group(call->arena);
    val_set_str(call->arena, first, "ClusterSecurityGroupName", "Default");
    val_set_str(call->arena, first, "Description", "Default Redshift Security Group");
    val_set(call->arena, first, "Tags", val_list(call->arena));
    return group_describe(call, &group_kinds[KIND_SECURITY], first, err);
}

Status redshift_delete_cluster_security_group(Call *call, Error *err)
{
    return group_delete(call, &group_kinds[KIND_SECURITY], err);
}

static bool cidr_good(Arena *a, const char *text)
{
    const char *slash = strchr(text, '/');
    struct in_addr address;
    int64_t bits = -1;
    return slash && inet_pton(AF_INET, arena_strn(a, text, (size_t)(slash - text)), &address) == 1 && str_to_i64(slash + 1, &bits) &&
           bits >= 0 && bits <= 32;
}

/* Adds or removes one range (or EC2 group) of a security group. */
static Status ingress(Call *call, bool add, Error *err)
{
    Arena *a = call->arena;
    const char *cidr = val_str(call->input, "CIDRIP"), *group_name = val_str(call->input, "EC2SecurityGroupName");
    const char *list_name = cidr ? "IPRanges" : "EC2SecurityGroups", *key = cidr ? "CIDRIP" : "EC2SecurityGroupName";
    const char *value = cidr ? cidr : group_name;
    Resource group;
    if (!value || (cidr && group_name))
        return redshift_combination(err, "Either CIDRIP or EC2SecurityGroupName and EC2SecurityGroupOwnerId must be given.");
    if (cidr && !cidr_good(a, cidr))
        return redshift_invalid(err, "Invalid CIDR %s", cidr);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(resource_find(db, a, call->region, RESOURCE_SECURITY_GROUP, val_str(call->input, "ClusterSecurityGroupName"), &group, err));
    if (!group.body)
        return FAIL_CODE(err, ST_NOT_FOUND, "ClusterSecurityGroupNotFound",
                         "The cluster security group name does not refer to an existing cluster security group.");
    const Val *now = val_get(group.body, list_name);
    Val *list = val_list(a);
    bool there = false;
    for (size_t i = 0; i < val_len(now); i++) {
        bool same = str_eq(val_str(val_at(now, i), key), value);
        there = there || same;
        if (!same || add)
            val_push(a, list, (Val *)val_at(now, i));
    }
    if (add && there)
        return FAIL_CODE(err, ST_CONFLICT, "AuthorizationAlreadyExists", "%s is authorized for the group already.", value);
    if (!add && !there)
        return FAIL_CODE(err, ST_NOT_FOUND, "AuthorizationNotFound", "%s is not authorized for the group.", value);
    if (add) {
        Val *range = val_map(a);
        val_set_str(a, range, "Status", "authorized");
        val_set_str(a, range, key, value);
        val_set_str(a, range, "EC2SecurityGroupOwnerId", cidr ? NULL : val_str(call->input, "EC2SecurityGroupOwnerId"));
        val_set(a, range, "Tags", val_list(a));
        val_push(a, list, range);
    }
    val_set(a, group.body, list_name, list);
    TRY(resource_update(db, a, call->region, RESOURCE_SECURITY_GROUP, &group, err));
    TRY(db_commit(db, err));
    redshift_answer(call, "ClusterSecurityGroup", group.body);
    return ST_OK;
}

Status redshift_authorize_cluster_security_group_ingress(Call *call, Error *err)
{
    return ingress(call, true, err);
}

Status redshift_revoke_cluster_security_group_ingress(Call *call, Error *err)
{
    return ingress(call, false, err);
}

/* --- parameter groups --- */

typedef struct Parameter {
    const char *name, *value, *type, *allowed, *description;
} Parameter;
static const Parameter parameters[] = {
#define PARAMETER(name, value, type, allowed, description) { name, value, type, allowed, description },
#include "svc/redshift/parameters.def"
#undef PARAMETER
};
enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

static Status check_family(const char *family, Error *err)
{
    return str_eq(family, "redshift-1.0") || str_eq(family, "redshift-2.0")
               ? ST_OK
               : redshift_invalid(err, "The ParameterGroupFamily '%s' is not valid.", family);
}

/* The defaults, with what the group changed. */
static Val *parameter_list(Arena *a, const Val *changed)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < PARAMETERS; i++) {
        const char *value = val_str(changed, parameters[i].name);
        Val *parameter = val_map(a);
        val_set_str(a, parameter, "ParameterName", parameters[i].name);
        val_set_str(a, parameter, "ParameterValue", value ? value : parameters[i].value);
        val_set_str(a, parameter, "Description", parameters[i].description);
        val_set_str(a, parameter, "Source", value ? "user" : "engine-default");
        val_set_str(a, parameter, "DataType", parameters[i].type);
        val_set_str(a, parameter, "AllowedValues", parameters[i].allowed);
        val_set_str(a, parameter, "ApplyType", "static");
        val_set_bool(a, parameter, "IsModifiable", true);
        val_push(a, list, parameter);
    }
    return list;
}

Status redshift_create_cluster_parameter_group(Call *call, Error *err)
{
    Val *body = val_map(call->arena);
    TRY(check_family(val_str(call->input, "ParameterGroupFamily"), err));
    val_set_str(call->arena, body, "ParameterGroupFamily", val_str(call->input, "ParameterGroupFamily"));
    return group_create(call, &group_kinds[KIND_PARAMETER], body, err);
}

Status redshift_describe_cluster_parameter_groups(Call *call, Error *err)
{
    Val *first = val_map(call->arena);
    val_set_str(call->arena, first, "ParameterGroupName", "default.redshift-1.0");
    val_set_str(call->arena, first, "ParameterGroupFamily", "redshift-1.0");
    val_set_str(call->arena, first, "Description", "Default Redshift parameter group");
    val_set(call->arena, first, "Tags", val_list(call->arena));
    return group_describe(call, &group_kinds[KIND_PARAMETER], first, err);
}

Status redshift_delete_cluster_parameter_group(Call *call, Error *err)
{
    return group_delete(call, &group_kinds[KIND_PARAMETER], err);
}

static Status parameter_group(Call *call, Db *db, Resource *ret_group, Error *err)
{
    const char *name = val_str(call->input, "ParameterGroupName");
    return group_find(call, db, &group_kinds[KIND_PARAMETER], name, ret_group, err);
}

Status redshift_describe_cluster_parameters(Call *call, Error *err)
{
    Resource group = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    if (!str_eq(val_str(call->input, "ParameterGroupName"), "default.redshift-1.0"))
        TRY(parameter_group(call, db, &group, err));
    return redshift_page(call, parameter_list(call->arena, val_get(group.body, "_parameters")), "Parameters", err);
}

Status redshift_describe_default_cluster_parameters(Call *call, Error *err)
{
    Val *answer = val_map(call->arena);
    const char *family = val_str(call->input, "ParameterGroupFamily");
    TRY(check_family(family, err));
    val_set_str(call->arena, answer, "ParameterGroupFamily", family);
    val_set(call->arena, answer, "Parameters", parameter_list(call->arena, NULL));
    val_set(call->arena, call->output, "DefaultClusterParameters", answer);
    return ST_OK;
}

static bool parameter_known(const char *name)
{
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (str_eq(parameters[i].name, name))
            return true;
    }
    return false;
}

/* `reset`: the named ones (or all) go back to their defaults. */
static Status parameters_change(Call *call, bool reset, Error *err)
{
    Arena *a = call->arena;
    const Val *list = val_get(call->input, "Parameters");
    Resource group;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(parameter_group(call, db, &group, err));
    Val *changed = (Val *)val_get(group.body, "_parameters");
    if (!changed || (reset && val_bool(call->input, "ResetAllParameters", false)))
        changed = val_map(a);
    for (size_t i = 0; i < val_len(list); i++) {
        const char *name = val_str(val_at(list, i), "ParameterName");
        if (!name || !parameter_known(name))
            return redshift_invalid(err, "Could not find parameter with name: %s", name ? name : "");
        if (reset)
            changed = redshift_without(a, changed, name);
        else
            val_set_str(a, changed, name, val_str(val_at(list, i), "ParameterValue"));
    }
    val_set(a, group.body, "_parameters", changed);
    TRY(resource_update(db, a, call->region, RESOURCE_PARAMETER_GROUP, &group, err));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "ParameterGroupName", group.id);
    val_set_str(a, call->output, "ParameterGroupStatus",
                "Your parameter group has been updated but changes won't get applied until you reboot the associated Clusters.");
    return ST_OK;
}

Status redshift_modify_cluster_parameter_group(Call *call, Error *err)
{
    return parameters_change(call, false, err);
}

Status redshift_reset_cluster_parameter_group(Call *call, Error *err)
{
    return parameters_change(call, true, err);
}

/* --- grants for copies --- */

Status redshift_create_snapshot_copy_grant(Call *call, Error *err)
{
    Val *body = val_map(call->arena);
    val_set_str(call->arena, body, "KmsKeyId", val_str(call->input, "KmsKeyId"));
    return group_create(call, &group_kinds[KIND_GRANT], body, err);
}

Status redshift_describe_snapshot_copy_grants(Call *call, Error *err)
{
    return group_describe(call, &group_kinds[KIND_GRANT], NULL, err);
}

Status redshift_delete_snapshot_copy_grant(Call *call, Error *err)
{
    return group_delete(call, &group_kinds[KIND_GRANT], err);
}
