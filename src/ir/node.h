/* ir/node.h -- the plan: relations, expressions and commands as one tree of nodes.
 *
 * nodes.def declares each kind once; struct, copy, equal, walk and text come from it. Front ends build unbound trees;
 * ir/bind.h turns them into bound ones, where every expression has `type` and every relation has `schema`; back ends and
 * insight/ read only bound trees. Nodes live in an arena and are immutable once another node points to them: a rewrite
 * copies. `node_new(a, Filter, .input = x, .predicate = p)` makes one; `node_as(Filter, n)` looks inside. */
#ifndef WEIR_IR_NODE_H
#define WEIR_IR_NODE_H
#include "base/arena.h"
#include "base/vec.h"
#include "ir/type.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

typedef struct Node Node;
typedef VEC(Node *) NodeList;
typedef struct KeyValue {
    const char *key, *value;
} KeyValue;
typedef VEC(KeyValue) KeyValueList;

/* A column of a bound relation (Spark's AttributeReference). `id` is unique in one bound plan: a reference names the id,
 * never the name. A back end calls the column c<id>. */
typedef struct Column {
    uint32_t id;
    const char *name;
    const Type *type;
    bool nullable;
    bool hidden;          /* resolvable by name or qualifier, not by '*': USING's other side, _metadata */
    StrList qualifier;    /* {"catalog","db","t"} or {"alias"}; empty: none */
    const char *metadata; /* JSON, NULL: none */
} Column;
typedef struct Schema {
    const Column *at;
    size_t len;
} Schema;

typedef enum NodeKind {
    NODE_NONE,
#define NODE(name) NODE_##name,
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
    NODE_COUNT
} NodeKind;

struct Node {
    NodeKind kind;
    int start, stop;      /* characters [start, stop] of the query text this came from (Spark's Origin); -1: unknown */
    int64_t plan_id;      /* Spark Connect's plan id of a relation, plus one; 0: none */
    const Type *type;     /* bound expression: its type */
    bool nullable;        /* bound expression */
    const Schema *schema; /* bound relation: its output */
};

#define NODE(name) typedef struct name { Node node;
#define REL(f) Node *f;
#define RELS(f) NodeList f;
#define EXPR(f) Node *f;
#define EXPRS(f) NodeList f;
#define STR(f) const char *f;
#define NAMES(f) StrList f;
#define INT(f) int64_t f;
#define BOOL(f) bool f;
#define TYPE(f) const Type *f;
#define KVS(f) KeyValueList f;
#define PTR(t, f) const t *f;
#define END(name) } name;
#include "ir/value.h"
#include "ir/nodes.def"

/* What nodes.def says of one field, for generic walks. */
typedef enum FieldKind { F_END, F_REL, F_RELS, F_EXPR, F_EXPRS, F_STR, F_NAMES, F_INT, F_BOOL, F_TYPE, F_KVS, F_PTR } FieldKind;
typedef struct FieldInfo {
    const char *name;
    FieldKind kind;
    size_t offset;
} FieldInfo;
typedef struct NodeInfo {
    const char *name;
    size_t size;
    const FieldInfo *fields; /* ends with F_END */
} NodeInfo;
const NodeInfo *node_info(NodeKind kind);

Node *node_make(Arena *a, NodeKind kind, const void *init, size_t size);
#define node_new(a, Kind, ...) \
    node_make((a), NODE_##Kind, &(Kind){ .node = { .kind = NODE_##Kind, .start = -1, .stop = -1 }, __VA_ARGS__ }, sizeof(Kind))
/* Checked downcast: aborts on the wrong kind (a bug, never input). */
noreturn void node_cast_failed(const Node *n, NodeKind kind);
static inline const void *node_cast(const Node *n, NodeKind kind)
{
    if (!n || n->kind != kind)
        node_cast_failed(n, kind);
    return n;
}
#define node_as(Kind, n) ((const Kind *)node_cast((n), NODE_##Kind))
#define node_is(Kind, n) ((n) && (n)->kind == NODE_##Kind)
const char *node_name(const Node *n);

/* Position of `from` onto `n` (returned), for error contexts. */
Node *node_at(Node *n, int start, int stop);

Node *node_copy(Arena *a, const Node *n);                 /* shallow: a node of its own with the same children */
Node *node_copy_deep(Arena *a, const Node *n);
bool node_equal(const Node *x, const Node *y);            /* positions and plan ids do not count; column ids do */
/* Calls fn for each direct child (relations and expressions), in order of declaration. Stops at the first false. */
bool node_children(const Node *n, bool (*fn)(Node *child, void *arg), void *arg);
/* Depth-first, parents first; fn returns false to skip a subtree. */
void node_walk(const Node *n, bool (*fn)(const Node *n, void *arg), void *arg);
/* Each direct child replaced by fn(child); the node itself when none changed, else a copy. */
Node *node_map_children(Arena *a, Node *n, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg);
/* Bottom-up rewrite: fn gets a node whose children are rewritten already and returns it or another. */
Node *node_rewrite(Arena *a, Node *n, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg);
/* Depth of the tree; callers refuse more than LIMIT_QUERY_NESTING. Does not recurse. */
size_t node_depth(const Node *n);
/* An S-expression for tests, `explain` and logs: (Filter (Scan "t") (Call "=" …)). Equal trees give equal text. */
void node_text(const Node *n, Str *out);

#endif
