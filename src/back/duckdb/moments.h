/* back/duckdb/moments.h -- sums of powers of one variable or two, a row at a time as Spark adds it, and what is told from them. `values`: x, or x
 * and y. States begin zeroed. Source: CentralMomentAgg, Covariance, PearsonCorrelation, RegrSlope, RegrIntercept. */
#ifndef WEIR_BACK_DUCKDB_MOMENTS_H
#define WEIR_BACK_DUCKDB_MOMENTS_H
#include "back/duckdb/kernel.h"

typedef struct Moments {
    double n, mean, m2, m3, m4;
} Moments;

typedef struct Pair {
    double n, x_mean, y_mean, xy, xx, yy;
} Pair;

/* Slope and intercept join a covariance with a variance, each updated in its own way. */
typedef struct Line {
    Pair pair;
    Moments x;
} Line;

void moments_add(void *state, const double *values);
void moments_add_pair(void *state, const double *values);
void moments_add_line(void *state, const double *values);

/* The results: of Moments, of a Pair, of a Line. NULL at k->row where there is none. */
#define MOMENTS_ONE(X) X(var_pop) X(stddev_pop) X(var_samp) X(stddev_samp) X(skewness) X(kurtosis) X(square_sum)
#define MOMENTS_TWO(X) X(covar_pop) X(covar_samp) X(corr) X(product_sum) X(regr_r2)
#define MOMENTS_LINE(X) X(regr_slope) X(regr_intercept)
#define RESULT(name) void moments_##name(K *k, const void *state);
MOMENTS_ONE(RESULT) MOMENTS_TWO(RESULT) MOMENTS_LINE(RESULT)
#undef RESULT

#endif
