/* back/duckdb/packing.c -- one block in, one block out, by the libraries. */
#include "back/duckdb/packing.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { STEP_BYTES = 64 * 1024 };

static Status broken(const char *codec, Error *err)
{
    return FAIL(err, ST_IO, "a %s block is broken or too long", codec);
}

/* Room for `more` bytes behind what is there, which the caller then counts. */
static char *room(Str *out, size_t more)
{
    if (out->cap < out->len + more + 1) {
        size_t cap = out->cap * 2 > out->len + more + 1 ? out->cap * 2 : out->len + more + 1;
        char *bigger = realloc(out->data, cap);
        if (!bigger)
            abort();
        out->data = bigger;
        out->cap = cap;
    }
    return out->data + out->len;
}

static void took(Str *out, size_t n)
{
    out->len += n;
    out->data[out->len] = 0;
}

/* ---------------------------------------------------------------- unpacking */
static Status unpack_zlib(Codec codec, View packed, size_t max, Str *out, Error *err)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.len };
    size_t start = out->len;
    int code = Z_OK;
    if (packed.len > UINT32_MAX || inflateInit2(&z, codec == CODEC_DEFLATE ? -15 : 15 + 32) != Z_OK)
        return broken("deflate", err);
    while (code == Z_OK && out->len - start <= max) {
        z.next_out = (Bytef *)room(out, STEP_BYTES);
        z.avail_out = STEP_BYTES;
        code = inflate(&z, Z_NO_FLUSH);
        took(out, STEP_BYTES - z.avail_out);
    }
    inflateEnd(&z);
    return code == Z_STREAM_END && out->len - start <= max ? ST_OK : broken("deflate", err);
}

static Status unpack_bzip2(View packed, size_t max, Str *out, Error *err)
{
    bz_stream z = { .next_in = (char *)(uintptr_t)packed.data, .avail_in = (unsigned)packed.len };
    size_t start = out->len;
    int code = BZ_OK;
    if (packed.len > UINT32_MAX || BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
        return broken("bzip2", err);
    while (code == BZ_OK && out->len - start <= max) {
        z.next_out = room(out, STEP_BYTES);
        z.avail_out = STEP_BYTES;
        code = BZ2_bzDecompress(&z);
        took(out, STEP_BYTES - z.avail_out);
        if (code == BZ_OK && z.avail_out && !z.avail_in)
            break; /* ends too early */
    }
    BZ2_bzDecompressEnd(&z);
    return code == BZ_STREAM_END && out->len - start <= max ? ST_OK : broken("bzip2", err);
}

static Status unpack_snappy(View packed, size_t max, Str *out, Error *err)
{
    size_t n;
    if (snappy_uncompressed_length(packed.data, packed.len, &n) != SNAPPY_OK || n > max ||
        snappy_uncompress(packed.data, packed.len, room(out, n), &n) != SNAPPY_OK)
        return broken("snappy", err);
    took(out, n);
    return ST_OK;
}

static Status unpack_lz4(View packed, size_t max, Str *out, Error *err)
{
    if (packed.len > INT32_MAX || max > INT32_MAX)
        return broken("lz4", err);
    int n = LZ4_decompress_safe(packed.data, room(out, max), (int)packed.len, (int)max);
    if (n < 0)
        return broken("lz4", err);
    took(out, (size_t)n);
    return ST_OK;
}

static void stream_freep(ZSTD_DStream **stream)
{
    ZSTD_freeDStream(*stream);
}

static Status unpack_zstd(View packed, size_t max, Str *out, Error *err)
{
    __attribute__((cleanup(stream_freep))) ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = { packed.data, packed.len, 0 };
    size_t start = out->len, code = 1;
    while (stream && out->len - start <= max) {
        ZSTD_outBuffer to = { room(out, STEP_BYTES), STEP_BYTES, 0 };
        code = ZSTD_decompressStream(stream, &to, &in);
        if (ZSTD_isError(code))
            return broken("zstandard", err);
        took(out, to.pos);
        if (in.pos == in.size && to.pos < to.size)
            break;
    }
    return code == 0 && out->len - start <= max ? ST_OK : broken("zstandard", err);
}

static Status unpack_xz(View packed, size_t max, Str *out, Error *err)
{
    lzma_stream z = LZMA_STREAM_INIT;
    size_t start = out->len;
    lzma_ret code = lzma_auto_decoder(&z, 256 << 20, 0);
    z.next_in = (const uint8_t *)packed.data;
    z.avail_in = packed.len;
    while (code == LZMA_OK && out->len - start <= max) {
        z.next_out = (uint8_t *)room(out, STEP_BYTES);
        z.avail_out = STEP_BYTES;
        code = lzma_code(&z, LZMA_FINISH);
        took(out, STEP_BYTES - z.avail_out);
    }
    lzma_end(&z);
    return code == LZMA_STREAM_END && out->len - start <= max ? ST_OK : broken("xz", err);
}

Status packing_unpack(Codec codec, View packed, size_t max_bytes, Str *out, Error *err)
{
    switch (codec) {
    case CODEC_GZIP: case CODEC_ZLIB: case CODEC_DEFLATE: return unpack_zlib(codec, packed, max_bytes, out, err);
    case CODEC_BZIP2: return unpack_bzip2(packed, max_bytes, out, err);
    case CODEC_SNAPPY: return unpack_snappy(packed, max_bytes, out, err);
    case CODEC_LZ4: return unpack_lz4(packed, max_bytes, out, err);
    case CODEC_ZSTD: return unpack_zstd(packed, max_bytes, out, err);
    case CODEC_XZ: return unpack_xz(packed, max_bytes, out, err);
    default:
        if (packed.len > max_bytes)
            return broken("plain", err);
        memcpy(room(out, packed.len), packed.data, packed.len);
        took(out, packed.len);
        return ST_OK;
    }
}

/* ---------------------------------------------------------------- packing */
static Status pack_zlib(Codec codec, View bytes, int level, Str *out, Error *err)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.len };
    int window = codec == CODEC_DEFLATE ? -15 : codec == CODEC_GZIP ? 15 + 16 : 15;
    if (bytes.len > UINT32_MAX || deflateInit2(&z, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return FAIL(err, ST_INTERNAL, "start deflate");
    size_t most = deflateBound(&z, (uLong)bytes.len);
    z.next_out = (Bytef *)room(out, most);
    z.avail_out = (uInt)most;
    int code = deflate(&z, Z_FINISH);
    took(out, most - z.avail_out);
    deflateEnd(&z);
    return code == Z_STREAM_END ? ST_OK : FAIL(err, ST_INTERNAL, "deflate");
}

static Status pack_bzip2(View bytes, int level, Str *out, Error *err)
{
    unsigned most = (unsigned)(bytes.len + bytes.len / 100 + 600);
    char *to = room(out, most);
    int code = BZ2_bzBuffToBuffCompress(to, &most, (char *)(uintptr_t)bytes.data, (unsigned)bytes.len, level < 1 ? 9 : level, 0, 0);
    if (code != BZ_OK)
        return FAIL(err, ST_INTERNAL, "bzip2");
    took(out, most);
    return ST_OK;
}

static Status pack_xz(View bytes, int level, Str *out, Error *err)
{
    size_t most = lzma_stream_buffer_bound(bytes.len), n = 0;
    uint8_t *to = (uint8_t *)room(out, most);
    if (lzma_easy_buffer_encode(level < 0 ? 6 : (uint32_t)level, LZMA_CHECK_CRC64, NULL, (const uint8_t *)bytes.data, bytes.len, to, &n,
                                most) != LZMA_OK)
        return FAIL(err, ST_INTERNAL, "xz");
    took(out, n);
    return ST_OK;
}

Status packing_pack(Codec codec, View bytes, int level, Str *out, Error *err)
{
    size_t n;
    int length;
    if (bytes.len > INT32_MAX / 2)
        return FAIL(err, ST_LIMIT, "a block of more than 1 GB");
    switch (codec) {
    case CODEC_GZIP: case CODEC_ZLIB: case CODEC_DEFLATE: return pack_zlib(codec, bytes, level, out, err);
    case CODEC_BZIP2: return pack_bzip2(bytes, level, out, err);
    case CODEC_XZ: return pack_xz(bytes, level, out, err);
    case CODEC_SNAPPY:
        n = snappy_max_compressed_length(bytes.len);
        if (snappy_compress(bytes.data, bytes.len, room(out, n), &n) != SNAPPY_OK)
            return FAIL(err, ST_INTERNAL, "snappy");
        took(out, n);
        return ST_OK;
    case CODEC_LZ4:
        length = LZ4_compressBound((int)bytes.len);
        length = LZ4_compress_default(bytes.data, room(out, (size_t)length), (int)bytes.len, length);
        took(out, (size_t)length);
        return ST_OK;
    case CODEC_ZSTD:
        n = ZSTD_compressBound(bytes.len);
        n = ZSTD_compress(room(out, n), n, bytes.data, bytes.len, level < 0 ? 3 : level);
        if (ZSTD_isError(n))
            return FAIL(err, ST_INTERNAL, "zstandard");
        took(out, n);
        return ST_OK;
    default:
        memcpy(room(out, bytes.len), bytes.data, bytes.len);
        took(out, bytes.len);
        return ST_OK;
    }
}

/* ---------------------------------------------------------------- names */
static const struct {
    const char *extension;
    Codec codec;
} extensions[] = { { ".gz", CODEC_GZIP },   { ".deflate", CODEC_ZLIB }, { ".bz2", CODEC_BZIP2 },
                   { ".snappy", CODEC_SNAPPY }, { ".lz4", CODEC_LZ4 },  { ".zst", CODEC_ZSTD } };

Codec packing_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (str_ends(name, extensions[i].extension))
            return extensions[i].codec;
    return CODEC_NONE;
}

const char *packing_extension(Codec codec)
{
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (extensions[i].codec == codec)
            return extensions[i].extension;
    return "";
}
