/* svc/cloudwatch/math.c -- metric math, text to tree: a recursive descent by precedence.
 *
 *   or := and (OR and)*      and := not (AND not)*      compare := sum (== != < > <= >= sum)?      sum := term ((+|-) term)*
 *   term := power ((*|/) power)*      power := unary (^ power)?      unary := - unary | atom
 *   atom := number | 'text' | "text" | id | NAME(arguments) | [items] | (or)
 *
 * Source: "Using math expressions with CloudWatch metrics". */
#include "svc/cloudwatch/math.h"

#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { NESTING_MAX = 200, TEXT_MAX = 2048 };

typedef struct Parser {
    Arena *arena;
    const char *text, *at;
    int depth;
    Error *err;
} Parser;

static Status parse_or(Parser *p, MathNode **ret_node);

static Status wrong(Parser *p)
{
    return cw_validation(p->err, "Error in expression '%.200s': syntax error at position %zu", p->text, (size_t)(p->at - p->text) + 1);
}

static void blanks(Parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool eat(Parser *p, const char *sign)
{
    blanks(p);
    if (!str_starts(p->at, sign))
        return false;
    p->at += strlen(sign);
    return true;
}

static bool eat_word(Parser *p, const char *word)
{
    blanks(p);
    size_t length = strlen(word);
    if (!str_istarts(p->at, word) || isalnum((unsigned char)p->at[length]) || p->at[length] == '_')
        return false;
    p->at += length;
    return true;
}

static MathNode *make(Parser *p, MathNodeKind kind)
{
    MathNode *node = ARENA_NEW(p->arena, MathNode);
    node->kind = kind;
    return node;
}

static MathNode *binary(Parser *p, const char *operator, MathNode *left, MathNode *right)
{
    MathNode *node = make(p, MATH_OPERATOR);
    node->text = operator;
    vec_push(p->arena, &node->items, left);
    vec_push(p->arena, &node->items, right);
    return node;
}

/* Up to `end`, separated by commas; may be none. */
static Status parse_items(Parser *p, const char *end, MathNode *node)
{
    MathNode *item;
    if (eat(p, end))
        return ST_OK;
    do {
        TRY(parse_or(p, &item));
        vec_push(p->arena, &node->items, item);
    } while (eat(p, ","));
    return eat(p, end) ? ST_OK : wrong(p);
}

static Status parse_text(Parser *p, MathNode **ret_node)
{
    char quote = *p->at++;
    str_auto text = STR_INIT(TEXT_MAX);
    for (; *p->at && *p->at != quote; p->at++) {
        if (*p->at == '\\' && p->at[1])
            p->at++;
        str_addc(&text, *p->at);
    }
    if (*p->at++ != quote) {
        p->at--;
        return wrong(p);
    }
    *ret_node = make(p, MATH_TEXT);
    (*ret_node)->text = str_arena(&text, p->arena);
    return ST_OK;
}

static Status parse_name(Parser *p, MathNode **ret_node)
{
    const char *start = p->at;
    while (isalnum((unsigned char)*p->at) || *p->at == '_')
        p->at++;
    char *name = arena_strn(p->arena, start, (size_t)(p->at - start));
    bool call = eat(p, "(");
    MathNode *node = make(p, call ? MATH_CALL : MATH_ID);
    node->text = name;
    *ret_node = node;
    return call ? parse_items(p, ")", node) : ST_OK;
}

static Status parse_atom(Parser *p, MathNode **ret_node)
{
    blanks(p);
    char c = *p->at, *end;
    if (c == '(') {
        p->at++;
        TRY(parse_or(p, ret_node));
        return eat(p, ")") ? ST_OK : wrong(p);
    }
    if (c == '[') {
        p->at++;
        *ret_node = make(p, MATH_ARRAY);
        return parse_items(p, "]", *ret_node);
    }
    if (c == '\'' || c == '"')
        return parse_text(p, ret_node);
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)p->at[1]))) {
        *ret_node = make(p, MATH_NUMBER);
        (*ret_node)->number = strtod(p->at, &end);
        p->at = end;
        return ST_OK;
    }
    return isalpha((unsigned char)c) ? parse_name(p, ret_node) : wrong(p);
}

static Status parse_unary(Parser *p, MathNode **ret_node)
{
    if (++p->depth > NESTING_MAX)
        return cw_validation(p->err, "Error in expression '%.200s': nested too deeply", p->text);
    Status status;
    if (eat(p, "-")) {
        MathNode *zero = make(p, MATH_NUMBER), *operand = NULL;
        status = parse_unary(p, &operand);
        *ret_node = binary(p, "-", zero, operand);
    } else {
        status = parse_atom(p, ret_node);
    }
    p->depth--;
    return status;
}

static Status parse_power(Parser *p, MathNode **ret_node)
{
    MathNode *right;
    TRY(parse_unary(p, ret_node));
    if (!eat(p, "^"))
        return ST_OK;
    if (++p->depth > NESTING_MAX)
        return wrong(p);
    TRY(parse_power(p, &right));
    p->depth--;
    *ret_node = binary(p, "^", *ret_node, right);
    return ST_OK;
}

static Status parse_term(Parser *p, MathNode **ret_node)
{
    MathNode *right;
    TRY(parse_power(p, ret_node));
    for (;;) {
        const char *operator = eat(p, "*") ? "*" : eat(p, "/") ? "/" : NULL;
        if (!operator)
            return ST_OK;
        TRY(parse_power(p, &right));
        *ret_node = binary(p, operator, *ret_node, right);
    }
}

static Status parse_sum(Parser *p, MathNode **ret_node)
{
    MathNode *right;
    TRY(parse_term(p, ret_node));
    for (;;) {
        const char *operator = eat(p, "+") ? "+" : eat(p, "-") ? "-" : NULL;
        if (!operator)
            return ST_OK;
        TRY(parse_term(p, &right));
        *ret_node = binary(p, operator, *ret_node, right);
    }
}

static Status parse_compare(Parser *p, MathNode **ret_node)
{
    static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };
    MathNode *right;
    TRY(parse_sum(p, ret_node));
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (eat(p, operators[i])) {
            TRY(parse_sum(p, &right));
            *ret_node = binary(p, operators[i], *ret_node, right);
            return ST_OK;
        }
    return ST_OK;
}

static Status parse_and(Parser *p, MathNode **ret_node)
{
    MathNode *right;
    TRY(parse_compare(p, ret_node));
    while (eat(p, "&&") || eat_word(p, "AND")) {
        TRY(parse_compare(p, &right));
        *ret_node = binary(p, "&&", *ret_node, right);
    }
    return ST_OK;
}

static Status parse_or(Parser *p, MathNode **ret_node)
{
    MathNode *right;
    if (++p->depth > NESTING_MAX)
        return cw_validation(p->err, "Error in expression '%.200s': nested too deeply", p->text);
    TRY(parse_and(p, ret_node));
    while (eat(p, "||") || eat_word(p, "OR")) {
        TRY(parse_and(p, &right));
        *ret_node = binary(p, "||", *ret_node, right);
    }
    p->depth--;
    return ST_OK;
}

Status math_parse(Arena *a, const char *text, MathNode **ret_node, Error *err)
{
    Parser p = { .arena = a, .text = text, .at = text, .err = err };
    TRY(parse_or(&p, ret_node));
    blanks(&p);
    return *p.at ? wrong(&p) : ST_OK;
}

/* --- before anything is read --- */

static Status check_call(const MathNode *node, const char *text, bool alarm, Error *err)
{
    static const char *const refused[] = { "ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "DB_PERF_INSIGHTS", "SERVICE_QUOTA", "LAMBDA" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (str_ieq(node->text, refused[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "ValidationError", "Error in expression '%.200s': weir does not implement the function %s", text,
                             refused[i]);
    if (alarm && str_ieq(node->text, "SEARCH"))
        return cw_validation(err, "SEARCH is not supported on Metric Alarms.");
    const MathFunction *function = math_function(node->text);
    if (!function)
        return cw_validation(err, "Error in expression '%.200s': unknown function %.100s", text, node->text);
    if (node->items.len < function->least || node->items.len > function->most)
        return cw_validation(err, "Error in expression '%.200s': wrong number of arguments for %s", text, function->name);
    return ST_OK;
}

Status math_check_node(const QuerySet *set, const MathNode *node, const char *text, bool alarm, Error *err)
{
    bool option = false; /* FILL's REPEAT, SORT's AVG and DESC are words, not ids */
    if (node->kind == MATH_ID && query_find(set, node->text, strlen(node->text)) == SIZE_MAX)
        return cw_validation(err, "Error in expression '%.200s': the id %.100s is not defined", text, node->text);
    if (node->kind == MATH_CALL)
        TRY(check_call(node, text, alarm, err));
    for (size_t i = 0; i < node->items.len; i++) {
        const MathNode *item = node->items.at[i];
        option = node->kind == MATH_CALL && i > 0 && item->kind == MATH_ID && math_option(node->text, item->text);
        if (!option)
            TRY(math_check_node(set, item, text, alarm, err));
    }
    return ST_OK;
}
