/* hadoop/counters.c -- see counters.h. */
#include "hadoop/counters.h"

#include <stdlib.h>

static const char *const groups[COUNTERS] = {
#define COUNTER(id, group, name) [COUNT_##id] = group,
#include "hadoop/counters.def"
#undef COUNTER
};
static const char *const names[COUNTERS] = {
#define COUNTER(id, group, name) [COUNT_##id] = name,
#include "hadoop/counters.def"
#undef COUNTER
};

bool counters_add_user(Counters *c, const char *group, const char *name, int64_t amount)
{
    char *key = arena_printf(c->arena, "%s\t%s", group, name);
    int64_t *value = map_get(&c->user, key);
    if (!value) {
        if (c->user.len >= COUNTERS_USER_MAX)
            return false;
        value = ARENA_NEW(c->arena, int64_t);
        map_set(c->arena, &c->user, key, value);
    }
    *value = (int64_t)((uint64_t)*value + (uint64_t)amount);
    return true;
}

void counters_merge(Counters *into, const Counters *from)
{
    for (size_t i = 0; i < COUNTERS; i++)
        into->own[i] += from->own[i];
    for (size_t i = 0; i < from->user.len; i++) {
        const char *key = from->user.at[i].key, *tab = strchr(key, '\t');
        counters_add_user(into, arena_strn(into->arena, key, (size_t)(tab - key)), tab + 1, *(const int64_t *)from->user.at[i].value);
    }
}

static bool shown(const Counters *c, size_t i, bool reduces)
{
    if (i <= COUNT_FAILED_REDUCES)
        return c->own[i] != 0;
    bool reduce_only = i == COUNT_MAP_OUTPUT_BYTES || i == COUNT_MAP_OUTPUT_MATERIALIZED_BYTES ||
                       (i >= COUNT_COMBINE_INPUT_RECORDS && i <= COUNT_MERGED_MAP_OUTPUTS && i != COUNT_SPILLED_RECORDS &&
                        i != COUNT_FAILED_SHUFFLE && i != COUNT_MERGED_MAP_OUTPUTS);
    return reduces || !reduce_only;
}

static int by_key(const void *x, const void *y)
{
    return strcmp(((const MapEntry *)x)->key, ((const MapEntry *)y)->key);
}

static size_t print_own(const Counters *c, bool reduces, size_t from, size_t to, Str *out)
{
    size_t shown_count = 0;
    const char *group = NULL;
    for (size_t i = from; i < to; i++) {
        if (!shown(c, i, reduces))
            continue;
        if (!str_eq(group, groups[i]))
            str_addf(out, "\t%s\n", groups[i]);
        group = groups[i];
        str_addf(out, "\t\t%s=%lld\n", names[i], (long long)c->own[i]);
        shown_count++;
    }
    return shown_count;
}

void counters_print(const Counters *c, bool reduces, Str *out)
{
    arena_auto *a = arena_new();
    str_auto text = STR_INIT(SIZE_MAX);
    size_t count = print_own(c, reduces, 0, COUNT_BYTES_READ, &text) + c->user.len;
    MapEntry *user = ARENA_ARRAY(a, MapEntry, c->user.len + 1);
    if (c->user.len) {
        memcpy(user, c->user.at, c->user.len * sizeof *user);
        qsort(user, c->user.len, sizeof *user, by_key);
    }
    const char *group = "";
    for (size_t i = 0; i < c->user.len; i++) {
        const char *tab = strchr(user[i].key, '\t');
        const char *mine = arena_strn(a, user[i].key, (size_t)(tab - user[i].key));
        if (i == 0 || !str_eq(group, mine))
            str_addf(&text, "\t%s\n", mine);
        group = mine;
        str_addf(&text, "\t\t%s=%lld\n", tab + 1, (long long)*(const int64_t *)user[i].value);
    }
    count += print_own(c, reduces, COUNT_BYTES_READ, COUNTERS, &text);
    str_addf(out, "Counters: %zu\n%s", count, str_text(&text));
}
