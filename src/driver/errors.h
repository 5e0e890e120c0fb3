/* driver/errors.h -- an Error as a Spark client expects it: the message as Spark prints it, the Java classes by which
 * PySpark chooses the exception, google.rpc.Status with ErrorInfo, and the answer to FetchErrorDetails.
 * Source: ErrorUtils, SparkThrowableHelper, SQLQueryContext, ParseException.getMessage. */
#ifndef WEIR_DRIVER_ERRORS_H
#define WEIR_DRIVER_ERRORS_H
#include "base/status.h"
#include "base/str.h"
#include "driver/rpc.h"
#include "proto/base.pb-c.h"

enum { ERROR_QUERY_MAX_BYTES = 1 << 20 }; /* positions are shown in SQL texts up to this */

/* "[CLASS] message SQLSTATE: 42703; line 1 pos 7", with the query's lines for parse and runtime errors. `query`: the SQL
 * text that the positions point into; NULL: none. */
char *error_text(Arena *a, const Error *e, const char *query);
/* Class names from the exception up to java.lang.Object, ending with NULL. */
const char *const *error_classes(const Error *e);
/* What a call fails with; error_id NULL: there is nothing to fetch. */
RpcStatus error_rpc_status(Arena *a, const Error *e, const char *query, const char *error_id);
void error_details(Arena *a, const Error *e, const char *query, Spark__Connect__FetchErrorDetailsResponse *response);

#endif
