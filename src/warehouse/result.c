/* warehouse/result.c -- rows of a query: to a file of JSON lines, to an answer, to texts. */
#include "base/file.h"
#include "warehouse/process.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { ROW_BYTES_MAX = 64 * 1024 * 1024, RESULT_MIB_MAX = 500 };

typedef enum CellKind { CELL_BOOL, CELL_INT, CELL_DOUBLE, CELL_TEXT } CellKind;

typedef struct Columns {
    size_t count;
    CellKind *kinds;
    Val *metadata;
    const char *sql; /* the query with every column cast to one of the four kinds */
} Columns;

typedef struct TypeInfo {
    duckdb_type type;
    const char *name;
    int precision;
    CellKind kind;
} TypeInfo;

static const TypeInfo type_infos[] = {
    { DUCKDB_TYPE_BOOLEAN, "bool", 1, CELL_BOOL },      { DUCKDB_TYPE_TINYINT, "int2", 5, CELL_INT },     { DUCKDB_TYPE_SMALLINT, "int2", 5, CELL_INT },
    { DUCKDB_TYPE_INTEGER, "int4", 10, CELL_INT },      { DUCKDB_TYPE_BIGINT, "int8", 19, CELL_INT },     { DUCKDB_TYPE_FLOAT, "float4", 8, CELL_DOUBLE },
    { DUCKDB_TYPE_DOUBLE, "float8", 17, CELL_DOUBLE },  { DUCKDB_TYPE_HUGEINT, "numeric", 38, CELL_TEXT }, { DUCKDB_TYPE_DECIMAL, "numeric", 0, CELL_TEXT },
    { DUCKDB_TYPE_DATE, "date", 13, CELL_TEXT },        { DUCKDB_TYPE_TIMESTAMP, "timestamp", 29, CELL_TEXT }, { DUCKDB_TYPE_TIMESTAMP_TZ, "timestamptz", 35, CELL_TEXT },
    { DUCKDB_TYPE_TIME, "time", 15, CELL_TEXT },        { DUCKDB_TYPE_INTERVAL, "interval", 0, CELL_TEXT }, { DUCKDB_TYPE_BLOB, "varbyte", 0, CELL_TEXT },
};

static CellKind column_info(Arena *a, Val *column, duckdb_logical_type type)
{
    duckdb_type id = duckdb_get_type_id(type);
    char *alias = duckdb_logical_type_get_alias(type);
    bool json = alias && str_eq(alias, "JSON");
    duckdb_free(alias);
    TypeInfo info = { .name = json ? "super" : "varchar", .kind = CELL_TEXT };
    for (size_t i = 0; i < sizeof type_infos / sizeof *type_infos; i++) {
        if (type_infos[i].type == id)
            info = type_infos[i];
    }
    bool decimal = id == DUCKDB_TYPE_DECIMAL;
    val_set_str(a, column, "typeName", info.name);
    val_set_int(a, column, "precision", decimal ? duckdb_decimal_width(type) : info.precision);
    val_set_int(a, column, "scale", decimal ? duckdb_decimal_scale(type) : 0);
    val_set_bool(a, column, "isSigned", info.kind == CELL_INT || info.kind == CELL_DOUBLE || str_eq(info.name, "numeric"));
    val_set_bool(a, column, "isCaseSensitive", str_eq(info.name, "varchar"));
    val_set_bool(a, column, "isCurrency", false);
    val_set_int(a, column, "nullable", 1);
    val_set_int(a, column, "length", 0);
    return info.kind;
}

/* Prepares the query to see what it gives. `texts`: every column as text. */
static Status describe(Execution *x, const char *sql, bool texts, Columns *ret_columns, Error *err)
{
    static const char *const casts[] = { "BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR" };
    Arena *a = x->arena;
    duckdb_prepared_statement statement;
    Columns c = { .metadata = val_list(a) };
    if (duckdb_prepare(x->connection, sql, &statement) != DuckDBSuccess) {
        Status status = warehouse_error(err, duckdb_prepare_error(statement));
        duckdb_destroy_prepare(&statement);
        return status;
    }
    c.count = duckdb_prepared_statement_column_count(statement);
    c.kinds = ARENA_ARRAY(a, CellKind, c.count + 1);
    str_auto wrapped = STR_INIT(1 << 27);
    str_add(&wrapped, "SELECT ");
    for (size_t i = 0; i < c.count; i++) {
        duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(statement, i);
        const char *name = duckdb_prepared_statement_column_name(statement, i);
        Val *column = val_map(a);
        val_set_str(a, column, "name", name);
        val_set_str(a, column, "label", name);
        val_set_str(a, column, "schemaName", "");
        val_set_str(a, column, "tableName", "");
        CellKind kind = column_info(a, column, type);
        c.kinds[i] = texts ? CELL_TEXT : kind;
        bool blob = duckdb_get_type_id(type) == DUCKDB_TYPE_BLOB;
        str_addf(&wrapped, blob ? "%slower(hex(c%zu))" : "%sCAST(c%zu AS %s)", i ? ", " : "", i, casts[c.kinds[i]]);
        val_push(a, c.metadata, column);
        duckdb_free((void *)(uintptr_t)name);
        duckdb_destroy_logical_type(&type);
    }
    str_addf(&wrapped, " FROM (%s) AS q(", sql);
    for (size_t i = 0; i < c.count; i++)
        str_addf(&wrapped, "%sc%zu", i ? ", " : "", i);
    str_addc(&wrapped, ')');
    duckdb_destroy_prepare(&statement);
    c.sql = str_arena(&wrapped, a);
    *ret_columns = c;
    return ST_OK;
}

/* --- rows --- */

typedef Status (*ChunkFn)(void *self, const Columns *columns, duckdb_data_chunk chunk, Error *err);

static Status each_chunk(Execution *x, const Columns *columns, ChunkFn take, void *self, Error *err)
{
    duckdb_prepared_statement statement;
    duckdb_pending_result pending;
    duckdb_result result = { 0 };
    Status status = ST_OK;
    if (duckdb_prepare(x->connection, columns->sql, &statement) != DuckDBSuccess) {
        status = warehouse_error(err, duckdb_prepare_error(statement));
        duckdb_destroy_prepare(&statement);
        return status;
    }
    if (duckdb_pending_prepared_streaming(statement, &pending) != DuckDBSuccess)
        status = warehouse_error(err, duckdb_pending_error(pending));
    else if (duckdb_execute_pending(pending, &result) != DuckDBSuccess)
        status = warehouse_error(err, duckdb_result_error(&result));
    duckdb_destroy_pending(&pending);
    while (status == ST_OK) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (!chunk) {
            const char *message = duckdb_result_error(&result);
            if (message && *message)
                status = warehouse_error(err, message);
            break;
        }
        status = take(self, columns, chunk, err);
        duckdb_destroy_data_chunk(&chunk);
        if (status == ST_OK && execution_cancelled(x))
            status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    }
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
    return status;
}

static void json_text(Str *out, const char *text, size_t length)
{
    str_addc(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            str_addf(out, "\\%c", c);
        else if (c < 0x20)
            str_addf(out, "\\u%04x", c);
        else
            str_addc(out, (char)c);
    }
    str_addc(out, '"');
}

static void json_cell(Str *out, CellKind kind, duckdb_vector vector, idx_t row)
{
    const void *data = duckdb_vector_get_data(vector);
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    if (validity && !(validity[row / 64] >> (row % 64) & 1)) {
        str_add(out, "null");
    } else if (kind == CELL_BOOL) {
        str_add(out, ((const bool *)data)[row] ? "true" : "false");
    } else if (kind == CELL_INT) {
        str_addf(out, "%lld", (long long)((const int64_t *)data)[row]);
    } else if (kind == CELL_DOUBLE) {
        double d = ((const double *)data)[row];
        if (isnan(d) || isinf(d))
            str_add(out, isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        else
            str_addf(out, d == rint(d) && fabs(d) < 1e15 ? "%.1f" : "%.17g", d);
    } else {
        duckdb_string_t *s = (duckdb_string_t *)(uintptr_t)data + row;
        json_text(out, duckdb_string_t_data(s), duckdb_string_t_length(*s));
    }
}

static void json_row(Str *out, const Columns *columns, duckdb_data_chunk chunk, idx_t row)
{
    str_addc(out, '[');
    for (size_t i = 0; i < columns->count; i++) {
        str_add(out, i ? "," : "");
        json_cell(out, columns->kinds[i], duckdb_data_chunk_get_vector(chunk, i), row);
    }
    str_add(out, "]\n");
}

typedef struct FileSink {
    Execution *x;
    FILE *file;
} FileSink;

static Status file_chunk(void *self, const Columns *columns, duckdb_data_chunk chunk, Error *err)
{
    FileSink *sink = self;
    str_auto text = STR_INIT(ROW_BYTES_MAX);
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
        str_clear(&text);
        json_row(&text, columns, chunk, row);
        if (text.overflow)
            return FAIL(err, ST_LIMIT, "a row of the result is larger than %d bytes", ROW_BYTES_MAX);
        if (fwrite(text.data, 1, text.len, sink->file) != text.len)
            return FAIL(err, ST_IO, "write the result: %s", strerror(errno));
        sink->x->rows++;
        sink->x->bytes += (int64_t)text.len;
    }
    if (sink->x->bytes > (int64_t)RESULT_MIB_MAX << 20)
        return FAIL(err, ST_LIMIT, "The result of the query is larger than %d MB", RESULT_MIB_MAX);
    return ST_OK;
}

Status result_write(Execution *x, const char *sql, Error *err)
{
    Columns columns;
    const char *path = arena_printf(x->arena, "%s/results/%s", x->warehouse->folder, x->id), *part = arena_printf(x->arena, "%s.part", path);
    TRY(describe(x, sql, false, &columns, err));
    file_auto *file = fopen(part, "wbe");
    if (!file)
        return FAIL(err, ST_IO, "make '%s': %s", part, strerror(errno));
    fprintf(file, "%s\n", val_to_json(x->arena, columns.metadata));
    FileSink sink = { x, file };
    x->rows = 0;
    Status status = each_chunk(x, &columns, file_chunk, &sink, err);
    if (status == ST_OK && (fflush(file) != 0 || fsync(fileno(file)) < 0 || rename(part, path) < 0))
        status = FAIL(err, ST_IO, "write '%s': %s", path, strerror(errno));
    if (status != ST_OK) {
        unlink(part);
        x->rows = x->bytes = 0;
        return status;
    }
    x->has_result = true;
    return ST_OK;
}

typedef struct InlineSink {
    Arena *a;
    Val *rows;
} InlineSink;

static Status inline_chunk(void *self, const Columns *columns, duckdb_data_chunk chunk, Error *err)
{
    InlineSink *sink = self;
    str_auto text = STR_INIT(ROW_BYTES_MAX);
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
        Val *value = NULL;
        str_clear(&text);
        json_row(&text, columns, chunk, row);
        if (!val_from_json(sink->a, str_text(&text), text.len - 1, &value))
            return FAIL(err, ST_INTERNAL, "a row that is no JSON");
        val_push(sink->a, sink->rows, value);
    }
    return ST_OK;
}

Status result_inline(Execution *x, const char *sql, Val *ret_answer, Error *err)
{
    Columns columns;
    TRY(describe(x, sql, false, &columns, err));
    InlineSink sink = { x->arena, val_list(x->arena) };
    TRY(each_chunk(x, &columns, inline_chunk, &sink, err));
    val_set(x->arena, ret_answer, "columns", columns.metadata);
    val_set(x->arena, ret_answer, "rows", sink.rows);
    return ST_OK;
}

typedef struct TextSink {
    ResultRow row;
    void *self;
    const char **cells;
    size_t *lengths;
} TextSink;

static Status text_chunk(void *self, const Columns *columns, duckdb_data_chunk chunk, Error *err)
{
    TextSink *sink = self;
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
        for (size_t i = 0; i < columns->count; i++) {
            duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
            const uint64_t *validity = duckdb_vector_get_validity(vector);
            duckdb_string_t *s = (duckdb_string_t *)duckdb_vector_get_data(vector) + row;
            bool null = validity && !(validity[row / 64] >> (row % 64) & 1);
            sink->cells[i] = null ? NULL : duckdb_string_t_data(s);
            sink->lengths[i] = null ? 0 : duckdb_string_t_length(*s);
        }
        TRY(sink->row(sink->self, sink->cells, sink->lengths, columns->count, err));
    }
    return ST_OK;
}

Status result_texts(Execution *x, const char *sql, ResultRow row, void *self, Error *err)
{
    Columns columns;
    TRY(describe(x, sql, true, &columns, err));
    TextSink sink = { row, self, ARENA_ARRAY(x->arena, const char *, columns.count + 1), ARENA_ARRAY(x->arena, size_t, columns.count + 1) };
    return each_chunk(x, &columns, text_chunk, &sink, err);
}

Status result_names(Execution *x, const char *sql, StrList *ret_names, Error *err)
{
    Columns columns;
    TRY(describe(x, sql, true, &columns, err));
    for (size_t i = 0; i < columns.count; i++)
        vec_push(x->arena, ret_names, val_str(val_at(columns.metadata, i), "name"));
    return ST_OK;
}
