/* front/sql/expr.c -- expressions as ir nodes. Source: AstBuilder's visit methods of the same rules. */
#include "front/sql/grammar.h"
#include "front/sql/parser.h"

static StrList name_of(SqlParser *p, const char *name) { return *names_one(p, name); }

static Node *function_node(SqlParser *p, const char *name, NodeList args, bool is_operator, int start)
{
    return at(p, node_new(p->a, Function, .name = name_of(p, name), .args = args, .is_operator = is_operator), start);
}

Node *function_of(SqlParser *p, const char *name, NodeList *args, int start)
{
    return function_node(p, name, *args, false, start);
}

Node *function1(SqlParser *p, const char *name, Node *x, int start)
{
    return function_node(p, name, *list_one(p, x), true, start);
}

/* An operation between two nodes that both have their places: the actions reduce it when its right side is read. */
Node *operation(SqlParser *p, const char *name, Node *left, Node *right)
{
    return function_node(p, name, *list_add(p, list_one(p, left), right), true, expr_start(p, left));
}

Node *negated(SqlParser *p, bool negate, Node *x)
{
    return negate ? function1(p, "not", x, x->start) : x;
}

/* AstBuilder.visitLogicalBinary: n operands make a tree of depth log n. */
static Node *balance(SqlParser *p, const char *name, const NodeList *all, size_t low, size_t high)
{
    if (low == high)
        return all->at[low];
    size_t middle = low + (high - low) / 2;
    Node *left = balance(p, name, all, low, middle), *right = balance(p, name, all, middle + 1, high);
    Node *node = function_node(p, name, *list_add(p, list_one(p, left), right), true, expr_start(p, left));
    return node_at(node, expr_start(p, left), right->stop);
}

Node *logical(SqlParser *p, const char *name, NodeList *operands)
{
    return balance(p, name, operands, 0, operands->len - 1);
}

Node *attribute_named(SqlParser *p, const char *name, int start, int stop)
{
    return node_at(node_new(p->a, Attribute, .name = name_of(p, name)), start, stop);
}

/* CURRENT_DATE and its like are names that the binder finds to be functions; under enforceReservedKeywords they are
 * functions at once. */
static bool is_current_like(int word)
{
    return word == TK_CURRENT_DATE || word == TK_CURRENT_TIMESTAMP || word == TK_CURRENT_TIME || word == TK_CURRENT_USER ||
           word == TK_USER || word == TK_SESSION_USER;
}

Node *attribute(SqlParser *p, const Token *t)
{
    if (!t->quoted && p->opt->enforce_reserved_keywords && is_current_like(t->word))
        return node_at(node_new(p->a, Function, .name = name_of(p, t->text)), t->start, t->stop);
    return attribute_named(p, ident(p, t), t->start, t->stop);
}

NodeList *attributes(SqlParser *p, const StrList *names)
{
    NodeList *list = list_new(p);
    for (size_t i = 0; i < names->len; i++)
        list_add(p, list, attribute_named(p, names->at[i], -1, -1));
    return list;
}

/* a.b: still one name after a name, a field of any other value. */
Node *dereference(SqlParser *p, Node *base, const char *field)
{
    if (node_is(Attribute, base)) {
        const Attribute *head = node_as(Attribute, base);
        StrList names = { 0 };
        for (size_t i = 0; i < head->name.len; i++)
            vec_push(p->a, &names, head->name.at[i]);
        vec_push(p->a, &names, field);
        return at(p, node_new(p->a, Attribute, .name = names), base->start);
    }
    const Token *last = &p->tokens.at[p->at - 1];
    Node *key = literal_string(p, field, strlen(field), last->start, last->stop);
    return at(p, node_new(p->a, Extract, .child = base, .key = key), base->start);
}

Node *star(SqlParser *p, Node *target, const NodeList *except, int start)
{
    StrList names = { 0 };
    if (target && !node_is(Attribute, target))
        parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
    else if (target)
        names = node_as(Attribute, target)->name;
    return at(p, node_new(p->a, Star, .target = names, .except = list_of(except)), start);
}

Node *aliased(SqlParser *p, Node *x, const StrList *names)
{
    return at(p, node_new(p->a, Alias, .child = x, .names = *names), x->start);
}

Node *row(SqlParser *p, NodeList *items, int start)
{
    return at(p, node_new(p->a, Row, .items = *items), start);
}

Node *row_of(SqlParser *p, Node *first, NodeList *rest, int start)
{
    NodeList *items = list_one(p, first);
    for (size_t i = 0; i < rest->len; i++)
        list_add(p, items, rest->at[i]);
    return row(p, items, start);
}

NodeList *row_items(SqlParser *p, Node *n)
{
    return node_is(Row, n) ? &((Row *)n)->items : list_one(p, n);
}

/* ---------------------------------------------------------------- lambdas */
/* Names of the body that are parameters become LambdaVariables; an inner lambda's own names hide them. */
typedef struct Binding {
    SqlParser *p;
    const NodeList *params;
} Binding;

static Node *bind_variable(Arena *a, Node *n, void *arg)
{
    const Binding *b = arg;
    if (!node_is(Attribute, n))
        return n;
    const StrList *names = &node_as(Attribute, n)->name;
    for (size_t i = 0; i < b->params->len; i++) {
        const char *param = node_as(LambdaVariable, b->params->at[i])->name;
        if (!str_ieq(names->at[0], param))
            continue;
        Node *x = node_at(node_new(a, LambdaVariable, .name = param), n->start, n->stop);
        for (size_t k = 1; k < names->len; k++) {
            Node *key = literal_string(b->p, names->at[k], strlen(names->at[k]), n->start, n->stop);
            x = node_at(node_new(a, Extract, .child = x, .key = key), n->start, n->stop);
        }
        return x;
    }
    return n;
}

Node *lambda(SqlParser *p, NodeList *params, Node *body, int start)
{
    NodeList variables = { 0 };
    for (size_t i = 0; i < params->len; i++) {
        const Node *n = params->at[i];
        if (!node_is(Attribute, n) || node_as(Attribute, n)->name.len != 1) {
            parser_syntax_error(p, &p->tokens.at[p->at], "");
            return body;
        }
        vec_push(p->a, &variables,
            node_at(node_new(p->a, LambdaVariable, .name = node_as(Attribute, n)->name.at[0]), n->start, n->stop));
    }
    if (!parser_check_depth(p, body))
        return body;
    Binding b = { p, &variables };
    Node *bound = node_rewrite(p->a, body, bind_variable, &b);
    return at(p, node_new(p->a, Lambda, .body = bound, .params = variables), start);
}

Node *lambda_of(SqlParser *p, Node *first, NodeList *rest, Node *body, int start)
{
    NodeList *params = list_one(p, first);
    for (size_t i = 0; i < rest->len; i++)
        list_add(p, params, rest->at[i]);
    return lambda(p, params, body, start);
}

/* ---------------------------------------------------------------- calls */
static bool is_timestamp_unit(const char *name)
{
    static const char *const names[] = { "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND",
        "MILLISECOND", "MICROSECOND" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_ieq(names[i], name))
            return true;
    return false;
}

/* TIMESTAMPADD(MONTH, 1, t): the unit is a word. Returns the function's own name, NULL when this is another call. */
static const char *timestamp_arithmetic(const char *name, const NodeList *args)
{
    bool add = str_ieq(name, "timestampadd") || str_ieq(name, "dateadd") || str_ieq(name, "date_add");
    bool diff = str_ieq(name, "timestampdiff") || str_ieq(name, "datediff") || str_ieq(name, "date_diff") || str_ieq(name, "timediff");
    if ((!add && !diff) || args->len != 3)
        return NULL;
    return add ? "timestampadd" : "timestampdiff";
}

/* f(x AS y) is only right for struct; the name of v:y was not written as one. */
static void check_arguments(SqlParser *p, const char *name, NodeList *args)
{
    for (size_t i = 0; i < args->len; i++) {
        if (!node_is(Alias, args->at[i]) || str_ieq(name, "struct"))
            continue;
        Node *child = node_as(Alias, args->at[i])->child;
        if (args->at[i]->stop != child->stop)
            parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
        args->at[i] = child;
    }
}

/* The arguments as the function gets them: count(*) is count(1), a unit word is its text. */
static NodeList call_arguments(SqlParser *p, int start, const char **io_name, const CallArgs *args)
{
    NodeList list = *args->list;
    if (str_ieq(*io_name, "count") && list.len == 1 && !args->distinct && node_is(Star, list.at[0]) &&
        node_as(Star, list.at[0])->target.len == 0 && node_as(Star, list.at[0])->except.len == 0) {
        Node *one = node_at(literal_int(p->a, 1, &type_int), list.at[0]->start, list.at[0]->stop);
        return *list_one(p, one);
    }
    const char *arithmetic = timestamp_arithmetic(*io_name, &list);
    if (arithmetic && node_is(Attribute, list.at[0]) && node_as(Attribute, list.at[0])->name.len == 1) {
        const Node *word = list.at[0];
        const char *unit = node_as(Attribute, word)->name.at[0];
        if (is_timestamp_unit(unit)) {
            list.at[0] = literal_string(p, unit, strlen(unit), word->start, word->stop);
            *io_name = arithmetic;
        }
    } else if (arithmetic && literal_text(list.at[0])) {
        parser_fail(p, start, end_of_rule(p), "INVALID_PARAMETER_VALUE.DATETIME_UNIT", "22023",
            "The value of parameter(s) `unit` in `%s` is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, "
            "WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got the string literal '%s'.",
            *io_name, literal_text(list.at[0]));
        parser_param(p, "parameter", "`unit`");
        parser_param(p, "functionName", arena_printf(p->a, "`%s`", *io_name));
        parser_param(p, "invalidValue", arena_printf(p->a, "'%s'", literal_text(list.at[0])));
    }
    return list;
}

Node *call(SqlParser *p, Node *callee, const Token *paren, CallArgs *args, const CallTail *tail)
{
    if (!node_is(Attribute, callee)) {
        if (node_is(IdentifierClause, callee))
            parser_unsupported(p, callee->start, "IDENTIFIER with an expression that is no string literal");
        parser_syntax_error(p, paren, "");
        return callee;
    }
    StrList name = node_as(Attribute, callee)->name;
    const char *last = name.at[name.len - 1];
    check_arguments(p, last, args->list);
    NodeList list = name.len == 1 ? call_arguments(p, callee->start, &last, args) : *args->list;
    if (name.len == 1 && last != name.at[0])
        name = name_of(p, last);
    bool ignore = args->ignore_nulls || tail->nulls == 1;
    Node *f = at(p, node_new(p->a, Function, .name = name, .args = list, .distinct = args->distinct, .filter = tail->filter,
                            .ignore_nulls = ignore, .within_group = list_of(tail->within_group)), callee->start);
    if (!tail->over)
        return f;
    Node *w = node_copy(p->a, tail->over);
    ((Window *)w)->function = f;
    return at(p, w, callee->start);
}

/* ---------------------------------------------------------------- predicates */
void check_bang(SqlParser *p, const Token *bang)
{
    if (p->opt->legacy_bang_not)
        return;
    parser_fail(p, bang->start, bang->stop, "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", "42601",
        "Support of the clause or keyword: ! has been discontinued in this context. The '!' keyword is only supported as an "
        "alias for the prefix operator 'NOT'.\nUse the 'NOT' keyword instead for infix clauses such as `NOT LIKE`, `NOT IN`, "
        "`NOT BETWEEN`, etc.\nTo re-enable the '!' keyword, set \"spark.sql.legacy.bangEqualsNot\" to \"true\".");
    parser_param(p, "clause", "!");
}

Node *between(SqlParser *p, Node *x, bool negate, Node *lower, Node *upper)
{
    NodeList *args = list_add(p, list_add(p, list_one(p, x), lower), upper);
    return negated(p, negate, function_node(p, "between", *args, true, x->start));
}

Node *in_list(SqlParser *p, Node *x, bool negate, NodeList *items)
{
    return negated(p, negate, at(p, node_new(p->a, InList, .child = x, .items = *items), x->start));
}

Node *in_query(SqlParser *p, Node *x, bool negate, Node *query)
{
    NodeList operands = node_is(Row, x) ? node_as(Row, x)->items : *list_one(p, x);
    return at(p, node_new(p->a, Subquery, .subquery = SUBQUERY_IN, .plan = query, .operands = operands, .negated = negate), x->start);
}

Node *like(SqlParser *p, Node *x, bool negate, bool ilike, Node *pattern, const Token *escape)
{
    NodeList *args = list_add(p, list_one(p, x), pattern);
    if (escape) {
        size_t characters = 0;
        for (const char *c = escape->text; *c; c++)
            characters += ((unsigned char)*c & 0xC0) != 0x80;
        if (characters != 1) {
            parser_fail(p, escape->start, escape->stop, "INVALID_ESC", "42604", "Found an invalid escape string: '%s'. The escape "
                "string must contain only one character.", escape->text);
            parser_param(p, "invalidEscape", arena_printf(p->a, "'%s'", escape->text));
        }
        list_add(p, args, literal_string(p, escape->text, escape->text_len, escape->start, escape->stop));
    }
    return negated(p, negate, function_node(p, ilike ? "ilike" : "like", *args, true, x->start));
}

/* x LIKE ANY ('a', 'b') is x LIKE 'a' OR x LIKE 'b'; NOT LIKE ANY negates each. Spark has LikeAny and its like for literal
 * patterns, which mean the same but name an unnamed column otherwise: likeany(x, a, b). */
Node *like_quantified(SqlParser *p, Node *x, bool negate, bool ilike, bool all, NodeList *patterns)
{
    if (patterns->len == 0) {
        parser_fail(p, x->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0064", "", "Expected something between '(' and ')'..");
        parser_param(p, "msg", "Expected something between '(' and ')'..");
        return x;
    }
    NodeList *each = list_new(p);
    for (size_t i = 0; i < patterns->len; i++)
        list_add(p, each, like(p, x, negate, ilike, patterns->at[i], NULL));
    Node *result = logical(p, all ? "and" : "or", each);
    return node_at(result, x->start, end_of_rule(p));
}

/* IS [NOT] TRUE, FALSE, UNKNOWN (truth -1) */
Node *is_truth(SqlParser *p, Node *x, bool negate, int truth)
{
    if (truth < 0)
        return function1(p, negate ? "isnotnull" : "isnull", x, x->start);
    const Token *word = &p->tokens.at[p->at - 1];
    return negated(p, negate, operation(p, "<=>", x, literal_boolean(p, word, truth)));
}

/* ---------------------------------------------------------------- the rest */
Node *cast(SqlParser *p, Node *x, const Type *type, CastMode mode, int start)
{
    return at(p, node_new(p->a, Cast, .child = x, .to = type, .mode = mode), start);
}

Node *collate(SqlParser *p, Node *x, const StrList *name)
{
    const char *text = joined(p, name);
    return function_of(p, "collate", list_add(p, list_one(p, x), literal_string(p, text, strlen(text), -1, -1)), x->start);
}

/* The last key of $.a['b'][0]; NULL: there is none. */
static const char *last_key(SqlParser *p, const char *path)
{
    const char *name = NULL;
    for (const char *at = path + 1; *at;) {
        size_t n = *at == '.' ? strcspn(at + 1, ".[") : strcspn(at + 1, "]");
        bool quoted = *at == '[' && at[1] == '\'';
        const char *close = quoted ? strstr(at + 2, "']") : NULL;
        if (*at == '.')
            name = arena_strn(p->a, at + 1, n);
        else if (close)
            name = arena_strn(p->a, at + 2, (size_t)(close - at - 2));
        at = close ? close + 2 : at + 1 + n + (*at == '[' && at[1 + n] == ']');
    }
    return name;
}

/* v:path: a variant's part, named by its last key. */
Node *semi_structured(SqlParser *p, Node *x, const char *path)
{
    Node *get = function_of(p, "variant_get", list_add(p, list_one(p, x), literal_string(p, path, strlen(path), -1, -1)), x->start);
    const char *name = last_key(p, path);
    return name ? aliased(p, get, names_one(p, name)) : get;
}

Node *case_when(SqlParser *p, Node *operand, const NodeList *pairs, Node *otherwise, int start)
{
    NodeList whens = { 0 }, thens = { 0 };
    for (size_t i = 0; i + 1 < pairs->len; i += 2) {
        vec_push(p->a, &whens, pairs->at[i]);
        vec_push(p->a, &thens, pairs->at[i + 1]);
    }
    return at(p, node_new(p->a, Case, .operand = operand, .whens = whens, .thens = thens, .otherwise = otherwise), start);
}

Node *extract(SqlParser *p, const Token *field, Node *source, int start)
{
    Node *name = literal_string(p, plain_ident(p, field), field->text_len, field->start, field->stop);
    return function_of(p, "extract", list_add(p, list_one(p, name), source), start);
}

/* The functions of this name take the characters first: trim('x', s). */
Node *trim(SqlParser *p, const char *name, Node *characters, Node *source, int start)
{
    NodeList *args = characters ? list_add(p, list_one(p, characters), source) : list_one(p, source);
    return function_of(p, name, args, start);
}

/* ---------------------------------------------------------------- windows */
NodeList list_ascending(SqlParser *p, const NodeList *exprs)
{
    NodeList orders = { 0 };
    for (size_t i = 0; exprs && i < exprs->len; i++) {
        Node *e = exprs->at[i];
        vec_push(p->a, &orders, node_at(node_new(p->a, SortOrder, .child = e, .direction = SORT_ASC, .nulls = NULLS_DEFAULT), e->start, e->stop));
    }
    return orders;
}

/* `value` PRECEDING is -value: the number itself when it is one. */
static Node *opposite(SqlParser *p, Node *value)
{
    if (!node_is(Literal, value) || node_as(Literal, value)->value->is_null)
        return function1(p, "negative", value, value->start);
    const Literal *l = node_as(Literal, value);
    Value v = *l->value;
    if (type_is_integral(l->of) || type_is_ansi_interval(l->of))
        v.i = -v.i;
    else if (l->of->kind == TYPE_FLOAT || l->of->kind == TYPE_DOUBLE)
        v.f = -v.f;
    else
        return function1(p, "negative", value, value->start);
    return node_at(node_new(p->a, Literal, .value = arena_copy(p->a, &v, sizeof v), .of = l->of), value->start, value->stop);
}

/* One side: an UNBOUNDED FOLLOWING lower side, as in Spark's grammar, is kept for the binder to refuse. */
Node *frame_bound(SqlParser *p, FrameBound kind, Node *value, bool preceding)
{
    if (value && preceding)
        value = opposite(p, value);
    return at(p, node_new(p->a, Frame, .lower_kind = kind, .lower = value, .upper_kind = preceding ? 0 : 1),
        value ? value->start : p->tokens.at[p->at - 1].start);
}

Node *window_frame(SqlParser *p, FrameUnit unit, Node *lower, Node *upper, int start)
{
    const Frame *low = node_as(Frame, lower), *high = upper ? node_as(Frame, upper) : NULL;
    bool backward = high && high->upper_kind == 0 && high->lower_kind == BOUND_UNBOUNDED;
    if ((low->lower_kind == BOUND_UNBOUNDED && low->upper_kind == 1) || backward) {
        parser_fail(p, start, end_of_rule(p), "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND", "42K09",
            "The upper bound of a window frame does not follow its lower bound.");
    }
    return at(p, node_new(p->a, Frame, .unit = unit, .lower_kind = low->lower_kind, .lower = low->lower,
                         .upper_kind = high ? high->lower_kind : BOUND_CURRENT, .upper = high ? high->lower : NULL), start);
}
