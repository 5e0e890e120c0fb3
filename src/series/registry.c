/* series/registry.c -- which metrics and tracks there are, and the head: the bins of their newest points. */
#include "base/str.h"
#include "series/private.h"

#include <stdlib.h>
#include <string.h>

static int by_name_and_value(const void *a, const void *b)
{
    const SeriesDimension *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

static char *append(char *at, const char *text, char end)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    at[n] = end;
    return at + n + 1;
}

/* Parts with a separator that no name has: region, space, name, and the dimensions in order. */
char *key_identity(Arena *a, const SeriesKey *key)
{
    const SeriesDimension *sorted = key->dimensions;
    size_t length = strlen(key->region) + strlen(key->space) + strlen(key->name) + 3;
    if (key->dimensions_len > 1) {
        SeriesDimension *copy = arena_copy(a, key->dimensions, key->dimensions_len * sizeof *copy);
        qsort(copy, key->dimensions_len, sizeof *copy, by_name_and_value);
        sorted = copy;
    }
    for (size_t i = 0; i < key->dimensions_len; i++)
        length += strlen(sorted[i].name) + strlen(sorted[i].value) + 2;
    char *identity = arena_alloc(a, length + 1), *at = append(append(append(identity, key->region, 0x1f), key->space, 0x1f), key->name, 0x1f);
    for (size_t i = 0; i < key->dimensions_len; i++)
        at = append(append(at, sorted[i].name, 0x1e), sorted[i].value, 0x1f);
    *at = 0;
    return identity;
}

Metric *metric_find(Series *s, const char *identity)
{
    return map_get(&s->identities, identity);
}

static SeriesKey key_copy(Arena *a, const SeriesKey *key)
{
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, key->dimensions_len ? key->dimensions_len : 1);
    for (size_t i = 0; i < key->dimensions_len; i++)
        dimensions[i] = (SeriesDimension){ arena_str(a, key->dimensions[i].name), arena_str(a, key->dimensions[i].value) };
    return (SeriesKey){ arena_str(a, key->region), arena_str(a, key->space), arena_str(a, key->name), dimensions, key->dimensions_len };
}

Metric *metric_restore(Series *s, uint32_t id, const SeriesKey *key, int64_t last_ms)
{
    while (s->metrics.len <= id)
        vec_push(s->arena, &s->metrics, NULL);
    if (s->metrics.at[id])
        return s->metrics.at[id];
    Metric *m = ARENA_NEW(s->arena, Metric);
    m->id = id;
    m->key = key_copy(s->arena, key);
    m->identity = key_identity(s->arena, key);
    m->last_ms = last_ms;
    m->stamp = ++s->stamps;
    s->metrics.at[id] = m;
    map_set(s->arena, &s->identities, m->identity, m);
    return m;
}

Status metric_make(Series *s, const char *identity, const SeriesKey *key, Metric **ret_metric, Error *err)
{
    (void)identity;
    if (s->metrics.len > METRICS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "LimitExceededException", "weir keeps at most %d metrics", METRICS_MAX);
    *ret_metric = metric_restore(s, (uint32_t)s->metrics.len, key, 0);
    return ST_OK;
}

Track *track_find(const Metric *m, const char *unit)
{
    for (Track *t = m->tracks; t; t = t->next)
        if (str_eq(t->unit, unit))
            return t;
    return NULL;
}

Track *track_restore(Series *s, uint32_t id, uint32_t metric, const char *unit)
{
    if (metric >= s->metrics.len || !s->metrics.at[metric])
        return NULL;
    while (s->tracks.len <= id)
        vec_push(s->arena, &s->tracks, NULL);
    if (s->tracks.at[id])
        return s->tracks.at[id];
    Track *t = ARENA_NEW(s->arena, Track), **end = &s->metrics.at[metric]->tracks;
    t->id = id;
    t->metric = s->metrics.at[metric];
    t->unit = arena_str(s->arena, unit);
    while (*end)
        end = &(*end)->next;
    *end = t;
    s->tracks.at[id] = t;
    return t;
}

Track *track_make(Series *s, Metric *m, const char *unit)
{
    return track_restore(s, (uint32_t)s->tracks.len, m->id, unit);
}

void registry_init(Series *s)
{
    s->arena = arena_new();
    s->dirty_arena = arena_new();
    s->identities = (Map){ 0 };
    memset(&s->metrics, 0, sizeof s->metrics);
    memset(&s->tracks, 0, sizeof s->tracks);
    memset(&s->dirty, 0, sizeof s->dirty);
    vec_push(s->arena, &s->metrics, NULL); /* ids from 1 */
    vec_push(s->arena, &s->tracks, NULL);
}

void registry_done(Series *s)
{
    for (size_t i = 0; i < s->tracks.len; i++)
        for (int r = 0; s->tracks.at[i] && r < RESOLUTIONS; r++) {
            bins_done(&s->tracks.at[i]->head[r]);
            bins_done(&s->tracks.at[i]->frozen[r]);
        }
    arena_free(s->dirty_arena);
    arena_free(s->arena);
    s->arena = s->dirty_arena = NULL;
}

static void bin_add_point(Bin *bin, const SeriesPoint *p)
{
    if (!p->values_len)
        bin_add_set(bin, p->sum, p->min, p->max, p->count);
    for (size_t i = 0; i < p->values_len; i++)
        bin_add_value(bin, p->values[i], p->counts ? p->counts[i] : 1);
}

void track_add(Series *s, Track *t, const SeriesPoint *p)
{
    int64_t time_s = p->time_ms / 1000;
    for (int r = p->high_resolution ? 0 : 1; r < RESOLUTIONS; r++)
        bin_add_point(bins_at(&t->head[r], time_s - time_s % resolutions[r].seconds), p);
    t->metric->stamp = ++s->stamps;
    if (p->time_ms > t->metric->last_ms)
        t->metric->last_ms = p->time_ms;
    if (!t->dirty) {
        t->dirty = true;
        vec_push(s->dirty_arena, &s->dirty, t);
    }
}
