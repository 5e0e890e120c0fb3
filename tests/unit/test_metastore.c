/* The data catalog: the same answers from the store of this process and from a running server. */
#include "api/api.h"
#include "base/file.h"
#include "base/str.h"
#include "lake/metastore.h"
#include "lake/objects.h"
#include "svc/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define OK(expr)                                                             \
    do {                                                                     \
        Status status_ = (expr);                                             \
        if (status_ != ST_OK)                                                \
            fail_msg("%s: %s %s", #expr, status_name(status_), err.message); \
    } while (0)

#define FAILS(expr, expected_status, expected_code)         \
    do {                                                    \
        assert_int_equal((expr), (expected_status));        \
        assert_string_equal(err.code, (expected_code));     \
    } while (0)

typedef struct Fixture {
    char home[32];
    Server server;
    Api *api;
    HttpServer *http;
    Arena *a;
    Metastore *m;
} Fixture;

static Fixture *home_up(void)
{
    Fixture *f = calloc(1, sizeof *f);
    Error err = ERROR_INIT;
    memcpy(f->home, "/tmp/weir-meta-XXXXXX", sizeof "/tmp/weir-meta-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    f->a = arena_new();
    f->server = (Server){ .home = f->home, .account = "123456789012", .region = "us-east-1" };
    OK(store_open(f->home, &f->server.store, &err));
    return f;
}

static int setup_store(void **state)
{
    Fixture *f = home_up();
    Error err = ERROR_INIT;
    OK(metastore_open_store(f->server.store, &f->m, &err));
    *state = f;
    return 0;
}

static int setup_server(void **state)
{
    Fixture *f = home_up();
    Error err = ERROR_INIT;
    Credential root;
    HttpServerOptions options = { .listen = "127.0.0.1:0" };
    OK(credentials_open(f->home, f->server.account, f->server.store, &f->server.credentials, &err));
    OK(objects_open(f->home, f->server.store, &f->server.objects, &err));
    f->api = api_new(&f->server);
    HttpHandler handler = api_handler(f->api);
    OK(http_server_new(&options, &f->http, &err));
    OK(http_server_start(f->http, &handler, &err));
    OK(credentials_root(f->a, f->home, f->server.account, &root, &err));
    LakeCredentials credentials = { arena_printf(f->a, "http://127.0.0.1:%d", http_server_port(f->http)), "us-east-1",
                                    root.principal.access_key, root.secret_key, root.token };
    OK(metastore_open_server(&credentials, &f->m, &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    metastore_close(f->m);
    if (f->http) {
        http_server_stop(f->http);
        api_free(f->api);
        objects_close(f->server.objects);
        credentials_close(f->server.credentials);
    }
    store_close(f->server.store);
    arena_free(f->a);
    OK(tree_remove(f->home, &err));
    free(f);
    return 0;
}

static const Val *json(Fixture *f, const char *text)
{
    Val *v = NULL;
    assert_true(val_from_json(f->a, text, strlen(text), &v));
    return v;
}

static StrList values(Fixture *f, const char *first, const char *second)
{
    StrList list = { 0 };
    vec_push(f->a, &list, first);
    if (second)
        vec_push(f->a, &list, second);
    return list;
}

static void databases_come_and_go(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    MetaDatabase db;
    MetaDatabaseList all;
    OK(metastore_create_database(f->m, json(f, "{\"Name\":\"Sales\",\"LocationUri\":\"s3://lake/sales\",\"Parameters\":{\"a\":\"1\"}}"), &err));
    FAILS(metastore_create_database(f->m, json(f, "{\"Name\":\"SALES\"}"), &err), ST_CONFLICT, "AlreadyExistsException");
    FAILS(metastore_create_database(f->m, json(f, "{\"Name\":\"\"}"), &err), ST_INVALID, "InvalidInputException");
    OK(metastore_database(f->m, f->a, "sALES", &db, &err));
    assert_string_equal(db.name, "sales");
    assert_string_equal(val_str(db.input, "Name"), "sales");
    assert_string_equal(val_str(db.input, "LocationUri"), "s3://lake/sales");
    assert_string_equal(val_str(val_get(db.input, "Parameters"), "a"), "1");
    assert_true(db.created_ms > 0);
    OK(metastore_update_database(f->m, "sales", json(f, "{\"Name\":\"sales\",\"Description\":\"new\"}"), &err));
    OK(metastore_databases(f->m, f->a, &all, &err));
    assert_int_equal(all.len, 2);
    assert_string_equal(all.at[0].name, "default");
    assert_string_equal(val_str(all.at[1].input, "Description"), "new");
    OK(metastore_drop_database(f->m, "sales", &err));
    FAILS(metastore_database(f->m, f->a, "sales", &db, &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_drop_database(f->m, "sales", &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_update_database(f->m, "sales", json(f, "{}"), &err), ST_NOT_FOUND, "EntityNotFoundException");
}

static void tables_keep_their_versions(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    MetaTable t;
    MetaTableList list;
    const Val *v0 = json(f, "{\"Name\":\"Orders\",\"TableType\":\"EXTERNAL_TABLE\",\"StorageDescriptor\":{\"Columns\":[{\"Name\":\"id\",\"Type\":\"int\"}]}}");
    OK(metastore_create_table(f->m, "default", v0, &err));
    FAILS(metastore_create_table(f->m, "default", v0, &err), ST_CONFLICT, "AlreadyExistsException");
    FAILS(metastore_create_table(f->m, "nowhere", v0, &err), ST_NOT_FOUND, "EntityNotFoundException");
    OK(metastore_update_table(f->m, "default", "orders", json(f, "{\"Name\":\"orders\",\"Owner\":\"b\"}"), false, 0, &err));
    OK(metastore_update_table(f->m, "default", "orders", json(f, "{\"Name\":\"orders\",\"Owner\":\"c\"}"), true, -1, &err));
    FAILS(metastore_update_table(f->m, "default", "orders", v0, false, 1, &err), ST_CONFLICT, "ConcurrentModificationException");
    OK(metastore_table(f->m, f->a, "DEFAULT", "ORDERS", &t, &err));
    assert_int_equal(t.version, 2);
    assert_string_equal(t.database, "default");
    assert_string_equal(val_str(t.input, "Owner"), "c");
    assert_null(val_get(t.input, "StorageDescriptor"));
    OK(metastore_table_versions(f->m, f->a, "default", "orders", &list, &err));
    assert_int_equal(list.len, 2); /* 1 was not archived */
    assert_int_equal(list.at[0].version, 2);
    assert_int_equal(list.at[1].version, 0);
    assert_string_equal(val_str(list.at[1].input, "TableType"), "EXTERNAL_TABLE");
    FAILS(metastore_drop_table_version(f->m, "default", "orders", 2, &err), ST_INVALID, "InvalidInputException");
    OK(metastore_drop_table_version(f->m, "default", "orders", 0, &err));
    FAILS(metastore_drop_table_version(f->m, "default", "orders", 0, &err), ST_NOT_FOUND, "EntityNotFoundException");
    OK(metastore_create_table(f->m, "default", json(f, "{\"Name\":\"aa\"}"), &err));
    FAILS(metastore_update_table(f->m, "default", "orders", json(f, "{\"Name\":\"aa\"}"), false, -1, &err), ST_CONFLICT,
          "AlreadyExistsException");
    OK(metastore_update_table(f->m, "default", "orders", json(f, "{\"Name\":\"Invoices\"}"), false, -1, &err));
    OK(metastore_tables(f->m, f->a, "default", &list, &err));
    assert_int_equal(list.len, 2);
    assert_string_equal(list.at[0].name, "aa");
    assert_string_equal(list.at[1].name, "invoices");
    OK(metastore_drop_table(f->m, "default", "invoices", &err));
    FAILS(metastore_table(f->m, f->a, "default", "invoices", &t, &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_tables(f->m, f->a, "nowhere", &list, &err), ST_NOT_FOUND, "EntityNotFoundException");
}

static bool of_2024(void *self, const StrList *v)
{
    (void)self;
    return str_eq(v->at[0], "2024");
}

static void partitions_by_their_values(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    MetaPartition p;
    MetaPartitionList list;
    OK(metastore_create_table(f->m, "default", json(f, "{\"Name\":\"t\",\"PartitionKeys\":[{\"Name\":\"y\",\"Type\":\"int\"},{\"Name\":\"m\",\"Type\":\"int\"}]}"), &err));
    const Val *three = json(f, "[{\"Values\":[\"2024\",\"2\"]},{\"Values\":[\"2024\",\"1\"],\"Parameters\":{\"k\":\"v\"}},{\"Values\":[\"20\",\"9\"]}]");
    OK(metastore_add_partitions(f->m, "default", "t", three, false, &err));
    FAILS(metastore_add_partitions(f->m, "default", "t", json(f, "[{\"Values\":[\"2025\",\"1\"]},{\"Values\":[\"20\",\"9\"]}]"), false, &err),
          ST_CONFLICT, "AlreadyExistsException");
    FAILS(metastore_add_partitions(f->m, "default", "t", json(f, "[{\"Values\":[\"2025\"]}]"), false, &err), ST_INVALID,
          "InvalidInputException");
    FAILS(metastore_add_partitions(f->m, "default", "t", json(f, "[{}]"), false, &err), ST_INVALID, "InvalidInputException");
    OK(metastore_partitions(f->m, f->a, "default", "t", &list, &err));
    assert_int_equal(list.len, 3);
    assert_string_equal(list.at[0].values.at[0], "20");
    assert_string_equal(list.at[1].values.at[1], "1");
    assert_string_equal(list.at[2].values.at[1], "2");
    OK(metastore_add_partitions(f->m, "default", "t", json(f, "[{\"Values\":[\"2024\",\"1\"]},{\"Values\":[\"2024\",\"3\"]}]"), true, &err));
    StrList jan = values(f, "2024", "1"), dec = values(f, "2024", "12"), none = values(f, "1999", "1");
    OK(metastore_partition(f->m, f->a, "default", "t", &jan, &p, &err));
    assert_string_equal(val_str(val_get(p.input, "Parameters"), "k"), "v"); /* if_not_exists leaves what is there */
    OK(metastore_partitions_scan(f->m, f->a, "default", "t", &(MetaPartitionScan){ .keep = of_2024, .after = &jan, .max = 1 }, &list, &err));
    assert_int_equal(list.len, 1);
    assert_string_equal(list.at[0].values.at[1], "2");
    FAILS(metastore_update_partition(f->m, "default", "t", &jan, json(f, "{\"Values\":[\"2024\",\"2\"]}"), &err), ST_CONFLICT,
          "AlreadyExistsException");
    OK(metastore_update_partition(f->m, "default", "t", &jan, json(f, "{\"Values\":[\"2024\",\"12\"],\"Parameters\":{\"k\":\"w\"}}"), &err));
    OK(metastore_partition(f->m, f->a, "default", "t", &dec, &p, &err));
    assert_string_equal(val_str(val_get(p.input, "Parameters"), "k"), "w");
    FAILS(metastore_partition(f->m, f->a, "default", "t", &jan, &p, &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_update_partition(f->m, "default", "t", &none, json(f, "{}"), &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_drop_partition(f->m, "default", "t", &none, &err), ST_NOT_FOUND, "EntityNotFoundException");
    OK(metastore_drop_partition(f->m, "default", "t", &dec, &err));
    OK(metastore_update_table(f->m, "default", "t", json(f, "{\"Name\":\"u\",\"PartitionKeys\":[{\"Name\":\"y\"},{\"Name\":\"m\"}]}"), false, -1, &err));
    OK(metastore_partitions(f->m, f->a, "default", "u", &list, &err));
    assert_int_equal(list.len, 3);
    OK(metastore_drop_table(f->m, "default", "u", &err));
    OK(metastore_create_table(f->m, "default", json(f, "{\"Name\":\"u\"}"), &err));
    OK(metastore_partitions(f->m, f->a, "default", "u", &list, &err));
    assert_int_equal(list.len, 0);
    FAILS(metastore_partitions(f->m, f->a, "default", "none", &list, &err), ST_NOT_FOUND, "EntityNotFoundException");
}

static void functions_of_a_database(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    MetaFunction function;
    MetaFunctionList list;
    OK(metastore_create_function(f->m, "default", json(f, "{\"FunctionName\":\"Twice\",\"ClassName\":\"org.Twice\"}"), &err));
    FAILS(metastore_create_function(f->m, "default", json(f, "{\"FunctionName\":\"twice\"}"), &err), ST_CONFLICT, "AlreadyExistsException");
    OK(metastore_update_function(f->m, "default", "TWICE", json(f, "{\"FunctionName\":\"twice\",\"ClassName\":\"org.Thrice\"}"), &err));
    OK(metastore_function(f->m, f->a, "default", "twice", &function, &err));
    assert_string_equal(val_str(function.input, "ClassName"), "org.Thrice");
    OK(metastore_functions(f->m, f->a, "default", &list, &err));
    assert_int_equal(list.len, 1);
    OK(metastore_drop_function(f->m, "default", "twice", &err));
    FAILS(metastore_function(f->m, f->a, "default", "twice", &function, &err), ST_NOT_FOUND, "EntityNotFoundException");
    FAILS(metastore_functions(f->m, f->a, "nowhere", &list, &err), ST_NOT_FOUND, "EntityNotFoundException");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(databases_come_and_go, setup_store, teardown),
        cmocka_unit_test_setup_teardown(tables_keep_their_versions, setup_store, teardown),
        cmocka_unit_test_setup_teardown(partitions_by_their_values, setup_store, teardown),
        cmocka_unit_test_setup_teardown(functions_of_a_database, setup_store, teardown),
        { "a server: databases_come_and_go", databases_come_and_go, setup_server, teardown, NULL },
        { "a server: tables_keep_their_versions", tables_keep_their_versions, setup_server, teardown, NULL },
        { "a server: partitions_by_their_values", partitions_by_their_values, setup_server, teardown, NULL },
        { "a server: functions_of_a_database", functions_of_a_database, setup_server, teardown, NULL },
    };
    return cmocka_run_group_tests_name("metastore", tests, NULL, NULL);
}
