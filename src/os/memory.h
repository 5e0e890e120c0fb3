/* os/memory.h -- how much memory this process may have. */
#ifndef WEIR_OS_MEMORY_H
#define WEIR_OS_MEMORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* This process may have so many bytes beyond what it has now (RLIMIT_DATA: heaps, stacks, private mappings). Past that an
 * allocation fails, which the engine makes an error of its query, where the kernel would kill the process. Children inherit it. */
void memory_limit(int64_t more_bytes);
/* Moves the limit, if there is one: for a thread's stack, whose pages mostly stay untouched. Any thread may call it. */
void memory_limit_move(int64_t bytes);
/* The engine's failure must not be ours: an allocation of our own that fails asks for the limit to give way, and is tried again if
 * true (memory_own.c, which the linker puts before malloc and its kin). What is lent that way is bounded, and memory_settle, to be
 * called from time to time, takes it back as soon as the process needs less. */
bool memory_lend(size_t bytes);
void memory_settle(void);

#endif
