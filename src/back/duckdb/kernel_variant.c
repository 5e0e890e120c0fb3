/* back/duckdb/kernel_variant.c -- variants inside the engine: parse_json, paths, casts, schemas. Source: Spark's
 * variantExpressions, VariantExpressionEvalUtils. */
#include "back/duckdb/variant.h"
#include "ir/type.h"

static bool open(K *k, size_t arg, Variant *ret)
{
    if (variant_open(k_str(k, arg), ret))
        return true;
    k_fail(k, "MALFORMED_VARIANT", NULL);
    return false;
}

static void malformed(K *k) { k_fail(k, "MALFORMED_VARIANT", NULL); }

static void *make_zone(K *k, View name)
{
    (void)k;
    return (void *)(uintptr_t)zone_find(name);
}

static const Zone *zone_arg(K *k, size_t arg)
{
    const Zone *z = k_cached(k, 0, k_str(k, arg), make_zone, NULL);
    return z ? z : zone_find((View){ "UTC", 3 });
}

/* ---------------------------------------------------------------- text */
static void parse(K *k)
{
    VariantBuilder b;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    variant_begin(&b, k_arena(k));
    View json = k_str(k, 0);
    bool ok = variant_parse(&b, json) && variant_end(&b, &out);
    variant_done(&b);
    if (ok)
        k_set_str(k, str_text(&out), out.len);
    else if (k_i32(k, 1) == MODE_NULL)
        k_null(k);
    else
        k_fail(k, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "badRecord", k_text(k, json), "failFastMode", "FAILFAST", NULL);
}

static void to_json(K *k)
{
    Variant v;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    if (!open(k, 0, &v))
        return;
    if (!variant_json(&v, zone_arg(k, 1), &out) || out.overflow)
        malformed(k);
    else
        k_set_str(k, str_text(&out), out.len);
}

static void schema(K *k)
{
    Variant v;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    if (!open(k, 0, &v))
        return;
    const Type *t = variant_schema(k_arena(k), &v);
    if (!t) {
        malformed(k);
        return;
    }
    variant_schema_text(t, &out);
    k_set_str(k, str_text(&out), out.len);
}

/* ---------------------------------------------------------------- lists of variants as arguments */
typedef struct Items {
    duckdb_string_t *at;
    const uint64_t *validity;
    duckdb_list_entry list;
} Items;

static Items items_of(const K *k, size_t arg)
{
    duckdb_vector child = duckdb_list_vector_get_child(k->args[arg].vector);
    return (Items){ duckdb_vector_get_data(child), duckdb_vector_get_validity(child), ((const duckdb_list_entry *)k->args[arg].data)[k->row] };
}

/* NULL data: a NULL. */
static View item_at(const Items *items, size_t i)
{
    idx_t at = items->list.offset + i;
    if (items->validity && !(items->validity[at / 64] >> (at % 64) & 1))
        return (View){ NULL, 0 };
    return (View){ duckdb_string_t_data(&items->at[at]), duckdb_string_t_length(items->at[at]) };
}

static void schema_of_all(K *k)
{
    Items items = items_of(k, 0);
    const Type *t = &type_null;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    for (size_t i = 0; i < items.list.length; i++) {
        Variant v;
        View blob = item_at(&items, i);
        const Type *one = !blob.data ? &type_null : variant_open(blob, &v) ? variant_schema(k_arena(k), &v) : NULL;
        if (!one) {
            malformed(k);
            return;
        }
        t = variant_schema_merge(k_arena(k), t, one);
    }
    variant_schema_text(t, &out);
    k_set_str(k, str_text(&out), out.len);
}

/* ---------------------------------------------------------------- inside */
static void kind(K *k)
{
    Variant v;
    if (!open(k, 0, &v))
        return;
    if (variant_kind(&v) == VARIANT_MALFORMED)
        k_fail(k, "UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT", "id", "?", NULL);
    else
        k_set_i32(k, (int32_t)variant_kind(&v));
}

static void is_null(K *k)
{
    Variant v;
    if (k_is_null(k, 0))
        k_set_bool(k, false);
    else if (open(k, 0, &v))
        k_set_bool(k, v.value.len && v.value.data[0] == 0);
}

typedef struct Walk {
    Variant at;
    bool found;
} Walk;

static bool step(void *arg, View key, int64_t index)
{
    Walk *w = arg;
    Variant next;
    bool object = variant_kind(&w->at) == VARIANT_OBJECT, array = variant_kind(&w->at) == VARIANT_ARRAY;
    w->found = key.data ? object && variant_field(&w->at, key, &next) : array && variant_at(&w->at, (size_t)index, NULL, &next);
    if (w->found)
        w->at = next;
    return w->found;
}

/* A part of a variant with a dictionary of its own. */
static void get(K *k)
{
    Walk w = { .found = true };
    VariantBuilder b;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    View path = k_str(k, 1);
    if (!open(k, 0, &w.at))
        return;
    if (!variant_path(path, step, &w)) {
        k_fail(k, "INVALID_VARIANT_GET_PATH", "path", k_text(k, path), "functionName", arena_printf(k_arena(k), "`%s`", k_text(k, k_str(k, 2))), NULL);
        return;
    }
    if (!w.found) {
        k_null(k);
        return;
    }
    variant_begin(&b, k_arena(k));
    bool ok = variant_add(&b, &w.at) && variant_end(&b, &out);
    variant_done(&b);
    if (ok)
        k_set_str(k, str_text(&out), out.len);
    else
        malformed(k);
}

/* The elements of an array, or the fields of an object: their values or their keys. */
static void parts(K *k, bool keys)
{
    Variant v, item;
    View key;
    size_t n = 0;
    if (!open(k, 0, &v))
        return;
    bool nested = variant_kind(&v) == VARIANT_OBJECT || variant_kind(&v) == VARIANT_ARRAY;
    if (nested && !variant_count(&v, &n))
        malformed(k);
    for (size_t i = 0; i < n; i++) {
        str_auto out = STR_INIT(VARIANT_MAX_BYTES);
        if (!variant_at(&v, i, &key, &item)) {
            malformed(k);
            return;
        }
        if (keys) {
            k_list_add(k, key.data ? key.data : "", key.len);
        } else {
            variant_close((View){ item.value.data, variant_size(&item) }, item.metadata, &out);
            k_list_add(k, str_text(&out), out.len);
        }
    }
    k_list_end(k, n);
}

static void values(K *k) { parts(k, false); }
static void keys(K *k) { parts(k, true); }

/* A field of an object by its name; NULL when there is none. */
static void field(K *k)
{
    Variant v, item;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    if (!open(k, 0, &v))
        return;
    if (variant_kind(&v) != VARIANT_OBJECT || !variant_field(&v, k_str(k, 1), &item)) {
        k_null(k);
        return;
    }
    variant_close((View){ item.value.data, variant_size(&item) }, item.metadata, &out);
    k_set_str(k, str_text(&out), out.len);
}

/* ---------------------------------------------------------------- to values: NULL for another kind */
static bool open_kind(K *k, VariantKind wanted, Variant *ret)
{
    if (!open(k, 0, ret))
        return false;
    if (variant_kind(ret) == wanted)
        return true;
    k_null(k);
    return false;
}

static void as_boolean(K *k)
{
    Variant v;
    if (open_kind(k, VARIANT_BOOLEAN, &v))
        k_set_bool(k, variant_boolean(&v));
}

/* A LONG, a DATE's days, microseconds; a DECIMAL without its fraction. */
static void as_long(K *k)
{
    Variant v;
    int64_t x = 0;
    i128 unscaled = 0;
    int scale = 0;
    if (!open(k, 0, &v))
        return;
    VariantKind what = variant_kind(&v);
    if (what == VARIANT_DECIMAL && variant_decimal(&v, &unscaled, &scale)) {
        unscaled /= power_of_ten(scale);
        if (unscaled < INT64_MIN || unscaled > INT64_MAX)
            k_null(k);
        else
            k_set_i64(k, (int64_t)unscaled);
    } else if (what != VARIANT_LONG && what != VARIANT_DATE && what != VARIANT_TIMESTAMP && what != VARIANT_TIMESTAMP_NTZ) {
        k_null(k);
    } else if (variant_long(&v, &x)) {
        k_set_i64(k, x);
    } else {
        malformed(k);
    }
}

static void as_double(K *k)
{
    Variant v;
    double x = 0;
    if (!open(k, 0, &v))
        return;
    if (variant_kind(&v) != VARIANT_DOUBLE && variant_kind(&v) != VARIANT_FLOAT)
        k_null(k);
    else if (variant_double(&v, &x))
        k_set_f64(k, x);
    else
        malformed(k);
}

/* A STRING as it is, a DECIMAL's plain text, a UUID. */
static void as_text(K *k)
{
    Variant v;
    View text;
    i128 unscaled = 0;
    int scale = 0;
    char plain[NUMBER_TEXT_BYTES];
    str_auto out = STR_INIT(1024);
    if (!open(k, 0, &v))
        return;
    VariantKind what = variant_kind(&v);
    if (what == VARIANT_DECIMAL && variant_decimal(&v, &unscaled, &scale))
        k_set_str(k, plain, variant_decimal_text(unscaled, scale, plain));
    else if (what == VARIANT_STRING && variant_bytes(&v, &text))
        k_set_view(k, text);
    else if (what == VARIANT_UUID && variant_json(&v, NULL, &out) && out.len > 2)
        k_set_str(k, str_text(&out) + 1, out.len - 2);
    else if (what == VARIANT_DECIMAL || what == VARIANT_STRING)
        malformed(k);
    else
        k_null(k);
}

static void as_binary(K *k)
{
    Variant v;
    View bytes;
    if (!open_kind(k, VARIANT_BINARY, &v))
        return;
    if (variant_bytes(&v, &bytes))
        k_set_view(k, bytes);
    else
        malformed(k);
}

/* The error of a cast that gave NULL; a variant null is NULL. */
static void refuse(K *k)
{
    Variant v;
    str_auto json = STR_INIT(4096);
    if (!open(k, 0, &v))
        return;
    if (variant_kind(&v) == VARIANT_NULL) {
        k_null(k);
        return;
    }
    variant_json(&v, zone_arg(k, 2), &json);
    k_fail(k, "INVALID_VARIANT_CAST", "value", k_text(k, (View){ str_text(&json), json.len }), "dataType", k_text(k, k_str(k, 1)), NULL);
}

/* ---------------------------------------------------------------- from values */
static void finish(K *k, VariantBuilder *b)
{
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    bool ok = variant_end(b, &out);
    if (ok)
        k_set_str(k, str_text(&out), out.len);
    else if (b->duplicate)
        k_fail(k, "VARIANT_DUPLICATE_KEY", "key", b->duplicate, NULL);
    else
        k_fail(k, "VARIANT_SIZE_LIMIT", "sizeLimit", "128.0 MiB", "functionName", "`cast`", NULL);
    variant_done(b);
}

#define FROM(name, call)                       \
    static void name(K *k)                     \
    {                                          \
        VariantBuilder b;                      \
        variant_begin(&b, k_arena(k));    \
        call;                                  \
        finish(k, &b);                         \
    }
FROM(of_boolean, variant_add_boolean(&b, k_bool(k, 0)))
FROM(of_long, variant_add_long(&b, k_i64(k, 0)))
FROM(of_double, variant_add_double(&b, k_f64(k, 0)))
FROM(of_float, variant_add_float(&b, k_f32(k, 0)))
FROM(of_string, variant_add_string(&b, k_str(k, 0)))
FROM(of_binary, variant_add_binary(&b, k_str(k, 0)))
FROM(of_date, variant_add_date(&b, k_i32(k, 0)))
FROM(of_timestamp, variant_add_timestamp(&b, k_i64(k, 0), false))
FROM(of_timestamp_ntz, variant_add_timestamp(&b, k_i64(k, 0), true))

/* The text of a decimal: its digits and its scale. */
static void of_decimal(K *k)
{
    VariantBuilder b;
    View text = k_str(k, 0);
    const char *point = memchr(text.data, '.', text.len);
    int scale = point ? (int)(text.data + text.len - point - 1) : 0;
    i128 unscaled = 0;
    bool overflow = false;
    if (!convert_decimal(text, 38, scale, &unscaled, &overflow)) {
        k_null(k);
        return;
    }
    variant_begin(&b, k_arena(k));
    variant_add_decimal(&b, unscaled, scale);
    finish(k, &b);
}

/* Variants put together; `named`: an object of the first argument's keys. */
static void of_items(K *k, bool named)
{
    VariantBuilder b;
    Items items = items_of(k, named), names = items_of(k, 0);
    VariantOffsets offsets = { 0 };
    VariantFields fields = { 0 };
    bool ok = true;
    variant_begin(&b, k_arena(k));
    for (size_t i = 0; i < items.list.length && ok; i++) {
        Variant v;
        View blob = item_at(&items, i);
        if (named)
            vec_push(b.arena, &fields, ((VariantField){ variant_key(&b, item_at(&names, i)), b.value.len }));
        else
            vec_push(b.arena, &offsets, b.value.len);
        if (!blob.data)
            variant_add_null(&b);
        else
            ok = variant_open(blob, &v) && variant_add(&b, &v);
    }
    if (!ok) {
        variant_done(&b);
        malformed(k);
        return;
    }
    if (named)
        variant_close_object(&b, 0, &fields);
    else
        variant_close_array(&b, 0, &offsets);
    finish(k, &b);
}

static void of_array(K *k) { of_items(k, false); }
static void of_object(K *k) { of_items(k, true); }

/* ---------------------------------------------------------------- the two fields of files */
static void part_value(K *k)
{
    Variant v;
    if (open(k, 0, &v))
        k_set_view(k, v.value);
}

static void part_metadata(K *k)
{
    Variant v;
    if (open(k, 0, &v))
        k_set_view(k, v.metadata);
}

static void of_parts(K *k)
{
    str_auto out = STR_INIT((size_t)2 * VARIANT_MAX_BYTES);
    variant_close(k_str(k, 0), k_str(k, 1), &out);
    Variant v;
    if (out.overflow || !variant_open((View){ str_text(&out), out.len }, &v))
        malformed(k);
    else
        k_set_str(k, str_text(&out), out.len);
}

const Kernel kernels_variant[] = {
    { "spark_parse_json", "Si:B", parse, 0 },
    { "spark_variant_json", "BS:S", to_json, 0 },
    { "spark_variant_schema", "B:S", schema, 0 },
    { "spark_variant_schema_all", "[B:S", schema_of_all, 0 },
    { "spark_variant_kind", "B:i", kind, 0 },
    { "spark_is_variant_null", "B:b", is_null, KERNEL_NULLS },
    { "spark_variant_get", "BSS:B", get, 0 },
    { "spark_variant_values", "B:[B", values, 0 },
    { "spark_variant_keys", "B:[S", keys, 0 },
    { "spark_variant_field", "BS:B", field, 0 },
    { "spark_variant_boolean", "B:b", as_boolean, 0 },
    { "spark_variant_long", "B:l", as_long, 0 },
    { "spark_variant_double", "B:d", as_double, 0 },
    { "spark_variant_text", "B:S", as_text, 0 },
    { "spark_variant_binary", "B:B", as_binary, 0 },
    { "spark_variant_refuse", "BSS:S", refuse, 0 },
    { "spark_variant_of_boolean", "b:B", of_boolean, 0 },
    { "spark_variant_of_long", "l:B", of_long, 0 },
    { "spark_variant_of_double", "d:B", of_double, 0 },
    { "spark_variant_of_float", "f:B", of_float, 0 },
    { "spark_variant_of_decimal", "S:B", of_decimal, 0 },
    { "spark_variant_of_string", "S:B", of_string, 0 },
    { "spark_variant_of_binary", "B:B", of_binary, 0 },
    { "spark_variant_of_date", "D:B", of_date, 0 },
    { "spark_variant_of_timestamp", "T:B", of_timestamp, 0 },
    { "spark_variant_of_timestamp_ntz", "T:B", of_timestamp_ntz, 0 },
    { "spark_variant_of_array", "[B:B", of_array, 0 },
    { "spark_variant_of_object", "[S[B:B", of_object, 0 },
    { "spark_variant_value", "B:B", part_value, 0 },
    { "spark_variant_metadata", "B:B", part_metadata, 0 },
    { "spark_variant_of_parts", "BB:B", of_parts, 0 },
    { NULL, NULL, NULL, 0 },
};
