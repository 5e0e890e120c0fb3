/* hadoop/sort.c -- the buffer of a map task's output. Its order is in quicksort.c. See sort.h. */
#include "hadoop/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    LENGTHS_BYTES = 8,  /* in front of a record: of its key, of its value */
    FOLDED_BYTES = 8,   /* and in front of those: how often it came, its partition */
    PROBE_RECORDS = 1 << 15,
    TABLE_BITS = 8,     /* at first; small, so that it stays in the cache */
    TABLE_BITS_MAX = 18,
    TABLE_SHARE = 16    /* the table's share of the buffer: one part in so many */
};
static const size_t HUGE_PAGES_FROM = 8 << 20;

static size_t record_bytes(const Record *r)
{
    return (LENGTHS_BYTES + r->key_len + r->value_len + 3) & ~(size_t)3;
}

static uint64_t *table_new(unsigned bits)
{
    uint64_t *table = calloc((size_t)1 << bits, sizeof *table);
    if (!table)
        abort();
    return table;
}

Status sort_init(SortBuffer *s, size_t size_bytes, const KeyOrder *order, const Partitioner *partitioner, unsigned reducers, Error *err)
{
    size_t size = (size_bytes < SORT_BYTES_MAX ? size_bytes : SORT_BYTES_MAX) & ~(size_t)15;
    unsigned bits_max = TABLE_BITS_MAX;
    while (bits_max > TABLE_BITS && (sizeof(uint64_t) << bits_max) > size / TABLE_SHARE)
        bits_max--;
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        return FAIL(err, ST_LIMIT, "java.lang.OutOfMemoryError: a sort buffer of %zu bytes: %s", size, strerror(errno));
    if (size >= HUGE_PAGES_FROM) /* the sort goes to and fro in it */
        (void)madvise(block, size, MADV_HUGEPAGE);
    *s = (SortBuffer){ .block = block, .size_bytes = size, .order = order, .partitioner = partitioner, .reducers = reducers,
                       .folded = true, .sequenced = true, .table = table_new(TABLE_BITS), .bits = TABLE_BITS, .bits_max = bits_max };
    return ST_OK;
}

void sort_done(SortBuffer *s)
{
    if (s->block)
        munmap(s->block, s->size_bytes);
    free(s->table);
    *s = (SortBuffer){ 0 };
}

/* --- records --- */

static SortEntry entry_of(const SortBuffer *s, size_t at, unsigned partition)
{
    SortEntry e = { 0, (uint32_t)(at / 4), partition };
    size_t length;
    const uint8_t *key = sort_key(s, &e, &length);
    e.prefix = key_prefix(s->order, key, length);
    return e;
}

static void put_record(SortBuffer *s, size_t at, const Record *r)
{
    uint32_t lengths[2] = { (uint32_t)r->key_len, (uint32_t)r->value_len };
    memcpy(s->block + at, lengths, sizeof lengths);
    memcpy(s->block + at + LENGTHS_BYTES, r->key, r->key_len);
    memcpy(s->block + at + LENGTHS_BYTES + r->key_len, r->value, r->value_len);
}

static void get_record(const SortBuffer *s, size_t at, Record *ret_record)
{
    uint32_t lengths[2];
    memcpy(lengths, s->block + at, sizeof lengths);
    const uint8_t *key = s->block + at + LENGTHS_BYTES;
    *ret_record = (Record){ .key = key, .value = key + lengths[0], .key_len = lengths[0], .value_len = lengths[1] };
}

static bool add_plain(SortBuffer *s, const Record *r)
{
    size_t need = record_bytes(r), left = s->size_bytes - s->used_bytes - s->count * sizeof(SortEntry);
    if (need + sizeof(SortEntry) > left)
        return false;
    put_record(s, s->used_bytes, r);
    s->count++;
    *sort_entry(s, 0) = entry_of(s, s->used_bytes, partition_of(s->partitioner, r->key, r->key_len, s->reducers));
    s->used_bytes += need;
    return true;
}

/* --- equal records, once --- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    __extension__ typedef unsigned __int128 Product;
    Product product = (Product)(hash ^ word) * 0x9e3779b97f4a7c15U;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t length)
{
    uint64_t word;
    for (; length > 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return mix(hash, word);
}

static uint64_t hash_record(const Record *r)
{
    uint64_t hash = mix(r->key_len + 1, r->value_len + 0x51ed270b);
    return hash_bytes(hash_bytes(hash, r->key, r->key_len), r->value, r->value_len);
}

static bool same_record(const SortBuffer *s, size_t at, const Record *r)
{
    Record there;
    get_record(s, at, &there);
    return there.key_len == r->key_len && there.value_len == r->value_len && memcmp(there.key, r->key, r->key_len) == 0 &&
           memcmp(there.value, r->value, r->value_len) == 0;
}

/* The slot of the record, or the free one where it belongs. */
static uint64_t *slot_of(const SortBuffer *s, uint64_t hash, const Record *r)
{
    size_t mask = ((size_t)1 << s->bits) - 1;
    for (size_t i = (size_t)(hash >> (64 - s->bits));; i = (i + 1) & mask) {
        uint64_t slot = s->table[i];
        if (!slot || (slot >> 32 == hash >> 32 && same_record(s, ((slot & UINT32_MAX) - 1) * 4, r)))
            return &s->table[i];
    }
}

static void table_grow(SortBuffer *s)
{
    size_t slots = (size_t)1 << s->bits++, mask = 2 * slots - 1;
    uint64_t *table = table_new(s->bits);
    for (size_t k = 0; k < slots; k++) {
        size_t i = (size_t)(s->table[k] >> (64 - s->bits));
        while (table[i])
            i = (i + 1) & mask;
        table[i] = s->table[k];
    }
    free(s->table);
    s->table = table;
}

/* What comes later when it is full is not found again. */
static void table_put(SortBuffer *s, uint64_t *slot, uint64_t hash, size_t at)
{
    size_t slots = (size_t)1 << s->bits;
    if (s->filled >= slots / 4 * 3)
        return;
    *slot = (hash & ~(uint64_t)UINT32_MAX) | (at / 4 + 1);
    if (++s->filled == slots / 4 * 3 && s->bits < s->bits_max)
        table_grow(s);
}

static uint32_t *sequence(const SortBuffer *s, size_t i)
{
    return (uint32_t *)(void *)(s->block + s->size_bytes) - 1 - i;
}

/* What the entries of all records need, whether they are put back or not. */
static size_t entries_bytes(const SortBuffer *s, size_t added, size_t count)
{
    size_t folded = count * sizeof(SortEntry) + (s->sequenced ? added * sizeof(uint32_t) + 8 : 0);
    size_t plain = s->sequenced ? added * sizeof(SortEntry) : 0;
    return folded > plain ? folded : plain;
}

/* Each record as often and in the order as it came. In place: an entry is written over what was read before. */
static void unfold(SortBuffer *s)
{
    s->folded = false;
    s->count = s->added;
    for (size_t i = s->added; i-- > 0;) {
        size_t at = (size_t)*sequence(s, i) * 4;
        uint32_t partition;
        memcpy(&partition, s->block + at - sizeof partition, sizeof partition);
        *sort_entry(s, s->count - 1 - i) = entry_of(s, at, partition);
    }
}

/* Too few equal ones: it costs more than it saves. */
static bool pays(const SortBuffer *s)
{
    return s->count <= s->added / 2;
}

/* Makes room in `entries_bytes` for one more. False: the buffer is full, or no longer folded. */
static bool make_room(SortBuffer *s, size_t need, size_t count)
{
    if (s->used_bytes + need + entries_bytes(s, s->added + 1, count) <= s->size_bytes)
        return true;
    if (!s->sequenced)
        return false;
    if (!pays(s)) {
        unfold(s);
        return false;
    }
    s->sequenced = false;
    return s->used_bytes + need + entries_bytes(s, s->added + 1, count) <= s->size_bytes;
}

static bool count_again(SortBuffer *s, size_t at)
{
    uint32_t *times = (uint32_t *)(void *)(s->block + at - FOLDED_BYTES);
    if (*times == UINT32_MAX || !make_room(s, 0, s->count))
        return false;
    ++*times;
    if (s->sequenced)
        *sequence(s, s->added) = (uint32_t)(at / 4);
    s->added++;
    return true;
}

static bool add_folded(SortBuffer *s, const Record *r)
{
    uint64_t hash = hash_record(r);
    uint64_t *slot = slot_of(s, hash, r);
    if (*slot)
        return count_again(s, ((*slot & UINT32_MAX) - 1) * 4);
    size_t need = FOLDED_BYTES + record_bytes(r), at = s->used_bytes + FOLDED_BYTES;
    if (!make_room(s, need, s->count + 1))
        return false;
    uint32_t head[2] = { 1, partition_of(s->partitioner, r->key, r->key_len, s->reducers) };
    memcpy(s->block + s->used_bytes, head, sizeof head);
    put_record(s, at, r);
    s->used_bytes += need;
    if (s->sequenced)
        *sequence(s, s->added) = (uint32_t)(at / 4);
    s->added++;
    s->count++;
    table_put(s, slot, hash, at);
    return true;
}

bool sort_add(SortBuffer *s, const Record *r)
{
    if (r->key_len > UINT32_MAX || r->value_len > UINT32_MAX)
        return false;
    if (s->folded && s->added == PROBE_RECORDS && s->sequenced && !pays(s))
        unfold(s);
    if (s->folded && add_folded(s, r))
        return true;
    return !s->folded && add_plain(s, r);
}

/* --- the order --- */

static void make_entries(SortBuffer *s)
{
    size_t i = 0;
    for (size_t at = 0; at < s->used_bytes; i++) {
        uint32_t head[2];
        Record r;
        memcpy(head, s->block + at, sizeof head);
        at += FOLDED_BYTES;
        *sort_entry(s, i) = entry_of(s, at, head[1]);
        get_record(s, at, &r);
        at += record_bytes(&r);
    }
}

/* Are there two different records of one key? Then Hadoop's order of them depends on all comparisons. */
static bool ambiguous(const SortBuffer *s)
{
    for (size_t i = 1; i < s->count; i++) {
        const SortEntry *x = sort_entry(s, i - 1), *y = sort_entry(s, i);
        size_t x_len, y_len;
        const uint8_t *x_key = sort_key(s, x, &x_len), *y_key = sort_key(s, y, &y_len);
        if (x->partition == y->partition && x->prefix == y->prefix && key_compare(s->order, x_key, x_len, y_key, y_len) == 0)
            return true;
    }
    return false;
}

void sort_run(SortBuffer *s)
{
    if (s->folded)
        make_entries(s);
    sort_quick(s);
    if (s->folded && s->sequenced && ambiguous(s)) {
        unfold(s);
        sort_quick(s);
    }
}

unsigned sort_partition(const SortBuffer *s, size_t i)
{
    return sort_entry(s, i)->partition;
}

void sort_get(const SortBuffer *s, size_t i, Record *ret_record)
{
    size_t at = (size_t)sort_entry(s, i)->at * 4;
    get_record(s, at, ret_record);
    uint32_t times = 1;
    if (s->folded)
        memcpy(&times, s->block + at - FOLDED_BYTES, sizeof times);
    ret_record->repeats = times - 1;
}

void sort_clear(SortBuffer *s)
{
    s->used_bytes = s->count = s->added = s->filled = 0;
    s->folded = s->sequenced = true;
    memset(s->table, 0, sizeof *s->table << s->bits);
}
