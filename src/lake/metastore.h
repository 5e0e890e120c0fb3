/* lake/metastore.h -- the data catalog of a home: databases, tables with their versions, partitions. One catalog for Spark SQL's DDL,
 * spark.catalog, Hive and the Glue API: what one of them makes, the others see at once.
 *
 * Documents are those of the Glue Data Catalog (AWS Glue API: DatabaseInput, TableInput, PartitionInput), as `Val` trees, and
 * are kept whole: members that weir does not use come back as they were given. Spark keeps what Glue has no member for in a table's
 * Parameters, under the names that Spark's own HiveExternalCatalog uses: spark.sql.sources.provider, spark.sql.sources.schema
 * (the schema as JSON), spark.sql.partitionProvider, spark.sql.create.version.
 *
 * One interface, two implementations: `metastore_open_store` works on the store of this process; `metastore_open_server` asks a
 * running server with the step's credentials, over POST /_weir/metastore/… (SigV4). Names are kept in lower case, as Glue
 * and Hive do. Each call is one transaction. Thread-safe. Errors: ST_NOT_FOUND "EntityNotFoundException", ST_CONFLICT
 * "AlreadyExistsException", ST_CONFLICT "ConcurrentModificationException" (a version that is not the current one), ST_INVALID
 * "InvalidInputException" (no name, a number of partition values that is not that of the keys (a table without keys takes any)).
 *
 * A server that is being started again is waited for. A change whose answer was lost on the way is ST_IO, as it may have been
 * made: it is not sent twice. */
#ifndef WEIR_LAKE_METASTORE_H
#define WEIR_LAKE_METASTORE_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"
#include "lake/lake.h"
#include "store/store.h"
#include "wire/val.h"

#include <stdint.h>

typedef struct Metastore Metastore;

Status metastore_open_store(Store *store, Metastore **ret_metastore, Error *err); /* the store must outlive it */
Status metastore_open_server(const LakeCredentials *credentials, Metastore **ret_metastore, Error *err);
void metastore_close(Metastore *m); /* NULL is fine */
void metastore_closep(Metastore **m);
#define metastore_auto __attribute__((cleanup(metastore_closep))) Metastore

typedef struct MetaDatabase {
    const char *name;
    const Val *input; /* DatabaseInput: Name, Description, LocationUri, Parameters … */
    int64_t created_ms;
} MetaDatabase;
typedef VEC(MetaDatabase) MetaDatabaseList;

typedef struct MetaTable {
    const char *database, *name;
    const Val *input; /* TableInput: StorageDescriptor, PartitionKeys, TableType, Parameters, ViewOriginalText … */
    int64_t version;  /* 0, then one more with each update; older versions are kept unless skip_archive */
    int64_t created_ms, updated_ms;
} MetaTable;
typedef VEC(MetaTable) MetaTableList;

typedef struct MetaPartition {
    StrList values;   /* in order of PartitionKeys */
    const Val *input; /* PartitionInput: StorageDescriptor, Parameters, LastAccessTime … */
    int64_t created_ms;
} MetaPartition;
typedef VEC(MetaPartition) MetaPartitionList;

/* A new home has the database "default". */
Status metastore_create_database(Metastore *m, const Val *input, Error *err);
Status metastore_update_database(Metastore *m, const char *name, const Val *input, Error *err);
Status metastore_drop_database(Metastore *m, const char *name, Error *err); /* with all that is in it */
Status metastore_database(Metastore *m, Arena *a, const char *name, MetaDatabase *ret_database, Error *err);
Status metastore_databases(Metastore *m, Arena *a, MetaDatabaseList *ret_databases, Error *err); /* in order of name */

Status metastore_create_table(Metastore *m, const char *database, const Val *input, Error *err);
/* `expected_version` -1: any. The input's Name may differ from `name`: a rename, which keeps versions and partitions. */
Status metastore_update_table(Metastore *m, const char *database, const char *name, const Val *input, bool skip_archive,
                              int64_t expected_version, Error *err);
Status metastore_drop_table(Metastore *m, const char *database, const char *name, Error *err); /* with its partitions, versions */
Status metastore_table(Metastore *m, Arena *a, const char *database, const char *name, MetaTable *ret_table, Error *err);
Status metastore_tables(Metastore *m, Arena *a, const char *database, MetaTableList *ret_tables, Error *err); /* in order of name */
Status metastore_table_versions(Metastore *m, Arena *a, const char *database, const char *name, MetaTableList *ret_versions,
                                Error *err); /* newest first, the current one too */
Status metastore_drop_table_version(Metastore *m, const char *database, const char *name, int64_t version, Error *err);

/* All of `inputs` or none. `if_not_exists`: those that are there stay as they are. */
Status metastore_add_partitions(Metastore *m, const char *database, const char *table, const Val *inputs, bool if_not_exists,
                                Error *err);
Status metastore_update_partition(Metastore *m, const char *database, const char *table, const StrList *values, const Val *input,
                                  Error *err);
Status metastore_drop_partition(Metastore *m, const char *database, const char *table, const StrList *values, Error *err);
Status metastore_partition(Metastore *m, Arena *a, const char *database, const char *table, const StrList *values,
                           MetaPartition *ret_partition, Error *err);
Status metastore_partitions(Metastore *m, Arena *a, const char *database, const char *table, MetaPartitionList *ret_partitions,
                            Error *err); /* in order of their values */
/* A page of those: at most `max` after the partition `after`, and only those whose values `keep` wants. */
typedef struct MetaPartitionScan {
    bool (*keep)(void *self, const StrList *values); /* NULL: all */
    void *self;
    const StrList *after; /* NULL: from the first */
    size_t max;
} MetaPartitionScan;
Status metastore_partitions_scan(Metastore *m, Arena *a, const char *database, const char *table, const MetaPartitionScan *scan,
                                 MetaPartitionList *ret_partitions, Error *err);

/* User-defined functions. */
typedef struct MetaFunction {
    const char *database, *name;
    const Val *input; /* UserDefinedFunctionInput: FunctionName, ClassName, OwnerName, ResourceUris … */
    int64_t created_ms;
} MetaFunction;
typedef VEC(MetaFunction) MetaFunctionList;

Status metastore_create_function(Metastore *m, const char *database, const Val *input, Error *err);
Status metastore_update_function(Metastore *m, const char *database, const char *name, const Val *input, Error *err);
Status metastore_drop_function(Metastore *m, const char *database, const char *name, Error *err);
Status metastore_function(Metastore *m, Arena *a, const char *database, const char *name, MetaFunction *ret_function, Error *err);
Status metastore_functions(Metastore *m, Arena *a, const char *database, MetaFunctionList *ret_functions, Error *err); /* by name */

#endif
