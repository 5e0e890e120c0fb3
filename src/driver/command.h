/* driver/command.h -- commands: what changes a session, the catalog or files, and SQL statements that answer with rows.
 *
 * A command runs at once; its answer is a small table (empty for most). command.c is the table of statements: to add one, a
 * function in command_*.c and its row. Source: org.apache.spark.sql.execution.command. */
#ifndef WEIR_DRIVER_COMMAND_H
#define WEIR_DRIVER_COMMAND_H
#include "driver/catalog.h"
#include "driver/command_error.h"
#include "driver/run.h"

/* Is this unbound plan a command (and not a query)? */
bool command_is(const Node *plan);
/* Runs an unbound command. */
Status command_run(Run *r, Node *command, Rows **ret_rows, Error *err);
/* Runs a Command message and sends its answer. */
Status command_message(Run *r, const Spark__Connect__Command *command, Error *err);

/* Answers a SQL command with rows, an IPC stream, as a local relation that the client then shows or collects. */
Status command_respond_local(Run *r, const Type *schema, const struct ArrowBuffer *stream, Error *err);

/* An answer without columns and rows; one with text columns (name, nullable) that ends with NULL. */
Rows *command_nothing(Run *r);
Rows *command_table(Run *r, const char *const *columns);
/* The error of a statement that weir does not do. */
Status command_unsupported(const char *what, Error *err);
/* UNSUPPORTED_FEATURE.TABLE_OPERATION: what Spark's own file tables do not do either. */
Status command_table_unsupported(Run *r, const CatalogTable *t, const char *operation, Error *err);
/* The text that an expression or a query of the running statement was parsed from. */
const char *command_text(Run *r, const Node *n);
/* A setting of the session that is "true". */
bool command_flag(Run *r, const char *key);
#define CLUSTERING "clusteringColumns" /* a table's property: its CLUSTER BY columns, as JSON */
#define TABLE_COLLATION "collation"    /* its DEFAULT COLLATION */
/* The columns of such a property (NULL: none), each as a.b; _LEGACY_ERROR_TEMP_3060 for one that is not in the schema. */
Status command_clustering(Run *r, const char *json, StrList *ret_columns, Error *err);
Status command_check_clustering(Run *r, const Type *schema, const char *json, Error *err);
/* The settings that views and SQL functions keep (command_view.c). */
void command_keep_conf(Run *r, KeyValueList *ret_list);
/* Keys that hold secrets print as Spark redacts them. */
const char *command_redacted(const char *key, const char *value);
/* "file:/path" for a path of the host, other URIs as they are; relative ones below `base`. */
const char *command_location(Run *r, const char *text, const char *base);

/* What a name stands for. */
typedef enum TargetKind { TARGET_NONE, TARGET_TEMP_VIEW, TARGET_GLOBAL_VIEW, TARGET_TABLE, TARGET_VIEW } TargetKind;
typedef struct Target {
    TargetKind kind;
    const char *database, *name; /* of the catalog; "" and global_temp for temporary ones */
    CatalogTable table;          /* TABLE, VIEW */
    Node *plan;                  /* the temporary views' unbound query */
} Target;
/* TARGET_NONE is no failure. */
/* The database and name of what is to be made: REQUIRES_SINGLE_PART_NAMESPACE. */
Status command_new_name(Run *r, const StrList *name, const char **ret_database, const char **ret_name, Error *err);
Status command_target(Run *r, const StrList *name, Target *ret_target, Error *err);
/* TABLE_OR_VIEW_NOT_FOUND. */
Status command_target_any(Run *r, const StrList *name, Target *ret_target, Error *err);
/* A table: EXPECT_TABLE_NOT_VIEW for views, by the name of the statement. */
Status command_target_table(Run *r, const StrList *name, const char *operation, CatalogTable *ret_table, Error *err);
/* The bound plan of a table or view by name. */
Status command_bound(Run *r, const StrList *name, Node **ret_bound, Error *err);
const char *command_database(Run *r); /* the current one */

/* --- partitions of a table (command_partition.c) --- */
typedef struct PartitionSpec {
    const char **values; /* one per partition column; NULL: null, or not given */
    bool *given;
    size_t ngiven;
    const char *location; /* LOCATION of ADD PARTITION */
} PartitionSpec;
/* A PARTITION clause's assignments, or the Row of one, as the texts by which the catalog keeps values. PARTITIONS_NOT_FOUND
 * for a column that is none of the table's; _LEGACY_ERROR_TEMP_1232 for a spec that is not `whole`. */
Status command_partition_spec(Run *r, const CatalogTable *t, const NodeList *assignments, bool whole, PartitionSpec *ret_spec,
                              Error *err);
/* Those of the catalog that a spec names, all when it is NULL. */
Status command_partitions(Run *r, const CatalogTable *t, const PartitionSpec *spec, CatalogPartitionList *ret_list, Error *err);
/* "c=Us/d=1", escaped as in paths; what a partition's default location is below the table's. */
const char *command_partition_path(Run *r, const CatalogTable *t, const char *const *values);
const char *command_partition_location(Run *r, const CatalogTable *t, const char *const *values);
StrList command_spec_values(Run *r, const CatalogTable *t, const PartitionSpec *spec);
Status command_partitions_missing(Run *r, const CatalogTable *t, const char *const *values, Error *err);
Status command_show_partitions(Run *r, const Show *s, Rows **ret_rows, Error *err);
Status command_alter_partitions(Run *r, const AlterObject *x, Error *err);
/* Registers those folders of the table's location that hold files, and drops registered ones that are gone. */
Status command_recover(Run *r, const CatalogTable *t, bool add, bool drop, Error *err);
Status command_repair(Run *r, Node *command, Rows **ret_rows, Error *err);

/* checkpoint.c */
Status checkpoint_command(Run *r, const Spark__Connect__CheckpointCommand *c, Error *err);
Status checkpoint_remove(Run *r, const Spark__Connect__RemoveCachedRemoteRelationCommand *c);
/* command_write.c */
Status command_write_files(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_write_table(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_view.c */
Status command_create_view(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_cache(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_alter_view(Run *r, const AlterObject *x, Error *err);
/* The plan of a persistent view: its query with the columns that it was made with. */
/* WITH SCHEMA …, NULL where spark.sql.legacy.viewSchemaBindingMode is off. */
const char *command_view_mode(Run *r, const CatalogTable *t);
Status command_view_plan(Run *r, Arena *a, const CatalogTable *t, Node **ret_plan, Error *err);
/* command_table.c */
Status command_create_table(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_check_provider(Run *r, const char *format, const char **ret_format, Error *err);
/* PARTITIONED BY as column names; a transform that is none is refused. */
Status command_partition_names(Run *r, const StrList *names, const NodeList *transforms, StrList *ret_names, Error *err);
/* command_drop.c */
Status command_drop(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_truncate(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_namespace.c */
Status command_create_namespace(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_alter_namespace(Run *r, const AlterObject *x, Error *err);
Status command_describe_namespace(Run *r, const DescribeObject *d, Rows **ret_rows, Error *err);
/* Its name as the catalog knows it: REQUIRES_SINGLE_PART_NAMESPACE. */
Status command_namespace(Run *r, const StrList *name, const char **ret_name, Error *err);
/* command_alter.c */
Status command_alter(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_column.c */
Status command_alter_columns(Run *r, const AlterObject *x, Error *err);
/* A column's DEFAULT checked against its type, and its texts put into the field's metadata. */
Status command_default(Run *r, const char *statement, const Node *value, Field *field, Error *err);
/* command_show.c, show_create.c */
Status command_show(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_show_create(Run *r, const Show *s, Rows **ret_rows, Error *err);
/* command_describe.c, describe_json.c */
Status command_describe(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_describe_json(Run *r, const Target *t, const Type *schema, const CatalogPartition *partition, Rows **ret_rows,
                             Error *err);
/* What DESCRIBE EXTENDED and SHOW TABLE EXTENDED say of a table: pairs in order. */
void command_table_facts(Run *r, const CatalogTable *t, KeyValueList *ret_facts);
const char *command_pairs_text(Run *r, const KeyValueList *list); /* "[a=1, b=2]", sorted and redacted */
const char *command_time_text(Run *r, int64_t ms);                /* java.util.Date.toString */
/* command_function.c */
Status command_create_function(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_drop_function(Run *r, const DropObject *d, Error *err);
Status command_show_functions(Run *r, const Show *s, Rows **ret_rows, Error *err);
Status command_describe_function(Run *r, const DescribeObject *d, Rows **ret_rows, Error *err);
/* A function of the session or the catalog for the binder; *ret NULL: there is none. */
Status command_find_function(Run *r, Arena *a, const StrList *name, Node **ret_function, Error *err);
/* command_analyze.c */
Status command_analyze(Run *r, Node *command, Rows **ret_rows, Error *err);
/* command_conf.c */
Status command_set(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_use(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_resource(Run *r, Node *command, Rows **ret_rows, Error *err);
Status command_explain(Run *r, Node *command, Rows **ret_rows, Error *err);

#endif
