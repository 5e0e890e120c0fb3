/* driver/catalog_document.h -- tables, partitions, databases and functions as documents of the data catalog (lake/metastore.h)
 * and back, by the conventions of Spark's HiveExternalCatalog: what Glue and Hive have a member for is in that member
 * (columns, location, SerDe: other engines read the table), the rest in Parameters (spark.sql.sources.provider,
 * spark.sql.sources.schema, view.query.out.col.0 …). Tables that crawlers or the Glue API made, which have only a SerDe, become
 * the source that reads the same files: csv, json, parquet, orc, avro. */
#ifndef WEIR_DRIVER_CATALOG_DOCUMENT_H
#define WEIR_DRIVER_CATALOG_DOCUMENT_H
#include "driver/catalog.h"
#include "lake/metastore.h"

Val *document_of_database(Arena *a, const CatalogDatabase *d);
CatalogDatabase document_database(Arena *a, const MetaDatabase *m, const char *warehouse);
Val *document_of_table(Arena *a, const CatalogTable *t);
Status document_table(Arena *a, const MetaTable *m, CatalogTable *ret_table, Error *err);
Val *document_of_partition(Arena *a, const CatalogTable *t, const CatalogPartition *p);
CatalogPartition document_partition(Arena *a, const MetaPartition *m);
Val *document_of_function(Arena *a, const CatalogFunction *f);
CatalogFunction document_function(Arena *a, const MetaFunction *m);
/* Partition values as documents have them: null is __HIVE_DEFAULT_PARTITION__. */
StrList document_values(Arena *a, const StrList *values);

#endif
