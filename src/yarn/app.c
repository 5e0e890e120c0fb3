/* yarn/app.c -- see app.h. */
#include "yarn/app.h"

#include "base/clock.h"
#include "base/str.h"
#include "yarn/yarn.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HEARTBEAT_MS = 1000, GRACE_MS = 5000, EXIT_KILLED = 128 + SIGKILL };

struct YarnApp {
    Arena *arena;
    Yarn yarn;
    const char *id, *cluster, *step;
    YarnEnd end;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    double progress;
    int64_t s3_read, hdfs_read; /* bytes */
    bool ended, killed;
};

static Val *request_of(const YarnApp *app, Arena *a)
{
    Val *request = val_map(a);
    val_set_str(a, request, "id", app->id);
    val_set_str(a, request, "cluster", app->cluster);
    val_set_str(a, request, "step", app->step);
    return request;
}

/* Under the lock, or when the heartbeat's thread has ended. */
static Val *request_with_bytes(const YarnApp *app, Arena *a)
{
    Val *request = request_of(app, a);
    val_set_int(a, request, "s3BytesRead", app->s3_read);
    val_set_int(a, request, "hdfsBytesRead", app->hdfs_read);
    return request;
}

/* As request_with_bytes. */
static void finish(YarnApp *app, bool succeeded, const char *diagnostics)
{
    arena_auto *a = arena_new();
    Val *request = request_with_bytes(app, a), *answer = NULL;
    val_set_bool(a, request, "succeeded", succeeded);
    val_set_str(a, request, "diagnostics", diagnostics);
    (void)yarn_ask(&app->yarn, a, "finish", request, &answer, NULL); /* what is not heard of an application, its step tells */
}

/* One heartbeat, without the lock while it lasts: is it to end? A server that does not answer says nothing. */
static bool asked_to_end(YarnApp *app)
{
    arena_auto *a = arena_new();
    pthread_mutex_lock(&app->lock);
    Val *request = request_with_bytes(app, a), *answer = NULL;
    val_set(a, request, "progress", val_doublev(a, app->progress));
    pthread_mutex_unlock(&app->lock);
    return yarn_ask(&app->yarn, a, "heartbeat", request, &answer, NULL) == ST_OK && val_bool(answer, "kill", false);
}

/* Under the lock. True when the application ended meanwhile. */
static bool wait_ms(YarnApp *app, int64_t ms)
{
    struct timespec until = clock_after(CLOCK_MONOTONIC, ms);
    while (!app->ended && pthread_cond_timedwait(&app->changed, &app->lock, &until) == 0)
        continue;
    return app->ended;
}

static void *beat(void *arg)
{
    YarnApp *app = arg;
    pthread_mutex_lock(&app->lock);
    while (!wait_ms(app, HEARTBEAT_MS)) {
        pthread_mutex_unlock(&app->lock);
        bool kill_it = asked_to_end(app);
        pthread_mutex_lock(&app->lock);
        if (!kill_it || app->ended)
            continue;
        app->killed = true;
        if (app->end == YARN_END_SIGNAL)
            (void)kill(getpid(), SIGTERM);
        if (app->end == YARN_END_EXIT || !wait_ms(app, GRACE_MS)) {
            finish(app, false, NULL);
            _exit(EXIT_KILLED); /* the first process of a namespace cannot kill itself; its children end with it */
        }
    }
    pthread_mutex_unlock(&app->lock);
    return NULL;
}

static Status start(YarnApp *app, Error *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&app->lock, NULL);
    pthread_cond_init(&app->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for the threads that wait for them */
    int failed = pthread_create(&app->thread, NULL, beat, app);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        return FAIL(err, ST_IO, "start the heartbeat's thread: %s", strerror(failed));
    return ST_OK;
}

Status yarn_app_begin(const char *type, const char *name, YarnEnd end, YarnApp **ret_app, Error *err)
{
    const char *cluster = getenv("EMR_CLUSTER_ID"), *step = getenv("EMR_STEP_ID"), *socket = getenv("WEIR_STEP_SOCKET");
    *ret_app = NULL;
    if (!cluster || !step || !socket)
        return ST_OK;
    Arena *a = arena_new();
    YarnApp *app = ARENA_NEW(a, YarnApp);
    *app = (YarnApp){ .arena = a, .cluster = arena_str(a, cluster), .step = arena_str(a, step), .end = end };
    Val *answer = NULL, *request = request_of(app, a);
    val_set_str(a, request, "type", type);
    val_set_str(a, request, "name", name);
    Status status = yarn_open(a, &app->yarn, err);
    if (status == ST_OK)
        status = yarn_ask(&app->yarn, a, "submit", request, &answer, err);
    app->id = val_str(answer, "id");
    if (status == ST_OK)
        status = start(app, err);
    if (status != ST_OK) {
        yarn_close(&app->yarn);
        arena_free(a);
        return status;
    }
    *ret_app = app;
    return ST_OK;
}

const char *yarn_app_id(const YarnApp *app)
{
    return app->id;
}

void yarn_app_progress(YarnApp *app, double progress)
{
    if (!app)
        return;
    pthread_mutex_lock(&app->lock);
    app->progress = progress;
    pthread_mutex_unlock(&app->lock);
}

void yarn_app_read(YarnApp *app, const char *uri, int64_t bytes)
{
    if (!app)
        return;
    pthread_mutex_lock(&app->lock);
    if (str_starts(uri, "s3"))
        app->s3_read += bytes;
    else if (str_starts(uri, "hdfs:"))
        app->hdfs_read += bytes;
    pthread_mutex_unlock(&app->lock);
}

bool yarn_app_killed(YarnApp *app)
{
    if (!app)
        return false;
    pthread_mutex_lock(&app->lock);
    bool killed = app->killed;
    pthread_mutex_unlock(&app->lock);
    return killed;
}

void yarn_app_end(YarnApp *app, bool succeeded, const char *diagnostics)
{
    if (!app)
        return;
    pthread_mutex_lock(&app->lock);
    app->ended = true;
    pthread_cond_broadcast(&app->changed);
    pthread_mutex_unlock(&app->lock);
    pthread_join(app->thread, NULL);
    finish(app, succeeded, diagnostics);
    yarn_close(&app->yarn);
    pthread_mutex_destroy(&app->lock);
    pthread_cond_destroy(&app->changed);
    arena_free(app->arena);
}
