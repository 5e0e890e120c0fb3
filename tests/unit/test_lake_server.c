/* The lake of a running server: the same answers as of the home's own, over signed HTTP, and a server that comes back. */
#include "api/api.h"
#include "base/file.h"
#include "base/str.h"
#include "lake/lake.h"
#include "lake/objects.h"
#include "svc/credentials.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define OK(expr)                                                             \
    do {                                                                     \
        Status status_ = (expr);                                             \
        if (status_ != ST_OK)                                                \
            fail_msg("%s: %s %s", #expr, status_name(status_), err.message); \
    } while (0)

typedef struct Fixture {
    char home[32];
    char listen[32], endpoint[48];
    Server server;
    Api *api;
    HttpServer *http;
    Arena *a;
    Credential root;
    Lake *lake;
} Fixture;

static Status http_up(Fixture *f, Error *err)
{
    HttpServerOptions options = { .listen = f->listen };
    HttpHandler handler = api_handler(f->api);
    TRY(http_server_new(&options, &f->http, err));
    return http_server_start(f->http, &handler, err);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    Error err = ERROR_INIT;
    memcpy(f->home, "/tmp/weir-lsrv-XXXXXX", sizeof "/tmp/weir-lsrv-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    f->a = arena_new();
    f->server = (Server){ .home = f->home, .account = "123456789012", .region = "us-east-1" };
    OK(store_open(f->home, &f->server.store, &err));
    OK(credentials_open(f->home, f->server.account, f->server.store, &f->server.credentials, &err));
    OK(objects_open(f->home, f->server.store, &f->server.objects, &err));
    OK(bucket_create(f->server.objects, "lake", "123456789012", "us-east-1", &err));
    f->api = api_new(&f->server);
    snprintf(f->listen, sizeof f->listen, "127.0.0.1:0");
    OK(http_up(f, &err));
    snprintf(f->listen, sizeof f->listen, "127.0.0.1:%d", http_server_port(f->http));
    snprintf(f->endpoint, sizeof f->endpoint, "http://%s", f->listen);
    OK(credentials_root(f->a, f->home, f->server.account, &f->root, &err));
    LakeCredentials credentials = { f->endpoint, "us-east-1", f->root.principal.access_key, f->root.secret_key, f->root.token };
    OK(lake_open_server(&credentials, &(LakeOptions){ .run = "s-9" }, &f->lake, &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    lake_close(f->lake);
    http_server_stop(f->http);
    api_free(f->api);
    objects_close(f->server.objects);
    credentials_close(f->server.credentials);
    store_close(f->server.store);
    arena_free(f->a);
    OK(tree_remove(f->home, &err));
    free(f);
    return 0;
}

static Status write_out(Fixture *f, const char *name, LakeCommit how, Error *err)
{
    LakeStage *stage;
    LakeOutputList outputs = { 0 };
    TRY(lake_stage(f->lake, f->a, "s3a://lake/t/", &stage, err));
    TRY(file_write_durable(path_join(f->a, stage->folder, name), name, strlen(name), 0644, err));
    vec_push(f->a, &outputs, (LakeOutput){ name, 7 });
    return lake_commit(f->lake, stage, how, &outputs, true, err);
}

static void a_write_and_what_is_read_back(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    LakeFileList files;
    char *bytes;
    size_t length;
    bool exists;
    OK(lake_put(f->lake, "s3://lake/scripts/a b+ü.py", "print(1)", 8, &err));
    OK(lake_read(f->lake, f->a, "s3://lake/scripts/a b+ü.py", 100, &bytes, &length, &err));
    assert_string_equal(bytes, "print(1)");
    OK(write_out(f, "part-0", LAKE_CREATE, &err));
    OK(lake_list(f->lake, f->a, "s3://lake/t", &files, &err));
    assert_int_equal(files.len, 1);
    assert_string_equal(files.at[0].uri, "s3://lake/t/part-0");
    assert_int_equal(files.at[0].size_bytes, 6);
    Object object;
    OK(object_get(f->server.objects, f->a, "lake", "t/part-0", NULL, &object, &err));
    assert_string_equal(object.run, "s-9");
    assert_int_equal(object.row_count, 7);
    OK(lake_exists(f->lake, "s3://lake/t/_SUCCESS", &exists, &err));
    assert_true(exists);
    OK(lake_remove(f->lake, "s3://lake/t", &err));
    OK(lake_exists(f->lake, "s3://lake/t", &exists, &err));
    assert_false(exists);
    LakeStage *stage;
    OK(lake_stage(f->lake, f->a, "s3://lake/u", &stage, &err));
    lake_abort(f->lake, stage);
    assert_false(path_exists(stage->folder));
}

static void errors_come_through(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    LakeFileList files;
    assert_int_equal(lake_list(f->lake, f->a, "s3://lake/none", &files, &err), ST_NOT_FOUND);
    assert_string_equal(err.code, "PATH_NOT_FOUND");
    assert_string_equal(err.sqlstate, "42K03");
    assert_int_equal(lake_list(f->lake, f->a, "s3://none/x", &files, &err), ST_NOT_FOUND);
    assert_string_equal(err.code, "NoSuchBucket");
    OK(write_out(f, "a", LAKE_CREATE, &err));
    assert_int_equal(write_out(f, "b", LAKE_CREATE, &err), ST_CONFLICT);
    assert_string_equal(err.code, "PATH_ALREADY_EXISTS");
    assert_string_equal(err.sqlstate, "42K04");
    assert_int_equal(lake_put(f->lake, "s3://none/x", "", 0, &err), ST_NOT_FOUND);
    assert_string_equal(err.code, "NoSuchBucket");
    LakeCredentials wrong = { f->endpoint, "us-east-1", f->root.principal.access_key, "wrong", NULL };
    lake_auto *lake = NULL;
    OK(lake_open_server(&wrong, &(LakeOptions){ .run = NULL }, &lake, &err));
    assert_int_equal(lake_list(lake, f->a, "s3://lake/a", &files, &err), ST_DENIED);
}

static void *come_back_later(void *arg)
{
    Fixture *f = arg;
    Error err = ERROR_INIT;
    nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
    return http_up(f, &err) == ST_OK ? f : NULL;
}

static void a_server_that_comes_back_is_waited_for(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    pthread_t thread;
    void *up;
    LakeFileList files;
    OK(write_out(f, "a", LAKE_APPEND, &err));
    http_server_stop(f->http);
    assert_int_equal(pthread_create(&thread, NULL, come_back_later, f), 0);
    OK(lake_list(f->lake, f->a, "s3://lake/t", &files, &err));
    assert_int_equal(files.len, 1);
    pthread_join(thread, &up);
    assert_non_null(up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_write_and_what_is_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_come_through, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_that_comes_back_is_waited_for, setup, teardown),
    };
    return cmocka_run_group_tests_name("lake_server", tests, NULL, NULL);
}
