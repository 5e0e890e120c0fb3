/* svc/cloudwatch/cloudwatch.h -- Amazon CloudWatch (API version 2010-08-01): a handler per operation; see operations.def. Points are in
 * series/, all else is schema/051_cloudwatch.sql's. Source: Amazon CloudWatch API Reference and user guide. */
#ifndef WEIR_SVC_CLOUDWATCH_CLOUDWATCH_H
#define WEIR_SVC_CLOUDWATCH_CLOUDWATCH_H
#include "svc/svc.h"

/* Starts the evaluation of alarms. After the store, the series and the bus are open, before bus_start. */
Status cloudwatch_start(Server *server, Error *err);
void cloudwatch_stop(Server *server);
/* Forgets points and alarms: for a test server's reset. */
Status cloudwatch_reset(Server *server, Error *err);

Status cw_put_metric_data(Call *call, Error *err);
Status cw_list_metrics(Call *call, Error *err);
Status cw_get_metric_statistics(Call *call, Error *err);
Status cw_get_metric_data(Call *call, Error *err);
Status cw_put_metric_alarm(Call *call, Error *err);
Status cw_put_composite_alarm(Call *call, Error *err);
Status cw_describe_alarms(Call *call, Error *err);
Status cw_describe_alarms_for_metric(Call *call, Error *err);
Status cw_describe_alarm_history(Call *call, Error *err);
Status cw_delete_alarms(Call *call, Error *err);
Status cw_set_alarm_state(Call *call, Error *err);
Status cw_enable_alarm_actions(Call *call, Error *err);
Status cw_disable_alarm_actions(Call *call, Error *err);
Status cw_put_dashboard(Call *call, Error *err);
Status cw_get_dashboard(Call *call, Error *err);
Status cw_list_dashboards(Call *call, Error *err);
Status cw_delete_dashboards(Call *call, Error *err);
Status cw_put_insight_rule(Call *call, Error *err);
Status cw_describe_insight_rules(Call *call, Error *err);
Status cw_delete_insight_rules(Call *call, Error *err);
Status cw_enable_insight_rules(Call *call, Error *err);
Status cw_disable_insight_rules(Call *call, Error *err);
Status cw_tag_resource(Call *call, Error *err);
Status cw_untag_resource(Call *call, Error *err);
Status cw_list_tags_for_resource(Call *call, Error *err);

#endif
