/* svc/redshift/tags.c -- tags of every kind of resource, by ARN. */
#include "base/str.h"
#include "svc/redshift/internal.h"

static const char *const kinds[] = { RESOURCE_CLUSTER,        RESOURCE_PARAMETER_GROUP, RESOURCE_SECURITY_GROUP,
                                     RESOURCE_SNAPSHOT,       RESOURCE_SUBNET_GROUP,    RESOURCE_COPY_GRANT };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool kind_known(const char *kind)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (str_eq(kinds[i], kind))
            return true;
    }
    return false;
}

static char *arn_of(Call *call, const char *kind, const Resource *r)
{
    bool snapshot = str_eq(kind, RESOURCE_SNAPSHOT);
    return arena_printf(call->arena, "arn:aws:redshift:%s:%s:%s:%s%s%s", call->region, call->server->account, kind,
                        snapshot ? val_str(r->body, "ClusterIdentifier") : "", snapshot ? "/" : "", r->id);
}

/* arn:aws:redshift:REGION:ACCOUNT:KIND:NAME, a snapshot's NAME is CLUSTER/SNAPSHOT. */
static Status arn_parse(Arena *a, const char *arn, const char **ret_kind, const char **ret_id, Error *err)
{
    const char *at = arn;
    for (int i = 0; i < 5 && at; i++)
        at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL;
    const char *colon = at ? strchr(at, ':') : NULL;
    const char *kind = colon ? arena_strn(a, at, (size_t)(colon - at)) : "";
    if (!str_starts(arn, "arn:") || !kind_known(kind))
        return redshift_invalid(err, "Tagging is not supported for this type of resource: '%s' (the correct types are: cluster, "
                                     "parametergroup, securitygroup, snapshot, snapshotcopygrant, subnetgroup)", kind);
    const char *slash = str_eq(kind, RESOURCE_SNAPSHOT) ? strchr(colon, '/') : NULL;
    *ret_kind = kind;
    *ret_id = arena_str(a, slash ? slash + 1 : colon + 1);
    return ST_OK;
}

static Status tagged_resource(Call *call, Db *db, const char **ret_kind, Resource *ret_resource, Error *err)
{
    const char *id = NULL;
    TRY(arn_parse(call->arena, val_str(call->input, "ResourceName"), ret_kind, &id, err));
    TRY(resource_find(db, call->arena, call->region, *ret_kind, id, ret_resource, err));
    return ret_resource->body ? ST_OK : FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundFault", "%s (%s) not found.", *ret_kind, id);
}

static bool key_in(const Val *list, const char *member, const char *key)
{
    for (size_t i = 0; i < val_len(list); i++) {
        const Val *item = val_at(list, i);
        if (str_eq(member ? val_str(item, member) : item->s, key))
            return true;
    }
    return false;
}

/* The tags without those that `gone` names (by `member`, or texts), then `more`. */
static Status replace(Call *call, const Val *gone, const char *member, const Val *more, Error *err)
{
    Arena *a = call->arena;
    const char *kind = NULL;
    Resource resource;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tagged_resource(call, db, &kind, &resource, err));
    const Val *now = val_get(resource.body, "Tags");
    Val *tags = val_list(a);
    for (size_t i = 0; i < val_len(now); i++) {
        if (!key_in(gone, member, val_str(val_at(now, i), "Key")))
            val_push(a, tags, (Val *)val_at(now, i));
    }
    for (size_t i = 0; i < val_len(more); i++)
        val_push(a, tags, (Val *)val_at(more, i));
    if (val_len(tags) > TAGS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "TagLimitExceededFault", "A resource may have %d tags at most.", TAGS_MAX);
    val_set(a, resource.body, "Tags", tags);
    TRY(resource_update(db, a, call->region, kind, &resource, err));
    return db_commit(db, err);
}

Status redshift_create_tags(Call *call, Error *err)
{
    const Val *tags = val_get(call->input, "Tags");
    return replace(call, tags, "Key", tags, err);
}

Status redshift_delete_tags(Call *call, Error *err)
{
    return replace(call, val_get(call->input, "TagKeys"), NULL, NULL, err);
}

static void add_tags(Call *call, Val *all, const char *kind, const Resource *r)
{
    Arena *a = call->arena;
    const Val *tags = val_get(r->body, "Tags"), *keys = val_get(call->input, "TagKeys"), *values = val_get(call->input, "TagValues");
    for (size_t i = 0; i < val_len(tags); i++) {
        Val *tag = (Val *)val_at(tags, i);
        if ((keys && !key_in(keys, NULL, val_str(tag, "Key"))) || (values && !key_in(values, NULL, val_str(tag, "Value"))))
            continue;
        Val *item = val_map(a);
        val_set(a, item, "Tag", tag);
        val_set_str(a, item, "ResourceName", arn_of(call, kind, r));
        val_set_str(a, item, "ResourceType", kind);
        val_push(a, all, item);
    }
}

static Status describe_kind(Call *call, Db *db, const char *kind, Val *all, size_t *count, Error *err)
{
    ResourceList list;
    TRY(resource_list(db, call->arena, call->region, kind, &list, err));
    for (size_t i = 0; i < list.len; i++)
        add_tags(call, all, kind, &list.at[i]);
    *count += list.len;
    return ST_OK;
}

static Status answer_page(Call *call, const Val *all, Error *err)
{
    /* The tag filters are done: the pages are of tags here, not of resources. */
    Call plain = *call;
    plain.input = redshift_without(call->arena, redshift_without(call->arena, call->input, "TagKeys"), "TagValues");
    return redshift_page(&plain, all, "TaggedResources", err);
}

Status redshift_describe_tags(Call *call, Error *err)
{
    const char *name = val_str(call->input, "ResourceName"), *type = val_str(call->input, "ResourceType");
    Val *all = val_list(call->arena);
    size_t count = 0;
    if (name && type)
        return redshift_invalid(err, "You cannot filter a list of resources using an Amazon Resource Name (ARN) and a resource type together "
                                     "in the same request. Retry the request using either an ARN or a resource type, but not both.");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    if (name) {
        const char *kind = NULL;
        Resource resource;
        TRY(tagged_resource(call, db, &kind, &resource, err));
        add_tags(call, all, kind, &resource);
        return answer_page(call, all, err);
    }
    if (type && !kind_known(type))
        return redshift_invalid(err, "Tagging is not supported for this type of resource: '%s'", type);
    for (size_t i = 0; i < KINDS; i++) {
        if (!type || str_eq(type, kinds[i]))
            TRY(describe_kind(call, db, kinds[i], all, &count, err));
    }
    if (type && count == 0)
        return FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundFault", "resource of type '%s' not found.", type);
    return answer_page(call, all, err);
}
