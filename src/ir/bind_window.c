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
static Status resolve_named(Binder *b, const Scope *s, const Window *w, const Window **ret, Error *err)
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
                               "'https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html'.",
                               "windowName", sql_id(b->a, (*ret)->name), NULL);
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

static Status frame_error(Binder *b, const Window *w, const char *class, const char *text, Error *err)
{
    return spark_error(err, &w->node, class, "42K09", text, "sqlExpr", pretty(b, &w->node), NULL);
}

static Status bind_bound(Binder *b, const Scope *s, const Window *w, const NodeList *orders, int64_t unit, Node **bound,
                         const char *location, Error *err)
{
    Node *e = NULL;
    TRY(bind_expr(b, s, *bound, &e, err));
    if (!is_foldable(e))
        return spark_error(err, &w->node, "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WITHOUT_FOLDABLE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: Window frame <location> bound "
                           "\"<expression>\" is not a literal.",
                           "sqlExpr", pretty(b, e), "location", location, "expression", pretty(b, e), NULL);
    if (unit == FRAME_ROWS) {
        if (!type_is_integral(e->type))
            return spark_error(err, &w->node, "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE", "42K09",
                               "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The data type of the <location> bound "
                               "\"<exprType>\" does not match the expected data type \"INT\".",
                               "sqlExpr", pretty(b, e), "location", location, "exprType", type_sql_text(b->a, e->type), NULL);
        *bound = coerce_to(b->a, b->ansi, e, &type_int);
        return ST_OK;
    }
    const Type *order = orders->at[0]->type;
    if (type_is_numeric(order) && type_is_numeric(e->type))
        e = coerce_to(b->a, b->ansi, e, order);
    *bound = e;
    return ST_OK;
}

static Status check_range(Binder *b, const Window *w, const Frame *f, const NodeList *orders, Error *err)
{
    bool values = f->lower_kind == BOUND_VALUE || f->upper_kind == BOUND_VALUE;
    bool whole = f->lower_kind == BOUND_UNBOUNDED && f->upper_kind == BOUND_UNBOUNDED;
    if (f->unit != FRAME_RANGE || whole)
        return ST_OK;
    if (!orders->len)
        return frame_error(b, w, "DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: A range window frame cannot be used in an "
                           "unordered window specification.",
                           err);
    if (values && orders->len > 1)
        return frame_error(b, w, "DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: A range window frame with value boundaries "
                           "cannot be used in a window specification with multiple order by expressions.",
                           err);
    return ST_OK;
}

static Status bind_frame(Binder *b, const Scope *s, const Window *spec, const Window *w, const NodeList *orders, const char *name,
                         Node **ret, Error *err)
{
    static const char *const fixed[] = { "row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist", "lag", "lead", NULL };
    if (!spec->frame) {
        *ret = default_frame(b, name, orders->len > 0);
        return ST_OK;
    }
    Frame *f = (Frame *)(void *)node_copy(b->a, spec->frame);
    TRY(check_range(b, w, f, orders, err));
    if (f->lower_kind == BOUND_VALUE)
        TRY(bind_bound(b, s, w, orders, f->unit, &f->lower, "lower", err));
    if (f->upper_kind == BOUND_VALUE)
        TRY(bind_bound(b, s, w, orders, f->unit, &f->upper, "upper", err));
    Node *usual = default_frame(b, name, orders->len > 0);
    if (is_one_of(name, fixed) && (!usual || !node_equal(usual, &f->node)))
        return spark_error(err, &w->node, "WINDOW_FUNCTION_AND_FRAME_MISMATCH", "42K0E",
                           "<funcName> function can only be evaluated in an ordered row-based window frame with a single offset: "
                           "<windowExpr>.",
                           "funcName", arena_printf(b->a, "\"%s\"", name), "windowExpr", name, NULL);
    *ret = &f->node;
    return ST_OK;
}

static Status check_order(Binder *b, const Window *w, const char *name, const NodeList *orders, Error *err)
{
    static const char *const ordered[] = { "row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist", "lag", "lead", NULL };
    if (orders->len || !is_one_of(name, ordered))
        return ST_OK;
    return spark_error(err, &w->node, "_LEGACY_ERROR_TEMP_1037", "42K0E",
                       "Window function <wf> requires window to be ordered, please add ORDER BY clause. For example SELECT "
                       "<wf>(value_expr) OVER (PARTITION BY window_partition ORDER BY window_ordering) from table.",
                       "wf", arena_printf(b->a, "%s()", name), NULL);
}

Status bind_window(Binder *b, const Scope *s, const Window *n, Node **ret, Error *err)
{
    Scope inner = *s;
    const Window *spec = NULL;
    Node *function = NULL, *frame = NULL;
    NodeList partitions = { 0 }, orders = { 0 };
    inner.in_window = true;
    TRY(resolve_named(b, s, n, &spec, err));
    TRY(bind_expr(b, &inner, n->function, &function, err));
    inner.in_window = false;
    TRY(bind_exprs(b, &inner, &spec->partitions, &partitions, err));
    TRY(bind_exprs(b, &inner, &spec->orders, &orders, err));
    for (size_t i = 0; i < orders.len; i++)
        if (!node_is(SortOrder, orders.at[i]))
            orders.at[i] = typed(node_new(b->a, SortOrder, .child = orders.at[i], .nulls = NULLS_FIRST), orders.at[i]->type,
                                 orders.at[i]->nullable, orders.at[i]);
    bool udf = node_is(PythonUdf, function);
    const Node *inside = node_is(Cast, function) ? node_as(Cast, function)->child : function;
    if (!udf && (!node_is(Call, inside) || node_as(Call, inside)->function->kind == FN_SCALAR))
        return spark_error(err, &n->node, "UNSUPPORTED_EXPR_FOR_WINDOW", "42P20",
                           "Expression <sqlExpr> not supported within a window function.", "sqlExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, function)), NULL);
    const char *name = udf ? "" : node_as(Call, inside)->function->name;
    TRY(check_order(b, n, name, &orders, err));
    TRY(bind_frame(b, &inner, spec, n, &orders, name, &frame, err));
    Node *made = node_new(b->a, Window, .function = function, .partitions = partitions, .orders = orders, .frame = frame);
    if (node_is(Call, function) && node_as(Call, function)->distinct)
        return spark_error(err, &n->node, "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", "0A000",
                           "Distinct window functions are not supported: <windowExpr>.", "windowExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, made)), NULL);
    *ret = typed(made, function->type, function->nullable, &n->node);
    return ST_OK;
}
