/* back/duckdb/arrow_in.c -- Arrow data into the engine: IPC streams as tables, columns that a UDF returned. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/emit.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/variant.h"

#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- one vector */
static Status fill_vector(duckdb_vector vector, const Type *t, const struct ArrowArrayView *view, int64_t from, int64_t count,
                          idx_t to, Error *err);

static void set_null(duckdb_vector vector, idx_t row)
{
    duckdb_vector_ensure_validity_writable(vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

static void set_decimal(void *data, const Type *t, idx_t row, const struct ArrowArrayView *view, int64_t at)
{
    struct ArrowDecimal d;
    ArrowDecimalInit(&d, 128, t->precision, t->scale);
    ArrowArrayViewGetDecimalUnsafe(view, at, &d);
    int64_t low = (int64_t)d.words[d.low_word_index];
    if (t->precision <= 4)
        ((int16_t *)data)[row] = (int16_t)low;
    else if (t->precision <= 9)
        ((int32_t *)data)[row] = (int32_t)low;
    else if (t->precision <= 18)
        ((int64_t *)data)[row] = low;
    else
        memcpy((char *)data + row * 16, d.words, 16);
}

/* Two binary fields, value and metadata, as the engine's BLOB. */
static Status set_variant(duckdb_vector vector, const struct ArrowArrayView *view, int64_t at, idx_t row, Error *err)
{
    bool two = view->n_children == 2 && view->children[0]->storage_type == NANOARROW_TYPE_BINARY &&
               view->children[1]->storage_type == NANOARROW_TYPE_BINARY;
    str_auto blob = STR_INIT((size_t)2 * VARIANT_MAX_BYTES);
    Variant v;
    if (two) {
        struct ArrowBufferView value = ArrowArrayViewGetBytesUnsafe(view->children[0], at), metadata = ArrowArrayViewGetBytesUnsafe(view->children[1], at);
        variant_close((View){ value.data.as_char, (size_t)value.size_bytes }, (View){ metadata.data.as_char, (size_t)metadata.size_bytes }, &blob);
    }
    if (!two || blob.overflow || !variant_open((View){ str_text(&blob), blob.len }, &v))
        return FAIL_CODE(err, ST_RUNTIME, "MALFORMED_VARIANT", "Variant binary is malformed. Please check the data source is valid.");
    duckdb_vector_assign_string_element_len(vector, row, str_text(&blob), blob.len);
    return ST_OK;
}

static Status set_value(duckdb_vector vector, void *data, const Type *t, const struct ArrowArrayView *view, int64_t at, idx_t row, Error *err)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: ((bool *)data)[row] = ArrowArrayViewGetIntUnsafe(view, at) != 0; break;
    case TYPE_BYTE: ((int8_t *)data)[row] = (int8_t)ArrowArrayViewGetIntUnsafe(view, at); break;
    case TYPE_SHORT: ((int16_t *)data)[row] = (int16_t)ArrowArrayViewGetIntUnsafe(view, at); break;
    case TYPE_INT: case TYPE_DATE: case TYPE_YEAR_MONTH_INTERVAL:
        ((int32_t *)data)[row] = (int32_t)ArrowArrayViewGetIntUnsafe(view, at);
        break;
    case TYPE_LONG: case TYPE_TIME: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: case TYPE_DAY_TIME_INTERVAL:
        ((int64_t *)data)[row] = ArrowArrayViewGetIntUnsafe(view, at);
        break;
    case TYPE_FLOAT: ((float *)data)[row] = (float)ArrowArrayViewGetDoubleUnsafe(view, at); break;
    case TYPE_DOUBLE: ((double *)data)[row] = ArrowArrayViewGetDoubleUnsafe(view, at); break;
    case TYPE_DECIMAL: set_decimal(data, t, row, view, at); break;
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: case TYPE_BINARY: {
        View bytes = arrow_bytes(view, at);
        duckdb_vector_assign_string_element_len(vector, row, bytes.data, bytes.len);
        break;
    }
    case TYPE_VARIANT: return set_variant(vector, view, at, row, err);
    default: return FAIL(err, ST_UNSUPPORTED, "Arrow data of this type");
    }
    return ST_OK;
}

static Status set_list(duckdb_vector vector, const Type *t, const struct ArrowArrayView *view, int64_t at, idx_t row, Error *err)
{
    const struct ArrowArrayView *items = view->children[0];
    int64_t begin = ArrowArrayViewListChildOffset(view, at), end = ArrowArrayViewListChildOffset(view, at + 1);
    idx_t have = duckdb_list_vector_get_size(vector), count = (idx_t)(end - begin);
    duckdb_list_vector_reserve(vector, have + count);
    duckdb_list_vector_set_size(vector, have + count);
    ((duckdb_list_entry *)duckdb_vector_get_data(vector))[row] = (duckdb_list_entry){ .offset = have, .length = count };
    duckdb_vector child = duckdb_list_vector_get_child(vector);
    if (t->kind == TYPE_ARRAY)
        return fill_vector(child, t->element, items, begin, end - begin, have, err);
    TRY(fill_vector(duckdb_struct_vector_get_child(child, 0), t->key, items->children[0], begin, end - begin, have, err));
    return fill_vector(duckdb_struct_vector_get_child(child, 1), t->element, items->children[1], begin, end - begin, have, err);
}

/* Rows [from, from + count) of the view into rows from `to` on. */
/* Arrow leaves open what a null struct's fields hold; the engine takes them for what they are. */
static void null_inside(duckdb_vector vector, const Type *t, idx_t row)
{
    if (t->kind == TYPE_UDT)
        t = t->sql_type;
    if (t->kind == TYPE_STRUCT && !t->nfields)
        engine_fill_empty(vector, row, true);
    for (size_t f = 0; t->kind == TYPE_STRUCT && f < t->nfields; f++) {
        duckdb_vector child = duckdb_struct_vector_get_child(vector, f);
        duckdb_vector_ensure_validity_writable(child);
        duckdb_validity_set_row_invalid(duckdb_vector_get_validity(child), row);
        null_inside(child, t->fields[f].type, row);
    }
}

static Status fill_vector(duckdb_vector vector, const Type *t, const struct ArrowArrayView *view, int64_t from, int64_t count, idx_t to, Error *err)
{
    if (t->kind == TYPE_UDT)
        t = t->sql_type;
    bool list = t->kind == TYPE_ARRAY || t->kind == TYPE_MAP;
    void *data = duckdb_vector_get_data(vector);
    if (list && view->n_children < 1)
        return FAIL(err, ST_INVALID, "the Arrow data has another type than its schema");
    for (int64_t i = 0; i < count; i++) {
        idx_t row = to + (idx_t)i;
        if (t->kind == TYPE_NULL || ArrowArrayViewIsNull(view, from + i)) {
            set_null(vector, row);
            if (list)
                ((duckdb_list_entry *)duckdb_vector_get_data(vector))[row] = (duckdb_list_entry){ .offset = 0, .length = 0 };
        } else if (list) {
            TRY(set_list(vector, t, view, from + i, row, err));
        } else if (t->kind != TYPE_STRUCT) {
            TRY(set_value(vector, data, t, view, from + i, row, err));
        }
    }
    for (size_t f = 0; t->kind == TYPE_STRUCT && f < t->nfields && (int64_t)f < view->n_children; f++)
        TRY(fill_vector(duckdb_struct_vector_get_child(vector, f), t->fields[f].type, view->children[f], from, count, to, err));
    for (int64_t i = 0; t->kind == TYPE_STRUCT && !t->nfields && i < count; i++)
        engine_fill_empty(vector, to + (idx_t)i, false);
    for (int64_t i = 0; t->kind == TYPE_STRUCT && view->null_count != 0 && i < count; i++)
        if (ArrowArrayViewIsNull(view, from + i))
            null_inside(vector, t, to + (idx_t)i);
    return ST_OK;
}

Status arrow_fill_vector(duckdb_vector vector, const Type *t, const struct ArrowArrayView *view, int64_t from, int64_t count, Error *err)
{
    return fill_vector(vector, t, view, from, count, 0, err);
}

Status arrow_fill_chunk(duckdb_data_chunk chunk, const Type *schema, const struct ArrowArrayView *view, int64_t from, int64_t count, Error *err)
{
    if (view->n_children < (int64_t)schema->nfields)
        return FAIL(err, ST_INVALID, "the Arrow data has %lld columns, its schema %zu", (long long)view->n_children, schema->nfields);
    for (size_t i = 0; i < schema->nfields; i++)
        TRY(fill_vector(duckdb_data_chunk_get_vector(chunk, i), schema->fields[i].type, view->children[i], from, count, 0, err));
    duckdb_data_chunk_set_size(chunk, (idx_t)count);
    return ST_OK;
}

/* ---------------------------------------------------------------- IPC streams */
typedef struct Reader {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArrayView view;
    struct ArrowArray batch;
} Reader;

static void reader_done(Reader *r)
{
    if (r->batch.release)
        ArrowArrayRelease(&r->batch);
    ArrowArrayViewReset(&r->view);
    if (r->schema.release)
        ArrowSchemaRelease(&r->schema);
    if (r->stream.release)
        ArrowArrayStreamRelease(&r->stream);
}
#define reader_auto __attribute__((cleanup(reader_done))) Reader

static Status reader_open(Reader *r, const void *ipc, size_t ipc_bytes, Error *err)
{
    struct ArrowBuffer bytes;
    struct ArrowIpcInputStream input;
    struct ArrowError why = { 0 };
    ArrowBufferInit(&bytes);
    if (ArrowBufferAppend(&bytes, ipc, (int64_t)ipc_bytes) != NANOARROW_OK ||
        ArrowIpcInputStreamInitBuffer(&input, &bytes) != NANOARROW_OK ||
        ArrowIpcArrayStreamReaderInit(&r->stream, &input, NULL) != NANOARROW_OK)
        return FAIL(err, ST_INVALID, "read an Arrow stream");
    if (ArrowArrayStreamGetSchema(&r->stream, &r->schema, &why) != NANOARROW_OK)
        return FAIL(err, ST_INVALID, "read an Arrow stream's schema: %s", why.message);
    if (ArrowArrayViewInitFromSchema(&r->view, &r->schema, &why) != NANOARROW_OK)
        return FAIL(err, ST_INVALID, "read an Arrow stream's schema: %s", why.message);
    return ST_OK;
}

/* The next batch into r->view; false at the end. */
static Status reader_next(Reader *r, bool *ret_more, Error *err)
{
    struct ArrowError why = { 0 };
    if (r->batch.release)
        ArrowArrayRelease(&r->batch);
    r->batch.release = NULL;
    if (ArrowArrayStreamGetNext(&r->stream, &r->batch, &why) != NANOARROW_OK)
        return FAIL(err, ST_INVALID, "read an Arrow stream: %s", why.message);
    *ret_more = r->batch.release != NULL;
    if (*ret_more && ArrowArrayViewSetArray(&r->view, &r->batch, &why) != NANOARROW_OK)
        return FAIL(err, ST_INVALID, "read an Arrow batch: %s", why.message);
    return ST_OK;
}

static Status append_batches(duckdb_appender appender, duckdb_data_chunk chunk, const Type *schema, Reader *r, Error *err)
{
    int64_t most = (int64_t)duckdb_vector_size();
    bool more = true;
    for (;;) {
        TRY(reader_next(r, &more, err));
        if (!more)
            return ST_OK;
        for (int64_t from = 0; from < r->batch.length; from += most) {
            int64_t count = r->batch.length - from < most ? r->batch.length - from : most;
            duckdb_data_chunk_reset(chunk);
            TRY(arrow_fill_chunk(chunk, schema, &r->view, from, count, err));
            if (duckdb_append_data_chunk(appender, chunk) != DuckDBSuccess)
                return FAIL(err, ST_INTERNAL, "append rows: %s", duckdb_appender_error(appender));
        }
    }
}

static Status create_table(EngineSession *s, const char *name, const Type *schema, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "CREATE OR REPLACE TABLE ");
    emit_quoted_name(name, &sql);
    str_add(&sql, "(");
    for (size_t i = 0; i < schema->nfields; i++) {
        str_addf(&sql, "%sc%zu ", i ? ", " : "", i);
        emit_type(schema->fields[i].type, &sql);
    }
    str_add(&sql, schema->nfields ? ")" : "c0 INTEGER)");
    return engine_run(s->connection, str_text(&sql), NULL, err);
}

Status engine_register_ipc(EngineSession *s, const char *name, const Type *schema, const void *ipc, size_t ipc_bytes, Error *err)
{
    reader_auto reader = { 0 };
    TRY(reader_open(&reader, ipc, ipc_bytes, err));
    TRY(create_table(s, name, schema, err));
    if (!schema->nfields)
        return ST_OK;
    duckdb_appender appender;
    if (duckdb_appender_create(s->connection, NULL, name, &appender) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "append to %s", name);
    duckdb_logical_type *types = calloc(schema->nfields, sizeof *types);
    if (!types)
        abort();
    for (size_t i = 0; i < schema->nfields; i++)
        types[i] = engine_type(schema->fields[i].type);
    duckdb_data_chunk chunk = duckdb_create_data_chunk(types, schema->nfields);
    Status status = append_batches(appender, chunk, schema, &reader, err);
    if (status == ST_OK && duckdb_appender_close(appender) != DuckDBSuccess)
        status = FAIL(err, ST_INTERNAL, "append rows: %s", duckdb_appender_error(appender));
    duckdb_destroy_data_chunk(&chunk);
    duckdb_appender_destroy(&appender);
    for (size_t i = 0; i < schema->nfields; i++)
        duckdb_destroy_logical_type(&types[i]);
    free(types);
    return status;
}

/* ---------------------------------------------------------------- Arrow's types as Spark's */
static const Type *spark_type(Arena *a, const struct ArrowSchema *schema);

static const Type *spark_struct(Arena *a, const struct ArrowSchema *schema)
{
    size_t n = (size_t)schema->n_children;
    Field *fields = ARENA_ARRAY(a, Field, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct ArrowSchema *child = schema->children[i];
        fields[i] = (Field){ .name = arena_str(a, child->name ? child->name : ""), .type = spark_type(a, child),
                             .nullable = (child->flags & ARROW_FLAG_NULLABLE) != 0 };
        if (!fields[i].type)
            return NULL;
    }
    return type_struct(a, fields, n);
}

static const Type *spark_nested(Arena *a, const struct ArrowSchema *schema, enum ArrowType type)
{
    if (type == NANOARROW_TYPE_STRUCT)
        return spark_struct(a, schema);
    const struct ArrowSchema *child = schema->children[0];
    if (type == NANOARROW_TYPE_MAP) {
        const Type *key = spark_type(a, child->children[0]), *value = spark_type(a, child->children[1]);
        return key && value ? type_map(a, key, value, (child->children[1]->flags & ARROW_FLAG_NULLABLE) != 0) : NULL;
    }
    const Type *element = spark_type(a, child);
    return element ? type_array(a, element, (child->flags & ARROW_FLAG_NULLABLE) != 0) : NULL;
}

/* ArrowUtils.fromArrowType; NULL when Spark has no such type. */
static const Type *spark_type(Arena *a, const struct ArrowSchema *schema)
{
    struct ArrowSchemaView view;
    if (ArrowSchemaViewInit(&view, schema, NULL) != NANOARROW_OK)
        return NULL;
    switch (view.type) {
    case NANOARROW_TYPE_NA: return &type_null;
    case NANOARROW_TYPE_BOOL: return &type_boolean;
    case NANOARROW_TYPE_INT8: return &type_byte;
    case NANOARROW_TYPE_INT16: return &type_short;
    case NANOARROW_TYPE_INT32: return &type_int;
    case NANOARROW_TYPE_INT64: return &type_long;
    case NANOARROW_TYPE_FLOAT: return &type_float;
    case NANOARROW_TYPE_DOUBLE: return &type_double;
    case NANOARROW_TYPE_DECIMAL128: return type_decimal(a, view.decimal_precision, view.decimal_scale);
    case NANOARROW_TYPE_STRING: case NANOARROW_TYPE_LARGE_STRING: return &type_string;
    case NANOARROW_TYPE_BINARY: case NANOARROW_TYPE_LARGE_BINARY: return &type_binary;
    case NANOARROW_TYPE_DATE32: return &type_date;
    case NANOARROW_TYPE_TIMESTAMP:
        if (view.time_unit != NANOARROW_TIME_UNIT_MICRO)
            return NULL;
        return view.timezone && *view.timezone ? &type_timestamp : &type_timestamp_ntz;
    case NANOARROW_TYPE_INTERVAL_MONTHS: return type_year_month(a, INTERVAL_YEAR, INTERVAL_MONTH);
    case NANOARROW_TYPE_DURATION:
        return view.time_unit == NANOARROW_TIME_UNIT_MICRO ? type_day_time(a, INTERVAL_DAY, INTERVAL_SECOND) : NULL;
    case NANOARROW_TYPE_LIST: case NANOARROW_TYPE_MAP: case NANOARROW_TYPE_STRUCT: return spark_nested(a, schema, view.type);
    default: return NULL;
    }
}

Status engine_ipc_schema(Arena *a, const void *ipc, size_t ipc_bytes, const Type **ret_schema, Error *err)
{
    reader_auto reader = { 0 };
    TRY(reader_open(&reader, ipc, ipc_bytes, err));
    const Type *type = spark_struct(a, &reader.schema);
    if (!type)
        return FAIL_CODE(err, ST_INVALID, "UNSUPPORTED_ARROWTYPE", "[UNSUPPORTED_ARROWTYPE] Unsupported arrow type. SQLSTATE: 0A000");
    *ret_schema = type;
    return ST_OK;
}

/* ---------------------------------------------------------------- one batch of known types */
static bool same_layout(const struct ArrowSchema *x, const struct ArrowSchema *y)
{
    if (strcmp(x->format, y->format) != 0 || x->n_children != y->n_children || x->dictionary || y->dictionary)
        return false;
    for (int64_t i = 0; i < x->n_children; i++)
        if (!same_layout(x->children[i], y->children[i]))
            return false;
    return true;
}

static Status check_layout(const Type *schema, const struct ArrowSchema *got, Error *err)
{
    struct ArrowSchema want = { 0 };
    TRY(arrow_schema(schema, "UTC", &want, err));
    Status status = ST_OK;
    if (want.n_children != got->n_children)
        status = FAIL(err, ST_INVALID, "%lld columns came, %zu were expected", (long long)got->n_children, schema->nfields);
    for (int64_t i = 0; status == ST_OK && i < want.n_children; i++)
        if (!same_layout(want.children[i], got->children[i])) {
            arena_auto *a = arena_new();
            status = FAIL(err, ST_INVALID, "column '%s' came as Arrow '%s', %s was expected", schema->fields[i].name,
                          got->children[i]->format, type_sql_text(a, schema->fields[i].type));
        }
    ArrowSchemaRelease(&want);
    return status;
}

Status engine_arrow_schema(const Type *schema, struct ArrowSchema *ret_schema, Error *err)
{
    return arrow_schema(schema, "UTC", ret_schema, err);
}

Status engine_ipc_batch(const Type *schema, const void *ipc, size_t ipc_bytes, struct ArrowArray *ret_batch, Error *err)
{
    reader_auto reader = { 0 };
    bool more = false;
    TRY(reader_open(&reader, ipc, ipc_bytes, err));
    TRY(check_layout(schema, &reader.schema, err));
    TRY(reader_next(&reader, &more, err));
    if (!more)
        return FAIL(err, ST_INVALID, "an Arrow stream without a batch");
    ArrowArrayMove(&reader.batch, ret_batch);
    return ST_OK;
}
