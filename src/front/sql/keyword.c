/* front/sql/keyword.c -- which words are keywords, and how strictly. */
#include "front/sql/grammar.h"
#include "front/sql/token.h"

#include <string.h>
#include <strings.h>

typedef struct Keyword {
    const char *text;
    int token;
    bool reserved, strict;
} Keyword;

static const Keyword keywords[] = {
#define KEYWORD(token, text, reserved, strict) { text, TK_##token, reserved, strict },
#include "front/sql/keyword.def"
};
enum { NKEYWORDS = sizeof keywords / sizeof keywords[0], KEYWORD_MAX = 24 };

static bool spells(const Keyword *k, const char *text, size_t length)
{
    return strlen(k->text) == length && strncasecmp(k->text, text, length) == 0;
}

/* A walk over 400 rows; the first letter settles most of them. */
static const Keyword *find(const char *text, size_t length)
{
    if (length == 0 || length > KEYWORD_MAX)
        return NULL;
    char first = (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 32 : text[0]);
    for (size_t i = 0; i < NKEYWORDS; i++)
        if (keywords[i].text[0] == first && spells(&keywords[i], text, length))
            return &keywords[i];
    return NULL;
}

static const Keyword *by_token(int word)
{
    for (size_t i = 0; i < NKEYWORDS; i++)
        if (keywords[i].token == word)
            return &keywords[i];
    return NULL;
}

int keyword_find(const char *text, size_t length)
{
    const Keyword *k = find(text, length);
    return k ? k->token : 0;
}

/* Is it its token's only spelling? SQLKeywords leaves the others out: RLIKE and REGEXP, TEMP and TEMPORARY. */
static bool is_single(size_t i)
{
    for (size_t k = 0; k < NKEYWORDS; k++)
        if (k != i && keywords[k].token == keywords[i].token)
            return false;
    return true;
}

const char *keyword_at(size_t i, bool *ret_reserved)
{
    if (i >= NKEYWORDS)
        return NULL;
    *ret_reserved = keywords[i].reserved;
    return is_single(i) ? keywords[i].text : "";
}

bool keyword_is_reserved(int word)
{
    const Keyword *k = by_token(word);
    return k && k->reserved;
}

bool keyword_is_strict(int word)
{
    const Keyword *k = by_token(word);
    return k && k->strict;
}
