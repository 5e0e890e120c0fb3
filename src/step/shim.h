/* step/shim.h -- the commands that a step's argument vector may name: EMR's own (command-runner, script-runner, hive-script,
 * …) and the tools it has on its PATH (spark-submit, hive, pig, …). Each is a main function, called by a link of its name.
 * They run inside the step's sandbox, or on a laptop without any. */
#ifndef WEIR_STEP_SHIM_H
#define WEIR_STEP_SHIM_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

/* The main functions, named by rows of app/commands.def. */
int shim_spark_submit(int argc, char **argv);  /* Spark's spark-submit for Python applications */
int shim_command_runner(int argc, char **argv); /* runs its arguments as they are */
int shim_script_runner(int argc, char **argv); /* fetches a script (s3://, file) and runs it with its arguments */
int shim_glue_python_shell(int argc, char **argv); /* fetches a Python script and runs it, without Spark */
int shim_not_yet(int argc, char **argv);       /* a tool that weir does not run yet: says so by name, exit 1 */

/* The argument vector that EMR makes of a step's jar, main class and arguments: command-runner.jar and
 * script-runner.jar are shims, any other jar is `hadoop jar`. */
void shim_argv(Arena *a, const char *jar, const char *main_class, const StrList *args, StrList *ret_argv);

/* Copies what a URI names (s3, s3a, s3n by the server's or the home's lake; file, local or a plain path from the host) into
 * `folder` under its last name, or `name` when not NULL; ret_path is the copy. ST_NOT_FOUND in Hadoop's words. */
Status shim_fetch(Arena *a, const char *uri, const char *folder, const char *name, char **ret_path, Error *err);
bool shim_is_object(const char *uri); /* s3://, s3a://, s3n:// */
/* A path on this host that a URI without an object scheme names. */
const char *shim_host_path(const char *uri);

/* Starts argv with env, passes on SIGTERM, SIGINT and SIGHUP, waits, and gives the exit code (128 + signal). */
Status shim_run(const char *const *argv, const char *const *env, int *ret_code, Error *err);
/* This process's environment with the given names replaced ("NAME=value", or "NAME" to remove). */
char **shim_env(Arena *a, const StrList *changes);

#endif
