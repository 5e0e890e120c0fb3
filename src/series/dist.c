/* series/dist.c -- see dist.h. */
#include "series/dist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LOG_BASE = 0.009950330853168083; /* log(1.01) */

static double cell_width(int level)
{
    return LOG_BASE * (double)(1 << (level - 1));
}

int32_t dist_cell(int level, double value)
{
    return value <= 0 ? DIST_ZERO : (int32_t)lround(log(value) / cell_width(level));
}

double dist_cell_value(int level, int32_t cell)
{
    return cell == DIST_ZERO ? 0 : exp((double)cell * cell_width(level));
}

static Dist *dist_new(uint16_t cap)
{
    Dist *dist = malloc(sizeof *dist + cap * sizeof(DistPair));
    if (!dist)
        abort();
    dist->len = 0;
    dist->cap = cap;
    dist->level = 0;
    return dist;
}

static void reserve(Dist **dist)
{
    Dist *d = *dist;
    if (d->len < d->cap)
        return;
    uint16_t cap = (uint16_t)(d->cap * 2);
    d = realloc(d, sizeof *d + cap * sizeof(DistPair));
    if (!d)
        abort();
    d->cap = cap;
    *dist = d;
}

/* Onto the grid of the next level; equal values become one. */
static void coarsen(Dist *d)
{
    d->level++;
    uint16_t len = 0;
    for (uint16_t i = 0; i < d->len; i++) {
        DistPair pair = { dist_cell_value(d->level, dist_cell(d->level, d->at[i].value)), d->at[i].count };
        if (len && d->at[len - 1].value == pair.value)
            d->at[len - 1].count += pair.count;
        else
            d->at[len++] = pair;
    }
    d->len = len;
}

static void insert(Dist **dist, double value, double count)
{
    Dist *d = *dist;
    uint16_t low = 0, high = d->len;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (d->at[middle].value < value)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    if (low < d->len && d->at[low].value == value) {
        d->at[low].count += count;
        return;
    }
    reserve(dist);
    d = *dist;
    memmove(&d->at[low + 1], &d->at[low], (size_t)(d->len - low) * sizeof(DistPair));
    d->at[low] = (DistPair){ value, count };
    d->len++;
}

static bool too_long(const Dist *d)
{
    return d->level < DIST_LEVELS && d->len > (d->level ? DIST_PAIRS : DIST_EXACT);
}

void dist_add(Dist **dist, double value, double count)
{
    if (!*dist)
        *dist = dist_new(4);
    Dist *d = *dist;
    insert(dist, d->level ? dist_cell_value(d->level, dist_cell(d->level, value)) : value, count);
    while (too_long(*dist))
        coarsen(*dist);
}

/* Two ascending lists of one level into one. */
static Dist *joined(const Dist *x, const Dist *y)
{
    Dist *out = dist_new((uint16_t)(x->len + y->len));
    uint16_t i = 0, j = 0;
    out->level = x->level;
    while (i < x->len || j < y->len) {
        if (j == y->len || (i < x->len && x->at[i].value < y->at[j].value))
            out->at[out->len++] = x->at[i++];
        else if (i == x->len || y->at[j].value < x->at[i].value)
            out->at[out->len++] = y->at[j++];
        else {
            out->at[out->len++] = (DistPair){ x->at[i].value, x->at[i].count + y->at[j].count };
            i++;
            j++;
        }
    }
    return out;
}

void dist_merge(Dist **dist, const Dist *other)
{
    Dist *finer = NULL;
    if (!other)
        return;
    if (!*dist) {
        *dist = dist_copy(other);
        return;
    }
    while ((*dist)->level < other->level)
        coarsen(*dist);
    if (other->level < (*dist)->level) {
        other = finer = dist_copy(other);
        while (finer->level < (*dist)->level)
            coarsen(finer);
    }
    Dist *both = joined(*dist, other);
    while (too_long(both))
        coarsen(both);
    dist_free(*dist);
    dist_free(finer);
    *dist = both;
}

Dist *dist_copy(const Dist *dist)
{
    if (!dist)
        return NULL;
    Dist *copy = dist_new(dist->len ? dist->len : 1);
    copy->len = dist->len;
    copy->level = dist->level;
    memcpy(copy->at, dist->at, dist->len * sizeof(DistPair));
    return copy;
}

void dist_free(Dist *dist)
{
    free(dist);
}
