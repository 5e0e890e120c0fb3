/* back/duckdb/aggregate_running.c -- sums of doubles over a window's frames, row by row as Spark adds them: spark_running_sum and its kin.
 *
 * The engine makes a tree of states, 16 rows or 16 states to each, and puts a frame together from the rows at its ends and the states in
 * between. Merged sums have other last digits than sums of rows. So a state here is the list of what went into it, rows and states of the
 * tree, and only its result adds them up, from the first to the last. A frame that begins where its partition does comes to a state of the
 * tree with the same sum each time, so each state of the tree remembers one sum before and after it: a frame costs what the tree is high.
 * Frames that begin anywhere are added up anew, as in Spark, so they should be short.
 * Only for windows: a state that was merged is looked at until the result. Source: WindowFunctionFrame, AggregateProcessor. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/moments.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct Sum {
    double n, sum;
} Sum;

enum { MOST_WORDS = sizeof(Line) / sizeof(double) }; /* totals are made of doubles alone */

/* What went in, in runs: a header, then rows of one value or two, or states of the tree. */
typedef union Cell {
    struct {
        uint32_t count;
        bool inner;
    } run;
    double value;
    const struct Running *inner;
} Cell;

typedef struct Running {
    Cell *cells;
    uint32_t len, cap, header; /* header: of the last run */
    _Atomic(double *) memo;    /* the total before this and after it; set once, by whichever thread comes first */
} Running;

static void put_cell(Running *r, Cell cell)
{
    enum { FIRST_CELLS = 17, GROWTH = 4 }; /* a state of the tree has no more, a frame's some 60 */
    if (r->len == r->cap) {
        uint32_t cap = r->cap ? GROWTH * r->cap : FIRST_CELLS;
        Cell *cells = realloc(r->cells, cap * sizeof *cells);
        if (!cells)
            abort();
        r->cells = cells;
        r->cap = cap;
    }
    r->cells[r->len++] = cell;
}

/* One more in the last run, or the first of a new one. */
static void count_one(Running *r, bool inner)
{
    if (!r->len || r->cells[r->header].run.inner != inner) {
        r->header = r->len;
        put_cell(r, (Cell){ .run = { 0, inner } });
    }
    r->cells[r->header].run.count++;
}

static void running_update(const K *k, void *state)
{
    count_one(state, false);
    put_cell(state, (Cell){ .value = k_f64(k, 0) });
}

static void running_update_pair(const K *k, void *state)
{
    running_update(k, state);
    put_cell(state, (Cell){ .value = k_f64(k, 1) });
}

static void running_merge(void *state, const void *other)
{
    if (!((const Running *)other)->len)
        return;
    count_one(state, true);
    put_cell(state, (Cell){ .inner = other });
}

typedef struct Adding {
    void (*add)(void *total, const double *values);
    uint32_t values; /* of a row */
    size_t words;    /* of the total */
    double total[MOST_WORDS];
} Adding;

static void add_cells(const Running *r, Adding *a);

/* Bit for bit. */
static bool same_words(const double *a, const double *b, size_t words)
{
    uint64_t differ = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t x, y;
        memcpy(&x, &a[i], sizeof x);
        memcpy(&y, &b[i], sizeof y);
        differ |= x ^ y;
    }
    return !differ;
}

static void add_inner(const Running *r, Adding *a)
{
    const double *known = atomic_load_explicit(&r->memo, memory_order_acquire);
    if (known && same_words(known, a->total, a->words)) {
        for (size_t i = 0; i < a->words; i++)
            a->total[i] = known[a->words + i];
        return;
    }
    double *made = known ? NULL : malloc(2 * a->words * sizeof *made), *none = NULL;
    if (made)
        memcpy(made, a->total, a->words * sizeof *made);
    add_cells(r, a);
    if (!made)
        return;
    memcpy(made + a->words, a->total, a->words * sizeof *made);
    if (!atomic_compare_exchange_strong_explicit(&((Running *)(uintptr_t)r)->memo, &none, made, memory_order_release, memory_order_relaxed))
        free(made);
}

static void add_cells(const Running *r, Adding *a)
{
    for (uint32_t at = 0; at < r->len;) {
        const Cell *run = &r->cells[at++];
        for (uint32_t i = 0; i < run->run.count; i++) {
            if (run->run.inner)
                add_inner(r->cells[at].inner, a);
            else
                a->add(a->total, &r->cells[at].value);
            at += run->run.inner ? 1 : a->values;
        }
    }
}

static void running_done(void *state)
{
    Running *r = state;
    free(r->cells);
    free(atomic_load_explicit(&r->memo, memory_order_relaxed));
}

/* ---------------------------------------------------------------- sums and averages */
static void sum_add(void *total, const double *values)
{
    Sum *s = total;
    s->n += 1.0;
    s->sum += values[0];
}

static void moments_sum(K *k, const void *total)
{
    const Sum *s = total;
    if (s->n != 0)
        k_set_f64(k, s->sum);
    else
        k_null(k);
}

static void moments_avg(K *k, const void *total)
{
    const Sum *s = total;
    if (s->n != 0)
        k_set_f64(k, s->sum / s->n);
    else
        k_null(k);
}

#define SUMS(X) X(sum) X(avg)
#define RESULT(name, adds, width, state_type)               \
    static void running_##name(K *k, const void *state)     \
    {                                                       \
        Adding a = { .add = adds, .values = width, .words = sizeof(state_type) / sizeof(double) }; \
        add_cells(state, &a);                               \
        moments_##name(k, a.total);                         \
    }
#define OF_SUM(name) RESULT(name, sum_add, 1, Sum)
#define OF_ONE(name) RESULT(name, moments_add, 1, Moments)
#define OF_TWO(name) RESULT(name, moments_add_pair, 2, Pair)
#define OF_LINE(name) RESULT(name, moments_add_line, 2, Line)
SUMS(OF_SUM) MOMENTS_ONE(OF_ONE) MOMENTS_TWO(OF_TWO) MOMENTS_LINE(OF_LINE)

#define ONE(name) { "spark_running_" #name, "d:d", sizeof(Running), running_update, running_merge, running_##name, running_done, 0 },
#define TWO(name) { "spark_running_" #name, "dd:d", sizeof(Running), running_update_pair, running_merge, running_##name, running_done, 0 },
const AggregateRow aggregates_running[] = {
    SUMS(ONE) MOMENTS_ONE(ONE) MOMENTS_TWO(TWO) MOMENTS_LINE(TWO)
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
