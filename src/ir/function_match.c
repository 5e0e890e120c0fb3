/* ir/function_match.c -- choosing a function's row by its arguments, and coercing them to it. */
#include "ir/binder.h"
#include "ir/collation.h"
#include "ir/function_mismatch.h"
#include "ir/signature.h"

#include <stdio.h>
#include <stdlib.h>

enum { VARIABLES = 26 };

typedef struct Variables {
    const Type *type[VARIABLES];
    bool nullable[VARIABLES]; /* may a value of this variable be null? */
    bool conflict;            /* two uses have no common type */
    unsigned flags;           /* FN_TIGHTEST, FN_UNPROMOTED: what makes them one */
} Variables;

static size_t slot(char variable)
{
    return (size_t)(variable - 'A');
}

/* The parameter of argument `i`, which is within the signature's counts. */
/* ---------------------------------------------------------------- what a spec accepts as it is */

static bool class_accepts(TypeClass class, const Type *t)
{
    switch (class) {
    case CLASS_ANY:
        return true;
    case CLASS_NUMERIC:
        return type_is_numeric(t);
    case CLASS_INTEGRAL:
        return type_is_integral(t);
    case CLASS_FRACTIONAL:
        return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE || t->kind == TYPE_DECIMAL;
    case CLASS_ANSI_INTERVAL:
        return type_is_ansi_interval(t);
    case CLASS_YEAR_MONTH:
        return t->kind == TYPE_YEAR_MONTH_INTERVAL;
    case CLASS_DAY_TIME:
        return t->kind == TYPE_DAY_TIME_INTERVAL;
    case CLASS_DATETIME:
        return type_is_datetime(t);
    case CLASS_ATOMIC:
        return type_is_atomic(t);
    case CLASS_ORDERABLE:
        return type_is_orderable(t);
    case CLASS_DECIMAL:
        return t->kind == TYPE_DECIMAL;
    case CLASS_STRUCT:
        return t->kind == TYPE_STRUCT;
    }
    return false;
}

static bool accepts(const Spec *s, const Type *t, const Variables *v)
{
    switch (s->kind) {
    case SPEC_TYPE: /* a string of any collation: collate_check() says which ones the row takes */
        return type_same(s->type, t) || (s->type->kind == TYPE_STRING && t->kind == TYPE_STRING);
    case SPEC_CLASS:
        return class_accepts(s->class, t);
    case SPEC_VARIABLE:
        return v->type[slot(s->variable)] && type_same(v->type[slot(s->variable)], t);
    case SPEC_ARRAY:
        return t->kind == TYPE_ARRAY && accepts(s->element, t->element, v);
    case SPEC_MAP:
        return t->kind == TYPE_MAP && accepts(s->key, t->key, v) && accepts(s->element, t->element, v);
    case SPEC_LAMBDA:
        return accepts(s->element, t, v);
    }
    return false;
}

/* ---------------------------------------------------------------- what it would cast to */

static const Type *class_default(TypeClass class, const Type *from, bool ansi, Arena *a)
{
    bool text = from->kind == TYPE_STRING, null = from->kind == TYPE_NULL;
    if (!text && !null && !(class == CLASS_DECIMAL && type_is_numeric(from)))
        return class == CLASS_FRACTIONAL && type_is_integral(from) ? &type_double : NULL;
    switch (class) {
    case CLASS_NUMERIC:
    case CLASS_FRACTIONAL:
        return &type_double;
    case CLASS_INTEGRAL:
        return text && ansi ? &type_long : text ? NULL : &type_int;
    case CLASS_DECIMAL:
        return type_is_numeric(from) ? type_decimal_for(a, from) : type_decimal(a, 38, 18);
    case CLASS_DATETIME:
        return &type_timestamp;
    case CLASS_YEAR_MONTH:
        return null ? type_year_month(a, INTERVAL_YEAR, INTERVAL_MONTH) : NULL;
    case CLASS_DAY_TIME:
        return null ? type_day_time(a, INTERVAL_DAY, INTERVAL_SECOND) : NULL;
    case CLASS_STRUCT:
        return null ? type_struct(a, NULL, 0) : NULL;
    default:
        return NULL;
    }
}

static bool legacy_implicit(const Type *from, const Type *to)
{
    if (type_same(from, to) || from->kind == TYPE_NULL)
        return true;
    if (type_is_numeric(from) && type_is_numeric(to))
        return true;
    if (to->kind == TYPE_STRING)
        return type_is_atomic(from);
    if (from->kind == TYPE_STRING)
        return type_is_atomic(to) && to->kind != TYPE_BOOLEAN && !type_is_ansi_interval(to);
    if (type_is_datetime(from) && type_is_datetime(to))
        return true;
    if (from->kind == TYPE_ARRAY && to->kind == TYPE_ARRAY)
        return legacy_implicit(from->element, to->element);
    if (from->kind == TYPE_MAP && to->kind == TYPE_MAP)
        return legacy_implicit(from->key, to->key) && legacy_implicit(from->element, to->element);
    return false;
}

static bool implicit(bool ansi, const Type *from, const Type *to)
{
    if (to->kind == TYPE_VARIANT)
        return from->kind == TYPE_NULL || from->kind == TYPE_VARIANT;
    if (!ansi)
        return legacy_implicit(from, to);
    return (from->kind == TYPE_STRING && type_is_atomic(to)) || cast_ansi_store(from, to);
}

/* The type that an argument of type `t` is cast to for spec `s`; NULL: impossible. */
static const Type *target(Binder *b, const Spec *s, const Type *t, const Variables *v)
{
    if (accepts(s, t, v))
        return t;
    switch (s->kind) {
    case SPEC_TYPE:
        return implicit(b->ansi, t, s->type) ? s->type : NULL;
    case SPEC_CLASS:
        return class_default(s->class, t, b->ansi, b->a);
    case SPEC_VARIABLE: {
        const Type *common = v->type[slot(s->variable)];
        bool fits = common && (s->nulls ? implicit(b->ansi, t, common) : cast_valid(b->ansi, t, common));
        return fits ? common : NULL;
    }
    case SPEC_ARRAY: {
        const Type *from = t->kind == TYPE_ARRAY ? t->element : t->kind == TYPE_NULL ? &type_null : NULL;
        const Type *element = from ? target(b, s->element, from, v) : NULL;
        /* Cast.forceNullable: an array without NULLs is cast to no array that may have them */
        if (element && !b->ansi && !t->contains_null && from->kind == TYPE_DATE && element->kind == TYPE_TIMESTAMP_NTZ)
            return NULL;
        return element ? type_array(b->a, element, t->kind == TYPE_NULL || t->contains_null) : NULL;
    }
    case SPEC_MAP: {
        bool null = t->kind == TYPE_NULL;
        if (t->kind != TYPE_MAP && !null)
            return NULL;
        const Type *key = target(b, s->key, null ? &type_null : t->key, v);
        const Type *value = target(b, s->element, null ? &type_null : t->element, v);
        return key && value ? type_map(b->a, key, value, null || t->contains_null) : NULL;
    }
    case SPEC_LAMBDA:
        return target(b, s->element, t, v);
    }
    return NULL;
}

/* ---------------------------------------------------------------- type variables */

bool type_same_shape(const Type *x, const Type *y)
{
    if (x->kind != TYPE_STRUCT || y->kind != TYPE_STRUCT || x->nfields != y->nfields)
        return type_same(x, y);
    for (size_t i = 0; i < x->nfields; i++)
        if (!type_same_shape(x->fields[i].type, y->fields[i].type))
            return false;
    return true;
}

/* Does an implicit cast make `from` a `to`, which is wider? Intervals stay as they are, and without ANSI structs too. */
static bool widens(bool ansi, const Type *from, const Type *to)
{
    if (from->kind != to->kind || type_same(from, to))
        return true;
    if (from->kind == TYPE_ARRAY || from->kind == TYPE_MAP)
        return (from->kind == TYPE_ARRAY || widens(ansi, from->key, to->key)) && widens(ansi, from->element, to->element);
    bool good = from->kind != TYPE_STRUCT || ansi;
    for (size_t i = 0; good && from->kind == TYPE_STRUCT && i < from->nfields; i++)
        good = widens(ansi, from->fields[i].type, to->fields[i].type);
    return good && !type_is_ansi_interval(from);
}

static const Type *common_type(Binder *b, const Type *x, const Type *y, unsigned flags)
{
    if (flags & FN_TIGHTEST)
        return coerce_tightest(b->a, false, x, y);
    return flags & FN_UNPROMOTED ? coerce_wider_no_string(b->a, b->ansi, x, y) : coerce_wider(b->a, b->ansi, x, y);
}

static void unify(Binder *b, const Spec *s, const Type *t, bool nullable, Variables *v)
{
    switch (s->kind) {
    case SPEC_VARIABLE: {
        if (s->nulls) /* "T!" */
            return;
        const Type **mine = &v->type[slot(s->variable)];
        if (s->variable == 'F' && t->kind != TYPE_FLOAT && t->kind != TYPE_DOUBLE)
            t = &type_double;
        const Type *common = !*mine ? t : common_type(b, *mine, t, v->flags);
        if (common && *mine && v->flags & FN_IMPLICIT && (!widens(b->ansi, *mine, common) || !widens(b->ansi, t, common)))
            common = NULL;
        v->conflict = v->conflict || !common;
        *mine = common ? common : *mine;
        v->nullable[slot(s->variable)] |= nullable;
        return;
    }
    case SPEC_ARRAY:
        if (t->kind == TYPE_ARRAY)
            unify(b, s->element, t->element, t->contains_null, v);
        return;
    case SPEC_MAP:
        if (t->kind == TYPE_MAP) {
            const Type *before = s->key->kind == SPEC_VARIABLE ? v->type[slot(s->key->variable)] : NULL;
            unify(b, s->key, t->key, false, v);
            const Type *after = before ? v->type[slot(s->key->variable)] : NULL;
            if (after && (key_forces_null(b->ansi, before, after) || key_forces_null(b->ansi, t->key, after)))
                v->conflict = true; /* no key is NULL */
            unify(b, s->element, t->element, t->contains_null, v);
        }
        return;
    case SPEC_LAMBDA: /* its result is as it is: aggregate's merge has zero's type or none */
        if (s->element->kind == SPEC_VARIABLE && v->type[slot(s->element->variable)])
            v->nullable[slot(s->element->variable)] |= nullable;
        else
            unify(b, s->element, t, nullable, v);
        return;
    default:
        return;
    }
}

/* The alternative that has the argument's shape: what it unifies with. */
static const Spec *shape(const Param *p, const Type *t)
{
    for (size_t i = 0; i < p->nalternatives; i++) {
        const Spec *s = &p->alternatives[i];
        if (s->kind == SPEC_VARIABLE || s->kind == SPEC_LAMBDA || (s->kind == SPEC_ARRAY && t->kind == TYPE_ARRAY) ||
            (s->kind == SPEC_MAP && t->kind == TYPE_MAP))
            return s;
    }
    return NULL;
}

static Variables solve(Binder *b, const Signature *s, unsigned flags, const NodeList *args)
{
    Variables v = { .flags = flags };
    for (size_t i = 0; s->nparams && i < args->len; i++) {
        const Param *p = signature_param(s, i);
        const Spec *alternative = args->at[i] && args->at[i]->type ? shape(p, args->at[i]->type) : NULL;
        if (alternative)
            unify(b, alternative, args->at[i]->type, args->at[i]->nullable, &v);
    }
    for (size_t i = 0; i < VARIABLES; i++)
        if (v.type[i] == NULL)
            v.type[i] = &type_null;
    return v;
}

/* ---------------------------------------------------------------- results */

static bool part_nullable(const Spec *s, const Variables *v)
{
    if (s->nulls)
        return s->nulls == '?';
    return s->kind == SPEC_VARIABLE ? v->nullable[slot(s->variable)] : true;
}

static const Type *instantiate(Binder *b, const Spec *s, const Variables *v)
{
    switch (s->kind) {
    case SPEC_TYPE:
        return s->type;
    case SPEC_VARIABLE:
        return v->type[slot(s->variable)];
    case SPEC_ARRAY:
        return type_array(b->a, instantiate(b, s->element, v), part_nullable(s->element, v));
    case SPEC_MAP:
        return type_map(b->a, instantiate(b, s->key, v), instantiate(b, s->element, v), part_nullable(s->element, v));
    default:
        fprintf(stderr, "weir: functions.def: a result may not be a class or a lambda\n");
        abort();
    }
}

/* `t` with the collation `name` on its strings. */
static const Type *collated(Binder *b, const Type *t, const char *name)
{
    if (t->kind == TYPE_STRING)
        return type_string_of(b->a, name);
    if (t->kind == TYPE_ARRAY)
        return type_array(b->a, collated(b, t->element, name), t->contains_null);
    return t->kind == TYPE_MAP ? type_map(b->a, collated(b, t->key, name), collated(b, t->element, name), t->contains_null) : t;
}

static Status result_type(Binder *b, const FunctionRow *row, NodeList *args, const Variables *v, const Node *at,
                          const Type **ret, Error *err)
{
    if (*row->result == '@')
        return result_rule(b, row, args, at, ret, err);
    if (*row->result == '#') {
        *ret = args->at[row->result[1] - '1']->type;
        return ST_OK;
    }
    *ret = instantiate(b, signature_result(row), v);
    const char *collation = row->flags & FN_COLLATED_RESULT && args->len ? type_collation(args->at[0]->type) : NULL;
    if (collation)
        *ret = collated(b, *ret, collation);
    return ST_OK;
}

/* ---------------------------------------------------------------- matching */

typedef struct Attempt {
    size_t bad;          /* the argument that does not fit */
    const Type **targets;
    Variables variables;
} Attempt;

static bool narrows(Binder *b, const Type *from, const Type *to)
{
    if (!type_is_numeric(from) || !type_is_numeric(to))
        return false;
    const Type *wider = coerce_wider_no_string(b->a, b->ansi, from, to);
    return !wider || wider->kind != to->kind;
}

static bool takes_lambda(const Signature *s)
{
    for (size_t i = 0; i < s->nparams; i++)
        if (s->params[i].alternatives[0].kind == SPEC_LAMBDA)
            return true;
    return false;
}

/* May argument type `t` be cast for this row? */
static bool may_cast(const FunctionRow *row, const Signature *s, const Type *t)
{
    if (takes_lambda(s))
        return !strcmp(row->name, "map_zip_with") && t->kind == TYPE_MAP;
    return !(row->flags & FN_UNCAST) || t->kind == TYPE_NULL;
}

/* A NULL for a number says nothing about which of the rows it is. */
static bool is_number(const Spec *s)
{
    return s->kind == SPEC_TYPE && type_is_integral(s->type);
}

static bool try_row(Binder *b, const FunctionRow *row, const Signature *s, const NodeList *args, bool casts, Attempt *ret)
{
    if (args->len < s->least || args->len > s->most)
        return false;
    ret->variables = solve(b, s, row->flags, args);
    ret->targets = ARENA_ARRAY(b->a, const Type *, args->len + 1);
    for (size_t i = 0; i < args->len; i++) {
        const Param *p = signature_param(s, i);
        const Type *t = args->at[i]->type, *found = NULL;
        ret->bad = i;
        bool is_lambda = p->nalternatives == 1 && p->alternatives[0].kind == SPEC_LAMBDA;
        if (is_lambda != (args->at[i]->kind == NODE_Lambda))
            return false;
        if (is_lambda && node_as(Lambda, args->at[i])->params.len != p->alternatives[0].nparams)
            return false;
        for (size_t k = 0; k < p->nalternatives && !found; k++)
            found = accepts(&p->alternatives[k], t, &ret->variables) ? t : NULL;
        for (size_t k = 0; k < p->nalternatives && !found && (casts || (t->kind == TYPE_NULL && is_number(&p->alternatives[k]))) && !is_lambda && may_cast(row, s, t); k++) {
            found = target(b, &p->alternatives[k], t, &ret->variables);
            if (found && p->nalternatives > 1 && narrows(b, t, found)) /* a TypeCollection only widens (Cast.canUpCast) */
                found = NULL;
        }
        const Spec *of = is_lambda ? p->alternatives[0].element : NULL;
        if (!found && of && of->kind == SPEC_VARIABLE && type_same_shape(ret->variables.type[slot(of->variable)], t))
            found = ret->variables.type[slot(of->variable)];
        if (!found)
            return false;
        ret->targets[i] = found;
    }
    return !ret->variables.conflict;
}

/* A struct under other names of fields is cast by position. */
static Node *coerce_lambda(Binder *b, Node *n, const Type *to)
{
    const Lambda *l = node_as(Lambda, n);
    Node *body = coerce_to(b->a, b->ansi, l->body, to);
    if (body == l->body)
        return n;
    Node *copy = node_copy(b->a, n);
    ((Lambda *)(void *)copy)->body = body;
    copy->type = to;
    return copy;
}

static Node *fallback_literal(Binder *b, const Param *p)
{
    const char *text = p->fallback;
    double f = 0;
    int64_t i = 0;
    if (*text == '\'')
        return make_literal_string(b, arena_strn(b->a, text + 1, strlen(text) - 2));
    if (!strcmp(text, "null"))
        return make_literal_null(b, &type_null);
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return make_literal_bool(b, *text == 't');
    if (str_to_i64(text, &i))
        return make_literal_int(b, i, &type_int);
    const Type *type = p->alternatives[0].type;
    if (!str_to_f64(text, &f) || !type || type->kind != TYPE_DECIMAL) {
        fprintf(stderr, "weir: functions.def: default '%s'\n", text);
        abort();
    }
    Value *v = ARENA_NEW(b->a, Value);
    v->text = text;
    v->text_len = strlen(text);
    return typed(node_new(b->a, Literal, .value = v, .of = type), type, false, NULL);
}

/* Constants are cast at once where it costs nothing: an integer default to a wider or decimal parameter prints as Spark's. */
static void add_defaults(Binder *b, const Signature *s, NodeList *args)
{
    for (size_t i = args->len; i < s->nparams && s->params[i].fallback; i++)
        vec_push(b->a, args, fallback_literal(b, &s->params[i]));
}

static const char *count_text(Arena *a, const FunctionRow *rows, size_t nrows)
{
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < nrows; i++) {
        const Signature *s = signature_of(&rows[i]);
        least = s->least < least ? s->least : least;
        most = s->most > most ? s->most : most;
    }
    if (most == SIZE_MAX)
        return arena_printf(a, "> %zu", least ? least - 1 : 0);
    if (least == most)
        return arena_printf(a, "%zu", least);
    str_auto list = STR_INIT(256);
    for (size_t i = least; i <= most; i++)
        str_addf(&list, "%s%zu", i > least ? ", " : "[", i);
    str_addc(&list, ']');
    return str_arena(&list, a);
}

Status wrong_count(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, size_t actual, const Node *at, Error *err)
{
    return spark_error(err, at, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                       "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, refer "
                       "to '<docroot>/sql-ref-functions.html' for a fix.",
                       "functionName", sql_id(b->a, name), "expectedNum", count_text(b->a, rows, nrows), "actualNum",
                       arena_printf(b->a, "%zu", actual), NULL);
}

bool takes_count(const FunctionRow *rows, size_t nrows, size_t actual)
{
    for (size_t i = 0; i < nrows; i++) {
        const Signature *s = signature_of(&rows[i]);
        if (actual >= s->least && actual <= s->most)
            return true;
    }
    return false;
}

static Status no_row(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, const NodeList *args, const Node *at,
                     Error *err)
{
    for (size_t i = nrows; i-- > 0;) {
        const Signature *s = signature_of(&rows[i]);
        Attempt attempt = { 0 };
        if (args->len < s->least || args->len > s->most)
            continue;
        bool fits = try_row(b, &rows[i], s, args, true, &attempt);
        bool lambda = !fits && node_is(Lambda, args->at[attempt.bad]);
        TRY(mismatch_own(b, rows[i].name, args, attempt.variables.conflict || fits, lambda, at, err));
        return attempt.variables.conflict || fits ? mismatch_variable(b, name, args, at, err)
                                                  : mismatch_parameter(b, name, s, args, attempt.bad, at, err);
    }
    return wrong_count(b, name, rows, nrows, args->len, at, err);
}

/* Variable O must have an order (TypeUtils.checkForOrderingExpr). */
static Status check_ordering(Binder *b, const char *name, const Attempt *attempt, const NodeList *args, const Node *at, Error *err)
{
    const Type *t = attempt->variables.type[slot('O')];
    return type_is_orderable(t) ? ST_OK : mismatch_order(b, name, t, args, at, err);
}

/* TypeUtils.checkForMapKeyType: no key of a new map is a map or has one in it. */
static bool has_map(const Type *t)
{
    bool found = t->kind == TYPE_MAP;
    if (t->kind == TYPE_ARRAY)
        return has_map(t->element);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        found = found || has_map(t->fields[i].type);
    return found;
}

static Status check_map_key(Binder *b, const char *name, const Type *made, const NodeList *args, const Node *at, Error *err)
{
    if (made->kind != TYPE_MAP || !has_map(made->key) || !in_words("map map_from_arrays map_from_entries transform_keys", name))
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The key of map cannot be/contain <keyType>.", "sqlExpr", call_text(b, name, args),
                       "keyType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, made->key)), NULL);
}

static void apply(Binder *b, const Signature *s, const Attempt *attempt, NodeList *args)
{
    for (size_t i = 0; i < args->len; i++) {
        if (signature_param(s, i)->alternatives[0].kind == SPEC_LAMBDA)
            args->at[i] = coerce_lambda(b, args->at[i], attempt->targets[i]);
        else
            args->at[i] = coerce_to(b->a, b->ansi, args->at[i], attempt->targets[i]);
    }
}

/* What a function makes of an argument before its type is looked at. */
static Status adjust(Binder *b, const char *name, NodeList *args, const Node *at, Error *err)
{
    enum { SIGN_BIT = 31 };
    if (in_words("sum try_sum avg mean try_avg", name) && args->len == 1 && args->at[0]->type->kind == TYPE_TIMESTAMP)
        args->at[0] = coerce_to(b->a, b->ansi, args->at[0], &type_double); /* seconds since 1970 */
    if (!str_eq(name, "array_insert") || args->len != 3 || !conf_requires(b, "spark.sql.legacy.negativeIndexInArrayInsert"))
        return ST_OK;
    Node *negative = NULL; /* -1 was before the last element: n - (n >>> 31) */
    TRY(make_call2(b, "shiftrightunsigned", coerce_to(b->a, b->ansi, args->at[1], &type_int), make_literal_int(b, SIGN_BIT, &type_int), at, &negative, err));
    return make_call2(b, "-", args->at[1], negative, at, &args->at[1], err);
}

/* WidthBucket.checkInputDataTypes: intervals of one kind, or three DOUBLEs, which is what NULL is. */
static Status check_bucket(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err)
{
    size_t kinds[3] = { 0 };
    NodeList shown = { 0 };
    if (!str_eq(name, "width_bucket") || args->len != 4)
        return ST_OK;
    for (size_t i = 0; i < args->len; i++) {
        TypeKind kind = args->at[i]->type->kind;
        bool interval = kind == TYPE_YEAR_MONTH_INTERVAL || kind == TYPE_DAY_TIME_INTERVAL, number = type_is_numeric(args->at[i]->type) || kind == TYPE_NULL || kind == TYPE_STRING;
        if (i < 3 && !interval && !number)
            return ST_OK;
        if (i < 3)
            kinds[!interval ? 0 : kind == TYPE_YEAR_MONTH_INTERVAL ? 1 : 2]++;
        vec_push(b->a, &shown, i < 3 && !interval ? coerce_to(b->a, b->ansi, args->at[i], &type_double) : args->at[i]);
    }
    shown.len = 3;
    return kinds[0] == 3 || kinds[1] == 3 || kinds[2] == 3 ? ST_OK : mismatch_variable(b, name, &shown, at, err);
}

static Status check_schema(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    NodeList copy = { 0 };
    const Type *ignored = NULL;
    for (size_t i = 0; i < args->len; i++)
        vec_push(b->a, &copy, args->at[i]);
    if (str_eq(row->name, "from_csv"))
        return args->len > 1 ? result_from_schema(b, row, &copy, at, &ignored, err) : ST_OK;
    return args->len == 3 ? result_variant_get(b, row, &copy, at, &ignored, err) : ST_OK;
}

Status function_match(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, NodeList *args, const Node *at,
                      const FunctionRow **ret_row, const Type **ret_type, Error *err)
{
    TRY(mismatch_nulls(b, rows->name, args, at, err));
    TRY(adjust(b, rows->name, args, at, err));
    TRY(check_bucket(b, rows->name, args, at, err));
    TRY(check_builder(b, name, rows, nrows, args, at, err));
    if (in_words("from_csv variant_get try_variant_get", rows->name)) /* the schema is read before there is an expression */
        TRY(check_schema(b, rows, args, at, err));
    TRY(collate_args(b, rows, args, at, err));
    for (int casts = 0; casts < 2; casts++)
        for (size_t i = 0; i < nrows; i++) {
            const Signature *s = signature_of(&rows[i]);
            NodeList full = { 0 };
            for (size_t k = 0; k < args->len; k++)
                vec_push(b->a, &full, args->at[k]);
            if (full.len >= s->least && full.len <= s->most)
                add_defaults(b, s, &full);
            Attempt attempt = { 0 };
            bool all_casts = casts || (rows[i].nulls != NULLS_RULE && nrows == 1);
            if (!try_row(b, &rows[i], s, &full, all_casts, &attempt))
                continue;
            size_t bad;
            apply(b, s, &attempt, &full);
            TRY(collate_check(b, &rows[i], &full, at, &bad, err));
            if (bad != SIZE_MAX)
                return mismatch_parameter(b, name, s, &full, bad, at, err);
            TRY(check_ordering(b, name, &attempt, &full, at, err));
            if (strcmp(rows[i].result, "@from_schema")) /* the schema is looked at before the options, they before anything else */
                TRY(check_options(b, s, &full, at, err));
            if (rows[i].kind != FN_WINDOW) /* bind_window.c checks them, behind the window's own errors */
                TRY(check_parameters(b, name, s, &full, at, err));
            TRY(result_type(b, &rows[i], &full, &attempt.variables, at, ret_type, err));
            TRY(check_map_key(b, rows[i].name, *ret_type, &full, at, err));
            TRY(check_options(b, s, &full, at, err));
            *args = full;
            *ret_row = &rows[i];
            return ST_OK;
        }
    return no_row(b, name, rows, nrows, args, at, err);
}

/* ---------------------------------------------------------------- lambdas */

size_t lambda_parameter_count(const FunctionRow *rows, size_t nrows, size_t index, size_t nargs)
{
    for (size_t i = 0; i < nrows; i++) {
        const Signature *s = signature_of(&rows[i]);
        const Param *p = nargs >= s->least && nargs <= s->most && s->nparams ? signature_param(s, index) : NULL;
        if (p && p->alternatives[0].kind == SPEC_LAMBDA)
            return p->alternatives[0].nparams;
    }
    return 0;
}

bool lambda_parameter_types(Binder *b, const FunctionRow *rows, size_t nrows, size_t index, size_t nargs, size_t nparams,
                            const NodeList *bound, const Type ***ret_types, bool **ret_nullables)
{
    for (size_t i = 0; i < nrows; i++) {
        const Signature *s = signature_of(&rows[i]);
        const Param *p = nargs >= s->least && nargs <= s->most && s->nparams ? signature_param(s, index) : NULL;
        if (!p || p->alternatives[0].kind != SPEC_LAMBDA || p->alternatives[0].nparams != nparams)
            continue;
        Variables v = solve(b, s, rows[i].flags, bound);
        *ret_types = ARENA_ARRAY(b->a, const Type *, nparams + 1);
        *ret_nullables = ARENA_ARRAY(b->a, bool, nparams + 1);
        for (size_t k = 0; k < nparams; k++) {
            const Spec *param = &p->alternatives[0].params[k];
            (*ret_types)[k] = instantiate(b, param, &v);
            /* zip_with pads the shorter array, map_zip_with the map without the key. */
            bool padded = !strcmp(rows[i].name, "zip_with") || (!strcmp(rows[i].name, "map_zip_with") && k > 0);
            (*ret_nullables)[k] = padded || (param->kind == SPEC_VARIABLE && v.nullable[slot(param->variable)]);
        }
        return true;
    }
    return false;
}

const Type *type_from_signature(Arena *a, const char *text)
{
    const Spec *s = signature_type(a, text);
    return s->kind == SPEC_TYPE ? s->type : NULL;
}
