/* svc/glue/expression.c -- see expression.h. Recursive descent:
 *   or: and (OR and)*    and: not (AND not)*    not: NOT not | primary
 *   primary: '(' or ')' | operand test    operand: name | literal, each in any parentheses
 * The service accepts odd parentheses around operands and operators, "(x) = ((2)) (OR) (x = 3)": they mean nothing. */
#include "svc/glue/expression.h"

#include "base/limits.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

enum { EXPRESSION_NESTING = 200 };

typedef enum Kind { KIND_TEXT, KIND_INT, KIND_DECIMAL, KIND_DATE, KIND_TIMESTAMP } Kind;
typedef enum Op { OP_AND, OP_OR, OP_NOT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_BETWEEN, OP_LIKE, OP_NULL } Op;

typedef struct Datum {
    const char *s;
    int64_t i;     /* INT; DATE, TIMESTAMP: seconds */
    int64_t nanos; /* TIMESTAMP */
    long double d;
} Datum;
typedef VEC(Datum) DatumList;

struct Expression {
    Op op;
    Expression *left, *right;
    size_t key;
    Kind kind;
    DatumList operands;
};

typedef enum Token { T_END, T_NAME, T_TEXT, T_NUMBER, T_SIGN } Token;

typedef struct Parser {
    Arena *a;
    const char *at, *text;
    const PartitionKeyList *keys;
    Token token;
    const char *word; /* its text; T_TEXT: without quotes */
    int depth;
    bool broken; /* a literal without an end */
} Parser;

/* --- words --- */

static void scan_quoted(Parser *p)
{
    char quote = *p->at++;
    str_auto text = STR_INIT(LIMIT_CONF_TEXT);
    for (; *p->at && !(*p->at == quote && p->at[1] != quote); p->at++) {
        p->at += *p->at == quote;
        str_addc(&text, *p->at);
    }
    p->broken = p->broken || *p->at != quote;
    p->at += *p->at == quote;
    p->word = str_arena(&text, p->a);
}

static void scan_sign(Parser *p)
{
    size_t n = (p->at[0] == '<' && (p->at[1] == '=' || p->at[1] == '>')) || (p->at[0] == '>' && p->at[1] == '=') ||
                       (p->at[0] == '!' && p->at[1] == '=')
                   ? 2 : 1;
    p->word = arena_strn(p->a, p->at, n);
    p->at += n;
}

static void next(Parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
    const char *start = p->at;
    if (!*start) {
        p->token = T_END;
        p->word = "";
    } else if (*start == '\'' || *start == '"') {
        p->token = T_TEXT;
        scan_quoted(p);
    } else if (*start == '`') {
        p->token = T_NAME;
        scan_quoted(p);
    } else if (isdigit((unsigned char)*start) || (strchr("-+.", *start) && isdigit((unsigned char)start[1]))) {
        p->token = T_NUMBER;
        p->at += 1 + strspn(start + 1, "0123456789.eE");
        if (strchr("eE", p->at[-1]) && strchr("+-", *p->at) && *p->at)
            p->at += 1 + strspn(p->at + 1, "0123456789");
        p->word = arena_strn(p->a, start, (size_t)(p->at - start));
    } else if (isalpha((unsigned char)*start) || *start == '_' || (unsigned char)*start >= 0x80) {
        p->token = T_NAME;
        while (isalnum((unsigned char)*p->at) || strchr("_-.$", *p->at) ? *p->at != 0 : (unsigned char)*p->at >= 0x80)
            p->at++;
        p->word = arena_strn(p->a, start, (size_t)(p->at - start));
    } else {
        p->token = T_SIGN;
        scan_sign(p);
    }
}

static bool at_word(const Parser *p, const char *word)
{
    return p->token == T_NAME && str_ieq(p->word, word);
}

static bool at_sign(const Parser *p, const char *sign)
{
    return p->token == T_SIGN && str_eq(p->word, sign);
}

static Status unsupported(Parser *p, Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "Unsupported expression '%.500s'", p->text);
}

/* "(OR)": parentheses around an operator are skipped. */
static bool take_operator(Parser *p, const char *word)
{
    Parser saved = *p;
    int opened = 0;
    for (; at_sign(p, "("); opened++)
        next(p);
    if (at_word(p, word)) {
        next(p);
        for (; opened && at_sign(p, ")"); opened--)
            next(p);
        if (!opened)
            return true;
    }
    *p = saved;
    return false;
}

/* --- types --- */

static bool kind_of(const char *type, Kind *ret_kind)
{
    static const struct {
        const char *name;
        Kind kind;
    } types[] = { { "string", KIND_TEXT }, { "varchar", KIND_TEXT }, { "char", KIND_TEXT }, { "int", KIND_INT }, { "integer", KIND_INT },
                  { "bigint", KIND_INT }, { "long", KIND_INT }, { "smallint", KIND_INT }, { "short", KIND_INT }, { "tinyint", KIND_INT },
                  { "byte", KIND_INT }, { "decimal", KIND_DECIMAL }, { "date", KIND_DATE }, { "timestamp", KIND_TIMESTAMP } };
    size_t n = strcspn(type, "( ");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i].name) == n && strncasecmp(types[i].name, type, n) == 0) {
            *ret_kind = types[i].kind;
            return true;
        }
    }
    return false;
}

static bool read_day(const char *s, int64_t *ret_seconds)
{
    struct tm tm = { 0 };
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : !isdigit((unsigned char)s[i]))
            return false;
    int year = atoi(s), month = atoi(s + 5), day = atoi(s + 8);
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    *ret_seconds = (int64_t)timegm(&tm);
    return tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day; /* timegm normalizes what there is not */
}

static bool read_timestamp(const char *s, Datum *d)
{
    int64_t day = 0;
    if (strlen(s) < 19 || !read_day(s, &day) || (s[10] != ' ' && s[10] != 'T'))
        return false;
    for (int i = 11; i < 19; i++)
        if (i == 13 || i == 16 ? s[i] != ':' : !isdigit((unsigned char)s[i]))
            return false;
    int hour = atoi(s + 11), minute = atoi(s + 14), second = atoi(s + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    d->i = day + hour * 3600 + minute * 60 + second;
    d->nanos = 0;
    if (!s[19])
        return true;
    size_t digits = strspn(s + 20, "0123456789");
    if (s[19] != '.' || !digits || digits > 9 || s[20 + digits])
        return false;
    for (size_t i = 0; i < 9; i++)
        d->nanos = d->nanos * 10 + (i < digits ? s[20 + i] - '0' : 0);
    return true;
}

static bool read_datum(Kind kind, const char *text, Datum *ret_datum)
{
    Datum d = { .s = text };
    char *end = NULL;
    bool good = true;
    if (kind == KIND_INT) {
        good = str_to_i64(*text == '+' ? text + 1 : text, &d.i);
    } else if (kind == KIND_DECIMAL) {
        d.d = strtold(text, &end);
        good = *text && !*end && strspn(text, "+-.0123456789eE") == strlen(text);
    } else if (kind == KIND_DATE) {
        good = strlen(text) == 10 && read_day(text, &d.i);
    } else if (kind == KIND_TIMESTAMP) {
        good = read_timestamp(text, &d);
    }
    *ret_datum = d;
    return good;
}

static const char *kind_words(Kind kind)
{
    static const char *const words[] = { "a string", "an integer", "a decimal", "a date", "a timestamp" };
    return words[kind];
}

static int compare(Kind kind, const Datum *x, const Datum *y)
{
    if (kind == KIND_TEXT)
        return strcmp(x->s, y->s);
    if (kind == KIND_DECIMAL)
        return (x->d > y->d) - (x->d < y->d);
    return x->i != y->i ? (x->i > y->i) - (x->i < y->i) : (x->nanos > y->nanos) - (x->nanos < y->nanos);
}

/* SQL's LIKE, by bytes: '%' any, '_' one character, '\' escapes. */
static bool like(const char *s, const char *pattern)
{
    const char *star = NULL, *retry = NULL;
    for (;;) {
        if (*pattern == '%') {
            star = ++pattern;
            retry = s;
        } else if (!*s) {
            return !*pattern;
        } else if (*pattern == '_') {
            pattern++;
            for (s++; ((unsigned char)*s & 0xc0) == 0x80;)
                s++;
        } else if (*pattern && *s == (*pattern == '\\' && pattern[1] ? pattern[1] : *pattern)) {
            pattern += *pattern == '\\' && pattern[1] ? 2 : 1;
            s++;
        } else if (star) {
            pattern = star;
            s = ++retry;
        } else {
            return false;
        }
    }
}

/* --- the grammar --- */

static Status parse_or(Parser *p, Expression **ret, Error *err);

static Expression *make(Parser *p, Op op, Expression *left, Expression *right)
{
    Expression *e = ARENA_NEW(p->a, Expression);
    e->op = op;
    e->left = left;
    e->right = right;
    return e;
}

static Status find_key(Parser *p, const char *name, Expression *e, Error *err)
{
    for (size_t i = 0; i < p->keys->len; i++) {
        if (!str_ieq(p->keys->at[i].name, name))
            continue;
        e->key = i;
        if (!kind_of(p->keys->at[i].type, &e->kind))
            return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "Unknown type : '%s'", p->keys->at[i].type);
        return ST_OK;
    }
    return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "Invalid partition expression!");
}

/* A literal in any parentheses. */
static Status parse_literal(Parser *p, Expression *e, Error *err)
{
    int opened = 0;
    for (; at_sign(p, "("); opened++)
        next(p);
    if (p->token != T_TEXT && p->token != T_NUMBER)
        return unsupported(p, err);
    Datum d;
    if (!read_datum(e->kind, p->word, &d))
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "\"%.200s\" is not %s", p->word, kind_words(e->kind));
    vec_push(p->a, &e->operands, d);
    next(p);
    for (; opened; opened--) {
        if (!at_sign(p, ")"))
            return unsupported(p, err);
        next(p);
    }
    return ST_OK;
}

static Status parse_list(Parser *p, Expression *e, Error *err)
{
    if (!at_sign(p, "("))
        return unsupported(p, err);
    do {
        next(p);
        TRY(parse_literal(p, e, err));
    } while (at_sign(p, ","));
    if (!at_sign(p, ")"))
        return unsupported(p, err);
    next(p);
    return ST_OK;
}

static Status parse_like(Parser *p, Expression *e, Error *err)
{
    static const char *const names[] = { "String", "Integral", "Decimal", "Date", "Timestamp" };
    if (e->kind != KIND_TEXT)
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "%s data type doesn't support operation 'LIKE'", names[e->kind]);
    return parse_literal(p, e, err);
}

static bool comparison(const Parser *p, Op *ret_op)
{
    static const struct {
        const char *sign;
        Op op;
    } signs[] = { { "=", OP_EQ }, { "<>", OP_NE }, { "!=", OP_NE }, { "<", OP_LT }, { "<=", OP_LE }, { ">", OP_GT }, { ">=", OP_GE } };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (at_sign(p, signs[i].sign)) {
            *ret_op = signs[i].op;
            return true;
        }
    }
    return false;
}

/* What follows a key: a comparison, IS [NOT] NULL, [NOT] IN, BETWEEN, LIKE. */
static Status parse_test(Parser *p, const char *name, Expression **ret, Error *err)
{
    Expression *e = make(p, OP_EQ, NULL, NULL);
    bool negated = false;
    TRY(find_key(p, name, e, err));
    if (comparison(p, &e->op)) {
        next(p);
        TRY(parse_literal(p, e, err));
    } else if (at_word(p, "IS")) {
        e->op = OP_NULL;
        next(p);
        negated = take_operator(p, "NOT");
        if (!take_operator(p, "NULL"))
            return unsupported(p, err);
    } else {
        negated = take_operator(p, "NOT");
        if (take_operator(p, "IN")) {
            e->op = OP_IN;
            TRY(parse_list(p, e, err));
        } else if (take_operator(p, "BETWEEN")) {
            e->op = OP_BETWEEN;
            TRY(parse_literal(p, e, err));
            if (!take_operator(p, "AND"))
                return unsupported(p, err);
            TRY(parse_literal(p, e, err));
        } else if (take_operator(p, "LIKE")) {
            e->op = OP_LIKE;
            TRY(parse_like(p, e, err));
        } else {
            return unsupported(p, err);
        }
    }
    *ret = negated ? make(p, OP_NOT, e, NULL) : e;
    return ST_OK;
}

/* "((name))": the name, when the parentheses hold nothing else. */
static bool take_name(Parser *p, const char **ret_name)
{
    Parser saved = *p;
    int opened = 0;
    for (; at_sign(p, "("); opened++)
        next(p);
    if (p->token == T_NAME && !at_word(p, "NOT")) {
        *ret_name = p->word;
        next(p);
        for (; opened && at_sign(p, ")"); opened--)
            next(p);
        if (!opened)
            return true;
    }
    *p = saved;
    return false;
}

static Status parse_not(Parser *p, Expression **ret, Error *err)
{
    const char *name = NULL;
    Status status = ST_OK;
    if (++p->depth > EXPRESSION_NESTING)
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "The expression is nested deeper than %d.", EXPRESSION_NESTING);
    if (take_operator(p, "NOT")) {
        Expression *inner = NULL;
        TRY(parse_not(p, &inner, err));
        *ret = make(p, OP_NOT, inner, NULL);
    } else if (take_name(p, &name)) {
        status = parse_test(p, name, ret, err);
    } else if (at_sign(p, "(")) {
        next(p);
        TRY(parse_or(p, ret, err));
        if (!at_sign(p, ")"))
            return unsupported(p, err);
        next(p);
    } else {
        status = unsupported(p, err);
    }
    p->depth--;
    return status;
}

static Status parse_and(Parser *p, Expression **ret, Error *err)
{
    Expression *left = NULL, *right = NULL;
    TRY(parse_not(p, &left, err));
    while (take_operator(p, "AND")) {
        TRY(parse_not(p, &right, err));
        left = make(p, OP_AND, left, right);
    }
    *ret = left;
    return ST_OK;
}

static Status parse_or(Parser *p, Expression **ret, Error *err)
{
    Expression *left = NULL, *right = NULL;
    TRY(parse_and(p, &left, err));
    while (take_operator(p, "OR")) {
        TRY(parse_and(p, &right, err));
        left = make(p, OP_OR, left, right);
    }
    *ret = left;
    return ST_OK;
}

Status expression_parse(Arena *a, const char *text, const PartitionKeyList *keys, Expression **ret_expression, Error *err)
{
    Parser p = { .a = a, .at = text ? text : "", .text = text, .keys = keys };
    next(&p);
    *ret_expression = NULL;
    if (p.token == T_END)
        return ST_OK;
    Expression *e = NULL;
    TRY(parse_or(&p, &e, err));
    if (p.token != T_END || p.broken)
        return unsupported(&p, err);
    *ret_expression = e;
    return ST_OK;
}

/* --- matching --- */

static bool in_list(const Expression *e, const Datum *x)
{
    for (size_t i = 0; i < e->operands.len; i++)
        if (compare(e->kind, x, &e->operands.at[i]) == 0)
            return true;
    return false;
}

static bool test(const Expression *e, const Datum *x)
{
    const Datum *y = e->operands.at;
    switch (e->op) {
    case OP_EQ: return compare(e->kind, x, y) == 0;
    case OP_NE: return compare(e->kind, x, y) != 0;
    case OP_LT: return compare(e->kind, x, y) < 0;
    case OP_LE: return compare(e->kind, x, y) <= 0;
    case OP_GT: return compare(e->kind, x, y) > 0;
    case OP_GE: return compare(e->kind, x, y) >= 0;
    case OP_IN: return in_list(e, x);
    case OP_BETWEEN: return compare(e->kind, x, y) >= 0 && compare(e->kind, x, y + 1) <= 0;
    case OP_LIKE: return like(x->s, y->s);
    case OP_AND:
    case OP_OR:
    case OP_NOT:
    case OP_NULL: break;
    }
    return false;
}

typedef enum Truth { NO, YES, UNKNOWN } Truth;

/* SQL's three values: what is compared with NULL is unknown. AND and OR stop at the first answer; chains of them are left-deep, so
 * the walk goes down at most by their number. */
static Status evaluate(const Expression *e, const StrList *values, Truth *ret, Error *err)
{
    Truth left = NO;
    if (e->op == OP_AND || e->op == OP_OR) {
        Truth decisive = e->op == OP_AND ? NO : YES, right = NO;
        TRY(evaluate(e->left, values, &left, err));
        *ret = left;
        if (left == decisive)
            return ST_OK;
        TRY(evaluate(e->right, values, &right, err));
        *ret = right == decisive ? decisive : left == UNKNOWN ? UNKNOWN : right;
        return ST_OK;
    }
    if (e->op == OP_NOT) {
        TRY(evaluate(e->left, values, &left, err));
        *ret = left == UNKNOWN ? UNKNOWN : left == YES ? NO : YES;
        return ST_OK;
    }
    const char *value = e->key < values->len ? values->at[e->key] : NULL;
    bool null = !value || str_eq(value, "__HIVE_DEFAULT_PARTITION__");
    Datum x;
    *ret = e->op != OP_NULL ? UNKNOWN : null ? YES : NO;
    if (null || e->op == OP_NULL)
        return ST_OK;
    if (!read_datum(e->kind, value, &x))
        return FAIL_CODE(err, ST_INVALID, "InvalidStateException", "\"%.200s\" is not %s", value, kind_words(e->kind));
    *ret = test(e, &x) ? YES : NO;
    return ST_OK;
}

Status expression_matches(const Expression *e, const StrList *values, bool *ret_matches, Error *err)
{
    Truth truth = YES;
    if (e)
        TRY(evaluate(e, values, &truth, err));
    *ret_matches = truth == YES;
    return ST_OK;
}
