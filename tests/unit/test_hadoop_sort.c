/* A map task's buffer: what is kept once comes out as often as it came, in order, whatever the buffer did meanwhile. */
#include "hadoop/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const KeyOrder by_bytes = { 0 };
static const Partitioner by_hash = { 0 };

static bool add(SortBuffer *s, const char *key, const char *value)
{
    return sort_add(s, &(Record){ (const uint8_t *)key, (const uint8_t *)value, strlen(key), strlen(value), 0 });
}

/* Counts what comes out, and looks at its order. */
static size_t drain(SortBuffer *s, size_t *ret_entries)
{
    size_t records = 0;
    sort_run(s);
    for (size_t i = 0; i < s->count; i++) {
        Record r, before;
        sort_get(s, i, &r);
        records += r.repeats + 1;
        if (i && sort_partition(s, i) == sort_partition(s, i - 1)) {
            sort_get(s, i - 1, &before);
            assert_true(key_compare_bytes(before.key, before.key_len, r.key, r.key_len) <= 0);
        }
        assert_true(!i || sort_partition(s, i) >= sort_partition(s, i - 1));
    }
    *ret_entries = s->count;
    sort_clear(s);
    return records;
}

static void equal_records_are_kept_once(void **state)
{
    (void)state;
    Error error = ERROR_INIT;
    SortBuffer s;
    size_t entries = 0;
    assert_int_equal(sort_init(&s, 8 << 20, &by_bytes, &by_hash, 3, &error), ST_OK);
    for (int round = 0; round < 2; round++) { /* the second after sort_clear */
        for (int i = 0; i < 1000000; i++) { /* plain they would need 28 MB */
            char word[16];
            snprintf(word, sizeof word, "word%u", (unsigned)i * 7919U % 1009U);
            assert_true(add(&s, word, "1"));
        }
        assert_int_equal(drain(&s, &entries), 1000000);
        assert_int_equal(entries, 1009);
    }
    sort_done(&s);
}

static void different_records_are_not(void **state)
{
    (void)state;
    Error error = ERROR_INIT;
    SortBuffer s;
    size_t entries = 0;
    assert_int_equal(sort_init(&s, 8 << 20, &by_bytes, &by_hash, 1, &error), ST_OK);
    int n = 0;
    char key[16];
    do
        snprintf(key, sizeof key, "%08x", (unsigned)n * 2654435761U);
    while (add(&s, key, "value") && ++n);
    assert_in_range(n, (8 << 20) / 44, (8 << 20) / 36); /* full: 24 bytes of record, 16 of entry, the first ones 8 more */
    assert_int_equal(drain(&s, &entries), n);
    assert_int_equal(entries, n);
    sort_done(&s);
}

/* Two values of a key: what the sort gives is what it gives of records that were never kept once. */
static void order_of_equal_keys_is_hadoops(void **state)
{
    (void)state;
    Error error = ERROR_INIT;
    SortBuffer folded, plain;
    assert_int_equal(sort_init(&folded, 4 << 20, &by_bytes, &by_hash, 2, &error), ST_OK);
    assert_int_equal(sort_init(&plain, 4 << 20, &by_bytes, &by_hash, 2, &error), ST_OK);
    plain.folded = false;
    for (int i = 0; i < 20000; i++) {
        char key[16], value[16];
        snprintf(key, sizeof key, "k%d", i * 31 % 97);
        snprintf(value, sizeof value, "%d", i * 17 % 5);
        assert_true(add(&folded, key, value) && add(&plain, key, value));
    }
    sort_run(&folded);
    sort_run(&plain);
    assert_int_equal(folded.count, plain.count);
    for (size_t i = 0; i < plain.count; i++) {
        Record x, y;
        sort_get(&folded, i, &x);
        sort_get(&plain, i, &y);
        assert_int_equal(x.repeats, 0);
        assert_int_equal(x.key_len + x.value_len, y.key_len + y.value_len);
        assert_memory_equal(x.key, y.key, x.key_len + x.value_len);
    }
    sort_done(&folded);
    sort_done(&plain);
}

/* Where the order in which they came has no room any more, they still count. */
static void order_is_given_up_for_room(void **state)
{
    (void)state;
    Error error = ERROR_INIT;
    SortBuffer s;
    size_t entries = 0;
    assert_int_equal(sort_init(&s, 1 << 20, &by_bytes, &by_hash, 1, &error), ST_OK);
    for (int i = 0; i < 300000; i++)
        assert_true(add(&s, i % 2 ? "odd" : "even", i % 3 ? "1" : "3"));
    assert_false(s.sequenced);
    assert_int_equal(drain(&s, &entries), 300000);
    assert_int_equal(entries, 4);
    sort_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_records_are_kept_once),
        cmocka_unit_test(different_records_are_not),
        cmocka_unit_test(order_of_equal_keys_is_hadoops),
        cmocka_unit_test(order_is_given_up_for_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
