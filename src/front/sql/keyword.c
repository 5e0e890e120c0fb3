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
enum { NKEYWORDS = sizeof keywords / sizeof keywords[0] };

#include "front/sql/keyword_order.h" /* keyword_order.py: by_letters */
_Static_assert(sizeof by_letters / sizeof *by_letters == NKEYWORDS, "keyword_order.py has missed a word");

static const Keyword *find(const char *text, size_t length)
{
    int letter = length ? (*text | 0x20) - 'a' : -1;
    if (letter < 0 || letter >= 26)
        return NULL;
    size_t from = letter_starts[letter], to = letter_starts[letter + 1];
    while (from < to) {
        size_t middle = (from + to) / 2;
        const Keyword *k = &keywords[by_letters[middle]];
        int order = strncasecmp(k->text, text, length);
        if (order == 0 && !k->text[length])
            return k;
        if (order < 0)
            from = middle + 1;
        else
            to = middle; /* a longer word stands behind the shorter one */
    }
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
