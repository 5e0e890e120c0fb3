/* front/sql/names.c -- identifiers and names of several parts. */
#include "base/limits.h"
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_'))
            return false;
    return true;
}

const char *ident(SqlParser *p, const Token *t)
{
    if (t->quoted)
        return t->text;
    if (t->word && p->opt->enforce_reserved_keywords && keyword_is_reserved(t->word))
        parser_syntax_error(p, t, "");
    else if (!is_plain(t->text)) {
        parser_fail(p, t->start, t->stop, "INVALID_IDENTIFIER", "42602",
            "The unquoted identifier %s is invalid and must be back quoted as: `%s`.\nUnquoted identifiers can only contain "
            "ASCII letters ('a' - 'z', 'A' - 'Z'), digits ('0' - '9'), and underbar ('_').\nUnquoted identifiers must also "
            "not start with a digit.\nDifferent data sources and meta stores may impose additional restrictions on valid "
            "identifiers.", t->text, t->text);
        parser_param(p, "ident", t->text);
    }
    return t->text;
}

const char *plain_ident(SqlParser *p, const Token *t)
{
    if (t->quoted && (p->text[t->at] == 'I' || p->text[t->at] == 'i')) /* context.c made it of IDENTIFIER('x') */
        parser_syntax_error(p, t, "");
    return ident(p, t);
}

const char *strict_ident(SqlParser *p, const Token *t)
{
    if (!t->quoted && t->word && keyword_is_strict(t->word))
        parser_syntax_error(p, t, "");
    return ident(p, t);
}

StrList *names_add(SqlParser *p, StrList *list, const char *name)
{
    vec_push(p->a, list, name);
    return list;
}

StrList *names_one(SqlParser *p, const char *name)
{
    return names_add(p, ARENA_NEW(p->a, StrList), name);
}

StrList names_of(const StrList *list)
{
    return list ? *list : (StrList){ 0 };
}

const char *joined(SqlParser *p, const StrList *name)
{
    str_auto s = STR_INIT(LIMIT_NAME * 64);
    for (size_t i = 0; i < name->len; i++)
        str_addf(&s, "%s%s", i ? "." : "", name->at[i]);
    return str_arena(&s, p->a);
}

int reference_start(const SqlParser *p, const StrList *name)
{
    size_t last = p->at - 1, back = 2 * (name->len - 1);
    if (p->tokens.at[last].kind != TK_RP)
        return p->tokens.at[last > back ? last - back : 0].start;
    int depth = 0;
    for (size_t i = last; i > 0; i--) { /* IDENTIFIER ( … ) */
        depth += (p->tokens.at[i].kind == TK_RP) - (p->tokens.at[i].kind == TK_LP);
        if (depth == 0)
            return p->tokens.at[i - 1].start;
    }
    return p->tokens.at[last].start;
}

/* The text of a constant expression over string literals: IDENTIFIER('a' || '.b'). */
static const char *folded(SqlParser *p, const Node *n)
{
    if (!parser_check_depth(p, n))
        return NULL;
    if (node_is(Function, n)) {
        const Function *f = node_as(Function, n);
        if (f->args.len == 2 && (str_eq(f->name.at[0], "||") || str_ieq(f->name.at[0], "concat"))) {
            const char *left = folded(p, f->args.at[0]), *right = folded(p, f->args.at[1]);
            return left && right ? arena_printf(p->a, "%s%s", left, right) : NULL;
        }
        return NULL;
    }
    return literal_text(n);
}

static const char *constant_text(SqlParser *p, Node *expr, int start)
{
    const char *text = folded(p, expr);
    Error error = ERROR_INIT;
    if (text || !p->opt || !p->opt->constant_text)
        return text;
    if (p->opt->constant_text(p->opt->self, p->a, expr, &text, &error) == ST_OK)
        return text;
    bool placed = expr->start >= 0;
    parser_error(p, placed ? expr->start : start, placed ? expr->stop : end_of_rule(p), &error);
    return NULL;
}

StrList *identifier_clause(SqlParser *p, Node *expr, int start)
{
    const char *text = constant_text(p, expr, start);
    StrList *name = ARENA_NEW(p->a, StrList);
    if (!text) {
        parser_unsupported(p, start, "IDENTIFIER with an expression that is no string literal");
        return names_add(p, name, "");
    }
    Error error = ERROR_INIT;
    if (sql_parse_name(p->a, text, name, &error) != ST_OK)
        parser_error(p, start, end_of_rule(p), &error);
    return name->len ? name : names_add(p, name, text);
}

const char *identifier_literal(SqlParser *p, const Token *text, int start)
{
    Node *literal = literal_string(p, text->text, text->text_len, text->start, text->stop);
    if (p->opt->legacy_identifier_clause)
        parser_syntax_error(p, text, "");
    const StrList *name = identifier_clause(p, literal, start);
    if (name->len > 1) {
        parser_fail(p, start, end_of_rule(p), "IDENTIFIER_TOO_MANY_NAME_PARTS", "42601",
            "'%s' is not a valid identifier as it has more than 1 name parts.", text->text);
        parser_param(p, "identifier", text->text);
    }
    return name->at[0];
}

Node *identifier_expression(SqlParser *p, Node *expr, int start)
{
    const char *text = constant_text(p, expr, start);
    if (!text)
        return at(p, node_new(p->a, IdentifierClause, .name = expr), start);
    return at(p, node_new(p->a, Attribute, .name = *identifier_clause(p, expr, start)), start);
}

NodeList *list_new(SqlParser *p) { return ARENA_NEW(p->a, NodeList); }

NodeList *list_add(SqlParser *p, NodeList *list, Node *n)
{
    vec_push(p->a, list, n);
    return list;
}

NodeList *list_one(SqlParser *p, Node *n) { return list_add(p, list_new(p), n); }
NodeList list_of(const NodeList *list) { return list ? *list : (NodeList){ 0 }; }

KeyValueList *properties_add(SqlParser *p, KeyValueList *list, KeyValue pair)
{
    if (!list)
        list = ARENA_NEW(p->a, KeyValueList);
    vec_push(p->a, list, pair);
    return list;
}
