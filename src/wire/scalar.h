/* wire/scalar.h -- a scalar value as text, as query strings, headers and XML carry it. */
#ifndef WEIR_WIRE_SCALAR_H
#define WEIR_WIRE_SCALAR_H
#include "base/status.h"
#include "wire/model.h"
#include "wire/val.h"

/* `shape` is no structure, list or map. Times: ISO 8601, HTTP dates or epoch seconds alike. ST_INVALID with
 * MalformedInput and the text. */
Status scalar_read(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err);
/* NULL for what is no scalar. `time`: the format of a timestamp; TIME_DEFAULT is ISO 8601 with milliseconds. */
const char *scalar_write(Arena *a, const Val *v, ModelTime time);

#endif
