/* back/duckdb/emit_variant.c -- casts from and to VARIANT, variant_get. Source: VariantGet.cast, VariantExpressionEvalUtils. */
#include "back/duckdb/emit_call.h"
#include "back/duckdb/variant.h"
#include "ir/coerce.h"

/* What a variant may hold, as a value of the engine. */
typedef struct Held {
    VariantKind kind;
    const Type *type;
    const char *value; /* %s: the variant */
} Held;

static const Held held[] = {
    { VARIANT_BOOLEAN, &type_boolean, "spark_variant_boolean(%s)" },
    { VARIANT_LONG, &type_long, "spark_variant_long(%s)" },
    { VARIANT_DOUBLE, &type_double, "spark_variant_double(%s)" },
    { VARIANT_FLOAT, &type_float, "CAST(spark_variant_double(%s) AS FLOAT)" },
    { VARIANT_STRING, &type_string, "spark_variant_text(%s)" },
    { VARIANT_BINARY, &type_binary, "spark_variant_binary(%s)" },
    { VARIANT_DATE, &type_date, "(DATE '1970-01-01' + CAST(spark_variant_long(%s) AS INTEGER))" },
    { VARIANT_TIMESTAMP, &type_timestamp, "make_timestamp(spark_variant_long(%s))" },
    { VARIANT_TIMESTAMP_NTZ, &type_timestamp_ntz, "make_timestamp(spark_variant_long(%s))" },
};

static const char *filled(Emit *e, const char *template, const char *x)
{
    const char *at = strstr(template, "%s");
    return arena_printf(e->a, "%.*s%s%s", (int)(at - template), template, x, at + 2);
}

/* A decimal goes through its plain text, which every type reads as Spark casts decimals; whole numbers drop the fraction. */
static Status from_decimal(Emit *e, const char *x, const Type *to, Str *out)
{
    const char *text = arena_printf(e->a, "spark_variant_text(%s)", x);
    if (type_is_integral(to))
        return emit_cast(e, arena_printf(e->a, "spark_variant_long(%s)", x), &type_long, to, CAST_TRY, out);
    if (to->kind == TYPE_BOOLEAN) {
        str_addf(out, "(regexp_matches(%s, '[1-9]'))", text);
        return ST_OK;
    }
    if (to->kind == TYPE_TIMESTAMP) {
        str_auto seconds = EMIT_STR;
        const Type *micros = type_decimal(e->a, 38, 6);
        TRY(emit_cast(e, text, &type_string, micros, CAST_TRY, &seconds));
        return emit_cast(e, str_text(&seconds), micros, to, CAST_TRY, out);
    }
    return emit_cast(e, text, &type_string, to, CAST_TRY, out);
}

/* A scalar: by what the variant holds, cast as try_cast does; NULL where it does not fit. */
static Status scalar(Emit *e, const char *x, const Type *to, Str *out)
{
    str_addf(out, "CASE spark_variant_kind(%s)", x);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        if (!cast_valid(true, held[i].type, to) && !(held[i].kind == VARIANT_LONG && to->kind == TYPE_TIMESTAMP))
            continue;
        str_addf(out, " WHEN %d THEN ", (int)held[i].kind);
        TRY(emit_cast(e, filled(e, held[i].value, x), held[i].type, to, CAST_TRY, out));
    }
    if (cast_valid(true, type_decimal(e->a, 38, 18), to)) {
        str_addf(out, " WHEN %d THEN ", (int)VARIANT_DECIMAL);
        TRY(from_decimal(e, x, to, out));
    }
    if (to->kind == TYPE_STRING)
        str_addf(out, " WHEN %d THEN spark_variant_text(%s) WHEN %d THEN spark_variant_json(%s, %s) WHEN %d THEN spark_variant_json(%s, %s)",
                 (int)VARIANT_UUID, x, (int)VARIANT_ARRAY, x, emit_zone(e), (int)VARIANT_OBJECT, x, emit_zone(e));
    str_add(out, " END");
    return ST_OK;
}

static Status items(Emit *e, const char *x, const Type *element, bool fail, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "list_transform(spark_variant_values(%s), lambda %s: ", x, v);
    TRY(emit_from_variant(e, v, element, fail, out));
    str_add(out, ")");
    return ST_OK;
}

static Status nested(Emit *e, const char *x, const Type *to, bool fail, Str *out)
{
    bool array = to->kind == TYPE_ARRAY;
    str_addf(out, "CASE WHEN spark_variant_kind(%s) = %d THEN ", x, (int)(array ? VARIANT_ARRAY : VARIANT_OBJECT));
    if (array) {
        TRY(items(e, x, to->element, fail, out));
    } else if (to->kind == TYPE_MAP) {
        str_addf(out, "map(spark_variant_keys(%s), ", x);
        TRY(items(e, x, to->element, fail, out));
        str_add(out, ")");
    } else {
        str_add(out, "struct_pack(");
        for (size_t i = 0; i < to->nfields; i++) {
            str_add(out, i ? ", " : "");
            emit_quoted_name(to->fields[i].name, out);
            str_add(out, " := ");
            TRY(emit_from_variant(e, arena_printf(e->a, "spark_variant_field(%s, %s)", x, emit_quoted(e, to->fields[i].name)), to->fields[i].type,
                                  fail, out));
        }
        emit_pack_end(to, out);
    }
    str_add(out, " END");
    return ST_OK;
}

/* `x` is read many times: once, as the parameter of a lambda. */
Status emit_from_variant(Emit *e, const char *x, const Type *to, bool fail, Str *out)
{
    if (to->kind == TYPE_VARIANT) {
        str_add(out, x);
        return ST_OK;
    }
    const char *v = emit_fresh(e, "x");
    bool many = to->kind == TYPE_ARRAY || to->kind == TYPE_MAP || to->kind == TYPE_STRUCT;
    str_addf(out, "list_transform([%s], lambda %s: %s", x, v, fail ? "coalesce(" : "");
    TRY(many ? nested(e, v, to, fail, out) : scalar(e, v, to, out));
    if (fail)
        str_addf(out, ", CAST(spark_variant_refuse(%s, %s, %s) AS %s))", v,
                 emit_quoted(e, arena_printf(e->a, "\"%s\"", type_sql_text(e->a, to))), emit_zone(e), emit_word(e, to));
    str_add(out, ")[1]");
    return ST_OK;
}

/* ---------------------------------------------------------------- to VARIANT */
static const char *const variant_null = "'\\x01\\x00\\x00\\x00\\x00\\x01\\x00\\x00'::BLOB";

static Status item_to_variant(Emit *e, const char *x, const Type *t, Str *out)
{
    str_add(out, "coalesce(");
    TRY(emit_to_variant(e, x, t, out));
    str_addf(out, ", %s)", variant_null);
    return ST_OK;
}

static Status list_to_variant(Emit *e, const char *list, const Type *element, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "list_transform(%s, lambda %s: ", list, v);
    TRY(item_to_variant(e, v, element, out));
    str_add(out, ")");
    return ST_OK;
}

static Status struct_to_variant(Emit *e, const char *x, const Type *from, Str *out)
{
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE spark_variant_of_object([", x);
    for (size_t i = 0; i < from->nfields; i++)
        str_addf(out, "%s%s", i ? ", " : "", emit_quoted(e, from->fields[i].name));
    str_add(out, from->nfields ? "], [" : "]::VARCHAR[], [");
    for (size_t i = 0; i < from->nfields; i++) {
        str_add(out, i ? ", " : "");
        TRY(item_to_variant(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, from->fields[i].name)), from->fields[i].type, out));
    }
    str_add(out, from->nfields ? "]) END" : "]::BLOB[]) END");
    return ST_OK;
}

Status emit_to_variant(Emit *e, const char *x, const Type *from, Str *out)
{
    switch (from->kind) {
    case TYPE_VARIANT: str_add(out, x); break;
    case TYPE_BOOLEAN: str_addf(out, "spark_variant_of_boolean(%s)", x); break;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: str_addf(out, "spark_variant_of_long(CAST(%s AS BIGINT))", x); break;
    case TYPE_FLOAT: str_addf(out, "spark_variant_of_float(%s)", x); break;
    case TYPE_DOUBLE: str_addf(out, "spark_variant_of_double(%s)", x); break;
    case TYPE_DECIMAL: str_addf(out, "spark_variant_of_decimal(CAST(%s AS VARCHAR))", x); break;
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: str_addf(out, "spark_variant_of_string(%s)", x); break;
    case TYPE_BINARY: str_addf(out, "spark_variant_of_binary(%s)", x); break;
    case TYPE_DATE: str_addf(out, "spark_variant_of_date(%s)", x); break;
    case TYPE_TIMESTAMP: str_addf(out, "spark_variant_of_timestamp(%s)", x); break;
    case TYPE_TIMESTAMP_NTZ: str_addf(out, "spark_variant_of_timestamp_ntz(%s)", x); break;
    case TYPE_STRUCT: return struct_to_variant(e, x, from, out);
    case TYPE_ARRAY:
        str_add(out, "spark_variant_of_array(");
        TRY(list_to_variant(e, x, from->element, out));
        str_add(out, ")");
        break;
    case TYPE_MAP:
        str_addf(out, "spark_variant_of_object(map_keys(%s), ", x);
        TRY(list_to_variant(e, arena_printf(e->a, "map_values(%s)", x), from->element, out));
        str_add(out, ")");
        break;
    default: return emit_unsupported(e, NULL, "a cast of this type to VARIANT");
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- functions */
Status emit_variant_get(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool try = str_starts(c->function->name, "try_");
    const char *part = arena_printf(e->a, "spark_variant_get(%s, %s, '%s')", args[0], args[1], c->function->name);
    return emit_from_variant(e, part, c->node.type, !try, out);
}

Status emit_to_variant_object(Emit *e, const Call *c, const char *const *args, Str *out)
{
    return emit_to_variant(e, args[0], c->args.at[0]->type, out);
}

/* ---------------------------------------------------------------- in Parquet files */
/* `x` with each VARIANT in it as `leaf` makes it of a text; a value without one is itself. */
static const char *mapped(Arena *a, const char *x, const Type *t, const char *(*leaf)(Arena *a, const char *x), int depth)
{
    const char *v = arena_printf(a, "v_%d", depth);
    str_auto out = EMIT_STR;
    if (!type_has_variant(t))
        return x;
    switch (t->kind) {
    case TYPE_VARIANT: return leaf(a, x);
    case TYPE_ARRAY: return arena_printf(a, "list_transform(%s, lambda %s: %s)", x, v, mapped(a, v, t->element, leaf, depth + 1));
    case TYPE_MAP:
        return arena_printf(a, "CASE WHEN %s IS NOT NULL THEN map_from_entries(list_transform(map_entries(%s), lambda %s: {'key': struct_extract(%s, 'key'), "
                               "'value': %s})) END", x, x, v, v,
                            mapped(a, arena_printf(a, "struct_extract(%s, 'value')", v), t->element, leaf, depth + 1));
    default:
        str_addf(&out, "CASE WHEN %s IS NOT NULL THEN struct_pack(", x);
        for (size_t i = 0; i < t->nfields; i++) {
            str_auto field = EMIT_STR;
            str_addf(&field, "struct_extract(%s, ", x);
            emit_quoted_text(t->fields[i].name, strlen(t->fields[i].name), &field);
            str_add(&field, ")");
            str_add(&out, i ? ", " : "");
            emit_quoted_name(t->fields[i].name, &out);
            str_addf(&out, " := %s", mapped(a, str_text(&field), t->fields[i].type, leaf, depth + 1));
        }
        str_add(&out, ") END");
        return str_arena(&out, a);
    }
}

static const char *to_group(Arena *a, const char *x)
{
    return arena_printf(a, "CASE WHEN %s IS NOT NULL THEN struct_pack(\"value\" := spark_variant_value(%s), metadata := spark_variant_metadata(%s)) END", x, x, x);
}

static const char *from_group(Arena *a, const char *x)
{
    return arena_printf(a, "spark_variant_of_parts(struct_extract(%s, 'value'), struct_extract(%s, 'metadata'))", x, x);
}

const char *emit_variant_to_groups(Arena *a, const char *x, const Type *t)
{
    return mapped(a, x, t, to_group, 0);
}

const char *emit_variant_from_groups(Arena *a, const char *x, const Type *t)
{
    return mapped(a, x, t, from_group, 0);
}

const char *emit_variant_from_engine(Arena *a, const char *x, bool null_is_variant)
{
    const char *group = arena_printf(a, "CAST(variant_to_parquet_variant(%s) AS STRUCT(metadata BLOB, \"value\" BLOB))", x);
    /* the engine's BLOB of a variant that is null */
    return arena_printf(a, "CASE WHEN %s IS NULL THEN %s ELSE %s END", x,
                        null_is_variant ? "'\\x01\\x00\\x00\\x00\\x00\\x01\\x00\\x00'::BLOB" : "NULL::BLOB", from_group(a, group));
}

const Type *emit_variant_group_type(Arena *a, const Type *t)
{
    static const Field parts[] = { { .name = "value", .type = &type_binary, .nullable = true }, { .name = "metadata", .type = &type_binary, .nullable = true } };
    if (!type_has_variant(t))
        return t;
    switch (t->kind) {
    case TYPE_VARIANT: return type_struct(a, parts, 2);
    case TYPE_ARRAY: return type_array(a, emit_variant_group_type(a, t->element), t->contains_null);
    case TYPE_MAP: return type_map(a, t->key, emit_variant_group_type(a, t->element), t->contains_null);
    default: break;
    }
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++) {
        fields[i] = t->fields[i];
        fields[i].type = emit_variant_group_type(a, t->fields[i].type);
    }
    return type_struct(a, fields, t->nfields);
}
