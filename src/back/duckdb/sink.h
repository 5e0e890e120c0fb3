/* back/duckdb/sink.h -- writing: a query's rows as the files Spark would write, into a staging folder.
 *
 * Nothing outside the folder is touched; the caller commits it (rename, _SUCCESS, catalog). At least one file is written,
 * also for no rows (without partition columns). Names: part-00000-<uuid>-c000.snappy.parquet, under a=1/b=x/ for partition
 * columns, whose values are escaped as Spark does (ExternalCatalogUtils.escapePathName), NULL is __HIVE_DEFAULT_PARTITION__.
 *
 * Formats and options: parquet (compression), csv (header sep quote escape nullValue emptyValue quoteAll escapeQuotes
 * compression dateFormat timestampFormat …), json, text. Others fail with DATA_SOURCE_NOT_FOUND.
 * Source: FileFormatWriter, CSVOptions, UnivocityGenerator, JacksonGenerator, ParquetWriteSupport. */
#ifndef WEIR_BACK_DUCKDB_SINK_H
#define WEIR_BACK_DUCKDB_SINK_H
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"

typedef struct SinkRequest {
    const Node *plan;             /* the bound relation to write */
    const char *format;
    const char *folder;           /* host path of an existing, empty staging folder inside the engine's allowed folders */
    const char *uuid;             /* in the files' names */
    StrList partition_by;         /* column names, matched without case */
    const KeyValueList *options;
    bool to_path;                 /* DataFrameWriter.save, which takes no struct without fields; a table may have one, but not of Parquet */
} SinkRequest;

typedef struct SinkFile {
    const char *name;             /* relative to the folder: "month=1/part-00000-….snappy.parquet" */
    int64_t rows, bytes;
    const char *const *partition_values; /* one per partition column, NULL: null; NULL without partition columns */
} SinkFile;
typedef struct SinkFiles {
    SinkFile *at;
    size_t len, cap;
} SinkFiles;

/* On failure the folder may hold files: the caller removes it. */
Status sink_write(Arena *a, EngineSession *s, const EmitOptions *options, const SinkRequest *request, SinkFiles *ret_files,
                  Error *err);

/* A partition column's name or value as it stands in a path: ExternalCatalogUtils.escapePathName. */
void sink_escape_path(const char *text, Str *out);

#endif
