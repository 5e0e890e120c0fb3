/* driver/command_view.c -- temporary, global and persistent views; CACHE and UNCACHE. Source: CreateViewCommand. */
#include "driver/command.h"

#include "driver/catalog.h"
#include "driver/keep.h"

static Status view_exists(Run *r, const StrList *name, Error *err)
{
    const char *quoted = catalog_quoted(r->arena, name);
    FAIL_CODE(err, ST_CONFLICT, "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
              "Cannot create the temporary view %s because it already exists.\nChoose a different name, drop or replace the existing "
              "view.", quoted);
    memcpy(err->sqlstate, "42P07", 6);
    error_param(err, "relationName", quoted);
    return ST_CONFLICT;
}

/* The view's query with the names that the statement gives to its columns. */
static Node *named(Run *r, const CreateView *v)
{
    return v->columns.len ? node_new(r->arena, ToDF, .input = v->input, .names = v->columns) : v->input;
}

static Status temporary_view(Run *r, const CreateView *v, Error *err)
{
    const char *name = v->name.at[v->name.len - 1];
    Node *bound;
    TRY(run_bind_node(r, named(r, v), &bound, err)); /* a view that cannot be is refused now */
    KeptPlan *plan = keep_plan(named(r, v));
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
    return v->if_not_exists ? ST_OK : view_exists(r, &v->name, err);
}

static Status persistent_view(Run *r, const CreateView *v, Error *err)
{
    Node *bound;
    const char *database, *name;
    TRY(environment_table_name(r, &v->name, &database, &name, err));
    TRY(run_bind_node(r, named(r, v), &bound, err));
    if (!v->text || v->columns.len)
        return command_unsupported("a persistent view with column names", err);
    CatalogTable existing;
    Error missing = ERROR_INIT;
    bool exists = catalog_table(driver_catalog(r->driver), r->arena, database, name, &existing, &missing) == ST_OK;
    if (exists && v->if_not_exists)
        return ST_OK;
    CatalogTable t = { .database = database, .name = name, .kind = CATALOG_VIEW, .view_text = v->text, .view_database = database,
                       .schema = bind_schema_type(r->arena, bound), .comment = v->comment, .properties = v->properties,
                       .owner = r->session->user };
    return catalog_create_table(driver_catalog(r->driver), &t, v->replace, err);
}

Status command_create_view(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateView *v = node_as(CreateView, command);
    *ret_rows = command_nothing(r);
    return v->temporary || v->global ? temporary_view(r, v, err) : persistent_view(r, v, err);
}

/* CACHE TABLE name [AS query], UNCACHE, REFRESH, CLEAR: results do not depend on a cache; names are checked. */
Status command_cache(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Cache *c = node_as(Cache, command);
    *ret_rows = command_nothing(r);
    if (c->input && c->name.len) {
        Node *view = node_new(r->arena, CreateView, .name = c->name, .input = c->input, .temporary = true, .replace = true);
        return command_create_view(r, view, ret_rows, err);
    }
    if (!c->name.len)
        return ST_OK;
    Node *plan;
    Status status = environment_relation(r, r->arena, &c->name, NULL, &plan, err);
    return status == ST_NOT_FOUND && c->if_exists ? ST_OK : status;
}
