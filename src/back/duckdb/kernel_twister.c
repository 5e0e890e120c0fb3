/* back/duckdb/kernel_twister.c -- uuid(seed) and shuffle(array, seed): Spark draws them with the Mersenne twister, one a call and thread, as
 * partition 0 has it. Source: RandomUUIDGenerator, RandomIndicesGenerator; Apache Commons Math's MersenneTwister, BitsStreamGenerator. */
#include "back/duckdb/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { WORDS = 624, MIDDLE = 397 };

typedef struct Twister {
    uint32_t words[WORDS];
    size_t next;
} Twister;

/* setSeed(int[]) with the two halves of a long. */
static void twister_seed(Twister *t, uint64_t seed)
{
    const uint32_t key[] = { (uint32_t)(seed >> 32), (uint32_t)seed };
    uint32_t *w = t->words;
    w[0] = 19650218;
    for (uint32_t i = 1; i < WORDS; i++)
        w[i] = 1812433253u * (w[i - 1] ^ w[i - 1] >> 30) + i;
    uint32_t at = 1;
    for (uint32_t n = 0; n < WORDS; n++) {
        w[at] = (w[at] ^ (w[at - 1] ^ w[at - 1] >> 30) * 1664525u) + key[n % 2] + n % 2;
        if (++at == WORDS) {
            w[0] = w[WORDS - 1];
            at = 1;
        }
    }
    for (uint32_t n = 1; n < WORDS; n++) {
        w[at] = (w[at] ^ (w[at - 1] ^ w[at - 1] >> 30) * 1566083941u) - at;
        if (++at == WORDS) {
            w[0] = w[WORDS - 1];
            at = 1;
        }
    }
    w[0] = 0x80000000u;
    t->next = WORDS;
}

static uint32_t twister_bits(Twister *t, int bits)
{
    uint32_t *w = t->words;
    for (size_t i = 0; t->next == WORDS && i < WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % WORDS] & 0x7fffffffu);
        w[i] = w[(i + MIDDLE) % WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    t->next %= WORDS;
    uint32_t y = w[t->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    y ^= y >> 18;
    return y >> (32 - bits);
}

static uint64_t twister_long(Twister *t)
{
    uint64_t high = (uint64_t)twister_bits(t, 32) << 32;
    return high | twister_bits(t, 32);
}

/* nextInt(n), for n above 0 */
static uint32_t twister_below(Twister *t, uint32_t n)
{
    if (!(n & (n - 1)))
        return (uint32_t)((uint64_t)n * twister_bits(t, 31) >> 31);
    for (;;) {
        uint32_t bits = twister_bits(t, 31), value = bits % n;
        if (bits - value + (n - 1) <= INT32_MAX)
            return value;
    }
}

static void *twister_make(K *k, View seed)
{
    (void)k;
    uint64_t number = 0;
    Twister *t = malloc(sizeof *t);
    if (!t)
        abort();
    if (seed.len)
        number = (uint64_t)strtoll(seed.data, NULL, 10);
    else if (getentropy(&number, sizeof number))
        abort();
    twister_seed(t, number);
    return t;
}

/* The generator of this call; its seed is argument `arg`, NULL: any. */
static Twister *twister_of(K *k, size_t arg)
{
    char text[24] = "";
    if (!k_is_null(k, arg))
        snprintf(text, sizeof text, "%" PRId64, k_i64(k, arg));
    return k_cached(k, 0, (View){ text, strlen(text) }, twister_make, free);
}

static void uuid_of_seed(K *k)
{
    Twister *t = twister_of(k, 0);
    uint64_t high = (twister_long(t) & 0xffffffffffff0fffu) | 0x4000, low = (twister_long(t) | 0x8000000000000000u) & 0xbfffffffffffffffu;
    char text[40];
    int n = snprintf(text, sizeof text, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32, high >> 16 & 0xffff, high & 0xffff,
                     low >> 48, low & 0xffffffffffffu);
    k_set_str(k, text, (size_t)n);
}

static void shuffle_order(K *k)
{
    if (k_is_null(k, 0)) {
        k_null(k);
        return;
    }
    Twister *t = twister_of(k, 1);
    size_t n = (size_t)k_i64(k, 0);
    int64_t *order = ARENA_ARRAY(k_arena(k), int64_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t j = twister_below(t, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = (int64_t)i;
    }
    k_set_order(k, order, n);
}

const Kernel kernels_twister[] = {
    { "spark_uuid", "l:S", uuid_of_seed, KERNEL_NULLS | KERNEL_VOLATILE },
    { "spark_shuffle_order", "ll:[l", shuffle_order, KERNEL_NULLS | KERNEL_VOLATILE },
    { NULL, NULL, NULL, 0 },
};
