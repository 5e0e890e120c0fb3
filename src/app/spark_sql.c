/* app/spark_sql.c -- `spark-sql -e STATEMENTS | -f FILE`: SQL in this process, rows as spark-sql prints them: cells parted by
 * tabs, NULL for null. --conf KEY=VALUE and -S as in Spark; --master and --deploy-mode do not matter here. */
#include "app/spark.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"
#include "driver/local_session.h"
#include "yarn/app.h"

#include <signal.h>
#include <stdio.h>

int app_spark_sql(int argc, char **argv);

static const char usage[] =
    "usage: spark-sql [--home DIR] [--memory 4g] [--cores N] [--conf KEY=VALUE]… [--database NAME] -e STATEMENTS | -f FILE\n";

typedef struct Arguments {
    const char *text, *file, *database;
    KeyValueList conf;
    StrList own; /* options of weir's own, for options_begin */
    bool header;
} Arguments;

static Status add_conf(Arena *a, Arguments *call, const char *pair, Error *err)
{
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair)
        return FAIL(err, ST_INVALID, "--conf takes KEY=VALUE, not '%s'", pair);
    vec_push(a, &call->conf, (KeyValue){ arena_strn(a, pair, (size_t)(equals - pair)), equals + 1 });
    return ST_OK;
}

/* spark-sql's options; what is weir's own goes on to options.def. */
static Status parse(Arena *a, int argc, char **argv, Arguments *call, Error *err)
{
    static const char *const ignored[] = { "--master", "--deploy-mode", "--name", "--driver-memory", "--executor-memory",
                                           "--executor-cores", "--num-executors", "--queue" };
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool skip = false;
        for (size_t k = 0; k < sizeof ignored / sizeof *ignored; k++)
            skip |= str_eq(arg, ignored[k]);
        bool takes = skip || str_eq(arg, "-e") || str_eq(arg, "-f") || str_eq(arg, "--conf") || str_eq(arg, "-c") ||
                     str_eq(arg, "--database") || str_eq(arg, "--hiveconf") || str_eq(arg, "--home") || str_eq(arg, "--memory") ||
                     str_eq(arg, "--cores");
        if (takes && !value)
            return FAIL(err, ST_INVALID, "%s lacks its value", arg);
        i += takes;
        if (skip || str_eq(arg, "-S") || str_eq(arg, "--silent"))
            continue;
        if (str_eq(arg, "-e"))
            call->text = value;
        else if (str_eq(arg, "-f"))
            call->file = value;
        else if (str_eq(arg, "--database"))
            call->database = value;
        else if (str_eq(arg, "--conf") || str_eq(arg, "-c") || str_eq(arg, "--hiveconf"))
            TRY(add_conf(a, call, value, err));
        else if (takes) {
            vec_push(a, &call->own, arg);
            vec_push(a, &call->own, value);
        } else
            return FAIL(err, ST_INVALID, "'%s' is not expected", arg);
    }
    if (!call->text == !call->file)
        return FAIL(err, ST_INVALID, "one of -e and -f is needed");
    return ST_OK;
}

static void print_line(void *out, const char *text)
{
    fprintf(out, "%s\n", text);
}

static Status prepare(LocalSession *session, const Arguments *call, Str *text, Error *err)
{
    for (size_t i = 0; i < call->conf.len; i++)
        TRY(local_session_set(session, call->conf.at[i].key, call->conf.at[i].value, err));
    arena_auto *a = arena_new();
    return call->database ? local_session_run(session, arena_printf(a, "USE `%s`", call->database), false, print_line, stdout, text, err)
                          : ST_OK;
}

/* In a step of a cluster it is an application of YARN. */
static Status submit(const Arguments *call, YarnApp **ret_app, Error *err)
{
    const char *name = "SparkSQL";
    for (size_t i = 0; i < call->conf.len; i++)
        if (str_eq(call->conf.at[i].key, "spark.app.name"))
            name = call->conf.at[i].value;
    TRY(yarn_app_begin("SPARK", name, YARN_END_EXIT, ret_app, err));
    if (*ret_app)
        fprintf(stderr, "Spark master: yarn, Application Id: %s\n", yarn_app_id(*ret_app));
    return ST_OK;
}

static int run(Arena *a, const Arguments *call, const Options *options)
{
    Error err = ERROR_INIT;
    Driver *driver = NULL;
    LocalSession *session = NULL;
    YarnApp *app = NULL;
    char *script = NULL;
    size_t len;
    str_auto text = STR_INIT(1 << 20);
    Status status = call->file ? file_read(a, call->file, LIMIT_QUERY_TEXT, &script, &len, &err) : ST_OK;
    if (status == ST_OK)
        status = submit(call, &app, &err);
    if (status == ST_OK)
        status = spark_open(a, options, &driver, &err);
    if (status == ST_OK)
        status = local_session_open(driver, &session, &err);
    if (status == ST_OK)
        status = prepare(session, call, &text, &err);
    if (status == ST_OK)
        status = local_session_run(session, script ? script : call->text, call->header, print_line, stdout, &text, &err);
    fflush(stdout);
    if (status != ST_OK)
        fprintf(stderr, "%s\n", text.len ? str_text(&text) : err.message);
    yarn_app_end(app, status == ST_OK, text.len ? str_text(&text) : err.message);
    if (session)
        local_session_close(session);
    if (driver)
        driver_close(driver);
    return status == ST_OK ? 0 : 1;
}

int app_spark_sql(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Arguments call = { 0 };
    vec_push(a, &call.own, argv[0]);
    if (argc > 1 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (parse(a, argc, argv, &call, &err) != ST_OK) {
        fprintf(stderr, "spark-sql: %s\n%s", err.message, usage);
        return 2;
    }
    for (size_t i = 0; i < call.conf.len; i++)
        call.header |= str_eq(call.conf.at[i].key, "spark.sql.cli.print.header") && str_eq(call.conf.at[i].value, "true");
    Options options;
    int exit_code;
    char **own = (char **)(uintptr_t)call.own.at;
    int n = (int)call.own.len;
    if (!options_begin(a, "spark-sql", n, own, &options, &exit_code))
        return exit_code;
    return run(a, &call, &options);
}
