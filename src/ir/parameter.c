/* ir/parameter.c -- what functions.def says of a parameter beside its type, checked while binding: "const", "nonnull", "one" and
 * "in" (ir/function.h). Source: checkInputDataTypes of Spark's expressions, whose order this keeps: first every argument is foldable,
 * then each is looked at. A foldable expression that is more than a literal, its sign and its casts is left to the engine. */
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
    out->null = out->null || l->value->is_null || l->node.type->kind == TYPE_NULL;
    if (out->null)
        return true;
    switch (l->node.type->kind) {
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

/* false: more than is computed here. */
static bool constant_of(Binder *b, const Node *n, double sign, Constant *out)
{
    if (node_is(Literal, n))
        return literal_constant(b, node_as(Literal, n), sign, out);
    if (node_is(Cast, n)) {
        bool good = constant_of(b, node_as(Cast, n)->child, sign, out);
        if (good && n->type->kind == TYPE_INT)
            for (size_t i = 0; i < out->numbers.len; i++)
                out->overflow = out->overflow || fabs(out->numbers.at[i]) > 2147483648.0 || out->numbers.at[i] == 2147483648.0;
        return good;
    }
    const Call *c = node_is(Call, n) ? node_as(Call, n) : NULL;
    if (c && str_eq(c->function->name, "negative"))
        return constant_of(b, c->args.at[0], -sign, out);
    if (!c || !str_eq(c->function->name, "array"))
        return false;
    for (size_t i = 0; i < c->args.len; i++)
        if (!constant_of(b, c->args.at[i], sign, out))
            return false;
    return true;
}

const char *call_text(Binder *b, const char *name, const NodeList *args)
{
    str_auto call = STR_INIT(ERROR_MESSAGE_BYTES);
    str_addf(&call, "\"%s(", name);
    for (size_t i = 0; i < args->len; i++)
        str_addf(&call, "%s%s", i ? ", " : "", pretty(b, args->at[i]));
    str_add(&call, ")\"");
    return str_arena(&call, b->a);
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
    if (!constant_of(b, args->at[i], 1, &c))
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
    if (!p->low || c.null || !str_to_f64(p->low, &low) || !str_to_f64(p->high, &high))
        return ST_OK;
    for (size_t k = 0; k < c.numbers.len; k++)
        if (!(c.numbers.at[k] >= low && c.numbers.at[k] <= high))
            return out_of_range(b, name, p, args, c.numbers.at[k], at, err);
    return ST_OK;
}

Status check_parameters(Binder *b, const char *name, const Signature *s, const NodeList *args, const Node *at, Error *err)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; s->nparams && i < args->len; i++) {
            const Param *p = &s->params[i < s->nparams ? i : s->nparams - 1];
            if (!p->constant)
                continue;
            if (!pass && p->argument && !is_foldable(args->at[i]))
                return not_foldable_argument(b, name, p, at, err);
            if (pass)
                TRY(check_constant(b, name, p, args, i, at, err));
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
