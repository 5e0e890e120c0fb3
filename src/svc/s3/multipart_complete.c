/* svc/s3/multipart_complete.c -- CompleteMultipartUpload: the parts named, in order, become one object.
 *
 * The bytes are joined into one file (an engine reads it in place) before the transaction; the transaction then checks that
 * the parts are still those that were joined. The answer is kept with the upload, so that a client who lost it may ask
 * again. */
#include "svc/s3/multipart.h"

#include "base/limits.h"
#include "base/str.h"

typedef struct Part {
    int64_t number, size_bytes;
    const char *file, *etag, *checksum;
} Part;

typedef struct Join {
    Upload upload;
    Part *parts;
    size_t count;
    int64_t size_bytes;
    Object object;
} Join;

static Status fail_part(const Call *call, const char *code, const char *message, int64_t number, const char *etag, Error *err)
{
    object_fail(err, ST_INVALID, 400, code, "%s", message);
    error_param(err, "UploadId", val_str(call->input, "UploadId"));
    error_param(err, "PartNumber", arena_printf(call->arena, "%lld", (long long)number));
    error_param(err, "ETag", etag ? etag : "");
    return ST_INVALID;
}

static const char invalid_part[] = "One or more of the specified parts could not be found.  The part may not have been uploaded, or "
                                   "the specified entity tag may not match the part's entity tag.";

/* One item of the request against the part's row. */
static Status part_find(const Call *call, Db *db, const Upload *upload, const Val *item, Part *ret_part, Error *err)
{
    Arena *a = call->arena;
    int64_t number = val_int(item, "PartNumber", 0);
    const char *etag = s3_unquoted(a, val_str(item, "ETag"));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT size_bytes, file, etag, checksum FROM s3_part WHERE upload=? AND number=?", "si", upload->id,
                 number));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return fail_part(call, "InvalidPart", invalid_part, number, etag, err);
    }
    Part part = { number, row_int(row, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3) };
    DigestKind kind;
    const char *given;
    TRY(s3_checksum_given(call, item, &kind, &given, err));
    bool comparable = given && upload->checksum_algorithm && str_eq(upload->checksum_algorithm, digest_name(kind));
    if (!str_eq(etag, part.etag) || (comparable && !str_eq(given, part.checksum)))
        return fail_part(call, "InvalidPart", invalid_part, number, etag, err);
    *ret_part = part;
    return ST_OK;
}

static Status parts_of_request(const Call *call, Db *db, Join *join, Error *err)
{
    const Val *items = val_get(val_get(call->input, "MultipartUpload"), "Parts");
    join->count = val_len(items);
    if (!join->count || join->count > PART_NUMBER_MAX)
        return s3_malformed(err);
    join->parts = ARENA_ARRAY(call->arena, Part, join->count);
    for (size_t i = 0; i < join->count; i++) {
        const Val *item = val_at(items, i);
        if (i && val_int(item, "PartNumber", 0) <= join->parts[i - 1].number)
            return fail_part(call, "InvalidPartOrder",
                             "The list of parts was not in ascending order. Parts must be ordered by part number.",
                             val_int(item, "PartNumber", 0), val_str(item, "ETag"), err);
        TRY(part_find(call, db, &join->upload, item, &join->parts[i], err));
        join->size_bytes += join->parts[i].size_bytes;
    }
    for (size_t i = 0; i + 1 < join->count; i++) {
        const Part *part = &join->parts[i];
        if (part->size_bytes < PART_BYTES_MIN) {
            fail_part(call, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", part->number,
                      part->etag, err);
            error_param(err, "ProposedSize", arena_printf(call->arena, "%lld", (long long)part->size_bytes));
            error_param(err, "MinSizeAllowed", "5242880");
            return ST_INVALID;
        }
    }
    if (val_get(call->input, "MpuObjectSize") && val_int(call->input, "MpuObjectSize", 0) != join->size_bytes)
        return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                           "The provided 'x-amz-mp-object-size' header value %lld does not match what was computed: %lld",
                           (long long)val_int(call->input, "MpuObjectSize", 0), (long long)join->size_bytes);
    return ST_OK;
}

/* MD5 of the parts' MD5s, and how many. */
static Status join_etag(const Call *call, Join *join, Error *err)
{
    unsigned char md5[DIGEST_BYTES_MAX];
    char hex[2 * DIGEST_BYTES_MAX + 1];
    digester_auto *digester = digester_new(DIGEST_BIT(DIGEST_MD5));
    for (size_t i = 0; i < join->count; i++) {
        if (!digest_from_hex(DIGEST_MD5, join->parts[i].etag, md5))
            return FAIL(err, ST_INTERNAL, "part %lld has the ETag '%s'", (long long)join->parts[i].number, join->parts[i].etag);
        digester_add(digester, md5, digest_size(DIGEST_MD5));
    }
    digester_end(digester);
    hex_encode(digester_get(digester, DIGEST_MD5), digest_size(DIGEST_MD5), hex);
    join->object.etag = arena_printf(call->arena, "%s-%zu", hex, join->count);
    return ST_OK;
}

/* The whole's checksum from the parts': joined CRCs, or the digest of digests. None when a part has none. */
static Status join_checksum(const Call *call, Join *join, Error *err)
{
    Arena *a = call->arena;
    const char *algorithm = join->upload.checksum_algorithm ? join->upload.checksum_algorithm : "CRC64NVME";
    bool whole = !join->upload.checksum_type || str_eq(join->upload.checksum_type, "FULL_OBJECT");
    DigestKind kind;
    if (!digest_of_name(algorithm, &kind))
        return FAIL(err, ST_INTERNAL, "checksum algorithm '%s'", algorithm);
    unsigned char crc[DIGEST_BYTES_MAX] = { 0 };
    digester_auto *digester = digester_new(DIGEST_BIT(kind));
    for (size_t i = 0; i < join->count; i++) {
        void *bytes;
        size_t length;
        if (!join->parts[i].checksum || !base64_decode(a, join->parts[i].checksum, &bytes, &length))
            return ST_OK;
        if (whole && i)
            digest_crc_combine(kind, crc, bytes, join->parts[i].size_bytes, crc);
        else if (whole)
            memcpy(crc, bytes, length);
        digester_add(digester, bytes, length);
    }
    digester_end(digester);
    join->object.checksum_algorithm = digest_name(kind);
    join->object.checksum_type = whole ? "FULL_OBJECT" : "COMPOSITE";
    join->object.checksum = whole ? digest_text(a, kind, crc)
                                  : arena_printf(a, "%s-%zu", digest_text(a, kind, digester_get(digester, kind)), join->count);
    return ST_OK;
}

static Status checksum_verify(const Call *call, const Join *join, Error *err)
{
    DigestKind kind;
    const char *given, *type = val_str(call->input, "ChecksumType");
    TRY(s3_checksum_given(call, call->input, &kind, &given, err));
    if (type && join->upload.checksum_type && !str_eq(type, join->upload.checksum_type))
        return object_fail(err, ST_INVALID, 400, "InvalidRequest",
                           "The upload was created using the %s checksum mode. The complete request must use the same checksum mode.",
                           join->upload.checksum_type);
    if (given && (!join->object.checksum || !str_eq(digest_name(kind), join->object.checksum_algorithm)))
        return object_fail(err, ST_INVALID, 400, "InvalidRequest", "The upload has no %s checksum to compare with.",
                           digest_name(kind));
    if (given && !str_eq(given, join->object.checksum))
        return object_fail(err, ST_INVALID, 400, "BadDigest", "The %s you specified did not match the calculated checksum.",
                           digest_name(kind));
    return ST_OK;
}

static void join_describe(const Call *call, Join *join)
{
    Arena *a = call->arena;
    Val *parts = val_list(a);
    for (size_t i = 0; i < join->count; i++) {
        Val *part = val_list(a);
        val_push(a, part, val_intv(a, join->parts[i].number));
        val_push(a, part, val_intv(a, join->parts[i].size_bytes));
        if (join->parts[i].checksum)
            val_push(a, part, val_strv(a, join->parts[i].checksum));
        val_push(a, parts, part);
    }
    Object *o = &join->object;
    o->bucket = join->upload.bucket;
    o->key = join->upload.key;
    o->size_bytes = join->size_bytes;
    o->storage_class = join->upload.storage_class;
    o->headers = join->upload.headers;
    o->metadata = join->upload.metadata;
    o->tags = join->upload.tags;
    o->parts = val_to_json(a, parts);
    o->run = call->principal ? call->principal->run : NULL;
    o->row_count = -1;
}

/* The answer's body; kept with the upload. */
static Val *answer(const Call *call, const Object *object)
{
    Arena *a = call->arena;
    Val *output = val_map(a);
    val_set_str(a, output, "Location", arena_printf(a, "%s/%s/%s", call->server->endpoint ? call->server->endpoint : "",
                                                    object->bucket, object->key));
    val_set_str(a, output, "Bucket", object->bucket);
    val_set_str(a, output, "Key", object->key);
    val_set_str(a, output, "ETag", s3_quoted(a, object->etag));
    s3_checksum_show(call, output, object);
    if (!str_eq(object->version_id, "null"))
        val_set_str(a, output, "VersionId", object->version_id);
    return output;
}

static Status answer_again(const Call *call, const Upload *upload, Val **ret_answer, Error *err)
{
    if (!val_from_json(call->arena, upload->result, strlen(upload->result), ret_answer))
        return FAIL(err, ST_INTERNAL, "the answer of upload %s", upload->id);
    return ST_OK;
}

/* The parts are still those that were joined; object in, upload done, parts out. */
static Status publish(const Call *call, Db *db, Join *join, const WriteCondition *condition, Val **ret_answer, Error *err)
{
    Arena *a = call->arena;
    TRY(db_begin(db, err));
    Upload upload;
    TRY(upload_get(call, db, true, &upload, err));
    if (str_eq(upload.state, "done")) /* by the same request, sent twice */
        return answer_again(call, &upload, ret_answer, err);
    for (size_t i = 0; i < join->count; i++) {
        int64_t same;
        TRY(db_get_int(db, &same, err, "SELECT count(*) FROM s3_part WHERE upload=? AND number=? AND file=?", "sis", upload.id,
                       join->parts[i].number, join->parts[i].file));
        if (!same)
            return fail_part(call, "InvalidPart", invalid_part, join->parts[i].number, join->parts[i].etag, err);
    }
    Object made;
    TRY(object_insert(call->server->objects, db, a, &join->object, condition, &made, err));
    *ret_answer = answer(call, &made);
    TRY(upload_drop_parts(db, a, upload.id, err));
    TRY(db_exec(db, err, "UPDATE s3_upload SET state='done', result=? WHERE id=?", "ss", val_to_json(a, *ret_answer), upload.id));
    return db_commit(db, err);
}

/* A single part's file is the object's file; more are joined into a new one. */
static Status join_bytes(const Call *call, Join *join, Spool **ret_spool, Error *err)
{
    if (join->count == 1) {
        join->object.file = join->parts[0].file;
        return ST_OK;
    }
    spool_auto *spool = NULL;
    TRY(spool_new(call->server->objects, 0, LIMIT_OBJECT, &spool, err));
    for (size_t i = 0; i < join->count; i++)
        TRY(spool_append_file(spool, join->parts[i].file, 0, join->parts[i].size_bytes, err));
    TRY(spool_place(spool, err));
    join->object.file = spool_file(spool);
    *ret_spool = spool;
    spool = NULL;
    return ST_OK;
}

Status s3_complete_multipart_upload(Call *call, Error *err)
{
    TRY(s3_check(call, err));
    Join join = { .count = 0 };
    WriteCondition condition;
    TRY(s3_write_condition(call, &condition, err));
    spool_auto *spool = NULL;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(upload_get(call, db, true, &join.upload, err));
    Val *output;
    if (str_eq(join.upload.state, "done")) {
        TRY(answer_again(call, &join.upload, &output, err));
        *call->output = *output;
        return ST_OK;
    }
    TRY(parts_of_request(call, db, &join, err));
    TRY(join_etag(call, &join, err));
    TRY(join_checksum(call, &join, err));
    TRY(checksum_verify(call, &join, err));
    join_describe(call, &join);
    TRY(join_bytes(call, &join, &spool, err));
    TRY(publish(call, db, &join, &condition, &output, err));
    *call->output = *output;
    return ST_OK;
}
