/* back/duckdb/aggregate_top_k.c -- approx_top_k: Apache DataSketches' frequent items, as Spark keeps them, with its bytes.
 *
 * An item is a text of ours: Java's hash of it (4 bytes), then its bytes in the sketch. Its kind, a letter and the scale of decimals, says how
 * Java hashes it: that places it in the map, and so orders items of one count. When the map is full the median count goes off each.
 * Source: org.apache.datasketches.frequencies.{ItemsSketch,ReversePurgeItemHashMap}, common.ArrayOf*SerDe; Spark's ApproxTopKAggregates. */
#include "back/duckdb/aggregate.h"
#include "back/duckdb/top_k.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAMILY_FREQUENCY = 10, EMPTY_FLAGS = 5, HEAD_BYTES = 32, LG_LEAST = 3, LG_MOST = 21, SAMPLE = 1024, ITEMS_MOST = 1000000, DDL_BYTES = 64 };

typedef struct Slot {
    char *item; /* 4 bytes of hash, then the bytes */
    uint32_t len;
    int32_t state; /* how far from its place, from 1; 0: empty */
    int64_t count;
} Slot;

typedef struct TopK {
    int lg_most; /* 0: nothing began yet */
    int given;   /* what it was asked to be, which may be less than the least */
    int sample, lg, active;
    Slot *slots;
    int64_t offset, weight, nulls;
    bool sized;              /* approx_top_k_combine was told what to track */
    bool merged;             /* as Spark merges what each task has seen into a new sketch */
    int kind, scale;
    int tracked, most; /* most: how many rows approx_top_k is to give */
    int other_tracked;       /* of an input that does not fit; 0: none */
    char ddl[DDL_BYTES], other_ddl[DDL_BYTES];
} TopK;

/* ---------------------------------------------------------------- the map */
static void top_done(void *state)
{
    TopK *s = state;
    for (size_t i = 0; s->slots && i < (size_t)1 << s->lg; i++)
        free(s->slots[i].item);
    free(s->slots);
    s->slots = NULL;
}

static Slot *room(int lg)
{
    Slot *slots = calloc((size_t)1 << lg, sizeof *slots);
    if (!slots)
        abort();
    return slots;
}

/* Of a map for so many items. */
static int lg_of(int tracked)
{
    double size = ceil(tracked / 0.75);
    return (int)ceil(log(size) / log(2));
}

static int capacity(int lg)
{
    return (int)((double)((int64_t)1 << lg) * 0.75);
}

static void top_start(TopK *s, int lg_most, int lg)
{
    if (s->lg_most)
        return;
    int most = capacity(lg_most);
    s->given = lg_most;
    s->lg_most = lg_most > LG_LEAST ? lg_most : LG_LEAST;
    s->lg = lg > LG_LEAST ? lg : LG_LEAST;
    s->sample = most < SAMPLE ? most : SAMPLE;
    s->slots = room(s->lg);
}

/* As Java adds: sketches from elsewhere may hold any counts. */
static int64_t sum(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x + (uint64_t)y);
}

static uint64_t mixed(int32_t hash)
{
    uint64_t h = (uint64_t)(int64_t)hash;
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* Adds to the item's count; takes `item` over when it is new (`own`), else copies it. */
static void put(TopK *s, const char *item, uint32_t len, char *own, int64_t count)
{
    size_t mask = ((size_t)1 << s->lg) - 1, at;
    int32_t hash, drift = 1;
    memcpy(&hash, item, sizeof hash);
    for (at = (size_t)mixed(hash) & mask; s->slots[at].state && !(s->slots[at].len == len && !memcmp(s->slots[at].item, item, len)); at = (at + 1) & mask)
        drift++;
    Slot *slot = &s->slots[at];
    if (slot->state) {
        slot->count = sum(slot->count, count);
        free(own);
        return;
    }
    if (!own) {
        own = malloc(len);
        if (!own)
            abort();
        memcpy(own, item, len);
    }
    *slot = (Slot){ own, len, drift, count };
    s->active++;
}

static void grow(TopK *s)
{
    Slot *old = s->slots;
    size_t n = (size_t)1 << s->lg;
    s->slots = room(++s->lg);
    s->active = 0;
    for (size_t i = 0; i < n; i++)
        if (old[i].state)
            put(s, old[i].item, old[i].len, old[i].item, old[i].count);
    free(old);
}

static void delete_slot(TopK *s, size_t at)
{
    size_t mask = ((size_t)1 << s->lg) - 1;
    free(s->slots[at].item);
    s->slots[at] = (Slot){ 0 };
    s->active--;
    int32_t drift = 1;
    for (size_t probe = (at + 1) & mask; s->slots[probe].state; probe = (probe + 1) & mask, drift++)
        if (s->slots[probe].state > drift) {
            s->slots[at] = s->slots[probe];
            s->slots[at].state -= drift;
            s->slots[probe] = (Slot){ 0 };
            drift = 0;
            at = probe;
        }
}

static int by_count(const void *x, const void *y)
{
    int64_t l = *(const int64_t *)x, r = *(const int64_t *)y;
    return (l > r) - (l < r);
}

static void purge(TopK *s)
{
    size_t n = (size_t)1 << s->lg, first = n - 1;
    int limit = s->sample < s->active ? s->sample : s->active, found = 0;
    int64_t samples[SAMPLE];
    for (size_t i = 0; found < limit; i++)
        if (s->slots[i].state)
            samples[found++] = s->slots[i].count;
    qsort(samples, (size_t)limit, sizeof *samples, by_count);
    int64_t median = samples[limit / 2];
    for (size_t i = 0; i < n; i++)
        s->slots[i].count = sum(s->slots[i].count, -median);
    while (s->slots[first].state) /* deletions go backwards from an empty slot: what they move is behind them */
        first--;
    for (size_t i = first; i-- > 0;)
        if (s->slots[i].state && s->slots[i].count <= 0)
            delete_slot(s, i);
    for (size_t i = n; i-- > first;)
        if (s->slots[i].state && s->slots[i].count <= 0)
            delete_slot(s, i);
    s->offset = sum(s->offset, median);
}

static void add_item(TopK *s, const char *item, uint32_t len, int64_t count)
{
    s->weight = sum(s->weight, count);
    put(s, item, len, NULL, count);
    if (s->active <= capacity(s->lg))
        return;
    if (s->lg < s->lg_most)
        grow(s);
    else
        purge(s);
}

/* How far apart the slots are in the order in which the map is walked. */
static size_t walk_stride(const TopK *s)
{
    return (size_t)((double)((int64_t)1 << s->lg) * ((sqrt(5) - 1) / 2)) | 1;
}

static void top_merge(TopK *l, const TopK *r)
{
    int64_t weight = sum(l->weight, r->weight);
    size_t stride = walk_stride(r), mask = ((size_t)1 << r->lg) - 1;
    l->nulls = sum(l->nulls, r->nulls);
    if (!r->active)
        return;
    for (size_t i = 0, at = 0; i <= mask; i++, at = (at + stride) & mask)
        if (r->slots[at].state)
            add_item(l, r->slots[at].item, r->slots[at].len, r->slots[at].count);
    l->offset = sum(l->offset, r->offset);
    l->weight = weight;
}

/* ---------------------------------------------------------------- bytes */
static void top_write(const TopK *s, Str *out)
{
    unsigned char head[HEAD_BYTES] = { s->active ? 4 : 1, 1, FAMILY_FREQUENCY, (unsigned char)s->lg_most, (unsigned char)s->lg, s->active ? 0 : EMPTY_FLAGS };
    unsigned bit = 0, byte = 0;
    memcpy(head + 8, &s->active, 4);
    memcpy(head + 16, &s->weight, 8);
    memcpy(head + 24, &s->offset, 8);
    str_addn(out, head, s->active ? HEAD_BYTES : 8);
    for (size_t i = 0; i < (size_t)1 << s->lg; i++)
        if (s->slots[i].state)
            str_addn(out, &s->slots[i].count, 8);
    for (size_t i = 0; i < (size_t)1 << s->lg; i++) {
        if (!s->slots[i].state)
            continue;
        if (s->kind != 'b') {
            str_addn(out, s->slots[i].item + TOP_K_HASH_BYTES, s->slots[i].len - TOP_K_HASH_BYTES);
            continue;
        }
        byte |= s->slots[i].item[TOP_K_HASH_BYTES] ? 1u << bit : 0;
        bit++; /* there are two items at most */
    }
    if (bit)
        str_addc(out, (char)byte);
    for (int i = 7; i >= 0; i--)
        str_addc(out, (char)(s->nulls >> (8 * i)));
}

/* False: it is no sketch of items of this kind. */
static bool top_read(View v, int kind, int scale, TopK *s)
{
    const unsigned char *head = (const unsigned char *)v.data;
    *s = (TopK){ 0 };
    if (v.len < 16 || head[1] != 1 || head[2] != FAMILY_FREQUENCY || head[3] > LG_MOST || head[4] > LG_MOST)
        return false;
    size_t end = v.len - 8, at = HEAD_BYTES;
    for (size_t i = 0; i < 8; i++)
        s->nulls = (int64_t)((uint64_t)s->nulls << 8 | head[end + i]);
    s->kind = kind;
    s->scale = scale;
    bool empty = head[5] & EMPTY_FLAGS;
    int32_t active = 0;
    top_start(s, head[3] > LG_LEAST ? head[3] : LG_LEAST, empty ? LG_LEAST : head[4]);
    if (empty)
        return (head[0] & 0x3F) == 1;
    if ((head[0] & 0x3F) != 4 || end < HEAD_BYTES)
        return false;
    memcpy(&active, head + 8, 4);
    if (active < 0 || (end - at) / 8 < (size_t)active)
        return false;
    at += 8 * (size_t)active;
    for (int32_t i = 0; i < active; i++) {
        unsigned char truth = at < end && kind == 'b' ? (unsigned char)(head[at + (size_t)i / 8 < end ? at + (size_t)i / 8 : at] >> i % 8 & 1) : 0;
        size_t n = kind == 'b' ? (at + (size_t)i / 8 < end) : top_k_item_length(kind, head + at, end - at);
        int64_t count;
        memcpy(&count, head + HEAD_BYTES + 8 * (size_t)i, 8);
        char *item = n ? malloc(n + TOP_K_HASH_BYTES) : NULL;
        if (!item || count <= 0) {
            free(item);
            return false;
        }
        const unsigned char *bytes = kind == 'b' ? &truth : head + at;
        int32_t hash = top_k_item_hash(kind, scale, bytes, n);
        memcpy(item, &hash, TOP_K_HASH_BYTES);
        memcpy(item + TOP_K_HASH_BYTES, bytes, n);
        add_item(s, item, (uint32_t)(n + TOP_K_HASH_BYTES), count);
        free(item);
        at += kind == 'b' ? 0 : n;
    }
    memcpy(&s->weight, head + 16, 8);
    memcpy(&s->offset, head + 24, 8);
    return true;
}

/* Through bytes and into a new sketch, as Spark does even with one task. */
static void settle(TopK *s)
{
    if (s->merged)
        return;
    str_auto bytes = STR_INIT((size_t)1 << 31);
    TopK again, out = *s;
    top_write(s, &bytes);
    out.lg_most = out.active = 0;
    out.offset = out.weight = out.nulls = 0;
    out.slots = NULL;
    out.merged = true;
    top_start(&out, s->given, LG_LEAST);
    if (top_read((View){ str_text(&bytes), bytes.len }, s->kind, s->scale, &again))
        top_merge(&out, &again);
    top_done(&again);
    top_done(s);
    *s = out;
}

/* ---------------------------------------------------------------- aggregates */
/* Arguments: the item or NULL, how many items are tracked, kind + 256 * scale. */
static void agg_update(const K *k, void *state)
{
    TopK *s = state;
    s->kind = k_i32(k, 2) & 0xFF;
    s->scale = k_i32(k, 2) >> 8;
    s->tracked = k_i32(k, 1);
    top_start(s, lg_of(s->tracked), LG_LEAST);
    if (k_is_null(k, 0))
        s->nulls++;
    else
        add_item(s, k_str(k, 0).data, (uint32_t)k_str(k, 0).len, 1);
}

static TopK copied(const TopK *s)
{
    TopK copy = *s;
    copy.slots = room(s->lg);
    for (size_t i = 0; i < (size_t)1 << s->lg; i++) {
        copy.slots[i] = s->slots[i];
        if (!s->slots[i].state)
            continue;
        copy.slots[i].item = malloc(s->slots[i].len);
        if (!copy.slots[i].item)
            abort();
        memcpy(copy.slots[i].item, s->slots[i].item, s->slots[i].len);
    }
    return copy;
}

static void agg_merge(void *state, const void *other)
{
    TopK *l = state;
    const TopK *r = other;
    if (!r->lg_most)
        return;
    if (!l->lg_most) {
        *l = copied(r);
        return;
    }
    settle(l);
    top_merge(l, r);
}

static void agg_result(K *k, const void *state)
{
    TopK *s = (TopK *)(uintptr_t)state; /* settling loses nothing */
    str_auto out = STR_INIT((size_t)1 << 31);
    if (!s->lg_most) {
        k_null(k);
        return;
    }
    settle(s);
    top_write(s, &out);
    k_set_out(k, &out);
}

typedef struct Row {
    const Slot *slot;
    int64_t count;
    size_t place;
} Row;

static int by_frequency(const void *x, const void *y)
{
    const Row *l = x, *r = y;
    if (l->count != r->count)
        return l->count > r->count ? -1 : 1;
    return (l->place > r->place) - (l->place < r->place);
}

static void list_row(K *k, const Slot *slot, int64_t count)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    str_addn(&out, &count, sizeof count);
    if (slot)
        str_addn(&out, slot->item + TOP_K_HASH_BYTES, slot->len - TOP_K_HASH_BYTES);
    k_list_add(k, str_text(&out), out.len);
}

static idx_t list_rows(K *k, const TopK *s, size_t most)
{
    Row *rows = calloc((size_t)s->active + 1, sizeof *rows);
    size_t n = 0, stride = walk_stride(s), mask = ((size_t)1 << s->lg) - 1, listed = 0;
    bool null = true; /* NULL is still to come, if it is among them */
    if (!rows)
        abort();
    for (size_t i = 0, at = 0; i <= mask; i++, at = (at + stride) & mask)
        if (s->slots[at].state && s->slots[at].count >= s->offset)
            rows[n++] = (Row){ &s->slots[at], sum(s->slots[at].count, s->offset), i };
    qsort(rows, n, sizeof *rows, by_frequency);
    size_t length = n + (s->nulls > 0) < most ? n + (s->nulls > 0) : most;
    for (size_t i = 0; listed < length && i < n; listed++) {
        bool now = null && s->nulls > rows[i].count;
        null = null && !now;
        list_row(k, now ? NULL : rows[i].slot, now ? s->nulls : rows[i].count);
        i += !now;
    }
    if (listed < length && null && s->nulls > 0) {
        list_row(k, NULL, s->nulls);
        listed++;
    }
    free(rows);
    return listed;
}

static void rows_update(const K *k, void *state)
{
    ((TopK *)state)->most = k_i32(k, 3);
    agg_update(k, state);
}

static void rows_result(K *k, const void *state)
{
    TopK *s = (TopK *)(uintptr_t)state;
    if (!s->lg_most) {
        k_null(k);
        return;
    }
    settle(s);
    k_list_end(k, list_rows(k, s, (size_t)s->most));
}

/* "item DECIMAL(9,2) NOT NULL": the kind of the type, and the scale. */
static int kind_of_ddl(View ddl, int *ret_scale)
{
    static const struct {
        const char *type;
        int kind;
    } kinds[] = { { "BOOLEAN", 'b' }, { "TINYINT", 't' }, { "SMALLINT", 's' }, { "INT ", 'i' }, { "BIGINT", 'l' }, { "FLOAT", 'f' }, { "DOUBLE", 'd' },
                  { "DATE", 'i' }, { "TIMESTAMP", 'l' }, { "STRING", 'S' }, { "string", 'S' } };
    char text[DDL_BYTES] = "";
    int precision = 0;
    if (ddl.len < sizeof "item " || ddl.len >= sizeof text)
        return 0;
    memcpy(text, ddl.data, ddl.len);
    if (sscanf(text, "item DECIMAL(%d,%d)", &precision, ret_scale) == 2)
        return precision <= 9 ? 'm' : precision <= 18 ? 'n' : 'w';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strncmp(text + 5, kinds[i].type, strlen(kinds[i].type)))
            return kinds[i].kind;
    return 0;
}

/* What does not fit ends the query, in combined_sketch: an aggregate cannot say it. */
static bool may_join(TopK *s, int tracked, const char *ddl)
{
    if (s->other_tracked || *s->other_ddl)
        return false;
    if (!s->sized && s->tracked && s->tracked != tracked)
        s->other_tracked = tracked;
    else if (*s->ddl && strcmp(s->ddl, ddl))
        snprintf(s->other_ddl, sizeof s->other_ddl, "%s", ddl);
    return !s->other_tracked && !*s->other_ddl;
}

/* Arguments: a state's sketch, what it tracks, its items' type, what the result is to track (-1: the same). */
static void combine_update(const K *k, void *state)
{
    TopK *s = state, one;
    int wanted = k_i32(k, 3), scale = 0, kind = kind_of_ddl(k_str(k, 2), &scale);
    char ddl[DDL_BYTES] = "";
    memcpy(ddl, k_str(k, 2).data, k_str(k, 2).len < sizeof ddl ? k_str(k, 2).len : 0);
    if (top_read(k_str(k, 0), kind, scale, &one) && may_join(s, k_i32(k, 1), ddl)) { /* the query checked it */
        s->kind = kind;
        s->scale = scale;
        s->sized = wanted > 0;
        s->tracked = s->sized ? wanted : k_i32(k, 1);
        memcpy(s->ddl, ddl, sizeof ddl);
        top_start(s, lg_of(s->sized ? wanted : ITEMS_MOST), LG_LEAST);
        top_merge(s, &one);
    }
    top_done(&one);
}

static void combine_merge(void *state, const void *other)
{
    TopK *l = state;
    const TopK *r = other;
    if (l->lg_most && r->lg_most && (!may_join(l, r->tracked, r->ddl) || r->other_tracked || *r->other_ddl)) {
        if (!l->other_tracked && !*l->other_ddl) {
            l->other_tracked = r->other_tracked;
            memcpy(l->other_ddl, r->other_ddl, sizeof l->other_ddl);
        }
        return;
    }
    agg_merge(l, r);
}

/* What is tracked (4 bytes; 0: what does not fit follows), the length of the type (1 byte), the type, the sketch. */
static void combine_result(K *k, const void *state)
{
    TopK *s = (TopK *)(uintptr_t)state;
    str_auto out = STR_INIT((size_t)1 << 31);
    int32_t none = 0;
    if (!s->lg_most) {
        k_null(k);
        return;
    }
    if (s->other_tracked || *s->other_ddl) {
        str_addn(&out, &none, 4);
        if (s->other_tracked)
            str_addf(&out, "s%d %d", s->tracked, s->other_tracked);
        else
            str_addf(&out, "t%s|%s", s->ddl, s->other_ddl);
        k_set_out(k, &out);
        return;
    }
    settle(s);
    str_addn(&out, &s->tracked, 4);
    str_addc(&out, (char)strlen(s->ddl));
    str_add(&out, s->ddl);
    top_write(s, &out);
    k_set_out(k, &out);
}

/* ---------------------------------------------------------------- functions of sketches */
static void empty_sketch(K *k)
{
    TopK s = { 0 };
    str_auto out = STR_INIT(64);
    top_start(&s, lg_of(k_i32(k, 0)), LG_LEAST);
    top_write(&s, &out);
    k_set_out(k, &out);
    top_done(&s);
}

/* "item DECIMAL(9,2) NOT NULL" as errors show the type. */
static const char *shown_type(K *k, const char *ddl)
{
    size_t n = strlen(ddl);
    const char *type = ddl + 5, *tail = " NOT NULL";
    n = n > 5 + strlen(tail) ? n - 5 - strlen(tail) : 0;
    char *text = arena_alloc(k_arena(k), n + 3);
    text[0] = text[n + 1] = '"';
    for (size_t i = 0; i < n; i++)
        text[i + 1] = (char)(type[i] >= 'a' && type[i] <= 'z' ? type[i] - 32 : type[i]);
    return text;
}

/* The sketch of what combine_result gave. */
static void combined_sketch(K *k)
{
    View v = k_is_null(k, 0) ? (View){ NULL, 0 } : k_str(k, 0);
    int32_t tracked = 0;
    char size[2][12] = { "", "" };
    if (k_is_null(k, 0)) { /* no states: no type either, and Spark's own way of failing there */
        k_throw(k, "null (of class null)");
        return;
    }
    memcpy(&tracked, v.data, 4);
    if (tracked) {
        size_t skip = 5 + (size_t)(unsigned char)v.data[4];
        k_set_str(k, v.data + skip, v.len - skip);
        return;
    }
    char *text = k_text(k, (View){ v.data + 5, v.len - 5 }), *bar = strchr(text, '|');
    if (v.data[4] == 's') {
        sscanf(text, "%11s %11s", size[0], size[1]);
        k_fail(k, "APPROX_TOP_K_SKETCH_SIZE_NOT_MATCH", "size1", size[0], "size2", size[1], NULL);
        return;
    }
    *bar = '\0';
    k_fail(k, "APPROX_TOP_K_SKETCH_TYPE_NOT_MATCH", "type1", shown_type(k, text), "type2", shown_type(k, bar + 1), NULL);
}

static void combined_tracked(K *k)
{
    int32_t tracked;
    memcpy(&tracked, k_str(k, 0).data, 4);
    k_set_i32(k, tracked);
}

static void combined_type(K *k)
{
    View v = k_str(k, 0);
    int32_t tracked;
    memcpy(&tracked, v.data, 4);
    k_set_str(k, v.data + 5, tracked ? (size_t)(unsigned char)v.data[4] : 0);
}

/* What approx_top_k_combine is given: no sketch is an error. */
static void checked(K *k)
{
    TopK s;
    int scale = 0, kind = kind_of_ddl(k_str(k, 1), &scale);
    if (kind && top_read(k_str(k, 0), kind, scale, &s))
        k_set_view(k, k_str(k, 0));
    else
        k_throw(k, "Possible Corruption: no sketch of frequent items of this type");
    if (kind)
        top_done(&s);
}

/* Arguments: the sketch, how many, kind + 256 * scale, what is tracked. Each row: 8 bytes of count, then the item; no item is NULL. */
static void estimate(K *k)
{
    TopK s;
    int most = k_i32(k, 1), tracked = k_i32(k, 3);
    char texts[2][12];
    snprintf(texts[0], sizeof texts[0], "%d", tracked);
    snprintf(texts[1], sizeof texts[1], "%d", tracked > ITEMS_MOST ? ITEMS_MOST : most);
    if (tracked > ITEMS_MOST)
        k_fail(k, "APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT", "maxItemsTracked", texts[0], "limit", texts[1], NULL);
    else if (tracked <= 0)
        k_fail(k, "APPROX_TOP_K_NON_POSITIVE_ARG", "argName", "`maxItemsTracked`", "argValue", texts[0], NULL);
    else if (tracked < most)
        k_fail(k, "APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K", "maxItemsTracked", texts[0], "k", texts[1], NULL);
    if (k->failed)
        return;
    if (top_read(k_str(k, 0), k_i32(k, 2) & 0xFF, k_i32(k, 2) >> 8, &s))
        k_list_end(k, list_rows(k, &s, (size_t)most));
    else
        k_throw(k, "Possible Corruption: no sketch of frequent items of this type");
    top_done(&s);
}

static void row_count(K *k)
{
    int64_t count;
    memcpy(&count, k_str(k, 0).data, 8);
    k_set_i64(k, count);
}

/* A row's item as a number, its text or a decimal's text (of scale $3); $2 is the kind. */
static bool has_item(K *k)
{
    if (k_str(k, 0).len > 8)
        return true;
    k_null(k);
    return false;
}

static void row_long(K *k)
{
    const char *at = k_str(k, 0).data + 8;
    int64_t x = 0;
    if (!has_item(k))
        return;
    switch (k_i32(k, 1)) {
    case 'b': case 't': x = (int8_t)at[k_i32(k, 1) == 't']; break;
    case 's': x = (int16_t)((uint16_t)(unsigned char)at[1] | (uint16_t)((unsigned char)at[2] << 8)); break;
    case 'i': {
        int32_t word;
        memcpy(&word, at + 1, 4);
        x = word;
        break;
    }
    default: memcpy(&x, at, 8);
    }
    k_set_i64(k, x);
}

static void row_double(K *k)
{
    const char *at = k_str(k, 0).data + 8;
    float f = 0;
    double d = 0;
    if (!has_item(k))
        return;
    if (k_i32(k, 1) == 'f')
        memcpy(&f, at + 1, 4);
    else
        memcpy(&d, at, 8);
    k_set_f64(k, k_i32(k, 1) == 'f' ? (double)f : d);
}

static void row_text(K *k)
{
    View v = k_str(k, 0);
    int kind = k_i32(k, 1) & 0xFF, scale = k_i32(k, 1) >> 8;
    char text[64];
    i128 x = 0;
    if (!has_item(k))
        return;
    if (kind == 'S') {
        k_set_str(k, v.data + 12, v.len - 12);
        return;
    }
    if (kind == 'w') {
        x = top_k_big_value((const unsigned char *)v.data + 12, v.len - 12);
    } else {
        int64_t wide = 0;
        int32_t word = 0;
        memcpy(kind == 'm' ? (void *)&word : &wide, v.data + 8 + (kind == 'm'), kind == 'm' ? 4 : 8);
        x = kind == 'm' ? word : wide;
    }
    k_set_str(k, text, print_decimal(x, scale, text));
}

const AggregateRow aggregates_top_k[] = {
    { "spark_top_k_agg", "Bii:B", sizeof(TopK), agg_update, agg_merge, agg_result, top_done, AGGREGATE_NULLS },
    { "spark_top_k_rows", "Biii:[B", sizeof(TopK), rows_update, agg_merge, rows_result, top_done, AGGREGATE_NULLS },
    { "spark_top_k_combine", "BiSi:B", sizeof(TopK), combine_update, combine_merge, combine_result, top_done, 0 },
    { NULL, NULL, 0, NULL, NULL, NULL, NULL, 0 },
};
const Kernel kernels_top_k[] = {
    { "spark_top_k_empty", "i:B", empty_sketch, 0 },
    { "spark_top_k_checked", "BS:B", checked, 0 },
    { "spark_top_k_combined", "B:B", combined_sketch, KERNEL_NULLS },
    { "spark_top_k_tracked", "B:i", combined_tracked, 0 },
    { "spark_top_k_type", "B:S", combined_type, 0 },
    { "spark_top_k_estimate", "Biii:[B", estimate, 0 },
    { "spark_top_k_count", "B:l", row_count, 0 },
    { "spark_top_k_long", "Bi:l", row_long, 0 },
    { "spark_top_k_double", "Bi:d", row_double, 0 },
    { "spark_top_k_text", "Bi:S", row_text, 0 },
    { NULL, NULL, NULL, 0 },
};
