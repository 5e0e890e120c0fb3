/* base/map.c -- open addressing over an ordered array of entries; FNV-1a. */
#include "base/map.h"

#include <string.h>

static uint64_t key_hash(const char *key)
{
    uint64_t h = 14695981039346656037u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return h ^ h >> 32;
}

/* The slot that holds `key`, or the free one where it belongs. Needs nslots > 0. */
static size_t map_slot(const Map *m, const char *key)
{
    size_t i = key_hash(key) & (m->nslots - 1);
    while (m->slots[i] && strcmp(m->at[m->slots[i] - 1].key, key))
        i = (i + 1) & (m->nslots - 1);
    return i;
}

static void map_grow(Arena *a, Map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 8;
    MapEntry *at = ARENA_ARRAY(a, MapEntry, cap);
    if (m->len)
        memcpy(at, m->at, m->len * sizeof *at);
    m->at = at;
    m->cap = cap;
    m->nslots = cap * 2;
    m->slots = ARENA_ARRAY(a, uint32_t, m->nslots);
    for (size_t i = 0; i < m->len; i++)
        m->slots[map_slot(m, m->at[i].key)] = (uint32_t)i + 1;
}

void map_set(Arena *a, Map *m, const char *key, void *value)
{
    if (m->len == m->cap)
        map_grow(a, m);
    size_t slot = map_slot(m, key);
    if (!m->slots[slot]) {
        m->at[m->len++].key = arena_str(a, key);
        m->slots[slot] = (uint32_t)m->len;
    }
    m->at[m->slots[slot] - 1].value = value;
}

bool map_has(const Map *m, const char *key)
{
    return m->nslots && m->slots[map_slot(m, key)];
}

void *map_get(const Map *m, const char *key)
{
    if (!m->nslots)
        return NULL;
    uint32_t index = m->slots[map_slot(m, key)];
    return index ? m->at[index - 1].value : NULL;
}
