/* ir/bind_generate.c -- generators: explode and friends in a select list, in LATERAL VIEW, in FROM. */
#include "ir/binder.h"
#include "ir/check.h"

#include <inttypes.h>

static bool is_generator(const Node *n)
{
    return node_is(Call, n) && node_as(Call, n)->function->kind == FN_GENERATOR;
}

Status nested_generator(Binder *b, const Node *e, Error *err)
{
    return spark_error(err, e, "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", "42K0E",
                       "The generator is not supported: nested in expressions <expression>.", "expression",
                       arena_printf(b->a, "\"%s\"", pretty(b, e)), NULL);
}

enum { STACK_MAX_VALUES = 1000000 };

/* stack(n, …) is inline(array(struct(…), …)): one generator less for back ends. */
static Status stack_as_inline(Binder *b, const Call *stack, const Node *at, Node **ret, Error *err)
{
    const Type *t = stack->node.type;
    size_t columns = t->nfields, values = stack->args.len - 1, rows = (values + columns - 1) / columns;
    NodeList structs = { 0 };
    Node *list = NULL;
    rows = (size_t)node_as(Literal, stack->args.at[0])->value->i < rows ? rows : (size_t)node_as(Literal, stack->args.at[0])->value->i;
    if (rows * columns > STACK_MAX_VALUES)
        return spark_too_complex(err, at);
    for (size_t r = 0; r < rows; r++) {
        NodeList fields = { 0 };
        Node *row = NULL;
        for (size_t c = 0; c < columns; c++) {
            size_t i = r * columns + c;
            vec_push(b->a, &fields, make_literal_string(b, t->fields[c].name));
            vec_push(b->a, &fields, i < values ? stack->args.at[i + 1] : make_literal_null(b, t->fields[c].type));
        }
        TRY(make_call(b, "named_struct", &fields, at, &row, err));
        vec_push(b->a, &structs, row);
    }
    TRY(make_call(b, "array", &structs, at, &list, err));
    TRY(make_call1(b, "inline", list, at, ret, err));
    (*ret)->type = t;
    return ST_OK;
}

Status make_generate(Binder *b, Node *input, Node *generator, bool outer, const StrList *names, const StrList *qualifier, const Node *at,
                     Node **ret, Error *err)
{
    const Type *t = generator->type;
    if (!strcmp(node_as(Call, generator)->function->name, "stack"))
        TRY(stack_as_inline(b, node_as(Call, generator), at, &generator, err));
    if (names->len && names->len != t->nfields) {
        str_auto list = STR_INIT(ERROR_PARAMS_BYTES);
        for (size_t i = 0; i < names->len; i++)
            str_addf(&list, "%s%s", i ? "," : "", names->at[i]);
        return spark_error(err, NULL, "UDTF_ALIAS_NUMBER_MISMATCH", "42802",
                           "The number of aliases supplied in the AS clause does not match the number of columns output by the "
                           "UDTF.\nExpected <aliasesSize> aliases, but got <aliasesNames>.\nPlease ensure that the number of "
                           "aliases provided matches the number of columns output by the UDTF.",
                           "aliasesSize", arena_printf(b->a, "%zu", t->nfields), "aliasesNames", str_text(&list), NULL);
    }
    Field *fields = ARENA_ARRAY(b->a, Field, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++) {
        fields[i] = t->fields[i];
        fields[i].name = names->len ? names->at[i] : fields[i].name;
        fields[i].nullable = fields[i].nullable || outer;
    }
    const Schema *made = schema_from_type(b, type_struct(b->a, fields, t->nfields), qualifier);
    Schema *all = ARENA_NEW(b->a, Schema);
    Column *columns = ARENA_ARRAY(b->a, Column, input->schema->len + made->len + 1);
    for (size_t i = 0; i < input->schema->len; i++)
        columns[i] = input->schema->at[i];
    for (size_t i = 0; i < made->len; i++)
        columns[input->schema->len + i] = made->at[i];
    all->at = columns;
    all->len = input->schema->len + made->len;
    *ret = with_schema(node_new(b->a, Generate, .input = input, .generator = generator, .outer = outer), all);
    return ST_OK;
}

/* The generator that output `at` is: a Generate over *input, its columns in the output's place. */
static Status extract_one(Binder *b, Node **input, NodeList *exprs, size_t at, Error *err)
{
    const Alias *alias = node_as(Alias, exprs->at[at]);
    StrList names = alias->generated ? (StrList){ 0 } : alias->names;
    size_t before = (*input)->schema->len;
    TRY(make_generate(b, *input, alias->child, false, &names, NULL, exprs->at[at], input, err));
    NodeList all = { 0 };
    for (size_t i = 0; i < exprs->len; i++) {
        if (i != at) {
            vec_push(b->a, &all, exprs->at[i]);
            continue;
        }
        for (size_t k = before; k < (*input)->schema->len; k++)
            vec_push(b->a, &all, column_ref(b, &(*input)->schema->at[k]));
    }
    *exprs = all;
    return ST_OK;
}

Status extract_generator(Binder *b, Node **input, NodeList *exprs, Error *err)
{
    for (size_t i = 0; i < exprs->len; i++) {
        const Node *e = exprs->at[i];
        if (!contains_kind(e, FN_GENERATOR))
            continue;
        if (!node_is(Alias, e) || !is_generator(node_as(Alias, e)->child))
            return nested_generator(b, e, err);
        TRY(extract_one(b, input, exprs, i, err));
    }
    return ST_OK;
}

Status bind_lateral_view(Binder *b, const LateralView *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL, *generator = NULL;
    StrList qualifier = { 0 };
    size_t from = b->plans.len;
    TRY(bind_relation(b, n->input, outer, &input, err));
    Scope s = scope_over(b, input->schema, outer, from);
    s.generators = true;
    s.no_routines = "Generate";
    TRY(bind_expr(b, &s, n->generator, &generator, err));
    if (!is_generator(generator))
        return spark_error(err, &n->node, "UNSUPPORTED_GENERATOR.NOT_GENERATOR", "42K0E",
                           "The generator is not supported: <functionName> is expected to be a generator. However, its class is "
                           "<classCanonicalName>, which is not a generator.",
                           "functionName", pretty(b, generator), "classCanonicalName", "Expression", NULL);
    if (n->alias)
        vec_push(b->a, &qualifier, n->alias);
    return make_generate(b, input, generator, n->outer, &n->columns, &qualifier, &n->node, ret, err);
}

/* ---------------------------------------------------------------- table functions */

static Status range_argument(Binder *b, Node *e, const Node *at, int64_t *ret, Error *err)
{
    if (is_foldable(e) && !node_is(Literal, e) && cast_valid(b->ansi, e->type, &type_long)) {
        Node *cast = NULL;
        const Node *value = NULL;
        TRY(make_cast(b, e, &type_long, CAST_SESSION, at, &cast, err));
        TRY(constant_value(b, cast, &value, err));
        if (value && !node_as(Literal, value)->value->is_null) {
            *ret = node_as(Literal, value)->value->i;
            return ST_OK;
        }
    }
    bool negative = node_is(Call, e) && !strcmp(node_as(Call, e)->function->name, "negative");
    const Node *inner = negative ? node_as(Call, e)->args.at[0] : e;
    if (!node_is(Literal, inner) || !type_is_integral(inner->type))
        return spark_unsupported(err, at, arena_printf(b->a, "range() with the argument %s, which is no integer constant",
                                                       pretty(b, e)));
    *ret = negative ? -node_as(Literal, inner)->value->i : node_as(Literal, inner)->value->i;
    return ST_OK;
}

static Status bind_range_function(Binder *b, const UnresolvedTableFunction *n, const NodeList *args, Node **ret, Error *err)
{
    int64_t v[4] = { 0, 0, 1, 0 };
    if (args->len < 1 || args->len > 4)
        return spark_error(err, &n->node, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                           "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, "
                           "refer to '<docroot>/sql-ref-functions.html' for a fix.",
                           "functionName", "`range`", "expectedNum", "[1, 2, 3, 4]", "actualNum",
                           arena_printf(b->a, "%zu", args->len), NULL);
    for (size_t i = 0; i < args->len; i++)
        TRY(range_argument(b, args->at[i], &n->node, &v[args->len == 1 ? 1 : i], err));
    Node *range = node_new(b->a, Range, .from = v[0], .to = v[1], .step = v[2], .partitions = v[3]);
    return bind_relation(b, range, NULL, ret, err);
}

static bool is_python_table(const Node *n)
{
    enum { TABLE_UDF = 300, ARROW_UDTF = 302 }; /* PythonEvalType */
    return node_is(PythonUdf, n) && node_as(PythonUdf, n)->eval_type >= TABLE_UDF && node_as(PythonUdf, n)->eval_type <= ARROW_UDTF;
}

Status bind_table_function(Binder *b, const UnresolvedTableFunction *n, const Scope *outer, Node **ret, Error *err)
{
    const char *name = n->name.at[n->name.len - 1];
    NodeList args = { 0 };
    Scope s = { .outer = outer, .generators = true };
    if (n->function)
        return bind_python_table(b, node_as(PythonUdf, n->function), n, &s, ret, err);
    if (str_ieq(name, "range")) {
        TRY(bind_exprs(b, &s, &n->args, &args, err));
        return bind_range_function(b, n, &args, ret, err);
    }
    if (str_ieq(name, "collations"))
        return collation_table(b, n, ret, err);
    size_t rows = 0;
    const FunctionRow *row = function_find(name, &rows);
    Node *routine = NULL;
    Error ignored = ERROR_INIT;
    if (!row && b->env->function && b->env->function(b->env->self, b->a, &n->name, &routine, &ignored) == ST_OK &&
        node_is(CreateFunction, routine))
        return bind_routine_table(b, node_as(CreateFunction, routine), n, outer, ret, err);
    if (routine && is_python_table(routine))
        return bind_python_table(b, node_as(PythonUdf, routine), n, &s, ret, err);
    if (!row || row->kind != FN_GENERATOR)
        return spark_error(err, &n->node, "UNRESOLVABLE_TABLE_VALUED_FUNCTION", "42883",
                           "Could not resolve <name> to a table-valued function. Please make sure that <name> is defined as a "
                           "table-valued function and that all required parameters are provided correctly. If <name> is not "
                           "defined, please create the table-valued function before using it. For more information about defining "
                           "table-valued functions, please refer to the Apache Spark documentation.",
                           "name", sql_ids(b->a, &n->name), NULL);
    Node *generator = NULL, *one = NULL, *made = NULL;
    StrList none = { 0 };
    Node *f = node_new(b->a, Function, .name = n->name, .args = n->args);
    TRY(bind_expr(b, &s, node_at(f, n->node.start, n->node.stop), &generator, err));
    TRY(bind_relation(b, node_new(b->a, OneRow, .unused = false), NULL, &one, err));
    TRY(make_generate(b, one, generator, false, &none, NULL, &n->node, &made, err));
    *ret = made;
    return ST_OK;
}
