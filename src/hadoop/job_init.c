/* hadoop/job_init.c -- a job's settings from its configuration. */
#include "hadoop/job.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdlib.h>
#include <unistd.h>

enum { SORT_MB = 100, SORT_MB_MIN = 1, REDUCES_MAX = 10000 };

/* Within mapreduce.task.io.sort.mb and, in a step, half of its memory for all tasks at once. */
static Status memory(Job *job, Error *err)
{
    int64_t mb = 0, step = 0, cores = sysconf(_SC_NPROCESSORS_ONLN);
    const char *limit = getenv("WEIR_STEP_MEMORY");
    TRY(jobconf_int(job->conf, "mapreduce.task.io.sort.mb", SORT_MB, &mb, err));
    if (mb < 1 || mb > 2047)
        return FAIL(err, ST_INVALID, "java.io.IOException: Invalid \"mapreduce.task.io.sort.mb\": %lld", (long long)mb);
    if (limit && str_to_i64(limit, &step)) {
        int64_t share = step / 2 / (cores > 0 ? cores : 1) / (1 << 20);
        mb = mb < share ? mb : share > SORT_MB_MIN ? share : SORT_MB_MIN;
    }
    job->sort_bytes = (size_t)mb << 20;
    return ST_OK;
}

static Status output_options(Job *job, Error *err)
{
    job->output_options.separator = jobconf_text(job->conf, job->arena, "mapreduce.output.textoutputformat.separator", "\t");
    if (!jobconf_bool(job->conf, "mapreduce.output.fileoutputformat.compress", false))
        return ST_OK;
    const char *codec = jobconf_text(job->conf, job->arena, "mapreduce.output.fileoutputformat.compress.codec",
                                  "org.apache.hadoop.io.compress.DefaultCodec");
    return codec_of_class(codec, &job->output_options.codec, err);
}

static const char *last_of(const char *class_name)
{
    const char *dot = strrchr(class_name, '.');
    return dot ? dot + 1 : class_name;
}

static Status fail_class(Error *err, const char *what, const char *class_name)
{
    return FAIL(err, ST_UNSUPPORTED, "the %s %s needs a JVM engine: run this job on Amazon EMR or Apache Hadoop itself", what, class_name);
}

static Status order(Job *job, Error *err)
{
    Arena *a = job->arena;
    const char *comparator = jobconf_get(job->conf, a, "mapreduce.job.output.key.comparator.class");
    const char *grouping = jobconf_get(job->conf, a, "mapreduce.job.output.group.comparator.class");
    const char *separator = jobconf_text(job->conf, a, "mapreduce.map.output.key.field.separator", "\t");
    if (grouping && !str_eq(last_of(grouping), "KeyFieldBasedComparator")) /* which groups by whole keys, whatever its options are */
        return fail_class(err, "grouping comparator", grouping);
    if (!comparator)
        return ST_OK;
    if (!str_eq(last_of(comparator), "KeyFieldBasedComparator"))
        return fail_class(err, "key comparator", comparator);
    KeyFields *fields = ARENA_NEW(a, KeyFields);
    TRY(key_fields_parse(a, jobconf_text(job->conf, a, "mapreduce.partition.keycomparator.options", ""), separator, fields, err));
    job->order.fields = fields;
    return ST_OK;
}

static Status partitioner(Job *job, Error *err)
{
    Arena *a = job->arena;
    const char *class_name = jobconf_text(job->conf, a, "mapreduce.job.partitioner.class", "HashPartitioner");
    const char *separator = jobconf_text(job->conf, a, "mapreduce.map.output.key.field.separator", "\t");
    if (str_eq(last_of(class_name), "HashPartitioner"))
        return ST_OK;
    if (!str_eq(last_of(class_name), "KeyFieldBasedPartitioner"))
        return fail_class(err, "partitioner", class_name);
    int64_t fields = 0;
    TRY(jobconf_int(job->conf, "num.key.fields.for.partition", 0, &fields, err));
    job->partitioner.kind = PARTITION_FIELDS;
    if (fields) {
        key_fields_first(a, (int32_t)fields, separator, &job->partitioner.fields);
        return ST_OK;
    }
    return key_fields_parse(a, jobconf_text(job->conf, a, "mapreduce.partition.keypartitioner.options", ""), separator,
                            &job->partitioner.fields, err);
}

Status job_init(Job *job, Arena *a, JobConf *conf, Fs *fs, Error *err)
{
    *job = (Job){ .arena = a, .conf = conf, .fs = fs, .counters = { .arena = a } };
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    int64_t reduces = 1;
    job->id = arena_printf(a, "job_%lld_0001", (long long)clock_ms());
    TRY(jobconf_int(conf, "mapreduce.job.reduces", 1, &reduces, err));
    if (reduces < 0 || reduces > REDUCES_MAX)
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: mapreduce.job.reduces is %lld; 0 to %d are possible",
                    (long long)reduces, REDUCES_MAX);
    job->reduces = (unsigned)reduces;
    TRY(memory(job, err));
    TRY(output_options(job, err));
    TRY(order(job, err));
    return partitioner(job, err);
}

void job_done(Job *job)
{
    pthread_mutex_destroy(&job->lock);
    pthread_cond_destroy(&job->changed);
}
