/* api/inner.c -- weir's own endpoints that belong to no service: health, and forgetting everything (tests only). */
#include "api/operations.h"
#include "base/str.h"
#include "lake/objects.h"

#include "weir_config.h"

Status api_health(Call *call, Error *err);
Status api_reset(Call *call, Error *err);

static void answer(Call *call, const char *type, const char *text)
{
    call->response->body = text;
    call->response->body_len = strlen(text);
    http_add_header(call->request, call->response, "Content-Type", type);
}

/* Healthy: the store answers. */
Status api_health(Call *call, Error *err)
{
    int64_t one;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_get_int(db, &one, err, "SELECT 1", ""));
    answer(call, "application/json", "{\"status\":\"ok\",\"version\":\"" WEIR_VERSION "\"}\n");
    return ST_OK;
}

static Status texts(Db *db, Arena *a, const char *sql, StrList *ret_names, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, sql, ""));
    while (row_next(row))
        vec_push(a, ret_names, row_str_in(row, a, 0));
    return row_status(row, err);
}

/* moto's server has this endpoint; its test-suite calls it between tests. */
Status api_reset(Call *call, Error *err)
{
#define RESET(function)                          \
    {                                            \
        Status function(Server *, Error *);      \
        TRY(function(call->server, err));        \
    }
#include "api/reset.def"
#undef RESET
    StrList names = { 0 }, files = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(texts(db, call->arena,
              "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND "
              "name<>'schema_migration'",
              &names, err));
    TRY(db_begin(db, err));
    TRY(texts(db, call->arena, "SELECT file FROM s3_object WHERE file IS NOT NULL UNION SELECT file FROM s3_part", &files, err));
    TRY(db_exec(db, err, "PRAGMA defer_foreign_keys=ON", ""));
    for (size_t i = 0; i < names.len; i++)
        TRY(db_exec(db, err, arena_printf(call->arena, "DELETE FROM \"%s\"", names.at[i]), ""));
    TRY(db_commit(db, err));
    for (size_t i = 0; i < files.len; i++)
        objects_settle(call->server->objects, files.at[i]); /* no row has them any more */
    answer(call, "application/json", "{\"status\":\"ok\"}");
    return ST_OK;
}
