/* hadoop/output.c -- see output.h. */
#include "hadoop/output.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "hadoop/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { WRITE_BYTES = 256 * 1024, LONG_TEXT_BYTES = 24 };

struct Output {
    Arena *arena;
    const OutputOptions *options;
    const char *path;
    int fd;
    char *buffer;
    size_t used, separator_len;
    int64_t written;
    Transcoder *pack;
};

static Status write_bytes(void *self, const void *bytes, size_t length, Error *err)
{
    Output *o = self;
    const char *at = bytes;
    o->written += (int64_t)length;
    while (length) {
        ssize_t n = write(o->fd, at, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "java.io.IOException: write '%s': %s", o->path, strerror(errno));
        at += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

static Status make_file(Output *o, Error *err)
{
    o->fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (o->fd < 0)
        return FAIL(err, ST_IO, "java.io.IOException: make '%s': %s", o->path, strerror(errno));
    return pack_new(o->options->codec, (Bytes){ write_bytes, o }, &o->pack, err);
}

Status output_open(const char *path, const OutputOptions *options, Output **ret_output, Error *err)
{
    Arena *a = arena_new();
    output_auto *o = ARENA_NEW(a, Output);
    *o = (Output){ .arena = a, .options = options, .path = arena_printf(a, "%s%s", path, codec_ending(options->codec)), .fd = -1,
                   .buffer = arena_alloc(a, WRITE_BYTES), .separator_len = strlen(options->separator) };
    if (!options->lazy)
        TRY(make_file(o, err));
    *ret_output = o;
    o = NULL;
    return ST_OK;
}

static Status flush(Output *o, Error *err)
{
    if (o->fd < 0)
        TRY(make_file(o, err));
    size_t used = o->used;
    o->used = 0;
    return transcoder_add(o->pack, o->buffer, used, err);
}

static Status put(Output *o, const void *bytes, size_t length, Error *err)
{
    if (o->used + length > WRITE_BYTES)
        TRY(flush(o, err));
    if (length > WRITE_BYTES)
        return transcoder_add(o->pack, bytes, length, err);
    memcpy(o->buffer + o->used, bytes, length);
    o->used += length;
    return ST_OK;
}

Status output_add(Output *o, const Record *r, Error *err)
{
    if (o->options->long_keys && r->key_len == 8) {
        char text[LONG_TEXT_BYTES];
        int n = snprintf(text, sizeof text, "%lld", (long long)key_to_long(r->key));
        TRY(put(o, text, (size_t)n, err));
    } else {
        TRY(put(o, r->key, r->key_len, err));
    }
    if (!o->options->raw)
        TRY(put(o, o->options->separator, o->separator_len, err));
    if (o->options->number_values) {
        char text[LONG_TEXT_BYTES];
        int n = snprintf(text, sizeof text, "%lld", (long long)number_get(r->value, r->value_len));
        TRY(put(o, text, (size_t)n, err));
    } else {
        TRY(put(o, r->value, r->value_len, err));
    }
    return o->options->raw ? ST_OK : put(o, "\n", 1, err);
}

Status output_finish(Output *o, int64_t *ret_bytes, Error *err)
{
    if (o->used || o->fd >= 0) {
        TRY(flush(o, err));
        TRY(transcoder_end(o->pack, err));
    }
    *ret_bytes = o->written;
    return ST_OK;
}

void output_closep(Output **output)
{
    Output *o = *output;
    if (!o)
        return;
    fd_closep(&o->fd);
    transcoder_closep(&o->pack);
    arena_free(o->arena);
}
