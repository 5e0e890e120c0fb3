/* lake/metastore_store.h -- for the route that answers metastore_open_server: one call of metastore.h by its name. */
#ifndef WEIR_LAKE_METASTORE_STORE_H
#define WEIR_LAKE_METASTORE_STORE_H
#include "lake/metastore.h"

/* `operation`: "create_table" for metastore_create_table, and so on. ST_NOT_FOUND "NotFound" when there is none of that name. */
Status metastore_store_call(Store *store, Arena *a, const char *operation, const Val *request, Val **ret_answer, Error *err);

#endif
