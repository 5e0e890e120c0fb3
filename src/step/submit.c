/* step/submit.c -- parsing spark-submit's command line and property files. */
#include "step/submit.h"

#include "base/str.h"

#include <ctype.h>

typedef enum SubmitArg { ARG_SWITCH, ARG_VALUE, ARG_CONF, ARG_LIST_PY, ARG_LIST_FILES, ARG_LIST_ARCHIVES, ARG_JVM, ARG_NO } SubmitArg;

typedef struct SubmitRow {
    const char *name, *alias;
    SubmitArg kind;
    const char *conf; /* the configuration key that the flag stands for */
} SubmitRow;

/* SparkSubmitOptionParser's options, each once. */
static const SubmitRow rows[] = {
    { "--archives", NULL, ARG_LIST_ARCHIVES, NULL },
    { "--class", NULL, ARG_VALUE, NULL },
    { "--conf", "-c", ARG_CONF, NULL },
    { "--deploy-mode", NULL, ARG_VALUE, "spark.submit.deployMode" },
    { "--driver-class-path", NULL, ARG_JVM, NULL },
    { "--driver-cores", NULL, ARG_VALUE, "spark.driver.cores" },
    { "--driver-java-options", NULL, ARG_VALUE, "spark.driver.extraJavaOptions" },
    { "--driver-library-path", NULL, ARG_VALUE, "spark.driver.extraLibraryPath" },
    { "--driver-memory", NULL, ARG_VALUE, "spark.driver.memory" },
    { "--exclude-packages", NULL, ARG_JVM, NULL },
    { "--executor-cores", NULL, ARG_VALUE, "spark.executor.cores" },
    { "--executor-memory", NULL, ARG_VALUE, "spark.executor.memory" },
    { "--files", NULL, ARG_LIST_FILES, NULL },
    { "--jars", NULL, ARG_JVM, NULL },
    { "--keytab", NULL, ARG_NO, NULL },
    { "--kill", NULL, ARG_NO, NULL },
    { "--master", NULL, ARG_VALUE, "spark.master" },
    { "--name", NULL, ARG_VALUE, "spark.app.name" },
    { "--num-executors", NULL, ARG_VALUE, "spark.executor.instances" },
    { "--packages", NULL, ARG_JVM, NULL },
    { "--principal", NULL, ARG_NO, NULL },
    { "--properties-file", NULL, ARG_VALUE, NULL },
    { "--proxy-user", NULL, ARG_NO, NULL },
    { "--py-files", NULL, ARG_LIST_PY, NULL },
    { "--queue", NULL, ARG_VALUE, "spark.yarn.queue" },
    { "--remote", NULL, ARG_VALUE, NULL },
    { "--repositories", NULL, ARG_JVM, NULL },
    { "--status", NULL, ARG_NO, NULL },
    { "--supervise", NULL, ARG_SWITCH, NULL },
    { "--load-spark-defaults", NULL, ARG_SWITCH, NULL },
    { "--total-executor-cores", NULL, ARG_VALUE, "spark.cores.max" },
    { "--help", "-h", ARG_SWITCH, NULL },
    { "--verbose", "-v", ARG_SWITCH, NULL },
    { "--version", NULL, ARG_SWITCH, NULL },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const char submit_usage[] =
    "Usage: spark-submit [options] <app.py> [app arguments]\n\n"
    "  --master MASTER_URL         taken as is: the engine runs in this step (yarn, local[*], spark://host:port)\n"
    "  --deploy-mode MODE          client or cluster\n"
    "  --class CLASS_NAME          of JVM applications; not used by Python ones\n"
    "  --name NAME                 the application's name\n"
    "  --py-files FILES            comma list of .zip, .egg or .py files for PYTHONPATH\n"
    "  --files FILES               comma list of files for the working directory; file#name renames\n"
    "  --archives ARCHIVES         comma list of archives, unpacked in the working directory\n"
    "  -c, --conf PROP=VALUE       a Spark configuration property\n"
    "  --properties-file FILE      properties, one a line\n"
    "  --driver-memory, --driver-cores, --executor-memory, --executor-cores, --num-executors,\n"
    "  --total-executor-cores, --queue\n"
    "  -h, --help   -v, --verbose   --version\n\n"
    "--jars, --packages, --repositories and --driver-class-path need a JVM, which weir does not run.\n";

static const SubmitRow *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (str_eq(rows[i].name, name) || str_eq(rows[i].alias, name))
            return &rows[i];
    return NULL;
}

static void list_add(Arena *a, StrList *list, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        const char *start = text, *stop = text + n;
        while (start < stop && isspace((unsigned char)*start))
            start++;
        while (stop > start && isspace((unsigned char)stop[-1]))
            stop--;
        if (stop > start)
            vec_push(a, list, arena_strn(a, start, (size_t)(stop - start)));
        text += n + (text[n] == ',');
    }
}

static Status conf_add(Arena *a, SubmitOptions *options, const char *text, Error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return FAIL(err, ST_INVALID, "Spark config without '=': %s", text);
    map_set(a, &options->conf, arena_strn(a, text, (size_t)(equals - text)), arena_str(a, equals + 1));
    return ST_OK;
}

static Status option_take(Arena *a, const SubmitRow *row, const char *value, SubmitOptions *options, Error *err)
{
    switch (row->kind) {
    case ARG_CONF: return conf_add(a, options, value, err);
    case ARG_LIST_PY: list_add(a, &options->py_files, value); return ST_OK;
    case ARG_LIST_FILES: list_add(a, &options->files, value); return ST_OK;
    case ARG_LIST_ARCHIVES: list_add(a, &options->archives, value); return ST_OK;
    case ARG_JVM:
        return FAIL(err, ST_UNSUPPORTED, "spark-submit %s %s: weir runs no JVM, so it loads no jar or Maven package. Formats and "
                    "connectors that are built in need none; leave the option out.", row->name, value);
    case ARG_NO: return FAIL(err, ST_UNSUPPORTED, "spark-submit %s: weir does not do this", row->name);
    case ARG_SWITCH:
    case ARG_VALUE: break;
    }
    if (str_eq(row->name, "--deploy-mode") && !str_eq(value, "client") && !str_eq(value, "cluster"))
        return FAIL(err, ST_INVALID, "--deploy-mode must be either \"client\" or \"cluster\"");
    if (str_eq(row->name, "--properties-file"))
        options->properties_file = value;
    map_set(a, &options->flags, row->name, arena_str(a, value));
    return ST_OK;
}

Status submit_parse(Arena *a, int argc, const char *const *argv, SubmitOptions *ret_options, Error *err)
{
    SubmitOptions options = { 0 };
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *equals = str_starts(argv[i], "--") ? strchr(argv[i], '=') : NULL;
        const char *name = equals ? arena_strn(a, argv[i], (size_t)(equals - argv[i])) : argv[i];
        const SubmitRow *row = row_of(name);
        if (!row)
            return FAIL(err, ST_INVALID, "Unrecognized option '%s'.", argv[i]);
        const char *value = equals ? equals + 1 : "";
        if (row->kind != ARG_SWITCH && !equals) {
            if (i + 1 >= argc)
                return FAIL(err, ST_INVALID, "Missing argument for option '%s'.", name);
            value = argv[++i];
        }
        TRY(option_take(a, row, value, &options, err));
    }
    options.help = map_has(&options.flags, "--help");
    options.version = map_has(&options.flags, "--version");
    options.verbose = map_has(&options.flags, "--verbose");
    if (i < argc)
        options.application = argv[i++];
    for (; i < argc; i++)
        vec_push(a, &options.args, argv[i]);
    if (!options.application && !options.help && !options.version)
        return FAIL(err, ST_INVALID, "Missing application resource.");
    *ret_options = options;
    return ST_OK;
}

/* One logical line: lines that end with a backslash joined. */
static char *logical_line(Arena *a, const char **at)
{
    str_auto line = STR_INIT(1 << 20);
    const char *p = *at;
    for (bool more = true; more && *p;) {
        while (line.len && (*p == ' ' || *p == '\t')) /* a continuation's indent */
            p++;
        size_t n = strcspn(p, "\r\n"), slashes = 0;
        while (slashes < n && p[n - 1 - slashes] == '\\')
            slashes++;
        more = slashes % 2 == 1;
        str_addn(&line, p, more ? n - 1 : n);
        p += n;
        p += *p == '\r' ? 1 : 0;
        p += *p == '\n' ? 1 : 0;
    }
    *at = p;
    return str_arena(&line, a);
}

static char *unescaped(Arena *a, const char *text, size_t length)
{
    str_auto out = STR_INIT(1 << 20);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\\' && i + 1 < length) {
            c = text[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        str_addc(&out, c);
    }
    return str_arena(&out, a);
}

void submit_properties(Arena *a, const char *text, Map *conf)
{
    while (*text) {
        char *line = logical_line(a, &text);
        line += strspn(line, " \t\f");
        if (!*line || *line == '#' || *line == '!')
            continue;
        size_t n = 0;
        while (line[n] && !strchr("=: \t\f", line[n]))
            n += line[n] == '\\' && line[n + 1] ? 2 : 1;
        const char *value = line + n + strspn(line + n, " \t\f");
        if (*value == '=' || *value == ':')
            value += 1 + strspn(value + 1, " \t\f");
        size_t length = strlen(value);
        while (length && isspace((unsigned char)value[length - 1])) /* Utils.getPropertiesFromFile trims */
            length--;
        char *key = unescaped(a, line, n);
        if (str_starts(key, "spark.") && !map_has(conf, key))
            map_set(a, conf, key, unescaped(a, value, length));
    }
}

void submit_conf(Arena *a, const SubmitOptions *options, Map *conf)
{
    for (size_t i = 0; i < options->conf.len; i++)
        map_set(a, conf, options->conf.at[i].key, options->conf.at[i].value);
    for (size_t i = 0; i < ROWS; i++) {
        void *value = map_get(&options->flags, rows[i].name);
        if (rows[i].conf && value)
            map_set(a, conf, rows[i].conf, value);
    }
}

SubmitKind submit_kind(const char *application)
{
    if (str_ends(application, ".py") || str_eq(application, "pyspark-shell"))
        return SUBMIT_PYTHON;
    return str_ends(application, ".R") || str_ends(application, ".r") ? SUBMIT_R : SUBMIT_JVM;
}
