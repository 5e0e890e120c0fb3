/* ir/bind_subquery.c -- subqueries in expressions: scalar, EXISTS, IN. Correlated columns are ColumnRefs with a depth. */
#include "ir/binder.h"

static Status bind_scalar(Binder *b, const Subquery *n, Node *plan, Node **ret, Error *err)
{
    if (plan->schema->len != 1)
        return spark_error(err, &n->node, "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN", "42823",
                           "Invalid subquery: Scalar subquery must return only one column, but got <number>.", "number",
                           arena_printf(b->a, "%zu", plan->schema->len), NULL);
    *ret = typed(node_new(b->a, Subquery, .subquery = SUBQUERY_SCALAR, .plan = plan), plan->schema->at[0].type, true, &n->node);
    return ST_OK;
}

static Status in_length(Binder *b, const Subquery *n, const NodeList *operands, const Node *plan, Error *err)
{
    str_auto left = STR_INIT(ERROR_PARAMS_BYTES);
    str_auto right = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < operands->len; i++)
        str_addf(&left, "%s\"%s\"", i ? ", " : "", pretty(b, operands->at[i]));
    for (size_t i = 0; i < plan->schema->len; i++)
        str_addf(&right, "%s\"%s\"", i ? ", " : "", plan->schema->at[i].name);
    return spark_error(err, &n->node, "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH", "42K09",
                       "The number of columns in the left hand side of an IN subquery does not match the number of columns in the "
                       "output of subquery.\nLeft hand side columns(length: <leftLength>): [<leftColumns>], right hand side "
                       "columns(length: <rightLength>): [<rightColumns>].",
                       "leftLength", arena_printf(b->a, "%zu", operands->len), "leftColumns", str_text(&left), "rightLength",
                       arena_printf(b->a, "%zu", plan->schema->len), "rightColumns", str_text(&right), NULL);
}

static Status bind_in_subquery(Binder *b, const Scope *s, const Subquery *n, Node *plan, Node **ret, Error *err)
{
    NodeList operands = { 0 }, outputs = { 0 };
    bool nullable = false, changed = false;
    for (size_t i = 0; i < n->operands.len; i++) {
        const Node *o = n->operands.at[i];
        TRY(node_is(Row, o) ? bind_exprs(b, s, &node_as(Row, o)->items, &operands, err)
                            : bind_exprs(b, s, &(NodeList){ (Node **)(uintptr_t)&n->operands.at[i], 1, 1 }, &operands, err));
    }
    if (operands.len != plan->schema->len)
        return in_length(b, n, &operands, plan, err);
    for (size_t i = 0; i < operands.len; i++) {
        NodeList sides = { 0 };
        vec_push(b->a, &sides, operands.at[i]);
        vec_push(b->a, &sides, column_ref(b, &plan->schema->at[i]));
        Node *shown = node_at(node_new(b->a, Subquery, .subquery = SUBQUERY_IN, .plan = plan, .operands = operands), n->node.start, n->node.stop);
        TRY(collate_alike(b, &sides, 0, 1, shown, true, err));
        operands.at[i] = sides.at[0];
        const Type *l = operands.at[i]->type, *r = sides.at[1]->type, *common = coerce_wider(b->a, b->ansi, l, r);
        if (!common)
            return spark_error(err, &n->node, "DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH", "42K09",
                               "The data type of one or more elements in the left hand side of an IN subquery is not compatible "
                               "with the data type of the output of the subquery. Mismatched columns: [<mismatchedColumns>], left "
                               "side: [<leftType>], right side: [<rightType>].",
                               "mismatchedColumns", pretty(b, operands.at[i]), "leftType", type_sql_text(b->a, l), "rightType",
                               type_sql_text(b->a, r), NULL);
        if (!type_is_orderable(common))
            return spark_error(err, &n->node, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09",
                               "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <functionName> does not support ordering on type <dataType>.", "sqlExpr",
                               arena_printf(b->a, "(%s IN (listquery()))", pretty(b, operands.at[i])), "functionName", "`insubquery`", "dataType",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, common)), NULL);
        Node *ref = column_ref(b, &plan->schema->at[i]), *cast = coerce_to(b->a, b->ansi, sides.at[1], common);
        operands.at[i] = coerce_to(b->a, b->ansi, operands.at[i], common);
        nullable = nullable || operands.at[i]->nullable || cast->nullable;
        changed = changed || !node_is(ColumnRef, cast);
        vec_push(b->a, &outputs, node_is(ColumnRef, cast) ? ref : new_alias(b, cast, plan->schema->at[i].name));
    }
    if (changed)
        plan = make_project(b, plan, &outputs);
    Node *made = node_new(b->a, Subquery, .subquery = SUBQUERY_IN, .plan = plan, .operands = operands, .negated = n->negated);
    *ret = typed(made, &type_boolean, nullable, &n->node);
    return ST_OK;
}

static Status bind_new(Binder *b, const Scope *s, const Subquery *n, Node **ret, Error *err)
{
    Node *plan = NULL;
    b->query_start = n->plan;
    TRY(bind_relation(b, n->plan, s, &plan, err));
    plan = strip_hidden(b, plan);
    TRY(check_correlation(b, s, &n->node, plan, err));
    if (n->subquery == SUBQUERY_SCALAR)
        return bind_scalar(b, n, plan, ret, err);
    if (n->subquery == SUBQUERY_IN)
        return bind_in_subquery(b, s, n, plan, ret, err);
    *ret = typed(node_new(b->a, Subquery, .subquery = SUBQUERY_EXISTS, .plan = plan, .negated = n->negated), &type_boolean, false,
                 &n->node);
    return ST_OK;
}

/* The plan of `known`, with operands of this scope. */
static Status bind_again(Binder *b, const Scope *s, const Subquery *n, Node *known, Node **ret, Error *err)
{
    if (n->subquery == SUBQUERY_IN)
        return bind_in_subquery(b, s, n, node_as(Subquery, known)->plan, ret, err);
    *ret = known;
    return ST_OK;
}

Status bind_subquery(Binder *b, const Scope *s, const Subquery *n, Node **ret, Error *err)
{
    if (n->subquery == SUBQUERY_TABLE)
        return spark_unsupported(err, &n->node, "a table argument");
    for (size_t i = 0; i < b->subqueries.len; i++) {
        const BoundSubquery *known = &b->subqueries.at[i];
        if (!s->schema || !node_equal(known->unbound, &n->node))
            continue;
        if (known->schema == s->schema && known->below == s->below) {
            *ret = known->bound;
            return ST_OK;
        }
        if (known->schema == s->below && !is_correlated(known->bound)) /* over groups: of the rows below only its operands are */
            return bind_again(b, s, n, known->bound, ret, err);
    }
    TRY(bind_new(b, s, n, ret, err));
    vec_push(b->a, &b->subqueries, (BoundSubquery){ &n->node, s->schema, s->below, *ret });
    return ST_OK;
}
