/* svc/budgets/budgets.h -- AWS Budgets (API version 2016-10-20): cost budgets over the ledger of instance hours (cost_ledger, filled by
 * svc/emr at the prices of instance_types.def). Source: AWS Budgets API Reference.
 *
 * A thread compares each notification's threshold with the period's spend every few seconds; when it is crossed, state and
 * notifications (svc/bus.h; SNS topics, and e-mail as arn:aws:ses:…:identity/ADDRESS) are one transaction. Each notification is
 * sent once in a period. FORECASTED: what was spent, and what runs now going on to the period's end. */
#ifndef WEIR_SVC_BUDGETS_BUDGETS_H
#define WEIR_SVC_BUDGETS_BUDGETS_H
#include "svc/svc.h"

/* Makes a fresh account's budget, starts the thread. */
Status budgets_start(Server *server, Error *err);
void budgets_stop(Server *server);

Status budgets_create_budget(Call *call, Error *err);
Status budgets_describe_budget(Call *call, Error *err);
Status budgets_describe_budgets(Call *call, Error *err);
Status budgets_update_budget(Call *call, Error *err);
Status budgets_delete_budget(Call *call, Error *err);
Status budgets_create_notification(Call *call, Error *err);
Status budgets_update_notification(Call *call, Error *err);
Status budgets_delete_notification(Call *call, Error *err);
Status budgets_describe_notifications_for_budget(Call *call, Error *err);
Status budgets_create_subscriber(Call *call, Error *err);
Status budgets_update_subscriber(Call *call, Error *err);
Status budgets_delete_subscriber(Call *call, Error *err);
Status budgets_describe_subscribers_for_notification(Call *call, Error *err);

#endif
