/* driver/catalog_relation.c -- spark.catalog: each call is a relation whose rows answer it. Source: catalog.proto,
 * SparkConnectPlanner.transformCatalog, org.apache.spark.sql.internal.Catalog. */
#include "driver/run.h"

#include "driver/cache.h"
#include "driver/catalog.h"
#include "driver/command.h"
#include "ir/field.h"
#include "ir/function.h"

typedef Spark__Connect__Catalog Message;
#define CASE(name) SPARK__CONNECT__CATALOG__CAT_TYPE_##name

static Rows *one_value(Run *r, const Type *type, Value value)
{
    Field *field = ARENA_NEW(r->arena, Field);
    *field = (Field){ .name = "value", .type = type, .nullable = false };
    Rows *rows = rows_new(r->arena, type_struct(r->arena, field, 1));
    *rows_add(rows) = value;
    return rows;
}

static Rows *table_of(Run *r, const char *const *names, const Type *const *types)
{
    size_t n = 0;
    while (names[n])
        n++;
    Field *fields = ARENA_ARRAY(r->arena, Field, n + 1);
    for (size_t i = 0; i < n; i++)
        fields[i] = (Field){ .name = names[i], .type = types[i], .nullable = true };
    return rows_new(r->arena, type_struct(r->arena, fields, n));
}

static const char *current_database(Run *r, const char *given)
{
    if (given && *given)
        return given;
    session_lock(r->session);
    const char *current = arena_str(r->arena, r->session->database);
    session_unlock(r->session);
    return current;
}

/* "spark_catalog.db" is db. */
static Status database_name(Run *r, const char *text, const char **ret_name, Error *err)
{
    StrList parts;
    *ret_name = text ? text : "";
    if (!strchr(*ret_name, '.') && !strchr(*ret_name, '`'))
        return ST_OK;
    TRY(connect_name(r->arena, text, &parts, err));
    if (parts.len == 1 || (parts.len == 2 && str_ieq(parts.at[0], CATALOG_NAME)))
        *ret_name = parts.at[parts.len - 1];
    return ST_OK;
}

static Rows *databases_table(Run *r)
{
    static const char *const names[] = { "name", "catalog", "description", "locationUri", NULL };
    const Type *const types[] = { &type_string, &type_string, &type_string, &type_string };
    return table_of(r, names, types);
}

static Status add_database(Run *r, Rows *rows, const char *name, Error *err)
{
    CatalogDatabase d;
    TRY(catalog_database(driver_catalog(r->driver), r->arena, name, &d, err));
    Value *row = rows_add(rows);
    row[0] = rows_text(d.name);
    row[1] = rows_text("spark_catalog");
    row[2] = rows_text(d.comment);
    row[3] = rows_text(d.location);
    return ST_OK;
}

static Status list_databases(Run *r, const char *pattern, Rows **ret_rows, Error *err)
{
    StrList names;
    TRY(catalog_databases(driver_catalog(r->driver), r->arena, &names, err));
    *ret_rows = databases_table(r);
    for (size_t i = 0; i < names.len; i++)
        if (catalog_like(names.at[i], pattern))
            TRY(add_database(r, *ret_rows, names.at[i], err));
    return ST_OK;
}

static Rows *tables_table(Run *r)
{
    static const char *const names[] = { "name", "catalog", "namespace", "description", "tableType", "isTemporary", NULL };
    const Type *const types[] = { &type_string, &type_string, type_array(r->arena, &type_string, true), &type_string, &type_string,
                                  &type_boolean };
    return table_of(r, names, types);
}

static void add_temporary(Run *r, Rows *rows, const char *name)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(arena_str(r->arena, name));
    row[2] = (Value){ .items = ARENA_NEW(r->arena, Value), .nitems = 0 };
    row[4] = rows_text("TEMPORARY");
    row[5] = rows_long(1);
}

static void add_table(Run *r, Rows *rows, const CatalogTable *t)
{
    static const char *const kinds[] = { "MANAGED", "EXTERNAL", "VIEW" };
    Value *row = rows_add(rows), *space = ARENA_NEW(r->arena, Value);
    *space = rows_text(t->database);
    row[0] = rows_text(t->name);
    row[1] = rows_text("spark_catalog");
    row[2] = (Value){ .items = space, .nitems = 1 };
    row[3] = rows_text(t->comment);
    row[4] = rows_text(kinds[t->kind]);
    row[5] = rows_long(0);
}

static Status list_tables(Run *r, const char *given, const char *pattern, Rows **ret_rows, Error *err)
{
    const char *database = current_database(r, given);
    StrList names;
    TRY(catalog_tables(driver_catalog(r->driver), r->arena, database, &names, err));
    *ret_rows = tables_table(r);
    for (size_t i = 0; i < names.len; i++) {
        CatalogTable t;
        bool found = false;
        if (catalog_like(names.at[i], pattern))
            TRY(catalog_listed_table(driver_catalog(r->driver), r->arena, database, names.at[i], &t, &found, err));
        if (found)
            add_table(r, *ret_rows, &t);
    }
    session_lock(r->session);
    for (size_t i = 0; i < r->session->views.len; i++)
        if (catalog_like(r->session->views.at[i].name, pattern))
            add_temporary(r, *ret_rows, r->session->views.at[i].name);
    session_unlock(r->session);
    return ST_OK;
}

static bool is_temporary(Run *r, const char *name)
{
    session_lock(r->session);
    bool found = entries_find(&r->session->views, name) != NULL;
    session_unlock(r->session);
    return found;
}

static Status names_of(Run *r, const char *text, const char *database, StrList *ret, Error *err)
{
    StrList parts;
    TRY(connect_name(r->arena, text, &parts, err));
    if (database && *database) {
        StrList full = { 0 };
        TRY(database_name(r, database, &database, err));
        vec_push(r->arena, &full, database);
        vec_push(r->arena, &full, parts.at[parts.len - 1]);
        parts = full;
    }
    *ret = parts;
    return ST_OK;
}

static Status get_table(Run *r, const Spark__Connect__GetTable *g, Rows **ret_rows, Error *err)
{
    StrList parts;
    const char *database, *name;
    TRY(names_of(r, g->table_name, g->db_name, &parts, err));
    *ret_rows = tables_table(r);
    if (parts.len == 1 && is_temporary(r, parts.at[0])) {
        add_temporary(r, *ret_rows, parts.at[0]);
        return ST_OK;
    }
    CatalogTable t;
    TRY(environment_table_name(r, &parts, &database, &name, err));
    TRY(catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, err));
    add_table(r, *ret_rows, &t);
    return ST_OK;
}

static Status table_exists(Run *r, const Spark__Connect__TableExists *t, Rows **ret_rows, Error *err)
{
    StrList parts;
    const char *database, *name;
    CatalogTable table;
    Error missing = ERROR_INIT;
    TRY(names_of(r, t->table_name, t->db_name, &parts, err));
    bool found = parts.len == 1 && is_temporary(r, parts.at[0]);
    if (parts.len == 2 && str_ieq(parts.at[0], run_conf(r, "spark.sql.globalTempDatabase")))
        found = driver_global_view(r->driver, r->arena, parts.at[1]) != NULL;
    if (!found)
        found = environment_table_name(r, &parts, &database, &name, &missing) == ST_OK &&
                catalog_table(driver_catalog(r->driver), r->arena, database, name, &table, &missing) == ST_OK;
    *ret_rows = one_value(r, &type_boolean, rows_long(found));
    return ST_OK;
}

static Status list_columns(Run *r, const Spark__Connect__ListColumns *l, Rows **ret_rows, Error *err)
{
    static const char *const names[] = { "name", "description", "dataType", "nullable", "isPartition", "isBucket", "isCluster", NULL };
    const Type *const types[] = { &type_string, &type_string, &type_string, &type_boolean, &type_boolean, &type_boolean,
                                  &type_boolean };
    StrList parts;
    Node *bound;
    TRY(names_of(r, l->table_name, l->db_name, &parts, err));
    TRY(run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = parts), &bound, err));
    CatalogTable t = { 0 };
    const char *database, *name;
    Error missing = ERROR_INIT;
    if (environment_table_name(r, &parts, &database, &name, &missing) != ST_OK ||
        catalog_table(driver_catalog(r->driver), r->arena, database, name, &t, &missing) != ST_OK)
        t = (CatalogTable){ 0 };
    const Type *schema = bind_schema_type(r->arena, bound);
    *ret_rows = table_of(r, names, types);
    for (size_t i = 0; i < schema->nfields; i++) {
        bool partition = false;
        for (size_t k = 0; k < t.partition_by.len; k++)
            partition |= str_ieq(t.partition_by.at[k], schema->fields[i].name);
        Value *row = rows_add(*ret_rows);
        row[0] = rows_text(schema->fields[i].name);
        row[1] = rows_text(field_get(r->arena, schema->fields[i].metadata, FIELD_COMMENT));
        row[2] = rows_text(type_catalog_text(r->arena, schema->fields[i].type));
        row[3] = rows_long(schema->fields[i].nullable);
        row[4] = rows_long(partition);
        row[5] = row[6] = rows_long(0);
    }
    return ST_OK;
}

/* ---- functions */

static Rows *functions_table(Run *r)
{
    static const char *const names[] = { "name", "catalog", "namespace", "description", "className", "isTemporary", NULL };
    const Type *const types[] = { &type_string, &type_string, type_array(r->arena, &type_string, true), &type_string, &type_string,
                                  &type_boolean };
    return table_of(r, names, types);
}

/* Spark counts its built-in functions as temporary ones; `database` NULL: one of those, or the session's. */
static void add_function(Run *r, Rows *rows, const char *name, const char *database)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(arena_str(r->arena, name));
    row[4] = rows_text("");
    row[5] = rows_long(!database);
    if (!database)
        return;
    Value *space = ARENA_NEW(r->arena, Value);
    *space = rows_text(database);
    row[1] = rows_text(CATALOG_NAME);
    row[2] = (Value){ .items = space, .nitems = 1 };
}

static Status list_functions(Run *r, const char *given, const char *pattern, Rows **ret_rows, Error *err)
{
    const char *database = current_database(r, given), *before = "";
    StrList kept;
    TRY(catalog_functions(driver_catalog(r->driver), r->arena, database, &kept, err));
    Rows *rows = *ret_rows = functions_table(r);
    for (size_t i = 0; i < function_count(); i++) {
        const char *name = function_at(i)->name;
        if (!str_eq(name, before) && catalog_like(name, pattern))
            add_function(r, rows, name, NULL);
        before = name;
    }
    for (size_t i = 0; i < kept.len; i++)
        if (catalog_like(kept.at[i], pattern))
            add_function(r, rows, kept.at[i], database);
    session_lock(r->session);
    for (size_t i = 0; i < r->session->functions.len; i++)
        if (catalog_like(r->session->functions.at[i].name, pattern))
            add_function(r, rows, r->session->functions.at[i].name, NULL);
    session_unlock(r->session);
    return ST_OK;
}

/* Where a function is: *ret_database NULL for built-in and session functions. False: nowhere. */
static Status find_function(Run *r, const char *text, const char *given, const char **ret_name, const char **ret_database,
                            bool *ret_found, Error *err)
{
    StrList parts;
    size_t n;
    CatalogFunction f;
    Error missing = ERROR_INIT;
    TRY(names_of(r, text, given, &parts, err));
    const char *name = parts.at[parts.len - 1], *database;
    session_lock(r->session);
    bool session = parts.len == 1 && entries_find(&r->session->functions, name) != NULL;
    session_unlock(r->session);
    *ret_database = NULL;
    *ret_name = name;
    *ret_found = session || (parts.len == 1 && function_find(name, &n) != NULL);
    if (*ret_found)
        return ST_OK;
    TRY(environment_table_name(r, &parts, &database, &name, err));
    *ret_found = catalog_function(driver_catalog(r->driver), r->arena, database, name, &f, &missing) == ST_OK;
    *ret_database = database;
    return ST_OK;
}

static Status get_function(Run *r, const Spark__Connect__GetFunction *g, Rows **ret_rows, Error *err)
{
    const char *name, *database;
    bool found;
    TRY(find_function(r, g->function_name, g->db_name, &name, &database, &found, err));
    if (!found)
        return command_fail(err, "UNRESOLVED_ROUTINE", "routineName", arena_printf(r->arena, "`%s`", name), "searchPath",
                            "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]", NULL);
    *ret_rows = functions_table(r);
    add_function(r, *ret_rows, name, database);
    return ST_OK;
}

/* A statement by its node, its answer dropped. */
static Status statement(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    return command_run(r, command, ret_rows, err);
}

/* What was cached under a view's name goes with the view. */
static void uncache_view(Run *r, const char *name, bool global)
{
    StrList parts = { 0 };
    Node *bound;
    Error ignored = ERROR_INIT;
    if (global)
        vec_push(r->arena, &parts, run_conf(r, "spark.sql.globalTempDatabase"));
    vec_push(r->arena, &parts, name);
    if (session_has_persisted(r->session) &&
        run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = parts), &bound, &ignored) == ST_OK)
        cache_persist(r, bound, (StorageLevel){ 0 });
}

static Status drop_view(Run *r, const char *name, bool global, Rows **ret_rows, Error *err)
{
    (void)err;
    bool dropped;
    session_lock(r->session);
    bool is_view = global || entries_find(&r->session->views, name) != NULL;
    session_unlock(r->session);
    if (is_view)
        uncache_view(r, name, global);
    if (global) {
        dropped = driver_drop_global_view(r->driver, name);
    } else {
        session_lock(r->session);
        dropped = entries_remove(&r->session->views, name);
        session_unlock(r->session);
    }
    *ret_rows = one_value(r, &type_boolean, rows_long(dropped));
    return ST_OK;
}

static Status use(Run *r, const char *name, Rows **ret_rows, Error *err)
{
    StrList parts = { 0 };
    TRY(database_name(r, name, &name, err));
    vec_push(r->arena, &parts, name);
    return statement(r, node_new(r->arena, Use, .what = "SCHEMA", .name = parts), ret_rows, err);
}

static Status create_table(Run *r, const Spark__Connect__CreateTable *c, Rows **ret_rows, Error *err)
{
    StrList parts;
    const Type *schema = NULL;
    TRY(connect_name(r->arena, c->table_name, &parts, err));
    NodeList columns = { 0 };
    if (c->schema)
        TRY(connect_type(r->arena, &r->connect, c->schema, &schema, err));
    for (size_t i = 0; schema && i < schema->nfields; i++)
        vec_push(r->arena, &columns, node_new(r->arena, ColumnDefinition, .name = schema->fields[i].name, .of = schema->fields[i].type,
                                              .not_null = !schema->fields[i].nullable));
    KeyValueList options = { 0 };
    for (size_t i = 0; i < c->n_options; i++)
        vec_push(r->arena, &options, (KeyValue){ c->options[i]->key, c->options[i]->value });
    Node *table = node_new(r->arena, CreateTable, .name = parts, .columns = columns, .format = c->source, .options = options,
                           .location = c->path, .comment = c->description);
    TRY(statement(r, table, ret_rows, err));
    Node *bound;
    TRY(run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = parts), &bound, err));
    *ret_rows = rows_new(r->arena, bind_schema_type(r->arena, bound));
    return ST_OK;
}

/* The older message says the same. */
static Status create_external_table(Run *r, const Spark__Connect__CreateExternalTable *old, Rows **ret_rows, Error *err)
{
    Spark__Connect__CreateTable c = SPARK__CONNECT__CREATE_TABLE__INIT;
    c.table_name = old->table_name;
    c.path = old->path;
    c.source = old->source;
    c.schema = old->schema;
    c.n_options = old->n_options;
    c.options = (Spark__Connect__CreateTable__OptionsEntry **)(void *)old->options;
    return create_table(r, &c, ret_rows, err);
}

static Status recover(Run *r, const char *text, Rows **ret_rows, Error *err)
{
    StrList parts;
    TRY(connect_name(r->arena, text, &parts, err));
    return statement(r, node_new(r->arena, Repair, .table = parts, .add = true, .drop = true), ret_rows, err);
}

static Status cache_table(Run *r, const Spark__Connect__CacheTable *c, Rows **ret_rows, Error *err)
{
    StrList parts;
    Node *bound;
    TRY(connect_name(r->arena, c->table_name, &parts, err));
    TRY(run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = parts), &bound, err));
    cache_persist(r, bound, cache_storage_level(c->storage_level));
    *ret_rows = command_nothing(r);
    return ST_OK;
}

static Status cache(Run *r, const char *table, const char *what, Rows **ret_rows, Error *err)
{
    StrList parts = { 0 };
    if (table)
        TRY(connect_name(r->arena, table, &parts, err));
    return statement(r, node_new(r->arena, Cache, .what = what, .name = parts), ret_rows, err);
}

static Status rest(Run *r, const Message *c, Rows **ret_rows, Error *err)
{
    switch (c->cat_type_case) {
    case CASE(CACHE_TABLE):
        return cache_table(r, c->cache_table, ret_rows, err);
    case CASE(UNCACHE_TABLE):
        return cache(r, c->uncache_table->table_name, "UNCACHE", ret_rows, err);
    case CASE(CLEAR_CACHE):
        return cache(r, NULL, "CLEAR", ret_rows, err);
    case CASE(REFRESH_TABLE):
        return cache(r, c->refresh_table->table_name, "REFRESH TABLE", ret_rows, err);
    case CASE(REFRESH_BY_PATH): /* files are listed anew by every query */
        session_refresh(r->session);
        *ret_rows = command_nothing(r);
        return ST_OK;
    case CASE(DROP_TEMP_VIEW):
        return drop_view(r, c->drop_temp_view->view_name, false, ret_rows, err);
    case CASE(DROP_GLOBAL_TEMP_VIEW):
        return drop_view(r, c->drop_global_temp_view->view_name, true, ret_rows, err);
    case CASE(CREATE_EXTERNAL_TABLE):
        return create_external_table(r, c->create_external_table, ret_rows, err);
    case CASE(RECOVER_PARTITIONS):
        return recover(r, c->recover_partitions->table_name, ret_rows, err);
    case CASE(LIST_FUNCTIONS):
        return list_functions(r, c->list_functions->db_name, c->list_functions->pattern, ret_rows, err);
    case CASE(GET_FUNCTION):
        return get_function(r, c->get_function, ret_rows, err);
    case CASE(CREATE_TABLE):
        return create_table(r, c->create_table, ret_rows, err);
    case CASE(CURRENT_CATALOG):
        *ret_rows = one_value(r, &type_string, rows_text("spark_catalog"));
        return ST_OK;
    case CASE(SET_CURRENT_CATALOG):
        if (!str_ieq(c->set_current_catalog->catalog_name, "spark_catalog")) {
            FAIL_CODE(err, ST_NOT_FOUND, "CATALOG_NOT_FOUND", "The catalog `%s` not found. Consider to set the SQL config "
                      "\"spark.sql.catalog.%s\" to a catalog plugin.", c->set_current_catalog->catalog_name,
                      c->set_current_catalog->catalog_name);
            memcpy(err->sqlstate, "42P08", 6);
            return ST_NOT_FOUND;
        }
        *ret_rows = command_nothing(r);
        return ST_OK;
    case CASE(LIST_CATALOGS): {
        static const char *const names[] = { "name", "description", NULL };
        const Type *const types[] = { &type_string, &type_string };
        *ret_rows = table_of(r, names, types);
        if (catalog_like("spark_catalog", c->list_catalogs->pattern))
            rows_add(*ret_rows)[0] = rows_text("spark_catalog");
        return ST_OK;
    }
    default:
        return command_unsupported(arena_printf(r->arena, "the Spark Connect message Catalog, kind %d", (int)c->cat_type_case), err);
    }
}

Status catalog_relation(Run *r, const Message *c, Rows **ret_rows, Error *err)
{
    CatalogDatabase d;
    const char *db;
    Error missing = ERROR_INIT;
    switch (c->cat_type_case) {
    case CASE(CURRENT_DATABASE):
        *ret_rows = one_value(r, &type_string, rows_text(current_database(r, NULL)));
        return ST_OK;
    case CASE(SET_CURRENT_DATABASE):
        return use(r, c->set_current_database->db_name, ret_rows, err);
    case CASE(LIST_DATABASES):
        return list_databases(r, c->list_databases->pattern, ret_rows, err);
    case CASE(GET_DATABASE):
        *ret_rows = databases_table(r);
        TRY(database_name(r, c->get_database->db_name, &db, err));
        return add_database(r, *ret_rows, db, err);
    case CASE(DATABASE_EXISTS): {
        TRY(database_name(r, c->database_exists->db_name, &db, err));
        bool found = catalog_database(driver_catalog(r->driver), r->arena, db, &d, &missing) == ST_OK;
        *ret_rows = one_value(r, &type_boolean, rows_long(found));
        return ST_OK;
    }
    case CASE(LIST_TABLES):
        return list_tables(r, c->list_tables->db_name, c->list_tables->pattern, ret_rows, err);
    case CASE(GET_TABLE):
        return get_table(r, c->get_table, ret_rows, err);
    case CASE(TABLE_EXISTS):
        return table_exists(r, c->table_exists, ret_rows, err);
    case CASE(LIST_COLUMNS):
        return list_columns(r, c->list_columns, ret_rows, err);
    case CASE(FUNCTION_EXISTS): {
        const char *name, *database;
        bool found;
        TRY(find_function(r, c->function_exists->function_name, c->function_exists->db_name, &name, &database, &found, err));
        *ret_rows = one_value(r, &type_boolean, rows_long(found));
        return ST_OK;
    }
    case CASE(IS_CACHED): {
        StrList parts;
        Node *bound;
        TRY(connect_name(r->arena, c->is_cached->table_name, &parts, err));
        TRY(run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = parts), &bound, err));
        *ret_rows = one_value(r, &type_boolean, rows_long(cache_level(r, bound).replication > 0));
        return ST_OK;
    }
    default:
        return rest(r, c, ret_rows, err);
    }
}
