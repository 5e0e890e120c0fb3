/* driver/command_insert.h -- a query fitted to the table that it is written to; shared by the command_*.c that write. */
#ifndef WEIR_DRIVER_COMMAND_INSERT_H
#define WEIR_DRIVER_COMMAND_INSERT_H
#include "driver/command.h"

/* The unbound plan that has exactly the table's columns, in its order: by position, by the column list or by name; static
 * partition values and defaults filled in; each value cast as spark.sql.storeAssignmentPolicy says.
 * INSERT_COLUMN_ARITY_MISMATCH.*, INSERT_PARTITION_COLUMN_ARITY_MISMATCH, INCOMPATIBLE_DATA_FOR_TABLE.*, NON_PARTITION_COLUMN,
 * UNRESOLVED_COLUMN.WITH_SUGGESTION, COLUMN_ALREADY_EXISTS. */
Status command_fit(Run *r, const WriteTable *w, const CatalogTable *t, Node **ret_plan, Error *err);

#endif
