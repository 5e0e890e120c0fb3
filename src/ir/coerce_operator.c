/* ir/coerce_operator.c -- arithmetic, comparison and logic: Spark's BinaryOperator coercion, decimal and literal rules, and
 * what + - * / mean on dates, timestamps and intervals (BinaryArithmeticWithDatetimeResolver). */
#include "ir/binder.h"

/* dates and timestamps are apart by a CalendarInterval */
#define LEGACY_INTERVAL "spark.sql.legacy.interval.enabled"

#include <inttypes.h>
#include <stdio.h>

enum OperatorClass { OP_NONE, OP_ADD, OP_MULTIPLY, OP_DIVIDE, OP_INTEGRAL_DIVIDE, OP_REMAINDER, OP_BITS, OP_COMPARE, OP_LOGIC };

static enum OperatorClass class_of(const char *name)
{
    static const struct {
        const char *name;
        enum OperatorClass class;
    } operators[] = {
        { "+", OP_ADD },       { "-", OP_ADD },        { "*", OP_MULTIPLY },      { "/", OP_DIVIDE },
        { "%", OP_REMAINDER }, { "mod", OP_REMAINDER }, { "pmod", OP_REMAINDER }, { "div", OP_INTEGRAL_DIVIDE },
        { "&", OP_BITS },      { "|", OP_BITS },       { "^", OP_BITS },          { "=", OP_COMPARE },
        { "==", OP_COMPARE },  { "!=", OP_COMPARE },   { "<=>", OP_COMPARE },     { "<", OP_COMPARE },
        { "<=", OP_COMPARE },  { ">", OP_COMPARE },    { ">=", OP_COMPARE },      { "and", OP_LOGIC },
        { "or", OP_LOGIC },
    };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (str_ieq(operators[i].name, name))
            return operators[i].class;
    return OP_NONE;
}

bool is_operator(const char *name)
{
    return class_of(name) != OP_NONE;
}

const Type *coerce_literal_decimal(Arena *a, const Node *e)
{
    if (!node_is(Literal, e) || !type_is_integral(e->type) || node_as(Literal, e)->value->is_null)
        return NULL;
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%" PRId64, node_as(Literal, e)->value->i);
    return type_decimal(a, digits[0] == '-' ? n - 1 : n, 0);
}

static const char *accepted(enum OperatorClass class)
{
    switch (class) {
    case OP_ADD:
        return "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";
    case OP_DIVIDE:
        return "(\"DOUBLE\" or \"DECIMAL\")";
    case OP_INTEGRAL_DIVIDE:
        return "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
    case OP_BITS:
        return "\"INTEGRAL\"";
    case OP_LOGIC:
        return "\"BOOLEAN\"";
    default:
        return "\"NUMERIC\"";
    }
}

static bool accepts(enum OperatorClass class, const Type *t)
{
    switch (class) {
    case OP_ADD:
        return type_is_numeric(t) || type_is_ansi_interval(t) || t->kind == TYPE_CALENDAR_INTERVAL;
    case OP_DIVIDE:
        return t->kind == TYPE_DOUBLE || t->kind == TYPE_DECIMAL;
    case OP_INTEGRAL_DIVIDE:
        return t->kind == TYPE_LONG || t->kind == TYPE_DECIMAL || type_is_ansi_interval(t);
    case OP_BITS:
        return type_is_integral(t);
    case OP_LOGIC:
        return t->kind == TYPE_BOOLEAN;
    case OP_COMPARE:
        return true;
    default:
        return type_is_numeric(t);
    }
}

static const char *operator_text(Binder *b, const char *name, const NodeList *args)
{
    static const char *const upper[][2] = { { "and", "AND" }, { "or", "OR" }, { "==", "=" } };
    for (size_t i = 0; i < 3; i++)
        if (str_ieq(name, upper[i][0]))
            name = upper[i][1];
    if (str_ieq(name, "pmod") || str_ieq(name, "mod"))
        return arena_printf(b->a, "%s(%s, %s)", name, pretty(b, args->at[0]), pretty(b, args->at[1]));
    return arena_printf(b->a, "(%s %s %s)", pretty(b, args->at[0]), name, pretty(b, args->at[1]));
}

static Status different_types(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: the left and right operands of the binary "
                       "operator have incompatible types (\"<left>\" and \"<right>\").",
                       "sqlExpr", operator_text(b, name, args), "left", type_sql_text(b->a, args->at[0]->type), "right",
                       type_sql_text(b->a, args->at[1]->type), NULL);
}

static Status wrong_type(Binder *b, const char *name, const NodeList *args, const Type *actual, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: the binary operator requires the input type "
                       "<inputType>, not \"<actualDataType>\".",
                       "sqlExpr", operator_text(b, name, args), "inputType", accepted(class_of(name)), "actualDataType",
                       type_sql_text(b->a, actual), NULL);
}

/* ---------------------------------------------------------------- dates, timestamps, intervals */

static bool is_timestamp(const Type *t)
{
    return t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ;
}

static Status date_plus_days(Binder *b, Node *date, Node *days, bool minus, const Node *at, Node **ret, Error *err)
{
    Node *n = NULL;
    TRY(make_call1(b, "extractansiintervaldays", days, at, &n, err));
    if (minus)
        TRY(make_call1(b, "negative", n, at, &n, err));
    return make_call2(b, "date_add", date, n, at, ret, err);
}

static Status not_timestamp(Binder *b, const Node *x, size_t index, const char *text, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <paramIndex> parameter requires the <requiredType> "
                       "type, however \"<inputSql>\" has the type \"<inputType>\".",
                       "sqlExpr", text, "paramIndex", index ? "second" : "first", "requiredType",
                       "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"", "inputSql", pretty(b, x), "inputType", type_sql_text(b->a, x->type),
                       NULL);
}

/* x ± an interval, x being anything. */
static Status plus_interval(Binder *b, Node *x, Node *i, bool minus, const Node *at, Node **ret, Error *err)
{
    const Type *t = x->type, *u = i->type;
    if (t->kind == TYPE_DATE && u->kind == TYPE_DAY_TIME_INTERVAL && u->start == INTERVAL_DAY && u->end == INTERVAL_DAY)
        return date_plus_days(b, x, i, minus, at, ret, err);
    if (t->kind == TYPE_DATE && u->kind == TYPE_YEAR_MONTH_INTERVAL)
        return make_call2(b, minus ? "date_sub_year_month" : "date_add_year_month", x, i, at, ret, err);
    if (t->kind == TYPE_DATE && u->kind == TYPE_CALENDAR_INTERVAL)
        return make_call2(b, minus ? "date_sub_interval" : "date_add_interval", x, i, at, ret, err);
    if (t->kind == TYPE_DATE)
        x = coerce_to(b->a, b->ansi, x, &type_timestamp);
    TRY(make_call2(b, minus ? "timestamp_sub_interval" : "timestamp_add_interval", x, i, at, ret, err));
    if (t->kind == TYPE_STRING)
        *ret = coerce_to(b->a, b->ansi, *ret, &type_string);
    return ST_OK;
}

static bool is_interval(const Type *t)
{
    return type_is_ansi_interval(t) || t->kind == TYPE_CALENDAR_INTERVAL;
}

/* A time and a day-time interval, or two times; anything else is left to fail as no operator's. */
static Status plus_time(Binder *b, Node *l, Node *r, bool minus, const Node *at, Node **ret, Error *err)
{
    Node *time = l->type->kind == TYPE_TIME ? l : r, *other = time == l ? r : l;
    TypeKind kind = other->type->kind;
    if (kind == TYPE_DAY_TIME_INTERVAL && (time == l || !minus)) {
        if (minus)
            TRY(make_call1(b, "negative", other, at, &other, err));
        return make_call2(b, "time_add_interval", time, other, at, ret, err);
    }
    if (minus && (kind == TYPE_TIME || kind == TYPE_STRING || kind == TYPE_NULL))
        return make_call2(b, "time_subtract", l, r, at, ret, err);
    if (kind == TYPE_NULL)
        return make_call2(b, "time_add_interval", time, coerce_to(b->a, b->ansi, other, type_day_time(b->a, INTERVAL_DAY, INTERVAL_SECOND)), at, ret, err);
    return ST_OK;
}

/* Months are added to dates and timestamps only, other intervals to anything that becomes a timestamp. */
static bool takes_interval(const Type *t, const Type *interval)
{
    if (t->kind == TYPE_NULL || (is_interval(t) && t->kind == interval->kind))
        return false;
    return interval->kind != TYPE_YEAR_MONTH_INTERVAL || t->kind == TYPE_DATE || is_timestamp(t);
}

/* A date beside a timestamp, in ANSI mode a text too, becomes one of the same kind. */
static Status timestamps_apart(Binder *b, Node *l, Node *r, const Node *at, Node **ret, Error *err)
{
    Node *sides[2] = { l, r };
    for (size_t i = 0; i < 2; i++) {
        const Type *mine = sides[i]->type, *other = sides[1 - i]->type;
        if (is_timestamp(other) && (mine->kind == TYPE_DATE || mine->kind == TYPE_NULL || (b->ansi && mine->kind == TYPE_STRING)))
            sides[i] = coerce_to(b->a, b->ansi, sides[i], other);
        else if (!is_timestamp(mine))
            return not_timestamp(b, sides[i], i, operator_text(b, "-", &(NodeList){ (Node *[]){ l, r }, 2, 2 }), at, err);
    }
    return make_call2(b, conf_requires(b, LEGACY_INTERVAL) ? "timestamp_subtract_legacy" : "timestamp_subtract", sides[0], sides[1], at, ret, err);
}

static Status dates_apart(Binder *b, Node *l, Node *r, const Node *at, Node **ret, Error *err)
{
    return make_call2(b, conf_requires(b, LEGACY_INTERVAL) ? "date_subtract_legacy" : "date_subtract", l, r, at, ret, err);
}

/* A text beside a date: a date in ANSI mode, else a number, as the coercion of + and - has it before. */
static Status date_and_text(Binder *b, Node *l, Node *r, bool minus, const Node *at, Node **ret, Error *err)
{
    bool left = l->type->kind == TYPE_STRING;
    Node *text = coerce_to(b->a, b->ansi, left ? l : r, b->ansi ? &type_date : &type_double), *date = left ? r : l;
    if (b->ansi)
        return minus ? dates_apart(b, left ? text : date, left ? date : text, at, ret, err)
                     : make_call2(b, "date_add", left ? text : date, left ? date : text, at, ret, err);
    if (minus && left)
        return dates_apart(b, l, r, at, ret, err);
    return make_call2(b, minus ? "date_sub" : "date_add", date, text, at, ret, err);
}

static Status plus(Binder *b, Node *l, Node *r, bool minus, const Node *at, Node **ret, Error *err)
{
    const Type *t = l->type, *u = r->type;
    if (minus && (is_timestamp(t) || is_timestamp(u)) && !is_interval(u))
        return timestamps_apart(b, l, r, at, ret, err);
    if (t->kind == TYPE_TIME || u->kind == TYPE_TIME)
        return plus_time(b, l, r, minus, at, ret, err);
    if (is_interval(u) && takes_interval(t, u))
        return plus_interval(b, l, r, minus, at, ret, err);
    if (is_interval(t) && !minus && takes_interval(u, t))
        return plus_interval(b, r, l, false, at, ret, err);
    if (is_interval(t) || is_interval(u))
        return ST_OK;
    if ((t->kind == TYPE_DATE && u->kind == TYPE_STRING) || (t->kind == TYPE_STRING && u->kind == TYPE_DATE))
        return date_and_text(b, l, r, minus, at, ret, err);
    if (minus && u->kind == TYPE_DATE)
        return dates_apart(b, l, r, at, ret, err);
    bool left_null = t->kind == TYPE_NULL, date = type_is_datetime(left_null ? u : t);
    if (!minus && date && (left_null || u->kind == TYPE_NULL)) {
        Node *null = left_null ? l : r; /* a NULL interval */
        const Type *interval = type_day_time(b->a, INTERVAL_DAY, INTERVAL_SECOND);
        return plus_interval(b, left_null ? r : l, coerce_to(b->a, b->ansi, null, interval), false, at, ret, err);
    }
    if (minus && t->kind == TYPE_DATE && u->kind == TYPE_NULL)
        return dates_apart(b, l, coerce_to(b->a, b->ansi, r, &type_date), at, ret, err);
    if (t->kind == TYPE_DATE && u->kind != TYPE_STRING)
        return make_call2(b, minus ? "date_sub" : "date_add", l, r, at, ret, err);
    if (u->kind == TYPE_DATE && t->kind != TYPE_STRING && !minus)
        return make_call2(b, "date_add", r, l, at, ret, err);
    return ST_OK;
}

/* Sets *ret when the operator means a function of dates or intervals, leaves it NULL otherwise. */
static Status datetime(Binder *b, const char *name, const NodeList *args, const Node *at, Node **ret, Error *err)
{
    Node *l = args->at[0], *r = args->at[1];
    if (*name == '+' || *name == '-')
        return plus(b, l, r, *name == '-', at, ret, err);
    if (*name == '*' && (is_interval(l->type) || is_interval(r->type)))
        return is_interval(l->type) ? make_call2(b, "multiply_interval", l, r, at, ret, err)
                                    : make_call2(b, "multiply_interval", r, l, at, ret, err);
    if (*name == '/' && is_interval(l->type))
        return make_call2(b, "divide_interval", l, r, at, ret, err);
    return ST_OK;
}

/* ---------------------------------------------------------------- numbers */

static void cast_arg(Binder *b, NodeList *args, size_t i, const Type *to)
{
    args->at[i] = coerce_to(b->a, b->ansi, args->at[i], to);
}

/* An integer beside a decimal becomes a decimal (a literal the smallest one), a decimal beside a float a double. */
static void decimal_sides(Binder *b, NodeList *args)
{
    for (size_t i = 0; i < 2; i++) {
        const Type *mine = args->at[i]->type, *other = args->at[1 - i]->type;
        if (other->kind == TYPE_DECIMAL && type_is_integral(mine)) {
            const Type *literal = coerce_literal_decimal(b->a, args->at[i]);
            cast_arg(b, args, i, literal ? literal : type_decimal_for(b->a, mine));
        } else if (mine->kind == TYPE_DECIMAL && (other->kind == TYPE_FLOAT || other->kind == TYPE_DOUBLE)) {
            cast_arg(b, args, i, &type_double);
        }
    }
}

static void legacy_strings(Binder *b, NodeList *args, enum OperatorClass class)
{
    for (size_t i = 0; i < 2; i++)
        if (args->at[i]->type->kind == TYPE_STRING && class != OP_COMPARE && class != OP_LOGIC && class != OP_BITS)
            cast_arg(b, args, i, &type_double);
}

/* TypeCoercion.BooleanEquality: beside a number a BOOLEAN is 1 or 0. */
static void boolean_equality(Binder *b, NodeList *args)
{
    for (size_t i = 0; i < 2; i++)
        if (args->at[i]->type->kind == TYPE_BOOLEAN && type_is_numeric(args->at[1 - i]->type))
            cast_arg(b, args, i, args->at[1 - i]->type);
}

static const Type *common_type(Binder *b, enum OperatorClass class, const Type *l, const Type *r)
{
    if (class == OP_COMPARE)
        return coerce_comparison(b->a, b->ansi, l, r);
    return b->ansi ? coerce_wider(b->a, true, l, r) : coerce_wider_no_string(b->a, false, l, r);
}

/* DataType.equalsStructurally: the names of fields do not count. */
static bool same_structure(const Type *x, const Type *y)
{
    if (x->kind != y->kind || x->nfields != y->nfields)
        return false;
    if (x->kind == TYPE_ARRAY)
        return same_structure(x->element, y->element);
    for (size_t i = 0; i < x->nfields; i++)
        if (!same_structure(x->fields[i].type, y->fields[i].type))
            return false;
    return x->kind == TYPE_STRUCT || type_same(x, y);
}

/* `t` with the names of `like`, whose structure it has. */
static const Type *renamed(Binder *b, const Type *t, const Type *like)
{
    if (t->kind == TYPE_ARRAY)
        return type_array(b->a, renamed(b, t->element, like->element), t->contains_null);
    if (t->kind != TYPE_STRUCT)
        return t;
    Field *fields = arena_copy(b->a, t->fields, t->nfields * sizeof *fields);
    for (size_t i = 0; i < t->nfields; i++) {
        fields[i].name = like->fields[i].name;
        fields[i].type = renamed(b, t->fields[i].type, like->fields[i].type);
    }
    return type_struct(b->a, fields, t->nfields);
}

static Status to_common(Binder *b, const char *name, enum OperatorClass class, NodeList *args, const Node *at, Error *err)
{
    const Type *l = args->at[0]->type, *r = args->at[1]->type;
    bool decimals = l->kind == TYPE_DECIMAL && r->kind == TYPE_DECIMAL && class != OP_COMPARE;
    if (decimals || (type_same(l, r) && class != OP_ADD) || type_equal(l, r))
        return ST_OK;
    if (type_is_ansi_interval(l) && l->kind == r->kind)
        return ST_OK;
    if (class == OP_COMPARE && !type_same(l, r) && same_structure(l, r)) {
        cast_arg(b, args, 1, renamed(b, r, l));
        return ST_OK;
    }
    const Type *common = common_type(b, class, l, r);
    if (!common || !accepts(class == OP_DIVIDE || class == OP_INTEGRAL_DIVIDE ? OP_MULTIPLY : class, common)) {
        if (class == OP_INTEGRAL_DIVIDE && common && type_is_ansi_interval(common))
            return ST_OK;
        if (common && common->kind == TYPE_NULL)
            return ST_OK;
        bool promoted = b->ansi && common && (l->kind == TYPE_STRING) != (r->kind == TYPE_STRING);
        return promoted ? wrong_type(b, name, args, common, at, err) : different_types(b, name, args, at, err);
    }
    cast_arg(b, args, 0, common);
    cast_arg(b, args, 1, common);
    return ST_OK;
}

/* "/" computes in double unless both are decimals; "div" in bigint. */
static void division(Binder *b, enum OperatorClass class, NodeList *args)
{
    for (size_t i = 0; i < 2; i++) {
        const Type *t = args->at[i]->type;
        if (class == OP_DIVIDE && t->kind != TYPE_DECIMAL && (type_is_numeric(t) || t->kind == TYPE_NULL))
            cast_arg(b, args, i, &type_double);
        if (class == OP_INTEGRAL_DIVIDE && (type_is_integral(t) || t->kind == TYPE_NULL))
            cast_arg(b, args, i, &type_long);
    }
}

static void null_sides(Binder *b, enum OperatorClass class, NodeList *args)
{
    static const Type *const fallback[] = { [OP_ADD] = &type_double,  [OP_MULTIPLY] = &type_double, [OP_DIVIDE] = &type_double,
                                            [OP_INTEGRAL_DIVIDE] = &type_long, [OP_REMAINDER] = &type_double,
                                            [OP_BITS] = &type_int, [OP_COMPARE] = NULL, [OP_LOGIC] = &type_boolean };
    if (args->at[0]->type->kind == TYPE_NULL && args->at[1]->type->kind == TYPE_NULL && fallback[class]) {
        cast_arg(b, args, 0, fallback[class]);
        cast_arg(b, args, 1, fallback[class]);
    }
}

static Status check_comparable(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err)
{
    const Type *t = args->at[0]->type;
    if (type_is_orderable(t))
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The `<functionName>` does not support ordering "
                       "on type \"<dataType>\".",
                       "sqlExpr", operator_text(b, name, args), "functionName", name, "dataType", type_sql_text(b->a, t), NULL);
}

static Status finish(Binder *b, const char *name, NodeList *args, const Node *at, Node **ret, Error *err)
{
    size_t n = 0;
    const FunctionRow *rows = function_find(name, &n), *row = NULL;
    const Type *type = NULL;
    TRY(function_match(b, name, rows, n, args, at, &row, &type, err));
    Node *call = node_new(b->a, Call, .function = row, .args = *args, .ansi = b->ansi);
    *ret = typed(call, type, result_nullable(b, row, args), at);
    return ST_OK;
}

Status make_operator(Binder *b, const char *name, NodeList *args, const Node *at, Node **ret, Error *err)
{
    enum OperatorClass class = class_of(name);
    Node *done = NULL;
    TRY(datetime(b, name, args, at, &done, err));
    if (done) {
        *ret = done;
        return ST_OK;
    }
    NodeList original = { 0 };
    vec_push(b->a, &original, args->at[0]);
    vec_push(b->a, &original, args->at[1]);
    if (class == OP_COMPARE) {
        size_t n = 0;
        const FunctionRow *row = function_find(name, &n);
        TRY(collate_args(b, row, args, at, err));
    }
    null_sides(b, class, args);
    if (!b->ansi)
        legacy_strings(b, args, class);
    if (!b->ansi && (str_eq(name, "=") || str_eq(name, "==") || str_eq(name, "!=") || str_eq(name, "<=>")))
        boolean_equality(b, args);
    for (size_t i = 0; i < 2 && class == OP_DIVIDE; i++)
        if (args->at[i]->type->kind == TYPE_STRING && (type_is_numeric(args->at[1 - i]->type) || args->at[1 - i]->type->kind == TYPE_NULL))
            cast_arg(b, args, i, &type_double);
    decimal_sides(b, args);
    TRY(to_common(b, name, class, args, at, err));
    division(b, class, args);
    if (class == OP_COMPARE)
        TRY(check_comparable(b, name, args, at, err));
    else if (!accepts(class, args->at[0]->type))
        return type_same(args->at[0]->type, args->at[1]->type) ? wrong_type(b, name, &original, args->at[0]->type, at, err)
                                                               : different_types(b, name, &original, at, err);
    return finish(b, name, args, at, ret, err);
}
