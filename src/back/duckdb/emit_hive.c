/* back/duckdb/emit_hive.c -- values as spark-sql prints them. Source: HiveResult.toHiveString. */
#include "back/duckdb/emit_internal.h"
#include "ir/enums.h"

static Status text_of(Emit *e, const char *x, const Type *t, bool nested, Str *out);

/* An item of a nested value. */
static Status item_of(Emit *e, const char *x, const Type *t, Str *out)
{
    str_add(out, "coalesce(");
    TRY(text_of(e, x, t, true, out));
    str_add(out, ", 'null')");
    return ST_OK;
}

static Status of_struct(Emit *e, const char *x, const Type *t, Str *out)
{
    str_addf(out, "CASE WHEN %s IS NOT NULL THEN '{'", x);
    for (size_t i = 0; i < t->nfields; i++) {
        const char *name = t->fields[i].name;
        str_addf(out, " || %s || ", emit_quoted(e, arena_printf(e->a, "%s\"%s\":", i ? "," : "", name)));
        TRY(item_of(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, name)), t->fields[i].type, out));
    }
    str_add(out, " || '}' END");
    return ST_OK;
}

/* Its entries in the order of their texts. */
static Status of_map(Emit *e, const char *x, const Type *t, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "('{' || array_to_string(list_sort(list_transform(map_entries(%s), lambda %s: ", x, v);
    TRY(item_of(e, arena_printf(e->a, "struct_extract(%s, 'key')", v), t->key, out));
    str_add(out, " || ':' || ");
    TRY(item_of(e, arena_printf(e->a, "struct_extract(%s, 'value')", v), t->element, out));
    str_add(out, ")), ',') || '}')");
    return ST_OK;
}

static Status text_of(Emit *e, const char *x, const Type *t, bool nested, Str *out)
{
    const char *v = emit_fresh(e, "x");
    switch (t->kind) {
    case TYPE_UDT: return text_of(e, x, t->sql_type, nested, out);
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: str_addf(out, nested ? "('\"' || %s || '\"')" : "%s", x); return ST_OK;
    case TYPE_BINARY: str_addf(out, "spark_binary_text(%s)", x); return ST_OK;
    case TYPE_YEAR_MONTH_INTERVAL:
        str_addf(out, "list_transform([CAST(%s AS BIGINT)], lambda %s: printf('%%s%%d-%%d', CASE WHEN %s < 0 THEN '-' ELSE '' END, abs(%s) // 12, abs(%s) %% 12))[1]", x, v, v, v, v);
        return ST_OK;
    case TYPE_DAY_TIME_INTERVAL: /* abs() of the least one is not there */
        str_addf(out, "list_transform([CAST(%s AS HUGEINT)], lambda %s: printf('%%s%%d %%02d:%%02d:%%02d.%%06d000', CASE WHEN %s < 0 THEN '-' ELSE '' END, "
                      "CAST(abs(%s) // 86400000000 AS BIGINT), CAST(abs(%s) // 3600000000 %% 24 AS BIGINT), CAST(abs(%s) // 60000000 %% 60 AS BIGINT), "
                      "CAST(abs(%s) // 1000000 %% 60 AS BIGINT), CAST(abs(%s) %% 1000000 AS BIGINT)))[1]", x, v, v, v, v, v, v, v);
        return ST_OK;
    case TYPE_ARRAY:
        str_addf(out, "('[' || array_to_string(list_transform(%s, lambda %s: ", x, v);
        TRY(item_of(e, v, t->element, out));
        str_add(out, "), ',') || ']')");
        return ST_OK;
    case TYPE_MAP: return of_map(e, x, t, out);
    case TYPE_STRUCT: return of_struct(e, x, t, out);
    default: return emit_cast(e, x, t, &type_string, CAST_ANSI, out);
    }
}

Status emit_hive_text(Emit *e, const char *x, const Type *t, Str *out)
{
    return text_of(e, x, t, false, out);
}
