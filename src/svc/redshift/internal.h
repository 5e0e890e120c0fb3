/* svc/redshift/internal.h -- what Redshift's handlers share: resources as documents (warehouse/resource.h), tags, pages. */
#ifndef WEIR_SVC_REDSHIFT_INTERNAL_H
#define WEIR_SVC_REDSHIFT_INTERNAL_H
#include "svc/redshift/redshift.h"
#include "warehouse/resource.h"

enum { TAGS_MAX = 50, PAGE_DEFAULT = 100, PAGE_MIN = 20 };

/* --- resource.c: one transaction around a change --- */

/* A copy of a map without one member. */
Val *redshift_without(Arena *a, const Val *map, const char *name);
void redshift_copy(Arena *a, Val *to, const Val *from, const char *const *names, size_t count);
#define REDSHIFT_COPY(a, to, from, names) redshift_copy((a), (to), (from), (names), sizeof(names) / sizeof(names)[0])
/* Lower case, 1 to `max` letters, digits, hyphens (and '_'): InvalidParameterValue. */
Status redshift_identifier(Arena *a, const char *what, const char *text, size_t max, const char **ret_id, Error *err);
#define redshift_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameterValue", __VA_ARGS__)
#define redshift_combination(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameterCombination", __VA_ARGS__)
/* The request's page of `all`, those that have one of TagKeys and one of TagValues, into output[name]; Marker. */
Status redshift_page(Call *call, const Val *all, const char *name, Error *err);
/* The Tags of a request, checked: at most TAGS_MAX. */
Status redshift_tags(Call *call, Val **ret_tags, Error *err);
/* output[name] becomes a copy of the body that the client may see. */
void redshift_answer(Call *call, const char *name, const Val *body);

/* --- clusters.c --- */
Status redshift_no_cluster(Error *err, const char *id);
Status redshift_cluster(Call *call, Db *db, const char *id, Resource *ret_cluster, Error *err); /* ClusterNotFound */
/* Fails with InvalidClusterState unless it is in `state`. */
Status redshift_cluster_in(Call *call, Db *db, const char *id, const char *state, Resource *ret_cluster, Error *err);
/* The number of nodes for a request's ClusterType and NumberOfNodes. */
Status redshift_nodes(const Val *input, int64_t missing, int64_t *ret_nodes, Error *err);
Val *redshift_endpoint(Call *call, const char *id, int64_t port);
/* Security groups, parameter group and subnet group as a cluster shows them; they must exist. */
Status redshift_cluster_groups(Call *call, Db *db, Val *cluster, Error *err);
Val *redshift_roles(Arena *a, const Val *arns);

/* --- snapshots.c --- */
/* Copies the warehouse and records the snapshot, inside a transaction. */
Status redshift_snapshot_make(Call *call, Db *db, const Resource *cluster, const char *id, const char *type, const Val *tags,
                              Resource *ret_snapshot, Error *err);
Status redshift_snapshots_drop(Call *call, Db *db, const char *cluster, const char *type, Error *err);
char *redshift_automated_name(Arena *a, const char *cluster, int64_t now_ms);

/* --- groups.c --- */
Status redshift_group_check(Call *call, Db *db, const char *kind, const char *id, Error *err);

#endif
