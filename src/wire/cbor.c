/* wire/cbor.c -- bytes to plain values, then those to what the shape says. */
#include "wire/cbor.h"

#include "wire/json.h"

#include <math.h>

enum { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { INDEFINITE = 31, TAG_EPOCH = 1, SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_HALF = 25, SIMPLE_FLOAT = 26, SIMPLE_DOUBLE = 27 };

typedef struct Reader {
    Arena *arena;
    const unsigned char *at, *end;
    int depth;
} Reader;

static Status broken(Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "SerializationException", "the request body is no valid CBOR");
}

static Status read_head(Reader *r, int *ret_major, int *ret_minor, uint64_t *ret_value, Error *err)
{
    if (r->at == r->end)
        return broken(err);
    int major = *r->at >> 5, minor = *r->at & 31;
    r->at++;
    uint64_t value = (uint64_t)minor;
    if (minor >= 24 && minor <= 27) {
        size_t bytes = (size_t)1 << (minor - 24);
        if ((size_t)(r->end - r->at) < bytes)
            return broken(err);
        value = 0;
        for (size_t i = 0; i < bytes; i++)
            value = value << 8 | *r->at++;
    } else if (minor > 27 && minor != INDEFINITE) {
        return broken(err);
    }
    *ret_major = major;
    *ret_minor = minor;
    *ret_value = value;
    return ST_OK;
}

static bool at_break(Reader *r)
{
    if (r->at < r->end && *r->at == 0xff) {
        r->at++;
        return true;
    }
    return false;
}

static Status read_item(Reader *r, Val **ret_value, Error *err);

static Status read_bytes(Reader *r, ValKind kind, int minor, uint64_t length, Val **ret_value, Error *err)
{
    str_auto joined = STR_INIT((size_t)(r->end - r->at) + 1);
    if (minor == INDEFINITE) {
        while (!at_break(r)) {
            int major, part;
            uint64_t n;
            TRY(read_head(r, &major, &part, &n, err));
            if (major != (kind == VAL_STR ? MAJOR_TEXT : MAJOR_BYTES) || part == INDEFINITE || n > (uint64_t)(r->end - r->at))
                return broken(err);
            str_addn(&joined, r->at, (size_t)n);
            r->at += n;
        }
    } else {
        if (length > (uint64_t)(r->end - r->at))
            return broken(err);
        str_addn(&joined, r->at, (size_t)length);
        r->at += length;
    }
    Val *v = val_blobv(r->arena, str_text(&joined), joined.len);
    v->kind = kind;
    *ret_value = v;
    return ST_OK;
}

static Status read_items(Reader *r, bool map, int minor, uint64_t count, Val **ret_value, Error *err)
{
    Val *v = map ? val_map(r->arena) : val_list(r->arena), *item = NULL, *name = NULL;
    if (++r->depth > WIRE_NESTING)
        return FAIL_CODE(err, ST_INVALID, "SerializationException", "the request nests deeper than %d levels", WIRE_NESTING);
    for (uint64_t i = 0; minor == INDEFINITE ? !at_break(r) : i < count; i++) {
        if (map) {
            TRY(read_item(r, &name, err));
            if (name->kind != VAL_STR)
                return broken(err);
        }
        TRY(read_item(r, &item, err));
        if (map)
            val_append(r->arena, v, name->s, item);
        else
            val_push(r->arena, v, item);
    }
    r->depth--;
    *ret_value = v;
    return ST_OK;
}

static double half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 1023), value;
    if (exponent == 0)
        value = ldexp(mantissa, -24);
    else if (exponent == 31)
        value = mantissa > 0 ? (double)NAN : (double)INFINITY;
    else
        value = ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

static Status read_simple(Reader *r, int minor, uint64_t bits, Val **ret_value, Error *err)
{
    float f;
    double d;
    uint32_t low = (uint32_t)bits;
    switch (minor) {
    case SIMPLE_FALSE:
    case SIMPLE_TRUE: *ret_value = val_boolv(r->arena, minor == SIMPLE_TRUE); return ST_OK;
    case SIMPLE_HALF: *ret_value = val_doublev(r->arena, half(bits)); return ST_OK;
    case SIMPLE_FLOAT: memcpy(&f, &low, sizeof f); *ret_value = val_doublev(r->arena, (double)f); return ST_OK;
    case SIMPLE_DOUBLE: memcpy(&d, &bits, sizeof d); *ret_value = val_doublev(r->arena, d); return ST_OK;
    case INDEFINITE: return broken(err);
    default: *ret_value = val_strv(r->arena, NULL); return ST_OK; /* null, undefined */
    }
}

static Status read_tagged(Reader *r, uint64_t tag, Val **ret_value, Error *err)
{
    Val *v = NULL;
    if (++r->depth > WIRE_NESTING)
        return broken(err);
    TRY(read_item(r, &v, err));
    r->depth--;
    if (tag == TAG_EPOCH && v->kind == VAL_INT && v->i < INT64_MAX / 1000 && v->i > INT64_MIN / 1000)
        v = val_timev(r->arena, v->i * 1000);
    else if (tag == TAG_EPOCH && v->kind == VAL_DOUBLE && fabs(v->d) < 1e13)
        v = val_timev(r->arena, (int64_t)llround(v->d * 1000.0));
    *ret_value = v;
    return ST_OK;
}

static Status read_item(Reader *r, Val **ret_value, Error *err)
{
    int major, minor;
    uint64_t n;
    TRY(read_head(r, &major, &minor, &n, err));
    if (minor == INDEFINITE && (major < MAJOR_BYTES || major == MAJOR_TAG))
        return broken(err);
    switch (major) {
    case MAJOR_UINT:
    case MAJOR_NEGATIVE:
        if (n > INT64_MAX)
            return broken(err);
        *ret_value = val_intv(r->arena, major == MAJOR_UINT ? (int64_t)n : -1 - (int64_t)n);
        return ST_OK;
    case MAJOR_BYTES: return read_bytes(r, VAL_BLOB, minor, n, ret_value, err);
    case MAJOR_TEXT: return read_bytes(r, VAL_STR, minor, n, ret_value, err);
    case MAJOR_ARRAY:
    case MAJOR_MAP: return read_items(r, major == MAJOR_MAP, minor, n, ret_value, err);
    case MAJOR_TAG: return read_tagged(r, n, ret_value, err);
    default: return read_simple(r, minor, n, ret_value, err);
    }
}

/* --- by shape --- */

static Status fit(Arena *a, const ModelShape *shape, Val *v, Val **ret_value, Error *err);

static Status fit_items(Arena *a, const ModelShape *shape, const Val *v, Val **ret_value, Error *err)
{
    Val *made = shape->type == TYPE_LIST ? val_list(a) : val_map(a), *item = NULL;
    for (size_t i = 0; shape->type != TYPE_STRUCTURE && i < v->len; i++) {
        if (v->items[i]->kind == VAL_NULL)
            continue;
        TRY(fit(a, model_member_shape(model_member(shape, shape->type == TYPE_LIST ? 0 : 1)), v->items[i], &item, err));
        if (shape->type == TYPE_LIST)
            val_push(a, made, item);
        else
            val_append(a, made, v->names[i], item);
    }
    for (size_t i = 0; shape->type == TYPE_STRUCTURE && i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const Val *given = val_get(v, model_text(member->name));
        if (!given || given->kind == VAL_NULL)
            continue;
        TRY(fit(a, model_member_shape(member), arena_copy(a, given, sizeof *given), &item, err));
        val_append(a, made, model_text(member->name), item);
    }
    *ret_value = made;
    return ST_OK;
}

static Status fit(Arena *a, const ModelShape *shape, Val *v, Val **ret_value, Error *err)
{
    static const ValKind wanted[] = { VAL_MAP, VAL_LIST, VAL_MAP, VAL_STR, VAL_INT, VAL_INT, VAL_DOUBLE, VAL_DOUBLE,
                                      VAL_BOOL, VAL_TIME, VAL_BLOB };
    ValKind kind = wanted[shape->type];
    if (kind == VAL_DOUBLE && v->kind == VAL_INT)
        v = val_doublev(a, (double)v->i);
    if (v->kind != kind)
        return FAIL_CODE(err, ST_INVALID, "SerializationException", "a value has the wrong type for %s", model_text(shape->name));
    if (kind == VAL_MAP || kind == VAL_LIST)
        return fit_items(a, shape, v, ret_value, err);
    *ret_value = v;
    return ST_OK;
}

Status cbor_read_shape(Arena *a, const ModelShape *shape, const char *bytes, size_t length, Val **ret_value, Error *err)
{
    Val *plain = val_map(a);
    if (length > 0) {
        Reader r = { a, (const unsigned char *)bytes, (const unsigned char *)bytes + length, 0 };
        TRY(read_item(&r, &plain, err));
        if (r.at != r.end)
            return broken(err);
    }
    return fit(a, shape, plain, ret_value, err);
}

/* --- writing --- */

static void write_head(Str *out, int major, uint64_t n)
{
    int bytes = n < 24 ? 0 : n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : n <= UINT32_MAX ? 4 : 8;
    int minor = bytes == 0 ? (int)n : bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27;
    str_addc(out, (char)(major << 5 | minor));
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        str_addc(out, (char)(n >> shift & 0xff));
}

static void write_text(Str *out, int major, const char *text, size_t length)
{
    write_head(out, major, length);
    str_addn(out, text, length);
}

static void write_double(Str *out, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    str_addc(out, (char)(MAJOR_SIMPLE << 5 | SIMPLE_DOUBLE));
    for (int shift = 56; shift >= 0; shift -= 8)
        str_addc(out, (char)(bits >> shift & 0xff));
}

static void write_members(Str *out, const ModelShape *shape, const Val *v)
{
    uint64_t count = 0;
    for (size_t i = 0; i < shape->members; i++)
        count += val_get(v, model_text(model_member(shape, i)->name)) != NULL;
    write_head(out, MAJOR_MAP, count);
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const char *name = model_text(member->name);
        const Val *item = val_get(v, name);
        if (!item)
            continue;
        write_text(out, MAJOR_TEXT, name, strlen(name));
        cbor_write_shape(out, model_member_shape(member), item);
    }
}

static void write_items(Str *out, const ModelShape *shape, const Val *v)
{
    bool map = v->kind == VAL_MAP;
    const ModelShape *of = model_member_shape(model_member(shape, map ? 1 : 0));
    write_head(out, map ? MAJOR_MAP : MAJOR_ARRAY, v->len);
    for (size_t i = 0; i < v->len; i++) {
        if (map)
            write_text(out, MAJOR_TEXT, v->names[i], strlen(v->names[i]));
        cbor_write_shape(out, of, v->items[i]);
    }
}

void cbor_write_shape(Str *out, const ModelShape *shape, const Val *v)
{
    switch (v->kind) {
    case VAL_NULL: str_addc(out, (char)0xf6); break;
    case VAL_BOOL: str_addc(out, (char)(MAJOR_SIMPLE << 5 | (v->b ? SIMPLE_TRUE : SIMPLE_FALSE))); break;
    case VAL_INT:
        write_head(out, v->i < 0 ? MAJOR_NEGATIVE : MAJOR_UINT, v->i < 0 ? (uint64_t)(-1 - v->i) : (uint64_t)v->i);
        break;
    case VAL_DOUBLE: write_double(out, v->d); break;
    case VAL_STR: write_text(out, MAJOR_TEXT, v->s, v->len); break;
    case VAL_BLOB: write_text(out, MAJOR_BYTES, v->s, v->len); break;
    case VAL_TIME:
        write_head(out, MAJOR_TAG, TAG_EPOCH);
        write_double(out, (double)v->i / 1000.0);
        break;
    case VAL_LIST: write_items(out, shape, v); break;
    case VAL_MAP:
        if (shape->type == TYPE_STRUCTURE)
            write_members(out, shape, v);
        else
            write_items(out, shape, v);
        break;
    }
}

void cbor_write_error(Str *out, const char *code, const char *message)
{
    write_head(out, MAJOR_MAP, 2);
    write_text(out, MAJOR_TEXT, "__type", strlen("__type"));
    write_text(out, MAJOR_TEXT, code, strlen(code));
    write_text(out, MAJOR_TEXT, "message", strlen("message"));
    write_text(out, MAJOR_TEXT, message, strlen(message));
}
