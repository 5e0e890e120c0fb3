/* warehouse/parse.c -- see dialect.h: the parser's hands: tokens, names, nodes that ask for types. */
#include "warehouse/dialect_internal.h"

#include <stdio.h>

void dialect_quote_text(Str *out, const char *text)
{
    str_addc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            str_addc(out, '\'');
        str_addc(out, *text);
    }
    str_addc(out, '\'');
}

void dialect_quote_name(Str *out, const char *name)
{
    str_addc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            str_addc(out, '"');
        str_addc(out, *name);
    }
    str_addc(out, '"');
}

bool at_word2(const Parser *p, size_t ahead, const char *word)
{
    const RsToken *t = peek(p, ahead);
    return t->kind == TOKEN_WORD && str_eq(t->text, word);
}

bool at_word(const Parser *p, const char *word)
{
    return at_word2(p, 0, word);
}

bool at_sign(const Parser *p, const char *sign)
{
    const RsToken *t = peek(p, 0);
    return t->kind == TOKEN_SIGN && str_eq(t->text, sign);
}

bool take_word(Parser *p, const char *word)
{
    bool there = at_word(p, word);
    p->at += there;
    return there;
}

bool take_sign(Parser *p, const char *sign)
{
    bool there = at_sign(p, sign);
    p->at += there;
    return there;
}

Status syntax_error(const Parser *p, Error *err)
{
    const RsToken *t = peek(p, 0);
    if (t->kind == TOKEN_END)
        return FAIL(err, ST_INVALID, "syntax error at end of input");
    return FAIL(err, ST_INVALID, "syntax error at or near \"%.*s\"\n  Position: %zu;", (int)(t->end - t->at > 80 ? 80 : t->end - t->at),
                p->sql + t->at, t->at + 1);
}

Status refuse(Error *err, const char *what)
{
    return FAIL(err, ST_UNSUPPORTED, "%s is not supported", what);
}

Status need_word(Parser *p, const char *word, Error *err)
{
    return take_word(p, word) ? ST_OK : syntax_error(p, err);
}

Status need_sign(Parser *p, const char *sign, Error *err)
{
    return take_sign(p, sign) ? ST_OK : syntax_error(p, err);
}

Status need_name(Parser *p, const char **ret_name, Error *err)
{
    const RsToken *t = peek(p, 0);
    if (t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED)
        return syntax_error(p, err);
    if (strlen(t->text) > 127)
        return FAIL(err, ST_LIMIT, "the name \"%.40s…\" is longer than 127 bytes", t->text);
    *ret_name = t->text;
    p->at++;
    return ST_OK;
}

Status need_table(Parser *p, const char **ret_schema, const char **ret_table, Error *err)
{
    const char *parts[3];
    size_t n = 0;
    if (at_sign(p, "#")) {
        p->at++;
        TRY(need_name(p, &parts[0], err));
        *ret_schema = NULL;
        *ret_table = arena_printf(p->a, "#%s", parts[0]);
        return ST_OK;
    }
    do {
        if (n == 3)
            return syntax_error(p, err);
        TRY(need_name(p, &parts[n++], err));
    } while (take_sign(p, "."));
    if (n == 3 && !str_eq(parts[0], p->env->database))
        return FAIL(err, ST_UNSUPPORTED, "cross-database reference to database \"%s\" is not supported", parts[0]);
    *ret_table = parts[n - 1];
    *ret_schema = n > 1 ? parts[n - 2] : NULL;
    return ST_OK;
}

void put_table(Parser *p, Str *out, const char *schema, const char *table)
{
    (void)p;
    if (schema) {
        dialect_quote_name(out, schema);
        str_addc(out, '.');
    }
    dialect_quote_name(out, table);
}

Status need_string(Parser *p, const char **ret_text, Error *err)
{
    const RsToken *t = peek(p, 0);
    if (t->kind == TOKEN_PARAMETER) {
        for (size_t i = 0; i < p->env->parameters_len; i++) {
            if (str_eq(p->env->parameters[i].name, t->text)) {
                *ret_text = p->env->parameters[i].value;
                p->at++;
                return ST_OK;
            }
        }
    }
    if (t->kind != TOKEN_STRING)
        return syntax_error(p, err);
    *ret_text = t->text;
    p->at++;
    return ST_OK;
}

Status need_int(Parser *p, int64_t *ret_value, Error *err)
{
    const RsToken *t = peek(p, 0);
    if (t->kind != TOKEN_NUMBER || !str_to_i64(t->text, ret_value))
        return syntax_error(p, err);
    p->at++;
    return ST_OK;
}

Status read_apart(Parser *p, ParseFn read, const char **ret_text, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    Str *before = p->out;
    p->out = &text;
    Status status = read(p, err);
    p->out = before;
    TRY(status);
    *ret_text = str_arena(&text, p->a);
    return ST_OK;
}

Status parser_enter(Parser *p, Error *err)
{
    return ++p->depth > LIMIT_QUERY_NESTING / 4 ? FAIL(err, ST_LIMIT, "stack depth limit exceeded") : ST_OK;
}

void add_sql(Parser *p, const Str *text)
{
    vec_push(p->a, &p->t->sql, str_arena(text, p->a));
}

/* --- nodes that ask for types --- */

/* Equal texts in one query are one node: what is grouped by must look like what is selected. */
size_t node_add(Parser *p, const char *text)
{
    const char *key = arena_printf(p->a, "%zu:%s", p->scope, text);
    for (size_t i = 0; i < p->node_keys.len; i++) {
        if (str_eq(p->node_keys.at[i], key))
            return i;
    }
    vec_push(p->a, &p->node_keys, key);
    p->t->nodes = p->node_keys.len;
    return p->node_keys.len - 1;
}

const char *node_type(Parser *p, size_t node, size_t operand)
{
    return p->env->type ? p->env->type(p->env->self, node, operand) : NULL;
}

void put_probe(Parser *p, size_t node, const char *const *operands, size_t count)
{
    str_addf(p->out, "rs_probe(%zu, %zu", p->env->slot, node);
    for (size_t i = 0; i < count; i++) {
        str_add(p->out, ", ");
        str_add(p->out, operands[i]);
    }
    str_addc(p->out, ')');
}

Status dialect_translate(Arena *a, const char *sql, const DialectEnv *env, Translation *ret_translation, Error *err)
{
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    Translation translation = { .tag = "" };
    Parser p = { .a = a, .sql = sql, .env = env, .out = &out, .t = &translation };
    TRY(dialect_lex(a, sql, &p.tokens, err));
    TRY(parse_statement(&p, err));
    take_sign(&p, ";");
    if (peek(&p, 0)->kind != TOKEN_END)
        return syntax_error(&p, err);
    if (out.overflow)
        return FAIL(err, ST_LIMIT, "the statement is too large");
    if (out.len)
        add_sql(&p, &out);
    *ret_translation = translation;
    return ST_OK;
}
