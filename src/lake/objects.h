/* lake/objects.h -- the object store: buckets and objects as rows in the store, their bytes as files under HOME/lake.
 *
 *   HOME/lake/objects/xx/ID   the bytes of one version of one object, or of a part: never changed, never named by key
 *   HOME/lake/tmp/PROCESS/ID  a body that is being received, or whose row is not committed yet; PROCESS is locked while
 *                             its process lives
 *   HOME/lake/stage/ID/       the files of one write of a job, until its commit
 *
 * An object appears by one transaction, after its bytes are on disk: spool → link into objects/ → fsync of file and folder
 * → row → commit → unlink of the name in tmp/. A name left in tmp/ by a dead process says which file may have no row: the
 * sweep looks only there. A row that goes puts its file on the garbage list in the same transaction; the file itself
 * goes later, when no reader that was told of it can still want it.
 *
 * Everything here is thread-safe, and safe against other processes on the same home. Errors carry S3's codes
 * (NoSuchBucket, NoSuchKey, PreconditionFailed, …); parameters of the error (error_param) are S3's extra elements
 * (BucketName, Key, …). Source: Amazon S3 API Reference. */
#ifndef WEIR_LAKE_OBJECTS_H
#define WEIR_LAKE_OBJECTS_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"
#include "lake/digest.h"
#include "os/http.h"
#include "store/store.h"

#include <stdint.h>

typedef struct Objects Objects;

/* `store` must outlive it. Makes the folders and sweeps what dead processes left in tmp/. */
Status objects_open(const char *home, Store *store, Objects **ret_objects, Error *err);
void objects_close(Objects *objects);
void objects_closep(Objects **objects);
#define objects_auto __attribute__((cleanup(objects_closep))) Objects
Store *objects_store(Objects *objects);

enum { OBJECTS_GRACE_MS = 15 * 60 * 1000, OBJECTS_STAGE_KEEP_MS = 24 * 3600 * 1000 };
/* To be called in the background every minute or so: unlinks files that were dropped more than `grace_ms` ago, removes
 * what dead processes left in tmp/ and stage/ (a stage whose writer holds no lock on it and that is older than `grace_ms`),
 * and forgets completed uploads and commits older than OBJECTS_STAGE_KEEP_MS. */
Status objects_sweep(Objects *objects, int64_t grace_ms, Error *err);
enum { OBJECTS_ID_BYTES = 33 };
void objects_new_id(char ret_id[OBJECTS_ID_BYTES]); /* 32 random hex digits: files, versions, uploads, stages */
const char *objects_home(const Objects *objects);   /* HOME */
/* Fails with S3's code and HTTP status. */
Status object_fail(Error *err, Status status, int http, const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
Status object_fail_bucket(Error *err, const char *bucket); /* NoSuchBucket */

/* --- a body on its way to a file --- */

typedef struct Spool Spool;
/* `digests`: DIGEST_BIT()s to compute on the way; more than `max_bytes` makes spool_write fail with EntityTooLarge. */
Status spool_new(Objects *objects, unsigned digests, int64_t max_bytes, Spool **ret_spool, Error *err);
/* After a failure the spool stays failed: later writes and spool_finish return the same error. */
Status spool_write(Spool *spool, const void *bytes, size_t length, Error *err);
/* All bytes are there: ends the digests. May be called again: returns the same. */
Status spool_finish(Spool *spool, Error *err);
int64_t spool_size(const Spool *spool);
/* After spool_finish; NULL when not asked for. */
const unsigned char *spool_digest(const Spool *spool, DigestKind kind);
/* Finished: the digest in any case, by reading the file again when it was not asked for. */
Status spool_digest_again(const Spool *spool, DigestKind kind, unsigned char *ret_bytes, Error *err);
/* Appends bytes [offset, offset + length) of another object's file, inside the kernel; the digests see nothing of them. */
Status spool_append_file(Spool *spool, const char *file, int64_t offset, int64_t length, Error *err);
char *spool_hex(const Spool *spool, Arena *a, DigestKind kind); /* must have been asked for */
/* Drops the file unless a row has it by now. NULL is fine. */
void spool_done(Spool *spool);
void spool_donep(Spool **spool);
#define spool_auto __attribute__((cleanup(spool_donep))) Spool
/* What a PUT's headers ask for: MD5 always; SHA-256 for a signed payload; the algorithm of x-amz-checksum-*, x-amz-trailer
 * or x-amz-sdk-checksum-algorithm, CRC64NVME when none of them is there. */
unsigned spool_digests_wanted(const HttpRequest *request);
/* For HttpSink: self is the Spool. */
Status spool_sink_write(void *spool, const void *bytes, size_t length, Error *err);

/* --- buckets --- */

typedef struct Bucket {
    const char *name, *owner, *region;
    int64_t created_ms;
    const char *versioning; /* NULL, "Enabled", "Suspended" */
} Bucket;
typedef VEC(Bucket) BucketList;

Status bucket_create(Objects *objects, const char *name, const char *owner, const char *region, Error *err);
Status bucket_get(Objects *objects, Arena *a, const char *name, Bucket *ret_bucket, Error *err); /* NoSuchBucket */
Status bucket_delete(Objects *objects, const char *name, Error *err);                         /* BucketNotEmpty */
Status bucket_list(Objects *objects, Arena *a, BucketList *ret_buckets, Error *err);          /* by name */
Status bucket_set_versioning(Objects *objects, const char *name, const char *status, Error *err);
bool bucket_name_valid(const char *name);
/* Settings: NULL body removes. ret_body is NULL when absent. */
Status bucket_config_set(Objects *objects, const char *bucket, const char *kind, const char *body, Error *err);
Status bucket_config_get(Objects *objects, Arena *a, const char *bucket, const char *kind, char **ret_body, Error *err);

/* --- objects --- */

typedef struct Object {
    const char *bucket, *key, *version_id;
    int64_t seq;
    bool latest, delete_marker;
    const char *file;          /* id of its bytes */
    int64_t size_bytes, modified_ms;
    const char *etag;          /* without quotes */
    const char *storage_class; /* NULL: STANDARD */
    const char *headers, *metadata, *tags; /* JSON texts or NULL */
    const char *checksum_algorithm, *checksum, *checksum_type;
    const char *parts;         /* JSON or NULL */
    const char *run;
    int64_t row_count;         /* -1: unknown */
} Object;
typedef VEC(Object) ObjectList;

/* 1 to 1024 bytes of UTF-8. KeyTooLongError. */
Status object_key_check(const char *key, Error *err);

/* When a write may replace what is there. */
typedef struct WriteCondition {
    bool if_absent;        /* If-None-Match: * */
    const char *if_match;  /* an ETag without quotes, NULL: any */
} WriteCondition;

/* Makes `object` (bucket, key, etag and what describes it; not version, file, size, time) of the spool's bytes: finishes
 * the spool and publishes it. The answer has version_id and modified_ms. NoSuchBucket, PreconditionFailed, NoSuchKey. */
Status object_put(Objects *objects, Arena *a, Spool *spool, const Object *object, const WriteCondition *condition,
                  Object *ret_object, Error *err);
/* The same in steps, for transactions of several rows: place the files, insert rows that name them (object->file,
 * object->size_bytes), commit, and only then drop what placed them. A file that another row has may be named again while
 * that row is there: objects' bytes never change. */
Status spool_place(Spool *spool, Error *err);     /* finished; its file is in objects/ and on disk */
const char *spool_file(const Spool *spool);       /* its id */
/* Places a file of the same file system that was written by other means, by link; the original stays. */
Status objects_place(Objects *objects, Arena *a, const char *path, const char **ret_file, Error *err);
/* Forgets a placing: unlinks the file unless a row has it by now. */
void objects_settle(Objects *objects, const char *file);
Status object_insert(Objects *objects, Db *db, Arena *a, const Object *object, const WriteCondition *condition,
                     Object *ret_object, Error *err);
/* Inside a transaction: the key goes as a DELETE without a version would take it; absent is fine. */
Status object_remove(Db *db, Arena *a, const char *bucket, const char *key, Error *err);
/* The same for all keys that begin with `prefix` ("": all). */
Status object_remove_below(Db *db, Arena *a, const char *bucket, const char *prefix, Error *err);
/* Puts the file on the garbage list unless a row still has it. Inside a transaction, after the row went. */
Status object_file_drop(Db *db, const char *file, Error *err);

/* version_id NULL: the latest. NoSuchBucket; NoSuchKey (parameter DeleteMarker=true and VersionId when the latest is one);
 * NoSuchVersion. A delete marker asked for by its version is returned as such. */
Status object_get(Objects *objects, Arena *a, const char *bucket, const char *key, const char *version_id, Object *ret_object,
                  Error *err);
/* Opens its bytes for reading; *ret_fd is the caller's. */
Status object_open(Objects *objects, const Object *object, int *ret_fd, Error *err);
char *object_path(Objects *objects, Arena *a, const char *file);
/* Digests of a file's bytes [offset, offset + length). */
Status object_file_digest(Objects *objects, const char *file, int64_t offset, int64_t length, Digester *digester, Error *err);
/* Inside a transaction: has any row this file? */
Status object_file_held(Db *db, const char *file, bool *ret_held, Error *err);
/* Replaces tags, keeping everything else. */
Status object_set_tags(Objects *objects, const char *bucket, const char *key, const char *version_id, const char *tags,
                       Error *err);

typedef struct ObjectDelete {
    const char *key, *version_id; /* version NULL: the latest, by a marker where the bucket is versioned */
    const char *if_match;
} ObjectDelete;
typedef struct ObjectDeleted {
    bool delete_marker;      /* a marker was made, or what was removed was one */
    const char *version_id;  /* of the marker made or the version removed; NULL: not versioned */
    Status status;           /* of this key: a failed condition */
    int http;
    const char *error_code, *error_message;
} ObjectDeleted;
/* All in one transaction; a key that is not there is deleted already. `ret_deleted` has `count` items. */
Status object_delete(Objects *objects, Arena *a, const char *bucket, const ObjectDelete *keys, size_t count,
                     ObjectDeleted *ret_deleted, Error *err);

typedef struct ObjectListing {
    const char *prefix;     /* "" */
    const char *delimiter;  /* NULL: none */
    const char *after;      /* keys that are greater; NULL: from the start */
    bool after_entry;       /* `after` is an entry of the page before (or V1's marker): no common prefix that it begins with */
    const char *after_version; /* versions only: with `after` as its key */
    size_t max;             /* keys and common prefixes together */
    bool versions;          /* every version and marker, the newest first; else the latest that are no markers */
} ObjectListing;
typedef struct ObjectPage {
    ObjectList objects;
    StrList prefixes;       /* common prefixes; both lists in order */
    bool truncated;
    const char *next;       /* `after` of the next page; next_version with versions */
    const char *next_version;
} ObjectPage;
/* NoSuchBucket. */
Status object_list(Objects *objects, Arena *a, const char *bucket, const ObjectListing *listing, ObjectPage *ret_page,
                   Error *err);

#endif
