/* api/chunks.h -- the aws-chunked content encoding: STREAMING-AWS4-HMAC-SHA256-PAYLOAD, …-PAYLOAD-TRAILER and
 * STREAMING-UNSIGNED-PAYLOAD-TRAILER bodies, decoded and verified while they stream in.
 * Source: "Signature calculations for the Authorization header: transferring payload in multiple chunks" (S3). */
#ifndef WEIR_API_CHUNKS_H
#define WEIR_API_CHUNKS_H
#include "os/sigv4.h"

typedef struct Chunks Chunks;
typedef struct ChunksOptions {
    bool signatures;       /* chunks carry chunk-signature=… */
    bool verify;           /* false with --auth off */
    const SigV4Claim *claim;
    const char *secret_key;
    HttpSink sink;         /* takes the decoded bytes */
} ChunksOptions;

bool chunks_is_streaming(const char *payload_hash); /* STREAMING-… */
/* The Chunks, and all that the options point to, live in the arena. */
Chunks *chunks_new(Arena *a, const ChunksOptions *options);
/* HttpSink's write: self is the Chunks. ST_DENIED with SignatureDoesNotMatch; ST_INVALID when the framing is broken. */
Status chunks_write(void *self, const void *bytes, size_t length, Error *err);
/* After the last byte: was it whole, and `decoded_length` long (-1: not told)? */
Status chunks_finish(Chunks *chunks, int64_t decoded_length, HttpPairs *ret_trailers, Error *err);

#endif
