/* warehouse/kernel_text.c -- Redshift's texts, numbers and JSON in the engine. */
#include "base/limits.h"
#include "warehouse/kernels.h"
#include "wire/val.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

void rs_fail(K *k, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    duckdb_scalar_function_set_error(k->info, text);
    k->failed = true;
}

/* --- lengths --- */

static size_t trimmed(View v)
{
    while (v.len && v.data[v.len - 1] == ' ')
        v.len--;
    return v.len;
}

static void too_long(K *k, const char *type, int64_t most)
{
    rs_fail(k, "value too long for type %s(%lld)", type, (long long)most);
}

/* Blanks beyond the length go; anything else there is an error. Lengths are of bytes. */
static void fit(K *k)
{
    View v = k_str(k, 0);
    size_t most = (size_t)k_i64(k, 1);
    if (v.len > most && trimmed(v) > most)
        too_long(k, "character varying", k_i64(k, 1));
    else
        k_set_str(k, v.data, v.len > most ? most : v.len);
}

static void fit_char(K *k)
{
    View v = k_str(k, 0);
    v.len = trimmed(v);
    if (v.len > (size_t)k_i64(k, 1))
        too_long(k, "character", k_i64(k, 1));
    else
        k_set_view(k, v);
}

/* An explicit cast cuts, never inside a character. */
static void cut(K *k)
{
    View v = k_str(k, 0);
    size_t most = (size_t)k_i64(k, 1);
    if (v.len > most)
        for (v.len = most; v.len && ((unsigned char)v.data[v.len] & 0xC0) == 0x80;)
            v.len--;
    k_set_view(k, v);
}

/* --- patterns --- */

/* SQL's SIMILAR TO pattern as a regular expression: % and _ are .* and . */
static void similar(K *k)
{
    View v = k_str(k, 0), escape = k_str(k, 1);
    str_auto out = STR_INIT(LIMIT_CONF_TEXT);
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (escape.len == 1 && c == escape.data[0] && i + 1 < v.len)
            str_addf(&out, "\\%c", v.data[++i]);
        else if (c == '%')
            str_add(&out, ".*");
        else if (c == '_')
            str_addc(&out, '.');
        else if (c == '.' || c == '^' || c == '$' || c == '\\')
            str_addf(&out, "\\%c", c);
        else
            str_addc(&out, c);
    }
    k_set_str(k, str_text(&out), out.len);
}

/* $1 is a group in Redshift, \1 in the engine. */
static void replacement(K *k)
{
    View v = k_str(k, 0);
    str_auto out = STR_INIT(LIMIT_CONF_TEXT);
    for (size_t i = 0; i < v.len; i++)
        str_addc(&out, v.data[i] == '$' && i + 1 < v.len && isdigit((unsigned char)v.data[i + 1]) ? '\\' : v.data[i]);
    k_set_str(k, str_text(&out), out.len);
}

static void initcap(K *k)
{
    View v = k_str(k, 0);
    char *text = k_text(k, v);
    bool start = true;
    for (char *c = text; *c; c++) {
        bool letter = isalnum((unsigned char)*c) || (unsigned char)*c >= 0x80;
        *c = (char)(letter && start ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
        start = !letter;
    }
    k_set_str(k, text, v.len);
}

static void quote_ident(K *k)
{
    View v = k_str(k, 0);
    bool plain = v.len && !isdigit((unsigned char)v.data[0]);
    str_auto out = STR_INIT(LIMIT_CONF_TEXT);
    for (size_t i = 0; i < v.len; i++)
        plain = plain && (islower((unsigned char)v.data[i]) || isdigit((unsigned char)v.data[i]) || v.data[i] == '_');
    if (plain) {
        k_set_view(k, v);
        return;
    }
    str_addc(&out, '"');
    for (size_t i = 0; i < v.len; i++)
        str_addf(&out, v.data[i] == '"' ? "\"%c" : "%c", v.data[i]);
    str_addc(&out, '"');
    k_set_str(k, str_text(&out), out.len);
}

static void crc(K *k)
{
    View v = k_str(k, 0);
    char text[16];
    int n = snprintf(text, sizeof text, "%08lx", crc32(0, (const Bytef *)v.data, (uInt)v.len));
    k_set_str(k, text, (size_t)n);
}

/* The C library's gives 3.0000000000000004 for 27. */
static void cube_root(K *k)
{
    double x = k_f64(k, 0), root = cbrt(x), whole = rint(root);
    k_set_f64(k, whole * whole * whole == x ? whole : root);
}

static void strtol_kernel(K *k)
{
    char *end, *text = k_text(k, k_str(k, 0));
    int64_t base = k_i64(k, 1);
    if (base < 2 || base > 36) {
        rs_fail(k, "Invalid base %lld: it must be between 2 and 36", (long long)base);
        return;
    }
    long long value = strtoll(text, &end, (int)base);
    if (*end || end == text)
        rs_fail(k, "The input %.100s is not valid to be converted to base %lld", text, (long long)base);
    else
        k_set_i64(k, value);
}

/* --- decimals --- */

static bool decimal_read(const char *text, i128 *ret_value, int *ret_scale)
{
    bool negative = *text == '-', point = false;
    i128 value = 0;
    int scale = 0;
    for (text += negative || *text == '+'; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)*text) || value > (((i128)1 << 124) / 10))
            return false;
        value = value * 10 + (*text - '0');
        scale += point;
    }
    *ret_value = negative ? -value : value;
    *ret_scale = scale;
    return true;
}

static void decimal_text(i128 value, int scale, char *out)
{
    char reversed[64];
    bool negative = value < 0;
    u128 v = negative ? (u128)-value : (u128)value;
    int n = 0;
    do {
        if (n == scale && scale)
            reversed[n++] = '.', scale = -1;
        reversed[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v || (scale > 0 && n <= scale));
    if (negative)
        *out++ = '-';
    while (n)
        *out++ = reversed[--n];
    *out = 0;
}

/* a / b with `scale` digits after the point; what is beyond is cut. */
static void divide(K *k)
{
    i128 a, b;
    int sa, sb;
    int64_t scale = k_i64(k, 2);
    char out[80];
    if (!decimal_read(k_text(k, k_str(k, 0)), &a, &sa) || !decimal_read(k_text(k, k_str(k, 1)), &b, &sb)) {
        rs_fail(k, "Numeric data overflow (result precision)");
        return;
    }
    if (b == 0) {
        rs_fail(k, "division by zero");
        return;
    }
    /* a/10^sa : b/10^sb * 10^scale: long division, a digit at a time, so that nothing overflows on the way. */
    int64_t shift = scale + sb - sa;
    bool negative = (a < 0) != (b < 0);
    u128 ua = (u128)(a < 0 ? -a : a), ub = (u128)(b < 0 ? -b : b), quotient, rest;
    for (; shift < 0; shift++)
        ua /= 10;
    quotient = ua / ub;
    rest = ua % ub;
    for (; shift > 0; shift--) {
        if (quotient > ((u128)1 << 126) / 10 || rest > ((u128)1 << 126) / 10) {
            rs_fail(k, "Numeric data overflow (result precision)");
            return;
        }
        rest *= 10;
        quotient = quotient * 10 + rest / ub;
        rest %= ub;
    }
    decimal_text(negative ? -(i128)quotient : (i128)quotient, (int)scale, out);
    k_set_str(k, out, strlen(out));
}

/* --- TO_CHAR and TO_NUMBER of numbers. "Numeric format strings" --- */

typedef struct Mask {
    int before, after, first_zero; /* digits; first_zero: places from which zeros are written, -1: none */
    bool fill, dollar, sign_first, sign_last, minus_last, angle, plain;
} Mask;

static bool mask_read(const char *text, Mask *ret_mask)
{
    Mask m = { .fill = true, .first_zero = -1 };
    bool point = false;
    for (const char *c = text; *c; c++) {
        if (!strncasecmp(c, "FM", 2))
            m.fill = false, c++;
        else if (!strncasecmp(c, "MI", 2))
            m.minus_last = true, c++;
        else if (!strncasecmp(c, "PR", 2))
            m.angle = true, c++;
        else if (*c == '9' || *c == '0') {
            if (*c == '0' && !point && m.first_zero < 0)
                m.first_zero = m.before;
            *(point ? &m.after : &m.before) += 1;
        } else if (*c == '.' || *c == 'D' || *c == 'd')
            point = true;
        else if (*c == '$' || *c == 'L' || *c == 'l')
            m.dollar = true;
        else if (*c == 'S' || *c == 's')
            *(c == text || !strncasecmp(text, "FMS", 3) ? &m.sign_first : &m.sign_last) = true;
        else if (*c != ',' && *c != 'G' && *c != 'g' && *c != ' ')
            return false;
    }
    *ret_mask = m;
    return true;
}

/* The digits before the point, with the mask's commas, as wide as the mask. */
static bool put_whole(Str *out, const char *mask, const Mask *m, const char *digits)
{
    int n = (int)strlen(digits), place = 0;
    bool begun = false;
    if (n == 1 && digits[0] == '0' && m->after > 0 && m->first_zero < 0)
        n = 0; /* 0.5 by 999.9 is ".5" */
    if (n > m->before)
        return false;
    for (; *mask && *mask != '.' && *mask != 'D' && *mask != 'd'; mask++) {
        if (*mask == ',' || *mask == 'G' || *mask == 'g') {
            if (begun)
                str_addc(out, ',');
            else if (m->fill)
                str_addc(out, ' ');
        } else if (*mask == '9' || *mask == '0') {
            int left = m->before - place;
            bool digit = left <= n, zero = !digit && m->first_zero >= 0 && place >= m->first_zero;
            begun = begun || digit || zero;
            if (digit || zero)
                str_addc(out, digit ? digits[n - left] : '0');
            else if (m->fill)
                str_addc(out, ' ');
            place++;
        }
    }
    return true;
}

/* Rounds the text of a number to `after` digits: *ret_whole and *ret_part are digits. */
static void round_text(K *k, const char *text, int after, bool *ret_negative, char **ret_whole, char **ret_part)
{
    char *copy = k_text(k, VIEW(text));
    *ret_negative = *copy == '-';
    copy += *ret_negative;
    if (strpbrk(copy, "eE")) {
        char plain[400];
        snprintf(plain, sizeof plain, "%.*f", after + 2 > 20 ? 20 : after + 2, strtod(copy, NULL));
        copy = k_text(k, VIEW(plain));
    }
    char *point = strchr(copy, '.');
    size_t whole = point ? (size_t)(point - copy) : strlen(copy), part = point ? strlen(point + 1) : 0;
    /* one digit more in front, for the carry */
    str_auto all = STR_INIT(LIMIT_CONF_TEXT);
    str_addc(&all, '0');
    str_addn(&all, copy, whole);
    for (int i = 0; i < after; i++)
        str_addc(&all, (size_t)i < part ? point[1 + i] : '0');
    if (part > (size_t)after && point[1 + after] >= '5') {
        size_t i = all.len;
        while (i-- && all.data[i] == '9')
            all.data[i] = '0';
        all.data[i]++;
    }
    char *digits = k_text(k, (View){ all.data, all.len });
    *ret_part = digits + 1 + whole;
    char *first = k_text(k, (View){ digits, 1 + whole });
    while (first[0] == '0' && first[1])
        first++;
    *ret_whole = first;
}

static void to_char_number(K *k)
{
    const char *mask = k_text(k, k_str(k, 1));
    Mask m;
    bool negative = false;
    char *whole = NULL, *part = NULL;
    if (!mask_read(mask, &m)) {
        rs_fail(k, "TO_CHAR with the format \"%.100s\" is not supported", mask);
        return;
    }
    round_text(k, k_text(k, k_str(k, 0)), m.after, &negative, &whole, &part);
    str_auto number = STR_INIT(65536);
    str_auto out = STR_INIT(65536);
    if (!put_whole(&number, mask, &m, whole)) {
        for (int i = 0; i < m.before; i++)
            str_addc(&number, '#');
        static const char marks[] = "##################################";
        part = k_text(k, VIEW(&marks[34 - (m.after > 34 ? 34 : m.after)]));
    }
    if (m.after)
        str_addf(&number, ".%.*s", m.after, part);
    const char *body = str_text(&number);
    size_t blanks = strspn(body, " ");
    bool own_sign = m.sign_first || m.sign_last || m.minus_last || m.angle;
    str_addf(&out, "%.*s", (int)blanks, body);
    if (m.angle)
        str_add(&out, negative ? "<" : m.fill ? " " : "");
    else if (m.sign_first)
        str_add(&out, negative ? "-" : "+");
    else if (!own_sign)
        str_add(&out, negative ? "-" : m.fill ? " " : "");
    if (m.dollar)
        str_addc(&out, '$');
    str_add(&out, body + blanks);
    if (m.angle)
        str_add(&out, negative ? ">" : m.fill ? " " : "");
    if (m.sign_last)
        str_add(&out, negative ? "-" : "+");
    if (m.minus_last)
        str_add(&out, negative ? "-" : m.fill ? " " : "");
    k_set_str(k, str_text(&out), out.len);
}

static void to_number(K *k)
{
    View v = k_str(k, 0);
    str_auto out = STR_INIT(65536);
    bool negative = false;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (isdigit((unsigned char)c) || c == '.')
            str_addc(&out, c);
        else if (c == '-' || c == '<')
            negative = true;
        else if (c != ',' && c != '$' && c != '+' && c != ' ' && c != '>') {
            rs_fail(k, "invalid input for TO_NUMBER: \"%.*s\"", (int)(v.len > 100 ? 100 : v.len), v.data);
            return;
        }
    }
    char *text = k_text(k, VIEW(str_text(&out)));
    str_clear(&out);
    str_addf(&out, "%s%s", negative ? "-" : "", text);
    k_set_str(k, str_text(&out), out.len);
}

/* --- JSON --- */

static void json_set(K *k, Arena *a, const Val *v)
{
    if (!v || v->kind == VAL_NULL) {
        k_set_str(k, "", 0); /* JSON_EXTRACT_PATH_TEXT: an empty string for what is not there */
        return;
    }
    const char *text = v->kind == VAL_STR ? v->s : val_to_json(a, v);
    k_set_str(k, text, strlen(text));
}

static bool json_read(K *k, Arena *a, View v, Val **ret_value)
{
    if (val_from_json(a, v.data, v.len, ret_value))
        return true;
    rs_fail(k, "JSON parsing error. Invalid object or array");
    return false;
}

static void json_path(K *k)
{
    arena_auto *a = arena_new();
    Val *value = NULL;
    if (!json_read(k, a, k_str(k, 0), &value))
        return;
    const Val *at = value;
    for (size_t i = 1; i < k->nargs && at; i++) {
        const char *name = arena_strn(a, k_str(k, i).data, k_str(k, i).len);
        int64_t index = -1;
        at = at->kind == VAL_MAP ? val_get(at, name) : at->kind == VAL_LIST && str_to_i64(name, &index) && index >= 0 ? val_at(at, (size_t)index) : NULL;
    }
    json_set(k, a, at);
}

static void json_element(K *k)
{
    arena_auto *a = arena_new();
    Val *value = NULL;
    int64_t index = k_i64(k, 1);
    if (!json_read(k, a, k_str(k, 0), &value))
        return;
    if (value->kind != VAL_LIST)
        rs_fail(k, "JSON parsing error. Invalid array");
    else if (index < 0 || (size_t)index >= val_len(value))
        k_null(k);
    else
        json_set(k, a, val_at(value, (size_t)index));
}

static void json_array_length(K *k)
{
    arena_auto *a = arena_new();
    Val *value = NULL;
    if (!json_read(k, a, k_str(k, 0), &value))
        return;
    if (value->kind != VAL_LIST)
        rs_fail(k, "JSON parsing error. Invalid array");
    else
        k_set_i64(k, (int64_t)val_len(value));
}

static void json_kind(K *k)
{
    static const char *const names[] = { "null", "boolean", "number", "number", "string", "string", "number", "array", "object" };
    arena_auto *a = arena_new();
    Val *value = NULL;
    View v = k_str(k, 0);
    if (!val_from_json(a, v.data, v.len, &value))
        k_null(k);
    else
        k_set_str(k, names[value->kind], strlen(names[value->kind]));
}

const Kernel kernels_rs_text[] = {
    { "rs_fit", "Sl:S", fit, 0 }, { "rs_fit_char", "Sl:S", fit_char, 0 }, { "rs_cut", "Sl:S", cut, 0 }, { "rs_similar", "SS:S", similar, 0 },
    { "rs_regexp_replacement", "S:S", replacement, 0 }, { "rs_initcap", "S:S", initcap, 0 }, { "rs_quote_ident", "S:S", quote_ident, 0 },
    { "rs_crc32", "S:S", crc, 0 }, { "rs_cbrt", "d:d", cube_root, 0 }, { "rs_strtol", "Sl:l", strtol_kernel, 0 }, { "rs_divide", "SSl:S", divide, 0 },
    { "rs_to_char_number", "SS:S", to_char_number, 0 }, { "rs_to_number", "SS:S", to_number, 0 },
    { "rs_json_path", "SS:S", json_path, KERNEL_VARARGS }, { "rs_json_element", "Sl:S", json_element, 0 },
    { "rs_json_array_length", "S:l", json_array_length, 0 }, { "rs_json_kind", "S:S", json_kind, 0 }, { NULL, NULL, NULL, 0 },
};
