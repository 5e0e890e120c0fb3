/* base/limits.h -- every size that a client controls has its name and its limit here. Bytes unless the name says else. */
#ifndef WEIR_BASE_LIMITS_H
#define WEIR_BASE_LIMITS_H

enum {
    LIMIT_HTTP_HEADERS = 64 * 1024,
    LIMIT_API_BODY = 8 * 1024 * 1024,       /* a request body other than an object's */
    LIMIT_QUERY_TEXT = 64 * 1024 * 1024,    /* one SQL text */
    LIMIT_QUERY_TOKENS = 4 * 1024 * 1024,   /* words and signs of one SQL text */
    LIMIT_QUERY_NESTING = 1000,             /* tree depth: walks recurse */
    LIMIT_PLAN_MESSAGE = 512 * 1024 * 1024, /* one Spark Connect message (local relations ride in it) */
    LIMIT_NAME = 1024,                      /* an identifier, a path segment */
    LIMIT_OBJECT_KEY = 1024,                /* S3: UTF-8 bytes of a key */
    LIMIT_OBJECT_METADATA = 2048,           /* S3: user metadata */
    LIMIT_STEPS_PER_REQUEST = 256,          /* EMR: also the most active steps of a cluster */
    LIMIT_STEP_TEXT = 10240,                /* EMR: characters of one step's jar and arguments */
    LIMIT_CONF_TEXT = 1024 * 1024
};
#define LIMIT_OBJECT_PUT (5LL * 1024 * 1024 * 1024)    /* S3: one PUT, one part */
#define LIMIT_OBJECT (5LL * 1024 * 1024 * 1024 * 1024) /* S3: one object */

#endif
