/* svc/s3/object_delete.c -- DeleteObject, DeleteObjects, and the tags of objects. */
#include "svc/s3/s3.h"

#include "base/str.h"

enum { DELETE_MAX = 1000 };

static Status deletion_refused(const Val *item, Error *err)
{
    if (val_get(item, "IfMatchLastModifiedTime") || val_get(item, "IfMatchSize") || val_get(item, "LastModifiedTime") ||
        val_get(item, "Size"))
        return s3_unsupported(err, "x-amz-if-match-last-modified-time and x-amz-if-match-size (directory buckets)");
    return ST_OK;
}

Status s3_delete_object(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    TRY(deletion_refused(call->input, err));
    ObjectDelete key = { s3_key(call), val_str(call->input, "VersionId"),
                         s3_unquoted(call->arena, val_str(call->input, "IfMatch")) };
    ObjectDeleted deleted;
    TRY(object_delete(call->server->objects, call->arena, s3_bucket(call), &key, 1, &deleted, err));
    if (deleted.status != ST_OK)
        return object_fail(err, deleted.status, deleted.http, deleted.error_code, "%s", deleted.error_message);
    if (deleted.delete_marker)
        val_set_bool(call->arena, call->output, "DeleteMarker", true);
    val_set_str(call->arena, call->output, "VersionId", deleted.version_id);
    return ST_OK;
}

static Val *deleted_item(Arena *a, const ObjectDelete *key, const ObjectDeleted *deleted)
{
    Val *item = val_map(a);
    val_set_str(a, item, "Key", key->key);
    val_set_str(a, item, "VersionId", key->version_id);
    if (deleted->status != ST_OK) {
        val_set_str(a, item, "Code", deleted->error_code);
        val_set_str(a, item, "Message", deleted->error_message);
    } else if (deleted->delete_marker) {
        val_set_bool(a, item, "DeleteMarker", true);
        val_set_str(a, item, "DeleteMarkerVersionId", deleted->version_id);
    }
    return item;
}

Status s3_delete_objects(Call *call, Error *err)
{
    Arena *a = call->arena;
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    const Val *request = val_get(call->input, "Delete"), *objects = val_get(request, "Objects");
    size_t count = val_len(objects);
    if (!count || count > DELETE_MAX)
        return s3_malformed(err);
    ObjectDelete *keys = ARENA_ARRAY(a, ObjectDelete, count);
    ObjectDeleted *deleted = ARENA_ARRAY(a, ObjectDeleted, count);
    for (size_t i = 0; i < count; i++) {
        const Val *item = val_at(objects, i);
        TRY(deletion_refused(item, err));
        if (!val_str(item, "Key"))
            return s3_malformed(err);
        keys[i] = (ObjectDelete){ val_str(item, "Key"), val_str(item, "VersionId"), s3_unquoted(a, val_str(item, "ETag")) };
    }
    TRY(object_delete(call->server->objects, a, s3_bucket(call), keys, count, deleted, err));
    Val *done = val_list(a), *errors = val_list(a);
    bool quiet = val_bool(request, "Quiet", false);
    for (size_t i = 0; i < count; i++) {
        if (deleted[i].status != ST_OK)
            val_push(a, errors, deleted_item(a, &keys[i], &deleted[i]));
        else if (!quiet)
            val_push(a, done, deleted_item(a, &keys[i], &deleted[i]));
    }
    val_set(a, call->output, "Deleted", done);
    val_set(a, call->output, "Errors", errors);
    return ST_OK;
}

/* --- tags of objects --- */

static Status tags_write(Call *call, const char *json, Error *err)
{
    Object object;
    const char *version = val_str(call->input, "VersionId");
    TRY(object_set_tags(call->server->objects, s3_bucket(call), s3_key(call), version, json, err));
    TRY(object_get(call->server->objects, call->arena, s3_bucket(call), s3_key(call), version, &object, err));
    return s3_show_version(call, &object, err);
}

Status s3_put_object_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    TRY(s3_body_check(call, err));
    char *json;
    TRY(s3_tags_of_set(call, val_get(val_get(call->input, "Tagging"), "TagSet"), 10, &json, err));
    return tags_write(call, json, err);
}

Status s3_delete_object_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    return tags_write(call, NULL, err);
}

Status s3_get_object_tagging(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Object object;
    TRY(object_get(call->server->objects, call->arena, s3_bucket(call), s3_key(call), val_str(call->input, "VersionId"), &object,
                   err));
    val_set(call->arena, call->output, "TagSet", s3_tags_show(call->arena, object.tags));
    return s3_show_version(call, &object, err);
}
