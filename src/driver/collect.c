/* driver/collect.c -- Arrow batches to values: rows that the driver itself looks at (Pivot's values, spark-sql). */
#include "driver/pretty.h"
#include "driver/run.h"

#include "back/duckdb/variant.h"

static Value value_at(Arena *a, const struct ArrowArrayView *view, int64_t i, const Type *type);

static Value text_at(Arena *a, const struct ArrowArrayView *view, int64_t i)
{
    struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(view, i);
    return (Value){ .text = arena_strn(a, bytes.data.as_char, (size_t)bytes.size_bytes), .text_len = (size_t)bytes.size_bytes };
}

/* The unscaled digits with the point put in. */
static Value decimal_at(Arena *a, const struct ArrowArrayView *view, int64_t i, const Type *type)
{
    struct ArrowDecimal decimal;
    struct ArrowBuffer digits;
    ArrowDecimalInit(&decimal, 128, type->precision, type->scale);
    ArrowArrayViewGetDecimalUnsafe(view, i, &decimal);
    ArrowBufferInit(&digits);
    Value v = { .is_null = true };
    if (ArrowDecimalAppendDigitsToBuffer(&decimal, &digits) == NANOARROW_OK) {
        const char *text = (const char *)digits.data;
        size_t n = (size_t)digits.size_bytes, scale = (size_t)type->scale, sign = n && *text == '-';
        size_t whole = n - sign > scale ? n - sign - scale : 0;
        str_auto out = STR_INIT(128);
        str_addn(&out, text, sign);
        str_addn(&out, whole ? text + sign : "0", whole ? whole : 1);
        str_add(&out, scale ? "." : "");
        for (size_t k = n - sign; k < scale; k++)
            str_addc(&out, '0');
        str_addn(&out, text + sign + whole, n - sign - whole);
        v = (Value){ .text = str_arena(&out, a), .text_len = out.len };
    }
    ArrowBufferReset(&digits);
    return v;
}

static Value list_at(Arena *a, const struct ArrowArrayView *view, int64_t i, const Type *type)
{
    int64_t from = ArrowArrayViewListChildOffset(view, i), to = ArrowArrayViewListChildOffset(view, i + 1);
    const struct ArrowArrayView *child = view->children[0];
    bool map = type->kind == TYPE_MAP;
    size_t width = map ? 2 : 1;
    Value *items = ARENA_ARRAY(a, Value, (size_t)(to - from) * width + 1);
    for (int64_t k = from; k < to; k++) {
        Value *at = items + (size_t)(k - from) * width;
        if (map)
            *at++ = value_at(a, child->children[0], k, type->key);
        *at = value_at(a, map ? child->children[1] : child, k, type->element);
    }
    return (Value){ .items = items, .nitems = (size_t)(to - from) * width };
}

static Value value_at(Arena *a, const struct ArrowArrayView *view, int64_t i, const Type *type)
{
    if (view->storage_type == NANOARROW_TYPE_NA || ArrowArrayViewIsNull(view, i))
        return (Value){ .is_null = true };
    switch (type->kind) {
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return (Value){ .f = ArrowArrayViewGetDoubleUnsafe(view, i) };
    case TYPE_STRING:
    case TYPE_CHAR:
    case TYPE_VARCHAR:
    case TYPE_BINARY:
        return text_at(a, view, i);
    case TYPE_DECIMAL:
        return decimal_at(a, view, i, type);
    case TYPE_ARRAY:
    case TYPE_MAP:
        return list_at(a, view, i, type);
    case TYPE_VARIANT: {
        struct ArrowBufferView value = ArrowArrayViewGetBytesUnsafe(view->children[0], i), metadata = ArrowArrayViewGetBytesUnsafe(view->children[1], i);
        str_auto blob = STR_INIT((size_t)2 * VARIANT_MAX_BYTES);
        variant_close((View){ value.data.as_char, (size_t)value.size_bytes }, (View){ metadata.data.as_char, (size_t)metadata.size_bytes }, &blob);
        return (Value){ .text = arena_strn(a, str_text(&blob), blob.len), .text_len = blob.len };
    }
    case TYPE_STRUCT: {
        Value *items = ARENA_ARRAY(a, Value, type->nfields + 1);
        for (size_t k = 0; k < type->nfields; k++)
            items[k] = value_at(a, view->children[k], i, type->fields[k].type);
        return (Value){ .items = items, .nitems = type->nfields };
    }
    default:
        return (Value){ .i = ArrowArrayViewGetIntUnsafe(view, i) };
    }
}

typedef struct Collector {
    Rows *rows;
    size_t max_rows;
} Collector;

static Status take(void *arg, const struct ArrowSchema *schema, const struct ArrowArray *batch, Error *err)
{
    Collector *c = arg;
    struct ArrowArrayView view;
    struct ArrowError error = { 0 };
    if (ArrowArrayViewInitFromSchema(&view, schema, &error) != NANOARROW_OK ||
        ArrowArrayViewSetArray(&view, batch, &error) != NANOARROW_OK) {
        ArrowArrayViewReset(&view);
        return FAIL(err, ST_INTERNAL, "Arrow: %s", error.message);
    }
    const Type *type = c->rows->schema;
    for (int64_t i = 0; i < batch->length && c->rows->at.len < c->max_rows; i++) {
        Value *row = rows_add(c->rows);
        for (size_t k = 0; k < type->nfields; k++)
            row[k] = value_at(c->rows->arena, view.children[k], i, type->fields[k].type);
    }
    ArrowArrayViewReset(&view);
    return ST_OK;
}

Status run_collect(Run *r, const Node *bound, size_t max_rows, Rows **ret_rows, Error *err)
{
    Collector c = { .rows = rows_new(r->arena, bind_schema_type(r->arena, bound)), .max_rows = max_rows };
    TRY(run_each(r, bound, take, &c, err));
    *ret_rows = c.rows;
    return ST_OK;
}

Status run_collect_shown(Run *r, Node *bound, int64_t max_rows, int how, Rows **ret_rows, Error *err)
{
    r->shown = true;
    Status status = run_collect(r, pretty_plan(r->arena, bound, max_rows, (CastMode)how), SIZE_MAX, ret_rows, err);
    r->shown = false;
    return status;
}
