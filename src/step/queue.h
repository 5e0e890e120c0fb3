/* step/queue.h -- the scheduler of `weir serve`: one thread that moves clusters through their states, starts the supervisors
 * of steps and bootstrap actions, follows them by pidfd, and records their ends.
 *
 * All state is in the store (schema/020_emr.sql) and in the steps' folders HOME/run/<cluster>/<step>/ (step/spec.h); the
 * thread holds nothing that a restart could lose. After SIGKILL of the server the next one finds each step again: still
 * running (followed again), ended meanwhile (exit.json), never started (started now), or with its supervisor killed (FAILED,
 * leftovers killed). A step's end is shown only after its logs are in LogUri. API handlers change rows in their own
 * transaction and call step_queue_wake. Thread-safe. */
#ifndef WEIR_STEP_QUEUE_H
#define WEIR_STEP_QUEUE_H
#include "base/arena.h"
#include "base/status.h"
#include "store/store.h"

#include <stdint.h>

typedef struct StepQueue StepQueue;

/* A step's failure message when its supervisor was killed. */
#define STEP_SUPERVISOR_LOST "The step supervisor process was killed; the step was ended and not run again"

typedef struct StepCredentials {
    const char *access_key, *secret_key, *session_token;
} StepCredentials;

/* What the queue needs from the services above it. Called from the queue's thread. */
typedef struct StepHooks {
    void *self;
    /* Credentials for a step that runs as `role` (a name or an ARN; NULL: the account's default). */
    Status (*credentials)(void *self, Arena *a, const char *role, const char *run, StepCredentials *ret_credentials, Error *err);
    /* A step has ended: its credentials may go. */
    void (*ended)(void *self, const char *run);
    /* Uploads a file of this host as one object, whole or not at all. */
    Status (*put_file)(void *self, const char *uri, const char *path, const char *run, Error *err);
    /* A step has ended, its files stdout and stderr are in `folder`: for who wants them elsewhere than in LogUri. May be called again for
     * the same step. NULL: nobody. */
    void (*output)(void *self, const char *cluster, const char *step, const char *folder);
} StepHooks;

typedef struct StepQueueOptions {
    const char *home, *region;
    const char *endpoint;  /* the server's own URL */
    Store *store;
    StepHooks hooks;
} StepQueueOptions;

/* Everything in the options is copied but `store`. */
Status step_queue_start(const StepQueueOptions *options, StepQueue **ret_queue, Error *err);
/* Something changed in the store: look at it now. */
void step_queue_wake(StepQueue *queue);
/* Ends the thread. Steps that run go on; the next server follows them. */
void step_queue_stop(StepQueue *queue);
/* What the sandbox reaches on this host (os/sandbox.h's words). */
const char *step_queue_level(const StepQueue *queue);
/* Ends all supervisors and their steps at once and forgets them, for tests that reset the account. Their rows must be gone. */
void step_queue_drop_all(StepQueue *queue);

#endif
