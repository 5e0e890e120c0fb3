/* os/sandbox: what a confined process can not do, part by part, as far as this host has the part. */
#include "base/file.h"
#include "base/str.h"
#include "os/process.h"
#include "os/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Box {
    Arena *arena;
    char *folder; /* on the host: work/ may be written, secret may not be seen */
    unsigned parts;
} Box;

static int setup(void **state)
{
    Arena *a = arena_new();
    Box *box = ARENA_NEW(a, Box);
    box->arena = a;
    box->folder = arena_str(a, "/var/tmp/weir-sandbox-XXXXXX");
    box->parts = sandbox_probe();
    *state = box;
    if (!mkdtemp(box->folder) || dir_make(path_join(a, box->folder, "work"), 0755, NULL) != ST_OK)
        return -1;
    return file_write_durable(path_join(a, box->folder, "secret"), "key", 3, 0644, NULL) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    Box *box = *state;
    Status status = tree_remove(box->folder, NULL);
    arena_free(box->arena);
    return status == ST_OK ? 0 : -1;
}

static Status enter(void *arg, Error *err)
{
    return sandbox_enter(arg, err);
}

/* The exit code of a shell script in the sandbox; $F is the folder. */
static int run(Box *box, unsigned parts, const char *script, int64_t group_memory, int64_t *ret_oom_kills)
{
    SandboxOptions options = { .parts = parts };
    sandbox_system_paths(box->arena, &options.read_paths, &options.write_paths);
    char *work = path_join(box->arena, box->folder, "work");
    vec_push(box->arena, &options.write_paths, work);
    options.private_tmp = work;
    SandboxGroup group = { 0 };
    Error err = ERROR_INIT;
    if (group_memory) {
        if (sandbox_group_make(box->arena, arena_printf(box->arena, "weir-test-%d", (int)getpid()), parts, group_memory, 500,
                               &group, &err) != ST_OK)
            fail_msg("%s", err.message);
        options.group = &group;
    }
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    const char *env[] = { "PATH=/usr/bin:/bin", arena_printf(box->arena, "F=%s", box->folder), NULL };
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = argv;
    spawn.env = env;
    spawn.cwd = work;
    spawn.in_child = enter;
    spawn.arg = &options;
    Process process;
    ProcessEnd end = { 0 };
    if (process_spawn(&spawn, &process, &err) != ST_OK || process_wait(&process, 30000, &end, &err) != ST_OK)
        fail_msg("%s", err.message);
    process_done(&process);
    if (ret_oom_kills)
        *ret_oom_kills = sandbox_group_oom_kills(&group);
    sandbox_group_remove(&group);
    return end.signalled ? 128 + end.code : end.code;
}

static void needs(Box *box, unsigned part)
{
    if (!(box->parts & part)) {
        print_message("this host has no %s\n", sandbox_level(box->arena, part));
        skip();
    }
}

enum { FLOOR = SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS };

static void exit_code_comes_through(void **state)
{
    Box *box = *state;
    assert_int_equal(run(box, box->parts, "exit 5", 0, NULL), 5);
    assert_int_equal(run(box, box->parts, "kill -9 $$", 0, NULL), 137);
    assert_int_equal(run(box, FLOOR, "exit 6", 0, NULL), 6);
}

static void privileges_are_gone(void **state)
{
    Box *box = *state;
    assert_int_equal(run(box, FLOOR, "grep -q 'NoNewPrivs:.1' /proc/self/status && grep -q 'CapEff:.0*$' /proc/self/status &&"
                                     " [ \"$(ulimit -c)\" = 0 ]", 0, NULL), 0);
}

static void landlock_hides_the_host(void **state)
{
    Box *box = *state;
    needs(box, SANDBOX_LANDLOCK);
    unsigned parts = FLOOR | SANDBOX_LANDLOCK;
    assert_int_equal(run(box, parts, "echo x > $F/work/x && cat $F/work/x > /dev/null && rm $F/work/x", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "cat $F/secret", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "ls $F", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "ls /root /home", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "echo x > /usr/weir-was-here", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "ln $F/secret $F/work/secret || mv $F/secret $F/work/", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "cat /etc/shadow || cat /proc/1/environ", 0, NULL), 0);
}

static void seccomp_denies_namespaces_and_mounts(void **state)
{
    Box *box = *state;
    needs(box, SANDBOX_SECCOMP);
    unsigned parts = FLOOR | SANDBOX_SECCOMP;
    assert_int_not_equal(run(box, parts, "unshare -Ur true", 0, NULL), 0);
    assert_int_not_equal(run(box, parts, "mount -t tmpfs x $F/work", 0, NULL), 0);
    assert_int_equal(run(box, parts, "ls / > /dev/null && echo | grep -q ''", 0, NULL), 0); /* ordinary work goes on */
}

static void namespaces_hide_other_processes_and_tmp(void **state)
{
    Box *box = *state;
    needs(box, SANDBOX_NAMESPACES);
    unsigned parts = box->parts & ~(unsigned)(SANDBOX_CGROUP_CPU | SANDBOX_CGROUP_MEMORY);
    assert_int_equal(run(box, parts, "[ $$ = 2 ] && [ $(ls /proc | grep -c '^[0-9]') -le 5 ]", 0, NULL), 0);
    assert_int_equal(run(box, parts, "echo x > /tmp/mine && echo x > /dev/shm/mine", 0, NULL), 0);
    assert_false(path_exists("/tmp/mine"));
    assert_false(path_exists("/dev/shm/mine"));
    /* A daemon that left its session does not outlive the namespace's init. */
    assert_int_equal(run(box, parts, "WEIR_TEST_TAG=unit-daemon setsid sleep 71 & exit 0", 0, NULL), 0);
    PidList pids;
    process_find(box->arena, 0, "WEIR_TEST_TAG=unit-daemon", &pids);
    assert_int_equal(pids.len, 0);
}

static void memory_is_limited_by_the_group(void **state)
{
    Box *box = *state;
    needs(box, SANDBOX_CGROUP_MEMORY);
    int64_t oom_kills = 0;
    int code = run(box, box->parts, "head -c 300000000 /dev/zero | tail -c 299999999 > /dev/null", 64 << 20, &oom_kills);
    assert_int_not_equal(code, 0);
    assert_true(oom_kills >= 1);
    assert_int_equal(run(box, box->parts, "true", 64 << 20, NULL), 0);
}

static void level_names_the_parts(void **state)
{
    Box *box = *state;
    assert_string_equal(sandbox_level(box->arena, SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK), "no_new_privs+landlock");
    assert_string_equal(sandbox_level(box->arena, 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code_comes_through),
        cmocka_unit_test(privileges_are_gone),
        cmocka_unit_test(landlock_hides_the_host),
        cmocka_unit_test(seccomp_denies_namespaces_and_mounts),
        cmocka_unit_test(namespaces_hide_other_processes_and_tmp),
        cmocka_unit_test(memory_is_limited_by_the_group),
        cmocka_unit_test(level_names_the_parts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
