/* driver/udf.c -- see udf.h: a run's functions, and the scalar ones. */
#include "driver/udf_internal.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A worker that has read the function and waits for batches. */
typedef struct Opened {
    struct Opened *next;
    UdfWorker *worker;
} Opened;

struct UdfScalar {
    UdfScalar *next;
    UdfRun *run;
    int64_t id; /* the engine's */
    UdfTask task;
    const Type *returns; /* STRUCT of one field */
    pthread_mutex_t lock; /* guards what follows */
    Opened *open;
    int64_t opened; /* so far: their partition numbers */
};

UdfRun *udf_run_new(Run *run)
{
    UdfRun *u = ARENA_NEW(run->arena, UdfRun);
    u->run = run;
    u->arena = run->arena;
    u->pool = driver_udf_pool(run->driver);
    u->session = run->session->server_id;
    u->workers = driver_cores(run->driver);
    u->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&u->lock, NULL);
    return u->wake_fd < 0 ? NULL : u;
}

bool udf_run_is_used(UdfRun *u)
{
    pthread_mutex_lock(&u->lock);
    bool used = u->scalars || u->stages || u->shells;
    pthread_mutex_unlock(&u->lock);
    return used;
}

void udf_run_cancel(UdfRun *u)
{
    pthread_mutex_lock(&u->lock);
    u->cancelled = true;
    (void)!eventfd_write(u->wake_fd, 1);
    udf_stage_cancel(u->stages);
    udf_shell_cancel(u->shells);
    pthread_mutex_unlock(&u->lock);
}

/* The worker's stream of this function ends; it is good for another when it says so. */
static void opened_end(UdfRun *u, Opened *o)
{
    UdfFrame frame = { 0 };
    Error ignored = ERROR_INIT;
    udf_worker_queue(o->worker, 'E', NULL, 0);
    Status status = udf_worker_ask(o->worker, u->wake_fd, &frame, &ignored);
    while (status == ST_OK && udf_profile_keep(u, &frame))
        status = udf_worker_ask(o->worker, u->wake_fd, &frame, &ignored);
    udf_worker_give(u->pool, o->worker, status == ST_OK && frame.kind == 'D');
    free(o);
}

/* ---------------------------------------------------------------- profilers */
bool udf_profile_keep(UdfRun *u, const UdfFrame *frame)
{
    if (frame->kind != 'A')
        return false;
    UdfProfile *p = malloc(sizeof *p + frame->bytes);
    if (!p)
        abort();
    p->bytes = frame->bytes;
    memcpy(p->pickle, frame->payload, frame->bytes);
    pthread_mutex_lock(&u->lock);
    p->next = u->profiles;
    u->profiles = p;
    pthread_mutex_unlock(&u->lock);
    return true;
}

bool udf_run_profiles(const UdfRun *u)
{
    return u && u->profiling;
}

static void scalar_end(UdfRun *u, UdfScalar *s)
{
    for (Opened *o = s->open, *next; o; o = next) {
        next = o->next;
        opened_end(u, o);
    }
    s->open = NULL;
}

Status udf_run_respond(UdfRun *u, Error *err)
{
    typedef Spark__Connect__ExecutePlanResponse__ObservedMetrics Message;
    if (!udf_run_profiles(u))
        return ST_OK;
    size_t n = 0;
    for (UdfScalar *s = u->scalars; s; s = s->next)
        scalar_end(u, s);
    for (const UdfProfile *p = u->profiles; p; p = p->next)
        n++;
    Message message = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__OBSERVED_METRICS__INIT, *messages[] = { &message };
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    message.name = (char *)(uintptr_t)"__python_accumulator__";
    message.values = ARENA_ARRAY(u->arena, Spark__Connect__Expression__Literal *, n + 1);
    for (const UdfProfile *p = u->profiles; p; p = p->next) {
        Value value = { .text = (const char *)p->pickle, .text_len = p->bytes };
        message.values[message.n_values++] = connect_literal_message(u->arena, &type_binary, &value);
    }
    response.observed_metrics = messages;
    response.n_observed_metrics = 1;
    return n ? run_respond(u->run, &response, err) : ST_OK;
}

void udf_run_end(UdfRun *u)
{
    if (!u)
        return;
    for (UdfScalar *s = u->scalars; s; s = s->next) {
        engine_detach(u->run->engine, s->id);
        scalar_end(u, s);
        udf_task_done(&s->task);
        pthread_mutex_destroy(&s->lock);
    }
    udf_stage_end(u, u->stages);
    for (UdfProfile *p = u->profiles, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    udf_shell_end(u, u->shells);
    close(u->wake_fd);
    pthread_mutex_destroy(&u->lock);
}

/* ---------------------------------------------------------------- one call */
static Status opened_take(UdfScalar *s, Opened **ret, Error *err)
{
    pthread_mutex_lock(&s->lock);
    Opened *o = s->open;
    if (o)
        s->open = o->next;
    int64_t partition = o ? 0 : s->opened++;
    pthread_mutex_unlock(&s->lock);
    if (!o) {
        UdfWorker *worker;
        TRY(udf_worker_take(s->run->pool, s->run->session, &worker, err));
        udf_task_queue(&s->task, worker, partition);
        o = calloc(1, sizeof *o);
        if (!o)
            abort();
        o->worker = worker;
    }
    *ret = o;
    return ST_OK;
}

static Status exchange(UdfScalar *s, UdfWorker *w, const struct ArrowSchema *schema, const struct ArrowArray *args,
                       struct ArrowArray *ret_batch, Error *err)
{
    struct ArrowBuffer bytes;
    UdfFrame frame = { 0 };
    ArrowBufferInit(&bytes);
    Status status = arrow_encode(schema, args, &bytes, err);
    if (status == ST_OK)
        udf_worker_queue(w, 'B', bytes.data, (size_t)bytes.size_bytes);
    ArrowBufferReset(&bytes);
    TRY(status);
    TRY(udf_worker_ask(w, s->run->wake_fd, &frame, err));
    if (frame.kind == 'X')
        return udf_worker_exception(&frame, err);
    if (frame.kind != 'B')
        return FAIL(err, ST_IO, "a Python worker ended before its rows did");
    return engine_ipc_batch(s->returns, frame.payload, frame.bytes, ret_batch, err);
}

static Status call_scalar(void *self, const struct ArrowSchema *schema, const struct ArrowArray *args, struct ArrowArray *ret_batch, Error *err)
{
    UdfScalar *s = self;
    Opened *o;
    TRY(opened_take(s, &o, err));
    Status status = exchange(s, o->worker, schema, args, ret_batch, err);
    if (status != ST_OK) {
        udf_worker_give(s->run->pool, o->worker, false);
        free(o);
        return status;
    }
    pthread_mutex_lock(&s->lock);
    o->next = s->open;
    s->open = o;
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}

/* ---------------------------------------------------------------- the engine's function */
static const Type *arguments_type(Arena *a, const PythonUdf *udf)
{
    Field *fields = ARENA_ARRAY(a, Field, udf->args.len + 1);
    for (size_t i = 0; i < udf->args.len; i++)
        fields[i] = (Field){ .name = arena_printf(a, "_%zu", i), .type = udf->args.at[i]->type, .nullable = udf->args.at[i]->nullable };
    return type_struct(a, fields, udf->args.len);
}

Status udf_function(void *run, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err)
{
    Run *r = run;
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    UdfRun *u = r->udfs;
    UdfScalar *s = ARENA_NEW(u->arena, UdfScalar);
    Field *result = ARENA_ARRAY(u->arena, Field, 1);
    *result = (Field){ .name = "_0", .type = udf->returns, .nullable = true };
    s->run = u;
    s->returns = type_struct(u->arena, result, 1);
    int64_t *offsets = ARENA_ARRAY(u->arena, int64_t, udf->args.len + 1);
    const Type **types = ARENA_ARRAY(u->arena, const Type *, udf->args.len + 1);
    for (size_t i = 0; i < udf->args.len; i++) {
        offsets[i] = (int64_t)i;
        types[i] = udf->args.at[i]->type;
    }
    PythonFunction function = { .udf = udf, .offsets = offsets, .noffsets = udf->args.len };
    PythonStage stage = { .kind = "scalar", .functions = &function, .nfunctions = 1, .input = arguments_type(u->arena, udf),
                          .output = s->returns, .nargs = (int64_t)udf->args.len, .analyzed = udf->analyzed };
    TRY(udf_task_make(u, &stage, &s->task, err));
    Status status = engine_attach_udf(engine, a, types, udf->args.len, udf->returns, call_scalar, s, &s->id, ret_call, err);
    if (status != ST_OK) {
        udf_task_done(&s->task);
        return status;
    }
    pthread_mutex_init(&s->lock, NULL);
    s->next = u->scalars;
    u->scalars = s;
    return ST_OK;
}

Status udf_stage(void *run, Arena *a, const PythonStage *stage, const char **ret_from, Error *err)
{
    (void)a; /* the run's arena outlives it */
    Run *r = run;
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    return udf_stage_attach(r->udfs, stage, ret_from, err);
}

Status udf_shell(void *run, Arena *a, const ScriptStage *stage, const char **ret_from, Error *err)
{
    (void)a;
    Run *r = run;
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    return udf_shell_attach(r->udfs, stage, ret_from, err);
}
