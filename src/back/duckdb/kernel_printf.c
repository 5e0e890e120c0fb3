/* back/duckdb/kernel_printf.c -- numbers and values as formatted text. Source: FormatNumber (DecimalFormat), FormatString (Formatter). */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_STR STR_INIT((size_t)1 << 31)

/* A number beyond 38 digits: its shortest digits, and zeros. */
static void large_number(K *k, double x, int32_t digits)
{
    char text[NUMBER_TEXT_BYTES];
    size_t n = java_text_double(fabs(x), text);
    const char *e = memchr(text, 'E', n);
    size_t whole = e ? strtoul(e + 1, NULL, 10) + 1 : 0, at = 0;
    str_auto out = OUT_STR;
    str_add(&out, x < 0 ? "-" : "");
    for (size_t i = 0; i < whole; i++) {
        at += text[at] == '.';
        if (i && (whole - i) % 3 == 0)
            str_addc(&out, ',');
        str_addc(&out, text + at < e ? text[at++] : '0');
    }
    if (digits)
        str_addf(&out, ".%0*d", (int)digits, 0);
    k_set_out(k, &out);
}

/* Is the number just between two of so many digits? */
static bool is_tie(View v, int32_t digits)
{
    const char *point = memchr(v.data, '.', v.len), *end = v.data + v.len;
    if (!point || end - point - 1 <= digits || point[1 + digits] != '5')
        return false;
    for (const char *at = point + 2 + digits; at < end; at++)
        if (*at != '0')
            return false;
    return true;
}

/* DecimalFormat "#,###,###,##0.00": half even on what is shown. */
static void format_number(K *k)
{
    View v = k_str(k, 0);
    int32_t digits = k_i32(k, 1);
    i128 value;
    bool overflow;
    char text[64];
    if (digits < 0) {
        k_null(k);
        return;
    }
    if (!convert_decimal(v, 38, digits > 20 ? 20 : digits, &value, &overflow)) {
        if (isfinite(strtod(k_text(k, v), NULL))) {
            large_number(k, strtod(k_text(k, v), NULL), digits);
            return;
        }
        k_set_view(k, v.data[0] == 'n' || v.data[0] == 'N' ? VIEW("NaN") : v.data[0] == '-' ? VIEW("-\xE2\x88\x9E") : VIEW("\xE2\x88\x9E"));
        return;
    }
    if (is_tie(v, digits) && value % 2 != 0)
        value += v.data[0] == '-' ? 1 : -1;
    size_t n = print_decimal(value, digits > 20 ? 20 : digits, text);
    const char *point = memchr(text, '.', n);
    size_t whole = point ? (size_t)(point - text) : n, sign = text[0] == '-';
    str_auto out = OUT_STR;
    str_add(&out, v.data[0] == '-' && !sign ? "-" : ""); /* Java keeps the sign of what rounds to zero */
    for (size_t i = 0; i < whole; i++) {
        if (i > sign && (whole - i) % 3 == 0)
            str_addc(&out, ',');
        str_addc(&out, text[i]);
    }
    str_addn(&out, text + whole, n - whole);
    k_set_out(k, &out);
}

/* The number that `spec`'s digits show: Java rounds the shortest decimal form half up, C the binary value to even. */
static double half_up(const char *text, const char *spec, size_t length)
{
    const char *point = memchr(spec, '.', length);
    unsigned long digits = point ? strtoul(point + 1, NULL, 10) : 6;
    double x = strtod(text, NULL);
    char shortest[NUMBER_TEXT_BYTES], rounded[64];
    i128 value;
    bool overflow;
    size_t n = java_text_double(x, shortest);
    if (!isfinite(x) || digits > 20 || !convert_decimal((View){ shortest, n }, 38, (int)digits, &value, &overflow))
        return x;
    rounded[print_decimal(value, (int)digits, rounded)] = 0;
    return value ? strtod(rounded, NULL) : copysign(0.0, x);
}

/* Characters as Java counts them: what is outside of the basic plane is two. */
static size_t java_chars(View v)
{
    size_t n = 0;
    for (size_t i = 0; i < v.len; i++)
        n += ((unsigned char)v.data[i] & 0xC0) != 0x80 ? (unsigned char)v.data[i] >= 0xF0 ? 2 : 1 : 0;
    return n;
}

/* %[-][width][.precision]s: of the text so many characters, and blanks up to the width. */
static void format_text(Str *out, const char *spec, size_t length, View text)
{
    const char *point = memchr(spec, '.', length), *width = spec + 1 + strspn(spec + 1, "-+ 0#,(");
    bool left = memchr(spec, '-', length) != NULL;
    size_t most = point ? strtoul(point + 1, NULL, 10) : SIZE_MAX, wanted = width < point || !point ? strtoul(width, NULL, 10) : 0;
    while (point && java_chars(text) > most) {
        do
            text.len--;
        while (text.len && ((unsigned char)text.data[text.len] & 0xC0) == 0x80);
    }
    size_t have = java_chars(text), blanks = wanted > have ? wanted - have : 0;
    if (left)
        str_addn(out, text.data, text.len);
    for (size_t i = 0; i < blanks && !out->overflow; i++)
        str_addc(out, ' ');
    if (!left)
        str_addn(out, text.data, text.len);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are made here, of one conversion each */
/* One conversion of java.util.Formatter: [flags][width][.precision]letter. `arg` has a letter for its kind in front. */
static void format_one(Str *out, const char *spec, size_t length, View arg, bool null)
{
    char format[40], small[512];
    char letter = spec[length - 1], kind = null ? 's' : arg.data[0];
    View text = null ? VIEW("null") : (View){ arg.data + 1, arg.len - 1 };
    size_t keep = length - 1 < 24 ? length - 1 : 24, n = 0;
    for (size_t i = 0; i < keep; i++) {
        if (spec[i] != ',')
            format[n++] = spec[i];
    }
    if (letter == 's') {
        format_text(out, spec, length, text);
        return;
    }
    char *value = strndup(text.data, text.len);
    if (!value)
        abort();
    if (strchr("dxXo", letter) && kind == 'i') {
        snprintf(format + n, sizeof format - n, "ll%c", letter);
        snprintf(small, sizeof small, format, strtoll(value, NULL, 10));
    } else if (strchr("feEgG", letter) && kind != 's' && !isfinite(strtod(value, NULL))) {
        format[n] = 0;
        format[strcspn(format, ".")] = 0; /* Infinity and NaN are words: a width and no digits */
        strncat(format, "s", sizeof format - strlen(format) - 1);
        snprintf(small, sizeof small, format, value);
    } else if (strchr("feEgG", letter) && kind != 's') {
        snprintf(format + n, sizeof format - n, "%c", letter);
        snprintf(small, sizeof small, format, letter == 'f' ? half_up(value, spec, length) : strtod(value, NULL));
    } else if (letter == 'c' && kind == 'i') {
        snprintf(small, sizeof small, "%c", (int)strtol(value, NULL, 10));
    } else {
        snprintf(format + n, sizeof format - n, "s");
        char *big = NULL;
        if (asprintf(&big, format, value) >= 0)
            str_add(out, big);
        free(big);
        free(value);
        return;
    }
    str_add(out, small);
    free(value);
}

#pragma GCC diagnostic pop

static void format_string(K *k)
{
    if (k_is_null(k, 0)) {
        k_null(k);
        return;
    }
    View f = k_str(k, 0);
    str_auto out = OUT_STR;
    size_t next = 1;
    for (size_t i = 0; i < f.len; i++) {
        if (f.data[i] != '%' || i + 1 == f.len) {
            str_addc(&out, f.data[i]);
            continue;
        }
        size_t end = i + 1, from = i;
        while (end < f.len && !isalpha((unsigned char)f.data[end]) && f.data[end] != '%')
            end++;
        if (end == f.len)
            break;
        if (f.data[end] == '%' || f.data[end] == 'n') {
            str_addc(&out, f.data[end] == 'n' ? '\n' : '%');
            i = end;
            continue;
        }
        size_t arg = next;
        const char *dollar = memchr(f.data + i, '$', end - i);
        char spec[40] = "%";
        if (dollar) {
            arg = strtoul(f.data + i + 1, NULL, 10);
            from = (size_t)(dollar - f.data);
        } else {
            next++;
        }
        size_t n = end - from < 30 ? end - from : 30;
        memcpy(spec + 1, f.data + from + 1, n);
        if (arg >= 1 && arg < k->nargs)
            format_one(&out, spec, n + 1, k_str(k, arg), k_is_null(k, arg));
        i = end;
    }
    k_set_out(k, &out);
}

const Kernel kernels_printf[] = {
    { "spark_format_number", "Si:S", format_number, 0 },
    { "spark_format_string", "SS:S", format_string, KERNEL_NULLS | KERNEL_VARARGS },
    { NULL, NULL, NULL, 0 },
};
