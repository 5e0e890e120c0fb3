/* driver/keep.c -- see keep.h. Copies every field by its kind as nodes.def declares it. */
#include "driver/keep.h"

#include "ir/source.h"
#include "ir/value.h"

const Type *keep_type(Arena *a, const Type *from)
{
    return type_copy(a, from);
}

static void keep_value(Arena *a, Value *v)
{
    if (v->text) {
        char *text = arena_alloc(a, v->text_len + 1);
        memcpy(text, v->text, v->text_len);
        v->text = text;
    }
    if (!v->items)
        return;
    Value *items = arena_copy(a, v->items, v->nitems * sizeof *v->items);
    for (size_t i = 0; i < v->nitems; i++)
        keep_value(a, &items[i]);
    v->items = items;
}

#define AT(T, n, f) (*(T *)(void *)((char *)(n) + (f)->offset))

static void keep_text(Arena *a, Node *n, const FieldInfo *f)
{
    const char *text = AT(const char *, n, f);
    const FieldInfo *next = f + 1;
    size_t len = strlen(f->name);
    if (!text)
        return;
    bool bytes = next->kind == F_INT && strncmp(next->name, f->name, len) == 0 && strcmp(next->name + len, "_bytes") == 0;
    AT(const char *, n, f) = bytes ? arena_copy(a, text, (size_t)AT(int64_t, n, next)) : arena_str(a, text);
}

static Node *keep_node(Arena *a, Node *n, void *arg)
{
    (void)arg;
    Node *copy = node_copy(a, n);
    copy->start = copy->stop = -1; /* its text is not that of the queries to come */
    for (const FieldInfo *f = node_info(n->kind)->fields; f->kind != F_END; f++) {
        if (f->kind == F_STR) {
            keep_text(a, copy, f);
        } else if (f->kind == F_TYPE) {
            AT(const Type *, copy, f) = keep_type(a, AT(const Type *, copy, f));
        } else if (f->kind == F_NAMES) {
            StrList names = { 0 };
            for (size_t i = 0; i < AT(StrList, n, f).len; i++)
                vec_push(a, &names, arena_str(a, AT(StrList, n, f).at[i]));
            AT(StrList, copy, f) = names;
        } else if (f->kind == F_KVS) {
            KeyValueList pairs = { 0 };
            for (size_t i = 0; i < AT(KeyValueList, n, f).len; i++) {
                KeyValue pair = AT(KeyValueList, n, f).at[i];
                vec_push(a, &pairs, (KeyValue){ arena_str(a, pair.key), arena_str(a, pair.value) });
            }
            AT(KeyValueList, copy, f) = pairs;
        }
    }
    if (node_is(Literal, copy)) {
        Literal *literal = (Literal *)copy;
        Value *value = arena_copy(a, literal->value, sizeof *value);
        keep_value(a, value);
        literal->value = value;
    }
    return copy;
}

KeptPlan *keep_plan(const Node *plan)
{
    Arena *own = arena_new();
    return kept_plan_new(own, node_rewrite(own, node_copy_deep(own, plan), keep_node, NULL));
}

typedef struct Table {
    Engine *engine;
    const char *name;
} Table;

static void drop_table(void *table)
{
    const Table *t = table;
    Error ignored = ERROR_INIT;
    EngineSession *session;
    if (engine_session(t->engine, &session, &ignored) != ST_OK)
        return;
    engine_drop(session, t->name, &ignored);
    engine_session_close(session);
}

KeptPlan *keep_table(Engine *engine, const char *name, const Type *schema)
{
    Arena *a = arena_new();
    Table *table = ARENA_NEW(a, Table);
    *table = (Table){ engine, arena_str(a, name) };
    arena_defer(a, drop_table, table);
    ScanSource *source = ARENA_NEW(a, ScanSource);
    *source = (ScanSource){ .data_schema = keep_type(a, schema), .partition_schema = type_struct(a, NULL, 0), .relation = table->name };
    return kept_plan_new(a, node_new(a, Scan, .format = "checkpoint", .source = source));
}
