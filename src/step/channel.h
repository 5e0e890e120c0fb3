/* step/channel.h -- how a shim inside a step's sandbox gets a Spark driver, which runs outside of it.
 *
 * The supervisor listens on a unix socket in the step's work folder (WEIR_STEP_SOCKET names it). A client sends one line of
 * JSON, {"op":"driver","name":…,"conf":{…}}, and reads one line: {"remote":"sc://127.0.0.1:PORT/;x-weir-token=T"} or
 * {"error":…}. The driver lives until the step ends. Without a supervisor (a laptop) the shim starts the driver itself, with
 * the same functions. */
#ifndef WEIR_STEP_CHANNEL_H
#define WEIR_STEP_CHANNEL_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "os/process.h"

#include <stdint.h>

typedef struct DriverOptions {
    const char *program;        /* the weir binary */
    const char *home;           /* NULL: the driver asks the server named in its environment */
    const char *warehouse;      /* where managed tables' files are, NULL: in the home */
    const char *run;            /* the step's id, NULL: none */
    const char *folder;         /* where its conf file goes */
    const char *cwd;            /* its working folder, which with `run` is also all of the host that it may name; NULL: ours */
    const char *worker_sandbox; /* the file of the walls around its Python functions; NULL: the least */
    int number;                 /* of this driver in the step: 1, 2, … */
    int64_t memory_bytes, cores;
    Map conf;                   /* spark.* */
    const char *const *env;     /* NULL: this process's */
    int log_fd;                 /* its stdout and stderr; -1: this process's own stderr */
} DriverOptions;

typedef struct Driver {
    Process process;
    int ready_fd;               /* one line "weir: ready sc://…" arrives here */
    char token[65];             /* of this driver only */
} Driver;

Status driver_start(const DriverOptions *options, Driver *ret_driver, Error *err);
/* Reads what ready_fd has. ret_remote stays NULL while the line is not complete. Fails when the driver has ended. */
Status driver_ready(Arena *a, Driver *driver, char **ret_remote, Error *err);
/* Waits for it, up to timeout_ms. */
Status driver_wait_ready(Arena *a, Driver *driver, int timeout_ms, char **ret_remote, Error *err);

/* The client's side. */
Status channel_request_driver(Arena *a, const char *socket_path, const char *name, const Map *conf, char **ret_remote, Error *err);

/* The supervisor's side: one listener, a few clients, the drivers they asked for. Single-threaded. */
typedef struct Channel Channel;
Channel *channel_new(Arena *a, const DriverOptions *driver);
Status channel_listen(Channel *channel, const char *socket_path, Error *err);
struct pollfd;
enum { CHANNEL_POLL_MAX = 64 };
/* Adds what the channel waits for to `polls` (room for CHANNEL_POLL_MAX) and returns how many. */
size_t channel_polls(Channel *channel, struct pollfd *polls);
/* Does what is to do after poll. */
void channel_serve(Channel *channel, const struct pollfd *polls, size_t count);
bool channel_owns(const Channel *channel, pid_t pid); /* is this process one of its drivers? */
/* Asks the drivers to end and waits up to limit_ms for them. */
void channel_stop(Channel *channel, int limit_ms);

#endif
