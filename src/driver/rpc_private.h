/* driver/rpc_private.h -- what rpc.c (server, connections), rpc_call.c (calls on them) and rpc_pool.c (threads) share.
 *
 * A connection's lock guards its HTTP/2 session and the calls' state; no callback of a method runs under it. What happens under it
 * becomes events, which the loop gives to the methods. Locks from outside, then a connection's, then the pool's. */
#ifndef WEIR_DRIVER_RPC_PRIVATE_H
#define WEIR_DRIVER_RPC_PRIVATE_H
#include "driver/rpc.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>

typedef struct RpcConnection RpcConnection;
typedef struct RpcPool RpcPool;

typedef enum RpcEventKind { RPC_EVENT_MESSAGE, RPC_EVENT_HALF_CLOSE, RPC_EVENT_SENT, RPC_EVENT_CLOSED } RpcEventKind;
typedef struct RpcEvent {
    struct RpcEvent *next;
    RpcEventKind kind;
    RpcCall *call;      /* a reference */
    RpcBuffer *message; /* RPC_EVENT_MESSAGE: a reference */
} RpcEvent;

struct RpcServer {
    RpcOptions options;
    int port, listener, epoll, wake;
    pthread_t loop;
    RpcPool *pool;
    atomic_bool stopping;
    atomic_size_t incoming_bytes; /* room of messages that are not whole yet, in all calls */
    RpcConnection *connections;   /* the loop's */
    size_t nconnections;          /* the loop's */
};

struct RpcConnection {
    RpcServer *server;
    atomic_uint refs; /* the loop's, and one of each call */
    atomic_uint threads; /* at work for its calls, also for those that have ended */
    RpcConnection *next;
    int64_t heard_at_ms; /* the loop's, monotonic: the last whole frame, or bytes of a message */
    int64_t calm_at_ms;  /* the loop's: until then `control_frames` were forgiven */
    int64_t control_frames; /* the loop's: those that ask for work and bring nothing, lately */
    bool pinged;         /* the loop's: since then it was not heard */
    pthread_t loop;

    pthread_mutex_t lock; /* guards what follows */
    int fd;               /* -1: closed */
    nghttp2_session *http;
    RpcCall *calls;       /* that have a stream; each is a reference */
    RpcCall *ended;       /* that had one: references to give up without the lock */
    RpcEvent *events, **events_end;
    uint8_t *out;         /* what the socket has not taken yet */
    size_t out_from, out_len, out_cap;
    bool blocked;         /* the socket takes no more for now */
    bool failed;          /* to be closed by the loop */
};

enum { PREFIX_BYTES = 5 }; /* before each message: compressed or not, length */
typedef struct RpcQueued {
    struct RpcQueued *next;
    RpcBuffer *message;
    size_t at; /* of the prefix and the message together */
} RpcQueued;

struct RpcCall {
    RpcServer *server;
    RpcConnection *connection; /* a reference */
    atomic_uint refs;
    /* under the connection's lock: */
    RpcCall *next, *previous;
    int32_t stream;
    const RpcMethod *method; /* NULL: none of ours */
    size_t metadata_bytes;
    bool grpc, admitted, dispatched; /* what its headers say; they are whole */
    bool encoded;                    /* its messages may be compressed */
    uint8_t prefix[PREFIX_BYTES];
    size_t prefix_len;
    RpcBuffer *incoming; /* grows as the message comes; its `len` is the whole message's */
    size_t incoming_len, incoming_room;
    bool has_message;
    RpcQueued *queue, **queue_end;
    size_t queued_bytes; /* with prefixes, without what has gone */
    void *user;
    bool headers_sent, deferred, waits_sent, finished, closed;
    int status;
    char *status_message, *status_details; /* as headers have them */
};

/* rpc_call.c */
void rpc_session_new(RpcConnection *c);
/* Under the lock. Its calls have ended; their events follow. */
void rpc_calls_close(RpcConnection *c);
void rpc_event_run(RpcEvent *event); /* without the lock; frees it */

/* rpc.c */
enum { RPC_OUT_BYTES = 128 * 1024 };
void rpc_connection_ref(RpcConnection *c);
void rpc_connection_unref(RpcConnection *c);
void rpc_connection_event(RpcConnection *c, RpcEventKind kind, RpcCall *call, RpcBuffer *message); /* under the lock */
uint8_t *rpc_connection_room(RpcConnection *c, size_t len);                                       /* of the bytes to send, under the lock */
void rpc_connection_flush(RpcConnection *c);                                                      /* under the lock */
/* Releases the lock that an answer took; wakes the loop when there is something for it. */
void rpc_connection_unlock(RpcConnection *c);

/* rpc_pool.c: threads with deep stacks, kept for the next call. */
RpcPool *rpc_pool_new(size_t threads_max);
/* Runs the method's `message`; takes over both references. False: no thread is to be had, or too many are at work, in all or for this
 * connection: one client leaves threads to the others. */
bool rpc_pool_run(RpcPool *pool, RpcCall *call, RpcBuffer *message);
void rpc_pool_free(RpcPool *pool); /* waits until all have returned */
void rpc_message_run(RpcCall *call, RpcBuffer *message); /* rpc_call.c: on this thread; takes over both references */

#endif
