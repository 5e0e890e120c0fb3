/* base/str.h -- a growing, always NUL-terminated byte string with a named cap, and small text helpers.
 * Str owns heap memory: str_done() (or str_auto) releases it. Appending past `max_bytes` sets `overflow` and drops the
 * rest; callers that build from client input check it once at the end. Not thread-safe. */
#ifndef WEIR_BASE_STR_H
#define WEIR_BASE_STR_H
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Str {
    char *data; /* never NULL after the first append; "" through str_text() before */
    size_t len, cap, max_bytes;
    bool overflow;
} Str;

#define STR_INIT(max) ((Str){ .max_bytes = (max) })
#define str_auto __attribute__((cleanup(str_done))) Str

void str_done(Str *s);
void str_clear(Str *s); /* empty, memory kept */
void str_add(Str *s, const char *text);
void str_addn(Str *s, const void *bytes, size_t length);
void str_addf(Str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(Str *s, const char *format, va_list args);
/* A number in decimal digits. */
void str_addu(Str *s, uint64_t number);

static inline void str_addc(Str *s, char c)
{
    if (s->overflow || s->len >= s->max_bytes || s->cap - s->len < 2) {
        str_addn(s, &c, 1);
        return;
    }
    s->data[s->len++] = c;
    s->data[s->len] = 0;
}
static inline const char *str_text(const Str *s) { return s->data ? s->data : ""; }
/* The text as an arena string. */
char *str_arena(const Str *s, Arena *a);

/* A borrowed view: not NUL-terminated, owns nothing. */
typedef struct View {
    const char *data;
    size_t len;
} View;
#define VIEW(text) ((View){ (text), strlen(text) })
#define VIEW_ARGS(v) (int)(v).len, (v).data /* for "%.*s" */

bool str_eq(const char *a, const char *b);       /* NULLs are equal to each other only */
bool str_ieq_whole(const char *a, const char *b);
/* ASCII case-insensitive. Most texts that are compared differ in the first letter. */
static inline bool str_ieq(const char *a, const char *b)
{
    return a && b ? !((*a ^ *b) & ~0x20) && str_ieq_whole(a, b) : a == b;
}
/* Levenshtein's, of the first STR_DISTANCE_BYTES of each: for suggestions. ignore_case: of ASCII. */
enum { STR_DISTANCE_BYTES = 128 };
size_t str_distance(const char *x, const char *y, bool ignore_case);
bool str_starts(const char *text, const char *prefix);
bool str_istarts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/* Is text[0..length) valid UTF-8 (RFC 3629; no surrogates, no overlong forms)? */
bool utf8_valid(const char *text, size_t length);
/* A code point as UTF-8, not NUL-terminated; returns its 1 to 4 bytes' number. A surrogate is written like others. */
size_t utf8_write(char out[4], uint32_t code_point);
void str_add_code_point(Str *s, uint32_t code_point);
/* Decimal integer, whole text, no spaces. False when it is not one or does not fit. */
bool str_to_i64(const char *text, int64_t *ret_value);
bool str_to_f64(const char *text, double *ret_value);
/* Lower-case hex of bytes, NUL-terminated: out holds 2*length+1. */
void hex_encode(const void *bytes, size_t length, char *out);
/* RFC 4648 base64. Encode returns arena text; decode fails (false) on anything that is not base64. */
char *base64_encode(Arena *a, const void *bytes, size_t length);
bool base64_decode(Arena *a, const char *text, void **ret_bytes, size_t *ret_length);
/* An AWS-style URI encoding: all but A-Z a-z 0-9 - . _ ~ becomes %XX; '/' is kept when keep_slash. */
void uri_encode(Str *out, const char *text, size_t length, bool keep_slash);
/* Decodes %XX (and '+' as space when plus_is_space). False on a broken escape. */
bool uri_decode(Arena *a, const char *text, size_t length, bool plus_is_space, char **ret_text, size_t *ret_length);

#endif
