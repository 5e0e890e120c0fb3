/* ir/bind_pivot.c -- PIVOT and UNPIVOT, lowered to aggregates and unions. */
#include "ir/binder.h"
#include "ir/collation.h"

#include "base/limits.h"

/* ---------------------------------------------------------------- PIVOT */

static bool mentions(Binder *b, const Node *e, const Column *c);

typedef struct Mention {
    uint32_t id;
    bool found;
} Mention;

static bool note_mention(const Node *n, void *arg)
{
    Mention *m = arg;
    m->found = m->found || (node_is(ColumnRef, n) && node_as(ColumnRef, n)->id == m->id);
    return !m->found;
}

static bool mentions(Binder *b, const Node *e, const Column *c)
{
    (void)b;
    Mention m = { c->id, false };
    node_walk(e, note_mention, &m);
    return m.found;
}

/* Spark's pivotedColumns name: the value's text, and the aggregate's when there are several. */
static const char *value_name(Binder *b, const Node *value, const Node *given)
{
    if (node_is(Alias, given))
        return node_as(Alias, given)->names.at[0];
    const Node *v = value;
    while (node_is(Cast, v))
        v = node_as(Cast, v)->child;
    if (node_is(Literal, v) && v->type->kind == TYPE_DATE) { /* Cast(value, string): without DATE '…' */
        const char *text = pretty(b, v);
        return arena_strn(b->a, text + 6, strlen(text) - 7);
    }
    if (node_is(Literal, v) && node_as(Literal, v)->value->is_null)
        return "null";
    return pretty(b, v);
}

typedef struct Only {
    Binder *b;
    Node *condition;
    bool by_value; /* groups are made by the value first, whatever values are asked for */
    Status status;
    Error *err;
} Only;

/* f(x) → f(IF(column <=> value, x, NULL)). */
static Node *only_where(Arena *a, Node *n, void *arg)
{
    Only *o = arg;
    if (o->status == ST_OK && node_is(PythonUdf, n) && is_aggregate(n))
        o->status = spark_error(o->err, n, "UNSUPPORTED_FEATURE.PANDAS_UDAF_IN_PIVOT", "0A000",
                                "The feature is not supported: Pandas user defined aggregate function in the PIVOT clause.", NULL);
    if (o->status != ST_OK || !node_is(Call, n) || node_as(Call, n)->function->kind != FN_AGGREGATE)
        return node_is(Subquery, n) ? n : node_map_children(a, n, only_where, arg);
    Call *call = (Call *)(void *)node_copy(a, n);
    Node *filter = o->condition;
    if (call->filter)
        o->status = make_call2(o->b, "and", call->filter, filter, n, &filter, o->err);
    call->filter_last = o->by_value && !call->filter;
    call->filter = filter;
    return &call->node;
}

/* A value that is named: foldable, and of a type that the column's is cast from. */
static Status check_pivot_value(Binder *b, const Node *e, const Node *column, const Node *at, Error *err)
{
    const Node *value = node_is(Alias, e) ? node_as(Alias, e)->child : e;
    if (!is_foldable(value))
        return spark_error(err, at, "NON_LITERAL_PIVOT_VALUES", "42K08", "Literal expressions required for pivot values, found <expression>.", "expression",
                           arena_printf(b->a, "\"%s\"", pretty(b, value)), NULL);
    if (!cast_valid(false, value->type, column->type))
        return spark_error(err, at, "PIVOT_VALUE_DATA_TYPE_MISMATCH", "42K09",
                           "Invalid pivot value '<value>': value data type <valueType> does not match pivot column data type <pivotType>.", "value",
                           pretty(b, value), "valueType", type_catalog_text(b->a, value->type), "pivotType", type_catalog_text(b->a, column->type), NULL);
    return ST_OK;
}

static Status pivot_values(Binder *b, const Scope *s, const Pivot *n, Node *input, Node *column, NodeList *values, Error *err)
{
    enum { MOST_VALUES = 10000 }; /* spark.sql.pivotMaxValues */
    Scope none = { 0 };
    if (!type_is_orderable(column->type))
        return spark_error(err, &n->node, "INCOMPARABLE_PIVOT_COLUMN", "42818", "Invalid pivot column <columnName>. Pivot columns must be comparable.",
                           "columnName", sql_id(b->a, pretty(b, column)), NULL);
    for (size_t i = 0; i < n->values.len; i++) {
        Node *e = NULL;
        TRY(bind_expr(b, s, n->values.at[i], &e, err));
        TRY(check_pivot_value(b, e, column, n->values.at[i], err));
        vec_push(b->a, values, e);
    }
    if (n->values.len)
        return ST_OK;
    NodeList exprs = { 0 }, orders = { 0 }, rows = { 0 };
    Node *key = new_alias(b, column, "value");
    vec_push(b->a, &exprs, key);
    Node *project = make_project(b, input, &exprs);
    Node *distinct = with_schema(node_new(b->a, Distinct, .input = project), project->schema);
    Node *ref = column_ref(b, &project->schema->at[0]);
    vec_push(b->a, &orders, typed(node_new(b->a, SortOrder, .child = ref, .nulls = NULLS_FIRST), ref->type, ref->nullable, NULL));
    Node *sort = with_schema(node_new(b->a, Sort, .input = distinct, .orders = orders, .global = true), project->schema);
    TRY(b->env->rows(b->env->self, b->a, sort, MOST_VALUES + 1, &rows, err));
    if (rows.len > MOST_VALUES)
        return spark_error(err, &n->node, "_LEGACY_ERROR_TEMP_1324", "42K0E",
                           "The pivot column has more than <maxValues> distinct values, this could indicate an error. If this was "
                           "intended, set spark.sql.pivotMaxValues to at least the number of distinct values of the pivot column.",
                           "maxValues", "10000", NULL);
    for (size_t i = 0; i < rows.len; i++) {
        Node *literal = node_as(Row, rows.at[i])->items.at[0];
        TRY(bind_expr(b, &none, literal, &literal, err));
        vec_push(b->a, values, literal);
    }
    return ST_OK;
}

/* Without a GROUP BY: every column that neither the pivot column nor an aggregate uses. */
static void implicit_groups(Binder *b, const Schema *schema, const Node *column, const NodeList *aggregates, NodeList *exprs)
{
    for (size_t i = 0; i < schema->len; i++) {
        bool used = schema->at[i].hidden || mentions(b, column, &schema->at[i]);
        for (size_t k = 0; k < aggregates->len; k++)
            used = used || mentions(b, aggregates->at[k], &schema->at[i]);
        if (!used)
            vec_push(b->a, exprs, column_ref(b, &schema->at[i]));
    }
}

/* PivotFirst groups by the value first: a group without a row of it has NULL, also where a count would be 0. */
static Status where_any(Binder *b, Node *condition, Node **io, const Node *at, Error *err)
{
    NodeList branches = { 0 };
    Node *any = NULL;
    TRY(make_call1(b, "bool_or", condition, at, &any, err));
    vec_push(b->a, &branches, any);
    vec_push(b->a, &branches, *io);
    vec_push(b->a, &branches, make_literal_null(b, (*io)->type));
    return make_call(b, "if", &branches, at, io, err);
}

/* PivotFirst.supportsDataType */
static bool pivots_first(const NodeList *aggregates)
{
    bool all = true;
    for (size_t i = 0; i < aggregates->len; i++)
        all = all && (type_is_numeric(aggregates->at[i]->type) || aggregates->at[i]->type->kind == TYPE_BOOLEAN);
    return all;
}

static Status pivot_column(Binder *b, const Node *aggregate, Node *column, Node *value, const char *name, bool by_value, NodeList *exprs,
                           const Node *at, Error *err)
{
    Node *condition = NULL;
    if (column->type->kind == TYPE_STRUCT && value->type->kind == TYPE_STRUCT && !type_same(column->type, value->type))
        TRY(make_cast(b, value, column->type, CAST_SESSION, at, &value, err)); /* (2012, 'x'): its fields have other names */
    TRY(make_call2(b, "<=>", column, value, at, &condition, err));
    Only only = { b, condition, by_value, ST_OK, err };
    Node *e = only_where(b->a, node_as(Alias, aggregate)->child, &only);
    TRY(only.status);
    if (by_value && e->type->kind == TYPE_LONG)
        TRY(where_any(b, condition, &e, at, err));
    vec_push(b->a, exprs, new_alias(b, e, name));
    return ST_OK;
}

/* Without PivotFirst every argument becomes an IF of the pivot's column, a delimiter too, which has to be a constant. */
static Status check_pivoted(Binder *b, const Node *e, Error *err)
{
    const Node *n = node_is(Alias, e) ? node_as(Alias, e)->child : e;
    const Call *c = node_is(Call, n) ? node_as(Call, n) : NULL;
    bool list = c && in_words("listagg string_agg", c->function->name) && !c->order.len, histogram = c && str_eq(c->function->name, "histogram_numeric");
    if (!list && !histogram)
        return ST_OK;
    return spark_error(err, n, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                       "sqlExpr", arena_printf(b->a, "\"%s\"", pretty(b, n)), "inputName", list ? "`delimiter`" : "`nb`", "inputType", list ? "\"STRING\"" : "\"INT\"",
                       "inputExpr", arena_printf(b->a, "\"%s\"", c->args.len > 1 ? pretty(b, c->args.at[1]) : "NULL"), NULL);
}

Status bind_pivot(Binder *b, const Pivot *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *column = NULL;
    NodeList aggregates = { 0 }, values = { 0 }, exprs = { 0 }, groups = { 0 }, sets = { 0 };
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    Scope s = scope_over(b, input->schema, outer, from);
    TRY(bind_expr(b, &s, n->column, &column, err));
    if (contains_kind(column, FN_AGGREGATE)) /* PivotFirst groups by it */
        return group_by_aggregate(b, n->column, column, err);
    TRY(bind_outputs(b, &s, &n->aggregates, &aggregates, err));
    for (size_t i = 0; i < aggregates.len; i++)
        if (!contains_kind(aggregates.at[i], FN_AGGREGATE))
            return spark_error(err, aggregates.at[i], "_LEGACY_ERROR_TEMP_1006", "42K0E",
                               "Aggregate expression required for pivot, but <sql> did not appear in any aggregate function.",
                               "sql", arena_printf(b->a, "'%s'", pretty(b, aggregates.at[i])), NULL);
    if (type_is_collated(column->type)) /* Spark finds the values by their bytes, in groups that it made by the collation */
        return spark_unsupported(err, &n->node, "PIVOT on a string with a collation");
    TRY(pivot_values(b, &s, n, input, column, &values, err));
    if (n->implicit_groups)
        implicit_groups(b, input->schema, column, &aggregates, &exprs);
    else
        TRY(bind_outputs(b, &s, &n->groups, &exprs, err));
    for (size_t i = 0; i < exprs.len; i++)
        vec_push(b->a, &groups, node_is(Alias, exprs.at[i]) ? node_as(Alias, exprs.at[i])->child : exprs.at[i]);
    bool by_value = pivots_first(&aggregates);
    for (size_t i = 0; i < aggregates.len && !by_value; i++)
        TRY(check_pivoted(b, aggregates.at[i], err));
    for (size_t v = 0; v < values.len; v++) {
        const char *label = value_name(b, values.at[v], n->values.len ? n->values.at[v] : values.at[v]);
        for (size_t i = 0; i < aggregates.len; i++) {
            const char *name = aggregates.len == 1 ? label
                                                   : arena_printf(b->a, "%s_%s", label, node_as(Alias, aggregates.at[i])->names.at[0]);
            TRY(pivot_column(b, aggregates.at[i], column, values.at[v], name, by_value, &exprs, &n->node, err));
        }
    }
    return finish_aggregate(b, input, &groups, &exprs, &sets, GROUPING_PLAIN, &n->node, ret, err);
}

/* ---------------------------------------------------------------- UNPIVOT */

static Node *plain(Node *e)
{
    return node_is(Alias, e) ? node_as(Alias, e)->child : e;
}

/* Value columns: each entry a Row of as many columns as there are value names, or one column. */
static Status unpivot_values(Binder *b, const Unpivot *n, const Scope *s, const NodeList *ids, NodeList *values, Error *err)
{
    for (size_t i = 0; i < n->values.len; i++) {
        NodeList items = { 0 };
        const Node *v = n->values.at[i];
        if (node_is(Row, v)) {
            TRY(bind_outputs(b, s, &node_as(Row, v)->items, &items, err));
            vec_push(b->a, values, node_new(b->a, Row, .items = items));
            continue;
        }
        NodeList one = { 0 };
        vec_push(b->a, &one, n->values.at[i]);
        TRY(bind_outputs(b, s, &one, &items, err));
        for (size_t k = 0; k < items.len; k++) {
            NodeList single = { 0 };
            vec_push(b->a, &single, items.at[k]);
            vec_push(b->a, values, node_new(b->a, Row, .items = single));
        }
    }
    for (size_t i = 0; !n->values_given && !n->values.len && i < s->schema->len; i++) {
        bool is_id = s->schema->at[i].hidden;
        for (size_t k = 0; k < ids->len; k++)
            is_id = is_id || mentions(b, ids->at[k], &s->schema->at[i]);
        NodeList single = { 0 };
        vec_push(b->a, &single, column_ref(b, &s->schema->at[i]));
        if (!is_id)
            vec_push(b->a, values, node_new(b->a, Row, .items = single));
    }
    return ST_OK;
}

static const char *row_name(Binder *b, const Unpivot *n, const NodeList *items, size_t i)
{
    if (i < n->value_aliases.len && n->value_aliases.at[i])
        return n->value_aliases.at[i];
    str_auto name = STR_INIT(LIMIT_NAME);
    for (size_t k = 0; k < items->len; k++)
        str_addf(&name, "%s%s", k ? "_" : "", output_name(b, items->at[k]));
    return str_arena(&name, b->a);
}

static Status value_types(Binder *b, const NodeList *values, size_t width, const Type **types, const Node *at, Error *err)
{
    for (size_t c = 0; c < width; c++) {
        types[c] = &type_null;
        for (size_t i = 0; i < values->len; i++) {
            const Type *t = node_as(Row, values->at[i])->items.at[c]->type;
            const Type *common = coerce_wider_no_string(b->a, b->ansi, types[c], t);
            if (!common)
                return spark_error(err, at, "UNPIVOT_VALUE_DATA_TYPE_MISMATCH", "42K09",
                                   "Unpivot value columns must share a least common type, some types do not: [<types>].", "types",
                                   arena_printf(b->a, "\"%s\", \"%s\"", type_sql_text(b->a, types[c]), type_sql_text(b->a, t)), NULL);
            types[c] = common;
        }
    }
    return ST_OK;
}

/* The generator stack(n, 'name1', v1, 'name2', v2, …) does it. */
static Status unpivot_stack(Binder *b, const Unpivot *n, const NodeList *values, size_t width, const Type *const *types,
                            Node **ret, Error *err)
{
    NodeList args = { 0 };
    vec_push(b->a, &args, make_literal_int(b, (int64_t)values->len, &type_int));
    for (size_t i = 0; i < values->len; i++) {
        const NodeList *items = &node_as(Row, values->at[i])->items;
        vec_push(b->a, &args, make_literal_string(b, row_name(b, n, items, i)));
        for (size_t c = 0; c < width; c++)
            vec_push(b->a, &args, coerce_to(b->a, b->ansi, plain(items->at[c]), types[c]));
    }
    TRY(make_call(b, "stack", &args, &n->node, ret, err));
    Field *fields = arena_copy(b->a, (*ret)->type->fields, (*ret)->type->nfields * sizeof *fields);
    fields[0].nullable = false; /* the variable's name */
    (*ret)->type = type_struct(b->a, fields, (*ret)->type->nfields);
    return ST_OK;
}

static Status without_nulls(Binder *b, Node **plan, size_t first, size_t width, const Node *at, Error *err)
{
    Node *any = NULL;
    for (size_t c = 0; c < width; c++) {
        Node *present = NULL;
        TRY(make_call1(b, "isnotnull", column_ref(b, &(*plan)->schema->at[first + c]), at, &present, err));
        if (any)
            TRY(make_call2(b, "or", any, present, at, &any, err));
        else
            any = present;
    }
    *plan = with_schema(node_new(b->a, Filter, .input = *plan, .predicate = any), (*plan)->schema);
    return ST_OK;
}

Status bind_unpivot(Binder *b, const Unpivot *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *stack = NULL;
    NodeList ids = { 0 }, values = { 0 }, exprs = { 0 };
    size_t from = b->plans.len, width = n->value_names.len ? n->value_names.len : 1;
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    Scope s = scope_over(b, input->schema, outer, from);
    TRY(bind_outputs(b, &s, &n->ids, &ids, err));
    TRY(unpivot_values(b, n, &s, &ids, &values, err));
    if (!values.len)
        return spark_error(err, &n->node, "UNPIVOT_REQUIRES_VALUE_COLUMNS", "42K0A",
                           "At least one value column needs to be specified for UNPIVOT, all columns specified as ids.", NULL);
    for (size_t i = 0; i < values.len; i++)
        if (node_as(Row, values.at[i])->items.len != width)
            return spark_error(err, &n->node, "UNPIVOT_VALUE_SIZE_MISMATCH", "428C4",
                               "All unpivot value columns must have the same size as there are value column names (<names>).",
                               "names", sql_ids(b->a, &n->value_names), NULL);
    for (size_t i = 0; !n->ids_given && !n->ids.len && i < input->schema->len; i++) { /* SQL: all that are no values */
        bool used = false;
        for (size_t v = 0; v < values.len; v++)
            used = used || mentions(b, values.at[v], &input->schema->at[i]);
        if (!used)
            vec_push(b->a, &ids, column_ref(b, &input->schema->at[i]));
    }
    const Type **types = ARENA_ARRAY(b->a, const Type *, width + 1);
    TRY(value_types(b, &values, width, types, &n->node, err));
    TRY(unpivot_stack(b, n, &values, width, types, &stack, err));
    StrList names = { 0 };
    vec_push(b->a, &names, n->variable_name ? n->variable_name : "variable");
    for (size_t c = 0; c < width; c++)
        vec_push(b->a, &names, n->value_names.len ? n->value_names.at[c] : "value");
    for (size_t i = 0; i < ids.len; i++)
        vec_push(b->a, &exprs, ids.at[i]);
    Node *alias = node_new(b->a, Alias, .child = stack, .names = names, .id = ++b->next_id);
    vec_push(b->a, &exprs, typed(alias, stack->type, false, NULL));
    TRY(extract_generator(b, &input, &exprs, err));
    Node *project = make_project(b, input, &exprs);
    if (!n->include_nulls)
        TRY(without_nulls(b, &project, ids.len + 1, width, &n->node, err));
    *ret = project;
    return ST_OK;
}
