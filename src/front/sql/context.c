/* front/sql/context.c -- words that are keywords in one place and names in another, told apart by their neighbours.
 *
 * Spark's words are nearly all non-reserved and ANTLR looks ahead as far as it must; LALR(1) cannot. So this pass, which
 * sees all tokens, leaves a word its keyword only where that reading is possible, and %fallback does the rest. */
#include "front/sql/context.h"

#include "front/sql/grammar.h"

typedef struct Context {
    const Token *in; /* the lexer's tokens, the last of kind 0 */
    size_t len, i;
    const Token *before; /* the last token that was kept, NULL: none */
    bool script;         /* the text begins with BEGIN: it has labels, loops, handlers */
} Context;

static int kind_at(const Context *c, size_t ahead)
{
    size_t i = c->i + ahead;
    return c->in[i < c->len ? i : c->len - 1].kind;
}

static bool next_is(const Context *c, int kind) { return kind_at(c, 1) == kind; }
static bool before_is(const Context *c, int kind) { return c->before && c->before->kind == kind; }
static bool before_word(const Context *c, int word) { return c->before && c->before->word == word; }

static bool is_number(int kind)
{
    return kind == TK_INTEGER_VALUE || kind == TK_DECIMAL_VALUE || kind == TK_EXPONENT_VALUE || kind == TK_BIGINT_LITERAL ||
           kind == TK_SMALLINT_LITERAL || kind == TK_TINYINT_LITERAL || kind == TK_DOUBLE_LITERAL ||
           kind == TK_FLOAT_LITERAL || kind == TK_BIGDECIMAL_LITERAL;
}

/* After these an expression begins, so what comes is no operator. */
static bool expects_operand(int kind)
{
    switch (kind) {
    case TK_LP: case TK_COMMA: case TK_LB: case TK_EQ: case TK_NSEQ: case TK_NEQ: case TK_NEQJ: case TK_LT: case TK_LTE:
    case TK_GTE: case TK_SHIFT_LEFT: case TK_SHIFT_RIGHT: case TK_SHIFT_RIGHT_UNSIGNED: case TK_PLUS: case TK_MINUS:
    case TK_SLASH: case TK_PERCENT: case TK_TILDE: case TK_AMPERSAND: case TK_PIPE: case TK_CONCAT_PIPE: case TK_HAT:
    case TK_ARROW: case TK_FAT_ARROW: case TK_BANG: case TK_OPERATOR_PIPE: case TK_HINT_END:
    case TK_SELECT: case TK_DISTINCT: case TK_ALL: case TK_AND: case TK_OR: case TK_NOT: case TK_WHEN: case TK_THEN:
    case TK_ELSE: case TK_CASE: case TK_WHERE: case TK_HAVING: case TK_ON: case TK_BY: case TK_IN: case TK_LIKE:
    case TK_ILIKE: case TK_RLIKE: case TK_BETWEEN: case TK_ESCAPE: case TK_FROM: case TK_LIMIT: case TK_OFFSET:
    case TK_RETURN: case TK_DEFAULT: case TK_VALUES: case TK_USING: case TK_SET: case TK_AS: case TK_IS: case TK_DIV:
    case TK_AGGREGATE: case TK_EXTEND: case TK_MAP_SCRIPT:
        return true;
    default:
        return false;
    }
}

static bool after_operand(const Context *c) { return c->before && !expects_operand(c->before->kind); }

/* What cannot follow a clause's keyword, so that the word before it must be a name. */
static bool next_ends_name(const Context *c)
{
    switch (kind_at(c, 1)) {
    case 0: case TK_SEMICOLON: case TK_COMMA: case TK_RP: case TK_DOT: case TK_EQ: case TK_NSEQ: case TK_NEQ: case TK_NEQJ:
    case TK_LT: case TK_LTE: case TK_GT: case TK_GTE: case TK_SLASH: case TK_PERCENT: case TK_CONCAT_PIPE: case TK_RB:
    case TK_FROM: case TK_AS: case TK_AND: case TK_OR: case TK_IS: case TK_OPERATOR_PIPE: case TK_DOUBLE_COLON:
    case TK_ARROW: case TK_FAT_ARROW:
        return true;
    default:
        return false;
    }
}

/* Index after the ')' that closes the '(' at `open`; the end when there is none. */
static size_t past_parens(const Context *c, size_t open)
{
    int depth = 0;
    for (size_t i = open; i < c->len; i++) {
        depth += c->in[i].kind == TK_LP;
        if (c->in[i].kind == TK_RP && --depth == 0)
            return i + 1;
    }
    return c->len - 1;
}

/* word ( … w1 or w2 … ), with w not inside inner parentheses or CASE */
static bool has_word_inside(const Context *c, int w1, int w2)
{
    if (!next_is(c, TK_LP))
        return false;
    size_t end = past_parens(c, c->i + 1);
    int depth = 0;
    for (size_t i = c->i + 1; i < end; i++) {
        int kind = c->in[i].kind;
        depth += (kind == TK_LP || kind == TK_LB) - (kind == TK_RP || kind == TK_RB);
        if (depth == 1 && (kind == w1 || kind == w2))
            return true;
    }
    return false;
}

static bool starts_query(int kind)
{
    return kind == TK_SELECT || kind == TK_WITH || kind == TK_FROM || kind == TK_VALUES || kind == TK_TABLE ||
           kind == TK_MAP || kind == TK_REDUCE;
}

/* EXISTS ( SELECT …, ( ( SELECT …; against the function exists(array, lambda) */
static bool query_in_parens(const Context *c)
{
    size_t ahead = 1;
    while (kind_at(c, ahead) == TK_LP)
        ahead++;
    return ahead > 1 && starts_query(kind_at(c, ahead));
}

static bool is_transform_script(const Context *c)
{
    if (!before_is(c, TK_SELECT) || !next_is(c, TK_LP))
        return false;
    int after = c->in[past_parens(c, c->i + 1)].kind;
    return after == TK_USING || after == TK_ROW || after == TK_RECORDWRITER;
}

/* MAP or REDUCE a, b … USING 'script': a query begins, and before it ends comes a USING with a text. */
static bool is_map_script(const Context *c)
{
    if (next_is(c, TK_KEYS))
        return false;
    if (c->before && !before_is(c, TK_LP) && !before_is(c, TK_ALL) && !before_is(c, TK_DISTINCT) && !before_is(c, TK_AS) && !after_operand(c))
        return false;
    int depth = 0;
    for (size_t i = c->i + 1; i + 1 < c->len && depth >= 0; i++) { /* the last one is the end */
        const Token *t = &c->in[i];
        depth += (t->kind == TK_LP) - (t->kind == TK_RP);
        if (depth)
            continue;
        if (t->word == TK_USING)
            return c->in[i + 1].kind == TK_STRING_LITERAL && i > c->i + 1;
        bool called = i == c->i + 1 && c->in[i + 1].kind == TK_LP; /* MAP map(a, b) */
        bool again = (t->word == TK_MAP || t->word == TK_REDUCE) && !expects_operand(c->in[i - 1].kind) && !called && c->in[i + 1].word != TK_KEYS;
        if (again || t->word == TK_FROM || t->word == TK_SELECT || t->kind == TK_SEMICOLON)
            return false;
    }
    return false;
}

static int special_function(const Context *c, int word)
{
    switch (word) {
    case TK_EXTRACT: return has_word_inside(c, TK_FROM, TK_FROM) ? TK_EXTRACT_FROM : TK_ID;
    case TK_POSITION: return has_word_inside(c, TK_IN, TK_IN) ? TK_POSITION_IN : TK_ID;
    case TK_SUBSTR: case TK_SUBSTRING: return has_word_inside(c, TK_FROM, TK_FOR) ? TK_SUBSTRING_FROM : TK_ID;
    case TK_TRIM: return has_word_inside(c, TK_FROM, TK_FROM) ? TK_TRIM_FROM : TK_ID;
    case TK_OVERLAY: return has_word_inside(c, TK_PLACING, TK_PLACING) ? TK_OVERLAY_PLACING : TK_ID;
    case TK_TRANSFORM: return is_transform_script(c) ? TK_TRANSFORM_SCRIPT : TK_ID;
    case TK_MAP: case TK_REDUCE: return is_map_script(c) ? TK_MAP_SCRIPT : word;
    default: return word;
    }
}

static bool keep_frame_unit(const Context *c, int word)
{
    int next = kind_at(c, 1);
    if (next == TK_RP)
        return word == TK_ROWS && after_operand(c);
    bool sign = next == TK_MINUS || next == TK_PLUS;
    bool word_next = c->in[c->i + 1].word || next == TK_ID;
    return next == TK_BETWEEN || next == TK_UNBOUNDED || next == TK_CURRENT || next == TK_INTERVAL || sign || is_number(next) ||
           (word_next && after_operand(c) && !next_ends_name(c)) || (word == TK_ROWS && next == TK_LP);
}

/* Is the word at c->i the keyword it spells? */
static bool keep(const Context *c, int word)
{
    switch (word) {
    case TK_CAST: case TK_TRY_CAST: case TK_IDENTIFIER_KW: case TK_PIVOT: case TK_TABLESAMPLE:
        return next_is(c, TK_LP);
    case TK_UNPIVOT:
        return next_is(c, TK_LP) || next_is(c, TK_INCLUDE) || next_is(c, TK_EXCLUDE);
    case TK_CASE: /* END CASE; */
        return !next_ends_name(c) || (c->script && before_is(c, TK_END));
    case TK_LIMIT: case TK_OFFSET: case TK_VALUES:
        return !next_ends_name(c);
    case TK_DO:
        return c->script;
    case TK_EXIT: case TK_CONTINUE:
        return next_is(c, TK_HANDLER);
    case TK_ARRAY: case TK_STRUCT:
        return next_is(c, TK_LT) || next_is(c, TK_NEQ);
    case TK_MAP:
        return next_is(c, TK_LT) || next_is(c, TK_NEQ) || next_is(c, TK_KEYS);
    case TK_EXISTS:
        return !next_is(c, TK_LP) || query_in_parens(c) || before_word(c, TK_IF) || before_is(c, TK_NOT);
    case TK_WINDOW:
        return kind_at(c, 2) == TK_AS || (next_is(c, TK_IDENTIFIER_KW) && kind_at(c, 2) == TK_LP);
    case TK_ALL: case TK_DISTINCT: /* SELECT all, b: a column; LIMIT ALL, UNION ALL, f(ALL x) */
        return !before_is(c, TK_SELECT) || !next_ends_name(c);
    case TK_OVER:
        return before_is(c, TK_RP) || before_word(c, TK_NULLS);
    case TK_FILTER:
        return before_is(c, TK_RP) && next_is(c, TK_LP);
    case TK_WITHIN:
        return next_is(c, TK_GROUP);
    case TK_IGNORE: case TK_RESPECT:
        return next_is(c, TK_NULLS);
    case TK_NULLS:
        return next_is(c, TK_FIRST) || next_is(c, TK_LAST) || before_word(c, TK_IGNORE) || before_word(c, TK_RESPECT) ||
               before_word(c, TK_INCLUDE) || before_word(c, TK_EXCLUDE);
    case TK_ORDER: case TK_CLUSTER: case TK_DISTRIBUTE: case TK_SORT:
        return next_is(c, TK_BY);
    case TK_GROUP:
        return next_is(c, TK_BY) || before_word(c, TK_WITHIN);
    case TK_PARTITION:
        return next_is(c, TK_BY) || next_is(c, TK_LP) || before_word(c, TK_SINGLE);
    case TK_PERCENTLIT:
        return next_is(c, TK_RP) && after_operand(c);
    case TK_ROWS: case TK_RANGE:
        return keep_frame_unit(c, word);
    case TK_BUCKET:
        return next_is(c, TK_INTEGER_VALUE);
    case TK_VERSION: case TK_SYSTEM_VERSION: case TK_SYSTEM_TIME: case TK_TIMESTAMP:
        return next_is(c, TK_AS) && kind_at(c, 2) == TK_OF;
    case TK_GROUPING:
        return next_is(c, TK_SETS);
    case TK_ROLLUP: case TK_CUBE:
        return next_is(c, TK_LP) || before_is(c, TK_WITH);
    case TK_ESCAPE:
        return next_is(c, TK_STRING_LITERAL);
    case TK_END:
        return !next_is(c, TK_DOT);
    case TK_VAR: case TK_VARIABLE:
        return !next_is(c, TK_EQ) && !next_is(c, TK_DEFAULT);
    default:
        return true;
    }
}

static bool is_typed_word(int word)
{
    return word == TK_DATE || word == TK_TIME || word == TK_TIMESTAMP || word == TK_TIMESTAMP_NTZ ||
           word == TK_TIMESTAMP_LTZ || word == TK_BINARY_HEX;
}

/* label: BEGIN …, label: WHILE … */
static bool is_label(const Context *c)
{
    int what = kind_at(c, 2);
    return c->script && next_is(c, TK_COLON) &&
           (what == TK_BEGIN || what == TK_WHILE || what == TK_REPEAT || what == TK_LOOP || what == TK_FOR);
}

static int decide(const Context *c, const Token *t)
{
    if (!t->word || before_is(c, TK_DOT))
        return t->word ? TK_ID : t->kind;
    if (is_label(c))
        return TK_ID;
    if (is_typed_word(t->word) && next_is(c, TK_STRING_LITERAL) && !before_is(c, TK_TYPED_WORD))
        return TK_TYPED_WORD;
    if (t->word == TK_EXCEPT && before_is(c, TK_ASTERISK) && next_is(c, TK_LP) && kind_at(c, 2) != TK_LP &&
        !starts_query(kind_at(c, 2)))
        return TK_STAR_EXCEPT;
    if (t->word == TK_DECLARE && c->script && kind_at(c, 2) == TK_CONDITION)
        return TK_DECLARE_CONDITION;
    if (t->word == TK_WITH && next_is(c, TK_LP))
        return TK_WITH_OPTIONS;
    int special = special_function(c, t->word);
    if (special != t->word)
        return special;
    return keep(c, t->word) ? t->word : TK_ID;
}

/* NOT NULL after a type or an expression is a column's constraint; after IS it is the predicate. */
static bool is_not_null(const Context *c)
{
    return kind_at(c, 0) == TK_NOT && next_is(c, TK_NULL) && after_operand(c) && !before_is(c, TK_IS) &&
           !before_word(c, TK_SET) && !before_word(c, TK_DROP);
}

/* IDENTIFIER('x') where the literal is one name: that name, wherever a name may stand. Names of several parts, and other
 * expressions, are left to the grammar. */
static Status one_part_identifier(Arena *a, const Context *c, const SqlOptions *opt, const char **ret_name, Error *err)
{
    *ret_name = NULL;
    if (kind_at(c, 1) != TK_LP || kind_at(c, 2) != TK_STRING_LITERAL || kind_at(c, 3) != TK_RP)
        return ST_OK;
    const Token *literal = &c->in[c->i + 2];
    TokenList inside = { 0 };
    TRY(lexer_scan(a, literal->text, literal->text_len, opt, &inside, err));
    if (inside.len == 2 && (inside.at[0].kind == TK_ID || inside.at[0].word))
        *ret_name = inside.at[0].text;
    return ST_OK;
}

static bool keeps_type(int word) { return word == TK_ARRAY || word == TK_MAP || word == TK_STRUCT; }

Status context_apply(Arena *a, const SqlOptions *opt, const char *text, TokenList *tokens, Error *err)
{
    TokenList out = { 0 };
    Context c = { .in = tokens->at, .len = tokens->len, .script = tokens->at[0].word == TK_BEGIN };
    int depth = 0, types = 0;
    for (c.i = 0; c.i < c.len; c.i++) {
        Token t = c.in[c.i];
        c.before = out.len ? &out.at[out.len - 1] : NULL;
        depth += (t.kind == TK_LP) - (t.kind == TK_RP);
        types += t.kind == TK_LT && c.before && keeps_type(c.before->word);
        types -= t.kind == TK_GT && types > 0;
        if (depth > LIMIT_QUERY_NESTING || types > LIMIT_QUERY_NESTING)
            return FAIL_CODE(err, ST_LIMIT, "FAILED_TO_PARSE_TOO_COMPLEX", TOO_COMPLEX);
        size_t used = 0;
        if (is_not_null(&c)) {
            t.kind = TK_NOT_NULL;
            used = 2;
        } else if (t.word == TK_IDENTIFIER_KW) {
            const char *name = NULL;
            if (!opt->legacy_identifier_clause)
                TRY(one_part_identifier(a, &c, opt, &name, err));
            used = name ? 4 : 0;
            t.kind = name ? TK_ID : decide(&c, &t);
            t.quoted = name != NULL;
            t.text = name ? name : t.text;
            t.text_len = strlen(t.text);
        } else if (t.word == TK_INTERVAL && !before_is(&c, TK_DOT)) {
            TRY(interval_literal(a, opt, text, &c.in[c.i], &used, &t.node, err));
            t.kind = used ? TK_INTERVAL_LITERAL : TK_INTERVAL;
        } else {
            t.kind = decide(&c, &t);
        }
        if (used) {
            const Token *last = &c.in[c.i + used - 1];
            t.stop = last->stop;
            t.len = last->at + last->len - t.at;
            c.i += used - 1;
        }
        vec_push(a, &out, t);
    }
    *tokens = out;
    return ST_OK;
}
