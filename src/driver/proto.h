/* driver/proto.h -- protobuf-c with our memory: messages unpacked into an arena, messages packed into RpcBuffers. */
#ifndef WEIR_DRIVER_PROTO_H
#define WEIR_DRIVER_PROTO_H
#include "base/arena.h"
#include "driver/rpc.h"

#include <protobuf-c/protobuf-c.h>

/* Allocates in `a`, frees nothing. */
ProtobufCAllocator proto_allocator(Arena *a);
/* The message in `a`. Refused: bytes that are no such message (an error without a code), messages nested deeper than
 * PROTO_NESTING_MAX (unpacking recurses; Spark's own limit is spark.connect.grpc.marshallerRecursionLimit, 1024), strings that
 * are not UTF-8, and NUL characters, at which a C string would end unseen. Where a NUL may stand, in the text of a Literal, it
 * comes as CONNECT_NUL, a byte that UTF-8 does not have; an option that is one NUL comes as "", which means the same. */
enum { PROTO_NESTING_MAX = 2048 };
Status proto_unpack(Arena *a, const ProtobufCMessageDescriptor *type, View bytes, void *ret_message, Error *err);
RpcBuffer *proto_pack(const void *message);
/* Packed into the arena. */
View proto_pack_arena(Arena *a, const void *message);

#endif
