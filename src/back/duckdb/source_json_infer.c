/* back/duckdb/source_json_infer.c -- the schema of JSON files: each record's type, merged. Source: JsonInferSchema. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_json.h"
#include "back/duckdb/source_reader.h"

#include <stdlib.h>

typedef struct Infer {
    Arena *a, *record;      /* of the result, of one record */
    const JsonOptions *o;
    const CsvOptions *common;
    Error *err;
    const Type *root;       /* so far */
} Infer;

/* ---------------------------------------------------------------- one type for two */
static int by_name(const void *x, const void *y)
{
    return strcmp(((const Field *)x)->name, ((const Field *)y)->name);
}

static const Type *merge(Infer *in, const Type *x, const Type *y);

static const Type *merge_structs(Infer *in, const Type *x, const Type *y)
{
    Field *fields = ARENA_ARRAY(in->a, Field, x->nfields + y->nfields + 1);
    size_t i = 0, j = 0, n = 0;
    while (i < x->nfields || j < y->nfields) {
        int order = i == x->nfields ? 1 : j == y->nfields ? -1 : strcmp(x->fields[i].name, y->fields[j].name);
        fields[n] = order <= 0 ? x->fields[i] : y->fields[j];
        if (order == 0)
            fields[n].type = merge(in, x->fields[i].type, y->fields[j].type);
        i += order <= 0;
        j += order >= 0;
        n++;
    }
    return type_struct(in->a, fields, n);
}

const Type *source_wider_number(Arena *a, const Type *x, const Type *y)
{
    if (x->kind == TYPE_DOUBLE || y->kind == TYPE_DOUBLE)
        return &type_double;
    x = x->kind == TYPE_LONG ? type_decimal(a, 20, 0) : x;
    y = y->kind == TYPE_LONG ? type_decimal(a, 20, 0) : y;
    int scale = x->scale > y->scale ? x->scale : y->scale;
    int range = x->precision - x->scale > y->precision - y->scale ? x->precision - x->scale : y->precision - y->scale;
    return range + scale > DECIMAL_MAX_PRECISION ? &type_double : type_decimal(a, range + scale, scale);
}

bool source_is_number(const Type *t)
{
    return t->kind == TYPE_LONG || t->kind == TYPE_DOUBLE || t->kind == TYPE_DECIMAL;
}

static const Type *merge(Infer *in, const Type *x, const Type *y)
{
    if (type_equal(x, y) || y->kind == TYPE_NULL)
        return x;
    if (x->kind == TYPE_NULL)
        return y;
    if (source_is_number(x) && source_is_number(y))
        return source_wider_number(in->a, x, y);
    if (x->kind == TYPE_STRUCT && y->kind == TYPE_STRUCT)
        return merge_structs(in, x, y);
    if (x->kind == TYPE_ARRAY && y->kind == TYPE_ARRAY)
        return type_array(in->a, merge(in, x->element, y->element), true);
    return &type_string;
}

/* ---------------------------------------------------------------- one value */
static const Type *decimal_or_double(Infer *in, View v)
{
    int64_t precision, scale;
    if (!java_big_decimal(v, &precision, &scale))
        return &type_double;
    int64_t digits = precision > scale ? precision : scale;
    return digits <= DECIMAL_MAX_PRECISION && scale >= 0 ? type_decimal(in->a, (int)digits, (int)scale) : &type_double;
}

static const Type *text_type(Infer *in, View v)
{
    int64_t precision, scale, us;
    if (!v.len)
        return &type_null;
    if (in->o->prefers_decimal && java_big_decimal(v, &precision, &scale) && precision <= DECIMAL_MAX_PRECISION && scale >= 0 &&
        scale <= precision)
        return type_decimal(in->a, (int)precision, (int)scale);
    bool timestamp = in->common->timestamp_format ? pattern_parse(in->common->timestamp_format, v, in->common->zone, &us) == PATTERN_PARSED
                                                  : in->o->infer_timestamp && convert_timestamp(v, in->common->zone, &us);
    return in->o->infer_timestamp && timestamp ? &type_timestamp : &type_string;
}

static const Type *value_type(Infer *in, const JsonNode *n)
{
    int64_t number;
    size_t count = 0;
    switch (n->kind) {
    case JSON_NONE: case JSON_NULLS: return &type_null;
    case JSON_TEXT: return text_type(in, n->text);
    case JSON_BOOL: return in->o->primitives_as_string ? &type_string : &type_boolean;
    case JSON_INT:
        if (in->o->primitives_as_string)
            return &type_string;
        return java_integer(n->text, INT64_MIN, INT64_MAX, &number) ? &type_long : decimal_or_double(in, n->text);
    case JSON_FLOAT:
        if (in->o->primitives_as_string)
            return &type_string;
        return in->o->prefers_decimal ? decimal_or_double(in, n->text) : &type_double;
    case JSON_LIST: {
        const Type *element = &type_null;
        for (const JsonNode *item = n->first; item; item = item->next)
            element = merge(in, element, value_type(in, item));
        return type_array(in->a, element, true);
    }
    default: break;
    }
    for (const JsonNode *item = n->first; item; item = item->next)
        count++;
    Field *fields = ARENA_ARRAY(in->a, Field, count + 1);
    count = 0;
    for (const JsonNode *item = n->first; item; item = item->next)
        fields[count++] = (Field){ .name = arena_strn(in->a, item->key.data, item->key.len), .type = value_type(in, item), .nullable = true };
    qsort(fields, count, sizeof *fields, by_name);
    return type_struct(in->a, fields, count);
}

/* ---------------------------------------------------------------- records */
static const Type *corrupt_struct(const Infer *in)
{
    Field f = { .name = arena_str(in->a, in->common->corrupt), .type = &type_string, .nullable = true };
    return type_struct(in->a, &f, 1);
}

/* compatibleRootType */
static const Type *merge_roots(Infer *in, const Type *x, const Type *y)
{
    while (x->kind == TYPE_ARRAY)
        x = x->element;
    while (y->kind == TYPE_ARRAY)
        y = y->element;
    bool left = x->kind == TYPE_STRUCT, right = y->kind == TYPE_STRUCT;
    if ((left && y->kind == TYPE_NULL) || (right && x->kind == TYPE_NULL))
        return left ? x : y;
    if (left == right)
        return merge(in, x, y);
    const Type *kept = left ? x : y;
    return in->common->mode == MODE_DROPMALFORMED ? kept : merge(in, kept, corrupt_struct(in));
}

static Status infer_record(Infer *in, View text)
{
    JsonNode *n;
    arena_free(in->record);
    in->record = arena_new();
    if (!json_parse(in->record, in->o, text, &n)) {
        if (in->common->mode == MODE_FAILFAST)
            return engine_fail(in->err, ST_RUNTIME, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "badRecord", in->common->corrupt,
                               "failFastMode", "FAILFAST", NULL);
        if (in->common->mode == MODE_PERMISSIVE)
            in->root = merge_roots(in, in->root, corrupt_struct(in));
        return ST_OK;
    }
    in->root = merge_roots(in, in->root, n ? value_type(in, n) : &type_null);
    return ST_OK;
}

static Status infer_text(Infer *in, View text)
{
    if (in->common->multi_line)
        return infer_record(in, text);
    while (text.len) {
        View sep = in->common->line_sep.len ? in->common->line_sep : VIEW("\n");
        const char *end = memmem(text.data, text.len, sep.data, sep.len);
        size_t length = end ? (size_t)(end - text.data) : text.len, next = end ? length + sep.len : length;
        TRY(infer_record(in, (View){ text.data, length }));
        text = (View){ text.data + next, text.len - next };
    }
    return ST_OK;
}

static Status infer_file(Infer *in, const SourceFile *file)
{
    source_reader_auto *r = NULL;
    View line;
    bool done = false;
    TRY(source_reader_open(file->path, file->uri, 0, -1, in->common->line_sep, &r, in->err));
    if (in->common->multi_line || in->common->encoding) {
        arena_auto *text = arena_new();
        TRY(source_reader_rest(r, &line, in->err));
        if (in->common->encoding)
            TRY(source_decode(text, in->common->encoding, line, &line, in->err));
        return infer_text(in, line);
    }
    for (;;) {
        TRY(source_reader_line(r, &line, &done, in->err));
        if (done)
            return ST_OK;
        TRY(infer_record(in, line));
    }
}

/* canonicalizeType: NULL when nothing is left. */
static const Type *canonical(const Infer *in, const Type *t)
{
    if (t->kind == TYPE_NULL)
        return in->o->drop_all_null ? NULL : &type_string;
    if (t->kind == TYPE_ARRAY) {
        const Type *element = canonical(in, t->element);
        return element ? type_array(in->a, element, true) : NULL;
    }
    if (t->kind != TYPE_STRUCT)
        return t;
    Field *fields = ARENA_ARRAY(in->a, Field, t->nfields + 1);
    size_t n = 0;
    for (size_t i = 0; i < t->nfields; i++) {
        const Type *kept = t->fields[i].name[0] ? canonical(in, t->fields[i].type) : NULL;
        if (kept) {
            fields[n] = t->fields[i];
            fields[n++].type = kept;
        }
    }
    return n ? type_struct(in->a, fields, n) : NULL;
}

Status source_json_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    CsvOptions common;
    JsonOptions o;
    arena_auto *work = arena_new();
    TRY(csv_options(work, r->options, r->time_zone, &common, err));
    TRY(json_options(r->options, &o, err));
    const char *ratio = source_option(r->options, "samplingRatio");
    double share;
    if (ratio && str_to_f64(ratio, &share) && share < 1)
        return source_unsupported(err, "samplingRatio below 1");
    Infer in = { .a = a, .o = &o, .common = &common, .err = err, .root = type_struct(a, NULL, 0) };
    Status status = ST_OK;
    for (size_t i = 0; i < r->nfiles && status == ST_OK; i++) {
        status = infer_file(&in, &r->files[i]);
        status = source_tolerates(r->options, status) ? ST_OK : status;
    }
    arena_free(in.record);
    TRY(status);
    const Type *t = canonical(&in, in.root);
    *ret_schema = t && t->kind == TYPE_STRUCT ? t : type_struct(a, NULL, 0);
    return ST_OK;
}

Status source_json_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err)
{
    CsvOptions common;
    JsonOptions o;
    JsonNode *n;
    arena_auto *work = arena_new();
    TRY(csv_options(work, options, time_zone, &common, err));
    TRY(json_options(options, &o, err));
    Infer in = { .a = a, .o = &o, .common = &common, .err = err };
    if (!json_parse(work, &o, text, &n))
        return engine_fail(err, ST_RUNTIME, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "badRecord", arena_strn(work, text.data, text.len),
                           "failFastMode", "FAILFAST", NULL);
    const Type *found = n ? value_type(&in, n) : &type_null, *t = canonical(&in, found), *empty = type_struct(a, NULL, 0);
    bool of_structs = found->kind == TYPE_ARRAY && found->element->kind == TYPE_STRUCT;
    *ret_type = t ? t : found->kind == TYPE_STRUCT ? empty : of_structs ? type_array(a, empty, found->contains_null) : &type_string; /* SchemaOfJson */
    return ST_OK;
}
