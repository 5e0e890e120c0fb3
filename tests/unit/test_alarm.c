/* Alarms: M out of N with missing data, row by row as CloudWatch documents it; composite rules; metric math's syntax. */
#include "base/str.h"
#include "svc/cloudwatch/alarm.h"
#include "svc/cloudwatch/math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* "0 - X": not breaching, missing, breaching; oldest first. Five points: an evaluation range of 3 + 2. */
static const char *state_of_window(const char *window, size_t to_alarm, TreatMissing treat)
{
    WindowPoint points[5] = { 0 };
    size_t n = 0;
    for (const char *c = window; *c; c++) {
        if (*c == ' ')
            continue;
        points[n].present = *c != '-';
        points[n++].breaching = *c == 'X';
    }
    assert_int_equal(n, 5);
    const char *state = window_state(points, n, 3, to_alarm, treat);
    return state ? state : "retain";
}

/* Source: "Configuring how CloudWatch alarms treat missing data", the two tables; columns missing, ignore, breaching, notBreaching. */
static void missing_data_is_treated_as_documented(void **state)
{
    (void)state;
    static const struct {
        const char *window;
        size_t to_alarm;
        const char *wanted[4];
    } rows[] = {
        { "0 - X - X", 3, { "OK", "OK", "OK", "OK" } },
        { "- - - - 0", 3, { "OK", "OK", "OK", "OK" } },
        { "- - - - -", 3, { "INSUFFICIENT_DATA", "retain", "ALARM", "OK" } },
        { "0 X X - X", 3, { "ALARM", "ALARM", "ALARM", "ALARM" } },
        { "- - X - -", 3, { "ALARM", "retain", "ALARM", "OK" } },
        { "0 - X - X", 2, { "ALARM", "ALARM", "ALARM", "ALARM" } },
        { "0 0 X 0 X", 2, { "ALARM", "ALARM", "ALARM", "ALARM" } },
        { "0 - X - -", 2, { "OK", "OK", "ALARM", "OK" } },
        { "- - - - 0", 2, { "OK", "OK", "ALARM", "OK" } },
        { "- - - X -", 2, { "ALARM", "retain", "ALARM", "OK" } },
        /* A first breaching point is no alarm yet: "avoiding premature transitions". */
        { "- - - - X", 3, { "retain", "retain", "ALARM", "OK" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int treat = 0; treat < 4; treat++) {
            const char *got = state_of_window(rows[i].window, rows[i].to_alarm, (TreatMissing)treat);
            if (!str_eq(got, rows[i].wanted[treat]))
                fail_msg("%s, %zu of 3, column %d: %s, not %s", rows[i].window, rows[i].to_alarm, treat, got, rows[i].wanted[treat]);
        }
}

static const char *two_states(void *self, const char *name)
{
    (void)self;
    return str_eq(name, "a") ? "ALARM" : str_eq(name, "b c") ? "OK" : NULL;
}

static void composite_rules(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } good[] = { { "ALARM(a)", true }, { "ALARM(\"b c\")", false }, { "OK(\"b c\") AND ALARM(a)", true }, { "NOT ALARM(a)", false },
                 { "FALSE OR (TRUE AND NOT OK(a))", true }, { "INSUFFICIENT_DATA(nobody) OR FALSE", false }, { "TRUE OR TRUE AND FALSE", true },
                 { "ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", true } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        RuleNode *node;
        StrList names = { 0 };
        assert_int_equal(rule_parse(a, good[i].text, &node, &names, &err), ST_OK);
        assert_int_equal(rule_holds(node, two_states, NULL), good[i].holds);
    }
    static const char *const wrong[] = { "", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) AND", "(TRUE", "TRUE FALSE", "ALARM(\"a)", "alarm(a)", "XOR(a)" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        RuleNode *node;
        StrList names = { 0 };
        assert_int_equal(rule_parse(a, wrong[i], &node, &names, &err), ST_INVALID);
    }
}

static void hostile_nesting_is_refused(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    str_auto deep = STR_INIT(1 << 20);
    for (int i = 0; i < 100000; i++)
        str_add(&deep, i % 2 ? "-(" : "NOT (");
    RuleNode *rule;
    MathNode *node;
    StrList names = { 0 };
    assert_int_equal(rule_parse(a, str_text(&deep), &rule, &names, &err), ST_INVALID);
    assert_int_equal(math_parse(a, str_text(&deep), &node, &err), ST_INVALID);
    str_clear(&deep);
    for (int i = 0; i < 100000; i++)
        str_add(&deep, "2^");
    assert_int_equal(math_parse(a, str_text(&deep), &node, &err), ST_INVALID);
}

static void metric_math_syntax(void **state)
{
    (void)state;
    static const char *const good[] = { "m1", "m1+m2*3", "-m1", "(m1 + 2) / -3.5e2", "SUM([m1,m2])", "IF(m1 > 1 AND m2 != 0, m1, 0)", "METRICS('m')",
                                        "FILL(m1, REPEAT)", "SORT(METRICS(), AVG, DESC, 3)", "2^3^2", "m1 >= 1 || m2 <= 2 && 1" };
    static const char *const wrong[] = { "", "m1 +", "(m1", "m1 m2", "SUM(m1", "[m1", "'open", "m1 === 2", "*m1", "m1 # 2", "SUM(,)" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        MathNode *node;
        if (math_parse(a, good[i], &node, &err) != ST_OK)
            fail_msg("%s: %s", good[i], err.message);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        MathNode *node;
        assert_int_equal(math_parse(a, wrong[i], &node, &err), ST_INVALID);
        assert_string_equal(err.code, "ValidationError");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_data_is_treated_as_documented),
        cmocka_unit_test(composite_rules),
        cmocka_unit_test(hostile_nesting_is_refused),
        cmocka_unit_test(metric_math_syntax),
    };
    return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}
