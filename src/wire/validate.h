/* wire/validate.h -- is an input what its shape demands: required members, enums, lengths, ranges; in the words of AWS's own
 * validation. Patterns are not checked. */
#ifndef WEIR_WIRE_VALIDATE_H
#define WEIR_WIRE_VALIDATE_H
#include "base/status.h"
#include "wire/model.h"
#include "wire/val.h"

/* ST_INVALID with `code` ("ValidationException" for JSON services, "ValidationError" for query services) and one message
 * that names all that is wrong (up to 10 errors). */
Status validate_input(Arena *a, const ModelShape *shape, const Val *input, const char *code, Error *err);

#endif
