/* ir/bind_char.c -- CHAR and VARCHAR columns: expressions see STRING, the column's metadata remembers the type. CHAR is padded
 * where it is read, and comparisons of CHAR do not see trailing blanks. Source: ApplyCharTypePadding, CharVarcharUtils. */
#include "ir/binder.h"

#include "ir/field.h"

#include <stdio.h>

/* The length of the CHAR that a column's metadata remembers; 0: it is none. */
static int char_length(Binder *b, const char *metadata)
{
    int length = 0;
    if (!metadata || !strstr(metadata, FIELD_CHAR_TYPE))
        return 0;
    const char *text = field_get(b->a, metadata, FIELD_CHAR_TYPE);
    return text && sscanf(text, "char(%d)", &length) == 1 ? length : 0;
}

Status char_read_padding(Binder *b, Node *scan, Node **ret, Error *err)
{
    NodeList exprs = { 0 };
    bool any = false;
    const char *on = b->env->conf ? b->env->conf(b->env->self, "spark.sql.readSideCharPadding") : NULL;
    for (size_t i = 0; i < scan->schema->len; i++) {
        const Column *c = &scan->schema->at[i];
        int length = char_length(b, c->metadata);
        Node *x = column_ref(b, c);
        if (length) {
            Node *padded = NULL;
            TRY(make_call2(b, "read_side_padding", x, make_literal_int(b, length, &type_int), scan, &padded, err));
            x = new_alias(b, padded, c->name);
            ((Alias *)(void *)x)->metadata = c->metadata;
            any = true;
        }
        vec_push(b->a, &exprs, x);
    }
    if (!any || str_ieq(on, "false")) {
        *ret = scan;
        return ST_OK;
    }
    Node *project = make_project(b, scan, &exprs);
    Schema *schema = ARENA_NEW(b->a, Schema);
    Column *columns = copy_columns(b, project->schema);
    for (size_t i = 0; i < scan->schema->len; i++) {
        columns[i].qualifier = scan->schema->at[i].qualifier;
        columns[i].metadata = scan->schema->at[i].metadata;
        columns[i].hidden = scan->schema->at[i].hidden;
    }
    *schema = (Schema){ columns, scan->schema->len };
    *ret = with_schema(project, schema);
    return ST_OK;
}

static int length_of(Binder *b, const Scope *s, const Node *x)
{
    if (!node_is(ColumnRef, x) || x->type->kind != TYPE_STRING)
        return 0;
    const ColumnRef *ref = node_as(ColumnRef, x);
    for (int64_t up = ref->depth; up > 0 && s; up--)
        s = s->outer;
    const Column *c = s && s->schema ? schema_find(s->schema, ref->id) : NULL;
    return c ? char_length(b, c->metadata) : 0;
}

static int literal_length(const Node *x)
{
    if (!node_is(Literal, x) || x->type->kind != TYPE_STRING || node_as(Literal, x)->value->is_null)
        return -1;
    const Value *v = node_as(Literal, x)->value;
    int n = 0;
    for (size_t i = 0; i < v->text_len; i++)
        n += (v->text[i] & 0xC0) != 0x80;
    return n;
}

static Status pad(Binder *b, Node **x, int length, Error *err)
{
    NodeList args = { 0 };
    vec_push(b->a, &args, *x);
    vec_push(b->a, &args, make_literal_int(b, length, &type_int));
    vec_push(b->a, &args, make_literal_string(b, " "));
    return make_call(b, "rpad", &args, *x, x, err);
}

/* Two CHARs, or a CHAR and a constant: the shorter one is padded. */
Status char_comparison(Binder *b, const Scope *s, const char *operator, NodeList *args, Error *err)
{
    static const char *const comparisons[] = { "=", "<=>", "!=", "<", "<=", ">", ">=" };
    bool compares = false;
    int lengths[2], chars = 0;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        compares = compares || str_eq(operator, comparisons[i]);
    if (!compares || args->len != 2)
        return ST_OK;
    for (size_t i = 0; i < 2; i++) {
        int length = length_of(b, s, args->at[i]);
        chars += length > 0;
        lengths[i] = length ? length : literal_length(args->at[i]);
    }
    if (!chars || lengths[0] < 0 || lengths[1] < 0 || lengths[0] == lengths[1])
        return ST_OK;
    size_t shorter = lengths[0] < lengths[1] ? 0 : 1;
    return pad(b, &args->at[shorter], lengths[1 - shorter], err);
}
