/* back/duckdb/emit_call.c -- calls: finding a function's text and filling it in. */
#include "back/duckdb/emit_call.h"

#include "back/duckdb/emit_collation.h"
#include "back/duckdb/emit_decimal.h"
#include "ir/collation.h"

#include "base/map.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct FunctionText {
    const char *names, *when, *text;
    CallEmitter emitter;
} FunctionText;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
static const FunctionText texts[] = {
#define TEXT(names, when, text) { names, when, text, NULL },
#define CODE(names, when, emitter) { names, when, NULL, emitter },
#include "back/duckdb/emit_functions.def"
#undef TEXT
#undef CODE
};
#pragma GCC diagnostic pop

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n) {
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- when */
static bool is_class(const Type *t, const char *word, size_t length)
{
    static const struct {
        const char *word;
        TypeKind kind;
    } kinds[] = { { "decimal", TYPE_DECIMAL }, { "string", TYPE_STRING },        { "binary", TYPE_BINARY },
                  { "boolean", TYPE_BOOLEAN }, { "date", TYPE_DATE },            { "timestamp", TYPE_TIMESTAMP },
                  { "ntz", TYPE_TIMESTAMP_NTZ }, { "ym", TYPE_YEAR_MONTH_INTERVAL }, { "dt", TYPE_DAY_TIME_INTERVAL },
                  { "interval", TYPE_CALENDAR_INTERVAL }, { "array", TYPE_ARRAY }, { "map", TYPE_MAP },
                  { "struct", TYPE_STRUCT },   { "float", TYPE_FLOAT },          { "null", TYPE_NULL },
                  { "time", TYPE_TIME } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].word) == length && !memcmp(kinds[i].word, word, length))
            return t->kind == kinds[i].kind;
    }
    if (length == 8 && !memcmp(word, "integral", 8))
        return type_is_integral(t);
    if (length == 7 && !memcmp(word, "numeric", 7))
        return type_is_numeric(t);
    if (length == 10 && !memcmp(word, "fractional", 10))
        return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE;
    return false;
}

static bool holds(const Emit *e, const Call *c, const char *when)
{
    while (*when) {
        size_t n = strcspn(when, " ");
        bool good;
        if (*when == '#')
            good = c->args.len == (size_t)(when[1] - '0');
        else if (n > 2 && when[0] == '-' && when[1] == '>')
            good = is_class(c->node.type, when + 2, n - 2);
        else if (n > 2 && when[0] == '2' && when[1] == ':')
            good = c->args.len > 1 && is_class(c->args.at[1]->type, when + 2, n - 2);
        else if (n == 4 && !memcmp(when, "ansi", 4))
            good = e->o->ansi;
        else if (n == 8 && !memcmp(when, "collated", 8))
            good = c->args.len && c->args.at[0]->type && type_is_collated(c->args.at[0]->type);
        else
            good = c->args.len && c->args.at[0]->type && is_class(c->args.at[0]->type, when, n);
        if (!good)
            return false;
        when += n + (when[n] == ' ');
    }
    return true;
}

/* A function's texts in their order, by its name: made once, under the once-control, and never given back. */
typedef struct NamedText {
    const FunctionText *text;
    struct NamedText *next;
} NamedText;
static Map texts_by_name;
static Arena *texts_arena;
static pthread_once_t texts_once = PTHREAD_ONCE_INIT;

static void texts_index(void)
{
    texts_arena = arena_new();
    for (size_t i = sizeof texts / sizeof *texts; i-- > 0;) { /* the last first: each goes before those that are there */
        for (const char *at = texts[i].names; *at; at += strspn(at, " ")) {
            const char *name = arena_strn(texts_arena, at, strcspn(at, " "));
            NamedText *named = ARENA_NEW(texts_arena, NamedText);
            *named = (NamedText){ &texts[i], map_get(&texts_by_name, name) };
            map_set(texts_arena, &texts_by_name, name, named);
            at += strlen(name);
        }
    }
}

static const FunctionText *text_find(const Emit *e, const Call *c)
{
    pthread_once(&texts_once, texts_index);
    for (const NamedText *n = map_get(&texts_by_name, c->function->name); n; n = n->next)
        if (holds(e, c, n->text->when))
            return n->text;
    return NULL;
}

/* ---------------------------------------------------------------- texts */
const char *emit_zone(Emit *e)
{
    return emit_quoted(e, e->o->time_zone ? e->o->time_zone : "UTC");
}

Status emit_aggregate_tail(Emit *e, const Call *c, const char *condition, Str *out)
{
    if (c->filter || condition) {
        str_add(out, " FILTER (WHERE ");
        if (c->filter)
            TRY(emit_expr(e, c->filter, out));
        str_addf(out, "%s%s)", c->filter && condition ? " AND " : "", condition ? condition : "");
    }
    if (e->over)
        str_add(out, e->over);
    return ST_OK;
}

static const char *integral_name(const Type *t)
{
    return t->kind == TYPE_BYTE ? "tinyint" : t->kind == TYPE_SHORT ? "smallint" : t->kind == TYPE_LONG ? "bigint" : "int";
}

static int width_of(const Type *t)
{
    return t->kind == TYPE_BYTE ? 1 : t->kind == TYPE_SHORT ? 2 : t->kind == TYPE_LONG ? 8 : 4;
}

typedef struct Filling {
    Emit *e;
    const Call *call;
    const char *const *args;
    const char *x, *y;
} Filling;

static void fill_all(const Filling *f, Str *out)
{
    for (size_t i = 0; i < f->call->args.len; i++)
        str_addf(out, "%s%s", i ? ", " : "", f->args[i]);
}

/* One "$…": returns the characters taken. */
static size_t fill_one(Filling *f, const char *at, Str *out)
{
    Emit *e = f->e;
    const Call *c = f->call;
    if (isdigit((unsigned char)at[1])) {
        size_t n = (size_t)(at[1] - '1');
        str_add(out, n < c->args.len ? f->args[n] : "NULL");
        return 2;
    }
    switch (at[1]) {
    case '*': fill_all(f, out); return 2;
    case 'T':
        if (at[2] == '1') {
            emit_type(c->args.at[0]->type, out);
            return 3;
        }
        emit_type(c->node.type, out);
        return 2;
    case 'W': str_addf(out, "%d", width_of(c->args.at[0]->type)); return 3;
    case 'N': str_add(out, integral_name(c->node.type)); return 2;
    case 'S': str_addf(out, "%d", c->node.type->scale); return 2;
    case 'P': str_addf(out, "%d", c->node.type->precision); return 2;
    case 'Z': str_add(out, emit_zone(e)); return 2;
    case 'K': str_add(out, emit_quoted(e, type_collation(c->args.at[0]->type))); return 2;
    case 'M': str_add(out, e->o->ansi ? "1" : "0"); return 2;
    case 'U': str_addf(out, "make_timestamp((%" PRId64 ")::BIGINT)", e->o->now_us); return 2;
    case 'L': str_addf(out, "spark_local(make_timestamp((%" PRId64 ")::BIGINT), %s)", e->o->now_us, emit_zone(e)); return 2;
    case 'R': str_add(out, e->over && e->running ? "spark_running_" : ""); return 2;
    case 'V': str_add(out, e->over && e->running ? "spark_running_" : "spark_"); return 2;
    case 'd': str_add(out, c->distinct ? "DISTINCT " : ""); return 2;
    case 'n': str_add(out, c->ignore_nulls ? " IGNORE NULLS" : ""); return 2;
    case 't': str_addf(out, "spark_local(%s, %s)", f->args[0], emit_zone(e)); return 3;
    case 'x':
        f->x = f->x ? f->x : emit_fresh(e, "x");
        str_add(out, f->x);
        return 2;
    case 'y':
        f->y = f->y ? f->y : emit_fresh(e, "y");
        str_add(out, f->y);
        return 2;
    default: str_addc(out, '$'); return 1;
    }
}

static Status fill(Filling *f, const char *text, size_t length, Str *out);

/* "@" or "@[condition]" */
static Status fill_tail(Filling *f, const char *at, const char *end, size_t *taken, Str *out)
{
    const char *close = at + 1 < end && at[1] == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;
    *taken = close ? (size_t)(close - at) + 1 : 1;
    if (!close)
        return emit_aggregate_tail(f->e, f->call, NULL, out);
    str_auto condition = EMIT_STR;
    TRY(fill(f, at + 2, (size_t)(close - at) - 2, &condition));
    return emit_aggregate_tail(f->e, f->call, str_text(&condition), out);
}

static Status fill(Filling *f, const char *text, size_t length, Str *out)
{
    const char *end = text + length;
    for (const char *at = text; at < end;) {
        const char *close = *at == '{' ? memchr(at, '}', (size_t)(end - at)) : NULL;
        const char *bar = close ? memchr(at, '|', (size_t)(close - at)) : NULL;
        size_t taken = 1;
        if (bar) {
            if (f->e->o->ansi)
                TRY(fill(f, at + 1, (size_t)(bar - at) - 1, out));
            else
                TRY(fill(f, bar + 1, (size_t)(close - bar) - 1, out));
            taken = (size_t)(close - at) + 1;
        } else if (*at == '$' && at + 1 < end) {
            taken = fill_one(f, at, out);
        } else if (*at == '@') {
            TRY(fill_tail(f, at, end, &taken, out));
        } else {
            str_addc(out, *at);
        }
        at += taken;
    }
    return ST_OK;
}

Status emit_template(Emit *e, const Call *call, const char *const *args, const char *text, Str *out)
{
    Filling f = { .e = e, .call = call, .args = args };
    return fill(&f, text, strlen(text), out);
}

static const Type *arg_type(const Call *c, size_t i)
{
    return c->args.at[i]->type;
}

/* Functions that order their arguments. */
typedef enum OrderedBy { BY_NOTHING, BY_ARGUMENTS, BY_SECOND, BY_ITSELF, BY_ITEMS, BY_MANY } OrderedBy;

static OrderedBy ordered_by(const Call *c)
{
    const char *name = c->function->name;
    if (has_word("< <= > >= between", name))
        return BY_ARGUMENTS;
    if (has_word("min_by max_by", name))
        return BY_SECOND;
    if (has_word("min max", name))
        return BY_ITSELF;
    if (has_word("array_min array_max sort_array array_sort", name))
        return str_eq(name, "array_sort") && c->args.len == 2 ? BY_NOTHING : BY_ITEMS; /* a comparator says it itself */
    return has_word("greatest least", name) ? BY_MANY : BY_NOTHING;
}

/* Does the engine order values of the type otherwise than Spark? */
static bool needs_key(Emit *e, const Type *t)
{
    return !str_eq(emit_order_key(e, "x", t), "x");
}

static Status emit_keyed_items(Emit *e, const Call *c, const char **args, const char *text, Str *out)
{
    const char *x = emit_fresh(e, "x"), *y = emit_fresh(e, "x");
    str_auto sorted = EMIT_STR;
    args[0] = arena_printf(e->a, "list_transform(%s, lambda %s: CASE WHEN %s IS NOT NULL THEN struct_pack(k := %s, v := %s) END)", args[0], x, x,
                           emit_order_key(e, x, arg_type(c, 0)->element), x);
    TRY(emit_template(e, c, args, text, &sorted));
    if (str_starts(c->function->name, "array_m"))
        str_addf(out, "struct_extract(%s, 'v')", str_text(&sorted));
    else
        str_addf(out, "list_transform(%s, lambda %s: struct_extract(%s, 'v'))", str_text(&sorted), y, y);
    return ST_OK;
}

/* greatest and least: each argument goes along with its key. */
static Status emit_keyed_choice(Emit *e, const Call *c, const char **args, Str *out)
{
    str_addf(out, "struct_extract(%s(", c->function->name);
    for (size_t i = 0; i < c->args.len; i++) {
        const char *x = arena_printf(e->a, "CAST(%s AS %s)", args[i], emit_word(e, c->node.type));
        str_addf(out, "%sCASE WHEN %s IS NOT NULL THEN struct_pack(k := %s, v := %s) END", i ? ", " : "", args[i],
                 emit_order_key(e, x, c->node.type), x);
    }
    str_add(out, "), 'v')");
    return ST_OK;
}

/* Keys take the place of the arguments that are ordered. False: it is written like any other call. */
static Status emit_ordered(Emit *e, const Call *c, const char **args, const char *text, bool *ret_done, Str *out)
{
    OrderedBy by = ordered_by(c);
    size_t from = by == BY_SECOND;
    *ret_done = false;
    if (by == BY_NOTHING || c->args.len <= from)
        return ST_OK;
    const Type *t = by == BY_ITEMS ? arg_type(c, 0)->element : arg_type(c, from);
    bool needed = t && needs_key(e, t);
    for (size_t i = 1; by == BY_ARGUMENTS && i < c->args.len; i++)
        needed = needed || needs_key(e, arg_type(c, i));
    if (!needed)
        return ST_OK;
    if (by == BY_MANY) {
        *ret_done = true;
        return emit_keyed_choice(e, c, args, out);
    }
    if (by == BY_ITEMS && !text)
        return emit_unsupported(e, (const Node *)c, "the order of values that may hold a NULL inside");
    for (size_t i = 0; by == BY_ARGUMENTS && i < c->args.len; i++)
        args[i] = emit_comparison_key(e, args[i], arg_type(c, i));
    if (by == BY_SECOND)
        args[1] = emit_order_key(e, args[1], t);
    if (by != BY_ITSELF && by != BY_ITEMS)
        return ST_OK;
    *ret_done = true;
    if (by == BY_ITEMS)
        return emit_keyed_items(e, c, args, text, out);
    const char *both[] = { arena_printf(e->a, "CASE WHEN %s IS NOT NULL THEN struct_pack(k := %s, v := %s) END", args[0], emit_order_key(e, args[0], t), args[0]) };
    return emit_template(e, c, both, str_eq(c->function->name, "min") ? "struct_extract(min($1)@, 'v')" : "struct_extract(max($1)@, 'v')", out);
}

/* Arithmetic, comparisons, sums: they mean the same for a decimal of any precision that holds it, and a cast that only widens
 * costs as much as the arithmetic. */
static bool takes_any_width(const Call *c)
{
    return has_word("+ - * / % mod pmod div try_add try_subtract try_multiply try_divide try_mod = == <=> != < <= > >= sum try_sum avg mean try_avg count", c->function->name);
}

/* A condition of PIVOT comes after the values are grouped; count_if counts what NULLIF makes of its argument, which a projection below the
 * aggregate computes (RewriteWithExpression). */
static bool computed_before_filter(const Call *c)
{
    return c->filter_last || str_eq(c->function->name, "count_if");
}

/* FILTER comes before the arguments: what may fail in a row that it drops is not computed there. The engine computes it first. */
static Status guard_arguments(Emit *e, const Call *c, const char **args)
{
    const char *filter;
    TRY(emit_text(e, c->filter, &filter));
    for (size_t i = 0; i < c->args.len; i++) {
        if ((node_is(Call, c->args.at[i]) || node_is(Cast, c->args.at[i])) && !emit_is_constant(c->args.at[i])) /* constants are folded before */
            args[i] = arena_printf(e->a, "CASE WHEN %s THEN %s END", filter, args[i]);
    }
    return ST_OK;
}

/* May the text be longer than its arguments by one of them, written again? */
static bool may_repeat(const Call *c, const FunctionText *t)
{
    if (c->function->kind != FN_SCALAR)
        return false;
    if ((t && t->emitter) || ordered_by(c) != BY_NOTHING)
        return true;
    const char *text = t ? t->text : c->function->engine;
    for (const char *at = text; (at = strchr(at, '$')); at++)
        if (isdigit((unsigned char)at[1]) && strstr(at + 2, (const char[]){ '$', at[1], 0 }))
            return true;
    return false;
}

static Status written(Emit *e, const Call *c, const FunctionText *t, const char **args, Str *out)
{
    bool done;
    TRY(emit_collated_call(e, c, args, &done, out));
    if (done)
        return ST_OK;
    TRY(emit_lazy_logic(e, c, args, &done, out));
    if (done)
        return ST_OK;
    TRY(emit_ordered(e, c, args, t ? t->text : c->function->engine, &done, out));
    if (done)
        return ST_OK;
    if (t && t->emitter)
        return t->emitter(e, c, args, out);
    return emit_template(e, c, args, t ? t->text : c->function->engine, out);
}

static Status call_by_settings(Emit *e, const Node *n, Str *out)
{
    const Call *c = node_as(Call, n);
    bool any_width = e->any_width;
    e->any_width = false;
    const FunctionText *t = text_find(e, c);
    if (!t && !c->function->engine)
        return emit_unsupported(e, n, c->function->name);
    const char *over = e->over;
    const char **args = ARENA_ARRAY(e->a, const char *, c->args.len + 1);
    bool local = e->local;
    e->over = NULL; /* the arguments are no window functions */
    e->local = local || (e->over_local && str_eq(c->function->name, "count_if"));
    for (size_t i = 0; i < c->args.len; i++) {
        e->any_width = takes_any_width(c) && decimal_any_width(c->args.at[i]);
        TRY(emit_text(e, c->args.at[i], &args[i]));
    }
    e->local = local;
    TRY(emit_lazy_arguments(e, c, args));
    if (c->filter && e->o->ansi && !computed_before_filter(c))
        TRY(guard_arguments(e, c, args));
    e->any_width = any_width;
    e->over = over;
    Once once = { 0 };
    if (may_repeat(c, t))
        emit_once_begin(e, &c->args, emit_always_computed(c), args, &once);
    if (!once.len)
        return written(e, c, t, args, out);
    str_auto text = EMIT_STR;
    TRY(written(e, c, t, args, &text));
    emit_once_end(&once, str_text(&text), out);
    return ST_OK;
}

/* A call means what it meant where it was bound: a view or a function may have been made under another spark.sql.ansi.enabled. */
static Status call_text(Emit *e, const Node *n, Str *out)
{
    const EmitOptions *outer = e->o;
    EmitOptions options = *outer;
    if (!e->ansi_given)
        options.ansi = node_as(Call, n)->ansi;
    e->o = &options;
    Status status = call_by_settings(e, n, out);
    e->o = outer;
    return status;
}

Status emit_call(Emit *e, const Node *n, Str *out)
{
    const FunctionRow *f = node_as(Call, n)->function;
    GroupAs before = e->group_as;
    if (f->kind == FN_AGGREGATE && !e->over)
        e->group_as = str_starts(f->name, "grouping") ? GROUP_KEY : GROUP_IN_AGGREGATE;
    Status status = call_text(e, n, out);
    e->group_as = before;
    return status;
}
