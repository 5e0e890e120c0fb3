/* svc/budgets/internal.h -- what the budgets' files share. */
#ifndef WEIR_SVC_BUDGETS_INTERNAL_H
#define WEIR_SVC_BUDGETS_INTERNAL_H
#include "svc/budgets/budgets.h"

enum { NOTIFICATIONS_MAX = 10, SUBSCRIBERS_MAX = 11, PAGE_MAX = 100 };

/* --- spend.c --- */
typedef struct Spend {
    int64_t start_ms, end_ms;     /* of the current period */
    double actual, forecast;      /* dollars */
} Spend;
/* unit: DAILY MONTHLY QUARTERLY ANNUALLY. */
void budget_period(const char *unit, int64_t now_ms, int64_t *ret_start_ms, int64_t *ret_end_ms);
Status budget_spend(Db *db, const char *unit, int64_t now_ms, Spend *ret_spend, Error *err);

/* --- budgets.c --- */
Val *budget_json(Arena *a, const char *text);
/* Inside a transaction: checks and inserts. */
Status budget_put(Db *db, Arena *a, const Val *budget, const Val *notifications, Error *err);

#endif
