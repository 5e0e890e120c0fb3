/* back/duckdb/emit_remote.c -- a Scan of another database's table: weir_jdbc(…), with the conditions that the other side may apply too.
 *
 * On the way down to a Scan the emitter keeps the conditions of the Filters that it passed (Emit.known), as long as rows go
 * through unchanged. What of them speaks of the Scan's columns alone and means there what it means here goes along: it spares
 * rows, and is applied again here. So a condition may let more rows through there than here, but never fewer.
 * Source: JdbcDialect.compileExpression, JDBCSQLBuilder. */
#include "back/duckdb/convert.h"
#include "back/duckdb/emit_internal.h"
#include "back/duckdb/jdbc_internal.h"
#include "back/duckdb/source_internal.h"

#include <inttypes.h>
#include <math.h>

typedef struct Compile {
    Emit *e;
    const Node *scan;
    bool exact; /* inside of NOT and OR: no more rows either */
} Compile;

/* ---------------------------------------------------------------- columns */
static bool integral(const Type *t)
{
    return t->kind == TYPE_BYTE || t->kind == TYPE_SHORT || t->kind == TYPE_INT || t->kind == TYPE_LONG;
}

/* A cast that keeps each value: comparisons see the same order. */
static bool keeps(const Type *from, const Type *to)
{
    if (integral(from))
        return (integral(to) && to->kind >= from->kind) || (to->kind == TYPE_DECIMAL && to->precision - to->scale >= 19);
    if (from->kind == TYPE_DECIMAL && to->kind == TYPE_DECIMAL)
        return to->scale >= from->scale && to->precision - to->scale >= from->precision - from->scale;
    return from->kind == TYPE_FLOAT && to->kind == TYPE_DOUBLE;
}

static const RemoteColumn *column(const Compile *c, const Node *n)
{
    const ScanSource *s = node_as(Scan, c->scan)->source;
    if (node_is(Cast, n) && keeps(node_as(Cast, n)->child->type, n->type))
        n = node_as(Cast, n)->child;
    if (!node_is(ColumnRef, n) || node_as(ColumnRef, n)->depth)
        return NULL;
    for (size_t i = 0; i < s->data_schema->nfields; i++)
        if (c->scan->schema->at[i].id == node_as(ColumnRef, n)->id)
            return s->remote[i].compare && (n->type->kind != TYPE_STRING || !n->type->collation) ? &s->remote[i] : NULL;
    return NULL;
}

/* ---------------------------------------------------------------- constants */
static bool year_is_plain(int64_t days)
{
    return days >= days_from_civil(1, 1, 1) && days <= days_from_civil(9999, 12, 31);
}

static bool moment_text(Compile *c, int64_t us, const Type *t, Str *out)
{
    char text[64];
    if (!year_is_plain(floor_div(us, MICROS_PER_DAY)))
        return false;
    size_t n = print_timestamp(us, text);
    (void)c;
    str_addf(out, "'%.*s%s'::%s", (int)n, text, t->kind == TYPE_TIMESTAMP ? "+00" : "", t->kind == TYPE_TIMESTAMP ? "timestamptz" : "timestamp");
    return true;
}

static bool real_text(double value, const Type *t, Str *out)
{
    if (isnan(value) || isinf(value))
        str_addf(out, "'%s'", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    else
        str_addf(out, "'%.17g'", value);
    str_add(out, t->kind == TYPE_FLOAT ? "::float4" : "::float8");
    return true;
}

static bool literal_text(Compile *c, const Value *v, const Type *t, Str *out)
{
    char text[64];
    if (v->is_null)
        return false;
    switch (t->kind) {
    case TYPE_BOOLEAN: str_add(out, v->i ? "true" : "false"); return true;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: str_addf(out, "'%" PRId64 "'::int8", v->i); return true;
    case TYPE_FLOAT: case TYPE_DOUBLE: return real_text(v->f, t, out);
    case TYPE_DECIMAL: str_addf(out, "'%.*s'::numeric", (int)v->text_len, v->text); return true;
    case TYPE_DATE:
        if (!year_is_plain(v->i))
            return false;
        str_addf(out, "'%.*s'::date", (int)print_date(v->i, text), text);
        return true;
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return moment_text(c, v->i, t, out);
    case TYPE_STRING:
        if (t->collation || memchr(v->text, 0, v->text_len) || !utf8_valid(v->text, v->text_len))
            return false;
        str_add(out, jdbc_quoted_text(c->e->a, arena_strn(c->e->a, v->text, v->text_len)));
        return true;
    default: return false;
    }
}

/* DATE and TIMESTAMP of a text, numbers made wider. */
static bool cast_text(Compile *c, const Value *v, const Type *from, const Type *to, Str *out)
{
    View text = { v->text, v->text_len };
    const Zone *zone = zone_find(VIEW(c->e->o->time_zone ? c->e->o->time_zone : "UTC"));
    int32_t days;
    Value made = *v;
    if (v->is_null)
        return false;
    if (from->kind == TYPE_STRING && to->kind == TYPE_DATE && convert_date(text, &days)) {
        made.i = days;
        return literal_text(c, &made, to, out);
    }
    if (from->kind == TYPE_STRING && to->kind == TYPE_TIMESTAMP && memchr(text.data, '-', text.len) && convert_timestamp(text, zone, &made.i))
        return literal_text(c, &made, to, out);
    return keeps(from, to) && from->kind != TYPE_FLOAT && literal_text(c, v, from, out);
}

static bool constant(Compile *c, const Node *n, Str *out)
{
    if (node_is(Literal, n))
        return literal_text(c, node_as(Literal, n)->value, n->type, out);
    const Node *child = node_is(Cast, n) ? node_as(Cast, n)->child : NULL;
    return child && node_is(Literal, child) && cast_text(c, node_as(Literal, child)->value, child->type, n->type, out);
}

/* ---------------------------------------------------------------- conditions */
static bool compile(Compile *c, const Node *n, Str *out);

static const char *mirrored(const char *op)
{
    return !strcmp(op, "<") ? ">" : !strcmp(op, "<=") ? ">=" : !strcmp(op, ">") ? "<" : !strcmp(op, ">=") ? "<=" : op;
}

static bool comparison(Compile *c, const Call *call, const char *op, Str *out)
{
    const Node *x = call->args.at[0], *y = call->args.at[1];
    const RemoteColumn *of = column(c, x);
    if (!of) {
        of = column(c, y);
        op = mirrored(op);
        y = x;
    }
    if (!of)
        return false;
    bool equal = !strcmp(op, "=") || !strcmp(op, "==");
    op = equal ? "=" : !strcmp(op, "!=") ? "<>" : !strcmp(op, "<=>") ? "IS NOT DISTINCT FROM" : op;
    str_addf(out, "(%s%s %s ", of->compare, of->bytewise && (!equal || c->exact) ? " COLLATE \"C\"" : "", op);
    bool good = constant(c, y, out);
    str_addc(out, ')');
    return good;
}

static bool in_list(Compile *c, const InList *in, Str *out)
{
    const RemoteColumn *of = column(c, in->child);
    if (!of || !in->items.len)
        return false;
    str_addf(out, "(%s%s IN (", of->compare, of->bytewise && c->exact ? " COLLATE \"C\"" : "");
    bool good = true;
    for (size_t i = 0; i < in->items.len && good; i++) {
        str_add(out, i ? ", " : "");
        good = constant(c, in->items.at[i], out);
    }
    str_add(out, "))");
    return good;
}

static bool starts(Compile *c, const Call *call, Str *out)
{
    const RemoteColumn *of = column(c, call->args.at[0]);
    const Node *prefix = call->args.at[1];
    if (!of || !of->bytewise || !node_is(Literal, prefix) || prefix->type->kind != TYPE_STRING)
        return false;
    str_addf(out, "starts_with(%s, ", of->compare);
    bool good = constant(c, prefix, out);
    str_addc(out, ')');
    return good;
}

static bool both(Compile *c, const Call *call, const char *word, Str *out)
{
    str_addc(out, '(');
    bool good = compile(c, call->args.at[0], out);
    str_addf(out, " %s ", word);
    good = good && compile(c, call->args.at[1], out);
    str_addc(out, ')');
    return good;
}

static bool compile_call(Compile *c, const Call *call, Str *out)
{
    static const char *const comparisons[] = { "=", "==", "<=>", "<", "<=", ">", ">=", "!=" };
    const char *name = call->function->name;
    bool outer = c->exact, good = false;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (!strcmp(comparisons[i], name) && call->args.len == 2)
            return comparison(c, call, name, out);
    if (!strcmp(name, "isnull") || !strcmp(name, "isnotnull")) {
        const RemoteColumn *of = column(c, call->args.at[0]);
        if (of)
            str_addf(out, "(%s IS %sNULL)", of->compare, !strcmp(name, "isnotnull") ? "NOT " : "");
        return of != NULL;
    }
    if (!strcmp(name, "startswith") && call->args.len == 2)
        return starts(c, call, out);
    c->exact = true;
    if (!strcmp(name, "and") || !strcmp(name, "or"))
        good = both(c, call, name, out);
    if (!strcmp(name, "not")) {
        str_add(out, "(NOT ");
        good = compile(c, call->args.at[0], out);
        str_addc(out, ')');
    }
    c->exact = outer;
    return good;
}

static bool compile(Compile *c, const Node *n, Str *out)
{
    if (node_is(InList, n))
        return in_list(c, node_as(InList, n), out);
    return node_is(Call, n) && compile_call(c, node_as(Call, n), out);
}

/* Each condition of a conjunction by itself. */
static void add_condition(Compile *c, const Node *n, Str *out)
{
    if (node_is(Call, n) && !strcmp(node_as(Call, n)->function->name, "and")) {
        add_condition(c, node_as(Call, n)->args.at[0], out);
        add_condition(c, node_as(Call, n)->args.at[1], out);
        return;
    }
    str_auto text = EMIT_STR;
    if (compile(c, n, &text) && !text.overflow)
        str_addf(out, "%s%s", out->len ? " AND " : "", str_text(&text));
}

/* ---------------------------------------------------------------- what a condition passes on its way down */
typedef struct Passing {
    bool rows_unchanged;
} Passing;

static bool note_change(const Node *n, void *arg)
{
    Passing *p = arg;
    if (node_is(Window, n) || node_is(Subquery, n) || node_is(PythonUdf, n))
        p->rows_unchanged = false;
    if (node_is(Call, n) && ((node_as(Call, n)->function->flags & FN_NONDETERMINISTIC) || node_as(Call, n)->function->kind != FN_SCALAR))
        p->rows_unchanged = false;
    return p->rows_unchanged;
}

bool emit_passes_conditions(const Node *n)
{
    Passing p = { true };
    switch (n->kind) {
    case NODE_Scan: case NODE_Filter: case NODE_SubqueryAlias: case NODE_Sort: case NODE_Hint: case NODE_Repartition: return true;
    case NODE_Join: return node_as(Join, n)->join == JOIN_INNER || node_as(Join, n)->join == JOIN_CROSS;
    case NODE_Project:
        for (size_t i = 0; i < node_as(Project, n)->exprs.len; i++)
            node_walk(node_as(Project, n)->exprs.at[i], note_change, &p);
        return p.rows_unchanged;
    default: return false;
    }
}

bool emit_is_condition(const Node *n)
{
    Passing p = { true };
    node_walk(n, note_change, &p);
    return p.rows_unchanged;
}

/* ---------------------------------------------------------------- the scan */
static void quoted(const char *text, Str *out)
{
    emit_quoted_text(text, strlen(text), out);
}

static void text_list(const StrList *list, Str *out)
{
    str_add(out, "[");
    for (size_t i = 0; i < list->len; i++) {
        str_add(out, i ? ", " : "");
        quoted(list->at[i] ? list->at[i] : "", out);
    }
    str_add(out, "]::VARCHAR[]");
}

static const char *option(const KeyValueList *options, const char *name)
{
    return source_option(options, name);
}

Status emit_remote(Emit *e, const Node *n, Sel *ret_sel)
{
    const Scan *s = node_as(Scan, n);
    StrList names = { 0 }, options = { 0 }, selects = { 0 };
    str_auto out = EMIT_STR, json = EMIT_STR, filter = EMIT_STR;
    Compile c = { .e = e, .scan = n };
    for (size_t i = 0; i < s->source->data_schema->nfields; i++) {
        vec_push(e->a, &names, arena_printf(e->a, COLUMN_TEXT, n->schema->at[i].id));
        vec_push(e->a, &selects, s->source->remote[i].select);
    }
    for (size_t i = 0; i < s->options.len; i++) {
        vec_push(e->a, &options, s->options.at[i].key);
        vec_push(e->a, &options, s->options.at[i].value);
    }
    if (!str_ieq(option(&s->options, "pushDownPredicate"), "false"))
        for (const Known *k = e->known; k; k = k->outer)
            add_condition(&c, k->condition, &filter);
    type_json(s->source->data_schema, &json);
    str_add(&out, "weir_jdbc(");
    text_list(&names, &out);
    str_add(&out, ", ");
    quoted(str_text(&json), &out);
    str_add(&out, ", ");
    text_list(&options, &out);
    str_add(&out, ", ");
    text_list(&selects, &out);
    str_add(&out, ", ");
    text_list(&s->source->partitions, &out);
    str_add(&out, ", ");
    quoted(str_text(&filter), &out);
    str_add(&out, ", ");
    quoted(s->source->remote_zone, &out);
    str_add(&out, ")");
    *ret_sel = (Sel){ .from = str_arena(&out, e->a) };
    return ST_OK;
}
