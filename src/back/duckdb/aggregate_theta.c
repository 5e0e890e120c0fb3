/* back/duckdb/aggregate_theta.c -- Theta sketches as Apache DataSketches has them: the k smallest hashes of what was seen.
 *
 * A sketch's bytes are those of toByteArrayCompressed: differences of the ascending hashes in as few bits as the largest needs (serial
 * version 4), or plain (3) where there is nothing to save. Both are read. Source: org.apache.datasketches.theta.{UpdateSketch,UnionImpl,IntersectionImpl,AnotBimpl,CompactOperations}, Spark's ThetaSketchAgg. */
#include "back/duckdb/aggregate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERIAL_VERSION = 3, COMPRESSED_VERSION = 4, FAMILY_COMPACT = 3, READ_ONLY = 2, EMPTY = 4, COMPACT = 8, ORDERED = 16, SINGLE = 32, LG_MIN = 4, LG_MAX = 26 };
enum { SEED_HASH = 0x93CC }; /* of the seed that the hash has */

typedef struct Theta {
    uint64_t *at;     /* hashes below theta, each once and ascending when `sorted` */
    size_t len, cap;
    uint64_t theta;   /* INT64_MAX: all hashes are there; 0: nothing began yet */
    int lg;
    bool any, sorted;
} Theta;

static void give_hash(K *k, const void *bytes, size_t n)
{
    uint64_t hash[2];
    if (!n) { /* nothing is not counted */
        k_null(k);
        return;
    }
    kernel_murmur3_128((View){ bytes, n }, hash);
    k_set_i64(k, (int64_t)(hash[0] >> 1));
}

static void hash_long(K *k)
{
    int64_t x = k_i64(k, 0);
    give_hash(k, &x, sizeof x);
}

static void hash_double(K *k)
{
    double x = k_f64(k, 0) == 0 ? 0.0 : k_f64(k, 0);
    uint64_t nan = UINT64_C(0x7ff8000000000000);
    give_hash(k, isnan(x) ? (const void *)&nan : &x, sizeof x);
}

static void hash_bytes(K *k)
{
    give_hash(k, k_str(k, 0).data, k_str(k, 0).len);
}

static void hash_list(K *k, size_t item_bytes)
{
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[0].data)[k->row];
    const char *all = duckdb_vector_get_data(duckdb_list_vector_get_child(k->args[0].vector));
    give_hash(k, all + list.offset * item_bytes, list.length * item_bytes);
}

static void hash_ints(K *k)
{
    hash_list(k, 4);
}

static void hash_longs(K *k)
{
    hash_list(k, 8);
}

/* ---------------------------------------------------------------- sketches */
static void theta_start(Theta *s, int lg)
{
    if (s->theta)
        return;
    s->theta = INT64_MAX;
    s->lg = lg;
    s->sorted = true;
}

static int by_hash(const void *x, const void *y)
{
    uint64_t l = *(const uint64_t *)x, r = *(const uint64_t *)y;
    return (l > r) - (l < r);
}

/* Sorts, drops what is there twice and what theta, the hash behind the k smallest, leaves out. */
static void theta_settle(Theta *s)
{
    size_t n = 0, k = (size_t)1 << s->lg;
    if (!s->sorted && s->len)
        qsort(s->at, s->len, sizeof *s->at, by_hash);
    for (size_t i = 0; i < s->len; i++) {
        if (s->at[i] < s->theta && (!n || s->at[n - 1] != s->at[i]))
            s->at[n++] = s->at[i];
    }
    s->sorted = true;
    if (n > k)
        s->theta = s->at[k];
    s->len = n > k ? k : n;
}

static void theta_add(Theta *s, uint64_t hash)
{
    if (!hash || hash >= s->theta)
        return;
    if (s->len == s->cap) {
        theta_settle(s);
        if (s->len * 2 >= s->cap) {
            s->cap = s->cap ? s->cap * 2 : 32;
            s->at = reallocarray(s->at, s->cap, sizeof *s->at);
            if (!s->at)
                abort();
        }
        if (hash >= s->theta)
            return;
    }
    s->at[s->len++] = hash;
    s->sorted = false;
}

static void theta_union(Theta *l, const Theta *r)
{
    l->any = l->any || r->any;
    l->theta = r->theta < l->theta ? r->theta : l->theta;
    for (size_t i = 0; i < r->len; i++)
        theta_add(l, r->at[i]);
}

/* Both settled. Keeps of `l` what `r` has, or what it has not. */
static void theta_keep(Theta *l, const Theta *r, bool common)
{
    size_t n = 0, j = 0;
    l->theta = r->theta < l->theta ? r->theta : l->theta;
    for (size_t i = 0; i < l->len && l->at[i] < l->theta; i++) {
        while (j < r->len && r->at[j] < l->at[i])
            j++;
        if ((j < r->len && r->at[j] == l->at[i]) == common)
            l->at[n++] = l->at[i];
    }
    l->len = n;
    if (common)
        l->any = l->any && r->any;
    if (!l->any) {
        l->theta = INT64_MAX;
        l->len = 0;
    }
}

static void theta_done(void *state)
{
    free(((Theta *)state)->at);
}

/* ---------------------------------------------------------------- bytes */
/* The largest difference has this many bits. */
static int entry_bits(const Theta *s)
{
    uint64_t all = 0;
    for (size_t i = 0; i < s->len; i++)
        all |= s->at[i] - (i ? s->at[i - 1] : 0);
    return 64 - __builtin_clzll(all);
}

static void write_compressed(K *k, const Theta *s)
{
    int bits = entry_bits(s), count_bytes = (39 - __builtin_clz((unsigned)s->len)) / 8;
    bool exact = s->theta == INT64_MAX;
    unsigned char head[16] = { exact ? 1 : 2, COMPRESSED_VERSION, FAMILY_COMPACT, (unsigned char)bits, (unsigned char)count_bytes, READ_ONLY | COMPACT | ORDERED,
                               SEED_HASH & 0xFF, SEED_HASH >> 8 };
    str_auto out = STR_INIT((size_t)1 << 31);
    unsigned byte = 0, filled = 0;
    memcpy(head + 8, &s->theta, sizeof s->theta);
    str_addn(&out, head, exact ? 8 : 16);
    for (int i = 0; i < count_bytes; i++)
        str_addc(&out, (char)(s->len >> (8 * i)));
    for (size_t i = 0; i < s->len; i++) {
        uint64_t delta = s->at[i] - (i ? s->at[i - 1] : 0);
        for (int bit = bits - 1; bit >= 0; bit--) {
            byte = byte << 1 | (unsigned)(delta >> bit & 1);
            if (++filled % 8 == 0)
                str_addc(&out, (char)byte);
        }
    }
    if (filled % 8)
        str_addc(&out, (char)(byte << (8 - filled % 8)));
    k_set_str(k, str_text(&out), out.len);
}

static void theta_room(Theta *s, size_t count)
{
    s->any = true;
    s->sorted = false;
    s->at = calloc(count + 1, sizeof *s->at);
    if (!s->at)
        abort();
    s->cap = count + 1;
    s->len = count;
}

static bool read_compressed(View v, Theta *s)
{
    const unsigned char *head = (const unsigned char *)v.data, *at = head + 8 * (head[0] & 0x3F), *end = head + v.len;
    size_t bits = head[3], count_bytes = head[4], count = 0;
    if ((head[0] & 0x3F) > 2 || bits > 63 || count_bytes > 4 || v.len < 8 * (size_t)(head[0] & 0x3F) + count_bytes)
        return false;
    if ((head[0] & 0x3F) == 2)
        memcpy(&s->theta, head + 8, sizeof s->theta);
    for (size_t i = 0; i < count_bytes; i++)
        count |= (size_t)*at++ << (8 * i);
    if (s->theta > INT64_MAX || (size_t)(end - at) < (count * bits + 7) / 8)
        return false;
    theta_room(s, count);
    uint64_t hash = 0;
    for (size_t i = 0, bit = 0; i < count; i++) {
        uint64_t delta = 0;
        for (size_t n = 0; n < bits; n++, bit++)
            delta = delta << 1 | (uint64_t)(at[bit / 8] >> (7 - bit % 8) & 1);
        s->at[i] = hash += delta;
    }
    return true;
}

static void theta_write(K *k, const Theta *s)
{
    if (s->len > 1 || (s->len && s->theta != INT64_MAX)) {
        write_compressed(k, s);
        return;
    }
    bool exact = s->theta == INT64_MAX, empty = exact && !s->len, single = exact && s->len == 1;
    unsigned char head[24] = { 0, SERIAL_VERSION, FAMILY_COMPACT };
    int longs = empty || single ? 1 : exact ? 2 : 3;
    uint32_t count = (uint32_t)s->len;
    float p = 1;
    head[0] = (unsigned char)longs;
    head[5] = READ_ONLY | COMPACT | ORDERED | (empty ? EMPTY : single ? SINGLE : 0);
    head[6] = empty ? 0 : SEED_HASH & 0xFF;
    head[7] = empty ? 0 : SEED_HASH >> 8;
    memcpy(head + 8, &count, sizeof count);
    memcpy(head + 12, &p, sizeof p);
    memcpy(head + 16, &s->theta, sizeof s->theta);
    str_auto out = STR_INIT((size_t)1 << 31);
    str_addn(&out, head, (size_t)longs * 8);
    if (s->len)
        str_addn(&out, s->at, s->len * sizeof *s->at);
    k_set_str(k, str_text(&out), out.len);
}

/* False: it is no sketch of ours. */
static bool theta_read(View v, int lg, Theta *s)
{
    const unsigned char *head = (const unsigned char *)v.data;
    *s = (Theta){ 0 };
    theta_start(s, lg);
    if (v.len < 8 || head[2] != FAMILY_COMPACT || (head[0] & 0x3F) < 1 || (head[0] & 0x3F) > 3)
        return false;
    if (head[1] == COMPRESSED_VERSION)
        return read_compressed(v, s);
    if (head[1] != SERIAL_VERSION)
        return false;
    size_t longs = head[0] & 0x3F, count = 0;
    if (head[5] & EMPTY)
        return true;
    if (v.len < longs * 8)
        return false;
    uint32_t n = 1;
    if (longs > 1)
        memcpy(&n, head + 8, sizeof n);
    count = n;
    if (longs > 2)
        memcpy(&s->theta, head + 16, sizeof s->theta);
    if (v.len - longs * 8 < count * 8 || s->theta > INT64_MAX)
        return false;
    theta_room(s, count);
    if (count)
        memcpy(s->at, head + longs * 8, count * sizeof *s->at);
    return true;
}

/* ---------------------------------------------------------------- aggregates */
static void agg_update(const K *k, void *state)
{
    Theta *s = state;
    theta_start(s, k_i32(k, 1));
    s->any = true;
    theta_add(s, (uint64_t)k_i64(k, 0));
}

static void agg_merge(void *state, const void *other)
{
    Theta *l = state;
    const Theta *r = other;
    if (!r->theta)
        return;
    theta_start(l, r->lg);
    theta_union(l, r);
}

static void union_update(const K *k, void *state)
{
    Theta *s = state, one;
    theta_start(s, k_i32(k, 1));
    if (theta_read(k_str(k, 0), s->lg, &one)) /* the query checked it */
        theta_union(s, &one);
    theta_done(&one);
}

static void intersection_merge(void *state, const void *other)
{
    Theta *l = state;
    Theta r = *(const Theta *)other;
    if (!r.theta)
        return;
    Theta copy = { .theta = r.theta, .lg = LG_MAX, .any = r.any, .sorted = true };
    for (size_t i = 0; i < r.len; i++)
        theta_add(&copy, r.at[i]);
    theta_settle(&copy);
    if (!l->theta) {
        *l = copy;
        return;
    }
    theta_settle(l);
    theta_keep(l, &copy, true);
    theta_done(&copy);
}

static void intersection_update(const K *k, void *state)
{
    Theta one;
    if (theta_read(k_str(k, 0), LG_MAX, &one))
        intersection_merge(state, &one);
    theta_done(&one);
}

static void agg_result(K *k, const void *state)
{
    Theta *s = (Theta *)(uintptr_t)state; /* settling loses nothing */
    if (!s->theta) {
        k_null(k);
        return;
    }
    theta_settle(s);
    theta_write(k, s);
}

/* ---------------------------------------------------------------- functions of sketches */
static bool read_argument(K *k, size_t arg, int lg, const char *function, Theta *ret)
{
    if (theta_read(k_str(k, arg), lg, ret))
        return true;
    k_fail(k, "THETA_INVALID_INPUT_SKETCH_BUFFER", "function", function, NULL);
    return false;
}

static void estimate(K *k)
{
    Theta s;
    if (read_argument(k, 0, LG_MAX, "`theta_sketch_estimate`", &s)) {
        double fraction = (double)s.theta / 9223372036854775807.0;
        k_set_i64(k, s.theta == INT64_MAX ? (int64_t)s.len : (int64_t)floor((double)s.len / fraction + 0.5));
    }
    theta_done(&s);
}

static void two_sketches(K *k, int lg, const char *function, char how)
{
    Theta l, r = { 0 };
    if (read_argument(k, 0, how == '|' ? lg : LG_MAX, function, &l) && read_argument(k, 1, LG_MAX, function, &r)) {
        if (how == '|') {
            theta_union(&l, &r);
            theta_settle(&l);
        } else {
            theta_settle(&l);
            theta_settle(&r);
            theta_keep(&l, &r, how == '&');
        }
        theta_write(k, &l);
    }
    theta_done(&l);
    theta_done(&r);
}

static void union_of(K *k)
{
    two_sketches(k, k_i32(k, 2), "`theta_union`", '|');
}

static void intersection_of(K *k)
{
    two_sketches(k, LG_MAX, "`theta_intersection`", '&');
}

static void difference_of(K *k)
{
    two_sketches(k, LG_MAX, "`theta_difference`", '-');
}

/* What aggregates of sketches are given: no sketch is an error, which they cannot tell. */
static void checked(K *k)
{
    Theta s;
    if (read_argument(k, 0, LG_MAX, k_text(k, k_str(k, 1)), &s))
        k_set_view(k, k_str(k, 0));
    theta_done(&s);
}

/* Of no values. */
static void empty_sketch(K *k)
{
    Theta s = { .theta = INT64_MAX };
    theta_write(k, &s);
}

const AggregateRow aggregates_theta[] = {
    { "spark_theta_agg", "li:B", sizeof(Theta), agg_update, agg_merge, agg_result, theta_done, 0 },
    { "spark_theta_union_agg", "Bi:B", sizeof(Theta), union_update, agg_merge, agg_result, theta_done, 0 },
    { "spark_theta_intersection_agg", "B:B", sizeof(Theta), intersection_update, intersection_merge, agg_result, theta_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
const Kernel kernels_theta[] = {
    { "spark_theta_hash", "l:l", hash_long, 0 },
    { "spark_theta_hash", "d:l", hash_double, 0 },
    { "spark_theta_hash", "B:l", hash_bytes, 0 },
    { "spark_theta_hash", "[i:l", hash_ints, 0 },
    { "spark_theta_hash", "[l:l", hash_longs, 0 },
    { "spark_theta_checked", "BS:B", checked, 0 },
    { "spark_theta_empty", ":B", empty_sketch, 0 },
    { "spark_theta_estimate", "B:l", estimate, 0 },
    { "spark_theta_union", "BBi:B", union_of, 0 },
    { "spark_theta_intersection", "BB:B", intersection_of, 0 },
    { "spark_theta_difference", "BB:B", difference_of, 0 },
    { NULL, NULL, NULL, 0 },
};
