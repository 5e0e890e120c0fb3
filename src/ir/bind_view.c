/* ir/bind_view.c -- a persistent view over what its query gives now: its columns by the names that they had when it was made, cast as its
 * schema mode says. Source: SessionCatalog.fromCatalogTable, GetViewColumnByNameAndOrdinal, ResolveUpCast, Cast.canUpCast. */
#include "ir/binder.h"

static int number_rank(const Type *t)
{
    switch (t->kind) {
    case TYPE_BYTE: return 1;
    case TYPE_SHORT: return 2;
    case TYPE_INT: return 3;
    case TYPE_LONG: return 4;
    case TYPE_FLOAT: return 5;
    case TYPE_DOUBLE: return 6;
    default: return 0;
    }
}

/* Nothing is lost, and nothing fails. */
static bool can_up_cast(Arena *a, const Type *from, const Type *to)
{
    if (type_same(from, to) || from->kind == TYPE_NULL)
        return true;
    if (number_rank(from) && number_rank(to))
        return number_rank(from) <= number_rank(to);
    if (to->kind == TYPE_DECIMAL) {
        const Type *d = type_is_integral(from) ? type_decimal_for(a, from) : from;
        return d->kind == TYPE_DECIMAL && to->precision - to->scale >= d->precision - d->scale && to->scale >= d->scale;
    }
    if (to->kind == TYPE_STRING)
        return type_is_atomic(from) || from->kind == TYPE_CALENDAR_INTERVAL;
    if (type_is_ansi_interval(from) || from->kind == TYPE_ARRAY || from->kind == TYPE_MAP || from->kind == TYPE_STRUCT) {
        if (from->kind != to->kind)
            return false;
        if (from->kind == TYPE_STRUCT) {
            bool fits = from->nfields == to->nfields;
            for (size_t i = 0; fits && i < from->nfields; i++)
                fits = can_up_cast(a, from->fields[i].type, to->fields[i].type) && (!from->fields[i].nullable || to->fields[i].nullable);
            return fits;
        }
        if (type_is_ansi_interval(from))
            return true;
        return (from->kind != TYPE_MAP || can_up_cast(a, from->key, to->key)) && can_up_cast(a, from->element, to->element) &&
               (!from->contains_null || to->contains_null);
    }
    bool day = from->kind == TYPE_DATE, stamp = from->kind == TYPE_TIMESTAMP || from->kind == TYPE_TIMESTAMP_NTZ;
    return (day || stamp) && (to->kind == TYPE_TIMESTAMP || to->kind == TYPE_TIMESTAMP_NTZ);
}

static Status incompatible(Binder *b, const ViewColumns *n, const char *name, size_t expected, const Schema *have, Error *err)
{
    str_auto actual = STR_INIT(1 << 16), list = STR_INIT(1 << 16);
    bool own_names = false;
    for (size_t i = 0; i < have->len; i++)
        if (name_equal(b, have->at[i].name, name))
            str_addf(&actual, "%s%s", actual.len ? "," : "", have->at[i].name);
    for (size_t i = 0; i < n->schema->nfields; i++) {
        own_names = own_names || !str_eq(n->schema->fields[i].name, n->names.at[i]);
        str_addf(&list, "%s%s", i ? ", " : "", n->schema->fields[i].name);
    }
    const char *columns = own_names ? arena_printf(b->a, "(%s) ", str_text(&list)) : "";
    StrList parts = { 0 };
    for (const char *at = n->view; *at;) {
        size_t length = strcspn(at, ".");
        vec_push(b->a, &parts, arena_strn(b->a, at, length));
        at += length + (at[length] == '.');
    }
    return spark_error(err, NULL, "INCOMPATIBLE_VIEW_SCHEMA_CHANGE", "51024",
                       "The SQL query of view <viewName> has an incompatible schema change and column <colName> cannot be resolved. Expected "
                       "<expectedNum> columns named <colName> but got <actualCols>.\nPlease try to re-create the view by running: <suggestion>.",
                       "viewName", sql_ids(b->a, &parts), "colName", name, "expectedNum", arena_printf(b->a, "%zu", expected), "actualCols",
                       arena_printf(b->a, "[%s]", str_text(&actual)), "suggestion",
                       arena_printf(b->a, "CREATE OR REPLACE VIEW %s %sAS %s", n->view, columns, n->text), NULL);
}

/* The column that was number `i`: of several of one name, the one at the same place among them. */
static Status column_now(Binder *b, const ViewColumns *n, const Schema *have, size_t i, const Column **ret, Error *err)
{
    const char *name = n->names.at[i];
    size_t expected = 0, ordinal = 0, found = 0;
    for (size_t k = 0; k < n->names.len; k++) {
        bool same = name_equal(b, n->names.at[k], name);
        expected += same;
        ordinal += same && k < i;
    }
    for (size_t k = 0; k < have->len; k++)
        if (name_equal(b, have->at[k].name, name) && found++ == ordinal)
            *ret = &have->at[k];
    return found == expected ? ST_OK : incompatible(b, n, name, expected, have, err);
}

static Status fitted(Binder *b, const ViewColumns *n, const Column *c, const Type *to, Node **ret, Error *err)
{
    Node *x = column_ref(b, c);
    *ret = x;
    if (str_ends(n->mode, "EVOLUTION") || type_equal(c->type, to))
        return ST_OK;
    bool compensates = str_eq(n->mode, "COMPENSATION");
    if (!compensates && !can_up_cast(b->a, c->type, to))
        return spark_error(err, NULL, "CANNOT_UP_CAST_DATATYPE", "42846", "Cannot up cast <expression> from <sourceType> to <targetType>.\n<details>",
                           "expression", pretty(b, x), "sourceType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, c->type)), "targetType",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, to)), "details",
                           "The type path of the target object is:\n\nYou can either add an explicit cast to the input data or choose a higher "
                           "precision type of the field in the target object", NULL);
    TRY(make_cast(b, x, to, CAST_ANSI, NULL, ret, err));
    ((Cast *)(void *)*ret)->implicit = true;
    return ST_OK;
}

Status bind_view_columns(Binder *b, const ViewColumns *n, const Scope *outer, Node **ret, Error *err)
{
    Node *input = NULL;
    NodeList exprs = { 0 };
    TRY(bind_relation(b, n->input, outer, &input, err));
    input = strip_hidden(b, input);
    for (size_t i = 0; i < n->schema->nfields; i++) {
        const Field *f = &n->schema->fields[i];
        const Column *now = NULL;
        Node *x = NULL;
        TRY(column_now(b, n, input->schema, i, &now, err));
        TRY(fitted(b, n, now, f->type->kind == TYPE_CHAR || f->type->kind == TYPE_VARCHAR ? &type_string : f->type, &x, err));
        Node *alias = new_alias(b, x, f->name);
        ((Alias *)(void *)alias)->metadata = f->metadata;
        vec_push(b->a, &exprs, alias);
    }
    *ret = make_project(b, input, &exprs);
    return ST_OK;
}
