/* driver/arrow.c -- see arrow.h. */
#include "driver/arrow.h"

#include <nanoarrow/nanoarrow_ipc.h>

Rows *rows_new(Arena *a, const Type *schema)
{
    Rows *rows = ARENA_NEW(a, Rows);
    rows->arena = a;
    rows->schema = schema;
    return rows;
}

Value *rows_add(Rows *rows)
{
    Value *row = ARENA_ARRAY(rows->arena, Value, rows->schema->nfields);
    for (size_t i = 0; i < rows->schema->nfields; i++)
        row[i].is_null = true;
    vec_push(rows->arena, &rows->at, row);
    return row;
}

Value rows_text(const char *text)
{
    return (Value){ .is_null = !text, .text = text, .text_len = text ? strlen(text) : 0 };
}

Value rows_long(int64_t value)
{
    return (Value){ .i = value };
}

static Status arrow_failed(const struct ArrowError *error, Error *err)
{
    return FAIL(err, ST_INTERNAL, "Arrow: %s", error->message);
}

static Status write_stream(struct ArrowIpcWriter *writer, const struct ArrowSchema *schema, const struct ArrowArray *batch,
                           struct ArrowArrayView *view, Error *err)
{
    struct ArrowError error = { 0 };
    if (ArrowIpcWriterWriteSchema(writer, schema, &error) != NANOARROW_OK)
        return arrow_failed(&error, err);
    if (batch && (ArrowArrayViewInitFromSchema(view, schema, &error) != NANOARROW_OK ||
                  ArrowArrayViewSetArray(view, batch, &error) != NANOARROW_OK ||
                  ArrowIpcWriterWriteArrayView(writer, view, &error) != NANOARROW_OK))
        return arrow_failed(&error, err);
    if (ArrowIpcWriterWriteArrayView(writer, NULL, &error) != NANOARROW_OK)
        return arrow_failed(&error, err);
    return ST_OK;
}

Status arrow_encode(const struct ArrowSchema *schema, const struct ArrowArray *batch, struct ArrowBuffer *out, Error *err)
{
    struct ArrowIpcOutputStream stream;
    struct ArrowIpcWriter writer;
    if (ArrowIpcOutputStreamInitBuffer(&stream, out) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "Arrow: no stream");
    if (ArrowIpcWriterInit(&writer, &stream) != NANOARROW_OK) {
        stream.release(&stream);
        return FAIL(err, ST_INTERNAL, "Arrow: no writer");
    }
    struct ArrowArrayView view;
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    Status status = write_stream(&writer, schema, batch, &view, err);
    ArrowArrayViewReset(&view);
    ArrowIpcWriterReset(&writer);
    return status;
}

Status arrow_stream_begin(ArrowStream *s, const struct ArrowSchema *schema, struct ArrowBuffer *out, Error *err)
{
    struct ArrowIpcOutputStream stream;
    struct ArrowError error = { 0 };
    *s = (ArrowStream){ 0 };
    if (ArrowIpcOutputStreamInitBuffer(&stream, out) != NANOARROW_OK)
        return FAIL(err, ST_INTERNAL, "Arrow: no stream");
    if (ArrowIpcWriterInit(&s->writer, &stream) != NANOARROW_OK) {
        stream.release(&stream);
        return FAIL(err, ST_INTERNAL, "Arrow: no writer");
    }
    if (ArrowSchemaDeepCopy(schema, &s->schema) != NANOARROW_OK ||
        ArrowIpcWriterWriteSchema(&s->writer, &s->schema, &error) != NANOARROW_OK)
        return arrow_failed(&error, err);
    return ST_OK;
}

Status arrow_stream_add(ArrowStream *s, const struct ArrowArray *batch, Error *err)
{
    struct ArrowArrayView view;
    struct ArrowError error = { 0 };
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    bool ok = ArrowArrayViewInitFromSchema(&view, &s->schema, &error) == NANOARROW_OK &&
              ArrowArrayViewSetArray(&view, batch, &error) == NANOARROW_OK &&
              ArrowIpcWriterWriteArrayView(&s->writer, &view, &error) == NANOARROW_OK;
    ArrowArrayViewReset(&view);
    return ok ? ST_OK : arrow_failed(&error, err);
}

Status arrow_stream_end(ArrowStream *s, Error *err)
{
    struct ArrowError error = { 0 };
    if (ArrowIpcWriterWriteArrayView(&s->writer, NULL, &error) != NANOARROW_OK)
        return arrow_failed(&error, err);
    return ST_OK;
}

void arrow_stream_done(ArrowStream *s)
{
    if (s->writer.private_data)
        ArrowIpcWriterReset(&s->writer);
    if (s->schema.release)
        ArrowSchemaRelease(&s->schema);
}

static enum ArrowType arrow_type(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN:
        return NANOARROW_TYPE_BOOL;
    case TYPE_INT:
        return NANOARROW_TYPE_INT32;
    case TYPE_LONG:
        return NANOARROW_TYPE_INT64;
    case TYPE_DOUBLE:
        return NANOARROW_TYPE_DOUBLE;
    case TYPE_STRING:
        return NANOARROW_TYPE_STRING;
    case TYPE_ARRAY: /* of strings */
        return NANOARROW_TYPE_LIST;
    default:
        return NANOARROW_TYPE_UNINITIALIZED;
    }
}

static int rows_schema(const Rows *rows, struct ArrowSchema *schema)
{
    ArrowSchemaInit(schema);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, (int64_t)rows->schema->nfields));
    for (size_t i = 0; i < rows->schema->nfields; i++) {
        const Field *f = &rows->schema->fields[i];
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema->children[i], arrow_type(f->type)));
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[i], f->name));
        if (f->type->kind == TYPE_ARRAY)
            NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema->children[i]->children[0], NANOARROW_TYPE_STRING));
        schema->children[i]->flags = f->nullable ? ARROW_FLAG_NULLABLE : 0;
    }
    return NANOARROW_OK;
}

static int append_text(struct ArrowArray *column, const Value *v)
{
    return ArrowArrayAppendString(column, (struct ArrowStringView){ v->text, (int64_t)v->text_len });
}

static int append(struct ArrowArray *column, const Type *type, const Value *v)
{
    if (v->is_null)
        return ArrowArrayAppendNull(column, 1);
    if (type->kind == TYPE_STRING)
        return append_text(column, v);
    if (type->kind == TYPE_ARRAY) {
        for (size_t i = 0; i < v->nitems; i++)
            NANOARROW_RETURN_NOT_OK(append_text(column->children[0], &v->items[i]));
        return ArrowArrayFinishElement(column);
    }
    return type->kind == TYPE_DOUBLE ? ArrowArrayAppendDouble(column, v->f) : ArrowArrayAppendInt(column, v->i);
}

static int rows_array(const Rows *rows, const struct ArrowSchema *schema, struct ArrowArray *array)
{
    NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(array, schema, NULL));
    NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(array));
    for (size_t r = 0; r < rows->at.len; r++) {
        for (size_t i = 0; i < rows->schema->nfields; i++)
            NANOARROW_RETURN_NOT_OK(append(array->children[i], rows->schema->fields[i].type, &rows->at.at[r][i]));
        NANOARROW_RETURN_NOT_OK(ArrowArrayFinishElement(array));
    }
    return ArrowArrayFinishBuildingDefault(array, NULL);
}

Status arrow_encode_rows(const Rows *rows, struct ArrowBuffer *out, Error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArray array = { 0 };
    Status status = ST_OK;
    if (rows_schema(rows, &schema) != NANOARROW_OK || rows_array(rows, &schema, &array) != NANOARROW_OK)
        status = FAIL(err, ST_INTERNAL, "Arrow: cannot build rows");
    else
        status = arrow_encode(&schema, &array, out, err);
    if (array.release)
        ArrowArrayRelease(&array);
    if (schema.release)
        ArrowSchemaRelease(&schema);
    return status;
}
