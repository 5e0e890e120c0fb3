/* svc/logs/operations.h -- the handlers of CloudWatch Logs: one function for each row of api/operations.def. */
#ifndef WEIR_SVC_LOGS_OPERATIONS_H
#define WEIR_SVC_LOGS_OPERATIONS_H
#include "svc/svc.h"

Status logs_associate_kms_key(Call *call, Error *err);
Status logs_cancel_export_task(Call *call, Error *err);
Status logs_create_delivery(Call *call, Error *err);
Status logs_create_export_task(Call *call, Error *err);
Status logs_create_log_group(Call *call, Error *err);
Status logs_create_log_stream(Call *call, Error *err);
Status logs_delete_delivery(Call *call, Error *err);
Status logs_delete_delivery_destination(Call *call, Error *err);
Status logs_delete_delivery_destination_policy(Call *call, Error *err);
Status logs_delete_delivery_source(Call *call, Error *err);
Status logs_delete_destination(Call *call, Error *err);
Status logs_delete_log_group(Call *call, Error *err);
Status logs_delete_log_stream(Call *call, Error *err);
Status logs_delete_metric_filter(Call *call, Error *err);
Status logs_delete_query_definition(Call *call, Error *err);
Status logs_delete_resource_policy(Call *call, Error *err);
Status logs_delete_retention_policy(Call *call, Error *err);
Status logs_delete_subscription_filter(Call *call, Error *err);
Status logs_describe_deliveries(Call *call, Error *err);
Status logs_describe_delivery_destinations(Call *call, Error *err);
Status logs_describe_delivery_sources(Call *call, Error *err);
Status logs_describe_destinations(Call *call, Error *err);
Status logs_describe_export_tasks(Call *call, Error *err);
Status logs_describe_log_groups(Call *call, Error *err);
Status logs_describe_log_streams(Call *call, Error *err);
Status logs_describe_metric_filters(Call *call, Error *err);
Status logs_describe_queries(Call *call, Error *err);
Status logs_describe_query_definitions(Call *call, Error *err);
Status logs_describe_resource_policies(Call *call, Error *err);
Status logs_describe_subscription_filters(Call *call, Error *err);
Status logs_disassociate_kms_key(Call *call, Error *err);
Status logs_filter_log_events(Call *call, Error *err);
Status logs_get_delivery(Call *call, Error *err);
Status logs_get_delivery_destination(Call *call, Error *err);
Status logs_get_delivery_destination_policy(Call *call, Error *err);
Status logs_get_delivery_source(Call *call, Error *err);
Status logs_get_log_events(Call *call, Error *err);
Status logs_get_log_record(Call *call, Error *err);
Status logs_get_query_results(Call *call, Error *err);
Status logs_list_log_groups(Call *call, Error *err);
Status logs_list_tags_for_resource(Call *call, Error *err);
Status logs_list_tags_log_group(Call *call, Error *err);
Status logs_put_delivery_destination(Call *call, Error *err);
Status logs_put_delivery_destination_policy(Call *call, Error *err);
Status logs_put_delivery_source(Call *call, Error *err);
Status logs_put_destination(Call *call, Error *err);
Status logs_put_destination_policy(Call *call, Error *err);
Status logs_put_log_events(Call *call, Error *err);
Status logs_put_log_group_deletion_protection(Call *call, Error *err);
Status logs_put_metric_filter(Call *call, Error *err);
Status logs_put_query_definition(Call *call, Error *err);
Status logs_put_resource_policy(Call *call, Error *err);
Status logs_put_retention_policy(Call *call, Error *err);
Status logs_put_subscription_filter(Call *call, Error *err);
Status logs_start_query(Call *call, Error *err);
Status logs_stop_query(Call *call, Error *err);
Status logs_tag_log_group(Call *call, Error *err);
Status logs_tag_resource(Call *call, Error *err);
Status logs_test_metric_filter(Call *call, Error *err);
Status logs_untag_log_group(Call *call, Error *err);
Status logs_untag_resource(Call *call, Error *err);
Status logs_update_delivery_configuration(Call *call, Error *err);

#endif
