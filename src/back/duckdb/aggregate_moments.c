/* back/duckdb/aggregate_moments.c -- variance and its kin, covariance, correlation, regression: one pass, with the very
 * updates and merges of Spark, so that digits and NaN come out the same. Source: CentralMomentAgg, Covariance, Corr,
 * linearRegression.scala. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/moments.h"

#include <math.h>

/* ---------------------------------------------------------------- one variable */
void moments_add(void *state, const double *values)
{
    Moments *s = state;
    double n = s->n + 1.0, delta = values[0] - s->mean, delta_n = delta / n, delta2 = delta * delta, delta_n2 = delta_n * delta_n;
    s->mean = s->mean + delta_n;
    s->m2 = s->m2 + delta * (delta - delta_n);
    s->m3 = s->m3 - 3.0 * delta_n * s->m2 + delta * (delta2 - delta_n2);
    s->m4 = s->m4 - 4.0 * delta_n * s->m3 - 6.0 * delta_n2 * s->m2 + delta * (delta * delta2 - delta_n * delta_n2);
    s->n = n;
}

static void moments_update(const K *k, void *state)
{
    double x = k_f64(k, 0);
    moments_add(state, &x);
}

static void moments_merge(void *state, const void *other)
{
    Moments *l = state;
    const Moments *r = other;
    double n1 = l->n, n2 = r->n, n = n1 + n2, delta = r->mean - l->mean, d = n == 0 ? 0 : delta / n;
    Moments out = { .n = n, .mean = l->mean + d * n2, .m2 = l->m2 + r->m2 + delta * d * n1 * n2 };
    out.m3 = l->m3 + r->m3 + d * d * delta * n1 * n2 * (n1 - n2) + 3.0 * d * (n1 * r->m2 - n2 * l->m2);
    out.m4 = l->m4 + r->m4 + d * d * d * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
             6.0 * d * d * (n1 * n1 * r->m2 + n2 * n2 * l->m2) + 4.0 * d * (n1 * r->m3 - n2 * l->m3);
    if (n2 != 0)
        *l = out;
}

/* NULL without rows, and where Spark divides by zero rows. */
static void give(K *k, bool some, double value)
{
    if (some)
        k_set_f64(k, value);
    else
        k_null(k);
}

#define MOMENT(name, some, value)                     \
    void moments_##name(K *k, const void *state)      \
    {                                                 \
        const Moments *s = state;                     \
        give(k, s->n != 0 && (some), (value));        \
    }
MOMENT(var_pop, true, s->m2 / s->n)
MOMENT(stddev_pop, true, sqrt(s->m2 / s->n))
MOMENT(var_samp, s->n != 1, s->m2 / (s->n - 1.0))
MOMENT(stddev_samp, s->n != 1, sqrt(s->m2 / (s->n - 1.0)))
MOMENT(skewness, s->m2 != 0, sqrt(s->n) * s->m3 / sqrt(s->m2 * s->m2 * s->m2))
MOMENT(kurtosis, s->m2 != 0, s->n * s->m4 / (s->m2 * s->m2) - 3.0)
MOMENT(square_sum, true, s->m2)
#undef MOMENT

/* ---------------------------------------------------------------- two variables */
void moments_add_pair(void *state, const double *values)
{
    Pair *s = state;
    double n = s->n + 1.0, x = values[0], y = values[1], dx = x - s->x_mean, dy = y - s->y_mean;
    s->x_mean = s->x_mean + dx / n;
    s->y_mean = s->y_mean + dy / n;
    s->xy = s->xy + dx * (y - s->y_mean);
    s->xx = s->xx + dx * (x - s->x_mean);
    s->yy = s->yy + dy * (y - s->y_mean);
    s->n = n;
}

static void pair_update(const K *k, void *state)
{
    moments_add_pair(state, (double[]){ k_f64(k, 0), k_f64(k, 1) });
}

static void pair_merge(void *state, const void *other)
{
    Pair *l = state;
    const Pair *r = other;
    double n1 = l->n, n2 = r->n, n = n1 + n2, dx = r->x_mean - l->x_mean, dy = r->y_mean - l->y_mean;
    double dx_n = n == 0 ? 0 : dx / n, dy_n = n == 0 ? 0 : dy / n;
    if (n2 == 0)
        return;
    *l = (Pair){ .n = n, .x_mean = l->x_mean + dx_n * n2, .y_mean = l->y_mean + dy_n * n2, .xy = l->xy + r->xy + dx * dy_n * n1 * n2,
                 .xx = l->xx + r->xx + dx * dx_n * n1 * n2, .yy = l->yy + r->yy + dy * dy_n * n1 * n2 };
}

#define PAIR(name, some, value)                       \
    void moments_##name(K *k, const void *state)      \
    {                                                 \
        const Pair *s = state;                        \
        give(k, s->n != 0 && (some), (value));        \
    }
PAIR(covar_pop, true, s->xy / s->n)
PAIR(covar_samp, s->n != 1, s->xy / (s->n - 1.0))
/* Infinity: divided by zero, which the caller makes an error or NULL. */
PAIR(corr, s->n != 1, s->xx * s->yy == 0 ? (double)INFINITY : s->xy / sqrt(s->xx * s->yy))
PAIR(product_sum, true, s->xy)

/* The regressions: x is the independent variable. */
static double squared(double x)
{
    return x * x;
}
PAIR(regr_r2, s->xx != 0, s->yy == 0 ? 1.0 : squared(s->xy / sqrt(s->xx * s->yy)))
#undef PAIR

void moments_add_line(void *state, const double *values)
{
    Line *s = state;
    moments_add_pair(&s->pair, values);
    moments_add(&s->x, values);
}

static void line_update(const K *k, void *state)
{
    moments_add_line(state, (double[]){ k_f64(k, 0), k_f64(k, 1) });
}

static void line_merge(void *state, const void *other)
{
    Line *l = state;
    const Line *r = other;
    pair_merge(&l->pair, &r->pair);
    moments_merge(&l->x, &r->x);
}

void moments_regr_slope(K *k, const void *state)
{
    const Line *s = state;
    give(k, s->x.n != 0 && s->x.m2 != 0, s->pair.xy / s->x.m2);
}

void moments_regr_intercept(K *k, const void *state)
{
    const Line *s = state;
    give(k, s->x.n != 0 && s->x.m2 != 0, s->pair.y_mean - s->pair.xy / s->x.m2 * s->pair.x_mean);
}

#define ONE(name) { "spark_" #name, "d:d", sizeof(Moments), moments_update, moments_merge, moments_##name, NULL, 0 },
#define TWO(name) { "spark_" #name, "dd:d", sizeof(Pair), pair_update, pair_merge, moments_##name, NULL, 0 },
#define LINE(name) { "spark_" #name, "dd:d", sizeof(Line), line_update, line_merge, moments_##name, NULL, 0 },
const AggregateRow aggregates_moments[] = {
    MOMENTS_ONE(ONE) MOMENTS_TWO(TWO) MOMENTS_LINE(LINE)
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
