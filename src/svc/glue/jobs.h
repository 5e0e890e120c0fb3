/* svc/glue/jobs.h -- what a job run's row holds, and its process. The body of a run is what GetJobRun shows, with Command, Role and
 * LogUri of the job when it was started. */
#ifndef WEIR_SVC_GLUE_JOBS_H
#define WEIR_SVC_GLUE_JOBS_H
#include "svc/glue/internal.h"

extern const RecordKind job_kind;
extern const char job_run_kind[];

/* Why this run can not be started at all, in words for ErrorMessage; NULL: it can. */
const char *job_run_refusal(Arena *a, const Val *body);

#endif
