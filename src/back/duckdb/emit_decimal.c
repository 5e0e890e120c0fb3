/* back/duckdb/emit_decimal.c -- see emit_decimal.h: ranges of decimals, arithmetic, sums.
 * Source: org.apache.spark.sql.catalyst.expressions' BinaryArithmetic and Sum for the result types. */
#include "back/duckdb/emit_decimal.h"

#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "ir/source.h"

#include <ctype.h>

/* The operations of the kernel spark_decimal_<scale>, see kernel_decimal.c. */
enum { OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_REMAINDER, OP_INTEGER_DIVIDE, OP_PMOD };
enum { MAX_DEPTH = 200 };      /* of definitions and operands that are looked through */
enum { SUMMED_DIGITS = 24 };   /* no number of rows that a disk holds makes 38 digits of these */

/* ---------------------------------------------------------------- what columns are */
typedef struct DecimalColumn {
    const Node *expr;        /* its Alias' expression */
    bool stored, computed, closed; /* a file's column of `shape`; an expression whose shape is known; nothing may be said of it */
    DecimalShape shape;
} DecimalColumn;

struct DecimalColumns {
    Arena *a;
    VEC(DecimalColumn) at; /* by id */
};

static DecimalColumn *column_at(DecimalColumns *c, int64_t id)
{
    enum { MAX_ID = 1 << 20 };
    if (id < 0 || id >= MAX_ID)
        return NULL;
    while (c->at.len <= (size_t)id)
        vec_push(c->a, &c->at, (DecimalColumn){ 0 });
    return &c->at.at[id];
}

/* Relations that give columns on as they got them, or have none but Aliases of their own. */
static bool passes_columns(const Node *n)
{
    switch (n->kind) {
    case NODE_Scan: case NODE_Project: case NODE_Filter: case NODE_Join: case NODE_Aggregate: case NODE_Sort: case NODE_Limit: case NODE_Offset:
    case NODE_Tail: case NODE_Distinct: case NODE_Deduplicate: case NODE_Sample: case NODE_SubqueryAlias: case NODE_Repartition: case NODE_Hint:
    case NODE_CollectMetrics: case NODE_BoundWith: case NODE_Generate: return true;
    default: return false;
    }
}

static void learn_scan(DecimalColumns *c, const Node *n)
{
    const ScanSource *s = node_as(Scan, n)->source;
    for (size_t i = 0; s && s->ranges && i < s->data_schema->nfields && i < n->schema->len; i++) {
        DecimalColumn *column = s->ranges[i].known ? column_at(c, n->schema->at[i].id) : NULL;
        if (!column)
            continue;
        column->stored = true;
        column->shape = (DecimalShape){ s->ranges[i].least, s->ranges[i].greatest, n->schema->at[i].type->precision };
    }
}

static bool learn(const Node *n, void *columns)
{
    DecimalColumns *c = columns;
    if (node_is(Scan, n)) {
        learn_scan(c, n);
    } else if (node_is(Alias, n)) {
        DecimalColumn *column = column_at(c, node_as(Alias, n)->id);
        if (column) {
            column->closed = column->closed || (column->expr && column->expr != node_as(Alias, n)->child);
            column->expr = node_as(Alias, n)->child;
        }
    } else if (n->schema && !passes_columns(n)) { /* a union gives its left side's columns on, with other values */
        for (size_t i = 0; i < n->schema->len; i++) {
            DecimalColumn *column = column_at(c, n->schema->at[i].id);
            if (column)
                column->closed = true;
        }
    }
    return true;
}

static DecimalColumn *column_of(Emit *e, int64_t id)
{
    if (!e->root)
        return NULL;
    if (!*e->decimals) {
        *e->decimals = ARENA_NEW(e->a, DecimalColumns);
        (*e->decimals)->a = e->a;
        node_walk(e->root, learn, *e->decimals);
    }
    return id >= 0 && (size_t)id < (*e->decimals)->at.len ? &(*e->decimals)->at.at[id] : NULL;
}

/* ---------------------------------------------------------------- ranges */
bool decimal_fits(DecimalShape s, int digits)
{
    i128 limit = power_of_ten(digits);
    return s.least > -limit && s.greatest < limit;
}

static DecimalShape shape_of_type(const Type *t)
{
    i128 limit;
    switch (t->kind) {
    case TYPE_BYTE: return (DecimalShape){ INT8_MIN, INT8_MAX, 3 };
    case TYPE_SHORT: return (DecimalShape){ INT16_MIN, INT16_MAX, 5 };
    case TYPE_INT: return (DecimalShape){ INT32_MIN, INT32_MAX, 10 };
    case TYPE_LONG: return (DecimalShape){ INT64_MIN, INT64_MAX, 19 };
    default:
        limit = power_of_ten(t->kind == TYPE_DECIMAL ? t->precision : DECIMAL_MAX_PRECISION);
        return (DecimalShape){ -(limit - 1), limit - 1, t->kind == TYPE_DECIMAL ? t->precision : DECIMAL_MAX_PRECISION };
    }
}

/* times 10^digits; false past 128 bits */
static bool scaled(DecimalShape *s, int digits)
{
    i128 factor = power_of_ten(digits < 0 ? 0 : digits);
    return !__builtin_mul_overflow(s->least, factor, &s->least) && !__builtin_mul_overflow(s->greatest, factor, &s->greatest);
}

static bool product(DecimalShape a, DecimalShape b, DecimalShape *ret)
{
    i128 all[4];
    if (__builtin_mul_overflow(a.least, b.least, &all[0]) || __builtin_mul_overflow(a.least, b.greatest, &all[1]) ||
        __builtin_mul_overflow(a.greatest, b.least, &all[2]) || __builtin_mul_overflow(a.greatest, b.greatest, &all[3]))
        return false;
    ret->least = ret->greatest = all[0];
    for (int i = 1; i < 4; i++) {
        ret->least = all[i] < ret->least ? all[i] : ret->least;
        ret->greatest = all[i] > ret->greatest ? all[i] : ret->greatest;
    }
    return true;
}

static DecimalShape united(DecimalShape a, DecimalShape b)
{
    return (DecimalShape){ a.least < b.least ? a.least : b.least, a.greatest > b.greatest ? a.greatest : b.greatest,
                           a.digits > b.digits ? a.digits : b.digits };
}

static DecimalShape shape(Emit *e, const Node *n, bool any_width, int depth);

/* ---------------------------------------------------------------- the engine's own arithmetic */
typedef struct Plan {
    enum { KERNEL, NARROW, WIDE } how;
    DecimalShape left, right, result;
} Plan;

static int operation(const char *name)
{
    static const struct {
        const char *name;
        int op;
    } ops[] = { { "+", OP_ADD }, { "-", OP_SUBTRACT }, { "*", OP_MULTIPLY }, { "/", OP_DIVIDE }, { "%", OP_REMAINDER }, { "mod", OP_REMAINDER },
                { "div", OP_INTEGER_DIVIDE }, { "pmod", OP_PMOD }, { "try_add", OP_ADD }, { "try_subtract", OP_SUBTRACT },
                { "try_multiply", OP_MULTIPLY }, { "try_divide", OP_DIVIDE }, { "try_mod", OP_REMAINDER } };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (str_eq(ops[i].name, name))
            return ops[i].op;
    return -1;
}

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

/* Digits of the engine's result type (BindDecimalMultiply, BindDecimalArithmetic of DuckDB). */
static int result_digits(int op, DecimalShape l, int ls, DecimalShape r, int rs)
{
    int widest = max_of(l.digits, r.digits), scale = max_of(ls, rs), digits;
    if (op == OP_MULTIPLY)
        digits = l.digits + r.digits;
    else
        digits = max_of(scale + max_of(l.digits - ls, r.digits - rs), widest) + 1;
    bool cut = digits > NARROW_DIGITS && widest <= NARROW_DIGITS && (op != OP_MULTIPLY || ls + rs < NARROW_DIGITS);
    return cut ? NARROW_DIGITS : digits > DECIMAL_MAX_PRECISION ? DECIMAL_MAX_PRECISION : digits;
}

/* The engine's operator means the same where it keeps every digit and the result has room. */
static Plan plan_of(Emit *e, const Call *c, int depth)
{
    const Node *l = c->args.at[0], *r = c->args.at[1];
    const Type *to = c->node.type;
    int op = operation(c->function->name), ls = l->type->scale, rs = r->type->scale;
    Plan p = { .how = KERNEL, .result = shape_of_type(to) };
    p.result.digits = DECIMAL_MAX_PRECISION;
    if (op != OP_ADD && op != OP_SUBTRACT && op != OP_MULTIPLY)
        return p;
    p.left = shape(e, l, decimal_any_width(l), depth);
    p.right = shape(e, r, decimal_any_width(r), depth);
    if (to->scale != (op == OP_MULTIPLY ? ls + rs : max_of(ls, rs)))
        return p;
    DecimalShape x = p.left, y = p.right, result;
    if (op == OP_MULTIPLY) {
        if (!product(x, y, &result))
            return p;
    } else {
        enum { ADDED_DIGITS = DECIMAL_MAX_PRECISION - 1 }; /* two of these are a number of 128 bits */
        if (!scaled(&x, to->scale - ls) || !scaled(&y, to->scale - rs) || !decimal_fits(x, ADDED_DIGITS) || !decimal_fits(y, ADDED_DIGITS))
            return p;
        result.least = op == OP_ADD ? x.least + y.least : x.least - y.greatest;
        result.greatest = op == OP_ADD ? x.greatest + y.greatest : x.greatest - y.least;
    }
    if (!decimal_fits(result, to->precision))
        return p;
    bool small = decimal_fits(result, NARROW_DIGITS) && decimal_fits(x, NARROW_DIGITS) && decimal_fits(y, NARROW_DIGITS);
    p.how = small && ls <= NARROW_DIGITS && rs <= NARROW_DIGITS ? NARROW : WIDE;
    if (p.how == NARROW) {
        p.left.digits = p.left.digits > NARROW_DIGITS ? NARROW_DIGITS : p.left.digits;
        p.right.digits = p.right.digits > NARROW_DIGITS ? NARROW_DIGITS : p.right.digits;
    } else if (max_of(p.left.digits, p.right.digits) <= NARROW_DIGITS) {
        p.left.digits = NARROW_DIGITS + 1;
    }
    result.digits = result_digits(op, p.left, ls, p.right, rs);
    p.result = result;
    return p;
}

/* ---------------------------------------------------------------- shapes of expressions */
bool decimal_any_width(const Node *n)
{
    return n->type && n->type->kind == TYPE_DECIMAL && (node_is(Call, n) || node_is(Case, n) || node_is(Cast, n));
}

static DecimalShape literal_shape(const Literal *l, const Type *t)
{
    DecimalShape s = shape_of_type(t);
    i128 value = 0;
    if (l->value->is_null)
        return (DecimalShape){ 0, 0, s.digits };
    if (t->kind != TYPE_DECIMAL)
        return type_is_integral(t) ? (DecimalShape){ l->value->i, l->value->i, s.digits } : s;
    for (size_t i = 0; i < l->value->text_len; i++) {
        char ch = l->value->text[i];
        if (ch == '-' || ch == '+' || ch == '.')
            continue;
        if (!isdigit((unsigned char)ch) || value >= power_of_ten(37))
            return s;
        value = value * 10 + (ch - '0');
    }
    if (l->value->text_len && l->value->text[0] == '-')
        value = -value;
    return (DecimalShape){ value, value, s.digits };
}

static DecimalShape cast_shape(Emit *e, const Cast *c, bool any_width, int depth)
{
    const Type *from = c->child->type, *to = c->to;
    DecimalShape s = shape_of_type(to);
    if (from->kind != TYPE_DECIMAL && !type_is_integral(from))
        return s;
    DecimalShape child = shape(e, c->child, false, depth);
    int from_scale = from->kind == TYPE_DECIMAL ? from->scale : 0;
    if (to->scale >= from_scale && scaled(&child, to->scale - from_scale) && child.least >= s.least && child.greatest <= s.greatest) {
        s.least = child.least;
        s.greatest = child.greatest;
    }
    if (any_width && s.digits > NARROW_DIGITS && to->scale <= NARROW_DIGITS && decimal_fits(s, NARROW_DIGITS))
        s.digits = NARROW_DIGITS;
    return s;
}

static DecimalShape case_shape(Emit *e, const Case *c, bool any_width, int depth)
{
    DecimalShape s = { 0 };
    for (size_t i = 0; i <= c->thens.len; i++) {
        const Node *n = i < c->thens.len ? c->thens.at[i] : c->otherwise;
        if (!n)
            continue;
        DecimalShape one = shape(e, n, any_width && decimal_any_width(n), depth);
        s = i ? united(s, one) : one;
    }
    if (!any_width)
        s.digits = c->node.type->precision;
    return s;
}

static DecimalShape column_shape(Emit *e, const ColumnRef *c, int depth)
{
    DecimalShape s = shape_of_type(c->node.type);
    DecimalColumn *column = column_of(e, c->id);
    if (!column || column->closed)
        return s;
    if (!column->stored && column->expr && !column->computed && column->expr->type && type_same(column->expr->type, c->node.type)) {
        column->computed = true; /* before: a definition that names itself finds its type */
        column->shape = s;
        DecimalShape known = shape(e, column->expr, false, depth);
        column = column_of(e, c->id);
        column->shape = known;
    }
    if (!column->stored && !column->computed)
        return s;
    return (DecimalShape){ column->shape.least, column->shape.greatest, s.digits };
}

static DecimalShape shape(Emit *e, const Node *n, bool any_width, int depth)
{
    if (depth >= MAX_DEPTH || emit_group_name(e, n))
        return shape_of_type(n->type);
    depth++;
    switch (n->kind) {
    case NODE_Literal: return literal_shape(node_as(Literal, n), n->type);
    case NODE_ColumnRef: return column_shape(e, node_as(ColumnRef, n), depth);
    case NODE_Alias: return shape(e, node_as(Alias, n)->child, any_width, depth);
    case NODE_Cast: return cast_shape(e, node_as(Cast, n), any_width, depth);
    case NODE_Case: return case_shape(e, node_as(Case, n), any_width, depth);
    default: break;
    }
    DecimalShape s = shape_of_type(n->type);
    if (!node_is(Call, n) || n->type->kind != TYPE_DECIMAL)
        return s;
    const Call *c = node_as(Call, n);
    if (c->args.len == 2 && operation(c->function->name) >= 0 && c->args.at[0]->type->kind == TYPE_DECIMAL &&
        c->args.at[1]->type->kind == TYPE_DECIMAL)
        s = plan_of(e, c, depth).result;
    else if (any_width)
        s.digits = DECIMAL_MAX_PRECISION;
    if (!any_width)
        s.digits = n->type->precision;
    return s;
}

DecimalShape decimal_shape(Emit *e, const Node *n, bool any_width)
{
    return shape(e, n, any_width, 0);
}

/* ---------------------------------------------------------------- texts */
/* An operand, cast where the plan wants other digits of it than it has. */
static const char *operand(Emit *e, const Node *n, const char *text, DecimalShape wanted)
{
    DecimalShape is = decimal_shape(e, n, decimal_any_width(n));
    return is.digits == wanted.digits ? text : arena_printf(e->a, "CAST(%s AS DECIMAL(%d,%d))", text, wanted.digits, n->type->scale);
}

Status emit_decimal_arithmetic(Emit *e, const Call *c, const char *const *args, Str *out)
{
    static const char symbols[] = "+-*";
    const Type *to = c->node.type;
    int op = operation(c->function->name);
    Plan p = plan_of(e, c, 0);
    if (p.how != KERNEL) {
        str_addf(out, e->any_width ? "(%s %c %s)" : "CAST((%s %c %s) AS %s)", operand(e, c->args.at[0], args[0], p.left), symbols[op],
                 operand(e, c->args.at[1], args[1], p.right), emit_word(e, to));
        return ST_OK;
    }
    if (op == OP_INTEGER_DIVIDE) { /* Decimal.toLong keeps the low 64 bits */
        str_addf(out, "spark_wrap_bigint(CAST(spark_decimal_0(%s, %s, %d, %d, %d) AS HUGEINT))", args[0], args[1], op, DECIMAL_MAX_PRECISION, e->o->ansi);
        return ST_OK;
    }
    int scale = to->scale, precision = to->precision;
    if (e->any_width)
        str_addf(out, "spark_decimal_%d(%s, %s, %d, %d, %d)", scale, args[0], args[1], op, precision, e->o->ansi);
    else
        str_addf(out, "CAST(spark_decimal_%d(%s, %s, %d, %d, %d) AS %s)", scale, args[0], args[1], op, precision, e->o->ansi, emit_word(e, to));
    return ST_OK;
}

/* -x and abs(x): the sign of a number of more than 34 digits changes with java.math's context of 34 digits (Decimal.unary_-). */
Status emit_decimal_sign(Emit *e, const Call *c, const char *const *args, Str *out)
{
    enum { CONTEXT_DIGITS = 34 };
    bool negative = str_eq(c->function->name, "negative");
    if (decimal_fits(decimal_shape(e, c->args.at[0], false), CONTEXT_DIGITS))
        return emit_template(e, c, args, negative ? "(- $1)" : "abs($1)", out);
    return emit_template(e, c, args, negative ? "CAST(spark_decimal_$S($1, 0, 12, $P, 1) AS $T)" : "CAST(spark_decimal_$S($1, 0, 13, $P, 1) AS $T)", out);
}

/* The engine adds up in 128 bits, which no number of rows passes whose values are short. Others are added by ours, and the sum is looked at. */
static Status checked_sum(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->args.at[0]->type;
    bool strict = e->o->ansi && !str_starts(c->function->name, "try_"), wide = t->precision + 10 >= 38;
    if (decimal_fits(decimal_shape(e, c->args.at[0], decimal_any_width(c->args.at[0])), SUMMED_DIGITS))
        return emit_template(e, c, args, "sum($d$1)@", out);
    str_addf(out, "spark_decimal_%d(", t->scale);
    /* Only the groups' buffers, and an average's, hold no more than 38 digits from row to row. */
    bool stored = !e->over && (strstr(c->function->name, "sum") == NULL || (e->groups && e->groups->groups->len));
    str_addf(out, !wide ? "sum(" : stored ? "spark_sum_decimal_%d(" : "spark_window_sum_decimal_%d(", t->scale);
    TRY(emit_template(e, c, args, "$d$1)@", out));
    str_addf(out, ", 0, %d, %d, %d)", wide && e->over ? 0 : 11, wide ? 38 : t->precision + 10, strict); /* OP_ADD of nothing: the value is out of range */
    return ST_OK;
}

Status emit_decimal_sum(Emit *e, const Call *c, const char *const *args, Str *out)
{
    str_add(out, e->o->ansi && !str_starts(c->function->name, "try_") ? "CAST(" : "TRY_CAST(");
    TRY(checked_sum(e, c, args, out));
    str_addf(out, " AS %s)", emit_word(e, c->node.type));
    return ST_OK;
}

Status emit_decimal_avg(Emit *e, const Call *c, const char *const *args, Str *out)
{
    const Type *t = c->node.type;
    str_addf(out, "CAST(spark_decimal_%d(", t->scale);
    TRY(checked_sum(e, c, args, out));
    TRY(emit_template(e, c, args, ", CAST(nullif(count($d$1)@, 0) AS DECIMAL(20,0)), 3, $P, ", out));
    str_addf(out, "%d) AS %s)", e->o->ansi && !str_starts(c->function->name, "try_"), emit_word(e, t));
    return ST_OK;
}
