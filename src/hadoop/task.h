/* hadoop/task.h -- one attempt of a map or reduce task, in the thread that calls it. For job.c. */
#ifndef WEIR_HADOOP_TASK_H
#define WEIR_HADOOP_TASK_H
#include "hadoop/job.h"

typedef struct Task {
    Job *job;
    bool map;
    unsigned number, attempt;
    const char *id, *attempt_id; /* "task_…_m_000000", "attempt_…_m_000000_0" */
    const char *folder;          /* below the stage: what it leaves here is its output */
    Arena *arena;                /* of the attempt */
    Counters counters;
    SegmentList segments;        /* of a map task; their paths are in the arena */
} Task;

/* Fills what the attempt is from its number; then runs it. What failed is in `err`; its folder is then the caller's to remove. */
Status task_begin(Task *task, Error *err);
Status task_run(Task *task, Error *err);

/* --- for task*.c --- */
Status task_map(Task *task, Error *err);
Status task_reduce(Task *task, Error *err);
/* The records of `source`, grouped, through a combiner or reducer. */
Status task_groups(Task *task, const Processor *processor, RecordSource source, Collector to, Error *err);
/* A process of the user's for a mapper, combiner or reducer: `lines` of its output as records to `to`. */
typedef struct TaskChild TaskChild;
typedef enum TaskRole { TASK_MAPPER, TASK_COMBINER, TASK_REDUCER } TaskRole;
Status task_child_start(Task *task, TaskRole role, const char *command, Collector to, TaskChild **ret_child, Error *err);
Status task_child_write(TaskChild *c, const Record *record, bool with_key, Error *err);
Status task_child_end(TaskChild *c, Error *err);
void task_child_drop_output(TaskChild *c); /* what it writes from now on goes nowhere */
void task_child_closep(TaskChild **c);
#define task_child_auto __attribute__((cleanup(task_child_closep))) TaskChild
Status task_output_open(Task *task, Output **ret_output, Error *err);
Status task_output_collect(void *output, const Record *record, Error *err);

#endif
