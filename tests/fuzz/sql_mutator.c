/* tests/fuzz/sql_mutator.c -- libFuzzer's mutations of SQL text: token by token, and with pieces that sql_maker.c makes. */
#include "sql_maker.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out, size_t max_size, unsigned seed);

enum { TOKENS_MAX = 2000, TEXT_MAX = 16 * 1024 };

typedef struct Tokens {
    View at[TOKENS_MAX];
    size_t len;
} Tokens;

static bool word_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

/* Words, quoted texts, signs; spaces are dropped, but a comment's end of line. */
static void tokens_of(const char *text, size_t size, Tokens *ret)
{
    size_t at = 0;
    ret->len = 0;
    while (at < size && ret->len < TOKENS_MAX) {
        unsigned char c = (unsigned char)text[at];
        size_t from = at++;
        if (isspace(c))
            continue;
        if (c == '\'' || c == '"' || c == '`') {
            while (at < size && (unsigned char)text[at] != c)
                at += text[at] == '\\' && c != '`' ? 2 : 1;
            at = at < size ? at + 1 : size;
        } else if (word_byte(c)) {
            while (at < size && (word_byte((unsigned char)text[at]) || (text[at] == '.' && isdigit(c))))
                at++;
        } else if (at < size && strchr("|<>=-:!", c) && strchr("|>=<:", text[at])) {
            at++;
        }
        ret->at[ret->len++] = (View){ text + from, at - from };
    }
}

static void add_token(Str *out, View v)
{
    if (out->len)
        str_addc(out, ' ');
    str_addn(out, v.data, v.len);
}

static void add_text(Str *out, const char *text)
{
    add_token(out, VIEW(text));
}

static void add_range(Str *out, const Tokens *t, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < t->len; i++)
        add_token(out, t->at[i]);
}

static bool is_sign(View v, char sign)
{
    return v.len == 1 && *v.data == sign;
}

/* A range of tokens that is likely to be one expression: within parentheses, up to a comma, or some few. */
static void choose_range(Maker *m, const Tokens *t, size_t *ret_from, size_t *ret_to)
{
    size_t from = maker_random(m, (uint32_t)t->len), to = from + 1, depth = 0;
    uint32_t how = maker_random(m, 4);
    if (how == 0) {
        to = from + 1 + maker_random(m, 6);
    } else if (how < 3) {
        while (from > 0 && !is_sign(t->at[from - 1], '(') && !is_sign(t->at[from - 1], ','))
            from--;
        for (to = from; to < t->len; to++) {
            bool ends = is_sign(t->at[to], ')') || is_sign(t->at[to], ',');
            if (depth == 0 && ends)
                break;
            depth += is_sign(t->at[to], '(') ? 1 : 0;
            depth -= is_sign(t->at[to], ')') ? 1 : 0;
        }
    }
    *ret_from = from;
    *ret_to = to < t->len ? to : t->len;
}

static void make_piece(Maker *m, Str *out)
{
    str_auto piece = STR_INIT(TEXT_MAX);
    switch (maker_random(m, 8)) {
    case 0: maker_query(m, 2, &piece); break;
    case 1: maker_relation(m, 2, &piece); break;
    case 2:
    case 3: str_add(&piece, maker_word(m)); break;
    default: maker_expression(m, 1 + (int)maker_random(m, 3), &piece); break;
    }
    add_token(out, (View){ str_text(&piece), piece.len });
}

/* The text around a statement. */
static void wrap(Maker *m, const Tokens *t, Str *out)
{
    static const char *const before[] = { "SELECT * FROM (", "WITH c AS (", "SELECT 1 UNION ALL (", "EXPLAIN", "INSERT INTO u", "CREATE TEMP VIEW z AS", "SELECT (", "FROM (", "SELECT EXISTS (", "BEGIN" };
    static const char *const after[] = { ") AS q", ") SELECT * FROM c", ")", "", "", "", ")", ") |> LIMIT 1", ") FROM t", "; END" };
    uint32_t which = maker_random(m, sizeof before / sizeof *before);
    str_add(out, before[which]);
    add_range(out, t, 0, t->len);
    str_addf(out, " %s", after[which]);
}

static void edit(Maker *m, const Tokens *t, Str *out)
{
    size_t from, to, other_from, other_to;
    choose_range(m, t, &from, &to);
    choose_range(m, t, &other_from, &other_to);
    uint32_t how = maker_random(m, 12);
    if (how == 11) {
        wrap(m, t, out);
        return;
    }
    str_auto piece = STR_INIT(TEXT_MAX);
    add_range(&piece, t, from, to);
    m->fragment_a = arena_strn(m->a, str_text(&piece), piece.len);
    add_range(out, t, 0, from);
    if (how < 5) /* replaced */
        make_piece(m, out);
    else if (how == 5) /* twice */
        add_range(out, t, from, to), add_range(out, t, from, to);
    else if (how == 6) /* another in its place */
        add_range(out, t, other_from, other_to);
    else if (how == 7) /* one more in the list */
        add_range(out, t, from, to), add_token(out, VIEW(",")), make_piece(m, out);
    else if (how == 8) /* an operator behind it */
        add_range(out, t, from, to), add_text(out, maker_word(m)), make_piece(m, out);
    else if (how == 9) /* in parentheses */
        add_token(out, VIEW("(")), add_range(out, t, from, to), add_token(out, VIEW(")"));
    add_range(out, t, to, t->len);
}

/* The settings before a statement ("!hh "). */
static void add_settings(Maker *m, const uint8_t *data, size_t size, Str *out)
{
    bool has = size > 4 && data[0] == '!';
    if (maker_random(m, 20) == 0)
        str_addf(out, "!%02x", maker_random(m, 128));
    else if (has)
        str_addn(out, data, 3);
}

static size_t give(const Str *text, uint8_t *data, size_t max_size)
{
    size_t n = text->len < max_size ? text->len : max_size;
    memcpy(data, str_text(text), n);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    arena_auto *a = arena_new();
    Maker m = maker_new(a, seed);
    uint32_t how = maker_random(&m, 16);
    if (how == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    str_auto out = STR_INIT(TEXT_MAX);
    add_settings(&m, data, size, &out);
    size_t skip = size > 4 && data[0] == '!' ? 4 : 0;
    Tokens *t = ARENA_NEW(a, Tokens);
    tokens_of((const char *)data + skip, size - skip, t);
    if (how == 1 || t->len == 0) {
        str_add(&out, out.len ? " " : "");
        maker_statement(&m, &out);
    } else {
        edit(&m, t, &out);
    }
    return give(&out, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *ret, size_t max_size, unsigned seed)
{
    arena_auto *a = arena_new();
    Maker m = maker_new(a, seed);
    Tokens *x = ARENA_NEW(a, Tokens), *y = ARENA_NEW(a, Tokens);
    str_auto out = STR_INIT(TEXT_MAX);
    size_t skip1 = size1 > 4 && data1[0] == '!' ? 4 : 0, skip2 = size2 > 4 && data2[0] == '!' ? 4 : 0, from, to, other_from, other_to;
    tokens_of((const char *)data1 + skip1, size1 - skip1, x);
    tokens_of((const char *)data2 + skip2, size2 - skip2, y);
    if (x->len == 0 || y->len == 0)
        return 0;
    choose_range(&m, x, &from, &to);
    choose_range(&m, y, &other_from, &other_to);
    add_settings(&m, data1, size1, &out);
    add_range(&out, x, 0, from);
    add_range(&out, y, other_from, other_to);
    add_range(&out, x, maker_random(&m, 3) ? to : from, x->len);
    return give(&out, ret, max_size);
}
