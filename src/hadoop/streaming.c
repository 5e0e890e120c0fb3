/* hadoop/streaming.c -- see streaming.h. */
#include "hadoop/streaming.h"

#include "base/file.h"
#include "base/str.h"
#include "hadoop/generic.h"
#include "hadoop/job.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { EXIT_FAILED = 1, EXIT_LAUNCH = 5 };

typedef struct Streaming {
    Arena *arena;
    JobConf conf;
    Fs fs;
    GenericOptions generic;
    StrList inputs, files, archives, environment;
    const char *output, *mapper, *reducer, *combiner, *input_format, *output_format, *partitioner, *reduces, *io;
    bool lazy, verbose, help, info;
    const char *folder; /* temporary: what -files brings */
} Streaming;

static const char usage[] =
    "Usage: $HADOOP_HOME/bin/hadoop jar hadoop-streaming.jar [options]\n"
    "Options:\n"
    "  -input          <path> DFS input file(s) for the Map step.\n"
    "  -output         <path> DFS output directory for the Reduce step.\n"
    "  -mapper         <cmd|JavaClassName> Optional. Command to be run as mapper.\n"
    "  -combiner       <cmd|JavaClassName> Optional. Command to be run as combiner.\n"
    "  -reducer        <cmd|JavaClassName> Optional. Command to be run as reducer.\n"
    "  -file           <file> Optional. File/dir to be shipped in the Job jar file.\n"
    "                  Deprecated. Use generic option \"-files\" instead.\n"
    "  -inputformat    <TextInputFormat(default)|KeyValueTextInputFormat|NLineInputFormat>\n"
    "                  Optional. The input format class.\n"
    "  -outputformat   <TextOutputFormat(default)>\n"
    "                  Optional. The output format class.\n"
    "  -partitioner    <JavaClassName>  Optional. The partitioner class.\n"
    "  -numReduceTasks <num> Optional. Number of reduce tasks.\n"
    "  -cmdenv         <n>=<v> Optional. Pass env.var to streaming commands.\n"
    "  -io             <identifier> Optional. Format to use for input to and output\n"
    "                  from mapper/reducer commands\n"
    "  -lazyOutput     Optional. Lazily create Output.\n"
    "  -verbose        Optional. Print verbose output.\n"
    "  -info           Optional. Print detailed usage.\n"
    "  -help           Optional. Print help message.\n\n"
    "Generic options supported are:\n"
    "-conf <configuration file>        specify an application configuration file\n"
    "-D <property=value>               define a value for a given property\n"
    "-fs <file:///|hdfs://namenode:port> specify default filesystem URL to use, overrides 'fs.defaultFS' property from configurations.\n"
    "-files <file1,...>                specify a comma-separated list of files to be copied to the map reduce cluster\n"
    "-archives <archive1,...>          specify a comma-separated list of archives to be unarchived on the compute machines\n\n";

/* --- the command line --- */

typedef struct Option {
    const char *name;
    enum { ONE, MANY, SWITCH, REFUSED } kind;
    size_t at; /* in Streaming: const char *, StrList or bool */
} Option;
#define AT(member) offsetof(Streaming, member)

static const Option options[] = {
    { "input", MANY, AT(inputs) },          { "output", ONE, AT(output) },          { "mapper", ONE, AT(mapper) },
    { "reducer", ONE, AT(reducer) },        { "combiner", ONE, AT(combiner) },      { "file", MANY, AT(files) },
    { "cacheFile", MANY, AT(files) },       { "cacheArchive", MANY, AT(archives) }, { "cmdenv", MANY, AT(environment) },
    { "inputformat", ONE, AT(input_format) }, { "outputformat", ONE, AT(output_format) }, { "partitioner", ONE, AT(partitioner) },
    { "numReduceTasks", ONE, AT(reduces) }, { "io", ONE, AT(io) },                  { "lazyOutput", SWITCH, AT(lazy) },
    { "verbose", SWITCH, AT(verbose) },     { "debug", SWITCH, AT(verbose) },       { "help", SWITCH, AT(help) },
    { "info", SWITCH, AT(info) },           { "jobconf", ONE, 0 },                  { "mapdebug", REFUSED, 0 },
    { "reducedebug", REFUSED, 0 },          { "inputreader", REFUSED, 0 },          { "background", REFUSED, 0 },
    { "dfs", REFUSED, 0 },                  { "additionalconfspec", REFUSED, 0 },
};

static const Option *option_find(const char *word)
{
    if (*word != '-')
        return NULL;
    word += 1 + (word[1] == '-');
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (str_eq(options[i].name, word))
            return &options[i];
    return NULL;
}

static Status option_take(Streaming *s, const Option *o, int argc, char **argv, int *i, Error *err)
{
    char *self = (char *)s;
    if (o->kind == REFUSED)
        return FAIL(err, ST_UNSUPPORTED, "weir does not take the streaming option -%s", o->name);
    if (o->kind == SWITCH) {
        *(bool *)(void *)(self + o->at) = true;
        return ST_OK;
    }
    if (*i + 1 >= argc)
        return FAIL(err, ST_INVALID, "Missing argument for option: %s", o->name);
    if (str_eq(o->name, "jobconf"))
        return jobconf_set_pair(&s->conf, argv[++*i], err);
    if (o->kind == ONE) {
        *(const char **)(void *)(self + o->at) = argv[++*i];
        return ST_OK;
    }
    do
        vec_push(s->arena, (StrList *)(void *)(self + o->at), argv[++*i]);
    while (!str_eq(o->name, "cmdenv") && *i + 1 < argc && argv[*i + 1][0] != '-');
    return ST_OK;
}

static Status parse(Streaming *s, int argc, char **argv, Error *err)
{
    TRY(generic_parse(&s->conf, argc, argv, &s->generic, err));
    for (int i = s->generic.used; i < argc; i++) {
        const Option *o = option_find(argv[i]);
        if (!o)
            return FAIL(err, ST_INVALID, "Unrecognized option: %s", argv[i]);
        TRY(option_take(s, o, argc, argv, &i, err));
    }
    if (s->help || s->info)
        return ST_OK;
    if (!s->inputs.len || !s->output)
        return FAIL(err, ST_INVALID, "Missing required option: %s", s->inputs.len ? "output" : "input");
    return ST_OK;
}

/* --- what its words mean --- */

static bool is_one_of(const char *text, const char *name, const char *package)
{
    size_t n = strlen(package);
    return str_eq(text, name) || (strncmp(text, package, n) == 0 && text[n] == '.' && str_eq(text + n + 1, name));
}

/* com.example.Name: packages in small letters, a class with a capital, and no such file. */
static bool looks_like_class(const char *text)
{
    const char *dot = strrchr(text, '.');
    if (!dot || !isupper((unsigned char)dot[1]) || !islower((unsigned char)*text))
        return false;
    struct stat st;
    return !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$")] && stat(text, &st) < 0;
}

static Status fail_class(Error *err, const char *what, const char *name)
{
    return FAIL(err, ST_UNSUPPORTED, "-%s : the class %s needs a JVM engine: run this job on Amazon EMR or Apache Hadoop itself", what, name);
}

static Status processor_of(const char *what, const char *text, const char *identity, Processor *ret_processor, Error *err)
{
    if (!text || is_one_of(text, identity, "org.apache.hadoop.mapred.lib")) {
        *ret_processor = (Processor){ .kind = PROCESSOR_IDENTITY, .set = text != NULL };
        return ST_OK;
    }
    if (looks_like_class(text))
        return fail_class(err, what, text);
    *ret_processor = (Processor){ .kind = PROCESSOR_COMMAND, .set = true, .command = text };
    return ST_OK;
}

static Status input_format(Job *job, const char *name, Error *err)
{
    if (!name || is_one_of(name, "TextInputFormat", "org.apache.hadoop.mapred"))
        job->input_format = INPUT_TEXT;
    else if (is_one_of(name, "KeyValueTextInputFormat", "org.apache.hadoop.mapred"))
        job->input_format = INPUT_KEY_VALUE;
    else if (is_one_of(name, "NLineInputFormat", "org.apache.hadoop.mapred.lib"))
        job->input_format = INPUT_NLINE;
    else
        return FAIL(err, ST_UNSUPPORTED, "-inputformat : class not found : %s (weir has TextInputFormat, KeyValueTextInputFormat and NLineInputFormat)",
                    name);
    return ST_OK;
}

static Status check_names(Streaming *s, Error *err)
{
    if (s->output_format && !is_one_of(s->output_format, "TextOutputFormat", "org.apache.hadoop.mapred"))
        return FAIL(err, ST_UNSUPPORTED, "-outputformat : class not found : %s (weir has TextOutputFormat)", s->output_format);
    if (s->io && !str_eq(s->io, "text"))
        return FAIL(err, ST_UNSUPPORTED, "-io %s: weir has text only", s->io);
    if (s->partitioner)
        jobconf_set(&s->conf, "mapreduce.job.partitioner.class", s->partitioner);
    if (s->reduces)
        jobconf_set(&s->conf, "mapreduce.job.reduces", s->reduces);
    if (s->reducer && str_eq(s->reducer, "NONE"))
        jobconf_set(&s->conf, "mapreduce.job.reduces", "0");
    return ST_OK;
}

static Status reducer(Streaming *s, Job *job, Error *err)
{
    if (s->combiner)
        TRY(processor_of("combiner", s->combiner, "IdentityReducer", &job->combiner, err));
    if (!job->reduces)
        return ST_OK;
    if (s->reducer && str_ieq(s->reducer, "aggregate")) {
        job->reducer = (Processor){ .kind = PROCESSOR_AGGREGATE };
        job->combiner = (Processor){ .kind = PROCESSOR_AGGREGATE, .set = true, .combines = true };
        return ST_OK;
    }
    return processor_of("reducer", s->reducer, "IdentityReducer", &job->reducer, err);
}

static Status fail_key_type(void *offsets, void *state, const Record *record, const Collector *to, Error *err)
{
    (void)state, (void)record, (void)to;
    return FAIL(err, ST_INVALID, "java.io.IOException: Type mismatch in key from map: expected org.apache.hadoop.io.%s, received "
                "org.apache.hadoop.io.%s", offsets ? "Text" : "LongWritable", offsets ? "LongWritable" : "Text");
}

/* Keys are Text where a command makes or takes them, else LongWritable: a mapper that gives the other kind fails. */
static void check_keys(Job *job)
{
    static const bool yes = true;
    bool offsets = job->mapper.kind == PROCESSOR_IDENTITY && job->input_format != INPUT_KEY_VALUE;
    bool text = job->mapper.kind == PROCESSOR_COMMAND || job->reducer.kind == PROCESSOR_COMMAND;
    if (job->reduces && job->mapper.kind == PROCESSOR_IDENTITY && text == offsets)
        job->mapper = (Processor){ .kind = PROCESSOR_NATIVE, .data = offsets ? (void *)(uintptr_t)&yes : NULL, .map = fail_key_type };
    job->long_keys = offsets;
    job->output_options.long_keys = offsets && (!job->reduces || job->reducer.kind == PROCESSOR_IDENTITY);
    job->partitioner.kind = offsets && job->partitioner.kind == PARTITION_HASH ? PARTITION_HASH_LONG : job->partitioner.kind;
}

/* a,b{c,d} has two paths. */
static void add_paths(Arena *a, const char *text, StrList *paths)
{
    int depth = 0;
    const char *start = text;
    for (const char *at = text;; at++) {
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
        if (*at && (*at != ',' || depth > 0))
            continue;
        if (at > start)
            vec_push(a, paths, arena_strn(a, start, (size_t)(at - start)));
        if (!*at)
            return;
        start = at + 1;
    }
}

static Status describe(Streaming *s, Job *job, Error *err)
{
    Arena *a = s->arena;
    for (size_t i = 0; i < s->inputs.len; i++)
        add_paths(a, s->inputs.at[i], &job->inputs);
    TRY(fs_uri(&s->fs, a, s->output, &job->output, err));
    TRY(input_format(job, s->input_format, err));
    TRY(processor_of("mapper", s->mapper, "IdentityMapper", &job->mapper, err));
    job->mapper.ignore_key = jobconf_bool(&s->conf, "stream.map.input.ignoreKey", job->input_format == INPUT_TEXT);
    TRY(reducer(s, job, err));
    check_keys(job);
    job->output_options.lazy = s->lazy;
    job->environment = s->environment;
    job->name = jobconf_text(&s->conf, a, "mapreduce.job.name", "hadoop-streaming.jar");
    job->task_folder = s->folder;
    if (s->mapper)
        jobconf_set(&s->conf, "stream.map.streamprocessor", s->mapper);
    if (s->reducer)
        jobconf_set(&s->conf, "stream.reduce.streamprocessor", s->reducer);
    return ST_OK;
}

static Status lay_out(Streaming *s, Error *err)
{
    Arena *a = s->arena;
    StrList files = s->generic.files, archives = s->generic.archives;
    for (size_t i = 0; i < s->files.len; i++)
        vec_push(a, &files, s->files.at[i]);
    for (size_t i = 0; i < s->archives.len; i++)
        vec_push(a, &archives, s->archives.at[i]);
    if (!files.len && !archives.len)
        return ST_OK;
    const char *tmp = getenv("TMPDIR");
    char *folder = arena_printf(a, "%s/weir-container-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return FAIL(err, ST_IO, "java.io.IOException: make '%s'", folder);
    s->folder = folder;
    return cache_lay_out(&s->fs, a, &files, &archives, folder, err);
}

static void print_properties(const Streaming *s)
{
    for (size_t i = 0; s->verbose && i < s->conf.values.len; i++)
        if (s->conf.values.at[i].value)
            printf("STREAM: %s=%s\n", s->conf.values.at[i].key, (const char *)s->conf.values.at[i].value);
}

/* *ret_begun: the job ran, whatever came of it. */
static Status run(Streaming *s, bool *ret_begun, Error *err)
{
    Job job;
    TRY(check_names(s, err));
    TRY(fs_open(s->arena, &s->conf, &s->fs, err));
    TRY(lay_out(s, err));
    Status status = job_init(&job, s->arena, &s->conf, &s->fs, err);
    if (status == ST_OK)
        status = describe(s, &job, err);
    if (status == ST_OK) {
        print_properties(s);
        status = job_run(&job, err);
        *ret_begun = job.folder != NULL;
    }
    job_done(&job);
    return status;
}

static int report(const Streaming *s, Status status, bool begun, const Error *error)
{
    static const char who[] = "streaming.StreamJob";
    int code = EXIT_LAUNCH;
    if (status == ST_OK) {
        job_log("INFO", who, "Output directory: %s", s->output);
        return 0;
    }
    if (begun && status != ST_CONFLICT) {
        code = EXIT_FAILED;
        if (status != ST_RUNTIME)
            job_log("ERROR", who, "%s", error->message);
        job_log("ERROR", who, "Job not successful!");
    } else {
        job_log("ERROR", who, "Error Launching job : %s", error->message);
    }
    fputs("Streaming Command Failed!\n", stderr);
    return code;
}

int streaming_main(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Streaming s = { .arena = a, .conf = { .arena = a } };
    Error error = ERROR_INIT;
    bool begun = false;
    Status status = parse(&s, argc, argv, &error);
    if (status != ST_OK) {
        fprintf(stderr, "%s%s\nTry -help for more information\nStreaming Command Failed!\n", status == ST_INVALID ? "ERROR: " : "",
                error.message);
        return 1;
    }
    if (s.help || s.info)
        return fputs(usage, stdout) < 0;
    status = run(&s, &begun, &error);
    if (s.folder)
        (void)tree_remove(s.folder, NULL);
    fs_close(&s.fs);
    return report(&s, status, begun, &error);
}
