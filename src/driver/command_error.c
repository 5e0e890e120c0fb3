/* driver/command_error.c -- errors of commands in Spark's words: the rows of command_errors.def, filled in. */
#include "driver/command_error.h"

#include "base/str.h"
#include "ir/error.h"

static const struct {
    const char *class, *sqlstate, *text;
} classes[] = {
#define COMMAND_ERROR(class, sqlstate, text) { class, sqlstate, text },
#include "driver/command_errors.def"
};

Status command_fail(Error *err, const char *class, ...)
{
    Status status = ST_INTERNAL;
    va_list args;
    va_start(args, class);
    size_t i = 0, n = sizeof classes / sizeof *classes;
    while (i < n && !str_eq(classes[i].class, class))
        i++;
    if (i < n)
        status = spark_error_list(err, NULL, class, classes[i].sqlstate, classes[i].text, args);
    else
        FAIL(err, ST_INTERNAL, "the error class %s has no row in command_errors.def", class);
    va_end(args);
    if (strstr(class, "ALREADY_EXIST"))
        status = ST_CONFLICT;
    if (err)
        err->status = status;
    return status;
}
