/* front/sql/query.c -- SELECT, set operations, ORDER BY … OFFSET, WITH, GROUP BY.
 * Source: AstBuilder.{withSelectQuerySpecification, withAggregationClause, withQueryResultClauses, visitSetOperation}. */
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

enum { MAX_GROUPING_SETS = 4096 };

/* Names of a tree of hints: each wraps the query, the first outermost. */
Node *hinted(SqlParser *p, const NodeList *hints, Node *query)
{
    for (size_t i = hints ? hints->len : 0; i-- > 0;) {
        const Hint *h = node_as(Hint, hints->at[i]);
        query = node_at(node_new(p->a, Hint, .input = query, .name = h->name, .params = h->params), h->node.start, h->node.stop);
    }
    return query;
}

static Node *aggregate(SqlParser *p, Node *input, const Node *grouping, NodeList exprs, int start)
{
    Aggregate *a = (Aggregate *)node_copy(p->a, grouping);
    a->input = input;
    a->exprs = exprs;
    return a->grouping == GROUPING_ALL ? &a->node : at(p, &a->node, start); /* GROUP BY ALL is blamed itself */
}

static Node *named_windows(SqlParser *p, Node *input, const NodeList *windows, int start)
{
    for (size_t i = 1; i < windows->len; i++)
        for (size_t k = 0; k < i; k++) {
            const char *name = node_as(WindowDefinition, windows->at[i])->name;
            if (!str_ieq(name, node_as(WindowDefinition, windows->at[k])->name))
                continue;
            parser_fail(p, windows->at[i]->start, windows->at[i]->stop, "INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION", "42000",
                "Invalid SQL syntax: The definition of window `%s` is repetitive.", name);
            parser_param(p, "windowName", arena_printf(p->a, "`%s`", name));
        }
    return at(p, node_new(p->a, NamedWindows, .input = input, .definitions = *windows), start);
}

/* Only a quoted name has such letters. */
static bool is_pattern(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_'))
            return true;
    return false;
}

static Node *pattern_of(Arena *a, Node *n, void *arg)
{
    (void)arg;
    if (!node_is(Attribute, n) || node_as(Attribute, n)->name.len > 2)
        return n;
    StrList target = node_as(Attribute, n)->name;
    const char *name = target.at[--target.len];
    return is_pattern(name) ? node_at(node_new(a, AttributeRegex, .pattern = name, .target = target), n->start, n->stop) : n;
}

/* A select list with its column patterns (AstBuilder.visitColumnReference, visitDereference). */
static NodeList *with_patterns(SqlParser *p, NodeList *exprs)
{
    NodeList *list = list_new(p);
    for (size_t i = 0; i < exprs->len && parser_check_depth(p, exprs->at[i]); i++)
        list_add(p, list, node_rewrite(p->a, exprs->at[i], pattern_of, NULL));
    return list;
}

/* SELECT … LATERAL VIEW … without FROM: the innermost view has no input. */
static bool views_over_nothing(const Node *from)
{
    if (!node_is(LateralView, from))
        return false;
    while (node_is(LateralView, from))
        from = node_as(LateralView, from)->input;
    return !from;
}

Node *select_query(SqlParser *p, const Select *given)
{
    Select patterns = *given;
    const Select *s = &patterns;
    if (p->opt->quoted_regex_columns)
        patterns.exprs = with_patterns(p, patterns.exprs);
    Node *query = s->from ? s->from : node_new(p->a, OneRow, .unused = false);
    if (views_over_nothing(s->from))
        query = lateral_views_over(p, node_new(p->a, OneRow, .unused = false), s->from);
    if (s->where)
        query = at(p, node_new(p->a, Filter, .input = query, .predicate = s->where), s->start);
    if (s->group)
        query = aggregate(p, query, s->group, *s->exprs, s->start);
    else if (s->having && !p->opt->legacy_having_as_where) /* HAVING without GROUP BY: one group */
        query = at(p, node_new(p->a, Aggregate, .input = query, .grouping = GROUPING_PLAIN, .exprs = *s->exprs), s->start);
    else
        query = at(p, node_new(p->a, Project, .input = query, .exprs = *s->exprs), s->start);
    if (s->having && !s->group && p->opt->legacy_having_as_where)
        query = at(p, node_new(p->a, Filter, .input = query, .predicate = s->having), s->start);
    else if (s->having)
        query = at(p, node_new(p->a, UnresolvedHaving, .input = query, .predicate = s->having), s->start);
    if (s->distinct)
        query = at(p, node_new(p->a, Distinct, .input = query), s->start);
    if (s->windows)
        query = named_windows(p, query, s->windows, s->start);
    return hinted(p, s->hints, query);
}

SelectList *selects_add(SqlParser *p, SelectList *list, Select *s)
{
    if (!list)
        list = ARENA_NEW(p->a, SelectList);
    vec_push(p->a, list, s);
    return list;
}

Node *from_selects(SqlParser *p, Node *from, const SelectList *bodies)
{
    Node *all = NULL;
    for (size_t i = 0; i < bodies->len; i++) {
        Select s = *bodies->at[i];
        s.from = s.from ? lateral_views_over(p, from, s.from) : from;
        Node *one = s.transform ? transform_query(p, s.transform, &s) : select_query(p, &s);
        all = all ? set_operation(p, all, SETOP_UNION, true, one) : one;
    }
    return all;
}

Node *set_operation(SqlParser *p, Node *left, SetOpKind op, bool all, Node *right)
{
    return at(p, node_new(p->a, SetOp, .left = left, .right = right, .op = op, .all = all), query_start(left));
}

Node *with_ctes(SqlParser *p, Node *ctes, Node *query)
{
    With *w = (With *)node_copy(p->a, ctes);
    w->input = query;
    return at(p, &w->node, ctes->start);
}

Node *cte(SqlParser *p, const Token *name, StrList *columns, int64_t max_recursion, Node *query)
{
    Node *node = at(p, node_new(p->a, SubqueryAlias, .input = query, .name = ident(p, name), .columns = names_of(columns)), name->start);
    if (max_recursion >= 0)
        vec_push(p->a, &p->recursion, ((RecursionLimit){ node, max_recursion }));
    return node;
}

void check_cte_names(SqlParser *p, const NodeList *ctes)
{
    for (size_t i = 1; i < ctes->len; i++)
        for (size_t k = 0; k < i; k++) {
            const char *name = node_as(SubqueryAlias, ctes->at[i])->name;
            if (!str_ieq(name, node_as(SubqueryAlias, ctes->at[k])->name))
                continue;
            parser_fail(p, ctes->at[i]->start, ctes->at[i]->stop, "DUPLICATED_CTE_NAMES", "42602",
                "CTE definition can't have duplicate names: `%s`.", name);
            parser_param(p, "duplicateNames", arena_printf(p->a, "`%s`", name));
        }
}

int64_t recursion_limit(SqlParser *p, const NodeList *ctes)
{
    int64_t limit = -1;
    for (size_t i = 0; i < ctes->len; i++)
        for (size_t k = 0; k < p->recursion.len; k++)
            limit = p->recursion.at[k].cte == ctes->at[i] ? p->recursion.at[k].limit : limit;
    return limit;
}

/* ---------------------------------------------------------------- ORDER BY … OFFSET */
Organization *organization_add(SqlParser *p, Organization *o, int rank, const Token *word, NodeList *list, Node *value)
{
    if (!o) {
        o = ARENA_NEW(p->a, Organization);
        o->start = word->start;
    }
    if (rank <= o->rank)
        parser_syntax_error(p, word, "");
    o->rank = rank;
    switch (rank) {
    case ORG_ORDER: o->order = list; break;
    case ORG_CLUSTER: o->cluster = list; break;
    case ORG_DISTRIBUTE: o->distribute = list; break;
    case ORG_SORT: o->sort = list; break;
    case ORG_WINDOW: o->windows = list; break;
    case ORG_LIMIT: o->limit = value; break;
    default: o->offset = value; break;
    }
    return o;
}

int query_start(const Node *query)
{
    const Node *below = query;
    int start = -1;
    while (below) {
        start = below->start;
        below = node_is(Sort, below)          ? node_as(Sort, below)->input
                : node_is(Repartition, below) ? node_as(Repartition, below)->input
                : node_is(Limit, below)       ? node_as(Limit, below)->input
                : node_is(Offset, below)      ? node_as(Offset, below)->input
                                              : NULL;
    }
    return start;
}

/* All of these stand where the clauses stand, not where the query does (AstBuilder.withQueryResultClauses). */
static Node *repartitioned(SqlParser *p, Node *query, const Organization *o, const NodeList *exprs)
{
    return at(p, node_new(p->a, Repartition, .input = query, .exprs = *exprs, .shuffle = true), o->start);
}

static Node *sorted(SqlParser *p, Node *query, const Organization *o, NodeList orders, bool global)
{
    return at(p, node_new(p->a, Sort, .input = query, .orders = orders, .global = global), o->start);
}

Node *organize(SqlParser *p, Node *query, const Organization *o)
{
    int clauses = (o->order != NULL) + (o->cluster != NULL) + (o->distribute != NULL || o->sort != NULL);
    if (clauses > 1) {
        parser_fail(p, o->start, end_of_rule(p), "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", "0A000",
            "The feature is not supported: Combination of ORDER BY/SORT BY/DISTRIBUTE BY/CLUSTER BY.");
        return query;
    }
    if (o->order)
        query = sorted(p, query, o, *o->order, true);
    if (o->cluster)
        query = sorted(p, repartitioned(p, query, o, o->cluster), o, list_ascending(p, o->cluster), false);
    if (o->distribute)
        query = repartitioned(p, query, o, o->distribute);
    if (o->sort)
        query = sorted(p, query, o, *o->sort, false);
    if (o->windows)
        query = named_windows(p, query, o->windows, query_start(query));
    if (o->offset)
        query = at(p, node_new(p->a, Offset, .input = query, .count = o->offset), o->start);
    if (o->limit)
        query = at(p, node_new(p->a, Limit, .input = query, .count = o->limit), o->start);
    return query;
}

/* ---------------------------------------------------------------- GROUP BY */
Node *grouping_set(SqlParser *p, Node *expr)
{
    NodeList items = node_is(Row, expr) ? node_as(Row, expr)->items : *list_one(p, expr);
    return node_at(node_new(p->a, GroupingSet, .items = items), expr->start, expr->stop);
}

static void add_all(SqlParser *p, NodeList *to, const NodeList *from)
{
    for (size_t i = 0; i < from->len; i++)
        vec_push(p->a, to, from->at[i]);
}

static void add_new(SqlParser *p, NodeList *to, const NodeList *from)
{
    for (size_t i = 0; i < from->len; i++) {
        bool known = false;
        for (size_t k = 0; k < to->len && !known; k++)
            known = node_equal(to->at[k], from->at[i]);
        if (!known)
            vec_push(p->a, to, from->at[i]);
    }
}

static NodeList *set_items(const Node *set) { return &((GroupingSet *)set)->items; }

static Node *set_of(SqlParser *p, const NodeList *items)
{
    return node_new(p->a, GroupingSet, .items = *items);
}

/* ROLLUP(a, (b, c)): (a, b, c), (a), () */
static NodeList rollup_sets(SqlParser *p, const NodeList *parts)
{
    NodeList sets = { 0 };
    for (size_t n = parts->len + 1; n-- > 0;) {
        NodeList items = { 0 };
        for (size_t i = 0; i < n; i++)
            add_all(p, &items, set_items(parts->at[i]));
        vec_push(p->a, &sets, set_of(p, &items));
    }
    return sets;
}

/* CUBE(a, b): (a, b), (a), (b), () */
static NodeList cube_sets(SqlParser *p, const NodeList *parts)
{
    NodeList sets = { 0 };
    if (parts->len > 12) {
        parser_fail(p, -1, -1, "GROUPING_SIZE_LIMIT_EXCEEDED", "54000", "Grouping sets size cannot be greater than %d.", MAX_GROUPING_SETS);
        return sets;
    }
    for (size_t mask = (size_t)1 << parts->len; mask-- > 0;) {
        NodeList items = { 0 };
        for (size_t i = 0; i < parts->len; i++)
            if (mask >> (parts->len - 1 - i) & 1)
                add_all(p, &items, set_items(parts->at[i]));
        vec_push(p->a, &sets, set_of(p, &items));
    }
    return sets;
}

/* The sets that one item of GROUP BY stands for. GROUPING SETS may hold others of its kind. */
static NodeList sets_of(SqlParser *p, const Node *item)
{
    NodeList sets = { 0 };
    if (node_is(GroupingSet, item)) {
        vec_push(p->a, &sets, (Node *)item);
        return sets;
    }
    if (!node_is(Aggregate, item)) {
        vec_push(p->a, &sets, grouping_set(p, (Node *)item));
        return sets;
    }
    const Aggregate *g = node_as(Aggregate, item);
    for (size_t i = 0; g->grouping != GROUPING_SETS && i < g->sets.len; i++)
        if (set_items(g->sets.at[i])->len == 0)
            parser_fail(p, item->start, item->stop, "_LEGACY_ERROR_TEMP_0051", "", "Empty set in %s grouping sets is not supported.",
                g->grouping == GROUPING_ROLLUP ? "ROLLUP" : "CUBE");
    if (g->grouping == GROUPING_ROLLUP)
        return rollup_sets(p, &g->sets);
    if (g->grouping == GROUPING_CUBE)
        return cube_sets(p, &g->sets);
    for (size_t i = 0; i < g->sets.len; i++) {
        NodeList inner = sets_of(p, g->sets.at[i]);
        add_all(p, &sets, &inner);
    }
    return sets;
}

static void add_group_expressions(SqlParser *p, NodeList *groups, const NodeList *sets)
{
    for (size_t i = 0; i < sets->len; i++)
        add_new(p, groups, set_items(sets->at[i]));
}

/* All combinations of the sets so far with those of one more item. */
static NodeList crossed(SqlParser *p, const NodeList *left, const NodeList *right)
{
    NodeList sets = { 0 };
    if (left->len * right->len > MAX_GROUPING_SETS) {
        parser_fail(p, -1, -1, "GROUPING_SIZE_LIMIT_EXCEEDED", "54000", "Grouping sets size cannot be greater than %d.", MAX_GROUPING_SETS);
        return sets;
    }
    for (size_t i = 0; i < left->len; i++)
        for (size_t k = 0; k < right->len; k++) {
            NodeList items = { 0 };
            add_all(p, &items, set_items(left->at[i]));
            add_all(p, &items, set_items(right->at[k]));
            vec_push(p->a, &sets, set_of(p, &items));
        }
    return sets;
}

/* One ROLLUP or CUBE stays what it is, over its plain columns; all else becomes its grouping sets. */
static bool keeps_kind(const NodeList *items)
{
    if (items->len != 1 || !node_is(Aggregate, items->at[0]))
        return false;
    const Aggregate *g = node_as(Aggregate, items->at[0]);
    for (size_t i = 0; i < g->sets.len; i++)
        if (g->grouping == GROUPING_SETS || set_items(g->sets.at[i])->len != 1)
            return false;
    return true;
}

Node *grouping(SqlParser *p, NodeList *items, int start)
{
    bool plain = true;
    for (size_t i = 0; i < items->len; i++)
        plain = plain && !node_is(Aggregate, items->at[i]);
    if (plain)
        return at(p, node_new(p->a, Aggregate, .grouping = GROUPING_PLAIN, .groups = *items), start);
    NodeList groups = { 0 }, sets = { 0 };
    for (size_t i = 0; i < items->len; i++)
        if (!parser_check_depth(p, items->at[i]))
            return at(p, node_new(p->a, Aggregate, .grouping = GROUPING_PLAIN), start);
    if (keeps_kind(items)) {
        const Aggregate *g = node_as(Aggregate, items->at[0]);
        for (size_t i = 0; i < g->sets.len; i++)
            add_all(p, &groups, set_items(g->sets.at[i]));
        return at(p, node_new(p->a, Aggregate, .grouping = g->grouping, .groups = groups), start);
    }
    for (size_t i = 0; i < items->len; i++) {
        NodeList more = sets_of(p, items->at[i]);
        add_group_expressions(p, &groups, &more);
        sets = i ? crossed(p, &sets, &more) : more;
    }
    return at(p, node_new(p->a, Aggregate, .grouping = GROUPING_SETS, .groups = groups, .sets = sets), start);
}

/* GROUP BY a, b WITH ROLLUP; GROUP BY a, b GROUPING SETS (…) */
Node *grouping_with(SqlParser *p, NodeList *items, GroupingKind kind, NodeList *sets, int start)
{
    return at(p, node_new(p->a, Aggregate, .grouping = kind, .groups = *items, .sets = list_of(sets)), start);
}
