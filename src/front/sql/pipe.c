/* front/sql/pipe.c -- the |> operators as the relations they stand for. Source: AstBuilder.visitOperatorPipeRightSide. */
#include "front/sql/parser.h"

Pipe *pipe_new(SqlParser *p, PipeKind kind)
{
    Pipe *pipe = ARENA_NEW(p->a, Pipe);
    pipe->kind = kind;
    pipe->start = -1;
    return pipe;
}

/* What the operator gets: nothing behind its columns is reached. */
static Node *closed(SqlParser *p, Node *input)
{
    if (node_is(SubqueryAlias, input) || node_is(UnresolvedRelation, input))
        return input;
    return node_at(node_new(p->a, SubqueryAlias, .input = input, .open = true), input->start, input->stop);
}

static Node *expression_of(SqlParser *p, const char *clause, Node *e)
{
    return node_at(node_new(p->a, PipeExpression, .child = e, .clause = clause), e->start, e->stop);
}

static Node *all_columns(SqlParser *p) { return node_new(p->a, Star, .of = 0); }

static Node *projected(SqlParser *p, Node *input, NodeList exprs)
{
    return at(p, node_new(p->a, Project, .input = input, .exprs = exprs), input->start);
}

/* |> SET a = e: columns replaced in their places, one after the other */
static Node *set_columns(SqlParser *p, Node *input, const NodeList *assignments)
{
    for (size_t i = 0; i < assignments->len; i++) {
        const Assignment *s = node_as(Assignment, assignments->at[i]);
        const StrList *name = &node_as(Attribute, s->target)->name;
        if (name->len > 1) {
            parser_fail(p, s->node.start, s->node.stop, "UNSUPPORTED_FEATURE.PIPE_OPERATOR_SET_MULTIPART", "0A000",
                "SQL pipe syntax |> SET operator with multi-part assignment key (only single-part keys are allowed).");
            return input;
        }
        Node *column = node_at(node_new(p->a, Alias, .child = expression_of(p, "SET", s->value), .names = *name), s->node.start, s->node.stop);
        input = at(p, node_new(p->a, WithColumns, .input = input, .columns = *list_one(p, column), .must_exist = true), input->start);
    }
    return input;
}

/* GROUP BY 1 is the input's first column here; its position is kept for the binder. */
static Node *input_position(SqlParser *p, Node *item)
{
    const Literal *l = node_is(Literal, item) ? node_as(Literal, item) : NULL;
    if (!l || l->of->kind != TYPE_INT || l->value->is_null)
        return item;
    return node_at(node_new(p->a, InputPosition, .position = l->value->i), item->start, item->stop);
}

/* |> AGGREGATE f(x) GROUP BY a: the grouping columns come first in the output */
static Node *aggregated(SqlParser *p, Node *input, const Pipe *pipe)
{
    NodeList exprs = { 0 }, groups = { 0 };
    const Aggregate *g = pipe->node ? node_as(Aggregate, pipe->node) : NULL;
    if (g && g->grouping != GROUPING_PLAIN) {
        parser_fail(p, pipe->start, end_of_rule(p), "UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE", "0A000",
            "The feature is not supported: The SQL pipe operator syntax with aggregation (using |> AGGREGATE) does not support GROUPING SETS, "
            "ROLLUP or CUBE.");
        return input;
    }
    for (size_t i = 0; g && i < g->groups.len; i++) {
        Node *item = input_position(p, g->groups.at[i]);
        vec_push(p->a, &exprs, item);
        vec_push(p->a, &groups, node_is(Alias, item) ? node_as(Alias, item)->child : item);
    }
    for (size_t i = 0; i < pipe->list->len; i++)
        vec_push(p->a, &exprs, expression_of(p, "AGGREGATE", pipe->list->at[i]));
    if (!exprs.len)
        parser_syntax_error(p, &p->tokens.at[p->at], "");
    return at(p, node_new(p->a, Aggregate, .input = input, .grouping = GROUPING_PLAIN, .groups = groups, .exprs = exprs), input->start);
}

/* |> ORDER BY a LIMIT 1 is refused: LIMIT is an operator of its own. */
static Node *pipe_organized(SqlParser *p, Node *input, const Organization *o)
{
    const char *first = o->order ? "ORDER BY" : o->cluster ? "CLUSTER BY" : o->distribute ? "DISTRIBUTE BY" : o->sort ? "SORT BY" : NULL;
    if (first && (o->limit || o->offset))
        parser_fail(p, input->start, end_of_rule(p), "MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS", "42000", "%s and %s cannot coexist in "
            "the same SQL pipe operator using '|>'. Please separate the multiple result clauses into separate pipe operators and then "
            "retry the query again.", first, o->limit ? "LIMIT" : "OFFSET");
    return organize(p, closed(p, input), o);
}

Node *pipe_over(SqlParser *p, Node *input, const Pipe *pipe)
{
    switch (pipe->kind) {
    case PIPE_SELECT: {
        Select s = pipe->select;
        NodeList *exprs = list_new(p);
        for (size_t i = 0; i < s.exprs->len; i++)
            list_add(p, exprs, node_is(Star, s.exprs->at[i]) ? s.exprs->at[i] : expression_of(p, "SELECT", s.exprs->at[i]));
        s.exprs = exprs;
        s.from = closed(p, input);
        if (s.windows) /* they are this operator's only */
            s.from = node_at(node_new(p->a, NamedWindows, .input = s.from), input->start, input->stop);
        return select_query(p, &s);
    }
    case PIPE_EXTEND: {
        NodeList exprs = *list_one(p, all_columns(p));
        for (size_t i = 0; i < pipe->list->len; i++)
            vec_push(p->a, &exprs, expression_of(p, "EXTEND", pipe->list->at[i]));
        return projected(p, input, exprs);
    }
    case PIPE_SET:
        return set_columns(p, input, pipe->list);
    case PIPE_DROP:
        return at(p, node_new(p->a, Project, .input = input,
            .exprs = *list_one(p, node_new(p->a, Star, .except = *attributes(p, pipe->names)))), input->start);
    case PIPE_AS:
        return relation_alias(p, input, (TableAlias){ pipe->names->at[0], NULL }, input->start);
    case PIPE_WHERE:
        return at(p, node_new(p->a, Filter, .input = closed(p, input), .predicate = pipe->node), input->start);
    case PIPE_PIVOT:
        return pivot_over(p, input, pipe->node);
    case PIPE_SAMPLE:
        return sampled(p, pipe->node, input);
    case PIPE_JOIN:
        return join_over(p, input, pipe->node);
    case PIPE_ORGANIZE:
        return pipe_organized(p, input, pipe->organization);
    case PIPE_AGGREGATE:
        return aggregated(p, input, pipe);
    default:
        return set_operation(p, input, pipe->op, pipe->all, pipe->node);
    }
}
