/* driver/proto.c -- see proto.h. */
#include "driver/proto.h"

#include "front/connect/connect.h"
#include "front/connect/text.h"

#include <string.h>

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

static bool read_varint(uint8_t **at, const uint8_t *end, uint64_t *ret)
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

typedef struct Check {
    Error *err;
    bool has_nul; /* in a Literal's text */
    bool mark;    /* write CONNECT_NUL there */
} Check;

static Status check_string(Check *c, const ProtobufCMessageDescriptor *type, const char *field, uint8_t *at, size_t n)
{
    if (!utf8_valid((const char *)at, n) && !c->mark)
        return FAIL_CODE(c->err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. %s.%s is not UTF-8.", type->short_name, field);
    if (!memchr(at, 0, n))
        return ST_OK;
    bool literal = type == &spark__connect__expression__literal__descriptor && str_eq(field, "string");
    bool option = n == 1 && str_ends(type->name, "OptionsEntry") && str_eq(field, "value");
    if (!literal && !option)
        return FAIL_CODE(c->err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. %s.%s has a NUL character in it.",
                         type->short_name, field);
    c->has_nul = c->has_nul || literal;
    for (size_t i = 0; literal && c->mark && i < n; i++)
        at[i] = at[i] ? at[i] : (uint8_t)CONNECT_NUL;
    return ST_OK;
}

/* Messages inside of messages are few enough, strings are such. Of bytes that are no message it says anything: unpacking
 * refuses them. */
static Status check(Check *c, const ProtobufCMessageDescriptor *type, uint8_t *at, const uint8_t *end, int levels)
{
    enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };
    if (levels == 0)
        return FAIL_CODE(c->err, ST_LIMIT, "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX",
                         "The Spark Connect plan is invalid. Its messages are nested deeper than %d levels.", PROTO_NESTING_MAX);
    while (at < end) {
        uint64_t tag, n = 0;
        if (!read_varint(&at, end, &tag))
            return ST_OK;
        unsigned wire = (unsigned)(tag & 7);
        if (wire == VARINT) {
            if (!read_varint(&at, end, &n))
                return ST_OK;
            continue;
        }
        if (wire == FIXED64 || wire == FIXED32)
            n = wire == FIXED64 ? 8 : 4;
        else if (wire != BYTES || !read_varint(&at, end, &n))
            return ST_OK;
        if (n > (uint64_t)(end - at))
            return ST_OK;
        const ProtobufCFieldDescriptor *field =
            wire == BYTES && tag >> 3 <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3)) : NULL;
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE)
            TRY(check(c, field->descriptor, at, at + n, levels - 1));
        if (field && field->type == PROTOBUF_C_TYPE_STRING)
            TRY(check_string(c, type, field->name, at, (size_t)n));
        at += n;
    }
    return ST_OK;
}

Status proto_unpack(Arena *a, const ProtobufCMessageDescriptor *type, View bytes, void *ret_message, Error *err)
{
    Check c = { .err = err };
    uint8_t *data = (uint8_t *)(uintptr_t)bytes.data; /* not written to as long as c.mark is not set */
    TRY(check(&c, type, data, data + bytes.len, PROTO_NESTING_MAX));
    if (c.has_nul) {
        c.mark = true;
        data = arena_copy(a, data, bytes.len);
        TRY(check(&c, type, data, data + bytes.len, PROTO_NESTING_MAX));
    }
    ProtobufCAllocator allocator = proto_allocator(a);
    void *message = protobuf_c_message_unpack(type, &allocator, bytes.len, data);
    if (!message)
        return FAIL(err, ST_INVALID, "the request is no %s message", type->name);
    *(void **)ret_message = message;
    return ST_OK;
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
