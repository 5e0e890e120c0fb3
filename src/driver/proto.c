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

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* Are messages inside of messages few enough? Of bytes that are no message it says anything: unpacking refuses them. */
static bool is_shallow(const ProtobufCMessageDescriptor *type, const uint8_t *at, const uint8_t *end, int levels)
{
    enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };
    if (levels == 0)
        return false;
    while (at < end) {
        uint64_t tag, n = 0;
        if (!read_varint(&at, end, &tag))
            return true;
        unsigned wire = (unsigned)(tag & 7);
        if (wire == VARINT) {
            if (!read_varint(&at, end, &n))
                return true;
            continue;
        }
        if (wire == FIXED64 || wire == FIXED32)
            n = wire == FIXED64 ? 8 : 4;
        else if (wire != BYTES || !read_varint(&at, end, &n))
            return true;
        if (n > (uint64_t)(end - at))
            return true;
        const ProtobufCFieldDescriptor *field =
            wire == BYTES && tag >> 3 <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3)) : NULL;
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && !is_shallow(field->descriptor, at, at + n, levels - 1))
            return false;
        at += n;
    }
    return true;
}

void *proto_unpack(Arena *a, const ProtobufCMessageDescriptor *type, View bytes)
{
    const uint8_t *data = (const uint8_t *)bytes.data;
    if (!is_shallow(type, data, data + bytes.len, PROTO_NESTING_MAX))
        return NULL;
    ProtobufCAllocator allocator = proto_allocator(a);
    return protobuf_c_message_unpack(type, &allocator, bytes.len, data);
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
