/* svc/cloudwatch/internal.h -- what the CloudWatch handlers share. */
#ifndef WEIR_SVC_CLOUDWATCH_INTERNAL_H
#define WEIR_SVC_CLOUDWATCH_INTERNAL_H
#include "base/vec.h"
#include "series/series.h"
#include "svc/cloudwatch/cloudwatch.h"

enum {
    PUT_DATUMS_MAX = 1000, PUT_VALUES_MAX = 150,
    LIST_PAGE = 500, QUERIES_MAX = 500, DATAPOINTS_MAX = 100800, STATISTICS_MAX = 1440,
    ALARM_PAGE = 50, ALARM_RECORDS_MAX = 100, ALARM_NAMES_MAX = 100, TAGS_LIMIT = 50, SEARCH_MAX = 100
};

/* --- errors and values (common.c) --- */
#define cw_invalid_value(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameterValue", __VA_ARGS__)
#define cw_validation(err, ...) FAIL_CODE((err), ST_INVALID, "ValidationError", __VA_ARGS__)
#define cw_combination(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameterCombination", __VA_ARGS__)
#define cw_missing(err, ...) FAIL_CODE((err), ST_INVALID, "MissingParameter", __VA_ARGS__)
/* Dimensions of a request as the time series have them; checks them. `where`: "MetricData.member.1.Dimensions". */
Status cw_dimensions(Arena *a, const Val *list, const char *where, const SeriesDimension **ret_dimensions, size_t *ret_len, Error *err);
Val *cw_dimensions_value(Arena *a, const SeriesDimension *dimensions, size_t n);
char *cw_token(Arena *a, const char *kind, int64_t at);                                   /* a page's NextToken */
Status cw_token_read(Arena *a, const char *kind, const char *token, const char *message, int64_t *ret_at, Error *err);
Val *cw_json(Arena *a, const char *text);          /* NULL for NULL or text that is none */
char *cw_alarm_arn(Arena *a, const Server *server, const char *region, const char *name);

/* --- queries (query.c): GetMetricData's core, also of alarms --- */
typedef struct Sample {
    int64_t time_s;
    double value;
} Sample;
typedef struct Line {               /* one time series of a result */
    const char *id, *label;
    VEC(Sample) samples;            /* ascending */
    int64_t period_s;
    const SeriesMetric *metric;     /* NULL unless it is a metric's own */
    const char *stat;
} Line;
typedef VEC(Line *) Lines;

typedef struct QuerySet {
    Arena *arena;
    Server *server;
    const char *region;
    const Val *queries;             /* MetricDataQueries */
    int64_t start_s, end_s;
    struct QueryState *states;      /* one for each query */
    int depth;
} QuerySet;

typedef enum MathKind { MATH_NONE, MATH_SCALAR, MATH_LINES } MathKind;
/* A scalar, one time series (array false), or an array of them. */
typedef struct MathValue {
    MathKind kind;
    bool array;
    double scalar;
    Lines lines;
} MathValue;

/* Checks ids, shapes and expressions without reading data. */
Status queries_check(QuerySet *set, bool alarm, Error *err);
/* The value of the query with that index; computed once. */
Status query_value(QuerySet *set, size_t index, MathValue *ret_value, Error *err);
bool query_returns(const Val *query);
size_t query_find(const QuerySet *set, const char *id, size_t length); /* SIZE_MAX: none */
/* A metric's own line: MetricStat's. */
Status metric_line(QuerySet *set, const SeriesKey *key, const char *stat, const char *unit, int64_t period_s, Line **ret_line, Error *err);
Status metric_stat_key(Arena *a, const char *region, const Val *metric_stat, SeriesKey *ret_key, Error *err);
int64_t queries_default_period(const QuerySet *set);
const char *label_text(Arena *a, const char *label, const Line *line); /* ${…} replaced */

/* --- metric math (math.c: text to tree; math_eval.c: tree to value; search.c; select.c: Metrics Insights) --- */
typedef struct MathNode MathNode;
Status math_parse(Arena *a, const char *text, MathNode **ret_node, Error *err);
Status math_eval(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err);


Status search_eval(QuerySet *set, const char *expression, const char *stat, int64_t period_s, MathValue *ret_value, Error *err);
bool select_is(const char *expression);
Status select_eval(QuerySet *set, const char *expression, int64_t period_s, MathValue *ret_value, Error *err);

#endif
