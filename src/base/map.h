/* base/map.h -- text to pointer, insertion-ordered, in an arena. No removal: set a value to NULL instead.
 * Keys are compared exactly; callers that fold case fold the key. Not thread-safe. */
#ifndef WEIR_BASE_MAP_H
#define WEIR_BASE_MAP_H
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct MapEntry {
    const char *key;
    void *value;
} MapEntry;

typedef struct Map {
    MapEntry *at; /* in order of first insertion, 0..len */
    size_t len, cap;
    uint32_t *slots; /* index + 1 into `at`, 0: free */
    size_t nslots;   /* a power of two */
} Map;

void map_set(Arena *a, Map *m, const char *key, void *value); /* the key is copied */
void *map_get(const Map *m, const char *key);                 /* NULL when absent */
bool map_has(const Map *m, const char *key);

#endif
