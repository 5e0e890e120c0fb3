/* step/submit: spark-submit's command line and its property files. */
#include "base/str.h"
#include "step/shim.h"
#include "step/submit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PARSE(...) parse(state, (const char *const[]){ "spark-submit", __VA_ARGS__, NULL })

static int setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static SubmitOptions parse(void **state, const char *const *argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    SubmitOptions options;
    Error err = ERROR_INIT;
    if (submit_parse(*state, argc, argv, &options, &err) != ST_OK)
        fail_msg("%s", err.message);
    return options;
}

static const char *refusal(void **state, const char *const *argv, Status expected)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    SubmitOptions options;
    Error err = ERROR_INIT;
    assert_int_equal(submit_parse(*state, argc, argv, &options, &err), expected);
    return arena_str(*state, err.message);
}

/* The reference's own command: a class for a Python script, as people write it. */
static void references_command_is_taken(void **state)
{
    SubmitOptions o = PARSE("--class", "org.apache.spark.deploy.SparkSubmit", "--master", "yarn", "--deploy-mode", "cluster",
                            "s3://your-bucket/scripts/data_processing_job.py");
    assert_string_equal(o.application, "s3://your-bucket/scripts/data_processing_job.py");
    assert_int_equal(submit_kind(o.application), SUBMIT_PYTHON);
    assert_string_equal(map_get(&o.flags, "--deploy-mode"), "cluster");
    assert_int_equal(o.args.len, 0);
}

static void both_forms_of_an_option_are_the_same(void **state)
{
    SubmitOptions o = PARSE("--driver-memory=4g", "--executor-memory", "2g", "--conf=spark.a=b=c", "-c", "spark.d=", "--name=My Job", "x.py");
    Map conf = { 0 };
    submit_conf(*state, &o, &conf);
    assert_string_equal(map_get(&conf, "spark.driver.memory"), "4g");
    assert_string_equal(map_get(&conf, "spark.executor.memory"), "2g");
    assert_string_equal(map_get(&conf, "spark.a"), "b=c");
    assert_string_equal(map_get(&conf, "spark.d"), "");
    assert_string_equal(map_get(&conf, "spark.app.name"), "My Job");
}

static void what_follows_the_application_is_its_own(void **state)
{
    SubmitOptions o = PARSE("--queue", "q", "x.py", "--conf", "not-ours", "--jars=x");
    assert_int_equal(o.args.len, 3);
    assert_string_equal(o.args.at[0], "--conf");
    assert_int_equal(o.conf.len, 0);
}

static void lists_are_taken_apart(void **state)
{
    SubmitOptions o = PARSE("--py-files", "a.py, s3://b/c.zip,", "--files=s3://b/d.csv#e.csv", "--archives", "f.tar.gz#g", "x.py");
    assert_int_equal(o.py_files.len, 2);
    assert_string_equal(o.py_files.at[1], "s3://b/c.zip");
    assert_string_equal(o.files.at[0], "s3://b/d.csv#e.csv");
    assert_string_equal(o.archives.at[0], "f.tar.gz#g");
}

static void mistakes_are_named(void **state)
{
    assert_string_equal(refusal(state, (const char *const[]){ "spark-submit", "--frobnicate", "x.py", NULL }, ST_INVALID),
                        "Unrecognized option '--frobnicate'.");
    assert_string_equal(refusal(state, (const char *const[]){ "spark-submit", "--conf", NULL }, ST_INVALID), "Missing argument for option '--conf'.");
    assert_string_equal(refusal(state, (const char *const[]){ "spark-submit", "--conf", "spark.x", "x.py", NULL }, ST_INVALID),
                        "Spark config without '=': spark.x");
    assert_string_equal(refusal(state, (const char *const[]){ "spark-submit", "--deploy-mode", "both", "x.py", NULL }, ST_INVALID),
                        "--deploy-mode must be either \"client\" or \"cluster\"");
    assert_string_equal(refusal(state, (const char *const[]){ "spark-submit", "--name", "n", NULL }, ST_INVALID), "Missing application resource.");
    assert_true(str_starts(refusal(state, (const char *const[]){ "spark-submit", "--packages=a:b:1", "x.py", NULL }, ST_UNSUPPORTED),
                           "spark-submit --packages a:b:1: weir runs no JVM"));
}

static void properties_files_are_javas(void **state)
{
    Map conf = { 0 };
    map_set(*state, &conf, "spark.kept", "flag");
    submit_properties(*state,
                      "# a comment\n! another\n\nspark.one 1\nspark.two=2\r\nspark.three : 3\n  spark.long=a,\\\n     b\n"
                      "spark.kept=file\nother.key=x\nspark.escaped=a\\=b\\tc   \nspark.empty\n", &conf);
    assert_string_equal(map_get(&conf, "spark.one"), "1");
    assert_string_equal(map_get(&conf, "spark.two"), "2");
    assert_string_equal(map_get(&conf, "spark.three"), "3");
    assert_string_equal(map_get(&conf, "spark.long"), "a,b");
    assert_string_equal(map_get(&conf, "spark.kept"), "flag");
    assert_string_equal(map_get(&conf, "spark.escaped"), "a=b\tc");
    assert_string_equal(map_get(&conf, "spark.empty"), "");
    assert_false(map_has(&conf, "other.key"));
}

static void kinds_go_by_the_ending(void **state)
{
    (void)state;
    assert_int_equal(submit_kind("s3://b/x.jar"), SUBMIT_JVM);
    assert_int_equal(submit_kind("x.R"), SUBMIT_R);
    assert_int_equal(submit_kind("x.py"), SUBMIT_PYTHON);
}

static char *argv_of(Arena *a, const char *jar, const char *main_class, StrList args)
{
    StrList argv;
    shim_argv(a, jar, main_class, &args, &argv);
    char *text = arena_str(a, "");
    for (size_t i = 0; i < argv.len; i++)
        text = arena_printf(a, "%s%s%s", text, i ? " " : "", argv.at[i]);
    return text;
}

static void jars_become_commands(void **state)
{
    StrList args = { 0 };
    vec_push(*state, &args, "a");
    vec_push(*state, &args, "b");
    assert_string_equal(argv_of(*state, "command-runner.jar", NULL, args), "a b");
    assert_string_equal(argv_of(*state, "command-runner.jar", NULL, (StrList){ 0 }), "command-runner");
    assert_string_equal(argv_of(*state, "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar", NULL, args), "script-runner a b");
    assert_string_equal(argv_of(*state, "s3://b/app.jar", "org.Main", args), "hadoop jar s3://b/app.jar org.Main a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_command_is_taken), cmocka_unit_test(both_forms_of_an_option_are_the_same),
        cmocka_unit_test(what_follows_the_application_is_its_own), cmocka_unit_test(lists_are_taken_apart),
        cmocka_unit_test(mistakes_are_named), cmocka_unit_test(properties_files_are_javas),
        cmocka_unit_test(kinds_go_by_the_ending), cmocka_unit_test(jars_become_commands),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
