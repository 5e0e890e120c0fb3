/* back/duckdb/kernel_number_format.c -- to_number and to_char of numbers: '$9,999.99MI' and its like. Source: ToNumberParser.
 *
 * A format is [<][S|MI][$] digits with separators [. digits] [$][S|MI|PR]; the binder checked it. 0 at the start of a group of
 * digits wants exactly so many, 9 at most so many. */
#include "back/duckdb/convert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKENS = 64, GROUPS = 64 };
typedef enum TokenKind { T_DIGITS, T_POINT, T_DOLLAR, T_SIGN, T_MINUS, T_OPEN, T_CLOSE } TokenKind;
typedef struct Part { /* of T_DIGITS, from left to right: a run of digits, or (count 0) a separator */
    int count;
    bool exact;
} Part;
typedef struct Token {
    TokenKind kind;
    Part parts[GROUPS];
    int nparts;
} Token;
typedef struct Format {
    char *text;
    Token tokens[TOKENS];
    int ntokens, before, after; /* digits on each side of the point */
    bool bad;
} Format;

static Token *token_add(Format *f, TokenKind kind)
{
    if (f->ntokens == TOKENS) {
        f->bad = true;
        return &f->tokens[0];
    }
    f->tokens[f->ntokens] = (Token){ .kind = kind };
    return &f->tokens[f->ntokens++];
}

static void part_add(Format *f, int count, bool exact)
{
    Token *last = f->ntokens && f->tokens[f->ntokens - 1].kind == T_DIGITS ? &f->tokens[f->ntokens - 1] : token_add(f, T_DIGITS);
    if (last->nparts == GROUPS)
        f->bad = true;
    else
        last->parts[last->nparts++] = (Part){ count, exact };
}

static void read_format(Format *f, const char *at)
{
    bool point = false;
    while (*at) {
        char c = (char)toupper((unsigned char)*at);
        char next = (char)toupper((unsigned char)at[1]);
        if (c == '0' || c == '9') {
            int n = (int)strspn(at, "09");
            part_add(f, n, c == '0' && !point);
            *(point ? &f->after : &f->before) += n;
            at += n;
            continue;
        }
        if (c == '.' || c == 'D') {
            token_add(f, T_POINT);
            point = true;
        } else if (c == ',' || c == 'G') {
            part_add(f, 0, false);
        } else if (c == '$') {
            token_add(f, T_DOLLAR);
        } else if (c == 'S') {
            token_add(f, T_SIGN);
        } else if (c == 'M' && next == 'I') {
            token_add(f, T_MINUS);
            at++;
        } else if (c == 'P' && next == 'R') {
            token_add(f, T_CLOSE);
            if (f->ntokens < TOKENS) {
                memmove(&f->tokens[1], &f->tokens[0], (size_t)f->ntokens * sizeof *f->tokens);
                f->tokens[0] = (Token){ .kind = T_OPEN };
                f->ntokens++;
            }
            at++;
        } else {
            f->bad = true;
        }
        at++;
    }
}

static void *make_format(K *k, View text)
{
    (void)k;
    Format *f = calloc(1, sizeof *f);
    if (!f || !(f->text = strndup(text.data, text.len)))
        abort();
    read_format(f, f->text);
    return f;
}

static void release_format(void *p)
{
    Format *f = p;
    free(f->text);
    free(f);
}

/* ---------------------------------------------------------------- to_number */
typedef struct Parse {
    const char *at, *end;
    char digits[128];
    size_t n, behind; /* digits so far, and those behind the point */
    bool point, negative;
} Parse;

/* The groups of digits at the reader, which must fit the token's from the right. */
static bool parse_digits(Parse *p, const Token *t)
{
    int sizes[GROUPS] = { 0 }, n = 0, expected = 0;
    for (; p->at < p->end; p->at++) {
        if (*p->at == ',') {
            if (++n >= GROUPS)
                return false;
        } else if (isdigit((unsigned char)*p->at)) {
            if (p->n >= sizeof p->digits)
                return false;
            sizes[n]++;
            p->digits[p->n++] = *p->at;
            p->behind += p->point;
        } else if (!isspace((unsigned char)*p->at)) {
            break;
        }
    }
    for (int i = t->nparts - 1; i >= 0; i--) {
        const Part *part = &t->parts[i];
        if (!part->count)
            continue;
        int actual = expected <= n ? sizes[n - expected] : 0;
        expected++;
        if (part->exact ? actual != part->count : actual > part->count)
            return false;
    }
    return n + 1 <= expected;
}

static bool parse_token(Parse *p, const Token *t, bool *open, bool *closed)
{
    char c = p->at < p->end ? *p->at : 0;
    switch (t->kind) {
    case T_DIGITS: return parse_digits(p, t);
    case T_POINT:
        p->point = p->point || c == '.';
        p->at += c == '.';
        return true;
    case T_DOLLAR:
        p->at += c == '$';
        return c == '$' || !c;
    case T_SIGN: case T_MINUS:
        if (c == '-' || (c == '+' && t->kind == T_SIGN)) {
            p->negative = p->negative != (c == '-');
            p->at++;
        }
        return true;
    case T_OPEN:
        *open = c == '<';
        p->at += c == '<';
        return true;
    case T_CLOSE:
        if (c == '>') {
            if (!*open)
                return false;
            *closed = true;
            p->negative = !p->negative;
            p->at++;
        }
    }
    return true;
}

static void to_number(K *k)
{
    const Format *f = k_cached(k, 0, k_str(k, 1), make_format, release_format);
    View v = k_str(k, 0);
    Parse p = { .at = v.data, .end = v.data + v.len };
    bool open = false, closed = false, good = !f->bad;
    for (int i = 0; i < f->ntokens && good; i++)
        good = parse_token(&p, &f->tokens[i], &open, &closed);
    if (good && p.at == p.end && open == closed && p.n) {
        str_auto out = STR_INIT(1024);
        str_addf(&out, "%s%.*s.%.*s", p.negative ? "-" : "", (int)(p.n - p.behind), p.digits, (int)p.behind, p.digits + p.n - p.behind);
        k_set_out(k, &out);
    } else if (k_i32(k, 2) == MODE_ERROR) {
        str_auto input = STR_INIT(4096);
        str_addf(&input, "'%.*s'", (int)(v.len < 2000 ? v.len : 2000), v.data);
        k_fail(k, "INVALID_FORMAT.MISMATCH_INPUT", "inputType", "\"STRING\"", "input", k_text(k, v), "format", f->text, NULL);
    } else {
        k_null(k);
    }
}

/* ---------------------------------------------------------------- to_char */
/* A character behind trailing blanks goes before them. */
static void put_before_blanks(char *out, size_t *n, char c)
{
    size_t i = *n;
    while (i && out[i - 1] == ' ')
        i--;
    memmove(out + i + 1, out + i, *n - i);
    out[i] = c;
    (*n)++;
}

/* A blank behind signs and brackets goes before them. */
static void put_blank(char *out, size_t *n)
{
    size_t i = *n;
    while (i && strchr("+-<", out[i - 1]))
        i--;
    memmove(out + i + 1, out + i, *n - i);
    out[i] = ' ';
    (*n)++;
}

static void strip_lone_point(char *out, size_t n)
{
    char *point = memchr(out, '.', n);
    if (point && (point == out + n - 1 || point[1] == ' '))
        *point = ' ';
}

/* The digits on both sides of the point, padded to the format's counts; '#' when they are too many. */
static void split_number(const Format *f, const char *text, char *before, char *after)
{
    const char *point = strchr(text, '.');
    size_t n = point ? (size_t)(point - text) : strlen(text), m = point ? strlen(point + 1) : 0;
    while (n && (*text == '-' || *text == '0')) {
        text++;
        n--;
    }
    while (m && point[m] == '0')
        m--;
    if (n > (size_t)f->before || m > (size_t)f->after) {
        memset(before, '#', (size_t)f->before);
        memset(after, '#', (size_t)f->after);
        return;
    }
    memset(before, ' ', (size_t)f->before - n);
    memcpy(before + f->before - n, text, n);
    if (m)
        memcpy(after, point + 1, m);
    memset(after + m, '0', (size_t)f->after - m);
}

static void format_digits(const Token *t, const char **before, const char **after, bool point, char *out, size_t *n)
{
    for (int i = 0; i < t->nparts; i++) {
        const Part *part = &t->parts[i];
        if (!part->count) {
            if (*n && isdigit((unsigned char)out[*n - 1]))
                out[(*n)++] = ',';
            else
                put_blank(out, n);
        }
        for (int d = 0; d < part->count; d++) {
            char c = point ? *(*after)++ : *(*before)++;
            if (c == ' ' && !part->exact)
                put_blank(out, n);
            else
                out[(*n)++] = c == ' ' ? '0' : c;
        }
    }
}

static void format_token(const Token *t, bool negative, char *out, size_t *n)
{
    switch (t->kind) {
    case T_POINT:
        if (*n && out[*n - 1] == ' ')
            out[*n - 1] = '0';
        out[(*n)++] = '.';
        return;
    case T_DOLLAR: out[(*n)++] = '$'; return;
    case T_SIGN:
        strip_lone_point(out, *n);
        put_before_blanks(out, n, negative ? '-' : '+');
        return;
    case T_MINUS:
        if (negative) {
            strip_lone_point(out, *n);
            put_before_blanks(out, n, '-');
        } else {
            out[(*n)++] = ' ';
        }
        return;
    case T_OPEN:
        if (negative)
            out[(*n)++] = '<';
        return;
    default:
        strip_lone_point(out, *n);
        if (negative) {
            put_before_blanks(out, n, '>');
        } else {
            out[(*n)++] = ' ';
            out[(*n)++] = ' ';
        }
    }
}

/* The number comes as its plain decimal text. */
static void to_char(K *k)
{
    const Format *f = k_cached(k, 0, k_str(k, 1), make_format, release_format);
    const char *text = k_text(k, k_str(k, 0));
    bool negative = *text == '-' && strpbrk(text, "123456789");
    size_t room = strlen(f->text) * 4 + 64, n = 0;
    char *out = malloc(room), *digits = malloc((size_t)(f->before + f->after) + 2);
    if (!out || !digits)
        abort();
    const char *before = digits, *after = digits + f->before;
    bool point = false;
    split_number(f, text, digits, digits + f->before);
    for (int i = 0; i < f->ntokens; i++) {
        if (f->tokens[i].kind == T_DIGITS)
            format_digits(&f->tokens[i], &before, &after, point, out, &n);
        else
            format_token(&f->tokens[i], negative, out, &n);
        point = point || f->tokens[i].kind == T_POINT;
    }
    strip_lone_point(out, n);
    if (!n || (n == 1 && (*out == '+' || *out == '-')))
        k_set_str(k, "0", 1);
    else
        k_set_str(k, out, n);
    free(out);
    free(digits);
}

const Kernel kernels_number_format[] = {
    { "spark_to_number", "SSi:S", to_number, 0 },
    { "spark_to_char", "SS:S", to_char, 0 },
    { NULL, NULL, NULL, 0 },
};
