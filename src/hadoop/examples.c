/* hadoop/examples.c -- which program is meant, and what they share. See examples.h. */
#include "hadoop/examples.h"

#include "base/str.h"
#include "hadoop/generic.h"

#include <stdio.h>

/* In the order in which the JAR lists them. */
static const struct {
    const char *name, *help;
    ExampleRun run; /* NULL: it is not here */
} programs[] = {
    { "aggregatewordcount", "An Aggregate based map/reduce program that counts the words in the input files.", NULL },
    { "aggregatewordhist", "An Aggregate based map/reduce program that computes the histogram of the words in the input files.", NULL },
    { "bbp", "A map/reduce program that uses Bailey-Borwein-Plouffe to compute exact digits of Pi.", NULL },
    { "dbcount", "An example job that count the pageview counts from a database.", NULL },
    { "distbbp", "A map/reduce program that uses a BBP-type formula to compute exact bits of Pi.", NULL },
    { "grep", "A map/reduce program that counts the matches of a regex in the input.", example_grep },
    { "join", "A job that effects a join over sorted, equally partitioned datasets", NULL },
    { "multifilewc", "A job that counts words from several files.", NULL },
    { "pentomino", "A map/reduce tile laying program to find solutions to pentomino problems.", NULL },
    { "pi", "A map/reduce program that estimates Pi using a quasi-Monte Carlo method.", example_pi },
    { "randomtextwriter", "A map/reduce program that writes 10GB of random textual data per node.", NULL },
    { "randomwriter", "A map/reduce program that writes 10GB of random data per node.", NULL },
    { "secondarysort", "An example defining a secondary sort to the reduce.", NULL },
    { "sort", "A map/reduce program that sorts the data written by the random writer.", NULL },
    { "sudoku", "A sudoku solver.", NULL },
    { "teragen", "Generate data for the terasort", example_teragen },
    { "terasort", "Run the terasort", example_terasort },
    { "teravalidate", "Checking results of terasort", example_teravalidate },
    { "wordcount", "A map/reduce program that counts the words in the input files.", example_wordcount },
    { "wordmean", "A map/reduce program that counts the average length of the words in the input files.", NULL },
    { "wordmedian", "A map/reduce program that counts the median length of the words in the input files.", NULL },
    { "wordstandarddeviation",
      "A map/reduce program that counts the standard deviation of the length of the words in the input files.", NULL },
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

void example_generic_usage(FILE *out)
{
    fputs("Generic options supported are:\n"
          "-conf <configuration file>        specify an application configuration file\n"
          "-D <property=value>               define a value for a given property\n"
          "-fs <file:///|hdfs://namenode:port> specify default filesystem URL to use, overrides 'fs.defaultFS' property from "
          "configurations.\n"
          "-jt <local|resourcemanager:port>  specify a ResourceManager\n"
          "-files <file1,...>                specify a comma-separated list of files to be copied to the map reduce cluster\n"
          "-libjars <jar1,...>               specify a comma-separated list of jar files to be included in the classpath\n"
          "-archives <archive1,...>          specify a comma-separated list of archives to be unarchived on the compute machines\n\n"
          "The general command line syntax is:\ncommand [genericOptions] [commandOptions]\n\n",
          out);
}

Status example_job(Example *e, const char *name, Job *ret_job, Error *err)
{
    TRY(job_init(ret_job, e->arena, &e->conf, &e->fs, err));
    ret_job->name = name;
    ret_job->new_api = true;
    return ST_OK;
}

Status example_job_run(Job *job, bool *ret_succeeded, Error *err)
{
    Error error = ERROR_INIT;
    Status status = job_run(job, &error);
    *ret_succeeded = status == ST_OK;
    if (status == ST_OK || status == ST_RUNTIME)
        return ST_OK;
    if (status == ST_CONFLICT)
        return FAIL(err, status, "org.apache.hadoop.mapred.FileAlreadyExistsException: %s", error.message);
    if (status == ST_NOT_FOUND && str_starts(error.message, "Input "))
        return FAIL(err, status, "org.apache.hadoop.mapreduce.lib.input.InvalidInputException: %s", error.message);
    *err = error;
    return status;
}

const char *example_text(Arena *a, const char *bytes, size_t *length)
{
    if (utf8_valid(bytes, *length))
        return bytes;
    str_auto text = STR_INIT(SIZE_MAX);
    for (size_t i = 0, n; i < *length; i += n) {
        size_t left = *length - i;
        for (n = 1; n <= 4 && n <= left && !utf8_valid(bytes + i, n); n++)
            ;
        if (n <= 4 && n <= left) {
            str_addn(&text, bytes + i, n);
            continue;
        }
        str_add(&text, "\xef\xbf\xbd");
        /* as much of a character as could still have become one */
        uint8_t lead = (uint8_t)bytes[i], second = left > 1 ? (uint8_t)bytes[i + 1] : 0;
        size_t whole = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : 2;
        uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        n = 1;
        if (lead < 0xe0 || lead > 0xf4 || second < low || second > high)
            continue;
        for (n = 2; n < whole && n < left && ((uint8_t)bytes[i + n] & 0xc0) == 0x80; n++)
            ;
    }
    *length = text.len;
    return str_arena(&text, a);
}

/* --- the program --- */

static int list_programs(void)
{
    puts("Valid program names are:");
    for (int i = 0; i < PROGRAMS; i++)
        printf("  %s: %s\n", programs[i].name, programs[i].help);
    return EXAMPLE_ERROR;
}

static Status run(ExampleRun program, int argc, char **argv, int *ret_code, Error *err)
{
    arena_auto *a = arena_new();
    Example e = { .arena = a, .conf = { .arena = a } };
    GenericOptions generic;
    TRY(generic_parse(&e.conf, argc, argv, &generic, err));
    if (generic.files.len || generic.archives.len)
        return FAIL(err, ST_UNSUPPORTED, "weir's examples start no processes: -files and -archives have no use");
    e.argc = argc - generic.used;
    e.argv = argv + generic.used;
    TRY(fs_open(a, &e.conf, &e.fs, err));
    Status status = program(&e, ret_code, err);
    fs_close(&e.fs);
    return status;
}

int examples_main(int argc, char **argv)
{
    if (argc < 1) {
        puts("An example program must be given as the first argument.");
        return list_programs();
    }
    int found = 0, code = 0;
    while (found < PROGRAMS && !str_eq(programs[found].name, argv[0]))
        found++;
    if (found == PROGRAMS) {
        printf("Unknown program '%s' chosen.\n", argv[0]);
        return list_programs();
    }
    Error error = ERROR_INIT;
    if (!programs[found].run) {
        fprintf(stderr, "java.lang.UnsupportedOperationException: weir does not have the example '%s': it needs a JVM engine, Amazon EMR or "
                        "Apache Hadoop itself. Here are: grep, pi, teragen, terasort, teravalidate, wordcount.\n", argv[0]);
        return EXAMPLE_ERROR;
    }
    if (run(programs[found].run, argc - 1, argv + 1, &code, &error) == ST_OK)
        return code;
    fprintf(stderr, "%s\n", error.message);
    return EXAMPLE_ERROR;
}
