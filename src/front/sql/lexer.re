/* front/sql/lexer.re -- SqlBaseLexer.g4 as re2c: text to tokens. Keywords are found by spelling (keyword.c). */
#include "base/limits.h"
#include "front/sql/context.h"
#include "front/sql/grammar.h"
#include "front/sql/token.h"

typedef struct Lexer {
    Arena *a;
    const char *text, *end;
    const char *counted; /* `chars` characters lie before it */
    int chars;
    int type_depth; /* open '<' of ARRAY, MAP and STRUCT: inside them ">>" is two closings */
    const SqlOptions *opt;
    TokenList *out;
    bool full;           /* more tokens than LIMIT_QUERY_TOKENS */
} Lexer;

/*!re2c
    re2c:yyfill:enable = 0;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:flags:utf-8 = 1;
    space = [ \t\n\f\r\x0b\u00a0\u1680\u2000-\u200a\u2028\u202f\u205f\u3000];
    digit = [0-9];
    letter = [a-zA-Z] | ([\x80-\U0010ffff] \ [\u00a0\u1680\u2000-\u200a\u2028\u202f\u205f\u3000]);
    word = (letter | digit | "_")+;
    decimal = digit+ "." digit* | "." digit+;
    exponent = 'e' [+-]? digit+;
    string = "'" ([^'\\\x00] | "\\" [^\x00] | "''")* "'";
    dquoted = "\"" ([^"\\\x00] | "\\" [^\x00] | "\"\"")* "\"";
*/

static int count_chars(Lexer *x, const char *to)
{
    for (; x->counted < to; x->counted++)
        x->chars += ((unsigned char)*x->counted & 0xC0) != 0x80;
    return x->chars;
}

static Token *add(Lexer *x, int kind, const char *from, const char *to)
{
    if (x->out->len >= LIMIT_QUERY_TOKENS) {
        x->full = true;
        return &x->out->at[x->out->len - 1];
    }
    Token t = { .kind = kind, .at = (size_t)(from - x->text), .len = (size_t)(to - from) };
    t.start = count_chars(x, from);
    t.stop = count_chars(x, to) - 1;
    bool spoken = kind >= TK_STRING_LITERAL || kind == TK_ID; /* punctuation needs no text of its own */
    t.text = spoken ? arena_strn(x->a, from, t.len) : "";
    t.text_len = spoken ? t.len : 0;
    vec_push(x->a, x->out, t);
    return &x->out->at[x->out->len - 1];
}

static void add_word(Lexer *x, const char *from, const char *to)
{
    Token *t = add(x, TK_ID, from, to);
    t->word = keyword_find(t->text, t->len);
    if (t->word)
        t->kind = t->word;
}

static void add_quoted_name(Lexer *x, const char *from, const char *to, char quote)
{
    Token *t = add(x, TK_ID, from, to);
    char *name = arena_alloc(x->a, t->len + 1);
    size_t n = 0;
    for (const char *c = from + 1; c < to - 1; c++) {
        name[n++] = *c;
        if (*c == quote)
            c++;
    }
    t->text = name;
    t->text_len = n;
    t->quoted = true;
}

static void add_string(Lexer *x, const char *from, const char *to)
{
    Token *t = add(x, TK_STRING_LITERAL, from, to);
    t->text = string_unescape(x->a, from, t->len, x->opt->escaped_string_literals, !x->opt->legacy_consecutive_strings, &t->text_len);
}

/* isValidDecimal() of the g4: a number with a dot counts only when no word follows it. Otherwise its digits, or its
 * leading dot, are a token. Returns where to go on. */
static const char *add_number(Lexer *x, int kind, const char *from, const char *to)
{
    char c = *to;
    bool runs_on = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    const char *dot = memchr(from, '.', (size_t)(to - from));
    if (!dot || !runs_on) {
        add(x, kind, from, to);
        return to;
    }
    if (dot == from) {
        add(x, TK_DOT, from, from + 1);
        return from + 1;
    }
    add(x, TK_INTEGER_VALUE, from, dot);
    return dot;
}

static void add_less(Lexer *x, const char *from, const char *to)
{
    Token *before = x->out->len ? &x->out->at[x->out->len - 1] : NULL;
    if (before && (before->word == TK_ARRAY || before->word == TK_MAP || before->word == TK_STRUCT))
        x->type_depth++;
    add(x, TK_LT, from, to);
}

/* Past the end of a bracketed comment, nested ones included; NULL when it does not end. */
static const char *skip_comment(const char *at, const char *end)
{
    int depth = 1;
    while (at + 1 < end) {
        if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else if (at[0] == '/' && at[1] == '*') {
            at += 2;
            depth++;
        } else {
            at++;
        }
    }
    return NULL;
}

static Status unclosed_comment(Lexer *x, const char *from, Error *err)
{
    int start = count_chars(x, from);
    Status st = FAIL_CODE(err, ST_INVALID, "UNCLOSED_BRACKETED_COMMENT",
        "Found an unclosed bracketed comment. Please, append */ at the end of the comment.");
    if (err) {
        memcpy(err->sqlstate, "42601", 6);
        err->start = start;
        err->stop = count_chars(x, x->end) - 1;
    }
    return st;
}

/* Adds the token at `from`, if it is none that hides, and returns its end; NULL: a comment that does not end. */
static const char *scan_one(Lexer *x, const char *from)
{
    const char *YYCURSOR = from, *YYMARKER;
    /*!re2c
        space+ { return YYCURSOR; }
        "--" ("\\\n" | [^\r\n\x00])* "\r"? "\n"? { return YYCURSOR; }
        "/" "*" { return skip_comment(YYCURSOR, x->end); }
        "/" "*+" { add(x, TK_HINT_START, from, YYCURSOR); return YYCURSOR; }
        "*" "/" { add(x, TK_HINT_END, from, YYCURSOR); return YYCURSOR; }
        ";" { add(x, TK_SEMICOLON, from, YYCURSOR); return YYCURSOR; }
        "(" { add(x, TK_LP, from, YYCURSOR); return YYCURSOR; }
        ")" { add(x, TK_RP, from, YYCURSOR); return YYCURSOR; }
        "," { add(x, TK_COMMA, from, YYCURSOR); return YYCURSOR; }
        "." { add(x, TK_DOT, from, YYCURSOR); return YYCURSOR; }
        "[" { add(x, TK_LB, from, YYCURSOR); return YYCURSOR; }
        "]" { add(x, TK_RB, from, YYCURSOR); return YYCURSOR; }
        "!" { add(x, TK_BANG, from, YYCURSOR); return YYCURSOR; }
        "=" | "==" { add(x, TK_EQ, from, YYCURSOR); return YYCURSOR; }
        "<=>" { add(x, TK_NSEQ, from, YYCURSOR); return YYCURSOR; }
        "<>" { add(x, TK_NEQ, from, YYCURSOR); return YYCURSOR; }
        "!=" { add(x, TK_NEQJ, from, YYCURSOR); return YYCURSOR; }
        "<" { add_less(x, from, YYCURSOR); return YYCURSOR; }
        "<=" | "!>" { add(x, TK_LTE, from, YYCURSOR); return YYCURSOR; }
        ">" { add(x, TK_GT, from, YYCURSOR); x->type_depth -= x->type_depth > 0; return YYCURSOR; }
        ">=" | "!<" { add(x, TK_GTE, from, YYCURSOR); return YYCURSOR; }
        "<<" { add(x, TK_SHIFT_LEFT, from, YYCURSOR); return YYCURSOR; }
        ">>" | ">>>" {
            if (x->type_depth > 0) {
                x->type_depth--;
                YYCURSOR = from + 1;
                add(x, TK_GT, from, YYCURSOR);
            } else {
                add(x, YYCURSOR - from == 2 ? TK_SHIFT_RIGHT : TK_SHIFT_RIGHT_UNSIGNED, from, YYCURSOR);
            }
            return YYCURSOR;
        }
        "+" { add(x, TK_PLUS, from, YYCURSOR); return YYCURSOR; }
        "-" { add(x, TK_MINUS, from, YYCURSOR); return YYCURSOR; }
        "*" { add(x, TK_ASTERISK, from, YYCURSOR); return YYCURSOR; }
        "/" { add(x, TK_SLASH, from, YYCURSOR); return YYCURSOR; }
        "%" { add(x, TK_PERCENT, from, YYCURSOR); return YYCURSOR; }
        "~" { add(x, TK_TILDE, from, YYCURSOR); return YYCURSOR; }
        "&" { add(x, TK_AMPERSAND, from, YYCURSOR); return YYCURSOR; }
        "|" { add(x, TK_PIPE, from, YYCURSOR); return YYCURSOR; }
        "||" { add(x, TK_CONCAT_PIPE, from, YYCURSOR); return YYCURSOR; }
        "|>" { add(x, TK_OPERATOR_PIPE, from, YYCURSOR); return YYCURSOR; }
        "^" { add(x, TK_HAT, from, YYCURSOR); return YYCURSOR; }
        ":" { add(x, TK_COLON, from, YYCURSOR); return YYCURSOR; }
        "::" { add(x, TK_DOUBLE_COLON, from, YYCURSOR); return YYCURSOR; }
        "->" { add(x, TK_ARROW, from, YYCURSOR); return YYCURSOR; }
        "=>" { add(x, TK_FAT_ARROW, from, YYCURSOR); return YYCURSOR; }
        "?" { add(x, TK_QUESTION, from, YYCURSOR); return YYCURSOR; }
        string | 'r' "'" [^'\x00]* "'" | 'r' "\"" [^"\x00]* "\"" { add_string(x, from, YYCURSOR); return YYCURSOR; }
        dquoted {
            if (x->opt->double_quoted_identifiers)
                add_quoted_name(x, from, YYCURSOR, '"');
            else
                add_string(x, from, YYCURSOR);
            return YYCURSOR;
        }
        "`" ([^`\x00] | "``")* "`" { add_quoted_name(x, from, YYCURSOR, '`'); return YYCURSOR; }
        digit+ 'l' { add(x, TK_BIGINT_LITERAL, from, YYCURSOR); return YYCURSOR; }
        digit+ 's' { add(x, TK_SMALLINT_LITERAL, from, YYCURSOR); return YYCURSOR; }
        digit+ 'y' { add(x, TK_TINYINT_LITERAL, from, YYCURSOR); return YYCURSOR; }
        digit+ { add(x, TK_INTEGER_VALUE, from, YYCURSOR); return YYCURSOR; }
        (digit+ | decimal) exponent { return add_number(x, TK_EXPONENT_VALUE, from, YYCURSOR); }
        decimal { return add_number(x, TK_DECIMAL_VALUE, from, YYCURSOR); }
        (digit+ | decimal) exponent? 'f' { return add_number(x, TK_FLOAT_LITERAL, from, YYCURSOR); }
        (digit+ | decimal) exponent? 'd' { return add_number(x, TK_DOUBLE_LITERAL, from, YYCURSOR); }
        (digit+ | decimal) exponent? 'bd' { return add_number(x, TK_BIGDECIMAL_LITERAL, from, YYCURSOR); }
        word { add_word(x, from, YYCURSOR); return YYCURSOR; }
        letter+ "://" [a-zA-Z0-9_/\-.?=&#%]+ { add_word(x, from, YYCURSOR); return YYCURSOR; }
        * { add(x, TK_UNRECOGNIZED, from, YYCURSOR); return YYCURSOR; }
    */
}

Status lexer_scan(Arena *a, const char *text, size_t length, const SqlOptions *opt, TokenList *ret_tokens, Error *err)
{
    if (!utf8_valid(text, length))
        return FAIL_CODE(err, ST_INVALID, "INVALID_UTF8_STRING", "The query text is not valid UTF-8.");
    const char *copy = arena_strn(a, text, length);
    TokenList tokens = { 0 };
    Lexer x = { .a = a, .text = copy, .end = copy + length, .counted = copy, .opt = opt, .out = &tokens };
    for (const char *at = copy, *next; at < x.end; at = next) {
        next = scan_one(&x, at);
        if (!next)
            return unclosed_comment(&x, at, err);
        if (x.full)
            return FAIL_CODE(err, ST_LIMIT, "FAILED_TO_PARSE_TOO_COMPLEX", TOO_COMPLEX);
    }
    add(&x, 0, x.end, x.end);
    *ret_tokens = tokens;
    return ST_OK;
}
