/* svc/schedule.h -- AWS's schedules, in UTC, for all services that have some (Glue's crawlers and triggers, EventBridge's rules):
 *
 *   cron(minutes hours day-of-month month day-of-week year)   numbers, names (JAN, MON), lists, ranges, steps, *, ?, and
 *       day of month: L (the last), nW (the weekday nearest to n), LW; day of week: L, nL (the month's last n), n#k (its k-th n).
 *       One of the two days is ?, as AWS wants it.
 *   rate(value unit)   unit: minute(s), hour(s), day(s); singular with 1 only
 *
 * Pure. Source: "Cron expressions reference", "Rate expressions reference" of Amazon EventBridge. */
#ifndef WEIR_SVC_SCHEDULE_H
#define WEIR_SVC_SCHEDULE_H
#include "base/status.h"

#include <stdint.h>

/* ST_INVALID, with no code, when it is not one of them. */
Status schedule_check(const char *text, Error *err);
bool schedule_is_cron(const char *text);
/* The first time after `after_ms`, in milliseconds: a whole minute for cron, after_ms + interval for rate. -1: never again, or no schedule. */
int64_t schedule_next_ms(const char *text, int64_t after_ms);
/* Is the minute that `ms` is in one of the cron schedule's? False for what is no cron schedule. */
bool schedule_is_due(const char *text, int64_t ms);

#endif
