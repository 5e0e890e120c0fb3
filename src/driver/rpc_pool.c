/* driver/rpc_pool.c -- threads for calls that may take long. A thread with its deep stack costs more than a small query: the last ones
 * wait for the next call. */
#include "driver/rpc_private.h"

#include "os/memory.h"

#include <stdlib.h>

enum { STACK_BYTES = 64 * 1024 * 1024, /* plans are walked by recursion; untouched pages cost nothing */
       IDLE_MAX = 8 };

typedef struct Job {
    struct Job *next;
    RpcCall *call;
    RpcBuffer *message;
} Job;

struct RpcPool {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work, quiet;
    Job *first, **last; /* each has an idle thread that will take it */
    size_t threads, idle, threads_max;
    bool stopping;
};

RpcPool *rpc_pool_new(size_t threads_max)
{
    RpcPool *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->last = &p->first;
    p->threads_max = threads_max;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->quiet, NULL);
    return p;
}

/* Under the lock: the next job, or NULL when the thread is to end. */
static Job *wait_for_job(RpcPool *p)
{
    if (p->idle >= IDLE_MAX)
        return NULL;
    p->idle++;
    pthread_setname_np(pthread_self(), "weir-idle");
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->work, &p->lock);
    Job *job = p->first;
    if (!job) {
        p->idle--;
        return NULL;
    }
    p->first = job->next; /* rpc_pool_run has counted this thread as busy */
    if (!p->first)
        p->last = &p->first;
    return job;
}

typedef struct Start {
    RpcPool *pool;
    Job *job;
} Start;

static void *work(void *arg)
{
    Start start = *(Start *)arg;
    RpcPool *p = start.pool;
    free(arg);
    for (Job *job = start.job; job;) {
        pthread_setname_np(pthread_self(), "weir-call");
        RpcConnection *c = job->call->connection;
        rpc_connection_ref(c); /* the call may be its last user */
        rpc_message_run(job->call, job->message);
        free(job);
        atomic_fetch_sub(&c->threads, 1);
        rpc_connection_unref(c);
        pthread_mutex_lock(&p->lock);
        job = wait_for_job(p);
        if (!job) {
            p->threads--;
            memory_limit_move(-(int64_t)STACK_BYTES);
            pthread_cond_broadcast(&p->quiet);
        }
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static bool thread_start(RpcPool *p, Job *job)
{
    Start *start = malloc(sizeof *start);
    if (!start)
        abort();
    *start = (Start){ p, job };
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_t thread;
    bool started = pthread_create(&thread, &attr, work, start) == 0;
    pthread_attr_destroy(&attr);
    if (!started)
        free(start);
    return started;
}

bool rpc_pool_run(RpcPool *p, RpcCall *call, RpcBuffer *message)
{
    Job *job = malloc(sizeof *job);
    if (!job)
        abort();
    *job = (Job){ .call = call, .message = message };
    pthread_mutex_lock(&p->lock);
    bool full = atomic_load(&call->connection->threads) >= (p->threads_max + 1) / 2 || (!p->idle && p->threads >= p->threads_max);
    bool handed = !full && p->idle > 0, started = handed;
    if (!full)
        atomic_fetch_add(&call->connection->threads, 1);
    if (handed) {
        p->idle--;
        *p->last = job;
        p->last = &job->next;
        pthread_cond_signal(&p->work);
    } else if (!full) {
        p->threads++;
        memory_limit_move(STACK_BYTES);
    }
    pthread_mutex_unlock(&p->lock);
    if (full) {
        free(job);
        return false;
    }
    if (!handed)
        started = thread_start(p, job);
    if (started)
        return true;
    free(job);
    atomic_fetch_sub(&call->connection->threads, 1);
    pthread_mutex_lock(&p->lock);
    p->threads--;
    memory_limit_move(-(int64_t)STACK_BYTES);
    pthread_cond_broadcast(&p->quiet);
    pthread_mutex_unlock(&p->lock);
    return false;
}

void rpc_pool_free(RpcPool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    while (p->threads)
        pthread_cond_wait(&p->quiet, &p->lock);
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->quiet);
    free(p);
}
