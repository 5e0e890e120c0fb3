/* back/duckdb/source_xml_options.c -- XmlOptions, and what names and values become by them. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_xml.h"
#include "base/limits.h"

#include <stdio.h>

/* What the JVM's `require` says. */
static Status required(Error *err, const char *what)
{
    return FAIL_CODE(err, ST_INVALID, "", "requirement failed: %s", what);
}

static Status no_brackets(View tag, const char *name, Error *err)
{
    char what[80];
    snprintf(what, sizeof what, "'%s' should not include angle brackets", name);
    return tag.len && (tag.data[0] == '<' || tag.data[tag.len - 1] == '>') ? required(err, what) : ST_OK;
}

static View given(const KeyValueList *options, const char *name, const char *missing)
{
    const char *value = source_option(options, name);
    return VIEW(value ? value : missing);
}

static Status tags(const KeyValueList *options, bool format, XmlOptions *o, Error *err)
{
    if (format && !source_option(options, "rowTag"))
        return engine_fail(err, ST_INVALID, "XML_ROW_TAG_MISSING", "rowTag", "`rowTag`", NULL);
    o->row_tag = xml_trim(given(options, "rowTag", "ROW"));
    o->attribute_prefix = given(options, "attributePrefix", "_");
    o->value_tag = given(options, "valueTag", "_VALUE");
    o->wildcard = given(options, "wildcardColName", "xs_any");
    if (!o->row_tag.len)
        return required(err, "'rowTag' option should not be an empty string.");
    TRY(no_brackets(o->row_tag, "rowTag", err));
    TRY(no_brackets(given(options, "rootTag", "ROWS"), "rootTag", err));
    TRY(no_brackets(given(options, "declaration", ""), "declaration", err));
    if (!o->value_tag.len)
        return required(err, "'valueTag' option should not be empty string.");
    if (o->value_tag.len == o->attribute_prefix.len && !memcmp(o->value_tag.data, o->attribute_prefix.data, o->value_tag.len))
        return required(err, "'valueTag' and 'attributePrefix' options should not be the same.");
    return ST_OK;
}

static Status refuse(const KeyValueList *options, Error *err)
{
    if (source_option(options, "rowValidationXSDPath"))
        return source_unsupported(err, "the option rowValidationXSDPath of XML");
    const char *old = source_option(options, "useLegacyXMLParser");
    return old && str_ieq(old, "true") ? source_unsupported(err, "the option useLegacyXMLParser of XML") : ST_OK;
}

Status xml_options(Arena *a, const KeyValueList *options, bool format, XmlOptions *ret_options, Error *err)
{
    XmlOptions o = { 0 };
    const char *null_value = source_option(options, "nullValue");
    TRY(refuse(options, err));
    TRY(tags(options, format, &o, err));
    o.null_value = null_value ? VIEW(arena_str(a, null_value)) : (View){ 0 };
    TRY(source_bool(options, "excludeAttribute", false, &o.exclude_attributes, err));
    TRY(source_bool(options, "ignoreSurroundingSpaces", true, &o.trim, err));
    TRY(source_bool(options, "inferSchema", true, &o.infer, err));
    TRY(source_bool(options, "prefersDecimal", false, &o.prefers_decimal, err));
    TRY(source_bool(options, "preferDate", true, &o.prefer_date, err));
    TRY(source_bool(options, "ignoreNamespace", false, &o.ignore_namespace, err));
    TRY(source_bool(options, "multiLine", true, &o.multi_line, err));
    o.case_sensitive = str_ieq(source_option(options, SOURCE_CASE_SENSITIVE), "true");
    *ret_options = o;
    return ST_OK;
}

Status xml_common(Arena *a, const XmlOptions *o, const KeyValueList *options, const char *time_zone, CsvOptions *common, Error *err)
{
    static const char *const names[] = { "mode", "columnNameOfCorruptRecord", "timeZone", "dateFormat", "timestampFormat", "timestampNTZFormat",
                                         "locale", "lineSep", "samplingRatio", "inferSchema", SOURCE_TIMESTAMP_TYPE, SOURCE_TIME_PARSER_POLICY };
    KeyValueList shared = { 0 };
    PatternFault fault;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = source_option(options, names[i]);
        if (value)
            vec_push(a, &shared, (KeyValue){ names[i], value });
    }
    if (str_ieq(source_option(options, SOURCE_TIME_PARSER_POLICY), "LEGACY"))
        return source_unsupported(err, "XML with spark.sql.legacy.timeParserPolicy LEGACY");
    TRY(csv_options(a, &shared, time_zone, common, err));
    common->multi_line = o->multi_line;
    if (common->date_format || !o->prefer_date)
        return ST_OK;
    Pattern *p = pattern_new(VIEW("yyyy-MM-dd"), PATTERN_PARSE, &fault);
    if (!p)
        return FAIL(err, ST_INTERNAL, "the pattern of dates");
    arena_defer(a, pattern_free, p);
    common->date_format = p;
    return ST_OK;
}

View xml_trim(View v)
{
    while (v.len && (unsigned char)v.data[0] <= ' ')
        v.data++, v.len--;
    while (v.len && (unsigned char)v.data[v.len - 1] <= ' ')
        v.len--;
    return v;
}

View xml_name(const XmlOptions *o, View name)
{
    while (o->ignore_namespace && name.len > 1 && name.data[name.len - 1] == ':') /* split(":").last: colons at the end do not count */
        name.len--;
    const char *colon = o->ignore_namespace ? memrchr(name.data, ':', name.len) : NULL;
    return colon ? (View){ colon + 1, (size_t)(name.data + name.len - colon - 1) } : name;
}

bool xml_is_null(const XmlOptions *o, View v)
{
    return o->null_value.data && v.len == o->null_value.len && !memcmp(v.data, o->null_value.data, v.len);
}

bool xml_attribute_value(const XmlOptions *o, View v, View *ret_value)
{
    *ret_value = o->trim ? xml_trim(v) : v;
    return !xml_is_null(o, *ret_value);
}

/* ---------------------------------------------------------------- encodings */
/* encoding="…" of the declaration; NULL: none. */
static const char *declared_encoding(Arena *a, View bytes)
{
    const char *end = bytes.len > 5 && !memcmp(bytes.data, "<?xml", 5) ? memmem(bytes.data, bytes.len, "?>", 2) : NULL;
    const char *at = end ? memmem(bytes.data, (size_t)(end - bytes.data), "encoding", 8) : NULL;
    if (!at)
        return NULL;
    for (at += 8; at < end && *at != '"' && *at != '\'';)
        at++;
    const char *close = at < end ? memchr(at + 1, *at, (size_t)(end - at - 1)) : NULL;
    return close ? arena_strn(a, at + 1, (size_t)(close - at - 1)) : NULL;
}

static Status no_text(const char *name, Error *err)
{
    return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.NO_HINT", "path", name, NULL);
}

Status xml_decode(Arena *a, const char *name, View bytes, View *ret_text, Error *err)
{
    const char *encoding = declared_encoding(a, bytes);
    Error why = ERROR_INIT;
    bool wide = bytes.len >= 2 && (!memcmp(bytes.data, "\xff\xfe", 2) || !memcmp(bytes.data, "\xfe\xff", 2));
    if (wide)
        encoding = "UTF-16";
    if (encoding && !str_ieq(encoding, "UTF-8")) {
        Status status = source_decode(a, encoding, bytes, &bytes, &why);
        if (status == ST_UNSUPPORTED)
            *err = why;
        if (status != ST_OK)
            return status == ST_UNSUPPORTED ? status : no_text(name, err);
    }
    if (!utf8_valid(bytes.data, bytes.len))
        return no_text(name, err);
    *ret_text = bytes;
    return ST_OK;
}
