/* ir/result_approx.c -- what approximate counts and sketches ask of their constant arguments. Source: HyperLogLogPlusPlus.validateDoubleLiteral,
 * CountMinSketchAgg, ThetaSketchAgg. */
#include "ir/binder.h"

#include <math.h>

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
                       "sqlExpr", call_text(b, row->name, args), "inputName", input, "inputType", type, "inputExpr",
                       arena_printf(b->a, "\"%s\"", pretty(b, args->at[i])), NULL);
}

static Status unexpected_null(Binder *b, const FunctionRow *row, const NodeList *args, const char *name, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must not be null.", "sqlExpr", call_text(b, row->name, args),
                       "exprName", name, NULL);
}

static Status out_of_range(Binder *b, const FunctionRow *row, const NodeList *args, const char *name, const char *range, const char *value, const Node *at,
                           Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must be between <valueRange> (current value = <currentValue>).",
                       "sqlExpr", call_text(b, row->name, args), "exprName", name, "valueRange", range, "currentValue", value, NULL);
}

/* ExpectsInputTypes without casts: argument `i` is of a type that `good` says yes to. */
static Status expect(Binder *b, const FunctionRow *row, const NodeList *args, size_t i, bool good, const char *required, const Node *at, Error *err)
{
    static const char *const places[] = { "first", "second", "third", "fourth" };
    if (good)
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has "
                       "the type <inputType>.",
                       "sqlExpr", call_text(b, row->name, args), "paramIndex", places[i], "requiredType", required, "inputSql",
                       arena_printf(b->a, "\"%s\"", pretty(b, args->at[i])), "inputType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, args->at[i]->type)),
                       NULL);
}

static bool is_kind(const NodeList *args, size_t i, TypeKind kind)
{
    return args->at[i]->type->kind == kind;
}

/* Source: CountMinSketchAgg.checkInputDataTypes. */
Status result_count_min_sketch(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    TRY(expect(b, row, args, 0, type_is_integral(args->at[0]->type) || is_kind(args, 0, TYPE_STRING) || is_kind(args, 0, TYPE_BINARY),
               "(\"INTEGRAL\" or \"STRING\" or \"BINARY\")", at, err));
    for (size_t i = 1; i < 3; i++)
        TRY(expect(b, row, args, i, is_kind(args, i, TYPE_DOUBLE) || is_kind(args, i, TYPE_NULL), "\"DOUBLE\"", at, err));
    TRY(expect(b, row, args, 3, is_kind(args, 3, TYPE_INT) || is_kind(args, 3, TYPE_LONG) || is_kind(args, 3, TYPE_NULL), "(\"INT\" or \"BIGINT\")", at, err));
    static const char *const names[] = { "`eps`", "`confidence`", "`seed`" }, *const types[] = { "\"DOUBLE\"", "\"DOUBLE\"", "(\"INT\" or \"BIGINT\")" };
    double values[3] = { 0.1, 0.5, 0 };
    *ret_type = &type_binary;
    for (size_t i = 0; i < 3; i++) {
        bool null = false;
        if (!is_foldable(args->at[i + 1]))
            return not_foldable(b, row, args, i + 1, names[i], types[i], at, err);
        if (!constant_number(b, args->at[i + 1], &values[i], &null))
            return spark_unsupported(err, at, "count_min_sketch with an argument that is computed");
        if (null)
            return unexpected_null(b, row, args, names[i], at, err);
    }
    if (!(values[0] > 0))
        return out_of_range(b, row, args, "eps", "(0.0, 1.7976931348623157E308]", arena_printf(b->a, "%g", values[0]), at, err);
    if (!(values[1] > 0 && values[1] < 1))
        return out_of_range(b, row, args, "confidence", "(0.0, 1.0)", arena_printf(b->a, "%g", values[1]), at, err);
    if (2 / values[0] * -log1p(-values[1]) > 1e8)
        return spark_unsupported(err, at, "a count-min sketch of more than 10^8 counters");
    return ST_OK;
}

static const char counted_types[] = "(\"ARRAY<INT>\" or \"ARRAY<BIGINT>\" or \"BINARY\" or \"DOUBLE\" or \"FLOAT\" or \"INT\" or \"BIGINT\" or \"STRING\")";

static bool can_be_counted(const Type *t)
{
    switch (t->kind) {
    case TYPE_INT: case TYPE_LONG: case TYPE_FLOAT: case TYPE_DOUBLE: case TYPE_STRING: case TYPE_BINARY: return true;
    case TYPE_ARRAY: return t->element->kind == TYPE_INT || t->element->kind == TYPE_LONG;
    default: return false;
    }
}

/* lgNomEntries, which comes last, is a constant. Source: ThetaSketchUtils.checkLgNomLongs. */
Status result_theta(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    double lg = 0;
    bool null = false, agg = str_eq(row->name, "theta_sketch_agg"), sized = agg || str_starts(row->name, "theta_union");
    *ret_type = str_eq(row->name, "theta_sketch_estimate") ? &type_long : &type_binary;
    for (size_t i = 0; i < args->len - sized && !agg; i++)
        args->at[i] = is_kind(args, i, TYPE_NULL) ? coerce_to(b->a, b->ansi, args->at[i], &type_binary) : args->at[i];
    for (size_t i = 0; i < args->len - sized; i++)
        TRY(agg ? expect(b, row, args, i, can_be_counted(args->at[i]->type), counted_types, at, err)
                : expect(b, row, args, i, is_kind(args, i, TYPE_BINARY) || is_kind(args, i, TYPE_NULL), "\"BINARY\"", at, err));
    if (!sized)
        return ST_OK;
    TRY(expect(b, row, args, args->len - 1, is_kind(args, args->len - 1, TYPE_INT) || is_kind(args, args->len - 1, TYPE_NULL), "\"INT\"", at, err));
    if (!is_foldable(args->at[args->len - 1]))
        return spark_error(err, at, "THETA_LG_NOM_ENTRIES_MUST_BE_CONSTANT", "42K0E",
                           "Invalid call to <function>; the `lgNomEntries` value must be a constant value, but got a non-constant expression.", "function",
                           sql_id(b->a, row->name), NULL);
    if (!constant_number(b, args->at[args->len - 1], &lg, &null))
        return spark_unsupported(err, at, "lgNomEntries that is computed");
    lg = null ? 0 : lg;
    if (lg >= 4 && lg <= 26)
        return ST_OK;
    return spark_error(err, at, "THETA_INVALID_LG_NOM_ENTRIES", "22546",
                       "Invalid call to <function>; the `lgNomEntries` value must be between <min> and <max>, inclusive: <value>.", "function",
                       sql_id(b->a, row->name), "min", "4", "max", "26", "value", arena_printf(b->a, "%.0f", lg), NULL);
}

/* The deviation becomes the precision: how many bits of a hash choose its register. */
Status result_approx_count_distinct(Binder *b, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    static const double LEAST = 4, MOST = 26;
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
