/* step/spark_submit.c -- `spark-submit`: gets a Spark driver, lays the application's files out, runs the script against it. */
#include "step/shim.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "os/process.h"
#include "step/channel.h"
#include "step/place.h"
#include "step/submit.h"
#include "yarn/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DRIVER_READY_MS = 30000, DRIVER_STOP_MS = 5000, PROPERTIES_BYTES = 1 << 20, EXIT_SPARK = 1 };
static const double SPARK_PROGRESS = 0.1; /* what Spark says of itself as long as it runs */

typedef struct Submit {
    Arena *arena;
    SubmitOptions options;
    Map conf;
    Place place;
    const char *socket;   /* of the step's supervisor; NULL on a laptop */
    char *folder;         /* the script, py-files; temporary on a laptop */
    char *files_folder;   /* --files and --archives: the working directory of a step */
    char *script;
    StrList python_path;
    char *remote;
    Driver driver;        /* a laptop's */
} Submit;

/* Spark's log format, so that what reads EMR's logs reads these. */
static void __attribute__((format(printf, 3, 4))) say_as(const char *level, const char *who, const char *format, ...)
{
    time_t now = (time_t)(clock_ms() / 1000);
    struct tm tm;
    gmtime_r(&now, &tm);
    fprintf(stderr, "%02d/%02d/%02d %02d:%02d:%02d %s %s: ", tm.tm_year % 100, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
            tm.tm_sec, level, who);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
#define say(level, ...) say_as(level, "SparkSubmit", __VA_ARGS__)

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static Status configure(Submit *s, Error *err)
{
    Arena *a = s->arena;
    submit_conf(a, &s->options, &s->conf);
    if (s->options.properties_file) {
        char *path, *text;
        TRY(shim_fetch(a, s->options.properties_file, s->folder, NULL, &path, err));
        TRY(file_read(a, path, PROPERTIES_BYTES, &text, NULL, err));
        submit_properties(a, text, &s->conf);
    }
    if (!map_has(&s->conf, "spark.app.name"))
        map_set(a, &s->conf, "spark.app.name", arena_str(a, base_name(s->options.application)));
    if (!map_has(&s->conf, "spark.master"))
        map_set(a, &s->conf, "spark.master", s->socket ? "yarn" : "local[*]");
    if (!map_has(&s->conf, "spark.submit.deployMode"))
        map_set(a, &s->conf, "spark.submit.deployMode", "client");
    static const char *const jvm[] = { "spark.jars", "spark.jars.packages" };
    for (size_t i = 0; i < 2; i++)
        if (map_has(&s->conf, jvm[i]))
            return FAIL(err, ST_UNSUPPORTED, "%s=%s: weir runs no JVM, so it loads no jar or Maven package", jvm[i],
                        (const char *)map_get(&s->conf, jvm[i]));
    return ST_OK;
}

static Status check_kind(const Submit *s, Error *err)
{
    const char *application = s->options.application;
    switch (submit_kind(application)) {
    case SUBMIT_PYTHON:
        return str_eq(application, "pyspark-shell") ? FAIL(err, ST_UNSUPPORTED, "weir does not run the pyspark shell yet") : ST_OK;
    case SUBMIT_R: return FAIL(err, ST_UNSUPPORTED, "weir does not run R applications: %s", application);
    case SUBMIT_JVM: break;
    }
    return FAIL(err, ST_UNSUPPORTED, "weir does not run JVM applications: %s needs a JVM engine (class %s). Python applications "
                "(.py) run here; for this one use Amazon EMR or Apache Spark itself.", application,
                map_get(&s->options.flags, "--class") ? (const char *)map_get(&s->options.flags, "--class") : "not given");
}

/* "uri#name": the part behind '#' is the name it gets. */
static const char *split_alias(Arena *a, const char *text, char **ret_uri)
{
    const char *hash = strrchr(text, '#');
    *ret_uri = hash ? arena_strn(a, text, (size_t)(hash - text)) : arena_str(a, text);
    return hash && hash[1] ? hash + 1 : NULL;
}

static Status unpack(Submit *s, const char *archive, const char *name, Error *err)
{
    static const char program[] = "import shutil,sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])";
    const char *argv[] = { s->place.python, "-I", "-c", program, archive, path_join(s->arena, s->files_folder, name), NULL };
    int code = 0;
    TRY(shim_run(argv, NULL, &code, err));
    return code ? FAIL(err, ST_INVALID, "java.io.IOException: cannot unpack '%s'", archive) : ST_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static Status lay_out_files(Submit *s, Error *err)
{
    Arena *a = s->arena;
    char *uri, *path;
    for (size_t i = 0; i < s->options.py_files.len; i++) {
        TRY(shim_fetch(a, s->options.py_files.at[i], path_join(a, s->folder, "py"), NULL, &path, err));
        if (!str_ends(path, ".py"))
            vec_push(a, &s->python_path, path); /* Python imports from .zip and .egg files themselves */
        else if (!s->python_path.len || !str_eq(s->python_path.at[0], path_join(a, s->folder, "py")))
            vec_push(a, &s->python_path, path_join(a, s->folder, "py"));
    }
    for (size_t i = 0; i < s->options.files.len; i++) {
        const char *name = split_alias(a, s->options.files.at[i], &uri);
        char *there = path_join(a, s->files_folder, name ? name : base_name(uri));
        if (!shim_is_object(uri) && same_file(shim_host_path(uri), there))
            continue;
        TRY(shim_fetch(a, uri, s->files_folder, name, &path, err));
    }
    for (size_t i = 0; i < s->options.archives.len; i++) {
        const char *name = split_alias(a, s->options.archives.at[i], &uri);
        TRY(shim_fetch(a, uri, path_join(a, s->folder, "archives"), NULL, &path, err));
        TRY(unpack(s, path, name ? name : base_name(uri), err));
    }
    return ST_OK;
}

static Status lay_out_script(Submit *s, Error *err)
{
    if (shim_is_object(s->options.application))
        return shim_fetch(s->arena, s->options.application, s->folder, NULL, &s->script, err);
    s->script = arena_str(s->arena, shim_host_path(s->options.application)); /* run in place, beside its modules */
    return ST_OK;
}

/* Workers import them too. */
static void note_py_files(Submit *s)
{
    str_auto list = STR_INIT(64 * 1024);
    for (size_t i = 0; i < s->python_path.len; i++)
        str_addf(&list, "%s%s", i ? "," : "", s->python_path.at[i]);
    if (list.len)
        map_set(s->arena, &s->conf, "spark.submit.pyFiles", str_arena(&list, s->arena));
}

static int64_t memory_of(const char *text, int64_t otherwise)
{
    char *unit;
    double number = text ? strtod(text, &unit) : 0;
    if (number <= 0)
        return otherwise;
    static const char units[] = "bkmgt";
    char lower = *unit ? (char)(*unit | 32) : 'b';
    const char *at = strchr(units, lower);
    for (long n = at ? at - units : 0; n > 0; n--)
        number *= 1024;
    return (int64_t)number;
}

static Status get_driver(Submit *s, Error *err)
{
    Arena *a = s->arena;
    if (s->socket)
        return channel_request_driver(a, s->socket, map_get(&s->conf, "spark.app.name"), &s->conf, &s->remote, err);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const char *home = getenv("WEIR_HOME"), *user = getenv("HOME");
    DriverOptions options = { .program = s->place.program,
                              .folder = s->folder,
                              .home = getenv("AWS_ENDPOINT_URL") ? NULL
                                      : home && *home        ? home
                                                             : path_join(a, user ? user : ".", ".weir"),
                              .number = 1,
                              .memory_bytes = memory_of(map_get(&s->conf, "spark.driver.memory"), pages * page / 2),
                              .cores = cores,
                              .conf = s->conf,
                              .log_fd = -1 };
    TRY(driver_start(&options, &s->driver, err));
    return driver_wait_ready(a, &s->driver, DRIVER_READY_MS, &s->remote, err);
}

static Status run_script(Submit *s, int *ret_code, Error *err)
{
    Arena *a = s->arena;
    str_auto path = STR_INIT(64 * 1024);
    if (s->place.support)
        str_addf(&path, "%s:", s->place.support);
    for (size_t i = 0; i < s->python_path.len; i++)
        str_addf(&path, "%s:", s->python_path.at[i]);
    const char *own = getenv("PYTHONPATH");
    str_add(&path, own ? own : "");
    while (path.len && path.data[path.len - 1] == ':')
        path.data[--path.len] = 0;
    StrList changes = { 0 };
    vec_push(a, &changes, arena_printf(a, "PYTHONPATH=%s", str_text(&path)));
    vec_push(a, &changes, arena_printf(a, "SPARK_REMOTE=%s", s->remote));
    vec_push(a, &changes, "SPARK_CONNECT_MODE_ENABLED=1");
    vec_push(a, &changes, arena_printf(a, "WEIR_SPARK_FILES=%s", s->files_folder));
    vec_push(a, &changes, arena_printf(a, "PYSPARK_PYTHON=%s", s->place.python));
    vec_push(a, &changes, "SPARK_HOME");
    StrList argv = { 0 };
    vec_push(a, &argv, s->place.python);
    vec_push(a, &argv, s->script);
    for (size_t i = 0; i < s->options.args.len; i++)
        vec_push(a, &argv, s->options.args.at[i]);
    vec_push(a, &argv, NULL);
    return shim_run(argv.at, (const char *const *)shim_env(a, &changes), ret_code, err);
}

/* The script as an application of YARN, which it is in a step of a cluster. Lines are those of Spark's YARN client. */
static Status run_application(Submit *s, int *ret_code, Error *err)
{
    static const char client[] = "Client";
    YarnApp *app = NULL;
    TRY(yarn_app_begin("SPARK", map_get(&s->conf, "spark.app.name"), YARN_END_SIGNAL, &app, err));
    if (!app)
        return run_script(s, ret_code, err);
    char *id = arena_str(s->arena, yarn_app_id(app));
    say_as("INFO", "YarnClientImpl", "Submitted application %s", id);
    say_as("INFO", client, "Application report for %s (state: RUNNING)", id);
    yarn_app_progress(app, SPARK_PROGRESS);
    Status status = run_script(s, ret_code, err);
    bool good = status == ST_OK && !*ret_code, killed = !good && yarn_app_killed(app);
    yarn_app_end(app, good, good ? NULL : arena_printf(s->arena, "User application exited with status %d", *ret_code));
    say_as("INFO", client, "Application report for %s (state: %s)", id, killed ? "KILLED" : "FINISHED");
    say_as("INFO", client, "\n\t final status: %s", good ? "SUCCEEDED" : killed ? "KILLED" : "FAILED");
    if (killed)
        return FAIL(err, ST_CANCELLED, "Application %s is killed", id);
    return status;
}

static Status make_folders(Submit *s, Error *err)
{
    Arena *a = s->arena;
    const char *tmp = getenv("TMPDIR");
    s->folder = arena_printf(a, "%s/spark-submit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(s->folder))
        return FAIL(err, ST_IO, "make folder '%s': %s", s->folder, strerror(errno));
    char here[4096];
    s->files_folder = s->socket && getcwd(here, sizeof here) ? arena_str(a, here) : path_join(a, s->folder, "files");
    return dir_make(s->files_folder, 0755, err);
}

static Status submit(Submit *s, int *ret_code, Error *err)
{
    TRY(check_kind(s, err));
    TRY(make_folders(s, err));
    TRY(configure(s, err));
    TRY(lay_out_script(s, err));
    TRY(lay_out_files(s, err));
    note_py_files(s);
    TRY(get_driver(s, err));
    say("INFO", "Running %s with the Spark driver at %.*s", s->options.application, (int)strcspn(s->remote, ";"), s->remote);
    TRY(run_application(s, ret_code, err));
    if (*ret_code)
        say("ERROR", "User application exited with status %d", *ret_code);
    else
        say("INFO", "%s ended with exit code 0", base_name(s->options.application));
    return ST_OK;
}

/* The driver and the temporary folder of a laptop's run; a step's are its supervisor's. */
static void clean_up(Submit *s)
{
    if (s->driver.process.pid) {
        ProcessEnd end;
        process_signal(&s->driver.process, SIGTERM);
        if (process_wait(&s->driver.process, DRIVER_STOP_MS, &end, NULL) == ST_LIMIT) {
            process_signal(&s->driver.process, SIGKILL);
            process_wait(&s->driver.process, -1, &end, NULL);
        }
        process_done(&s->driver.process);
        close(s->driver.ready_fd);
    }
    if (s->folder && !s->socket)
        tree_remove(s->folder, NULL);
}

int shim_spark_submit(int argc, char **argv)
{
    arena_auto *a = arena_new();
    const char *socket = getenv("WEIR_STEP_SOCKET");
    Submit s = { .arena = a, .socket = socket && *socket ? socket : NULL, .driver = { .process = PROCESS_NONE, .ready_fd = -1 } };
    Error error = ERROR_INIT;
    int code = EXIT_SPARK;
    Status status = submit_parse(a, argc, (const char *const *)argv, &s.options, &error);
    if (status == ST_OK && (s.options.help || s.options.version))
        return fputs(s.options.help ? submit_usage : "weir spark-submit, Spark 4.1.1 semantics\n", stderr) < 0;
    if (status == ST_OK) {
        place_find(a, &s.place);
        status = submit(&s, &code, &error);
    }
    clean_up(&s);
    if (status == ST_OK)
        return code;
    if (str_starts(error.message, "java."))
        fprintf(stderr, "Exception in thread \"main\" %s\n", error.message);
    else
        fprintf(stderr, "Exception in thread \"main\" org.apache.spark.SparkException: %s\n", error.message);
    return EXIT_SPARK;
}
