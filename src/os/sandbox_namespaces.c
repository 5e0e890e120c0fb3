/* os/sandbox_namespaces.c -- a mount, PID and IPC namespace of the step's own, and the init process in it.
 * What runs between fork and _exit in the probe uses only async-signal-safe calls: the prober may have threads. */
#include "base/file.h"
#include "base/str.h"
#include "os/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC };

static bool write_text(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = write(fd, text, length);
    close(fd);
    return n == (ssize_t)length;
}

/* "ID ID 1" without stdio. */
static bool write_map(const char *path, unsigned id)
{
    char digits[12], text[32];
    size_t n = 0, at = 0;
    do
        digits[n++] = (char)('0' + id % 10);
    while (id /= 10);
    for (int twice = 0; twice < 2; twice++) {
        for (size_t i = n; i-- > 0;)
            text[at++] = digits[i];
        text[at++] = ' ';
    }
    text[at++] = '1';
    return write_text(path, text, at);
}

/* Leaves the host's namespaces; as a user by way of a user namespace in which our ids stay what they are. */
static bool leave_host(void)
{
    if (geteuid() == 0 && unshare(STEP_NAMESPACES) == 0)
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    unsigned uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWUSER | STEP_NAMESPACES) < 0)
        return false;
    return write_text("/proc/self/setgroups", "deny", 4) && write_map("/proc/self/uid_map", uid) &&
           write_map("/proc/self/gid_map", gid) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool mount_proc(void)
{
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

unsigned sandbox_namespaces_probe(void)
{
    enum { NO = 1, YES = 42, YES_AS_USER = 43 };
    pid_t pid = fork();
    if (pid == 0) {
        bool root = geteuid() == 0;
        if (!leave_host() || mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL) < 0)
            _exit(NO);
        pid_t init = fork();
        if (init == 0)
            _exit(mount_proc() ? (root ? YES : YES_AS_USER) : NO);
        _exit(init < 0 ? NO : wait_for(init));
    }
    int code = pid < 0 ? NO : wait_for(pid);
    return code == YES ? SANDBOX_NAMESPACES : code == YES_AS_USER ? SANDBOX_NAMESPACES | SANDBOX_USER_NS : 0;
}

/* A path that the step may use, opened before /tmp is covered. */
typedef struct Held {
    const char *path;
    int fd;
    bool folder;
} Held;
typedef VEC(Held) HeldList;

static void hold_below_tmp(Arena *a, const StrList *paths, HeldList *held)
{
    for (size_t i = 0; i < paths->len; i++) {
        const char *path = paths->at[i];
        if (!str_starts(path, "/tmp/") && !str_starts(path, "/var/tmp/"))
            continue;
        int fd = open(path, O_PATH | O_CLOEXEC);
        struct stat st;
        if (fd >= 0 && fstat(fd, &st) == 0)
            vec_push(a, held, (Held){ path, fd, S_ISDIR(st.st_mode) });
    }
}

/* Puts a held path back in its place under the new /tmp. */
static Status put_back(Arena *a, const Held *held, Error *err)
{
    char *parent = arena_str(a, held->path);
    *strrchr(parent, '/') = 0;
    TRY(dir_make(held->folder ? held->path : parent, 0755, err));
    if (!held->folder) {
        int fd = open(held->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
    }
    char *source = arena_printf(a, "/proc/self/fd/%d", held->fd);
    if (mount(source, held->path, NULL, MS_BIND | MS_REC, NULL) < 0)
        return FAIL(err, ST_IO, "bind '%s': %s", held->path, strerror(errno));
    close(held->fd);
    return ST_OK;
}

static Status private_folders(const SandboxOptions *options, Error *err)
{
    if (mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return FAIL(err, ST_IO, "mount /dev/shm: %s", strerror(errno));
    if (!options->private_tmp)
        return ST_OK;
    arena_auto *a = arena_new();
    HeldList held = { 0 };
    hold_below_tmp(a, &options->read_paths, &held);
    hold_below_tmp(a, &options->write_paths, &held);
    int tmp = open(options->private_tmp, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (tmp < 0)
        return FAIL(err, ST_IO, "open '%s': %s", options->private_tmp, strerror(errno));
    char *source = arena_printf(a, "/proc/self/fd/%d", tmp);
    /* What is put back below must not show through into the step's folder on the host: a tmpfs carries the mount points. */
    bool covered = held.len ? mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0 &&
                                  mount("tmpfs", "/var/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0
                            : mount(source, "/tmp", NULL, MS_BIND, NULL) == 0 && mount(source, "/var/tmp", NULL, MS_BIND, NULL) == 0;
    close(tmp);
    if (!covered)
        return FAIL(err, ST_IO, "mount /tmp: %s", strerror(errno));
    for (size_t i = 0; i < held.len; i++)
        TRY(put_back(a, &held.at[i], err));
    return ST_OK;
}

static void ignore_requests(void)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_IGN);
}

/* Lets go of every file of the step, waits, and ends as the child ended. */
static _Noreturn void stand_in(pid_t child)
{
    ignore_requests();
    syscall(SYS_close_range, 3U, ~0U, 0U);
    _exit(wait_for(child));
}

/* The namespace's init: reaps orphans until the step's own process has ended; its end kills all that is left. */
static _Noreturn void init_main(pid_t child)
{
    ignore_requests();
    syscall(SYS_close_range, 3U, ~0U, 0U);
    for (;;) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid == child)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (pid < 0 && errno == ECHILD)
            _exit(127);
    }
}

Status sandbox_namespaces_enter(const SandboxOptions *options, Error *err)
{
    if (!leave_host())
        return FAIL(err, ST_IO, "namespaces: %s", strerror(errno));
    TRY(private_folders(options, err));
    pid_t init = fork();
    if (init < 0)
        return FAIL(err, ST_IO, "fork: %s", strerror(errno));
    if (init > 0)
        stand_in(init);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!mount_proc())
        return FAIL(err, ST_IO, "mount /proc: %s", strerror(errno));
    pid_t step = fork();
    if (step < 0)
        return FAIL(err, ST_IO, "fork: %s", strerror(errno));
    if (step > 0)
        init_main(step);
    setsid();
    return ST_OK;
}
