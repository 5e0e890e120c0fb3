/* svc/glue/glue.c -- see glue.h. One thread owns the processes; what is to do is read from the rows of glue_run that have no end. */
#include "svc/glue/glue.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "os/sandbox.h"
#include "step/place.h"
#include "svc/glue/crawlers.h"
#include "svc/schedule.h"
#include "svc/glue/job_run.h"
#include "svc/glue/operations.h"
#include "svc/glue/triggers.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MINUTE_MS = 60000, WATCH_MS = 1000, ID_BYTES = 80, CRAWL_LIMIT_MS = 4 * 3600 * 1000 };

typedef struct Active {
    char id[ID_BYTES];
    bool crawl, child, gone;
    const char *cancelled; /* the end state that was asked for: "STOPPED", "TIMEOUT"; NULL: none */
    Process process;
} Active;

typedef struct Glue Glue;
struct Glue {
    Server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stop, drop; signalled by `event` */
    int event;
    bool stop, drop;
    bool again;           /* the thread's own: look again soon */
    pthread_cond_t dropped;
    unsigned parts;       /* of the sandbox; 0: not probed yet */
    Active *active;       /* the thread's own */
    size_t len, cap;
    int64_t minute;       /* the last whose schedules were looked at */
};

/* --- what is running --- */

static Active *find(Glue *g, const char *id)
{
    for (size_t i = 0; i < g->len; i++)
        if (str_eq(g->active[i].id, id))
            return &g->active[i];
    return NULL;
}

static Active *add(Glue *g, const char *id, bool crawl)
{
    if (g->len == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 8;
        g->active = realloc(g->active, g->cap * sizeof *g->active);
        if (!g->active)
            abort();
    }
    Active *one = &g->active[g->len++];
    *one = (Active){ .crawl = crawl, .process = PROCESS_NONE };
    snprintf(one->id, sizeof one->id, "%s", id);
    return one;
}

static void forget_gone(Glue *g)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->len; i++)
        if (!g->active[i].gone)
            g->active[kept++] = g->active[i];
        else
            process_done(&g->active[i].process);
    g->len = kept;
}

static Status end_run(Glue *g, const Run *run, const char *state, const char *why, Error *err)
{
    arena_auto *a = arena_new();
    Val *body = glue_copy(a, run->body);
    val_set_str(a, body, "ErrorMessage", why);
    return run_save(g->server->store, run->id, state, body, clock_ms(), err);
}

/* --- crawls --- */

static Status crawl_start(Glue *g, const Run *run, Error *err)
{
    arena_auto *a = arena_new();
    Active *one = add(g, run->id, true);
    const char *argv[] = { process_own_path(a), "glue-crawl", "--home", g->server->home, "--crawl", run->id, NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.cwd = "/";
    options.die_with_parent = true;
    one->child = true;
    Status status = process_spawn(&options, &one->process, err);
    one->gone = status != ST_OK;
    return status;
}

static Status crawl_tick(Glue *g, const Run *run, Error *err)
{
    Active *one = find(g, run->id);
    bool stopping = str_eq(run->state, "STOPPING");
    Error why = ERROR_INIT;
    if (!one && stopping)
        return end_run(g, run, "STOPPED", NULL, err);
    if (!one && crawl_start(g, run, &why) != ST_OK)
        return end_run(g, run, "FAILED", why.message, err);
    if (one && (stopping || clock_ms() - run->started_ms > CRAWL_LIMIT_MS)) {
        one->cancelled = "STOPPED";
        process_signal(&one->process, SIGKILL);
    }
    return ST_OK;
}

static Status crawl_ended(Glue *g, Active *one, const Run *run, Error *err)
{
    arena_auto *a = arena_new();
    ProcessEnd end = { 0 };
    process_wait(&one->process, -1, &end, NULL);
    if (run->ended_ms)
        return ST_OK; /* it said itself how */
    if (one->cancelled && str_eq(run->state, "STOPPING"))
        return end_run(g, run, "STOPPED", NULL, err);
    const char *why = one->cancelled ? "The crawl took longer than its limit"
                                     : arena_printf(a, "The crawl's process ended with %s %d", end.signalled ? "signal" : "code", end.code);
    return end_run(g, run, "FAILED", why, err);
}

/* --- job runs --- */

static Status job_start(Glue *g, const Run *run, Error *err)
{
    Error why = ERROR_INIT;
    if (!g->parts)
        g->parts = sandbox_probe();
    Active *one = add(g, run->id, false);
    if (job_run_launch(g->server, g->parts, run, &one->process, &why) != ST_OK) {
        one->gone = true;
        return end_run(g, run, "FAILED", why.message, err);
    }
    one->child = true;
    return run_save(g->server->store, run->id, "RUNNING", run->body, 0, err);
}

static Status job_tick(Glue *g, const Run *run, Error *err)
{
    Active *one = find(g, run->id);
    bool stopping = str_eq(run->state, "STOPPING");
    int64_t timeout_ms = val_int(run->body, "Timeout", 0) * MINUTE_MS;
    if (!one && str_eq(run->state, "STARTING"))
        return job_start(g, run, err);
    if (!one) { /* of the server before this one, or stopped before it started */
        Process process = PROCESS_NONE;
        JobRunState state = job_run_state(g->server, run->id);
        if (state == JOB_RUN_UNSTARTED)
            return stopping ? end_run(g, run, "STOPPED", NULL, err) : job_start(g, run, err);
        if (state != JOB_RUN_LIVES)
            return job_run_conclude(g->server, run, stopping ? "STOPPED" : NULL, err);
        if (job_run_adopt(g->server, run->id, &process, NULL) != ST_OK) {
            g->again = true; /* about to start it */
            return ST_OK;
        }
        one = add(g, run->id, false);
        one->process = process;
    }
    bool late = timeout_ms > 0 && clock_ms() - run->started_ms > timeout_ms;
    if (!one->cancelled && (stopping || late)) {
        one->cancelled = stopping ? "STOPPED" : "TIMEOUT";
        job_run_cancel(g->server, run->id, &one->process);
    }
    return ST_OK;
}

static Status job_ended(Glue *g, Active *one, const Run *run, Error *err)
{
    ProcessEnd end;
    if (one->child)
        process_wait(&one->process, -1, &end, NULL);
    if (run->ended_ms)
        return ST_OK;
    JobRunState state = job_run_state(g->server, run->id);
    g->again = state == JOB_RUN_LIVES; /* another supervisor has it: adopted with the next look */
    if (g->again)
        return ST_OK;
    if (state == JOB_RUN_UNSTARTED)
        return end_run(g, run, one->cancelled ? one->cancelled : "FAILED", "The run's supervisor could not start it", err);
    return job_run_conclude(g->server, run, one->cancelled, err);
}

/* --- schedules --- */

static bool due(const Record *r, const char *state_member, const char *state, int64_t now)
{
    const char *schedule = val_str(r->body, "Schedule");
    return schedule && str_eq(val_str(r->body, state_member), state) && schedule_is_due(schedule, now);
}

static Status schedules(Glue *g, int64_t now, Error *err)
{
    arena_auto *a = arena_new();
    RecordList crawlers, triggers;
    Call call = { .arena = a, .server = g->server, .service = "glue", .region = g->server->region };
    TRY(record_all(g->server->store, a, "crawler", &crawlers, err));
    TRY(record_all(g->server->store, a, "trigger", &triggers, err));
    for (size_t i = 0; i < crawlers.len; i++) {
        Error why = ERROR_INIT;
        Val *input = val_map(a);
        if (!due(&crawlers.at[i], "ScheduleState", "SCHEDULED", now))
            continue;
        val_set_str(a, input, "Name", crawlers.at[i].name);
        call.input = input;
        call.output = val_map(a);
        if (glue_start_crawler(&call, &why) != ST_OK)
            log_warn("crawler %s by its schedule: %s", crawlers.at[i].name, why.message);
    }
    for (size_t i = 0; i < triggers.len; i++) {
        TriggerCount count = { 0 };
        if (!str_eq(val_str(triggers.at[i].body, "Type"), "SCHEDULED") || !due(&triggers.at[i], "State", "ACTIVATED", now))
            continue;
        call.input = call.output = val_map(a);
        trigger_fire(&call, triggers.at[i].body, &count);
        if (count.failed)
            log_warn("trigger %s: %s", triggers.at[i].name, count.why.message);
    }
    return ST_OK;
}

/* --- the thread --- */

static Status open_runs(Glue *g, Arena *a, RunList *ret_runs, StrList *ret_kinds, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(g->server->store, &db, err));
    TRY(db_query(db, &row, err,
                 "SELECT kind, owner, id, state, body, started_ms FROM glue_run WHERE ended_ms IS NULL AND kind IN ('crawl', 'job-run') ORDER BY seq", ""));
    while (row_next(row)) {
        Run run = { 0, row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), glue_json(a, row_str(row, 4)), row_int(row, 5), 0 };
        if (!run.body)
            run.body = val_map(a);
        vec_push(a, ret_runs, run);
        vec_push(a, ret_kinds, row_str_in(row, a, 0));
    }
    return row_status(row, err);
}

static Status tick(Glue *g, Error *err)
{
    arena_auto *a = arena_new();
    RunList runs = { 0 };
    StrList kinds = { 0 };
    TRY(open_runs(g, a, &runs, &kinds, err));
    for (size_t i = 0; i < runs.len; i++) {
        Error why = ERROR_INIT;
        bool crawl = str_eq(kinds.at[i], crawl_kind);
        if ((crawl ? crawl_tick : job_tick)(g, &runs.at[i], &why) != ST_OK)
            log_warn("%s %s: %s", kinds.at[i], runs.at[i].id, why.message);
    }
    Call call = { .arena = a, .server = g->server, .service = "glue", .region = g->server->region };
    TRY(triggers_conditional(&call, err));
    int64_t now = clock_ms();
    if (now / MINUTE_MS != g->minute) {
        g->minute = now / MINUTE_MS;
        TRY(schedules(g, now, err));
    }
    return ST_OK;
}

static Status ended(Glue *g, Active *one, Error *err)
{
    arena_auto *a = arena_new();
    const char *kind = one->crawl ? crawl_kind : job_run_kind;
    char *owner = NULL;
    Run run;
    {
        db_auto *db = NULL;
        TRY(store_borrow(g->server->store, &db, err));
        Status status = db_get_str(db, a, &owner, err, "SELECT owner FROM glue_run WHERE id=?", "s", one->id);
        if (status == ST_NOT_FOUND) { /* deleted meanwhile */
            if (one->child)
                process_wait(&one->process, -1, &(ProcessEnd){ 0 }, NULL);
            return ST_OK;
        }
        TRY(status);
    }
    TRY(run_load(g->server->store, a, kind, owner, one->id, &run, err));
    return (one->crawl ? crawl_ended : job_ended)(g, one, &run, err);
}

static void reap(Glue *g, const struct pollfd *polls, size_t polled)
{
    for (size_t i = 0; i < polled; i++) {
        Error why = ERROR_INIT;
        if (!polls[i + 1].revents)
            continue;
        if (ended(g, &g->active[i], &why) != ST_OK)
            log_error("%s: %s", g->active[i].id, why.message);
        g->active[i].gone = true;
    }
}

/* Everything at once, for a reset: its rows are about to go. */
static void drop_all(Glue *g)
{
    for (size_t i = 0; i < g->len; i++) {
        arena_auto *a = arena_new();
        Active *one = &g->active[i];
        process_signal(&one->process, SIGKILL);
        if (one->child)
            process_wait(&one->process, -1, &(ProcessEnd){ 0 }, NULL);
        if (!one->crawl)
            process_kill_all(0, arena_printf(a, "WEIR_STEP_ID=%s", one->id), 0, WATCH_MS);
        one->gone = true;
    }
    forget_gone(g);
}

static bool wanted(Glue *g)
{
    pthread_mutex_lock(&g->lock);
    if (g->drop) {
        drop_all(g);
        g->drop = false;
        pthread_cond_broadcast(&g->dropped);
    }
    bool goes_on = !g->stop;
    pthread_mutex_unlock(&g->lock);
    return goes_on;
}

/* A job run's time limit is watched each second; otherwise the next minute's schedules are waited for. */
static int wait_ms(const Glue *g)
{
    return g->len || g->again ? WATCH_MS : (int)(MINUTE_MS - clock_ms() % MINUTE_MS) + 1;
}

static void *thread_main(void *arg)
{
    Glue *g = arg;
    while (wanted(g)) {
        arena_auto *a = arena_new();
        Error why = ERROR_INIT;
        g->again = false;
        if (tick(g, &why) != ST_OK)
            log_error("glue: %s", why.message);
        forget_gone(g);
        struct pollfd *polls = ARENA_ARRAY(a, struct pollfd, g->len + 1);
        size_t polled = g->len;
        polls[0] = (struct pollfd){ .fd = g->event, .events = POLLIN };
        for (size_t i = 0; i < polled; i++)
            polls[i + 1] = (struct pollfd){ .fd = g->active[i].process.pidfd, .events = POLLIN };
        if (poll(polls, polled + 1, wait_ms(g)) > 0) {
            uint64_t count;
            if (polls[0].revents && read(g->event, &count, sizeof count) < 0)
                log_warn("glue: its event can not be read");
            reap(g, polls, polled);
            forget_gone(g);
        }
    }
    for (size_t i = 0; i < g->len; i++) { /* crawls end with the server; job runs go on */
        if (g->active[i].crawl) {
            process_signal(&g->active[i].process, SIGKILL);
            process_wait(&g->active[i].process, -1, &(ProcessEnd){ 0 }, NULL);
        }
        g->active[i].gone = true;
    }
    forget_gone(g);
    return NULL;
}

/* What the server before this one left: its crawls died with it. */
static Status recover(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_exec(db, err, "UPDATE glue_run SET state='FAILED', ended_ms=?,"
                   " body=json_set(body, '$.ErrorMessage', 'The server was stopped while the crawler ran')"
                   " WHERE kind='crawl' AND ended_ms IS NULL", "i", clock_ms());
}

Status glue_start(Server *server, Error *err)
{
    glue_tell(server);
    TRY(recover(server, err));
    Glue *g = calloc(1, sizeof *g);
    if (!g)
        abort();
    g->server = server;
    g->minute = clock_ms() / MINUTE_MS;
    g->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->dropped, NULL);
    if (g->event < 0 || pthread_create(&g->thread, NULL, thread_main, g) != 0) {
        fd_closep(&g->event);
        free(g);
        return FAIL(err, ST_IO, "Glue's thread can not be started");
    }
    server->glue = g;
    return ST_OK;
}

void glue_wake(Server *server)
{
    static const uint64_t one = 1;
    Glue *g = server->glue;
    if (g && write(g->event, &one, sizeof one) < 0)
        log_warn("glue: its thread can not be woken");
}

void glue_stop(Server *server)
{
    Glue *g = server->glue;
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_mutex_unlock(&g->lock);
    glue_wake(server);
    pthread_join(g->thread, NULL);
    server->glue = NULL;
    fd_closep(&g->event);
    pthread_cond_destroy(&g->dropped);
    pthread_mutex_destroy(&g->lock);
    free(g->active);
    free(g);
}

Status glue_reset(Server *server, Error *err)
{
    Glue *g = server->glue;
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(db_exec(db, err, "DELETE FROM glue_run", ""));
    }
    if (!g)
        return ST_OK;
    pthread_mutex_lock(&g->lock);
    g->drop = true;
    pthread_mutex_unlock(&g->lock);
    glue_wake(server);
    pthread_mutex_lock(&g->lock);
    while (g->drop && !g->stop)
        pthread_cond_wait(&g->dropped, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return ST_OK;
}
