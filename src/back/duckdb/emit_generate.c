/* back/duckdb/emit_generate.c -- generators: explode, inline, stack, json_tuple, variant_explode. */
#include "back/duckdb/emit_internal.h"

/* stack(n, x1, x2, …): n rows of structs. */
static Status emit_stack(Emit *e, const Node *n, const Call *call, Sel *ret)
{
    const Generate *g = node_as(Generate, n);
    const Schema *in = g->input->schema, *out = n->schema;
    size_t width = out->len - in->len;
    const char *from, *item = emit_fresh(e, "item");
    str_auto rows = EMIT_STR;
    TRY(emit_from(e, g->input, &from));
    for (size_t i = 1; i < call->args.len; i += width) {
        str_add(&rows, i > 1 ? ", struct_pack(" : "struct_pack(");
        for (size_t j = 0; j < width; j++) {
            const char *value = "NULL";
            if (i + j < call->args.len)
                TRY(emit_text(e, call->args.at[i + j], &value));
            str_addf(&rows, "%sf%zu := CAST(%s AS %s)", j ? ", " : "", j, value, emit_word(e, out->at[in->len + j].type));
        }
        str_add(&rows, ")");
    }
    str_auto select = EMIT_STR;
    str_add(&select, emit_columns(e, in, NULL));
    for (size_t j = 0; j < width; j++)
        str_addf(&select, ", struct_extract(%s, 'f%zu') AS " COLUMN_TEXT, item, j, out->at[in->len + j].id);
    *ret = (Sel){ .select = str_arena(&select, e->a),
                  .from = arena_printf(e->a, "(SELECT *, unnest([%s]) AS %s FROM %s)", str_text(&rows), item, from) };
    return ST_OK;
}

/* json_tuple(json, field, …): one row, a column a field. */
static Status emit_json_tuple(Emit *e, const Node *n, const Call *call, Sel *ret)
{
    const Generate *g = node_as(Generate, n);
    const Schema *in = g->input->schema, *out = n->schema;
    const char *from, *json, *field;
    str_auto select = EMIT_STR;
    TRY(emit_from(e, g->input, &from));
    TRY(emit_text(e, call->args.at[0], &json));
    if (in->len)
        str_add(&select, emit_columns(e, in, NULL));
    for (size_t i = in->len; i < out->len && i - in->len + 1 < call->args.len; i++) {
        TRY(emit_text(e, call->args.at[i - in->len + 1], &field));
        str_addf(&select, "%sspark_json_field(%s, %s) AS " COLUMN_TEXT, i ? ", " : "", json, field, out->at[i].id);
    }
    *ret = (Sel){ .select = str_arena(&select, e->a), .from = from };
    return ST_OK;
}

/* variant_explode(v): position, key (of an object) and value of each part. */
static Status emit_variant_explode(Emit *e, const Node *n, const Call *call, bool outer, Sel *ret)
{
    const Generate *g = node_as(Generate, n);
    const Schema *in = g->input->schema, *out = n->schema;
    const char *from, *v, *gen = emit_fresh(e, "gen"), *list = emit_fresh(e, "parts"), *at = emit_fresh(e, "pos");
    TRY(emit_text(e, call->args.at[0], &v));
    TRY(emit_from(e, g->input, &from));
    str_auto select = EMIT_STR;
    str_add(&select, in->len ? emit_columns(e, in, NULL) : "1 AS c_none");
    if (out->len == in->len + 3)
        str_addf(&select, ", CAST(%s - 1 AS INTEGER) AS " COLUMN_TEXT ", nullif(spark_variant_keys(%s)[%s], CASE WHEN spark_variant_kind(%s) = 13 THEN '' END) AS "
                 COLUMN_TEXT ", %s[%s] AS " COLUMN_TEXT, at, out->at[in->len].id, gen, at, gen, out->at[in->len + 1].id, list, at, out->at[in->len + 2].id);
    *ret = (Sel){ .select = str_arena(&select, e->a),
                  .from = arena_printf(e->a, "(SELECT *, unnest(CASE WHEN len(%s) > 0 THEN range(1, len(%s) + 1) ELSE %s END) AS %s FROM "
                                             "(SELECT *, spark_variant_values(%s) AS %s FROM (SELECT *, %s AS %s FROM %s)))",
                                       list, list, outer ? "[NULL]::BIGINT[]" : "[]::BIGINT[]", at, gen, list, v, gen, from) };
    return ST_OK;
}

/* SELECT input.*, unnest(…) FROM (SELECT *, collection AS g FROM input). */
Status emit_generate(Emit *e, const Node *n, Sel *ret)
{
    const Generate *g = node_as(Generate, n);
    const Call *call = node_as(Call, g->generator);
    const char *name = call->function->name, *from, *value;
    const Schema *in = g->input->schema, *out = n->schema;
    bool outer = g->outer || str_ends(name, "_outer"), pos = str_starts(name, "posexplode");
    bool is_inline = str_starts(name, "inline");
    if (str_eq(name, "stack") && out->len > in->len)
        return emit_stack(e, n, call, ret);
    if (str_eq(name, "json_tuple"))
        return emit_json_tuple(e, n, call, ret);
    if (str_starts(name, "variant_explode"))
        return emit_variant_explode(e, n, call, outer, ret);
    if (!is_inline && !str_starts(name, "explode") && !pos)
        return emit_unsupported(e, n, name);
    const Type *type = call->args.at[0]->type;
    TRY(emit_text(e, call->args.at[0], &value));
    TRY(emit_from(e, g->input, &from));
    const char *gen = emit_fresh(e, "gen"), *list = gen;
    if (type->kind == TYPE_MAP)
        list = arena_printf(e->a, "map_entries(%s)", gen);
    if (outer)
        list = arena_printf(e->a, "CASE WHEN len(%s) > 0 THEN %s ELSE [NULL] END", list, list);
    str_auto select = EMIT_STR;
    size_t at = in->len, made = 0;
    str_add(&select, in->len ? emit_columns(e, in, NULL) : "1 AS c_none");
    const char *item = emit_fresh(e, "item"), *index = emit_fresh(e, "pos");
    if (pos)
        str_addf(&select, ", CAST(%s AS INTEGER) AS " COLUMN_TEXT, index, out->at[at++].id);
    for (; at < out->len; at++, made++) {
        const char *each = item;
        if (type->kind == TYPE_MAP)
            each = arena_printf(e->a, "struct_extract(%s, '%s')", item, made ? "value" : "key");
        else if (is_inline)
            each = arena_printf(e->a, "struct_extract(%s, %s)", item, emit_quoted(e, type->element->fields[made].name));
        str_addf(&select, ", %s AS " COLUMN_TEXT, each, out->at[at].id);
    }
    const char *positions = pos ? arena_printf(e->a, ", unnest(CASE WHEN len(%s) > 0 THEN range(len(%s)) ELSE %s END) AS %s", gen, gen,
                                               outer ? "[NULL]::BIGINT[]" : "[]::BIGINT[]", index)
                                : "";
    if (type->kind == TYPE_MAP && pos)
        positions = arena_printf(e->a, ", unnest(CASE WHEN cardinality(%s) > 0 THEN range(cardinality(%s)::BIGINT) ELSE %s END) AS %s",
                                 gen, gen, outer ? "[NULL]::BIGINT[]" : "[]::BIGINT[]", index);
    *ret = (Sel){ .select = str_arena(&select, e->a),
                  .from = arena_printf(e->a, "(SELECT *, unnest(%s) AS %s%s FROM (SELECT *, %s AS %s FROM %s))", list, item, positions,
                                       value, gen, from) };
    return ST_OK;
}
