/* front/sql/relation.c -- FROM: tables, subqueries, joins, table functions, samples, pivots, lateral views.
 * Source: AstBuilder.{visitTableName, visitAliasedQuery, withJoinRelation, withSample, withPivot, withUnpivot, withGenerate}. */
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

#include <stdlib.h>

/* What Spark names a subquery in FROM that has no alias, so that its tables' names end with it. */
#define UNNAMED_SUBQUERY "__auto_generated_subquery_name"

Node *relation_alias(SqlParser *p, Node *relation, TableAlias alias, int start)
{
    if (!alias.name)
        return relation;
    return at(p, node_new(p->a, SubqueryAlias, .input = relation, .name = alias.name, .columns = names_of(alias.columns)), start);
}

Node *subquery_relation(SqlParser *p, Node *query, Node *sample, TableAlias alias, int start)
{
    if (!alias.name)
        alias.name = UNNAMED_SUBQUERY;
    return relation_alias(p, sampled(p, sample, query), alias, start);
}

Node *named_relation(SqlParser *p, Node *name, Temporal when, KeyValueList *options, Node *sample, TableAlias alias)
{
    UnresolvedRelation r = { .name = node_as(Attribute, name)->name, .version = when.version, .timestamp = when.timestamp };
    if (options)
        r.options = *options;
    Node *relation = node_at(node_new(p->a, UnresolvedRelation, .name = r.name, .version = r.version, .timestamp = r.timestamp,
                                 .options = r.options), name->start, when.version || when.timestamp || options ? end_of_rule(p) : name->stop);
    return relation_alias(p, sampled(p, sample, relation), alias, name->start);
}

/* DEFAULT as a row's item is the column's default, unless it is quoted. */
static Node *row_item(SqlParser *p, Node *n)
{
    return is_default_word(n) ? node_at(node_new(p->a, Default, .unused = false), n->start, n->stop) : n;
}

Node *inline_table(SqlParser *p, NodeList *rows, TableAlias alias, int start)
{
    NodeList list = { 0 };
    for (size_t i = 0; i < rows->len; i++) {
        Node *n = rows->at[i];
        NodeList items = { 0 };
        if (node_is(Row, n))
            for (size_t k = 0; k < node_as(Row, n)->items.len; k++)
                vec_push(p->a, &items, row_item(p, node_as(Row, n)->items.at[k]));
        else
            vec_push(p->a, &items, row_item(p, n));
        vec_push(p->a, &list, node_at(node_new(p->a, Row, .items = items), n->start, n->stop));
    }
    Node *table = at(p, node_new(p->a, UnresolvedInlineTable, .rows = list, .names = names_of(alias.columns)), start);
    alias.columns = NULL;
    return relation_alias(p, table, alias, start);
}

static int by_keyword(const void *x, const void *y)
{
    Node *const *l = x, *const *r = y;
    return strcmp(literal_text(node_as(Row, *l)->items.at[0]), literal_text(node_as(Row, *r)->items.at[0]));
}

/* SQL_KEYWORDS(): this parser's own words. */
static Node *keyword_rows(SqlParser *p, int start)
{
    NodeList rows = { 0 };
    StrList names = *names_add(p, names_one(p, "keyword"), "reserved");
    bool reserved = false;
    size_t i = 0;
    for (const char *text; (text = keyword_at(i, &reserved)); i++) {
        if (!*text)
            continue;
        Value *v = ARENA_NEW(p->a, Value);
        v->i = reserved && p->opt->ansi && p->opt->enforce_reserved_keywords;
        NodeList *items = list_one(p, literal_string(p, text, strlen(text), start, start));
        list_add(p, items, node_new(p->a, Literal, .value = v, .of = &type_boolean));
        vec_push(p->a, &rows, node_new(p->a, Row, .items = *items));
    }
    qsort(rows.at, rows.len, sizeof *rows.at, by_keyword);
    return at(p, node_new(p->a, UnresolvedInlineTable, .rows = rows, .names = names), start);
}

Node *table_function(SqlParser *p, Node *name, NodeList *args, TableAlias alias)
{
    const StrList *called = &node_as(Attribute, name)->name;
    if (called->len == 1 && str_ieq(called->at[0], "sql_keywords") && !args->len)
        return relation_alias(p, keyword_rows(p, name->start), alias, name->start);
    Node *f = at(p, node_new(p->a, UnresolvedTableFunction, .name = node_as(Attribute, name)->name, .args = *args), name->start);
    return relation_alias(p, f, alias, name->start);
}

/* TABLE(t) [PARTITION BY a, b [ORDER BY c]]: partitioning NULL: none, empty: WITH SINGLE PARTITION */
Node *table_argument(SqlParser *p, Node *source, const NodeList *partitioning, const NodeList *orders, int start)
{
    NodeList none = { 0 };
    if (node_is(Attribute, source))
        source = node_at(node_new(p->a, UnresolvedRelation, .name = node_as(Attribute, source)->name), source->start, source->stop);
    return at(p, node_new(p->a, Subquery, .subquery = SUBQUERY_TABLE, .plan = source, .partition_by = partitioning ? *partitioning : none,
                          .orders = orders ? *orders : none, .single_partition = partitioning && !partitioning->len), start);
}

static void sort_add(SqlParser *p, NodeList *list, Node *n)
{
    if (!node_is(SortOrder, n))
        n = node_at(node_new(p->a, SortOrder, .child = n, .direction = SORT_ASC, .nulls = NULLS_DEFAULT), n->start, n->stop);
    list_add(p, list, n);
}

/* The items of one, or of a list in parentheses: ascending ones, one that says its direction, the rest. */
NodeList *table_sort(SqlParser *p, Node *first, const NodeList *more, Node *directed, const NodeList *rest)
{
    NodeList *list = list_new(p);
    const Node *row = first && !directed ? node_as(SortOrder, first)->child : NULL;
    if (row && node_is(Row, row))
        more = &node_as(Row, row)->items;
    else if (first)
        sort_add(p, list, first);
    for (size_t i = 0; more && i < more->len; i++)
        sort_add(p, list, more->at[i]);
    if (directed)
        sort_add(p, list, directed);
    for (size_t i = 0; rest && i < rest->len; i++)
        sort_add(p, list, rest->at[i]);
    return list;
}

/* ---------------------------------------------------------------- joins */
Node *join(SqlParser *p, JoinKind kind, bool natural, bool lateral, Node *right, Node *condition, StrList *columns)
{
    if (lateral && natural) {
        parser_fail(p, right->start, end_of_rule(p), "INCOMPATIBLE_JOIN_TYPES", "42613", "The join types LATERAL and NATURAL are incompatible.");
        parser_param(p, "joinType1", "LATERAL");
        parser_param(p, "joinType2", "NATURAL");
    }
    if (lateral && columns)
        parser_fail(p, right->start, end_of_rule(p), "UNSUPPORTED_FEATURE.LATERAL_JOIN_USING", "0A000",
            "The feature is not supported: JOIN USING with LATERAL correlation.");
    return at(p, node_new(p->a, Join, .right = right, .join = kind, .condition = condition, .using_columns = names_of(columns),
                         .natural = natural, .lateral = lateral), right->start);
}

Node *join_over(SqlParser *p, Node *left, Node *join)
{
    Join *j = (Join *)join;
    j->left = left;
    return at(p, join, left->start);
}

/* ---------------------------------------------------------------- lateral views: a chain by `input`, the first innermost */
Node *lateral_view(SqlParser *p, bool outer, Node *function, NodeList *args, TableAlias names, int start)
{
    Node *generator = node_at(node_new(p->a, Function, .name = node_as(Attribute, function)->name, .args = *args), function->start,
        function->stop);
    return at(p, node_new(p->a, LateralView, .generator = generator, .outer = outer, .alias = names.name,
                         .columns = names_of(names.columns)), start);
}

Node *lateral_views_over(SqlParser *p, Node *input, Node *views)
{
    LateralView *first = (LateralView *)views;
    while (first->input)
        first = (LateralView *)first->input;
    first->input = input;
    return at(p, views, views->start);
}

/* ---------------------------------------------------------------- pivots */
Node *pivot(SqlParser *p, NodeList *aggregates, NodeList *columns, NodeList *values, int start)
{
    Node *column = columns->len == 1 ? columns->at[0] : row(p, columns, columns->at[0]->start);
    return at(p, node_new(p->a, Pivot, .column = column, .values = *values, .aggregates = *aggregates, .implicit_groups = true), start);
}

Node *unpivot_named(SqlParser *p, Node *columns, const char *alias)
{
    return alias ? aliased(p, columns, names_one(p, alias)) : columns;
}

/* What Spark names a set of columns without an alias: a_b */
static const char *own_name(SqlParser *p, const NodeList *columns)
{
    const char *name = "";
    for (size_t i = 0; i < columns->len; i++)
        name = arena_printf(p->a, "%s%s%s", name, i ? "_" : "", joined(p, &node_as(Attribute, columns->at[i])->name));
    return name;
}

/* Each of `columns` is a Row of attributes, under an Alias when it is named. */
Node *unpivot(SqlParser *p, bool include_nulls, StrList *values, const char *name, NodeList *columns, const char *alias, int start)
{
    NodeList sets = { 0 };
    StrList aliases = { 0 };
    bool named = false;
    for (size_t i = 0; i < columns->len; i++) {
        Node *set = columns->at[i];
        const char *given = NULL;
        if (node_is(Alias, set)) {
            given = node_as(Alias, set)->names.at[0];
            set = node_as(Alias, set)->child;
        }
        const NodeList *items = &node_as(Row, set)->items;
        if (items->len != values->len) {
            parser_fail(p, start, end_of_rule(p), "UNPIVOT_VALUE_SIZE_MISMATCH", "428C4", "All unpivot value columns must have the same "
                "size as there are value column names (%zu).", values->len);
        }
        named = named || given;
        vec_push(p->a, &aliases, given ? given : own_name(p, items));
        vec_push(p->a, &sets, items->len == 1 ? items->at[0] : set);
    }
    Node *node = at(p, node_new(p->a, Unpivot, .values = sets, .value_aliases = named ? aliases : (StrList){ 0 }, .variable_name = name,
                               .value_names = *values, .include_nulls = include_nulls, .values_given = true), start);
    return relation_alias(p, node, (TableAlias){ alias, NULL }, start);
}

/* `pivot`: a Pivot or Unpivot without input, under a SubqueryAlias when it is named */
Node *pivot_over(SqlParser *p, Node *input, Node *pivot)
{
    Node *inner = node_is(SubqueryAlias, pivot) ? node_as(SubqueryAlias, pivot)->input : pivot;
    if (node_is(Pivot, inner))
        ((Pivot *)inner)->input = input;
    else if (node_is(Unpivot, inner))
        ((Unpivot *)inner)->input = input;
    return at(p, pivot, input->start);
}

/* ---------------------------------------------------------------- samples */
Node *sampled(SqlParser *p, Node *sample, Node *relation)
{
    if (!sample)
        return relation;
    if (node_is(Limit, sample))
        ((Limit *)sample)->input = relation;
    else
        ((Sample *)sample)->input = relation;
    return at(p, sample, relation->start);
}

static Node *fraction(SqlParser *p, double upper)
{
    if (!(upper >= 0.0 && upper <= 1.0)) {
        parser_fail(p, -1, -1, "_LEGACY_ERROR_TEMP_0064", "", "Sampling fraction (%g) must be on interval [0, 1].", upper);
    }
    Value low = { .f = 0.0 }, high = { .f = upper };
    return node_new(p->a, Sample, .lower = node_new(p->a, Literal, .value = arena_copy(p->a, &low, sizeof low), .of = &type_double),
        .upper = node_new(p->a, Literal, .value = arena_copy(p->a, &high, sizeof high), .of = &type_double));
}

Node *sample_percent(SqlParser *p, Node *percent)
{
    double value = 0;
    const Literal *l = node_is(Literal, percent) ? node_as(Literal, percent) : NULL;
    if (l && type_is_integral(l->of))
        value = (double)l->value->i;
    else if (!l || l->of->kind != TYPE_DECIMAL || !str_to_f64(l->value->text, &value))
        parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
    return fraction(p, value / 100.0);
}

Node *sample_rows(SqlParser *p, Node *rows) { return node_new(p->a, Limit, .count = rows); }

Node *sample_bucket(SqlParser *p, int64_t numerator, int64_t denominator)
{
    return fraction(p, denominator ? (double)numerator / (double)denominator : -1.0);
}

Node *sample_seed(SqlParser *p, Node *sample, int64_t seed)
{
    (void)p;
    if (node_is(Sample, sample)) {
        ((Sample *)sample)->seed = seed;
        ((Sample *)sample)->has_seed = true;
    }
    return sample;
}
