/* back/duckdb/emit_nested.c -- arrays, maps, structs and higher-order functions. */
#include "back/duckdb/emit_call.h"
#include "back/duckdb/emit_collation.h"
#include "ir/collation.h"

#include <inttypes.h>

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* ---------------------------------------------------------------- builders */
/* A map of two lists; NULL when one is. A key that comes twice is the engine's error, or (ArrayBasedMapBuilder with LAST_WIN) stands where it
 * came first with the value that came last. */
static const char *map_of(Emit *e, const char *keys, const char *values)
{
    const char *s = emit_fresh(e, "s"), *x = emit_fresh(e, "x"), *i = emit_fresh(e, "i"), *y = emit_fresh(e, "x");
    if (!emit_is(e, "spark.sql.mapKeyDedupPolicy", "LAST_WIN"))
        return arena_printf(e->a, "map(%s, %s)", keys, values);
    const char *k = arena_printf(e->a, "struct_extract(%s, 'k')", s), *v = arena_printf(e->a, "struct_extract(%s, 'v')", s);
    const char *distinct = arena_printf(e->a, "list_filter(%s, lambda %s, %s: coalesce(list_position(%s, %s), %s) = %s)", k, x, i, k, x, i, i);
    return arena_printf(e->a, "list_transform([struct_pack(k := %s, v := %s)], lambda %s: CASE WHEN %s IS NULL OR %s IS NULL THEN NULL WHEN len(%s) <> len(%s) THEN map(%s, %s) "
                              "ELSE map(%s, list_transform(%s, lambda %s: (%s)[len(%s) + 1 - list_position(list_reverse(%s), %s)])) END)[1]",
                        keys, values, s, k, v, k, v, k, v, distinct, distinct, y, v, k, k, y);
}

Status emit_map(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_auto keys = EMIT_STR, values = EMIT_STR;
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(i % 2 ? &values : &keys, "%s%s", i > 1 ? ", " : "", args[i]);
    str_addf(out, "CAST(%s AS %s)", map_of(e, arena_printf(e->a, "[%s]", str_text(&keys)), arena_printf(e->a, "[%s]", str_text(&values))),
             emit_word(e, c->node.type));
    return ST_OK;
}

Status emit_map_from_arrays(Emit *e, const Call *c, const char *const *args, Str *out)
{
    (void)c;
    str_add(out, map_of(e, args[0], args[1]));
    return ST_OK;
}

static const char *field_of(Emit *e, const char *list, const char *field)
{
    const char *x = emit_fresh(e, "x");
    str_auto name = EMIT_STR;
    emit_quoted_text(field, strlen(field), &name);
    return arena_printf(e->a, "list_transform(%s, lambda %s: struct_extract(%s, %s))", list, x, x, str_text(&name));
}

/* NULL when an entry is. */
Status emit_map_from_entries(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *entry = arg_type(c, 0)->element;
    const char *x = emit_fresh(e, "x");
    str_addf(out, "CASE WHEN len(list_filter(%s, lambda %s: %s IS NULL)) = 0 THEN %s END", args[0], x, x,
             map_of(e, field_of(e, args[0], entry->fields[0].name), field_of(e, args[0], entry->fields[1].name)));
    return ST_OK;
}

Status emit_map_concat(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_auto keys = EMIT_STR, values = EMIT_STR;
    str_add(out, "CASE WHEN ");
    for (size_t i = 0; i < c->args.len; i++) {
        str_addf(out, "%s%s IS NULL", i ? " OR " : "", args[i]);
        str_addf(&keys, "%smap_keys(%s)", i ? ", " : "", args[i]);
        str_addf(&values, "%smap_values(%s)", i ? ", " : "", args[i]);
    }
    str_addf(out, "%s THEN NULL ELSE %s END", c->args.len ? "" : "false",
             c->args.len ? map_of(e, arena_printf(e->a, "list_concat(%s)", str_text(&keys)), arena_printf(e->a, "list_concat(%s)", str_text(&values)))
                         : arena_printf(e->a, "CAST(map([], []) AS %s)", emit_word(e, c->node.type)));
    return ST_OK;
}

Status emit_str_to_map(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *pairs = arena_printf(e->a, "spark_split(%s, %s, -1)", args[0], args[1]), *x = emit_fresh(e, "x");
    const char *part = "list_transform(%s, lambda %s: spark_split(%s, %s, 2)[%d])", *by = args[2];
    if (type_is_collated(arg_type(c, 0))) { /* UTF8_LCASE */
        pairs = arena_printf(e->a, "spark_split(%s, '(?i)' || %s, -1)", args[0], args[1]);
        by = arena_printf(e->a, "'(?i)' || %s", args[2]);
        if (str_eq(type_collation(arg_type(c, 0)), COLLATION_INDETERMINATE))
            pairs = arena_printf(e->a, "[CAST(%s AS VARCHAR)]", emit_string_key(e, args[0], type_string_of(e->a, COLLATION_INDETERMINATE)));
    }
    str_add(out, map_of(e, arena_printf(e->a, part, pairs, x, x, by, 1), arena_printf(e->a, part, pairs, x, x, by, 2)));
    return ST_OK;
}

/* The names stand in the result's type; named_struct's arguments are names and values in turn. */
Status emit_struct(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->node.type;
    bool named = c->args.len == 2 * t->nfields;
    (void)e;
    str_add(out, "struct_pack(");
    for (size_t i = 0; i < t->nfields; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(t->fields[i].name, out);
        str_addf(out, " := %s", args[named ? 2 * i + 1 : i]);
    }
    emit_pack_end(t, out);
    return ST_OK;
}

Status emit_sequence(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = arg_type(c, 0);
    if (type_is_integral(t)) {
        const char *step = c->args.len > 2 ? args[2] : arena_printf(e->a, "CASE WHEN %s <= %s THEN 1 ELSE -1 END", args[0], args[1]);
        const char *from = arena_printf(e->a, "CAST(%s AS BIGINT)", args[0]), *to = arena_printf(e->a, "CAST(%s AS BIGINT)", args[1]);
        str_addf(out, "CAST(generate_series(%s, %s, spark_sequence_step(%s, %s, CAST(%s AS BIGINT))) AS %s)", from, to, from, to, step,
                 emit_word(e, c->node.type));
        return ST_OK;
    }
    const char *step = "INTERVAL 1 DAY";
    if (c->args.len > 2) {
        const Type *by = arg_type(c, 2);
        step = by->kind == TYPE_YEAR_MONTH_INTERVAL ? arena_printf(e->a, "to_months(%s)", args[2])
             : by->kind == TYPE_DAY_TIME_INTERVAL   ? arena_printf(e->a, "to_microseconds(%s)", args[2])
                                                    : args[2];
    } else {
        step = arena_printf(e->a, "CASE WHEN %s <= %s THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END", args[0], args[1]);
    }
    bool zoned = t->kind == TYPE_TIMESTAMP;
    const char *ends[2];
    for (size_t i = 0; i < 2; i++)
        ends[i] = zoned ? arena_printf(e->a, "spark_local(%s, %s)", args[i], emit_zone(e)) : arena_printf(e->a, "CAST(%s AS TIMESTAMP)", args[i]);
    const char *series = arena_printf(e->a, "generate_series(%s, %s, spark_sequence_step(%s, %s, %s))", ends[0], ends[1], ends[0], ends[1], step);
    const char *x = emit_fresh(e, "x");
    if (zoned)
        str_addf(out, "list_transform(%s, lambda %s: spark_utc(%s, %s))", series, x, x, emit_zone(e));
    else
        str_addf(out, "CAST(%s AS %s)", series, emit_word(e, c->node.type));
    return ST_OK;
}

/* ---------------------------------------------------------------- lambdas */
static const char *param(Emit *e, const Lambda *l, size_t i)
{
    return arena_printf(e->a, "v%" PRId64, node_as(LambdaVariable, l->params.at[i])->id);
}

/* transform and filter: Spark counts the index from 0, the engine from 1. */
Status emit_array_lambda(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *l = node_as(Lambda, c->args.at[1]);
    const char *word = str_eq(c->function->name, "filter") ? "list_filter" : "list_transform", *body;
    if (l->params.len < 2) {
        str_addf(out, "%s(%s, %s)", word, args[0], args[1]);
        return ST_OK;
    }
    TRY(emit_text(e, l->body, &body));
    const char *item = emit_fresh(e, "p"), *x = param(e, l, 0), *index = param(e, l, 1);
    const char *pairs = arena_printf(e->a, "list_zip(%s, range(len(%s)))", args[0], args[0]);
    /* The pair is taken apart by an inner one-element transform each: its lambda's parameter is the user's name. */
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE list_transform(%s(%s, lambda %s: list_transform([struct_extract(%s, 1)], lambda %s: "
                  "list_transform([CAST(struct_extract(%s, 2) AS INTEGER)], lambda %s: %s)[1])[1]), lambda %s: %s) END",
             args[0], word, pairs, item, item, x, item, index, body, item,
             str_eq(word, "list_filter") ? arena_printf(e->a, "struct_extract(%s, 1)", item) : item);
    return ST_OK;
}

/* What a lambda's body takes from around it: columns and the variables of outer lambdas. */
typedef struct Captures {
    Arena *a;
    NodeList found;
    NodeList declared; /* by lambdas inside, and its own parameters */
} Captures;

static bool same_reference(const Node *x, const Node *y)
{
    if (x->kind != y->kind)
        return false;
    return node_is(ColumnRef, x) ? node_as(ColumnRef, x)->id == node_as(ColumnRef, y)->id
                                 : node_as(LambdaVariable, x)->id == node_as(LambdaVariable, y)->id;
}

static bool listed(const NodeList *list, const Node *n)
{
    for (size_t i = 0; i < list->len; i++) {
        if (same_reference(list->at[i], n))
            return true;
    }
    return false;
}

static bool declare(const Node *n, void *arg)
{
    Captures *c = arg;
    for (size_t i = 0; node_is(Lambda, n) && i < node_as(Lambda, n)->params.len; i++)
        vec_push(c->a, &c->declared, node_as(Lambda, n)->params.at[i]);
    return true;
}

static bool capture(const Node *n, void *arg)
{
    Captures *c = arg;
    bool reference = node_is(ColumnRef, n) || node_is(LambdaVariable, n);
    if (reference && !listed(&c->declared, n) && !listed(&c->found, n))
        vec_push(c->a, &c->found, (Node *)(uintptr_t)n);
    return true;
}

/* The engine's fold has one type for state and items, and mixes up rows when its lambda captures anything: state, item and
 * what is captured travel in one struct. */
static Status fold(Emit *e, const Call *c, const char *const *args, const Type *state, const Captures *captures, const char *body, const char **ret)
{
    const Lambda *merge = node_as(Lambda, c->args.at[2]);
    const char *p = emit_fresh(e, "p"), *q = emit_fresh(e, "p"), *word = emit_word(e, state), *item_word = emit_word(e, arg_type(c, 0)->element);
    str_auto items = EMIT_STR;
    str_auto step = EMIT_STR;
    str_auto open = EMIT_STR;
    str_auto keep = EMIT_STR;
    str_auto start = EMIT_STR;
    str_addf(&items, "list_transform(%s, lambda %s: struct_pack(s := CAST(NULL AS %s), i := CAST(%s AS %s)", args[0], p, word, p, item_word);
    for (size_t k = 0; k < captures->found.len; k++) {
        const Node *n = captures->found.at[k];
        const char *text, *type = emit_word(e, n->type);
        TRY(emit_text(e, n, &text));
        str_addf(&items, ", k%zu := %s", k, text);
        str_addf(&open, "list_transform([struct_extract(%s, 'k%zu')], lambda %s: ", q, k, text);
        str_addf(&keep, ", k%zu := struct_extract(%s, 'k%zu')", k, q, k);
        str_addf(&start, ", k%zu := CAST(NULL AS %s)", k, type);
    }
    str_add(&items, "))");
    str_addf(&step, "%slist_transform([struct_extract(%s, 's')], lambda %s: list_transform([struct_extract(%s, 'i')], lambda %s: %s)[1])[1]",
             str_text(&open), p, param(e, merge, 0), q, param(e, merge, 1), body);
    for (size_t k = 0; k < captures->found.len; k++)
        str_add(&step, ")[1]");
    *ret = arena_printf(e->a, "struct_extract(list_reduce(%s, lambda %s, %s: struct_pack(s := CAST(%s AS %s), i := struct_extract(%s, 'i')%s), "
                              "struct_pack(s := CAST(%s AS %s), i := CAST(NULL AS %s)%s)), 's')",
                        str_text(&items), p, q, str_text(&step), word, q, str_text(&keep), args[1], word, item_word, str_text(&start));
    return ST_OK;
}

Status emit_reduce(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *merge = node_as(Lambda, c->args.at[2]);
    const char *body;
    const Type *state = merge->body->type ? merge->body->type : arg_type(c, 1);
    Captures captures = { .a = e->a };
    TRY(emit_text(e, merge->body, &body));
    for (size_t i = 0; i < merge->params.len; i++)
        vec_push(e->a, &captures.declared, merge->params.at[i]);
    node_walk(merge->body, declare, &captures);
    node_walk(merge->body, capture, &captures);
    if (captures.found.len || !type_same(state, arg_type(c, 0)->element))
        TRY(fold(e, c, args, state, &captures, body, &body));
    else
        body = arena_printf(e->a, "list_reduce(%s, lambda %s, %s: %s, %s)", args[0], param(e, merge, 0), param(e, merge, 1), body, args[1]);
    if (c->args.len < 4 && c->args.at[0]->nullable && node_is(Call, c->args.at[1]) && strlen(args[0]) < 2000) /* the start is not computed for NULL */
        body = arena_printf(e->a, "CASE WHEN %s IS NULL THEN NULL ELSE %s END", args[0], body);
    if (c->args.len < 4) {
        str_add(out, body);
        return ST_OK;
    }
    const Lambda *finish = node_as(Lambda, c->args.at[3]);
    const char *last;
    TRY(emit_text(e, finish->body, &last));
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE list_transform([%s], lambda %s: %s)[1] END", args[0], body, param(e, finish, 0), last);
    return ST_OK;
}

/* array_sort(a, (l, r) -> …): the comparator is asked for every pair, then the items are put into the order that it says. */
Status emit_array_sort(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *l = node_as(Lambda, c->args.at[1]);
    const char *body, *a = emit_fresh(e, "x"), *i = emit_fresh(e, "x"), *v = emit_fresh(e, "x");
    bool null_equal = emit_is(e, "spark.sql.legacy.allowNullComparisonResultInArraySort", "true");
    TRY(emit_text(e, l->body, &body));
    str_auto shown = EMIT_STR;
    TRY(emit_cast(e, v, arg_type(c, 0)->element, &type_string, CAST_LEGACY, &shown));
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE list_transform([%s], lambda %s: list_transform(spark_sort_order(list_transform(%s, lambda %s: "
                  "list_transform(%s, lambda %s: CAST(%s AS INTEGER))), list_transform(%s, lambda %s: %s), %s), lambda %s: (%s)[%s]))[1] END",
             args[0], args[0], a, a, param(e, l, 0), a, param(e, l, 1), body, a, v, str_text(&shown), null_equal ? "true" : "false", i, a, i);
    return ST_OK;
}

/* map_zip_with(m, n, (k, v, w) -> …): the keys of m, then those that only n has. */
Status emit_map_zip_with(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *l = node_as(Lambda, c->args.at[2]);
    const char *body, *k = param(e, l, 0), *x = emit_fresh(e, "x"), *m = args[0], *n = args[1];
    TRY(emit_text(e, l->body, &body));
    const char *keys = arena_printf(e->a, "list_concat(map_keys(%s), list_filter(map_keys(%s), lambda %s: NOT list_contains(map_keys(%s), %s)))", m, n, x, m, x);
    str_addf(out, "CASE WHEN %s IS NULL OR %s IS NULL THEN NULL ELSE map(%s, list_transform(%s, lambda %s: list_transform([map_extract_value(%s, %s)], "
                  "lambda %s: list_transform([map_extract_value(%s, %s)], lambda %s: %s)[1])[1])) END",
             m, n, keys, keys, k, m, k, param(e, l, 1), n, k, param(e, l, 2), body);
    return ST_OK;
}

Status emit_zip_with(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *l = node_as(Lambda, c->args.at[2]);
    const char *body, *p = emit_fresh(e, "p");
    TRY(emit_text(e, l->body, &body));
    str_addf(out, "CASE WHEN %s IS NULL OR %s IS NULL THEN NULL ELSE list_transform(list_zip(%s, %s), lambda %s: "
                  "list_transform([struct_extract(%s, 1)], lambda %s: list_transform([struct_extract(%s, 2)], lambda %s: %s)[1])[1]) END",
             args[0], args[1], args[0], args[1], p, p, param(e, l, 0), p, param(e, l, 1), body);
    return ST_OK;
}

Status emit_map_lambda(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *l = node_as(Lambda, c->args.at[1]);
    const char *body, *p = emit_fresh(e, "p"), *q = emit_fresh(e, "p"), *name = c->function->name;
    TRY(emit_text(e, l->body, &body));
    const char *applied = arena_printf(
        e->a, "list_transform([struct_extract(%s, 'key')], lambda %s: list_transform([struct_extract(%s, 'value')], lambda %s: %s)[1])[1]",
        p, param(e, l, 0), p, param(e, l, 1), body);
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE ", args[0]);
    if (str_eq(name, "map_filter"))
        str_addf(out, "map_from_entries(list_filter(map_entries(%s), lambda %s: %s))", args[0], p, applied);
    else if (str_eq(name, "transform_keys"))
        str_add(out, map_of(e, arena_printf(e->a, "list_transform(map_entries(%s), lambda %s: %s)", args[0], p, applied),
                            arena_printf(e->a, "map_values(%s)", args[0])));
    else
        str_addf(out, "map(map_keys(%s), list_transform(map_entries(%s), lambda %s: %s))", args[0], args[0], p, applied);
    str_add(out, " END");
    (void)q;
    return ST_OK;
}

/* ---------------------------------------------------------------- arrays as sets */
/* The items of `list` in the order in which they first stand there, NULL among them. */
static const char *distinct_in_order(Emit *e, const char *list)
{
    const char *x = emit_fresh(e, "x"), *i = emit_fresh(e, "i");
    return arena_printf(e->a, "list_filter(%s, lambda %s, %s: CASE WHEN %s IS NULL THEN len(list_filter((%s)[1:%s - 1], lambda y: y IS NULL)) = 0 "
                              "ELSE list_position(%s, %s) = %s END)",
                        list, x, i, x, list, i, list, x, i);
}

/* Items of these types are the same when their bits are: -0.0 is not 0.0. */
static const char *signed_zeros(Emit *e, const char *list)
{
    const char *x = emit_fresh(e, "x");
    return arena_printf(e->a, "list_transform(%s, lambda %s: CASE WHEN %s IS NOT NULL THEN struct_pack(v := %s, z := %s = 0 AND signbit(%s)) END)", list, x, x,
                        x, x, x);
}

static Status array_set(Emit *e, const Call *c, const char *const *args, Str *out);

static Status array_set_of(Emit *e, const Call *c, const char *const *args, Str *out)
{
    TypeKind kind = c->args.at[0]->type->kind == TYPE_ARRAY ? c->args.at[0]->type->element->kind : TYPE_NULL;
    if (kind != TYPE_FLOAT && kind != TYPE_DOUBLE)
        return array_set(e, c, args, out);
    const char *keyed[2] = { signed_zeros(e, args[0]), c->args.len > 1 ? signed_zeros(e, args[1]) : NULL }, *x = emit_fresh(e, "x");
    if (c->node.type->kind != TYPE_ARRAY)
        return array_set(e, c, keyed, out);
    str_add(out, "list_transform(");
    TRY(array_set(e, c, keyed, out));
    str_addf(out, ", lambda %s: struct_extract(%s, 'v'))", x, x);
    return ST_OK;
}

static bool note_subquery(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Subquery, n);
    return !*found;
}

/* The engine takes no subquery within a lambda, where the texts below repeat their arguments: such ones are computed before. */
Status emit_array_set(Emit *e, const Call *c, const char *const *args, Str *out)
{
    bool subquery = false;
    for (size_t i = 0; i < c->args.len; i++)
        node_walk(c->args.at[i], note_subquery, &subquery);
    if (!subquery || c->args.len > 2)
        return array_set_of(e, c, args, out);
    const char *v = emit_fresh(e, "x");
    const char *inner[2] = { arena_printf(e->a, "struct_extract(%s, 'a')", v), arena_printf(e->a, "struct_extract(%s, 'b')", v) };
    str_addf(out, "list_transform([struct_pack(a := %s, b := %s)], lambda %s: ", args[0], c->args.len > 1 ? args[1] : "NULL", v);
    TRY(array_set_of(e, c, inner, out));
    str_add(out, ")[1]");
    return ST_OK;
}

static Status array_set(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *name = c->function->name, *x = emit_fresh(e, "x");
    if (str_eq(name, "array_distinct")) {
        str_add(out, distinct_in_order(e, args[0]));
        return ST_OK;
    }
    const char *a = args[0], *b = args[1];
    const char *in_b = arena_printf(e->a, "CASE WHEN %s IS NULL THEN len(%s) > list_count(%s) ELSE list_contains(%s, %s) END", x, b, b, b, x);
    str_addf(out, "CASE WHEN %s IS NULL OR %s IS NULL THEN NULL ELSE ", a, b);
    if (str_eq(name, "array_union"))
        str_add(out, distinct_in_order(e, arena_printf(e->a, "list_concat(%s, %s)", a, b)));
    else if (str_eq(name, "array_intersect"))
        str_add(out, distinct_in_order(e, arena_printf(e->a, "list_filter(%s, lambda %s: %s)", a, x, in_b)));
    else if (str_eq(name, "array_except"))
        str_add(out, distinct_in_order(e, arena_printf(e->a, "list_filter(%s, lambda %s: NOT (%s))", a, x, in_b)));
    else
        str_addf(out, "CASE WHEN list_has_any(%s, %s) THEN true WHEN len(%s) > 0 AND len(%s) > 0 AND (len(%s) > list_count(%s) OR len(%s) > "
                      "list_count(%s)) THEN NULL ELSE false END",
                 a, b, a, b, a, a, b, b);
    str_add(out, " END");
    return ST_OK;
}

/* array_to_string wants a constant between the items; another text is put there one by one. */
Status emit_array_join(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *x = emit_fresh(e, "x"), *y = emit_fresh(e, "x");
    bool fallback = c->args.len > 2;
    const char *list = fallback ? arena_printf(e->a, "list_transform(%s, lambda %s: coalesce(%s, %s))", args[0], x, x, args[2])
                                : arena_printf(e->a, "list_filter(%s, lambda %s: %s IS NOT NULL)", args[0], x, x);
    str_addf(out, fallback ? "CASE WHEN %s IS NULL THEN NULL " : "CASE ", fallback ? args[2] : "");
    if (node_is(Literal, c->args.at[1]))
        str_addf(out, "WHEN true THEN array_to_string(%s, %s) END", list, args[1]);
    else
        str_addf(out, "WHEN %s IS NULL THEN NULL WHEN len(%s) = 0 THEN '' ELSE list_reduce(%s, lambda %s, %s: concat(%s, %s, %s)) END", args[1], list, list, x, y,
                 x, args[1], y);
    return ST_OK;
}

Status emit_arrays_zip(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *item = c->node.type->element;
    const char *p = emit_fresh(e, "p");
    if (!c->args.len) {
        str_addf(out, "CAST([] AS %s)", emit_word(e, c->node.type));
        return ST_OK;
    }
    str_add(out, "CASE WHEN ");
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(out, "%s%s IS NULL", i ? " OR " : "", args[i]);
    str_add(out, " THEN NULL ELSE list_transform(list_zip(");
    for (size_t i = 0; i < c->args.len; i++)
        str_addf(out, "%s%s", i ? ", " : "", args[i]);
    str_addf(out, "), lambda %s: struct_pack(", p);
    for (size_t i = 0; i < item->nfields; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(item->fields[i].name, out);
        str_addf(out, " := struct_extract(%s, %zu)", p, i + 1);
    }
    str_add(out, ")) END");
    return ST_OK;
}
