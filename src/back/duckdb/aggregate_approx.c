/* back/duckdb/aggregate_approx.c -- approximate counts and percentiles, with Spark's own answers where one thread reads the rows.
 * Source: HyperLogLogPlusPlusHelper, QuantileSummaries (Greenwald, Khanna: Space-efficient online computation of quantile summaries). */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/hll_tables.h"

#include <math.h>
#include <stdlib.h>

static void *room(void *at, size_t need, size_t *cap, size_t item_bytes)
{
    if (need <= *cap)
        return at;
    while (*cap < need)
        *cap = *cap ? *cap * 2 : 16;
    void *bigger = reallocarray(at, *cap, item_bytes);
    if (!bigger)
        abort();
    return bigger;
}

/* ---------------------------------------------------------------- HyperLogLog++(hash, precision) */
enum { HLL_NEIGHBOURS = 6 };
typedef struct Hll {
    unsigned char *registers; /* 1 << precision, NULL: no value yet */
    int precision;
} Hll;

static void hll_start(Hll *s, int precision)
{
    if (s->registers)
        return;
    s->precision = precision;
    s->registers = calloc((size_t)1 << precision, 1);
    if (!s->registers)
        abort();
}

static void hll_update(const K *k, void *state)
{
    Hll *s = state;
    uint64_t hash = (uint64_t)k_i64(k, 0);
    hll_start(s, k_i32(k, 1));
    uint64_t rest = hash << s->precision | UINT64_C(1) << (s->precision - 1);
    unsigned char zeros = (unsigned char)(__builtin_clzll(rest) + 1), *at = &s->registers[hash >> (64 - s->precision)];
    if (zeros > *at)
        *at = zeros;
}

static void hll_merge(void *state, const void *other)
{
    Hll *l = state;
    const Hll *r = other;
    if (!r->registers)
        return;
    hll_start(l, r->precision);
    for (size_t i = 0; i < (size_t)1 << l->precision; i++) {
        if (r->registers[i] > l->registers[i])
            l->registers[i] = r->registers[i];
    }
}

static void hll_done(void *state)
{
    free(((Hll *)state)->registers);
}

/* The mean bias of the six estimates that are nearest to `e`. */
static double hll_bias(const HllTable *t, double e)
{
    int low = 0, high = t->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (t->estimates[middle] < e)
            low = middle + 1;
        else
            high = middle;
    }
    low = low - HLL_NEIGHBOURS + 1 > 0 ? low - HLL_NEIGHBOURS + 1 : 0;
    high = low + HLL_NEIGHBOURS < t->count ? low + HLL_NEIGHBOURS : t->count;
    while (high < t->count && (e - t->estimates[high]) * (e - t->estimates[high]) < (e - t->estimates[low]) * (e - t->estimates[low])) {
        low++;
        high++;
    }
    double sum = 0;
    for (int i = low; i < high; i++)
        sum += t->biases[i];
    return sum / (high - low);
}

static double hll_estimate(const Hll *s)
{
    /* Up to which estimate small counts are told from the empty registers alone. */
    static const double thresholds[] = { 10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 15500, 20000, 50000, 120000, 350000 };
    int p = s->precision;
    double m = (double)(INT64_C(1) << p), inverse = 0, empty = 0;
    for (size_t i = 0; i < (size_t)1 << p; i++) {
        inverse += 1.0 / (double)(INT64_C(1) << s->registers[i]);
        empty += !s->registers[i];
    }
    double alpha = p == 4 ? 0.673 : p == 5 ? 0.697 : p == 6 ? 0.709 : 0.7213 / (1.0 + 1.079 / m);
    double e = alpha * m * m / inverse, few = empty > 0 ? m * log(m / empty) : 0;
    bool tabled = p <= HLL_TABLES_TO;
    if (empty > 0 && ((tabled && few <= thresholds[p - HLL_TABLES_FROM]) || e <= 2.5 * m))
        return few;
    return tabled && e < 5 * m ? e - hll_bias(&hll_tables[p - HLL_TABLES_FROM], e) : e;
}

static void hll_result(K *k, const void *state)
{
    const Hll *s = state;
    k_set_i64(k, s->registers ? (int64_t)floor(hll_estimate(s) + 0.5) : 0);
}

/* ---------------------------------------------------------------- quantiles(value, fractions, relative error) */
enum { HEAD_SIZE = 50000, COMPRESS_FROM = 10000 };
typedef struct Stat {
    double value;
    int64_t g, delta; /* rank above the one before, at least; how much more it may be */
} Stat;
typedef struct Summary {
    Stat *at;
    size_t len, cap;
    int64_t count;        /* of the values in `at` */
    double *head;         /* values that are not in `at` yet */
    size_t head_len, head_cap;
    double error;
    bool compressed;
    double *fractions;
    size_t nfractions;
} Summary;

/* Double.compare: -0.0 is below 0.0, NaN above all. */
static int java_compare(const void *x, const void *y)
{
    double l = *(const double *)x, r = *(const double *)y;
    if (l < r || l > r)
        return l < r ? -1 : 1;
    if (isnan(l) || isnan(r))
        return isnan(l) - isnan(r);
    return !!signbit(r) - !!signbit(l);
}

/* Puts the sorted head between what is there. */
static void summary_insert_head(Summary *s)
{
    if (!s->head_len)
        return;
    size_t cap = 0, n = 0, old = 0;
    Stat *merged = room(NULL, s->len + s->head_len, &cap, sizeof *merged);
    qsort(s->head, s->head_len, sizeof *s->head, java_compare);
    for (size_t i = 0; i < s->head_len; i++) {
        while (old < s->len && s->at[old].value <= s->head[i])
            merged[n++] = s->at[old++];
        s->count++;
        bool end = !n || (old == s->len && i == s->head_len - 1);
        merged[n++] = (Stat){ s->head[i], 1, end ? 0 : (int64_t)floor(2 * s->error * (double)s->count) };
    }
    while (old < s->len)
        merged[n++] = s->at[old++];
    free(s->at);
    s->at = merged;
    s->cap = cap;
    s->len = n;
    s->head_len = 0;
}

/* Joins neighbours as far as `threshold` allows, from the last to the first, which both stay. */
static void summary_join(Summary *s, double threshold)
{
    if (!s->len)
        return;
    size_t to = s->len; /* the joined ones are collected at the end */
    Stat first = s->at[0], head = s->at[s->len - 1];
    for (size_t i = s->len - 1; i-- > 1;) {
        if ((double)(s->at[i].g + head.g + head.delta) < threshold) {
            head.g += s->at[i].g;
        } else {
            s->at[--to] = head;
            head = s->at[i];
        }
    }
    s->at[--to] = head;
    if (first.value <= head.value && s->len > 1)
        s->at[--to] = first;
    memmove(s->at, &s->at[to], (s->len - to) * sizeof *s->at);
    s->len -= to;
}

static void summary_compress(Summary *s)
{
    summary_insert_head(s);
    summary_join(s, 2 * s->error * (double)s->count);
    s->compressed = true;
}

static void summary_know(Summary *s, const double *fractions, size_t n, double error)
{
    if (s->fractions || !n)
        return;
    size_t cap = 0;
    s->fractions = room(NULL, n, &cap, sizeof *fractions);
    memcpy(s->fractions, fractions, n * sizeof *fractions);
    s->nfractions = n;
    s->error = error;
}

static void summary_update(const K *k, void *state)
{
    Summary *s = state;
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[1].data)[k->row];
    const double *all = duckdb_vector_get_data(duckdb_list_vector_get_child(k->args[1].vector));
    summary_know(s, all + list.offset, list.length, k_f64(k, 2));
    s->head = room(s->head, s->head_len + 1, &s->head_cap, sizeof *s->head);
    s->head[s->head_len++] = k_f64(k, 0);
    s->compressed = false;
    if (s->head_len < HEAD_SIZE)
        return;
    summary_insert_head(s);
    if (s->len >= COMPRESS_FROM)
        summary_compress(s);
}

static void summary_copy(Summary *to, const Summary *from)
{
    to->at = room(to->at, from->len, &to->cap, sizeof *to->at);
    to->head = room(to->head, from->head_len, &to->head_cap, sizeof *to->head);
    if (from->len)
        memcpy(to->at, from->at, from->len * sizeof *from->at);
    if (from->head_len)
        memcpy(to->head, from->head, from->head_len * sizeof *from->head);
    to->len = from->len;
    to->head_len = from->head_len;
    to->count = from->count;
    to->error = from->error;
    to->compressed = from->compressed;
}

static void summary_done(void *state)
{
    Summary *s = state;
    free(s->at);
    free(s->head);
    free(s->fractions);
}

/* Both compressed. Values between those of the other side are less certain by the other side's error. */
static void summary_merge_compressed(Summary *l, const Summary *r)
{
    double error = l->error > r->error ? l->error : r->error;
    int64_t more_left = (int64_t)floor(2 * r->error * (double)r->count), more_right = (int64_t)floor(2 * l->error * (double)l->count);
    size_t cap = 0, i = 0, j = 0, n = 0;
    Stat *merged = room(NULL, l->len + r->len, &cap, sizeof *merged);
    while (i < l->len && j < r->len) {
        bool left = l->at[i].value < r->at[j].value;
        merged[n] = left ? l->at[i] : r->at[j];
        merged[n++].delta += left ? (j ? more_left : 0) : (i ? more_right : 0);
        i += left;
        j += !left;
    }
    while (i < l->len)
        merged[n++] = l->at[i++];
    while (j < r->len)
        merged[n++] = r->at[j++];
    free(l->at);
    l->at = merged;
    l->cap = cap;
    l->len = n;
    l->count += r->count;
    l->error = error;
    summary_join(l, 2 * error * (double)l->count);
    l->compressed = true;
}

static void summary_merge(void *state, const void *other)
{
    Summary *l = state;
    const Summary *r = other;
    summary_know(l, r->fractions, r->nfractions, r->error);
    if (!r->count && !r->head_len)
        return;
    if (!l->count && !l->head_len) {
        summary_copy(l, r);
        return;
    }
    Summary right = { 0 };
    summary_copy(&right, r);
    if (!right.compressed)
        summary_compress(&right);
    if (!l->compressed)
        summary_compress(l);
    summary_merge_compressed(l, &right);
    summary_done(&right);
}

typedef struct Asked {
    double fraction;
    size_t place;
} Asked;

static int by_fraction(const void *x, const void *y)
{
    const Asked *l = x, *r = y;
    int order = java_compare(&l->fraction, &r->fraction);
    return order ? order : (l->place > r->place) - (l->place < r->place);
}

/* Answers in ascending order of the fractions: each search goes on where the one before ended. */
static void summary_query(const Summary *s, Asked *asked, size_t n, double *ret)
{
    int64_t widest = 0, low = s->at[0].g;
    size_t at = 0, last = s->len - 1;
    for (size_t i = 0; i < s->len; i++)
        widest = s->at[i].delta + s->at[i].g > widest ? s->at[i].delta + s->at[i].g : widest;
    double within = (double)widest / 2;
    qsort(asked, n, sizeof *asked, by_fraction);
    for (size_t i = 0; i < n; i++) {
        double p = asked[i].fraction, rank = ceil(p * (double)s->count);
        if (p <= s->error || p >= 1 - s->error) {
            ret[asked[i].place] = s->at[p <= s->error ? 0 : last].value;
            continue;
        }
        while (at < last && !((double)(low + s->at[at].delta) - within <= rank && rank <= (double)low + within))
            low += s->at[++at].g;
        if (at == last)
            low = 0;
        ret[asked[i].place] = s->at[at].value;
    }
}

static void summary_result(K *k, const void *state)
{
    Summary *s = (Summary *)(uintptr_t)state; /* compressing loses nothing that is asked for later */
    size_t n = s->nfractions, cap = 0, cap_out = 0;
    if (!s->compressed)
        summary_compress(s);
    if (!s->count || !n) {
        k_null(k);
        return;
    }
    Asked *asked = room(NULL, n, &cap, sizeof *asked);
    double *out = room(NULL, n, &cap_out, sizeof *out);
    for (size_t i = 0; i < n; i++)
        asked[i] = (Asked){ s->fractions[i], i };
    summary_query(s, asked, n, out);
    duckdb_list_vector_reserve(k->out, k->list_len + n);
    duckdb_list_vector_set_size(k->out, k->list_len + n);
    memcpy((double *)duckdb_vector_get_data(duckdb_list_vector_get_child(k->out)) + k->list_len, out, n * sizeof *out);
    k->list_len += n;
    k_list_end(k, n);
    free(asked);
    free(out);
}

const AggregateRow aggregates_approx[] = {
    { "spark_approx_count_distinct", "li:l", sizeof(Hll), hll_update, hll_merge, hll_result, hll_done, 0 },
    { "spark_quantiles", "d[dd:[d", sizeof(Summary), summary_update, summary_merge, summary_result, summary_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
