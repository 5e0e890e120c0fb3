/* os/process.h -- child processes: spawned with a pidfd, awaited with a time limit, found and killed to the last one.
 *
 * A pidfd names exactly one process for ever, so a signal never hits a stranger that got the same number later. Thread rules:
 * process_spawn may be called from any thread; between fork and exec the child calls only async-signal-safe functions,
 * unless `in_child` is given: then the caller must be a single-threaded process. Linux 5.4 or later (pidfd_open, waitid). */
#ifndef WEIR_OS_PROCESS_H
#define WEIR_OS_PROCESS_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct Process {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: none; readable (poll) once the process has ended */
} Process;
#define PROCESS_NONE ((Process){ .pid = 0, .pidfd = -1 })

typedef struct ProcessOptions {
    const char *const *argv; /* NULL-terminated; argv[0] with a '/' is a path, else it is sought in env's PATH */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL: this process's */
    const char *cwd;         /* NULL: this process's */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null for stdin, this process's own for the others */
    const int *keep_fds;     /* stay open under the same numbers; all others are closed */
    size_t keep_len;
    bool new_session;        /* setsid: survives the terminal and the group of its parent */
    bool clear_signals;      /* it begins with no signal blocked, whatever the spawning thread blocks */
    bool die_with_parent;    /* SIGKILL when the spawning thread ends */
    /* Runs in the child, last before exec; may fork again (see os/sandbox.h). A failure is reported by process_spawn. */
    Status (*in_child)(void *arg, Error *err);
    void *arg;
} ProcessOptions;
#define PROCESS_OPTIONS ((ProcessOptions){ .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 })

/* ST_NOT_FOUND when there is no such program, ST_DENIED when it may not be run, ST_IO otherwise. */
Status process_spawn(const ProcessOptions *options, Process *ret_process, Error *err);
/* A process that is not our child, by its number. ST_NOT_FOUND when there is none, or when its start time (as
 * process_start_time gives) is not the one expected: the number now belongs to another. */
Status process_adopt(pid_t pid, uint64_t start_time, Process *ret_process, Error *err);
void process_done(Process *process); /* closes the pidfd; the process goes on */

typedef struct ProcessEnd {
    bool signalled;
    int code; /* the exit code, or the signal's number */
} ProcessEnd;
/* Waits for our child's end and reaps it. timeout_ms -1: for ever. ST_LIMIT when the time is over. */
Status process_wait(Process *process, int timeout_ms, ProcessEnd *ret_end, Error *err);
/* Sends a signal to that very process. A process that has ended is no failure. */
void process_signal(const Process *process, int signal_number);

uint64_t process_start_time(pid_t pid); /* clock ticks since boot, 0: no such process */
/* From now on orphaned descendants become our children, so they can be found and reaped. */
Status process_become_subreaper(Error *err);

typedef VEC(pid_t) PidList;
/* All descendants of `root` (without it), and, with a tag, every process whose environment at its start held `tag`
 * ("NAME=value"), and the descendants of those. Never this process. */
void process_find(Arena *a, pid_t root, const char *tag, PidList *ret_pids);
/* Signals all that process_find gives, SIGTERM first when `grace_ms` > 0, then SIGKILL again and again until none is left
 * or `limit_ms` is over; reaps those that are our children. Returns how many were still alive at the end (0: all gone). */
size_t process_kill_all(pid_t root, const char *tag, int grace_ms, int limit_ms);
/* Reaps ended children other than `keep` (0: none), without waiting. */
void process_reap_others(pid_t keep);

/* This program's own file, resolved. */
char *process_own_path(Arena *a);

#endif
