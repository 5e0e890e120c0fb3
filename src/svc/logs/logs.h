/* svc/logs/logs.h -- Amazon CloudWatch Logs (API version 2014-03-28). Groups and what hangs on them are rows of schema/062_logs.sql;
 * streams and events are in HOME/logs.db (events.h). Metric filters put points into series/, subscriptions copy events into another
 * group, exports write gzip objects into the lake. Source: Amazon CloudWatch Logs API Reference and User Guide. */
#ifndef WEIR_SVC_LOGS_LOGS_H
#define WEIR_SVC_LOGS_LOGS_H
#include "svc/svc.h"

struct Logs; /* its events and threads */

/* Opens HOME/logs.db, registers with the bus (svc/logging.h) and starts the threads. After the store, series and bus are open, before
 * bus_start. */
Status logs_start(Server *server, Error *err);
void logs_stop(Server *server);
/* To be called every minute or so: wakes the sweep of what is too old. */
Status logs_sweep(Server *server, Error *err);
/* Forgets all events: for a test server's reset. */
Status logs_reset(Server *server, Error *err);

#endif
