/* os/http.c -- between libmicrohttpd's callbacks and HttpHandler.
 *
 * An Exchange is one request and its response. It is made when the request line is there (MHD's URI callback, whose result
 * becomes the request's closure), and freed in MHD's completion callback, which also comes when the client vanished. */
#include "os/http.h"

#include "base/file.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTION_MEMORY = 256 * 1024, /* headers, and the buffer through which bodies are read */
    STREAM_BLOCK = 64 * 1024,
    BACKLOG = 512,
    TLS_FILE_MAX = 1024 * 1024
};

struct HttpServer {
    struct MHD_Daemon *daemon;
    HttpHandler handler;
    int listener, port;
    unsigned connections;
    char *cert, *key; /* NULL: plain */
    pthread_mutex_t lock; /* guards under_way */
    pthread_cond_t quiet;
    size_t under_way;
    Arena *arena; /* certificate and key */
};

typedef struct Exchange {
    HttpServer *server;
    HttpRequest request;
    HttpResponse response;
    HttpSink sink;
    size_t memory_limit;
    Str body;
    bool begun, sink_failed;
    size_t header_bytes;
} Exchange;

/* --- the request --- */

static void add_query(Arena *a, HttpPairs *pairs, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    size_t name_len = equals ? (size_t)(equals - text) : length;
    char *name, *value;
    size_t n;
    /* A broken escape is kept as it came: the handler will not know the parameter. */
    if (!uri_decode(a, text, name_len, true, &name, &n))
        name = arena_strn(a, text, name_len);
    const char *raw = equals ? equals + 1 : "";
    size_t raw_len = equals ? length - name_len - 1 : 0;
    if (!uri_decode(a, raw, raw_len, true, &value, &n))
        value = arena_strn(a, raw, raw_len);
    vec_push(a, pairs, (HttpPair){ name, value });
}

static void parse_query(HttpRequest *r)
{
    for (const char *at = r->raw_query; *at;) {
        size_t length = strcspn(at, "&");
        if (length > 0)
            add_query(r->arena, &r->query, at, length);
        at += length + (at[length] == '&');
    }
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    HttpServer *server = cls;
    Arena *a = arena_new();
    Exchange *x = ARENA_NEW(a, Exchange);
    x->server = server;
    x->request.arena = a;
    x->request.tls = server->cert != NULL;
    const char *question = strchr(uri, '?');
    x->request.raw_path = question ? arena_strn(a, uri, (size_t)(question - uri)) : arena_str(a, uri);
    x->request.raw_query = arena_str(a, question ? question + 1 : "");
    x->response.file_fd = -1;
    parse_query(&x->request);
    return x;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    Exchange *x = cls;
    Arena *a = x->request.arena;
    if (!value)
        value = "";
    x->header_bytes += strlen(name) + strlen(value) + 4;
    vec_push(a, &x->request.headers, (HttpPair){ arena_str(a, name), arena_str(a, value) });
    return MHD_YES;
}

static const char *client_text(Arena *a, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "";
    if (!info || !info->client_addr)
        return "";
    if (info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, text, sizeof text);
    else if (info->client_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, text, sizeof text);
    return arena_str(a, text);
}

static int64_t body_length(const HttpRequest *r)
{
    const char *encoding = http_header(r, "Transfer-Encoding"), *length = http_header(r, "Content-Length");
    int64_t n;
    if (encoding && str_ieq(encoding, "chunked"))
        return -1;
    return length && str_to_i64(length, &n) ? n : 0;
}

/* --- the response --- */

static ssize_t on_stream(void *cls, uint64_t position, char *buffer, size_t cap)
{
    (void)position;
    Exchange *x = cls;
    long n = x->response.stream(x->response.stream_arg, buffer, cap);
    return n > 0 ? n : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t on_no_stream(void *cls, uint64_t position, char *buffer, size_t cap)
{
    (void)cls, (void)position, (void)buffer, (void)cap;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_response(Exchange *x)
{
    HttpResponse *r = &x->response;
    if (r->file_fd >= 0) {
        int fd = r->file_fd;
        r->file_fd = -1; /* MHD closes it */
        if (!r->head_only && r->file_len > 0)
            return MHD_create_response_from_fd_at_offset64((uint64_t)r->file_len, fd, (uint64_t)r->file_offset);
        close(fd);
        if (r->file_len == 0)
            return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        return MHD_create_response_from_callback((uint64_t)r->file_len, STREAM_BLOCK, on_no_stream, NULL, NULL);
    }
    if (r->stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream, x, NULL);
    if (r->head_only && !r->body)
        return MHD_create_response_from_callback((uint64_t)(r->body_len ? (int64_t)r->body_len : r->file_len),
                                                 STREAM_BLOCK, on_no_stream, NULL, NULL);
    /* MHD only reads it. */
    return MHD_create_response_from_buffer(r->body_len, (void *)(uintptr_t)r->body, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_response(Exchange *x, struct MHD_Connection *connection)
{
    HttpResponse *r = &x->response;
    struct MHD_Response *response = make_response(x);
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < r->headers.len; i++)
        if (!str_ieq(r->headers.at[i].name, "Content-Length"))
            MHD_add_response_header(response, r->headers.at[i].name, r->headers.at[i].value);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(Exchange *x, struct MHD_Connection *connection, int status, const char *text)
{
    x->response.status = status;
    x->response.body = text;
    x->response.body_len = strlen(text);
    return send_response(x, connection);
}

/* --- the life of an exchange --- */

static void count(HttpServer *server, bool up)
{
    pthread_mutex_lock(&server->lock);
    server->under_way += up ? 1 : (size_t)-1;
    if (server->under_way == 0)
        pthread_cond_broadcast(&server->quiet);
    pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result begin(Exchange *x, struct MHD_Connection *connection, const char *method)
{
    HttpRequest *r = &x->request;
    r->method = arena_str(r->arena, method);
    r->client = client_text(r->arena, connection);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, x);
    r->content_length = body_length(r);
    x->response.head_only = str_eq(method, "HEAD");
    x->begun = true;
    count(x->server, true);
    if (x->header_bytes > LIMIT_HTTP_HEADERS)
        return refuse(x, connection, 431, "request headers are too large\n");
    x->server->handler.begin(x->server->handler.self, r, &x->sink, &x->memory_limit, &x->response);
    x->body = STR_INIT(x->memory_limit + 1);
    /* A client that waits for 100 gets the refusal instead; another one is read to its end, so that it sees the answer. */
    const char *expect = http_header(r, "Expect");
    if (x->response.status && (expect || r->content_length == 0))
        return send_response(x, connection);
    return MHD_YES;
}

static void take_body(Exchange *x, const char *bytes, size_t length)
{
    if (x->response.status || x->sink_failed)
        return; /* read to its end and dropped */
    if (x->sink.write)
        x->sink_failed = x->sink.write(x->sink.self, bytes, length, NULL) != ST_OK;
    else
        str_addn(&x->body, bytes, length);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **closure)
{
    (void)cls, (void)url, (void)version;
    Exchange *x = *closure;
    if (!x)
        return MHD_NO;
    if (!x->begun)
        return begin(x, connection, method);
    if (*upload_len > 0) {
        take_body(x, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    if (!x->response.status) {
        x->request.too_large = x->body.overflow || x->body.len > x->memory_limit;
        x->request.body = x->request.too_large ? "" : str_text(&x->body);
        x->request.body_len = x->request.too_large ? 0 : x->body.len;
        x->server->handler.respond(x->server->handler.self, &x->request, &x->response);
        if (!x->response.status)
            return refuse(x, connection, 500, "no response\n");
    }
    return send_response(x, connection);
}

static void on_done(void *cls, struct MHD_Connection *connection, void **closure, enum MHD_RequestTerminationCode why)
{
    (void)connection, (void)why;
    HttpServer *server = cls;
    Exchange *x = *closure;
    *closure = NULL;
    if (!x)
        return;
    if (x->begun) {
        server->handler.done(server->handler.self, &x->request);
        if (x->response.stream_done)
            x->response.stream_done(x->response.stream_arg);
        if (x->response.file_fd >= 0)
            close(x->response.file_fd);
        count(server, false);
    }
    str_done(&x->body);
    arena_free(x->request.arena);
}

/* Everything stays as the client sent it: signatures are over those bytes. */
static size_t no_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

/* --- listening --- */

static bool split_listen(const char *listen, char host[static 256], char port[static 16])
{
    const char *colon = strrchr(listen, ':');
    if (!colon || strlen(colon + 1) == 0 || strlen(colon + 1) >= 16 || (size_t)(colon - listen) >= 256)
        return false;
    size_t length = (size_t)(colon - listen);
    if (length >= 2 && listen[0] == '[' && listen[length - 1] == ']') {
        listen++;
        length -= 2;
    }
    memcpy(host, listen, length);
    host[length] = 0;
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    int64_t n;
    return str_to_i64(port, &n) && n >= 0 && n <= 65535;
}

static struct addrinfo *resolve(const char *listen)
{
    char host[256], port[16];
    struct addrinfo *found = NULL;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    if (!split_listen(listen, host, port) || getaddrinfo(host[0] ? host : NULL, port, &hints, &found) != 0)
        return NULL;
    return found;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static Status no_address(const char *listen, Error *err)
{
    return FAIL(err, ST_INVALID, "'%s' is no address to listen on: HOST:PORT is wanted", listen);
}

Status http_listen_is_loopback(const char *listen, bool *ret_loopback, Error *err)
{
    struct addrinfo *found = resolve(listen);
    if (!found)
        return no_address(listen, err);
    *ret_loopback = true;
    for (struct addrinfo *at = found; at; at = at->ai_next)
        *ret_loopback = *ret_loopback && is_loopback(at->ai_addr);
    freeaddrinfo(found);
    return ST_OK;
}

static Status open_listener(const char *address, int *ret_fd, int *ret_port, Error *err)
{
    struct addrinfo *found = resolve(address);
    if (!found)
        return no_address(address, err);
    struct sockaddr_storage bound = { 0 };
    socklen_t bound_len = sizeof bound;
    int on = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
              getsockname(fd, (struct sockaddr *)&bound, &bound_len) == 0;
    int cause = errno;
    freeaddrinfo(found);
    if (!ok) {
        if (fd >= 0)
            close(fd);
        if (cause == EADDRINUSE)
            return FAIL(err, ST_CONFLICT, "%s is taken by another process; choose another with --listen", address);
        return FAIL(err, ST_IO, "listen on %s: %s", address, strerror(cause));
    }
    /* The port is at the same place in both families' addresses. */
    *ret_port = ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port);
    *ret_fd = fd;
    return ST_OK;
}

static Status read_tls(Arena *a, const HttpServerOptions *o, char **ret_cert, char **ret_key, Error *err)
{
    if (!o->tls_key_path)
        return FAIL(err, ST_INVALID, "a TLS certificate needs its key");
    TRY(file_read(a, o->tls_cert_path, TLS_FILE_MAX, ret_cert, NULL, err));
    return file_read(a, o->tls_key_path, TLS_FILE_MAX, ret_key, NULL, err);
}

static void server_free(HttpServer *server)
{
    if (server->listener >= 0)
        close(server->listener);
    pthread_cond_destroy(&server->quiet);
    pthread_mutex_destroy(&server->lock);
    arena_free(server->arena);
    free(server);
}

Status http_server_new(const HttpServerOptions *o, HttpServer **ret_server, Error *err)
{
    arena_auto *a = arena_new();
    char *cert = NULL, *key = NULL;
    int fd = -1, port = 0;
    if (o->tls_cert_path)
        TRY(read_tls(a, o, &cert, &key, err));
    TRY(open_listener(o->listen, &fd, &port, err));
    HttpServer *server = calloc(1, sizeof *server);
    if (!server)
        abort();
    *server = (HttpServer){ .listener = fd, .port = port, .cert = cert, .key = key, .arena = a };
    server->connections = o->connections ? o->connections : HTTP_CONNECTIONS;
    a = NULL;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&server->quiet, &attr);
    pthread_condattr_destroy(&attr);
    *ret_server = server;
    return ST_OK;
}

Status http_server_start(HttpServer *server, const HttpHandler *handler, Error *err)
{
    server->handler = *handler;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC |
                     (server->cert ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert },
                                    { MHD_OPTION_HTTPS_MEM_KEY, 0, server->key },
                                    { MHD_OPTION_END, 0, NULL } };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, server, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_done, server,
        MHD_OPTION_CONNECTION_LIMIT, server->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_ARRAY, server->cert ? tls : none,
        MHD_OPTION_END);
    if (!server->daemon)
        return FAIL(err, ST_IO, "start the HTTP server%s", server->cert ? ": check the certificate and key" : "");
    return ST_OK;
}

int http_server_port(const HttpServer *server)
{
    return server->port;
}

void http_server_stop(HttpServer *server)
{
    if (!server)
        return;
    if (!server->daemon) {
        server_free(server);
        return;
    }
    MHD_quiesce_daemon(server->daemon); /* gives the listener back: server_free closes it */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += HTTP_STOP_MS / 1000;
    pthread_mutex_lock(&server->lock);
    while (server->under_way > 0)
        if (pthread_cond_timedwait(&server->quiet, &server->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&server->lock);
    MHD_stop_daemon(server->daemon);
    server_free(server);
}

/* --- what handlers ask --- */

const char *http_header(const HttpRequest *r, const char *name)
{
    for (size_t i = 0; i < r->headers.len; i++)
        if (str_ieq(r->headers.at[i].name, name))
            return r->headers.at[i].value;
    return NULL;
}

const char *http_query(const HttpRequest *r, const char *name)
{
    for (size_t i = 0; i < r->query.len; i++)
        if (str_eq(r->query.at[i].name, name))
            return r->query.at[i].value;
    return NULL;
}

void http_add_header(HttpRequest *request, HttpResponse *response, const char *name, const char *value)
{
    vec_push(request->arena, &response->headers,
             (HttpPair){ arena_str(request->arena, name), arena_str(request->arena, value) });
}
