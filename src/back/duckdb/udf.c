/* back/duckdb/udf.c -- functions and relations that run elsewhere (Python workers). The engine knows one scalar function a
 * signature and one table function; which of the driver's is meant is said by a number, the first argument, so that nothing
 * is left in the engine's catalog when a query has ended. */
#include "back/duckdb/internal.h"
#include "base/limits.h"

#include <inttypes.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <stdlib.h>

struct Attached {
    Attached *next;
    Engine *engine;
    int64_t id;
    size_t scans;               /* of a relation, that are open; under the engine's lock */
    Arena *arena;
    const Type *args, *returns; /* STRUCTs: _0, _1 …; one field */
    EngineUdf run;
    void *self;
    EngineStream stream;        /* schema NULL: this is a function */
};

static void attach(Engine *e, Attached *x)
{
    pthread_mutex_lock(&e->lock);
    x->engine = e;
    x->id = ++e->last_attached;
    x->next = e->attached;
    e->attached = x;
    pthread_mutex_unlock(&e->lock);
}

/* Stays valid: who runs a query detaches only after its end. */
static Attached *attached_find(Engine *e, int64_t id)
{
    pthread_mutex_lock(&e->lock);
    Attached *x = e->attached;
    while (x && x->id != id)
        x = x->next;
    pthread_mutex_unlock(&e->lock);
    return x;
}

static void count_scan(Attached *x, int more)
{
    Engine *e = x->engine;
    pthread_mutex_lock(&e->lock);
    x->scans += (size_t)more;
    pthread_cond_broadcast(&e->scan_closed);
    pthread_mutex_unlock(&e->lock);
}

/* A thread of the engine may be the last to let go of a query's plan, a moment after the query has ended; its scans are closed then. A
 * plan that the connection keeps goes when it is asked something else. */
static void wait_for_scans(EngineSession *s, const Attached *x)
{
    enum { PATIENCE_MS = 200 };
    Engine *e = s->engine;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&e->lock);
    while (x->scans && pthread_cond_timedwait(&e->scan_closed, &e->lock, &until) == 0)
        continue;
    if (x->scans) {
        pthread_mutex_unlock(&e->lock);
        (void)engine_run(s->connection, "SELECT 1", NULL, NULL);
        pthread_mutex_lock(&e->lock);
    }
    while (x->scans)
        pthread_cond_wait(&e->scan_closed, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

void engine_detach(EngineSession *s, int64_t id)
{
    Engine *e = s->engine;
    pthread_mutex_lock(&e->lock);
    Attached **at = &e->attached;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    Attached *x = *at;
    if (x)
        *at = x->next;
    pthread_mutex_unlock(&e->lock);
    if (!x)
        return;
    wait_for_scans(s, x);
    arena_free(x->arena);
}

static const char *encode_error(Arena *a, const Error *err)
{
    const char *params[] = { ENGINE_WHOLE_MESSAGE, err->message, NULL };
    const char *code = *err->code ? err->code : err->status == ST_CANCELLED ? "OPERATION_CANCELED" : ENGINE_NO_CLASS;
    return engine_error_encode(a, code, params);
}

/* ---------------------------------------------------------------- scalar functions */
static Status arguments(const Attached *x, duckdb_data_chunk input, struct ArrowSchema *schema, struct ArrowArray *array, Error *err)
{
    TRY(arrow_schema(x->args, "UTC", schema, err));
    if (ArrowArrayInitFromSchema(array, schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(array) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "start an Arrow batch for a function");
    idx_t rows = duckdb_data_chunk_get_size(input);
    TRY(arrow_append_columns(array, x->args, input, 1, rows, err));
    if (ArrowArrayFinishBuilding(array, NANOARROW_VALIDATION_LEVEL_NONE, NULL) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "finish an Arrow batch for a function");
    return ST_OK;
}

static Status results(const Attached *x, const struct ArrowArray *batch, idx_t rows, duckdb_vector output, Error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArrayView view;
    struct ArrowError why = { 0 };
    if (batch->length != (int64_t)rows)
        return FAIL(err, ST_RUNTIME, "a function gave %lld rows for %llu", (long long)batch->length, (unsigned long long)rows);
    TRY(arrow_schema(x->returns, "UTC", &schema, err));
    Status status = ST_OK;
    if (ArrowArrayViewInitFromSchema(&view, &schema, &why) != NANOARROW_OK)
        status = FAIL(err, ST_INTERNAL, "a function's column: %s", why.message);
    else if (ArrowArrayViewSetArray(&view, batch, &why) != NANOARROW_OK)
        status = FAIL(err, ST_RUNTIME, "a function gave a column of another type than it said: %s", why.message);
    else
        status = arrow_fill_vector(output, x->returns->fields[0].type, view.children[0], 0, (int64_t)rows, err);
    ArrowArrayViewReset(&view);
    ArrowSchemaRelease(&schema);
    return status;
}

static Status call(Engine *e, duckdb_data_chunk input, duckdb_vector output, Error *err)
{
    idx_t rows = duckdb_data_chunk_get_size(input);
    if (!rows)
        return ST_OK;
    const int64_t *ids = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0));
    const Attached *x = attached_find(e, ids[0]);
    if (!x)
        return FAIL(err, ST_INTERNAL, "no function %" PRId64, ids[0]);
    struct ArrowSchema schema = { 0 };
    struct ArrowArray args = { 0 }, batch = { 0 };
    Status status = arguments(x, input, &schema, &args, err);
    if (status == ST_OK)
        status = x->run(x->self, &schema, &args, &batch, err);
    if (status == ST_OK)
        status = results(x, &batch, rows, output, err);
    if (batch.release)
        ArrowArrayRelease(&batch);
    if (args.release)
        ArrowArrayRelease(&args);
    if (schema.release)
        ArrowSchemaRelease(&schema);
    return status;
}

static void run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    Error err = ERROR_INIT;
    if (call(duckdb_scalar_function_get_extra_info(info), input, output, &err) != ST_OK) {
        arena_auto *a = arena_new();
        duckdb_scalar_function_set_error(info, encode_error(a, &err));
    }
}

static Status register_function(EngineSession *s, const char *name, const Type *const *arg_types, size_t nargs, const Type *returns, Error *err)
{
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(f, name);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_scalar_function_add_parameter(f, number);
    duckdb_destroy_logical_type(&number);
    for (size_t i = 0; i < nargs; i++) {
        duckdb_logical_type type = engine_type(arg_types[i]);
        duckdb_scalar_function_add_parameter(f, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_logical_type type = engine_type(returns);
    duckdb_scalar_function_set_return_type(f, type);
    duckdb_destroy_logical_type(&type);
    duckdb_scalar_function_set_special_handling(f);
    duckdb_scalar_function_set_volatile(f);
    duckdb_scalar_function_set_extra_info(f, s->engine, NULL);
    duckdb_scalar_function_set_function(f, run);
    duckdb_state state = duckdb_register_scalar_function(s->connection, f);
    duckdb_destroy_scalar_function(&f);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register the function %s", name);
}

/* The number of the engine's function with this signature, registered at its first use. */
static Status signature(EngineSession *s, const Type *const *arg_types, size_t nargs, const Type *returns, int64_t *ret_number, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i <= nargs; i++) {
        type_json(i < nargs ? arg_types[i] : returns, &text);
        str_addc(&text, '\n');
    }
    Engine *e = s->engine;
    Status status = ST_OK;
    pthread_mutex_lock(&e->lock);
    struct Signature *known = e->signatures;
    while (known && strcmp(known->text, str_text(&text)) != 0)
        known = known->next;
    if (!known) {
        int64_t number = e->signatures ? e->signatures->number + 1 : 1;
        char name[64];
        snprintf(name, sizeof name, "weir_udf_%" PRId64, number);
        status = register_function(s, name, arg_types, nargs, returns, err);
        known = status == ST_OK ? calloc(1, sizeof *known) : NULL;
        if (known) {
            *known = (struct Signature){ .next = e->signatures, .text = strdup(str_text(&text)), .number = number };
            e->signatures = known;
        }
    }
    if (known)
        *ret_number = known->number;
    pthread_mutex_unlock(&e->lock);
    return status;
}

static const Type *numbered(Arena *a, const Type *const *types, size_t n)
{
    Field *fields = ARENA_ARRAY(a, Field, n + 1);
    for (size_t i = 0; i < n; i++)
        fields[i] = (Field){ .name = arena_printf(a, "_%zu", i), .type = types[i], .nullable = true };
    return type_struct(a, fields, n);
}

Status engine_attach_udf(EngineSession *s, Arena *a, const Type *const *arg_types, size_t nargs, const Type *returns, EngineUdf call_udf,
                         void *self, int64_t *ret_id, const char **ret_call, Error *err)
{
    int64_t number = 0;
    TRY(signature(s, arg_types, nargs, returns, &number, err));
    Arena *arena = arena_new();
    Attached *x = ARENA_NEW(arena, Attached);
    *x = (Attached){ .arena = arena, .args = numbered(arena, arg_types, nargs), .returns = numbered(arena, &returns, 1), .run = call_udf,
                     .self = self };
    attach(s->engine, x);
    *ret_id = x->id;
    *ret_call = arena_printf(a, "weir_udf_%" PRId64 "(%" PRId64, number, x->id);
    return ST_OK;
}

/* ---------------------------------------------------------------- relations */
void engine_attach_stream(EngineSession *s, Arena *a, const EngineStream *stream, int64_t *ret_id, const char **ret_from)
{
    Arena *arena = arena_new();
    Attached *x = ARENA_NEW(arena, Attached);
    *x = (Attached){ .arena = arena, .stream = *stream };
    attach(s->engine, x);
    *ret_id = x->id;
    *ret_from = arena_printf(a, "weir_stream(%" PRId64 ")", x->id);
}

/* One scan. */
typedef struct StreamScan {
    Attached *x;
    void *run;
    struct ArrowSchema schema;
    struct ArrowArrayView view;
    struct ArrowArray batch; /* the one that is being given out */
    int64_t at;              /* rows of it that were */
    bool done;
} StreamScan;

static void stream_bind(duckdb_bind_info info)
{
    duckdb_value value = duckdb_bind_get_parameter(info, 0);
    const Attached *x = attached_find(duckdb_bind_get_extra_info(info), duckdb_get_int64(value));
    duckdb_destroy_value(&value);
    if (!x || !x->stream.schema) {
        duckdb_bind_set_error(info, "no such stream");
        return;
    }
    for (size_t i = 0; i < x->stream.schema->nfields || i < 1; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%zu", i);
        duckdb_logical_type type = engine_type(x->stream.schema->nfields ? x->stream.schema->fields[i].type : &type_int);
        duckdb_bind_add_result_column(info, name, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_bind_data(info, (void *)(uintptr_t)x, NULL);
}

static void scan_free(void *p)
{
    StreamScan *s = p;
    if (s->batch.release)
        ArrowArrayRelease(&s->batch);
    ArrowArrayViewReset(&s->view);
    if (s->schema.release)
        ArrowSchemaRelease(&s->schema);
    if (s->run)
        s->x->stream.close(s->run);
    count_scan(s->x, -1); /* the last touch of it */
    free(s);
}

static void stream_init(duckdb_init_info info)
{
    StreamScan *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->x = duckdb_init_get_bind_data(info);
    count_scan(s->x, 1);
    ArrowArrayViewInitFromType(&s->view, NANOARROW_TYPE_UNINITIALIZED);
    duckdb_init_set_max_threads(info, 1);
    duckdb_init_set_init_data(info, s, scan_free);
    Error err = ERROR_INIT;
    Status status = arrow_schema(s->x->stream.schema, "UTC", &s->schema, &err);
    if (status == ST_OK && ArrowArrayViewInitFromSchema(&s->view, &s->schema, NULL) != NANOARROW_OK)
        status = FAIL(&err, ST_INTERNAL, "a stream's columns");
    if (status == ST_OK)
        status = s->x->stream.open(s->x->stream.self, &s->run, &err);
    if (status != ST_OK) {
        arena_auto *a = arena_new();
        duckdb_init_set_error(info, encode_error(a, &err));
    }
}

/* The next batch with rows into s->batch, or s->done. */
static Status stream_fetch(StreamScan *s, Error *err)
{
    while (!s->done && (!s->batch.release || s->at == s->batch.length)) {
        if (s->batch.release)
            ArrowArrayRelease(&s->batch);
        s->batch.release = NULL;
        s->at = 0;
        TRY(s->x->stream.next(s->run, &s->batch, &s->done, err));
        if (!s->done && ArrowArrayViewSetArray(&s->view, &s->batch, NULL) != NANOARROW_OK)
            return FAIL(err, ST_RUNTIME, "a function's rows have other types than it said");
    }
    return ST_OK;
}

static Status stream_fill(StreamScan *s, duckdb_data_chunk output, Error *err)
{
    TRY(stream_fetch(s, err));
    if (s->done) {
        duckdb_data_chunk_set_size(output, 0);
        return ST_OK;
    }
    int64_t most = (int64_t)duckdb_vector_size(), left = s->batch.length - s->at, count = left < most ? left : most;
    TRY(arrow_fill_chunk(output, s->x->stream.schema, &s->view, s->at, count, err));
    s->at += count;
    return ST_OK;
}

static void stream_run(duckdb_function_info info, duckdb_data_chunk output)
{
    Error err = ERROR_INIT;
    if (stream_fill(duckdb_function_get_init_data(info), output, &err) != ST_OK) {
        arena_auto *a = arena_new();
        duckdb_function_set_error(info, encode_error(a, &err));
    }
}

Status stream_function_register(Engine *e, duckdb_connection connection, Error *err)
{
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_table_function_set_name(f, "weir_stream");
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_add_parameter(f, number);
    duckdb_destroy_logical_type(&number);
    duckdb_table_function_set_extra_info(f, e, NULL);
    duckdb_table_function_set_bind(f, stream_bind);
    duckdb_table_function_set_init(f, stream_init);
    duckdb_table_function_set_function(f, stream_run);
    duckdb_state state = duckdb_register_table_function(connection, f);
    duckdb_destroy_table_function(&f);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register the function weir_stream");
}
