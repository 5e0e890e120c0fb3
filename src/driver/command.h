/* driver/command.h -- commands: what changes a session, the catalog or files, and SQL statements that answer with rows.
 *
 * A command runs at once; its answer is a small table (empty for most). command.c is the table of statements: to add one, a
 * function in command_*.c and its row. Source: org.apache.spark.sql.execution.command. */
#ifndef WEIR_DRIVER_COMMAND_H
#define WEIR_DRIVER_COMMAND_H
#include "driver/run.h"

/* Is this unbound plan a command (and not a query)? */
bool command_is(const Node *plan);
/* Runs an unbound command. */
Status command_run(Run *r, Node *command, Rows **ret_rows, Error *err);
/* Runs a Command message and sends its answer. */
Status command_message(Run *r, const Spark__Connect__Command *command, Error *err);

/* An answer without columns and rows; one with text columns (name, nullable) that ends with NULL. */
Rows *command_nothing(Run *r);
Rows *command_table(Run *r, const char *const *columns);
/* The error of a statement that weir does not do. */
Status command_unsupported(const char *what, Error *err);

/* checkpoint.c */
Status checkpoint_command(Run *r, const Spark__Connect__CheckpointCommand *c, Error *err);
Status checkpoint_remove(Run *r, const Spark__Connect__RemoveCachedRemoteRelationCommand *c);
/* command_write.c */
Status command_write_files(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_write_table(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_view.c */
Status command_create_view(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_cache(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_table.c */
Status command_create_table(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_drop(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_create_namespace(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_truncate(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_alter(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_show.c */
Status command_show(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_describe(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_conf.c */
Status command_set(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_use(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_explain(Run *r, Node *command, Rows **ret_rows, Error *err);

#endif
