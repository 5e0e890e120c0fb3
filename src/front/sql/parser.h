/* front/sql/parser.h -- what grammar.y's actions build with: positions, checks, and one function a construct.
 * An action that finds the text wrong sets the parser's error (parser_fail) and returns NULL or what it has; the driver
 * stops before the next token. */
#ifndef WEIR_FRONT_SQL_PARSER_H
#define WEIR_FRONT_SQL_PARSER_H
#include "front/sql/token.h"
#include "ir/enums.h"

typedef struct CreateSpec CreateSpec; /* command.h */

typedef struct Parenthesized {
    const Node *expr;
    int start; /* of "(" */
} Parenthesized;
typedef struct RecursionLimit { /* MAX RECURSION LEVEL of one CTE */
    const Node *cte;
    int64_t limit;
} RecursionLimit;

typedef struct SqlParser {
    Arena *a;
    const SqlOptions *opt;
    const char *text; /* the whole query, NUL-terminated */
    TokenList tokens;
    size_t at;        /* index of the token that is being fed: the rule that reduces ended before it */
    Status status;
    Error *err;
    int positional;   /* ? parameters seen */
    const Token *bad_number; /* a number that is in range only with '-' before it */
    int parens_start; /* of the parentheses around the query that was just read */
    VEC(Parenthesized) parens; /* expressions in parentheses, in the order in which these close */
    VEC(RecursionLimit) recursion;
    CreateSpec *spec; /* the CREATE statement that is being read */
    /* results, by start symbol */
    Node *node;
    const Type *type;
    StrList name;
} SqlParser;

/* Sets the error once: later ones of the same parse are consequences. */
void parser_fail(SqlParser *p, int start, int stop, const char *code, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void parser_syntax_error(SqlParser *p, const Token *at, const char *hint);
void parser_error(SqlParser *p, int start, int stop, const Error *error); /* what another found, placed here */
void parser_param(SqlParser *p, const char *key, const char *value); /* of the error just set */
void parser_unsupported(SqlParser *p, int start, const char *what);
/* `n` begins at character `start` and ends where the reduced rule does. */
Node *at(SqlParser *p, Node *n, int start);
Node *parenthesized(SqlParser *p, Node *expr, int start);
int expr_start(const SqlParser *p, const Node *expr); /* with its parentheses; -1: no expression */
int end_of_rule(const SqlParser *p);
/* The query's text from a token to the end of the reduced rule. */
const char *rule_text(const SqlParser *p, const Token *first);
/* Refuses a tree that is too deep for what walks recurse over, before such a walk. */
bool parser_check_depth(SqlParser *p, const Node *n);

/* ---- names (names.c) */
const char *ident(SqlParser *p, const Token *t);        /* checks reserved and non-ASCII words */
const char *plain_ident(SqlParser *p, const Token *t);  /* and refuses IDENTIFIER('x') */
const char *strict_ident(SqlParser *p, const Token *t); /* and strict ones */
StrList *names_one(SqlParser *p, const char *name);
StrList *names_add(SqlParser *p, StrList *list, const char *name);
/* IDENTIFIER(expr) where a name must be known while parsing: folds literals and ||. */
StrList *identifier_clause(SqlParser *p, Node *expr, int start);
const char *identifier_literal(SqlParser *p, const Token *text, int start); /* IDENTIFIER('x') as one name */
Node *identifier_expression(SqlParser *p, Node *expr, int start);
const char *joined(SqlParser *p, const StrList *name);            /* a.b.c */
int reference_start(const SqlParser *p, const StrList *name);     /* of the name that ends where the rule does */
KeyValueList *properties_add(SqlParser *p, KeyValueList *list, KeyValue pair);

/* ---- lists */
NodeList *list_new(SqlParser *p);
NodeList *list_one(SqlParser *p, Node *n);
NodeList *list_add(SqlParser *p, NodeList *list, Node *n);
NodeList list_of(const NodeList *list); /* NULL: empty */
StrList names_of(const StrList *list);

/* ---- literals (literal.c, datetime.c, interval.c) */
Node *literal_number(SqlParser *p, const Token *t);
Node *literal_string(SqlParser *p, const char *text, size_t length, int start, int stop);
const Token *string_joined(SqlParser *p, const Token *left, const Token *right); /* 'a' 'b' is 'ab' */
Node *literal_typed(SqlParser *p, const Token *type_word, const Token *value);
Node *literal_null(SqlParser *p, const Token *t);
Node *literal_boolean(SqlParser *p, const Token *t, bool value);
Node *literal_int(Arena *a, int64_t value, const Type *type);
/* -x: a number's own sign when `x` is a number as written, otherwise negative(x). */
Node *negate(SqlParser *p, const Token *minus, Node *x);
Node *parameter(SqlParser *p, const Token *marker, const char *name);
int64_t integer_value(SqlParser *p, const Token *t);
const char *literal_text(const Node *n); /* the value of a string literal, NULL for others */

/* ---- expressions (expr.c) */
Node *operation(SqlParser *p, const char *name, Node *left, Node *right);
Node *function1(SqlParser *p, const char *name, Node *x, int start);
Node *function_of(SqlParser *p, const char *name, NodeList *args, int start);
Node *negated(SqlParser *p, bool negate, Node *x);
Node *logical(SqlParser *p, const char *name, NodeList *operands); /* balanced as Spark's, against deep trees */
Node *attribute(SqlParser *p, const Token *t);
Node *attribute_named(SqlParser *p, const char *name, int start, int stop);
Node *dereference(SqlParser *p, Node *base, const char *field);
Node *star(SqlParser *p, Node *target, const NodeList *except, int start);
Node *aliased(SqlParser *p, Node *x, const StrList *names);
NodeList *attributes(SqlParser *p, const StrList *names); /* each name one attribute */
Node *row(SqlParser *p, NodeList *items, int start);
Node *row_of(SqlParser *p, Node *first, NodeList *rest, int start);
NodeList *row_items(SqlParser *p, Node *n); /* a row's items, or the one expression */
Node *lambda_of(SqlParser *p, Node *first, NodeList *rest, Node *body, int start);
Node *lambda(SqlParser *p, NodeList *params, Node *body, int start);

typedef struct CallTail { /* what may follow the arguments */
    NodeList *within_group;
    Node *filter;
    int nulls;        /* 0: none, 1: IGNORE, 2: RESPECT */
    Node *over;
} CallTail;
typedef struct CallArgs {
    bool distinct, all, ignore_nulls;
    NodeList *list;
} CallArgs;
Node *call(SqlParser *p, Node *callee, const Token *paren, CallArgs *args, const CallTail *tail);
Node *between(SqlParser *p, Node *x, bool negate, Node *lower, Node *upper);
Node *like(SqlParser *p, Node *x, bool negate, bool ilike, Node *pattern, const Token *escape);
bool is_default_word(const Node *n); /* DEFAULT, unquoted: the value of a column */
Node *is_truth(SqlParser *p, Node *x, bool negate, int truth); /* truth -1: UNKNOWN */
Node *collate(SqlParser *p, Node *x, const StrList *name);
Node *semi_structured(SqlParser *p, Node *x, const char *path);
Node *case_when(SqlParser *p, Node *operand, const NodeList *pairs, Node *otherwise, int start); /* when, then, when, … */
Node *extract(SqlParser *p, const Token *field, Node *source, int start);
Node *trim(SqlParser *p, const char *name, Node *characters, Node *source, int start);
NodeList list_ascending(SqlParser *p, const NodeList *exprs); /* as SortOrders */
Node *like_quantified(SqlParser *p, Node *x, bool negate, bool ilike, bool all, NodeList *patterns);
Node *in_list(SqlParser *p, Node *x, bool negate, NodeList *items);
Node *in_query(SqlParser *p, Node *x, bool negate, Node *query);
Node *cast(SqlParser *p, Node *x, const Type *type, CastMode mode, int start);
Node *window_frame(SqlParser *p, FrameUnit unit, Node *lower, Node *upper, int start);
Node *frame_bound(SqlParser *p, FrameBound kind, Node *value, bool preceding); /* a Frame with only its lower side */
void check_bang(SqlParser *p, const Token *bang); /* '!' where only NOT is right */

/* ---- types (type.c) */
const Type *type_named(SqlParser *p, const Token *word, const char *name, NodeList *params);
const Type *type_without_zone(SqlParser *p, const Token *word, NodeList *params);
const Type *type_collated(SqlParser *p, const Token *word, const StrList *collation);
const char *named_collation(SqlParser *p, const StrList *written); /* normalised; fails when there is none */
const Type *type_interval(SqlParser *p, int from_word, int to_word);
typedef struct FieldBuild {
    Field *at;
    size_t len, cap;
} FieldBuild;
FieldBuild *field_add(SqlParser *p, FieldBuild *fields, const char *name, const Type *type, bool not_null, const char *comment);

FieldBuild *fields_join(SqlParser *p, FieldBuild *fields, const FieldBuild *more);

/* ---- queries (query.c, relation.c) */
typedef struct Select {
    int start;
    NodeList *hints;
    bool distinct;
    NodeList *exprs;
    Node *from;       /* NULL: none */
    Node *where;
    Node *group;      /* an Aggregate that only holds its grouping */
    Node *having;
    NodeList *windows;
    const struct Transform *transform; /* the script that the rows go through, NULL: none */
} Select;
Node *select_query(SqlParser *p, const Select *s);
Node *set_operation(SqlParser *p, Node *left, SetOpKind op, bool all, Node *right);
typedef struct Organization {
    int rank;         /* of the last clause, to keep their order */
    int start;        /* of the first */
    NodeList *order, *cluster, *distribute, *sort, *windows;
    Node *limit, *offset;
} Organization;
enum { ORG_ORDER = 1, ORG_CLUSTER, ORG_DISTRIBUTE, ORG_SORT, ORG_WINDOW, ORG_LIMIT, ORG_OFFSET };
Organization *organization_add(SqlParser *p, Organization *o, int rank, const Token *at, NodeList *list, Node *value);
Node *organize(SqlParser *p, Node *query, const Organization *o);
int query_start(const Node *query); /* where its text begins: ORDER BY and its kin have the places of their own clauses */
Node *with_ctes(SqlParser *p, Node *ctes, Node *query);
Node *cte(SqlParser *p, const Token *name, StrList *columns, int64_t max_recursion, Node *query);
void check_cte_names(SqlParser *p, const NodeList *ctes);
int64_t recursion_limit(SqlParser *p, const NodeList *ctes); /* -1: none is given */
typedef VEC(Select *) SelectList;
SelectList *selects_add(SqlParser *p, SelectList *list, Select *s);
Node *from_selects(SqlParser *p, Node *from, const SelectList *bodies); /* FROM t SELECT … SELECT …: their union */
Node *hinted(SqlParser *p, const NodeList *hints, Node *query);
Node *grouping(SqlParser *p, NodeList *items, int start);
Node *grouping_with(SqlParser *p, NodeList *items, GroupingKind kind, NodeList *sets, int start);
Node *grouping_set(SqlParser *p, Node *expr);

typedef struct TableAlias {
    const char *name; /* NULL: none */
    StrList *columns;
} TableAlias;
typedef struct Temporal { /* VERSION AS OF, TIMESTAMP AS OF */
    Node *version, *timestamp;
} Temporal;
Node *named_relation(SqlParser *p, Node *name, Temporal when, KeyValueList *options, Node *sample, TableAlias alias);
Node *relation_alias(SqlParser *p, Node *relation, TableAlias alias, int start);
Node *subquery_relation(SqlParser *p, Node *query, Node *sample, TableAlias alias, int start);
Node *inline_table(SqlParser *p, NodeList *rows, TableAlias alias, int start);
Node *table_function(SqlParser *p, Node *name, NodeList *args, TableAlias alias);
Node *table_argument(SqlParser *p, Node *source, const NodeList *partitioning, const NodeList *orders, int start);
NodeList *table_sort(SqlParser *p, Node *first, const NodeList *more, Node *directed, const NodeList *rest);
/* joins, samples, pivots and lateral views are made without their input, which *_over adds */
Node *join(SqlParser *p, JoinKind kind, bool natural, bool lateral, Node *right, Node *condition, StrList *columns);
Node *join_over(SqlParser *p, Node *left, Node *join);
Node *lateral_view(SqlParser *p, bool outer, Node *function, NodeList *args, TableAlias names, int start);
Node *lateral_views_over(SqlParser *p, Node *input, Node *views);
Node *pivot(SqlParser *p, NodeList *aggregates, NodeList *columns, NodeList *values, int start);
Node *unpivot(SqlParser *p, bool include_nulls, StrList *values, const char *name, NodeList *columns, const char *alias, int start);
Node *unpivot_named(SqlParser *p, Node *columns, const char *alias);
Node *pivot_over(SqlParser *p, Node *input, Node *pivot);
Node *sampled(SqlParser *p, Node *sample, Node *relation); /* sample NULL: the relation */
Node *sample_percent(SqlParser *p, Node *percent);
Node *sample_rows(SqlParser *p, Node *rows);
Node *sample_bucket(SqlParser *p, int64_t numerator, int64_t denominator);
Node *sample_seed(SqlParser *p, Node *sample, int64_t seed);

/* ---- scripts of the shell (transform.c) */
typedef struct RowFormat { /* ROW FORMAT …: what is not given is NULL */
    const Token *first;
    bool serde;
    const char *fields, *lines, *null;
} RowFormat;
RowFormat *row_format(SqlParser *p, const RowFormat *format);
typedef struct Transform {
    int start;
    bool quantified;        /* DISTINCT or ALL */
    NodeList *exprs;
    RowFormat *in, *out;
    bool record_classes;    /* RECORDWRITER, RECORDREADER */
    const char *script;
    FieldBuild *columns;    /* NULL: none are given; without a type: STRING */
} Transform;
Transform *transform(SqlParser *p, const Transform *t);
FieldBuild *script_column_add(SqlParser *p, FieldBuild *columns, FieldBuild *more);
Node *transform_query(SqlParser *p, const Transform *t, const Select *s);

/* ---- pipe operators (pipe.c) */
typedef enum PipeKind {
    PIPE_SELECT, PIPE_EXTEND, PIPE_SET, PIPE_DROP, PIPE_AS, PIPE_WHERE, PIPE_PIVOT, PIPE_SAMPLE, PIPE_JOIN, PIPE_ORGANIZE,
    PIPE_AGGREGATE, PIPE_SET_OPERATION
} PipeKind;
typedef struct Pipe {
    PipeKind kind;
    int start;
    Select select;
    NodeList *list;
    StrList *names;
    Node *node;
    Organization *organization;
    SetOpKind op;
    bool all;
} Pipe;
Pipe *pipe_new(SqlParser *p, PipeKind kind);
Node *pipe_over(SqlParser *p, Node *input, const Pipe *pipe);

/* ---- scripts (script.c) */
typedef struct Label { /* of a block or a loop; name NULL: none */
    const char *name;
    int start;
} Label;
typedef struct Branches {
    NodeList conditions, bodies;
} Branches;
Node *compound(SqlParser *p, const Label *label, const char *end_label, bool scope, const NodeList *statements, int start);
const char *sqlstate(SqlParser *p, const Token *text);
Node *declare_condition(SqlParser *p, const char *name, const char *state, int start);
/* A handler's triggers, one after the other; `h` NULL: the first. */
DeclareHandler *handler_state(SqlParser *p, DeclareHandler *h, const char *state);
DeclareHandler *handler_any(SqlParser *p, DeclareHandler *h, bool exception); /* SQLEXCEPTION, or NOT FOUND */
DeclareHandler *handler_condition(SqlParser *p, DeclareHandler *h, const StrList *name);
Node *declare_handler(SqlParser *p, bool continues, DeclareHandler *h, Node *body, int start);
Branches *branches_add(SqlParser *p, Branches *list, Node *condition, Node *body);
Branches *branches_first(SqlParser *p, Node *condition, Node *body, const Branches *more);
Node *branch(SqlParser *p, Node *operand, const Branches *list, Node *otherwise, int start);
Node *loop(SqlParser *p, LoopKind kind, const Label *label, const char *end_label, Node *condition, Node *body, int start);
Node *for_loop(SqlParser *p, const Label *label, const char *end_label, const char *variable, Node *query, Node *body, int start);
Node *jump(SqlParser *p, const char *label, bool iterate, int start);
/* What only the whole script tells: labels, conditions, where declarations stand, handlers of one condition. */
void script_check(SqlParser *p, const Node *script);

/* The driver's (parse.c). */
void *grammarAlloc(void *(*allocate)(size_t));
void grammar(void *parser, int kind, const Token *token, SqlParser *p);
void grammarFree(void *parser, void (*release)(void *));

#endif
