/* wire/scalar.c -- scalars of the text protocols. */
#include "wire/scalar.h"

#include "base/clock.h"
#include "base/str.h"

#include <math.h>

static Status malformed(const ModelShape *shape, const char *text, Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "MalformedInput", "'%.200s' is no valid value for %s", text, model_text(shape->name));
}

static bool parse_time(const char *text, int64_t *ret_ms)
{
    double seconds;
    if (time_parse_iso8601(text, ret_ms) || time_parse_http(text, ret_ms) || time_parse_basic(text, ret_ms))
        return true;
    if (!str_to_f64(text, &seconds) || !(fabs(seconds) < 1e13))
        return false;
    *ret_ms = (int64_t)llround(seconds * 1000.0);
    return true;
}

Status scalar_read(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err)
{
    int64_t i;
    double d;
    void *bytes;
    const char *copy = arena_strn(a, text, length);
    Val *v = val_strv(a, copy);
    switch ((ModelType)shape->type) {
    case TYPE_INTEGER:
    case TYPE_LONG:
        if (!str_to_i64(copy, &i) || (shape->type == TYPE_INTEGER && (i > INT32_MAX || i < INT32_MIN)))
            return malformed(shape, copy, err);
        v = val_intv(a, i);
        break;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        if (!str_to_f64(copy, &d))
            return malformed(shape, copy, err);
        v = val_doublev(a, d);
        break;
    case TYPE_BOOLEAN:
        if (!str_ieq(copy, "true") && !str_ieq(copy, "false"))
            return malformed(shape, copy, err);
        v = val_boolv(a, str_ieq(copy, "true"));
        break;
    case TYPE_TIMESTAMP:
        if (!parse_time(copy, &i))
            return malformed(shape, copy, err);
        v = val_timev(a, i);
        break;
    case TYPE_BLOB:
        if (!base64_decode(a, copy, &bytes, &length))
            return malformed(shape, copy, err);
        v = val_blobv(a, bytes, length);
        break;
    default: break;
    }
    *ret_value = v;
    return ST_OK;
}

static const char *write_time(Arena *a, int64_t ms, ModelTime time)
{
    if (time == TIME_RFC822)
        return time_http(a, ms);
    if (time == TIME_UNIX)
        return arena_printf(a, "%lld", (long long)(ms / 1000));
    return time_iso8601(a, ms);
}

const char *scalar_write(Arena *a, const Val *v, ModelTime time)
{
    switch (v->kind) {
    case VAL_BOOL: return v->b ? "true" : "false";
    case VAL_INT: return arena_printf(a, "%lld", (long long)v->i);
    case VAL_DOUBLE: return val_to_json(a, v);
    case VAL_STR: return v->s;
    case VAL_BLOB: return base64_encode(a, v->s, v->len);
    case VAL_TIME: return write_time(a, v->i, time);
    case VAL_NULL:
    case VAL_LIST:
    case VAL_MAP: break;
    }
    return NULL;
}
