/* base/arena.h -- memory that lives as long as one request or one plan.
 * Allocate freely, free never: arena_free() releases everything at once. Memory is zeroed where nothing else is said. Not thread-safe.
 * Out of memory, or a size that overflows, aborts the process: check sizes that a client sends against base/limits.h first. */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H
#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *a); /* NULL is fine */
void arena_freep(Arena **a);
#define arena_auto __attribute__((cleanup(arena_freep))) Arena

void *arena_alloc(Arena *a, size_t size_bytes); /* 16-byte aligned */
void *arena_copy(Arena *a, const void *bytes, size_t size_bytes);
/* p[0..size_bytes), of this arena or NULL, with room for larger_bytes, not zeroed: where it is if nothing was allocated since. */
void *arena_grow(Arena *a, void *p, size_t size_bytes, size_t larger_bytes);
char *arena_str(Arena *a, const char *text); /* NULL gives NULL */
char *arena_strn(Arena *a, const char *text, size_t length); /* NUL-terminated copy of text[0..length) */
char *arena_printf(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *a, const char *format, va_list args);
size_t arena_used_bytes(const Arena *a);

/* Runs `fn(arg)` when the arena is freed, last added first: for a handle that must live as long as the plan. */
void arena_defer(Arena *a, void (*fn)(void *arg), void *arg);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), arena_mul((n), sizeof(T))))
size_t arena_mul(size_t count, size_t size_bytes); /* aborts on overflow */

#endif
