/* step/shim.c -- running a tool's process and its environment; the shims that fetch nothing. */
#include "step/shim.h"

#include "base/file.h"
#include "base/str.h"
#include "os/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

char **shim_env(Arena *a, const StrList *changes)
{
    VEC(char *) env = { 0 };
    for (char **e = environ; *e; e++) {
        bool replaced = false;
        for (size_t i = 0; i < changes->len && !replaced; i++) {
            size_t n = strcspn(changes->at[i], "=");
            replaced = !strncmp(*e, changes->at[i], n) && (*e)[n] == '=';
        }
        if (!replaced)
            vec_push(a, &env, *e);
    }
    for (size_t i = 0; i < changes->len; i++)
        if (strchr(changes->at[i], '='))
            vec_push(a, &env, arena_str(a, changes->at[i]));
    vec_push(a, &env, NULL);
    return env.at;
}

Status shim_run(const char *const *argv, const char *const *env, int *ret_code, Error *err)
{
    sigset_t mask, old;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, &old);
    fd_auto signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.env = env;
    options.stdin_fd = STDIN_FILENO;
    options.die_with_parent = true;
    Process process;
    TRY(process_spawn(&options, &process, err));
    for (;;) {
        struct pollfd polls[] = { { .fd = process.pidfd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            break;
        if (polls[0].revents)
            break;
        struct signalfd_siginfo info;
        if (polls[1].revents && read(signals, &info, sizeof info) == (ssize_t)sizeof info)
            process_signal(&process, (int)info.ssi_signo);
    }
    ProcessEnd end;
    Status status = process_wait(&process, -1, &end, err);
    process_done(&process);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (status == ST_OK)
        *ret_code = end.signalled ? 128 + end.code : end.code;
    return status;
}

int shim_command_runner(int argc, char **argv)
{
    if (argc < 2) {
        fputs("Exception in thread \"main\" java.lang.RuntimeException: command-runner.jar: no command given in the step's "
              "arguments\n", stderr);
        return 1;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "Exception in thread \"main\" java.lang.RuntimeException: java.io.IOException: Cannot run program \"%s\": %s\n",
            argv[1], strerror(errno));
    return 1;
}

int shim_not_yet(int argc, char **argv)
{
    static const char *const names[][2] = {
        { "hive", "Hive" }, { "hive-script", "Hive" }, { "beeline", "Hive" }, { "pig", "Pig" }, { "pig-script", "Pig" },
        { "hadoop", "Hadoop" }, { "hadoop-streaming", "Hadoop streaming" }, { "hdfs", "HDFS commands" },
        { "mapred", "MapReduce commands" }, { "s3-dist-cp", "S3DistCp" },
        { "spark-sql", "the spark-sql shell" }, { "pyspark", "the pyspark shell" }, { "spark-shell", "Scala's spark-shell" },
        { "sparkR", "SparkR" }, { "spark-class", "Spark's JVM classes" }, { "sqoop", "Sqoop" },
    };
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0], *what = name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, names[i][0]))
            what = names[i][1];
    arena_auto *a = arena_new();
    str_auto command = STR_INIT(1024);
    str_add(&command, name);
    for (int i = 1; i < argc; i++)
        str_addf(&command, " %s", argv[i]);
    fprintf(stderr, "weir does not run %s yet: %s\n", what, str_arena(&command, a));
    return 1;
}
