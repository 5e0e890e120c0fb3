/* lake/glob.h -- paths with Hadoop's wildcards, and which names a job does not see.
 *
 * `*` and `?` stand for characters of one path component, [abc], [a-z], [^a] for one character, {a,b} for alternatives (which
 * may hold slashes and nest); a backslash takes the meaning away. Source: org.apache.hadoop.fs.FileSystem.globStatus. */
#ifndef WEIR_LAKE_GLOB_H
#define WEIR_LAKE_GLOB_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

enum { GLOB_ALTERNATIVES_MAX = 1000 };

bool glob_has_wildcards(const char *path);
/* Without the backslashes of a path that has no wildcards. */
char *glob_unescape(Arena *a, const char *path);
/* {a,b} multiplied out; at least one pattern. ST_INVALID on unbalanced braces, ST_LIMIT above GLOB_ALTERNATIVES_MAX. */
Status glob_expand(Arena *a, const char *path, StrList *ret_patterns, Error *err);
/* The folder that everything a pattern can match is below: "a/b/" of "a/b/c*d/e"; "" when its first component has wildcards. */
char *glob_fixed_folder(Arena *a, const char *pattern);
/* Does `pattern` match the path's first components, as many as the pattern has? *ret_rest is what follows them: "" when the
 * whole path matched, else without its slash. Neither begins with a slash. */
bool glob_match(const char *pattern, const char *path, const char **ret_rest);

/* Does a component of `path` begin with '.' or with '_' (but "_a=1" is a partition), or end in "._COPYING_"? After
 * InMemoryFileIndex.shouldFilterOutPathName and PartitioningAwareFileIndex. */
bool glob_hidden(const char *path);

#endif
