/* ir/bind_cte_legacy.c -- spark.sql.legacy.ctePrecedencePolicy=LEGACY: definitions put in place of their names before anything is bound.
 * Spark's CTESubstitution.legacyTraverseAndSubstituteCTE: WITHs in FROM are taken first, from the inside out; those of CTEs and of
 * subquery expressions after the outer one's names are replaced in them, so there the outer definitions win. */
#include "ir/binder.h"

/* What nests deeper than that is left as it is: it fails as names that are not found. */
enum { ROUNDS_MAX = 100 };

static Node *substitute_below(Arena *a, Node *n, void *arg);
static Node *without_withs(Arena *a, Node *n);

/* `n` with the definitions (SubqueryAlias nodes, the last of a name counts) in place of the relations of their names. */
static Node *substitute(Arena *a, Node *n, const NodeList *definitions)
{
    if (node_is(UnresolvedRelation, n) && node_as(UnresolvedRelation, n)->name.len == 1)
        for (size_t i = definitions->len; i-- > 0;)
            if (str_ieq(node_as(SubqueryAlias, definitions->at[i])->name, node_as(UnresolvedRelation, n)->name.at[0]))
                return definitions->at[i];
    if (node_is(With, n)) { /* its own definitions are none of its children */
        With *copy = (With *)(void *)node_copy(a, n);
        copy->input = substitute(a, copy->input, definitions);
        return &copy->node;
    }
    Node *made = node_map_children(a, n, substitute_below, (void *)(uintptr_t)definitions);
    if (!node_is(Subquery, made))
        return made;
    Subquery *copy = (Subquery *)(void *)node_copy(a, made);
    copy->plan = without_withs(a, copy->plan);
    return &copy->node;
}

static Node *substitute_below(Arena *a, Node *n, void *arg)
{
    return substitute(a, n, arg);
}

typedef struct Round {
    bool changed;
} Round;

static Node *replace_withs(Arena *a, Node *n, void *arg)
{
    Round *round = arg;
    if (node_is(Subquery, n))
        return n;
    if (!node_is(With, n))
        return node_map_children(a, n, replace_withs, arg);
    const With *w = node_as(With, n);
    NodeList definitions = { 0 };
    Node *child = replace_withs(a, w->input, arg);
    for (size_t i = 0; i < w->ctes.len; i++) {
        SubqueryAlias *alias = (SubqueryAlias *)(void *)node_copy(a, w->ctes.at[i]);
        alias->input = substitute(a, alias->input, &definitions);
        vec_push(a, &definitions, &alias->node);
    }
    round->changed = true;
    return substitute(a, child, &definitions);
}

static Node *without_withs(Arena *a, Node *n)
{
    Round round = { .changed = true };
    for (int i = 0; i < ROUNDS_MAX && round.changed; i++) {
        round.changed = false;
        n = replace_withs(a, n, &round);
    }
    return n;
}

Node *legacy_ctes(Binder *b, const With *n)
{
    return without_withs(b->a, (Node *)(uintptr_t)&n->node);
}
