/* wire/cbor.h -- CBOR (RFC 8949) by the shapes of a service model: Smithy's rpc-v2-cbor protocol. */
#ifndef WEIR_WIRE_CBOR_H
#define WEIR_WIRE_CBOR_H
#include "base/status.h"
#include "base/str.h"
#include "wire/model.h"
#include "wire/val.h"

/* ST_INVALID with SerializationException. An empty text is an empty structure. Indefinite lengths are read; times are
 * tag 1, written as doubles. */
Status cbor_read_shape(Arena *a, const ModelShape *shape, const char *bytes, size_t length, Val **ret_value, Error *err);
void cbor_write_shape(Str *out, const ModelShape *shape, const Val *v);
void cbor_write_error(Str *out, const char *code, const char *message);

#endif
