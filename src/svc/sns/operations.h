/* svc/sns/operations.h -- the handlers, one for each row of api/operations.def. Source: Amazon SNS API Reference. */
#ifndef WEIR_SVC_SNS_OPERATIONS_H
#define WEIR_SVC_SNS_OPERATIONS_H
#include "svc/svc.h"

Status sns_add_permission(Call *call, Error *err);
Status sns_check_if_phone_number_is_opted_out(Call *call, Error *err);
Status sns_confirm_subscription(Call *call, Error *err);
Status sns_create_platform_application(Call *call, Error *err);
Status sns_create_platform_endpoint(Call *call, Error *err);
Status sns_create_topic(Call *call, Error *err);
Status sns_delete_endpoint(Call *call, Error *err);
Status sns_delete_platform_application(Call *call, Error *err);
Status sns_delete_topic(Call *call, Error *err);
Status sns_get_endpoint_attributes(Call *call, Error *err);
Status sns_get_platform_application_attributes(Call *call, Error *err);
Status sns_get_sms_attributes(Call *call, Error *err);
Status sns_get_subscription_attributes(Call *call, Error *err);
Status sns_get_topic_attributes(Call *call, Error *err);
Status sns_list_endpoints_by_platform_application(Call *call, Error *err);
Status sns_list_phone_numbers_opted_out(Call *call, Error *err);
Status sns_list_platform_applications(Call *call, Error *err);
Status sns_list_subscriptions(Call *call, Error *err);
Status sns_list_subscriptions_by_topic(Call *call, Error *err);
Status sns_list_tags_for_resource(Call *call, Error *err);
Status sns_list_topics(Call *call, Error *err);
Status sns_opt_in_phone_number(Call *call, Error *err);
Status sns_publish(Call *call, Error *err);
Status sns_publish_batch(Call *call, Error *err);
Status sns_remove_permission(Call *call, Error *err);
Status sns_set_endpoint_attributes(Call *call, Error *err);
Status sns_set_platform_application_attributes(Call *call, Error *err);
Status sns_set_sms_attributes(Call *call, Error *err);
Status sns_set_subscription_attributes(Call *call, Error *err);
Status sns_set_topic_attributes(Call *call, Error *err);
Status sns_subscribe(Call *call, Error *err);
Status sns_tag_resource(Call *call, Error *err);
Status sns_unsubscribe(Call *call, Error *err);
Status sns_untag_resource(Call *call, Error *err);

/* GET /_weir/sns/confirm?TopicArn=…&Token=…: the link in a SubscriptionConfirmation. */
Status sns_confirm_route(Call *call, Error *err);
/* GET /_weir/sns/unsubscribe?SubscriptionArn=…: the UnsubscribeURL of a notification; whoever has the link may. */
Status sns_unsubscribe_route(Call *call, Error *err);
/* GET /_weir/sns/SimpleNotificationService.pem: the certificate that messages are signed with. */
Status sns_certificate_route(Call *call, Error *err);
/* GET /_weir/sns/deliveries[?topic=ARN]: the newest 1,000 with their attempts, as JSON. */
Status sns_deliveries_route(Call *call, Error *err);

#endif
