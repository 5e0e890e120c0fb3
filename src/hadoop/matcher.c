/* hadoop/matcher.c -- see matcher.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "hadoop/matcher.h"

#include "base/str.h"

#include <pcre2.h>

struct Matcher {
    pcre2_code *code;
};

static void code_free(void *code)
{
    pcre2_code_free(code);
}

static void match_free(pcre2_match_data **match)
{
    pcre2_match_data_free(*match);
}

Status matcher_compile(Arena *a, const char *expression, Matcher **ret_matcher, Error *err)
{
    int number;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &number, &at,
                                     NULL);
    if (!code)
        return FAIL(err, ST_INVALID, "java.util.regex.PatternSyntaxException: '%s' near index %zu", expression, (size_t)at);
    arena_defer(a, code_free, code);
    *ret_matcher = ARENA_NEW(a, Matcher);
    (*ret_matcher)->code = code;
    return ST_OK;
}

Status matcher_matches(const Matcher *matcher, Arena *a, const char *text, bool *ret_matches, const char **ret_key, Error *err)
{
    pcre2_match_data *match __attribute__((cleanup(match_free))) = pcre2_match_data_create_from_pattern(matcher->code, NULL);
    int groups = pcre2_match(matcher->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, match, NULL);
    if (groups < 0 && groups != PCRE2_ERROR_NOMATCH)
        return FAIL(err, ST_LIMIT, "the pattern takes too long on '%s'", text);
    *ret_matches = groups > 0;
    if (groups <= 0 || !ret_key)
        return ST_OK;
    str_auto key = STR_INIT(4096);
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
    for (int i = 1; i < groups; i++)
        if (ends[2 * i] != PCRE2_UNSET)
            str_addn(&key, text + ends[2 * i], ends[2 * i + 1] - ends[2 * i]);
    *ret_key = str_arena(&key, a);
    return ST_OK;
}
