/* svc/s3/s3.h -- what the S3 handlers share: refusals, ETags, dates, checksums, the description of an object.
 *
 * Handlers are named s3_ and the operation; api/operations.def declares them. Not one of them keeps state: buckets and
 * objects are lake/objects.h's, uploads are the tables s3_upload and s3_part. */
#ifndef WEIR_SVC_S3_S3_H
#define WEIR_SVC_S3_S3_H
#include "lake/objects.h"
#include "svc/s3/operations.h"
#include "svc/svc.h"

void s3_tell(Server *server); /* events.c: registers with the bus */

/* The request's bucket and key; never NULL where the model requires them. */
static inline const char *s3_bucket(const Call *call) { return val_str(call->input, "Bucket"); }
static inline const char *s3_key(const Call *call) { return val_str(call->input, "Key"); }

/* First in every handler: ExpectedBucketOwner, and members that ask for what weir does not do (server-side encryption,
 * object lock, ACLs other than the owner's): they are refused by name, never ignored. */
Status s3_check(const Call *call, Error *err);
/* Is it one of " A B "? */
bool s3_one_of(const char *value, const char *values);
Status s3_malformed(Error *err); /* MalformedXML */
/* 400 NotImplemented naming `what`. */
Status s3_unsupported(Error *err, const char *what);
Status s3_invalid_argument(Error *err, const char *name, const char *value, const char *message);

char *s3_quoted(Arena *a, const char *etag);
/* Without quotes and W/. NULL for NULL. */
char *s3_unquoted(Arena *a, const char *etag);
/* Does a header "a", "b" or * name this ETag? */
bool s3_etag_matches(const char *header, const char *etag);

/* --- conditions of a read (RFC 9110, 13.2.2, in S3's words) --- */
typedef struct ReadCondition {
    const char *if_match, *if_none_match;
    int64_t if_modified_since, if_unmodified_since; /* ms; -1: absent */
} ReadCondition;
typedef enum ReadAnswer { READ_GO, READ_NOT_MODIFIED, READ_FAILED } ReadAnswer;
ReadAnswer s3_read_condition(const ReadCondition *condition, const Object *object);
Status s3_precondition_failed(Error *err, const char *condition);
/* If-Match and If-None-Match of a write; only * is allowed for the latter. */
Status s3_write_condition(const Call *call, WriteCondition *ret_condition, Error *err);

/* --- what describes an object --- */
/* Content headers, metadata, storage class, tags from the input of PutObject, CopyObject or CreateMultipartUpload. */
Status s3_describe(const Call *call, Object *ret_object, Error *err);
Status s3_describe_headers(const Call *call, Object *ret_object, Error *err);
Status s3_describe_tags(const Call *call, Object *ret_object, Error *err);
/* Output members of GetObject and HeadObject. */
void s3_show(const Call *call, const Object *object);
/* VersionId, where the bucket keeps or kept versions. */
Status s3_show_version(const Call *call, const Object *object, Error *err);

/* --- checksums --- */
/* The one checksum that the request gives by header or trailer: its kind and base64 text. *ret_text NULL: none. */
Status s3_checksum_given(const Call *call, const Val *input, DigestKind *ret_kind, const char **ret_text, Error *err);
/* Verifies Content-MD5 and the given checksum of a spooled body; sets the ETag and the checksum of `object`: the one given,
 * else the one that `preferred` names, else CRC64NVME. BadDigest, InvalidDigest. */
Status s3_checksum_body(const Call *call, Spool *spool, const DigestKind *preferred, Object *object, Error *err);
/* ChecksumCRC32 … and ChecksumType of `object` as members of `output`. */
void s3_checksum_show(const Call *call, Val *output, const Object *object);
char *s3_checksum_member(Arena *a, const char *algorithm); /* "ChecksumCRC32" */
/* For bodies in memory (DeleteObjects, settings). */
Status s3_body_check(const Call *call, Error *err);

/* --- copies --- */
/* CopySource resolved, with its conditions checked: the source object. */
Status s3_copy_source(const Call *call, Object *ret_source, Error *err);

/* Tags as a map of name to value, checked against S3's limits. */
Status s3_tags_of_set(const Call *call, const Val *tag_set, size_t max, char **ret_json, Error *err);
Val *s3_tags_show(Arena *a, const char *json); /* TagSet; empty list for NULL */

/* Percent-encoded when the listing asked for EncodingType=url. */
const char *s3_listed(const Call *call, const char *text);
int64_t s3_limit(const Call *call, const char *member); /* MaxKeys and the like: 0..1000 */
Val *s3_owner(const Call *call);

#endif
