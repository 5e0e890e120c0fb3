/* svc/glue/job_run.h -- a job run's process: a step's supervisor (step/supervisor.h) in HOME/run/glue/<run>/, the sandbox and the Spark
 * driver included. */
#ifndef WEIR_SVC_GLUE_JOB_RUN_H
#define WEIR_SVC_GLUE_JOB_RUN_H
#include "os/process.h"
#include "svc/glue/jobs.h"

char *job_run_folder(Server *server, Arena *a, const char *id);
/* Writes the spec and starts the supervisor; false in *ret_started when one had started the run before. */
Status job_run_launch(Server *server, unsigned sandbox_parts, const Run *run, Process *ret_process, Error *err);
/* Asks the supervisor to end the step. */
void job_run_cancel(Server *server, const char *id, const Process *supervisor);
/* Its supervisor after a restart of the server. ST_NOT_FOUND when there is none. */
Status job_run_adopt(Server *server, const char *id, Process *ret_process, Error *err);
/* The supervisor has ended: logs, state, ErrorMessage. `wanted`: "STOPPED" or "TIMEOUT" when it was cancelled. */
Status job_run_conclude(Server *server, const Run *run, const char *wanted, Error *err);

#endif
