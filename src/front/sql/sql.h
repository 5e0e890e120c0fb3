/* front/sql/sql.h -- Spark SQL 4.1 text to unbound ir trees: SqlBaseLexer.g4 and SqlBaseParser.g4 as re2c and lemon.
 *
 * Pure functions: no I/O, no state. Trees and errors' owner is the arena. Every node carries start and stop, characters
 * of the text it came from. A syntax error is PARSE_SYNTAX_ERROR with SQLSTATE 42601, its bare text in Error.message and
 * its place in Error.start and stop; sql_error_text() makes Spark's long form of it. Sources: org.apache.spark.sql
 * .catalyst.parser.{AstBuilder, ParseDriver, ParserUtils}, org.apache.spark.sql.execution.SparkSqlAstBuilder. */
#ifndef WEIR_FRONT_SQL_SQL_H
#define WEIR_FRONT_SQL_SQL_H
#include "base/arena.h"
#include "base/status.h"
#include "ir/node.h"

#include <stdbool.h>

typedef struct SqlParameter {
    const char *name; /* of :name; NULL: the next ? */
    Node *value;      /* an expression that takes its place */
} SqlParameter;

/* The session's settings that lexer and parser heed. Zeroed is Spark's legacy of each flag: use SQL_OPTIONS. */
typedef struct SqlOptions {
    bool ansi;                        /* spark.sql.ansi.enabled */
    bool enforce_reserved_keywords;   /* spark.sql.ansi.enforceReservedKeywords (needs ansi) */
    bool double_quoted_identifiers;   /* spark.sql.ansi.doubleQuotedIdentifiers (needs ansi) */
    bool escaped_string_literals;     /* spark.sql.parser.escapedStringLiterals: backslashes are plain */
    bool legacy_setops_precedence;    /* spark.sql.legacy.setopsPrecedence.enabled */
    bool legacy_exponent_as_decimal;  /* spark.sql.legacy.exponentLiteralAsDecimal.enabled */
    bool legacy_consecutive_strings;  /* spark.sql.legacy.consecutiveStringLiterals.enabled: 'a''b' is ab */
    bool legacy_interval;             /* spark.sql.legacy.interval.enabled: INTERVAL literals are CalendarIntervals */
    bool no_scripting;                /* spark.sql.scripting.enabled is false: BEGIN … END is refused */
    bool continue_handlers;           /* spark.sql.scripting.continueHandlerEnabled */
    bool legacy_identifier_clause;    /* spark.sql.legacy.identifierClause: IDENTIFIER() only where a relation, function or column is named */
    bool legacy_bang_not;             /* spark.sql.legacy.bangEqualsNot: a ! IN (b) */
    bool legacy_having_as_where;      /* spark.sql.legacy.parser.havingWithoutGroupByAsWhere */
    bool quoted_regex_columns;        /* spark.sql.parser.quotedRegexColumnNames: `(a)?+.+` in a select list is a pattern */
    bool timestamp_ntz;               /* spark.sql.timestampType is TIMESTAMP_NTZ */
    const char *time_zone;            /* spark.sql.session.timeZone, NULL: UTC; for TIMESTAMP literals without a zone */
    /* The text of a constant expression, for IDENTIFIER(var || '.t'); NULL: only string literals are known. */
    Status (*constant_text)(void *self, Arena *a, Node *expr, const char **ret_text, Error *err);
    void *self;
    const SqlParameter *parameters;   /* substituted; a parameter that is not among them stays a Parameter node */
    size_t nparameters;
} SqlOptions;
#define SQL_OPTIONS ((SqlOptions){ .ansi = true })

/* One query or command; ';' at the end is fine. `opt` NULL: SQL_OPTIONS. */
Status sql_parse_statement(Arena *a, const char *text, size_t length, const SqlOptions *opt, Node **ret_plan, Error *err);
/* One expression, which may be named: selectExpr("a + 1 AS b"), expr("…"), filter("…"). */
Status sql_parse_expression(Arena *a, const char *text, size_t length, const SqlOptions *opt, Node **ret_expr, Error *err);
/* "array<int>", "decimal(10,2)". Case of names does not count. */
Status sql_parse_type(Arena *a, const char *text, const Type **ret_type, Error *err);
/* A table's columns, "a INT NOT NULL, b STRING COMMENT 'x'", or one type. A type that is no struct is wrapped as
 * struct<value: type>, as DataType.fromDDL's callers do. */
Status sql_parse_schema(Arena *a, const char *text, const Type **ret_struct, Error *err);
/* A name of several parts: a.`b c`.d */
Status sql_parse_name(Arena *a, const char *text, StrList *ret_name, Error *err);

/* One statement of a script: text[start_byte, start_byte + length), without the ';'. */
typedef struct SqlPiece {
    size_t start_byte, length;
} SqlPiece;
typedef VEC(SqlPiece) SqlPieceList;
/* The statements of a script that are separated by ';', as `spark-sql -f` splits them: quotes and comments hide a ';',
 * and BEGIN … END stays in one piece. Empty pieces are left out. */
void sql_split(Arena *a, const char *text, size_t length, SqlPieceList *ret_pieces);

/* Spark's long form of a parse error: "\n[CLASS] message SQLSTATE: 42601 (line 1, pos 7)\n\n== SQL ==\n…\n-------^^^\n…". */
void sql_error_text(const char *query, const Error *err, Str *out);

#endif
