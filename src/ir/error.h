/* ir/error.h -- analysis errors in Spark's own words (error/error-conditions.json of spark-common-utils 4.1.1).
 * Libraries above ir may use it too: front ends for parse errors, back ends for run-time ones. */
#ifndef WEIR_IR_ERROR_H
#define WEIR_IR_ERROR_H
#include "ir/node.h"

/* Sets `err` to error class `class`: `text` is the message template with <name> parameters, followed by pairs of const char
 * *name, *value, ended by NULL. The message becomes "[CLASS] text SQLSTATE: nnnnn". Position comes from `at` (NULL: none).
 * Parameters that the text does not name are none of the error's. A parameter that stands in quotes in the text, "<sqlExpr>", has them in its value too, as Spark's; <docroot> is filled in.
 * Returns ST_INVALID, or ST_UNSUPPORTED for UNSUPPORTED_FEATURE classes, or ST_NOT_FOUND for …NOT_FOUND ones. */
Status spark_error(Error *err, const Node *at, const char *class, const char *sqlstate, const char *text, ...)
    __attribute__((sentinel));
/* The same from a list. */
Status spark_error_list(Error *err, const Node *at, const char *class, const char *sqlstate, const char *text, va_list args);
/* A valid statement or expression that weir does not do; `what` names it. */
Status spark_unsupported(Error *err, const Node *at, const char *what);
/* Is it an error condition of Spark's, upper case: DIVIDE_BY_ZERO, UNRESOLVED_COLUMN.WITH_SUGGESTION? (conditions.def) */
bool error_condition_known(const char *name);
/* The SQLSTATE of a condition, or of the one that a sub-condition belongs to; "" when there is none. */
const char *error_condition_state(const char *name);
/* `name` in back quotes, "`" doubled (toSQLId of one part). */
const char *sql_id(Arena *a, const char *name);
/* `a`.`b` (toSQLId). */
const char *sql_ids(Arena *a, const StrList *parts);

#endif
