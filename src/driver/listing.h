/* driver/listing.h -- the files that a reader takes out of those that were listed, and its options with the session's settings.
 * Source: PathGlobFilter, ModifiedBeforeFilter, ModifiedAfterFilter, FileSourceOptions. */
#ifndef WEIR_DRIVER_LISTING_H
#define WEIR_DRIVER_LISTING_H
#include "driver/run.h"
#include "ir/source.h"

typedef VEC(SourceFile) SourceFiles;

/* `given`, and the options that the session sets for all readers (spark.sql.files.ignoreCorruptFiles …) when they are not the default. */
KeyValueList listing_options(Run *r, Arena *a, const char *format, const KeyValueList *given);
/* Does `uri` lie deeper than right below `root`, a folder, a file or a glob of them? */
bool listing_is_nested(Arena *a, const char *root, const char *uri);
/* Leaves out what pathGlobFilter, modifiedAfter, modifiedBefore and ignoreMissingFiles say. */
Status listing_filter(Run *r, Arena *a, const KeyValueList *options, SourceFiles *files, Error *err);

#endif
