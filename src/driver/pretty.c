/* driver/pretty.c -- see pretty.h. */
#include "driver/pretty.h"

#include "ir/enums.h"
#include "ir/function.h"

enum { FIRST_ID = 0x40000000 }; /* above any that the binder gives */

static Node *typed(Node *n, const Type *type, bool nullable)
{
    n->type = type;
    n->nullable = nullable;
    return n;
}

/* VariantVal.toString: a text in it keeps its quotes, which a cast to STRING takes off. */
static Node *variant_json_text(Arena *a, Node *x)
{
    size_t n;
    NodeList args = { 0 };
    vec_push(a, &args, x);
    return typed(node_new(a, Call, .function = function_find("to_json", &n), .args = args), &type_string, x->nullable);
}

Node *pretty_plan(Arena *a, Node *bound, int64_t max_rows, CastMode how)
{
    NodeList exprs = { 0 };
    Column *columns = ARENA_ARRAY(a, Column, bound->schema->len + 1);
    Schema *schema = ARENA_NEW(a, Schema);
    for (size_t i = 0; i < bound->schema->len; i++) {
        const Column *c = &bound->schema->at[i];
        if (c->hidden)
            continue;
        Node *x = typed(node_new(a, ColumnRef, .id = c->id, .name = c->name), c->type, c->nullable);
        if (c->type->kind == TYPE_VARIANT)
            x = variant_json_text(a, x);
        else if (c->type->kind != TYPE_STRING && c->type->kind != TYPE_BINARY)
            x = typed(node_new(a, Cast, .child = x, .to = &type_string, .mode = how), &type_string, c->nullable);
        StrList names = { 0 };
        vec_push(a, &names, c->name);
        uint32_t id = FIRST_ID + (uint32_t)i;
        vec_push(a, &exprs, typed(node_new(a, Alias, .child = x, .names = names, .id = id), x->type, c->nullable));
        columns[schema->len++] = (Column){ .id = id, .name = c->name, .type = x->type, .nullable = c->nullable };
    }
    schema->at = columns;
    Node *input = bound;
    if (max_rows >= 0) { /* first the rows, then the texts */
        Value *count = ARENA_NEW(a, Value);
        count->i = max_rows;
        Node *literal = typed(node_new(a, Literal, .value = count, .of = &type_long), &type_long, false);
        input = node_new(a, Limit, .input = bound, .count = literal);
        input->schema = bound->schema;
    }
    Node *project = node_new(a, Project, .input = input, .exprs = exprs);
    project->schema = schema;
    return project;
}

const char *pretty_cell(Arena *a, const Type *type, const Value *v, const char *null_text)
{
    if (v->is_null)
        return null_text;
    if (type->kind != TYPE_BINARY)
        return v->text;
    str_auto out = STR_INIT(1 << 28);
    str_addc(&out, '[');
    for (size_t i = 0; i < v->text_len; i++)
        str_addf(&out, i ? " %02X" : "%02X", (unsigned)(unsigned char)v->text[i]);
    str_addc(&out, ']');
    return str_arena(&out, a);
}
