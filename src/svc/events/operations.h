/* svc/events/operations.h -- the handlers, one for each row of api/operations.def. Source: Amazon EventBridge API Reference. */
#ifndef WEIR_SVC_EVENTS_OPERATIONS_H
#define WEIR_SVC_EVENTS_OPERATIONS_H
#include "svc/svc.h"

Status events_cancel_replay(Call *call, Error *err);
Status events_create_api_destination(Call *call, Error *err);
Status events_create_archive(Call *call, Error *err);
Status events_create_connection(Call *call, Error *err);
Status events_create_event_bus(Call *call, Error *err);
Status events_deauthorize_connection(Call *call, Error *err);
Status events_delete_api_destination(Call *call, Error *err);
Status events_delete_archive(Call *call, Error *err);
Status events_delete_connection(Call *call, Error *err);
Status events_delete_event_bus(Call *call, Error *err);
Status events_delete_rule(Call *call, Error *err);
Status events_describe_api_destination(Call *call, Error *err);
Status events_describe_archive(Call *call, Error *err);
Status events_describe_connection(Call *call, Error *err);
Status events_describe_event_bus(Call *call, Error *err);
Status events_describe_replay(Call *call, Error *err);
Status events_describe_rule(Call *call, Error *err);
Status events_disable_rule(Call *call, Error *err);
Status events_enable_rule(Call *call, Error *err);
Status events_list_api_destinations(Call *call, Error *err);
Status events_list_archives(Call *call, Error *err);
Status events_list_connections(Call *call, Error *err);
Status events_list_event_buses(Call *call, Error *err);
Status events_list_replays(Call *call, Error *err);
Status events_list_rule_names_by_target(Call *call, Error *err);
Status events_list_rules(Call *call, Error *err);
Status events_list_tags_for_resource(Call *call, Error *err);
Status events_list_targets_by_rule(Call *call, Error *err);
Status events_put_events(Call *call, Error *err);
Status events_put_permission(Call *call, Error *err);
Status events_put_rule(Call *call, Error *err);
Status events_put_targets(Call *call, Error *err);
Status events_remove_permission(Call *call, Error *err);
Status events_remove_targets(Call *call, Error *err);
Status events_start_replay(Call *call, Error *err);
Status events_tag_resource(Call *call, Error *err);
Status events_test_event_pattern(Call *call, Error *err);
Status events_untag_resource(Call *call, Error *err);
Status events_update_api_destination(Call *call, Error *err);
Status events_update_archive(Call *call, Error *err);
Status events_update_connection(Call *call, Error *err);
Status events_update_event_bus(Call *call, Error *err);

#endif
