/* driver/udf_shell.c -- TRANSFORM: the rows of a query as lines through a script of the shell.
 *
 * One process gets all rows, in their order. A thread of the scan starts it when there is a first row, writes to it and waits for its
 * end; the engine's thread reads what it prints, and what it says on stderr. So neither side ever waits for the other, and no more
 * is kept than the pipes hold. What is left of the script when it ends, or when the query does, is killed.
 * Source: BaseScriptTransformationExec, SparkScriptTransformationExec. */
#include "driver/udf_internal.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, STDERR_BYTES = 2048, LINE_MAX_BYTES = 1 << 30, KILL_MS = 5000, EXIT_MS = 10000, LAST_WORDS_MS = 100 };

typedef struct ShellScan {
    struct ShellScan *next;
    UdfShell *shell;
    EngineSession *engine;
    EngineResult *result;      /* the writer's */
    struct ArrowSchema schema;
    pthread_t writer;
    bool writing;              /* there is one */
    int stop_fd, end_fd;       /* events: the scan is closed; the script and its writer have ended */
    int in_fd, control_fd;     /* the writer's; closing control ends the script */
    int out_fd, err_fd;        /* the reader's, as what follows */
    char *bytes;               /* what was read and is no line yet: [from, to), no line ends before `seen` */
    size_t from, seen, to, cap;
    bool after_cr, out_ended, err_ended;
    char said[STDERR_BYTES];   /* the end of what came on stderr */
    size_t said_bytes;
    pthread_mutex_t lock;      /* guards what follows */
    pthread_cond_t changed;
    bool started, ended;
    Status status;             /* of the writer */
    Error error;
    ProcessEnd exit;
} ShellScan;

struct UdfShell {
    UdfShell *next;
    UdfRun *run;
    int64_t id; /* the engine's */
    const char *script, *sql, *folder;
    const Type *lines;
    int exit_ms;
    pthread_mutex_t lock; /* guards what follows */
    ShellScan *scans;
};

static Status cancelled(Error *err)
{
    return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
}

/* ---------------------------------------------------------------- the writer */
typedef struct Pipes {
    int in[2], out[2], err[2], control[2];
} Pipes;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static Status pipes_open(Pipes *p, Error *err)
{
    *p = (Pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0 || pipe2(p->control, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "make a pipe: %s", strerror(errno));
    return ST_OK;
}

static Status script_start(ShellScan *s, Process *process, Error *err)
{
    UdfShell *shell = s->shell;
    Pipes p;
    Status status = pipes_open(&p, err);
    if (status == ST_OK)
        status = udf_pool_shell(shell->run->pool, &(ShellOptions){ shell->script, shell->folder, p.in[0], p.out[1], p.err[1], p.control[0] },
                                process, err);
    close_fd(&p.in[0]);
    close_fd(&p.out[1]);
    close_fd(&p.err[1]);
    close_fd(&p.control[0]);
    if (status != ST_OK) {
        close_fd(&p.in[1]);
        close_fd(&p.out[0]);
        close_fd(&p.err[0]);
        close_fd(&p.control[1]);
        return status;
    }
    fcntl(p.in[1], F_SETFL, O_NONBLOCK);
    fcntl(p.out[0], F_SETFL, O_NONBLOCK);
    fcntl(p.err[0], F_SETFL, O_NONBLOCK);
    s->in_fd = p.in[1];
    s->control_fd = p.control[1];
    pthread_mutex_lock(&s->lock);
    s->out_fd = p.out[0];
    s->err_fd = p.err[0];
    s->started = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}

/* *ret_closed: the script reads no more. */
static Status write_all(ShellScan *s, const uint8_t *bytes, size_t n, bool *ret_closed, Error *err)
{
    while (n) {
        ssize_t done = write(s->in_fd, bytes, n);
        if (done < 0 && errno == EPIPE) {
            *ret_closed = true;
            return ST_OK;
        }
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return FAIL(err, ST_IO, "write to a script: %s", strerror(errno));
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            continue;
        }
        struct pollfd fds[3] = { { .fd = s->in_fd, .events = POLLOUT }, { .fd = s->stop_fd, .events = POLLIN },
                                 { .fd = s->shell->run->wake_fd, .events = POLLIN } };
        poll(fds, 3, -1);
        if (fds[1].revents || fds[2].revents)
            return cancelled(err);
    }
    return ST_OK;
}

static Status write_batch(ShellScan *s, const struct ArrowArray *batch, bool *ret_closed, Error *err)
{
    struct ArrowArrayView view;
    struct ArrowBuffer text;
    ArrowBufferInit(&text);
    bool bad = ArrowArrayViewInitFromSchema(&view, &s->schema, NULL) != NANOARROW_OK || ArrowArrayViewSetArray(&view, batch, NULL) != NANOARROW_OK;
    for (int64_t i = 0; !bad && i < batch->length; i++) {
        struct ArrowStringView line = ArrowArrayViewGetStringUnsafe(view.children[0], i);
        bad = ArrowBufferAppend(&text, line.data, line.size_bytes) != NANOARROW_OK || ArrowBufferAppend(&text, "\n", 1) != NANOARROW_OK;
    }
    Status status = bad ? FAIL(err, ST_INTERNAL, "a script's rows") : write_all(s, text.data, (size_t)text.size_bytes, ret_closed, err);
    ArrowBufferReset(&text);
    ArrowArrayViewReset(&view);
    return status;
}

static Status write_rows(ShellScan *s, Process *process, Error *err)
{
    bool done = false, closed = false;
    while (!closed) {
        struct ArrowArray batch = { 0 };
        TRY(engine_result_next(s->result, &batch, &done, err));
        if (done)
            return ST_OK;
        Status status = process->pid ? ST_OK : script_start(s, process, err);
        if (status == ST_OK)
            status = write_batch(s, &batch, &closed, err);
        batch.release(&batch);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* Until the script has ended; at once when `kill_it`, or when the scan is closed. */
static void script_await(ShellScan *s, Process *process, bool kill_it)
{
    struct pollfd fds[3] = { { .fd = process->pidfd, .events = POLLIN }, { .fd = s->stop_fd, .events = POLLIN },
                             { .fd = s->shell->run->wake_fd, .events = POLLIN } };
    while (!kill_it && poll(fds, 3, -1) < 0 && errno == EINTR)
        ;
    close_fd(&s->control_fd);
    if (process_wait(process, 2 * KILL_MS, &s->exit, NULL) != ST_OK) {
        process_signal(process, SIGKILL);
        process_wait(process, KILL_MS, &s->exit, NULL);
    }
    process_done(process);
}

static void *writer_main(void *scan)
{
    ShellScan *s = scan;
    Process process = PROCESS_NONE;
    Error err = ERROR_INIT;
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    Status status = write_rows(s, &process, &err);
    close_fd(&s->in_fd);
    if (process.pid)
        script_await(s, &process, status != ST_OK);
    pthread_mutex_lock(&s->lock);
    s->status = status;
    s->error = err;
    s->ended = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    eventfd_write(s->end_fd, 1);
    return NULL;
}

/* ---------------------------------------------------------------- the reader: lines */
static void add_line(struct ArrowArray *lines, const char *text, size_t n)
{
    struct ArrowArray *column = lines->children[0];
    if (utf8_valid(text, n)) {
        (void)!ArrowArrayAppendString(column, (struct ArrowStringView){ text, (int64_t)n });
    } else { /* as Java decodes: U+FFFD for what is no text */
        str_auto fixed = STR_INIT(SIZE_MAX);
        for (size_t i = 0; i < n;) {
            size_t k = 1;
            while (k <= 4 && i + k <= n && !utf8_valid(text + i, k))
                k++;
            bool valid = k <= 4 && i + k <= n;
            str_addn(&fixed, valid ? text + i : "\xEF\xBF\xBD", valid ? k : 3);
            i += valid ? k : 1;
        }
        (void)!ArrowArrayAppendString(column, (struct ArrowStringView){ str_text(&fixed), (int64_t)fixed.len });
    }
    (void)!ArrowArrayFinishElement(lines);
}

/* Moves the whole lines of s->bytes to a batch; "\n", "\r" and "\r\n" end one, and so does the end. */
static Status take_lines(ShellScan *s, struct ArrowArray *lines, Error *err)
{
    struct ArrowSchema schema = { 0 };
    TRY(engine_arrow_schema(s->shell->lines, &schema, err));
    bool bad = ArrowArrayInitFromSchema(lines, &schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(lines) != NANOARROW_OK;
    schema.release(&schema);
    for (size_t i = s->seen; !bad && i < s->to; i++) {
        char c = s->bytes[i];
        bool second = c == '\n' && s->after_cr && i == s->from;
        s->after_cr = c == '\r';
        if (c != '\n' && c != '\r')
            continue;
        if (!second)
            add_line(lines, s->bytes + s->from, i - s->from);
        s->from = i + 1;
    }
    if (!bad && s->out_ended && s->from < s->to) {
        add_line(lines, s->bytes + s->from, s->to - s->from);
        s->from = s->to;
    }
    s->seen = s->to;
    if (bad || ArrowArrayFinishBuildingDefault(lines, NULL) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "a script's lines");
    return ST_OK;
}

static Status read_out(ShellScan *s, Error *err)
{
    if (s->from) {
        memmove(s->bytes, s->bytes + s->from, s->to - s->from);
        s->to -= s->from;
        s->seen -= s->from;
        s->from = 0;
    }
    if (s->cap - s->to < READ_BYTES) {
        if (s->to > LINE_MAX_BYTES)
            return FAIL(err, ST_LIMIT, "a line of a script is longer than %d bytes", LINE_MAX_BYTES);
        s->cap = s->cap * 2 + READ_BYTES;
        s->bytes = realloc(s->bytes, s->cap);
        if (!s->bytes)
            abort();
    }
    ssize_t n = read(s->out_fd, s->bytes + s->to, s->cap - s->to);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return FAIL(err, ST_IO, "read from a script: %s", strerror(errno));
    s->out_ended = n == 0;
    s->to += n > 0 ? (size_t)n : 0;
    return ST_OK;
}

static void read_err(ShellScan *s)
{
    char more[STDERR_BYTES];
    ssize_t n = read(s->err_fd, more, sizeof more);
    s->err_ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (n <= 0)
        return;
    size_t keep = s->said_bytes + (size_t)n > sizeof s->said ? sizeof s->said - (size_t)n : s->said_bytes;
    memmove(s->said, s->said + s->said_bytes - keep, keep);
    memcpy(s->said + keep, more, (size_t)n);
    s->said_bytes = keep + (size_t)n;
}

/* Waits until there is something, or (await_end) the script has ended, and takes it; *ret_timeout: there was nothing. */
static Status read_some(ShellScan *s, bool await_end, int timeout_ms, bool *ret_timeout, Error *err)
{
    struct pollfd fds[4] = { { .fd = s->shell->run->wake_fd, .events = POLLIN }, { .fd = s->out_ended ? -1 : s->out_fd, .events = POLLIN },
                             { .fd = s->err_ended ? -1 : s->err_fd, .events = POLLIN }, { .fd = await_end ? s->end_fd : -1, .events = POLLIN } };
    int n = poll(fds, 4, timeout_ms);
    *ret_timeout = n == 0;
    if (n > 0 && fds[0].revents)
        return cancelled(err);
    if (n > 0 && fds[2].revents)
        read_err(s);
    return n > 0 && fds[1].revents ? read_out(s, err) : ST_OK;
}

static bool has_ended(ShellScan *s)
{
    pthread_mutex_lock(&s->lock);
    bool ended = s->ended;
    pthread_mutex_unlock(&s->lock);
    return ended;
}

/* How it ended, once it has printed all: a script that goes on for long after that is killed and nobody's failure, as in Spark. */
static Status check_end(ShellScan *s, Error *err)
{
    bool late = false;
    while (!late && !has_ended(s))
        TRY(read_some(s, true, s->shell->exit_ms, &late, err));
    while (!late && !s->err_ended)
        TRY(read_some(s, false, LAST_WORDS_MS, &late, err));
    pthread_mutex_lock(&s->lock);
    Status status = s->status;
    if (status != ST_OK && err)
        *err = s->error;
    bool ended = s->ended;
    pthread_mutex_unlock(&s->lock);
    if (status != ST_OK || !ended)
        return status;
    int code = s->exit.signalled ? 128 + s->exit.code : s->exit.code;
    if (code == 0)
        return ST_OK;
    str_auto said = STR_INIT(2 * STDERR_BYTES);
    str_addn(&said, s->said, s->said_bytes);
    char text[16];
    snprintf(text, sizeof text, "%d", code);
    FAIL_CODE(err, ST_RUNTIME, "_LEGACY_ERROR_TEMP_2264", "Subprocess exited with status %d. Error: %s.", code, str_text(&said));
    error_param(err, "exitCode", text);
    return ST_RUNTIME;
}

/* ---------------------------------------------------------------- the engine's side */
static Status scan_next(void *scan, struct ArrowArray *ret_batch, bool *ret_done, Error *err)
{
    ShellScan *s = scan;
    pthread_mutex_lock(&s->lock);
    while (!s->started && !s->ended)
        pthread_cond_wait(&s->changed, &s->lock);
    bool started = s->started;
    Status status = started ? ST_OK : s->status;
    if (status != ST_OK && err)
        *err = s->error;
    pthread_mutex_unlock(&s->lock);
    if (!started) { /* without rows there is no script */
        *ret_done = status == ST_OK;
        return status;
    }
    for (;;) {
        struct ArrowArray lines = { 0 };
        bool ignored;
        status = take_lines(s, &lines, err);
        if (status == ST_OK && lines.length) {
            *ret_batch = lines;
            return ST_OK;
        }
        if (lines.release)
            lines.release(&lines);
        TRY(status);
        if (s->out_ended) {
            *ret_done = true;
            return check_end(s, err);
        }
        TRY(read_some(s, false, -1, &ignored, err));
    }
}

static void scan_close(void *scan)
{
    ShellScan *s = scan;
    UdfShell *shell = s->shell;
    if (s->writing && !has_ended(s)) {
        eventfd_write(s->stop_fd, 1);
        engine_interrupt(s->engine);
    }
    if (s->writing)
        pthread_join(s->writer, NULL);
    pthread_mutex_lock(&shell->lock);
    ShellScan **at = &shell->scans;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    pthread_mutex_unlock(&shell->lock);
    engine_result_free(s->result);
    engine_session_close(s->engine);
    if (s->schema.release)
        s->schema.release(&s->schema);
    close_fd(&s->stop_fd);
    close_fd(&s->end_fd);
    close_fd(&s->out_fd);
    close_fd(&s->err_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s->bytes);
    free(s);
}

static Status scan_start(ShellScan *s, Error *err)
{
    UdfShell *shell = s->shell;
    UdfRun *u = shell->run;
    EngineOutput output = { .schema = shell->lines };
    if (s->stop_fd < 0 || s->end_fd < 0)
        return FAIL(err, ST_IO, "make an event descriptor: %s", strerror(errno));
    TRY(engine_query(s->engine, shell->sql, &output, &s->result, err));
    TRY(engine_result_schema(s->result, &s->schema, err));
    pthread_mutex_lock(&u->lock);
    bool stop = u->cancelled;
    pthread_mutex_unlock(&u->lock);
    if (stop)
        return cancelled(err);
    int code = pthread_create(&s->writer, NULL, writer_main, s);
    s->writing = code == 0;
    return code ? FAIL(err, ST_IO, "start a thread: %s", strerror(code)) : ST_OK;
}

static Status scan_open(void *self, void **ret_scan, Error *err)
{
    UdfShell *shell = self;
    ShellScan *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->shell = shell;
    s->in_fd = s->control_fd = s->out_fd = s->err_fd = -1;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    Status status = engine_session(driver_engine(shell->run->run->driver), &s->engine, err);
    if (status == ST_OK) {
        pthread_mutex_lock(&shell->lock);
        s->next = shell->scans;
        shell->scans = s;
        pthread_mutex_unlock(&shell->lock);
        status = scan_start(s, err);
    }
    if (status != ST_OK) {
        scan_close(s);
        return status;
    }
    *ret_scan = s;
    return ST_OK;
}

/* ---------------------------------------------------------------- one TRANSFORM of a run */
/* Files that the session was given are where the script runs, as in a container of YARN. */
static const char *folder_of(UdfRun *u)
{
    const char *root = u->run->session->artifact_dir;
    char *files = root ? path_join(u->arena, root, "files") : NULL;
    return files && path_exists(files) ? files : NULL;
}

Status udf_shell_attach(UdfRun *u, const ScriptStage *stage, const char **ret_from, Error *err)
{
    (void)err;
    UdfShell *made = ARENA_NEW(u->arena, UdfShell);
    *made = (UdfShell){ .run = u, .script = arena_str(u->arena, stage->script), .sql = stage->sql, .lines = stage->lines,
                        .folder = folder_of(u), .exit_ms = EXIT_MS };
    const char *seconds = run_conf(u->run, "spark.sql.scriptTransformation.exitTimeoutInSeconds");
    int64_t ms;
    if (seconds && str_to_i64(seconds, &ms) && ms > 0 && ms < 1000000)
        made->exit_ms = (int)ms * 1000;
    else if (seconds && conf_duration_ms(seconds, &ms) && ms > 0 && ms < 1000000000)
        made->exit_ms = (int)ms;
    pthread_mutex_init(&made->lock, NULL);
    EngineStream stream = { .schema = made->lines, .open = scan_open, .next = scan_next, .close = scan_close, .self = made };
    engine_attach_stream(u->run->engine, u->arena, &stream, &made->id, ret_from);
    pthread_mutex_lock(&u->lock);
    made->next = u->shells;
    u->shells = made;
    pthread_mutex_unlock(&u->lock);
    return ST_OK;
}

void udf_shell_cancel(UdfShell *shells)
{
    for (UdfShell *shell = shells; shell; shell = shell->next) {
        pthread_mutex_lock(&shell->lock);
        for (ShellScan *s = shell->scans; s; s = s->next)
            engine_interrupt(s->engine);
        pthread_mutex_unlock(&shell->lock);
    }
}

void udf_shell_end(UdfRun *u, UdfShell *shells)
{
    for (UdfShell *shell = shells; shell; shell = shell->next) {
        engine_detach(u->run->engine, shell->id);
        pthread_mutex_destroy(&shell->lock);
    }
}
