/* back/duckdb/source_scan.c -- spark_scan: binding, ranges, vectors; the text format. */
#include "back/duckdb/source_scan.h"

#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "base/file.h"
#include "base/limits.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { RANGE_BYTES = 4 << 20, PARAMETERS = 6 };

typedef struct FileRange {
    size_t file;
    int64_t from, to;
} FileRange;

typedef struct ScanShared {
    pthread_mutex_t lock;
    Arena *a;
    const ScanPlan *plan;
    FileRange *ranges;
    size_t nranges, next; /* guarded by lock */
    idx_t *fields;        /* asked for, in order of the output; 0 is source_file, n the schema's field n - 1 */
    size_t nfields;
} ScanShared;

/* ---------------------------------------------------------------- errors */
/* So that engine_error() finds Spark's class and parameters in the engine's message. */
char *scan_error_text(Arena *a, const Error *err)
{
    const char *params[32] = { NULL };
    size_t n = 0;
    if (!err->code[0] && err->status == ST_INTERNAL)
        return arena_str(a, err->message);
    if (!err->code[0])
        return engine_error_encode(a, ENGINE_NO_CLASS, (const char *[]){ ENGINE_WHOLE_MESSAGE, err->message, NULL });
    for (size_t at = 0; at < err->params_len && n < 30; n++) {
        params[n] = err->params + at;
        at += strlen(params[n]) + 1;
    }
    if (!n) {
        params[0] = "message";
        params[1] = err->message;
    }
    return engine_error_encode(a, err->code, params);
}

Status scan_malformed(const ScanLocal *l, Error *err)
{
    return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.NO_HINT", "path", l->file->uri, NULL);
}

/* ---------------------------------------------------------------- binding */
static const char *text_of(Arena *a, duckdb_value value)
{
    char *text = duckdb_get_varchar(value);
    const char *kept = arena_str(a, text ? text : "");
    duckdb_free(text);
    return kept;
}

const char *scan_text_parameter(Arena *a, duckdb_bind_info info, idx_t index)
{
    duckdb_value value = duckdb_bind_get_parameter(info, index);
    const char *text = text_of(a, value);
    duckdb_destroy_value(&value);
    return text;
}

StrList scan_list_parameter(Arena *a, duckdb_bind_info info, idx_t index)
{
    StrList list = { 0 };
    duckdb_value value = duckdb_bind_get_parameter(info, index);
    idx_t n = duckdb_get_list_size(value);
    for (idx_t i = 0; i < n; i++) {
        duckdb_value item = duckdb_get_list_child(value, i);
        vec_push(a, &list, text_of(a, item));
        duckdb_destroy_value(&item);
    }
    duckdb_destroy_value(&value);
    return list;
}

/* Files that are no lines of text: their readers open them. */
static bool is_binary(const ScanPlan *plan)
{
    return !strcmp(plan->format, "binaryFile") || !strcmp(plan->format, "avro") || !strcmp(plan->format, "orc");
}

static Status plan_read(ScanPlan *plan, duckdb_bind_info info, Error *err)
{
    Arena *a = plan->a;
    StrList options = scan_list_parameter(a, info, 3), files = scan_list_parameter(a, info, 4);
    plan->format = scan_text_parameter(a, info, 0);
    TRY(type_from_json(a, scan_text_parameter(a, info, 2), &plan->schema, err));
    for (size_t i = 0; i + 1 < options.len; i += 2)
        vec_push(a, &plan->options, (KeyValue){ options.at[i], options.at[i + 1] });
    plan->nfiles = files.len / 3;
    ScanFile *list = ARENA_ARRAY(a, ScanFile, plan->nfiles + 1);
    for (size_t i = 0; i < plan->nfiles; i++)
        list[i] = (ScanFile){ files.at[3 * i], files.at[3 * i + 1], strtoll(files.at[3 * i + 2], NULL, 10) };
    plan->files = list;
    const char *zone = scan_text_parameter(a, info, 5);
    TRY(!strcmp(plan->format, "xml") ? scan_xml_bind(plan, true, zone, err) : csv_options(a, &plan->options, zone, &plan->csv, err));
    TRY(source_bool(&plan->options, "wholetext", false, &plan->whole_text, err));
    plan->whole_text = plan->whole_text && !strcmp(plan->format, "text");
    TRY(source_bool(&plan->options, "ignoreCorruptFiles", false, &plan->ignore_corrupt, err));
    TRY(source_bool(&plan->options, "ignoreMissingFiles", false, &plan->ignore_missing, err));
    if (!strcmp(plan->format, "csv"))
        TRY(csv_no_single_variant(&plan->options, err));
    if (is_binary(plan)) {
        plan->whole_files = true;
        plan->corrupt = plan->schema->nfields;
        return ST_OK;
    }
    bool multi_line = plan->csv.multi_line && strcmp(plan->format, "text") != 0;
    plan->whole_files = multi_line || plan->csv.encoding || plan->whole_text;
    plan->corrupt = plan->schema->nfields;
    for (size_t i = 0; i < plan->schema->nfields && strcmp(plan->format, "text") != 0; i++) {
        if (!strcmp(plan->schema->fields[i].name, plan->csv.corrupt))
            plan->corrupt = i;
    }
    return strcmp(plan->format, "json") ? ST_OK : scan_json_bind(plan, err);
}

static void plan_free(void *p)
{
    arena_free(((ScanPlan *)p)->a);
}

static void bind_columns(duckdb_bind_info info, const ScanPlan *plan, const StrList *names)
{
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
    duckdb_bind_add_result_column(info, SCAN_FILE_COLUMN, number);
    duckdb_destroy_logical_type(&number);
    for (size_t i = 0; i < plan->schema->nfields && i < names->len; i++) {
        duckdb_logical_type type = engine_type(plan->schema->fields[i].type);
        duckdb_bind_add_result_column(info, names->at[i], type);
        duckdb_destroy_logical_type(&type);
    }
}

static int64_t file_bytes(const ScanFile *f)
{
    struct stat st;
    return stat(f->path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void scan_bind(duckdb_bind_info info)
{
    Error err = ERROR_INIT;
    Arena *a = arena_new();
    ScanPlan *plan = ARENA_NEW(a, ScanPlan);
    plan->a = a;
    if (plan_read(plan, info, &err) != ST_OK) {
        duckdb_bind_set_error(info, scan_error_text(a, &err));
        arena_free(a);
        return;
    }
    StrList names = scan_list_parameter(a, info, 1);
    bind_columns(info, plan, &names);
    int64_t bytes = 0;
    for (size_t i = 0; i < plan->nfiles; i++)
        bytes += file_bytes(&plan->files[i]);
    duckdb_bind_set_cardinality(info, (idx_t)(bytes / (8 * (int64_t)(plan->schema->nfields + 1))) + 1, false);
    duckdb_bind_set_bind_data(info, plan, plan_free);
}

/* ---------------------------------------------------------------- ranges */
static void shared_free(void *p)
{
    ScanShared *s = p;
    pthread_mutex_destroy(&s->lock);
    arena_free(s->a);
}

static void cut(ScanShared *s)
{
    VEC(FileRange) ranges = { 0 };
    for (size_t i = 0; i < s->plan->nfiles; i++) {
        int64_t bytes = file_bytes(&s->plan->files[i]);
        bool whole = s->plan->whole_files || source_compressed(s->plan->files[i].uri);
        if (whole || bytes <= RANGE_BYTES) {
            vec_push(s->a, &ranges, (FileRange){ i, 0, -1 });
            continue;
        }
        for (int64_t from = 0; from < bytes; from += RANGE_BYTES)
            vec_push(s->a, &ranges, (FileRange){ i, from, from + RANGE_BYTES >= bytes ? -1 : from + RANGE_BYTES });
    }
    s->ranges = ranges.at;
    s->nranges = ranges.len;
}

/* Spark looks at no file to see only what is malformed in it. */
static bool only_corrupt(const ScanShared *s)
{
    size_t others = 0, corrupt = 0;
    for (size_t i = 0; i < s->nfields; i++) {
        bool of_file = s->fields[i] > 0 && s->fields[i] - 1 < s->plan->schema->nfields;
        corrupt += of_file && s->fields[i] - 1 == s->plan->corrupt;
        others += of_file && s->fields[i] - 1 != s->plan->corrupt;
    }
    return corrupt && !others;
}

static void scan_init(duckdb_init_info info)
{
    Arena *a = arena_new();
    ScanShared *s = ARENA_NEW(a, ScanShared);
    s->a = a;
    s->plan = duckdb_init_get_bind_data(info);
    pthread_mutex_init(&s->lock, NULL);
    s->nfields = duckdb_init_get_column_count(info);
    s->fields = ARENA_ARRAY(a, idx_t, s->nfields + 1);
    for (size_t i = 0; i < s->nfields; i++)
        s->fields[i] = duckdb_init_get_column_index(info, i);
    if (only_corrupt(s)) {
        Error err = ERROR_INIT;
        engine_fail(&err, ST_INVALID, "UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN", NULL);
        duckdb_init_set_error(info, scan_error_text(a, &err));
        shared_free(s);
        return;
    }
    cut(s);
    duckdb_init_set_max_threads(info, s->nranges ? s->nranges : 1);
    duckdb_init_set_init_data(info, s, shared_free);
}

static void local_free(void *p)
{
    ScanLocal *l = p;
    source_reader_close(l->reader);
    avro_file_close(l->avro);
    orc_scan_close(l->orc);
    xml_reader_close(l->xml);
    arena_free(l->text_arena);
    arena_free(l->record_arena);
    csv_parser_done(&l->csv);
    str_done(&l->scratch);
    free(l->columns);
    free(l);
}

static void local_init(duckdb_init_info info)
{
    ScanLocal *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->plan = duckdb_init_get_bind_data(info);
    l->scratch = STR_INIT(LIMIT_QUERY_TEXT);
    csv_parser_init(&l->csv, &l->plan->csv);
    duckdb_init_set_init_data(info, l, local_free);
}

static bool take_range(ScanShared *s, FileRange *ret_range)
{
    pthread_mutex_lock(&s->lock);
    bool any = s->next < s->nranges;
    if (any)
        *ret_range = s->ranges[s->next++];
    pthread_mutex_unlock(&s->lock);
    return any;
}

static Status begin(ScanLocal *l, const FileRange *range, Error *err)
{
    View separator = l->plan->csv.line_sep;
    l->active = false;
    source_reader_close(l->reader);
    l->reader = NULL;
    l->file = &l->plan->files[range->file];
    l->at_start = range->from == 0;
    l->text_taken = false;
    l->at = l->end = NULL;
    l->left = NULL;
    if (is_binary(l->plan)) {
        l->active = true;
        return ST_OK;
    }
    Status status = source_reader_open(l->file->path, l->file->uri, range->from, range->to, separator, &l->reader, err);
    if (status == ST_NOT_FOUND && l->plan->ignore_missing)
        return ST_OK;
    if (status == ST_NOT_FOUND)
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", l->file->uri, NULL);
    l->active = status == ST_OK;
    return status;
}

Status scan_whole(ScanLocal *l, char **ret_text, size_t *ret_length, Error *err)
{
    View bytes;
    TRY(source_reader_rest(l->reader, &bytes, err));
    arena_free(l->text_arena);
    l->text_arena = arena_new();
    if (l->plan->csv.encoding)
        TRY(source_decode(l->text_arena, l->plan->csv.encoding, bytes, &bytes, err));
    *ret_text = arena_strn(l->text_arena, bytes.data, bytes.len);
    *ret_length = bytes.len;
    return ST_OK;
}

/* A line of a text that was decoded as a whole. */
static bool decoded_line(ScanLocal *l, View *ret_line)
{
    View sep = l->plan->csv.line_sep;
    size_t left = (size_t)(l->end - l->at);
    if (!left)
        return false;
    const char *end = sep.len ? memmem(l->at, left, sep.data, sep.len) : memchr(l->at, '\n', left);
    const char *cr = sep.len ? NULL : memchr(l->at, '\r', end ? (size_t)(end - l->at) : left);
    size_t skip = !end && !cr ? 0 : sep.len ? sep.len : cr && end == cr + 1 ? 2 : 1;
    const char *stop = cr ? cr : end ? end : l->end;
    *ret_line = (View){ l->at, (size_t)(stop - l->at) };
    l->at = stop + skip;
    return true;
}

Status scan_line(ScanLocal *l, View *ret_line, bool *ret_done, Error *err)
{
    if (!l->plan->csv.encoding)
        return source_reader_line(l->reader, ret_line, ret_done, err);
    if (!l->text_taken) {
        char *text;
        size_t length;
        TRY(scan_whole(l, &text, &length, err));
        l->at = text;
        l->end = text + length;
        l->text_taken = true;
    }
    *ret_done = !decoded_line(l, ret_line);
    return ST_OK;
}

/* ---------------------------------------------------------------- values */
void scan_null(ScanColumn *c, idx_t row)
{
    if (c->vector)
        duckdb_validity_set_row_invalid(c->validity, row);
}

void scan_not_null(ScanColumn *c, idx_t row)
{
    if (c->vector)
        duckdb_validity_set_row_valid(c->validity, row);
}

void scan_string(ScanLocal *l, ScanColumn *c, idx_t row, View v)
{
    View text = utf8_clean(v, &l->scratch);
    duckdb_unsafe_vector_assign_string_element_len(c->vector, row, text.data, text.len);
}

void scan_decimal(ScanColumn *c, idx_t row, i128 unscaled)
{
    int precision = c->type->precision;
    if (precision <= 4)
        ((int16_t *)c->data)[row] = (int16_t)unscaled;
    else if (precision <= 9)
        ((int32_t *)c->data)[row] = (int32_t)unscaled;
    else if (precision <= 18)
        ((int64_t *)c->data)[row] = (int64_t)unscaled;
    else
        ((i128 *)c->data)[row] = unscaled;
}

/* DateTimeUtils.cleanLegacyTimestampStr: 2000-01-01T00:00GMT+01:00 without its GMT. */
static bool without_gmt(View v, char *out, size_t room, View *ret_view)
{
    const char *gmt = v.len < room ? memmem(v.data, v.len, "GMT", 3) : NULL;
    if (!gmt)
        return false;
    size_t before = (size_t)(gmt - v.data);
    memcpy(out, v.data, before);
    memcpy(out + before, gmt + 3, v.len - before - 3);
    *ret_view = (View){ out, v.len - 3 };
    return true;
}

bool scan_timestamp(const ScanPlan *plan, View v, int64_t *ret_us)
{
    char text[128];
    View clean;
    if (plan->csv.timestamp_format)
        return pattern_parse(plan->csv.timestamp_format, v, plan->csv.zone, ret_us) == PATTERN_PARSED;
    if (convert_timestamp(v, plan->csv.zone, ret_us))
        return true;
    return without_gmt(v, text, sizeof text, &clean) && convert_timestamp(clean, plan->csv.zone, ret_us);
}

/* A text with a zone of its own is none: read in two zones it gives the same instant. */
bool scan_timestamp_ntz(const ScanPlan *plan, View v, int64_t *ret_us)
{
    int64_t other;
    if (plan->csv.ntz_format)
        return pattern_parse(plan->csv.ntz_format, v, NULL, ret_us) == PATTERN_PARSED;
    return convert_timestamp(v, NULL, ret_us) &&
           convert_timestamp(v, zone_find(VIEW("+01:00")), &other) && other == *ret_us - 3600 * INT64_C(1000000);
}

bool scan_date(const ScanPlan *plan, View v, int32_t *ret_days)
{
    char text[128];
    View clean;
    int64_t us;
    if (!plan->csv.date_format)
        return convert_date(v, ret_days) || (without_gmt(v, text, sizeof text, &clean) && convert_date(clean, ret_days));
    if (pattern_parse(plan->csv.date_format, v, NULL, &us) != PATTERN_PARSED)
        return false;
    *ret_days = (int32_t)floor_div(us, MICROS_PER_DAY);
    return true;
}

/* ---------------------------------------------------------------- text files */
static Status scan_text(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    ScanColumn *value = l->ncolumns ? &l->columns[0] : NULL;
    for (; row < room; row++) {
        View line;
        bool done = l->plan->whole_text && l->text_taken;
        if (l->plan->whole_text && !done) {
            char *text;
            TRY(scan_whole(l, &text, &line.len, err));
            line.data = text;
            l->text_taken = true;
        } else if (!done) {
            TRY(scan_line(l, &line, &done, err));
        }
        if (done) {
            l->active = false;
            break;
        }
        if (value)
            scan_string(l, value, row, line);
    }
    *ret_row = row;
    return ST_OK;
}

/* ---------------------------------------------------------------- binaryFile */
enum { CHUNK_CONTENT_BYTES = 16 << 20 };

static Status content(ScanLocal *l, ScanColumn *c, idx_t row, size_t *total, Error *err)
{
    char *bytes;
    size_t n;
    arena_auto *a = arena_new();
    Status status = file_read(a, l->file->path, INT32_MAX, &bytes, &n, err);
    if (status == ST_NOT_FOUND)
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", l->file->uri, NULL);
    if (status == ST_LIMIT)
        return FAIL_CODE(err, ST_LIMIT, "_LEGACY_ERROR_TEMP_2142", "The length of %s is larger than 2147483647 bytes.", l->file->uri);
    TRY(status);
    duckdb_vector_assign_string_element_len(c->vector, row, bytes, n);
    *total += n;
    return ST_OK;
}

/* One row: path, modificationTime, length, content. */
static Status scan_binary_file(ScanLocal *l, idx_t row, idx_t *ret_row, size_t *total, Error *err)
{
    struct stat st;
    const char *uri = l->file->uri;
    if (stat(l->file->path, &st) != 0 && !l->plan->ignore_missing)
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", uri, NULL);
    for (size_t i = 0; i < l->ncolumns; i++) {
        ScanColumn *c = &l->columns[i];
        str_auto path = STR_INIT(LIMIT_QUERY_TEXT);
        str_addf(&path, "%s%s", uri[0] == '/' ? "file:" : "", str_starts(uri, "file:///") ? "" : uri);
        if (str_starts(uri, "file:///"))
            str_addf(&path, "file:%s", uri + 7);
        switch (c->field) {
        case 0: scan_string(l, c, row, (View){ str_text(&path), path.len }); break;
        case 1: ((int64_t *)c->data)[row] = l->file->modified_ms * 1000; break;
        case 2: ((int64_t *)c->data)[row] = (int64_t)st.st_size; break;
        default: TRY(content(l, c, row, total, err));
        }
    }
    l->active = false;
    l->full = *total >= CHUNK_CONTENT_BYTES;
    *ret_row = row + 1;
    return ST_OK;
}

/* ---------------------------------------------------------------- the function */
static void column_of(const ScanPlan *plan, duckdb_vector vector, size_t field, ScanColumn *ret_column)
{
    duckdb_vector_ensure_validity_writable(vector);
    *ret_column = (ScanColumn){ .type = plan->schema->fields[field].type, .field = field, .vector = vector,
                                .data = duckdb_vector_get_data(vector), .validity = duckdb_vector_get_validity(vector) };
}

/* The chunk's vectors by column; returns that of source_file, or NULL. */
static int32_t *columns_of(ScanLocal *l, const ScanShared *s, duckdb_data_chunk output)
{
    int32_t *file = NULL;
    size_t fields = l->plan->schema->nfields, corrupt = l->plan->corrupt;
    if (!l->columns)
        l->columns = calloc(s->nfields + 1, sizeof *l->columns);
    if (!l->columns)
        abort();
    l->ncolumns = 0;
    l->corrupt = (ScanColumn){ 0 };
    for (size_t i = 0; i < s->nfields; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
        if (s->fields[i] == 0)
            file = duckdb_vector_get_data(vector);
        else if (s->fields[i] - 1 < fields && s->fields[i] - 1 == corrupt)
            column_of(l->plan, vector, corrupt, &l->corrupt);
        else if (s->fields[i] - 1 < fields)
            column_of(l->plan, vector, s->fields[i] - 1, &l->columns[l->ncolumns++]);
    }
    l->pruned = l->ncolumns < fields - (corrupt < fields) && !l->plan->csv.multi_line;
    return file;
}

static Status rows_of(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, size_t *total, Error *err)
{
    switch (l->plan->format[0]) {
    case 'o': return scan_orc(l, row, room, ret_row, err);
    case 'a': return scan_avro(l, row, room, ret_row, err);
    case 'b': return scan_binary_file(l, row, ret_row, total, err);
    case 'c': return scan_csv(l, row, room, ret_row, err);
    case 'j': return scan_json(l, row, room, ret_row, err);
    case 'x': return scan_xml(l, row, room, ret_row, err);
    default: return scan_text(l, row, room, ret_row, err);
    }
}

static void scan_run(duckdb_function_info info, duckdb_data_chunk output)
{
    ScanLocal *l = duckdb_function_get_local_init_data(info);
    ScanShared *s = duckdb_function_get_init_data(info);
    Error err = ERROR_INIT;
    idx_t row = 0, room = duckdb_vector_size();
    int32_t *file = columns_of(l, s, output);
    Status status = ST_OK;
    FileRange range;
    size_t total = 0;
    l->full = false;
    while (row < room && status == ST_OK && !l->full) {
        if (!l->active) {
            if (!take_range(s, &range))
                break;
            status = begin(l, &range, &err);
            status = status == ST_IO && l->plan->ignore_corrupt ? ST_OK : status;
            continue;
        }
        idx_t from = row;
        status = rows_of(l, row, room, &row, &total, &err);
        if (status == ST_IO && l->plan->ignore_corrupt) { /* the rest of the file is left out */
            l->active = false;
            status = ST_OK;
        }
        for (; file && from < row; from++)
            file[from] = (int32_t)(l->file - l->plan->files);
    }
    if (status != ST_OK) {
        arena_auto *a = arena_new();
        duckdb_function_set_error(info, scan_error_text(a, &err));
        return;
    }
    duckdb_data_chunk_set_size(output, row);
}

Status scan_functions_register(duckdb_connection connection, Error *err)
{
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR), list = duckdb_create_list_type(text);
    duckdb_logical_type types[PARAMETERS] = { text, list, text, list, list, text };
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_table_function_set_name(f, "spark_scan");
    for (size_t i = 0; i < PARAMETERS; i++)
        duckdb_table_function_add_parameter(f, types[i]);
    duckdb_table_function_set_bind(f, scan_bind);
    duckdb_table_function_set_init(f, scan_init);
    duckdb_table_function_set_local_init(f, local_init);
    duckdb_table_function_set_function(f, scan_run);
    duckdb_table_function_supports_projection_pushdown(f, true);
    duckdb_state state = duckdb_register_table_function(connection, f);
    duckdb_destroy_table_function(&f);
    duckdb_destroy_logical_type(&list);
    duckdb_destroy_logical_type(&text);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register spark_scan");
}
