/* driver/jdbc_table.h -- the JDBC source as a session has it: back/duckdb/jdbc.h with the session's settings and Spark's schema texts. */
#ifndef WEIR_DRIVER_JDBC_TABLE_H
#define WEIR_DRIVER_JDBC_TABLE_H
#include "driver/run.h"

bool jdbc_table_is(const char *format);
/* `predicates`: Literals, of spark.read.jdbc(…, predicates). `schema`: the user's or the catalog's, which must be the table's; NULL:
 * none. */
Status jdbc_table_scan(Run *r, Arena *a, const KeyValueList *options, const NodeList *predicates, const Type *schema, Node **ret_scan,
                       Error *err);
/* The rows of a bound plan, by a SaveMode. */
Status jdbc_table_write(Run *r, const Node *bound, const KeyValueList *options, int mode, Error *err);

#endif
