/* warehouse/statement.c -- statements that read or change rows, transactions, settings; the rest is in ddl.c and copy_text.c. */
#include "warehouse/dialect_internal.h"

#include <stdlib.h>

/* What an assignment does: a text that is too long is an error, a number or a date is cast. */
void put_fitted(Str *out, const DialectColumn *column, const char *value)
{
    const char *open = column->type ? strchr(column->type, '(') : NULL;
    if (column->type && open && str_starts(column->type, "character varying"))
        str_addf(out, "rs_fit(CAST(%s AS VARCHAR), %ld)", value, strtol(open + 1, NULL, 10));
    else if (column->type && open && str_starts(column->type, "character"))
        str_addf(out, "rs_fit_char(CAST(%s AS VARCHAR), %ld)", value, strtol(open + 1, NULL, 10));
    else if (str_eq(column->engine_type, "DATE") && !str_eq(value, "NULL"))
        str_addf(out, "rs_date(%s)", value);
    else
        str_addf(out, "CAST(%s AS %s)", value, column->engine_type);
}

static Status no_relation(Error *err, const char *schema, const char *table)
{
    return FAIL(err, ST_INVALID, "relation \"%s%s%s\" does not exist", schema ? schema : "", schema ? "." : "", table);
}

static Status table_columns(Parser *p, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err)
{
    TRY(p->env->columns(p->env->self, p->a, schema, table, ret_columns, err));
    return ret_columns->len ? ST_OK : no_relation(err, schema, table);
}

static Status column_named(const DialectColumnList *columns, const char *name, const char *table, const DialectColumn **ret_column, Error *err)
{
    for (size_t i = 0; i < columns->len; i++) {
        if (str_eq(columns->at[i].name, name)) {
            *ret_column = &columns->at[i];
            return ST_OK;
        }
    }
    return FAIL(err, ST_INVALID, "column \"%s\" of relation \"%s\" does not exist", name, table);
}

/* --- INSERT --- */

typedef VEC(const DialectColumn *) Targets;

static Status parse_targets(Parser *p, const DialectColumnList *columns, const char *table, Targets *ret_targets, Error *err)
{
    const DialectColumn *column = NULL;
    const char *name = NULL;
    bool listed = at_sign(p, "(") && !at_word2(p, 1, "select") && !at_word2(p, 1, "with");
    if (!listed) {
        for (size_t i = 0; i < columns->len; i++)
            vec_push(p->a, ret_targets, &columns->at[i]);
        return ST_OK;
    }
    p->at++;
    do {
        TRY(need_name(p, &name, err));
        TRY(column_named(columns, name, table, &column, err));
        if (column->identity)
            return FAIL(err, ST_INVALID, "cannot set an identity column to a value");
        vec_push(p->a, ret_targets, column);
    } while (take_sign(p, ","));
    return need_sign(p, ")", err);
}

/* One row of VALUES, with DEFAULT by position; *ret_count is how many it has. */
static Status parse_row(Parser *p, const Targets *targets, size_t *ret_count, Error *err)
{
    size_t n = 0;
    TRY(need_sign(p, "(", err));
    str_addc(p->out, '(');
    do {
        const char *text = n < targets->len ? targets->at[n]->default_text : NULL;
        p->inserted = (StrList){ 0 };
        vec_push(p->a, &p->inserted, text);
        str_add(p->out, n ? ", " : "");
        TRY(parse_expr(p, err));
        n++;
    } while (take_sign(p, ","));
    p->inserted = (StrList){ 0 };
    str_addc(p->out, ')');
    *ret_count = n;
    return need_sign(p, ")", err);
}

static Status parse_rows(Parser *p, const Targets *targets, size_t *ret_count, Error *err)
{
    size_t first = 0, count = 0;
    p->at++;
    str_add(p->out, "VALUES ");
    do {
        str_add(p->out, first ? ", " : "");
        TRY(parse_row(p, targets, &count, err));
        if (first && count != first)
            return FAIL(err, ST_INVALID, "VALUES lists must all be the same length");
        first = count;
    } while (take_sign(p, ","));
    *ret_count = first;
    return ST_OK;
}

static void put_insert_head(Parser *p, const char *schema, const char *table, const Targets *targets, size_t count)
{
    str_add(p->out, "INSERT INTO ");
    put_table(p, p->out, schema, table);
    str_add(p->out, " (");
    for (size_t i = 0; i < count; i++) {
        str_add(p->out, i ? ", " : "");
        dialect_quote_name(p->out, targets->at[i]->name);
    }
    str_add(p->out, ") SELECT ");
    for (size_t i = 0; i < count; i++) {
        str_add(p->out, i ? ", " : "");
        put_fitted(p->out, targets->at[i], arena_printf(p->a, "q.c%zu", i));
    }
    str_add(p->out, " FROM (");
}

static Status parse_insert(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL;
    DialectColumnList columns = { 0 };
    Targets targets = { 0 };
    p->t->kind = STATEMENT_CHANGE;
    p->t->tag = "INSERT";
    p->at++;
    TRY(need_word(p, "into", err));
    TRY(need_table(p, &schema, &table, err));
    TRY(table_columns(p, schema, table, &columns, err));
    if (at_word(p, "default") && at_word2(p, 1, "values")) {
        p->at += 2;
        str_add(p->out, "INSERT INTO ");
        put_table(p, p->out, schema, table);
        str_add(p->out, " DEFAULT VALUES");
        return ST_OK;
    }
    TRY(parse_targets(p, &columns, table, &targets, err));
    size_t count = targets.len;
    str_auto source = STR_INIT(LIMIT_QUERY_TEXT);
    Str *before = p->out;
    p->out = &source;
    Status status = at_word(p, "values") ? parse_rows(p, &targets, &count, err) : parse_query(p, err);
    p->out = before;
    TRY(status);
    if (count > targets.len)
        return FAIL(err, ST_INVALID, "INSERT has more expressions than target columns");
    for (size_t i = 0; i < count; i++) {
        if (targets.at[i]->identity)
            return FAIL(err, ST_INVALID, "cannot set an identity column to a value");
    }
    put_insert_head(p, schema, table, &targets, count);
    str_add(p->out, str_text(&source));
    str_add(p->out, ") AS q(");
    for (size_t i = 0; i < count; i++)
        str_addf(p->out, "%sc%zu", i ? ", " : "", i);
    str_addc(p->out, ')');
    return ST_OK;
}

/* --- UPDATE, DELETE, MERGE, TRUNCATE --- */

static Status parse_assignments(Parser *p, const DialectColumnList *columns, const char *table, Error *err)
{
    const DialectColumn *column = NULL;
    const char *name = NULL, *value = NULL;
    for (;;) {
        TRY(need_name(p, &name, err));
        if (take_sign(p, "."))
            TRY(need_name(p, &name, err));
        TRY(column_named(columns, name, table, &column, err));
        TRY(need_sign(p, "=", err));
        dialect_quote_name(p->out, name);
        str_add(p->out, " = ");
        if (take_word(p, "default")) {
            str_add(p->out, column->default_text ? column->default_text : "NULL");
        } else {
            TRY(read_apart(p, parse_expr, &value, err));
            put_fitted(p->out, column, value);
        }
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

static Status parse_target_alias(Parser *p, Error *err)
{
    const char *alias = NULL;
    bool said = take_word(p, "as");
    if (!said && (peek(p, 0)->kind != TOKEN_WORD || at_word(p, "set") || at_word(p, "using") || at_word(p, "where")))
        return ST_OK;
    TRY(need_name(p, &alias, err));
    str_add(p->out, " AS ");
    dialect_quote_name(p->out, alias);
    return ST_OK;
}

static Status parse_from_tables(Parser *p, Error *err)
{
    /* FROM and USING take what a query's FROM does: read it as one and take the tables. */
    for (;;) {
        const char *schema = NULL, *table = NULL, *alias = NULL;
        if (take_sign(p, "(")) {
            str_addc(p->out, '(');
            TRY(parse_query(p, err));
            TRY(need_sign(p, ")", err));
            str_addc(p->out, ')');
        } else {
            TRY(need_table(p, &schema, &table, err));
            put_table(p, p->out, schema, table);
        }
        bool said = take_word(p, "as");
        if (said || (peek(p, 0)->kind == TOKEN_WORD && !at_word(p, "where") && !at_word(p, "on") && !at_word(p, "join") && !at_word(p, "left") &&
                     !at_word(p, "inner"))) {
            TRY(need_name(p, &alias, err));
            str_add(p->out, " AS ");
            dialect_quote_name(p->out, alias);
        }
        bool left = at_word(p, "left");
        if (at_word(p, "join") || at_word(p, "inner") || left) {
            p->at += left || at_word(p, "inner");
            take_word(p, "outer");
            TRY(need_word(p, "join", err));
            str_add(p->out, left ? " LEFT JOIN " : " JOIN ");
            TRY(need_table(p, &schema, &table, err));
            put_table(p, p->out, schema, table);
            if (take_word(p, "as") || !at_word(p, "on")) {
                TRY(need_name(p, &alias, err));
                str_add(p->out, " AS ");
                dialect_quote_name(p->out, alias);
            }
            TRY(need_word(p, "on", err));
            str_add(p->out, " ON ");
            TRY(parse_expr(p, err));
        }
        if (!take_sign(p, ","))
            return ST_OK;
        str_add(p->out, ", ");
    }
}

static Status parse_where(Parser *p, Error *err)
{
    if (!take_word(p, "where"))
        return ST_OK;
    str_add(p->out, " WHERE ");
    return parse_expr(p, err);
}

static Status parse_update(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL;
    DialectColumnList columns = { 0 };
    p->t->kind = STATEMENT_CHANGE;
    p->t->tag = "UPDATE";
    p->at++;
    TRY(need_table(p, &schema, &table, err));
    TRY(table_columns(p, schema, table, &columns, err));
    str_add(p->out, "UPDATE ");
    put_table(p, p->out, schema, table);
    TRY(parse_target_alias(p, err));
    TRY(need_word(p, "set", err));
    str_add(p->out, " SET ");
    TRY(parse_assignments(p, &columns, table, err));
    if (take_word(p, "from")) {
        str_add(p->out, " FROM ");
        TRY(parse_from_tables(p, err));
    }
    return parse_where(p, err);
}

static Status parse_delete(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL;
    p->t->kind = STATEMENT_CHANGE;
    p->t->tag = "DELETE";
    p->at++;
    take_word(p, "from");
    TRY(need_table(p, &schema, &table, err));
    str_add(p->out, "DELETE FROM ");
    put_table(p, p->out, schema, table);
    TRY(parse_target_alias(p, err));
    if (take_word(p, "using")) {
        str_add(p->out, " USING ");
        TRY(parse_from_tables(p, err));
    }
    return parse_where(p, err);
}

static Status parse_merge_insert(Parser *p, const DialectColumnList *columns, const char *table, Error *err)
{
    Targets targets = { 0 };
    const char *value = NULL;
    TRY(parse_targets(p, columns, table, &targets, err));
    TRY(need_word(p, "values", err));
    TRY(need_sign(p, "(", err));
    str_add(p->out, "INSERT (");
    for (size_t i = 0; i < targets.len; i++) {
        str_add(p->out, i ? ", " : "");
        dialect_quote_name(p->out, targets.at[i]->name);
    }
    str_add(p->out, ") VALUES (");
    size_t n = 0;
    do {
        if (n == targets.len)
            return FAIL(err, ST_INVALID, "INSERT has more expressions than target columns");
        TRY(read_apart(p, parse_expr, &value, err));
        str_add(p->out, n ? ", " : "");
        put_fitted(p->out, targets.at[n++], value);
    } while (take_sign(p, ","));
    if (n < targets.len)
        return FAIL(err, ST_INVALID, "INSERT has more target columns than expressions");
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status parse_merge(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL;
    DialectColumnList columns = { 0 };
    p->t->kind = STATEMENT_CHANGE;
    p->t->tag = "MERGE";
    p->at++;
    TRY(need_word(p, "into", err));
    TRY(need_table(p, &schema, &table, err));
    TRY(table_columns(p, schema, table, &columns, err));
    str_add(p->out, "MERGE INTO ");
    put_table(p, p->out, schema, table);
    TRY(need_word(p, "using", err));
    str_add(p->out, " USING ");
    TRY(parse_from_tables(p, err));
    TRY(need_word(p, "on", err));
    str_add(p->out, " ON (");
    TRY(parse_expr(p, err));
    str_addc(p->out, ')');
    if (at_word(p, "remove"))
        return refuse(err, "MERGE … REMOVE DUPLICATES");
    while (take_word(p, "when")) {
        bool missing = take_word(p, "not");
        TRY(need_word(p, "matched", err));
        TRY(need_word(p, "then", err));
        str_addf(p->out, " WHEN %sMATCHED THEN ", missing ? "NOT " : "");
        if (missing) {
            TRY(need_word(p, "insert", err));
            TRY(parse_merge_insert(p, &columns, table, err));
        } else if (take_word(p, "delete")) {
            str_add(p->out, "DELETE");
        } else {
            TRY(need_word(p, "update", err));
            TRY(need_word(p, "set", err));
            str_add(p->out, "UPDATE SET ");
            TRY(parse_assignments(p, &columns, table, err));
        }
    }
    return ST_OK;
}

static Status parse_truncate(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL;
    p->t->kind = STATEMENT_TRUNCATE;
    p->t->tag = "TRUNCATE";
    p->at++;
    take_word(p, "table");
    TRY(need_table(p, &schema, &table, err));
    str_add(p->out, "DELETE FROM ");
    put_table(p, p->out, schema, table);
    return ST_OK;
}

/* --- transactions and settings --- */

static Status rest_is_ignored(Parser *p)
{
    while (peek(p, 0)->kind != TOKEN_END && !at_sign(p, ";"))
        p->at++;
    return ST_OK;
}

static Status parse_transaction(Parser *p, Error *err)
{
    static const char *const begins[] = { "begin", "start" }, *const commits[] = { "commit", "end" };
    for (int i = 0; i < 2; i++) {
        if (at_word(p, begins[i]))
            p->t->kind = STATEMENT_BEGIN;
        if (at_word(p, commits[i]))
            p->t->kind = STATEMENT_COMMIT;
    }
    if (at_word(p, "rollback") || at_word(p, "abort"))
        p->t->kind = STATEMENT_ROLLBACK;
    p->t->tag = p->t->kind == STATEMENT_BEGIN ? "BEGIN" : p->t->kind == STATEMENT_COMMIT ? "COMMIT" : "ROLLBACK";
    p->at++;
    if (!take_word(p, "transaction"))
        take_word(p, "work");
    if (take_word(p, "isolation")) {
        TRY(need_word(p, "level", err));
        if (!take_word(p, "serializable") && !take_word(p, "snapshot"))
            return refuse(err, "an isolation level other than SERIALIZABLE and SNAPSHOT");
    }
    if (take_word(p, "read") && !take_word(p, "write"))
        return refuse(err, "a READ ONLY transaction");
    return ST_OK;
}

static Status parse_set(Parser *p, Error *err)
{
    static const char *const hints[] = { "query_group", "statement_timeout", "wlm_query_slot_count", "enable_result_cache_for_session",
                                         "enable_result_cache", "describe_field_name_in_uppercase", "analyze_threshold_percent", "datestyle" };
    const char *name = NULL;
    p->t->kind = STATEMENT_NOTHING;
    p->t->tag = "SET";
    p->at++;
    if (!take_word(p, "session"))
        take_word(p, "local");
    TRY(need_name(p, &name, err));
    if (!take_sign(p, "="))
        take_word(p, "to");
    if (str_eq(name, "search_path")) {
        str_auto path = STR_INIT(LIMIT_CONF_TEXT);
        p->t->kind = STATEMENT_DDL;
        do {
            const RsToken *t = peek(p, 0);
            bool user = (t->kind == TOKEN_STRING || t->kind == TOKEN_QUOTED) && str_eq(t->text, "$user");
            if (t->kind == TOKEN_END || t->kind == TOKEN_SIGN)
                return syntax_error(p, err);
            if (!user)
                str_addf(&path, "%s%s", path.len ? "," : "", t->text);
            p->at++;
        } while (take_sign(p, ","));
        str_add(p->out, "SET search_path = ");
        dialect_quote_text(p->out, str_text(&path));
        return ST_OK;
    }
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (str_eq(hints[i], name))
            return rest_is_ignored(p);
    }
    if (str_eq(name, "timezone") && (str_ieq(peek(p, 0)->text, "utc") || str_ieq(peek(p, 0)->text, "default")))
        return rest_is_ignored(p);
    return FAIL(err, ST_UNSUPPORTED, "SET %s is not supported", name);
}

static Status parse_show(Parser *p, Error *err)
{
    p->at++;
    p->t->tag = "SHOW";
    if (take_word(p, "search_path")) {
        str_add(p->out, "SELECT CASE current_setting('search_path') WHEN '' THEN '\"$user\", public' ELSE current_setting('search_path') END AS search_path");
        return ST_OK;
    }
    if (take_word(p, "timezone")) {
        str_add(p->out, "SELECT 'UTC' AS timezone");
        return ST_OK;
    }
    return FAIL(err, ST_UNSUPPORTED, "SHOW %s is not supported", peek(p, 0)->text);
}

static Status parse_nothing(Parser *p, const char *tag)
{
    p->t->kind = STATEMENT_NOTHING;
    p->t->tag = tag;
    return rest_is_ignored(p);
}

/* SELECT … INTO [TEMP] t FROM …: CREATE TABLE t AS SELECT … FROM …; the words between go. */
static Status take_into(Parser *p, bool *ret_into, Error *err)
{
    int depth = 0;
    *ret_into = false;
    for (size_t i = p->at; i < p->tokens.len; i++) {
        const RsToken *t = &p->tokens.at[i];
        if (t->kind == TOKEN_SIGN)
            depth += str_eq(t->text, "(") - str_eq(t->text, ")");
        if (depth || t->kind != TOKEN_WORD || !str_eq(t->text, "into"))
            continue;
        const char *schema = NULL, *table = NULL;
        size_t start = p->at;
        p->at = i + 1;
        bool temporary = take_word(p, "temp") || take_word(p, "temporary");
        take_word(p, "table");
        TRY(need_table(p, &schema, &table, err));
        str_addf(p->out, "CREATE %sTABLE ", temporary || table[0] == '#' ? "TEMP " : "");
        put_table(p, p->out, schema, table);
        str_add(p->out, " AS ");
        size_t gone = p->at - i;
        memmove(&p->tokens.at[i], &p->tokens.at[p->at], (p->tokens.len - p->at) * sizeof *p->tokens.at);
        p->tokens.len -= gone;
        p->at = start;
        *ret_into = true;
        return ST_OK;
    }
    return ST_OK;
}

static Status parse_select(Parser *p, Error *err)
{
    bool into = false;
    TRY(take_into(p, &into, err));
    p->t->kind = into ? STATEMENT_CHANGE : STATEMENT_QUERY;
    p->t->tag = into ? "CREATE TABLE AS" : "SELECT";
    return parse_query(p, err);
}

Status parse_statement(Parser *p, Error *err)
{
    static const struct {
        const char *word;
        Status (*parse)(Parser *p, Error *err);
    } statements[] = { { "select", parse_select }, { "with", parse_select }, { "values", parse_select }, { "insert", parse_insert }, { "update", parse_update },
                       { "delete", parse_delete }, { "merge", parse_merge }, { "truncate", parse_truncate }, { "create", parse_create },
                       { "alter", parse_alter }, { "drop", parse_drop }, { "copy", parse_copy }, { "unload", parse_unload }, { "begin", parse_transaction },
                       { "start", parse_transaction }, { "commit", parse_transaction }, { "end", parse_transaction }, { "rollback", parse_transaction },
                       { "abort", parse_transaction }, { "set", parse_set }, { "show", parse_show } };
    static const char *const nothing[][2] = { { "grant", "GRANT" }, { "revoke", "REVOKE" }, { "vacuum", "VACUUM" }, { "analyze", "ANALYZE" }, { "reset", "RESET" } };
    if (peek(p, 0)->kind == TOKEN_END)
        return FAIL(err, ST_INVALID, "the statement is empty");
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (at_word(p, statements[i].word))
            return statements[i].parse(p, err);
    }
    if (at_sign(p, "("))
        return parse_select(p, err);
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        if (at_word(p, nothing[i][0]))
            return parse_nothing(p, nothing[i][1]);
    }
    static const char *const known[] = { "explain", "call", "prepare", "execute", "deallocate", "declare", "fetch", "close", "lock", "comment", "refresh",
                                         "cancel", "attach", "detach", "use", "copy" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (at_word(p, known[i]))
            return FAIL(err, ST_UNSUPPORTED, "%s is not supported", known[i]);
    }
    return syntax_error(p, err);
}
