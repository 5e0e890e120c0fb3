/* ir/bind_project.c -- select lists: plain, with aggregate functions (one group), with a generator. */
#include "ir/binder.h"

static bool any_aggregate(const NodeList *exprs)
{
    for (size_t i = 0; i < exprs->len; i++)
        if (contains_kind(exprs->at[i], FN_AGGREGATE))
            return true;
    return false;
}

/* The keys that USING hid stay reachable by their qualifiers over plain select lists (metadata columns). */
static void keep_hidden(Binder *b, const Schema *below, Node *project)
{
    NodeList exprs = { 0 };
    Project *p = (Project *)(void *)project;
    size_t shown = p->exprs.len;
    for (size_t i = 0; i < shown; i++)
        vec_push(b->a, &exprs, p->exprs.at[i]);
    for (size_t i = 0; i < below->len; i++)
        if (below->at[i].hidden && !schema_find(project->schema, below->at[i].id))
            vec_push(b->a, &exprs, column_ref(b, &below->at[i]));
    if (exprs.len == shown)
        return;
    p->exprs = exprs;
    project->schema = schema_of_exprs(b, &exprs, below);
    for (size_t i = shown; i < exprs.len; i++)
        ((Column *)(uintptr_t)project->schema->at)[i].hidden = true;
}

Status project_over(Binder *b, Node *input, const Scope *s, const NodeList *exprs, const Node *at, Node **ret, Error *err)
{
    NodeList outputs = { 0 }, groups = { 0 }, sets = { 0 };
    Scope scope = *s;
    scope.generators = true;
    TRY(bind_outputs(b, &scope, exprs, &outputs, err));
    if (any_aggregate(&outputs))
        return finish_aggregate(b, input, &groups, &outputs, &sets, GROUPING_PLAIN, at, ret, err);
    TRY(extract_generator(b, &input, &outputs, err));
    *ret = make_project(b, input, &outputs);
    keep_hidden(b, input->schema, *ret);
    return ST_OK;
}

Status bind_project(Binder *b, const Project *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &input, err));
    Scope s = scope_over(b, input->schema, outer, from);
    return project_over(b, input, &s, &n->exprs, &n->node, ret, err);
}
