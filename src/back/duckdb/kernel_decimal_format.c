/* back/duckdb/kernel_decimal_format.c -- numbers by a pattern: format_number(x, '#,##0.00'). Source: java.text.DecimalFormat with the
 * symbols of Locale.US, rounding half to even. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_STR STR_INIT((size_t)1 << 20)
enum { DIGITS = 400, MOST_DIGITS = 350 };

typedef struct Affixes {
    char prefix[64], suffix[64];
} Affixes;
typedef struct DecimalPattern {
    Affixes positive, negative;
    int min_whole, max_whole, min_fraction, max_fraction, group, exponent_digits; /* exponent_digits 0: no exponent */
    int multiplier;
    bool point_always;
} DecimalPattern;

/* A number as 0.d1d2d3… × 10^point. */
typedef struct Digits {
    char at[DIGITS];
    int count, point;
    bool negative;
} Digits;

/* ---------------------------------------------------------------- patterns */
typedef struct Counting {
    int left, zeros, right, point, group, exponent, multiplier;
} Counting;

static bool add(char *to, char c)
{
    size_t n = strlen(to);
    if (n + 1 >= sizeof((Affixes *)0)->prefix)
        return false;
    to[n] = c;
    return true;
}

/* Text before or after the digits, to the first character of `stops` outside of quotes. */
static bool affix(const char **at, const char *stops, char *to, int *multiplier)
{
    bool quoted = false;
    for (; **at && (quoted || !strchr(stops, **at)); ++*at) {
        if (**at == '\'') {
            if ((*at)[1] == '\'') {
                ++*at;
                if (!add(to, '\''))
                    return false;
            } else {
                quoted = !quoted;
            }
            continue;
        }
        if (!quoted && strchr("#0,.", **at))
            return false;
        if (!quoted && (**at == '%' || !strncmp(*at, "\xE2\x80\xB0", 3))) {
            if (*multiplier != 1)
                return false;
            *multiplier = **at == '%' ? 100 : 1000;
        }
        if (!add(to, **at))
            return false;
    }
    return !quoted;
}

static bool number_part(const char **at, Counting *c)
{
    *c = (Counting){ .point = -1, .group = -1, .multiplier = c->multiplier };
    for (;; ++*at) {
        if (**at == '#') {
            *(c->zeros > 0 ? &c->right : &c->left) += 1;
            c->group += c->group >= 0 && c->point < 0;
        } else if (**at == '0') {
            if (c->right > 0)
                return false;
            c->zeros++;
            c->group += c->group >= 0 && c->point < 0;
        } else if (**at == ',') {
            c->group = 0;
        } else if (**at == '.') {
            if (c->point >= 0)
                return false;
            c->point = c->left + c->zeros + c->right;
        } else {
            break;
        }
    }
    if (**at == 'E') {
        for (++*at; **at == '0'; ++*at)
            c->exponent++;
        if (c->left + c->zeros < 1 || c->exponent < 1)
            return false;
    }
    return true;
}

static bool settle(Counting *c, DecimalPattern *p)
{
    if (!c->zeros && c->left > 0 && c->point >= 0) { /* "###.###", "###." and ".###" */
        int n = c->point ? c->point : 1;
        c->right = c->left - n;
        c->left = n - 1;
        c->zeros = 1;
    }
    if ((c->point < 0 && c->right > 0) || (c->point >= 0 && (c->point < c->left || c->point > c->left + c->zeros)) || c->group == 0)
        return false;
    int total = c->left + c->zeros + c->right, point = c->point >= 0 ? c->point : total;
    if (total > MOST_DIGITS / 2)
        return false;
    p->exponent_digits = c->exponent;
    p->min_whole = point - c->left;
    p->max_whole = c->exponent ? c->left + p->min_whole : INT32_MAX;
    p->max_fraction = c->point >= 0 ? total - c->point : 0;
    p->min_fraction = c->point >= 0 ? c->left + c->zeros - c->point : 0;
    p->group = c->group > 0 ? c->group : 0;
    p->point_always = c->point == 0 || c->point == total;
    p->multiplier = c->multiplier;
    return true;
}

static bool pattern_parse(const char *text, DecimalPattern *p)
{
    Counting c = { .multiplier = 1 }, second;
    *p = (DecimalPattern){ 0 };
    if (!*text)
        text = "#,###,###,###,###,###,##0";
    if (!affix(&text, "#0,.;", p->positive.prefix, &c.multiplier) || !number_part(&text, &c) || !affix(&text, ";", p->positive.suffix, &c.multiplier))
        return false;
    if (!settle(&c, p))
        return false;
    p->negative = p->positive;
    memmove(p->negative.prefix + 1, p->positive.prefix, sizeof p->positive.prefix - 1);
    p->negative.prefix[0] = '-';
    p->negative.prefix[sizeof p->negative.prefix - 1] = 0;
    if (*text != ';')
        return true;
    Affixes negative = { 0 };
    second.multiplier = 1;
    text++;
    if (!affix(&text, "#0,.;", negative.prefix, &second.multiplier) || !number_part(&text, &second) || !affix(&text, ";", negative.suffix, &second.multiplier) ||
        *text)
        return false;
    if (strcmp(negative.prefix, p->positive.prefix) || strcmp(negative.suffix, p->positive.suffix))
        p->negative = negative;
    return true;
}

static void *pattern_make(K *k, View key)
{
    DecimalPattern *p = malloc(sizeof *p);
    if (!p)
        abort();
    if (pattern_parse(k_text(k, key), p))
        return p;
    free(p);
    return NULL;
}

/* ---------------------------------------------------------------- digits */
static void trim(Digits *d)
{
    int zeros = 0;
    while (zeros < d->count && d->at[zeros] == '0')
        zeros++;
    memmove(d->at, d->at + zeros, (size_t)(d->count - zeros));
    d->count -= zeros;
    d->point -= zeros;
    while (d->count && d->at[d->count - 1] == '0')
        d->count--;
    d->point = d->count ? d->point : 0;
}

/* "-12.30", "1.5e-07" */
static void digits_of(const char *text, Digits *d)
{
    d->negative = *text == '-';
    text += d->negative;
    d->count = 0;
    d->point = -1;
    for (; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.')
            d->point = d->count;
        else if (d->count < DIGITS)
            d->at[d->count++] = *text;
    }
    d->point = d->point < 0 ? d->count : d->point;
    if (*text)
        d->point += (int)strtol(text + 1, NULL, 10);
    trim(d);
}

/* Keeps the first `keep` digits, half to even by the digits that are there. */
static void digits_round(Digits *d, int keep)
{
    if (keep >= d->count)
        return;
    bool up = false;
    if (keep >= 0) {
        bool more = keep + 1 < d->count;
        up = d->at[keep] > '5' || (d->at[keep] == '5' && (more || (keep > 0 && (d->at[keep - 1] - '0') % 2)));
    }
    d->count = keep > 0 ? keep : 0;
    for (int i = d->count; up; i--) {
        if (i == 0) {
            memmove(d->at + 1, d->at, (size_t)d->count);
            d->at[0] = '1';
            d->count++;
            d->point++;
            up = false;
        } else if (d->at[i - 1] == '9') {
            d->at[i - 1] = '0';
        } else {
            d->at[i - 1]++;
            up = false;
        }
    }
    trim(d);
}

/* The shortest digits when they are few enough, else those of the exact value. */
static void double_digits(double x, const DecimalPattern *p, Digits *d)
{
    char text[DIGITS + 8];
    int wanted = p->exponent_digits ? p->max_whole + p->max_fraction : p->max_fraction;
    java_text_double(x, text);
    digits_of(text, d);
    bool fits = p->exponent_digits ? !wanted || d->count <= wanted : d->count - d->point <= wanted;
    if (!fits && p->exponent_digits)
        snprintf(text, sizeof text, "%.*e", wanted - 1, x);
    else if (!fits)
        snprintf(text, sizeof text, "%.*f", wanted, x);
    if (!fits)
        digits_of(text, d);
    d->negative = signbit(x);
}

/* ---------------------------------------------------------------- writing */
static char digit_at(const Digits *d, int i)
{
    return i >= 0 && i < d->count ? d->at[i] : '0';
}

static void write_exponent(const DecimalPattern *p, const Digits *d, Str *out)
{
    int exponent = d->point, repeat = p->max_whole, least = p->min_whole;
    if (repeat > 1 && repeat > p->min_whole) {
        exponent = (exponent >= 1 ? (exponent - 1) / repeat : (exponent - repeat) / repeat) * repeat;
        least = 1;
    } else {
        exponent -= least;
    }
    int whole = d->count ? d->point - exponent : least, all = p->min_whole + p->min_fraction;
    all = all < whole ? whole : all;
    all = all < d->count ? d->count : all;
    for (int i = 0; i < all; i++)
        str_addf(out, "%s%c", i == whole ? "." : "", digit_at(d, i));
    exponent = d->count ? exponent : 0;
    str_addf(out, "%sE%s%0*d", p->point_always && all == whole ? "." : "", exponent < 0 ? "-" : "", p->exponent_digits, abs(exponent));
}

static void write_fixed(const DecimalPattern *p, const Digits *d, Str *out)
{
    int whole = d->point > p->min_whole ? d->point : p->min_whole;
    bool fraction = p->min_fraction > 0 || (d->count > 0 && d->count > d->point);
    for (int i = whole; i-- > 0;) {
        str_addc(out, i < d->point ? digit_at(d, d->point - 1 - i) : '0');
        if (i > 0 && p->group && i % p->group == 0)
            str_addc(out, ',');
    }
    if (!fraction && whole <= 0)
        str_addc(out, '0');
    if (p->point_always || fraction)
        str_addc(out, '.');
    for (int i = 0; i < p->max_fraction && (i < p->min_fraction || d->point + i < d->count); i++)
        str_addc(out, digit_at(d, d->point + i));
}

static void write_number(K *k, const DecimalPattern *p, const Digits *d, const char *word)
{
    const Affixes *around = d->negative ? &p->negative : &p->positive;
    str_auto out = OUT_STR;
    str_add(&out, around->prefix);
    if (word)
        str_add(&out, word);
    else if (p->exponent_digits)
        write_exponent(p, d, &out);
    else
        write_fixed(p, d, &out);
    str_add(&out, around->suffix);
    k_set_str(k, str_text(&out), out.len);
}

static const DecimalPattern *pattern_of(K *k, size_t arg)
{
    const DecimalPattern *p = k_cached(k, 0, k_str(k, arg), pattern_make, free);
    if (!p)
        k_fail(k, "java.lang.IllegalArgumentException", "message", k_text(k, k_str(k, arg)), NULL);
    return p;
}

static void format_double(K *k)
{
    Digits d = { 0 };
    const DecimalPattern *p = pattern_of(k, 1);
    double x = k_f64(k, 0);
    if (!p)
        return;
    if (isnan(x)) {
        k_set_view(k, VIEW("NaN"));
        return;
    }
    x *= p->multiplier;
    if (isfinite(x))
        double_digits(x, p, &d);
    d.negative = signbit(x);
    write_number(k, p, &d, isinf(x) ? "\xE2\x88\x9E" : NULL);
}

/* Digits of an integer or a decimal. */
static void format_exact(K *k)
{
    Digits d = { 0 };
    const DecimalPattern *p = pattern_of(k, 1);
    if (!p)
        return;
    digits_of(k_text(k, k_str(k, 0)), &d);
    if (d.count)
        d.point += p->multiplier == 100 ? 2 : p->multiplier == 1000 ? 3 : 0;
    if (!p->exponent_digits)
        digits_round(&d, d.point + p->max_fraction);
    else if (p->max_whole + p->max_fraction > 0)
        digits_round(&d, p->max_whole + p->max_fraction);
    write_number(k, p, &d, NULL);
}

const Kernel kernels_decimal_format[] = {
    { "spark_format_pattern", "dS:S", format_double, 0 },
    { "spark_format_pattern", "SS:S", format_exact, 0 },
    { NULL, NULL, NULL, 0 },
};
