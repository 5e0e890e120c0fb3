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

typedef struct EmitOptions {
    const char *time_zone;     /* spark.sql.session.timeZone */
    bool ansi;                 /* spark.sql.ansi.enabled */
    int64_t now_us;            /* when the query started: current_timestamp(), current_date() … (microseconds UTC) */
    const char *user, *catalog, *database; /* current_user() …; NULL: "", "spark_catalog", "default" */
    /* Other configuration that changes meaning (spark.sql.legacy.sizeOfNull, spark.sql.mapKeyDedupPolicy …). NULL: defaults. */
    const char *(*conf)(void *self, const char *key);
    /* The engine's table that holds the rows of a LocalRelation or CachedRelation, columns c0, c1 … in order: the driver
     * registers it (engine_register_ipc). NULL: such nodes are unsupported. */
    Status (*relation)(void *self, Arena *a, const Node *n, const char **ret_table, Error *err);
    /* The engine's function that runs a PythonUdf: the driver registers it (engine_register_udf). NULL: unsupported. */
    Status (*udf)(void *self, Arena *a, const PythonUdf *udf, const char **ret_function, Error *err);
    /* The engine's function that reads texts as values (engine_register_parser): from_json, from_csv. NULL: unsupported. */
    Status (*parser)(void *self, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function,
                     Error *err);
    void *self;
} EmitOptions;

Status emit_plan(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err);
/* One bound expression over no columns (constant), or over columns named c<id>. */
Status emit_expression(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err);
/* The engine's word for a type: "DECIMAL(10,2)", "STRUCT(\"a\" INTEGER)". */
void emit_type(const Type *t, Str *out);
/* The same for a column of a Parquet file, where an instant is told from a local time. */
void emit_file_type(const Type *t, Str *out);
void emit_quoted_name(const char *name, Str *out);                      /* "a""b" */
void emit_quoted_text(const char *text, size_t length_bytes, Str *out); /* 'it''s' */

#endif
