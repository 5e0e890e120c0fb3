/* back/duckdb/emit.c -- relations to SELECTs. Filter, Project, Sort and Limit join one SELECT where that changes nothing. */
#include "back/duckdb/emit_collation.h"
#include "back/duckdb/emit_internal.h"
#include "back/duckdb/internal.h"
#include "ir/collation.h"

#include <inttypes.h>

Status emit_unsupported(Emit *e, const Node *n, const char *what)
{
    Status status = FAIL_CODE(e->err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: %s %s of weir's engine.",
                              n ? node_name(n) : "", what);
    if (e->err)
        memcpy(e->err->sqlstate, "0A000", 6);
    return status;
}

const char *emit_fresh(Emit *e, const char *prefix)
{
    return arena_printf(e->a, "%s_%zu", prefix, ++e->names);
}

const char *emit_word(Emit *e, const Type *t)
{
    str_auto s = EMIT_STR;
    emit_type(t, &s);
    return str_arena(&s, e->a);
}

const char *emit_quoted(Emit *e, const char *text)
{
    str_auto s = EMIT_STR;
    emit_quoted_text(text, strlen(text), &s);
    return str_arena(&s, e->a);
}

bool emit_is(const Emit *e, const char *conf, const char *value)
{
    const char *set = e->o->conf ? e->o->conf(e->o->self, conf) : NULL;
    return set && str_ieq(set, value);
}

/* ---------------------------------------------------------------- SELECTs */
static const char *sel_text(Emit *e, const Sel *s)
{
    str_auto out = EMIT_STR;
    str_addf(&out, "SELECT %s", s->select ? s->select : "*");
    if (s->from)
        str_addf(&out, " FROM %s", s->from);
    if (s->where)
        str_addf(&out, " WHERE %s", s->where);
    if (s->tail)
        str_addf(&out, " %s", s->tail);
    if (s->limit)
        str_addf(&out, " %s", s->limit);
    return str_arena(&out, e->a);
}

/* The relation as something that may stand in FROM. */
static const char *sel_from(Emit *e, const Sel *s)
{
    if (s->from && !s->select && !s->where && !s->tail && !s->limit)
        return s->from;
    return arena_printf(e->a, "(%s)", sel_text(e, s));
}

static Sel sel_over(Emit *e, const Sel *s)
{
    return (Sel){ .from = sel_from(e, s) };
}

static bool sel_plain(const Sel *s)
{
    return s->from && !s->select && !s->tail && !s->limit;
}

Status emit_select(Emit *e, const Node *n, const char **ret_sql)
{
    Sel s;
    TRY(emit_relation(e, n, &s));
    *ret_sql = sel_text(e, &s);
    return ST_OK;
}

Status emit_from(Emit *e, const Node *n, const char **ret_from)
{
    Sel s;
    TRY(emit_relation(e, n, &s));
    *ret_from = sel_from(e, &s);
    return ST_OK;
}

void emit_column(const char *before, int64_t id, Str *out)
{
    str_add(out, before);
    str_addc(out, 'c');
    str_addu(out, (uint64_t)id);
}

const char *emit_columns(Emit *e, const Schema *schema, const Schema *as)
{
    str_auto out = EMIT_STR;
    for (size_t i = 0; i < schema->len; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !as; j++)
            seen = seen || schema->at[j].id == schema->at[i].id;
        if (seen)
            continue;
        emit_column(i ? ", " : "", schema->at[i].id, &out);
        if (as && as->at[i].id != schema->at[i].id)
            emit_column(" AS ", as->at[i].id, &out);
    }
    if (!schema->len)
        str_add(&out, "1 AS c_none");
    return str_arena(&out, e->a);
}

/* The same where equal rows become one: -0.0 is 0.0 then (NormalizeFloatingNumbers). */
static const char *distinct_columns(Emit *e, const Schema *schema, const Schema *as)
{
    bool keyed = false;
    for (size_t i = 0; i < schema->len; i++)
        keyed = keyed || emit_has_group_key(schema->at[i].type);
    if (!keyed)
        return emit_columns(e, schema, as);
    str_auto out = EMIT_STR;
    for (size_t i = 0; i < schema->len; i++) {
        const char *name = arena_printf(e->a, COLUMN_TEXT, schema->at[i].id);
        bool seen = false;
        for (size_t j = 0; j < i && !as; j++)
            seen = seen || schema->at[j].id == schema->at[i].id;
        if (!seen)
            str_addf(&out, "%s%s AS " COLUMN_TEXT, i ? ", " : "", emit_group_key(e, name, schema->at[i].type), as ? as->at[i].id : schema->at[i].id);
    }
    return str_arena(&out, e->a);
}

/* ---------------------------------------------------------------- the simple ones */
/* Where the engine splits, pushes and reorders conditions, they stay in its own words. */
static Status condition_text(Emit *e, const Node *n, const Node *filtered, bool local, const char **ret)
{
    bool output = e->output, before = e->local;
    const Node *was_filtered = e->filtered;
    e->output = false;
    e->filtered = filtered;
    e->local = local;
    Status status = emit_text(e, n, ret);
    e->output = output;
    e->filtered = was_filtered;
    e->local = before;
    return status;
}

static Status emit_filter(Emit *e, const Filter *f, Sel *ret)
{
    const char *predicate;
    Sel s;
    const Known *outer = e->known, mine = { f->predicate, outer };
    if (emit_is_condition(f->predicate))
        e->known = &mine;
    Status status = emit_relation(e, f->input, &s);
    e->known = outer;
    TRY(status);
    TRY(condition_text(e, f->predicate, f->input, emit_over_rows(f->input), &predicate));
    if (e->o->ansi && !s.limit && emit_rows_fail(f->input))
        s.limit = "OFFSET 0"; /* the engine puts no condition below it */
    if (!sel_plain(&s))
        s = sel_over(e, &s);
    s.where = s.where ? arena_printf(e->a, "%s AND %s", s.where, predicate) : predicate;
    *ret = s;
    return ST_OK;
}

Status emit_outputs(Emit *e, const NodeList *exprs, const Schema *schema, const char **ret_text)
{
    str_auto out = EMIT_STR;
    for (size_t i = 0; i < exprs->len; i++) {
        const Node *n = exprs->at[i];
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen = seen || (node_is(ColumnRef, n) && node_is(ColumnRef, exprs->at[j]) &&
                            node_as(ColumnRef, n)->id == node_as(ColumnRef, exprs->at[j])->id);
        if (seen)
            continue;
        str_add(&out, out.len ? ", " : "");
        int64_t id = node_is(Alias, n) ? node_as(Alias, n)->id : node_is(ColumnRef, n) ? node_as(ColumnRef, n)->id : -1;
        if (id < 0 && schema && schema->len == exprs->len)
            id = schema->at[i].id;
        if (id < 0)
            return emit_unsupported(e, n, "as an output without a name");
        bool output = e->output, below = e->mend_below;
        e->output = true;
        e->mend_below = emit_is_shown(e, id);
        TRY(emit_expr(e, node_is(Alias, n) ? node_as(Alias, n)->child : n, &out));
        e->output = output;
        e->mend_below = below;
        emit_column(" AS ", id, &out);
    }
    if (!exprs->len)
        str_add(&out, "1 AS c_none");
    *ret_text = str_arena(&out, e->a);
    return ST_OK;
}

static Status emit_project(Emit *e, const Project *p, Sel *ret)
{
    Sel s;
    bool done = false;
    if (e->python)
        TRY(emit_python_project(e, p, &done, ret));
    if (!done && e->windows)
        TRY(emit_windows_project(e, p, &done, ret));
    if (done)
        return ST_OK;
    TRY(emit_relation(e, p->input, &s));
    if (s.select || s.tail || s.limit)
        s = sel_over(e, &s);
    e->local = emit_over_rows(p->input);
    Status status = emit_outputs(e, &p->exprs, p->node.schema, &s.select);
    e->local = false;
    *ret = s;
    return status;
}

bool emit_nulls_last(const SortOrder *o)
{
    return o->nulls == NULLS_LAST || (o->nulls == NULLS_DEFAULT && o->direction == SORT_DESC);
}

Status emit_orders(Emit *e, const NodeList *orders, bool numbered, Str *out)
{
    for (size_t i = 0; i < orders->len; i++) {
        const SortOrder *o = node_as(SortOrder, orders->at[i]);
        const char *key;
        TRY(emit_text(e, o->child, &key));
        key = emit_order_key(e, key, o->child->type);
        bool desc = o->direction == SORT_DESC;
        bool last = emit_nulls_last(o);
        /* A constant would be taken for a column's number, but not in a window, which takes no subquery there. */
        bool constant = numbered && emit_is_constant(o->child);
        str_addf(out, "%s%s%s%s%s NULLS %s", i ? ", " : "", constant ? "(SELECT " : "", key, constant ? ")" : "",
                 desc ? " DESC" : " ASC", last ? "LAST" : "FIRST");
    }
    return ST_OK;
}

static Status emit_sort(Emit *e, const Sort *n, Sel *ret)
{
    Sel s;
    TRY(emit_relation(e, n->input, &s));
    if (!sel_plain(&s))
        s = sel_over(e, &s);
    str_auto tail = EMIT_STR;
    str_add(&tail, "ORDER BY ");
    TRY(emit_orders(e, &n->orders, true, &tail));
    s.tail = str_arena(&tail, e->a);
    *ret = s;
    return ST_OK;
}

static Status emit_limit(Emit *e, const Node *input, const char *word, const Node *count, Sel *ret)
{
    const char *n;
    Sel s;
    TRY(emit_relation(e, input, &s));
    TRY(emit_text(e, count, &n));
    if (s.limit)
        s = sel_over(e, &s);
    s.limit = arena_printf(e->a, "%s %s", word, n);
    *ret = s;
    return ST_OK;
}

static Status emit_tail(Emit *e, const Tail *t, Sel *ret)
{
    const char *from, *n;
    TRY(emit_from(e, t->input, &from));
    TRY(emit_text(e, t->count, &n));
    *ret = (Sel){ .select = emit_columns(e, t->input->schema, NULL),
                  .from = arena_printf(e->a, "(SELECT *, row_number() OVER () AS tail_row, count(*) OVER () AS tail_rows FROM %s)", from),
                  .where = arena_printf(e->a, "tail_row > tail_rows - %s", n) };
    return ST_OK;
}

static Status emit_distinct(Emit *e, const Node *input, Sel *ret)
{
    const char *from, *keys;
    TRY(emit_from(e, input, &from));
    *ret = (Sel){ .select = arena_printf(e->a, "DISTINCT %s", distinct_columns(e, input->schema, NULL)), .from = from };
    if (emit_any_collated(input->schema)) {
        TRY(emit_row_keys(e, input->schema, NULL, &keys));
        ret->select = arena_printf(e->a, "DISTINCT ON (%s) %s", keys, emit_columns(e, input->schema, NULL));
    }
    return ST_OK;
}

static Status emit_deduplicate(Emit *e, const Deduplicate *d, Sel *ret)
{
    if (d->all_columns || !d->keys.len)
        return emit_distinct(e, d->input, ret);
    str_auto out = EMIT_STR;
    str_add(&out, "DISTINCT ON (");
    for (size_t i = 0; i < d->keys.len; i++) {
        const char *key;
        TRY(emit_key_text(e, d->keys.at[i], &key));
        str_addf(&out, "%s%s", i ? ", " : "", key);
    }
    str_addf(&out, ") %s", emit_columns(e, d->input->schema, NULL));
    const char *from;
    TRY(emit_from(e, d->input, &from));
    *ret = (Sel){ .select = str_arena(&out, e->a), .from = from };
    return ST_OK;
}

static Status emit_range(Emit *e, const Node *n, Sel *ret)
{
    const Range *r = node_as(Range, n);
    if (r->step == 0)
        return FAIL_CODE(e->err, ST_INVALID, "INVALID_PARAMETER_VALUE", "the step of range cannot be 0");
    *ret = (Sel){ .from = arena_printf(e->a, "(SELECT range AS " COLUMN_TEXT " FROM range(%" PRId64 "::BIGINT, %" PRId64
                                             "::BIGINT, %" PRId64 "::BIGINT))",
                                       n->schema->at[0].id, r->from, r->to, r->step) };
    return ST_OK;
}

static Status emit_values(Emit *e, const Node *n, Sel *ret)
{
    const Values *v = node_as(Values, n);
    str_auto out = EMIT_STR;
    str_add(&out, "(VALUES ");
    for (size_t i = 0; i < v->rows.len; i++) {
        const Row *row = node_as(Row, v->rows.at[i]);
        str_add(&out, i ? ", (" : "(");
        for (size_t j = 0; j < row->items.len; j++) {
            str_add(&out, j ? ", " : "");
            TRY(emit_expr(e, row->items.at[j], &out));
        }
        str_add(&out, ")");
    }
    str_addf(&out, ") %s(", emit_fresh(e, "v"));
    for (size_t j = 0; j < n->schema->len; j++)
        str_addf(&out, "%s" COLUMN_TEXT, j ? ", " : "", n->schema->at[j].id);
    str_add(&out, ")");
    *ret = (Sel){ .from = str_arena(&out, e->a) };
    return ST_OK;
}

/* A table of the engine whose columns are c0, c1 … */
static Sel sel_table(Emit *e, const char *table, const Schema *schema)
{
    str_auto out = EMIT_STR;
    str_add(&out, "(SELECT ");
    for (size_t i = 0; i < schema->len; i++)
        str_addf(&out, "%sc%zu AS " COLUMN_TEXT, i ? ", " : "", i, schema->at[i].id);
    str_add(&out, schema->len ? " FROM " : "1 AS c_none FROM ");
    emit_quoted_name(table, &out);
    str_add(&out, ")");
    return (Sel){ .from = str_arena(&out, e->a) };
}

static Status emit_local(Emit *e, const Node *n, Sel *ret)
{
    if (node_is(LocalRelation, n) && !node_as(LocalRelation, n)->arrow) {
        str_auto out = EMIT_STR;
        for (size_t i = 0; i < n->schema->len; i++)
            str_addf(&out, "%sCAST(NULL AS %s) AS " COLUMN_TEXT, i ? ", " : "", emit_word(e, n->schema->at[i].type),
                     n->schema->at[i].id);
        *ret = (Sel){ .from = arena_printf(e->a, "(SELECT %s WHERE false)", n->schema->len ? str_text(&out) : "1 AS c_none") };
        return ST_OK;
    }
    const char *table;
    if (!e->o->relation)
        return emit_unsupported(e, n, "without a session");
    TRY(e->o->relation(e->o->self, e->a, n, &table, e->err));
    *ret = sel_table(e, table, n->schema);
    return ST_OK;
}

static Status emit_sample(Emit *e, const Sample *s, Sel *ret)
{
    const char *from, *lower = NULL, *upper;
    TRY(emit_from(e, s->input, &from));
    if (s->lower)
        TRY(emit_text(e, s->lower, &lower));
    TRY(emit_text(e, s->upper, &upper));
    if (s->with_replacement) { /* each row comes a Poisson number of times: PoissonSampler */
        *ret = (Sel){ .select = emit_columns(e, s->input->schema, NULL),
                      .from = arena_printf(e->a, "(SELECT *, unnest(range(spark_poisson(%" PRId64 ", CAST(%s - %s AS DOUBLE)))) AS %s FROM %s)", s->seed, upper,
                                           lower ? lower : "0", emit_fresh(e, "draw"), from) };
        return ST_OK;
    }
    /* One random number a row: the parts of a randomSplit, which have one seed, do not overlap. */
    const char *draw = emit_fresh(e, "draw");
    *ret = (Sel){ .select = emit_columns(e, s->input->schema, NULL),
                  .from = arena_printf(e->a, "(SELECT *, spark_rand(%" PRId64 ") AS %s FROM %s)", s->seed, draw, from),
                  .where = arena_printf(e->a, "%s >= %s AND %s < %s", draw, lower ? lower : "0", draw, upper) };
    return ST_OK;
}

/* ---------------------------------------------------------------- two inputs */
static Status emit_join(Emit *e, const Join *j, Sel *ret)
{
    static const char *const words[] = { "INNER JOIN", "CROSS JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN",
                                         "ANTI JOIN" };
    const char *left, *right, *on = NULL;
    bool correlated = e->correlated;
    TRY(emit_from(e, j->left, &left));
    e->correlated = correlated || j->lateral;
    Status status = emit_from(e, j->right, &right);
    e->correlated = correlated;
    TRY(status);
    if (j->condition)
        TRY(condition_text(e, j->condition, NULL, false, &on));
    else if (j->join != JOIN_INNER && j->join != JOIN_CROSS)
        on = "true";
    const char *word = words[j->join];
    bool one_side = j->join == JOIN_SEMI || j->join == JOIN_ANTI;
    if (one_side && *right != '(') /* two read_parquet() have one name: the engine would hide the columns of both */
        right = arena_printf(e->a, "%s AS %s", right, emit_fresh(e, "t"));
    if (j->join == JOIN_CROSS && on)
        word = "INNER JOIN";
    if (j->join == JOIN_INNER && !on)
        word = "CROSS JOIN";
    *ret = (Sel){ .from = arena_printf(e->a, "%s %s %s%s%s%s", left, word, j->lateral ? "LATERAL " : "", right, on ? " ON " : "",
                                       on ? on : "") };
    /* A join inside a join's right side needs its own brackets. */
    ret->from = arena_printf(e->a, "(%s)", ret->from);
    return ST_OK;
}

static Status emit_set_op(Emit *e, const Node *n, Sel *ret)
{
    const SetOp *s = node_as(SetOp, n);
    static const char *const words[] = { "UNION", "INTERSECT", "EXCEPT" };
    const char *left, *right;
    TRY(emit_from(e, s->left, &left));
    TRY(emit_from(e, s->right, &right));
    if (emit_any_collated(n->schema) && !(s->op == SETOP_UNION && s->all)) {
        left = arena_printf(e->a, "(SELECT %s FROM %s)", emit_columns(e, s->left->schema, n->schema), left);
        right = arena_printf(e->a, "(SELECT %s FROM %s)", emit_columns(e, s->right->schema, n->schema), right);
        *ret = (Sel){ 0 };
        return emit_collated_set(e, s, n->schema, left, right, &ret->from);
    }
    const char *(*listed)(Emit *, const Schema *, const Schema *) = s->op == SETOP_UNION && s->all ? emit_columns : distinct_columns;
    *ret = (Sel){ .from = arena_printf(e->a, "((SELECT %s FROM %s) %s%s (SELECT %s FROM %s))", listed(e, s->left->schema, n->schema), left,
                                       words[s->op], s->all ? " ALL" : "", listed(e, s->right->schema, n->schema), right) };
    return ST_OK;
}

/* ---------------------------------------------------------------- aggregates */
/* GROUPING SETS may leave a group out of all sets: NULL in every row. */
static bool in_no_set(const Aggregate *g, const Node *group)
{
    if (g->grouping != GROUPING_SETS)
        return false;
    for (size_t i = 0; i < g->sets.len; i++)
        for (size_t k = 0; k < node_as(GroupingSet, g->sets.at[i])->items.len; k++)
            if (node_equal(node_as(GroupingSet, g->sets.at[i])->items.at[k], group))
                return false;
    return true;
}

/* A group whose strings have collations: its key is grouped by, the first value of each is shown. */
static Status key_column(Emit *e, const Aggregate *g, const Node *group, const char *name, StrList *keys, StrList *shown, Str *extra)
{
    const char *key = name, *value = name;
    if (type_is_collated(group->type)) {
        TRY(emit_equality_key(e, name, group->type, &value));
        key = emit_fresh(e, "k");
        str_addf(extra, ", %s AS %s", value, key);
        value = arena_printf(e->a, "first(%s)", name);
        if (g->grouping != GROUPING_PLAIN)
            value = arena_printf(e->a, "CASE WHEN GROUPING(%s) = 0 THEN %s END", key, value);
    }
    vec_push(e->a, keys, key);
    vec_push(e->a, shown, value);
    return ST_OK;
}

/* SELECT *, expr AS g1 FROM input: the groups by name, so that no constant is taken for a column's number. */
static Status group_columns(Emit *e, const Aggregate *g, StrList *names, StrList *keys, StrList *shown, const char **ret_from)
{
    str_auto extra = EMIT_STR;
    for (size_t i = 0; i < g->groups.len; i++) {
        const Node *group = g->groups.at[i];
        const char *name, *text;
        if (in_no_set(g, group)) {
            name = arena_printf(e->a, "CAST(NULL AS %s)", emit_word(e, group->type));
            vec_push(e->a, names, name);
            vec_push(e->a, keys, name);
            vec_push(e->a, shown, name);
            continue;
        }
        if (node_is(ColumnRef, group) && !emit_has_group_key(group->type)) {
            name = arena_printf(e->a, "c%" PRId64, node_as(ColumnRef, group)->id);
        } else {
            name = emit_fresh(e, "g");
            e->local = emit_over_rows(g->input); /* PullOutGroupingExpressions projects them */
            Status status = emit_text(e, group, &text);
            e->local = false;
            TRY(status);
            str_addf(&extra, ", %s AS %s", emit_group_key(e, text, group->type), name);
        }
        vec_push(e->a, names, name);
        TRY(key_column(e, g, group, name, keys, shown, &extra));
    }
    Sel s;
    TRY(emit_relation(e, g->input, &s));
    if (!extra.len) {
        *ret_from = sel_from(e, &s);
        return ST_OK;
    }
    if (!sel_plain(&s))
        s = sel_over(e, &s);
    s.select = arena_printf(e->a, "*%s", str_text(&extra));
    *ret_from = sel_from(e, &s);
    return ST_OK;
}

static Status grouping_clause(Emit *e, const Aggregate *g, const StrList *names, Str *out)
{
    static const char *const words[] = { "GROUP BY ", "GROUP BY ROLLUP(", "GROUP BY CUBE(", "GROUP BY GROUPING SETS (" };
    if (g->grouping == GROUPING_ALL || (!names->len && !g->sets.len))
        return ST_OK;
    str_add(out, words[g->grouping]);
    if (g->grouping != GROUPING_SETS) {
        for (size_t i = 0; i < names->len; i++)
            str_addf(out, "%s%s", i ? ", " : "", names->at[i]);
        str_add(out, g->grouping == GROUPING_PLAIN ? "" : ")");
        return ST_OK;
    }
    for (size_t i = 0; i < g->sets.len; i++) {
        const GroupingSet *set = node_as(GroupingSet, g->sets.at[i]);
        str_add(out, i ? ", (" : "(");
        for (size_t j = 0; j < set->items.len; j++) {
            str_add(out, j ? ", " : "");
            TRY(emit_expr(e, set->items.at[j], out));
        }
        str_add(out, ")");
    }
    str_add(out, ")");
    return ST_OK;
}

static Status emit_aggregate(Emit *e, const Aggregate *g, Sel *ret)
{
    StrList names = { 0 }, keys = { 0 }, shown = { 0 };
    Sel s = { 0 };
    bool done = false;
    if (e->python)
        TRY(emit_python_aggregate(e, g, &done, ret));
    if (done)
        return ST_OK;
    TRY(group_columns(e, g, &names, &keys, &shown, &s.from));
    GroupScope scope = { .groups = &g->groups, .names = &names, .keys = &keys, .shown = &shown, .outer = e->groups };
    GroupAs group_as = e->group_as;
    e->groups = &scope;
    e->group_as = GROUP_SHOWN;
    bool over_local = e->over_local;
    e->over_local = g->grouping == GROUPING_PLAIN && emit_over_rows(g->input);
    str_auto tail = EMIT_STR;
    Status status = emit_outputs(e, &g->exprs, g->node.schema, &s.select);
    e->over_local = over_local;
    e->group_as = GROUP_KEY;
    if (status == ST_OK)
        status = grouping_clause(e, g, &keys, &tail);
    e->groups = scope.outer;
    e->group_as = group_as;
    TRY(status);
    if (tail.len && g->grouping != GROUPING_PLAIN)
        str_add(&tail, " HAVING count(*) > 0"); /* Spark expands rows: where there are none, () has no group */
    if (tail.len)
        s.tail = str_arena(&tail, e->a);
    else if (!s.tail && !g->groups.len)
        s.tail = "HAVING count(*) >= 0"; /* one row for all, also when no output aggregates */
    *ret = s;
    return ST_OK;
}

/* ---------------------------------------------------------------- CTEs */
enum { MAX_LOOP_ROWS = 1000000 }; /* spark.sql.cteRecursionRowLimit */

static const char *loop_error(Emit *e, const char *code, const char *name, int64_t limit)
{
    const char *params[] = { name, arena_printf(e->a, "%" PRId64, limit), NULL };
    return arena_printf(e->a, "error(%s)", emit_quoted(e, engine_error_encode(e->a, code, params)));
}

/* Each row knows its round and how many rows there were up to it: both are limited, as in UnionLoopExec. */
static Status emit_loop(Emit *e, const UnionLoop *loop, size_t number, Str *out)
{
    const char *anchor, *term;
    const Schema *as = loop->node.schema;
    TRY(emit_from(e, loop->anchor, &anchor));
    TRY(emit_from(e, loop->recursion, &term));
    const char *level = arena_printf(e->a, "(SELECT max(loop_level) FROM cte_%zu)", number);
    const char *rows = arena_printf(e->a, "(SELECT max(loop_rows) FROM cte_%zu)", number);
    str_addf(out, "SELECT %s, 0::BIGINT AS loop_level, count(*) OVER () AS loop_rows FROM %s UNION ALL SELECT %s, ",
             emit_columns(e, loop->anchor->schema, as), anchor, emit_columns(e, loop->recursion->schema, as));
    if (loop->max_level >= 0)
        str_addf(out, "CASE WHEN %s >= %" PRId64 " THEN %s ELSE %s + 1 END, ", level, loop->max_level,
                 loop_error(e, "RECURSION_LEVEL_LIMIT_EXCEEDED", "levelLimit", loop->max_level), level);
    else
        str_addf(out, "%s + 1, ", level);
    str_addf(out, "CASE WHEN %s > %d THEN %s ELSE %s + count(*) OVER () END FROM %s", rows, MAX_LOOP_ROWS,
             loop_error(e, "RECURSION_ROW_LIMIT_EXCEEDED", "rowLimit", MAX_LOOP_ROWS), rows, term);
    return ST_OK;
}

static Status emit_with(Emit *e, const BoundWith *w, Sel *ret)
{
    CteScope scope = { .with = w, .first = e->names + 1, .outer = e->ctes };
    str_auto out = EMIT_STR;
    e->names += w->ctes.len;
    e->ctes = &scope;
    bool loops = false;
    for (size_t i = 0; i < w->ctes.len; i++)
        loops = loops || node_is(UnionLoop, w->ctes.at[i]);
    scope.recursive = loops;
    Status status = ST_OK;
    for (size_t i = 0; i < w->ctes.len && status == ST_OK; i++) {
        const char *sql;
        if (node_is(UnionLoop, w->ctes.at[i])) {
            str_addf(&out, "%scte_%zu AS (", i ? ", " : "", scope.first + i);
            status = emit_loop(e, node_as(UnionLoop, w->ctes.at[i]), scope.first + i, &out);
            str_add(&out, ")");
        } else {
            status = emit_select(e, w->ctes.at[i], &sql);
            if (status == ST_OK)
                str_addf(&out, "%scte_%zu AS (SELECT %s FROM (%s))", i ? ", " : "", scope.first + i,
                         emit_columns(e, w->ctes.at[i]->schema, NULL), sql);
        }
        if (e->python)
            scope.made = arena_str(e->a, str_text(&out));
    }
    const char *body = NULL;
    if (status == ST_OK)
        status = emit_select(e, w->input, &body);
    e->ctes = scope.outer;
    TRY(status);
    *ret = (Sel){ .from = arena_printf(e->a, "(WITH %s%s %s)", loops ? "RECURSIVE " : "", str_text(&out), body) };
    return ST_OK;
}

static Status emit_cte_ref(Emit *e, const Node *n, Sel *ret)
{
    const CteRef *r = node_as(CteRef, n);
    for (const CteScope *s = e->ctes; s; s = s->outer) {
        if (r->cte < 0 || (size_t)r->cte >= s->with->ctes.len)
            continue;
        const Schema *schema = s->with->ctes.at[r->cte]->schema;
        if (schema && schema->len == n->schema->len) {
            *ret = (Sel){ .from = arena_printf(e->a, "(SELECT %s FROM cte_%zu)", emit_columns(e, schema, n->schema),
                                               s->first + (size_t)r->cte) };
            return ST_OK;
        }
    }
    return emit_unsupported(e, n, "outside its WITH");
}

/* A view made under other settings. */
static Status emit_conf_scope(Emit *e, const ConfScope *n, Sel *ret)
{
    const EmitOptions *outer = e->o;
    if (!outer->conf_scope || !outer->conf)
        return emit_unsupported(e, &n->node, "without a session");
    const KeyValueList *before = outer->conf_scope(outer->self, &n->conf);
    EmitOptions inner = *outer;
    inner.time_zone = outer->conf(outer->self, "spark.sql.session.timeZone");
    e->o = &inner;
    Status status = emit_relation(e, n->input, ret);
    e->o = outer;
    outer->conf_scope(outer->self, before);
    return status;
}

static Status emit_kind(Emit *e, const Node *n, Sel *ret)
{
    switch (n->kind) {
    case NODE_Scan: return emit_scan(e, n, ret);
    case NODE_OneRow: *ret = (Sel){ .from = "(SELECT 1 AS c_none)" }; return ST_OK;
    case NODE_LocalRelation: case NODE_CachedRelation: return emit_local(e, n, ret);
    case NODE_Values: return emit_values(e, n, ret);
    case NODE_Range: return emit_range(e, n, ret);
    case NODE_Project: return emit_project(e, node_as(Project, n), ret);
    case NODE_Filter: return emit_filter(e, node_as(Filter, n), ret);
    case NODE_Join: return emit_join(e, node_as(Join, n), ret);
    case NODE_Aggregate: return emit_aggregate(e, node_as(Aggregate, n), ret);
    case NODE_Sort: return emit_sort(e, node_as(Sort, n), ret);
    case NODE_Limit: return emit_limit(e, node_as(Limit, n)->input, "LIMIT", node_as(Limit, n)->count, ret);
    case NODE_Offset: return emit_limit(e, node_as(Offset, n)->input, "OFFSET", node_as(Offset, n)->count, ret);
    case NODE_Tail: return emit_tail(e, node_as(Tail, n), ret);
    case NODE_SetOp: return emit_set_op(e, n, ret);
    case NODE_Distinct: return emit_distinct(e, node_as(Distinct, n)->input, ret);
    case NODE_Deduplicate: return emit_deduplicate(e, node_as(Deduplicate, n), ret);
    case NODE_Sample: return emit_sample(e, node_as(Sample, n), ret);
    case NODE_SubqueryAlias: return emit_relation(e, node_as(SubqueryAlias, n)->input, ret);
    case NODE_Generate: return emit_generate(e, n, ret);
    case NODE_MapPartitions: return emit_map_partitions(e, n, ret);
    case NODE_ConfScope: return emit_conf_scope(e, node_as(ConfScope, n), ret);
    case NODE_ScriptTransform: return emit_script(e, n, ret);
    case NODE_GroupMap: return emit_group_map(e, n, ret);
    case NODE_PythonScan: return emit_python_scan(e, n, ret);
    case NODE_PythonTableFunction: return emit_table_function(e, n, ret);
    case NODE_CoGroupMap: return emit_cogroup_map(e, n, ret);
    case NODE_BoundWith: return emit_with(e, node_as(BoundWith, n), ret);
    case NODE_CteRef: return emit_cte_ref(e, n, ret);
    case NODE_Repartition: return emit_relation(e, node_as(Repartition, n)->input, ret);
    case NODE_Hint: return emit_relation(e, node_as(Hint, n)->input, ret);
    case NODE_CollectMetrics: return emit_relation(e, node_as(CollectMetrics, n)->input, ret);
    default: return emit_unsupported(e, n, "as a relation");
    }
}

Status emit_relation(Emit *e, const Node *n, Sel *ret)
{
    if (e->python)
        n = emit_python_below(e, n);
    const Known *known = e->known;
    if (known && !emit_passes_conditions(n))
        e->known = NULL;
    Status status = emit_kind(e, n, ret);
    e->known = known;
    return status;
}

typedef struct Found {
    Arena *a;
    const Type *looked_at; /* the last one: neighbours often share theirs */
    bool python, windows, twins, texts;
} Found;

static bool look(const Node *n, void *arg)
{
    Found *found = arg;
    found->python = found->python || node_is(PythonUdf, n);
    found->windows = found->windows || node_is(Window, n);
    found->texts = found->texts || emit_makes_text(n);
    if (n->type && n->type != found->looked_at)
        found->twins = found->twins || type_has_twin_fields(found->a, n->type);
    found->looked_at = n->type;
    return true;
}

Status emit_plan(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err)
{
    DecimalColumns *decimals = NULL;
    Emit e = { .a = a, .o = options, .err = err, .root = bound, .decimals = &decimals };
    Found found = { .a = a };
    node_walk(bound, look, &found);
    if (found.twins) /* the engine finds fields whatever their letters' case: of two it would always find the first */
        return engine_twin_fields(err);
    e.python = found.python;
    e.windows = found.windows;
    e.makes_texts = found.texts;
    ShownColumns shown = { .a = a };
    if (found.texts && options->shown)
        emit_find_shown(bound, &shown);
    e.shown = &shown;
    Sel s;
    TRY(emit_relation(&e, bound, &s));
    str_add(sql, "SELECT ");
    for (size_t i = 0; i < bound->schema->len; i++)
        emit_column(i ? ", " : "", bound->schema->at[i].id, sql);
    str_addf(sql, "%s FROM %s", bound->schema->len ? "" : "1 AS c_none", sel_from(&e, &s));
    return sql->overflow ? FAIL(err, ST_LIMIT, "the query's SQL is longer than %zu bytes", sql->max_bytes) : ST_OK;
}

Status emit_expression(Arena *a, const EmitOptions *options, const Node *bound, Str *sql, Error *err)
{
    Emit e = { .a = a, .o = options, .err = err };
    Found found = { .a = a };
    node_walk(bound, look, &found);
    e.makes_texts = found.texts;
    return emit_expr(&e, bound, sql);
}
