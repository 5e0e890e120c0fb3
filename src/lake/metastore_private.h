/* lake/metastore_private.h -- the calls of metastore.h as one function: an operation by name, a request and an answer as values.
 * The store's implementation looks the operation up in its table; the server's sends both over the wire, to the route that
 * calls the store's. Names in a request are in lower case already. */
#ifndef WEIR_LAKE_METASTORE_PRIVATE_H
#define WEIR_LAKE_METASTORE_PRIVATE_H
#include "lake/metastore.h"

struct Metastore {
    Arena *arena; /* of what was opened with; not touched afterwards */
    Store *store; /* NULL: the server that `credentials` name */
    LakeCredentials credentials;
};

typedef Status (*MetastoreOperation)(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);

/* In order of values; fills `list` with {values, input, created_ms}. */
Status metastore_store_scan(Db *db, Arena *a, const char *database, const char *table, const MetaPartitionScan *scan, Val *list,
                            Error *err);
Status metastore_table_id(Db *db, const char *database, const char *table, int64_t *ret_id, Error *err);
Status metastore_no_entity(Error *err, const char *what, const char *name);

/* metastore_partition.c */
Status metastore_add_partitions_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);
Status metastore_update_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);
Status metastore_drop_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);
Status metastore_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);
Status metastore_partitions_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err);

Status metastore_server_ask(const LakeCredentials *credentials, Arena *a, const char *operation, bool changes, const Val *request,
                            Val **ret_answer, Error *err);
/* Does it change anything? False also for what there is not. */
bool metastore_changes(const char *operation);

#endif
