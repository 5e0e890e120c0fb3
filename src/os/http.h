/* os/http.h -- an HTTP/1.1 server on libmicrohttpd: a thread for each connection, so that a handler may wait for a disk or
 * a lock without another client noticing. A request is handled whole by its connection's thread.
 *
 * A request is announced by its head; the handler then says where its body goes: into memory up to a limit, or to a sink
 * that takes it piece by piece (an object's PUT goes straight to its file). When the body is complete `respond` is called
 * and fills the response. `Expect: 100-continue` is answered only when `begin` accepts. */
#ifndef WEIR_OS_HTTP_H
#define WEIR_OS_HTTP_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdint.h>

typedef struct HttpPair {
    const char *name, *value;
} HttpPair;
typedef VEC(HttpPair) HttpPairs;

typedef struct HttpRequest {
    Arena *arena;             /* lives until the response is sent */
    const char *method;       /* "GET" */
    const char *raw_path;     /* as sent, still percent-encoded, without the query */
    const char *raw_query;    /* as sent, "" when none */
    HttpPairs query;          /* decoded, in order */
    HttpPairs headers;        /* in order, names as sent */
    const char *client;       /* address text */
    bool tls;
    const char *body;         /* the collected body when no sink was set; body_len bytes, NUL after */
    size_t body_len;
    bool too_large;           /* the body was beyond *ret_memory_limit and was dropped: `respond` refuses */
    int64_t content_length;   /* -1: chunked; 0: none */
    void *user;               /* the handler's own, from begin to done */
} HttpRequest;

typedef struct HttpResponse {
    int status;               /* 200 … */
    HttpPairs headers;        /* in the request's arena */
    const void *body;         /* in the request's arena; or … */
    size_t body_len;
    int file_fd;              /* … this file's bytes [file_offset, file_offset + file_len); closed by the server; -1: none */
    int64_t file_offset, file_len;
    bool head_only;           /* HEAD: Content-Length of the body, without it */
    /* or a stream: fills up to cap bytes; returns 0 at the end, -1 on failure (the connection is closed) */
    long (*stream)(void *arg, char *buffer, size_t cap);
    void (*stream_done)(void *arg);
    void *stream_arg;
} HttpResponse;

/* Where a body goes when it does not go to memory. `write` may fail: the body is then read to its end and dropped, and
 * `respond` sees the error through the sink's own state. */
typedef struct HttpSink {
    Status (*write)(void *self, const void *bytes, size_t length, Error *err);
    void *self;
} HttpSink;

typedef struct HttpHandler {
    void *self;
    /* The head is there. Sets *ret_sink, or leaves it zero and sets *ret_memory_limit. May answer at once by filling
     * `response` with a status (the body is then not wanted). */
    void (*begin)(void *self, HttpRequest *request, HttpSink *ret_sink, size_t *ret_memory_limit, HttpResponse *response);
    void (*respond)(void *self, HttpRequest *request, HttpResponse *response);
    /* Always called once per begun request, also when the client went away: release what `user` holds. */
    void (*done)(void *self, HttpRequest *request);
} HttpHandler;

typedef struct HttpServerOptions {
    const char *listen;   /* "127.0.0.1:4566"; port 0: any */
    unsigned connections; /* at most, and so threads; more wait to be accepted. 0: HTTP_CONNECTIONS */
    const char *tls_cert_path, *tls_key_path; /* NULL: plain */
} HttpServerOptions;

enum { HTTP_CONNECTIONS = 1000, HTTP_IDLE_S = 120, HTTP_STOP_MS = 10000 };

typedef struct HttpServer HttpServer;
/* Binds and listens; clients that come now wait for http_server_start. ST_CONFLICT when the port is taken, ST_INVALID when
 * `listen` is no address. The port is known from here on. */
Status http_server_new(const HttpServerOptions *options, HttpServer **ret_server, Error *err);
Status http_server_start(HttpServer *server, const HttpHandler *handler, Error *err);
int http_server_port(const HttpServer *server);
/* Accepts no more, waits up to HTTP_STOP_MS for the requests under way, closes all connections, frees the server. Also
 * for one that was never started; NULL is fine. */
void http_server_stop(HttpServer *server);
/* Is this "HOST:PORT" a loopback address? ST_INVALID when it is no address. */
Status http_listen_is_loopback(const char *listen, bool *ret_loopback, Error *err);

const char *http_header(const HttpRequest *request, const char *name);                  /* case-insensitive; NULL */
const char *http_query(const HttpRequest *request, const char *name);                   /* exact; NULL; "" for ?name */
void http_add_header(HttpRequest *request, HttpResponse *response, const char *name, const char *value);

#endif
