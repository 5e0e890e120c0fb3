/* base/status.c -- setting errors. */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

static Status error_vset(Error *err, Status status, const char *code, const char *format, va_list args)
{
    if (!err)
        return status;
    Error made = ERROR_INIT; /* the arguments may be of the error that is there */
    made.status = status;
    if (code)
        snprintf(made.code, sizeof made.code, "%s", code);
    vsnprintf(made.message, sizeof made.message, format, args);
    *err = made;
    return status;
}

Status error_set(Error *err, Status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(err, status, NULL, format, args);
    va_end(args);
    return status;
}

Status error_set_code(Error *err, Status status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(err, status, code, format, args);
    va_end(args);
    return status;
}

void error_param(Error *err, const char *key, const char *value)
{
    if (!err)
        return;
    size_t key_len = strlen(key) + 1, value_len = strlen(value) + 1;
    if (key_len + value_len > sizeof err->params - err->params_len)
        return;
    memcpy(err->params + err->params_len, key, key_len);
    memcpy(err->params + err->params_len + key_len, value, value_len);
    err->params_len += key_len + value_len;
}

const char *error_param_get(const Error *err, const char *key)
{
    for (size_t at = 0; at < err->params_len;) {
        const char *k = err->params + at, *v = k + strlen(k) + 1;
        if (!strcmp(k, key))
            return v;
        at = (size_t)(v - err->params) + strlen(v) + 1;
    }
    return NULL;
}

const char *status_name(Status status)
{
    static const char *const names[] = { "ok",          "invalid",   "denied", "not found", "conflict", "limit",
                                         "unsupported", "cancelled", "i/o",    "runtime",   "internal" };
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
