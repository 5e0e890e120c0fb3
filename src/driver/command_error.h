/* driver/command_error.h -- the errors of commands and of the catalog, by Spark's error classes (command_errors.def). */
#ifndef WEIR_DRIVER_COMMAND_ERROR_H
#define WEIR_DRIVER_COMMAND_ERROR_H
#include "base/status.h"

/* Error class `class` with pairs of const char *name, *value, ended by NULL. ST_NOT_FOUND for …NOT_FOUND, ST_CONFLICT for
 * …ALREADY_EXIST…, ST_UNSUPPORTED for UNSUPPORTED_FEATURE…, else ST_INVALID. */
Status command_fail(Error *err, const char *class, ...) __attribute__((sentinel));

#endif
