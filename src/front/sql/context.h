/* front/sql/context.h -- the pass between lexer and grammar. */
#ifndef WEIR_FRONT_SQL_CONTEXT_H
#define WEIR_FRONT_SQL_CONTEXT_H
#include "base/limits.h"
#include "front/sql/token.h"

#define TOO_COMPLEX                                                                                             \
    "The statement, including potential SQL functions and referenced views, was too complex to parse. To mitigate " \
    "this error divide the statement into multiple, less complex chunks."

/* Decides by their neighbours which words are keywords and which are names, and joins tokens that the grammar sees as one
 * (interval literals, NOT NULL). Refuses more than LIMIT_QUERY_NESTING open parentheses or types. */
Status context_apply(Arena *a, const SqlOptions *opt, const char *text, TokenList *tokens, Error *err);

/* The interval literal that begins at tokens[0], the word INTERVAL; the list ends with kind 0. ret_used 0: there is none
 * here, the word is a name or a type. */
Status interval_literal(Arena *a, const SqlOptions *opt, const char *text, const Token *tokens, size_t *ret_used, Node **ret_literal, Error *err);

#endif
