/* lake/lake_objects.h -- the lake over an object store in this process: what lake.h's home implementation and the server's
 * routes (svc/s3/lake_routes.c) both are. See lake.h for what each call means.
 *
 * A write is a row in lake_stage and a folder HOME/lake/stage/ID; its writer holds a lock (flock) on the folder while it
 * lives. A commit is known by its stage's id: repeated, it answers as the first time. */
#ifndef WEIR_LAKE_LAKE_OBJECTS_H
#define WEIR_LAKE_LAKE_OBJECTS_H
#include "lake/lake.h"
#include "lake/objects.h"

/* s3://bucket/path, s3a, s3n, hdfs://host/path: `path` without a slash in front. False for other schemes. ST_INVALID for a broken one. */
bool lake_uri_is_s3(const char *uri);
Status lake_uri_parse(Arena *a, const char *uri, const char **ret_scheme, const char **ret_bucket, const char **ret_path, Error *err);
/* The URI of a key as the user would name it: s3://bucket/key, hdfs:///key. */
char *lake_uri_of(Arena *a, const char *scheme, const char *bucket, const char *key);
Status lake_fail_path(Error *err, const char *uri);   /* PATH_NOT_FOUND in Spark's words */
Status lake_fail_exists(Error *err, const char *uri); /* PATH_ALREADY_EXISTS */
/* A name below a stage: relative, without empty, "." and ".." components. */
Status lake_output_check(const char *name, Error *err);
const char *lake_commit_name(LakeCommit how);
bool lake_commit_of_name(const char *name, LakeCommit *ret_how);

/* `max`: at most so many files; an empty result is no error here. */
Status lake_objects_list(Objects *objects, Arena *a, const char *uri, size_t max, LakeFileList *ret_files, Error *err);
Status lake_objects_exists(Objects *objects, const char *uri, bool *ret_exists, Error *err);
Status lake_objects_stage(Objects *objects, Arena *a, const char *target_uri, const char *owner, const char *run,
                          const char **ret_id, const char **ret_folder, Error *err);
Status lake_objects_commit(Objects *objects, const char *id, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                           Error *err);
Status lake_objects_abort(Objects *objects, const char *id, Error *err);
Status lake_objects_remove(Objects *objects, const char *uri, Error *err);
Status lake_objects_entries(Objects *objects, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err);
Status lake_objects_link(Objects *objects, const char *from, const char *to, bool move, const char *run, Error *err);
/* A piece of a file of a stage, at `offset`; at 0 the file begins anew. ST_NOT_FOUND when the stage is gone or committed. */
Status lake_objects_send(Objects *objects, const char *id, const char *name, int64_t offset, const void *bytes, size_t length, Error *err);
/* Makes the bucket of hdfs: when `scheme` is that. */
Status lake_objects_ensure(Objects *objects, const char *scheme, Error *err);
Status lake_objects_put(Objects *objects, const char *uri, const void *bytes, size_t length, const char *run, Error *err);

#endif
