/* The store: migrations, binding, constraints, transactions, many threads, a newer file. */
#include "base/file.h"
#include "base/str.h"
#include "store/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    char home[32];
    Store *store;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    memcpy(f->home, "/tmp/weir-store-XXXXXX", sizeof "/tmp/weir-store-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    Error err = ERROR_INIT;
    assert_int_equal(store_open(f->home, &f->store, &err), ST_OK);
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "CREATE TABLE t(k TEXT PRIMARY KEY, i INTEGER, d REAL, b BLOB)", ""), ST_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    store_close(f->store);
    Error err = ERROR_INIT;
    assert_int_equal(tree_remove(f->home, &err), ST_OK);
    free(f);
    return 0;
}

static void values_come_back_as_they_went_in(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t VALUES(?,?,?,?)", "sidb", "schlüssel", INT64_MIN, 0.1, "a\0b", (size_t)3),
                     ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t VALUES(?,?,?,?)", "snss", "zz", NULL, NULL), ST_OK);
    row_auto *row = NULL;
    assert_int_equal(db_query(db, &row, &err, "SELECT k, i, d, b FROM t ORDER BY k", ""), ST_OK);
    assert_true(row_next(row));
    assert_string_equal(row_str(row, 0), "schlüssel");
    assert_true(row_int(row, 1) == INT64_MIN);
    assert_true(row_double(row, 2) == 0.1);
    size_t length;
    assert_memory_equal(row_blob(row, 3, &length), "a\0b", 3);
    assert_int_equal(length, 3);
    assert_true(row_next(row));
    assert_true(row_null(row, 1) && row_null(row, 2) && !row_str(row, 3));
    assert_false(row_next(row));
    assert_false(row_next(row));
    assert_int_equal(row_status(row, &err), ST_OK);
    int64_t count;
    assert_int_equal(db_get_int(db, &count, &err, "SELECT count(*) FROM t", ""), ST_OK);
    assert_int_equal(count, 2);
    char *text;
    assert_int_equal(db_get_str(db, a, &text, &err, "SELECT k FROM t WHERE k=?", "s", "none"), ST_NOT_FOUND);
}

static void failures_have_their_status(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t(k) VALUES(?)", "s", "x"), ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t(k) VALUES(?)", "s", "x"), ST_CONFLICT);
    assert_int_equal(db_exec(db, &err, "INSERT INTO nothing VALUES(1)", ""), ST_INTERNAL);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t(k) VALUES(?)", "si", "y", (int64_t)1), ST_INTERNAL);
    assert_int_equal(db_begin(db, &err), ST_OK);
    assert_int_equal(db_begin(db, &err), ST_INTERNAL);
    db_rollback(db);
    assert_int_equal(db_commit(db, &err), ST_INTERNAL);
}

static void an_unfinished_transaction_is_rolled_back_on_return(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    {
        db_auto *db = NULL;
        assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
        assert_int_equal(db_begin(db, &err), ST_OK);
        assert_int_equal(db_exec(db, &err, "INSERT INTO t(k) VALUES('gone')", ""), ST_OK);
    }
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    int64_t count;
    assert_int_equal(db_get_int(db, &count, &err, "SELECT count(*) FROM t", ""), ST_OK);
    assert_int_equal(count, 0);
}

static void one_statement_may_be_open_twice(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t(k) VALUES('a'),('b'),('c')", ""), ST_OK);
    assert_int_equal(db_changes(db), 3);
    int pairs = 0;
    row_auto *outer = NULL;
    assert_int_equal(db_query(db, &outer, &err, "SELECT k FROM t", ""), ST_OK);
    while (row_next(outer)) {
        row_auto *inner = NULL;
        assert_int_equal(db_query(db, &inner, &err, "SELECT k FROM t", ""), ST_OK);
        while (row_next(inner))
            pairs++;
    }
    assert_int_equal(pairs, 9);
}

static void *add_one_many_times(void *arg)
{
    Fixture *f = arg;
    Error err = ERROR_INIT;
    for (int i = 0; i < 50; i++) {
        db_auto *db = NULL;
        int64_t n;
        if (store_borrow(f->store, &db, &err) != ST_OK || db_begin(db, &err) != ST_OK ||
            db_get_int(db, &n, &err, "SELECT i FROM t WHERE k='n'", "") != ST_OK ||
            db_exec(db, &err, "UPDATE t SET i=? WHERE k='n'", "i", n + 1) != ST_OK || db_commit(db, &err) != ST_OK)
            return "failed";
    }
    return NULL;
}

static void writers_of_many_threads_lose_nothing(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "INSERT INTO t(k, i) VALUES('n', 0)", ""), ST_OK);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_one_many_times, f), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    int64_t n;
    assert_int_equal(db_get_int(db, &n, &err, "SELECT i FROM t WHERE k='n'", ""), ST_OK);
    assert_int_equal(n, 200);
}

static void the_schema_is_applied_once_and_a_newer_one_is_refused(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    {
        store_auto *again = NULL;
        assert_int_equal(store_open(f->home, &again, &err), ST_OK);
        db_auto *db = NULL;
        assert_int_equal(store_borrow(again, &db, &err), ST_OK);
        assert_int_equal(db_exec(db, &err, "INSERT INTO schema_migration VALUES(999, '999_future.sql', 0)", ""), ST_OK);
    }
    Store *none = NULL;
    assert_int_equal(store_open(f->home, &none, &err), ST_CONFLICT);
    assert_non_null(strstr(err.message, "999_future.sql"));
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_back_as_they_went_in, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_have_their_status, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unfinished_transaction_is_rolled_back_on_return, setup, teardown),
        cmocka_unit_test_setup_teardown(one_statement_may_be_open_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(writers_of_many_threads_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_schema_is_applied_once_and_a_newer_one_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
