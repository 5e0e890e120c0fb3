/* lake/lake_server.c -- the lake of a running `weir serve`: POST /_weir/lake/… with JSON, signed with the step's credentials.
 *
 * A server that is being started again is waited for: every request here may be sent twice (a commit is known by its stage),
 * so each is repeated, see server_ask.h. */
#include "base/str.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"
#include "lake/server_ask.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { SEND_PIECE_BYTES = 4 * 1024 * 1024 };

static Status ask(Lake *lake, Arena *a, const char *route, const Val *request, Val **ret_answer, Error *err)
{
    return server_ask(&lake->credentials, a, arena_printf(a, "/_weir/lake/%s", route), true, request, ret_answer, err);
}

static Val *request_uri(Arena *a, const char *uri)
{
    Val *request = val_map(a);
    val_set_str(a, request, "uri", uri);
    return request;
}

/* --- the functions --- */

static Status server_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err)
{
    Val *answer = NULL;
    TRY(ask(lake, a, "list", request_uri(a, uri), &answer, err));
    const Val *list = val_get(answer, "files");
    LakeFileList files = { 0 };
    for (size_t i = 0; i < val_len(list); i++) {
        const Val *item = val_at(list, i);
        LakeFile file = { val_str(item, "uri"), val_str(item, "path"), val_str(item, "etag"), val_int(item, "size_bytes", 0),
                          val_int(item, "modified_ms", 0) };
        if (!file.uri || !file.path)
            return FAIL(err, ST_IO, "the server's list of '%s' has an item without a path", uri);
        vec_push(a, &files, file);
    }
    *ret_files = files;
    return ST_OK;
}

static Status server_exists(Lake *lake, const char *uri, bool *ret_exists, Error *err)
{
    arena_auto *a = arena_new();
    Val *answer = NULL;
    TRY(ask(lake, a, "exists", request_uri(a, uri), &answer, err));
    *ret_exists = val_bool(answer, "exists", false);
    return ST_OK;
}

static Status server_stage(Lake *lake, Arena *a, const char *target_uri, const char **ret_id, const char **ret_folder, Error *err)
{
    Val *answer = NULL, *request = val_map(a);
    val_set_str(a, request, "target", target_uri);
    val_set_str(a, request, "run", lake->options.run);
    TRY(ask(lake, a, "stage", request, &answer, err));
    if (!val_str(answer, "id") || !val_str(answer, "folder"))
        return FAIL(err, ST_IO, "the server gave no stage for '%s'", target_uri);
    *ret_id = val_str(answer, "id");
    *ret_folder = val_str(answer, "folder");
    return ST_OK;
}

static Status server_commit(Lake *lake, const LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                            Error *err)
{
    arena_auto *a = arena_new();
    Val *answer = NULL, *request = val_map(a), *list = val_list(a);
    for (size_t i = 0; i < outputs->len; i++) {
        Val *item = val_map(a);
        val_set_str(a, item, "name", outputs->at[i].name);
        val_set_int(a, item, "rows", outputs->at[i].rows);
        val_push(a, list, item);
    }
    val_set_str(a, request, "id", stage->id);
    val_set_str(a, request, "how", lake_commit_name(how));
    val_set_bool(a, request, "success_marker", success_marker);
    val_set(a, request, "outputs", list);
    Error error = ERROR_INIT;
    Status status = ask(lake, a, "commit", request, &answer, &error);
    if (status == ST_CONFLICT && str_eq(error.code, "PATH_ALREADY_EXISTS"))
        return lake_fail_exists(err, stage->target);
    if (status != ST_OK && err)
        *err = error;
    return status;
}

static Status server_abort(Lake *lake, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    Val *answer = NULL, *request = val_map(a);
    val_set_str(a, request, "id", id);
    return ask(lake, a, "abort", request, &answer, err);
}

static Status server_remove(Lake *lake, const char *uri, Error *err)
{
    arena_auto *a = arena_new();
    Val *answer = NULL;
    return ask(lake, a, "remove", request_uri(a, uri), &answer, err);
}

static Status ensure_bucket(Lake *lake, Arena *a, const char *scheme, Error *err)
{
    if (!str_eq(scheme, "hdfs"))
        return ST_OK;
    ClientAnswer answer = { 0 };
    ServerRequest request = { .method = "PUT", .service = "s3", .path = "/" LAKE_HDFS_BUCKET, .body = "", .repeatable = true };
    return server_send(&lake->credentials, a, &request, &answer, err); /* 409: it is there */
}

/* One object by S3's own PUT. */
static Status server_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *key = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &key, err));
    TRY(ensure_bucket(lake, a, scheme, err));
    str_auto path = STR_INIT(SIZE_MAX);
    str_addf(&path, "/%s/", bucket);
    uri_encode(&path, key, strlen(key), true);
    ClientAnswer answer = { 0 };
    ServerRequest request = { .method = "PUT", .service = "s3", .path = str_text(&path), .body = length ? bytes : "", .length = length,
                              .repeatable = true };
    TRY(server_send(&lake->credentials, a, &request, &answer, err));
    if (answer.status == 200)
        return ST_OK;
    const char *code = strstr(answer.body, "<Code>");
    code = code ? arena_strn(a, code + 6, strcspn(code + 6, "<")) : "";
    return FAIL_CODE(err, answer.status == 403 ? ST_DENIED : answer.status == 404 ? ST_NOT_FOUND : ST_IO, code,
                     "put '%s': the server answered with status %d %s", uri, answer.status, code);
}

static Status server_entries(Lake *lake, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err)
{
    Val *answer = NULL, *request = request_uri(a, uri);
    val_set_bool(a, request, "itself", itself);
    TRY(ask(lake, a, "entries", request, &answer, err));
    const Val *list = val_get(answer, "entries");
    LakeEntryList entries = { 0 };
    for (size_t i = 0; i < val_len(list); i++) {
        const Val *item = val_at(list, i);
        LakeEntry entry = { .file = { val_str(item, "uri"), val_str(item, "path"), val_str(item, "etag"),
                                      val_int(item, "size_bytes", 0), val_int(item, "modified_ms", 0) },
                            .name = val_str(item, "name"), .folder = val_bool(item, "folder", false) };
        vec_push(a, &entries, entry);
    }
    *ret_entries = entries;
    return ST_OK;
}

/* A move that is repeated finds nothing under its old name: it is asked once. */
static Status server_link(Lake *lake, const char *from, const char *to, bool move, Error *err)
{
    arena_auto *a = arena_new();
    Val *answer = NULL, *request = val_map(a);
    val_set_str(a, request, "from", from);
    val_set_str(a, request, "to", to);
    val_set_bool(a, request, "move", move);
    return server_ask(&lake->credentials, a, "/_weir/lake/link", false, request, &answer, err);
}

static Status send_piece(Lake *lake, const char *id, const char *name, int64_t offset, const void *bytes, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    str_auto query = STR_INIT(8192);
    str_addf(&query, "id=%s&name=", id);
    uri_encode(&query, name, strlen(name), false);
    str_addf(&query, "&offset=%lld", (long long)offset);
    ClientAnswer answer = { 0 };
    ServerRequest request = { .method = "POST", .service = "weir", .path = "/_weir/lake/send", .query = str_text(&query),
                              .body = length ? bytes : "", .length = length, .repeatable = true };
    TRY(server_send(&lake->credentials, a, &request, &answer, err));
    return answer.status == 200 ? ST_OK : FAIL(err, ST_IO, "send the output '%s': the server answered with status %d: %.500s", name,
                                               answer.status, answer.body);
}

static Status server_send_file(Lake *lake, const char *id, const char *path, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *piece = arena_alloc(a, SEND_PIECE_BYTES);
    for (int64_t offset = 0;;) {
        ssize_t n = fd < 0 ? -1 : pread(fd, piece, SEND_PIECE_BYTES, offset);
        if (n < 0)
            return FAIL(err, ST_IO, "read the output '%s': %s", path, strerror(errno));
        if (n > 0 || offset == 0)
            TRY(send_piece(lake, id, name, offset, piece, (size_t)n, err));
        if (n == 0)
            return ST_OK;
        offset += n;
    }
}

static Status server_range(Lake *lake, Arena *a, const LakeFile *file, int64_t offset, size_t length, char **ret_bytes, size_t *ret_read,
                           Error *err)
{
    const char *scheme = NULL, *bucket = NULL, *key = NULL;
    TRY(lake_uri_parse(a, file->uri, &scheme, &bucket, &key, err));
    str_auto path = STR_INIT(SIZE_MAX);
    str_addf(&path, "/%s/", bucket);
    uri_encode(&path, key, strlen(key), true);
    ServerRequest request = { .method = "GET", .service = "s3", .path = str_text(&path), .repeatable = true };
    vec_push(a, &request.headers, (HttpPair){ "If-Match", arena_printf(a, "\"%s\"", file->etag) });
    vec_push(a, &request.headers, (HttpPair){ "Range", arena_printf(a, "bytes=%lld-%lld", (long long)offset,
                                                                    (long long)offset + (long long)length - 1) });
    ClientAnswer answer = { 0 };
    TRY(server_send(&lake->credentials, a, &request, &answer, err));
    if (answer.status == 412 || answer.status == 404)
        return FAIL_CODE(err, ST_CONFLICT, "PreconditionFailed", "'%s' was replaced while it was read", file->uri);
    if (answer.status != 206 && answer.status != 200)
        return FAIL(err, answer.status == 403 ? ST_DENIED : ST_IO, "read '%s': the server answered with status %d", file->uri, answer.status);
    *ret_bytes = answer.body;
    *ret_read = answer.body_len;
    return ST_OK;
}

static const LakeStore lake_store_server = {
    server_list, server_exists, server_stage,   server_commit, server_abort,     server_remove,
    server_put,  server_entries, server_link, server_send_file, server_range,
};

Status lake_open_server(const LakeCredentials *credentials, const LakeOptions *options, Lake **ret_lake, Error *err)
{
    if (!credentials->endpoint || !credentials->access_key || !credentials->secret_key)
        return FAIL(err, ST_INVALID, "the lake's server needs an endpoint, an access key and a secret key");
    Lake *lake = lake_new(options);
    Arena *a = lake->arena;
    lake->store = &lake_store_server;
    lake->credentials = (LakeCredentials){
        arena_str(a, credentials->endpoint), arena_str(a, credentials->region ? credentials->region : "us-east-1"),
        arena_str(a, credentials->access_key), arena_str(a, credentials->secret_key), arena_str(a, credentials->session_token),
    };
    *ret_lake = lake;
    return ST_OK;
}
