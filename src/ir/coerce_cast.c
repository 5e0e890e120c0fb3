/* ir/coerce_cast.c -- which casts exist, which may give null, and making implicit ones. Spark's Cast object. */
#include "ir/coerce.h"
#include "ir/enums.h"
#include "ir/value.h"

static bool nested(bool ansi, const Type *from, const Type *to, bool (*valid)(bool ansi, const Type *from, const Type *to))
{
    if (from->kind != to->kind)
        return false;
    if (from->kind == TYPE_ARRAY)
        return valid(ansi, from->element, to->element);
    if (from->kind == TYPE_MAP)
        return valid(ansi, from->key, to->key) && valid(ansi, from->element, to->element);
    if (from->kind != TYPE_STRUCT || from->nfields != to->nfields)
        return false;
    for (size_t i = 0; i < from->nfields; i++)
        if (!valid(ansi, from->fields[i].type, to->fields[i].type))
            return false;
    return true;
}

static bool from_interval(bool ansi, const Type *from, const Type *to)
{
    (void)ansi;
    return from->kind == to->kind || type_is_integral(to) || to->kind == TYPE_DECIMAL;
}

static bool from_numeric(bool ansi, const Type *from, const Type *to)
{
    if (type_is_numeric(to) || to->kind == TYPE_BOOLEAN || to->kind == TYPE_TIMESTAMP)
        return true;
    if (type_is_ansi_interval(to))
        return type_is_integral(from) || from->kind == TYPE_DECIMAL;
    return to->kind == TYPE_BINARY && type_is_integral(from) && !ansi;
}

static bool from_datetime(bool ansi, const Type *from, const Type *to)
{
    if (from->kind == TYPE_TIME)
        return to->kind == TYPE_TIME || type_is_integral(to) || to->kind == TYPE_DECIMAL;
    if (to->kind == TYPE_TIME)
        return false;
    if (type_is_datetime(to))
        return true;
    if (from->kind == TYPE_TIMESTAMP)
        return type_is_numeric(to) || (to->kind == TYPE_BOOLEAN && !ansi);
    return from->kind == TYPE_DATE && !ansi && (type_is_numeric(to) || to->kind == TYPE_BOOLEAN);
}

/* To any SRID of the same kind, and from places on earth to places in its plane. */
static bool from_spatial(const Type *from, const Type *to)
{
    if (from->kind == to->kind)
        return to->precision == SRID_ANY;
    return from->kind == TYPE_GEOGRAPHY && to->kind == TYPE_GEOMETRY && from->precision == to->precision;
}

bool cast_holds_variant(const Type *t, bool nested)
{
    if (t->kind == TYPE_ARRAY)
        return cast_holds_variant(t->element, nested);
    if (t->kind == TYPE_MAP)
        return nested && t->key->kind == TYPE_STRING && cast_holds_variant(t->element, nested);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (!cast_holds_variant(t->fields[i].type, nested))
            return false;
    return (t->kind == TYPE_STRUCT && nested) || type_is_numeric(t) || type_is_datetime(t) || t->kind == TYPE_BOOLEAN ||
           t->kind == TYPE_STRING || t->kind == TYPE_BINARY || t->kind == TYPE_VARIANT;
}

bool cast_valid(bool ansi, const Type *from, const Type *to)
{
    if (type_same(from, to) || from->kind == TYPE_NULL)
        return true;
    if (type_is_spatial(from) || type_is_spatial(to))
        return from_spatial(from, to);
    if (to->kind == TYPE_STRING || to->kind == TYPE_CHAR || to->kind == TYPE_VARCHAR)
        return true;
    if (to->kind == TYPE_UDT || from->kind == TYPE_UDT)
        return type_same(from->kind == TYPE_UDT ? from->sql_type : from, to->kind == TYPE_UDT ? to->sql_type : to);
    if (from->kind == TYPE_VARIANT)
        return cast_holds_variant(to, true);
    if (to->kind == TYPE_VARIANT)
        return cast_holds_variant(from, false);
    if (from->kind == TYPE_STRING)
        return to->kind == TYPE_BINARY || to->kind == TYPE_CALENDAR_INTERVAL || type_is_atomic(to);
    if (from->kind == TYPE_BOOLEAN)
        return type_is_numeric(to) || (to->kind == TYPE_TIMESTAMP && !ansi);
    if (type_is_numeric(from))
        return from_numeric(ansi, from, to);
    if (type_is_datetime(from))
        return from_datetime(ansi, from, to);
    if (type_is_ansi_interval(from))
        return from_interval(ansi, from, to);
    return nested(ansi, from, to, cast_valid);
}

static bool store(bool ansi, const Type *from, const Type *to)
{
    (void)ansi;
    return cast_ansi_store(from, to);
}

bool cast_ansi_store(const Type *from, const Type *to)
{
    if (type_same(from, to) || from->kind == TYPE_NULL)
        return true;
    if (type_is_spatial(from) || type_is_spatial(to))
        return from_spatial(from, to);
    if (type_is_numeric(from) && type_is_numeric(to))
        return true;
    if (to->kind == TYPE_STRING)
        return type_is_atomic(from) || from->kind == TYPE_CALENDAR_INTERVAL;
    if (type_is_datetime(from) && type_is_datetime(to))
        return (from->kind == TYPE_TIME) == (to->kind == TYPE_TIME);
    if (type_is_ansi_interval(from))
        return from->kind == to->kind;
    if (to->kind == TYPE_VARIANT)
        return true;
    return nested(true, from, to, store);
}

static bool decimal_safe(const Type *from, const Type *to)
{
    switch (from->kind) {
    case TYPE_BOOLEAN:
        return to->precision - to->scale >= 1;
    case TYPE_BYTE:
    case TYPE_SHORT:
    case TYPE_INT:
    case TYPE_LONG: {
        static const int digits[] = { [TYPE_BYTE] = 3, [TYPE_SHORT] = 5, [TYPE_INT] = 10, [TYPE_LONG] = 20 };
        return to->precision - to->scale >= digits[from->kind];
    }
    case TYPE_DECIMAL:
        return to->scale >= from->scale && to->precision - to->scale >= from->precision - from->scale;
    default:
        return false;
    }
}

bool cast_forces_null(bool ansi, const Type *from, const Type *to)
{
    (void)ansi; /* the same in both modes: a failing ANSI cast counts as nullable, too */
    if (type_same(from, to))
        return false;
    if (from->kind == TYPE_NULL)
        return true;
    if (type_is_spatial(from))
        return false;
    if (from->kind == TYPE_STRING)
        return to->kind != TYPE_BINARY && to->kind != TYPE_STRING;
    if (to->kind == TYPE_STRING)
        return false;
    if ((from->kind == TYPE_FLOAT || from->kind == TYPE_DOUBLE) && to->kind == TYPE_TIMESTAMP)
        return true;
    if (to->kind == TYPE_TIMESTAMP || from->kind == TYPE_VARIANT)
        return from->kind == TYPE_VARIANT;
    if (from->kind == TYPE_TIMESTAMP || from->kind == TYPE_TIME)
        return to->kind == TYPE_BYTE || to->kind == TYPE_SHORT || to->kind == TYPE_INT || to->kind == TYPE_DECIMAL;
    if (to->kind == TYPE_DATE || to->kind == TYPE_TIMESTAMP_NTZ)
        return true;
    if (to->kind == TYPE_CALENDAR_INTERVAL)
        return true;
    if (from->kind == TYPE_DATE)
        return true;
    if (to->kind == TYPE_DECIMAL)
        return !decimal_safe(from, to);
    return (from->kind == TYPE_FLOAT || from->kind == TYPE_DOUBLE || from->kind == TYPE_DECIMAL) && type_is_integral(to);
}

Node *coerce_to(Arena *a, bool ansi, Node *e, const Type *to)
{
    if (type_same(e->type, to))
        return e;
    if (node_is(Literal, e) && (e->type->kind == TYPE_NULL)) {
        Node *null = node_new(a, Literal, .value = node_as(Literal, e)->value, .of = to);
        null->type = to;
        null->nullable = true;
        return node_at(null, e->start, e->stop);
    }
    Node *cast = node_new(a, Cast, .child = e, .to = to, .mode = ansi ? CAST_ANSI : CAST_LEGACY, .implicit = true);
    cast->type = to;
    cast->nullable = e->nullable || cast_forces_null(ansi, e->type, to);
    return node_at(cast, e->start, e->stop);
}
