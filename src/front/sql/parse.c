/* front/sql/parse.c -- the entry points: text through lexer, context and grammar; and the parser's errors. */
#include "base/limits.h"
#include "front/sql/command.h"
#include "front/sql/context.h"
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

#include <stdio.h>
#include <stdlib.h>

static const SqlOptions default_options = { .ansi = true };

/* ---------------------------------------------------------------- what actions need */
int end_of_rule(const SqlParser *p)
{
    return p->at ? p->tokens.at[p->at - 1].stop : -1;
}

Node *at(SqlParser *p, Node *n, int start)
{
    return node_at(n, start, end_of_rule(p));
}

/* (x) is x, but what x is the left side of begins at the parenthesis. */
Node *parenthesized(SqlParser *p, Node *expr, int start)
{
    vec_push(p->a, &p->parens, ((Parenthesized){ expr, start }));
    return expr;
}

int expr_start(const SqlParser *p, const Node *expr)
{
    if (!expr)
        return -1;
    size_t low = 0, high = p->parens.len; /* what closed later ends later */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->parens.at[middle].expr->stop <= expr->stop)
            low = middle + 1;
        else
            high = middle;
    }
    return low && p->parens.at[low - 1].expr == expr ? p->parens.at[low - 1].start : expr->start;
}

const char *rule_text(const SqlParser *p, const Token *first)
{
    const Token *last = &p->tokens.at[p->at - 1];
    size_t end = last->at + last->len;
    return end > first->at ? arena_strn(p->a, p->text + first->at, end - first->at) : "";
}

void parser_fail(SqlParser *p, int start, int stop, const char *code, const char *sqlstate, const char *format, ...)
{
    if (p->status != ST_OK)
        return;
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(p->a, format, args);
    va_end(args);
    p->status = FAIL_CODE(p->err, ST_INVALID, code, "%s", message);
    if (p->err) {
        snprintf(p->err->sqlstate, sizeof p->err->sqlstate, "%s", sqlstate);
        p->err->start = start;
        p->err->stop = stop;
    }
}

void parser_error(SqlParser *p, int start, int stop, const Error *error)
{
    if (p->status != ST_OK)
        return;
    p->status = error->status;
    if (p->err) {
        *p->err = *error;
        p->err->start = start;
        p->err->stop = stop;
    }
}

void parser_param(SqlParser *p, const char *key, const char *value)
{
    if (p->err)
        error_param(p->err, key, value);
}

void parser_syntax_error(SqlParser *p, const Token *where, const char *hint)
{
    if (p->status != ST_OK)
        return;
    const char *what = where->kind ? arena_printf(p->a, "'%.*s'", (int)where->len, p->text + where->at) : "end of input";
    int start = where->start, stop = where->kind ? where->stop : where->start;
    parser_fail(p, start, stop, "PARSE_SYNTAX_ERROR", "42601", "Syntax error at or near %s%s.", what, hint);
    parser_param(p, "error", what);
    parser_param(p, "hint", hint);
}

void parser_unsupported(SqlParser *p, int start, const char *what)
{
    if (p->status != ST_OK)
        return;
    int stop = end_of_rule(p) < start ? start : end_of_rule(p);
    parser_fail(p, start, stop, "UNSUPPORTED_FEATURE", "0A000", "The feature is not supported: %s.", what);
    p->status = ST_UNSUPPORTED;
    if (p->err)
        p->err->status = ST_UNSUPPORTED;
}

static Status too_complex(Error *err)
{
    Status st = FAIL_CODE(err, ST_LIMIT, "FAILED_TO_PARSE_TOO_COMPLEX", TOO_COMPLEX);
    if (err)
        memcpy(err->sqlstate, "54001", 6);
    return st;
}

bool parser_check_depth(SqlParser *p, const Node *n)
{
    if (p->status == ST_OK && n && node_depth(n) > LIMIT_QUERY_NESTING)
        p->status = too_complex(p->err);
    return p->status == ST_OK;
}

/* ---------------------------------------------------------------- driving the grammar */
static void feed(SqlParser *p, int start_symbol)
{
    void *machine = grammarAlloc(malloc);
    if (!machine)
        abort();
    Token begin = { .kind = start_symbol };
    grammar(machine, start_symbol, &begin, p);
    for (p->at = 0; p->at < p->tokens.len && p->status == ST_OK; p->at++) {
        const Token *t = &p->tokens.at[p->at];
        grammar(machine, t->kind, t, p);
    }
    grammarFree(machine, free);
    if (p->bad_number && p->status == ST_OK) {
        const Token *t = p->bad_number;
        p->bad_number = NULL;
        parser_fail(p, t->start, t->stop, "INVALID_NUMERIC_LITERAL_RANGE", "22003", "Numeric literal %s is outside the valid range for "
            "its type. Please adjust the value accordingly.", t->text);
    }
}

/* A :name whose value is a string stands wherever a string may: IDENTIFIER(:a '.b'), DATE :d, LIKE … ESCAPE :e. */
static void string_parameters(SqlParser *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->tokens.len; i++, kept++) {
        Token *t = &p->tokens.at[i];
        const Token *name = i + 1 < p->tokens.len ? t + 1 : NULL, *before = kept ? &p->tokens.at[kept - 1] : NULL;
        bool marker = t->kind == TK_COLON && name && (name->kind == TK_ID || name->word) && name->at == t->at + t->len &&
                      !(before && (before->kind == TK_ID || before->kind == TK_RP || before->kind == TK_RB) && before->at + before->len == t->at);
        const Literal *value = NULL;
        for (size_t k = 0; marker && k < p->opt->nparameters; k++)
            if (p->opt->parameters[k].name && str_ieq(p->opt->parameters[k].name, name->text) && node_is(Literal, p->opt->parameters[k].value))
                value = node_as(Literal, p->opt->parameters[k].value);
        if (value && value->of->kind == TYPE_STRING && !value->value->is_null) {
            *t = (Token){ .kind = TK_STRING_LITERAL, .start = t->start, .stop = name->stop, .at = t->at, .len = t->len + name->len,
                          .text = arena_strn(p->a, value->value->text, value->value->text_len), .text_len = value->value->text_len };
            i++;
        }
        p->tokens.at[kept] = *t;
    }
    p->tokens.len = kept;
}

static Status parse(SqlParser *p, const char *text, size_t length, int start_symbol)
{
    if (length > LIMIT_QUERY_TEXT)
        return FAIL(p->err, ST_LIMIT, "a query text is larger than %d bytes", LIMIT_QUERY_TEXT);
    if (!p->opt)
        p->opt = &default_options;
    TRY(lexer_scan(p->a, text, length, p->opt, &p->tokens, p->err));
    p->text = arena_strn(p->a, text, length);
    if (p->opt->nparameters)
        string_parameters(p);
    if (start_symbol == TK_START_STATEMENT) {
        freeform_statement(p, &p->node);
        TRY(p->status);
        if (p->node)
            return ST_OK;
    }
    TRY(context_apply(p->a, p->opt, p->text, &p->tokens, p->err));
    feed(p, start_symbol);
    TRY(p->status);
    if (parser_check_depth(p, p->node) && node_is(CompoundBody, p->node))
        script_check(p, p->node);
    return p->status;
}

static bool is_empty(const SqlParser *p)
{
    for (size_t i = 0; i < p->tokens.len; i++)
        if (p->tokens.at[i].kind && p->tokens.at[i].kind != TK_SEMICOLON)
            return false;
    return true;
}

static Status empty_statement(Error *err)
{
    if (err)
        *err = ERROR_INIT;
    Status st = FAIL_CODE(err, ST_INVALID, "PARSE_EMPTY_STATEMENT", "Syntax error, unexpected empty statement.");
    if (err)
        memcpy(err->sqlstate, "42617", 6);
    return st;
}

Status sql_parse_statement(Arena *a, const char *text, size_t length, const SqlOptions *opt, Node **ret_plan, Error *err)
{
    SqlParser p = { .a = a, .opt = opt, .err = err };
    Status st = parse(&p, text, length, TK_START_STATEMENT);
    if (st != ST_OK && p.tokens.len && is_empty(&p))
        return empty_statement(err);
    TRY(st);
    *ret_plan = p.node;
    return ST_OK;
}

Status sql_parse_expression(Arena *a, const char *text, size_t length, const SqlOptions *opt, Node **ret_expr, Error *err)
{
    SqlParser p = { .a = a, .opt = opt, .err = err };
    TRY(parse(&p, text, length, TK_START_EXPRESSION));
    *ret_expr = p.node;
    return ST_OK;
}

Status sql_parse_type(Arena *a, const char *text, const Type **ret_type, Error *err)
{
    SqlParser p = { .a = a, .err = err };
    TRY(parse(&p, text, strlen(text), TK_START_TYPE));
    *ret_type = p.type;
    return ST_OK;
}

Status sql_parse_schema(Arena *a, const char *text, const Type **ret_struct, Error *err)
{
    SqlParser table = { .a = a, .err = err };
    Status st = parse(&table, text, strlen(text), TK_START_SCHEMA);
    if (st == ST_OK) {
        *ret_struct = table.type;
        return ST_OK;
    }
    Error second = ERROR_INIT;
    SqlParser type = { .a = a, .err = &second };
    if (parse(&type, text, strlen(text), TK_START_TYPE) != ST_OK)
        return st; /* the first error tells more */
    if (err)
        *err = ERROR_INIT;
    Field field = { .name = "value", .type = type.type, .nullable = true };
    *ret_struct = type.type->kind == TYPE_STRUCT ? type.type : type_struct(a, arena_copy(a, &field, sizeof field), 1);
    return ST_OK;
}

Status sql_parse_name(Arena *a, const char *text, StrList *ret_name, Error *err)
{
    SqlParser p = { .a = a, .err = err };
    Status st = parse(&p, text, strlen(text), TK_START_NAME);
    if (st != ST_OK && is_empty(&p))
        return empty_statement(err);
    TRY(st);
    *ret_name = p.name;
    return ST_OK;
}

/* ---------------------------------------------------------------- the long form of an error */
static void line_and_column(const char *query, int start, int *ret_line, int *ret_column)
{
    int line = 1, column = 0, chars = 0;
    for (const char *c = query; *c && chars < start; c++) {
        if (((unsigned char)*c & 0xC0) == 0x80)
            continue;
        chars++;
        column++;
        if (*c == '\n') {
            line++;
            column = 0;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

void sql_error_text(const char *query, const Error *err, Str *out)
{
    str_addf(out, "\n[%s] %s", err->code, err->message);
    if (err->sqlstate[0])
        str_addf(out, " SQLSTATE: %s", err->sqlstate);
    if (err->start < 0) {
        str_add(out, "\n== SQL ==\n");
        str_add(out, query);
        return;
    }
    int line, column, current = 1;
    line_and_column(query, err->start, &line, &column);
    str_addf(out, " (line %d, pos %d)\n\n== SQL ==\n", line, column);
    for (const char *c = query; *c;) {
        size_t n = strcspn(c, "\n");
        str_addn(out, c, n);
        str_addc(out, '\n');
        if (current++ == line) {
            for (int i = 0; i < column; i++)
                str_addc(out, '-');
            str_add(out, "^^^\n");
        }
        c += n + (c[n] == '\n');
    }
}
