/* step/supervisor.c -- runs one step from `started` to `exit.json`. Single-threaded: what it forks may prepare itself freely. */
#include "step/supervisor.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "os/process.h"
#include "os/sandbox.h"
#include "step/channel.h"
#include "step/place.h"
#include "step/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_TAKEN = 3, EXIT_STARTED = 4, DRIVER_STOP_MS = 5000, KILL_LIMIT_MS = 20000, CHECK_FOLDER_MS = 2000 };

typedef struct Supervisor {
    Arena *arena;
    const char *folder;
    StepSpec spec;
    Place place;
    Channel *channel;
    SandboxOptions sandbox;
    SandboxGroup group;
    Process process;
    FILE *controller;
    int signals;      /* signalfd: SIGTERM, SIGCHLD */
    dev_t device;     /* of the folder: when it goes, the step goes */
    ino_t inode;
    bool cancelled, vanished;
    int64_t cancelled_at_ms, kill_at_ms;
} Supervisor;

/* --- the controller log: what EMR's step runner writes --- */

static void __attribute__((format(printf, 2, 3))) note(Supervisor *s, const char *format, ...)
{
    arena_auto *a = arena_new();
    va_list args;
    va_start(args, format);
    fprintf(s->controller, "%s INFO ", time_iso8601(a, clock_ms()));
    vfprintf(s->controller, format, args);
    fputc('\n', s->controller);
    fflush(s->controller);
    va_end(args);
}

static void note_start(Supervisor *s)
{
    str_auto command = STR_INIT(64 * 1024);
    for (size_t i = 0; i < s->spec.argv.len; i++)
        str_addf(&command, "%s%s", i ? " " : "", s->spec.argv.at[i]);
    if (s->spec.jar)
        note(s, "Ensure step jar file %s", s->spec.jar);
    note(s, "startExec '%s'", str_text(&command));
    note(s, "Sandbox: %s", sandbox_level(s->arena, s->spec.parts));
    note(s, "Environment:");
    for (size_t i = 0; i < s->spec.env.len; i++)
        if (!strstr(s->spec.env.at[i].key, "SECRET") && !strstr(s->spec.env.at[i].key, "TOKEN") &&
            !strstr(s->spec.env.at[i].key, "ACCESS_KEY"))
            fprintf(s->controller, "  %s=%s\n", s->spec.env.at[i].key, (const char *)s->spec.env.at[i].value);
    note(s, "redirectOutput to %s/stdout", s->folder);
    note(s, "redirectError to %s/stderr", s->folder);
    note(s, "Working dir %s/work", s->folder);
}

/* --- starting --- */

static char **environment_of(Arena *a, const Map *env)
{
    VEC(char *) list = { 0 };
    for (size_t i = 0; i < env->len; i++)
        vec_push(a, &list, arena_printf(a, "%s=%s", env->at[i].key, (const char *)env->at[i].value));
    vec_push(a, &list, NULL);
    return list.at;
}

static int log_open(Supervisor *s, const char *name)
{
    return open(path_join(s->arena, s->folder, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static Status enter_sandbox(void *arg, Error *err)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return sandbox_enter(arg, err);
}

static void sandbox_prepare(Supervisor *s)
{
    Arena *a = s->arena;
    SandboxOptions *box = &s->sandbox;
    sandbox_system_paths(a, &box->read_paths, &box->write_paths);
    for (size_t i = 0; i < s->spec.read_paths.len; i++)
        vec_push(a, &box->read_paths, s->spec.read_paths.at[i]);
    for (size_t i = 0; i < s->spec.write_paths.len; i++)
        vec_push(a, &box->write_paths, s->spec.write_paths.at[i]);
    vec_push(a, &box->write_paths, path_join(a, s->folder, "work"));
    vec_push(a, &box->write_paths, path_join(a, s->folder, "stdout")); /* for /dev/stdout */
    vec_push(a, &box->write_paths, path_join(a, s->folder, "stderr"));
    box->parts = s->spec.parts;
    box->private_tmp = path_join(a, s->folder, "work/tmp");
    box->memory_bytes = s->spec.memory_bytes;
}

/* Managed tables outlive the step: HOME/warehouse, where the step's folder is HOME/run/CLUSTER/STEP. */
static const char *warehouse_of(const Supervisor *s)
{
    char *home = arena_str(s->arena, s->folder);
    for (int up = 0; up < 3 && strrchr(home, '/'); up++)
        *strrchr(home, '/') = '\0';
    return path_join(s->arena, home, "warehouse");
}

static Status channel_prepare(Supervisor *s, char **env, Error *err)
{
    DriverOptions driver = { .program = s->place.program,
                             .run = s->spec.id,
                             .warehouse = warehouse_of(s),
                             .folder = s->folder,
                             .cwd = path_join(s->arena, s->folder, "work"),
                             .worker_sandbox = path_join(s->arena, s->folder, "worker-sandbox"),
                             .memory_bytes = s->spec.driver_memory_bytes,
                             .cores = s->spec.driver_cores,
                             .env = (const char *const *)env,
                             .log_fd = log_open(s, "syslog") };
    s->channel = channel_new(s->arena, &driver);
    return channel_listen(s->channel, map_get(&s->spec.env, "WEIR_STEP_SOCKET"), err);
}

static Status step_start(Supervisor *s, Error *err)
{
    Arena *a = s->arena;
    char **env = environment_of(a, &s->spec.env);
    TRY(dir_make(path_join(a, s->folder, "work/tmp"), 0700, err));
    TRY(channel_prepare(s, env, err));
    sandbox_prepare(s);
    TRY(sandbox_group_make(a, arena_printf(a, "weir-%s", s->spec.id), s->spec.parts, s->spec.memory_bytes, s->spec.cpu_milli,
                           &s->group, err));
    s->sandbox.group = &s->group;
    TRY(sandbox_save(&s->sandbox, path_join(a, s->folder, "worker-sandbox"), err)); /* functions run by the same walls */
    vec_push(a, &s->spec.argv, NULL);
    fd_auto out = log_open(s, "stdout");
    fd_auto errors = log_open(s, "stderr");
    if (out < 0 || errors < 0)
        return FAIL(err, ST_IO, "open the step's logs: %s", strerror(errno));
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = s->spec.argv.at;
    spawn.env = (const char *const *)env;
    spawn.cwd = path_join(a, s->folder, "work");
    spawn.stdout_fd = out;
    spawn.stderr_fd = errors;
    spawn.new_session = true;
    spawn.die_with_parent = true;
    spawn.in_child = enter_sandbox;
    spawn.arg = &s->sandbox;
    TRY(process_spawn(&spawn, &s->process, err));
    note(s, "ProcessRunner started child process : %d", (int)s->process.pid);
    return ST_OK;
}

/* --- while it runs --- */

/* Signals the step's processes but not the drivers: they must live to be told of the end. */
static void signal_step(Supervisor *s, int signal_number)
{
    arena_auto *a = arena_new();
    PidList pids;
    process_find(a, getpid(), NULL, &pids);
    for (size_t i = 0; i < pids.len; i++)
        if (!channel_owns(s->channel, pids.at[i]))
            kill(pids.at[i], signal_number);
}

static void cancel_begin(Supervisor *s)
{
    if (s->cancelled)
        return;
    arena_auto *a = arena_new();
    char *how = NULL;
    file_read(a, path_join(a, s->folder, "cancel"), 4096, &how, NULL, NULL);
    bool at_once = how && str_starts(how, "TERMINATE_PROCESS");
    s->cancelled = true;
    s->cancelled_at_ms = clock_monotonic_ms();
    s->kill_at_ms = s->cancelled_at_ms + (at_once ? 0 : s->spec.cancel_grace_ms);
    note(s, "Step is being cancelled: %s", at_once ? "SIGKILL" : "SIGTERM");
    signal_step(s, at_once ? SIGKILL : SIGTERM);
}

static void signals_read(Supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            cancel_begin(s);
}

/* A folder that was removed (the home was deleted) takes its step along: nobody could ever learn of it again. */
static bool folder_there(const Supervisor *s)
{
    struct stat st;
    return stat(s->folder, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode;
}

/* Until the step's own process has ended. */
static void follow(Supervisor *s)
{
    for (;;) {
        struct pollfd polls[CHANNEL_POLL_MAX + 2];
        polls[0] = (struct pollfd){ .fd = s->process.pidfd, .events = POLLIN };
        polls[1] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
        size_t n = channel_polls(s->channel, polls + 2);
        int64_t left = s->cancelled ? s->kill_at_ms - clock_monotonic_ms() : CHECK_FOLDER_MS;
        if (poll(polls, n + 2, left < 0 ? 0 : (int)left) < 0 && errno != EINTR)
            return;
        if (polls[0].revents)
            return;
        if (polls[1].revents)
            signals_read(s);
        channel_serve(s->channel, polls + 2, n);
        if (s->cancelled && clock_monotonic_ms() >= s->kill_at_ms) {
            signal_step(s, SIGKILL);
            s->kill_at_ms = clock_monotonic_ms() + 100;
        }
        if (!folder_there(s)) {
            s->vanished = true;
            signal_step(s, SIGKILL);
            return;
        }
    }
}

/* --- the end --- */

static void end_all(Supervisor *s, StepExit *end)
{
    ProcessEnd how = { 0 };
    if (s->process.pid && process_wait(&s->process, s->vanished ? 1000 : -1, &how, NULL) == ST_OK)
        end->code = how.signalled ? 128 + how.code : how.code;
    process_done(&s->process);
    if (s->channel)
        channel_stop(s->channel, s->vanished ? 0 : DRIVER_STOP_MS);
    end->left = (int64_t)process_kill_all(getpid(), NULL, 0, KILL_LIMIT_MS);
    end->oom_kills = sandbox_group_oom_kills(&s->group);
    sandbox_group_remove(&s->group);
    end->cancelled = s->cancelled;
    end->level = sandbox_level(s->arena, s->spec.parts);
    end->ended_ms = clock_ms();
}

/* What the step's stderr says when its process could not even start: the words of Java's ProcessBuilder, as on EMR. */
static void report_no_start(Supervisor *s, const Error *why)
{
    fd_auto fd = log_open(s, "stderr");
    arena_auto *a = arena_new();
    const char *program = s->spec.argv.at[0];
    char *text = why->status == ST_NOT_FOUND
                     ? arena_printf(a, "java.lang.RuntimeException: java.io.IOException: Cannot run program \"%s\" (in "
                                       "directory \".\"): error=2, No such file or directory\n", program)
                     : arena_printf(a, "java.lang.RuntimeException: java.io.IOException: Cannot run program \"%s\": %s\n", program,
                                    why->message);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        note(s, "%s", text);
}

static int run(Supervisor *s)
{
    StepExit end = { .code = -1, .started_ms = clock_ms() };
    note_start(s);
    Error error = ERROR_INIT;
    Status status = step_start(s, &error);
    if (status == ST_OK) {
        follow(s);
    } else {
        report_no_start(s, &error);
        end.code = 1;
        end.error = error.message;
    }
    end_all(s, &end);
    if (s->vanished)
        return 1;
    int64_t seconds = (end.ended_ms - end.started_ms + 500) / 1000;
    note(s, "waitProcessCompletion ended with exit code %d : %s", end.code, s->spec.argv.at[0]);
    if (end.oom_kills)
        note(s, "the memory limit of %lld bytes ended %lld processes", (long long)s->spec.memory_bytes, (long long)end.oom_kills);
    note(s, "total process run time: %lld seconds", (long long)seconds);
    note(s, "Step %s with exitCode %d and took %lld seconds", end.code ? end.cancelled ? "cancelled" : "failed" : "succeeded",
         end.code, (long long)seconds);
    if (step_exit_write(s->folder, &end, &error) != ST_OK) {
        log_error("%s", error.message);
        return 1;
    }
    return 0;
}

static Status prepare(Supervisor *s, Error *err)
{
    struct stat st;
    if (stat(s->folder, &st) < 0)
        return FAIL(err, ST_NOT_FOUND, "%s: %s", s->folder, strerror(errno));
    s->device = st.st_dev;
    s->inode = st.st_ino;
    TRY(step_spec_read(s->arena, s->folder, &s->spec, err));
    place_find(s->arena, &s->place);
    s->controller = fopen(path_join(s->arena, s->folder, "controller"), "ae");
    if (!s->controller)
        return FAIL(err, ST_IO, "%s/controller: %s", s->folder, strerror(errno));
    return process_become_subreaper(err);
}

static int signals_open(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int step_supervisor_main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: weir step-supervisor DIR\n", stderr);
        return 2;
    }
    arena_auto *a = arena_new();
    Supervisor s = { .arena = a, .folder = argv[1], .process = PROCESS_NONE, .signals = signals_open() };
    signal(SIGPIPE, SIG_IGN);
    Error error = ERROR_INIT;
    fd_auto lock = -1;
    Status status = step_lock(s.folder, &lock, &error);
    if (status == ST_CONFLICT)
        return EXIT_TAKEN;
    if (status == ST_OK)
        status = prepare(&s, &error);
    if (status == ST_OK && (status = step_started_claim(s.folder, &error)) == ST_CONFLICT)
        return EXIT_STARTED;
    if (status != ST_OK) {
        log_error("%s", error.message);
        return 1;
    }
    int code = run(&s);
    fclose(s.controller);
    return code;
}
