/* back/duckdb/kernel_collation.c -- strings with a collation: their keys, and what functions of strings mean under one. UTF8_BINARY and
 * UTF8_LCASE by code points, locales by ICU's collator and string search, in UTF-16 as Java has it.
 * Source: CollationFactory, CollationSupport, CollationAwareUTF8String. */
#include "back/duckdb/collator.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/usearch.h>
#include <unicode/ustring.h>

/* ---------------------------------------------------------------- collators */
static void collator_release(void *p)
{
    Collator *c = p;
    if (!c)
        return;
    ucol_close(c->icu);
    ucasemap_close(c->casemap);
    free(c);
}

static void strength(const Collator *c)
{
    UErrorCode code = U_ZERO_ERROR;
    UColAttributeValue level = c->is.ignores_case ? (c->is.ignores_accents ? UCOL_PRIMARY : UCOL_SECONDARY) : c->is.ignores_accents ? UCOL_PRIMARY : UCOL_TERTIARY;
    ucol_setAttribute(c->icu, UCOL_STRENGTH, level, &code);
    if (c->is.ignores_accents && !c->is.ignores_case)
        ucol_setAttribute(c->icu, UCOL_CASE_LEVEL, UCOL_ON, &code);
}

static void *collator_make(K *k, View name)
{
    UErrorCode code = U_ZERO_ERROR;
    const char *locale = "";
    Collator *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    if (!collation_read(k_text(k, name), &c->is)) {
        free(c);
        return NULL;
    }
    if (c->is.locale) {
        c->icu = ucol_open(c->is.locale, &code);
        if (U_FAILURE(code))
            abort(); /* a locale of collations.def */
        strength(c);
        locale = ucol_getLocaleByType(c->icu, ULOC_ACTUAL_LOCALE, &code);
    }
    c->casemap = ucasemap_open(locale ? locale : "", 0, &code);
    return c;
}

Collator *collator_arg(K *k, size_t arg)
{
    Collator *c = k_cached(k, 0, k_str(k, arg), collator_make, collator_release);
    if (!c)
        k_fail(k, "INDETERMINATE_COLLATION", NULL);
    return c;
}

static View without_blanks(View v)
{
    while (v.len && v.data[v.len - 1] == ' ')
        v.len--;
    return v;
}

/* ---------------------------------------------------------------- code points and UTF-16 */
UChar32 collator_lowered(UChar32 c)
{
    return c == 0x130 ? I_WITH_DOT : c == 0x3C2 ? 0x3C3 : u_tolower(c);
}

Points collator_points(View v)
{
    Points p = { calloc(v.len + 1, sizeof *p.at), 0 };
    if (!p.at)
        abort();
    for (int32_t i = 0, n = (int32_t)v.len; i < n; p.len++)
        U8_NEXT_OR_FFFD((const uint8_t *)v.data, i, n, p.at[p.len]);
    return p;
}

/* A pattern in lower case, U+0130 as two. */
static Points pattern_of(const Collator *c, View v)
{
    Points from = collator_points(v);
    if (!c->is.lower_case)
        return from;
    Points p = { calloc(2 * v.len + 1, sizeof *p.at), 0 };
    if (!p.at)
        abort();
    for (int32_t i = 0; i < from.len; i++) {
        UChar32 x = collator_lowered(from.at[i]);
        p.at[p.len++] = x == I_WITH_DOT ? SMALL_I : x;
        if (x == I_WITH_DOT)
            p.at[p.len++] = DOT;
    }
    free(from.at);
    return p;
}

void collator_add_points(Str *out, const UChar32 *at, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        str_add_code_point(out, (uint32_t)at[i]);
}

Units collator_units(View v)
{
    UErrorCode code = U_ZERO_ERROR;
    Units u = { calloc(v.len + 1, sizeof *u.at), 0 };
    if (!u.at)
        abort();
    u_strFromUTF8WithSub(u.at, (int32_t)v.len + 1, &u.len, v.data, (int32_t)v.len, 0xFFFD, NULL, &code);
    return u;
}

void collator_add_units(Str *out, const UChar *at, int32_t n)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = 0;
    char *bytes = malloc((size_t)n * 3 + 1);
    if (!bytes)
        abort();
    u_strToUTF8WithSub(bytes, n * 3 + 1, &len, at, n, 0xFFFD, NULL, &code);
    str_addn(out, bytes, U_SUCCESS(code) ? (size_t)len : 0);
    free(bytes);
}

/* ---------------------------------------------------------------- keys */
static void lower_points(Str *out, View v)
{
    Points p = collator_points(v);
    for (int32_t i = 0; i < p.len; i++) {
        UChar32 x = collator_lowered(p.at[i]);
        static const UChar32 both[] = { SMALL_I, DOT };
        collator_add_points(out, x == I_WITH_DOT ? both : &x, x == I_WITH_DOT ? 2 : 1);
    }
    free(p.at);
}

static void sort_key(const Collator *c, View v, Str *out)
{
    Units u = collator_units(v);
    int32_t n = ucol_getSortKey(c->icu, u.at, u.len, NULL, 0);
    uint8_t *bytes = malloc((size_t)n + 1);
    if (!bytes)
        abort();
    ucol_getSortKey(c->icu, u.at, u.len, bytes, n);
    str_addn(out, (const char *)bytes, (size_t)n);
    free(bytes);
    free(u.at);
}

static void key_text(const Collator *c, View v, Str *out)
{
    v = c->is.ignores_blanks ? without_blanks(v) : v;
    if (c->icu)
        sort_key(c, v, out);
    else if (c->is.lower_case)
        lower_points(out, v);
    else
        str_addn(out, v.data, v.len);
}

static void collation_key(K *k)
{
    Collator *c = collator_arg(k, 1);
    if (!c)
        return;
    str_auto out = OUT_STR;
    key_text(c, k_str(k, 0), &out);
    k_set_str(k, str_text(&out), out.len);
}

static bool same(const Collator *c, View x, View y)
{
    str_auto a = OUT_STR, b = OUT_STR;
    key_text(c, x, &a);
    key_text(c, y, &b);
    return a.len == b.len && !memcmp(str_text(&a), str_text(&b), a.len);
}

/* ---------------------------------------------------------------- case */
static bool is_ascii(View v)
{
    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.data[i] > 127)
            return false;
    return true;
}

typedef int32_t (*CaseChange)(const UCaseMap *map, char *to, int32_t room, const char *from, int32_t n, UErrorCode *code);

static int32_t to_title(const UCaseMap *map, char *to, int32_t room, const char *from, int32_t n, UErrorCode *code)
{
    return ucasemap_utf8ToTitle((UCaseMap *)(uintptr_t)map, to, room, from, n, code);
}

static void change_case(K *k, CaseChange change)
{
    Collator *c = collator_arg(k, 1);
    View v = k_str(k, 0);
    UErrorCode code = U_ZERO_ERROR;
    int32_t room = (int32_t)v.len * 3 + 8;
    if (!c)
        return;
    char *text = malloc((size_t)room);
    if (!text)
        abort();
    if (is_ascii(v) && change != to_title) { /* of no language then */
        for (size_t i = 0; i < v.len; i++) {
            bool upper = change == ucasemap_utf8ToUpper, letter = upper ? v.data[i] >= 'a' && v.data[i] <= 'z' : v.data[i] >= 'A' && v.data[i] <= 'Z';
            text[i] = (char)(letter ? v.data[i] ^ 0x20 : v.data[i]);
        }
        k_set_str(k, text, v.len);
    } else {
        int32_t n = change(c->casemap, text, room, v.data, (int32_t)v.len, &code);
        k_set_str(k, text, U_SUCCESS(code) ? (size_t)n : 0);
    }
    free(text);
}

static void upper(K *k) { change_case(k, ucasemap_utf8ToUpper); }
static void lower(K *k) { change_case(k, ucasemap_utf8ToLower); }
static void initcap(K *k) { change_case(k, to_title); }

/* ---------------------------------------------------------------- matches by code points */
/* How many points of `t` from `start` on match the pattern; -1: they do not. */
static int32_t match_from(const Collator *c, Points t, Points p, int32_t start)
{
    int32_t i = start, k = 0;
    UChar32 held = -1;
    for (; k < p.len && (i < t.len || held >= 0); k++) {
        UChar32 x = held;
        held = -1;
        if (x < 0) {
            x = c->is.lower_case ? collator_lowered(t.at[i]) : t.at[i];
            i++;
            if (x == I_WITH_DOT) {
                x = SMALL_I;
                held = DOT;
            }
        }
        if (x != p.at[k])
            return -1;
    }
    return k < p.len || held >= 0 ? -1 : i - start;
}

/* The same of those before `end`. */
static int32_t match_until(const Collator *c, Points t, Points p, int32_t end)
{
    int32_t i = end, k = p.len;
    UChar32 held = -1;
    for (; k > 0 && (i > 0 || held >= 0); k--) {
        UChar32 x = held;
        held = -1;
        if (x < 0) {
            i--;
            x = c->is.lower_case ? collator_lowered(t.at[i]) : t.at[i];
            if (x == I_WITH_DOT) {
                x = DOT;
                held = SMALL_I;
            }
        }
        if (x != p.at[k - 1])
            return -1;
    }
    return k > 0 || held >= 0 ? -1 : end - i;
}

static int32_t find_from(const Collator *c, Points t, Points p, int32_t start)
{
    for (int32_t i = start; i <= t.len; i++)
        if (match_from(c, t, p, i) >= 0)
            return i;
    return -1;
}

static int32_t find_until(const Collator *c, Points t, Points p, int32_t end)
{
    for (int32_t i = end; i >= 0; i--)
        if (match_until(c, t, p, i) >= 0)
            return i;
    return -1;
}

/* ---------------------------------------------------------------- matches by ICU */
typedef struct Search {
    Units text, pattern;
    UStringSearch *icu;
    UErrorCode code;
} Search;

static void search_done(Search *s)
{
    usearch_close(s->icu);
    free(s->text.at);
    free(s->pattern.at);
}

/* Neither of the two may be empty. */
static Search search_begin(const Collator *c, View text, View pattern)
{
    Search s = { .text = collator_units(text), .pattern = collator_units(pattern), .code = U_ZERO_ERROR };
    s.icu = usearch_openFromCollator(s.pattern.at, s.pattern.len, s.text.at, s.text.len, c->icu, NULL, &s.code);
    if (!s.icu)
        abort();
    return s;
}

static int32_t search_next(Search *s)
{
    int32_t at = usearch_next(s->icu, &s->code);
    return at == USEARCH_DONE || U_FAILURE(s->code) ? -1 : at;
}

static bool icu_has(const Collator *c, View v, View what, int32_t where)
{
    if (!what.len || !v.len)
        return !what.len;
    Search s = search_begin(c, v, what);
    int32_t at = where == 2 ? usearch_last(s.icu, &s.code) : usearch_first(s.icu, &s.code);
    bool has = at != USEARCH_DONE && (where == 1 || (where ? at == s.text.len - usearch_getMatchedLength(s.icu) : at == 0));
    search_done(&s);
    return has;
}

static int32_t icu_index(const Collator *c, View v, View what, int32_t start)
{
    if (!v.len)
        return -1;
    Search s = search_begin(c, v, what);
    int32_t result = -1, from = 0;
    if (u_countChar32(s.text.at, s.text.len) > start) {
        U16_FWD_N(s.text.at, from, s.text.len, start);
        usearch_setAttribute(s.icu, USEARCH_OVERLAP, USEARCH_ON, &s.code);
        usearch_setOffset(s.icu, from, &s.code);
        int32_t at = search_next(&s);
        result = at < 0 ? -1 : u_countChar32(s.text.at, at);
        result = result < start ? -1 : result;
    }
    search_done(&s);
    return result;
}

/* ---------------------------------------------------------------- finding */
/* has(s, t, where): 0 at the start, 1 anywhere, 2 at the end */
static void has(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0), what = k_str(k, 1);
    int32_t where = k_i32(k, 2);
    if (c->is.ignores_blanks) {
        v = without_blanks(v);
        what = without_blanks(what);
    }
    if (c->icu) {
        k_set_bool(k, icu_has(c, v, what, where));
        return;
    }
    Points t = collator_points(v), p = pattern_of(c, what);
    k_set_bool(k, where == 1 ? find_from(c, t, p, 0) >= 0 : where ? match_until(c, t, p, t.len) >= 0 : match_from(c, t, p, 0) >= 0);
    free(t.at);
    free(p.at);
}

static void locate(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View what = k_str(k, 0), v = k_str(k, 1);
    int32_t from = k_i32(k, 2), at;
    what = c->is.ignores_blanks ? without_blanks(what) : what;
    if (from < 1 || !what.len) {
        k_set_i32(k, from < 1 ? 0 : 1);
        return;
    }
    if (c->icu) {
        at = icu_index(c, v, what, from - 1);
    } else {
        Points t = collator_points(v), p = pattern_of(c, what);
        at = find_from(c, t, p, from - 1);
        free(t.at);
        free(p.at);
    }
    k_set_i32(k, at + 1);
}

static void find_in_set(K *k)
{
    Collator *c = collator_arg(k, 2);
    if (!c)
        return;
    View what = k_str(k, 0), list = k_str(k, 1);
    int32_t n = memchr(what.data, ',', what.len) ? 0 : 1;
    for (size_t at = 0; n; n++) {
        const char *comma = memchr(list.data + at, ',', list.len - at);
        size_t end = comma ? (size_t)(comma - list.data) : list.len;
        if (same(c, (View){ list.data + at, end - at }, what))
            break;
        at = end + 1;
        if (!comma) {
            n = 0;
            break;
        }
    }
    k_set_i32(k, n);
}

/* ---------------------------------------------------------------- replacing and cutting */
static void replace(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0), what = k_str(k, 1), with = k_str(k, 2);
    if (!v.len || !what.len) {
        k_set_view(k, v);
        return;
    }
    str_auto out = OUT_STR;
    int32_t from = 0;
    if (c->icu) {
        Search s = search_begin(c, v, what);
        for (int32_t at; (at = search_next(&s)) >= 0; from = at + usearch_getMatchedLength(s.icu)) {
            collator_add_units(&out, s.text.at + from, at - from);
            str_addn(&out, with.data, with.len);
        }
        collator_add_units(&out, s.text.at + from, s.text.len - from);
        search_done(&s);
    } else {
        Points t = collator_points(v), p = pattern_of(c, what);
        for (int32_t at; (at = find_from(c, t, p, from)) >= 0; from = at + match_from(c, t, p, at)) {
            collator_add_points(&out, t.at + from, at - from);
            str_addn(&out, with.data, with.len);
        }
        collator_add_points(&out, t.at + from, t.len - from);
        free(t.at);
        free(p.at);
    }
    k_set_str(k, str_text(&out), out.len);
}

/* The units before the n-th delimiter, or (n < 0) after it from the end; the whole text when there are not so many. */
static void icu_substring_index(const Collator *c, View v, View delimiter, int32_t n, Str *out)
{
    Search s = search_begin(c, v, delimiter);
    int32_t index = 0, count = n < 0 ? -n : n;
    usearch_setAttribute(s.icu, USEARCH_OVERLAP, USEARCH_ON, &s.code);
    while (count > 0 && index >= 0) {
        int32_t at = n > 0 ? usearch_next(s.icu, &s.code) : usearch_previous(s.icu, &s.code);
        if (at == USEARCH_DONE || U_FAILURE(s.code)) {
            index = -1;
        } else if (n > 0 && at == index && index != 0) {
            usearch_setOffset(s.icu, usearch_getOffset(s.icu) + usearch_getMatchedLength(s.icu), &s.code);
        } else {
            index = at;
            count--;
        }
    }
    if (index < 0)
        collator_add_units(out, s.text.at, s.text.len);
    else if (n > 0)
        collator_add_units(out, s.text.at, index);
    else
        collator_add_units(out, s.text.at + index + usearch_getMatchedLength(s.icu), s.text.len - index - usearch_getMatchedLength(s.icu));
    search_done(&s);
}

static void substring_index(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0), delimiter = k_str(k, 1);
    int32_t n = k_i32(k, 2);
    delimiter = c->is.ignores_blanks ? without_blanks(delimiter) : delimiter;
    str_auto out = OUT_STR;
    if (delimiter.len && n && v.len && c->icu) {
        icu_substring_index(c, v, delimiter, n, &out);
    } else if (delimiter.len && n && v.len) {
        Points t = collator_points(v), p = pattern_of(c, delimiter);
        int32_t at = n > 0 ? -1 : t.len + 1;
        for (int32_t count = n < 0 ? -n : n; count > 0; count--) {
            at = n > 0 ? find_from(c, t, p, at + 1) : find_until(c, t, p, at - 1);
            if (at < 0)
                break;
        }
        collator_add_points(&out, at >= 0 && n < 0 ? t.at + at : t.at, at < 0 ? t.len : n > 0 ? at : t.len - at);
        free(t.at);
        free(p.at);
    }
    k_set_str(k, str_text(&out), out.len);
}

/* Where the parts of a text between delimiters begin and end. */
typedef struct Part {
    int32_t from, to;
} Part;
typedef struct Parts {
    Part *at;
    int32_t len, room;
} Parts;

static void add_part(Parts *parts, int32_t from, int32_t to)
{
    if (parts->len == parts->room) {
        parts->room = parts->room * 2 + 16;
        parts->at = realloc(parts->at, (size_t)parts->room * sizeof *parts->at);
        if (!parts->at)
            abort();
    }
    parts->at[parts->len++] = (Part){ from, to };
}

static Part wanted(const Parts *parts, int32_t n)
{
    int32_t i = n > 0 ? n - 1 : parts->len + n;
    return i >= 0 && i < parts->len ? parts->at[i] : (Part){ 0, 0 };
}

static void split_part(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0), delimiter = k_str(k, 1);
    int32_t n = k_i32(k, 2), from = 0;
    delimiter = c->is.ignores_blanks ? without_blanks(delimiter) : delimiter;
    if (n == 0) {
        k_fail(k, "INVALID_INDEX_OF_ZERO", NULL);
        return;
    }
    if (!delimiter.len || !v.len) {
        k_set_view(k, n == 1 || n == -1 ? v : (View){ v.data, 0 });
        return;
    }
    Parts parts = { 0 };
    str_auto out = OUT_STR;
    if (c->icu) {
        Search s = search_begin(c, v, delimiter);
        for (int32_t at; (at = search_next(&s)) >= 0; from = at + usearch_getMatchedLength(s.icu))
            add_part(&parts, from, at);
        add_part(&parts, from, s.text.len);
        Part part = wanted(&parts, n);
        collator_add_units(&out, s.text.at + part.from, part.to - part.from);
        search_done(&s);
    } else {
        Points t = collator_points(v), p = pattern_of(c, delimiter);
        for (int32_t at; (at = find_from(c, t, p, from)) >= 0; from = at + match_from(c, t, p, at))
            add_part(&parts, from, at);
        add_part(&parts, from, t.len);
        Part part = wanted(&parts, n);
        collator_add_points(&out, t.at + part.from, part.to - part.from);
        free(t.at);
        free(p.at);
    }
    free(parts.at);
    k_set_str(k, str_text(&out), out.len);
}

/* ---------------------------------------------------------------- trimming */
static bool among(Points set, UChar32 c)
{
    for (int32_t i = 0; i < set.len; i++)
        if (set.at[i] == c)
            return true;
    return false;
}

/* What is left of t[from, to) when points of the set are taken from one side. An i and its dot count as U+0130 when the set has that. */
static void trim_points(const Collator *c, Points t, Points set, bool left, int32_t *from, int32_t *to)
{
    bool dotted = among(set, I_WITH_DOT);
    while (*from < *to) {
        int32_t near = left ? *from : *to - 1, next = left ? near + 1 : near - 1;
        UChar32 x = c->is.lower_case ? collator_lowered(t.at[near]) : t.at[near];
        bool pair = dotted && next >= *from && next < *to && x == (left ? SMALL_I : DOT) && collator_lowered(t.at[next]) == (left ? DOT : SMALL_I);
        if (!pair && !among(set, x))
            return;
        *from += left ? 1 + pair : 0;
        *to -= left ? 0 : 1 + pair;
    }
}

int32_t collator_longest_match(const Collator *c, Units text, Points set, int32_t at, bool left)
{
    int32_t longest = 0;
    for (int32_t i = 0; i < set.len; i++) {
        UErrorCode code = U_ZERO_ERROR;
        UChar one[2];
        int32_t n = 0, limit = left ? at : at > 3 ? at - 3 : 0;
        U16_APPEND_UNSAFE(one, n, set.at[i]);
        UStringSearch *s = usearch_openFromCollator(one, n, text.at, text.len, c->icu, NULL, &code);
        if (!s)
            abort();
        usearch_setOffset(s, limit, &code);
        int32_t found = usearch_next(s, &code), length = usearch_getMatchedLength(s);
        while (!left && found != USEARCH_DONE && found < at - length) {
            found = usearch_next(s, &code);
            length = usearch_getMatchedLength(s);
        }
        if (found != USEARCH_DONE && found == (left ? at : at - length) && length > longest)
            longest = length;
        usearch_close(s);
    }
    return longest;
}

static void icu_trim(const Collator *c, Units text, Points set, bool left, int32_t *from, int32_t *to)
{
    while (*from < *to) {
        int32_t n = collator_longest_match(c, text, set, left ? *from : *to, left);
        if (!n)
            return;
        *from += left ? n : 0;
        *to -= left ? 0 : n;
    }
}

/* The blanks at the end that an _RTRIM collation does not see: they stay, behind what is trimmed. */
static size_t unseen_blanks(const Collator *c, View v, View set)
{
    bool unseen = c->is.ignores_blanks && !memchr(set.data, ' ', set.len);
    return unseen ? v.len - without_blanks(v).len : 0;
}

/* sides: 1 left, 2 right, 3 both */
static void trim(K *k)
{
    Collator *c = collator_arg(k, 3);
    if (!c)
        return;
    View v = k_str(k, 0), chars = k_str(k, 1);
    int32_t sides = k_i32(k, 2), from = 0, to;
    size_t blanks = sides & 2 ? unseen_blanks(c, v, chars) : 0;
    Points set = collator_points(chars);
    str_auto out = OUT_STR;
    View seen = { v.data, v.len - blanks };
    if (c->icu) {
        Units text = collator_units(seen);
        to = text.len;
        if (sides & 1)
            icu_trim(c, text, set, true, &from, &to);
        Units rest = { text.at + from, to - from }; /* what is searched from the right does not see what was trimmed */
        if (sides & 2)
            icu_trim(c, rest, set, false, &(int32_t){ 0 }, &rest.len);
        collator_add_units(&out, rest.at, rest.len);
        free(text.at);
    } else {
        Points t = collator_points(seen);
        to = t.len;
        for (int32_t i = 0; c->is.lower_case && i < set.len; i++)
            set.at[i] = collator_lowered(set.at[i]);
        if (sides & 1)
            trim_points(c, t, set, true, &from, &to);
        if (sides & 2)
            trim_points(c, t, set, false, &from, &to);
        collator_add_points(&out, t.at + from, to - from);
        free(t.at);
    }
    free(set.at);
    str_addn(&out, v.data + seen.len, blanks);
    k_set_str(k, str_text(&out), out.len);
}

const Kernel kernels_collation[] = {
    { "spark_collation_key", "SS:B", collation_key, 0 },
    { "spark_upper_collated", "SS:S", upper, 0 },
    { "spark_lower_collated", "SS:S", lower, 0 },
    { "spark_initcap_collated", "SS:S", initcap, 0 },
    { "spark_has_collated", "SSiS:b", has, 0 },
    { "spark_locate_collated", "SSiS:i", locate, 0 },
    { "spark_find_in_set_collated", "SSS:i", find_in_set, 0 },
    { "spark_replace_collated", "SSSS:S", replace, 0 },
    { "spark_substring_index_collated", "SSiS:S", substring_index, 0 },
    { "spark_split_part_collated", "SSiS:S", split_part, 0 },
    { "spark_trim_collated", "SSiS:S", trim, 0 },
    { "spark_translate_collated", "SSSS:S", collator_translate, 0 },
    { NULL, NULL, NULL, 0 },
};
