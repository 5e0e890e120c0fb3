/* ir/node.c -- everything that is derived from nodes.def: the field table, copy, equality, walks, rewriting, depth. */
#include "ir/node.h"

#include "ir/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One accessor per kind: NODE opens it, END closes it; a field's offset is in the struct that is being declared. */
#define NODE(name)                             \
    static const NodeInfo *info_##name(void)   \
    {                                          \
        typedef name Self;                     \
        static const FieldInfo fields[] = {
#define FIELD(f, k) { #f, k, offsetof(Self, f) },
#define REL(f) FIELD(f, F_REL)
#define RELS(f) FIELD(f, F_RELS)
#define EXPR(f) FIELD(f, F_EXPR)
#define EXPRS(f) FIELD(f, F_EXPRS)
#define STR(f) FIELD(f, F_STR)
#define NAMES(f) FIELD(f, F_NAMES)
#define INT(f) FIELD(f, F_INT)
#define BOOL(f) FIELD(f, F_BOOL)
#define TYPE(f) FIELD(f, F_TYPE)
#define KVS(f) FIELD(f, F_KVS)
#define PTR(t, f) FIELD(f, F_PTR)
#define END(name)                                                       \
    { NULL, F_END, 0 },                                                 \
    }                                                                   \
    ;                                                                   \
    static const NodeInfo info = { #name, sizeof(Self), fields };       \
    return &info;                                                       \
    }
#include "ir/nodes.def"

/* Of each kind the fields that are nodes, for walks. */
#define NODE(name)                                \
    static const FieldInfo *children_##name(void) \
    {                                             \
        typedef name Self;                        \
        static const FieldInfo fields[] = {
#define REL(f) FIELD(f, F_REL)
#define RELS(f) FIELD(f, F_RELS)
#define EXPR(f) FIELD(f, F_EXPR)
#define EXPRS(f) FIELD(f, F_EXPRS)
#define STR(f)
#define NAMES(f)
#define INT(f)
#define BOOL(f)
#define TYPE(f)
#define KVS(f)
#define PTR(t, f)
#define END(name)                 \
    { NULL, F_END, sizeof(Self) } \
    }                             \
    ;                             \
    return fields;                \
    }
#include "ir/nodes.def"
#undef FIELD

static const struct {
    const NodeInfo *(*info)(void);
    const FieldInfo *(*children)(void);
} kinds[NODE_COUNT] = {
#define NODE(name) [NODE_##name] = { info_##name, children_##name },
#define REL(f)
#define RELS(f)
#define EXPR(f)
#define EXPRS(f)
#define STR(f)
#define NAMES(f)
#define INT(f)
#define BOOL(f)
#define TYPE(f)
#define KVS(f)
#define PTR(t, f)
#define END(name)
#include "ir/nodes.def"
};

const NodeInfo *node_info(NodeKind kind)
{
    if ((int)kind <= NODE_NONE || kind >= NODE_COUNT) {
        fprintf(stderr, "weir: node kind %d does not exist\n", (int)kind);
        abort();
    }
    return kinds[kind].info();
}

const char *node_name(const Node *n)
{
    return node_info(n->kind)->name;
}

Node *node_make(Arena *a, NodeKind kind, const void *init, size_t size)
{
    Node *n = arena_copy(a, init, size);
    n->kind = kind;
    return n;
}

void node_cast_failed(const Node *n, NodeKind kind)
{
    fprintf(stderr, "weir: a %s node where %s was expected\n", n ? node_name(n) : "NULL", node_info(kind)->name);
    abort();
}

Node *node_at(Node *n, int start, int stop)
{
    n->start = start;
    n->stop = stop;
    return n;
}

/* The field `f` of `n` as a T. */
#define AT(T, n, f) (*(T *)(void *)((char *)(n) + (f)->offset))
#define AT_CONST(T, n, f) (*(T const *)(const void *)((const char *)(n) + (f)->offset))

Node *node_copy(Arena *a, const Node *n)
{
    return arena_copy(a, n, node_info(n->kind)->size);
}

static NodeList list_copy_deep(Arena *a, const NodeList *list)
{
    NodeList copy = { 0 };
    for (size_t i = 0; i < list->len; i++)
        vec_push(a, &copy, node_copy_deep(a, list->at[i]));
    return copy;
}

Node *node_copy_deep(Arena *a, const Node *n)
{
    if (!n)
        return NULL;
    Node *copy = node_copy(a, n);
    for (const FieldInfo *f = node_info(n->kind)->fields; f->kind != F_END; f++) {
        if (f->kind == F_REL || f->kind == F_EXPR)
            AT(Node *, copy, f) = node_copy_deep(a, AT_CONST(Node *, n, f));
        else if (f->kind == F_RELS || f->kind == F_EXPRS)
            AT(NodeList, copy, f) = list_copy_deep(a, &AT_CONST(NodeList, n, f));
    }
    return copy;
}

static bool lists_equal(const NodeList *x, const NodeList *y)
{
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (!node_equal(x->at[i], y->at[i]))
            return false;
    return true;
}

static bool names_equal(const StrList *x, const StrList *y)
{
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (!str_eq(x->at[i], y->at[i]))
            return false;
    return true;
}

static bool options_equal(const KeyValueList *x, const KeyValueList *y)
{
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (!str_eq(x->at[i].key, y->at[i].key) || !str_eq(x->at[i].value, y->at[i].value))
            return false;
    return true;
}

/* Byte strings have their length in the INT field named <field>_bytes; those are compared by it. */
static bool texts_equal(const Node *x, const Node *y, const FieldInfo *f)
{
    const char *s = AT_CONST(char *, x, f), *t = AT_CONST(char *, y, f);
    const FieldInfo *next = f + 1;
    size_t n = strlen(f->name);
    if (next->kind == F_INT && !strncmp(next->name, f->name, n) && !strcmp(next->name + n, "_bytes")) {
        int64_t length = AT_CONST(int64_t, x, next);
        return length == AT_CONST(int64_t, y, next) && (s == t || (s && t && !memcmp(s, t, (size_t)length)));
    }
    return str_eq(s, t);
}

static bool field_equal(const Node *x, const Node *y, const FieldInfo *f)
{
    switch (f->kind) {
    case F_REL:
    case F_EXPR:
        return node_equal(AT_CONST(Node *, x, f), AT_CONST(Node *, y, f));
    case F_RELS:
    case F_EXPRS:
        return lists_equal(&AT_CONST(NodeList, x, f), &AT_CONST(NodeList, y, f));
    case F_STR:
        return texts_equal(x, y, f);
    case F_NAMES:
        return names_equal(&AT_CONST(StrList, x, f), &AT_CONST(StrList, y, f));
    case F_INT:
        return AT_CONST(int64_t, x, f) == AT_CONST(int64_t, y, f);
    case F_BOOL:
        return AT_CONST(bool, x, f) == AT_CONST(bool, y, f);
    case F_TYPE: {
        const Type *t = AT_CONST(Type *, x, f), *u = AT_CONST(Type *, y, f);
        return t == u || (t && u && type_equal(t, u));
    }
    case F_KVS:
        return options_equal(&AT_CONST(KeyValueList, x, f), &AT_CONST(KeyValueList, y, f));
    case F_PTR:
        return AT_CONST(void *, x, f) == AT_CONST(void *, y, f);
    default:
        return true;
    }
}

static bool literals_equal(const Literal *x, const Literal *y)
{
    return x->of && y->of && type_equal(x->of, y->of) && value_equal(x->value, y->value, x->of);
}

bool node_equal(const Node *x, const Node *y)
{
    if (x == y)
        return true;
    if (!x || !y || x->kind != y->kind)
        return false;
    if (x->kind == NODE_Literal)
        return literals_equal(node_as(Literal, x), node_as(Literal, y));
    if (x->kind == NODE_LambdaVariable) /* the same lambda written twice has other ids */
        return str_eq(node_as(LambdaVariable, x)->name, node_as(LambdaVariable, y)->name) &&
               (node_as(LambdaVariable, x)->id == 0) == (node_as(LambdaVariable, y)->id == 0);
    if (x->kind == NODE_ColumnRef) /* the id is the column, its name only a label */
        return node_as(ColumnRef, x)->id == node_as(ColumnRef, y)->id &&
               node_as(ColumnRef, x)->depth == node_as(ColumnRef, y)->depth;
    for (const FieldInfo *f = node_info(x->kind)->fields; f->kind != F_END; f++)
        if (!field_equal(x, y, f))
            return false;
    return true;
}

bool node_children(const Node *n, bool (*fn)(Node *child, void *arg), void *arg)
{
    for (const FieldInfo *f = kinds[n->kind].children(); f->kind != F_END; f++) {
        if (f->kind == F_REL || f->kind == F_EXPR) {
            Node *child = AT_CONST(Node *, n, f);
            if (child && !fn(child, arg))
                return false;
        } else {
            const NodeList *list = &AT_CONST(NodeList, n, f);
            for (size_t i = 0; i < list->len; i++)
                if (list->at[i] && !fn(list->at[i], arg))
                    return false;
        }
    }
    return true;
}

typedef struct WalkArg {
    bool (*fn)(const Node *n, void *arg);
    void *arg;
} WalkArg;

static bool walk_child(Node *child, void *arg)
{
    WalkArg *w = arg;
    node_walk(child, w->fn, w->arg);
    return true;
}

void node_walk(const Node *n, bool (*fn)(const Node *n, void *arg), void *arg)
{
    if (n && fn(n, arg))
        node_children(n, walk_child, &(WalkArg){ fn, arg });
}

static NodeList map_list(Arena *a, const NodeList *old, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg, bool *changed)
{
    NodeList made = { 0 };
    *changed = false;
    for (size_t i = 0; i < old->len; i++) {
        vec_push(a, &made, old->at[i] ? fn(a, old->at[i], arg) : NULL);
        *changed = *changed || made.at[i] != old->at[i];
    }
    return made;
}

Node *node_map_children(Arena *a, Node *n, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg)
{
    Node *copy = n;
    for (const FieldInfo *f = node_info(n->kind)->fields; f->kind != F_END; f++) {
        bool changed = false;
        Node *child = NULL;
        NodeList children = { 0 };
        if (f->kind == F_REL || f->kind == F_EXPR) {
            child = AT(Node *, n, f) ? fn(a, AT(Node *, n, f), arg) : NULL;
            changed = child != AT(Node *, n, f);
        } else if (f->kind == F_RELS || f->kind == F_EXPRS) {
            children = map_list(a, &AT(NodeList, n, f), fn, arg, &changed);
        }
        if (!changed)
            continue;
        copy = copy == n ? node_copy(a, n) : copy;
        if (f->kind == F_REL || f->kind == F_EXPR)
            AT(Node *, copy, f) = child;
        else
            AT(NodeList, copy, f) = children;
    }
    return copy;
}

typedef struct RewriteArg {
    Node *(*fn)(Arena *a, Node *n, void *arg);
    void *arg;
} RewriteArg;

static Node *rewrite_child(Arena *a, Node *n, void *arg)
{
    const RewriteArg *r = arg;
    return node_rewrite(a, n, r->fn, r->arg);
}

Node *node_rewrite(Arena *a, Node *n, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg)
{
    return n ? fn(a, node_map_children(a, n, rewrite_child, &(RewriteArg){ fn, arg }), arg) : NULL;
}

/* ---------------------------------------------------------------- depth, without recursion */

typedef struct Frontier {
    Arena *a;
    VEC(const Node *) nodes;
} Frontier;

static bool add_child(Node *child, void *arg)
{
    Frontier *next = arg;
    vec_push(next->a, &next->nodes, child);
    return true;
}

size_t node_depth(const Node *n)
{
    arena_auto *a = arena_new();
    Frontier level = { .a = a };
    if (n)
        vec_push(a, &level.nodes, n);
    size_t depth = 0;
    for (; level.nodes.len; depth++) {
        Frontier next = { .a = a };
        for (size_t i = 0; i < level.nodes.len; i++)
            node_children(level.nodes.at[i], add_child, &next);
        level = next;
    }
    return depth;
}
