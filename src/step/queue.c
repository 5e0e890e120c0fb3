/* step/queue.c -- the scheduler's thread: who is followed, and when to look. */
#include "step/queue.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "os/sandbox.h"
#include "step/queue_private.h"
#include "step/spec.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RETRY_MS = 100, LOOK_MS = 60 * 1000, LOGS_MS = 30 * 1000 };

/* --- who is followed --- */

Active *active_find(StepQueue *q, const char *id)
{
    for (size_t i = 0; i < q->actives_len; i++)
        if (str_eq(q->actives[i]->id, id))
            return q->actives[i];
    return NULL;
}

Active *active_add(StepQueue *q, ActiveKind kind, const char *id, const char *cluster)
{
    Active *active = q->actives_len < ACTIVE_MAX ? calloc(1, sizeof *active) : NULL;
    if (!active)
        return NULL;
    arena_auto *a = arena_new();
    active->kind = kind;
    active->supervisor = PROCESS_NONE;
    active->logs_ms = clock_monotonic_ms();
    snprintf(active->id, sizeof active->id, "%s", id);
    snprintf(active->cluster, sizeof active->cluster, "%s", cluster);
    snprintf(active->folder, sizeof active->folder, "%s", run_folder(q, a, cluster, id));
    q->actives[q->actives_len++] = active;
    return active;
}

static void active_remove(StepQueue *q, size_t index)
{
    process_done(&q->actives[index]->supervisor);
    free(q->actives[index]);
    q->actives[index] = q->actives[--q->actives_len];
}

size_t active_count(const StepQueue *q, const char *cluster)
{
    size_t n = 0;
    for (size_t i = 0; i < q->actives_len; i++)
        n += str_eq(q->actives[i]->cluster, cluster);
    return n;
}

/* --- the ends --- */

/* Has the supervisor ended? Reaps it when it is ours. */
static bool active_ended(Active *active)
{
    if (active->supervisor.pidfd < 0)
        return clock_monotonic_ms() >= active->retry_ms;
    struct pollfd ended = { .fd = active->supervisor.pidfd, .events = POLLIN };
    if (poll(&ended, 1, 0) <= 0)
        return false;
    ProcessEnd end;
    if (active->child)
        process_wait(&active->supervisor, 0, &end, NULL);
    process_done(&active->supervisor);
    return true;
}

/* True when the row is final and the active can go. */
static bool active_settle(StepQueue *q, Db *db, Active *active)
{
    bool again = false;
    Error error = ERROR_INIT;
    Status status = finish(q, db, active, &again, &error);
    if (status == ST_CONFLICT) { /* another supervisor has its lock: one of an earlier server that we just lost the race to */
        active->retry_ms = clock_monotonic_ms() + RETRY_MS;
        return false;
    }
    if (status == ST_OK && again) {
        status = launch(q, db, active, &error);
        if (status == ST_OK)
            return false;
        status = finish_unstarted(q, db, active, error.message, &error);
    }
    if (status == ST_OK)
        return true;
    log_error("step %s: %s", active->id, error.message);
    active->retry_ms = clock_monotonic_ms() + 10 * RETRY_MS;
    return false;
}

static void settle_all(StepQueue *q, Db *db)
{
    for (size_t i = q->actives_len; i-- > 0;) {
        Active *active = q->actives[i];
        if (active_ended(active)) {
            if (active_settle(q, db, active))
                active_remove(q, i);
        } else if (clock_monotonic_ms() - active->logs_ms > LOGS_MS) {
            active->logs_ms = clock_monotonic_ms();
            logs_refresh(q, db, active);
        }
    }
}

/* --- after a start: the steps that an earlier server left --- */

static void adopt(StepQueue *q, ActiveKind kind, const char *id, const char *cluster)
{
    Active *active = active_add(q, kind, id, cluster);
    if (!active)
        return;
    pid_t pid;
    uint64_t start_time;
    if (step_started_read(active->folder, &pid, &start_time, NULL) == ST_OK &&
        process_adopt(pid, start_time, &active->supervisor, NULL) == ST_OK)
        log_info("step %s goes on under process %d", id, (int)pid);
    /* else: no process to follow; the next round settles it by what its folder says */
}

static Status adopt_all(StepQueue *q, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(q->options.store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT 0, id, cluster FROM emr_step WHERE state IN ('RUNNING','CANCEL_PENDING') UNION ALL "
                 "SELECT 1, id, cluster FROM emr_bootstrap WHERE state='RUNNING'", ""));
    while (row_next(row))
        adopt(q, row_int(row, 0) ? ACTIVE_BOOTSTRAP : ACTIVE_STEP, row_str(row, 1), row_str(row, 2));
    return row_status(row, err);
}

/* --- the thread --- */

/* Every live cluster, moved as far as it goes. Returns when to look again, -1: no set time. */
static int64_t advance_all(StepQueue *q, Db *db)
{
    arena_auto *a = arena_new();
    StrList clusters = { 0 };
    Error error = ERROR_INIT;
    int64_t soonest = -1;
    {
        row_auto *row = NULL;
        if (db_query(db, &row, &error, "SELECT id FROM emr_cluster WHERE ended_ms IS NULL ORDER BY seq", "") != ST_OK) {
            log_error("clusters: %s", error.message);
            return LOOK_MS;
        }
        while (row_next(row))
            vec_push(a, &clusters, row_str_in(row, a, 0));
    }
    for (size_t i = 0; i < clusters.len; i++) {
        int64_t wait = -1;
        if (cluster_advance(q, db, clusters.at[i], &wait, &error) != ST_OK) {
            log_error("cluster %s: %s", clusters.at[i], error.message);
            wait = 1000;
        }
        if (wait >= 0 && (soonest < 0 || wait < soonest))
            soonest = wait;
    }
    return soonest;
}

static void drop_actives(StepQueue *q)
{
    for (size_t i = q->actives_len; i-- > 0;) {
        Active *active = q->actives[i];
        process_signal(&active->supervisor, SIGKILL);
        arena_auto *a = arena_new();
        process_kill_all(0, arena_printf(a, "WEIR_STEP_ID=%s", active->id), 0, 5000);
        ProcessEnd end;
        if (active->child)
            process_wait(&active->supervisor, 1000, &end, NULL);
        active_remove(q, i);
    }
    pthread_mutex_lock(&q->lock);
    q->dropped++;
    pthread_cond_broadcast(&q->dropped_changed);
    pthread_mutex_unlock(&q->lock);
}

static void wait_for_work(StepQueue *q, int64_t wait_ms)
{
    static const int64_t none = LOOK_MS;
    arena_auto *a = arena_new();
    struct pollfd *polls = ARENA_ARRAY(a, struct pollfd, q->actives_len + 1);
    polls[0] = (struct pollfd){ .fd = q->wake_fd, .events = POLLIN };
    int64_t left = wait_ms < 0 || wait_ms > none ? none : wait_ms;
    for (size_t i = 0; i < q->actives_len; i++) {
        const Active *active = q->actives[i];
        polls[i + 1] = (struct pollfd){ .fd = active->supervisor.pidfd, .events = POLLIN };
        int64_t at = active->supervisor.pidfd < 0 ? active->retry_ms : active->logs_ms + LOGS_MS + 1;
        int64_t until = at - clock_monotonic_ms();
        if (until < left)
            left = until < 0 ? 0 : until;
    }
    poll(polls, (nfds_t)q->actives_len + 1, (int)left);
    uint64_t count;
    if (polls[0].revents && read(q->wake_fd, &count, sizeof count) < 0)
        log_debug("wake: %s", strerror(errno));
}

static void *queue_main(void *arg)
{
    StepQueue *q = arg;
    while (!atomic_load(&q->stop)) {
        if (atomic_exchange(&q->drop, false))
            drop_actives(q);
        int64_t wait = 1000;
        Error error = ERROR_INIT;
        db_auto *db = NULL;
        if (store_borrow(q->options.store, &db, &error) == ST_OK) {
            settle_all(q, db);
            wait = advance_all(q, db);
            db_returnp(&db);
            db = NULL;
        } else {
            log_error("the scheduler: %s", error.message);
        }
        wait_for_work(q, wait);
    }
    return NULL;
}

Status step_queue_start(const StepQueueOptions *options, StepQueue **ret_queue, Error *err)
{
    StepQueue *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    q->arena = arena_new();
    q->options = *options;
    char *real = realpath(options->home, NULL);
    q->options.home = arena_str(q->arena, real);
    free(real);
    q->options.region = arena_str(q->arena, options->region);
    q->options.endpoint = arena_str(q->arena, options->endpoint);
    place_find(q->arena, &q->place);
    q->parts = sandbox_probe();
    q->level = sandbox_level(q->arena, q->parts);
    q->host_memory_bytes = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    q->host_cores = sysconf(_SC_NPROCESSORS_ONLN);
    q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->dropped_changed, NULL);
    Status status = q->options.home && q->wake_fd >= 0 ? adopt_all(q, err) : FAIL(err, ST_IO, "home '%s': %s", options->home, strerror(errno));
    int failed = status == ST_OK ? pthread_create(&q->thread, NULL, queue_main, q) : 0;
    if (failed)
        status = FAIL(err, ST_IO, "start the scheduler: %s", strerror(failed));
    if (status != ST_OK) {
        arena_free(q->arena);
        free(q);
        return status;
    }
    *ret_queue = q;
    return ST_OK;
}

void step_queue_wake(StepQueue *q)
{
    uint64_t one = 1;
    if (write(q->wake_fd, &one, sizeof one) < 0)
        log_debug("wake: %s", strerror(errno)); /* the counter is full: it is awake */
}

void step_queue_drop_all(StepQueue *q)
{
    pthread_mutex_lock(&q->lock);
    unsigned before = q->dropped;
    atomic_store(&q->drop, true);
    step_queue_wake(q);
    while (q->dropped == before)
        pthread_cond_wait(&q->dropped_changed, &q->lock);
    pthread_mutex_unlock(&q->lock);
}

void step_queue_stop(StepQueue *q)
{
    if (!q)
        return;
    atomic_store(&q->stop, true);
    step_queue_wake(q);
    pthread_join(q->thread, NULL);
    if (q->actives_len)
        log_info("%zu steps run on; the next server follows them", q->actives_len);
    while (q->actives_len)
        active_remove(q, q->actives_len - 1);
    close(q->wake_fd);
    pthread_cond_destroy(&q->dropped_changed);
    pthread_mutex_destroy(&q->lock);
    arena_free(q->arena);
    free(q);
}

const char *step_queue_level(const StepQueue *q)
{
    return q->level;
}
