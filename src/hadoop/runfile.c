/* hadoop/runfile.c -- writing runs. Merging them is in merge.c. */
#include "hadoop/runfile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRITE_BYTES = 256 * 1024, LENGTH_MAX_BYTES = 10 };

struct RunWriter {
    Arena *arena;
    const char *path;
    int fd;
    uint8_t *buffer;
    size_t used;
    int64_t written;   /* bytes of the file, with what is buffered */
    RunFormat format;
    Segment segment;   /* the one that is being written */
};

Status runfile_create(const char *path, RunFormat format, RunWriter **ret_writer, Error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL(err, ST_IO, "java.io.IOException: make '%s': %s", path, strerror(errno));
    Arena *a = arena_new();
    RunWriter *w = ARENA_NEW(a, RunWriter);
    *w = (RunWriter){ .arena = a, .path = arena_str(a, path), .fd = fd, .buffer = arena_alloc(a, WRITE_BYTES),
                       .format = format };
    *ret_writer = w;
    return ST_OK;
}

static Status write_out(RunWriter *w, const uint8_t *bytes, size_t length, Error *err)
{
    while (length) {
        ssize_t n = write(w->fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "java.io.IOException: %s: %s", w->path, strerror(errno));
        bytes += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

static Status flush(RunWriter *w, Error *err)
{
    size_t used = w->used;
    w->used = 0;
    return write_out(w, w->buffer, used, err);
}

static Status add_bytes(RunWriter *w, const uint8_t *bytes, size_t length, Error *err)
{
    if (w->used + length > WRITE_BYTES)
        TRY(flush(w, err));
    if (length > WRITE_BYTES)
        return write_out(w, bytes, length, err);
    memcpy(w->buffer + w->used, bytes, length);
    w->used += length;
    return ST_OK;
}

static size_t put_length(uint8_t *at, size_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        at[n++] = (uint8_t)(value | 0x80);
    at[n++] = (uint8_t)value;
    return n;
}

Status runfile_add(RunWriter *w, const Record *r, Error *err)
{
    uint8_t lengths[3 * LENGTH_MAX_BYTES];
    size_t n = put_length(lengths, r->key_len << 1 | (r->repeats > 0));
    n += put_length(lengths + n, r->value_len);
    if (r->repeats)
        n += put_length(lengths + n, r->repeats);
    TRY(add_bytes(w, lengths, n, err));
    TRY(add_bytes(w, r->key, r->key_len, err));
    TRY(add_bytes(w, r->value, r->value_len, err));
    w->written += (int64_t)(n + r->key_len + r->value_len);
    int64_t times = (int64_t)r->repeats + 1;
    w->segment.records += times;
    size_t key = w->format.fixed_keys ? r->key_len : record_text_bytes(r->key_len);
    size_t value = w->format.fixed_values ? r->value_len : record_text_bytes(r->value_len);
    w->segment.ifile_bytes += times * (int64_t)record_ifile_bytes(key, value);
    return ST_OK;
}

void runfile_segment(RunWriter *w, Arena *a, unsigned map, Segment *ret_segment)
{
    *ret_segment = w->segment;
    ret_segment->path = arena_str(a, w->path);
    ret_segment->length_bytes = w->written - w->segment.offset;
    ret_segment->map = map;
    w->segment = (Segment){ .offset = w->written };
}

Status runfile_finish(RunWriter *w, Error *err)
{
    return flush(w, err);
}

int64_t runfile_bytes(const RunWriter *w)
{
    return w->written;
}

void runfile_closep(RunWriter **w)
{
    if (!*w)
        return;
    close((*w)->fd);
    arena_free((*w)->arena);
}
