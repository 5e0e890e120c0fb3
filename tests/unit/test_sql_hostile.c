/* What a client may send to break the parser: depth, length, bytes that are no text; and the kept inputs of fuzz_sql. */
#include "base/file.h"
#include "base/limits.h"
#include "front/sql/sql.h"
#include "weir_config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define CORPUS WEIR_SOURCE_DIR "/tests/fuzz/corpus/sql"

/* head, then `times` times part, then middle, then `times` times close */
static char *repeated(const char *head, const char *part, size_t times, const char *middle, const char *close, Str *out)
{
    str_clear(out);
    str_add(out, head);
    for (size_t i = 0; i < times; i++)
        str_add(out, part);
    str_add(out, middle);
    for (size_t i = 0; i < times; i++)
        str_add(out, close);
    assert_false(out->overflow);
    return out->data;
}

static Status parse(const char *text, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    Node *plan = NULL;
    *err = ERROR_INIT;
    Status st = sql_parse_statement(a, text, length, NULL, &plan, err);
    assert_true(st == ST_OK ? plan != NULL : plan == NULL && err->code[0]);
    return st;
}

static void deep_nesting_is_refused_by_name(void **state)
{
    (void)state;
    static const struct { const char *head, *part, *middle, *close; } bombs[] = {
        { "SELECT ", "(", "1", ")" },
        { "SELECT ", "(SELECT ", "1", ")" },
        { "SELECT ", "f(", "1", ")" },
        { "SELECT ", "NOT ", "a", "" },
        { "SELECT ", "- ", "a", "" },
        { "SELECT a", "[b", "", "]" },
        { "SELECT a", " + 1", "", "" },
        { "SELECT f()", ".a", "", "" },
        { "SELECT ", "CASE WHEN a THEN ", "1", " END" },
        { "SELECT ", "f(x -> ", "x", ")" },
        { "SELECT f(x -> ", "- ", "x)", "" },
        { "SELECT a GROUP BY ROLLUP(", "- ", "x)", "" },
        { "SELECT IDENTIFIER('a'", " || 'b'", ")", "" },
        { "SELECT a::", "array<", "int", ">" },
        { "SELECT 1", " UNION ALL SELECT 1", "", "" },
        { "SELECT * FROM a", " JOIN b", "", "" },
        { "FROM a", " |> LIMIT 1", "", "" },
        { "", "EXPLAIN ", "SELECT 1", "" },
    };
    str_auto text = STR_INIT(1 << 24);
    Error err;
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        const char *bomb = repeated(bombs[i].head, bombs[i].part, 20000, bombs[i].middle, bombs[i].close, &text);
        assert_int_not_equal(parse(bomb, text.len, &err), ST_OK);
        if (!str_eq(err.code, "FAILED_TO_PARSE_TOO_COMPLEX"))
            print_error("%s%s: %s %s\n", bombs[i].head, bombs[i].part, err.code, err.message);
        assert_string_equal(err.code, "FAILED_TO_PARSE_TOO_COMPLEX");
        bomb = repeated(bombs[i].head, bombs[i].part, 100, bombs[i].middle, bombs[i].close, &text);
        if (parse(bomb, text.len, &err) != ST_OK)
            print_error("%s%s: %s %s\n", bombs[i].head, bombs[i].part, err.code, err.message);
        assert_int_equal(parse(bomb, text.len, &err), ST_OK);
    }
}

/* Long is not deep: these must work. */
static void long_lists_are_fine(void **state)
{
    (void)state;
    str_auto text = STR_INIT(1 << 24);
    Error err;
    repeated("SELECT a IN (0", ", 1", 50000, ")", "", &text);
    assert_int_equal(parse(text.data, text.len, &err), ST_OK);
    repeated("SELECT a", " AND b", 50000, "", "", &text);
    assert_int_equal(parse(text.data, text.len, &err), ST_OK);
    repeated("INSERT INTO t VALUES (0)", ", (1, 'x')", 50000, "", "", &text);
    assert_int_equal(parse(text.data, text.len, &err), ST_OK);
    repeated("SELECT CASE", " WHEN a THEN b", 50000, " END", "", &text);
    assert_int_equal(parse(text.data, text.len, &err), ST_OK);
    repeated("CREATE TABLE t (a INT", ", b DECIMAL(10, 2)", 20000, ")", "", &text);
    assert_int_equal(parse(text.data, text.len, &err), ST_OK);
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    Error err;
    assert_int_equal(parse("SELECT '\xff'", 10, &err), ST_INVALID);
    assert_string_equal(err.code, "INVALID_UTF8_STRING");
    assert_int_equal(parse("SELECT 1\0, 2", 12, &err), ST_INVALID);
    assert_string_equal(err.code, "PARSE_SYNTAX_ERROR");
    assert_int_equal(parse("\0", 1, &err), ST_INVALID);
    assert_int_equal(parse("", 0, &err), ST_INVALID);
    assert_string_equal(err.code, "PARSE_EMPTY_STATEMENT");
}

static void open_ends(void **state)
{
    (void)state;
    static const char *const texts[] = { "SELECT 'a", "SELECT \"a", "SELECT `a", "SELECT /* a", "SELECT /*+ a", "SELECT r'a", "SELECT 'a\\",
        "SELECT X'", "SELECT INTERVAL", "SELECT INTERVAL -", "SELECT a[", "SELECT CASE", "SELECT f(x ->", "SET", "SET a =", "(", "SELECT (", "EXPLAIN",
        "SELECT IDENTIFIER(", "SELECT trim(", "SELECT :", "SELECT *", "WITH a AS", "|>", "FROM t |>" };
    Error err;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t length = 0; length <= strlen(texts[i]); length++)
            parse(texts[i], length, &err);
}

static void kept_inputs_of_the_fuzzer(void **state)
{
    (void)state;
    DIR *folder = opendir(CORPUS);
    assert_non_null(folder);
    int files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        char *text = NULL;
        size_t length = 0;
        assert_int_equal(file_read(a, path_join(a, CORPUS, entry->d_name), LIMIT_QUERY_TEXT, &text, &length, &err), ST_OK);
        for (size_t cut = 1; cut <= length; cut++) /* every beginning of it */
            parse(text + 1, cut - 1, &err);
        files++;
    }
    closedir(folder);
    assert_true(files > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_nesting_is_refused_by_name),
        cmocka_unit_test(long_lists_are_fine),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(open_ends),
        cmocka_unit_test(kept_inputs_of_the_fuzzer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
