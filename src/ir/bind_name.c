/* ir/bind_name.c -- from names to columns: qualifiers, struct fields, DataFrame references by plan id, stars, suggestions.
 * Spark's AttributeSeq.resolve and ColumnResolutionHelper. */
#include "ir/binder.h"
#include "ir/check.h"

#include <stdlib.h>

enum { COPIED_MAX = 1000000 };

bool name_equal(const Binder *b, const char *x, const char *y)
{
    return b->case_sensitive ? str_eq(x, y) : str_ieq(x, y);
}

/* Do the last n parts of the column's qualifier equal name[0..n)? */
static bool qualifier_matches(const Binder *b, const Column *c, const StrList *name, size_t n)
{
    if (c->qualifier.len < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!name_equal(b, c->qualifier.at[c->qualifier.len - n + i], name->at[i]))
            return false;
    return true;
}

/* name_equal for the many columns that one name is looked for among: most differ in the first letters. */
static inline bool may_be_equal(const char *x, const char *y)
{
    enum { LETTERS = 4, CASE = 0x20 }; /* letters that differ by more than their case differ; others may only seem equal */
    for (size_t i = 0; i < LETTERS; i++) {
        if ((x[i] ^ y[i]) & ~CASE)
            return false;
        if (!x[i] || !y[i])
            return true;
    }
    return true;
}

typedef VEC(const Column *) Candidates;

static Candidates candidates(Binder *b, const Schema *schema, const StrList *name, size_t qualifier, bool hidden)
{
    Candidates found = { 0 };
    if (name->len <= qualifier)
        return found;
    for (size_t i = 0; i < schema->len; i++) {
        const Column *c = &schema->at[i];
        bool same = false;
        if (c->hidden != hidden || !may_be_equal(c->name, name->at[qualifier]) || !name_equal(b, c->name, name->at[qualifier]) || !qualifier_matches(b, c, name, qualifier))
            continue;
        for (size_t k = 0; k < found.len; k++)
            same = same || found.at[k]->id == c->id;
        if (!same)
            vec_push(b->a, &found, c);
    }
    return found;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static Status ambiguous(Binder *b, const Candidates *found, const StrList *name, const Node *at, Error *err)
{
    str_auto names = STR_INIT(ERROR_PARAMS_BYTES);
    const char **texts = ARENA_ARRAY(b->a, const char *, found->len + 1);
    for (size_t i = 0; i < found->len; i++) {
        StrList full = { 0 };
        for (size_t k = 0; k < found->at[i]->qualifier.len; k++)
            vec_push(b->a, &full, found->at[i]->qualifier.at[k]);
        vec_push(b->a, &full, found->at[i]->name);
        texts[i] = sql_ids(b->a, &full);
    }
    qsort(texts, found->len, sizeof *texts, by_text);
    for (size_t i = 0; i < found->len; i++)
        str_addf(&names, "%s%s", i ? ", " : "[", texts[i]);
    str_addc(&names, ']');
    return spark_error(err, at, "AMBIGUOUS_REFERENCE", "42704", "Reference <name> is ambiguous, could be: <referenceNames>.",
                       "name", sql_ids(b->a, name), "referenceNames", str_text(&names), NULL);
}

const Column *schema_find(const Schema *s, int64_t id)
{
    for (size_t i = 0; i < s->len; i++)
        if (s->at[i].id == id)
            return &s->at[i];
    return NULL;
}

Node *column_ref(Binder *b, const Column *c)
{
    return typed(node_new(b->a, ColumnRef, .id = c->id, .name = c->name), c->type, c->nullable, NULL);
}

static Status nested_fields(Binder *b, Node *e, const StrList *name, size_t from, const Node *at, Node **ret, Error *err)
{
    for (size_t i = from; i < name->len; i++) {
        if (e->type->kind == TYPE_MAP) {
            Node *key = make_literal_string(b, name->at[i]);
            TRY(make_call2(b, "get_map_value", e, key, at, &e, err));
        } else {
            TRY(make_get_field(b, e, name->at[i], at, &e, err));
        }
    }
    *ret = e;
    return ST_OK;
}

Status schema_resolve(Binder *b, const Schema *schema, const StrList *name, const Node *at, Node **ret, Error *err)
{
    for (int hidden = 0; hidden < 2; hidden++)
        for (size_t q = name->len < 4 ? name->len : 4; q-- > 0;) {
            Candidates found = candidates(b, schema, name, q, hidden != 0);
            if (!found.len)
                continue;
            if (found.len > 1)
                return ambiguous(b, &found, name, at, err);
            Node *ref = column_ref(b, found.at[0]);
            if (at)
                node_at(ref, at->start, at->stop);
            return nested_fields(b, ref, name, q + 1, at, ret, err);
        }
    return ST_OK;
}

/* ---------------------------------------------------------------- suggestions */

typedef struct Suggestion {
    const Column *column;
    const char *text;
    size_t distance, index;
} Suggestion;

/* As an AttributeSet lists its columns, the nearest first. */
static int by_distance(const void *x, const void *y)
{
    const Suggestion *s = x, *t = y;
    if (s->distance != t->distance)
        return s->distance < t->distance ? -1 : 1;
    int order = strcmp(s->column->name, t->column->name);
    return order ? order : (s->index > t->index) - (s->index < t->index);
}

/* Do all candidates have the same parts before their last `keep`? */
static bool same_prefix(const Suggestion *all, size_t n, size_t keep)
{
    const StrList *first = &all[0].column->qualifier;
    size_t parts = first->len + 1 > keep ? first->len + 1 - keep : 0;
    for (size_t i = 1; i < n; i++) {
        const StrList *other = &all[i].column->qualifier;
        bool same = (other->len + 1 > keep ? other->len + 1 - keep : 0) == parts;
        for (size_t k = 0; same && k < parts; k++)
            same = str_eq(first->at[k], other->at[k]);
        if (!same)
            return false;
    }
    return true;
}

static const char *last_parts(Binder *b, const Column *c, size_t keep)
{
    StrList parts = { 0 };
    for (size_t k = c->qualifier.len + 1 > keep ? c->qualifier.len + 1 - keep : 0; k < c->qualifier.len; k++)
        vec_push(b->a, &parts, c->qualifier.at[k]);
    vec_push(b->a, &parts, c->name);
    return sql_ids(b->a, &parts);
}

/* StringUtils.orderSuggestedIdentifiersBySimilarity: the five nearest, without the qualifier that all have. */
static const char *suggestions(Binder *b, const Schema *schema, const StrList *name)
{
    enum { MOST = 5 };
    VEC(Suggestion) all = { 0 };
    str_auto base = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < name->len; i++)
        str_addf(&base, "%s%s", i ? "." : "", name->at[i]);
    for (size_t i = 0; i < schema->len; i++) {
        bool known = schema->at[i].hidden;
        for (size_t k = 0; k < all.len && !known; k++)
            known = all.at[k].column->id == schema->at[i].id;
        if (!known)
            vec_push(b->a, &all, ((Suggestion){ .column = &schema->at[i], .index = i }));
    }
    if (!all.len)
        return "";
    size_t keep = name->len == 1 && same_prefix(all.at, all.len, 1) ? 1 : name->len <= 2 && same_prefix(all.at, all.len, 2) ? 2 : SIZE_MAX;
    for (size_t i = 0; i < all.len; i++) {
        all.at[i].text = last_parts(b, all.at[i].column, keep);
        all.at[i].distance = str_distance(str_text(&base), all.at[i].text, false);
    }
    qsort(all.at, all.len, sizeof *all.at, by_distance);
    str_auto list = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < all.len && i < MOST; i++)
        str_addf(&list, "%s%s", i ? ", " : "", all.at[i].text);
    return str_arena(&list, b->a);
}

Status unresolved_column(Binder *b, const Schema *schema, const StrList *name, const Node *at, Error *err)
{
    const char *proposal = schema ? suggestions(b, schema, name) : "";
    if (!*proposal)
        return spark_error(err, at, "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703",
                           "A column, variable, or function parameter with name <objectName> cannot be resolved.", "objectName",
                           sql_ids(b->a, name), NULL);
    return spark_error(err, at, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
                       "A column, variable, or function parameter with name <objectName> cannot be resolved. Did you mean one of "
                       "the following? [<proposal>].",
                       "objectName", sql_ids(b->a, name), "proposal", proposal, NULL);
}

Status resolve_output_column(Binder *b, const Schema *schema, const char *name, const Node *at, const Column **ret, Error *err)
{
    StrList parts = { 0 };
    vec_push(b->a, &parts, name);
    for (int hidden = 0; hidden < 2; hidden++) {
        Candidates found = candidates(b, schema, &parts, 0, hidden != 0);
        if (found.len > 1)
            return ambiguous(b, &found, &parts, at, err);
        if (found.len) {
            *ret = found.at[0];
            return ST_OK;
        }
    }
    return unresolved_column(b, schema, &parts, at, err);
}

/* ---------------------------------------------------------------- references by plan id */

static Status ambiguous_column(Binder *b, const Attribute *n, Error *err)
{
    return spark_error(err, &n->node, "AMBIGUOUS_COLUMN_REFERENCE", "42702",
                       "Column <name> is ambiguous. It's because you joined several DataFrame together, and some of these "
                       "DataFrames are the same. This column points to one of the DataFrames but Spark is unable to figure out "
                       "which one. Please alias the DataFrames with different names via `DataFrame.alias` before joining them, "
                       "and specify the column using qualified name, e.g. `df.alias(\"a\").join(df.alias(\"b\"), col(\"a.id\") > "
                       "col(\"b.id\"))`.",
                       "name", sql_ids(b->a, &n->name), NULL);
}

/* The column id that a resolved name stands on. */
static int64_t root_id(const Node *e)
{
    while (!node_is(ColumnRef, e)) {
        if (node_is(GetField, e))
            e = node_as(GetField, e)->child;
        else if (node_is(Call, e) && node_as(Call, e)->args.len)
            e = node_as(Call, e)->args.at[0];
        else
            return -1;
    }
    return node_as(ColumnRef, e)->id;
}

static Node *refresh_column(Arena *a, Node *n, void *arg)
{
    const Schema *schema = arg;
    const Column *c = node_is(ColumnRef, n) ? schema_find(schema, node_as(ColumnRef, n)->id) : NULL;
    if (!c || (n->nullable == c->nullable && n->type == c->type))
        return n;
    Node *copy = node_copy(a, n);
    copy->nullable = c->nullable;
    copy->type = c->type;
    return copy;
}

/* *ret stays NULL when the DataFrame is not below; the nearest to the root wins, two equally near are ambiguous. */
static Status by_plan_id(Binder *b, const Scope *s, const Attribute *n, Node **ret, Error *err)
{
    Node *best = NULL, *lost = NULL;
    size_t best_depth = SIZE_MAX;
    bool seen = false;
    for (size_t i = s->plans_from; i < s->plans_to; i++) {
        const PlanEntry *p = &b->plans.at[i];
        Node *found = NULL;
        if (p->plan_id != n->of)
            continue;
        seen = true;
        TRY(schema_resolve(b, p->schema, &n->name, &n->node, &found, err));
        if (!found)
            return unresolved_column(b, p->schema, &n->name, &n->node, err);
        if (!schema_find(s->schema, root_id(found))) {
            lost = found;
            continue;
        }
        if (best && p->depth == best_depth && root_id(best) != root_id(found))
            return ambiguous_column(b, n, err);
        if (p->depth < best_depth) {
            best = found;
            best_depth = p->depth;
        }
    }
    if (!best && lost && s->below && schema_find(s->below, root_id(lost)))
        best = lost; /* of what is grouped: the expression is looked for among the groups */
    if (!best && lost && s->missing_from)
        TRY(fetch_missing(b, s->missing_from, &n->name, &n->node, &best, err));
    if (!best && seen)
        return spark_error(err, &n->node, "CANNOT_RESOLVE_DATAFRAME_COLUMN", "42704",
                           "Cannot resolve dataframe column <name>. It's probably because of illegal references like "
                           "`df1.select(df2.col(\"a\"))`.",
                           "name", sql_ids(b->a, &n->name), NULL);
    *ret = best ? node_rewrite(b->a, best, refresh_column, (void *)(uintptr_t)s->schema) : NULL;
    return ST_OK;
}

/* ---------------------------------------------------------------- attributes */

static Status lambda_variable(Binder *b, const Scope *s, const StrList *name, const Node *at, Node **ret, Error *err)
{
    for (const LambdaScope *l = s->lambdas; l; l = l->outer)
        for (size_t i = 0; i < l->variables->len; i++)
            if (name_equal(b, node_as(LambdaVariable, l->variables->at[i])->name, name->at[0]))
                return nested_fields(b, l->variables->at[i], name, 1, at, ret, err);
    return ST_OK;
}

static bool count_node(const Node *n, void *arg)
{
    (void)n;
    ++*(size_t *)arg;
    return true;
}

/* Each use of an alias is a copy of what it stands for: a row of them that double each other has no end. */
static bool grows_too_large(Binder *b, const Node *alias)
{
    node_walk(alias, count_node, &b->copied);
    return b->copied > COPIED_MAX;
}

static Status lateral_alias(Binder *b, const Scope *s, const StrList *name, const Node *at, Node **ret, Error *err)
{
    const Alias *found = NULL;
    for (size_t i = 0; s->aliases && i < s->aliases->len; i++) {
        const Node *e = s->aliases->at[i];
        if (!node_is(Alias, e) || node_as(Alias, e)->names.len != 1 || node_as(Alias, e)->generated ||
            !name_equal(b, node_as(Alias, e)->names.at[0], name->at[0]))
            continue;
        if (found)
            return spark_error(err, at, "AMBIGUOUS_LATERAL_COLUMN_ALIAS", "42702",
                               "Lateral column alias <name> is ambiguous and has <n> matches.", "name", sql_ids(b->a, name), "n",
                               "2", NULL);
        found = node_as(Alias, e);
    }
    if (!found)
        return ST_OK;
    if (!is_deterministic(found->child))
        return spark_unsupported(err, at, "a lateral column alias of a non-deterministic expression");
    if (grows_too_large(b, found->child))
        return spark_too_complex(err, at);
    if (s->used_alias)
        *s->used_alias = true;
    /* An Alias marks the place for pretty(); bind_outputs takes it off again. */
    Node *marker = new_alias(b, found->child, arena_printf(b->a, LATERAL_ALIAS "%s)", found->names.at[0]));
    ((Alias *)(void *)marker)->generated = true;
    return nested_fields(b, marker, name, 1, at, ret, err);
}

static Node *deeper(Arena *a, Node *n, void *arg)
{
    (void)arg;
    if (!node_is(ColumnRef, n))
        return n;
    Node *copy = node_copy(a, n);
    ((ColumnRef *)(void *)copy)->depth++;
    return copy;
}

static Status outer_column(Binder *b, const Scope *s, const Attribute *n, Node **ret, Error *err)
{
    for (const Scope *o = s->outer; o; o = o->outer) {
        Node *found = NULL;
        if (o->schema)
            TRY(schema_resolve(b, o->schema, &n->name, &n->node, &found, err));
        if (!found && o->below)
            TRY(schema_resolve(b, o->below, &n->name, &n->node, &found, err));
        if (found) {
            for (const Scope *up = s; up != o; up = up->outer)
                found = node_rewrite(b->a, found, deeper, NULL);
            *ret = found;
            return ST_OK;
        }
    }
    return ST_OK;
}

/* Names that are functions without parentheses, when no column has them (LiteralFunctionResolution). */
static Status niladic(Binder *b, const Attribute *n, Node **ret, Error *err)
{
    static const char *const names[] = { "current_date", "current_timestamp", "localtimestamp", "current_time",
                                         "current_user", "user", "session_user" };
    NodeList none = { 0 };
    if (n->name.len != 1)
        return ST_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(names[i], n->name.at[0]))
            return make_call(b, names[i], &none, &n->node, ret, err);
    return ST_OK;
}

/* A session variable, when nothing nearer has the name; its fields may follow. */
static Status session_variable(Binder *b, const Attribute *n, Node **ret, Error *err)
{
    Node *value = NULL;
    size_t parts = 0;
    if (!b->env->variable || b->env->variable(b->env->self, b->a, &n->name, &parts, &value, NULL) != ST_OK || !value)
        return ST_OK;
    const Literal *l = node_as(Literal, value);
    Node *e = typed(node_copy(b->a, value), l->of, true, &n->node);
    return nested_fields(b, e, &n->name, parts, &n->node, ret, err);
}

static const Node *output_definition(const Scope *s, int64_t id)
{
    for (size_t i = 0; s->below_exprs && i < s->below_exprs->len; i++)
        if (node_is(Alias, s->below_exprs->at[i]) && node_as(Alias, s->below_exprs->at[i])->id == id)
            return node_as(Alias, s->below_exprs->at[i])->child;
    return NULL;
}

/* Is `e`, or what its fields are taken of, a grouping expression? */
static bool is_grouped(const NodeList *groups, const Node *e)
{
    for (;;) {
        for (size_t i = 0; i < groups->len; i++)
            if (node_equal(groups->at[i], e))
                return true;
        if (node_is(GetField, e))
            e = node_as(GetField, e)->child;
        else if (node_is(Call, e) && node_as(Call, e)->args.len)
            e = node_as(Call, e)->args.at[0];
        else
            return false;
    }
}

/* Over an Aggregate: its output first, then its input; within an aggregate function the other way round. */
static Status over_aggregate(Binder *b, const Scope *s, const Attribute *n, Node **ret, Error *err)
{
    const Schema *order[2] = { s->schema, s->below };
    Node *grouped = NULL;
    if (s->below_groups && schema_resolve(b, s->below, &n->name, &n->node, &grouped, NULL) == ST_OK && grouped &&
        is_grouped(s->below_groups, grouped)) {
        *ret = grouped;
        return ST_OK;
    }
    if (s->inside_aggregate || s->prefer_below) {
        order[0] = s->below;
        order[1] = s->schema;
    }
    for (size_t i = 0; i < 2 && !*ret; i++) {
        Status status = schema_resolve(b, order[i], &n->name, &n->node, ret, err);
        if (status != ST_OK && i == 0 && schema_resolve(b, order[1], &n->name, &n->node, ret, NULL) == ST_OK && *ret)
            return ST_OK; /* two outputs of one name: the input decides */
        TRY(status);
    }
    if (*ret && s->inside_aggregate && node_is(ColumnRef, *ret)) {
        const Node *definition = output_definition(s, node_as(ColumnRef, *ret)->id);
        *ret = definition && !schema_find(s->below, node_as(ColumnRef, *ret)->id) ? node_copy(b->a, definition) : *ret;
    }
    return ST_OK;
}

Status bind_attribute(Binder *b, const Scope *s, const Attribute *n, Node **ret, Error *err)
{
    Node *found = NULL;
    if (n->of && s->plans_to > s->plans_from)
        TRY(by_plan_id(b, s, n, &found, err));
    if (!found)
        TRY(lambda_variable(b, s, &n->name, &n->node, &found, err));
    if (!found && s->below)
        TRY(over_aggregate(b, s, n, &found, err));
    if (!found && s->missing_from && s->prefer_below)
        TRY(fetch_missing(b, s->missing_from, &n->name, &n->node, &found, err));
    if (!found && s->schema) {
        Status status = schema_resolve(b, s->schema, &n->name, &n->node, &found, err);
        if (status != ST_OK && s->missing_from) /* ORDER BY over two outputs of one name: the input decides */
            fetch_missing(b, s->missing_from, &n->name, &n->node, &found, NULL);
        if (!found)
            TRY(status);
    }
    if (!found)
        TRY(lateral_alias(b, s, &n->name, &n->node, &found, err));
    if (!found && s->missing_from)
        TRY(fetch_missing(b, s->missing_from, &n->name, &n->node, &found, err));
    if (!found)
        TRY(outer_column(b, s, n, &found, err));
    if (!found)
        TRY(niladic(b, n, &found, err));
    if (!found)
        TRY(session_variable(b, n, &found, err));
    if (!found && n->name.len == 1 && str_ieq(n->name.at[0], "grouping__id")) /* Hive's name of it */
        TRY(make_call(b, "grouping_id", &(NodeList){ 0 }, &n->node, &found, err));
    if (!found) /* what other names of the same clause brought up is suggested too */
        return unresolved_column(b, s->missing_from ? (*s->missing_from)->schema : s->schema, &n->name, &n->node, err);
    *ret = found;
    return ST_OK;
}

/* ---------------------------------------------------------------- stars */

static bool excepted(Binder *b, const NodeList *except, const Column *c)
{
    for (size_t i = 0; i < except->len; i++) {
        const StrList *name = node_is(Attribute, except->at[i]) ? &node_as(Attribute, except->at[i])->name : NULL;
        if (name && name_equal(b, name->at[name->len - 1], c->name) && qualifier_matches(b, c, name, name->len - 1))
            return true;
    }
    return false;
}

static bool begins_with(const Binder *b, const StrList *name, const StrList *prefix)
{
    for (size_t i = 0; i < prefix->len; i++)
        if (i >= name->len || !name_equal(b, name->at[i], prefix->at[i]))
            return false;
    return true;
}

static Status overlapping(const Star *n, Error *err)
{
    str_auto columns = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < n->except.len; i++) {
        const StrList *name = &node_as(Attribute, n->except.at[i])->name;
        for (size_t k = 0; k < name->len; k++)
            str_addf(&columns, "%s%s", k ? "." : i ? ", " : "", name->at[k]);
    }
    return spark_error(err, &n->node, "EXCEPT_OVERLAPPING_COLUMNS", "42702",
                       "Columns in an EXCEPT list must be distinct and non-overlapping, but got (<columns>).", "columns",
                       str_text(&columns), NULL);
}

static Status check_except(Binder *b, const Scope *s, const Star *n, Error *err)
{
    for (size_t i = 0; i < n->except.len; i++)
        for (size_t k = 0; k < n->except.len; k++)
            if (i != k && begins_with(b, &node_as(Attribute, n->except.at[i])->name, &node_as(Attribute, n->except.at[k])->name))
                return overlapping(n, err);
    for (size_t i = 0; i < n->except.len; i++) {
        Node *found = NULL;
        const StrList *name = &node_as(Attribute, n->except.at[i])->name;
        TRY(schema_resolve(b, s->schema, name, n->except.at[i], &found, err));
        StrList within = { 0 }; /* of a struct: data.* EXCEPT (f1) */
        for (size_t k = 0; k < n->target.len; k++)
            vec_push(b->a, &within, n->target.at[k]);
        for (size_t k = 0; k < name->len; k++)
            vec_push(b->a, &within, name->at[k]);
        if (!found && n->target.len)
            TRY(schema_resolve(b, s->schema, &within, n->except.at[i], &found, err));
        if (!found)
            return unresolved_column(b, s->schema, name, n->except.at[i], err);
    }
    return ST_OK;
}

static Status star_missing(Binder *b, const Scope *s, const Star *n, Error *err)
{
    str_auto columns = STR_INIT(ERROR_PARAMS_BYTES);
    VEC(Suggestion) names = { 0 };
    for (size_t i = 0; i < s->schema->len; i++)
        vec_push(b->a, &names, ((Suggestion){ .column = &s->schema->at[i], .text = sql_id(b->a, s->schema->at[i].name), .index = i }));
    if (names.len)
        qsort(names.at, names.len, sizeof *names.at, by_distance);
    for (size_t i = 0; i < names.len; i++)
        str_addf(&columns, "%s%s", i ? ", " : "", names.at[i].text);
    return spark_error(err, &n->node, "CANNOT_RESOLVE_STAR_EXPAND", "42704",
                       "Cannot resolve <targetString>.* given input columns <columns>. Please check that the specified table or "
                       "struct exists and is accessible in the input columns.",
                       "targetString", sql_ids(b->a, &n->target), "columns", str_text(&columns), NULL);
}

/* What EXCEPT leaves of the value `e`, which is named `path`: NULL when it is named itself; of a struct one of what is left, also where it is NULL
 * (ResolveReferences.expandStar). */
static Status except_fields(Binder *b, const NodeList *except, StrList *path, Node *e, Node **ret, Error *err)
{
    bool inside = false;
    for (size_t i = 0; i < except->len; i++) {
        const StrList *name = &node_as(Attribute, except->at[i])->name;
        if (!begins_with(b, name, path))
            continue;
        if (name->len == path->len) {
            *ret = NULL;
            return ST_OK;
        }
        inside = true;
    }
    *ret = e;
    if (!inside || e->type->kind != TYPE_STRUCT)
        return ST_OK;
    NodeList kept = { 0 };
    bool changed = false;
    for (size_t i = 0; i < e->type->nfields; i++) {
        const char *field = e->type->fields[i].name;
        Node *get = NULL, *left = NULL;
        TRY(make_get_field(b, e, field, e, &get, err));
        vec_push(b->a, path, field);
        TRY(except_fields(b, except, path, get, &left, err));
        path->len--;
        changed = changed || left != get;
        if (!left)
            continue;
        vec_push(b->a, &kept, make_literal_string(b, field));
        vec_push(b->a, &kept, left);
    }
    return changed ? make_call(b, "named_struct", &kept, e, ret, err) : ST_OK;
}

/* A column of a star without the fields that EXCEPT names. */
static Status star_column(Binder *b, const Star *n, const Column *c, NodeList *ret, Error *err)
{
    Node *ref = column_ref(b, c), *left = NULL;
    StrList path = { 0 };
    vec_push(b->a, &path, c->name);
    TRY(except_fields(b, &n->except, &path, ref, &left, err));
    vec_push(b->a, ret, left == ref || !left ? ref : new_alias(b, left, c->name));
    return ST_OK;
}

static Status struct_star(Binder *b, const Scope *s, const Star *n, NodeList *ret, Error *err)
{
    Node *e = NULL;
    TRY(schema_resolve(b, s->schema, &n->target, &n->node, &e, err));
    if (!e || e->type->kind != TYPE_STRUCT)
        return star_missing(b, s, n, err);
    for (size_t i = 0; i < e->type->nfields; i++) {
        Node *field = NULL, *left = NULL;
        StrList path = { 0 };
        vec_push(b->a, &path, e->type->fields[i].name);
        TRY(make_get_field(b, e, e->type->fields[i].name, &n->node, &field, err));
        TRY(except_fields(b, &n->except, &path, field, &left, err));
        if (left)
            vec_push(b->a, ret, new_alias(b, left, e->type->fields[i].name));
    }
    return ST_OK;
}

static const Schema *star_schema(Binder *b, const Scope *s, int64_t of)
{
    for (size_t i = s->plans_to; of && i-- > s->plans_from;)
        if (b->plans.at[i].plan_id == of)
            return b->plans.at[i].schema;
    return s->schema;
}

/* t.* of the query around this one (lateral (select t.*)), when no column here is of that name. */
static void outer_star(Binder *b, const Scope *s, const Star *n, NodeList *ret)
{
    Node *own = NULL;
    Error ignored = ERROR_INIT;
    const Schema *outer = s->outer ? s->outer->schema : NULL;
    if (!outer || schema_resolve(b, s->schema, &n->target, &n->node, &own, &ignored) != ST_OK || own)
        return;
    for (size_t i = 0; i < outer->len; i++) {
        const Column *c = &outer->at[i];
        if (c->hidden || !qualifier_matches(b, c, &n->target, n->target.len) || excepted(b, &n->except, c))
            continue;
        Node *ref = column_ref(b, c);
        ((ColumnRef *)(void *)ref)->depth = 1;
        vec_push(b->a, ret, new_alias(b, ref, c->name));
    }
}

Status bind_star(Binder *b, const Scope *s, Node *star, NodeList *ret, Error *err)
{
    const Star *n = node_as(Star, star);
    size_t before = ret->len;
    if (!s->schema)
        return spark_error(err, star, "INVALID_USAGE_OF_STAR_OR_REGEX", "42000", "Invalid usage of <elem> in <prettyName>.",
                           "elem", "'*'", "prettyName", "Project", NULL);
    if (n->replace.len)
        return spark_unsupported(err, star, "* REPLACE");
    TRY(check_except(b, s, n, err));
    const Schema *schema = star_schema(b, s, n->of);
    for (size_t k = n->target.len ? 0 : schema->len; k < 2 * schema->len; k++) { /* t.*: the keys that USING hid come first */
        const Column *c = &schema->at[k % schema->len];
        bool qualified = n->target.len && qualifier_matches(b, c, &n->target, n->target.len);
        if ((n->target.len && !qualified) || c->hidden != (k < schema->len) || is_file_column(c) || excepted(b, &n->except, c))
            continue;
        const Column *now = schema_find(s->schema, c->id);
        if (now)
            TRY(star_column(b, n, now, ret, err));
    }
    if (n->target.len && ret->len == before)
        outer_star(b, s, n, ret);
    if (n->target.len && ret->len == before)
        return struct_star(b, s, n, ret, err);
    return ST_OK;
}
