/* driver/rpc.h -- a gRPC server over HTTP/2 (nghttp2): calls, messages, statuses. It knows nothing of Spark.
 *
 * One thread, the loop, reads every connection. A method's `message` runs on it when it is quick, or on a thread of a pool
 * (`own_thread`) when it may take long, so that no call waits for another. Answers are written by whoever gives them: an
 * answer wakes nobody but the client. What the client does not read stays with its call and holds no thread.
 *
 * A handler answers with rpc_reply (unary), or with any number of rpc_send and rpc_finish. Answering a call that has ended
 * is harmless. All functions are thread-safe; the callbacks `sent`, `closed` and quick messages come on the loop.
 *
 * Plain HTTP/2, uncompressed messages, no deadline of the server's own (a client that gives up resets its stream). A client that does
 * not answer a ping for KEEPALIVE is gone. What a client may make the server hold is bounded: connections, streams of one, threads, bytes
 * of messages that are not whole; one that floods (PING, SETTINGS, RST_STREAM, CONTINUATION …) gets GOAWAY. Source: gRPC's PROTOCOL-HTTP2.md, RFC 9113. */
#ifndef WEIR_DRIVER_RPC_H
#define WEIR_DRIVER_RPC_H
#include "base/status.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one message, shared by count: an execution keeps a response for a client that comes back, gRPC sends it. */
typedef struct RpcBuffer {
    atomic_uint refs;
    size_t len;
    uint8_t data[];
} RpcBuffer;
RpcBuffer *rpc_buffer_new(size_t len); /* one reference, the caller's */
RpcBuffer *rpc_buffer_ref(RpcBuffer *b);
void rpc_buffer_unref(RpcBuffer *b); /* NULL is fine */

typedef struct RpcServer RpcServer;
typedef struct RpcCall RpcCall;

typedef struct RpcMethod {
    const char *path;    /* "/spark.connect.SparkConnectService/Config" */
    bool client_streams; /* many request messages, then half_close */
    bool own_thread;
    /* One request message; `request` lives until this returns. */
    void (*message)(void *self, RpcCall *call, View request);
    void (*half_close)(void *self, RpcCall *call); /* client_streams only */
    void (*sent)(void *self, RpcCall *call);       /* what rpc_send had to keep has gone: the next may come */
    void (*closed)(void *self, RpcCall *call);     /* the call ended before rpc_finish: cancelled, or the client is gone */
    void (*drop)(void *user);                      /* nobody has the call any more: release what rpc_call_set_user gave */
} RpcMethod;

typedef struct RpcOptions {
    const char *listen;       /* "127.0.0.1:15002"; port 0: any */
    const RpcMethod *methods; /* ends with path NULL */
    void *self;               /* given to the methods */
    const char *token;        /* when set, a call without metadata `x-weir-token: token` is UNAUTHENTICATED */
    size_t max_message_bytes;
    size_t threads_max; /* for methods with own_thread; beyond, and beyond half of them for one connection, a call is UNAVAILABLE */
} RpcOptions;

/* ST_CONFLICT when the port is taken. */
Status rpc_server_start(const RpcOptions *options, RpcServer **ret_server, Error *err);
int rpc_server_port(const RpcServer *server);
/* Takes no more calls, closes the open ones, waits until every handler has returned and every `closed` has come. */
void rpc_server_stop(RpcServer *server);

RpcCall *rpc_call_ref(RpcCall *call);
void rpc_call_unref(RpcCall *call);
/* The handler's own; it lives as long as the call (RpcMethod.drop). */
void rpc_call_set_user(RpcCall *call, void *user);
void *rpc_call_user(RpcCall *call);
bool rpc_call_is_closed(RpcCall *call);

/* gRPC status codes used here (grpc/status.h). */
enum { RPC_OK = 0, RPC_INVALID_ARGUMENT = 3, RPC_NOT_FOUND = 5, RPC_PERMISSION_DENIED = 7, RPC_RESOURCE_EXHAUSTED = 8,
       RPC_UNIMPLEMENTED = 12, RPC_INTERNAL = 13, RPC_UNAVAILABLE = 14, RPC_UNAUTHENTICATED = 16 };
/* What a failed call ends with; details: a packed google.rpc.Status for grpc-status-details-bin, may be empty. */
typedef struct RpcStatus {
    int code;
    const char *message;
    View details;
} RpcStatus;
void rpc_reply(RpcCall *call, RpcBuffer *message); /* message and OK; takes over the reference */
/* One of many messages; takes over the reference. `more`: the next or the end follows at once, so it may wait for that and go out
 * with it. True when the next may follow; false: not before `sent` (never, when the call has ended). */
bool rpc_send(RpcCall *call, RpcBuffer *message, bool more);
/* The end, after what was sent. The call is over for its handler: no `sent` or `closed` comes any more. */
void rpc_finish(RpcCall *call, const RpcStatus *status);

#endif
