/* tests/fuzz/connect_mutator.c -- libFuzzer's mutations of a Spark Connect Plan, field by field. */
#include "driver/proto.h"
#include "ir/function.h"
#include "proto/base.pb-c.h"
#include "proto_mutator.h"
#include "sql_maker.h"

#include <stddef.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out, size_t max_size, unsigned seed);

/* Names, types, texts of SQL: what a client's strings may be. */
static const char *const *texts(Arena *a, unsigned seed)
{
    enum { EACH = 12 };
    Maker maker = maker_new(a, seed);
    const char **out = ARENA_ARRAY(a, const char *, 2 * EACH + 5);
    size_t n = 0;
    for (int i = 0; i < EACH; i++)
        out[n++] = maker_word(&maker);
    for (int i = 0; i < EACH; i++)
        out[n++] = function_at(maker_random(&maker, (uint32_t)function_count()))->name;
    str_auto sql = STR_INIT(16 * 1024);
    maker_query(&maker, 2, &sql);
    out[n++] = str_arena(&sql, a);
    str_clear(&sql);
    maker_expression(&maker, 2, &sql);
    out[n++] = str_arena(&sql, a);
    out[n++] = "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}";
    out[n++] = "parquet";
    out[n] = NULL;
    return out;
}

static Spark__Connect__Plan *read_plan(Arena *a, const uint8_t *data, size_t size)
{
    Spark__Connect__Plan *plan = NULL;
    Error ignored = ERROR_INIT;
    return proto_unpack(a, &spark__connect__plan__descriptor, (View){ (const char *)data, size }, &plan, &ignored) == ST_OK ? plan : NULL;
}

static size_t mutate(uint8_t *out, size_t max_size, unsigned seed, const uint8_t *data, size_t size, const uint8_t *other, size_t other_size)
{
    enum { TRIES = 8 };
    arena_auto *a = arena_new();
    for (unsigned i = 0; i < TRIES; i++) {
        ProtoMutator m = proto_mutator_new(a, seed + i * 7919);
        Spark__Connect__Plan *plan = read_plan(a, data, size);
        if (!plan)
            return 0;
        m.texts = texts(a, seed + i);
        Spark__Connect__Plan *from = other ? read_plan(a, other, other_size) : NULL;
        m.other = from ? &from->base : NULL;
        for (uint32_t changes = 1 + proto_mutator_random(&m, 3); changes > 0; changes--)
            proto_mutate(&m, &plan->base);
        size_t len = protobuf_c_message_get_packed_size(&plan->base);
        if (len == 0 || len > max_size)
            continue;
        return protobuf_c_message_pack(&plan->base, out);
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t n = seed % 32 ? mutate(data, max_size, seed, data, size, NULL, 0) : 0;
    return n ? n : LLVMFuzzerMutate(data, size, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out, size_t max_size, unsigned seed)
{
    return mutate(out, max_size, seed, data1, size1, data2, size2);
}
