/* ir/collation_default.c -- see collation_default.h. The parser writes STRING as the constant type_string, and what has a COLLATE as a
 * type of its own, UTF8_BINARY too. */
#include "ir/collation_default.h"

#include "ir/collation.h"
#include "ir/value.h"

#define HINT "DEFAULT COLLATION"

const Type *collation_default_type(Arena *a, const Type *t, const char *collation)
{
    if (t == &type_string)
        return type_string_of(a, collation);
    if (t->kind == TYPE_ARRAY)
        return type_array(a, collation_default_type(a, t->element, collation), t->contains_null);
    if (t->kind == TYPE_MAP)
        return type_map(a, collation_default_type(a, t->key, collation), collation_default_type(a, t->element, collation), t->contains_null);
    if (t->kind != TYPE_STRUCT)
        return t;
    Field *fields = t->nfields ? arena_copy(a, t->fields, t->nfields * sizeof *fields) : NULL;
    for (size_t i = 0; i < t->nfields; i++)
        fields[i].type = collation_default_type(a, t->fields[i].type, collation);
    return type_struct(a, fields, t->nfields);
}

static Node *with_type(Arena *a, const Node *literal, const Type *type)
{
    return node_at(node_new(a, Literal, .value = node_as(Literal, literal)->value, .of = type), literal->start, literal->stop);
}

/* collate(x, name): the name stays as it is. */
static Node *plain_name(Arena *a, Node *n)
{
    Function *f = (Function *)(void *)node_copy(a, n);
    f->args = (NodeList){ 0 };
    vec_push(a, &f->args, node_as(Function, n)->args.at[0]);
    vec_push(a, &f->args, with_type(a, node_as(Function, n)->args.at[1], &type_string));
    return &f->node;
}

static Node *give(Arena *a, Node *n, void *arg)
{
    const char *collation = arg;
    if (node_is(Literal, n) && node_as(Literal, n)->of == &type_string)
        return with_type(a, n, type_string_of(a, collation));
    if (node_is(Cast, n) && node_as(Cast, n)->to) {
        Node *copy = node_copy(a, n);
        ((Cast *)(void *)copy)->to = collation_default_type(a, node_as(Cast, n)->to, collation);
        return copy;
    }
    const Function *f = node_is(Function, n) ? node_as(Function, n) : NULL;
    if (f && f->args.len == 2 && str_ieq(f->name.at[f->name.len - 1], "collate") && node_is(Literal, f->args.at[1]))
        return plain_name(a, n);
    return n;
}

Node *collation_default(Arena *a, Node *query, const char *collation)
{
    NodeList params = { 0 };
    Value *v = ARENA_NEW(a, Value);
    const char *name = collation ? collation : "UTF8_BINARY";
    *v = (Value){ .text = name, .text_len = strlen(name) };
    vec_push(a, &params, node_new(a, Literal, .value = v, .of = &type_string));
    if (collation)
        query = node_rewrite(a, query, give, (void *)(uintptr_t)collation);
    return node_new(a, Hint, .input = query, .name = HINT, .params = params);
}

const char *collation_default_of(const Node *query)
{
    if (node_is(ConfScope, query))
        query = node_as(ConfScope, query)->input;
    const Hint *h = node_is(Hint, query) ? node_as(Hint, query) : NULL;
    return h && str_eq(h->name, HINT) ? node_as(Literal, h->params.at[0])->value->text : NULL;
}
