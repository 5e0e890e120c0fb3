/* api/metrics.h -- counts of requests by service, operation and status, in Prometheus's text form. Thread-safe. */
#ifndef WEIR_API_METRICS_H
#define WEIR_API_METRICS_H
#include "base/str.h"

#include <stdint.h>

typedef struct Metrics Metrics;
Metrics *metrics_new(void);
void metrics_free(Metrics *m);
void metrics_add(Metrics *m, const char *service, const char *operation, int status, int64_t took_us);
void metrics_write(Metrics *m, Str *out);

#endif
