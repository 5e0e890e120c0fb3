/* back/duckdb/emit_nested.c -- arrays, maps, structs and higher-order functions. */
#include "back/duckdb/emit_call.h"

#include <inttypes.h>

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* ---------------------------------------------------------------- builders */
Status emit_map(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_add(out, "CAST(map([");
    for (size_t i = 0; i < c->args.len; i += 2)
        str_addf(out, "%s%s", i ? ", " : "", args[i]);
    str_add(out, "], [");
    for (size_t i = 1; i < c->args.len; i += 2)
        str_addf(out, "%s%s", i > 1 ? ", " : "", args[i]);
    str_addf(out, "]) AS %s)", emit_word(e, c->node.type));
    return ST_OK;
}

/* The names stand in the result's type; named_struct's arguments are names and values in turn. */
Status emit_struct(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->node.type;
    bool named = c->args.len == 2 * t->nfields && t->nfields;
    str_add(out, "struct_pack(");
    for (size_t i = 0; i < t->nfields; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(t->fields[i].name, out);
        str_addf(out, " := %s", args[named ? 2 * i + 1 : i]);
    }
    str_add(out, ")");
    (void)e;
    return ST_OK;
}

Status emit_sequence(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = arg_type(c, 0);
    if (type_is_integral(t)) {
        const char *step = c->args.len > 2 ? args[2] : arena_printf(e->a, "CASE WHEN %s <= %s THEN 1 ELSE -1 END", args[0], args[1]);
        str_addf(out, "CAST(generate_series(CAST(%s AS BIGINT), CAST(%s AS BIGINT), CAST(%s AS BIGINT)) AS %s)", args[0], args[1], step,
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
    if (t->kind == TYPE_TIMESTAMP) {
        const char *x = emit_fresh(e, "x"), *zone = emit_zone(e);
        str_addf(out, "list_transform(generate_series(spark_local(%s, %s), spark_local(%s, %s), %s), lambda %s: spark_utc(%s, %s))",
                 args[0], zone, args[1], zone, step, x, x, zone);
        return ST_OK;
    }
    str_addf(out, "CAST(generate_series(CAST(%s AS TIMESTAMP), CAST(%s AS TIMESTAMP), %s) AS %s)", args[0], args[1], step,
             emit_word(e, c->node.type));
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
    str_addf(out, "list_transform(%s(%s, lambda %s: list_transform([struct_extract(%s, 1)], lambda %s: "
                  "list_transform([CAST(struct_extract(%s, 2) AS INTEGER)], lambda %s: %s)[1])[1]), lambda %s: %s)",
             word, pairs, item, item, x, item, index, body, item,
             str_eq(word, "list_filter") ? arena_printf(e->a, "struct_extract(%s, 1)", item) : item);
    return ST_OK;
}

/* What a lambda's body takes from outside: names of columns and of outer lambdas' parameters, each with its type. */
typedef struct Captures {
    Arena *a;
    const Lambda *lambda;
    StrList names;
    VEC(const Type *) types;
} Captures;

static bool is_param(const Lambda *l, int64_t id)
{
    for (size_t i = 0; i < l->params.len; i++)
        if (node_as(LambdaVariable, l->params.at[i])->id == id)
            return true;
    return false;
}

static bool note_capture(const Node *n, void *arg)
{
    Captures *captures = arg;
    const char *name = NULL;
    if (node_is(LambdaVariable, n) && !is_param(captures->lambda, node_as(LambdaVariable, n)->id))
        name = arena_printf(captures->a, "v%" PRId64, node_as(LambdaVariable, n)->id);
    if (node_is(ColumnRef, n))
        name = arena_printf(captures->a, "c%" PRId64, node_as(ColumnRef, n)->id);
    for (size_t i = 0; name && i < captures->names.len; i++)
        if (str_eq(captures->names.at[i], name))
            name = NULL;
    if (name && n->type) {
        vec_push(captures->a, &captures->names, name);
        vec_push(captures->a, &captures->types, n->type);
    }
    return true;
}

/* Parameters of lambdas inside the body are no captures. */
static bool drop_inner(const Node *n, void *arg)
{
    Captures *captures = arg;
    for (size_t i = 0; node_is(Lambda, n) && i < node_as(Lambda, n)->params.len; i++) {
        const char *name = arena_printf(captures->a, "v%" PRId64, node_as(LambdaVariable, node_as(Lambda, n)->params.at[i])->id);
        for (size_t k = 0; k < captures->names.len; k++)
            if (str_eq(captures->names.at[k], name)) {
                captures->names.at[k] = captures->names.at[captures->names.len - 1];
                captures->types.at[k] = captures->types.at[captures->types.len - 1];
                captures->names.len--;
                captures->types.len--;
                k--;
            }
    }
    return true;
}

/* The fold over structs of state, item and captures: the engine's own fold has one type for state and items, and gives captured
 * values of another row (DuckDB 1.5.5, list_reduce over rows of different lengths). */
static const char *struct_fold(Emit *e, const Call *c, const Captures *captures, const char *list, const char *start, const char *body,
                               const Type *state)
{
    const Lambda *merge = node_as(Lambda, c->args.at[2]);
    const char *p = emit_fresh(e, "p"), *q = emit_fresh(e, "p"), *w = emit_word(e, state), *x = emit_fresh(e, "p");
    str_auto given = EMIT_STR;
    str_auto none = EMIT_STR;
    str_auto passed = EMIT_STR;
    for (size_t i = 0; i < captures->names.len; i++) {
        str_addf(&given, ", k%zu := %s", i, captures->names.at[i]);
        str_addf(&none, ", k%zu := CAST(NULL AS %s)", i, emit_word(e, captures->types.at[i]));
        str_addf(&passed, ", k%zu := struct_extract(%s, 'k%zu')", i, q, i);
        body = arena_printf(e->a, "list_transform([struct_extract(%s, 'k%zu')], lambda %s: %s)[1]", q, i, captures->names.at[i], body);
    }
    const char *items = arena_printf(e->a, "list_transform(%s, lambda %s: struct_pack(s := CAST(NULL AS %s), i := %s%s))", list, x, w, x,
                                     str_text(&given));
    return arena_printf(e->a, "struct_extract(list_reduce(%s, lambda %s, %s: struct_pack(s := CAST(list_transform([struct_extract(%s, 's')], "
                              "lambda %s: list_transform([struct_extract(%s, 'i')], lambda %s: %s)[1])[1] AS %s), i := struct_extract(%s, "
                              "'i')%s), struct_pack(s := CAST(%s AS %s), i := CAST(NULL AS %s)%s)), 's')",
                        items, p, q, p, param(e, merge, 0), q, param(e, merge, 1), body, w, q, str_text(&passed), start, w,
                        emit_word(e, arg_type(c, 0)->element), str_text(&none));
}

Status emit_reduce(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Lambda *merge = node_as(Lambda, c->args.at[2]);
    const char *body, *acc = param(e, merge, 0), *item = param(e, merge, 1);
    const Type *state = merge->body->type ? merge->body->type : arg_type(c, 1);
    TRY(emit_text(e, merge->body, &body));
    Captures captures = { .a = e->a, .lambda = merge };
    node_walk(merge->body, note_capture, &captures);
    node_walk(merge->body, drop_inner, &captures);
    if (captures.names.len || !type_same(state, arg_type(c, 0)->element))
        body = struct_fold(e, c, &captures, args[0], args[1], body, state);
    else
        body = arena_printf(e->a, "list_reduce(%s, lambda %s, %s: %s, %s)", args[0], acc, item, body, args[1]);
    if (c->args.len < 4) {
        str_add(out, body);
        return ST_OK;
    }
    const Lambda *finish = node_as(Lambda, c->args.at[3]);
    const char *last;
    TRY(emit_text(e, finish->body, &last));
    str_addf(out, "list_transform([%s], lambda %s: %s)[1]", body, param(e, finish, 0), last);
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
        str_addf(out, "map(list_transform(map_entries(%s), lambda %s: %s), map_values(%s))", args[0], p, applied, args[0]);
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

Status emit_array_set(Emit *e, const Call *c, const char *const *args, Str *out)
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

Status emit_arrays_zip(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *item = c->node.type->element;
    const char *p = emit_fresh(e, "p");
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

/* ---------------------------------------------------------------- JSON */
static Status json_text(Emit *e, const char *x, const Type *t, Str *out);

static Status json_struct(Emit *e, const char *x, const Type *t, Str *out)
{
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE '{' || concat_ws(','", x);
    for (size_t i = 0; i < t->nfields; i++) {
        const char *field = arena_printf(e->a, "struct_extract(%s, %s)", x, emit_quoted(e, t->fields[i].name));
        str_addf(out, ", spark_json_quote(%s) || ':' || ", emit_quoted(e, t->fields[i].name));
        TRY(json_text(e, field, t->fields[i].type, out));
    }
    if (!t->nfields)
        str_add(out, ", ''");
    str_add(out, ") || '}' END");
    return ST_OK;
}

static Status json_text(Emit *e, const char *x, const Type *t, Str *out)
{
    const char *v = emit_fresh(e, "x");
    switch (t->kind) {
    case TYPE_STRING: str_addf(out, "spark_json_quote(%s)", x); break;
    case TYPE_BINARY: str_addf(out, "spark_json_quote(spark_base64(%s))", x); break;
    case TYPE_FLOAT: case TYPE_DOUBLE: str_addf(out, "CASE WHEN isfinite(%s) THEN spark_number_text(%s) ELSE '\"' || spark_number_text(%s) || '\"' END", x, x, x); break;
    case TYPE_DATE: str_addf(out, "('\"' || spark_date_text(%s) || '\"')", x); break;
    case TYPE_TIMESTAMP:
        str_addf(out, "('\"' || spark_date_format(%s, 'yyyy-MM-dd''T''HH:mm:ss.SSSXXX', %s) || '\"')", x, emit_zone(e));
        break;
    case TYPE_TIMESTAMP_NTZ: str_addf(out, "('\"' || spark_date_format(%s, 'yyyy-MM-dd''T''HH:mm:ss.SSS', 'UTC') || '\"')", x); break;
    case TYPE_STRUCT: return json_struct(e, x, t, out);
    case TYPE_ARRAY:
        str_addf(out, "('[' || array_to_string(list_transform(%s, lambda %s: coalesce(", x, v);
        TRY(json_text(e, v, t->element, out));
        str_add(out, ", 'null')), ',') || ']')");
        break;
    case TYPE_MAP:
        str_addf(out, "('{' || array_to_string(list_transform(map_entries(%s), lambda %s: spark_json_quote(", x, v);
        TRY(emit_cast(e, arena_printf(e->a, "struct_extract(%s, 'key')", v), t->key, &type_string, CAST_LEGACY, out));
        str_add(out, ") || ':' || coalesce(");
        TRY(json_text(e, arena_printf(e->a, "struct_extract(%s, 'value')", v), t->element, out));
        str_add(out, ", 'null')), ',') || '}')");
        break;
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: case TYPE_CALENDAR_INTERVAL:
        str_add(out, "spark_json_quote(");
        TRY(emit_cast(e, x, t, &type_string, CAST_LEGACY, out));
        str_add(out, ")");
        break;
    case TYPE_DECIMAL: str_addf(out, "spark_decimal_text(%s)", x); break;
    default: str_addf(out, "CAST(%s AS VARCHAR)", x);
    }
    return ST_OK;
}

Status emit_json_text(Emit *e, const char *x, const Type *t, Str *out)
{
    return json_text(e, x, t, out);
}

Status emit_to_json(Emit *e, const Call *c, const char *const *args, Str *out)
{
    if (c->args.len > 1)
        return emit_unsupported(e, (const Node *)c, "to_json with options");
    return json_text(e, args[0], arg_type(c, 0), out);
}
