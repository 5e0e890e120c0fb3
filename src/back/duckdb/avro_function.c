/* back/duckdb/avro_function.c -- single values as Avro's binary form and back, as functions of the engine: one for each schema and set of
 * options, registered by source_parse.c. Source: AvroDataToCatalyst, CatalystDataToAvro. */
#include "back/duckdb/avro.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "back/duckdb/source_scan.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>

Status avro_function_schema(ScanPlan *plan, Error *err)
{
    const char *json = source_option(&plan->options, ENGINE_AVRO_SCHEMA);
    return avro_parse(plan->a, json, strlen(json), &plan->avro_schema, err);
}

/* A value that cannot be read: NULL when the mode is PERMISSIVE; a struct's fields are. */
static Status unreadable(ScanLocal *l, duckdb_vector output, idx_t row, Error *why, Error *err)
{
    const char *mode = source_option(&l->plan->options, "mode");
    if (mode && str_ieq(mode, "PERMISSIVE")) {
        scan_json_null(l->plan->schema, output, row);
        if (l->plan->schema->kind == TYPE_STRUCT)
            duckdb_validity_set_row_valid(duckdb_vector_get_validity(output), row);
        return ST_OK;
    }
    if (*why->code) {
        *err = *why;
        return ST_RUNTIME;
    }
    return FAIL_CODE(err, ST_RUNTIME, "MALFORMED_AVRO_MESSAGE",
                     "Malformed Avro messages are detected in message deserialization. Parse Mode: FAILFAST. To process malformed Avro message as null result, "
                     "try setting the option 'mode' as 'PERMISSIVE'.");
}

Status avro_from_rows(ScanLocal *l, duckdb_data_chunk input, duckdb_vector output, Error *err)
{
    duckdb_vector bytes = duckdb_data_chunk_get_vector(input, 0);
    duckdb_string_t *data = duckdb_vector_get_data(bytes);
    uint64_t *validity = duckdb_vector_get_validity(bytes);
    ScanFile nowhere = { "", "from_avro", 0 };
    l->file = &nowhere;
    duckdb_vector_ensure_validity_writable(output);
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); row++) {
        Error why = ERROR_INIT;
        if (validity && !duckdb_validity_row_is_valid(validity, row)) {
            scan_json_null(l->plan->schema, output, row);
            continue;
        }
        View value = { duckdb_string_t_data(&data[row]), duckdb_string_t_length(data[row]) };
        if (!avro_decode_value(l, l->plan->avro_schema, value, output, row, &why))
            TRY(unreadable(l, output, row, &why, err));
    }
    l->file = NULL;
    return ST_OK;
}

Status avro_put_value(const ScanPlan *plan, const struct ArrowArrayView *v, int64_t row, Str *out, Error *err)
{
    return avro_encode_value(v, row, plan->schema, plan->avro_schema, out, err);
}

static Status encode_rows(const ScanPlan *plan, PutValue *put, const struct ArrowArrayView *view, idx_t rows, duckdb_vector output, Error *err)
{
    str_auto bytes = STR_INIT(LIMIT_QUERY_TEXT);
    duckdb_vector_ensure_validity_writable(output);
    for (idx_t row = 0; row < rows; row++) {
        str_clear(&bytes);
        if (plan->schema->kind == TYPE_NULL || ArrowArrayViewIsNull(view->children[0], (int64_t)row)) {
            duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
            continue;
        }
        TRY(put(plan, view->children[0], (int64_t)row, &bytes, err));
        duckdb_vector_assign_string_element_len(output, row, str_text(&bytes), bytes.len);
    }
    return bytes.overflow ? FAIL(err, ST_LIMIT, "a value that is too large for %s", plan->format) : ST_OK;
}

Status scan_encode_rows(const ScanPlan *plan, PutValue *put, duckdb_data_chunk input, duckdb_vector output, Error *err)
{
    const Field field = { "_0", plan->schema, true, NULL };
    const Type args = { .kind = TYPE_STRUCT, .fields = (Field *)(uintptr_t)&field, .nfields = 1 };
    idx_t rows = duckdb_data_chunk_get_size(input);
    struct ArrowSchema schema = { 0 };
    struct ArrowArray array = { 0 };
    struct ArrowArrayView view = { 0 };
    struct ArrowError why = { 0 };
    Status status = arrow_schema(&args, "UTC", &schema, err);
    if (status == ST_OK && (ArrowArrayInitFromSchema(&array, &schema, NULL) != NANOARROW_OK || ArrowArrayStartAppending(&array) != NANOARROW_OK))
        status = FAIL(err, ST_INTERNAL, "start an Arrow batch for %s", plan->format);
    if (status == ST_OK)
        status = arrow_append_columns(&array, &args, input, 0, rows, err);
    if (status == ST_OK && (ArrowArrayFinishBuilding(&array, NANOARROW_VALIDATION_LEVEL_NONE, NULL) != NANOARROW_OK ||
                            ArrowArrayViewInitFromSchema(&view, &schema, &why) != NANOARROW_OK || ArrowArrayViewSetArray(&view, &array, &why) != NANOARROW_OK))
        status = FAIL(err, ST_INTERNAL, "an Arrow batch for %s: %s", plan->format, why.message);
    if (status == ST_OK)
        status = encode_rows(plan, put, &view, rows, output, err);
    ArrowArrayViewReset(&view);
    if (array.release)
        ArrowArrayRelease(&array);
    if (schema.release)
        ArrowSchemaRelease(&schema);
    return status;
}
