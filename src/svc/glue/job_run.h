/* svc/glue/job_run.h -- a job run's process: a step's supervisor (step/supervisor.h) in HOME/run/glue/<run>/, the sandbox and the Spark
 * driver included. */
#ifndef WEIR_SVC_GLUE_JOB_RUN_H
#define WEIR_SVC_GLUE_JOB_RUN_H
#include "os/process.h"
#include "svc/glue/jobs.h"

char *job_run_folder(Server *server, Arena *a, const char *id);
/* Writes the spec and starts the supervisor. */
Status job_run_launch(Server *server, unsigned sandbox_parts, const Run *run, Process *ret_process, Error *err);
/* What a run's folder tells of its supervisor. */
typedef enum JobRunState {
    JOB_RUN_ENDED,     /* it said how the run ended */
    JOB_RUN_LIVES,
    JOB_RUN_UNSTARTED, /* none has started the run */
    JOB_RUN_LOST       /* killed in the middle of it */
} JobRunState;
JobRunState job_run_state(Server *server, const char *id);
/* Asks the supervisor to end the step. */
void job_run_cancel(Server *server, const char *id, const Process *supervisor);
/* The supervisor that a server before this one started. ST_NOT_FOUND when it has not started the run yet. */
Status job_run_adopt(Server *server, const char *id, Process *ret_process, Error *err);
/* The supervisor has ended: logs, state, ErrorMessage. `wanted`: "STOPPED" or "TIMEOUT" when it was cancelled. */
Status job_run_conclude(Server *server, const Run *run, const char *wanted, Error *err);

#endif
