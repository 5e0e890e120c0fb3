/* back/duckdb/jdbc_internal.h -- what the jdbc_*.c, source_jdbc.c and sink_jdbc.c share. */
#ifndef WEIR_BACK_DUCKDB_JDBC_INTERNAL_H
#define WEIR_BACK_DUCKDB_JDBC_INTERNAL_H
#include "back/duckdb/internal.h"
#include "back/duckdb/jdbc.h"
#include "back/duckdb/kernel.h"

#include <libpq-fe.h>

typedef enum JdbcIsolation { ISOLATION_DEFAULT, ISOLATION_READ_COMMITTED, ISOLATION_REPEATABLE_READ, ISOLATION_SERIALIZABLE } JdbcIsolation;

typedef struct JdbcOptions {
    const char *url;
    const char *table;             /* dbtable; NULL: a query */
    const char *from;              /* what stands behind FROM */
    const char *prepare, *init;    /* prepareQuery with a space behind, ""; sessionInitStatement, NULL */
    StrList keys, values;          /* of the connection, as libpq names them */
    const char *search_path;       /* NULL: the server's */
    const char *partition_column, *lower, *upper; /* all or none */
    int64_t partitions;            /* numPartitions; 0: not given */
    int64_t timeout_s;             /* queryTimeout; 0: none */
    bool push_predicate, prefer_ntz, untyped_strings;
    bool truncate, cascade;        /* of writing, as what follows */
    const char *create_options, *comment;
    JdbcIsolation isolation;
} JdbcOptions;

/* ST_INVALID for values that an option does not have, ST_UNSUPPORTED for other databases and what is not done. */
Status jdbc_options(Arena *a, const KeyValueList *options, JdbcOptions *ret_options, Error *err);

/* ---------------------------------------------------------------- connections */
/* Belongs to one thread; only an interrupt comes from others. */
typedef struct JdbcConnection {
    PGconn *pg;
    const JdbcOptions *options;
    Engine *engine;
    struct Remote remote;
} JdbcConnection;
/* `engine` and `session`: whose interrupt cancels what runs; NULL: nobody's. c stays where it is until it is closed. */
Status jdbc_connect(JdbcConnection *c, const JdbcOptions *o, const char *system_zone, Engine *engine, idx_t session, Error *err);
void jdbc_close(JdbcConnection *c); /* rolls back what was not committed */
/* One statement or several; *ret_result (may be NULL) is the caller's: PQclear. */
Status jdbc_run(JdbcConnection *c, const char *sql, PGresult **ret_result, Error *err);
void jdbc_clear(PGresult **result);
#define jdbc_result_auto __attribute__((cleanup(jdbc_clear))) PGresult
/* What the server said last: `result` or the connection. `query`: the user's text, for syntax errors; NULL: none of the user's. */
Status jdbc_fail(const JdbcConnection *c, const PGresult *result, const char *query, bool resolving, Error *err);
/* Has the error the SQLSTATE of a table, schema or database that is not there? */
bool jdbc_not_there(const PGresult *result);
const char *jdbc_quoted_text(Arena *a, const char *text); /* 'it''s', E'…' with backslashes */
const char *jdbc_quoted_name(Arena *a, const char *name); /* "a""b" */

/* ---------------------------------------------------------------- types */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_NAME = 19, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_OID = 26,
       OID_JSON = 114, OID_XML = 142, OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_MONEY = 790, OID_INET = 869, OID_BPCHAR = 1042, OID_VARCHAR = 1043,
       OID_DATE = 1082, OID_TIME = 1083, OID_TIMESTAMP = 1114, OID_TIMESTAMPTZ = 1184, OID_INTERVAL = 1186, OID_TIMETZ = 1266,
       OID_BIT = 1560, OID_NUMERIC = 1700, OID_VOID = 2278, OID_UUID = 2950 };
enum { PG_EPOCH_DAYS = 10957 }; /* 2000-01-01 */
#define PG_EPOCH_US (PG_EPOCH_DAYS * INT64_C(86400000000))

/* The columns of a query's result: their Spark types and how they are asked for. */
Status jdbc_columns(Arena *a, JdbcConnection *c, const PGresult *result, const JdbcRequest *r, const Type **ret_schema,
                    const RemoteColumn **ret_columns, Error *err);
/* The server's word for a Spark type ("TEXT", "NUMERIC(10,2)", "INTEGER[]"), and the oid of its binary form's type. */
Status jdbc_type_word(Arena *a, const Type *t, const char **ret_word, Oid *ret_oid, Error *err);

/* ---------------------------------------------------------------- values */
/* One value in PostgreSQL's binary form into a row of a vector of the engine's type for `t`. */
Status jdbc_decode(const char *bytes, size_t length, const Type *t, duckdb_vector vector, idx_t row, Error *err);
struct ArrowArrayView;
/* A value with its length in front, -1 for NULL. */
Status jdbc_encode(const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out, Error *err);
void jdbc_put16(Str *out, int value);
void jdbc_put32(Str *out, int64_t value);

#endif
