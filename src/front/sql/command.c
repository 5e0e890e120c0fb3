/* front/sql/command.c -- INSERT, MERGE, ALTER, SHOW and their like as ir nodes. Source: AstBuilder, SparkSqlAstBuilder. */
#include "front/sql/command.h"

#include "front/sql/grammar.h"

/* ---------------------------------------------------------------- INSERT */
Insert *insert_new(SqlParser *p, int start, bool overwrite, StrList *table, KeyValueList *options, NodeList *partition,
    bool if_not_exists)
{
    Insert *i = ARENA_NEW(p->a, Insert);
    *i = (Insert){ .start = start, .overwrite = overwrite, .if_not_exists = if_not_exists, .table = table, .options = options,
        .partition = partition };
    if (if_not_exists && !overwrite)
        parser_fail(p, start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: INSERT INTO ... IF NOT EXISTS.");
    return i;
}

Node *insert_query(SqlParser *p, const Insert *i, Node *query)
{
    WriteTable w = { .table = *i->table, .partition_values = list_of(i->partition), .columns = names_of(i->columns) };
    if (i->options)
        w.options = *i->options;
    return at(p, node_new(p->a, WriteTable, .input = query, .table = w.table, .mode = i->overwrite ? SAVE_OVERWRITE : SAVE_APPEND,
                         .action = i->replace_where ? TABLE_OVERWRITE : TABLE_INSERT, .options = w.options,
                         .partition_values = w.partition_values, .overwrite_condition = i->replace_where, .columns = w.columns,
                         .by_name = i->by_name, .if_not_exists = i->if_not_exists), i->start);
}

Node *insert_directory(SqlParser *p, const char *path, const char *format, KeyValueList *options, Node *query, int start)
{
    KeyValueList none = { 0 };
    return at(p, node_new(p->a, WriteFiles, .input = query, .format = format, .path = path, .mode = SAVE_OVERWRITE,
                         .options = options ? *options : none), start);
}

/* ---------------------------------------------------------------- values and assignments */
bool is_default_word(const Node *n)
{
    if (!node_is(Attribute, n) || node_as(Attribute, n)->name.len != 1)
        return false;
    bool quoted = n->stop - n->start + 1 > 7;
    return !quoted && str_ieq(node_as(Attribute, n)->name.at[0], "default");
}

static Node *or_default(SqlParser *p, Node *value)
{
    return is_default_word(value) ? node_at(node_new(p->a, Default, .unused = false), value->start, value->stop) : value;
}

Node *assignment_of(SqlParser *p, Node *target, Node *value)
{
    return at(p, node_new(p->a, Assignment, .target = target, .value = or_default(p, value)), target->start);
}

Node *partition_value(SqlParser *p, const char *column, Node *value)
{
    int last = end_of_rule(p);
    Node *target = attribute_named(p, column, value ? value->start : last, last);
    return at(p, node_new(p->a, Assignment, .target = target, .value = value), target->start);
}

/* ---------------------------------------------------------------- MERGE */
Node *merge_clause(SqlParser *p, const char *when, Node *condition, const char *action, NodeList *assignments)
{
    return at(p, node_new(p->a, MergeClause, .when = when, .condition = condition, .action = action, .assignments = list_of(assignments)),
        p->tokens.at[p->at - 1].start);
}

NodeList *merge_insert(SqlParser *p, NodeList *columns, NodeList *values)
{
    NodeList *list = list_new(p);
    if (columns->len != values->len) {
        parser_fail(p, columns->at[0]->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0006", "",
            "The number of inserted values cannot match the fields.");
        return list;
    }
    for (size_t i = 0; i < columns->len; i++)
        list_add(p, list, assignment_of(p, columns->at[i], values->at[i]));
    return list;
}

/* ---------------------------------------------------------------- ALTER, SHOW, COMMENT, USE */
Node *alter(SqlParser *p, const char *what, StrList *name, const char *action, StrList *arguments, NodeList *columns,
    KeyValueList *properties, NodeList *partition)
{
    KeyValueList none = { 0 };
    return at(p, node_new(p->a, AlterObject, .what = what, .name = *name, .action = action, .arguments = names_of(arguments),
                         .columns = list_of(columns), .properties = properties ? *properties : none,
                         .partition_values = list_of(partition)), 0);
}

Node *alter_if_exists(SqlParser *p, Node *alter, bool if_exists)
{
    (void)p;
    ((AlterObject *)alter)->if_exists = if_exists;
    return alter;
}

Node *show(SqlParser *p, const char *what, StrList *name, const Token *pattern, int start)
{
    return at(p, node_new(p->a, Show, .what = what, .name = names_of(name), .pattern = pattern ? pattern->text : NULL), start);
}

Node *comment_on(SqlParser *p, const char *what, StrList *name, const char *comment, int start)
{
    StrList arguments = { 0 };
    if (comment)
        vec_push(p->a, &arguments, comment);
    return at(p, node_new(p->a, AlterObject, .what = what, .name = *name, .action = "COMMENT", .arguments = arguments), start);
}

Node *use_names(SqlParser *p, const char *what, StrList *name, int start)
{
    return at(p, node_new(p->a, Use, .what = what, .name = *name), start);
}

void check_describe(SqlParser *p, bool extended, const NodeList *partition, const StrList *column, bool as_json)
{
    if (as_json && !extended)
        parser_fail(p, 0, end_of_rule(p), "DESCRIBE_JSON_NOT_EXTENDED", "0A000", "DESCRIBE TABLE ... AS JSON only supported when "
            "[EXTENDED|FORMATTED] is specified.");
    if (as_json && column)
        parser_fail(p, 0, end_of_rule(p), "UNSUPPORTED_FEATURE.DESC_TABLE_COLUMN_JSON", "0A000",
            "The feature is not supported: DESC TABLE COLUMN AS JSON not supported for individual columns.");
    for (size_t i = 0; partition && i < partition->len; i++) {
        const Assignment *s = node_as(Assignment, partition->at[i]);
        const char *key = node_as(Attribute, s->target)->name.at[0];
        if (s->value)
            continue;
        parser_fail(p, 0, end_of_rule(p), "INVALID_SQL_SYNTAX.EMPTY_PARTITION_VALUE", "42000",
            "Invalid SQL syntax: Partition key `%s` must set value.", key);
        parser_param(p, "partKey", arena_printf(p->a, "`%s`", key));
    }
}

/* ---------------------------------------------------------------- many inserts from one relation */
MultiInsert *multi_insert_add(SqlParser *p, MultiInsert *list, const Insert *insert, Select *select, const Organization *o)
{
    if (!list)
        list = ARENA_NEW(p->a, MultiInsert);
    vec_push(p->a, &list->inserts, insert);
    selects_add(p, &list->selects, select);
    vec_push(p->a, &list->organizations, o);
    return list;
}

Node *multi_insert(SqlParser *p, Node *from, const MultiInsert *list)
{
    NodeList statements = { 0 };
    for (size_t i = 0; i < list->inserts.len; i++) {
        SelectList one = { 0 };
        selects_add(p, &one, list->selects.at[i]);
        Node *query = from_selects(p, from, &one);
        if (list->organizations.at[i])
            query = organize(p, query, list->organizations.at[i]);
        vec_push(p->a, &statements, insert_query(p, list->inserts.at[i], query));
    }
    return statements.len == 1 ? statements.at[0] : at(p, node_new(p->a, Script, .statements = statements), from->start);
}

Node *changed_table(SqlParser *p, Node *name, TableAlias alias)
{
    Node *table = node_at(node_new(p->a, UnresolvedRelation, .name = node_as(Attribute, name)->name), name->start, name->stop);
    if (alias.columns)
        parser_fail(p, name->start, end_of_rule(p), "COLUMN_ALIASES_NOT_ALLOWED", "42601", "Column aliases are not allowed in this statement.");
    return relation_alias(p, table, alias, name->start);
}

/* ---------------------------------------------------------------- small clauses */
const char *noscan(SqlParser *p, const char *word)
{
    if (!str_ieq(word, "noscan"))
        parser_fail(p, 0, end_of_rule(p), "INVALID_SQL_SYNTAX.ANALYZE_TABLE_UNEXPECTED_NOSCAN", "42000",
            "Invalid SQL syntax: ANALYZE TABLE(S) ... COMPUTE STATISTICS ... %s must be either NOSCAN or empty.", word);
    return "NOSCAN";
}

const char *analyze_tables(SqlParser *p, const char *what)
{
    if (!str_eq(what, "") && !str_eq(what, "NOSCAN"))
        parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
    return str_eq(what, "") ? "TABLES" : "TABLES NOSCAN";
}

void language_clause(SqlParser *p, const char *language)
{
    if (!str_ieq(language, "sql"))
        parser_unsupported(p, end_of_rule(p), arena_printf(p->a, "LANGUAGE %s", language));
}

void collation_clause(SqlParser *p, const Token *word, const char *collation)
{
    if (!str_ieq(collation, "UTF8_BINARY"))
        parser_fail(p, word->start, end_of_rule(p), "UNSUPPORTED_FEATURE.SCHEMA_LEVEL_COLLATIONS", "0A000",
                    "The feature is not supported: Default collation for the specified schema.");
}

int name_start(const SqlParser *p)
{
    int depth = 0;
    for (size_t i = p->at; i-- > 0;) {
        int kind = p->tokens.at[i].kind;
        depth += (kind == TK_RP || kind == TK_GT) - (kind == TK_LP || kind == TK_LT);
        if (depth < 0 || (depth == 0 && kind == TK_COMMA))
            return p->tokens.at[i + 1].start;
    }
    return p->tokens.at[0].start;
}

StrList *qualified(SqlParser *p, StrList *name, StrList *within)
{
    if (name->len > 1) {
        const char *own = name->at[name->len - 2], *other = within->at[within->len - 1];
        if (!str_ieq(own, other))
            parser_fail(p, 0, end_of_rule(p), "SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE", "42K05",
                "SHOW COLUMNS with conflicting namespaces: `%s` != `%s`.", other, own);
        return name;
    }
    StrList *both = ARENA_NEW(p->a, StrList);
    for (size_t i = 0; i < within->len; i++)
        vec_push(p->a, both, within->at[i]);
    return names_add(p, both, name->at[0]);
}

/* ---------------------------------------------------------------- variables */
Node *set_variables(SqlParser *p, const NodeList *assignments, int start)
{
    StrList names = { 0 };
    NodeList values = { 0 };
    for (size_t i = 0; i < assignments->len; i++) {
        const Assignment *s = node_as(Assignment, assignments->at[i]);
        vec_push(p->a, &names, joined(p, &node_as(Attribute, s->target)->name));
        vec_push(p->a, &values, s->value);
    }
    return at(p, node_new(p->a, SetVariable, .names = names, .values = values), start);
}

static StrList joined_names(SqlParser *p, const NodeList *names)
{
    StrList list = { 0 };
    for (size_t i = 0; i < names->len; i++)
        vec_push(p->a, &list, joined(p, &node_as(Attribute, names->at[i])->name));
    return list;
}

Node *set_variables_query(SqlParser *p, const NodeList *names, Node *query, int start)
{
    return at(p, node_new(p->a, SetVariable, .names = joined_names(p, names), .query = query), start);
}

/* USING (a, b) and USING a, b are the same. */
Node *execute_immediate(SqlParser *p, Node *query, const NodeList *into, const NodeList *arguments, int start)
{
    StrList names = into ? joined_names(p, into) : (StrList){ 0 };
    NodeList list = list_of(arguments);
    if (list.len == 1 && node_is(Row, list.at[0]))
        list = node_as(Row, list.at[0])->items;
    return at(p, node_new(p->a, ExecuteImmediate, .query = query, .into = names, .arguments = list), start);
}

Node *declare_variables(SqlParser *p, bool replace, const NodeList *names, const Type *type, Node *value)
{
    if (!type && !value)
        parser_fail(p, 0, end_of_rule(p), "INVALID_SQL_SYNTAX.VARIABLE_TYPE_OR_DEFAULT_REQUIRED", "42000", "Invalid SQL syntax: The definition "
            "of a SQL variable requires either a datatype or a DEFAULT clause. For example, use `DECLARE name STRING` or `DECLARE "
            "name = 'SQL'` instead of `DECLARE name`.");
    return at(p, node_new(p->a, DeclareVariable, .names = joined_names(p, names), .of = type, .value = value, .replace = replace), 0);
}

/* ---------------------------------------------------------------- ALTER's own */
Node *alter_view_query(SqlParser *p, StrList *name, Node *query, const Token *as)
{
    const Token *first = as ? as + 1 : p->tokens.at;
    while (!as && first->start < query_start(query))
        first++;
    const char *text = rule_text(p, first);
    Node *node = alter(p, "VIEW", name, "AS", names_one(p, text), NULL, NULL, NULL);
    ((AlterObject *)node)->input = query;
    return node;
}

/* One column's change: an AlterObject named after the column, whose `columns` hold a ColumnDefinition. */
Node *alter_column(SqlParser *p, StrList *name, const char *action, const Type *type, const char *text, Node *value)
{
    bool comment = str_eq(action, "COMMENT"), position = str_eq(action, "POSITION");
    Node *column = at(p, node_new(p->a, ColumnDefinition, .name = joined(p, name), .of = type, .comment = comment ? text : NULL,
                                 .position = position ? text : NULL, .default_value = value), name_start(p));
    return at(p, node_new(p->a, AlterObject, .what = "COLUMN", .name = *name, .action = action, .columns = *list_one(p, column)), name_start(p));
}

/* Hive's CHANGE COLUMN old new type: Spark lets the comment, and the position, change only. */
Node *change_column(SqlParser *p, StrList *old, const char *name, const Type *type, bool not_null, const char *comment,
    const char *position)
{
    Node *column = at(p, node_new(p->a, ColumnDefinition, .name = name, .of = type, .not_null = not_null, .comment = comment,
                                 .position = position), name_start(p));
    if (!str_ieq(old->at[old->len - 1], name))
        parser_fail(p, 0, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: Renaming column is not supported in Hive-style "
            "ALTER COLUMN, please run RENAME COLUMN instead.");
    return at(p, node_new(p->a, AlterObject, .what = "COLUMN", .name = *old, .action = "CHANGE", .columns = *list_one(p, column)), name_start(p));
}

Node *partition_row(SqlParser *p, NodeList *values, const Token *location)
{
    Node *r = row(p, values, name_start(p));
    return location ? aliased(p, r, names_one(p, location->text)) : r;
}
