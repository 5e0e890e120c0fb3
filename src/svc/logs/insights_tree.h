/* svc/logs/insights_tree.h -- a parsed Insights query, between insights.c (parser) and insights_run.c. */
#ifndef WEIR_SVC_LOGS_INSIGHTS_TREE_H
#define WEIR_SVC_LOGS_INSIGHTS_TREE_H
#include "svc/logs/condition.h"
#include "svc/logs/insights.h"

typedef enum QueryExprKind { Q_AND, Q_OR, Q_NOT, Q_COMPARE, Q_LIKE, Q_IN, Q_PRESENT } QueryExprKind;
typedef struct QueryOperand {
    bool is_field;
    const char *text;
} QueryOperand;
typedef struct QueryExpr {
    QueryExprKind kind;
    struct QueryExpr *left, *right;
    Comparison comparison;
    QueryOperand a, b;
    Regex *regex;               /* LIKE /…/; NULL: b's text is anywhere in it */
    VEC(QueryOperand) list;     /* IN */
} QueryExpr;

typedef enum QueryCommandKind { Q_FIELDS, Q_DISPLAY, Q_FILTER, Q_PARSE } QueryCommandKind;
typedef struct QueryField {
    const char *field, *name;   /* name: as it is shown */
} QueryField;
typedef VEC(QueryField) QueryFields;
typedef struct QueryCommand {
    QueryCommandKind kind;
    QueryFields fields;         /* FIELDS, DISPLAY; PARSE: names only */
    QueryExpr *filter;
    const char *from;           /* PARSE */
    StrList pieces;             /* PARSE: what is between the stars */
} QueryCommand;

typedef enum QueryAggregate { Q_COUNT, Q_COUNT_DISTINCT, Q_SUM, Q_AVG, Q_MIN, Q_MAX } QueryAggregate;
typedef struct QueryStat {
    QueryAggregate aggregate;
    const char *field;          /* NULL: count(*) */
    const char *name;
} QueryStat;
typedef struct QueryBy {
    const char *field, *name;   /* field NULL: bin */
    int64_t bin_ms;
} QueryBy;
typedef struct QuerySort {
    const char *field;
    bool down;
} QuerySort;

struct Insights {
    VEC(QueryCommand) commands;
    VEC(QueryStat) stats;
    VEC(QueryBy) by;
    VEC(QuerySort) sort;
    bool has_stats;
    size_t limit;               /* 0: none */
};

#endif
