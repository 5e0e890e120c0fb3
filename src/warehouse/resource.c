/* warehouse/resource.c -- see resource.h. */
#include "warehouse/resource.h"

static Status body_of(Arena *a, const char *text, Val **ret_body, Error *err)
{
    return val_from_json(a, text, strlen(text), ret_body) ? ST_OK : FAIL(err, ST_INTERNAL, "a resource's body is no JSON");
}

Status resource_find(Db *db, Arena *a, const char *region, const char *kind, const char *id, Resource *ret_resource, Error *err)
{
    row_auto *row = NULL;
    Resource found = { .id = arena_str(a, id) };
    TRY(db_query(db, &row, err, "SELECT body, created_ms FROM redshift_resource WHERE region=? AND kind=? AND id=?", "sss", region, kind, id));
    if (row_next(row)) {
        TRY(body_of(a, row_str(row, 0), &found.body, err));
        found.created_ms = row_int(row, 1);
    }
    TRY(row_status(row, err));
    *ret_resource = found;
    return ST_OK;
}

Status resource_list(Db *db, Arena *a, const char *region, const char *kind, ResourceList *ret_list, Error *err)
{
    row_auto *row = NULL;
    ResourceList list = { 0 };
    TRY(db_query(db, &row, err, "SELECT id, body, created_ms FROM redshift_resource WHERE region=? AND kind=? ORDER BY seq", "ss", region, kind));
    while (row_next(row)) {
        Resource one = { .id = row_str_in(row, a, 0), .created_ms = row_int(row, 2) };
        TRY(body_of(a, row_str(row, 1), &one.body, err));
        vec_push(a, &list, one);
    }
    TRY(row_status(row, err));
    *ret_list = list;
    return ST_OK;
}

Status resource_insert(Db *db, Arena *a, const char *region, const char *kind, const Resource *resource, Error *err)
{
    return db_exec(db, err, "INSERT INTO redshift_resource(region, kind, id, body, created_ms) VALUES(?,?,?,?,?)", "ssssi", region, kind,
                   resource->id, val_to_json(a, resource->body), resource->created_ms);
}

Status resource_update(Db *db, Arena *a, const char *region, const char *kind, const Resource *resource, Error *err)
{
    return db_exec(db, err, "UPDATE redshift_resource SET body=? WHERE region=? AND kind=? AND id=?", "ssss",
                   val_to_json(a, resource->body), region, kind, resource->id);
}

Status resource_rename(Db *db, const char *region, const char *kind, const char *id, const char *new_id, Error *err)
{
    return db_exec(db, err, "UPDATE redshift_resource SET id=? WHERE region=? AND kind=? AND id=?", "ssss", new_id, region, kind, id);
}

Status resource_delete(Db *db, const char *region, const char *kind, const char *id, bool *ret_deleted, Error *err)
{
    TRY(db_exec(db, err, "DELETE FROM redshift_resource WHERE region=? AND kind=? AND id=?", "sss", region, kind, id));
    if (ret_deleted)
        *ret_deleted = db_changes(db) > 0;
    return ST_OK;
}
