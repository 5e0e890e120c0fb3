/* The golden files tests/golden/sql_parse/ of the Spark SQL parser. A group is a text of one or more lines and, after
 * "=> ", what becomes of it: the tree as node_text() prints it, or "error CLASS start..stop message". Files named
 * expression_*, type_*, schema_* and name_* hold such texts, all others hold statements. '#' begins a comment line.
 * WEIR_GOLDEN_UPDATE=1 writes what comes out into the files: read the difference before you keep it. */
#include "base/file.h"
#include "base/limits.h"
#include "front/sql/sql.h"
#include "weir_config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define GOLDEN WEIR_SOURCE_DIR "/tests/golden/sql_parse"

static void put_error(const Error *err, Str *out)
{
    str_addf(out, "error %s %d..%d ", err->code, err->start, err->stop);
    for (const char *c = err->message; *c; c++)
        str_addc(out, *c == '\n' ? ' ' : *c);
}

/* What the parser makes of `text`, as the golden file has it. */
static void answer(Arena *a, const char *file, const char *text, Str *out)
{
    Error err = ERROR_INIT;
    Node *node = NULL;
    const Type *type = NULL;
    StrList name = { 0 };
    Status st;
    if (str_starts(file, "type_"))
        st = sql_parse_type(a, text, &type, &err);
    else if (str_starts(file, "schema_"))
        st = sql_parse_schema(a, text, &type, &err);
    else if (str_starts(file, "name_"))
        st = sql_parse_name(a, text, &name, &err);
    else if (str_starts(file, "expression_"))
        st = sql_parse_expression(a, text, strlen(text), NULL, &node, &err);
    else
        st = sql_parse_statement(a, text, strlen(text), NULL, &node, &err);
    if (st != ST_OK)
        put_error(&err, out);
    else if (type)
        type_sql(type, out);
    else if (node)
        node_text(node, out);
    for (size_t i = 0; i < name.len; i++)
        str_addf(out, "%s<%s>", i ? " " : "", name.at[i]);
}

/* Checks the groups of one file, and writes it anew into `out`. Returns how many groups differ. */
static int check_file(const char *file, char *content, Str *out)
{
    int wrong = 0;
    str_auto query = STR_INIT(LIMIT_QUERY_TEXT);
    for (char *line = content, *next; *line; line = next) {
        size_t n = strcspn(line, "\n");
        next = line + n + (line[n] == '\n');
        line[n] = '\0';
        bool is_answer = str_starts(line, "=> ");
        if (!is_answer) {
            str_addf(out, "%s\n", line);
            if (*line && *line != '#')
                str_addf(&query, "%s%s", query.len ? "\n" : "", line);
            continue;
        }
        arena_auto *a = arena_new();
        str_auto got = STR_INIT(LIMIT_QUERY_TEXT);
        answer(a, file, str_text(&query), &got);
        str_addf(out, "=> %s\n", str_text(&got));
        if (!str_eq(line + 3, str_text(&got)) && ++wrong)
            print_error("%s\n  query    %s\n  expected %s\n  got      %s\n", file, str_text(&query), line + 3, str_text(&got));
        str_clear(&query);
    }
    return wrong;
}

static void golden_files_hold(void **state)
{
    (void)state;
    int files = 0, wrong = 0;
    DIR *folder = opendir(GOLDEN);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!str_ends(entry->d_name, ".test"))
            continue;
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        char *path = path_join(a, GOLDEN, entry->d_name), *content = NULL;
        assert_int_equal(file_read(a, path, LIMIT_QUERY_TEXT, &content, NULL, &err), ST_OK);
        str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
        wrong += check_file(entry->d_name, content, &out);
        files++;
        if (getenv("WEIR_GOLDEN_UPDATE"))
            assert_int_equal(file_write_durable(path, str_text(&out), out.len, 0644, &err), ST_OK);
    }
    closedir(folder);
    assert_true(files > 0);
    assert_int_equal(wrong, 0);
}

/* Positions are characters, not bytes, and a composite node spans its parts. */
static void nodes_know_their_characters(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *plan = NULL;
    const char *text = "SELECT 'é' || x, 1 / 0 FROM t";
    assert_int_equal(sql_parse_statement(a, text, strlen(text), NULL, &plan, &err), ST_OK);
    const Project *p = node_as(Project, plan);
    assert_int_equal(p->exprs.at[0]->start, 7);
    assert_int_equal(p->exprs.at[0]->stop, 14);
    assert_int_equal(p->exprs.at[1]->start, 17);
    assert_int_equal(p->exprs.at[1]->stop, 21);
    assert_int_equal(p->input->start, 28);
}

static void errors_print_as_spark_prints_them(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *plan = NULL;
    const char *text = "SELECT a,\n  FROM\nWHERE (";
    assert_int_equal(sql_parse_statement(a, text, strlen(text), NULL, &plan, &err), ST_INVALID);
    assert_null(plan);
    assert_string_equal(err.sqlstate, "42601");
    assert_string_equal(error_param_get(&err, "error"), "end of input");
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    sql_error_text(text, &err, &out);
    assert_string_equal(str_text(&out), "\n[PARSE_SYNTAX_ERROR] Syntax error at or near end of input. SQLSTATE: 42601 (line 3, pos 7)"
                                        "\n\n== SQL ==\nSELECT a,\n  FROM\nWHERE (\n-------^^^\n");
}

static void parameters_are_substituted(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *value = NULL, *plan = NULL;
    assert_int_equal(sql_parse_expression(a, "42", 2, NULL, &value, &err), ST_OK);
    SqlParameter given[] = { { "n", value } };
    SqlOptions opt = SQL_OPTIONS;
    opt.parameters = given;
    opt.nparameters = 1;
    assert_int_equal(sql_parse_expression(a, ":n + :m", 7, &opt, &plan, &err), ST_OK);
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    node_text(plan, &out);
    assert_string_equal(str_text(&out), "(Function name:[\"+\"] args:[(Literal 42 of:int) (Parameter name:\"m\")] is_operator)");
}

static void check_split(const char *text, const char *const *expected, size_t n)
{
    arena_auto *a = arena_new();
    SqlPieceList pieces;
    sql_split(a, text, strlen(text), &pieces);
    assert_int_equal(pieces.len, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(arena_strn(a, text + pieces.at[i].start_byte, pieces.at[i].length), expected[i]);
}

static void scripts_split_at_semicolons(void **state)
{
    (void)state;
    check_split("a; b ;; -- x;\n ; c", (const char *[]){ "a", " b ", " c" }, 3);
    check_split("select ';' \"\\\";\" `;`; /* ; /* ; */ ; */ d", (const char *[]){ "select ';' \"\\\";\" `;`", " /* ; /* ; */ ; */ d" }, 2);
    check_split("BEGIN a; IF b THEN c; END IF; SELECT CASE WHEN d THEN 1 END; END; e",
        (const char *[]){ "BEGIN a; IF b THEN c; END IF; SELECT CASE WHEN d THEN 1 END; END", " e" }, 2);
    check_split("select begin; select 'open", (const char *[]){ "select begin", " select 'open" }, 2);
    check_split(" \n-- nothing", NULL, 0);
}

/* For tests/tools/sql_corpus.py: NUL-terminated statements in, one line each out: OK, or class, message, start, stop. */
static int parse_stdin(void)
{
    str_auto all = STR_INIT((size_t)LIMIT_QUERY_TEXT);
    char buffer[64 * 1024];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, stdin)) > 0;)
        str_addn(&all, buffer, n);
    for (size_t at = 0; at < all.len; at += strlen(all.data + at) + 1) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        Node *plan = NULL;
        if (sql_parse_statement(a, all.data + at, strlen(all.data + at), NULL, &plan, &err) == ST_OK) {
            puts("OK");
            continue;
        }
        for (char *c = err.message; *c; c++)
            *c = *c == '\n' ? ' ' : *c;
        printf("%s\t%s\t%d\t%d\n", err.code, err.message, err.start, err.stop);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && str_eq(argv[1], "--stdin"))
        return parse_stdin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files_hold),
        cmocka_unit_test(nodes_know_their_characters),
        cmocka_unit_test(errors_print_as_spark_prints_them),
        cmocka_unit_test(parameters_are_substituted),
        cmocka_unit_test(scripts_split_at_semicolons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
