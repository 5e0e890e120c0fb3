/* ir/bind_window.c -- f(…) OVER (…): named windows, default frames and their checks (WindowSpecDefinition, WindowFrame). */
#include "ir/binder.h"

#include <inttypes.h>

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (str_ieq(name, *names))
            return true;
    return false;
}

/* The definition that `w` names, with its own additions; SQL allows either. */
static Status resolve_named(const Scope *s, const Window *w, const Window **ret, Error *err)
{
    *ret = w;
    for (int hops = 0; (*ret)->name; hops++) {
        const Window *found = NULL;
        for (size_t i = 0; s->windows && i < s->windows->len && !found; i++) {
            const WindowDefinition *d = node_as(WindowDefinition, s->windows->at[i]);
            if (str_ieq(d->name, (*ret)->name))
                found = node_as(Window, d->window);
        }
        if (!found || hops > 64)
            return spark_error(err, &w->node, "MISSING_WINDOW_SPECIFICATION", "42P20",
                               "Window specification is not defined in the WINDOW clause for <windowName>. For more information "
                               "about WINDOW clauses, please refer to "
                               "'<docroot>/sql-ref-syntax-qry-select-window.html'.",
                               "windowName", (*ret)->name, NULL);
        *ret = found;
    }
    return ST_OK;
}

static Node *make_frame(Binder *b, FrameUnit unit, FrameBound upper)
{
    return node_new(b->a, Frame, .unit = unit, .lower_kind = BOUND_UNBOUNDED, .upper_kind = upper);
}

static Node *default_frame(Binder *b, const char *name, bool ordered)
{
    static const char *const by_rows[] = { "row_number", "rank", "dense_rank", "percent_rank", "ntile", NULL };
    static const char *const offsets[] = { "lag", "lead", NULL };
    if (is_one_of(name, offsets))
        return NULL;
    if (is_one_of(name, by_rows))
        return make_frame(b, FRAME_ROWS, BOUND_CURRENT);
    if (str_ieq(name, "cume_dist"))
        return make_frame(b, FRAME_RANGE, BOUND_CURRENT);
    return ordered ? make_frame(b, FRAME_RANGE, BOUND_CURRENT) : make_frame(b, FRAME_ROWS, BOUND_UNBOUNDED);
}

/* A frame that cannot be: `w` is the bound definition, without its function. */
static Status frame_error(Binder *b, const Window *w, const char *class, const char *text, const char *location, const Node *bound,
                          Error *err)
{
    return spark_error(err, &w->node, arena_printf(b->a, "DATATYPE_MISMATCH.%s", class), "42K09",
                       arena_printf(b->a, "Cannot resolve <sqlExpr> due to data type mismatch: %s", text), "sqlExpr",
                       arena_printf(b->a, "\"%s\"", pretty(b, &w->node)), "location", location, "expression",
                       bound ? arena_printf(b->a, "\"%s\"", pretty(b, bound)) : "", "exprType",
                       bound ? arena_printf(b->a, "\"%s\"", type_sql_text(b->a, bound->type)) : "", "expectedType", "\"INT\"",
                       "orderSpecType",
                       w->orders.len ? arena_printf(b->a, "\"%s\"", type_sql_text(b->a, w->orders.at[0]->type)) : "",
                       "valueBoundaryType", bound ? arena_printf(b->a, "\"%s\"", type_sql_text(b->a, bound->type)) : "", NULL);
}

static const Literal *bound_literal(const Node *e, bool *ret_negative)
{
    while (node_is(Cast, e) || (node_is(Call, e) && !strcmp(node_as(Call, e)->function->name, "negative"))) {
        *ret_negative = *ret_negative != node_is(Call, e);
        e = node_is(Cast, e) ? node_as(Cast, e)->child : node_as(Call, e)->args.at[0];
    }
    return node_is(Literal, e) ? node_as(Literal, e) : NULL;
}

/* Is a bound after the other, both of one kind of constant? */
static bool crossed(const Frame *f)
{
    bool minus[2] = { false, false };
    const Literal *lower = f->lower ? bound_literal(f->lower, &minus[0]) : NULL;
    const Literal *upper = f->upper ? bound_literal(f->upper, &minus[1]) : NULL;
    if (f->lower_kind == BOUND_UNBOUNDED || f->upper_kind == BOUND_UNBOUNDED || (f->lower_kind == BOUND_VALUE && !lower) ||
        (f->upper_kind == BOUND_VALUE && !upper))
        return false;
    int64_t l = lower ? lower->value->i : 0, u = upper ? upper->value->i : 0;
    return (minus[0] ? -l : l) > (minus[1] ? -u : u);
}

static Status bind_bound(Binder *b, const Scope *s, const Window *w, int64_t unit, Node **bound, const char *location, Error *err)
{
    Node *e = NULL;
    TRY(bind_expr(b, s, *bound, &e, err));
    *bound = e;
    if (!is_foldable(e))
        return frame_error(b, w, "SPECIFIED_WINDOW_FRAME_WITHOUT_FOLDABLE", "Window frame <location> bound <expression> is not a literal.",
                           location, e, err);
    if (unit == FRAME_RANGE && type_is_datetime(e->type)) /* RangeFrame.inputType: numbers and intervals */
        return frame_error(b, w, "SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
                           "The data type of the <location> bound <exprType> does not match the expected data type <expectedType>.", location, e, err);
    if (unit == FRAME_ROWS && e->type->kind != TYPE_INT) {
        if (!type_is_integral(e->type) || e->type->kind == TYPE_LONG)
            return frame_error(b, w, "SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
                               "The data type of the <location> bound <exprType> does not match the expected data type <expectedType>.",
                               location, e, err);
        *bound = coerce_to(b->a, b->ansi, e, &type_int);
    }
    return ST_OK;
}

/* May a RANGE frame over values of type `order` have this bound? */
static bool range_fits(const Type *order, const Type *bound)
{
    if (order->kind == TYPE_DATE)
        return bound->kind == TYPE_INT || bound->kind == TYPE_BYTE || bound->kind == TYPE_SHORT || bound->kind == TYPE_YEAR_MONTH_INTERVAL ||
               (bound->kind == TYPE_DAY_TIME_INTERVAL && bound->end == INTERVAL_DAY) || bound->kind == TYPE_CALENDAR_INTERVAL;
    if (order->kind == TYPE_TIMESTAMP || order->kind == TYPE_TIMESTAMP_NTZ)
        return type_is_ansi_interval(bound) || bound->kind == TYPE_CALENDAR_INTERVAL;
    return (type_is_numeric(order) && (type_is_numeric(bound) || bound->kind == TYPE_STRING)) || type_same(order, bound);
}

static Status check_range(Binder *b, const Window *w, Frame *f, Error *err)
{
    bool values = f->lower_kind == BOUND_VALUE || f->upper_kind == BOUND_VALUE;
    bool whole = f->lower_kind == BOUND_UNBOUNDED && f->upper_kind == BOUND_UNBOUNDED;
    if (f->unit != FRAME_RANGE || whole)
        return ST_OK;
    if (!w->orders.len)
        return frame_error(b, w, "RANGE_FRAME_WITHOUT_ORDER", "A range window frame cannot be used in an unordered window specification.",
                           "", NULL, err);
    if (values && w->orders.len > 1)
        return frame_error(b, w, "RANGE_FRAME_MULTI_ORDER",
                           "A range window frame with value boundaries cannot be used in a window specification with multiple order by "
                           "expressions: <orderSpec>.",
                           "", NULL, err);
    const Type *order = w->orders.at[0]->type;
    Node **bounds[] = { &f->lower, &f->upper };
    for (size_t i = 0; i < 2; i++) {
        if ((i ? f->upper_kind : f->lower_kind) != BOUND_VALUE || !*bounds[i])
            continue;
        if (!range_fits(order, (*bounds[i])->type))
            return frame_error(b, w, "RANGE_FRAME_INVALID_TYPE",
                               "The data type <orderSpecType> used in the order specification does not support the data type "
                               "<valueBoundaryType> which is used in the range frame.",
                               "", *bounds[i], err);
        if (type_is_numeric(order))
            *bounds[i] = coerce_to(b->a, b->ansi, *bounds[i], order);
    }
    return ST_OK;
}

/* `w`: the bound definition; its frame is the unbound one, NULL: the function's own. */
static Status bind_frame(Binder *b, const Scope *s, const Window *w, const char *name, Node **ret, Error *err)
{
    if (!w->frame) {
        *ret = default_frame(b, name, w->orders.len > 0);
        return ST_OK;
    }
    Frame *f = (Frame *)(void *)node_copy(b->a, w->frame);
    Window *shown = (Window *)(void *)node_copy(b->a, &w->node);
    shown->frame = NULL;
    if (f->lower_kind == BOUND_VALUE)
        TRY(bind_bound(b, s, shown, f->unit, &f->lower, "lower", err));
    if (f->upper_kind == BOUND_VALUE)
        TRY(bind_bound(b, s, shown, f->unit, &f->upper, "upper", err));
    shown->frame = &f->node;
    TRY(check_range(b, shown, f, err));
    if (f->lower_kind == BOUND_VALUE && f->upper_kind == BOUND_VALUE && !type_same(f->lower->type, f->upper->type))
        return frame_error(b, shown, "SPECIFIED_WINDOW_FRAME_DIFF_TYPES", "Window frame bounds do not have the same type.", "", f->upper, err);
    if (crossed(f))
        return frame_error(b, shown, "SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON",
                           "The lower bound of a window frame must be less than or equal to the upper bound.", "", NULL, err);
    *ret = &f->node;
    return ST_OK;
}

/* The frame that a ranking function asks for is looked at before any type is (ResolveWindowFrame). */
static Status check_required(Binder *b, const Window *n, const Window *spec, const Node *function, Error *err)
{
    static const char *const fixed[] = { "row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist", NULL };
    const Node *inside = node_is(Cast, function) ? node_as(Cast, function)->child : function;
    const char *name = node_is(Call, inside) ? node_as(Call, inside)->function->name : "";
    if (!spec->frame || !is_one_of(name, fixed) || !spec->orders.len)
        return ST_OK;
    const Frame *f = node_as(Frame, spec->frame);
    Node *usual = default_frame(b, name, true);
    if (f->unit == node_as(Frame, usual)->unit && f->lower_kind != BOUND_VALUE && f->upper_kind != BOUND_VALUE && node_equal(usual, spec->frame))
        return ST_OK;
    return spark_error(err, &n->node, "_LEGACY_ERROR_TEMP_1036", "", "Window Frame <wf> must match the required frame <required>.", "wf", pretty(b, spec->frame),
                       "required", pretty(b, usual), NULL);
}

static Status check_order(Binder *b, const Window *w, const char *name, const NodeList *orders, Error *err)
{
    static const char *const ordered[] = { "row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist", "lag", "lead", "nth_value", NULL };
    if (orders->len || !is_one_of(name, ordered))
        return ST_OK;
    return spark_error(err, &w->node, "_LEGACY_ERROR_TEMP_1037", "42K0E",
                       "Window function <wf> requires window to be ordered, please add ORDER BY clause. For example SELECT "
                       "<wf>(value_expr) OVER (PARTITION BY window_partition ORDER BY window_ordering) from table.",
                       "wf", arena_printf(b->a, "%s()", name), NULL);
}

static Status refuse_frame(const Window *n, const char *name, Error *err)
{
    return spark_error(err, &n->node, "_LEGACY_ERROR_TEMP_1035", "", "Cannot specify window frame for <prettyName> function.", "prettyName", name, NULL);
}

/* lag and lead take no frame and need an order, which is looked at before the types of their arguments, but not before what is in those
 * (ResolveWindowFrame, ResolveWindowOrder). */
static Status bind_function_of(Binder *b, const Scope *s, const Window *n, const Window *spec, Node **ret, Error *err)
{
    static const char *const offsets[] = { "lag", "lead", NULL };
    const Function *f = node_is(Function, n->function) ? node_as(Function, n->function) : NULL;
    Status status = bind_expr(b, s, n->function, ret, err);
    if (status == ST_OK && spec->frame && spec->orders.len && node_is(Call, *ret) && is_one_of(node_as(Call, *ret)->function->name, offsets))
        return refuse_frame(n, node_as(Call, *ret)->function->name, err);
    if (status == ST_OK || (!spec->frame && spec->orders.len) || !f || f->name.len != 1 || !is_one_of(f->name.at[0], offsets) || !str_starts(err->code, "DATATYPE_MISMATCH"))
        return status;
    for (size_t i = 0; i < f->args.len; i++) {
        Error inner = { 0 };
        Node *arg = NULL;
        if (bind_expr(b, s, f->args.at[i], &arg, &inner) != ST_OK)
            return status;
    }
    const char *name = str_ieq(f->name.at[0], "lag") ? "lag" : "lead";
    return spec->orders.len ? refuse_frame(n, name, err) : check_order(b, n, name, &spec->orders, err);
}

Status bind_window(Binder *b, const Scope *s, const Window *n, Node **ret, Error *err)
{
    Scope inner = *s;
    const Window *spec = NULL;
    Node *function = NULL, *frame = NULL;
    NodeList partitions = { 0 }, orders = { 0 };
    inner.in_window = true;
    TRY(resolve_named(s, n, &spec, err));
    TRY(bind_function_of(b, &inner, n, spec, &function, err));
    inner.in_window = false;
    TRY(check_required(b, n, spec, function, err));
    TRY(bind_exprs(b, &inner, &spec->partitions, &partitions, err));
    TRY(bind_exprs(b, &inner, &spec->orders, &orders, err));
    for (size_t i = 0; i < orders.len; i++)
        if (!node_is(SortOrder, orders.at[i]))
            orders.at[i] = typed(node_new(b->a, SortOrder, .child = orders.at[i], .nulls = NULLS_FIRST), orders.at[i]->type,
                                 orders.at[i]->nullable, orders.at[i]);
    for (size_t i = 0; i < partitions.len; i++)
        if (!type_is_orderable(partitions.at[i]->type))
            return spark_error(err, partitions.at[i], "EXPRESSION_TYPE_IS_NOT_ORDERABLE", "42822",
                               "Column expression <expr> cannot be sorted because its type <exprType> is not orderable.", "expr",
                               arena_printf(b->a, "\"%s\"", pretty(b, partitions.at[i])), "exprType",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, partitions.at[i]->type)), NULL);
    bool udf = node_is(PythonUdf, function);
    const Node *inside = node_is(Cast, function) ? node_as(Cast, function)->child : function;
    if (!udf && (!node_is(Call, inside) || node_as(Call, inside)->function->kind == FN_SCALAR))
        return spark_error(err, &n->node, "UNSUPPORTED_EXPR_FOR_WINDOW", "42P20",
                           "Expression <sqlExpr> not supported within a window function.", "sqlExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, function)), NULL);
    const char *name = udf ? "" : node_as(Call, inside)->function->name;
    TRY(check_order(b, n, name, &orders, err));
    static const char *const whole[] = { "percentile_cont", "percentile_disc", "median", NULL }, *const listed[] = { "listagg", "string_agg", NULL };
    bool sorted = is_one_of(name, listed) && node_as(Call, inside)->order.len;
    if ((is_one_of(name, whole) || sorted) && (orders.len || spec->frame))
        return spark_error(err, &n->node, "INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC", "42601",
                           "Cannot specify ORDER BY or a window frame for <aggFunc>.", "aggFunc",
                           arena_printf(b->a, "\"%s\"", pretty(b, function)), NULL);
    Node *definition = node_at(node_new(b->a, Window, .partitions = partitions, .orders = orders, .frame = spec->frame), n->node.start,
                               n->node.stop);
    TRY(bind_frame(b, &inner, node_as(Window, definition), name, &frame, err));
    Node *made = node_new(b->a, Window, .function = function, .partitions = partitions, .orders = orders, .frame = frame);
    if (!udf && node_as(Call, inside)->function->kind == FN_WINDOW)
        TRY(check_call_parameters(b, node_as(Call, inside), &n->node, err));
    if (node_is(Call, function) && node_as(Call, function)->filter)
        return spark_error(err, &n->node, "_LEGACY_ERROR_TEMP_1030", "",
                           "window aggregate function with filter predicate is not supported yet.", NULL);
    if (node_is(Call, function) && node_as(Call, function)->distinct)
        return spark_error(err, &n->node, "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", "0A000",
                           "Distinct window functions are not supported: <windowExpr>.", "windowExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, made)), NULL);
    *ret = typed(made, function->type, function->nullable, &n->node);
    return ST_OK;
}
