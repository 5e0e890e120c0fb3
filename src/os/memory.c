/* os/memory.c -- see memory.h. */
#include "os/memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* At most so much is lent, in pieces of at least LEND_BYTES; an allocation beyond LEND_ONE_BYTES is one that may fail. */
static const int64_t LEND_MAX_BYTES = INT64_C(1) << 30, LEND_ONE_BYTES = INT64_C(64) << 20, LEND_BYTES = INT64_C(16) << 20;

/* The limit is the process's; so is what was lent beyond it. */
static struct {
    pthread_mutex_t lock; /* of both */
    int64_t lent_bytes;
} limit_state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What RLIMIT_DATA counts, in bytes; -1: the system does not say. Takes no memory. */
static int64_t data_bytes(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    unsigned long long pages;
    if (len <= 0 || sscanf(text, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
        return -1;
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static bool limit_now(struct rlimit *limit)
{
    return getrlimit(RLIMIT_DATA, limit) == 0 && limit->rlim_cur != RLIM_INFINITY;
}

static bool limit_move(int64_t bytes)
{
    struct rlimit limit;
    if (!limit_now(&limit))
        return false;
    limit.rlim_cur += (rlim_t)bytes; /* of a negative one the complement: modulo 2^64 it is the same */
    return limit.rlim_cur <= limit.rlim_max && setrlimit(RLIMIT_DATA, &limit) == 0;
}

void memory_limit(int64_t more_bytes)
{
    struct rlimit limit;
    int64_t now = data_bytes();
    if (now < 0 || getrlimit(RLIMIT_DATA, &limit) != 0 || (rlim_t)(now + more_bytes) >= limit.rlim_cur)
        return;
    limit.rlim_cur = (rlim_t)(now + more_bytes);
    setrlimit(RLIMIT_DATA, &limit);
}

void memory_limit_move(int64_t bytes)
{
    pthread_mutex_lock(&limit_state.lock);
    limit_move(bytes);
    pthread_mutex_unlock(&limit_state.lock);
}

bool memory_lend(size_t bytes)
{
    if (bytes > (size_t)LEND_ONE_BYTES)
        return false;
    int64_t piece = (int64_t)bytes * 2 > LEND_BYTES ? (int64_t)bytes * 2 : LEND_BYTES;
    pthread_mutex_lock(&limit_state.lock);
    bool lent = limit_state.lent_bytes + piece <= LEND_MAX_BYTES && limit_move(piece);
    if (lent)
        limit_state.lent_bytes += piece;
    pthread_mutex_unlock(&limit_state.lock);
    return lent;
}

void memory_settle(void)
{
    struct rlimit limit;
    pthread_mutex_lock(&limit_state.lock);
    int64_t now = limit_state.lent_bytes ? data_bytes() : -1;
    if (now >= 0 && limit_now(&limit) && now + limit_state.lent_bytes + LEND_BYTES < (int64_t)limit.rlim_cur &&
        limit_move(-limit_state.lent_bytes))
        limit_state.lent_bytes = 0;
    pthread_mutex_unlock(&limit_state.lock);
}
