/* ir/bind_stat.c -- describe, summary and DataFrame.stat lowered to aggregates: StatFunctions.summary, corr, cov,
 * approxQuantile, crosstab, sampleBy. */
#include "ir/binder.h"

#include <math.h>

static Status input_of(Binder *b, Node *unbound, const Scope *outer, Node **ret, Error *err)
{
    TRY(bind_relation(b, unbound, outer, ret, err));
    *ret = strip_hidden(b, *ret);
    return ST_OK;
}

static Status column_as(Binder *b, const Node *input, const char *name, const Type *type, const Node *at, Node **ret, Error *err)
{
    const Column *c = NULL;
    TRY(resolve_output_column(b, input->schema, name, at, &c, err));
    *ret = column_ref(b, c);
    return type && !type_same(c->type, type) ? make_cast(b, *ret, type, CAST_SESSION, at, ret, err) : ST_OK;
}

/* One row of these aggregates. */
static Status one_row(Binder *b, Node *input, NodeList *exprs, const Node *at, Node **ret, Error *err)
{
    NodeList groups = { 0 }, sets = { 0 };
    return finish_aggregate(b, input, &groups, exprs, &sets, GROUPING_PLAIN, at, ret, err);
}

/* ---------------------------------------------------------------- describe and summary */

static Node *literal_double(Binder *b, double f)
{
    Value *v = ARENA_NEW(b->a, Value);
    v->f = f;
    return typed(node_new(b->a, Literal, .value = v, .of = &type_double), &type_double, false, NULL);
}

/* Statistic `name` of a column, as text. Strings count, have a least and a greatest, and are tried as numbers for the rest. */
static Status statistic(Binder *b, const char *name, Node *column, const Node *at, Node **ret, Error *err)
{
    Node *number = column, *e = NULL;
    size_t n = strlen(name);
    if (column->type->kind == TYPE_STRING)
        TRY(make_cast(b, column, &type_double, CAST_TRY, at, &number, err));
    if (str_eq(name, "count") || str_eq(name, "min") || str_eq(name, "max"))
        TRY(make_call1(b, name, column, at, &e, err));
    else if (str_eq(name, "mean") || str_eq(name, "stddev"))
        TRY(make_call1(b, str_eq(name, "mean") ? "avg" : "stddev", number, at, &e, err));
    else if (str_eq(name, "count_distinct") || str_eq(name, "approx_count_distinct")) {
        TRY(make_call1(b, str_eq(name, "count_distinct") ? "count" : name, column, at, &e, err));
        ((Call *)(void *)e)->distinct = str_eq(name, "count_distinct");
    } else {
        double percent = 0;
        if (!n || name[n - 1] != '%' || !str_to_f64(arena_strn(b->a, name, n - 1), &percent) || percent < 0 || percent > 100)
            return spark_error(err, at, "_LEGACY_ERROR_TEMP_2114", "42K0E", "<stats> is not a recognised statistic.", "stats", name,
                               NULL);
        TRY(make_call2(b, "percentile_approx", number, literal_double(b, percent / 100), at, &e, err));
    }
    *ret = e;
    return ST_OK;
}

static Status stat_row(Binder *b, const char *name, const NodeList *columns, NodeList *aggregates, NodeList *rows, const Node *at,
                       Error *err)
{
    NodeList fields = { 0 };
    Node *row = NULL;
    vec_push(b->a, &fields, make_literal_string(b, "summary"));
    vec_push(b->a, &fields, make_literal_string(b, name));
    for (size_t i = 0; i < columns->len; i++) {
        Node *e = NULL, *text = NULL;
        TRY(statistic(b, name, columns->at[i], at, &e, err));
        Node *alias = new_alias(b, e, name);
        vec_push(b->a, aggregates, alias);
        text = typed(node_new(b->a, ColumnRef, .id = node_as(Alias, alias)->id, .name = name), e->type, true, NULL);
        vec_push(b->a, &fields, make_literal_string(b, node_as(ColumnRef, columns->at[i])->name));
        vec_push(b->a, &fields, coerce_to(b->a, b->ansi, text, &type_string));
    }
    TRY(make_call(b, "named_struct", &fields, at, &row, err));
    vec_push(b->a, rows, row);
    return ST_OK;
}

static Status described(Binder *b, Node *input, const StrList *names, const StrList *statistics, const Node *at, Node **ret,
                        Error *err)
{
    NodeList columns = { 0 }, aggregates = { 0 }, rows = { 0 }, outputs = { 0 };
    Node *list = NULL, *generator = NULL;
    for (size_t i = 0; i < names->len; i++) {
        Node *e = NULL;
        TRY(column_as(b, input, names->at[i], NULL, at, &e, err));
        if (type_is_numeric(e->type) || e->type->kind == TYPE_STRING)
            vec_push(b->a, &columns, e);
    }
    for (size_t i = 0; !names->len && i < input->schema->len; i++)
        if (type_is_numeric(input->schema->at[i].type) || input->schema->at[i].type->kind == TYPE_STRING)
            vec_push(b->a, &columns, column_ref(b, &input->schema->at[i]));
    for (size_t i = 0; i < statistics->len; i++)
        TRY(stat_row(b, statistics->at[i], &columns, &aggregates, &rows, at, err));
    if (!aggregates.len) /* no column: only the names, once each */
        vec_push(b->a, &aggregates, new_alias(b, make_literal_int(b, 1, &type_int), "one"));
    TRY(one_row(b, input, &aggregates, at, &input, err));
    TRY(make_call(b, "array", &rows, at, &list, err));
    TRY(make_call1(b, "inline", list, at, &generator, err));
    Field *fields = arena_copy(b->a, generator->type->fields, generator->type->nfields * sizeof *fields);
    for (size_t i = 0; i < generator->type->nfields; i++)
        fields[i].nullable = true;
    generator->type = type_struct(b->a, fields, generator->type->nfields);
    Node *alias = new_alias(b, generator, "summary");
    ((Alias *)(void *)alias)->generated = true;
    vec_push(b->a, &outputs, alias);
    TRY(extract_generator(b, &input, &outputs, err));
    *ret = make_project(b, input, &outputs);
    return ST_OK;
}

static Status bind_describe(Binder *b, const StatDescribe *n, const Scope *outer, Node **ret, Error *err)
{
    static const char *const usual[] = { "count", "mean", "stddev", "min", "max" };
    StrList statistics = { 0 };
    Node *input = NULL;
    for (size_t i = 0; i < 5; i++)
        vec_push(b->a, &statistics, usual[i]);
    TRY(input_of(b, n->input, outer, &input, err));
    return described(b, input, &n->columns, &statistics, &n->node, ret, err);
}

static Status bind_summary(Binder *b, const StatSummary *n, const Scope *outer, Node **ret, Error *err)
{
    static const char *const usual[] = { "count", "mean", "stddev", "min", "25%", "50%", "75%", "max" };
    StrList statistics = { 0 }, all = { 0 };
    Node *input = NULL;
    for (size_t i = 0; i < (n->statistics.len ? n->statistics.len : 8); i++)
        vec_push(b->a, &statistics, n->statistics.len ? n->statistics.at[i] : usual[i]);
    TRY(input_of(b, n->input, outer, &input, err));
    return described(b, input, &all, &statistics, &n->node, ret, err);
}

/* ---------------------------------------------------------------- corr, cov, approxQuantile */

static Status two_columns(Binder *b, Node *unbound, const char *function, const char *x, const char *y, const char *name,
                          const Node *at, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *l = NULL, *r = NULL, *e = NULL;
    NodeList exprs = { 0 };
    TRY(input_of(b, unbound, outer, &input, err));
    TRY(column_as(b, input, x, &type_double, at, &l, err));
    TRY(column_as(b, input, y, &type_double, at, &r, err));
    TRY(make_call2(b, function, l, r, at, &e, err));
    vec_push(b->a, &exprs, new_alias(b, e, name));
    return one_row(b, input, &exprs, at, ret, err);
}

/* NaN does not count; of no values there are no quantiles. */
static Status quantiles_of(Binder *b, Node *x, Node *fractions, Node *error, const Node *at, Node **ret, Error *err)
{
    Scope none = { 0 };
    Node *nan = NULL, *e = NULL, *empty = NULL;
    NodeList no_items = { 0 };
    TRY(make_call2(b, "nullif", x, literal_double(b, NAN), at, &nan, err));
    TRY(make_call2(b, "percentile_approx", nan, fractions, at, &e, err));
    NodeList *args = &((Call *)(void *)e)->args;
    args->len = 2;
    TRY(bind_expr(b, &none, error, &error, err));
    vec_push(b->a, args, error);
    TRY(make_call(b, "array", &no_items, at, &empty, err));
    TRY(make_cast(b, empty, e->type, CAST_SESSION, at, &empty, err));
    return make_call2(b, "coalesce", e, empty, at, ret, err);
}

static Status bind_quantiles(Binder *b, const StatApproxQuantile *n, const Scope *outer, Node **ret, Error *err)
{
    Scope none = { 0 };
    Node *input = NULL, *list = NULL, *all = NULL;
    NodeList probabilities = { 0 }, columns = { 0 }, exprs = { 0 };
    TRY(input_of(b, n->input, outer, &input, err));
    TRY(bind_exprs(b, &none, &n->probabilities, &probabilities, err));
    TRY(make_call(b, "array", &probabilities, &n->node, &list, err));
    for (size_t i = 0; i < n->columns.len; i++) {
        Node *e = NULL;
        TRY(column_as(b, input, n->columns.at[i], &type_double, &n->node, &e, err));
        TRY(quantiles_of(b, e, list, n->relative_error, &n->node, &e, err));
        vec_push(b->a, &columns, e);
    }
    TRY(make_call(b, "array", &columns, &n->node, &all, err));
    vec_push(b->a, &exprs, new_alias(b, all, "approx_quantile"));
    return one_row(b, input, &exprs, &n->node, ret, err);
}

/* ---------------------------------------------------------------- crosstab, sampleBy */

static Node *attribute(Binder *b, const char *name)
{
    StrList parts = { 0 };
    vec_push(b->a, &parts, name);
    return node_new(b->a, Attribute, .name = parts);
}

static Node *function(Binder *b, const char *name, Node *x, Node *y)
{
    StrList parts = { 0 };
    NodeList args = { 0 };
    vec_push(b->a, &parts, name);
    vec_push(b->a, &args, x);
    if (y)
        vec_push(b->a, &args, y);
    return node_new(b->a, Function, .name = parts, .args = args);
}

/* The column as text, null as "null", under another name. */
static Node *label(Binder *b, const char *column, const char *name)
{
    StrList names = { 0 };
    Node *text = node_new(b->a, Cast, .child = attribute(b, column), .to = &type_string, .mode = CAST_SESSION);
    vec_push(b->a, &names, name);
    return node_new(b->a, Alias, .child = function(b, "coalesce", text, make_literal_string(b, "null")), .names = names);
}

static Status bind_crosstab(Binder *b, const StatCrosstab *n, const Scope *outer, Node **ret, Error *err)
{
    const char *rows = arena_printf(b->a, "%s_%s", n->column1, n->column2);
    NodeList labels = { 0 }, groups = { 0 }, counts = { 0 };
    vec_push(b->a, &labels, label(b, n->column1, rows));
    vec_push(b->a, &labels, label(b, n->column2, "__crosstab_column"));
    vec_push(b->a, &groups, attribute(b, rows));
    vec_push(b->a, &counts, function(b, "count", make_literal_int(b, 1, &type_int), NULL));
    Node *project = node_new(b->a, Project, .input = n->input, .exprs = labels);
    Node *pivot = node_new(b->a, Pivot, .input = project, .groups = groups, .column = attribute(b, "__crosstab_column"),
                           .aggregates = counts);
    NodeList nothing = { 0 };
    vec_push(b->a, &nothing, make_literal_int(b, 0, &type_long)); /* pairs that there are not */
    Node *filled = node_new(b->a, NaFill, .input = pivot, .values = nothing);
    return bind_relation(b, node_at(filled, n->node.start, n->node.stop), outer, ret, err);
}

static Status bind_sample_by(Binder *b, const StatSampleBy *n, const Scope *outer, Node **ret, Error *err)
{
    Node *draw = function(b, "rand", make_literal_int(b, n->seed, &type_long), NULL);
    Node *fraction = node_new(b->a, Case, .operand = n->column, .whens = n->strata, .thens = n->fractions,
                              .otherwise = literal_double(b, 0));
    Node *filter = node_new(b->a, Filter, .input = n->input, .predicate = function(b, "<", draw, fraction));
    return bind_relation(b, node_at(filter, n->node.start, n->node.stop), outer, ret, err);
}

/* freqItems: the values of a column that make up `support` of its rows; exactly those, where Spark may name others too. */
static Node *frequent(Binder *b, const StatFreqItems *n, const char *column)
{
    NodeList groups = { 0 }, counts = { 0 }, all = { 0 }, items = { 0 };
    StrList value = { 0 }, number = { 0 }, rows = { 0 };
    vec_push(b->a, &value, "value");
    vec_push(b->a, &number, "number");
    vec_push(b->a, &rows, "rows");
    Node *one = make_literal_int(b, 1, &type_int);
    vec_push(b->a, &groups, attribute(b, column));
    vec_push(b->a, &counts, node_new(b->a, Alias, .child = attribute(b, column), .names = value));
    vec_push(b->a, &counts, node_new(b->a, Alias, .child = function(b, "count", one, NULL), .names = number));
    Node *counted = node_new(b->a, Aggregate, .input = n->input, .grouping = GROUPING_PLAIN, .groups = groups, .exprs = counts);
    Node *total = node_new(b->a, Window, .function = function(b, "sum", attribute(b, "number"), NULL));
    vec_push(b->a, &all, attribute(b, "value"));
    vec_push(b->a, &all, attribute(b, "number"));
    vec_push(b->a, &all, node_new(b->a, Alias, .child = total, .names = rows));
    Node *shares = node_new(b->a, Project, .input = counted, .exprs = all);
    Node *least = function(b, "*", n->support, attribute(b, "rows"));
    Node *enough = node_new(b->a, Filter, .input = shares, .predicate = function(b, ">=", attribute(b, "number"), least));
    vec_push(b->a, &items, function(b, "collect_list", attribute(b, "value"), NULL));
    Node *list = node_new(b->a, Aggregate, .input = enough, .grouping = GROUPING_PLAIN, .exprs = items);
    return node_new(b->a, Subquery, .subquery = SUBQUERY_SCALAR, .plan = list);
}

static Status bind_freq_items(Binder *b, const StatFreqItems *n, const Scope *outer, Node **ret, Error *err)
{
    NodeList exprs = { 0 };
    double support = node_as(Literal, n->support)->value->f;
    if (!(support >= 1e-4 && support <= 1.0))
        return FAIL(err, ST_INVALID, "requirement failed: Support must be in [1e-4, 1], but got %.15g.", support);
    for (size_t i = 0; i < n->columns.len; i++) {
        StrList names = { 0 };
        vec_push(b->a, &names, arena_printf(b->a, "%s_freqItems", n->columns.at[i]));
        vec_push(b->a, &exprs, node_new(b->a, Alias, .child = frequent(b, n, n->columns.at[i]), .names = names));
    }
    Node *project = node_new(b->a, Project, .input = node_new(b->a, OneRow, .unused = false), .exprs = exprs);
    return bind_relation(b, node_at(project, n->node.start, n->node.stop), outer, ret, err);
}

Status bind_stat_relation(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err)
{
    *ret_done = true;
    switch (n->kind) {
    case NODE_StatDescribe:
        return bind_describe(b, node_as(StatDescribe, n), outer, ret, err);
    case NODE_StatSummary:
        return bind_summary(b, node_as(StatSummary, n), outer, ret, err);
    case NODE_StatCorr: {
        const StatCorr *c = node_as(StatCorr, n);
        if (c->method && *c->method && !str_ieq(c->method, "pearson"))
            return spark_unsupported(err, n, arena_printf(b->a, "the correlation method %s", c->method));
        return two_columns(b, c->input, "corr", c->column1, c->column2, "corr", n, outer, ret, err);
    }
    case NODE_StatCov: {
        const StatCov *c = node_as(StatCov, n);
        return two_columns(b, c->input, "covar_samp", c->column1, c->column2, "cov", n, outer, ret, err);
    }
    case NODE_StatApproxQuantile:
        return bind_quantiles(b, node_as(StatApproxQuantile, n), outer, ret, err);
    case NODE_StatCrosstab:
        return bind_crosstab(b, node_as(StatCrosstab, n), outer, ret, err);
    case NODE_StatFreqItems:
        return bind_freq_items(b, node_as(StatFreqItems, n), outer, ret, err);
    case NODE_StatSampleBy:
        return bind_sample_by(b, node_as(StatSampleBy, n), outer, ret, err);
    default:
        *ret_done = false;
        return ST_OK;
    }
}
