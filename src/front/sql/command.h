/* front/sql/command.h -- what grammar.y's rules of commands build with. */
#ifndef WEIR_FRONT_SQL_COMMAND_H
#define WEIR_FRONT_SQL_COMMAND_H
#include "front/sql/parser.h"

/* The clauses of one CREATE statement, gathered as they come: each at most once. */
struct CreateSpec {
    int start;
    bool replace, create, temporary, global, external, if_not_exists;
    StrList *name;
    NodeList *columns;             /* ColumnDefinition */
    const char *format, *location, *comment, *row_format, *schema_mode, *collation, *clustered;
    KeyValueList *options, *properties;
    StrList *partition_by, *bucket_by, *sort_by, *cluster_by;
    NodeList *transforms;          /* PARTITIONED BY bucket(4, a): Function nodes */
    int64_t buckets;
    const char *operation;         /* what Spark's own tables do not do: "CONSTRAINT" … */
    int data_access;               /* of a function: DataAccess */
};

CreateSpec *spec_begin(SqlParser *p, int start); /* a new one, in p->spec */
/* Set one clause; a second of its kind is DUPLICATE_CLAUSES. */
void spec_text(SqlParser *p, const char **place, const char *clause, const char *value);
void spec_pairs(SqlParser *p, KeyValueList **place, const char *clause, KeyValueList *value);
void spec_names(SqlParser *p, StrList **place, const char *clause, StrList *value);
void spec_clustered(SqlParser *p, const NodeList *columns); /* the table's property clusteringColumns */
const char *clustering(SqlParser *p, const NodeList *columns); /* its value */
void table_operation(SqlParser *p, int start, const char *operation); /* CREATE TABLE fails with it, in a function's parameters the parse */
void spec_partitioned(SqlParser *p, NodeList *fields); /* Attribute, Function or ColumnDefinition each */
void spec_file_format(SqlParser *p, const char *input, const char *output);

Node *create_table(SqlParser *p, Node *query); /* query NULL: without AS */
Node *create_table_like(SqlParser *p, StrList *source);
Node *create_view(SqlParser *p, NodeList *columns, Node *query, const Token *as);
Node *create_view_using(SqlParser *p, NodeList *columns);
Node *create_namespace(SqlParser *p);
Node *create_function(SqlParser *p, const char *class_name);
Node *create_sql_function(SqlParser *p, NodeList *params, const Type *returns, bool table, Node *query, Node *body);

typedef struct ColumnOptions {
    bool not_null;
    const char *comment, *position;
    Node *default_value, *generated_as;
    unsigned seen; /* bit per option, against duplicates */
} ColumnOptions;
enum { COLUMN_NOT_NULL = 1, COLUMN_COMMENT = 2, COLUMN_DEFAULT = 4, COLUMN_GENERATED = 8, COLUMN_POSITION = 16 };
ColumnOptions *column_option(SqlParser *p, ColumnOptions *o, unsigned which, const char *text, Node *value);
Node *column_definition(SqlParser *p, const char *name, const Type *type, const ColumnOptions *o, int start);

typedef struct Insert { /* INSERT INTO t …, before its query */
    int start;
    bool overwrite, if_not_exists, by_name;
    StrList *table, *columns;
    KeyValueList *options;
    NodeList *partition;
    Node *replace_where;
} Insert;
Insert *insert_new(SqlParser *p, int start, bool overwrite, StrList *table, KeyValueList *options, NodeList *partition,
    bool if_not_exists);
Node *insert_query(SqlParser *p, const Insert *insert, Node *query);
Node *insert_directory(SqlParser *p, const char *path, const char *format, KeyValueList *options, Node *query, int start);

typedef struct MultiInsert { /* FROM t INSERT … SELECT … INSERT … SELECT … */
    VEC(const Insert *) inserts;
    SelectList selects;
    VEC(const Organization *) organizations; /* NULL: none */
} MultiInsert;
MultiInsert *multi_insert_add(SqlParser *p, MultiInsert *list, const Insert *insert, Select *select, const Organization *o);
Node *multi_insert(SqlParser *p, Node *from, const MultiInsert *list); /* a Script of WriteTables */
Node *changed_table(SqlParser *p, Node *name, TableAlias alias);       /* of UPDATE, DELETE, MERGE */

typedef struct Returns { /* of a function; table: RETURNS TABLE (…), a struct; type NULL: not said */
    const Type *type;
    bool table;
} Returns;
typedef struct AnalyzeWhat {
    const char *what;
    StrList *columns;
} AnalyzeWhat;
const char *noscan(SqlParser *p, const char *word); /* NOSCAN is the only word there */
const char *analyze_tables(SqlParser *p, const char *what);
void language_clause(SqlParser *p, const char *language);
void collation_clause(SqlParser *p, const Token *at, const char *collation); /* DEFAULT COLLATION of a schema: only UTF8_BINARY */
int name_start(const SqlParser *p); /* start of the line's first identifier: the nearest one before that follows '(' or ',' */
StrList *qualified(SqlParser *p, StrList *name, StrList *within); /* t IN db: db.t */
Node *set_variables(SqlParser *p, const NodeList *assignments, int start);
Node *set_variables_query(SqlParser *p, const NodeList *names, Node *query, int start);
Node *execute_immediate(SqlParser *p, Node *query, const NodeList *into, const NodeList *arguments, int start);
Node *declare_variables(SqlParser *p, bool replace, const NodeList *names, const Type *type, Node *value);
Node *alter_view_query(SqlParser *p, StrList *name, Node *query, const Token *as);
Node *alter_column(SqlParser *p, StrList *name, const char *action, const Type *type, const char *text, Node *value);
Node *change_column(SqlParser *p, StrList *old, const char *name, const Type *type, bool not_null, const char *comment,
    const char *position);
Node *partition_row(SqlParser *p, NodeList *values, const Token *location); /* a Row of Assignments; location: Alias of it */
Node *alter(SqlParser *p, const char *what, StrList *name, const char *action, StrList *arguments, NodeList *columns,
    KeyValueList *properties, NodeList *partition);
Node *alter_if_exists(SqlParser *p, Node *alter, bool if_exists);
Node *partition_value(SqlParser *p, const char *column, Node *value); /* an Assignment; value NULL: dynamic */
Node *assignment_of(SqlParser *p, Node *target, Node *value);          /* DEFAULT is a Default node */
Node *merge_clause(SqlParser *p, const char *when, Node *condition, const char *action, NodeList *assignments);
NodeList *merge_insert(SqlParser *p, NodeList *columns, NodeList *values);
Node *show(SqlParser *p, const char *what, StrList *name, const Token *pattern, int start);
Node *comment_on(SqlParser *p, const char *what, StrList *name, const char *comment, int start);
void check_describe(SqlParser *p, bool extended, const NodeList *partition, const StrList *column, bool as_json);
Node *use_names(SqlParser *p, const char *what, StrList *name, int start);

/* Statements that are told by their first words and whose rest is free text: SET, RESET, REFRESH a path, ADD, LIST, what
 * Hive has and Spark refuses, scripts. ret_node stays NULL when the grammar shall read the statement. (freeform.c) */
void freeform_statement(SqlParser *p, Node **ret_node);

#endif
