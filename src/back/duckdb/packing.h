/* back/duckdb/packing.h -- compressed blocks (ORC, Avro, Hadoop's block framing) and compressed text files to write. Pure but
 * for PackedFile. Sources: Avro 1.11 and ORC v1 specifications; org.apache.hadoop.io.compress. */
#ifndef WEIR_BACK_DUCKDB_PACKING_H
#define WEIR_BACK_DUCKDB_PACKING_H
#include "base/status.h"
#include "base/str.h"

typedef enum Codec {
    CODEC_NONE,
    CODEC_GZIP,    /* with gzip's head */
    CODEC_ZLIB,    /* with zlib's head: .deflate files */
    CODEC_DEFLATE, /* without: Avro, ORC */
    CODEC_BZIP2,
    CODEC_SNAPPY,
    CODEC_LZ4,
    CODEC_ZSTD,
    CODEC_XZ
} Codec;

/* Appends the unpacked bytes of one block to `out`: at most `max_bytes`. ST_IO when it is broken or longer. */
Status packing_unpack(Codec codec, View packed, size_t max_bytes, Str *out, Error *err);
/* Appends one packed block. `level`: the codec's own scale, -1: its default. */
Status packing_pack(Codec codec, View bytes, int level, Str *out, Error *err);

/* The codec of a file by its name's ending, as Hadoop's factory has it; NONE for others. */
Codec packing_of_name(const char *name);
const char *packing_extension(Codec codec); /* ".gz"; "" for NONE */

/* A file that is packed while it is written: what Hadoop's compressors make. One thread. */
typedef struct PackedFile PackedFile;
Status packed_file_create(const char *path, Codec codec, PackedFile **ret_file, Error *err);
Status packed_file_write(PackedFile *f, View bytes, Error *err);
Status packed_file_finish(PackedFile *f, Error *err); /* frees `f`, whatever it returns */
void packed_file_abandon(PackedFile *f);              /* NULL is fine */

#endif
