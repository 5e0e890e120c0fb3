/* back/duckdb/emit_window.c -- f(…) OVER (…): what is computed below a window, its frame.
 *
 * A window takes columns: what else stands in its arguments, PARTITION BY and ORDER BY is computed below it, row by row and in this order,
 * and so are the outputs beside it (ExtractWindowExpressions). The engine would compute its keys first. Only what may fail shows the
 * difference; everything else stays where it is, and costs nothing. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/emit_collation.h"
#include "back/duckdb/emit_internal.h"

#include <inttypes.h>

/* ---------------------------------------------------------------- what is computed below */
typedef struct Below {
    Emit *e;
    NodeList found;
} Below;

static bool note_chance(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || (node_is(Call, n) && (node_as(Call, n)->function->flags & FN_NONDETERMINISTIC));
    return !*found;
}

/* Two calls by chance are two values, however equal they look. */
static bool by_chance(const Node *n)
{
    bool found = false;
    node_walk(n, note_chance, &found);
    return found;
}

static void add_below(Below *b, Node *n)
{
    n = node_is(SortOrder, n) ? node_as(SortOrder, n)->child : n;
    if (!emit_may_fail(n) || by_chance(n))
        return;
    for (size_t i = 0; i < b->found.len; i++)
        if (node_equal(b->found.at[i], n))
            return;
    vec_push(b->e->a, &b->found, n);
}

static void add_all(Below *b, const NodeList *list)
{
    for (size_t i = 0; i < list->len; i++)
        add_below(b, list->at[i]);
}

/* The call that runs over the window; coercion may have put a Cast around it. */
static const Call *window_call(const Window *w)
{
    const Node *f = w->function;
    while (node_is(Cast, f))
        f = node_as(Cast, f)->child;
    return node_is(Call, f) ? node_as(Call, f) : NULL;
}

static bool note_below(const Node *n, void *arg)
{
    Below *b = arg;
    if (!node_is(Window, n))
        return !node_is(Subquery, n);
    const Window *w = node_as(Window, n);
    const Call *c = window_call(w);
    const char *name = c ? c->function->name : "";
    if (c)
        add_all(b, &c->args);
    if (str_eq(name, "rank") || str_eq(name, "dense_rank") || str_eq(name, "percent_rank")) /* RankLike: the order is their argument */
        add_all(b, &w->orders);
    add_all(b, &w->partitions);
    add_all(b, &w->orders);
    return false;
}

static bool note_window(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Window, n);
    return !*found && !node_is(Subquery, n);
}

static bool has_window(const Node *n)
{
    bool found = false;
    node_walk(n, note_window, &found);
    return found;
}

/* ---------------------------------------------------------------- frames */
static bool is_negative(const Node *n)
{
    if (node_is(Cast, n))
        return is_negative(node_as(Cast, n)->child);
    if (node_is(Call, n) && str_eq(node_as(Call, n)->function->name, "negative"))
        return !is_negative(node_as(Call, n)->args.at[0]);
    if (!node_is(Literal, n))
        return false;
    const Literal *l = node_as(Literal, n);
    return l->value->i < 0 || l->value->f < 0 || (l->of->kind == TYPE_DECIMAL && l->value->text && l->value->text[0] == '-');
}

static Status emit_bound(Emit *e, int kind, const Node *value, bool lower, const Type *order, Str *out)
{
    if (kind == BOUND_UNBOUNDED) {
        str_add(out, lower ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
        return ST_OK;
    }
    if (kind == BOUND_CURRENT || !value) {
        str_add(out, "CURRENT ROW");
        return ST_OK;
    }
    /* A negative value precedes. The engine wants its sign in the word. */
    const char *text;
    TRY(emit_text(e, value, &text));
    bool negative = is_negative(value);
    if (negative)
        text = arena_printf(e->a, "(- %s)", text);
    if (order && value->type && value->type->kind == TYPE_DAY_TIME_INTERVAL)
        text = arena_printf(e->a, "to_microseconds(%s)", text);
    else if (order && value->type && value->type->kind == TYPE_YEAR_MONTH_INTERVAL)
        text = arena_printf(e->a, "to_months(%s)", text);
    str_addf(out, "%s %s", text, negative ? "PRECEDING" : "FOLLOWING");
    return ST_OK;
}

Status emit_frame(Emit *e, const Frame *f, const Window *w, Str *out)
{
    const Type *order = w->orders.len ? node_as(SortOrder, w->orders.at[0])->child->type : NULL;
    str_add(out, f->unit == FRAME_ROWS ? " ROWS BETWEEN " : " RANGE BETWEEN ");
    TRY(emit_bound(e, (int)f->lower_kind, f->lower, true, order, out));
    str_add(out, " AND ");
    return emit_bound(e, (int)f->upper_kind, f->upper, false, order, out);
}

static bool is_whole(const Node *frame)
{
    return frame && node_as(Frame, frame)->lower_kind == BOUND_UNBOUNDED && node_as(Frame, frame)->upper_kind == BOUND_UNBOUNDED;
}

static bool note_unfoldable(const Node *n, void *arg)
{
    /* What is replaced by others is no constant before that, and what is an error never is. */
    static const char *const never[] = { "raise_error", "assert_true", "nvl", "ifnull", "nvl2", "nullif", "left", "right", "split_part", "date_part", "datepart", NULL };
    bool *found = arg;
    for (size_t i = 0; node_is(Call, n) && never[i]; i++)
        *found = *found || str_eq(node_as(Call, n)->function->name, never[i]);
    return !*found;
}

/* Constants make no partitions, and are never computed (EliminateWindowPartitions). */
static bool is_foldable_key(const Node *n)
{
    bool unfoldable = by_chance(n);
    node_walk(n, note_unfoldable, &unfoldable);
    return !unfoldable && emit_is_constant(n);
}

static Status emit_partitions(Emit *e, const Window *w, Str *out)
{
    const char *word = "PARTITION BY ";
    for (size_t i = 0; i < w->partitions.len; i++) {
        const char *key;
        if (is_foldable_key(w->partitions.at[i]))
            continue;
        TRY(emit_key_text(e, w->partitions.at[i], &key));
        str_addf(out, "%s%s", word, key);
        word = ", ";
    }
    str_add(out, *word == ',' ? " " : "");
    return ST_OK;
}

/* `whole`: what a frame of the whole partition is written as. */
static Status emit_over(Emit *e, const Window *w, const char *whole, Str *out)
{
    str_add(out, " OVER (");
    TRY(emit_partitions(e, w, out));
    if (w->orders.len) {
        str_add(out, "ORDER BY ");
        TRY(emit_orders(e, &w->orders, false, out));
    }
    /* Functions that need no frame take none: the engine would refuse, Spark has a fixed one. */
    const char *name = node_is(Call, w->function) ? node_as(Call, w->function)->function->name : "";
    bool frameless = node_is(Call, w->function) && node_as(Call, w->function)->function->kind == FN_WINDOW && !str_eq(name, "nth_value");
    if (w->frame && !frameless && is_whole(w->frame))
        str_add(out, whole);
    else if (w->frame && !frameless)
        TRY(emit_frame(e, node_as(Frame, w->frame), w, out));
    str_add(out, ")");
    return ST_OK;
}

/* How many rows after the current one, when the bound says so. */
static bool bound_rows(int kind, const Node *value, int64_t *ret)
{
    bool negative = value && is_negative(value);
    while (node_is(Cast, value) || (node_is(Call, value) && str_eq(node_as(Call, value)->function->name, "negative")))
        value = node_is(Cast, value) ? node_as(Cast, value)->child : node_as(Call, value)->args.at[0];
    if (kind != BOUND_CURRENT && (kind != BOUND_VALUE || !node_is(Literal, value)))
        return false;
    int64_t rows = kind == BOUND_VALUE ? node_as(Literal, value)->value->i : 0;
    *ret = negative == (rows < 0) ? rows : -rows;
    return true;
}

/* Frames that are added up row by row at no great cost, and that the engine would put together from sums of 16 rows. */
static bool adds_rows(const Window *w)
{
    enum { MERGED_ROWS = 16, MOST_ROWS = 256 };
    const Frame *f = w->frame ? node_as(Frame, w->frame) : NULL;
    int64_t lower, upper;
    if (!f || f->upper_kind == BOUND_UNBOUNDED || !w->orders.len) /* without an order any sum is right */
        return false;
    if (f->lower_kind == BOUND_UNBOUNDED)
        return true;
    return f->unit == FRAME_ROWS && bound_rows((int)f->lower_kind, f->lower, &lower) && bound_rows((int)f->upper_kind, f->upper, &upper) &&
           upper - lower + 1 >= MERGED_ROWS && upper - lower < MOST_ROWS;
}

static Status emit_function_over(Emit *e, const Window *w, const char *over, Str *out)
{
    const char *before = e->over;
    bool running = e->running;
    e->over = over;
    e->running = adds_rows(w);
    Status status = emit_expr(e, w->function, out);
    e->over = before;
    e->running = running;
    return status;
}

static Status emit_windowed(Emit *e, const Window *w, const char *whole, Str *out)
{
    str_auto over = EMIT_STR;
    TRY(emit_over(e, w, whole, &over));
    return emit_function_over(e, w, str_arena(&over, e->a), out);
}

/* ---------------------------------------------------------------- RANGE frames that wrap
 * Without ANSI the value bounds of a RANGE frame over integers wrap, and the frame's ends, which only ever move forward, stay where a bound
 * that wrapped has put them: a row is in the frame when it is at most the greatest upper bound so far, and no row so far had it at or
 * before its upper end and below its lower bound (SlidingWindowFunctionFrame and its kin). Two running maxima in a wider type say so. */
typedef struct WrappedFrame {
    const Window *window;
    const char *key, *lower, *upper; /* columns below the window; the bounds NULL: unbounded */
    const struct WrappedFrame *next;
} WrappedFrame;

static bool frame_wraps(const Emit *e, const Window *w)
{
    const Frame *f = w->frame ? node_as(Frame, w->frame) : NULL;
    return f && !e->o->ansi && f->unit == FRAME_RANGE && (f->lower_kind == BOUND_VALUE || f->upper_kind == BOUND_VALUE) && w->orders.len == 1 &&
           type_is_integral(node_as(SortOrder, w->orders.at[0])->child->type) && !node_is(PythonUdf, w->function);
}

static const char *wrap_function(const Type *t)
{
    return t->kind == TYPE_BYTE ? "spark_wrap_tinyint" : t->kind == TYPE_SHORT ? "spark_wrap_smallint" : t->kind == TYPE_INT ? "spark_wrap_int" : "spark_wrap_bigint";
}

/* The order's key, or its sum with a bound, as Spark adds them, in the wider type and ascending. */
static Status wrapped_value(Emit *e, const SortOrder *o, const Node *bound, const char **ret)
{
    const char *key, *offset, *wrap = wrap_function(o->child->type), *sign = o->direction == SORT_DESC ? "- " : "";
    TRY(emit_text(e, o->child, &key));
    if (bound) {
        TRY(emit_text(e, bound, &offset));
        key = arena_printf(e->a, "%s(%s::HUGEINT + %s(%s%s::HUGEINT))", wrap, key, wrap, sign, offset);
    }
    *ret = arena_printf(e->a, "(%sCAST(%s AS %s))", sign, key, o->child->type->kind == TYPE_LONG ? "HUGEINT" : "BIGINT");
    return ST_OK;
}

static Status wrapped_order(Emit *e, const WrappedFrame *f, Str *out)
{
    TRY(emit_partitions(e, f->window, out));
    str_addf(out, "ORDER BY %s NULLS %s", f->key, emit_nulls_last(node_as(SortOrder, f->window->orders.at[0])) ? "LAST" : "FIRST");
    return ST_OK;
}

/* A level more: the greatest `value` up to each row, none where the key is NULL. */
static Status add_running(Emit *e, const WrappedFrame *f, const char *value, const char *name, const char **from)
{
    str_auto order = EMIT_STR;
    TRY(wrapped_order(e, f, &order));
    *from = arena_printf(e->a, "(SELECT *, CASE WHEN %s IS NOT NULL THEN max(%s) OVER (%s ROWS UNBOUNDED PRECEDING) END AS %s FROM %s)", f->key, value,
                         str_text(&order), name, *from);
    return ST_OK;
}

static Status add_wrapped(Emit *e, const Window *w, const char **from)
{
    const Frame *frame = node_as(Frame, w->frame);
    const SortOrder *o = node_as(SortOrder, w->orders.at[0]);
    WrappedFrame *f = ARENA_NEW(e->a, WrappedFrame);
    const char *key, *lower, *upper, *low = emit_fresh(e, "w"), *high = emit_fresh(e, "w");
    *f = (WrappedFrame){ .window = w, .key = emit_fresh(e, "w"), .next = e->wrapped };
    TRY(wrapped_value(e, o, NULL, &key));
    TRY(wrapped_value(e, o, frame->lower_kind == BOUND_VALUE ? frame->lower : NULL, &lower));
    TRY(wrapped_value(e, o, frame->upper_kind == BOUND_VALUE ? frame->upper : NULL, &upper));
    *from = arena_printf(e->a, "(SELECT *, %s AS %s, %s AS %s, %s AS %s FROM %s)", key, f->key, lower, low, upper, high, *from);
    if (frame->upper_kind != BOUND_UNBOUNDED) {
        f->upper = emit_fresh(e, "w");
        TRY(add_running(e, f, high, f->upper, from));
        low = arena_printf(e->a, "least(%s, %s + 1)", low, f->upper);
    }
    if (frame->lower_kind != BOUND_UNBOUNDED) {
        f->lower = emit_fresh(e, "w");
        TRY(add_running(e, f, low, f->lower, from));
    }
    e->wrapped = f;
    return ST_OK;
}

/* On which side of the row a frame begins and ends. */
typedef enum FrameSides { AROUND, BEHIND, BEFORE } FrameSides;

/* One end of a frame: its distance from the key in the rows that it is for, none in others, where the engine looks for nothing then. */
static void add_end(Emit *e, const WrappedFrame *f, const char *end, bool after, const char *rows, Str *out)
{
    const char *distance = arena_printf(e->a, "%s - %s", after ? end : f->key, after ? f->key : end);
    str_addf(out, "(CASE WHEN %s THEN %s END) %s", rows, distance, after ? "FOLLOWING" : "PRECEDING");
}

/* The function over such frames, for the `rows` that have one. */
static Status emit_sided(Emit *e, const WrappedFrame *f, FrameSides sides, const char *rows, Str *out)
{
    const Frame *frame = node_as(Frame, f->window->frame);
    str_auto over = EMIT_STR;
    str_add(&over, " OVER (");
    TRY(wrapped_order(e, f, &over));
    str_add(&over, " RANGE BETWEEN ");
    if (!f->lower)
        str_add(&over, "UNBOUNDED PRECEDING");
    else if (sides == AROUND && frame->lower_kind == BOUND_CURRENT)
        str_add(&over, "CURRENT ROW");
    else
        add_end(e, f, f->lower, sides == BEHIND, rows, &over);
    str_add(&over, " AND ");
    if (!f->upper)
        str_add(&over, "UNBOUNDED FOLLOWING");
    else if (sides == AROUND && frame->upper_kind == BOUND_CURRENT)
        str_add(&over, "CURRENT ROW");
    else
        add_end(e, f, f->upper, sides != BEFORE, rows, &over);
    str_add(&over, ")");
    return emit_function_over(e, f->window, str_arena(&over, e->a), out);
}

/* The engine wants to know by the word on which side of the row an end is, so each has a window. */
static Status emit_wrapped(Emit *e, const WrappedFrame *f, Str *out)
{
    const Frame *frame = node_as(Frame, f->window->frame);
    const char *behind = frame->lower_kind == BOUND_VALUE ? arena_printf(e->a, "%s > %s", f->lower, f->key) : NULL;
    const char *before = frame->upper_kind == BOUND_VALUE ? arena_printf(e->a, "%s < %s", f->upper, f->key) : NULL;
    str_add(out, "CASE");
    if (behind) {
        str_addf(out, " WHEN %s THEN ", behind);
        TRY(emit_sided(e, f, BEHIND, behind, out));
    }
    if (before) {
        str_addf(out, " WHEN %s THEN ", before);
        TRY(emit_sided(e, f, BEFORE, before, out));
    }
    str_add(out, " ELSE ");
    TRY(emit_sided(e, f, AROUND, arena_printf(e->a, "NOT (%s%s%s)", behind ? behind : "", behind && before ? " OR " : "", before ? before : ""), out));
    str_add(out, " END");
    return ST_OK;
}

/* Over a frame of a whole partition the engine adds rows to one state by a vector of states that is constant, which the C
 * interface takes for a flat one: our aggregates get such a frame in words that the engine does not see as the whole. */
Status emit_window(Emit *e, const Window *w, Str *out)
{
    str_auto text = EMIT_STR;
    for (const WrappedFrame *wrapped = e->wrapped; wrapped; wrapped = wrapped->next)
        if (wrapped->window == w)
            return emit_wrapped(e, wrapped, out);
    TRY(emit_windowed(e, w, " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", &text));
    if (is_whole(w->frame) && aggregate_called(str_text(&text)))
        return emit_windowed(e, w, " ROWS BETWEEN UNBOUNDED PRECEDING AND 4611686018427387904 FOLLOWING", out);
    str_add(out, str_text(&text));
    return ST_OK;
}

/* ---------------------------------------------------------------- select lists */
/* In *ret_found, in Spark's order: outputs without windows first. Nothing when no window takes what may fail. */
static void find_below(Emit *e, const Project *p, NodeList *ret_found)
{
    Below windows = { .e = e }, all = { .e = e };
    for (size_t i = 0; i < p->exprs.len; i++)
        node_walk(p->exprs.at[i], note_below, &windows);
    for (size_t i = 0; windows.found.len && i < p->exprs.len; i++) {
        Node *n = p->exprs.at[i];
        if (!has_window(n))
            add_below(&all, node_is(Alias, n) ? node_as(Alias, n)->child : n);
    }
    add_all(&all, &windows.found);
    *ret_found = all.found;
}

static bool note_wrapping(const Node *n, void *arg)
{
    Below *b = arg;
    if (node_is(Window, n) && frame_wraps(b->e, node_as(Window, n)))
        vec_push(b->e->a, &b->found, (Node *)(uintptr_t)n);
    return !node_is(Subquery, n);
}

/* Of literal rows Spark makes a table before it knows what is not needed: a condition that always holds makes the engine compute it all. */
static Status add_columns(Emit *e, const NodeList *found, StrList *names, const char **from)
{
    str_auto columns = EMIT_STR;
    str_auto listed = EMIT_STR;
    for (size_t i = 0; i < found->len; i++) {
        const char *text, *name = emit_fresh(e, "w");
        TRY(emit_text(e, found->at[i], &text));
        str_addf(&columns, ", %s AS %s", text, name);
        str_addf(&listed, "%s%s", i ? ", " : "", name);
        vec_push(e->a, names, name);
    }
    if (found->len)
        *from = arena_printf(e->a, "(SELECT *%s FROM %s)", str_text(&columns), *from);
    if (found->len && e->local)
        *from = arena_printf(e->a, "(SELECT * FROM %s WHERE hash(%s) >= 0)", *from, str_text(&listed));
    return ST_OK;
}

static Status project_windows(Emit *e, const Project *p, const NodeList *below, const NodeList *wrapping, Sel *ret)
{
    StrList names = { 0 };
    GroupScope scope = { .groups = below, .names = &names, .outer = e->groups };
    TRY(emit_from(e, p->input, &ret->from));
    e->local = emit_over_rows(p->input);
    e->output = true;
    TRY(add_columns(e, below, &names, &ret->from));
    e->groups = &scope;
    for (size_t i = 0; i < wrapping->len; i++)
        TRY(add_wrapped(e, node_as(Window, wrapping->at[i]), &ret->from));
    return emit_outputs(e, &p->exprs, p->node.schema, &ret->select);
}

Status emit_windows_project(Emit *e, const Project *p, bool *ret_done, Sel *ret)
{
    NodeList below = { 0 };
    Below wrapping = { .e = e };
    Emit before = *e;
    find_below(e, p, &below);
    for (size_t i = 0; i < p->exprs.len && !e->o->ansi; i++)
        node_walk(p->exprs.at[i], note_wrapping, &wrapping);
    *ret_done = below.len || wrapping.found.len;
    if (!*ret_done)
        return ST_OK;
    *ret = (Sel){ 0 };
    Status status = project_windows(e, p, &below, &wrapping.found, ret);
    e->groups = before.groups;
    e->wrapped = before.wrapped;
    e->output = before.output;
    e->local = false;
    return status;
}
