/* ir/bind_time_window.c -- window(t, '1 hour'[, slide[, start]]) in a select list or GROUP BY: a column `window` of the input, from which
 * rows without a time are left out; of overlapping windows a row is in several. Source: TimeWindowing. */
#include "base/str.h"
#include "ir/binder.h"

typedef struct Search {
    const Function *found;
    bool several;
} Search;

static bool is_time_window(const Node *n)
{
    if (!node_is(Function, n))
        return false;
    const Function *f = node_as(Function, n);
    return f->name.len == 1 && str_ieq(f->name.at[0], "window") && f->args.len >= 2 && f->args.len <= 4;
}

static bool note(const Node *n, void *arg)
{
    Search *s = arg;
    if (node_is(Subquery, n))
        return false;
    if (!is_time_window(n))
        return true;
    if (s->found && !node_equal(&s->found->node, n))
        s->several = true;
    s->found = node_as(Function, n);
    return false;
}

static Node *as_column(Arena *a, Node *n, void *arg)
{
    StrList name = { 0 };
    (void)arg;
    if (!is_time_window(n))
        return n;
    vec_push(a, &name, "window");
    return node_at(node_new(a, Attribute, .name = name), n->start, n->stop);
}

static void replace(Binder *b, NodeList *exprs)
{
    NodeList made = { 0 };
    for (size_t i = 0; i < exprs->len; i++)
        vec_push(b->a, &made, node_rewrite(b->a, exprs->at[i], as_column, NULL));
    *exprs = made;
}

static Node *function_of(Binder *b, const char *name, const NodeList *args, const Node *at)
{
    StrList names = { 0 };
    vec_push(b->a, &names, name);
    return node_at(node_new(b->a, Function, .name = names, .args = *args), at->start, at->stop);
}

static Node *rows_with_time(Binder *b, Node *input, const Function *f)
{
    NodeList time = { 0 };
    vec_push(b->a, &time, f->args.at[0]);
    return node_new(b->a, Filter, .input = input, .predicate = function_of(b, "isnotnull", &time, &f->node));
}

static Node *with_window(Binder *b, Node *input, const Function *f)
{
    StrList names = { 0 };
    NodeList one = { 0 }, columns = { 0 };
    bool slides = f->args.len > 2 && !node_equal(f->args.at[1], f->args.at[2]);
    vec_push(b->a, &names, "window");
    if (slides) {
        vec_push(b->a, &one, function_of(b, "time_windows", &f->args, &f->node));
        return node_new(b->a, LateralView, .input = input, .generator = function_of(b, "explode", &one, &f->node), .columns = names);
    }
    vec_push(b->a, &columns, node_new(b->a, Alias, .child = function_of(b, "window", &f->args, &f->node), .names = names));
    return node_new(b->a, WithColumns, .input = input, .columns = columns);
}

Status bind_time_window(Binder *b, Node *n, Node **ret, Error *err)
{
    Search s = { 0 };
    const NodeList *exprs = node_is(Project, n)       ? &node_as(Project, n)->exprs
                            : node_is(WithColumns, n) ? &node_as(WithColumns, n)->columns
                                                      : &node_as(Aggregate, n)->exprs;
    for (size_t i = 0; i < exprs->len; i++)
        node_walk(exprs->at[i], note, &s);
    for (size_t i = 0; node_is(Aggregate, n) && i < node_as(Aggregate, n)->groups.len; i++)
        node_walk(node_as(Aggregate, n)->groups.at[i], note, &s);
    *ret = n;
    if (!s.found)
        return ST_OK;
    if (s.several)
        return spark_error(err, &s.found->node, "_LEGACY_ERROR_TEMP_1039", "",
                           "Multiple time/session window expressions would result in a cartesian product of rows, therefore they are currently not supported.",
                           NULL);
    Node *copy = node_copy(b->a, n);
    if (node_is(WithColumns, n)) { /* a window that slides is refused later */
        ((WithColumns *)(void *)copy)->input = rows_with_time(b, node_as(WithColumns, n)->input, s.found);
    } else if (node_is(Project, n)) {
        Project *p = (Project *)(void *)copy;
        p->input = with_window(b, p->input, s.found);
        replace(b, &p->exprs);
    } else {
        Aggregate *g = (Aggregate *)(void *)copy;
        g->input = with_window(b, g->input, s.found);
        replace(b, &g->groups);
        replace(b, &g->exprs);
        replace(b, &g->sets);
    }
    *ret = copy;
    return ST_OK;
}
