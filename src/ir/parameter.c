/* ir/parameter.c -- what functions.def says of a parameter beside its type, checked while binding: "const", "nonnull", "one" and
 * "in" (ir/function.h). Source: checkInputDataTypes of Spark's expressions, whose order this keeps: first every argument is foldable,
 * then each is looked at. A foldable expression that is more than a literal, its sign and its casts is computed by the engine (constant_value). */
#include "ir/binder.h"
#include "ir/signature.h"

#include <math.h>

typedef struct Constant {
    bool null, overflow; /* overflow: of a cast to INT */
    VEC(double) numbers; /* one, or an array's */
    const char *text;    /* of a STRING, not null */
    size_t text_len;
} Constant;

static bool literal_constant(Binder *b, const Literal *l, double sign, Constant *out)
{
    double f = 0;
    out->null = out->null || l->value->is_null || l->of->kind == TYPE_NULL;
    if (out->null)
        return true;
    switch (l->of->kind) {
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG:
        vec_push(b->a, &out->numbers, sign * (double)l->value->i);
        return true;
    case TYPE_FLOAT: case TYPE_DOUBLE:
        vec_push(b->a, &out->numbers, sign * l->value->f);
        return true;
    case TYPE_STRING:
        out->text = l->value->text;
        out->text_len = l->value->text_len;
        if (str_to_f64(arena_strn(b->a, l->value->text, l->value->text_len), &f))
            vec_push(b->a, &out->numbers, sign * f);
        return true;
    case TYPE_DECIMAL:
        if (!str_to_f64(arena_strn(b->a, l->value->text, l->value->text_len), &f))
            return false;
        vec_push(b->a, &out->numbers, sign * f);
        return true;
    default:
        return false;
    }
}

static bool one_character(const Constant *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->text_len; i++)
        n += (c->text[i] & 0xC0) != 0x80;
    return n == 1;
}

static void note_overflow(const Type *t, Constant *out)
{
    for (size_t i = 0; t->kind == TYPE_INT && i < out->numbers.len; i++)
        out->overflow = out->overflow || fabs(out->numbers.at[i]) > 2147483648.0 || out->numbers.at[i] == 2147483648.0;
}

/* *ret_known false: a type without numbers, or nobody is there to compute it. */
static Status constant_of(Binder *b, Node *n, double sign, Constant *out, bool *ret_known, Error *err)
{
    const Call *c = node_is(Call, n) ? node_as(Call, n) : NULL;
    *ret_known = true;
    if (node_is(Literal, n)) {
        *ret_known = literal_constant(b, node_as(Literal, n), sign, out);
        return ST_OK;
    }
    if (node_is(Cast, n)) {
        TRY(constant_of(b, node_as(Cast, n)->child, sign, out, ret_known, err));
        note_overflow(n->type, out);
        return ST_OK;
    }
    if (c && str_eq(c->function->name, "negative") && node_is(Literal, c->args.at[0]))
        return constant_of(b, c->args.at[0], -sign, out, ret_known, err);
    if (c && str_eq(c->function->name, "array")) {
        for (size_t i = 0; *ret_known && i < c->args.len; i++)
            TRY(constant_of(b, c->args.at[i], sign, out, ret_known, err));
        return ST_OK;
    }
    const Node *value = NULL;
    if (is_foldable(n))
        TRY(constant_value(b, n, &value, err));
    *ret_known = value && literal_constant(b, node_as(Literal, value), sign, out);
    return ST_OK;
}

const char *call_text(Binder *b, const char *name, const NodeList *args)
{
    size_t n = 0;
    const FunctionRow *row = function_find(name, &n);
    if (row && row->kind == FN_GENERATOR && str_ends(name, "_outer")) /* GeneratorOuter(Explode(x)) */
        row = function_find(arena_strn(b->a, name, strlen(name) - strlen("_outer")), &n);
    if (!row) {
        str_auto call = STR_INIT(ERROR_MESSAGE_BYTES);
        str_addf(&call, "\"%s(", name);
        for (size_t i = 0; i < args->len; i++)
            str_addf(&call, "%s%s", i ? ", " : "", pretty(b, args->at[i]));
        str_add(&call, ")\"");
        return str_arena(&call, b->a);
    }
    if (str_eq(name, "timestamp_sub_interval") && args->len == 2)
        return arena_printf(b->a, "\"%s + (- %s)\"", pretty(b, args->at[0]), pretty(b, args->at[1]));
    return arena_printf(b->a, "\"%s\"", pretty(b, typed(node_new(b->a, Call, .function = row, .args = *args), &type_null, true, NULL)));
}

static const char *quoted(Binder *b, const char *text)
{
    return arena_printf(b->a, "\"%s\"", text);
}

static Status not_foldable(Binder *b, const char *name, const Param *p, const NodeList *args, size_t i, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: the input <inputName> should be a foldable <inputType> "
                       "expression; however, got <inputExpr>.",
                       "sqlExpr", call_text(b, name, args), "inputName", sql_id(b->a, p->name), "inputType",
                       quoted(b, type_sql_text(b->a, args->at[i]->type)), "inputExpr", quoted(b, pretty(b, args->at[i])), NULL);
}

/* ExpressionBuilder's own check of a constant argument. */
static Status not_foldable_argument(Binder *b, const char *name, const Param *p, const Node *at, Error *err)
{
    const Spec *s = &p->alternatives[0];
    return spark_error(err, at, "NON_FOLDABLE_ARGUMENT", "42K08",
                       "The function <funcName> requires the parameter <paramName> to be a foldable expression of the type <paramType>, but the "
                       "actual argument is a non-foldable.",
                       "funcName", sql_id(b->a, name), "paramName", sql_id(b->a, p->name), "paramType",
                       quoted(b, s->type ? type_sql_text(b->a, s->type) : "ANY"), NULL);
}

/* ExprUtils.convertToMapData: a map() of constant texts. */
static Status check_map(Binder *b, const Node *n, const Node *at, Error *err)
{
    const Type *t = n->type;
    bool map = node_is(Call, n) && str_eq(node_as(Call, n)->function->name, "map");
    if (!map || !is_foldable(n))
        return spark_error(err, at, "INVALID_OPTIONS.NON_MAP_FUNCTION", "42K06", "Invalid options: Must use the `map()` function for options.",
                           NULL);
    if (t->key->kind == TYPE_STRING && t->element->kind == TYPE_STRING)
        return ST_OK;
    return spark_error(err, at, "INVALID_OPTIONS.NON_STRING_TYPE", "42K06",
                       "Invalid options: A type of keys and values in `map()` must be string, but got <mapType>.", "mapType",
                       quoted(b, type_sql_text(b->a, t)), NULL);
}

static Status out_of_range(Binder *b, const char *name, const Param *p, const NodeList *args, double value, const Node *at, Error *err)
{
    double low = 0;
    bool whole = !strchr(p->low, '.');
    str_to_f64(p->low, &low); /* Spark writes the range of whole numbers open below */
    const char *range = whole ? arena_printf(b->a, "(%.0f, %s]", low - 1, p->high) : arena_printf(b->a, "[%s, %s]", p->low, p->high);
    return spark_error(err, at, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must be between <valueRange> (current value = "
                       "<currentValue>).",
                       "sqlExpr", call_text(b, name, args), "exprName", p->name, "valueRange", range, "currentValue",
                       arena_printf(b->a, whole ? "%.0f" : "%g", value), NULL);
}

static Status check_constant(Binder *b, const char *name, const Param *p, const NodeList *args, size_t i, const Node *at, Error *err)
{
    Constant c = { 0 };
    double low = 0, high = 0;
    bool known;
    TRY(constant_of(b, args->at[i], 1, &c, &known, err));
    if (!known)
        return ST_OK;
    if (c.overflow && b->ansi)
        return spark_error(err, at, "CAST_OVERFLOW", "22003",
                           "The value <value> of the type <sourceType> cannot be cast to <targetType> due to an overflow. Use `try_cast` to tolerate "
                           "overflow and return NULL instead.",
                           "value", arena_printf(b->a, "%.0fL", c.numbers.at[0]), "sourceType", "\"BIGINT\"", "targetType", "\"INT\"", NULL);
    if (p->nonnull && c.null)
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must not be null.", "sqlExpr",
                           call_text(b, name, args), "exprName", p->name, NULL);
    if (p->one && !c.null && c.text && !one_character(&c))
        return spark_error(err, at, "DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Length of <exprName> should be 1.", "sqlExpr",
                           call_text(b, name, args), "exprName", p->name, NULL);
    if (c.null && str_eq(name, "nth_value")) /* its offset is a number of Java's by then */
        return out_of_range(b, name, p, args, 0, at, err);
    if (!p->low || c.null || !str_to_f64(p->low, &low) || !str_to_f64(p->high, &high))
        return ST_OK;
    for (size_t k = 0; k < c.numbers.len; k++)
        if (!(c.numbers.at[k] >= low && c.numbers.at[k] <= high))
            return out_of_range(b, name, p, args, c.numbers.at[k], at, err);
    return ST_OK;
}

/* ExpressionBuilders want an INT or a BOOLEAN as it is. */
static bool is_converted(const Node *n)
{
    return (node_is(Cast, n) && node_as(Cast, n)->implicit) || (node_is(Literal, n) && node_as(Literal, n)->value->is_null);
}

static Status not_of_type(Binder *b, const char *name, const Param *p, const Node *n, const Node *at, Error *err)
{
    return spark_error(err, at, "UNEXPECTED_INPUT_TYPE", "42K09",
                       "Parameter <paramIndex> of function <functionName> requires the <requiredType> type, however <inputSql> has the type <inputType>.",
                       "paramIndex", "second", "functionName", sql_id(b->a, name), "requiredType", quoted(b, type_sql_text(b->a, p->alternatives[0].type)), "inputSql",
                       quoted(b, pretty(b, n)), "inputType", quoted(b, type_sql_text(b->a, node_as(Cast, n)->child->type)), NULL);
}

/* What a function's builder looks at before there is an expression whose types could be checked. */
Status check_builder(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, const NodeList *args, const Node *at, Error *err)
{
    for (size_t k = 0; k < nrows; k++) {
        const Signature *s = signature_of(&rows[k]);
        for (size_t i = 0; s->nparams && args->len >= s->least && args->len <= s->most && i < args->len; i++) {
            const Param *p = &s->params[i < s->nparams ? i : s->nparams - 1];
            if (p->argument && !is_foldable(args->at[i]))
                return not_foldable_argument(b, name, p, at, err);
            if (p->constant && !is_foldable(args->at[i]) && (in_words("to_binary try_to_binary ntile", name) || str_starts(name, "kll_sketch_get"))) /* before types */
                return not_foldable(b, name, p, args, i, at, err);
        }
    }
    return ST_OK;
}

Status check_parameters(Binder *b, const char *name, const Signature *s, const NodeList *args, const Node *at, Error *err)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; s->nparams && i < args->len; i++) {
            const Param *p = &s->params[i < s->nparams ? i : s->nparams - 1];
            if (!p->constant)
                continue;
            if (!pass && p->argument && p->alternatives[0].type && p->alternatives[0].type->kind == TYPE_INT && is_converted(args->at[i]))
                return not_foldable_argument(b, name, p, at, err);
            if (pass && p->argument && p->nonnull && node_is(Cast, args->at[i]) && is_converted(args->at[i]))
                return not_of_type(b, name, p, args->at[i], at, err);
            if (pass)
                TRY(check_constant(b, name, p, args, i, at, err));
            else if (!is_foldable(args->at[i]) && (str_starts(name, "randn") || str_ieq(name, "rand") || str_ieq(name, "random")))
                return spark_error(err, at, "SEED_EXPRESSION_IS_UNFOLDABLE", "42K08", "The seed expression <seedExpr> of the expression <exprWithSeed> must be foldable.",
                                   "seedExpr", quoted(b, pretty(b, args->at[i])), "exprWithSeed", call_text(b, name, args), NULL);
            else if (!is_foldable(args->at[i]))
                return not_foldable(b, name, p, args, i, at, err);
        }
    return ST_OK;
}

Status check_options(Binder *b, const Signature *s, const NodeList *args, const Node *at, Error *err)
{
    for (size_t i = 0; i < s->nparams && i < args->len; i++)
        if (s->params[i].options)
            TRY(check_map(b, args->at[i], at, err));
    return ST_OK;
}

Status check_call_parameters(Binder *b, const Call *c, const Node *at, Error *err)
{
    return check_parameters(b, c->function->name, signature_of(c->function), &c->args, at, err);
}
