/* wire/json.c -- jansson reads, we write. */
#include "wire/json.h"

#include "base/clock.h"

#include <jansson.h>
#include <math.h>

static const double MS = 1000.0;

/* --- reading --- */

typedef struct json_holder {
    json_t *root;
} json_holder;

static void holder_done(json_holder *holder)
{
    json_decref(holder->root);
}

static Status load(const char *text, size_t length, json_t **ret_root, Error *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!root)
        return FAIL_CODE(err, ST_INVALID, "SerializationException", "line %d column %d: %s", why.line, why.column, why.text);
    *ret_root = root;
    return ST_OK;
}

static Val *text_value(Arena *a, const json_t *json)
{
    Val *v = ARENA_NEW(a, Val);
    v->kind = VAL_STR;
    v->len = json_string_length(json);
    v->s = arena_strn(a, json_string_value(json), v->len);
    return v;
}

static Status too_deep(Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "SerializationException", "the request nests deeper than %d levels", WIRE_NESTING);
}

static Status plain(Arena *a, json_t *json, int depth, Val **ret_value, Error *err)
{
    if (depth > WIRE_NESTING)
        return too_deep(err);
    Val *v = NULL, *item = NULL;
    const char *name;
    json_t *child;
    size_t i;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        v = val_map(a);
        json_object_foreach(json, name, child) {
            TRY(plain(a, child, depth + 1, &item, err));
            val_append(a, v, name, item);
        }
        break;
    case JSON_ARRAY:
        v = val_list(a);
        json_array_foreach(json, i, child) {
            TRY(plain(a, child, depth + 1, &item, err));
            val_push(a, v, item);
        }
        break;
    case JSON_STRING: v = text_value(a, json); break;
    case JSON_INTEGER: v = val_intv(a, json_integer_value(json)); break;
    case JSON_REAL: v = val_doublev(a, json_real_value(json)); break;
    case JSON_TRUE: v = val_boolv(a, true); break;
    case JSON_FALSE: v = val_boolv(a, false); break;
    case JSON_NULL: v = val_strv(a, NULL); break;
    }
    *ret_value = v;
    return ST_OK;
}

Status json_read(Arena *a, const char *text, size_t length, Val **ret_value, Error *err)
{
    __attribute__((cleanup(holder_done))) json_holder holder = { NULL };
    TRY(load(text, length, &holder.root, err));
    return plain(a, holder.root, 0, ret_value, err);
}

/* --- reading by shape --- */

static const char *json_kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return "START_OBJECT";
    case JSON_ARRAY: return "START_ARRAY";
    case JSON_STRING: return "STRING_VALUE";
    case JSON_INTEGER:
    case JSON_REAL: return "NUMBER_VALUE";
    case JSON_TRUE: return "TRUE_VALUE";
    case JSON_FALSE: return "FALSE_VALUE";
    case JSON_NULL: break;
    }
    return "NULL_VALUE";
}

static Status wrong_type(const ModelShape *shape, const json_t *json, Error *err)
{
    static const char *const wanted[] = { "a structure", "a list", "a map", "a String", "an Integer", "a Long", "a Float",
                                          "a Double", "a Boolean", "a Timestamp", "a Blob" };
    if (json_is_object(json) || json_is_array(json))
        return FAIL_CODE(err, ST_INVALID, "SerializationException", "%s: unexpected %s, %s is expected",
                         model_text(shape->name), json_kind(json), wanted[shape->type]);
    return FAIL_CODE(err, ST_INVALID, "SerializationException", "%s can not be converted to %s (%s)", json_kind(json),
                     wanted[shape->type], model_text(shape->name));
}

static Status by_shape(Arena *a, const ModelShape *shape, json_t *json, int depth, Val **ret_value, Error *err);

static Status read_structure(Arena *a, const ModelShape *shape, json_t *json, int depth, Val **ret_value, Error *err)
{
    if (!json_is_object(json))
        return wrong_type(shape, json, err);
    Val *v = val_map(a), *item = NULL;
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        json_t *child = json_object_get(json, model_text(member->name));
        if (!child || json_is_null(child))
            continue;
        TRY(by_shape(a, model_member_shape(member), child, depth + 1, &item, err));
        val_append(a, v, model_text(member->name), item);
    }
    *ret_value = v;
    return ST_OK;
}

static Status read_list(Arena *a, const ModelShape *shape, json_t *json, int depth, Val **ret_value, Error *err)
{
    if (!json_is_array(json))
        return wrong_type(shape, json, err);
    const ModelShape *of = model_member_shape(model_member(shape, 0));
    Val *v = val_list(a), *item = NULL;
    json_t *child;
    size_t i;
    json_array_foreach(json, i, child) {
        if (json_is_null(child))
            continue;
        TRY(by_shape(a, of, child, depth + 1, &item, err));
        val_push(a, v, item);
    }
    *ret_value = v;
    return ST_OK;
}

static Status read_map(Arena *a, const ModelShape *shape, json_t *json, int depth, Val **ret_value, Error *err)
{
    if (!json_is_object(json))
        return wrong_type(shape, json, err);
    const ModelShape *of = model_member_shape(model_member(shape, 1));
    Val *v = val_map(a), *item = NULL;
    const char *name;
    json_t *child;
    json_object_foreach(json, name, child) {
        if (json_is_null(child))
            continue;
        TRY(by_shape(a, of, child, depth + 1, &item, err));
        val_append(a, v, name, item);
    }
    *ret_value = v;
    return ST_OK;
}

static Status read_time(Arena *a, const ModelShape *shape, json_t *json, Val **ret_value, Error *err)
{
    int64_t ms;
    double seconds = json_number_value(json);
    if (json_is_string(json)) {
        if (!time_parse_iso8601(json_string_value(json), &ms))
            return wrong_type(shape, json, err);
    } else if (!json_is_number(json) || !(fabs(seconds) < 1e13)) {
        return wrong_type(shape, json, err);
    } else {
        ms = (int64_t)llround(seconds * MS);
    }
    *ret_value = val_timev(a, ms);
    return ST_OK;
}

/* What JSON has no number for comes as a text, as it is written. */
static bool special_number(const json_t *json, double *ret_value)
{
    const char *text = json_string_value(json);
    if (!str_eq(text, "NaN") && !str_eq(text, "Infinity") && !str_eq(text, "-Infinity"))
        return false;
    *ret_value = text[0] == 'N' ? (double)NAN : text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    return true;
}

static Status read_scalar(Arena *a, const ModelShape *shape, json_t *json, Val **ret_value, Error *err)
{
    double d = json_number_value(json);
    void *bytes;
    size_t length;
    switch ((ModelType)shape->type) {
    case TYPE_STRING:
        if (!json_is_string(json))
            return wrong_type(shape, json, err);
        *ret_value = text_value(a, json);
        return ST_OK;
    case TYPE_INTEGER:
    case TYPE_LONG:
        if (json_is_integer(json) && (shape->type == TYPE_LONG || llabs(json_integer_value(json)) <= INT32_MAX))
            *ret_value = val_intv(a, json_integer_value(json));
        else if (json_is_real(json) && d >= INT32_MIN && d <= INT32_MAX)
            *ret_value = val_intv(a, (int64_t)d);
        else
            return wrong_type(shape, json, err);
        return ST_OK;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        if (!json_is_number(json) && !special_number(json, &d))
            return wrong_type(shape, json, err);
        *ret_value = val_doublev(a, d);
        return ST_OK;
    case TYPE_BOOLEAN:
        if (!json_is_boolean(json))
            return wrong_type(shape, json, err);
        *ret_value = val_boolv(a, json_is_true(json));
        return ST_OK;
    case TYPE_BLOB:
        if (!json_is_string(json) || !base64_decode(a, json_string_value(json), &bytes, &length))
            return wrong_type(shape, json, err);
        *ret_value = val_blobv(a, bytes, length);
        return ST_OK;
    default: return read_time(a, shape, json, ret_value, err);
    }
}

static Status by_shape(Arena *a, const ModelShape *shape, json_t *json, int depth, Val **ret_value, Error *err)
{
    if (depth > WIRE_NESTING)
        return too_deep(err);
    if (shape->flags & SHAPE_DOCUMENT)
        return plain(a, json, depth, ret_value, err);
    switch ((ModelType)shape->type) {
    case TYPE_STRUCTURE: return read_structure(a, shape, json, depth, ret_value, err);
    case TYPE_LIST: return read_list(a, shape, json, depth, ret_value, err);
    case TYPE_MAP: return read_map(a, shape, json, depth, ret_value, err);
    default: return read_scalar(a, shape, json, ret_value, err);
    }
}

Status json_read_shape(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err)
{
    if (length == 0) {
        *ret_value = val_map(a);
        return ST_OK;
    }
    __attribute__((cleanup(holder_done))) json_holder holder = { NULL };
    TRY(load(text, length, &holder.root, err));
    return by_shape(a, shape, holder.root, 0, ret_value, err);
}

/* --- writing --- */

void json_write_text(Str *out, const char *text, size_t length)
{
    str_addc(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        str_addn(out, text + start, i - start);
        start = i + 1;
        if (c == '"' || c == '\\')
            str_addf(out, "\\%c", c);
        else if (c == '\n')
            str_add(out, "\\n");
        else if (c == '\t')
            str_add(out, "\\t");
        else
            str_addf(out, "\\u%04x", c);
    }
    str_addn(out, text + start, length - start);
    str_addc(out, '"');
}

static void write_double(Str *out, double d)
{
    if (isnan(d) || isinf(d)) {
        str_add(out, isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, d);
        double back;
        if (str_to_f64(text, &back) && !(back < d) && !(back > d))
            break;
    }
    str_add(out, text);
    if (!strpbrk(text, ".e"))
        str_add(out, ".0");
}

static void write_time(Str *out, int64_t ms)
{
    if (ms < 0)
        write_double(out, (double)ms / MS);
    else
        str_addf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void write_blob(Str *out, const Val *v)
{
    arena_auto *a = arena_new();
    str_addc(out, '"');
    str_add(out, base64_encode(a, v->s, v->len));
    str_addc(out, '"');
}

static void write_scalar(Str *out, const Val *v)
{
    switch (v->kind) {
    case VAL_BOOL: str_add(out, v->b ? "true" : "false"); break;
    case VAL_INT: str_addf(out, "%lld", (long long)v->i); break;
    case VAL_DOUBLE: write_double(out, v->d); break;
    case VAL_STR: json_write_text(out, v->s, v->len); break;
    case VAL_BLOB: write_blob(out, v); break;
    case VAL_TIME: write_time(out, v->i); break;
    case VAL_NULL:
    case VAL_LIST:
    case VAL_MAP: str_add(out, "null"); break;
    }
}

static void write_name(Str *out, const char *name, bool first)
{
    if (!first)
        str_addc(out, ',');
    json_write_text(out, name, strlen(name));
    str_addc(out, ':');
}

void json_write(Str *out, const Val *v)
{
    if (v->kind == VAL_MAP) {
        str_addc(out, '{');
        for (size_t i = 0; i < v->len; i++) {
            write_name(out, v->names[i], i == 0);
            json_write(out, v->items[i]);
        }
        str_addc(out, '}');
    } else if (v->kind == VAL_LIST) {
        str_addc(out, '[');
        for (size_t i = 0; i < v->len; i++) {
            if (i > 0)
                str_addc(out, ',');
            json_write(out, v->items[i]);
        }
        str_addc(out, ']');
    } else {
        write_scalar(out, v);
    }
}

static void write_structure(Str *out, const ModelShape *shape, const Val *v)
{
    bool first = true;
    str_addc(out, '{');
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const Val *item = val_get(v, model_text(member->name));
        if (!item)
            continue;
        write_name(out, model_text(member->name), first);
        json_write_shape(out, model_member_shape(member), item);
        first = false;
    }
    str_addc(out, '}');
}

void json_write_shape(Str *out, const ModelShape *shape, const Val *v)
{
    if (v->kind == VAL_MAP && shape->type == TYPE_STRUCTURE && !(shape->flags & SHAPE_DOCUMENT)) {
        write_structure(out, shape, v);
    } else if (v->kind == VAL_MAP && shape->type == TYPE_MAP) {
        str_addc(out, '{');
        for (size_t i = 0; i < v->len; i++) {
            write_name(out, v->names[i], i == 0);
            json_write_shape(out, model_member_shape(model_member(shape, 1)), v->items[i]);
        }
        str_addc(out, '}');
    } else if (v->kind == VAL_LIST && shape->type == TYPE_LIST) {
        str_addc(out, '[');
        for (size_t i = 0; i < v->len; i++) {
            if (i > 0)
                str_addc(out, ',');
            json_write_shape(out, model_member_shape(model_member(shape, 0)), v->items[i]);
        }
        str_addc(out, ']');
    } else {
        json_write(out, v);
    }
}
