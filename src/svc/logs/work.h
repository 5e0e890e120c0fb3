/* svc/logs/work.h -- long work in the background: export tasks and Insights queries. Both are rows of the store (schema/062_logs.sql) that a
 * few threads take in the order of their making; what a crash interrupted is taken again at the next start. */
#ifndef WEIR_SVC_LOGS_WORK_H
#define WEIR_SVC_LOGS_WORK_H
#include "svc/svc.h"

/* Carries one out and writes down how it ended; fails only when it cannot write that. The row is RUNNING (Running) already. */
Status logs_export_run(Server *server, const char *id, Error *err);
Status logs_query_run(Server *server, const char *id, Error *err);

/* There is new work. */
void logs_wake(Server *server);
/* Waits until the row of this table has ended, at most that long: short work is done when its request is answered. */
void logs_wait_for(Server *server, const char *table, const char *id, int64_t at_most_ms);
/* Was it cancelled, or does the server stop? */
bool logs_cancelled(Server *server, const char *table, const char *id);
bool logs_stopping(Server *server);

#endif
