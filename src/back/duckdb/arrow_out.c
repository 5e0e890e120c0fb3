/* back/duckdb/arrow_out.c -- chunks of the engine as Arrow arrays of exactly Spark's types. */
#include "back/duckdb/internal.h"
#include "back/duckdb/variant.h"

#include <nanoarrow/nanoarrow.h>
#include <stdio.h>

static Status bad(Error *err, const char *what)
{
    return FAIL(err, ST_INTERNAL, "Arrow: %s", what);
}

static const char *simple_format(const Type *t)
{
    switch (t->kind) {
    case TYPE_NULL: return "n";
    case TYPE_BOOLEAN: return "b";
    case TYPE_BYTE: return "c";
    case TYPE_SHORT: return "s";
    case TYPE_INT: return "i";
    case TYPE_LONG: return "l";
    case TYPE_FLOAT: return "f";
    case TYPE_DOUBLE: return "g";
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: return "u";
    case TYPE_BINARY: return "z";
    case TYPE_DATE: return "tdD";
    case TYPE_TIME: return "ttn";
    case TYPE_TIMESTAMP_NTZ: return "tsu:";
    case TYPE_CALENDAR_INTERVAL: return "tin";
    case TYPE_YEAR_MONTH_INTERVAL: return "tiM";
    case TYPE_DAY_TIME_INTERVAL: return "tDu";
    case TYPE_ARRAY: return "+l";
    case TYPE_MAP: return "+m";
    case TYPE_STRUCT: case TYPE_VARIANT: case TYPE_GEOMETRY: case TYPE_GEOGRAPHY: return "+s";
    default: return NULL;
    }
}

static ArrowErrorCode field_set(struct ArrowSchema *schema, const char *name, const Type *t, bool nullable, const char *zone);

/* As ArrowUtils.toArrowField: two binary fields, the second marked. */
static ArrowErrorCode variant_fields(struct ArrowSchema *schema, const char *zone)
{
    struct ArrowBuffer marks;
    NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(schema, 2));
    NANOARROW_RETURN_NOT_OK(field_set(schema->children[0], "value", &type_binary, false, zone));
    NANOARROW_RETURN_NOT_OK(field_set(schema->children[1], "metadata", &type_binary, false, zone));
    NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&marks, NULL));
    ArrowErrorCode code = ArrowMetadataBuilderAppend(&marks, ArrowCharView("variant"), ArrowCharView("true"));
    if (code == NANOARROW_OK)
        code = ArrowSchemaSetMetadata(schema->children[1], (const char *)marks.data);
    ArrowBufferReset(&marks);
    return code;
}

/* As ArrowUtils.toArrowField: the SRID and the WKB, which is marked. */
static ArrowErrorCode spatial_fields(struct ArrowSchema *schema, const Type *t, const char *zone)
{
    struct ArrowBuffer marks;
    char srid[12];
    snprintf(srid, sizeof srid, "%d", t->precision);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(schema, 2));
    NANOARROW_RETURN_NOT_OK(field_set(schema->children[0], "srid", &type_int, false, zone));
    NANOARROW_RETURN_NOT_OK(field_set(schema->children[1], "wkb", &type_binary, false, zone));
    NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&marks, NULL));
    ArrowErrorCode code = ArrowMetadataBuilderAppend(&marks, ArrowCharView(t->kind == TYPE_GEOMETRY ? "geometry" : "geography"), ArrowCharView("true"));
    if (code == NANOARROW_OK)
        code = ArrowMetadataBuilderAppend(&marks, ArrowCharView("srid"), ArrowCharView(srid));
    if (code == NANOARROW_OK)
        code = ArrowSchemaSetMetadata(schema->children[1], (const char *)marks.data);
    ArrowBufferReset(&marks);
    return code;
}

static ArrowErrorCode children_set(struct ArrowSchema *schema, const Type *t, const char *zone)
{
    if (t->kind == TYPE_ARRAY) {
        NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(schema, 1));
        return field_set(schema->children[0], "element", t->element, t->contains_null, zone);
    }
    if (t->kind == TYPE_MAP) {
        NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(schema, 1));
        struct ArrowSchema *entries = schema->children[0];
        ArrowSchemaInit(entries);
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetFormat(entries, "+s"));
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(entries, "entries"));
        entries->flags = 0;
        NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(entries, 2));
        NANOARROW_RETURN_NOT_OK(field_set(entries->children[0], "key", t->key, false, zone));
        return field_set(entries->children[1], "value", t->element, t->contains_null, zone);
    }
    if (t->kind == TYPE_VARIANT)
        return variant_fields(schema, zone);
    if (type_is_spatial(t))
        return spatial_fields(schema, t, zone);
    if (t->kind != TYPE_STRUCT)
        return NANOARROW_OK;
    NANOARROW_RETURN_NOT_OK(ArrowSchemaAllocateChildren(schema, (int64_t)t->nfields));
    for (size_t i = 0; i < t->nfields; i++) {
        const Field *f = &t->fields[i];
        NANOARROW_RETURN_NOT_OK(field_set(schema->children[i], f->name, f->type, f->nullable, zone));
    }
    return NANOARROW_OK;
}

static ArrowErrorCode field_set(struct ArrowSchema *schema, const char *name, const Type *t, bool nullable, const char *zone)
{
    char text[160];
    const char *format = text;
    if (t->kind == TYPE_UDT)
        t = t->sql_type;
    if (t->kind == TYPE_DECIMAL)
        snprintf(text, sizeof text, "d:%d,%d", t->precision, t->scale);
    else if (t->kind == TYPE_TIMESTAMP)
        snprintf(text, sizeof text, "tsu:%s", zone);
    else if (!(format = simple_format(t)))
        return EINVAL;
    ArrowSchemaInit(schema);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetFormat(schema, format));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema, name));
    schema->flags = nullable || t->kind == TYPE_NULL ? ARROW_FLAG_NULLABLE : 0; /* a null type has no other form */
    return children_set(schema, t, zone);
}

Status arrow_schema(const Type *type, const char *zone, struct ArrowSchema *ret_schema, Error *err)
{
    struct ArrowSchema schema = { 0 };
    if (field_set(&schema, "", type, false, zone ? zone : "UTC") == NANOARROW_OK) {
        ArrowSchemaMove(&schema, ret_schema);
        return ST_OK;
    }
    if (schema.release)
        ArrowSchemaRelease(&schema);
    return bad(err, "a type has no Arrow form");
}

/* ---------------------------------------------------------------- appending */
static bool is_valid(const uint64_t *validity, idx_t row)
{
    return !validity || (validity[row / 64] >> (row % 64) & 1);
}

static ArrowErrorCode append_validity(struct ArrowArray *array, const uint64_t *validity, idx_t from, idx_t count)
{
    struct ArrowBitmap *bits = ArrowArrayValidityBitmap(array);
    if (!validity)
        return ArrowBitmapAppend(bits, 1, (int64_t)count);
    NANOARROW_RETURN_NOT_OK(ArrowBitmapReserve(bits, (int64_t)count));
    for (idx_t i = from; i < from + count; i++) {
        bool valid = is_valid(validity, i);
        ArrowBitmapAppendUnsafe(bits, valid, 1);
        array->null_count += !valid;
    }
    return NANOARROW_OK;
}

static ArrowErrorCode append_strings(struct ArrowArray *array, const duckdb_string_t *strings, const uint64_t *validity, idx_t from,
                                     idx_t count)
{
    struct ArrowBuffer *offsets = ArrowArrayBuffer(array, 1), *bytes = ArrowArrayBuffer(array, 2);
    int64_t total = 0;
    for (idx_t i = from; i < from + count; i++)
        total += is_valid(validity, i) ? (int64_t)duckdb_string_t_length(strings[i]) : 0;
    if (bytes->size_bytes + total > INT32_MAX)
        return EOVERFLOW;
    NANOARROW_RETURN_NOT_OK(ArrowBufferReserve(bytes, total));
    NANOARROW_RETURN_NOT_OK(ArrowBufferReserve(offsets, (int64_t)(count * sizeof(int32_t))));
    for (idx_t i = from; i < from + count; i++) {
        if (is_valid(validity, i)) {
            duckdb_string_t s = strings[i];
            ArrowBufferAppendUnsafe(bytes, duckdb_string_t_data(&s), duckdb_string_t_length(s));
        }
        int32_t end = (int32_t)bytes->size_bytes;
        ArrowBufferAppendUnsafe(offsets, &end, sizeof end);
    }
    return NANOARROW_OK;
}

/* A NULL row holds any byte: read them as numbers. */
static ArrowErrorCode append_bools(struct ArrowArray *array, const uint8_t *values, idx_t from, idx_t count)
{
    struct ArrowBitmap bits = { .buffer = *ArrowArrayBuffer(array, 1), .size_bits = array->length };
    ArrowErrorCode code = ArrowBitmapReserve(&bits, (int64_t)count);
    if (code == NANOARROW_OK) {
        for (idx_t i = from; i < from + count; i++)
            ArrowBitmapAppendUnsafe(&bits, values[i] != 0, 1);
    }
    *ArrowArrayBuffer(array, 1) = bits.buffer;
    return code;
}

/* The engine keeps short decimals in 16, 32 or 64 bits: Arrow has 128. */
static ArrowErrorCode append_decimals(struct ArrowArray *array, const void *data, const Type *t, idx_t from, idx_t count)
{
    struct ArrowBuffer *out = ArrowArrayBuffer(array, 1);
    NANOARROW_RETURN_NOT_OK(ArrowBufferReserve(out, (int64_t)(count * 16)));
    for (idx_t i = from; i < from + count; i++) {
        int64_t words[2];
        if (t->precision > 18) {
            memcpy(words, (const char *)data + i * 16, 16);
        } else {
            words[0] = t->precision <= 4 ? ((const int16_t *)data)[i]
                     : t->precision <= 9 ? ((const int32_t *)data)[i]
                                         : ((const int64_t *)data)[i];
            words[1] = words[0] < 0 ? -1 : 0;
        }
        ArrowBufferAppendUnsafe(out, words, 16);
    }
    return NANOARROW_OK;
}

static ArrowErrorCode append_intervals(struct ArrowArray *array, const duckdb_interval *values, idx_t from, idx_t count)
{
    struct ArrowBuffer *out = ArrowArrayBuffer(array, 1);
    NANOARROW_RETURN_NOT_OK(ArrowBufferReserve(out, (int64_t)(count * 16)));
    for (idx_t i = from; i < from + count; i++) {
        int64_t nanoseconds = values[i].micros * 1000;
        ArrowBufferAppendUnsafe(out, &values[i].months, 4);
        ArrowBufferAppendUnsafe(out, &values[i].days, 4);
        ArrowBufferAppendUnsafe(out, &nanoseconds, 8);
    }
    return NANOARROW_OK;
}

/* The engine's BLOB as its two fields; a NULL has them empty. */
static ArrowErrorCode append_variants(struct ArrowArray *array, duckdb_string_t *blobs, const uint64_t *validity, idx_t from, idx_t count)
{
    for (idx_t i = from; i < from + count; i++) {
        Variant v = { { "", 0 }, { "", 0 } };
        if (is_valid(validity, i) && !variant_open((View){ duckdb_string_t_data(&blobs[i]), duckdb_string_t_length(blobs[i]) }, &v))
            return EINVAL;
        const View parts[] = { v.value, v.metadata };
        for (size_t k = 0; k < 2; k++) {
            struct ArrowArray *part = array->children[k];
            NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(part, 2), parts[k].data, (int64_t)parts[k].len));
            int32_t end = (int32_t)ArrowArrayBuffer(part, 2)->size_bytes;
            NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(part, 1), &end, sizeof end));
            NANOARROW_RETURN_NOT_OK(ArrowBitmapAppend(ArrowArrayValidityBitmap(part), 1, 1));
            part->length++;
        }
    }
    return NANOARROW_OK;
}

/* 4 bytes of SRID and the WKB (kernel_spatial.c) as two fields; a NULL has them empty. */
static ArrowErrorCode append_places(struct ArrowArray *array, duckdb_string_t *blobs, const uint64_t *validity, idx_t from, idx_t count)
{
    struct ArrowArray *srids = array->children[0], *wkbs = array->children[1];
    for (idx_t i = from; i < from + count; i++) {
        int32_t srid = 0;
        bool valid = is_valid(validity, i) && duckdb_string_t_length(blobs[i]) >= sizeof srid;
        const char *data = valid ? duckdb_string_t_data(&blobs[i]) : NULL;
        if (valid) {
            memcpy(&srid, data, sizeof srid);
            NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(wkbs, 2), data + sizeof srid, (int64_t)duckdb_string_t_length(blobs[i]) - (int64_t)sizeof srid));
        }
        int32_t end = (int32_t)ArrowArrayBuffer(wkbs, 2)->size_bytes;
        NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(srids, 1), &srid, sizeof srid));
        NANOARROW_RETURN_NOT_OK(ArrowBufferAppend(ArrowArrayBuffer(wkbs, 1), &end, sizeof end));
        NANOARROW_RETURN_NOT_OK(ArrowBitmapAppend(ArrowArrayValidityBitmap(srids), 1, 1));
        NANOARROW_RETURN_NOT_OK(ArrowBitmapAppend(ArrowArrayValidityBitmap(wkbs), 1, 1));
        srids->length++;
        wkbs->length++;
    }
    return NANOARROW_OK;
}

static ArrowErrorCode append_vector(struct ArrowArray *array, const Type *t, duckdb_vector vector, idx_t from, idx_t count);

static ArrowErrorCode append_struct(struct ArrowArray *array, const Type *t, duckdb_vector vector, idx_t from, idx_t count)
{
    for (size_t i = 0; i < t->nfields; i++) {
        NANOARROW_RETURN_NOT_OK(append_vector(array->children[i], t->fields[i].type,
                                              duckdb_struct_vector_get_child(vector, i), from, count));
    }
    return NANOARROW_OK;
}

/* A map's entries, or a list's elements. */
static ArrowErrorCode append_elements(struct ArrowArray *array, const Type *t, duckdb_vector child, idx_t from, idx_t count)
{
    struct ArrowArray *entries = array->children[0];
    if (t->kind == TYPE_ARRAY)
        return append_vector(entries, t->element, child, from, count);
    NANOARROW_RETURN_NOT_OK(append_vector(entries->children[0], t->key, duckdb_struct_vector_get_child(child, 0), from, count));
    NANOARROW_RETURN_NOT_OK(append_vector(entries->children[1], t->element, duckdb_struct_vector_get_child(child, 1), from, count));
    NANOARROW_RETURN_NOT_OK(ArrowBitmapAppend(ArrowArrayValidityBitmap(entries), 1, (int64_t)count));
    entries->length += (int64_t)count;
    return NANOARROW_OK;
}

static ArrowErrorCode append_lists(struct ArrowArray *array, const Type *t, duckdb_vector vector, const uint64_t *validity,
                                   idx_t from, idx_t count)
{
    const duckdb_list_entry *lists = duckdb_vector_get_data(vector);
    duckdb_vector child = duckdb_list_vector_get_child(vector);
    struct ArrowBuffer *offsets = ArrowArrayBuffer(array, 1);
    NANOARROW_RETURN_NOT_OK(ArrowBufferReserve(offsets, (int64_t)(count * sizeof(int32_t))));
    for (idx_t i = from; i < from + count; i++) {
        if (is_valid(validity, i) && lists[i].length)
            NANOARROW_RETURN_NOT_OK(append_elements(array, t, child, lists[i].offset, lists[i].length));
        if (array->children[0]->length > INT32_MAX)
            return EOVERFLOW;
        int32_t end = (int32_t)array->children[0]->length;
        ArrowBufferAppendUnsafe(offsets, &end, sizeof end);
    }
    return NANOARROW_OK;
}

static size_t fixed_width(const Type *t)
{
    switch (t->kind) {
    case TYPE_BYTE: return 1;
    case TYPE_SHORT: return 2;
    case TYPE_INT: case TYPE_FLOAT: case TYPE_DATE: case TYPE_YEAR_MONTH_INTERVAL: return 4;
    default: return 8;
    }
}

static ArrowErrorCode append_values(struct ArrowArray *array, const Type *t, duckdb_vector vector, const uint64_t *validity,
                                    idx_t from, idx_t count)
{
    void *data = duckdb_vector_get_data(vector);
    switch (t->kind) {
    case TYPE_BOOLEAN: return append_bools(array, data, from, count);
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: case TYPE_BINARY:
        return append_strings(array, data, validity, from, count);
    case TYPE_VARIANT: return append_variants(array, data, validity, from, count);
    case TYPE_GEOMETRY: case TYPE_GEOGRAPHY: return append_places(array, data, validity, from, count);
    case TYPE_DECIMAL: return append_decimals(array, data, t, from, count);
    case TYPE_CALENDAR_INTERVAL: return append_intervals(array, data, from, count);
    case TYPE_ARRAY: case TYPE_MAP: return append_lists(array, t, vector, validity, from, count);
    case TYPE_STRUCT: return append_struct(array, t, vector, from, count);
    default: {
        size_t width = fixed_width(t);
        return ArrowBufferAppend(ArrowArrayBuffer(array, 1), (const char *)data + from * width, (int64_t)(count * width));
    }
    }
}

static ArrowErrorCode append_vector(struct ArrowArray *array, const Type *t, duckdb_vector vector, idx_t from, idx_t count)
{
    if (t->kind == TYPE_UDT)
        t = t->sql_type;
    if (t->kind == TYPE_NULL) {
        array->null_count += (int64_t)count;
    } else {
        const uint64_t *validity = duckdb_vector_get_validity(vector);
        NANOARROW_RETURN_NOT_OK(append_values(array, t, vector, validity, from, count));
        NANOARROW_RETURN_NOT_OK(append_validity(array, validity, from, count));
    }
    array->length += (int64_t)count;
    return NANOARROW_OK;
}

Status arrow_append_chunk(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, Error *err)
{
    return arrow_append_rows(array, schema, chunk, 0, duckdb_data_chunk_get_size(chunk), err);
}

static Status append_columns(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, idx_t first_column, idx_t from,
                             idx_t count, Error *err)
{
    for (size_t i = 0; i < schema->nfields; i++) {
        ArrowErrorCode code =
            append_vector(array->children[i], schema->fields[i].type, duckdb_data_chunk_get_vector(chunk, first_column + i),
                          from, count);
        if (code == EOVERFLOW)
            return FAIL(err, ST_LIMIT, "a batch of column `%s` is larger than 2 GiB", schema->fields[i].name);
        if (code != NANOARROW_OK)
            return bad(err, "append rows");
    }
    array->length += (int64_t)count;
    return ST_OK;
}

Status arrow_append_rows(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, idx_t from, idx_t count, Error *err)
{
    return append_columns(array, schema, chunk, 0, from, count, err);
}

Status arrow_append_columns(struct ArrowArray *array, const Type *schema, duckdb_data_chunk chunk, idx_t first_column, idx_t count, Error *err)
{
    return append_columns(array, schema, chunk, first_column, 0, count, err);
}
