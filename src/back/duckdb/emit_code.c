/* back/duckdb/emit_code.c -- numbers, strings, dates and aggregates whose text depends on more than a template can say. */
#include "back/duckdb/emit_call.h"
#include "back/duckdb/internal.h"
#include "ir/collation.h"
#include "ir/reflect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

/* The operations of the kernel spark_decimal_<scale>, see kernel_decimal.c. */
enum { OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_REMAINDER, OP_INTEGER_DIVIDE, OP_PMOD, OP_ROUND, OP_BROUND, OP_CEIL, OP_FLOOR };

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

static bool is_literal_text(const Node *n, const Value **ret_value)
{
    if (!node_is(Literal, n) || node_as(Literal, n)->value->is_null || node_as(Literal, n)->of->kind != TYPE_STRING)
        return false;
    *ret_value = node_as(Literal, n)->value;
    return true;
}

/* ---------------------------------------------------------------- decimals */
/* round, bround, ceil, floor with a scale. */
Status emit_round(Emit *e, const Call *c, const char *const *args, Str *out)
{
    static const struct {
        const char *name;
        int op;
    } ops[] = { { "round", OP_ROUND }, { "bround", OP_BROUND }, { "ceil", OP_CEIL }, { "ceiling", OP_CEIL }, { "floor", OP_FLOOR } };
    const Type *from = arg_type(c, 0), *to = c->node.type;
    const char *scale = c->args.len > 1 ? args[1] : "0";
    int op = OP_ROUND;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        op = str_eq(ops[i].name, c->function->name) ? ops[i].op : op;
    if (from->kind == TYPE_DECIMAL)
        str_addf(out, "CAST(spark_decimal_%d(%s, %s, %d, %d, %d) AS %s)", to->scale, args[0], scale, op, to->precision, e->o->ansi,
                 emit_word(e, to));
    else if (type_is_integral(from))
        TRY(emit_template(e, c, args, arena_printf(e->a, e->o->ansi ? "CAST(spark_round_integer(%s, %s, %d, $W1) AS $T)" : "spark_wrap_$N(spark_round_wide(%s, %s, %d))",
                                                   args[0], scale, op == OP_BROUND), out));
    else
        str_addf(out, "CAST(spark_round_float(%s, %s, %d) AS %s)", args[0], scale, op == OP_BROUND, emit_word(e, to));
    return ST_OK;
}

/* TryEval: NULL for whatever fails inside. */
static Status emit_try(Emit *e, const Node *n, Str *out)
{
    EmitOptions options = *e->o;
    Emit strict = *e;
    options.ansi = strict.ansi_given = true;
    strict.o = &options;
    str_add(out, "TRY(");
    TRY(emit_expr(&strict, n, out));
    e->names = strict.names;
    str_add(out, ")");
    return ST_OK;
}

Status emit_try_arithmetic(Emit *e, const Call *c, const char *const *args, Str *out)
{
    static const char *const pairs[][2] = { { "try_add", "+" }, { "try_subtract", "-" }, { "try_multiply", "*" },
                                            { "try_divide", "/" }, { "try_mod", "%" } };
    const Type *to = c->node.type;
    const char *op = "+";
    if (c->args.len == 3)
        return emit_try(e, c->args.at[2], out);
    for (size_t i = 0; i < 5; i++)
        op = str_eq(pairs[i][0], c->function->name) ? pairs[i][1] : op;
    if (to->kind == TYPE_DECIMAL) {
        FunctionRow row = { .name = op };
        Call inner = *c;
        EmitOptions options = *e->o;
        Emit quiet = *e;
        inner.function = &row;
        options.ansi = false;
        quiet.ansi_given = true;
        quiet.o = &options;
        return emit_decimal_arithmetic(&quiet, &inner, args, out);
    }
    const char *word = emit_word(e, to);
    if (*op == '/')
        str_addf(out, "spark_divide(CAST(%s AS DOUBLE), CAST(%s AS DOUBLE), 0)", args[0], args[1]);
    else if (*op == '%' && type_is_integral(to))
        str_addf(out, "CAST(spark_mod(%s, %s, 0) AS %s)", args[0], args[1], word);
    else if (*op == '%')
        str_addf(out, "CAST(spark_fmod(%s, %s, 0) AS %s)", args[0], args[1], word);
    else if (type_is_integral(to))
        str_addf(out, "TRY_CAST((CAST(%s AS HUGEINT) %s CAST(%s AS HUGEINT)) AS %s)", args[0], op, args[1], word);
    else
        str_addf(out, "(CAST(%s AS %s) %s CAST(%s AS %s))", args[0], word, op, args[1], word);
    return ST_OK;
}

/* ---------------------------------------------------------------- strings */
Status emit_like(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool ilike = str_eq(c->function->name, "ilike") || type_is_collated(arg_type(c, 0));
    const Value *pattern;
    bool simple = c->args.len == 2 && is_literal_text(c->args.at[1], &pattern) && !memchr(pattern->text, '\\', pattern->text_len);
    (void)e;
    if (simple)
        str_addf(out, "(%s %s %s)", args[0], ilike ? "ILIKE" : "LIKE", args[1]);
    else
        str_addf(out, "spark_like(%s, %s, %s, %s)", args[0], args[1], c->args.len > 2 ? args[2] : "'\\'", ilike ? "true" : "false");
    return ST_OK;
}

Status emit_concat(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *empty = c->node.type->kind == TYPE_ARRAY ? "[]" : c->node.type->kind == TYPE_BINARY ? "''::BLOB" : "''";
    if (!c->args.len) {
        str_add(out, empty);
        return ST_OK;
    }
    (void)e;
    str_add(out, "(");
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(out, "%s%s", i ? " || " : "", args[i]);
    str_add(out, ")");
    return ST_OK;
}

Status emit_concat_ws(Emit *e, const Call *c, const char *const *args, Str *out)
{
    if (c->args.len == 1) {
        str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE '' END", args[0]);
        return ST_OK;
    }
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE concat_ws(%s", args[0], args[0]);
    for (size_t i = 1; i < c->args.len; i++) {
        if (arg_type(c, i)->kind == TYPE_ARRAY) {
            const char *x = emit_fresh(e, "x");
            /* An empty array adds nothing, not even a separator. */
            str_addf(out, ", array_to_string(nullif(list_filter(%s, lambda %s: %s IS NOT NULL), []), %s)", args[i], x, x, args[0]);
        } else {
            str_addf(out, ", %s", args[i]);
        }
    }
    str_add(out, ") END");
    return ST_OK;
}

Status emit_format_number(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = arg_type(c, 0);
    (void)e;
    bool pattern = arg_type(c, 1)->kind == TYPE_STRING;
    const char *text = t->kind == TYPE_DECIMAL ? "spark_decimal_text(%s)" : type_is_integral(t) ? "CAST(%s AS VARCHAR)"
                       : pattern               ? "CAST(%s AS DOUBLE)" : "spark_plain_text(%s)";
    str_add(out, pattern ? "spark_format_pattern(" : "spark_format_number(");
    str_addf(out, text, args[0]);
    str_addf(out, ", %s)", args[1]);
    return ST_OK;
}

/* Each argument as text, with a letter for its kind in front: the kernel formats as java.util.Formatter does. */
Status emit_format_string(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_addf(out, "spark_format_string(%s", args[0]);
    for (size_t i = 1; i < c->args.len; i++) {
        const Type *t = arg_type(c, i);
        const char *kind = type_is_integral(t) ? "i" : t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE ? "f" : t->kind == TYPE_DECIMAL ? "d" : "s";
        str_addf(out, ", '%s' || ", kind);
        TRY(emit_cast(e, args[i], t, &type_string, CAST_LEGACY, out));
    }
    str_add(out, ")");
    return ST_OK;
}

static bool legacy(const Emit *e, const char *conf)
{
    return emit_is(e, conf, "true");
}

/* encode(text, set), decode(bytes, set) */
Status emit_charset(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_addf(out, "spark_%s(%s, %s, %d, %d)", c->function->name, args[0], args[1], legacy(e, "spark.sql.legacy.javaCharsets"),
             legacy(e, "spark.sql.legacy.codingErrorAction"));
    return ST_OK;
}

/* Texts are valid UTF-8 in the engine: only bytes that are to become a text (emit_bytes.c) can be anything else. */
Status emit_utf8(Emit *e, const Call *c, const char *const *args, Str *out)
{
    static const struct {
        const char *name, *format;
    } texts[] = { { "is_valid_utf8", "spark_is_valid_utf8(%s)" }, { "make_valid_utf8", "spark_clean_utf8(%s, 2)" },
                  { "validate_utf8", "spark_clean_utf8(%s, 1)" }, { "try_validate_utf8", "spark_clean_utf8(%s, 0)" } };
    const Node *x = c->args.at[0];
    const char *bytes = arena_printf(e->a, "encode(%s)", args[0]);
    if (node_is(Cast, x) && node_as(Cast, x)->child->type->kind == TYPE_BINARY)
        TRY(emit_text(e, node_as(Cast, x)->child, &bytes));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!str_eq(texts[i].name, c->function->name))
            continue;
        str_add(out, i == 0 ? "spark_is_valid_utf8(" : "spark_clean_utf8(");
        str_addf(out, i == 0 ? "%s)" : "%s, %zu)", bytes, 3 - i);
    }
    return ST_OK;
}

/* SimpleDateFormat's patterns instead of java.time's. */
static bool legacy_patterns(const Emit *e)
{
    return emit_is(e, "spark.sql.legacy.timeParserPolicy", "LEGACY");
}

static void put_date_format(const Emit *e, const char *value, const char *pattern, const char *zone, Str *out)
{
    str_addf(out, "spark_date_format%s(%s, %s, %s)", legacy_patterns(e) ? "_legacy" : "", value, pattern, zone);
}

Status emit_date_format(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool seconds = str_eq(c->function->name, "from_unixtime");
    put_date_format(e, seconds ? arena_printf(e->a, "make_timestamp(spark_wrap_bigint(CAST(%s AS HUGEINT) * 1000000))", args[0]) : args[0], args[1], emit_zone(e), out);
    return ST_OK;
}

/* Spaces around it and capital letters do not count. */
static bool is_coding(const Value *format, const char *name)
{
    size_t from = 0, to = format->text_len;
    while (from < to && format->text[from] == ' ')
        from++;
    while (from < to && format->text[to - 1] == ' ')
        to--;
    return to - from == strlen(name) && !strncasecmp(format->text + from, name, to - from);
}

/* to_char of numbers by a format of digits, of times by a pattern, of bytes by the name of a coding. */
Status emit_to_char(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = arg_type(c, 0);
    const Value *format = NULL;
    if (t->kind == TYPE_DECIMAL)
        str_addf(out, "spark_to_char(spark_decimal_text(%s), %s)", args[0], args[1]);
    else if (t->kind == TYPE_DATE)
        put_date_format(e, arena_printf(e->a, "CAST(%s AS TIMESTAMP)", args[0]), args[1], "'UTC'", out);
    else if (t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ)
        put_date_format(e, args[0], args[1], t->kind == TYPE_TIMESTAMP ? emit_zone(e) : "'UTC'", out);
    else if (!is_literal_text(c->args.at[1], &format))
        return emit_unsupported(e, (const Node *)c, "to_char of BINARY with a format that is not constant");
    else if (is_coding(format, "base64"))
        str_addf(out, "spark_base64(%s)", args[0]);
    else if (is_coding(format, "hex"))
        str_addf(out, "hex(%s)", args[0]);
    else
        str_addf(out, "spark_decode(%s, 'UTF-8', %d, %d)", args[0], legacy(e, "spark.sql.legacy.javaCharsets"), legacy(e, "spark.sql.legacy.codingErrorAction"));
    return ST_OK;
}

/* aes_encrypt(x, key, mode, padding, iv, aad), aes_decrypt(x, key, mode, padding, aad) */
Status emit_aes(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool encrypts = str_eq(c->function->name, "aes_encrypt");
    (void)e;
    str_addf(out, "spark_aes(%s, %s, %s, %s, %s, %s, %d)", args[0], args[1], args[2], args[3], encrypts ? args[4] : "''::BLOB",
             encrypts ? args[5] : args[4], encrypts ? 0 : str_starts(c->function->name, "try_") ? 2 : 1);
    return ST_OK;
}

Status emit_uniform(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_auto value = EMIT_STR;
    str_addf(&value, "(CAST(%s AS DOUBLE) + (CAST(%s AS DOUBLE) - CAST(%s AS DOUBLE)) * spark_rand(%s))", args[0], args[1], args[0],
             c->args.len > 2 ? args[2] : "NULL::BIGINT");
    if (c->node.type->kind == TYPE_NULL)
        str_add(out, "CAST(NULL AS INTEGER)");
    else
        return emit_cast(e, str_text(&value), &type_double, c->node.type, CAST_LEGACY, out);
    return ST_OK;
}

Status emit_elt(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_addf(out, "CASE %s", args[0]);
    for (size_t i = 1; i < c->args.len; i++)
        str_addf(out, " WHEN %zu THEN %s", i, args[i]);
    if (e->o->ansi)
        str_addf(out, " ELSE CAST(CAST(spark_elt_index(%zu, CAST(%s AS BIGINT)) AS VARCHAR) AS %s)", c->args.len - 1, args[0], emit_word(e, c->node.type));
    str_add(out, " END");
    return ST_OK;
}

Status emit_typeof(Emit *e, const Call *c, const char *const *args, Str *out)
{
    (void)args;
    const char *text = str_eq(c->function->name, "collation") ? collation_full_name(e->a, arg_type(c, 0)->collation) : type_catalog_text(e->a, arg_type(c, 0));
    str_add(out, emit_quoted(e, text));
    return ST_OK;
}

/* ---------------------------------------------------------------- hashes */
Status emit_hash_chain(Emit *e, const char *kernel, const char *x, const Type *t, const char *seed, Str *out)
{
    if (t->kind == TYPE_STRUCT) {
        const char *inner = seed;
        for (size_t i = 0; i < t->nfields; i++) {
            str_auto s = EMIT_STR;
            TRY(emit_hash_chain(e, kernel, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name)),
                           t->fields[i].type, inner, &s));
            inner = str_arena(&s, e->a);
        }
        str_add(out, inner);
        return ST_OK;
    }
    if (t->kind == TYPE_ARRAY) {
        /* The engine's fold has one type for state and items: the hash so far travels with the item. */
        const char *a = emit_fresh(e, "h"), *b = emit_fresh(e, "h"), *v = emit_fresh(e, "x"), *word = emit_word(e, t->element);
        str_auto step = EMIT_STR;
        TRY(emit_hash_chain(e, kernel, arena_printf(e->a, "struct_extract(%s, 'v')", b), t->element, arena_printf(e->a, "struct_extract(%s, 'h')", a), &step));
        str_addf(out, "coalesce(struct_extract(list_reduce(list_transform(%s, lambda %s: struct_pack(h := %s, v := %s)), lambda %s, %s: "
                      "struct_pack(h := %s, v := struct_extract(%s, 'v')), struct_pack(h := %s, v := CAST(NULL AS %s))), 'h'), %s)",
                 x, v, seed, v, a, b, str_text(&step), b, seed, word, seed);
        return ST_OK;
    }
    if (t->kind == TYPE_MAP) { /* as the array of its entries */
        const Field fields[] = { { "key", t->key, false, NULL }, { "value", t->element, true, NULL } };
        return emit_hash_chain(e, kernel, arena_printf(e->a, "map_entries(%s)", x), type_array(e->a, type_struct(e->a, fields, 2), false), seed, out);
    }
    if (t->kind == TYPE_VARIANT || type_is_spatial(t))
        return emit_unsupported(e, NULL, "a hash of this type");
    if (t->kind == TYPE_DECIMAL)
        str_addf(out, "%s_decimal(%s, %d, %s)", kernel, x, t->precision, seed);
    else if (t->kind == TYPE_NULL)
        str_add(out, seed);
    else
        str_addf(out, "%s(%s, %s)", kernel, x, seed);
    return ST_OK;
}

Status emit_hash(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool murmur = str_eq(c->function->name, "hash");
    const char *seed = murmur ? "42" : "42::BIGINT";
    for (size_t i = 0; i < c->args.len; i++) {
        str_auto s = EMIT_STR;
        TRY(emit_hash_chain(e, murmur ? "spark_hash" : "spark_xxhash64", args[i], arg_type(c, i), seed, &s));
        seed = str_arena(&s, e->a);
    }
    str_add(out, seed);
    return ST_OK;
}

/* ---------------------------------------------------------------- dates */
static bool is_time_field(const Value *field)
{
    static const char *const fields[] = { "hour", "h", "hours", "hr", "hrs", "minute", "m", "min", "mins", "minutes", "second", "s", "sec",
                                          "seconds", "secs" };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i]) == field->text_len && !strncasecmp(fields[i], field->text, field->text_len))
            return true;
    return false;
}

Status emit_extract(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Value *field;
    if (node_is(Literal, c->args.at[0]) && node_as(Literal, c->args.at[0])->value->is_null) {
        str_add(out, "CAST(NULL AS DOUBLE)");
        return ST_OK;
    }
    if (!is_literal_text(c->args.at[0], &field))
        return emit_unsupported(e, (const Node *)c, "extract of a field that is not constant");
    const Type *t = arg_type(c, 1), *to = c->node.type;
    if (t->kind == TYPE_TIME && !is_time_field(field))
        return engine_fail(e->err, ST_INVALID, "INVALID_EXTRACT_FIELD", "field", arena_printf(e->a, "`%s`", field->text), "expr", "TIME", NULL);
    const char *zone = t->kind == TYPE_TIMESTAMP ? emit_zone(e) : "'UTC'", *x = args[1];
    if (t->kind == TYPE_YEAR_MONTH_INTERVAL || t->kind == TYPE_DAY_TIME_INTERVAL)
        x = arena_printf(e->a, "CAST(%s AS BIGINT)", x);
    else if (t->kind == TYPE_TIME)
        x = arena_printf(e->a, "make_timestamp(spark_cut_time(%s, %d) // 1000)", x, t->precision);
    else if (t->kind != TYPE_CALENDAR_INTERVAL)
        x = arena_printf(e->a, "CAST(%s AS TIMESTAMP)", x);
    const char *kind = t->kind == TYPE_YEAR_MONTH_INTERVAL ? "ym" : t->kind == TYPE_DAY_TIME_INTERVAL ? "dt" : "ts";
    str_addf(out, to->kind == TYPE_DECIMAL ? "CAST(spark_decimal_6(spark_extract(%s, %s, %s, '%s'), 1000000, 3, 38, 1) AS %s)"
                                           : "CAST(spark_extract(%s, %s, %s, '%s') AS %s)",
             args[0], x, zone, kind, emit_word(e, to));
    return ST_OK;
}

Status emit_to_datetime(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *name = c->function->name;
    const Type *from = arg_type(c, 0), *to = c->node.type;
    bool try = str_starts(name, "try_"), seconds = str_ends(name, "unix_timestamp");
    int mode = try ? CAST_TRY : e->o->ansi ? CAST_ANSI : CAST_LEGACY;
    const Type *target = seconds ? &type_timestamp : to;
    str_auto value = EMIT_STR;
    const char *zone = emit_zone(e);
    if (from->kind == TYPE_STRING && c->args.len > 1 && legacy_patterns(e) && target->kind != TYPE_TIMESTAMP_NTZ) {
        const char *time = arena_printf(e->a, "spark_parse_timestamp_legacy(%s, %s, %s, %d)", args[0], args[1], zone, mode == CAST_ANSI);
        str_addf(&value, target->kind == TYPE_DATE ? "CAST(spark_local(%s, %s) AS DATE)" : "%s", time, zone);
    } else if (from->kind == TYPE_STRING && c->args.len > 1) {
        str_addf(&value, "spark_parse_%s(%s, %s, %s, %d)",
                 target->kind == TYPE_DATE ? "date" : target->kind == TYPE_TIMESTAMP_NTZ ? "timestamp_ntz" : "timestamp", args[0], args[1],
                 zone, mode == CAST_ANSI);
    } else if (from->kind == TYPE_TIMESTAMP_NTZ && target->kind != TYPE_TIMESTAMP_NTZ && (c->args.len > 1 || seconds)) {
        TRY(emit_cast(e, args[0], &type_timestamp, target, mode, &value)); /* GetTimestamp takes its microseconds as they are */
    } else if (from->kind == TYPE_TIMESTAMP && target->kind == TYPE_TIMESTAMP_NTZ && c->args.len > 1) {
        str_add(&value, args[0]);
    } else {
        TRY(emit_cast(e, args[0], from, target, mode, &value));
    }
    str_addf(out, seconds ? "(spark_us(%s) // 1000000)" : "%s", str_text(&value)); /* toward zero, unlike unix_seconds */
    return ST_OK;
}

Status emit_time_add(Emit *e, const Call *c, const char *const *args, Str *out)
{
    (void)e;
    str_addf(out, "spark_time_add(%s, CAST(%s AS BIGINT), %d)", args[0], args[1], c->node.type->precision);
    return ST_OK;
}

Status emit_timestamp_unit(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool ntz = arg_type(c, 2)->kind == TYPE_TIMESTAMP_NTZ;
    str_addf(out, "spark_%s(%s, %s, %s, %s)", c->function->name, args[0], args[1], args[2], ntz ? "'UTC'" : emit_zone(e));
    return ST_OK;
}

/* A unit that is none gives NULL; a constant one before the time is computed. Source: TruncInstant, DateTimeUtils.parseTruncLevel. */
Status emit_truncated(Emit *e, const Call *c, const char *const *args, Str *out)
{
    static const char *const units[] = { "WEEK", "QUARTER", "YEAR", "YYYY", "YY", "MONTH", "MON", "MM", "DAY", "DD", "HOUR", "MINUTE", "SECOND", "MILLISECOND",
                                         "MICROSECOND" };
    bool date = str_eq(c->function->name, "trunc"), known = false;
    const Value *unit;
    if (is_literal_text(c->args.at[date], &unit)) {
        for (size_t i = 0; i < (date ? 8 : sizeof units / sizeof *units); i++)
            known = known || (strlen(units[i]) == unit->text_len && !strncasecmp(units[i], unit->text, unit->text_len));
        if (!known) {
            str_addf(out, "CAST(NULL AS %s)", emit_word(e, c->node.type));
            return ST_OK;
        }
    }
    if (date)
        str_addf(out, "spark_trunc_date(%s, %s)", args[0], args[1]);
    else
        str_addf(out, "spark_date_trunc(%s, %s, %s)", args[0], args[1], emit_zone(e));
    return ST_OK;
}

/* pmod of INT adds in 32 bits, of LONG in 64, of the shorter ones in what never wraps. */
Status emit_pmod(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_addf(out, "CAST(spark_pmod%s(%s, %s, %d) AS %s)", c->node.type->kind == TYPE_INT ? "_int" : "", args[0], args[1], e->o->ansi, emit_word(e, c->node.type));
    return ST_OK;
}

Status emit_timestamp_interval(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *by = arg_type(c, 1);
    const char *sign = str_eq(c->function->name, "timestamp_sub_interval") ? "-" : "";
    const char *zone = arg_type(c, 0)->kind == TYPE_TIMESTAMP ? emit_zone(e) : "'UTC'";
    if (by->kind == TYPE_DAY_TIME_INTERVAL)
        str_addf(out, "spark_timestamp_add(%s, 0, 0, %s(%s), %s)", args[0], sign, args[1], zone);
    else if (by->kind == TYPE_YEAR_MONTH_INTERVAL)
        str_addf(out, "spark_timestamp_add(%s, %s(%s), 0, 0::BIGINT, %s)", args[0], sign, args[1], zone);
    else
        str_addf(out, "spark_timestamp_add_interval(%s, %s(%s), %s)", args[0], sign, args[1], zone);
    return ST_OK;
}

/* ---------------------------------------------------------------- session */
Status emit_session(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *name = c->function->name, *value = e->o->user ? e->o->user : "";
    (void)args;
    if (str_eq(name, "current_catalog"))
        value = e->o->catalog ? e->o->catalog : "spark_catalog";
    else if (str_eq(name, "current_database") || str_eq(name, "current_schema"))
        value = e->o->database ? e->o->database : "default";
    else if (str_eq(name, "version"))
        value = "4.1.1 c0690c763bafabd08e7079d1137fa0a769a05bae";
    str_add(out, emit_quoted(e, value));
    return ST_OK;
}

Status emit_st_setsrid(Emit *e, const Call *c, const char *const *args, Str *out)
{
    (void)e;
    str_addf(out, "spark_st_set_srid(%s, %s, %s)", args[0], args[1], c->args.at[0]->type->kind == TYPE_GEOGRAPHY ? "true" : "false");
    return ST_OK;
}

Status emit_reflect(Emit *e, const Call *c, const char *const *args, Str *out)
{
    (void)e;
    str_addf(out, "spark_reflect(%d, %s", reflect_method(&c->args), str_starts(c->function->name, "try") ? "true" : "false");
    for (size_t i = 2; i < c->args.len; i++)
        str_addf(out, ", %s", args[i]);
    str_addc(out, ')');
    return ST_OK;
}
