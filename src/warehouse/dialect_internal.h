/* warehouse/dialect_internal.h -- what the parser's files share. */
#ifndef WEIR_WAREHOUSE_DIALECT_INTERNAL_H
#define WEIR_WAREHOUSE_DIALECT_INTERNAL_H
#include "base/limits.h"
#include "warehouse/dialect.h"

typedef enum TokenKind {
    TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_STRING, TOKEN_NUMBER, TOKEN_PARAMETER, TOKEN_SIGN
} TokenKind;

typedef struct RsToken {
    TokenKind kind;
    const char *text;   /* words folded to lower case, quotes taken off */
    size_t at, end;     /* in the statement */
} RsToken;
typedef VEC(RsToken) RsTokenList;

Status dialect_lex(Arena *a, const char *sql, RsTokenList *ret_tokens, Error *err);

typedef struct Parser {
    Arena *a;
    const char *sql;
    const DialectEnv *env;
    RsTokenList tokens;
    size_t at;
    Str *out;
    int depth;
    size_t scope, scopes;        /* number of the query that is read, and of all */
    VEC(const char *) node_keys; /* scope and text of each node */
    StrList ctes;                /* names that are no tables of the catalog */
    StrList inserted;            /* while a VALUES row is read: defaults by position; NULL: none */
    const char *name;            /* what the last expression would be called as a column */
    Translation *t;
} Parser;

/* --- tokens (parse.c) --- */
static inline const RsToken *peek(const Parser *p, size_t ahead)
{
    size_t at = p->at + ahead;
    return &p->tokens.at[at < p->tokens.len ? at : p->tokens.len - 1];
}
bool at_word(const Parser *p, const char *word);           /* the next token is that bare word */
bool at_word2(const Parser *p, size_t ahead, const char *word);
bool at_sign(const Parser *p, const char *sign);
bool take_word(Parser *p, const char *word);
bool take_sign(Parser *p, const char *sign);
Status need_word(Parser *p, const char *word, Error *err);
Status need_sign(Parser *p, const char *sign, Error *err);
Status syntax_error(const Parser *p, Error *err);
Status refuse(Error *err, const char *what);               /* "… is not supported" */
Status need_name(Parser *p, const char **ret_name, Error *err);
/* [database.][schema.]name */
Status need_table(Parser *p, const char **ret_schema, const char **ret_table, Error *err);
void put_table(Parser *p, Str *out, const char *schema, const char *table);
Status need_string(Parser *p, const char **ret_text, Error *err);
Status need_int(Parser *p, int64_t *ret_value, Error *err);
/* Reads with another output: its text. */
typedef Status (*ParseFn)(Parser *p, Error *err);
Status read_apart(Parser *p, ParseFn read, const char **ret_text, Error *err);
Status parser_enter(Parser *p, Error *err);
static inline void parser_leave(Parser *p) { p->depth--; }

/* --- expr.c, call.c, query.c, type.c --- */
Status parse_expr(Parser *p, Error *err);
Status parse_expr_list(Parser *p, Error *err);
Status parse_call(Parser *p, const char *name, Error *err);  /* at its '(' */
Status parse_bare_function(Parser *p, bool *ret_done, Error *err); /* SYSDATE, CURRENT_DATE … */
Status parse_query(Parser *p, Error *err);
Status parse_type(Parser *p, const char **ret_canonical, const char **ret_engine, Error *err);
/* Writes a typed node: `write` gets the operands' texts and their types (NULL: unknown). */
const char *node_type(Parser *p, size_t node, size_t operand);
size_t node_add(Parser *p, const char *key);
void put_probe(Parser *p, size_t node, const char *const *operands, size_t count);
bool type_is_integer(const char *type);
bool type_is_decimal(const char *type, int *ret_precision, int *ret_scale);
bool type_is_float(const char *type);
bool type_is_time(const char *type);                         /* DATE or TIMESTAMP… */

/* --- statement.c, ddl.c, copy_text.c --- */
Status parse_statement(Parser *p, Error *err);
Status parse_create(Parser *p, Error *err);
Status parse_alter(Parser *p, Error *err);
Status parse_drop(Parser *p, Error *err);
Status parse_copy(Parser *p, Error *err);
Status parse_unload(Parser *p, Error *err);
void put_fitted(Str *out, const DialectColumn *column, const char *value);
void add_sql(Parser *p, const Str *text);

#endif
