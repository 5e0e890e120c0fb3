/* svc/s3/multipart.h -- uploads in parts: what the files multipart*.c share. */
#ifndef WEIR_SVC_S3_MULTIPART_H
#define WEIR_SVC_S3_MULTIPART_H
#include "svc/s3/s3.h"

enum { PART_NUMBER_MAX = 10000 };
#define PART_BYTES_MIN (5LL * 1024 * 1024) /* of every part but the last */

typedef struct Upload {
    const char *id, *bucket, *key, *state, *result;
    int64_t started_ms;
    const char *storage_class, *headers, *metadata, *tags;
    const char *checksum_algorithm, *checksum_type; /* NULL: the client chose none */
} Upload;

/* By Bucket, Key, UploadId of the input. NoSuchUpload, also for one that is done unless `done_too`. */
Status upload_get(const Call *call, Db *db, bool done_too, Upload *ret_upload, Error *err);
Status upload_missing(const Call *call, Error *err);
/* Drops its parts: their files go onto the garbage list. Inside a transaction. */
Status upload_drop_parts(Db *db, Arena *a, const char *upload, Error *err);

#endif
