/* hadoop/fs.h -- file systems by URI, as a Hadoop client sees them, over lake/lake.h.
 *
 * file: is the host (in a step: what its sandbox shows), s3, s3a and s3n the lake, hdfs:// the lake's bucket LAKE_HDFS_BUCKET,
 * whatever name node is named. A path without a scheme is the default file system's (fs.defaultFS): hdfs in a step, as on a
 * cluster; the host's on a laptop, as in Hadoop's local mode. A relative one is below /user/NAME, or the working folder. */
#ifndef WEIR_HADOOP_FS_H
#define WEIR_HADOOP_FS_H
#include "hadoop/jobconf.h"
#include "lake/lake.h"

typedef struct Fs {
    Lake *lake;
    const char *default_fs; /* "file:", "hdfs://" or "s3://bucket": what stands before an absolute path */
    const char *home;       /* a relative path's start: "file:/where/it/runs", "hdfs:///user/hadoop" */
    const char *cwd;        /* of this process */
    bool in_step;
} Fs;

/* The server that the environment names (AWS_ENDPOINT_URL and keys), else the home's lake. ST_INVALID for an fs.defaultFS that
 * is none of these file systems. */
Status fs_open(Arena *a, const JobConf *conf, Fs *ret_fs, Error *err);
void fs_close(Fs *fs);

/* The whole URI: a scheme, one slash between components, no slash at the end but a root's. ST_UNSUPPORTED in Hadoop's words for
 * other schemes. */
Status fs_uri(const Fs *fs, Arena *a, const char *path, const char **ret_uri, Error *err);
bool fs_is_host(const char *uri);
const char *fs_host_path(const char *uri); /* of a file: URI */
const char *fs_parent(Arena *a, const char *uri);
const char *fs_join(Arena *a, const char *uri, const char *name);
/* fs.local.block.size, dfs.blocksize, fs.s3a.block.size: 32 MiB for file: and s3a:, 128 for hdfs:, 64 for s3: and s3n:. */
Status fs_block_bytes(const JobConf *conf, const char *uri, int64_t *ret_bytes, Error *err);

/* What a path with wildcards matches (*, ?, [..], {a,b}), files and folders, in order of URI. One without gives itself, if there. */
Status fs_glob(const Fs *fs, Arena *a, const char *uri, LakeEntryList *ret_entries, Error *err);
/* ST_NOT_FOUND in Hadoop's words: `ls': `x': No such file or directory is the caller's. */
Status fs_stat(const Fs *fs, Arena *a, const char *uri, bool *ret_found, LakeEntry *ret_entry, Error *err);

#endif
