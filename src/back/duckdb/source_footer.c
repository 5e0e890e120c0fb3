/* back/duckdb/source_footer.c -- Parquet footers to Spark's types, and what their statistics say of decimals; kept by the engine.
 *
 * A file is known by path, size and time of its last change. What changed in the last seconds is not kept: it may change again
 * within the clock's grain. Source: ParquetToSparkSchemaConverter. */
#include "back/duckdb/emit.h"
#include "back/duckdb/footers.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEPT_FILES = 20000, KEPT_BYTES = 64 * 1024 * 1024, SETTLED_MS = 3000 };

/* One row of parquet_schema(). */
enum { F_FILE, F_NAME, F_PHYSICAL, F_REPETITION, F_CHILDREN, F_CONVERTED, F_SCALE, F_PRECISION, F_LOGICAL, F_LENGTH, F_COLUMNS };
typedef struct Element {
    const char *at[F_COLUMNS]; /* NULL: none */
} Element;
typedef VEC(Element) Elements;

/* ---------------------------------------------------------------- asking the engine */
static const char *cell(Arena *a, duckdb_vector vector, idx_t row)
{
    uint64_t *validity = duckdb_vector_get_validity(vector);
    if (validity && !duckdb_validity_row_is_valid(validity, row))
        return NULL;
    duckdb_string_t *s = (duckdb_string_t *)duckdb_vector_get_data(vector) + row;
    return arena_strn(a, duckdb_string_t_data(s), duckdb_string_t_length(*s));
}

static Status footer_error(Error *err, duckdb_result *result, const char *uri)
{
    const char *message = duckdb_result_error(result);
    if (strstr(message, "Permission"))
        return engine_error(err, duckdb_result_error_type(result), message);
    if (strstr(message, "No files found"))
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", uri, NULL);
    return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", uri, NULL);
}

/* Rows of texts: as many columns as `sql` selects, F_COLUMNS at most. */
static Status ask(Arena *a, EngineSession *s, const char *sql, const char *uri, Elements *ret_rows, Error *err)
{
    duckdb_result result;
    Status status = ST_OK;
    if (duckdb_query(s->connection, sql, &result) != DuckDBSuccess) {
        status = footer_error(err, &result, uri);
        duckdb_destroy_result(&result);
        return status;
    }
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)); duckdb_destroy_data_chunk(&chunk)) {
        idx_t columns = duckdb_data_chunk_get_column_count(chunk), rows = duckdb_data_chunk_get_size(chunk);
        for (idx_t i = 0; i < rows; i++) {
            Element e = { { NULL } };
            for (idx_t j = 0; j < columns && j < F_COLUMNS; j++)
                e.at[j] = cell(a, duckdb_data_chunk_get_vector(chunk, j), i);
            vec_push(a, ret_rows, e);
        }
    }
    duckdb_destroy_result(&result);
    return status;
}

static Status ask_file(Arena *a, EngineSession *s, const char *select, const char *function, const SourceFile *file, Elements *ret_rows,
                       Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_addf(&sql, "SELECT %s FROM %s(", select, function);
    emit_quoted_text(file->path, strlen(file->path), &sql);
    str_add(&sql, ")");
    return ask(a, s, str_text(&sql), file->uri ? file->uri : file->path, ret_rows, err);
}

/* ---------------------------------------------------------------- elements to types */
typedef struct Tree {
    Arena *a;
    const Elements *rows;
    size_t at;          /* the next element */
    Error *err;
    const char *column; /* the top-level column, for messages */
} Tree;

static const Element *peek(const Tree *t)
{
    return &t->rows->at[t->at];
}

static int number_of(const char *text)
{
    return text ? (int)strtol(text, NULL, 10) : 0;
}

static bool annotated(const Element *e, const char *converted, const char *logical)
{
    return (e->at[F_CONVERTED] && !strcmp(e->at[F_CONVERTED], converted)) ||
           (e->at[F_LOGICAL] && logical && str_starts(e->at[F_LOGICAL], logical));
}

static Status illegal(const Tree *t, const Element *e)
{
    str_auto what = STR_INIT(LIMIT_NAME);
    str_addf(&what, "%s%s%s%s", e->at[F_PHYSICAL] ? e->at[F_PHYSICAL] : "group", e->at[F_CONVERTED] ? " (" : "",
             e->at[F_CONVERTED] ? e->at[F_CONVERTED] : "", e->at[F_CONVERTED] ? ")" : "");
    return FAIL_CODE(t->err, ST_INVALID, "_LEGACY_ERROR_TEMP_1172", "Parquet type not yet supported: %s.", str_text(&what));
}

static const Type *integer_type(Arena *a, const Element *e, bool wide)
{
    static const struct { const char *word; int kind; } words[] = {
        { "INT_8", 1 }, { "INT_16", 2 }, { "INT_32", 4 }, { "UINT_8", 2 }, { "UINT_16", 4 }, { "UINT_32", 8 }, { "INT_64", 8 },
        { "UINT_64", 20 }
    };
    for (size_t i = 0; e->at[F_CONVERTED] && i < sizeof words / sizeof *words; i++) {
        if (!strcmp(words[i].word, e->at[F_CONVERTED]))
            return words[i].kind == 1 ? &type_byte : words[i].kind == 2 ? &type_short : words[i].kind == 4 ? &type_int
                 : words[i].kind == 8 ? &type_long : type_decimal(a, 20, 0);
    }
    return wide ? &type_long : &type_int;
}

static Status primitive(Tree *t, const Element *e, const Type **ret_type)
{
    const char *physical = e->at[F_PHYSICAL];
    bool utc = !e->at[F_LOGICAL] || !strstr(e->at[F_LOGICAL], "isAdjustedToUTC=0");
    bool timestamp = annotated(e, "TIMESTAMP_MICROS", "TimestampType") || annotated(e, "TIMESTAMP_MILLIS", "TimestampType");
    bool wide = !strcmp(physical, "INT64"), bytes = !strcmp(physical, "BYTE_ARRAY"), fixed = !strcmp(physical, "FIXED_LEN_BYTE_ARRAY");
    if (annotated(e, "TIME_MILLIS", "TimeType") || annotated(e, "TIME_MICROS", "TimeType") || annotated(e, "INTERVAL", NULL) ||
        (timestamp && e->at[F_LOGICAL] && strstr(e->at[F_LOGICAL], "NANOS=NanoSeconds")))
        return illegal(t, e);
    if (annotated(e, "DECIMAL", "DecimalType"))
        *ret_type = type_decimal(t->a, number_of(e->at[F_PRECISION]), number_of(e->at[F_SCALE]));
    else if (timestamp)
        *ret_type = utc ? &type_timestamp : &type_timestamp_ntz;
    else if (annotated(e, "DATE", "DateType"))
        *ret_type = &type_date;
    else if (!strcmp(physical, "INT96"))
        *ret_type = &type_timestamp;
    else if (!strcmp(physical, "BOOLEAN"))
        *ret_type = &type_boolean;
    else if (!strcmp(physical, "FLOAT") || !strcmp(physical, "DOUBLE"))
        *ret_type = physical[0] == 'F' ? &type_float : &type_double;
    else if (wide || !strcmp(physical, "INT32"))
        *ret_type = integer_type(t->a, e, wide);
    else if (bytes && (annotated(e, "UTF8", "StringType") || annotated(e, "ENUM", "EnumType") || annotated(e, "JSON", "JsonType")))
        *ret_type = &type_string;
    else if (bytes || (fixed && !e->at[F_CONVERTED] && !e->at[F_LOGICAL]))
        *ret_type = &type_binary;
    else
        return illegal(t, e);
    return ST_OK;
}

static Status element_type(Tree *t, const Type **ret_type);

static Status struct_type(Tree *t, int children, const Type **ret_type)
{
    Field *fields = ARENA_ARRAY(t->a, Field, (size_t)children + 1);
    for (int i = 0; i < children; i++) {
        const Element *e = peek(t);
        bool repeated = !strcmp(e->at[F_REPETITION], "REPEATED");
        fields[i] = (Field){ .name = e->at[F_NAME], .nullable = strcmp(e->at[F_REPETITION], "REQUIRED") != 0 };
        TRY(element_type(t, &fields[i].type));
        if (repeated) /* neither in a LIST nor a MAP: an array of required elements */
            fields[i].type = type_array(t->a, fields[i].type, false);
    }
    *ret_type = type_struct(t->a, fields, (size_t)children);
    return ST_OK;
}

/* Backward compatibility rules of the format: is the repeated field the element itself? */
static bool repeated_is_element(const Element *repeated, const char *list_name)
{
    str_auto tuple = STR_INIT(LIMIT_NAME);
    str_addf(&tuple, "%s_tuple", list_name);
    return repeated->at[F_PHYSICAL] || number_of(repeated->at[F_CHILDREN]) > 1 || !strcmp(repeated->at[F_NAME], "array") ||
           !strcmp(repeated->at[F_NAME], str_text(&tuple));
}

static Status list_type(Tree *t, const char *name, const Type **ret_type)
{
    const Element *repeated = peek(t);
    const Type *element;
    bool null = false;
    if (!repeated_is_element(repeated, name)) {
        t->at++;
        null = strcmp(peek(t)->at[F_REPETITION], "REQUIRED") != 0;
    }
    TRY(element_type(t, &element));
    *ret_type = type_array(t->a, element, null);
    return ST_OK;
}

static Status map_type(Tree *t, const Type **ret_type)
{
    const Type *key, *value;
    t->at++; /* key_value */
    TRY(element_type(t, &key));
    bool null = strcmp(peek(t)->at[F_REPETITION], "REQUIRED") != 0;
    TRY(element_type(t, &value));
    *ret_type = type_map(t->a, key, value, null);
    return ST_OK;
}

static Status element_type(Tree *t, const Type **ret_type)
{
    if (t->at >= t->rows->len)
        return FAIL(t->err, ST_IO, "a Parquet schema ends too early");
    const Element *e = peek(t);
    int children = number_of(e->at[F_CHILDREN]);
    t->at++;
    if (e->at[F_PHYSICAL] && !children)
        return primitive(t, e, ret_type);
    if (annotated(e, "LIST", "ListType") && children == 1)
        return list_type(t, e->at[F_NAME], ret_type);
    if ((annotated(e, "MAP", "MapType") || annotated(e, "MAP_KEY_VALUE", NULL)) && children == 1)
        return map_type(t, ret_type);
    return struct_type(t, children, ret_type);
}

/* ---------------------------------------------------------------- a file's schema */
static const char schema_columns[] = "file_name, name, \"type\", repetition_type, num_children::VARCHAR, converted_type, scale::VARCHAR, "
                                     "precision::VARCHAR, logical_type, type_length";

/* The engine's type says which groups are annotated as variants: parquet_schema() does not. */
static const Type *with_variants(Arena *a, const Type *t, duckdb_logical_type known)
{
    duckdb_type id = duckdb_get_type_id(known);
    if (id == DUCKDB_TYPE_VARIANT)
        return &type_variant;
    if (id == DUCKDB_TYPE_STRUCT && t->kind == TYPE_STRUCT && duckdb_struct_type_child_count(known) == t->nfields) {
        Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
        for (size_t i = 0; i < t->nfields; i++) {
            duckdb_logical_type child = duckdb_struct_type_child_type(known, i);
            fields[i] = t->fields[i];
            fields[i].type = with_variants(a, t->fields[i].type, child);
            duckdb_destroy_logical_type(&child);
        }
        return type_struct(a, fields, t->nfields);
    }
    if (id == DUCKDB_TYPE_LIST && t->kind == TYPE_ARRAY) {
        duckdb_logical_type child = duckdb_list_type_child_type(known);
        const Type *element = with_variants(a, t->element, child);
        duckdb_destroy_logical_type(&child);
        return type_array(a, element, t->contains_null);
    }
    if (id == DUCKDB_TYPE_MAP && t->kind == TYPE_MAP) {
        duckdb_logical_type child = duckdb_map_type_value_type(known);
        const Type *value = with_variants(a, t->element, child);
        duckdb_destroy_logical_type(&child);
        return type_map(a, t->key, value, t->contains_null);
    }
    return t;
}

static Status find_variants(Arena *a, EngineSession *s, const SourceFile *file, const Type **schema, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    duckdb_prepared_statement statement = NULL;
    str_add(&sql, "SELECT * FROM read_parquet(");
    emit_quoted_text(file->path, strlen(file->path), &sql);
    str_add(&sql, ")");
    if (duckdb_prepare(s->connection, str_text(&sql), &statement) != DuckDBSuccess) {
        duckdb_destroy_prepare(&statement);
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", file->uri, NULL);
    }
    const Type *t = *schema;
    Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++) {
        duckdb_logical_type known = duckdb_prepared_statement_column_logical_type(statement, i);
        fields[i] = t->fields[i];
        fields[i].type = with_variants(a, t->fields[i].type, known);
        duckdb_destroy_logical_type(&known);
    }
    duckdb_destroy_prepare(&statement);
    *schema = type_struct(a, fields, t->nfields);
    return ST_OK;
}

static Status read_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    Elements rows = { 0 };
    TRY(ask_file(a, s, schema_columns, "parquet_schema", file, &rows, err));
    if (!rows.len)
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", file->uri, NULL);
    Tree t = { .a = a, .rows = &rows, .at = 1, .err = err };
    bool variants = false;
    TRY(struct_type(&t, number_of(rows.at[0].at[F_CHILDREN]), ret_schema));
    for (size_t i = 1; i < rows.len && !variants; i++)
        variants = str_eq(rows.at[i].at[F_NAME], "metadata") && str_eq(rows.at[i].at[F_PHYSICAL], "BYTE_ARRAY");
    return variants ? find_variants(a, s, file, ret_schema, err) : ST_OK;
}

/* What Spark wrote of its schema; NULL when another writer made the file. */
static Status read_written(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    Elements rows = { 0 };
    *ret_schema = NULL;
    TRY(ask_file(a, s, "decode(\"key\"), decode(\"value\")", "parquet_kv_metadata", file, &rows, err));
    for (size_t i = 0; i < rows.len; i++) {
        const Type *t;
        if (rows.at[i].at[0] && rows.at[i].at[1] && !strcmp(rows.at[i].at[0], "org.apache.spark.sql.parquet.row.metadata") &&
            type_from_json(a, rows.at[i].at[1], &t, NULL) == ST_OK && t->kind == TYPE_STRUCT)
            *ret_schema = t;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- ranges of decimals */
/* "-12.50" with two digits behind the point to -1250. */
static bool unscaled(const char *text, const char *end, int64_t *ret_value)
{
    char digits[32];
    size_t n = 0;
    for (const char *at = text; at < end; at++) {
        if (*at == '.')
            continue;
        if (n + 1 == sizeof digits)
            return false;
        digits[n++] = *at;
    }
    digits[n] = 0;
    return n && str_to_i64(digits, ret_value);
}

/* What the engine's stats() says of a column: "[Min: 0.00, Max: 0.10][Has Null: false, …". */
static ColumnRange range_of(const char *text)
{
    ColumnRange r = { 0 };
    const char *least = text ? strstr(text, "Min: ") : NULL, *comma = least ? strchr(least, ',') : NULL;
    const char *greatest = comma && str_starts(comma, ", Max: ") ? comma + 7 : NULL, *end = greatest ? strchr(greatest, ']') : NULL;
    r.known = end && unscaled(least + 5, comma, &r.least) && unscaled(greatest, end, &r.greatest) && r.least <= r.greatest;
    return r;
}

static bool any_decimal(const Type *schema)
{
    for (size_t i = 0; i < schema->nfields; i++)
        if (schema->fields[i].type->kind == TYPE_DECIMAL)
            return true;
    return false;
}

/* A range for each column of `schema`, which the file has by these very names. */
static Status read_ranges(Arena *a, EngineSession *s, const SourceFile *file, const Type *schema, ColumnRange *ranges, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    Elements rows = { 0 };
    size_t asked = 0, at[F_COLUMNS];
    for (size_t i = 0; i <= schema->nfields; i++) {
        if (asked == F_COLUMNS || (i == schema->nfields && asked)) {
            str_add(&sql, " FROM read_parquet(");
            emit_quoted_text(file->path, strlen(file->path), &sql);
            str_add(&sql, ") LIMIT 1");
            TRY(ask(a, s, str_text(&sql), file->uri ? file->uri : file->path, &rows, err));
            for (size_t k = 0; rows.len && k < asked; k++)
                ranges[at[k]] = range_of(rows.at[rows.len - 1].at[k]);
            rows.len = asked = 0;
            str_clear(&sql);
        }
        if (i == schema->nfields || schema->fields[i].type->kind != TYPE_DECIMAL)
            continue;
        str_add(&sql, asked ? ", stats(" : "SELECT stats(");
        emit_quoted_name(schema->fields[i].name, &sql);
        str_add(&sql, ")");
        at[asked++] = i;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- variants that are NULL */
/* The engine takes a variant that is null for NULL. The footer counts the latter: with none of them, or as many as the engine
 * sees, all is known. */
Status source_footer_variant_nulls(EngineSession *s, const SourceFile *file, const char *column, bool *ret_are_variants, Error *err)
{
    arena_auto *a = arena_new();
    Elements rows = { 0 };
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    int64_t nulls = 0, seen = 0;
    str_add(&sql, "SELECT coalesce(sum(stats_null_count)::BIGINT, -1)::VARCHAR FROM parquet_metadata(");
    emit_quoted_text(file->path, strlen(file->path), &sql);
    str_add(&sql, ") WHERE path_in_schema = ");
    const char *leaf = arena_printf(a, "%s, metadata", column);
    emit_quoted_text(leaf, strlen(leaf), &sql);
    str_add(&sql, " HAVING bool_and(stats_null_count IS NOT NULL)");
    TRY(ask(a, s, str_text(&sql), file->uri, &rows, err));
    if (!rows.len || !str_to_i64(rows.at[0].at[0], &nulls) || nulls < 0)
        return source_unsupported(err, "a Parquet file of VARIANT columns without statistics of NULL");
    *ret_are_variants = nulls == 0;
    if (!nulls)
        return ST_OK;
    str_clear(&sql);
    rows.len = 0;
    str_add(&sql, "SELECT count(*)::VARCHAR FROM read_parquet(");
    emit_quoted_text(file->path, strlen(file->path), &sql);
    str_add(&sql, ") WHERE ");
    emit_quoted_name(column, &sql);
    str_add(&sql, " IS NULL");
    TRY(ask(a, s, str_text(&sql), file->uri, &rows, err));
    if (!rows.len || !str_to_i64(rows.at[0].at[0], &seen) || seen != nulls)
        return source_unsupported(err, "a Parquet file with an annotated VARIANT column that holds both NULL and variants that are null");
    return ST_OK;
}

/* ---------------------------------------------------------------- what is kept */
typedef struct Kept {
    const Type *type; /* NULL: there is none */
    const ColumnRange *ranges;
    size_t nranges;
} Kept;

struct Footers {
    pthread_mutex_t lock; /* guards what follows */
    Arena *arena;
    Map map;
};

Footers *footers_new(void)
{
    Footers *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    pthread_mutex_init(&f->lock, NULL);
    f->arena = arena_new();
    return f;
}

void footers_free(Footers *f)
{
    if (!f)
        return;
    arena_free(f->arena);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static const char *key_of(Arena *a, char part, const SourceFile *file)
{
    return arena_printf(a, "%c %" PRId64 " %" PRId64 " %s", part, file->size_bytes, file->modified_ms, file->path);
}

static bool find(Arena *a, EngineSession *s, const char *key, Kept *ret)
{
    Footers *f = s->engine->footers;
    pthread_mutex_lock(&f->lock);
    const Kept *kept = map_get(&f->map, key);
    if (kept) {
        ret->type = type_copy(a, kept->type);
        ret->nranges = kept->nranges;
        ret->ranges = kept->nranges ? arena_copy(a, kept->ranges, kept->nranges * sizeof *kept->ranges) : NULL;
    }
    pthread_mutex_unlock(&f->lock);
    return kept;
}

static void keep(EngineSession *s, const char *key, const SourceFile *file, Kept what)
{
    Footers *f = s->engine->footers;
    if (file->modified_ms <= 0 || clock_ms() - file->modified_ms < SETTLED_MS)
        return;
    pthread_mutex_lock(&f->lock);
    if (f->map.len >= KEPT_FILES || arena_used_bytes(f->arena) > KEPT_BYTES) {
        arena_free(f->arena);
        f->arena = arena_new();
        f->map = (Map){ 0 };
    }
    Kept *kept = ARENA_NEW(f->arena, Kept);
    kept->type = type_copy(f->arena, what.type);
    kept->nranges = what.nranges;
    kept->ranges = what.nranges ? arena_copy(f->arena, what.ranges, what.nranges * sizeof *what.ranges) : NULL;
    map_set(f->arena, &f->map, key, kept);
    pthread_mutex_unlock(&f->lock);
}

Status source_footer_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    const char *key = key_of(a, 's', file);
    Kept kept = { 0 };
    if (!find(a, s, key, &kept)) {
        TRY(read_schema(a, s, file, &kept.type, err));
        keep(s, key, file, kept);
    }
    *ret_schema = kept.type;
    return ST_OK;
}

Status source_footer_written(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    const char *key = key_of(a, 'w', file);
    Kept kept = { 0 };
    if (!find(a, s, key, &kept)) {
        TRY(read_written(a, s, file, &kept.type, err));
        keep(s, key, file, kept);
    }
    *ret_schema = kept.type;
    return ST_OK;
}

Status source_footer_ranges(Arena *a, EngineSession *s, const SourceFile *file, const Type *schema, const ColumnRange **ret_ranges, Error *err)
{
    if (!any_decimal(schema)) {
        *ret_ranges = ARENA_ARRAY(a, ColumnRange, schema->nfields + 1);
        return ST_OK;
    }
    str_auto columns = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(schema, &columns);
    const char *key = arena_printf(a, "%s %s", key_of(a, 'r', file), str_text(&columns));
    Kept kept = { 0 };
    if (!find(a, s, key, &kept)) {
        ColumnRange *ranges = ARENA_ARRAY(a, ColumnRange, schema->nfields + 1);
        TRY(read_ranges(a, s, file, schema, ranges, err));
        kept = (Kept){ .ranges = ranges, .nranges = schema->nfields };
        keep(s, key, file, kept);
    }
    *ret_ranges = kept.ranges;
    return ST_OK;
}
