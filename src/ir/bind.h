/* ir/bind.h -- from names to columns: Spark's Analyzer. Resolves relations, columns, stars, functions, CTEs, subqueries;
 * types every expression by Spark's coercion rules (ir/coerce.h), inserting Cast nodes; lowers the DataFrame conveniences
 * (WithColumns, NaFill, Pivot …) to plain relations. Errors carry Spark's error class and parameters.
 *
 * What the binder must ask the world for is behind BindEnv: the driver implements it; tests use a table of fixed relations. */
#ifndef WEIR_IR_BIND_H
#define WEIR_IR_BIND_H
#include "ir/node.h"

/* What the analyze method of a Python table function says of one call (pyspark.sql.udtf.AnalyzeResult). */
typedef struct TableAnalysis {
    const Type *columns;  /* STRUCT */
    const char *pickle;   /* of the result, base64: PythonUdf.analyzed */
    bool single_partition;
    NodeList partition_by, orders, select; /* unbound, over the TABLE argument; select may have Alias nodes */
} TableAnalysis;

typedef struct BindEnv {
    void *self;
    /* A session's configuration value, NULL when unset and without a default: "spark.sql.ansi.enabled". */
    const char *(*conf)(void *self, const char *key);
    /* From now on conf() answers as under these settings, what is not among them has its default; NULL: as the session has it.
     * Returns those before. NULL: settings are those of the session. */
    const KeyValueList *(*conf_scope)(void *self, const KeyValueList *conf);
    /* A table or view by name parts. A view: sets ret_plan to its unbound plan (bound in place under SubqueryAlias). A
     * table: sets ret_plan to a bound Scan or to a Read. ST_NOT_FOUND when there is none. */
    Status (*relation)(void *self, Arena *a, const StrList *name, const KeyValueList *options, Node **ret_plan, Error *err);
    /* Sets ret_full to catalog, database and name when `name` is a table or view of the catalog: a column may be called by any of
     * their ends. False: another relation, whose columns have `name` before them. NULL: none has more. */
    bool (*full_name)(void *self, Arena *a, const StrList *name, StrList *ret_full);
    /* Lists the files of a Read and finds their schema; sets ret_scan to a Scan whose source is complete (its columns get
     * their ids from the binder), or to a PythonScan. */
    Status (*read)(void *self, Arena *a, const Read *read, Node **ret_scan, Error *err);
    /* spark.read.json(df): sets ret_scan to a Scan as `read` does, over the one text column of `input`, bound. */
    Status (*parse)(void *self, Arena *a, const Parse *parse, const Node *input, Node **ret_scan, Error *err);
    /* The column names and types of a LocalRelation's Arrow stream. */
    Status (*local)(void *self, Arena *a, const LocalRelation *local, const Type **ret_schema, Error *err);
    /* A function that the session made: an unbound PythonUdf or Lambda over parameters. ST_NOT_FOUND when there is none. */
    Status (*function)(void *self, Arena *a, const StrList *name, Node **ret_function, Error *err);
    /* Calls the analyze method of a table function. args are bound; constants: a Literal for each that is constant, else NULL; table:
     * the number of the one that is a row of a table, or -1. NULL: there are no Python workers. */
    Status (*analyze)(void *self, Arena *a, const PythonUdf *function, const Node *const *constants, int64_t table, TableAnalysis *ret_analysis,
                      Error *err);
    /* Did the session register a function of this name? It hides a built-in one. */
    bool (*is_temporary_function)(void *self, const char *name);
    /* A session variable's value, as a Literal, by the leading parts of `name`; *ret_parts says how many they are. NULL or
     * ST_NOT_FOUND: there is none. */
    Status (*variable)(void *self, Arena *a, const StrList *name, size_t *ret_parts, Node **ret_literal, Error *err);
    /* Runs a bound plan now and returns its first rows as Literals in Row nodes (Pivot without values). */
    Status (*rows)(void *self, Arena *a, const Node *bound, size_t max_rows, NodeList *ret_rows, Error *err);
    /* Parses text in Spark SQL: an expression ("expr" strings of a Connect plan), or a type. */
    Status (*parse_expression)(void *self, Arena *a, const char *text, Node **ret_expr, Error *err);
    Status (*parse_type)(void *self, Arena *a, const char *text, const Type **ret_type, Error *err);
} BindEnv;

/* Binds a query or a command. The result shares memory of the input plan: both live in `a`. Refuses a tree deeper than
 * LIMIT_QUERY_NESTING.
 * A command's query is bound inside it (WriteFiles.input …); CreateView keeps its unbound query, since a view is bound at
 * each use, and node.schema says what it returns. A BoundWith stands only at the root of a query. */
Status bind_plan(Arena *a, const BindEnv *env, Node *plan, Node **ret_bound, Error *err);

/* The output of a bound plan as a struct type (df.schema). */
const Type *bind_schema_type(Arena *a, const Node *bound);

#endif
