/* driver/proto.h -- protobuf-c with our memory: messages unpacked into an arena, messages packed into RpcBuffers. */
#ifndef WEIR_DRIVER_PROTO_H
#define WEIR_DRIVER_PROTO_H
#include "base/arena.h"
#include "driver/rpc.h"

#include <protobuf-c/protobuf-c.h>

/* Allocates in `a`, frees nothing. */
ProtobufCAllocator proto_allocator(Arena *a);
/* The message in `a`, or NULL when the bytes are no such message, or one nested deeper than PROTO_NESTING_MAX (unpacking
 * recurses; Spark's own limit is spark.connect.grpc.marshallerRecursionLimit, 1024). */
enum { PROTO_NESTING_MAX = 2048 };
void *proto_unpack(Arena *a, const ProtobufCMessageDescriptor *type, View bytes);
RpcBuffer *proto_pack(const void *message);
/* Packed into the arena. */
View proto_pack_arena(Arena *a, const void *message);

#endif
