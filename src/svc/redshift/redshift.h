/* svc/redshift/redshift.h -- Amazon Redshift (API version 2012-12-01): clusters, snapshots, groups; a handler per operation, see
 * operations.def. A cluster is a warehouse (warehouse/pool.h); its SQL comes through svc/redshiftdata. Source: Amazon Redshift
 * API Reference. */
#ifndef WEIR_SVC_REDSHIFT_REDSHIFT_H
#define WEIR_SVC_REDSHIFT_REDSHIFT_H
#include "svc/svc.h"

/* Puts the warehouses' pool into server->warehouses. After the store and the endpoint are there. */
Status redshift_start(Server *server, Error *err);
void redshift_stop(Server *server);
/* Ends all warehouses and removes their files: for a test server's reset. */
Status redshift_reset(Server *server, Error *err);

/* --- clusters.c --- */
Status redshift_create_cluster(Call *call, Error *err);
Status redshift_describe_clusters(Call *call, Error *err);
Status redshift_delete_cluster(Call *call, Error *err);
Status redshift_restore_from_cluster_snapshot(Call *call, Error *err);

/* --- groups.c --- */
Status redshift_create_cluster_subnet_group(Call *call, Error *err);
Status redshift_describe_cluster_subnet_groups(Call *call, Error *err);
Status redshift_modify_cluster_subnet_group(Call *call, Error *err);
Status redshift_delete_cluster_subnet_group(Call *call, Error *err);
Status redshift_create_cluster_security_group(Call *call, Error *err);
Status redshift_describe_cluster_security_groups(Call *call, Error *err);
Status redshift_delete_cluster_security_group(Call *call, Error *err);
Status redshift_authorize_cluster_security_group_ingress(Call *call, Error *err);
Status redshift_revoke_cluster_security_group_ingress(Call *call, Error *err);
Status redshift_create_cluster_parameter_group(Call *call, Error *err);
Status redshift_describe_cluster_parameter_groups(Call *call, Error *err);
Status redshift_delete_cluster_parameter_group(Call *call, Error *err);
Status redshift_describe_cluster_parameters(Call *call, Error *err);
Status redshift_describe_default_cluster_parameters(Call *call, Error *err);
Status redshift_modify_cluster_parameter_group(Call *call, Error *err);
Status redshift_reset_cluster_parameter_group(Call *call, Error *err);
Status redshift_create_snapshot_copy_grant(Call *call, Error *err);
Status redshift_describe_snapshot_copy_grants(Call *call, Error *err);
Status redshift_delete_snapshot_copy_grant(Call *call, Error *err);

/* --- modify.c --- */
Status redshift_modify_cluster(Call *call, Error *err);
Status redshift_resize_cluster(Call *call, Error *err);
Status redshift_reboot_cluster(Call *call, Error *err);
Status redshift_pause_cluster(Call *call, Error *err);
Status redshift_resume_cluster(Call *call, Error *err);
Status redshift_modify_cluster_iam_roles(Call *call, Error *err);
Status redshift_enable_logging(Call *call, Error *err);
Status redshift_disable_logging(Call *call, Error *err);
Status redshift_describe_logging_status(Call *call, Error *err);
Status redshift_enable_snapshot_copy(Call *call, Error *err);
Status redshift_disable_snapshot_copy(Call *call, Error *err);
Status redshift_modify_snapshot_copy_retention_period(Call *call, Error *err);
Status redshift_get_cluster_credentials(Call *call, Error *err);

/* --- snapshots.c --- */
Status redshift_create_cluster_snapshot(Call *call, Error *err);
Status redshift_describe_cluster_snapshots(Call *call, Error *err);
Status redshift_delete_cluster_snapshot(Call *call, Error *err);
Status redshift_modify_cluster_snapshot(Call *call, Error *err);

/* --- tags.c --- */
Status redshift_create_tags(Call *call, Error *err);
Status redshift_delete_tags(Call *call, Error *err);
Status redshift_describe_tags(Call *call, Error *err);

#endif
