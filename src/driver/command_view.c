/* driver/command_view.c -- temporary, global and persistent views; CACHE and UNCACHE.
 *
 * A persistent view keeps its text, the database and the settings that it was made under, the names of its query's columns
 * and its own columns with their types. At each use the text is parsed again; by the view's schema mode its columns are then
 * cast to those types or taken as they are now. Source: CreateViewCommand, ViewHelper, SessionCatalog.getViewPlan. */
#include "driver/cache.h"
#include "driver/command.h"

#include "driver/keep.h"
#include "ir/enums.h"
#include "ir/collation_default.h"
#include "ir/error.h"
#include "ir/field.h"

#define VIEW_COLLATION "spark.sql.defaultCollation" /* among the settings that a view keeps: its DEFAULT COLLATION */

/* The settings that the query means what it means under (ViewHelper.sqlConfigsToProps). */
void command_keep_conf(Run *r, KeyValueList *ret_list)
{
    KeyValueList all = { 0 }, list = { 0 };
    session_lock(r->session);
    conf_list(r->session->conf, r->arena, "spark.sql.", &all);
    session_unlock(r->session);
    for (size_t i = 0; i < all.len; i++)
        if (conf_is_captured(all.at[i].key))
            vec_push(r->arena, &list, ((KeyValue){ arena_str(r->arena, all.at[i].key), arena_str(r->arena, all.at[i].value) }));
    if (!pairs_get(&list, "spark.sql.session.timeZone"))
        vec_push(r->arena, &list, ((KeyValue){ "spark.sql.session.timeZone", run_conf(r, "spark.sql.session.timeZone") }));
    *ret_list = list;
}

/* The view's query under the settings of now, with the names that the statement gives to its columns. */
static Node *named(Run *r, const CreateView *v)
{
    KeyValueList conf;
    command_keep_conf(r, &conf);
    Node *query = node_new(r->arena, ConfScope, .input = v->input, .conf = conf);
    return v->columns.len ? node_new(r->arena, ToDF, .input = query, .names = v->columns) : query;
}

/* The number of columns, and their names. */
static Status check_arity(Run *r, const CreateView *v, const char *id, const Type *query, Error *err)
{
    size_t n = v->columns.len;
    if (!n || n == query->nfields)
        return ST_OK;
    str_auto data = STR_INIT(1 << 16), view = STR_INIT(1 << 16);
    for (size_t i = 0; i < query->nfields; i++)
        str_addf(&data, "%s%s", i ? ", " : "", sql_id(r->arena, query->fields[i].name));
    for (size_t i = 0; i < n; i++)
        str_addf(&view, "%s%s", i ? ", " : "", sql_id(r->arena, v->columns.at[i]));
    return command_fail(err, n > query->nfields ? "CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                                                : "CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                        "viewName", id, "viewColumns", str_text(&view), "dataColumns", str_text(&data), NULL);
}

static Status check_names(Run *r, const Type *schema, Error *err)
{
    bool exact = command_flag(r, "spark.sql.caseSensitive");
    for (size_t i = 0; i < schema->nfields; i++)
        for (size_t k = 0; k < i; k++) {
            const char *x = schema->fields[i].name, *y = schema->fields[k].name;
            if (exact ? str_eq(x, y) : str_ieq(x, y))
                return command_fail(err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(r->arena, lower_text(r->arena, x)), NULL);
        }
    return ST_OK;
}

static Status query_type(Run *r, Node *query, const Type **ret_type, Error *err)
{
    Node *bound;
    TRY(run_bind_node(r, query, &bound, err));
    *ret_type = bind_schema_type(r->arena, bound);
    return ST_OK;
}

/* ---- cycles */

/* What a query reads by name, other than its own CTEs. */
typedef struct Names {
    Arena *a;
    VEC(const StrList *) at;
    StrList ctes; /* those that the place looked at sees */
} Names;

static bool note_relations(Node *n, void *arg);

static void note_with_relations(const With *w, Names *names)
{
    size_t outside = names->ctes.len;
    for (size_t i = 0; i < w->ctes.len; i++) {
        const SubqueryAlias *cte = node_as(SubqueryAlias, w->ctes.at[i]);
        if (w->recursive)
            vec_push(names->a, &names->ctes, cte->name);
        note_relations(w->ctes.at[i], names);
        if (!w->recursive)
            vec_push(names->a, &names->ctes, cte->name);
    }
    note_relations(w->input, names);
    names->ctes.len = outside;
}

static bool note_relations(Node *n, void *arg)
{
    Names *names = arg;
    if (node_is(With, n)) {
        note_with_relations(node_as(With, n), names);
        return true;
    }
    if (node_is(UnresolvedRelation, n)) {
        const StrList *name = &node_as(UnresolvedRelation, n)->name;
        for (size_t i = 0; name->len == 1 && i < names->ctes.len; i++)
            if (str_ieq(names->ctes.at[i], name->at[0]))
                return true;
        vec_push(names->a, &names->at, name);
    }
    return node_children(n, note_relations, names);
}

static bool same_view(const Target *x, const Target *y)
{
    return x->kind == y->kind && str_ieq(x->name, y->name) && str_ieq(x->database, y->database);
}

/* Does the query lead to the view that it shall replace? */
static Status no_cycle(Run *r, Node *query, const Target *view, const char *path, size_t depth, Error *err)
{
    enum { DEPTH_MAX = 100 };
    Names names = { .a = r->arena };
    note_relations(query, &names);
    for (size_t i = 0; i < names.at.len; i++) {
        Target t;
        Node *inner;
        TRY(command_target(r, names.at.at[i], &t, err));
        if (t.kind == TARGET_NONE || t.kind == TARGET_TABLE)
            continue;
        const char *here = arena_printf(r->arena, "%s -> %s", path, catalog_quoted(r->arena, names.at.at[i]));
        if (same_view(&t, view) || depth == DEPTH_MAX)
            return command_fail(err, "RECURSIVE_VIEW", "viewIdent", path, "newPath", here, NULL);
        if (t.kind == TARGET_VIEW)
            TRY(command_view_plan(r, r->arena, &t.table, &inner, err));
        else
            inner = t.plan;
        TRY(no_cycle(r, inner, view, here, depth + 1, err));
    }
    return ST_OK;
}

static Status check_cycle(Run *r, const CreateView *v, Error *err)
{
    Target old;
    TRY(command_target(r, &v->name, &old, err));
    bool temporary = old.kind == TARGET_TEMP_VIEW || old.kind == TARGET_GLOBAL_VIEW;
    if (old.kind == TARGET_NONE || old.kind == TARGET_TABLE || temporary != (v->temporary || v->global))
        return ST_OK;
    return no_cycle(r, v->input, &old, catalog_quoted(r->arena, &v->name), 0, err);
}

/* A DataFrame's view is what its names stand for now: df.createOrReplaceTempView("v") over spark.table("v") reads the old v. */
static Node *settled(Arena *a, Node *n, void *arg)
{
    Run *r = arg;
    Target t;
    Error ignored = ERROR_INIT;
    if (!node_is(UnresolvedRelation, n) || command_target(r, &node_as(UnresolvedRelation, n)->name, &t, &ignored) != ST_OK)
        return n;
    if (t.kind != TARGET_TEMP_VIEW && t.kind != TARGET_GLOBAL_VIEW)
        return n;
    Node *alias = node_new(a, SubqueryAlias, .input = t.plan, .name = t.name);
    alias->plan_id = n->plan_id;
    return alias;
}

static bool note_with(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(With, n);
    return !*found;
}

static Node *kept_query(Run *r, const CreateView *v)
{
    bool ctes = false;
    if (v->text)
        return v->input;
    node_walk(v->input, note_with, &ctes);
    return ctes ? v->input : node_rewrite(r->arena, v->input, settled, r);
}

static Status temporary_view(Run *r, const CreateView *v, Error *err)
{
    const char *name = v->name.at[v->name.len - 1];
    const Type *query;
    TRY(query_type(r, v->input, &query, err)); /* a view that cannot be is refused now */
    TRY(check_arity(r, v, sql_id(r->arena, name), query, err));
    if (!v->columns.len)
        TRY(check_names(r, query, err));
    CreateView kept = *v;
    kept.input = kept_query(r, v);
    if (kept.input == v->input)
        TRY(check_cycle(r, v, err));
    KeptPlan *plan = keep_plan(named(r, &kept));
    bool taken = false;
    if (v->global) {
        taken = driver_global_view(r->driver, r->arena, name) && !v->replace;
        if (!taken)
            driver_set_global_view(r->driver, name, plan);
    } else {
        session_lock(r->session);
        taken = entries_find(&r->session->views, name) && !v->replace;
        if (!taken)
            entries_set(&r->session->views, name, plan);
        session_unlock(r->session);
    }
    if (!taken)
        return ST_OK;
    kept_plan_unref(plan);
    if (v->if_not_exists)
        return ST_OK;
    StrList id = { 0 };
    if (v->global)
        vec_push(r->arena, &id, run_conf(r, "spark.sql.globalTempDatabase"));
    vec_push(r->arena, &id, name);
    return command_fail(err, "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "relationName", catalog_quoted(r->arena, &id), NULL);
}

/* ---- persistent views */

typedef struct Temporaries {
    Run *r;
    const char *name; /* the first temporary view that the query names */
} Temporaries;

static bool note_temporary(const Node *n, void *arg)
{
    Temporaries *found = arg;
    if (!node_is(UnresolvedRelation, n) || found->name)
        return !found->name;
    const StrList *name = &node_as(UnresolvedRelation, n)->name;
    Target t;
    Error ignored = ERROR_INIT;
    if (command_target(found->r, name, &t, &ignored) == ST_OK && (t.kind == TARGET_TEMP_VIEW || t.kind == TARGET_GLOBAL_VIEW))
        found->name = catalog_quoted(found->r->arena, name);
    return true;
}

static Status no_temporaries(Run *r, const Node *query, const char *id, Error *err)
{
    Temporaries found = { .r = r };
    node_walk(query, note_temporary, &found);
    if (!found.name)
        return ST_OK;
    return command_fail(err, "INVALID_TEMP_OBJ_REFERENCE", "obj", "VIEW", "objName", id, "tempObj", "VIEW", "tempObjName", found.name,
                        NULL);
}

static const char *mode_of(Run *r, const char *given, bool own_names)
{
    if (given && *given)
        return str_eq(given, "EVOLUTION") && own_names ? "TYPE EVOLUTION" : given; /* a column list stays as it is */
    if (!command_flag(r, "spark.sql.legacy.viewSchemaBindingMode") && run_conf(r, "spark.sql.legacy.viewSchemaBindingMode"))
        return "BINDING";
    return str_ieq(run_conf(r, "spark.sql.legacy.viewSchemaCompensation"), "false") ? "BINDING" : "COMPENSATION";
}

/* The columns of the view: those of its query under its own names and comments, all nullable as the query says. */
static const Type *view_type(Run *r, const CreateView *v, const Type *query)
{
    Field *fields = ARENA_ARRAY(r->arena, Field, query->nfields + 1);
    for (size_t i = 0; i < query->nfields; i++) {
        fields[i] = query->fields[i];
        if (i < v->columns.len) {
            fields[i].name = v->columns.at[i];
            fields[i].metadata = NULL;
        }
        if (i < v->column_comments.len && *v->column_comments.at[i])
            fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_COMMENT, v->column_comments.at[i]);
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_DEFAULT, NULL);
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_EXISTS_DEFAULT, NULL);
    }
    return field_with_char(r->arena, type_struct(r->arena, fields, query->nfields));
}

static Status view_of(Run *r, const CreateView *v, CatalogTable *t, Error *err)
{
    const Type *query;
    const char *id = catalog_table_id(r->arena, t);
    TRY(no_temporaries(r, v->input, id, err));
    TRY(check_cycle(r, v, err));
    TRY(query_type(r, v->input, &query, err));
    TRY(check_arity(r, v, id, query, err));
    if (!v->columns.len)
        TRY(check_names(r, query, err));
    t->kind = CATALOG_VIEW;
    t->schema = view_type(r, v, query);
    TRY(check_names(r, t->schema, err));
    t->view_columns = (StrList){ 0 };
    for (size_t i = 0; i < query->nfields; i++)
        vec_push(r->arena, &t->view_columns, query->fields[i].name);
    t->view_text = v->text;
    t->view_database = command_database(r);
    t->view_schema_mode = mode_of(r, v->schema_mode, v->columns.len > 0);
    command_keep_conf(r, &t->view_conf);
    if (collation_default_of(v->input))
        vec_push(r->arena, &t->view_conf, (KeyValue){ VIEW_COLLATION, collation_default_of(v->input) });
    return ST_OK;
}

static Status persistent_view(Run *r, const CreateView *v, Error *err)
{
    CatalogTable t = { .comment = v->comment, .properties = v->properties, .owner = r->session->user };
    if (v->schema_mode && *v->schema_mode && !command_flag(r, "spark.sql.legacy.viewSchemaBindingMode"))
        return command_fail(err, "FEATURE_NOT_ENABLED", "featureName", "VIEW ... WITH SCHEMA ...", "configKey",
                            "spark.sql.legacy.viewSchemaBindingMode", "configValue", "true", NULL);
    TRY(command_new_name(r, &v->name, &t.database, &t.name, err));
    t.database = lower_text(r->arena, t.database);
    t.name = lower_text(r->arena, t.name);
    if (!v->text)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1280", NULL);
    CatalogTable old;
    Error missing = ERROR_INIT;
    bool exists = catalog_table(driver_catalog(r->driver), r->arena, t.database, t.name, &old, &missing) == ST_OK;
    if (exists && v->if_not_exists)
        return ST_OK;
    TRY(view_of(r, v, &t, err));
    if (exists && old.kind != CATALOG_VIEW)
        return v->replace ? command_fail(err, "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", "tableName", catalog_table_id(r->arena, &old),
                                         "operation", "CREATE OR REPLACE VIEW", NULL)
                          : catalog_create_table(driver_catalog(r->driver), &t, false, err);
    return catalog_create_table(driver_catalog(r->driver), &t, v->replace, err);
}

Status command_create_view(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateView *v = node_as(CreateView, command);
    *ret_rows = command_nothing(r);
    return v->temporary || v->global ? temporary_view(r, v, err) : persistent_view(r, v, err);
}

/* ---- use */

const char *command_view_mode(Run *r, const CatalogTable *t)
{
    return command_flag(r, "spark.sql.legacy.viewSchemaBindingMode") ? t->view_schema_mode : NULL;
}

/* The view's text is not the query's: errors do not point into it. */
static bool forget_position(const Node *n, void *arg)
{
    (void)arg;
    Node *own = (Node *)(uintptr_t)n; /* just parsed */
    own->start = own->stop = -1;
    return true;
}

Status command_view_plan(Run *r, Arena *a, const CatalogTable *t, Node **ret_plan, Error *err)
{
    Node *query;
    const char *outer = r->query;
    bool scoped = t->view_conf.len && !command_flag(r, "spark.sql.legacy.useCurrentConfigsForView");
    const KeyValueList *before = scoped ? run_conf_scope(r, &t->view_conf) : NULL;
    Status status = run_parse(r, t->view_text, &query, err);
    r->query = outer;
    if (scoped)
        run_conf_scope(r, before);
    TRY(status);
    node_walk(query, forget_position, NULL);
    if (pairs_get(&t->view_conf, VIEW_COLLATION))
        query = collation_default(a, query, pairs_get(&t->view_conf, VIEW_COLLATION));
    if (scoped)
        query = node_new(a, ConfScope, .input = query, .conf = t->view_conf);
    const char *mode = command_view_mode(r, t);
    bool as_made = t->schema && t->view_columns.len == t->schema->nfields && !str_eq(mode, "EVOLUTION");
    *ret_plan = !as_made ? query : node_new(a, ViewColumns, .input = query, .names = t->view_columns, .schema = t->schema, .mode = mode ? mode : "COMPENSATION",
                                            .view = arena_printf(a, CATALOG_NAME ".%s.%s", t->database, t->name), .text = t->view_text);
    return ST_OK;
}

/* ---- ALTER VIEW */

Status command_alter_view(Run *r, const AlterObject *x, Error *err)
{
    Target t;
    const char *operation = arena_printf(r->arena, "ALTER VIEW ... %s", x->action);
    TRY(command_target_any(r, &x->name, &t, err));
    if (t.kind == TARGET_TABLE)
        return command_fail(err, "EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE", "tableName", catalog_table_id(r->arena, &t.table),
                            "operation", operation, NULL);
    if (str_eq(x->action, "AS")) {
        CreateView v = { .node = x->node, .name = x->name, .input = x->input, .text = x->arguments.at[0], .replace = true,
                         .temporary = t.kind == TARGET_TEMP_VIEW, .global = t.kind == TARGET_GLOBAL_VIEW };
        v.node.kind = NODE_CreateView;
        const char *collation = t.kind == TARGET_VIEW ? pairs_get(&t.table.view_conf, VIEW_COLLATION) : collation_default_of(t.plan);
        if (collation)
            v.input = collation_default(r->arena, x->input, collation);
        if (t.kind != TARGET_VIEW)
            return temporary_view(r, &v, err);
        v.schema_mode = t.table.view_schema_mode;
        TRY(view_of(r, &v, &t.table, err));
        return catalog_alter_table(driver_catalog(r->driver), &t.table, err);
    }
    if (t.kind != TARGET_VIEW)
        return command_fail(err, "EXPECT_PERMANENT_VIEW_NOT_TEMP", "viewName", catalog_quoted(r->arena, &x->name), "operation",
                            operation, NULL);
    for (size_t i = 0; i < x->properties.len; i++)
        pairs_set(r->arena, &t.table.properties, x->properties.at[i].key,
                  str_eq(x->action, "SET TBLPROPERTIES") ? x->properties.at[i].value : NULL);
    if (str_eq(x->action, "WITH SCHEMA"))
        t.table.view_schema_mode = x->arguments.at[0];
    else if (!str_eq(x->action, "SET TBLPROPERTIES") && !str_eq(x->action, "UNSET TBLPROPERTIES"))
        return command_unsupported(operation, err);
    return catalog_alter_table(driver_catalog(r->driver), &t.table, err);
}

/* CACHE TABLE name [AS query] OPTIONS (storageLevel): its rows are computed now unless LAZY. */
static Status cache_table(Run *r, const Cache *c, const Node *bound, Error *err)
{
    StorageLevel level = cache_storage_level(NULL);
    const char *name = pairs_iget(&c->options, "storageLevel");
    if (name)
        TRY(cache_storage_level_named(name, &level, err));
    cache_persist(r, bound, level);
    const Node *used;
    return c->lazy ? ST_OK : cache_use(r, bound, &used, err);
}

/* CACHE, UNCACHE, REFRESH, CLEAR CACHE. */
Status command_cache(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Cache *c = node_as(Cache, command);
    *ret_rows = command_nothing(r);
    if (c->input && c->name.len) {
        if (c->name.len > 1)
            return command_fail(err, "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "actualName", catalog_quoted(r->arena, &c->name), NULL);
        Node *view = node_new(r->arena, CreateView, .name = c->name, .input = c->input, .temporary = true);
        TRY(command_create_view(r, view, ret_rows, err));
    }
    if (str_starts(c->what, "REFRESH") && !str_eq(c->what, "REFRESH FUNCTION"))
        session_refresh(r->session);
    if (str_eq(c->what, "CLEAR"))
        session_unpersist_all(r->session);
    if (!c->name.len || str_eq(c->what, "REFRESH FUNCTION") || str_eq(c->what, "REFRESH PATH"))
        return ST_OK;
    Node *plan, *bound;
    Status status = environment_relation(r, r->arena, &c->name, NULL, &plan, err);
    if (status == ST_NOT_FOUND && c->if_exists)
        return ST_OK;
    TRY(status);
    if (str_starts(c->what, "REFRESH"))
        return ST_OK;
    TRY(run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = c->name), &bound, err));
    if (str_eq(c->what, "CACHE"))
        return cache_table(r, c, bound, err);
    cache_persist(r, bound, (StorageLevel){ 0 });
    return ST_OK;
}
