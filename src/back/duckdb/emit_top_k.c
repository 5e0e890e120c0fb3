/* back/duckdb/emit_top_k.c -- approx_top_k and what takes it apart: sketches whose items are bytes (aggregate_top_k.c). */
#include "back/duckdb/emit_call.h"

enum { SKETCH = 1, TRACKED = 2, ITEM_TYPE = 3, DDL = 4 };

/* How the sketch writes items of the type. */
static char kind_of(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: return 'b';
    case TYPE_BYTE: return 't';
    case TYPE_SHORT: return 's';
    case TYPE_INT: case TYPE_DATE: return 'i';
    case TYPE_FLOAT: return 'f';
    case TYPE_DOUBLE: return 'd';
    case TYPE_STRING: return 'S';
    case TYPE_DECIMAL: return t->precision <= 9 ? 'm' : t->precision <= 18 ? 'n' : 'w';
    default: return 'l';
    }
}

static int code_of(const Type *t)
{
    return kind_of(t) + 256 * (t->kind == TYPE_DECIMAL ? t->scale : 0);
}

static const char *item(Emit *e, const char *x, const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: case TYPE_FLOAT: case TYPE_DOUBLE: case TYPE_STRING: return arena_printf(e->a, "spark_top_k_item(%s)", x);
    case TYPE_DECIMAL: return arena_printf(e->a, "spark_top_k_decimal(CAST(%s AS VARCHAR), %d, %d)", x, kind_of(t), t->scale);
    case TYPE_DATE: return arena_printf(e->a, "spark_top_k_item(CAST(%s - DATE '1970-01-01' AS BIGINT), %d)", x, kind_of(t));
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return arena_printf(e->a, "spark_top_k_item(spark_us(%s), %d)", x, kind_of(t));
    default: return arena_printf(e->a, "spark_top_k_item(CAST(%s AS BIGINT), %d)", x, kind_of(t));
    }
}

static const char *value(Emit *e, const char *row, const Type *t)
{
    char kind = kind_of(t);
    switch (t->kind) {
    case TYPE_FLOAT: case TYPE_DOUBLE: return arena_printf(e->a, "CAST(spark_top_k_double(%s, %d) AS %s)", row, kind, emit_word(e, t));
    case TYPE_STRING: case TYPE_DECIMAL: return arena_printf(e->a, "CAST(spark_top_k_text(%s, %d) AS %s)", row, code_of(t), emit_word(e, t));
    case TYPE_DATE: return arena_printf(e->a, "(DATE '1970-01-01' + CAST(spark_top_k_long(%s, %d) AS INTEGER))", row, kind);
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return arena_printf(e->a, "make_timestamp(spark_top_k_long(%s, %d))", row, kind);
    default: return arena_printf(e->a, "CAST(spark_top_k_long(%s, %d) AS %s)", row, kind, emit_word(e, t));
    }
}

static void list_items(Emit *e, const char *rows, const Type *t, Str *out)
{
    const char *row = emit_fresh(e, "x");
    str_addf(out, "list_transform(%s, lambda %s: struct_pack(item := %s, \"count\" := spark_top_k_count(%s)))", rows, row, value(e, row, t), row);
}

static void pack_state(Emit *e, const char *sketch, const char *tracked, const Type *state, const char *ddl, Str *out)
{
    str_addf(out, "struct_pack(sketch := %s, \"maxItemsTracked\" := CAST(%s AS INTEGER), \"itemDataType\" := CAST(NULL AS %s), \"itemDataTypeDDL\" := %s)", sketch,
             tracked, emit_word(e, state->fields[ITEM_TYPE - 1].type), ddl);
}

/* A field of a state, by its place. */
static const char *part(Emit *e, const char *state, int field)
{
    return arena_printf(e->a, "struct_extract_at(%s, %d)", state, field);
}

Status emit_approx_top_k(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->args.at[0]->type;
    str_auto rows = EMIT_STR;
    str_addf(&rows, "coalesce(spark_top_k_rows(%s%s, %s, %d, %s)", c->distinct ? "DISTINCT " : "", item(e, args[0], t), args[2], code_of(t), args[1]);
    TRY(emit_aggregate_tail(e, c, NULL, &rows));
    str_add(&rows, ", [])");
    list_items(e, str_text(&rows), t, out);
    return ST_OK;
}

Status emit_approx_top_k_accumulate(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->args.at[0]->type;
    const char *ddl = t->kind == TYPE_STRING ? "item string not null" : arena_printf(e->a, "item %s NOT NULL", type_sql_text(e->a, t));
    str_auto sketch = EMIT_STR;
    str_addf(&sketch, "coalesce(spark_top_k_agg(%s%s, %s, %d)", c->distinct ? "DISTINCT " : "", item(e, args[0], t), args[1], code_of(t));
    TRY(emit_aggregate_tail(e, c, NULL, &sketch));
    str_addf(&sketch, ", spark_top_k_empty(%s))", args[1]);
    pack_state(e, str_text(&sketch), args[1], c->node.type, emit_quoted(e, ddl), out);
    return ST_OK;
}

Status emit_approx_top_k_estimate(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->args.at[0]->type->fields[ITEM_TYPE - 1].type;
    list_items(e, arena_printf(e->a, "spark_top_k_estimate(%s, %s, %d, %s)", part(e, args[0], SKETCH), args[1], code_of(t), part(e, args[0], TRACKED)), t, out);
    return ST_OK;
}

Status emit_approx_top_k_combine(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *ddl = part(e, args[0], DDL), *x = emit_fresh(e, "x");
    str_addf(out, "list_transform([spark_top_k_combine(spark_top_k_checked(%s, %s), %s, %s, %s)", part(e, args[0], SKETCH), ddl, part(e, args[0], TRACKED), ddl, args[1]);
    TRY(emit_aggregate_tail(e, c, NULL, out));
    str_addf(out, "], lambda %s: ", x);
    pack_state(e, arena_printf(e->a, "spark_top_k_combined(%s)", x), arena_printf(e->a, "spark_top_k_tracked(%s)", x), c->node.type,
               arena_printf(e->a, "spark_top_k_type(%s)", x), out);
    str_add(out, ")[1]");
    return ST_OK;
}
