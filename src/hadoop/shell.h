/* hadoop/shell.h -- `hadoop fs`, `hdfs dfs`: what the commands of Hadoop's file system shell share. Formats and messages are those
 * of org.apache.hadoop.fs.shell (3.3). Commands go on with the next argument after a failure and end with 1. */
#ifndef WEIR_HADOOP_SHELL_H
#define WEIR_HADOOP_SHELL_H
#include "hadoop/fs.h"

#include <stdio.h>

typedef struct Shell {
    Arena *arena;
    JobConf conf;
    Fs fs;
    const char *command;  /* "ls", for messages */
    const char *flags;    /* letters and words given: " R h skipTrash " */
    Map values;           /* of options that take one: "-name" */
    StrList arguments;
    int code;
} Shell;

typedef struct ShellCommand {
    const char *name, *flags; /* flags: " R h " allowed; those with '=' take a value */
    int least, most;          /* arguments; most -1: any number */
    const char *usage;
    Status (*run)(Shell *s, Error *err);
} ShellCommand;

bool shell_flag(const Shell *s, const char *name);
/* "ls: `x': No such file or directory" on stderr; the exit code is 1 then. */
void shell_complain(Shell *s, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
void shell_fail(Shell *s, const Error *error);

/* A file or folder and how the user called it: children of an argument are shown below it. */
typedef struct ShellPath {
    LakeEntry entry;
    const char *shown;
} ShellPath;
typedef VEC(ShellPath) ShellPathList;
/* What an argument matches; complains when that is nothing. */
Status shell_expand(Shell *s, const char *argument, ShellPathList *ret_paths, Error *err);
Status shell_children(Shell *s, const ShellPath *folder, ShellPathList *ret_children, Error *err);
const char *shell_size(const Shell *s, Arena *a, int64_t bytes); /* with -h: 1.5 K */

/* Copies a file's bytes to a stream, or a file or tree to a new place: whole or not at all. */
Status shell_send(Shell *s, const LakeFile *file, bool unpack, FILE *to, Error *err);
/* `to` is the new name itself. Existing files are replaced. */
Status shell_copy(Shell *s, const LakeEntry *from, const char *to, Error *err);

extern const ShellCommand shell_list_commands[], shell_copy_commands[], shell_change_commands[]; /* a NULL name ends each */

int shell_main(int argc, char **argv); /* argv[0]: the first word behind `fs` */

#endif
