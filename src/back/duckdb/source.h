/* back/duckdb/source.h -- reading: from listed files and a reader's options to a schema, as Spark's data sources do.
 *
 * The driver (or the lake) lists the files; this finds partition columns in their paths and the columns inside them. The
 * result is the `source` of a bound Scan; emit_plan() turns that into the scan itself. Option names are case-insensitive;
 * unknown ones are ignored, as in Spark. Formats: parquet, csv, json, xml, text, avro, orc, binaryFile; another name fails with DATA_SOURCE_NOT_FOUND
 * (jdbc is one, without files: back/duckdb/jdbc.h).
 *
 * Source: CSVInferSchema, CSVOptions, JsonInferSchema, PartitioningUtils, ParquetToSparkSchemaConverter. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_H
#define WEIR_BACK_DUCKDB_SOURCE_H
#include "back/duckdb/engine.h"
#include "ir/node.h"
#include "ir/source.h"

/* Options that a caller sets for a session: spark.sql.timestampType, spark.sql.legacy.timeParserPolicy, spark.sql.caseSensitive. */
#define SOURCE_TIMESTAMP_TYPE "spark.sql.timestampType"
#define SOURCE_TIME_PARSER_POLICY "spark.sql.legacy.timeParserPolicy"
#define SOURCE_CASE_SENSITIVE "spark.sql.caseSensitive"

typedef struct SourceRequest {
    const char *format;           /* as the user wrote it: "csv", "PARQUET", "org.apache.spark.sql.parquet" */
    const SourceFile *files;      /* in order; partition_values are filled in by source_resolve when NULL */
    size_t nfiles;
    const StrList *roots;         /* URIs the user named: partition folders are looked for below them; option basePath wins */
    const Type *user_schema;      /* STRUCT or NULL: infer. May name partition columns */
    const Type *partition_schema; /* STRUCT of a catalog's table: its files carry their values; NULL: look into the paths */
    const KeyValueList *options;
    const char *time_zone;        /* of the session */
    bool infer_partition_types;   /* spark.sql.sources.partitionColumnTypeInference.enabled, default true */
} SourceRequest;

/* Complete ScanSource in `a`. ST_INVALID with UNABLE_TO_INFER_SCHEMA, CANNOT_READ_FILE_FOOTER, FAILED_READ_FILE … */
Status source_resolve(Arena *a, EngineSession *s, const SourceRequest *request, const ScanSource **ret_source, Error *err);
/* "parquet" for each of a format's names; NULL when weir does not know it. */
const char *source_format(const char *format);

#endif
