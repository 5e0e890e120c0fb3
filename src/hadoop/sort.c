/* hadoop/sort.c -- see sort.h. */
#include "hadoop/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { INSERTION_MAX = 13 };

Status sort_init(SortBuffer *s, size_t size_bytes, const KeyOrder *order, Error *err)
{
    size_t size = (size_bytes < SORT_BYTES_MAX ? size_bytes : SORT_BYTES_MAX) & ~(size_t)15;
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        return FAIL(err, ST_LIMIT, "java.lang.OutOfMemoryError: a sort buffer of %zu bytes: %s", size, strerror(errno));
    *s = (SortBuffer){ .block = block, .size_bytes = size, .order = order };
    return ST_OK;
}

void sort_done(SortBuffer *s)
{
    if (s->block)
        munmap(s->block, s->size_bytes);
    *s = (SortBuffer){ 0 };
}

/* They grow downwards, so before the sort entry 0 is the record that came last: as in Hadoop's buffer. */
static inline SortEntry *entry(const SortBuffer *s, size_t i)
{
    return (SortEntry *)(void *)(s->block + s->size_bytes) - s->count + i;
}

bool sort_add(SortBuffer *s, unsigned partition, const Record *r)
{
    size_t need = (SORT_HEADER_BYTES + r->key_len + r->value_len + 3) & ~(size_t)3;
    size_t left = s->size_bytes - s->used_bytes - s->count * sizeof(SortEntry);
    if (r->key_len > UINT32_MAX || r->value_len > UINT32_MAX || need + sizeof(SortEntry) > left)
        return false;
    uint8_t *at = s->block + s->used_bytes;
    uint32_t lengths[2] = { (uint32_t)r->key_len, (uint32_t)r->value_len };
    memcpy(at, lengths, sizeof lengths);
    memcpy(at + SORT_HEADER_BYTES, r->key, r->key_len);
    memcpy(at + SORT_HEADER_BYTES + r->key_len, r->value, r->value_len);
    s->count++;
    *entry(s, 0) = (SortEntry){ s->order->fields ? 0 : key_prefix(r->key, r->key_len), (uint32_t)(s->used_bytes / 4), partition };
    s->used_bytes += need;
    return true;
}

static inline const uint8_t *key_of(const SortBuffer *s, const SortEntry *e, size_t *ret_length)
{
    const uint8_t *at = s->block + (size_t)e->at * 4;
    uint32_t length;
    memcpy(&length, at, sizeof length);
    *ret_length = length;
    return at + SORT_HEADER_BYTES;
}

static int compare_slow(const SortBuffer *s, const SortEntry *x, const SortEntry *y)
{
    size_t x_len, y_len;
    const uint8_t *x_key = key_of(s, x, &x_len), *y_key = key_of(s, y, &y_len);
    return key_compare(s->order, x_key, x_len, y_key, y_len);
}

static inline int compare(const SortBuffer *s, const SortEntry *x, const SortEntry *y)
{
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return compare_slow(s, x, y);
}

static inline int compare_at(const SortBuffer *s, size_t i, size_t j)
{
    return compare(s, entry(s, i), entry(s, j));
}

static inline void swap(const SortBuffer *s, size_t i, size_t j)
{
    SortEntry e = *entry(s, i);
    *entry(s, i) = *entry(s, j);
    *entry(s, j) = e;
}

static void insertion_sort(const SortBuffer *s, size_t p, size_t r)
{
    for (size_t i = p; i < r; i++)
        for (size_t j = i; j > p && compare_at(s, j - 1, j) > 0; j--)
            swap(s, j, j - 1);
}

/* org.apache.hadoop.util.HeapSort: for inputs on which quicksort goes too deep. */
static void down_heap(const SortBuffer *s, size_t b, size_t i, size_t n)
{
    for (size_t child = i << 1; child < n; child = i << 1) {
        if (child + 1 < n && compare_at(s, b + child, b + child + 1) < 0)
            child++;
        if (compare_at(s, b + i, b + child) >= 0)
            return;
        swap(s, b + i, b + child);
        i = child;
    }
}

static void heap_sort(const SortBuffer *s, size_t p, size_t r)
{
    size_t n = r - p, highest = 1;
    while (highest <= n / 2)
        highest <<= 1;
    for (size_t i = highest; i > 1; i >>= 1)
        for (size_t j = i >> 1; j < i; j++)
            down_heap(s, p - 1, j, n + 1);
    for (size_t i = r - 1; i > p; i--) {
        swap(s, p, i);
        down_heap(s, p - 1, 1, i - p + 1);
    }
}

static void order_two(const SortBuffer *s, size_t p, size_t r)
{
    if (compare_at(s, p, r) > 0)
        swap(s, p, r);
}

/* Splits [p, r) around the pivot at p; those equal to it end in [*ret_left, *ret_right). */
static void split(const SortBuffer *s, size_t p, size_t r, size_t *ret_left, size_t *ret_right)
{
    size_t i = p, j = r, low = p, high = r;
    for (;;) {
        while (++i < j) {
            int order = compare_at(s, i, p);
            if (order > 0)
                break;
            if (order == 0 && ++low != i)
                swap(s, low, i);
        }
        while (--j > i) {
            int order = compare_at(s, p, j);
            if (order > 0)
                break;
            if (order == 0 && --high != j)
                swap(s, high, j);
        }
        if (i >= j)
            break;
        swap(s, i, j);
    }
    j = i;
    for (size_t k = low + 1; k-- > p;)
        swap(s, k, --i);
    while (high < r)
        swap(s, high++, j++);
    *ret_left = i;
    *ret_right = j;
}

static void quick_sort(const SortBuffer *s, size_t p, size_t r, int depth)
{
    while (r - p >= INSERTION_MAX) {
        if (--depth < 0) {
            heap_sort(s, p, r);
            return;
        }
        order_two(s, (p + r) >> 1, p);
        order_two(s, (p + r) >> 1, r - 1);
        order_two(s, p, r - 1);
        size_t i, j;
        split(s, p, r, &i, &j);
        if (i - p < r - j) {
            quick_sort(s, p, i, depth);
            p = j;
        } else {
            quick_sort(s, j, r, depth);
            r = i;
        }
    }
    insertion_sort(s, p, r);
}

void sort_run(SortBuffer *s)
{
    if (s->count < 2)
        return;
    int depth = (64 - __builtin_clzll((unsigned long long)s->count - 1)) << 2;
    quick_sort(s, 0, s->count, depth);
}

unsigned sort_partition(const SortBuffer *s, size_t i)
{
    return entry(s, i)->partition;
}

void sort_get(const SortBuffer *s, size_t i, Record *ret_record)
{
    const uint8_t *at = s->block + (size_t)entry(s, i)->at * 4;
    uint32_t lengths[2];
    memcpy(lengths, at, sizeof lengths);
    *ret_record = (Record){ at + SORT_HEADER_BYTES, at + SORT_HEADER_BYTES + lengths[0], lengths[0], lengths[1] };
}

void sort_clear(SortBuffer *s)
{
    s->used_bytes = 0;
    s->count = 0;
}
