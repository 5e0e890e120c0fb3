/* tests/unit/run_query.c -- a tool for golden tests: Spark SQL on stdin, through parser, binder, emitter and engine.
 *
 * One statement a line; each answers with one line of JSON: {"schema": <DataType.json>, "rows": [[text or null, …], …]}, the values
 * as Spark casts them to STRING, or {"error": class, "message": text}. Arguments: [--conf key=value]… [--sql] (prints the
 * engine's text too). There are no tables: queries bring their own VALUES, range() and literals. */
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"
#include "base/clock.h"
#include "base/limits.h"
#include "front/sql/sql.h"
#include "ir/bind.h"
#include "ir/enums.h"

#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Tool {
    EngineSession *session;
    const char *zone;
    KeyValueList conf;
    bool show_sql;
} Tool;

static const char *conf(void *self, const char *key)
{
    const Tool *t = self;
    for (size_t i = t->conf.len; i-- > 0;)
        if (str_eq(key, t->conf.at[i].key))
            return t->conf.at[i].value;
    return NULL;
}

static Status no_relation(void *self, Arena *a, const StrList *name, const KeyValueList *options, Node **ret, Error *err)
{
    (void)self, (void)a, (void)options, (void)ret;
    return FAIL_CODE(err, ST_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", "no table %s here", name->len ? name->at[0] : "");
}

static Status no_read(void *self, Arena *a, const Read *read, Node **ret, Error *err)
{
    (void)self, (void)a, (void)read, (void)ret;
    return FAIL(err, ST_UNSUPPORTED, "no files here");
}

static Status no_local(void *self, Arena *a, const LocalRelation *local, const Type **ret, Error *err)
{
    (void)self, (void)a, (void)local, (void)ret;
    return FAIL(err, ST_UNSUPPORTED, "no local relations here");
}

static Status no_function(void *self, Arena *a, const StrList *name, Node **ret, Error *err)
{
    (void)self, (void)a, (void)name, (void)ret;
    return error_set(err, ST_NOT_FOUND, "no such function");
}

static Status parse_expression(void *self, Arena *a, const char *text, Node **ret, Error *err)
{
    (void)self;
    return sql_parse_expression(a, text, strlen(text), NULL, ret, err);
}

static Status parse_type(void *self, Arena *a, const char *text, const Type **ret, Error *err)
{
    (void)self;
    return sql_parse_type(a, text, ret, err);
}

static Status parser(void *self, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char **ret_function, Error *err)
{
    const Tool *t = self;
    return engine_register_parser(t->session, a, format, to, options, t->zone, ret_function, err);
}

static void json_text(const char *text, size_t length, Str *out)
{
    str_addc(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            str_addf(out, "\\%c", c);
        else if (c < 0x20)
            str_addf(out, "\\u%04x", c);
        else
            str_addc(out, (char)c);
    }
    str_addc(out, '"');
}

/* Every output column cast to STRING, in a Project above the plan. */
static const Node *as_strings(Arena *a, const Node *bound, bool ansi)
{
    NodeList exprs = { 0 };
    Column *columns = ARENA_ARRAY(a, Column, bound->schema->len + 1);
    for (size_t i = 0; i < bound->schema->len; i++) {
        const Column *c = &bound->schema->at[i];
        Node *ref = node_new(a, ColumnRef, .id = c->id, .name = c->name);
        ref->type = c->type;
        Node *cast = node_new(a, Cast, .child = ref, .to = &type_string, .mode = ansi ? CAST_ANSI : CAST_LEGACY);
        cast->type = &type_string;
        cast->nullable = true;
        uint32_t id = 1000000 + (uint32_t)i;
        Node *alias = node_new(a, Alias, .child = cast, .id = id);
        alias->type = &type_string;
        vec_push(a, &exprs, alias);
        columns[i] = (Column){ .id = id, .name = c->name, .type = &type_string, .nullable = true };
    }
    Schema *schema = ARENA_NEW(a, Schema);
    *schema = (Schema){ .at = columns, .len = bound->schema->len };
    Node *input = (Node *)(uintptr_t)bound, *project = node_new(a, Project, .input = input, .exprs = exprs);
    project->schema = schema;
    return project;
}

static void add_batch(const struct ArrowArray *batch, size_t columns, bool *first, Str *out)
{
    for (int64_t row = 0; row < batch->length; row++) {
        str_add(out, *first ? "[" : ", [");
        *first = false;
        for (size_t c = 0; c < columns; c++) {
            struct ArrowArrayView view;
            ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_STRING);
            str_add(out, c ? ", " : "");
            if (ArrowArrayViewSetArray(&view, batch->children[c], NULL) != NANOARROW_OK || ArrowArrayViewIsNull(&view, row)) {
                str_add(out, "null");
            } else {
                struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(&view, row);
                json_text(text.data, (size_t)text.size_bytes, out);
            }
            ArrowArrayViewReset(&view);
        }
        str_add(out, "]");
    }
}

static Status fetch(Arena *a, Tool *t, const Node *plan, const char *sql, Str *out, Error *err)
{
    EngineOutput output = { .schema = bind_schema_type(a, plan), .time_zone = t->zone };
    engine_result_auto *result = NULL;
    bool done = false, first = true;
    TRY(engine_query(t->session, sql, &output, &result, err));
    for (;;) {
        struct ArrowArray batch = { 0 };
        TRY(engine_result_next(result, &batch, &done, err));
        if (done)
            return ST_OK;
        add_batch(&batch, plan->schema->len, &first, out);
        ArrowArrayRelease(&batch);
    }
}

static bool is_ansi(Tool *t)
{
    return str_eq(conf(t, "spark.sql.ansi.enabled"), "true");
}

static EmitOptions emit_options(Tool *t)
{
    return (EmitOptions){ .time_zone = t->zone, .ansi = is_ansi(t), .now_us = clock_us(), .conf = conf, .parser = parser, .self = t, .shown = true };
}

/* A constant out of its text. */
static Status value_of(Arena *a, struct ArrowStringView text, const Type *type, Value *ret, Error *err)
{
    const char *copy = arena_strn(a, text.data, (size_t)text.size_bytes);
    *ret = (Value){ .text = copy, .text_len = (size_t)text.size_bytes };
    if (type_is_integral(type))
        ret->i = strtoll(copy, NULL, 10);
    else if (type->kind == TYPE_FLOAT || type->kind == TYPE_DOUBLE)
        ret->f = strtod(copy, NULL);
    else if (type->kind == TYPE_BOOLEAN)
        ret->i = str_eq(copy, "true");
    else if (type->kind != TYPE_STRING && type->kind != TYPE_DECIMAL)
        return FAIL(err, ST_UNSUPPORTED, "no constants of %s here", type_catalog_text(a, type));
    return ST_OK;
}

/* The binder wants constants: rows of one batch are enough. */
static Status rows(void *self, Arena *a, const Node *bound, size_t max, NodeList *ret, Error *err)
{
    Tool *t = self;
    EmitOptions emit = emit_options(t);
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    const Node *strings = as_strings(a, bound, emit.ansi);
    EngineOutput output = { .schema = bind_schema_type(a, strings), .time_zone = t->zone };
    engine_result_auto *result = NULL;
    struct ArrowArray batch = { 0 };
    bool done = false;
    TRY(emit_plan(a, &emit, strings, &sql, err));
    TRY(engine_query(t->session, str_text(&sql), &output, &result, err));
    TRY(engine_result_next(result, &batch, &done, err));
    Status status = ST_OK;
    for (int64_t row = 0; !done && row < batch.length && row < (int64_t)max && status == ST_OK; row++) {
        NodeList items = { 0 };
        for (size_t c = 0; c < bound->schema->len && status == ST_OK; c++) {
            Value *value = ARENA_NEW(a, Value);
            struct ArrowArrayView view;
            ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_STRING);
            *value = (Value){ .is_null = true };
            if (ArrowArrayViewSetArray(&view, batch.children[c], NULL) == NANOARROW_OK && !ArrowArrayViewIsNull(&view, row))
                status = value_of(a, ArrowArrayViewGetStringUnsafe(&view, row), bound->schema->at[c].type, value, err);
            ArrowArrayViewReset(&view);
            vec_push(a, &items, node_new(a, Literal, .value = value, .of = bound->schema->at[c].type));
        }
        vec_push(a, ret, node_new(a, Row, .items = items));
    }
    if (!done)
        ArrowArrayRelease(&batch);
    return status;
}

static Status answer(Arena *a, Tool *t, const char *text, Str *out, Error *err)
{
    BindEnv env = { .self = t, .conf = conf, .relation = no_relation, .read = no_read, .local = no_local, .function = no_function,
                    .rows = rows, .parse_expression = parse_expression, .parse_type = parse_type };
    EmitOptions emit = emit_options(t);
    SqlOptions options = { .ansi = true, .time_zone = t->zone, .timestamp_ntz = str_eq(conf(t, "spark.sql.timestampType"), "TIMESTAMP_NTZ"),
                           .quoted_regex_columns = str_eq(conf(t, "spark.sql.parser.quotedRegexColumnNames"), "true"),
                           .legacy_consecutive_strings = str_eq(conf(t, "spark.sql.legacy.consecutiveStringLiterals.enabled"), "true"),
                           .legacy_bang_not = str_eq(conf(t, "spark.sql.legacy.bangEqualsNot"), "true"),
                           .legacy_having_as_where = str_eq(conf(t, "spark.sql.legacy.parser.havingWithoutGroupByAsWhere"), "true") };
    Node *parsed, *bound;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(sql_parse_statement(a, text, strlen(text), &options, &parsed, err));
    TRY(bind_plan(a, &env, parsed, &bound, err));
    const Node *strings = as_strings(a, bound, emit.ansi);
    TRY(emit_plan(a, &emit, strings, &sql, err));
    if (t->show_sql)
        fprintf(stderr, "%s\n", str_text(&sql));
    str_add(out, "{\"schema\": ");
    type_json(bind_schema_type(a, bound), out);
    str_add(out, ", \"rows\": [");
    TRY(fetch(a, t, strings, str_text(&sql), out, err));
    str_add(out, "]}");
    return ST_OK;
}

int main(int argc, char **argv)
{
    arena_auto *all = arena_new();
    Tool tool = { 0 };
    vec_push(all, &tool.conf, (KeyValue){ "spark.sql.ansi.enabled", "true" });
    vec_push(all, &tool.conf, (KeyValue){ "spark.sql.session.timeZone", "UTC" });
    for (int i = 1; i < argc; i++) {
        char *sign = i + 1 < argc ? strchr(argv[i + 1], '=') : NULL;
        if (str_eq(argv[i], "--sql")) {
            tool.show_sql = true;
        } else if (str_eq(argv[i], "--conf") && sign) {
            *sign = 0;
            vec_push(all, &tool.conf, (KeyValue){ argv[++i], sign + 1 });
        } else {
            fprintf(stderr, "run_query: '%s' is no argument\n", argv[i]);
            return 2;
        }
    }
    tool.zone = conf(&tool, "spark.sql.session.timeZone");
    Error err = ERROR_INIT;
    engine_auto *engine = NULL;
    EngineOptions options = { .threads = 2, .confined = true };
    if (engine_open(&options, &engine, &err) != ST_OK || engine_session(engine, &tool.session, &err) != ST_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        arena_auto *a = arena_new();
        str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
        line[strcspn(line, "\n")] = 0;
        err = ERROR_INIT;
        if (answer(a, &tool, line, &out, &err) != ST_OK) {
            str_clear(&out);
            str_add(&out, "{\"error\": ");
            json_text(err.code, strlen(err.code), &out);
            str_add(&out, ", \"message\": ");
            json_text(err.message, strlen(err.message), &out);
            str_add(&out, "}");
        }
        printf("%s\n", str_text(&out));
        fflush(stdout);
    }
    free(line);
    engine_session_close(tool.session);
    return 0;
}
