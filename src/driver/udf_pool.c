/* driver/udf_pool.c -- see udf_pool.h. */
#include "driver/udf_pool.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_BYTES = 5, READ_BYTES = 256 * 1024, START_MS = 60000, END_MS = 3000, FRAME_MAX_BYTES = 1 << 30 };

typedef struct Bytes {
    uint8_t *at;
    size_t from, to, cap; /* [from, to) is there */
} Bytes;

struct UdfWorker {
    UdfWorker *next;
    int fd;
    uint32_t pid; /* as the fork server knows it */
    uint64_t server;
    char *session;
    Bytes in, out;
    size_t given; /* bytes of `in` that the last frame took */
};

struct UdfPool {
    Arena *arena;
    UdfPoolOptions options;
    pthread_mutex_t lock; /* guards what follows */
    Process daemon;
    int control;          /* -1: not started, or dead */
    uint64_t server;      /* which fork server this is: a worker of an older one is gone with it */
    UdfWorker *idle;
    int nidle;
};

static void *checked(void *p)
{
    if (!p)
        abort();
    return p;
}

static void bytes_reserve(Bytes *b, size_t more)
{
    if (b->from && b->cap - b->to < more) {
        memmove(b->at, b->at + b->from, b->to - b->from);
        b->to -= b->from;
        b->from = 0;
    }
    if (b->cap - b->to >= more)
        return;
    while (b->cap - b->to < more)
        b->cap = b->cap ? b->cap * 2 : READ_BYTES;
    b->at = checked(realloc(b->at, b->cap));
}

static void bytes_add(Bytes *b, const void *bytes, size_t n)
{
    bytes_reserve(b, n);
    if (n)
        memcpy(b->at + b->to, bytes, n);
    b->to += n;
}

UdfPool *udf_pool_new(const UdfPoolOptions *options)
{
    Arena *a = arena_new();
    UdfPool *pool = ARENA_NEW(a, UdfPool);
    *pool = (UdfPool){ .arena = a, .options = *options, .daemon = PROCESS_NONE, .control = -1 };
    pool->options.program = arena_str(a, options->program);
    pool->options.python = arena_str(a, options->python);
    pool->options.support = arena_str(a, options->support);
    pool->options.sandbox_file = options->sandbox_file ? arena_str(a, options->sandbox_file) : NULL;
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

static void worker_free(UdfWorker *w)
{
    close(w->fd);
    free(w->session);
    free(w->in.at);
    free(w->out.at);
    free(w);
}

/* Call under the lock. */
static void daemon_end(UdfPool *pool)
{
    if (pool->control < 0)
        return;
    close(pool->control);
    pool->control = -1;
    ProcessEnd end;
    if (process_wait(&pool->daemon, END_MS, &end, NULL) != ST_OK) {
        process_signal(&pool->daemon, SIGKILL);
        process_wait(&pool->daemon, END_MS, &end, NULL);
    }
    process_done(&pool->daemon);
}

void udf_pool_free(UdfPool *pool)
{
    if (!pool)
        return;
    while (pool->idle) {
        UdfWorker *next = pool->idle->next;
        worker_free(pool->idle);
        pool->idle = next;
    }
    daemon_end(pool);
    pthread_mutex_destroy(&pool->lock);
    arena_free(pool->arena);
}

/* ---------------------------------------------------------------- the fork server */
static const char *const *environment(Arena *a, const UdfPool *pool)
{
    const char *old = getenv("PYTHONPATH");
    VEC(const char *) list = { 0 };
    for (char **e = environ; *e; e++)
        if (!str_starts(*e, "PYTHONPATH=") && !str_starts(*e, "SPARK_REMOTE=") && !str_starts(*e, "PYTHONHASHSEED="))
            vec_push(a, &list, *e);
    vec_push(a, &list, arena_printf(a, "PYTHONPATH=%s%s%s", pool->options.support, old && *old ? ":" : "", old ? old : ""));
    vec_push(a, &list, "PYTHONHASHSEED=0"); /* hashes of keys must agree between workers */
    vec_push(a, &list, "PYTHONUNBUFFERED=1");
    vec_push(a, &list, "SPARK_CONNECT_MODE_ENABLED=1");
    vec_push(a, &list, NULL);
    return list.at;
}

static Status daemon_start(UdfPool *pool, Error *err)
{
    arena_auto *a = arena_new();
    const UdfPoolOptions *o = &pool->options;
    if (!o->support || !o->python)
        return FAIL(err, ST_UNSUPPORTED, "this installation has no Python support folder: Python functions cannot run");
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return FAIL(err, ST_IO, "make a socket: %s", strerror(errno));
    const char *argv[] = { o->program, "python-worker", o->sandbox_file ? o->sandbox_file : "-", o->python, "-m",
                           "weir_worker.daemon", arena_printf(a, "%d", pair[1]),
                           arena_printf(a, "%lld", (long long)o->memory_bytes), NULL };
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = argv;
    spawn.env = environment(a, pool);
    spawn.keep_fds = &pair[1];
    spawn.keep_len = 1;
    spawn.new_session = true;
    spawn.stdout_fd = STDERR_FILENO;
    Status status = process_spawn(&spawn, &pool->daemon, err);
    close(pair[1]);
    if (status != ST_OK) {
        close(pair[0]);
        return status;
    }
    pool->control = pair[0];
    pool->server++;
    return ST_OK;
}

Status udf_pool_shell(const UdfPool *pool, const ShellOptions *options, Process *ret_process, Error *err)
{
    arena_auto *a = arena_new();
    const UdfPoolOptions *o = &pool->options;
    const char *argv[] = { o->program, "script-keeper", o->sandbox_file ? o->sandbox_file : "-",
                           arena_printf(a, "%d", options->control_fd), options->script, NULL };
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = argv;
    spawn.cwd = options->folder;
    spawn.stdin_fd = options->stdin_fd;
    spawn.stdout_fd = options->stdout_fd;
    spawn.stderr_fd = options->stderr_fd;
    spawn.keep_fds = &options->control_fd;
    spawn.keep_len = 1;
    spawn.new_session = spawn.clear_signals = true;
    return process_spawn(&spawn, ret_process, err);
}

/* Asks for a worker on `fd`; its pid. */
static Status ask_worker(UdfPool *pool, int fd, uint32_t *ret_pid, Error *err)
{
    char what = 'W';
    struct iovec part = { .iov_base = &what, .iov_len = 1 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(pool->control, &message, MSG_NOSIGNAL) != 1)
        return FAIL(err, ST_IO, "the Python workers' server has ended");
    uint8_t pid[4];
    size_t got = 0;
    while (got < sizeof pid) {
        struct pollfd wait = { .fd = pool->control, .events = POLLIN };
        int n = poll(&wait, 1, START_MS);
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t r = n > 0 ? recv(pool->control, pid + got, sizeof pid - got, 0) : 0;
        if (r <= 0)
            return FAIL(err, ST_IO, n == 0 ? "the Python workers' server gave no worker within %d ms"
                                           : "the Python workers' server ended at its start: the application's log says why (%d ms)",
                        START_MS);
        got += (size_t)r;
    }
    *ret_pid = (uint32_t)pid[0] << 24 | (uint32_t)pid[1] << 16 | (uint32_t)pid[2] << 8 | pid[3];
    return ST_OK;
}

/* Call under the lock. */
static Status worker_make(UdfPool *pool, const char *session, UdfWorker **ret_worker, Error *err)
{
    if (pool->control < 0)
        TRY(daemon_start(pool, err));
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return FAIL(err, ST_IO, "make a socket: %s", strerror(errno));
    uint32_t pid = 0;
    Status status = ask_worker(pool, pair[1], &pid, err);
    close(pair[1]);
    if (status != ST_OK) {
        close(pair[0]);
        daemon_end(pool); /* the next one starts afresh */
        return status;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    UdfWorker *w = checked(calloc(1, sizeof *w));
    w->fd = pair[0];
    w->pid = pid;
    w->server = pool->server;
    w->session = checked(strdup(session));
    *ret_worker = w;
    return ST_OK;
}

/* Call under the lock. */
static void worker_kill(UdfPool *pool, UdfWorker *w)
{
    uint8_t request[5] = { 'K', (uint8_t)(w->pid >> 24), (uint8_t)(w->pid >> 16), (uint8_t)(w->pid >> 8), (uint8_t)w->pid };
    if (pool->control >= 0 && w->server == pool->server)
        (void)!send(pool->control, request, sizeof request, MSG_NOSIGNAL);
    worker_free(w);
}

static bool worker_alive(const UdfWorker *w)
{
    struct pollfd poll_fd = { .fd = w->fd, .events = POLLIN };
    return poll(&poll_fd, 1, 0) == 0; /* an idle worker says nothing: readable means that it has ended */
}

Status udf_worker_take(UdfPool *pool, const char *session, UdfWorker **ret_worker, Error *err)
{
    UdfWorker *found = NULL;
    pthread_mutex_lock(&pool->lock);
    for (UdfWorker **at = &pool->idle; *at && !found;) {
        UdfWorker *w = *at;
        if (!str_eq(w->session, session)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        pool->nidle--;
        if (w->server == pool->server && worker_alive(w))
            found = w;
        else
            worker_free(w);
    }
    Status status = found ? ST_OK : worker_make(pool, session, &found, err);
    pthread_mutex_unlock(&pool->lock);
    if (status == ST_OK)
        *ret_worker = found;
    return status;
}

void udf_worker_give(UdfPool *pool, UdfWorker *w, bool reusable)
{
    w->in.from += w->given;
    w->given = 0;
    bool clean = reusable && w->in.from == w->in.to && w->out.from == w->out.to;
    pthread_mutex_lock(&pool->lock);
    UdfWorker **last = &pool->idle; /* the one that has been idle longest makes room */
    while (*last && (*last)->next)
        last = &(*last)->next;
    if (clean && *last && pool->nidle >= pool->options.idle_max) {
        worker_kill(pool, *last);
        *last = NULL;
        pool->nidle--;
    }
    if (clean) {
        free(w->in.at);
        free(w->out.at);
        w->in = w->out = (Bytes){ 0 };
        w->next = pool->idle;
        pool->idle = w;
        pool->nidle++;
    } else {
        worker_kill(pool, w);
    }
    pthread_mutex_unlock(&pool->lock);
}

void udf_pool_forget(UdfPool *pool, const char *session)
{
    pthread_mutex_lock(&pool->lock);
    for (UdfWorker **at = &pool->idle; *at;) {
        UdfWorker *w = *at;
        if (!str_eq(w->session, session)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        pool->nidle--;
        worker_kill(pool, w);
    }
    pthread_mutex_unlock(&pool->lock);
}

/* ---------------------------------------------------------------- frames */
void udf_worker_queue(UdfWorker *w, char kind, const void *payload, size_t n)
{
    uint8_t head[HEAD_BYTES] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)kind };
    bytes_add(&w->out, head, sizeof head);
    bytes_add(&w->out, payload, n);
}

size_t udf_worker_unsent(const UdfWorker *w)
{
    return w->out.to - w->out.from;
}

static Status ended(Error *err)
{
    return FAIL(err, ST_IO, "Python worker exited unexpectedly (crashed)");
}

/* A whole frame at the head of what was read. */
static Status frame_there(UdfWorker *w, UdfFrame *ret_frame, Error *err)
{
    size_t have = w->in.to - w->in.from;
    const uint8_t *p = w->in.at + w->in.from;
    if (have < HEAD_BYTES)
        return ST_OK;
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > FRAME_MAX_BYTES)
        return FAIL(err, ST_LIMIT, "a Python worker sent a batch larger than %d bytes", FRAME_MAX_BYTES);
    if (have < HEAD_BYTES + n)
        return ST_OK;
    w->given = HEAD_BYTES + n;
    *ret_frame = (UdfFrame){ .kind = (char)p[4], .payload = p + HEAD_BYTES, .bytes = n };
    return ST_OK;
}

static Status write_some(UdfWorker *w, Error *err)
{
    ssize_t n = send(w->fd, w->out.at + w->out.from, w->out.to - w->out.from, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ST_OK;
    if (n < 0) { /* it may have said why: that is read next */
        w->out.from = w->out.to;
        return errno == EPIPE || errno == ECONNRESET ? ST_OK : ended(err);
    }
    w->out.from += (size_t)n;
    if (w->out.from == w->out.to)
        w->out.from = w->out.to = 0;
    return ST_OK;
}

static Status read_some(UdfWorker *w, Error *err)
{
    bytes_reserve(&w->in, READ_BYTES);
    ssize_t n = recv(w->fd, w->in.at + w->in.to, w->in.cap - w->in.to, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ST_OK;
    if (n <= 0)
        return ended(err);
    w->in.to += (size_t)n;
    return ST_OK;
}

Status udf_worker_step(UdfWorker *w, bool read, int timeout_ms, int wake_fd, UdfFrame *ret_frame, Error *err)
{
    *ret_frame = (UdfFrame){ 0 };
    w->in.from += w->given;
    w->given = 0;
    if (read) {
        TRY(frame_there(w, ret_frame, err));
        if (ret_frame->kind)
            return ST_OK;
    }
    bool write = w->out.from < w->out.to;
    struct pollfd fds[2] = { { .fd = w->fd, .events = (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0)) },
                             { .fd = wake_fd, .events = POLLIN } };
    int n = poll(fds, 2, timeout_ms);
    if (n < 0 && errno != EINTR)
        return FAIL(err, ST_IO, "wait for a Python worker: %s", strerror(errno));
    if (n > 0 && fds[1].revents)
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    if (n <= 0)
        return ST_OK;
    if (write && fds[0].revents & (POLLOUT | POLLERR | POLLHUP))
        TRY(write_some(w, err));
    if (!read)
        return fds[0].revents & (POLLERR | POLLHUP) && !write ? ended(err) : ST_OK;
    if (fds[0].revents & (POLLIN | POLLERR | POLLHUP)) {
        TRY(read_some(w, err));
        return frame_there(w, ret_frame, err);
    }
    return ST_OK;
}

Status udf_worker_ask(UdfWorker *w, int wake_fd, UdfFrame *ret_frame, Error *err)
{
    for (;;) {
        TRY(udf_worker_step(w, true, -1, wake_fd, ret_frame, err));
        if (ret_frame->kind)
            return ST_OK;
    }
}

const char *udf_shortened(Arena *a, const char *text, size_t most)
{
    size_t n = strlen(text);
    if (n <= most)
        return text;
    size_t head = most / 4;
    return arena_printf(a, "%.*s\n  ...\n%s", (int)head, text, text + n - (most - head - 8));
}

Status udf_worker_exception(const UdfFrame *frame, Error *err)
{
    arena_auto *a = arena_new();
    json_t *root = json_loadb((const char *)frame->payload, frame->bytes, 0, NULL);
    const char *message = root ? json_string_value(json_object_get(root, "message")) : NULL;
    FAIL_CODE(err, ST_RUNTIME, "PYTHON_EXCEPTION", "%s", udf_shortened(a, message ? message : "", ERROR_MESSAGE_BYTES - 64));
    json_decref(root);
    return ST_RUNTIME;
}
