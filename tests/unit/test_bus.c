/* The bus: nothing without its transaction, retries, failures by name, who is told, messages that wait for a consumer. */
#include "base/file.h"
#include "base/str.h"
#include "svc/bus.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TOPIC "arn:aws:sns:us-east-1:123456789012:t"
#define ALARM "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"

typedef struct Fixture {
    char home[32];
    Store *store;
    Bus *bus;
    pthread_mutex_t lock;
    int delivered, failures, told, told_failed;
    Status answer;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    Error err = ERROR_INIT;
    memcpy(f->home, "/tmp/weir-bus-XXXXXX", sizeof "/tmp/weir-bus-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    pthread_mutex_init(&f->lock, NULL);
    assert_int_equal(store_open(f->home, &f->store, &err), ST_OK);
    assert_int_equal(bus_open(f->store, &f->bus, &err), ST_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    bus_close(f->bus);
    store_close(f->store);
    assert_int_equal(tree_remove(f->home, &err), ST_OK);
    free(f);
    return 0;
}

static Status deliver(void *self, const BusMessage *m, Error *err)
{
    Fixture *f = self;
    pthread_mutex_lock(&f->lock);
    Status status = f->failures-- > 0 ? f->answer : ST_OK;
    f->delivered += status == ST_OK;
    pthread_mutex_unlock(&f->lock);
    assert_string_equal(m->target, TOPIC);
    assert_string_equal(m->payload, "hello");
    return status == ST_OK ? ST_OK : FAIL(err, status, "topic t is not there");
}

static Status settled(void *self, Db *db, const BusMessage *m, const char *why, Error *err)
{
    Fixture *f = self;
    (void)db, (void)m, (void)err;
    pthread_mutex_lock(&f->lock);
    f->told++;
    f->told_failed += why && strstr(why, "topic t");
    pthread_mutex_unlock(&f->lock);
    return ST_OK;
}

static void put(Fixture *f, bool commit)
{
    Error err = ERROR_INIT;
    db_auto *db = NULL;
    BusMessage m = { .region = "us-east-1", .target = TOPIC, .source = ALARM, .payload = "hello" };
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_begin(db, &err), ST_OK);
    assert_int_equal(bus_put(db, &m, &err), ST_OK);
    m.target = "nonsense";
    assert_int_equal(bus_put(db, &m, &err), ST_INVALID);
    if (commit)
        assert_int_equal(db_commit(db, &err), ST_OK);
    else
        db_rollback(db);
    bus_wake(f->bus);
}

static int64_t count(Fixture *f, const char *sql)
{
    Error err = ERROR_INIT;
    db_auto *db = NULL;
    int64_t n = -1;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_get_int(db, &n, &err, sql, ""), ST_OK);
    return n;
}

/* Until the query gives `wanted`; the suite's time limit ends what never comes. */
static void until(Fixture *f, const char *sql, int64_t wanted)
{
    while (count(f, sql) != wanted)
        usleep(5000);
}

static void start(Fixture *f)
{
    Error err = ERROR_INIT;
    bus_consume(f->bus, "sns", deliver, f);
    bus_on_settled(f->bus, "cloudwatch", settled, f);
    assert_int_equal(bus_start(f->bus, &err), ST_OK);
}

static void a_message_is_delivered_when_its_transaction_is_there(void **state)
{
    Fixture *f = *state;
    put(f, false);
    put(f, true); /* before there is a consumer: it waits */
    start(f);
    until(f, "SELECT count(*) FROM bus_message WHERE state='DELIVERED'", 1);
    bus_stop(f->bus);
    assert_int_equal(f->delivered, 1);
    assert_int_equal(f->told, 1);
    assert_int_equal(f->told_failed, 0);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message"), 1);
}

static void a_passing_failure_is_tried_again_and_recorded(void **state)
{
    Fixture *f = *state;
    f->answer = ST_IO;
    f->failures = 1;
    start(f);
    put(f, true);
    until(f, "SELECT count(*) FROM bus_message WHERE state='DELIVERED'", 1);
    bus_stop(f->bus);
    assert_int_equal(f->delivered, 1);
    assert_int_equal(count(f, "SELECT attempts FROM bus_message"), 2);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message WHERE last_error='topic t is not there'"), 1);
}

static void what_can_not_work_fails_by_name(void **state)
{
    Fixture *f = *state;
    f->answer = ST_NOT_FOUND;
    f->failures = 1;
    start(f);
    put(f, true);
    until(f, "SELECT count(*) FROM bus_message WHERE state='FAILED' AND last_error='topic t is not there' AND attempts=1", 1);
    bus_stop(f->bus);
    assert_int_equal(f->told_failed, 1);
}

static void what_nobody_takes_for_a_week_fails(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    put(f, true);
    assert_int_equal(bus_sweep(f->bus, &err), ST_OK);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message WHERE state='PENDING'"), 1);
    db_auto *db = NULL;
    assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
    assert_int_equal(db_exec(db, &err, "UPDATE bus_message SET created_ms=created_ms-8*86400000", ""), ST_OK);
    assert_int_equal(bus_sweep(f->bus, &err), ST_OK);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message WHERE state='FAILED'"), 1);
}

static Status tell(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Fixture *f = self;
    BusMessage m = { .region = "us-east-1", .target = TOPIC, .source = ALARM, .payload = "hello" };
    assert_string_equal(val_str(c->facts, "why"), "because");
    pthread_mutex_lock(&f->lock);
    bool fails = str_eq(c->state, "LATER") && f->failures-- > 0;
    pthread_mutex_unlock(&f->lock);
    TRY(bus_put(db, &m, err)); /* of a change that fails nothing stays */
    (void)a;
    return fails ? FAIL(err, ST_IO, "not now") : str_eq(c->state, "WRONG") ? FAIL(err, ST_INVALID, "no such thing") : ST_OK;
}

static void changes_are_told_in_their_order_and_once(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    static const char *const rows[][2] = { { "thing", "A" }, { "thing", "WRONG" }, { "unknown", "A" }, { "thing", "LATER" }, { "thing", "B" } };
    {
        db_auto *db = NULL;
        assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            assert_int_equal(db_exec(db, &err, "INSERT INTO change(source, subject, state, facts, at_ms) VALUES(?,'x',?,'{\"why\":\"because\"}',1)", "ss", rows[i][0],
                                     rows[i][1]), ST_OK);
    }
    f->failures = 1;
    bus_on_change(f->bus, "thing", tell, f);
    assert_int_equal(bus_start(f->bus, &err), ST_OK);
    until(f, "SELECT count(*) FROM change", 0);
    bus_stop(f->bus);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message"), 3); /* A, LATER, B */
}

static void limits_and_deliverers_are_the_messages_own(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    f->answer = ST_IO;
    f->failures = 100;
    {
        db_auto *db = NULL;
        BusMessage m = { .region = "us-east-1", .target = TOPIC, .source = ALARM, .payload = "hello", .service = "other", .limited = true, .retries_max = 1,
                         .age_max_ms = 3600000 };
        assert_int_equal(store_borrow(f->store, &db, &err), ST_OK);
        assert_int_equal(bus_put(db, &m, &err), ST_OK);
        m.service = NULL;
        assert_int_equal(bus_record(db, &m, "it was so", &err), ST_OK);
    }
    bus_consume(f->bus, "other", deliver, f);
    assert_int_equal(bus_start(f->bus, &err), ST_OK);
    until(f, "SELECT count(*) FROM bus_message WHERE state='FAILED' AND attempts=2 AND last_error='topic t is not there'", 1);
    bus_stop(f->bus);
    assert_int_equal(count(f, "SELECT count(*) FROM bus_message WHERE state='FAILED' AND service='sns' AND last_error='it was so'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_delivered_when_its_transaction_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_passing_failure_is_tried_again_and_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_work_fails_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_takes_for_a_week_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_told_in_their_order_and_once, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_and_deliverers_are_the_messages_own, setup, teardown),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
