/* back/duckdb/source_xml_infer.c -- the schema of XML: each record's type, merged. Source: XmlInferSchema. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_reader.h"
#include "back/duckdb/source_scan.h"
#include "back/duckdb/source_xml.h"
#include "base/limits.h"

#include <stdlib.h>

typedef struct Infer {
    Arena *result, *a; /* of the schema; of one record */
    XmlOptions o;
    CsvOptions common;
    Error *err;
    XmlReader *r;
    const Type *root; /* so far */
} Infer;

typedef VEC(Field) FieldList;

/* ---------------------------------------------------------------- one type for two: compatibleType */
static const Type *merge(Infer *in, const Type *x, const Type *y);

static bool same_name(const Infer *in, const char *x, const char *y)
{
    return in->o.case_sensitive ? !strcmp(x, y) : str_ieq(x, y);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const Field *)x)->name, ((const Field *)y)->name);
}

static const Type *sorted_struct(Infer *in, FieldList *fields)
{
    if (fields->len)
        qsort(fields->at, fields->len, sizeof *fields->at, by_name);
    return type_struct(in->a, fields->at, fields->len);
}

static Field *find(const Infer *in, FieldList *fields, const char *name)
{
    for (size_t i = 0; i < fields->len; i++)
        if (same_name(in, fields->at[i].name, name))
            return &fields->at[i];
    return NULL;
}

static const Type *merge_structs(Infer *in, const Type *x, const Type *y)
{
    FieldList fields = { 0 };
    for (size_t i = 0; i < x->nfields + y->nfields; i++) {
        const Field *f = i < x->nfields ? &x->fields[i] : &y->fields[i - x->nfields];
        Field *known = find(in, &fields, f->name);
        if (known)
            known->type = merge(in, known->type, f->type);
        else
            vec_push(in->a, &fields, *f);
    }
    return sorted_struct(in, &fields);
}

/* A struct that has a text, and what is no struct: its text has both types. NULL: it has none. */
static const Type *merge_value(Infer *in, const Type *t, const Type *other)
{
    FieldList fields = { 0 };
    bool found = false;
    for (size_t i = 0; i < t->nfields; i++) {
        Field f = t->fields[i];
        bool value = strlen(f.name) == in->o.value_tag.len && !memcmp(f.name, in->o.value_tag.data, in->o.value_tag.len);
        if (value)
            f.type = merge(in, f.type, other);
        found = found || value;
        vec_push(in->a, &fields, f);
    }
    return found ? type_struct(in->a, fields.at, fields.len) : NULL;
}

static const Type *merge(Infer *in, const Type *x, const Type *y)
{
    const Type *mixed = NULL;
    if (type_equal(x, y) || y->kind == TYPE_NULL)
        return x;
    if (x->kind == TYPE_NULL)
        return y;
    if (source_is_number(x) && source_is_number(y))
        return source_wider_number(in->a, x, y);
    if (type_is_datetime(x) && type_is_datetime(y))
        return x->kind == TYPE_DATE ? y : x; /* TIMESTAMP */
    if (x->kind == TYPE_STRUCT && y->kind == TYPE_STRUCT)
        return merge_structs(in, x, y);
    if (x->kind == TYPE_ARRAY || y->kind == TYPE_ARRAY)
        return type_array(in->a, merge(in, x->kind == TYPE_ARRAY ? x->element : x, y->kind == TYPE_ARRAY ? y->element : y), true);
    if (x->kind == TYPE_STRUCT)
        mixed = merge_value(in, x, y);
    else if (y->kind == TYPE_STRUCT)
        mixed = merge_value(in, y, x);
    return mixed ? mixed : &type_string;
}

/* ---------------------------------------------------------------- one value: inferFrom */
static bool is_long(View v)
{
    int64_t value;
    bool sign = v.len && (v.data[0] == '+' || v.data[0] == '-');
    View digits = { v.data + sign, v.len - sign };
    return digits.len && digits.data[0] >= '0' && digits.data[0] <= '9' && java_integer(digits, INT64_MIN, INT64_MAX, &value);
}

/* What starts as a number, and does not end in Java's suffixes. */
static bool numeric(View v, View *ret_digits)
{
    bool sign = v.len && (v.data[0] == '+' || v.data[0] == '-');
    *ret_digits = (View){ v.data + sign, v.len - sign };
    return ret_digits->len && ((ret_digits->data[0] >= '0' && ret_digits->data[0] <= '9') || ret_digits->data[0] == '.') &&
           !strchr("dDfF", ret_digits->data[ret_digits->len - 1]);
}

static const Type *decimal_type(Infer *in, View v)
{
    str_auto plain = STR_INIT(SIZE_MAX);
    int64_t precision, scale;
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] != ',')
            str_addc(&plain, v.data[i]);
    if (!java_big_decimal((View){ str_text(&plain), plain.len }, &precision, &scale))
        return NULL;
    precision = precision > scale ? precision : scale;
    return precision <= DECIMAL_MAX_PRECISION && scale >= 0 ? type_decimal(in->a, (int)precision, (int)scale) : NULL;
}

static const Type *number_type(Infer *in, View v)
{
    View digits;
    double value;
    if (is_long(v))
        return &type_long;
    if (!numeric(v, &digits))
        return NULL;
    const Type *decimal = in->o.prefers_decimal ? decimal_type(in, v) : NULL;
    return decimal ? decimal : java_double(digits, &value) ? &type_double : NULL;
}

static bool is_timestamp(const Infer *in, View v)
{
    int64_t us;
    return in->common.timestamp_format ? pattern_parse(in->common.timestamp_format, v, in->common.zone, &us) == PATTERN_PARSED
                                       : convert_timestamp(v, in->common.zone, &us);
}

static bool is_date(const Infer *in, View v)
{
    int64_t us;
    int32_t days;
    return in->common.date_format ? pattern_parse(in->common.date_format, v, NULL, &us) == PATTERN_PARSED : convert_date(v, &days);
}

static const Type *text_type(Infer *in, View v)
{
    bool flag;
    v = in->o.trim ? xml_trim(v) : v;
    if (!in->o.infer)
        return &type_string;
    if (!v.len)
        return &type_null;
    const Type *number = number_type(in, v);
    if (number)
        return number;
    if (java_boolean(v, &flag))
        return &type_boolean;
    return is_date(in, v) ? &type_date : is_timestamp(in, v) ? &type_timestamp : &type_string;
}

/* ---------------------------------------------------------------- one element */
static bool object_type(Infer *in, const XmlToken *start, const Type **ret);

static void add(Infer *in, FieldList *fields, const char *name, const Type *t)
{
    Field *known = find(in, fields, name);
    if (!known)
        vec_push(in->a, fields, (Field){ .name = name, .type = t, .nullable = true });
    else if (known->type->kind == TYPE_ARRAY)
        known->type = merge(in, known->type, t);
    else
        known->type = type_array(in->a, merge(in, known->type, t), true);
}

/* convertAttributesToValuesMap: the types of an element's attributes. */
static void attribute_types(Infer *in, const XmlToken *start, FieldList *ret)
{
    for (size_t i = 0; !in->o.exclude_attributes && i < start->nattributes; i++) {
        View name = xml_name(&in->o, start->attributes[i].name), value;
        char *key = arena_printf(in->a, "%.*s%.*s", VIEW_ARGS(in->o.attribute_prefix), VIEW_ARGS(name));
        const Type *t = xml_attribute_value(&in->o, start->attributes[i].value, &value) ? text_type(in, value) : in->o.infer ? &type_null : &type_string;
        vec_push(in->a, ret, (Field){ .name = key, .type = t, .nullable = true });
    }
}

/* An element that is nothing but text is of the text's type. */
static const Type *unwrapped(const Infer *in, const Type *t)
{
    if (!t->nfields)
        return &type_null;
    const Type *only = t->fields[0].type;
    char *tag = arena_strn(in->a, in->o.value_tag.data, in->o.value_tag.len);
    bool nested = only->kind == TYPE_STRUCT || only->kind == TYPE_ARRAY || only->kind == TYPE_MAP;
    return t->nfields == 1 && !nested && same_name(in, t->fields[0].name, tag) ? only : t;
}

/* inferField: behind an element's start. False: the text is no XML. */
static bool field_type(Infer *in, const Type **ret)
{
    XmlKind next = xml_peek(in->r)->kind;
    if (next == XML_END)
        xml_next(in->r);
    *ret = &type_null;
    if (next == XML_END)
        return true;
    if ((next != XML_START && next != XML_TEXT) || !object_type(in, NULL, ret))
        return false;
    *ret = next == XML_TEXT ? unwrapped(in, *ret) : *ret;
    return true;
}

static bool element_type(Infer *in, const XmlToken *start, const Type **ret)
{
    FieldList attributes = { 0 }, fields = { 0 };
    attribute_types(in, start, &attributes);
    if (!field_type(in, ret))
        return false;
    if (!attributes.len)
        return true;
    for (size_t i = 0; (*ret)->kind == TYPE_STRUCT && i < (*ret)->nfields; i++)
        vec_push(in->a, &fields, (*ret)->fields[i]);
    if ((*ret)->kind != TYPE_STRUCT && (*ret)->kind != TYPE_NULL)
        vec_push(in->a, &fields, (Field){ .name = arena_strn(in->a, in->o.value_tag.data, in->o.value_tag.len), .type = *ret, .nullable = true });
    for (size_t i = 0; i < attributes.len; i++)
        vec_push(in->a, &fields, attributes.at[i]);
    *ret = sorted_struct(in, &fields);
    return true;
}

/* inferObject; `start`: of a record, whose attributes are its columns. */
static bool object_type(Infer *in, const XmlToken *start, const Type **ret)
{
    FieldList fields = { 0 }, attributes = { 0 };
    if (start)
        attribute_types(in, start, &attributes);
    for (size_t i = 0; i < attributes.len; i++)
        add(in, &fields, attributes.at[i].name, attributes.at[i].type);
    for (;;) {
        XmlToken token = xml_next(in->r);
        const Type *t;
        if (token.kind == XML_FAILED)
            return false;
        if (token.kind == XML_END || token.kind == XML_DONE)
            break;
        if (token.kind == XML_TEXT && !token.blank)
            add(in, &fields, arena_strn(in->a, in->o.value_tag.data, in->o.value_tag.len), text_type(in, token.text));
        if (token.kind != XML_START)
            continue;
        View name = xml_name(&in->o, token.name);
        if (!element_type(in, &token, &t))
            return false;
        add(in, &fields, arena_strn(in->a, name.data, name.len), t);
    }
    *ret = sorted_struct(in, &fields);
    return true;
}

/* ---------------------------------------------------------------- records */
/* The schema so far keeps what it needs of a record's. */
static void merge_record(Infer *in, const Type *t)
{
    const Type *merged = merge(in, in->root, t);
    if (!type_equal(merged, in->root))
        in->root = type_copy(in->result, merged);
}

static void next_arena(Infer *in)
{
    arena_free(in->a);
    in->a = arena_new();
}

static Status malformed(Infer *in)
{
    Field f = { .name = arena_str(in->a, in->common.corrupt), .type = &type_string, .nullable = true };
    if (in->common.mode == MODE_FAILFAST)
        return engine_fail(in->err, ST_RUNTIME, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "badRecord", in->common.corrupt, "failFastMode",
                           "FAILFAST", NULL);
    if (in->common.mode == MODE_PERMISSIVE)
        merge_record(in, type_struct(in->a, &f, 1));
    return ST_OK;
}

/* One text is one record, whatever its element is called. */
static Status infer_one(Infer *in, View text)
{
    xml_reader_auto r = { 0 };
    const Type *t;
    next_arena(in);
    xml_reader_init(&r, in->a, text);
    in->r = &r;
    XmlToken start = utf8_valid(text.data, text.len) ? xml_next(&r) : (XmlToken){ .kind = XML_FAILED };
    if (start.kind != XML_START || !object_type(in, &start, &t))
        return malformed(in);
    merge_record(in, t);
    return ST_OK;
}

static Status infer_records(Infer *in, View text)
{
    xml_reader_auto r = { 0 };
    const Type *t;
    xml_reader_init(&r, NULL, text);
    in->r = &r;
    for (;;) {
        XmlToken start;
        next_arena(in);
        r.a = in->a;
        if (!xml_next_record(&in->o, &r, &start))
            return r.failed && !r.ended ? malformed(in) : ST_OK;
        if (!object_type(in, &start, &t))
            return malformed(in);
        merge_record(in, t);
    }
}

static Status infer_file(Infer *in, const SourceFile *file)
{
    source_reader_auto *r = NULL;
    arena_auto *text = arena_new();
    View line;
    bool done = false;
    TRY(source_reader_open(file->path, file->uri, 0, -1, in->common.line_sep, &r, in->err));
    if (in->o.multi_line) {
        TRY(source_reader_rest(r, &line, in->err));
        TRY(xml_decode(text, file->uri, line, &line, in->err));
        return infer_records(in, line);
    }
    for (;;) {
        TRY(source_reader_line(r, &line, &done, in->err));
        if (done)
            return ST_OK;
        TRY(infer_one(in, line));
    }
}

/* canonicalizeType: NULL when nothing is left. */
static const Type *canonical(const Infer *in, const Type *t)
{
    if (t->kind == TYPE_NULL)
        return &type_string;
    if (t->kind == TYPE_ARRAY) {
        const Type *element = canonical(in, t->element);
        return element ? type_array(in->a, element, true) : NULL;
    }
    if (t->kind != TYPE_STRUCT)
        return t;
    FieldList fields = { 0 };
    for (size_t i = 0; i < t->nfields; i++) {
        Field f = t->fields[i];
        f.type = f.name[0] ? canonical(in, f.type) : NULL;
        if (f.type)
            vec_push(in->a, &fields, f);
    }
    return fields.len ? type_struct(in->a, fields.at, fields.len) : NULL;
}

static Status start(Infer *in, Arena *work, const KeyValueList *options, const char *time_zone, bool format, Error *err)
{
    in->err = err;
    in->root = type_struct(in->result, NULL, 0);
    TRY(xml_options(work, options, format, &in->o, err));
    if (in->o.infer && str_ieq(source_option(options, SOURCE_TIMESTAMP_TYPE), "TIMESTAMP_NTZ"))
        return source_unsupported(err, "inferSchema with spark.sql.timestampType TIMESTAMP_NTZ");
    return xml_common(work, &in->o, options, time_zone, &in->common, err);
}

static void infer_done(Infer *in)
{
    arena_free(in->a);
}

static void finish(Infer *in, const Type **ret_type)
{
    next_arena(in);
    const Type *t = canonical(in, in->root);
    *ret_type = t ? type_copy(in->result, t) : type_struct(in->result, NULL, 0);
}

Status source_xml_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    arena_auto *work = arena_new();
    __attribute__((cleanup(infer_done))) Infer in = { .result = a };
    TRY(start(&in, work, r->options, r->time_zone, true, err));
    const char *ratio = source_option(r->options, "samplingRatio");
    double share;
    if (ratio && str_to_f64(ratio, &share) && share < 1)
        return source_unsupported(err, "samplingRatio below 1");
    for (size_t i = 0; i < r->nfiles; i++) {
        Status status = infer_file(&in, &r->files[i]);
        if (!source_tolerates(r->options, status))
            TRY(status);
    }
    finish(&in, ret_schema);
    return ST_OK;
}

Status source_xml_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err)
{
    arena_auto *work = arena_new();
    __attribute__((cleanup(infer_done))) Infer in = { .result = a };
    TRY(start(&in, work, options, time_zone, false, err));
    if (in.common.mode == MODE_DROPMALFORMED)
        return FAIL_CODE(err, ST_INVALID, "PARSE_MODE_UNSUPPORTED",
                         "[PARSE_MODE_UNSUPPORTED] The function `schema_of_xml` doesn't support the \"DROPMALFORMED\" mode. Acceptable modes are "
                         "PERMISSIVE and FAILFAST. SQLSTATE: 42000");
    TRY(infer_one(&in, text));
    finish(&in, ret_type);
    return ST_OK;
}
