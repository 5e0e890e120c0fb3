/* back/duckdb/avro.c -- schemas: from JSON, to Spark's types and back. */
#include "back/duckdb/avro.h"

#include "back/duckdb/internal.h"
#include "base/limits.h"
#include "base/map.h"

#include <jansson.h>

enum { NESTING_MAX = 200 };

typedef struct Reading {
    Arena *a;
    Map names; /* full name -> AvroType */
    int depth;
    Error *err;
} Reading;

static Status invalid(Reading *p, const char *what)
{
    return FAIL_CODE(p->err, ST_INVALID, "AVRO_CANNOT_READ_SCHEMA", "not an Avro schema: %s", what);
}

static void json_freep(json_t **json)
{
    json_decref(*json);
}

static Status parse_any(Reading *p, const json_t *json, const char *space, AvroType **ret_type);

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

/* "a.b.Name", the namespace it opens. */
static const char *full_name(Reading *p, const json_t *json, const char **space)
{
    const char *name = text_of(json, "name"), *own = text_of(json, "namespace");
    if (!name)
        return NULL;
    const char *dot = strrchr(name, '.');
    if (dot) {
        *space = arena_strn(p->a, name, (size_t)(dot - name));
        return arena_str(p->a, name);
    }
    *space = own ? arena_str(p->a, own) : *space;
    return **space ? arena_printf(p->a, "%s.%s", *space, name) : arena_str(p->a, name);
}

static int int_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    json_int_t n = json_is_integer(value) ? json_integer_value(value) : 0;
    return n < INT32_MIN || n > INT32_MAX ? 0 : (int)n;
}

/* One that does not fit its type is passed over, as Avro does. */
static void set_logical(const json_t *json, AvroType *t)
{
    static const struct {
        const char *name;
        AvroKind kind;
        AvroLogical logical;
    } logicals[] = { { "date", AVRO_INT, LOGICAL_DATE },
                     { "timestamp-millis", AVRO_LONG, LOGICAL_TIMESTAMP_MILLIS },
                     { "timestamp-micros", AVRO_LONG, LOGICAL_TIMESTAMP_MICROS },
                     { "local-timestamp-millis", AVRO_LONG, LOGICAL_LOCAL_MILLIS },
                     { "local-timestamp-micros", AVRO_LONG, LOGICAL_LOCAL_MICROS } };
    const char *name = text_of(json, "logicalType");
    for (size_t i = 0; name && i < sizeof logicals / sizeof *logicals; i++)
        if (str_eq(logicals[i].name, name) && logicals[i].kind == t->kind)
            t->logical = logicals[i].logical;
    int precision = int_of(json, "precision"), scale = int_of(json, "scale");
    if (str_eq(name, "decimal") && (t->kind == AVRO_BYTES || t->kind == AVRO_FIXED) && precision > 0 && precision <= 38 && scale >= 0 &&
        scale <= precision) {
        t->logical = LOGICAL_DECIMAL;
        t->precision = precision;
        t->scale = scale;
    }
}

static Status parse_record(Reading *p, const json_t *json, const char *space, AvroType *t)
{
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields))
        return invalid(p, "a record without fields");
    t->fields = ARENA_ARRAY(p->a, AvroField, json_array_size(fields) + 1);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *f = json_array_get(fields, i), *absent = json_object_get(f, "default");
        if (!text_of(f, "name"))
            return invalid(p, "a field without a name");
        t->fields[i].name = arena_str(p->a, text_of(f, "name"));
        t->fields[i].has_default = absent && !json_is_null(absent);
        TRY(parse_any(p, json_object_get(f, "type"), space, &t->fields[i].type));
        t->nfields++;
    }
    return ST_OK;
}

static Status parse_named(Reading *p, const json_t *json, const char *space, AvroType *t)
{
    const json_t *symbols = json_object_get(json, "symbols");
    t->name = full_name(p, json, &space);
    if (!t->name || map_has(&p->names, t->name))
        return invalid(p, "a record, enum or fixed without a name of its own");
    map_set(p->a, &p->names, t->name, t);
    if (t->kind == AVRO_RECORD)
        return parse_record(p, json, space, t);
    if (t->kind == AVRO_FIXED) {
        if (int_of(json, "size") < 0)
            return invalid(p, "a fixed of negative size");
        t->size = (size_t)int_of(json, "size");
        return ST_OK;
    }
    t->symbols = ARENA_ARRAY(p->a, const char *, json_array_size(symbols) + 1);
    for (size_t i = 0; i < json_array_size(symbols); i++) {
        const char *symbol = json_string_value(json_array_get(symbols, i));
        if (!symbol)
            return invalid(p, "an enum's symbols");
        t->symbols[t->nsymbols++] = arena_str(p->a, symbol);
    }
    return ST_OK;
}

static Status parse_union(Reading *p, const json_t *json, const char *space, AvroType **ret_type)
{
    AvroType *t = ARENA_NEW(p->a, AvroType);
    t->kind = AVRO_UNION;
    t->fields = ARENA_ARRAY(p->a, AvroField, json_array_size(json) + 1);
    for (size_t i = 0; i < json_array_size(json); i++, t->nfields++)
        TRY(parse_any(p, json_array_get(json, i), space, &t->fields[i].type));
    *ret_type = t;
    return ST_OK;
}

static bool kind_named(const char *name, AvroKind *ret_kind)
{
    static const char *const names[] = { "null", "boolean", "int", "long", "float", "double", "bytes", "string",
                                         "record", "enum", "array", "map", "", "fixed" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (*name && str_eq(names[i], name)) {
            *ret_kind = (AvroKind)i;
            return true;
        }
    *ret_kind = AVRO_RECORD;
    return str_eq(name, "error");
}

static Status parse_name(Reading *p, const char *name, const char *space, AvroType **ret_type)
{
    AvroKind kind;
    if (kind_named(name, &kind) && kind <= AVRO_STRING) {
        *ret_type = ARENA_NEW(p->a, AvroType);
        (*ret_type)->kind = kind;
        return ST_OK;
    }
    AvroType *known = map_get(&p->names, strchr(name, '.') || !*space ? name : arena_printf(p->a, "%s.%s", space, name));
    known = known ? known : map_get(&p->names, name);
    *ret_type = known;
    return known ? ST_OK : invalid(p, "a name that was not defined");
}

static Status parse_object(Reading *p, const json_t *json, const char *space, AvroType **ret_type)
{
    const json_t *type = json_object_get(json, "type");
    const char *name = json_string_value(type);
    AvroType *t = ARENA_NEW(p->a, AvroType);
    if (!name)
        return parse_any(p, type, space, ret_type);
    if (!kind_named(name, &t->kind))
        return parse_name(p, name, space, ret_type);
    if (t->kind == AVRO_RECORD || t->kind == AVRO_ENUM || t->kind == AVRO_FIXED)
        TRY(parse_named(p, json, space, t));
    else if (t->kind == AVRO_ARRAY || t->kind == AVRO_MAP)
        TRY(parse_any(p, json_object_get(json, t->kind == AVRO_ARRAY ? "items" : "values"), space, &t->element));
    const char *catalyst = text_of(json, "spark.sql.catalyst.type");
    t->catalyst = catalyst ? arena_str(p->a, catalyst) : NULL;
    set_logical(json, t);
    *ret_type = t;
    return ST_OK;
}

static Status parse_any(Reading *p, const json_t *json, const char *space, AvroType **ret_type)
{
    Status status = ST_OK;
    if (++p->depth > NESTING_MAX)
        return invalid(p, "it is nested too deeply");
    if (json_is_string(json))
        status = parse_name(p, json_string_value(json), space, ret_type);
    else if (json_is_array(json))
        status = parse_union(p, json, space, ret_type);
    else if (json_is_object(json))
        status = parse_object(p, json, space, ret_type);
    else
        status = invalid(p, "a type that is no text, array or object");
    p->depth--;
    return status;
}

Status avro_parse(Arena *a, const char *json, size_t length, AvroType **ret_type, Error *err)
{
    Reading p = { .a = a, .err = err };
    json_error_t why;
    __attribute__((cleanup(json_freep))) json_t *root = json_loadb(json, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!root)
        return invalid(&p, why.text);
    return parse_any(&p, root, "", ret_type);
}

/* ---------------------------------------------------------------- to Spark's types */
static Status union_to_spark(Arena *a, AvroType *t, const Type **ret_type, bool *ret_nullable, Error *err)
{
    size_t n = 0, ints = 0, longs = 0, floats = 0, doubles = 0;
    bool ignored;
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    AvroType *only = NULL;
    *ret_nullable = false;
    for (size_t i = 0; i < t->nfields; i++) {
        AvroType *branch = t->fields[i].type;
        if (branch->kind == AVRO_NULL) {
            *ret_nullable = true;
            continue;
        }
        ints += branch->kind == AVRO_INT;
        longs += branch->kind == AVRO_LONG;
        floats += branch->kind == AVRO_FLOAT;
        doubles += branch->kind == AVRO_DOUBLE;
        only = branch;
        fields[n] = (Field){ .name = arena_printf(a, "member%zu", n), .nullable = true };
        n++;
    }
    if (n == 0) {
        *ret_type = &type_null;
        *ret_nullable = true;
        return ST_OK;
    }
    if (n == 1)
        return avro_to_spark(a, only, ret_type, &ignored, err);
    if (n == 2 && ints == 1 && longs == 1) {
        *ret_type = &type_long;
        return ST_OK;
    }
    if (n == 2 && floats == 1 && doubles == 1) {
        *ret_type = &type_double;
        return ST_OK;
    }
    n = 0;
    for (size_t i = 0; i < t->nfields; i++)
        if (t->fields[i].type->kind != AVRO_NULL)
            TRY(avro_to_spark(a, t->fields[i].type, &fields[n++].type, &ignored, err));
    *ret_type = type_struct(a, fields, n);
    return ST_OK;
}

static Status record_to_spark(Arena *a, AvroType *t, const Type **ret_type, Error *err)
{
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    if (t->open)
        return FAIL_CODE(err, ST_INVALID, "RECURSIVE_AVRO_SCHEMA", "Found recursive reference in Avro schema, which can not be processed by Spark.");
    t->open = true;
    for (size_t i = 0; i < t->nfields; i++) {
        fields[i].name = t->fields[i].name;
        TRY(avro_to_spark(a, t->fields[i].type, &fields[i].type, &fields[i].nullable, err));
    }
    t->open = false;
    *ret_type = type_struct(a, fields, t->nfields);
    return ST_OK;
}

static const Type *interval_of(Arena *a, const char *catalyst)
{
    static const char *const days[] = { "day", "hour", "minute", "second" };
    int from = -1, to = -1;
    if (!catalyst || !str_starts(catalyst, "interval "))
        return NULL;
    for (int i = 0; i < 4; i++) {
        from = from < 0 && str_starts(catalyst + 9, days[i]) ? i : from;
        to = str_ends(catalyst, days[i]) ? i : to;
    }
    if (from >= 0)
        return type_day_time(a, from, to);
    return type_year_month(a, str_starts(catalyst + 9, "year") ? 0 : 1, str_ends(catalyst, "month") ? 1 : 0);
}

static const Type *plain_to_spark(Arena *a, const AvroType *t)
{
    const Type *interval = interval_of(a, t->catalyst);
    if (t->logical == LOGICAL_DECIMAL)
        return type_decimal(a, t->precision, t->scale);
    switch (t->kind) {
    case AVRO_BOOLEAN: return &type_boolean;
    case AVRO_INT: return t->logical == LOGICAL_DATE ? &type_date : interval ? interval : &type_int;
    case AVRO_LONG:
        return t->logical == LOGICAL_TIMESTAMP_MILLIS || t->logical == LOGICAL_TIMESTAMP_MICROS ? &type_timestamp
             : t->logical == LOGICAL_LOCAL_MILLIS || t->logical == LOGICAL_LOCAL_MICROS         ? &type_timestamp_ntz
             : interval                                                                         ? interval
                                                                                                : &type_long;
    case AVRO_FLOAT: return &type_float;
    case AVRO_DOUBLE: return &type_double;
    case AVRO_BYTES: case AVRO_FIXED: return &type_binary;
    case AVRO_STRING: case AVRO_ENUM: return &type_string;
    default: return &type_null;
    }
}

Status avro_to_spark(Arena *a, AvroType *t, const Type **ret_type, bool *ret_nullable, Error *err)
{
    const Type *element;
    bool null;
    *ret_nullable = t->kind == AVRO_NULL;
    switch (t->kind) {
    case AVRO_RECORD: return record_to_spark(a, t, ret_type, err);
    case AVRO_UNION: return union_to_spark(a, t, ret_type, ret_nullable, err);
    case AVRO_ARRAY: case AVRO_MAP:
        TRY(avro_to_spark(a, t->element, &element, &null, err));
        *ret_type = t->kind == AVRO_ARRAY ? type_array(a, element, null) : type_map(a, &type_string, element, null);
        return ST_OK;
    default:
        *ret_type = plain_to_spark(a, t);
        return ST_OK;
    }
}

/* ---------------------------------------------------------------- from Spark's types */
static void json_text(const char *text, Str *out)
{
    str_addc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            str_addc(out, '\\');
        str_addc(out, *text);
    }
    str_addc(out, '"');
}

/* BigInteger's bytes for so many digits. */
static int decimal_bytes(int precision)
{
    static const int digits[] = { 0, 2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38 };
    int n = 1;
    while (n < 16 && digits[n] < precision)
        n++;
    return n;
}

/* Avro's names: [A-Za-z_][A-Za-z0-9_]*. */
static Status check_name(const char *name, Error *err)
{
    bool good = *name && (*name < '0' || *name > '9');
    for (const char *c = name; *c && good; c++)
        good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_';
    return good ? ST_OK : FAIL_CODE(err, ST_INVALID, "", "Illegal character in: %s", name);
}

static Status from_struct(const Type *t, const char *name, const char *space, Str *out, Error *err)
{
    str_auto below = STR_INIT(LIMIT_QUERY_TEXT);
    str_addf(&below, "%s%s%s", space, *space ? "." : "", name);
    str_add(out, "{\"type\":\"record\",\"name\":");
    json_text(name, out);
    if (*space) {
        str_add(out, ",\"namespace\":");
        json_text(space, out);
    }
    str_add(out, ",\"fields\":[");
    for (size_t i = 0; i < t->nfields; i++) {
        TRY(check_name(t->fields[i].name, err));
        str_add(out, i ? ",{\"name\":" : "{\"name\":");
        json_text(t->fields[i].name, out);
        str_add(out, ",\"type\":");
        TRY(avro_from_spark(t->fields[i].type, t->fields[i].nullable, t->fields[i].name, str_text(&below), out, err));
        str_addc(out, '}');
    }
    str_add(out, "]}");
    return ST_OK;
}

static Status from_plain(const Type *t, const char *name, const char *space, Str *out, Error *err)
{
    switch (t->kind) {
    case TYPE_NULL: str_add(out, "\"null\""); break;
    case TYPE_BOOLEAN: str_add(out, "\"boolean\""); break;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: str_add(out, "\"int\""); break;
    case TYPE_LONG: str_add(out, "\"long\""); break;
    case TYPE_FLOAT: str_add(out, "\"float\""); break;
    case TYPE_DOUBLE: str_add(out, "\"double\""); break;
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: str_add(out, "\"string\""); break;
    case TYPE_BINARY: str_add(out, "\"bytes\""); break;
    case TYPE_DATE: str_add(out, "{\"type\":\"int\",\"logicalType\":\"date\"}"); break;
    case TYPE_TIMESTAMP: str_add(out, "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"); break;
    case TYPE_TIMESTAMP_NTZ: str_add(out, "{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}"); break;
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL:
        str_addf(out, "{\"type\":\"%s\",\"spark.sql.catalyst.type\":\"", t->kind == TYPE_YEAR_MONTH_INTERVAL ? "int" : "long");
        type_catalog(t, out);
        str_add(out, "\"}");
        break;
    case TYPE_DECIMAL:
        str_addf(out, "{\"type\":\"fixed\",\"name\":\"fixed\",\"namespace\":\"%s%s%s\",\"size\":%d,\"logicalType\":\"decimal\",\"precision\":%d,"
                      "\"scale\":%d}", space, *space ? "." : "", name, decimal_bytes(t->precision), t->precision, t->scale);
        break;
    default: return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: this type in Avro.");
    }
    return ST_OK;
}

Status avro_from_spark(const Type *t, bool nullable, const char *record_name, const char *name_space, Str *out, Error *err)
{
    bool either = nullable && t->kind != TYPE_NULL;
    if (t->kind == TYPE_UDT)
        return avro_from_spark(t->sql_type, nullable, record_name, name_space, out, err);
    str_add(out, either ? "[" : "");
    if (t->kind == TYPE_ARRAY) {
        str_add(out, "{\"type\":\"array\",\"items\":");
        TRY(avro_from_spark(t->element, t->contains_null, record_name, name_space, out, err));
        str_addc(out, '}');
    } else if (t->kind == TYPE_MAP) {
        if (t->key->kind != TYPE_STRING)
            return FAIL_CODE(err, ST_INVALID, "UNEXPECTED_INPUT_TYPE", "Avro maps have keys of type STRING only");
        str_add(out, "{\"type\":\"map\",\"values\":");
        TRY(avro_from_spark(t->element, t->contains_null, record_name, name_space, out, err));
        str_addc(out, '}');
    } else if (t->kind == TYPE_STRUCT) {
        TRY(from_struct(t, record_name, name_space, out, err));
    } else {
        TRY(from_plain(t, record_name, name_space, out, err));
    }
    str_add(out, either ? ",\"null\"]" : "");
    return out->overflow ? FAIL(err, ST_LIMIT, "an Avro schema that is too long") : ST_OK;
}
