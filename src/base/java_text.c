/* base/java_text.c -- the digits of binary floating-point numbers as OpenJDK 17's FloatingDecimal finds them.
 * B / S is the number, scaled to 1 ≤ B / S < 10; M is half of its last place. Digits are divided off until what is left is below M. Java does
 * that in ints, longs or large integers, whatever holds B and 10 S, and its stopping tests differ a little between them (an int or a
 * long M wraps; "high" is ≥ for large integers only): so do these. */
#include "base/java_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    MANTISSA_BITS = 52, /* of a double; a float's mantissa is shifted to it */
    FIVES = 27,         /* powers of five that a long holds: 5^0 … 5^26 */
    MAX_DIGITS = 24,
    WORDS = 48          /* of 32 bits: 5^324 · 2^1075 and what multiplication by ten adds */
};

typedef struct Digits {
    char digits[MAX_DIGITS];
    int count, exponent; /* 0.d1d2d3… · 10^exponent */
} Digits;

static uint64_t power_of_five(int n)
{
    uint64_t p = 1;
    while (n-- > 0)
        p *= 5;
    return p;
}

static int bits_of_five(int n)
{
    return n >= FIVES ? n * 3 : n ? 64 - __builtin_clzll(power_of_five(n)) : 0;
}

/* ---------------------------------------------------------------- large integers */
typedef struct Big {
    uint32_t words[WORDS]; /* the lowest first */
    int count;
} Big;

static void big_multiply(Big *b, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < b->count; i++) {
        carry += (uint64_t)b->words[i] * factor;
        b->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        b->words[b->count++] = (uint32_t)carry;
}

static void big_shift(Big *b, int bits)
{
    int words = bits / 32, rest = bits % 32;
    if (rest)
        big_multiply(b, 1U << rest);
    memmove(b->words + words, b->words, (size_t)b->count * sizeof *b->words);
    memset(b->words, 0, (size_t)words * sizeof *b->words);
    b->count += words;
}

/* value · 5^fives · 2^twos */
static void big_set(Big *b, uint64_t value, int fives, int twos)
{
    b->words[0] = (uint32_t)value;
    b->words[1] = (uint32_t)(value >> 32);
    b->count = b->words[1] ? 2 : 1;
    for (; fives >= 13; fives -= 13)
        big_multiply(b, 1220703125);
    big_multiply(b, (uint32_t)power_of_five(fives));
    big_shift(b, twos);
}

static int big_compare(const Big *x, const Big *y)
{
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    for (int i = x->count; i-- > 0;)
        if (x->words[i] != y->words[i])
            return x->words[i] < y->words[i] ? -1 : 1;
    return 0;
}

static void big_trim(Big *b)
{
    while (b->count && !b->words[b->count - 1])
        b->count--;
}

/* b - s·q; the caller knows that it is not negative. */
static void big_subtract(Big *b, const Big *s)
{
    int64_t carry = 0;
    for (int i = 0; i < b->count; i++) {
        carry += (int64_t)b->words[i] - (i < s->count ? s->words[i] : 0);
        b->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    big_trim(b);
}

/* x ≤ y + z? */
static bool big_at_most(const Big *x, const Big *y, const Big *z)
{
    Big sum = { .count = y->count > z->count ? y->count : z->count };
    uint64_t carry = 0;
    for (int i = 0; i < sum.count; i++) {
        carry += (uint64_t)(i < y->count ? y->words[i] : 0) + (i < z->count ? z->words[i] : 0);
        sum.words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        sum.words[sum.count++] = (uint32_t)carry;
    return big_compare(x, &sum) <= 0;
}

/* The next digit: b / s; b becomes ten times the remainder. */
static int big_digit(Big *b, const Big *s)
{
    int q = 0;
    for (; big_compare(b, s) >= 0; q++)
        big_subtract(b, s);
    big_multiply(b, 10);
    return q;
}

/* ---------------------------------------------------------------- digits */
static void put(Digits *d, int q)
{
    if (d->count < MAX_DIGITS)
        d->digits[d->count++] = (char)('0' + q);
}

static void round_up(Digits *d)
{
    int i = d->count - 1;
    while (i > 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (d->digits[i] == '9') {
        d->exponent++;
        d->digits[i] = '1';
        return;
    }
    d->digits[i]++;
}

/* Where the division stopped decides about the last digit; `twice`: the remainder's double compared with ten S. */
static void finish(Digits *d, bool low, bool high, int64_t twice)
{
    bool odd = d->count && (d->digits[d->count - 1] & 1);
    if (high && (!low || twice > 0 || (twice == 0 && odd)))
        round_up(d);
}

/* Java's arithmetic wraps. */
static int64_t wrapped(uint64_t x, bool narrow)
{
    return narrow ? (int32_t)(uint32_t)x : (int64_t)x;
}

typedef struct Scale {
    int b2, b5, s2, s5, m2; /* powers of two and five of B, S and M (m5 is b5) */
    uint64_t bits;
} Scale;

static void divide_small(const Scale *f, bool narrow, Digits *d)
{
    int64_t b = (int64_t)((f->bits * power_of_five(f->b5)) << f->b2), s = (int64_t)(power_of_five(f->s5) << f->s2);
    uint64_t m = power_of_five(f->b5) << f->m2;
    int64_t tens = s * 10;
    int q = (int)(b / s);
    b = 10 * (b % s);
    m = (uint64_t)wrapped(m * 10, narrow);
    bool low = b < (int64_t)m, high = wrapped((uint64_t)b + m, narrow) > tens;
    if (!q && !high)
        d->exponent--;
    else
        put(d, q);
    if (d->exponent < -3 || d->exponent >= 8)
        high = low = false; /* a text with an exponent has a digit behind its point */
    while (!low && !high) {
        q = (int)(b / s);
        b = 10 * (b % s);
        m = (uint64_t)wrapped(m * 10, narrow);
        bool positive = (int64_t)m > 0;
        low = !positive || b < (int64_t)m;
        high = !positive || wrapped((uint64_t)b + m, narrow) > tens;
        put(d, q);
    }
    d->exponent++;
    finish(d, low, high, wrapped(((uint64_t)b << 1) - (uint64_t)tens, narrow));
}

static void divide_big(const Scale *f, Digits *d)
{
    Big b, s, m, tens;
    big_set(&s, 1, f->s5, f->s2);
    big_set(&b, f->bits, f->b5, f->b2);
    big_set(&m, 1, f->b5 + 1, f->m2 + 1);
    big_set(&tens, 1, f->s5 + 1, f->s2 + 1);
    int q = big_digit(&b, &s);
    bool low = big_compare(&b, &m) < 0, high = big_at_most(&tens, &b, &m);
    if (!q && !high)
        d->exponent--;
    else
        put(d, q);
    if (d->exponent < -3 || d->exponent >= 8)
        high = low = false;
    while (!low && !high) {
        q = big_digit(&b, &s);
        big_multiply(&m, 10);
        low = big_compare(&b, &m) < 0;
        high = big_at_most(&tens, &b, &m);
        put(d, q);
    }
    d->exponent++;
    int64_t twice = 0;
    if (high && low) {
        big_multiply(&b, 2);
        twice = big_compare(&b, &tens);
    }
    finish(d, low, high, twice);
}

/* A whole number; of its last digits those that the mantissa does not determine are rounded away. */
static void whole(uint64_t value, int undetermined, Digits *d)
{
    char reversed[MAX_DIGITS];
    int n = 0;
    d->exponent = undetermined;
    if (undetermined) {
        uint64_t ten = power_of_five(undetermined) << undetermined, rest = value % ten;
        value = value / ten + (rest >= ten >> 1);
    }
    for (; value % 10 == 0; value /= 10)
        d->exponent++;
    for (; value; value /= 10)
        reversed[n++] = (char)('0' + value % 10);
    d->exponent += n;
    while (n)
        put(d, reversed[--n] - '0');
}

static int decimal_exponent(uint64_t mantissa, int exponent)
{
    double fraction = ldexp((double)mantissa, -MANTISSA_BITS);
    return (int)floor((fraction - 1.5) * 0.289529654 + 0.176091259 + (double)exponent * 0.301029995663981);
}

static int at_least_0(int x)
{
    return x > 0 ? x : 0;
}

/* mantissa: with its highest bit, bit 52, set; exponent: of that bit; significant: how many of its bits the number has */
static void find_digits(uint64_t mantissa, int exponent, int significant, Digits *d)
{
    int zeros = __builtin_ctzll(mantissa), bits = MANTISSA_BITS + 1 - zeros, tiny = at_least_0(bits - exponent - 1);
    if (exponent <= 62 && exponent >= -21 && !tiny) {
        int p = exponent - significant - 1;
        whole(exponent >= MANTISSA_BITS ? mantissa << (exponent - MANTISSA_BITS) : mantissa >> (MANTISSA_BITS - exponent),
              exponent > significant && p > 1 ? p * 30103 / 100000 : 0, d);
        return;
    }
    d->exponent = decimal_exponent(mantissa, exponent);
    Scale f = { .b5 = at_least_0(-d->exponent), .s5 = at_least_0(d->exponent), .bits = mantissa >> zeros };
    f.b2 = f.b5 + tiny + exponent;
    f.s2 = f.s5 + tiny;
    f.m2 = f.b2 - significant;
    f.b2 -= bits - 1;
    int common = f.b2 < f.s2 ? f.b2 : f.s2;
    f.b2 -= common;
    f.s2 -= common;
    f.m2 -= common + (bits == 1); /* below a power of two the numbers are closer */
    if (f.m2 < 0) {
        f.b2 -= f.m2;
        f.s2 -= f.m2;
        f.m2 = 0;
    }
    int b_bits = bits + f.b2 + bits_of_five(f.b5), s_bits = f.s2 + 1 + bits_of_five(f.s5 + 1);
    if (b_bits < 64 && s_bits < 64)
        divide_small(&f, b_bits < 32 && s_bits < 32, d);
    else
        divide_big(&f, d);
}

/* ---------------------------------------------------------------- texts */
static char *copy(char *p, const char *from, int n)
{
    memcpy(p, from, (size_t)n);
    return p + n;
}

static char *put_exponent(char *p, int x)
{
    *p++ = 'E';
    if (x < 0)
        *p++ = '-';
    x = x < 0 ? -x : x;
    if (x >= 100)
        *p++ = (char)('0' + x / 100);
    if (x >= 10)
        *p++ = (char)('0' + x / 10 % 10);
    *p++ = (char)('0' + x % 10);
    return p;
}

static size_t lay_out(bool negative, const Digits *d, char *out)
{
    char *p = out;
    const char *digits = d->digits;
    int x = d->exponent, n = d->count;
    if (negative)
        *p++ = '-';
    if (x > 0 && x < 8) {
        int before = n < x ? n : x;
        p = copy(p, digits, before);
        p = copy(p, "0000000", x - before);
        *p++ = '.';
        p = before < n ? copy(p, digits + before, n - before) : copy(p, "0", 1);
    } else if (x <= 0 && x > -3) {
        p = copy(p, "0.00", 2 - x);
        p = copy(p, digits, n);
    } else {
        *p++ = digits[0];
        *p++ = '.';
        p = n > 1 ? copy(p, digits + 1, n - 1) : copy(p, "0", 1);
        p = put_exponent(p, x - 1);
    }
    *p = 0;
    return (size_t)(p - out);
}

static size_t special(const char *text, char *out)
{
    size_t n = strlen(text);
    memcpy(out, text, n + 1);
    return n;
}

/* fraction, exponent: the fields of a number of `width` bits of fraction; the largest exponent is that of what is no number */
static size_t text_of(bool negative, uint64_t fraction, int exponent, int width, int bias, char *out)
{
    Digits d = { .count = 0 };
    int significant = width + 1;
    if (exponent == 2 * bias + 1)
        return special(fraction ? "NaN" : negative ? "-Infinity" : "Infinity", out);
    if (!exponent && !fraction)
        return special(negative ? "-0.0" : "0.0", out);
    if (!exponent) {
        significant = 64 - __builtin_clzll(fraction);
        exponent = 1 - (width + 1 - significant);
        fraction <<= width + 1 - significant;
    } else {
        fraction |= UINT64_C(1) << width;
    }
    find_digits(fraction << (MANTISSA_BITS - width), exponent - bias, significant, &d);
    return lay_out(negative, &d, out);
}

size_t java_text_double(double x, char *out)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return text_of(bits >> 63, bits & ((UINT64_C(1) << 52) - 1), (int)(bits >> 52 & 2047), 52, 1023, out);
}

size_t java_text_float(float x, char *out)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return text_of(bits >> 31, bits & ((1U << 23) - 1), (int)(bits >> 23 & 255), 23, 127, out);
}
