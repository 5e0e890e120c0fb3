/* svc/s3/lake_routes.c -- POST /_weir/lake/…: the lake for drivers and shims of this host (lake/lake_server.c asks).
 *
 * JSON in, JSON out; members are those of lake.h's structures. list {uri} → {files}; exists {uri} → {exists};
 * stage {target, run} → {id, folder}; commit {id, how, success_marker, outputs: [{name, rows}]} → {}; abort {id} → {};
 * remove {uri} → {}; entries {uri, itself} → {entries}; link {from, to, move} → {}; send?id&name&offset: the body → {}. */
#include "lake/lake_objects.h"
#include "svc/s3/operations.h"

#include "base/str.h"

static Status request_read(Call *call, Val **ret_request, Error *err)
{
    if (!call->request->body || !val_from_json(call->arena, call->request->body, call->request->body_len, ret_request))
        return FAIL_CODE(err, ST_INVALID, "MalformedJson", "the body is not JSON");
    return ST_OK;
}

/* A text that must be there. */
static Status request_text(const Val *request, const char *name, const char **ret_text, Error *err)
{
    const char *text = val_str(request, name);
    if (!text)
        return FAIL_CODE(err, ST_INVALID, "MissingMember", "the request has no '%s'", name);
    *ret_text = text;
    return ST_OK;
}

static Status answer(Call *call, const Val *body)
{
    call->response->body = val_to_json(call->arena, body);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}

Status s3_lake_list(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *request = NULL;
    const char *uri = NULL;
    LakeFileList files;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "uri", &uri, err));
    TRY(lake_objects_list(call->server->objects, a, uri, SIZE_MAX, &files, err));
    Val *body = val_map(a), *list = val_list(a);
    for (size_t i = 0; i < files.len; i++) {
        Val *item = val_map(a);
        val_set_str(a, item, "uri", files.at[i].uri);
        val_set_str(a, item, "path", files.at[i].path);
        val_set_str(a, item, "etag", files.at[i].etag);
        val_set_int(a, item, "size_bytes", files.at[i].size_bytes);
        val_set_int(a, item, "modified_ms", files.at[i].modified_ms);
        val_push(a, list, item);
    }
    val_set(a, body, "files", list);
    return answer(call, body);
}

Status s3_lake_exists(Call *call, Error *err)
{
    Val *request = NULL, *body = val_map(call->arena);
    const char *uri = NULL;
    bool exists;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "uri", &uri, err));
    TRY(lake_objects_exists(call->server->objects, uri, &exists, err));
    val_set_bool(call->arena, body, "exists", exists);
    return answer(call, body);
}

Status s3_lake_stage(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *request = NULL, *body = val_map(a);
    const char *target = NULL, *id, *folder;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "target", &target, err));
    const char *run = call->principal->run ? call->principal->run : val_str(request, "run");
    TRY(lake_objects_stage(call->server->objects, a, target, call->principal->arn, run, &id, &folder, err));
    val_set_str(a, body, "id", id);
    val_set_str(a, body, "folder", folder);
    return answer(call, body);
}

Status s3_lake_commit(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *request = NULL;
    const char *id = NULL, *how_name = NULL;
    LakeCommit how;
    LakeOutputList outputs = { 0 };
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "id", &id, err));
    TRY(request_text(request, "how", &how_name, err));
    if (!lake_commit_of_name(how_name, &how))
        return FAIL_CODE(err, ST_INVALID, "InvalidMember", "there is no commit '%s'", how_name);
    const Val *list = val_get(request, "outputs");
    for (size_t i = 0; i < val_len(list); i++) {
        LakeOutput output = { NULL, val_int(val_at(list, i), "rows", -1) };
        TRY(request_text(val_at(list, i), "name", &output.name, err));
        vec_push(a, &outputs, output);
    }
    TRY(lake_objects_commit(call->server->objects, id, how, &outputs, val_bool(request, "success_marker", false), err));
    return answer(call, val_map(a));
}

Status s3_lake_abort(Call *call, Error *err)
{
    Val *request = NULL;
    const char *id = NULL;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "id", &id, err));
    TRY(lake_objects_abort(call->server->objects, id, err));
    return answer(call, val_map(call->arena));
}

Status s3_lake_remove(Call *call, Error *err)
{
    Val *request = NULL;
    const char *uri = NULL;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "uri", &uri, err));
    TRY(lake_objects_remove(call->server->objects, uri, err));
    return answer(call, val_map(call->arena));
}

Status s3_lake_entries(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *request = NULL;
    const char *uri = NULL;
    LakeEntryList entries;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "uri", &uri, err));
    TRY(lake_objects_entries(call->server->objects, a, uri, val_bool(request, "itself", false), &entries, err));
    Val *body = val_map(a), *list = val_list(a);
    for (size_t i = 0; i < entries.len; i++) {
        const LakeFile *file = &entries.at[i].file;
        Val *item = val_map(a);
        val_set_str(a, item, "name", entries.at[i].name);
        val_set_bool(a, item, "folder", entries.at[i].folder);
        val_set_str(a, item, "uri", file->uri);
        val_set_str(a, item, "path", file->path);
        val_set_str(a, item, "etag", file->etag);
        val_set_int(a, item, "size_bytes", file->size_bytes);
        val_set_int(a, item, "modified_ms", file->modified_ms);
        val_push(a, list, item);
    }
    val_set(a, body, "entries", list);
    return answer(call, body);
}

Status s3_lake_link(Call *call, Error *err)
{
    Val *request = NULL;
    const char *from = NULL, *to = NULL;
    TRY(request_read(call, &request, err));
    TRY(request_text(request, "from", &from, err));
    TRY(request_text(request, "to", &to, err));
    const char *run = call->principal->run;
    TRY(lake_objects_link(call->server->objects, from, to, val_bool(request, "move", false), run, err));
    return answer(call, val_map(call->arena));
}

Status s3_lake_send(Call *call, Error *err)
{
    const HttpRequest *r = call->request;
    const char *id = http_query(r, "id"), *name = http_query(r, "name"), *at = http_query(r, "offset");
    int64_t offset = 0;
    if (!id || !name || !at || !str_to_i64(at, &offset) || offset < 0)
        return FAIL_CODE(err, ST_INVALID, "MissingMember", "the request needs id, name and offset");
    TRY(lake_objects_send(call->server->objects, id, name, offset, r->body ? r->body : "", r->body_len, err));
    return answer(call, val_map(call->arena));
}

/* All files, before the tables are emptied: nothing then knows of them. */
Status s3_reset(Server *server, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err,
                "INSERT OR IGNORE INTO s3_garbage(file, since_ms) SELECT file, 0 FROM s3_object WHERE file IS NOT NULL"
                " UNION SELECT file, 0 FROM s3_part", ""));
    TRY(db_exec(db, err, "UPDATE s3_garbage SET since_ms=0", ""));
    TRY(db_exec(db, err, "DELETE FROM s3_upload", ""));
    TRY(db_exec(db, err, "DELETE FROM s3_object", ""));
    TRY(db_commit(db, err));
    return objects_sweep(server->objects, 0, err);
}
