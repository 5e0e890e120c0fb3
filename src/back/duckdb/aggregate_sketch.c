/* back/duckdb/aggregate_sketch.c -- count_min_sketch(x, eps, confidence, seed), with the bytes that Spark's CountMinSketch.readFrom reads.
 * Source: CountMinSketchImpl, CountMinSketchAgg. */
#include "back/duckdb/aggregate.h"

#include <math.h>
#include <stdlib.h>

typedef struct CountMin {
    int32_t depth, width;
    int64_t total;
    int64_t *hashes; /* depth, then the counts: depth × width */
} CountMin;

/* The next int below 2^31 - 1 of java.util.Random. */
static int32_t next_int(uint64_t *seed)
{
    for (;;) {
        *seed = (*seed * UINT64_C(0x5DEECE66D) + 0xB) & ((UINT64_C(1) << 48) - 1);
        uint32_t bits = (uint32_t)(*seed >> 17);
        if (bits < INT32_MAX)
            return (int32_t)bits;
    }
}

static void sketch_start(CountMin *s, double eps, double confidence, int64_t seed)
{
    if (s->hashes)
        return;
    s->width = (int32_t)ceil(2 / eps);
    s->depth = (int32_t)ceil(-log1p(-confidence) / log(2));
    s->hashes = calloc((size_t)s->depth * ((size_t)s->width + 1), sizeof *s->hashes);
    if (!s->hashes)
        abort();
    uint64_t random = ((uint64_t)seed ^ UINT64_C(0x5DEECE66D)) & ((UINT64_C(1) << 48) - 1);
    for (int32_t i = 0; i < s->depth; i++)
        s->hashes[i] = next_int(&random);
}

static void count_one(CountMin *s, int32_t row, int32_t bucket)
{
    s->hashes[s->depth + (int64_t)row * s->width + bucket]++;
}

static void update_long(const K *k, void *state)
{
    CountMin *s = state;
    sketch_start(s, k_f64(k, 1), k_f64(k, 2), k_i64(k, 3));
    for (int32_t i = 0; i < s->depth; i++) {
        int64_t hash = (int64_t)((uint64_t)s->hashes[i] * (uint64_t)k_i64(k, 0));
        hash = (int64_t)((uint64_t)hash + (uint64_t)(hash >> 32)) & INT32_MAX;
        count_one(s, i, (int32_t)hash % s->width);
    }
    s->total++;
}

static void update_bytes(const K *k, void *state)
{
    CountMin *s = state;
    sketch_start(s, k_f64(k, 1), k_f64(k, 2), k_i64(k, 3));
    int32_t first = kernel_murmur3(k_str(k, 0), 0), second = kernel_murmur3(k_str(k, 0), first);
    for (int32_t i = 0; i < s->depth; i++)
        count_one(s, i, abs((int32_t)((uint32_t)first + (uint32_t)i * (uint32_t)second) % s->width));
    s->total++;
}

static void sketch_merge(void *state, const void *other)
{
    CountMin *l = state;
    const CountMin *r = other;
    size_t bytes = (size_t)r->depth * ((size_t)r->width + 1) * sizeof *r->hashes;
    if (!r->hashes)
        return;
    l->total += r->total;
    if (!l->hashes) {
        l->depth = r->depth;
        l->width = r->width;
        l->hashes = malloc(bytes);
        if (!l->hashes)
            abort();
        memcpy(l->hashes, r->hashes, bytes);
        return;
    }
    for (size_t i = (size_t)r->depth; i < (size_t)r->depth * ((size_t)r->width + 1); i++)
        l->hashes[i] += r->hashes[i];
}

static void sketch_done(void *state)
{
    free(((CountMin *)state)->hashes);
}

static void put_big(Str *out, int64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        str_addc(out, (char)(value >> (8 * i)));
}

static void sketch_write(K *k, const CountMin *s)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    put_big(&out, 1, 4);
    put_big(&out, s->total, 8);
    put_big(&out, s->depth, 4);
    put_big(&out, s->width, 4);
    for (size_t i = 0; i < (size_t)s->depth * ((size_t)s->width + 1); i++)
        put_big(&out, s->hashes[i], 8);
    k_set_str(k, str_text(&out), out.len);
}

static void sketch_result(K *k, const void *state)
{
    const CountMin *s = state;
    if (s->hashes)
        sketch_write(k, s);
    else
        k_null(k);
}

/* Of no rows. */
static void sketch_empty(K *k)
{
    CountMin s = { 0 };
    sketch_start(&s, k_f64(k, 0), k_f64(k, 1), k_i64(k, 2));
    sketch_write(k, &s);
    free(s.hashes);
}

const AggregateRow aggregates_sketch[] = {
    { "spark_count_min_sketch", "lddl:B", sizeof(CountMin), update_long, sketch_merge, sketch_result, sketch_done, 0 },
    { "spark_count_min_sketch", "Bddl:B", sizeof(CountMin), update_bytes, sketch_merge, sketch_result, sketch_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
const Kernel kernels_sketch[] = {
    { "spark_count_min_empty", "ddl:B", sketch_empty, 0 },
    { NULL, NULL, NULL, 0 },
};
