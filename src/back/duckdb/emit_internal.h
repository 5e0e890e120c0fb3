/* back/duckdb/emit_internal.h -- what the emit_*.c share. */
#ifndef WEIR_BACK_DUCKDB_EMIT_INTERNAL_H
#define WEIR_BACK_DUCKDB_EMIT_INTERNAL_H
#include "back/duckdb/emit.h"
#include "base/limits.h"
#include "ir/enums.h"
#include "ir/function.h"

/* The columns under which an Aggregate's group expressions are known while its output list is emitted. */
typedef struct GroupScope {
    const NodeList *groups;
    const StrList *names;
    const StrList *keys, *shown; /* where the groups' strings have collations (else NULL): what GROUP BY names, what stands in the output */
    const struct GroupScope *outer;
} GroupScope;
typedef struct CteScope {
    const BoundWith *with;
    size_t first; /* number of its first CTE in the SQL text */
    const char *made;    /* "cte_1 AS (…), …": those that are whole already; a stage's query takes them along */
    bool recursive;
    const struct CteScope *outer;
} CteScope;

typedef enum GroupAs { GROUP_SHOWN, GROUP_IN_AGGREGATE, GROUP_KEY } GroupAs;

/* Conditions of the Filters above what is emitted, that hold for its rows too. */
typedef struct Known {
    const Node *condition;
    const struct Known *outer;
} Known;

/* Columns by their ids, in the arena. */
typedef struct ShownColumns {
    Arena *a;
    VEC(int64_t) ids;
} ShownColumns;

typedef struct DecimalColumns DecimalColumns;
typedef struct Emit {
    Arena *a;
    const EmitOptions *o;
    Error *err;
    const GroupScope *groups;
    const CteScope *ctes;
    const Known *known;
    const char *over;    /* " OVER (…)" of the window function that is being emitted, NULL: none */
    bool running;        /* that function adds up its frames' doubles row by row (aggregate_running.c) */
    bool any_width;      /* whoever takes the decimal that is emitted next takes any precision of its scale */
    size_t names;        /* made so far */
    const Node *root;    /* of the plan; NULL: an expression by itself */
    DecimalColumns **decimals; /* what is known of its columns (emit_decimal.c), made when it is asked for */
    bool python;         /* there are Python functions in the plan */
    bool makes_texts;    /* there are casts of BINARY to STRING in it (emit_bytes.c) */
    bool mend, mend_below; /* what is no UTF-8 is shown as U+FFFD in a text of what is emitted, of what is emitted in it; else refused */
    const ShownColumns *shown; /* outputs of projections that nothing but the client gets; NULL: none */
    bool pretty;         /* the cast to STRING that is emitted is for show(): NULL in capitals inside, bytes as hexadecimal */
    bool windows;        /* there are windows in it */
    const struct WrappedFrame *wrapped; /* windows of the select list that is being emitted whose frames wrap (emit_window.c) */
    GroupAs group_as;    /* what a group expression is written as */
    bool ansi_given;     /* o->ansi holds for all calls below, whatever they were bound under */
    bool output;         /* what is emitted is an output, no condition of a filter or a join */
    const Node *filtered; /* what is emitted is a condition of a Filter over this; NULL: of none */
    bool correlated;     /* what is emitted may name columns from outside of its SELECT, which no lambda takes */
    bool local;          /* what is emitted is computed over literal rows: Spark does that before it simplifies (emit_pick.c) */
    bool over_local;     /* the aggregate that is emitted is over literal rows: so is what a projection below it computes */
    const struct Style *csv; /* texts of nested values are for to_csv, in its style; NULL: they are not */
} Emit;

/* One SELECT in the making: a clause that is NULL is not there yet. */
typedef struct Sel {
    const char *select, *from, *where, *tail; /* tail: GROUP BY, ORDER BY … : nothing may be merged below it any more */
    const char *limit;
} Sel;

Status emit_expr(Emit *e, const Node *n, Str *out);
/* emit_pick.c: an item or a field of what is made in place, which is all that Spark computes; NULL in *ret_item: past the end. False: n is none. */
bool emit_picked(const Emit *e, const Node *n, const Node **ret_item);
bool emit_over_rows(const Node *input); /* projections, filters and limits of literal rows */
bool emit_rows_fail(const Node *input); /* such ones, among whose projections some may fail */
/* The expression as an arena text. */
Status emit_text(Emit *e, const Node *n, const char **ret_text);
/* emit_bytes.c, where e->makes_texts: is this such a cast; the expression computed of the bytes where that is the same, else itself; is what
 * stands in it shown; the columns of a plan that are shown. */
bool emit_makes_text(const Node *n);
const Node *emit_bytewise(Emit *e, const Node *n);
bool emit_shows(const Emit *e, const Node *n);
void emit_find_shown(const Node *root, ShownColumns *ret);
bool emit_is_shown(const Emit *e, int64_t id);
Status emit_relation(Emit *e, const Node *n, Sel *ret_sel);
Status emit_from(Emit *e, const Node *n, const char **ret_from); /* what stands behind FROM */
/* "c1, c2": a relation's columns, each once. With `as`, renamed by position to those of `as`. */
const char *emit_columns(Emit *e, const Schema *schema, const Schema *as);
Status emit_generate(Emit *e, const Node *n, Sel *ret_sel);
/* A group expression of the Aggregate that is being emitted is known by its column; NULL: it is none. */
const char *emit_group_name(const Emit *e, const Node *n);
/* "(SELECT …)" or "SELECT …" of a relation. */
Status emit_select(Emit *e, const Node *n, const char **ret_sql);
Status emit_scan(Emit *e, const Node *n, Sel *ret_sel);
/* emit_remote.c: a Scan of another database's table; may conditions above a relation be applied below it as well, and may this one? */
Status emit_remote(Emit *e, const Node *n, Sel *ret_sel);
bool emit_passes_conditions(const Node *n);
bool emit_is_condition(const Node *n);
Status emit_call(Emit *e, const Node *n, Str *out);
Status emit_window(Emit *e, const Window *w, Str *out);
/* *ret_done: windows of the Project take what may fail, which is computed below them, and *ret_sel is all of it. */
Status emit_windows_project(Emit *e, const Project *p, bool *ret_done, Sel *ret_sel);
/* What the engine orders as Spark orders `x`: inside of arrays and structs NULL comes first, where the engine has it last. x itself
 * when no NULL can stand inside. Source: InterpretedOrdering. */
const char *emit_order_key(Emit *e, const char *x, const Type *t);
const char *emit_comparison_key(Emit *e, const char *x, const Type *t); /* can be compared with another one's, whatever may be NULL in either */
/* Groups of one key are one: a map's entries are sorted (InsertMapSortInGroupingExpressions), -0.0 is 0.0 (NormalizeFloatingNumbers). */
const char *emit_group_key(Emit *e, const char *x, const Type *t);
bool emit_has_group_key(const Type *t); /* false: x is its own */
bool emit_nulls_last(const SortOrder *o);
Status emit_orders(Emit *e, const NodeList *orders, bool numbered, Str *out); /* numbered: behind ORDER BY, where a whole number is a column */
Status emit_literal(Emit *e, const Value *v, const Type *t, Str *out);
/* emit_variant.c: casts from VARIANT (fail: an error where it does not fit, else NULL) and to VARIANT. */
Status emit_from_variant(Emit *e, const char *text, const Type *to, bool fail, Str *out);
Status emit_to_variant(Emit *e, const char *text, const Type *from, Str *out);
/* Casts `text`, an expression of type `from`. mode: CAST_LEGACY, CAST_ANSI or CAST_TRY. */
Status emit_cast(Emit *e, const char *text, const Type *from, const Type *to, int mode, Str *out);
/* Refuses a PythonUdf that is no scalar function here: those are stages of their own (emit_python.c). */
Status emit_python_scalar(Emit *e, const PythonUdf *u);
Status emit_map_partitions(Emit *e, const Node *n, Sel *ret_sel);
Status emit_script(Emit *e, const Node *n, Sel *ret_sel);
Status emit_group_map(Emit *e, const Node *n, Sel *ret_sel);
Status emit_python_scan(Emit *e, const Node *n, Sel *ret_sel);
Status emit_table_function(Emit *e, const Node *n, Sel *ret_sel);
Status emit_cogroup_map(Emit *e, const Node *n, Sel *ret_sel);
/* *ret_done: it has functions that are stages, and *ret_sel is all of it. */
Status emit_python_project(Emit *e, const Project *p, bool *ret_done, Sel *ret_sel);
Status emit_python_aggregate(Emit *e, const Aggregate *g, bool *ret_done, Sel *ret_sel);
/* A Filter, Sort or Aggregate whose staged functions are computed by a Project below it; others as they are. */
const Node *emit_python_below(Emit *e, const Node *n);
/* Output expressions: "expr AS c7, c3"; a column that stands there twice is given once. `schema`: for one without an Alias. */
Status emit_outputs(Emit *e, const NodeList *exprs, const Schema *schema, const char **ret_text);
/* " ROWS BETWEEN … AND …" */
Status emit_frame(Emit *e, const Frame *f, const Window *w, Str *out);
Status emit_unsupported(Emit *e, const Node *n, const char *what);
/* The JSON text of `x`, as JacksonGenerator writes it. */
Status emit_json_text(Emit *e, const char *x, const Type *t, Str *out);
/* While e->csv: a value inside of another as to_csv writes it, false: as a cast to STRING does; what NULL is there, quoted. */
bool emit_csv_leaf(const Emit *e, const char *x, const Type *t, Str *out);
const char *emit_csv_null(const Emit *e);
Status emit_hive_text(Emit *e, const char *x, const Type *t, Str *out); /* as spark-sql prints it (emit_hive.c) */
void emit_hex_text(const char *x, Str *out); /* a BINARY as "[0A FF]" */
const char *emit_fresh(Emit *e, const char *prefix);
const char *emit_word(Emit *e, const Type *t); /* emit_type as arena text */
const char *emit_quoted(Emit *e, const char *text);
bool emit_is(const Emit *e, const char *conf, const char *value); /* a configuration's value, without case */

#define EMIT_STR STR_INIT(LIMIT_QUERY_TEXT)
#define COLUMN_TEXT "c%u"
void emit_column(const char *before, int64_t id, Str *out); /* `before`, and the column's name as in COLUMN_TEXT */

/* Is no column and no subquery in it? (emit_lazy.c) */
bool emit_is_constant(const Node *n);
/* May an error come of it, for some values of its columns? */
bool emit_may_fail(const Node *n);

/* emit_once.c: arguments that may fail or are long, under names as long as it is not known how often a text repeats them. */
enum { ONCE_MOST = 8 };
typedef struct Once {
    const char *names[ONCE_MOST], *texts[ONCE_MOST];
    size_t len;
} Once;
/* Puts names in the place of some of `texts`, the emitted `nodes`, of which the first `most` are always computed. */
void emit_once_begin(Emit *e, const NodeList *nodes, size_t most, const char **texts, Once *ret);
/* `text`, made of the names, computed with each argument once. */
void emit_once_end(const Once *o, const char *text, Str *out);

#endif
