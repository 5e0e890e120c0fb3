/* svc/sqs/operations.h -- the handlers, one for each row of api/operations.def. Source: Amazon SQS API Reference. */
#ifndef WEIR_SVC_SQS_OPERATIONS_H
#define WEIR_SVC_SQS_OPERATIONS_H
#include "svc/svc.h"

Status sqs_change_message_visibility(Call *call, Error *err);
Status sqs_change_message_visibility_batch(Call *call, Error *err);
Status sqs_create_queue(Call *call, Error *err);
Status sqs_delete_message(Call *call, Error *err);
Status sqs_delete_message_batch(Call *call, Error *err);
Status sqs_delete_queue(Call *call, Error *err);
Status sqs_get_queue_attributes(Call *call, Error *err);
Status sqs_get_queue_url(Call *call, Error *err);
Status sqs_list_dead_letter_source_queues(Call *call, Error *err);
Status sqs_list_queue_tags(Call *call, Error *err);
Status sqs_list_queues(Call *call, Error *err);
Status sqs_purge_queue(Call *call, Error *err);
Status sqs_receive_message(Call *call, Error *err);
Status sqs_send_message(Call *call, Error *err);
Status sqs_send_message_batch(Call *call, Error *err);
Status sqs_set_queue_attributes(Call *call, Error *err);
Status sqs_tag_queue(Call *call, Error *err);
Status sqs_untag_queue(Call *call, Error *err);

#endif
