/* hadoop/job.c -- a job's life: its tasks in threads, their attempts, its output. See job.h. */
#include "hadoop/job.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "hadoop/task.h"
#include "yarn/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { TASKS_AT_ONCE_MAX = 64 };

void job_log(const char *level, const char *logger, const char *format, ...)
{
    int64_t now = clock_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    str_auto line = STR_INIT(64 * 1024);
    str_addf(&line, "%04d-%02d-%02d %02d:%02d:%02d,%03d %s %s: ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
             tm.tm_sec, (int)(now % 1000), level, logger);
    va_list args;
    va_start(args, format);
    str_vaddf(&line, format, args);
    va_end(args);
    fprintf(stderr, "%s\n", str_text(&line));
}

/* --- a phase: all map tasks, or all reduce tasks --- */

typedef struct Waiting {
    unsigned number, attempt;
} Waiting;

typedef struct Phase {
    Job *job;
    bool map;
    size_t count, next; /* tasks; of `waiting` */
    VEC(Waiting) waiting;
    int64_t attempts_max, failures_percent;
    size_t running;
    int finished;       /* eventfd: a worker ended */
    size_t shown;       /* percent */
} Phase;

static void show_progress(Phase *p)
{
    size_t percent = p->count ? p->job->done * 100 / p->count : 100;
    if (percent == p->shown)
        return;
    p->shown = percent;
    yarn_app_progress(p->job->application, (p->map ? 0 : 0.5) + (double)percent / (p->job->reduces ? 200 : 100));
    job_log("INFO", "mapreduce.Job", " map %zu%% reduce %zu%%", p->map ? percent : 100, p->map ? 0 : percent);
}

/* The attempt's files become outputs of the job. Under the lock. */
static Status take_outputs(Job *job, const Task *t, const char *folder, const char *below, Error *err)
{
    LakeEntryList entries;
    TRY(lake_entries(job->fs->lake, t->arena, arena_printf(t->arena, "file:%s", folder), &entries, err));
    for (size_t i = 0; i < entries.len; i++) {
        const char *name = path_join(t->arena, below, entries.at[i].name), *from = path_join(t->arena, folder, entries.at[i].name);
        name += *name == '/';
        if (entries.at[i].folder) {
            TRY(take_outputs(job, t, from, name, err));
            continue;
        }
        const char *to = path_join(t->arena, job->stage->folder, name);
        TRY(dir_make(arena_strn(t->arena, to, (size_t)(strrchr(to, '/') - to)), 0755, err));
        if (rename(from, to) < 0)
            return FAIL(err, ST_IO, "java.io.IOException: Failed to save output of task: %s: %s", t->attempt_id, strerror(errno));
        LakeOutput output = { arena_str(job->arena, name), -1 };
        bool known = false;
        for (size_t k = 0; k < job->outputs.len && !known; k++)
            known = str_eq(job->outputs.at[k].name, output.name);
        if (!known)
            vec_push(job->arena, &job->outputs, output);
    }
    return ST_OK;
}

static Status task_commit(Phase *p, Task *t, Error *err)
{
    Job *job = p->job;
    if (job->stage)
        TRY(take_outputs(job, t, t->folder, "", err));
    counters_merge(&job->counters, &t->counters);
    if (p->map && t->number < job->splits.len)
        yarn_app_read(job->application, job->splits.at[t->number].file.uri, t->counters.own[COUNT_BYTES_READ]);
    for (size_t i = 0; i < t->segments.len; i++) {
        Segment s = t->segments.at[i];
        s.path = arena_str(job->arena, s.path);
        vec_push(job->arena, &job->segments[t->number], s);
    }
    job->done++;
    show_progress(p);
    return ST_OK;
}

/* What becomes of a job one of whose attempts failed. Under the lock. */
static void task_failed(Phase *p, const Task *t, Status status, const Error *why)
{
    Job *job = p->job;
    if (job->cancelled)
        return;
    job_log("INFO", "mapreduce.Job", "Task Id : %s, Status : FAILED\nError: %s", t->attempt_id, why->message);
    job->counters.own[p->map ? COUNT_FAILED_MAPS : COUNT_FAILED_REDUCES]++;
    bool hopeless = status == ST_INVALID || status == ST_UNSUPPORTED; /* the same again and again */
    if (!hopeless && t->attempt + 1 < p->attempts_max) {
        vec_push(job->arena, &p->waiting, (Waiting){ t->number, t->attempt + 1 });
        return;
    }
    job->failed++;
    if ((int64_t)job->failed * 100 <= p->failures_percent * (int64_t)p->count) {
        job->done++;
        return;
    }
    job->failure = *why;
    job->failure.status = ST_RUNTIME;
    job->cancelled = true;
    job_log("INFO", "mapreduce.Job", "Job %s failed with state FAILED due to: Task failed %s\nJob failed as tasks failed. failedMaps:%d "
            "failedReduces:%d", job->id, t->id, p->map, !p->map);
}

static void attempt(Phase *p, Waiting w)
{
    Job *job = p->job;
    arena_auto *a = arena_new();
    Task t = { .job = job, .map = p->map, .number = w.number, .attempt = w.attempt, .arena = a };
    Error error = ERROR_INIT;
    Status status = task_begin(&t, &error);
    if (status == ST_OK)
        status = task_run(&t, &error);
    pthread_mutex_lock(&job->lock);
    if (status == ST_OK && !job->cancelled)
        status = task_commit(p, &t, &error);
    if (status != ST_OK)
        task_failed(p, &t, status, &error);
    pthread_mutex_unlock(&job->lock);
    (void)tree_remove(t.folder, NULL);
}

static void *work(void *arg)
{
    Phase *p = arg;
    Job *job = p->job;
    pthread_mutex_lock(&job->lock);
    while (!job->cancelled && (p->next < p->waiting.len || p->running)) {
        if (p->next == p->waiting.len) { /* one that runs may have to be made again */
            pthread_cond_wait(&job->changed, &job->lock);
            continue;
        }
        Waiting w = p->waiting.at[p->next++];
        p->running++;
        job->counters.own[p->map ? COUNT_LAUNCHED_MAPS : COUNT_LAUNCHED_REDUCES]++;
        pthread_mutex_unlock(&job->lock);
        attempt(p, w);
        pthread_mutex_lock(&job->lock);
        p->running--;
        pthread_cond_broadcast(&job->changed);
    }
    pthread_mutex_unlock(&job->lock);
    (void)eventfd_write(p->finished, 1);
    return NULL;
}

static size_t tasks_at_once(const Phase *p)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = cores < 1 ? 1 : cores > TASKS_AT_ONCE_MAX ? TASKS_AT_ONCE_MAX : (size_t)cores;
    return p->count < most ? p->count : most;
}

/* Waits for the workers; a signal cancels the job. */
static void follow(Phase *p, size_t workers)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    fd_auto signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    for (uint64_t ended = 0; ended < workers;) {
        struct pollfd polls[] = { { .fd = p->finished, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            return;
        eventfd_t n;
        if (polls[0].revents && eventfd_read(p->finished, &n) == 0)
            ended += n;
        struct signalfd_siginfo info;
        if (polls[1].revents && read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
            pthread_mutex_lock(&p->job->lock);
            if (!p->job->cancelled)
                error_set(&p->job->failure, ST_CANCELLED, "the job was ended by signal %u", info.ssi_signo);
            p->job->cancelled = true;
            pthread_cond_broadcast(&p->job->changed);
            pthread_mutex_unlock(&p->job->lock);
        }
    }
}

static Status phase_run(Job *job, bool map, size_t count, Error *err)
{
    const char *side = map ? "map" : "reduce";
    Phase p = { .job = job, .map = map, .count = count, .shown = SIZE_MAX };
    TRY(jobconf_int(job->conf, arena_printf(job->arena, "mapreduce.%s.maxattempts", side), 4, &p.attempts_max, err));
    TRY(jobconf_int(job->conf, arena_printf(job->arena, "mapreduce.%s.failures.maxpercent", side), 0, &p.failures_percent, err));
    for (size_t i = 0; i < count; i++)
        vec_push(job->arena, &p.waiting, (Waiting){ (unsigned)i, 0 });
    job->done = job->failed = 0;
    show_progress(&p);
    fd_auto finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p.finished = finished;
    pthread_t threads[TASKS_AT_ONCE_MAX];
    size_t workers = tasks_at_once(&p), started = 0;
    while (started < workers && pthread_create(&threads[started], NULL, work, &p) == 0)
        started++;
    if (count && !started)
        return FAIL(err, ST_IO, "java.lang.OutOfMemoryError: unable to create new native thread");
    follow(&p, started);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (!job->cancelled)
        return ST_OK;
    *err = job->failure;
    return job->failure.status;
}

/* --- the job --- */

static Status prepare(Job *job, Error *err)
{
    Arena *a = job->arena;
    const char *tmp = jobconf_text(job->conf, a, "mapreduce.cluster.local.dir", getenv("TMPDIR"));
    char *folder = arena_printf(a, "%s/weir-%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", job->id);
    LakeEntry there;
    bool exists = false;
    if (job->output) {
        TRY(fs_stat(job->fs, a, job->output, &exists, &there, err));
        if (exists)
            return FAIL(err, ST_CONFLICT, "Output directory %s already exists", job->output);
    }
    if (!job->splits_given) {
        size_t files = 0;
        TRY(input_splits(job->fs, a, job->conf, job->input_format, job->new_api, &job->inputs, &job->splits, &files, err));
        input_sort(a, &job->splits);
        job_log("INFO", job->new_api ? "input.FileInputFormat" : "mapred.FileInputFormat", "Total input files to process : %zu", files);
    }
    job_log("INFO", "mapreduce.JobSubmitter", "number of splits:%zu", job->splits.len);
    if (!mkdtemp(folder))
        return FAIL(err, ST_IO, "java.io.IOException: make '%s': %s", folder, strerror(errno));
    job->folder = folder;
    if (job->output)
        TRY(lake_stage(job->fs->lake, a, job->output, &job->stage, err));
    job->segments = ARENA_ARRAY(a, SegmentList, job->splits.len + 1);
    if (!job->task_folder)
        job->task_folder = job->fs->cwd;
    return ST_OK;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const LakeOutput *)x)->name, ((const LakeOutput *)y)->name);
}

static Status commit(Job *job, Error *err)
{
    if (!job->stage)
        return ST_OK;
    if (job->side_file) {
        TRY(file_write_durable(path_join(job->arena, job->stage->folder, job->side_file), job->side_bytes, job->side_len, 0644, err));
        vec_push(job->arena, &job->outputs, (LakeOutput){ job->side_file, -1 });
    }
    if (job->outputs.len)
        qsort(job->outputs.at, job->outputs.len, sizeof *job->outputs.at, by_name);
    bool marker = jobconf_bool(job->conf, "mapreduce.fileoutputcommitter.marksuccessfuljobs", true);
    Error error = ERROR_INIT;
    Status status = lake_commit(job->fs->lake, job->stage, LAKE_CREATE, &job->outputs, marker, &error);
    if (status == ST_CONFLICT)
        return FAIL(err, ST_CONFLICT, "Output directory %s already exists", job->output);
    if (status != ST_OK)
        *err = error;
    else
        job->stage = NULL;
    return status;
}

/* In a step of a cluster a job is an application of YARN, and has its number. */
static Status submit(Job *job, Error *err)
{
    TRY(yarn_app_begin("MAPREDUCE", job->name ? job->name : "", YARN_END_SIGNAL, &job->application, err));
    if (!job->application)
        return ST_OK;
    const char *id = yarn_app_id(job->application);
    job->id = arena_printf(job->arena, "job%s", id + strlen("application"));
    job_log("INFO", "mapreduce.JobSubmitter", "Submitting tokens for job: %s", job->id);
    job_log("INFO", "impl.YarnClientImpl", "Submitted application %s", id);
    return ST_OK;
}

static void finish(Job *job, Status status, Error *err)
{
    if (status != ST_OK && yarn_app_killed(job->application)) {
        error_set(err, ST_CANCELLED, "Application killed by user.");
        job_log("INFO", "mapreduce.Job", "Job %s failed with state KILLED due to: %s", job->id, err->message);
    }
    yarn_app_end(job->application, status == ST_OK, status == ST_OK ? NULL : err->message);
    job->application = NULL;
}

static Status run_phases(Job *job, Error *err)
{
    job_log("INFO", "mapreduce.Job", "Running job: %s", job->id);
    TRY(phase_run(job, true, job->splits.len, err));
    if (job->reduces)
        TRY(phase_run(job, false, job->reduces, err));
    TRY(commit(job, err));
    job_log("INFO", "mapreduce.Job", "Job %s completed successfully", job->id);
    str_auto text = STR_INIT(SIZE_MAX);
    counters_print(&job->counters, job->reduces > 0, &text);
    if (text.len)
        text.data[text.len - 1] = 0;
    job_log("INFO", "mapreduce.Job", "%s", str_text(&text));
    return ST_OK;
}

Status job_run(Job *job, Error *err)
{
    sigset_t mask, old;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &mask, &old);
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before; /* a mapper that does not read is an error of a write */
    sigaction(SIGPIPE, &ignore, &before);
    Status status = prepare(job, err);
    if (status == ST_OK)
        status = submit(job, err);
    if (status == ST_OK)
        status = run_phases(job, err);
    finish(job, status, err);
    if (job->stage)
        lake_abort(job->fs->lake, job->stage);
    job->stage = NULL;
    if (job->folder)
        (void)tree_remove(job->folder, NULL);
    sigaction(SIGPIPE, &before, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return status;
}
