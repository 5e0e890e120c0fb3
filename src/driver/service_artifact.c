/* driver/service_artifact.c -- AddArtifacts and ArtifactStatus: files that a client gives its session (py files, archives,
 * cached local relations), under the session's artifact folder by their names. An artifact appears whole or not at all.
 * Source: SparkConnectAddArtifactsHandler, ArtifactManager. */
#include "base/file.h"
#include "base/limits.h"
#include "driver/service.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

typedef Spark__Connect__AddArtifactsRequest Request;
typedef Spark__Connect__AddArtifactsRequest__ArtifactChunk Chunk;
typedef Spark__Connect__AddArtifactsResponse__ArtifactSummary Summary;

/* One AddArtifacts stream. */
typedef struct Upload {
    Arena *arena;
    Session *session;
    char *session_id;
    VEC(Summary *) done;
    FILE *file; /* of the chunked artifact under way */
    char *name, *part_path;
    bool crc_ok;
    int64_t chunks_left, bytes_left;
    bool failed;
} Upload;

static Status name_check(const char *name, Error *err)
{
    bool bad = !name || !*name || *name == '/' || strlen(name) > LIMIT_NAME;
    for (const char *p = name; !bad && p; p = strchr(p, '/')) {
        p += *p == '/';
        size_t n = strcspn(p, "/");
        bad = n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
    }
    if (!bad)
        return ST_OK;
    FAIL_CODE(err, ST_INVALID, "INVALID_ARTIFACT_PATH",
              "Artifact with name %s is invalid. The name must be a relative path and cannot reference parent/sibling/nephew "
              "directories.", name ? name : "");
    memcpy(err->sqlstate, "22023", 6);
    error_param(err, "name", name ? name : "");
    return ST_INVALID;
}

static Status begin_file(Upload *u, const char *name, Error *err)
{
    TRY(name_check(name, err));
    char unique[UUID_TEXT_BYTES];
    uuid_new(unique);
    char *parts = path_join(u->arena, u->session->artifact_dir, ".parts");
    TRY(dir_make(parts, 0700, err));
    u->name = arena_str(u->arena, name);
    u->part_path = path_join(u->arena, parts, unique);
    u->crc_ok = true;
    u->file = fopen(u->part_path, "wbxe");
    return u->file ? ST_OK : FAIL(err, ST_IO, "create artifact '%s': %s", name, strerror(errno));
}

static Status add_chunk(Upload *u, const Chunk *chunk, Error *err)
{
    if (!u->file)
        return FAIL(err, ST_INVALID, "an artifact chunk came before its begin_chunk");
    size_t n = chunk && chunk->has_data ? chunk->data.len : 0;
    if (n && fwrite(chunk->data.data, 1, n, u->file) != n)
        return FAIL(err, ST_IO, "write artifact '%s': %s", u->name, strerror(errno));
    uLong crc = crc32_z(0, n ? chunk->data.data : (const uint8_t *)"", n);
    if (chunk && chunk->has_crc && (int64_t)crc != chunk->crc)
        u->crc_ok = false;
    return ST_OK;
}

static bool same_bytes(const char *x, const char *y)
{
    file_auto *fx = fopen(x, "rbe");
    file_auto *fy = fopen(y, "rbe");
    char bx[8192], by[8192];
    for (;;) {
        size_t nx = fx ? fread(bx, 1, sizeof bx, fx) : 0, ny = fy ? fread(by, 1, sizeof by, fy) : 0;
        if (!fx || !fy || nx != ny || memcmp(bx, by, nx) != 0)
            return false;
        if (nx == 0)
            return true;
    }
}

static Status publish(Upload *u, Error *err)
{
    char *path = path_join(u->arena, u->session->artifact_dir, u->name);
    char *folder = arena_str(u->arena, path);
    *strrchr(folder, '/') = '\0';
    TRY(dir_make(folder, 0700, err));
    if (path_exists(path)) {
        bool same = same_bytes(path, u->part_path);
        unlink(u->part_path);
        if (same)
            return ST_OK;
        FAIL_CODE(err, ST_CONFLICT, "ARTIFACT_ALREADY_EXISTS",
                  "The artifact %s already exists. Please choose a different name for the new artifact because it cannot be "
                  "overwritten.", u->name);
        memcpy(err->sqlstate, "42713", 6);
        error_param(err, "normalizedRemoteRelativePath", u->name);
        return ST_CONFLICT;
    }
    if (rename(u->part_path, path) != 0)
        return FAIL(err, ST_IO, "publish artifact '%s': %s", u->name, strerror(errno));
    return ST_OK;
}

static Status end_file(Upload *u, Error *err)
{
    FILE *file = u->file;
    u->file = NULL;
    if (fclose(file) != 0)
        return FAIL(err, ST_IO, "write artifact '%s': %s", u->name, strerror(errno));
    if (u->crc_ok)
        TRY(publish(u, err));
    else
        unlink(u->part_path);
    Summary *summary = ARENA_NEW(u->arena, Summary);
    spark__connect__add_artifacts_response__artifact_summary__init(summary);
    summary->name = u->name;
    summary->has_is_crc_successful = true;
    summary->is_crc_successful = u->crc_ok;
    vec_push(u->arena, &u->done, summary);
    return ST_OK;
}

static Status take(Upload *u, const Request *request, Error *err)
{
    switch (request->payload_case) {
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BATCH:
        for (size_t i = 0; i < request->batch->n_artifacts; i++) {
            const Spark__Connect__AddArtifactsRequest__SingleChunkArtifact *one = request->batch->artifacts[i];
            if (u->file)
                return FAIL(err, ST_INVALID, "an artifact came before the end of '%s'", u->name);
            TRY(begin_file(u, one->name, err));
            TRY(add_chunk(u, one->data, err));
            TRY(end_file(u, err));
        }
        return ST_OK;
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BEGIN_CHUNK:
        if (u->file)
            return FAIL(err, ST_INVALID, "an artifact came before the end of '%s'", u->name);
        TRY(begin_file(u, request->begin_chunk->name, err));
        u->chunks_left = request->begin_chunk->num_chunks;
        TRY(add_chunk(u, request->begin_chunk->initial_chunk, err));
        return --u->chunks_left > 0 ? ST_OK : end_file(u, err);
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_CHUNK:
        TRY(add_chunk(u, request->chunk, err));
        return --u->chunks_left > 0 ? ST_OK : end_file(u, err);
    default:
        return FAIL(err, ST_INVALID, "AddArtifactsRequest has no payload");
    }
}

static Upload *upload_of(Driver *driver, RpcCall *call, const Request *request)
{
    Upload *u = rpc_call_user(call);
    if (u)
        return u;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return NULL;
    u = calloc(1, sizeof *u);
    if (!u)
        abort();
    u->arena = arena_new();
    u->session = session;
    u->session_id = arena_str(u->arena, request->session_id);
    rpc_call_set_user(call, u);
    return u;
}

void service_add_artifacts(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Request *request = service_request(call, a, &spark__connect__add_artifacts_request__descriptor, bytes);
    Upload *u = request ? upload_of(driver, call, request) : NULL;
    if (!u || u->failed)
        return;
    Error err = ERROR_INIT;
    if (take(u, request, &err) != ST_OK) {
        u->failed = true;
        service_fail(call, u->session, &err, NULL);
    }
}

void service_add_artifacts_end(void *driver, RpcCall *call)
{
    (void)driver;
    Upload *u = rpc_call_user(call);
    if (!u) {
        rpc_finish(call, &(RpcStatus){ .code = RPC_INVALID_ARGUMENT, .message = "no artifact came" });
        return;
    }
    if (u->failed)
        return;
    Spark__Connect__AddArtifactsResponse response = SPARK__CONNECT__ADD_ARTIFACTS_RESPONSE__INIT;
    response.session_id = u->session_id;
    response.server_side_session_id = u->session->server_id;
    response.artifacts = u->done.at;
    response.n_artifacts = u->done.len;
    service_reply(call, &response);
}

void service_add_artifacts_drop(void *upload)
{
    Upload *u = upload;
    if (u->file) {
        fclose(u->file);
        unlink(u->part_path);
    }
    session_unref(u->session);
    arena_free(u->arena);
    free(u);
}

void service_artifact_status(void *driver, RpcCall *call, View bytes)
{
    typedef Spark__Connect__ArtifactStatusesResponse__StatusesEntry StatusEntry;
    typedef Spark__Connect__ArtifactStatusesResponse__ArtifactStatus ArtifactStatus;
    arena_auto *a = arena_new();
    Spark__Connect__ArtifactStatusesRequest *request =
        service_request(call, a, &spark__connect__artifact_statuses_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Spark__Connect__ArtifactStatusesResponse response = SPARK__CONNECT__ARTIFACT_STATUSES_RESPONSE__INIT;
    response.session_id = request->session_id;
    response.server_side_session_id = session->server_id;
    response.statuses = ARENA_ARRAY(a, StatusEntry *, request->n_names + 1);
    for (size_t i = 0; i < request->n_names; i++) {
        StatusEntry *entry = ARENA_NEW(a, StatusEntry);
        ArtifactStatus *status = ARENA_NEW(a, ArtifactStatus);
        spark__connect__artifact_statuses_response__statuses_entry__init(entry);
        spark__connect__artifact_statuses_response__artifact_status__init(status);
        Error ignored = ERROR_INIT; /* a name that cannot be is not there */
        status->has_exists = true;
        status->exists = name_check(request->names[i], &ignored) == ST_OK &&
                         path_exists(path_join(a, session->artifact_dir, request->names[i]));
        entry->key = request->names[i];
        entry->value = status;
        response.statuses[response.n_statuses++] = entry;
    }
    service_reply(call, &response);
    session_unref(session);
}
