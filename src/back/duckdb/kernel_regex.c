/* back/duckdb/kernel_regex.c -- LIKE, and java.util.regex by PCRE2 (the syntaxes agree on what SQL uses).
 * Source: Spark's regexpExpressions, StringUtils.escapeLikeRegex. */
#include "back/duckdb/kernel.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>

typedef struct Regex {
    pcre2_code *code;
    pcre2_match_data *match;
    char message[256];
} Regex;

/* Where java.util.regex takes no '{' (Illegal repetition), PCRE2 takes a letter of the text: at no atom, and before no digit. */
static bool illegal_repetition(View p)
{
    bool atom = false, class = false;
    for (size_t i = 0; i < p.len; i++) {
        char c = p.data[i], next = i + 1 < p.len ? p.data[i + 1] : 0;
        if (c == '\\' && next == 'Q')
            return false; /* quoted to \E: PCRE2 sees to it */
        if (c == '\\') {
            i++;
            if (next && strchr("pPxNko", next) && i + 1 < p.len && p.data[i + 1] == '{')
                while (i + 1 < p.len && p.data[i] != '}')
                    i++;
            atom = true;
        } else if (class) {
            class = c != ']';
        } else if (c == '[') {
            class = atom = true;
            i += next == '^' ? 2 : 1; /* a ']' that comes first is one of the class */
        } else if (c == '{') {
            if (!atom || !isdigit((unsigned char)next))
                return true;
            atom = false;
            while (i + 1 < p.len && p.data[i] != '}')
                i++;
        } else {
            atom = !strchr("(|", c) && (atom || !strchr("*+?", c));
        }
    }
    return false;
}

/* Java's class in a class is their union: its brackets go. false: one that is negated or intersected, which PCRE2 has not. */
static bool flatten_classes(View p, Str *out)
{
    int depth = 0;
    for (size_t i = 0; i < p.len; i++) {
        char c = p.data[i];
        if (c == '\\' && i + 1 < p.len) {
            if (p.data[i + 1] == 'Q') {
                str_addn(out, p.data + i, p.len - i);
                return true;
            }
            str_addn(out, p.data + i++, 2);
            continue;
        }
        if (depth && ((c == '[' && i + 1 < p.len && p.data[i + 1] == '^') || (c == '&' && i + 1 < p.len && p.data[i + 1] == '&')))
            return false;
        bool first = depth && (p.data[i - 1] == '[' || (i > 1 && p.data[i - 1] == '^' && p.data[i - 2] == '['));
        depth += c == '[' ? 1 : c == ']' && depth && !first ? -1 : 0;
        if ((c == '[' && depth == 1) || (c == ']' && (!depth || first)) || (c != '[' && c != ']'))
            str_addc(out, c);
    }
    return true;
}

static void *regex_make(K *k, View pattern)
{
    int number;
    PCRE2_SIZE at;
    Regex *r = calloc(1, sizeof *r);
    (void)k;
    if (!r)
        abort();
    str_auto flat = STR_INIT(pattern.len + 16);
    if (illegal_repetition(pattern) || !flatten_classes(pattern, &flat))
        return r;
    r->code = pcre2_compile((PCRE2_SPTR)str_text(&flat), flat.len, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_ALT_BSUX, &number, &at, NULL);
    if (r->code) {
        pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
        r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
    } else {
        pcre2_get_error_message(number, (PCRE2_UCHAR *)r->message, sizeof r->message);
    }
    return r;
}

static void regex_release(void *p)
{
    Regex *r = p;
    pcre2_match_data_free(r->match);
    pcre2_code_free(r->code);
    free(r);
}

static Regex *regex_arg(K *k, size_t arg, const char *function)
{
    View pattern = k_str(k, arg);
    Regex *r = k_cached(k, 0, pattern, regex_make, regex_release);
    if (r->code)
        return r;
    str_auto quoted = STR_INIT(8192);
    str_addf(&quoted, "'%.*s'", (int)(pattern.len < 4000 ? pattern.len : 4000), pattern.data);
    k_fail(k, "INVALID_PARAMETER_VALUE.PATTERN", "parameter", "`regexp`", "functionName", function, "value", str_text(&quoted), NULL);
    return NULL;
}

/* The first match at or after `from`; its groups are in r->match. A search that was given up is no answer. */
static bool match_from(K *k, Regex *r, View v, size_t from)
{
    int got = pcre2_match(r->code, (PCRE2_SPTR)v.data, v.len, from, 0, r->match, NULL);
    if (got == PCRE2_ERROR_JIT_STACKLIMIT) /* a small stack of its own: the interpreter has the heap */
        got = pcre2_match(r->code, (PCRE2_SPTR)v.data, v.len, from, PCRE2_NO_JIT, r->match, NULL);
    if (got == PCRE2_ERROR_MATCHLIMIT || got == PCRE2_ERROR_DEPTHLIMIT || got == PCRE2_ERROR_HEAPLIMIT || got == PCRE2_ERROR_NOMEMORY ||
        got == PCRE2_ERROR_JIT_STACKLIMIT)
        k_fail(k, "INVALID_PARAMETER_VALUE.PATTERN", "parameter", "`regexp`", "functionName", "`rlike`", "value",
               "a regular expression that takes too many steps on this text", NULL);
    return got >= 0;
}

static View group(const Regex *r, View v, uint32_t n)
{
    PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
    if (n >= pcre2_get_ovector_count(r->match) || at[2 * n] == PCRE2_UNSET)
        return (View){ v.data, 0 };
    return (View){ v.data + at[2 * n], at[2 * n + 1] - at[2 * n] };
}

/* Where the search for the next match begins: past an empty match by one character. */
static size_t after(const Regex *r, View v)
{
    PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
    size_t end = at[1];
    if (at[1] > at[0])
        return end;
    end++;
    while (end < v.len && ((unsigned char)v.data[end] & 0xC0) == 0x80)
        end++;
    return end;
}

static bool group_index_good(K *k, const Regex *r, int32_t n, const char *function)
{
    uint32_t count = 0;
    char most[16], got[16];
    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &count);
    if (n >= 0 && (uint32_t)n <= count)
        return true;
    snprintf(most, sizeof most, "%u", count);
    snprintf(got, sizeof got, "%d", n);
    k_fail(k, "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", "parameter", "`idx`", "functionName", function, "groupCount", most,
           "groupIndex", got, NULL);
    return false;
}

static void rlike(K *k)
{
    Regex *r = regex_arg(k, 1, "`rlike`");
    if (r)
        k_set_bool(k, match_from(k, r, k_str(k, 0), 0));
}

static void extract(K *k)
{
    View v = k_str(k, 0);
    Regex *r = regex_arg(k, 1, "`regexp_extract`");
    if (!r)
        return;
    bool found = match_from(k, r, v, 0); /* the group is looked at then only */
    if (!found || group_index_good(k, r, k_i32(k, 2), "`regexp_extract`"))
        k_set_view(k, found ? group(r, v, (uint32_t)k_i32(k, 2)) : (View){ "", 0 });
}

static void extract_all(K *k)
{
    View v = k_str(k, 0);
    Regex *r = regex_arg(k, 1, "`regexp_extract_all`");
    if (!r)
        return;
    idx_t n = 0;
    for (size_t from = 0; from <= v.len && match_from(k, r, v, from); from = after(r, v), n++) {
        if (!group_index_good(k, r, k_i32(k, 2), "`regexp_extract_all`"))
            return;
        View g = group(r, v, (uint32_t)k_i32(k, 2));
        k_list_add(k, g.data, g.len);
    }
    k_list_end(k, n);
}

static void count_matches(K *k)
{
    View v = k_str(k, 0);
    Regex *r = regex_arg(k, 1, "`regexp_count`");
    int32_t n = 0;
    if (!r)
        return;
    for (size_t from = 0; from <= v.len && match_from(k, r, v, from); from = after(r, v))
        n++;
    k_set_i32(k, n);
}

static void substr(K *k)
{
    View v = k_str(k, 0);
    Regex *r = regex_arg(k, 1, "`regexp_substr`");
    if (!r)
        return;
    if (match_from(k, r, v, 0) && group(r, v, 0).len)
        k_set_view(k, group(r, v, 0));
    else
        k_null(k);
}

static void instr(K *k)
{
    View v = k_str(k, 0);
    Regex *r = regex_arg(k, 1, "`regexp_instr`");
    if (!r)
        return;
    int32_t n = 0;
    if (match_from(k, r, v, 0)) {
        n = 1;
        for (const char *at = v.data; at < group(r, v, 0).data; at++)
            n += (((unsigned char)*at & 0xC0) != 0x80) + ((unsigned char)*at >= 0xF0); /* in UTF-16's units, as Java counts */
    }
    k_set_i32(k, n);
}

/* Java's replacement text: $1, ${name}, \x for x. */
static bool add_replacement(const Regex *r, View v, View with, Str *out)
{
    for (size_t i = 0; i < with.len; i++) {
        if (with.data[i] == '\\' && i + 1 < with.len) {
            str_addc(out, with.data[++i]);
        } else if (with.data[i] == '$' && i + 1 < with.len && isdigit((unsigned char)with.data[i + 1])) {
            uint32_t n = (uint32_t)(with.data[++i] - '0'), count = pcre2_get_ovector_count(r->match);
            while (i + 1 < with.len && isdigit((unsigned char)with.data[i + 1]) && n * 10 + (uint32_t)(with.data[i + 1] - '0') < count)
                n = n * 10 + (uint32_t)(with.data[++i] - '0');
            if (n >= count)
                return false; /* no such group */
            View g = group(r, v, n);
            str_addn(out, g.data, g.len);
        } else {
            str_addc(out, with.data[i]);
        }
    }
    return true;
}

static void replace(K *k)
{
    View v = k_str(k, 0), with = k_str(k, 2);
    int32_t pos = k_i32(k, 3);
    Regex *r = regex_arg(k, 1, "`regexp_replace`");
    if (!r)
        return;
    size_t from = 0, copied = 0;
    for (int32_t i = 1; i < pos && from < v.len; i++) {
        from++;
        while (from < v.len && ((unsigned char)v.data[from] & 0xC0) == 0x80)
            from++;
    }
    str_auto out = STR_INIT((size_t)1 << 31);
    while (from <= v.len && match_from(k, r, v, from)) {
        PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
        str_addn(&out, v.data + copied, at[0] - copied);
        if (!add_replacement(r, v, with, &out)) {
            char at_text[16];
            snprintf(at_text, sizeof at_text, "%d", pos);
            k_fail(k, "INVALID_REGEXP_REPLACE", "source", k_text(k, v), "pattern", k_text(k, k_str(k, 1)), "replacement", k_text(k, with), "position", at_text, NULL);
            return;
        }
        copied = at[1];
        from = after(r, v);
    }
    str_addn(&out, v.data + copied, v.len - copied);
    k_set_out(k, &out);
}

/* String.split: limit > 0 at most so many parts; no empty part from an empty match at the start. */
static void split(K *k)
{
    View v = k_str(k, 0);
    int32_t limit = k_i32(k, 2);
    Regex *r = regex_arg(k, 1, "`split`");
    if (!r)
        return;
    idx_t n = 0;
    size_t from = 0, begin = 0;
    while (v.len && from <= v.len && (limit <= 0 || (int32_t)n < limit - 1) && match_from(k, r, v, from)) {
        PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
        from = after(r, v);
        if (at[1] == 0 || (at[0] == at[1] && at[0] >= v.len))
            continue;
        k_list_add(k, v.data + begin, at[0] - begin);
        n++;
        begin = at[1];
    }
    k_list_add(k, v.data + begin, v.len - begin);
    k_list_end(k, n + 1);
}

/* ---------------------------------------------------------------- LIKE */
static UChar32 next_char(View v, size_t *at)
{
    unsigned char c = (unsigned char)v.data[*at];
    size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    UChar32 value = n == 1 ? c : c & (0xFF >> (n + 1));
    for (size_t i = 1; i < n && *at + i < v.len; i++)
        value = value << 6 | ((unsigned char)v.data[*at + i] & 0x3F);
    *at = *at + n > v.len ? v.len : *at + n;
    return value;
}

static bool same(UChar32 a, UChar32 b, bool fold)
{
    return a == b || (fold && (u_tolower(a) == u_tolower(b) || u_toupper(a) == u_toupper(b)));
}

/* Greedy with one place to come back to: the last '%'. */
static bool like_match(View v, View p, UChar32 escape, bool fold)
{
    size_t i = 0, j = 0, star_i = 0, star_j = SIZE_MAX;
    while (i < v.len) {
        size_t next = j, here = i;
        UChar32 c = next_char(v, &here);
        bool stepped = false;
        if (j < p.len) {
            UChar32 q = next_char(p, &next);
            if (q == escape && next < p.len) {
                q = next_char(p, &next);
                stepped = same(c, q, fold);
            } else if (q == '%') {
                star_i = i;
                star_j = j = next;
                continue;
            } else {
                stepped = q == '_' || same(c, q, fold);
            }
        }
        if (stepped) {
            i = here;
            j = next;
        } else if (star_j != SIZE_MAX) {
            next_char(v, &star_i);
            i = star_i;
            j = star_j;
        } else {
            return false;
        }
    }
    while (j < p.len && p.data[j] == '%' && escape != '%')
        j++;
    return j == p.len;
}

/* StringUtils.escapeLikeRegex: the escape stands before _, % or itself. */
static bool check_like(K *k, View p, UChar32 escape)
{
    for (size_t at = 0; at < p.len;) {
        if (next_char(p, &at) != escape)
            continue;
        if (at == p.len) {
            k_fail(k, "INVALID_FORMAT.ESC_AT_THE_END", "format", k_text(k, p), NULL);
            return false;
        }
        size_t from = at;
        UChar32 c = next_char(p, &at);
        if (c != escape && c != '_' && c != '%') {
            k_fail(k, "INVALID_FORMAT.ESC_IN_THE_MIDDLE", "format", k_text(k, p), "char",
                   k_text(k, (View){ p.data + from, at - from }), NULL);
            return false;
        }
    }
    return true;
}

static void like(K *k)
{
    View escape = k_str(k, 2);
    size_t at = 0;
    UChar32 c = escape.len ? next_char(escape, &at) : -1;
    if (check_like(k, k_str(k, 1), c))
        k_set_bool(k, like_match(k_str(k, 0), k_str(k, 1), c, k_bool(k, 3)));
}

const Kernel kernels_regex[] = {
    { "spark_rlike", "SS:b", rlike, 0 },
    { "spark_regexp_extract", "SSi:S", extract, 0 },
    { "spark_regexp_extract_all", "SSi:[S", extract_all, 0 },
    { "spark_regexp_count", "SS:i", count_matches, 0 },
    { "spark_regexp_substr", "SS:S", substr, 0 },
    { "spark_regexp_instr", "SS:i", instr, 0 },
    { "spark_regexp_replace", "SSSi:S", replace, 0 },
    { "spark_split", "SSi:[S", split, 0 },
    { "spark_like", "SSSb:b", like, 0 },
    { NULL, NULL, NULL, 0 },
};
