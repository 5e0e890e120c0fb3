/* back/duckdb/source_value.c -- texts to values by the rules of java.lang and java.math, which the readers of text files use
 * where Cast has rules of its own. */
#include "back/duckdb/convert.h"
#include "back/duckdb/source_internal.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum { NUMBER_BYTES = 64, EXACT_DIGITS = 15, EXACT_POWER = 22 };

bool java_integer(View v, int64_t min, int64_t max, int64_t *ret_value)
{
    size_t i = v.len && (v.data[0] == '-' || v.data[0] == '+');
    bool negative = i && v.data[0] == '-';
    uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    if (i == v.len)
        return false;
    for (; i < v.len; i++) {
        unsigned digit = (unsigned)(unsigned char)v.data[i] - '0';
        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    int64_t result = negative ? (int64_t)(0 - value) : (int64_t)value;
    if (result < min || result > max)
        return false;
    *ret_value = result;
    return true;
}

/* ---------------------------------------------------------------- floating point */
/* [sign] digits [. digits] [e [sign] digits], as its parts. */
typedef struct Number {
    bool negative;
    const char *digits;  /* to `mantissa_end`, with or without a point */
    const char *mantissa_end, *end;
    int64_t ndigits, fraction, exponent;
} Number;

static bool number_parse(View v, Number *n)
{
    const char *at = v.data, *end = v.data + v.len;
    *n = (Number){ 0 };
    if (at < end && (*at == '-' || *at == '+'))
        n->negative = *at++ == '-';
    n->digits = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        n->ndigits++;
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            n->ndigits++;
            n->fraction++;
        }
    }
    n->mantissa_end = n->end = at;
    if (!n->ndigits)
        return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        bool negative = false, any = false;
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            negative = *at++ == '-';
        for (; at < end && *at >= '0' && *at <= '9'; at++) {
            any = true;
            if (n->exponent < INT32_MAX)
                n->exponent = n->exponent * 10 + (*at - '0');
        }
        if (!any)
            return false;
        n->exponent = negative ? -n->exponent : n->exponent;
        n->end = at;
    }
    return true;
}

/* Few digits and a small power of ten: one exact division or multiplication gives the nearest double. */
static bool exact_double(const Number *n, double *ret_value)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    int64_t power = n->exponent - n->fraction, mantissa = 0;
    if (n->ndigits > EXACT_DIGITS || power < -EXACT_POWER || power > EXACT_POWER)
        return false;
    for (const char *at = n->digits; at < n->mantissa_end; at++) {
        if (*at != '.')
            mantissa = mantissa * 10 + (*at - '0');
    }
    double value = power < 0 ? (double)mantissa / powers[-power] : (double)mantissa * powers[power];
    *ret_value = n->negative ? -value : value;
    return true;
}

static bool is_word(View v, double *ret_value)
{
    bool sign = v.len && (v.data[0] == '-' || v.data[0] == '+'), negative = sign && v.data[0] == '-';
    View word = { v.data + sign, v.len - sign };
    if (word.len == 3 && !memcmp(word.data, "NaN", 3))
        *ret_value = NAN;
    else if (word.len == 8 && !memcmp(word.data, "Infinity", 8))
        *ret_value = negative ? -HUGE_VAL : HUGE_VAL;
    else
        return false;
    return true;
}

/* 0x1.8p3: the exponent must be there. */
static bool hexadecimal(View v)
{
    size_t i = v.len && (v.data[0] == '-' || v.data[0] == '+'), digits = 0;
    if (v.len < i + 2 || v.data[i] != '0' || (v.data[i + 1] != 'x' && v.data[i + 1] != 'X'))
        return false;
    bool point = false;
    for (i += 2; i < v.len && v.data[i] != 'p' && v.data[i] != 'P'; i++) {
        if (v.data[i] == '.' && !point)
            point = true;
        else if (strchr("0123456789abcdefABCDEF", v.data[i]) && v.data[i])
            digits++;
        else
            return false;
    }
    if (!digits || i >= v.len)
        return false;
    i++;
    if (i < v.len && (v.data[i] == '-' || v.data[i] == '+'))
        i++;
    size_t exponent = i;
    while (i < v.len && v.data[i] >= '0' && v.data[i] <= '9')
        i++;
    return i == v.len && i > exponent;
}

/* Trims as Double.parseDouble does and takes the type's letter off; the kind of text it is. */
typedef enum NumberText { NOT_A_NUMBER, A_WORD, A_DECIMAL, A_HEXADECIMAL } NumberText;
static NumberText number_text(View *v, Number *n, double *word)
{
    while (v->len && (unsigned char)v->data[0] <= ' ')
        *v = (View){ v->data + 1, v->len - 1 };
    while (v->len && (unsigned char)v->data[v->len - 1] <= ' ')
        v->len--;
    if (is_word(*v, word))
        return A_WORD;
    View bare = *v;
    if (v->len && strchr("dDfF", v->data[v->len - 1]) && v->data[v->len - 1])
        bare.len--;
    if (hexadecimal(bare)) {
        *v = bare;
        return A_HEXADECIMAL;
    }
    if (!number_parse(bare, n) || n->end != bare.data + bare.len)
        return NOT_A_NUMBER;
    *v = bare;
    return A_DECIMAL;
}

bool java_double(View v, double *ret_value)
{
    Number n;
    char small[NUMBER_BYTES];
    NumberText kind = number_text(&v, &n, ret_value);
    if (kind == NOT_A_NUMBER || kind == A_WORD || (kind == A_DECIMAL && exact_double(&n, ret_value)))
        return kind != NOT_A_NUMBER;
    char *text = v.len < sizeof small ? small : malloc(v.len + 1);
    if (!text)
        abort();
    memcpy(text, v.data, v.len);
    text[v.len] = 0;
    *ret_value = strtod(text, NULL);
    if (text != small)
        free(text);
    return true;
}

bool java_float(View v, float *ret_value)
{
    Number n;
    double word;
    char small[NUMBER_BYTES];
    NumberText kind = number_text(&v, &n, &word);
    if (kind == A_WORD)
        *ret_value = (float)word;
    if (kind == NOT_A_NUMBER || kind == A_WORD)
        return kind == A_WORD;
    char *text = v.len < sizeof small ? small : malloc(v.len + 1);
    if (!text)
        abort();
    memcpy(text, v.data, v.len);
    text[v.len] = 0;
    *ret_value = strtof(text, NULL);
    if (text != small)
        free(text);
    return true;
}

/* ---------------------------------------------------------------- decimals */
bool java_big_decimal(View v, int64_t *ret_precision, int64_t *ret_scale)
{
    Number n;
    if (!number_parse(v, &n) || n.end != v.data + v.len || n.exponent >= INT32_MAX || n.exponent <= -INT32_MAX)
        return false;
    int64_t leading = 0;
    for (const char *at = n.digits; at < n.mantissa_end && (*at == '0' || *at == '.'); at++)
        leading += *at == '0';
    *ret_precision = leading == n.ndigits ? 1 : n.ndigits - leading;
    *ret_scale = n.fraction - n.exponent;
    return true;
}

bool java_decimal(View v, int precision, int scale, i128 *ret_value)
{
    int64_t digits, places;
    bool overflow;
    return java_big_decimal(v, &digits, &places) && convert_decimal(v, precision, scale, ret_value, &overflow);
}

/* ---------------------------------------------------------------- the others */
bool java_boolean(View v, bool *ret_value)
{
    bool yes = v.len == 4 && !strncasecmp(v.data, "true", 4), no = v.len == 5 && !strncasecmp(v.data, "false", 5);
    if (yes || no)
        *ret_value = yes;
    return yes || no;
}

/* uuuu-MM-dd of java.time: a sign with more than four digits of the year. */
bool iso_date(View v, int32_t *ret_days)
{
    size_t i = v.len && (v.data[0] == '-' || v.data[0] == '+'), digits = 0;
    while (i + digits < v.len && v.data[i + digits] >= '0' && v.data[i + digits] <= '9')
        digits++;
    bool year = digits == 4 ? !i || v.data[0] == '-' : i && digits > 4 && digits <= 10;
    if (!year || v.len != i + digits + 6 || v.data[i + digits] != '-' || v.data[i + digits + 3] != '-')
        return false;
    return convert_date(v, ret_days);
}

/* Length of the longest start of text[0..n) that is, or could become, one UTF-8 character; *ret_whole: it is one. */
static size_t utf8_step(const unsigned char *s, size_t n, bool *ret_whole)
{
    size_t need = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    *ret_whole = false;
    if (!need)
        return 1;
    for (size_t i = 1; i < need; i++) {
        unsigned char low = 0x80, high = 0xbf;
        if (i == 1 && s[0] == 0xe0)
            low = 0xa0;
        if (i == 1 && s[0] == 0xed)
            high = 0x9f;
        if (i == 1 && s[0] == 0xf0)
            low = 0x90;
        if (i == 1 && s[0] == 0xf4)
            high = 0x8f;
        if (i >= n || s[i] < low || s[i] > high)
            return i;
    }
    *ret_whole = true;
    return need;
}

View utf8_clean(View v, Str *scratch)
{
    size_t i = 0;
    while (i < v.len && (unsigned char)v.data[i] < 0x80)
        i++;
    if (i == v.len || utf8_valid(v.data, v.len))
        return v;
    str_clear(scratch);
    for (i = 0; i < v.len;) {
        bool whole;
        size_t n = utf8_step((const unsigned char *)v.data + i, v.len - i, &whole);
        str_addn(scratch, whole ? v.data + i : "\xef\xbf\xbd", whole ? n : 3);
        i += n;
    }
    return (View){ str_text(scratch), scratch->len };
}
