/* lake/lake_reader.c -- a file's bytes: from its path, or by ranges through the server where the path is not for this process. */
#include "base/file.h"
#include "base/str.h"
#include "lake/lake_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { COPY_BYTES = 8 * 1024 * 1024 };

struct LakeReader {
    Lake *lake;
    Arena *arena;
    LakeFile file;
    int fd; /* -1: by ranges */
};

Status lake_open(Lake *lake, const LakeFile *file, LakeReader **ret_reader, Error *err)
{
    int fd = file->path ? open(file->path, O_RDONLY | O_CLOEXEC) : -1;
    bool remote = fd < 0 && lake->store->range && file->etag;
    if (fd < 0 && !remote)
        return FAIL(err, errno == ENOENT ? ST_NOT_FOUND : errno == EACCES ? ST_DENIED : ST_IO, "open '%s': %s", file->uri, strerror(errno));
    LakeReader *reader = calloc(1, sizeof *reader);
    if (!reader)
        abort();
    Arena *a = arena_new();
    *reader = (LakeReader){ .lake = lake, .arena = a, .fd = fd,
                            .file = { arena_str(a, file->uri), arena_str(a, file->path), arena_str(a, file->etag), file->size_bytes,
                                      file->modified_ms } };
    *ret_reader = reader;
    return ST_OK;
}

static Status read_range(LakeReader *r, int64_t offset, void *buffer, size_t length, size_t *ret_read, Error *err)
{
    if (offset >= r->file.size_bytes) {
        *ret_read = 0;
        return ST_OK;
    }
    arena_auto *a = arena_new();
    char *bytes = NULL;
    size_t n = 0;
    TRY(r->lake->store->range(r->lake, a, &r->file, offset, length, &bytes, &n, err));
    memcpy(buffer, bytes, n < length ? n : length);
    *ret_read = n < length ? n : length;
    return ST_OK;
}

Status lake_reader_read(LakeReader *r, int64_t offset, void *buffer, size_t length, size_t *ret_read, Error *err)
{
    if (r->fd < 0)
        return read_range(r, offset, buffer, length, ret_read, err);
    size_t done = 0;
    while (done < length) {
        ssize_t n = pread(r->fd, (char *)buffer + done, length - done, offset + (int64_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "read '%s': %s", r->file.uri, strerror(errno));
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_read = done;
    return ST_OK;
}

static Status write_all(int fd, const char *bytes, size_t length, Error *err)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "write a copy: %s", strerror(errno));
        bytes += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

Status lake_reader_copy(LakeReader *r, int to_fd, Error *err)
{
    if (r->fd >= 0) {
        ssize_t n;
        do
            n = copy_file_range(r->fd, NULL, to_fd, NULL, 1 << 30, 0);
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 ? FAIL(err, ST_IO, "copy '%s': %s", r->file.uri, strerror(errno)) : ST_OK;
    }
    arena_auto *a = arena_new();
    char *buffer = arena_alloc(a, COPY_BYTES);
    for (int64_t offset = 0;;) {
        size_t n = 0;
        TRY(lake_reader_read(r, offset, buffer, COPY_BYTES, &n, err));
        if (!n)
            return ST_OK;
        TRY(write_all(to_fd, buffer, n, err));
        offset += (int64_t)n;
    }
}

void lake_reader_close(LakeReader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    arena_free(reader->arena);
    free(reader);
}

void lake_reader_closep(LakeReader **reader)
{
    lake_reader_close(*reader);
}
