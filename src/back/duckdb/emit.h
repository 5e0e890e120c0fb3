/* back/duckdb/emit.h -- a bound plan as one SQL text for the engine.
 *
 * Every column is called c<id>; the outermost SELECT lists the plan's schema in order. Names are quoted and values are
 * quoted literals: no text of the user's becomes SQL. What cannot be emitted fails with ST_UNSUPPORTED and the class
 * UNSUPPORTED_FEATURE… naming it. Commands (WriteFiles, CreateView …) are not emitted: the driver does them.
 *
 * Source: Spark 4.1's meaning of each expression; types in the engine stand in back/duckdb/README.md. */
#ifndef WEIR_BACK_DUCKDB_EMIT_H
#define WEIR_BACK_DUCKDB_EMIT_H
#include "ir/node.h"

/* A part of a plan that Python workers do: where its rows come from, and what the workers make of them. The layouts of the
 * kinds stand in python/weir_worker/kinds.py. */
typedef struct PythonFunction {
    const PythonUdf *udf;
    const int64_t *offsets; /* of its arguments, as pyspark.worker counts them; a window's two bounds first */
    size_t noffsets;
} PythonFunction;
enum { PYTHON_ROWS, PYTHON_GROUPS, PYTHON_PARTITIONS }; /* what may be cut where: any row, or where the first column changes */
typedef struct PythonStage {
    const char *kind;               /* "map", "iter", "group", "cogroup", "agg", "window", "table"; "scalar" has no query */
    const PythonFunction *functions;
    size_t nfunctions;
    const char *sql;                /* rows for the workers */
    const Type *input, *output;     /* STRUCTs: of those rows, and of what comes back */
    int rows;                       /* PYTHON_ROWS … */
    bool one_partition;             /* one worker gets all */
    int64_t keys, left, right;      /* columns: grouping expressions; cogroup's sides */
    int64_t passed;                 /* columns that go past the functions */
    int64_t first_arg, nargs;       /* input columns that are arguments */
    const char *window_bounds;      /* "bounded,unbounded": a word a function; NULL: no window */
    const char *analyzed;           /* table: the pickled AnalyzeResult, base64; NULL: none */
    const int64_t *partition_columns; /* table: of PARTITION BY, in the table argument */
    size_t npartition_columns;
    const int64_t *table_args;      /* table: arguments that are rows of a table */
    size_t ntable_args;
} PythonStage;

/* A script of the shell, which gets a line for each row of a query of one text column, and whose lines are rows of one text column. */
typedef struct ScriptStage {
    const char *script, *sql;
    const Type *lines; /* STRUCT of one STRING: both sides */
} ScriptStage;

typedef struct EmitOptions {
    bool shown;                /* the rows are for a client to see: bytes that are no UTF-8 are U+FFFD in a STRING, and not refused */
    const char *time_zone;     /* spark.sql.session.timeZone */
    bool ansi;                 /* spark.sql.ansi.enabled */
    int64_t now_us;            /* when the query started: current_timestamp(), current_date() … (microseconds UTC) */
    const char *user, *catalog, *database; /* current_user() …; NULL: "", "spark_catalog", "default" */
    /* Other configuration that changes meaning (spark.sql.legacy.sizeOfNull, spark.sql.mapKeyDedupPolicy …). NULL: defaults. */
    const char *(*conf)(void *self, const char *key);
    const KeyValueList *(*conf_scope)(void *self, const KeyValueList *conf); /* as BindEnv's. NULL: there are no others */
    /* The engine's table that holds the rows of a LocalRelation or CachedRelation, columns c0, c1 … in order: the driver
     * registers it (engine_register_ipc). NULL: such nodes are unsupported. */
    Status (*relation)(void *self, Arena *a, const Node *n, const char **ret_table, Error *err);
    /* The call of the engine's function that runs a PythonUdf, up to its arguments (engine_attach_udf), and the FROM text of
     * a stage (engine_attach_stream). NULL: unsupported. */
    Status (*udf)(void *self, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err);
    Status (*python)(void *self, Arena *a, const PythonStage *stage, const char **ret_from, Error *err);
    /* The function that reads one partition of a Python data source (SQL_MAP_ARROW_ITER_UDF), and the partitions (pickles, base64).
     * NULL: unsupported. */
    Status (*python_read)(void *self, Arena *a, const PythonScan *scan, PythonUdf **ret_function, StrList *ret_partitions, Error *err);
    Status (*script)(void *self, Arena *a, const ScriptStage *stage, const char **ret_from, Error *err); /* the same of a script */
    /* The engine's function that reads texts as values (engine_register_parser): from_json, from_csv, from_avro, and to_avro that writes
     * them. NULL: unsupported. */
    Status (*parser)(void *self, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function,
                     Error *err);
    void *self;
} EmitOptions;

Status emit_plan(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err);
/* One bound expression over no columns (constant), or over columns named c<id>. */
Status emit_expression(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err);
/* VARIANT in Parquet files: values with each variant as a group of value and metadata, and back; the type that is in the file. The
 * engine's own variants as ours: NULL is NULL, or stands for a variant that is null. */
const char *emit_variant_to_groups(Arena *a, const char *x, const Type *t);
const char *emit_variant_from_groups(Arena *a, const char *x, const Type *t);
const char *emit_variant_from_engine(Arena *a, const char *x, bool null_is_variant);
const Type *emit_variant_group_type(Arena *a, const Type *t);
/* The engine's word for a type: "DECIMAL(10,2)", "STRUCT(\"a\" INTEGER)". */
void emit_type(const Type *t, Str *out);
/* The same for a column of a Parquet file, where an instant is told from a local time. */
void emit_file_type(const Type *t, Str *out);
/* Behind the last field of a struct_pack() that makes a `t`. A struct without fields, which the engine does not have, has a hidden one. */
void emit_pack_end(const Type *t, Str *out);
void emit_quoted_name(const char *name, Str *out);                      /* "a""b" */
void emit_quoted_text(const char *text, size_t length_bytes, Str *out); /* 'it''s' */

#endif
