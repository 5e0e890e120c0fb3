/* back/duckdb/source.c -- formats, and a Scan's schema from the files, the paths and the user's words.
 *
 * To add a format: its names below, its schema in source_NAME.c, its FROM text in emit_scan.c, cases in tests/golden/source. */
#include "back/duckdb/source.h"

#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"

#include <stdlib.h>

static const struct {
    const char *name, *format;
} formats[] = {
    { "parquet", "parquet" },
    { "jdbc", "jdbc" },
    { "org.apache.spark.sql.jdbc", "jdbc" },
    { "org.apache.spark.sql.jdbc.DefaultSource", "jdbc" },
    { "org.apache.spark.sql.execution.datasources.jdbc", "jdbc" },
    { "org.apache.spark.sql.execution.datasources.jdbc.JdbcRelationProvider", "jdbc" },
    { "csv", "csv" },
    { "json", "json" },
    { "xml", "xml" },
    { "text", "text" },
    { "binaryFile", "binaryFile" },
    { "avro", "avro" },
    { "orc", "orc" },
    { "org.apache.spark.sql.orc", "orc" },
    { "org.apache.spark.sql.execution.datasources.orc", "orc" },
    { "org.apache.spark.sql.execution.datasources.orc.OrcFileFormat", "orc" },
    { "org.apache.spark.sql.hive.orc", "orc" },
    { "com.databricks.spark.avro", "avro" },
    { "org.apache.spark.sql.avro.AvroFileFormat", "avro" },
    { "com.databricks.spark.csv", "csv" },
    { "org.apache.spark.sql.parquet", "parquet" },
    { "org.apache.spark.sql.json", "json" },
    { "org.apache.spark.sql.execution.datasources.parquet", "parquet" },
    { "org.apache.spark.sql.execution.datasources.csv", "csv" },
    { "org.apache.spark.sql.execution.datasources.json", "json" },
    { "org.apache.spark.sql.execution.datasources.text", "text" },
    { "org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat", "parquet" },
    { "org.apache.spark.sql.execution.datasources.csv.CSVFileFormat", "csv" },
    { "org.apache.spark.sql.execution.datasources.json.JsonFileFormat", "json" },
    { "org.apache.spark.sql.execution.datasources.text.TextFileFormat", "text" },
    { "com.databricks.spark.xml", "xml" },
    { "com.databricks.spark.xml.DefaultSource", "xml" },
    { "org.apache.spark.sql.execution.datasources.xml", "xml" },
    { "org.apache.spark.sql.execution.datasources.xml.XmlFileFormat", "xml" },
};

const char *source_format(const char *format)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (str_ieq(formats[i].name, format))
            return formats[i].format;
    }
    return NULL;
}

/* ---------------------------------------------------------------- types that a format holds */
static bool holds(const char *format, const Type *t)
{
    bool nested = t->kind == TYPE_ARRAY || t->kind == TYPE_MAP || t->kind == TYPE_STRUCT;
    switch (t->kind) {
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: return !strcmp(format, "avro") || !strcmp(format, "orc") || !strcmp(format, "xml");
    case TYPE_VARIANT: return !strcmp(format, "parquet") || !strcmp(format, "json") || !strcmp(format, "xml");
    case TYPE_CALENDAR_INTERVAL: case TYPE_TIME: case TYPE_GEOMETRY: case TYPE_GEOGRAPHY: return false;
    default: break;
    }
    if (!strcmp(format, "text"))
        return t->kind == TYPE_STRING;
    if (!strcmp(format, "csv"))
        return !nested && t->kind != TYPE_NULL;
    bool good = t->kind != TYPE_NULL || strcmp(format, "parquet") != 0;
    for (size_t i = 0; t->kind == TYPE_STRUCT && good && i < t->nfields; i++)
        good = holds(format, t->fields[i].type);
    if (t->kind == TYPE_MAP)
        good = holds(format, t->key);
    return good && (!t->element || holds(format, t->element));
}

static Status check_types(const char *format, const Type *schema, Error *err)
{
    static const char *const words[][2] = { { "parquet", "Parquet" }, { "csv", "CSV" }, { "json", "JSON" }, { "text", "Text" }, { "avro", "Avro" }, { "orc", "ORC" }, { "xml", "XML" } };
    const char *word = format;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        word = strcmp(words[i][0], format) ? word : words[i][1];
    for (size_t i = 0; i < schema->nfields; i++) {
        if (holds(format, schema->fields[i].type))
            continue;
        str_auto name = STR_INIT(LIMIT_NAME), type = STR_INIT(LIMIT_QUERY_TEXT);
        str_addf(&name, "`%s`", schema->fields[i].name);
        str_addc(&type, '"');
        type_sql(schema->fields[i].type, &type);
        str_addc(&type, '"');
        return engine_fail(err, ST_INVALID, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "format", word, "columnName", str_text(&name),
                           "columnType", str_text(&type), NULL);
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- schemas */
static bool has_field(const Type *t, const char *name)
{
    for (size_t i = 0; i < t->nfields; i++) {
        if (str_ieq(t->fields[i].name, name))
            return true;
    }
    return false;
}

/* The user's schema without the partition columns. */
static const Type *without(Arena *a, const Type *schema, const Type *partitions)
{
    Field *fields = ARENA_ARRAY(a, Field, schema->nfields + 1);
    size_t n = 0;
    for (size_t i = 0; i < schema->nfields; i++) {
        if (!has_field(partitions, schema->fields[i].name))
            fields[n++] = schema->fields[i];
    }
    return type_struct(a, fields, n);
}

static Status unique_names(const Type *schema, Error *err)
{
    for (size_t i = 0; i < schema->nfields; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!str_ieq(schema->fields[i].name, schema->fields[j].name))
                continue;
            str_auto name = STR_INIT(LIMIT_NAME);
            str_addf(&name, "`%s`", schema->fields[i].name);
            for (char *c = name.data; c && *c; c++)
                *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
            return engine_fail(err, ST_INVALID, "COLUMN_ALREADY_EXISTS", "columnName", str_text(&name), NULL);
        }
    }
    return ST_OK;
}

static const Field binary_file[] = {
    { .name = "path", .type = &type_string, .nullable = true },
    { .name = "modificationTime", .type = &type_timestamp, .nullable = true },
    { .name = "length", .type = &type_long, .nullable = true },
    { .name = "content", .type = &type_binary, .nullable = true },
};

/* BinaryFileFormat takes no other schema than its own. */
static Status check_binary_file(Arena *a, const Type *schema, Error *err)
{
    const Type *own = type_struct(a, binary_file, sizeof binary_file / sizeof *binary_file);
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    if (type_equal(schema, own))
        return ST_OK;
    type_catalog(schema, &text);
    return FAIL_CODE(err, ST_INVALID, "", "requirement failed: Binary file data source expects its own schema, but got: %s.", str_text(&text));
}

static Status inferred_schema(Arena *a, EngineSession *s, const char *format, const SourceRequest *r, const Type **ret_schema,
                              Error *err)
{
    static const Field value = { .name = "value", .type = &type_string, .nullable = true };
    if (!strcmp(format, "binaryFile")) {
        *ret_schema = type_struct(a, binary_file, sizeof binary_file / sizeof *binary_file);
        return ST_OK;
    }
    if (!strcmp(format, "orc"))
        return source_orc_schema(a, r, ret_schema, err);
    if (!strcmp(format, "avro"))
        return source_avro_schema(a, r, ret_schema, err);
    if (!strcmp(format, "text")) {
        *ret_schema = type_struct(a, &value, 1);
        return ST_OK;
    }
    const char *single = !strcmp(format, "json") || !strcmp(format, "xml") ? source_option(r->options, "singleVariantColumn") : NULL;
    if (single) {
        const Field variant = { .name = single, .type = &type_variant, .nullable = true };
        *ret_schema = type_struct(a, &variant, 1);
        return ST_OK;
    }
    if (!r->nfiles) {
        static const char *const words[][2] = { { "parquet", "Parquet" }, { "csv", "CSV" }, { "json", "JSON" }, { "orc", "ORC" }, { "avro", "Avro" }, { "xml", "XML" } };
        const char *word = format;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            word = strcmp(words[i][0], format) ? word : words[i][1];
        return engine_fail(err, ST_INVALID, "UNABLE_TO_INFER_SCHEMA", "format", word, NULL);
    }
    if (!strcmp(format, "csv"))
        return source_csv_schema(a, r, ret_schema, err);
    if (!strcmp(format, "json"))
        return source_json_schema(a, r, ret_schema, err);
    if (!strcmp(format, "xml"))
        return source_xml_schema(a, r, ret_schema, err);
    return source_parquet_schema(a, s, r, ret_schema, err);
}

/* A column that is in the files and in the paths is the path's. In CSV it may only stand at the end: records are read by
 * position; and anywhere else the output's order would be another than Spark's. */
static Status drop_overlap(Arena *a, const Type **schema, const Type *partitions, Error *err)
{
    const Type *t = *schema;
    size_t kept = 0;
    for (size_t i = 0; i < t->nfields; i++) {
        bool twice = has_field(partitions, t->fields[i].name);
        if (!twice && kept != i)
            return source_unsupported(err, "a partition column that stands before other columns in the files too");
        kept += !twice;
    }
    if (kept < t->nfields)
        *schema = without(a, t, partitions);
    return ST_OK;
}

/* singleVariantColumn: a record is one VARIANT, beside what is malformed. Source: DataSourceOptions.validateSingleVariantColumn. */
static Status check_single_variant(const char *format, const SourceRequest *r, const Type *schema, Error *err)
{
    const char *corrupt = source_option(r->options, "columnNameOfCorruptRecord");
    size_t variants = 0, others = 0;
    if ((strcmp(format, "json") != 0 && strcmp(format, "xml") != 0) || !source_option(r->options, "singleVariantColumn"))
        return ST_OK;
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = &schema->fields[i];
        variants += f->type->kind == TYPE_VARIANT;
        others += f->type->kind != TYPE_VARIANT && !(f->type->kind == TYPE_STRING && str_eq(f->name, corrupt ? corrupt : "_corrupt_record"));
    }
    if (variants == 1 && !others)
        return ST_OK;
    str_auto type = STR_INIT(LIMIT_QUERY_TEXT);
    str_addc(&type, '"');
    type_sql(schema, &type);
    str_addc(&type, '"');
    return engine_fail(err, ST_INVALID, "INVALID_SINGLE_VARIANT_COLUMN", "schema", str_text(&type), NULL);
}

static Status check_corrupt(const char *format, const SourceRequest *r, const Type *schema, Error *err)
{
    const char *name = source_option(r->options, "columnNameOfCorruptRecord");
    name = name ? name : "_corrupt_record";
    for (size_t i = 0; i < schema->nfields && (!strcmp(format, "csv") || !strcmp(format, "json") || !strcmp(format, "xml")); i++) {
        if (strcmp(schema->fields[i].name, name) != 0 || schema->fields[i].type->kind == TYPE_STRING)
            continue;
        str_auto type = STR_INIT(LIMIT_QUERY_TEXT);
        type_sql(schema->fields[i].type, &type);
        Status status = FAIL_CODE(err, ST_INVALID, "INVALID_CORRUPT_RECORD_TYPE",
                                  "[INVALID_CORRUPT_RECORD_TYPE] The column `%s` for corrupt records must have the nullable STRING type, "
                                  "but got \"%s\". SQLSTATE: 42804", name, str_text(&type));
        error_param(err, "columnName", name);
        error_param(err, "actualType", str_text(&type));
        return status;
    }
    return ST_OK;
}

/* Options of every file source that would change which rows there are. */
static Status common_options(const SourceRequest *r, bool *ret_recursive, Error *err)
{
    static const char *const flags[] = { "ignoreCorruptFiles", "ignoreMissingFiles" };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bool on;
        TRY(source_bool(r->options, flags[i], false, &on, err));
    }
    return source_bool(r->options, "recursiveFileLookup", false, ret_recursive, err);
}

/* PartitioningAwareFileIndex.allFiles: without partition columns, only what is right in the folders that were named. */
static size_t drop_nested(SourceFile *files, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!files[i].nested)
            files[kept++] = files[i];
    return kept;
}

/* ignoreCorruptFiles: Parquet files without a footer are left out before the engine sees them. */
static SourceRequest without_corrupt(Arena *a, EngineSession *s, const SourceRequest *r)
{
    SourceRequest copy = *r;
    SourceFile *files = ARENA_ARRAY(a, SourceFile, r->nfiles + 1);
    copy.nfiles = 0;
    for (size_t i = 0; i < r->nfiles; i++)
        if (source_parquet_readable(s, &r->files[i]))
            files[copy.nfiles++] = r->files[i];
    copy.files = files;
    return copy;
}

/* FileSourceScanExec.createReadPartitions: the largest first. Of equal ones the eldest: Spark says nothing of them. */
static int by_size(const void *x, const void *y)
{
    const SourceFile *f = x, *g = y;
    if (f->size_bytes != g->size_bytes)
        return f->size_bytes > g->size_bytes ? -1 : 1;
    if (f->modified_ms != g->modified_ms)
        return f->modified_ms < g->modified_ms ? -1 : 1;
    return strcmp(f->path, g->path);
}

Status source_resolve(Arena *a, EngineSession *s, const SourceRequest *given_request, const ScanSource **ret_source, Error *err)
{
    SourceRequest kept = *given_request;
    const SourceRequest *request = &kept;
    const char *format = source_format(request->format);
    if (!format)
        return engine_fail(err, ST_INVALID, "DATA_SOURCE_NOT_FOUND", "provider", request->format, NULL);
    if (!strcmp(format, "jdbc"))
        return FAIL(err, ST_INTERNAL, "a JDBC source has no files");
    ScanSource *source = ARENA_NEW(a, ScanSource);
    SourceFile *files = ARENA_ARRAY(a, SourceFile, request->nfiles + 1);
    bool recursive, given = request->partition_schema != NULL;
    TRY(source_refuse_options(format, request->options, err));
    TRY(common_options(request, &recursive, err));
    bool corrupt_left_out = !strcmp(format, "parquet") && source_tolerates(request->options, ST_IO);
    if (corrupt_left_out)
        kept = without_corrupt(a, s, given_request);
    if (kept.nfiles)
        memcpy(files, kept.files, kept.nfiles * sizeof *files);
    source->partition_schema = given ? request->partition_schema : type_struct(a, NULL, 0);
    if (!given && !recursive) /* recursiveFileLookup: folders are not columns */
        TRY(source_partitions(a, request, &source->partition_schema, files, err));
    if (!source->partition_schema->nfields && !recursive)
        kept.nfiles = drop_nested(files, kept.nfiles);
    kept.files = files;
    if (request->user_schema) {
        source->data_schema = type_as_nullable(a, without(a, request->user_schema, source->partition_schema));
    } else {
        TRY(inferred_schema(a, s, format, corrupt_left_out ? given_request : request, &source->data_schema, err));
        source->data_schema = type_as_nullable(a, source->data_schema);
        TRY(drop_overlap(a, &source->data_schema, source->partition_schema, err));
    }
    TRY(unique_names(source->data_schema, err));
    if (!strcmp(format, "binaryFile"))
        TRY(check_binary_file(a, source->data_schema, err));
    TRY(check_types(format, source->data_schema, err));
    TRY(check_corrupt(format, request, source->data_schema, err));
    TRY(check_single_variant(format, request, source->data_schema, err));
    if (!strcmp(format, "parquet"))
        TRY(source_parquet_check(s, request, source->data_schema, files, &source->as_stored, err));
    if (source->as_stored)
        TRY(source_parquet_ranges(a, s, request, source->data_schema, &source->ranges, err));
    if (!source->partition_schema->nfields) /* those of a partition are read together */
        qsort(files, request->nfiles, sizeof *files, by_size);
    source->files = files;
    source->nfiles = request->nfiles;
    *ret_source = source;
    return ST_OK;
}
