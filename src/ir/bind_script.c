/* ir/bind_script.c -- TRANSFORM: what a script of the shell is given becomes one text a row, and each line that it gives becomes
 * columns, all in expressions of the plan: a back end only writes and reads lines.
 * Source: BaseScriptTransformationExec, SparkScriptTransformationExec, ScriptTransformationIOSchema. */
#include "ir/binder.h"

#define NULL_TEXT "\\N"

/* Between fields: what Spark has without Hive, or the tabulator of its LazySimpleSerDe. */
static const char *field_end(const Binder *b, const char *given)
{
    const char *catalog = b->env->conf ? b->env->conf(b->env->self, "spark.sql.catalogImplementation") : NULL;
    return given ? given : str_ieq(catalog, "hive") ? "\t" : "\x01";
}

static const char *given(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* A column as the script sees it. */
static Status column_text(Binder *b, const Column *c, const char *null_text, const Node *at, Node **ret, Error *err)
{
    Node *text = column_ref(b, c);
    bool nested = c->type->kind == TYPE_ARRAY || c->type->kind == TYPE_MAP || c->type->kind == TYPE_STRUCT;
    if (nested)
        TRY(make_call1(b, "to_json", text, at, &text, err));
    else
        TRY(make_cast(b, text, &type_string, CAST_SESSION, at, &text, err));
    return make_call2(b, "coalesce", text, make_literal_string(b, null_text), at, ret, err);
}

/* The input's rows as lines, without their ends. */
static Status input_lines(Binder *b, const ScriptTransform *n, Node *input, Node **ret, Error *err)
{
    NodeList parts = { 0 }, exprs = { 0 };
    for (size_t i = 0; i < input->schema->len; i++) {
        Node *text = NULL;
        TRY(column_text(b, &input->schema->at[i], given(n->in_null, NULL_TEXT), &n->node, &text, err));
        if (i)
            vec_push(b->a, &parts, make_literal_string(b, field_end(b, n->in_fields)));
        vec_push(b->a, &parts, text);
    }
    Node *line = NULL;
    TRY(make_call(b, "concat", &parts, &n->node, &line, err));
    vec_push(b->a, &exprs, new_alias(b, line, "line"));
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}

/* What Java's parsers take: what is no such text is NULL, as with Hive's LazySimpleSerDe. NULL: whatever a cast takes. */
static const char *pattern_of(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: return "(?i)^(true|false)$";
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: return "^[+-]?[0-9]+$";
    case TYPE_FLOAT: case TYPE_DOUBLE:
        return "^[\\x00-\\x20]*[+-]?(NaN|Infinity|([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?[fFdD]?)[\\x00-\\x20]*$";
    case TYPE_DECIMAL: return "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$";
    default: return NULL;
    }
}

static Status refuse_type(Binder *b, const ScriptTransform *n, const Type *t, Error *err)
{
    const char *name = t->kind == TYPE_NULL ? "NullType$" : t->kind == TYPE_TIME ? "TimeType" : "VariantType$";
    return spark_error(err, &n->node, "_LEGACY_ERROR_TEMP_2265", "", "<nodeName> without serde does not support <dt> as output data type.",
                       "nodeName", "SparkScriptTransformation", "dt", arena_str(b->a, name), NULL);
}

/* `text`, which may be NULL, as a value of the type. */
static Status converted(Binder *b, const ScriptTransform *n, Node *text, const Type *t, Node **ret, Error *err)
{
    const Node *at = &n->node;
    Node *value = NULL, *fits = NULL;
    const char *pattern = pattern_of(t);
    switch (t->kind) {
    case TYPE_STRING:
        *ret = text;
        return ST_OK;
    case TYPE_NULL: case TYPE_TIME: case TYPE_VARIANT:
        return refuse_type(b, n, t, err);
    case TYPE_ARRAY: case TYPE_MAP: case TYPE_STRUCT:
        return make_call2(b, "from_json", text, make_literal_string(b, type_sql_text(b->a, t)), at, ret, err);
    case TYPE_BINARY:
        return make_cast(b, text, t, CAST_SESSION, at, ret, err);
    default:
        break;
    }
    TRY(make_cast(b, text, t, t->kind == TYPE_DECIMAL ? CAST_SESSION : CAST_TRY, at, &value, err)); /* too large a decimal is an error */
    if (!pattern) {
        *ret = value;
        return ST_OK;
    }
    TRY(make_call2(b, "rlike", text, make_literal_string(b, pattern), at, &fits, err));
    NodeList args = { 0 };
    vec_push(b->a, &args, fits);
    vec_push(b->a, &args, value);
    vec_push(b->a, &args, make_literal_null(b, t));
    return make_call(b, "if", &args, at, ret, err);
}

static const Type *output_of(Binder *b, const ScriptTransform *n)
{
    if (!n->schema_less)
        return n->output;
    Field *fields = ARENA_ARRAY(b->a, Field, 2);
    fields[0] = (Field){ .name = "key", .type = &type_string, .nullable = true };
    fields[1] = (Field){ .name = "value", .type = &type_string, .nullable = true };
    return type_struct(b->a, fields, 2);
}

/* The lines that came out, cut into columns: what is beyond them is dropped, those that are missing are NULL. */
static Status output_columns(Binder *b, const ScriptTransform *n, Node *lines, Node **ret, Error *err)
{
    const Node *at = &n->node;
    const Type *output = output_of(b, n);
    NodeList split = { 0 }, cut = { 0 }, exprs = { 0 };
    Node *parts = NULL;
    vec_push(b->a, &split, column_ref(b, &lines->schema->at[0]));
    vec_push(b->a, &split, make_literal_string(b, field_end(b, n->out_fields)));
    vec_push(b->a, &split, make_literal_int(b, -1, &type_int));
    TRY(make_call(b, "split", &split, at, &parts, err));
    vec_push(b->a, &cut, new_alias(b, parts, "parts"));
    Node *rows = make_project(b, lines, &cut);
    for (size_t i = 0; i < output->nfields; i++) {
        Node *text = NULL;
        TRY(make_call2(b, "get", column_ref(b, &rows->schema->at[0]), make_literal_int(b, (int64_t)i, &type_int), at, &text, err));
        if (!n->schema_less)
            TRY(make_call2(b, "nullif", text, make_literal_string(b, given(n->out_null, NULL_TEXT)), at, &text, err));
        TRY(converted(b, n, text, output->fields[i].type, &text, err));
        vec_push(b->a, &exprs, new_alias(b, text, output->fields[i].name));
    }
    *ret = make_project(b, rows, &exprs);
    return ST_OK;
}

Status bind_script(Binder *b, const ScriptTransform *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *lines = NULL;
    TRY(bind_relation(b, n->input, outer, &input, err));
    if (takes_outer(input))
        return spark_error(err, &n->node, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.ACCESSING_OUTER_QUERY_COLUMN_IS_NOT_ALLOWED", "0A000",
                           "Unsupported subquery expression: Accessing outer query column is not allowed in this location:\n<treeNode>",
                           "treeNode", "ScriptTransformation", NULL);
    TRY(input_lines(b, n, strip_hidden(b, input), &lines, err));
    Node *copy = node_copy(b->a, &n->node);
    ((ScriptTransform *)(void *)copy)->input = lines;
    Field line = { .name = "line", .type = &type_string };
    with_schema(copy, schema_from_type(b, type_struct(b->a, &line, 1), NULL));
    return output_columns(b, n, copy, ret, err);
}
