/* hadoop/codec.c -- see codec.h. */
#include "hadoop/codec.h"

#include "base/str.h"

#include <bzlib.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { OUT_BYTES = 128 * 1024, GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15 };

struct Transcoder {
    Codec codec;
    bool packs;
    Bytes to;
    z_stream z;
    bz_stream b;
    ZSTD_CStream *zstd_out;
    ZSTD_DStream *zstd_in;
    bool at_start; /* unpacking: between members or streams, nothing of the next has come */
    bool any;      /* something has come at all */
    char out[OUT_BYTES];
};

Status codec_of_name(const char *name, Codec *ret_codec, Error *err)
{
    static const char *const refused[] = { ".snappy", ".lz4", ".lzo", ".lzo_deflate" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (str_ends(name, refused[i]))
            return FAIL(err, ST_UNSUPPORTED, "java.io.IOException: weir does not unpack %s files: '%s' (gzip, bzip2, deflate and Zstandard it does)",
                        refused[i], name);
    *ret_codec = str_ends(name, ".gz") ? CODEC_GZIP : str_ends(name, ".bz2") ? CODEC_BZIP2 : str_ends(name, ".deflate") ? CODEC_DEFLATE
                  : str_ends(name, ".zst") ? CODEC_ZSTD : CODEC_NONE;
    return ST_OK;
}

Status codec_of_class(const char *class_name, Codec *ret_codec, Error *err)
{
    static const struct {
        const char *name;
        Codec codec;
    } known[] = { { "GzipCodec", CODEC_GZIP },       { "BZip2Codec", CODEC_BZIP2 }, { "DefaultCodec", CODEC_DEFLATE },
                  { "DeflateCodec", CODEC_DEFLATE }, { "gzip", CODEC_GZIP },        { "gz", CODEC_GZIP },
                  { "bzip2", CODEC_BZIP2 },          { "deflate", CODEC_DEFLATE },  { "default", CODEC_DEFLATE },
                  { "ZStandardCodec", CODEC_ZSTD },  { "zstd", CODEC_ZSTD } };
    const char *dot = strrchr(class_name, '.'), *last = dot ? dot + 1 : class_name;
    bool hadoops = !dot || str_starts(class_name, "org.apache.hadoop.io.compress.");
    for (size_t i = 0; hadoops && i < sizeof known / sizeof *known; i++)
        if (str_eq(last, known[i].name)) {
            *ret_codec = known[i].codec;
            return ST_OK;
        }
    return FAIL(err, ST_UNSUPPORTED, "java.lang.IllegalArgumentException: Compression codec %s was not found: weir has GzipCodec, BZip2Codec, "
                "DefaultCodec, DeflateCodec and ZStandardCodec", class_name);
}

const char *codec_ending(Codec codec)
{
    static const char *const endings[] = { "", ".gz", ".bz2", ".deflate", ".zst" };
    return endings[codec];
}

static Transcoder *transcoder_make(Codec codec, Bytes to, bool packs)
{
    Transcoder *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    t->codec = codec;
    t->to = to;
    t->packs = packs;
    t->at_start = true;
    return t;
}

Status unpack_new(Codec codec, Bytes to, Transcoder **ret_transcoder, Error *err)
{
    transcoder_auto *t = transcoder_make(codec, to, false);
    int code = codec == CODEC_GZIP      ? inflateInit2(&t->z, GZIP_WINDOW)
               : codec == CODEC_DEFLATE ? inflateInit2(&t->z, ZLIB_WINDOW)
               : codec == CODEC_BZIP2   ? BZ2_bzDecompressInit(&t->b, 0, 0)
               : codec == CODEC_ZSTD    ? !(t->zstd_in = ZSTD_createDStream())
                                        : 0;
    if (code)
        return FAIL(err, ST_INTERNAL, "the decompressor does not start: %d", code);
    *ret_transcoder = t;
    t = NULL;
    return ST_OK;
}

Status pack_new(Codec codec, Bytes to, Transcoder **ret_transcoder, Error *err)
{
    transcoder_auto *t = transcoder_make(codec, to, true);
    int code = codec == CODEC_GZIP || codec == CODEC_DEFLATE
                   ? deflateInit2(&t->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, codec == CODEC_GZIP ? GZIP_WINDOW : ZLIB_WINDOW, 8,
                                  Z_DEFAULT_STRATEGY)
               : codec == CODEC_BZIP2 ? BZ2_bzCompressInit(&t->b, 9, 0, 0)
               : codec == CODEC_ZSTD  ? !(t->zstd_out = ZSTD_createCStream())
                                      : 0;
    if (code)
        return FAIL(err, ST_INTERNAL, "the compressor does not start: %d", code);
    *ret_transcoder = t;
    t = NULL;
    return ST_OK;
}

static Status give(Transcoder *t, size_t left, Error *err)
{
    return left < OUT_BYTES ? t->to.add(t->to.self, t->out, OUT_BYTES - left, err) : ST_OK;
}

static Status fail_data(Error *err, const char *what)
{
    return FAIL(err, ST_RUNTIME, "java.io.IOException: %s", what);
}

static Status inflate_add(Transcoder *t, const void *bytes, size_t length, Error *err)
{
    t->z.next_in = (Bytef *)(uintptr_t)bytes;
    t->z.avail_in = (uInt)length;
    do {
        t->z.next_out = (Bytef *)t->out;
        t->z.avail_out = OUT_BYTES;
        t->at_start = t->at_start && !t->z.avail_in;
        int code = inflate(&t->z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return fail_data(err, t->codec == CODEC_GZIP && t->z.total_out == 0 ? "not a gzip file" : "invalid block type or checksum");
        TRY(give(t, t->z.avail_out, err));
        if (code == Z_STREAM_END) {
            inflateReset(&t->z);
            t->at_start = true;
        }
    } while (t->z.avail_in || !t->z.avail_out);
    return ST_OK;
}

static Status bunzip_add(Transcoder *t, const void *bytes, size_t length, Error *err)
{
    t->b.next_in = (char *)(uintptr_t)bytes;
    t->b.avail_in = (unsigned)length;
    do {
        t->b.next_out = t->out;
        t->b.avail_out = OUT_BYTES;
        t->at_start = t->at_start && !t->b.avail_in;
        int code = BZ2_bzDecompress(&t->b);
        if (code != BZ_OK && code != BZ_STREAM_END)
            return fail_data(err, code == BZ_DATA_ERROR_MAGIC ? "Stream is not BZip2 formatted: expected 'BZh'" : "crc error");
        TRY(give(t, t->b.avail_out, err));
        if (code == BZ_STREAM_END) {
            bz_stream left = t->b;
            BZ2_bzDecompressEnd(&t->b);
            t->b = (bz_stream){ 0 };
            if (BZ2_bzDecompressInit(&t->b, 0, 0) != BZ_OK)
                return FAIL(err, ST_INTERNAL, "the decompressor does not start");
            t->b.next_in = left.next_in;
            t->b.avail_in = left.avail_in;
            t->b.avail_out = 1;
            t->at_start = true;
        }
    } while (t->b.avail_in || !t->b.avail_out);
    return ST_OK;
}

static Status deflate_add(Transcoder *t, const void *bytes, size_t length, int flush, Error *err)
{
    t->z.next_in = (Bytef *)(uintptr_t)bytes;
    t->z.avail_in = (uInt)length;
    do {
        t->z.next_out = (Bytef *)t->out;
        t->z.avail_out = OUT_BYTES;
        if (deflate(&t->z, flush) == Z_STREAM_ERROR)
            return FAIL(err, ST_INTERNAL, "the compressor failed");
        TRY(give(t, t->z.avail_out, err));
    } while (!t->z.avail_out);
    return ST_OK;
}

static Status bzip_add(Transcoder *t, const void *bytes, size_t length, int action, Error *err)
{
    t->b.next_in = (char *)(uintptr_t)bytes;
    t->b.avail_in = (unsigned)length;
    for (;;) {
        t->b.next_out = t->out;
        t->b.avail_out = OUT_BYTES;
        int code = BZ2_bzCompress(&t->b, action);
        if (code < 0)
            return FAIL(err, ST_INTERNAL, "the compressor failed");
        TRY(give(t, t->b.avail_out, err));
        if (action == BZ_RUN ? !t->b.avail_in : code == BZ_STREAM_END)
            return ST_OK;
    }
}

static Status unzstd_add(Transcoder *t, const void *bytes, size_t length, Error *err)
{
    ZSTD_inBuffer in = { bytes, length, 0 };
    ZSTD_outBuffer out = { t->out, OUT_BYTES, OUT_BYTES };
    while (in.pos < in.size || out.pos == out.size) { /* a full block may not be all that is ready */
        bool nothing = in.pos == in.size && t->at_start;
        if (nothing)
            return ST_OK;
        out.pos = 0;
        size_t left = ZSTD_decompressStream(t->zstd_in, &out, &in);
        if (ZSTD_isError(left))
            return fail_data(err, ZSTD_getErrorName(left));
        t->at_start = left == 0;
        TRY(give(t, OUT_BYTES - out.pos, err));
    }
    return ST_OK;
}

static Status zstd_add(Transcoder *t, const void *bytes, size_t length, ZSTD_EndDirective end, Error *err)
{
    ZSTD_inBuffer in = { bytes, length, 0 };
    for (;;) {
        ZSTD_outBuffer out = { t->out, OUT_BYTES, 0 };
        size_t left = ZSTD_compressStream2(t->zstd_out, &out, &in, end);
        if (ZSTD_isError(left))
            return FAIL(err, ST_INTERNAL, "the compressor failed: %s", ZSTD_getErrorName(left));
        TRY(give(t, OUT_BYTES - out.pos, err));
        if (end == ZSTD_e_end ? left == 0 : in.pos == in.size)
            return ST_OK;
    }
}

Status transcoder_add(Transcoder *t, const void *bytes, size_t length, Error *err)
{
    t->any |= length > 0;
    if (t->codec == CODEC_NONE)
        return t->to.add(t->to.self, bytes, length, err);
    enum { PIECE = 1 << 30 }; /* the libraries count in 32 bits */
    for (const char *at = bytes; length;) {
        size_t n = length < PIECE ? length : PIECE;
        if (t->codec == CODEC_ZSTD)
            TRY(t->packs ? zstd_add(t, at, n, ZSTD_e_continue, err) : unzstd_add(t, at, n, err));
        else if (t->codec == CODEC_BZIP2)
            TRY(t->packs ? bzip_add(t, at, n, BZ_RUN, err) : bunzip_add(t, at, n, err));
        else
            TRY(t->packs ? deflate_add(t, at, n, Z_NO_FLUSH, err) : inflate_add(t, at, n, err));
        at += n;
        length -= n;
    }
    return ST_OK;
}

Status transcoder_end(Transcoder *t, Error *err)
{
    if (t->codec == CODEC_NONE)
        return ST_OK;
    if (t->packs && t->codec == CODEC_ZSTD)
        return zstd_add(t, "", 0, ZSTD_e_end, err);
    if (t->packs)
        return t->codec == CODEC_BZIP2 ? bzip_add(t, "", 0, BZ_FINISH, err) : deflate_add(t, "", 0, Z_FINISH, err);
    return t->at_start ? ST_OK : fail_data(err, "Unexpected end of input stream");
}

void transcoder_closep(Transcoder **transcoder)
{
    Transcoder *t = *transcoder;
    if (!t)
        return;
    if (t->codec == CODEC_BZIP2)
        (void)(t->packs ? BZ2_bzCompressEnd(&t->b) : BZ2_bzDecompressEnd(&t->b));
    else if (t->codec == CODEC_GZIP || t->codec == CODEC_DEFLATE)
        (void)(t->packs ? deflateEnd(&t->z) : inflateEnd(&t->z));
    ZSTD_freeCStream(t->zstd_out);
    ZSTD_freeDStream(t->zstd_in);
    free(t);
}
