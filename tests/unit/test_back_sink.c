/* tests/unit/test_back_sink.c -- the files that a write makes, byte for byte those of Spark 4.1.1 (each expected text was
 * written by it, session time zone America/New_York). */
#include "back/duckdb/sink.h"
#include "base/file.h"
#include "front/sql/sql.h"
#include "ir/bind.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *conf(void *self, const char *key)
{
    (void)self;
    return str_eq(key, "spark.sql.ansi.enabled") ? "true" : str_eq(key, "spark.sql.session.timeZone") ? "America/New_York" : NULL;
}

typedef struct World {
    Arena *a;
    Engine *engine;
    EngineSession *session;
    char folder[64];
    Error err;
    SinkFiles files;
} World;

static int set_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    w->a = arena_new();
    snprintf(w->folder, sizeof w->folder, "/tmp/weir-sink.XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    EngineOptions options = { .threads = 2, .confined = true };
    vec_push(w->a, &options.allowed_dirs, w->folder);
    if (engine_open(&options, &w->engine, &w->err) != ST_OK)
        fail_msg("%s", w->err.message);
    assert_int_equal(engine_session(w->engine, &w->session, &w->err), ST_OK);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    World *w = *state;
    engine_session_close(w->session);
    engine_close(w->engine);
    tree_remove(w->folder, NULL);
    arena_free(w->a);
    free(w);
    return 0;
}

/* Writes the query's rows; options as "key=value" up to a NULL. */
static Status write_sql(World *w, const char *format, const char *partition_by, const char *const *options, const char *sql)
{
    const BindEnv env = { .conf = conf };
    Node *plan = NULL, *bound = NULL;
    SqlOptions sql_options = SQL_OPTIONS;
    sql_options.time_zone = "America/New_York";
    TRY(sql_parse_statement(w->a, sql, strlen(sql), &sql_options, &plan, &w->err));
    TRY(bind_plan(w->a, &env, plan, &bound, &w->err));
    KeyValueList list = { 0 };
    for (; options && *options; options++) {
        const char *equals = strchr(*options, '=');
        vec_push(w->a, &list, (KeyValue){ arena_strn(w->a, *options, (size_t)(equals - *options)), equals + 1 });
    }
    SinkRequest request = { .plan = bound, .format = format, .folder = w->folder, .uuid = "u", .options = &list };
    if (partition_by)
        vec_push(w->a, &request.partition_by, partition_by);
    const EmitOptions emit = { .time_zone = "America/New_York", .ansi = true, .conf = conf };
    return sink_write(w->a, w->session, &emit, &request, &w->files, &w->err);
}

static void expect_ok(World *w, Status status)
{
    if (status != ST_OK)
        fail_msg("%s: %s", w->err.code, w->err.message);
}

static void expect_file(World *w, const char *name, const char *text)
{
    char *written = NULL;
    Status status = file_read(w->a, path_join(w->a, w->folder, name), 1 << 20, &written, NULL, &w->err);
    expect_ok(w, status);
    assert_string_equal(written, text);
}

#define ROWS \
    "SELECT * FROM VALUES (1,'plain',1.5D,DATE'2013-01-01',TIMESTAMP'2013-07-01 10:00:00.5',TIMESTAMP_NTZ'2013-07-01 10:00:00',1.50BD,true)," \
    "(2,'a,b',1e10D,null,null,null,null,null),(3,'q\"uo',0.1D,null,null,null,null,null),(4,'back\\\\slash',double('NaN'),null,null,null,null,null)," \
    "(5,'both\\\\ and \" q',1D,null,null,null,null,null),(6,'  sp  ',1D,null,null,null,null,null),(7,'',1D,null,null,null,null,null)," \
    "(8,null,1D,null,null,null,null,null),(9,'new\nline',1D,null,null,null,null,null),(10,'#c\ttab',1D,null,null,null,null,null)," \
    "(11,'back\\\\,slash',1D,null,null,null,null,null) AS t(i,s,d,dt,ts,ntz,dec,b)"

static void csv_quotes_as_spark(void **state)
{
    World *w = *state;
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "header=true", NULL }, ROWS));
    expect_file(w, "part-00000-u-c000.csv",
                "i,s,d,dt,ts,ntz,dec,b\n1,plain,1.5,2013-01-01,2013-07-01T10:00:00.500-04:00,2013-07-01T10:00:00.000,1.50,true\n"
                "2,\"a,b\",1.0E10,,,,,\n3,\"q\\\"uo\",0.1,,,,,\n4,back\\slash,NaN,,,,,\n5,\"both\\\\ and \\\" q\",1.0,,,,,\n6,sp,1.0,,,,,\n"
                "7,\"\",1.0,,,,,\n8,,1.0,,,,,\n9,\"new\nline\",1.0,,,,,\n10,#c\ttab,1.0,,,,,\n11,\"back\\\\,slash\",1.0,,,,,\n");
    assert_int_equal(w->files.len, 1);
    assert_int_equal(w->files.at[0].rows, 11);
}

static void csv_options_change_the_form(void **state)
{
    World *w = *state;
    const char *rows = "SELECT * FROM VALUES (1,'q\"uo',2D),(2,'',null),(3,null,1D),(4,'both\\\\ and \" q',1D),(5,'back\\\\,slash',1D) t(i,s,d)";
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "quoteAll=true", NULL }, rows));
    expect_file(w, "part-00000-u-c000.csv", "\"1\",\"q\\\"uo\",\"2.0\"\n\"2\",\"\",\"\"\n\"3\",\"\",\"1.0\"\n"
                                            "\"4\",\"both\\\\ and \\\" q\",\"1.0\"\n\"5\",\"back\\\\,slash\",\"1.0\"\n");
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "nullValue=NULL", "emptyValue=", NULL }, rows));
    expect_file(w, "part-00000-u-c000.csv", "1,\"q\\\"uo\",2.0\n2,,NULL\n3,NULL,1.0\n4,\"both\\\\ and \\\" q\",1.0\n5,\"back\\\\,slash\",1.0\n");
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "escape=\"", NULL }, rows));
    expect_file(w, "part-00000-u-c000.csv", "1,\"q\"\"uo\",2.0\n2,\"\",\n3,,1.0\n4,\"both\\ and \"\" q\",1.0\n5,\"back\\,slash\",1.0\n");
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "escapeQuotes=false", "sep=\t", NULL }, rows));
    expect_file(w, "part-00000-u-c000.csv", "1\tq\"uo\t2.0\n2\t\"\"\t\n3\t\t1.0\n4\tboth\\ and \" q\t1.0\n5\tback\\,slash\t1.0\n");
}

static void json_as_jackson_prints(void **state)
{
    World *w = *state;
    expect_ok(w, write_sql(w, "json", NULL, NULL,
                           "SELECT 1 i, 'q\"\\\\\n\x01\xc3\xa9' s, double('NaN') d, TIMESTAMP'2013-07-01 10:00:00.5' ts, 1.50BD dec, CAST(NULL AS INT) n, "
                           "named_struct('a',1,'b',CAST(NULL AS INT)) st, array(1,CAST(NULL AS INT)) ar, map('k',1.5D,'n',double('Infinity')) m, X'00FF' bin, "
                           "CAST(1e-5 AS FLOAT) f, interval '1 02:03:04.5' day to second iv, interval '1-2' year to month ym"));
    expect_file(w, "part-00000-u-c000.json",
                "{\"i\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"d\":\"NaN\",\"ts\":\"2013-07-01T10:00:00.500-04:00\",\"dec\":1.50,"
                "\"st\":{\"a\":1},\"ar\":[1,null],\"m\":{\"k\":1.5,\"n\":\"Infinity\"},\"bin\":\"AP8=\",\"f\":1.0E-5,"
                "\"iv\":\"INTERVAL '1 02:03:04.5' DAY TO SECOND\",\"ym\":\"INTERVAL '1-2' YEAR TO MONTH\"}\n");
}

static void xml_as_spark_writes_it(void **state)
{
    World *w = *state;
    const char *const row[] = { "rowTag=r", NULL }, *const flat[] = { "rowTag=r", "indent=", NULL };
    expect_ok(w, write_sql(w, "xml", NULL, row, "select 1 as _id, array(1,2) as l, map('k',1,'_m',2) as m, struct('t' as _VALUE, 5 as _z) as s, array(array(1,2)) as n"));
    expect_file(w, "part-00000-u-c000.xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ROWS>\n    <r id=\"1\">\n        <l>1</l>\n        <l>2</l>\n"
                "        <m m=\"2\">\n            <k>1</k>\n        </m>\n        <s z=\"5\">t</s>\n        <n>\n            <item>1</item>\n"
                "            <item>2</item>\n        </n>\n    </r>\n</ROWS>");
    expect_ok(w, write_sql(w, "xml", NULL, row,
                           "select true as a, 1.5D as b, 1.50 as c, date'2020-01-02' as d, timestamp'2020-01-02 03:04:05' as e, "
                           "timestamp_ntz'2020-01-02 03:04:05' as f, X'0102' as g, null as h"));
    expect_file(w, "part-00000-u-c000.xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ROWS>\n    <r>\n        <a>true</a>\n        <b>1.5</b>\n"
                "        <c>1.50</c>\n        <d>2020-01-02</d>\n        <e>2020-01-02T03:04:05.000-05:00</e>\n        <f>2020-01-02T03:04:05.000</f>\n"
                "        <g>[01 02]</g>\n    </r>\n</ROWS>");
    expect_ok(w, write_sql(w, "xml", NULL, flat, "select '<&>\"' as a, ' > ]]> x>y ]> ' as b, '>' as c, 'a>' as d, '<' as _e"));
    expect_file(w, "part-00000-u-c000.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ROWS>\n"
                                            "<r e=\"&lt;\"><a>&lt;&amp;>\"</a><b> > ]]&gt; x>y ]&gt; </b><c>&gt;</c><d>a></d></r>\n</ROWS>");
    expect_ok(w, write_sql(w, "xml", NULL, row, "select 1 as _a"));
    expect_file(w, "part-00000-u-c000.xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ROWS>\n    <r a=\"1\"/>\n</ROWS>");
    expect_ok(w, write_sql(w, "xml", NULL, row, "select 1 as a where false"));
    expect_file(w, "part-00000-u-c000.xml", "");
    assert_int_equal(write_sql(w, "xml", NULL, NULL, "select 1 as a"), ST_INVALID);
    assert_string_equal(w->err.code, "XML_ROW_TAG_MISSING");
    assert_int_not_equal(write_sql(w, "xml", NULL, row, "select 1 as `a b`"), ST_OK);
    assert_int_equal(write_sql(w, "xml", NULL, row, "select parse_json('1') as a"), ST_UNSUPPORTED);
}

static void intervals_in_csv(void **state)
{
    World *w = *state;
    expect_ok(w, write_sql(w, "csv", NULL, NULL, "select interval '1 02:03:04.5' day to second iv, interval '1-2' year to month ym, interval '3' hour h"));
    expect_file(w, "part-00000-u-c000.csv", "INTERVAL '1 02:03:04.5' DAY TO SECOND,INTERVAL '1-2' YEAR TO MONTH,INTERVAL '03' HOUR\n");
}

static void partitions_are_escaped_as_spark(void **state)
{
    World *w = *state;
    const char *rows = "select * from values (1,'a b/c:d=e%'),(2,null),(3,''),(4,'\xc3\xa9') as t(x,p)";
    expect_ok(w, write_sql(w, "csv", "P", NULL, rows));
    assert_int_equal(w->files.len, 3);
    expect_file(w, "p=__HIVE_DEFAULT_PARTITION__/part-00000-u.c000.csv", "2\n3\n");
    expect_file(w, "p=a b%2Fc%3Ad%3De%25/part-00000-u.c000.csv", "1\n");
    expect_file(w, "p=\xc3\xa9/part-00000-u.c000.csv", "4\n");
}

static void parquet_partitions_have_the_same_paths(void **state)
{
    World *w = *state;
    expect_ok(w, write_sql(w, "parquet", "p", NULL, "select * from values (1,'a b/c:d=e%'),(2,null),(3,''),(4,'\xc3\xa9') as t(x,p)"));
    assert_int_equal(w->files.len, 3);
    int64_t rows = 0;
    for (size_t i = 0; i < w->files.len; i++) {
        const SinkFile *f = &w->files.at[i];
        rows += f->rows;
        assert_true(path_exists(path_join(w->a, w->folder, f->name)));
        assert_true(str_ends(f->name, "/part-00000-u.c000.snappy.parquet"));
        assert_true(str_starts(f->name, "p=a b%2Fc%3Ad%3De%25/") || str_starts(f->name, "p=\xc3\xa9/") ||
                    (str_starts(f->name, "p=__HIVE_DEFAULT_PARTITION__/") && !f->partition_values[0]));
    }
    assert_int_equal(rows, 4);
    assert_false(path_exists(path_join(w->a, w->folder, ".engine")));
}

static void no_rows_make_a_file(void **state)
{
    World *w = *state;
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "header=true", NULL }, "select 1 a where false"));
    expect_file(w, "part-00000-u-c000.csv", "a\n");
    expect_ok(w, write_sql(w, "parquet", NULL, (const char *[]){ "compression=gzip", NULL }, "select 1 a, timestamp'2013-01-01 00:00:00' t where false"));
    assert_string_equal(w->files.at[0].name, "part-00000-u-c000.gz.parquet");
    assert_int_equal(w->files.at[0].rows, 0);
}

static void bad_requests_have_sparks_errors(void **state)
{
    World *w = *state;
    const struct {
        const char *format, *partition, *sql, *code;
    } cases[] = {
        { "csv", NULL, "select array(1) a", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE" },
        { "csv", "nope", "select 1 a, 2 b", "PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA" },
        { "parquet", "a", "select 1 a", "ALL_PARTITION_COLUMNS_NOT_ALLOWED" },
        { "parquet", NULL, "select 1 a, 2 A", "COLUMN_ALREADY_EXISTS" },
        { "parquet", NULL, "select 1/0 a", "DIVIDE_BY_ZERO" },
        { "parquet", "b", "select 1 a, array(1) b", "INVALID_PARTITION_COLUMN_DATA_TYPE" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_not_equal(write_sql(w, cases[i].format, cases[i].partition, NULL, cases[i].sql), ST_OK);
        assert_string_equal(w->err.code, cases[i].code);
    }
}

static void options_that_are_not_done_are_refused(void **state)
{
    World *w = *state;
    assert_int_equal(write_sql(w, "csv", NULL, (const char *[]){ "charToEscapeQuoteEscaping=|", NULL }, "select 1 a"), ST_UNSUPPORTED);
    expect_ok(w, write_sql(w, "csv", NULL, (const char *[]){ "encoding=utf-8", NULL }, "select 1 a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(csv_quotes_as_spark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_options_change_the_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_as_jackson_prints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xml_as_spark_writes_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(intervals_in_csv, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partitions_are_escaped_as_spark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parquet_partitions_have_the_same_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_rows_make_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options_that_are_not_done_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_requests_have_sparks_errors, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
