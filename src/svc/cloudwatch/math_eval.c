/* svc/cloudwatch/math_eval.c -- metric math, tree to value. A result without a meaning (a division by zero, the logarithm of a negative
 * number) has no data point, as in CloudWatch; two time series meet where both have one. */
#include "base/str.h"
#include "svc/cloudwatch/math.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* --- values --- */

static MathValue scalar_value(double d)
{
    return (MathValue){ .kind = MATH_SCALAR, .scalar = d };
}

static Line *line_new(Arena *a, const Line *like)
{
    Line *line = ARENA_NEW(a, Line);
    if (like)
        *line = *like;
    memset(&line->samples, 0, sizeof line->samples);
    return line;
}

static MathValue line_value(Arena *a, Line *line)
{
    MathValue v = { .kind = MATH_LINES };
    vec_push(a, &v.lines, line);
    return v;
}

static void add_sample(Arena *a, Line *line, int64_t time_s, double value)
{
    if (isfinite(value))
        vec_push(a, &line->samples, (Sample){ time_s, value });
}

static Status bad_type(const MathNode *node, const char *wanted, Error *err)
{
    return cw_validation(err, "Error in expression: %s expects %s", node->text, wanted);
}

static Status eval_argument(QuerySet *set, const MathNode *node, size_t i, MathValue *ret_value, Error *err)
{
    return math_eval(set, node->items.at[i], ret_value, err);
}

static Status scalar_argument(QuerySet *set, const MathNode *node, size_t i, double *ret_scalar, Error *err)
{
    MathValue v = { 0 };
    TRY(eval_argument(set, node, i, &v, err));
    if (v.kind != MATH_SCALAR)
        return bad_type(node, "a number", err);
    *ret_scalar = v.scalar;
    return ST_OK;
}

static Status lines_argument(QuerySet *set, const MathNode *node, size_t i, MathValue *ret_value, Error *err)
{
    TRY(eval_argument(set, node, i, ret_value, err));
    return ret_value->kind == MATH_LINES ? ST_OK : bad_type(node, "a time series", err);
}

/* --- operators --- */

static double operate(char first, char second, double x, double y)
{
    switch (first) {
    case '+': return x + y;
    case '-': return x - y;
    case '*': return x * y;
    case '/': return y == 0 ? NAN : x / y; /* NOLINT: exactly zero */
    case '^': return pow(x, y);
    case '=': return x == y;
    case '!': return x != y;
    case '<': return second ? x <= y : x < y;
    case '>': return second ? x >= y : x > y;
    case '&': return x != 0 && y != 0;
    default: return x != 0 || y != 0;
    }
}

static Line *line_with_scalar(Arena *a, const char *op, const Line *line, double scalar, bool scalar_first)
{
    Line *made = line_new(a, line);
    for (size_t i = 0; i < line->samples.len; i++) {
        double value = line->samples.at[i].value;
        add_sample(a, made, line->samples.at[i].time_s, scalar_first ? operate(op[0], op[1], scalar, value) : operate(op[0], op[1], value, scalar));
    }
    return made;
}

static Line *line_with_line(Arena *a, const char *op, const Line *x, const Line *y)
{
    Line *made = line_new(a, x);
    for (size_t i = 0, j = 0; i < x->samples.len && j < y->samples.len;) {
        Sample s = x->samples.at[i], t = y->samples.at[j];
        if (s.time_s == t.time_s)
            add_sample(a, made, s.time_s, operate(op[0], op[1], s.value, t.value));
        i += s.time_s <= t.time_s;
        j += t.time_s <= s.time_s;
    }
    return made;
}

static Status eval_operator(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue x = { 0 }, y = { 0 }, made = { .kind = MATH_LINES };
    const char *op = node->text;
    TRY(eval_argument(set, node, 0, &x, err));
    TRY(eval_argument(set, node, 1, &y, err));
    if (x.kind == MATH_SCALAR && y.kind == MATH_SCALAR) {
        *ret_value = scalar_value(operate(op[0], op[1], x.scalar, y.scalar));
        return ST_OK;
    }
    made.array = x.array || y.array;
    bool one_x = x.kind == MATH_LINES && !x.array, one_y = y.kind == MATH_LINES && !y.array;
    size_t nx = x.lines.len, ny = y.lines.len, n = nx > ny ? nx : ny;
    if (x.array && y.array && nx != ny)
        return cw_validation(err, "Error in expression: %s is not defined for arrays of different lengths (%zu and %zu)", op, nx, ny);
    if ((one_x && y.array) || (x.kind == MATH_SCALAR))
        n = ny;
    if ((one_y && x.array) || (y.kind == MATH_SCALAR))
        n = nx;
    for (size_t i = 0; i < n; i++) {
        const Line *left = x.kind == MATH_LINES ? x.lines.at[one_x ? 0 : i] : NULL, *right = y.kind == MATH_LINES ? y.lines.at[one_y ? 0 : i] : NULL;
        Line *line = left && right ? line_with_line(set->arena, op, left, right)
                     : left        ? line_with_scalar(set->arena, op, left, y.scalar, false)
                                   : line_with_scalar(set->arena, op, right, x.scalar, true);
        vec_push(set->arena, &made.lines, line);
    }
    *ret_value = made;
    return ST_OK;
}

/* --- one value after the other --- */

static double apply(const char *name, double d)
{
    if (str_ieq(name, "ABS"))
        return fabs(d);
    if (str_ieq(name, "CEIL"))
        return ceil(d);
    if (str_ieq(name, "FLOOR"))
        return floor(d);
    if (str_ieq(name, "LOG10"))
        return d > 0 ? log10(d) : NAN;
    return d > 0 ? log(d) : NAN;
}

static double calendar(const char *name, int64_t time_s)
{
    struct tm tm;
    time_t t = (time_t)time_s;
    gmtime_r(&t, &tm);
    if (str_ieq(name, "MINUTE"))
        return tm.tm_min;
    if (str_ieq(name, "HOUR"))
        return tm.tm_hour;
    if (str_ieq(name, "DAY"))
        return tm.tm_wday ? tm.tm_wday : 7; /* Monday is 1 */
    if (str_ieq(name, "DATE"))
        return tm.tm_mday;
    if (str_ieq(name, "MONTH"))
        return tm.tm_mon + 1;
    return str_ieq(name, "YEAR") ? tm.tm_year + 1900 : (double)time_s;
}

typedef void (*LineMaker)(Arena *a, const char *name, const Line *from, Line *to);

static void make_applied(Arena *a, const char *name, const Line *from, Line *to)
{
    for (size_t i = 0; i < from->samples.len; i++)
        add_sample(a, to, from->samples.at[i].time_s, apply(name, from->samples.at[i].value));
}

static void make_calendar(Arena *a, const char *name, const Line *from, Line *to)
{
    for (size_t i = 0; i < from->samples.len; i++)
        add_sample(a, to, from->samples.at[i].time_s, calendar(name, from->samples.at[i].time_s));
}

static void make_difference(Arena *a, const char *name, const Line *from, Line *to)
{
    for (size_t i = 1; i < from->samples.len; i++) {
        double change = from->samples.at[i].value - from->samples.at[i - 1].value;
        double seconds = (double)(from->samples.at[i].time_s - from->samples.at[i - 1].time_s);
        add_sample(a, to, from->samples.at[i].time_s, str_ieq(name, "DIFF") ? change : str_ieq(name, "RATE") ? change / seconds : seconds);
    }
}

static void make_running_sum(Arena *a, const char *name, const Line *from, Line *to)
{
    double sum = 0;
    (void)name;
    for (size_t i = 0; i < from->samples.len; i++) {
        sum += from->samples.at[i].value;
        add_sample(a, to, from->samples.at[i].time_s, sum);
    }
}

static Status each_line(QuerySet *set, const MathNode *node, LineMaker maker, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 }, made = { .kind = MATH_LINES };
    TRY(lines_argument(set, node, 0, &v, err));
    made.array = v.array;
    for (size_t i = 0; i < v.lines.len; i++) {
        Line *line = line_new(set->arena, v.lines.at[i]);
        maker(set->arena, node->text, v.lines.at[i], line);
        vec_push(set->arena, &made.lines, line);
    }
    *ret_value = made;
    return ST_OK;
}

static Status f_apply(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 };
    TRY(eval_argument(set, node, 0, &v, err));
    if (v.kind == MATH_SCALAR) {
        *ret_value = scalar_value(apply(node->text, v.scalar));
        return ST_OK;
    }
    return each_line(set, node, make_applied, ret_value, err);
}

static Status f_calendar(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    return each_line(set, node, make_calendar, ret_value, err);
}

static Status f_difference(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    return each_line(set, node, make_difference, ret_value, err);
}

static Status f_running_sum(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    return each_line(set, node, make_running_sum, ret_value, err);
}

/* --- many values into one --- */

typedef struct Sum {
    double count, sum, squares, min, max;
} Sum;

static void sum_add(Sum *s, double d)
{
    s->min = s->count == 0 || d < s->min ? d : s->min;
    s->max = s->count == 0 || d > s->max ? d : s->max;
    s->count++;
    s->sum += d;
    s->squares += d * d;
}

static double sum_value(const char *name, const Sum *s)
{
    if (str_ieq(name, "SUM"))
        return s->sum;
    if (str_ieq(name, "DATAPOINT_COUNT"))
        return s->count;
    if (s->count == 0)
        return NAN;
    if (str_ieq(name, "MIN"))
        return s->min;
    if (str_ieq(name, "MAX"))
        return s->max;
    double mean = s->sum / s->count, variance = s->squares / s->count - mean * mean;
    return str_ieq(name, "AVG") ? mean : sqrt(variance > 0 ? variance : 0);
}

static double line_statistic(const char *name, const Line *line)
{
    Sum s = { 0 };
    for (size_t i = 0; i < line->samples.len; i++)
        sum_add(&s, line->samples.at[i].value);
    return sum_value(name, &s);
}

static int by_time(const void *a, const void *b)
{
    const Sample *x = a, *y = b;
    return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

/* At each time, over the lines that have a point there. */
static Line *across(Arena *a, const char *name, const Lines *lines)
{
    VEC(Sample) all = { 0 };
    Line *made = line_new(a, lines->len ? lines->at[0] : NULL);
    for (size_t i = 0; i < lines->len; i++)
        for (size_t j = 0; j < lines->at[i]->samples.len; j++)
            vec_push(a, &all, lines->at[i]->samples.at[j]);
    if (all.len)
        qsort(all.at, all.len, sizeof(Sample), by_time);
    for (size_t i = 0; i < all.len;) {
        Sum s = { 0 };
        int64_t time_s = all.at[i].time_s;
        for (; i < all.len && all.at[i].time_s == time_s; i++)
            sum_add(&s, all.at[i].value);
        add_sample(a, made, time_s, sum_value(name, &s));
    }
    return made;
}

static Status f_aggregate(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 };
    TRY(eval_argument(set, node, 0, &v, err));
    if (v.kind == MATH_SCALAR)
        *ret_value = v;
    else if (v.array)
        *ret_value = line_value(set->arena, across(set->arena, node->text, &v.lines));
    else
        *ret_value = scalar_value(line_statistic(node->text, v.lines.at[0]));
    return ST_OK;
}

static Status f_metric_count(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 };
    TRY(lines_argument(set, node, 0, &v, err));
    *ret_value = scalar_value((double)v.lines.len);
    return ST_OK;
}

/* --- conditions and gaps --- */

static double at_time(const MathValue *v, int64_t time_s)
{
    if (v->kind == MATH_SCALAR)
        return v->scalar;
    const Line *line = v->lines.at[0];
    size_t low = 0, high = line->samples.len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (line->samples.at[middle].time_s < time_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low < line->samples.len && line->samples.at[low].time_s == time_s ? line->samples.at[low].value : NAN;
}

static Status f_if(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue condition = { 0 }, values[2] = { { 0 }, { .kind = MATH_NONE } };
    TRY(eval_argument(set, node, 0, &condition, err));
    for (size_t i = 1; i < node->items.len; i++)
        TRY(eval_argument(set, node, i, &values[i - 1], err));
    if (condition.array || values[0].array || values[1].array)
        return bad_type(node, "numbers and single time series", err);
    if (condition.kind == MATH_SCALAR) {
        *ret_value = condition.scalar != 0 ? values[0] : values[1].kind ? values[1] : line_value(set->arena, line_new(set->arena, NULL));
        return ST_OK;
    }
    const Line *c = condition.lines.at[0];
    Line *made = line_new(set->arena, c);
    for (size_t i = 0; i < c->samples.len; i++) {
        const MathValue *chosen = &values[c->samples.at[i].value != 0 ? 0 : 1];
        if (chosen->kind)
            add_sample(set->arena, made, c->samples.at[i].time_s, at_time(chosen, c->samples.at[i].time_s));
    }
    *ret_value = line_value(set->arena, made);
    return ST_OK;
}

typedef enum FillHow { FILL_VALUE, FILL_REPEAT, FILL_LINEAR } FillHow;

static double gap_value(const Line *line, size_t next, int64_t time_s, FillHow how, const MathValue *value)
{
    if (how == FILL_VALUE)
        return at_time(value, time_s);
    if (next == 0)
        return NAN;
    Sample before = line->samples.at[next - 1];
    if (how == FILL_REPEAT)
        return before.value;
    if (next == line->samples.len)
        return NAN;
    Sample after = line->samples.at[next];
    return before.value + (after.value - before.value) * (double)(time_s - before.time_s) / (double)(after.time_s - before.time_s);
}

static Line *filled(QuerySet *set, const Line *line, FillHow how, const MathValue *value)
{
    Line *made = line_new(set->arena, line);
    int64_t period = line->period_s > 0 ? line->period_s : queries_default_period(set), time_s = set->start_s;
    for (size_t next = 0; time_s < set->end_s; time_s += period) {
        while (next < line->samples.len && line->samples.at[next].time_s < time_s)
            next++;
        bool there = next < line->samples.len && line->samples.at[next].time_s == time_s;
        add_sample(set->arena, made, time_s, there ? line->samples.at[next].value : gap_value(line, next, time_s, how, value));
    }
    return made;
}

static Status f_fill(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 }, value = { 0 }, made = { .kind = MATH_LINES };
    const MathNode *with = node->items.at[1];
    FillHow how = with->kind != MATH_ID ? FILL_VALUE : str_ieq(with->text, "REPEAT") ? FILL_REPEAT : str_ieq(with->text, "LINEAR") ? FILL_LINEAR : FILL_VALUE;
    TRY(lines_argument(set, node, 0, &v, err));
    if (how == FILL_VALUE)
        TRY(eval_argument(set, node, 1, &value, err));
    if (value.array)
        return bad_type(node, "a number or a single time series to fill with", err);
    made.array = v.array;
    for (size_t i = 0; i < v.lines.len; i++)
        vec_push(set->arena, &made.lines, filled(set, v.lines.at[i], how, &value));
    *ret_value = made;
    return ST_OK;
}

/* --- lists of time series --- */

static Status f_metrics(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue made = { .kind = MATH_LINES, .array = true };
    if (node->items.len && node->items.at[0]->kind != MATH_TEXT)
        return bad_type(node, "a text", err);
    const char *part = node->items.len ? node->items.at[0]->text : "";
    for (size_t i = 0; i < val_len(set->queries); i++) {
        const Val *query = val_at(set->queries, i);
        MathValue v = { 0 };
        if (!val_get(query, "MetricStat") || !strstr(val_str(query, "Id"), part))
            continue;
        TRY(query_value(set, i, &v, err));
        vec_push(set->arena, &made.lines, v.lines.at[0]);
    }
    *ret_value = made;
    return ST_OK;
}

static Status f_ends(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 };
    TRY(lines_argument(set, node, 0, &v, err));
    size_t n = v.lines.len;
    *ret_value = line_value(set->arena, n ? v.lines.at[str_ieq(node->text, "FIRST") ? 0 : n - 1] : line_new(set->arena, NULL));
    return ST_OK;
}

static Status f_slice(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 }, made = { .kind = MATH_LINES, .array = true };
    double first, end = INFINITY;
    TRY(lines_argument(set, node, 0, &v, err));
    TRY(scalar_argument(set, node, 1, &first, err));
    if (node->items.len > 2)
        TRY(scalar_argument(set, node, 2, &end, err));
    for (size_t i = 0; i < v.lines.len; i++)
        if ((double)i >= first && (double)i < end)
            vec_push(set->arena, &made.lines, v.lines.at[i]);
    *ret_value = made;
    return ST_OK;
}

typedef struct Ranked {
    Line *line;
    double value;
    size_t index;
} Ranked;

static int by_rank(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->value != y->value && !isnan(x->value) && !isnan(y->value))
        return x->value < y->value ? -1 : 1;
    if (isnan(x->value) != isnan(y->value))
        return isnan(x->value) ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

static Status f_sort(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 }, made = { .kind = MATH_LINES, .array = true };
    const MathNode *by = node->items.at[1], *order = node->items.at[2];
    double limit = INFINITY;
    TRY(lines_argument(set, node, 0, &v, err));
    if (by->kind != MATH_ID || order->kind != MATH_ID || !math_option("SORT", by->text) || (!str_ieq(order->text, "ASC") && !str_ieq(order->text, "DESC")))
        return bad_type(node, "AVG, MIN, MAX or SUM, and ASC or DESC", err);
    if (node->items.len > 3)
        TRY(scalar_argument(set, node, 3, &limit, err));
    size_t n = v.lines.len;
    Ranked *all = ARENA_ARRAY(set->arena, Ranked, n ? n : 1);
    double sign = str_ieq(order->text, "DESC") ? -1 : 1;
    for (size_t i = 0; i < n; i++)
        all[i] = (Ranked){ v.lines.at[i], sign * line_statistic(by->text, v.lines.at[i]), i };
    qsort(all, n, sizeof *all, by_rank);
    for (size_t i = 0; i < n && (double)i < limit; i++)
        vec_push(set->arena, &made.lines, all[i].line);
    *ret_value = made;
    return ST_OK;
}

static Status f_remove_empty(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 }, made = { .kind = MATH_LINES, .array = true };
    TRY(lines_argument(set, node, 0, &v, err));
    for (size_t i = 0; i < v.lines.len; i++)
        if (v.lines.at[i]->samples.len)
            vec_push(set->arena, &made.lines, v.lines.at[i]);
    *ret_value = made;
    return ST_OK;
}

static Status f_time_series(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    double value;
    TRY(scalar_argument(set, node, 0, &value, err));
    Line *line = line_new(set->arena, NULL);
    line->period_s = queries_default_period(set);
    for (int64_t time_s = set->start_s; time_s < set->end_s; time_s += line->period_s)
        add_sample(set->arena, line, time_s, value);
    *ret_value = line_value(set->arena, line);
    return ST_OK;
}

static Status f_period(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue v = { 0 };
    TRY(lines_argument(set, node, 0, &v, err));
    *ret_value = scalar_value(v.lines.len ? (double)v.lines.at[0]->period_s : 0);
    return ST_OK;
}

static Status f_search(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    double period = (double)queries_default_period(set);
    if (node->items.at[0]->kind != MATH_TEXT || node->items.at[1]->kind != MATH_TEXT)
        return bad_type(node, "a search expression and a statistic as texts", err);
    if (node->items.len > 2)
        TRY(scalar_argument(set, node, 2, &period, err));
    return search_eval(set, node->items.at[0]->text, node->items.at[1]->text, (int64_t)period, ret_value, err);
}

static const MathFunction functions[] = {
    { "ABS", 1, 1, f_apply }, { "CEIL", 1, 1, f_apply }, { "FLOOR", 1, 1, f_apply }, { "LOG", 1, 1, f_apply }, { "LOG10", 1, 1, f_apply },
    { "AVG", 1, 1, f_aggregate }, { "MAX", 1, 1, f_aggregate }, { "MIN", 1, 1, f_aggregate }, { "SUM", 1, 1, f_aggregate },
    { "STDDEV", 1, 1, f_aggregate }, { "DATAPOINT_COUNT", 1, 1, f_aggregate }, { "METRIC_COUNT", 1, 1, f_metric_count },
    { "DIFF", 1, 1, f_difference }, { "DIFF_TIME", 1, 1, f_difference }, { "RATE", 1, 1, f_difference }, { "RUNNING_SUM", 1, 1, f_running_sum },
    { "MINUTE", 1, 1, f_calendar }, { "HOUR", 1, 1, f_calendar }, { "DAY", 1, 1, f_calendar }, { "DATE", 1, 1, f_calendar },
    { "MONTH", 1, 1, f_calendar }, { "YEAR", 1, 1, f_calendar }, { "EPOCH", 1, 1, f_calendar },
    { "IF", 2, 3, f_if }, { "FILL", 2, 2, f_fill }, { "METRICS", 0, 1, f_metrics }, { "FIRST", 1, 1, f_ends }, { "LAST", 1, 1, f_ends },
    { "SLICE", 2, 3, f_slice }, { "SORT", 3, 4, f_sort }, { "REMOVE_EMPTY", 1, 1, f_remove_empty }, { "TIME_SERIES", 1, 1, f_time_series },
    { "PERIOD", 1, 1, f_period }, { "SEARCH", 2, 3, f_search },
};

const MathFunction *math_function(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (str_ieq(functions[i].name, name))
            return &functions[i];
    return NULL;
}

bool math_option(const char *function, const char *word)
{
    static const char *const fill[] = { "REPEAT", "LINEAR" }, *const sort[] = { "AVG", "MIN", "MAX", "SUM", "ASC", "DESC" };
    bool sorts = str_ieq(function, "SORT");
    const char *const *words = sorts ? sort : fill;
    for (size_t i = 0; (sorts || str_ieq(function, "FILL")) && i < (sorts ? sizeof sort / sizeof *sort : sizeof fill / sizeof *fill); i++)
        if (str_ieq(words[i], word))
            return true;
    return false;
}

/* --- the tree --- */

static Status eval_array(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    MathValue made = { .kind = MATH_LINES, .array = true };
    for (size_t i = 0; i < node->items.len; i++) {
        MathValue v = { 0 };
        TRY(eval_argument(set, node, i, &v, err));
        if (v.kind != MATH_LINES)
            return cw_validation(err, "Error in expression: an array holds time series only");
        for (size_t j = 0; j < v.lines.len; j++)
            vec_push(set->arena, &made.lines, v.lines.at[j]);
    }
    *ret_value = made;
    return ST_OK;
}

Status math_eval(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err)
{
    switch (node->kind) {
    case MATH_NUMBER: *ret_value = scalar_value(node->number); return ST_OK;
    case MATH_TEXT: return cw_validation(err, "Error in expression: the text '%.100s' is no value", node->text);
    case MATH_ID: return query_value(set, query_find(set, node->text, strlen(node->text)), ret_value, err);
    case MATH_ARRAY: return eval_array(set, node, ret_value, err);
    case MATH_OPERATOR: return eval_operator(set, node, ret_value, err);
    case MATH_CALL: break;
    }
    return math_function(node->text)->eval(set, node, ret_value, err);
}
