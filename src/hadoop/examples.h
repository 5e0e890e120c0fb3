/* hadoop/examples.h -- the programs of hadoop-mapreduce-examples.jar, by name and with Hadoop's options, outputs, printed lines and exit
 * codes: wordcount, grep, pi, teragen, terasort, teravalidate. The JAR's other programs are refused by name.
 * Source: org.apache.hadoop.examples. */
#ifndef WEIR_HADOOP_EXAMPLES_H
#define WEIR_HADOOP_EXAMPLES_H
#include "hadoop/job.h"

#include <stdio.h>

/* `argv` begins with the program's name. */
int examples_main(int argc, char **argv);

/* --- for the programs --- */
enum { EXAMPLE_USAGE = 2, EXAMPLE_FAILED = 1, EXAMPLE_ERROR = 255 };
typedef struct Example {
    Arena *arena;
    JobConf conf;
    Fs fs;
    int argc; /* what follows the generic options */
    char **argv;
} Example;
/* *ret_code: the exit code, when it returns ST_OK. What it returns otherwise is printed as the exception that it is. */
typedef Status (*ExampleRun)(Example *e, int *ret_code, Error *err);
Status example_wordcount(Example *e, int *ret_code, Error *err);
Status example_grep(Example *e, int *ret_code, Error *err);
Status example_pi(Example *e, int *ret_code, Error *err);
Status example_teragen(Example *e, int *ret_code, Error *err);
Status example_terasort(Example *e, int *ret_code, Error *err);
Status example_teravalidate(Example *e, int *ret_code, Error *err);

/* A job of the new API, with what the configuration says. job_done is the caller's. */
Status example_job(Example *e, const char *name, Job *ret_job, Error *err);
/* Runs it. *ret_succeeded false: tasks failed, and that was printed. */
Status example_job_run(Job *job, bool *ret_succeeded, Error *err);
void example_generic_usage(FILE *out);
/* The splits of a job of rows, unsorted, into job->splits; what terasort prints about them. */
Status example_tera_splits(Example *e, Job *job, Error *err);
/* Text as Java decodes and encodes it again: what is no UTF-8 is U+FFFD. The same bytes when there is none. */
const char *example_text(Arena *a, const char *bytes, size_t *length);

/* The 100 bytes of a row of teragen's (terarow.c). */
enum { TERA_KEY_BYTES = 10, TERA_VALUE_BYTES = 90, TERA_ROW_BYTES = 100 };
__extension__ typedef unsigned __int128 TeraNumber;
TeraNumber tera_random(TeraNumber row);        /* the random number of a row */
TeraNumber tera_random_next(TeraNumber random);
void tera_row(TeraNumber random, TeraNumber row, uint8_t ret_row[TERA_ROW_BYTES]);
uint32_t tera_checksum(const uint8_t *key, const uint8_t *value); /* CRC-32 of a row */

#endif
