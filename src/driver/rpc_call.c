/* driver/rpc_call.c -- calls: streams of a connection's HTTP/2 session. See rpc_private.h for who holds what. */
#include "driver/rpc_private.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METADATA_MAX_BYTES = 64 * 1024, STREAMS_MAX = 256, FRAME_MAX_BYTES = 64 * 1024,
       STREAM_WINDOW_BYTES = 4 * 1024 * 1024, CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024, NVS_MAX = 6,
       MESSAGE_ROOM_BYTES = 64 * 1024, /* at first; a length that is announced costs nothing until its bytes come */
       INCOMING_MESSAGES = 8,          /* of the greatest size, that may be on their way at once, in the whole server */
       CONTROL_BURST = 2000, CONTROL_PER_S = 200 /* frames that bring nothing */ };

RpcBuffer *rpc_buffer_new(size_t len)
{
    RpcBuffer *b = malloc(sizeof *b + len);
    if (!b)
        abort();
    atomic_init(&b->refs, 1);
    b->len = len;
    return b;
}

RpcBuffer *rpc_buffer_ref(RpcBuffer *b)
{
    atomic_fetch_add(&b->refs, 1);
    return b;
}

void rpc_buffer_unref(RpcBuffer *b)
{
    if (b && atomic_fetch_sub(&b->refs, 1) == 1)
        free(b);
}

static RpcCall *call_new(RpcConnection *c, int32_t stream)
{
    RpcCall *call = calloc(1, sizeof *call);
    if (!call)
        abort();
    call->server = c->server;
    call->connection = c;
    rpc_connection_ref(c);
    atomic_init(&call->refs, 1);
    call->stream = stream;
    call->admitted = !c->server->options.token;
    call->queue_end = &call->queue;
    call->next = c->calls;
    if (c->calls)
        c->calls->previous = call;
    c->calls = call;
    return call;
}

RpcCall *rpc_call_ref(RpcCall *call)
{
    atomic_fetch_add(&call->refs, 1);
    return call;
}

static void queue_clear(RpcCall *call)
{
    while (call->queue) {
        RpcQueued *next = call->queue->next;
        rpc_buffer_unref(call->queue->message);
        free(call->queue);
        call->queue = next;
    }
    call->queue_end = &call->queue;
    call->queued_bytes = 0;
}

/* The message on its way is given up, or is whole: its room is no longer counted. */
static void incoming_clear(RpcCall *call)
{
    atomic_fetch_sub(&call->server->incoming_bytes, call->incoming_room);
    rpc_buffer_unref(call->incoming);
    call->incoming = NULL;
    call->incoming_len = call->incoming_room = 0;
}

void rpc_call_unref(RpcCall *call)
{
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    if (call->user && call->method && call->method->drop)
        call->method->drop(call->user);
    queue_clear(call);
    incoming_clear(call);
    free(call->status_message);
    free(call->status_details);
    rpc_connection_unref(call->connection);
    free(call);
}

void rpc_call_set_user(RpcCall *call, void *user)
{
    pthread_mutex_lock(&call->connection->lock);
    call->user = user;
    pthread_mutex_unlock(&call->connection->lock);
}

void *rpc_call_user(RpcCall *call)
{
    pthread_mutex_lock(&call->connection->lock);
    void *user = call->user;
    pthread_mutex_unlock(&call->connection->lock);
    return user;
}

bool rpc_call_is_closed(RpcCall *call)
{
    pthread_mutex_lock(&call->connection->lock);
    bool closed = call->closed;
    pthread_mutex_unlock(&call->connection->lock);
    return closed;
}

/* All below, up to the answers, is called under the connection's lock. */

/* The call has no stream any more: a reference goes. */
static void call_end(RpcConnection *c, RpcCall *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        c->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    call->closed = true;
    queue_clear(call);
    incoming_clear(call);
    if (!call->finished)
        rpc_connection_event(c, RPC_EVENT_CLOSED, call, NULL);
    call->next = c->ended;
    c->ended = call;
}

void rpc_calls_close(RpcConnection *c)
{
    while (c->calls)
        call_end(c, c->calls);
}

/* ---- answers as frames */

static nghttp2_nv header(const char *name, const char *value)
{
    return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name, .value = (uint8_t *)(uintptr_t)value, .namelen = strlen(name),
                         .valuelen = strlen(value) };
}

static size_t status_headers(const RpcCall *call, char number[static 16], nghttp2_nv *nvs, size_t n)
{
    snprintf(number, 16, "%d", call->status);
    nvs[n++] = header("grpc-status", number);
    if (call->status_message)
        nvs[n++] = header("grpc-message", call->status_message);
    if (call->status_details)
        nvs[n++] = header("grpc-status-details-bin", call->status_details);
    return n;
}

/* nghttp2 asks how much comes next of a stream's body; send_body copies it. */
static ssize_t read_body(nghttp2_session *http, int32_t stream, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source,
                         void *arg)
{
    RpcCall *call = source->ptr;
    size_t n = call->queued_bytes < room ? call->queued_bytes : room;
    (void)out, (void)arg;
    if (n == call->queued_bytes && call->finished) {
        nghttp2_nv nvs[NVS_MAX];
        char number[16];
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(http, stream, nvs, status_headers(call, number, nvs, 0)) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
    } else if (n == 0) {
        call->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return (ssize_t)n;
}

/* Up to `room` bytes of the first message and its prefix; how many. */
static size_t send_part(RpcCall *call, uint8_t *out, size_t room)
{
    RpcQueued *q = call->queue;
    size_t len = q->message->len, left = len + PREFIX_BYTES - q->at;
    uint8_t prefix[PREFIX_BYTES] = { 0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
    bool in_prefix = q->at < PREFIX_BYTES;
    size_t part = in_prefix ? PREFIX_BYTES - q->at : left;
    part = part < room ? part : room;
    memcpy(out, in_prefix ? prefix + q->at : q->message->data + (q->at - PREFIX_BYTES), part);
    q->at += part;
    call->queued_bytes -= part;
    if (part == left) {
        call->queue = q->next;
        if (!call->queue)
            call->queue_end = &call->queue;
        rpc_buffer_unref(q->message);
        free(q);
    }
    return part;
}

static int send_body(nghttp2_session *http, nghttp2_frame *frame, const uint8_t *frame_header, size_t length, nghttp2_data_source *source,
                     void *arg)
{
    enum { HEADER_BYTES = 9 };
    RpcCall *call = source->ptr;
    RpcConnection *c = arg;
    (void)http, (void)frame;
    uint8_t *out = rpc_connection_room(c, HEADER_BYTES + length);
    memcpy(out, frame_header, HEADER_BYTES);
    out += HEADER_BYTES;
    while (length) {
        size_t part = send_part(call, out, length);
        out += part;
        length -= part;
    }
    if (!call->queue && call->waits_sent) {
        call->waits_sent = false;
        rpc_connection_event(c, RPC_EVENT_SENT, call, NULL);
    }
    return 0;
}

/* Starts the response, or goes on with it; without a message it is trailers only. */
static void call_go_on(RpcCall *call)
{
    RpcConnection *c = call->connection;
    if (!call->headers_sent) {
        nghttp2_nv nvs[NVS_MAX] = { header(":status", "200"), header("content-type", "application/grpc") };
        nghttp2_data_provider body = { .source.ptr = call, .read_callback = read_body };
        char number[16];
        size_t n = call->queue ? 2 : status_headers(call, number, nvs, 2);
        call->headers_sent = true;
        c->failed |= nghttp2_submit_response(c->http, call->stream, nvs, n, call->queue ? &body : NULL) != 0;
    } else if (call->deferred) {
        call->deferred = false;
        c->failed |= nghttp2_session_resume_data(c->http, call->stream) != 0;
    }
}

static void call_enqueue(RpcCall *call, RpcBuffer *message)
{
    RpcQueued *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    q->message = message;
    *call->queue_end = q;
    call->queue_end = &q->next;
    call->queued_bytes += PREFIX_BYTES + message->len;
}

/* A status message as a header's value: Percent-Encoded of gRPC's protocol. */
static char *percent_encoded(const char *text)
{
    size_t n = 0;
    char *out = malloc(strlen(text) * 3 + 1);
    if (!out)
        abort();
    for (; *text; text++) {
        if (*text >= ' ' && *text <= '~' && *text != '%')
            out[n++] = *text;
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    out[n] = 0;
    return out;
}

/* Base64 without padding. */
static char *binary_header(View bytes)
{
    arena_auto *a = arena_new();
    char *text = base64_encode(a, bytes.data, bytes.len), *copy = strndup(text, strcspn(text, "="));
    if (!copy)
        abort();
    return copy;
}

static void call_finish(RpcCall *call, const RpcStatus *status)
{
    call->finished = true;
    call->waits_sent = false;
    call->status = status->code;
    call->status_message = status->message ? percent_encoded(status->message) : NULL;
    call->status_details = status->details.len ? binary_header(status->details) : NULL;
    call_go_on(call);
}

static void call_refuse(RpcCall *call, int code, const char *message)
{
    if (!call->finished)
        call_finish(call, &(RpcStatus){ .code = code, .message = message });
}

/* ---- requests as they come in */

static RpcCall *call_of(nghttp2_session *http, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(http, stream);
}

static int on_begin_headers(nghttp2_session *http, const nghttp2_frame *frame, void *arg)
{
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(http, frame->hd.stream_id, call_new(arg, frame->hd.stream_id));
    return 0;
}

static bool is_text(const uint8_t *bytes, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

/* Compares every byte whatever the first difference. */
static bool token_matches(const char *token, const uint8_t *given, size_t len)
{
    if (len != strlen(token))
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned)given[i] ^ (unsigned)(unsigned char)token[i];
    return difference == 0;
}

static int on_header(nghttp2_session *http, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t len, uint8_t flags, void *arg)
{
    static const char grpc[] = "application/grpc";
    const RpcServer *s = ((RpcConnection *)arg)->server;
    RpcCall *call = call_of(http, frame->hd.stream_id);
    (void)flags;
    if (!call || call->dispatched) /* trailers say nothing to us */
        return 0;
    call->metadata_bytes += name_len + len;
    if (call->metadata_bytes > METADATA_MAX_BYTES)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (is_text(name, name_len, ":path")) {
        for (const RpcMethod *m = s->options.methods; m->path && !call->method; m++)
            if (is_text(value, len, m->path))
                call->method = m;
    } else if (is_text(name, name_len, "content-type")) {
        call->grpc = len >= sizeof grpc - 1 && memcmp(value, grpc, sizeof grpc - 1) == 0;
    } else if (is_text(name, name_len, "grpc-encoding")) {
        call->encoded = !is_text(value, len, "identity");
    } else if (is_text(name, name_len, "x-weir-token") && s->options.token) {
        call->admitted = token_matches(s->options.token, value, len);
    }
    return 0;
}

static void on_headers_end(RpcCall *call)
{
    call->dispatched = true;
    if (!call->grpc) {
        nghttp2_nv nvs[] = { header(":status", "415") };
        call->finished = call->headers_sent = true;
        nghttp2_submit_response(call->connection->http, call->stream, nvs, 1, NULL);
    } else if (!call->admitted) {
        call_refuse(call, RPC_UNAUTHENTICATED, "metadata x-weir-token is missing or wrong");
    } else if (!call->method) {
        call_refuse(call, RPC_UNIMPLEMENTED, "weir does not have this method");
    }
}

static void on_half_close(RpcCall *call)
{
    if (call->finished)
        return;
    if (call->prefix_len)
        call_refuse(call, RPC_INVALID_ARGUMENT, "the request message is cut off");
    else if (call->method->client_streams)
        rpc_connection_event(call->connection, RPC_EVENT_HALF_CLOSE, call, NULL);
    else if (!call->has_message)
        call_refuse(call, RPC_INVALID_ARGUMENT, "the request message is missing");
}

static void heard(RpcConnection *c)
{
    c->heard_at_ms = clock_monotonic_ms();
    c->pinged = false;
}

/* PING, SETTINGS and the like may come, but not without end: who sends nothing else is asked to calm down, and gone. */
static int on_begin_frame(nghttp2_session *http, const nghttp2_frame_hd *hd, void *arg)
{
    RpcConnection *c = arg;
    bool answered = (hd->type == NGHTTP2_PING || hd->type == NGHTTP2_SETTINGS) && !(hd->flags & NGHTTP2_FLAG_ACK);
    bool empty = hd->type == NGHTTP2_DATA && hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM);
    if (!answered && !empty && hd->type != NGHTTP2_PRIORITY)
        return 0;
    int64_t now_ms = clock_monotonic_ms(), forgiven = (now_ms - c->calm_at_ms) * CONTROL_PER_S / 1000;
    if (forgiven > 0) {
        c->control_frames = c->control_frames > forgiven ? c->control_frames - forgiven : 0;
        c->calm_at_ms = now_ms;
    }
    if (++c->control_frames <= CONTROL_BURST)
        return 0;
    return nghttp2_session_terminate_session(http, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int on_frame(nghttp2_session *http, const nghttp2_frame *frame, void *arg)
{
    heard(arg);
    bool headers = frame->hd.type == NGHTTP2_HEADERS, data = frame->hd.type == NGHTTP2_DATA;
    RpcCall *call = headers || data ? call_of(http, frame->hd.stream_id) : NULL;
    if (!call)
        return 0;
    if (headers && !call->dispatched)
        on_headers_end(call);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        on_half_close(call);
    return 0;
}

/* The five bytes before a message are there. */
static void message_begin(RpcCall *call)
{
    const uint8_t *p = call->prefix;
    size_t len = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4], max = call->server->options.max_message_bytes;
    if (p[0]) {
        call_refuse(call, call->encoded ? RPC_UNIMPLEMENTED : RPC_INTERNAL, "compressed messages are not supported");
    } else if (len > max) {
        char text[128];
        snprintf(text, sizeof text, "Received message larger than max (%zu vs. %zu)", len, max);
        call_refuse(call, RPC_RESOURCE_EXHAUSTED, text);
    } else if (call->has_message && !call->method->client_streams) {
        call_refuse(call, RPC_INTERNAL, "more than one request message");
    } else {
        call->incoming_room = len < MESSAGE_ROOM_BYTES ? len : MESSAGE_ROOM_BYTES;
        call->incoming = rpc_buffer_new(call->incoming_room);
        call->incoming->len = len;
        call->incoming_len = 0;
        atomic_fetch_add(&call->server->incoming_bytes, call->incoming_room);
    }
}

/* Room for `more` bytes of the message. False: the call is refused. */
static bool message_room(RpcCall *call, size_t more)
{
    size_t whole = call->incoming->len, need = call->incoming_len + more, room = call->incoming_room;
    if (need <= room)
        return true;
    while (room < need)
        room *= 2;
    room = room < whole ? room : whole;
    RpcServer *s = call->server;
    if (atomic_fetch_add(&s->incoming_bytes, room - call->incoming_room) + (room - call->incoming_room) > s->options.max_message_bytes * INCOMING_MESSAGES) {
        atomic_fetch_sub(&s->incoming_bytes, room - call->incoming_room);
        call_refuse(call, RPC_RESOURCE_EXHAUSTED, "too many bytes of messages are on their way");
        return false;
    }
    call->incoming = realloc(call->incoming, sizeof *call->incoming + room);
    if (!call->incoming)
        abort();
    call->incoming_room = room;
    return true;
}

/* The message is whole: it goes to its method. */
static void message_end(RpcCall *call)
{
    RpcBuffer *message = call->incoming;
    call->incoming = NULL;
    incoming_clear(call);
    call->prefix_len = 0;
    call->has_message = true;
    rpc_connection_event(call->connection, RPC_EVENT_MESSAGE, call, message);
}

static int on_data(nghttp2_session *http, uint8_t flags, int32_t stream, const uint8_t *data, size_t len, void *arg)
{
    RpcCall *call = call_of(http, stream);
    (void)flags;
    heard(arg);
    while (call && !call->finished) {
        size_t want = call->incoming ? call->incoming->len - call->incoming_len : sizeof call->prefix - call->prefix_len;
        size_t part = want < len ? want : len;
        if (call->incoming && !message_room(call, part))
            break;
        memcpy(call->incoming ? call->incoming->data + call->incoming_len : call->prefix + call->prefix_len, data, part);
        *(call->incoming ? &call->incoming_len : &call->prefix_len) += part;
        data += part;
        len -= part;
        if (part < want)
            break;
        if (!call->incoming) {
            message_begin(call);
            continue;
        }
        message_end(call);
        if (len == 0)
            break;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *http, int32_t stream, uint32_t code, void *arg)
{
    RpcCall *call = call_of(http, stream);
    (void)code;
    if (call) {
        nghttp2_session_set_stream_user_data(http, stream, NULL);
        call_end(arg, call);
    }
    return 0;
}

/* Who was answered before its request was whole need not send the rest. */
static int on_frame_sent(nghttp2_session *http, const nghttp2_frame *frame, void *arg)
{
    (void)arg;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
        nghttp2_session_get_stream_remote_close(http, frame->hd.stream_id) == 0)
        nghttp2_submit_rst_stream(http, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static ssize_t frame_room(nghttp2_session *http, uint8_t type, int32_t stream, int32_t session_window, int32_t stream_window,
                          uint32_t frame_max, void *arg)
{
    (void)http, (void)type, (void)stream, (void)arg;
    ssize_t room = frame_max < FRAME_MAX_BYTES ? (ssize_t)frame_max : FRAME_MAX_BYTES;
    room = session_window < room ? session_window : room;
    return stream_window < room ? stream_window : room;
}

/* Memory from our own malloc, not the library's: see os/memory_own.c. */
static void *http_malloc(size_t size, void *arg)
{
    (void)arg;
    return malloc(size);
}

static void http_free(void *p, void *arg)
{
    (void)arg;
    free(p);
}

static void *http_calloc(size_t count, size_t size, void *arg)
{
    (void)arg;
    return calloc(count, size);
}

static void *http_realloc(void *old, size_t size, void *arg)
{
    (void)arg;
    return realloc(old, size);
}

void rpc_session_new(RpcConnection *c)
{
    nghttp2_mem memory = { .malloc = http_malloc, .free = http_free, .calloc = http_calloc, .realloc = http_realloc };
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        abort();
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_body);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, frame_room);
    int failed = nghttp2_session_server_new3(&c->http, callbacks, c, NULL, &memory);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX },
                                                { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES },
                                                { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, METADATA_MAX_BYTES } };
    if (!failed)
        failed = nghttp2_submit_settings(c->http, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
    if (!failed)
        failed = nghttp2_session_set_local_window_size(c->http, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW_BYTES);
    if (failed) /* only without memory */
        abort();
}

/* ---- answers */

static RpcConnection *lock_connection(RpcCall *call)
{
    pthread_mutex_lock(&call->connection->lock);
    return call->connection;
}

bool rpc_send(RpcCall *call, RpcBuffer *message, bool more)
{
    enum { WAITING_MAX_BYTES = 64 * 1024 };
    RpcConnection *c = lock_connection(call);
    bool open = !call->closed && !call->finished, gone = false;
    if (open) {
        call_enqueue(call, message);
        call_go_on(call);
        bool waits = more && call->queued_bytes <= WAITING_MAX_BYTES;
        if (!waits)
            rpc_connection_flush(c);
        gone = waits || (!call->queue && !call->closed);
        call->waits_sent = !gone;
    }
    rpc_connection_unlock(c);
    if (!open)
        rpc_buffer_unref(message);
    return gone;
}

void rpc_reply(RpcCall *call, RpcBuffer *message)
{
    RpcConnection *c = lock_connection(call);
    bool open = !call->closed && !call->finished;
    if (open) {
        call_enqueue(call, message);
        call_finish(call, &(RpcStatus){ .code = RPC_OK });
        rpc_connection_flush(c);
    }
    rpc_connection_unlock(c);
    if (!open)
        rpc_buffer_unref(message);
}

void rpc_finish(RpcCall *call, const RpcStatus *status)
{
    RpcConnection *c = lock_connection(call);
    if (!call->closed && !call->finished) {
        call_finish(call, status);
        rpc_connection_flush(c);
    }
    rpc_connection_unlock(c);
}

/* ---- events: on the loop, without locks */

void rpc_message_run(RpcCall *call, RpcBuffer *message)
{
    call->method->message(call->server->options.self, call, (View){ (const char *)message->data, message->len });
    rpc_buffer_unref(message);
    rpc_call_unref(call);
}

void rpc_event_run(RpcEvent *event)
{
    RpcCall *call = event->call;
    void *self = call->server->options.self;
    const RpcMethod *m = call->method;
    if (event->kind == RPC_EVENT_MESSAGE && m->own_thread) {
        rpc_call_ref(call);
        if (!rpc_pool_run(call->server->pool, call, event->message)) {
            rpc_finish(call, &(RpcStatus){ .code = RPC_UNAVAILABLE, .message = "too many calls at once" }); /* clients try again */
            rpc_buffer_unref(event->message);
            rpc_call_unref(call);
        }
    } else if (event->kind == RPC_EVENT_MESSAGE) {
        rpc_message_run(rpc_call_ref(call), event->message);
    } else if (event->kind == RPC_EVENT_HALF_CLOSE) {
        m->half_close(self, call);
    } else if (event->kind == RPC_EVENT_SENT && m->sent) {
        m->sent(self, call);
    } else if (event->kind == RPC_EVENT_CLOSED && m && m->closed) {
        m->closed(self, call);
    }
    rpc_call_unref(call);
    free(event);
}
