/* back/duckdb/emit_aggregate.c -- aggregates whose text depends on more than a template can say. */
#include "back/duckdb/emit_call.h"

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* An argument that is never NULL is not computed, but where another is counted constants are folded, whatever comes of it. */
static bool counted(const Call *c, size_t i)
{
    const Node *n = c->args.at[i];
    return c->distinct || n->nullable || node_is(ColumnRef, n);
}

Status emit_count(Emit *e, const Call *c, const char *const *args, Str *out)
{
    size_t some = 0, nullable = 0;
    for (size_t i = 0; i < c->args.len; i++) {
        some += counted(c, i);
        nullable += c->args.at[i]->nullable;
    }
    if (!some) {
        str_add(out, "count(*)");
        return emit_aggregate_tail(e, c, NULL, out);
    }
    if (c->args.len == 1) {
        str_addf(out, "count(%s%s)", c->distinct ? "DISTINCT " : "", args[0]);
        return emit_aggregate_tail(e, c, NULL, out);
    }
    /* Rows in which no argument is null. */
    str_auto all = EMIT_STR; /* an argument behind a NULL is not computed */
    str_add(&all, "CASE");
    for (size_t i = 0; i < c->args.len; i++)
        if (counted(c, i) || (nullable && emit_is_constant(c->args.at[i]) && !node_is(Literal, c->args.at[i])))
            str_addf(&all, " WHEN %s IS NULL THEN false", args[i]);
    str_add(&all, " ELSE true END");
    if (!c->distinct) {
        str_add(out, "count(*)");
        return emit_aggregate_tail(e, c, str_text(&all), out);
    }
    str_add(out, "count(DISTINCT row(");
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(out, "%s%s", i ? ", " : "", args[i]);
    str_add(out, "))");
    return emit_aggregate_tail(e, c, str_text(&all), out);
}

static bool is_true(const Node *n)
{
    return node_is(Literal, n) && node_as(Literal, n)->value->i;
}

static bool is_null(const Node *n)
{
    if (node_is(Cast, n))
        return is_null(node_as(Cast, n)->child);
    return node_is(Literal, n) && node_as(Literal, n)->value->is_null;
}

Status emit_first(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool last = str_starts(c->function->name, "last");
    bool ignore = c->ignore_nulls || (c->args.len > 1 && is_true(c->args.at[1]));
    if (e->over) {
        str_addf(out, "%s(%s%s)", last ? "last_value" : "first_value", args[0], ignore ? " IGNORE NULLS" : "");
        return emit_aggregate_tail(e, c, NULL, out);
    }
    str_addf(out, "%s(%s)", last ? "last" : "first", args[0]);
    return emit_aggregate_tail(e, c, ignore ? arena_printf(e->a, "%s IS NOT NULL", args[0]) : NULL, out);
}

Status emit_listagg(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool binary = c->node.type->kind == TYPE_BINARY, none = c->args.len < 2 || arg_type(c, 1)->kind == TYPE_NULL || is_null(c->args.at[1]);
    const char *separator = none ? "''" : binary ? arena_printf(e->a, "hex(%s)", args[1]) : args[1];
    str_addf(out, binary ? "unhex(string_agg(%shex(%s), %s" : "string_agg(%s%s, %s", c->distinct ? "DISTINCT " : "", args[0], separator);
    if (c->order.len) {
        str_add(out, " ORDER BY ");
        TRY(emit_orders(e, &c->order, true, out));
    }
    str_add(out, ")");
    TRY(emit_aggregate_tail(e, c, NULL, out));
    str_add(out, binary ? ")" : "");
    return ST_OK;
}

/* $x as the number that percentiles are made of, and `number` back as a value of the type. */
static const char *as_number(Emit *e, const char *x, const Type *t)
{
    switch (t->kind) {
    case TYPE_DATE: return arena_printf(e->a, "CAST(%s - DATE '1970-01-01' AS DOUBLE)", x);
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return arena_printf(e->a, "CAST(spark_us(%s) AS DOUBLE)", x);
    default: return arena_printf(e->a, "CAST(%s AS DOUBLE)", x);
    }
}

static const char *from_number(Emit *e, const char *number, const Type *t)
{
    switch (t->kind) {
    case TYPE_DOUBLE: return number;
    case TYPE_DATE: return arena_printf(e->a, "(DATE '1970-01-01' + CAST(trunc(%s) AS INTEGER))", number);
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return arena_printf(e->a, "make_timestamp(CAST(trunc(%s) AS BIGINT))", number);
    case TYPE_FLOAT: case TYPE_DECIMAL: return arena_printf(e->a, "CAST(%s AS %s)", number, emit_word(e, t));
    case TYPE_LONG: case TYPE_DAY_TIME_INTERVAL: return arena_printf(e->a, "spark_float_bigint(trunc(%s), 2)", number);
    default: return arena_printf(e->a, "CAST(trunc(%s) AS %s)", number, emit_word(e, t));
    }
}

static bool descending(const Call *c)
{
    return c->order.len && node_as(SortOrder, c->order.at[0])->direction == SORT_DESC;
}

/* percentile and its kin: all by one aggregate that takes a list of fractions. */
Status emit_percentile(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *name = c->function->name, *list = emit_fresh(e, "x");
    const Type *t = arg_type(c, 0), *to = c->node.type;
    bool disc = strstr(name, "disc") != NULL, median = str_eq(name, "median");
    bool many = !median && arg_type(c, 1)->kind == TYPE_ARRAY;
    const char *weight = str_eq(name, "percentile") && c->args.len > 2 ? arena_printf(e->a, "CAST(%s AS BIGINT)", args[2]) : "1::BIGINT";
    str_auto call = EMIT_STR;
    str_addf(&call, many ? "spark_percentile(%s%s, %s, CAST(%s AS DOUBLE[]), %d)" : "spark_percentile(%s%s, %s, [CAST(%s AS DOUBLE)], %d)",
             c->distinct ? "DISTINCT " : "", as_number(e, args[0], t), weight, median ? "0.5" : args[1], (disc ? 1 : 0) | (descending(c) ? 2 : 0));
    TRY(emit_aggregate_tail(e, c, NULL, &call));
    if (many)
        str_addf(out, "list_transform(%s, lambda %s: %s)", str_text(&call), list, from_number(e, list, to->element));
    else
        str_add(out, from_number(e, arena_printf(e->a, "(%s)[1]", str_text(&call)), to));
    return ST_OK;
}

/* A quantile as Spark gives it back: whole numbers lose nothing but what a double loses. */
static Status from_quantile(Emit *e, const char *number, const Type *t, Str *out)
{
    const Type *whole = t->kind == TYPE_YEAR_MONTH_INTERVAL ? &type_int : t->kind == TYPE_DAY_TIME_INTERVAL ? &type_long : t;
    if (type_is_datetime(t)) {
        str_add(out, from_number(e, number, t));
        return ST_OK;
    }
    return emit_cast(e, number, &type_double, whole, CAST_LEGACY, out);
}

/* percentile_approx(x, fractions, accuracy): an accuracy that is a DOUBLE is the relative error itself (approxQuantile). */
Status emit_percentile_approx(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *x = emit_fresh(e, "x"), *p = emit_fresh(e, "x");
    const Type *t = arg_type(c, 0), *accuracy = c->args.len > 2 ? arg_type(c, 2) : NULL;
    bool many = arg_type(c, 1)->kind == TYPE_ARRAY, error = accuracy && accuracy->kind == TYPE_DOUBLE;
    str_auto call = EMIT_STR;
    str_addf(&call, "spark_quantiles(%s%s, ", c->distinct ? "DISTINCT " : "", as_number(e, args[0], t));
    if (many && arg_type(c, 1)->element->kind == TYPE_NULL)
        str_add(&call, "CAST([] AS DOUBLE[])");
    else if (many)
        str_addf(&call, "list_transform(%s, lambda %s: coalesce(%s, 0.0::DOUBLE))", args[1], p, p);
    else
        str_addf(&call, "[CAST(%s AS DOUBLE)]", args[1]);
    str_addf(&call, error ? ", %s)" : ", 1.0::DOUBLE / CAST(%s AS DOUBLE))", accuracy ? args[2] : "10000");
    TRY(emit_aggregate_tail(e, c, NULL, &call));
    if (!many)
        return from_quantile(e, arena_printf(e->a, "(%s)[1]", str_arena(&call, e->a)), t, out);
    str_addf(out, "list_transform(%s, lambda %s: ", str_text(&call), x);
    TRY(from_quantile(e, x, t, out));
    str_addc(out, ')');
    return ST_OK;
}

/* HyperLogLog++ over Spark's xxHash64; the binder left the precision as the second argument. */
Status emit_approx_count_distinct(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_add(out, "coalesce(spark_approx_count_distinct(");
    TRY(emit_hash_chain(e, "spark_xxhash64", args[0], arg_type(c, 0), "42::BIGINT", out));
    str_addf(out, ", %s)", args[1]);
    TRY(emit_aggregate_tail(e, c, arena_printf(e->a, "%s IS NOT NULL", args[0]), out));
    str_add(out, ", 0)");
    return ST_OK;
}

Status emit_histogram(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *i = emit_fresh(e, "x");
    const Type *x = c->node.type->element->fields[0].type;
    str_auto call = EMIT_STR;
    str_addf(&call, "spark_histogram(%s%s, CAST(%s AS INTEGER))", c->distinct ? "DISTINCT " : "", as_number(e, args[0], arg_type(c, 0)), args[1]);
    TRY(emit_aggregate_tail(e, c, NULL, &call));
    const char *list = str_arena(&call, e->a);
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE list_transform(range(1, len(%s), 2), lambda %s: struct_pack(x := %s, y := (%s)[%s + 1])) END", list,
             list, i, from_number(e, arena_printf(e->a, "(%s)[%s]", list, i), x), list, i);
    return ST_OK;
}

/* The hash by which Spark's hash map places a value of this type; NULL: the values' own order has to do. */
static const char *java_hash(Emit *e, const char *x, const Type *t)
{
    switch (t->kind) {
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: case TYPE_TIME:
        return arena_printf(e->a, type_is_integral(t) && t->kind != TYPE_LONG ? "CAST(%s AS INTEGER)" : t->kind == TYPE_YEAR_MONTH_INTERVAL
                                  ? "CAST(%s AS INTEGER)" : "spark_java_hash(CAST(%s AS BIGINT))", x);
    case TYPE_DATE: return arena_printf(e->a, "CAST(%s - DATE '1970-01-01' AS INTEGER)", x);
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return arena_printf(e->a, "spark_java_hash(spark_us(%s))", x);
    case TYPE_FLOAT: case TYPE_DOUBLE: return arena_printf(e->a, "spark_java_hash(CAST(%s AS DOUBLE))", x);
    case TYPE_STRING: return arena_printf(e->a, "spark_hash(%s, 42)", x);
    case TYPE_BOOLEAN: return arena_printf(e->a, "CASE WHEN %s THEN 1231 ELSE 1237 END", x);
    default: return "0";
    }
}

/* mode(x): of several, the first in Spark's hash map; the least or greatest when that is asked for. */
Status emit_mode(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool least = (c->args.len > 1 && is_true(c->args.at[1])) || (c->order.len && !descending(c)), greatest = c->order.len && descending(c);
    const char *x = emit_fresh(e, "x");
    str_auto call = EMIT_STR;
    str_addf(&call, "histogram(%s%s)", c->distinct ? "DISTINCT " : "", args[0]);
    TRY(emit_aggregate_tail(e, c, NULL, &call));
    const char *map = str_arena(&call, e->a), *keys = arena_printf(e->a, "map_keys(%s)", map), *counts = arena_printf(e->a, "map_values(%s)", map);
    if (least)
        str_addf(out, "(%s)[list_position(%s, list_max(%s))]", keys, counts, counts);
    else if (greatest)
        str_addf(out, "list_reverse(%s)[list_position(list_reverse(%s), list_max(%s))]", keys, counts, counts);
    else
        str_addf(out, "(%s)[spark_mode_index(list_transform(%s, lambda %s: %s), CAST(%s AS BIGINT[]))]", keys, keys, x, java_hash(e, x, arg_type(c, 0)),
                 counts);
    return ST_OK;
}

Status emit_grouping_id(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_add(out, "CAST(GROUPING(");
    if (c->args.len) {
        for (size_t i = 0; i < c->args.len; i++)
            str_addf(out, "%s%s", i ? ", " : "", args[i]);
    } else {
        for (size_t i = 0; e->groups && i < e->groups->names->len; i++)
            str_addf(out, "%s%s", i ? ", " : "", (e->groups->keys ? e->groups->keys : e->groups->names)->at[i]);
    }
    str_add(out, ") AS BIGINT)");
    return ST_OK;
}
