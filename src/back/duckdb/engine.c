/* back/duckdb/engine.c -- opening and confining DuckDB, sessions and queries. */
#include "back/duckdb/engine.h"

#include "back/duckdb/emit.h"

#include "back/duckdb/internal.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_ROWS = 10000, STATEMENT_BYTES = 16 * 1024 * 1024 };

struct EngineResult {
    EngineSession *session;
    Arena *arena;
    const Type *schema;
    char *time_zone;
    int64_t batch_rows, batch_bytes, rows;
    EngineKey key;
    Str last_key; /* of the last row that was given out */
    idx_t left_from; /* rows of left_over that were */
    duckdb_result result;
    duckdb_prepared_statement statement;
    duckdb_data_chunk left_over; /* fetched, not given out yet */
    bool started, done;
};

static void config_set(duckdb_config config, const char *name, const char *value)
{
    duckdb_set_config(config, name, value);
}

Status engine_run(duckdb_connection connection, const char *sql, int64_t *ret_rows, Error *err)
{
    duckdb_result result;
    Status status = ST_OK;
    if (duckdb_query(connection, sql, &result) != DuckDBSuccess)
        status = engine_error(err, duckdb_result_error_type(&result), duckdb_result_error(&result));
    else if (ret_rows)
        *ret_rows = (int64_t)duckdb_rows_changed(&result);
    duckdb_destroy_result(&result);
    return status;
}

static Status load_extensions(duckdb_connection connection, const StrList *paths, Error *err)
{
    for (size_t i = 0; i < paths->len; i++) {
        str_auto sql = STR_INIT(STATEMENT_BYTES);
        str_add(&sql, "LOAD ");
        emit_quoted_text(paths->at[i], strlen(paths->at[i]), &sql);
        TRY(engine_run(connection, str_text(&sql), NULL, err));
    }
    return ST_OK;
}

/* Last of all: what follows may name no file outside the allowed folders. */
static Status confine(duckdb_connection connection, const EngineOptions *options, Error *err)
{
    str_auto sql = STR_INIT(STATEMENT_BYTES);
    str_add(&sql, "SET allowed_directories=[");
    for (size_t i = 0; i < options->allowed_dirs.len; i++) {
        str_add(&sql, i ? ", " : "");
        emit_quoted_text(options->allowed_dirs.at[i], strlen(options->allowed_dirs.at[i]), &sql);
    }
    str_add(&sql, "]; SET enable_external_access=false; SET lock_configuration=true");
    return engine_run(connection, str_text(&sql), NULL, err);
}

static Status set_up(Engine *e, const EngineOptions *options, Error *err)
{
    duckdb_connection connection;
    if (duckdb_connect(e->db, &connection) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "connect to the engine");
    /* Not in the configuration of the open: the options come with extensions that are loaded then. */
    Status status = engine_run(connection, "SET GLOBAL TimeZone='UTC'; SET GLOBAL parquet_metadata_cache=true", NULL, err);
    if (status == ST_OK)
        status = kernels_register(connection, err);
    if (status == ST_OK)
        status = scan_functions_register(connection, err);
    if (status == ST_OK)
        status = stream_function_register(e, connection, err);
    if (status == ST_OK)
        status = jdbc_function_register(e, connection, err);
    if (status == ST_OK)
        status = load_extensions(connection, &options->extensions, err);
    if (status == ST_OK && options->confined)
        status = confine(connection, options, err);
    duckdb_disconnect(&connection);
    return status;
}

Status engine_open(const EngineOptions *options, Engine **ret_engine, Error *err)
{
    duckdb_config config;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "make the engine's configuration");
    char number[32];
    if (options->memory_bytes > 0) {
        snprintf(number, sizeof number, "%lldB", (long long)options->memory_bytes);
        config_set(config, "memory_limit", number);
    }
    if (options->threads > 0) {
        snprintf(number, sizeof number, "%d", options->threads);
        config_set(config, "threads", number);
    }
    config_set(config, "temp_directory", options->spill_dir ? options->spill_dir : "");
    config_set(config, "preserve_insertion_order", "true");
    config_set(config, "autoinstall_known_extensions", "false");
    config_set(config, "autoload_known_extensions", "false");
    config_set(config, "integer_division", "false");
    config_set(config, "max_expression_depth", "5000"); /* plans of LIMIT_QUERY_NESTING have several levels each */
    config_set(config, "default_null_order", "nulls_first");
    Engine *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->scan_closed, NULL);
    pthread_mutex_init(&e->remote_lock, NULL);
    e->footers = footers_new();
    char *message = NULL;
    duckdb_state state = duckdb_open_ext(NULL, &e->db, config, &message);
    duckdb_destroy_config(&config);
    Status status = state == DuckDBSuccess ? set_up(e, options, err)
                                           : FAIL(err, ST_INTERNAL, "open the engine: %s", message ? message : "unknown");
    duckdb_free(message);
    if (status != ST_OK) {
        engine_close(e);
        return status;
    }
    *ret_engine = e;
    return ST_OK;
}

void engine_close(Engine *e)
{
    if (!e)
        return;
    while (e->nidle)
        duckdb_disconnect(&e->idle[--e->nidle]);
    duckdb_close(&e->db);
    while (e->signatures) {
        struct Signature *next = e->signatures->next;
        free(e->signatures->text);
        free(e->signatures);
        e->signatures = next;
    }
    pthread_cond_destroy(&e->scan_closed);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->remote_lock);
    footers_free(e->footers);
    free(e);
}

void engine_closep(Engine **e)
{
    engine_close(*e);
}

/* A connection that another query has left, or a new one. */
static Status connect(Engine *e, duckdb_connection *ret_connection, Error *err)
{
    pthread_mutex_lock(&e->lock);
    bool kept = e->nidle > 0;
    if (kept)
        *ret_connection = e->idle[--e->nidle];
    pthread_mutex_unlock(&e->lock);
    if (kept)
        return ST_OK;
    if (duckdb_connect(e->db, ret_connection) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "connect to the engine");
    Error confined = ERROR_INIT; /* then it tells no progress */
    (void)engine_run(*ret_connection, "SET enable_progress_bar=true; SET enable_progress_bar_print=false", NULL, &confined);
    return ST_OK;
}

Status engine_session(Engine *e, EngineSession **ret_session, Error *err)
{
    EngineSession *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->engine = e;
    Status status = connect(e, &s->connection, err);
    if (status != ST_OK) {
        free(s);
        return status;
    }
    *ret_session = s;
    return ST_OK;
}

void engine_session_close(EngineSession *s)
{
    if (!s)
        return;
    Engine *e = s->engine;
    pthread_mutex_lock(&e->lock);
    bool keep = e->nidle < ENGINE_IDLE;
    if (keep)
        e->idle[e->nidle++] = s->connection;
    pthread_mutex_unlock(&e->lock);
    if (!keep)
        duckdb_disconnect(&s->connection);
    free(s);
}

void engine_session_closep(EngineSession **s)
{
    engine_session_close(*s);
}

Status engine_execute(EngineSession *s, const char *sql, int64_t *ret_rows, Error *err)
{
    return engine_run(s->connection, sql, ret_rows, err);
}

/* Works until the first rows are there. duckdb_execute_pending() alone spins while other threads have all the work: with more
 * queries than cores it would take their time. */
static duckdb_state execute(duckdb_pending_result pending, duckdb_result *ret_result)
{
    enum { YIELDS = 32, NAP_NS = 100 * 1000 };
    for (int idle = 0;;) {
        duckdb_pending_state state = duckdb_pending_execute_task(pending);
        if (state == DUCKDB_PENDING_RESULT_READY || state == DUCKDB_PENDING_ERROR)
            return duckdb_execute_pending(pending, ret_result);
        if (state != DUCKDB_PENDING_NO_TASKS_AVAILABLE)
            idle = 0;
        else if (++idle <= YIELDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
    }
}

/* May the text call a table function? It may also only quote the name of one; one that is not found is planned twice, and right. */
static bool calls_table_function(const char *sql)
{
    static const char *const names[] = { "read_", "spark_scan", "weir_", "unnest", "range" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(sql, names[i]))
            return true;
    return false;
}

/* The engine plans a statement when it is prepared and, if it calls a table function (read_parquet), once more when it is executed: half
 * of a small query's time. It does not plan one that has a parameter of no known type before that has its value; with it the condition
 * is a constant, which the optimizer takes away. */
Status engine_prepare(EngineSession *s, const char *sql, duckdb_prepared_statement *ret_statement, Error *err)
{
    bool late = calls_table_function(sql);
    str_auto text = STR_INIT(strlen(sql) + STATEMENT_BYTES);
    str_add(&text, late ? "SELECT * FROM (" : "");
    str_add(&text, sql);
    str_add(&text, late ? ") WHERE $1 IS NULL" : "");
    if (duckdb_prepare(s->connection, str_text(&text), ret_statement) != DuckDBSuccess) {
        const char *message = duckdb_prepare_error(*ret_statement);
        return engine_error(err, DUCKDB_ERROR_BINDER, message ? message : "prepare");
    }
    return !late || duckdb_bind_null(*ret_statement, 1) == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "bind the engine's parameter");
}

static Status start(EngineResult *r, const char *sql, const EngineOutput *output, Error *err)
{
    TRY(engine_prepare(r->session, sql, &r->statement, err));
    duckdb_pending_result pending;
    if (duckdb_pending_prepared_streaming(r->statement, &pending) != DuckDBSuccess) {
        Status status = engine_error(err, DUCKDB_ERROR_INVALID, duckdb_pending_error(pending));
        duckdb_destroy_pending(&pending);
        return status;
    }
    if (output->is_interrupted && output->is_interrupted(output->arg))
        duckdb_interrupt(r->session->connection);
    duckdb_state state = execute(pending, &r->result);
    duckdb_destroy_pending(&pending);
    if (state != DuckDBSuccess)
        return engine_error(err, duckdb_result_error_type(&r->result), duckdb_result_error(&r->result));
    r->started = true;
    /* A plan without columns still has rows: the engine gives a column that nobody reads. */
    if (r->schema->nfields && duckdb_column_count(&r->result) != r->schema->nfields)
        return FAIL(err, ST_INTERNAL, "the engine gave %llu columns, the plan has %zu",
                    (unsigned long long)duckdb_column_count(&r->result), r->schema->nfields);
    return ST_OK;
}

Status engine_query(EngineSession *s, const char *sql, const EngineOutput *output, EngineResult **ret_result, Error *err)
{
    Arena *arena = arena_new();
    EngineResult *r = ARENA_NEW(arena, EngineResult);
    r->session = s;
    r->arena = arena;
    r->schema = type_struct(arena, output->schema->fields, output->schema->nfields);
    r->time_zone = arena_str(arena, output->time_zone ? output->time_zone : "UTC");
    r->batch_rows = output->batch_rows > 0 ? output->batch_rows : BATCH_ROWS;
    r->batch_bytes = output->batch_bytes > 0 ? output->batch_bytes : INT64_MAX;
    r->key = output->key;
    r->last_key = STR_INIT(LIMIT_PLAN_MESSAGE);
    Status status = start(r, sql, output, err);
    if (status != ST_OK) {
        engine_result_free(r);
        return status;
    }
    *ret_result = r;
    return ST_OK;
}

Status engine_result_schema(const EngineResult *r, struct ArrowSchema *ret_schema, Error *err)
{
    return arrow_schema(r->schema, r->time_zone, ret_schema, err);
}

/* The next chunk with rows into r->left_over; r->done at the end. */
static Status fetch(EngineResult *r, Error *err)
{
    while (!r->left_over && !r->done) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(r->result);
        if (!chunk) {
            const char *message = duckdb_result_error(&r->result);
            r->done = true;
            if (message && *message)
                return engine_error(err, duckdb_result_error_type(&r->result), message);
        } else if (duckdb_data_chunk_get_size(chunk) == 0) {
            duckdb_destroy_data_chunk(&chunk);
        } else {
            r->left_over = chunk;
        }
    }
    return ST_OK;
}

static Status finish_batch(struct ArrowArray *batch, Error *err)
{
    struct ArrowError why = { 0 };
    if (ArrowArrayFinishBuilding(batch, NANOARROW_VALIDATION_LEVEL_NONE, &why) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "finish an Arrow batch: %s", why.message);
    return ST_OK;
}

static int64_t bytes_of(struct ArrowArray *array)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < array->n_buffers; i++)
        bytes += ArrowArrayBuffer(array, i)->size_bytes;
    for (int64_t i = 0; i < array->n_children; i++)
        bytes += bytes_of(array->children[i]);
    return bytes;
}

static Status gather(EngineResult *r, struct ArrowArray *batch, Error *err)
{
    for (int64_t rows = 0; !r->done && bytes_of(batch) < r->batch_bytes;) {
        TRY(fetch(r, err));
        if (!r->left_over)
            break;
        int64_t more = (int64_t)(duckdb_data_chunk_get_size(r->left_over) - r->left_from);
        if (rows && rows + more > r->batch_rows)
            break;
        if (more > r->batch_rows) {
            TRY(arrow_append_rows(batch, r->schema, r->left_over, r->left_from, (idx_t)r->batch_rows, err));
            r->left_from += (idx_t)r->batch_rows;
            break;
        }
        TRY(arrow_append_rows(batch, r->schema, r->left_over, r->left_from, (idx_t)more, err));
        r->left_from = 0;
        duckdb_destroy_data_chunk(&r->left_over);
        r->left_over = NULL;
        rows += more;
    }
    return finish_batch(batch, err);
}

static bool key_equal(const Str *key, const duckdb_string_t *at)
{
    duckdb_string_t s = *at;
    return key->len == duckdb_string_t_length(s) && memcmp(str_text(key), duckdb_string_t_data(&s), key->len) == 0;
}

static void key_keep(Str *key, const duckdb_string_t *at)
{
    duckdb_string_t s = *at;
    str_clear(key);
    str_addn(key, duckdb_string_t_data(&s), duckdb_string_t_length(s));
}

static const duckdb_string_t *keys_of(const EngineResult *r)
{
    return duckdb_vector_get_data(duckdb_data_chunk_get_vector(r->left_over, 0));
}

/* Rows of left_over from left_from on that join a batch of `rows` rows; *ret_full when the batch ends there. */
static idx_t keyed_run(EngineResult *r, int64_t rows, bool *ret_full)
{
    const duckdb_string_t *keys = keys_of(r);
    idx_t size = duckdb_data_chunk_get_size(r->left_over), i = r->left_from;
    for (; i < size; i++, rows++) {
        bool change = rows > 0 && !key_equal(&r->last_key, &keys[i]);
        bool full = rows >= r->batch_rows;
        *ret_full = r->key == ENGINE_KEY_GROUP ? change && full : change || full;
        if (*ret_full)
            break;
        if (rows == 0 || change)
            key_keep(&r->last_key, &keys[i]);
    }
    return i - r->left_from;
}

static Status gather_keyed(EngineResult *r, struct ArrowArray *batch, Error *err)
{
    bool full = false;
    for (int64_t rows = 0; !full;) {
        TRY(fetch(r, err));
        if (!r->left_over)
            break;
        idx_t count = keyed_run(r, rows, &full);
        TRY(arrow_append_rows(batch, r->schema, r->left_over, r->left_from, count, err));
        rows += (int64_t)count;
        r->left_from += count;
        if (r->left_from == duckdb_data_chunk_get_size(r->left_over)) {
            duckdb_destroy_data_chunk(&r->left_over);
            r->left_over = NULL;
            r->left_from = 0;
        }
    }
    return finish_batch(batch, err);
}

Status engine_result_boundary(EngineResult *r, bool *ret_boundary, bool *ret_end, Error *err)
{
    TRY(fetch(r, err));
    *ret_end = !r->left_over;
    *ret_boundary = !r->left_over || (r->key != ENGINE_KEY_NONE && !key_equal(&r->last_key, &keys_of(r)[r->left_from]));
    return ST_OK;
}

static Status batch_init(const EngineResult *r, struct ArrowArray *batch, Error *err)
{
    struct ArrowSchema schema = { 0 };
    TRY(arrow_schema(r->schema, r->time_zone, &schema, err));
    bool good = ArrowArrayInitFromSchema(batch, &schema, NULL) == NANOARROW_OK;
    if (good)
        good = ArrowArrayStartAppending(batch) == NANOARROW_OK;
    ArrowSchemaRelease(&schema);
    return good ? ST_OK : FAIL(err, ST_INTERNAL, "start an Arrow batch");
}

Status engine_result_next(EngineResult *r, struct ArrowArray *ret_batch, bool *ret_done, Error *err)
{
    TRY(fetch(r, err));
    if (!r->left_over) {
        *ret_done = true;
        return ST_OK;
    }
    struct ArrowArray batch = { 0 };
    Status status = batch_init(r, &batch, err);
    if (status == ST_OK)
        status = r->key == ENGINE_KEY_NONE ? gather(r, &batch, err) : gather_keyed(r, &batch, err);
    if (status != ST_OK) {
        if (batch.release)
            ArrowArrayRelease(&batch);
        return status;
    }
    r->rows += batch.length;
    *ret_done = false;
    ArrowArrayMove(&batch, ret_batch);
    return ST_OK;
}

bool engine_result_ended(const EngineResult *r)
{
    return r->done && !r->left_over;
}

int64_t engine_result_rows(const EngineResult *r)
{
    return r->rows;
}

/* A result that nobody reads to its end. Only destroyed, it would leave its tasks and its transaction to the connection until the next
 * query begins, and what is registered before that would vanish with it. */
static void abandon(EngineResult *r)
{
    duckdb_interrupt(r->session->connection);
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(r->result)) != NULL;)
        duckdb_destroy_data_chunk(&chunk);
}

void engine_result_free(EngineResult *r)
{
    if (!r)
        return;
    if (r->left_over)
        duckdb_destroy_data_chunk(&r->left_over);
    if (r->started && !r->done)
        abandon(r);
    duckdb_destroy_result(&r->result);
    duckdb_destroy_prepare(&r->statement);
    str_done(&r->last_key);
    arena_free(r->arena);
}

void engine_result_freep(EngineResult **r)
{
    engine_result_free(*r);
}

/* ---------------------------------------------------------------- what runs elsewhere */
void engine_remote_add(Engine *e, Remote *r)
{
    pthread_mutex_lock(&e->remote_lock);
    r->next = e->remotes;
    e->remotes = r;
    pthread_mutex_unlock(&e->remote_lock);
}

void engine_remote_remove(Engine *e, Remote *r)
{
    pthread_mutex_lock(&e->remote_lock);
    Remote **at = &e->remotes;
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    pthread_mutex_unlock(&e->remote_lock);
}

idx_t engine_session_number(const EngineSession *s)
{
    duckdb_client_context context;
    duckdb_connection_get_client_context(s->connection, &context);
    idx_t number = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    return number;
}

void engine_interrupt(EngineSession *s)
{
    duckdb_interrupt(s->connection);
    pthread_mutex_lock(&s->engine->remote_lock);
    idx_t number = s->engine->remotes ? engine_session_number(s) : 0;
    for (Remote *r = s->engine->remotes; r; r = r->next)
        if (r->session == number) {
            atomic_store(&r->cancelled, true);
            r->cancel(r->arg);
        }
    pthread_mutex_unlock(&s->engine->remote_lock);
}

EngineProgress engine_progress(EngineSession *s)
{
    duckdb_query_progress_type p = duckdb_query_progress(s->connection);
    return (EngineProgress){ .percent = p.percentage, .rows_done = p.rows_processed, .rows_total = p.total_rows_to_process };
}

Status engine_drop(EngineSession *s, const char *name, Error *err)
{
    str_auto sql = STR_INIT(STATEMENT_BYTES);
    str_add(&sql, "DROP TABLE IF EXISTS ");
    emit_quoted_name(name, &sql);
    return engine_run(s->connection, str_text(&sql), NULL, err);
}

Status engine_register_query(EngineSession *s, const char *name, const char *query, const Type *schema, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "CREATE OR REPLACE TABLE ");
    emit_quoted_name(name, &sql);
    str_add(&sql, "(");
    for (size_t i = 0; i < schema->nfields; i++)
        str_addf(&sql, "%sc%zu", i ? ", " : "", i);
    str_add(&sql, ") AS ");
    str_add(&sql, query);
    return engine_run(s->connection, str_text(&sql), NULL, err);
}
