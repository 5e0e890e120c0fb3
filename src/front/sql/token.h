/* front/sql/token.h -- what the lexer gives and the grammar takes. Tokens live in the parse's arena. */
#ifndef WEIR_FRONT_SQL_TOKEN_H
#define WEIR_FRONT_SQL_TOKEN_H
#include "front/sql/sql.h"

typedef struct Token {
    int kind;          /* TK_… of grammar.h, as the grammar sees it; 0: end of the text */
    int word;          /* TK_… of the keyword it is by spelling, 0: none; stays when `kind` becomes TK_ID */
    bool quoted;       /* `x`, or "x" as an identifier */
    int start, stop;   /* characters of the query, both inclusive */
    size_t at, len;    /* bytes of the query */
    const char *text;  /* identifiers: the name; strings: the value, escapes undone; others: the text as written */
    size_t text_len;
    Node *node;        /* TK_INTERVAL_LITERAL: the literal */
} Token;
typedef VEC(Token) TokenList;

/* Text to tokens, ending with one of kind 0. Fails on an unclosed comment and on bytes that are not UTF-8. */
Status lexer_scan(Arena *a, const char *text, size_t length, const SqlOptions *opt, TokenList *ret_tokens, Error *err);
/* The keyword that text[0..length) spells, 0 when none. */
int keyword_find(const char *text, size_t length);
/* The i-th keyword of the table, "" when its token has other spellings too; NULL behind the last. */
const char *keyword_at(size_t i, bool *ret_reserved);
bool keyword_is_reserved(int word); /* under enforceReservedKeywords */
bool keyword_is_strict(int word);   /* never a table's alias */

/* The value of a string token as written, quotes and all: escapes, doubled quotes, raw strings. */
const char *string_unescape(Arena *a, const char *text, size_t length, bool escaped_literals, bool doubled, size_t *ret_length);

#endif
