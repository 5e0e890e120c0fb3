/* back/duckdb/emit_lazy.c -- what Spark leaves out: the right operand where the left one is NULL (BinaryExpression.eval and its kin),
 * the right side of AND and OR that cannot matter. The engine computes all operands of a vector first, and raises their errors: so an
 * operand that may fail gets a CASE around it. Not where it would cost a join its hash table or a scan its filter: comparisons, AND and OR
 * are left alone outside of outputs, and operands that are constant everywhere. */
#include "back/duckdb/emit_call.h"

enum { CONDITION_BYTES = 2000 }; /* a longer condition would make texts explode: such an operand is computed */

static bool named(const Call *c, const char *names)
{
    const char *name = c->function->name;
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

/* ---------------------------------------------------------------- can it fail? */
/* Functions that give a value for all arguments. */
static bool never_fails(const Call *c)
{
    if (named(c, "= == != <=> < <= > >= and or not ! isnull isnotnull isnan coalesce ifnull nvl nvl2 if nullif length upper lower trim substring concat "
                 "year month day quarter dayofweek weekday dayofyear weekofyear hour minute second size cardinality array struct named_struct hash xxhash64 "
                 "abs_double like startswith endswith contains date_add date_sub datediff last_day greatest least split transform filter exists forall map_keys "
                 "map_values map_entries map_contains_key array_contains array_position array_size array_distinct array_union array_except array_intersect "
                 "arrays_overlap arrays_zip array_compact array_remove array_append array_prepend array_max array_min sort_array reverse get "
                 "initcap ltrim rtrim btrim replace translate left right substring_index instr locate position hex md5 sha1 sha2 crc32 base64 ascii "
                 "octet_length bit_length char_length character_length concat_ws nanvl sqrt exp ln log10 log2 sin cos atan cbrt signum "
                 "get_json_object try_element_at try_add try_subtract try_multiply try_divide try_mod unix_date dayname monthname"))
        return true;
    const Type *t = c->node.type;
    if (named(c, "+ - *"))
        return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE || (t->kind == TYPE_DECIMAL && t->precision < 38) || (!c->ansi && type_is_integral(t));
    if (named(c, "negative abs"))
        return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE || (t->kind == TYPE_DECIMAL && t->precision < 35) || (!c->ansi && type_is_integral(t));
    return false;
}

static bool cast_never_fails(const Cast *c)
{
    const Type *from = c->child->type, *to = c->to;
    if (type_same(from, to) || to->kind == TYPE_STRING || to->kind == TYPE_DOUBLE)
        return from->kind != TYPE_STRING || to->kind == TYPE_STRING;
    if (type_is_integral(from) && type_is_integral(to))
        return from->kind <= to->kind;
    if (type_is_integral(from) && to->kind == TYPE_DECIMAL)
        return to->precision - to->scale >= 19;
    if (from->kind == TYPE_DECIMAL && to->kind == TYPE_DECIMAL)
        return to->precision - to->scale >= from->precision - from->scale && to->scale >= from->scale;
    return from->kind == TYPE_DATE || to->kind == TYPE_DATE ? from->kind != TYPE_STRING : false;
}

typedef struct Found {
    bool fails, varies; /* an error is possible; a column is in it */
} Found;

static bool note(const Node *n, void *arg)
{
    Found *f = arg;
    switch (n->kind) {
    case NODE_ColumnRef: case NODE_LambdaVariable: f->varies = true; return false;
    case NODE_Call:
        if (node_as(Call, n)->function->kind != FN_SCALAR) { /* computed before, for all rows */
            f->varies = true;
            return false;
        }
        f->fails = f->fails || !never_fails(node_as(Call, n));
        return true;
    case NODE_Cast: f->fails = f->fails || (node_as(Cast, n)->mode != CAST_TRY && !cast_never_fails(node_as(Cast, n))); return true;
    case NODE_Literal: case NODE_Alias: case NODE_Case: case NODE_GetField: case NODE_InList: return true;
    default: f->varies = f->varies || n->kind == NODE_Subquery || n->kind == NODE_Window; return n->kind == NODE_Lambda;
    }
}

static bool can_fail(const Node *n)
{
    Found f = { 0 };
    node_walk(n, note, &f);
    return f.fails;
}

/* May it fail, and is it worth a CASE? */
bool emit_may_fail(const Node *n)
{
    Found f = { 0 };
    node_walk(n, note, &f);
    return f.fails && f.varies;
}

/* ---------------------------------------------------------------- is it NULL? */
static bool gives_null_for_null(const Call *c)
{
    if (c->function->kind != FN_SCALAR || named(c, "and or || concat array_insert levenshtein locate position nanvl")) /* their last argument may be NULL */
        return false;
    if (named(c, "/ % div mod pmod"))
        return c->ansi;
    if (named(c, "+ - *"))
        return true;
    if (named(c, "zip_with map_zip_with get_array_item get array_contains array_position array_remove array_append array_union array_except "
                 "array_intersect arrays_overlap sequence"))
        return true;
    for (size_t i = 0; i < c->args.len; i++)
        if (node_is(Lambda, c->args.at[i]))
            return false;
    return c->function->nulls == NULLS_IF_ANY ||
           named(c, "make_date make_timestamp make_timestamp_ltz make_timestamp_ntz try_make_timestamp try_make_timestamp_ltz try_make_timestamp_ntz "
                    "make_interval width_bucket conv sha2 next_day trunc date_trunc from_unixtime split_part element_at try_element_at get log right "
                    "regexp_substr try_add try_subtract try_multiply");
}

size_t emit_always_computed(const Call *c)
{
    if (c->function->kind != FN_SCALAR || named(c, "array_repeat locate position and or coalesce ifnull nvl"))
        return 0;
    return gives_null_for_null(c) || named(c, "hash xxhash64 greatest least map_concat arrays_zip") ? c->args.len : 1;
}

/* A call of more than its arguments' NULLs gives NULL: no condition for it, but a reason not to go on to the next argument. */
static bool null_only_for_null(const Call *c)
{
    return gives_null_for_null(c) && (c->function->nulls == NULLS_IF_ANY || named(c, "/ % div mod pmod") || (c->ansi && named(c, "+ - *")));
}

/* Conditions under which `n` is NULL, joined by OR behind what is there. *ret_long: they are too long. */
static Status null_condition(Emit *e, const Node *n, Str *out, bool *ret_long)
{
    const char *text;
    if (!n->nullable || *ret_long || node_is(Lambda, n))
        return ST_OK;
    const Call *c = node_is(Call, n) && !emit_group_name(e, n) ? node_as(Call, n) : NULL;
    if (c && null_only_for_null(c)) {
        for (size_t i = 0; i < c->args.len; i++)
            TRY(null_condition(e, c->args.at[i], out, ret_long));
        return ST_OK;
    }
    TRY(emit_text(e, n, &text));
    *ret_long = strlen(text) + out->len > CONDITION_BYTES;
    if (!*ret_long)
        str_addf(out, "%s%s IS NULL", out->len ? " OR " : "", text);
    return ST_OK;
}

/* args[k] only where none of the arguments that Spark computes before it is NULL. */
static Status guard(Emit *e, const Call *c, size_t k, size_t from, size_t to, const char **args)
{
    str_auto condition = EMIT_STR;
    bool too_long = false;
    for (size_t i = from; i < to; i++)
        TRY(null_condition(e, c->args.at[i], &condition, &too_long));
    if (condition.len && !too_long)
        args[k] = arena_printf(e->a, "CASE WHEN %s THEN NULL ELSE %s END", str_text(&condition), args[k]);
    return ST_OK;
}

/* A constant that may be NULL: the engine would not call a function with it, nor compute what stands before it. */
static bool may_be_null_always(const Node *n)
{
    Found f = { 0 };
    node_walk(n, note, &f);
    return n->nullable && !f.varies;
}

static Status guard_constants(Emit *e, const Call *c, const char **args)
{
    for (size_t k = 1; k < c->args.len; k++)
        for (size_t j = 0; j < k && !node_is(Lambda, c->args.at[k]) && may_be_null_always(c->args.at[k]); j++)
            if (emit_may_fail(c->args.at[j]) && strlen(args[j]) < CONDITION_BYTES)
                args[k] = arena_printf(e->a, "CASE WHEN %s IS NULL THEN NULL ELSE %s END", args[j], args[k]);
    return ST_OK;
}

/* The divisor is computed before the dividend, so its error is the one that is raised, and where it is NULL there is no other. */
static Status guard_dividend(Emit *e, const Call *c, const char **args)
{
    const Node *divisor = c->args.at[1];
    if (!emit_may_fail(divisor) || strlen(args[1]) > CONDITION_BYTES)
        return guard(e, c, 0, 1, 2, args);
    args[0] = arena_printf(e->a, "CASE WHEN %s IS NULL THEN NULL ELSE %s END", args[1], args[0]);
    return ST_OK;
}

static bool is_null(const Node *n)
{
    while (node_is(Cast, n))
        n = node_as(Cast, n)->child;
    return node_is(Literal, n) && (node_as(Literal, n)->value->is_null || n->type->kind == TYPE_NULL);
}

/* Of two arguments an aggregate takes the first, and the second where that is not NULL. Source: Covariance, PearsonCorrelation, RegrSlope. */
static Status guard_pair(Emit *e, const Call *c, const char **args)
{
    if (named(c, "regr_avgx regr_avgy regr_sxx regr_syy") && (is_null(c->args.at[0]) || is_null(c->args.at[1]))) { /* If(left and right are not NULL, …) */
        for (size_t i = 0; i < 2; i++)
            args[i] = arena_printf(e->a, "CAST(NULL AS %s)", emit_word(e, c->args.at[i]->type));
        return ST_OK;
    }
    bool x_first = named(c, "regr_slope regr_intercept");
    size_t first = x_first ? 1 : 0, second = 1 - first;
    if (!x_first && !named(c, "corr covar_pop covar_samp regr_r2 regr_sxy"))
        return ST_OK;
    return emit_may_fail(c->args.at[second]) ? guard(e, c, second, first, first + 1, args) : ST_OK;
}

static bool note_join(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Join, n) || node_is(CteRef, n);
    return !*found;
}

/* A comparison that becomes no condition of a join, nor a bound of what a scan reads: all there is to do is to compute it. */
static bool computed_only(const Emit *e, const Call *c)
{
    bool joined = false;
    if (!e->filtered || c->args.len != 2 || named(c, "= == <=>") || !emit_may_fail(c->args.at[1]))
        return false;
    node_walk(e->filtered, note_join, &joined);
    return !joined;
}

Status emit_lazy_arguments(Emit *e, const Call *c, const char **args)
{
    if (c->function->kind == FN_AGGREGATE)
        return guard_pair(e, c, args);
    if (str_eq(c->function->name, "nullif") && c->args.len == 2) /* If(left = right, NULL, left) */
        return can_fail(c->args.at[1]) ? guard(e, c, 1, 0, 1, args) : ST_OK;
    if (named(c, "concat ||"))
        return guard_constants(e, c, args);
    bool comparison = named(c, "= == != <=> < <= > >=");
    if (c->args.len < 2 || c->function->kind != FN_SCALAR || (!gives_null_for_null(c) && !named(c, "/ % div mod pmod try_divide try_mod")) || (comparison && !e->output && !computed_only(e, c)))
        return ST_OK;
    if (named(c, "/ % div mod pmod try_divide try_mod")) /* the divisor first */
        return emit_may_fail(c->args.at[0]) ? guard_dividend(e, c, args) : ST_OK;
    for (size_t k = 1; k < c->args.len; k++)
        if (!node_is(Lambda, c->args.at[k]) && emit_may_fail(c->args.at[k]))
            TRY(guard(e, c, k, 0, k, args));
    return guard_constants(e, c, args);
}

bool emit_is_constant(const Node *n)
{
    Found f = { 0 };
    node_walk(n, note, &f);
    return !f.varies;
}

Status emit_lazy_logic(Emit *e, const Call *c, const char *const *args, bool *ret_done, Str *out)
{
    bool and = str_eq(c->function->name, "and");
    if (!e->local && named(c, "isnull isnotnull") && !c->args.at[0]->nullable && emit_may_fail(c->args.at[0])) { /* NullPropagation */
        str_add(out, str_eq(c->function->name, "isnull") ? "false" : "true");
        *ret_done = true;
        return ST_OK;
    }
    *ret_done = e->output && c->args.len == 2 && (and || str_eq(c->function->name, "or")) && emit_may_fail(c->args.at[1]) && strlen(args[0]) < CONDITION_BYTES;
    if (!*ret_done && named(c, "coalesce ifnull nvl") && c->args.len > 1 && strlen(args[0]) < CONDITION_BYTES) {
        for (size_t i = 1; i < c->args.len; i++)
            *ret_done = *ret_done || emit_may_fail(c->args.at[i]);
        if (!*ret_done)
            return ST_OK;
        str_addf(out, "CASE WHEN %s IS NOT NULL THEN %s ELSE coalesce(", args[0], args[0]);
        for (size_t i = 1; i < c->args.len; i++)
            str_addf(out, "%s%s", i > 1 ? ", " : "", args[i]);
        str_add(out, ") END");
        return ST_OK;
    }
    if (!*ret_done)
        return ST_OK;
    if (!c->args.at[0]->nullable)
        str_addf(out, and ? "CASE WHEN %s THEN %s ELSE false END" : "CASE WHEN %s THEN true ELSE %s END", args[0], args[1]);
    else
        str_addf(out, and ? "CASE WHEN (%s) IS FALSE THEN false ELSE (%s AND %s) END" : "CASE WHEN (%s) IS TRUE THEN true ELSE (%s OR %s) END",
                 args[0], args[0], args[1]);
    return ST_OK;
}
