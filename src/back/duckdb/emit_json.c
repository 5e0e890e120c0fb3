/* back/duckdb/emit_json.c -- values to JSON, CSV and XML texts and back.
 * Source: JacksonGenerator, StructsToJson, JsonToStructs, SchemaOfJson, UnivocityGenerator, StructsToCsv, CsvToStructs, StructsToXml, XmlToStructs, SchemaOfXml. */
#include "back/duckdb/emit_call.h"
#include "back/duckdb/source_internal.h"
#include "ir/error.h"

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* ---------------------------------------------------------------- options */
static const Node *bare(const Node *n)
{
    while (node_is(Cast, n))
        n = node_as(Cast, n)->child;
    return n;
}

/* map('key', 'value', …) of constants: the binder let nothing else through. */
Status emit_options(Emit *e, const Call *c, size_t at, KeyValueList *ret)
{
    *ret = (KeyValueList){ 0 };
    if (at >= c->args.len)
        return ST_OK;
    const Node *n = bare(c->args.at[at]);
    if (node_is(Literal, n) && node_as(Literal, n)->value->is_null)
        return ST_OK;
    const Value *map = node_is(Literal, n) ? node_as(Literal, n)->value : NULL;
    const Call *call = node_is(Call, n) ? node_as(Call, n) : NULL;
    size_t count = map ? map->nitems : call ? call->args.len : 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        const Value *pair[2];
        for (size_t k = 0; k < 2; k++) {
            const Node *item = call ? bare(call->args.at[i + k]) : NULL;
            if (call && !node_is(Literal, item))
                return emit_unsupported(e, n, "options that are not constant");
            pair[k] = call ? node_as(Literal, item)->value : &map->items[i + k];
        }
        vec_push(e->a, ret, (KeyValue){ arena_strn(e->a, pair[0]->text, pair[0]->text_len), arena_strn(e->a, pair[1]->text, pair[1]->text_len) });
    }
    return ST_OK;
}

typedef struct Style {
    const char *zone, *date, *timestamp, *ntz; /* the zone quoted, patterns quoted or NULL */
    const char *null;                          /* of to_csv: what stands for NULL inside of a value, NULL: nothing */
    bool keep_nulls, pretty;
} Style;

static Status style_of(Emit *e, const KeyValueList *options, Style *ret)
{
    static const char *const known[] = { "timestampFormat", "timestampNTZFormat", "dateFormat", "timeZone", "ignoreNullFields", "mode", "sep", "delimiter",
                                         "nullValue", "emptyValue", "quote", "escape", "quoteAll", "escapeQuotes", "ignoreLeadingWhiteSpace",
                                         "ignoreTrailingWhiteSpace", "locale", "pretty" };
    const char *zone = source_option(options, "timeZone"), *date = source_option(options, "dateFormat");
    const char *timestamp = source_option(options, "timestampFormat"), *ntz = source_option(options, "timestampNTZFormat");
    for (size_t i = 0; i < options->len; i++) {
        bool good = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            good = good || str_ieq(known[k], options->at[i].key);
        if (!good)
            return emit_unsupported(e, NULL, arena_printf(e->a, "the option %s", options->at[i].key));
    }
    if ((date || timestamp || ntz) && emit_is(e, "spark.sql.legacy.timeParserPolicy", "LEGACY"))
        return emit_unsupported(e, NULL, "a pattern for dates or times under spark.sql.legacy.timeParserPolicy=LEGACY");
    const char *keep = source_option(options, "ignoreNullFields"), *pretty = source_option(options, "pretty");
    *ret = (Style){ .zone = zone ? emit_quoted(e, zone) : emit_zone(e), .date = date ? emit_quoted(e, date) : NULL,
                    .timestamp = timestamp ? emit_quoted(e, timestamp) : NULL, .ntz = ntz ? emit_quoted(e, ntz) : NULL,
                    .keep_nulls = keep && str_ieq(keep, "false"), .pretty = pretty && str_ieq(pretty, "true") };
    return ST_OK;
}

/* Dates and times as both formats show them, unquoted; false for other types. */
static bool time_text(const Style *s, const char *x, const Type *t, Str *out)
{
    if (t->kind == TYPE_DATE && !s->date)
        str_addf(out, "spark_date_text(%s)", x);
    else if (t->kind == TYPE_DATE)
        str_addf(out, "spark_date_format(CAST(%s AS TIMESTAMP), %s, 'UTC')", x, s->date);
    else if (t->kind == TYPE_TIMESTAMP)
        str_addf(out, "spark_date_format(%s, %s, %s)", x, s->timestamp ? s->timestamp : "'yyyy-MM-dd''T''HH:mm:ss.SSSXXXXX'", s->zone);
    else if (t->kind == TYPE_TIMESTAMP_NTZ)
        str_addf(out, "spark_date_format(%s, %s, 'UTC')", x, s->ntz ? s->ntz : "'yyyy-MM-dd''T''HH:mm:ss.SSS'");
    else
        return false;
    return true;
}

/* ---------------------------------------------------------------- to_json */
static Status json_text(Emit *e, const Style *s, const char *x, const Type *t, Str *out);

static Status json_struct(Emit *e, const Style *s, const char *x, const Type *t, Str *out)
{
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE '{' || concat_ws(','", x);
    for (size_t i = 0; i < t->nfields; i++) {
        const char *field = arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name));
        str_addf(out, ", spark_json_quote(%s) || ':' || %s", emit_quoted(e, t->fields[i].name), s->keep_nulls ? "coalesce(" : "");
        TRY(json_text(e, s, field, t->fields[i].type, out));
        str_add(out, s->keep_nulls ? ", 'null')" : "");
    }
    if (!t->nfields)
        str_add(out, ", ''");
    str_add(out, ") || '}' END");
    return ST_OK;
}

/* A map's key is its text; a struct's or an array's has brackets around (UnsafeRow.toString has no other form). */
/* JacksonGenerator.writeMapData takes keys as Spark has them inside: dates, times and intervals are numbers. */
static Status json_key(Emit *e, const char *x, const Type *t, Str *out)
{
    switch (t->kind) {
    case TYPE_DATE: str_addf(out, "CAST(spark_days_of(%s) AS VARCHAR)", x); return ST_OK;
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: str_addf(out, "CAST(spark_us(%s) AS VARCHAR)", x); return ST_OK;
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: str_addf(out, "CAST(%s AS VARCHAR)", x); return ST_OK;
    default: return emit_cast(e, x, t, &type_string, CAST_LEGACY, out);
    }
}

static Status json_map(Emit *e, const Style *s, const char *x, const Type *t, Str *out)
{
    const char *v = emit_fresh(e, "x");
    str_addf(out, "('{' || array_to_string(list_transform(map_entries(%s), lambda %s: spark_json_quote(", x, v);
    if (t->key->kind == TYPE_STRUCT) {
        str_add(out, "'[' || concat_ws(','");
        for (size_t i = 0; i < t->key->nfields; i++) {
            str_add(out, ", coalesce(");
            TRY(json_key(e, arena_printf(e->a, "struct_extract(struct_extract(%s, 'key'), %s)", v, emit_quoted(e, t->key->fields[i].name)),
                         t->key->fields[i].type, out));
            str_add(out, ", 'null')");
        }
        str_add(out, ") || ']'");
    } else {
        TRY(json_key(e, arena_printf(e->a, "struct_extract(%s, 'key')", v), t->key, out));
    }
    str_add(out, ") || ':' || coalesce(");
    TRY(json_text(e, s, arena_printf(e->a, "struct_extract(%s, 'value')", v), t->element, out));
    str_add(out, ", 'null')), ',') || '}')");
    return ST_OK;
}

static Status json_text(Emit *e, const Style *s, const char *x, const Type *t, Str *out)
{
    str_auto time = EMIT_STR;
    if (time_text(s, x, t, &time)) {
        str_addf(out, "spark_json_quote(%s)", str_text(&time));
        return ST_OK;
    }
    switch (t->kind) {
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: str_addf(out, "spark_json_quote(%s)", x); break;
    case TYPE_BINARY: str_addf(out, "spark_json_quote(spark_base64(%s))", x); break;
    case TYPE_FLOAT: case TYPE_DOUBLE:
        str_addf(out, "CASE WHEN isfinite(%s) THEN spark_number_text(%s) ELSE '\"' || spark_number_text(%s) || '\"' END", x, x, x);
        break;
    case TYPE_STRUCT: return json_struct(e, s, x, t, out);
    case TYPE_MAP: return json_map(e, s, x, t, out);
    case TYPE_ARRAY: {
        const char *v = emit_fresh(e, "x");
        str_addf(out, "('[' || array_to_string(list_transform(%s, lambda %s: coalesce(", x, v);
        TRY(json_text(e, s, v, t->element, out));
        str_add(out, ", 'null')), ',') || ']')");
        break;
    }
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: case TYPE_CALENDAR_INTERVAL:
        str_add(out, "spark_json_quote(");
        TRY(emit_cast(e, x, t, &type_string, CAST_LEGACY, out));
        str_add(out, ")");
        break;
    case TYPE_DECIMAL: str_addf(out, "spark_decimal_java_text(%s)", x); break;
    case TYPE_VARIANT: str_addf(out, "spark_variant_json(%s, %s)", x, emit_zone(e)); break;
    case TYPE_TIME: return emit_unsupported(e, NULL, "JSON of this type");
    default: str_addf(out, "CAST(%s AS VARCHAR)", x);
    }
    return ST_OK;
}

Status emit_json_text(Emit *e, const char *x, const Type *t, Str *out)
{
    Style s = { .zone = emit_zone(e) };
    return json_text(e, &s, x, t, out);
}

Status emit_to_json(Emit *e, const Call *c, const char *const *args, Str *out)
{
    KeyValueList options;
    Style s;
    TRY(emit_options(e, c, 1, &options));
    TRY(style_of(e, &options, &s));
    str_add(out, s.pretty ? "spark_json_pretty(" : "");
    TRY(json_text(e, &s, args[0], arg_type(c, 0), out));
    str_add(out, s.pretty ? ")" : "");
    return ST_OK;
}

/* ---------------------------------------------------------------- to_csv */
static Status csv_value(Emit *e, const Style *s, const char *x, const Type *t, Str *out)
{
    if (time_text(s, x, t, out))
        return ST_OK;
    const struct Style *csv = e->csv;
    e->csv = s;
    Status status = emit_cast(e, x, t, &type_string, CAST_LEGACY, out);
    e->csv = csv;
    return status;
}

/* UnivocityGenerator.makeConverter: times by their formats at every depth, binary as hex digits. */
bool emit_csv_leaf(const Emit *e, const char *x, const Type *t, Str *out)
{
    if (t->kind != TYPE_BINARY)
        return time_text(e->csv, x, t, out);
    emit_hex_text(x, out);
    return true;
}

void emit_hex_text(const char *x, Str *out)
{
    str_addf(out, "('[' || rtrim(regexp_replace(hex(%s), '(..)', '\\1 ', 'g')) || ']')", x);
}

const char *emit_csv_null(const Emit *e)
{
    return e->csv->null ? e->csv->null : "''";
}

static const char *option_or(Emit *e, const KeyValueList *options, const char *name, const char *missing)
{
    const char *value = source_option(options, name);
    return emit_quoted(e, value ? value : missing);
}

static bool flag(const KeyValueList *options, const char *name, bool missing)
{
    const char *value = source_option(options, name);
    return value ? str_ieq(value, "true") : missing;
}

Status emit_to_csv(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = arg_type(c, 0);
    KeyValueList options;
    Style s;
    TRY(emit_options(e, c, 1, &options));
    TRY(style_of(e, &options, &s));
    const char *null = source_option(&options, "nullValue");
    s.null = null && *null ? emit_quoted(e, arena_printf(e->a, " %s", null)) : NULL;
    const char *sep = source_option(&options, "sep") ? option_or(e, &options, "sep", ",") : option_or(e, &options, "delimiter", ",");
    int flags = (flag(&options, "quoteAll", false) ? 1 : 0) | (flag(&options, "escapeQuotes", true) ? 2 : 0) |
                (flag(&options, "ignoreLeadingWhiteSpace", true) ? 4 : 0) | (flag(&options, "ignoreTrailingWhiteSpace", true) ? 8 : 0);
    /* A line without anything in it is none. */
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE nullif(concat_ws(%s", args[0], sep);
    for (size_t i = 0; i < t->nfields; i++) {
        str_add(out, ", spark_csv_field(");
        TRY(csv_value(e, &s, arena_printf(e->a, "struct_extract(%s, %s)", args[0], emit_quoted(e, t->fields[i].name)), t->fields[i].type, out));
        str_addf(out, ", %s, %s, %s, %s, %s, %d)", sep, option_or(e, &options, "quote", "\""), option_or(e, &options, "escape", "\\"),
                 option_or(e, &options, "nullValue", ""), option_or(e, &options, "emptyValue", "\"\""), flags);
    }
    str_add(out, t->nfields ? "), '') END" : ", ''), '') END");
    return ST_OK;
}

/* ---------------------------------------------------------------- from_json, from_csv */
static Status check_mode(Emit *e, const Call *c, const KeyValueList *options)
{
    const char *mode = source_option(options, "mode");
    if (!mode || str_ieq(mode, "PERMISSIVE") || str_ieq(mode, "FAILFAST"))
        return ST_OK;
    Status status = FAIL_CODE(e->err, ST_INVALID, "PARSE_MODE_UNSUPPORTED",
                              "[PARSE_MODE_UNSUPPORTED] The function `%s` doesn't support the \"%s\" mode. Acceptable modes are PERMISSIVE and "
                              "FAILFAST. SQLSTATE: 42000", c->function->name, mode);
    return status;
}

/* Settings that the functions of XML heed like an option of their own. */
static void session_options(Emit *e, const Call *c, KeyValueList *options)
{
    static const char *const settings[][2] = { { "spark.sql.caseSensitive", SOURCE_CASE_SENSITIVE }, { "spark.sql.legacy.timeParserPolicy", SOURCE_TIME_PARSER_POLICY },
                                               { "spark.sql.timestampType", SOURCE_TIMESTAMP_TYPE }, { "spark.sql.columnNameOfCorruptRecord", "columnNameOfCorruptRecord" } };
    for (size_t i = 0; e->o->conf && strstr(c->function->name, "_xml") && i < sizeof settings / sizeof *settings; i++) {
        const char *value = e->o->conf(e->o->self, settings[i][0]);
        if (value && !source_option(options, settings[i][1]))
            vec_push(e->a, options, (KeyValue){ settings[i][1], arena_str(e->a, value) });
    }
}

Status emit_from_text(Emit *e, const Call *c, const char *const *args, Str *out)
{
    KeyValueList options;
    const char *function, *format = c->function->name + strlen("from_");
    TRY(emit_options(e, c, 2, &options));
    TRY(check_mode(e, c, &options));
    session_options(e, c, &options);
    if (!e->o->parser)
        return emit_unsupported(e, (const Node *)c, "without a session");
    TRY(e->o->parser(e->o->self, e->a, format, c->node.type, &options, &function, e->err));
    emit_quoted_name(function, out);
    str_addf(out, "(%s)", args[0]);
    return ST_OK;
}

Status emit_to_xml(Emit *e, const Call *c, const char *const *args, Str *out)
{
    KeyValueList options;
    const char *function;
    TRY(emit_options(e, c, 1, &options));
    session_options(e, c, &options);
    if (!e->o->parser)
        return emit_unsupported(e, (const Node *)c, "without a session");
    TRY(e->o->parser(e->o->self, e->a, "to_xml", arg_type(c, 0), &options, &function, e->err));
    emit_quoted_name(function, out);
    str_addf(out, "(%s)", args[0]);
    return ST_OK;
}

/* The schema of a constant text is itself a constant. */
Status emit_schema_of(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Node *text = bare(c->args.at[0]);
    const Type *t;
    KeyValueList options;
    (void)args;
    TRY(emit_options(e, c, 1, &options));
    session_options(e, c, &options);
    if (!node_is(Literal, text))
        return emit_unsupported(e, (const Node *)c, "a text that is not constant");
    const Value *v = node_as(Literal, text)->value;
    if (v->is_null)
        return spark_error(e->err, (const Node *)c, "DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must not be null.", "sqlExpr", c->function->name,
                           "exprName", c->function->name + strlen("schema_of_"), NULL);
    const Type *of = node_as(Literal, text)->of;
    if (of->kind != TYPE_STRING) /* Spark casts its value to a string and fails */
        return spark_error(e->err, (const Node *)c, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, however "
                           "<inputSql> has the type <inputType>.", "sqlExpr", c->function->name, "paramIndex", "first", "requiredType", "\"STRING\"",
                           "inputSql", "the constant", "inputType", arena_printf(e->a, "\"%s\"", type_sql_text(e->a, of)), NULL);
    View view = { v->text, v->text_len };
    if (str_eq(c->function->name, "schema_of_xml"))
        TRY(source_xml_schema_of(e->a, view, &options, "UTC", &t, e->err));
    else if (str_eq(c->function->name, "schema_of_csv"))
        TRY(source_csv_schema_of(e->a, view, &options, e->o->time_zone, &t, e->err));
    else
        TRY(source_json_schema_of(e->a, view, &options, e->o->time_zone, &t, e->err));
    str_add(out, emit_quoted(e, type_sql_text(e->a, t)));
    return ST_OK;
}
