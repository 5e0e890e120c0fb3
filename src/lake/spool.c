/* lake/spool.c -- a body on its way to an object's file: written, digested, placed. */
#include "lake/objects.h"

#include "base/file.h"
#include "base/str.h"
#include "lake/objects_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BACK_BYTES = 8 * 1024 * 1024, READ_BYTES = 256 * 1024 };

struct Spool {
    Objects *objects;
    Digester *digester;
    int fd;
    bool ended, placed, failed;
    bool appended; /* bytes that the digester has not seen */
    int64_t size_bytes, max_bytes, flushed_bytes;
    char id[OBJECTS_ID_BYTES];
    Error error; /* when failed */
};

static Status spool_failed(Spool *spool, Error *err)
{
    if (err)
        *err = spool->error;
    return spool->error.status;
}

Status spool_new(Objects *objects, unsigned digests, int64_t max_bytes, Spool **ret_spool, Error *err)
{
    arena_auto *a = arena_new();
    spool_auto *spool = calloc(1, sizeof *spool);
    if (!spool)
        abort();
    spool->objects = objects;
    spool->max_bytes = max_bytes;
    spool->error = ERROR_INIT;
    objects_new_id(spool->id);
    spool->fd = open(objects_tmp_path(objects, a, spool->id), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->fd < 0)
        return FAIL(err, ST_IO, "create a file in '%s': %s", objects->tmp, strerror(errno));
    spool->digester = digester_new(digests);
    *ret_spool = spool;
    spool = NULL;
    return ST_OK;
}

static Status write_bytes(Spool *spool, const char *bytes, size_t length)
{
    if ((int64_t)length > spool->max_bytes - spool->size_bytes) {
        object_fail(&spool->error, ST_LIMIT, 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
        arena_auto *a = arena_new();
        error_param(&spool->error, "MaxSizeAllowed", arena_printf(a, "%lld", (long long)spool->max_bytes));
        return ST_LIMIT;
    }
    while (length) {
        ssize_t n = write(spool->fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(&spool->error, ST_IO, "write an object's file: %s", strerror(errno));
        digester_add(spool->digester, bytes, (size_t)n);
        bytes += n;
        length -= (size_t)n;
        spool->size_bytes += n;
    }
    /* Large bodies: let the disk begin now, so that the fsync at the end is short. */
    if (spool->size_bytes - spool->flushed_bytes >= WRITE_BACK_BYTES) {
        sync_file_range(spool->fd, spool->flushed_bytes, 0, SYNC_FILE_RANGE_WRITE);
        spool->flushed_bytes = spool->size_bytes;
    }
    return ST_OK;
}

Status spool_write(Spool *spool, const void *bytes, size_t length, Error *err)
{
    if (!spool->failed)
        spool->failed = write_bytes(spool, bytes, length) != ST_OK;
    return spool->failed ? spool_failed(spool, err) : ST_OK;
}

Status spool_sink_write(void *spool, const void *bytes, size_t length, Error *err)
{
    return spool_write(spool, bytes, length, err);
}

Status spool_finish(Spool *spool, Error *err)
{
    if (spool->failed)
        return spool_failed(spool, err);
    if (!spool->ended)
        digester_end(spool->digester);
    spool->ended = true;
    return ST_OK;
}

static Status digest_range(int fd, int64_t offset, int64_t length, Digester *digester, Error *err)
{
    char *buffer = malloc(READ_BYTES);
    if (!buffer)
        abort();
    while (length > 0) {
        ssize_t n = pread(fd, buffer, length < READ_BYTES ? (size_t)length : READ_BYTES, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            free(buffer);
            return FAIL(err, ST_IO, "read an object's file: %s", n < 0 ? strerror(errno) : "it is too short");
        }
        digester_add(digester, buffer, (size_t)n);
        offset += n;
        length -= n;
    }
    free(buffer);
    return ST_OK;
}

Status object_file_digest(Objects *objects, const char *file, int64_t offset, int64_t length, Digester *digester, Error *err)
{
    arena_auto *a = arena_new();
    fd_auto fd = open(object_path(objects, a, file), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "open object file %s: %s", file, strerror(errno));
    return digest_range(fd, offset, length, digester, err);
}

Status spool_digest_again(const Spool *spool, DigestKind kind, unsigned char *ret_bytes, Error *err)
{
    const unsigned char *known = spool_digest(spool, kind);
    if (known && !spool->appended) {
        memcpy(ret_bytes, known, digest_size(kind));
        return ST_OK;
    }
    digester_auto *digester = digester_new(DIGEST_BIT(kind));
    TRY(digest_range(spool->fd, 0, spool->size_bytes, digester, err));
    digester_end(digester);
    memcpy(ret_bytes, digester_get(digester, kind), digest_size(kind));
    return ST_OK;
}

static Status append_range(Spool *spool, int from, int64_t offset, int64_t length)
{
    if (length > spool->max_bytes - spool->size_bytes)
        return object_fail(&spool->error, ST_LIMIT, 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
    while (length > 0) {
        off_t at = offset;
        ssize_t n = copy_file_range(from, &at, spool->fd, NULL, (size_t)length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(&spool->error, ST_IO, "copy an object's file: %s", n < 0 ? strerror(errno) : "it is too short");
        offset += n;
        length -= n;
        spool->size_bytes += n;
    }
    return ST_OK;
}

Status spool_append_file(Spool *spool, const char *file, int64_t offset, int64_t length, Error *err)
{
    arena_auto *a = arena_new();
    if (spool->failed)
        return spool_failed(spool, err);
    fd_auto from = open(object_path(spool->objects, a, file), O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return FAIL(err, ST_IO, "open object file %s: %s", file, strerror(errno));
    spool->appended = true;
    spool->failed = append_range(spool, from, offset, length) != ST_OK;
    return spool->failed ? spool_failed(spool, err) : ST_OK;
}

int64_t spool_size(const Spool *spool)
{
    return spool->size_bytes;
}

const unsigned char *spool_digest(const Spool *spool, DigestKind kind)
{
    return digester_get(spool->digester, kind);
}

char *spool_hex(const Spool *spool, Arena *a, DigestKind kind)
{
    char *text = arena_alloc(a, 2 * DIGEST_BYTES_MAX + 1);
    hex_encode(spool_digest(spool, kind), digest_size(kind), text);
    return text;
}

const char *spool_file(const Spool *spool)
{
    return spool->id;
}

/* The link comes before the fsync: a journaling file system then commits both at once. Until the row is there nobody sees
 * the file, so the order is free. */
static Status place(Spool *spool, Error *err)
{
    TRY(objects_link(spool->objects, spool->id, err));
    spool->placed = true;
    if (fchmod(spool->fd, 0400) < 0 || fsync(spool->fd) < 0)
        return FAIL(err, ST_IO, "sync an object's file: %s", strerror(errno));
    return objects_link_sync(spool->objects, spool->id, err);
}

Status spool_place(Spool *spool, Error *err)
{
    TRY(spool_finish(spool, err));
    if (!spool->placed && place(spool, &spool->error) != ST_OK) {
        spool->failed = true;
        return spool_failed(spool, err);
    }
    return ST_OK;
}

void spool_done(Spool *spool)
{
    if (!spool)
        return;
    if (spool->fd >= 0)
        close(spool->fd);
    arena_auto *a = arena_new();
    if (spool->placed)
        objects_settle(spool->objects, spool->id);
    else
        unlink(objects_tmp_path(spool->objects, a, spool->id));
    digester_free(spool->digester);
    free(spool);
}

void spool_donep(Spool **spool)
{
    spool_done(*spool);
}

unsigned spool_digests_wanted(const HttpRequest *request)
{
    unsigned wanted = DIGEST_BIT(DIGEST_MD5);
    bool named = false;
    static const char prefix[] = "x-amz-checksum-";
    for (size_t i = 0; i < request->headers.len; i++) {
        const char *name = request->headers.at[i].name, *value = request->headers.at[i].value;
        if (str_ieq(name, "x-amz-content-sha256") && strlen(value) == 64)
            wanted |= DIGEST_BIT(DIGEST_SHA256);
        DigestKind kind;
        bool one = (str_istarts(name, prefix) && digest_of_name(name + sizeof prefix - 1, &kind)) ||
                   (str_ieq(name, "x-amz-trailer") && str_istarts(value, prefix) &&
                    digest_of_name(value + sizeof prefix - 1, &kind)) ||
                   (str_ieq(name, "x-amz-sdk-checksum-algorithm") && digest_of_name(value, &kind));
        if (one)
            wanted |= DIGEST_BIT(kind);
        named = named || one;
    }
    return named ? wanted : wanted | DIGEST_BIT(DIGEST_CRC64NVME);
}
