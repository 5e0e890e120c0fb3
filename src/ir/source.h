/* ir/source.h -- what a bound Scan reads: files that were listed once, with their sizes, and how to read them. */
#ifndef WEIR_IR_SOURCE_H
#define WEIR_IR_SOURCE_H
#include "ir/type.h"

typedef struct SourceFile {
    const char *path;       /* host path, or an http(s) URL for a sealed object */
    const char *uri;        /* as the user names it: s3://bucket/key, file:///… (input_file_name()) */
    int64_t size_bytes;
    int64_t modified_ms;
    bool nested;            /* deeper than right below the folder that was named: read only when folders are partitions */
    bool variant_groups;    /* Parquet: VARIANT columns are plain groups of value and metadata, not what the engine knows as variants */
    uint64_t variant_nulls; /* bit i: in column i, which is the engine's variant, NULL stands for a variant that is null */
    const char *const *partition_values; /* one per partition column, unescaped, NULL: __HIVE_DEFAULT_PARTITION__ */
} SourceFile;

/* What the unscaled values of a decimal column lie within, by the files' statistics. */
typedef struct ColumnRange {
    bool known;
    int64_t least, greatest;
} ColumnRange;

/* How a column of another database's table is asked for there, and compared. */
typedef struct RemoteColumn {
    const char *select;  /* an expression that gives the column in the form of its Spark type */
    const char *compare; /* what a predicate there says for the column; NULL: predicates stay here */
    bool bytewise;       /* orders texts only with a collation that is named */
} RemoteColumn;

struct ScanSource {
    const SourceFile *files;
    size_t nfiles;
    const Type *data_schema;      /* STRUCT: the columns in the files, in their order */
    const Type *partition_schema; /* STRUCT: the columns from the paths; they come last in the Scan's output */
    bool as_stored;               /* each file has these columns by these names, of the engine's own types: nothing to map or cast */
    const char *origin;           /* what names the files: a table, or the reader's paths; NULL: unknown */
    const ColumnRange *ranges;    /* one a column of data_schema; NULL: not known */
    const RemoteColumn *remote;   /* instead of files: a table of another database, one a column of data_schema; NULL otherwise */
    const char *remote_zone;      /* of such a table: what its times without a zone are taken to be in */
    StrList partitions;           /* of such a table: WHERE texts that share its rows out; one that is NULL has all */
    const char *relation;         /* instead of files: the engine's relation that a session made (cached data), NULL otherwise */
};
typedef struct ScanSource ScanSource;

#endif
