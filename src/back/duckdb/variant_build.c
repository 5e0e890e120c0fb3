/* back/duckdb/variant_build.c -- making variants, from values and from JSON text. Source: VariantBuilder. */
#include "back/duckdb/variant.h"

#include <stdlib.h>

enum { U8 = 0xFF, U16 = 0xFFFF, U24 = 0xFFFFFF, SHORT_STRING_MAX = 63 };

void variant_begin(VariantBuilder *b, Arena *a)
{
    *b = (VariantBuilder){ .arena = a, .value = STR_INIT(VARIANT_MAX_BYTES) };
}

void variant_done(VariantBuilder *b)
{
    str_done(&b->value);
}

static size_t integer_bytes(size_t max)
{
    return max <= U8 ? 1 : max <= U16 ? 2 : max <= U24 ? 3 : 4;
}

static void add_integer(Str *out, uint64_t x, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        str_addc(out, (char)(x >> (8 * i)));
}

static void add_head(VariantBuilder *b, int type) { str_addc(&b->value, (char)(type << 2)); }

bool variant_end(VariantBuilder *b, Str *out)
{
    str_auto metadata = STR_INIT(VARIANT_MAX_BYTES);
    size_t strings = 0, at = 0;
    for (size_t i = 0; i < b->keys.len; i++)
        strings += b->keys.at[i].key.len;
    size_t bytes = integer_bytes(strings > b->keys.len ? strings : b->keys.len);
    str_addc(&metadata, (char)(1 | (bytes - 1) << 6));
    add_integer(&metadata, b->keys.len, bytes);
    for (size_t i = 0; i < b->keys.len; i++) {
        add_integer(&metadata, at, bytes);
        at += b->keys.at[i].key.len;
    }
    add_integer(&metadata, at, bytes);
    for (size_t i = 0; i < b->keys.len; i++)
        str_addn(&metadata, b->keys.at[i].key.data, b->keys.at[i].key.len);
    if (b->duplicate || b->value.overflow || metadata.overflow)
        return false;
    variant_close((View){ b->value.data, b->value.len }, (View){ metadata.data, metadata.len }, out);
    return !out->overflow;
}

void variant_add_null(VariantBuilder *b) { add_head(b, 0); }
void variant_add_boolean(VariantBuilder *b, bool x) { add_head(b, x ? 1 : 2); }

void variant_add_long(VariantBuilder *b, int64_t x)
{
    int width = x == (int8_t)x ? 0 : x == (int16_t)x ? 1 : x == (int32_t)x ? 2 : 3;
    add_head(b, 3 + width);
    add_integer(&b->value, (uint64_t)x, (size_t)1 << width);
}

void variant_add_double(VariantBuilder *b, double x)
{
    uint64_t bits;
    if (x != x)
        x = (double)__builtin_nan("");
    memcpy(&bits, &x, sizeof bits);
    add_head(b, 7);
    add_integer(&b->value, bits, 8);
}

void variant_add_float(VariantBuilder *b, float x)
{
    uint32_t bits;
    if (x != x)
        x = __builtin_nanf("");
    memcpy(&bits, &x, sizeof bits);
    add_head(b, 14);
    add_integer(&b->value, bits, 4);
}

void variant_add_decimal(VariantBuilder *b, i128 unscaled, int scale)
{
    int digits = decimal_digits(unscaled), n = digits > scale ? digits : scale, type = n <= 9 ? 8 : n <= 18 ? 9 : 10;
    add_head(b, type);
    str_addc(&b->value, (char)scale);
    add_integer(&b->value, (uint64_t)unscaled, type == 8 ? 4 : 8);
    if (type == 10)
        add_integer(&b->value, (uint64_t)((u128)unscaled >> 64), 8);
}

void variant_add_string(VariantBuilder *b, View text)
{
    if (text.len > SHORT_STRING_MAX) {
        add_head(b, 16);
        add_integer(&b->value, text.len, 4);
    } else {
        str_addc(&b->value, (char)(text.len << 2 | 1));
    }
    str_addn(&b->value, text.data, text.len);
}

void variant_add_binary(VariantBuilder *b, View bytes)
{
    add_head(b, 15);
    add_integer(&b->value, bytes.len, 4);
    str_addn(&b->value, bytes.data, bytes.len);
}

void variant_add_date(VariantBuilder *b, int32_t days)
{
    add_head(b, 11);
    add_integer(&b->value, (uint64_t)(int64_t)days, 4);
}

void variant_add_timestamp(VariantBuilder *b, int64_t us, bool ntz)
{
    add_head(b, ntz ? 13 : 12);
    add_integer(&b->value, (uint64_t)us, 8);
}

/* ---------------------------------------------------------------- keys */
static bool same(View x, View y) { return x.len == y.len && memcmp(x.data, y.data, x.len) == 0; }

static uint64_t hash(View v)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < v.len; i++)
        h = (h ^ (uint8_t)v.data[i]) * UINT64_C(1099511628211);
    return h;
}

static void rehash(VariantBuilder *b)
{
    b->nslots = b->nslots ? b->nslots * 2 : 16;
    b->slots = ARENA_ARRAY(b->arena, uint32_t, b->nslots);
    for (size_t i = 0; i < b->keys.len; i++) {
        size_t at = hash(b->keys.at[i].key) & (b->nslots - 1);
        while (b->slots[at])
            at = (at + 1) & (b->nslots - 1);
        b->slots[at] = (uint32_t)i + 1;
    }
}

uint32_t variant_key(VariantBuilder *b, View key)
{
    if (b->keys.len * 2 >= b->nslots)
        rehash(b);
    size_t at = hash(key) & (b->nslots - 1);
    for (; b->slots[at]; at = (at + 1) & (b->nslots - 1))
        if (same(b->keys.at[b->slots[at] - 1].key, key))
            return b->slots[at] - 1;
    View own = { arena_strn(b->arena, key.data, key.len), key.len };
    vec_push(b->arena, &b->keys, (VariantKey){ own });
    b->slots[at] = (uint32_t)b->keys.len;
    return (uint32_t)b->keys.len - 1;
}

/* ---------------------------------------------------------------- arrays and objects: the head goes before what is there */
static void insert(VariantBuilder *b, size_t start, const Str *head)
{
    size_t n = b->value.len - start;
    str_addn(&b->value, head->data, head->len);
    if (b->value.overflow)
        return;
    memmove(b->value.data + start + head->len, b->value.data + start, n);
    memcpy(b->value.data + start, head->data, head->len);
}

void variant_close_array(VariantBuilder *b, size_t start, const VariantOffsets *offsets)
{
    size_t n = offsets->len, size = b->value.len - start, bytes = integer_bytes(size);
    bool large = n > U8;
    str_auto head = STR_INIT(VARIANT_MAX_BYTES);
    str_addc(&head, (char)((int)large << 4 | (int)(bytes - 1) << 2 | 3));
    add_integer(&head, n, large ? 4 : 1);
    for (size_t i = 0; i < n; i++)
        add_integer(&head, offsets->at[i], bytes);
    add_integer(&head, size, bytes);
    insert(b, start, &head);
}

/* The UTF-16 order of Java's strings: only characters beyond U+FFFF and those from U+E000 on are not in the order of their bytes. */
static int rank(uint8_t c) { return c >= 0xF0 ? 0xED : c == 0xEE || c == 0xEF ? c + 1 : c; }

static int compare_keys(View x, View y)
{
    size_t n = x.len < y.len ? x.len : y.len;
    for (size_t i = 0; i < n; i++)
        if (x.data[i] != y.data[i])
            return rank((uint8_t)x.data[i]) - rank((uint8_t)y.data[i]) ? rank((uint8_t)x.data[i]) - rank((uint8_t)y.data[i])
                                                                       : (uint8_t)x.data[i] - (uint8_t)y.data[i];
    return x.len < y.len ? -1 : x.len > y.len;
}

typedef struct Sorted {
    View key;
    VariantField field;
} Sorted;

static int by_key(const void *x, const void *y)
{
    return compare_keys(((const Sorted *)x)->key, ((const Sorted *)y)->key);
}

static const Sorted *sorted(VariantBuilder *b, const VariantFields *fields)
{
    Sorted *list = ARENA_ARRAY(b->arena, Sorted, fields->len + 1);
    for (size_t i = 0; i < fields->len; i++)
        list[i] = (Sorted){ b->keys.at[fields->at[i].id].key, fields->at[i] };
    if (fields->len)
        qsort(list, fields->len, sizeof *list, by_key);
    for (size_t i = 1; i < fields->len && !b->duplicate; i++)
        if (list[i].field.id == list[i - 1].field.id)
            b->duplicate = list[i].key.data;
    return list;
}

void variant_close_object(VariantBuilder *b, size_t start, VariantFields *fields)
{
    const Sorted *list = sorted(b, fields);
    size_t n = fields->len, size = b->value.len - start, bytes = integer_bytes(size), max = 0;
    bool large = n > U8;
    for (size_t i = 0; i < n; i++)
        max = list[i].field.id > max ? list[i].field.id : max;
    size_t id_bytes = integer_bytes(max);
    str_auto head = STR_INIT(VARIANT_MAX_BYTES);
    str_addc(&head, (char)((int)large << 6 | (int)(id_bytes - 1) << 4 | (int)(bytes - 1) << 2 | 2));
    add_integer(&head, n, large ? 4 : 1);
    for (size_t i = 0; i < n; i++)
        add_integer(&head, list[i].field.id, id_bytes);
    for (size_t i = 0; i < n; i++)
        add_integer(&head, list[i].field.offset, bytes);
    add_integer(&head, size, bytes);
    insert(b, start, &head);
}

/* ---------------------------------------------------------------- copies */
static bool add(VariantBuilder *b, const Variant *v, int depth)
{
    bool object = variant_kind(v) == VARIANT_OBJECT;
    size_t start = b->value.len, n = 0;
    VariantFields fields = { 0 };
    VariantOffsets offsets = { 0 };
    if (!object && variant_kind(v) != VARIANT_ARRAY) {
        n = variant_size(v);
        str_addn(&b->value, v->value.data, n);
        return n > 0 && variant_kind(v) != VARIANT_MALFORMED;
    }
    if (depth > VARIANT_DEPTH || !variant_count(v, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        View key;
        Variant item;
        if (!variant_at(v, i, &key, &item))
            return false;
        if (object)
            vec_push(b->arena, &fields, ((VariantField){ variant_key(b, key), b->value.len - start }));
        else
            vec_push(b->arena, &offsets, b->value.len - start);
        if (!add(b, &item, depth + 1))
            return false;
    }
    if (object)
        variant_close_object(b, start, &fields);
    else
        variant_close_array(b, start, &offsets);
    return true;
}

bool variant_add(VariantBuilder *b, const Variant *v)
{
    return add(b, v, 0);
}

/* ---------------------------------------------------------------- JSON text */
typedef struct Reader {
    VariantBuilder *b;
    const char *at, *end;
} Reader;

static bool value(Reader *r, int depth);

static void blanks(Reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(Reader *r, char c)
{
    blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool hex4(Reader *r, uint32_t *ret)
{
    uint32_t x = 0;
    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++, low = (char)(c | 32);
        if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'f')))
            return false;
        x = x << 4 | (uint32_t)(c <= '9' ? c - '0' : low - 'a' + 10);
    }
    *ret = x;
    return true;
}

/* \uXXXX, two of them for a character beyond U+FFFF; half of one is '?', as Java encodes it. */
static bool escaped_character(Reader *r, Str *out)
{
    uint32_t c = 0, low = 0;
    if (!hex4(r, &c))
        return false;
    const char *after = r->at;
    if (c >= 0xD800 && c < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        if (!hex4(r, &low))
            return false;
        if (low >= 0xDC00 && low < 0xE000) {
            str_add_code_point(out, 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00)));
            return true;
        }
        r->at = after;
    }
    str_add_code_point(out, c >= 0xD800 && c < 0xE000 ? '?' : c);
    return true;
}

static bool string(Reader *r, Str *out)
{
    static const char coded[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    while (r->at < r->end && *r->at != '"') {
        unsigned char c = (unsigned char)*r->at++;
        if (c < 0x20)
            return false;
        if (c != '\\') {
            str_addc(out, (char)c);
            continue;
        }
        if (r->at == r->end)
            return false;
        char e = *r->at++;
        const char *at = e ? strchr(coded, e) : NULL;
        if (at)
            str_addc(out, plain[at - coded]);
        else if (e != 'u' || !escaped_character(r, out))
            return false;
    }
    return r->at < r->end && *r->at++ == '"';
}

static size_t digits(Reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - from);
}

/* Digits and a point as a decimal of 38 digits at most. */
static bool plain_decimal(VariantBuilder *b, View text)
{
    u128 unscaled = 0;
    int scale = 0, significant = 0;
    bool fraction = false;
    for (size_t i = text.data[0] == '-'; i < text.len; i++) {
        if (text.data[i] == '.') {
            fraction = true;
            continue;
        }
        significant += significant || text.data[i] != '0';
        scale += fraction;
        if (significant > 38 || scale > 38)
            return false;
        unscaled = unscaled * 10 + (unsigned)(text.data[i] - 48);
    }
    variant_add_decimal(b, text.data[0] == '-' ? -(i128)unscaled : (i128)unscaled, scale);
    return true;
}

static bool number(Reader *r)
{
    const char *from = r->at;
    bool exponent = false, fraction = false;
    r->at += *r->at == '-';
    const char *first = r->at;
    size_t n = digits(r);
    if (!n || (*first == '0' && n > 1))
        return false;
    if (r->at < r->end && *r->at == '.') {
        fraction = true;
        r->at++;
        if (!digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at | 32) == 'e') {
        exponent = true;
        r->at++;
        r->at += r->at < r->end && (*r->at == '+' || *r->at == '-');
        if (!digits(r))
            return false;
    }
    View text = { from, (size_t)(r->at - from) };
    int64_t x;
    double d;
    if (!fraction && !exponent && convert_integer(text, INT64_MIN, INT64_MAX, false, &x))
        variant_add_long(r->b, x);
    else if (exponent || !plain_decimal(r->b, text)) {
        if (!convert_double(text, &d))
            return false;
        variant_add_double(r->b, d);
    }
    return true;
}

static bool word(Reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
        return false;
    r->at += n;
    return r->at == r->end || strchr(" \t\r\n,]}:[{\"", *r->at) != NULL;
}

static bool array(Reader *r, int depth)
{
    VariantOffsets offsets = { 0 };
    size_t start = r->b->value.len;
    if (!take(r, ']'))
        for (;;) {
            vec_push(r->b->arena, &offsets, r->b->value.len - start);
            if (!value(r, depth + 1))
                return false;
            if (take(r, ']'))
                break;
            if (!take(r, ','))
                return false;
        }
    variant_close_array(r->b, start, &offsets);
    return true;
}

static bool object(Reader *r, int depth)
{
    VariantFields fields = { 0 };
    size_t start = r->b->value.len;
    if (!take(r, '}'))
        for (;;) {
            str_auto key = STR_INIT(VARIANT_MAX_BYTES);
            if (!take(r, '"') || !string(r, &key) || !take(r, ':'))
                return false;
            vec_push(r->b->arena, &fields, ((VariantField){ variant_key(r->b, (View){ str_text(&key), key.len }), r->b->value.len - start }));
            if (!value(r, depth + 1))
                return false;
            if (take(r, '}'))
                break;
            if (!take(r, ','))
                return false;
        }
    variant_close_object(r->b, start, &fields);
    return true;
}

static bool value(Reader *r, int depth)
{
    blanks(r);
    if (r->at == r->end || depth > VARIANT_DEPTH || r->b->value.overflow)
        return false;
    switch (*r->at) {
    case '{': r->at++; return object(r, depth);
    case '[': r->at++; return array(r, depth);
    case '"': {
        str_auto text = STR_INIT(VARIANT_MAX_BYTES);
        r->at++;
        if (!string(r, &text))
            return false;
        variant_add_string(r->b, (View){ str_text(&text), text.len });
        return true;
    }
    case 't': variant_add_boolean(r->b, true); return word(r, "true");
    case 'f': variant_add_boolean(r->b, false); return word(r, "false");
    case 'n': variant_add_null(r->b); return word(r, "null");
    default: return (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) && number(r);
    }
}

/* What follows the first value is not looked at, but a blank ends a number. */
bool variant_parse(VariantBuilder *b, View json)
{
    Reader r = { b, json.data, json.data + json.len };
    if (!value(&r, 0) || b->duplicate || b->value.overflow)
        return false;
    bool is_number = r.at > json.data && r.at[-1] >= '0' && r.at[-1] <= '9';
    return r.at == r.end || !is_number || strchr(" \t\r\n", *r.at) != NULL;
}
