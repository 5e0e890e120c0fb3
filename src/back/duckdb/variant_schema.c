/* back/duckdb/variant_schema.c -- schema_of_variant: a variant's type, and the type of several. Source: SchemaOfVariant,
 * JsonInferSchema.compatibleType. */
#include "back/duckdb/variant.h"
#include "ir/type.h"

static const Type *schema_of(Arena *a, const Variant *v, int depth);

static const Type *decimal_of(Arena *a, const Variant *v)
{
    i128 unscaled = 0;
    int scale = 0;
    if (!variant_decimal(v, &unscaled, &scale))
        return NULL;
    for (; scale > 0 && unscaled % 10 == 0; scale--)
        unscaled /= 10;
    int digits = decimal_digits(unscaled);
    return type_decimal(a, digits > scale ? digits : scale, scale);
}

static const Type *merged_fields(Arena *a, const Type *x, const Type *y)
{
    VEC(Field) fields = { 0 };
    size_t i = 0, k = 0;
    while (i < x->nfields || k < y->nfields) { /* both are in the order of their names */
        int order = i == x->nfields ? 1 : k == y->nfields ? -1 : strcmp(x->fields[i].name, y->fields[k].name);
        Field f = order <= 0 ? x->fields[i] : y->fields[k];
        if (order == 0)
            f.type = variant_schema_merge(a, x->fields[i].type, y->fields[k].type);
        i += order <= 0;
        k += order >= 0;
        vec_push(a, &fields, f);
    }
    return type_struct(a, fields.at, fields.len);
}

static const Type *merged_decimals(Arena *a, const Type *x, const Type *y)
{
    int scale = x->scale > y->scale ? x->scale : y->scale, xr = x->precision - x->scale, yr = y->precision - y->scale;
    int range = xr > yr ? xr : yr;
    return range + scale > DECIMAL_MAX_PRECISION ? &type_double : type_decimal(a, range + scale, scale);
}

static bool is(const Type *t, TypeKind kind) { return t->kind == kind; }

static const Type *merged_numbers(Arena *a, const Type *x, const Type *y)
{
    const Type *other = is(x, TYPE_DECIMAL) ? y : x;
    if (is(x, TYPE_DECIMAL) && is(y, TYPE_DECIMAL))
        return merged_decimals(a, x, y);
    if (is(x, TYPE_DECIMAL) || is(y, TYPE_DECIMAL)) {
        if (is(other, TYPE_LONG))
            return merged_decimals(a, is(x, TYPE_DECIMAL) ? x : y, type_decimal(a, 20, 0));
        return is(other, TYPE_DOUBLE) ? &type_double : &type_variant;
    }
    return is(x, TYPE_DOUBLE) || is(y, TYPE_DOUBLE) ? &type_double : &type_float;
}

const Type *variant_schema_merge(Arena *a, const Type *x, const Type *y)
{
    if (type_same(x, y) || is(y, TYPE_NULL))
        return x;
    if (is(x, TYPE_NULL))
        return y;
    if (is(x, TYPE_STRUCT) && is(y, TYPE_STRUCT))
        return merged_fields(a, x, y);
    if (is(x, TYPE_ARRAY) && is(y, TYPE_ARRAY))
        return type_array(a, variant_schema_merge(a, x->element, y->element), true);
    if (type_is_numeric(x) && type_is_numeric(y))
        return merged_numbers(a, x, y);
    if (type_is_datetime(x) && type_is_datetime(y))
        return is(x, TYPE_TIMESTAMP) || is(y, TYPE_TIMESTAMP) ? &type_timestamp : &type_timestamp_ntz;
    return &type_variant;
}

static const Type *nested(Arena *a, const Variant *v, bool object, int depth)
{
    VEC(Field) fields = { 0 };
    const Type *element = &type_null;
    size_t n = 0;
    if (depth > VARIANT_DEPTH || !variant_count(v, &n))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        View key;
        Variant item;
        const Type *t = variant_at(v, i, &key, &item) ? schema_of(a, &item, depth + 1) : NULL;
        if (!t)
            return NULL;
        if (object)
            vec_push(a, &fields, ((Field){ arena_strn(a, key.data, key.len), t, true, NULL }));
        else
            element = variant_schema_merge(a, element, t);
    }
    return object ? type_struct(a, fields.at, fields.len) : type_array(a, element, true);
}

static const Type *schema_of(Arena *a, const Variant *v, int depth)
{
    switch (variant_kind(v)) {
    case VARIANT_NULL: return &type_null;
    case VARIANT_BOOLEAN: return &type_boolean;
    case VARIANT_LONG: return &type_long;
    case VARIANT_DOUBLE: return &type_double;
    case VARIANT_FLOAT: return &type_float;
    case VARIANT_DECIMAL: return decimal_of(a, v);
    case VARIANT_STRING: return &type_string;
    case VARIANT_DATE: return &type_date;
    case VARIANT_TIMESTAMP: return &type_timestamp;
    case VARIANT_TIMESTAMP_NTZ: return &type_timestamp_ntz;
    case VARIANT_BINARY: return &type_binary;
    case VARIANT_UUID: return type_udt(a, &type_binary, NULL, NULL, NULL);
    case VARIANT_ARRAY: return nested(a, v, false, depth);
    case VARIANT_OBJECT: return nested(a, v, true, depth);
    default: return NULL;
    }
}

const Type *variant_schema(Arena *a, const Variant *v)
{
    return schema_of(a, v, 0);
}

static void print_name(const char *name, Str *out)
{
    bool plain = *name && !(*name >= '0' && *name <= '9');
    for (const char *c = name; *c; c++)
        plain = plain && (*c == '_' || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
    if (plain) {
        str_add(out, name);
        return;
    }
    str_addc(out, '`');
    for (const char *c = name; *c; c++)
        str_addf(out, *c == '`' ? "``" : "%c", *c);
    str_addc(out, '`');
}

void variant_schema_text(const Type *t, Str *out)
{
    if (is(t, TYPE_UDT)) {
        str_add(out, "UUID");
    } else if (is(t, TYPE_ARRAY)) {
        str_add(out, "ARRAY<");
        variant_schema_text(t->element, out);
        str_add(out, ">");
    } else if (is(t, TYPE_STRUCT)) {
        str_add(out, "OBJECT<");
        for (size_t i = 0; i < t->nfields; i++) {
            str_add(out, i ? ", " : "");
            print_name(t->fields[i].name, out);
            str_add(out, ": ");
            variant_schema_text(t->fields[i].type, out);
        }
        str_add(out, ">");
    } else {
        type_sql(t, out);
    }
}
