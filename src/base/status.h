/* base/status.h -- how a function fails.
 *
 * A fallible function returns Status and takes `Error *err` last. The error is set once, where the cause is known, and
 * passed up untouched; results come out through `ret_x` parameters, which stay untouched on failure.
 * Only api/ and app/ print or log an error. Error is a plain value: copy it by assignment, no clean-up.
 *
 * `code` is what a client sees: an AWS error code ("ValidationException"), or a Spark error class
 * ("UNRESOLVED_COLUMN.WITH_SUGGESTION"). It is empty for an internal failure; the outermost layer then chooses one. */
#ifndef WEIR_BASE_STATUS_H
#define WEIR_BASE_STATUS_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum Status {
    ST_OK = 0,
    ST_INVALID,     /* the caller's input is wrong: a 4xx, an analysis error */
    ST_DENIED,      /* not authenticated or not allowed */
    ST_NOT_FOUND,   /* the named thing does not exist */
    ST_CONFLICT,    /* exists already, or is in a state that forbids this */
    ST_LIMIT,       /* larger than a named limit */
    ST_UNSUPPORTED, /* valid, but weir does not do it: the message names what */
    ST_CANCELLED,   /* interrupted by the user */
    ST_IO,          /* the system or a peer failed */
    ST_RUNTIME,     /* a user's query failed while it ran (division by zero, malformed record) */
    ST_INTERNAL     /* a bug in weir */
} Status;

enum { ERROR_MESSAGE_BYTES = 4096, ERROR_CODE_BYTES = 128, ERROR_PARAMS_BYTES = 2048 };

typedef struct Error {
    Status status;
    int http;                        /* HTTP status to answer with, 0: derived from `status` */
    char code[ERROR_CODE_BYTES];     /* AWS error code or Spark error class, "" when none was given */
    char sqlstate[6];                /* Spark: SQLSTATE, "" when none */
    int start, stop;                 /* Spark: query context, offsets in characters into the query text; -1 when unknown */
    char message[ERROR_MESSAGE_BYTES];
    size_t params_len;               /* Spark: message parameters as "key\0value\0" pairs in params[0..params_len) */
    char params[ERROR_PARAMS_BYTES];
} Error;

#define ERROR_INIT ((Error){ .start = -1, .stop = -1 })

/* Sets `err` (which may be NULL) and returns `status`. */
Status error_set(Error *err, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with the client-visible code. */
Status error_set_code(Error *err, Status status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds one Spark message parameter; silently keeps what fits in ERROR_PARAMS_BYTES. */
void error_param(Error *err, const char *key, const char *value);
/* The value of a parameter, or NULL. */
const char *error_param_get(const Error *err, const char *key);
const char *status_name(Status status);

#define FAIL(err, status, ...) error_set((err), (status), __VA_ARGS__)
#define FAIL_CODE(err, status, code, ...) error_set_code((err), (status), (code), __VA_ARGS__)

/* Passes a failure up. */
#define TRY(expr)                    \
    do {                             \
        Status try_status_ = (expr); \
        if (try_status_ != ST_OK)    \
            return try_status_;      \
    } while (0)

#endif
