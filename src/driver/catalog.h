/* driver/catalog.h -- persistent tables, views and databases of a home, behind one interface (Spark's ExternalCatalog).
 *
 * Two implementations to come: the store of the home in this process, or the server's (Glue Data Catalog). What a query sees
 * beyond it, temporary views and global temporary views, is the session's. Names are compared without case. Thread-safe.
 *
 * `catalog_open_memory` keeps everything in this process and its files below `warehouse` (a URI): tables live as long as the
 * application, as with Spark's in-memory catalog (spark.sql.catalogImplementation=in-memory). */
#ifndef WEIR_DRIVER_CATALOG_H
#define WEIR_DRIVER_CATALOG_H
#include "base/arena.h"
#include "base/status.h"
#include "ir/node.h"

#include <stdint.h>

typedef struct Catalog Catalog;

typedef struct CatalogDatabase {
    const char *name, *comment, *location; /* location: a URI */
    KeyValueList properties;
} CatalogDatabase;

typedef enum CatalogTableKind { CATALOG_MANAGED, CATALOG_EXTERNAL, CATALOG_VIEW } CatalogTableKind;
typedef struct CatalogTable {
    const char *database, *name;
    CatalogTableKind kind;
    const char *format;       /* "parquet"; NULL for a view */
    const char *location;     /* a URI; NULL for a view */
    const Type *schema;       /* STRUCT: all columns, partition columns last; NULL: as the files say */
    StrList partition_by;
    KeyValueList options, properties;
    const char *comment;
    const char *view_text;    /* SQL of a view, and the database it was made in */
    const char *view_database;
    const char *owner;
    int64_t created_ms;
} CatalogTable;

Status catalog_open_memory(const char *warehouse_uri, Catalog **ret_catalog, Error *err);
void catalog_close(Catalog *c); /* NULL is fine */
const char *catalog_warehouse(const Catalog *c);

/* SCHEMA_NOT_FOUND, SCHEMA_ALREADY_EXISTS, SCHEMA_NOT_EMPTY (unless cascade). */
Status catalog_database(Catalog *c, Arena *a, const char *name, CatalogDatabase *ret_database, Error *err);
Status catalog_databases(Catalog *c, Arena *a, StrList *ret_names, Error *err); /* in order of name */
Status catalog_create_database(Catalog *c, const CatalogDatabase *database, bool if_not_exists, Error *err);
Status catalog_drop_database(Catalog *c, const char *name, bool if_exists, bool cascade, Error *err);
/* The default place of a table's files: the database's location and its name. */
Status catalog_table_location(Catalog *c, Arena *a, const char *database, const char *name, const char **ret_uri, Error *err);

/* TABLE_OR_VIEW_NOT_FOUND, TABLE_OR_VIEW_ALREADY_EXISTS. Copies go in and out. */
Status catalog_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, Error *err);
Status catalog_tables(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err); /* in order of name */
Status catalog_create_table(Catalog *c, const CatalogTable *table, bool replace, Error *err);
Status catalog_drop_table(Catalog *c, const char *database, const char *name, Error *err);
Status catalog_rename_table(Catalog *c, const char *database, const char *name, const char *new_name, Error *err);

/* The error of a relation that is nowhere: TABLE_OR_VIEW_NOT_FOUND with the quoted name. */
Status catalog_not_found(Arena *a, const StrList *name, Error *err);
/* `a`.`b` */
char *catalog_quoted(Arena *a, const StrList *name);
/* Does a name match a SHOW … LIKE pattern: '*' anything, '|' alternatives, without case (StringUtils.filterPattern)? */
bool catalog_like(const char *name, const char *pattern);

#endif
