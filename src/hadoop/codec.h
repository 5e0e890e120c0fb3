/* hadoop/codec.h -- compressed files: which codec a name or a class stands for, and their bytes in both directions. gzip may
 * have several members, bzip2 several streams, Zstandard several frames. Source: org.apache.hadoop.io.compress. */
#ifndef WEIR_HADOOP_CODEC_H
#define WEIR_HADOOP_CODEC_H
#include "base/status.h"

#include <stdint.h>

typedef enum Codec { CODEC_NONE, CODEC_GZIP, CODEC_BZIP2, CODEC_DEFLATE, CODEC_ZSTD } Codec;

/* By the name's ending. ST_UNSUPPORTED for those that are known and not done (.snappy, .lz4, .lzo). */
Status codec_of_name(const char *name, Codec *ret_codec, Error *err);
/* org.apache.hadoop.io.compress.GzipCodec …, or S3DistCp's gzip, none … */
Status codec_of_class(const char *class_name, Codec *ret_codec, Error *err);
const char *codec_ending(Codec codec); /* ".gz", "" */

typedef struct Bytes {
    Status (*add)(void *self, const void *bytes, size_t length, Error *err);
    void *self;
} Bytes;

typedef struct Transcoder Transcoder;
/* Unpacks or packs what is added and gives it to `to`. CODEC_NONE passes it on. */
Status unpack_new(Codec codec, Bytes to, Transcoder **ret_transcoder, Error *err);
Status pack_new(Codec codec, Bytes to, Transcoder **ret_transcoder, Error *err);
Status transcoder_add(Transcoder *t, const void *bytes, size_t length, Error *err);
Status transcoder_end(Transcoder *t, Error *err); /* of an unpacker: fails when the input is cut off */
void transcoder_closep(Transcoder **t);
#define transcoder_auto __attribute__((cleanup(transcoder_closep))) Transcoder

#endif
