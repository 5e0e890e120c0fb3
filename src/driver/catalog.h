/* driver/catalog.h -- persistent tables, views, functions and databases of a home (Spark's ExternalCatalog), over the data
 * catalog that Hive and the Glue API share (lake/metastore.h): what one of them makes, the others see.
 *
 * What a query sees beyond it, temporary views and global temporary views, is the session's. Names are compared without case
 * and kept in lower case. Copies go in and out. Thread-safe. */
#ifndef WEIR_DRIVER_CATALOG_H
#define WEIR_DRIVER_CATALOG_H
#include "base/arena.h"
#include "base/status.h"
#include "ir/node.h"
#include "lake/metastore.h"

#include <stdint.h>

#define CATALOG_NAME "spark_catalog"
#define CATALOG_STAGED "__weir_staged_" /* names of tables that are being made: no list shows them */

typedef struct Catalog Catalog;

typedef struct CatalogDatabase {
    const char *name, *comment, *location, *owner; /* location: a URI */
    KeyValueList properties;
} CatalogDatabase;

typedef enum CatalogTableKind { CATALOG_MANAGED, CATALOG_EXTERNAL, CATALOG_VIEW } CatalogTableKind;
typedef struct CatalogTable {
    const char *database, *name;
    CatalogTableKind kind;
    const char *format;       /* "parquet"; NULL for a view */
    const char *location;     /* a URI; NULL for a view */
    const Type *schema;       /* STRUCT: all columns, partition columns last; comments and defaults in Field.metadata (ir/field.h) */
    StrList partition_by, bucket_by, sort_by;
    int64_t buckets;
    KeyValueList options, properties; /* of the source; of the user */
    KeyValueList statistics;  /* as Spark names them after "spark.sql.statistics.": totalSize, numRows, colStats.a.min … */
    const char *comment;
    const char *view_text;    /* SQL of a view, and the database it was made in */
    const char *view_database;
    const char *view_schema_mode; /* BINDING, COMPENSATION, TYPE EVOLUTION, EVOLUTION */
    StrList view_columns;     /* what its query called its columns when it was made */
    KeyValueList view_conf;   /* the settings it was made under */
    const char *owner;
    int64_t created_ms;
    bool foreign;             /* made by a crawler, Hive or the Glue API: it has columns and a SerDe, none of Spark's parameters */
    const Val *storage;       /* foreign: its StorageDescriptor, kept as it is */
} CatalogTable;

typedef struct CatalogPartition {
    StrList values;           /* in order of partition_by; NULL: null */
    const char *location;
    KeyValueList statistics;
    int64_t created_ms;
} CatalogPartition;
typedef VEC(CatalogPartition) CatalogPartitionList;

/* CREATE FUNCTION: kept as its statement, which is parsed again at each use. */
typedef struct CatalogFunction {
    const char *database, *name;
    const char *text;         /* the whole CREATE FUNCTION statement */
    const char *class_name;   /* not NULL: a JVM class, which weir cannot run */
    const char *owner;
    KeyValueList conf;        /* the settings it was made under */
    int64_t created_ms;
} CatalogFunction;

/* Takes the metastore over. `warehouse_uri`: where the files of managed tables are (spark.sql.warehouse.dir). */
Status catalog_open(Metastore *metastore, const char *warehouse_uri, Catalog **ret_catalog, Error *err);
void catalog_close(Catalog *c); /* NULL is fine */
const char *catalog_warehouse(const Catalog *c);

/* SCHEMA_NOT_FOUND, SCHEMA_ALREADY_EXISTS, SCHEMA_NOT_EMPTY (unless cascade). */
Status catalog_database(Catalog *c, Arena *a, const char *name, CatalogDatabase *ret_database, Error *err);
Status catalog_databases(Catalog *c, Arena *a, StrList *ret_names, Error *err); /* in order of name */
/* One of these names: false in *ret_found when somebody dropped the table since. */
Status catalog_listed_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, bool *ret_found, Error *err);
Status catalog_create_database(Catalog *c, const CatalogDatabase *database, bool if_not_exists, Error *err);
Status catalog_alter_database(Catalog *c, const CatalogDatabase *database, Error *err);
Status catalog_drop_database(Catalog *c, const char *name, bool if_exists, bool cascade, Error *err);
/* The default place of a table's files: the database's location and its name. */
Status catalog_table_location(Catalog *c, Arena *a, const char *database, const char *name, const char **ret_uri, Error *err);

/* TABLE_OR_VIEW_NOT_FOUND, TABLE_OR_VIEW_ALREADY_EXISTS. */
Status catalog_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, Error *err);
Status catalog_tables(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err); /* in order of name */
Status catalog_create_table(Catalog *c, const CatalogTable *table, bool replace, Error *err);
Status catalog_alter_table(Catalog *c, const CatalogTable *table, Error *err);
Status catalog_drop_table(Catalog *c, const char *database, const char *name, Error *err);
Status catalog_rename_table(Catalog *c, const char *database, const char *name, const char *new_name, Error *err);

/* Partitions, in order of their values. PARTITIONS_ALREADY_EXIST is the caller's to say: with `if_not_exists` those that are
 * there stay as they are, without it adding one of them fails. */
Status catalog_partitions(Catalog *c, Arena *a, const CatalogTable *table, CatalogPartitionList *ret_partitions, Error *err);
Status catalog_add_partitions(Catalog *c, const CatalogTable *table, const CatalogPartitionList *partitions, bool if_not_exists,
                              Error *err);
Status catalog_alter_partition(Catalog *c, const CatalogTable *table, const CatalogPartition *partition, Error *err);
Status catalog_drop_partition(Catalog *c, const CatalogTable *table, const StrList *values, Error *err);

/* ROUTINE_NOT_FOUND, ROUTINE_ALREADY_EXISTS. */
Status catalog_function(Catalog *c, Arena *a, const char *database, const char *name, CatalogFunction *ret_function, Error *err);
Status catalog_functions(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err); /* in order of name */
Status catalog_create_function(Catalog *c, const CatalogFunction *function, bool replace, Error *err);
Status catalog_drop_function(Catalog *c, const char *database, const char *name, Error *err);

/* The error of a relation that is nowhere: TABLE_OR_VIEW_NOT_FOUND with the quoted name. */
Status catalog_not_found(Arena *a, const StrList *name, Error *err);
/* `a`.`b` */
char *catalog_quoted(Arena *a, const StrList *name);
/* `spark_catalog`.`db`.`name`, as errors name a table; and a table of a database without the catalog. */
const char *catalog_table_id(Arena *a, const CatalogTable *table);
/* Does a name match a SHOW … LIKE pattern: '*' anything, '|' alternatives, without case (StringUtils.filterPattern)? */
bool catalog_like(const char *name, const char *pattern);

/* The value of a key, NULL when absent; the last one wins. The same with keys in any case. */
const char *pairs_get(const KeyValueList *list, const char *key);
const char *pairs_iget(const KeyValueList *list, const char *key);
/* Sets, or takes out (value NULL): the list itself changes, in `a`. */
void pairs_set(Arena *a, KeyValueList *list, const char *key, const char *value);
/* In order of key. */
void pairs_sort(KeyValueList *list);
bool names_have(const StrList *names, const char *name); /* without case */
char *lower_text(Arena *a, const char *text);

#endif
