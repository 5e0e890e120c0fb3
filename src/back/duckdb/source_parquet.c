/* back/duckdb/source_parquet.c -- Parquet footers to Spark's types. Source: ParquetFileFormat, ParquetToSparkSchemaConverter.
 *
 * The schema is that of the first file (with mergeSchema: of all), as Spark wrote it into the footer when it did. Files
 * whose columns have types that Spark's reader refuses for it are refused here, before the engine would cast them. */
#include "back/duckdb/emit.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"

#include <stdlib.h>

enum { CHECKED_FILES = 1000 }; /* of a scan's files, so many have their types compared before it starts */

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

static Status physical_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    Elements rows = { 0 };
    TRY(ask_file(a, s, schema_columns, "parquet_schema", file, &rows, err));
    if (!rows.len)
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", file->uri, NULL);
    Tree t = { .a = a, .rows = &rows, .at = 1, .err = err };
    return struct_type(&t, number_of(rows.at[0].at[F_CHILDREN]), ret_schema);
}

/* What Spark wrote of its schema; NULL when another writer made the file. */
static Status written_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
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

static Status file_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    TRY(written_schema(a, s, file, ret_schema, err));
    return *ret_schema ? ST_OK : physical_schema(a, s, file, ret_schema, err);
}

/* ---------------------------------------------------------------- mergeSchema */
static const Field *field_named(const Type *t, const char *name)
{
    for (size_t i = 0; i < t->nfields; i++) {
        if (str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    }
    return NULL;
}

static Status cannot_merge(const Type *x, const Type *y, Error *err)
{
    str_auto left = STR_INIT(ERROR_MESSAGE_BYTES), right = STR_INIT(ERROR_MESSAGE_BYTES);
    type_sql(x, &left);
    type_sql(y, &right);
    return FAIL_CODE(err, ST_INVALID, "CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE",
                     "[CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE] Failed to merge incompatible data types \"%s\" and \"%s\". Please check the "
                     "data types of the columns being merged and ensure that they are compatible. If necessary, consider casting the "
                     "columns to compatible data types before attempting the merge. SQLSTATE: 42825",
                     str_text(&left), str_text(&right));
}

Status source_merge_schemas(Arena *a, const Type *x, const Type *y, const Type **ret_type, Error *err)
{
    const Type *key, *value;
    if (type_same(x, y)) {
        *ret_type = x;
    } else if (x->kind == TYPE_ARRAY && y->kind == TYPE_ARRAY) {
        TRY(source_merge_schemas(a, x->element, y->element, &value, err));
        *ret_type = type_array(a, value, x->contains_null || y->contains_null);
    } else if (x->kind == TYPE_MAP && y->kind == TYPE_MAP) {
        TRY(source_merge_schemas(a, x->key, y->key, &key, err));
        TRY(source_merge_schemas(a, x->element, y->element, &value, err));
        *ret_type = type_map(a, key, value, x->contains_null || y->contains_null);
    } else if (x->kind == TYPE_STRUCT && y->kind == TYPE_STRUCT) {
        VEC(Field) fields = { 0 };
        for (size_t i = 0; i < x->nfields; i++) {
            const Field *other = field_named(y, x->fields[i].name);
            Field f = x->fields[i];
            if (other)
                TRY(source_merge_schemas(a, f.type, other->type, &f.type, err));
            vec_push(a, &fields, f);
        }
        for (size_t i = 0; i < y->nfields; i++) {
            if (!field_named(x, y->fields[i].name))
                vec_push(a, &fields, y->fields[i]);
        }
        *ret_type = type_struct(a, fields.at, fields.len);
    } else {
        return cannot_merge(x, y, err);
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- what the reader takes */
static int rank(const Type *t)
{
    return t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG ? (int)t->kind : -1;
}

/* ParquetVectorUpdaterFactory: may a column of type `file` be read as `wanted`? */
static bool readable(const Type *file, const Type *wanted)
{
    if (file->kind == TYPE_STRUCT && wanted->kind == TYPE_STRUCT) {
        bool good = true;
        for (size_t i = 0; i < wanted->nfields && good; i++) {
            const Field *f = field_named(file, wanted->fields[i].name);
            good = !f || readable(f->type, wanted->fields[i].type);
        }
        return good;
    }
    if (file->kind == wanted->kind && file->element)
        return readable(file->element, wanted->element) && (!file->key || readable(file->key, wanted->key));
    if (file->kind == TYPE_DECIMAL && wanted->kind == TYPE_DECIMAL)
        return wanted->scale >= file->scale && wanted->precision - wanted->scale >= file->precision - file->scale;
    if (rank(file) >= 0 && wanted->kind == TYPE_DECIMAL)
        return wanted->precision - wanted->scale >= (file->kind == TYPE_LONG ? 20 : 10);
    if (rank(file) >= 0 && rank(wanted) >= 0)
        return file->kind != TYPE_LONG || wanted->kind == TYPE_LONG;
    if (wanted->kind == TYPE_DOUBLE)
        return file->kind == TYPE_DOUBLE || file->kind == TYPE_FLOAT || (rank(file) >= 0 && file->kind != TYPE_LONG);
    bool text = wanted->kind == TYPE_STRING || wanted->kind == TYPE_CHAR || wanted->kind == TYPE_VARCHAR || wanted->kind == TYPE_BINARY;
    if (text)
        return file->kind == TYPE_STRING || file->kind == TYPE_BINARY;
    if (wanted->kind == TYPE_TIMESTAMP_NTZ)
        return file->kind == TYPE_TIMESTAMP_NTZ || file->kind == TYPE_DATE;
    return file->kind == wanted->kind || (wanted->kind == TYPE_TIMESTAMP && file->kind == TYPE_TIMESTAMP_NTZ);
}

/* Types that the engine reads from a file as just what they are here. */
static bool engine_reads_alike(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: case TYPE_INT: case TYPE_LONG: case TYPE_FLOAT: case TYPE_DOUBLE: case TYPE_STRING: case TYPE_DATE:
    case TYPE_DECIMAL: return true;
    default: return false;
    }
}

/* The columns of the schema are in the file, by the very names, and no other name is the same but for case. */
static bool stored_alike(const Type *there, const Type *schema)
{
    for (size_t i = 0; i < schema->nfields; i++) {
        size_t same = 0;
        const Field *f = NULL;
        for (size_t j = 0; j < there->nfields; j++) {
            bool named = str_ieq(there->fields[j].name, schema->fields[i].name);
            same += named;
            f = named ? &there->fields[j] : f;
        }
        if (same != 1 || !str_eq(f->name, schema->fields[i].name) || !type_same(f->type, schema->fields[i].type) ||
            !engine_reads_alike(f->type))
            return false;
    }
    return true;
}

bool source_parquet_readable(EngineSession *s, const SourceFile *file)
{
    arena_auto *a = arena_new();
    const Type *there;
    Error err = ERROR_INIT;
    return physical_schema(a, s, file, &there, &err) == ST_OK;
}

/* spark.sql.caseSensitive: a column that another case of its name would give is none, which the engine's reader does not know. */
static Status check_case(const SourceRequest *r, const Type *there, const Type *schema, Error *err)
{
    if (!str_ieq(source_option(r->options, SOURCE_CASE_SENSITIVE), "true"))
        return ST_OK;
    for (size_t i = 0; i < schema->nfields; i++) {
        size_t exact = 0, same = 0;
        for (size_t j = 0; j < there->nfields; j++) {
            exact += str_eq(there->fields[j].name, schema->fields[i].name);
            same += str_ieq(there->fields[j].name, schema->fields[i].name);
        }
        if (exact != same)
            return source_unsupported(err, "Parquet columns whose names differ in case only, with spark.sql.caseSensitive");
    }
    return ST_OK;
}

static Status check_file(Arena *a, EngineSession *s, const SourceRequest *r, const SourceFile *file, const Type *schema, bool *ret_alike, Error *err)
{
    const Type *there;
    TRY(physical_schema(a, s, file, &there, err));
    TRY(check_case(r, there, schema, err));
    *ret_alike = stored_alike(there, schema);
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = field_named(there, schema->fields[i].name);
        if (!f || readable(f->type, schema->fields[i].type))
            continue;
        str_auto column = STR_INIT(LIMIT_NAME), expected = STR_INIT(ERROR_MESSAGE_BYTES), actual = STR_INIT(ERROR_MESSAGE_BYTES);
        str_addf(&column, "[%s]", f->name);
        type_catalog(schema->fields[i].type, &expected);
        type_catalog(f->type, &actual);
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH", "path", file->uri, "column",
                           str_text(&column), "expectedType", str_text(&expected), "actualType", str_text(&actual), NULL);
    }
    return ST_OK;
}

Status source_parquet_check(EngineSession *s, const SourceRequest *r, const Type *schema, bool *ret_as_stored, Error *err)
{
    *ret_as_stored = r->nfiles <= CHECKED_FILES && schema->nfields;
    for (size_t i = 0; i < r->nfiles && i < CHECKED_FILES; i++) {
        arena_auto *a = arena_new();
        bool alike;
        TRY(check_file(a, s, r, &r->files[i], schema, &alike, err));
        *ret_as_stored = *ret_as_stored && alike;
    }
    return ST_OK;
}

static bool is_summary(const SourceFile *f)
{
    const char *name = strrchr(f->path, '/');
    return name && (!strcmp(name, "/_metadata") || !strcmp(name, "/_common_metadata"));
}

Status source_parquet_schema(Arena *a, EngineSession *s, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    bool merge;
    const Type *schema = NULL;
    TRY(source_bool(r->options, "mergeSchema", false, &merge, err));
    for (size_t i = 0; i < r->nfiles && (merge || !schema); i++) {
        const Type *t;
        if (is_summary(&r->files[i]))
            continue;
        if (source_tolerates(r->options, ST_IO) && !source_parquet_readable(s, &r->files[i])) {
            if (merge)
                continue;
            break; /* Spark looks at the first file only */
        }
        TRY(file_schema(a, s, &r->files[i], &t, err));
        if (schema)
            TRY(source_merge_schemas(a, schema, t, &schema, err));
        else
            schema = t;
    }
    if (!schema)
        return engine_fail(err, ST_INVALID, "UNABLE_TO_INFER_SCHEMA", "format", "Parquet", NULL);
    *ret_schema = schema;
    return ST_OK;
}
