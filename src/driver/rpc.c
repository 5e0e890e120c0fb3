/* driver/rpc.c -- the server of rpc.h: completion queue, pollers, call life.
 *
 * A call holds one reference for each operation that gRPC has under way and one for each user of it. Every event of a call
 * takes its lock once, which also orders what gRPC's own threads (unknown to thread checkers) hand over. */
#include "driver/rpc.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* gRPC's queue orders who starts an operation before who sees its end. ThreadSanitizer does not see into it. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(tag) __tsan_release(tag)
#define TAKEN(tag) __tsan_acquire(tag)
#else
#define HAND_OVER(tag) ((void)(tag))
#define TAKEN(tag) ((void)(tag))
#endif

enum { POLLERS = 2, STACK_BYTES = 64 * 1024 * 1024, /* plans are walked by recursion; untouched pages cost nothing */
       ACCEPTS = 16, KEEPALIVE_MS = 20000, KEEPALIVE_TIMEOUT_MS = 20000,
       METADATA_MAX_BYTES = 64 * 1024 };

typedef enum EventKind { EVENT_ACCEPT, EVENT_RECEIVE, EVENT_CLOSE, EVENT_SEND, EVENT_STATUS, EVENT_SHUTDOWN, EVENT_COUNT } EventKind;
typedef struct Event {
    EventKind kind;
    RpcCall *call;
} Event;

struct RpcServer {
    RpcOptions options;
    grpc_server *server;
    grpc_completion_queue *queue;
    pthread_t pollers[POLLERS];
    int port;
    Event shutdown;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;
    bool stopping;
    size_t threads; /* handlers on threads of their own */
};

struct RpcCall {
    RpcServer *server;
    atomic_uint refs;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    const RpcMethod *method;
    Event events[EVENT_COUNT];
    grpc_byte_buffer *received;
    int cancelled;        /* written by gRPC before EVENT_CLOSE */
    pthread_mutex_t lock; /* guards what follows */
    void *user;
    bool closed, headers_sent, finished;
};

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

static void buffer_release(void *b)
{
    rpc_buffer_unref(b);
}

RpcCall *rpc_call_ref(RpcCall *call)
{
    atomic_fetch_add(&call->refs, 1);
    return call;
}

void rpc_call_unref(RpcCall *call)
{
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    if (call->user && call->method->drop)
        call->method->drop(call->user);
    if (call->call)
        grpc_call_unref(call->call);
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

void rpc_call_set_user(RpcCall *call, void *user)
{
    pthread_mutex_lock(&call->lock);
    call->user = user;
    pthread_mutex_unlock(&call->lock);
}

void *rpc_call_user(RpcCall *call)
{
    pthread_mutex_lock(&call->lock);
    void *user = call->user;
    pthread_mutex_unlock(&call->lock);
    return user;
}

bool rpc_call_is_closed(RpcCall *call)
{
    pthread_mutex_lock(&call->lock);
    bool closed = call->closed;
    pthread_mutex_unlock(&call->lock);
    return closed;
}

/* Starts a batch whose completion is `kind`. Its event gives the reference back. */
static void call_start(RpcCall *call, EventKind kind, const grpc_op *ops, size_t nops)
{
    rpc_call_ref(call);
    HAND_OVER(&call->events[kind]);
    if (grpc_call_start_batch(call->call, ops, nops, &call->events[kind], NULL) != GRPC_CALL_OK)
        rpc_call_unref(call);
}

static void call_receive(RpcCall *call)
{
    grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->received };
    call_start(call, EVENT_RECEIVE, &op, 1);
}

static void call_accept_next(RpcServer *s)
{
    RpcCall *call = calloc(1, sizeof *call);
    if (!call)
        abort();
    call->server = s;
    atomic_init(&call->refs, 1);
    pthread_mutex_init(&call->lock, NULL);
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    for (int k = 0; k < EVENT_COUNT; k++)
        call->events[k] = (Event){ (EventKind)k, call };
    HAND_OVER(&call->events[EVENT_ACCEPT]);
    if (grpc_server_request_call(s->server, &call->call, &call->details, &call->metadata, s->queue, s->queue,
                                 &call->events[EVENT_ACCEPT]) != GRPC_CALL_OK)
        rpc_call_unref(call);
}

static grpc_byte_buffer *byte_buffer(RpcBuffer *message)
{
    grpc_slice slice = grpc_slice_new_with_user_data(message->data, message->len, buffer_release, message);
    grpc_byte_buffer *b = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return b;
}

/* Under the lock: may this call still be answered? */
static bool call_open(const RpcCall *call)
{
    return !call->closed && !call->finished;
}

static size_t add_headers(RpcCall *call, grpc_op *ops, size_t n)
{
    if (!call->headers_sent)
        ops[n++] = (grpc_op){ .op = GRPC_OP_SEND_INITIAL_METADATA };
    call->headers_sent = true;
    return n;
}

void rpc_send(RpcCall *call, RpcBuffer *message)
{
    grpc_byte_buffer *bytes = byte_buffer(message);
    pthread_mutex_lock(&call->lock);
    if (call_open(call)) {
        grpc_op ops[2] = { 0 };
        size_t n = add_headers(call, ops, 0);
        ops[n++] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes };
        call_start(call, EVENT_SEND, ops, n);
    }
    pthread_mutex_unlock(&call->lock);
    grpc_byte_buffer_destroy(bytes);
}

void rpc_reply(RpcCall *call, RpcBuffer *message)
{
    grpc_byte_buffer *bytes = byte_buffer(message);
    pthread_mutex_lock(&call->lock);
    if (call_open(call)) {
        grpc_op ops[3] = { 0 };
        size_t n = add_headers(call, ops, 0);
        ops[n++] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = bytes };
        ops[n++] = (grpc_op){ .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = GRPC_STATUS_OK };
        call->finished = true;
        call_start(call, EVENT_STATUS, ops, n);
    }
    pthread_mutex_unlock(&call->lock);
    grpc_byte_buffer_destroy(bytes);
}

void rpc_finish(RpcCall *call, const RpcStatus *status)
{
    grpc_slice message = grpc_slice_from_copied_string(status->message ? status->message : "");
    grpc_metadata details = { .key = grpc_slice_from_static_string("grpc-status-details-bin"),
                              .value = grpc_slice_from_copied_buffer(status->details.len ? status->details.data : "",
                                                                     status->details.len) };
    pthread_mutex_lock(&call->lock);
    if (call_open(call)) {
        grpc_op ops[2] = { 0 };
        size_t n = add_headers(call, ops, 0);
        ops[n++] = (grpc_op){ .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
                              .data.send_status_from_server = { .trailing_metadata_count = status->details.len ? 1 : 0,
                                                                .trailing_metadata = &details,
                                                                .status = (grpc_status_code)status->code,
                                                                .status_details = status->message ? &message : NULL } };
        call->finished = true;
        call_start(call, EVENT_STATUS, ops, n);
    }
    pthread_mutex_unlock(&call->lock);
    grpc_slice_unref(message);
    grpc_slice_unref(details.value);
}

static const char *metadata_find(const RpcCall *call, const char *key, size_t *ret_len)
{
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *m = &call->metadata.metadata[i];
        if (grpc_slice_str_cmp(m->key, key) == 0) {
            *ret_len = GRPC_SLICE_LENGTH(m->value);
            return (const char *)GRPC_SLICE_START_PTR(m->value);
        }
    }
    return NULL;
}

/* Compares every byte whatever the first difference. */
static bool token_matches(const RpcCall *call, const char *token)
{
    size_t len = 0;
    const char *given = metadata_find(call, "x-weir-token", &len);
    if (!given || len != strlen(token))
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned)(unsigned char)given[i] ^ (unsigned)(unsigned char)token[i];
    return difference == 0;
}

static const RpcMethod *method_find(const RpcServer *s, grpc_slice path)
{
    for (const RpcMethod *m = s->options.methods; m->path; m++)
        if (grpc_slice_str_cmp(path, m->path) == 0)
            return m;
    return NULL;
}

static void on_accept(RpcCall *call, bool ok)
{
    RpcServer *s = call->server;
    if (!ok || !call->call)
        return; /* the server is stopping */
    call_accept_next(s);
    pthread_mutex_lock(&call->lock);
    grpc_op watch = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled };
    call_start(call, EVENT_CLOSE, &watch, 1);
    bool admitted = !s->options.token || token_matches(call, s->options.token);
    call->method = admitted ? method_find(s, call->details.method) : NULL;
    pthread_mutex_unlock(&call->lock);
    if (!admitted) {
        rpc_finish(call, &(RpcStatus){ .code = RPC_UNAUTHENTICATED, .message = "metadata x-weir-token is missing or wrong" });
    } else if (!call->method) {
        rpc_finish(call, &(RpcStatus){ .code = RPC_UNIMPLEMENTED, .message = "weir does not have this method" });
    } else {
        call_receive(call);
    }
}

/* The received bytes as one piece. */
static grpc_slice take_received(RpcCall *call)
{
    grpc_slice all = grpc_empty_slice();
    grpc_byte_buffer_reader reader;
    if (grpc_byte_buffer_reader_init(&reader, call->received)) {
        all = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
    }
    grpc_byte_buffer_destroy(call->received);
    call->received = NULL;
    return all;
}

typedef struct Job {
    RpcCall *call;
    grpc_slice request;
} Job;

static void job_run(Job job)
{
    const RpcMethod *m = job.call->method;
    View request = { (const char *)GRPC_SLICE_START_PTR(job.request), GRPC_SLICE_LENGTH(job.request) };
    m->message(job.call->server->options.self, job.call, request);
    grpc_slice_unref(job.request);
    if (m->client_streams)
        call_receive(job.call);
    rpc_call_unref(job.call);
}

static void *job_thread(void *arg)
{
    Job job = *(Job *)arg;
    free(arg);
    RpcServer *s = job.call->server;
    pthread_setname_np(pthread_self(), "weir-call");
    job_run(job);
    pthread_mutex_lock(&s->lock);
    s->threads--;
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void job_spawn(Job job)
{
    RpcServer *s = job.call->server;
    Job *arg = malloc(sizeof *arg);
    if (!arg)
        abort();
    *arg = job;
    pthread_mutex_lock(&s->lock);
    s->threads++;
    pthread_mutex_unlock(&s->lock);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_t thread;
    bool started = pthread_create(&thread, &attr, job_thread, arg) == 0;
    pthread_attr_destroy(&attr);
    if (started)
        return;
    free(arg);
    rpc_finish(job.call, &(RpcStatus){ .code = RPC_INTERNAL, .message = "no thread for this call" });
    grpc_slice_unref(job.request);
    rpc_call_unref(job.call);
    pthread_mutex_lock(&s->lock);
    s->threads--;
    pthread_mutex_unlock(&s->lock);
}

static void on_receive(RpcCall *call, bool ok)
{
    const RpcMethod *m = call->method;
    if (!ok || !call->received) {
        if (ok && m->client_streams && !rpc_call_is_closed(call))
            m->half_close(call->server->options.self, call);
        else if (!m->client_streams)
            rpc_finish(call, &(RpcStatus){ .code = RPC_INVALID_ARGUMENT, .message = "the request message is missing" });
        return;
    }
    Job job = { rpc_call_ref(call), take_received(call) };
    if (m->own_thread)
        job_spawn(job);
    else
        job_run(job);
}

static void on_close(RpcCall *call)
{
    pthread_mutex_lock(&call->lock);
    call->closed = true;
    pthread_mutex_unlock(&call->lock);
    if (call->method && call->method->closed)
        call->method->closed(call->server->options.self, call);
    rpc_call_unref(call); /* the reference that the call was born with */
}

static void on_event(RpcCall *call, EventKind kind, bool ok)
{
    pthread_mutex_lock(&call->lock); /* orders this thread after the one that started the operation */
    pthread_mutex_unlock(&call->lock);
    switch (kind) {
    case EVENT_ACCEPT:
        rpc_call_ref(call); /* a short call may be over, and its close seen by another poller, before this returns */
        on_accept(call, ok);
        if (!ok || !call->call)
            rpc_call_unref(call); /* it was never born */
        break;
    case EVENT_RECEIVE:
        on_receive(call, ok);
        break;
    case EVENT_CLOSE:
        on_close(call);
        break;
    case EVENT_SEND:
        if (ok && call->method->sent)
            call->method->sent(call->server->options.self, call);
        break;
    default:
        break;
    }
    rpc_call_unref(call);
}

static void *poller(void *arg)
{
    RpcServer *s = arg;
    for (;;) {
        grpc_event e = grpc_completion_queue_next(s->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (e.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (e.type != GRPC_OP_COMPLETE)
            continue;
        const Event *event = e.tag;
        TAKEN(e.tag);
        if (event->kind != EVENT_SHUTDOWN)
            on_event(event->call, event->kind, e.success != 0);
        else
            grpc_completion_queue_shutdown(s->queue);
    }
}

static void server_free(RpcServer *s)
{
    if (s->server)
        grpc_server_destroy(s->server);
    if (s->queue)
        grpc_completion_queue_destroy(s->queue);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->idle);
    free(s);
    grpc_shutdown();
}

Status rpc_server_start(const RpcOptions *options, RpcServer **ret_server, Error *err)
{
    grpc_init();
    RpcServer *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->options = *options;
    s->shutdown.kind = EVENT_SHUTDOWN;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    grpc_arg args[] = {
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_ALLOW_REUSEPORT, .value.integer = 0 },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
          .value.integer = (int)options->max_message_bytes },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, .value.integer = -1 },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MAX_METADATA_SIZE, .value.integer = METADATA_MAX_BYTES },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_KEEPALIVE_TIME_MS, .value.integer = KEEPALIVE_MS },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_KEEPALIVE_TIMEOUT_MS, .value.integer = KEEPALIVE_TIMEOUT_MS },
        { .type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, .value.integer = 1 },
    };
    s->server = grpc_server_create(&(grpc_channel_args){ sizeof args / sizeof *args, args }, NULL);
    s->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(s->server, s->queue, NULL);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    s->port = grpc_server_add_http2_port(s->server, options->listen, credentials);
    grpc_server_credentials_release(credentials);
    if (s->port == 0) {
        grpc_completion_queue_shutdown(s->queue);
        server_free(s);
        return FAIL(err, ST_CONFLICT, "cannot listen on %s: the port is taken, or the address is not this host's", options->listen);
    }
    grpc_server_start(s->server);
    for (int i = 0; i < ACCEPTS; i++)
        call_accept_next(s);
    for (int i = 0; i < POLLERS; i++)
        if (pthread_create(&s->pollers[i], NULL, poller, s) != 0)
            abort();
    *ret_server = s;
    return ST_OK;
}

int rpc_server_port(const RpcServer *server)
{
    return server->port;
}

void rpc_server_stop(RpcServer *s)
{
    /* Handlers on threads of their own may still start operations: the queue must outlive them. */
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    grpc_server_cancel_all_calls(s->server);
    pthread_mutex_lock(&s->lock);
    while (s->threads)
        pthread_cond_wait(&s->idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
    grpc_server_shutdown_and_notify(s->server, s->queue, &s->shutdown);
    grpc_server_cancel_all_calls(s->server);
    for (int i = 0; i < POLLERS; i++)
        pthread_join(s->pollers[i], NULL);
    server_free(s);
}
