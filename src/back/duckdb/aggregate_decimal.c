/* back/duckdb/aggregate_decimal.c -- sums of decimals of 38 digits, as Spark adds them: once a sum has more digits, at whatever row,
 * it has overflown for good (spark_window_sum_decimal_<s>: not so). The engine's own fails beyond 128 bits, and knows of nothing before. spark_sum_decimal_<s> takes and gives
 * DECIMAL(38, s); the result of an overflow has more digits than that, for the caller's check. Source: Sum, Average. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/convert.h"

enum { MOST_DIGITS = 38 };

typedef struct DecimalSum {
    i128 sum;
    bool some, overflown;
} DecimalSum;

static void sum_add(DecimalSum *s, i128 value)
{
    i128 limit = power_of_ten(MOST_DIGITS);
    s->some = true;
    s->overflown = s->overflown || __builtin_add_overflow(s->sum, value, &s->sum) || s->sum >= limit || s->sum <= -limit;
}

static void sum_update(const K *k, void *state)
{
    sum_add(state, k_i128(k, 0));
}

static void sum_merge(void *state, const void *other)
{
    DecimalSum *l = state;
    const DecimalSum *r = other;
    if (r->some)
        sum_add(l, r->sum);
    l->overflown = l->overflown || r->overflown;
}

static void sum_result(K *k, const void *state)
{
    const DecimalSum *s = state;
    if (s->some)
        k_set_i128(k, s->overflown ? power_of_ten(MOST_DIGITS) : s->sum);
    else
        k_null(k);
}

/* Over a window, and without groups, nothing is stored between rows: a sum may come back. */
typedef struct WideSum {
    i128 sum;
    int64_t wraps; /* past the ends of 128 bits */
    bool some;
} WideSum;

static void wide_add(WideSum *s, i128 value)
{
    s->some = true;
    if (__builtin_add_overflow(s->sum, value, &s->sum))
        s->wraps += value > 0 ? 1 : -1;
}

static void wide_update(const K *k, void *state)
{
    wide_add(state, k_i128(k, 0));
}

static void wide_merge(void *state, const void *other)
{
    WideSum *l = state;
    const WideSum *r = other;
    if (!r->some)
        return;
    wide_add(l, r->sum);
    l->wraps += r->wraps;
}

static void wide_result(K *k, const void *state)
{
    const WideSum *s = state;
    i128 limit = power_of_ten(MOST_DIGITS);
    if (s->some)
        k_set_i128(k, s->wraps || s->sum >= limit || s->sum <= -limit ? limit : s->sum);
    else
        k_null(k);
}

#define ROW(s)                                                                                                      \
    { "spark_sum_decimal_" #s, #s ":" #s, sizeof(DecimalSum), sum_update, sum_merge, sum_result, NULL, 0 },          \
    { "spark_window_sum_decimal_" #s, #s ":" #s, sizeof(WideSum), wide_update, wide_merge, wide_result, NULL, 0 },
const AggregateRow aggregates_decimal[] = { EACH_SCALE(ROW) { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 } };
