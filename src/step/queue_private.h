/* step/queue_private.h -- what the scheduler's files share. All of it belongs to the queue's thread, but for what `lock` guards. */
#ifndef WEIR_STEP_QUEUE_PRIVATE_H
#define WEIR_STEP_QUEUE_PRIVATE_H
#include "os/process.h"
#include "step/place.h"
#include "step/queue.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ACTIVE_MAX = 4096, START_ATTEMPTS = 3 };

typedef enum ActiveKind { ACTIVE_STEP, ACTIVE_BOOTSTRAP } ActiveKind;

/* A step or bootstrap action whose supervisor is followed. Heap; freed by active_remove. */
typedef struct Active {
    ActiveKind kind;
    char id[64], cluster[64];
    char folder[2048];
    Process supervisor;
    bool child;              /* ours to reap; else from an earlier server */
    bool cancel_sent;
    int64_t logs_ms;         /* when its logs were last uploaded */
    int64_t logs_bytes;      /* and how large they were */
    int64_t retry_ms;        /* not 0: no process to follow, look again then */
    int upload_failures;
} Active;

struct StepQueue {
    StepQueueOptions options;
    Arena *arena;            /* of what lives as long as the queue */
    Place place;
    unsigned parts;          /* the sandbox's */
    char *level;
    int64_t host_memory_bytes;
    int64_t host_cores;
    int wake_fd;
    atomic_bool stop, drop;
    pthread_t thread;
    pthread_mutex_t lock;    /* guards `dropped` */
    pthread_cond_t dropped_changed;
    unsigned dropped;
    Active *actives[ACTIVE_MAX];
    size_t actives_len;
};

/* queue.c */
Active *active_add(StepQueue *q, ActiveKind kind, const char *id, const char *cluster);
Active *active_find(StepQueue *q, const char *id);
size_t active_count(const StepQueue *q, const char *cluster);

/* launch.c: the folder, the spec and a supervisor for a row that is RUNNING. */
Status launch(StepQueue *q, Db *db, Active *active, Error *err);
char *run_folder(StepQueue *q, Arena *a, const char *cluster, const char *id);
Status supervisor_spawn(StepQueue *q, Active *active, Error *err);

/* finish.c: after the supervisor's end. Sets *ret_again when the step must be started (again). */
Status finish(StepQueue *q, Db *db, Active *active, bool *ret_again, Error *err);
void logs_refresh(StepQueue *q, Db *db, Active *active);
/* Marks a step or bootstrap action FAILED that could not be started. */
Status finish_unstarted(StepQueue *q, Db *db, Active *active, const char *why, Error *err);

/* cluster.c: moves one cluster as far as it goes now. ret_wait_ms: when to look again (-1: when something happens). */
Status cluster_advance(StepQueue *q, Db *db, const char *cluster, int64_t *ret_wait_ms, Error *err);
/* Inside a transaction: what a failed step does to its cluster. */
Status cluster_step_failed(Db *db, const char *cluster, const char *action, Error *err);
Status cluster_terminate(Db *db, const char *cluster, const char *code, const char *message, Error *err);

#endif
