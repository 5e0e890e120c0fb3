/* ir/bind_collation.c -- the collation that the strings of one operator or function are given: an explicit one (COLLATE) wins over that
 * of a column, which wins over that of a constant; two different ones of the same strength are an error or, for functions that do not
 * compare, an indeterminate collation. A context is a type whose strings carry their strength. Source: CollationTypeCoercion. */
#include "ir/binder.h"
#include "ir/collation.h"

#include <unicode/uvernum.h>

enum Strength { NO_STRENGTH, EXPLICIT, INDETERMINATE, IMPLICIT, DEFAULT }; /* the least one wins */

typedef struct Search {
    Binder *b;
    bool mismatch;          /* two explicit ones */
    const Type *left, *right;
} Search;

static const Type *string_with(Binder *b, const Type *of, int strength)
{
    Type *t = arena_copy(b->a, of, sizeof *of);
    t->strength = strength;
    return t;
}

static const Type *with_strength(Binder *b, const Type *t, int strength)
{
    if (!type_has_string(t))
        return t;
    if (t->kind == TYPE_STRING)
        return string_with(b, t, strength);
    Type *copy = arena_copy(b->a, t, sizeof *t);
    copy->element = t->element ? with_strength(b, t->element, strength) : NULL;
    copy->key = t->key ? with_strength(b, t->key, strength) : NULL;
    Field *fields = t->nfields ? arena_copy(b->a, t->fields, t->nfields * sizeof *fields) : NULL;
    for (size_t i = 0; i < t->nfields; i++)
        fields[i].type = with_strength(b, fields[i].type, strength);
    copy->fields = fields;
    return copy;
}

/* ---------------------------------------------------------------- merging */

/* What stands where a string of the left meets one of the right; NULL: no base case. */
typedef const Type *(*Meet)(Search *s, const Type *left, const Type *right);

static const Type *winner(Search *s, const Type *left, const Type *right)
{
    if (left->kind != TYPE_STRING || right->kind != TYPE_STRING || !right->strength)
        return NULL;
    if (!left->strength || right->strength < left->strength)
        return right;
    if (left->strength < right->strength || str_eq(left->collation, right->collation))
        return left;
    if (left->strength == EXPLICIT && !s->mismatch) {
        s->mismatch = true;
        s->left = left;
        s->right = right;
    }
    return string_with(s->b, type_string_of(s->b->a, COLLATION_INDETERMINATE), INDETERMINATE);
}

static const Type *taken(Search *s, const Type *left, const Type *right)
{
    bool strings = left->kind == TYPE_STRING && right->kind == TYPE_STRING && right->strength;
    return strings ? type_string_of(s->b->a, right->collation) : NULL;
}

static const Type *merge(Search *s, const Type *left, const Type *right, Meet meet);

static const Type *merge_structs(Search *s, const Type *left, const Type *right, Meet meet)
{
    if (left->nfields != right->nfields)
        return NULL;
    Field *fields = arena_copy(s->b->a, left->fields, left->nfields * sizeof *fields);
    for (size_t i = 0; i < left->nfields; i++) {
        fields[i].type = merge(s, left->fields[i].type, right->fields[i].type, meet);
        if (!fields[i].type)
            return NULL;
    }
    return type_struct(s->b->a, fields, left->nfields);
}

static const Type *merge(Search *s, const Type *left, const Type *right, Meet meet)
{
    const Type *met = meet(s, left, right), *element, *key;
    if (met)
        return met;
    if (!type_has_string(left) && !type_has_string(right) && type_equal(left, right))
        return left;
    if (left->kind == TYPE_MAP && right->kind == TYPE_MAP) {
        key = merge(s, left->key, right->key, meet);
        element = merge(s, left->element, right->element, meet);
        return key && element ? type_map(s->b->a, key, element, left->contains_null) : NULL;
    }
    if (left->kind == TYPE_ARRAY) {
        element = merge(s, left->element, right->kind == TYPE_ARRAY ? right->element : right, meet);
        return element ? type_array(s->b->a, element, left->contains_null) : NULL;
    }
    if (right->kind == TYPE_ARRAY)
        return merge(s, left, right->element, meet);
    if (left->kind == TYPE_STRUCT && right->kind == TYPE_STRUCT)
        return merge_structs(s, left, right, meet);
    return type_equal(left, right) ? left : NULL;
}

/* ---------------------------------------------------------------- contexts */

static const Type *context(Search *s, const Node *e);

typedef struct Gathering {
    Search *s;
    const Type *so_far; /* NULL: they do not fit */
    bool any;           /* a child has a string */
} Gathering;

static bool gather(Node *child, void *arg)
{
    Gathering *g = arg;
    const Type *c = child->type && type_has_string(child->type) ? context(g->s, child) : NULL;
    g->any = g->any || (child->type && type_has_string(child->type));
    if (c && g->so_far)
        g->so_far = merge(g->s, g->so_far, c, winner);
    return true;
}

static const Type *context_of_children(Search *s, const Node *e)
{
    Gathering g = { s, e->type, false };
    node_children(e, gather, &g);
    return g.any ? g.so_far : with_strength(s->b, e->type, DEFAULT);
}

/* Every second argument from `from` on, merged into `into`. */
static const Type *context_of_some(Search *s, const Call *c, size_t from, const Type *into)
{
    for (size_t i = from; i < c->args.len && into; i += 2) {
        const Type *of = context(s, c->args.at[i]);
        into = of ? merge(s, into, of, winner) : into;
    }
    return into;
}

static const Type *context_of_call(Search *s, const Node *e)
{
    const Call *c = node_as(Call, e);
    const char *name = c->function->name;
    if (str_eq(name, "collate"))
        return with_strength(s->b, e->type, EXPLICIT);
    if (str_eq(name, "get_map_value")) {
        const Type *map = context(s, c->args.at[0]);
        return map && map->kind == TYPE_MAP ? merge(s, e->type, map->element, winner) : NULL;
    }
    if (str_eq(name, "map") && e->type->kind == TYPE_MAP) {
        const Type *key = context_of_some(s, c, 0, e->type->key), *value = context_of_some(s, c, 1, e->type->element);
        return key && value ? type_map(s->b->a, key, value, e->type->contains_null) : NULL;
    }
    if (str_eq(name, "named_struct") && e->type->kind == TYPE_STRUCT && c->args.len == 2 * e->type->nfields) {
        Field *fields = arena_copy(s->b->a, e->type->fields, e->type->nfields * sizeof *fields);
        for (size_t i = 0; i < e->type->nfields; i++) {
            const Type *of = context(s, c->args.at[2 * i + 1]);
            fields[i].type = of ? of : fields[i].type;
        }
        return type_struct(s->b->a, fields, e->type->nfields);
    }
    return context_of_children(s, e);
}

static const Type *context(Search *s, const Node *e)
{
    if (!e->type || !type_has_string(e->type))
        return NULL;
    switch (e->kind) {
    case NODE_Cast:
        return with_strength(s->b, e->type, type_has_string(node_as(Cast, e)->child->type) ? IMPLICIT : DEFAULT);
    case NODE_ColumnRef: case NODE_Alias: case NODE_Subquery: case NODE_LambdaVariable:
        return with_strength(s->b, e->type, IMPLICIT);
    case NODE_Literal:
        return with_strength(s->b, e->type, DEFAULT);
    case NODE_GetField: {
        const GetField *g = node_as(GetField, e);
        const Type *t = context(s, g->child);
        if (t && t->kind == TYPE_STRUCT)
            return t->fields[g->index].type;
        return t ? with_strength(s->b, e->type, IMPLICIT) : NULL;
    }
    case NODE_Call:
        return context_of_call(s, e);
    default:
        return context_of_children(s, e);
    }
}

/* ---------------------------------------------------------------- giving it to them */

static Node *retyped(Binder *b, Node *e, const Type *to)
{
    if (type_equal(e->type, to))
        return e;
    if (node_is(Literal, e)) {
        Node *copy = node_copy(b->a, e);
        ((Literal *)(void *)copy)->of = to;
        return typed(copy, to, e->nullable, NULL);
    }
    if (node_is(Cast, e)) {
        Node *copy = node_copy(b->a, e);
        ((Cast *)(void *)copy)->to = to;
        return typed(copy, to, e->nullable, NULL);
    }
    return coerce_to(b->a, b->ansi, e, to);
}

static Status indeterminate(Binder *b, const Node *shown, Error *err)
{
    return spark_error(err, shown, "INDETERMINATE_COLLATION_IN_EXPRESSION", "42P22",
                       "Data type of <expr> has indeterminate collation. Use COLLATE clause to set the collation explicitly.", "expr",
                       arena_printf(b->a, "\"%s\"", pretty(b, shown)), NULL);
}

static Status mismatch(Binder *b, const Search *s, Error *err)
{
    return spark_error(err, NULL, "COLLATION_MISMATCH.EXPLICIT", "42P21",
                       "Could not determine which collation to use for string functions and operators. Error occurred due to the mismatch "
                       "between explicit collations: [<explicitTypes>]. Decide on a single explicit collation and remove others.",
                       "explicitTypes", arena_printf(b->a, "\"%s\", \"%s\"", type_sql_text(b->a, s->left), type_sql_text(b->a, s->right)), NULL);
}

Status collate_alike(Binder *b, NodeList *args, size_t from, size_t step, const Node *shown, bool determinate, Error *err)
{
    Search s = { .b = b };
    const Type *common = NULL;
    bool collated = false, fits = true;
    for (size_t i = from; i < args->len; i += step) {
        const Type *t = args->at[i] ? args->at[i]->type : NULL;
        if (t && determinate && type_is_indeterminate(t))
            return indeterminate(b, shown, err);
        collated = collated || (t && type_is_collated(t));
    }
    if (!collated)
        return ST_OK;
    for (size_t i = from; i < args->len && fits; i += step) {
        const Type *t = args->at[i] ? args->at[i]->type : NULL, *c = t && type_has_string(t) ? context(&s, args->at[i]) : NULL;
        if (!t || !type_has_string(t))
            continue;
        common = !c ? NULL : common ? merge(&s, common, c, winner) : c;
        fits = common != NULL;
    }
    if (s.mismatch)
        return mismatch(b, &s, err);
    if (!fits || !common)
        return ST_OK;
    if (determinate && type_is_indeterminate(common))
        return indeterminate(b, shown, err);
    for (size_t i = from; i < args->len; i += step) {
        const Type *t = args->at[i] ? args->at[i]->type : NULL;
        const Type *to = t && type_has_string(t) ? merge(&s, t, common, taken) : NULL;
        if (to)
            args->at[i] = retyped(b, args->at[i], to);
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- calls */

static Node *shown_call(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at)
{
    Node *call = node_new(b->a, Call, .function = row, .args = *args, .ansi = b->ansi);
    return typed(call, &type_null, true, at);
}

/* x BETWEEN low AND high, nullif(x, y): Spark computes x once and compares references to it, whose collations weigh as little as a
 * constant's: a constant beside them is between two. */
static Status collate_repeated(Binder *b, const char *name, NodeList *args, const Node *at, Error *err)
{
    size_t n = 0;
    for (size_t i = 1; i < args->len; i++) {
        Search s = { .b = b };
        const FunctionRow *row = function_find(str_eq(name, "nullif") ? "=" : i == 1 ? ">=" : "<=", &n);
        const Type *t = args->at[0]->type, *u = args->at[i]->type, *other = type_has_string(u) ? context(&s, args->at[i]) : NULL;
        if (!type_has_string(t) || !type_has_string(u) || type_same(t, u) || !other)
            continue;
        const Type *common = merge(&s, with_strength(b, t, DEFAULT), other, winner);
        NodeList shown = { 0 };
        vec_push(b->a, &shown, typed(node_new(b->a, LambdaVariable, .name = "x"), &type_null, true, NULL));
        vec_push(b->a, &shown, args->at[i]);
        if (common && type_is_indeterminate(common))
            return indeterminate(b, shown_call(b, row, &shown, at), err);
        const Type *to = common ? merge(&s, t, common, taken) : NULL;
        if (to)
            args->at[0] = retyped(b, args->at[0], to);
    }
    return ST_OK;
}

Status collate_args(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, Error *err)
{
    bool determinate = row->flags & FN_DETERMINATE;
    bool any = false;
    for (size_t i = 0; i < args->len; i++)
        any = any || (args->at[i] && args->at[i]->type && type_is_collated(args->at[i]->type));
    if (!any)
        return ST_OK;
    const Node *shown = shown_call(b, row, args, at);
    if (str_eq(row->name, "map")) {
        TRY(collate_alike(b, args, 0, 2, shown, determinate, err));
        return collate_alike(b, args, 1, 2, shown, determinate, err);
    }
    if (str_eq(row->name, "between") || str_eq(row->name, "nullif"))
        return collate_repeated(b, row->name, args, at, err);
    if (row->flags & FN_ONE_COLLATION)
        return collate_alike(b, args, 0, 1, shown, determinate, err);
    for (size_t i = 0; i < args->len; i++)
        if (determinate && args->at[i] && type_is_indeterminate(args->at[i]->type))
            return indeterminate(b, shown, err);
    return ST_OK;
}

/* What a function with this row takes of collations; false: Spark refuses this one. */
static bool takes(const FunctionRow *row, const Type *t)
{
    Collation c;
    const char *name = type_collation(t);
    if (!name || str_eq(name, COLLATION_INDETERMINATE) || !collation_read(name, &c))
        return true;
    if ((row->flags & FN_COLLATION_LCASE) == FN_COLLATION_LCASE)
        return c.lower_case || !c.locale;
    return (row->flags & FN_COLLATION_ACCENTS) != FN_COLLATION_ACCENTS || !c.ignores_accents || c.ignores_case;
}

Status collate_check(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, size_t *ret_bad, Error *err)
{
    *ret_bad = SIZE_MAX;
    for (size_t i = 0; i < args->len; i++) {
        const Type *t = args->at[i]->type;
        if (!t || !type_is_collated(t))
            continue;
        if (str_eq(row->name, "collect_set"))
            return spark_error(err, at, "DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE", "42K09",
                               "Cannot resolve <sqlExpr> due to data type mismatch: The input of <functionName> can't be <dataType> type data.",
                               "sqlExpr", arena_printf(b->a, "\"%s\"", pretty(b, shown_call(b, row, args, at))), "functionName", "`collect_set`",
                               "dataType", "\"MAP\" or \"COLLATED STRING\"", NULL);
        if (!(row->flags & FN_COLLATION_ANY))
            return spark_unsupported(err, at, arena_printf(b->a, "the function %s of a string with the collation %s", row->name, type_collation(t)));
        if (*ret_bad == SIZE_MAX && !takes(row, t))
            *ret_bad = i;
    }
    return ST_OK;
}

Status collate_result(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    Node *x = args->at[0], *name = args->at[1];
    const Value *v = node_is(Literal, name) ? node_as(Literal, name)->value : NULL;
    const char *collation = NULL;
    if (x->type->kind != TYPE_STRING && x->type->kind != TYPE_NULL)
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <paramIndex> parameter requires the <requiredType> "
                           "type, however \"<inputSql>\" has the type \"<inputType>\".",
                           "sqlExpr", arena_printf(b->a, "collate(%s, %s)", pretty(b, x), pretty(b, name)), "paramIndex", "first", "requiredType",
                           "\"STRING\"", "inputSql", pretty(b, x), "inputType", type_sql_text(b->a, x->type), NULL);
    if (v && v->is_null)
        return spark_error(err, at, "UNEXPECTED_INPUT_TYPE", "42K09",
                           "Parameter <paramIndex> of function <functionName> requires the <requiredType> type, however <inputSql> has the type "
                           "<inputType>.",
                           "functionName", "`collate`", "paramIndex", "first", "inputSql", "\"NULL\"", "inputType", "\"VOID\"", "requiredType",
                           "\"STRING\"", NULL);
    if (!v)
        return spark_unsupported(err, at, "collate with a name that is no constant");
    const char *written = arena_strn(b->a, v->text, v->text_len), *last = strrchr(written, '.');
    TRY(collation_named(b->a, written, &collation, err));
    if (last)
        args->at[1] = make_literal_string(b, last + 1);
    *ret = type_string_of(b->a, collation);
    return ST_OK;
}

/* ---------------------------------------------------------------- collations() */

static Node *text(Binder *b, const char *s)
{
    return s && *s ? make_literal_string(b, s) : make_literal_null(b, &type_string);
}

Status collation_table(Binder *b, const UnresolvedTableFunction *n, Node **ret, Error *err)
{
    static const char *const names[] = { "CATALOG", "SCHEMA", "NAME", "LANGUAGE", "COUNTRY", "ACCENT_SENSITIVITY", "CASE_SENSITIVITY", "PAD_ATTRIBUTE",
                                         "ICU_VERSION" };
    enum { COLUMNS = sizeof names / sizeof *names };
    Field fields[COLUMNS];
    NodeList rows = { 0 };
    CollationInfo c;
    StrList none = { 0 };
    const char *icu = arena_printf(b->a, "%d.%d.0.0", U_ICU_VERSION_MAJOR_NUM, U_ICU_VERSION_MINOR_NUM);
    if (n->args.len)
        return spark_error(err, &n->node, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                           "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, refer to "
                           "'<docroot>/sql-ref-functions.html' for a fix.",
                           "functionName", "`collations`", "expectedNum", "0", "actualNum", arena_printf(b->a, "%zu", n->args.len), NULL);
    for (size_t i = 0; i < COLUMNS; i++)
        fields[i] = (Field){ names[i], &type_string, i > 2 && i != 5 && i != 6 && i != 7, NULL };
    for (size_t i = 0; collation_at(b->a, i, &c); i++) {
        NodeList row = { 0 };
        const char *const values[COLUMNS] = { "SYSTEM", "BUILTIN", c.name, c.language, c.country, c.accents ? "ACCENT_SENSITIVE" : "ACCENT_INSENSITIVE",
                                              c.cases ? "CASE_SENSITIVE" : "CASE_INSENSITIVE", c.blanks_count ? "NO_PAD" : "RTRIM",
                                              c.language ? icu : NULL };
        for (size_t k = 0; k < COLUMNS; k++)
            vec_push(b->a, &row, text(b, values[k]));
        vec_push(b->a, &rows, node_new(b->a, Row, .items = row));
    }
    *ret = with_schema(node_new(b->a, Values, .rows = rows), schema_from_type(b, type_struct(b->a, fields, COLUMNS), &none));
    return ST_OK;
}
