/* back/duckdb/aggregate_kll.c -- KLL sketches (quantiles) of bigint, float and double as Apache DataSketches has them, with its bytes.
 *
 * Items fill their array from its end; when it is full a level is halved into the next, whose items weigh twice as much. Which half stays is
 * chance in DataSketches, unseeded: here a generator with a fixed seed chooses, so one plan over the same rows has one answer. Up to k
 * values there is no chance in it. Source: org.apache.datasketches.kll.{KllLongsSketch,KllLongsHelper,KllHelper,KllMemoryValidate},
 * quantilescommon.LongsSketchSortedView; Spark's kllAggregates and kllExpressions. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/convert.h"
#include "base/java_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAMILY_KLL = 15, VERSION_PLAIN = 1, VERSION_SINGLE = 2, VERSION_UPDATABLE = 3, INTS_SHORT = 2, INTS_FULL = 5 };
enum { FLAG_EMPTY = 1, FLAG_SORTED = 2, FLAG_SINGLE = 4, SINGLE_AT = 8, DATA_AT = 20, LEVEL_LEAST = 8, K_MOST = 65535, LEVELS_READ = 61, LEVELS = 96 };
enum { REASON_BYTES = 128 };

typedef enum Kind { KIND_NONE, KIND_LONG, KIND_FLOAT, KIND_DOUBLE } Kind;
typedef union Item {
    int64_t i;
    double d; /* of FLOAT too */
} Item;

typedef struct Kll {
    Kind kind; /* NONE: nothing began yet */
    int k, m, min_k, nlevels;
    int64_t n;
    int32_t levels[LEVELS + 1]; /* where each level starts in items; the last is their capacity */
    Item *items, min, max;
    bool sorted; /* level 0 */
    bool merged; /* as Spark merges what each task has seen into a new sketch */
    uint64_t random;
} Kll;

/* ---------------------------------------------------------------- items */
static bool less(Kind kind, Item x, Item y)
{
    return kind == KIND_LONG ? x.i < y.i : x.d < y.d;
}

static bool same(Kind kind, Item x, Item y)
{
    return kind == KIND_LONG ? x.i == y.i : x.d == y.d;
}

static int by_long(const void *x, const void *y)
{
    int64_t l = ((const Item *)x)->i, r = ((const Item *)y)->i;
    return (l > r) - (l < r);
}

/* -0.0 comes before 0.0, as in Java. */
static int by_double(const void *x, const void *y)
{
    double l = ((const Item *)x)->d, r = ((const Item *)y)->d;
    if (l == r)
        return !!signbit(r) - !!signbit(l);
    return (l > r) - (l < r);
}

static void sort_items(Kind kind, Item *items, size_t n)
{
    qsort(items, n, sizeof *items, kind == KIND_LONG ? by_long : by_double);
}

static Item *room(size_t n)
{
    Item *items = calloc(n + 1, sizeof *items);
    if (!items)
        abort();
    return items;
}

/* ---------------------------------------------------------------- levels */
static int64_t power_capacity(int64_t k, int depth)
{
    int64_t three = 1;
    for (int i = 0; i < depth; i++)
        three *= 3;
    return ((k * 2 << depth) / three + 1) >> 1;
}

static int32_t level_capacity(const Kll *s, int nlevels, int level)
{
    enum { AT_ONCE = 30 };
    int depth = nlevels - level - 1;
    int64_t capacity = depth <= AT_ONCE ? power_capacity(s->k, depth) : power_capacity(power_capacity(s->k, depth / 2), depth - depth / 2);
    return (int32_t)(capacity > s->m ? capacity : s->m);
}

static int32_t total_capacity(const Kll *s, int nlevels)
{
    int32_t sum = 0;
    for (int i = 0; i < nlevels; i++)
        sum += level_capacity(s, nlevels, i);
    return sum;
}

static int32_t retained(const Kll *s)
{
    return s->levels[s->nlevels] - s->levels[0];
}

static void kll_start(Kll *s, Kind kind, int k)
{
    if (s->kind)
        return;
    *s = (Kll){ .kind = kind, .k = k, .m = LEVEL_LEAST, .min_k = k, .nlevels = 1, .levels = { k, k }, .items = room((size_t)k), .random = 0x9E3779B97F4A7C15 };
}

static void kll_done(void *state)
{
    free(((Kll *)state)->items);
    ((Kll *)state)->items = NULL;
}

static int chance(Kll *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (int)(s->random >> 63);
}

static void merge_sorted(Kind kind, const Item *a, int32_t na, const Item *b, int32_t nb, Item *out)
{
    const Item *end_a = a + na, *end_b = b + nb;
    while (a < end_a || b < end_b)
        *out++ = a < end_a && (b == end_b || less(kind, *a, *b)) ? *a++ : *b++;
}

/* Halves the sorted `n` items at `at`, with the `above` items behind them: what stays is at the end of these, and merged with those. */
static void halve(Kll *s, Item *at, int32_t n, int32_t above)
{
    int32_t half = n / 2, offset = chance(s);
    if (!above) {
        for (int32_t i = n - 1, j = n - 1 - offset; i >= half; i--, j -= 2)
            at[i] = at[j];
        return;
    }
    for (int32_t i = 0, j = offset; i < half; i++, j += 2)
        at[i] = at[j];
    merge_sorted(s->kind, at, half, at + n, above, at + half);
}

static void add_level(Kll *s)
{
    int32_t more = level_capacity(s, s->nlevels + 1, 0), old = s->levels[s->nlevels];
    Item *items = room((size_t)(old + more));
    memcpy(items + more, s->items, (size_t)old * sizeof *items);
    free(s->items);
    s->items = items;
    for (int i = 0; i <= s->nlevels; i++)
        s->levels[i] += more;
    s->nlevels++;
    s->levels[s->nlevels] = old + more;
}

/* The lowest level that is full is halved into the one above it. */
static void compact(Kll *s)
{
    int level = 0;
    while (s->levels[level + 1] - s->levels[level] < level_capacity(s, s->nlevels, level))
        level++;
    if (level == s->nlevels - 1)
        add_level(s);
    int32_t begin = s->levels[level], end = s->levels[level + 1], odd = (end - begin) & 1, above = s->levels[level + 2] - end, from = begin + odd, n = end - from;
    if (level == 0)
        sort_items(s->kind, s->items + from, (size_t)n);
    halve(s, s->items + from, n, above);
    s->levels[level + 1] -= n / 2;
    s->levels[level] = s->levels[level + 1] - odd;
    if (odd)
        s->items[s->levels[level]] = s->items[begin];
    if (level > 0) {
        memmove(s->items + s->levels[0] + n / 2, s->items + s->levels[0], (size_t)(begin - s->levels[0]) * sizeof *s->items);
        for (int i = 0; i < level; i++)
            s->levels[i] += n / 2;
    }
}

static void widen(Kll *s, bool first, Item min, Item max)
{
    int (*order)(const void *, const void *) = s->kind == KIND_LONG ? by_long : by_double;
    s->min = first || order(&min, &s->min) < 0 ? min : s->min;
    s->max = first || order(&max, &s->max) > 0 ? max : s->max;
}

static void kll_add(Kll *s, Item x)
{
    if (s->kind != KIND_LONG && isnan(x.d))
        return;
    widen(s, s->n == 0, x, x);
    if (s->levels[0] == 0)
        compact(s);
    s->n++;
    s->sorted = false;
    s->items[--s->levels[0]] = x;
}

/* ---------------------------------------------------------------- merges */
static int32_t level_size(const Kll *s, int level)
{
    return level < s->nlevels ? s->levels[level + 1] - s->levels[level] : 0;
}

/* Compacts the levels in `work`, which start at `in`, as far as the sketch has no room for them. Gives how many levels there are then. */
static int compress(Kll *s, Item *work, int32_t *in, int32_t *out, int nlevels, int32_t *ret_target, int32_t *ret_count)
{
    int32_t count = in[nlevels] - in[0], target = total_capacity(s, nlevels);
    out[0] = 0;
    for (int level = 0; level < nlevels; level++) {
        if (level == nlevels - 1)
            in[level + 2] = in[level + 1];
        int32_t begin = in[level], end = in[level + 1], pop = end - begin;
        if (count < target || pop < level_capacity(s, nlevels, level)) {
            memmove(work + out[level], work + begin, (size_t)pop * sizeof *work);
            out[level + 1] = out[level] + pop;
            continue;
        }
        int32_t odd = pop & 1, from = begin + odd, n = pop - odd;
        if (odd)
            work[out[level]] = work[begin];
        out[level + 1] = out[level] + odd;
        if (level == 0 && !s->sorted)
            sort_items(s->kind, work + from, (size_t)n);
        halve(s, work + from, n, in[level + 2] - end);
        count -= n / 2;
        in[level + 1] -= n / 2;
        if (level == nlevels - 1 && nlevels < LEVELS - 1) {
            nlevels++;
            target += level_capacity(s, nlevels, 0);
        }
    }
    *ret_target = target;
    *ret_count = count;
    return nlevels;
}

/* The levels of both above level 0. */
static void merge_levels(Kll *l, const Kll *r)
{
    int nlevels = l->nlevels > r->nlevels ? l->nlevels : r->nlevels;
    int32_t in[LEVELS + 2] = { 0 }, out[LEVELS + 2] = { 0 }, target, count, space = retained(l) + r->levels[r->nlevels] - r->levels[1];
    Item *work = room((size_t)space);
    in[1] = level_size(l, 0);
    memcpy(work, l->items + l->levels[0], (size_t)in[1] * sizeof *work);
    for (int i = 1; i < nlevels; i++) {
        int32_t mine = level_size(l, i), other = level_size(r, i);
        in[i + 1] = in[i] + mine + other;
        merge_sorted(l->kind, mine ? l->items + l->levels[i] : NULL, mine, other ? r->items + r->levels[i] : NULL, other, work + in[i]);
    }
    l->nlevels = compress(l, work, in, out, nlevels, &target, &count);
    free(l->items);
    l->items = room((size_t)target);
    memcpy(l->items + target - count, work + out[0], (size_t)count * sizeof *work);
    for (int i = 0; i <= l->nlevels; i++)
        l->levels[i] = out[i] + target - count;
    free(work);
}

static void kll_merge(Kll *l, const Kll *r)
{
    if (!r->n)
        return;
    bool empty = !l->n;
    Item min = l->min, max = l->max;
    int64_t n = l->n + r->n;
    for (int32_t i = r->levels[0]; i < r->levels[1]; i++)
        kll_add(l, r->items[i]);
    if (r->nlevels > 1)
        merge_levels(l, r);
    l->n = n;
    l->min_k = r->nlevels > 1 && r->min_k < l->min_k ? r->min_k : l->min_k;
    l->min = min;
    l->max = max;
    widen(l, empty, r->min, r->max);
}

/* ---------------------------------------------------------------- bytes */
static size_t item_bytes(Kind kind)
{
    return kind == KIND_FLOAT ? 4 : 8;
}

static void put_item(Str *out, Kind kind, Item x)
{
    float f = (float)(kind == KIND_FLOAT ? x.d : 0);
    if (kind == KIND_FLOAT)
        str_addn(out, &f, sizeof f);
    else
        str_addn(out, &x, sizeof x);
}

static Item get_item(Kind kind, const char *at)
{
    Item x;
    float f;
    if (kind != KIND_FLOAT) {
        memcpy(&x, at, sizeof x);
        return x;
    }
    memcpy(&f, at, sizeof f);
    x.d = (double)f;
    return x;
}

static void kll_write(K *k, const Kll *s)
{
    uint16_t size = (uint16_t)s->k, least = (uint16_t)s->min_k;
    bool small = s->n < 2;
    char head[DATA_AT] = { small ? INTS_SHORT : INTS_FULL, s->n == 1 ? VERSION_SINGLE : VERSION_PLAIN, FAMILY_KLL,
                           (char)((s->n ? 0 : FLAG_EMPTY) | (s->sorted ? FLAG_SORTED : 0) | (s->n == 1 ? FLAG_SINGLE : 0)) };
    str_auto out = STR_INIT((size_t)1 << 31);
    memcpy(head + 4, &size, 2);
    head[6] = (char)s->m;
    memcpy(head + 8, &s->n, 8);
    memcpy(head + 16, &least, 2);
    head[18] = (char)s->nlevels;
    str_addn(&out, head, small ? SINGLE_AT : DATA_AT);
    if (!small) {
        str_addn(&out, s->levels, (size_t)s->nlevels * sizeof *s->levels);
        put_item(&out, s->kind, s->min);
        put_item(&out, s->kind, s->max);
    }
    for (int32_t i = s->levels[0]; s->n && i < s->levels[s->nlevels]; i++)
        put_item(&out, s->kind, s->items[i]);
    k_set_out(k, &out);
}

static bool read_items(View v, Kll *s, bool updatable, char *reason)
{
    const char *head = v.data;
    size_t levels = (size_t)s->nlevels + updatable, size = item_bytes(s->kind), at = DATA_AT + levels * 4;
    if (v.len >= at)
        memcpy(s->levels, head + DATA_AT, levels * 4);
    if (!updatable)
        s->levels[s->nlevels] = total_capacity(s, s->nlevels);
    bool good = v.len >= at && s->levels[0] >= 0 && s->levels[s->nlevels] == total_capacity(s, s->nlevels);
    for (int i = 0; i < s->nlevels && good; i++)
        good = s->levels[i] <= s->levels[i + 1];
    size_t items = !good ? 0 : (size_t)(updatable ? s->levels[s->nlevels] : retained(s));
    if (!good || v.len < at + (items + 2) * size) {
        snprintf(reason, REASON_BYTES, "reqOffset: %zu, reqLength: %zu, (reqOff + reqLen): %zu, allocSize: %zu", at + 2 * size, items * size,
                 at + (2 + items) * size, v.len);
        return false;
    }
    s->min = get_item(s->kind, head + at);
    s->max = get_item(s->kind, head + at + size);
    at += 2 * size;
    s->items = room((size_t)s->levels[s->nlevels]);
    for (size_t i = 0; i < items; i++)
        s->items[(size_t)(updatable ? 0 : s->levels[0]) + i] = get_item(s->kind, head + at + i * size);
    return true;
}

/* False: it is no sketch, and why. */
static bool kll_read(View v, Kind kind, Kll *s, char *reason)
{
    const unsigned char *head = (const unsigned char *)v.data;
    uint16_t k = 0, least = 0;
    *s = (Kll){ 0 };
    if (v.len < SINGLE_AT) {
        snprintf(reason, REASON_BYTES, "A sketch memory image must be at least 8 bytes. %zu", v.len);
        return false;
    }
    bool brief = head[0] == INTS_SHORT && (head[1] == VERSION_PLAIN || head[1] == VERSION_SINGLE);
    if (!brief && !(head[0] == INTS_FULL && (head[1] == VERSION_PLAIN || head[1] == VERSION_UPDATABLE))) {
        snprintf(reason, REASON_BYTES, "Error combination of PreInts and SerVer: PreInts: %d, SerVer: %d", head[0], head[1]);
        return false;
    }
    bool single = head[1] == VERSION_SINGLE, none = brief && !single;
    memcpy(&k, head + 4, 2);
    snprintf(reason, REASON_BYTES, "FamilyID Field must be: %d, NOT: %d", FAMILY_KLL, head[2]);
    if (head[2] != FAMILY_KLL)
        return false;
    snprintf(reason, REASON_BYTES, "the sketch has wrong parameters or flags");
    if (head[6] < 2 || head[6] > LEVEL_LEAST || head[6] % 2 || k < head[6] || none != (head[3] & FLAG_EMPTY) || (!brief && v.len < DATA_AT) ||
        (single && v.len < SINGLE_AT + item_bytes(kind)))
        return false;
    kll_start(s, kind, k);
    s->m = head[6];
    s->sorted = head[3] & FLAG_SORTED;
    if (none)
        return true;
    if (single) {
        s->n = 1;
        s->items[--s->levels[0]] = s->min = s->max = get_item(kind, v.data + SINGLE_AT);
        return true;
    }
    memcpy(&s->n, head + 8, 8);
    memcpy(&least, head + 16, 2);
    s->min_k = least;
    s->nlevels = head[18];
    kll_done(s);
    return s->n > 0 && s->nlevels >= 1 && s->nlevels <= LEVELS_READ && read_items(v, s, head[1] == VERSION_UPDATABLE, reason);
}

/* ---------------------------------------------------------------- aggregates */
static void update(const K *k, void *state, Kind kind, Item x)
{
    kll_start(state, kind, k_i32(k, 1));
    kll_add(state, x);
}

static void update_long(const K *k, void *state)
{
    update(k, state, KIND_LONG, (Item){ .i = k_i64(k, 0) });
}

static void update_float(const K *k, void *state)
{
    update(k, state, KIND_FLOAT, (Item){ .d = (double)k_f32(k, 0) });
}

static void update_double(const K *k, void *state)
{
    update(k, state, KIND_DOUBLE, (Item){ .d = k_f64(k, 0) });
}

/* Into a new sketch, as Spark does even with one task. */
static void settle(Kll *s)
{
    if (s->merged)
        return;
    Kll out = { 0 };
    kll_start(&out, s->kind, s->k);
    kll_merge(&out, s);
    out.merged = true;
    kll_done(s);
    *s = out;
}

static void agg_merge(void *state, const void *other)
{
    Kll *l = state;
    const Kll *r = other;
    if (!r->kind)
        return;
    if (!l->kind) {
        size_t n = (size_t)r->levels[r->nlevels];
        *l = *r;
        l->items = room(n);
        memcpy(l->items, r->items, n * sizeof *l->items);
        return;
    }
    settle(l);
    kll_merge(l, r);
}

static void agg_result(K *k, const void *state)
{
    Kll *s = (Kll *)(uintptr_t)state; /* settling loses nothing */
    if (!s->kind) {
        k_null(k);
        return;
    }
    settle(s);
    kll_write(k, s);
}

/* ---------------------------------------------------------------- functions of sketches */
/* The last word of the function's name says the kind. */
static Kind kind_of(View name)
{
    return name.data[name.len - 2] == 't' ? (name.data[name.len - 3] == 'n' ? KIND_LONG : KIND_FLOAT) : KIND_DOUBLE;
}

static bool invalid(K *k, size_t name, const char *class, const char *reason)
{
    k_fail(k, class, "functionName", k_text(k, k_str(k, name)), "reason", reason, NULL);
    return false;
}

static bool read_argument(K *k, size_t name, Kll *ret)
{
    char reason[REASON_BYTES];
    return kll_read(k_str(k, 0), kind_of(k_str(k, name)), ret, reason) || invalid(k, name, "KLL_SKETCH_INVALID_INPUT", reason);
}

static void count_of(K *k)
{
    Kll s;
    if (read_argument(k, 1, &s))
        k_set_i64(k, s.n);
    kll_done(&s);
}

static void merge_of(K *k)
{
    Kll l, r = { 0 };
    char reason[REASON_BYTES];
    Kind kind = kind_of(k_str(k, 2));
    if (!kll_read(k_str(k, 0), kind, &l, reason) || !kll_read(k_str(k, 1), kind, &r, reason)) {
        invalid(k, 2, "KLL_SKETCH_INCOMPATIBLE_MERGE", reason);
    } else if (l.n > INT64_MAX - r.n) {
        invalid(k, 2, "KLL_SKETCH_INCOMPATIBLE_MERGE", "long overflow");
    } else {
        kll_merge(&l, &r);
        kll_write(k, &l);
    }
    kll_done(&l);
    kll_done(&r);
}

static void add_item_text(Str *out, const char *label, const Kll *s, Item x)
{
    char text[64];
    size_t n = s->kind == KIND_LONG ? print_i128(x.i, text) : s->kind == KIND_FLOAT ? java_text_float((float)x.d, text) : java_text_double(x.d, text);
    str_addf(out, "   %s Item               : %.*s\n", label, s->n ? (int)n : 3, s->n ? text : "NaN");
}

static void text_of(K *k)
{
    static const char *const names[] = { [KIND_LONG] = "Longs", [KIND_FLOAT] = "Floats", [KIND_DOUBLE] = "Doubles" };
    Kll s;
    if (!read_argument(k, 1, &s))
        return;
    str_auto out = STR_INIT(4096);
    size_t size = item_bytes(s.kind), full = DATA_AT + 4 * (size_t)s.nlevels + 2 * size;
    size_t bytes = s.n == 0 ? SINGLE_AT : s.n == 1 ? SINGLE_AT + size : full + (size_t)retained(&s) * size;
    str_addf(&out, "\n### KllKll%sSketch Summary:\n   K                      : %d\n   Dynamic min K          : %d\n   M                      : %d\n", names[s.kind],
             s.k, s.min_k, s.m);
    str_addf(&out, "   N                      : %lld\n   Epsilon                : %.3f%%\n   Epsilon PMF            : %.3f%%\n", (long long)s.n,
             100 * (2.296 / pow(s.min_k, 0.9723)), 100 * (2.446 / pow(s.min_k, 0.9433)));
    str_addf(&out, "   Empty                  : %s\n   Estimation Mode        : %s\n   Levels                 : %d\n   Level 0 Sorted         : %s\n",
             s.n ? "false" : "true", s.nlevels > 1 ? "true" : "false", s.nlevels, s.sorted ? "true" : "false");
    str_addf(&out, "   Capacity Items         : %d\n   Retained Items         : %d\n   Free Space             : %d\n   ReadOnly               : false\n",
             s.levels[s.nlevels], retained(&s), s.levels[0]);
    str_addf(&out, "   Updatable Storage Bytes: %zu\n   Compact Storage Bytes  : %zu\n", full + 4 + (size_t)s.levels[s.nlevels] * size, bytes);
    add_item_text(&out, "Min", &s, s.min);
    add_item_text(&out, "Max", &s, s.max);
    str_add(&out, "### End sketch summary\n");
    k_set_out(k, &out);
    kll_done(&s);
}

/* ---------------------------------------------------------------- quantiles and ranks */
typedef struct Point {
    Item x;        /* first: the orders look at it */
    int64_t weight; /* of it and all before it, once summed */
} Point;

/* The items in order with the weights up to each; the least and the greatest seen are at the ends. The caller frees it. */
static Point *sorted_view(const Kll *s, size_t *ret_count)
{
    size_t n = 1; /* room for the least in front */
    Point *points = calloc((size_t)retained(s) + 2, sizeof *points);
    if (!points)
        abort();
    for (int level = 0; level < s->nlevels; level++)
        for (int32_t i = s->levels[level]; i < s->levels[level + 1]; i++)
            points[n++] = (Point){ s->items[i], (int64_t)((uint64_t)1 << (level & 63)) };
    qsort(points + 1, n - 1, sizeof *points, s->kind == KIND_LONG ? by_long : by_double);
    for (size_t i = 2; i < n; i++)
        points[i].weight = (int64_t)((uint64_t)points[i].weight + (uint64_t)points[i - 1].weight);
    bool low = n == 1 || !same(s->kind, points[1].x, s->min), high = n > 1 && !same(s->kind, points[n - 1].x, s->max);
    points[0] = (Point){ s->min, 1 };
    if (high) {
        points[n] = (Point){ s->max, points[n - 1].weight };
        points[n - 1].weight--;
        n++;
    }
    if (!low)
        memmove(points, points + 1, --n * sizeof *points);
    *ret_count = n;
    return points;
}

/* Arguments: the sketch, the rank, the rank that errors show, the function's name. */
static bool quantile_of(K *k, Item *ret)
{
    enum { NAME = 3 };
    Kll s;
    double rank = k_f64(k, 1), natural;
    size_t n, at = 0;
    if (!read_argument(k, NAME, &s))
        return false;
    if (!s.n || rank < 0 || rank > 1) {
        char shown[64];
        shown[java_text_double(k_f64(k, 2), shown)] = '\0';
        if (!s.n)
            invalid(k, NAME, "KLL_SKETCH_INVALID_INPUT", "The sketch must not be empty for this operation. ");
        else
            k_fail(k, "KLL_SKETCH_INVALID_QUANTILE_RANGE", "functionName", k_text(k, k_str(k, NAME)), "quantile", strcat(shown, "D"), NULL);
        kll_done(&s);
        return false;
    }
    natural = isnan(rank) ? 0 : rank * (double)s.n;
    if (s.n <= 10000000)
        natural = floor(natural * 1e7 + 0.5) / 1e7;
    Point *points = sorted_view(&s, &n);
    while (at < n - 1 && (double)points[at].weight < ceil(natural))
        at++;
    *ret = points[at].x;
    free(points);
    kll_done(&s);
    return true;
}

static void quantile_long(K *k)
{
    Item x;
    if (quantile_of(k, &x))
        k_set_i64(k, x.i);
}

static void quantile_float(K *k)
{
    Item x;
    if (quantile_of(k, &x))
        k_set_f32(k, (float)x.d);
}

static void quantile_double(K *k)
{
    Item x;
    if (quantile_of(k, &x))
        k_set_f64(k, x.d);
}

/* Arguments: the sketch, the value, the function's name. */
static void rank_of(K *k, Item x)
{
    enum { NAME = 2 };
    Kll s;
    size_t n, at = 0;
    if (!read_argument(k, NAME, &s))
        return;
    if (!s.n || (s.kind != KIND_LONG && isnan(x.d))) {
        invalid(k, NAME, "KLL_SKETCH_INVALID_INPUT", s.n ? "Input v must not be NaN." : "The sketch must not be empty for this operation. ");
    } else {
        Point *points = sorted_view(&s, &n);
        while (at < n && !less(s.kind, x, points[at].x))
            at++;
        k_set_f64(k, at ? (double)points[at - 1].weight / (double)s.n : 0);
        free(points);
    }
    kll_done(&s);
}

static void rank_long(K *k)
{
    rank_of(k, (Item){ .i = k_i64(k, 1) });
}

static void rank_float(K *k)
{
    rank_of(k, (Item){ .d = (double)k_f32(k, 1) });
}

static void rank_double(K *k)
{
    rank_of(k, (Item){ .d = k_f64(k, 1) });
}

/* Of no values. */
static void empty_sketch(K *k)
{
    Kll s = { 0 };
    kll_start(&s, KIND_LONG, k_i32(k, 0));
    kll_write(k, &s);
    kll_done(&s);
}

const AggregateRow aggregates_kll[] = {
    { "spark_kll_agg", "li:B", sizeof(Kll), update_long, agg_merge, agg_result, kll_done, 0 },
    { "spark_kll_agg", "fi:B", sizeof(Kll), update_float, agg_merge, agg_result, kll_done, 0 },
    { "spark_kll_agg", "di:B", sizeof(Kll), update_double, agg_merge, agg_result, kll_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
const Kernel kernels_kll[] = {
    { "spark_kll_empty", "i:B", empty_sketch, 0 },
    { "spark_kll_n", "BS:l", count_of, 0 },
    { "spark_kll_text", "BS:S", text_of, 0 },
    { "spark_kll_merge", "BBS:B", merge_of, 0 },
    { "spark_kll_quantile_bigint", "BddS:l", quantile_long, 0 },
    { "spark_kll_quantile_float", "BddS:f", quantile_float, 0 },
    { "spark_kll_quantile_double", "BddS:d", quantile_double, 0 },
    { "spark_kll_rank_bigint", "BlS:d", rank_long, 0 },
    { "spark_kll_rank_float", "BfS:d", rank_float, 0 },
    { "spark_kll_rank_double", "BdS:d", rank_double, 0 },
    { NULL, NULL, NULL, 0 },
};
