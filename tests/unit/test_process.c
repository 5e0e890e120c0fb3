/* os/process: ends, time limits, orphans, and processes that are not our children. */
#include "base/clock.h"
#include "base/str.h"
#include "os/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static Process start(const char *script)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    Process process = PROCESS_NONE;
    Error err = ERROR_INIT;
    if (process_spawn(&options, &process, &err) != ST_OK)
        fail_msg("spawn: %s", err.message);
    return process;
}

static ProcessEnd end_of(Process *process)
{
    ProcessEnd end = { 0 };
    Error err = ERROR_INIT;
    if (process_wait(process, 20000, &end, &err) != ST_OK)
        fail_msg("wait: %s", err.message);
    process_done(process);
    return end;
}

static void exit_code_and_signal_are_told_apart(void **state)
{
    (void)state;
    Process a = start("exit 7"), b = start("kill -9 $$");
    ProcessEnd end = end_of(&a);
    assert_false(end.signalled);
    assert_int_equal(end.code, 7);
    end = end_of(&b);
    assert_true(end.signalled);
    assert_int_equal(end.code, SIGKILL);
}

static void missing_program_is_named(void **state)
{
    (void)state;
    const char *path[] = { "/no/such/program", NULL }, *name[] = { "no-such-program-anywhere", NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    Process process = PROCESS_NONE;
    Error err = ERROR_INIT;
    options.argv = path;
    assert_int_equal(process_spawn(&options, &process, &err), ST_NOT_FOUND);
    assert_string_equal(err.message, "/no/such/program: No such file or directory");
    options.argv = name;
    assert_int_equal(process_spawn(&options, &process, &err), ST_NOT_FOUND);
    assert_int_equal(process.pid, 0);
}

static void wait_gives_up_after_its_time(void **state)
{
    (void)state;
    Process process = start("exec sleep 60");
    ProcessEnd end;
    assert_int_equal(process_wait(&process, 30, &end, NULL), ST_LIMIT);
    process_signal(&process, SIGKILL);
    assert_int_equal(end_of(&process).code, SIGKILL);
}

static void files_of_ours_do_not_leak(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0); /* without O_CLOEXEC */
    char script[128];
    snprintf(script, sizeof script, "[ ! -e /proc/self/fd/%d ]", pipe_fds[1]);
    Process process = start(script);
    assert_int_equal(end_of(&process).code, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void orphans_are_killed_to_the_last(void **state)
{
    (void)state;
    assert_int_equal(process_become_subreaper(NULL), ST_OK);
    /* One that left the session, one that ignores SIGTERM, one that starts others when asked to end. */
    Process process = start("setsid sleep 61 & (trap '' TERM; sleep 62; sleep 63) & "
                            "(trap 'setsid sleep 64' TERM; sleep 65) & exit 0");
    assert_int_equal(end_of(&process).code, 0);
    arena_auto *a = arena_new();
    PidList pids;
    process_find(a, getpid(), NULL, &pids);
    assert_true(pids.len >= 3);
    assert_int_equal(process_kill_all(getpid(), NULL, 100, 5000), 0);
    process_find(a, getpid(), NULL, &pids);
    assert_int_equal(pids.len, 0);
}

static void strangers_are_found_by_their_tag(void **state)
{
    (void)state;
    /* The tag is in the environment at the start of sh only; its child inherits it. */
    Process process = start("WEIR_TEST_TAG=unit-7731 sh -c 'sleep 66 & sleep 67'");
    arena_auto *a = arena_new();
    PidList pids = { 0 };
    int64_t until = clock_monotonic_ms() + 10000;
    while (pids.len < 3 && clock_monotonic_ms() < until)
        process_find(a, 0, "WEIR_TEST_TAG=unit-7731", &pids);
    assert_true(pids.len >= 3);
    assert_int_equal(process_kill_all(0, "WEIR_TEST_TAG=unit-7731", 0, 5000), 0);
    process_signal(&process, SIGKILL);
    end_of(&process);
}

static void adopting_checks_the_start_time(void **state)
{
    (void)state;
    Process process = start("exec sleep 68"), same = PROCESS_NONE;
    uint64_t started = process_start_time(process.pid);
    assert_true(started > 0);
    assert_int_equal(process_adopt(process.pid, started + 1, &same, NULL), ST_NOT_FOUND);
    assert_int_equal(process_adopt(process.pid, started, &same, NULL), ST_OK);
    process_signal(&same, SIGTERM);
    process_done(&same);
    assert_int_equal(end_of(&process).code, SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code_and_signal_are_told_apart), cmocka_unit_test(missing_program_is_named),
        cmocka_unit_test(wait_gives_up_after_its_time),        cmocka_unit_test(files_of_ours_do_not_leak),
        cmocka_unit_test(orphans_are_killed_to_the_last),      cmocka_unit_test(strangers_are_found_by_their_tag),
        cmocka_unit_test(adopting_checks_the_start_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
