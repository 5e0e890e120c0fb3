/* back/duckdb/source_scan.h -- the engine's table function spark_scan: rows of CSV, JSON, XML, text, Avro, ORC and binaryFile files.
 *
 * spark_scan(format, names VARCHAR[], schema, options VARCHAR[], files VARCHAR[], zone): `schema` is the JSON of the files' STRUCT,
 * `names` what its columns are called, `options` keys and values in turn, `files` host paths, URIs and times of modification in turn. Its first
 * column is source_file, the number of the file. Files are cut into ranges that threads take in turn; only the columns
 * that a query uses are converted, and, as in Spark, only they can make a CSV record malformed. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_SCAN_H
#define WEIR_BACK_DUCKDB_SOURCE_SCAN_H
#include "back/duckdb/source_internal.h"
#include "back/duckdb/source_reader.h"

#include <pthread.h>

#define SCAN_FILE_COLUMN "source_file"

typedef struct ScanFile {
    const char *path, *uri;
    int64_t modified_ms;
} ScanFile;

/* What the function was bound to: read-only. */
typedef struct ScanPlan {
    Arena *a;
    const char *format;          /* "csv", "json", "xml" or "text" */
    const Type *schema;
    KeyValueList options;
    const ScanFile *files;
    size_t nfiles;
    CsvOptions csv;              /* JSON and text take from it what they share: mode, encoding, lineSep, zone, corrupt */
    struct JsonOptions *json;
    struct XmlOptions *xml;
    struct XmlStyle *xml_style;  /* to_xml */
    struct AvroType *avro_schema; /* from_avro, to_avro: of the values */
    size_t corrupt;              /* the field that holds malformed records; nfields: none */
    bool whole_files;            /* a file is read by one thread from start to end */
    bool single_variant;         /* JSON and XML: a record is one VARIANT */
    bool whole_text;             /* text: a file is a value */
    bool ignore_corrupt;         /* a file that cannot be read on ends there */
    bool ignore_missing;
} ScanPlan;

typedef struct ScanColumn {
    const Type *type;
    size_t field;                /* in the schema */
    duckdb_vector vector;
    void *data;
    uint64_t *validity;
} ScanColumn;

/* One thread's work. */
typedef struct ScanLocal {
    const ScanPlan *plan;
    struct ScanShared *shared;
    const ScanFile *file;
    bool active;                 /* in the middle of a range */
    bool at_start;               /* its first record is the file's first */
    bool full;                   /* enough bytes for one chunk */
    bool text_taken;             /* the text of a file that is read whole was given out */
    SourceReader *reader;
    Arena *text_arena;           /* text of a file that is read whole */
    const char *at, *end;
    CsvParser csv;
    Arena *record_arena;         /* JSON: of the record */
    View record;
    struct AvroFile *avro;       /* the one that is read */
    struct OrcScan *orc;
    struct XmlReader *xml;
    const struct JsonNode *left; /* JSON: items of a record that is an array */
    bool left_malformed;         /* one of them is malformed */
    Str scratch;
    ScanColumn *columns;         /* those asked for, without source_file and the corrupt record */
    size_t ncolumns;
    ScanColumn corrupt;          /* vector NULL: not asked for */
    bool pruned;                 /* fewer than the files have */
} ScanLocal;

/* Rows into [row, room) of the vectors; *ret_row: behind the last. l->active is false at the range's end. */
Status scan_csv(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err);
Status scan_json(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err);
Status scan_avro(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err);
void avro_file_close(struct AvroFile *file); /* NULL is fine */
Status scan_orc(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err);
void orc_scan_close(struct OrcScan *s); /* NULL is fine */
Status scan_json_bind(ScanPlan *plan, Error *err);
Status scan_xml(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err);
void xml_reader_close(struct XmlReader *r); /* NULL is fine */
/* Reads the options, those that formats share too. `format`: of files. */
Status scan_xml_bind(ScanPlan *plan, bool format, const char *zone, Error *err);
/* An XML text as a value of the plan's STRUCT or VARIANT (from_xml) into `row`; false when it is malformed. l->record_arena is fresh. */
bool scan_xml_text(ScanLocal *l, View text, duckdb_vector output, idx_t row);

/* The parsed record l->csv into `row` of l->columns; false when it is malformed. */
bool scan_csv_record(ScanLocal *l, idx_t row);
/* A JSON text as a value of the plan's type (from_json) into `row`; false when it is malformed. l->record_arena is fresh. *ret_null:
 * the value itself is null. */
/* One value in Avro's binary form into a row of a vector of the plan's type; false: it is none, or err says why not. */
bool avro_decode_value(ScanLocal *l, struct AvroType *schema, View bytes, duckdb_vector output, idx_t row, Error *err);
/* The schema in the option ENGINE_AVRO_SCHEMA; from_avro and to_avro over a chunk of one column. */
Status avro_function_schema(ScanPlan *plan, Error *err);
Status avro_from_rows(ScanLocal *l, duckdb_data_chunk input, duckdb_vector output, Error *err);
/* to_avro and to_xml: `put` appends a value that is not NULL. */
struct ArrowArrayView;
typedef Status PutValue(const ScanPlan *plan, const struct ArrowArrayView *v, int64_t row, Str *out, Error *err);
Status scan_encode_rows(const ScanPlan *plan, PutValue *put, duckdb_data_chunk input, duckdb_vector output, Error *err);
PutValue avro_put_value, xml_put_value;
/* to_xml's options, and whether its STRUCT can be written. */
Status xml_function_style(ScanPlan *plan, const char *zone, Error *err);
bool scan_json_text(ScanLocal *l, View text, duckdb_vector output, idx_t row, bool *ret_null);
void scan_json_null(const Type *t, duckdb_vector output, idx_t row);
/* Parameters of a table function, in the arena. */
const char *scan_text_parameter(Arena *a, duckdb_bind_info info, idx_t index);
StrList scan_list_parameter(Arena *a, duckdb_bind_info info, idx_t index);
/* An error as the engine's message, in which engine_error() finds Spark's class. */
char *scan_error_text(Arena *a, const Error *err);

/* The next line of the range. */
Status scan_line(ScanLocal *l, View *ret_line, bool *ret_done, Error *err);
/* The file's text, once, decoded and writable. */
Status scan_whole(ScanLocal *l, char **ret_text, size_t *ret_length, Error *err);

void scan_null(ScanColumn *c, idx_t row);
void scan_not_null(ScanColumn *c, idx_t row);
void scan_string(ScanLocal *l, ScanColumn *c, idx_t row, View v);
void scan_decimal(ScanColumn *c, idx_t row, i128 unscaled);
/* A text as a TIMESTAMP, TIMESTAMP_NTZ or DATE, by the reader's formats. */
bool scan_timestamp(const ScanPlan *plan, View v, int64_t *ret_us);
bool scan_timestamp_ntz(const ScanPlan *plan, View v, int64_t *ret_us);
bool scan_date(const ScanPlan *plan, View v, int32_t *ret_days);
/* FAILFAST met a malformed record. */
Status scan_malformed(const ScanLocal *l, Error *err);

#endif
