/* lake/lake.h -- the data lake as a driver or a shim sees it: URIs to files, and outputs that appear whole or not at all.
 *
 * One interface, two implementations: `lake_open_home` opens the home's own store (no server running); `lake_open_server`
 * asks a running `weir serve` with the step's credentials, over /_weir/lake/… (SigV4). Schemes: s3, s3a, s3n (the object
 * store); hdfs (its bucket LAKE_HDFS_BUCKET, whatever host is named; made when first written to); file, or a plain path (the host, unless `lake_options.host_files` is off; in a step only below `host_root`).
 * Thread-safe. */
#ifndef WEIR_LAKE_LAKE_H
#define WEIR_LAKE_LAKE_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>

typedef struct Lake Lake;
#define LAKE_HDFS_BUCKET "weir-hdfs"

typedef struct LakeOptions {
    bool host_files;         /* may file: and plain paths be named at all? */
    const char *host_root;   /* and only below this folder, NULL: anywhere */
    const char *warehouse;   /* this host folder too: the files of managed tables. NULL: none */
    const char *working_dir; /* relative paths start here */
    const char *run;         /* who writes: recorded with each file ("s-…", "application_…"), NULL: none */
} LakeOptions;

typedef struct LakeCredentials {
    const char *endpoint, *region, *access_key, *secret_key, *session_token; /* token may be NULL */
} LakeCredentials;

Status lake_open_home(const char *home, const LakeOptions *options, Lake **ret_lake, Error *err);
Status lake_open_server(const LakeCredentials *credentials, const LakeOptions *options, Lake **ret_lake, Error *err);
void lake_close(Lake *lake);
void lake_closep(Lake **lake);
#define lake_auto __attribute__((cleanup(lake_closep))) Lake

typedef struct LakeFile {
    const char *uri;     /* s3://bucket/key as the user would name it, file:/path */
    const char *path;    /* host path; a process in a step's sandbox may not open it: see lake_open */
    const char *etag;    /* without quotes; NULL for host files */
    int64_t size_bytes, modified_ms;
} LakeFile;
typedef VEC(LakeFile) LakeFileList;

/* The files that `uri` names: the object or file itself, or all below it as a folder (recursively, "s3://b/p" and
 * "s3://b/p/" alike), or what a glob matches (*, ?, [..], {a,b} in Hadoop's sense). Keys whose name or folder begins with
 * '_' or '.' are left out as Spark does, except as the named root. In order of uri. ST_NOT_FOUND with code PATH_NOT_FOUND
 * and Spark's words when nothing is there; NoSuchBucket, AccessDenied by their AWS codes. */
Status lake_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err);
Status lake_exists(Lake *lake, const char *uri, bool *ret_exists, Error *err); /* an object, or a folder with something below */
Status lake_read(Lake *lake, Arena *a, const char *uri, size_t max_bytes, char **ret_bytes, size_t *ret_length, Error *err);
/* Copies one object or file to a host path (scripts, --py-files, archives). */
Status lake_fetch(Lake *lake, const char *uri, const char *to_path, Error *err);

/* The bytes of a listed file, wherever this process is: from its path, or, where that may not be opened (in a step's sandbox),
 * by ranges through the server; ST_CONFLICT when the object was replaced meanwhile. Thread-safe. */
typedef struct LakeReader LakeReader;
Status lake_open(Lake *lake, const LakeFile *file, LakeReader **ret_reader, Error *err);
/* Up to `length` bytes at `offset`; fewer only at the end. */
Status lake_reader_read(LakeReader *reader, int64_t offset, void *buffer, size_t length, size_t *ret_read, Error *err);
void lake_reader_close(LakeReader *reader);
void lake_reader_closep(LakeReader **reader);
#define lake_reader_auto __attribute__((cleanup(lake_reader_closep))) LakeReader

/* What a shell sees of a folder: its files and folders, hidden ones too, one level deep, in order of name. A folder is there
 * when something is below it, or when it was made (lake_make_folder). Empty when nothing is there. */
typedef struct LakeEntry {
    LakeFile file;    /* uri without a slash at its end; a folder has no path, no etag, size 0 */
    const char *name; /* last component */
    bool folder;
} LakeEntry;
typedef VEC(LakeEntry) LakeEntryList;
Status lake_entries(Lake *lake, Arena *a, const char *uri, LakeEntryList *ret_entries, Error *err);
/* The entry that a URI names, without wildcards. */
Status lake_stat(Lake *lake, Arena *a, const char *uri, bool *ret_found, LakeEntry *ret_entry, Error *err);
Status lake_make_folder(Lake *lake, const char *uri, Error *err); /* with its parents */
/* Gives an object or file, or all below it as a folder, a second name, or (move) another: in one transaction, without a copy of
 * the bytes (a host's files are copied when `move` is off). `to` is the new name itself and must not exist; both in one
 * place: both objects or both files of the host, else ST_UNSUPPORTED. */
Status lake_link(Lake *lake, const char *from, const char *to, bool move, Error *err);

/* A write: files go into `folder`, then one commit makes all of them visible, or none. The folder is on the lake's file system,
 * or, where this process may not write there (in a step's sandbox), below the working folder: the commit then sends them. */
typedef struct LakeStage {
    const char *folder;      /* host folder, empty, private to this write */
    const char *target;      /* the uri given */
    const char *id;
} LakeStage;
typedef enum LakeCommit {
    LAKE_APPEND,               /* add */
    LAKE_OVERWRITE,            /* replace everything below the target */
    LAKE_OVERWRITE_PARTITIONS, /* replace only the folders that the new files are in */
    LAKE_CREATE                /* fail with ST_CONFLICT when anything is below the target */
} LakeCommit;
typedef struct LakeOutput {
    const char *name;  /* path below the stage's folder and below the target: "month=1/part-00000….parquet" */
    int64_t rows;      /* -1: unknown */
} LakeOutput;
typedef VEC(LakeOutput) LakeOutputList;
Status lake_stage(Lake *lake, Arena *a, const char *target_uri, LakeStage **ret_stage, Error *err);
/* Fsyncs, renames and publishes in one transaction; adds an empty `_SUCCESS` when `success_marker`. */
Status lake_commit(Lake *lake, LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker, Error *err);
void lake_abort(Lake *lake, LakeStage *stage); /* drops the folder; a stage whose process died is swept by the server */
/* Removes the object, file, or everything below. */
Status lake_remove(Lake *lake, const char *uri, Error *err);
/* Uploads bytes as one object or file, whole or not at all (logs, markers). */
Status lake_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err);

#endif
