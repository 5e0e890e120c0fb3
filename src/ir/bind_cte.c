/* ir/bind_cte.c -- WITH and WITH RECURSIVE: each definition bound once, in Binder.cte_definitions; its uses are CteRefs.
 * Spark's CTESubstitution, ResolveWithCTE and CheckAnalysis.checkForSelfReferenceInSubquery. */
#include "ir/binder.h"

#include <inttypes.h>

/* ---------------------------------------------------------------- uses */

Status bind_cte(Binder *b, const Cte *cte, const Scope *outer, const StrList *qualifier, Node **ret, Error *err)
{
    if (!cte->schema) {
        const Cte *visible = b->ctes;
        Node *bound = NULL;
        b->ctes = cte->next;
        TRY(bind_relation(b, cte->unbound, outer, &bound, err));
        b->ctes = visible;
        *ret = strip_hidden_but(b, bound, false, true);
        return ST_OK;
    }
    Schema *s = ARENA_NEW(b->a, Schema);
    Column *columns = copy_columns(b, cte->schema);
    for (size_t i = 0; i < cte->schema->len; i++) {
        columns[i].id = ++b->next_id;
        columns[i].qualifier = *qualifier;
    }
    s->at = columns;
    s->len = cte->schema->len;
    *ret = with_schema(node_new(b->a, CteRef, .name = cte->name, .cte = cte->index), s);
    return ST_OK;
}

/* ---------------------------------------------------------------- plain definitions */

/* Does the plan refer to an enclosing query, or to a recursive CTE that is still being bound? Then it has no place of its own. */
static bool note_open(const Node *n, void *arg)
{
    bool *open = arg;
    if ((node_is(ColumnRef, n) && node_as(ColumnRef, n)->depth > 0) || (node_is(CteRef, n) && node_as(CteRef, n)->cte < 0))
        *open = true;
    return !*open;
}

static Status define_cte(Binder *b, const SubqueryAlias *alias, const Scope *outer, Cte *cte, Error *err)
{
    Node *bound = NULL;
    bool open = false;
    b->query_start = alias->input;
    TRY(bind_relation(b, (Node *)(uintptr_t)&alias->node, outer, &bound, err));
    node_walk(bound, note_open, &open);
    *cte = (Cte){ .name = alias->name, .unbound = (Node *)(uintptr_t)&alias->node, .next = b->ctes };
    for (size_t i = 0; i < bound->schema->len; i++) /* its rows stay in the task that reads their file */
        open = open || str_eq(bound->schema->at[i].name, INPUT_FILE_COLUMN);
    if (open)
        return ST_OK;
    bound = strip_hidden(b, bound);
    cte->schema = bound->schema;
    cte->index = (int64_t)b->cte_definitions.len;
    vec_push(b->a, &b->cte_definitions, bound);
    return ST_OK;
}

/* ---------------------------------------------------------------- recursive definitions */

typedef struct SelfReference {
    const Binder *b;
    const char *name;
    bool found;
} SelfReference;

/* An inner WITH that defines the same name hides it from there on. */
static bool note_self(Node *n, void *arg)
{
    SelfReference *self = arg;
    if (node_is(UnresolvedRelation, n) && node_as(UnresolvedRelation, n)->name.len == 1 &&
        name_equal(self->b, node_as(UnresolvedRelation, n)->name.at[0], self->name))
        self->found = true;
    if (!node_is(With, n)) {
        node_children(n, note_self, self);
        return !self->found;
    }
    const With *w = node_as(With, n);
    for (size_t i = 0; i < w->ctes.len; i++) {
        bool hides = name_equal(self->b, node_as(SubqueryAlias, w->ctes.at[i])->name, self->name);
        if (!hides || !w->recursive)
            note_self(w->ctes.at[i], self);
        if (hides)
            return !self->found;
    }
    note_self(w->input, self);
    return !self->found;
}

static bool refers(const Binder *b, Node *n, const char *name)
{
    SelfReference self = { b, name, false };
    note_self(n, &self);
    return self.found;
}

static Status invalid_recursive(Error *err)
{
    return spark_error(err, NULL, "INVALID_RECURSIVE_CTE", "42836",
                       "Invalid recursive definition found. Recursive queries must contain an UNION or an UNION ALL statement with 2 "
                       "children. The first child needs to be the anchor term without any recursive references. Any top level inner "
                       "CTE must not contain self references.",
                       NULL);
}

/* Where a self reference may not stand: its rows come in rounds, and these need all at once. */
typedef struct Place {
    bool banned, bad;
} Place;

static bool check_place(Node *n, void *arg);

static void check_side(Node *side, bool banned, Place *place)
{
    Place inner = { place->banned || banned, false };
    check_place(side, &inner);
    place->bad = place->bad || inner.bad;
}

static bool project_of_windows(const Node *n)
{
    bool windows = false;
    for (size_t i = 0; node_is(Project, n) && i < node_as(Project, n)->exprs.len; i++)
        windows = windows || contains_window(node_as(Project, n)->exprs.at[i]);
    return windows;
}

static bool check_place(Node *n, void *arg)
{
    Place *place = arg;
    if (node_is(CteRef, n) && node_as(CteRef, n)->cte < 0 && place->banned)
        place->bad = true;
    if (node_is(Join, n)) {
        const Join *j = node_as(Join, n);
        check_side(j->left, j->join == JOIN_RIGHT || j->join == JOIN_FULL, place);
        check_side(j->right, j->join == JOIN_LEFT || j->join == JOIN_FULL || j->join == JOIN_SEMI || j->join == JOIN_ANTI, place);
        if (j->condition)
            check_place(j->condition, place);
        return !place->bad;
    }
    bool whole = node_is(Aggregate, n) || node_is(Sort, n) || node_is(Distinct, n) || node_is(Deduplicate, n) ||
                 (node_is(SetOp, n) && node_as(SetOp, n)->op != SETOP_UNION) || project_of_windows(n);
    Place inner = { place->banned || whole, false };
    node_children(n, check_place, &inner);
    place->bad = place->bad || inner.bad;
    return !place->bad;
}

static Status check_recursion(Binder *b, const Node *at, Node *recursion, const Schema *anchor, Error *err)
{
    Place place = { false, false };
    check_place(recursion, &place);
    if (place.bad)
        return spark_error(err, NULL, "INVALID_RECURSIVE_REFERENCE.PLACE", "42836",
                           "Invalid recursive reference found inside WITH RECURSIVE clause. Recursive references cannot be used on the "
                           "right side of left outer/semi/anti joins, on the left side of right outer joins, in full outer joins, in "
                           "aggregates, window functions or sorts",
                           NULL);
    if (recursion->schema->len != anchor->len)
        return spark_error(err, at, "NUM_COLUMNS_MISMATCH", "42826",
                           "<operator> can only be performed on inputs with the same number of columns, but the first input has "
                           "<firstNumColumns> columns and the <invalidOrdinalNum> input has <invalidNumColumns> columns.",
                           "operator", "UNION", "firstNumColumns", arena_printf(b->a, "%zu", anchor->len), "invalidOrdinalNum",
                           "second", "invalidNumColumns", arena_printf(b->a, "%zu", recursion->schema->len), NULL);
    return ST_OK;
}

/* The columns of the recursive term cast to the anchor's: they may be narrower, never wider. */
static Status like_anchor(Binder *b, const Node *at, Node *recursion, const Schema *anchor, Node **ret, Error *err)
{
    NodeList exprs = { 0 };
    for (size_t i = 0; i < anchor->len; i++) {
        const Column *c = &recursion->schema->at[i];
        const Type *common = coerce_wider(b->a, b->ansi, anchor->at[i].type, c->type);
        if (!common || !type_same(common, anchor->at[i].type))
            return spark_error(err, at, "CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE", "42825",
                               "Failed to merge incompatible data types <left> and <right>. Please check the data types of the columns "
                               "being merged and ensure that they are compatible. If necessary, consider casting the columns to "
                               "compatible data types before attempting the merge.",
                               "left", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, anchor->at[i].type)), "right",
                               arena_printf(b->a, "\"%s\"", type_sql_text(b->a, c->type)), NULL);
        vec_push(b->a, &exprs, new_alias(b, coerce_to(b->a, b->ansi, column_ref(b, c), common), c->name));
    }
    *ret = make_project(b, recursion, &exprs);
    return ST_OK;
}

typedef struct Closing {
    int64_t from, to;
} Closing;

static Node *close_reference(Arena *a, Node *n, void *arg)
{
    const Closing *closing = arg;
    if (!node_is(CteRef, n) || node_as(CteRef, n)->cte != closing->from)
        return n;
    Node *copy = node_copy(a, n);
    ((CteRef *)(void *)copy)->cte = closing->to;
    return copy;
}

static const Schema *loop_columns(Binder *b, const Schema *anchor, const StrList *names, const Schema *recursion)
{
    Schema *s = ARENA_NEW(b->a, Schema);
    Column *columns = copy_columns(b, anchor);
    for (size_t i = 0; i < anchor->len; i++) {
        columns[i].id = ++b->next_id;
        columns[i].name = names->len ? names->at[i] : columns[i].name;
        columns[i].nullable = columns[i].nullable || (recursion && recursion->at[i].nullable);
        columns[i].qualifier = (StrList){ 0 };
    }
    s->at = columns;
    s->len = anchor->len;
    return s;
}

/* The recursive term over columns of `schema`; open references have the index of this loop, negative. */
static Status bind_term(Binder *b, const SubqueryAlias *alias, const SetOp *loop, const Schema *schema, const Schema *anchor,
                        const Scope *outer, int64_t index, Node **ret, Error *err)
{
    const Cte *visible = b->ctes;
    Cte *self = ARENA_NEW(b->a, Cte);
    Node *term = NULL;
    *self = (Cte){ .name = alias->name, .schema = schema, .index = index, .next = visible };
    b->ctes = self;
    TRY(bind_relation(b, loop->right, outer, &term, err));
    b->ctes = visible;
    term = strip_hidden(b, term);
    TRY(check_recursion(b, &alias->node, term, anchor, err));
    return like_anchor(b, &alias->node, term, anchor, ret, err);
}

static Status bind_loop(Binder *b, const SubqueryAlias *alias, const SetOp *loop, const Scope *outer, int64_t max_level, Cte *cte,
                        Error *err)
{
    Node *anchor = NULL, *term = NULL;
    const Cte *visible = b->ctes;
    int64_t open = -1 - (int64_t)b->next_id;
    TRY(bind_relation(b, loop->left, outer, &anchor, err));
    anchor = strip_hidden(b, anchor);
    if (alias->columns.len && alias->columns.len != anchor->schema->len)
        return spark_error(err, &alias->node, "ASSIGNMENT_ARITY_MISMATCH", "42802",
                           "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source "
                           "expressions: <numExpr>.",
                           "numTarget", arena_printf(b->a, "%zu", alias->columns.len), "numExpr",
                           arena_printf(b->a, "%zu", anchor->schema->len), NULL);
    const Schema *schema = loop_columns(b, anchor->schema, &alias->columns, NULL);
    TRY(bind_term(b, alias, loop, schema, anchor->schema, outer, open, &term, err));
    const Schema *whole = loop_columns(b, anchor->schema, &alias->columns, term->schema);
    for (size_t i = 0; i < whole->len; i++)
        if (whole->at[i].nullable != schema->at[i].nullable) { /* its own output may be null: bound once more, knowing it */
            TRY(bind_term(b, alias, loop, whole, anchor->schema, outer, open, &term, err));
            break;
        }
    Closing closing = { open, (int64_t)b->cte_definitions.len };
    term = node_rewrite(b->a, term, close_reference, &closing);
    Node *made = node_new(b->a, UnionLoop, .anchor = anchor, .recursion = term, .cte = closing.to, .max_level = max_level);
    vec_push(b->a, &b->cte_definitions, with_schema(made, whole));
    *cte = (Cte){ .name = alias->name, .schema = whole, .index = closing.to, .next = visible };
    return ST_OK;
}

/* The UNION ALL of a recursive definition; the definitions of an inner WITH around it become visible (in b->ctes). */
static Status find_loop(Binder *b, const SubqueryAlias *alias, const Scope *outer, const SetOp **ret, Error *err)
{
    Node *query = alias->input;
    while (node_is(With, query)) {
        const With *w = node_as(With, query);
        for (size_t i = 0; i < w->ctes.len; i++)
            if (refers(b, w->ctes.at[i], alias->name))
                return invalid_recursive(err);
        TRY(define_ctes(b, w, outer, err));
        query = w->input;
    }
    if (!node_is(SetOp, query) || node_as(SetOp, query)->op != SETOP_UNION || refers(b, node_as(SetOp, query)->left, alias->name))
        return invalid_recursive(err);
    if (!node_as(SetOp, query)->all)
        return spark_error(err, &alias->node, "UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE", "42836",
                           "The UNION operator is not yet supported within recursive common table expressions (WITH clauses that refer "
                           "to themselves, directly or indirectly). Please use UNION ALL instead.",
                           NULL);
    *ret = node_as(SetOp, query);
    return ST_OK;
}

/* ---------------------------------------------------------------- WITH */

static int64_t level_limit(const Binder *b, const With *w)
{
    const char *set = b->env->conf ? b->env->conf(b->env->self, "spark.sql.cteRecursionLevelLimit") : NULL;
    int64_t limit = 100;
    if (w->max_recursion >= 0)
        return w->max_recursion;
    return set && str_to_i64(set, &limit) ? limit : 100;
}

static bool has_policy(Binder *b, const char *policy)
{
    return b->env->conf && str_ieq(b->env->conf(b->env->self, "spark.sql.legacy.ctePrecedencePolicy"), policy);
}

/* spark.sql.legacy.ctePrecedencePolicy: may an inner definition hide an outer one of its name? */
static Status precedence(Binder *b, const SubqueryAlias *alias, const Cte *enclosing, Error *err)
{
    for (const Cte *c = has_policy(b, "EXCEPTION") ? enclosing : NULL; c; c = c->next)
        if (name_equal(b, c->name, alias->name)) {
            return spark_error(err, NULL, "AMBIGUOUS_ALIAS_IN_NESTED_CTE", "42KD0",
                               "Name <name> is ambiguous in nested CTE.\nPlease set <config> to \"CORRECTED\" so that name defined in "
                               "inner CTE takes precedence. If set it to \"LEGACY\", outer CTE definitions will take precedence.\nSee "
                               "'<docroot>/sql-migration-guide.html#query-engine'.",
                               "name", sql_id(b->a, alias->name), "config", "\"spark.sql.legacy.ctePrecedencePolicy\"", NULL);
        }
    return ST_OK;
}

Status define_ctes(Binder *b, const With *n, const Scope *outer, Error *err)
{
    const Cte *enclosing = b->ctes;
    bool nested = &n->node == b->query_start;
    for (size_t i = 0; i < n->ctes.len; i++) {
        const SubqueryAlias *alias = node_as(SubqueryAlias, n->ctes.at[i]);
        Cte *cte = ARENA_NEW(b->a, Cte);
        if (nested)
            TRY(precedence(b, alias, enclosing, err));
        if (n->recursive && refers(b, alias->input, alias->name)) {
            const Cte *visible = b->ctes;
            const SetOp *loop = NULL;
            TRY(find_loop(b, alias, outer, &loop, err));
            TRY(bind_loop(b, alias, loop, outer, level_limit(b, n), cte, err));
            cte->next = visible;
        } else {
            TRY(define_cte(b, alias, outer, cte, err));
        }
        b->ctes = cte;
    }
    return ST_OK;
}

Status bind_with(Binder *b, const With *n, const Scope *outer, Node **ret, Error *err)
{
    const Cte *visible = b->ctes;
    if (!n->recursive && has_policy(b, "LEGACY"))
        return bind_relation(b, legacy_ctes(b, n), outer, ret, err);
    TRY(define_ctes(b, n, outer, err));
    TRY(bind_relation(b, n->input, outer, ret, err));
    b->ctes = visible;
    return ST_OK;
}
