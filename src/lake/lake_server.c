/* lake/lake_server.c -- the lake of a running `weir serve`: POST /_weir/lake/… with JSON, signed with the step's credentials.
 *
 * A server that is being started again is waited for: every request here may be sent twice (a commit is known by its stage),
 * so each is repeated until RETRY_MS are over. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"
#include "os/client.h"
#include "os/sigv4.h"
#include "wire/val.h"

#include <time.h>

enum { RETRY_MS = 60 * 1000, RETRY_FIRST_MS = 50, RETRY_MOST_MS = 2000 };

/* --- one exchange --- */

static const char *host_of(Arena *a, const char *endpoint)
{
    const char *start = strstr(endpoint, "://");
    start = start ? start + 3 : endpoint;
    return arena_strn(a, start, strcspn(start, "/"));
}

static Status send_once(Lake *lake, Arena *a, const char *method, const char *service, const char *path, const void *body,
                        size_t length, ClientAnswer *ret_answer, Error *err)
{
    const LakeCredentials *c = &lake->credentials;
    char hash[SHA256_HEX_BYTES];
    sha256_hex(body, length, hash);
    HttpPairs headers = { 0 };
    vec_push(a, &headers, (HttpPair){ "Host", host_of(a, c->endpoint) });
    SigV4Identity identity = { c->access_key, c->secret_key, c->session_token, c->region, service };
    sigv4_sign(a, &identity, clock_ms(), method, path, "", hash, &headers);
    size_t n = strlen(c->endpoint);
    ClientRequest request = { .method = method, .headers = headers, .body = body, .body_len = length,
                              .url = arena_printf(a, "%.*s%s", (int)(n && c->endpoint[n - 1] == '/' ? n - 1 : n), c->endpoint, path),
                              .max_body_bytes = LIMIT_PLAN_MESSAGE };
    return client_send(a, &request, ret_answer, NULL, err);
}

static Status send_patiently(Lake *lake, Arena *a, const char *method, const char *service, const char *path, const void *body,
                             size_t length, ClientAnswer *ret_answer, Error *err)
{
    int64_t until_ms = clock_monotonic_ms() + RETRY_MS;
    for (int64_t wait_ms = RETRY_FIRST_MS;; wait_ms = wait_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : wait_ms * 2) {
        Error error = ERROR_INIT;
        Status status = send_once(lake, a, method, service, path, body, length, ret_answer, &error);
        bool again = status == ST_IO || (status == ST_OK && ret_answer->status == 503);
        if (!again || clock_monotonic_ms() + wait_ms > until_ms) {
            if (status != ST_OK && err)
                *err = error;
            return status;
        }
        nanosleep(&(struct timespec){ wait_ms / 1000, wait_ms % 1000 * 1000000 }, NULL);
    }
}

/* --- JSON --- */

static Status fail_answer(const ClientAnswer *answer, const Val *body, Error *err)
{
    const char *code = val_str(body, "code"), *message = val_str(body, "message"), *name = val_str(body, "status");
    Status status = ST_IO;
    for (Status s = ST_INVALID; name && s <= ST_INTERNAL; s++) {
        if (str_eq(status_name(s), name))
            status = s;
    }
    if (!message)
        return FAIL(err, ST_IO, "the server answered with status %d", answer->status);
    error_set_code(err, status, code ? code : "", "%s", message);
    if (err)
        err->http = answer->status;
    return status;
}

static Status ask(Lake *lake, Arena *a, const char *route, const Val *request, Val **ret_answer, Error *err)
{
    ClientAnswer answer = { 0 };
    Val *body = NULL;
    const char *text = val_to_json(a, request);
    TRY(send_patiently(lake, a, "POST", "weir", arena_printf(a, "/_weir/lake/%s", route), text, strlen(text), &answer, err));
    bool read = val_from_json(a, answer.body, answer.body_len, &body);
    if (answer.status != 200 || !read)
        return fail_answer(&answer, read ? body : NULL, err);
    *ret_answer = body;
    return ST_OK;
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

/* One object by S3's own PUT. */
static Status server_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *key = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &key, err));
    str_auto path = STR_INIT(SIZE_MAX);
    str_addf(&path, "/%s/", bucket);
    uri_encode(&path, key, strlen(key), true);
    ClientAnswer answer = { 0 };
    TRY(send_patiently(lake, a, "PUT", "s3", str_text(&path), length ? bytes : "", length, &answer, err));
    if (answer.status == 200)
        return ST_OK;
    const char *code = strstr(answer.body, "<Code>");
    code = code ? arena_strn(a, code + 6, strcspn(code + 6, "<")) : "";
    return FAIL_CODE(err, answer.status == 403 ? ST_DENIED : answer.status == 404 ? ST_NOT_FOUND : ST_IO, code,
                     "put '%s': the server answered with status %d %s", uri, answer.status, code);
}

static const LakeStore lake_store_server = {
    server_list, server_exists, server_stage, server_commit, server_abort, server_remove, server_put,
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
