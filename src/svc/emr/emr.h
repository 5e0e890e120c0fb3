/* svc/emr/emr.h -- Amazon EMR (API version 2009-03-31): a handler per operation; see operations.def. Source: Amazon EMR API
 * Reference; error texts as the service gives them. Rows are schema/020_emr.sql's; step/queue.h moves them. */
#ifndef WEIR_SVC_EMR_EMR_H
#define WEIR_SVC_EMR_EMR_H
#include "svc/svc.h"

/* Starts the scheduler and puts it into server->queue. After the store, the objects and the endpoint are there. */
Status emr_start(Server *server, Error *err);
void emr_stop(Server *server);
/* Forgets every cluster and step and ends what runs: for a test server's reset. */
Status emr_reset(Server *server, Error *err);

Status emr_run_job_flow(Call *call, Error *err);
Status emr_describe_cluster(Call *call, Error *err);
Status emr_list_clusters(Call *call, Error *err);
Status emr_describe_job_flows(Call *call, Error *err);
Status emr_add_job_flow_steps(Call *call, Error *err);
Status emr_describe_step(Call *call, Error *err);
Status emr_list_steps(Call *call, Error *err);
Status emr_cancel_steps(Call *call, Error *err);
Status emr_list_instances(Call *call, Error *err);
Status emr_list_instance_groups(Call *call, Error *err);
Status emr_list_instance_fleets(Call *call, Error *err);
Status emr_list_bootstrap_actions(Call *call, Error *err);
Status emr_add_instance_groups(Call *call, Error *err);
Status emr_modify_instance_groups(Call *call, Error *err);
Status emr_terminate_job_flows(Call *call, Error *err);
Status emr_set_termination_protection(Call *call, Error *err);
Status emr_set_visible_to_all_users(Call *call, Error *err);
Status emr_set_keep_job_flow_alive(Call *call, Error *err);
Status emr_modify_cluster(Call *call, Error *err);
Status emr_add_tags(Call *call, Error *err);
Status emr_remove_tags(Call *call, Error *err);
Status emr_put_auto_termination_policy(Call *call, Error *err);
Status emr_get_auto_termination_policy(Call *call, Error *err);
Status emr_remove_auto_termination_policy(Call *call, Error *err);
Status emr_create_security_configuration(Call *call, Error *err);
Status emr_describe_security_configuration(Call *call, Error *err);
Status emr_delete_security_configuration(Call *call, Error *err);
Status emr_list_security_configurations(Call *call, Error *err);
Status emr_put_block_public_access_configuration(Call *call, Error *err);
Status emr_get_block_public_access_configuration(Call *call, Error *err);
Status emr_list_release_labels(Call *call, Error *err);
Status emr_describe_release_label(Call *call, Error *err);

#endif
