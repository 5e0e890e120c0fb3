/* tests/fuzz/proto_mutator.c -- see proto_mutator.h. Messages are protobuf-c's structs: a field is at its offset, a oneof's case, a has_
 * flag or a list's count at its quantifier's. */
#include "proto_mutator.h"

#include "base/vec.h"

#include <stdbool.h>
#include <string.h>

enum { SITES_MAX = 4000, DEPTH_MAX = 200 };

typedef struct Site {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
} Site;
typedef VEC(Site) Sites;
typedef VEC(ProtobufCMessage *) Messages;

ProtoMutator proto_mutator_new(Arena *a, unsigned seed)
{
    return (ProtoMutator){ .a = a, .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1 };
}

uint32_t proto_mutator_random(ProtoMutator *m, uint32_t below)
{
    m->state ^= m->state << 13;
    m->state ^= m->state >> 7;
    m->state ^= m->state << 17;
    return (uint32_t)(m->state >> 33) % below;
}

static void *member(Site s)
{
    return (uint8_t *)s.message + s.field->offset;
}

static void *quantifier(Site s)
{
    return (uint8_t *)s.message + s.field->quantifier_offset;
}

static bool repeated(const ProtobufCFieldDescriptor *f)
{
    return f->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool oneof(const ProtobufCFieldDescriptor *f)
{
    return f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static size_t count(Site s)
{
    return repeated(s.field) ? *(size_t *)quantifier(s) : 0;
}

static size_t element_bytes(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM: return 4;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 8;
    }
}

/* Is the field there? */
static bool present(Site s)
{
    if (repeated(s.field))
        return count(s) > 0;
    if (oneof(s.field))
        return *(uint32_t *)quantifier(s) == s.field->id;
    if (s.field->type == PROTOBUF_C_TYPE_STRING || s.field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void **)member(s) && *(const void **)member(s) != s.field->default_value;
    return s.field->quantifier_offset == 0 || *(protobuf_c_boolean *)quantifier(s);
}

static ProtobufCMessage *child(Site s, size_t i)
{
    return repeated(s.field) ? (*(ProtobufCMessage ***)member(s))[i] : *(ProtobufCMessage **)member(s);
}

/* Every field of every message within. */
static void collect(Arena *a, ProtobufCMessage *message, Sites *sites, Messages *messages, int depth)
{
    if (depth == 0 || sites->len > SITES_MAX)
        return;
    vec_push(a, messages, message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        Site s = { message, &message->descriptor->fields[i] };
        bool there = present(s);
        vec_push(a, sites, s);
        for (int again = 0; there && again < 3; again++) /* what is there is changed more often */
            vec_push(a, sites, s);
        if (s.field->type == PROTOBUF_C_TYPE_MESSAGE && there)
            for (size_t k = 0; k < (repeated(s.field) ? count(s) : 1); k++)
                collect(a, child(s, k), sites, messages, depth - 1);
    }
}

/* ---- values */

static uint64_t number(ProtoMutator *m)
{
    static const int64_t edges[] = { 0, 1, 2, 3, 7, 8, 16, 31, 38, 39, 64, 100, 127, 128, 255, 256, 1000, 65535, 65536, INT32_MAX, (int64_t)INT32_MAX + 1, INT64_MAX, -1, -2, -39, INT32_MIN, INT64_MIN };
    uint32_t how = proto_mutator_random(m, 4);
    if (how == 0)
        return (uint64_t)proto_mutator_random(m, UINT32_MAX) << 32 | proto_mutator_random(m, UINT32_MAX);
    return how == 1 ? proto_mutator_random(m, 32) : (uint64_t)edges[proto_mutator_random(m, sizeof edges / sizeof *edges)];
}

static double real(ProtoMutator *m)
{
    static const double edges[] = { 0, -0.0, 1, -1, 0.5, 0.1, 1e300, -1e300, 1e-300, 1.0 / 0.0, -1.0 / 0.0, 0.0 / 0.0 };
    return edges[proto_mutator_random(m, sizeof edges / sizeof *edges)];
}

static char *text(ProtoMutator *m, const char *old)
{
    size_t n = 0, len = old ? strlen(old) : 0;
    while (m->texts[n])
        n++;
    uint32_t how = proto_mutator_random(m, 8);
    if (how > 2 || len == 0)
        return arena_str(m->a, m->texts[proto_mutator_random(m, (uint32_t)n)]);
    size_t at = proto_mutator_random(m, (uint32_t)len + 1);
    if (how == 0)
        return arena_strn(m->a, old, at);
    return arena_printf(m->a, "%.*s%s%s", (int)at, old, m->texts[proto_mutator_random(m, (uint32_t)n)], how == 1 ? old + at : "");
}

static ProtobufCBinaryData bytes(ProtoMutator *m, ProtobufCBinaryData old)
{
    ProtobufCBinaryData out = { old.len, arena_alloc(m->a, old.len + 8) };
    if (old.len)
        memcpy(out.data, old.data, old.len);
    uint32_t how = proto_mutator_random(m, 4);
    if (how == 0 || out.len == 0)
        out.len = proto_mutator_random(m, (uint32_t)old.len + 8);
    else
        for (uint32_t i = 0; i < how; i++)
            out.data[proto_mutator_random(m, (uint32_t)out.len)] = (uint8_t)number(m);
    return out;
}

static void set_scalar(ProtoMutator *m, const ProtobufCFieldDescriptor *f, void *at)
{
    uint64_t n = number(m);
    int32_t n32 = (int32_t)(uint32_t)n;
    double r = real(m);
    float r32 = (float)r;
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: *(char **)at = text(m, *(char **)at); break;
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)at = bytes(m, *(ProtobufCBinaryData *)at); break;
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)at = n & 1; break;
    case PROTOBUF_C_TYPE_FLOAT: memcpy(at, &r32, sizeof r32); break;
    case PROTOBUF_C_TYPE_DOUBLE: memcpy(at, &r, sizeof r); break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *e = f->descriptor;
        if (proto_mutator_random(m, 8))
            n32 = e->values[proto_mutator_random(m, e->n_values)].value;
        memcpy(at, &n32, sizeof n32);
        break;
    }
    default:
        if (element_bytes(f->type) == 4)
            memcpy(at, &n32, sizeof n32);
        else
            memcpy(at, &n, sizeof n);
    }
}

/* ---- messages */

static ProtobufCMessage *copy_of(ProtoMutator *m, const ProtobufCMessage *message);

static ProtobufCMessage *fresh(ProtoMutator *m, const ProtobufCMessageDescriptor *d, int depth)
{
    ProtobufCMessage *out = arena_alloc(m->a, d->sizeof_message);
    protobuf_c_message_init(d, out);
    for (uint32_t i = 0; i < 2 && d->n_fields && depth; i++) {
        Site s = { out, &d->fields[proto_mutator_random(m, d->n_fields)] };
        if (repeated(s.field) || (oneof(s.field) && i))
            continue;
        if (s.field->type == PROTOBUF_C_TYPE_MESSAGE)
            *(ProtobufCMessage **)member(s) = fresh(m, s.field->descriptor, depth - 1);
        else
            set_scalar(m, s.field, member(s));
        if (oneof(s.field))
            *(uint32_t *)quantifier(s) = s.field->id;
        else if (s.field->quantifier_offset)
            *(protobuf_c_boolean *)quantifier(s) = true;
    }
    return out;
}

static void *allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void no_free(void *arena, void *pointer)
{
    (void)arena, (void)pointer;
}

static ProtobufCMessage *copy_of(ProtoMutator *m, const ProtobufCMessage *message)
{
    ProtobufCAllocator allocator = { allocate, no_free, m->a };
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(m->a, len + 1);
    protobuf_c_message_pack(message, data);
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, &allocator, len, data);
    return copy ? copy : fresh(m, message->descriptor, 1);
}

/* A message of the kind: one of those that are there, of the other input's, or a new one. */
static ProtobufCMessage *some_message(ProtoMutator *m, const Messages *all, const ProtobufCMessageDescriptor *d)
{
    Messages fitting = { 0 }, others = { 0 };
    Sites ignored = { 0 };
    if (m->other)
        collect(m->a, m->other, &ignored, &others, DEPTH_MAX);
    for (size_t i = 0; i < all->len; i++)
        if (all->at[i]->descriptor == d)
            vec_push(m->a, &fitting, all->at[i]);
    for (size_t i = 0; i < others.len; i++)
        if (others.at[i]->descriptor == d)
            vec_push(m->a, &fitting, others.at[i]);
    if (fitting.len == 0 || proto_mutator_random(m, 4) == 0)
        return fresh(m, d, 3);
    return copy_of(m, fitting.at[proto_mutator_random(m, (uint32_t)fitting.len)]);
}

static void set_element(ProtoMutator *m, const Messages *all, const ProtobufCFieldDescriptor *f, void *at)
{
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        *(ProtobufCMessage **)at = some_message(m, all, f->descriptor);
    else
        set_scalar(m, f, at);
}

/* An element more, one fewer, two that change places, one twice, one another. */
static void change_list(ProtoMutator *m, const Messages *all, Site s)
{
    size_t n = count(s), bytes_each = element_bytes(s.field->type), at = n ? proto_mutator_random(m, (uint32_t)n) : 0, to = n ? proto_mutator_random(m, (uint32_t)n) : 0;
    uint8_t *list = arena_alloc(m->a, (n + 1) * bytes_each), *old = *(uint8_t **)member(s);
    if (n)
        memcpy(list, old, n * bytes_each);
    uint32_t how = n ? proto_mutator_random(m, 5) : 0;
    if (how == 0) {
        set_element(m, all, s.field, list + n++ * bytes_each);
    } else if (how == 1) {
        memmove(list + at * bytes_each, list + (at + 1) * bytes_each, (n - at - 1) * bytes_each);
        n--;
    } else if (how == 2) {
        memcpy(list + at * bytes_each, old + to * bytes_each, bytes_each);
        memcpy(list + to * bytes_each, old + at * bytes_each, bytes_each);
    } else if (how == 3) {
        memcpy(list + n++ * bytes_each, old + at * bytes_each, bytes_each);
    } else {
        set_element(m, all, s.field, list + at * bytes_each);
    }
    *(uint8_t **)member(s) = list;
    *(size_t *)quantifier(s) = n;
}

static void remove_field(Site s)
{
    if (oneof(s.field)) {
        *(uint32_t *)quantifier(s) = 0;
        memset(member(s), 0, element_bytes(s.field->type));
    } else if (s.field->type == PROTOBUF_C_TYPE_STRING || s.field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(void **)member(s) = NULL;
    } else if (s.field->quantifier_offset) {
        *(protobuf_c_boolean *)quantifier(s) = false;
    }
}

/* The message between itself and a new one of its kind: Filter over Filter, negative of negative. */
static bool nest(ProtoMutator *m, Site s)
{
    ProtobufCMessage *inner = *(ProtobufCMessage **)member(s), *outer = copy_of(m, inner);
    Sites sites = { 0 }, holes = { 0 };
    Messages within = { 0 };
    collect(m->a, outer, &sites, &within, DEPTH_MAX);
    for (size_t i = 0; i < sites.len; i++)
        if (sites.at[i].field->type == PROTOBUF_C_TYPE_MESSAGE && !repeated(sites.at[i].field) && present(sites.at[i]) && sites.at[i].field->descriptor == inner->descriptor)
            vec_push(m->a, &holes, sites.at[i]);
    if (holes.len == 0)
        return false;
    *(ProtobufCMessage **)member(holes.at[proto_mutator_random(m, (uint32_t)holes.len)]) = inner;
    *(ProtobufCMessage **)member(s) = outer;
    return true;
}

static void change_field(ProtoMutator *m, const Messages *all, Site s)
{
    bool there = present(s);
    if (there && proto_mutator_random(m, 8) == 0) {
        remove_field(s);
        return;
    }
    if (s.field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (there && proto_mutator_random(m, 4) == 0 && nest(m, s))
            return;
        ProtobufCMessage *message = some_message(m, all, s.field->descriptor);
        *(ProtobufCMessage **)member(s) = message;
    } else {
        if (oneof(s.field) && !there)
            memset(member(s), 0, element_bytes(s.field->type));
        set_scalar(m, s.field, member(s));
    }
    if (oneof(s.field))
        *(uint32_t *)quantifier(s) = s.field->id;
    else if (s.field->quantifier_offset)
        *(protobuf_c_boolean *)quantifier(s) = true;
}

void proto_mutate(ProtoMutator *m, ProtobufCMessage *message)
{
    Sites sites = { 0 };
    Messages all = { 0 };
    collect(m->a, message, &sites, &all, DEPTH_MAX);
    Site s = sites.at[proto_mutator_random(m, (uint32_t)sites.len)];
    if (repeated(s.field))
        change_list(m, &all, s);
    else
        change_field(m, &all, s);
}
