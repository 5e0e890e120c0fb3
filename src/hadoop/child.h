/* hadoop/child.h -- a mapper or reducer process of the user's: records in, lines out, without a deadlock.
 *
 * One thread serves all three pipes: while the process does not read, what it writes is taken. It leads a session of its own, so
 * that it and all it forked can be killed at once. Errors are in Hadoop streaming's words: ST_RUNTIME for what the process did
 * (a code other than 0, a pipe that it closed), ST_LIMIT when it did nothing for the task's time or forked without end.
 * Source: org.apache.hadoop.streaming.PipeMapRed. */
#ifndef WEIR_HADOOP_CHILD_H
#define WEIR_HADOOP_CHILD_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>

enum { CHILD_PROCESSES_MAX = 1000, CHILD_LINE_MAX_BYTES = 256 * 1024 * 1024 };

typedef struct ChildOptions {
    const char *command;  /* taken apart at blanks, quotes kept together, as Hadoop does it: no shell */
    const StrList *env;   /* "NAME=value" */
    const char *cwd;
    const char *attempt;  /* names the task in errors */
    int64_t timeout_ms;   /* without a byte read or written; 0: none */
    bool exit_is_failure; /* stream.non.zero.exit.is.failure */
    const char *delimiter; /* textinputformat.record.delimiter, of its stdout too; NULL: \n, \r, \r\n */
    const volatile bool *cancelled;
    /* A line of stdout, without its end; of stderr, NUL-terminated. */
    Status (*on_line)(void *self, const char *line, size_t length, Error *err);
    Status (*on_error_line)(void *self, const char *line, Error *err);
    void *self;
} ChildOptions;

typedef struct Child Child;
/* `options` and what it points to must outlive the child. */
Status child_start(const ChildOptions *options, Child **ret_child, Error *err);
Status child_write(Child *c, const void *bytes, size_t length, Error *err); /* buffered */
/* Its input ends; takes its output to the end, and how it ended. */
Status child_end(Child *c, Error *err);
/* Kills what is left of it. */
void child_closep(Child **c);
#define child_auto __attribute__((cleanup(child_closep))) Child

/* The words of a command (PipeMapRed.splitArgs). */
void child_words(Arena *a, const char *command, StrList *ret_words);

#endif
