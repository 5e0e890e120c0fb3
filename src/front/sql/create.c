/* front/sql/create.c -- CREATE TABLE, VIEW, DATABASE and FUNCTION as ir nodes. Source: AstBuilder.visitCreate*. */
#include "front/sql/command.h"
#include "front/sql/grammar.h"
#include "ir/collation_default.h"

CreateSpec *spec_begin(SqlParser *p, int start)
{
    p->spec = ARENA_NEW(p->a, CreateSpec);
    p->spec->start = start;
    return p->spec;
}

static void duplicate(SqlParser *p, const char *clause)
{
    parser_fail(p, p->spec->start, end_of_rule(p), "DUPLICATE_CLAUSES", "42614", "Found duplicate clauses: %s. Please, remove one of them.", clause);
    parser_param(p, "clauseName", clause);
}

void spec_text(SqlParser *p, const char **place, const char *clause, const char *value)
{
    if (*place)
        duplicate(p, clause);
    *place = value;
}

void spec_pairs(SqlParser *p, KeyValueList **place, const char *clause, KeyValueList *value)
{
    if (*place)
        duplicate(p, clause);
    *place = value;
}

void spec_names(SqlParser *p, StrList **place, const char *clause, StrList *value)
{
    if (*place)
        duplicate(p, clause);
    *place = value;
}

void spec_partitioned(SqlParser *p, NodeList *fields)
{
    CreateSpec *s = p->spec;
    if (s->partition_by || s->transforms)
        duplicate(p, "PARTITIONED BY");
    for (size_t i = 0; i < fields->len; i++) {
        Node *f = fields->at[i];
        if (node_is(Function, f)) {
            s->transforms = s->transforms ? list_add(p, s->transforms, f) : list_one(p, f);
            continue;
        }
        const char *name = node_is(Attribute, f) ? joined(p, &node_as(Attribute, f)->name) : node_as(ColumnDefinition, f)->name;
        s->partition_by = s->partition_by ? names_add(p, s->partition_by, name) : names_one(p, name);
        if (node_is(ColumnDefinition, f))
            s->columns = s->columns ? list_add(p, s->columns, f) : list_one(p, f);
    }
}

const char *clustering(SqlParser *p, const NodeList *columns)
{
    str_auto text = STR_INIT(1 << 16);
    str_add(&text, "[");
    for (size_t i = 0; i < columns->len; i++) {
        const StrList *name = &node_as(Attribute, columns->at[i])->name;
        str_add(&text, i ? ",[" : "[");
        for (size_t k = 0; k < name->len; k++) {
            str_add(&text, k ? ",\"" : "\"");
            for (const char *at = name->at[k]; *at; at++)
                str_addf(&text, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
            str_add(&text, "\"");
        }
        str_add(&text, "]");
    }
    str_add(&text, "]");
    return str_arena(&text, p->a);
}

void spec_clustered(SqlParser *p, const NodeList *columns)
{
    spec_text(p, &p->spec->clustered, "CLUSTER BY", clustering(p, columns));
}

void table_operation(SqlParser *p, int start, const char *operation)
{
    (void)start;
    if (p->spec && !p->spec->operation)
        p->spec->operation = operation;
}

/* STORED AS INPUTFORMAT 'x' OUTPUTFORMAT 'y' names classes: those of Hive's Parquet and text are known. */
void spec_file_format(SqlParser *p, const char *input, const char *output)
{
    if (strstr(input, "MapredParquetInputFormat"))
        spec_text(p, &p->spec->format, "STORED AS", "parquet");
    else if (strstr(input, "OrcInputFormat"))
        spec_text(p, &p->spec->format, "STORED AS", "orc");
    else if (strstr(input, "TextInputFormat"))
        spec_text(p, &p->spec->format, "STORED AS", "textfile");
    else
        parser_unsupported(p, p->spec->start, arena_printf(p->a, "STORED AS INPUTFORMAT '%s' OUTPUTFORMAT '%s'", input, output));
}

static KeyValueList pairs_of(const KeyValueList *list) { return list ? *list : (KeyValueList){ 0 }; }

/* A table's properties, with those that clauses of their own give. */
static KeyValueList table_properties(SqlParser *p, const CreateSpec *s)
{
    KeyValueList all = { 0 }, given = pairs_of(s->properties);
    for (size_t i = 0; i < given.len; i++)
        vec_push(p->a, &all, given.at[i]);
    if (s->clustered)
        vec_push(p->a, &all, ((KeyValue){ "clusteringColumns", s->clustered }));
    if (s->collation)
        vec_push(p->a, &all, ((KeyValue){ "collation", s->collation }));
    return all;
}

static void check_table(SqlParser *p, const CreateSpec *s, bool query)
{
    if (s->clustered && (s->partition_by || s->transforms))
        parser_fail(p, s->start, end_of_rule(p), "SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED", "42908",
                    "Cannot specify both CLUSTER BY and PARTITIONED BY.");
    if (s->clustered && s->bucket_by)
        parser_fail(p, s->start, end_of_rule(p), "SPECIFY_CLUSTER_BY_WITH_BUCKETING_IS_NOT_ALLOWED", "42908",
                    "Cannot specify both CLUSTER BY and CLUSTERED BY INTO BUCKETS.");
    if (s->collation && query)
        parser_unsupported(p, s->start, "DEFAULT COLLATION in CREATE TABLE AS");
    for (size_t i = 0; s->collation && s->columns && i < s->columns->len; i++) {
        ColumnDefinition *column = (ColumnDefinition *)(void *)s->columns->at[i];
        if (column->of)
            column->of = collation_default_type(p->a, column->of, s->collation);
    }
}

Node *create_table(SqlParser *p, Node *query)
{
    const CreateSpec *s = p->spec;
    if (s->temporary && !query)
        parser_fail(p, s->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: CREATE TEMPORARY TABLE without a provider.");
    else if (s->temporary)
        parser_fail(p, s->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "",
            "Operation not allowed: CREATE TEMPORARY TABLE ... AS ..., use CREATE TEMPORARY VIEW instead.");
    check_table(p, s, query != NULL);
    if (!query)
        return at(p, node_new(p->a, CreateTable, .name = *s->name, .columns = list_of(s->columns), .format = s->format,
            .external = s->external, .if_not_exists = s->if_not_exists, .replace = s->replace, .partition_by = names_of(s->partition_by),
            .transforms = list_of(s->transforms), .options = pairs_of(s->options), .properties = table_properties(p, s),
            .location = s->location, .comment = s->comment, .row_format = s->row_format, .bucket_by = names_of(s->bucket_by),
            .buckets = s->buckets, .sort_by = names_of(s->sort_by), .operation = s->operation), s->start);
    if (s->columns && s->columns->len > 0)
        parser_fail(p, s->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "",
            "Operation not allowed: Schema may not be specified in a Create Table As Select (CTAS) statement.");
    int action = !s->replace ? TABLE_CREATE : s->create ? TABLE_CREATE_OR_REPLACE : TABLE_REPLACE;
    return at(p, node_new(p->a, WriteTable, .input = query, .table = *s->name, .format = s->format, .mode = s->if_not_exists ? SAVE_IGNORE : SAVE_ERROR,
        .action = action, .partition_by = names_of(s->partition_by), .sort_by = names_of(s->sort_by),
        .bucket_by = names_of(s->bucket_by), .buckets = s->buckets, .options = pairs_of(s->options),
        .properties = table_properties(p, s), .if_not_exists = s->if_not_exists, .transforms = list_of(s->transforms),
        .location = s->location, .comment = s->comment, .external = s->external), s->start);
}

Node *create_table_like(SqlParser *p, StrList *source)
{
    Node *table = create_table(p, NULL);
    ((CreateTable *)table)->like = *source;
    return table;
}

/* ---------------------------------------------------------------- columns */
ColumnOptions *column_option(SqlParser *p, ColumnOptions *o, unsigned which, const char *text, Node *value)
{
    if (!o)
        o = ARENA_NEW(p->a, ColumnOptions);
    if (o->seen & which) {
        parser_fail(p, end_of_rule(p), end_of_rule(p), "CREATE_TABLE_COLUMN_DESCRIPTOR_DUPLICATE", "42710",
            "CREATE TABLE column specifies a descriptor more than once, which is invalid.");
        return o;
    }
    o->seen |= which;
    switch (which) {
    case COLUMN_NOT_NULL: o->not_null = true; break;
    case COLUMN_COMMENT: o->comment = text; break;
    case COLUMN_DEFAULT: o->default_value = value; break;
    case COLUMN_POSITION: o->position = text; break;
    default: o->generated_as = value; break;
    }
    return o;
}

Node *column_definition(SqlParser *p, const char *name, const Type *type, const ColumnOptions *o, int start)
{
    ColumnOptions none = { 0 };
    o = o ? o : &none;
    return at(p, node_new(p->a, ColumnDefinition, .name = name, .of = type, .not_null = o->not_null, .comment = o->comment,
                         .default_value = o->default_value, .position = o->position, .generated_as = o->generated_as), start);
}

/* ---------------------------------------------------------------- views */
/* A view's column list holds names with comments, or with types: then it is a schema for USING. */
static void view_columns(SqlParser *p, const NodeList *columns, StrList *names, StrList *comments)
{
    bool commented = false;
    for (size_t i = 0; columns && i < columns->len; i++) {
        const ColumnDefinition *c = node_as(ColumnDefinition, columns->at[i]);
        if (c->of)
            parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
        commented = commented || c->comment;
        vec_push(p->a, names, c->name);
        vec_push(p->a, comments, c->comment ? c->comment : "");
    }
    if (!commented)
        *comments = (StrList){ 0 };
}

Node *create_view(SqlParser *p, NodeList *columns, Node *query, const Token *as)
{
    const CreateSpec *s = p->spec;
    StrList names = { 0 }, comments = { 0 };
    view_columns(p, columns, &names, &comments);
    if (s->replace && s->if_not_exists)
        parser_fail(p, s->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0052", "", "CREATE VIEW with both IF NOT EXISTS and REPLACE is not allowed.");
    if (s->temporary && s->if_not_exists)
        parser_fail(p, s->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0053", "", "It is not allowed to define a TEMPORARY view with IF NOT EXISTS.");
    if (s->temporary && s->name->len > 1 && !s->global) {
        parser_fail(p, s->start, end_of_rule(p), "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK", "CREATE TEMPORARY VIEW or the corresponding "
            "Dataset APIs only accept single-part view names, but got: `%s`.", joined(p, s->name));
        parser_param(p, "actualName", joined(p, s->name));
    }
    if (s->collation)
        query = collation_default(p->a, query, s->collation);
    return at(p, node_new(p->a, CreateView, .name = *s->name, .input = query, .replace = s->replace, .if_not_exists = s->if_not_exists,
        .temporary = s->temporary, .global = s->global, .columns = names, .column_comments = comments, .comment = s->comment,
        .properties = pairs_of(s->properties), .text = rule_text(p, as + 1), .schema_mode = s->schema_mode),
        s->start);
}

/* CREATE TEMPORARY VIEW v (a INT) USING csv OPTIONS (path 'x') */
Node *create_view_using(SqlParser *p, NodeList *columns)
{
    const CreateSpec *s = p->spec;
    FieldBuild *fields = NULL;
    for (size_t i = 0; columns && i < columns->len; i++) {
        const ColumnDefinition *c = node_as(ColumnDefinition, columns->at[i]);
        if (!c->of) {
            parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
            return NULL;
        }
        fields = field_add(p, fields, c->name, c->of, c->not_null, c->comment);
    }
    if (!s->temporary || s->if_not_exists)
        parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
    Node *read = at(p, node_new(p->a, Read, .format = s->format, .user_schema = fields ? type_struct(p->a, fields->at, fields->len) : NULL,
        .options = pairs_of(s->options)), s->start);
    return at(p, node_new(p->a, CreateView, .name = *s->name, .input = read, .replace = s->replace, .temporary = true, .global = s->global), s->start);
}

/* ---------------------------------------------------------------- namespaces and functions */
Node *create_namespace(SqlParser *p)
{
    const CreateSpec *s = p->spec;
    return at(p, node_new(p->a, CreateNamespace, .name = *s->name, .if_not_exists = s->if_not_exists, .comment = s->comment,
        .location = s->location, .properties = pairs_of(s->properties)), s->start);
}

static void check_function(SqlParser *p)
{
    const CreateSpec *s = p->spec;
    if (s->replace && s->if_not_exists)
        parser_fail(p, s->start, end_of_rule(p), "INVALID_SQL_SYNTAX.CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE", "42000",
            "Invalid SQL syntax: Cannot create a routine with both IF NOT EXISTS and REPLACE specified.");
    if (s->temporary && s->if_not_exists)
        parser_fail(p, s->start, end_of_rule(p), "INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS", "42000",
            "Invalid SQL syntax: CREATE TEMPORARY FUNCTION with IF NOT EXISTS is not allowed.");
    if (s->temporary && s->name->len == 2)
        parser_fail(p, s->start, end_of_rule(p), "INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_DATABASE", "42000",
            "Invalid SQL syntax: CREATE TEMPORARY FUNCTION with specifying a database(`%s`) is not allowed.", s->name->at[0]);
}

Node *create_function(SqlParser *p, const char *class_name)
{
    const CreateSpec *s = p->spec;
    check_function(p);
    return at(p, node_new(p->a, CreateFunction, .name = *s->name, .class_name = class_name, .replace = s->replace,
        .temporary = s->temporary, .if_not_exists = s->if_not_exists, .language = "JAVA"), s->start);
}

Node *create_sql_function(SqlParser *p, NodeList *params, const Type *returns, bool table, Node *query, Node *body)
{
    const CreateSpec *s = p->spec;
    check_function(p);
    if (s->operation) {
        bool identity = str_eq(s->operation, "identity columns");
        parser_fail(p, s->start, end_of_rule(p), identity ? "INVALID_SQL_SYNTAX.CREATE_FUNC_WITH_GENERATED_COLUMNS_AS_PARAMETERS"
                                                          : "INVALID_SQL_SYNTAX.CREATE_FUNC_WITH_COLUMN_CONSTRAINTS", "42000",
                    identity ? "Invalid SQL syntax: CREATE FUNCTION with generated columns as parameters is not allowed."
                             : "Invalid SQL syntax: CREATE FUNCTION with constraints on parameters is not allowed.");
    }
    for (size_t i = 0; params && i < params->len; i++) {
        const ColumnDefinition *c = node_as(ColumnDefinition, params->at[i]);
        if (c->generated_as)
            parser_fail(p, c->node.start, c->node.stop, "INVALID_SQL_SYNTAX.CREATE_FUNC_WITH_GENERATED_COLUMNS_AS_PARAMETERS", "42000",
                "Invalid SQL syntax: CREATE FUNCTION with generated columns as parameters is not allowed.");
    }
    if (!query && node_is(Subquery, body) && table) { /* RETURN (SELECT …) of a table function */
        query = node_as(Subquery, body)->plan;
        body = NULL;
    } else if (query && !table) {
        body = node_at(node_new(p->a, Subquery, .subquery = SUBQUERY_SCALAR, .plan = query), query_start(query), query->stop);
        query = NULL;
    }
    return at(p, node_new(p->a, CreateFunction, .name = *s->name, .params = list_of(params), .body = body, .query = query, .returns = returns,
        .replace = s->replace, .temporary = s->temporary, .if_not_exists = s->if_not_exists, .language = "SQL", .comment = s->comment, .data_access = s->data_access), s->start);
}
