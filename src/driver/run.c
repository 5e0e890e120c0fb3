/* driver/run.c -- see run.h: binding, the engine, streaming results. */
#include "driver/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "driver/command.h"
#include "driver/proto.h"
#include "driver/python_source.h"
#include "driver/script.h"
#include "driver/udf.h"
#include "driver/uuid.h"
#include "ir/error_site.h"

#include <zstd.h>

enum { PLAN_MAX_BYTES = 512 * 1024 * 1024 }; /* spark.connect.maxPlanSize */

void run_init(Run *r, Driver *driver, Session *session, Execution *execution, Arena *arena)
{
    *r = (Run){ .driver = driver, .session = session, .execution = execution, .arena = arena, .now_us = clock_us(), .told_tasks = -1 };
    environment_init(r);
}

void run_phase(Run *r, RunPhase phase, int64_t *from_us)
{
    int64_t now_us = clock_us();
    r->phase_us[phase] += now_us - *from_us;
    *from_us = now_us;
}

/* With WEIR_LOG=debug: what bench/ takes its phases from. */
static void log_phases(const Run *r)
{
    const int64_t *us = r->phase_us;
    log_debug("run: %.3f ms: parse %.3f, bind %.3f (files %.3f), emit %.3f, start %.3f, fetch %.3f, encode %.3f, send %.3f",
              (double)(clock_us() - r->now_us) / 1e3, (double)us[RUN_PARSE] / 1e3, (double)us[RUN_BIND] / 1e3, (double)us[RUN_FILES] / 1e3, (double)us[RUN_EMIT] / 1e3,
              (double)us[RUN_START] / 1e3, (double)us[RUN_FETCH] / 1e3, (double)us[RUN_ENCODE] / 1e3, (double)us[RUN_SEND] / 1e3);
}

static void interrupt_run(void *run)
{
    Run *r = run;
    engine_interrupt(r->engine);
    udf_run_cancel(r->udfs);
}

static void drop_tables(Run *r)
{
    Error ignored = ERROR_INIT;
    for (size_t i = 0; i < r->tables.len; i++)
        engine_drop(r->engine, r->tables.at[i], &ignored);
}

void run_child(Run *child, const Run *parent, Arena *arena)
{
    *child = (Run){ .driver = parent->driver, .session = parent->session, .execution = parent->execution, .arena = arena,
                    .query = parent->query, .engine = parent->engine, .udfs = parent->udfs, .now_us = clock_us(),
                    .chunk_bytes = parent->chunk_bytes, .script = parent->script };
    environment_init(child);
}

void run_child_done(Run *child)
{
    drop_tables(child);
}

/* The common fields of a response; its id. */
static void address(const Run *r, Spark__Connect__ExecutePlanResponse *response, char id[static UUID_TEXT_BYTES])
{
    uuid_new(id);
    response->session_id = r->session->id;
    response->server_side_session_id = r->session->server_id;
    response->operation_id = (char *)(uintptr_t)execution_id(r->execution);
    response->response_id = id;
}

/* The engine knows a share of its work: one stage of so many tasks, whose bytes are that share of the files' sizes. */
static RpcBuffer *report_progress(void *run, char ret_id[static UUID_TEXT_BYTES])
{
    enum { TASKS = 100 };
    Run *r = run;
    EngineProgress p = engine_progress(r->engine);
    int64_t done = p.percent < 0 ? 0 : p.percent > (double)TASKS ? TASKS : (int64_t)p.percent;
    if (done == r->told_tasks)
        return NULL;
    r->told_tasks = done;
    Spark__Connect__ExecutePlanResponse__ExecutionProgress__StageInfo stage = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__EXECUTION_PROGRESS__STAGE_INFO__INIT;
    Spark__Connect__ExecutePlanResponse__ExecutionProgress__StageInfo *stages[] = { &stage };
    Spark__Connect__ExecutePlanResponse__ExecutionProgress progress = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__EXECUTION_PROGRESS__INIT;
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    stage.has_stage_id = stage.has_num_tasks = stage.has_num_completed_tasks = stage.has_input_bytes_read = stage.has_done = true;
    stage.num_tasks = TASKS;
    stage.num_completed_tasks = done;
    stage.input_bytes_read = (int64_t)((double)atomic_load(&r->input_bytes) * (double)done / (double)TASKS);
    stage.done = done == TASKS;
    progress.n_stages = 1;
    progress.stages = stages;
    progress.has_num_inflight_tasks = true;
    progress.num_inflight_tasks = driver_cores(r->driver);
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_EXECUTION_PROGRESS;
    response.execution_progress = &progress;
    address(r, &response, ret_id);
    return proto_pack(&response);
}

void run_done(Run *r)
{
    if (r->execution)
        execution_set_hooks(r->execution, NULL);
    udf_run_end(r->udfs);
    r->udfs = NULL;
    drop_tables(r);
    engine_session_close(r->engine);
    r->engine = NULL;
    if (r->execution)
        log_phases(r);
}

const char *run_conf(Run *r, const char *key)
{
    const char *kept = r->conf_scope ? pairs_get(r->conf_scope, key) : NULL; /* only what is captured is there */
    if (kept)
        return kept;
    const char *value = session_conf(r->session, r->arena, key);
    if (!r->conf_scope)
        return value;
    const char *absent = conf_get(NULL, key);
    return str_eq(value, absent) || !conf_is_captured(key) ? value : absent;
}

const KeyValueList *run_conf_scope(void *run, const KeyValueList *conf)
{
    Run *r = run;
    const KeyValueList *before = r->conf_scope;
    r->conf_scope = conf;
    return before;
}

Status run_engine(Run *r, EngineSession **ret_engine, Error *err)
{
    if (!r->engine) {
        TRY(engine_session(driver_engine(r->driver), &r->engine, err));
        r->udfs = udf_run_new(r);
        if (!r->udfs)
            return FAIL(err, ST_IO, "make an event descriptor");
        if (r->execution)
            execution_set_hooks(r->execution, &(ExecutionHooks){ .interrupt = interrupt_run, .progress = report_progress, .arg = r });
    }
    *ret_engine = r->engine;
    return ST_OK;
}

static Status cannot_parse(const char *why, Error *err)
{
    FAIL_CODE(err, ST_INVALID, "CONNECT_INVALID_PLAN.CANNOT_PARSE",
              "The Spark Connect plan is invalid. Cannot decompress or parse the input plan (%s)\nThis may be caused by a corrupted "
              "compressed plan.\nTo disable plan compression, set 'spark.connect.session.planCompression.threshold' to -1.", why);
    memcpy(err->sqlstate, "56K00", 6);
    error_param(err, "errorMsg", why);
    return ST_INVALID;
}

Status run_unpack(Run *r, const Spark__Connect__Plan *plan, const Spark__Connect__Plan **ret_plan, Error *err)
{
    if (!plan)
        return FAIL(err, ST_INVALID, "the request has no plan");
    if (plan->op_type_case != SPARK__CONNECT__PLAN__OP_TYPE_COMPRESSED_OPERATION) {
        *ret_plan = plan;
        return ST_OK;
    }
    const Spark__Connect__Plan__CompressedOperation *c = plan->compressed_operation;
    if (c->compression_codec != SPARK__CONNECT__COMPRESSION_CODEC__COMPRESSION_CODEC_ZSTD)
        return cannot_parse("the codec is not zstd", err);
    unsigned long long size = ZSTD_getFrameContentSize(c->data.data, c->data.len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > PLAN_MAX_BYTES)
        return cannot_parse("no size, or one above the limit of 512 MiB", err);
    uint8_t *bytes = arena_alloc(r->arena, (size_t)size + 1);
    size_t n = ZSTD_decompress(bytes, (size_t)size, c->data.data, c->data.len);
    if (ZSTD_isError(n) || n != size)
        return cannot_parse("the compressed bytes are damaged", err);
    bool command = c->op_type == SPARK__CONNECT__PLAN__COMPRESSED_OPERATION__OP_TYPE__OP_TYPE_COMMAND;
    Spark__Connect__Plan *whole = ARENA_NEW(r->arena, Spark__Connect__Plan);
    spark__connect__plan__init(whole);
    View view = { (const char *)bytes, n };
    void *message = NULL;
    Status status = proto_unpack(r->arena, command ? &spark__connect__command__descriptor : &spark__connect__relation__descriptor, view,
                                 &message, err);
    if (status != ST_OK)
        return err->code[0] ? status : cannot_parse("the bytes are no plan", err);
    whole->op_type_case = command ? SPARK__CONNECT__PLAN__OP_TYPE_COMMAND : SPARK__CONNECT__PLAN__OP_TYPE_ROOT;
    if (command)
        whole->command = message;
    else
        whole->root = message;
    *ret_plan = whole;
    return ST_OK;
}

Status run_bind_node(Run *r, Node *unbound, Node **ret_bound, Error *err)
{
    int64_t at_us = clock_us();
    Status status = bind_plan(r->arena, &r->env, unbound, ret_bound, err);
    run_phase(r, RUN_BIND, &at_us);
    return status;
}

Status run_bind(Run *r, const Spark__Connect__Relation *relation, Node **ret_bound, Error *err)
{
    Node *unbound;
    TRY(connect_relation(r->arena, &r->connect, relation, &unbound, err));
    return run_bind_node(r, unbound, ret_bound, err);
}

static const char *conf_callback(void *run, const char *key)
{
    return run_conf(run, key);
}

/* The engine's table of a local or cached relation. */
static Status relation_callback(void *run, Arena *a, const Node *n, const char **ret_table, Error *err)
{
    Run *r = run;
    if (node_is(CachedRelation, n)) {
        *ret_table = node_as(CachedRelation, n)->key;
        return ST_OK;
    }
    const LocalRelation *local = node_as(LocalRelation, n);
    char id[UUID_TEXT_BYTES];
    uuid_new(id);
    const char *name = arena_printf(a, "local_%.8s%.4s%.4s", id, id + 9, id + 14);
    Field *fields = ARENA_ARRAY(a, Field, n->schema->len + 1);
    for (size_t i = 0; i < n->schema->len; i++)
        fields[i] = (Field){ .name = n->schema->at[i].name, .type = n->schema->at[i].type, .nullable = n->schema->at[i].nullable };
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    TRY(engine_register_ipc(engine, name, type_struct(a, fields, n->schema->len), local->arrow, (size_t)local->arrow_bytes, err));
    vec_push(r->arena, &r->tables, name);
    *ret_table = name;
    return ST_OK;
}

static Status parser_callback(void *self, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function,
                              Error *err)
{
    Run *r = self;
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    return engine_register_parser(engine, a, format, to, options, run_conf(r, "spark.sql.session.timeZone"), ret_function, err);
}

EmitOptions run_emit_options(Run *r)
{
    session_lock(r->session);
    const char *database = arena_str(r->arena, r->session->database), *catalog = arena_str(r->arena, r->session->catalog);
    session_unlock(r->session);
    const char *ansi = run_conf(r, "spark.sql.ansi.enabled");
    return (EmitOptions){ .time_zone = run_conf(r, "spark.sql.session.timeZone"), .ansi = !ansi || str_ieq(ansi, "true"),
                          .now_us = r->now_us, .user = r->session->user, .catalog = catalog, .database = database,
                          .conf = conf_callback, .conf_scope = run_conf_scope, .relation = relation_callback, .parser = parser_callback, .udf = udf_function,
                          .python = udf_stage, .python_read = python_source_plan, .script = udf_shell, .self = r };
}

static Status emit(Run *r, const Node *bound, bool shown, const char **ret_sql, Error *err)
{
    enum { SQL_MAX_BYTES = 256 * 1024 * 1024 };
    TRY(run_prepare(r, bound, &bound, err));
    EmitOptions options = run_emit_options(r);
    options.shown = shown;
    str_auto sql = STR_INIT(SQL_MAX_BYTES);
    TRY(emit_plan(r->arena, &options, bound, &sql, err));
    if (sql.overflow)
        return FAIL(err, ST_LIMIT, "the plan is too large");
    *ret_sql = str_arena(&sql, r->arena);
    return ST_OK;
}

enum { BATCH_BYTES = 2800 * 1024, BATCH_ROWS = 256 * 1024 }; /* Spark: 70 % of spark.connect.grpc.arrow.maxBatchSize */

/* Spark's own 10,000 is a number of the JVM's: a client takes larger batches at half the cost. What was set is kept to. */
static int64_t batch_rows(Run *r)
{
    int64_t rows;
    session_lock(r->session);
    const char *set = conf_get_explicit(r->session->conf, "spark.sql.execution.arrow.maxRecordsPerBatch");
    bool valid = set && str_to_i64(set, &rows) && rows > 0;
    session_unlock(r->session);
    return valid ? rows : BATCH_ROWS;
}

static bool is_interrupted(void *run)
{
    const Run *r = run;
    return r->execution && execution_is_interrupted(r->execution);
}

/* Another query may have all of the memory for a moment. Spark's tasks wait for their share (ExecutionMemoryPool); a query that was
 * refused as soon as it began, and has done nothing yet that cannot be done again, waits and asks again. One that took the memory
 * itself needs longer to be refused. */
static Status query_engine(Run *r, EngineSession *engine, const char *sql, const EngineOutput *output, EngineResult **ret_result, Error *err)
{
    enum { TRIES = 6, SOON_US = 1000000, PAUSE_MS = 100 };
    for (int i = 1;; i++) {
        int64_t began_us = clock_us();
        Error own = ERROR_INIT;
        Status status = engine_query(engine, sql, output, ret_result, &own);
        bool again = status != ST_OK && str_eq(own.code, "UNABLE_TO_ACQUIRE_MEMORY") && clock_us() - began_us < SOON_US &&
                     !udf_run_is_used(r->udfs) && i < TRIES && !is_interrupted(r);
        if (!again) {
            if (status != ST_OK && err)
                *err = own;
            return status;
        }
        log_debug("memory is taken: the query asks again");
        nanosleep(&(struct timespec){ .tv_nsec = (long)i * PAUSE_MS * 1000000 }, NULL);
    }
}

Status run_start(Run *r, const Node *bound, EngineResult **ret_result, Error *err)
{
    const char *sql;
    int64_t at_us = clock_us();
    TRY(emit(r, bound, r->shown, &sql, err));
    run_phase(r, RUN_EMIT, &at_us);
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    EngineOutput output = { .schema = bind_schema_type(r->arena, bound), .time_zone = run_conf(r, "spark.sql.session.timeZone"),
                            .batch_rows = batch_rows(r), .batch_bytes = BATCH_BYTES, .is_interrupted = is_interrupted, .arg = r };
    if (r->execution && execution_is_interrupted(r->execution))
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    Status status = query_engine(r, engine, sql, &output, ret_result, err);
    run_phase(r, RUN_START, &at_us);
    if (status != ST_OK)
        error_site(r->arena, bound, err);
    return status;
}

Status run_materialize(Run *r, const Node *bound, const char *name, Error *err)
{
    const char *sql;
    TRY(emit(r, bound, false, &sql, err));
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    Status status = engine_register_query(engine, name, sql, bind_schema_type(r->arena, bound), err);
    if (status != ST_OK)
        error_site(r->arena, bound, err);
    return status;
}

static Status take_empty(const struct ArrowSchema *schema, RunTake take, void *arg, Error *err)
{
    struct ArrowArray empty = { 0 };
    if (ArrowArrayInitFromSchema(&empty, schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(&empty) != NANOARROW_OK ||
        ArrowArrayFinishBuildingDefault(&empty, NULL) != NANOARROW_OK) {
        if (empty.release)
            ArrowArrayRelease(&empty);
        return FAIL(err, ST_INTERNAL, "Arrow: cannot build an empty batch");
    }
    Status status = take(arg, schema, &empty, err);
    ArrowArrayRelease(&empty);
    return status;
}

/* or_empty: at least one batch, so that its taker knows the columns. */
static Status each_batch(Run *r, EngineResult *result, const struct ArrowSchema *schema, bool or_empty, RunTake take, void *arg, Error *err)
{
    for (bool first = true;; first = false) {
        struct ArrowArray batch = { 0 };
        bool done = false;
        int64_t at_us = clock_us();
        TRY(engine_result_next(result, &batch, &done, err));
        run_phase(r, RUN_FETCH, &at_us);
        if (done)
            return first && or_empty ? take_empty(schema, take, arg, err) : ST_OK;
        Status status = take(arg, schema, &batch, err);
        if (batch.release)
            batch.release(&batch);
        if (status != ST_OK)
            return status;
    }
}

static Status each(Run *r, const Node *bound, bool or_empty, RunTake take, void *arg, Error *err)
{
    engine_result_auto *result = NULL;
    TRY(run_start(r, bound, &result, err));
    struct ArrowSchema schema = { 0 };
    TRY(engine_result_schema(result, &schema, err));
    Status status = each_batch(r, result, &schema, or_empty, take, arg, err);
    if (status != ST_OK)
        error_site(r->arena, bound, err);
    if (schema.release)
        schema.release(&schema);
    return status;
}

Status run_each(Run *r, const Node *bound, RunTake take, void *arg, Error *err)
{
    return each(r, bound, false, take, arg, err);
}

Status run_each_or_empty(Run *r, const Node *bound, RunTake take, void *arg, Error *err)
{
    return each(r, bound, true, take, arg, err);
}

static Spark__Connect__ExecutePlanResponse__Metrics *row_metrics(Arena *a, int64_t rows)
{
    typedef Spark__Connect__ExecutePlanResponse__Metrics Metrics;
    typedef Spark__Connect__ExecutePlanResponse__Metrics__MetricObject MetricObject;
    typedef Spark__Connect__ExecutePlanResponse__Metrics__MetricObject__ExecutionMetricsEntry MetricEntry;
    typedef Spark__Connect__ExecutePlanResponse__Metrics__MetricValue MetricValue;
    MetricValue *value = ARENA_NEW(a, MetricValue);
    spark__connect__execute_plan_response__metrics__metric_value__init(value);
    value->name = arena_str(a, "number of output rows");
    value->metric_type = arena_str(a, "sum");
    value->has_value = true;
    value->value = rows;
    MetricEntry *entry = ARENA_NEW(a, MetricEntry);
    spark__connect__execute_plan_response__metrics__metric_object__execution_metrics_entry__init(entry);
    entry->key = arena_str(a, "numOutputRows");
    entry->value = value;
    MetricObject *object = ARENA_NEW(a, MetricObject);
    spark__connect__execute_plan_response__metrics__metric_object__init(object);
    object->name = arena_str(a, "Result");
    object->has_plan_id = object->has_parent = true;
    object->n_execution_metrics = 1;
    object->execution_metrics = arena_copy(a, &entry, sizeof entry);
    Metrics *metrics = ARENA_NEW(a, Metrics);
    spark__connect__execute_plan_response__metrics__init(metrics);
    metrics->n_metrics = 1;
    metrics->metrics = arena_copy(a, &object, sizeof object);
    return metrics;
}

Status run_respond(Run *r, Spark__Connect__ExecutePlanResponse *response, Error *err)
{
    if (!r->execution)
        return ST_OK;
    char id[UUID_TEXT_BYTES];
    address(r, response, id);
    if (r->next_schema)
        response->schema = connect_type_message(r->arena, r->next_schema);
    if (r->rows_known)
        response->metrics = row_metrics(r->arena, r->rows);
    r->next_schema = NULL;
    r->rows_known = false;
    return execution_respond(r->execution, id, proto_pack(response), r->ending, err);
}

Status run_respond_batch(Run *r, const struct ArrowBuffer *stream, int64_t rows, int64_t start_offset, Error *err)
{
    int64_t size = stream->size_bytes, chunk = r->chunk_bytes > 0 && r->chunk_bytes < size ? r->chunk_bytes : size;
    int64_t chunks = (size + chunk - 1) / chunk;
    for (int64_t i = 0; i < chunks; i++) {
        Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
        Spark__Connect__ExecutePlanResponse__ArrowBatch batch = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__ARROW_BATCH__INIT;
        int64_t from = i * chunk, n = size - from < chunk ? size - from : chunk;
        batch.has_row_count = batch.has_data = batch.has_start_offset = true;
        batch.row_count = rows;
        batch.start_offset = start_offset;
        batch.data = (ProtobufCBinaryData){ (size_t)n, stream->data + from };
        if (chunks > 1) {
            batch.has_chunk_index = batch.has_num_chunks_in_batch = true;
            batch.chunk_index = i;
            batch.num_chunks_in_batch = chunks;
        }
        response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ARROW_BATCH;
        response.arrow_batch = &batch;
        TRY(run_respond(r, &response, err));
    }
    return ST_OK;
}

Status run_respond_rows(Run *r, const Rows *rows, Error *err)
{
    struct ArrowBuffer stream;
    ArrowBufferInit(&stream);
    r->next_schema = rows->schema;
    r->ending = true;
    Status status = arrow_encode_rows(rows, &stream, err);
    if (status == ST_OK)
        status = run_respond_batch(r, &stream, (int64_t)rows->at.len, 0, err);
    ArrowBufferReset(&stream);
    return status;
}

typedef struct Sender {
    Run *run;
    const EngineResult *result;
    int64_t rows;
    bool counted; /* the number of rows is told */
} Sender;

/* The next response is the last one of the rows. */
static void expect_end(Sender *s, int64_t rows)
{
    s->counted = s->run->rows_known = true;
    s->run->rows = rows;
    s->run->ending = !s->run->observed.len && !udf_run_profiles(s->run->udfs); /* those follow, and take a while */
}

static Status send_batch(void *arg, const struct ArrowSchema *schema, const struct ArrowArray *batch, Error *err)
{
    Sender *s = arg;
    struct ArrowBuffer stream;
    ArrowBufferInit(&stream);
    int64_t at_us = clock_us();
    Status status = arrow_encode(schema, batch, &stream, err);
    run_phase(s->run, RUN_ENCODE, &at_us);
    if (engine_result_ended(s->result))
        expect_end(s, s->rows + batch->length);
    if (status == ST_OK)
        status = run_respond_batch(s->run, &stream, batch->length, s->rows, err);
    run_phase(s->run, RUN_SEND, &at_us);
    s->rows += batch->length;
    ArrowBufferReset(&stream);
    return status;
}

static Status respond_query(Run *r, const Node *bound, Error *err)
{
    engine_result_auto *result = NULL;
    r->shown = true;
    Status started = run_start(r, bound, &result, err);
    r->shown = false;
    TRY(started);
    struct ArrowSchema schema = { 0 };
    TRY(engine_result_schema(result, &schema, err));
    r->next_schema = bind_schema_type(r->arena, bound);
    Sender sender = { .run = r, .result = result };
    Status status = each_batch(r, result, &schema, true, send_batch, &sender, err); /* Spark always sends a batch */
    if (schema.release)
        schema.release(&schema);
    if (status != ST_OK || sender.counted)
        return status;
    expect_end(&sender, sender.rows);
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    return run_respond(r, &response, err);
}

/* The rows of a relation that the driver answers itself; *ret_rows stays NULL for the others. */
static Status special(Run *r, const Spark__Connect__Relation *root, Rows **ret_rows, Error *err)
{
    switch (root->rel_type_case) {
    case SPARK__CONNECT__RELATION__REL_TYPE_SHOW_STRING:
        return show_string(r, root->show_string, ret_rows, err);
    case SPARK__CONNECT__RELATION__REL_TYPE_HTML_STRING:
        return show_html(r, root->html_string, ret_rows, err);
    case SPARK__CONNECT__RELATION__REL_TYPE_CATALOG:
        return catalog_relation(r, root->catalog, ret_rows, err);
    default:
        return ST_OK;
    }
}

Status run_schema(Run *r, const Spark__Connect__Relation *relation, const Type **ret_schema, Error *err)
{
    Rows *rows = NULL;
    TRY(special(r, relation, &rows, err));
    if (rows) {
        *ret_schema = rows->schema;
        return ST_OK;
    }
    Node *bound;
    TRY(run_bind(r, relation, &bound, err));
    *ret_schema = bind_schema_type(r->arena, bound);
    return ST_OK;
}

static Status run_root(Run *r, const Spark__Connect__Relation *root, Error *err)
{
    Rows *rows = NULL;
    TRY(special(r, root, &rows, err));
    if (rows)
        return run_respond_rows(r, rows, err);
    Node *unbound, *bound;
    TRY(connect_relation(r->arena, &r->connect, root, &unbound, err));
    if (node_is(CompoundBody, unbound))
        return script_respond_rows(r, unbound, err);
    if (command_is(unbound)) { /* SQL text that is a command, as a relation */
        TRY(command_run(r, unbound, &rows, err));
        return run_respond_rows(r, rows, err);
    }
    TRY(run_bind_node(r, unbound, &bound, err));
    return respond_query(r, bound, err);
}

Status run_plan(Run *r, const Spark__Connect__Plan *plan, Error *err)
{
    const Spark__Connect__Plan *whole;
    TRY(run_unpack(r, plan, &whole, err));
    if (whole->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_ROOT)
        TRY(run_root(r, whole->root, err));
    else if (whole->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_COMMAND)
        TRY(command_message(r, whole->command, err));
    else
        return FAIL(err, ST_INVALID, "the plan has neither a relation nor a command");
    TRY(udf_run_respond(r->udfs, err));
    return observe_respond(r, err);
}
