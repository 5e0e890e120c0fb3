/* ir/result_approx.c -- what approximate aggregates ask of their constant arguments. Source: HyperLogLogPlusPlus.validateDoubleLiteral,
 * ApproximatePercentile.checkInputDataTypes. */
#include "ir/binder.h"

#include <math.h>

static const char *call_text(Binder *b, const FunctionRow *row, const NodeList *args)
{
    return arena_printf(b->a, "\"%s\"", pretty(b, node_new(b->a, Call, .function = row, .args = *args)));
}

/* A constant number; *ret_null: it is NULL. False: not one that is known without running. */
static bool constant_number(Binder *b, const Node *n, double *ret, bool *ret_null)
{
    if (node_is(Cast, n))
        return constant_number(b, node_as(Cast, n)->child, ret, ret_null);
    if (node_is(Call, n) && !strcmp(node_as(Call, n)->function->name, "negative") && constant_number(b, node_as(Call, n)->args.at[0], ret, ret_null)) {
        *ret = -*ret;
        return true;
    }
    if (!node_is(Literal, n))
        return false;
    const Value *v = node_as(Literal, n)->value;
    TypeKind kind = node_as(Literal, n)->of->kind;
    *ret_null = v->is_null;
    *ret = kind == TYPE_DOUBLE || kind == TYPE_FLOAT ? v->f : (double)v->i;
    if (!v->is_null && (kind == TYPE_DECIMAL || kind == TYPE_STRING))
        return str_to_f64(arena_strn(b->a, v->text, v->text_len), ret);
    return true;
}

static Status not_foldable(Binder *b, const FunctionRow *row, const NodeList *args, size_t i, const char *input, const char *type, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: the input <inputName> should be a foldable <inputType> "
                       "expression; however, got <inputExpr>.",
                       "sqlExpr", call_text(b, row, args), "inputName", input, "inputType", type, "inputExpr",
                       arena_printf(b->a, "\"%s\"", pretty(b, args->at[i])), NULL);
}

static Status unexpected_null(Binder *b, const FunctionRow *row, const NodeList *args, const char *name, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must not be null.", "sqlExpr", call_text(b, row, args),
                       "exprName", name, NULL);
}

static Status out_of_range(Binder *b, const FunctionRow *row, const NodeList *args, const char *name, const char *range, const char *value, const Node *at,
                           Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must be between <valueRange> (current value = <currentValue>).",
                       "sqlExpr", call_text(b, row, args), "exprName", name, "valueRange", range, "currentValue", value, NULL);
}

static Status check_fractions(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    const Node *n = args->at[1];
    while (node_is(Cast, n))
        n = node_as(Cast, n)->child;
    if (!is_foldable(n))
        return not_foldable(b, row, args, 1, "`percentage`", "\"DOUBLE\"", at, err);
    bool array = node_is(Call, n) && !strcmp(node_as(Call, n)->function->name, "array"), bad = false, null = false;
    const NodeList one = { .at = (Node **)(uintptr_t)&n, .len = 1 }, *all = array ? &node_as(Call, n)->args : &one;
    str_auto values = STR_INIT(4096);
    for (size_t i = 0; i < all->len; i++) {
        double p = 0;
        bool item_null = false;
        bool known = constant_number(b, all->at[i], &p, &item_null);
        null = null || (item_null && !array);
        p = item_null ? 0 : p;
        bad = bad || (known && !(p >= 0 && p <= 1));
        Value v = { .f = p };
        str_addc(&values, i ? ',' : ' ');
        value_sql(&v, &type_double, &values);
    }
    if (null)
        return unexpected_null(b, row, args, "percentage", at, err);
    return bad ? out_of_range(b, row, args, "percentage", "[0.0, 1.0]", arena_str(b->a, str_text(&values) + 1), at, err) : ST_OK;
}

Status result_percentile_approx(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    const Type *t = args->at[0]->type;
    double accuracy = 1;
    bool null = false;
    *ret_type = args->at[1]->type->kind == TYPE_ARRAY ? type_array(b->a, t, false) : t;
    if (args->len > 2 && !is_foldable(args->at[2]))
        return not_foldable(b, row, args, 2, "`accuracy`", "\"BIGINT\"", at, err);
    TRY(check_fractions(b, row, args, at, err));
    if (args->len < 3 || !constant_number(b, args->at[2], &accuracy, &null))
        return ST_OK;
    if (null)
        return unexpected_null(b, row, args, "accuracy", at, err);
    if (!(accuracy > 0 && accuracy <= INT32_MAX))
        return out_of_range(b, row, args, "accuracy", "(0, 2147483647]", arena_printf(b->a, "%.0fL", accuracy), at, err);
    return ST_OK;
}

/* The deviation becomes the precision: how many bits of a hash choose its register. */
Status result_approx_count_distinct(Binder *b, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    enum { LEAST = 4, MOST = 26 };
    double deviation = 0.05;
    bool null = false;
    *ret_type = &type_long;
    if (args->len > 1) {
        const Node *n = args->at[1];
        bool good = node_is(Literal, n) && (n->type->kind == TYPE_DOUBLE || n->type->kind == TYPE_DECIMAL) && constant_number(b, n, &deviation, &null);
        if (!good || null)
            return spark_error(err, at, "_LEGACY_ERROR_TEMP_1104", "", "The second argument should be a double literal.", NULL);
    }
    double precision = ceil(2.0 * log(1.106 / deviation) / log(2.0));
    if (!(precision >= LEAST))
        return spark_error(err, at, "FAILED_FUNCTION_CALL", "38000",
                           "Failed preparing of the function <funcName> for call. Please, double check function's arguments.", "funcName",
                           "`approx_count_distinct`", NULL);
    if (precision > MOST)
        return spark_unsupported(err, at, "approx_count_distinct with a deviation below 0.02 %");
    args->len = 1;
    vec_push(b->a, args, make_literal_int(b, (int64_t)precision, &type_int));
    return ST_OK;
}
