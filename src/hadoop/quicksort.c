/* hadoop/quicksort.c -- the order of a sort buffer's entries: org.apache.hadoop.util.QuickSort, comparison by comparison. */
#include "hadoop/sort.h"

enum { INSERTION_MAX = 13 };

typedef struct Entries {
    const SortBuffer *buffer;
    SortEntry *at;
} Entries;

static int compare_slow(const Entries *s, const SortEntry *x, const SortEntry *y)
{
    size_t x_len, y_len;
    const uint8_t *x_key = sort_key(s->buffer, x, &x_len), *y_key = sort_key(s->buffer, y, &y_len);
    return key_compare(s->buffer->order, x_key, x_len, y_key, y_len);
}

static inline int compare(const Entries *s, const SortEntry *x, const SortEntry *y)
{
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return compare_slow(s, x, y);
}

static inline int compare_at(const Entries *s, size_t i, size_t j)
{
    return compare(s, &s->at[i], &s->at[j]);
}

static inline void swap(const Entries *s, size_t i, size_t j)
{
    SortEntry e = s->at[i];
    s->at[i] = s->at[j];
    s->at[j] = e;
}

static void insertion_sort(const Entries *s, size_t p, size_t r)
{
    for (size_t i = p; i < r; i++)
        for (size_t j = i; j > p && compare_at(s, j - 1, j) > 0; j--)
            swap(s, j, j - 1);
}

/* org.apache.hadoop.util.HeapSort: for inputs on which quicksort goes too deep. */
static void down_heap(const Entries *s, size_t b, size_t i, size_t n)
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

static void heap_sort(const Entries *s, size_t p, size_t r)
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

static void order_two(const Entries *s, size_t p, size_t r)
{
    if (compare_at(s, p, r) > 0)
        swap(s, p, r);
}

/* Splits [p, r) around the pivot at p; those equal to it end in [*ret_left, *ret_right). */
static void split(const Entries *s, size_t p, size_t r, size_t *ret_left, size_t *ret_right)
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

static void quick_sort(const Entries *s, size_t p, size_t r, int depth)
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

void sort_quick(const SortBuffer *s)
{
    if (s->count < 2)
        return;
    int depth = (64 - __builtin_clzll((unsigned long long)s->count - 1)) << 2;
    quick_sort(&(Entries){ s, sort_entry(s, 0) }, 0, s->count, depth);
}
