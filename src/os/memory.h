/* os/memory.h -- how much memory this process may have. */
#ifndef WEIR_OS_MEMORY_H
#define WEIR_OS_MEMORY_H
#include <stdint.h>

/* This process may have so many bytes beyond what it has now (RLIMIT_DATA: heaps, stacks, private mappings). Past that an
 * allocation fails, which the engine makes an error of its query, where the kernel would kill the process. Children inherit it. */
void memory_limit(int64_t more_bytes);
/* Moves the limit, if there is one: for a thread's stack, whose pages mostly stay untouched. The caller sees to it that only one does
 * so at a time. */
void memory_limit_move(int64_t bytes);

#endif
