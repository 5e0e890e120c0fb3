/* os/client.h -- one HTTP request to another server, on libcurl: sent as it is, with an answer in memory. Thread-safe.
 * No redirects, no cookies, no proxies, nothing of the environment: a caller that signs needs the bytes unchanged. */
#ifndef WEIR_OS_CLIENT_H
#define WEIR_OS_CLIENT_H
#include "os/http.h"

typedef struct ClientRequest {
    const char *method;      /* "POST" */
    const char *url;         /* percent-encoded; http:// or https:// (verified against the system's authorities) */
    HttpPairs headers;       /* Host among them when it was signed */
    const void *body;        /* NULL: none */
    size_t body_len;
    int64_t connect_timeout_ms, timeout_ms; /* 0: 10 s, 300 s */
    size_t max_body_bytes;   /* of the answer; 0: LIMIT_API_BODY */
} ClientRequest;

typedef struct ClientAnswer {
    int status;
    HttpPairs headers;
    char *body;              /* NUL-terminated */
    size_t body_len;
} ClientAnswer;

/* Any HTTP status is an answer. ST_IO when none came: *ret_sent (may be NULL) says whether the request may have reached the
 * server, so that only what is safe to repeat is repeated. ST_LIMIT when it is larger than max_body_bytes. */
Status client_send(Arena *a, const ClientRequest *request, ClientAnswer *ret_answer, bool *ret_sent, Error *err);

#endif
