/* ir/bind_pipe.c -- expressions of the |> operators: where aggregate functions may stand (Spark's PipeExpression). */
#include "ir/binder.h"

static bool note_aggregate(const Node *n, void *arg)
{
    const Node **found = arg;
    if (is_aggregate(n) && !*found)
        *found = n;
    return !*found && !node_is(Window, n) && !node_is(Subquery, n);
}

Status pipe_check(Binder *b, const PipeExpression *n, const Node *bound, Error *err)
{
    const Node *found = NULL;
    bool wanted = str_eq(n->clause, "AGGREGATE");
    node_walk(bound, note_aggregate, &found);
    if (!found == !wanted)
        return ST_OK;
    if (wanted)
        return spark_error(err, &n->node, "PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION", "0A000",
                           "Non-grouping expression <expr> is provided as an argument to the |> AGGREGATE pipe operator but does not contain any "
                           "aggregate function; please update it to include an aggregate function and then retry the query again.",
                           "expr", pretty(b, bound), NULL);
    return spark_error(err, &n->node, "PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION", "0A000",
                       "Aggregate function <expr> is not allowed when using the pipe operator |> <clause> clause; please use the pipe operator |> "
                       "AGGREGATE clause instead.",
                       "expr", pretty(b, found), "clause", n->clause, NULL);
}
