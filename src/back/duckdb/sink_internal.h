/* back/duckdb/sink_internal.h -- what the sink_*.c share. */
#ifndef WEIR_BACK_DUCKDB_SINK_INTERNAL_H
#define WEIR_BACK_DUCKDB_SINK_INTERNAL_H
#include "back/duckdb/pattern.h"
#include "back/duckdb/sink.h"
#include "back/duckdb/zone.h"

/* One sink_write() call: the checked request. */
typedef struct SinkWork {
    Arena *a;
    EngineSession *session;
    const EmitOptions *emit;
    const SinkRequest *request;
    const Schema *schema;     /* of the plan */
    VEC(size_t) data;         /* indexes into schema: the columns that go into the files, in order */
    VEC(size_t) partitions;   /* and those that go into the paths, in order of partition_by */
    const char *inner;        /* SQL of the plan: columns c<id> */
} SinkWork;

/* An option's value, its name without case; `missing` when it is not given. */
const char *sink_option(const SinkWork *w, const char *name, const char *missing);
bool sink_flag(const SinkWork *w, const char *name, bool missing); /* "true" in any case */
/* "c5" */
const char *sink_column(const SinkWork *w, size_t index);
/* The SQL of partition column `i` as text, by Spark's cast to string. */
Status sink_partition_text(const SinkWork *w, size_t i, const char **ret_sql, Error *err);
/* "month=1/day=2": values escaped, NULL and "" as __HIVE_DEFAULT_PARTITION__. "" without partition columns. */
char *sink_partition_path(const SinkWork *w, const char *const *values);
void sink_add(const SinkWork *w, SinkFiles *files, const char *name, int64_t rows, int64_t bytes, const char *const *values);

struct ArrowArrayView;
/* A format that is written row by row: `begin` a file, its rows, `end`; `abandon` instead of `end` after a failure. A row is one
 * of a batch whose children are the data columns. */
typedef struct RowSink {
    void *self;
    const char *extension; /* of the files: ".csv.gz" */
    Status (*begin)(void *self, const char *path, Error *err);
    Status (*row)(void *self, const struct ArrowArrayView *batch, int64_t row, Error *err);
    Status (*end)(void *self, Error *err);
    void (*abandon)(void *self);
} RowSink;
Status sink_rows(SinkWork *w, const RowSink *sink, SinkFiles *ret_files, Error *err);
/* The option maxRecordsPerFile, else spark.sql.files.maxRecordsPerFile; 0: no limit. */
Status sink_max_records(const SinkWork *w, int64_t *ret_most, Error *err);

Status sink_orc(SinkWork *w, SinkFiles *ret_files, Error *err);
Status sink_avro(SinkWork *w, SinkFiles *ret_files, Error *err);
Status sink_parquet(SinkWork *w, SinkFiles *ret_files, Error *err);
/* csv, json, xml, text: `format` is one of these. */
Status sink_lines(SinkWork *w, const char *format, SinkFiles *ret_files, Error *err);

/* ---------------------------------------------------------------- sink_value.c: values to text */
typedef struct ValueFormat {
    const Zone *zone;                 /* of TIMESTAMP values */
    const Zone *utc;
    const Pattern *date_format, *timestamp_format, *timestamp_ntz_format; /* NULL: the ISO form that is Spark's default */
    bool keep_nulls;                  /* json: ignoreNullFields=false */
} ValueFormat;
/* Appends a value that is not null as csv and text files show it, unquoted. */
Status value_text(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err);
/* Appends any value as JSON (org.apache.spark.sql.catalyst.json.JacksonGenerator). */
Status value_json(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err);
/* Appends `"name":value` with a comma before it unless *first; nothing for a null that is left out. */
Status value_json_member(const char *name, const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f,
                         bool *first, Str *out, Error *err);

/* A value of an Arrow column in Avro's binary form (sink_avro.c). */
struct AvroType;
Status avro_encode_value(const struct ArrowArrayView *v, int64_t row, const Type *type, const struct AvroType *schema, Str *out, Error *err);

#endif
