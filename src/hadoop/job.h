/* hadoop/job.h -- one MapReduce job, from its splits to its committed output.
 *
 * As many tasks run at once as there are cores, each a thread of this process with the user's process beside it (child.h). A map
 * task sorts its output within its memory and leaves runs in the job's temporary folder; a reduce task merges them. Outputs go to
 * a stage of the lake (lake.h) and appear in one commit with _SUCCESS: before it nothing is visible. An attempt that fails
 * leaves nothing and is made again, up to mapreduce.{map,reduce}.maxattempts. */
#ifndef WEIR_HADOOP_JOB_H
#define WEIR_HADOOP_JOB_H
#include "hadoop/jobconf.h"
#include "hadoop/counters.h"
#include "hadoop/fs.h"
#include "hadoop/input.h"
#include "hadoop/keys.h"
#include "hadoop/output.h"
#include "hadoop/record.h"
#include "hadoop/runfile.h"

#include <pthread.h>

typedef enum ProcessorKind {
    PROCESSOR_IDENTITY,
    PROCESSOR_COMMAND,   /* a process of the user's */
    PROCESSOR_AGGREGATE, /* Hadoop's aggregate package: "LongValueSum:key" */
    PROCESSOR_NATIVE     /* a function of ours */
} ProcessorKind;

/* What a map, combine or reduce function is. */
typedef struct Processor {
    ProcessorKind kind;
    bool set;             /* of combiners: is there one at all */
    const char *command;
    bool ignore_key;      /* of a map command: it gets the value only */
    bool combines;        /* of an aggregate: its combiner's half */
    void *data;           /* of a native one */
    /* A native map: `state` is what map_begin (may be NULL) made for the attempt; map_end (may be NULL) comes after its last record. */
    Status (*map_begin)(void *data, Arena *a, const Split *split, void **ret_state, Error *err);
    Status (*map)(void *data, void *state, const Record *record, const Collector *to, Error *err);
    Status (*map_end)(void *data, void *state, const Collector *to, Counters *counters, Error *err);
    /* A whole group: `values` of one key. */
    Status (*begin)(void *data, Arena *a, void **ret_group);
    Status (*add)(void *data, void *group, const Record *record, const Collector *to, Error *err);
    Status (*end)(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err);
} Processor;

typedef struct Job {
    Arena *arena;
    JobConf *conf;
    Fs *fs;
    const char *id, *name, *who; /* "job_1700000000000_0001"; who: the logger that speaks of it, "streaming.StreamJob" */
    StrList inputs;
    const char *output;          /* URI; NULL: none */
    InputFormat input_format;
    Processor mapper, combiner, reducer;
    unsigned reduces;
    bool new_api;                /* org.apache.hadoop.mapreduce, not mapred: splits, names of output files */
    bool long_keys;              /* map keys are key_of_long's */
    bool fixed_values;           /* map values are no Text: their bytes are all there is, as of an IntWritable */
    KeyOrder order;
    Partitioner partitioner;
    OutputOptions output_options;
    StrList environment;         /* -cmdenv */
    const char *task_folder;     /* where the user's processes run */
    size_t sort_bytes;           /* of each task */
    const char *side_file;       /* beside the tasks' files: its name, NULL: none, and its bytes */
    const uint8_t *side_bytes;
    size_t side_len;
    bool splits_given;
    SplitList splits;            /* in the order of their tasks */

    /* While it runs. */
    pthread_mutex_t lock;        /* guards what follows */
    pthread_cond_t changed;
    const char *folder;          /* temporary: runs */
    LakeStage *stage;
    Counters counters;
    SegmentList *segments;       /* of each map task */
    LakeOutputList outputs;
    size_t done, failed;         /* tasks of the phase */
    volatile bool cancelled;
    struct YarnApp *application; /* NULL: none */
    Error failure;               /* of the task that ended the job */
} Job;

/* Runs it: ST_OK when its output is committed. Prints what Hadoop's client prints, to stderr. ST_CONFLICT: the output exists;
 * ST_NOT_FOUND, ST_INVALID: an input; ST_RUNTIME: a task failed, and that was printed; ST_CANCELLED: by a signal. */
Status job_run(Job *job, Error *err);
/* Makes id, locks and the defaults of `conf` into fields: reduces, memory, output options, order and partitioner. */
Status job_init(Job *job, Arena *a, JobConf *conf, Fs *fs, Error *err);
void job_done(Job *job);

/* A line as Hadoop's log4j prints it: time, level, logger: text. */
void job_log(const char *level, const char *logger, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
