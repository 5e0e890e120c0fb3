/* Glue's small languages: partition expressions, name patterns, schedules. */
#include "base/str.h"
#include "svc/glue/expression.h"
#include "svc/glue/name_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static PartitionKeyList keys(Arena *a)
{
    PartitionKeyList list = { 0 };
    vec_push(a, &list, (PartitionKey){ "year", "int" });
    vec_push(a, &list, (PartitionKey){ "city", "string" });
    vec_push(a, &list, (PartitionKey){ "price", "decimal(10,2)" });
    vec_push(a, &list, (PartitionKey){ "day", "date" });
    vec_push(a, &list, (PartitionKey){ "at", "timestamp" });
    vec_push(a, &list, (PartitionKey){ "ratio", "float" });
    return list;
}

static bool matches(const char *text)
{
    arena_auto *a = arena_new();
    PartitionKeyList list = keys(a);
    StrList values = { 0 };
    static const char *const row[] = { "2024", "Köln's", "9.5", "2024-02-29", "2024-02-29 12:00:00.5", "__HIVE_DEFAULT_PARTITION__" };
    for (size_t i = 0; i < 6; i++)
        vec_push(a, &values, row[i]);
    Expression *e = NULL;
    Error err = ERROR_INIT;
    bool result = false;
    if (expression_parse(a, text, &list, &e, &err) != ST_OK || expression_matches(e, &values, &result, &err) != ST_OK)
        fail_msg("%s: %s", text, err.message);
    return result;
}

static void fails(const char *text, const char *message)
{
    arena_auto *a = arena_new();
    PartitionKeyList list = keys(a);
    Expression *e = NULL;
    Error err = ERROR_INIT;
    assert_int_equal(expression_parse(a, text, &list, &e, &err), ST_INVALID);
    assert_string_equal(err.code, "InvalidInputException");
    if (!strstr(err.message, message))
        fail_msg("%s: %s, not %s", text, err.message, message);
}

static void keys_are_compared_by_their_types(void **state)
{
    (void)state;
    assert_true(matches(NULL) && matches("") && matches("  "));
    assert_true(matches("year = 2024") && matches("YEAR > '999'") && !matches("year < 999"));
    assert_true(matches("price = 9.50") && matches("price >= 9") && !matches("price > 1e1"));
    assert_true(matches("city = 'Köln''s'") && matches("city LIKE 'K_ln%'") && !matches("city like 'k%'"));
    assert_true(matches("day between '2024-02-01' and '2024-03-01'") && matches("at = '2024-02-29 12:00:00.500'"));
    assert_true(matches("city LIKE '%n''s' or year in (1, 2024)"));
}

static void connectives_bind_as_in_sql(void **state)
{
    (void)state;
    assert_true(matches("year = 1 OR year = 2024 AND city <> 'x'") && !matches("(year = 1 OR year = 2024) AND city = 'x'"));
    assert_true(matches("NOT year = 1") && matches("year not in (1, 2)") && matches("not (year != 2024)"));
    assert_true(matches("(year) = ((2024)) (OR) (((year))) = (2)"));
    assert_true(matches("year NOT BETWEEN 1 AND 2 and city is not null"));
}

static void null_is_neither_equal_nor_unequal(void **state)
{
    (void)state;
    PartitionKeyList list = { 0 };
    arena_auto *a = arena_new();
    StrList values = { 0 };
    vec_push(a, &list, (PartitionKey){ "k", "int" });
    vec_push(a, &values, "__HIVE_DEFAULT_PARTITION__");
    static const struct {
        const char *text;
        bool result;
    } cases[] = { { "k = 1", false }, { "k <> 1", false }, { "NOT k = 1", false }, { "k IS NULL", true }, { "k IS NOT NULL", false },
                  { "k = 1 OR k IS NULL", true }, { "k = 1 AND k IS NULL", false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Expression *e = NULL;
        bool result = !cases[i].result;
        assert_int_equal(expression_parse(a, cases[i].text, &list, &e, NULL), ST_OK);
        assert_int_equal(expression_matches(e, &values, &result, NULL), ST_OK);
        assert_int_equal(result, cases[i].result);
    }
}

static void malformed_expressions_are_refused(void **state)
{
    (void)state;
    fails("other = 1", "Invalid partition expression!");
    fails("year = 'x'", "\"x\" is not an integer");
    fails("year in (2.5)", "is not an integer");
    fails("day = '2024-02-30'", "is not a date");
    fails("at = '2024-02-29'", "is not a timestamp");
    fails("price = '1.2.3'", "is not a decimal");
    fails("year LIKE '2'", "Integral data type doesn't support operation 'LIKE'");
    fails("ratio = 1", "Unknown type : 'float'");
    static const char *const broken[] = { "year", "year =", "= 1", "year = 1 AND", "year = 1 year = 2", "(year = 1", "year = 1)", "year IN ()",
                                          "year IN 1", "year BETWEEN 1", "city = 'x", "year IS", "year ! 1", "NOT", "year = city", "'" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        fails(broken[i], "Unsupported expression");
    char deep[2000];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    fails(deep, "nested deeper");
}

static bool pattern_hits(const char *pattern, const char *name)
{
    arena_auto *a = arena_new();
    name_pattern_auto *p = NULL;
    assert_int_equal(name_pattern_new(a, pattern, &p, NULL), ST_OK);
    return name_pattern_matches(p, name);
}

static void patterns_match_whole_names(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    NamePattern *p = NULL;
    assert_true(pattern_hits("*", "t") && pattern_hits("ord*", "orders") && pattern_hits("Ord.*", "orders") && !pattern_hits("ord", "orders"));
    assert_true(pattern_hits("\\w+_\\d+", "t_12") && !pattern_hits("\\w+_\\d+", "t_x") && pattern_hits("a|b", "b"));
    assert_int_equal(name_pattern_new(a, "a{9999}", &p, NULL), ST_INVALID);
    assert_int_equal(name_pattern_new(a, "(a)\\1", &p, NULL), ST_INVALID);
    assert_int_equal(name_pattern_new(a, "(a", &p, NULL), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_compared_by_their_types),
        cmocka_unit_test(connectives_bind_as_in_sql),
        cmocka_unit_test(null_is_neither_equal_nor_unequal),
        cmocka_unit_test(malformed_expressions_are_refused),
        cmocka_unit_test(patterns_match_whole_names),
    };
    return cmocka_run_group_tests_name("glue", tests, NULL, NULL);
}
