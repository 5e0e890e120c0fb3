/* hadoop/child.c -- see child.h. */
#include "hadoop/child.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "hadoop/lines.h"
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WRITE_BYTES = 128 * 1024, /* what Hadoop buffers: a process that stops reading fails the task when there is more */
    READ_BYTES = 256 * 1024,
    PIPE_BYTES = 1024 * 1024,
    TICK_MS = 500,
    LINGER_MS = 1000, /* for what its orphans still write */
    KILL_MS = 5000
};

struct Child {
    const ChildOptions *options;
    Arena *arena;
    Process process;
    int in, out, err_fd; /* -1: closed */
    char *buffer;
    size_t used;
    LineSplitter lines, errors;
    char *read_buffer;
    int64_t last_ms, last_count_ms;
    bool broken;
};

void child_words(Arena *a, const char *command, StrList *ret_words)
{
    StrList words = { 0 };
    char quote = 0;
    size_t start = 0, n = strlen(command);
    for (size_t i = 0; i <= n; i++) {
        char c = command[i];
        bool end = i == n || (!quote && (c == ' ' || c == '\'' || c == '"')) || (quote && c == quote);
        if (!end)
            continue;
        if (i > start)
            vec_push(a, &words, arena_strn(a, command + start, i - start));
        if (c == '\'' || c == '"')
            quote = quote ? 0 : c;
        start = i + 1;
    }
    *ret_words = words;
}

/* --- starting --- */

/* A program without a slash in front is sought in the working folder first, which is made executable for it. */
static const char *program_of(Arena *a, const char *name, const char *cwd)
{
    if (*name == '/')
        return name;
    char *here = path_join(a, cwd, name);
    struct stat st;
    if (stat(here, &st) < 0 || !S_ISREG(st.st_mode))
        return name;
    (void)chmod(here, (st.st_mode | 0111) & 07777);
    return here;
}

static Status pipes(int in[2], int out[2], int errors[2], Error *err)
{
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "java.io.IOException: make a pipe: %s", strerror(errno));
    fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES);
    fcntl(out[0], F_SETPIPE_SZ, PIPE_BYTES);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    return ST_OK;
}

static Status spawn(Child *c, Arena *a, int in, int out, int errors, Error *err)
{
    const ChildOptions *o = c->options;
    StrList words, env = *o->env;
    child_words(a, o->command, &words);
    if (!words.len)
        return FAIL(err, ST_INVALID, "java.lang.ArrayIndexOutOfBoundsException: the command is empty");
    const char *name = words.at[0];
    words.at[0] = program_of(a, name, o->cwd);
    vec_push(a, &words, NULL);
    vec_push(a, &env, NULL);
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = words.at;
    spawn.env = env.at;
    spawn.cwd = o->cwd;
    spawn.stdin_fd = in;
    spawn.stdout_fd = out;
    spawn.stderr_fd = errors;
    spawn.new_session = true;
    spawn.die_with_parent = true;
    spawn.clear_signals = true;
    Error why = ERROR_INIT;
    Status status = process_spawn(&spawn, &c->process, &why);
    if (status == ST_OK)
        return ST_OK;
    return FAIL(err, ST_RUNTIME, "java.io.IOException: Cannot run program \"%s\": %s", name,
                status == ST_NOT_FOUND ? "error=2, No such file or directory" : status == ST_DENIED ? "error=13, Permission denied"
                                                                                                    : why.message);
}

static Status take_error_line(void *self, const char *line, size_t length, Error *err)
{
    Child *c = self;
    arena_auto *a = arena_new();
    return c->options->on_error_line(c->options->self, arena_strn(a, line, length), err);
}

Status child_start(const ChildOptions *options, Child **ret_child, Error *err)
{
    Arena *a = arena_new();
    child_auto *c = ARENA_NEW(a, Child);
    *c = (Child){ .options = options, .arena = a, .process = PROCESS_NONE, .in = -1, .out = -1, .err_fd = -1,
                  .buffer = arena_alloc(a, WRITE_BYTES), .read_buffer = arena_alloc(a, READ_BYTES), .last_ms = clock_monotonic_ms() };
    lines_init(&c->lines, options->delimiter, CHILD_LINE_MAX_BYTES, options->on_line, options->self);
    lines_init(&c->errors, NULL, CHILD_LINE_MAX_BYTES, take_error_line, c);
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 };
    Status status = pipes(in, out, errors, err);
    c->in = in[1];
    c->out = out[0];
    c->err_fd = errors[0];
    if (status == ST_OK)
        status = spawn(c, a, in[0], out[1], errors[1], err);
    fd_closep(&in[0]);
    fd_closep(&out[1]);
    fd_closep(&errors[1]);
    TRY(status);
    *ret_child = c;
    c = NULL;
    return ST_OK;
}

/* --- serving the pipes --- */

static void kill_all(Child *c)
{
    if (!c->process.pid)
        return;
    (void)kill(-c->process.pid, SIGKILL); /* at once, so that no fork is left out */
    process_kill_all(c->process.pid, NULL, 0, KILL_MS);
    process_signal(&c->process, SIGKILL);
}

static Status read_pipe(Child *c, int *fd, LineSplitter *lines, Error *err)
{
    ssize_t n = read(*fd, c->read_buffer, READ_BYTES);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ST_OK : FAIL(err, ST_IO, "java.io.IOException: %s", strerror(errno));
    if (n > 0) {
        c->last_ms = clock_monotonic_ms();
        return lines_add(lines, c->read_buffer, (size_t)n, err);
    }
    close(*fd);
    *fd = -1;
    return lines_end(lines, err);
}

static void write_pipe(Child *c, size_t *written)
{
    ssize_t n = write(c->in, c->buffer + *written, c->used - *written);
    if (n > 0) {
        *written += (size_t)n;
        c->last_ms = clock_monotonic_ms();
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->broken = true;
    }
}

/* The things that end a task from outside, looked at now and then. */
static Status check(Child *c, Error *err)
{
    int64_t now = clock_monotonic_ms();
    const ChildOptions *o = c->options;
    if (*o->cancelled)
        return FAIL(err, ST_CANCELLED, "the job was ended");
    if (o->timeout_ms && now - c->last_ms > o->timeout_ms) {
        kill_all(c);
        return FAIL(err, ST_LIMIT, "AttemptID:%s Timed out after %lld secs", o->attempt, (long long)(o->timeout_ms / 1000));
    }
    if (now - c->last_count_ms < TICK_MS)
        return ST_OK;
    c->last_count_ms = now;
    arena_auto *a = arena_new();
    PidList pids = { 0 };
    process_find(a, c->process.pid, NULL, &pids);
    if (pids.len <= CHILD_PROCESSES_MAX)
        return ST_OK;
    kill_all(c);
    return FAIL(err, ST_LIMIT, "AttemptID:%s started more than %d processes and was killed", o->attempt, CHILD_PROCESSES_MAX);
}

/* One round: waits until a pipe is ready or the process has ended, and serves what is. */
static Status serve(Child *c, size_t *written, bool *ret_ended, Error *err)
{
    struct pollfd polls[] = { { .fd = c->out, .events = POLLIN },
                              { .fd = c->err_fd, .events = POLLIN },
                              { .fd = written && !c->broken ? c->in : -1, .events = POLLOUT },
                              { .fd = ret_ended ? c->process.pidfd : -1, .events = POLLIN } };
    if (poll(polls, 4, TICK_MS) < 0 && errno != EINTR)
        return FAIL(err, ST_IO, "java.io.IOException: poll: %s", strerror(errno));
    if (polls[0].revents)
        TRY(read_pipe(c, &c->out, &c->lines, err));
    if (polls[1].revents)
        TRY(read_pipe(c, &c->err_fd, &c->errors, err));
    if (polls[2].revents)
        write_pipe(c, written);
    if (ret_ended && polls[3].revents)
        *ret_ended = true;
    return check(c, err);
}

static Status flush(Child *c, Error *err)
{
    for (size_t written = 0; written < c->used && !c->broken;) {
        write_pipe(c, &written);
        if (written < c->used && !c->broken)
            TRY(serve(c, &written, NULL, err));
    }
    c->used = 0;
    return ST_OK;
}

Status child_write(Child *c, const void *bytes, size_t length, Error *err)
{
    const char *at = bytes;
    while (length) {
        if (c->used == WRITE_BYTES) {
            TRY(flush(c, err));
            if (c->broken) { /* it reads no more: if it failed that is the reason, else the pipe is */
                TRY(child_end(c, err));
                return FAIL(err, ST_RUNTIME, "java.io.IOException: Broken pipe");
            }
        }
        size_t n = length < WRITE_BYTES - c->used ? length : WRITE_BYTES - c->used;
        memcpy(c->buffer + c->used, at, n);
        c->used += n;
        at += n;
        length -= n;
    }
    return ST_OK;
}

static Status outcome(Child *c, Error *err)
{
    ProcessEnd end = { 0 };
    TRY(process_wait(&c->process, -1, &end, err));
    (void)kill(-c->process.pid, SIGKILL); /* what it left running in its session */
    process_done(&c->process);
    c->process = PROCESS_NONE;
    int code = end.signalled ? 128 + end.code : end.code;
    if (!code || !c->options->exit_is_failure)
        return ST_OK;
    return FAIL(err, ST_RUNTIME, "java.lang.RuntimeException: PipeMapRed.waitOutputThreads(): subprocess failed with code %d", code);
}

Status child_end(Child *c, Error *err)
{
    TRY(flush(c, err)); /* a pipe that breaks now is no failure: Hadoop only warns */
    fd_closep(&c->in);
    c->in = -1;
    bool ended = false;
    int64_t ended_ms = 0;
    while (c->out >= 0 || c->err_fd >= 0 || !ended) {
        bool was = ended;
        TRY(serve(c, NULL, was ? NULL : &ended, err));
        if (ended && !was) {
            ended_ms = clock_monotonic_ms();
        } else if (ended && clock_monotonic_ms() - (c->last_ms > ended_ms ? c->last_ms : ended_ms) > LINGER_MS) {
            TRY(lines_end(&c->lines, err));
            break;
        }
    }
    return outcome(c, err);
}

void child_closep(Child **child)
{
    Child *c = *child;
    if (!c)
        return;
    fd_closep(&c->in);
    fd_closep(&c->out);
    fd_closep(&c->err_fd);
    if (c->process.pid) {
        ProcessEnd end;
        kill_all(c);
        (void)process_wait(&c->process, KILL_MS, &end, NULL);
        process_done(&c->process);
    }
    lines_done(&c->lines);
    lines_done(&c->errors);
    arena_free(c->arena);
}
