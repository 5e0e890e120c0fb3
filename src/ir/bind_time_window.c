/* ir/bind_time_window.c -- window(t, '1 hour'[, slide[, start]]) in a select list or GROUP BY: a column `window` of the input, from which
 * rows without a time are left out; of overlapping windows a row is in several. session_window(t, gap) likewise; in GROUP BY those that
 * touch, of rows with the other keys alike, are one. Source: TimeWindowing, SessionWindowing, MergingSessionsIterator. */
#include "base/str.h"
#include "ir/binder.h"
#include "ir/enums.h"

typedef struct Search {
    const Function *found;
    bool several;
} Search;

static bool is_session_window(const Node *n)
{
    const Function *f = node_is(Function, n) ? node_as(Function, n) : NULL;
    return f && f->name.len == 1 && str_ieq(f->name.at[0], "session_window") && f->args.len == 2;
}

static bool is_time_window(const Node *n)
{
    if (!node_is(Function, n))
        return false;
    const Function *f = node_as(Function, n);
    if (is_session_window(n))
        return true;
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
    vec_push(a, &name, is_session_window(n) ? "session_window" : "window");
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
    return node_at(node_new(b->a, Function, .name = names, .args = *args, .is_internal = true), at->start, at->stop);
}

static Node *rows_with_time(Binder *b, Node *input, const Function *f)
{
    NodeList time = { 0 };
    vec_push(b->a, &time, f->args.at[0]);
    return node_new(b->a, Filter, .input = input, .predicate = function_of(b, "isnotnull", &time, &f->node));
}

static Node *attribute(Binder *b, const char *name, const char *field)
{
    StrList parts = { 0 };
    vec_push(b->a, &parts, name);
    if (field)
        vec_push(b->a, &parts, field);
    return node_new(b->a, Attribute, .name = parts);
}

static Node *with_column(Binder *b, Node *input, const char *name, Node *e)
{
    StrList names = { 0 };
    NodeList columns = { 0 };
    vec_push(b->a, &names, name);
    vec_push(b->a, &columns, node_new(b->a, Alias, .child = e, .names = names));
    return node_new(b->a, WithColumns, .input = input, .columns = columns);
}

static Node *of_two(Binder *b, const char *name, Node *x, Node *y, const Function *at)
{
    NodeList args = { 0 };
    vec_push(b->a, &args, x);
    if (y)
        vec_push(b->a, &args, y);
    return function_of(b, name, &args, &at->node);
}

/* function OVER (PARTITION BY keys [ORDER BY the window's start ROWS from the first to `upper`]) */
static Node *over(Binder *b, Node *function, const NodeList *keys, bool ordered, Node *upper)
{
    NodeList orders = { 0 };
    Node *frame = NULL;
    if (ordered) {
        vec_push(b->a, &orders, node_new(b->a, SortOrder, .child = attribute(b, "session_window", "start"), .direction = SORT_ASC, .nulls = NULLS_DEFAULT));
        frame = node_new(b->a, Frame, .unit = FRAME_ROWS, .lower_kind = BOUND_UNBOUNDED, .upper_kind = upper ? BOUND_VALUE : BOUND_CURRENT, .upper = upper);
    }
    return node_new(b->a, Window, .function = function, .partitions = *keys, .orders = orders, .frame = frame);
}

/* Each row's own session; those that end before they begin are left out. */
static Node *with_sessions(Binder *b, Node *input, const Function *f)
{
    Node *each = with_column(b, rows_with_time(b, input, f), "session_window", function_of(b, "session_window", &f->args, &f->node));
    return node_new(b->a, Filter, .input = each,
                    .predicate = of_two(b, ">", attribute(b, "session_window", "end"), attribute(b, "session_window", "start"), f));
}

/* A row begins a session when it starts after all before it have ended; `session` counts them. */
static Status merged_sessions(Binder *b, const Aggregate *g, const Function *f, Node **ret, Error *err)
{
    static const char ended[] = "__weir_session_ended", session[] = "__weir_session", start[] = "__weir_session_start", end[] = "__weir_session_end";
    NodeList keys = { 0 }, fields = { 0 };
    if (g->grouping != GROUPING_PLAIN)
        return spark_unsupported(err, &f->node, "session_window in grouping sets");
    for (size_t i = 0; i < g->groups.len; i++) {
        Node *key = g->groups.at[i];
        const Literal *ordinal = node_is(Literal, key) ? node_as(Literal, key) : NULL;
        if (ordinal && ordinal->value->i >= 1 && (size_t)ordinal->value->i <= g->exprs.len)
            key = g->exprs.at[ordinal->value->i - 1];
        while (node_is(Alias, key))
            key = node_as(Alias, key)->child;
        const Attribute *named = node_is(Attribute, key) ? node_as(Attribute, key) : NULL;
        if (!is_session_window(key) && !(named && named->name.len == 1 && str_ieq(named->name.at[0], "session_window")))
            vec_push(b->a, &keys, key);
    }
    Node *input = with_sessions(b, g->input, f);
    Node *before = make_literal_int(b, -1, &type_int), *one = make_literal_int(b, 1, &type_int), *none = make_literal_int(b, 0, &type_int);
    input = with_column(b, input, ended, over(b, of_two(b, "max", attribute(b, "session_window", "end"), NULL, f), &keys, true, before));
    Node *begins = of_two(b, ">", attribute(b, "session_window", "start"), attribute(b, ended, NULL), f);
    NodeList branches = { 0 };
    vec_push(b->a, &branches, begins);
    vec_push(b->a, &branches, one);
    vec_push(b->a, &branches, none);
    input = with_column(b, input, session, over(b, of_two(b, "sum", function_of(b, "if", &branches, &f->node), NULL, f), &keys, true, NULL));
    vec_push(b->a, &keys, attribute(b, session, NULL));
    input = with_column(b, input, start, over(b, of_two(b, "min", attribute(b, "session_window", "start"), NULL, f), &keys, false, NULL));
    input = with_column(b, input, end, over(b, of_two(b, "max", attribute(b, "session_window", "end"), NULL, f), &keys, false, NULL));
    vec_push(b->a, &fields, make_literal_string(b, "start"));
    vec_push(b->a, &fields, attribute(b, start, NULL));
    vec_push(b->a, &fields, make_literal_string(b, "end"));
    vec_push(b->a, &fields, attribute(b, end, NULL));
    *ret = with_column(b, input, "session_window", function_of(b, "named_struct", &fields, &f->node));
    return ST_OK;
}

static Node *with_window(Binder *b, Node *input, const Function *f)
{
    StrList names = { 0 };
    NodeList one = { 0 }, columns = { 0 };
    if (is_session_window(&f->node))
        return with_sessions(b, input, f);
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
        if (is_session_window(&s.found->node))
            TRY(merged_sessions(b, g, s.found, &g->input, err));
        else
            g->input = with_window(b, g->input, s.found);
        replace(b, &g->groups);
        replace(b, &g->exprs);
        replace(b, &g->sets);
    }
    *ret = copy;
    return ST_OK;
}
