/* driver/udf_sandbox.c -- `weir python-worker SANDBOX PROGRAM ARGS…`: enters the walls that SANDBOX (a file, "-": the least)
 * describes, then becomes the program. A process of its own, because walls are entered by a process with one thread. */
#include "driver/udf_sandbox.h"

#include "base/str.h"
#include "os/sandbox.h"

#include <errno.h>
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
