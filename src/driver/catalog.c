/* driver/catalog.c -- the catalog in memory; see catalog.h. Each object is copied into an arena of its own. */
#include "driver/catalog.h"

#include "base/clock.h"
#include "base/str.h"
#include "driver/keep.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Object {
    Arena *arena;
    bool is_database;
    CatalogDatabase database;
    CatalogTable table;
} Object;

struct Catalog {
    char *warehouse;
    pthread_mutex_t lock; /* guards what follows */
    Object **at;
    size_t len, cap;
};

static StrList copy_names(Arena *a, const StrList *from)
{
    StrList to = { 0 };
    for (size_t i = 0; i < from->len; i++)
        vec_push(a, &to, arena_str(a, from->at[i]));
    return to;
}

static KeyValueList copy_pairs(Arena *a, const KeyValueList *from)
{
    KeyValueList to = { 0 };
    for (size_t i = 0; i < from->len; i++)
        vec_push(a, &to, (KeyValue){ arena_str(a, from->at[i].key), arena_str(a, from->at[i].value) });
    return to;
}

static CatalogTable copy_table(Arena *a, const CatalogTable *t)
{
    return (CatalogTable){ .database = arena_str(a, t->database), .name = arena_str(a, t->name), .kind = t->kind,
                           .format = arena_str(a, t->format), .location = arena_str(a, t->location),
                           .schema = keep_type(a, t->schema), .partition_by = copy_names(a, &t->partition_by),
                           .options = copy_pairs(a, &t->options), .properties = copy_pairs(a, &t->properties),
                           .comment = arena_str(a, t->comment), .view_text = arena_str(a, t->view_text),
                           .view_database = arena_str(a, t->view_database), .owner = arena_str(a, t->owner),
                           .created_ms = t->created_ms };
}

static CatalogDatabase copy_database(Arena *a, const CatalogDatabase *d)
{
    return (CatalogDatabase){ .name = arena_str(a, d->name), .comment = arena_str(a, d->comment),
                              .location = arena_str(a, d->location), .properties = copy_pairs(a, &d->properties) };
}

static void object_free(Object *o)
{
    if (o)
        arena_free(o->arena);
}

static void add_object(Catalog *c, Object *o)
{
    if (c->len == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 16;
        c->at = reallocarray(c->at, c->cap, sizeof *c->at);
        if (!c->at)
            abort();
    }
    c->at[c->len++] = o;
}

static void remove_at(Catalog *c, size_t i)
{
    object_free(c->at[i]);
    c->at[i] = c->at[--c->len];
}

/* Under the lock; len when absent. */
static size_t database_place(const Catalog *c, const char *name)
{
    size_t i = 0;
    while (i < c->len && !(c->at[i]->is_database && str_ieq(c->at[i]->database.name, name)))
        i++;
    return i;
}

static size_t table_place(const Catalog *c, const char *database, const char *name)
{
    size_t i = 0;
    while (i < c->len && !(!c->at[i]->is_database && str_ieq(c->at[i]->table.database, database) &&
                           str_ieq(c->at[i]->table.name, name)))
        i++;
    return i;
}

static Object *object_new(void)
{
    Arena *a = arena_new();
    Object *o = ARENA_NEW(a, Object);
    o->arena = a;
    return o;
}

Status catalog_open_memory(const char *warehouse_uri, Catalog **ret_catalog, Error *err)
{
    Catalog *c = calloc(1, sizeof *c);
    char *warehouse = strdup(warehouse_uri);
    if (!c || !warehouse)
        abort();
    c->warehouse = warehouse;
    pthread_mutex_init(&c->lock, NULL);
    CatalogDatabase database = { .name = "default", .comment = "default database", .location = warehouse };
    Status status = catalog_create_database(c, &database, true, err);
    if (status != ST_OK) {
        catalog_close(c);
        return status;
    }
    *ret_catalog = c;
    return ST_OK;
}

void catalog_close(Catalog *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->len; i++)
        object_free(c->at[i]);
    free(c->at);
    free(c->warehouse);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

const char *catalog_warehouse(const Catalog *c)
{
    return c->warehouse;
}

static Status named_error(Status status, const char *code, const char *state, const char *parameter, const char *name,
                          const char *message, Error *err)
{
    FAIL_CODE(err, status, code, "%s", message);
    if (err)
        memcpy(err->sqlstate, state, 6);
    error_param(err, parameter, name);
    return status;
}

static Status schema_not_found(const char *name, Error *err)
{
    arena_auto *a = arena_new();
    const char *quoted = arena_printf(a, "`%s`", name);
    return named_error(ST_NOT_FOUND, "SCHEMA_NOT_FOUND", "42704", "schemaName", quoted,
                       arena_printf(a, "The schema %s cannot be found. Verify the spelling and correctness of the schema and "
                                       "catalog.\nIf you did not qualify the name with a catalog, verify the current_schema() "
                                       "output, or qualify the name with the correct catalog.\nTo tolerate the error on drop use "
                                       "DROP SCHEMA IF EXISTS.", quoted), err);
}

char *catalog_quoted(Arena *a, const StrList *name)
{
    str_auto out = STR_INIT(1 << 16);
    for (size_t i = 0; i < name->len; i++) {
        str_add(&out, i ? ".`" : "`");
        for (const char *p = name->at[i]; *p; p++) {
            str_addc(&out, *p);
            if (*p == '`')
                str_addc(&out, '`');
        }
        str_addc(&out, '`');
    }
    return str_arena(&out, a);
}

Status catalog_not_found(Arena *a, const StrList *name, Error *err)
{
    const char *quoted = catalog_quoted(a, name);
    return named_error(ST_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", "42P01", "relationName", quoted,
                       arena_printf(a, "The table or view %s cannot be found. Verify the spelling and correctness of the schema "
                                       "and catalog.\nIf you did not qualify the name with a schema, verify the current_schema() "
                                       "output, or qualify the name with the correct schema and catalog.\nTo tolerate the error "
                                       "on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.", quoted), err);
}

static Status table_not_found(const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    StrList parts = { 0 };
    vec_push(a, &parts, database);
    vec_push(a, &parts, name);
    return catalog_not_found(a, &parts, err);
}

Status catalog_database(Catalog *c, Arena *a, const char *name, CatalogDatabase *ret_database, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = database_place(c, name);
    bool found = i < c->len;
    if (found)
        *ret_database = copy_database(a, &c->at[i]->database);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : schema_not_found(name, err);
}

static int name_compare(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void sort_names(StrList *names)
{
    if (names->len)
        qsort(names->at, names->len, sizeof *names->at, name_compare);
}

Status catalog_databases(Catalog *c, Arena *a, StrList *ret_names, Error *err)
{
    (void)err;
    StrList names = { 0 };
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->len; i++)
        if (c->at[i]->is_database)
            vec_push(a, &names, arena_str(a, c->at[i]->database.name));
    pthread_mutex_unlock(&c->lock);
    sort_names(&names);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_database(Catalog *c, const CatalogDatabase *database, bool if_not_exists, Error *err)
{
    Object *o = object_new();
    o->is_database = true;
    o->database = copy_database(o->arena, database);
    if (!o->database.location)
        o->database.location = arena_printf(o->arena, "%s/%s.db", c->warehouse, database->name);
    pthread_mutex_lock(&c->lock);
    bool exists = database_place(c, database->name) < c->len;
    if (!exists)
        add_object(c, o);
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return ST_OK;
    object_free(o);
    if (if_not_exists)
        return ST_OK;
    arena_auto *a = arena_new();
    const char *quoted = arena_printf(a, "`%s`", database->name);
    return named_error(ST_CONFLICT, "SCHEMA_ALREADY_EXISTS", "42P06", "schemaName", quoted,
                       arena_printf(a, "Cannot create schema %s because it already exists.\nChoose a different name, drop the "
                                       "existing schema, or add the IF NOT EXISTS clause to tolerate pre-existing schema.", quoted),
                       err);
}

Status catalog_drop_database(Catalog *c, const char *name, bool if_exists, bool cascade, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t place = database_place(c, name), tables = 0;
    bool exists = place < c->len;
    for (size_t i = 0; i < c->len; i++)
        tables += !c->at[i]->is_database && str_ieq(c->at[i]->table.database, name);
    if (exists && (cascade || !tables)) {
        remove_at(c, place);
        for (size_t i = c->len; i-- > 0;)
            if (!c->at[i]->is_database && str_ieq(c->at[i]->table.database, name))
                remove_at(c, i);
    }
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return if_exists ? ST_OK : schema_not_found(name, err);
    if (cascade || !tables)
        return ST_OK;
    arena_auto *a = arena_new();
    const char *quoted = arena_printf(a, "`%s`", name);
    return named_error(ST_CONFLICT, "SCHEMA_NOT_EMPTY", "2BP01", "schemaName", quoted,
                       arena_printf(a, "Cannot drop a schema %s because it contains objects.\nUse DROP SCHEMA ... CASCADE to drop "
                                       "the schema and all its objects.", quoted), err);
}

Status catalog_table_location(Catalog *c, Arena *a, const char *database, const char *name, const char **ret_uri, Error *err)
{
    CatalogDatabase d;
    TRY(catalog_database(c, a, database, &d, err));
    *ret_uri = arena_printf(a, "%s/%s", d.location, name);
    return ST_OK;
}

Status catalog_table(Catalog *c, Arena *a, const char *database, const char *name, CatalogTable *ret_table, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = table_place(c, database, name);
    bool found = i < c->len;
    if (found)
        *ret_table = copy_table(a, &c->at[i]->table);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : table_not_found(database, name, err);
}

Status catalog_tables(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err)
{
    StrList names = { 0 };
    pthread_mutex_lock(&c->lock);
    bool exists = database_place(c, database) < c->len;
    for (size_t i = 0; i < c->len; i++)
        if (!c->at[i]->is_database && str_ieq(c->at[i]->table.database, database))
            vec_push(a, &names, arena_str(a, c->at[i]->table.name));
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return schema_not_found(database, err);
    sort_names(&names);
    *ret_names = names;
    return ST_OK;
}

static Status table_exists(const char *name, Error *err)
{
    arena_auto *a = arena_new();
    const char *quoted = arena_printf(a, "`%s`", name);
    return named_error(ST_CONFLICT, "TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", "relationName", quoted,
                       arena_printf(a, "Cannot create table or view %s because it already exists.\nChoose a different name, drop "
                                       "or replace the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing "
                                       "objects.", quoted), err);
}

Status catalog_create_table(Catalog *c, const CatalogTable *table, bool replace, Error *err)
{
    Object *o = object_new();
    o->table = copy_table(o->arena, table);
    if (!o->table.created_ms)
        o->table.created_ms = clock_ms();
    pthread_mutex_lock(&c->lock);
    bool has_database = database_place(c, table->database) < c->len;
    size_t i = table_place(c, table->database, table->name);
    bool exists = i < c->len, add = has_database && (!exists || replace);
    if (add && exists)
        remove_at(c, i);
    if (add)
        add_object(c, o);
    pthread_mutex_unlock(&c->lock);
    if (add)
        return ST_OK;
    object_free(o);
    return has_database ? table_exists(table->name, err) : schema_not_found(table->database, err);
}

Status catalog_drop_table(Catalog *c, const char *database, const char *name, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = table_place(c, database, name);
    bool found = i < c->len;
    if (found)
        remove_at(c, i);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : table_not_found(database, name, err);
}

Status catalog_rename_table(Catalog *c, const char *database, const char *name, const char *new_name, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = table_place(c, database, name);
    bool found = i < c->len, taken = table_place(c, database, new_name) < c->len;
    if (found && !taken)
        c->at[i]->table.name = arena_str(c->at[i]->arena, new_name);
    pthread_mutex_unlock(&c->lock);
    if (!found)
        return table_not_found(database, name, err);
    return taken ? table_exists(new_name, err) : ST_OK;
}

/* One alternative, [pattern, end). */
static bool like_one(const char *name, const char *pattern, const char *end)
{
    if (pattern == end)
        return *name == '\0';
    if (*pattern == '*')
        return like_one(name, pattern + 1, end) || (*name && like_one(name + 1, pattern, end));
    char n = *name, p = *pattern;
    n = n >= 'A' && n <= 'Z' ? (char)(n + 32) : n;
    p = p >= 'A' && p <= 'Z' ? (char)(p + 32) : p;
    return n && (p == '.' || n == p) && like_one(name + 1, pattern + 1, end);
}

bool catalog_like(const char *name, const char *pattern)
{
    if (!pattern)
        return true;
    for (;;) {
        const char *end = strchrnul(pattern, '|');
        if (like_one(name, pattern, end))
            return true;
        if (!*end)
            return false;
        pattern = end + 1;
    }
}
