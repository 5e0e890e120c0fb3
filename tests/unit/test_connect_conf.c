/* Sessions' configuration: Spark's keys, defaults, and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "driver/conf.h"

static int make(void **state)
{
    *state = conf_new(NULL);
    return 0;
}

static int drop(void **state)
{
    conf_free(*state);
    return 0;
}

static void known_keys_have_defaults(void **state)
{
    Conf *c = *state;
    assert_string_equal(conf_get(c, "spark.sql.shuffle.partitions"), "200");
    assert_string_equal(conf_get(c, "spark.sql.ansi.enabled"), "true");
    assert_null(conf_get(c, "no.such.key"));
    assert_null(conf_get(c, "spark.executor.memory"));
    /* a key whose default is another key's value */
    assert_string_equal(conf_get(c, "spark.sql.adaptive.advisoryPartitionSizeInBytes"), "64MB");
}

static void every_row_is_found(void **state)
{
    Conf *c = *state;
    static const struct { const char *key, *value; } rows[] = {
#define SEE ""
#define CONF(key, value, kind, type) { key, value },
#define CONF_OF(key, value, values) { key, value },
#include "driver/conf.def"
#undef CONF
#undef CONF_OF
    };
    for (size_t i = 1; i < sizeof rows / sizeof *rows; i++)
        assert_true(strcmp(rows[i - 1].key, rows[i].key) < 0); /* the look-up is a binary search */
    arena_auto *a = arena_new();
    KeyValueList all;
    conf_list_all(c, a, &all);
    assert_true(all.len > 600);
}

static void settings_come_and_go(void **state)
{
    Conf *c = *state;
    Error err = ERROR_INIT;
    assert_int_equal(conf_set(c, "spark.sql.shuffle.partitions", "7", &err), ST_OK);
    assert_int_equal(conf_set(c, "my.own.key", "x", &err), ST_OK);
    assert_string_equal(conf_get(c, "spark.sql.shuffle.partitions"), "7");
    Conf *copy = conf_copy(c);
    assert_int_equal(conf_unset(c, "spark.sql.shuffle.partitions", &err), ST_OK);
    assert_string_equal(conf_get(c, "spark.sql.shuffle.partitions"), "200");
    assert_string_equal(conf_get(copy, "spark.sql.shuffle.partitions"), "7");
    assert_string_equal(conf_get(copy, "my.own.key"), "x");
    conf_free(copy);
}

static void a_meaning_that_is_not_done_is_refused(void **state)
{
    Conf *c = *state;
    Error err = ERROR_INIT;
    assert_int_equal(conf_set(c, "spark.sql.legacy.noCharPaddingInPredicate", "true", &err), ST_UNSUPPORTED);
    assert_string_equal(err.code, "UNSUPPORTED_FEATURE.CONFIG_VALUE");
    assert_string_equal(conf_get(c, "spark.sql.legacy.noCharPaddingInPredicate"), "false");
    assert_int_equal(conf_set(c, "spark.sql.legacy.noCharPaddingInPredicate", "FALSE", &err), ST_OK);
    assert_int_equal(conf_set(c, "spark.sql.legacy.noCharPaddingInPredicate", "1", &err), ST_INVALID);
    assert_int_equal(conf_set(c, "spark.sql.parquet.outputTimestampType", "timestamp_micros", &err), ST_OK);
    assert_int_equal(conf_set(c, "spark.sql.parquet.outputTimestampType", "TIMESTAMP_MILLIS", &err), ST_UNSUPPORTED);
    assert_true(conf_is_modifiable("spark.sql.parquet.outputTimestampType"));
}

static void what_may_not_change_is_refused(void **state)
{
    Conf *c = *state;
    Error err = ERROR_INIT;
    assert_int_equal(conf_set(c, "spark.sql.warehouse.dir", "/x", &err), ST_INVALID);
    assert_string_equal(err.code, "CANNOT_MODIFY_STATIC_CONFIG");
    assert_string_equal(error_param_get(&err, "key"), "\"spark.sql.warehouse.dir\"");
    err = ERROR_INIT;
    assert_int_equal(conf_set(c, "spark.executor.memory", "1g", &err), ST_INVALID);
    assert_string_equal(err.code, "CANNOT_MODIFY_CONFIG");
    assert_int_equal(conf_set(c, "spark.sql.legacy.setCommandRejectsSparkCoreConfs", "false", &err), ST_OK);
    assert_int_equal(conf_set(c, "spark.executor.memory", "1g", &err), ST_OK);
}

static void values_are_checked(void **state)
{
    Conf *c = *state;
    Error err = ERROR_INIT;
    assert_int_equal(conf_set(c, "spark.sql.ansi.enabled", "maybe", &err), ST_INVALID);
    assert_string_equal(err.code, "INVALID_CONF_VALUE.TYPE_MISMATCH");
    assert_int_equal(conf_set(c, "spark.sql.shuffle.partitions", "many", &err), ST_INVALID);
    assert_int_equal(conf_set(c, "spark.sql.session.timeZone", "Nowhere/Land", &err), ST_INVALID);
    assert_string_equal(err.code, "INVALID_CONF_VALUE.TIME_ZONE");
    assert_int_equal(conf_set(c, "spark.sql.session.timeZone", "../../etc/passwd", &err), ST_INVALID);
    assert_int_equal(conf_set(c, "spark.sql.session.timeZone", "+02:00", &err), ST_OK);
}

static void units_are_understood(void **state)
{
    (void)state;
    int64_t n;
    assert_true(conf_bytes("4g", &n) && n == 4LL << 30);
    assert_true(conf_bytes("512m", &n) && n == 512 << 20);
    assert_true(conf_bytes("134217728b", &n) && n == 134217728);
    assert_false(conf_bytes("4 apples", &n));
    assert_false(conf_bytes("-1g", &n));
    assert_false(conf_bytes("99999999999t", &n));
    assert_true(conf_duration_ms("5m", &n) && n == 300000);
    assert_true(conf_duration_ms("120000ms", &n) && n == 120000);
    assert_false(conf_duration_ms("soon", &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_keys_have_defaults, make, drop),
        cmocka_unit_test_setup_teardown(every_row_is_found, make, drop),
        cmocka_unit_test_setup_teardown(settings_come_and_go, make, drop),
        cmocka_unit_test_setup_teardown(a_meaning_that_is_not_done_is_refused, make, drop),
        cmocka_unit_test_setup_teardown(what_may_not_change_is_refused, make, drop),
        cmocka_unit_test_setup_teardown(values_are_checked, make, drop),
        cmocka_unit_test(units_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
