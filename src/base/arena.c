/* base/arena.c -- a list of chunks, each twice the last up to 1 MiB; large requests get a chunk of their own.
 * Under AddressSanitizer every allocation is a chunk, so that reads past its end are found. */
#include "base/arena.h"

#include "base/format.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gcc's word for it, and clang's. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#endif

#if defined(ARENA_SANITIZED)
enum { CHUNK_FIRST_BYTES = 0, CHUNK_MAX_BYTES = 0 };
#else
enum { CHUNK_FIRST_BYTES = 4096, CHUNK_MAX_BYTES = 1 << 20 };
#endif

typedef struct Chunk {
    struct Chunk *next;
    size_t size, used;
    max_align_t data[];
} Chunk;

typedef struct Deferred {
    struct Deferred *next;
    void (*fn)(void *arg);
    void *arg;
} Deferred;

struct Arena {
    Chunk *chunks;
    Deferred *deferred;
    size_t next_size, used;
};

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "weir: out of memory (%zu bytes asked)\n", size);
    abort();
}

Arena *arena_new(void)
{
    Arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory(sizeof *a);
    a->next_size = CHUNK_FIRST_BYTES;
    return a;
}

void arena_free(Arena *a)
{
    if (!a)
        return;
    for (Deferred *d = a->deferred; d; d = d->next)
        d->fn(d->arg);
    for (Chunk *c = a->chunks; c;) {
        Chunk *next = c->next;
        free(c);
        c = next;
    }
    free(a);
}

void arena_freep(Arena **a)
{
    arena_free(*a);
    *a = NULL;
}

size_t arena_mul(size_t count, size_t size_bytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, size_bytes, &product))
        out_of_memory(SIZE_MAX);
    return product;
}

static Chunk *chunk_new(size_t size, Chunk *next)
{
    size_t total;
    if (__builtin_add_overflow(size, sizeof(Chunk), &total))
        out_of_memory(SIZE_MAX);
    Chunk *c = malloc(total);
    if (!c)
        out_of_memory(size);
    *c = (Chunk){ .next = next, .size = size };
    return c;
}

static size_t rounded(size_t size_bytes)
{
    if (size_bytes > PTRDIFF_MAX)
        out_of_memory(size_bytes);
    return size_bytes ? (size_bytes + 15) & ~(size_t)15 : 16;
}

/* Memory as it comes: what is filled at once need not be zeroed before. */
static void *take(Arena *a, size_t size_bytes)
{
    size_t size = rounded(size_bytes);
    a->used += size;
    Chunk *c = a->chunks;
    if (!c || c->size - c->used < size) {
        if (size > a->next_size / 4 && c && c->size > c->used) { /* large: leave the current chunk in front */
            Chunk *large = chunk_new(size, c->next);
            large->used = size;
            c->next = large;
            return large->data;
        }
#if defined(ARENA_SANITIZED)
        size = size_bytes ? size_bytes : 1;
#endif
        c = a->chunks = chunk_new(size > a->next_size ? size : a->next_size, c);
        if (a->next_size < CHUNK_MAX_BYTES)
            a->next_size *= 2;
    }
    void *p = (char *)c->data + c->used;
    c->used += size;
    return p;
}

void *arena_alloc(Arena *a, size_t size_bytes)
{
    void *p = take(a, size_bytes);
    memset(p, 0, size_bytes);
    return p;
}

void *arena_copy(Arena *a, const void *bytes, size_t size_bytes)
{
    void *p = take(a, size_bytes);
    if (size_bytes)
        memcpy(p, bytes, size_bytes);
    return p;
}

void *arena_grow(Arena *a, void *p, size_t size_bytes, size_t larger_bytes)
{
    Chunk *c = a->chunks;
    size_t size = p ? rounded(size_bytes) : 0, larger = rounded(larger_bytes);
    bool is_last = p && c && c->used >= size && (char *)p == (char *)c->data + c->used - size;
    if (is_last && larger >= size && c->size - c->used >= larger - size) {
        c->used += larger - size;
        a->used += larger - size;
        return p;
    }
    void *bigger = take(a, larger_bytes);
    if (size_bytes && p)
        memcpy(bigger, p, size_bytes);
    return bigger;
}

char *arena_strn(Arena *a, const char *text, size_t length)
{
    char *p = take(a, length + 1);
    if (length)
        memcpy(p, text, length);
    p[length] = 0;
    return p;
}

char *arena_str(Arena *a, const char *text)
{
    return text ? arena_strn(a, text, strlen(text)) : NULL;
}

char *arena_vprintf(Arena *a, const char *format, va_list args)
{
    char small[16 * 1024]; /* a text that does not fit is measured byte by byte: slow */
    va_list again;
    va_copy(again, args);
    int length = format_text(small, sizeof small, format, again);
    va_end(again);
    if (length < 0)
        out_of_memory(0);
    if ((size_t)length < sizeof small)
        return arena_strn(a, small, (size_t)length);
    char *p = take(a, (size_t)length + 1);
    format_text(p, (size_t)length + 1, format, args);
    return p;
}

char *arena_printf(Arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *p = arena_vprintf(a, format, args);
    va_end(args);
    return p;
}

size_t arena_used_bytes(const Arena *a)
{
    return a->used;
}

void arena_defer(Arena *a, void (*fn)(void *arg), void *arg)
{
    Deferred *d = ARENA_NEW(a, Deferred);
    d->fn = fn;
    d->arg = arg;
    d->next = a->deferred;
    a->deferred = d;
}
