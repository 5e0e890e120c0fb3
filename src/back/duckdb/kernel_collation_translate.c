/* back/duckdb/kernel_collation_translate.c -- translate() under a collation. Source: CollationAwareUTF8String.translate. */
#include "back/duckdb/collator.h"

#include <stdlib.h>

typedef struct Entry {
    UChar32 from, to; /* to -1: nothing */
    uint32_t hash;
} Entry;
typedef struct Dict {
    Entry *at;
    int32_t len;
} Dict;

static int by_bucket(const void *x, const void *y)
{
    const Entry *a = x, *b = y;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

/* In the order of Java's hash map: of two entries that match alike, the first one counts. */
static Dict dict_of(View from, View to)
{
    Points f = collator_points(from), t = collator_points(to);
    Dict d = { calloc((size_t)f.len + 1, sizeof *d.at), 0 };
    if (!d.at)
        abort();
    for (int32_t i = 0; i < f.len; i++) {
        bool known = false;
        for (int32_t j = 0; j < d.len; j++)
            known = known || d.at[j].from == f.at[i];
        if (!known)
            d.at[d.len++] = (Entry){ f.at[i], i < t.len ? t.at[i] : -1, 0 };
    }
    uint32_t capacity = 16;
    while ((uint32_t)d.len * 4 > capacity * 3)
        capacity *= 2;
    for (int32_t i = 0; i < d.len; i++) {
        UChar32 c = d.at[i].from;
        uint32_t hash = c > 0xFFFF ? (uint32_t)U16_LEAD(c) * 31 + U16_TRAIL(c) : (uint32_t)c;
        d.at[i].hash = ((hash ^ hash >> 16) & (capacity - 1)) << 20 | (uint32_t)i; /* those of one bucket in the order in which they came */
    }
    qsort(d.at, (size_t)d.len, sizeof *d.at, by_bucket);
    free(f.at);
    free(t.at);
    return d;
}

static void add_entry(Str *out, const Entry *e)
{
    if (e->to >= 0)
        collator_add_points(out, &e->to, 1);
}

static void icu_translate(const Collator *c, View v, Dict d, Str *out)
{
    Units text = collator_units(v);
    for (int32_t at = 0; at < text.len;) {
        const Entry *best = NULL;
        int32_t longest = 0, next = at;
        for (int32_t i = 0; i < d.len; i++) {
            int32_t n = collator_longest_match(c, text, (Points){ &d.at[i].from, 1 }, at, true);
            if (n > longest) {
                longest = n;
                best = &d.at[i];
            }
        }
        U16_FWD_1(text.at, next, text.len);
        if (best)
            add_entry(out, best);
        else
            collator_add_units(out, text.at + at, next - at);
        at = best ? at + longest : next;
    }
    free(text.at);
}

static const Entry *entry_of(const Collator *c, Dict d, UChar32 x)
{
    for (int32_t i = 0; i < d.len; i++)
        if ((c->is.lower_case ? collator_lowered(d.at[i].from) : d.at[i].from) == x)
            return &d.at[i];
    return NULL;
}

void collator_translate(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0);
    Dict d = dict_of(k_str(k, 1), k_str(k, 2));
    str_auto out = OUT_STR;
    if (c->icu) {
        icu_translate(c, v, d, &out);
    } else {
        Points t = collator_points(v);
        bool dotted = c->is.lower_case && entry_of(c, d, I_WITH_DOT);
        for (int32_t i = 0; i < t.len; i++) {
            bool pair = dotted && t.at[i] == SMALL_I && i + 1 < t.len && t.at[i + 1] == DOT;
            const Entry *found = entry_of(c, d, pair ? I_WITH_DOT : c->is.lower_case ? collator_lowered(t.at[i]) : t.at[i]);
            if (found)
                add_entry(&out, found);
            else
                collator_add_points(&out, &t.at[i], 1);
            i += pair;
        }
        free(t.at);
    }
    free(d.at);
    k_set_str(k, str_text(&out), out.len);
}
