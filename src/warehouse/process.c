/* warehouse/process.c -- `weir warehouse FOLDER`: see process.h. */
#include "warehouse/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "warehouse/frame.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

typedef struct Client {
    Warehouse *warehouse;
    int fd;
} Client;

/* --- who runs --- */

static Running *running_add(Warehouse *w, const char *id, duckdb_connection c)
{
    Running *found = NULL;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < RUNNING_MAX && !found; i++) {
        if (!w->running[i].id[0])
            found = &w->running[i];
    }
    if (found) {
        snprintf(found->id, sizeof found->id, "%s", id);
        found->connection = c;
        atomic_store(&found->cancelled, false);
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

static void running_remove(Warehouse *w, Running *r)
{
    pthread_mutex_lock(&w->lock);
    if (r)
        r->id[0] = 0;
    pthread_mutex_unlock(&w->lock);
}

static void cancel(Warehouse *w, const char *id)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (w->running[i].id[0] && str_eq(w->running[i].id, id)) {
            atomic_store(&w->running[i].cancelled, true);
            duckdb_interrupt(w->running[i].connection);
        }
    }
    pthread_mutex_unlock(&w->lock);
}

/* --- sessions --- */

/* *ret_session NULL: there is none of that name. */
static Status session_find(Warehouse *w, const char *id, const char *database, bool make, Session **ret_session, Error *err)
{
    Session *found = NULL;
    Status status = ST_OK;
    size_t vacant = SESSIONS_MAX;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < SESSIONS_MAX && !found; i++) {
        if (w->sessions[i] && str_eq(w->sessions[i]->id, id))
            found = w->sessions[i];
        else if (!w->sessions[i] && vacant == SESSIONS_MAX)
            vacant = i;
    }
    if (!found && make && vacant < SESSIONS_MAX) {
        Session *s = calloc(1, sizeof *s);
        if (!s)
            abort();
        status = warehouse_connection(w, database, &s->connection, err);
        snprintf(s->id, sizeof s->id, "%s", id);
        pthread_mutex_init(&s->lock, NULL);
        if (status == ST_OK)
            found = w->sessions[vacant] = s;
        else
            free(s);
    }
    pthread_mutex_unlock(&w->lock);
    *ret_session = found;
    return status;
}

static void session_close(Warehouse *w, const char *id)
{
    Session *found = NULL;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < SESSIONS_MAX && !found; i++) {
        if (w->sessions[i] && str_eq(w->sessions[i]->id, id)) {
            found = w->sessions[i];
            w->sessions[i] = NULL;
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (!found)
        return;
    pthread_mutex_lock(&found->lock); /* until its statement is over */
    pthread_mutex_unlock(&found->lock);
    duckdb_disconnect(&found->connection);
    pthread_mutex_destroy(&found->lock);
    free(found);
}

/* --- statements --- */

/* stl_query: on a connection of its own, so that it stays when the transaction does not. */
static void record(Execution *x, int64_t started_us, bool failed)
{
    duckdb_connection c;
    str_auto sql = STR_INIT(1 << 20);
    if (duckdb_connect(x->warehouse->db, &c) != DuckDBSuccess)
        return;
    str_addf(&sql, "INSERT INTO weir_internal.stl_query VALUES (100, %lld, 'default', %lld, %d, ", (long long)x->query, (long long)x->query, (int)getpid());
    dialect_quote_text(&sql, val_str(x->request, "database"));
    str_add(&sql, ", left(");
    dialect_quote_text(&sql, x->sql);
    str_addf(&sql, ", 4000), make_timestamp(%lld), make_timestamp(%lld), %d)", (long long)started_us, (long long)clock_us(), failed);
    warehouse_exec(c, str_text(&sql), NULL, NULL);
    duckdb_disconnect(&c);
}

static Status answer_event(int fd, Execution *x, const char *event, Status status, const Error *error, int64_t duration_ns)
{
    arena_auto *a = arena_new();
    Val *v = val_map(a);
    val_set_str(a, v, "event", event);
    val_set_str(a, v, "id", x->id);
    if (str_eq(event, "ended")) {
        val_set_str(a, v, "status", status == ST_OK ? "FINISHED" : status == ST_CANCELLED ? "ABORTED" : "FAILED");
        if (status != ST_OK)
            val_set_str(a, v, "error", arena_printf(a, "ERROR: %s", error->message));
        val_set_int(a, v, "rows", status == ST_OK ? x->rows : -1);
        val_set_int(a, v, "bytes", x->bytes);
        val_set_bool(a, v, "has_result", x->has_result);
        val_set_int(a, v, "query", x->query);
        val_set_int(a, v, "pid", getpid());
        val_set_int(a, v, "duration_ns", duration_ns);
    }
    return frame_write(fd, a, v, NULL);
}

typedef struct Batch {
    Warehouse *warehouse;
    Arena *arena;
    const Val *request;
    int fd;
    duckdb_connection connection;
    bool in_transaction;
} Batch;

static Status run_one(Batch *b, const Val *statement, Error *err)
{
    Execution x = { .warehouse = b->warehouse, .arena = b->arena, .connection = b->connection, .request = b->request, .id = val_str(statement, "id"),
                    .sql = val_str(statement, "sql"), .in_transaction = b->in_transaction, .rows = -1 };
    int64_t started_us = clock_us();
    x.running = running_add(b->warehouse, x.id, b->connection);
    pthread_mutex_lock(&b->warehouse->lock);
    x.query = b->warehouse->next_query++;
    pthread_mutex_unlock(&b->warehouse->lock);
    answer_event(b->fd, &x, "started", ST_OK, NULL, 0);
    pthread_rwlock_rdlock(&b->warehouse->statements);
    Status status = x.running ? execution_run(&x, err) : FAIL(err, ST_LIMIT, "more than %d statements run", RUNNING_MAX);
    if (status != ST_OK && execution_cancelled(&x))
        status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    running_remove(b->warehouse, x.running);
    record(&x, started_us, status != ST_OK);
    pthread_rwlock_unlock(&b->warehouse->statements);
    if (x.transaction_change)
        b->in_transaction = x.transaction_change > 0;
    answer_event(b->fd, &x, "ended", status, err, (clock_us() - started_us) * 1000);
    return status;
}

/* Statements that ran well in a transaction that is rolled back, and those that never ran: the server marks them. */
static void run_batch(Batch *b, bool one_transaction)
{
    const Val *statements = val_get(b->request, "statements");
    Error err = ERROR_INIT;
    Status status = ST_OK;
    bool own = one_transaction && !b->in_transaction;
    if (own) {
        status = warehouse_exec(b->connection, "BEGIN TRANSACTION", NULL, &err);
        b->in_transaction = status == ST_OK;
    }
    for (size_t i = 0; i < val_len(statements) && (status == ST_OK || !one_transaction); i++) {
        err = ERROR_INIT;
        status = run_one(b, val_at(statements, i), &err);
    }
    if (own && b->in_transaction) {
        Error commit_error = ERROR_INIT;
        Status ended = warehouse_exec(b->connection, status == ST_OK ? "COMMIT" : "ROLLBACK", NULL, &commit_error);
        if (status == ST_OK && ended != ST_OK) {
            status = ended;
            err = commit_error;
        }
        b->in_transaction = false;
    }
    arena_auto *a = arena_new();
    Val *done = val_map(a);
    val_set_str(a, done, "event", "done");
    val_set_bool(a, done, "failed", status != ST_OK);
    if (status != ST_OK)
        val_set_str(a, done, "error", arena_printf(a, "ERROR: %s", err.message));
    frame_write(b->fd, a, done, NULL);
}

/* A transaction that failed is over in the engine's eyes only after ROLLBACK. */
static void run(Warehouse *w, Arena *a, int fd, const Val *request)
{
    const char *id = val_str(request, "session");
    Error err = ERROR_INIT;
    Batch b = { .warehouse = w, .arena = a, .request = request, .fd = fd };
    Session *session = NULL;
    Status status = ST_OK;
    bool batch = str_eq(val_str(request, "mode"), "TRANSACTION");
    if (id) {
        status = session_find(w, id, val_str(request, "database"), val_bool(request, "keep", false), &session, &err);
        if (status == ST_OK && !session)
            status = FAIL(&err, ST_NOT_FOUND, "the session %s is not available: it has ended", id);
    } else {
        status = warehouse_connection(w, val_str(request, "database"), &b.connection, &err);
    }
    if (status != ST_OK) {
        Val *done = val_map(a);
        val_set_str(a, done, "event", "done");
        val_set_bool(a, done, "failed", true);
        val_set_str(a, done, "error", arena_printf(a, "ERROR: %s", err.message));
        frame_write(fd, a, done, NULL);
        return;
    }
    if (session) {
        pthread_mutex_lock(&session->lock);
        b.connection = session->connection;
        b.in_transaction = session->in_transaction;
        run_batch(&b, batch);
        session->in_transaction = b.in_transaction;
        pthread_mutex_unlock(&session->lock);
    } else {
        run_batch(&b, batch);
        duckdb_disconnect(&b.connection); /* rolls back what is open */
    }
}

/* --- the other requests --- */

static Status query(Warehouse *w, Arena *a, const Val *request, Val *answer, Error *err)
{
    Execution x = { .warehouse = w, .arena = a, .request = request, .id = "", .sql = val_str(request, "sql") };
    Translation t;
    TRY(warehouse_connection(w, val_str(request, "database"), &x.connection, err));
    Status status = execution_translate(&x, x.sql, &t, err);
    if (status == ST_OK)
        status = t.kind == STATEMENT_QUERY ? result_inline(&x, t.sql.at[0], answer, err) : FAIL(err, ST_INVALID, "not a query");
    duckdb_disconnect(&x.connection);
    return status;
}

/* No statement runs: the file and its log are what is committed, whatever transactions are open. */
static Status snapshot(Warehouse *w, Arena *a, const char *path, Val *answer, Error *err)
{
    int64_t bytes = 0;
    pthread_rwlock_wrlock(&w->statements);
    Status status = frame_copy_file(path_join(a, w->folder, WAREHOUSE_FILE), path, &bytes, err);
    if (status == ST_OK)
        status = frame_copy_file(path_join(a, w->folder, WAREHOUSE_LOG), arena_printf(a, "%s.wal", path), &bytes, err);
    pthread_rwlock_unlock(&w->statements);
    val_set_int(a, answer, "bytes", bytes);
    return status;
}

static void serve(Warehouse *w, Arena *a, int fd, const Val *request)
{
    Error err = ERROR_INIT;
    Status status = ST_OK;
    const char *op = val_str(request, "op");
    Val *answer = val_map(a);
    if (str_eq(op, "run")) {
        run(w, a, fd, request);
        return;
    }
    if (str_eq(op, "cancel"))
        cancel(w, val_str(request, "id"));
    else if (str_eq(op, "close"))
        session_close(w, val_str(request, "session"));
    else if (str_eq(op, "query"))
        status = query(w, a, request, answer, &err);
    else if (str_eq(op, "snapshot"))
        status = snapshot(w, a, val_str(request, "path"), answer, &err);
    else
        status = FAIL(&err, ST_INVALID, "the warehouse does not know '%s'", op ? op : "");
    if (status != ST_OK)
        val_set_str(a, answer, "error", err.message);
    frame_write(fd, a, answer, NULL);
}

static void *client_thread(void *arg)
{
    Client *client = arg;
    Val *request = NULL;
    arena_auto *a = arena_new();
    if (frame_read(client->fd, a, &request, NULL) == ST_OK)
        serve(client->warehouse, a, client->fd, request);
    close(client->fd);
    free(client);
    return NULL;
}

/* The server's end of the pipe is closed when the server is no more: nothing is to be finished then. */
static void *watch_server(void *arg)
{
    (void)arg;
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR)
        ;
    _exit(0);
}

static Status listen_in(const char *folder, int *ret_fd, Error *err)
{
    arena_auto *a = arena_new();
    struct sockaddr_un address;
    fd_auto folder_fd = -1;
    unlink(path_join(a, folder, WAREHOUSE_SOCKET));
    TRY(frame_address(folder, &folder_fd, &address, err));
    fd_auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0)
        return FAIL(err, ST_IO, "listen in '%s': %s", folder, strerror(errno));
    *ret_fd = fd;
    fd = -1;
    return ST_OK;
}

static void accept_all(Warehouse *w, int listener)
{
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        pthread_t thread;
        Client *client = calloc(1, sizeof *client);
        if (!client)
            abort();
        *client = (Client){ w, fd };
        if (pthread_create(&thread, &detached, client_thread, client) != 0) {
            close(fd);
            free(client);
        }
    }
}

int warehouse_main(int argc, char **argv)
{
    Error err = ERROR_INIT;
    pthread_t watcher;
    int listener = -1;
    Warehouse *w = calloc(1, sizeof *w);
    if (argc != 2 || !w) {
        fprintf(stderr, "usage: weir warehouse FOLDER\n");
        free(w);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    Status status = warehouse_open(argv[1], w, &err);
    if (status == ST_OK)
        status = listen_in(argv[1], &listener, &err);
    if (status == ST_OK && pthread_create(&watcher, NULL, watch_server, NULL) != 0)
        status = FAIL(&err, ST_IO, "start a thread");
    printf("%s%s\n", status == ST_OK ? "+" : "", status == ST_OK ? "ready" : err.message);
    fflush(stdout);
    if (status != ST_OK)
        return 1;
    accept_all(w, listener);
    return 0;
}
