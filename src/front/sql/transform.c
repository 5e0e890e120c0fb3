/* front/sql/transform.c -- SELECT TRANSFORM (…) USING 'script', MAP … USING, REDUCE … USING, and ROW FORMAT.
 * Source: AstBuilder.{visitTransformQuerySpecification, withTransformQuerySpecification, withScriptIOSchema, getRowFormatDelimited}. */
#include "front/sql/parser.h"

RowFormat *row_format(SqlParser *p, const RowFormat *format)
{
    return arena_copy(p->a, format, sizeof *format);
}

Transform *transform(SqlParser *p, const Transform *t)
{
    return arena_copy(p->a, t, sizeof *t);
}

/* Either all columns have a type, or none has. */
FieldBuild *script_column_add(SqlParser *p, FieldBuild *columns, FieldBuild *more)
{
    if (!columns->at[0].type != !more->at[0].type)
        parser_syntax_error(p, &p->tokens.at[p->at], "");
    return fields_join(p, columns, more);
}

static const char *lines_problem(SqlParser *p, const RowFormat *format)
{
    if (!format || !format->lines || str_eq(format->lines, "\n"))
        return NULL;
    return arena_printf(p->a, "LINES TERMINATED BY only supports newline '\\n' right now: %s", format->lines);
}

static void check(SqlParser *p, const Transform *t)
{
    int start = t->start, stop = end_of_rule(p);
    if (t->quantified)
        parser_fail(p, start, stop, "UNSUPPORTED_FEATURE.TRANSFORM_DISTINCT_ALL", "0A000",
                    "The feature is not supported: TRANSFORM with the DISTINCT/ALL clause.");
    if (t->record_classes)
        parser_fail(p, start, stop, "_LEGACY_ERROR_TEMP_0048", "", "Unsupported operation: Used defined record reader/writer classes.");
    if ((t->in && t->in->serde) || (t->out && t->out->serde))
        parser_fail(p, start, stop, "UNSUPPORTED_FEATURE.TRANSFORM_NON_HIVE", "0A000",
                    "The feature is not supported: TRANSFORM with SERDE is only supported in hive mode.");
    const char *problem = lines_problem(p, t->in);
    problem = problem ? problem : lines_problem(p, t->out);
    if (problem) {
        parser_fail(p, start, stop, "_LEGACY_ERROR_TEMP_0064", "", "%s.", problem);
        parser_param(p, "msg", problem);
    }
}

static const Type *output_type(SqlParser *p, const FieldBuild *columns)
{
    Field *fields = ARENA_ARRAY(p->a, Field, columns->len + 1);
    for (size_t i = 0; i < columns->len; i++) {
        const Type *type = columns->at[i].type;
        bool text = !type || type->kind == TYPE_CHAR || type->kind == TYPE_VARCHAR;
        fields[i] = (Field){ .name = columns->at[i].name, .type = text ? &type_string : type, .nullable = true };
    }
    return type_struct(p->a, fields, columns->len);
}

Node *transform_query(SqlParser *p, const Transform *t, const Select *s)
{
    static const RowFormat plain = { 0 };
    const RowFormat *in = t->in ? t->in : &plain, *out = t->out ? t->out : &plain;
    check(p, t);
    Node *n = node_new(p->a, ScriptTransform, .input = select_query(p, s), .script = t->script, .schema_less = !t->columns,
                       .output = t->columns ? output_type(p, t->columns) : NULL, .in_fields = in->fields, .in_null = in->null,
                       .out_fields = out->fields, .out_null = out->null);
    return at(p, n, t->start);
}
