/* front/connect/local.c -- LocalRelation, and the two forms in which its rows were uploaded before: whole as an artifact, or
 * as several Arrow streams, which become one. Source: relations.proto; the Arrow IPC streaming format. */
#include "front/connect/local.h"

static void *arena_allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

Status local_relation(Connect *c, const Spark__Connect__LocalRelation *l, Node **ret)
{
    bool has_data = l->has_data && l->data.len > 0;
    if (!has_data && !(l->schema && *l->schema))
        return invalid(c, "A local relation has neither data nor a schema.");
    *ret = node_new(c->a, LocalRelation, .arrow = has_data ? (const char *)l->data.data : NULL,
                    .arrow_bytes = has_data ? (int64_t)l->data.len : 0,
                    .schema_text = l->schema && *l->schema ? l->schema : NULL);
    return ST_OK;
}

Status cached_local_relation(Connect *c, const Spark__Connect__CachedLocalRelation *l, Node **ret)
{
    View bytes;
    TRY(c->options->artifact(c->options->self, c->a, l->hash ? l->hash : "", &bytes, c->err));
    ProtobufCAllocator allocator = { .alloc = arena_allocate, .free = arena_keep, .allocator_data = c->a };
    Spark__Connect__LocalRelation *relation =
        spark__connect__local_relation__unpack(&allocator, bytes.len, (const uint8_t *)bytes.data);
    if (!relation)
        return invalid(c, "The cached local relation '%s' cannot be read.", l->hash);
    return local_relation(c, relation, ret);
}

static uint32_t little_endian(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

enum { PREFIX_BYTES = 8 }; /* 0xFFFFFFFF, then the length of the metadata that follows */

/* The stream without its schema message (a schema has no body) and without its end mark. */
static bool batches_of(View stream, bool keep_schema, View *ret)
{
    if (stream.len < PREFIX_BYTES || little_endian(stream.data) != UINT32_MAX)
        return false;
    size_t schema = PREFIX_BYTES + (size_t)little_endian(stream.data + 4), end = stream.len;
    if (schema > stream.len)
        return false;
    const char *mark = stream.data + stream.len - PREFIX_BYTES;
    if (end >= schema + PREFIX_BYTES && little_endian(mark) == UINT32_MAX && little_endian(mark + 4) == 0)
        end -= PREFIX_BYTES;
    size_t start = keep_schema ? 0 : schema;
    *ret = (View){ stream.data + start, end - start };
    return true;
}

Status chunked_local_relation(Connect *c, const Spark__Connect__ChunkedCachedLocalRelation *l, Node **ret)
{
    View schema = { "", 0 };
    if (l->schemahash && *l->schemahash)
        TRY(c->options->artifact(c->options->self, c->a, l->schemahash, &schema, c->err));
    View *parts = ARENA_ARRAY(c->a, View, l->n_datahashes + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < l->n_datahashes; i++) {
        View stream;
        TRY(c->options->artifact(c->options->self, c->a, l->datahashes[i], &stream, c->err));
        if (!batches_of(stream, i == 0, &parts[i]))
            return invalid(c, "The cached chunk '%s' is no Arrow stream.", l->datahashes[i]);
        bytes += parts[i].len;
    }
    static const char end_mark[PREFIX_BYTES] = { '\xff', '\xff', '\xff', '\xff', 0, 0, 0, 0 };
    char *whole = arena_alloc(c->a, bytes + PREFIX_BYTES), *at = whole;
    for (size_t i = 0; i < l->n_datahashes; i++) {
        memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    memcpy(at, end_mark, PREFIX_BYTES);
    *ret = node_new(c->a, LocalRelation, .arrow = l->n_datahashes ? whole : NULL,
                    .arrow_bytes = l->n_datahashes ? (int64_t)(bytes + PREFIX_BYTES) : 0,
                    .schema_text = schema.len ? arena_strn(c->a, schema.data, schema.len) : NULL);
    return ST_OK;
}
