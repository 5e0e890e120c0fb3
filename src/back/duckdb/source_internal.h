/* back/duckdb/source_internal.h -- what the source_*.c and emit_scan.c share. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_INTERNAL_H
#define WEIR_BACK_DUCKDB_SOURCE_INTERNAL_H
#include "back/duckdb/kernel.h"
#include "back/duckdb/source.h"
#include "back/duckdb/source_csv.h"

/* An option's value, its name without case; NULL when absent. */
const char *source_option(const KeyValueList *options, const char *name);
/* "true" or "false" in any case; anything else fails. */
Status source_bool(const KeyValueList *options, const char *name, bool absent, bool *ret_value, Error *err);
/* The option's datetime pattern, in *ret_pattern when there is one; freed with the arena. */
Status source_pattern(Arena *a, const KeyValueList *options, const char *name, PatternUse use, const Pattern **ret_pattern, Error *err);
Status source_unsupported(Error *err, const char *what);
/* Options of a format, of its reader or writer, that are not done: by name. */
Status source_refuse_options(const char *format, const KeyValueList *options, Error *err);
/* A file's bytes could not be read, and ignoreCorruptFiles says to go on with the next one. */
bool source_tolerates(const KeyValueList *options, Status status);
/* The text of a file in another encoding as UTF-8. */
Status source_decode(Arena *a, const char *encoding, View bytes, View *ret_text, Error *err);

/* ---------------------------------------------------------------- schemas, by format */
Status source_csv_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err);
Status source_parquet_schema(Arena *a, EngineSession *s, const SourceRequest *r, const Type **ret_schema, Error *err);
/* FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH for a file whose columns Spark does not read as `schema`. */
/* `ret_as_stored`: see ScanSource. */
/* `files`: the request's, which are told how they hold VARIANT columns. */
Status source_parquet_check(EngineSession *s, const SourceRequest *r, const Type *schema, SourceFile *files, bool *ret_as_stored, Error *err);
/* Of a column that the engine reads as a variant: does NULL mean a variant that is null? ST_UNSUPPORTED: some mean this, some that. */
Status source_footer_variant_nulls(EngineSession *s, const SourceFile *file, const char *column, bool *ret_are_variants, Error *err);
/* Has the file a footer? */
bool source_parquet_readable(EngineSession *s, const SourceFile *file);
Status source_avro_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err);
Status source_orc_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err);
/* StructType.merge */
Status source_merge_schemas(Arena *a, const Type *x, const Type *y, const Type **ret_type, Error *err);
/* For each column of `schema`, which every file stores under this name; NULL when there are too many files. */
Status source_parquet_ranges(Arena *a, EngineSession *s, const SourceRequest *r, const Type *schema, const ColumnRange **ret_ranges, Error *err);
/* From a file's footer, read once: the columns' types, the schema that Spark wrote (NULL: another writer made the file), and
 * what the columns of `schema` lie within. */
Status source_footer_schema(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err);
Status source_footer_written(Arena *a, EngineSession *s, const SourceFile *file, const Type **ret_schema, Error *err);
Status source_footer_ranges(Arena *a, EngineSession *s, const SourceFile *file, const Type *schema, const ColumnRange **ret_ranges, Error *err);
Status source_xml_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err);
Status source_json_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err);

/* The type of one text: schema_of_json, schema_of_csv, schema_of_xml. */
Status source_xml_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err);
Status source_json_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err);
Status source_csv_schema_of(Arena *a, View text, const KeyValueList *options, const char *time_zone, const Type **ret_type, Error *err);

/* Types that texts are inferred to have: LONG, DOUBLE, DECIMAL; and what holds both of two (compatibleType of JsonInferSchema and XmlInferSchema). */
bool source_is_number(const Type *t);
const Type *source_wider_number(Arena *a, const Type *x, const Type *y);

/* Partition columns in the files' paths: a STRUCT (without fields when there are none) and each file's values. */
Status source_partitions(Arena *a, const SourceRequest *r, const Type **ret_schema, SourceFile *files, Error *err);

/* ---------------------------------------------------------------- values, as Java reads them */
bool java_integer(View v, int64_t min, int64_t max, int64_t *ret_value); /* Integer.parseInt … */
bool java_double(View v, double *ret_value);                              /* Double.parseDouble */
bool java_float(View v, float *ret_value);
/* new BigDecimal(text): false when it is none. */
bool java_big_decimal(View v, int64_t *ret_precision, int64_t *ret_scale);
/* The unscaled value with `scale` digits, rounded half up; false when it is none or has more than `precision` digits. */
bool java_decimal(View v, int precision, int scale, i128 *ret_value);
bool java_boolean(View v, bool *ret_value);
bool iso_date(View v, int32_t *ret_days);                                 /* yyyy-MM-dd and nothing else */
/* `v` as valid UTF-8: itself, or a copy in `scratch` with U+FFFD for what is not. */
View utf8_clean(View v, Str *scratch);

#endif
