/* driver/execution.h -- one ExecutePlan: its responses, buffered for a client that comes back (reattachable execution).
 *
 * The thread that runs the plan appends responses with execution_respond and ends with execution_finish. At most one call is
 * attached as the reader: it gets the responses one by one as gRPC takes them, then the end. No thread waits for a client
 * except the producer, when too much is unread; execution_interrupt wakes it.
 * Reference-counted; thread-safe. Source: ExecuteResponseObserver, ExecuteGrpcResponseSender. */
#ifndef WEIR_DRIVER_EXECUTION_H
#define WEIR_DRIVER_EXECUTION_H
#include "base/status.h"
#include "base/vec.h"
#include "driver/rpc.h"
#include "driver/uuid.h"

typedef struct Execution Execution;

/* `tags` are copied. `held_bytes`: what all executions of the application hold, counted here; it outlives them; NULL: not counted. */
Execution *execution_new(const char *operation_id, char *const *tags, size_t ntags, bool reattachable, atomic_size_t *held_bytes);
Execution *execution_ref(Execution *x);
void execution_unref(Execution *x);
const char *execution_id(const Execution *x);
bool execution_is_reattachable(const Execution *x);
bool execution_has_tag(const Execution *x, const char *tag);

/* --- the producer's side --- */
/* Appends a response (takes the reference over). ST_CANCELLED when the execution was interrupted. `more`: another or the end follows
 * at once: it waits for that, and a client that reads gets both at a time. */
Status execution_respond(Execution *x, const char *response_id, RpcBuffer *response, bool more, Error *err);
/* The end: OK, or what the calls end with (message and details are copied). */
void execution_finish(Execution *x, const RpcStatus *status);
bool execution_is_interrupted(Execution *x);
/* What others call while the producer is busy elsewhere: from any thread, never under a lock. */
typedef struct ExecutionHooks {
    void (*interrupt)(void *arg); /* engine_interrupt */
    /* A response that tells how far the query is (one reference); NULL: nothing new. */
    RpcBuffer *(*progress)(void *arg, char ret_id[static UUID_TEXT_BYTES]);
    void *arg;
} ExecutionHooks;
/* NULL takes them back and waits until calls under way have returned. */
void execution_set_hooks(Execution *x, const ExecutionHooks *hooks);

/* --- the clients' side --- */
/* Makes `call` the reader, from the response after `last_response_id` (NULL: the first). A reader before it ends with
 * `disconnected`. ST_NOT_FOUND: the position is unknown or no longer there. */
Status execution_attach(Execution *x, RpcCall *call, const char *last_response_id, const RpcStatus *disconnected, Error *err);
void execution_sent(Execution *x, RpcCall *call);   /* from RpcMethod.sent */
void execution_closed(Execution *x, RpcCall *call); /* from RpcMethod.closed: detaches; interrupts what cannot be reattached */
/* Forgets responses up to and with this one; all when NULL. */
void execution_release(Execution *x, const char *response_id);
void execution_interrupt(Execution *x);
/* Tells a client that waits for longer than this how far the query is, and again after each such time. False when it has finished. */
bool execution_progress(Execution *x, int64_t interval_ms);
/* How long it has had no reader, in milliseconds; -1 while it has one. */
int64_t execution_detached_ms(Execution *x);
bool execution_is_finished(Execution *x);

#endif
