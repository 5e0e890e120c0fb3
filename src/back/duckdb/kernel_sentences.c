/* back/duckdb/kernel_sentences.c -- a text's sentences and their words. Source: Sentences, java.text.BreakIterator; here ICU's. */
#include "back/duckdb/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

enum { WORD_END = 0x1f }; /* no word holds it: it is no letter */

static void add_word(Str *out, const UChar *text, int32_t length)
{
    UErrorCode code = U_ZERO_ERROR;
    char small[256], *bytes = small;
    int32_t n = 0, room = (int32_t)sizeof small;
    if (length * 3 >= room) {
        room = length * 3 + 1;
        bytes = malloc((size_t)room);
        if (!bytes)
            abort();
    }
    u_strToUTF8(bytes, room, &n, text, length, &code);
    if (U_SUCCESS(code)) {
        if (out->len)
            str_addc(out, WORD_END);
        str_addn(out, bytes, (size_t)n);
    }
    if (bytes != small)
        free(bytes);
}

/* Java counts a sign before a number to the number's word, which then begins with no letter. */
static bool before_number(UChar c)
{
    return c == '#' || c == '.' || (u_charType(c) == U_CURRENCY_SYMBOL && c != 0xa2);
}

/* The words of one sentence: what begins with a letter or a digit. */
static void words(K *k, UBreakIterator *by_word, const UChar *text, int32_t length)
{
    UErrorCode code = U_ZERO_ERROR;
    str_auto out = STR_INIT((size_t)1 << 30);
    ubrk_setText(by_word, text, length, &code);
    for (int32_t from = 0, to; U_SUCCESS(code) && (to = ubrk_next(by_word)) != UBRK_DONE; from = to) {
        if (u_isalpha(text[from]) || (u_isdigit(text[from]) && !(from && before_number(text[from - 1]))))
            add_word(&out, text + from, to - from);
    }
    k_list_add(k, str_text(&out), out.len);
}

/* sentences(text, language, country): a list of sentences, each with its words apart by WORD_END. */
static void sentences(K *k)
{
    UErrorCode code = U_ZERO_ERROR;
    View v = k_str(k, 0);
    char locale[64];
    idx_t count = 0;
    snprintf(locale, sizeof locale, "%s_%s", k_text(k, k_str(k, 1)), k_text(k, k_str(k, 2)));
    if (!k_str(k, 1).len)
        strcpy(locale, "en_US");
    UChar *text = calloc(v.len + 1, sizeof *text);
    if (!text)
        abort();
    int32_t length = 0;
    u_strFromUTF8WithSub(text, (int32_t)v.len + 1, &length, v.data, (int32_t)v.len, 0xfffd, NULL, &code);
    UBreakIterator *by_sentence = ubrk_open(UBRK_SENTENCE, locale, text, length, &code), *by_word = ubrk_open(UBRK_WORD, locale, NULL, 0, &code);
    for (int32_t from = 0, to; U_SUCCESS(code) && (to = ubrk_next(by_sentence)) != UBRK_DONE; from = to, count++)
        words(k, by_word, text + from, to - from);
    k_list_end(k, count);
    ubrk_close(by_sentence);
    ubrk_close(by_word);
    free(text);
}

const Kernel kernels_sentences[] = {
    { "spark_sentences", "SSS:[S", sentences, 0 },
    { NULL, NULL, NULL, 0 },
};
