/* driver/udf_stream.c -- a stage: the rows of a query through workers, back in order.
 *
 * Threads of a scan take turns at its input: each reads one partition whole (or as much as it may buffer), encodes it for its
 * worker, passes the turn on, and then follows its worker to the end. What workers give waits in its partition until the
 * engine's thread has come so far; a partition that is far ahead stops its worker. So memory is bounded by the number of
 * workers, and the order of rows is that of one partition after the other. */
#include "driver/udf_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { PARTITION_ROWS = 131072, GROUP_ROWS = 32768, UNSENT_BYTES = 32 << 20, RESULT_BYTES = 32 << 20, BATCH_ROWS = 10000 };

typedef struct Result {
    struct Result *next;
    struct ArrowArray batch;
    size_t bytes;
} Result;

typedef struct Partition {
    struct Partition *next;
    int64_t number;
    Result *first, *last;
    size_t bytes; /* of results that wait */
    bool done;
} Partition;

typedef struct StageScan {
    struct StageScan *next;
    UdfStage *stage;
    EngineSession *engine;
    EngineResult *result; /* whoever has the turn reads it */
    struct ArrowSchema schema;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool turn_taken, input_done, stopping, failed;
    Error error;
    int64_t partitions_begun;
    Partition *first, *last;
    pthread_t *threads;
    int nthreads;
} StageScan;

struct UdfStage {
    UdfStage *next;
    UdfRun *run;
    int64_t id; /* the engine's */
    UdfTask task;
    const char *sql;
    const Type *input, *output;
    int rows;       /* PYTHON_ROWS … */
    bool one_partition;
    pthread_mutex_t lock; /* guards what follows */
    StageScan *scans;
};

/* ---------------------------------------------------------------- state, under the scan's lock */
static Partition *partition_begin(StageScan *s)
{
    Partition *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->number = s->partitions_begun++;
    if (s->last)
        s->last->next = p;
    else
        s->first = p;
    s->last = p;
    return p;
}

static void partition_free(Partition *p)
{
    for (Result *r = p->first, *next; r; r = next) {
        next = r->next;
        r->batch.release(&r->batch);
        free(r);
    }
    free(p);
}

static void fail(StageScan *s, const Error *why)
{
    pthread_mutex_lock(&s->lock);
    if (!s->failed)
        s->error = *why;
    s->failed = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static bool over(const StageScan *s)
{
    return s->stopping || s->failed;
}

static void *work(void *scan);

/* Passes the turn on; the first to do so starts one more thread, while there is input and a core for it. */
static void turn_end(StageScan *s, bool input_done)
{
    pthread_mutex_lock(&s->lock);
    s->turn_taken = false;
    s->input_done = s->input_done || input_done;
    if (!s->input_done && !over(s) && s->nthreads < s->stage->run->workers && !s->stage->one_partition &&
        pthread_create(&s->threads[s->nthreads], NULL, work, s) == 0)
        s->nthreads++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* ---------------------------------------------------------------- one partition */
static Status keep_result(StageScan *s, Partition *p, const UdfFrame *frame, Error *err)
{
    Result *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    Status status = engine_ipc_batch(s->stage->output, frame->payload, frame->bytes, &r->batch, err);
    if (status != ST_OK) {
        free(r);
        return status;
    }
    r->bytes = frame->bytes;
    pthread_mutex_lock(&s->lock);
    if (p->last)
        p->last->next = r;
    else
        p->first = r;
    p->last = r;
    p->bytes += r->bytes;
    pthread_cond_broadcast(&s->changed);
    while (p->bytes > RESULT_BYTES && !over(s))
        pthread_cond_wait(&s->changed, &s->lock);
    bool stop = over(s);
    pthread_mutex_unlock(&s->lock);
    return stop ? FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.") : ST_OK;
}

/* Moves bytes once; *ret_done when the worker has ended its task. */
static Status pump(StageScan *s, Partition *p, UdfWorker *w, int timeout_ms, bool *ret_done, Error *err)
{
    UdfFrame frame;
    TRY(udf_worker_step(w, true, timeout_ms, s->stage->run->wake_fd, &frame, err));
    if (frame.kind == 'X')
        return udf_worker_exception(&frame, err);
    if (frame.kind == 'B')
        return keep_result(s, p, &frame, err);
    if (frame.kind && !udf_profile_keep(s->stage->run, &frame))
        *ret_done = true;
    return ST_OK;
}

static Status partition_ends(StageScan *s, int64_t rows, bool *ret_ends, bool *ret_input_done, Error *err)
{
    bool boundary = false;
    TRY(engine_result_boundary(s->result, &boundary, ret_input_done, err));
    if (s->stage->one_partition)
        *ret_ends = *ret_input_done;
    else if (s->stage->rows == PYTHON_ROWS)
        *ret_ends = *ret_input_done || rows >= PARTITION_ROWS;
    else
        *ret_ends = *ret_input_done || (boundary && (s->stage->rows == PYTHON_PARTITIONS || rows >= GROUP_ROWS));
    return ST_OK;
}

static Status queue_batch(StageScan *s, UdfWorker *w, int64_t *rows, bool *ret_input_done, Error *err)
{
    struct ArrowArray batch = { 0 };
    struct ArrowBuffer bytes;
    TRY(engine_result_next(s->result, &batch, ret_input_done, err));
    if (*ret_input_done)
        return ST_OK;
    ArrowBufferInit(&bytes);
    Status status = arrow_encode(&s->schema, &batch, &bytes, err);
    if (status == ST_OK)
        udf_worker_queue(w, 'B', bytes.data, (size_t)bytes.size_bytes);
    ArrowBufferReset(&bytes);
    *rows += batch.length;
    batch.release(&batch);
    return status;
}

/* The whole input of a partition, as far as the worker does not end before. The turn is ours. */
static Status feed(StageScan *s, Partition *p, UdfWorker *w, bool *ret_input_done, bool *ret_done, Error *err)
{
    int64_t rows = 0;
    for (bool ends = false; !ends;) {
        TRY(queue_batch(s, w, &rows, ret_input_done, err));
        if (*ret_input_done)
            break;
        TRY(partition_ends(s, rows, &ends, ret_input_done, err));
        TRY(pump(s, p, w, 0, ret_done, err));
        while (udf_worker_unsent(w) > UNSENT_BYTES && !*ret_done)
            TRY(pump(s, p, w, -1, ret_done, err));
    }
    udf_worker_queue(w, 'E', NULL, 0);
    return ST_OK;
}

static Status run_partition(StageScan *s, Partition *p, UdfWorker *w, bool *turn, Error *err)
{
    bool input_done = false, done = false;
    udf_task_queue(&s->stage->task, w, p->number);
    TRY(feed(s, p, w, &input_done, &done, err));
    *turn = false;
    turn_end(s, input_done);
    while (!done)
        TRY(pump(s, p, w, -1, &done, err));
    pthread_mutex_lock(&s->lock);
    p->done = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}

/* NULL when there is nothing more to do. */
static Partition *turn_take(StageScan *s)
{
    Partition *p = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->turn_taken && !over(s))
        pthread_cond_wait(&s->changed, &s->lock);
    if (!over(s) && (!s->input_done || !s->partitions_begun)) {
        s->turn_taken = true;
        p = partition_begin(s);
    }
    pthread_mutex_unlock(&s->lock);
    return p;
}

static void *work(void *scan)
{
    StageScan *s = scan;
    UdfRun *u = s->stage->run;
    for (Partition *p; (p = turn_take(s));) {
        Error err = ERROR_INIT;
        UdfWorker *w = NULL;
        bool turn = true;
        Status status = udf_worker_take(u->pool, u->session, &w, &err);
        if (status == ST_OK)
            status = run_partition(s, p, w, &turn, &err);
        if (w)
            udf_worker_give(u->pool, w, status == ST_OK);
        if (status != ST_OK)
            fail(s, &err);
        if (turn)
            turn_end(s, true);
    }
    return NULL;
}

/* ---------------------------------------------------------------- the engine's side */
static void scan_close(void *scan)
{
    StageScan *s = scan;
    UdfStage *stage = s->stage;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    bool busy = s->first != NULL && s->nthreads > 0;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (busy && s->engine)
        engine_interrupt(s->engine);
    for (int i = 0; i < s->nthreads; i++)
        pthread_join(s->threads[i], NULL);
    pthread_mutex_lock(&stage->lock);
    StageScan **at = &stage->scans;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    pthread_mutex_unlock(&stage->lock);
    engine_result_free(s->result);
    engine_session_close(s->engine);
    if (s->schema.release)
        s->schema.release(&s->schema);
    for (Partition *p = s->first, *next; p; p = next) {
        next = p->next;
        partition_free(p);
    }
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s->threads);
    free(s);
}

static Status scan_start(StageScan *s, Error *err)
{
    UdfStage *stage = s->stage;
    UdfRun *u = stage->run;
    EngineOutput output = { .schema = stage->input, .batch_rows = u->batch_rows,
                            .key = stage->rows == PYTHON_GROUPS ? ENGINE_KEY_GROUP
                                 : stage->rows == PYTHON_PARTITIONS ? ENGINE_KEY_PARTITION : ENGINE_KEY_NONE };
    TRY(engine_query(s->engine, stage->sql, &output, &s->result, err));
    TRY(engine_result_schema(s->result, &s->schema, err));
    pthread_mutex_lock(&u->lock);
    bool cancelled = u->cancelled;
    pthread_mutex_unlock(&u->lock);
    if (cancelled)
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    pthread_mutex_lock(&s->lock); /* the thread starts others as soon as it has read */
    int code = pthread_create(&s->threads[0], NULL, work, s);
    s->nthreads = code == 0;
    pthread_mutex_unlock(&s->lock);
    return code ? FAIL(err, ST_IO, "start a thread: %s", strerror(code)) : ST_OK;
}

static Status scan_open(void *self, void **ret_scan, Error *err)
{
    UdfStage *stage = self;
    StageScan *s = calloc(1, sizeof *s);
    if (!s || !(s->threads = calloc((size_t)stage->run->workers + 1, sizeof *s->threads)))
        abort();
    s->stage = stage;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    Status status = engine_session(driver_engine(stage->run->run->driver), &s->engine, err);
    if (status == ST_OK) {
        pthread_mutex_lock(&stage->lock);
        s->next = stage->scans;
        stage->scans = s;
        pthread_mutex_unlock(&stage->lock);
        status = scan_start(s, err);
    }
    if (status != ST_OK) {
        scan_close(s);
        return status;
    }
    *ret_scan = s;
    return ST_OK;
}

static Status scan_next(void *scan, struct ArrowArray *ret_batch, bool *ret_done, Error *err)
{
    StageScan *s = scan;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        Partition *p = s->first;
        if (s->failed || s->stopping || (p && p->first) || (!p && s->input_done))
            break;
        if (p && p->done) {
            s->first = p->next;
            if (!s->first)
                s->last = NULL;
            partition_free(p);
        } else {
            pthread_cond_wait(&s->changed, &s->lock);
        }
    }
    Status status = ST_OK;
    Partition *p = s->first;
    if (s->failed || s->stopping) {
        if (err)
            *err = s->error;
        status = s->failed ? s->error.status
                           : FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    } else if (p) {
        Result *r = p->first;
        p->first = r->next;
        if (!p->first)
            p->last = NULL;
        p->bytes -= r->bytes;
        *ret_batch = r->batch;
        free(r);
        pthread_cond_broadcast(&s->changed);
    } else {
        *ret_done = true;
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

Status udf_stage_attach(UdfRun *u, const PythonStage *stage, const char **ret_from, Error *err)
{
    UdfStage *made = ARENA_NEW(u->arena, UdfStage);
    *made = (UdfStage){ .run = u, .sql = stage->sql, .input = stage->input, .output = stage->output, .rows = stage->rows,
                        .one_partition = stage->one_partition };
    const char *rows = run_conf(u->run, "spark.sql.execution.arrow.maxRecordsPerBatch");
    if (!rows || !str_to_i64(rows, &u->batch_rows) || u->batch_rows <= 0)
        u->batch_rows = BATCH_ROWS;
    TRY(udf_task_make(u, stage, &made->task, err));
    pthread_mutex_init(&made->lock, NULL);
    EngineStream stream = { .schema = stage->output, .open = scan_open, .next = scan_next, .close = scan_close, .self = made };
    engine_attach_stream(u->run->engine, u->arena, &stream, &made->id, ret_from);
    pthread_mutex_lock(&u->lock);
    made->next = u->stages;
    u->stages = made;
    pthread_mutex_unlock(&u->lock);
    return ST_OK;
}

void udf_stage_cancel(UdfStage *stages)
{
    for (UdfStage *stage = stages; stage; stage = stage->next) {
        pthread_mutex_lock(&stage->lock);
        for (StageScan *s = stage->scans; s; s = s->next) {
            engine_interrupt(s->engine);
            pthread_mutex_lock(&s->lock);
            s->stopping = true;
            pthread_cond_broadcast(&s->changed);
            pthread_mutex_unlock(&s->lock);
        }
        pthread_mutex_unlock(&stage->lock);
    }
}

void udf_stage_end(UdfRun *u, UdfStage *stages)
{
    for (UdfStage *stage = stages; stage; stage = stage->next) {
        engine_detach(u->run->engine, stage->id);
        udf_task_done(&stage->task);
        pthread_mutex_destroy(&stage->lock);
    }
}
