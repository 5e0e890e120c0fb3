/* hadoop/example_tera.c -- teragen and terasort: rows, and their order, cut into as many ranges as there are reducers.
 * Source: org.apache.hadoop.examples.terasort.{TeraGen,TeraSort,TeraInputFormat,TeraScheduler}. */
#include "base/clock.h"
#include "base/str.h"
#include "hadoop/examples.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int finish(bool succeeded)
{
    return succeeded ? 0 : EXAMPLE_FAILED;
}

/* --- teragen --- */

typedef struct Rows {
    bool begun;
    TeraNumber random, row;
    uint64_t checksum;
} Rows;

static Status rows_begin(void *data, Arena *a, const Split *split, void **ret_state, Error *err)
{
    (void)data, (void)split, (void)err;
    *ret_state = ARENA_NEW(a, Rows);
    return ST_OK;
}

static Status rows_map(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    (void)data;
    Rows *rows = state;
    uint8_t bytes[TERA_ROW_BYTES];
    if (!rows->begun) {
        rows->row = (uint64_t)key_to_long(r->key);
        rows->random = tera_random(rows->row);
        rows->begun = true;
    }
    rows->random = tera_random_next(rows->random);
    tera_row(rows->random, rows->row++, bytes);
    rows->checksum += tera_checksum(bytes, bytes + TERA_KEY_BYTES);
    return to->collect(to->self, &(Record){ bytes, bytes + TERA_KEY_BYTES, TERA_KEY_BYTES, TERA_VALUE_BYTES, 0 }, err);
}

static Status rows_end(void *data, void *state, const Collector *to, Counters *counters, Error *err)
{
    (void)data, (void)to, (void)err;
    const Rows *rows = state;
    if (rows->begun)
        (void)counters_add_user(counters, "org.apache.hadoop.examples.terasort.TeraGen$Counters", "CHECKSUM", (int64_t)rows->checksum);
    return ST_OK;
}

/* "10m": ten millions. */
static Status row_count(Arena *a, const char *text, int64_t *ret_rows, Error *err)
{
    size_t n = strlen(text);
    char tail = n ? text[n - 1] : 0;
    int64_t unit = tail == 't' ? 1000000000000 : tail == 'b' ? 1000000000 : tail == 'm' ? 1000000 : tail == 'k' ? 1000 : 1;
    const char *number = arena_strn(a, text, n - (unit > 1));
    if (!str_to_i64(number, ret_rows) || __builtin_mul_overflow(*ret_rows, unit, ret_rows))
        return FAIL(err, ST_INVALID, "java.lang.NumberFormatException: For input string: \"%s\"", number);
    return *ret_rows >= 0 ? ST_OK : FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: %s rows", text);
}

static Status row_splits(Example *e, int64_t rows, SplitList *ret_splits, Error *err)
{
    enum { MAPS_MAX = 100000 };
    int64_t maps = 0, at = 0;
    TRY(jobconf_int(&e->conf, "mapreduce.job.maps", 1, &maps, err));
    if (maps < 1 || maps > MAPS_MAX)
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: mapreduce.job.maps is %lld", (long long)maps);
    job_log("INFO", "terasort.TeraGen", "Generating %lld using %lld", (long long)rows, (long long)maps);
    for (int64_t i = 1; i <= maps; i++) {
        int64_t goal = (int64_t)ceil((double)rows * (double)i / (double)maps);
        vec_push(e->arena, ret_splits, (Split){ .file = { .uri = "rows" }, .start = at, .length = goal - at });
        at = goal;
    }
    return ST_OK;
}

static Status teragen(Example *e, Job *job, bool *ret_succeeded, Error *err)
{
    int64_t rows = 0;
    TRY(row_count(e->arena, e->argv[0], &rows, err));
    TRY(row_splits(e, rows, &job->splits, err));
    TRY(fs_uri(&e->fs, e->arena, e->argv[1], &job->output, err));
    job->splits_given = true;
    job->input_format = INPUT_ROWS;
    job->mapper = (Processor){ .kind = PROCESSOR_NATIVE, .map_begin = rows_begin, .map = rows_map, .map_end = rows_end };
    job->output_options.raw = true;
    return example_job_run(job, ret_succeeded, err);
}

Status example_teragen(Example *e, int *ret_code, Error *err)
{
    if (e->argc != 2) {
        fputs("teragen <num rows> <output dir>\nIf you want to generate data and store them as erasure code striping file, just make sure that "
              "the parent dir of <output dir> has erasure code policy set\n", stderr);
        *ret_code = EXAMPLE_USAGE;
        return ST_OK;
    }
    Job job;
    bool succeeded = false;
    jobconf_set(&e->conf, "mapreduce.job.reduces", "0");
    Status status = example_job(e, "TeraGen", &job, err);
    if (status == ST_OK)
        status = teragen(e, &job, &succeeded, err);
    job_done(&job);
    *ret_code = finish(succeeded);
    return status;
}

/* --- splits, as terasort and teravalidate have them --- */

/* With one host, the scheduler takes the first four and then the others from behind. */
static void schedule(const Example *e, SplitList *splits)
{
    enum { SLOTS = 4 };
    if (!jobconf_bool(&e->conf, "mapreduce.terasort.use.terascheduler", true))
        return;
    for (size_t i = SLOTS, j = splits->len; i + 1 < j; i++) {
        Split swap = splits->at[i];
        splits->at[i] = splits->at[--j];
        splits->at[j] = swap;
    }
}

Status example_tera_splits(Example *e, Job *job, Error *err)
{
    size_t files = 0;
    int64_t began_ms = clock_monotonic_ms();
    TRY(input_splits(&e->fs, e->arena, &e->conf, INPUT_TERA, true, &job->inputs, &job->splits, &files, err));
    job_log("INFO", "input.FileInputFormat", "Total input files to process : %zu", files);
    printf("Spent %lldms computing base-splits.\n", (long long)(clock_monotonic_ms() - began_ms));
    began_ms = clock_monotonic_ms();
    schedule(e, &job->splits);
    if (jobconf_bool(&e->conf, "mapreduce.terasort.use.terascheduler", true))
        printf("Spent %lldms computing TeraScheduler splits.\n", (long long)(clock_monotonic_ms() - began_ms));
    fflush(stdout);
    job->splits_given = true;
    job->input_format = INPUT_TERA;
    return ST_OK;
}

/* --- terasort: where to cut --- */

typedef struct Sample {
    Arena *arena;
    uint8_t *keys; /* of TERA_KEY_BYTES */
    size_t count, most;
} Sample;

static Status sample_key(void *self, const Record *r, Error *err)
{
    (void)err;
    Sample *s = self;
    if (s->count < s->most)
        memcpy(s->keys + TERA_KEY_BYTES * s->count++, r->key, TERA_KEY_BYTES);
    return ST_OK;
}

static int by_key(const void *x, const void *y)
{
    return memcmp(x, y, TERA_KEY_BYTES);
}

/* The first keys of up to ten splits, sorted. */
static Status sample(Example *e, const SplitList *splits, Sample *ret_sample, Error *err)
{
    static const volatile bool never = false;
    int64_t size = 0, most = 0;
    TRY(jobconf_int(&e->conf, "mapreduce.terasort.partitions.sample", 100000, &size, err));
    TRY(jobconf_int(&e->conf, "mapreduce.terasort.num.partitions", 10, &most, err));
    int64_t samples = most < (int64_t)splits->len ? most : (int64_t)splits->len;
    printf("Sampling %lld splits of %zu\n", (long long)samples, splits->len);
    if (samples < 1 || size < 0 || size > INT_MAX)
        return FAIL(err, ST_INVALID, "java.lang.ArithmeticException: / by zero");
    int64_t each = size / samples;
    size_t step = splits->len / (size_t)samples;
    *ret_sample = (Sample){ .arena = e->arena, .keys = arena_alloc(e->arena, (size_t)(each * samples) * TERA_KEY_BYTES + 1) };
    for (size_t i = 0; i < (size_t)samples; i++) {
        Split split = splits->at[i * step];
        int64_t read = 0, rows = (each + 1) * TERA_ROW_BYTES; /* one may begin before it */
        split.length = split.length < rows ? split.length : rows;
        ret_sample->most = ret_sample->count + (size_t)each;
        TRY(input_read(&e->fs, &e->conf, INPUT_TERA, &split, (Collector){ sample_key, ret_sample }, &never, &read, err));
    }
    qsort(ret_sample->keys, ret_sample->count, TERA_KEY_BYTES, by_key);
    return ST_OK;
}

/* The partition file is left beside the output, as Hadoop leaves it: Text objects. */
static Status cut_sampled(Example *e, Job *job, Error *err)
{
    enum { TEXT_BYTES = TERA_KEY_BYTES + 1 };
    Sample s = { 0 };
    TRY(sample(e, &job->splits, &s, err));
    printf("Making %u from %zu sampled records\n", job->reduces, s.count);
    fflush(stdout);
    if (job->reduces > s.count)
        return FAIL(err, ST_INVALID, "Requested more partitions than input keys (%u > %zu)", job->reduces, s.count);
    const uint8_t **cuts = ARENA_ARRAY(e->arena, const uint8_t *, job->reduces);
    uint8_t *file = arena_alloc(e->arena, (size_t)job->reduces * TEXT_BYTES);
    float step = (float)s.count / (float)job->reduces;
    for (unsigned i = 1; i < job->reduces; i++) {
        size_t at = (size_t)floor((double)(step * (float)i) + 0.5);
        uint8_t *text = file + (size_t)(i - 1) * TEXT_BYTES;
        cuts[i - 1] = s.keys + TERA_KEY_BYTES * (at < s.count ? at : s.count - 1);
        *text = TERA_KEY_BYTES;
        memcpy(text + 1, cuts[i - 1], TERA_KEY_BYTES);
    }
    job->partitioner = (Partitioner){ .kind = PARTITION_RANGE, .cuts = cuts, .cut_len = TERA_KEY_BYTES };
    job->side_file = "_partition.lst";
    job->side_bytes = file;
    job->side_len = (size_t)(job->reduces - 1) * TEXT_BYTES;
    return ST_OK;
}

/* By the keys' first three bytes, in equal ranges (SimplePartitioner). */
static void cut_simply(Example *e, Job *job)
{
    enum { PREFIX_BYTES = 3 };
    uint32_t each = (uint32_t)ceilf((float)(1 << (8 * PREFIX_BYTES)) / (float)job->reduces);
    const uint8_t **cuts = ARENA_ARRAY(e->arena, const uint8_t *, job->reduces);
    for (unsigned i = 1; i < job->reduces; i++) {
        uint8_t *cut = arena_alloc(e->arena, PREFIX_BYTES);
        uint64_t prefix = (uint64_t)each * i;
        number_put(cut, PREFIX_BYTES, prefix < 0xffffff ? (int64_t)prefix : 0xffffff);
        cuts[i - 1] = cut;
    }
    job->partitioner = (Partitioner){ .kind = PARTITION_RANGE, .cuts = cuts, .cut_len = PREFIX_BYTES };
}

static Status cut(Example *e, Job *job, Error *err)
{
    if (!job->reduces)
        return FAIL(err, ST_INVALID, "java.lang.NegativeArraySizeException: -1");
    int64_t began_ms = clock_monotonic_ms();
    TRY(example_tera_splits(e, job, err));
    if (jobconf_bool(&e->conf, "mapreduce.terasort.simplepartitioner", false)) {
        cut_simply(e, job);
        return ST_OK;
    }
    printf("Computing input splits took %lldms\n", (long long)(clock_monotonic_ms() - began_ms));
    int64_t cutting_ms = clock_monotonic_ms();
    TRY(cut_sampled(e, job, err));
    printf("Computing parititions took %lldms\n", (long long)(clock_monotonic_ms() - cutting_ms));
    printf("Spent %lldms computing partitions.\n", (long long)(clock_monotonic_ms() - began_ms));
    fflush(stdout);
    return ST_OK;
}

static void terasort_usage(void)
{
    fputs("Usage: terasort [-Dproperty=value] <in> <out>\n"
          "TeraSort configurations are:\n"
          "<mapreduce.terasort.num-rows>     Number of rows to generate during teragen.\n"
          "<mapreduce.terasort.num.partitions>     Number of partitions used for sampling.\n"
          "<mapreduce.terasort.partitions.sample>     Sample size for each partition.\n"
          "<mapreduce.terasort.final.sync>     Perform a disk-persisting hsync at end of every file-write.\n"
          "<mapreduce.terasort.use.terascheduler>     Use TeraScheduler for computing input split distribution.\n"
          "<mapreduce.terasort.simplepartitioner>     Use SimplePartitioner instead of TotalOrderPartitioner.\n"
          "<mapreduce.terasort.output.replication>     Replication factor to use for output data files.\n"
          "If you want to store the output data as erasure code striping file, just make sure that the parent dir of <out> has "
          "erasure code policy set\n",
          stderr);
}

static Status terasort(Example *e, Job *job, bool *ret_succeeded, Error *err)
{
    Error error = ERROR_INIT;
    vec_push(e->arena, &job->inputs, e->argv[0]);
    TRY(fs_uri(&e->fs, e->arena, e->argv[1], &job->output, err));
    Status status = cut(e, job, &error);
    if (status == ST_INVALID) { /* said in the log, and the code is -1 */
        job_log("ERROR", "terasort.TeraSort", "%s", error.message);
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: %s", error.message);
    }
    if (status == ST_NOT_FOUND)
        return FAIL(err, status, "org.apache.hadoop.mapreduce.lib.input.InvalidInputException: %s", error.message);
    if (status != ST_OK) {
        *err = error;
        return status;
    }
    input_sort(e->arena, &job->splits);
    job->output_options.raw = true;
    return example_job_run(job, ret_succeeded, err);
}

Status example_terasort(Example *e, int *ret_code, Error *err)
{
    if (e->argc != 2) {
        terasort_usage();
        *ret_code = EXAMPLE_USAGE;
        return ST_OK;
    }
    job_log("INFO", "terasort.TeraSort", "starting");
    Job job;
    bool succeeded = false;
    Status status = example_job(e, "TeraSort", &job, err);
    if (status == ST_OK)
        status = terasort(e, &job, &succeeded, err);
    job_done(&job);
    TRY(status);
    job_log("INFO", "terasort.TeraSort", "done");
    *ret_code = finish(succeeded);
    return ST_OK;
}
