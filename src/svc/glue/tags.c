/* svc/glue/tags.c -- tags of any resource, by ARN. */
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

enum { TAGS_MAX = 50 };

Status tags_set(Db *db, const char *arn, const Val *tags, Error *err)
{
    int64_t count = 0;
    for (size_t i = 0; i < val_len(tags); i++)
        TRY(db_exec(db, err, "INSERT INTO glue_tag(arn, key, value) VALUES(?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value", "sss",
                    arn, tags->names[i], tags->items[i]->s));
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM glue_tag WHERE arn=?", "s", arn));
    if (count > TAGS_MAX)
        return glue_invalid(err, "New Tags cannot be empty or more than 50");
    return ST_OK;
}

Status tags_drop(Db *db, const char *arn, Error *err)
{
    return db_exec(db, err, "DELETE FROM glue_tag WHERE arn=?", "s", arn);
}

Status tags_get(Db *db, Arena *a, const char *arn, Val **ret_tags, Error *err)
{
    Val *tags = val_map(a);
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT key, value FROM glue_tag WHERE arn=? ORDER BY key", "s", arn));
    while (row_next(row))
        val_set_str(a, tags, arena_str(a, row_str(row, 0)), row_str(row, 1));
    *ret_tags = tags;
    return row_status(row, err);
}

Status glue_tag_resource(Call *call, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(tags_set(db, val_str(call->input, "ResourceArn"), val_get(call->input, "TagsToAdd"), err));
    return db_commit(db, err);
}

Status glue_untag_resource(Call *call, Error *err)
{
    db_auto *db = NULL;
    const Val *keys = val_get(call->input, "TagsToRemove");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    for (size_t i = 0; i < val_len(keys); i++)
        TRY(db_exec(db, err, "DELETE FROM glue_tag WHERE arn=? AND key=?", "ss", val_str(call->input, "ResourceArn"), val_at(keys, i)->s));
    return db_commit(db, err);
}

Status glue_get_tags(Call *call, Error *err)
{
    Val *tags = NULL;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(tags_get(db, call->arena, val_str(call->input, "ResourceArn"), &tags, err));
    val_set(call->arena, call->output, "Tags", tags);
    return ST_OK;
}
