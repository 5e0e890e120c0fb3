/* back/duckdb/sink_lines.c -- CSV, JSON and text files, written row by row from the query's batches.
 *
 * Rows of a partition come together (the query is ordered by the partitions), so one file is open at a time.
 * Source: CSVOptions, UnivocityGenerator and univocity's CsvWriter, JacksonGenerator, TextOutputWriter. */
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

typedef struct CsvStyle {
    const char *separator, *null_value, *empty_value, *line_end;
    char quote, escape, comment; /* 0: none */
    bool header, quote_all, escape_quotes, trim_left, trim_right;
} CsvStyle;

typedef struct LineWriter {
    SinkWork *w;
    const char *format;
    const char *extension;  /* ".csv", ".json.gz" */
    bool gzip;
    CsvStyle csv;
    ValueFormat values;
    SinkFiles *files;
    Str line;
    FILE *plain;            /* the open file, one of both */
    gzFile zipped;
    const char *name;       /* of the open file, relative */
    const char **partition; /* its values */
    int64_t rows;
} LineWriter;

static void writer_close(LineWriter *lw)
{
    if (lw->plain)
        fclose(lw->plain);
    if (lw->zipped)
        gzclose(lw->zipped);
    lw->plain = NULL;
    lw->zipped = NULL;
}

static void writer_done(LineWriter *lw)
{
    writer_close(lw);
    str_done(&lw->line);
}

static Status put_line(LineWriter *lw, Error *err)
{
    if (lw->line.overflow)
        return FAIL(err, ST_LIMIT, "a row of more than %zu bytes", lw->line.max_bytes);
    size_t length = lw->line.len;
    bool good = lw->zipped ? gzwrite(lw->zipped, str_text(&lw->line), (unsigned)length) == (int)length || !length
                           : fwrite(str_text(&lw->line), 1, length, lw->plain) == length;
    str_clear(&lw->line);
    return good ? ST_OK : FAIL(err, ST_IO, "write '%s': %s", lw->name, strerror(errno));
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

static Status add_row(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    if (str_eq(lw->format, "csv"))
        return csv_row(lw, batch, row, err);
    return str_eq(lw->format, "json") ? json_row(lw, batch, row, err) : text_row(lw, batch, row, err);
}

/* ---------------------------------------------------------------- files */
static Status file_open(LineWriter *lw, const char **partition, Error *err)
{
    SinkWork *w = lw->w;
    lw->partition = partition;
    lw->rows = 0;
    lw->name = arena_printf(w->a, "%spart-00000-%s%sc000%s", w->partitions.len ? sink_partition_path(w, partition) : "",
                            w->request->uuid, w->partitions.len ? "." : "-", lw->extension);
    const char *path = path_join(w->a, w->request->folder, lw->name);
    TRY(dir_make(arena_strn(w->a, path, (size_t)(strrchr(path, '/') - path)), 0777, err));
    if (lw->gzip)
        lw->zipped = gzopen(path, "wbe");
    else
        lw->plain = fopen(path, "wbe");
    if (!lw->zipped && !lw->plain)
        return FAIL(err, ST_IO, "create '%s': %s", path, strerror(errno));
    if (!str_eq(lw->format, "csv") || !lw->csv.header)
        return ST_OK;
    csv_header(lw);
    return put_line(lw, err);
}

static Status file_end(LineWriter *lw, Error *err)
{
    if (!lw->plain && !lw->zipped)
        return ST_OK;
    bool good = lw->plain ? fclose(lw->plain) == 0 : gzclose(lw->zipped) == Z_OK;
    lw->plain = NULL;
    lw->zipped = NULL;
    struct stat st;
    if (!good || stat(path_join(lw->w->a, lw->w->request->folder, lw->name), &st) < 0)
        return FAIL(err, ST_IO, "write '%s': %s", lw->name, strerror(errno));
    sink_add(lw->w, lw->files, lw->name, lw->rows, st.st_size, lw->partition);
    return ST_OK;
}

static bool same_partition(const LineWriter *lw, const struct ArrowArrayView *batch, int64_t row)
{
    for (size_t i = 0; i < lw->w->partitions.len; i++) {
        const struct ArrowArrayView *v = batch->children[lw->w->data.len + i];
        bool null = ArrowArrayViewIsNull(v, row);
        if (null != !lw->partition[i])
            return false;
        if (null)
            continue;
        struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(v, row);
        if ((size_t)s.size_bytes != strlen(lw->partition[i]) || memcmp(s.data, lw->partition[i], (size_t)s.size_bytes))
            return false;
    }
    return true;
}

/* Opens the file that `row` belongs to, unless it is open. */
static Status file_for(LineWriter *lw, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    SinkWork *w = lw->w;
    if (!w->partitions.len || ((lw->plain || lw->zipped) && same_partition(lw, batch, row)))
        return ST_OK;
    TRY(file_end(lw, err));
    const char **values = ARENA_ARRAY(w->a, const char *, w->partitions.len);
    for (size_t i = 0; i < w->partitions.len; i++) {
        const struct ArrowArrayView *v = batch->children[w->data.len + i];
        struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(v, row);
        values[i] = ArrowArrayViewIsNull(v, row) ? NULL : arena_strn(w->a, s.data, (size_t)s.size_bytes);
    }
    return file_open(lw, values, err);
}

static Status write_batch(LineWriter *lw, const struct ArrowArrayView *batch, int64_t rows, Error *err)
{
    for (int64_t row = 0; row < rows; row++) {
        TRY(file_for(lw, batch, row, err));
        TRY(add_row(lw, batch, row, err));
        TRY(put_line(lw, err));
        lw->rows++;
    }
    return ST_OK;
}

/* The data columns and the partitions' texts, ordered by the latter. */
static Status query_text(SinkWork *w, Str *sql, const Type **ret_schema, Error *err)
{
    size_t n = w->data.len, total = n + w->partitions.len;
    Field *fields = ARENA_ARRAY(w->a, Field, total + 1);
    str_add(sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        str_addf(sql, "%sc%u AS d%zu", i ? ", " : "", c->id, i);
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = true };
    }
    for (size_t i = 0; i < w->partitions.len; i++) {
        const char *text;
        TRY(sink_partition_text(w, i, &text, err));
        str_addf(sql, "%snullif(%s, '') AS p%zu", i || n ? ", " : "", text, i);
        fields[n + i] = (Field){ .name = "p", .type = &type_string, .nullable = true };
    }
    str_addf(sql, " FROM (%s)", w->inner);
    for (size_t i = 0; i < w->partitions.len; i++)
        str_addf(sql, "%s p%zu", i ? "," : " ORDER BY", i);
    *ret_schema = type_struct(w->a, fields, total);
    return ST_OK;
}

static Status run(LineWriter *lw, Error *err)
{
    const Type *schema;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(query_text(lw->w, &sql, &schema, err));
    engine_result_auto *result = NULL;
    TRY(engine_query(lw->w->session, str_text(&sql), &(EngineOutput){ .schema = schema }, &result, err));
    if (!lw->w->partitions.len)
        TRY(file_open(lw, NULL, err));
    struct ArrowSchema arrow = { 0 };
    TRY(engine_result_schema(result, &arrow, err));
    struct ArrowArrayView view;
    bool good = ArrowArrayViewInitFromSchema(&view, &arrow, NULL) == NANOARROW_OK;
    ArrowSchemaRelease(&arrow);
    Status status = good ? ST_OK : FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
    for (bool done = false; status == ST_OK && !done;) {
        struct ArrowArray batch = { 0 };
        status = engine_result_next(result, &batch, &done, err);
        if (status != ST_OK || done)
            break;
        status = ArrowArrayViewSetArray(&view, &batch, NULL) == NANOARROW_OK
                     ? write_batch(lw, &view, batch.length, err)
                     : FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&view);
    TRY(status);
    return file_end(lw, err);
}

/* Options that change the bytes and are not done: refused, not passed over. */
static Status check_options(const SinkWork *w, Error *err)
{
    const char *encoding = sink_option(w, "encoding", sink_option(w, "charset", "UTF-8"));
    const char *refused = !str_ieq(encoding, "UTF-8") && !str_ieq(encoding, "UTF8") ? "encoding"
                          : sink_option(w, "charToEscapeQuoteEscaping", NULL)       ? "charToEscapeQuoteEscaping"
                                                                                    : NULL;
    if (!refused)
        return ST_OK;
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR",
                              "The feature is not supported: writing files with the option '%s'.", refused);
    memcpy(err->sqlstate, "0A000", 6);
    return status;
}

static Status set_up(LineWriter *lw, Error *err)
{
    SinkWork *w = lw->w;
    TRY(check_options(w, err));
    if (str_eq(lw->format, "text") && (w->data.len != 1 || w->schema->at[w->data.at[0]].type->kind != TYPE_STRING))
        return w->data.len != 1
                   ? FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1290", "Text data source supports only a single column, and you have %zu columns.", w->data.len)
                   : engine_fail(err, ST_INVALID, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "format", "Text", "columnName",
                                 arena_printf(w->a, "`%s`", w->schema->at[w->data.at[0]].name), "columnType",
                                 arena_printf(w->a, "\"%s\"", type_sql_text(w->a, w->schema->at[w->data.at[0]].type)), NULL);
    const char *codec = sink_option(w, "compression", sink_option(w, "codec", "none"));
    lw->gzip = str_ieq(codec, "gzip") || str_eq(codec, "org.apache.hadoop.io.compress.GzipCodec");
    if (!lw->gzip && !str_ieq(codec, "none") && !str_ieq(codec, "uncompressed"))
        return engine_fail(err, ST_UNSUPPORTED, "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION", "codecName", codec,
                           "availableCodecs", "none, uncompressed, gzip", NULL);
    lw->extension = arena_printf(w->a, ".%s%s", str_eq(lw->format, "text") ? "txt" : lw->format, lw->gzip ? ".gz" : "");
    const char *zone = sink_option(w, "timeZone", w->emit->time_zone ? w->emit->time_zone : "UTC");
    lw->values = (ValueFormat){
        .zone = zone_find(VIEW(zone)),
        .date_format = sink_option(w, "dateFormat", NULL),
        .timestamp_format = sink_option(w, "timestampFormat", NULL),
        .timestamp_ntz_format = sink_option(w, "timestampNTZFormat", NULL),
        .keep_nulls = str_ieq(sink_option(w, "ignoreNullFields", "true"), "false"),
    };
    if (!lw->values.zone)
        return engine_fail(err, ST_INVALID, "INVALID_TIMEZONE", "timeZone", zone, NULL);
    return csv_style(w, &lw->csv, err);
}

Status sink_lines(SinkWork *w, const char *format, SinkFiles *ret_files, Error *err)
{
    __attribute__((cleanup(writer_done))) LineWriter lw = {
        .w = w, .format = format, .files = ret_files, .line = STR_INIT(LIMIT_QUERY_TEXT),
    };
    TRY(set_up(&lw, err));
    return run(&lw, err);
}
