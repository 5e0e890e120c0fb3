/* svc/glue/crawl_private.h -- what the parts of a crawl share: files become schemas (crawl_infer.c), schemas in folders become tables
 * with partitions (crawl_group.c), and those go into the catalog (crawl_apply.c). */
#ifndef WEIR_SVC_GLUE_CRAWL_PRIVATE_H
#define WEIR_SVC_GLUE_CRAWL_PRIVATE_H
#include "back/duckdb/engine.h"
#include "ir/type.h"
#include "lake/lake.h"
#include "lake/metastore.h"
#include "svc/glue/values.h"

#include <stdio.h>

typedef struct CrawlColumn {
    const char *name;
    const Type *type; /* TYPE_NULL: nothing but nulls so far */
} CrawlColumn;
typedef VEC(CrawlColumn) CrawlColumnList;

typedef enum CrawlFormat { CRAWL_UNKNOWN, CRAWL_CSV, CRAWL_JSON, CRAWL_PARQUET, CRAWL_AVRO, CRAWL_ORC } CrawlFormat;

/* What one file, or several alike, hold. */
typedef struct CrawlSchema {
    CrawlFormat format;
    CrawlColumnList columns;
    const char *compression; /* "none", "gzip", "bzip2" …: by the name's ending */
    char delimiter;          /* CSV */
    bool header, quoted;     /* CSV */
    bool json_array;         /* one array a file instead of one object a line */
    const char *avro;        /* its schema as JSON */
    int64_t files, bytes, records, sampled_bytes, sampled_records;
} CrawlSchema;

typedef struct CrawlPartition {
    StrList values;
    const char *location;
    CrawlSchema schema;
} CrawlPartition;
typedef VEC(CrawlPartition) CrawlPartitionList;

typedef struct CrawlTable {
    const char *location; /* s3://bucket/folder/ */
    const char *name;     /* of its folder, not yet a table's */
    CrawlSchema schema;
    StrList keys;         /* names of partition levels */
    CrawlPartitionList partitions;
} CrawlTable;
typedef VEC(CrawlTable) CrawlTableList;

typedef struct Crawl {
    Arena *arena;
    Store *store;
    Lake *lake;
    Engine *engine;       /* opened when a Parquet file is met */
    const char *home, *id;
    const Val *crawler;   /* its record's body */
    const char *name, *database;
    FILE *log;
    int64_t created, updated, deleted, partitions_added;
} Crawl;

void crawl_log(Crawl *c, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a file holds, by a sample of its bytes. What can not be read is CRAWL_UNKNOWN, and the log says why. */
void crawl_infer(Crawl *c, const LakeFile *file, CrawlSchema *ret_schema);
/* By the first lines of a text. False: it is no CSV. */
bool crawl_infer_csv(Arena *a, const StrList *lines, CrawlSchema *schema);
bool crawl_infer_json(Arena *a, const StrList *lines, const char *whole, CrawlSchema *schema);
bool crawl_infer_avro(Arena *a, const char *bytes, size_t length, CrawlSchema *schema);
/* The one type for values of both. */
const Type *crawl_merge_types(Arena *a, const Type *x, const Type *y);
void crawl_add_column(Arena *a, CrawlColumnList *columns, const char *name, const Type *type); /* merged with the one of that name */
/* Are they one table's? Same format, and at least 70 of 100 columns in common, or nothing to compare. */
bool crawl_similar(const CrawlSchema *x, const CrawlSchema *y);
void crawl_merge(Arena *a, CrawlSchema *into, const CrawlSchema *from);

/* The tables below `root` ("s3://bucket/folder/", or one object). */
void crawl_group(Crawl *c, const char *root, const LakeFileList *files, int64_t sample, CrawlTableList *ret_tables);

/* Creates or updates the table; `as` names an existing one (a catalog target), NULL: by its folder. */
Status crawl_apply(Crawl *c, const CrawlTable *table, const char *as_database, const char *as_name, const char **ret_name, Error *err);
/* Tables of this crawler below `roots` that were not found again. */
Status crawl_gone(Crawl *c, const StrList *roots, const StrList *found, Error *err);

#endif
