/* ir/result_schema.c -- results whose type an argument spells: from_json, from_csv, from_avro, variant_get. */
#include "ir/binder.h"
#include "ir/signature.h"

Status result_no_cast(Binder *b, const Node *at, const char *name, const Type *from, const Type *to, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: cannot cast <srcType> to <targetType>.", "sqlExpr",
                       arena_printf(b->a, "\"%s\"", name), "srcType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, from)), "targetType",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, to)), NULL);
}

/* A type, or the columns of a table: "a INT, b STRING". */
static Status type_of_schema(Binder *b, const char *text, const Type **ret, Error *err)
{
    Error first = ERROR_INIT;
    const Type *one = NULL; /* inside a struct the text can only be a type */
    if (b->env->parse_type(b->env->self, b->a, arena_printf(b->a, "struct<v:%s>", text), &one, &first) == ST_OK && one->nfields == 1) {
        *ret = one->fields[0].type;
        return ST_OK;
    }
    return b->env->parse_type(b->env->self, b->a, arena_printf(b->a, "struct<%s>", text), ret, err);
}

/* ExprUtils.checkJsonSchema: is there a map whose keys are no texts? */
static bool has_other_key(const Type *t)
{
    bool found = t->kind == TYPE_MAP && t->key->kind != TYPE_STRING;
    if (t->kind == TYPE_MAP || t->kind == TYPE_ARRAY)
        return found || has_other_key(t->element);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        found = found || has_other_key(t->fields[i].type);
    return found;
}

/* ExprUtils.checkXmlSchema: is there a map whose keys are no texts? What of the others weir does not read. */
static Status check_xml(Binder *b, const FunctionRow *row, const NodeList *args, const Type *t, const Node *at, Error *err)
{
    const char *schema = arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t));
    if (t->kind != TYPE_STRUCT && t->kind != TYPE_VARIANT)
        return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_XML_SCHEMA", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Input schema <schema> must be a struct or a variant.", "sqlExpr",
                           call_text(b, row->name, args), "schema", schema, NULL);
    if (has_other_key(t))
        return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_XML_MAP_KEY_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Input schema <schema> can only contain STRING as a key type for a MAP.",
                           "sqlExpr", call_text(b, row->name, args), "schema", schema, NULL);
    return ST_OK;
}

/* from_json, from_csv and from_xml: the schema is a constant text, DDL or JSON. */
Status result_from_schema(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const Node *schema = NULL;
    if (args->at[1]->type->kind == TYPE_STRING)
        TRY(constant_value(b, args->at[1], &schema, err));
    if (!schema || node_as(Literal, schema)->value->is_null)
        return spark_error(err, at, "INVALID_SCHEMA.NON_STRING_LITERAL", "42K07",
                           "The input schema <inputSchema> is not a valid schema string. The input expression must be string "
                           "literal and not null.",
                           "inputSchema", arena_printf(b->a, "\"%s\"", pretty(b, args->at[1])), NULL);
    const Value *v = node_as(Literal, schema)->value;
    const char *text = arena_strn(b->a, v->text, v->text_len);
    const Type *t = NULL;
    if (*text == '{' || *text == '"')
        TRY(type_from_json(b->a, text, &t, err));
    else
        TRY(type_of_schema(b, text, &t, err));
    if (str_eq(row->name, "from_csv") && t->kind != TYPE_STRUCT) {
        str_auto type = STR_INIT(ERROR_MESSAGE_BYTES);
        type_sql(t, &type);
        return spark_error(err, at, "INVALID_SCHEMA.NON_STRUCT_TYPE", "42K07",
                           "The input schema <inputSchema> is not a valid schema string. The input expression should be evaluated to "
                           "struct type, but got <dataType>.",
                           "inputSchema", arena_printf(b->a, "\"%s\"", pretty(b, args->at[1])), "dataType", arena_printf(b->a, "\"%s\"", str_text(&type)), NULL);
    }
    if (args->len > 2)
        TRY(check_options(b, signature_of(row), args, at, err)); /* the expression is not made without them */
    if (str_eq(row->name, "from_json") && has_other_key(t))
        return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Input schema <schema> can only contain STRING as a key type for a MAP.",
                           "sqlExpr", call_text(b, row->name, args), "schema", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t)), NULL);
    if (str_eq(row->name, "from_xml"))
        TRY(check_xml(b, row, args, t, at, err));
    *ret = type_as_nullable(b->a, t);
    return ST_OK;
}

/* from_avro: what schema_of_avro says of the schema and the options. */
Status result_from_avro(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    NodeList all = { 0 };
    Node *call = NULL;
    const Node *schema = NULL;
    for (size_t i = 1; i < args->len; i++)
        vec_push(b->a, &all, args->at[i]);
    TRY(make_call(b, "schema_of_avro", &all, at, &call, err));
    TRY(constant_value(b, call, &schema, err));
    if (!schema || node_as(Literal, schema)->value->is_null)
        return spark_unsupported(err, at, "from_avro with a schema that is not constant");
    const Value *v = node_as(Literal, schema)->value;
    return type_of_schema(b, arena_strn(b->a, v->text, v->text_len), ret, err);
}

/* variant_get(v, path, 'type'): the type must be constant text. */
Status result_variant_get(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const Type *t = &type_variant;
    if (args->len > 2) {
        const Node *name = NULL;
        if (args->at[2]->type->kind == TYPE_STRING)
            TRY(constant_value(b, args->at[2], &name, err));
        if (!name || node_as(Literal, name)->value->is_null)
            return spark_error(err, at, "INVALID_SCHEMA.NON_STRING_LITERAL", "42K07",
                               "The input schema <inputSchema> is not a valid schema string. The input expression must be string "
                               "literal and not null.",
                               "inputSchema", arena_printf(b->a, "\"%s\"", pretty(b, args->at[2])), NULL);
        const Value *v = node_as(Literal, name)->value;
        TRY(type_of_schema(b, arena_strn(b->a, v->text, v->text_len), &t, err));
    }
    if (!cast_holds_variant(t, true))
        return result_no_cast(b, at, row->name, &type_variant, t, err);
    *ret = type_as_nullable(b->a, t);
    return ST_OK;
}
