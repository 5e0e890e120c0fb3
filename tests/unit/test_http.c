/* The HTTP server over real sockets: bodies to memory and to sinks, 100-continue, HEAD, files, streams, keep-alive, early ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "os/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY_LIMIT = 1000, ANSWER_MAX = 4 * 1024 * 1024 };

/* What the handler has seen; its lock is for the tests' own thread. */
typedef struct Seen {
    pthread_mutex_t lock;
    int begun, done;
    size_t sunk;
} Seen;

static Status sink_write(void *self, const void *bytes, size_t length, Error *err)
{
    Seen *seen = self;
    (void)err;
    pthread_mutex_lock(&seen->lock);
    seen->sunk += length;
    pthread_mutex_unlock(&seen->lock);
    return memchr(bytes, '!', length) ? ST_INVALID : ST_OK;
}

static void on_begin(void *self, HttpRequest *r, HttpSink *ret_sink, size_t *ret_memory_limit, HttpResponse *response)
{
    Seen *seen = self;
    pthread_mutex_lock(&seen->lock);
    seen->begun++;
    pthread_mutex_unlock(&seen->lock);
    *ret_memory_limit = MEMORY_LIMIT;
    if (str_eq(r->raw_path, "/sink"))
        *ret_sink = (HttpSink){ sink_write, seen };
    if (str_eq(r->raw_path, "/refused")) {
        response->status = 403;
        response->body = "no";
        response->body_len = 2;
    }
}

static long stream_tens(void *arg, char *buffer, size_t cap)
{
    int *left = arg;
    if (cap < 10 || (*left)-- <= 0)
        return *left < -1 ? -1 : 0;
    memset(buffer, 'x', 10);
    return 10;
}

static void answer_file(HttpResponse *response)
{
    char path[] = "/tmp/weir-http-XXXXXX";
    response->file_fd = mkstemp(path);
    unlink(path);
    assert_int_equal(write(response->file_fd, "0123456789", 10), 10);
    response->file_offset = 2;
    response->file_len = 5;
}

static void on_respond(void *self, HttpRequest *r, HttpResponse *response)
{
    (void)self;
    response->status = r->too_large ? 413 : 200;
    if (str_eq(r->raw_path, "/file")) {
        answer_file(response);
    } else if (str_eq(r->raw_path, "/stream")) {
        response->stream = stream_tens;
        response->stream_arg = ARENA_NEW(r->arena, int);
        *(int *)response->stream_arg = 100000;
    } else {
        const char *value = http_query(r, "q");
        const char *text = arena_printf(r->arena, "%s %s [%s] %s (%lld)", r->method, r->raw_path, value ? value : "-", r->body,
                                        (long long)r->content_length);
        response->body = text;
        response->body_len = strlen(text);
        http_add_header(r, response, "X-Echo", http_header(r, "x-TEST") ? http_header(r, "x-TEST") : "none");
    }
}

static void on_done(void *self, HttpRequest *r)
{
    (void)r;
    Seen *seen = self;
    pthread_mutex_lock(&seen->lock);
    seen->done++;
    pthread_mutex_unlock(&seen->lock);
}

typedef struct Fixture {
    Seen seen;
    HttpServer *server;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    Error err = ERROR_INIT;
    pthread_mutex_init(&f->seen.lock, NULL);
    HttpHandler handler = { &f->seen, on_begin, on_respond, on_done };
    if (http_server_new(&(HttpServerOptions){ .listen = "127.0.0.1:0" }, &f->server, &err) != ST_OK ||
        http_server_start(f->server, &handler, &err) != ST_OK)
        fail_msg("%s", err.message);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    http_server_stop(f->server);
    assert_int_equal(f->seen.begun, f->seen.done);
    free(f);
    return 0;
}

static int dial(const Fixture *f)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(f->server)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything until the server closes. */
static char *read_all(Arena *a, int fd)
{
    str_auto text = STR_INIT(ANSWER_MAX);
    char buffer[65536];
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
        str_addn(&text, buffer, (size_t)n);
    close(fd);
    return str_arena(&text, a);
}

static char *ask(Arena *a, const Fixture *f, const char *text)
{
    int fd = dial(f);
    send_text(fd, text);
    return read_all(a, fd);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void a_request_is_seen_as_sent(void **state)
{
    arena_auto *a = arena_new();
    char *answer = ask(a, *state, "POST /a%20b//c?q=x%20+y&z HTTP/1.1\r\nX-Test: kept \r\nContent-Length: 5\r\n" END "hello");
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, "POST /a%20b//c [x  y] hello (5)"));
    assert_non_null(strstr(answer, "X-Echo: kept"));
    assert_non_null(strstr(answer, "Date: "));
}

static void chunks_are_joined(void **state)
{
    arena_auto *a = arena_new();
    char *answer = ask(a, *state, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_non_null(strstr(answer, "POST / [-] abcde (-1)"));
}

static void a_body_beyond_memory_is_told(void **state)
{
    arena_auto *a = arena_new();
    char *body = arena_alloc(a, MEMORY_LIMIT + 2);
    memset(body, 'x', MEMORY_LIMIT);
    assert_non_null(strstr(ask(a, *state, arena_printf(a, "POST / HTTP/1.1\r\nContent-Length: %d\r\n" END "%s", MEMORY_LIMIT, body)),
                           "HTTP/1.1 200"));
    body[MEMORY_LIMIT] = 'x';
    assert_non_null(strstr(ask(a, *state, arena_printf(a, "POST / HTTP/1.1\r\nContent-Length: %d\r\n" END "%s", MEMORY_LIMIT + 1, body)),
                           "HTTP/1.1 413"));
}

static void a_sink_takes_more_than_memory(void **state)
{
    Fixture *f = *state;
    arena_auto *a = arena_new();
    char *body = arena_alloc(a, 200001);
    memset(body, 'x', 200000);
    char *answer = ask(a, f, arena_printf(a, "PUT /sink HTTP/1.1\r\nContent-Length: 200000\r\n" END "%s", body));
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_int_equal(f->seen.sunk, 200000);
}

static void a_failed_sink_drops_the_rest(void **state)
{
    Fixture *f = *state;
    arena_auto *a = arena_new();
    char *body = arena_alloc(a, 2000001);
    memset(body, '!', 2000000);
    assert_non_null(strstr(ask(a, f, arena_printf(a, "PUT /sink HTTP/1.1\r\nContent-Length: 2000000\r\n" END "%s", body)), "HTTP/1.1 200"));
    assert_true(f->seen.sunk < 2000000);
}

static void expect_is_answered_when_begin_accepts(void **state)
{
    arena_auto *a = arena_new();
    char buffer[100] = { 0 };
    int fd = dial(*state);
    send_text(fd, "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" END);
    assert_true(recv(fd, buffer, sizeof buffer - 1, 0) > 0);
    assert_non_null(strstr(buffer, "100 Continue"));
    send_text(fd, "ok");
    assert_non_null(strstr(read_all(a, fd), "HTTP/1.1 200"));
}

static void expect_is_refused_when_begin_refuses(void **state)
{
    arena_auto *a = arena_new();
    char *answer = ask(a, *state, "PUT /refused HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n" END);
    assert_non_null(strstr(answer, "HTTP/1.1 403"));
    assert_null(strstr(answer, "100 Continue"));
}

static void a_refusal_waits_for_a_body_that_comes_anyway(void **state)
{
    arena_auto *a = arena_new();
    assert_non_null(strstr(ask(a, *state, "PUT /refused HTTP/1.1\r\nContent-Length: 4\r\n" END "body"), "HTTP/1.1 403"));
}

static void head_has_the_length_and_no_body(void **state)
{
    arena_auto *a = arena_new();
    char *answer = ask(a, *state, "HEAD /file HTTP/1.1\r\n" END);
    assert_non_null(strstr(answer, "Content-Length: 5"));
    assert_true(str_ends(answer, "\r\n\r\n"));
}

static void a_part_of_a_file(void **state)
{
    arena_auto *a = arena_new();
    assert_true(str_ends(ask(a, *state, "GET /file HTTP/1.1\r\n" END), "\r\n\r\n23456"));
}

static void a_stream_of_unknown_length(void **state)
{
    arena_auto *a = arena_new();
    char *answer = ask(a, *state, "GET /stream HTTP/1.0\r\nHost: x\r\n\r\n");
    char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(strlen(body + 4), 1000000);
}

static int64_t elapsed_ms(struct timespec from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000;
}

static void one_connection_many_requests(void **state)
{
    char buffer[4096];
    struct timespec start;
    int fd = dial(*state);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < 200; i++) {
        send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
        ssize_t n = recv(fd, buffer, sizeof buffer - 1, 0);
        assert_true(n > 0);
        buffer[n] = 0;
        assert_non_null(strstr(buffer, "HTTP/1.1 200"));
    }
    close(fd);
    assert_true(elapsed_ms(start) < 4000); /* with Nagle's delay it would be 8,000 */
}

static void a_client_that_goes_away_is_done(void **state)
{
    Fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        int fd = dial(f);
        send_text(fd, "PUT /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf");
        close(fd);
    } /* teardown counts */
}

static void what_is_no_address(void **state)
{
    (void)state;
    static const char *const broken[] = { "", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        HttpServer *server;
        assert_int_equal(http_server_new(&(HttpServerOptions){ .listen = broken[i] }, &server, NULL), ST_INVALID);
    }
}

static void what_is_loopback(void **state)
{
    (void)state;
    bool loopback = false;
    assert_int_equal(http_listen_is_loopback("127.0.0.1:1", &loopback, NULL), ST_OK);
    assert_true(loopback);
    assert_int_equal(http_listen_is_loopback("[::1]:1", &loopback, NULL), ST_OK);
    assert_true(loopback);
    assert_int_equal(http_listen_is_loopback("0.0.0.0:1", &loopback, NULL), ST_OK);
    assert_false(loopback);
    assert_int_equal(http_listen_is_loopback("nonsense", &loopback, NULL), ST_INVALID);
}

static void a_taken_port_is_a_conflict(void **state)
{
    Fixture *f = *state;
    arena_auto *a = arena_new();
    HttpServer *server;
    const char *listen = arena_printf(a, "127.0.0.1:%d", http_server_port(f->server));
    assert_int_equal(http_server_new(&(HttpServerOptions){ .listen = listen }, &server, NULL), ST_CONFLICT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_seen_as_sent),
        TEST(chunks_are_joined),
        TEST(a_body_beyond_memory_is_told),
        TEST(a_sink_takes_more_than_memory),
        TEST(a_failed_sink_drops_the_rest),
        TEST(expect_is_answered_when_begin_accepts),
        TEST(expect_is_refused_when_begin_refuses),
        TEST(a_refusal_waits_for_a_body_that_comes_anyway),
        TEST(head_has_the_length_and_no_body),
        TEST(a_part_of_a_file),
        TEST(a_stream_of_unknown_length),
        TEST(one_connection_many_requests),
        TEST(a_client_that_goes_away_is_done),
        cmocka_unit_test(what_is_no_address),
        cmocka_unit_test(what_is_loopback),
        TEST(a_taken_port_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
