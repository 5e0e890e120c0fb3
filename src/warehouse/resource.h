/* warehouse/resource.h -- Redshift's named things in the store (schema/040_redshift.sql): documents of the API's members. Both
 * services read clusters through it. Members that begin with '_' are weir's own and never shown. */
#ifndef WEIR_WAREHOUSE_RESOURCE_H
#define WEIR_WAREHOUSE_RESOURCE_H
#include "base/vec.h"
#include "store/store.h"
#include "wire/val.h"

#define RESOURCE_CLUSTER "cluster"
#define RESOURCE_SNAPSHOT "snapshot"
#define RESOURCE_SUBNET_GROUP "subnetgroup"
#define RESOURCE_PARAMETER_GROUP "parametergroup"
#define RESOURCE_SECURITY_GROUP "securitygroup"
#define RESOURCE_COPY_GRANT "snapshotcopygrant"

typedef struct Resource {
    const char *id;
    Val *body;
    int64_t created_ms;
} Resource;
typedef VEC(Resource) ResourceList;

/* ret_resource->body is NULL when there is none. */
Status resource_find(Db *db, Arena *a, const char *region, const char *kind, const char *id, Resource *ret_resource, Error *err);
/* In order of creation. */
Status resource_list(Db *db, Arena *a, const char *region, const char *kind, ResourceList *ret_list, Error *err);
/* ST_CONFLICT when it exists. */
Status resource_insert(Db *db, Arena *a, const char *region, const char *kind, const Resource *resource, Error *err);
Status resource_update(Db *db, Arena *a, const char *region, const char *kind, const Resource *resource, Error *err);
Status resource_rename(Db *db, const char *region, const char *kind, const char *id, const char *new_id, Error *err);
Status resource_delete(Db *db, const char *region, const char *kind, const char *id, bool *ret_deleted, Error *err);

#endif
