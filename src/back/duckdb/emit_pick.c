/* back/duckdb/emit_pick.c -- an item of array(…), a field of struct(…): of what is made in place Spark computes the one that is taken, and
 * an item past the end is NULL, in ANSI mode too. Not over literal rows, which it makes a table of before it simplifies anything
 * (the batch "LocalRelation early"), and not of constants, which are folded first. Source: SimplifyExtractValueOps, ConvertToLocalRelation. */
#include "back/duckdb/emit_call.h"

bool emit_over_rows(const Node *input)
{
    for (;;) {
        switch (input->kind) {
        case NODE_Values: case NODE_LocalRelation: return true;
        case NODE_Project: input = node_as(Project, input)->input; break;
        case NODE_Filter: input = node_as(Filter, input)->input; break;
        case NODE_Limit: input = node_as(Limit, input)->input; break;
        default: return false;
        }
    }
}

/* Of a table made of literal rows by projections every row has been computed, and may have failed, when a filter comes. */
bool emit_rows_fail(const Node *input)
{
    if (!emit_over_rows(input))
        return false;
    for (;;) {
        switch (input->kind) {
        case NODE_Project:
            for (size_t i = 0; i < node_as(Project, input)->exprs.len; i++)
                if (emit_may_fail(node_as(Project, input)->exprs.at[i]))
                    return true;
            input = node_as(Project, input)->input;
            break;
        case NODE_Filter: input = node_as(Filter, input)->input; break;
        case NODE_Limit: input = node_as(Limit, input)->input; break;
        default: return false;
        }
    }
}

static const Call *call_named(const Node *n, const char *name)
{
    const Call *c = node_is(Call, n) ? node_as(Call, n) : NULL;
    return c && str_eq(c->function->name, name) ? c : NULL;
}

static bool item_of_array(const Call *get, const Node **ret_item)
{
    const Call *made = get->args.len == 2 ? call_named(get->args.at[0], "array") : NULL;
    const Node *index = made ? get->args.at[1] : NULL;
    while (index && node_is(Cast, index))
        index = node_as(Cast, index)->child;
    if (!index || !node_is(Literal, index) || !type_is_integral(index->type) || node_as(Literal, index)->value->is_null)
        return false;
    int64_t at = node_as(Literal, index)->value->i;
    *ret_item = at >= 0 && (size_t)at < made->args.len ? made->args.at[at] : NULL;
    return true;
}

static bool field_of_struct(const GetField *g, const Node **ret_item)
{
    const Call *made = call_named(g->child, "named_struct");
    size_t at = 2 * (size_t)g->index + 1;
    if (!made || g->child->type->kind != TYPE_STRUCT || at >= made->args.len)
        return false;
    *ret_item = made->args.at[at];
    return true;
}

bool emit_picked(const Emit *e, const Node *n, const Node **ret_item)
{
    const Call *get = call_named(n, "get_array_item");
    if ((!get && !node_is(GetField, n)) || e->local || emit_is_constant(n))
        return false;
    return get ? item_of_array(get, ret_item) : field_of_struct(node_as(GetField, n), ret_item);
}
