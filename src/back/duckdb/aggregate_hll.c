/* back/duckdb/aggregate_hll.c -- HyperLogLog sketches as Apache DataSketches has them, with the bytes of toUpdatableByteArray.
 *
 * A sketch starts as a list of coupons (26 bits of a hash, 6 bits: how many zeros another hash starts with), grows into a hash set of them
 * and then into one register per slot. Registers of 8 bits are written; those of 6 and 4 bits are read. The estimate of registers that
 * saw every value itself (HIP) depends on their order; that of merged ones does not.
 * Source: org.apache.datasketches.hll.{CouponList,CouponHashSet,HllArray,Hll8Array,Union,HllEstimators}, Spark's HllSketchAgg and HllUnionAgg. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/hll_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum Mode { MODE_LIST, MODE_SET, MODE_HLL } Mode;
enum { FAMILY_HLL = 7, FLAG_EMPTY = 4, FLAG_COMPACT = 8, FLAG_MERGED = 16, FLAG_REBUILD = 32 };
enum { LG_LEAST = 4, LG_MOST = 21, LG_LIST = 3, LG_SET = 5, LG_SET_LEAST = 8, LIST_AT = 8, SET_AT = 12, HLL_AT = 40, SLOT_BITS = 26, HIP_SPLIT = 32 };
enum { BITS_8 = 2, VALUE_MOST = 63 };

typedef struct Sketch {
    int lg;            /* of the number of registers; 0: nothing began yet */
    Mode mode;
    int lg_coupons, count;
    uint32_t *coupons; /* 1 << lg_coupons */
    uint8_t *slots;    /* 1 << lg */
    double hip, kxq0, kxq1;
    int least, at_least; /* the least register, and how many have it (0: how many are empty) */
    bool merged, rebuild, any; /* any: hll_union_agg joins sketches of other sizes */
    int other_lg;      /* of a sketch that hll_union_agg must not take; 0: none */
} Sketch;

static void *room(size_t n, size_t bytes)
{
    void *p = calloc(n, bytes);
    if (!p)
        abort();
    return p;
}

static void sketch_start(Sketch *s, int lg)
{
    if (s->lg)
        return;
    s->lg = lg;
    s->mode = MODE_LIST;
    s->lg_coupons = LG_LIST;
    s->coupons = room((size_t)1 << LG_LIST, sizeof *s->coupons);
}

static void sketch_done(void *state)
{
    Sketch *s = state;
    free(s->coupons);
    free(s->slots);
    s->coupons = NULL;
    s->slots = NULL;
}

static void start_registers(Sketch *s, int lg)
{
    s->lg = lg;
    s->mode = MODE_HLL;
    s->slots = room((size_t)1 << lg, 1);
    s->kxq0 = (double)((int64_t)1 << lg);
    s->at_least = 1 << lg;
}

static Sketch copied(const Sketch *s)
{
    Sketch copy = *s;
    if (s->mode == MODE_HLL) {
        copy.slots = room((size_t)1 << s->lg, 1);
        memcpy(copy.slots, s->slots, (size_t)1 << s->lg);
    } else {
        copy.coupons = room((size_t)1 << s->lg_coupons, sizeof *s->coupons);
        memcpy(copy.coupons, s->coupons, sizeof *s->coupons << s->lg_coupons);
    }
    return copy;
}

/* ---------------------------------------------------------------- estimates */
static double cubic(const double x[4], const double y[4], double at)
{
    double sum = 0;
    static const int others[4][3] = { { 1, 2, 3 }, { 0, 2, 3 }, { 0, 1, 3 }, { 0, 1, 2 } };
    for (int i = 0; i < 4; i++) {
        const int *o = others[i];
        double above = (at - x[o[0]]) * (at - x[o[1]]) * (at - x[o[2]]), below = (x[i] - x[o[0]]) * (x[i] - x[o[1]]) * (x[i] - x[o[2]]);
        sum += y[i] * above / below;
    }
    return sum;
}

/* y at `at`, which is within x; y of i is `stride` times i where there is no table. */
static double interpolated(const double *x, const double *y, double stride, int n, double at)
{
    int low = 0, high = n - 1;
    if (at == x[high])
        return y ? y[high] : stride * high;
    while (low + 1 < high) {
        int middle = low + (high - low) / 2;
        *(x[middle] <= at ? &low : &high) = middle;
    }
    int from = low == 0 ? 0 : low == n - 2 ? low - 2 : low - 1;
    double four[4];
    for (int i = 0; i < 4; i++)
        four[i] = y ? y[from + i] : stride * (from + i);
    return cubic(x + from, four, at);
}

static double coupon_estimate(const Sketch *s)
{
    double estimate = interpolated(hll_coupon_x, hll_coupon_y, 0, HLL_COUPON_POINTS, s->count);
    return fmax(estimate, s->count);
}

static double harmonic(int64_t n)
{
    enum { EXACT = 25 };
    double x = (double)n, inverse = 1 / (x * x), power = inverse, sum = 0;
    static const double known[EXACT] = {
        0.0, 1.0, 1.5, 11.0 / 6.0, 25.0 / 12.0, 137.0 / 60.0, 49.0 / 20.0, 363.0 / 140.0, 761.0 / 280.0, 7129.0 / 2520.0, 7381.0 / 2520.0, 83711.0 / 27720.0,
        86021.0 / 27720.0, 1145993.0 / 360360.0, 1171733.0 / 360360.0, 1195757.0 / 360360.0, 2436559.0 / 720720.0, 42142223.0 / 12252240.0,
        14274301.0 / 4084080.0, 275295799.0 / 77597520.0, 55835135.0 / 15519504.0, 18858053.0 / 5173168.0, 19093197.0 / 5173168.0, 444316699.0 / 118982864.0,
        1347822955.0 / 356948592.0 };
    if (n < EXACT)
        return known[n];
    sum = log(x) + 0.577215664901532860606512090082 + 1 / (2 * x);
    sum -= power * (1.0 / 12.0);
    power *= inverse;
    sum += power * (1.0 / 120.0);
    power *= inverse;
    sum -= power * (1.0 / 252.0);
    power *= inverse;
    return sum + power * (1.0 / 240.0);
}

static double merged_estimate(const Sketch *s)
{
    double k = (double)((int64_t)1 << s->lg), correction = s->lg == 4 ? 0.673 : s->lg == 5 ? 0.697 : s->lg == 6 ? 0.709 : 0.7213 / (1 + 1.079 / k);
    double raw = correction * k * k / (s->kxq0 + s->kxq1), stride = hll_sketch_strides[s->lg - LG_LEAST];
    const double *x = hll_sketch_x[s->lg - LG_LEAST];
    enum { LAST = HLL_SKETCH_POINTS - 1 };
    if (raw < x[0])
        return 0;
    if (raw > x[LAST])
        return raw * (stride * (double)LAST / x[LAST]);
    double adjusted = interpolated(x, NULL, stride, HLL_SKETCH_POINTS, raw);
    if (adjusted > 3 * k)
        return adjusted;
    int empty = s->least == 0 ? s->at_least : 0;
    double linear = empty ? k * (harmonic((int64_t)k) - harmonic(empty)) : k * log(k / 0.5);
    double cross = s->lg == 4 ? 0.718 : s->lg == 5 ? 0.672 : 0.64;
    return (adjusted + linear) / 2 > cross * k ? adjusted : linear;
}

static double estimate_of(const Sketch *s)
{
    return s->mode != MODE_HLL ? coupon_estimate(s) : s->merged ? merged_estimate(s) : s->hip;
}

/* ---------------------------------------------------------------- coupons */
static void sketch_add(Sketch *s, uint32_t coupon);

static void add_register(Sketch *s, uint32_t slot, int value)
{
    int old = s->slots[slot];
    if (value <= old)
        return;
    s->slots[slot] = (uint8_t)value;
    s->hip += (double)((int64_t)1 << s->lg) / (s->kxq0 + s->kxq1);
    *(old < HIP_SPLIT ? &s->kxq0 : &s->kxq1) -= ldexp(1, -old);
    *(value < HIP_SPLIT ? &s->kxq0 : &s->kxq1) += ldexp(1, -value);
    s->at_least -= old == 0;
}

/* The place of a coupon in a hash set, or the empty one where it belongs. */
static uint32_t *find_coupon(uint32_t *set, int lg, uint32_t coupon)
{
    uint32_t mask = (1u << lg) - 1, at = coupon & mask, stride = ((coupon & ((1u << SLOT_BITS) - 1)) >> lg) | 1;
    for (uint32_t i = 0; i <= mask && set[at] && set[at] != coupon; i++)
        at = (at + stride) & mask;
    return &set[at];
}

static void to_registers(Sketch *s)
{
    uint32_t *coupons = s->coupons;
    size_t n = (size_t)1 << s->lg_coupons;
    double estimate = coupon_estimate(s);
    s->coupons = NULL;
    start_registers(s, s->lg);
    for (size_t i = 0; i < n; i++)
        if (coupons[i])
            sketch_add(s, coupons[i]);
    s->hip = estimate;
    free(coupons);
}

static void to_set(Sketch *s, int lg)
{
    uint32_t *old = s->coupons;
    size_t n = (size_t)1 << s->lg_coupons;
    s->coupons = room((size_t)1 << lg, sizeof *s->coupons);
    s->lg_coupons = lg;
    s->mode = MODE_SET;
    for (size_t i = 0; i < n; i++)
        if (old[i])
            *find_coupon(s->coupons, lg, old[i]) = old[i];
    free(old);
}

static void sketch_add(Sketch *s, uint32_t coupon)
{
    if (s->mode == MODE_HLL) {
        add_register(s, coupon & ((1u << s->lg) - 1), (int)(coupon >> SLOT_BITS));
        return;
    }
    uint32_t *place = s->coupons;
    if (s->mode == MODE_SET)
        place = find_coupon(s->coupons, s->lg_coupons, coupon);
    else
        while (*place && *place != coupon) /* a list that is full became a set */
            place++;
    if (*place == coupon)
        return;
    *place = coupon;
    s->count++;
    if (s->mode == MODE_LIST && s->count == 1 << LG_LIST) {
        if (s->lg < LG_SET_LEAST)
            to_registers(s);
        else
            to_set(s, LG_SET);
    } else if (s->mode == MODE_SET && 4 * s->count > 3 << s->lg_coupons) {
        if (s->lg_coupons == s->lg - 3)
            to_registers(s);
        else
            to_set(s, s->lg_coupons + 1);
    }
}

/* ---------------------------------------------------------------- unions */
/* What a merge of registers left out. */
static void rebuild(Sketch *s)
{
    if (!s->rebuild || s->mode != MODE_HLL)
        return;
    s->kxq0 = (double)((int64_t)1 << s->lg);
    s->kxq1 = 0;
    s->least = 64;
    s->at_least = 0;
    for (size_t i = 0; i < (size_t)1 << s->lg; i++) {
        int v = s->slots[i];
        if (v)
            *(v < HIP_SPLIT ? &s->kxq0 : &s->kxq1) += ldexp(1, -v) - 1;
        if (v < s->least) {
            s->least = v;
            s->at_least = 0;
        }
        s->at_least += v == s->least;
    }
    s->rebuild = false;
}

static Sketch downsampled(const Sketch *s, int lg)
{
    Sketch out = { 0 };
    start_registers(&out, lg);
    for (uint32_t i = 0; i < 1u << s->lg; i++)
        if (s->slots[i])
            add_register(&out, i & ((1u << lg) - 1), s->slots[i]);
    out.hip = s->merged ? 0 : s->hip;
    out.merged = s->merged;
    return out;
}

static void add_coupons(Sketch *to, const Sketch *from)
{
    for (size_t i = 0; i < (size_t)1 << from->lg_coupons; i++)
        if (from->coupons[i] >> SLOT_BITS)
            sketch_add(to, from->coupons[i]);
}

/* `to` becomes `out`, but for what an aggregate keeps. */
static void replace(Sketch *to, Sketch out)
{
    out.any = to->any;
    sketch_done(to);
    *to = out;
}

/* Union.update: `lg` is the union's own, the most it has. `heap`: the source is no wrapped memory, a set of which is taken as it is. */
static void union_add(Sketch *to, const Sketch *from, int lg, bool heap)
{
    if (from->mode != MODE_HLL) {
        if (from->mode == MODE_SET && to->mode == MODE_LIST && !to->count && from->lg == to->lg && heap) {
            replace(to, copied(from));
        } else {
            add_coupons(to, from);
        }
        return;
    }
    if (to->mode != MODE_HLL) {
        Sketch out = from->lg > lg ? downsampled(from, lg) : copied(from);
        add_coupons(&out, to);
        replace(to, out);
        return;
    }
    if (from->lg < to->lg)
        replace(to, downsampled(to, from->lg));
    for (uint32_t i = 0; i < 1u << from->lg; i++) {
        uint8_t *slot = &to->slots[i & ((1u << to->lg) - 1)];
        *slot = from->slots[i] > *slot ? from->slots[i] : *slot;
    }
    to->rebuild = to->merged = true;
    to->hip = 0;
}

/* ---------------------------------------------------------------- bytes */
static void sketch_write(K *k, const Sketch *s)
{
    unsigned char head[HLL_AT] = { s->mode == MODE_LIST ? 2 : s->mode == MODE_SET ? 3 : 10, 1, FAMILY_HLL, (unsigned char)s->lg };
    str_auto out = STR_INIT((size_t)1 << 24);
    head[7] = (unsigned char)(s->mode | BITS_8 << 2);
    if (s->mode != MODE_HLL) {
        head[4] = (unsigned char)s->lg_coupons;
        head[5] = s->count ? 0 : FLAG_EMPTY;
        if (s->mode == MODE_LIST)
            head[6] = (unsigned char)s->count;
        else
            memcpy(head + LIST_AT, &s->count, 4);
        str_addn(&out, head, s->mode == MODE_LIST ? LIST_AT : SET_AT);
        str_addn(&out, s->coupons, sizeof *s->coupons << s->lg_coupons);
    } else {
        head[5] = (unsigned char)((s->merged ? FLAG_MERGED : 0) | (s->rebuild ? FLAG_REBUILD : 0));
        head[6] = (unsigned char)s->least;
        memcpy(head + 8, &s->hip, 8);
        memcpy(head + 16, &s->kxq0, 8);
        memcpy(head + 24, &s->kxq1, 8);
        memcpy(head + 32, &s->at_least, 4);
        str_addn(&out, head, HLL_AT);
        str_addn(&out, s->slots, (size_t)1 << s->lg);
    }
    k_set_str(k, str_text(&out), out.len);
}

static bool read_coupons(View v, Sketch *s)
{
    const unsigned char *head = (const unsigned char *)v.data;
    size_t at = s->mode == MODE_LIST ? LIST_AT : SET_AT;
    int32_t count = head[6];
    if (s->mode == MODE_SET)
        memcpy(&count, head + LIST_AT, 4);
    if (count < 0 || count >= 1 << (s->mode == MODE_LIST ? LG_LIST : LG_MOST) || (s->mode == MODE_SET && s->lg < LG_SET_LEAST))
        return false;
    bool compact = head[5] & FLAG_COMPACT || s->mode == MODE_LIST;
    int lg = s->mode == MODE_LIST ? LG_LIST : head[4] < LG_SET ? LG_SET : head[4];
    while (s->mode == MODE_SET && head[4] < LG_SET && 4 * (int64_t)count > (int64_t)3 << lg)
        lg++;
    if (lg > LG_MOST || (v.len - at) / sizeof *s->coupons < (compact ? (size_t)count : (size_t)1 << lg))
        return false;
    s->lg_coupons = compact && s->mode == MODE_SET ? LG_SET : lg;
    s->coupons = room((size_t)1 << s->lg_coupons, sizeof *s->coupons);
    if (!compact || s->mode == MODE_LIST) {
        s->count = count;
        memcpy(s->coupons, v.data + at, sizeof *s->coupons * (compact ? (size_t)count : (size_t)1 << lg));
        return true;
    }
    for (int32_t i = 0; i < count; i++) {
        uint32_t coupon;
        memcpy(&coupon, v.data + at + 4 * (size_t)i, 4);
        sketch_add(s, coupon);
    }
    return true;
}

/* The registers that do not fit in 4 bits stand behind the others, with their slots. */
static bool read_aux(View v, Sketch *s, size_t at)
{
    const unsigned char *head = (const unsigned char *)v.data;
    int32_t count;
    memcpy(&count, head + 36, 4);
    size_t n = head[5] & FLAG_COMPACT ? (size_t)count : (size_t)1 << (head[4] & 31);
    if (count <= 0)
        return count == 0;
    if ((v.len - at) / 4 < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t pair;
        memcpy(&pair, v.data + at + 4 * i, 4);
        if (pair)
            s->slots[pair & ((1u << s->lg) - 1)] = (uint8_t)(pair >> SLOT_BITS);
    }
    return true;
}

static bool read_registers(View v, Sketch *s, int bits)
{
    const unsigned char *head = (const unsigned char *)v.data, *at = head + HLL_AT;
    size_t k = (size_t)1 << s->lg, bytes = bits == 4 ? k / 2 : bits == 6 ? k * 3 / 4 + 1 : k;
    if (v.len < HLL_AT + bytes)
        return false;
    s->slots = room(k, 1);
    s->merged = head[5] & FLAG_MERGED;
    s->rebuild = bits == 8 && head[5] & FLAG_REBUILD;
    memcpy(&s->hip, head + 8, 8);
    memcpy(&s->kxq0, head + 16, 8);
    memcpy(&s->kxq1, head + 24, 8);
    memcpy(&s->at_least, head + 32, 4);
    s->least = head[6];
    for (size_t i = 0; i < k; i++) {
        size_t bit = i * 6;
        s->slots[i] = bits == 8   ? (uint8_t)(at[i] & 63)
                      : bits == 6 ? (uint8_t)((at[bit / 8] | at[bit / 8 + 1] << 8) >> bit % 8 & 63)
                                  : (uint8_t)((at[i / 2] >> (i % 2 ? 4 : 0) & 15) + s->least);
    }
    if (bits == 4 && !read_aux(v, s, HLL_AT + bytes))
        return false;
    return true;
}

/* False: it is no sketch of this kind. */
static bool sketch_read(View v, Sketch *s)
{
    static const unsigned char ints[] = { 2, 3, 10 };
    const unsigned char *head = (const unsigned char *)v.data;
    *s = (Sketch){ 0 };
    if (v.len < 8 || head[1] != 1 || head[2] != FAMILY_HLL || (head[7] & 3) > MODE_HLL || (head[7] >> 2 & 3) > BITS_8)
        return false;
    s->mode = (Mode)(head[7] & 3);
    if ((head[0] & 0x3F) != ints[s->mode] || v.len < 4 * (size_t)ints[s->mode] || (s->mode == MODE_HLL && head[6] > VALUE_MOST) || head[3] < LG_LEAST || head[3] > LG_MOST)
        return false;
    s->lg = head[3];
    return s->mode == MODE_HLL ? read_registers(v, s, 4 + 2 * (head[7] >> 2 & 3)) : read_coupons(v, s);
}

/* ---------------------------------------------------------------- aggregates */
static void agg_update(const K *k, void *state)
{
    sketch_start(state, k_i32(k, 1));
    sketch_add(state, (uint32_t)k_i32(k, 0));
}

static void agg_merge(void *state, const void *other)
{
    Sketch *l = state;
    const Sketch *r = other;
    if (!r->lg || l->other_lg)
        return;
    if (!l->lg) {
        *l = copied(r);
        return;
    }
    union_add(l, r, l->lg, true);
    rebuild(l);
}

static void agg_result(K *k, const void *state)
{
    Sketch *s = (Sketch *)(uintptr_t)state; /* rebuilding loses nothing */
    if (!s->lg) {
        k_null(k);
        return;
    }
    rebuild(s);
    sketch_write(k, s);
}

/* Sketches of another size end the query, in union_checked: an aggregate cannot say it. */
static bool may_join(Sketch *s, int lg)
{
    if (!s->any && s->lg != lg && !s->other_lg)
        s->other_lg = lg;
    return !s->other_lg;
}

static void union_update(const K *k, void *state)
{
    Sketch *s = state, one;
    if (sketch_read(k_str(k, 0), &one)) { /* the query checked it */
        rebuild(&one);
        sketch_start(s, one.lg);
        s->any = k_bool(k, 1);
        if (may_join(s, one.lg))
            union_add(s, &one, s->lg, false);
    }
    sketch_done(&one);
}

static void union_merge(void *state, const void *other)
{
    Sketch *l = state;
    const Sketch *r = other;
    if (!l->lg || !r->lg)
        agg_merge(l, r);
    else if (may_join(l, r->lg) && !r->other_lg)
        agg_merge(l, r);
    else if (!l->other_lg)
        l->other_lg = r->other_lg;
}

static void union_result(K *k, const void *state)
{
    const Sketch *s = state;
    unsigned char lgs[2] = { (unsigned char)s->lg, (unsigned char)s->other_lg };
    if (s->other_lg)
        k_set_str(k, (const char *)lgs, sizeof lgs);
    else
        agg_result(k, state);
}

/* ---------------------------------------------------------------- functions of sketches */
static bool read_argument(K *k, size_t arg, const char *function, Sketch *ret)
{
    if (sketch_read(k_str(k, arg), ret)) {
        rebuild(ret);
        return true;
    }
    k_fail(k, "HLL_INVALID_INPUT_SKETCH_BUFFER", "function", function, NULL);
    return false;
}

static void different(K *k, int left, int right, const char *function)
{
    char l[12], r[12];
    snprintf(l, sizeof l, "%d", left);
    snprintf(r, sizeof r, "%d", right);
    k_fail(k, "HLL_UNION_DIFFERENT_LG_K", "left", l, "right", r, "function", function, NULL);
}

static void estimate(K *k)
{
    Sketch s;
    if (read_argument(k, 0, "`hll_sketch_estimate`", &s))
        k_set_i64(k, (int64_t)floor(estimate_of(&s) + 0.5));
    sketch_done(&s);
}

static void union_of(K *k)
{
    Sketch l, r = { 0 }, out = { 0 };
    const char *function = "`hll_union`";
    if (read_argument(k, 0, function, &l) && read_argument(k, 1, function, &r)) {
        if (l.lg != r.lg && !k_bool(k, 2)) {
            different(k, l.lg, r.lg, function);
        } else {
            int lg = l.lg < r.lg ? l.lg : r.lg;
            sketch_start(&out, lg);
            union_add(&out, &l, lg, true);
            union_add(&out, &r, lg, true);
            rebuild(&out);
            sketch_write(k, &out);
        }
    }
    sketch_done(&l);
    sketch_done(&r);
    sketch_done(&out);
}

/* What hll_union_agg is given: no sketch is an error. */
static void checked(K *k)
{
    Sketch s;
    if (read_argument(k, 0, "`hll_union_agg`", &s))
        k_set_view(k, k_str(k, 0));
    sketch_done(&s);
}

/* What the aggregate gave: two bytes are the sizes that it may not join. */
static void union_checked(K *k)
{
    View v = k_str(k, 0);
    if (v.len == 2)
        different(k, (unsigned char)v.data[0], (unsigned char)v.data[1], "`hll_union_agg`");
    else
        k_set_view(k, v);
}

static void empty_sketch(K *k)
{
    Sketch s = { 0 };
    sketch_start(&s, k_i32(k, 0));
    sketch_write(k, &s);
    sketch_done(&s);
}

static void give_coupon(K *k, View bytes)
{
    uint64_t hash[2];
    if (!bytes.len) { /* nothing is not counted */
        k_null(k);
        return;
    }
    kernel_murmur3_128(bytes, hash);
    int zeros = hash[1] ? __builtin_clzll(hash[1]) : 64;
    uint32_t value = (uint32_t)(zeros > 62 ? 62 : zeros) + 1;
    k_set_i32(k, (int32_t)(value << SLOT_BITS | (uint32_t)(hash[0] & ((1u << SLOT_BITS) - 1))));
}

static void coupon_long(K *k)
{
    int64_t x = k_i64(k, 0);
    give_coupon(k, (View){ (const char *)&x, sizeof x });
}

static void coupon_bytes(K *k)
{
    give_coupon(k, k_str(k, 0));
}

const AggregateRow aggregates_hll[] = {
    { "spark_hll_agg", "ii:B", sizeof(Sketch), agg_update, agg_merge, agg_result, sketch_done, 0 },
    { "spark_hll_union_agg", "Bb:B", sizeof(Sketch), union_update, union_merge, union_result, sketch_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
const Kernel kernels_hll[] = {
    { "spark_hll_coupon", "l:i", coupon_long, 0 },
    { "spark_hll_coupon", "B:i", coupon_bytes, 0 },
    { "spark_hll_checked", "B:B", checked, 0 },
    { "spark_hll_union_checked", "B:B", union_checked, 0 },
    { "spark_hll_empty", "i:B", empty_sketch, 0 },
    { "spark_hll_estimate", "B:l", estimate, 0 },
    { "spark_hll_union", "BBb:B", union_of, 0 },
    { NULL, NULL, NULL, 0 },
};
