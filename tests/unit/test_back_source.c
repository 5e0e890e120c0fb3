/* The data sources against what real Spark read from the same files: the files of tests/golden/source, made by make.py there. */
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source.h"
#include "base/file.h"
#include "weir_config.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_GOLDEN = 8 << 20, MAX_ROWS = 1000, MAX_TEXT = 1 << 20 };

typedef struct Fixture {
    Engine *engine;
    EngineSession *session;
    char folder[64];
} Fixture;

typedef struct Golden {
    Arena *a;
    Fixture *f;
    json_t *json;
    const char *name, *folder;
    VEC(SourceFile) files;
    KeyValueList options;
    Error err;
} Golden;

static int set_up(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    Error err = ERROR_INIT;
    EngineOptions options = { .threads = 2 };
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/weir_source_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    if (engine_open(&options, &f->engine, &err) != ST_OK || engine_session(f->engine, &f->session, &err) != ST_OK)
        fail_msg("%s", err.message);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;
    engine_session_close(f->session);
    engine_close(f->engine);
    Error err = ERROR_INIT;
    assert_int_equal(tree_remove(f->folder, &err), ST_OK);
    free(f);
    return 0;
}

/* ---------------------------------------------------------------- a case's files */
static const char *encoded(Golden *c, json_t *content, size_t *ret_length)
{
    const char *encoding = json_string_value(json_object_get(json_object_get(c->json, "options"), "encoding"));
    if (json_is_object(content)) {
        const char *hex = json_string_value(json_object_get(content, "hex"));
        char *bytes = arena_alloc(c->a, strlen(hex) / 2 + 1);
        for (size_t i = 0; i < strlen(hex) / 2; i++) {
            char pair[3] = { hex[2 * i], hex[2 * i + 1], 0 };
            bytes[i] = (char)strtol(pair, NULL, 16);
        }
        *ret_length = strlen(hex) / 2;
        return bytes;
    }
    const char *text = json_string_value(content);
    char *out = arena_alloc(c->a, strlen(text) + 1);
    size_t n = 0;
    bool latin = encoding && !strcmp(encoding, "ISO-8859-1");
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (latin && (*at & 0xe0) == 0xc0) {
            out[n++] = (char)((at[0] & 3) << 6 | (at[1] & 0x3f));
            at++;
        } else {
            out[n++] = (char)*at;
        }
    }
    *ret_length = n;
    return out;
}

static void lay_out(Golden *c)
{
    const char *name;
    json_t *content;
    c->folder = arena_printf(c->a, "%s/case", c->f->folder);
    assert_int_equal(tree_remove(c->folder, &c->err), ST_OK);
    assert_int_equal(dir_make(c->folder, 0700, &c->err), ST_OK);
    json_object_foreach(json_object_get(c->json, "files"), name, content) {
        size_t length;
        const char *bytes = encoded(c, content, &length);
        char *path = path_join(c->a, c->folder, name);
        char *folder = arena_strn(c->a, path, (size_t)(strrchr(path, '/') - path));
        assert_int_equal(dir_make(folder, 0700, &c->err), ST_OK);
        assert_int_equal(file_write_durable(path, bytes, length, 0600, &c->err), ST_OK);
        SourceFile file = { .path = path, .uri = arena_printf(c->a, "file://%s", path), .size_bytes = (int64_t)length };
        size_t at = c->files.len;
        vec_push(c->a, &c->files, file);
        for (; at > 0 && strcmp(c->files.at[at - 1].path, path) > 0; at--) {
            c->files.at[at] = c->files.at[at - 1];
            c->files.at[at - 1] = file;
        }
    }
}

/* ---------------------------------------------------------------- asking */
static Status resolve(Golden *c, const ScanSource **ret_source)
{
    StrList roots = { 0 };
    const Type *schema = NULL;
    const char *key;
    json_t *value, *declared = json_object_get(c->json, "declared");
    json_object_foreach(json_object_get(c->json, "options"), key, value)
        vec_push(c->a, &c->options, (KeyValue){ key, json_string_value(value) });
    vec_push(c->a, &roots, c->folder);
    if (json_is_object(declared)) {
        char *text = json_dumps(declared, 0);
        assert_int_equal(type_from_json(c->a, text, &schema, &c->err), ST_OK);
        free(text);
    }
    SourceRequest r = { .format = json_string_value(json_object_get(c->json, "format")), .files = c->files.at,
                        .nfiles = c->files.len, .roots = &roots, .user_schema = schema, .options = &c->options,
                        .time_zone = "UTC", .infer_partition_types = true };
    return source_resolve(c->a, c->f->session, &r, ret_source, &c->err);
}

static Node *scan_of(Golden *c, const ScanSource *source)
{
    Schema *schema = ARENA_NEW(c->a, Schema);
    size_t n = source->data_schema->nfields;
    schema->len = n + source->partition_schema->nfields;
    Column *columns = ARENA_ARRAY(c->a, Column, schema->len + 1);
    for (size_t i = 0; i < schema->len; i++) {
        const Field *f = i < n ? &source->data_schema->fields[i] : &source->partition_schema->fields[i - n];
        columns[i] = (Column){ .id = (uint32_t)(100 + i), .name = f->name, .type = f->type, .nullable = true };
    }
    schema->at = columns;
    Node *scan = node_new(c->a, Scan, .format = json_string_value(json_object_get(c->json, "format")), .source = source,
                          .options = c->options);
    scan->schema = schema;
    return scan;
}

/* Columns by name: as text, and as JSON when they are nested, in the engine's words. */
static Node *project(Golden *c, Node *scan)
{
    json_t *names = json_object_get(c->json, "select"), *name;
    size_t i;
    if (!json_is_array(names))
        return scan;
    Schema *schema = ARENA_NEW(c->a, Schema);
    Column *columns = ARENA_ARRAY(c->a, Column, json_array_size(names) + 1);
    NodeList exprs = { 0 };
    json_array_foreach(names, i, name) {
        for (size_t j = 0; j < scan->schema->len; j++) {
            if (strcmp(scan->schema->at[j].name, json_string_value(name)) != 0)
                continue;
            Node *ref = node_new(c->a, ColumnRef, .id = scan->schema->at[j].id, .name = scan->schema->at[j].name);
            ref->type = scan->schema->at[j].type;
            vec_push(c->a, &exprs, ref);
            columns[schema->len++] = scan->schema->at[j];
        }
    }
    schema->at = columns;
    Node *p = node_new(c->a, Project, .input = scan, .exprs = exprs);
    p->schema = schema;
    return p;
}

static bool is_nested(const Type *t)
{
    return t->kind == TYPE_STRUCT || t->kind == TYPE_ARRAY || t->kind == TYPE_MAP;
}

static Status query(Golden *c, const Node *plan, json_t *ret_rows)
{
    str_auto sql = STR_INIT(MAX_TEXT), all = STR_INIT(MAX_TEXT);
    EmitOptions options = { .time_zone = "UTC", .ansi = true };
    duckdb_result result;
    TRY(emit_plan(c->a, &options, plan, &sql, &c->err));
    str_add(&all, "SELECT ");
    for (size_t i = 0; i < plan->schema->len; i++) {
        const Type *t = plan->schema->at[i].type;
        str_addf(&all, is_nested(t) ? "%sto_json(c%u)::VARCHAR" : t->kind == TYPE_BINARY ? "%slower(hex(c%u))" : "%sc%u::VARCHAR",
                 i ? ", " : "", plan->schema->at[i].id);
    }
    str_addf(&all, "%s FROM (%s)", plan->schema->len ? "" : "1", str_text(&sql));
    if (duckdb_query(c->f->session->connection, str_text(&all), &result) != DuckDBSuccess) {
        Status status = engine_error(&c->err, duckdb_result_error_type(&result), duckdb_result_error(&result));
        duckdb_destroy_result(&result);
        return status;
    }
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)); duckdb_destroy_data_chunk(&chunk)) {
        for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
            json_t *row = json_array();
            for (idx_t j = 0; j < plan->schema->len; j++) {
                duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, j);
                uint64_t *validity = duckdb_vector_get_validity(vector);
                duckdb_string_t *s = (duckdb_string_t *)duckdb_vector_get_data(vector) + i;
                bool null = validity && !duckdb_validity_row_is_valid(validity, i);
                json_array_append_new(row, null ? json_null() : json_stringn(duckdb_string_t_data(s), duckdb_string_t_length(*s)));
            }
            json_array_append_new(ret_rows, row);
        }
    }
    duckdb_destroy_result(&result);
    return ST_OK;
}

/* ---------------------------------------------------------------- comparing */
/* A number that both write in their own way. */
static bool same_number(const char *x, const char *y, const Type *t)
{
    char *x_end, *y_end;
    double a = strtod(x, &x_end), b = strtod(y, &y_end);
    if (t->kind == TYPE_FLOAT && *x && *y && !*x_end && !*y_end && (float)a == (float)b)
        return true;
    return *x && *y && !*x_end && !*y_end && (a == b || (a != a && b != b));
}

static bool same_row(json_t *x, json_t *y, const Schema *schema)
{
    for (size_t i = 0; i < schema->len; i++) {
        const char *a = json_string_value(json_array_get(x, i)), *b = json_string_value(json_array_get(y, i));
        bool real = schema->at[i].type->kind == TYPE_DOUBLE || schema->at[i].type->kind == TYPE_FLOAT;
        if (!str_eq(a, b) && !(a && b && real && same_number(a, b, schema->at[i].type)))
            return false;
    }
    return true;
}

/* Rows in any order. */
static bool same_rows(json_t *x, json_t *y, const Schema *schema)
{
    if (json_array_size(x) != json_array_size(y))
        return false;
    bool used[MAX_ROWS] = { false };
    for (size_t i = 0; i < json_array_size(x); i++) {
        size_t j = 0;
        while (j < json_array_size(y) && (used[j] || !same_row(json_array_get(x, i), json_array_get(y, j), schema)))
            j++;
        if (j == json_array_size(y))
            return false;
        used[j] = true;
    }
    return true;
}

static size_t differs(Golden *c, const char *what, const char *expected, const char *got)
{
    print_error("%s: %s\n  Spark: %s\n  weir:  %s\n", c->name, what, expected, got);
    return 1;
}

static const char *dumped(Golden *c, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    const char *kept = arena_str(c->a, text ? text : "");
    free(text);
    return kept;
}

static size_t check_error(Golden *c, Status status)
{
    const char *expected = json_string_value(json_object_get(json_object_get(c->json, "expect"), "error"));
    if (!expected)
        return status == ST_OK ? 0 : differs(c, "fails", "does not", c->err.message);
    if (status == ST_OK)
        return differs(c, "does not fail", expected, "");
    return strcmp(expected, c->err.code) ? differs(c, "fails otherwise", expected, c->err.message) : 0;
}

static size_t check(Golden *c)
{
    const ScanSource *source;
    json_t *expect = json_object_get(c->json, "expect"), *rows;
    lay_out(c);
    Status status = resolve(c, &source);
    if (status != ST_OK)
        return check_error(c, status);
    Node *scan = scan_of(c, source);
    str_auto types = STR_INIT(MAX_TEXT);
    Field *fields = ARENA_ARRAY(c->a, Field, scan->schema->len + 1);
    for (size_t i = 0; i < scan->schema->len; i++)
        fields[i] = (Field){ .name = scan->schema->at[i].name, .type = scan->schema->at[i].type, .nullable = true };
    type_catalog(type_struct(c->a, fields, scan->schema->len), &types);
    const char *wanted = json_string_value(json_object_get(expect, "types"));
    if (wanted && strcmp(wanted, str_text(&types)) != 0)
        return differs(c, "schema", wanted, str_text(&types));
    Node *plan = project(c, scan);
    rows = json_array();
    status = query(c, plan, rows);
    size_t bad = check_error(c, status);
    if (!bad && status == ST_OK && !same_rows(json_object_get(expect, "rows"), rows, plan->schema))
        bad = differs(c, "rows", dumped(c, json_object_get(expect, "rows")), dumped(c, rows));
    json_decref(rows);
    return bad;
}

static void check_format(void **state, const char *format)
{
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    char *text;
    size_t length, i, bad = 0;
    json_t *cases, *one;
    const char *path = arena_printf(a, "%s/tests/golden/source/%s.json", WEIR_SOURCE_DIR, format);
    if (file_read(a, path, MAX_GOLDEN, &text, &length, &err) != ST_OK)
        fail_msg("%s", err.message);
    cases = json_loads(text, 0, NULL);
    assert_true(json_array_size(cases) > 0);
    json_array_foreach(cases, i, one) {
        Golden c = { .a = arena_new(), .f = *state, .json = one, .name = json_string_value(json_object_get(one, "name")),
                   .err = ERROR_INIT };
        bad += check(&c);
        arena_free(c.a);
    }
    json_decref(cases);
    if (bad)
        fail_msg("%zu of %s's cases differ", bad, format);
}

static void csv_reads_as_spark_does(void **state)
{
    check_format(state, "csv");
}

static void parquet_reads_as_spark_does(void **state)
{
    check_format(state, "parquet");
}

static void json_reads_as_spark_does(void **state)
{
    check_format(state, "json");
}

static void xml_reads_as_spark_does(void **state)
{
    check_format(state, "xml");
}

static void text_reads_as_spark_does(void **state)
{
    check_format(state, "text");
}

/* ---------------------------------------------------------------- what is too large for a golden file */
/* A case without an answer: FORMAT, files and options to fill in. */
static Golden made(void **state, const char *name, const char *format)
{
    Golden c = { .a = arena_new(), .f = *state, .name = name, .err = ERROR_INIT };
    c.json = json_pack("{s:s, s:{}, s:{}}", "format", format, "files", "options");
    return c;
}

static void done(Golden *c)
{
    json_decref(c->json);
    arena_free(c->a);
}

/* The only row of "SELECT what FROM the scan": its values with a space between. */
static const char *answer(Golden *c, const char *what)
{
    const ScanSource *source;
    str_auto sql = STR_INIT(MAX_GOLDEN), all = STR_INIT(MAX_GOLDEN);
    EmitOptions options = { .time_zone = "UTC", .ansi = true };
    duckdb_result result;
    if (resolve(c, &source) != ST_OK || emit_plan(c->a, &options, scan_of(c, source), &sql, &c->err) != ST_OK)
        fail_msg("%s", c->err.message);
    str_addf(&all, "SELECT concat_ws(' ', %s) FROM (%s)", what, str_text(&sql));
    if (duckdb_query(c->f->session->connection, str_text(&all), &result) != DuckDBSuccess)
        fail_msg("%s", duckdb_result_error(&result));
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    duckdb_string_t *s = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
    const char *text = arena_strn(c->a, duckdb_string_t_data(s), duckdb_string_t_length(*s));
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return text;
}

static void add_file(Golden *c, const char *name, const char *text)
{
    json_object_set_new(json_object_get(c->json, "files"), name, json_string(text));
}

static void add_option(Golden *c, const char *key, const char *value)
{
    json_object_set_new(json_object_get(c->json, "options"), key, json_string(value));
}

/* More partitions than become a UNION: the files' values are joined to them. */
static void many_partitions_keep_their_values(void **state)
{
    Golden c = made(state, "many partitions", "csv");
    for (int i = 0; i < 100; i++)
        add_file(&c, arena_printf(c.a, "p=%d/a.csv", i), arena_printf(c.a, "%d\n%d\n", i, i + 1000));
    add_option(&c, "inferSchema", "true");
    lay_out(&c);
    assert_string_equal(answer(&c, "count(*), sum(c101), count(*) FILTER (c100 % 1000 = c101)"), "200 9900 200");
    done(&c);
}

/* Larger than one thread's range: each line is read once, by one of them, whatever ends it. */
static void ranges_of_a_file_share_its_lines(void **state)
{
    static const char *const ends[] = { "\n", "\r\n", "\r" };
    for (size_t k = 0; k < 3; k++) {
        Golden c = made(state, "ranges", "csv");
        str_auto text = STR_INIT(64 << 20);
        str_addf(&text, "n,t%s", ends[k]);
        for (int i = 0; i < 500000; i++)
            str_addf(&text, "%d,\"abc, def %d\"%s", i, i % 7, ends[k]);
        add_file(&c, "a.csv", str_text(&text));
        add_option(&c, "header", "true");
        add_option(&c, "inferSchema", "true");
        lay_out(&c);
        assert_string_equal(answer(&c, "count(*), sum(c100), count(DISTINCT c100), count(c101), max(length(c101))"),
                            "500000 124999750000 500000 500000 10");
        done(&c);
    }
}

static void a_base_path_makes_folders_above_columns(void **state)
{
    Golden c = made(state, "basePath", "csv");
    add_file(&c, "x=1/y=2/a.csv", "5\n");
    lay_out(&c);
    add_option(&c, "basePath", arena_printf(c.a, "file://%s/", c.folder));
    c.folder = arena_printf(c.a, "%s/x=1/y=2", c.folder);
    assert_string_equal(answer(&c, "c100, c101, c102"), "5 1 2");
    done(&c);
}

static void recursive_lookup_finds_no_partitions(void **state)
{
    Golden c = made(state, "recursive", "csv");
    const ScanSource *source;
    add_file(&c, "x=1/a.csv", "5\n");
    add_option(&c, "recursiveFileLookup", "true");
    lay_out(&c);
    assert_int_equal(resolve(&c, &source), ST_OK);
    assert_int_equal(source->partition_schema->nfields, 0);
    done(&c);
}

static void options_that_weir_does_not_do_are_refused(void **state)
{
    static const char *const names[] = { "charToEscapeQuoteEscaping", "rowValidationXSDPath", "useLegacyXMLParser" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Golden c = made(state, names[i], i ? "xml" : "csv");
        const ScanSource *source;
        add_file(&c, "a.csv", "5\n");
        add_option(&c, names[i], "true");
        add_option(&c, "rowTag", "r");
        lay_out(&c);
        assert_int_equal(resolve(&c, &source), ST_UNSUPPORTED);
        assert_non_null(strstr(c.err.message, names[i]));
        done(&c);
    }
}

static void a_cut_compressed_file_is_an_error(void **state)
{
    Golden c = made(state, "cut", "text");
    const ScanSource *source;
    json_object_set_new(json_object_get(c.json, "files"), "a.txt.gz", json_pack("{s:s}", "hex", "1f8b0800000000000003"));
    lay_out(&c);
    json_t *rows = json_array();
    assert_int_equal(resolve(&c, &source), ST_OK);
    assert_int_not_equal(query(&c, scan_of(&c, source), rows), ST_OK);
    assert_non_null(strstr(c.err.message, "a.txt.gz"));
    json_decref(rows);
    done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_reads_as_spark_does),
        cmocka_unit_test(parquet_reads_as_spark_does),
        cmocka_unit_test(json_reads_as_spark_does),
        cmocka_unit_test(xml_reads_as_spark_does),
        cmocka_unit_test(text_reads_as_spark_does),
        cmocka_unit_test(many_partitions_keep_their_values),
        cmocka_unit_test(ranges_of_a_file_share_its_lines),
        cmocka_unit_test(a_base_path_makes_folders_above_columns),
        cmocka_unit_test(recursive_lookup_finds_no_partitions),
        cmocka_unit_test(options_that_weir_does_not_do_are_refused),
        cmocka_unit_test(a_cut_compressed_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
