/* driver/udf_ask.c -- see udf_ask.h. */
#include "driver/udf_ask.h"

#include "base/str.h"
#include "driver/udf_internal.h"

#include <stdlib.h>

typedef struct Taking {
    Arena *a;
    UdfBatches *batches;
    int64_t rows;
} Taking;

static Status take(void *arg, const struct ArrowSchema *schema, const struct ArrowArray *batch, Error *err)
{
    Taking *t = arg;
    struct ArrowBuffer bytes;
    ArrowBufferInit(&bytes);
    Status status = arrow_encode(schema, batch, &bytes, err);
    if (status != ST_OK) {
        ArrowBufferReset(&bytes);
        return status;
    }
    vec_push(t->a, t->batches, bytes);
    t->rows += batch->length;
    return ST_OK;
}

static Status read_all(EngineResult *result, const struct ArrowSchema *schema, Taking *t, Error *err)
{
    for (bool done = false; !done;) {
        struct ArrowArray batch = { 0 };
        TRY(engine_result_next(result, &batch, &done, err));
        if (done)
            break;
        Status status = take(t, schema, &batch, err);
        batch.release(&batch);
        TRY(status);
    }
    return ST_OK;
}

Status udf_batches_of_sql(Run *r, const char *sql, const Type *schema, UdfBatches *batches, Error *err)
{
    EngineSession *engine;
    engine_result_auto *result = NULL;
    struct ArrowSchema arrow = { 0 };
    Taking t = { r->arena, batches, 0 };
    EngineOutput output = { .schema = schema };
    TRY(run_engine(r, &engine, err));
    TRY(engine_query(engine, sql, &output, &result, err));
    TRY(engine_result_schema(result, &arrow, err));
    Status status = read_all(result, &arrow, &t, err);
    arrow.release(&arrow);
    return status;
}

Status udf_batches_of_plan(Run *r, const Node *bound, UdfBatches *batches, int64_t *ret_rows, Error *err)
{
    Taking t = { r->arena, batches, 0 };
    TRY(run_each(r, bound, take, &t, err));
    *ret_rows = t.rows;
    return ST_OK;
}

void udf_batches_done(UdfBatches *batches)
{
    for (size_t i = 0; i < batches->len; i++)
        ArrowBufferReset(&batches->at[i]);
    batches->len = 0;
}

static Status queue_question(Arena *a, UdfWorker *w, json_t *task, const char *command, const UdfBatches *batches, Error *err)
{
    void *pickle = NULL;
    size_t n = 0;
    if (!command || !base64_decode(a, command, &pickle, &n))
        return FAIL(err, ST_INVALID, "a Python class without its pickle");
    char *text = json_dumps(task, JSON_COMPACT);
    if (!text)
        return FAIL(err, ST_INVALID, "a text for a Python worker is no UTF-8");
    udf_worker_queue(w, 'T', text, strlen(text));
    free(text);
    udf_worker_queue(w, 'C', pickle, n);
    struct ArrowSchema schema = { 0 };
    struct ArrowBuffer bytes;
    TRY(engine_arrow_schema(type_struct(a, NULL, 0), &schema, err)); /* what ends the commands; the batches have their own */
    ArrowBufferInit(&bytes);
    Status status = arrow_encode(&schema, NULL, &bytes, err);
    schema.release(&schema);
    if (status == ST_OK)
        udf_worker_queue(w, 'S', bytes.data, (size_t)bytes.size_bytes);
    ArrowBufferReset(&bytes);
    TRY(status);
    for (size_t i = 0; batches && i < batches->len; i++)
        udf_worker_queue(w, 'B', batches->at[i].data, (size_t)batches->at[i].size_bytes);
    udf_worker_queue(w, 'E', NULL, 0);
    return ST_OK;
}

static Status converse(Run *r, UdfWorker *w, json_t *task, const char *command, const UdfBatches *batches, json_t **ret_answer, Error *err)
{
    arena_auto *a = arena_new();
    UdfFrame frame = { 0 };
    TRY(queue_question(a, w, task, command, batches, err));
    TRY(udf_worker_ask(w, r->udfs->wake_fd, &frame, err));
    if (frame.kind == 'X')
        return udf_worker_exception(&frame, err);
    json_t *answer = frame.kind == 'R' ? json_loadb((const char *)frame.payload, frame.bytes, 0, NULL) : NULL;
    if (!answer)
        return FAIL(err, ST_IO, "a Python worker gave no answer");
    Status status = udf_worker_ask(w, r->udfs->wake_fd, &frame, err);
    if (status != ST_OK || frame.kind != 'D') {
        json_decref(answer);
        return status != ST_OK ? status : FAIL(err, ST_IO, "a Python worker did not end its answer");
    }
    *ret_answer = answer;
    return ST_OK;
}

Status udf_ask(Run *r, json_t *task, const char *command, const char *python_version, const UdfBatches *batches, json_t **ret_answer, Error *err)
{
    EngineSession *engine; /* its opening makes the run's functions */
    UdfWorker *w = NULL;
    Status status = run_engine(r, &engine, err);
    if (status == ST_OK)
        status = udf_worker_take(r->udfs->pool, r->udfs->session, &w, err);
    if (status == ST_OK) {
        json_object_set_new(task, "kind", json_string("ask"));
        json_object_set_new(task, "partition", json_integer(0));
        json_object_set_new(task, "conf", udf_conf(r));
        json_object_set_new(task, "path", udf_path(r->arena, r));
        if (python_version)
            json_object_set_new(task, "python_version", json_string(python_version));
        status = converse(r, w, task, command, batches, ret_answer, err);
        udf_worker_give(r->udfs->pool, w, status == ST_OK);
    }
    json_decref(task);
    return status;
}

const char *udf_refused(Arena *a, const json_t *answer)
{
    enum { MOST = ERROR_PARAMS_BYTES - 256 }; /* beside the words of the condition; parameters are kept as long */
    const char *text = json_string_value(json_object_get(answer, "refused"));
    return text ? udf_shortened(a, arena_str(a, text), MOST) : NULL;
}
