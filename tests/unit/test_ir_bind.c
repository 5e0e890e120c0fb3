/* tests/unit/test_ir_bind.c -- the binder against golden files: tests/golden/bind/NAME.test.
 *
 * A file is groups separated by blank lines: SQL text (one line; "SET key=value" changes the session for what follows),
 * then what comes out, one of
 *   schema: `name` type [NOT NULL], …      the output columns
 *   tree: …                                the bound tree's text
 *   error: CLASS                           the error's class
 * What stands there is Spark 4.1.1's answer for the schemas and classes (its own types and names over the same tables).
 * `test_ir_bind FILE.sql` prints the answers for the queries of a file instead of testing. */
#include "base/file.h"
#include "front/sql/sql.h"
#include "ir/bind.h"
#include "ir/source.h"
#include "weir_config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

typedef struct World {
    Arena *a;
    const char *ansi, *case_sensitive;
} World;

static const char *conf(void *self, const char *key)
{
    const World *w = self;
    if (str_eq(key, "spark.sql.ansi.enabled"))
        return w->ansi;
    return str_eq(key, "spark.sql.caseSensitive") ? w->case_sensitive : NULL;
}

static const struct {
    const char *name, *schema;
} tables[] = {
    { "t", "i INT NOT NULL, l BIGINT NOT NULL, sh SMALLINT NOT NULL, b TINYINT NOT NULL, f FLOAT NOT NULL, d DOUBLE NOT NULL, "
           "dec DECIMAL(10,2) NOT NULL, s STRING NOT NULL, bo BOOLEAN NOT NULL, dt DATE NOT NULL, ts TIMESTAMP NOT NULL, ntz "
           "TIMESTAMP_NTZ NOT NULL, bin BINARY NOT NULL, arr ARRAY<INT> NOT NULL, m MAP<STRING,INT> NOT NULL, st STRUCT<f: INT NOT "
           "NULL, g: STRING NOT NULL> NOT NULL" },
    { "n", "i INT, l BIGINT, d DOUBLE, dec DECIMAL(10,2), s STRING, bo BOOLEAN, dt DATE, ts TIMESTAMP" },
    { "u", "i INT, k INT, v STRING" },
};

static Status relation(void *self, Arena *a, const StrList *name, const KeyValueList *options, Node **ret_plan, Error *err)
{
    (void)self;
    (void)options;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (str_ieq(tables[i].name, name->at[name->len - 1])) {
            struct ScanSource *source = ARENA_NEW(a, struct ScanSource);
            Status status = sql_parse_schema(a, tables[i].schema, &source->data_schema, err);
            *ret_plan = node_new(a, Scan, .format = tables[i].name, .source = source);
            return status;
        }
    return ST_NOT_FOUND;
}

static Status parse_type(void *self, Arena *a, const char *text, const Type **ret_type, Error *err)
{
    (void)self;
    return sql_parse_schema(a, text, ret_type, err);
}

static Status parse_expression(void *self, Arena *a, const char *text, Node **ret_expr, Error *err)
{
    (void)self;
    return sql_parse_expression(a, text, strlen(text), NULL, ret_expr, err);
}

static Status run(World *w, const char *sql, Node **ret_bound, Error *err)
{
    const BindEnv env = { .self = w, .conf = conf, .relation = relation, .parse_type = parse_type, .parse_expression = parse_expression };
    Node *plan = NULL;
    TRY(sql_parse_statement(w->a, sql, strlen(sql), NULL, &plan, err));
    return bind_plan(w->a, &env, plan, ret_bound, err);
}

static const char *schema_text(Arena *a, const Node *bound)
{
    str_auto text = STR_INIT(FILE_MAX);
    const Type *t = bind_schema_type(a, bound);
    for (size_t i = 0; i < t->nfields; i++) {
        str_addf(&text, "%s`%s` ", i ? ", " : "", t->fields[i].name);
        type_catalog(t->fields[i].type, &text);
        str_add(&text, t->fields[i].nullable ? "" : " NOT NULL");
    }
    return str_arena(&text, a);
}

static bool setting(World *w, const char *line)
{
    if (str_starts(line, "SET spark.sql.ansi.enabled="))
        w->ansi = line + strlen("SET spark.sql.ansi.enabled=");
    else if (str_starts(line, "SET spark.sql.caseSensitive="))
        w->case_sensitive = line + strlen("SET spark.sql.caseSensitive=");
    else
        return false;
    return true;
}

static const char *answer(World *w, const char *sql, const char *kind)
{
    Error err = ERROR_INIT;
    Node *bound = NULL;
    if (run(w, sql, &bound, &err) != ST_OK)
        return arena_printf(w->a, "error: %s", *err.code ? err.code : err.message);
    if (str_starts(kind, "tree:")) {
        str_auto text = STR_INIT(FILE_MAX);
        str_add(&text, "tree: ");
        node_text(bound, &text);
        return str_arena(&text, w->a);
    }
    return arena_printf(w->a, "schema: %s", schema_text(w->a, bound));
}

/* Cuts the line at *text, which moves past it; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;
    if (!line || !*line)
        return NULL;
    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = 0;
    return line;
}

static int check_file(const char *path)
{
    arena_auto *a = arena_new();
    World w = { .a = a };
    char *text = NULL, *line = NULL, *sql = NULL;
    size_t length = 0;
    int failed = 0;
    Error err = ERROR_INIT;
    assert_int_equal(file_read(a, path, FILE_MAX, &text, &length, &err), ST_OK);
    while ((line = next_line(&text)) != NULL) {
        if (!*line || str_starts(line, "--") || setting(&w, line))
            continue;
        if (!str_starts(line, "schema:") && !str_starts(line, "tree:") && !str_starts(line, "error:")) {
            sql = line;
            continue;
        }
        assert_non_null(sql);
        const char *actual = answer(&w, sql, line);
        if (!str_eq(actual, line)) {
            print_error("%s\n  %s\n  expected %s\n  actual   %s\n", path, sql, line, actual);
            failed++;
        }
    }
    return failed;
}

static void golden_files_hold(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    const char *folder = WEIR_SOURCE_DIR "/tests/golden/bind";
    DIR *dir = opendir(folder);
    int failed = 0, files = 0;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (str_ends(e->d_name, ".test")) {
            failed += check_file(path_join(a, folder, e->d_name));
            files++;
        }
    closedir(dir);
    assert_true(files > 0);
    assert_int_equal(failed, 0);
}

static int print_answers(const char *path)
{
    arena_auto *a = arena_new();
    World w = { .a = a };
    char *text = NULL, *line = NULL;
    size_t length = 0;
    Error err = ERROR_INIT;
    if (file_read(a, path, FILE_MAX, &text, &length, &err) != ST_OK)
        return 1;
    while ((line = next_line(&text)) != NULL) {
        if (!*line)
            continue;
        printf("%s\n", line);
        if (setting(&w, line))
            continue;
        printf("%s\n", answer(&w, line, getenv("TREE") ? "tree:" : "schema:"));
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return print_answers(argv[1]);
    const struct CMUnitTest tests[] = { cmocka_unit_test(golden_files_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
