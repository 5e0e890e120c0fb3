/* driver/execution.c -- see execution.h. One lock; the order is execution, then call (rpc.c). */
#include "driver/execution.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    UNREAD_MAX_BYTES = 64 * 1024 * 1024, /* the producer waits while more is unread */
    HELD_MAX_BYTES = 256 * 1024 * 1024,  /* by all executions: while there is more, each waits until its own is read */
    RETRY_MAX_BYTES = 10 * 1024 * 1024   /* kept behind the reader: spark.connect.execute.reattachable.observerRetryBufferSize */
};

typedef struct Response {
    char id[UUID_TEXT_BYTES];
    RpcBuffer *bytes; /* NULL: released */
} Response;

struct Execution {
    atomic_uint refs;
    char *id;
    char **tags;
    size_t ntags;
    bool reattachable;
    atomic_size_t *held_bytes; /* of the application's executions; NULL: not counted */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t room;  /* less is unread, or interrupted */
    pthread_cond_t quiet; /* no call of a hook under way */
    Response *responses;
    size_t len, cap;
    size_t first, next;   /* kept: [first, len); unread: [next, len) */
    size_t unread_bytes, kept_bytes;
    RpcCall *reader;      /* a reference */
    bool sending, finished, interrupted;
    bool ending;            /* nothing but its own last responses may follow */
    int64_t detached_at_ms; /* monotonic; when the last reader left */
    int64_t told_at_ms;     /* monotonic; when the client last heard of it */
    RpcStatus status;       /* with heap copies */
    ExecutionHooks hooks;
    size_t calls;           /* of hooks, under way */
};

static char *heap_text(const char *text)
{
    char *copy = strdup(text ? text : "");
    if (!copy)
        abort();
    return copy;
}

Execution *execution_new(const char *operation_id, char *const *tags, size_t ntags, bool reattachable, atomic_size_t *held_bytes)
{
    Execution *x = calloc(1, sizeof *x);
    if (!x)
        abort();
    atomic_init(&x->refs, 1);
    x->id = heap_text(operation_id);
    x->tags = calloc(ntags + 1, sizeof *x->tags);
    if (!x->tags)
        abort();
    for (size_t i = 0; i < ntags; i++)
        x->tags[i] = heap_text(tags[i]);
    x->ntags = ntags;
    x->reattachable = reattachable;
    x->held_bytes = held_bytes;
    x->detached_at_ms = x->told_at_ms = clock_monotonic_ms();
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->room, NULL);
    pthread_cond_init(&x->quiet, NULL);
    return x;
}

Execution *execution_ref(Execution *x)
{
    atomic_fetch_add(&x->refs, 1);
    return x;
}

void execution_unref(Execution *x)
{
    if (!x || atomic_fetch_sub(&x->refs, 1) != 1)
        return;
    for (size_t i = 0; i < x->len; i++)
        rpc_buffer_unref(x->responses[i].bytes);
    if (x->held_bytes)
        atomic_fetch_sub(x->held_bytes, x->kept_bytes);
    free(x->responses);
    for (size_t i = 0; i < x->ntags; i++)
        free(x->tags[i]);
    free(x->tags);
    free(x->id);
    free((char *)x->status.message);
    free((char *)x->status.details.data);
    if (x->reader)
        rpc_call_unref(x->reader);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->room);
    pthread_cond_destroy(&x->quiet);
    free(x);
}

const char *execution_id(const Execution *x)
{
    return x->id;
}

bool execution_is_reattachable(const Execution *x)
{
    return x->reattachable;
}

bool execution_has_tag(const Execution *x, const char *tag)
{
    for (size_t i = 0; i < x->ntags; i++)
        if (strcmp(x->tags[i], tag) == 0)
            return true;
    return false;
}

/* All below, up to the public functions, is called under the lock. */

static void drop_first(Execution *x)
{
    Response *r = &x->responses[x->first++];
    if (r->bytes)
        x->kept_bytes -= r->bytes->len;
    if (r->bytes && x->held_bytes)
        atomic_fetch_sub(x->held_bytes, r->bytes->len);
    rpc_buffer_unref(r->bytes);
    r->bytes = NULL;
}

static void trim(Execution *x)
{
    size_t keep = x->reattachable ? RETRY_MAX_BYTES : 0;
    while (x->first < x->next && x->kept_bytes - x->unread_bytes > keep)
        drop_first(x);
}

static void detach(Execution *x)
{
    rpc_call_unref(x->reader);
    x->reader = NULL;
    x->sending = false;
    x->detached_at_ms = clock_monotonic_ms();
}

/* Sends responses and the end, as long as the reader takes them. */
static void pump(Execution *x)
{
    while (x->reader && !x->sending) {
        if (x->next < x->len) {
            RpcBuffer *bytes = rpc_buffer_ref(x->responses[x->next].bytes);
            x->next++;
            x->unread_bytes -= bytes->len;
            x->sending = !rpc_send(x->reader, bytes, x->next < x->len || x->finished);
            trim(x);
            pthread_cond_broadcast(&x->room);
        } else if (x->finished) {
            rpc_finish(x->reader, &x->status);
            detach(x);
        } else {
            return;
        }
    }
}

/* Takes the reference over. */
static void append(Execution *x, const char *id, RpcBuffer *response)
{
    if (x->len == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 16;
        x->responses = realloc(x->responses, x->cap * sizeof *x->responses);
        if (!x->responses)
            abort();
    }
    Response *r = &x->responses[x->len++];
    r->bytes = response;
    snprintf(r->id, sizeof r->id, "%s", id);
    x->unread_bytes += response->len;
    x->kept_bytes += response->len;
    if (x->held_bytes)
        atomic_fetch_add(x->held_bytes, response->len);
}

static bool is_full(const Execution *x)
{
    return x->unread_bytes > UNREAD_MAX_BYTES || (x->unread_bytes && x->held_bytes && atomic_load(x->held_bytes) > HELD_MAX_BYTES);
}

Status execution_respond(Execution *x, const char *response_id, RpcBuffer *response, bool more, Error *err)
{
    pthread_mutex_lock(&x->lock);
    while (is_full(x) && !x->interrupted)
        pthread_cond_wait(&x->room, &x->lock);
    if (x->interrupted) {
        pthread_mutex_unlock(&x->lock);
        rpc_buffer_unref(response);
        return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
    }
    append(x, response_id, response);
    x->told_at_ms = clock_monotonic_ms();
    x->ending |= more;
    if (!more)
        pump(x);
    pthread_mutex_unlock(&x->lock);
    return ST_OK;
}

void execution_finish(Execution *x, const RpcStatus *status)
{
    char *details = malloc(status->details.len + 1);
    if (!details)
        abort();
    if (status->details.len)
        memcpy(details, status->details.data, status->details.len);
    pthread_mutex_lock(&x->lock);
    x->status = (RpcStatus){ .code = status->code, .message = heap_text(status->message),
                             .details = { details, status->details.len } };
    x->finished = true;
    pump(x);
    pthread_mutex_unlock(&x->lock);
}

bool execution_is_interrupted(Execution *x)
{
    pthread_mutex_lock(&x->lock);
    bool interrupted = x->interrupted;
    pthread_mutex_unlock(&x->lock);
    return interrupted;
}

void execution_set_hooks(Execution *x, const ExecutionHooks *hooks)
{
    pthread_mutex_lock(&x->lock);
    while (x->calls)
        pthread_cond_wait(&x->quiet, &x->lock);
    x->hooks = hooks ? *hooks : (ExecutionHooks){ 0 };
    bool late = hooks && x->interrupted; /* it came before there was anything to interrupt */
    pthread_mutex_unlock(&x->lock);
    if (late)
        hooks->interrupt(hooks->arg);
}

/* Under the lock: a call of a hook has returned. */
static void call_done(Execution *x)
{
    x->calls--;
    pthread_cond_broadcast(&x->quiet);
}

Status execution_attach(Execution *x, RpcCall *call, const char *last_response_id, const RpcStatus *disconnected, Error *err)
{
    pthread_mutex_lock(&x->lock);
    size_t from = 0;
    if (last_response_id) {
        while (from < x->len && strcmp(x->responses[from].id, last_response_id) != 0)
            from++;
        if (from++ == x->len) {
            pthread_mutex_unlock(&x->lock);
            FAIL_CODE(err, ST_NOT_FOUND, "INVALID_CURSOR.POSITION_NOT_FOUND",
                      "The cursor is invalid. The cursor position id %s is not found.", last_response_id);
            error_param(err, "responseId", last_response_id);
            return ST_NOT_FOUND;
        }
    }
    if (from < x->first) {
        pthread_mutex_unlock(&x->lock);
        const char *id = last_response_id ? last_response_id : "";
        FAIL_CODE(err, ST_NOT_FOUND, "INVALID_CURSOR.POSITION_NOT_AVAILABLE",
                  "The cursor is invalid. The cursor position id %s is no longer available at index %zu.", id, from);
        error_param(err, "responseId", id);
        return ST_NOT_FOUND;
    }
    if (x->reader) {
        rpc_finish(x->reader, disconnected);
        detach(x);
    }
    x->reader = rpc_call_ref(call);
    x->next = from;
    x->unread_bytes = 0;
    for (size_t i = from; i < x->len; i++)
        x->unread_bytes += x->responses[i].bytes->len;
    pump(x);
    pthread_mutex_unlock(&x->lock);
    return ST_OK;
}

void execution_sent(Execution *x, RpcCall *call)
{
    pthread_mutex_lock(&x->lock);
    if (x->reader == call) {
        x->sending = false;
        pump(x);
    }
    pthread_mutex_unlock(&x->lock);
}

void execution_closed(Execution *x, RpcCall *call)
{
    pthread_mutex_lock(&x->lock);
    bool was_reader = x->reader == call;
    if (was_reader)
        detach(x);
    bool hopeless = was_reader && !x->reattachable && !x->finished;
    pthread_mutex_unlock(&x->lock);
    if (hopeless)
        execution_interrupt(x);
}

void execution_release(Execution *x, const char *response_id)
{
    pthread_mutex_lock(&x->lock);
    size_t until = x->next; /* what was not sent cannot have been seen */
    if (response_id) {
        until = x->first;
        for (size_t i = x->first; i < x->next; i++)
            if (strcmp(x->responses[i].id, response_id) == 0)
                until = i + 1;
    }
    while (x->first < until)
        drop_first(x);
    pthread_mutex_unlock(&x->lock);
}

void execution_interrupt(Execution *x)
{
    pthread_mutex_lock(&x->lock);
    ExecutionHooks hooks = { 0 };
    if (!x->interrupted && !x->finished) {
        x->interrupted = true;
        hooks = x->hooks;
        x->calls += hooks.interrupt != NULL;
        pthread_cond_broadcast(&x->room);
    }
    pthread_mutex_unlock(&x->lock);
    if (!hooks.interrupt)
        return;
    hooks.interrupt(hooks.arg);
    pthread_mutex_lock(&x->lock);
    call_done(x);
    pthread_mutex_unlock(&x->lock);
}

/* Under the lock: may and should the client be told now? One that has not read what is there need not. */
static bool progress_due(const Execution *x, int64_t interval_ms)
{
    return x->hooks.progress && x->reader && !x->ending && !x->finished && !x->interrupted && x->next == x->len &&
           clock_monotonic_ms() - x->told_at_ms >= interval_ms;
}

bool execution_progress(Execution *x, int64_t interval_ms)
{
    pthread_mutex_lock(&x->lock);
    bool due = progress_due(x, interval_ms), finished = x->finished;
    ExecutionHooks hooks = x->hooks;
    x->calls += due;
    pthread_mutex_unlock(&x->lock);
    if (!due)
        return !finished;
    char id[UUID_TEXT_BYTES];
    RpcBuffer *response = hooks.progress(hooks.arg, id);
    pthread_mutex_lock(&x->lock);
    call_done(x);
    if (response && progress_due(x, interval_ms)) {
        append(x, id, response);
        response = NULL;
        pump(x);
    }
    x->told_at_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&x->lock);
    rpc_buffer_unref(response);
    return true;
}

int64_t execution_detached_ms(Execution *x)
{
    pthread_mutex_lock(&x->lock);
    int64_t ms = x->reader ? -1 : clock_monotonic_ms() - x->detached_at_ms;
    pthread_mutex_unlock(&x->lock);
    return ms;
}

bool execution_is_finished(Execution *x)
{
    pthread_mutex_lock(&x->lock);
    bool finished = x->finished;
    pthread_mutex_unlock(&x->lock);
    return finished;
}
