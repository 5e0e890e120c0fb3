/* svc/emr/metrics.h -- what EMR tells of its clusters: metrics each minute and at changes, the ledger of instance hours, the alarms of a
 * fresh cluster.
 *
 *   AWS/ElasticMapReduce  JobFlowId            a live cluster's, see metrics.def
 *   weir/Steps            JobFlowId, StepId    when a step ends: Time (Seconds), RowsWritten, BytesWritten
 *   CWAgent               host                 cpu_usage_active, mem_used_percent, disk_used_percent of this host (Percent)
 *
 * Kept by the second; a counter (bytes) is told as the change since the sample before. One thread; thread-safe. */
#ifndef WEIR_SVC_EMR_METRICS_H
#define WEIR_SVC_EMR_METRICS_H
#include "base/str.h"
#include "svc/svc.h"

Status emr_monitor_start(Server *server, Error *err);
void emr_monitor_stop(Server *server);
/* Something changed: sample now. `step` (NULL: none) has ended: tell of it too. */
void emr_monitor_wake(Server *server, const char *step);
/* The alarms of a fresh cluster, inside its transaction; see alarms.c. */
Status emr_alarms_put(Call *call, Db *db, const char *cluster, Error *err);
/* What is known now, in Prometheus's text form. */
Status emr_prometheus(Server *server, Str *out, Error *err);

#endif
