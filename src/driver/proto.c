/* driver/proto.c -- see proto.h. */
#include "driver/proto.h"

static void *allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void no_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

ProtobufCAllocator proto_allocator(Arena *a)
{
    return (ProtobufCAllocator){ .alloc = allocate, .free = no_free, .allocator_data = a };
}

void *proto_unpack(Arena *a, const ProtobufCMessageDescriptor *type, View bytes)
{
    ProtobufCAllocator allocator = proto_allocator(a);
    return protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)bytes.data);
}

RpcBuffer *proto_pack(const void *message)
{
    RpcBuffer *b = rpc_buffer_new(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, b->data);
    return b;
}

View proto_pack_arena(Arena *a, const void *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(a, len + 1);
    protobuf_c_message_pack(message, data);
    return (View){ (const char *)data, len };
}
