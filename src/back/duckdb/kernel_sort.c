/* back/duckdb/kernel_sort.c -- the order of an array's items by a comparator. Source: ArraySort, java.util.TimSort. */
#include "back/duckdb/kernel.h"

#include <stdlib.h>

/* What the comparator said of each pair of items, row by row. */
typedef struct Verdicts {
    const duckdb_list_entry *rows;
    const int32_t *answers;
    const uint64_t *validity;
    size_t n;
    bool null_equal; /* a NULL says that they are equal */
    bool failed;
    size_t left, right; /* where it did */
} Verdicts;

static int verdict(Verdicts *v, size_t l, size_t r)
{
    idx_t at = v->rows[l].offset + r;
    if (!v->validity || v->validity[at / 64] >> (at % 64) & 1)
        return v->answers[at];
    if (!v->null_equal && !v->failed) {
        v->failed = true;
        v->left = l;
        v->right = r;
    }
    return 0;
}

/* The run that stands at the start: how long it is. One that falls strictly is turned around. */
static size_t first_run(Verdicts *v, int64_t *a, size_t n)
{
    if (n < 2)
        return n;
    size_t end = 2;
    bool falls = verdict(v, (size_t)a[1], (size_t)a[0]) < 0;
    while (end < n && (verdict(v, (size_t)a[end], (size_t)a[end - 1]) < 0) == falls)
        end++;
    for (size_t i = 0; falls && i < end / 2; i++) {
        int64_t kept = a[i];
        a[i] = a[end - 1 - i];
        a[end - 1 - i] = kept;
    }
    return end;
}

/* Binary insertion, the first `sorted` are in order: asks for the pairs that Java asks for. */
static void insert_sort(Verdicts *v, int64_t *a, size_t n, size_t sorted)
{
    for (size_t start = sorted; start < n; start++) {
        int64_t pivot = a[start];
        size_t left = 0, right = start;
        while (left < right) {
            size_t middle = (left + right) / 2;
            if (verdict(v, (size_t)pivot, (size_t)a[middle]) < 0)
                right = middle;
            else
                left = middle + 1;
        }
        memmove(&a[left + 1], &a[left], (start - left) * sizeof *a);
        a[left] = pivot;
    }
}

enum { RUN = 31 }; /* Java sorts shorter arrays by insertion alone; longer ones are merged stably, whatever the runs */

static void merge_sort(Verdicts *v, int64_t *a, size_t n, int64_t *spare)
{
    if (n <= RUN) {
        insert_sort(v, a, n, first_run(v, a, n));
        return;
    }
    size_t half = n / 2, i = 0, j = half, at = 0;
    merge_sort(v, a, half, spare);
    merge_sort(v, a + half, n - half, spare);
    memcpy(spare, a, n * sizeof *a);
    while (i < half && j < n)
        a[at++] = verdict(v, (size_t)spare[j], (size_t)spare[i]) < 0 ? spare[j++] : spare[i++];
    while (i < half)
        a[at++] = spare[i++];
    while (j < n)
        a[at++] = spare[j++];
}

static View item_text(const K *k, size_t i)
{
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[1].data)[k->row];
    duckdb_vector child = duckdb_list_vector_get_child(k->args[1].vector);
    uint64_t *validity = duckdb_vector_get_validity(child);
    if (validity && !duckdb_validity_row_is_valid(validity, list.offset + i))
        return VIEW("null");
    duckdb_string_t *s = (duckdb_string_t *)duckdb_vector_get_data(child) + list.offset + i;
    return (View){ duckdb_string_t_data(s), duckdb_string_t_length(*s) };
}

/* sort_order(answers of the comparator for all pairs, items as texts, is NULL "equal"): positions from 1. */
static void sort_order(K *k)
{
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[0].data)[k->row];
    duckdb_vector rows = duckdb_list_vector_get_child(k->args[0].vector), answers = duckdb_list_vector_get_child(rows);
    Verdicts v = { .rows = (const duckdb_list_entry *)duckdb_vector_get_data(rows) + list.offset, .answers = duckdb_vector_get_data(answers),
                   .validity = duckdb_vector_get_validity(answers), .n = list.length, .null_equal = k_bool(k, 2) };
    int64_t *order = calloc(2 * v.n + 1, sizeof *order);
    if (!order)
        abort();
    for (size_t i = 0; i < v.n; i++)
        order[i] = (int64_t)i;
    merge_sort(&v, order, v.n, order + v.n);
    if (v.failed)
        k_fail(k, "COMPARATOR_RETURNS_NULL", "firstValue", k_text(k, item_text(k, v.left)), "secondValue", k_text(k, item_text(k, v.right)), NULL);
    else
        k_set_order(k, order, v.n);
    free(order);
}

const Kernel kernels_sort[] = {
    { "spark_sort_order", "[[i[Sb:[l", sort_order, 0 },
    { NULL, NULL, NULL, 0 },
};
