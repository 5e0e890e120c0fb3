/* back/duckdb/source_parquet.c -- the schema of Parquet files. Source: ParquetFileFormat.
 *
 * The schema is that of the first file (with mergeSchema: of all), as Spark wrote it into the footer when it did. Files
 * whose columns have types that Spark's reader refuses for it are refused here, before the engine would cast them. */
#include "back/duckdb/emit.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"

#include <stdlib.h>

enum {
    CHECKED_FILES = 1000, /* of a scan's files, so many have their types compared before it starts */
    RANGED_FILES = 64     /* a scan of no more files has the ranges of its decimals */
};

/* ---------------------------------------------------------------- a file's schema */
static Status file_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err)
{
    TRY(source_footer_written(a, s, file, ret_schema, err));
    return *ret_schema ? ST_OK : source_footer_schema(a, s, file, ret_schema, err);
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

/* A group of value and metadata: a VARIANT that is not annotated. */
static bool is_variant_group(const Type *t)
{
    if (t->kind != TYPE_STRUCT || t->nfields != 2)
        return false;
    const Field *value = field_named(t, "value"), *metadata = field_named(t, "metadata");
    return value && metadata && value->type->kind == TYPE_BINARY && metadata->type->kind == TYPE_BINARY;
}

/* ParquetVectorUpdaterFactory: may a column of type `file` be read as `wanted`? */
static bool readable(const Type *file, const Type *wanted)
{
    if (wanted->kind == TYPE_VARIANT)
        return file->kind == TYPE_VARIANT || is_variant_group(file);
    if (wanted->kind == TYPE_UDT)
        wanted = wanted->sql_type;
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
    return source_footer_schema(a, s, file, &there, &err) == ST_OK;
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

/* The usual case: a file is read with its own schema (names are unique, see source_resolve). */
static bool is_own(const Type *there, const Type *schema)
{
    bool same = there->nfields == schema->nfields;
    for (size_t i = 0; same && i < schema->nfields; i++)
        same = str_eq(there->fields[i].name, schema->fields[i].name) && type_same(there->fields[i].type, schema->fields[i].type);
    return same;
}

static Status check_file(Arena *a, EngineSession *s, const SourceRequest *r, const SourceFile *file, const Type *schema, bool *ret_alike, Error *err)
{
    const Type *there;
    TRY(source_footer_schema(a, s, file, &there, err));
    if (is_own(there, schema)) {
        *ret_alike = true;
        for (size_t i = 0; i < schema->nfields; i++)
            *ret_alike = *ret_alike && engine_reads_alike(schema->fields[i].type);
        return ST_OK;
    }
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

/* What the decimals of all files lie within. */
Status source_parquet_ranges(Arena *a, EngineSession *s, const SourceRequest *r, const Type *schema, const ColumnRange **ret_ranges, Error *err)
{
    *ret_ranges = NULL;
    if (!r->nfiles || r->nfiles > RANGED_FILES)
        return ST_OK;
    ColumnRange *all = ARENA_ARRAY(a, ColumnRange, schema->nfields + 1);
    for (size_t i = 0; i < r->nfiles; i++) {
        const ColumnRange *one;
        TRY(source_footer_ranges(a, s, &r->files[i], schema, &one, err));
        for (size_t k = 0; k < schema->nfields; k++) {
            all[k].known = (i == 0 || all[k].known) && one[k].known;
            all[k].least = i == 0 || one[k].least < all[k].least ? one[k].least : all[k].least;
            all[k].greatest = i == 0 || one[k].greatest > all[k].greatest ? one[k].greatest : all[k].greatest;
        }
    }
    *ret_ranges = all;
    return ST_OK;
}

/* How a file holds the schema's VARIANT columns. */
static Status check_variants(EngineSession *s, SourceFile *file, const Type *schema, Error *err)
{
    arena_auto *a = arena_new();
    const Type *there;
    TRY(source_footer_schema(a, s, file, &there, err));
    file->variant_groups = true;
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = field_named(there, schema->fields[i].name);
        bool are_variants = false;
        if (!f || !type_has_variant(schema->fields[i].type))
            continue;
        if (f->type->kind == TYPE_STRUCT && schema->fields[i].type->kind == TYPE_VARIANT && field_named(f->type, "typed_value"))
            return source_unsupported(err, "a shredded VARIANT column of Parquet that is not annotated as one");
        if (!type_has_variant(f->type))
            continue;
        if (f->type->kind != TYPE_VARIANT || i >= 64)
            return source_unsupported(err, "an annotated VARIANT inside of another column of Parquet");
        file->variant_groups = false;
        TRY(source_footer_variant_nulls(s, file, f->name, &are_variants, err));
        file->variant_nulls |= are_variants ? UINT64_C(1) << i : 0;
    }
    for (size_t i = 0; i < schema->nfields && !file->variant_groups; i++) {
        const Field *f = field_named(there, schema->fields[i].name);
        if (f && type_has_variant(schema->fields[i].type) && f->type->kind != TYPE_VARIANT)
            return source_unsupported(err, "a Parquet file that annotates some of its VARIANT columns");
    }
    return ST_OK;
}

Status source_parquet_check(EngineSession *s, const SourceRequest *r, const Type *schema, SourceFile *files, bool *ret_as_stored, Error *err)
{
    bool variants = type_has_variant(schema);
    *ret_as_stored = r->nfiles <= CHECKED_FILES && schema->nfields;
    for (size_t i = 0; i < r->nfiles && (i < CHECKED_FILES || variants); i++) {
        arena_auto *a = arena_new();
        bool alike;
        if (variants)
            TRY(check_variants(s, &files[i], schema, err));
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
