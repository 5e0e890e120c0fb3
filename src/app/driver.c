/* app/driver.c -- `weir driver`: one Spark application of a step, started by its supervisor (step/driver_start.c). Says where it
 * listens on --ready-fd, and ends with its parent. */
#include "app/spark.h"
#include "base/str.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int app_driver(int argc, char **argv);

static int fail(const char *why)
{
    fprintf(stderr, "weir driver: %s\n", why);
    return 1;
}

int app_driver(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    Error err = ERROR_INIT;
    int exit_code;
    if (!options_begin(a, "driver", argc, argv, &options, &exit_code))
        return exit_code;
    const char *fd_text = option_text(a, &options, "ready-fd");
    int64_t ready_fd = -1;
    if (fd_text && (!str_to_i64(fd_text, &ready_fd) || ready_fd < 0 || ready_fd > 65535))
        return fail("--ready-fd is the number of an open file");
    sigset_t signals; /* before any thread is made */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    Driver *driver;
    if (spark_open(a, &options, &driver, &err) != ST_OK)
        return fail(err.message);
    exit_code = spark_serve(driver, option_text(a, &options, "listen"), option_text(a, &options, "token"), (int)ready_fd, true,
                            "driver");
    driver_close(driver);
    return exit_code;
}
