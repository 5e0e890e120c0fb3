/* driver/rpc.c -- the server of rpc.h: its loop, and connections between sockets and HTTP/2 sessions. */
#include "driver/rpc_private.h"

#include "base/clock.h"
#include "os/memory.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEEPALIVE_MS = 20000, KEEPALIVE_TIMEOUT_MS = 20000, TICK_MS = 5000, IN_BYTES = 64 * 1024, TURN_READS = 8, BACKLOG = 512,
       EVENTS = 64, CONNECTIONS_MAX = 4096 };

/* ---- connections */

void rpc_connection_ref(RpcConnection *c)
{
    atomic_fetch_add(&c->refs, 1);
}

void rpc_connection_unref(RpcConnection *c)
{
    if (atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->out);
    free(c);
}

static void wake_loop(RpcServer *s)
{
    uint64_t one = 1;
    while (write(s->wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void rpc_connection_event(RpcConnection *c, RpcEventKind kind, RpcCall *call, RpcBuffer *message)
{
    RpcEvent *event = malloc(sizeof *event);
    if (!event)
        abort();
    *event = (RpcEvent){ .kind = kind, .call = rpc_call_ref(call), .message = message };
    *c->events_end = event;
    c->events_end = &event->next;
}

/* Under the lock: unlocks, and gives up the references to calls that ended. */
static void release(RpcConnection *c)
{
    RpcCall *ended = c->ended;
    c->ended = NULL;
    pthread_mutex_unlock(&c->lock);
    while (ended) {
        RpcCall *next = ended->next;
        rpc_call_unref(ended);
        ended = next;
    }
}

void rpc_connection_unlock(RpcConnection *c)
{
    bool wake = (c->events || c->failed) && c->fd >= 0 && !pthread_equal(pthread_self(), c->loop);
    RpcServer *s = c->server;
    release(c);
    if (wake)
        wake_loop(s);
}

static void watch(RpcConnection *c, bool writable)
{
    struct epoll_event want = { .events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = c };
    if (epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &want) != 0)
        c->failed = true;
}

uint8_t *rpc_connection_room(RpcConnection *c, size_t len)
{
    if (c->out_cap - c->out_len < len) {
        c->out_cap = c->out_len + len + RPC_OUT_BYTES;
        c->out = realloc(c->out, c->out_cap);
        if (!c->out)
            abort();
    }
    c->out_len += len;
    return c->out + (c->out_len - len);
}

/* What the session has to send, up to about RPC_OUT_BYTES, into the buffer, which is empty. */
static void refill(RpcConnection *c)
{
    c->out_from = c->out_len = 0;
    while (c->out_len < RPC_OUT_BYTES) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(c->http, &bytes);
        if (n < 0)
            c->failed = true;
        if (n <= 0)
            return;
        memcpy(rpc_connection_room(c, (size_t)n), bytes, (size_t)n);
    }
}

void rpc_connection_flush(RpcConnection *c)
{
    while (c->fd >= 0 && !c->failed && !c->blocked) {
        if (c->out_from == c->out_len)
            refill(c);
        if (c->out_from == c->out_len)
            return;
        ssize_t n = send(c->fd, c->out + c->out_from, c->out_len - c->out_from, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            c->out_from += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            c->blocked = true;
            watch(c, true);
        } else if (errno != EINTR) {
            c->failed = true;
        }
    }
}

/* Under the lock: the client broke the protocol, or asked for too much; it is told so when its socket takes it. */
static void refuse(RpcConnection *c, int code)
{
    c->failed = true;
    if (code != NGHTTP2_ERR_FLOODED || c->blocked || nghttp2_session_terminate_session(c->http, NGHTTP2_ENHANCE_YOUR_CALM) != 0)
        return;
    c->failed = false;
    rpc_connection_flush(c);
    c->failed = true;
}

/* Under the lock: reads what is there, within reason; other connections wait too. */
static void take_in(RpcConnection *c)
{
    uint8_t bytes[IN_BYTES];
    for (int i = 0; i < TURN_READS && !c->failed; i++) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t code = n > 0 ? nghttp2_session_mem_recv(c->http, bytes, (size_t)n) : -1;
        if (code < 0)
            refuse(c, (int)code);
        if (n < (ssize_t)sizeof bytes)
            return;
    }
}

/* What the client still sends is thrown away, within reason: closing a socket with unread bytes would take back the last words. */
static void drain(int fd)
{
    uint8_t bytes[IN_BYTES];
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < TURN_READS && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
        continue;
}

/* Under the lock. */
static void close_socket(RpcConnection *c)
{
    if (c->fd < 0)
        return;
    drain(c->fd);
    rpc_calls_close(c);
    nghttp2_session_del(c->http);
    c->http = NULL;
    close(c->fd);
    c->fd = -1;
}

/* Everything that a connection has for the loop. False when it is over. */
static bool connection_turn(RpcConnection *c, uint32_t ready)
{
    for (;;) {
        pthread_mutex_lock(&c->lock);
        if (c->blocked && ready & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
            c->blocked = false;
            watch(c, false);
        }
        if (ready & (EPOLLIN | EPOLLERR | EPOLLHUP))
            take_in(c);
        ready = 0;
        rpc_connection_flush(c);
        if (!c->failed && c->out_from == c->out_len && !nghttp2_session_want_read(c->http) && !nghttp2_session_want_write(c->http))
            c->failed = true;
        if (c->failed)
            close_socket(c);
        bool over = c->fd < 0;
        RpcEvent *events = c->events;
        c->events = NULL;
        c->events_end = &c->events;
        release(c);
        if (!events)
            return !over;
        while (events) {
            RpcEvent *next = events->next;
            rpc_event_run(events);
            events = next;
        }
    }
}

static void connection_add(RpcServer *s, int fd)
{
    RpcConnection *c = calloc(1, sizeof *c);
    int one = 1;
    if (!c)
        abort();
    c->server = s;
    c->loop = pthread_self();
    atomic_init(&c->refs, 1);
    pthread_mutex_init(&c->lock, NULL);
    c->fd = fd;
    c->events_end = &c->events;
    c->heard_at_ms = clock_monotonic_ms();
    c->calm_at_ms = c->heard_at_ms;
    c->next = s->connections;
    s->connections = c;
    s->nconnections++;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event want = { .events = EPOLLIN, .data.ptr = c };
    rpc_session_new(c);
    c->failed = epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &want) != 0;
}

static void accept_all(RpcServer *s)
{
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && s->nconnections >= CONNECTIONS_MAX) {
            close(fd);
        } else if (fd >= 0) {
            connection_add(s, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL); /* it stays in the backlog */
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* ---- the loop */

static void keep_alive(RpcConnection *c, int64_t now_ms)
{
    pthread_mutex_lock(&c->lock);
    if (c->fd >= 0 && now_ms - c->heard_at_ms > KEEPALIVE_MS + (c->pinged ? KEEPALIVE_TIMEOUT_MS : 0)) {
        if (c->pinged || nghttp2_submit_ping(c->http, NGHTTP2_FLAG_NONE, NULL) != 0)
            c->failed = true;
        c->pinged = true;
    }
    pthread_mutex_unlock(&c->lock);
}

/* Every connection's turn: something has happened outside of the loop, or time has passed. */
static void turn_all(RpcServer *s, bool tick)
{
    int64_t now_ms = clock_monotonic_ms();
    for (RpcConnection **at = &s->connections; *at;) {
        RpcConnection *c = *at;
        if (tick)
            keep_alive(c, now_ms);
        if (connection_turn(c, 0)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        s->nconnections--;
        rpc_connection_unref(c);
    }
}

static void close_all(RpcServer *s)
{
    for (RpcConnection *c = s->connections; c; c = c->next) {
        pthread_mutex_lock(&c->lock);
        nghttp2_session_terminate_session(c->http, NGHTTP2_NO_ERROR);
        rpc_connection_flush(c);
        c->failed = true;
        pthread_mutex_unlock(&c->lock);
    }
    turn_all(s, false);
}

static void *loop(void *arg)
{
    RpcServer *s = arg;
    struct epoll_event ready[EVENTS];
    int64_t ticked_ms = clock_monotonic_ms();
    pthread_setname_np(pthread_self(), "weir-rpc");
    while (!atomic_load(&s->stopping)) {
        int n = epoll_wait(s->epoll, ready, EVENTS, s->connections ? TICK_MS : -1);
        bool all = false;
        for (int i = 0; i < n; i++) {
            uint64_t count;
            if (ready[i].data.ptr == &s->listener) {
                accept_all(s);
                all = true;
            } else if (ready[i].data.ptr != &s->wake) {
                all |= !connection_turn(ready[i].data.ptr, ready[i].events);
            } else if (read(s->wake, &count, sizeof count) > 0) {
                all = true;
            }
        }
        bool tick = clock_monotonic_ms() - ticked_ms >= TICK_MS;
        if (tick) {
            ticked_ms = clock_monotonic_ms();
            memory_settle();
        }
        if (all || tick)
            turn_all(s, tick);
    }
    close_all(s);
    return NULL;
}

/* ---- the server */

/* "host:port", "[::1]:port". */
static int listen_on(const char *address)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;
    if (!colon || len >= sizeof host)
        return -1;
    bool brackets = len >= 2 && address[0] == '[' && address[len - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? len - 2 : len), brackets ? address + 1 : address);
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
    if (getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found) != 0)
        return -1;
    int fd = -1, one = 1;
    for (const struct addrinfo *i = found; i && fd < 0; i = i->ai_next) {
        fd = socket(i->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, i->ai_addr, i->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage at = { 0 };
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
}

static void server_free(RpcServer *s)
{
    rpc_pool_free(s->pool);
    if (s->listener >= 0)
        close(s->listener);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->wake >= 0)
        close(s->wake);
    free(s);
}

static Status start(RpcServer *s, Error *err)
{
    s->listener = listen_on(s->options.listen);
    if (s->listener < 0)
        return FAIL(err, ST_CONFLICT, "cannot listen on %s: the port is taken, or the address is not this host's", s->options.listen);
    s->port = port_of(s->listener);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event accepts = { .events = EPOLLIN, .data.ptr = &s->listener }, wakes = { .events = EPOLLIN, .data.ptr = &s->wake };
    if (s->epoll < 0 || s->wake < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &accepts) != 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &wakes) != 0)
        return FAIL(err, ST_IO, "watch a socket: %s", strerror(errno));
    s->pool = rpc_pool_new(s->options.threads_max);
    return pthread_create(&s->loop, NULL, loop, s) == 0 ? ST_OK : FAIL(err, ST_IO, "cannot start a thread");
}

Status rpc_server_start(const RpcOptions *options, RpcServer **ret_server, Error *err)
{
    RpcServer *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->options = *options;
    s->listener = s->epoll = s->wake = -1;
    atomic_init(&s->stopping, false);
    Status status = start(s, err);
    if (status != ST_OK) {
        server_free(s);
        return status;
    }
    *ret_server = s;
    return ST_OK;
}

int rpc_server_port(const RpcServer *server)
{
    return server->port;
}

void rpc_server_stop(RpcServer *s)
{
    atomic_store(&s->stopping, true);
    wake_loop(s);
    pthread_join(s->loop, NULL);
    server_free(s); /* the pool's threads return: what they answer goes nowhere */
}
