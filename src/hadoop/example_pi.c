/* hadoop/example_pi.c -- pi, from points of a Halton sequence: the same points, sums and digits as Hadoop's.
 * Source: org.apache.hadoop.examples.QuasiMonteCarlo. */
#include "base/clock.h"
#include "base/str.h"
#include "hadoop/aggregate.h"
#include "hadoop/examples.h"

#include <limits.h>
#include <stdio.h>

enum { DIMENSIONS = 2, DIGITS_MAX = 63, PI_DECIMALS = 20, CHECK_POINTS = 1 << 20 };
static const int bases[DIMENSIONS] = { 2, 3 }, digits[DIMENSIONS] = { 63, 40 };

typedef struct Halton {
    double x[DIMENSIONS], q[DIMENSIONS][DIGITS_MAX];
    int d[DIMENSIONS][DIGITS_MAX];
} Halton;

static void halton_start(Halton *h, int64_t index)
{
    for (int i = 0; i < DIMENSIONS; i++) {
        int64_t k = index;
        h->x[i] = 0;
        for (int j = 0; j < digits[i]; j++) {
            h->q[i][j] = (j == 0 ? 1.0 : h->q[i][j - 1]) / bases[i];
            h->d[i][j] = (int)(k % bases[i]);
            k = (k - h->d[i][j]) / bases[i];
            h->x[i] += h->d[i][j] * h->q[i][j];
        }
    }
}

static void halton_next(Halton *h)
{
    for (int i = 0; i < DIMENSIONS; i++)
        for (int j = 0; j < digits[i]; j++) {
            h->d[i][j]++;
            h->x[i] += h->q[i][j];
            if (h->d[i][j] < bases[i])
                break;
            h->d[i][j] = 0;
            h->x[i] -= j == 0 ? 1.0 : h->q[i][j - 1];
        }
}

typedef struct Pi {
    int64_t samples; /* of each map */
    int64_t inside;  /* of all, from the reducer */
    const Job *job;
} Pi;

static Status count_points(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    (void)state;
    const Pi *pi = data;
    Halton h;
    int64_t inside = 0;
    halton_start(&h, (int64_t)((uint64_t)key_to_long(r->key) * (uint64_t)pi->samples));
    for (int64_t i = 0; i < pi->samples; i++) {
        halton_next(&h);
        double x = h.x[0] - 0.5, y = h.x[1] - 0.5;
        inside += x * x + y * y <= 0.25;
        if (i % CHECK_POINTS == 0 && pi->job->cancelled)
            return FAIL(err, ST_CANCELLED, "the job was ended");
    }
    for (uint8_t is_inside = 2; is_inside-- > 0;) {
        uint8_t count[8];
        number_put(count, sizeof count, is_inside ? inside : pi->samples - inside);
        TRY(to->collect(to->self, &(Record){ &is_inside, count, 1, sizeof count, 0 }, err));
    }
    return ST_OK;
}

static Status keep_inside(void *self, const Record *r, Error *err)
{
    (void)err;
    Pi *pi = self;
    if (r->key_len == 1 && *r->key)
        pi->inside = number_get(r->value, r->value_len);
    return ST_OK;
}

/* The reducer's end: its sum goes nowhere but into `pi`. */
static Status sum_end(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err)
{
    (void)to;
    return sum_processor().end(NULL, group, key, key_len, &(Collector){ keep_inside, data }, err);
}

/* 4 * inside / total with 20 decimals, halves rounded up (BigDecimal). */
static void print_estimate(int64_t inside, TeraNumber total)
{
    TeraNumber left = (TeraNumber)(uint64_t)inside * 4;
    unsigned whole = (unsigned)(left / total);
    char decimals[PI_DECIMALS + 1] = "";
    left %= total;
    for (int i = 0; i < PI_DECIMALS; i++) {
        left *= 10;
        decimals[i] = (char)('0' + (int)(left / total));
        left %= total;
    }
    bool carry = left * 2 >= total;
    for (int i = PI_DECIMALS; carry && i-- > 0;) {
        carry = decimals[i] == '9';
        decimals[i] = carry ? '0' : (char)(decimals[i] + 1);
    }
    printf("Estimated value of Pi is %u.%s\n", whole + carry, decimals);
}

static Status number(const char *text, int64_t most, int64_t *ret_number, Error *err)
{
    if (!str_to_i64(text, ret_number) || *ret_number > most || *ret_number < -most - 1)
        return FAIL(err, ST_INVALID, "java.lang.NumberFormatException: For input string: \"%s\"", text);
    return ST_OK;
}

static Status run_maps(Example *e, int64_t maps, Pi *pi, bool *ret_succeeded, Error *err)
{
    Job job;
    jobconf_set(&e->conf, "mapreduce.job.reduces", "1");
    Status status = example_job(e, "QuasiMonteCarlo", &job, err);
    if (status == ST_OK) {
        for (int64_t i = 0; i < maps; i++) {
            vec_push(e->arena, &job.splits, (Split){ .file = { .uri = "rows" }, .start = i, .length = 1 });
            printf("Wrote input for Map #%lld\n", (long long)i);
        }
        puts("Starting Job");
        fflush(stdout);
        pi->job = &job;
        job.splits_given = true;
        job.input_format = INPUT_ROWS;
        job.mapper = (Processor){ .kind = PROCESSOR_NATIVE, .data = pi, .map = count_points };
        job.reducer = sum_processor();
        job.reducer.data = pi;
        job.reducer.end = sum_end;
        job.long_keys = job.fixed_values = true;
        status = example_job_run(&job, ret_succeeded, err);
    }
    if (status == ST_OK && !*ret_succeeded)
        printf("Job %s failed!\n", job.id);
    job_done(&job);
    return status;
}

Status example_pi(Example *e, int *ret_code, Error *err)
{
    if (e->argc != 2) {
        fputs("Usage: org.apache.hadoop.examples.QuasiMonteCarlo <nMaps> <nSamples>\n", stderr);
        example_generic_usage(stderr);
        *ret_code = EXAMPLE_USAGE;
        return ST_OK;
    }
    int64_t maps = 0, began_ms = clock_monotonic_ms();
    Pi pi = { 0 };
    bool succeeded = false;
    TRY(number(e->argv[0], INT_MAX, &maps, err));
    TRY(number(e->argv[1], INT64_MAX - 1, &pi.samples, err));
    printf("Number of Maps  = %lld\nSamples per Map = %lld\n", (long long)maps, (long long)pi.samples);
    if (maps < 1 || pi.samples < 1)
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: weir needs a map and a sample at least");
    TRY(run_maps(e, maps, &pi, &succeeded, err));
    *ret_code = succeeded ? 0 : EXAMPLE_FAILED;
    if (!succeeded)
        return ST_OK;
    arena_auto *a = arena_new();
    printf("Job Finished in %s seconds\n", aggregate_double_text(a, (double)(clock_monotonic_ms() - began_ms) / 1000));
    print_estimate(pi.inside, (TeraNumber)(uint64_t)maps * (uint64_t)pi.samples);
    return ST_OK;
}
