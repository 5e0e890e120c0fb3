/* warehouse/query.c -- SELECT: WITH, TOP, FROM, GROUP BY, QUALIFY, set operations, ORDER BY, LIMIT. */
#include "warehouse/dialect_internal.h"

#include <stdio.h>

/* The engine's place of a system view that weir has; NULL: none. */
static const char *system_view(const char *schema, const char *table)
{
    static const char *const views[] = { "svv_tables", "svv_columns", "svv_table_info", "pg_table_def", "stl_load_errors", "stl_query", "stl_load_commits",
                                         "svv_all_schemas", "svv_schema_list", "svv_redshift_tables", "svv_redshift_columns", "stv_sessions",
                                         "svl_qlog", "pg_user", "pg_database", "stv_recents", "sys_load_error_detail", "sys_query_history", "dual" };
    if (schema && !str_eq(schema, "pg_catalog"))
        return NULL;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (str_eq(views[i], table))
            return views[i];
    }
    return NULL;
}

static bool clause_word(const char *word)
{
    static const char *const words[] = { "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "minus", "on", "using",
                                         "join", "left", "right", "full", "inner", "cross", "natural", "qualify", "when", "set", "with", "then", "for",
                                         "from", "as", "window", "fetch" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq(words[i], word))
            return true;
    }
    return false;
}

static Status parse_alias(Parser *p, bool *ret_alias, Error *err)
{
    const char *name = NULL;
    bool said = take_word(p, "as");
    const RsToken *t = peek(p, 0);
    *ret_alias = said || t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !clause_word(t->text));
    if (!*ret_alias)
        return ST_OK;
    TRY(need_name(p, &name, err));
    str_add(p->out, " AS ");
    dialect_quote_name(p->out, name);
    if (!take_sign(p, "("))
        return ST_OK;
    str_addc(p->out, '(');
    for (bool more = true; more;) {
        TRY(need_name(p, &name, err));
        dialect_quote_name(p->out, name);
        more = take_sign(p, ",");
        if (more)
            str_add(p->out, ", ");
    }
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

/* --- FROM --- */

static bool is_cte(const Parser *p, const char *name)
{
    for (size_t i = 0; i < p->ctes.len; i++) {
        if (str_eq(p->ctes.at[i], name))
            return true;
    }
    return false;
}

/* The view's text is read here, in its own words, as if it stood in parentheses. */
static Status put_late_view(Parser *p, const char *text, const char *name, Error *err)
{
    Parser inner = *p;
    TRY(parser_enter(p, err));
    inner.sql = text;
    inner.at = 0;
    inner.depth = p->depth;
    inner.ctes = (StrList){ 0 };
    TRY(dialect_lex(p->a, text, &inner.tokens, err));
    str_addc(p->out, '(');
    TRY(parse_query(&inner, err));
    p->scopes = inner.scopes;
    p->node_keys.at = inner.node_keys.at;
    p->node_keys.len = inner.node_keys.len;
    p->node_keys.cap = inner.node_keys.cap;
    parser_leave(p);
    str_addc(p->out, ')');
    if (peek(p, 0)->kind == TOKEN_WORD ? at_word(p, "as") || !clause_word(peek(p, 0)->text) : peek(p, 0)->kind == TOKEN_QUOTED)
        return ST_OK;
    str_add(p->out, " AS ");
    dialect_quote_name(p->out, name);
    return ST_OK;
}

static Status parse_table_name(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL, *text = NULL;
    TRY(need_table(p, &schema, &table, err));
    if (at_sign(p, "("))
        return FAIL(err, ST_UNSUPPORTED, "the table function %s is not supported", table);
    if (!schema && is_cte(p, table)) {
        dialect_quote_name(p->out, table);
        return ST_OK;
    }
    const char *view = system_view(schema, table);
    if (view) {
        str_addf(p->out, "weir_internal.%s", view);
        return ST_OK;
    }
    if (schema && (str_eq(schema, "weir_internal") || str_eq(schema, "pg_internal")))
        return FAIL(err, ST_INVALID, "permission denied for schema %s", schema);
    if ((schema && str_eq(schema, "pg_catalog")) || (!schema && (str_starts(table, "stl_") || str_starts(table, "stv_") || str_starts(table, "svv_") ||
                                                                str_starts(table, "svl_") || str_starts(table, "sys_") || str_starts(table, "svcs_"))))
        return FAIL(err, ST_UNSUPPORTED, "the system table %s is not supported", table);
    if (p->env->late_view)
        TRY(p->env->late_view(p->env->self, p->a, schema, table, &text, err));
    if (text)
        return put_late_view(p, text, table, err);
    put_table(p, p->out, schema, table);
    return ST_OK;
}

static Status parse_from_list(Parser *p, Error *err);

static Status parse_table(Parser *p, Error *err)
{
    bool alias = false;
    if (take_sign(p, "(")) {
        bool query = at_word(p, "select") || at_word(p, "with") || at_word(p, "values");
        str_addc(p->out, '(');
        TRY(parser_enter(p, err));
        TRY(query ? parse_query(p, err) : parse_from_list(p, err));
        parser_leave(p);
        TRY(need_sign(p, ")", err));
        str_addc(p->out, ')');
        TRY(parse_alias(p, &alias, err));
        if (query && !alias)
            return FAIL(err, ST_INVALID, "subquery in FROM must have an alias");
        return ST_OK;
    }
    TRY(parse_table_name(p, err));
    if (at_word(p, "pivot") || at_word(p, "unpivot"))
        return refuse(err, "PIVOT");
    return parse_alias(p, &alias, err);
}

static Status parse_join_condition(Parser *p, Error *err)
{
    if (take_word(p, "on")) {
        str_add(p->out, " ON ");
        return parse_expr(p, err);
    }
    const char *name = NULL;
    TRY(need_word(p, "using", err));
    TRY(need_sign(p, "(", err));
    str_add(p->out, " USING (");
    for (bool more = true; more;) {
        TRY(need_name(p, &name, err));
        dialect_quote_name(p->out, name);
        more = take_sign(p, ",");
        if (more)
            str_add(p->out, ", ");
    }
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status parse_joins(Parser *p, Error *err)
{
    TRY(parse_table(p, err));
    for (;;) {
        bool natural = take_word(p, "natural"), cross = take_word(p, "cross");
        const char *kind = take_word(p, "inner") ? "INNER" : take_word(p, "left") ? "LEFT" : take_word(p, "right") ? "RIGHT" : take_word(p, "full") ? "FULL" : NULL;
        if (kind && kind[0] != 'I')
            take_word(p, "outer");
        if (!natural && !cross && !kind && !at_word(p, "join"))
            return ST_OK;
        TRY(need_word(p, "join", err));
        str_addf(p->out, "%s%s %s JOIN ", natural ? " NATURAL" : "", cross ? " CROSS" : "", kind ? kind : "");
        TRY(parse_table(p, err));
        if (!natural && !cross)
            TRY(parse_join_condition(p, err));
    }
}

static Status parse_from_list(Parser *p, Error *err)
{
    for (;;) {
        TRY(parse_joins(p, err));
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

/* --- the select list --- */

static Status parse_exclude(Parser *p, Error *err)
{
    const char *name = NULL;
    if (!take_word(p, "exclude"))
        return ST_OK;
    bool list = take_sign(p, "(");
    str_add(p->out, " EXCLUDE (");
    do {
        TRY(need_name(p, &name, err));
        dialect_quote_name(p->out, name);
        if (list && at_sign(p, ","))
            str_addc(p->out, ',');
    } while (list && take_sign(p, ","));
    str_addc(p->out, ')');
    return list ? need_sign(p, ")", err) : ST_OK;
}

static Status parse_item(Parser *p, Error *err)
{
    const char *name = NULL;
    if (take_sign(p, "*")) {
        str_addc(p->out, '*');
        return parse_exclude(p, err);
    }
    if (peek(p, 1)->kind == TOKEN_SIGN && str_eq(peek(p, 1)->text, ".") && peek(p, 2)->kind == TOKEN_SIGN && str_eq(peek(p, 2)->text, "*")) {
        TRY(need_name(p, &name, err));
        p->at += 2;
        dialect_quote_name(p->out, name);
        str_add(p->out, ".*");
        return parse_exclude(p, err);
    }
    TRY(parse_expr(p, err));
    const RsToken *t = peek(p, 0);
    name = p->name;
    if (take_word(p, "as") || t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !clause_word(t->text) && !str_eq(t->text, "into")))
        TRY(need_name(p, &name, err));
    str_add(p->out, " AS ");
    dialect_quote_name(p->out, name);
    return ST_OK;
}

static Status parse_items(Parser *p, Error *err)
{
    for (;;) {
        TRY(parse_item(p, err));
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

/* --- the query --- */

static Status parse_group(Parser *p, Error *err)
{
    p->at++;
    TRY(need_word(p, "by", err));
    str_add(p->out, " GROUP BY ");
    if (take_word(p, "all")) {
        str_add(p->out, "ALL");
        return ST_OK;
    }
    for (;;) {
        bool rollup = at_word(p, "rollup"), cube = at_word(p, "cube"), sets = at_word(p, "grouping") && at_word2(p, 1, "sets");
        if (rollup || cube || sets)
            return refuse(err, "GROUP BY with ROLLUP, CUBE or GROUPING SETS");
        TRY(parse_expr(p, err));
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

typedef struct Core {
    int64_t top; /* -1: none */
} Core;

static Status parse_core(Parser *p, Core *core, Error *err)
{
    p->at++;
    str_add(p->out, "SELECT ");
    if (take_word(p, "distinct"))
        str_add(p->out, "DISTINCT ");
    else
        take_word(p, "all");
    if (at_word(p, "top") && peek(p, 1)->kind == TOKEN_NUMBER) {
        p->at++;
        TRY(need_int(p, &core->top, err));
    }
    TRY(parse_items(p, err));
    if (at_word(p, "into")) /* statement.c takes it away before, where it may stand */
        return FAIL(err, ST_UNSUPPORTED, "SELECT INTO is not allowed here");
    if (take_word(p, "from")) {
        str_add(p->out, " FROM ");
        TRY(parse_from_list(p, err));
    }
    if (take_word(p, "where")) {
        str_add(p->out, " WHERE ");
        TRY(parse_expr(p, err));
    }
    if (at_word(p, "start") || at_word(p, "connect"))
        return refuse(err, "CONNECT BY");
    if (at_word(p, "group"))
        TRY(parse_group(p, err));
    if (take_word(p, "having")) {
        str_add(p->out, " HAVING ");
        TRY(parse_expr(p, err));
    }
    if (take_word(p, "qualify")) {
        str_add(p->out, " QUALIFY ");
        TRY(parse_expr(p, err));
    }
    return ST_OK;
}

static Status parse_values(Parser *p, Error *err)
{
    p->at++;
    str_add(p->out, "VALUES ");
    for (;;) {
        TRY(need_sign(p, "(", err));
        str_addc(p->out, '(');
        TRY(parse_expr_list(p, err));
        TRY(need_sign(p, ")", err));
        str_addc(p->out, ')');
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

static Status parse_member(Parser *p, Core *core, Error *err)
{
    if (at_sign(p, "(")) {
        p->at++;
        str_addc(p->out, '(');
        TRY(parser_enter(p, err));
        TRY(parse_query(p, err));
        parser_leave(p);
        str_addc(p->out, ')');
        return need_sign(p, ")", err);
    }
    if (at_word(p, "values"))
        return parse_values(p, err);
    return at_word(p, "select") ? parse_core(p, core, err) : syntax_error(p, err);
}

static Status parse_with(Parser *p, Error *err)
{
    p->at++;
    bool recursive = take_word(p, "recursive");
    str_add(p->out, recursive ? "WITH RECURSIVE " : "WITH ");
    for (;;) {
        const char *name = NULL, *column = NULL;
        TRY(need_name(p, &name, err));
        if (recursive)
            vec_push(p->a, &p->ctes, name);
        dialect_quote_name(p->out, name);
        if (take_sign(p, "(")) {
            str_addc(p->out, '(');
            for (bool more = true; more;) {
                TRY(need_name(p, &column, err));
                dialect_quote_name(p->out, column);
                more = take_sign(p, ",");
                if (more)
                    str_addc(p->out, ',');
            }
            str_addc(p->out, ')');
            TRY(need_sign(p, ")", err));
        }
        TRY(need_word(p, "as", err));
        TRY(need_sign(p, "(", err));
        str_add(p->out, " AS (");
        TRY(parse_query(p, err));
        TRY(need_sign(p, ")", err));
        str_addc(p->out, ')');
        vec_push(p->a, &p->ctes, name);
        if (!take_sign(p, ","))
            break;
        str_add(p->out, ", ");
    }
    str_addc(p->out, ' ');
    return ST_OK;
}

static Status parse_query_order(Parser *p, Error *err)
{
    p->at++;
    TRY(need_word(p, "by", err));
    str_add(p->out, " ORDER BY ");
    return parse_order(p, err);
}

static Status parse_limit(Parser *p, const char *word, Error *err)
{
    int64_t count = 0;
    p->at++;
    if (str_eq(word, "LIMIT") && take_word(p, "all"))
        return ST_OK;
    if (peek(p, 0)->kind == TOKEN_PARAMETER) {
        const char *text = NULL;
        TRY(need_string(p, &text, err));
        if (!str_to_i64(text, &count))
            return FAIL(err, ST_INVALID, "invalid input syntax for integer: \"%s\"", text);
    } else {
        TRY(need_int(p, &count, err));
    }
    str_addf(p->out, " %s %lld", word, (long long)count);
    return ST_OK;
}

static Status parse_tail(Parser *p, const Core *core, Error *err)
{
    if (at_word(p, "order"))
        TRY(parse_query_order(p, err));
    if (core->top >= 0 && at_word(p, "limit"))
        return FAIL(err, ST_INVALID, "SELECT TOP and LIMIT cannot be used together");
    if (core->top >= 0)
        str_addf(p->out, " LIMIT %lld", (long long)core->top);
    for (int i = 0; i < 2; i++) {
        if (at_word(p, "limit"))
            TRY(parse_limit(p, "LIMIT", err));
        if (at_word(p, "offset"))
            TRY(parse_limit(p, "OFFSET", err));
    }
    return ST_OK;
}

static Status parse_query_inside(Parser *p, Error *err)
{
    Core core = { .top = -1 };
    if (at_word(p, "with"))
        TRY(parse_with(p, err));
    TRY(parse_member(p, &core, err));
    for (;;) {
        const char *op = take_word(p, "union") ? "UNION" : take_word(p, "intersect") ? "INTERSECT" : take_word(p, "except") || take_word(p, "minus") ? "EXCEPT" : NULL;
        if (!op)
            break;
        if (core.top >= 0)
            return refuse(err, "TOP in a member of a set operation");
        bool all = take_word(p, "all");
        if (!all)
            take_word(p, "distinct");
        str_addf(p->out, " %s%s ", op, all ? " ALL" : "");
        TRY(parse_member(p, &core, err));
        if (core.top >= 0)
            return refuse(err, "TOP in a member of a set operation");
    }
    return parse_tail(p, &core, err);
}

Status parse_query(Parser *p, Error *err)
{
    size_t scope = p->scope, ctes = p->ctes.len;
    p->scope = ++p->scopes;
    TRY(parser_enter(p, err));
    Status status = parse_query_inside(p, err);
    parser_leave(p);
    p->scope = scope;
    p->ctes.len = ctes;
    return status;
}
