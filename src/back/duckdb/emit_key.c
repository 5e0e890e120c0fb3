/* back/duckdb/emit_key.c -- what stands for a value where values are ordered, compared and grouped. */
#include "back/duckdb/emit_collation.h"
#include "back/duckdb/emit_internal.h"
#include "ir/collation.h"

/* ---------------------------------------------------------------- order and comparison */

/* Can a NULL stand inside a value of the type, below its top? */
static bool nulls_inside(const Type *t)
{
    switch (t->kind) {
    case TYPE_UDT: return nulls_inside(t->sql_type);
    case TYPE_ARRAY: return t->contains_null || nulls_inside(t->element);
    case TYPE_STRUCT: return true; /* whatever its fields say: an aggregate() of structs has its start's type */
    default: return false;
    }
}

static const char *key_of(Emit *e, const char *x, const Type *t, bool alike);

/* One field of a key: whether it is there, then its own key. */
static void put_key_part(Emit *e, const char *x, const Type *t, bool nullable, bool alike, size_t i, Str *out)
{
    if (nullable || alike)
        str_addf(out, "%sn%zu := %s IS NOT NULL", i ? ", " : "", i, x);
    str_addf(out, "%sv%zu := %s", i || nullable || alike ? ", " : "", i, key_of(e, x, t, alike));
}

/* alike: of the same form for types that differ in what may be NULL. */
static const char *key_of(Emit *e, const char *x, const Type *t, bool alike)
{
    str_auto out = EMIT_STR;
    if (t->kind == TYPE_UDT)
        return key_of(e, x, t->sql_type, alike);
    if (t->kind == TYPE_STRING && t->collation)
        return emit_string_key(e, x, t);
    if (t->kind != TYPE_ARRAY && t->kind != TYPE_STRUCT)
        return x;
    if (!alike && !nulls_inside(t) && !type_is_collated(t))
        return x;
    if (t->kind == TYPE_ARRAY) {
        const char *item = emit_fresh(e, "x");
        str_addf(&out, "list_transform(%s, lambda %s: struct_pack(", x, item);
        put_key_part(e, item, t->element, t->contains_null, alike, 0, &out);
        str_add(&out, "))");
        return str_arena(&out, e->a);
    }
    str_addf(&out, "CASE WHEN %s IS NOT NULL THEN struct_pack(", x);
    for (size_t i = 0; i < t->nfields; i++)
        put_key_part(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name)), t->fields[i].type, true, alike, i, &out);
    emit_pack_end(t, &out);
    str_add(&out, " END");
    return str_arena(&out, e->a);
}

const char *emit_order_key(Emit *e, const char *x, const Type *t)
{
    return key_of(e, x, t, false);
}

const char *emit_comparison_key(Emit *e, const char *x, const Type *t)
{
    return key_of(e, x, t, true);
}

/* ---------------------------------------------------------------- groups */

bool emit_has_group_key(const Type *t)
{
    if (t->kind == TYPE_MAP || t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE)
        return true;
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (emit_has_group_key(t->fields[i].type))
            return true;
    return t->kind == TYPE_ARRAY && emit_has_group_key(t->element);
}

const char *emit_group_key(Emit *e, const char *x, const Type *t)
{
    if (!emit_has_group_key(t))
        return x;
    if (t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE)
        return arena_printf(e->a, "CASE WHEN %s = 0 THEN 0 ELSE %s END", x, x);
    const char *v = emit_fresh(e, "x");
    if (t->kind == TYPE_ARRAY)
        return arena_printf(e->a, "list_transform(%s, lambda %s: %s)", x, v, emit_group_key(e, v, t->element));
    if (t->kind == TYPE_MAP) {
        const char *key = emit_group_key(e, arena_printf(e->a, "struct_extract(%s, 'key')", v), t->key);
        const char *value = emit_group_key(e, arena_printf(e->a, "struct_extract(%s, 'value')", v), t->element);
        return arena_printf(e->a, "map_from_entries(list_sort(list_transform(map_entries(%s), lambda %s: struct_pack(key := %s, value := "
                                  "%s))))", x, v, key, value);
    }
    str_auto out = EMIT_STR;
    str_addf(&out, "CASE WHEN (%s) IS NULL THEN NULL ELSE struct_pack(", x);
    for (size_t i = 0; i < t->nfields; i++) {
        str_add(&out, i ? ", " : "");
        emit_quoted_name(t->fields[i].name, &out);
        str_addf(&out, " := %s", emit_group_key(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name)),
                                             t->fields[i].type));
    }
    str_add(&out, ") END");
    return str_arena(&out, e->a);
}
