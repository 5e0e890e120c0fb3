/* step/supervisor.h -- `weir step-supervisor DIR`: one process per step, outside of the sandbox, in a session of its own, so
 * that it survives the server. Starts the step's process at most once, serves it a Spark driver, ends every process of it,
 * and records how it ended. See step/spec.h for the files. */
#ifndef WEIR_STEP_SUPERVISOR_H
#define WEIR_STEP_SUPERVISOR_H

/* Exit codes: 0 the step's end is recorded; 3 another supervisor has the step; 4 it was started once already; 1 anything else. */
int step_supervisor_main(int argc, char **argv);

#endif
