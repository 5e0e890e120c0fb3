/* driver/udf_internal.h -- what udf.c, udf_task.c and udf_stream.c share. */
#ifndef WEIR_DRIVER_UDF_INTERNAL_H
#define WEIR_DRIVER_UDF_INTERNAL_H
#include "driver/run.h"
#include "driver/udf.h"
#include "driver/udf_pool.h"

#include <jansson.h>
#include <pthread.h>

/* What a worker is told before the rows. */
typedef struct UdfTask {
    const char *rest;            /* the task's JSON without its first field, the partition */
    const View *commands;        /* pickles */
    size_t ncommands;
    struct ArrowBuffer schema;   /* of the input, as an IPC stream */
} UdfTask;

typedef struct UdfScalar UdfScalar;
typedef struct UdfStage UdfStage;
typedef struct UdfShell UdfShell;

/* What a profiler saw: an A frame's payload, (id, update) as a pickle. */
typedef struct UdfProfile {
    struct UdfProfile *next;
    size_t bytes;
    uint8_t pickle[];
} UdfProfile;

struct UdfRun {
    Run *run;
    Arena *arena;         /* the run's */
    UdfPool *pool;
    const char *session;
    int wake_fd;          /* readable once the run is cancelled */
    int workers;          /* of one stage at most */
    int64_t batch_rows;
    pthread_mutex_t lock; /* guards what follows */
    bool cancelled;
    bool profiling;       /* some function is profiled (spark.sql.pyspark.udf.profiler) */
    UdfProfile *profiles;
    UdfScalar *scalars;
    UdfStage *stages;
    UdfShell *shells;
};

json_t *udf_conf(Run *r);            /* the settings that functions are run by */
json_t *udf_path(Arena *a, Run *r);  /* folders and archives of the session's artifacts for sys.path */
Status udf_task_make(UdfRun *u, const PythonStage *stage, UdfTask *ret_task, Error *err);
void udf_task_done(UdfTask *task);
/* Queues all that a worker needs before the first batch. */
void udf_task_queue(const UdfTask *task, UdfWorker *worker, int64_t partition);

/* Keeps an A frame; false: it is another. */
bool udf_profile_keep(UdfRun *u, const UdfFrame *frame);

/* udf_stream.c */
Status udf_stage_attach(UdfRun *u, const PythonStage *stage, const char **ret_from, Error *err);
void udf_stage_cancel(UdfStage *stages); /* under the run's lock */
void udf_stage_end(UdfRun *u, UdfStage *stages);

/* udf_shell.c */
Status udf_shell_attach(UdfRun *u, const ScriptStage *stage, const char **ret_from, Error *err);
void udf_shell_cancel(UdfShell *shells); /* under the run's lock */
void udf_shell_end(UdfRun *u, UdfShell *shells);

#endif
