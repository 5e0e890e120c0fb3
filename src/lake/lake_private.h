/* lake/lake_private.h -- what the implementations of lake.h share: one table of functions for each kind of place. */
#ifndef WEIR_LAKE_LAKE_PRIVATE_H
#define WEIR_LAKE_LAKE_PRIVATE_H
#include "lake/lake.h"
#include "lake/objects.h"

/* A stage with what only lake.c knows. */
typedef struct StageState {
    LakeStage stage; /* first: a LakeStage is one of these */
    bool host;
    bool remote;     /* the folder is here, not on the server: the commit sends the files */
    int lock;        /* held on the folder while its writer lives; -1: none */
} StageState;

/* Where s3:// URIs are: an object store in this process, or a server. */
typedef struct LakeStore {
    Status (*list)(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err); /* empty is no error */
    Status (*exists)(Lake *lake, const char *uri, bool *ret_exists, Error *err);
    Status (*stage)(Lake *lake, Arena *a, const char *target_uri, const char **ret_id, const char **ret_folder, Error *err);
    Status (*commit)(Lake *lake, const LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                     Error *err);
    Status (*abort)(Lake *lake, const char *id, Error *err);
    Status (*remove)(Lake *lake, const char *uri, Error *err);
    Status (*put)(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err);
    /* The entries in a folder, or with `itself` the one entry that the URI names, if any. */
    Status (*entries)(Lake *lake, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err);
    Status (*link)(Lake *lake, const char *from, const char *to, bool move, Error *err);
    /* Only where this process may not reach the files; else NULL. */
    Status (*send)(Lake *lake, const char *id, const char *path, const char *name, Error *err); /* a file, into a stage */
    Status (*range)(Lake *lake, Arena *a, const LakeFile *file, int64_t offset, size_t length, char **ret_bytes, size_t *ret_read,
                    Error *err);
} LakeStore;

struct Lake {
    Arena *arena; /* of what was opened with; not touched afterwards */
    LakeOptions options;
    const LakeStore *store;
    Store *db;        /* home */
    Objects *objects; /* home */
    LakeCredentials credentials; /* server */
};

Lake *lake_new(const LakeOptions *options);
/* The last component of a URI or path, without slashes at its end. */
const char *lake_name_of(Arena *a, const char *uri);
/* All of it into a file that is open for writing. */
Status lake_reader_copy(LakeReader *reader, int to_fd, Error *err);

/* Files of the host, under lake.options. */
bool lake_host_is(const char *uri); /* file: or a plain path */
/* The absolute path, checked against host_files and host_root. */
Status lake_host_path(Lake *lake, Arena *a, const char *uri, const char **ret_path, Error *err);
Status lake_host_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err);
Status lake_host_stage(Lake *lake, Arena *a, const char *target_uri, const char **ret_id, const char **ret_folder, Error *err);
Status lake_host_commit(Lake *lake, const LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                        Error *err);
Status lake_host_entries(Lake *lake, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err);
Status lake_host_make_folder(Lake *lake, const char *uri, Error *err);
Status lake_host_link(Lake *lake, const char *from, const char *to, bool move, Error *err);
Status lake_host_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err);

#endif
