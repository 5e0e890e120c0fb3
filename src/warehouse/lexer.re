/* warehouse/lexer.re -- Redshift SQL text to tokens. Comments go; words are folded to lower case, quoted names too (Redshift does,
 * unless enable_case_sensitive_identifier is on). */
#include "warehouse/dialect_internal.h"

#include <ctype.h>

/*!re2c
    re2c:yyfill:enable = 0;
    re2c:define:YYCTYPE = "unsigned char";
    space = [ \t\n\r\f\x0b];
    digit = [0-9];
    letter = [a-zA-Z_\x80-\xff];
    word = letter (letter | digit | "$")*;
    number = (digit+ ("." digit*)? | "." digit+) ([eE] [+-]? digit+)?;
    string = "'" ([^'\\\x00] | "\\" [^\x00] | "''")* "'";
    dollar = "$" (letter (letter | digit)*)? "$"; /* begins and ends a literal without escapes */
    quoted = "\"" ([^"\x00] | "\"\"")* "\"";
*/

static char *folded(Arena *a, const char *from, size_t length)
{
    char *text = arena_strn(a, from, length);
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

/* Backslashes escape in Redshift's literals: \' \\ \n and the like. */
static char *unquoted(Arena *a, const char *from, const char *to)
{
    char *text = arena_alloc(a, (size_t)(to - from) + 1), *out = text;
    for (const char *c = from + 1; c < to - 1; c++) {
        if (*c == '\'') {
            *out++ = *c++;
            continue;
        }
        if (*c != '\\') {
            *out++ = *c;
            continue;
        }
        c++;
        *out++ = (char)(*c == 'n' ? '\n' : *c == 't' ? '\t' : *c == 'r' ? '\r' : *c == 'b' ? '\b' : *c == 'f' ? '\f' : *c);
    }
    return text;
}

static char *quoted_name(Arena *a, const char *from, const char *to)
{
    char *text = folded(a, from + 1, (size_t)(to - from) - 2), *out = text;
    for (const char *c = text; *c; c++) {
        *out++ = *c;
        if (c[0] == '"' && c[1] == '"')
            c++;
    }
    *out = 0;
    return text;
}

static const char *skip_comment(const char *at)
{
    int depth = 1;
    for (; *at && depth; at++) {
        if (at[0] == '/' && at[1] == '*')
            depth++, at++;
        else if (at[0] == '*' && at[1] == '/')
            depth--, at++;
    }
    return depth ? NULL : at;
}

Status dialect_lex(Arena *a, const char *sql, RsTokenList *ret_tokens, Error *err)
{
    const char *YYCURSOR = sql, *YYMARKER = NULL, *start;
    RsTokenList tokens = { 0 };
    if (!utf8_valid(sql, strlen(sql)))
        return FAIL(err, ST_INVALID, "invalid byte sequence for encoding \"UTF8\"");
#define ADD(k, t) vec_push(a, &tokens, (RsToken){ (k), (t), (size_t)(start - sql), (size_t)(YYCURSOR - sql) })
    for (;;) {
        if (tokens.len >= LIMIT_QUERY_TOKENS)
            return FAIL(err, ST_LIMIT, "a statement of more than %d words", LIMIT_QUERY_TOKENS);
        start = YYCURSOR;
        /*!re2c
        "\x00"      { ADD(TOKEN_END, ""); break; }
        space+      { continue; }
        "--" [^\n\x00]* { continue; }
        "/*"        { YYCURSOR = skip_comment(YYCURSOR);
                      if (!YYCURSOR)
                          return FAIL(err, ST_INVALID, "unterminated /* comment");
                      continue; }
        word        { ADD(TOKEN_WORD, folded(a, start, (size_t)(YYCURSOR - start))); continue; }
        quoted      { ADD(TOKEN_QUOTED, quoted_name(a, start, YYCURSOR)); continue; }
        [eE] string { start++; ADD(TOKEN_STRING, unquoted(a, start, YYCURSOR)); continue; }
        dollar      { const char *text = YYCURSOR, *end = strstr(text, arena_strn(a, start, (size_t)(text - start)));
                      if (!end)
                          return FAIL(err, ST_INVALID, "unterminated dollar-quoted string at or near \"%.40s\"", start);
                      YYCURSOR = end + (text - start);
                      ADD(TOKEN_STRING, arena_strn(a, text, (size_t)(end - text)));
                      continue; }
        string      { ADD(TOKEN_STRING, unquoted(a, start, YYCURSOR)); continue; }
        number      { ADD(TOKEN_NUMBER, arena_strn(a, start, (size_t)(YYCURSOR - start))); continue; }
        ":" word    { ADD(TOKEN_PARAMETER, arena_strn(a, start + 1, (size_t)(YYCURSOR - start) - 1)); continue; }
        "::" | "||" | "||/" | "|/" | "<=" | ">=" | "<>" | "!=" | "!~" | "<<" | ">>" | ":="
                    { ADD(TOKEN_SIGN, arena_strn(a, start, (size_t)(YYCURSOR - start))); continue; }
        [-+*/%^<>=~!@#&|(),.;:[\]{}?]
                    { ADD(TOKEN_SIGN, arena_strn(a, start, 1)); continue; }
        *           { return FAIL(err, ST_INVALID, *start == '\'' ? "unterminated quoted string at or near \"%.40s\""
                                                   : *start == '"' ? "unterminated quoted identifier at or near \"%.40s\""
                                                                   : "syntax error at or near \"%.1s\"", start); }
        */
    }
#undef ADD
    *ret_tokens = tokens;
    return ST_OK;
}
