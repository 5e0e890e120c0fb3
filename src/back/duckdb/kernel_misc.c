/* back/duckdb/kernel_misc.c -- array positions, three-valued exists and forall, errors that a query raises itself. */
#include "back/duckdb/convert.h"

#include <stdio.h>
#include <stdlib.h>

static void out_of_bounds(K *k, const char *code, int64_t index, int64_t size)
{
    char i[24], n[24];
    snprintf(i, sizeof i, "%lld", (long long)index);
    snprintf(n, sizeof n, "%lld", (long long)size);
    k_fail(k, code, "indexValue", i, "arraySize", n, "ansiConfig", "\"spark.sql.ansi.enabled\"", NULL);
}

/* element_at(a, i): from 1, or from the end when negative; the engine's own index of the element, NULL when there is none. */
static void element_index(K *k)
{
    int64_t size = k_i64(k, 0), i = k_i32(k, 1);
    if (i == 0)
        k_fail(k, "INVALID_INDEX_OF_ZERO", NULL);
    else if ((i < 0 ? -i : i) <= size)
        k_set_i64(k, i < 0 ? size + i + 1 : i);
    else if (k_i32(k, 2) == MODE_ERROR)
        out_of_bounds(k, "INVALID_ARRAY_INDEX_IN_ELEMENT_AT", i, size);
    else
        k_null(k);
}

/* a[i]: from 0. */
static void array_index(K *k)
{
    int64_t size = k_i64(k, 0), i = k_i64(k, 1);
    if (i >= 0 && i < size)
        k_set_i64(k, i + 1);
    else if (k_i32(k, 2) == MODE_ERROR)
        out_of_bounds(k, "INVALID_ARRAY_INDEX", i, size);
    else
        k_null(k);
}

/* elt(i, …) with i below 1 or past the last. */
static void elt_index(K *k)
{
    out_of_bounds(k, "INVALID_ARRAY_INDEX", k_i64(k, 1), k_i64(k, 0));
}

static bool slice_good(K *k)
{
    char text[16];
    if (k_i32(k, 1) == 0) {
        k_fail(k, "INVALID_PARAMETER_VALUE.START", "parameter", "`start`", "functionName", "`slice`", NULL);
        return false;
    }
    if (k_i32(k, 2) < 0) {
        snprintf(text, sizeof text, "%d", k_i32(k, 2));
        k_fail(k, "INVALID_PARAMETER_VALUE.LENGTH", "parameter", "`length`", "functionName", "`slice`", "length", text, NULL);
        return false;
    }
    return true;
}

/* slice(a, start, length): first and last position; last below first is an empty list, as is a start before the array. */
static int64_t slice_start(const K *k)
{
    int64_t start = k_i32(k, 1);
    return start < 0 ? k_i64(k, 0) + start + 1 : start;
}

static void slice_from(K *k)
{
    if (slice_good(k))
        k_set_i64(k, slice_start(k) < 1 ? k_i64(k, 0) + 1 : slice_start(k));
}

static void slice_to(K *k)
{
    int64_t from = slice_start(k);
    if (slice_good(k))
        k_set_i64(k, from < 1 || k_i32(k, 2) == 0 ? (from < 1 ? k_i64(k, 0) : from - 1) : from + k_i32(k, 2) - 1);
}

/* `wanted` somewhere decides; else NULL somewhere gives NULL. */
static void quantify(K *k, bool wanted)
{
    duckdb_list_entry list = ((const duckdb_list_entry *)k->args[0].data)[k->row];
    duckdb_vector child = duckdb_list_vector_get_child(k->args[0].vector);
    const uint8_t *values = duckdb_vector_get_data(child);
    uint64_t *validity = duckdb_vector_get_validity(child);
    bool unknown = false;
    for (idx_t i = list.offset; i < list.offset + list.length; i++) {
        if (validity && !duckdb_validity_row_is_valid(validity, i)) {
            unknown = true;
        } else if ((values[i] != 0) == wanted) {
            k_set_bool(k, wanted);
            return;
        }
    }
    if (unknown)
        k_null(k);
    else
        k_set_bool(k, !wanted);
}

static void exists(K *k) { quantify(k, true); }
static void forall(K *k) { quantify(k, false); }

static void assert_true(K *k)
{
    bool good = !k_is_null(k, 0) && k_bool(k, 0);
    const char *message = k_is_null(k, 1) ? "'condition' is not true!" : k_text(k, k_str(k, 1));
    if (good)
        k_null(k);
    else
        k_fail(k, "USER_RAISED_EXCEPTION", "errorMessage", message, NULL);
}

static void raise_error(K *k)
{
    k_fail(k, "USER_RAISED_EXCEPTION", "errorMessage", k_is_null(k, 0) ? "null" : k_text(k, k_str(k, 0)), NULL);
}

/* ---- the step of sequence(), once it is known that it leads from start to stop, and in not too many elements */

enum { SEQUENCE_MAX = INT32_MAX - 15 }; /* ByteArrayMethods.MAX_ROUNDED_ARRAY_LENGTH */

static bool sequence_good(K *k, int64_t start, int64_t stop, i128 step)
{
    char from[24], to[24], by[48], count[48];
    i128 way = (i128)stop - start;
    if (way != 0 && (step == 0 || (way < 0) != (step < 0))) {
        snprintf(from, sizeof from, "%lld", (long long)start);
        snprintf(to, sizeof to, "%lld", (long long)stop);
        by[print_i128(step, by)] = 0;
        k_fail(k, "_LEGACY_ERROR_TEMP_3243", "start", from, "stop", to, "step", by, NULL);
        return false;
    }
    i128 n = step ? way / step + 1 : 1;
    if (n <= SEQUENCE_MAX)
        return true;
    count[print_i128(n, count)] = 0;
    k_fail(k, "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER", "numberOfElements", count, "parameter", "`count`", "functionName", "`sequence`", NULL);
    return false;
}

static void repeat_count(K *k)
{
    char count[24];
    int64_t n = k_i64(k, 0);
    snprintf(count, sizeof count, "%lld", (long long)n);
    if (n > SEQUENCE_MAX)
        k_fail(k, "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER", "numberOfElements", count, "parameter", "`count`", "functionName", "`array_repeat`", NULL);
    else
        k_set_i64(k, n < 0 ? 0 : n);
}

static void sequence_step(K *k)
{
    int64_t start = k_i64(k, 0), stop = k_i64(k, 1), step = k_i64(k, 2);
    if (sequence_good(k, start, stop, step))
        k_set_i64(k, start == stop ? 1 : step);
}

static void sequence_time_step(K *k)
{
    enum { MONTH_DAYS = 28 };
    int64_t start = k_i64(k, 0), stop = k_i64(k, 1);
    duckdb_interval by = k_interval(k, 2);
    i128 step = ((i128)by.months * MONTH_DAYS + by.days) * 86400000000 + by.micros;
    if (sequence_good(k, start, stop, step))
        k_set_interval(k, start == stop ? (duckdb_interval){ .days = 1 } : by);
}

/* ---- CHAR and VARCHAR (CharVarcharCodegenUtils): lengths in characters */

static int64_t characters(View v)
{
    int64_t n = 0;
    for (size_t i = 0; i < v.len; i++)
        n += (v.data[i] & 0xC0) != 0x80;
    return n;
}

static void padded(K *k, View v, int64_t blanks)
{
    char *text = k_alloc(k, v.len + (size_t)blanks);
    if (!text)
        return;
    memcpy(text, v.data, v.len);
    memset(text + v.len, ' ', (size_t)blanks);
    k_set_str(k, text, v.len + (size_t)blanks);
    free(text);
}

/* Blanks beyond the limit are cut; anything else fails. */
static void cut(K *k, View v, int64_t too_many)
{
    char limit[16];
    size_t blanks = 0;
    while (blanks < v.len && (int64_t)blanks < too_many && v.data[v.len - 1 - blanks] == ' ')
        blanks++;
    snprintf(limit, sizeof limit, "%d", k_i32(k, 1));
    if ((int64_t)blanks < too_many)
        k_fail(k, "EXCEED_LIMIT_LENGTH", "limit", limit, NULL);
    else
        k_set_str(k, v.data, v.len - blanks);
}

static void char_write(K *k)
{
    View v = k_str(k, 0);
    int64_t n = characters(v), limit = k_i32(k, 1);
    if (n < limit)
        padded(k, v, limit - n);
    else
        cut(k, v, n - limit);
}

static void varchar_write(K *k)
{
    View v = k_str(k, 0);
    int64_t n = characters(v), limit = k_i32(k, 1);
    cut(k, v, n > limit ? n - limit : 0);
}

static void char_read(K *k)
{
    View v = k_str(k, 0);
    int64_t n = characters(v), limit = k_i32(k, 1);
    if (n < limit)
        padded(k, v, limit - n);
    else
        k_set_view(k, v);
}

/* ---------------------------------------------------------------- mode */
/* Object.hashCode of the boxed value, which orders Spark's hash map. */
static void java_hash_i64(K *k)
{
    uint64_t x = (uint64_t)k_i64(k, 0);
    k_set_i32(k, (int32_t)(uint32_t)(x ^ x >> 32));
}

static void java_hash_f64(K *k)
{
    double x = k_f64(k, 0);
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = x != x ? UINT64_C(0x7ff8000000000000) : bits;
    k_set_i32(k, (int32_t)(uint32_t)(bits ^ bits >> 32));
}

static uint32_t murmur_of_int(uint32_t x)
{
    x *= 0xcc9e2d51u;
    uint32_t h = (x << 15 | x >> 17) * 0x1b873593u;
    h = (h << 13 | h >> 19) * 5 + 0xe6546b64u;
    h ^= 4;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

/* Where each key stands in an OpenHashSet that got them in this order. */
static void open_positions(const int32_t *hashes, size_t n, size_t *positions)
{
    size_t capacity = 64;
    while ((double)n > 0.7 * (double)capacity)
        capacity *= 2;
    bool *taken = calloc(capacity, sizeof *taken);
    if (!taken)
        abort();
    for (size_t i = 0; i < n; i++) {
        size_t at = murmur_of_int((uint32_t)hashes[i]) & (capacity - 1);
        for (size_t step = 1; taken[at]; step++)
            at = (at + step) & (capacity - 1);
        taken[at] = true;
        positions[i] = at;
    }
    free(taken);
}

/* mode_index(hashes, counts): the index from 1 of the most frequent key that Spark's hash map gives first. */
static void mode_index(K *k)
{
    duckdb_list_entry h = ((const duckdb_list_entry *)k->args[0].data)[k->row], c = ((const duckdb_list_entry *)k->args[1].data)[k->row];
    const int32_t *hashes = (const int32_t *)duckdb_vector_get_data(duckdb_list_vector_get_child(k->args[0].vector)) + h.offset;
    const int64_t *counts = (const int64_t *)duckdb_vector_get_data(duckdb_list_vector_get_child(k->args[1].vector)) + c.offset;
    size_t n = h.length < c.length ? h.length : c.length, best = 0;
    size_t *positions = calloc(n + 1, sizeof *positions);
    if (!positions)
        abort();
    open_positions(hashes, n, positions);
    for (size_t i = 1; i < n; i++) {
        if (counts[i] > counts[best] || (counts[i] == counts[best] && positions[i] < positions[best]))
            best = i;
    }
    free(positions);
    if (n)
        k_set_i64(k, (int64_t)best + 1);
    else
        k_null(k);
}

static void bitmap_count(K *k)
{
    View v = k_str(k, 0);
    int64_t n = 0;
    for (size_t i = 0; i < v.len; i++)
        n += __builtin_popcount((unsigned char)v.data[i]);
    k_set_i64(k, n);
}

const Kernel kernels_misc[] = {
    { "spark_repeat_count", "l:l", repeat_count, 0 },
    { "spark_sequence_step", "lll:l", sequence_step, 0 },
    { "spark_sequence_step", "TTI:I", sequence_time_step, 0 },
    { "spark_char_write", "Si:S", char_write, 0 },
    { "spark_varchar_write", "Si:S", varchar_write, 0 },
    { "spark_char_read", "Si:S", char_read, 0 },
    { "spark_java_hash", "l:i", java_hash_i64, 0 },
    { "spark_java_hash", "d:i", java_hash_f64, 0 },
    { "spark_mode_index", "[i[l:l", mode_index, 0 },
    { "spark_bitmap_count", "B:l", bitmap_count, 0 },
    { "spark_element_index", "lii:l", element_index, 0 },
    { "spark_array_index", "lli:l", array_index, 0 },
    { "spark_elt_index", "ll:l", elt_index, 0 },
    { "spark_slice_from", "lii:l", slice_from, 0 },
    { "spark_slice_to", "lii:l", slice_to, 0 },
    { "spark_exists", "[b:b", exists, 0 },
    { "spark_forall", "[b:b", forall, 0 },
    { "spark_assert_true", "bS:i", assert_true, KERNEL_NULLS | KERNEL_VOLATILE },
    { "spark_raise_error", "S:i", raise_error, KERNEL_NULLS | KERNEL_VOLATILE },
    { NULL, NULL, NULL, 0 },
};
