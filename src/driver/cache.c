/* driver/cache.c -- see cache.h. */
#include "driver/cache.h"

#include "driver/keep.h"
#include "driver/uuid.h"
#include "ir/function.h"
#include "ir/source.h"

#include <inttypes.h>
#include <xxhash.h>

enum { KEY_MAX_BYTES = 1 << 28 };

#define AT(T, n, f) (*(T const *)(const void *)((const char *)(n) + (f)->offset))

/* What a plan means, and the state of the files it reads. */
typedef struct Key {
    Arena *a;
    VEC(int64_t) ids; /* of columns, in the order in which they are met: their numbers in the text */
    Str plan, files;
} Key;

static void put_node(Key *k, const Node *n);

static void put_id(Key *k, int64_t id)
{
    size_t i = k->ids.len;
    while (i > 0 && k->ids.at[i - 1] != id)
        i--;
    if (i == 0) {
        vec_push(k->a, &k->ids, id);
        i = k->ids.len;
    }
    str_addf(&k->plan, " #%zu", i);
}

static void put_text(Key *k, const char *text, size_t len)
{
    str_addf(&k->plan, " %zu:", len);
    str_addn(&k->plan, text, len);
}

static void put_source(Key *k, const struct ScanSource *s)
{
    if (!s)
        return;
    str_addc(&k->plan, ' ');
    type_json(s->data_schema, &k->plan);
    type_json(s->partition_schema, &k->plan);
    if (s->relation)
        put_text(k, s->relation, strlen(s->relation));
    if (s->origin)
        put_text(k, s->origin, strlen(s->origin));
    for (size_t i = 0; i < s->nfiles; i++) {
        const SourceFile *f = &s->files[i];
        str_addf(&k->files, "%s %" PRId64 " %" PRId64 "\n", f->uri, f->size_bytes, f->modified_ms);
        if (!s->origin)
            put_text(k, f->uri, strlen(f->uri));
    }
}

static void put_pointer(Key *k, const Node *n)
{
    if (node_is(Call, n)) {
        str_addf(&k->plan, " %s", node_as(Call, n)->function->name);
    } else if (node_is(Scan, n)) {
        put_source(k, node_as(Scan, n)->source);
    } else if (node_is(Literal, n) && node_as(Literal, n)->value) {
        str_addc(&k->plan, ' ');
        value_sql(node_as(Literal, n)->value, node_as(Literal, n)->of, &k->plan);
    }
}

static void put_string(Key *k, const Node *n, const FieldInfo *f)
{
    const char *text = AT(char *, n, f);
    if (!text)
        return;
    if (node_is(LocalRelation, n) && str_eq(f->name, "arrow")) { /* bytes: their hash stands for them */
        XXH128_hash_t hash = XXH3_128bits(text, (size_t)node_as(LocalRelation, n)->arrow_bytes);
        str_addf(&k->plan, " %016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
    } else {
        put_text(k, text, strlen(text));
    }
}

static void put_list(Key *k, const NodeList *list)
{
    str_addf(&k->plan, " [%zu", list->len);
    for (size_t i = 0; i < list->len; i++)
        put_node(k, list->at[i]);
    str_addc(&k->plan, ']');
}

static void put_field(Key *k, const Node *n, const FieldInfo *f)
{
    switch (f->kind) {
    case F_REL:
    case F_EXPR:
        put_node(k, AT(Node *, n, f));
        return;
    case F_RELS:
    case F_EXPRS:
        put_list(k, &AT(NodeList, n, f));
        return;
    case F_STR:
        put_string(k, n, f);
        return;
    case F_NAMES:
        for (size_t i = 0; i < AT(StrList, n, f).len; i++)
            put_text(k, AT(StrList, n, f).at[i], strlen(AT(StrList, n, f).at[i]));
        return;
    case F_INT:
        if (str_eq(f->name, "id"))
            put_id(k, AT(int64_t, n, f));
        else
            str_addf(&k->plan, " %" PRId64, AT(int64_t, n, f));
        return;
    case F_BOOL:
        str_add(&k->plan, AT(bool, n, f) ? " 1" : " 0");
        return;
    case F_TYPE:
        if (AT(Type *, n, f))
            type_json(AT(Type *, n, f), &k->plan);
        return;
    case F_KVS:
        for (size_t i = 0; i < AT(KeyValueList, n, f).len; i++) {
            const KeyValue *pair = &AT(KeyValueList, n, f).at[i];
            put_text(k, pair->key, strlen(pair->key));
            put_text(k, pair->value ? pair->value : "", pair->value ? strlen(pair->value) : 0);
        }
        return;
    case F_PTR:
        put_pointer(k, n);
        return;
    default:
        return;
    }
}

static void put_node(Key *k, const Node *n)
{
    if (!n) {
        str_add(&k->plan, " ()");
        return;
    }
    str_addf(&k->plan, " (%s", node_name(n));
    for (const FieldInfo *f = node_info(n->kind)->fields; f->kind != F_END; f++) {
        str_addc(&k->plan, ' '); /* an empty field is not its neighbour */
        put_field(k, n, f);
    }
    for (size_t i = 0; n->schema && i < n->schema->len; i++)
        put_id(k, n->schema->at[i].id);
    str_addc(&k->plan, ')');
}

typedef struct KeyText {
    const char *plan, *files;
} KeyText;

static KeyText key_of(Arena *a, const Node *bound)
{
    Key k = { .a = a, .plan = STR_INIT(KEY_MAX_BYTES), .files = STR_INIT(KEY_MAX_BYTES) };
    put_node(&k, bound);
    KeyText text = { str_arena(&k.plan, a), str_arena(&k.files, a) };
    str_done(&k.plan);
    str_done(&k.files);
    return text;
}

StorageLevel cache_storage_level(const Spark__Connect__StorageLevel *given)
{
    if (!given)
        return (StorageLevel){ .disk = true, .memory = true, .deserialized = true, .replication = 1 };
    return (StorageLevel){ given->use_disk, given->use_memory, given->use_off_heap, given->deserialized,
                           given->replication > 0 ? given->replication : 1 };
}

Status cache_storage_level_named(const char *name, StorageLevel *ret_level, Error *err)
{
    static const struct {
        const char *name;
        StorageLevel level;
    } levels[] = { { "NONE", { .replication = 0 } },
                   { "DISK_ONLY", { true, false, false, false, 1 } },
                   { "DISK_ONLY_2", { true, false, false, false, 2 } },
                   { "DISK_ONLY_3", { true, false, false, false, 3 } },
                   { "MEMORY_ONLY", { false, true, false, true, 1 } },
                   { "MEMORY_ONLY_2", { false, true, false, true, 2 } },
                   { "MEMORY_ONLY_SER", { false, true, false, false, 1 } },
                   { "MEMORY_ONLY_SER_2", { false, true, false, false, 2 } },
                   { "MEMORY_AND_DISK", { true, true, false, true, 1 } },
                   { "MEMORY_AND_DISK_2", { true, true, false, true, 2 } },
                   { "MEMORY_AND_DISK_SER", { true, true, false, false, 1 } },
                   { "MEMORY_AND_DISK_SER_2", { true, true, false, false, 2 } },
                   { "OFF_HEAP", { true, true, true, false, 1 } } };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (str_ieq(levels[i].name, name)) {
            *ret_level = levels[i].level;
            return ST_OK;
        }
    return FAIL(err, ST_INVALID, "Invalid StorageLevel: %s", name);
}

void cache_persist(Run *r, const Node *bound, StorageLevel level)
{
    session_persist(r->session, key_of(r->arena, bound).plan, level);
}

StorageLevel cache_level(Run *r, const Node *bound)
{
    return session_storage(r->session, key_of(r->arena, bound).plan);
}

/* ---- use */

typedef struct CacheUse {
    Run *run;
    Status status;
    Error *err;
} CacheUse;

/* The engine's table under the column ids of the plan that it stands for. */
static Node *scan_as(Arena *a, const Node *table, const Node *bound)
{
    Node *scan = node_copy(a, table);
    scan->schema = bound->schema;
    return scan;
}

static Status fill(Run *r, const Node *bound, const KeyText *key, const Node **ret_table, Error *err)
{
    char id[UUID_TEXT_BYTES];
    uuid_new(id);
    const char *name = arena_printf(r->arena, "cache %s", id), *outer = r->filling;
    r->filling = key->plan;
    Status status = run_materialize(r, bound, name, err);
    r->filling = outer;
    TRY(status);
    KeptPlan *table = keep_table(driver_engine(r->driver), name, bind_schema_type(r->arena, bound));
    *ret_table = kept_plan_use(table, r->arena);
    session_persisted_fill(r->session, key->plan, key->files, table);
    return ST_OK;
}

static Node *use_one(Arena *a, Node *n, void *arg)
{
    CacheUse *use = arg;
    Run *r = use->run;
    if (use->status != ST_OK || !n)
        return n;
    if (n->schema && n->schema->len && !node_is(CollectMetrics, n)) {
        KeyText key = key_of(r->arena, n);
        const Node *table = NULL;
        bool persisted = !str_eq(key.plan, r->filling) && session_persisted(r->session, r->arena, key.plan, key.files, &table);
        if (persisted && !table)
            use->status = fill(r, n, &key, &table, use->err);
        if (use->status != ST_OK)
            return n;
        if (table)
            return scan_as(a, table, n);
    }
    return node_map_children(a, n, use_one, use);
}

Status cache_use(Run *r, const Node *bound, const Node **ret_plan, Error *err)
{
    CacheUse use = { .run = r, .status = ST_OK, .err = err };
    const Node *plan = bound;
    if (session_has_persisted(r->session))
        plan = use_one(r->arena, (Node *)(uintptr_t)bound, &use);
    TRY(use.status);
    *ret_plan = plan;
    return ST_OK;
}
