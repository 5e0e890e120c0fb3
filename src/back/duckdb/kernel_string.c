/* back/duckdb/kernel_string.c -- text functions on UTF-8 code points. Source: Spark's UTF8String, stringExpressions. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

/* ---------------------------------------------------------------- code points */
static size_t char_bytes(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0xC0 ? 1 : u < 0xE0 ? 2 : u < 0xF0 ? 3 : u < 0xF8 ? 4 : 1;
}

static size_t step(View v, size_t at)
{
    size_t n = char_bytes(v.data[at]);
    return at + n > v.len ? v.len : at + n;
}

static int64_t count_chars(View v)
{
    int64_t n = 0;
    for (size_t at = 0; at < v.len; at = step(v, at))
        n++;
    return n;
}

/* Byte position of code point `n`, v.len when there are fewer. */
static size_t offset_of(View v, int64_t n)
{
    size_t at = 0;
    while (n-- > 0 && at < v.len)
        at = step(v, at);
    return at;
}

static View part(View v, int64_t from, int64_t to)
{
    if (to <= from)
        return (View){ v.data, 0 };
    size_t begin = offset_of(v, from);
    View rest = { v.data + begin, v.len - begin };
    return (View){ rest.data, offset_of(rest, to - from) };
}

static UChar32 char_at(View v, size_t at)
{
    size_t n = char_bytes(v.data[at]);
    if (n == 1 || at + n > v.len)
        return (unsigned char)v.data[at];
    UChar32 c = (unsigned char)v.data[at] & (0xFF >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)v.data[at + i] & 0x3F);
    return c;
}

static bool is_ascii(View v)
{
    for (size_t i = 0; i < v.len; i++) {
        if ((unsigned char)v.data[i] > 127)
            return false;
    }
    return true;
}

#define OUT_STR STR_INIT((size_t)1 << 31)

/* ---------------------------------------------------------------- parts */
/* Spark's substringSQL: 1-based, negative from the end, 0 is 1. */
static View substring_of(View v, int64_t pos, int64_t len, bool bytes)
{
    int64_t n = pos < 0 ? (bytes ? (int64_t)v.len : count_chars(v)) : 0;
    int64_t start = pos > 0 ? pos - 1 : pos < 0 ? n + pos : 0, end = start + len; /* past INT32_MAX there is no text */
    if (start < 0)
        start = 0;
    if (end < start)
        end = start;
    if (!bytes && !is_ascii(v))
        return part(v, start, end);
    if (start > (int64_t)v.len)
        start = (int64_t)v.len;
    if (end > (int64_t)v.len)
        end = (int64_t)v.len;
    return (View){ v.data + start, (size_t)(end - start) };
}

static void substring(K *k) { k_set_view(k, substring_of(k_str(k, 0), k_i32(k, 1), k_i32(k, 2), false)); }
static void substring_bytes(K *k) { k_set_view(k, substring_of(k_str(k, 0), k_i32(k, 1), k_i32(k, 2), true)); }

static void right_part(K *k)
{
    int32_t n = k_i32(k, 1);
    if (n <= 0)
        k_set_str(k, "", 0);
    else
        k_set_view(k, substring_of(k_str(k, 0), -(int64_t)n, n, false));
}

static const char *find(View v, View what)
{
    return what.len ? memmem(v.data, v.len, what.data, what.len) : v.data;
}

static void substring_index(K *k)
{
    View v = k_str(k, 0), delimiter = k_str(k, 1);
    int32_t n = k_i32(k, 2);
    if (!delimiter.len || !n) {
        k_set_str(k, "", 0);
        return;
    }
    if (n > 0) {
        View rest = v;
        for (; n > 0; n--) {
            const char *at = find(rest, delimiter);
            if (!at) {
                k_set_view(k, v);
                return;
            }
            if (n == 1) {
                k_set_str(k, v.data, (size_t)(at - v.data));
                return;
            }
            rest = (View){ at + delimiter.len, rest.len - (size_t)(at - rest.data) - delimiter.len };
        }
    }
    for (size_t at = v.len; at-- > 0;) {
        if (at + delimiter.len <= v.len && !memcmp(v.data + at, delimiter.data, delimiter.len) && ++n == 0) {
            k_set_str(k, v.data + at + delimiter.len, v.len - at - delimiter.len);
            return;
        }
    }
    k_set_view(k, v);
}

static void locate(K *k)
{
    View what = k_str(k, 0), v = k_str(k, 1);
    int32_t from = k_i32(k, 2);
    if (from < 1 || !what.len || from > count_chars(v) + 1) {
        k_set_i32(k, from > 0 && !what.len); /* UTF8String.indexOf finds nothing at once, wherever it begins */
        return;
    }
    size_t begin = offset_of(v, from - 1);
    const char *at = find((View){ v.data + begin, v.len - begin }, what);
    k_set_i32(k, at ? (int32_t)count_chars((View){ v.data, (size_t)(at - v.data) }) + 1 : 0);
}

static void find_in_set(K *k)
{
    View what = k_str(k, 0), list = k_str(k, 1);
    int32_t n = 1;
    if (memchr(what.data, ',', what.len)) {
        k_set_i32(k, 0);
        return;
    }
    for (size_t at = 0;; n++) {
        const char *comma = memchr(list.data + at, ',', list.len - at);
        size_t end = comma ? (size_t)(comma - list.data) : list.len;
        if (end - at == what.len && !memcmp(list.data + at, what.data, what.len)) {
            k_set_i32(k, n);
            return;
        }
        if (!comma) {
            k_set_i32(k, 0);
            return;
        }
        at = end + 1;
    }
}

static void split_part(K *k)
{
    View v = k_str(k, 0), delimiter = k_str(k, 1);
    int32_t n = k_i32(k, 2);
    if (n == 0) {
        k_fail(k, "INVALID_INDEX_OF_ZERO", NULL);
        return;
    }
    int32_t total = 1;
    if (delimiter.len) {
        for (View rest = v; find(rest, delimiter); total++) {
            const char *at = find(rest, delimiter);
            rest = (View){ at + delimiter.len, rest.len - (size_t)(at - rest.data) - delimiter.len };
        }
    }
    int32_t want = n > 0 ? n : total + n + 1;
    if (want < 1 || want > total) {
        k_set_str(k, "", 0);
        return;
    }
    View rest = v;
    for (int32_t i = 1;; i++) {
        const char *at = delimiter.len ? find(rest, delimiter) : NULL;
        size_t length = at ? (size_t)(at - rest.data) : rest.len;
        if (i == want) {
            k_set_str(k, rest.data, length);
            return;
        }
        rest = (View){ rest.data + length + delimiter.len, rest.len - length - delimiter.len };
    }
}

/* ---------------------------------------------------------------- trimming and padding */
static bool in_set(View set, const char *c, size_t n)
{
    for (size_t at = 0; at < set.len; at = step(set, at)) {
        if (step(set, at) - at == n && !memcmp(set.data + at, c, n))
            return true;
    }
    return false;
}

/* sides: 1 left, 2 right, 3 both */
static void trim(K *k)
{
    View v = k_str(k, 0), set = k_str(k, 1);
    int32_t sides = k_i32(k, 2);
    while ((sides & 1) && v.len) {
        size_t n = step(v, 0);
        if (!in_set(set, v.data, n))
            break;
        v = (View){ v.data + n, v.len - n };
    }
    while ((sides & 2) && v.len) {
        size_t at = v.len - 1;
        while (at && ((unsigned char)v.data[at] & 0xC0) == 0x80)
            at--;
        if (!in_set(set, v.data + at, v.len - at))
            break;
        v.len = at;
    }
    k_set_view(k, v);
}

/* `bytes`, a multiple of the unit's: what is there is doubled. */
static void fill(char *out, size_t bytes, View unit)
{
    size_t done = unit.len < bytes ? unit.len : bytes;
    memcpy(out, unit.data, done);
    for (size_t more; done < bytes; done += more) {
        more = done < bytes - done ? done : bytes - done;
        memcpy(out + done, out, more);
    }
}

static void pad_any(K *k, bool bytes)
{
    View v = k_str(k, 0), pad = k_str(k, 2);
    int64_t want = k_i32(k, 1), have = bytes ? (int64_t)v.len : count_chars(v);
    if (want <= have || !pad.len) {
        k_set_view(k, want <= 0 ? (View){ v.data, 0 } : bytes ? (View){ v.data, (size_t)(want < have ? want : have) } : part(v, 0, want));
        return;
    }
    int64_t missing = want - have, unit = bytes ? (int64_t)pad.len : count_chars(pad);
    View tail = bytes ? (View){ pad.data, (size_t)(missing % unit) } : part(pad, 0, missing % unit);
    size_t whole = (size_t)(missing / unit) * pad.len, filled = whole + tail.len;
    char *out = k_alloc(k, v.len + filled);
    if (!out)
        return;
    bool right = k_i32(k, 3);
    char *fillers = right ? out + v.len : out;
    memcpy(right ? out : out + filled, v.data, v.len);
    fill(fillers, whole, pad);
    memcpy(fillers + whole, tail.data, tail.len);
    k_set_str(k, out, v.len + filled);
    free(out);
}

static void repeat(K *k)
{
    View v = k_str(k, 0);
    size_t times = k_i32(k, 1) > 0 ? (size_t)k_i32(k, 1) : 0;
    char *out = k_alloc(k, v.len * times);
    if (!out)
        return;
    fill(out, v.len * times, v);
    k_set_str(k, out, v.len * times);
    free(out);
}

static void pad_text(K *k) { pad_any(k, false); }
static void pad_bytes(K *k) { pad_any(k, true); }

/* ---------------------------------------------------------------- case: Java's full mappings, by ICU for what is not ASCII */
static void *make_casemap(K *k, View key)
{
    UErrorCode code = U_ZERO_ERROR;
    (void)k;
    (void)key;
    return ucasemap_open("", 0, &code);
}

static void release_casemap(void *map)
{
    ucasemap_close(map);
}

static void change_case(K *k, bool upper)
{
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    if (is_ascii(v)) {
        for (size_t i = 0; i < v.len; i++)
            str_addc(&out, (char)(upper ? toupper((unsigned char)v.data[i]) : tolower((unsigned char)v.data[i])));
        k_set_out(k, &out);
        return;
    }
    UCaseMap *map = k_cached(k, 0, VIEW("casemap"), make_casemap, release_casemap);
    UErrorCode code = U_ZERO_ERROR;
    int32_t room = (int32_t)v.len * 3 + 8;
    char *text = malloc((size_t)room);
    if (!text || !map)
        abort();
    int32_t n = upper ? ucasemap_utf8ToUpper(map, text, room, v.data, (int32_t)v.len, &code)
                      : ucasemap_utf8ToLower(map, text, room, v.data, (int32_t)v.len, &code);
    k_set_str(k, text, U_SUCCESS(code) ? (size_t)n : 0);
    free(text);
}

static void upper(K *k) { change_case(k, true); }
static void lower(K *k) { change_case(k, false); }

static void initcap(K *k)
{
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    bool first = true;
    for (size_t at = 0; at < v.len; at = step(v, at)) {
        UChar32 c = char_at(v, at);
        str_add_code_point(&out, (uint32_t)(first ? u_totitle(c) : u_tolower(c)));
        first = c == ' ';
    }
    k_set_out(k, &out);
}

/* ---------------------------------------------------------------- rearranging */
static void reverse(K *k)
{
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    for (size_t end = v.len; end > 0;) {
        size_t at = end - 1;
        while (at && ((unsigned char)v.data[at] & 0xC0) == 0x80)
            at--;
        str_addn(&out, v.data + at, end - at);
        end = at;
    }
    k_set_out(k, &out);
}

static void translate(K *k)
{
    View v = k_str(k, 0), from = k_str(k, 1), to = k_str(k, 2);
    str_auto out = OUT_STR;
    for (size_t at = 0; at < v.len; at = step(v, at)) {
        size_t n = step(v, at) - at, f = 0, t = 0;
        bool found = false;
        while (f < from.len && !found) {
            size_t fn = step(from, f) - f;
            found = fn == n && !memcmp(from.data + f, v.data + at, n);
            if (!found) {
                f += fn;
                t = t < to.len ? step(to, t) : t;
            }
        }
        if (!found)
            str_addn(&out, v.data + at, n);
        else if (t < to.len)
            str_addn(&out, to.data + t, step(to, t) - t);
    }
    k_set_out(k, &out);
}

static void overlay_of(K *k, bool bytes)
{
    View v = k_str(k, 0), with = k_str(k, 1);
    int64_t pos = k_i32(k, 2), len = k_i32(k, 3);
    if (len < 0)
        len = bytes ? (int64_t)with.len : count_chars(with);
    View before = substring_of(v, 1, pos - 1, bytes), after = substring_of(v, pos + len, INT32_MAX, bytes);
    str_auto out = OUT_STR;
    str_addn(&out, before.data, before.len);
    str_addn(&out, with.data, with.len);
    str_addn(&out, after.data, after.len);
    k_set_out(k, &out);
}

static void overlay(K *k)
{
    overlay_of(k, false);
}

static void overlay_bytes(K *k)
{
    overlay_of(k, true);
}

static void ascii(K *k)
{
    View v = k_str(k, 0);
    k_set_i32(k, v.len ? char_at(v, 0) : 0);
}

static void chr(K *k)
{
    int64_t n = k_i64(k, 0);
    str_auto out = STR_INIT(16);
    if (n >= 0)
        str_add_code_point(&out, (uint32_t)(n & 0xFF));
    k_set_str(k, str_text(&out), n < 0 ? 0 : (n & 0xFF) ? out.len : 1);
}

static void blob_has(K *k)
{
    View v = k_str(k, 0), what = k_str(k, 1);
    int32_t where = k_i32(k, 2);
    bool has = what.len <= v.len;
    if (has && where == 1)
        has = find(v, what) != NULL;
    else if (has)
        has = !memcmp(v.data + (where ? v.len - what.len : 0), what.data, what.len);
    k_set_bool(k, has);
}

/* ---------------------------------------------------------------- likeness */
static int32_t distance(const UChar32 *a, size_t n, const UChar32 *b, size_t m)
{
    int32_t *row = calloc(m + 1, sizeof *row);
    if (!row)
        abort();
    for (size_t j = 0; j <= m; j++)
        row[j] = (int32_t)j;
    for (size_t i = 1; i <= n; i++) {
        int32_t diagonal = row[0];
        row[0] = (int32_t)i;
        for (size_t j = 1; j <= m; j++) {
            int32_t cost = diagonal + (a[i - 1] != b[j - 1]), above = row[j] + 1, left = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = cost < above ? (cost < left ? cost : left) : above < left ? above : left;
        }
    }
    int32_t result = row[m];
    free(row);
    return result;
}

static UChar32 *code_points(View v, size_t *ret_n)
{
    UChar32 *c = calloc(v.len + 1, sizeof *c);
    if (!c)
        abort();
    *ret_n = 0;
    for (size_t at = 0; at < v.len; at = step(v, at))
        c[(*ret_n)++] = char_at(v, at);
    return c;
}

static void levenshtein(K *k)
{
    size_t n, m;
    UChar32 *a = code_points(k_str(k, 0), &n), *b = code_points(k_str(k, 1), &m);
    int32_t limit = k_i32(k, 2), d = distance(a, n, b, m);
    k_set_i32(k, d > limit ? -1 : d);
    free(a);
    free(b);
}

static void soundex(K *k)
{
    static const char codes[] = "01230127022455012623017202";
    View v = k_str(k, 0);
    char out[5] = "0000";
    if (!v.len || !isalpha((unsigned char)v.data[0])) {
        k_set_view(k, v);
        return;
    }
    out[0] = (char)toupper((unsigned char)v.data[0]);
    char last = codes[out[0] - 'A'];
    size_t n = 1;
    for (size_t i = 1; i < v.len && n < 4; i++) {
        int c = toupper((unsigned char)v.data[i]);
        if (!isalpha(c) || (unsigned char)v.data[i] > 127) {
            last = '0';
            continue;
        }
        char code = codes[c - 'A'];
        if (code == '7')
            continue;
        if (code != '0' && code != last)
            out[n++] = code;
        last = code;
    }
    k_set_str(k, out, 4);
}

static void luhn_check(K *k)
{
    View v = k_str(k, 0);
    int sum = 0;
    bool twice = false, good = v.len > 0;
    for (size_t i = v.len; i-- > 0 && good; twice = !twice) {
        good = isdigit((unsigned char)v.data[i]);
        int d = (v.data[i] - '0') * (twice ? 2 : 1);
        sum += d > 9 ? d - 9 : d;
    }
    k_set_bool(k, good && sum % 10 == 0);
}

/* mask(s, upper, lower, digit, other): NULL keeps the character. */
static void mask(K *k)
{
    if (k_is_null(k, 0)) {
        k_null(k);
        return;
    }
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    for (size_t at = 0; at < v.len; at = step(v, at)) {
        UChar32 c = char_at(v, at);
        size_t arg = u_isupper(c) ? 1 : u_islower(c) ? 2 : u_isdigit(c) ? 3 : 4;
        if (k_is_null(k, arg))
            str_addn(&out, v.data + at, step(v, at) - at);
        else
            str_addn(&out, k_str(k, arg).data, k_str(k, arg).len);
    }
    k_set_out(k, &out);
}

static void quote(K *k)
{
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    str_addc(&out, '\'');
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] == '\'' || v.data[i] == '\\')
            str_addc(&out, '\\');
        str_addc(&out, v.data[i]);
    }
    str_addc(&out, '\'');
    k_set_out(k, &out);
}

const Kernel kernels_string[] = {
    { "spark_substring", "Sii:S", substring, 0 },
    { "spark_substring", "Bii:B", substring_bytes, 0 },
    { "spark_right", "Si:S", right_part, 0 },
    { "spark_substring_index", "SSi:S", substring_index, 0 },
    { "spark_locate", "SSi:i", locate, 0 },
    { "spark_find_in_set", "SS:i", find_in_set, 0 },
    { "spark_split_part", "SSi:S", split_part, 0 },
    { "spark_trim", "SSi:S", trim, 0 },
    { "spark_repeat", "Si:S", repeat, 0 },
    { "spark_pad", "SiSi:S", pad_text, 0 },
    { "spark_pad", "BiBi:B", pad_bytes, 0 },
    { "spark_upper", "S:S", upper, 0 },
    { "spark_lower", "S:S", lower, 0 },
    { "spark_initcap", "S:S", initcap, 0 },
    { "spark_reverse", "S:S", reverse, 0 },
    { "spark_translate", "SSS:S", translate, 0 },
    { "spark_overlay", "SSii:S", overlay, 0 },
    { "spark_overlay", "BBii:B", overlay_bytes, 0 },
    { "spark_ascii", "S:i", ascii, 0 },
    { "spark_chr", "l:S", chr, 0 },
    { "spark_blob_has", "BBi:b", blob_has, 0 },
    { "spark_levenshtein", "SSi:i", levenshtein, 0 },
    { "spark_soundex", "S:S", soundex, 0 },
    { "spark_luhn_check", "S:b", luhn_check, 0 },
    { "spark_mask", "SSSSS:S", mask, KERNEL_NULLS },
    { "spark_quote", "S:S", quote, 0 },
    { NULL, NULL, NULL, 0 },
};
