/* tests/fuzz/proto_mutator.h -- changes of any protobuf-c message by its descriptor: scalars, texts, fields present or not, the case of a
 * oneof, elements of lists, messages in the place of others, messages in each other. */
#ifndef WEIR_TESTS_FUZZ_PROTO_MUTATOR_H
#define WEIR_TESTS_FUZZ_PROTO_MUTATOR_H
#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

typedef struct ProtoMutator {
    Arena *a;
    uint64_t state;
    /* Texts that mean something to the reader, NULL at the end. */
    const char *const *texts;
    ProtobufCMessage *other; /* another message of the same kind, to take parts from; NULL: none */
} ProtoMutator;

ProtoMutator proto_mutator_new(Arena *a, unsigned seed);
uint32_t proto_mutator_random(ProtoMutator *m, uint32_t below);
/* Changes one field of `message`, or of a message in it. */
void proto_mutate(ProtoMutator *m, ProtobufCMessage *message);

#endif
