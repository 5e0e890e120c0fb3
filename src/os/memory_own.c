/* os/memory_own.c -- malloc and its kin as our own code calls them (ld's --wrap; the engine, in its library, calls the system's): the
 * limit that makes the engine's allocations fail gives way to ours, a batch's buffer or a call's 32 bytes, whose failure would end
 * the process. See memory.h. Linked into the executable only. */
#include "os/memory.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

void *__wrap_malloc(size_t size)
{
    for (;;) {
        void *p = __real_malloc(size);
        if (p || !memory_lend(size))
            return p;
    }
}

void *__wrap_calloc(size_t count, size_t size)
{
    for (;;) {
        size_t bytes;
        void *p = __real_calloc(count, size);
        if (p || __builtin_mul_overflow(count, size, &bytes) || !memory_lend(bytes))
            return p;
    }
}

void *__wrap_realloc(void *old, size_t size)
{
    for (;;) {
        void *p = __real_realloc(old, size);
        if (p || size == 0 || !memory_lend(size))
            return p;
    }
}

char *__wrap_strdup(const char *text)
{
    for (;;) {
        char *p = __real_strdup(text);
        if (p || !memory_lend(strlen(text) + 1))
            return p;
    }
}

char *__wrap_strndup(const char *text, size_t len)
{
    for (;;) {
        char *p = __real_strndup(text, len);
        if (p || !memory_lend(strnlen(text, len) + 1))
            return p;
    }
}
