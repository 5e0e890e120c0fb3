/* warehouse/pool.c -- see pool.h. */
#include "warehouse/pool.h"

#include "base/file.h"
#include "base/str.h"
#include "os/process.h"
#include "warehouse/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_MS = 60000, STOP_MS = 10000, WAREHOUSES_MAX = 64 };

typedef struct Running {
    char id[64]; /* "": free */
    Process process;
    int lifeline; /* the write end of its stdin: closed, it ends */
} Running;

struct Warehouses {
    char *home;
    pthread_mutex_t lock; /* guards running */
    Running running[WAREHOUSES_MAX];
};

Status warehouses_open(const char *home, Warehouses **ret_warehouses, Error *err)
{
    arena_auto *a = arena_new();
    TRY(dir_make(arena_printf(a, "%s/redshift/snapshots", home), 0700, err));
    Warehouses *w = calloc(1, sizeof *w);
    if (!w || !(w->home = strdup(home)))
        abort();
    pthread_mutex_init(&w->lock, NULL);
    *ret_warehouses = w;
    return ST_OK;
}

static void running_end(Running *r)
{
    ProcessEnd end;
    close(r->lifeline);
    if (process_wait(&r->process, STOP_MS, &end, NULL) != ST_OK) {
        process_signal(&r->process, SIGKILL);
        process_wait(&r->process, -1, &end, NULL);
    }
    process_done(&r->process);
    *r = (Running){ .lifeline = -1 };
}

void warehouses_close(Warehouses *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < WAREHOUSES_MAX; i++) {
        if (w->running[i].id[0])
            running_end(&w->running[i]);
    }
    pthread_mutex_destroy(&w->lock);
    free(w->home);
    free(w);
}

char *warehouses_folder(const Warehouses *w, Arena *a, const char *id)
{
    return arena_printf(a, "%s/redshift/%s", w->home, id);
}

static char *snapshot_path(const Warehouses *w, Arena *a, const char *snapshot, const char *suffix)
{
    return arena_printf(a, "%s/redshift/snapshots/%s.duckdb%s", w->home, snapshot, suffix);
}

/* --- processes --- */

static Status wait_ready(int fd, Error *err)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char said[1024];
    int n = poll(&ready, 1, READY_MS);
    ssize_t length = n > 0 ? read(fd, said, sizeof said - 1) : -1;
    if (length > 0 && said[0] == '+')
        return ST_OK;
    if (length > 0)
        return FAIL(err, ST_IO, "the warehouse did not start: %.*s", (int)length, said);
    return FAIL(err, ST_IO, n == 0 ? "the warehouse did not start in time" : "the warehouse ended while it started");
}

static Status start(Warehouses *w, Running *r, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    const char *folder = warehouses_folder(w, a, id);
    TRY(dir_make(arena_printf(a, "%s/results", folder), 0700, err));
    int life[2], ready[2];
    if (pipe2(life, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "make a pipe: %s", strerror(errno));
    fd_auto life_read = life[0], life_write = life[1];
    if (pipe2(ready, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "make a pipe: %s", strerror(errno));
    fd_auto ready_read = ready[0], ready_write = ready[1];
    const char *argv[] = { process_own_path(a), "warehouse", folder, NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.stdin_fd = life_read;
    options.stdout_fd = ready_write;
    options.new_session = true;
    Process process;
    TRY(process_spawn(&options, &process, err));
    close(ready_write);
    ready_write = -1;
    Running started = { .process = process, .lifeline = life_write };
    snprintf(started.id, sizeof started.id, "%s", id);
    life_write = -1;
    Status status = wait_ready(ready_read, err);
    if (status != ST_OK) {
        running_end(&started);
        return status;
    }
    *r = started;
    return ST_OK;
}

/* Under the lock. NULL: none; one that has ended is reaped. */
static Running *find(Warehouses *w, const char *id)
{
    for (size_t i = 0; i < WAREHOUSES_MAX; i++) {
        Running *r = &w->running[i];
        if (!str_eq(r->id, id))
            continue;
        struct pollfd ended = { .fd = r->process.pidfd, .events = POLLIN };
        if (poll(&ended, 1, 0) <= 0)
            return r;
        running_end(r);
    }
    return NULL;
}

static Status find_or_start(Warehouses *w, const char *id, Error *err)
{
    if (find(w, id))
        return ST_OK;
    for (size_t i = 0; i < WAREHOUSES_MAX; i++) {
        if (!w->running[i].id[0])
            return start(w, &w->running[i], id, err);
    }
    return FAIL(err, ST_LIMIT, "more than %d warehouses run", WAREHOUSES_MAX);
}

Status warehouses_connect(Warehouses *w, const char *id, int *ret_fd, Error *err)
{
    arena_auto *a = arena_new();
    pthread_mutex_lock(&w->lock);
    Status status = find_or_start(w, id, err);
    pthread_mutex_unlock(&w->lock);
    TRY(status);
    struct sockaddr_un address;
    fd_auto folder = -1;
    TRY(frame_address(warehouses_folder(w, a, id), &folder, &address, err));
    fd_auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return FAIL(err, ST_IO, "connect to the warehouse: %s", strerror(errno));
    *ret_fd = fd;
    fd = -1;
    return ST_OK;
}

void warehouses_stop(Warehouses *w, const char *id)
{
    pthread_mutex_lock(&w->lock);
    Running *r = find(w, id);
    if (r)
        running_end(r);
    pthread_mutex_unlock(&w->lock);
}

Status warehouses_remove(Warehouses *w, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    warehouses_stop(w, id);
    return tree_remove(warehouses_folder(w, a, id), err);
}

/* --- snapshots --- */

static Status snapshot_asked(Warehouses *w, Arena *a, const char *id, const char *snapshot, int64_t *ret_bytes, Error *err)
{
    fd_auto fd = -1;
    TRY(warehouses_connect(w, id, &fd, err));
    Val *request = val_map(a), *answer = NULL;
    val_set_str(a, request, "op", "snapshot");
    val_set_str(a, request, "path", snapshot_path(w, a, snapshot, ""));
    TRY(frame_write(fd, a, request, err));
    TRY(frame_read(fd, a, &answer, err));
    if (val_str(answer, "error"))
        return FAIL(err, ST_IO, "%s", val_str(answer, "error"));
    *ret_bytes = val_int(answer, "bytes", 0);
    return ST_OK;
}

Status warehouses_snapshot(Warehouses *w, const char *id, const char *snapshot, int64_t *ret_bytes, Error *err)
{
    arena_auto *a = arena_new();
    const char *folder = warehouses_folder(w, a, id);
    *ret_bytes = 0;
    pthread_mutex_lock(&w->lock);
    if (find(w, id)) {
        pthread_mutex_unlock(&w->lock);
        return snapshot_asked(w, a, id, snapshot, ret_bytes, err);
    }
    Status status = frame_copy_file(path_join(a, folder, WAREHOUSE_FILE), snapshot_path(w, a, snapshot, ""), ret_bytes, err);
    if (status == ST_OK)
        status = frame_copy_file(path_join(a, folder, WAREHOUSE_LOG), snapshot_path(w, a, snapshot, ".wal"), ret_bytes, err);
    pthread_mutex_unlock(&w->lock);
    return status;
}

Status warehouses_restore(Warehouses *w, const char *snapshot, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    const char *folder = warehouses_folder(w, a, id);
    int64_t bytes = 0;
    TRY(dir_make(folder, 0700, err));
    TRY(frame_copy_file(snapshot_path(w, a, snapshot, ""), path_join(a, folder, WAREHOUSE_FILE), &bytes, err));
    TRY(frame_copy_file(snapshot_path(w, a, snapshot, ".wal"), path_join(a, folder, WAREHOUSE_LOG), &bytes, err));
    return dir_sync(folder, err);
}

Status warehouses_remove_snapshot(Warehouses *w, const char *snapshot, Error *err)
{
    arena_auto *a = arena_new();
    const char *const suffixes[] = { "", ".wal" };
    for (size_t i = 0; i < 2; i++) {
        const char *path = snapshot_path(w, a, snapshot, suffixes[i]);
        if (unlink(path) < 0 && errno != ENOENT)
            return FAIL(err, ST_IO, "remove '%s': %s", path, strerror(errno));
    }
    return ST_OK;
}

Status warehouses_remove_all(Warehouses *w, Error *err)
{
    arena_auto *a = arena_new();
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < WAREHOUSES_MAX; i++) {
        if (w->running[i].id[0])
            running_end(&w->running[i]);
    }
    Status status = tree_remove(arena_printf(a, "%s/redshift", w->home), err);
    if (status == ST_OK)
        status = dir_make(arena_printf(a, "%s/redshift/snapshots", w->home), 0700, err);
    pthread_mutex_unlock(&w->lock);
    return status;
}
