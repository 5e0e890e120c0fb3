/* ir/result_approx.c -- what approximate counts and sketches ask of their constant arguments. Source: HyperLogLogPlusPlus.validateDoubleLiteral,
 * CountMinSketchAgg, ThetaSketchAgg, HllSketchAgg, KllSketchAggBase. */
#include "ir/binder.h"
#include "ir/collation.h"

#include <math.h>

/* A constant number; *ret_null: it is NULL. False: not one that is known without running. */
static bool literal_number(Binder *b, const Node *n, double *ret, bool *ret_null)
{
    if (node_is(Cast, n))
        return literal_number(b, node_as(Cast, n)->child, ret, ret_null);
    if (node_is(Call, n) && !strcmp(node_as(Call, n)->function->name, "negative") && literal_number(b, node_as(Call, n)->args.at[0], ret, ret_null)) {
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

/* Of a constant that is computed, too. */
static bool constant_number(Binder *b, Node *n, double *ret, bool *ret_null)
{
    Error error = ERROR_INIT;
    const Node *value = NULL;
    if (literal_number(b, n, ret, ret_null))
        return true;
    return constant_value(b, n, &value, &error) == ST_OK && value && literal_number(b, value, ret, ret_null);
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
    for (size_t i = 0; i < args->len - sized; i++)
        args->at[i] = is_kind(args, i, TYPE_NULL) ? coerce_to(b->a, b->ansi, args->at[i], agg ? type_array(b->a, &type_int, true) : &type_binary) : args->at[i];
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

/* Void takes the first type that a parameter of ExpectsInputTypes allows. */
static void type_void(Binder *b, NodeList *args, size_t i, const Type *t)
{
    if (is_kind(args, i, TYPE_NULL))
        args->at[i] = coerce_to(b->a, b->ansi, args->at[i], t);
}

/* lgConfigK, a constant. Source: HllSketchAgg. */
static Status check_hll_size(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    enum { LEAST = 4, MOST = 21 };
    double lg = 0;
    bool null = false;
    if (!is_foldable(args->at[1]))
        return spark_error(err, at, "HLL_K_MUST_BE_CONSTANT", "42K0E", "Invalid call to <function>; the `K` value must be a constant value, but got a non-constant expression.",
                           "function", sql_id(b->a, row->name), NULL);
    if (!constant_number(b, args->at[1], &lg, &null))
        return spark_unsupported(err, at, "lgConfigK that is computed");
    lg = null ? 0 : lg;
    if ((int)lg >= LEAST && (int)lg <= MOST)
        return ST_OK;
    return spark_error(err, at, "HLL_INVALID_LG_K", "22546", "Invalid call to <function>; the `lgConfigK` value must be between <min> and <max>, inclusive: <value>.",
                       "function", sql_id(b->a, row->name), "min", "4", "max", "21", "value", arena_printf(b->a, "%.0f", lg), NULL);
}

Status result_hll(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    bool agg = str_eq(row->name, "hll_sketch_agg"), estimate = str_eq(row->name, "hll_sketch_estimate");
    size_t sketches = agg ? 0 : args->len - !estimate;
    *ret_type = estimate ? &type_long : &type_binary;
    if (agg) {
        type_void(b, args, 0, &type_int);
        type_void(b, args, 1, &type_int);
        TypeKind kind = args->at[0]->type->kind;
        TRY(expect(b, row, args, 0, kind == TYPE_INT || kind == TYPE_LONG || kind == TYPE_STRING || kind == TYPE_BINARY,
                   "(\"INT\" or \"BIGINT\" or \"STRING\" or \"BINARY\")", at, err));
        TRY(expect(b, row, args, 1, is_kind(args, 1, TYPE_INT), "\"INT\"", at, err));
        return check_hll_size(b, row, args, at, err);
    }
    for (size_t i = 0; i < sketches; i++) {
        type_void(b, args, i, &type_binary);
        TRY(expect(b, row, args, i, is_kind(args, i, TYPE_BINARY), "\"BINARY\"", at, err));
    }
    if (estimate)
        return ST_OK;
    type_void(b, args, sketches, &type_boolean);
    TRY(expect(b, row, args, sketches, is_kind(args, sketches, TYPE_BOOLEAN), "\"BOOLEAN\"", at, err));
    if (sketches == 1 && !is_foldable(args->at[1]))
        return spark_unsupported(err, at, "hll_union_agg with an allowDifferentLgConfigK that is no constant");
    return ST_OK;
}

/* k, a constant if it is there. Source: KllSketchAggBase.checkKInputDataTypes. */
static Status check_kll_size(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    enum { LEAST = 8, MOST = 65535 };
    double k = 0;
    bool null = false;
    if (!is_foldable(args->at[1]))
        return not_foldable(b, row, args, 1, "k", "int", at, err);
    if (!constant_number(b, args->at[1], &k, &null))
        return spark_unsupported(err, at, "the k of a sketch that is computed");
    if (null)
        return unexpected_null(b, row, args, "k", at, err);
    if ((int)k >= LEAST && (int)k <= MOST)
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT", "42K09", "Cannot resolve <sqlExpr> due to data type mismatch: <msg><hint>.", "sqlExpr",
                       call_text(b, row->name, args), "msg",
                       arena_printf(b->a, "[KLL_SKETCH_K_OUT_OF_RANGE] For function %s, the k parameter must be between 8 and 65535 (inclusive), but got %.0f. SQLSTATE: 22003",
                                    sql_id(b->a, row->name), k),
                       "hint", "", NULL);
}

Status result_kll_agg(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    bool whole = str_ends(row->name, "_bigint"), single = str_ends(row->name, "_float");
    *ret_type = &type_binary;
    type_void(b, args, 0, whole ? &type_byte : &type_float);
    const Type *t = args->at[0]->type;
    TRY(expect(b, row, args, 0, whole ? type_is_integral(t) : t->kind == TYPE_FLOAT || (!single && t->kind == TYPE_DOUBLE),
               whole ? "(\"TINYINT\" or \"INT\" or \"BIGINT\" or \"SMALLINT\")" : single ? "\"FLOAT\"" : "(\"FLOAT\" or \"DOUBLE\")", at, err));
    if (args->len < 2)
        return ST_OK;
    type_void(b, args, 1, &type_int);
    TRY(expect(b, row, args, 1, is_kind(args, 1, TYPE_INT), "\"INT\"", at, err));
    return check_kll_size(b, row, args, at, err);
}

/* Quantiles and ranks: of one point or of each of an array. An array with NULLs of another type is not cast to one without; of the very type
 * it is taken, and NULL counts as 0. */
Status result_kll_points(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    const Type *points = args->at[1]->type, *of = strstr(row->name, "_rank_") || str_ends(row->name, "_double") ? &type_double
                                                  : str_ends(row->name, "_float")                             ? &type_float
                                                                                                              : &type_long;
    bool many = points->kind == TYPE_ARRAY;
    *ret_type = many ? type_array(b->a, of, false) : of;
    const Cast *cast = node_is(Cast, args->at[1]) ? node_as(Cast, args->at[1]) : NULL;
    bool refused = many && cast && cast->implicit && cast->child->type->kind == TYPE_ARRAY && cast->child->type->contains_null;
    return expect(b, row, args, 1, !refused, "(a number or an array without NULLs)", at, err);
}

/* TypeCheckFailure: a type check that has only a text. */
static Status check_failed(Binder *b, const FunctionRow *row, const NodeList *args, const char *why, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT", "42K09", "Cannot resolve <sqlExpr> due to data type mismatch: <msg><hint>.", "sqlExpr",
                       call_text(b, row->name, args), "msg", why, "hint", "", NULL);
}

static bool can_be_tracked(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: case TYPE_FLOAT: case TYPE_DOUBLE: case TYPE_DATE: case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_NTZ: case TYPE_STRING: case TYPE_DECIMAL: return true;
    default: return false;
    }
}

/* Source: ApproxTopK.checkStateFieldAndType. */
static Status check_top_k_state(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    static const char *const places[] = { "first field to be binary", "second field to be int", "third field to be a supported data type", "fourth field to be string" };
    const Type *t = args->at[0]->type;
    if (t->nfields != 4)
        return check_failed(b, row, args, "State must be a struct with 4 fields. Expected struct: struct<sketch:binary,maxItemsTracked:int,itemDataType:any,itemDataTypeDDL:string>",
                            at, err);
    for (size_t i = 0; i < t->nfields; i++) {
        TypeKind kind = t->fields[i].type->kind;
        bool good = i == 0 ? kind == TYPE_BINARY : i == 1 ? kind == TYPE_INT : i == 2 ? can_be_tracked(t->fields[i].type) : kind == TYPE_STRING;
        if (!good)
            return check_failed(b, row, args, arena_printf(b->a, "State struct must have the %s. Got: %s", places[i], type_catalog_text(b->a, t->fields[i].type)), at, err);
    }
    return ST_OK;
}

/* A constant that says how many: k or maxItemsTracked. Source: ApproxTopK.checkK, checkMaxItemsTracked. */
static Status check_top_k_count(Binder *b, const FunctionRow *row, const NodeList *args, size_t i, const char *name, double most, double *ret, const Node *at, Error *err)
{
    bool null = false;
    if (!is_foldable(args->at[i]))
        return check_failed(b, row, args, str_eq(name, "`k`") ? "K must be a constant literal" : "Number of items tracked must be a constant literal", at, err);
    bool text = node_is(Cast, args->at[i]) && node_as(Cast, args->at[i])->child->type->kind == TYPE_STRING;
    if (!constant_number(b, args->at[i], ret, &null))
        return text && b->ansi ? ST_OK /* the cast fails */ : spark_unsupported(err, at, arena_printf(b->a, "%s with a %s that is computed", row->name, name));
    if (null)
        return spark_error(err, at, "APPROX_TOP_K_NULL_ARG", "22004", "The value of <argName> in `approx_top_k` cannot be NULL.", "argName", name, NULL);
    const char *value = arena_printf(b->a, "%.0f", *ret);
    if (*ret > most)
        return spark_error(err, at, "APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT", "22023",
                           "The max items tracked `maxItemsTracked`(<maxItemsTracked>) of `approx_top_k` should be less than or equal to <limit>.", "maxItemsTracked",
                           value, "limit", arena_printf(b->a, "%.0f", most), NULL);
    if (*ret <= 0)
        return spark_error(err, at, "APPROX_TOP_K_NON_POSITIVE_ARG", "22023", "The value of <argName> in `approx_top_k` must be a positive integer, but got <argValue>.",
                           "argName", name, "argValue", value, NULL);
    return ST_OK;
}

static const Type *top_k_rows(Binder *b, const Type *item)
{
    Field *fields = ARENA_ARRAY(b->a, Field, 2);
    fields[0] = (Field){ "item", item, true, NULL };
    fields[1] = (Field){ "count", &type_long, false, NULL };
    return type_array(b->a, type_struct(b->a, fields, 2), false);
}

static const Type *top_k_state(Binder *b, const Type *item)
{
    Field *fields = ARENA_ARRAY(b->a, Field, 4);
    fields[0] = (Field){ "sketch", &type_binary, false, NULL };
    fields[1] = (Field){ "maxItemsTracked", &type_int, false, NULL };
    fields[2] = (Field){ "itemDataType", item, true, NULL };
    fields[3] = (Field){ "itemDataTypeDDL", &type_string, false, NULL };
    return type_struct(b->a, fields, 4);
}

Status result_top_k(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    enum { TRACKED_MOST = 1000000 };
    const Type *t = args->at[0]->type;
    double k = 0, tracked = TRACKED_MOST;
    bool estimate = str_ends(row->name, "_estimate"), combine = str_ends(row->name, "_combine"), all = str_eq(row->name, "approx_top_k");
    bool open = combine && node_is(Literal, args->at[1]) && node_as(Literal, args->at[1])->value->i == -1; /* as the states have it */
    if (combine && !open)
        TRY(check_top_k_count(b, row, args, args->len - 1, "`maxItemsTracked`", TRACKED_MOST, &tracked, at, err));
    if (estimate || combine)
        TRY(check_top_k_state(b, row, args, at, err));
    else if (!can_be_tracked(t))
        return check_failed(b, row, args, arena_printf(b->a, "%s columns are not supported", type_catalog_text(b->a, t)), at, err);
    if (all || estimate)
        TRY(check_top_k_count(b, row, args, 1, "`k`", INFINITY, &k, at, err));
    if (!estimate && !combine)
        TRY(check_top_k_count(b, row, args, args->len - 1, "`maxItemsTracked`", TRACKED_MOST, &tracked, at, err));
    if (all && tracked < k)
        return spark_error(err, at, "APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K", "22023",
                           "The max items tracked `maxItemsTracked`(<maxItemsTracked>) of `approx_top_k` should be greater than or equal to `k`(<k>).", "maxItemsTracked",
                           arena_printf(b->a, "%.0f", tracked), "k", arena_printf(b->a, "%.0f", k), NULL);
    if (type_is_collated(estimate || combine ? t->fields[2].type : t))
        return spark_unsupported(err, at, arena_printf(b->a, "%s of strings that have a collation", row->name));
    *ret_type = all ? top_k_rows(b, t) : estimate ? top_k_rows(b, t->fields[2].type) : top_k_state(b, combine ? t->fields[2].type : t);
    return ST_OK;
}

/* Places: their SRID is in their type, or ANY when it is computed. Source: stExpressions, STExpressionUtils. */
Status result_st(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    const char *name = row->name;
    if (str_starts(name, "st_geo")) {
        bool earth = str_eq(name, "st_geogfromwkb");
        *ret_type = type_spatial(b->a, earth ? TYPE_GEOGRAPHY : TYPE_GEOMETRY, earth ? SRID_EARTH : SRID_PLANE);
        return ST_OK;
    }
    type_void(b, args, 0, type_spatial(b->a, TYPE_GEOGRAPHY, SRID_ANY));
    TRY(expect(b, row, args, 0, type_is_spatial(args->at[0]->type), "(\"GEOGRAPHY\" or \"GEOMETRY\")", at, err));
    *ret_type = str_eq(name, "st_asbinary") ? &type_binary : &type_int;
    if (!str_eq(name, "st_setsrid"))
        return ST_OK;
    const Node *srid = args->at[1];
    bool literal = node_is(Literal, srid) && !node_as(Literal, srid)->value->is_null;
    int64_t value = literal ? node_as(Literal, srid)->value->i : SRID_ANY;
    *ret_type = literal && value < 0 ? NULL : type_spatial(b->a, args->at[0]->type->kind, (int)value);
    return *ret_type ? ST_OK
                     : spark_error(err, at, "ST_INVALID_SRID_VALUE", "22023", "Invalid or unsupported SRID (spatial reference identifier) value: <srid>.", "srid",
                                   arena_printf(b->a, "%lld", (long long)value), NULL);
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
        bool good = node_is(Literal, n) && (n->type->kind == TYPE_DOUBLE || n->type->kind == TYPE_DECIMAL) && literal_number(b, n, &deviation, &null);
        if (!good || null)
            return spark_error(err, at, "_LEGACY_ERROR_TEMP_1104", "", "The second argument should be a double literal.", NULL);
    }
    double precision = ceil(2.0 * log(1.106 / deviation) / log(2.0));
    if (!(precision >= (double)LEAST))
        return spark_error(err, at, "FAILED_FUNCTION_CALL", "38000",
                           "Failed preparing of the function <funcName> for call. Please, double check function's arguments.", "funcName",
                           "`approx_count_distinct`", NULL);
    if (precision > (double)MOST)
        return spark_unsupported(err, at, "approx_count_distinct with a deviation below 0.02 %");
    args->len = 1;
    vec_push(b->a, args, make_literal_int(b, (int64_t)precision, &type_int));
    return ST_OK;
}
