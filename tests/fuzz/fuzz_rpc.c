/* fuzz_rpc.c -- what a client sends as HTTP/2: frames, gRPC's prefixes, calls that end in the middle. Whatever comes, the connection goes on or
 * is over, and nothing is left. Odd first byte: the rest is a script of frames that are mostly right (below); even: bytes as they are. */
#include "driver/rpc_private.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 1 << 20, FRAMES_MAX = 64 * 1024 };

/* ---- methods: one answers at once, one streams in, one streams out until told to go on */

static RpcBuffer *echo(View request)
{
    RpcBuffer *b = rpc_buffer_new(request.len);
    if (request.len)
        memcpy(b->data, request.data, request.len);
    return b;
}

static void reply(void *self, RpcCall *call, View request)
{
    (void)self;
    if (request.len && request.data[0] == 'e')
        rpc_finish(call, &(RpcStatus){ .code = RPC_INTERNAL, .message = "caf\xc3\xa9 % \n", .details = request });
    else
        rpc_reply(call, echo(request));
}

static void take(void *self, RpcCall *call, View request)
{
    (void)self, (void)request;
    rpc_call_set_user(call, call);
}

static void half_close(void *self, RpcCall *call)
{
    (void)self;
    rpc_reply(call, rpc_buffer_new(0));
}

static void stream(void *self, RpcCall *call, View request)
{
    (void)self;
    for (int i = 0; i < 4 && rpc_send(call, echo(request), i & 1); i++)
        continue;
}

static void sent(void *self, RpcCall *call)
{
    (void)self;
    rpc_finish(call, &(RpcStatus){ .code = RPC_OK });
}

static void closed(void *self, RpcCall *call)
{
    (void)self;
    rpc_finish(call, &(RpcStatus){ .code = RPC_OK });
}

static void drop(void *user)
{
    (void)user;
}

static const RpcMethod methods[] = {
    { .path = "/s/Reply", .message = reply, .closed = closed },
    { .path = "/s/Take", .client_streams = true, .message = take, .half_close = half_close, .closed = closed, .drop = drop },
    { .path = "/s/Stream", .message = stream, .sent = sent, .closed = closed },
    { 0 },
};

/* ---- scripts: an instruction is a byte, what it needs follows */

static void frame(Str *out, unsigned type, unsigned flags, unsigned id, const void *payload, size_t len)
{
    const unsigned char head[] = { (unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len, (unsigned char)type, (unsigned char)flags,
                                   (unsigned char)(id >> 24), (unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id };
    str_addn(out, head, sizeof head);
    str_addn(out, payload, len);
}

static void add_header(Str *out, const char *name, const char *value)
{
    str_addc(out, 0); /* literal, not indexed, a new name */
    str_addc(out, (char)strlen(name));
    str_add(out, name);
    str_addc(out, (char)strlen(value));
    str_add(out, value);
}

static void headers(Str *out, unsigned id, unsigned char how)
{
    static const char *const paths[] = { "/s/Reply", "/s/Take", "/s/Stream", "/s/None" };
    str_auto block = STR_INIT(FRAMES_MAX);
    add_header(&block, ":method", "POST");
    add_header(&block, ":scheme", "http");
    add_header(&block, ":path", paths[how & 3]);
    add_header(&block, "te", "trailers");
    add_header(&block, "content-type", how & 4 ? "application/grpc+proto" : how & 8 ? "text/plain" : "application/grpc");
    if (how & 16)
        add_header(&block, "grpc-encoding", "gzip");
    if (how & 32)
        add_header(&block, "x-weir-token", how & 64 ? "right" : "wrong");
    frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (how & 128 ? NGHTTP2_FLAG_END_STREAM : 0), id, block.data, block.len);
}

static void script(const uint8_t *at, const uint8_t *end, Str *out)
{
    str_add(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(out, NGHTTP2_SETTINGS, 0, 0, "", 0);
    while (end - at >= 4 && out->len < FRAMES_MAX) {
        unsigned what = at[0], id = at[1] & 15u, flags = at[2], n = at[3];
        at += 4;
        size_t len = n < (size_t)(end - at) ? n : (size_t)(end - at);
        if (what % 4 == 0) {
            headers(out, id * 2 + 1, (unsigned char)flags);
        } else if (what % 4 == 1) { /* a message, whole when the lengths fit */
            str_auto data = STR_INIT(FRAMES_MAX);
            const unsigned char prefix[] = { flags & 2, 0, (unsigned char)(flags & 4 ? 1 : 0), 0, (unsigned char)n };
            str_addn(&data, prefix, sizeof prefix);
            str_addn(&data, at, len);
            frame(out, NGHTTP2_DATA, flags & NGHTTP2_FLAG_END_STREAM, id * 2 + 1, data.data, data.len);
            at += len;
        } else if (what % 4 == 2) {
            frame(out, (what >> 2) % 11, flags, id ? id * 2 + 1 : 0, at, len);
            at += len;
        } else {
            str_addn(out, at, len);
            at += len;
        }
    }
}

/* ---- a connection without a socket */

static void give_up(RpcConnection *c)
{
    pthread_mutex_lock(&c->lock);
    rpc_calls_close(c);
    nghttp2_session_del(c->http);
    c->http = NULL;
    rpc_connection_unlock(c);
}

static void turn(RpcConnection *c)
{
    for (;;) {
        pthread_mutex_lock(&c->lock);
        const uint8_t *bytes;
        while (c->http && nghttp2_session_mem_send(c->http, &bytes) > 0)
            c->out_len = 0;
        RpcEvent *events = c->events;
        c->events = NULL;
        c->events_end = &c->events;
        rpc_connection_unlock(c);
        if (!events)
            return;
        while (events) {
            RpcEvent *next = events->next;
            rpc_event_run(events);
            events = next;
        }
    }
}

static void feed(RpcConnection *c, const uint8_t *bytes, size_t len)
{
    enum { PART = 1000 }; /* frames come in pieces */
    for (size_t at = 0; at < len; at += PART) {
        pthread_mutex_lock(&c->lock);
        ssize_t n = nghttp2_session_mem_recv(c->http, bytes + at, len - at < PART ? len - at : PART);
        rpc_connection_unlock(c);
        turn(c);
        if (n < 0)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    RpcServer server = { .options = { .methods = methods, .max_message_bytes = MESSAGE_MAX, .token = data[0] & 2 ? "right" : NULL } };
    RpcConnection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->server = &server;
    c->fd = -1;
    c->events_end = &c->events;
    atomic_init(&c->refs, 1);
    pthread_mutex_init(&c->lock, NULL);
    rpc_session_new(c);
    str_auto bytes = STR_INIT(FRAMES_MAX * 2);
    if (data[0] & 1)
        script(data + 1, data + size, &bytes);
    else
        str_addn(&bytes, data + 1, size - 1);
    feed(c, (const uint8_t *)str_text(&bytes), bytes.len);
    give_up(c);
    turn(c);
    if (atomic_load(&c->refs) != 1 || atomic_load(&server.incoming_bytes) != 0)
        abort(); /* a call was left behind */
    rpc_connection_unref(c);
    return 0;
}
