/* driver/udf_sandbox.c -- `weir python-worker SANDBOX PROGRAM ARGS…`: enters the walls that SANDBOX (a file, "-": the least)
 * describes, then becomes the program. A process of its own, because walls are entered by a process with one thread. */
#include "driver/udf_sandbox.h"

#include "base/str.h"
#include "os/process.h"
#include "os/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int udf_worker_main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: weir python-worker SANDBOX PROGRAM [ARGUMENT]…\n", stderr);
        return 2;
    }
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    SandboxOptions options = { .parts = SANDBOX_NO_NEW_PRIVS };
    Status status = str_eq(argv[1], "-") ? ST_OK : sandbox_load(a, argv[1], &options, &err);
    if (status == ST_OK)
        status = sandbox_enter(&options, &err);
    if (status == ST_OK) {
        execv(argv[2], argv + 2);
        FAIL(&err, ST_IO, "%s: %s", argv[2], strerror(errno));
    }
    fprintf(stderr, "weir python-worker: %s\n", err.message);
    return 127;
}

enum { KILL_MS = 5000 };

static int keep(const Process *shell, int control)
{
    struct pollfd fds[2] = { { .fd = shell->pidfd, .events = POLLIN }, { .fd = control, .events = POLLIN } };
    Process ended = *shell;
    ProcessEnd end = { .signalled = true, .code = SIGKILL };
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (!fds[0].revents)
        process_signal(shell, SIGKILL);
    process_wait(&ended, KILL_MS, &end, NULL);
    process_kill_all(getpid(), NULL, 0, KILL_MS);
    return end.signalled ? 128 + end.code : end.code;
}

int udf_keeper_main(int argc, char **argv)
{
    int64_t control;
    if (argc != 4 || !str_to_i64(argv[2], &control)) {
        fputs("usage: weir script-keeper SANDBOX FD SCRIPT\n", stderr);
        return 2;
    }
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Process shell = PROCESS_NONE;
    const char *command[] = { process_own_path(a), "python-worker", argv[1], "/bin/bash", "-c", argv[3], NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = command;
    options.stdin_fd = STDIN_FILENO;
    options.new_session = options.clear_signals = options.die_with_parent = true;
    Status status = process_become_subreaper(&err);
    if (status == ST_OK)
        status = process_spawn(&options, &shell, &err);
    if (status != ST_OK) {
        fprintf(stderr, "weir script-keeper: %s\n", err.message);
        return 127;
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd); /* their ends are the script's */
    return keep(&shell, (int)control);
}
