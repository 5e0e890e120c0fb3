/* Schedules: what is one, when it is next, and when a minute is one of its own. Examples: "Cron expressions reference" of EventBridge. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int64_t ms_of(const char *time)
{
    int64_t ms = 0;
    assert_true(time_parse_iso8601(time, &ms));
    return ms;
}

static bool is_due(const char *schedule, const char *time)
{
    return schedule_is_due(schedule, ms_of(time));
}

static void next_is(const char *schedule, const char *after, const char *expected)
{
    arena_auto *a = arena_new();
    int64_t next = schedule_next_ms(schedule, ms_of(after));
    assert_string_equal(next < 0 ? "never" : time_iso8601_s(a, next), expected);
}

static void schedules_name_minutes(void **state)
{
    (void)state;
    assert_true(is_due("cron(15 12 * * ? *)", "2026-03-02T12:15:30Z") && !is_due("cron(15 12 * * ? *)", "2026-03-02T12:16:00Z"));
    assert_true(is_due("cron(0/15 8-17 ? * MON-FRI *)", "2026-03-02T08:45:00Z") && !is_due("cron(0/15 8-17 ? * MON-FRI *)", "2026-03-01T08:45:00Z"));
    assert_true(is_due("cron(0 0 1,15 JAN,mar ? 2026-2028)", "2026-03-15T00:00:00Z"));
    assert_true(!is_due("rate(1 minute)", "2026-03-15T00:00:00Z"));
}

static void the_next_minute_is_found(void **state)
{
    (void)state;
    next_is("cron(0 10 * * ? *)", "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z");
    next_is("cron(0 10 * * ? *)", "2026-03-02T09:59:59.999Z", "2026-03-02T10:00:00Z");
    next_is("cron(0 18 ? * MON-FRI *)", "2026-03-06T18:00:00Z", "2026-03-09T18:00:00Z");
    next_is("cron(0 8 1 * ? *)", "2026-12-02T00:00:00Z", "2027-01-01T08:00:00Z");
    next_is("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z");
    next_is("cron(0 0 31 2 ? *)", "2026-01-01T00:00:00Z", "never");
    next_is("cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00Z", "never");
    next_is("rate(5 minutes)", "2026-01-01T00:00:30Z", "2026-01-01T00:05:30Z");
    next_is("rate(1 day)", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z");
}

static void days_that_depend_on_the_month(void **state)
{
    (void)state;
    next_is("cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z");
    next_is("cron(0 0 LW * ? *)", "2026-02-01T00:00:00Z", "2026-02-27T00:00:00Z");      /* the 28th is a Saturday */
    next_is("cron(0 0 15W * ? *)", "2026-03-01T00:00:00Z", "2026-03-16T00:00:00Z");     /* the 15th is a Sunday */
    next_is("cron(0 0 1W * ? *)", "2026-07-30T00:00:00Z", "2026-08-03T00:00:00Z");      /* Saturday the 1st: not into July */
    next_is("cron(0 0 ? * 6#3 *)", "2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z");     /* the third Friday */
    next_is("cron(0 0 ? * FRI#5 *)", "2026-03-01T00:00:00Z", "2026-05-29T00:00:00Z");
    next_is("cron(0 0 ? * 2L *)", "2026-03-01T00:00:00Z", "2026-03-30T00:00:00Z");      /* the last Monday */
    next_is("cron(0 0 ? * L *)", "2026-03-01T00:00:00Z", "2026-03-07T00:00:00Z");       /* Saturday */
}

static void what_is_no_schedule(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    static const char *const broken[] = { "", "every day", "cron(* * * * ?)", "cron(60 * * * ? *)", "cron(* * ? * ? *)", "cron(* * ? * 6#6 *)",
                                          "cron(* * * 13 ? *)", "cron(*/0 * * * ? *)", "cron(* * * * ? *", "cron(* * * * ? * *)", "cron(* * * * * *)",
                                          "cron(* * ?,1 * MON *)", "cron(L * * * ? *)", "cron(* * W * ? *)", "rate(5 minute)", "rate(1 minutes)",
                                          "rate(0 minutes)", "rate(-1 minutes)", "rate(1.5 hours)", "rate(1 month)", "rate(5minutes)", "rate(5 minutes))" };
    static const char *const good[] = { "cron(15 12 * * ? *)", "cron(* * L * ? *)", "cron(* * ? * 6#3 *)", "rate(1 minute)", "rate(12 hours)", "rate(7 days)" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(schedule_check(broken[i], &err), ST_INVALID);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(schedule_check(good[i], &err), ST_OK);
    assert_int_equal(schedule_check(NULL, NULL), ST_INVALID);
    assert_int_equal(schedule_next_ms("hello", 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedules_name_minutes),
        cmocka_unit_test(the_next_minute_is_found),
        cmocka_unit_test(days_that_depend_on_the_month),
        cmocka_unit_test(what_is_no_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
