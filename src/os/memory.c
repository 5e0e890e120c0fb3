/* os/memory.c -- see memory.h. */
#include "os/memory.h"

#include "base/file.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void memory_limit(int64_t more_bytes)
{
    file_auto *f = fopen("/proc/self/statm", "re");
    unsigned long long data_pages = 0;
    struct rlimit limit;
    if (!f || fscanf(f, "%*u %*u %*u %*u %*u %llu", &data_pages) != 1 || getrlimit(RLIMIT_DATA, &limit) != 0)
        return;
    rlim_t most = (rlim_t)data_pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)more_bytes;
    if (most < limit.rlim_cur) {
        limit.rlim_cur = most;
        setrlimit(RLIMIT_DATA, &limit);
    }
}

void memory_limit_move(int64_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    limit.rlim_cur = bytes < 0 ? limit.rlim_cur - (rlim_t)-bytes : limit.rlim_cur + (rlim_t)bytes;
    if (limit.rlim_cur <= limit.rlim_max)
        setrlimit(RLIMIT_DATA, &limit);
}
