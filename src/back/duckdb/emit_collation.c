/* back/duckdb/emit_collation.c -- see emit_collation.h. */
#include "back/duckdb/emit_collation.h"

#include "back/duckdb/emit_call.h"
#include "back/duckdb/internal.h"
#include "ir/collation.h"

#include <inttypes.h>

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* ---------------------------------------------------------------- keys */
const char *emit_string_key(Emit *e, const char *x, const Type *t)
{
    if (str_eq(t->collation, COLLATION_INDETERMINATE)) {
        const char *params[] = { NULL };
        return arena_printf(e->a, "CAST(error(%s) AS BLOB)", emit_quoted(e, engine_error_encode(e->a, "INDETERMINATE_COLLATION", params)));
    }
    return arena_printf(e->a, "spark_collation_key(%s, %s)", x, emit_quoted(e, t->collation));
}

static const char *key_of(Emit *e, const char *x, const Type *t)
{
    str_auto out = EMIT_STR;
    if (t->kind == TYPE_UDT)
        return key_of(e, x, t->sql_type);
    if (!type_is_collated(t))
        return x;
    if (t->kind == TYPE_STRING)
        return emit_string_key(e, x, t);
    if (t->kind == TYPE_ARRAY) {
        const char *item = emit_fresh(e, "x");
        return arena_printf(e->a, "list_transform(%s, lambda %s: %s)", x, item, key_of(e, item, t->element));
    }
    str_addf(&out, "CASE WHEN %s IS NOT NULL THEN struct_pack(", x);
    for (size_t i = 0; i < t->nfields; i++)
        str_addf(&out, "%sv%zu := %s", i ? ", " : "", i,
                 key_of(e, arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name)), t->fields[i].type));
    str_add(&out, ") END");
    return str_arena(&out, e->a);
}

static bool has_collated_map(const Type *t)
{
    if (t->kind == TYPE_MAP)
        return type_is_collated(t);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (has_collated_map(t->fields[i].type))
            return true;
    return t->kind == TYPE_ARRAY && has_collated_map(t->element);
}

Status emit_equality_key(Emit *e, const char *x, const Type *t, const char **ret_key)
{
    if (has_collated_map(t))
        return emit_unsupported(e, NULL, "comparing maps whose strings have a collation");
    *ret_key = key_of(e, x, t);
    return ST_OK;
}

Status emit_key_text(Emit *e, const Node *n, const char **ret_key)
{
    const char *text;
    TRY(emit_text(e, n, &text));
    return emit_equality_key(e, text, n->type, ret_key);
}

bool emit_any_collated(const Schema *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (type_is_collated(s->at[i].type))
            return true;
    return false;
}

Status emit_row_keys(Emit *e, const Schema *s, const char *alias, const char **ret_keys)
{
    str_auto out = EMIT_STR;
    for (size_t i = 0; i < s->len; i++) {
        const char *key, *column = arena_printf(e->a, "%s%s" COLUMN_TEXT, alias ? alias : "", alias ? "." : "", s->at[i].id);
        TRY(emit_equality_key(e, column, s->at[i].type, &key));
        str_addf(&out, "%s%s", i ? ", " : "", key);
    }
    *ret_keys = str_arena(&out, e->a);
    return ST_OK;
}

/* ---------------------------------------------------------------- calls */
static bool one_of(const Call *c, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(c->function->name, names[i]))
            return true;
    return false;
}
#define IS_ONE_OF(c, names) one_of((c), (names), sizeof(names) / sizeof *(names))

/* Each argument by its key. */
static Status by_keys(Emit *e, const Call *c, const char **args)
{
    for (size_t i = 0; i < c->args.len; i++)
        TRY(emit_equality_key(e, args[i], arg_type(c, i), &args[i]));
    return ST_OK;
}

/* The first of the least or greatest ones: greatest(x, …), least(x, …). */
static void extreme_argument(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool least = str_eq(c->function->name, "least");
    str_addf(out, "struct_extract(list_%s([", least ? "min" : "max");
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(out, "%sCASE WHEN %s IS NOT NULL THEN struct_pack(k := %s, i := %s%zu, v := %s) END", i ? ", " : "", args[i],
                 emit_order_key(e, args[i], arg_type(c, i)), least ? "" : "-", i, args[i]);
    str_add(out, "]), 'v')");
}

/* The items with their keys and places: equal ones stay in the order in which they stand. */
static const char *keyed_items(Emit *e, const char *list, const Type *item, bool descending)
{
    const char *x = emit_fresh(e, "x"), *i = emit_fresh(e, "i");
    return arena_printf(e->a, "list_transform(%s, lambda %s, %s: CASE WHEN %s IS NOT NULL THEN struct_pack(k := %s, i := %s%s, v := %s) END)", list, x, i,
                        x, emit_order_key(e, x, item), descending ? "-" : "", i, x);
}

static const char *values_of(Emit *e, const char *keyed)
{
    const char *x = emit_fresh(e, "x");
    return arena_printf(e->a, "list_transform(%s, lambda %s: struct_extract(%s, 'v'))", keyed, x, x);
}

static Status ordered_items(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *item = arg_type(c, 0)->element;
    const char *name = c->function->name, *up = keyed_items(e, args[0], item, false);
    if (str_starts(name, "array_m")) {
        str_addf(out, "struct_extract(list_%s(%s), 'v')", name + strlen("array_"), str_eq(name, "array_min") ? up : keyed_items(e, args[0], item, true));
    } else if (str_eq(name, "array_sort")) {
        if (c->args.len > 1)
            return emit_unsupported(e, (const Node *)c, "with a comparator of strings that have a collation");
        str_add(out, values_of(e, arena_printf(e->a, "list_sort(%s, 'ASC', 'NULLS LAST')", up)));
    } else {
        const char *down = keyed_items(e, args[0], item, true), *ascending = c->args.len > 1 ? args[1] : "true";
        str_addf(out, "CASE WHEN %s IS NULL THEN NULL WHEN %s THEN %s ELSE %s END", ascending, ascending,
                 values_of(e, arena_printf(e->a, "list_sort(%s, 'ASC', 'NULLS FIRST')", up)),
                 values_of(e, arena_printf(e->a, "list_sort(%s, 'DESC', 'NULLS LAST')", down)));
    }
    return ST_OK;
}

/* The items of `list` whose keys (a list beside it) stand there for the first time, NULL among them. */
static const char *first_of_keys(Emit *e, const char *list, const Type *item)
{
    const char *p = emit_fresh(e, "x"), *i = emit_fresh(e, "i"), *x = emit_fresh(e, "x"), *n = emit_fresh(e, "x");
    const char *keys = arena_printf(e->a, "list_transform(%s, lambda %s: %s)", p, x, key_of(e, x, item));
    const char *y = emit_fresh(e, "x");
    return arena_printf(e->a, "list_transform([%s], lambda %s: list_filter(%s, lambda %s, %s: CASE WHEN %s IS NULL THEN len(list_filter((%s)[1:%s - 1], "
                              "lambda %s: %s IS NULL)) = 0 ELSE list_position(%s, %s) = %s END))[1]",
                        list, p, p, y, i, y, p, i, n, n, keys, key_of(e, y, item), i);
}

static Status arrays_as_sets(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *name = c->function->name, *x = emit_fresh(e, "x"), *a = args[0], *b = c->args.len > 1 ? args[1] : NULL;
    const Type *item = arg_type(c, 0)->element;
    if (str_eq(name, "array_distinct")) {
        str_add(out, first_of_keys(e, a, item));
        return ST_OK;
    }
    const char *keys = key_of(e, b, arg_type(c, 1));
    const char *in_b = arena_printf(e->a, "CASE WHEN %s IS NULL THEN len(%s) > list_count(%s) ELSE list_contains(%s, %s) END", x, b, b, keys, key_of(e, x, item));
    str_addf(out, "CASE WHEN %s IS NULL OR %s IS NULL THEN NULL ELSE ", a, b);
    if (str_eq(name, "array_union"))
        str_add(out, first_of_keys(e, arena_printf(e->a, "list_concat(%s, %s)", a, b), item));
    else
        str_add(out, first_of_keys(e, arena_printf(e->a, "list_filter(%s, lambda %s: %s(%s))", a, x, str_eq(name, "array_except") ? "NOT " : "", in_b), item));
    str_add(out, " END");
    return ST_OK;
}

/* map[k], element_at(map, k), map_contains_key(map, k) */
static Status map_by_key(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *at = arena_printf(e->a, "list_position(%s, %s)", key_of(e, arena_printf(e->a, "map_keys(%s)", args[0]), type_array(e->a, arg_type(c, 0)->key, false)),
                                  key_of(e, args[1], arg_type(c, 1)));
    if (str_eq(c->function->name, "map_contains_key"))
        str_addf(out, "(%s IS NOT NULL)", at);
    else
        str_addf(out, "(map_values(%s))[%s]", args[0], at);
    return ST_OK;
}

/* listagg(DISTINCT x): the first of each key, in the order of the list. */
static Status distinct_listagg(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_auto list = EMIT_STR;
    str_addf(&list, "list(%s", args[0]);
    if (c->order.len) {
        str_add(&list, " ORDER BY ");
        TRY(emit_orders(e, &c->order, true, &list));
    }
    str_add(&list, ")");
    TRY(emit_aggregate_tail(e, c, c->filter ? NULL : arena_printf(e->a, "%s IS NOT NULL", args[0]), &list));
    bool none = c->args.len < 2 || arg_type(c, 1)->kind == TYPE_NULL;
    const char *x = emit_fresh(e, "x");
    const char *texts = arena_printf(e->a, "list_filter(%s, lambda %s: %s IS NOT NULL)", str_text(&list), x, x);
    str_addf(out, "array_to_string(nullif(%s, []), %s)", first_of_keys(e, texts, arg_type(c, 0)), none ? "''" : arena_printf(e->a, "coalesce(first(%s), '')", args[1]));
    return ST_OK;
}

static Status collated_aggregate(Emit *e, const Call *c, const char **args, bool *ret_done, Str *out)
{
    static const char *const counts[] = { "count", "approx_count_distinct", "hll_sketch_agg", "theta_sketch_agg" }, *const lists[] = { "listagg", "string_agg" },
                      *const extremes[] = { "min", "max" };
    bool counted = IS_ONE_OF(c, counts);
    if (counted && (c->distinct || !str_eq(c->function->name, "count")))
        return by_keys(e, c, args);
    if (IS_ONE_OF(c, extremes)) {
        *ret_done = true;
        str_addf(out, "arg_%s(%s, %s)", c->function->name, args[0], emit_order_key(e, args[0], arg_type(c, 0)));
        return emit_aggregate_tail(e, c, NULL, out);
    }
    if (!c->distinct)
        return ST_OK;
    *ret_done = true;
    if (IS_ONE_OF(c, lists))
        return distinct_listagg(e, c, args, out);
    return emit_unsupported(e, (const Node *)c, arena_printf(e->a, "%s(DISTINCT …) of strings that have a collation", c->function->name));
}

Status emit_collated_call(Emit *e, const Call *c, const char **args, bool *ret_done, Str *out)
{
    static const char *const equality[] = { "=", "==", "!=", "<=>", "equal_null", "arrays_overlap", "array_contains", "array_position" },
                      *const items[] = { "array_min", "array_max", "sort_array", "array_sort" }, *const extremes[] = { "greatest", "least" },
                      *const sets[] = { "array_distinct", "array_union", "array_intersect", "array_except" },
                      *const maps[] = { "get_map_value", "element_at", "try_element_at", "map_contains_key" };
    bool collated = false;
    for (size_t i = 0; i < c->args.len; i++)
        collated = collated || (arg_type(c, i) && type_is_collated(arg_type(c, i)));
    *ret_done = false;
    if (!collated)
        return ST_OK;
    if (c->function->kind == FN_AGGREGATE)
        return collated_aggregate(e, c, args, ret_done, out);
    if (IS_ONE_OF(c, equality))
        return by_keys(e, c, args);
    *ret_done = true;
    if (IS_ONE_OF(c, extremes)) {
        extreme_argument(e, c, args, out);
        return ST_OK;
    }
    if (IS_ONE_OF(c, items))
        return ordered_items(e, c, args, out);
    if (IS_ONE_OF(c, sets))
        return arrays_as_sets(e, c, args, out);
    if (IS_ONE_OF(c, maps) && type_is_collated(arg_type(c, 1)))
        return map_by_key(e, c, args, out);
    if (str_eq(c->function->name, "nullif")) {
        const char *x = args[0], *left, *right;
        TRY(emit_equality_key(e, args[0], arg_type(c, 0), &left));
        TRY(emit_equality_key(e, args[1], arg_type(c, 1), &right));
        str_addf(out, "CASE WHEN %s = %s THEN NULL ELSE %s END", left, right, x);
        return ST_OK;
    }
    if (str_eq(c->function->name, "array_remove")) {
        const char *x = emit_fresh(e, "x");
        str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE list_filter(%s, lambda %s: (%s <> %s) IS NOT FALSE) END", args[1], args[0], x,
                 key_of(e, x, arg_type(c, 0)->element), key_of(e, args[1], arg_type(c, 1)));
        return ST_OK;
    }
    if (str_eq(c->function->name, "map") && c->args.len > 2 && type_is_collated(c->node.type->key))
        return emit_unsupported(e, (const Node *)c, "a map of several keys that have a collation");
    *ret_done = false;
    return ST_OK;
}

/* ---------------------------------------------------------------- set operations */
/* ALL: how many rows of each key are left over, or are on both sides; the first of them, that often. */
static Status counted_rows(Emit *e, const SetOp *s, const Schema *schema, const char *left, const char *right, const char **ret)
{
    const char *keys, *copies = s->op == SETOP_EXCEPT ? "sum(side)" : "least(count(*) FILTER (WHERE side = 1), count(*) FILTER (WHERE side = -1))";
    str_auto firsts = EMIT_STR, columns = EMIT_STR;
    TRY(emit_row_keys(e, schema, NULL, &keys));
    for (size_t i = 0; i < schema->len; i++) {
        str_addf(&columns, "%s" COLUMN_TEXT, i ? ", " : "", schema->at[i].id);
        str_addf(&firsts, "first(" COLUMN_TEXT " ORDER BY side DESC) AS " COLUMN_TEXT ", ", schema->at[i].id, schema->at[i].id);
    }
    *ret = arena_printf(e->a, "(SELECT %s FROM (SELECT *, unnest(range(CAST(copies AS BIGINT))) FROM (SELECT %s%s AS copies FROM (SELECT *, 1 AS side FROM %s UNION ALL "
                              "SELECT *, -1 FROM %s) GROUP BY %s) WHERE copies > 0))",
                        str_text(&columns), str_text(&firsts), copies, left, right, keys);
    return ST_OK;
}

Status emit_collated_set(Emit *e, const SetOp *s, const Schema *schema, const char *left, const char *right, const char **ret_from)
{
    const char *keys, *mine, *theirs;
    str_auto same = EMIT_STR;
    if (s->op == SETOP_UNION) {
        TRY(emit_row_keys(e, schema, NULL, &keys));
        *ret_from = arena_printf(e->a, "(SELECT DISTINCT ON (%s) * FROM (SELECT * FROM %s UNION ALL SELECT * FROM %s))", keys, left, right);
        return ST_OK;
    }
    if (s->all)
        return counted_rows(e, s, schema, left, right, ret_from);
    for (size_t i = 0; i < schema->len; i++) {
        const Type *t = schema->at[i].type;
        TRY(emit_equality_key(e, arena_printf(e->a, "l." COLUMN_TEXT, schema->at[i].id), t, &mine));
        TRY(emit_equality_key(e, arena_printf(e->a, "r." COLUMN_TEXT, schema->at[i].id), t, &theirs));
        str_addf(&same, "%s%s IS NOT DISTINCT FROM %s", i ? " AND " : "", mine, theirs);
    }
    TRY(emit_row_keys(e, schema, "l", &keys));
    *ret_from = arena_printf(e->a, "(SELECT DISTINCT ON (%s) l.* FROM %s l %s JOIN %s r ON %s)", keys, left, s->op == SETOP_EXCEPT ? "ANTI" : "SEMI", right,
                             str_text(&same));
    return ST_OK;
}
