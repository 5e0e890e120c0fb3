/* back/duckdb/emit_python.c -- the parts of a plan that Python workers do: each is a query for its input, and a relation of
 * what comes back (a PythonStage), columns c0, c1 … renamed to the plan's ids. Layouts: python/weir_worker/kinds.py. */
#include "back/duckdb/emit_internal.h"
#include "ir/collation.h"

#include <inttypes.h>

/* org.apache.spark.api.python.PythonEvalType */
enum {
    EVAL_BATCHED = 100,
    EVAL_ARROW_BATCHED = 101,
    EVAL_SCALAR_PANDAS = 200,
    EVAL_AGG_PANDAS = 202,
    EVAL_WINDOW_PANDAS = 203,
    EVAL_ITER_PANDAS = 204,
    EVAL_SCALAR_ARROW = 250,
    EVAL_ITER_ARROW = 251,
    EVAL_AGG_ARROW = 252,
    EVAL_WINDOW_ARROW = 253,
    EVAL_TABLE = 300,
    EVAL_ARROW_TABLE = 301,
    EVAL_ARROW_UDTF = 302
};

static bool is_iter(const Node *n)
{
    return node_is(PythonUdf, n) &&
           (node_as(PythonUdf, n)->eval_type == EVAL_ITER_PANDAS || node_as(PythonUdf, n)->eval_type == EVAL_ITER_ARROW);
}

static bool is_agg(const Node *n)
{
    return node_is(PythonUdf, n) &&
           (node_as(PythonUdf, n)->eval_type == EVAL_AGG_PANDAS || node_as(PythonUdf, n)->eval_type == EVAL_AGG_ARROW);
}

static bool is_window(const Node *n)
{
    return node_is(Window, n) && node_is(PythonUdf, node_as(Window, n)->function);
}

Status emit_python_scalar(Emit *e, const PythonUdf *u)
{
    switch (u->eval_type) {
    case EVAL_BATCHED: case EVAL_ARROW_BATCHED: case EVAL_SCALAR_PANDAS: case EVAL_SCALAR_ARROW: case EVAL_TABLE: case EVAL_ARROW_TABLE:
    case EVAL_ARROW_UDTF:
        return ST_OK;
    default: return emit_unsupported(e, (const Node *)u, "of this kind in this place");
    }
}

/* ---------------------------------------------------------------- a stage in the making */
typedef VEC(Field) FieldList;
typedef VEC(int64_t) OffsetList;

typedef struct Stage {
    Emit *e;
    Str select;       /* the input query's output list */
    FieldList input, output;
    StrList names;    /* of the output columns in the plan: "c12" */
    PythonStage made;
} Stage;

static void input_column(Stage *s, const char *text, const char *name, const Type *type, bool nullable)
{
    str_addf(&s->select, "%s%s AS x%zu", s->input.len ? ", " : "", text, s->input.len);
    vec_push(s->e->a, &s->input, (Field){ .name = name, .type = type, .nullable = nullable });
}

static Status input_expr(Stage *s, const Node *expr, const char *name)
{
    const char *text;
    TRY(emit_text(s->e, expr, &text));
    input_column(s, arena_printf(s->e->a, "CAST(%s AS %s)", text, emit_word(s->e, expr->type)), name, expr->type, expr->nullable);
    return ST_OK;
}

static void input_schema(Stage *s, const Schema *schema)
{
    for (size_t i = 0; i < schema->len; i++)
        input_column(s, arena_printf(s->e->a, COLUMN_TEXT, schema->at[i].id), schema->at[i].name, schema->at[i].type,
                     schema->at[i].nullable);
}

static void output_column(Stage *s, const char *name, const char *column, const Type *type)
{
    vec_push(s->e->a, &s->output, (Field){ .name = name, .type = type, .nullable = true });
    vec_push(s->e->a, &s->names, column);
}

static void output_schema(Stage *s, const Schema *schema)
{
    for (size_t i = 0; i < schema->len; i++)
        output_column(s, schema->at[i].name, arena_printf(s->e->a, COLUMN_TEXT, schema->at[i].id), schema->at[i].type);
}

/* "WITH …": the CTEs that a stage's query may name, outer ones first; it runs by itself. */
static const char *with_text(Emit *e)
{
    const char *text = "";
    bool recursive = false;
    for (const CteScope *s = e->ctes; s; s = s->outer)
        if (s->made) {
            text = arena_printf(e->a, "%s%s%s", s->made, *text ? ", " : "", text);
            recursive = recursive || s->recursive;
        }
    return *text ? arena_printf(e->a, "WITH %s%s ", recursive ? "RECURSIVE " : "", text) : "";
}

/* "FROM …" after the select list makes the input query; the Sel is the stage's output. */
static Status stage_end(Stage *s, const char *from_text, Sel *ret)
{
    Emit *e = s->e;
    const char *from;
    if (!e->o->python)
        return emit_unsupported(e, NULL, "Python functions without a session");
    s->made.sql = arena_printf(e->a, "%sSELECT %s %s", strstr(from_text, "cte_") ? with_text(e) : "", s->input.len ? str_text(&s->select) : "1",
                               from_text);
    str_done(&s->select);
    s->made.input = type_struct(e->a, s->input.at, s->input.len);
    s->made.output = type_struct(e->a, s->output.at, s->output.len);
    TRY(e->o->python(e->o->self, e->a, &s->made, &from, e->err));
    str_auto out = EMIT_STR;
    str_add(&out, "(SELECT ");
    size_t given = 0;
    for (size_t i = 0; i < s->names.len; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen = seen || str_eq(s->names.at[i], s->names.at[j]);
        if (!seen)
            str_addf(&out, "%sc%zu AS %s", given++ ? ", " : "", i, s->names.at[i]);
    }
    str_addf(&out, "%s FROM %s)", given ? "" : "1 AS c_none", from);
    *ret = (Sel){ .from = str_arena(&out, e->a) };
    return ST_OK;
}

static void add_function(Stage *s, const PythonUdf *udf, const OffsetList *offsets)
{
    Emit *e = s->e;
    PythonFunction *functions = ARENA_ARRAY(e->a, PythonFunction, s->made.nfunctions + 1);
    if (s->made.nfunctions)
        memcpy(functions, s->made.functions, s->made.nfunctions * sizeof *functions);
    functions[s->made.nfunctions++] = (PythonFunction){ .udf = udf, .offsets = offsets->at, .noffsets = offsets->len };
    s->made.functions = functions;
}

/* A text of bytes that is equal for equal values, and sorts. */
static Status key_text(Emit *e, const NodeList *groups, const char **ret_key)
{
    for (size_t i = 0; i < groups->len; i++)
        if (type_is_collated(groups->at[i]->type))
            return emit_unsupported(e, groups->at[i], "with a collation, as a group of a Python function");
    if (!groups->len) {
        *ret_key = "''::BLOB";
        return ST_OK;
    }
    str_auto out = EMIT_STR;
    str_add(&out, "create_sort_key(");
    for (size_t i = 0; i < groups->len; i++) {
        str_add(&out, i ? ", " : "");
        TRY(emit_expr(e, groups->at[i], &out));
        str_add(&out, ", 'ASC NULLS FIRST'");
    }
    str_add(&out, ", '', 'ASC NULLS FIRST')"); /* a text in it makes it a BLOB, however small the rest is */
    *ret_key = str_arena(&out, e->a);
    return ST_OK;
}

static const char *group_field(Emit *e, const Node *group, size_t i)
{
    return node_is(ColumnRef, group) && node_as(ColumnRef, group)->name ? node_as(ColumnRef, group)->name : arena_printf(e->a, "g%zu", i);
}

static Status from_text(Emit *e, const Node *n, const char **ret_from)
{
    const char *sql;
    TRY(emit_select(e, n, &sql));
    *ret_from = arena_printf(e->a, "(%s)", sql);
    return ST_OK;
}

/* ---------------------------------------------------------------- mapInPandas, mapInArrow */
/* A Repartition right below says which rows meet: its number of partitions, by number or by value. */
static Status partitions(Stage *s, const Repartition *r, const char *from, const char **ret_from)
{
    Emit *e = s->e;
    const char *count, *which;
    TRY(emit_text(e, r->count, &count));
    if (!r->exprs.len) {
        which = arena_printf(e->a, "(row_number() OVER () - 1) %% (%s)", count);
    } else if (r->direct) {
        TRY(emit_text(e, r->exprs.at[0], &which));
        which = arena_printf(e->a, "((%s)::BIGINT %% (%s) + (%s)) %% (%s)", which, count, count, count);
    } else {
        str_auto list = EMIT_STR;
        for (size_t i = 0; i < r->exprs.len; i++) {
            const Node *x = node_is(SortOrder, r->exprs.at[i]) ? node_as(SortOrder, r->exprs.at[i])->child : r->exprs.at[i];
            str_add(&list, i ? ", " : "");
            TRY(emit_expr(e, x, &list));
        }
        which = arena_printf(e->a, "hash(%s) %% (%s)", str_text(&list), count);
    }
    input_column(s, "create_sort_key(w_part, 'ASC NULLS FIRST', '', 'ASC NULLS FIRST')", "key", &type_binary, false);
    *ret_from = arena_printf(e->a, "FROM (SELECT *, %s AS w_part, row_number() OVER () AS w_row FROM %s)", which, from);
    s->made.rows = PYTHON_PARTITIONS;
    return ST_OK;
}

static const Repartition *repartition_of(const Node *n)
{
    while (node_is(SubqueryAlias, n) || node_is(Hint, n))
        n = node_is(Hint, n) ? node_as(Hint, n)->input : node_as(SubqueryAlias, n)->input;
    return node_is(Repartition, n) && node_as(Repartition, n)->count ? node_as(Repartition, n) : NULL;
}

static bool is_one(const Node *count)
{
    return node_is(Literal, count) && node_as(Literal, count)->value->i == 1;
}

Status emit_map_partitions(Emit *e, const Node *n, Sel *ret)
{
    const MapPartitions *m = node_as(MapPartitions, n);
    const PythonUdf *udf = node_as(PythonUdf, m->function);
    const Repartition *r = repartition_of(m->input);
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "map" } };
    const char *from, *clause, *order = "";
    OffsetList offsets = { 0 };
    TRY(from_text(e, m->input, &from));
    clause = arena_printf(e->a, "FROM %s", from);
    s.made.one_partition = m->barrier || (r && is_one(r->count));
    if (r && !s.made.one_partition) {
        TRY(partitions(&s, r, from, &clause));
        order = " ORDER BY w_part, w_row";
    }
    s.made.keys = (int64_t)s.input.len;
    input_schema(&s, m->input->schema);
    output_schema(&s, n->schema);
    vec_push(e->a, &offsets, 0);
    add_function(&s, udf, &offsets);
    return stage_end(&s, arena_printf(e->a, "%s%s", clause, order), ret);
}

/* ---------------------------------------------------------------- TRANSFORM … USING a script */
Status emit_script(Emit *e, const Node *n, Sel *ret)
{
    const ScriptTransform *t = node_as(ScriptTransform, n);
    const char *from, *made;
    Field *line = ARENA_NEW(e->a, Field);
    *line = (Field){ .name = "line", .type = &type_string, .nullable = true };
    if (!e->o->script)
        return emit_unsupported(e, n, "without a session");
    TRY(from_text(e, t->input, &from));
    ScriptStage stage = { .script = t->script, .lines = type_struct(e->a, line, 1),
                          .sql = arena_printf(e->a, "SELECT " COLUMN_TEXT " AS x0 FROM %s", t->input->schema->at[0].id, from) };
    TRY(e->o->script(e->o->self, e->a, &stage, &made, e->err));
    *ret = (Sel){ .from = arena_printf(e->a, "(SELECT c0 AS " COLUMN_TEXT " FROM %s)", n->schema->at[0].id, made) };
    return ST_OK;
}

/* ---------------------------------------------------------------- applyInPandas, applyInArrow */
/* A relation of a group to pyspark.worker: how many numbers follow, how many of them are keys, the keys, the values. */
static void group_offsets(Emit *e, OffsetList *out, size_t nkeys, size_t nvalues)
{
    vec_push(e->a, out, (int64_t)(1 + nkeys + nvalues));
    vec_push(e->a, out, (int64_t)nkeys);
    for (size_t i = 0; i < nkeys + nvalues; i++)
        vec_push(e->a, out, (int64_t)i);
}

/* Rows by their key, the first column; those of a group in the order that they come in, as Spark's stable sort leaves them. */
static const char *grouped(Emit *e, const char *from, size_t groups)
{
    return groups ? arena_printf(e->a, "(SELECT *, row_number() OVER () AS w_row FROM %s) ORDER BY 1, w_row", from) : from;
}

Status emit_group_map(Emit *e, const Node *n, Sel *ret)
{
    const GroupMap *g = node_as(GroupMap, n);
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "group", .rows = PYTHON_GROUPS, .keys = (int64_t)g->groups.len } };
    const char *from, *key;
    OffsetList offsets = { 0 };
    TRY(from_text(e, g->input, &from));
    TRY(key_text(e, &g->groups, &key));
    input_column(&s, key, "key", &type_binary, false);
    for (size_t i = 0; i < g->groups.len; i++)
        TRY(input_expr(&s, g->groups.at[i], group_field(e, g->groups.at[i], i)));
    input_schema(&s, g->input->schema);
    output_schema(&s, n->schema);
    group_offsets(e, &offsets, g->groups.len, g->input->schema->len);
    add_function(&s, node_as(PythonUdf, g->function), &offsets);
    return stage_end(&s, arena_printf(e->a, "FROM %s", grouped(e, from, g->groups.len)), ret);
}

/* One side of a cogroup: SELECT key, side, groups, its columns or NULLs, the other's. */
static Status cogroup_side(Emit *e, const Node *input, const NodeList *groups, const NodeList *as, const Schema *left, const Schema *right,
                           bool is_right, const char **ret_sql)
{
    const char *from, *key;
    str_auto out = EMIT_STR;
    TRY(from_text(e, input, &from));
    TRY(key_text(e, groups, &key));
    str_addf(&out, "SELECT %s AS x0, %d AS x1", key, is_right);
    for (size_t i = 0; i < groups->len; i++) {
        str_add(&out, ", CAST(");
        TRY(emit_expr(e, groups->at[i], &out));
        str_addf(&out, " AS %s)", emit_word(e, as->at[i]->type));
    }
    for (size_t i = 0; i < left->len + right->len; i++) {
        bool of_right = i >= left->len;
        const Column *c = of_right ? &right->at[i - left->len] : &left->at[i];
        if (of_right == is_right)
            str_addf(&out, ", " COLUMN_TEXT, c->id);
        else
            str_addf(&out, ", CAST(NULL AS %s)", emit_word(e, c->type));
    }
    str_addf(&out, " FROM %s", from);
    *ret_sql = str_arena(&out, e->a);
    return ST_OK;
}

Status emit_cogroup_map(Emit *e, const Node *n, Sel *ret)
{
    const CoGroupMap *g = node_as(CoGroupMap, n);
    const Schema *left = g->left->schema, *right = g->right->schema;
    size_t nkeys = g->left_groups.len;
    Stage s = { .e = e, .select = EMIT_STR,
                .made = { .kind = "cogroup", .rows = PYTHON_GROUPS, .keys = (int64_t)nkeys, .left = (int64_t)left->len,
                          .right = (int64_t)right->len } };
    const char *one, *other;
    OffsetList offsets = { 0 };
    if (nkeys != g->right_groups.len)
        return emit_unsupported(e, n, "with different numbers of grouping columns");
    TRY(cogroup_side(e, g->left, &g->left_groups, &g->left_groups, left, right, false, &one));
    TRY(cogroup_side(e, g->right, &g->right_groups, &g->left_groups, left, right, true, &other));
    input_column(&s, "x0", "key", &type_binary, false);
    input_column(&s, "x1", "side", &type_int, false);
    for (size_t i = 0; i < nkeys; i++)
        vec_push(e->a, &s.input, (Field){ .name = group_field(e, g->left_groups.at[i], i), .type = g->left_groups.at[i]->type,
                                          .nullable = true });
    for (size_t i = 0; i < left->len + right->len; i++) {
        const Column *c = i < left->len ? &left->at[i] : &right->at[i - left->len];
        vec_push(e->a, &s.input, (Field){ .name = c->name, .type = c->type, .nullable = true });
    }
    str_clear(&s.select);
    str_add(&s.select, "*");
    output_schema(&s, n->schema);
    group_offsets(e, &offsets, nkeys, left->len);
    group_offsets(e, &offsets, nkeys, right->len);
    add_function(&s, node_as(PythonUdf, g->function), &offsets);
    return stage_end(&s, arena_printf(e->a, "FROM (%s UNION ALL %s) ORDER BY 1, 2", one, other), ret);
}

/* ---------------------------------------------------------------- data sources */
/* A row for each partition, each a task of its own. */
Status emit_python_scan(Emit *e, const Node *n, Sel *ret)
{
    const PythonScan *scan = node_as(PythonScan, n);
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "map", .rows = PYTHON_PARTITIONS, .keys = 1 } };
    PythonUdf *function;
    StrList partitions = { 0 };
    OffsetList offsets = { 0 };
    str_auto rows = EMIT_STR;
    if (!e->o->python_read)
        return emit_unsupported(e, n, "Python data sources without a session");
    TRY(e->o->python_read(e->o->self, e->a, scan, &function, &partitions, e->err));
    for (size_t i = 0; i < partitions.len; i++)
        str_addf(&rows, "%s(%zu, from_base64('%s'))", i ? ", " : "", i, partitions.at[i]);
    input_column(&s, "create_sort_key(w_part, 'ASC NULLS FIRST', '', 'ASC NULLS FIRST')", "key", &type_binary, false);
    input_column(&s, "w_bytes", "partition", &type_binary, false);
    output_schema(&s, n->schema);
    vec_push(e->a, &offsets, 0);
    add_function(&s, function, &offsets);
    return stage_end(&s, arena_printf(e->a, "FROM (VALUES %s) AS w(w_part, w_bytes) ORDER BY w_part", str_text(&rows)), ret);
}

/* ---------------------------------------------------------------- table functions over a TABLE argument */
Status emit_table_function(Emit *e, const Node *n, Sel *ret)
{
    const PythonTableFunction *t = node_as(PythonTableFunction, n);
    const PythonUdf *udf = node_as(PythonUdf, t->function);
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "table", .one_partition = t->single_partition, .analyzed = udf->analyzed } };
    const char *from, *key;
    OffsetList offsets = { 0 }, partition_columns = { 0 }, table = { 0 };
    str_auto order = EMIT_STR;
    TRY(from_text(e, t->input, &from));
    if (t->groups.len) {
        TRY(key_text(e, &t->groups, &key));
        input_column(&s, key, "key", &type_binary, false);
        s.made.rows = PYTHON_GROUPS;
        str_add(&order, "1");
    }
    s.made.keys = s.made.first_arg = (int64_t)s.input.len;
    for (size_t i = 0; i < udf->args.len; i++) {
        TRY(input_expr(&s, udf->args.at[i], arena_printf(e->a, "_%zu", i)));
        vec_push(e->a, &offsets, (int64_t)i);
    }
    s.made.nargs = (int64_t)udf->args.len;
    for (size_t i = 0; i < t->groups.len; i++)
        vec_push(e->a, &partition_columns, t->columns + (int64_t)i);
    vec_push(e->a, &table, t->table);
    s.made.partition_columns = partition_columns.at;
    s.made.npartition_columns = partition_columns.len;
    s.made.table_args = table.at;
    s.made.ntable_args = table.len;
    str_add(&order, t->groups.len && t->orders.len ? ", " : "");
    TRY(emit_orders(e, &t->orders, true, &order));
    output_schema(&s, n->schema);
    add_function(&s, udf, &offsets);
    if (!order.len)
        return stage_end(&s, arena_printf(e->a, "FROM %s", from), ret);
    /* equal rows stay in the order that they come in */
    return stage_end(&s, arena_printf(e->a, "FROM (SELECT *, row_number() OVER () AS w_row FROM %s) ORDER BY %s, w_row", from, str_text(&order)), ret);
}

/* ---------------------------------------------------------------- what is computed in stages below a relation */
typedef struct Found {
    Arena *a;
    NodeList list; /* inner ones first */
    bool (*is)(const Node *n);
} Found;

static Node *find_one(Arena *a, Node *n, void *arg)
{
    Found *f = arg;
    (void)a;
    bool known = false;
    for (size_t i = 0; i < f->list.len; i++)
        known = known || node_equal(f->list.at[i], n);
    if (f->is(n) && !known)
        vec_push(f->a, &f->list, n);
    return n;
}

static NodeList find_all(Emit *e, const NodeList *exprs, bool (*is)(const Node *n))
{
    Found f = { .a = e->a, .is = is };
    for (size_t i = 0; i < exprs->len; i++)
        node_rewrite(e->a, exprs->at[i], find_one, &f);
    return f.list;
}

static bool is_staged(const Node *n)
{
    return is_iter(n) || is_window(n);
}

/* Expressions known by their columns, while what is above them is emitted. */
static void scope_add(Emit *e, GroupScope *scope, const Node *n, const char *name)
{
    NodeList *groups = (NodeList *)(uintptr_t)scope->groups;
    StrList *names = (StrList *)(uintptr_t)scope->names;
    vec_push(e->a, groups, (Node *)(uintptr_t)n);
    vec_push(e->a, names, name);
}

/* --- scalar iterator functions --- */
static Status emit_iter(Emit *e, const PythonUdf *udf, const char *from, const char *column, StrList *carried, FieldList *fields,
                        const char **ret_from)
{
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "iter", .nargs = (int64_t)udf->args.len } };
    OffsetList offsets = { 0 };
    Sel made;
    for (size_t i = 0; i < udf->args.len; i++) {
        TRY(input_expr(&s, udf->args.at[i], arena_printf(e->a, "_%zu", i)));
        vec_push(e->a, &offsets, (int64_t)i);
    }
    output_column(&s, "_0", column, udf->returns);
    for (size_t i = 0; i < carried->len; i++) {
        input_column(&s, carried->at[i], fields->at[i].name, fields->at[i].type, true);
        output_column(&s, fields->at[i].name, carried->at[i], fields->at[i].type);
    }
    add_function(&s, udf, &offsets);
    TRY(stage_end(&s, arena_printf(e->a, "FROM %s", from), &made));
    *ret_from = made.from;
    return ST_OK;
}

/* --- grouped aggregates over windows --- */
static bool unbounded(const Window *w)
{
    const Frame *f = w->frame ? node_as(Frame, w->frame) : NULL;
    return f ? f->lower_kind == BOUND_UNBOUNDED && f->upper_kind == BOUND_UNBOUNDED : w->orders.len == 0;
}

/* The first and the row after the last of each row's frame, counted in its partition; both 0 for an empty one. */
static Status frame_bounds(Emit *e, const Window *w, const char *partition, const char *order, const char **ret_first, const char **ret_end)
{
    const Frame *f = w->frame ? node_as(Frame, w->frame) : NULL;
    str_auto over = EMIT_STR;
    bool rows = f && f->unit == FRAME_ROWS;
    str_addf(&over, "OVER (%s ORDER BY %s", partition, rows || !*order ? "w_row" : order);
    if (f)
        TRY(emit_frame(e, f, w, &over));
    str_add(&over, ")");
    *ret_first = arena_printf(e->a, "CAST(coalesce(min(w_row) %s - 1, 0) AS INTEGER)", str_text(&over));
    *ret_end = arena_printf(e->a, "CAST(coalesce(max(w_row) %s, 0) AS INTEGER)", str_text(&over));
    return ST_OK;
}

static Status emit_python_window(Emit *e, const Window *w, const char *from, const char *column, StrList *carried, FieldList *fields,
                                 const char **ret_from)
{
    PythonUdf *udf = (PythonUdf *)(void *)node_copy(e->a, w->function);
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "window", .rows = PYTHON_GROUPS, .window_bounds = "unbounded" } };
    OffsetList offsets = { 0 };
    const char *key, *first, *end;
    str_auto partition = EMIT_STR;
    str_auto order = EMIT_STR;
    udf->eval_type = udf->eval_type == EVAL_AGG_PANDAS ? EVAL_WINDOW_PANDAS : EVAL_WINDOW_ARROW;
    TRY(key_text(e, &w->partitions, &key));
    for (size_t i = 0; i < w->partitions.len; i++) {
        str_add(&partition, i ? ", " : "PARTITION BY ");
        TRY(emit_expr(e, w->partitions.at[i], &partition));
    }
    TRY(emit_orders(e, &w->orders, true, &order));
    input_column(&s, key, "key", &type_binary, false);
    if (!unbounded(w)) {
        TRY(frame_bounds(e, w, str_text(&partition), str_text(&order), &first, &end));
        input_column(&s, first, "begin", &type_int, false);
        input_column(&s, end, "end", &type_int, false);
        s.made.window_bounds = "bounded";
    }
    for (size_t i = 0; i < udf->args.len; i++)
        TRY(input_expr(&s, udf->args.at[i], arena_printf(e->a, "_%zu", i)));
    for (size_t i = 1; i < s.input.len; i++)
        vec_push(e->a, &offsets, (int64_t)i - 1);
    s.made.first_arg = 1;
    s.made.nargs = (int64_t)offsets.len;
    output_column(&s, "_0", column, udf->returns);
    for (size_t i = 0; i < carried->len; i++) {
        input_column(&s, carried->at[i], fields->at[i].name, fields->at[i].type, true);
        output_column(&s, fields->at[i].name, carried->at[i], fields->at[i].type);
    }
    add_function(&s, udf, &offsets);
    const char *numbered = arena_printf(e->a, "(SELECT *, row_number() OVER (%s%s%s) AS w_row FROM %s)", str_text(&partition),
                                        order.len ? " ORDER BY " : "", str_text(&order), from);
    Sel made;
    TRY(stage_end(&s, arena_printf(e->a, "FROM %s ORDER BY 1, w_row", numbered), &made));
    *ret_from = made.from;
    return ST_OK;
}

/* The input of a Project, with the results of its staged functions; scope: those, by their columns. */
static Status staged_input(Emit *e, const Project *p, const NodeList *staged, GroupScope *scope, const char **ret_from)
{
    const Schema *schema = p->input->schema;
    StrList carried = { 0 };
    FieldList fields = { 0 };
    const char *from;
    TRY(from_text(e, p->input, &from));
    for (size_t i = 0; i < schema->len; i++) {
        const Column *c = &schema->at[i];
        vec_push(e->a, &carried, arena_printf(e->a, COLUMN_TEXT, c->id));
        vec_push(e->a, &fields, (Field){ .name = c->name, .type = c->type, .nullable = true });
    }
    e->groups = scope;
    for (size_t i = 0; i < staged->len; i++) {
        const Node *n = staged->at[i];
        const char *column = emit_fresh(e, "py");
        if (is_iter(n))
            TRY(emit_iter(e, node_as(PythonUdf, n), from, column, &carried, &fields, &from));
        else
            TRY(emit_python_window(e, node_as(Window, n), from, column, &carried, &fields, &from));
        vec_push(e->a, &carried, column);
        vec_push(e->a, &fields, (Field){ .name = column, .type = n->type, .nullable = true });
        scope_add(e, scope, n, column);
    }
    *ret_from = from;
    return ST_OK;
}

Status emit_python_project(Emit *e, const Project *p, bool *ret_done, Sel *ret)
{
    NodeList staged = find_all(e, &p->exprs, is_staged);
    *ret_done = staged.len > 0;
    if (!staged.len)
        return ST_OK;
    NodeList known = { 0 };
    StrList names = { 0 };
    GroupScope scope = { .groups = &known, .names = &names, .outer = e->groups };
    Sel s = { 0 };
    Status status = staged_input(e, p, &staged, &scope, &s.from);
    if (status == ST_OK)
        status = emit_outputs(e, &p->exprs, p->node.schema, &s.select);
    e->groups = scope.outer;
    *ret = s;
    return status;
}

/* --- the same for relations that are no Project: a Project below them computes the functions --- */
typedef struct Replace {
    const NodeList *from, *to;
} Replace;

static Node *replace_one(Arena *a, Node *n, void *arg)
{
    const Replace *r = arg;
    (void)a;
    for (size_t i = 0; i < r->from->len; i++)
        if (node_equal(r->from->at[i], n))
            return r->to->at[i];
    return n;
}

static NodeList replaced(Emit *e, const NodeList *exprs, Replace *r)
{
    NodeList out = { 0 };
    for (size_t i = 0; i < exprs->len; i++)
        vec_push(e->a, &out, node_rewrite(e->a, exprs->at[i], replace_one, r));
    return out;
}

static Node *project_below(Emit *e, Node *input, const NodeList *found, NodeList *ret_refs)
{
    enum { FIRST_ID = 0x40000000 };
    NodeList exprs = { 0 };
    const Schema *schema = input->schema;
    Column *columns = ARENA_ARRAY(e->a, Column, schema->len + found->len);
    for (size_t i = 0; i < schema->len; i++) {
        Node *ref = node_new(e->a, ColumnRef, .id = schema->at[i].id, .name = schema->at[i].name);
        ref->type = schema->at[i].type;
        ref->nullable = schema->at[i].nullable;
        vec_push(e->a, &exprs, ref);
        columns[i] = schema->at[i];
    }
    for (size_t i = 0; i < found->len; i++) {
        int64_t id = FIRST_ID + (int64_t)++e->names;
        StrList names = { 0 };
        const char *name = arena_printf(e->a, "py%zu", i);
        vec_push(e->a, &names, name);
        Node *alias = node_new(e->a, Alias, .child = found->at[i], .names = names, .id = id);
        Node *ref = node_new(e->a, ColumnRef, .id = id, .name = name);
        alias->type = ref->type = found->at[i]->type;
        alias->nullable = ref->nullable = true;
        vec_push(e->a, &exprs, alias);
        vec_push(e->a, ret_refs, ref);
        columns[schema->len + i] = (Column){ .id = (uint32_t)id, .name = name, .type = ref->type, .nullable = true };
    }
    Node *project = node_new(e->a, Project, .input = input, .exprs = exprs);
    Schema *made = ARENA_NEW(e->a, Schema);
    *made = (Schema){ columns, schema->len + found->len };
    project->schema = made;
    return project;
}

const Node *emit_python_below(Emit *e, const Node *n)
{
    NodeList exprs = { 0 }, found, refs = { 0 };
    if (node_is(Filter, n)) {
        vec_push(e->a, &exprs, node_as(Filter, n)->predicate);
    } else if (node_is(Sort, n)) {
        exprs = node_as(Sort, n)->orders;
    } else if (node_is(Aggregate, n)) {
        exprs = node_as(Aggregate, n)->exprs;
    } else {
        return n;
    }
    found = find_all(e, &exprs, is_staged);
    if (!found.len)
        return n;
    Replace r = { .from = &found, .to = &refs };
    Node *copy = node_copy(e->a, n);
    if (node_is(Filter, n)) {
        Filter *f = (Filter *)(void *)copy;
        f->input = project_below(e, f->input, &found, &refs);
        f->predicate = node_rewrite(e->a, f->predicate, replace_one, &r);
    } else if (node_is(Sort, n)) {
        Sort *f = (Sort *)(void *)copy;
        f->input = project_below(e, f->input, &found, &refs);
        f->orders = replaced(e, &f->orders, &r);
    } else {
        Aggregate *g = (Aggregate *)(void *)copy;
        g->input = project_below(e, g->input, &found, &refs);
        g->groups = replaced(e, &g->groups, &r);
        g->exprs = replaced(e, &g->exprs, &r);
    }
    return copy;
}

/* ---------------------------------------------------------------- grouped aggregates */
static bool is_native_aggregate(const Node *n)
{
    return node_is(Call, n) && node_as(Call, n)->function->kind == FN_AGGREGATE;
}

static Status refuse_mixture(Emit *e, const NodeList *udfs)
{
    str_auto names = EMIT_STR;
    for (size_t i = 0; i < udfs->len; i++)
        str_addf(&names, "%s`%s`", i ? ", " : "", node_as(PythonUdf, udfs->at[i])->name);
    FAIL_CODE(e->err, ST_INVALID, "INVALID_PANDAS_UDF_PLACEMENT",
              "The group aggregate pandas UDF %s cannot be invoked together with as other, non-pandas aggregate functions.",
              str_text(&names));
    if (e->err)
        memcpy(e->err->sqlstate, "0A000", 6);
    error_param(e->err, "functionList", str_text(&names));
    return ST_INVALID;
}

static Status agg_stage(Emit *e, const Aggregate *g, const NodeList *udfs, GroupScope *scope, const char **ret_from)
{
    Stage s = { .e = e, .select = EMIT_STR, .made = { .kind = "agg", .rows = PYTHON_GROUPS, .keys = (int64_t)g->groups.len } };
    const char *from, *key;
    TRY(from_text(e, g->input, &from));
    TRY(key_text(e, &g->groups, &key));
    input_column(&s, key, "key", &type_binary, false);
    for (size_t i = 0; i < g->groups.len; i++) {
        const char *column = emit_fresh(e, "py");
        TRY(input_expr(&s, g->groups.at[i], group_field(e, g->groups.at[i], i)));
        output_column(&s, column, column, g->groups.at[i]->type);
        scope_add(e, scope, g->groups.at[i], column);
    }
    s.made.first_arg = (int64_t)s.input.len;
    for (size_t i = 0; i < udfs->len; i++) {
        const PythonUdf *udf = node_as(PythonUdf, udfs->at[i]);
        const char *column = emit_fresh(e, "py");
        OffsetList offsets = { 0 };
        for (size_t k = 0; k < udf->args.len; k++) {
            vec_push(e->a, &offsets, (int64_t)s.input.len - s.made.first_arg);
            TRY(input_expr(&s, udf->args.at[k], arena_printf(e->a, "_%zu", s.input.len)));
        }
        add_function(&s, udf, &offsets);
        output_column(&s, column, column, udf->returns);
        scope_add(e, scope, udfs->at[i], column);
    }
    s.made.nargs = (int64_t)s.input.len - s.made.first_arg;
    if (!s.made.nargs) /* rows without columns cannot be told apart */
        input_column(&s, "1", "_none", &type_int, false);
    Sel made;
    TRY(stage_end(&s, arena_printf(e->a, "FROM %s", grouped(e, from, g->groups.len)), &made));
    *ret_from = made.from;
    return ST_OK;
}

Status emit_python_aggregate(Emit *e, const Aggregate *g, bool *ret_done, Sel *ret)
{
    NodeList udfs = find_all(e, &g->exprs, is_agg);
    *ret_done = udfs.len > 0;
    if (!udfs.len)
        return ST_OK;
    if (find_all(e, &g->exprs, is_native_aggregate).len)
        return refuse_mixture(e, &udfs);
    if (g->sets.len || g->grouping != GROUPING_PLAIN)
        return emit_unsupported(e, udfs.at[0], "over grouping sets");
    for (size_t i = 1; i < udfs.len; i++)
        if (node_as(PythonUdf, udfs.at[i])->eval_type != node_as(PythonUdf, udfs.at[0])->eval_type)
            return emit_unsupported(e, udfs.at[i], "of pandas and Arrow in one aggregate");
    NodeList known = { 0 };
    StrList names = { 0 };
    GroupScope scope = { .groups = &known, .names = &names, .outer = e->groups };
    NodeList none = { 0 };
    StrList no_names = { 0 };
    GroupScope empty = { .groups = &none, .names = &no_names, .outer = e->groups };
    Sel s = { 0 };
    e->groups = &empty;
    Status status = agg_stage(e, g, &udfs, &scope, &s.from);
    e->groups = &scope;
    if (status == ST_OK)
        status = emit_outputs(e, &g->exprs, g->node.schema, &s.select);
    e->groups = scope.outer;
    *ret = s;
    return status;
}
