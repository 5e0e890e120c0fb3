/* app/connect.c -- `weir connect`: a Spark Connect endpoint on a home, for notebooks and scripts. */
#include "app/spark.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int app_connect(int argc, char **argv);

/* Loopback addresses need no token: whoever reaches them has the user's rights. */
static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "localhost:", 10) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}

int app_connect(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    Error err = ERROR_INIT;
    int exit_code;
    if (!options_begin(a, "connect", argc, argv, &options, &exit_code))
        return exit_code;
    const char *listen = option_text(a, &options, "listen");
    if (!is_loopback(listen)) {
        fprintf(stderr, "weir connect: %s is not on loopback: Spark Connect has no TLS here yet, so that anyone on the way could read "
                        "and run anything\n", listen);
        return 2;
    }
    sigset_t signals; /* before any thread is made */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    Driver *driver;
    if (spark_open(a, &options, &driver, &err) != ST_OK) {
        fprintf(stderr, "weir connect: %s\n", err.message);
        return 1;
    }
    exit_code = spark_serve(driver, listen, NULL, -1, false, "connect");
    driver_close(driver);
    return exit_code;
}
