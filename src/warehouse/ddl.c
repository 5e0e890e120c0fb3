/* warehouse/ddl.c -- CREATE, ALTER and DROP. What the engine has no place for (a declared type, an encoding, keys) is a comment of
 * the column or the table, as JSON: it moves and goes with it. */
#include "warehouse/dialect_internal.h"
#include "wire/val.h"

typedef struct NewColumn {
    const char *name, *canonical, *engine, *default_text, *encode;
    bool not_null, distkey, sortkey, identity, always, primary;
    int64_t seed, step;
} NewColumn;

typedef struct NewTable {
    const char *schema, *name, *diststyle, *sortstyle;
    bool temporary, if_not_exists;
    VEC(NewColumn) columns;
    StrList sortkeys;
} NewTable;

/* --- the parts of CREATE TABLE --- */

static Status parse_reference(Parser *p, Error *err)
{
    const char *schema = NULL, *table = NULL, *column = NULL;
    TRY(need_table(p, &schema, &table, err));
    if (!take_sign(p, "("))
        return ST_OK;
    do
        TRY(need_name(p, &column, err));
    while (take_sign(p, ","));
    return need_sign(p, ")", err);
}

static Status parse_identity(Parser *p, NewColumn *c, Error *err)
{
    c->identity = true;
    c->seed = c->step = 1;
    if (!take_sign(p, "("))
        return ST_OK;
    TRY(need_int(p, &c->seed, err));
    TRY(need_sign(p, ",", err));
    TRY(need_int(p, &c->step, err));
    return need_sign(p, ")", err);
}

static Status parse_column_attribute(Parser *p, NewColumn *c, bool *ret_any, Error *err)
{
    *ret_any = true;
    if (take_word(p, "default"))
        return read_apart(p, parse_expr, &c->default_text, err);
    if (take_word(p, "identity")) {
        c->always = true;
        return parse_identity(p, c, err);
    }
    if (take_word(p, "generated")) {
        c->always = take_word(p, "always");
        if (!c->always) {
            TRY(need_word(p, "by", err));
            TRY(need_word(p, "default", err));
        }
        TRY(need_word(p, "as", err));
        TRY(need_word(p, "identity", err));
        return parse_identity(p, c, err);
    }
    if (take_word(p, "encode"))
        return need_name(p, &c->encode, err);
    if (take_word(p, "distkey")) {
        c->distkey = true;
        return ST_OK;
    }
    if (take_word(p, "sortkey")) {
        c->sortkey = true;
        return ST_OK;
    }
    if (take_word(p, "not")) {
        c->not_null = true;
        return need_word(p, "null", err);
    }
    if (take_word(p, "null") || take_word(p, "unique"))
        return ST_OK;
    if (take_word(p, "primary")) {
        c->primary = c->not_null = true;
        return need_word(p, "key", err);
    }
    if (take_word(p, "references"))
        return parse_reference(p, err);
    if (at_word(p, "collate") || at_word(p, "masked"))
        return FAIL(err, ST_UNSUPPORTED, "%s of a column is not supported", peek(p, 0)->text);
    *ret_any = false;
    return ST_OK;
}

static Status parse_new_column(Parser *p, NewColumn *ret_column, Error *err)
{
    NewColumn c = { 0 };
    bool any = true;
    TRY(need_name(p, &c.name, err));
    TRY(parse_type(p, &c.canonical, &c.engine, err));
    while (any)
        TRY(parse_column_attribute(p, &c, &any, err));
    *ret_column = c;
    return ST_OK;
}

static Status parse_name_list(Parser *p, StrList *ret_names, Error *err)
{
    const char *name = NULL;
    TRY(need_sign(p, "(", err));
    do {
        TRY(need_name(p, &name, err));
        vec_push(p->a, ret_names, name);
    } while (take_sign(p, ","));
    return need_sign(p, ")", err);
}

/* PRIMARY KEY (…), UNIQUE (…), FOREIGN KEY (…) REFERENCES …: not enforced, as in Redshift; a primary key's columns are NOT NULL. */
static Status parse_table_constraint(Parser *p, NewTable *t, bool *ret_any, Error *err)
{
    const char *name = NULL;
    StrList names = { 0 };
    if (take_word(p, "constraint"))
        TRY(need_name(p, &name, err));
    bool primary = at_word(p, "primary"), unique = at_word(p, "unique"), foreign = at_word(p, "foreign");
    *ret_any = primary || unique || foreign;
    if (!*ret_any)
        return ST_OK;
    p->at++;
    if (!unique)
        TRY(need_word(p, "key", err));
    TRY(parse_name_list(p, &names, err));
    for (size_t i = 0; primary && i < names.len; i++) {
        for (size_t j = 0; j < t->columns.len; j++)
            t->columns.at[j].not_null |= str_eq(t->columns.at[j].name, names.at[i]);
    }
    if (!foreign)
        return ST_OK;
    TRY(need_word(p, "references", err));
    return parse_reference(p, err);
}

static Status parse_like_table(Parser *p, NewTable *t, Error *err)
{
    const char *schema = NULL, *table = NULL;
    bool defaults = false;
    DialectColumnList columns = { 0 };
    p->at++;
    TRY(need_table(p, &schema, &table, err));
    TRY(p->env->columns(p->env->self, p->a, schema, table, &columns, err));
    if (!columns.len)
        return FAIL(err, ST_INVALID, "relation \"%s\" does not exist", table);
    while (at_word(p, "including") || at_word(p, "excluding")) {
        defaults = take_word(p, "including");
        p->at += !defaults;
        TRY(need_word(p, "defaults", err));
    }
    for (size_t i = 0; i < columns.len; i++) {
        const DialectColumn *from = &columns.at[i];
        NewColumn c = { .name = from->name, .canonical = from->type, .engine = from->engine_type, .default_text = defaults && !from->identity ? from->default_text : NULL };
        vec_push(p->a, &t->columns, c);
    }
    return ST_OK;
}

static Status parse_elements(Parser *p, NewTable *t, Error *err)
{
    p->at++;
    do {
        bool constraint = false;
        NewColumn column;
        if (at_word(p, "like")) {
            TRY(parse_like_table(p, t, err));
            continue;
        }
        TRY(parse_table_constraint(p, t, &constraint, err));
        if (constraint)
            continue;
        TRY(parse_new_column(p, &column, err));
        vec_push(p->a, &t->columns, column);
    } while (take_sign(p, ","));
    return need_sign(p, ")", err);
}

static Status parse_table_attributes(Parser *p, NewTable *t, Error *err)
{
    const char *name = NULL;
    for (;;) {
        StrList names = { 0 };
        if (take_word(p, "backup")) {
            if (!take_word(p, "yes"))
                TRY(need_word(p, "no", err));
        } else if (take_word(p, "diststyle")) {
            TRY(need_name(p, &t->diststyle, err));
            if (!str_eq(t->diststyle, "auto") && !str_eq(t->diststyle, "even") && !str_eq(t->diststyle, "key") && !str_eq(t->diststyle, "all"))
                return FAIL(err, ST_INVALID, "invalid DISTSTYLE \"%s\"", t->diststyle);
        } else if (take_word(p, "distkey")) {
            TRY(parse_name_list(p, &names, err));
            bool found = t->columns.len == 0;
            for (size_t i = 0; i < t->columns.len; i++) {
                t->columns.at[i].distkey |= str_eq(t->columns.at[i].name, names.at[0]);
                found |= t->columns.at[i].distkey;
            }
            if (!found)
                return FAIL(err, ST_INVALID, "column \"%s\" named in DISTKEY does not exist", names.at[0]);
        } else if (at_word(p, "compound") || at_word(p, "interleaved") || at_word(p, "sortkey")) {
            t->sortstyle = take_word(p, "interleaved") ? "interleaved" : (take_word(p, "compound"), "compound");
            TRY(need_word(p, "sortkey", err));
            if (!take_word(p, "auto"))
                TRY(parse_name_list(p, &t->sortkeys, err));
            for (size_t i = 0; i < t->sortkeys.len && t->columns.len; i++) {
                bool found = false;
                for (size_t j = 0; j < t->columns.len; j++)
                    found |= str_eq(t->columns.at[j].name, t->sortkeys.at[i]);
                if (!found)
                    return FAIL(err, ST_INVALID, "column \"%s\" named in SORTKEY does not exist", t->sortkeys.at[i]);
            }
        } else if (take_word(p, "encode")) {
            TRY(need_name(p, &name, err));
        } else {
            return ST_OK;
        }
    }
}

/* --- writing it --- */

static void put_comment(Parser *p, const char *what, const NewTable *t, const char *column, const Val *body)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    str_addf(&text, "COMMENT ON %s ", what);
    put_table(p, &text, t->schema, t->name);
    if (column) {
        str_addc(&text, '.');
        dialect_quote_name(&text, column);
    }
    str_add(&text, " IS ");
    dialect_quote_text(&text, val_to_json(p->a, body));
    add_sql(p, &text);
}

static int64_t sort_position(const NewTable *t, const NewColumn *c)
{
    for (size_t i = 0; i < t->sortkeys.len; i++) {
        if (str_eq(t->sortkeys.at[i], c->name))
            return (int64_t)i + 1;
    }
    return c->sortkey ? 1 : 0;
}

static void put_column_comment(Parser *p, const NewTable *t, const NewColumn *c)
{
    Val *body = val_map(p->a);
    val_set_str(p->a, body, "type", c->canonical);
    val_set_str(p->a, body, "encode", c->encode ? c->encode : "none");
    val_set_bool(p->a, body, "distkey", c->distkey);
    val_set_int(p->a, body, "sortkey", sort_position(t, c));
    val_set_bool(p->a, body, "identity", c->identity && c->always);
    put_comment(p, "COLUMN", t, c->name, body);
}

static void put_table_comment(Parser *p, const NewTable *t)
{
    bool key = false;
    for (size_t i = 0; i < t->columns.len; i++)
        key |= t->columns.at[i].distkey;
    Val *body = val_map(p->a);
    val_set_str(p->a, body, "diststyle", t->diststyle ? t->diststyle : key ? "key" : "auto");
    val_set_str(p->a, body, "sortstyle", t->sortstyle);
    put_comment(p, "TABLE", t, NULL, body);
}

static void put_column(Parser *p, Str *out, const NewTable *t, const NewColumn *c)
{
    dialect_quote_name(out, c->name);
    str_addf(out, " %s", c->engine);
    if (c->identity) {
        str_auto sequence = STR_INIT(LIMIT_QUERY_TEXT);
        const char *name = arena_printf(p->a, "%s.%s.%s", t->schema ? t->schema : "", t->name, c->name);
        str_auto make = STR_INIT(LIMIT_QUERY_TEXT);
        str_add(&sequence, t->temporary ? "" : "weir_internal.");
        dialect_quote_name(&sequence, name);
        str_addf(&make, "CREATE OR REPLACE %sSEQUENCE %s START %lld INCREMENT %lld MINVALUE -9223372036854775807", t->temporary ? "TEMP " : "",
                 str_text(&sequence), (long long)c->seed, (long long)c->step);
        add_sql(p, &make);
        str_add(out, " DEFAULT nextval(");
        dialect_quote_text(out, str_text(&sequence));
        str_addc(out, ')');
    } else if (c->default_text) {
        str_addf(out, " DEFAULT (%s)", c->default_text);
    }
    if (c->not_null || c->identity)
        str_add(out, " NOT NULL");
}

static Status put_new_table(Parser *p, const NewTable *t, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    if (!t->columns.len)
        return FAIL(err, ST_INVALID, "a table needs a column");
    str_addf(&text, "CREATE %sTABLE %s", t->temporary ? "TEMP " : "", t->if_not_exists ? "IF NOT EXISTS " : "");
    put_table(p, &text, t->schema, t->name);
    str_add(&text, " (");
    for (size_t i = 0; i < t->columns.len; i++) {
        str_add(&text, i ? ", " : "");
        put_column(p, &text, t, &t->columns.at[i]);
    }
    str_addc(&text, ')');
    add_sql(p, &text);
    for (size_t i = 0; i < t->columns.len; i++)
        put_column_comment(p, t, &t->columns.at[i]);
    put_table_comment(p, t);
    return ST_OK;
}

static bool take_if_not_exists(Parser *p)
{
    if (!at_word(p, "if") || !at_word2(p, 1, "not"))
        return false;
    p->at += 3;
    return true;
}

static Status parse_create_table(Parser *p, bool temporary, Error *err)
{
    NewTable t = { .temporary = temporary };
    DialectColumnList there = { 0 };
    p->at++;
    p->t->kind = STATEMENT_DDL;
    p->t->tag = "CREATE TABLE";
    t.if_not_exists = take_if_not_exists(p);
    TRY(need_table(p, &t.schema, &t.name, err));
    t.temporary |= t.name[0] == '#';
    if (t.if_not_exists) {
        TRY(p->env->columns(p->env->self, p->a, t.schema, t.name, &there, err));
        if (there.len)
            p->t->kind = STATEMENT_NOTHING;
    }
    if (at_sign(p, "(") && !at_word2(p, 1, "select") && !at_word2(p, 1, "with")) {
        TRY(parse_elements(p, &t, err));
        if (!at_word(p, "as")) {
            TRY(parse_table_attributes(p, &t, err));
            return p->t->kind == STATEMENT_NOTHING ? ST_OK : put_new_table(p, &t, err);
        }
    }
    TRY(parse_table_attributes(p, &t, err));
    TRY(need_word(p, "as", err));
    if (t.columns.len)
        return refuse(err, "CREATE TABLE with column definitions AS a query");
    p->t->tag = "CREATE TABLE AS";
    p->t->kind = STATEMENT_CHANGE;
    str_addf(p->out, "CREATE %sTABLE %s", t.temporary ? "TEMP " : "", t.if_not_exists ? "IF NOT EXISTS " : "");
    put_table(p, p->out, t.schema, t.name);
    str_add(p->out, " AS ");
    TRY(parse_query(p, err));
    str_auto make = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&make, str_text(p->out));
    str_clear(p->out);
    add_sql(p, &make);
    put_table_comment(p, &t);
    return ST_OK;
}

static Status parse_create_view(Parser *p, bool replace, Error *err)
{
    const char *schema = NULL, *name = NULL;
    StrList columns = { 0 };
    p->at++;
    p->t->kind = STATEMENT_DDL;
    p->t->tag = "CREATE VIEW";
    TRY(need_table(p, &schema, &name, err));
    if (at_sign(p, "("))
        TRY(parse_name_list(p, &columns, err));
    TRY(need_word(p, "as", err));
    size_t start = p->at, probe = p->at;
    while (p->tokens.at[probe].kind != TOKEN_END && !(p->tokens.at[probe].kind == TOKEN_WORD && str_eq(p->tokens.at[probe].text, "with") &&
                                                      str_eq(p->tokens.at[probe + 1].text, "no")))
        probe++;
    bool late = p->tokens.at[probe].kind != TOKEN_END;
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    if (late) {
        if (columns.len)
            return refuse(err, "a late-binding view with a column list");
        if (!schema)
            return FAIL(err, ST_INVALID, "late-binding views must be created with a schema: \"%s\" has none", name);
        size_t from = p->tokens.at[start].at, to = p->tokens.at[probe].at;
        str_addf(&text, "INSERT %sINTO weir_internal.late_view(schema_name, view_name, definition) VALUES (", replace ? "OR REPLACE " : "");
        dialect_quote_text(&text, schema);
        str_add(&text, ", ");
        dialect_quote_text(&text, name);
        str_add(&text, ", ");
        dialect_quote_text(&text, arena_strn(p->a, p->sql + from, to - from));
        str_addc(&text, ')');
        add_sql(p, &text);
        p->at = probe + 2;
        TRY(need_word(p, "schema", err));
        return need_word(p, "binding", err);
    }
    str_addf(p->out, "CREATE %sVIEW ", replace ? "OR REPLACE " : "");
    put_table(p, p->out, schema, name);
    for (size_t i = 0; i < columns.len; i++) {
        str_add(p->out, i ? ", " : "(");
        dialect_quote_name(p->out, columns.at[i]);
    }
    str_add(p->out, columns.len ? ") AS " : " AS ");
    return parse_query(p, err);
}

static Status parse_create_schema(Parser *p, Error *err)
{
    const char *name = NULL;
    p->at++;
    p->t->kind = STATEMENT_DDL;
    p->t->tag = "CREATE SCHEMA";
    bool exists_ok = take_if_not_exists(p);
    TRY(need_name(p, &name, err));
    if (take_word(p, "authorization"))
        TRY(need_name(p, &name, err));
    str_addf(p->out, "CREATE SCHEMA %s", exists_ok ? "IF NOT EXISTS " : "");
    dialect_quote_name(p->out, name);
    return ST_OK;
}

Status parse_create(Parser *p, Error *err)
{
    p->at++;
    bool replace = at_word(p, "or") && at_word2(p, 1, "replace");
    p->at += replace ? 2 : 0;
    bool temporary = take_word(p, "temp") || take_word(p, "temporary");
    if (take_word(p, "local"))
        temporary = take_word(p, "temp") || take_word(p, "temporary");
    if (at_word(p, "table"))
        return parse_create_table(p, temporary, err);
    if (at_word(p, "view"))
        return parse_create_view(p, replace, err);
    if (at_word(p, "schema"))
        return parse_create_schema(p, err);
    return FAIL(err, ST_UNSUPPORTED, "CREATE %s is not supported", peek(p, 0)->text);
}

/* --- ALTER TABLE --- */

static Status parse_alter_column(Parser *p, NewTable *t, Error *err)
{
    NewColumn c = { 0 };
    take_word(p, "column");
    TRY(need_name(p, &c.name, err));
    if (take_word(p, "encode")) {
        TRY(need_name(p, &c.encode, err));
        p->t->kind = STATEMENT_NOTHING;
        return ST_OK;
    }
    TRY(need_word(p, "type", err));
    TRY(parse_type(p, &c.canonical, &c.engine, err));
    if (!str_eq(c.engine, "VARCHAR"))
        return FAIL(err, ST_UNSUPPORTED, "ALTER COLUMN TYPE of other than VARCHAR is not supported");
    put_column_comment(p, t, &c);
    return ST_OK;
}

static Status parse_add_column(Parser *p, NewTable *t, Error *err)
{
    NewColumn c;
    if (at_word(p, "constraint") || at_word(p, "primary") || at_word(p, "unique") || at_word(p, "foreign")) {
        bool any = false;
        p->t->kind = STATEMENT_NOTHING;
        return parse_table_constraint(p, t, &any, err);
    }
    take_word(p, "column");
    TRY(parse_new_column(p, &c, err));
    if (c.identity)
        return FAIL(err, ST_UNSUPPORTED, "ADD COLUMN with IDENTITY is not supported");
    if (c.not_null && !c.default_text)
        return FAIL(err, ST_INVALID, "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression");
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&text, "ALTER TABLE ");
    put_table(p, &text, t->schema, t->name);
    str_add(&text, " ADD COLUMN ");
    c.not_null = false;
    put_column(p, &text, t, &c);
    add_sql(p, &text);
    put_column_comment(p, t, &c);
    return ST_OK;
}

Status parse_alter(Parser *p, Error *err)
{
    NewTable t = { 0 };
    const char *a = NULL, *b = NULL;
    p->at++;
    p->t->kind = STATEMENT_DDL;
    p->t->tag = "ALTER TABLE";
    if (!take_word(p, "table"))
        return FAIL(err, ST_UNSUPPORTED, "ALTER %s is not supported", peek(p, 0)->text);
    TRY(need_table(p, &t.schema, &t.name, err));
    if (take_word(p, "add"))
        return parse_add_column(p, &t, err);
    if (take_word(p, "alter")) {
        if (at_word(p, "diststyle") || at_word(p, "distkey") || at_word(p, "sortkey") || at_word(p, "compound") || at_word(p, "encode")) {
            p->t->kind = STATEMENT_NOTHING;
            return parse_table_attributes(p, &t, err);
        }
        return parse_alter_column(p, &t, err);
    }
    str_add(p->out, "ALTER TABLE ");
    put_table(p, p->out, t.schema, t.name);
    if (take_word(p, "drop")) {
        take_word(p, "column");
        TRY(need_name(p, &a, err));
        if (!take_word(p, "cascade"))
            take_word(p, "restrict");
        str_add(p->out, " DROP COLUMN ");
        dialect_quote_name(p->out, a);
        return ST_OK;
    }
    if (!take_word(p, "rename"))
        return FAIL(err, ST_UNSUPPORTED, "ALTER TABLE … %s is not supported", peek(p, 0)->text);
    if (take_word(p, "to")) {
        TRY(need_name(p, &a, err));
        str_add(p->out, " RENAME TO ");
        dialect_quote_name(p->out, a);
        return ST_OK;
    }
    take_word(p, "column");
    TRY(need_name(p, &a, err));
    TRY(need_word(p, "to", err));
    TRY(need_name(p, &b, err));
    str_add(p->out, " RENAME COLUMN ");
    dialect_quote_name(p->out, a);
    str_add(p->out, " TO ");
    dialect_quote_name(p->out, b);
    return ST_OK;
}

/* --- DROP --- */

static Status drop_one(Parser *p, const char *what, bool if_exists, Error *err)
{
    const char *schema = NULL, *name = NULL, *late = NULL;
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(need_table(p, &schema, &name, err));
    if (str_eq(what, "VIEW") && p->env->late_view)
        TRY(p->env->late_view(p->env->self, p->a, schema, name, &late, err));
    if (late) {
        str_add(&text, "DELETE FROM weir_internal.late_view WHERE view_name = ");
        dialect_quote_text(&text, name);
        str_add(&text, " AND schema_name = ");
        dialect_quote_text(&text, schema ? schema : "public");
    } else {
        str_addf(&text, "DROP %s %s", what, if_exists ? "IF EXISTS " : "");
        put_table(p, &text, schema, name);
    }
    add_sql(p, &text);
    return ST_OK;
}

Status parse_drop(Parser *p, Error *err)
{
    p->at++;
    p->t->kind = STATEMENT_DDL;
    const char *what = take_word(p, "table") ? "TABLE" : take_word(p, "view") ? "VIEW" : take_word(p, "schema") ? "SCHEMA" : NULL;
    if (!what)
        return FAIL(err, ST_UNSUPPORTED, "DROP %s is not supported", peek(p, 0)->text);
    p->t->tag = arena_printf(p->a, "DROP %s", what);
    bool if_exists = take_word(p, "if");
    if (if_exists)
        TRY(need_word(p, "exists", err));
    do
        TRY(drop_one(p, what, if_exists, err));
    while (take_sign(p, ","));
    bool cascade = take_word(p, "cascade");
    if (!cascade)
        take_word(p, "restrict");
    if (cascade && str_eq(what, "SCHEMA")) {
        for (size_t i = 0; i < p->t->sql.len; i++)
            p->t->sql.at[i] = arena_printf(p->a, "%s CASCADE", p->t->sql.at[i]);
    }
    return ST_OK;
}
