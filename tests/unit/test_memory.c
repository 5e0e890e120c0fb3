/* os/memory: a limit that gives way to what must not fail, within bounds, and comes back. */
#include "os/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MB = 1 << 20 };

static bool fits(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        munmap(p, bytes);
    return p != MAP_FAILED;
}

static rlim_t limit(void)
{
    struct rlimit now;
    return getrlimit(RLIMIT_DATA, &now) == 0 ? now.rlim_cur : 0;
}

/* In a process of its own, whose exit code is the number of the first step that is wrong: the limit stays with the process. */
static int lends(void)
{
    memory_limit(64 * MB);
    rlim_t before = limit();
    if (before == RLIM_INFINITY || !fits(32 * MB) || fits(80 * MB))
        return 1;
    if (!memory_lend(32 * MB) || !fits(80 * MB))
        return 2;
    memory_settle(); /* nothing uses it */
    if (limit() != before || fits(80 * MB))
        return 3;
    if (memory_lend(65 * MB) || limit() != before) /* too much for one that must not fail */
        return 4;
    for (int i = 0; memory_lend(1); i++)
        if (i > 1000)
            return 5;
    if (limit() <= before || limit() > before + ((rlim_t)1 << 30))
        return 6;
    void *used = mmap(NULL, 100 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory_settle(); /* while it is used it stays */
    if (used == MAP_FAILED || limit() == before)
        return 7;
    munmap(used, 100 * MB);
    memory_settle();
    return limit() == before ? 0 : 8;
}

static void limit_gives_way_and_comes_back(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(lends());
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(limit_gives_way_and_comes_back) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
