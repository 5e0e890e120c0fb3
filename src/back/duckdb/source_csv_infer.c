/* back/duckdb/source_csv_infer.c -- names and types of a CSV file's columns. Source: CSVInferSchema, CSVUtils, CSVDataSource.
 *
 * Each value is tried as int, long, decimal, double, date, timestamp, boolean, from the type that its column has so far. */
#include "back/duckdb/convert.h"
#include "back/duckdb/source_internal.h"
#include "back/duckdb/source_reader.h"
#include "base/limits.h"

#include <stdlib.h>
#include <strings.h>

enum { SPLIT_BYTES = 128 << 20 }; /* spark.sql.files.maxPartitionBytes */

typedef struct Guess {
    TypeKind kind; /* NULL, INT, LONG, DECIMAL, DOUBLE, DATE, TIMESTAMP, BOOLEAN, STRING */
    int precision, scale;
} Guess;

typedef struct Infer {
    Arena *a;
    const CsvOptions *o;
    Error *err;
    char *first;           /* the first line: header, or what the number of columns comes from */
    size_t first_len;
    StrList names;
    Guess *guesses;
} Infer;

/* ---------------------------------------------------------------- one type for two */
static Guess decimal_of(Guess g)
{
    if (g.kind == TYPE_INT)
        return (Guess){ TYPE_DECIMAL, 10, 0 };
    return g.kind == TYPE_LONG ? (Guess){ TYPE_DECIMAL, 20, 0 } : g;
}

static bool is_number(Guess g)
{
    return g.kind == TYPE_INT || g.kind == TYPE_LONG || g.kind == TYPE_DECIMAL || g.kind == TYPE_DOUBLE;
}

static Guess merge(const Infer *in, Guess x, Guess y)
{
    if (x.kind == y.kind && x.kind != TYPE_DECIMAL)
        return x;
    if (x.kind == TYPE_NULL || y.kind == TYPE_NULL)
        return x.kind == TYPE_NULL ? y : x;
    bool date = x.kind == TYPE_DATE || y.kind == TYPE_DATE, time = x.kind == TYPE_TIMESTAMP || y.kind == TYPE_TIMESTAMP;
    /* A date reads as a timestamp only when the lenient default formats do it. */
    if (date && time && !in->o->timestamp_format && in->o->lenient_dates)
        return (Guess){ TYPE_TIMESTAMP, 0, 0 };
    if (!is_number(x) || !is_number(y))
        return (Guess){ TYPE_STRING, 0, 0 };
    if (x.kind == TYPE_DOUBLE || y.kind == TYPE_DOUBLE)
        return (Guess){ TYPE_DOUBLE, 0, 0 };
    if (x.kind != TYPE_DECIMAL && y.kind != TYPE_DECIMAL)
        return (Guess){ TYPE_LONG, 0, 0 };
    x = decimal_of(x);
    y = decimal_of(y);
    int scale = x.scale > y.scale ? x.scale : y.scale;
    int range = x.precision - x.scale > y.precision - y.scale ? x.precision - x.scale : y.precision - y.scale;
    if (range + scale > DECIMAL_MAX_PRECISION)
        return (Guess){ TYPE_DOUBLE, 0, 0 };
    return (Guess){ TYPE_DECIMAL, range + scale, scale };
}

/* ---------------------------------------------------------------- one value */
static bool view_is(View v, View other)
{
    return v.len == other.len && !memcmp(v.data, other.data, v.len);
}

static bool is_date(const Infer *in, View v)
{
    int32_t days;
    int64_t us;
    return in->o->date_format ? pattern_parse(in->o->date_format, v, NULL, &us) == PATTERN_PARSED : iso_date(v, &days);
}

static bool is_timestamp(const Infer *in, View v)
{
    int64_t us;
    if (in->o->timestamp_format)
        return pattern_parse(in->o->timestamp_format, v, in->o->zone, &us) == PATTERN_PARSED;
    return convert_timestamp(v, in->o->zone, &us);
}

/* The type of a value whose column is `from` so far: types before that one are not tried. */
static Guess guess(const Infer *in, TypeKind from, View v)
{
    int64_t number, precision, scale;
    double real;
    bool flag;
    if ((from == TYPE_NULL || from == TYPE_INT) && java_integer(v, INT32_MIN, INT32_MAX, &number))
        return (Guess){ TYPE_INT, 0, 0 };
    if ((from == TYPE_NULL || from == TYPE_INT || from == TYPE_LONG) && java_integer(v, INT64_MIN, INT64_MAX, &number))
        return (Guess){ TYPE_LONG, 0, 0 };
    bool numbers = from == TYPE_NULL || from == TYPE_INT || from == TYPE_LONG || from == TYPE_DECIMAL;
    if (numbers && java_big_decimal(v, &precision, &scale) && scale == 0 && precision <= DECIMAL_MAX_PRECISION)
        return (Guess){ TYPE_DECIMAL, (int)precision, 0 };
    if (numbers || from == TYPE_DOUBLE) {
        if (java_double(v, &real) || view_is(v, in->o->nan) || view_is(v, in->o->positive_inf) || view_is(v, in->o->negative_inf))
            return (Guess){ TYPE_DOUBLE, 0, 0 };
    }
    if ((in->o->prefer_date || from == TYPE_DATE) && from != TYPE_TIMESTAMP && from != TYPE_BOOLEAN && is_date(in, v))
        return (Guess){ TYPE_DATE, 0, 0 };
    if (from != TYPE_BOOLEAN && is_timestamp(in, v))
        return (Guess){ TYPE_TIMESTAMP, 0, 0 };
    return (Guess){ java_boolean(v, &flag) ? TYPE_BOOLEAN : TYPE_STRING, 0, 0 };
}

static void infer_record(Infer *in, const CsvParser *p)
{
    for (size_t i = 0; i < p->nfields && i < in->names.len; i++) {
        View v = { p->fields[i].text, p->fields[i].len };
        Guess *g = &in->guesses[i];
        if (v.len && g->kind != TYPE_STRING && !view_is(v, in->o->null_value))
            *g = merge(in, *g, guess(in, g->kind, v));
    }
}

/* ---------------------------------------------------------------- names */
static bool named_twice(const CsvParser *p, size_t field)
{
    for (size_t i = 0; i < p->nfields; i++) {
        if (i != field && p->fields[i].len == p->fields[field].len &&
            !strncasecmp(p->fields[i].text, p->fields[field].text, p->fields[field].len))
            return true;
    }
    return false;
}

/* CSVUtils.makeSafeHeader, without case. */
static void name_columns(Infer *in, const CsvParser *p)
{
    str_auto clean = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i < p->nfields; i++) {
        View v = { p->fields[i].text, p->fields[i].len };
        View text = utf8_clean(v, &clean);
        const char *name = arena_strn(in->a, text.data, text.len);
        if (!in->o->header || !v.len || view_is(v, in->o->null_value))
            name = arena_printf(in->a, "_c%zu", i);
        else if (named_twice(p, i))
            name = arena_printf(in->a, "%s%zu", name, i);
        vec_push(in->a, &in->names, name);
    }
    in->guesses = ARENA_ARRAY(in->a, Guess, p->nfields + 1);
}

/* ---------------------------------------------------------------- files */
static Status too_many(const CsvParser *p, Error *err)
{
    return p->too_many ? FAIL_CODE(err, ST_RUNTIME, "", "a CSV record has more than %lld columns (option maxColumns)",
                                   (long long)p->o->max_columns)
                       : ST_OK;
}

/* `line` of a file; the first line of all names the columns, and each line equal to it is a header. */
static Status take_line(Infer *in, CsvParser *p, View line)
{
    if (!csv_line_counts(in->o, line))
        return ST_OK;
    const char *at = line.data;
    if (!in->first) {
        in->first = arena_strn(in->a, line.data, line.len);
        in->first_len = line.len;
        if (csv_record(p, &at, line.data + line.len))
            name_columns(in, p);
        TRY(too_many(p, in->err));
        at = line.data;
    }
    if (!in->o->infer || (in->o->header && view_is(line, (View){ in->first, in->first_len })))
        return ST_OK;
    if (csv_record(p, &at, line.data + line.len))
        infer_record(in, p);
    return ST_OK;
}

static Status infer_lines(Infer *in, CsvParser *p, const SourceFile *file)
{
    source_reader_auto *r = NULL;
    TRY(source_reader_open(file->path, file->uri, 0, -1, in->o->line_sep, &r, in->err));
    for (;;) {
        View line;
        bool done;
        TRY(source_reader_line(r, &line, &done, in->err));
        if (done || (in->first && !in->o->infer))
            return ST_OK;
        TRY(take_line(in, p, line));
    }
}

/* Lines of a file in another encoding; lineSep then counts in UTF-8. */
static Status infer_text(Infer *in, CsvParser *p, View text)
{
    while (text.len) {
        const char *end = in->o->line_sep.len ? memmem(text.data, text.len, in->o->line_sep.data, in->o->line_sep.len)
                                              : memchr(text.data, '\n', text.len);
        size_t length = end ? (size_t)(end - text.data) : text.len, next = end ? length + (in->o->line_sep.len ? in->o->line_sep.len : 1) : length;
        View line = { text.data, length };
        if (!in->o->line_sep.len && length && text.data[length - 1] == '\r')
            line.len--;
        TRY(take_line(in, p, line));
        text = (View){ text.data + next, text.len - next };
    }
    return ST_OK;
}

static Status whole_file(Infer *in, const SourceFile *file, char **ret_text, size_t *ret_length)
{
    source_reader_auto *r = NULL;
    View bytes;
    TRY(source_reader_open(file->path, file->uri, 0, -1, (View){ 0 }, &r, in->err));
    TRY(source_reader_rest(r, &bytes, in->err));
    if (in->o->encoding)
        TRY(source_decode(in->a, in->o->encoding, bytes, &bytes, in->err));
    *ret_text = arena_strn(in->a, bytes.data, bytes.len);
    *ret_length = bytes.len;
    return ST_OK;
}

/* multiLine: records of the whole file; the header of each file is dropped. */
static Status infer_records(Infer *in, CsvParser *p, const SourceFile *file)
{
    char *text;
    size_t length;
    TRY(whole_file(in, file, &text, &length));
    const char *at = text, *end = text + csv_normalize(in->o, text, length);
    for (bool first = true; csv_record(p, &at, end); first = false) {
        TRY(too_many(p, in->err));
        if (!in->guesses)
            name_columns(in, p);
        if (in->o->infer && !(first && in->o->header))
            infer_record(in, p);
    }
    return ST_OK;
}

static Status infer_file(Infer *in, CsvParser *p, const SourceFile *file)
{
    char *text;
    size_t length;
    if (in->o->multi_line)
        return infer_records(in, p, file);
    if (!in->o->encoding)
        return infer_lines(in, p, file);
    TRY(whole_file(in, file, &text, &length));
    return infer_text(in, p, (View){ text, length });
}

static const Type *type_of(Arena *a, Guess g)
{
    switch (g.kind) {
    case TYPE_INT: return &type_int;
    case TYPE_LONG: return &type_long;
    case TYPE_DECIMAL: return type_decimal(a, g.precision, g.scale);
    case TYPE_DOUBLE: return &type_double;
    case TYPE_DATE: return &type_date;
    case TYPE_TIMESTAMP: return &type_timestamp;
    case TYPE_BOOLEAN: return &type_boolean;
    default: return &type_string;
    }
}

/* Spark's tasks take the largest files first, and the first of those in order: its first line names the columns. */
static int larger_first(const void *x, const void *y)
{
    const SourceFile *a = *(const SourceFile *const *)x, *b = *(const SourceFile *const *)y;
    int64_t m = a->size_bytes < SPLIT_BYTES ? a->size_bytes : SPLIT_BYTES, n = b->size_bytes < SPLIT_BYTES ? b->size_bytes : SPLIT_BYTES;
    return m != n ? (m < n ? 1 : -1) : a < b ? -1 : a > b;
}

static const SourceFile **in_order(Arena *a, const SourceRequest *r, bool multi_line)
{
    const SourceFile **files = ARENA_ARRAY(a, const SourceFile *, r->nfiles + 1);
    for (size_t i = 0; i < r->nfiles; i++)
        files[i] = &r->files[i];
    if (!multi_line)
        qsort(files, r->nfiles, sizeof *files, larger_first);
    return files;
}

Status source_csv_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    TRY(csv_no_single_variant(r->options, err));
    CsvOptions o;
    arena_auto *work = arena_new();
    TRY(csv_options(work, r->options, r->time_zone, &o, err));
    Infer in = { .a = work, .o = &o, .err = err };
    csv_parser_auto p;
    csv_parser_init(&p, &o);
    const SourceFile **files = in_order(work, r, o.multi_line);
    for (size_t i = 0; i < r->nfiles && (o.infer || !in.guesses); i++) {
        Status status = infer_file(&in, &p, files[i]);
        if (status != ST_OK && !source_tolerates(r->options, status))
            return status;
    }
    Field *fields = ARENA_ARRAY(a, Field, in.names.len + 1);
    for (size_t i = 0; i < in.names.len; i++)
        fields[i] = (Field){ .name = arena_str(a, in.names.at[i]), .type = o.infer ? type_of(a, in.guesses[i]) : &type_string,
                             .nullable = true };
    *ret_schema = type_struct(a, fields, in.names.len);
    return ST_OK;
}

Status source_csv_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err)
{
    CsvOptions o;
    arena_auto *work = arena_new();
    TRY(csv_options(work, options, time_zone, &o, err));
    o.infer = true;
    Infer in = { .a = work, .o = &o, .err = err };
    csv_parser_auto p;
    csv_parser_init(&p, &o);
    const char *at = text.data;
    if (!csv_record(&p, &at, text.data + text.len))
        p.nfields = 0;
    in.guesses = ARENA_ARRAY(work, Guess, p.nfields + 1);
    Field *fields = ARENA_ARRAY(a, Field, p.nfields + 1);
    for (size_t i = 0; i < p.nfields; i++) {
        in.guesses[i] = (Guess){ .kind = TYPE_NULL };
        vec_push(work, &in.names, arena_printf(a, "_c%zu", i));
    }
    infer_record(&in, &p);
    for (size_t i = 0; i < p.nfields; i++)
        fields[i] = (Field){ .name = in.names.at[i], .type = type_of(a, in.guesses[i]), .nullable = true };
    *ret_type = type_struct(a, fields, p.nfields);
    return ST_OK;
}
