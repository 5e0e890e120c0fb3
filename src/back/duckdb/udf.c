/* back/duckdb/udf.c -- functions that run elsewhere (Python workers): a chunk of arguments goes out as an Arrow batch, one
 * column comes back. */
#include "back/duckdb/internal.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <stdlib.h>

typedef struct Udf {
    Arena *arena;
    const Type *args;    /* STRUCT of the arguments: _0, _1 … */
    const Type *returns; /* STRUCT of one field */
    EngineUdf run;
    void *self;
} Udf;

static void udf_free(void *p)
{
    Udf *u = p;
    arena_free(u->arena);
}

static Status arguments(const Udf *u, duckdb_data_chunk input, struct ArrowSchema *schema, struct ArrowArray *array, Error *err)
{
    TRY(arrow_schema(u->args, "UTC", schema, err));
    if (ArrowArrayInitFromSchema(array, schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(array) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "start an Arrow batch for a function");
    TRY(arrow_append_chunk(array, u->args, input, err));
    if (ArrowArrayFinishBuilding(array, NANOARROW_VALIDATION_LEVEL_NONE, NULL) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "finish an Arrow batch for a function");
    return ST_OK;
}

/* The returned column, checked against its type, into the engine's vector. */
static Status results(const Udf *u, struct ArrowArray *column, idx_t rows, duckdb_vector output, Error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArrayView view;
    struct ArrowError why = { 0 };
    if (column->length != (int64_t)rows)
        return FAIL(err, ST_RUNTIME, "a function gave %lld rows for %llu", (long long)column->length, (unsigned long long)rows);
    TRY(arrow_schema(u->returns, "UTC", &schema, err));
    Status status = ST_OK;
    if (ArrowArrayViewInitFromSchema(&view, schema.children[0], &why) != NANOARROW_OK ||
        ArrowArrayViewSetArray(&view, column, &why) != NANOARROW_OK)
        status = FAIL(err, ST_RUNTIME, "a function gave a column of another type than it said: %s", why.message);
    else
        status = arrow_fill_vector(output, u->returns->fields[0].type, &view, 0, (int64_t)rows, err);
    ArrowArrayViewReset(&view);
    ArrowSchemaRelease(&schema);
    return status;
}

static void run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const Udf *u = duckdb_scalar_function_get_extra_info(info);
    struct ArrowSchema schema = { 0 };
    struct ArrowArray args = { 0 }, column = { 0 };
    Error err = ERROR_INIT;
    Status status = arguments(u, input, &schema, &args, &err);
    if (status == ST_OK)
        status = u->run(u->self, &schema, &args, &column, &err);
    if (status == ST_OK)
        status = results(u, &column, duckdb_data_chunk_get_size(input), output, &err);
    if (column.release)
        ArrowArrayRelease(&column);
    if (args.release)
        ArrowArrayRelease(&args);
    if (schema.release)
        ArrowSchemaRelease(&schema);
    if (status != ST_OK) {
        arena_auto *a = arena_new();
        const char *params[] = { "message", err.message, NULL };
        duckdb_scalar_function_set_error(info, engine_error_encode(a, *err.code ? err.code : "PYTHON_EXCEPTION", params));
    }
}

/* A struct of the types, copied into the arena by way of its JSON. */
static Status numbered(Arena *a, const Type *const *types, size_t n, const Type **ret_type, Error *err)
{
    Field *fields = ARENA_ARRAY(a, Field, n + 1);
    for (size_t i = 0; i < n; i++)
        fields[i] = (Field){ .name = arena_printf(a, "_%zu", i), .type = types[i], .nullable = true };
    str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(type_struct(a, fields, n), &json);
    return type_from_json(a, str_text(&json), ret_type, err);
}

Status engine_register_udf(EngineSession *s, const char *name, const Type *const *arg_types, size_t nargs, const Type *returns, EngineUdf call,
                           void *self, Error *err)
{
    Arena *arena = arena_new();
    Udf *u = ARENA_NEW(arena, Udf);
    *u = (Udf){ .arena = arena, .run = call, .self = self };
    Status status = numbered(arena, arg_types, nargs, &u->args, err);
    if (status == ST_OK)
        status = numbered(arena, &returns, 1, &u->returns, err);
    if (status != ST_OK) {
        arena_free(arena);
        return status;
    }
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(f, name);
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
    duckdb_scalar_function_set_extra_info(f, u, udf_free);
    duckdb_scalar_function_set_function(f, run);
    duckdb_state state = duckdb_register_scalar_function(s->connection, f);
    duckdb_destroy_scalar_function(&f);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register the function %s", name);
}
