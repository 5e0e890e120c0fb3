/* ir/binder.h -- what the bind_*.c files share; private to ir. A Binder is one bind_plan() call. */
#ifndef WEIR_IR_BINDER_H
#define WEIR_IR_BINDER_H
#include "ir/bind.h"
#include "ir/coerce.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/function.h"
#include "ir/value.h"

/* A bound relation that had a Spark Connect plan id, for references like df["a"]. Kept in post-order: the entries of one
 * subtree are contiguous. */
typedef struct PlanEntry {
    int64_t plan_id;
    const Schema *schema;
    size_t depth;
} PlanEntry;

typedef struct Cte {
    const char *name;
    const Schema *schema; /* what it returns; NULL: bound anew at each reference (a correlated one) */
    int64_t index;        /* in Binder.cte_definitions */
    Node *unbound;        /* its SubqueryAlias */
    const struct Cte *next; /* enclosing or earlier */
} Cte;

typedef struct BoundSubquery {
    const Node *unbound;
    const Schema *schema; /* the columns that were in scope */
    const Schema *below;
    Node *bound;
} BoundSubquery;

/* What a Read has become. */
typedef struct ReadScan {
    const Read *read;
    Node *scan;
} ReadScan;

typedef struct Displayed {
    const Node *bound;
    const char *text;
} Displayed;

typedef struct Binder {
    Arena *a;
    const BindEnv *env;
    uint32_t next_id;
    bool ansi, case_sensitive;
    bool decimal_loss;  /* spark.sql.decimalOperations.allowPrecisionLoss */
    bool timestamp_ntz; /* spark.sql.timestampType is TIMESTAMP_NTZ */
    bool python; /* a Python function was bound */
    bool file_metadata, input_file; /* the plan names _metadata, calls input_file_name() or its kin */
    const Cte *ctes;
    const NodeList *windows; /* WindowDefinition of the WINDOW clause of the query being bound */
    const Node *query_start; /* the root of a CTE's query or of a subquery expression: what a nested WITH may conflict with */
    size_t depth, relations;    /* of relations: how deep now, how many so far */
    size_t copied;              /* nodes that stand for lateral column aliases, so far */
    size_t inlined;             /* views and SQL functions that are being bound in place, one inside the other */
    VEC(PlanEntry) plans;
    VEC(ReadScan) reads;        /* files are listed once for a plan, however often it names a view of them */
    VEC(const Node *) barriers; /* bound relations that a missing column may not be fetched through: subquery aliases */
    VEC(const Node *) splits;   /* Projects over an Aggregate that the binder made of one select: windows over groups */
    VEC(BoundSubquery) subqueries; /* so that the same text in a select list and in its GROUP BY is one expression */
    VEC(Displayed) displayed;   /* what calls of SQL functions have become, and how they were called */
    NodeList cte_definitions;   /* bound CTEs in order of definition: one BoundWith at the root holds them all */
} Binder;

/* What a reference to an alias of the same select list is named while it is bound. */
#define LATERAL_ALIAS "lateralAliasReference("

/* A lambda's parameters in scope. */
typedef struct LambdaScope {
    const NodeList *variables; /* LambdaVariable, typed */
    const struct LambdaScope *outer;
} LambdaScope;

/* Where an expression's names are looked up. */
typedef struct Scope {
    const Schema *schema;        /* the columns of the input */
    const struct Scope *outer;   /* the enclosing query, for correlated references */
    size_t plans_from, plans_to; /* the input's entries in Binder.plans */
    const NodeList *aliases;     /* bound Alias nodes of the same select list (lateral column aliases) */
    const LambdaScope *lambdas;
    const NodeList *windows;     /* WindowDefinition of the WINDOW clause */
    const Schema *below;         /* ORDER BY and HAVING over an Aggregate: the Aggregate's own input */
    const NodeList *below_exprs; /* and its output list */
    const NodeList *below_groups; /* HAVING: its groups, whose names go before those of the output */
    Node **missing_from;         /* ORDER BY and filters: a bound relation whose dropped columns may be fetched (rewritten) */
    bool inside_aggregate;       /* within an aggregate function's arguments */
    bool prefer_below;           /* the input before the output: a second try */
    bool in_window;              /* the function of an OVER clause */
    const char *no_routines;     /* a relation in whose expressions SQL functions may not stand, NULL: they may */
    bool generators;             /* a generator may stand here */
    bool *used_alias;
} Scope;

/* --- bind.c: relations */
Status bind_relation(Binder *b, Node *n, const Scope *outer, Node **ret, Error *err);
/* The same as the root of a query: without hidden columns, with its CTEs. */
Status bind_root(Binder *b, Node *n, Node **ret, Error *err);
Node *with_schema(Node *n, const Schema *schema);
Column *copy_columns(Binder *b, const Schema *schema);
/* A copy of `n` with `qualifier` on every column; nothing below it can be fetched through it. */
Node *qualify(Binder *b, Node *n, const StrList *qualifier);
/* Columns of fresh ids from a struct type. */
const Schema *schema_from_type(Binder *b, const Type *type, const StrList *qualifier);
Scope scope_over(const Binder *b, const Schema *schema, const Scope *outer, size_t plans_from);
/* The schema of bound output expressions (Alias, ColumnRef) over `input`. */
const Schema *schema_of_exprs(Binder *b, const NodeList *exprs, const Schema *input);
const Column *schema_find(const Schema *s, int64_t id);
Node *column_ref(Binder *b, const Column *c);
Node *new_alias(Binder *b, Node *child, const char *name);
/* Project of exactly these output expressions. */
Node *make_project(Binder *b, Node *input, const NodeList *exprs);
/* Without hidden columns: the relation itself when there are none. */
Node *strip_hidden(Binder *b, Node *n);
/* A Project back to the columns of `wanted`, the relation itself when they are the same. */
Node *restore_columns(Binder *b, Node *n, const Schema *wanted);
bool name_equal(const Binder *b, const char *x, const char *y);
/* Binds under these settings from now on; returns those before. */
const KeyValueList *enter_conf(Binder *b, const KeyValueList *conf);
/* A setting that is true unless the session says false. */
bool conf_allows(const Binder *b, const char *key);
bool conf_requires(const Binder *b, const char *key); /* one that is false unless it says true */

/* --- bind_file.c: hidden columns of files */
#define METADATA_COLUMN "_metadata"
#define INPUT_FILE_COLUMN "\x01input_file" /* STRUCT of what the three functions give; no name that a query can write */
/* Sets the Binder's file_metadata and input_file when the unbound plan names them. */
void file_columns_noted(Binder *b, const Node *plan);
/* The hidden columns that the plan names, behind those of a Scan's schema. */
void file_columns_add(Binder *b, Node *scan, const StrList *qualifier);
bool is_file_column(const Column *c);
/* strip_hidden, but for _metadata, but for INPUT_FILE_COLUMN. */
Node *strip_hidden_but(Binder *b, Node *n, bool metadata, bool input_file);
/* Rows leave the task that read their file. */
Node *strip_input_file(Binder *b, Node *n);
/* The sides of a UNION ALL with INPUT_FILE_COLUMN shown as their last column, when one has it; else without hidden ones. */
void input_file_shown(Binder *b, Node **left, Node **right);
/* *ret stays NULL when `name` is none of the three functions. */
Status bind_input_file(Binder *b, const Scope *s, const char *name, const Function *f, Node **ret, Error *err);

/* --- bind_name.c: names */
Status bind_attribute(Binder *b, const Scope *s, const Attribute *n, Node **ret, Error *err);
/* Looks only in `schema`. *ret stays NULL when nothing matches. */
Status schema_resolve(Binder *b, const Schema *schema, const StrList *name, const Node *at, Node **ret, Error *err);
Status bind_star(Binder *b, const Scope *s, Node *star, NodeList *ret, Error *err);
Status unresolved_column(Binder *b, const Schema *schema, const StrList *name, const Node *at, Error *err);
Status resolve_output_column(Binder *b, const Schema *schema, const char *name, const Node *at, const Column **ret, Error *err);

/* --- bind_expr.c: expressions */
Status bind_expr(Binder *b, const Scope *s, Node *n, Node **ret, Error *err);
Status bind_exprs(Binder *b, const Scope *s, const NodeList *list, NodeList *ret, Error *err);
/* A select list: stars expanded, each an Alias or ColumnRef. */
Status bind_outputs(Binder *b, const Scope *s, const NodeList *list, NodeList *ret, Error *err);
Status expand_pattern(Binder *b, const Scope *s, const AttributeRegex *n, NodeList *ret, Error *err);
Node *typed(Node *n, const Type *type, bool nullable, const Node *at);
Node *make_literal_int(Binder *b, int64_t i, const Type *type);
Node *make_literal_string(Binder *b, const char *text);
Node *make_literal_null(Binder *b, const Type *type);
Node *make_literal_bool(Binder *b, bool v);
/* An explicit cast; DATATYPE_MISMATCH.CAST_* when there is none. */
Status make_cast(Binder *b, Node *child, const Type *to, int64_t mode, const Node *at, Node **ret, Error *err);
Status make_case(Binder *b, Node *node_case, Node **ret, Error *err);
Status make_get_field(Binder *b, Node *child, const char *field, const Node *at, Node **ret, Error *err);
bool contains_kind(const Node *n, FunctionKind kind);
/* A call of an aggregate function, Python's too. */
bool is_aggregate(const Node *n);
Status nested_aggregate(const Node *at, Error *err); /* NESTED_AGGREGATE_FUNCTION */
bool contains_window(const Node *n);
bool contains_subquery_outer(const Node *n);
/* DISTINCT, UNION and the like compare rows, which variants do not allow. */
Status refuse_variants(Binder *b, const Schema *schema, const Node *at, Error *err);
bool is_foldable(const Node *n);
/* The Literal that a bound, foldable expression is, computed when it is none; NULL: it cannot be known here. */
Status constant_value(Binder *b, Node *e, const Node **ret, Error *err);
bool is_deterministic(const Node *n);

/* --- bind_function.c, function_match.c, result_rules.c: calls */
Status bind_function(Binder *b, const Scope *s, const Function *f, Node **ret, Error *err);
/* A Call of function `name` over bound arguments, coerced and typed. */
Status make_call(Binder *b, const char *name, const NodeList *args, const Node *at, Node **ret, Error *err);
Status make_call2(Binder *b, const char *name, Node *x, Node *y, const Node *at, Node **ret, Error *err);
Status make_call1(Binder *b, const char *name, Node *x, const Node *at, Node **ret, Error *err);
/* Matches `args` (coerced in place, defaults appended) to a row of `name`; `ret_type` by the row's result. */
Status function_match(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, NodeList *args, const Node *at,
                      const FunctionRow **ret_row, const Type **ret_type, Error *err);
/* parameter.c: what the signature says of constant arguments; DATATYPE_MISMATCH.NON_FOLDABLE_INPUT, UNEXPECTED_NULL and so on. */
struct Signature;
Status check_builder(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, const NodeList *args, const Node *at, Error *err);
Status check_parameters(Binder *b, const char *name, const struct Signature *s, const NodeList *args, const Node *at, Error *err);
/* A map() of constant texts where the signature says "options"; INVALID_OPTIONS.*. */
Status check_options(Binder *b, const struct Signature *s, const NodeList *args, const Node *at, Error *err);
Status check_call_parameters(Binder *b, const Call *c, const Node *at, Error *err);
/* WRONG_NUM_ARGS; does a row of the function take so many? */
Status wrong_count(Binder *b, const char *name, const FunctionRow *rows, size_t nrows, size_t actual, const Node *at, Error *err);
bool takes_count(const FunctionRow *rows, size_t nrows, size_t actual);
/* Is `name` one of the words of `names`? */
/* DataType.equalsStructurally: fields of structs may have other names. */
bool type_same_shape(const Type *x, const Type *y);
bool in_words(const char *names, const char *name);
/* name(arg, …) quoted, as errors show a call. */
const char *call_text(Binder *b, const char *name, const NodeList *args);
/* Row `row`'s "@rule". `signature_types`: what one-letter variables stand for. */
Status result_rule(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_from_schema(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_from_avro(Binder *b, const NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_variant_get(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_no_cast(Binder *b, const Node *at, const char *name, const Type *from, const Type *to, Error *err); /* the error: there is no such cast */
Status result_count_min_sketch(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_theta(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_hll(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_kll_agg(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_kll_points(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_reflect(Binder *b, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_st(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_top_k(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err);
Status result_approx_count_distinct(Binder *b, NodeList *args, const Node *at, const Type **ret_type, Error *err);
bool result_nullable(Binder *b, const FunctionRow *row, const NodeList *args);
/* Reads a type text of functions.def or of a DDL-like signature without variables; NULL when it is none. */
const Type *type_from_signature(Arena *a, const char *text);
/* The parameter list of a lambda argument: how many, and which types, from arguments bound so far. */
/* How many parameters a lambda has at this argument of a call with `nargs` arguments; 0: none belongs there. */
size_t lambda_parameter_count(const FunctionRow *rows, size_t nrows, size_t index, size_t nargs);
bool lambda_parameter_types(Binder *b, const FunctionRow *rows, size_t nrows, size_t index, size_t nargs, size_t nparams,
                            const NodeList *bound, const Type ***ret_types, bool **ret_nullables);

/* --- bind_char.c: a scan with its CHAR columns padded; the sides of a comparison padded alike */
Status char_read_padding(Binder *b, Node *scan, Node **ret, Error *err);
Status char_comparison(Binder *b, const Scope *s, const char *operator, NodeList *args, Error *err);

/* --- bind_collation.c: one collation for the strings of `args` (every `step`-th from `from`), which become casts and constants of it.
 * `shown`: the expression in an error; determinate: an indeterminate collation is one. */
Status collate_alike(Binder *b, NodeList *args, size_t from, size_t step, const Node *shown, bool determinate, Error *err);
/* The same by what the function's row says. */
Status collate_args(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, Error *err);
/* Refuses strings whose collation the row does not take. *ret_bad: the argument of which Spark does, SIZE_MAX: none. */
Status collate_check(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, size_t *ret_bad, Error *err);
/* The table function collations(). */
Status collation_table(Binder *b, const UnresolvedTableFunction *n, Node **ret, Error *err);
/* collate(x, name): the type of its result. */
Status collate_result(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err);

/* --- bind_routine.c: SQL functions. A scalar one as a Lambda with its arguments (unbound), or as a scalar subquery. */
Status routine_lambda(Binder *b, const CreateFunction *f, const NodeList *args, const Node *at, Node **ret_lambda,
                      Node **ret_subquery, NodeList *ret_args, Error *err);
Status bind_routine_table(Binder *b, const CreateFunction *f, const UnresolvedTableFunction *n, const Scope *outer, Node **ret,
                          Error *err);
/* --- number_format.c: the type that to_number has with this format; INVALID_FORMAT.* for a bad one. */
Status number_format(Binder *b, const char *format, const Node *at, const Type **ret_type, Error *err);

/* --- coerce_operator.c */
bool is_operator(const char *name);
Status make_operator(Binder *b, const char *name, NodeList *args, const Node *at, Node **ret, Error *err);

/* --- pretty.c: Spark's toPrettySQL of a bound expression, and the name of an unaliased one */
const char *pretty(Binder *b, const Node *e);
const char *output_name(Binder *b, const Node *e);

/* --- bind_source.c */
Status bind_parse(Binder *b, const Parse *n, const Scope *outer, Node **ret, Error *err);

/* --- bind_named.c: f(x, key => y). *ret: the same call with its arguments in the order of the parameters. */
bool has_named_argument(const NodeList *args);
Status named_arguments(Binder *b, const char *name, const Function *f, const Function **ret, Error *err);

/* --- bind_pipe.c: PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION, …_CONTAINS_NO_AGGREGATE_FUNCTION */
Status pipe_check(Binder *b, const PipeExpression *n, const Node *bound, Error *err);

/* --- bind_view.c: INCOMPATIBLE_VIEW_SCHEMA_CHANGE, CANNOT_UP_CAST_DATATYPE */
Status bind_view_columns(Binder *b, const ViewColumns *n, const Scope *outer, Node **ret, Error *err);

/* --- bind_script.c */
Status bind_script(Binder *b, const ScriptTransform *n, const Scope *outer, Node **ret, Error *err);

/* --- bind_transpose.c */
Status bind_transpose(Binder *b, const Transpose *n, const Scope *outer, Node **ret, Error *err);

/* --- bind_join.c */
/* Over a whole bound plan: Python functions in the ON of outer joins; products that nobody asked for, when
 * spark.sql.crossJoin.enabled is false (CheckCartesianProducts, ExtractPythonUDFFromJoinCondition). */
Status check_joins(Binder *b, const Node *bound, Error *err);

/* --- bind_aggregate.c */
Status bind_aggregate(Binder *b, const Aggregate *n, const Scope *outer, Node **ret, Error *err);
/* A Project, Aggregate or WithColumns with window(…) becomes one over an input that has it as a column; another stays as it is. */
Status bind_time_window(Binder *b, Node *n, Node **ret, Error *err);
/* A select list with aggregate functions and no GROUP BY, over bound `exprs`. */
Status group_by_aggregate(Binder *b, const Node *at, const Node *e, Error *err); /* the error of groups `e` with an aggregate */
Status finish_aggregate(Binder *b, Node *input, NodeList *groups, NodeList *exprs, const NodeList *sets, int64_t grouping,
                        const Node *at, Node **ret, Error *err);
/* ORDER BY or HAVING expressions over a bound aggregate: replaces aggregate calls and grouping expressions in `exprs` by
 * columns, adding them to the plan's output (the caller restores its columns). `written`: the same before they were bound. */
Status push_into_aggregate(Binder *b, Node **plan, NodeList *exprs, const NodeList *written, Error *err);
/* UNSUPPORTED_EXPR_FOR_OPERATOR; the same for all windows and aggregate functions of ORDER BY, where
 * nothing is grouped any more. */
Status unsupported_for_operator(Binder *b, const Node *e, const Node *at, Error *err);
Status refuse_in_orders(Binder *b, const NodeList *orders, const Node *at, Error *err);
/* Is `plan` a select over groups whose windows or generators were taken out? ORDER BY then sees the groups' columns only. */
bool over_windows(const Binder *b, const Node *plan);
/* The bound Aggregate under filters and window projections, NULL: none. */
const Aggregate *aggregate_below(const Binder *b, const Node *plan);

/* --- bind_outer.c: correlated subqueries */
/* An aggregate function over columns of an enclosing query only: it belongs to that one. */
bool is_outer_aggregate(const Node *n);
bool is_correlated(const Node *subquery);
bool takes_outer(const Node *n); /* a bound plan or expression: columns of queries around it */
/* A copy of `subquery` in which fn() replaced expressions of the query that it stands in; fn gives NULL for those that it leaves. */
Node *rewrite_outer(Arena *a, Node *subquery, Node *(*fn)(Arena *a, Node *n, void *arg), void *arg);
/* Subqueries in the expressions of `relation` ("Sort", "Join"), which hosts none that takes columns from it, or none but scalar ones. */
Status check_hosted(Binder *b, const char *relation, bool predicates, const Node *expr, Error *err);
/* What a subquery's bound plan may take from the query of scope `s`. */
Status check_correlation(Binder *b, const Scope *s, const Node *at, Node *plan, Error *err);
/* The subqueries of an outer join's condition become columns of the side that they use. */
Status hoist_subqueries(Binder *b, int64_t kind, Node **left, Node **right, Node **condition, Error *err);

/* --- bind_sort.c */
bool is_barrier(const Binder *b, const Node *n);
Status bind_sort(Binder *b, const Sort *n, const Scope *outer, Node **ret, Error *err);
Status bind_filter(Binder *b, Node *input_unbound, Node *predicate, bool having, const Node *at, const Scope *outer, Node **ret,
                   Error *err);
/* Looks for `name` below `*plan`, adds its column to *plan's output when it is found; *ret NULL otherwise. */
Status fetch_missing(Binder *b, Node **plan, const StrList *name, const Node *at, Node **ret, Error *err);

/* --- bind_project.c, bind_join.c, bind_set.c, bind_window.c, bind_subquery.c, bind_generate.c, bind_frame.c, bind_table.c */
Status bind_project(Binder *b, const Project *n, const Scope *outer, Node **ret, Error *err);
Status project_over(Binder *b, Node *input, const Scope *s, const NodeList *exprs, const Node *at, Node **ret, Error *err);
Status bind_join(Binder *b, const Join *n, const Scope *outer, Node **ret, Error *err);
Status bind_setop(Binder *b, const SetOp *n, const Scope *outer, Node **ret, Error *err);
Status bind_window(Binder *b, const Scope *s, const Window *n, Node **ret, Error *err);
Status bind_subquery(Binder *b, const Scope *s, const Subquery *n, Node **ret, Error *err);
Status bind_lateral_view(Binder *b, const LateralView *n, const Scope *outer, Node **ret, Error *err);
Status bind_table_function(Binder *b, const UnresolvedTableFunction *n, const Scope *outer, Node **ret, Error *err);
Status nested_generator(Binder *b, const Node *e, Error *err);
/* The Generate node: input columns, then the generator's under `names` (its own names where there are none). */
Status make_generate(Binder *b, Node *input, Node *generator, bool outer, const StrList *names, const StrList *qualifier, const Node *at,
                     Node **ret, Error *err);
/* bind_python_table.c: a call of the Python table function `f`; s: where its arguments stand. */
Status bind_python_table(Binder *b, const PythonUdf *f, const UnresolvedTableFunction *n, const Scope *s, Node **ret, Error *err);
/* Takes the generators out of `exprs`: *input becomes a Generate over it, its columns replace them in `exprs`. */
Status extract_generator(Binder *b, Node **input, NodeList *exprs, Error *err);
/* The columns a generator call makes. */
Status generator_fields(Binder *b, const Node *generator, const Type **ret_struct, Error *err);
Status bind_inline_table(Binder *b, const UnresolvedInlineTable *n, const Scope *outer, Node **ret, Error *err);
Status bind_frame_relation(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err);
Status bind_stat_relation(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err);
Status bind_pivot(Binder *b, const Pivot *n, const Scope *outer, Node **ret, Error *err);
Status bind_unpivot(Binder *b, const Unpivot *n, const Scope *outer, Node **ret, Error *err);
Status bind_source(Binder *b, Node *n, const Scope *outer, Node **ret, bool *ret_done, Error *err);
Status bind_with(Binder *b, const With *n, const Scope *outer, Node **ret, Error *err);
/* A use of a CTE under `qualifier`. */
Status bind_cte(Binder *b, const Cte *cte, const Scope *outer, const StrList *qualifier, Node **ret, Error *err);
/* bind_cte_legacy.c: `n` with each definition in place of its uses. */
Node *legacy_ctes(Binder *b, const With *n);
/* The definitions of `n`, each visible (b->ctes) to those after it. */
Status define_ctes(Binder *b, const With *n, const Scope *outer, Error *err);
Status bind_command(Binder *b, Node *n, Node **ret, bool *ret_done, Error *err);

#endif
