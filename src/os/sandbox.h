/* os/sandbox.h -- the walls around a step's processes.
 *
 * The floor, wherever the kernel has it: no_new_privs, no capabilities, a seccomp deny-list, Landlock (only the named paths
 * can be read or written), rlimits. Above it, when a probe finds that this host allows them: a mount, a PID and an IPC
 * namespace of the step's own (inside a user namespace when we are not root) and cgroups (v2 or v1) for memory and CPU.
 * What was not reached is not claimed: sandbox_probe tries each part for real, and sandbox_enter fails when one of the
 * parts it was asked for does not come about. Sources: landlock(7), user_namespaces(7), seccomp(2), cgroups(7). */
#ifndef WEIR_OS_SANDBOX_H
#define WEIR_OS_SANDBOX_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>

typedef enum SandboxPart {
    SANDBOX_NO_NEW_PRIVS = 1 << 0,
    SANDBOX_RLIMITS = 1 << 1,
    SANDBOX_SECCOMP = 1 << 2,
    SANDBOX_LANDLOCK = 1 << 3,
    SANDBOX_NAMESPACES = 1 << 4, /* mount, PID and IPC together; one without the others is of no use */
    SANDBOX_USER_NS = 1 << 5,    /* those are inside a user namespace */
    SANDBOX_CGROUP_MEMORY = 1 << 6,
    SANDBOX_CGROUP_CPU = 1 << 7
} SandboxPart;

/* Which parts this host gives, found by trying each (a few milliseconds, two short-lived processes). */
unsigned sandbox_probe(void);
/* "no_new_privs+rlimits+seccomp+landlock+namespaces+cgroup-memory+cgroup-cpu". */
char *sandbox_level(Arena *a, unsigned parts);

/* A cgroup in each of the asked hierarchies. The strings are the folders, NULL where there is none. */
typedef struct SandboxGroup {
    char *memory_dir, *cpu_dir; /* the same one with cgroup v2 */
    bool v2;
} SandboxGroup;
/* Makes the groups that are in `parts`; memory_bytes and cpu_milli (1000: one core) of 0 set no limit. */
Status sandbox_group_make(Arena *a, const char *name, unsigned parts, int64_t memory_bytes, int64_t cpu_milli,
                          SandboxGroup *ret_group, Error *err);
int64_t sandbox_group_oom_kills(const SandboxGroup *group); /* how many processes the memory limit has killed */
void sandbox_group_remove(const SandboxGroup *group);       /* once its processes are gone */

typedef struct SandboxOptions {
    unsigned parts;            /* what to reach: of sandbox_probe's */
    StrList read_paths;        /* files and folders: read and execute; absent ones are skipped */
    StrList write_paths;       /* all of it below, too */
    const char *private_tmp;   /* host folder that becomes /tmp and /var/tmp (with SANDBOX_NAMESPACES), NULL: none */
    const SandboxGroup *group; /* joined first; NULL: none */
    int64_t memory_bytes;      /* RLIMIT_DATA of each process, where no cgroup limits memory; 0: none */
} SandboxOptions;
/* Confines this process, from `in_child` of process_spawn, in a single-threaded process. With SANDBOX_NAMESPACES it forks:
 * the caller's pid then belongs to a process of ours that waits for the namespace's init, that waits for the one that
 * returns from here; the exit code comes through (a signal as 128 + its number). */
Status sandbox_enter(const SandboxOptions *options, Error *err);

/* The options as a file, and back (the strings of the arena): so that another process can put up the same walls. */
Status sandbox_save(const SandboxOptions *options, const char *path, Error *err);
Status sandbox_load(Arena *a, const char *path, SandboxOptions *ret_options, Error *err);

/* What every program of a Debian-like host needs to run: libraries, certificates, time zones, devices; no users' folders. */
void sandbox_system_paths(Arena *a, StrList *read_paths, StrList *write_paths);

#endif
