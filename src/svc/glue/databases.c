/* svc/glue/databases.c -- databases and user-defined functions of the catalog. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"
#include "svc/glue/name_pattern.h"

enum { PAGE_DATABASES = 100, PAGE_FUNCTIONS = 100 };

/* --- databases --- */

static Val *database_out(Call *call, const MetaDatabase *db)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, db->input);
    val_set_str(a, out, "Name", db->name);
    val_set_str(a, out, "CatalogId", call->server->account);
    val_set_time(a, out, "CreateTime", db->created_ms);
    return out;
}

Status glue_create_database(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *input = val_get(call->input, "DatabaseInput");
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_create_database(m, input, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tags_set(db, glue_arn(call, "database/%s", glue_lower(call->arena, val_str(input, "Name"))), val_get(call->input, "Tags"), err));
    return db_commit(db, err);
}

Status glue_get_database(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaDatabase db;
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_database(m, call->arena, val_str(call->input, "Name"), &db, err));
    val_set(call->arena, call->output, "Database", database_out(call, &db));
    return ST_OK;
}

Status glue_get_databases(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaDatabaseList all;
    Pager p;
    Val *list = val_list(call->arena);
    TRY(glue_catalog(call, &m, err));
    TRY(pager_begin(call, PAGE_DATABASES, &p, err));
    TRY(metastore_databases(m, call->arena, &all, err));
    for (size_t i = 0; i < all.len; i++)
        if (pager_take(&p, all.at[i].name))
            val_push(call->arena, list, database_out(call, &all.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "DatabaseList", list);
    return ST_OK;
}

Status glue_update_database(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return metastore_update_database(m, val_str(call->input, "Name"), val_get(call->input, "DatabaseInput"), err);
}

Status glue_delete_database(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    db_auto *db = NULL;
    const char *name = val_str(call->input, "Name");
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_drop_database(m, name, err));
    TRY(store_borrow(call->server->store, &db, err));
    return tags_drop(db, glue_arn(call, "database/%s", glue_lower(call->arena, name)), err);
}

/* --- functions --- */

static Val *function_out(Call *call, const MetaFunction *function)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, function->input);
    val_set_str(a, out, "FunctionName", function->name);
    val_set_str(a, out, "DatabaseName", function->database);
    val_set_str(a, out, "CatalogId", call->server->account);
    val_set_time(a, out, "CreateTime", function->created_ms);
    return out;
}

Status glue_create_user_defined_function(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return metastore_create_function(m, val_str(call->input, "DatabaseName"), val_get(call->input, "FunctionInput"), err);
}

Status glue_get_user_defined_function(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaFunction function;
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_function(m, call->arena, val_str(call->input, "DatabaseName"), val_str(call->input, "FunctionName"), &function, err));
    val_set(call->arena, call->output, "UserDefinedFunction", function_out(call, &function));
    return ST_OK;
}

/* Of one database, or of all of them. The key of a page is "database\1function": in order of both. */
Status glue_get_user_defined_functions(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaDatabaseList databases = { 0 };
    const char *in = val_str(call->input, "DatabaseName");
    Val *list = val_list(call->arena);
    Pager p;
    name_pattern_auto *pattern = NULL;
    TRY(glue_catalog(call, &m, err));
    TRY(pager_begin(call, PAGE_FUNCTIONS, &p, err));
    TRY(name_pattern_new(call->arena, val_str(call->input, "Pattern"), &pattern, err));
    if (in)
        vec_push(call->arena, &databases, (MetaDatabase){ .name = in });
    else
        TRY(metastore_databases(m, call->arena, &databases, err));
    for (size_t i = 0; i < databases.len; i++) {
        MetaFunctionList all;
        TRY(metastore_functions(m, call->arena, databases.at[i].name, &all, err));
        for (size_t j = 0; j < all.len; j++)
            if (name_pattern_matches(pattern, all.at[j].name) &&
                pager_take(&p, arena_printf(call->arena, "%s\1%s", databases.at[i].name, all.at[j].name)))
                val_push(call->arena, list, function_out(call, &all.at[j]));
    }
    pager_end(call, &p);
    val_set(call->arena, call->output, "UserDefinedFunctions", list);
    return ST_OK;
}

Status glue_update_user_defined_function(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return metastore_update_function(m, val_str(call->input, "DatabaseName"), val_str(call->input, "FunctionName"),
                                     val_get(call->input, "FunctionInput"), err);
}

Status glue_delete_user_defined_function(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return metastore_drop_function(m, val_str(call->input, "DatabaseName"), val_str(call->input, "FunctionName"), err);
}
