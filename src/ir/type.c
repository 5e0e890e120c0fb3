/* ir/type.c -- data types: shared constants, constructors, decimal rules and comparison. Texts are in type_text.c. */
#include "ir/type.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIMPLE(name, k) const Type type_##name = { .kind = k }
SIMPLE(null, TYPE_NULL);
SIMPLE(boolean, TYPE_BOOLEAN);
SIMPLE(byte, TYPE_BYTE);
SIMPLE(short, TYPE_SHORT);
SIMPLE(int, TYPE_INT);
SIMPLE(long, TYPE_LONG);
SIMPLE(float, TYPE_FLOAT);
SIMPLE(double, TYPE_DOUBLE);
SIMPLE(string, TYPE_STRING);
SIMPLE(binary, TYPE_BINARY);
SIMPLE(date, TYPE_DATE);
SIMPLE(timestamp, TYPE_TIMESTAMP);
SIMPLE(timestamp_ntz, TYPE_TIMESTAMP_NTZ);
SIMPLE(calendar_interval, TYPE_CALENDAR_INTERVAL);
SIMPLE(variant, TYPE_VARIANT);
#undef SIMPLE
const Type type_time = { .kind = TYPE_TIME, .precision = 6 };

static Type *type_new(Arena *a, TypeKind kind)
{
    Type *t = ARENA_NEW(a, Type);
    t->kind = kind;
    return t;
}

const Type *type_decimal(Arena *a, int precision, int scale)
{
    Type *t = type_new(a, TYPE_DECIMAL);
    t->precision = precision;
    t->scale = scale;
    return t;
}

static int at_most(int x, int limit)
{
    return x < limit ? x : limit;
}

const Type *type_decimal_bounded(Arena *a, int precision, int scale)
{
    return type_decimal(a, at_most(precision, DECIMAL_MAX_PRECISION), at_most(scale, DECIMAL_MAX_PRECISION));
}

const Type *type_decimal_adjusted(Arena *a, int precision, int scale)
{
    enum { MINIMUM_ADJUSTED_SCALE = 6 };
    if (precision <= DECIMAL_MAX_PRECISION)
        return type_decimal(a, precision, scale);
    if (scale < 0)
        return type_decimal(a, DECIMAL_MAX_PRECISION, scale);
    int left = DECIMAL_MAX_PRECISION - (precision - scale), least = at_most(scale, MINIMUM_ADJUSTED_SCALE);
    return type_decimal(a, DECIMAL_MAX_PRECISION, left > least ? left : least);
}

const Type *type_decimal_for(Arena *a, const Type *t)
{
    switch (t->kind) {
    case TYPE_BYTE:
        return type_decimal(a, 3, 0);
    case TYPE_SHORT:
        return type_decimal(a, 5, 0);
    case TYPE_INT:
        return type_decimal(a, 10, 0);
    case TYPE_LONG:
        return type_decimal(a, 20, 0);
    case TYPE_FLOAT:
        return type_decimal(a, 14, 7);
    case TYPE_DOUBLE:
        return type_decimal(a, 30, 15);
    case TYPE_DECIMAL:
        return t;
    default:
        return type_decimal(a, 10, 0);
    }
}

const Type *type_array(Arena *a, const Type *element, bool contains_null)
{
    Type *t = type_new(a, TYPE_ARRAY);
    t->element = element;
    t->contains_null = contains_null;
    return t;
}

const Type *type_map(Arena *a, const Type *key, const Type *value, bool value_contains_null)
{
    Type *t = type_new(a, TYPE_MAP);
    t->key = key;
    t->element = value;
    t->contains_null = value_contains_null;
    return t;
}

const Type *type_struct(Arena *a, const Field *fields, size_t nfields)
{
    Type *t = type_new(a, TYPE_STRUCT);
    t->fields = nfields ? arena_copy(a, fields, nfields * sizeof *fields) : NULL;
    t->nfields = nfields;
    return t;
}

const Type *type_spatial(Arena *a, TypeKind kind, int srid)
{
    enum { WEB_MERCATOR = 3857 };
    bool known = srid == SRID_ANY || srid == SRID_EARTH || (kind == TYPE_GEOMETRY && (srid == SRID_PLANE || srid == WEB_MERCATOR));
    if (!known)
        return NULL;
    Type *t = type_new(a, kind);
    t->precision = srid;
    return t;
}

bool type_is_spatial(const Type *t)
{
    return t->kind == TYPE_GEOMETRY || t->kind == TYPE_GEOGRAPHY;
}

static const Type *interval(Arena *a, TypeKind kind, int start, int end)
{
    Type *t = type_new(a, kind);
    t->start = start;
    t->end = end;
    return t;
}

const Type *type_year_month(Arena *a, int start, int end)
{
    return interval(a, TYPE_YEAR_MONTH_INTERVAL, start, end);
}

const Type *type_day_time(Arena *a, int start, int end)
{
    return interval(a, TYPE_DAY_TIME_INTERVAL, start, end);
}

static const Type *sized(Arena *a, TypeKind kind, int length)
{
    Type *t = type_new(a, kind);
    t->precision = length;
    return t;
}

const Type *type_char(Arena *a, int length)
{
    return sized(a, TYPE_CHAR, length);
}

const Type *type_varchar(Arena *a, int length)
{
    return sized(a, TYPE_VARCHAR, length);
}

static bool compare(const Type *x, const Type *y, bool nullability);

static bool compare_fields(const Type *x, const Type *y, bool nullability)
{
    if (x->nfields != y->nfields)
        return false;
    for (size_t i = 0; i < x->nfields; i++) {
        const Field *f = &x->fields[i], *g = &y->fields[i];
        if (nullability ? !str_eq(f->name, g->name) || f->nullable != g->nullable : !str_ieq(f->name, g->name))
            return false;
        if (!compare(f->type, g->type, nullability))
            return false;
    }
    return true;
}

static bool compare(const Type *x, const Type *y, bool nullability)
{
    if (x == y)
        return true;
    if (!x || !y || x->kind != y->kind)
        return false;
    switch (x->kind) {
    case TYPE_DECIMAL:
        return x->precision == y->precision && x->scale == y->scale;
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        return x->precision == y->precision && str_eq(x->collation, y->collation);
    case TYPE_TIME:
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
        return x->precision == y->precision;
    case TYPE_STRING:
        return str_eq(x->collation, y->collation);
    case TYPE_YEAR_MONTH_INTERVAL:
    case TYPE_DAY_TIME_INTERVAL:
        return x->start == y->start && x->end == y->end;
    case TYPE_ARRAY:
        return (!nullability || x->contains_null == y->contains_null) && compare(x->element, y->element, nullability);
    case TYPE_MAP:
        return (!nullability || x->contains_null == y->contains_null) && compare(x->key, y->key, nullability) &&
               compare(x->element, y->element, nullability);
    case TYPE_STRUCT:
        return compare_fields(x, y, nullability);
    case TYPE_UDT:
        return str_eq(x->udt, y->udt);
    default:
        return true;
    }
}

bool type_equal(const Type *x, const Type *y)
{
    return compare(x, y, true);
}

bool type_same(const Type *x, const Type *y)
{
    return compare(x, y, false);
}

bool type_is_integral(const Type *t)
{
    return t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG;
}

bool type_is_numeric(const Type *t)
{
    return t->kind >= TYPE_BYTE && t->kind <= TYPE_DECIMAL;
}

bool type_is_ansi_interval(const Type *t)
{
    return t->kind == TYPE_YEAR_MONTH_INTERVAL || t->kind == TYPE_DAY_TIME_INTERVAL;
}

bool type_is_atomic(const Type *t)
{
    return t->kind >= TYPE_BOOLEAN && t->kind <= TYPE_DAY_TIME_INTERVAL && t->kind != TYPE_CALENDAR_INTERVAL;
}

bool type_is_datetime(const Type *t)
{
    return t->kind >= TYPE_DATE && t->kind <= TYPE_TIMESTAMP_NTZ;
}

const Type *type_as_nullable(Arena *a, const Type *t)
{
    if (t->kind == TYPE_ARRAY)
        return type_array(a, type_as_nullable(a, t->element), true);
    if (t->kind == TYPE_MAP)
        return type_map(a, type_as_nullable(a, t->key), type_as_nullable(a, t->element), true);
    if (t->kind != TYPE_STRUCT)
        return t;
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++) {
        fields[i] = t->fields[i];
        fields[i].nullable = true;
        fields[i].type = type_as_nullable(a, t->fields[i].type);
    }
    return type_struct(a, fields, t->nfields);
}

static int by_letters(const void *x, const void *y)
{
    return strcasecmp(*(const char *const *)x, *(const char *const *)y);
}

bool type_has_twin_fields(Arena *a, const Type *t)
{
    if (t->kind == TYPE_MAP && type_has_twin_fields(a, t->key))
        return true;
    if (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP)
        return type_has_twin_fields(a, t->element);
    if (t->kind != TYPE_STRUCT || !t->nfields)
        return false;
    const char **names = ARENA_ARRAY(a, const char *, t->nfields);
    for (size_t i = 0; i < t->nfields; i++) {
        if (type_has_twin_fields(a, t->fields[i].type))
            return true;
        names[i] = t->fields[i].name;
    }
    qsort(names, t->nfields, sizeof *names, by_letters);
    for (size_t i = 1; i < t->nfields; i++)
        if (str_ieq(names[i - 1], names[i]))
            return true;
    return false;
}

bool type_has_variant(const Type *t)
{
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (type_has_variant(t->fields[i].type))
            return true;
    if (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP)
        return type_has_variant(t->element);
    return t->kind == TYPE_VARIANT;
}

bool type_is_orderable(const Type *t)
{
    switch (t->kind) {
    case TYPE_NULL:
        return true;
    case TYPE_ARRAY:
        return type_is_orderable(t->element);
    case TYPE_STRUCT:
        for (size_t i = 0; i < t->nfields; i++)
            if (!type_is_orderable(t->fields[i].type))
                return false;
        return true;
    case TYPE_UDT:
        return t->sql_type && type_is_orderable(t->sql_type);
    default:
        return type_is_atomic(t);
    }
}

const Type *type_copy(Arena *a, const Type *from)
{
    if (!from)
        return NULL;
    Type *to = arena_copy(a, from, sizeof *from);
    to->collation = arena_str(a, from->collation);
    to->udt = arena_str(a, from->udt);
    to->udt_class = arena_str(a, from->udt_class);
    to->udt_python_class = arena_str(a, from->udt_python_class);
    to->udt_serialized = arena_str(a, from->udt_serialized);
    to->element = type_copy(a, from->element);
    to->key = type_copy(a, from->key);
    to->sql_type = type_copy(a, from->sql_type);
    Field *fields = from->nfields ? ARENA_ARRAY(a, Field, from->nfields) : NULL;
    for (size_t i = 0; i < from->nfields; i++)
        fields[i] = (Field){ arena_str(a, from->fields[i].name), type_copy(a, from->fields[i].type), from->fields[i].nullable,
                             arena_str(a, from->fields[i].metadata) };
    to->fields = fields;
    return to;
}
