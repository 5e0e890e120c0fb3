/* warehouse/expr.c -- expressions: operators by their precedence, literals, names, casts, CASE, subqueries. */
#include "warehouse/dialect_internal.h"

#include <stdlib.h>

enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_IS, LEVEL_COMPARE, LEVEL_LIKE, LEVEL_OTHER, LEVEL_ADD, LEVEL_MULTIPLY, LEVEL_POWER, LEVEL_UNARY };

static Status parse_level(Parser *p, int level, Error *err);

/* Takes what was written since `start` back. */
static const char *cut(Parser *p, size_t start)
{
    const char *text = arena_strn(p->a, str_text(p->out) + start, p->out->len - start);
    p->out->len = start;
    if (p->out->data)
        p->out->data[start] = 0;
    return text;
}

static Status read_level(Parser *p, int level, const char **ret_text, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    Str *before = p->out;
    p->out = &text;
    Status status = parse_level(p, level, err);
    p->out = before;
    TRY(status);
    *ret_text = str_arena(&text, p->a);
    return ST_OK;
}

/* --- division --- */

static bool decimal_of(const char *type, int *ret_precision, int *ret_scale)
{
    *ret_scale = 0;
    *ret_precision = str_eq(type, "SMALLINT") || str_eq(type, "TINYINT") ? 5 : str_eq(type, "INTEGER") ? 10 : 19;
    return type_is_integer(type) || type_is_decimal(type, ret_precision, ret_scale);
}

/* "Computations with Numeric Values": the precision and scale of a quotient. */
static void quotient_type(const char *left, const char *right, int *ret_precision, int *ret_scale)
{
    int p1, s1, p2, s2;
    decimal_of(left, &p1, &s1);
    decimal_of(right, &p2, &s2);
    int scale = s1 + p2 - s2 + 1 > 4 ? s1 + p2 - s2 + 1 : 4, precision = p1 - s1 + s2 + scale;
    if (precision > 38) {
        int cut_scale = 38 + scale - precision;
        scale = cut_scale > 4 ? cut_scale : 4;
        precision = 38;
    }
    *ret_precision = precision;
    *ret_scale = scale;
}

static void put_division(Parser *p, const char *sign, const char *left, const char *right)
{
    size_t node = node_add(p, arena_printf(p->a, "%s %s %s", left, sign, right));
    const char *t1 = node_type(p, node, 0), *t2 = node_type(p, node, 1), *operands[] = { left, right };
    int precision, scale;
    bool numbers = decimal_of(t1, &precision, &scale) && decimal_of(t2, &precision, &scale);
    if (p->env->probing) {
        str_add(p->out, "(CASE WHEN ");
        put_probe(p, node, operands, 2);
        str_add(p->out, " THEN NULL ELSE ");
    }
    if (sign[0] == '/' && numbers && !(type_is_integer(t1) && type_is_integer(t2))) {
        quotient_type(t1, t2, &precision, &scale);
        str_addf(p->out, "CAST(rs_divide(CAST(%s AS VARCHAR), CAST(%s AS VARCHAR), %d) AS DECIMAL(%d,%d))", left, right, scale, precision, scale);
    } else if (str_eq(t2, "NULL") || str_eq(t2, "\"NULL\"")) {
        str_addf(p->out, "(%s %s NULL)", left, sign);
    } else {
        str_addf(p->out, "(%s %s CASE WHEN (%s) = 0 THEN error('division by zero') ELSE (%s) END)", left, sign, right, right);
    }
    if (p->env->probing)
        str_add(p->out, " END)");
}

/* --- predicates --- */

static Status parse_like(Parser *p, size_t start, bool negated, Error *err)
{
    const char *left = cut(p, start), *pattern = NULL, *escape = "\\";
    bool fold = at_word(p, "ilike"), similar = at_word(p, "similar");
    p->at++;
    if (similar)
        TRY(need_word(p, "to", err));
    TRY(read_level(p, LEVEL_OTHER, &pattern, err));
    if (take_word(p, "escape"))
        TRY(need_string(p, &escape, err));
    if (strlen(escape) != 1)
        return FAIL(err, ST_INVALID, "invalid escape string");
    str_addc(p->out, '(');
    if (similar) {
        str_addf(p->out, "%sregexp_full_match(%s, rs_similar(%s, ", negated ? "NOT " : "", left, pattern);
        dialect_quote_text(p->out, escape);
        str_add(p->out, ")))");
        return ST_OK;
    }
    str_addf(p->out, "%s %s%s %s ESCAPE ", left, negated ? "NOT " : "", fold ? "ILIKE" : "LIKE", pattern);
    dialect_quote_text(p->out, escape);
    str_addc(p->out, ')');
    return ST_OK;
}

static Status parse_in(Parser *p, bool negated, Error *err)
{
    p->at++;
    str_add(p->out, negated ? " NOT IN (" : " IN (");
    TRY(need_sign(p, "(", err));
    TRY(at_word(p, "select") || at_word(p, "with") ? parse_query(p, err) : parse_expr_list(p, err));
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status parse_between(Parser *p, bool negated, Error *err)
{
    p->at++;
    if (take_word(p, "symmetric"))
        return refuse(err, "BETWEEN SYMMETRIC");
    str_add(p->out, negated ? " NOT BETWEEN " : " BETWEEN ");
    TRY(parse_level(p, LEVEL_OTHER, err));
    TRY(need_word(p, "and", err));
    str_add(p->out, " AND ");
    return parse_level(p, LEVEL_OTHER, err);
}

static Status parse_is(Parser *p, Error *err)
{
    static const char *const words[] = { "null", "true", "false", "unknown" };
    static const char *const written[] = { "NULL", "TRUE", "FALSE", "UNKNOWN" };
    p->at++;
    bool negated = take_word(p, "not");
    str_add(p->out, negated ? " IS NOT " : " IS ");
    for (size_t i = 0; i < 4; i++) {
        if (take_word(p, words[i])) {
            str_add(p->out, i == 3 ? "NULL" : written[i]);
            return ST_OK;
        }
    }
    return syntax_error(p, err);
}

/* LIKE, IN, BETWEEN with or without NOT; *ret_done is false when there is none. */
static Status parse_predicate(Parser *p, size_t start, int level, bool *ret_done, Error *err)
{
    bool negated = at_word(p, "not");
    size_t ahead = negated ? 1 : 0;
    *ret_done = true;
    if (level <= LEVEL_LIKE) {
        bool like = at_word2(p, ahead, "like") || at_word2(p, ahead, "ilike") || at_word2(p, ahead, "similar");
        bool in = at_word2(p, ahead, "in"), between = at_word2(p, ahead, "between");
        if (like || in || between) {
            p->at += ahead;
            return like ? parse_like(p, start, negated, err) : in ? parse_in(p, negated, err) : parse_between(p, negated, err);
        }
    }
    if (level <= LEVEL_IS && at_word(p, "is"))
        return parse_is(p, err);
    if (level <= LEVEL_IS && (at_word(p, "isnull") || at_word(p, "notnull"))) {
        str_add(p->out, at_word(p, "isnull") ? " IS NULL" : " IS NOT NULL");
        p->at++;
        return ST_OK;
    }
    *ret_done = false;
    return ST_OK;
}

/* --- operators --- */

typedef struct Operator {
    const char *sign;
    int level;
} Operator;

static const Operator operators[] = {
    { "=", LEVEL_COMPARE }, { "<", LEVEL_COMPARE }, { ">", LEVEL_COMPARE }, { "<=", LEVEL_COMPARE }, { ">=", LEVEL_COMPARE },
    { "<>", LEVEL_COMPARE }, { "!=", LEVEL_COMPARE }, { "||", LEVEL_OTHER }, { "&", LEVEL_OTHER }, { "|", LEVEL_OTHER },
    { "#", LEVEL_OTHER }, { "<<", LEVEL_OTHER }, { ">>", LEVEL_OTHER }, { "~", LEVEL_OTHER }, { "!~", LEVEL_OTHER },
    { "+", LEVEL_ADD }, { "-", LEVEL_ADD }, { "*", LEVEL_MULTIPLY }, { "/", LEVEL_MULTIPLY }, { "%", LEVEL_MULTIPLY }, { "^", LEVEL_POWER },
};

static const Operator *operator_at(const Parser *p)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (at_sign(p, operators[i].sign))
            return &operators[i];
    }
    return NULL;
}

/* = ANY (query), > ALL (query) */
static bool at_quantifier(const Parser *p)
{
    return at_word(p, "any") || at_word(p, "all") || at_word(p, "some");
}

/* A literal text that is a number counts as one beside an arithmetic operator: '4' + 1 (and so does a parameter). */
static const char *as_number(Parser *p, const char *text)
{
    size_t n = strlen(text), digits = n > 2 ? strspn(text + 1, "0123456789.") : 0;
    bool number = n > 2 && text[0] == '\'' && text[n - 1] == '\'' && digits == n - 2 && digits < 30 && text[1] != '.';
    return number ? arena_strn(p->a, text + 1, n - 2) : text;
}

static Status parse_operator(Parser *p, const Operator *op, size_t start, Error *err)
{
    static const char *const calls[][2] = { { "#", "xor(%s, %s)" }, { "~", "regexp_matches(%s, %s)" }, { "!~", "(NOT regexp_matches(%s, %s))" },
                                            { "^", "power(%s, %s)" } };
    p->at++;
    p->name = "?column?";
    if (op->level == LEVEL_COMPARE && at_quantifier(p)) {
        str_addf(p->out, " %s %s (", op->sign, take_word(p, "all") ? "ALL" : (p->at++, "ANY"));
        if (!take_sign(p, "("))
            return syntax_error(p, err);
        TRY(parse_query(p, err));
        str_addc(p->out, ')');
        return need_sign(p, ")", err);
    }
    const char *right = NULL, *left = NULL;
    TRY(read_level(p, op->level + 1, &right, err));
    p->name = "?column?";
    if (op->level == LEVEL_ADD || op->level == LEVEL_MULTIPLY) {
        right = as_number(p, right);
        if (str_text(p->out)[start] == '\'')
            str_add(p->out, as_number(p, cut(p, start)));
    }
    if (op->sign[0] == '/' || op->sign[0] == '%') {
        left = cut(p, start);
        put_division(p, op->sign, left, right);
        return ST_OK;
    }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!str_eq(calls[i][0], op->sign))
            continue;
        left = cut(p, start);
        const char *at = strstr(calls[i][1], "%s"), *second = strstr(at + 2, "%s");
        str_addf(p->out, "%.*s%s%.*s%s%s", (int)(at - calls[i][1]), calls[i][1], left, (int)(second - at - 2), at + 2, right, second + 2);
        return ST_OK;
    }
    str_addf(p->out, " %s %s", op->sign, right);
    return ST_OK;
}

static Status parse_unary(Parser *p, Error *err);

static Status parse_level_rest(Parser *p, int level, size_t start, Error *err)
{
    for (;;) {
        bool done = false;
        const Operator *op = operator_at(p);
        if (op && op->level >= level) {
            TRY(parse_operator(p, op, start, err));
            continue;
        }
        TRY(parse_predicate(p, start, level, &done, err));
        if (done) {
            p->name = "?column?";
            continue;
        }
        bool both = level <= LEVEL_AND && at_word(p, "and"), either = level <= LEVEL_OR && at_word(p, "or");
        if (!both && !either)
            return ST_OK;
        p->at++;
        str_add(p->out, both ? " AND " : " OR ");
        TRY(parse_level(p, both ? LEVEL_NOT : LEVEL_AND, err));
        p->name = "?column?";
    }
}

static Status parse_level(Parser *p, int level, Error *err)
{
    size_t start = p->out->len;
    TRY(parser_enter(p, err));
    if (level <= LEVEL_NOT && take_word(p, "not")) {
        str_add(p->out, "NOT ");
        TRY(parse_level(p, LEVEL_NOT, err));
        p->name = "?column?";
        parser_leave(p);
        return parse_level_rest(p, level < LEVEL_NOT ? level : LEVEL_UNARY, start, err);
    }
    TRY(parse_unary(p, err));
    parser_leave(p);
    return parse_level_rest(p, level, start, err);
}

Status parse_expr(Parser *p, Error *err)
{
    p->name = "?column?";
    return parse_level(p, LEVEL_OR, err);
}

Status parse_expr_list(Parser *p, Error *err)
{
    for (;;) {
        TRY(parse_expr(p, err));
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

/* --- what operators bind --- */


static void put_cast(Parser *p, const char *text, const char *canonical, const char *engine)
{
    const char *open = strchr(canonical, '(');
    if (str_starts(canonical, "character") && open && !str_eq(canonical, "character varying(256)"))
        str_addf(p->out, "rs_cut(CAST(%s AS VARCHAR), %lld)", text, strtoll(open + 1, NULL, 10));
    else if (str_eq(engine, "DATE") && !str_eq(text, "NULL"))
        str_addf(p->out, "rs_date(%s)", text);
    else if (str_eq(engine, "TIMESTAMP") && text[0] == '\'')
        str_addf(p->out, "rs_timestamp(%s)", text);
    else
        str_addf(p->out, "CAST(%s AS %s)", text, engine);
}

static Status parse_cast(Parser *p, Error *err)
{
    const char *text = NULL, *canonical = NULL, *engine = NULL;
    bool attempt = at_word(p, "try_cast");
    p->at++;
    TRY(need_sign(p, "(", err));
    TRY(read_apart(p, parse_expr, &text, err));
    TRY(need_word(p, "as", err));
    TRY(parse_type(p, &canonical, &engine, err));
    TRY(need_sign(p, ")", err));
    if (attempt)
        str_addf(p->out, "TRY_CAST(%s AS %s)", text, engine);
    else
        put_cast(p, text, canonical, engine);
    return ST_OK;
}

static Status parse_case(Parser *p, Error *err)
{
    p->at++;
    str_add(p->out, "CASE");
    if (!at_word(p, "when")) {
        str_addc(p->out, ' ');
        TRY(parse_expr(p, err));
    }
    while (take_word(p, "when")) {
        str_add(p->out, " WHEN ");
        TRY(parse_expr(p, err));
        TRY(need_word(p, "then", err));
        str_add(p->out, " THEN ");
        TRY(parse_expr(p, err));
    }
    if (take_word(p, "else")) {
        str_add(p->out, " ELSE ");
        TRY(parse_expr(p, err));
    }
    str_add(p->out, " END");
    p->name = "case";
    return need_word(p, "end", err);
}

static Status parse_parenthesis(Parser *p, Error *err)
{
    p->at++;
    str_addc(p->out, '(');
    bool query = at_word(p, "select") || at_word(p, "with");
    TRY(query ? parse_query(p, err) : parse_expr_list(p, err));
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status parse_parameter(Parser *p, Error *err)
{
    const char *value = NULL;
    const char *name = peek(p, 0)->text;
    for (size_t i = 0; i < p->env->parameters_len; i++) {
        if (str_eq(p->env->parameters[i].name, name))
            value = p->env->parameters[i].value;
    }
    if (!value)
        return FAIL(err, ST_INVALID, "the parameter :%s has no value", name);
    p->at++;
    dialect_quote_text(p->out, value);
    return ST_OK;
}

/* DATE '…', TIMESTAMP '…', INTERVAL '…' [unit] */
static Status parse_typed_literal(Parser *p, Error *err)
{
    const char *word = peek(p, 0)->text, *text = NULL;
    p->at++;
    TRY(need_string(p, &text, err));
    p->name = word;
    if (str_eq(word, "date") || str_eq(word, "timestamp")) {
        str_addf(p->out, "rs_%s(", word);
        dialect_quote_text(p->out, text);
        str_addc(p->out, ')');
        return ST_OK;
    }
    str_addf(p->out, "CAST(");
    if (str_eq(word, "interval")) {
        static const char *const units[] = { "year", "month", "day", "hour", "minute", "second", "week" };
        for (size_t i = 0; i < 7; i++) {
            if (take_word(p, units[i]))
                text = arena_printf(p->a, "%s %s", text, units[i]);
        }
        if (at_word(p, "to"))
            return refuse(err, "an INTERVAL of a range of fields");
        if (!text[strspn(text, "0123456789 ")])
            text = arena_printf(p->a, "%s second", text);
    }
    dialect_quote_text(p->out, text);
    str_addf(p->out, " AS %s)", str_eq(word, "interval") ? "INTERVAL" : str_eq(word, "time") ? "TIME" : "TIMESTAMPTZ");
    return ST_OK;
}

static bool at_typed_literal(const Parser *p)
{
    static const char *const words[] = { "date", "timestamp", "timestamptz", "interval", "time" };
    for (size_t i = 0; i < 5; i++) {
        if (at_word(p, words[i]) && (peek(p, 1)->kind == TOKEN_STRING || peek(p, 1)->kind == TOKEN_PARAMETER))
            return true;
    }
    return false;
}

/* Words that can not be a column's name where an expression begins. */
static bool reserved(const char *word)
{
    static const char *const words[] = { "select", "from", "where", "group", "having", "order", "limit", "union", "except", "intersect", "on", "using",
                                         "join", "left", "right", "full", "inner", "cross", "and", "or", "not", "in", "as", "when", "then", "else",
                                         "end", "between", "into", "qualify", "minus", "table", "create", "with", "distinct", "all", "asc", "desc" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(words[i], word))
            return true;
    }
    return false;
}

/* a, t.a, s.t.a, and #t.a of a temporary table; t.* is the select list's. */
static Status parse_column(Parser *p, Error *err)
{
    const char *name = NULL;
    if (peek(p, 0)->kind == TOKEN_WORD && reserved(peek(p, 0)->text))
        return syntax_error(p, err);
    bool temporary = take_sign(p, "#");
    TRY(need_name(p, &name, err));
    dialect_quote_name(p->out, temporary ? arena_printf(p->a, "#%s", name) : name);
    while (at_sign(p, ".") && !(peek(p, 1)->kind == TOKEN_SIGN)) {
        p->at++;
        TRY(need_name(p, &name, err));
        str_addc(p->out, '.');
        dialect_quote_name(p->out, name);
    }
    p->name = name;
    return ST_OK;
}

static Status parse_exists(Parser *p, Error *err)
{
    p->at++;
    str_add(p->out, "EXISTS (");
    TRY(need_sign(p, "(", err));
    TRY(parse_query(p, err));
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status parse_default(Parser *p, Error *err)
{
    (void)err;
    const char *text = p->inserted.len ? p->inserted.at[0] : NULL;
    p->at++;
    str_add(p->out, text ? text : "NULL");
    return ST_OK;
}

static Status parse_word(Parser *p, Error *err)
{
    bool done = false;
    if (at_word(p, "case"))
        return parse_case(p, err);
    if (at_word(p, "cast") || at_word(p, "try_cast"))
        return parse_cast(p, err);
    if (at_word(p, "exists"))
        return parse_exists(p, err);
    if (at_typed_literal(p))
        return parse_typed_literal(p, err);
    if (at_word(p, "null") || at_word(p, "true") || at_word(p, "false")) {
        str_add(p->out, at_word(p, "null") ? "NULL" : at_word(p, "true") ? "TRUE" : "FALSE");
        p->at++;
        return ST_OK;
    }
    if (at_word(p, "default") && p->inserted.at)
        return parse_default(p, err);
    if (at_word(p, "approximate")) {
        p->at++;
        return parse_call(p, arena_printf(p->a, "approximate %s", (p->at++, p->tokens.at[p->at - 1].text)), err);
    }
    TRY(parse_bare_function(p, &done, err));
    if (done)
        return ST_OK;
    const RsToken *next = peek(p, 1);
    if (peek(p, 0)->kind == TOKEN_WORD && next->kind == TOKEN_SIGN && str_eq(next->text, "(")) {
        const char *name = peek(p, 0)->text;
        p->at++;
        return parse_call(p, name, err);
    }
    return parse_column(p, err);
}

static Status parse_primary(Parser *p, Error *err)
{
    const RsToken *t = peek(p, 0);
    switch (t->kind) {
    case TOKEN_STRING:
        dialect_quote_text(p->out, t->text);
        p->at++;
        return ST_OK;
    case TOKEN_NUMBER:
        str_add(p->out, t->text);
        p->at++;
        return ST_OK;
    case TOKEN_PARAMETER:
        return parse_parameter(p, err);
    case TOKEN_WORD:
        return parse_word(p, err);
    case TOKEN_QUOTED:
        return parse_column(p, err);
    case TOKEN_SIGN:
        if (at_sign(p, "("))
            return parse_parenthesis(p, err);
        return at_sign(p, "#") ? parse_column(p, err) : syntax_error(p, err);
    case TOKEN_END:
        break;
    }
    return syntax_error(p, err);
}

/* x::type, x[0], x AT TIME ZONE 'z' */
static Status parse_postfix(Parser *p, size_t start, Error *err)
{
    for (;;) {
        const char *canonical = NULL, *engine = NULL;
        int64_t index = 0;
        if (take_sign(p, "::")) {
            const char *text = cut(p, start), *name = p->name;
            TRY(parse_type(p, &canonical, &engine, err));
            put_cast(p, text, canonical, engine);
            p->name = str_eq(name, "?column?") ? (str_eq(engine, "INTEGER") ? "int4" : str_eq(engine, "BIGINT") ? "int8" : str_starts(engine, "DECIMAL") ? "numeric" : str_eq(engine, "DOUBLE") ? "float8" : str_eq(engine, "VARCHAR") ? "varchar" : str_eq(engine, "BOOLEAN") ? "bool" : str_eq(engine, "DATE") ? "date" : str_eq(engine, "TIMESTAMP") ? "timestamp" : name) : name;
        } else if (take_sign(p, "[")) {
            const char *text = cut(p, start);
            TRY(need_int(p, &index, err));
            TRY(need_sign(p, "]", err));
            str_addf(p->out, "json_extract(%s, '$[%lld]')", text, (long long)index);
        } else if (at_word(p, "at") && at_word2(p, 1, "time")) {
            const char *text = cut(p, start), *zone = NULL;
            p->at += 2;
            TRY(need_word(p, "zone", err));
            TRY(read_level(p, LEVEL_UNARY, &zone, err));
            str_addf(p->out, "timezone(%s, %s)", zone, text);
        } else if (at_word(p, "collate")) {
            return refuse(err, "COLLATE");
        } else {
            return ST_OK;
        }
    }
}

static Status parse_unary(Parser *p, Error *err)
{
    static const char *const prefixes[][2] = { { "-", "(-" }, { "+", "(" }, { "~", "(~" }, { "@", "abs(" }, { "|/", "sqrt(" }, { "||/", "rs_cbrt(" } };
    size_t start = p->out->len;
    for (size_t i = 0; i < 6; i++) {
        if (!at_sign(p, prefixes[i][0]))
            continue;
        p->at++;
        str_add(p->out, prefixes[i][1]);
        TRY(parser_enter(p, err));
        TRY(parse_unary(p, err));
        parser_leave(p);
        p->name = "?column?";
        str_addc(p->out, ')');
        return ST_OK;
    }
    TRY(parse_primary(p, err));
    return parse_postfix(p, start, err);
}
