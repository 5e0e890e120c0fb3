/* yarn/app.h -- a running application's side: it registers, sends a heartbeat each second as an application master does, and ends
 * when it is killed: by SIGTERM to its own process and five seconds later without mercy, or at once. */
#ifndef WEIR_YARN_APP_H
#define WEIR_YARN_APP_H
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct YarnApp YarnApp;
typedef enum YarnEnd {
    YARN_END_SIGNAL, /* this process waits for SIGTERM */
    YARN_END_EXIT    /* it has nothing to do at its end: it exits with 137 */
} YarnEnd;

/* Registers this process as an application of its EMR step; *ret_app is NULL when it is of none (a laptop, a Glue job). */
Status yarn_app_begin(const char *type, const char *name, YarnEnd end, YarnApp **ret_app, Error *err);
const char *yarn_app_id(const YarnApp *app);            /* "application_…_0001" */
void yarn_app_progress(YarnApp *app, double progress);  /* 0 to 1. NULL is fine, here and below */
/* `bytes` were read from a file: told with the next heartbeat, for the cluster's metrics. */
void yarn_app_read(YarnApp *app, const char *uri, int64_t bytes);
bool yarn_app_killed(YarnApp *app);                     /* was it asked to end? */
/* Says how it ended, and frees. `diagnostics` may be NULL. */
void yarn_app_end(YarnApp *app, bool succeeded, const char *diagnostics);

#endif
