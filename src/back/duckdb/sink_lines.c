/* back/duckdb/sink_lines.c -- CSV, JSON, XML and text files, written row by row from the query's batches.
 *
 * Source: CSVOptions, UnivocityGenerator and univocity's CsvWriter, JacksonGenerator, TextOutputWriter. */
#include "back/duckdb/packing.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "back/duckdb/sink_xml.h"
#include "back/duckdb/source.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/ustring.h>

typedef struct CsvStyle {
    const char *separator, *null_value, *empty_value, *line_end;
    char quote, escape, comment; /* 0: none */
    bool header, quote_all, escape_quotes, trim_left, trim_right;
} CsvStyle;

typedef struct LineWriter {
    SinkWork *w;
    const char *format;
    Codec codec;
    const char *encoding;   /* NULL: UTF-8 */
    UConverter *encoder;
    CsvStyle csv;
    ValueFormat values;
    XmlStyle style;
    XmlWriter xml;          /* depth 0: the file has no row yet */
    const Type *row;        /* XML: the columns */
    Str line;
    PackedFile *file;       /* the open one */
} LineWriter;

static void writer_done(LineWriter *lw)
{
    packed_file_abandon(lw->file);
    str_done(&lw->line);
    if (lw->encoder)
        ucnv_close(lw->encoder);
}

/* The line in the file's encoding; UTF-16 has one byte order mark at its start. */
static Status encoded(LineWriter *lw, Arena *a, View *ret_text, Error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    size_t units = lw->line.len + 1;
    int32_t n = 0;
    UChar *wide = arena_alloc(a, units * sizeof *wide);
    u_strFromUTF8WithSub(wide, (int32_t)units, &n, str_text(&lw->line), (int32_t)lw->line.len, 0xFFFD, NULL, &code);
    size_t room = (size_t)n * 4 + 16;
    char *out = arena_alloc(a, room), *to = out;
    const UChar *from = wide;
    ucnv_fromUnicode(lw->encoder, &to, out + room, &from, wide + n, NULL, false, &code);
    if (U_FAILURE(code))
        return FAIL(err, ST_IO, "a line cannot be written as %s", lw->encoding);
    *ret_text = (View){ out, (size_t)(to - out) };
    return ST_OK;
}

static Status put_line(LineWriter *lw, Error *err)
{
    if (lw->line.overflow)
        return FAIL(err, ST_LIMIT, "a row of more than %zu bytes", lw->line.max_bytes);
    View text = { str_text(&lw->line), lw->line.len };
    Status status;
    if (lw->encoder) {
        arena_auto *a = arena_new();
        TRY(encoded(lw, a, &text, err));
        status = packed_file_write(lw->file, text, err);
    } else {
        status = packed_file_write(lw->file, text, err);
    }
    str_clear(&lw->line);
    return status;
}

/* ---------------------------------------------------------------- CSV */
static Status one_char(const SinkWork *w, const char *name, const char *missing, char *ret_char, Error *err)
{
    const char *value = sink_option(w, name, missing);
    if (strlen(value) > 1)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2179", "%s cannot be more than one character.", name);
    *ret_char = *value;
    return ST_OK;
}

static const char *unescape_separator(const SinkWork *w, const char *text)
{
    return str_eq(text, "\\t") ? "\t" : arena_str(w->a, text);
}

static Status csv_style(SinkWork *w, CsvStyle *ret_style, Error *err)
{
    CsvStyle s = {
        .separator = unescape_separator(w, sink_option(w, "sep", sink_option(w, "delimiter", ","))),
        .null_value = sink_option(w, "nullValue", ""),
        .empty_value = sink_option(w, "emptyValue", "\"\""),
        .line_end = sink_option(w, "lineSep", "\n"),
        .header = sink_flag(w, "header", false),
        .quote_all = sink_flag(w, "quoteAll", false),
        .escape_quotes = sink_flag(w, "escapeQuotes", true),
        .trim_left = sink_flag(w, "ignoreLeadingWhiteSpace", true),
        .trim_right = sink_flag(w, "ignoreTrailingWhiteSpace", true),
    };
    TRY(one_char(w, "quote", "\"", &s.quote, err));
    TRY(one_char(w, "escape", "\\", &s.escape, err));
    TRY(one_char(w, "comment", "", &s.comment, err));
    *ret_style = s;
    return ST_OK;
}

static bool csv_needs_quotes(const CsvStyle *s, View v, bool first_column)
{
    if (s->quote_all)
        return true;
    if (first_column && s->comment && v.len && v.data[0] == s->comment)
        return true;
    size_t width = strlen(s->separator);
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (c == '\n' || c == '\r' || (s->escape_quotes && s->quote && c == s->quote))
            return true;
        if (v.len - i >= width && !memcmp(v.data + i, s->separator, width))
            return true;
    }
    return false;
}

/* nullValue and emptyValue are written as they are; quoteAll puts quotes around those that have none. */
static void csv_constant(LineWriter *lw, const char *text)
{
    const CsvStyle *s = &lw->csv;
    bool quotes = s->quote_all && s->quote && *text != s->quote;
    if (quotes)
        str_addc(&lw->line, s->quote);
    str_add(&lw->line, text);
    if (quotes)
        str_addc(&lw->line, s->quote);
}

static void csv_field(LineWriter *lw, View v, bool first_column)
{
    const CsvStyle *s = &lw->csv;
    while (s->trim_left && v.len && (unsigned char)v.data[0] <= ' ')
        v.data++, v.len--;
    while (s->trim_right && v.len && (unsigned char)v.data[v.len - 1] <= ' ')
        v.len--;
    if (!v.len) {
        csv_constant(lw, s->empty_value);
        return;
    }
    if (!s->quote || !csv_needs_quotes(s, v, first_column)) {
        str_addn(&lw->line, v.data, v.len);
        return;
    }
    str_addc(&lw->line, s->quote);
    for (size_t i = 0; i < v.len; i++) {
        if (s->escape && (v.data[i] == s->quote || v.data[i] == s->escape))
            str_addc(&lw->line, s->escape);
        str_addc(&lw->line, v.data[i]);
    }
    str_addc(&lw->line, s->quote);
}

static void csv_header(LineWriter *lw)
{
    for (size_t i = 0; i < lw->w->data.len; i++) {
        if (i)
            str_add(&lw->line, lw->csv.separator);
        csv_field(lw, VIEW(lw->w->schema->at[lw->w->data.at[i]].name), i == 0);
    }
    str_add(&lw->line, lw->csv.line_end);
}

static Status csv_row(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    str_auto value = STR_INIT(lw->line.max_bytes);
    for (size_t i = 0; i < lw->w->data.len; i++) {
        if (i)
            str_add(&lw->line, lw->csv.separator);
        const Type *type = lw->w->schema->at[lw->w->data.at[i]].type;
        if (type->kind == TYPE_NULL || ArrowArrayViewIsNull(batch->children[i], row)) {
            csv_constant(lw, lw->csv.null_value);
            continue;
        }
        str_clear(&value);
        TRY(value_text(batch->children[i], row, type, &lw->values, &value, err));
        csv_field(lw, (View){ str_text(&value), value.len }, i == 0);
    }
    str_add(&lw->line, lw->csv.line_end);
    return ST_OK;
}

/* ---------------------------------------------------------------- JSON and text */
static Status json_row(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    bool first = true;
    str_addc(&lw->line, '{');
    for (size_t i = 0; i < lw->w->data.len; i++) {
        const Column *c = &lw->w->schema->at[lw->w->data.at[i]];
        TRY(value_json_member(c->name, batch->children[i], row, c->type, &lw->values, &first, &lw->line, err));
    }
    str_addc(&lw->line, '}');
    str_add(&lw->line, lw->csv.line_end);
    return ST_OK;
}

static Status text_row(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    if (!ArrowArrayViewIsNull(batch->children[0], row))
        TRY(value_text(batch->children[0], row, &type_string, &lw->values, &lw->line, err));
    str_add(&lw->line, lw->csv.line_end);
    return ST_OK;
}

/* What cannot be written ends the task. */
static Status xml_line(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    Error why = ERROR_INIT;
    Status status = lw->xml.depth ? ST_OK : xml_begin(&lw->xml, &why);
    if (status == ST_OK)
        status = xml_row(&lw->xml, batch, row, lw->row, &why);
    if (status == ST_OK)
        return ST_OK;
    if (status != ST_RUNTIME) {
        *err = why;
        return status;
    }
    FAIL_CODE(err, ST_RUNTIME, "TASK_WRITE_FAILED", "[TASK_WRITE_FAILED] Task failed while writing rows to %s: %s SQLSTATE: 58030", lw->w->request->folder,
              why.message);
    error_param(err, "path", lw->w->request->folder);
    return ST_RUNTIME;
}

static Status add_row(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    if (str_eq(lw->format, "xml"))
        return xml_line(lw, batch, row, err);
    if (str_eq(lw->format, "csv"))
        return csv_row(lw, batch, row, err);
    return str_eq(lw->format, "json") ? json_row(lw, batch, row, err) : text_row(lw, batch, row, err);
}

/* ---------------------------------------------------------------- files */
static Status lines_begin(void *self, const char *path, Error *err)
{
    LineWriter *lw = self;
    TRY(packed_file_create(path, lw->codec, &lw->file, err));
    if (lw->encoder)
        ucnv_resetFromUnicode(lw->encoder);
    lw->xml = (XmlWriter){ .style = &lw->style, .out = &lw->line };
    if (!str_eq(lw->format, "csv") || !lw->csv.header)
        return ST_OK;
    csv_header(lw);
    return put_line(lw, err);
}

static Status lines_row(void *self, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    TRY(add_row(self, batch, row, err));
    return put_line(self, err);
}

static Status lines_end(void *self, Error *err)
{
    LineWriter *lw = self;
    if (lw->xml.depth) {
        xml_end(&lw->xml);
        TRY(put_line(lw, err));
    }
    PackedFile *file = lw->file;
    lw->file = NULL;
    return packed_file_finish(file, err);
}

static void lines_abandon(void *self)
{
    LineWriter *lw = self;
    packed_file_abandon(lw->file);
    lw->file = NULL;
}

/* Options that change the bytes and are not done: refused, not passed over. */
static Status check_options(const SinkWork *w, Error *err)
{
    if (!sink_option(w, "charToEscapeQuoteEscaping", NULL))
        return ST_OK;
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR",
                              "The feature is not supported: writing files with the option 'charToEscapeQuoteEscaping'.");
    memcpy(err->sqlstate, "0A000", 6);
    return status;
}

/* Patterns of SimpleDateFormat mean other things. */
static Status check_policy(const SinkWork *w, Error *err)
{
    const char *policy = w->emit->conf ? w->emit->conf(w->emit->self, SOURCE_TIME_PARSER_POLICY) : NULL;
    bool given = sink_option(w, "dateFormat", NULL) || sink_option(w, "timestampFormat", NULL) || sink_option(w, "timestampNTZFormat", NULL);
    if (!given || !str_ieq(policy, "LEGACY"))
        return ST_OK;
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR",
                              "The feature is not supported: a datetime pattern with spark.sql.legacy.timeParserPolicy LEGACY.");
    memcpy(err->sqlstate, "0A000", 6);
    return status;
}

static Status find_pattern(const SinkWork *w, const char *option, const Pattern **ret_pattern, Error *err)
{
    const char *text = sink_option(w, option, NULL);
    PatternFault fault;
    if (!text)
        return ST_OK;
    Pattern *p = pattern_new(VIEW(text), PATTERN_FORMAT, &fault);
    if (!p)
        return engine_fail(err, ST_INVALID, fault.class, PATTERN_FAULT_PARAMS(&fault, text));
    arena_defer(w->a, pattern_free, p);
    *ret_pattern = p;
    return ST_OK;
}

static Status find_encoder(LineWriter *lw, Error *err)
{
    const char *name = sink_option(lw->w, "encoding", sink_option(lw->w, "charset", "UTF-8"));
    UErrorCode code = U_ZERO_ERROR;
    if (str_ieq(name, "UTF-8") || str_ieq(name, "UTF8") || str_eq(lw->format, "text"))
        return ST_OK;
    lw->encoding = str_ieq(name, "UTF-16") ? "UTF-16BE,version=1" : name; /* Java's: big-endian with its mark */
    lw->encoder = ucnv_open(lw->encoding, &code);
    if (U_SUCCESS(code) && str_eq(lw->format, "xml"))
        ucnv_setFromUCallBack(lw->encoder, UCNV_FROM_U_CALLBACK_ESCAPE, UCNV_ESCAPE_XML_HEX, NULL, NULL, &code);
    else if (U_SUCCESS(code) && !str_istarts(lw->encoding, "UTF-"))
        ucnv_setSubstString(lw->encoder, (const UChar[]){ '?' }, 1, &code); /* as Java does */
    if (U_FAILURE(code))
        return FAIL_CODE(err, ST_INVALID, "INVALID_PARAMETER_VALUE.CHARSET", "the encoding '%s' is not known", name);
    return ST_OK;
}

/* CompressionCodecs */
static Status find_codec(const SinkWork *w, Codec *ret_codec, Error *err)
{
    static const struct {
        const char *name, *class;
        Codec codec;
    } codecs[] = { { "none", NULL, CODEC_NONE },
                   { "uncompressed", NULL, CODEC_NONE },
                   { "bzip2", "org.apache.hadoop.io.compress.BZip2Codec", CODEC_BZIP2 },
                   { "deflate", "org.apache.hadoop.io.compress.DeflateCodec", CODEC_ZLIB },
                   { "gzip", "org.apache.hadoop.io.compress.GzipCodec", CODEC_GZIP },
                   { "lz4", "org.apache.hadoop.io.compress.Lz4Codec", CODEC_LZ4 },
                   { "snappy", "org.apache.hadoop.io.compress.SnappyCodec", CODEC_SNAPPY },
                   { "zstd", "org.apache.hadoop.io.compress.ZStandardCodec", CODEC_ZSTD },
                   { "deflate", "org.apache.hadoop.io.compress.DefaultCodec", CODEC_ZLIB } };
    const char *name = sink_option(w, "compression", sink_option(w, "codec", "none"));
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (str_ieq(codecs[i].name, name) || str_eq(codecs[i].class, name)) {
            *ret_codec = codecs[i].codec;
            return ST_OK;
        }
    return engine_fail(err, ST_INVALID, "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION", "codecName", name, "availableCodecs",
                       "bzip2, deflate, uncompressed, snappy, none, lz4, gzip", NULL);
}

static Status set_up_xml(LineWriter *lw, Error *err)
{
    SinkWork *w = lw->w;
    Field *fields = ARENA_ARRAY(w->a, Field, w->data.len + 1);
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        TRY(xml_check_type(c->type, err));
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = true };
    }
    lw->row = type_struct(w->a, fields, w->data.len);
    TRY(find_codec(w, &lw->codec, err));
    TRY(find_encoder(lw, err));
    return xml_style(w->a, w->request->options, true, w->emit->time_zone, &lw->style, err);
}

static Status set_up(LineWriter *lw, Error *err)
{
    SinkWork *w = lw->w;
    if (str_eq(lw->format, "xml"))
        return set_up_xml(lw, err);
    TRY(check_options(w, err));
    TRY(check_policy(w, err));
    if (str_eq(lw->format, "text") && (w->data.len != 1 || w->schema->at[w->data.at[0]].type->kind != TYPE_STRING))
        return w->data.len != 1
                   ? FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1290", "Text data source supports only a single column, and you have %zu columns.", w->data.len)
                   : engine_fail(err, ST_INVALID, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "format", "Text", "columnName",
                                 arena_printf(w->a, "`%s`", w->schema->at[w->data.at[0]].name), "columnType",
                                 arena_printf(w->a, "\"%s\"", type_sql_text(w->a, w->schema->at[w->data.at[0]].type)), NULL);
    TRY(find_codec(w, &lw->codec, err));
    TRY(find_encoder(lw, err));
    const char *zone = sink_option(w, "timeZone", w->emit->time_zone ? w->emit->time_zone : "UTC");
    lw->values = (ValueFormat){
        .zone = zone_find(VIEW(zone)),
        .utc = zone_find(VIEW("UTC")),
        .keep_nulls = str_ieq(sink_option(w, "ignoreNullFields", "true"), "false"),
    };
    TRY(find_pattern(w, "dateFormat", &lw->values.date_format, err));
    TRY(find_pattern(w, "timestampFormat", &lw->values.timestamp_format, err));
    TRY(find_pattern(w, "timestampNTZFormat", &lw->values.timestamp_ntz_format, err));
    if (!lw->values.zone)
        return engine_fail(err, ST_INVALID, "INVALID_TIMEZONE", "timeZone", zone, NULL);
    return csv_style(w, &lw->csv, err);
}

Status sink_lines(SinkWork *w, const char *format, SinkFiles *ret_files, Error *err)
{
    __attribute__((cleanup(writer_done))) LineWriter lw = { .w = w, .format = format, .line = STR_INIT(LIMIT_QUERY_TEXT) };
    TRY(set_up(&lw, err));
    RowSink sink = { .self = &lw, .begin = lines_begin, .row = lines_row, .end = lines_end, .abandon = lines_abandon };
    sink.extension = arena_printf(w->a, ".%s%s", str_eq(format, "text") ? "txt" : format, packing_extension(lw.codec));
    return sink_rows(w, &sink, ret_files, err);
}
