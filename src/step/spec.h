/* step/spec.h -- the files in a step's folder by which the server and the step's supervisor talk; each written whole or not
 * at all, so that either side may be killed at any moment.
 *
 *   spec.json    what to run; by the server, before it starts a supervisor
 *   lock         locked (flock) by the supervisor as long as it lives
 *   started      the supervisor's pid and start time; made exactly once, before the step's process: a step whose `started`
 *                exists is never started again
 *   cancel       how to cancel: SEND_INTERRUPT or TERMINATE_PROCESS; by the server, before it signals the supervisor
 *   exit.json    how the step ended; by the supervisor, after the step's last process is gone
 *   work/        the step's own; stdout, stderr, controller, syslog: its logs */
#ifndef WEIR_STEP_SPEC_H
#define WEIR_STEP_SPEC_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct StepSpec {
    const char *id;               /* "s-…"; of a bootstrap action "s-…" likewise, see `kind` */
    const char *kind;             /* "step", "bootstrap" */
    const char *cluster;          /* "j-…" */
    const char *name, *jar;       /* for the logs */
    StrList argv;                 /* what runs: a shim or a program */
    Map env;                      /* name -> value */
    StrList read_paths, write_paths; /* besides the system's and the step's own work folder */
    unsigned parts;               /* SandboxPart bits that this host gives */
    int64_t memory_bytes;         /* the step's share, 0: no limit */
    int64_t cpu_milli;            /* 1000: one core, 0: no limit */
    int64_t driver_memory_bytes;  /* of a Spark driver */
    int64_t driver_cores;
    int64_t cancel_grace_ms;      /* between SIGTERM and SIGKILL */
} StepSpec;

Status step_spec_write(const char *folder, const StepSpec *spec, Error *err);
Status step_spec_read(Arena *a, const char *folder, StepSpec *ret_spec, Error *err);

typedef struct StepExit {
    int code;             /* the exit code; 128 + signal; -1: it could not be started, `error` says why */
    bool cancelled;       /* ended because of `cancel` */
    const char *error;    /* NULL: none */
    const char *level;    /* the sandbox that was reached */
    int64_t oom_kills;    /* processes that the memory limit killed */
    int64_t left;         /* processes that would not die: 0 */
    int64_t started_ms, ended_ms;
} StepExit;

Status step_exit_write(const char *folder, const StepExit *end, Error *err);
/* ST_NOT_FOUND while there is none. */
Status step_exit_read(Arena *a, const char *folder, StepExit *ret_end, Error *err);

/* Makes `started` for this process. ST_CONFLICT when it exists. */
Status step_started_claim(const char *folder, Error *err);
/* ST_NOT_FOUND while there is none. */
Status step_started_read(const char *folder, pid_t *ret_pid, uint64_t *ret_start_time, Error *err);
/* Takes `lock` without waiting; the descriptor holds it. ST_CONFLICT when a supervisor has it. */
Status step_lock(const char *folder, int *ret_fd, Error *err);

#endif
