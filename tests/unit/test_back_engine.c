/* The engine: queries as Arrow batches of Spark's types, errors as Spark's classes, registered rows, interrupts, walls. */
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    Engine *engine;
    EngineSession *session;
    Arena *a;
} Fixture;

static int set_up(void **state)
{
    static Fixture f;
    Error err = ERROR_INIT;
    EngineOptions options = { .threads = 2, .confined = true };
    f.a = arena_new();
    assert_int_equal(engine_open(&options, &f.engine, &err), ST_OK);
    assert_int_equal(engine_session(f.engine, &f.session, &err), ST_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;
    engine_session_close(f->session);
    engine_close(f->engine);
    arena_free(f->a);
    return 0;
}

static const Type *one(Fixture *f, const Type *t)
{
    Field *field = ARENA_NEW(f->a, Field);
    *field = (Field){ .name = "x", .type = t, .nullable = true };
    return type_struct(f->a, field, 1);
}

/* The only batch of a query; the caller releases both. */
static void only_batch(Fixture *f, const char *sql, const Type *schema, const char *zone, struct ArrowArray *batch, struct ArrowSchema *arrow)
{
    Error err = ERROR_INIT;
    engine_result_auto *r = NULL;
    EngineOutput output = { .schema = schema, .time_zone = zone, .batch_rows = 100000 };
    bool done = false;
    assert_int_equal(engine_query(f->session, sql, &output, &r, &err), ST_OK);
    assert_int_equal(engine_result_schema(r, arrow, &err), ST_OK);
    assert_int_equal(engine_result_next(r, batch, &done, &err), ST_OK);
    assert_false(done);
}

static void timestamps_carry_the_sessions_zone(void **state)
{
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    Fixture *f = *state;
    only_batch(f, "SELECT make_timestamp(1::BIGINT)", one(f, &type_timestamp), "America/Los_Angeles", &batch, &arrow);
    assert_string_equal(arrow.children[0]->format, "tsu:America/Los_Angeles");
    assert_int_equal(*(const int64_t *)batch.children[0]->buffers[1], 1);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

static void short_decimals_are_128_bits(void **state)
{
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    Fixture *f = *state;
    only_batch(f, "SELECT (-1.5)::DECIMAL(4,2)", one(f, type_decimal(f->a, 4, 2)), NULL, &batch, &arrow);
    assert_string_equal(arrow.children[0]->format, "d:4,2");
    const int64_t *words = batch.children[0]->buffers[1];
    assert_int_equal(words[0], -150);
    assert_int_equal(words[1], -1);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

static void lists_keep_their_nulls(void **state)
{
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    struct ArrowArrayView view;
    Fixture *f = *state;
    only_batch(f, "SELECT unnest([['a', NULL, 'ccc'], NULL, []])", one(f, type_array(f->a, &type_string, true)), NULL, &batch, &arrow);
    assert_int_equal(batch.length, 3);
    assert_int_equal(ArrowArrayViewInitFromSchema(&view, &arrow, NULL), NANOARROW_OK);
    assert_int_equal(ArrowArrayViewSetArray(&view, &batch, NULL), NANOARROW_OK);
    const struct ArrowArrayView *list = view.children[0], *items = list->children[0];
    assert_true(ArrowArrayViewIsNull(list, 1));
    assert_int_equal(ArrowArrayViewListChildOffset(list, 1), 3);
    assert_true(ArrowArrayViewIsNull(items, 1));
    assert_int_equal(ArrowArrayViewGetStringUnsafe(items, 2).size_bytes, 3);
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

static void batches_are_gathered_to_their_size(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    engine_result_auto *r = NULL;
    EngineOutput output = { .schema = one(f, &type_long), .batch_rows = 5000 };
    int64_t rows = 0, batches = 0;
    assert_int_equal(engine_query(f->session, "SELECT range FROM range(20000)", &output, &r, &err), ST_OK);
    for (bool done = false;;) {
        struct ArrowArray batch = { 0 };
        assert_int_equal(engine_result_next(r, &batch, &done, &err), ST_OK);
        if (done)
            break;
        assert_true(batch.length <= 5000 && batch.length > 2048);
        assert_int_equal(((const int64_t *)batch.children[0]->buffers[1])[0], rows);
        rows += batch.length;
        batches++;
        ArrowArrayRelease(&batch);
    }
    assert_int_equal(rows, 20000);
    assert_int_equal(engine_result_rows(r), 20000);
    assert_true(batches >= 4 && batches <= 6);
}

static Status run(Fixture *f, const char *sql, Error *err)
{
    *err = ERROR_INIT;
    return engine_execute(f->session, sql, NULL, err);
}

static void errors_are_sparks(void **state)
{
    Error err;
    assert_int_equal(run(*state, "SELECT spark_text_int('x', 1)", &err), ST_RUNTIME);
    assert_string_equal(err.code, "CAST_INVALID_INPUT");
    assert_string_equal(err.sqlstate, "22018");
    assert_string_equal(error_param_get(&err, "expression"), "'x'");
    assert_int_equal(run(*state, "SELECT spark_divide(1, 0, 1)", &err), ST_RUNTIME);
    assert_string_equal(err.code, "DIVIDE_BY_ZERO");
    assert_int_equal(run(*state, "SELECT 2147483647::INTEGER + 1::INTEGER", &err), ST_RUNTIME);
    assert_string_equal(err.code, "ARITHMETIC_OVERFLOW");
    assert_int_equal(run(*state, "SELECT 300::SMALLINT::TINYINT", &err), ST_RUNTIME);
    assert_string_equal(err.code, "CAST_OVERFLOW");
    assert_string_equal(error_param_get(&err, "targetType"), "\"TINYINT\"");
}

static void a_confined_engine_sees_no_files(void **state)
{
    Error err;
    assert_int_not_equal(run(*state, "SELECT * FROM read_csv('/etc/passwd')", &err), ST_OK);
    assert_int_not_equal(run(*state, "COPY (SELECT 1) TO '/tmp/weir_test_escape.csv'", &err), ST_OK);
    assert_int_not_equal(run(*state, "ATTACH '/tmp/weir_test_escape.db'", &err), ST_OK);
    assert_int_not_equal(run(*state, "SET enable_external_access=true", &err), ST_OK);
}

static void a_querys_rows_become_a_table(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    assert_int_equal(engine_register_query(f->session, "kept \"1\"", "SELECT 7::BIGINT AS c9", one(f, &type_long), &err), ST_OK);
    only_batch(f, "SELECT c0 FROM \"kept \"\"1\"\"\"", one(f, &type_long), NULL, &batch, &arrow);
    assert_int_equal(*(const int64_t *)batch.children[0]->buffers[1], 7);
    assert_int_equal(engine_drop(f->session, "kept \"1\"", &err), ST_OK);
    assert_int_not_equal(run(f, "SELECT * FROM \"kept \"\"1\"\"\"", &err), ST_OK);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

/* A result's batches, written as an IPC stream. */
static void to_ipc(Fixture *f, const char *sql, const Type *schema, struct ArrowBuffer *out)
{
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    struct ArrowIpcOutputStream stream;
    struct ArrowIpcWriter writer;
    struct ArrowArrayView view;
    only_batch(f, sql, schema, NULL, &batch, &arrow);
    assert_int_equal(ArrowArrayViewInitFromSchema(&view, &arrow, NULL), NANOARROW_OK);
    assert_int_equal(ArrowArrayViewSetArray(&view, &batch, NULL), NANOARROW_OK);
    assert_int_equal(ArrowIpcOutputStreamInitBuffer(&stream, out), NANOARROW_OK);
    assert_int_equal(ArrowIpcWriterInit(&writer, &stream), NANOARROW_OK);
    assert_int_equal(ArrowIpcWriterWriteSchema(&writer, &arrow, NULL), NANOARROW_OK);
    assert_int_equal(ArrowIpcWriterWriteArrayView(&writer, &view, NULL), NANOARROW_OK);
    assert_int_equal(ArrowIpcWriterWriteArrayView(&writer, NULL, NULL), NANOARROW_OK);
    ArrowIpcWriterReset(&writer);
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

static void arrow_streams_become_tables(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    Field fields[] = { { .name = "n", .type = &type_int, .nullable = true },
                       { .name = "s", .type = &type_string, .nullable = true },
                       { .name = "d", .type = type_decimal(f->a, 10, 2), .nullable = true },
                       { .name = "m", .type = type_map(f->a, &type_string, &type_int, true), .nullable = true },
                       { .name = "l", .type = type_array(f->a, type_struct(f->a, &(Field){ .name = "q", .type = &type_double, .nullable = true }, 1), true), .nullable = true } };
    const Type *schema = type_struct(f->a, fields, 5), *back = NULL;
    const char *sql = "SELECT range::INTEGER, CASE WHEN range % 3 = 0 THEN NULL ELSE 'text ' || range END, (range / 4)::DECIMAL(10,2), "
                      "map(['k'], [range::INTEGER]), [{'q': range::DOUBLE}, NULL] FROM range(5000)";
    struct ArrowBuffer bytes;
    ArrowBufferInit(&bytes);
    to_ipc(f, sql, schema, &bytes);
    assert_int_equal(engine_ipc_schema(f->a, bytes.data, (size_t)bytes.size_bytes, &back, &err), ST_OK);
    assert_true(type_equal(back, schema));
    assert_int_equal(engine_register_ipc(f->session, "l1", schema, bytes.data, (size_t)bytes.size_bytes, &err), ST_OK);
    ArrowBufferReset(&bytes);
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    char check[1200];
    snprintf(check, sizeof check, "SELECT count(*) FROM ((%s) EXCEPT ALL SELECT * FROM l1)", sql);
    only_batch(f, check, one(f, &type_long), NULL, &batch, &arrow);
    assert_int_equal(*(const int64_t *)batch.children[0]->buffers[1], 0);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
    only_batch(f, "SELECT count(*) FROM l1", one(f, &type_long), NULL, &batch, &arrow);
    assert_int_equal(*(const int64_t *)batch.children[0]->buffers[1], 5000);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
}

static void broken_arrow_is_refused(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    const Type *schema = NULL;
    assert_int_equal(engine_ipc_schema(f->a, "not arrow at all", 16, &schema, &err), ST_INVALID);
    assert_null(schema);
}

static void *interrupt_soon(void *session)
{
    usleep(200 * 1000);
    engine_interrupt(session);
    return NULL;
}

static void an_interrupted_query_ends(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, f->session), 0);
    Status status = engine_execute(f->session, "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range = 7", NULL, &err);
    pthread_join(thread, NULL);
    assert_int_equal(status, ST_CANCELLED);
    assert_string_equal(err.code, "OPERATION_CANCELED");
    assert_int_equal(run(f, "SELECT 1", &err), ST_OK);
}

/* Doubles a column of longs; fails on 13. */
static Status twice(void *self, const struct ArrowSchema *schema, const struct ArrowArray *args, struct ArrowArray *ret_batch, Error *err)
{
    (void)self;
    assert_string_equal(schema->children[0]->format, "l");
    struct ArrowArray batch = { 0 };
    const int64_t *values = args->children[0]->buffers[1];
    if (ArrowArrayInitFromSchema(&batch, schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(&batch) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "out of memory");
    for (int64_t i = 0; i < args->length; i++) {
        if (values[i] == 13) {
            ArrowArrayRelease(&batch);
            return FAIL_CODE(err, ST_RUNTIME, "PYTHON_EXCEPTION", "thirteen");
        }
        ArrowArrayAppendInt(batch.children[0], 2 * values[i]);
        ArrowArrayFinishElement(&batch);
    }
    ArrowArrayFinishBuildingDefault(&batch, NULL);
    ArrowArrayMove(&batch, ret_batch);
    return ST_OK;
}

static void functions_of_others_take_and_give_arrow(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    const Type *types[] = { &type_long };
    struct ArrowArray batch = { 0 };
    struct ArrowSchema arrow = { 0 };
    arena_auto *a = arena_new();
    int64_t id;
    const char *call;
    assert_int_equal(engine_attach_udf(f->session, a, types, 1, &type_long, twice, NULL, &id, &call, &err), ST_OK);
    only_batch(f, arena_printf(a, "SELECT sum(%s, range))::BIGINT FROM range(14, 5000)", call), one(f, &type_long), NULL, &batch, &arrow);
    assert_int_equal(*(const int64_t *)batch.children[0]->buffers[1], 4999LL * 5000 - 13 * 14);
    ArrowArrayRelease(&batch);
    ArrowSchemaRelease(&arrow);
    assert_int_equal(run(f, arena_printf(a, "SELECT sum(%s, range)) FROM range(20)", call), &err), ST_RUNTIME);
    assert_string_equal(err.code, "PYTHON_EXCEPTION");
    assert_string_equal(err.message, "thirteen");
    engine_detach(f->session, id);
    assert_int_equal(run(f, arena_printf(a, "SELECT %s, 1::BIGINT)", call), &err), ST_IO);
}

/* A function that is made while a result's transaction lingers would be gone with it, and its kind of call with it. */
static void a_result_left_before_its_end_leaves_nothing(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    const Type *types[] = { &type_long, &type_long };
    const EngineOutput output = { .schema = one(f, &type_long), .batch_rows = 1 };
    struct ArrowArray batch = { 0 };
    EngineResult *left = NULL;
    bool done = false;
    int64_t id;
    const char *call;
    assert_int_equal(engine_query(f->session, "SELECT range FROM range(100000000)", &output, &left, &err), ST_OK);
    assert_int_equal(engine_result_next(left, &batch, &done, &err), ST_OK);
    ArrowArrayRelease(&batch);
    engine_result_free(left);
    assert_int_equal(engine_attach_udf(f->session, f->a, types, 2, &type_long, twice, NULL, &id, &call, &err), ST_OK);
    assert_int_equal(run(f, arena_printf(f->a, "SELECT %s, 13::BIGINT, 2::BIGINT)", call), &err), ST_RUNTIME);
    assert_string_equal(err.message, "thirteen");
    engine_detach(f->session, id);
}

/* A relation without rows whose reader takes its time. */
typedef struct Slow {
    int pause_ms;
    atomic_int opened, closed;
} Slow;

static Status slow_open(void *self, void **ret_run, Error *err)
{
    (void)err;
    Slow *slow = self;
    atomic_fetch_add(&slow->opened, 1);
    *ret_run = slow;
    return ST_OK;
}

static Status slow_next(void *run, struct ArrowArray *ret_batch, bool *ret_done, Error *err)
{
    (void)ret_batch, (void)err;
    usleep((useconds_t)((Slow *)run)->pause_ms * 1000);
    *ret_done = true;
    return ST_OK;
}

static void slow_close(void *run)
{
    atomic_fetch_add(&((Slow *)run)->closed, 1);
}

typedef struct Reader {
    EngineSession *session;
    const char *sql;
    Status status;
} Reader;

static void *read_it(void *arg)
{
    Reader *r = arg;
    Error err = ERROR_INIT;
    r->status = engine_execute(r->session, r->sql, NULL, &err);
    return NULL;
}

/* A thread of the engine may let go of a plan a moment after its query has ended: what is detached is not in use any more. */
static void detaching_waits_for_what_is_open(void **state)
{
    static const int pauses_ms[] = { 50, 400 }; /* within its patience and beyond */
    Fixture *f = *state;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        Error err = ERROR_INIT;
        Slow slow = { .pause_ms = pauses_ms[i] };
        Reader reader = { .status = ST_INTERNAL };
        EngineSession *other = NULL;
        const char *from;
        int64_t id;
        pthread_t thread;
        assert_int_equal(engine_session(f->engine, &other, &err), ST_OK);
        engine_attach_stream(f->session, f->a, &(EngineStream){ .schema = one(f, &type_long), .open = slow_open, .next = slow_next,
                                                                .close = slow_close, .self = &slow }, &id, &from);
        reader.session = other;
        reader.sql = arena_printf(f->a, "SELECT * FROM %s", from);
        assert_int_equal(pthread_create(&thread, NULL, read_it, &reader), 0);
        while (!atomic_load(&slow.opened))
            usleep(1000);
        engine_detach(f->session, id);
        assert_int_equal(atomic_load(&slow.closed), 1);
        pthread_join(thread, NULL);
        assert_int_equal(reader.status, ST_OK);
        engine_session_close(other);
    }
}

static void names_and_texts_are_quoted(void **state)
{
    (void)state;
    str_auto out = STR_INIT(1000);
    emit_quoted_name("a\"b; DROP", &out);
    emit_quoted_text("it's\0x", 6, &out);
    assert_string_equal(str_text(&out), "\"a\"\"b; DROP\"('it''s' || chr(0) || 'x')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_carry_the_sessions_zone),
        cmocka_unit_test(short_decimals_are_128_bits),
        cmocka_unit_test(lists_keep_their_nulls),
        cmocka_unit_test(batches_are_gathered_to_their_size),
        cmocka_unit_test(errors_are_sparks),
        cmocka_unit_test(a_confined_engine_sees_no_files),
        cmocka_unit_test(a_querys_rows_become_a_table),
        cmocka_unit_test(arrow_streams_become_tables),
        cmocka_unit_test(broken_arrow_is_refused),
        cmocka_unit_test(an_interrupted_query_ends),
        cmocka_unit_test(functions_of_others_take_and_give_arrow),
        cmocka_unit_test(a_result_left_before_its_end_leaves_nothing),
        cmocka_unit_test(detaching_waits_for_what_is_open),
        cmocka_unit_test(names_and_texts_are_quoted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
