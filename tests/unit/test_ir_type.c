/* tests/unit/test_ir_type.c -- data types: texts, JSON there and back, decimal rules, equality. */
#include "ir/type.h"

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

static void texts_are_sparks(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    const Field fields[] = { { "a", &type_int, false, NULL }, { "odd name", type_array(a, &type_string, true), true, NULL } };
    const Type *t = type_struct(a, fields, 2);
    assert_string_equal(type_sql_text(a, t), "STRUCT<a: INT NOT NULL, `odd name`: ARRAY<STRING>>");
    assert_string_equal(type_catalog_text(a, t), "struct<a:int,odd name:array<string>>");
    assert_string_equal(type_sql_text(a, type_map(a, &type_string, type_decimal(a, 10, 2), true)),
                        "MAP<STRING, DECIMAL(10,2)>");
    assert_string_equal(type_sql_text(a, type_day_time(a, INTERVAL_DAY, INTERVAL_SECOND)), "INTERVAL DAY TO SECOND");
    assert_string_equal(type_catalog_text(a, type_year_month(a, INTERVAL_YEAR, INTERVAL_YEAR)), "interval year");
}

static void json_reads_back_equal(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    static const char *const texts[] = {
        "\"integer\"", "\"decimal(38,18)\"", "\"interval day to second\"", "\"timestamp_ntz\"", "\"char(5)\"", "\"time(6)\"",
        "{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":false}",
        "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"double\",\"valueContainsNull\":true}",
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\\\"b\",\"type\":\"date\",\"nullable\":false,\"metadata\":{\"comment\":\"x\"}}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const Type *t = NULL;
        Error err = ERROR_INIT;
        assert_int_equal(type_from_json(a, texts[i], &t, &err), ST_OK);
        str_auto json = STR_INIT(4096);
        type_json(t, &json);
        assert_string_equal(str_text(&json), texts[i]);
    }
}

static void broken_json_is_refused(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    static const char *const texts[][2] = { { "\"integr\"", "INVALID_JSON_DATA_TYPE" },
                                            { "{", "INVALID_JSON_DATA_TYPE" },
                                            { "{\"type\":\"array\"}", "INVALID_JSON_DATA_TYPE" },
                                            { "7", "INVALID_JSON_DATA_TYPE" },
                                            { "\"interval day to year\"", "INVALID_JSON_DATA_TYPE" },
                                            { "\"decimal(40,2)\"", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION" },
                                            { "\"decimal(5,-2)\"", "NEGATIVE_SCALE_DISALLOWED" },
                                            { "\"time(7)\"", "UNSUPPORTED_TIME_PRECISION" } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const Type *t = NULL;
        Error err = ERROR_INIT;
        assert_int_equal(type_from_json(a, texts[i][0], &t, &err), ST_INVALID);
        assert_string_equal(err.code, texts[i][1]);
        assert_null(t);
    }
}

static void wide_decimals_keep_six_fractional_digits(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    assert_string_equal(type_catalog_text(a, type_decimal_adjusted(a, 20, 5)), "decimal(20,5)");
    assert_string_equal(type_catalog_text(a, type_decimal_adjusted(a, 77, 36)), "decimal(38,6)");
    assert_string_equal(type_catalog_text(a, type_decimal_adjusted(a, 40, 20)), "decimal(38,18)");
    assert_string_equal(type_catalog_text(a, type_decimal_bounded(a, 40, 20)), "decimal(38,20)");
}

static void same_ignores_nulls_inside_and_equal_does_not(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    const Type *x = type_array(a, &type_int, true), *y = type_array(a, &type_int, false);
    assert_true(type_same(x, y));
    assert_false(type_equal(x, y));
    assert_false(type_same(x, type_array(a, &type_long, true)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_sparks),
        cmocka_unit_test(json_reads_back_equal),
        cmocka_unit_test(broken_json_is_refused),
        cmocka_unit_test(wide_decimals_keep_six_fractional_digits),
        cmocka_unit_test(same_ignores_nulls_inside_and_equal_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
