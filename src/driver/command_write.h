/* driver/command_write.h -- a query's rows become files below a URI; shared by the command_*.c that write.
 *
 * Files are written into a staging folder and committed by one call, so that an output is visible whole or not at all. A
 * table's row, and the rows of its partitions, are kept consistent with its files by order:
 * - INSERT registers new partitions first (without files they have no rows), then commits the files: killed between, nothing
 *   was inserted. Partitions that an overwrite leaves empty are dropped last.
 * - CREATE TABLE AS commits the files first and makes the table's row last, with its partitions, under a name that no query
 *   uses, then renames it: killed between, there is no table, and the same statement run again replaces the files. */
#ifndef WEIR_DRIVER_COMMAND_WRITE_H
#define WEIR_DRIVER_COMMAND_WRITE_H
#include "back/duckdb/sink.h"
#include "driver/command.h"

typedef struct WriteOutput {
    const Node *plan; /* bound */
    const char *format, *uri;
    StrList partition_by;
    const KeyValueList *options;
    LakeCommit how;
    bool to_path;     /* as of SinkRequest */
    Status (*before_commit)(void *arg, const SinkFiles *files, Error *err); /* NULL: nothing */
    void *arg;
} WriteOutput;

/* `ret_files` may be NULL. */
Status command_write_output(Run *r, const WriteOutput *o, SinkFiles *ret_files, Error *err);
/* Does an overwrite replace only the partitions that it writes (spark.sql.sources.partitionOverwriteMode)? */
bool command_overwrites_partitions(Run *r, const KeyValueList *options, const StrList *partition_by);

#endif
