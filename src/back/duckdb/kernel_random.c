/* back/duckdb/kernel_random.c -- random numbers and texts: Spark's XORShiftRandom, one stream a thread, as partition 0 has it.
 * Source: XORShiftRandom, java.util.Random, Rand, Randn, RandStr. */
#include "back/duckdb/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* scala.util.hashing.MurmurHash3.bytesHash */
static uint32_t murmur3_bytes(const unsigned char *bytes, size_t length, uint32_t h)
{
    for (size_t i = 0; i + 4 <= length; i += 4) {
        uint32_t x;
        memcpy(&x, bytes + i, 4);
        x *= 0xcc9e2d51u;
        x = (x << 15 | x >> 17) * 0x1b873593u;
        h ^= x;
        h = (h << 13 | h >> 19) * 5 + 0xe6546b64u;
    }
    h ^= (uint32_t)length;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

/* The seed is argument `arg`; NULL: any. */
static void seed_stream(K *k, size_t arg)
{
    int64_t seed = k_is_null(k, arg) ? (int64_t)time(NULL) ^ (int64_t)(uintptr_t)k->state : k_i64(k, arg);
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)seed >> (56 - 8 * i));
    uint32_t low = murmur3_bytes(bytes, 8, 0x3c074a61u), high = murmur3_bytes(bytes, 8, low);
    k->state->random[0] = (uint64_t)high << 32 | low;
    k->state->random[1] = 1;
}

static uint32_t next_bits(K *k, size_t arg, int bits)
{
    if (!k->state->random[1])
        seed_stream(k, arg);
    uint64_t x = k->state->random[0];
    x ^= x << 21;
    x ^= x >> 35;
    x ^= x << 4;
    k->state->random[0] = x;
    return (uint32_t)(x & (((uint64_t)1 << bits) - 1));
}

static double next_double(K *k)
{
    uint64_t high = (uint64_t)next_bits(k, 0, 26) << 27;
    return (double)(high + next_bits(k, 0, 27)) * 0x1.0p-53;
}

static void rand_uniform(K *k)
{
    k_set_f64(k, next_double(k));
}

/* java.util.Random.nextGaussian makes two at a time: the second is kept in state->counter, flagged in random[1]. */
static void rand_normal(K *k)
{
    double u, v, s, other;
    if (k->state->random[1] == 2) {
        memcpy(&other, &k->state->counter, sizeof other);
        k->state->random[1] = 1;
        k_set_f64(k, other);
        return;
    }
    do {
        u = 2 * next_double(k) - 1;
        v = 2 * next_double(k) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    double factor = sqrt(-2 * log(s) / s);
    other = v * factor;
    memcpy(&k->state->counter, &other, sizeof other);
    k->state->random[1] = 2;
    k_set_f64(k, u * factor);
}

/* How often a row is drawn, `mean` times in the middle: a product of uniform numbers (Knuth), by steps in which exp(-mean) is a number. */
static void rand_poisson(K *k)
{
    double mean = k_f64(k, 1);
    int64_t drawn = 0;
    for (; mean > 0; mean -= 30) {
        double least = exp(-(mean < 30 ? mean : 30)), product = next_double(k);
        for (; product > least; product *= next_double(k))
            drawn++;
    }
    k_set_i64(k, drawn);
}

static void rand_text(K *k)
{
    static const char pool[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int32_t length = k_i32(k, 0);
    if (length < 0) {
        char text[16];
        snprintf(text, sizeof text, "%d", length);
        k_fail(k, "INVALID_PARAMETER_VALUE.LENGTH", "parameter", "`length`", "functionName", "`randstr`", "length", text, NULL);
        return;
    }
    str_auto out = STR_INIT((size_t)length + 1);
    for (int32_t i = 0; i < length; i++) {
        int32_t n = (int32_t)next_bits(k, 1, 32) % 62;
        str_addc(&out, pool[n < 0 ? -n : n]);
    }
    k_set_out(k, &out);
}

const Kernel kernels_random[] = {
    { "spark_rand", "l:d", rand_uniform, KERNEL_NULLS | KERNEL_VOLATILE },
    { "spark_randn", "l:d", rand_normal, KERNEL_NULLS | KERNEL_VOLATILE },
    { "spark_poisson", "ld:l", rand_poisson, KERNEL_NULLS | KERNEL_VOLATILE },
    { "spark_randstr", "il:S", rand_text, KERNEL_NULLS | KERNEL_VOLATILE },
    { NULL, NULL, NULL, 0 },
};
