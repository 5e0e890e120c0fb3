/* step/submit.h -- the command line of spark-submit, as org.apache.spark.deploy.SparkSubmitArguments reads it (Spark 4.1):
 * options in both `--k v` and `--k=v`, up to the application; all behind it is the application's. Pure: no I/O. */
#ifndef WEIR_STEP_SUBMIT_H
#define WEIR_STEP_SUBMIT_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "base/vec.h"

typedef struct SubmitOptions {
    Map flags;            /* "--deploy-mode" -> "cluster"; a switch -> "" */
    Map conf;             /* of --conf, in order of first appearance */
    StrList py_files, files, archives; /* comma lists taken apart */
    const char *properties_file;
    const char *application; /* the script or jar */
    StrList args;
    bool help, version, verbose;
} SubmitOptions;

/* ST_INVALID with Spark's words; ST_UNSUPPORTED names an option that needs a JVM (--packages, --jars, …). */
Status submit_parse(Arena *a, int argc, const char *const *argv, SubmitOptions *ret_options, Error *err);
/* A properties file's text (java.util.Properties: key and value by '=', ':' or blanks, '#' and '!' comments, backslash
 * continuation) into `conf`, where a key is not there yet. Only spark.* keys are taken, as Spark does. */
void submit_properties(Arena *a, const char *text, Map *conf);
/* The application's configuration: --conf over `properties`, the flags (--name, --driver-memory, …) over both. */
void submit_conf(Arena *a, const SubmitOptions *options, Map *conf);
/* What kind of application it is, by Spark's rule: the ending. */
typedef enum SubmitKind { SUBMIT_PYTHON, SUBMIT_R, SUBMIT_JVM } SubmitKind;
SubmitKind submit_kind(const char *application);

extern const char submit_usage[];

#endif
