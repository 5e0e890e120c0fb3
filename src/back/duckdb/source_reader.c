/* back/duckdb/source_reader.c -- one buffer that is refilled from a file or a decompressor. */
#include "back/duckdb/source_reader.h"

#include "back/duckdb/internal.h"
#include "back/duckdb/packing.h"
#include "base/file.h"

#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { BLOCK_BYTES = 1 << 20, FRAME_BYTES = 256 << 20 /* one block of Hadoop's block framing at most */ };

struct SourceReader {
    char *path;
    int fd;
    Codec codec;
    z_stream z;
    bz_stream bz;
    bool bz_open;
    ZSTD_DStream *zstd;
    Str frame, block;       /* Hadoop's block framing: a compressed chunk; unpacked bytes, given out up to block_at */
    size_t block_at;
    uint32_t block_left;    /* of the block's bytes that its chunks still hold */
    unsigned char *packed;  /* compressed bytes */
    size_t packed_from, packed_to;
    bool packed_end, between_members; /* of a gzip file */
    char *separator;
    size_t separator_len;
    char *buffer;
    size_t cap, from, to;   /* bytes that are there */
    int64_t at, last;       /* position of buffer[from] in the file; no line begins behind `last` (negative: no end) */
    bool end;               /* nothing more to fetch */
};

static const char *const unread_endings[] = { ".lzo", ".br" };

bool source_compressed(const char *name)
{
    return packing_of_name(name) != CODEC_NONE;
}

void source_reader_close(SourceReader *r)
{
    if (!r)
        return;
    if (r->codec == CODEC_ZLIB)
        inflateEnd(&r->z);
    if (r->bz_open)
        BZ2_bzDecompressEnd(&r->bz);
    str_done(&r->frame);
    str_done(&r->block);
    ZSTD_freeDStream(r->zstd);
    fd_closep(&r->fd);
    free(r->packed);
    free(r->separator);
    free(r->buffer);
    free(r->path);
    free(r);
}

void source_reader_closep(SourceReader **r)
{
    source_reader_close(*r);
}

/* ---------------------------------------------------------------- bytes */
static Status read_file(SourceReader *r, void *out, size_t size, size_t *ret_read, Error *err)
{
    ssize_t n;
    do {
        n = read(r->fd, out, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return FAIL(err, ST_IO, "read '%s': %s", r->path, strerror(errno));
    *ret_read = (size_t)n;
    return ST_OK;
}

static Status fetch_packed(SourceReader *r, Error *err)
{
    size_t n;
    if (r->packed_from < r->packed_to || r->packed_end)
        return ST_OK;
    TRY(read_file(r, r->packed, BLOCK_BYTES, &n, err));
    r->packed_from = 0;
    r->packed_to = n;
    r->packed_end = n == 0;
    return ST_OK;
}

static Status broken(const SourceReader *r, Error *err)
{
    return engine_fail(err, ST_IO, "FAILED_READ_FILE.NO_HINT", "path", r->path, NULL);
}

/* A gzip file may have several members one behind the other. */
static Status inflate_some(SourceReader *r, char *out, size_t size, size_t *ret_read, Error *err)
{
    r->z.next_out = (Bytef *)out;
    r->z.avail_out = (uInt)size;
    while (r->z.avail_out == size) {
        TRY(fetch_packed(r, err));
        if (r->packed_end) {
            if (!r->between_members)
                return broken(r, err);
            break;
        }
        r->between_members = false;
        r->z.next_in = r->packed + r->packed_from;
        r->z.avail_in = (uInt)(r->packed_to - r->packed_from);
        int code = inflate(&r->z, Z_NO_FLUSH);
        r->packed_from = r->packed_to - r->z.avail_in;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return broken(r, err);
        if (code == Z_STREAM_END) {
            inflateReset(&r->z);
            r->between_members = true;
        }
    }
    *ret_read = size - r->z.avail_out;
    return ST_OK;
}

static Status unzstd_some(SourceReader *r, char *out, size_t size, size_t *ret_read, Error *err)
{
    ZSTD_outBuffer to = { .dst = out, .size = size };
    while (!to.pos) {
        TRY(fetch_packed(r, err));
        if (r->packed_end) {
            if (!r->between_members)
                return broken(r, err);
            break;
        }
        ZSTD_inBuffer from = { .src = r->packed, .size = r->packed_to, .pos = r->packed_from };
        size_t code = ZSTD_decompressStream(r->zstd, &to, &from);
        if (ZSTD_isError(code))
            return broken(r, err);
        r->packed_from = from.pos;
        r->between_members = code == 0;
    }
    *ret_read = to.pos;
    return ST_OK;
}

/* A bzip2 file may have several streams too. */
static Status unbzip_some(SourceReader *r, char *out, size_t size, size_t *ret_read, Error *err)
{
    r->bz.next_out = out;
    r->bz.avail_out = (unsigned)size;
    while (r->bz.avail_out == size) {
        TRY(fetch_packed(r, err));
        if (r->packed_end) {
            if (!r->between_members)
                return broken(r, err);
            break;
        }
        if (!r->bz_open) {
            r->bz_open = BZ2_bzDecompressInit(&r->bz, 0, 0) == BZ_OK;
            if (!r->bz_open)
                return FAIL(err, ST_INTERNAL, "start bzip2");
        }
        r->between_members = false;
        r->bz.next_in = (char *)r->packed + r->packed_from;
        r->bz.avail_in = (unsigned)(r->packed_to - r->packed_from);
        int code = BZ2_bzDecompress(&r->bz);
        r->packed_from = r->packed_to - r->bz.avail_in;
        if (code != BZ_OK && code != BZ_STREAM_END)
            return broken(r, err);
        if (code == BZ_STREAM_END) {
            BZ2_bzDecompressEnd(&r->bz);
            r->bz_open = false;
            r->between_members = true;
        }
    }
    *ret_read = size - r->bz.avail_out;
    return ST_OK;
}

/* `n` bytes of the file into r->frame; fewer only at its end. */
static Status read_packed(SourceReader *r, size_t n, Error *err)
{
    str_clear(&r->frame);
    while (r->frame.len < n) {
        TRY(fetch_packed(r, err));
        if (r->packed_end)
            return ST_OK;
        size_t there = r->packed_to - r->packed_from, take = n - r->frame.len < there ? n - r->frame.len : there;
        str_addn(&r->frame, r->packed + r->packed_from, take);
        r->packed_from += take;
    }
    return ST_OK;
}

static Status read_length(SourceReader *r, bool *ret_end, uint32_t *ret_length, Error *err)
{
    TRY(read_packed(r, 4, err));
    *ret_end = r->frame.len == 0;
    if (*ret_end)
        return ST_OK;
    if (r->frame.len < 4)
        return broken(r, err);
    const unsigned char *b = (const unsigned char *)r->frame.data;
    *ret_length = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return *ret_length <= FRAME_BYTES ? ST_OK : broken(r, err);
}

/* BlockDecompressorStream: a block's length, then chunks of it, each with its compressed length. */
static Status unframe_some(SourceReader *r, char *out, size_t size, size_t *ret_read, Error *err)
{
    while (r->block_at == r->block.len) {
        uint32_t length;
        bool end = false;
        str_clear(&r->block);
        r->block_at = 0;
        while (!r->block_left && !end)
            TRY(read_length(r, &end, &r->block_left, err));
        if (end) {
            *ret_read = 0;
            return ST_OK;
        }
        TRY(read_length(r, &end, &length, err));
        if (end)
            return broken(r, err);
        TRY(read_packed(r, length, err));
        if (r->frame.len < length ||
            packing_unpack(r->codec, (View){ str_text(&r->frame), r->frame.len }, r->block_left, &r->block, NULL) != ST_OK)
            return broken(r, err);
        r->block_left -= (uint32_t)r->block.len;
    }
    size_t n = r->block.len - r->block_at < size ? r->block.len - r->block_at : size;
    memcpy(out, r->block.data + r->block_at, n);
    r->block_at += n;
    *ret_read = n;
    return ST_OK;
}

static Status fetch(SourceReader *r, char *out, size_t size, size_t *ret_read, Error *err)
{
    switch (r->codec) {
    case CODEC_ZLIB: return inflate_some(r, out, size, ret_read, err);
    case CODEC_ZSTD: return unzstd_some(r, out, size, ret_read, err);
    case CODEC_BZIP2: return unbzip_some(r, out, size, ret_read, err);
    case CODEC_SNAPPY: case CODEC_LZ4: return unframe_some(r, out, size, ret_read, err);
    default: return read_file(r, out, size, ret_read, err);
    }
}

/* More bytes behind those that are there; r->end when there are none. */
static Status refill(SourceReader *r, Error *err)
{
    if (r->from) {
        memmove(r->buffer, r->buffer + r->from, r->to - r->from);
        r->to -= r->from;
        r->from = 0;
    }
    if (r->cap - r->to < BLOCK_BYTES) {
        size_t cap = r->cap ? r->cap * 2 : 2 * (size_t)BLOCK_BYTES;
        char *bigger = realloc(r->buffer, cap);
        if (!bigger)
            abort();
        r->buffer = bigger;
        r->cap = cap;
    }
    size_t n;
    TRY(fetch(r, r->buffer + r->to, BLOCK_BYTES, &n, err));
    r->to += n;
    r->end = n == 0;
    return ST_OK;
}

/* ---------------------------------------------------------------- lines */
static void advance(SourceReader *r, size_t n)
{
    r->from += n;
    r->at += (int64_t)n;
}

/* The first \n or \r; in windows, so that a file with one kind of them is not searched to its end for the other. */
static const char *first_end(const char *from, size_t n)
{
    for (size_t window = 256; n; window *= 2) {
        size_t k = window < n ? window : n;
        const char *feed = memchr(from, '\n', k), *cr = memchr(from, '\r', feed ? (size_t)(feed - from) : k);
        if (feed || cr)
            return cr ? cr : feed;
        from += k;
        n -= k;
    }
    return NULL;
}

/* Where the line at the buffer's start ends and the next begins. False: not to be seen yet. */
static bool line_end(const SourceReader *r, size_t searched, size_t *ret_length, size_t *ret_next)
{
    const char *start = r->buffer + r->from, *from = start + searched;
    size_t n = r->to - r->from - searched;
    if (r->separator) {
        const char *at = memmem(from, n, r->separator, r->separator_len);
        if (!at)
            return false;
        *ret_length = (size_t)(at - start);
        *ret_next = *ret_length + r->separator_len;
        return true;
    }
    const char *at = first_end(from, n), *end = from + n;
    if (!at || (*at == '\r' && at + 1 == end && !r->end)) /* \n may follow */
        return false;
    *ret_length = (size_t)(at - start);
    *ret_next = *ret_length + (*at == '\r' && at + 1 < end && at[1] == '\n' ? 2 : 1);
    return true;
}

Status source_reader_line(SourceReader *r, View *ret_line, bool *ret_done, Error *err)
{
    size_t length, next, searched = 0;
    if (r->last >= 0 && r->at > r->last) {
        *ret_done = true;
        return ST_OK;
    }
    while (r->from == r->to || !line_end(r, searched, &length, &next)) {
        size_t there = r->to - r->from, back = r->separator ? r->separator_len : 1;
        if (r->end) {
            *ret_done = there == 0;
            *ret_line = (View){ r->buffer + r->from, there };
            advance(r, there);
            return ST_OK;
        }
        searched = there > back ? there - back : 0;
        TRY(refill(r, err));
    }
    *ret_line = (View){ r->buffer + r->from, length };
    *ret_done = false;
    advance(r, next);
    return ST_OK;
}

Status source_reader_rest(SourceReader *r, View *ret_bytes, Error *err)
{
    while (!r->end)
        TRY(refill(r, err));
    *ret_bytes = (View){ r->to > r->from ? r->buffer + r->from : "", r->to - r->from };
    return ST_OK;
}

/* ---------------------------------------------------------------- opening */
static Status open_codec(SourceReader *r, Error *err)
{
    if (r->codec == CODEC_NONE)
        return ST_OK;
    r->packed = malloc(BLOCK_BYTES);
    if (!r->packed)
        abort();
    r->between_members = true;
    r->frame = r->block = STR_INIT(SIZE_MAX);
    if (r->codec == CODEC_BZIP2 || r->codec == CODEC_SNAPPY || r->codec == CODEC_LZ4)
        return ST_OK;
    if (r->codec == CODEC_ZSTD) {
        r->zstd = ZSTD_createDStream();
        return r->zstd ? ST_OK : FAIL(err, ST_INTERNAL, "start zstd");
    }
    if (inflateInit2(&r->z, 15 + 32) == Z_OK) /* zlib's and gzip's heads alike */
        return ST_OK;
    r->codec = CODEC_NONE;
    return FAIL(err, ST_INTERNAL, "start zlib");
}

static Status skip_start(SourceReader *r, int64_t from, Error *err)
{
    View line;
    bool done;
    if (from == 0) {
        TRY(refill(r, err));
        if (r->to >= 3 && !memcmp(r->buffer, "\xef\xbb\xbf", 3))
            advance(r, 3);
        return ST_OK;
    }
    if (lseek(r->fd, from, SEEK_SET) < 0)
        return FAIL(err, ST_IO, "seek in '%s': %s", r->path, strerror(errno));
    int64_t last = r->last;
    r->at = from;
    r->last = -1;
    TRY(source_reader_line(r, &line, &done, err));
    r->last = last;
    return ST_OK;
}

Status source_reader_open(const char *path, const char *name, int64_t from, int64_t to, View separator, SourceReader **ret_reader, Error *err)
{
    for (size_t i = 0; i < sizeof unread_endings / sizeof *unread_endings; i++) {
        if (str_ends(name, unread_endings[i]))
            return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR",
                             "The feature is not supported: reading files compressed as %s.", unread_endings[i]);
    }
    if (strstr(path, "://"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: reading text over HTTP.");
    SourceReader *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->path = strdup(name);
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    r->codec = packing_of_name(name);
    r->codec = r->codec == CODEC_GZIP ? CODEC_ZLIB : r->codec; /* inflate tells them apart */
    r->last = to;
    if (separator.len) {
        r->separator = strndup(separator.data, separator.len);
        r->separator_len = separator.len;
    }
    Status status = r->fd >= 0 ? ST_OK : FAIL(err, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "open '%s': %s", path, strerror(errno));
    if (r->fd < 0)
        r->codec = CODEC_NONE;
    if (status == ST_OK)
        status = open_codec(r, err);
    if (status == ST_OK)
        status = skip_start(r, from, err);
    if (status != ST_OK) {
        source_reader_close(r);
        return status;
    }
    *ret_reader = r;
    return ST_OK;
}
