/* driver/catalog.c -- the catalog in memory; see catalog.h. Each object is copied into an arena of its own. */
#include "driver/catalog.h"

#include "base/clock.h"
#include "base/str.h"
#include "driver/command_error.h"
#include "driver/keep.h"
#include "ir/error.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Object {
    Arena *arena;
    enum { OBJECT_DATABASE, OBJECT_TABLE, OBJECT_FUNCTION } kind;
    CatalogDatabase database;
    CatalogTable table;
    CatalogPartitionList partitions; /* of the table, in order of their values */
    CatalogFunction function;
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
    return (CatalogTable){ .database = lower_text(a, t->database), .name = lower_text(a, t->name), .kind = t->kind,
                           .format = arena_str(a, t->format), .location = arena_str(a, t->location),
                           .schema = keep_type(a, t->schema), .partition_by = copy_names(a, &t->partition_by),
                           .bucket_by = copy_names(a, &t->bucket_by), .sort_by = copy_names(a, &t->sort_by), .buckets = t->buckets,
                           .options = copy_pairs(a, &t->options), .properties = copy_pairs(a, &t->properties),
                           .statistics = copy_pairs(a, &t->statistics), .comment = arena_str(a, t->comment),
                           .view_text = arena_str(a, t->view_text), .view_database = arena_str(a, t->view_database),
                           .view_schema_mode = arena_str(a, t->view_schema_mode), .view_columns = copy_names(a, &t->view_columns),
                           .view_conf = copy_pairs(a, &t->view_conf), .owner = arena_str(a, t->owner), .created_ms = t->created_ms };
}

static CatalogPartition copy_partition(Arena *a, const CatalogPartition *p)
{
    return (CatalogPartition){ .values = copy_names(a, &p->values), .location = arena_str(a, p->location),
                               .statistics = copy_pairs(a, &p->statistics), .created_ms = p->created_ms };
}

static CatalogFunction copy_function(Arena *a, const CatalogFunction *f)
{
    return (CatalogFunction){ .database = lower_text(a, f->database), .name = lower_text(a, f->name), .text = arena_str(a, f->text),
                              .class_name = arena_str(a, f->class_name), .owner = arena_str(a, f->owner),
                              .conf = copy_pairs(a, &f->conf), .created_ms = f->created_ms };
}

static CatalogDatabase copy_database(Arena *a, const CatalogDatabase *d)
{
    return (CatalogDatabase){ .name = lower_text(a, d->name), .comment = arena_str(a, d->comment),
                              .location = arena_str(a, d->location), .owner = arena_str(a, d->owner),
                              .properties = copy_pairs(a, &d->properties) };
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
    while (i < c->len && !(c->at[i]->kind == OBJECT_DATABASE && str_ieq(c->at[i]->database.name, name)))
        i++;
    return i;
}

static size_t table_place(const Catalog *c, const char *database, const char *name)
{
    size_t i = 0;
    while (i < c->len && !(c->at[i]->kind == OBJECT_TABLE && str_ieq(c->at[i]->table.database, database) &&
                           str_ieq(c->at[i]->table.name, name)))
        i++;
    return i;
}

static bool in_database(const Object *o, const char *name)
{
    return str_ieq(o->kind == OBJECT_DATABASE ? o->database.name : o->kind == OBJECT_TABLE ? o->table.database : o->function.database,
                   name);
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

static Status schema_not_found(const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return command_fail(err, "SCHEMA_NOT_FOUND", "schemaName", arena_printf(a, "`" CATALOG_NAME "`.%s", sql_id(a, name)), NULL);
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
        if (c->at[i]->kind == OBJECT_DATABASE)
            vec_push(a, &names, arena_str(a, c->at[i]->database.name));
    pthread_mutex_unlock(&c->lock);
    sort_names(&names);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_database(Catalog *c, const CatalogDatabase *database, bool if_not_exists, Error *err)
{
    Object *o = object_new();
    o->kind = OBJECT_DATABASE;
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
    return command_fail(err, "SCHEMA_ALREADY_EXISTS", "schemaName", arena_printf(a, "`" CATALOG_NAME "`.%s", sql_id(a, database->name)),
                        NULL);
}

Status catalog_drop_database(Catalog *c, const char *name, bool if_exists, bool cascade, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t tables = 0;
    bool exists = database_place(c, name) < c->len;
    for (size_t i = 0; i < c->len; i++)
        tables += c->at[i]->kind != OBJECT_DATABASE && in_database(c->at[i], name);
    if (exists && (cascade || !tables)) {
        for (size_t i = c->len; i-- > 0;) /* itself too */
            if (in_database(c->at[i], name))
                remove_at(c, i);
    }
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return if_exists ? ST_OK : schema_not_found(name, err);
    if (cascade || !tables)
        return ST_OK;
    arena_auto *a = arena_new();
    return command_fail(err, "SCHEMA_NOT_EMPTY", "schemaName", sql_id(a, name), NULL);
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
        if (c->at[i]->kind == OBJECT_TABLE && str_ieq(c->at[i]->table.database, database))
            vec_push(a, &names, arena_str(a, c->at[i]->table.name));
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return schema_not_found(database, err);
    sort_names(&names);
    *ret_names = names;
    return ST_OK;
}

static Status table_exists(const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return command_fail(err, "TABLE_OR_VIEW_ALREADY_EXISTS", "relationName",
                        arena_printf(a, "%s.%s", sql_id(a, database), sql_id(a, name)), NULL);
}

Status catalog_create_table(Catalog *c, const CatalogTable *table, bool replace, Error *err)
{
    Object *o = object_new();
    o->kind = OBJECT_TABLE;
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
    return has_database ? table_exists(table->database, table->name, err) : schema_not_found(table->database, err);
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
        c->at[i]->table.name = lower_text(c->at[i]->arena, new_name);
    pthread_mutex_unlock(&c->lock);
    if (!found)
        return table_not_found(database, name, err);
    return taken ? table_exists(database, new_name, err) : ST_OK;
}

Status catalog_alter_database(Catalog *c, const CatalogDatabase *database, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = database_place(c, database->name);
    bool found = i < c->len;
    if (found)
        c->at[i]->database = copy_database(c->at[i]->arena, database);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : schema_not_found(database->name, err);
}

Status catalog_alter_table(Catalog *c, const CatalogTable *table, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = table_place(c, table->database, table->name);
    bool found = i < c->len;
    if (found)
        c->at[i]->table = copy_table(c->at[i]->arena, table);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : table_not_found(table->database, table->name, err);
}

/* ---- partitions */

static int compare_values(const StrList *x, const StrList *y)
{
    for (size_t i = 0; i < x->len && i < y->len; i++) {
        const char *p = x->at[i] ? x->at[i] : "", *q = y->at[i] ? y->at[i] : "";
        int order = strcmp(p, q);
        if (order)
            return order;
    }
    return 0;
}

Status catalog_partitions(Catalog *c, Arena *a, const CatalogTable *table, CatalogPartitionList *ret_partitions, Error *err)
{
    CatalogPartitionList list = { 0 };
    pthread_mutex_lock(&c->lock);
    size_t at = table_place(c, table->database, table->name);
    bool found = at < c->len;
    for (size_t i = 0; found && i < c->at[at]->partitions.len; i++)
        vec_push(a, &list, copy_partition(a, &c->at[at]->partitions.at[i]));
    pthread_mutex_unlock(&c->lock);
    if (!found)
        return table_not_found(table->database, table->name, err);
    *ret_partitions = list;
    return ST_OK;
}

/* The place of these values, or where they belong. */
static size_t partition_place(const CatalogPartitionList *list, const StrList *values, bool *ret_found)
{
    size_t i = 0;
    while (i < list->len && compare_values(&list->at[i].values, values) < 0)
        i++;
    *ret_found = i < list->len && compare_values(&list->at[i].values, values) == 0;
    return i;
}

static void insert_partition(Object *o, size_t at, const CatalogPartition *p)
{
    CatalogPartition copy = copy_partition(o->arena, p);
    if (!copy.created_ms)
        copy.created_ms = clock_ms();
    vec_push(o->arena, &o->partitions, copy);
    for (size_t i = o->partitions.len - 1; i > at; i--)
        o->partitions.at[i] = o->partitions.at[i - 1];
    o->partitions.at[at] = copy;
}

Status catalog_add_partitions(Catalog *c, const CatalogTable *table, const CatalogPartitionList *partitions, bool if_not_exists,
                              Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t at = table_place(c, table->database, table->name);
    Object *o = at < c->len ? c->at[at] : NULL;
    bool found = false, taken = false;
    for (size_t i = 0; o && i < partitions->len && !if_not_exists; i++) {
        partition_place(&o->partitions, &partitions->at[i].values, &found);
        taken = taken || found;
    }
    for (size_t i = 0; o && !taken && i < partitions->len; i++) {
        size_t place = partition_place(&o->partitions, &partitions->at[i].values, &found);
        if (!found)
            insert_partition(o, place, &partitions->at[i]);
    }
    pthread_mutex_unlock(&c->lock);
    if (!o)
        return table_not_found(table->database, table->name, err);
    return taken ? FAIL_CODE(err, ST_CONFLICT, "PARTITIONS_ALREADY_EXIST", "a partition of %s exists already", table->name) : ST_OK;
}

static Status change_partition(Catalog *c, const CatalogTable *table, const StrList *values, const CatalogPartition *to, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t at = table_place(c, table->database, table->name), place = 0;
    Object *o = at < c->len ? c->at[at] : NULL;
    bool found = false;
    if (o)
        place = partition_place(&o->partitions, values, &found);
    if (found && to) {
        o->partitions.at[place] = copy_partition(o->arena, to);
    } else if (found) {
        for (size_t i = place + 1; i < o->partitions.len; i++)
            o->partitions.at[i - 1] = o->partitions.at[i];
        o->partitions.len--;
    }
    pthread_mutex_unlock(&c->lock);
    if (!o)
        return table_not_found(table->database, table->name, err);
    return found ? ST_OK : FAIL_CODE(err, ST_NOT_FOUND, "PARTITIONS_NOT_FOUND", "a partition of %s is not there", table->name);
}

Status catalog_alter_partition(Catalog *c, const CatalogTable *table, const CatalogPartition *partition, Error *err)
{
    return change_partition(c, table, &partition->values, partition, err);
}

Status catalog_drop_partition(Catalog *c, const CatalogTable *table, const StrList *values, Error *err)
{
    return change_partition(c, table, values, NULL, err);
}

/* ---- functions */

static size_t function_place(const Catalog *c, const char *database, const char *name)
{
    size_t i = 0;
    while (i < c->len && !(c->at[i]->kind == OBJECT_FUNCTION && str_ieq(c->at[i]->function.database, database) &&
                           str_ieq(c->at[i]->function.name, name)))
        i++;
    return i;
}

static Status function_not_found(const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return command_fail(err, "ROUTINE_NOT_FOUND", "routineName", arena_printf(a, "%s.%s", sql_id(a, database), sql_id(a, name)), NULL);
}

Status catalog_function(Catalog *c, Arena *a, const char *database, const char *name, CatalogFunction *ret_function, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = function_place(c, database, name);
    bool found = i < c->len;
    if (found)
        *ret_function = copy_function(a, &c->at[i]->function);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : function_not_found(database, name, err);
}

Status catalog_functions(Catalog *c, Arena *a, const char *database, StrList *ret_names, Error *err)
{
    StrList names = { 0 };
    pthread_mutex_lock(&c->lock);
    bool exists = database_place(c, database) < c->len;
    for (size_t i = 0; i < c->len; i++)
        if (c->at[i]->kind == OBJECT_FUNCTION && in_database(c->at[i], database))
            vec_push(a, &names, arena_str(a, c->at[i]->function.name));
    pthread_mutex_unlock(&c->lock);
    if (!exists)
        return schema_not_found(database, err);
    sort_names(&names);
    *ret_names = names;
    return ST_OK;
}

Status catalog_create_function(Catalog *c, const CatalogFunction *function, bool replace, Error *err)
{
    Object *o = object_new();
    o->kind = OBJECT_FUNCTION;
    o->function = copy_function(o->arena, function);
    o->function.created_ms = clock_ms();
    pthread_mutex_lock(&c->lock);
    bool has_database = database_place(c, function->database) < c->len;
    size_t i = function_place(c, function->database, function->name);
    bool exists = i < c->len, add = has_database && (!exists || replace);
    if (add && exists)
        remove_at(c, i);
    if (add)
        add_object(c, o);
    pthread_mutex_unlock(&c->lock);
    if (add)
        return ST_OK;
    object_free(o);
    arena_auto *a = arena_new();
    return !has_database ? schema_not_found(function->database, err)
                         : command_fail(err, "ROUTINE_ALREADY_EXISTS", "routineName",
                                        arena_printf(a, "%s.%s", sql_id(a, function->database), sql_id(a, function->name)),
                                        "newRoutineType", "routine", "existingRoutineType", "routine", NULL);
}

Status catalog_drop_function(Catalog *c, const char *database, const char *name, Error *err)
{
    pthread_mutex_lock(&c->lock);
    size_t i = function_place(c, database, name);
    bool found = i < c->len;
    if (found)
        remove_at(c, i);
    pthread_mutex_unlock(&c->lock);
    return found ? ST_OK : function_not_found(database, name, err);
}
