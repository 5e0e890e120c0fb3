/* back/duckdb/emit_cast.c -- Spark's Cast from each type to each: the engine's own where it means the same, kernels else.
 * Source: org.apache.spark.sql.catalyst.expressions.Cast. */
#include "back/duckdb/emit_internal.h"
#include "ir/coerce.h"
#include "ir/collation.h"

static int flag_of(int mode)
{
    return mode == CAST_ANSI ? 1 : 0;
}

static const char *zone(const Emit *e)
{
    str_auto s = EMIT_STR;
    emit_quoted_text(e->o->time_zone ? e->o->time_zone : "UTC", strlen(e->o->time_zone ? e->o->time_zone : "UTC"), &s);
    return str_arena(&s, e->a);
}

static bool is_text(const Type *t)
{
    return t->kind == TYPE_STRING || t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR;
}

/* ---------------------------------------------------------------- to STRING */
static Status to_string(Emit *e, const char *x, const Type *from, int mode, Str *out);

/* An item of a nested value; in CSV a NULL is nothing, and the blank before an item goes with it. */
static Status nested_item(Emit *e, const char *x, const Type *t, bool nullable, int mode, Str *out)
{
    bool empty = nullable && e->csv;
    str_add(out, nullable ? "coalesce(" : "");
    str_add(out, e->csv ? "' ' || " : "");
    TRY(to_string(e, x, t, mode, out));
    if (empty)
        str_addf(out, ", %s)", emit_csv_null(e));
    else
        str_add(out, !nullable ? "" : e->pretty ? ", 'NULL')" : ", 'null')");
    return ST_OK;
}

/* Between items, and the first of them without its blank. */
static const char *items_begin(const Emit *e)
{
    return e->csv ? "regexp_replace(array_to_string(" : "array_to_string(";
}

static const char *items_end(const Emit *e)
{
    return e->csv ? ", ','), '^ ', '')" : ", ', ')";
}

static Status array_to_string(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "('[' || %slist_transform(%s, lambda %s: ", items_begin(e), x, v);
    TRY(nested_item(e, v, from->element, true, mode, out));
    str_addf(out, ")%s || ']')", items_end(e));
    return ST_OK;
}

static Status map_to_string(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "('{' || %slist_transform(map_entries(%s), lambda %s: ", items_begin(e), x, v);
    TRY(nested_item(e, arena_printf(e->a, "struct_extract(%s, 'key')", v), from->key, false, mode, out));
    str_add(out, e->csv ? " || ' ->' || " : " || ' -> ' || ");
    TRY(nested_item(e, arena_printf(e->a, "struct_extract(%s, 'value')", v), from->element, true, mode, out));
    str_addf(out, ")%s || '}')", items_end(e));
    return ST_OK;
}

static Status struct_to_string(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE '{'", x);
    for (size_t i = 0; i < from->nfields; i++) {
        str_add(out, !i ? " || " : e->csv ? " || ',' || " : " || ', ' || ");
        str_add(out, !i && e->csv ? "substr(" : "");
        TRY(nested_item(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, from->fields[i].name)),
                        from->fields[i].type, true, mode, out));
        str_add(out, !i && e->csv ? ", 2)" : "");
    }
    str_add(out, " || '}' END");
    return ST_OK;
}

static Status to_string(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    if (e->csv && emit_csv_leaf(e, x, from, out))
        return ST_OK;
    if (e->pretty && from->kind == TYPE_BINARY) {
        emit_hex_text(x, out);
        return ST_OK;
    }
    switch (from->kind) {
    case TYPE_FLOAT: case TYPE_DOUBLE: str_addf(out, "spark_number_text(%s)", x); break;
    case TYPE_DECIMAL: str_addf(out, mode == CAST_LEGACY ? "spark_decimal_java_text(%s)" : "spark_decimal_text(%s)", x); break;
    case TYPE_BINARY: str_addf(out, e->makes_texts && !e->mend && !e->csv ? "spark_utf8_text(%s)" : "spark_binary_text(%s)", x); break;
    case TYPE_DATE: str_addf(out, "spark_date_text(%s)", x); break;
    case TYPE_TIMESTAMP: str_addf(out, "spark_timestamp_text(%s, %s)", x, zone(e)); break;
    case TYPE_TIMESTAMP_NTZ: str_addf(out, "spark_timestamp_text(%s, 'UTC')", x); break;
    case TYPE_TIME: str_addf(out, "spark_time_text(%s)", x); break;
    case TYPE_CALENDAR_INTERVAL: str_addf(out, "spark_interval_text(%s)", x); break;
    case TYPE_YEAR_MONTH_INTERVAL: str_addf(out, "spark_year_month_text(%s, %d, %d)", x, from->start, from->end); break;
    case TYPE_DAY_TIME_INTERVAL: str_addf(out, "spark_day_time_text(%s, %d, %d)", x, from->start, from->end); break;
    case TYPE_VARIANT: str_addf(out, "spark_variant_json(%s, 'UTC')", x); break; /* inside of another value */
    case TYPE_ARRAY: return array_to_string(e, x, from, mode, out);
    case TYPE_MAP: return map_to_string(e, x, from, mode, out);
    case TYPE_STRUCT: return struct_to_string(e, x, from, mode, out);
    default: str_addf(out, "CAST(%s AS VARCHAR)", x);
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- to numbers */
static const char *const day_time_units[] = { "86400000000", "3600000000", "60000000", "1000000" };

static const char *number_kernel(const Type *to)
{
    switch (to->kind) {
    case TYPE_BYTE: return "tinyint";
    case TYPE_SHORT: return "smallint";
    case TYPE_INT: return "int";
    case TYPE_LONG: return "bigint";
    case TYPE_FLOAT: return "float";
    default: return "double";
    }
}

static Status to_integral(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    const char *word = emit_word(e, to);
    if (is_text(from))
        str_addf(out, "spark_text_%s(%s, %d)", number_kernel(to), x, mode == CAST_TRY ? 3 : flag_of(mode)); /* no fraction, but no error */
    else if (from->kind == TYPE_BOOLEAN)
        str_addf(out, "CAST(%s AS %s)", x, word);
    else if (from->kind == TYPE_FLOAT || from->kind == TYPE_DOUBLE)
        str_addf(out, "spark_float_%s(%s, %d)", number_kernel(to), x, mode == CAST_LEGACY ? 2 : flag_of(mode));
    else if (from->kind == TYPE_TIMESTAMP && to->kind == TYPE_LONG)
        str_addf(out, "spark_seconds(%s)", x);
    else if (from->kind == TYPE_TIME)
        str_addf(out, "%s(%s // 1000000000 AS %s)", mode == CAST_ANSI ? "CAST" : "TRY_CAST", x, word);
    else if (from->kind == TYPE_TIMESTAMP && mode == CAST_LEGACY)
        str_addf(out, "spark_wrap_%s(CAST(spark_seconds(%s) AS HUGEINT))", number_kernel(to), x);
    else if (from->kind == TYPE_TIMESTAMP)
        str_addf(out, "%s(spark_seconds(%s) AS %s)", mode == CAST_TRY ? "TRY_CAST" : "CAST", x, word);
    else if (from->kind == TYPE_DECIMAL && mode == CAST_LEGACY)
        str_addf(out, "spark_wrap_%s(CAST(trunc(%s) AS HUGEINT))", number_kernel(to), x);
    else if (from->kind == TYPE_DECIMAL)
        str_addf(out, "%s(trunc(%s) AS %s)", mode == CAST_ANSI ? "CAST" : "TRY_CAST", x, word);
    else if (from->kind == TYPE_DATE)
        str_addf(out, "CAST(NULL AS %s)", word);
    else if (from->kind == TYPE_YEAR_MONTH_INTERVAL)
        str_addf(out, "%s(%s %s AS %s)", mode == CAST_TRY ? "TRY_CAST" : "CAST", x, from->end == INTERVAL_YEAR ? "// 12" : "", word);
    else if (from->kind == TYPE_DAY_TIME_INTERVAL)
        str_addf(out, "%s(%s // %s AS %s)", mode == CAST_TRY ? "TRY_CAST" : "CAST", x, day_time_units[from->end], word);
    else if (mode == CAST_LEGACY && from->kind > to->kind)
        str_addf(out, "spark_wrap_%s(CAST(%s AS HUGEINT))", number_kernel(to), x);
    else
        str_addf(out, "%s(%s AS %s)", mode == CAST_TRY ? "TRY_CAST" : "CAST", x, word);
    return ST_OK;
}

static Status to_floating(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    if (is_text(from))
        str_addf(out, "spark_text_%s(%s, %d)", number_kernel(to), x, flag_of(mode));
    else if (from->kind == TYPE_TIMESTAMP)
        str_addf(out, "CAST(spark_us(%s) / 1000000.0::DOUBLE AS %s)", x, emit_word(e, to));
    else if (from->kind == TYPE_DATE)
        str_addf(out, "CAST(NULL AS %s)", emit_word(e, to));
    else if (from->kind == TYPE_DECIMAL)
        str_addf(out, "spark_text_%s(spark_decimal_text(%s), 1)", number_kernel(to), x);
    else if (from->kind == TYPE_DOUBLE && to->kind == TYPE_FLOAT)
        str_addf(out, "spark_double_float(%s)", x);
    else
        str_addf(out, "CAST(%s AS %s)", x, emit_word(e, to));
    return ST_OK;
}

static Status to_decimal(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    if (is_text(from)) {
        str_addf(out, "CAST(spark_text_decimal_%d(%s, %d, %d) AS %s)", to->scale, x, to->precision, flag_of(mode), emit_word(e, to));
    } else if (from->kind == TYPE_FLOAT || from->kind == TYPE_DOUBLE) {
        str_addf(out, "CAST(spark_float_decimal_%d(CAST(%s AS DOUBLE), %d, %d) AS %s)", to->scale, x, to->precision, flag_of(mode),
                 emit_word(e, to));
    } else if (from->kind == TYPE_TIMESTAMP) {
        str_addf(out, "%s(spark_decimal_6(spark_us(%s), 1000000, 3, 38, 1) AS %s)", mode == CAST_ANSI ? "CAST" : "TRY_CAST", x, emit_word(e, to));
    } else {
        const char *number = x;
        if (from->kind == TYPE_BOOLEAN)
            number = arena_printf(e->a, "CAST(%s AS INTEGER)", x);
        else if (from->kind == TYPE_YEAR_MONTH_INTERVAL && from->end == INTERVAL_YEAR)
            number = arena_printf(e->a, "(%s // 12)", x);
        else if (from->kind == TYPE_DAY_TIME_INTERVAL && from->end == INTERVAL_SECOND)
            number = arena_printf(e->a, "spark_decimal_6(%s, 1000000, 3, 38, 1)", x);
        else if (from->kind == TYPE_TIME)
            number = arena_printf(e->a, "spark_decimal_9(%s, 1000000000, 3, 38, 1)", x);
        else if (from->kind == TYPE_DAY_TIME_INTERVAL)
            number = arena_printf(e->a, "(%s // %s)", x, day_time_units[from->end]);
        bool strict = mode == CAST_ANSI || (mode == CAST_LEGACY && type_is_ansi_interval(from)); /* an interval's overflow is an error in both modes */
        str_addf(out, "%s(%s AS %s)", strict ? "CAST" : "TRY_CAST", number, emit_word(e, to));
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- to dates, times, intervals */
static Status to_date(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    if (is_text(from))
        str_addf(out, "spark_text_date(%s, %d)", x, flag_of(mode));
    else if (from->kind == TYPE_TIMESTAMP)
        str_addf(out, "spark_local_date(%s, %s)", x, zone(e));
    else
        str_addf(out, from->kind == TYPE_TIMESTAMP_NTZ ? "spark_local_date(%s, 'UTC')" : "CAST(%s AS DATE)", x); /* the engine has infinities at the ends */
    return ST_OK;
}

static Status to_timestamp(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    bool ntz = to->kind == TYPE_TIMESTAMP_NTZ;
    if (is_text(from) && ntz)
        str_addf(out, "spark_text_timestamp_ntz(%s, %d)", x, flag_of(mode));
    else if (is_text(from))
        str_addf(out, "spark_text_timestamp(%s, %s, %d)", x, zone(e), flag_of(mode));
    else if (from->kind == TYPE_DATE && ntz)
        str_addf(out, "CAST(%s AS TIMESTAMP)", x);
    else if (from->kind == TYPE_DATE)
        str_addf(out, "spark_utc(CAST(%s AS TIMESTAMP), %s)", x, zone(e));
    else if (from->kind == TYPE_TIMESTAMP && ntz)
        str_addf(out, "spark_local(%s, %s)", x, zone(e));
    else if (from->kind == TYPE_TIMESTAMP_NTZ && !ntz)
        str_addf(out, "spark_utc(%s, %s)", x, zone(e));
    else if (from->kind == TYPE_FLOAT || from->kind == TYPE_DOUBLE)
        str_addf(out, "spark_timestamp(spark_float_micros(CAST(%s AS DOUBLE), %d))", x, mode == CAST_LEGACY ? 2 : flag_of(mode));
    else if (from->kind == TYPE_DECIMAL)
        str_addf(out, "spark_decimal_timestamp(%s)", x);
    else if (from->kind == TYPE_BOOLEAN)
        str_addf(out, "make_timestamp(CAST(%s AS BIGINT))", x);
    else
        str_addf(out, "spark_seconds_timestamp(CAST(%s AS BIGINT))", x);
    return ST_OK;
}

static Status to_interval(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    const char *const *units = day_time_units;
    bool ym = to->kind == TYPE_YEAR_MONTH_INTERVAL;
    const char *cast = mode == CAST_TRY ? "TRY_CAST" : "CAST";
    if (is_text(from) && to->kind == TYPE_CALENDAR_INTERVAL)
        str_addf(out, "spark_text_interval(%s)", x);
    else if (is_text(from))
        str_addf(out, "spark_text_%s(%s, %d, %d, %d)", ym ? "year_month" : "day_time", x, to->start, to->end, mode != CAST_TRY);
    else if (from->kind == to->kind && ym)
        str_addf(out, to->end == INTERVAL_YEAR ? "(%s // 12 * 12)" : "%s", x);
    else if (from->kind == to->kind)
        str_addf(out, to->end == INTERVAL_SECOND ? "%s" : "(%s // %s * %s)", x, units[to->end], units[to->end]);
    else if (ym && from->kind == TYPE_DECIMAL) /* IntervalUtils.decimalToYearMonthInterval: rounded to months */
        str_addf(out, "%s(spark_decimal_0(%s, CAST(%d AS BIGINT), 2, 38, %d) AS INTEGER)", cast, x, to->end == INTERVAL_YEAR ? 12 : 1, mode != CAST_TRY);
    else if (ym)
        str_addf(out, "%s(%s(trunc(%s) AS BIGINT) * %d AS INTEGER)", cast, cast, x, to->end == INTERVAL_YEAR ? 12 : 1);
    else if (from->kind == TYPE_DECIMAL)
        str_addf(out, "%s(spark_decimal_0(%s, CAST(%s AS BIGINT), 2, 38, %d) AS BIGINT)", cast, x, units[to->end], mode != CAST_TRY);
    else
        str_addf(out, "spark_number_interval(CAST(%s AS BIGINT), %s, '\"%s\"', '\"%s\"', %d)", x, units[to->end], type_sql_text(e->a, from),
                 type_sql_text(e->a, to), mode != CAST_TRY);
    return ST_OK;
}

/* ---------------------------------------------------------------- nested */
/* try_cast of a nested value takes casts inside that only exist without ANSI, and does them so. */
static int inner_mode(const Type *from, const Type *to, int mode)
{
    return mode == CAST_TRY && !cast_valid(true, from, to) ? CAST_LEGACY : mode;
}

static Status nested(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    if (from->kind == TYPE_ARRAY && to->kind == TYPE_ARRAY) {
        const char *v = emit_fresh(e, "x");
        str_addf(out, "list_transform(%s, lambda %s: ", x, v);
        TRY(emit_cast(e, v, from->element, to->element, inner_mode(from->element, to->element, mode), out));
        str_add(out, ")");
    } else if (from->kind == TYPE_MAP && to->kind == TYPE_MAP) {
        const char *k = emit_fresh(e, "x"), *v = emit_fresh(e, "x");
        str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE map(list_transform(map_keys(%s), lambda %s: ", x, x, k);
        TRY(emit_cast(e, k, from->key, to->key, inner_mode(from->key, to->key, mode), out));
        str_addf(out, "), list_transform(map_values(%s), lambda %s: ", x, v);
        TRY(emit_cast(e, v, from->element, to->element, inner_mode(from->element, to->element, mode), out));
        str_add(out, ")) END");
    } else if (from->kind == TYPE_STRUCT && to->kind == TYPE_STRUCT && from->nfields == to->nfields) {
        str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE struct_pack(", x);
        for (size_t i = 0; i < to->nfields; i++) {
            str_add(out, i ? ", " : "");
            emit_quoted_name(to->fields[i].name, out);
            str_add(out, " := ");
            TRY(emit_cast(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, from->fields[i].name)),
                          from->fields[i].type, to->fields[i].type, inner_mode(from->fields[i].type, to->fields[i].type, mode), out));
        }
        emit_pack_end(to, out);
        str_add(out, " END");
    } else {
        return emit_unsupported(e, NULL, "this cast between nested types");
    }
    return ST_OK;
}

static Status to_boolean(Emit *e, const char *x, const Type *from, int mode, Str *out)
{
    (void)e;
    if (is_text(from))
        str_addf(out, "spark_text_boolean(%s, %d)", x, flag_of(mode));
    else if (from->kind == TYPE_TIMESTAMP)
        str_addf(out, "(spark_us(%s) <> 0)", x);
    else if (from->kind == TYPE_DATE)
        str_addf(out, "(%s IS NULL AND NULL)", x);
    else
        str_addf(out, "(%s <> 0)", x);
    return ST_OK;
}

static Status to_time(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    if (is_text(from))
        str_addf(out, "spark_text_time(%s, %d, %d)", x, to->precision, flag_of(mode));
    else if (from->kind == TYPE_TIME)
        str_addf(out, "spark_cut_time(%s, %d)", x, to->precision);
    else
        return emit_unsupported(e, NULL, "this cast to TIME");
    return ST_OK;
}

static Status to_binary(Emit *e, const char *x, const Type *from, Str *out)
{
    if (!is_text(from) && !type_is_integral(from))
        return emit_unsupported(e, NULL, "this cast to BINARY");
    str_addf(out, is_text(from) ? "encode(%s)" : from->kind == TYPE_BYTE ? "spark_number_binary(%s)[8:8]"
                  : from->kind == TYPE_SHORT ? "spark_number_binary(%s)[7:8]" : "spark_number_binary(%s)", x);
    return ST_OK;
}

Status emit_cast(Emit *e, const char *x, const Type *from, const Type *to, int mode, Str *out)
{
    if (from->kind == TYPE_UDT)
        from = from->sql_type;
    if (type_same(from, to) || (is_text(from) && is_text(to)) || (type_is_collated(to) && type_same(type_without_collation(e->a, from), type_without_collation(e->a, to)))) {
        str_add(out, x);
        return ST_OK;
    }
    if (from->kind == TYPE_NULL) {
        str_addf(out, "CAST(%s AS %s)", x, emit_word(e, to));
        return ST_OK;
    }
    if (from->kind == TYPE_VARIANT)
        return emit_from_variant(e, x, to, mode != CAST_TRY, out);
    if (type_is_spatial(from)) { /* the value carries its SRID */
        str_add(out, x);
        return ST_OK;
    }
    switch (to->kind) {
    case TYPE_VARIANT: return emit_to_variant(e, x, from, out);
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: return to_string(e, x, from, mode, out);
    case TYPE_BOOLEAN: return to_boolean(e, x, from, mode, out);
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: return to_integral(e, x, from, to, mode, out);
    case TYPE_FLOAT: case TYPE_DOUBLE: return to_floating(e, x, from, to, mode, out);
    case TYPE_DECIMAL: return to_decimal(e, x, from, to, mode, out);
    case TYPE_BINARY: return to_binary(e, x, from, out);
    case TYPE_DATE: return to_date(e, x, from, mode, out);
    case TYPE_TIME: return to_time(e, x, from, to, mode, out);
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return to_timestamp(e, x, from, to, mode, out);
    case TYPE_CALENDAR_INTERVAL: case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL:
        return to_interval(e, x, from, to, mode, out);
    case TYPE_ARRAY: case TYPE_MAP: case TYPE_STRUCT: return nested(e, x, from, to, mode, out);
    case TYPE_NULL: str_add(out, "NULL"); return ST_OK;
    default: return emit_unsupported(e, NULL, "a cast to this type");
    }
}
