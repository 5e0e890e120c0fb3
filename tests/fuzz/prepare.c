/* tests/fuzz/prepare.c -- see prepare.h. */
#include "prepare.h"

#include "back/duckdb/internal.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_BYTES = 512 * 1024 * 1024, STATEMENTS_MAX = 5000 /* then the engine is opened anew */ };

static void must(bool holds, const char *what, const Error *err, const char *sql)
{
    if (holds)
        return;
    fprintf(stderr, "prepare: %s: %s: %s\n%s\n", what, err->code, err->message, sql);
    abort();
}

static EngineSession *session(bool *ret_is_new)
{
    static Engine *engine;
    static EngineSession *session;
    static size_t statements;
    Error err = ERROR_INIT;
    *ret_is_new = !session || ++statements >= STATEMENTS_MAX;
    if (!*ret_is_new)
        return session;
    engine_session_close(session);
    engine_close(engine);
    const EngineOptions options = { .memory_bytes = MEMORY_BYTES, .threads = 1 };
    must(engine_open(&options, &engine, &err) == ST_OK && engine_session(engine, &session, &err) == ST_OK, "open the engine", &err, "");
    statements = 0;
    return session;
}

Prepare prepare_begin(Arena *a, const char *time_zone)
{
    Prepare p = { .a = a, .time_zone = time_zone };
    p.engine = session(&p.is_new);
    return p;
}

void prepare_end(Prepare *p)
{
    Error err = ERROR_INIT;
    for (size_t i = 0; i < p->attached.len; i++)
        engine_detach(p->engine, p->attached.at[i]);
    for (size_t i = 0; i < p->tables.len; i++)
        must(engine_drop(p->engine, p->tables.at[i], &err) == ST_OK, "drop a table", &err, p->tables.at[i]);
}

/* A plan that is only dropped leaves its transaction to what comes next, and one of a recursion waits for itself: interrupted, it ends. */
static void end(duckdb_connection connection, duckdb_pending_result pending)
{
    enum { TASKS_MAX = 100 };
    duckdb_interrupt(connection);
    for (int i = 0; pending && i < TASKS_MAX && duckdb_pending_execute_task(pending) == DUCKDB_PENDING_RESULT_NOT_READY; i++)
        continue;
    duckdb_query(connection, "SELECT 1", NULL);
}

void prepare_text(Prepare *p, const char *sql)
{
    Error err = ERROR_INIT;
    duckdb_prepared_statement statement = NULL;
    duckdb_pending_result pending = NULL;
    Status status = engine_prepare(p->engine, sql, &statement, &err);
    if (status == ST_OK && duckdb_pending_prepared_streaming(statement, &pending) != DuckDBSuccess)
        status = engine_error(&err, DUCKDB_ERROR_INVALID, pending ? duckdb_pending_error(pending) : "plan the statement");
    end(p->engine->connection, pending);
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    must(status != ST_INTERNAL, "the engine refuses", &err, sql);
}

Status prepare_table(Prepare *p, const char *name, const Type *schema, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "SELECT ");
    for (size_t i = 0; i < schema->nfields; i++) {
        str_add(&sql, i ? ", CAST(NULL AS " : "CAST(NULL AS ");
        emit_type(schema->fields[i].type, &sql);
        str_addf(&sql, ") AS c%zu", i);
    }
    str_add(&sql, schema->nfields ? " WHERE false" : "1 AS c_none WHERE false");
    static const Field none = { .name = "c_none", .type = &type_int };
    return engine_register_query(p->engine, name, str_text(&sql), schema->nfields ? schema : type_struct(p->a, &none, 1), err);
}

Status prepare_relation(Prepare *p, Arena *a, const Node *n, const char **ret_table, Error *err)
{
    Field *fields = ARENA_ARRAY(a, Field, n->schema->len + 1);
    for (size_t i = 0; i < n->schema->len; i++)
        fields[i] = (Field){ .name = n->schema->at[i].name, .type = n->schema->at[i].type, .nullable = true };
    const char *name = arena_printf(a, "local_%zu", p->tables.len);
    TRY(prepare_table(p, name, type_struct(a, fields, n->schema->len), err));
    vec_push(p->a, &p->tables, name);
    *ret_table = name;
    return ST_OK;
}

static Status no_call(void *self, const struct ArrowSchema *schema, const struct ArrowArray *args, struct ArrowArray *ret_batch, Error *err)
{
    (void)self, (void)schema, (void)args, (void)ret_batch;
    return FAIL_CODE(err, ST_RUNTIME, "PYTHON", "nothing runs here");
}

Status prepare_udf(Prepare *p, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err)
{
    int64_t id;
    const Type **types = ARENA_ARRAY(a, const Type *, udf->args.len + 1);
    for (size_t i = 0; i < udf->args.len; i++)
        types[i] = udf->args.at[i]->type;
    TRY(engine_attach_udf(p->engine, a, types, udf->args.len, udf->returns, no_call, NULL, &id, ret_call, err));
    vec_push(p->a, &p->attached, id);
    return ST_OK;
}

static Status no_open(void *self, void **ret_run, Error *err)
{
    (void)self, (void)ret_run;
    return FAIL_CODE(err, ST_RUNTIME, "PYTHON", "nothing runs here");
}

Status prepare_python(Prepare *p, Arena *a, const PythonStage *stage, const char **ret_from, Error *err)
{
    (void)err;
    int64_t id;
    if (stage->sql)
        prepare_text(p, stage->sql);
    engine_attach_stream(p->engine, a, &(EngineStream){ .schema = stage->output, .open = no_open }, &id, ret_from);
    vec_push(p->a, &p->attached, id);
    return ST_OK;
}

Status prepare_parser(Prepare *p, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function, Error *err)
{
    return engine_register_parser(p->engine, a, format, to, options, p->time_zone, ret_function, err);
}
