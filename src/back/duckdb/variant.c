/* back/duckdb/variant.c -- reading variants. */
#include "back/duckdb/variant.h"

enum { PRIMITIVE, SHORT_STRING, OBJECT, ARRAY };
enum { P_NULL, P_TRUE, P_FALSE, P_INT1, P_INT2, P_INT4, P_INT8, P_DOUBLE, P_DECIMAL4, P_DECIMAL8, P_DECIMAL16, P_DATE, P_TIMESTAMP,
       P_TIMESTAMP_NTZ, P_FLOAT, P_BINARY, P_STRING, P_UUID = 20 };

static uint8_t byte_at(View v, size_t i) { return (uint8_t)v.data[i]; }

static bool read_unsigned(View v, size_t at, size_t bytes, size_t *ret)
{
    if (at > v.len || bytes > v.len - at)
        return false;
    size_t x = 0;
    for (size_t i = 0; i < bytes; i++)
        x |= (size_t)byte_at(v, at + i) << (8 * i);
    *ret = x;
    return true;
}

static bool read_signed(View v, size_t at, size_t bytes, int64_t *ret)
{
    size_t x = 0;
    if (!read_unsigned(v, at, bytes, &x))
        return false;
    *ret = bytes == 8 ? (int64_t)x : (int64_t)(x << (64 - 8 * bytes)) >> (64 - 8 * bytes);
    return true;
}

bool variant_open(View blob, Variant *ret)
{
    size_t n = 0;
    if (!read_unsigned(blob, 0, 4, &n) || n > blob.len - 4)
        return false;
    *ret = (Variant){ { blob.data + 4, n }, { blob.data + 4 + n, blob.len - 4 - n } };
    return ret->metadata.len > 0 && (byte_at(ret->metadata, 0) & 0x0F) == 1;
}

void variant_close(View value, View metadata, Str *out)
{
    char length[4] = { (char)value.len, (char)(value.len >> 8), (char)(value.len >> 16), (char)(value.len >> 24) };
    str_addn(out, length, sizeof length);
    str_addn(out, value.data, value.len);
    str_addn(out, metadata.data, metadata.len);
}

static int info(const Variant *v) { return byte_at(v->value, 0) >> 2; }
static int basic(const Variant *v) { return byte_at(v->value, 0) & 3; }

VariantKind variant_kind(const Variant *v)
{
    static const VariantKind kinds[] = { VARIANT_NULL, VARIANT_BOOLEAN, VARIANT_BOOLEAN, VARIANT_LONG, VARIANT_LONG, VARIANT_LONG, VARIANT_LONG,
                                         VARIANT_DOUBLE, VARIANT_DECIMAL, VARIANT_DECIMAL, VARIANT_DECIMAL, VARIANT_DATE, VARIANT_TIMESTAMP,
                                         VARIANT_TIMESTAMP_NTZ, VARIANT_FLOAT, VARIANT_BINARY, VARIANT_STRING };
    if (!v->value.len)
        return VARIANT_MALFORMED;
    switch (basic(v)) {
    case SHORT_STRING: return VARIANT_STRING;
    case OBJECT: return VARIANT_OBJECT;
    case ARRAY: return VARIANT_ARRAY;
    default: break;
    }
    if (info(v) == P_UUID)
        return VARIANT_UUID;
    return info(v) <= P_STRING ? kinds[info(v)] : VARIANT_MALFORMED;
}

/* Where an array's or object's parts lie in its bytes. */
typedef struct Layout {
    size_t count, id_bytes, offset_bytes, ids, offsets, data;
} Layout;

static bool layout_of(const Variant *v, Layout *ret)
{
    bool object = basic(v) == OBJECT;
    int bits = info(v);
    bool large = object ? bits >> 4 & 1 : bits >> 2 & 1;
    Layout l = { .id_bytes = object ? (size_t)(bits >> 2 & 3) + 1 : 0, .offset_bytes = (size_t)(bits & 3) + 1 };
    if (!read_unsigned(v->value, 1, large ? 4 : 1, &l.count) || l.count > v->value.len)
        return false;
    l.ids = large ? 5 : 2;
    l.offsets = l.ids + l.count * l.id_bytes;
    l.data = l.offsets + (l.count + 1) * l.offset_bytes;
    *ret = l;
    return l.data <= v->value.len;
}

static size_t primitive_size(const Variant *v)
{
    static const uint8_t sizes[] = { 1, 1, 1, 2, 3, 5, 9, 9, 6, 10, 18, 5, 9, 9, 5 };
    size_t n = 0;
    if (info(v) == P_UUID)
        return 17;
    if (info(v) == P_BINARY || info(v) == P_STRING)
        return read_unsigned(v->value, 1, 4, &n) ? n + 5 : 0;
    return info(v) < (int)sizeof sizes ? sizes[info(v)] : 0;
}

size_t variant_size(const Variant *v)
{
    size_t n = 0, last = 0;
    Layout l;
    if (!v->value.len)
        return 0;
    if (basic(v) == PRIMITIVE)
        n = primitive_size(v);
    else if (basic(v) == SHORT_STRING)
        n = 1 + (size_t)info(v);
    else if (layout_of(v, &l) && read_unsigned(v->value, l.offsets + l.count * l.offset_bytes, l.offset_bytes, &last))
        n = l.data + last;
    return n <= v->value.len ? n : 0;
}

bool variant_boolean(const Variant *v) { return info(v) == P_TRUE; }

bool variant_long(const Variant *v, int64_t *ret)
{
    switch (info(v)) {
    case P_INT1: return read_signed(v->value, 1, 1, ret);
    case P_INT2: return read_signed(v->value, 1, 2, ret);
    case P_INT4: case P_DATE: return read_signed(v->value, 1, 4, ret);
    default: return read_signed(v->value, 1, 8, ret);
    }
}

bool variant_double(const Variant *v, double *ret)
{
    size_t bits = 0;
    if (info(v) == P_FLOAT) {
        float f;
        if (!read_unsigned(v->value, 1, 4, &bits))
            return false;
        uint32_t word = (uint32_t)bits;
        memcpy(&f, &word, sizeof f);
        *ret = (double)f;
        return true;
    }
    if (!read_unsigned(v->value, 1, 8, &bits))
        return false;
    memcpy(ret, &bits, sizeof *ret);
    return true;
}

int decimal_digits(i128 x)
{
    int n = 1;
    for (x /= 10; x; x /= 10)
        n++;
    return n;
}

bool variant_decimal(const Variant *v, i128 *ret_unscaled, int *ret_scale)
{
    int64_t small = 0;
    size_t low = 0;
    int max = info(v) == P_DECIMAL4 ? 9 : info(v) == P_DECIMAL8 ? 18 : 38;
    if (max == 38) {
        int64_t high = 0;
        if (!read_unsigned(v->value, 2, 8, &low) || !read_signed(v->value, 10, 8, &high))
            return false;
        *ret_unscaled = (i128)((u128)(i128)high << 64 | low);
    } else {
        if (!read_signed(v->value, 2, max == 9 ? 4 : 8, &small))
            return false;
        *ret_unscaled = small;
    }
    *ret_scale = byte_at(v->value, 1);
    return *ret_scale <= max && decimal_digits(*ret_unscaled) <= max;
}

bool variant_bytes(const Variant *v, View *ret)
{
    size_t head = basic(v) == SHORT_STRING || info(v) == P_UUID ? 1 : 5, n = variant_size(v);
    if (n < head)
        return false;
    *ret = (View){ v->value.data + head, n - head };
    return true;
}

bool variant_count(const Variant *v, size_t *ret)
{
    Layout l;
    if (!layout_of(v, &l))
        return false;
    *ret = l.count;
    return true;
}

static bool metadata_key(View metadata, size_t id, View *ret)
{
    size_t bytes = (size_t)(byte_at(metadata, 0) >> 6) + 1, count = 0, from = 0, to = 0;
    if (!read_unsigned(metadata, 1, bytes, &count) || id >= count || count > metadata.len)
        return false;
    size_t strings = 1 + (count + 2) * bytes;
    if (!read_unsigned(metadata, 1 + (id + 1) * bytes, bytes, &from) || !read_unsigned(metadata, 1 + (id + 2) * bytes, bytes, &to))
        return false;
    if (from > to || strings > metadata.len || to > metadata.len - strings)
        return false;
    *ret = (View){ metadata.data + strings + from, to - from };
    return true;
}

bool variant_at(const Variant *v, size_t i, View *ret_key, Variant *ret)
{
    Layout l;
    size_t id = 0, offset = 0;
    View key = { NULL, 0 };
    if (!layout_of(v, &l) || i >= l.count || !read_unsigned(v->value, l.offsets + i * l.offset_bytes, l.offset_bytes, &offset))
        return false;
    if (l.id_bytes && (!read_unsigned(v->value, l.ids + i * l.id_bytes, l.id_bytes, &id) || !metadata_key(v->metadata, id, &key)))
        return false;
    if (offset >= v->value.len - l.data)
        return false;
    if (ret_key)
        *ret_key = key;
    *ret = (Variant){ { v->value.data + l.data + offset, v->value.len - l.data - offset }, v->metadata };
    return true;
}

bool variant_field(const Variant *v, View key, Variant *ret)
{
    size_t n = 0;
    View own;
    if (!variant_count(v, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (variant_at(v, i, &own, ret) && own.len == key.len && memcmp(own.data, key.data, key.len) == 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------- paths: $.key ['key'] ["key"] [0] */
static bool bracket(View path, size_t *at, View *ret_key, int64_t *ret_index)
{
    size_t i = *at + 1;
    char quote = i < path.len ? path.data[i] : 0;
    if (quote == '\'' || quote == '"') {
        size_t from = ++i;
        while (i < path.len && path.data[i] != quote)
            i++;
        *ret_key = (View){ path.data + from, i - from };
        i++;
    } else {
        size_t from = i;
        for (*ret_index = 0; i < path.len && path.data[i] >= '0' && path.data[i] <= '9' && i - from < 10; i++)
            *ret_index = *ret_index * 10 + (path.data[i] - '0');
        if (i == from)
            return false;
    }
    if (i >= path.len || path.data[i] != ']')
        return false;
    *at = i + 1;
    return true;
}

bool variant_path(View path, VariantStep step, void *arg)
{
    bool going = true;
    if (!path.len || path.data[0] != '$')
        return false;
    for (size_t at = 1; at < path.len;) {
        View key = { NULL, 0 };
        int64_t index = 0;
        if (path.data[at] == '.') {
            size_t from = ++at;
            while (at < path.len && path.data[at] != '.' && path.data[at] != '[')
                at++;
            if (at == from)
                return false;
            key = (View){ path.data + from, at - from };
        } else if (path.data[at] != '[' || !bracket(path, &at, &key, &index)) {
            return false;
        }
        going = going && step(arg, key, index);
    }
    return true;
}

/* ---------------------------------------------------------------- JSON */
size_t variant_decimal_text(i128 unscaled, int scale, char *out)
{
    while (scale > 0 && unscaled % 10 == 0) {
        unscaled /= 10;
        scale--;
    }
    return print_decimal(unscaled, scale, out);
}

static void json_base64(View v, Str *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    str_addc(out, '"');
    for (size_t i = 0; i < v.len; i += 3) {
        size_t n = v.len - i < 3 ? v.len - i : 3;
        uint32_t x = (uint32_t)byte_at(v, i) << 16 | (n > 1 ? (uint32_t)byte_at(v, i + 1) << 8 : 0) | (n > 2 ? byte_at(v, i + 2) : 0);
        for (size_t k = 0; k < 4; k++)
            str_addc(out, k <= n ? digits[x >> (18 - 6 * k) & 63] : '=');
    }
    str_addc(out, '"');
}

static void json_double(const Variant *v, double x, Str *out)
{
    char text[NUMBER_TEXT_BYTES];
    size_t n = info(v) == P_FLOAT ? java_text_float((float)x, text) : java_text_double(x, text);
    bool finite = x - x == 0;
    str_add(out, finite ? "" : "\"");
    str_addn(out, text, n);
    str_add(out, finite ? "" : "\"");
}

static void json_timestamp(int64_t us, const Zone *zone, Str *out)
{
    char text[NUMBER_TEXT_BYTES];
    size_t n = zone ? print_local_time(zone_local(zone, us), text) : print_timestamp(us, text);
    str_addf(out, "\"%.*s", (int)n, text);
    if (zone) {
        int32_t offset = zone_offset_s(zone, floor_div(us, MICROS_PER_SECOND)), minutes = (offset < 0 ? -offset : offset) / 60;
        str_addf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
    }
    str_addc(out, '"');
}

static bool json_uuid(View v, Str *out)
{
    if (v.len != 16)
        return false;
    for (size_t i = 0; i < 16; i++)
        str_addf(out, "%s%02x%s", i == 0 ? "\"" : i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte_at(v, i), i == 15 ? "\"" : "");
    return true;
}

static bool json(const Variant *v, const Zone *zone, int depth, Str *out);

static bool json_nested(const Variant *v, const Zone *zone, int depth, Str *out)
{
    bool object = basic(v) == OBJECT;
    size_t n = 0;
    if (depth > VARIANT_DEPTH || !variant_count(v, &n))
        return false;
    str_addc(out, object ? '{' : '[');
    for (size_t i = 0; i < n && !out->overflow; i++) {
        View key;
        Variant item;
        if (!variant_at(v, i, &key, &item))
            return false;
        str_add(out, i ? "," : "");
        if (object) {
            json_add_text(key, out);
            str_addc(out, ':');
        }
        if (!json(&item, zone, depth + 1, out))
            return false;
    }
    str_addc(out, object ? '}' : ']');
    return true;
}

static bool json(const Variant *v, const Zone *zone, int depth, Str *out)
{
    int64_t x = 0;
    double d = 0;
    i128 unscaled = 0;
    int scale = 0;
    View bytes = { NULL, 0 };
    char text[NUMBER_TEXT_BYTES];
    switch (variant_kind(v)) {
    case VARIANT_NULL: str_add(out, "null"); return true;
    case VARIANT_BOOLEAN: str_add(out, variant_boolean(v) ? "true" : "false"); return true;
    case VARIANT_LONG:
        if (variant_long(v, &x))
            str_addf(out, "%lld", (long long)x);
        return variant_long(v, &x);
    case VARIANT_DOUBLE: case VARIANT_FLOAT:
        if (!variant_double(v, &d))
            return false;
        json_double(v, d, out);
        return true;
    case VARIANT_DECIMAL:
        if (!variant_decimal(v, &unscaled, &scale))
            return false;
        str_addn(out, text, variant_decimal_text(unscaled, scale, text));
        return true;
    case VARIANT_DATE:
        if (!variant_long(v, &x))
            return false;
        str_addf(out, "\"%.*s\"", (int)print_date(x, text), text);
        return true;
    case VARIANT_TIMESTAMP: case VARIANT_TIMESTAMP_NTZ:
        if (!variant_long(v, &x))
            return false;
        json_timestamp(x, variant_kind(v) == VARIANT_TIMESTAMP ? zone : NULL, out);
        return true;
    case VARIANT_ARRAY: case VARIANT_OBJECT: return json_nested(v, zone, depth, out);
    default: break;
    }
    if (!variant_bytes(v, &bytes))
        return false;
    if (variant_kind(v) == VARIANT_STRING)
        json_add_text(bytes, out);
    else if (variant_kind(v) == VARIANT_BINARY)
        json_base64(bytes, out);
    else
        return variant_kind(v) == VARIANT_UUID && json_uuid(bytes, out);
    return true;
}

bool variant_json(const Variant *v, const Zone *zone, Str *out)
{
    return json(v, zone, 0, out);
}
