/* warehouse/copy_load.c -- see copy_load.h. */
#include "warehouse/copy_load.h"

#include "base/file.h"
#include "base/limits.h"
#include "warehouse/kernels.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <zlib.h>

enum { READ_BYTES = 1 << 18, LINE_BYTES_MAX = 16 << 20, FIELDS_MAX = 1600, RAW_BYTES = 1024, SCRATCH_ROWS = 1000 };
enum { CODE_LENGTH = 1204, CODE_DATE = 1205, CODE_TIMESTAMP = 1206, CODE_DIGIT = 1207, CODE_FLOAT = 1208, CODE_BOOLEAN = 1210, CODE_SHORT = 1213,
       CODE_QUOTE = 1214, CODE_INVALID_UTF8 = 1220, CODE_EXTRA = 1202, CODE_NULL = 1203, CODE_JSON = 2100, CODE_RANGE = 1224 };

/* --- errors --- */

static char *raw_text(Arena *a, const char *text, size_t length)
{
    size_t n = length < RAW_BYTES ? length : RAW_BYTES;
    char *copy = arena_strn(a, text ? text : "", text ? n : 0);
    while (!utf8_valid(copy, strlen(copy))) {
        for (char *c = copy; *c; c++)
            *c = (unsigned char)*c >= 0x80 ? '?' : *c;
    }
    return copy;
}

static Status bad_row(Load *l, LoadError e, const char *raw, size_t raw_len, Error *err)
{
    Arena *a = l->x->arena;
    e.file = l->file;
    e.raw_line = raw_text(a, raw, raw_len);
    e.raw_field = arena_str(a, e.raw_field);
    e.type = arena_str(a, e.type);
    e.length = arena_str(a, e.length);
    vec_push(a, &l->errors, e);
    if ((int64_t)l->errors.len <= l->options.max_error)
        return ST_OK;
    return FAIL(err, ST_RUNTIME, "Load into table failed.  Check 'stl_load_errors' system table for details.");
}

/* --- values --- */

typedef struct Cell {
    enum { SET_NULL, SET_INT, SET_DOUBLE, SET_BOOL, SET_TEXT, SET_DATE, SET_TIME, SET_DEFAULT } kind;
    int64_t i;
    double d;
    const char *text;
    size_t length;
} Cell;

static bool blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isspace((unsigned char)text[i]))
            return false;
    }
    return true;
}

static bool integer_cell(const char *text, int64_t least, int64_t most, Cell *cell, LoadError *e)
{
    char *end;
    errno = 0;
    while (isspace((unsigned char)*text))
        text++;
    long long value = strtoll(text, &end, 10);
    size_t rest = strspn(end, " \t");
    if (end == text || end[rest]) {
        e->code = CODE_DIGIT;
        e->reason = "Invalid digit";
        e->position = (int)(end - text);
        return false;
    }
    if (errno == ERANGE || value < least || value > most) {
        e->code = CODE_RANGE;
        e->reason = "Overflow";
        return false;
    }
    *cell = (Cell){ .kind = SET_INT, .i = value };
    return true;
}

static bool decimal_form(const char *text)
{
    size_t i = strspn(text, " \t");
    i += (size_t)(text[i] == '-' || text[i] == '+');
    size_t whole = strspn(text + i, "0123456789"), part = 0;
    i += whole;
    if (text[i] == '.') {
        part = strspn(text + i + 1, "0123456789");
        i += 1 + part;
    }
    if (whole + part && (text[i] == 'e' || text[i] == 'E')) {
        i += (size_t)1 + (size_t)(text[i + 1] == '-' || text[i + 1] == '+');
        i += strspn(text + i, "0123456789");
    }
    i += strspn(text + i, " \t");
    return whole + part > 0 && !text[i];
}

static bool time_cell(const char *text, const char *format, bool date, bool accept_any, Cell *cell, LoadError *e)
{
    int64_t us = 0;
    const char *why = NULL;
    char *end;
    bool good;
    if (str_ieq(format, "epochsecs") || str_ieq(format, "epochmillisecs")) {
        long long value = strtoll(text, &end, 10);
        good = end != text && !*end;
        us = value * (str_ieq(format, "epochsecs") ? 1000000 : 1000);
    } else {
        good = format && !str_ieq(format, "auto") ? rs_parse_time(text, format, &us, &why) : rs_parse_any(text, &us);
    }
    if (!good && accept_any) {
        *cell = (Cell){ .kind = SET_NULL };
        return true;
    }
    if (!good) {
        e->code = date ? CODE_DATE : CODE_TIMESTAMP;
        e->reason = date ? "Invalid Date Format - length must be 10 or more" : "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]";
        return false;
    }
    *cell = (Cell){ .kind = date ? SET_DATE : SET_TIME, .i = us };
    return true;
}

static bool bool_cell(const char *text, Cell *cell, LoadError *e)
{
    static const char *const yes[] = { "t", "true", "y", "yes", "1" }, *const no[] = { "f", "false", "n", "no", "0" };
    for (size_t i = 0; i < 5; i++) {
        if (str_ieq(text, yes[i]) || str_ieq(text, no[i])) {
            *cell = (Cell){ .kind = SET_BOOL, .i = str_ieq(text, yes[i]) };
            return true;
        }
    }
    e->code = CODE_BOOLEAN;
    e->reason = "Unknown boolean format";
    return false;
}

static bool text_cell(Load *l, const DialectColumn *column, const char *text, size_t length, Cell *cell, LoadError *e)
{
    const char *open = column->type ? strchr(column->type, '(') : NULL;
    size_t most = open ? (size_t)strtoll(open + 1, NULL, 10) : 65535;
    bool fixed = column->type && str_starts(column->type, "character(");
    if (!utf8_valid(text, length)) {
        if (!l->options.replace_invalid) {
            e->code = CODE_INVALID_UTF8;
            e->reason = "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence";
            return false;
        }
        char *copy = arena_strn(l->scratch, text, length);
        for (size_t i = 0; i < length; i++) /* a byte at a time until the rest is good */
            if ((unsigned char)copy[i] >= 0x80) {
                size_t n = (unsigned char)copy[i] >= 0xF0 ? 4 : (unsigned char)copy[i] >= 0xE0 ? 3 : 2;
                if (i + n <= length && utf8_valid(copy + i, n))
                    i += n - 1;
                else
                    copy[i] = l->options.invalid_char;
            }
        text = copy;
    }
    while (length && text[length - 1] == ' ' && (l->options.trim_blanks || fixed))
        length--;
    if (length > most && l->options.truncate)
        for (length = most; length && ((unsigned char)text[length] & 0xC0) == 0x80;)
            length--;
    if (length > most) {
        e->code = CODE_LENGTH;
        e->reason = "String length exceeds DDL length";
        return false;
    }
    *cell = (Cell){ .kind = SET_TEXT, .text = text, .length = length };
    return true;
}

static bool convert(Load *l, const DialectColumn *column, const char *raw, size_t length, Cell *cell, LoadError *e)
{
    const char *type = column->engine_type;
    bool is_text = str_eq(type, "VARCHAR");
    if (!raw || (is_text && length == 0 && l->options.empty_as_null) || (is_text && l->options.blanks_as_null && blank(raw, length) && length) ||
        (!is_text && blank(raw, length))) {
        *cell = (Cell){ .kind = SET_NULL };
        return true;
    }
    if (is_text)
        return text_cell(l, column, raw, length, cell, e);
    const char *text = arena_strn(l->scratch, raw, length);
    if (str_eq(type, "SMALLINT"))
        return integer_cell(text, INT16_MIN, INT16_MAX, cell, e);
    if (str_eq(type, "INTEGER"))
        return integer_cell(text, INT32_MIN, INT32_MAX, cell, e);
    if (str_eq(type, "BIGINT"))
        return integer_cell(text, INT64_MIN, INT64_MAX, cell, e);
    if (str_eq(type, "BOOLEAN"))
        return bool_cell(text, cell, e);
    if (str_eq(type, "DATE"))
        return time_cell(text, l->options.date_format, true, l->options.accept_any_date, cell, e);
    if (str_starts(type, "TIMESTAMP"))
        return time_cell(text, l->options.time_format, false, l->options.accept_any_date, cell, e);
    if (str_eq(type, "DOUBLE") || str_eq(type, "FLOAT")) {
        char *end;
        double value = strtod(text, &end);
        *cell = (Cell){ .kind = SET_DOUBLE, .d = value };
        e->code = CODE_FLOAT;
        e->reason = "Invalid digit, Value, Type: Float";
        return end != text && !end[strspn(end, " \t")];
    }
    *cell = (Cell){ .kind = SET_TEXT, .text = text, .length = length };
    e->code = CODE_DIGIT;
    e->reason = "Invalid digit, Value, Type: Decimal";
    int precision = 0, scale = 0;
    if (sscanf(type, "DECIMAL(%d,%d)", &precision, &scale) != 2)
        return true; /* SUPER, TIME: the engine reads them */
    if (!decimal_form(text))
        return false;
    e->code = CODE_RANGE;
    e->reason = "Numeric overflow";
    return fabs(strtod(text, NULL)) < pow(10, precision - scale) - 0.5 * pow(10, -scale);
}

static duckdb_state append(duckdb_appender a, const Cell *c)
{
    switch (c->kind) {
    case SET_NULL: return duckdb_append_null(a);
    case SET_INT: return duckdb_append_int64(a, c->i);
    case SET_DOUBLE: return duckdb_append_double(a, c->d);
    case SET_BOOL: return duckdb_append_bool(a, c->i != 0);
    case SET_DATE: return duckdb_append_date(a, (duckdb_date){ (int32_t)(c->i / INT64_C(86400000000) - (c->i % INT64_C(86400000000) < 0)) });
    case SET_TIME: return duckdb_append_timestamp(a, (duckdb_timestamp){ c->i });
    case SET_TEXT: return duckdb_append_varchar_length(a, c->text, c->length);
    case SET_DEFAULT: return duckdb_append_default(a);
    }
    return DuckDBError;
}

Status load_row(Load *l, const char *const *fields, const size_t *lengths, size_t count, int64_t line, const char *raw, size_t raw_len, Error *err)
{
    Cell cells[FIELDS_MAX];
    l->lines++;
    if (count > l->columns_len) {
        LoadError e = { .line = line, .code = CODE_EXTRA, .reason = "Extra column(s) found", .column = "", .type = "", .length = "", .raw_field = "" };
        return bad_row(l, e, raw, raw_len, err);
    }
    for (size_t i = 0; i < l->columns_len; i++) {
        const DialectColumn *column = l->columns[i];
        LoadError e = { .line = line, .column = column->name, .type = column->engine_type, .length = "", .raw_field = "" };
        if (i >= count) {
            if (l->options.fill_record) {
                cells[i] = (Cell){ .kind = SET_NULL };
                continue;
            }
            e.code = CODE_SHORT;
            e.reason = "Missing data for not-null field";
            if (count + 1 < l->columns_len || i > 0)
                e.reason = "Delimiter not found";
            return bad_row(l, e, raw, raw_len, err);
        }
        if (!convert(l, column, fields[i], lengths[i], &cells[i], &e)) {
            const char *open = column->type ? strchr(column->type, '(') : NULL;
            e.type = column->type ? arena_strn(l->scratch, column->type, strcspn(column->type, "(")) : column->engine_type;
            e.length = open ? arena_strn(l->scratch, open + 1, strcspn(open + 1, ")")) : "";
            e.raw_field = raw_text(l->scratch, fields[i], lengths[i]);
            return bad_row(l, e, raw, raw_len, err);
        }
    }
    l->rows++;
    if (l->options.no_load)
        return ST_OK;
    for (size_t i = 0; i < l->columns_len; i++) {
        if (append(l->appender, &cells[i]) != DuckDBSuccess)
            return warehouse_error(err, duckdb_appender_error(l->appender));
    }
    return duckdb_appender_end_row(l->appender) == DuckDBSuccess ? ST_OK : warehouse_error(err, duckdb_appender_error(l->appender));
}

/* --- lines --- */

typedef struct LineReader {
    gzFile file;
    char *buffer;
    size_t from, to, cap;
    bool end;
} LineReader;

static Status fill(LineReader *r, Error *err)
{
    if (r->from) {
        memmove(r->buffer, r->buffer + r->from, r->to - r->from);
        r->to -= r->from;
        r->from = 0;
    }
    if (r->cap - r->to < READ_BYTES) {
        r->cap = r->cap ? r->cap * 2 : 4 * READ_BYTES;
        if (r->cap > LINE_BYTES_MAX * 2)
            return FAIL(err, ST_LIMIT, "a line of the input is longer than %d bytes", LINE_BYTES_MAX);
        r->buffer = realloc(r->buffer, r->cap);
        if (!r->buffer)
            abort();
    }
    int n = gzread(r->file, r->buffer + r->to, READ_BYTES);
    if (n < 0)
        return FAIL(err, ST_RUNTIME, "the file is damaged: it can not be decompressed");
    r->end = n == 0;
    r->to += (size_t)n;
    return ST_OK;
}

static Status open_input(const char *path, bool gzip, LineReader *r, Error *err)
{
    unsigned char magic[2] = { 0 };
    file_auto *f = fopen(path, "rbe");
    if (!f)
        return FAIL(err, ST_IO, "open '%s': %s", path, strerror(errno));
    size_t n = fread(magic, 1, 2, f);
    bool is_gzip = n == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (gzip && n && !is_gzip)
        return FAIL(err, ST_RUNTIME, "failed to inflate with gzip: invalid or incomplete deflate data");
    if (!gzip && is_gzip)
        return FAIL(err, ST_RUNTIME, "the file is compressed with gzip: COPY needs the option GZIP");
    r->file = gzopen(path, "rb");
    return r->file ? ST_OK : FAIL(err, ST_IO, "open '%s'", path);
}

static void close_input(LineReader *r)
{
    if (r->file)
        gzclose(r->file);
    free(r->buffer);
}

/* One record [*ret_start, *ret_start + *ret_len) without its newline; in CSV a newline in quotes belongs to it. */
static Status next_record(Load *l, LineReader *r, const char **ret_start, size_t *ret_len, bool *ret_done, Error *err)
{
    bool quoted = false, escaped = false;
    size_t at = 0;
    for (;; at++) {
        while (r->from + at >= r->to && !r->end)
            TRY(fill(r, err));
        if (r->from + at >= r->to) {
            *ret_done = at == 0;
            break;
        }
        char c = r->buffer[r->from + at];
        if (l->options.csv && c == l->options.quote)
            quoted = !quoted;
        if (c == '\n' && !quoted && !escaped)
            break;
        escaped = l->options.escape && c == '\\' && !escaped;
    }
    size_t length = at;
    *ret_start = r->buffer + r->from;
    if (length && (*ret_start)[length - 1] == '\r')
        length--;
    *ret_len = length;
    r->from += at + (r->from + at < r->to);
    return ST_OK;
}

/* --- fields --- */

typedef struct Fields {
    const char *at[FIELDS_MAX];
    size_t len[FIELDS_MAX], count;
} Fields;

static bool is_null_text(const Load *l, const char *text, size_t length)
{
    const char *null_as = l->options.null_as ? l->options.null_as : "\\N";
    return strlen(null_as) == length && !memcmp(null_as, text, length);
}

/* False: a quote that does not end. */
static bool split_csv(Load *l, const char *line, size_t n, Fields *f)
{
    char q = l->options.quote;
    size_t i = 0;
    f->count = 0;
    for (;;) {
        if (f->count == FIELDS_MAX)
            return false;
        if (i < n && line[i] == q) {
            char *text = arena_alloc(l->scratch, n - i + 1), *out = text;
            for (i++;; i++) {
                if (i >= n)
                    return false;
                if (line[i] == q && i + 1 < n && line[i + 1] == q)
                    i++;
                else if (line[i] == q)
                    break;
                *out++ = line[i];
            }
            i++;
            f->at[f->count] = text;
            f->len[f->count++] = (size_t)(out - text);
            if (i < n && line[i] != l->options.delimiter)
                return false;
        } else {
            const char *end = memchr(line + i, l->options.delimiter, n - i);
            size_t length = end ? (size_t)(end - line) - i : n - i;
            bool null = is_null_text(l, line + i, length) || length == 0;
            f->at[f->count] = null && !(length == 0 && l->options.null_as && *l->options.null_as) ? (length == 0 && !l->options.null_as ? line + i : NULL) : line + i;
            f->len[f->count++] = length;
            i += length;
        }
        if (i >= n)
            return true;
        i++;
    }
}

static bool split_delimited(Load *l, const char *line, size_t n, Fields *f)
{
    const LoadOptions *o = &l->options;
    size_t i = 0;
    f->count = 0;
    for (;;) {
        if (f->count == FIELDS_MAX)
            return false;
        size_t start = i;
        char *text = NULL, *out = NULL;
        bool quoted = o->remove_quotes && i < n && (line[i] == '"' || line[i] == '\'');
        char q = quoted ? line[i] : 0;
        if (!o->escape && !quoted) {
            const char *end = memchr(line + i, o->delimiter, n - i);
            i = end ? (size_t)(end - line) : n;
            f->at[f->count] = is_null_text(l, line + start, i - start) ? NULL : line + start;
            f->len[f->count++] = i - start;
        } else {
            text = out = arena_alloc(l->scratch, n - i + 1);
            bool closed = !quoted;
            for (i += quoted; i < n && (quoted || line[i] != o->delimiter); i++) {
                if (o->escape && line[i] == '\\' && i + 1 < n)
                    i++;
                else if (quoted && line[i] == q) {
                    closed = true;
                    i++;
                    break;
                }
                *out++ = line[i];
            }
            if (!closed)
                return false;
            bool null = !quoted && is_null_text(l, line + start, i - start);
            f->at[f->count] = null ? NULL : text;
            f->len[f->count++] = (size_t)(out - text);
        }
        if (i >= n)
            return true;
        i++;
    }
}

/* What a thousand rows need is freed with them. */
static void scratch_renew(Load *l)
{
    if (l->scratch && ++l->scratch_rows < SCRATCH_ROWS)
        return;
    arena_free(l->scratch);
    l->scratch = arena_new();
    l->scratch_rows = 0;
}

static void scratch_drop(Load *l)
{
    arena_free(l->scratch);
    l->scratch = NULL;
}

static Status load_line(Load *l, Fields *fields, const char *start, size_t length, int64_t line, Error *err)
{
    if (line <= l->options.ignore_header || (l->options.ignore_blank_lines && blank(start, length)))
        return ST_OK;
    if (l->options.csv ? split_csv(l, start, length, fields) : split_delimited(l, start, length, fields))
        return load_row(l, fields->at, fields->len, fields->count, line, start, length, err);
    LoadError e = { .line = line, .code = CODE_QUOTE, .reason = "Delimited value missing end quote", .column = "", .type = "", .length = "", .raw_field = "" };
    return bad_row(l, e, start, length, err);
}

Status load_text_file(Load *l, const char *path, bool gzip, Error *err)
{
    LineReader r = { 0 };
    Fields *fields = malloc(sizeof *fields);
    if (!fields)
        abort();
    Status status = open_input(path, gzip, &r, err);
    for (int64_t line = 1; status == ST_OK; line++) {
        const char *start = NULL;
        size_t length = 0;
        bool done = false;
        scratch_renew(l);
        status = next_record(l, &r, &start, &length, &done, err);
        if (done)
            break;
        if (status == ST_OK)
            status = load_line(l, fields, start, length, line, err);
        if ((line & 0xfff) == 0 && execution_cancelled(l->x))
            status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    }
    close_input(&r);
    scratch_drop(l);
    free(fields);
    return status;
}

/* --- JSON --- */

static const json_t *json_step(const json_t *at, const char **path, char *name, size_t size)
{
    const char *c = *path;
    if (*c == '[' && (c[1] == '\'' || c[1] == '"')) {
        const char *end = strchr(c + 2, c[1]);
        size_t n = end ? (size_t)(end - c - 2) : 0;
        if (!end || end[1] != ']' || n >= size)
            return NULL;
        memcpy(name, c + 2, n);
        name[n] = 0;
        *path = end + 2;
        return json_object_get(at, name);
    }
    if (*c == '[') {
        *path = strchr(c, ']') ? strchr(c, ']') + 1 : "";
        return json_array_get(at, (size_t)strtoul(c + 1, NULL, 10));
    }
    size_t n = strcspn(c + 1, ".[");
    if (*c != '.' || n >= size)
        return NULL;
    memcpy(name, c + 1, n);
    name[n] = 0;
    *path = c + 1 + n;
    return json_object_get(at, name);
}

/* $['a']['b'], $.a.b[0] */
static const json_t *json_at(const json_t *root, const char *path)
{
    char name[LIMIT_NAME];
    const json_t *at = root;
    if (*path++ != '$')
        return NULL;
    while (*path && at)
        at = json_step(at, &path, name, sizeof name);
    return at;
}

static const json_t *json_member(const json_t *object, const char *name, bool ignore_case)
{
    const char *key;
    json_t *value;
    const json_t *found = json_object_get(object, name);
    if (found || !ignore_case)
        return found;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        if (str_ieq(key, name))
            return value;
    return NULL;
}

static const char *json_field(Load *l, const json_t *v, size_t *ret_length)
{
    const char *text = NULL;
    if (!v || json_is_null(v))
        return NULL;
    if (json_is_string(v)) {
        *ret_length = json_string_length(v);
        return json_string_value(v);
    }
    if (json_is_boolean(v)) {
        text = json_is_true(v) ? "true" : "false";
    } else if (json_is_integer(v)) {
        text = arena_printf(l->scratch, "%lld", (long long)json_integer_value(v));
    } else {
        char *dumped = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
        text = arena_str(l->scratch, dumped);
        free(dumped);
    }
    *ret_length = strlen(text);
    return text;
}

static Status load_object(Load *l, const json_t *object, const Val *json_paths, bool ignore_case, int64_t line, const char *raw, size_t raw_len, Error *err)
{
    const char *fields[FIELDS_MAX];
    size_t lengths[FIELDS_MAX];
    for (size_t i = 0; i < l->columns_len; i++) {
        lengths[i] = 0;
        fields[i] = json_field(l, json_paths ? json_at(object, val_at(json_paths, i)->s) : json_member(object, l->columns[i]->name, ignore_case), &lengths[i]);
    }
    return load_row(l, fields, lengths, l->columns_len, line, raw, raw_len, err);
}

static Status read_whole(const char *path, bool gzip, LineReader *r, Error *err)
{
    TRY(open_input(path, gzip, r, err));
    while (!r->end)
        TRY(fill(r, err));
    return ST_OK;
}

Status load_json_file(Load *l, const char *path, bool gzip, const Val *json_paths, bool ignore_case, Error *err)
{
    LineReader r = { 0 };
    Status status = read_whole(path, gzip, &r, err);
    int64_t line = 1;
    for (size_t at = 0; status == ST_OK;) {
        scratch_renew(l);
        while (at < r.to && isspace((unsigned char)r.buffer[at]))
            line += r.buffer[at++] == '\n';
        if (at >= r.to)
            break;
        json_error_t why;
        json_t *value = json_loadb(r.buffer + at, r.to - at, JSON_DISABLE_EOF_CHECK, &why);
        if (!value || !json_is_object(value)) {
            size_t n = strcspn(r.buffer + at, "\n");
            LoadError e = { .line = line, .code = CODE_JSON, .reason = "Invalid JSON object", .column = "", .type = "", .length = "", .raw_field = "" };
            json_decref(value);
            n = n > r.to - at ? r.to - at : n;
            status = bad_row(l, e, r.buffer + at, n, err);
            at += n; /* goes on with the next line */
            continue;
        }
        size_t used = (size_t)why.position;
        status = load_object(l, value, json_paths, ignore_case, line, r.buffer + at, used, err);
        json_decref(value);
        for (size_t i = at; i < at + used && i < r.to; i++)
            line += r.buffer[i] == '\n';
        at += used;
        if (execution_cancelled(l->x))
            status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    }
    close_input(&r);
    scratch_drop(l);
    return status;
}
