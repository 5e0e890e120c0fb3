/* ir/coerce.c -- common types of two types. */
#include "ir/coerce.h"

#include <string.h>

typedef const Type *(*Widen)(Arena *a, bool ansi, const Type *x, const Type *y);

/* DecimalType.boundedPreferIntegralDigits: past 38 digits the fraction gives way. */
static const Type *prefer_integral(Arena *a, int precision, int scale)
{
    if (precision <= DECIMAL_MAX_PRECISION)
        return type_decimal(a, precision, scale);
    int left = scale - (precision - DECIMAL_MAX_PRECISION);
    return type_decimal(a, DECIMAL_MAX_PRECISION, left > 0 ? left : 0);
}

const Type *coerce_wider_decimal(Arena *a, const Type *x, const Type *y)
{
    int scale = x->scale > y->scale ? x->scale : y->scale;
    int xr = x->precision - x->scale, yr = y->precision - y->scale;
    return prefer_integral(a, (xr > yr ? xr : yr) + scale, scale);
}

static bool decimal_holds(Arena *a, const Type *decimal, const Type *integral)
{
    const Type *needed = type_decimal_for(a, integral);
    return decimal->precision - decimal->scale >= needed->precision && decimal->scale >= 0;
}

static const Type *wider_datetime(const Type *x, const Type *y)
{
    if (x->kind == TYPE_TIME || y->kind == TYPE_TIME)
        return x->kind == y->kind ? (x->precision > y->precision ? x : y) : NULL;
    if (x->kind == TYPE_TIMESTAMP || y->kind == TYPE_TIMESTAMP)
        return &type_timestamp;
    return &type_timestamp_ntz;
}

static const Type *wider_interval(Arena *a, const Type *x, const Type *y)
{
    int start = x->start < y->start ? x->start : y->start, end = x->end > y->end ? x->end : y->end;
    return x->kind == TYPE_YEAR_MONTH_INTERVAL ? type_year_month(a, start, end) : type_day_time(a, start, end);
}

static const Type *complex_struct(Arena *a, bool ansi, const Type *x, const Type *y, Widen widen)
{
    if (x->nfields != y->nfields)
        return NULL;
    Field *fields = ARENA_ARRAY(a, Field, x->nfields + 1);
    for (size_t i = 0; i < x->nfields; i++) {
        if (!str_ieq(x->fields[i].name, y->fields[i].name))
            return NULL;
        fields[i] = x->fields[i];
        fields[i].type = widen(a, ansi, x->fields[i].type, y->fields[i].type);
        if (!fields[i].type)
            return NULL;
        fields[i].nullable = x->fields[i].nullable || y->fields[i].nullable;
    }
    return type_struct(a, fields, x->nfields);
}

bool key_forces_null(bool ansi, const Type *from, const Type *to)
{
    return from->kind != TYPE_NULL && cast_forces_null(ansi, from, to); /* map() has no keys */
}

static const Type *complex(Arena *a, bool ansi, const Type *x, const Type *y, Widen widen)
{
    if (x->kind != y->kind)
        return NULL;
    if (x->kind == TYPE_STRUCT)
        return complex_struct(a, ansi, x, y, widen);
    if (x->kind != TYPE_ARRAY && x->kind != TYPE_MAP)
        return NULL;
    const Type *element = widen(a, ansi, x->element, y->element);
    bool nulls = x->contains_null || y->contains_null;
    if (!element)
        return NULL;
    nulls = nulls || cast_forces_null(ansi, x->element, element) || cast_forces_null(ansi, y->element, element);
    if (x->kind == TYPE_ARRAY)
        return type_array(a, element, nulls);
    const Type *key = widen(a, ansi, x->key, y->key);
    return key && !key_forces_null(ansi, x->key, key) && !key_forces_null(ansi, y->key, key) ? type_map(a, key, element, nulls) : NULL;
}

static const Type *simple_tightest(Arena *a, bool ansi, const Type *x, const Type *y)
{
    if (type_equal(x, y))
        return x;
    if (x->kind == TYPE_NULL)
        return y;
    if (y->kind == TYPE_NULL)
        return x;
    if (type_is_integral(x) && y->kind == TYPE_DECIMAL)
        return decimal_holds(a, y, x) ? y : NULL;
    if (type_is_integral(y) && x->kind == TYPE_DECIMAL)
        return decimal_holds(a, x, y) ? x : NULL;
    if (type_is_numeric(x) && type_is_numeric(y) && x->kind != TYPE_DECIMAL && y->kind != TYPE_DECIMAL) {
        const Type *wider = x->kind > y->kind ? x : y;
        return wider->kind == TYPE_FLOAT && ansi ? &type_double : wider; /* an integer would lose digits as FLOAT */
    }
    if (type_is_datetime(x) && type_is_datetime(y))
        return wider_datetime(x, y);
    if (type_is_spatial(x) && x->kind == y->kind)
        return type_spatial(a, x->kind, SRID_ANY);
    if (type_is_ansi_interval(x) && x->kind == y->kind)
        return wider_interval(a, x, y);
    return NULL;
}

const Type *coerce_tightest(Arena *a, bool ansi, const Type *x, const Type *y)
{
    const Type *t = simple_tightest(a, ansi, x, y);
    return t ? t : complex(a, ansi, x, y, coerce_tightest);
}

/* findWiderTypeForDecimal. */
static const Type *with_decimal(Arena *a, const Type *x, const Type *y)
{
    if (x->kind != TYPE_DECIMAL && y->kind != TYPE_DECIMAL)
        return NULL;
    if (!type_is_numeric(x) || !type_is_numeric(y))
        return NULL;
    if (x->kind == TYPE_FLOAT || x->kind == TYPE_DOUBLE || y->kind == TYPE_FLOAT || y->kind == TYPE_DOUBLE)
        return &type_double;
    return coerce_wider_decimal(a, type_decimal_for(a, x), type_decimal_for(a, y));
}

static const Type *ansi_string(const Type *other)
{
    if (type_is_integral(other))
        return &type_long;
    if (type_is_numeric(other))
        return &type_double;
    if (type_is_ansi_interval(other) || !type_is_atomic(other))
        return NULL;
    return other;
}

static const Type *with_string(bool ansi, const Type *x, const Type *y)
{
    const Type *other = x->kind == TYPE_STRING ? y : y->kind == TYPE_STRING ? x : NULL;
    if (!other || (x->kind == TYPE_STRING && y->kind == TYPE_STRING)) /* of two collations */
        return NULL;
    if (ansi)
        return ansi_string(other);
    return type_is_atomic(other) && other->kind != TYPE_BINARY && other->kind != TYPE_BOOLEAN ? &type_string : NULL;
}

const Type *coerce_wider_no_string(Arena *a, bool ansi, const Type *x, const Type *y)
{
    const Type *t = simple_tightest(a, ansi, x, y);
    t = t ? t : with_decimal(a, x, y);
    return t ? t : complex(a, ansi, x, y, coerce_wider_no_string);
}

const Type *coerce_wider(Arena *a, bool ansi, const Type *x, const Type *y)
{
    const Type *t = simple_tightest(a, ansi, x, y);
    t = t ? t : with_decimal(a, x, y);
    t = t ? t : with_string(ansi, x, y);
    return t ? t : complex(a, ansi, x, y, coerce_wider);
}

/* findCommonTypeForBinaryComparison and canPromoteAsInBinaryComparison. */
static const Type *legacy_string_comparison(const Type *other)
{
    if (other->kind == TYPE_NULL)
        return &type_string;
    if (other->kind == TYPE_DECIMAL)
        return &type_double;
    return type_is_atomic(other) && !type_is_ansi_interval(other) ? other : NULL; /* which interval would it be? */
}

const Type *coerce_comparison(Arena *a, bool ansi, const Type *x, const Type *y)
{
    if (!ansi && (x->kind == TYPE_STRING) != (y->kind == TYPE_STRING))
        return legacy_string_comparison(x->kind == TYPE_STRING ? y : x);
    if (!type_is_atomic(x) && !type_is_atomic(y)) /* what is inside is not promoted */
        return coerce_tightest(a, ansi, x, y);
    return coerce_wider(a, ansi, x, y);
}
