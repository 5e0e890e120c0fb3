/* back/duckdb/sink_xml.c -- the generator of XML, and to_xml's rows. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/sink_xml.h"

#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_scan.h"
#include "base/limits.h"

#include <inttypes.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>

/* ---------------------------------------------------------------- options */
static const char *given(const KeyValueList *options, const char *name, const char *missing)
{
    const char *value = source_option(options, name);
    return value ? value : missing;
}

Status xml_style(Arena *a, const KeyValueList *options, bool format, const char *time_zone, XmlStyle *ret_style, Error *err)
{
    XmlOptions checked;
    const char *zone = given(options, "timeZone", time_zone ? time_zone : "UTC"), *locale = source_option(options, "locale");
    TRY(xml_options(a, options, format, &checked, err));
    XmlStyle s = {
        .row_tag = arena_strn(a, checked.row_tag.data, checked.row_tag.len),
        .root_tag = given(options, "rootTag", "ROWS"),
        .declaration = given(options, "declaration", "version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\""),
        .item = given(options, "arrayElementName", "item"),
        .prefix = given(options, "attributePrefix", "_"),
        .value_tag = given(options, "valueTag", "_VALUE"),
        .indent = given(options, "indent", "    "),
        .null_value = source_option(options, "nullValue"),
        .values = { .zone = zone_find(VIEW(zone)), .utc = zone_find(VIEW("UTC")) },
    };
    TRY(source_bool(options, "validateName", true, &s.validate_names, err));
    if (!*s.prefix)
        return FAIL_CODE(err, ST_INVALID, "", "requirement failed: 'attributePrefix' option should not be empty string.");
    if (source_option(options, "singleVariantColumn"))
        return source_unsupported(err, "writing XML with the option singleVariantColumn");
    if (locale && !str_ieq(locale, "en-US"))
        return source_unsupported(err, "the option locale of XML");
    if (!s.values.zone)
        return engine_fail(err, ST_INVALID, "INVALID_TIMEZONE", "timeZone", zone, NULL);
    TRY(source_pattern(a, options, "dateFormat", PATTERN_FORMAT, &s.values.date_format, err));
    TRY(source_pattern(a, options, "timestampFormat", PATTERN_FORMAT, &s.values.timestamp_format, err));
    TRY(source_pattern(a, options, "timestampNTZFormat", PATTERN_FORMAT, &s.values.timestamp_ntz_format, err));
    *ret_style = s;
    return ST_OK;
}

Status xml_check_type(const Type *t, Error *err)
{
    if (t->kind == TYPE_VARIANT)
        return source_unsupported(err, "VARIANT as XML");
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        TRY(xml_check_type(t->fields[i].type, err));
    if (t->kind == TYPE_MAP)
        TRY(xml_check_type(t->key, err));
    return t->element ? xml_check_type(t->element, err) : ST_OK;
}

/* ---------------------------------------------------------------- markup */
static void close_start(XmlWriter *w)
{
    if (w->open)
        str_addc(w->out, '>');
    w->open = false;
}

static Status no_character(unsigned char c, Error *err)
{
    return FAIL_CODE(err, ST_RUNTIME, "", "Invalid white space character (0x%x) in text to output", c);
}

static Status put_text(XmlWriter *w, View v, Error *err)
{
    close_start(w);
    w->newline = false;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c < ' ' && c != '\n' && c != '\t' && c != '\r')
            return no_character(c, err);
        if (c == '<')
            str_add(w->out, "&lt;");
        else if (c == '&')
            str_add(w->out, "&amp;");
        else if (c == '>' && (i == 0 || v.data[i - 1] == ']'))
            str_add(w->out, "&gt;");
        else if (c == '\r')
            str_add(w->out, "&#xd;");
        else
            str_addc(w->out, (char)c);
    }
    return ST_OK;
}

/* Names without a colon; `c` is decoded as it is valid UTF-8. */
static bool good_name(const char *name)
{
    size_t i = 0;
    while (name[i]) {
        const unsigned char *c = (const unsigned char *)name + i;
        size_t n = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
        unsigned code = n == 1 ? c[0] : n == 2 ? (c[0] & 0x1fu) : n == 3 ? (c[0] & 0x0fu) : (c[0] & 0x07u);
        for (size_t k = 1; k < n; k++)
            code = code << 6 | (c[k] & 0x3fu);
        if (code == ':' || !(i ? xml_name_part(code) : xml_name_start(code)))
            return false;
        i += n;
    }
    return i > 0;
}

static Status check_name(const XmlWriter *w, const char *name, Error *err)
{
    return !w->style->validate_names || good_name(name) ? ST_OK : FAIL_CODE(err, ST_RUNTIME, "", "Illegal name being output: '%s'", name);
}

static void indent(XmlWriter *w)
{
    if (!*w->style->indent)
        return;
    if (w->depth)
        str_addc(w->out, '\n');
    for (size_t i = 0; i < w->depth; i++)
        str_add(w->out, w->style->indent);
}

static Status start_element(XmlWriter *w, const char *name, Error *err)
{
    TRY(check_name(w, name, err));
    close_start(w);
    indent(w);
    str_addf(w->out, "<%s", name);
    w->depth++;
    w->open = true;
    w->newline = false;
    return ST_OK;
}

static void end_element(XmlWriter *w, const char *name)
{
    w->depth--;
    if (w->newline && *w->style->indent) {
        close_start(w);
        if (!w->depth)
            str_addc(w->out, '\n');
        indent(w);
    }
    if (w->open)
        str_add(w->out, "/>");
    else
        str_addf(w->out, "</%s>", name);
    w->open = false;
    w->newline = true;
}

static Status put_attribute(XmlWriter *w, const char *name, View v, Error *err)
{
    TRY(check_name(w, name, err));
    if (!w->open)
        return FAIL_CODE(err, ST_RUNTIME, "", "Trying to write an attribute when there is no open start element.");
    str_addf(w->out, " %s=\"", name);
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c < ' ' && c != '\n' && c != '\t' && c != '\r')
            return no_character(c, err);
        if (c < ' ')
            str_addf(w->out, "&#x%x;", c);
        else if (c == '<')
            str_add(w->out, "&lt;");
        else if (c == '&')
            str_add(w->out, "&amp;");
        else if (c == '"')
            str_add(w->out, "&quot;");
        else
            str_addc(w->out, (char)c);
    }
    str_addc(w->out, '"');
    return ST_OK;
}

/* ---------------------------------------------------------------- values */
static Status put_child(XmlWriter *w, const char *name, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err);

static bool is_null(const struct ArrowArrayView *v, int64_t row, const Type *t)
{
    return t->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row);
}

static bool is_attribute(const XmlWriter *w, const char *name)
{
    return str_starts(name, w->style->prefix) && strcmp(name, w->style->value_tag) != 0;
}

static void decimal_text(const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out)
{
    char text[NUMBER_TEXT_BYTES];
    struct ArrowDecimal decimal;
    i128 unscaled;
    ArrowDecimalInit(&decimal, 128, t->precision, t->scale);
    ArrowArrayViewGetDecimalUnsafe(v, row, &decimal);
    memcpy(&unscaled, decimal.words, sizeof unscaled);
    str_addn(out, text, print_decimal_java(unscaled, t->scale, text));
}

/* A value as Spark has it inside: dates and times are numbers. */
static Status raw_text(const XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out, Error *err)
{
    switch (t->kind) {
    case TYPE_DATE: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL:
        str_addf(out, "%" PRId64, ArrowArrayViewGetIntUnsafe(v, row));
        return ST_OK;
    case TYPE_BINARY: case TYPE_ARRAY: case TYPE_MAP: case TYPE_STRUCT: case TYPE_CALENDAR_INTERVAL: case TYPE_TIME:
        return source_unsupported(err, "XML attributes or names of this type");
    case TYPE_DECIMAL: return decimal_text(v, row, t, out), ST_OK;
    default: return value_text(v, row, t, &w->style->values, out, err);
    }
}

static Status put_atom(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    arena_auto *a = arena_new();
    View bytes;
    switch (t->kind) {
    case TYPE_BOOLEAN: case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: case TYPE_FLOAT: case TYPE_DOUBLE:
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: case TYPE_DATE: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ:
        TRY(value_text(v, row, t, &w->style->values, &text, err));
        break;
    case TYPE_DECIMAL: decimal_text(v, row, t, &text); break;
    case TYPE_BINARY:
        bytes = arrow_bytes(v, row);
        str_addc(&text, '[');
        for (size_t i = 0; i < bytes.len; i++)
            str_addf(&text, "%s%02X", i ? " " : "", (unsigned)(unsigned char)bytes.data[i]);
        str_addc(&text, ']');
        break;
    default:
        return engine_fail(err, ST_RUNTIME, "_LEGACY_ERROR_TEMP_3238", "message",
                           arena_printf(a, "Failed to convert a value of type %s to XML.", type_sql_text(a, t)), NULL);
    }
    return put_text(w, (View){ str_text(&text), text.len }, err);
}

/* Attributes stand before the rest. */
static Status put_struct(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    for (int attributes = 1; attributes >= 0; attributes--)
        for (size_t i = 0; i < t->nfields; i++)
            if (is_attribute(w, t->fields[i].name) == (attributes == 1))
                TRY(put_child(w, t->fields[i].name, v->children[i], row, t->fields[i].type, err));
    return ST_OK;
}

static Status put_map(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    const struct ArrowArrayView *entries = v->children[0];
    str_auto key = STR_INIT(LIMIT_QUERY_TEXT);
    for (int attributes = 1; attributes >= 0; attributes--)
        for (int64_t i = ArrowArrayViewListChildOffset(v, row); i < ArrowArrayViewListChildOffset(v, row + 1); i++) {
            str_clear(&key);
            TRY(raw_text(w, entries->children[0], i, t->key, &key, err));
            if (is_attribute(w, str_text(&key)) == (attributes == 1))
                TRY(put_child(w, str_text(&key), entries->children[1], i, t->element, err));
        }
    return ST_OK;
}

static Status put_value(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    if (is_null(v, row, t))
        return put_text(w, VIEW(w->style->null_value), err);
    switch (t->kind) {
    case TYPE_STRUCT: return put_struct(w, v, row, t, err);
    case TYPE_MAP: return put_map(w, v, row, t, err);
    case TYPE_UDT: return put_value(w, v, row, t->sql_type, err);
    case TYPE_ARRAY:
        for (int64_t i = ArrowArrayViewListChildOffset(v, row); i < ArrowArrayViewListChildOffset(v, row + 1); i++)
            TRY(put_child(w, w->style->item, v->children[0], i, t->element, err));
        return ST_OK;
    default: return put_atom(w, v, row, t, err);
    }
}

static Status put_element(XmlWriter *w, const char *name, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    if (is_null(v, row, t) && !w->style->null_value)
        return ST_OK;
    if (!strcmp(name, w->style->value_tag))
        return put_value(w, v, row, t, err);
    TRY(start_element(w, name, err));
    TRY(put_value(w, v, row, t, err));
    end_element(w, name);
    return ST_OK;
}

static Status put_child(XmlWriter *w, const char *name, const struct ArrowArrayView *v, int64_t row, const Type *t, Error *err)
{
    if (!is_attribute(w, name)) {
        if (t->kind != TYPE_ARRAY || is_null(v, row, t))
            return put_element(w, name, v, row, t, err);
        for (int64_t i = ArrowArrayViewListChildOffset(v, row); i < ArrowArrayViewListChildOffset(v, row + 1); i++)
            TRY(put_element(w, name, v->children[0], i, t->element, err));
        return ST_OK;
    }
    const char *attribute = name + strlen(w->style->prefix);
    if (is_null(v, row, t))
        return w->style->null_value ? put_attribute(w, attribute, VIEW(w->style->null_value), err) : ST_OK;
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(raw_text(w, v, row, t, &text, err));
    return put_attribute(w, attribute, (View){ str_text(&text), text.len }, err);
}

/* ---------------------------------------------------------------- documents */
/* "root a='b'": a name and attributes. */
static Status put_root(XmlWriter *w, Error *err)
{
    arena_auto *a = arena_new();
    char *text = arena_str(a, w->style->root_tag), *rest = NULL;
    const char *name = strtok_r(text, " ", &rest);
    TRY(start_element(w, name ? name : "", err));
    for (char *token = strtok_r(NULL, " ", &rest); token; token = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(token, '=');
        if (!value)
            return FAIL_CODE(err, ST_INVALID, "", "the option rootTag has an attribute without a value: %s", token);
        *value++ = '\0';
        str_auto plain = STR_INIT(LIMIT_NAME);
        for (; *value; value++)
            if (*value != '\'' && *value != '"')
                str_addc(&plain, *value);
        TRY(put_attribute(w, token, (View){ str_text(&plain), plain.len }, err));
    }
    return ST_OK;
}

Status xml_begin(XmlWriter *w, Error *err)
{
    if (*w->style->declaration)
        str_addf(w->out, "<?xml %s?>\n", w->style->declaration);
    TRY(put_root(w, err));
    return *w->style->indent ? ST_OK : put_text(w, VIEW("\n"), err);
}

void xml_end(XmlWriter *w)
{
    size_t n = strcspn(w->style->root_tag, " ");
    arena_auto *a = arena_new();
    end_element(w, arena_strn(a, w->style->root_tag, n));
}

Status xml_row(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *type, Error *err)
{
    TRY(start_element(w, w->style->row_tag, err));
    TRY(put_struct(w, v, row, type, err));
    end_element(w, w->style->row_tag);
    return *w->style->indent ? ST_OK : put_text(w, VIEW("\n"), err);
}

/* ---------------------------------------------------------------- to_xml */
Status xml_function_style(ScanPlan *plan, const char *zone, Error *err)
{
    plan->xml_style = ARENA_NEW(plan->a, XmlStyle);
    if (!plan->schema->nfields)
        return FAIL_CODE(err, ST_INVALID, "", "to_xml of a struct without fields");
    TRY(xml_check_type(plan->schema, err));
    return xml_style(plan->a, &plan->options, false, zone, plan->xml_style, err);
}

Status xml_put_value(const ScanPlan *plan, const struct ArrowArrayView *v, int64_t row, Str *out, Error *err)
{
    XmlWriter w = { .style = plan->xml_style, .out = out };
    return xml_row(&w, v, row, plan->schema, err);
}
