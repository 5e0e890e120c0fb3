/* base/vec.h -- a typed growing array in an arena.
 *   VEC(const char *) names = { 0 };   vec_push(a, &names, "x");   for (size_t i = 0; i < names.len; i++) names.at[i] … */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H
#include "base/arena.h"

#include <string.h>

#define VEC(T)           \
    struct {             \
        T *at;           \
        size_t len, cap; \
    }

static inline void *vec_grow(Arena *a, void *at, size_t len, size_t *cap, size_t item_bytes)
{
    if (len < *cap)
        return at;
    size_t had = *cap;
    *cap = had ? had * 2 : 8;
    return arena_grow(a, at, had * item_bytes, arena_mul(*cap, item_bytes));
}

/* The item is made before the vector grows: it may read it. */
#define vec_push(a, v, ...)                                                                      \
    do {                                                                                         \
        __typeof__(*(v)->at) vec_item = (__VA_ARGS__);                                           \
        (v)->at = vec_grow((a), (v)->at, (v)->len, &(v)->cap, sizeof *(v)->at);                  \
        (v)->at[(v)->len++] = vec_item;                                                          \
    } while (0)

/* A list of texts, the commonest vector of all: names, paths, columns. */
typedef VEC(const char *) StrList;

#endif
