/* base/str.c -- growing strings and text helpers. */
#include "base/str.h"

#include "base/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void str_done(Str *s)
{
    free(s->data);
    *s = STR_INIT(s->max_bytes);
}

void str_clear(Str *s)
{
    s->len = 0;
    s->overflow = false;
    if (s->data)
        s->data[0] = 0;
}

static void grow(Str *s, size_t need)
{
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap += cap / 2 + 1;
    char *data = realloc(s->data, cap);
    if (!data) {
        fprintf(stderr, "weir: out of memory (%zu bytes asked)\n", cap);
        abort();
    }
    s->data = data;
    s->cap = cap;
}

/* Room for `more` bytes and a NUL; false when that passes the cap. */
static bool str_reserve(Str *s, size_t more)
{
    if (s->overflow || more > s->max_bytes || s->len > s->max_bytes - more) {
        s->overflow = true;
        return false;
    }
    if (s->len + more + 1 > s->cap)
        grow(s, s->len + more + 1);
    return true;
}

void str_addn(Str *s, const void *bytes, size_t length)
{
    if (!str_reserve(s, length))
        return;
    if (length)
        memcpy(s->data + s->len, bytes, length);
    s->len += length;
    s->data[s->len] = 0;
}

void str_add(Str *s, const char *text)
{
    str_addn(s, text, strlen(text));
}

/* All or nothing. */
void str_vaddf(Str *s, const char *format, va_list args)
{
    enum { ROOM_BYTES = 512 }; /* most texts are written once only */
    if (s->overflow)
        return;
    if (s->cap - s->len < ROOM_BYTES)
        grow(s, s->len + ROOM_BYTES);
    size_t room = s->cap - s->len;
    va_list again;
    va_copy(again, args);
    int length = format_text(s->data + s->len, room, format, again);
    va_end(again);
    s->overflow = length < 0; /* longer than an int can say */
    if (!str_reserve(s, (size_t)length)) {
        s->data[s->len] = 0;
        return;
    }
    if ((size_t)length >= room)
        format_text(s->data + s->len, (size_t)length + 1, format, args);
    s->len += (size_t)length;
}

void str_addu(Str *s, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    str_addn(s, at, (size_t)(digits + sizeof digits - at));
}

void str_addf(Str *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    str_vaddf(s, format, args);
    va_end(args);
}

char *str_arena(const Str *s, Arena *a)
{
    return arena_strn(a, str_text(s), s->len);
}

bool str_eq(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

size_t str_distance(const char *x, const char *y, bool ignore_case)
{
    size_t n = strnlen(x, STR_DISTANCE_BYTES), m = strnlen(y, STR_DISTANCE_BYTES), row[STR_DISTANCE_BYTES + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            unsigned char c = (unsigned char)x[i - 1], d = (unsigned char)y[j - 1];
            bool same = c == d || (ignore_case && tolower(c) == tolower(d));
            size_t above = row[j], best = diagonal + !same;
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[m];
}

bool str_ieq_whole(const char *a, const char *b)
{
    return !strcasecmp(a, b); /* in the C locale, which this process keeps: ASCII only */
}

bool str_starts(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

bool str_istarts(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if (ascii_lower(*text) != ascii_lower(*prefix))
            return false;
    return true;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && !memcmp(text + n - m, suffix, m);
}

/* Length of the UTF-8 sequence at p, 0 when it is malformed. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

size_t utf8_write(char out[4], uint32_t code_point)
{
    size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = length; i-- > 1; code_point >>= 6)
        out[i] = (char)(0x80 | (code_point & 0x3F));
    out[0] = (char)(first[length] | code_point);
    return length;
}

void str_add_code_point(Str *s, uint32_t code_point)
{
    char bytes[4];
    str_addn(s, bytes, utf8_write(bytes, code_point));
}

bool utf8_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t n = utf8_sequence((const unsigned char *)text + i, length - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

bool str_to_i64(const char *text, int64_t *ret_value)
{
    if (!text || !((*text >= '0' && *text <= '9') || ((*text == '-' || *text == '+') && text[1] >= '0' && text[1] <= '9')))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *ret_value = value;
    return true;
}

bool str_to_f64(const char *text, double *ret_value)
{
    if (!text || !*text || *text == ' ')
        return false;
    char *end;
    double value = strtod(text, &end);
    if (*end)
        return false;
    *ret_value = value;
    return true;
}

void hex_encode(const void *bytes, size_t length, char *out)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = "0123456789abcdef"[p[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
    }
    out[2 * length] = 0;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(Arena *a, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    char *out = arena_alloc(a, (length + 2) / 3 * 4 + 1), *q = out;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        *q++ = base64_digits[v >> 18];
        *q++ = base64_digits[v >> 12 & 63];
        *q++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
        *q++ = left > 2 ? base64_digits[v & 63] : '=';
    }
    return out;
}

bool base64_decode(Arena *a, const char *text, void **ret_bytes, size_t *ret_length)
{
    size_t length = strlen(text);
    if (length % 4)
        return false;
    size_t pad = length && text[length - 1] == '=' ? (text[length - 2] == '=' ? 2 : 1) : 0;
    unsigned char *out = arena_alloc(a, length / 4 * 3 + 1), *q = out;
    for (size_t i = 0; i < length; i += 4) {
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            char c = text[i + k];
            bool is_pad = i + k >= length - pad;
            const char *digit = is_pad ? base64_digits : c ? strchr(base64_digits, c) : NULL;
            if (!digit)
                return false;
            v = v << 6 | (unsigned)(digit - base64_digits);
        }
        *q++ = (unsigned char)(v >> 16);
        *q++ = (unsigned char)(v >> 8);
        *q++ = (unsigned char)v;
    }
    *ret_bytes = out;
    *ret_length = length / 4 * 3 - pad;
    return true;
}

void uri_encode(Str *out, const char *text, size_t length, bool keep_slash)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
            c == '_' || c == '~' || (c == '/' && keep_slash))
            str_addc(out, (char)c);
        else
            str_addf(out, "%%%02X", c);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uri_decode(Arena *a, const char *text, size_t length, bool plus_is_space, char **ret_text, size_t *ret_length)
{
    char *out = arena_alloc(a, length + 1), *q = out;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%') {
            int hi = length - i > 2 ? hex_digit(text[i + 1]) : -1;
            int lo = length - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return false;
            *q++ = (char)(hi << 4 | lo);
            i += 2;
        } else
            *q++ = text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
    *q = 0;
    *ret_text = out;
    *ret_length = (size_t)(q - out);
    return true;
}
