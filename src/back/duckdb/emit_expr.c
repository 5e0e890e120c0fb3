/* back/duckdb/emit_expr.c -- expressions but for calls and casts, which have files of their own. */
#include "back/duckdb/emit_collation.h"
#include "back/duckdb/emit_decimal.h"
#include "back/duckdb/emit_internal.h"

#include <inttypes.h>
#include <math.h>

Status emit_text(Emit *e, const Node *n, const char **ret_text)
{
    str_auto s = EMIT_STR;
    TRY(emit_expr(e, n, &s));
    *ret_text = str_arena(&s, e->a);
    return ST_OK;
}

/* ---------------------------------------------------------------- literals */
static void literal_double(double x, const char *type, Str *out)
{
    if (isnan(x))
        str_addf(out, "CAST('nan' AS %s)", type);
    else if (isinf(x))
        str_addf(out, "CAST('%s' AS %s)", x < 0 ? "-infinity" : "infinity", type);
    else
        str_addf(out, "CAST('%.17g' AS %s)", x, type);
}

static void literal_binary(const Value *v, Str *out)
{
    str_add(out, "unhex('");
    for (size_t i = 0; i < v->text_len; i++)
        str_addf(out, "%02X", (unsigned char)v->text[i]);
    str_add(out, "')");
}

static Status literal_list(Emit *e, const Value *v, size_t step, size_t from, const Type *element, Str *out)
{
    str_add(out, "[");
    for (size_t i = from; i < v->nitems; i += step) {
        str_add(out, i > from ? ", " : "");
        TRY(emit_literal(e, &v->items[i], element, out));
    }
    str_add(out, "]");
    return ST_OK;
}

static Status literal_nested(Emit *e, const Value *v, const Type *t, Str *out)
{
    str_add(out, "CAST(");
    if (t->kind == TYPE_ARRAY) {
        TRY(literal_list(e, v, 1, 0, t->element, out));
    } else if (t->kind == TYPE_MAP) {
        str_add(out, "map(");
        TRY(literal_list(e, v, 2, 0, t->key, out));
        str_add(out, ", ");
        TRY(literal_list(e, v, 2, 1, t->element, out));
        str_add(out, ")");
    } else {
        str_add(out, "row(");
        for (size_t i = 0; i < v->nitems; i++) {
            str_add(out, i ? ", " : "");
            TRY(emit_literal(e, &v->items[i], t->fields[i].type, out));
        }
        str_add(out, v->nitems ? ")" : "false)");
    }
    str_addf(out, " AS %s)", emit_word(e, t));
    return ST_OK;
}

Status emit_literal(Emit *e, const Value *v, const Type *t, Str *out)
{
    if (v->is_null || t->kind == TYPE_NULL) {
        str_addf(out, "CAST(NULL AS %s)", emit_word(e, t));
        return ST_OK;
    }
    switch (t->kind) {
    case TYPE_BOOLEAN: str_add(out, v->i ? "true" : "false"); break;
    case TYPE_INT: case TYPE_YEAR_MONTH_INTERVAL:
        str_addf(out, v->i < 0 ? "(%" PRId64 ")::INTEGER" : "%" PRId64, v->i);
        break;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_LONG: case TYPE_TIME: case TYPE_DAY_TIME_INTERVAL:
        str_addf(out, "CAST('%" PRId64 "' AS %s)", v->i, emit_word(e, t));
        break;
    case TYPE_FLOAT: case TYPE_DOUBLE: literal_double(v->f, emit_word(e, t), out); break;
    case TYPE_DECIMAL: str_addf(out, "CAST('%.*s' AS %s)", (int)v->text_len, v->text, emit_word(e, t)); break;
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: emit_quoted_text(v->text, v->text_len, out); break;
    case TYPE_BINARY: case TYPE_VARIANT: case TYPE_GEOMETRY: case TYPE_GEOGRAPHY: literal_binary(v, out); break;
    case TYPE_DATE: str_addf(out, "(DATE '1970-01-01' + (%" PRId64 ")::INTEGER)", v->i); break;
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: str_addf(out, "make_timestamp((%" PRId64 ")::BIGINT)", v->i); break;
    case TYPE_CALENDAR_INTERVAL:
        str_addf(out, "spark_interval(%d, %d, (%" PRId64 ")::BIGINT)", v->months, v->days, v->i);
        break;
    case TYPE_ARRAY: case TYPE_MAP: case TYPE_STRUCT: return literal_nested(e, v, t, out);
    default: return emit_unsupported(e, NULL, "a literal of this type");
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- the rest */
static Status emit_case(Emit *e, const Case *c, Str *out)
{
    bool any_width = e->any_width; /* of the values, each by itself */
    if (!c->whens.len && c->otherwise) /* when(x), as a client may send it */
        return emit_expr(e, c->otherwise, out);
    str_add(out, "CASE");
    for (size_t i = 0; i < c->whens.len; i++) {
        str_add(out, " WHEN ");
        e->any_width = false;
        TRY(emit_expr(e, c->whens.at[i], out));
        str_add(out, " THEN ");
        e->any_width = any_width && decimal_any_width(c->thens.at[i]);
        TRY(emit_expr(e, c->thens.at[i], out));
    }
    if (c->otherwise) {
        str_add(out, " ELSE ");
        e->any_width = any_width && decimal_any_width(c->otherwise);
        TRY(emit_expr(e, c->otherwise, out));
    }
    e->any_width = any_width;
    str_add(out, " END");
    return ST_OK;
}

static Status emit_get_field(Emit *e, const GetField *g, Str *out)
{
    const char *child;
    TRY(emit_text(e, g->child, &child));
    const Type *t = g->child->type;
    bool in_array = t->kind == TYPE_ARRAY;
    const Type *fields = in_array ? t->element : t;
    const char *name = g->field ? g->field : fields->fields[g->index].name;
    if (in_array) {
        const char *x = emit_fresh(e, "x");
        str_addf(out, "list_transform(%s, lambda %s: struct_extract(%s, %s))", child, x, x, emit_quoted(e, name));
    } else {
        str_addf(out, "struct_extract(%s, %s)", child, emit_quoted(e, name));
    }
    return ST_OK;
}

static Status emit_list(Emit *e, const NodeList *items, Str *out)
{
    for (size_t i = 0; i < items->len; i++) {
        str_add(out, i ? ", " : "");
        TRY(emit_expr(e, items->at[i], out));
    }
    return ST_OK;
}

/* A list of keys where strings have collations. */
static Status emit_keys(Emit *e, const NodeList *items, Str *out)
{
    for (size_t i = 0; i < items->len; i++) {
        const char *key;
        TRY(emit_key_text(e, items->at[i], &key));
        str_addf(out, "%s%s", i ? ", " : "", key);
    }
    return ST_OK;
}

static Status emit_in_list(Emit *e, const InList *in, Str *out)
{
    const char *child;
    TRY(emit_key_text(e, in->child, &child));
    str_addf(out, "(%s IN (", child);
    TRY(emit_keys(e, &in->items, out));
    str_add(out, "))");
    return ST_OK;
}

/* (a, b) IN (query): true where a row equals, NULL where one may, since a NULL is compared; the engine's rows are never NULL. */
static Status emit_in_rows(Emit *e, const Subquery *s, const char *sql, Str *out)
{
    str_auto same = EMIT_STR;
    const Schema *columns = s->plan->schema;
    for (size_t i = 0; i < s->operands.len; i++) {
        const char *mine, *theirs = arena_printf(e->a, "in_rows." COLUMN_TEXT, columns->at[i].id);
        TRY(emit_key_text(e, s->operands.at[i], &mine));
        TRY(emit_equality_key(e, theirs, columns->at[i].type, &theirs));
        str_addf(&same, "%s(%s = %s)", i ? " AND " : "", mine, theirs);
    }
    const char *equal = str_arena(&same, e->a);
    str_addf(out, "(%sCASE WHEN EXISTS (SELECT 1 FROM (%s) in_rows WHERE %s) THEN true", s->negated ? "NOT " : "", sql, equal);
    if (s->node.nullable)
        str_addf(out, " WHEN EXISTS (SELECT 1 FROM (%s) in_rows WHERE (%s) IS NULL) THEN NULL", sql, equal);
    str_add(out, " ELSE false END)");
    return ST_OK;
}

static Status emit_in_column(Emit *e, const Subquery *s, const char *sql, Str *out)
{
    str_add(out, "(");
    TRY(emit_keys(e, &s->operands, out));
    if (emit_any_collated(s->plan->schema)) {
        const char *keys;
        TRY(emit_row_keys(e, s->plan->schema, NULL, &keys));
        sql = arena_printf(e->a, "SELECT %s FROM (%s)", keys, sql);
    }
    str_addf(out, " %sIN (%s))", s->negated ? "NOT " : "", sql);
    return ST_OK;
}

static bool is_null_literal(const Node *n)
{
    while (node_is(Cast, n))
        n = node_as(Cast, n)->child;
    return node_is(Literal, n) && (node_as(Literal, n)->value->is_null || n->type->kind == TYPE_NULL);
}

static Status emit_subquery(Emit *e, const Subquery *s, Str *out)
{
    /* The outer query's groups are not the inner one's. */
    const char *sql, *over = e->over;
    const GroupScope *groups = e->groups;
    GroupAs group_as = e->group_as;
    bool correlated = e->correlated;
    e->over = NULL;
    e->groups = NULL;
    e->group_as = GROUP_SHOWN;
    e->correlated = true;
    Status status = emit_select(e, s->plan, &sql);
    e->correlated = correlated;
    e->groups = groups;
    e->group_as = group_as;
    e->over = over;
    TRY(status);
    if (s->subquery == SUBQUERY_SCALAR) {
        str_addf(out, "(%s)", sql);
        return ST_OK;
    }
    if (s->subquery == SUBQUERY_EXISTS) {
        str_addf(out, "(%sEXISTS (%s))", s->negated ? "NOT " : "", sql);
        return ST_OK;
    }
    if (s->subquery != SUBQUERY_IN)
        return emit_unsupported(e, (const Node *)s, "as a table argument");
    /* RewritePredicateSubquery: among outputs it becomes an existence join, whose answer is never NULL. But a constant NULL IN (query) is
     * NULL before there is a join (NullPropagation). */
    bool known = e->output && !s->of_join && s->node.nullable;
    const char *constant = NULL;
    if (known && s->operands.len == 1 && s->operands.at[0]->nullable && emit_is_constant(s->operands.at[0]))
        TRY(emit_text(e, s->operands.at[0], &constant));
    if (!e->o->ansi && s->operands.len == 1 && is_null_literal(s->operands.at[0])) { /* also where the query has no rows (legacyNullInEmptyBehavior) */
        str_add(out, "CAST(NULL AS BOOLEAN)");
        return ST_OK;
    }
    str_add(out, known ? "coalesce(" : "");
    if (s->operands.len > 1)
        TRY(emit_in_rows(e, s, sql, out));
    else
        TRY(emit_in_column(e, s, sql, out));
    if (constant)
        str_addf(out, ", CASE WHEN %s IS NOT NULL THEN false END)", constant);
    else
        str_add(out, known ? ", false)" : "");
    return ST_OK;
}

static Status emit_struct_update(Emit *e, const UpdateFields *u, Str *out)
{
    const char *child;
    const Type *from = u->child->type, *to = u->node.type;
    TRY(emit_text(e, u->child, &child));
    str_addf(out, "CASE WHEN %s IS NULL THEN NULL ELSE struct_pack(", child);
    for (size_t i = 0; i < to->nfields; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(to->fields[i].name, out);
        str_add(out, " := ");
        bool own = false;
        for (size_t j = 0; j < from->nfields && !own; j++)
            own = str_ieq(from->fields[j].name, to->fields[i].name);
        if (u->value && (!own || str_ieq(u->field, to->fields[i].name)))
            TRY(emit_expr(e, u->value, out));
        else
            str_addf(out, "struct_extract(%s, %s)", child, emit_quoted(e, to->fields[i].name));
    }
    str_add(out, ") END");
    return ST_OK;
}

static Status emit_lambda(Emit *e, const Lambda *l, Str *out)
{
    str_add(out, "lambda ");
    for (size_t i = 0; i < l->params.len; i++)
        str_addf(out, "%sv%" PRId64, i ? ", " : "", node_as(LambdaVariable, l->params.at[i])->id);
    str_add(out, ": ");
    return emit_expr(e, l->body, out);
}

static Status emit_udf(Emit *e, const PythonUdf *u, Str *out)
{
    const char *call;
    if (!e->o->udf)
        return emit_unsupported(e, (const Node *)u, "without a session");
    TRY(emit_python_scalar(e, u));
    TRY(e->o->udf(e->o->self, e->a, u, &call, e->err));
    str_add(out, call);
    for (size_t i = 0; i < u->args.len; i++) {
        str_addf(out, ", CAST(");
        TRY(emit_expr(e, u->args.at[i], out));
        str_addf(out, " AS %s)", emit_word(e, u->args.at[i]->type));
    }
    str_add(out, ")");
    return ST_OK;
}

static Status emit_plain_cast(Emit *e, const Cast *c, int mode, Str *out)
{
    const char *child;
    const Type *to = c->to;
    bool any_width = e->any_width;
    e->any_width = false;
    TRY(emit_text(e, c->child, &child));
    e->any_width = any_width;
    int digits = any_width && to->kind == TYPE_DECIMAL ? decimal_shape(e, (const Node *)c, true).digits : to->precision;
    if (digits != to->precision)
        to = type_decimal(e->a, digits, to->scale);
    if (c->child->type->kind != TYPE_STRUCT && c->child->type->kind != TYPE_MAP)
        return emit_cast(e, child, c->child->type, to, mode, out);
    NodeList one = { 0 }; /* its text is repeated for each field */
    Once once;
    str_auto text = EMIT_STR;
    vec_push(e->a, &one, c->child);
    emit_once_begin(e, &one, 1, &child, &once);
    TRY(emit_cast(e, child, c->child->type, to, mode, &text));
    emit_once_end(&once, str_text(&text), out);
    return ST_OK;
}

static Status emit_cast_node(Emit *e, const Cast *c, Str *out)
{
    int mode = (int)c->mode == CAST_SESSION ? (e->o->ansi ? CAST_ANSI : CAST_LEGACY) : (int)c->mode;
    bool outer = e->pretty;
    const char *child;
    if (mode != CAST_SHOWN && mode != CAST_HIVE)
        return emit_plain_cast(e, c, mode, out);
    TRY(emit_text(e, c->child, &child)); /* whose own casts are others */
    if (mode == CAST_HIVE)
        return emit_hive_text(e, child, c->child->type, out);
    e->pretty = true;
    Status status = emit_cast(e, child, c->child->type, c->to, CAST_ANSI, out);
    e->pretty = outer;
    return status;
}

static const char *group_text(const Emit *e, size_t i)
{
    const StrList *keyed = e->group_as == GROUP_KEY ? e->groups->keys : e->group_as == GROUP_SHOWN ? e->groups->shown : NULL;
    return (keyed ? keyed : e->groups->names)->at[i];
}

const char *emit_group_name(const Emit *e, const Node *n)
{
    for (size_t i = 0; e->groups && i < e->groups->groups->len; i++) {
        const Node *group = e->groups->groups->at[i];
        if (group->kind == n->kind && node_equal(group, n))
            return group_text(e, i);
    }
    return NULL;
}

static Status expr_text(Emit *e, const Node *n, Str *out)
{
    const char *group = emit_group_name(e, n);
    if (group) {
        str_add(out, group);
        return ST_OK;
    }
    const Node *item = NULL;
    if (emit_picked(e, n, &item)) {
        if (item)
            return emit_expr(e, item, out);
        str_addf(out, "CAST(NULL AS %s)", emit_word(e, n->type));
        return ST_OK;
    }
    switch (n->kind) {
    case NODE_Literal: return emit_literal(e, node_as(Literal, n)->value, node_as(Literal, n)->of, out);
    case NODE_ColumnRef: emit_column("", node_as(ColumnRef, n)->id, out); return ST_OK;
    case NODE_Alias: return emit_expr(e, node_as(Alias, n)->child, out);
    case NODE_Cast: return emit_cast_node(e, node_as(Cast, n), out);
    case NODE_Case: return emit_case(e, node_as(Case, n), out);
    case NODE_Call: return emit_call(e, n, out);
    case NODE_GetField: return emit_get_field(e, node_as(GetField, n), out);
    case NODE_Window: return emit_window(e, node_as(Window, n), out);
    case NODE_InList: return emit_in_list(e, node_as(InList, n), out);
    case NODE_Subquery: return emit_subquery(e, node_as(Subquery, n), out);
    case NODE_UpdateFields: return emit_struct_update(e, node_as(UpdateFields, n), out);
    case NODE_Lambda: return emit_lambda(e, node_as(Lambda, n), out);
    case NODE_LambdaVariable: str_addf(out, "v%" PRId64, node_as(LambdaVariable, n)->id); return ST_OK;
    case NODE_PythonUdf: return emit_udf(e, node_as(PythonUdf, n), out);
    case NODE_SortOrder: return emit_expr(e, node_as(SortOrder, n)->child, out);
    case NODE_Row: {
        str_add(out, "row(");
        TRY(emit_list(e, &node_as(Row, n)->items, out));
        str_add(out, ")");
        return ST_OK;
    }
    default: return emit_unsupported(e, n, "as an expression");
    }
}

Status emit_expr(Emit *e, const Node *n, Str *out)
{
    if (!e->makes_texts)
        return expr_text(e, n, out);
    bool mend = e->mend, below = e->mend_below;
    e->mend = below;
    n = emit_bytewise(e, n);
    e->mend_below = emit_shows(e, n);
    Status status = expr_text(e, n, out);
    e->mend = mend;
    e->mend_below = below;
    return status;
}
