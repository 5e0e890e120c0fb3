/* back/duckdb/packed_file.c -- text files as Hadoop's codecs write them: each buffer full is a member, a frame or a block of its own,
 * which every reader of these formats takes one behind the other. */
#include "back/duckdb/packing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { GATHER_BYTES = 4 << 20, BLOCK_BYTES = 128 * 1024 /* below the 256 kB buffers of Hadoop's snappy and lz4 */ };

struct PackedFile {
    FILE *file;
    char *path;
    Codec codec;
    Str bytes, packed;
    bool any;
};

Status packed_file_create(const char *path, Codec codec, PackedFile **ret_file, Error *err)
{
    FILE *file = fopen(path, "wbe");
    if (!file)
        return FAIL(err, ST_IO, "create '%s': %s", path, strerror(errno));
    PackedFile *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    *f = (PackedFile){ .file = file, .path = strdup(path), .codec = codec, .bytes = STR_INIT(SIZE_MAX), .packed = STR_INIT(SIZE_MAX) };
    *ret_file = f;
    return ST_OK;
}

void packed_file_abandon(PackedFile *f)
{
    if (!f)
        return;
    if (f->file)
        fclose(f->file);
    str_done(&f->bytes);
    str_done(&f->packed);
    free(f->path);
    free(f);
}

static Status put(PackedFile *f, const void *bytes, size_t n, Error *err)
{
    return fwrite(bytes, 1, n, f->file) == n ? ST_OK : FAIL(err, ST_IO, "write '%s': %s", f->path, strerror(errno));
}

static Status put_length(PackedFile *f, size_t n, Error *err)
{
    unsigned char bytes[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n };
    return put(f, bytes, sizeof bytes, err);
}

static Status put_block(PackedFile *f, View block, Error *err)
{
    str_clear(&f->packed);
    TRY(packing_pack(f->codec, block, -1, &f->packed, err));
    if (f->codec == CODEC_SNAPPY || f->codec == CODEC_LZ4) { /* BlockCompressorStream */
        TRY(put_length(f, block.len, err));
        TRY(put_length(f, f->packed.len, err));
    }
    return put(f, str_text(&f->packed), f->packed.len, err);
}

static Status flush(PackedFile *f, Error *err)
{
    bool framed = f->codec == CODEC_SNAPPY || f->codec == CODEC_LZ4;
    size_t step = framed ? BLOCK_BYTES : GATHER_BYTES + f->bytes.len;
    for (size_t at = 0; at < f->bytes.len || (!f->any && !framed); at += step) {
        size_t n = f->bytes.len - at < step ? f->bytes.len - at : step;
        f->any = true;
        TRY(put_block(f, (View){ str_text(&f->bytes) + at, n }, err));
    }
    str_clear(&f->bytes);
    return ST_OK;
}

Status packed_file_write(PackedFile *f, View bytes, Error *err)
{
    if (f->codec == CODEC_NONE)
        return put(f, bytes.data, bytes.len, err);
    str_addn(&f->bytes, bytes.data, bytes.len);
    return f->bytes.len < GATHER_BYTES ? ST_OK : flush(f, err);
}

Status packed_file_finish(PackedFile *f, Error *err)
{
    Status status = f->codec == CODEC_NONE || (f->any && !f->bytes.len) ? ST_OK : flush(f, err);
    if (status == ST_OK && fclose(f->file) != 0)
        status = FAIL(err, ST_IO, "write '%s': %s", f->path, strerror(errno));
    else if (status != ST_OK)
        fclose(f->file);
    f->file = NULL;
    packed_file_abandon(f);
    return status;
}
