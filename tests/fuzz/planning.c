/* tests/fuzz/planning.c -- see planning.h. */
#include "planning.h"

#include "back/duckdb/engine.h"
#include "back/duckdb/source.h"
#include "base/limits.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/source.h"

#include <stdio.h>
#include <stdlib.h>

const PlanningTable planning_tables[] = {
    { "t", "i INT NOT NULL, l BIGINT NOT NULL, sh SMALLINT NOT NULL, b TINYINT NOT NULL, f FLOAT NOT NULL, d DOUBLE NOT NULL, dec DECIMAL(10,2) NOT "
           "NULL, s STRING NOT NULL, bo BOOLEAN NOT NULL, dt DATE NOT NULL, ts TIMESTAMP NOT NULL, ntz TIMESTAMP_NTZ NOT NULL, tm TIME(6) NOT NULL, "
           "bin BINARY NOT NULL, ym INTERVAL YEAR TO MONTH NOT NULL, ds INTERVAL DAY TO SECOND NOT NULL, arr ARRAY<INT> NOT NULL, m "
           "MAP<STRING,INT> NOT NULL, st STRUCT<f: INT NOT NULL, g: STRING NOT NULL> NOT NULL", NULL },
    { "n", "i INT, l BIGINT, sh SMALLINT, b TINYINT, f FLOAT, d DOUBLE, dec DECIMAL(38,18), s STRING, bo BOOLEAN, dt DATE, ts TIMESTAMP, ntz "
           "TIMESTAMP_NTZ, tm TIME(3), bin BINARY, ym INTERVAL MONTH, ds INTERVAL HOUR TO MINUTE, arr ARRAY<STRING>, m MAP<INT,DOUBLE>, st "
           "STRUCT<f: INT, g: STRUCT<h: DATE, k: ARRAY<DECIMAL(5,1)>>>, u VOID", NULL },
    { "u", "i INT, k INT, v STRING", NULL },
    { "nested", "a ARRAY<ARRAY<INT>>, aos ARRAY<STRUCT<x: INT, y: STRING>>, mom MAP<STRING,MAP<INT,ARRAY<STRING>>>, soa STRUCT<p: ARRAY<DOUBLE>, q: "
                "STRUCT<r: STRUCT<s: BIGINT>>>, `odd name` INT, `d.ot` INT, `SELECT` STRING", NULL },
    { "col", "lc STRING COLLATE UTF8_LCASE, un STRING COLLATE UNICODE_CI, ai STRING COLLATE UNICODE_AI, rt STRING COLLATE UTF8_BINARY_RTRIM, s STRING, a "
             "ARRAY<STRING COLLATE UTF8_LCASE>", NULL },
    { "ch", "c CHAR(5), v VARCHAR(3), s STRING, a ARRAY<CHAR(2)>", NULL },
    { "va", "v VARIANT, i INT, s STRING", NULL },
    { "part", "id BIGINT, name STRING", "year INT, month STRING" },
    { 0 },
};

const char *const planning_views[] = {
    "v1", "SELECT i, s, arr, dt FROM t WHERE i > 0",
    "v2", "WITH c AS (SELECT s, sum(i) AS total FROM v1 GROUP BY s) SELECT c.*, rank() OVER (ORDER BY total) AS r FROM c",
    "v3", "SELECT * FROM v2 JOIN u ON v2.s = u.v",
    "circle", "SELECT * FROM circle",
    NULL,
};

static const char *const routines[] = {
    "plus", "CREATE FUNCTION plus(x INT, y INT DEFAULT 1) RETURNS INT RETURN x + y",
    "looked", "CREATE FUNCTION looked(x INT) RETURNS STRING RETURN (SELECT max(v) FROM u WHERE u.k = x)",
    "rows_of", "CREATE FUNCTION rows_of(n INT, m INT DEFAULT 3) RETURNS TABLE(a INT, b STRING) RETURN SELECT i, s FROM t WHERE i < n + m",
    "again", "CREATE FUNCTION again(x INT) RETURNS INT RETURN again(x) + 1",
    NULL,
};

static const struct { const char *key; unsigned bit; const char *set, *unset; } settings[] = {
    { "spark.sql.ansi.enabled", PLANNING_LEGACY, "false", "true" },
    { "spark.sql.caseSensitive", PLANNING_CASE_SENSITIVE, "true", "false" },
    { "spark.sql.timestampType", PLANNING_NTZ, "TIMESTAMP_NTZ", "TIMESTAMP_LTZ" },
    { "spark.sql.session.timeZone", PLANNING_ZONE, "America/Los_Angeles", "UTC" },
    { "spark.sql.legacy.sizeOfNull", PLANNING_LEGACY, "true", "false" },
    { "spark.sql.crossJoin.enabled", PLANNING_LEGACY, "false", "true" },
    { "spark.sql.legacy.timeParserPolicy", PLANNING_LEGACY, "LEGACY", "EXCEPTION" },
    { "spark.sql.mapKeyDedupPolicy", PLANNING_LEGACY, "LAST_WIN", "EXCEPTION" },
};

static bool on(const Planning *p, unsigned bit)
{
    return p->settings & bit;
}

static const char *conf(void *self, const char *key)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (str_eq(settings[i].key, key))
            return on(self, settings[i].bit) ? settings[i].set : settings[i].unset;
    return NULL;
}

SqlOptions planning_sql_options(Planning *p)
{
    bool legacy = on(p, PLANNING_LEGACY_PARSER);
    return (SqlOptions){ .ansi = !on(p, PLANNING_LEGACY), .enforce_reserved_keywords = on(p, PLANNING_RESERVED),
                         .double_quoted_identifiers = on(p, PLANNING_QUOTED_NAMES), .escaped_string_literals = legacy,
                         .legacy_setops_precedence = legacy, .legacy_exponent_as_decimal = legacy, .legacy_interval = legacy,
                         .legacy_bang_not = legacy, .legacy_having_as_where = legacy, .quoted_regex_columns = legacy,
                         .continue_handlers = true, .timestamp_ntz = on(p, PLANNING_NTZ), .time_zone = conf(p, "spark.sql.session.timeZone") };
}

/* ---- names */

static Status parse_schema(void *self, Arena *a, const char *text, const Type **ret_type, Error *err)
{
    (void)self;
    const char *start = text + strspn(text, " \t\r\n");
    return *start == '{' ? type_from_json(a, start, ret_type, err) : sql_parse_schema(a, text, ret_type, err);
}

/* A table of the engine, or files when it has partitions. */
static Status table_scan(Planning *p, Arena *a, const PlanningTable *t, Node **ret_plan, Error *err)
{
    static const char *const values[] = { "2013", NULL };
    static const SourceFile file = { .path = "/data/part.parquet", .uri = "file:///data/part.parquet", .size_bytes = 4096, .partition_values = values };
    ScanSource *source = ARENA_NEW(a, ScanSource);
    TRY(parse_schema(p, a, t->columns, &source->data_schema, err));
    source->origin = t->name;
    source->partition_schema = type_struct(a, NULL, 0);
    if (t->partitions) {
        source->files = &file;
        source->nfiles = 1;
        TRY(parse_schema(p, a, t->partitions, &source->partition_schema, err));
    } else {
        source->relation = arena_printf(a, "main.%s", t->name);
    }
    *ret_plan = node_new(a, Scan, .format = "parquet", .source = source);
    return ST_OK;
}

static Status relation(void *self, Arena *a, const StrList *name, const KeyValueList *options, Node **ret_plan, Error *err)
{
    Planning *p = self;
    (void)options;
    const char *last = name->at[name->len - 1];
    if (name->len > 3)
        return FAIL(err, ST_NOT_FOUND, "too many parts");
    for (const PlanningTable *t = planning_tables; t->name; t++)
        if (str_ieq(t->name, last))
            return table_scan(p, a, t, ret_plan, err);
    for (const char *const *v = planning_views; *v; v += 2)
        if (str_ieq(*v, last)) {
            SqlOptions sql = planning_sql_options(p);
            return sql_parse_statement(a, v[1], strlen(v[1]), &sql, ret_plan, err);
        }
    return FAIL(err, ST_NOT_FOUND, "no such table");
}

static bool full_name(void *self, Arena *a, const StrList *name, StrList *ret_full)
{
    (void)self;
    vec_push(a, ret_full, "spark_catalog");
    vec_push(a, ret_full, "default");
    vec_push(a, ret_full, name->at[name->len - 1]);
    return name->len <= 3;
}

static Status read_files(void *self, Arena *a, const Read *read, Node **ret_scan, Error *err)
{
    static const SourceFile file = { .path = "/data/any", .uri = "file:///data/any", .size_bytes = 4096 };
    const char *format = read->format && *read->format ? source_format(read->format) : "parquet";
    if (!format)
        return spark_error(err, NULL, "DATA_SOURCE_NOT_FOUND", "42K02", "Failed to find the data source: <provider>.", "provider", read->format, NULL);
    ScanSource *source = ARENA_NEW(a, ScanSource);
    source->files = &file;
    source->nfiles = 1;
    source->partition_schema = type_struct(a, NULL, 0);
    source->data_schema = read->user_schema;
    if (!source->data_schema)
        TRY(parse_schema(self, a, read->schema_text ? read->schema_text : "a INT, b STRING, c ARRAY<STRUCT<d: DATE>>", &source->data_schema, err));
    *ret_scan = node_new(a, Scan, .format = format, .source = source, .options = read->options);
    return ST_OK;
}

static Status parse_texts(void *self, Arena *a, const Parse *parse, const Node *input, Node **ret_scan, Error *err)
{
    const Read read = { .format = parse->format, .user_schema = parse->to, .options = parse->options };
    (void)input;
    return read_files(self, a, &read, ret_scan, err);
}

static Status local(void *self, Arena *a, const LocalRelation *n, const Type **ret_schema, Error *err)
{
    if (n->declared) {
        *ret_schema = n->declared;
        return ST_OK;
    }
    if (n->schema_text)
        return parse_schema(self, a, n->schema_text, ret_schema, err);
    return engine_ipc_schema(a, n->arrow, (size_t)n->arrow_bytes, ret_schema, err);
}

static Status function(void *self, Arena *a, const StrList *name, Node **ret_function, Error *err)
{
    Planning *p = self;
    const char *last = name->at[name->len - 1];
    if (str_ieq(last, "py")) {
        *ret_function = node_new(a, PythonUdf, .name = "py", .eval_type = 100, .command = "gASVAAAAAAAAAA==", .python_version = "3.11", .returns = &type_long,
                                 .deterministic = true);
        return ST_OK;
    }
    for (const char *const *r = routines; *r; r += 2)
        if (str_ieq(*r, last)) {
            SqlOptions sql = planning_sql_options(p);
            return sql_parse_statement(a, r[1], strlen(r[1]), &sql, ret_function, err);
        }
    return FAIL(err, ST_NOT_FOUND, "no such function");
}

static bool is_temporary_function(void *self, const char *name)
{
    (void)self;
    return str_ieq(name, "py");
}

/* ---- values */

/* Some constant of the type; NULL for those that have none here. */
static const Value *some_value(Arena *a, const Type *t, size_t row)
{
    Value *v = ARENA_NEW(a, Value);
    v->i = (int64_t)row + 1;
    v->f = (double)row + 0.5;
    v->text = row ? "b'`\"\\" : "a";
    v->text_len = strlen(v->text);
    v->is_null = row > 1 || t->kind >= TYPE_ARRAY || t->kind == TYPE_NULL;
    if (t->kind == TYPE_DECIMAL)
        v->text = arena_printf(a, "%s%.*s", t->scale ? "0." : "1", t->scale, "00000000000000000000000000000000000000"), v->text_len = strlen(v->text);
    return v;
}

static Status rows(void *self, Arena *a, const Node *bound, size_t max_rows, NodeList *ret_rows, Error *err)
{
    Planning *p = self;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    const EmitOptions emit = { .time_zone = "UTC", .ansi = true, .conf = conf, .self = p };
    TRY(emit_plan(a, &emit, bound, &sql, err));
    for (size_t i = 0; i < max_rows && i < 3; i++) {
        NodeList items = { 0 };
        for (size_t k = 0; k < bound->schema->len; k++)
            vec_push(a, &items, node_new(a, Literal, .value = some_value(a, bound->schema->at[k].type, i), .of = bound->schema->at[k].type));
        vec_push(a, ret_rows, node_new(a, Row, .items = items));
    }
    return ST_OK;
}

static Status variable(void *self, Arena *a, const StrList *name, size_t *ret_parts, Node **ret_literal, Error *err)
{
    static const struct { const char *name; const Type *type; } variables[] = {
        { "var_i", &type_int }, { "var_s", &type_string }, { "var_d", &type_date }, { "var_b", &type_boolean } };
    (void)self;
    size_t at = name->len > 1 && str_ieq(name->at[0], "session") ? 1 : 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (str_ieq(name->at[at], variables[i].name)) {
            *ret_literal = node_new(a, Literal, .value = some_value(a, variables[i].type, 0), .of = variables[i].type);
            *ret_parts = at + 1;
            return ST_OK;
        }
    return FAIL(err, ST_NOT_FOUND, "no such variable");
}

static Status parse_expression(void *self, Arena *a, const char *text, Node **ret_expr, Error *err)
{
    SqlOptions sql = planning_sql_options(self);
    return sql_parse_expression(a, text, strlen(text), &sql, ret_expr, err);
}

/* ---- what the emitter asks */

static void must(bool holds, const char *what, const Error *err)
{
    if (holds)
        return;
    fprintf(stderr, "planning: %s: %s: %s\n", what, err->code, err->message);
    abort();
}

static Status engine_relation(void *self, Arena *a, const Node *n, const char **ret_table, Error *err)
{
    Planning *p = self;
    return prepare_relation(&p->prepare, a, n, ret_table, err);
}

static Status engine_udf(void *self, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err)
{
    Planning *p = self;
    return prepare_udf(&p->prepare, a, udf, ret_call, err);
}

static Status engine_python(void *self, Arena *a, const PythonStage *stage, const char **ret_from, Error *err)
{
    Planning *p = self;
    return prepare_python(&p->prepare, a, stage, ret_from, err);
}

static Status engine_parser(void *self, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function, Error *err)
{
    Planning *p = self;
    return prepare_parser(&p->prepare, a, format, to, options, ret_function, err);
}

/* The tables that the text may name: as the catalog has them. */
static void make_tables(Planning *p)
{
    Error err = ERROR_INIT;
    for (const PlanningTable *t = planning_tables; t->name; t++) {
        const Type *schema = NULL;
        must(parse_schema(p, p->a, t->columns, &schema, &err) == ST_OK &&
             prepare_table(&p->prepare, arena_printf(p->a, "main.%s", t->name), schema, &err) == ST_OK, "a table of the catalog", &err);
    }
}

/* ---- a statement */

static void check_failure(const Error *err, Status status)
{
    must(status != ST_INTERNAL, "an internal error", err);
    must(err->status == status && *err->message, "a failure without a message", err);
}

static void describe(Planning *p, const Node *bound)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    const Type *schema = bind_schema_type(p->a, bound);
    type_json(schema, &text);
    type_sql(schema, &text);
    node_text(bound, &text);
    connect_type_message(p->a, schema);
    Node *copy = node_copy_deep(p->a, bound);
    Error none = ERROR_INIT;
    must(node_equal(copy, bound), "a copy that is another", &none);
}

static void emit(Planning *p, const Node *bound)
{
    const EmitOptions options = { .time_zone = conf(p, "spark.sql.session.timeZone"), .ansi = !on(p, PLANNING_LEGACY), .now_us = 1700000000000000,
                                  .user = "fuzz", .catalog = "spark_catalog", .database = "default", .conf = conf, .relation = engine_relation,
                                  .udf = engine_udf, .python = engine_python, .parser = engine_parser, .self = p };
    Error err = ERROR_INIT;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    p->prepare = prepare_begin(p->a, options.time_zone);
    Status status = emit_plan(p->a, &options, bound, &sql, &err);
    if (status != ST_OK) {
        check_failure(&err, status);
    } else {
        must(sql.len > 0, "an empty text for the engine", &err);
        if (p->prepare.is_new)
            make_tables(p);
        prepare_text(&p->prepare, str_text(&sql));
    }
    prepare_end(&p->prepare);
}

static bool emit_child(Node *child, void *planning)
{
    if (child->schema)
        emit(planning, child);
    return true;
}

static bool is_command(const Node *n)
{
    return n->kind >= NODE_WriteFiles;
}

void planning_run(Planning *p, Node *unbound)
{
    enum { STATEMENTS_MAX = 32 };
    const BindEnv env = { .self = p, .conf = conf, .relation = relation, .full_name = full_name, .read = read_files, .parse = parse_texts, .local = local,
                          .function = function, .is_temporary_function = is_temporary_function, .variable = variable, .rows = rows,
                          .parse_expression = parse_expression, .parse_type = parse_schema };
    if (++p->asked > STATEMENTS_MAX)
        return;
    if (node_is(CompoundBody, unbound)) {
        const NodeList *statements = &node_as(CompoundBody, unbound)->statements;
        for (size_t i = 0; i < statements->len; i++)
            planning_run(p, statements->at[i]);
        return;
    }
    Error err = ERROR_INIT;
    Node *bound = NULL;
    Status status = bind_plan(p->a, &env, unbound, &bound, &err);
    if (status != ST_OK) {
        check_failure(&err, status);
        return;
    }
    must(bound && bound->schema, "a bound query without a schema", &err);
    describe(p, bound);
    if (is_command(bound))
        node_children(bound, emit_child, p);
    else
        emit(p, bound);
}

/* ---- messages */

static Status parse_statement(void *self, Arena *a, const char *text, const ConnectArgument *arguments, size_t n, Node **ret, Error *err)
{
    SqlOptions sql = planning_sql_options(self);
    SqlParameter *parameters = ARENA_ARRAY(a, SqlParameter, n + 1);
    for (size_t i = 0; i < n; i++)
        parameters[i] = (SqlParameter){ .name = arguments[i].name, .value = arguments[i].value };
    sql.parameters = parameters;
    sql.nparameters = n;
    return sql_parse_statement(a, text, strlen(text), &sql, ret, err);
}

static Status parse_type(void *self, Arena *a, const char *text, const Type **ret, Error *err)
{
    Error ignored = ERROR_INIT;
    if (sql_parse_type(a, text, ret, &ignored) == ST_OK)
        return ST_OK;
    return parse_schema(self, a, text, ret, err);
}

static Status artifact(void *self, Arena *a, const char *hash, View *ret, Error *err)
{
    (void)self, (void)hash, (void)err;
    *ret = (View){ arena_printf(a, "%s", "\xff\xff\xff\xff"), 4 };
    return ST_OK;
}

ConnectOptions planning_connect_options(Planning *p)
{
    return (ConnectOptions){ .self = p, .parse_statement = parse_statement, .parse_expression = parse_expression, .parse_type = parse_type, .artifact = artifact };
}
