/* step/fetch.c -- what a shim gets from the lake or the host: scripts, files, archives; and script-runner. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "lake/lake.h"
#include "os/client.h"
#include "os/sigv4.h"
#include "step/shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t HOST_FILE_BYTES = (size_t)4 << 30;
static const char EMPTY_SHA256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

bool shim_is_object(const char *uri)
{
    return str_istarts(uri, "s3://") || str_istarts(uri, "s3a://") || str_istarts(uri, "s3n://");
}

const char *shim_host_path(const char *uri)
{
    const char *path = str_istarts(uri, "file:") ? uri + 5 : str_istarts(uri, "local:") ? uri + 6 : uri;
    if (path != uri && str_starts(path, "//"))
        path += 2 + strcspn(path + 2, "/"); /* file://host/path: the host is this one */
    return path;
}

static const char *home_folder(Arena *a)
{
    const char *home = getenv("WEIR_HOME"), *user = getenv("HOME");
    return home && *home ? home : path_join(a, user ? user : ".", ".weir");
}

/* Splits s3://bucket/key. */
static bool object_name(Arena *a, const char *uri, const char **ret_bucket, const char **ret_key)
{
    const char *bucket = strstr(uri, "://") + 3, *slash = strchr(bucket, '/');
    if (!slash || slash == bucket || !slash[1])
        return false;
    *ret_bucket = arena_strn(a, bucket, (size_t)(slash - bucket));
    *ret_key = slash + 1;
    return true;
}

/* GetObject: a step reaches objects through the server only, never as files. */
static Status fetch_from_server(Arena *a, const SigV4Identity *who, const char *endpoint, const char *bucket, const char *key, const char *to,
                                Error *err)
{
    str_auto path = STR_INIT(8192);
    str_addf(&path, "/%s/", bucket);
    uri_encode(&path, key, strlen(key), true);
    const char *host = strstr(endpoint, "://");
    HttpPairs headers = { 0 };
    vec_push(a, &headers, (HttpPair){ "Host", host ? host + 3 : endpoint });
    sigv4_sign(a, who, clock_ms(), "GET", str_text(&path), "", EMPTY_SHA256, &headers);
    ClientRequest request = { .method = "GET",
                              .url = arena_printf(a, "%s%s", endpoint, str_text(&path)),
                              .headers = headers,
                              .max_body_bytes = HOST_FILE_BYTES };
    ClientAnswer answer;
    TRY(client_send(a, &request, &answer, NULL, err));
    if (answer.status == 200)
        return file_write_durable(to, answer.body, answer.body_len, 0644, err);
    Status status = answer.status == 404 ? ST_NOT_FOUND : answer.status == 403 ? ST_DENIED : ST_IO;
    return FAIL(err, status, "HTTP %d: %.500s", answer.status, answer.body ? answer.body : "");
}

/* From the server that the environment names, else from the home's lake. */
static Status fetch_any(Arena *a, const char *uri, const char *to, Error *err)
{
    const char *endpoint = getenv("AWS_ENDPOINT_URL"), *region = getenv("AWS_DEFAULT_REGION"), *bucket, *key;
    SigV4Identity who = { .access_key = getenv("AWS_ACCESS_KEY_ID"),
                          .secret_key = getenv("AWS_SECRET_ACCESS_KEY"),
                          .session_token = getenv("AWS_SESSION_TOKEN"),
                          .region = region ? region : "us-east-1",
                          .service = "s3" };
    if (!object_name(a, uri, &bucket, &key))
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: '%s' names no object", uri);
    if (endpoint && who.access_key && who.secret_key)
        return fetch_from_server(a, &who, endpoint, bucket, key, to, err);
    lake_auto *lake = NULL;
    LakeOptions options = { .run = NULL };
    TRY(lake_open_home(home_folder(a), &options, &lake, err));
    return lake_fetch(lake, uri, to, err);
}

static Status fetch_object(Arena *a, const char *uri, const char *to, Error *err)
{
    Error why = ERROR_INIT;
    Status status = fetch_any(a, uri, to, &why);
    if (status == ST_NOT_FOUND)
        return FAIL(err, ST_NOT_FOUND, "java.io.FileNotFoundException: No such file or directory '%s'", uri);
    if (status == ST_DENIED)
        return FAIL(err, ST_DENIED, "java.nio.file.AccessDeniedException: %s: %s", uri, why.message);
    if (status != ST_OK && err)
        *err = why;
    return status;
}

static Status fetch_host_file(Arena *a, const char *path, const char *to, Error *err)
{
    char *bytes;
    size_t length;
    struct stat st;
    Status status = stat(path, &st) == 0 ? file_read(a, path, HOST_FILE_BYTES, &bytes, &length, err) : ST_NOT_FOUND;
    if (status == ST_NOT_FOUND)
        return FAIL(err, status, "java.io.FileNotFoundException: File file:%s does not exist", path);
    TRY(status);
    return file_write_durable(to, bytes, length, st.st_mode & 0777, err);
}

Status shim_fetch(Arena *a, const char *uri, const char *folder, const char *name, char **ret_path, Error *err)
{
    const char *slash = strrchr(uri, '/');
    const char *last = name ? name : slash ? slash + 1 : uri;
    if (!*last || str_eq(last, "..") || str_eq(last, ".") || strchr(last, '/'))
        return FAIL(err, ST_INVALID, "'%s' names no file", uri);
    TRY(dir_make(folder, 0755, err));
    char *to = path_join(a, folder, last);
    if (shim_is_object(uri))
        TRY(fetch_object(a, uri, to, err));
    else
        TRY(fetch_host_file(a, shim_host_path(uri), to, err));
    *ret_path = to;
    return ST_OK;
}

int shim_script_runner(int argc, char **argv)
{
    if (argc < 2) {
        fputs("Exception in thread \"main\" java.lang.RuntimeException: script-runner.jar: no script given in the step's "
              "arguments\n", stderr);
        return 1;
    }
    arena_auto *a = arena_new();
    const char *tmp = getenv("TMPDIR");
    char *folder = arena_printf(a, "%s/weir-script-XXXXXX", tmp && *tmp ? tmp : "/tmp"), *path = NULL;
    Error error = ERROR_INIT;
    if (!mkdtemp(folder) || shim_fetch(a, argv[1], folder, NULL, &path, &error) != ST_OK) {
        fprintf(stderr, "Exception in thread \"main\" %s\n", error.message[0] ? error.message : strerror(errno));
        return 1;
    }
    chmod(path, 0700);
    argv[1] = path;
    execv(path, argv + 1);
    if (errno == ENOEXEC) { /* no #! line: a shell script, as a shell would take it */
        argv[0] = "/bin/bash";
        execv(argv[0], argv);
    }
    fprintf(stderr, "Exception in thread \"main\" java.io.IOException: Cannot run program \"%s\": %s\n", path, strerror(errno));
    return 1;
}

