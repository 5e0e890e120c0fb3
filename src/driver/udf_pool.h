/* driver/udf_pool.h -- the Python worker processes of an application, and frames to and from them.
 *
 * One fork server (python/weir_worker/daemon.py), started at the first use inside the sandbox that the application was given,
 * makes workers in milliseconds. A worker serves one query at a time and is kept for later queries of the same session.
 * Everything ends with the pool: the fork server kills its workers when its control socket closes, however we ended.
 *
 * The pool is thread-safe; a worker belongs to one thread at a time. Format: python/weir_worker/frames.py. */
#ifndef WEIR_DRIVER_UDF_POOL_H
#define WEIR_DRIVER_UDF_POOL_H
#include "base/arena.h"
#include "base/status.h"
#include "os/process.h"

#include <stddef.h>
#include <stdint.h>

typedef struct UdfPoolOptions {
    const char *program;      /* weir itself: it enters the sandbox, then runs Python */
    const char *python;       /* python3 with pyspark */
    const char *support;      /* the folder with weir_worker */
    const char *sandbox_file; /* as udf_sandbox.c reads it; NULL: no_new_privs and rlimits only */
    int64_t memory_bytes;     /* of one worker, above what it starts with; 0: no limit */
    int idle_max;             /* workers kept for later */
} UdfPoolOptions;

typedef struct UdfPool UdfPool;
UdfPool *udf_pool_new(const UdfPoolOptions *options); /* the texts are copied */
void udf_pool_free(UdfPool *pool);                    /* when no worker is taken; NULL is fine */
/* Ends the idle workers of a session. */
void udf_pool_forget(UdfPool *pool, const char *session);

typedef struct UdfWorker UdfWorker;
/* An idle worker of this session, or a new one. */
Status udf_worker_take(UdfPool *pool, const char *session, UdfWorker **ret_worker, Error *err);
/* `reusable`: it waits for a task; else it is killed. */
void udf_worker_give(UdfPool *pool, UdfWorker *worker, bool reusable);

typedef struct UdfFrame {
    char kind;              /* 0: none */
    const uint8_t *payload; /* until the next call */
    size_t bytes;
} UdfFrame;
/* Puts a frame behind what is still to be written. */
void udf_worker_queue(UdfWorker *worker, char kind, const void *payload, size_t bytes);
size_t udf_worker_unsent(const UdfWorker *worker);
/* Writes what it can; with `read`, reads until a whole frame is there. Waits at most once, timeout_ms long (-1: until
 * something happens); a frame that came is in *ret_frame. `wake_fd` readable: ST_CANCELLED. ST_IO: the worker has ended. */
Status udf_worker_step(UdfWorker *worker, bool read, int timeout_ms, int wake_fd, UdfFrame *ret_frame, Error *err);
/* Until all is written and a frame has come. */
Status udf_worker_ask(UdfWorker *worker, int wake_fd, UdfFrame *ret_frame, Error *err);
/* A script of the shell behind the same walls, its three streams as given. It ends with all that it has started when its shell does, or
 * when `control`, the reading end of a pipe, sees the other end closed. */
typedef struct ShellOptions {
    const char *script, *folder; /* folder NULL: the application's */
    int stdin_fd, stdout_fd, stderr_fd, control_fd;
} ShellOptions;
Status udf_pool_shell(const UdfPool *pool, const ShellOptions *options, Process *ret_process, Error *err);
/* The failure that an X frame tells of. */
Status udf_worker_exception(const UdfFrame *frame, Error *err);
/* A traceback in at most so many bytes: its head, and its end, which says most. */
const char *udf_shortened(Arena *a, const char *text, size_t most);

#endif
