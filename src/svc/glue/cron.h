/* svc/glue/cron.h -- AWS's schedules: cron(minutes hours day-of-month month day-of-week year), in UTC. Fields: *, ?, numbers, names
 * (JAN, MON), lists, ranges and steps. L, W and # are refused by name. Source: "Time-based schedules for jobs and crawlers". */
#ifndef WEIR_SVC_GLUE_CRON_H
#define WEIR_SVC_GLUE_CRON_H
#include "base/status.h"

#include <stdint.h>

Status cron_check(const char *text, Error *err); /* InvalidInputException */
/* Is the minute that `ms` is in one of the schedule's? False for what is no schedule. */
bool cron_is_due(const char *text, int64_t ms);

#endif
