/* svc/budgets/budgets.c -- the operations. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/budgets/internal.h"

#include <math.h>

static const int64_t END_OF_TIME_MS = 3706473600000; /* 2087-06-15: what a budget without an end has */

static Status invalid(Error *err, const char *message)
{
    return FAIL_CODE(err, ST_INVALID, "InvalidParameterException", "%s", message);
}

Val *budget_json(Arena *a, const char *text)
{
    Val *value = NULL;
    return text && val_from_json(a, text, strlen(text), &value) ? value : NULL;
}

static Status account_check(Call *call, Error *err)
{
    const char *account = val_str(call->input, "AccountId");
    if (str_eq(account, call->server->account))
        return ST_OK;
    return FAIL_CODE(err, ST_DENIED, "AccessDeniedException", "Account %s is not authorized to perform this operation for account %s.", call->server->account, account);
}

/* --- what a budget may be --- */

static Status refuse_members(const Val *budget, Error *err)
{
    static const char *const refused[] = { "PlannedBudgetLimits", "CostFilters", "AutoAdjustData", "FilterExpression", "Metrics", "BillingViewArn" };
    const char *type = val_str(budget, "BudgetType"), *unit = val_str(budget, "TimeUnit");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (val_len(val_get(budget, refused[i])) || (val_get(budget, refused[i]) && val_get(budget, refused[i])->kind == VAL_STR))
            return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir does not implement a budget's %s", refused[i]);
    if (!str_eq(type, "COST"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir does not implement budgets of type %s, only COST", type);
    if (str_eq(unit, "CUSTOM"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir does not implement budgets with the time unit CUSTOM");
    return ST_OK;
}

static Status budget_check(const Val *budget, Error *err)
{
    const Val *limit = val_get(budget, "BudgetLimit"), *period = val_get(budget, "TimePeriod");
    const char *name = val_str(budget, "BudgetName");
    double amount;
    TRY(refuse_members(budget, err));
    if (!limit)
        return invalid(err, "Unable to create/update budget - please provide one of the followings: Budget Limit/ Planned Budget Limit/ Auto Adjust Data");
    if (!str_to_f64(val_str(limit, "Amount"), &amount) || !isfinite(amount) || amount <= 0)
        return invalid(err, "Budget limit amount must be a number greater than 0.");
    if (!str_eq(val_str(limit, "Unit"), "USD"))
        return invalid(err, "The unit of a cost budget must be USD.");
    if (strpbrk(name, ":\\"))
        return invalid(err, "A budget's name must not contain : or \\.");
    if (val_time(period, "Start", 0) > val_time(period, "End", END_OF_TIME_MS))
        return invalid(err, "The start date of a budget must be before its end date.");
    return ST_OK;
}

static Val *with_defaults(Arena *a, const Val *budget)
{
    static const char *const included[] = { "IncludeCredit", "IncludeDiscount", "IncludeOtherSubscription", "IncludeRecurring", "IncludeRefund",
                                            "IncludeSubscription", "IncludeSupport", "IncludeTax", "IncludeUpfront" };
    const Val *types = val_get(budget, "CostTypes"), *period = val_get(budget, "TimePeriod");
    Val *made = val_map(a), *cost = val_map(a), *times = val_map(a);
    int64_t start_ms, end_ms;
    for (size_t i = 0; i < val_len(budget); i++)
        if (!str_eq(budget->names[i], "CalculatedSpend") && !str_eq(budget->names[i], "LastUpdatedTime") && !str_eq(budget->names[i], "TimePeriod"))
            val_append(a, made, budget->names[i], budget->items[i]);
    for (size_t i = 0; i < sizeof included / sizeof *included; i++)
        val_set_bool(a, cost, included[i], val_bool(types, included[i], true));
    val_set_bool(a, cost, "UseAmortized", val_bool(types, "UseAmortized", false));
    val_set_bool(a, cost, "UseBlended", val_bool(types, "UseBlended", false));
    val_set(a, made, "CostTypes", cost);
    budget_period(val_str(budget, "TimeUnit"), clock_ms(), &start_ms, &end_ms);
    val_set_int(a, times, "Start", val_time(period, "Start", start_ms)); /* milliseconds here */
    val_set_int(a, times, "End", val_time(period, "End", END_OF_TIME_MS));
    val_set(a, made, "TimePeriod", times);
    return made;
}

static Status exists(Db *db, const char *name, bool *ret_there, Error *err)
{
    int64_t n = 0;
    TRY(db_get_int(db, &n, err, "SELECT count(*) FROM budget WHERE name=?", "s", name));
    *ret_there = n > 0;
    return ST_OK;
}

static Status must_exist(Db *db, const char *name, const char *message, Error *err)
{
    bool there = false;
    TRY(exists(db, name, &there, err));
    return there ? ST_OK : FAIL_CODE(err, ST_NOT_FOUND, "NotFoundException", "%s", message);
}

/* --- notifications --- */

static Status subscriber_insert(Db *db, int64_t notification, const Val *subscriber, Error *err)
{
    const char *type = val_str(subscriber, "SubscriptionType"), *address = val_str(subscriber, "Address");
    if (str_eq(type, "EMAIL") ? !strchr(address, '@') : !str_starts(address, "arn:"))
        return invalid(err, str_eq(type, "EMAIL") ? "The address of an EMAIL subscriber must be an e-mail address." : "The address of an SNS subscriber must be the ARN of a topic.");
    Status status = db_exec(db, NULL, "INSERT INTO budget_subscriber(notification, type, address) VALUES(?,?,?)", "iss", notification, type, address);
    return status == ST_OK ? ST_OK : FAIL_CODE(err, ST_CONFLICT, "DuplicateRecordException", "Unable to create subscriber - the subscriber already exists.");
}

static Status notification_check(const Val *n, Error *err)
{
    double threshold = val_double(n, "Threshold", 0);
    return isfinite(threshold) && threshold >= 0 ? ST_OK : invalid(err, "The threshold of a notification must be a number of at least 0.");
}

static Status notification_insert(Db *db, const char *budget, const Val *n, const Val *subscribers, Error *err)
{
    const char *type = val_str(n, "ThresholdType"), *state = val_str(n, "NotificationState");
    int64_t count = 0;
    TRY(notification_check(n, err));
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM budget_notification WHERE budget=?", "s", budget));
    if (count >= NOTIFICATIONS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "CreationLimitExceededException", "A budget has at most %d notifications.", NOTIFICATIONS_MAX);
    if (!val_len(subscribers) || val_len(subscribers) > SUBSCRIBERS_MAX)
        return invalid(err, "A notification has between 1 and 11 subscribers.");
    Status status = db_exec(db, NULL, "INSERT INTO budget_notification(budget, type, comparison, threshold, threshold_type, state) VALUES(?,?,?,?,?,?)", "sssdss", budget,
                            val_str(n, "NotificationType"), val_str(n, "ComparisonOperator"), val_double(n, "Threshold", 0), type ? type : "PERCENTAGE",
                            state ? state : "OK");
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "DuplicateRecordException", "Unable to create notification - the notification already exists.");
    TRY(status);
    int64_t seq = db_last_id(db);
    for (size_t i = 0; i < val_len(subscribers); i++)
        TRY(subscriber_insert(db, seq, val_at(subscribers, i), err));
    return ST_OK;
}

static Status notification_find(Db *db, const char *budget, const Val *n, const char *doing, int64_t *ret_seq, Error *err)
{
    const char *type = val_str(n, "ThresholdType");
    Status status = db_get_int(db, ret_seq, err, "SELECT seq FROM budget_notification WHERE budget=? AND type=? AND comparison=? AND threshold=? AND threshold_type=?",
                               "sssds", budget, val_str(n, "NotificationType"), val_str(n, "ComparisonOperator"), val_double(n, "Threshold", 0),
                               type ? type : "PERCENTAGE");
    return status == ST_NOT_FOUND ? FAIL_CODE(err, ST_NOT_FOUND, "NotFoundException", "Unable to %s - the notification doesn't exist.", doing) : status;
}

/* --- budgets --- */

Status budget_put(Db *db, Arena *a, const Val *budget, const Val *notifications, Error *err)
{
    const char *name = val_str(budget, "BudgetName");
    bool there = false;
    TRY(budget_check(budget, err));
    TRY(exists(db, name, &there, err));
    if (there)
        return FAIL_CODE(err, ST_CONFLICT, "DuplicateRecordException", "Error creating budget: %s - the budget already exists.", name);
    TRY(db_exec(db, err, "INSERT INTO budget(name, config, updated_ms) VALUES(?,?,?)", "ssi", name, val_to_json(a, with_defaults(a, budget)), clock_ms()));
    for (size_t i = 0; i < val_len(notifications); i++)
        TRY(notification_insert(db, name, val_get(val_at(notifications, i), "Notification"), val_get(val_at(notifications, i), "Subscribers"), err));
    return ST_OK;
}

static Val *amount(Arena *a, double dollars)
{
    char *text = arena_printf(a, "%.3f", dollars), *end = text + strlen(text);
    while (end > text && end[-1] == '0')
        *--end = 0;
    if (end > text && end[-1] == '.')
        *--end = 0;
    Val *v = val_map(a);
    val_set_str(a, v, "Amount", text);
    val_set_str(a, v, "Unit", "USD");
    return v;
}

static Status budget_value(Db *db, Arena *a, const char *config, int64_t updated_ms, Val **ret_budget, Error *err)
{
    Val *budget = budget_json(a, config), *spend = val_map(a), *times = val_map(a);
    Spend now;
    TRY(budget_spend(db, val_str(budget, "TimeUnit"), clock_ms(), &now, err));
    val_set(a, spend, "ActualSpend", amount(a, now.actual));
    val_set(a, spend, "ForecastedSpend", amount(a, now.forecast));
    val_set(a, budget, "CalculatedSpend", spend);
    val_set_time(a, times, "Start", val_int(val_get(budget, "TimePeriod"), "Start", 0));
    val_set_time(a, times, "End", val_int(val_get(budget, "TimePeriod"), "End", 0));
    val_set(a, budget, "TimePeriod", times);
    val_set_time(a, budget, "LastUpdatedTime", updated_ms);
    *ret_budget = budget;
    return ST_OK;
}

Status budgets_create_budget(Call *call, Error *err)
{
    TRY(account_check(call, err));
    if (val_len(val_get(call->input, "ResourceTags")))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidParameterException", "weir does not implement tags of budgets");
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(budget_put(db, call->arena, val_get(call->input, "Budget"), val_get(call->input, "NotificationsWithSubscribers"), err));
    return db_commit(db, err);
}

Status budgets_update_budget(Call *call, Error *err)
{
    const Val *budget = val_get(call->input, "NewBudget");
    const char *name = val_str(budget, "BudgetName");
    TRY(account_check(call, err));
    TRY(budget_check(budget, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(must_exist(db, name, arena_printf(call->arena, "Unable to update budget: %s - the budget doesn't exist.", name), err));
    TRY(db_exec(db, err, "UPDATE budget SET config=?, updated_ms=? WHERE name=?", "sis", val_to_json(call->arena, with_defaults(call->arena, budget)), clock_ms(), name));
    return db_commit(db, err);
}

Status budgets_delete_budget(Call *call, Error *err)
{
    const char *name = val_str(call->input, "BudgetName");
    TRY(account_check(call, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM budget WHERE name=?", "s", name));
    if (db_changes(db))
        return ST_OK;
    return FAIL_CODE(err, ST_NOT_FOUND, "NotFoundException", "Unable to delete budget: %s - the budget doesn't exist. Try creating it first. ", name);
}

static Status list_budgets(Call *call, const char *name, int64_t skip, int64_t limit, Val *ret_list, bool *ret_more, Error *err)
{
    Arena *a = call->arena;
    db_auto *db = NULL;
    int64_t seen = 0;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT config, updated_ms FROM budget WHERE name=coalesce(?, name) ORDER BY name", "s", name));
    while (row_next(row)) {
        Val *budget;
        if (seen++ < skip)
            continue;
        *ret_more = seen > skip + limit;
        if (*ret_more)
            break;
        TRY(budget_value(db, a, row_str(row, 0), row_int(row, 1), &budget, err));
        val_push(a, ret_list, budget);
    }
    return row_status(row, err);
}

Status budgets_describe_budget(Call *call, Error *err)
{
    const char *name = val_str(call->input, "BudgetName");
    Val *list = val_list(call->arena);
    bool more = false;
    TRY(account_check(call, err));
    TRY(list_budgets(call, name, 0, 1, list, &more, err));
    if (!val_len(list))
        return FAIL_CODE(err, ST_NOT_FOUND, "NotFoundException", "Unable to get budget: %s - the budget doesn't exist.", name);
    val_set(call->arena, call->output, "Budget", list->items[0]);
    return ST_OK;
}

static Status read_token(Call *call, int64_t *ret_skip, Error *err)
{
    const char *token = val_str(call->input, "NextToken");
    *ret_skip = 0;
    if (!token || (str_starts(token, "weir1-") && str_to_i64(token + 6, ret_skip) && *ret_skip >= 0))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "InvalidNextTokenException", "The NextToken is invalid.");
}

Status budgets_describe_budgets(Call *call, Error *err)
{
    Arena *a = call->arena;
    int64_t skip, limit = val_int(call->input, "MaxResults", PAGE_MAX);
    Val *list = val_list(a);
    bool more = false;
    TRY(account_check(call, err));
    TRY(read_token(call, &skip, err));
    TRY(list_budgets(call, NULL, skip, limit, list, &more, err));
    val_set(a, call->output, "Budgets", list);
    if (more)
        val_set_str(a, call->output, "NextToken", arena_printf(a, "weir1-%lld", (long long)(skip + limit)));
    return ST_OK;
}

/* --- operations on notifications and subscribers: all begin alike --- */

typedef struct Operation {
    const char *doing;       /* "create notification" */
    const char *member;      /* of the notification that must exist; NULL: none must */
    Status (*run)(Call *call, Db *db, const char *budget, int64_t seq, Error *err);
} Operation;

static Status run_operation(Call *call, const Operation *op, Error *err)
{
    const char *budget = val_str(call->input, "BudgetName");
    int64_t seq = 0;
    TRY(account_check(call, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(must_exist(db, budget, arena_printf(call->arena, "Unable to %s - the budget doesn't exist.", op->doing), err));
    if (op->member)
        TRY(notification_find(db, budget, val_get(call->input, op->member), op->doing, &seq, err));
    TRY(op->run(call, db, budget, seq, err));
    return db_commit(db, err);
}

static Status run_create_notification(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    (void)seq;
    return notification_insert(db, budget, val_get(call->input, "Notification"), val_get(call->input, "Subscribers"), err);
}

static Status run_update_notification(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    const Val *n = val_get(call->input, "NewNotification");
    const char *type = val_str(n, "ThresholdType");
    (void)budget;
    TRY(notification_check(n, err));
    Status status = db_exec(db, NULL, "UPDATE budget_notification SET type=?, comparison=?, threshold=?, threshold_type=?, state='OK', notified_ms=NULL WHERE seq=?", "ssdsi",
                            val_str(n, "NotificationType"), val_str(n, "ComparisonOperator"), val_double(n, "Threshold", 0), type ? type : "PERCENTAGE", seq);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "DuplicateRecordException", "Unable to update notification - the notification already exists.");
    return status;
}

static Status run_delete_notification(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    (void)call, (void)budget;
    return db_exec(db, err, "DELETE FROM budget_notification WHERE seq=?", "i", seq);
}

static Status run_create_subscriber(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    int64_t count = 0;
    (void)budget;
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM budget_subscriber WHERE notification=?", "i", seq));
    if (count >= SUBSCRIBERS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "CreationLimitExceededException", "A notification has at most %d subscribers.", SUBSCRIBERS_MAX);
    return subscriber_insert(db, seq, val_get(call->input, "Subscriber"), err);
}

static Status subscriber_delete(Db *db, int64_t seq, const Val *subscriber, const char *doing, Error *err)
{
    TRY(db_exec(db, err, "DELETE FROM budget_subscriber WHERE notification=? AND type=? AND address=?", "iss", seq, val_str(subscriber, "SubscriptionType"),
                val_str(subscriber, "Address")));
    return db_changes(db) ? ST_OK : FAIL_CODE(err, ST_NOT_FOUND, "NotFoundException", "Unable to %s subscriber - the subscriber doesn't exist.", doing);
}

static Status run_update_subscriber(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    (void)budget;
    TRY(subscriber_delete(db, seq, val_get(call->input, "OldSubscriber"), "update", err));
    return subscriber_insert(db, seq, val_get(call->input, "NewSubscriber"), err);
}

static Status run_delete_subscriber(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    (void)budget;
    return subscriber_delete(db, seq, val_get(call->input, "Subscriber"), "delete", err);
}

static Status run_list_notifications(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    Arena *a = call->arena;
    Val *list = val_list(a);
    (void)seq;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT type, comparison, threshold, threshold_type, state FROM budget_notification WHERE budget=? ORDER BY seq", "s", budget));
    while (row_next(row)) {
        Val *n = val_map(a);
        val_set_str(a, n, "NotificationType", row_str(row, 0));
        val_set_str(a, n, "ComparisonOperator", row_str(row, 1));
        val_set(a, n, "Threshold", val_doublev(a, row_double(row, 2)));
        val_set_str(a, n, "ThresholdType", row_str(row, 3));
        val_set_str(a, n, "NotificationState", row_str(row, 4));
        val_push(a, list, n);
    }
    val_set(a, call->output, "Notifications", list);
    return row_status(row, err);
}

static Status run_list_subscribers(Call *call, Db *db, const char *budget, int64_t seq, Error *err)
{
    Arena *a = call->arena;
    Val *list = val_list(a);
    (void)budget;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT type, address FROM budget_subscriber WHERE notification=? ORDER BY type, address", "i", seq));
    while (row_next(row)) {
        Val *s = val_map(a);
        val_set_str(a, s, "SubscriptionType", row_str(row, 0));
        val_set_str(a, s, "Address", row_str(row, 1));
        val_push(a, list, s);
    }
    val_set(a, call->output, "Subscribers", list);
    return row_status(row, err);
}

#define OPERATION(name, doing, member, run)                                  \
    Status name(Call *call, Error *err)                                      \
    {                                                                        \
        return run_operation(call, &(Operation){ doing, member, run }, err); \
    }
OPERATION(budgets_create_notification, "create notification", NULL, run_create_notification)
OPERATION(budgets_update_notification, "update notification", "OldNotification", run_update_notification)
OPERATION(budgets_describe_notifications_for_budget, "get notifications", NULL, run_list_notifications)
OPERATION(budgets_create_subscriber, "create subscriber", "Notification", run_create_subscriber)
OPERATION(budgets_update_subscriber, "update subscriber", "Notification", run_update_subscriber)
OPERATION(budgets_delete_subscriber, "delete subscriber", "Notification", run_delete_subscriber)
OPERATION(budgets_describe_subscribers_for_notification, "get subscribers", "Notification", run_list_subscribers)
OPERATION(budgets_delete_notification, "delete notification", "Notification", run_delete_notification)
