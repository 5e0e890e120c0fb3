/* os/process.c -- spawning, waiting for and finding processes. */
#include "os/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_open_raw(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* What the child tells when it fails before exec. */
typedef struct ChildFailure {
    Status status;
    char message[512];
} ChildFailure;

static _Noreturn void child_fail(int report_fd, Status status, const char *what, int error)
{
    ChildFailure failure = { .status = status };
    const char *why = error ? strerrordesc_np(error) : "";
    const char *parts[] = { what, error ? ": " : "", why ? why : "unknown error" };
    size_t at = 0;
    for (size_t i = 0; i < 3; i++)
        for (const char *p = parts[i]; *p && at < sizeof failure.message - 1; p++)
            failure.message[at++] = *p;
    (void)!write(report_fd, &failure, sizeof failure);
    _exit(127);
}

/* Finds argv[0] in PATH of the given environment, before the fork. NULL: not found. */
static char *program_path(Arena *a, const ProcessOptions *options)
{
    const char *name = options->argv[0];
    if (strchr(name, '/'))
        return arena_str(a, name);
    const char *path = NULL;
    if (!options->env)
        path = getenv("PATH");
    else
        for (const char *const *e = options->env; *e; e++)
            if (str_starts(*e, "PATH="))
                path = *e + 5;
    path = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (*path) {
        size_t n = strcspn(path, ":");
        char *file = arena_printf(a, "%.*s/%s", (int)n, path, name);
        if (n && access(file, X_OK) == 0)
            return file;
        path += n + (path[n] == ':');
    }
    return NULL;
}

/* Moves `fd` to the number `to`; -1 leaves what is there. */
static bool place_fd(int fd, int to)
{
    if (fd < 0)
        return true;
    if (fd == to)
        return fcntl(fd, F_SETFD, 0) == 0;
    return dup2(fd, to) == to;
}

static bool child_files(const ProcessOptions *options)
{
    int null_fd = options->stdin_fd < 0 ? open("/dev/null", O_RDONLY) : options->stdin_fd;
    if (!place_fd(null_fd, 0) || !place_fd(options->stdout_fd, 1) || !place_fd(options->stderr_fd, 2))
        return false;
    for (size_t i = 0; i < options->keep_len; i++)
        if (fcntl(options->keep_fds[i], F_SETFD, 0) < 0)
            return false;
    return true;
}

static _Noreturn void child_main(const ProcessOptions *options, const char *program, int report_fd, const sigset_t *mask)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    for (int s = 1; s < 32; s++)
        if (s != SIGKILL && s != SIGSTOP)
            sigaction(s, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, options->clear_signals ? &none : mask, NULL);
    if (options->new_session && setsid() < 0)
        child_fail(report_fd, ST_IO, "start a session", errno);
    if (options->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        child_fail(report_fd, ST_IO, "ask to end with the parent", errno);
    /* All above stderr closes at exec; the kept ones are let through again. */
    if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) < 0)
        child_fail(report_fd, ST_IO, "mark files to be closed", errno);
    if (!child_files(options))
        child_fail(report_fd, ST_IO, "place standard files", errno);
    if (options->cwd && chdir(options->cwd) < 0)
        child_fail(report_fd, ST_IO, options->cwd, errno);
    if (options->in_child) {
        Error error = ERROR_INIT;
        if (options->in_child(options->arg, &error) != ST_OK)
            child_fail(report_fd, error.status, error.message, 0);
    }
    execve(program, (char *const *)options->argv, options->env ? (char *const *)options->env : environ);
    Status status = errno == ENOENT ? ST_NOT_FOUND : errno == EACCES ? ST_DENIED : ST_IO;
    child_fail(report_fd, status, program, errno);
}

/* Reads the failure report: nothing when exec closed the pipe. */
static Status spawn_outcome(int report_fd, Error *err)
{
    ChildFailure failure = { .status = ST_OK };
    size_t at = 0;
    while (at < sizeof failure) {
        ssize_t n = read(report_fd, (char *)&failure + at, sizeof failure - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (at == 0)
        return ST_OK;
    if (at < sizeof failure)
        return FAIL(err, ST_INTERNAL, "the child's report is torn");
    failure.message[sizeof failure.message - 1] = 0;
    return FAIL(err, failure.status, "%s", failure.message);
}

Status process_spawn(const ProcessOptions *options, Process *ret_process, Error *err)
{
    arena_auto *a = arena_new();
    const char *program = program_path(a, options);
    if (!program)
        return FAIL(err, ST_NOT_FOUND, "%s: No such file or directory", options->argv[0]);
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "make a pipe: %s", strerror(errno));
    fd_auto read_end = report[0];
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* no handler of ours may run in the child */
    sigset_t none;
    sigemptyset(&none);
    pid_t pid = fork();
    if (pid == 0)
        child_main(options, program, report[1], &none);
    int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(report[1]);
    if (pid < 0)
        return FAIL(err, ST_IO, "fork: %s", strerror(fork_error));
    Process process = { .pid = pid, .pidfd = pidfd_open_raw(pid) };
    Status status = process.pidfd < 0 ? FAIL(err, ST_IO, "pidfd_open: %s", strerror(errno)) : spawn_outcome(read_end, err);
    if (status != ST_OK) {
        kill(pid, SIGKILL); /* not reaped yet: still ours */
        waitpid(pid, NULL, 0);
        process_done(&process);
        return status;
    }
    *ret_process = process;
    return ST_OK;
}

Status process_adopt(pid_t pid, uint64_t start_time, Process *ret_process, Error *err)
{
    if (pid <= 0)
        return FAIL(err, ST_NOT_FOUND, "no process %d", (int)pid);
    Process process = { .pid = pid, .pidfd = pidfd_open_raw(pid) };
    if (process.pidfd < 0)
        return FAIL(err, errno == ESRCH ? ST_NOT_FOUND : ST_IO, "process %d: %s", (int)pid, strerror(errno));
    if (process_start_time(pid) != start_time) { /* read after the open: the pidfd names what we looked at */
        process_done(&process);
        return FAIL(err, ST_NOT_FOUND, "process %d is another one now", (int)pid);
    }
    *ret_process = process;
    return ST_OK;
}

void process_done(Process *process)
{
    if (process->pidfd >= 0)
        close(process->pidfd);
    *process = PROCESS_NONE;
}

Status process_wait(Process *process, int timeout_ms, ProcessEnd *ret_end, Error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : until - clock_monotonic_ms();
        if (timeout_ms >= 0 && left < 0)
            left = 0;
        struct pollfd wait = { .fd = process->pidfd, .events = POLLIN };
        int n = poll(&wait, 1, (int)left);
        if (n < 0 && errno != EINTR)
            return FAIL(err, ST_IO, "wait for process %d: %s", (int)process->pid, strerror(errno));
        if (n > 0)
            break;
        if (n == 0)
            return FAIL(err, ST_LIMIT, "process %d runs on after %d ms", (int)process->pid, timeout_ms);
    }
    siginfo_t info = { 0 };
    if (waitid((idtype_t)P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0)
        return FAIL(err, ST_IO, "reap process %d: %s", (int)process->pid, strerror(errno));
    *ret_end = (ProcessEnd){ .signalled = info.si_code != CLD_EXITED, .code = info.si_status };
    return ST_OK;
}

void process_signal(const Process *process, int signal_number)
{
    if (process->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, process->pidfd, signal_number, NULL, 0);
}

/* The fields of /proc/PID/stat behind the command's name (which may hold anything): ret[0] is the state. */
static bool proc_stat(pid_t pid, char *state, pid_t *parent, uint64_t *start_time)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    if (n <= 0)
        return false;
    text[n] = 0;
    const char *p = strrchr(text, ')');
    int parent_number = 0;
    unsigned long long started = 0;
    if (!p || sscanf(p + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", state,
                     &parent_number, &started) != 3)
        return false;
    *parent = parent_number;
    *start_time = started;
    return true;
}

uint64_t process_start_time(pid_t pid)
{
    char state;
    pid_t parent;
    uint64_t started;
    return proc_stat(pid, &state, &parent, &started) ? started : 0;
}

Status process_become_subreaper(Error *err)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return FAIL(err, ST_IO, "become a subreaper: %s", strerror(errno));
    return ST_OK;
}

typedef struct ProcRow {
    pid_t pid, parent;
    bool hit;
} ProcRow;

/* Did the process start with this variable? Another user's processes cannot be read and are not ours. */
static bool has_tag(pid_t pid, const char *tag)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    arena_auto *a = arena_new();
    char *text = NULL;
    size_t length = 0;
    if (file_read(a, path, 1 << 20, &text, &length, NULL) != ST_OK)
        return false;
    for (size_t at = 0; at < length; at += strlen(text + at) + 1)
        if (!strcmp(text + at, tag))
            return true;
    return false;
}

static bool parent_hit(const ProcRow *rows, size_t count, pid_t parent, pid_t root)
{
    if (root > 0 && parent == root)
        return true;
    for (size_t i = 0; i < count; i++)
        if (rows[i].pid == parent)
            return rows[i].hit;
    return false;
}

void process_find(Arena *a, pid_t root, const char *tag, PidList *ret_pids)
{
    *ret_pids = (PidList){ 0 };
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    VEC(ProcRow) rows = { 0 };
    for (struct dirent *entry; (entry = readdir(proc));) {
        ProcRow row = { .pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0 };
        char state;
        uint64_t started;
        if (row.pid <= 0 || !proc_stat(row.pid, &state, &row.parent, &started))
            continue;
        if (state == 'Z' && row.parent != getpid())
            continue; /* dead, only not reaped by its parent */
        row.hit = tag && row.pid != getpid() && has_tag(row.pid, tag);
        vec_push(a, &rows, row);
    }
    closedir(proc);
    for (bool more = true; more;) { /* a child of a hit is a hit, whatever the order of the listing */
        more = false;
        for (size_t i = 0; i < rows.len; i++)
            if (!rows.at[i].hit && rows.at[i].pid != getpid() && parent_hit(rows.at, rows.len, rows.at[i].parent, root))
                rows.at[i].hit = more = true;
    }
    for (size_t i = 0; i < rows.len; i++)
        if (rows.at[i].hit)
            vec_push(a, ret_pids, rows.at[i].pid);
}

void process_reap_others(pid_t keep)
{
    for (;;) {
        siginfo_t info = { 0 };
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 || info.si_pid == keep)
            return;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

static void sleep_ms(int ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&pause, NULL);
}

/* One round: signals every process found; how many there were. */
static size_t kill_round(pid_t root, const char *tag, int signal_number)
{
    arena_auto *a = arena_new();
    PidList pids;
    process_find(a, root, tag, &pids);
    for (size_t i = 0; i < pids.len; i++)
        if (signal_number)
            kill(pids.at[i], signal_number);
    if (root == getpid())
        process_reap_others(0);
    return pids.len;
}

size_t process_kill_all(pid_t root, const char *tag, int grace_ms, int limit_ms)
{
    int64_t start = clock_monotonic_ms();
    size_t left = kill_round(root, tag, grace_ms > 0 ? SIGTERM : SIGKILL);
    int pause_ms = 2;
    while (left && clock_monotonic_ms() - start < grace_ms + limit_ms) {
        sleep_ms(pause_ms);
        pause_ms = pause_ms < 50 ? pause_ms * 2 : 50;
        left = kill_round(root, tag, clock_monotonic_ms() - start < grace_ms ? 0 : SIGKILL);
    }
    return left;
}

char *process_own_path(Arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    return n > 0 ? arena_strn(a, path, (size_t)n) : arena_str(a, "/proc/self/exe");
}
