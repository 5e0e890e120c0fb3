/* back/duckdb/aggregate_values.c -- aggregates that keep values: exact percentiles, histogram_numeric, bitmaps.
 * Source: percentiles.scala, NumericHistogram, bitmapExpressions.scala. */
#include "back/duckdb/aggregate.h"

#include <math.h>
#include <stdlib.h>

static void *grown(void *at, size_t len, size_t *cap, size_t item_bytes)
{
    if (len < *cap)
        return at;
    *cap = *cap ? *cap * 2 : 16;
    void *bigger = reallocarray(at, *cap, item_bytes);
    if (!bigger)
        abort();
    return bigger;
}

/* The numbers of a list argument. */
static const double *numbers_of(const K *k, size_t arg, size_t *ret_count)
{
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[arg].data)[k->row];
    const double *all = duckdb_vector_get_data(duckdb_list_vector_get_child(k->args[arg].vector));
    *ret_count = list.length;
    return all + list.offset;
}

static void give_list(K *k, const double *values, size_t count)
{
    duckdb_list_vector_reserve(k->out, k->list_len + count);
    duckdb_list_vector_set_size(k->out, k->list_len + count);
    double *all = duckdb_vector_get_data(duckdb_list_vector_get_child(k->out));
    if (count)
        memcpy(all + k->list_len, values, count * sizeof *values);
    k->list_len += count;
    k_list_end(k, count);
}

/* ---------------------------------------------------------------- percentile(value, weight, fractions, how) */
enum { DISCRETE = 1, DESCENDING = 2, MAX_FRACTIONS = 4096 };
typedef struct Weighted {
    double value;
    int64_t weight;
} Weighted;
typedef struct Values {
    Weighted *at;
    size_t len, cap;
    double *fractions;
    size_t nfractions;
    int how;
} Values;

static void values_add(Values *s, double value, int64_t weight)
{
    s->at = grown(s->at, s->len, &s->cap, sizeof *s->at);
    s->at[s->len++] = (Weighted){ value, weight };
}

static void values_know(Values *s, const double *fractions, size_t n, int how)
{
    if (s->fractions || !n)
        return;
    s->fractions = reallocarray(NULL, n, sizeof *fractions);
    if (!s->fractions)
        abort();
    memcpy(s->fractions, fractions, n * sizeof *fractions);
    s->nfractions = n;
    s->how = how;
}

static void values_update(const K *k, void *state)
{
    size_t n;
    const double *fractions = numbers_of(k, 2, &n);
    values_know(state, fractions, n, k_i32(k, 3));
    if (k_i64(k, 1) > 0)
        values_add(state, k_f64(k, 0), k_i64(k, 1));
}

static void values_merge(void *state, const void *other)
{
    const Values *r = other;
    values_know(state, r->fractions, r->nfractions, r->how);
    for (size_t i = 0; i < r->len; i++)
        values_add(state, r->at[i].value, r->at[i].weight);
}

static void values_done(void *state)
{
    Values *s = state;
    free(s->at);
    free(s->fractions);
}

/* Double.compare: NaN is the greatest. */
static int compare(double x, double y)
{
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

static int by_value(const void *x, const void *y)
{
    return compare(((const Weighted *)x)->value, ((const Weighted *)y)->value);
}

static int by_value_down(const void *x, const void *y)
{
    return by_value(y, x);
}

/* The value at a position from 0 among all, weights counted. */
static double value_at(const Weighted *all, size_t n, double position)
{
    double seen = 0;
    for (size_t i = 0; i < n; i++) {
        seen += (double)all[i].weight;
        if (seen >= position + 1)
            return all[i].value;
    }
    return all[n - 1].value;
}

static double percentile_of(const Weighted *all, size_t n, double total, double fraction, bool discrete)
{
    if (discrete) {
        double wanted = ceil(total * fraction);
        return value_at(all, n, wanted < 1 ? 0 : wanted - 1);
    }
    double position = (total - 1) * fraction, lower = floor(position), higher = ceil(position);
    double low = value_at(all, n, lower), high = value_at(all, n, higher);
    if (lower == higher || compare(low, high) == 0)
        return low;
    return (higher - position) * low + (position - lower) * high;
}

static void values_result(K *k, const void *state)
{
    Values *s = (Values *)(uintptr_t)state;
    double out[MAX_FRACTIONS], total = 0;
    size_t n = s->nfractions < MAX_FRACTIONS ? s->nfractions : MAX_FRACTIONS;
    if (!s->len) {
        k_null(k);
        return;
    }
    qsort(s->at, s->len, sizeof *s->at, s->how & DESCENDING ? by_value_down : by_value);
    for (size_t i = 0; i < s->len; i++)
        total += (double)s->at[i].weight;
    for (size_t i = 0; i < n; i++)
        out[i] = percentile_of(s->at, s->len, total, s->fractions[i], s->how & DISCRETE);
    give_list(k, out, n);
}

/* ---------------------------------------------------------------- histogram_numeric(value, bins) */
typedef struct Bin {
    double x, y;
} Bin;
typedef struct Histogram {
    Bin *at;
    size_t len, cap, most;
    uint64_t seed;    /* of the java.util.Random that breaks ties */
    bool seeded;
} Histogram;

static double next_double(Histogram *h)
{
    uint64_t bits = 0;
    if (!h->seeded)
        h->seed = (UINT64_C(31183) ^ UINT64_C(0x5DEECE66D)) & ((UINT64_C(1) << 48) - 1);
    h->seeded = true;
    for (int i = 0; i < 2; i++) {
        h->seed = (h->seed * UINT64_C(0x5DEECE66D) + 0xB) & ((UINT64_C(1) << 48) - 1);
        bits = i ? bits + (h->seed >> 21) : (h->seed >> 22) << 27;
    }
    return (double)bits * 0x1.0p-53;
}

/* Joins the closest two neighbours until there are no more than `most`. */
static void histogram_trim(Histogram *h)
{
    while (h->len > h->most && h->len > 1) {
        double least = h->at[1].x - h->at[0].x;
        size_t where = 0;
        int ties = 1;
        for (size_t i = 1; i + 1 < h->len; i++) {
            double gap = h->at[i + 1].x - h->at[i].x;
            if (gap < least) {
                least = gap;
                where = i;
                ties = 1;
            } else if (gap == least && next_double(h) <= 1.0 / ++ties) {
                where = i;
            }
        }
        Bin *l = &h->at[where], *r = l + 1;
        double sum = l->y + r->y;
        l->x *= l->y / sum;
        l->x += r->x / sum * r->y;
        l->y = sum;
        memmove(r, r + 1, (h->len - where - 2) * sizeof *r);
        h->len--;
    }
}

static void histogram_insert(Histogram *h, size_t at, Bin bin)
{
    h->at = grown(h->at, h->len, &h->cap, sizeof *h->at);
    memmove(&h->at[at + 1], &h->at[at], (h->len - at) * sizeof *h->at);
    h->at[at] = bin;
    h->len++;
}

static void histogram_update(const K *k, void *state)
{
    Histogram *h = state;
    double value = k_f64(k, 0);
    size_t low = 0, high = h->len;
    h->most = (size_t)k_i32(k, 1);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (h->at[middle].x > value) {
            high = middle;
        } else if (h->at[middle].x < value) {
            low = middle + 1;
        } else {
            h->at[middle].y++;
            return;
        }
    }
    histogram_insert(h, low, (Bin){ value, 1 });
    histogram_trim(h);
}

static void histogram_merge(void *state, const void *other)
{
    Histogram *l = state;
    const Histogram *r = other;
    bool empty = !l->len;
    l->most = r->most ? r->most : l->most;
    for (size_t i = 0; i < r->len; i++) {
        size_t at = 0;
        while (at < l->len && !(l->at[at].x > r->at[i].x))
            at++;
        histogram_insert(l, at, r->at[i]);
    }
    if (!empty)
        histogram_trim(l);
}

static void histogram_done(void *state)
{
    free(((Histogram *)state)->at);
}

static void histogram_result(K *k, const void *state)
{
    const Histogram *h = state;
    if (h->len)
        give_list(k, (const double *)h->at, h->len * 2);
    else
        k_null(k);
}

/* ---------------------------------------------------------------- bitmaps of 4096 bytes */
enum { BITMAP_BYTES = 4096 };
typedef struct Bitmap {
    bool any;
    unsigned char bits[BITMAP_BYTES];
} Bitmap;

static void bitmap_set(const K *k, void *state)
{
    Bitmap *b = state;
    int64_t at = k_i64(k, 0);
    b->any = true;
    if (at >= 0 && at < BITMAP_BYTES * 8)
        b->bits[at / 8] |= (unsigned char)(1 << at % 8);
}

static void bitmap_or_bytes(Bitmap *b, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < BITMAP_BYTES; i++)
        b->bits[i] |= bytes[i];
    b->any = true;
}

static void bitmap_and_bytes(Bitmap *b, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < BITMAP_BYTES; i++)
        b->bits[i] = (unsigned char)((b->any ? b->bits[i] : 0xFF) & (i < n ? bytes[i] : 0));
    b->any = true;
}

static void bitmap_or(const K *k, void *state)
{
    bitmap_or_bytes(state, (const unsigned char *)k_str(k, 0).data, k_str(k, 0).len);
}

static void bitmap_and(const K *k, void *state)
{
    bitmap_and_bytes(state, (const unsigned char *)k_str(k, 0).data, k_str(k, 0).len);
}

static void bitmap_merge_or(void *state, const void *other)
{
    const Bitmap *r = other;
    if (r->any)
        bitmap_or_bytes(state, r->bits, BITMAP_BYTES);
}

static void bitmap_merge_and(void *state, const void *other)
{
    const Bitmap *r = other;
    if (r->any)
        bitmap_and_bytes(state, r->bits, BITMAP_BYTES);
}

static void bitmap_result(K *k, const void *state)
{
    k_set_str(k, (const char *)((const Bitmap *)state)->bits, BITMAP_BYTES);
}

/* An AND over nothing is all ones. */
static void bitmap_and_result(K *k, const void *state)
{
    Bitmap all = *(const Bitmap *)state;
    if (!all.any)
        memset(all.bits, 0xFF, sizeof all.bits);
    bitmap_result(k, &all);
}

const AggregateRow aggregates_values[] = {
    { "spark_percentile", "dl[di:[d", sizeof(Values), values_update, values_merge, values_result, values_done, 0 },
    { "spark_histogram", "di:[d", sizeof(Histogram), histogram_update, histogram_merge, histogram_result, histogram_done, 0 },
    { "spark_bitmap_set", "l:B", sizeof(Bitmap), bitmap_set, bitmap_merge_or, bitmap_result, NULL, 0 },
    { "spark_bitmap_or", "B:B", sizeof(Bitmap), bitmap_or, bitmap_merge_or, bitmap_result, NULL, 0 },
    { "spark_bitmap_and", "B:B", sizeof(Bitmap), bitmap_and, bitmap_merge_and, bitmap_and_result, NULL, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
