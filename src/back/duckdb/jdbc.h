/* back/duckdb/jdbc.h -- Spark's JDBC source for PostgreSQL, over libpq.
 *
 * A table or query of a server becomes a Scan: its columns with Spark's types, its rows shared out by WHERE texts, each read
 * by a connection of its own as a binary COPY, which streams. A query's rows become a table there in one transaction: what
 * fails leaves the server as it was. URLs of other databases are refused by name.
 *
 * What the server says becomes FAILED_JDBC.UNCLASSIFIED with its words and its SQLSTATE; a syntax error of the user's query
 * JDBC_EXTERNAL_ENGINE_SYNTAX_ERROR. A user's interrupt cancels what runs on the server (engine_interrupt).
 *
 * Source: JDBCOptions, JDBCRelation, JdbcUtils, JdbcRelationProvider, PostgresDialect; pgjdbc's connection properties. */
#ifndef WEIR_BACK_DUCKDB_JDBC_H
#define WEIR_BACK_DUCKDB_JDBC_H
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"
#include "ir/source.h"

#define JDBC_FORMAT "jdbc" /* as source_format() says it */

typedef struct JdbcRequest {
    const KeyValueList *options;
    const StrList *predicates; /* WHERE texts, one a partition; empty: the option partitionColumn, if any */
    const Type *custom;        /* the option customSchema, a STRUCT; NULL: not given */
    const char *time_zone;     /* of the session: bounds of timestamps */
    const char *system_zone;   /* of the process: what times without a zone are taken to be in */
    bool case_sensitive;
} JdbcRequest;

/* Asks the server for the columns. */
Status jdbc_resolve(Arena *a, const JdbcRequest *request, const ScanSource **ret_source, Error *err);

typedef struct JdbcWrite {
    const Node *plan;          /* bound */
    const KeyValueList *options;
    int mode;                  /* SaveMode */
    const Type *column_types;  /* the option createTableColumnTypes, a STRUCT; NULL: not given */
    const char *system_zone;
    bool case_sensitive;
} JdbcWrite;

Status jdbc_write(Arena *a, EngineSession *s, const EmitOptions *options, const JdbcWrite *write, Error *err);

#endif
