/* back/duckdb/emit_avro.c -- from_avro, to_avro, schema_of_avro. Source: AvroDataToCatalyst, CatalystDataToAvro, SchemaOfAvro. */
#include "back/duckdb/avro.h"
#include "back/duckdb/emit_call.h"
#include "back/duckdb/source_internal.h"

static Status constant_text(Emit *e, const Call *c, size_t i, const char **ret)
{
    const Node *n = c->args.at[i];
    while (node_is(Cast, n))
        n = node_as(Cast, n)->child;
    if (!node_is(Literal, n) || node_as(Literal, n)->value->is_null || node_as(Literal, n)->of->kind != TYPE_STRING)
        return emit_unsupported(e, (const Node *)c, "an Avro schema that is not a constant text");
    *ret = arena_strn(e->a, node_as(Literal, n)->value->text, node_as(Literal, n)->value->text_len);
    return ST_OK;
}

Status emit_schema_of_avro(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const char *schema;
    const Type *t;
    bool nullable;
    AvroType *avro;
    KeyValueList options;
    (void)args;
    TRY(constant_text(e, c, 0, &schema));
    TRY(emit_options(e, c, 1, &options));
    const char *reader = source_option(&options, "avroSchema");
    schema = reader ? reader : schema;
    TRY(avro_parse(e->a, schema, strlen(schema), &avro, e->err));
    TRY(avro_to_spark(e->a, avro, &t, &nullable, e->err));
    str_auto text = EMIT_STR;
    type_sql(t, &text);
    str_add(out, emit_quoted(e, str_text(&text)));
    return ST_OK;
}

Status emit_from_avro(Emit *e, const Call *c, const char *const *args, Str *out)
{
    KeyValueList options;
    const char *function, *schema;
    TRY(constant_text(e, c, 1, &schema));
    TRY(emit_options(e, c, 2, &options));
    const char *mode = source_option(&options, "mode");
    if (mode && !str_ieq(mode, "PERMISSIVE") && !str_ieq(mode, "FAILFAST"))
        return FAIL_CODE(e->err, ST_INVALID, "PARSE_MODE_UNSUPPORTED", "The function from_avro doesn't support the %s mode. Acceptable modes are PERMISSIVE and FAILFAST.",
                         mode);
    if (!e->o->parser)
        return emit_unsupported(e, (const Node *)c, "without a session");
    vec_push(e->a, &options, (KeyValue){ ENGINE_AVRO_SCHEMA, schema });
    TRY(e->o->parser(e->o->self, e->a, "avro", c->node.type, &options, &function, e->err));
    emit_quoted_name(function, out);
    str_addf(out, "(%s)", args[0]);
    return ST_OK;
}

Status emit_to_avro(Emit *e, const Call *c, const char *const *args, Str *out)
{
    KeyValueList options = { 0 };
    const char *function, *schema;
    const Type *t = c->args.at[0]->type;
    str_auto json = EMIT_STR;
    const Node *given = c->args.len > 1 ? c->args.at[1] : NULL;
    while (given && node_is(Cast, given))
        given = node_as(Cast, given)->child;
    if (given && !(node_is(Literal, given) && node_as(Literal, given)->value->is_null)) {
        TRY(constant_text(e, c, 1, &schema));
    } else {
        TRY(avro_from_spark(t, c->args.at[0]->nullable, "topLevelRecord", "", &json, e->err));
        schema = str_arena(&json, e->a);
    }
    if (!e->o->parser)
        return emit_unsupported(e, (const Node *)c, "without a session");
    vec_push(e->a, &options, (KeyValue){ ENGINE_AVRO_SCHEMA, schema });
    TRY(e->o->parser(e->o->self, e->a, "to_avro", t, &options, &function, e->err));
    emit_quoted_name(function, out);
    str_addf(out, "(%s)", args[0]);
    return ST_OK;
}
