/* svc/sns/sns.h -- Amazon Simple Notification Service: topics, subscriptions, messages on their way.
 *
 * Messages go into SQS queues inside the publisher's transaction; to http, https and e-mail endpoints as deliveries in the store,
 * which one thread sends, at least once, with retries that are recorded (GET /_weir/sns/deliveries). */
#ifndef WEIR_SVC_SNS_H
#define WEIR_SVC_SNS_H
#include "svc/svc.h"

struct SnsDelivery; /* the thread */

/* Registers with the bus (alarms and budgets publish through it) and starts delivering. */
Status sns_start(Server *server, Error *err);
void sns_stop(Server *server);
/* Drops what was settled a day ago. */
Status sns_sweep(Server *server, Error *err);

#endif
